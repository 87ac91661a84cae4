#include "sim/maas/interface_ask.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/constraints.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/specifiers.h"

/* ---- which ---- */

static bool is_controller(const struct node *node)
{
	return node->type == NODE_RACK || node->type == NODE_REGION;
}

/* The one of the node in args[0] that the word means. NULL: answered. */
static struct iface *meant(struct ask *ask)
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);
	struct spec_fault fault = { 0 };
	struct iface *iface, *found = NULL;
	size_t count = 0;

	maas_specifiers_judge(ask->maas, SPEC_IFACE, ask->args[1], &fault);
	if (fault.wrong != SPEC_FINE) {
		maas_refuse_specifier(ask, &fault);
		return NULL;
	}
	list_for_each (iface, &ask->maas->ifaces) {
		if (!node || iface->node != node ||
		    !maas_specifier_means(
		        ask->maas, SPEC_IFACE, ask->args[1], iface))
			continue;
		found = iface;
		count++;
	}
	if (count > 1)
		maas_refuse(ask, 403,
		    "Too many Interface objects match the given query.");
	else if (!count)
		maas_answer_missing(ask, "Interface");
	return ask->answered ? NULL : found;
}

struct iface *maas_iface_seen(struct ask *ask)
{
	struct iface *iface = meant(ask);

	if (!iface || maas_may_see(ask, iface->node))
		return iface;
	maas_refuse(ask, 403, "%s", "");
	return NULL;
}

/* ---- by whom, and when ---- */

/* Of what is there; nobody asks whether the machine is locked. */
static bool may_change(const struct ask *ask, const struct node *node)
{
	return node->type == NODE_DEVICE ? maas_may_edit(ask, node)
	                                 : maas_is_admin(ask);
}

static bool editable(enum node_status status, bool deployed)
{
	switch ((int)status) {
	case NODE_NEW:
	case NODE_READY:
	case NODE_ALLOCATED:
	case NODE_BROKEN:
	case NODE_FAILED_TESTING:
		return true;
	case NODE_DEPLOYED:
		return deployed;
	}
	return false;
}

static bool state_ok(
    struct ask *ask, const struct node *node, const struct iface_change *change)
{
	if (is_controller(node) && !change->controllers)
		maas_refuse(ask, 403, "Cannot %s interface on a controller.",
		    change->on_controller ? change->on_controller
		                          : change->what);
	else if (node->type == NODE_MACHINE &&
	         !editable(node->status, change->deployed))
		maas_refuse(ask, 409,
		    "Cannot %s interface because the machine is not New, "
		    "Ready, Allocated, or Broken.",
		    change->what);
	return !ask->answered;
}

struct iface *maas_iface_to_change(
    struct ask *ask, const struct iface_change *change)
{
	struct iface *iface = meant(ask);

	if (!iface)
		return NULL;
	if (!may_change(ask, iface->node)) {
		maas_refuse(ask, 403, "%s", "");
		return NULL;
	}
	if (change->any_state)
		return iface;
	return state_ok(ask, iface->node, change) ? iface : NULL;
}

struct node *maas_node_to_extend(
    struct ask *ask, const char *model, const char *what)
{
	struct node *node = maas_ask_edit(ask, model);
	struct iface_change change = { .what = what };

	if (!node)
		return NULL;
	if (is_controller(node) && strcmp(model, "Node") == 0)
		return state_ok(ask, node, &change) ? node : NULL;
	if (node->locked || !may_change(ask, node)) {
		maas_refuse(ask, 403, "%s", "");
		return NULL;
	}
	return state_ok(ask, node, &change) ? node : NULL;
}

void maas_iface_answer(struct ask *ask, const struct iface *iface)
{
	ask->maas->dns_dirty = true;
	maas_node_touch(iface->node);
	maas_answer(ask, maas_iface_json(iface));
}

/* ---- links ---- */

bool maas_iface_has_links(const struct iface *iface)
{
	struct address *address;

	list_for_each (address, &iface->node->maas->addresses) {
		if (address->iface == iface &&
		    address->type != ALLOC_DISCOVERED)
			return true;
	}
	return false;
}

void maas_iface_clear_links(struct iface *iface)
{
	struct maas *maas = iface->node->maas;

	for (size_t i = maas->addresses.count; i-- > 0;) {
		struct address *address = maas->addresses.items[i];

		if (address->iface == iface &&
		    address->type != ALLOC_DISCOVERED)
			maas_address_drop(maas, address);
	}
}

struct iface *maas_iface_child(const struct iface *iface, const char *type)
{
	struct iface *child;

	list_for_each (child, &iface->node->maas->ifaces) {
		if (maas_list_has(&child->parents, iface) &&
		    (type ? strcmp(child->type, type) == 0
		          : strcmp(child->type, "vlan") != 0))
			return child;
	}
	return NULL;
}

void maas_iface_link_up(struct iface *iface)
{
	struct maas *maas = iface->node->maas;

	if (!iface->vlan || maas_iface_has_links(iface) ||
	    maas_iface_child(iface, NULL))
		return;
	maas_address_give(maas_address_make(maas, ALLOC_STICKY, NULL), iface);
}
