/*
 * control: the outside world of a MAAS, by name. control.tbl lists what can
 * happen there; this is what some of it needs of other files.
 */
#ifndef SIM_MAAS_CONTROL_H
#define SIM_MAAS_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct maas;

/* vmhosts.c: a host of virtual machines is known from now on. */
void maas_vm_host_appears(struct maas *maas, const json_t *step);

/* One answers at its address, and can be made known by a client. */
void maas_vm_host_listens(struct maas *maas, const json_t *step);
/* discoveries.c: a rack has seen somebody on its network. */
bool maas_neighbour_seen(
    struct maas *maas, const json_t *step, struct err *err);

#endif
