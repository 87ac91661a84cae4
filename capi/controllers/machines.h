/*
 * machines: the Machines of one owner (a MachineSet, a KubeadmControlPlane),
 * and how a new one is made: KubeadmConfig, MaasMachine, Machine, in this
 * order, under one name, one action each.
 */
#ifndef CAPI_CONTROLLERS_MACHINES_H
#define CAPI_CONTROLLERS_MACHINES_H

#include "capi/reconcile.h"

struct machines {
	const json_t **items; /* borrowed, by name */
	size_t count;
	size_t living; /* not being deleted */
};
void machines_read(
    struct machines *machines, const struct reconcile *r, const json_t *owner);
void machines_free(struct machines *machines);
/* The lowest n for which <prefix>-<n> is no Machine. */
unsigned machines_free_number(
    const struct machines *machines, const char *prefix);
/* Of those that live: marked to go, failed or sick, not yet joined, newest.
 * NULL if none lives. */
const json_t *machines_to_delete(const struct machines *machines);

struct new_machine {
	const json_t *owner;
	unsigned number;
	const json_t *labels;
	const char *template; /* MaasMachineTemplate */
	const json_t *config; /* kubeadmConfigSpec */
	const char *version;
	const char *failure_domain; /* or NULL */
};
/* Begins the first step that is missing. False: nothing to begin (a template
 * is not there; it waits). */
bool machine_create(struct reconcile *r, const struct new_machine *wish);

#endif
