#include "sim/maas/network_asks.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/documents.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"

typedef bool vlan_filter_fn(const struct vlan *vlan, const void *of);

static bool of_fabric(const struct vlan *vlan, const void *of)
{
	return vlan->fabric == of;
}

static bool of_space(const struct vlan *vlan, const void *of)
{
	return vlan->space == of;
}

static json_t *vlans_json(
    const struct maas *maas, vlan_filter_fn *filter, const void *of)
{
	void **rows = maas_list_rows(&maas->vlans);
	json_t *list = json_array();

	for (size_t i = 0; i < maas->vlans.count; i++)
		if (filter(rows[i], of))
			json_array_append_new(list, maas_vlan_json(rows[i]));
	free(rows);
	return list;
}

json_t *maas_fabric_vlans_json(
    const struct maas *maas, const struct fabric *fabric)
{
	return vlans_json(maas, of_fabric, fabric);
}

json_t *maas_space_vlans_json(
    const struct maas *maas, const struct space *space)
{
	return vlans_json(maas, of_space, space);
}

/* VLAN interfaces go with it; what stood on it stands on the fabric's own. */
static void leave_ifaces(
    struct maas *maas, const struct vlan *vlan, struct vlan *instead)
{
	for (size_t i = maas->ifaces.count; i-- > 0;) {
		struct iface *iface = i < maas->ifaces.count
		                          ? maas->ifaces.items[i]
		                          : NULL;

		if (!iface || iface->vlan != vlan)
			continue;
		if (strcmp(iface->type, "vlan") == 0)
			maas_iface_drop(maas, iface);
		else
			iface->vlan = instead;
	}
}

void maas_vlan_drop(struct maas *maas, struct vlan *vlan)
{
	struct vlan *instead = maas_vlan_default(maas, vlan->fabric);
	struct subnet *subnet;
	struct vlan *other;

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan == vlan)
			subnet->vlan = instead;
	}
	leave_ifaces(maas, vlan, instead);
	list_for_each (other, &maas->vlans) {
		if (other->relay == vlan)
			other->relay = NULL;
	}
	maas_list_remove(&maas->vlans, vlan);
	maas_vlan_free(vlan);
}

static struct vlan *vlan_with_vid(
    const struct maas *maas, const struct fabric *fabric, int64_t vid)
{
	struct vlan *vlan;

	list_for_each (vlan, &maas->vlans) {
		if (vlan->fabric == fabric && vlan->vid == vid)
			return vlan;
	}
	return NULL;
}

/* Alone by its id. */
static struct vlan *vlan_by_id(struct ask *ask, bool to_change)
{
	struct vlan *vlan;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return NULL;
	vlan = maas_list_find(&ask->maas->vlans, id);
	if (!vlan)
		maas_answer_text(ask, 404, "text/plain",
		    "VLAN with specified ID does not exist.");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : vlan;
}

/* Whether it may be changed is asked of the fabric, and so first. */
static struct vlan *vlan_asked(struct ask *ask, bool to_change)
{
	struct fabric *fabric;

	if (ask->operation->flags & OP_ALIAS)
		return vlan_by_id(ask, to_change);
	fabric = maas_fabric_asked(ask, to_change);
	return fabric ? maas_vlan_asked_in(ask, fabric, ask->args[1]) : NULL;
}

void maas_op_vlans_list(struct ask *ask)
{
	struct fabric *fabric = maas_fabric_asked(ask, false);

	if (fabric)
		maas_answer(ask, maas_fabric_vlans_json(ask->maas, fabric));
}

void maas_op_vlans_read(struct ask *ask)
{
	struct vlan *vlan = vlan_asked(ask, false);

	if (vlan)
		maas_answer(ask, maas_vlan_json(vlan));
}

/* ---- the form ---- */

#define LONGEST_NAME 256
#define NO_DHCP      "dhcp_disabled_all_vlans"

struct vlan_form {
	int64_t vid, mtu;
	struct space *space;
	struct fabric *fabric;
	bool dhcp_on;
	struct node *primary, *secondary;
	struct vlan *relay;
};

static bool has_dynamic_range(const struct maas *maas, const struct vlan *vlan)
{
	struct iprange *range;

	list_for_each (range, &maas->ranges) {
		if (range->dynamic && range->subnet->vlan == vlan)
			return true;
	}
	return false;
}

/* What the form says of it, and then the model of what the form left: a new
 * VLAN without a number is told twice. */
static void read_vid(struct ask *ask, struct vlan_form *form, json_t *errors)
{
	const char *vid = maas_stripped(ask, "vid");

	if (vid && !*vid)
		maas_error(errors, "vid", "This field is required.");
	else if (vid)
		maas_form_number(
		    errors, "vid", vid, INT64_MIN, INT64_MAX, &form->vid);
	else if (form->vid < 0)
		maas_error(errors, "vid", "This field is required.");
	if (form->vid < 0 || form->vid > 4094)
		maas_error(errors, "vid", "VID must be between 0 and 4094.");
}

/* The model's word is not heard when the number is wrong. */
static void read_mtu(struct ask *ask, struct vlan_form *form, json_t *errors)
{
	const char *mtu = maas_stripped(ask, "mtu");

	if (!mtu || !*mtu ||
	    !maas_form_number(errors, "mtu", mtu, 552, INT64_MAX, &form->mtu))
		return;
	if (form->mtu > 65535 && !json_object_get(errors, "vid"))
		maas_error(errors, "mtu", "MTU must be between 552 and 65535.");
}

static void read_name(struct ask *ask, json_t *errors)
{
	const char *name = maas_stripped(ask, "name");

	if (!name)
		return;
	if (!maas_python_is_word(name, " -"))
		maas_error(errors, "name", "Enter a valid value.");
	if (maas_letters(name) > LONGEST_NAME)
		maas_error(errors, "name", MAAS_TOO_LONG, LONGEST_NAME,
		    maas_letters(name));
}

/* A rack can serve a VLAN if it has a foot in one of that number. Of a rack
 * whose interfaces are not known it is believed. */
static bool has_foot(
    const struct maas *maas, const struct node *rack, const struct vlan *in)
{
	struct iface *iface;
	bool known = false;

	list_for_each (iface, &maas->ifaces) {
		known |= iface->node == rack && iface->vlan;
		if (in && iface->node == rack && iface->enabled &&
		    iface->vlan && iface->vlan->vid == in->vid)
			return true;
	}
	return in && !known;
}

static void read_rack(struct ask *ask, const char *field,
    const struct vlan *self, json_t *errors, struct node **rack)
{
	const char *text = maas_stripped(ask, field);
	struct node *named;

	if (!text)
		return;
	named = *text ? maas_node_find(ask->maas, text) : NULL;
	if (*text && !named)
		named = maas_node_named(ask->maas, text);
	if (*text && (!named || named->type != NODE_RACK ||
	                 !has_foot(ask->maas, named, self)))
		maas_error(errors, field,
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    text);
	*rack = named;
}

/* Who is first and who is second, as the region sorts it out. before: as they
 * were. */
static void sort_racks(struct ask *ask, const struct vlan *before,
    struct vlan_form *form, json_t *errors)
{
	struct node *first = before ? before->primary_rack : NULL;
	struct node *second = before ? before->secondary_rack : NULL;

	if (!form->primary && second) {
		form->primary = second;
		form->secondary = NULL;
	}
	if (form->primary && form->primary == second)
		form->secondary = NULL;
	if (form->secondary && form->secondary == first)
		maas_error(errors, "__all__",
		    "%s is already set as the primary rack controller",
		    form->secondary->system_id);
	else if (form->primary && form->primary == form->secondary)
		maas_error(errors, "__all__",
		    "The primary and secondary rack must be different");
	else if (maas_field(ask, "dhcp_on") && form->dhcp_on &&
	         !form->primary && !first)
		maas_error(errors, "__all__",
		    "dhcp can only be turned on when a primary rack "
		    "controller is set.");
}

/* A VLAN relays to one that is not itself relayed, and one that serves DHCP to
 * none but that it has already. */
static void read_relay(struct ask *ask, struct vlan_form *form,
    const struct vlan *self, json_t *errors)
{
	const char *text = maas_field(ask, "relay_vlan");
	struct vlan *to;

	if (!text)
		return;
	form->relay = NULL;
	if (!*text)
		return;
	to = maas_list_find(&ask->maas->vlans, maas_number(text));
	if (to && (self && self->dhcp_on ? to == self->relay
	                                 : to != self && !to->relay))
		form->relay = to;
	else
		maas_error(errors, "relay_vlan",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
}

static void read_places(struct ask *ask, struct vlan_form *form, json_t *errors)
{
	const char *space = maas_stripped(ask, "space");
	const char *fabric = maas_stripped(ask, "fabric");

	if (space) {
		form->space = *space ? maas_space_named(ask->maas, space)
		                     : NULL;
		if (*space && !form->space)
			maas_none_found(errors, "space", space);
	}
	if (fabric && *fabric) {
		struct fabric *to = maas_fabric_named(ask->maas, fabric);

		form->fabric = to ? to : form->fabric;
		if (!to)
			maas_none_found(errors, "fabric", fabric);
	}
}

static void read_dhcp(struct ask *ask, struct vlan_form *form,
    const struct vlan *self, json_t *errors)
{
	if (!maas_field(ask, "dhcp_on"))
		return;
	maas_checkbox(&ask->body.form, "dhcp_on", &form->dhcp_on);
	if (!form->dhcp_on || has_dynamic_range(ask->maas, self))
		return;
	maas_error(errors, "dhcp_on",
	    "dhcp can only be turned on when a dynamic IP range is defined.");
	form->dhcp_on = false;
}

static bool form_fine(
    struct ask *ask, struct vlan_form *form, const struct vlan *self)
{
	json_t *errors = json_object();
	struct vlan *other;

	read_vid(ask, form, errors);
	read_mtu(ask, form, errors);
	read_name(ask, errors);
	read_places(ask, form, errors);
	read_rack(ask, "primary_rack", self, errors, &form->primary);
	read_rack(ask, "secondary_rack", self, errors, &form->secondary);
	read_relay(ask, form, self, errors);
	read_dhcp(ask, form, self, errors);
	sort_racks(ask, self, form, errors);
	other = vlan_with_vid(ask->maas, form->fabric, form->vid);
	if (self && other && other != self)
		maas_error(errors, "__all__",
		    "A VLAN with the specified VID already exists in the "
		    "destination fabric.");
	return maas_fine(ask, errors);
}

/* Of a new one it is asked when it is written. */
static bool vid_free(struct ask *ask, const struct fabric *fabric, int64_t vid)
{
	json_t *errors;

	if (!vlan_with_vid(ask->maas, fabric, vid))
		return true;
	errors = json_object();
	maas_error(errors, "__all__",
	    "A VLAN with the specified VID already exists in the "
	    "destination fabric.");
	maas_refuse_model(ask, errors);
	return false;
}

/* Whenever a VLAN is written and none had served DHCP before, that is said. */
static void tell_of_dhcp(struct maas *maas, bool dhcp_on)
{
	struct vlan *vlan;
	bool any = false;

	list_for_each (vlan, &maas->vlans)
		any |= vlan->dhcp_on;
	if (dhcp_on)
		maas_warn_no_more(maas, NO_DHCP);
	else if (!any)
		maas_warn_admins(maas, NO_DHCP,
		    "DHCP is not enabled on any VLAN.  This will prevent "
		    "machines from being able to PXE boot, unless an external "
		    "DHCP server is being used.");
}

/* A fabric's own VLAN is "untagged" whatever it is called. */
static void write_vlan(
    struct ask *ask, const struct vlan_form *form, struct vlan *vlan)
{
	const char *name = maas_field(ask, "name");
	const char *description = maas_stripped(ask, "description");

	tell_of_dhcp(ask->maas, form->dhcp_on);
	vlan->vid = (int)form->vid;
	vlan->mtu = (int)form->mtu;
	vlan->space = form->space;
	vlan->fabric = form->fabric;
	vlan->dhcp_on = form->dhcp_on;
	vlan->primary_rack = form->primary;
	vlan->secondary_rack = form->secondary;
	vlan->relay = form->dhcp_on ? NULL : form->relay;
	if (name && *name && vlan != maas_vlan_default(ask->maas, vlan->fabric))
		maas_set_text(&vlan->name, name);
	if (description)
		maas_set_text(&vlan->description, description);
}

/* It is made in the fabric of its path, whatever the form says. */
void maas_op_vlans_create(struct ask *ask)
{
	struct fabric *fabric = maas_fabric_asked(ask, true);
	struct vlan_form form = { .vid = -1, .mtu = 1500, .fabric = fabric };
	struct vlan *vlan;
	char *name;

	if (!fabric || !form_fine(ask, &form, NULL) ||
	    !vid_free(ask, fabric, form.vid))
		return;
	form.fabric = fabric;
	name = form.vid ? xasprintf("%lld", (long long)form.vid)
	                : xstrdup("untagged");
	vlan = maas_vlan_make(ask->maas, fabric, (int)form.vid, name);
	free(name);
	write_vlan(ask, &form, vlan);
	maas_answer(ask, maas_vlan_json(vlan));
}

void maas_op_vlans_update(struct ask *ask)
{
	struct vlan *vlan = vlan_asked(ask, true);
	struct vlan_form form;

	if (!vlan)
		return;
	form = (struct vlan_form){ .vid = vlan->vid,
		.mtu = vlan->mtu,
		.space = vlan->space,
		.fabric = vlan->fabric,
		.dhcp_on = vlan->dhcp_on,
		.primary = vlan->primary_rack,
		.secondary = vlan->secondary_rack,
		.relay = vlan->relay };
	if (!form_fine(ask, &form, vlan))
		return;
	write_vlan(ask, &form, vlan);
	maas_list_touch(&ask->maas->vlans, vlan);
	maas_answer(ask, maas_vlan_json(vlan));
}

void maas_op_vlans_delete(struct ask *ask)
{
	struct vlan *vlan = vlan_asked(ask, true);

	if (!vlan)
		return;
	if (vlan == maas_vlan_default(ask->maas, vlan->fabric)) {
		maas_refuse(ask, 400,
		    "This VLAN is the default VLAN in the fabric, it cannot "
		    "be deleted.");
		return;
	}
	maas_vlan_drop(ask->maas, vlan);
	maas_answer_gone(ask);
}
