/*
 * interface_ask: interfaces as requests mean them, and what may be done to
 * them by whom and when.
 *
 * Interfaces of a machine are the administrators', while it is New, Ready,
 * Allocated, Broken or failed its tests; those of a device its owner's. Those
 * of controllers are what the controllers say.
 */
#ifndef SIM_MAAS_INTERFACE_ASK_H
#define SIM_MAAS_INTERFACE_ASK_H

#include "sim/maas/ask.h"

/* What is done completes "Cannot ... interface because". */
struct iface_change {
	const char *what;
	const char *on_controller; /* the same there; NULL: no other word */
	bool deployed;    /* may be done to a deployed machine as well */
	bool any_state;   /* at any time, and to a controller's */
	bool controllers; /* to a controller's */
};

/* The interface in args[1], an id, a name or another specifier. NULL:
 * answered. */
struct iface *maas_iface_seen(struct ask *ask);
struct iface *maas_iface_to_change(
    struct ask *ask, const struct iface_change *change);
/* The machine (or device, where model is "Node") in args[0] that is to have
 * one more. NULL: answered. */
struct node *maas_node_to_extend(
    struct ask *ask, const char *model, const char *what);
void maas_iface_answer(struct ask *ask, const struct iface *iface);

/* All but what was discovered. */
bool maas_iface_has_links(const struct iface *iface);
void maas_iface_clear_links(struct iface *iface);
/* A placeholder that says no more than "this interface is up", where it has a
 * VLAN and nothing else. */
void maas_iface_link_up(struct iface *iface);
/* Is it a part of a bond or a bridge, or what type names? The first that it is
 * a part of, or NULL. */
struct iface *maas_iface_child(const struct iface *iface, const char *type);

#endif
