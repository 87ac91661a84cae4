/*
 * control: the outside world of a MAAS, by name.
 */
#ifndef SIM_MAAS_CONTROL_H
#define SIM_MAAS_CONTROL_H

#include "sim/maas/region.h"

/* vmhosts.c: a host of virtual machines is known from now on. */
void maas_vm_host_appears(struct maas *maas, const json_t *step);

#endif
