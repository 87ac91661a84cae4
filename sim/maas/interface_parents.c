#include "sim/maas/interface_form.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"

/* What stands on what. */

struct iface *maas_iface_form_parent(const struct iface_form *form)
{
	return form->parents.count ? form->parents.items[0] : NULL;
}

/* The child is another than the one that is changed. */
static bool is_used(
    const struct iface_form *form, const struct iface *parent, const char *type)
{
	struct iface *child;

	list_for_each (child, &form->node->maas->ifaces) {
		if (child != form->self &&
		    maas_list_has(&child->parents, parent) &&
		    (!type || strcmp(child->type, type) == 0))
			return true;
	}
	return false;
}

static void judge_vlan_parents(const struct iface_form *form, json_t *errors)
{
	const struct iface *parent = maas_iface_form_parent(form);

	if (form->parents.count != 1)
		maas_error(errors, "parents",
		    "A VLAN interface must have exactly one parent.");
	else if (strcmp(parent->type, "vlan") == 0)
		maas_error(errors, "parents",
		    "A VLAN interface can't have another VLAN interface as "
		    "parent.");
	else if (is_used(form, parent, "bond"))
		maas_error(errors, "parents",
		    "A VLAN interface can't have a parent that is already in a "
		    "bond.");
}

static void judge_tagged(
    struct ask *ask, struct iface_form *form, json_t *errors)
{
	const struct iface *parent = maas_iface_form_parent(form);
	char *name;

	if (json_object_get(errors, "vlan"))
		return;
	if (!form->vlan)
		maas_error(errors, "vlan",
		    "A VLAN interface must be connected to a tagged VLAN.");
	else if (form->vlan->vid == 0)
		maas_error(errors, "vlan",
		    "A VLAN interface can only belong to a tagged VLAN.");
	if (json_object_size(errors))
		return;
	if (!parent->vlan) {
		maas_refuse(
		    ask, 500, "'NoneType' object has no attribute 'fabric_id'");
		return;
	}
	if (parent->vlan->fabric != form->vlan->fabric)
		maas_error(errors, "vlan",
		    "A VLAN interface can only belong to a tagged VLAN on the "
		    "same fabric as its parent interface.");
	name = xasprintf("%s.%d", parent->name, form->vlan->vid);
	maas_iface_form_name(form, name, errors);
	maas_set_text(&form->name, name);
	free(name);
}

static void judge_bond_parents(const struct iface_form *form, json_t *errors)
{
	struct names used = { 0 };
	struct iface *parent;
	struct buf text = BUF_INIT;
	bool same = true;

	if (!form->parents.count) {
		maas_error(errors, "parents",
		    "A bond interface must have one or more parents.");
		return;
	}
	list_for_each (parent, &form->parents) {
		struct vlan *vlan = form->vlan
		                        ? form->vlan
		                        : maas_iface_form_parent(form)->vlan;

		if (is_used(form, parent, NULL))
			maas_names_add(&used, parent->name);
		same &= form->self || parent->vlan == vlan;
	}
	if (used.count)
		qsort(used.items, used.count, sizeof(used.items[0]),
		    maas_text_order);
	for (size_t i = 0; i < used.count; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", used.items[i]);
	if (used.count)
		maas_error(errors, "parents", "Interfaces already in-use: %s.",
		    buf_text(&text));
	if (!same)
		maas_error(errors, "parents",
		    "All parents must belong to the same VLAN.");
	buf_free(&text);
	maas_names_free(&used);
}

static void judge_bridge_parents(const struct iface_form *form, json_t *errors)
{
	const struct iface *parent = maas_iface_form_parent(form);

	if (form->parents.count != 1)
		maas_error(errors, "parents",
		    "A bridge interface must have exactly one parent.");
	else if (strcmp(parent->type, "bridge") == 0)
		maas_error(errors, "parents",
		    "A bridge interface can't have another bridge interface as "
		    "parent.");
	else if (is_used(form, parent, "bond") ||
	         is_used(form, parent, "bridge"))
		maas_error(errors, "parents",
		    "A bridge interface can't have a parent that is already in "
		    "a bond or a bridge.");
}

void maas_iface_form_parents(
    struct ask *ask, struct iface_form *form, json_t *errors)
{
	bool bridge = strcmp(form->type, "bridge") == 0;
	bool bond = strcmp(form->type, "bond") == 0;

	if (form->self && !form->parents_given) {
		struct iface *parent;

		list_for_each (parent, &form->self->parents)
			maas_list_put(&form->parents, parent);
	}
	if (json_object_get(errors, "parents"))
		;
	else if (strcmp(form->type, "vlan") == 0)
		judge_vlan_parents(form, errors);
	else if (strcmp(form->type, "bond") == 0)
		judge_bond_parents(form, errors);
	else if (strcmp(form->type, "bridge") == 0)
		judge_bridge_parents(form, errors);
	else if (form->parents.count)
		maas_error(errors, "parents",
		    "A physical interface cannot have parents.");
	if (strcmp(form->type, "vlan") == 0)
		judge_tagged(ask, form, errors);
	/* Without a parent there is no MAC either. */
	if (((bridge && json_object_get(errors, "parents")) ||
	        (bond && !form->parents.count)) &&
	    !form->mac && !form->self)
		maas_error(
		    errors, "mac_address", "This field cannot be blank.");
}
