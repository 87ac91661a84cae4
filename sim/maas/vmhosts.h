/*
 * vmhosts: hosts of virtual machines, and what is composed on them.
 */
#ifndef SIM_MAAS_VMHOSTS_H
#define SIM_MAAS_VMHOSTS_H

#include "sim/maas/documents.h"

struct share {
	int64_t cores, memory, storage;
};

/* What its machines take. */
struct share maas_vm_host_used(const struct maas *maas, int64_t host);
/* The one in the path; NULL: refused. */
struct document *maas_vm_host_asked(struct ask *ask);
void maas_vm_host_compose(struct ask *ask);

#endif
