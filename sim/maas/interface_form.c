#include "sim/maas/interface_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/maas/python.h"

/* Making and changing interfaces: the fields of their forms. */

#define NOT_GIVEN INT64_MIN

enum maybe {
	MAYBE_UNSAID,
	MAYBE_NO,
	MAYBE_YES
};

struct iface_form {
	const char *type;
	struct node *node;
	struct iface *self;    /* NULL: one that is made */
	const char *of_parent; /* what the field of a parent is called */
	bool fewer;            /* of a deployed machine, or of a controller */
	char *name, *mac;      /* NULL: not given */
	struct vlan *vlan;
	bool vlan_given, parents_given;
	struct list parents; /* struct iface */
	int64_t mtu, link_speed, interface_speed;
	enum maybe connected, enabled, accept_ra;
};

static void form_close(struct iface_form *form)
{
	free(form->name);
	free(form->mac);
	maas_list_clear(&form->parents);
}

/* ---- the fields of all ---- */

/* true, True, 1; false, False, 0; else neither. */
static enum maybe read_maybe(const struct ask *ask, const char *field)
{
	static const char *const yes[] = { "true", "True", "1" };
	static const char *const no[] = { "false", "False", "0" };
	const char *text = maas_field(ask, field);

	for (int i = 0; text && i < 3; i++) {
		if (strcmp(yes[i], text) == 0)
			return MAYBE_YES;
		if (strcmp(no[i], text) == 0)
			return MAYBE_NO;
	}
	return MAYBE_UNSAID;
}

static void read_number(struct ask *ask, const char *field, int64_t lowest,
    int64_t highest, json_t *errors, int64_t *number)
{
	const char *text = maas_stripped(ask, field);

	*number = NOT_GIVEN;
	if (text && *text)
		maas_form_number(errors, field, text, lowest, highest, number);
}

static bool name_ok(const char *name)
{
	for (; *name; name++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
		            "YZ0123456789_-.:",
		        *name) &&
		    (unsigned char)*name < 0x80)
			return false;
	return true;
}

static void judge_name(
    const struct iface_form *form, const char *name, json_t *errors)
{
	struct iface *other;
	char *fqdn;

	list_for_each (other, &form->node->maas->ifaces) {
		if (other->node != form->node || other == form->self ||
		    strcmp(other->name, name) != 0)
			continue;
		fqdn = maas_node_fqdn(form->node);
		maas_error(errors, "name",
		    "Node %s (%s) already has an interface named '%s'.",
		    form->node->system_id, fqdn, name);
		free(fqdn);
		return;
	}
	if (!name_ok(name))
		maas_error(errors, "name", "Enter a valid value.");
	if (maas_letters(name) > 255)
		maas_error(
		    errors, "name", MAAS_TOO_LONG, 255, maas_letters(name));
}

/* A physical one without a name is given one. */
static void read_name(struct ask *ask, struct iface_form *form, json_t *errors)
{
	const char *name = maas_stripped(ask, "name");
	bool physical = strcmp(form->type, "physical") == 0;

	if (strcmp(form->type, "vlan") == 0 || (form->self && !name))
		return;
	if (name && *name) {
		form->name = xstrdup(name);
		judge_name(form, name, errors);
	} else if (!physical) {
		maas_error(errors, "name", "This field is required.");
	} else if (!form->self) {
		for (int i = 0; !form->name; i++) {
			form->name = xasprintf("eth%d", i);
			if (maas_iface_named(ask->maas, form->node, form->name))
				maas_set_text(&form->name, NULL);
		}
	}
}

static void read_mac(struct ask *ask, struct iface_form *form, json_t *errors)
{
	const char *mac = maas_stripped(ask, "mac_address");
	bool physical = strcmp(form->type, "physical") == 0;
	struct iface *taken;

	if (strcmp(form->type, "vlan") == 0)
		return;
	if (!mac || !*mac) {
		if (physical && (!form->self || mac))
			maas_error(
			    errors, "mac_address", "This field is required.");
		return;
	}
	form->mac = maas_mac_plain(mac);
	if (!maas_mac_ok(mac)) {
		maas_error(errors, "mac_address",
		    "'%s' is not a valid MAC address.", mac);
		return;
	}
	taken = maas_iface_with_mac(ask->maas, form->mac);
	if (physical && taken && taken != form->self && taken->node)
		maas_error(errors, "mac_address",
		    "This MAC address is already in use by %s (%s) on %s.",
		    taken->name, taken->type, taken->node->hostname);
}

static void read_vlan(struct ask *ask, struct iface_form *form, json_t *errors)
{
	const char *text = maas_stripped(ask, "vlan");

	form->vlan = form->self ? form->self->vlan : NULL;
	if (!text)
		return;
	form->vlan_given = true;
	form->vlan = *text
	                 ? maas_list_find(&ask->maas->vlans, maas_number(text))
	                 : NULL;
	if (*text && !form->vlan)
		maas_error(errors, "vlan",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
}

/* Ids, and of interfaces of this node. */
static void read_parents(
    struct ask *ask, struct iface_form *form, json_t *errors)
{
	const struct form *fields = &ask->body.form;
	bool single = form_get(fields, "parent") && form->of_parent;
	size_t at = 0;
	const char *id;

	while (
	    (id = maas_form_next(fields, single ? "parent" : "parents", &at))) {
		struct iface *iface;
		int64_t number = -1;

		form->parents_given = true;
		if (!maas_python_read_int(id, &number)) {
			maas_error(errors, "parents",
			    "\u201c%s\u201d is not a valid value.", id);
			return;
		}
		iface = maas_list_find(&ask->maas->ifaces, number);
		if (!iface || iface->node != form->node) {
			maas_error(errors, "parents",
			    "Select a valid choice. %s is not one of the "
			    "available choices.",
			    id);
			return;
		}
		if (!maas_list_has(&form->parents, iface))
			maas_list_put(&form->parents, iface);
	}
}

static void read_speeds(
    struct ask *ask, struct iface_form *form, json_t *errors)
{
	bool was = form->self && form->self->link_connected;
	int64_t speed;

	read_number(ask, "interface_speed", 0, INT32_MAX, errors,
	    &form->interface_speed);
	read_number(ask, "link_speed", 0, INT32_MAX, errors, &form->link_speed);
	if (maas_field(ask, "link_connected"))
		form->connected = maas_ticked(ask, "link_connected") ? MAYBE_YES
		                                                     : MAYBE_NO;
	if (!form->self || was || form->connected == MAYBE_YES)
		return;
	speed = form->link_speed == NOT_GIVEN ? form->self->link_speed
	                                      : form->link_speed;
	if (speed)
		maas_error(errors, "__all__",
		    "link_speed cannot be set when link_connected is false.");
}

/* ---- what stands on what ---- */

static struct iface *parent_of(const struct iface_form *form)
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
	const struct iface *parent = parent_of(form);

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
	const struct iface *parent = parent_of(form);
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
	judge_name(form, name, errors);
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
		struct vlan *vlan = form->vlan ? form->vlan
		                               : parent_of(form)->vlan;

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
	const struct iface *parent = parent_of(form);

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

static void judge_parents(
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

/* ---- what bonds and bridges have besides ---- */

static const struct parameter {
	const char *type, *name;
	const char *choices;       /* parted by blanks; NULL: a number */
	const char *first;         /* the choice of who makes none */
	int64_t fallback, highest; /* of a number */
} parameters[] = {
	{ "bond", "bond_mode",
	    "balance-rr active-backup balance-xor broadcast 802.3ad "
	    "balance-tlb balance-alb",
	    "balance-rr", 0, 0 },
	{ "bond", "bond_miimon", NULL, NULL, 100, INT32_MAX },
	{ "bond", "bond_downdelay", NULL, NULL, 0, INT32_MAX },
	{ "bond", "bond_updelay", NULL, NULL, 0, INT32_MAX },
	{ "bond", "bond_num_grat_arp", NULL, NULL, 1, 255 },
	{ "bond", "bond_lacp_rate", "fast slow", "fast", 0, 0 },
	{ "bond", "bond_xmit_hash_policy",
	    "layer2 layer2+3 layer3+4 encap2+3 encap3+4", "layer2", 0, 0 },
	{ "bridge", "bridge_type", "standard ovs", "standard", 0, 0 },
	{ "bridge", "bridge_fd", NULL, NULL, 15, INT32_MAX },
};

/* One parameter: judged, or put where it belongs when there are no errors. */
static void take_choice(struct ask *ask, const struct parameter *p,
    json_t *errors, json_t *params, bool made)
{
	const char *text = maas_field(ask, p->name);
	struct names choices = { 0 };
	struct buf words = BUF_INIT;

	if (!text || !*text) {
		if (params && made)
			jsets(params, p->name, p->first);
		return;
	}
	maas_names_split(&choices, p->choices, " ");
	for (size_t i = 0; i < choices.count; i++)
		buf_addf(&words, "%s'%s'", i ? ", " : "", choices.items[i]);
	if (params)
		jsets(params, p->name, text);
	else if (!maas_names_have(&choices, text))
		maas_error(errors, p->name,
		    "'%s' is not a valid %s.  It should be one of: %s.", text,
		    p->name, buf_text(&words));
	buf_free(&words);
	maas_names_free(&choices);
}

static void take_number(struct ask *ask, const struct parameter *p,
    json_t *errors, json_t *params, bool made)
{
	json_t *scratch = errors ? NULL : json_object();
	int64_t number;

	read_number(
	    ask, p->name, 0, p->highest, errors ? errors : scratch, &number);
	json_decref(scratch);
	if (params && number != NOT_GIVEN)
		jseti(params, p->name, number);
	else if (params && made)
		jseti(params, p->name, p->fallback);
}

static void take_parameters(struct ask *ask, const char *type, json_t *errors,
    json_t *params, bool made)
{
	enum maybe stp = read_maybe(ask, "bridge_stp");

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]);
	     i++) {
		const struct parameter *p = &parameters[i];

		if (strcmp(p->type, type) != 0)
			continue;
		if (p->choices)
			take_choice(ask, p, errors, params, made);
		else
			take_number(ask, p, errors, params, made);
	}
	if (params && strcmp(type, "bridge") == 0 &&
	    (made || stp != MAYBE_UNSAID))
		jsetb(params, "bridge_stp", stp == MAYBE_YES);
}

/* ---- the form as a whole ---- */

static void rename_errors(const struct iface_form *form, json_t *errors)
{
	json_t *list = json_object_get(errors, "parents");

	if (!form->of_parent || !list)
		return;
	json_object_set(errors, form->of_parent, list);
	json_object_del(errors, "parents");
}

/* False: refused. */
static bool read_form(struct ask *ask, struct iface_form *form)
{
	json_t *errors = json_object();

	form->mtu = NOT_GIVEN;
	form->vlan = form->self ? form->self->vlan : NULL;
	if (form->fewer && form->node->type == NODE_MACHINE) {
		read_name(ask, form, errors);
		read_mac(ask, form, errors);
	} else if (form->fewer) {
		read_vlan(ask, form, errors);
	} else {
		read_name(ask, form, errors);
		read_mac(ask, form, errors);
		read_vlan(ask, form, errors);
		read_parents(ask, form, errors);
		read_number(ask, "mtu", 552, INT32_MAX, errors, &form->mtu);
		form->accept_ra = read_maybe(ask, "accept_ra");
		form->enabled = strcmp(form->type, "physical") == 0
		                    ? read_maybe(ask, "enabled")
		                    : MAYBE_UNSAID;
		take_parameters(ask, form->type, errors, NULL, !form->self);
		judge_parents(ask, form, errors);
	}
	read_speeds(ask, form, errors);
	rename_errors(form, errors);
	if (!ask->answered)
		return maas_fine(ask, errors);
	json_decref(errors);
	return false;
}

static void write_tags(struct ask *ask, struct iface *iface)
{
	const char *text = maas_field(ask, "tags");
	struct names parts = { 0 };

	if (!text)
		return;
	maas_names_split(&parts, text, ",");
	maas_names_free(&iface->tags);
	for (size_t i = 0; i < parts.count; i++) {
		char *tag = parts.items[i] + strspn(parts.items[i], " \t");
		size_t len = strlen(tag);

		while (len && strchr(" \t", tag[len - 1]))
			tag[--len] = '\0';
		if (len)
			maas_names_add(&iface->tags, tag);
	}
	maas_names_free(&parts);
}

static void set_mtu(struct iface *iface, int64_t mtu)
{
	iface->mtu = mtu;
	jseti(iface->params, "mtu", mtu);
}

static void write_params(
    struct ask *ask, const struct iface_form *form, struct iface *iface)
{
	const char *mtu = maas_field(ask, "mtu");

	if (form->mtu != NOT_GIVEN) {
		set_mtu(iface, form->mtu);
	} else if (mtu && !*mtu) {
		iface->mtu = 0;
		json_object_del(iface->params, "mtu");
	}
	if (form->accept_ra != MAYBE_UNSAID)
		jsetb(iface->params, "accept_ra", form->accept_ra == MAYBE_YES);
	take_parameters(
	    ask, form->type, NULL, iface->params, form->self == NULL);
}

/* In another VLAN no link holds. */
static void move(struct iface *iface, struct vlan *vlan)
{
	if (iface->vlan == vlan)
		return;
	iface->vlan = vlan;
	maas_iface_clear_links(iface);
}

/* What it stands on can carry as much, and what stands on it no more. */
static void spread_mtu(struct iface *iface)
{
	struct iface *other;

	if (!iface->mtu)
		return;
	list_for_each (other, &iface->node->maas->ifaces) {
		if (maas_list_has(&iface->parents, other) &&
		    other->mtu < iface->mtu)
			set_mtu(other, iface->mtu);
		if (maas_list_has(&other->parents, iface) &&
		    other->mtu > iface->mtu)
			set_mtu(other, iface->mtu);
	}
}

/* What a bond or a bridge stands on has no links of its own. */
static void stand_on(struct iface *iface, const struct iface_form *form)
{
	struct iface *parent;

	maas_list_clear(&iface->parents);
	list_for_each (parent, &form->parents) {
		maas_list_put(&iface->parents, parent);
		if (strcmp(form->type, "vlan") == 0)
			continue;
		maas_iface_clear_links(parent);
		parent->vlan = iface->vlan;
	}
}

static void write_form(
    struct ask *ask, const struct iface_form *form, struct iface *iface)
{
	if (form->name)
		maas_set_text(&iface->name, form->name);
	if (form->mac)
		maas_set_text(&iface->mac, form->mac);
	if (form->connected != MAYBE_UNSAID)
		iface->link_connected = form->connected == MAYBE_YES;
	if (form->link_speed != NOT_GIVEN)
		iface->link_speed = form->link_speed;
	if (form->interface_speed != NOT_GIVEN)
		iface->interface_speed = form->interface_speed;
	if (form->fewer) {
		if (form->vlan_given)
			iface->vlan = form->vlan;
		return;
	}
	if (form->enabled != MAYBE_UNSAID)
		iface->enabled = form->enabled == MAYBE_YES;
	write_tags(ask, iface);
	write_params(ask, form, iface);
	if (form->self)
		move(iface, form->vlan);
	if (!form->self || form->parents_given)
		stand_on(iface, form);
	spread_mtu(iface);
}

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
	if (read_form(ask, &form)) {
		write_form(ask, &form, iface);
		maas_iface_answer(ask, iface);
	}
	form_close(&form);
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
	if (read_form(ask, &form)) {
		parent = parent_of(&form);
		iface = maas_iface_make(
		    node, form.name, type, form.mac ? form.mac : parent->mac);
		iface->link_connected = false;
		iface->vlan = form.vlan;
		if (!iface->vlan && !physical)
			iface->vlan = parent->vlan;
		write_form(ask, &form, iface);
		maas_iface_link_up(iface);
		maas_iface_answer(ask, iface);
	}
	form_close(&form);
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
	struct iface *parent = parent_of(form);
	struct iface *bridge = maas_bridge_on(ask->maas, parent, form->name);

	bridge->acquired = true;
	if (form->mac)
		maas_set_text(&bridge->mac, form->mac);
	form->vlan = parent->vlan;
	maas_list_clear(&form->parents);
	form->parents_given = false;
	form->self = bridge;
	write_form(ask, form, bridge);
	take_parameters(ask, "bridge", NULL, bridge->params, true);
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
	    read_form(ask, &form))
		acquire_bridge(ask, &form);
	form_close(&form);
}
