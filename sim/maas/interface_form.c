#include "sim/maas/interface_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"

/* The fields that interfaces of all types have. */

void maas_iface_form_close(struct iface_form *form)
{
	free(form->name);
	free(form->mac);
	maas_list_clear(&form->parents);
}

/* true, True, 1; false, False, 0; else neither. */
enum iface_maybe maas_iface_form_maybe(const struct ask *ask, const char *field)
{
	static const char *const yes[] = { "true", "True", "1" };
	static const char *const no[] = { "false", "False", "0" };
	const char *text = maas_field(ask, field);

	for (int i = 0; text && i < 3; i++) {
		if (strcmp(yes[i], text) == 0)
			return IFACE_MAYBE_YES;
		if (strcmp(no[i], text) == 0)
			return IFACE_MAYBE_NO;
	}
	return IFACE_MAYBE_UNSAID;
}

void maas_iface_form_number(struct ask *ask, const char *field, int64_t lowest,
    int64_t highest, json_t *errors, int64_t *number)
{
	const char *text = maas_stripped(ask, field);

	*number = IFACE_NOT_GIVEN;
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

void maas_iface_form_name(
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
		maas_iface_form_name(form, name, errors);
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

	maas_iface_form_number(ask, "interface_speed", 0, INT32_MAX, errors,
	    &form->interface_speed);
	maas_iface_form_number(
	    ask, "link_speed", 0, INT32_MAX, errors, &form->link_speed);
	if (maas_field(ask, "link_connected"))
		form->connected = maas_ticked(ask, "link_connected")
		                      ? IFACE_MAYBE_YES
		                      : IFACE_MAYBE_NO;
	if (!form->self || was || form->connected == IFACE_MAYBE_YES)
		return;
	speed = form->link_speed == IFACE_NOT_GIVEN ? form->self->link_speed
	                                            : form->link_speed;
	if (speed)
		maas_error(errors, "__all__",
		    "link_speed cannot be set when link_connected is false.");
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
bool maas_iface_form_read(struct ask *ask, struct iface_form *form)
{
	json_t *errors = json_object();

	form->mtu = IFACE_NOT_GIVEN;
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
		maas_iface_form_number(
		    ask, "mtu", 552, INT32_MAX, errors, &form->mtu);
		form->accept_ra = maas_iface_form_maybe(ask, "accept_ra");
		form->enabled = strcmp(form->type, "physical") == 0
		                    ? maas_iface_form_maybe(ask, "enabled")
		                    : IFACE_MAYBE_UNSAID;
		maas_iface_form_params(
		    ask, form->type, errors, NULL, !form->self);
		maas_iface_form_parents(ask, form, errors);
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

	if (form->mtu != IFACE_NOT_GIVEN) {
		set_mtu(iface, form->mtu);
	} else if (mtu && !*mtu) {
		iface->mtu = 0;
		json_object_del(iface->params, "mtu");
	}
	if (form->accept_ra != IFACE_MAYBE_UNSAID)
		jsetb(iface->params, "accept_ra",
		    form->accept_ra == IFACE_MAYBE_YES);
	maas_iface_form_params(
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

void maas_iface_form_write(
    struct ask *ask, const struct iface_form *form, struct iface *iface)
{
	if (form->name)
		maas_set_text(&iface->name, form->name);
	if (form->mac)
		maas_set_text(&iface->mac, form->mac);
	if (form->connected != IFACE_MAYBE_UNSAID)
		iface->link_connected = form->connected == IFACE_MAYBE_YES;
	if (form->link_speed != IFACE_NOT_GIVEN)
		iface->link_speed = form->link_speed;
	if (form->interface_speed != IFACE_NOT_GIVEN)
		iface->interface_speed = form->interface_speed;
	if (form->fewer) {
		if (form->vlan_given)
			iface->vlan = form->vlan;
		return;
	}
	if (form->enabled != IFACE_MAYBE_UNSAID)
		iface->enabled = form->enabled == IFACE_MAYBE_YES;
	write_tags(ask, iface);
	write_params(ask, form, iface);
	if (form->self)
		move(iface, form->vlan);
	if (!form->self || form->parents_given)
		stand_on(iface, form);
	spread_mtu(iface);
}
