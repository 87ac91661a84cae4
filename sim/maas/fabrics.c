#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- fabrics ---- */

static int vlan_order(const void *a, const void *b)
{
	const struct vlan *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : (*x)->id < (*y)->id ? -1 : 1;
}

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
	struct vlan **sorted = xcalloc(maas->vlans.count + 1, sizeof(*sorted));
	json_t *list = json_array();
	size_t count = 0;

	for (size_t i = 0; i < maas->vlans.count; i++)
		if (filter(maas->vlans.items[i], of))
			sorted[count++] = maas->vlans.items[i];
	qsort(sorted, count, sizeof(*sorted), vlan_order);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, maas_vlan_json(sorted[i]));
	free(sorted);
	return list;
}

static json_t *fabric_json(const struct maas *maas, const struct fabric *fabric)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/fabrics/%lld/", (long long)fabric->id);
	json_t *json = json_pack("{s:o, s:s, s:o, s:I, s:s}", "class_type",
	    fabric->class_type ? json_string(fabric->class_type) : json_null(),
	    "name", fabric->name, "vlans", vlans_json(maas, of_fabric, fabric),
	    "id", (json_int_t)fabric->id, "resource_uri", uri);

	free(uri);
	return json;
}

static struct fabric *fabric_named(const struct maas *maas, const char *word)
{
	struct fabric *fabric;

	if (maas_number(word) >= 0)
		return maas_list_find(&maas->fabrics, maas_number(word));
	list_for_each (fabric, &maas->fabrics) {
		if (strcmp(fabric->name, word) == 0)
			return fabric;
	}
	return NULL;
}

static struct fabric *fabric_asked(struct ask *ask, bool to_change)
{
	struct fabric *fabric = fabric_named(ask->maas, ask->args[0]);

	if (!fabric)
		maas_answer_missing(ask, "Fabric");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : fabric;
}

void maas_op_fabrics_list(struct ask *ask)
{
	json_t *list = json_array();
	struct fabric *fabric;

	list_for_each (fabric, &ask->maas->fabrics)
		json_array_append_new(list, fabric_json(ask->maas, fabric));
	maas_answer(ask, list);
}

void maas_op_fabrics_read(struct ask *ask)
{
	struct fabric *fabric = fabric_asked(ask, false);

	if (fabric)
		maas_answer(ask, fabric_json(ask->maas, fabric));
}

static bool word_ok(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_ ", *name))
			return false;
	return true;
}

/* "fabric-7" belongs to the fabric with the id 7. self: -1 for a new one. */
static bool is_reserved(const char *name, const char *noun, int64_t self)
{
	size_t len = strlen(noun);

	if (strncmp(name, noun, len) != 0 || name[len] != '-' ||
	    !name[len + 1] ||
	    strspn(name + len + 1, "0123456789") != strlen(name + len + 1))
		return false;
	return self < 0 || maas_number(name + len + 1) != self;
}

static void check_word(
    json_t *errors, const char *name, const char *noun, int64_t self)
{
	if (maas_letters(name) > 256)
		maas_error(
		    errors, "name", MAAS_TOO_LONG, 256, maas_letters(name));
	else if (!word_ok(name))
		maas_error(errors, "name", "Invalid %s name: %s.", noun, name);
	if (is_reserved(name, noun, self))
		maas_error(errors, "name", "Reserved %s name.", noun);
}

static bool fabric_name_fine(
    struct ask *ask, const char *name, const struct fabric *self)
{
	json_t *errors = json_object();
	struct fabric *other;

	list_for_each (other, &ask->maas->fabrics) {
		if (name && other != self && strcmp(other->name, name) == 0)
			maas_error(errors, "name",
			    "Fabric with this Name already exists.");
	}
	if (name)
		check_word(errors, name, "fabric", self ? self->id : -1);
	return maas_fine(ask, errors);
}

static void write_fabric(struct ask *ask, struct fabric *fabric)
{
	const char *name = maas_field(ask, "name");
	const char *description = maas_field(ask, "description");
	const char *class_type = maas_field(ask, "class_type");
	char *automatic;

	automatic = xasprintf("fabric-%lld", (long long)fabric->id);
	if (name)
		maas_set_text(&fabric->name, *name ? name : automatic);
	free(automatic);
	if (description)
		maas_set_text(&fabric->description, description);
	if (class_type)
		maas_set_text(
		    &fabric->class_type, *class_type ? class_type : NULL);
}

void maas_op_fabrics_create(struct ask *ask)
{
	const char *name = maas_field(ask, "name");
	struct fabric *fabric;
	char *made;

	if (!fabric_name_fine(ask, name, NULL))
		return;
	fabric = maas_fabric_make(ask->maas, "");
	made = xasprintf("fabric-%lld", (long long)fabric->id);
	maas_set_text(&fabric->name, made);
	free(made);
	write_fabric(ask, fabric);
	maas_vlan_make(ask->maas, fabric, 0, "untagged");
	maas_answer(ask, fabric_json(ask->maas, fabric));
}

void maas_op_fabrics_update(struct ask *ask)
{
	struct fabric *fabric = fabric_asked(ask, true);

	if (!fabric || !fabric_name_fine(ask, maas_field(ask, "name"), fabric))
		return;
	write_fabric(ask, fabric);
	maas_answer(ask, fabric_json(ask->maas, fabric));
}

/* ---- VLANs ---- */

static void vlan_drop(struct maas *maas, struct vlan *vlan)
{
	struct vlan *instead = maas_vlan_default(maas, vlan->fabric);
	struct subnet *subnet;
	struct iface *iface;
	struct vlan *other;

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan == vlan)
			subnet->vlan = instead;
	}
	list_for_each (iface, &maas->ifaces) {
		if (iface->vlan == vlan)
			iface->vlan = NULL;
	}
	list_for_each (other, &maas->vlans) {
		if (other->relay == vlan)
			other->relay = NULL;
	}
	maas_list_remove(&maas->vlans, vlan);
	maas_vlan_free(vlan);
}

static bool fabric_used(const struct maas *maas, const struct fabric *fabric)
{
	struct subnet *subnet;

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan->fabric == fabric)
			return true;
	}
	return false;
}

void maas_op_fabrics_delete(struct ask *ask)
{
	struct fabric *fabric = fabric_asked(ask, true);
	struct list *vlans = &ask->maas->vlans;

	if (!fabric)
		return;
	if (fabric == ask->maas->fabrics.items[0]) {
		maas_refuse(ask, 400,
		    "This fabric is the default fabric, it cannot be "
		    "deleted.");
		return;
	}
	if (fabric_used(ask->maas, fabric)) {
		maas_refuse(ask, 400,
		    "Can't delete fabric; the following subnets are still "
		    "present: %s",
		    fabric->name);
		return;
	}
	for (size_t i = vlans->count; i-- > 0;) {
		struct vlan *vlan = vlans->items[i];

		if (vlan->fabric == fabric)
			vlan_drop(ask->maas, vlan);
	}
	maas_list_remove(&ask->maas->fabrics, fabric);
	free(fabric->name);
	free(fabric->description);
	free(fabric->class_type);
	free(fabric);
	maas_answer_gone(ask);
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

/* Below a fabric by VID ("untagged" is 0), alone by id. */
static struct vlan *vlan_asked(struct ask *ask, bool to_change)
{
	struct fabric *fabric;
	struct vlan *vlan;

	if (ask->operation->flags & OP_ALIAS) {
		vlan = maas_list_find(
		    &ask->maas->vlans, maas_number(ask->args[0]));
		if (!vlan)
			maas_answer_text(ask, 404, "text/plain",
			    "VLAN with specified ID does not exist.");
	} else {
		fabric = fabric_asked(ask, false);
		if (!fabric)
			return NULL;
		vlan = strcmp(ask->args[1], "untagged") == 0
		           ? vlan_with_vid(ask->maas, fabric, 0)
		           : vlan_with_vid(
		                 ask->maas, fabric, maas_number(ask->args[1]));
		if (!vlan)
			maas_answer_missing(ask, "VLAN");
	}
	if (vlan && to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : vlan;
}

void maas_op_vlans_list(struct ask *ask)
{
	struct fabric *fabric = fabric_asked(ask, false);

	if (fabric)
		maas_answer(ask, vlans_json(ask->maas, of_fabric, fabric));
}

void maas_op_vlans_read(struct ask *ask)
{
	struct vlan *vlan = vlan_asked(ask, false);

	if (vlan)
		maas_answer(ask, maas_vlan_json(vlan));
}

struct vlan_form {
	int64_t vid, mtu;
	struct space *space;
	bool dhcp_on;
	struct node *primary, *secondary;
	struct vlan *relay;
};

static struct space *space_named(const struct maas *maas, const char *word)
{
	struct space *space;

	if (maas_number(word) >= 0)
		return maas_list_find(&maas->spaces, maas_number(word));
	list_for_each (space, &maas->spaces) {
		if (strcmp(space->name, word) == 0)
			return space;
	}
	return NULL;
}

static bool has_dynamic_range(const struct maas *maas, const struct vlan *vlan)
{
	struct iprange *range;

	list_for_each (range, &maas->ranges) {
		if (range->dynamic && range->subnet->vlan == vlan)
			return true;
	}
	return false;
}

static void read_numbers(
    struct ask *ask, struct vlan_form *form, json_t *errors)
{
	const char *vid = maas_stripped(ask, "vid");
	const char *mtu = maas_stripped(ask, "mtu");
	json_t *odd = json_object();
	int64_t number = 0;

	if (!vid || !*vid) {
		if (form->vid < 0)
			maas_error(errors, "vid", "This field is required.");
	} else if (!maas_form_number(
	               odd, "vid", vid, INT64_MIN, INT64_MAX, &number)) {
		maas_error(errors, "vid", "Enter a whole number.");
	} else if (number < 0 || number > 4094) {
		maas_error(errors, "vid", "VID must be between 0 and 4094.");
	} else {
		form->vid = number;
	}
	json_decref(odd);
	if (mtu && *mtu &&
	    maas_form_number(errors, "mtu", mtu, 552, 65535, &number))
		form->mtu = number;
}

static void read_rack(
    struct ask *ask, const char *field, json_t *errors, struct node **rack)
{
	const char *text = maas_field(ask, field);

	if (!text)
		return;
	*rack = *text ? maas_node_find(ask->maas, text) : NULL;
	if (*text && (!*rack || (*rack)->type != NODE_RACK))
		maas_error(errors, field,
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    text);
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

static void read_rest(struct ask *ask, struct vlan_form *form,
    const struct vlan *self, json_t *errors)
{
	const char *space = maas_field(ask, "space");
	const char *dhcp = maas_field(ask, "dhcp_on");

	if (space && *space) {
		form->space = space_named(ask->maas, space);
		if (!form->space)
			maas_error(errors, "space", "None found with %s=%s.",
			    maas_number(space) >= 0 ? "id" : "name", space);
	} else if (space) {
		form->space = NULL;
	}
	read_rack(ask, "primary_rack", errors, &form->primary);
	read_rack(ask, "secondary_rack", errors, &form->secondary);
	read_relay(ask, form, self, errors);
	if (!dhcp)
		return;
	form->dhcp_on = strcmp(dhcp, "true") == 0 ||
	                strcmp(dhcp, "True") == 0 || strcmp(dhcp, "1") == 0 ||
	                strcmp(dhcp, "on") == 0;
	if (form->dhcp_on && !has_dynamic_range(ask->maas, self))
		maas_error(errors, "dhcp_on",
		    "dhcp can only be turned on when a dynamic IP range is "
		    "defined.");
	else if (form->dhcp_on && !form->primary)
		maas_error(errors, "dhcp_on",
		    "dhcp can only be turned on when a primary rack "
		    "controller is set.");
}

static bool vid_free(struct ask *ask, const struct fabric *fabric, int64_t vid,
    const struct vlan *self)
{
	struct vlan *other = vlan_with_vid(ask->maas, fabric, vid);
	json_t *errors;

	if (!other || other == self)
		return true;
	errors = json_object();
	maas_error(errors, "__all__",
	    "A VLAN with the specified VID already exists in the "
	    "destination fabric.");
	maas_refuse_model(ask, errors);
	return false;
}

static void write_vlan(
    struct ask *ask, const struct vlan_form *form, struct vlan *vlan)
{
	const char *name = maas_field(ask, "name");
	const char *description = maas_field(ask, "description");

	vlan->vid = (int)form->vid;
	vlan->mtu = (int)form->mtu;
	vlan->space = form->space;
	vlan->dhcp_on = form->dhcp_on;
	vlan->primary_rack = form->primary;
	vlan->secondary_rack = form->secondary;
	vlan->relay = form->dhcp_on ? NULL : form->relay;
	if (name && *name)
		maas_set_text(&vlan->name, name);
	if (description)
		maas_set_text(&vlan->description, description);
}

void maas_op_vlans_create(struct ask *ask)
{
	struct fabric *fabric = fabric_asked(ask, true);
	struct vlan_form form = { .vid = -1, .mtu = 1500 };
	json_t *errors;
	struct vlan *vlan;
	char *name;

	if (!fabric)
		return;
	errors = json_object();
	read_numbers(ask, &form, errors);
	read_rest(ask, &form, NULL, errors);
	if (!maas_fine(ask, errors) || !vid_free(ask, fabric, form.vid, NULL))
		return;
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
	json_t *errors;

	if (!vlan)
		return;
	form = (struct vlan_form){ .vid = vlan->vid,
		.mtu = vlan->mtu,
		.space = vlan->space,
		.dhcp_on = vlan->dhcp_on,
		.primary = vlan->primary_rack,
		.secondary = vlan->secondary_rack,
		.relay = vlan->relay };
	errors = json_object();
	read_numbers(ask, &form, errors);
	read_rest(ask, &form, vlan, errors);
	if (!maas_fine(ask, errors) ||
	    !vid_free(ask, vlan->fabric, form.vid, vlan))
		return;
	write_vlan(ask, &form, vlan);
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
	vlan_drop(ask->maas, vlan);
	maas_answer_gone(ask);
}

/* ---- spaces ---- */

/* NULL stands for all VLANs that are in none. */
static json_t *space_json(const struct maas *maas, const struct space *space)
{
	json_t *subnets = json_array(), *json;
	struct subnet *subnet;
	char *uri = space ? xasprintf("/MAAS/api/2.0/spaces/%lld/",
	                        (long long)space->id)
	                  : xstrdup("/MAAS/api/2.0/spaces/undefined/");

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan->space == space)
			json_array_append_new(
			    subnets, maas_subnet_json(subnet));
	}
	json = json_pack("{s:s, s:s, s:o, s:o, s:I, s:s}", "description",
	    space ? space->description
	          : "Backward compatibility object to ensure objects not "
	            "associated with a space can be found.",
	    "name", space ? space->name : "undefined", "vlans",
	    vlans_json(maas, of_space, space), "subnets", subnets, "id",
	    (json_int_t)(space ? space->id : -1), "resource_uri", uri);
	free(uri);
	return json;
}

void maas_op_spaces_list(struct ask *ask)
{
	json_t *list = json_array();
	struct space *space;
	struct vlan *vlan;
	bool homeless = false;

	list_for_each (space, &ask->maas->spaces)
		json_array_append_new(list, space_json(ask->maas, space));
	list_for_each (vlan, &ask->maas->vlans)
		homeless |= !vlan->space;
	if (homeless)
		json_array_append_new(list, space_json(ask->maas, NULL));
	maas_answer(ask, list);
}

static struct space *space_asked(struct ask *ask, bool to_change)
{
	struct space *space = space_named(ask->maas, ask->args[0]);

	if (!space)
		maas_answer_missing(ask, "Space");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : space;
}

void maas_op_spaces_read(struct ask *ask)
{
	struct space *space;

	if (strcmp(ask->args[0], "undefined") == 0 ||
	    strcmp(ask->args[0], "-1") == 0) {
		maas_answer(ask, space_json(ask->maas, NULL));
		return;
	}
	space = space_asked(ask, false);
	if (space)
		maas_answer(ask, space_json(ask->maas, space));
}

static bool space_name_fine(
    struct ask *ask, const char *name, const struct space *self)
{
	json_t *errors = json_object();
	struct space *other;

	list_for_each (other, &ask->maas->spaces) {
		if (name && other != self && strcmp(other->name, name) == 0)
			maas_error(errors, "name",
			    "Space with this Name already exists.");
	}
	if (name)
		check_word(errors, name, "space", self ? self->id : -1);
	if (name && strcmp(name, "undefined") == 0)
		maas_error(errors, "name", "Reserved space name.");
	return maas_fine(ask, errors);
}

static void write_space(struct ask *ask, struct space *space)
{
	const char *name = maas_field(ask, "name");
	const char *description = maas_field(ask, "description");
	char *automatic = xasprintf("space-%lld", (long long)space->id);

	if (name)
		maas_set_text(&space->name, *name ? name : automatic);
	free(automatic);
	if (description)
		maas_set_text(&space->description, description);
}

void maas_op_spaces_create(struct ask *ask)
{
	struct space *space;

	if (!space_name_fine(ask, maas_field(ask, "name"), NULL))
		return;
	space = xcalloc(1, sizeof(*space));
	maas_list_add(&ask->maas->spaces, space);
	space->name = xasprintf("space-%lld", (long long)space->id);
	space->description = xstrdup("");
	write_space(ask, space);
	maas_answer(ask, space_json(ask->maas, space));
}

void maas_op_spaces_update(struct ask *ask)
{
	struct space *space = space_asked(ask, true);

	if (!space || !space_name_fine(ask, maas_field(ask, "name"), space))
		return;
	write_space(ask, space);
	maas_answer(ask, space_json(ask->maas, space));
}

void maas_op_spaces_delete(struct ask *ask)
{
	struct space *space = space_asked(ask, true);
	struct vlan *vlan;

	if (!space)
		return;
	list_for_each (vlan, &ask->maas->vlans) {
		if (vlan->space == space)
			vlan->space = NULL;
	}
	maas_list_remove(&ask->maas->spaces, space);
	free(space->name);
	free(space->description);
	free(space);
	maas_answer_gone(ask);
}
