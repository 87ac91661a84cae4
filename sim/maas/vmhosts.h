/*
 * vmhosts: hosts of virtual machines, and what is composed on them.
 *
 * There is no hypervisor: a host is numbers (a document of the region), and a
 * machine that is composed on one is a machine like any other, whose cores,
 * memory and disks the host misses until it is deleted.
 *
 * A host that listens (the step vm-host-listens) can be made known; one that
 * appeared by itself has not been asked yet what it can do, and composes
 * nothing before it was refreshed.
 */
#ifndef SIM_MAAS_VMHOSTS_H
#define SIM_MAAS_VMHOSTS_H

#include "sim/maas/documents.h"

struct share {
	int64_t cores, memory, storage; /* MiB; bytes */
};

/* What its machines take. */
struct share maas_vm_host_used(const struct maas *maas, int64_t host);
/* The one in the path; NULL: refused. */
struct document *maas_vm_host_asked(struct ask *ask);
void maas_vm_host_compose(struct ask *ask);
/* A machine for the allocation that nobody else fits: on the first host that
 * was asked for and has room. NULL: there is none. It is Ready, and goes when
 * it is released. Networks and names are not looked at, as in MAAS. */
struct node *maas_vm_host_provide(struct ask *ask);
/* The host that a machine was composed on, as the machine shows it. */
json_t *maas_vm_host_reference(const struct node *node);
/* "name", "type" of its host; "" if it has none. */
const char *maas_vm_host_word(const struct node *node, const char *key);

#endif
