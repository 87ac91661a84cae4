/*
 * deployable: what keeps a machine from being deployed.
 *
 * The region looks at the links first, then at the disks, and says everything
 * that is wrong with the one before it looks at the other.
 */
#ifndef SIM_MAAS_DEPLOYABLE_H
#define SIM_MAAS_DEPLOYABLE_H

#include <jansson.h>
#include <stdbool.h>

struct node;

struct system_wish {
	const char *os, *series; /* ubuntu, jammy */
	bool ephemeral;          /* it stays in memory */
};

/* {"network": [...]} or {"storage": [...]}, new; NULL: nothing does. */
json_t *maas_deploy_hindrance(
    const struct node *node, const struct system_wish *system);
bool maas_is_diskless(const struct node *node);
/* It is asked to keep its system in memory; 3.4 does not say so of machines
 * that have no disk to put it on. */
bool maas_stays_in_memory(const struct node *node);

#endif
