#include "sim/maas/interface_form.h"

#include <stdlib.h>

#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"

/* Making and changing interfaces. */

void maas_op_interfaces_update(struct ask *ask)
{
	static const struct iface_change change = { .what = "update interface",
		.deployed = true,
		.controllers = true };
	struct iface *iface = maas_iface_to_change(ask, &change);
	struct iface_form form = { 0 };
	bool machine;

	if (!iface)
		return;
	machine = iface->node->type == NODE_MACHINE;
	form = (struct iface_form){ .type = iface->type,
		.node = iface->node,
		.self = iface,
		.of_parent = strcmp(iface->type, "vlan") == 0 ? "parent" : NULL,
		.fewer = machine ? iface->node->status == NODE_DEPLOYED
		                 : iface->node->type != NODE_DEVICE };
	if (form.fewer && !machine && strcmp(iface->type, "vlan") == 0) {
		maas_refuse(
		    ask, 403, "Cannot modify VLAN interface on controller.");
		return;
	}
	if (maas_iface_form_read(ask, &form)) {
		maas_iface_form_write(ask, &form, iface);
		maas_iface_answer(ask, iface);
	}
	maas_iface_form_close(&form);
}

/* ---- making one ---- */

static void create(
    struct ask *ask, const char *type, const char *what, const char *of_parent)
{
	bool physical = strcmp(type, "physical") == 0;
	struct node *node = maas_node_to_extend(
	    ask, physical ? "Node" : "Machine", what);
	struct iface_form form = { 0 };
	struct iface *parent, *iface;

	if (!node)
		return;
	form = (struct iface_form){
		.type = type, .node = node, .of_parent = of_parent
	};
	if (maas_iface_form_read(ask, &form)) {
		parent = maas_iface_form_parent(&form);
		iface = maas_iface_make(
		    node, form.name, type, form.mac ? form.mac : parent->mac);
		iface->link_connected = false;
		iface->vlan = form.vlan;
		if (!iface->vlan && !physical)
			iface->vlan = parent->vlan;
		maas_iface_form_write(ask, &form, iface);
		maas_iface_link_up(iface);
		maas_iface_answer(ask, iface);
	}
	maas_iface_form_close(&form);
}

void maas_op_interfaces_create_physical(struct ask *ask)
{
	create(ask, "physical", "create", NULL);
}

void maas_op_interfaces_create_bond(struct ask *ask)
{
	create(ask, "bond", "create bond", NULL);
}

void maas_op_interfaces_create_vlan(struct ask *ask)
{
	create(ask, "vlan", "create VLAN", "parent");
}

/* Of an allocated machine it is its owner's: the links move up to it, and it
 * goes with the release. */
static void acquire_bridge(struct ask *ask, struct iface_form *form)
{
	struct iface *parent = maas_iface_form_parent(form);
	struct iface *bridge = maas_bridge_on(ask->maas, parent, form->name);

	bridge->acquired = true;
	if (form->mac)
		maas_set_text(&bridge->mac, form->mac);
	form->vlan = parent->vlan;
	maas_list_clear(&form->parents);
	form->parents_given = false;
	form->self = bridge;
	maas_iface_form_write(ask, form, bridge);
	maas_iface_form_params(ask, "bridge", NULL, bridge->params, true);
	maas_iface_link_up(bridge);
	maas_iface_answer(ask, bridge);
}

void maas_op_interfaces_create_bridge(struct ask *ask)
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);
	struct iface_form form = {
		.type = "bridge", .node = node, .of_parent = "parent"
	};

	if (!node || node->status != NODE_ALLOCATED) {
		create(ask, "bridge", "create bridge", "parent");
		return;
	}
	if (maas_node_to_extend(ask, "Machine", "create bridge") &&
	    maas_iface_form_read(ask, &form))
		acquire_bridge(ask, &form);
	maas_iface_form_close(&form);
}
