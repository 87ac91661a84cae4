#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

/* What clients do to interfaces: make them, change them, and link them to
 * subnets. All of it is for administrators and for machines that are not in
 * use. */

static bool editable(enum node_status status, bool update)
{
	switch ((int)status) {
	case NODE_NEW:
	case NODE_READY:
	case NODE_ALLOCATED:
	case NODE_BROKEN:
	case NODE_FAILED_TESTING:
		return true;
	case NODE_DEPLOYED:
		return update;
	}
	return false;
}

/* `what` completes "Cannot ... interface because". */
static struct node *node_asked(struct ask *ask, const char *what, bool update)
{
	struct node *node = maas_ask_admin(ask, "Node");

	if (!node)
		return NULL;
	if (node->type == NODE_MACHINE && !editable(node->status, update)) {
		maas_refuse(ask, 409,
		    "Cannot %s interface because the machine is not New, "
		    "Ready, Allocated, or Broken.",
		    what);
		return NULL;
	}
	return node;
}

static struct iface *iface_asked(struct ask *ask, const char *what, bool update)
{
	struct node *node = node_asked(ask, what, update);
	struct iface *iface;

	if (!node)
		return NULL;
	iface = maas_iface_named(ask->maas, node, ask->args[1]);
	if (!iface)
		maas_answer_missing(ask, "Interface");
	return iface;
}

static void answer_iface(struct ask *ask, const struct iface *iface)
{
	ask->maas->dns_dirty = true;
	maas_answer(ask, maas_iface_json(iface));
}

/* ---- links ---- */

enum link_mode {
	MODE_AUTO,
	MODE_DHCP,
	MODE_STATIC,
	MODE_LINK_UP,
	MODE_NONE
};

struct link_form {
	enum link_mode mode;
	struct subnet *subnet;
	struct ip ip;
	bool has_ip, force;
};

static void read_mode(
    const struct ask *ask, struct link_form *form, json_t *errors)
{
	static const char *const modes[] = { "auto", "dhcp", "static",
		"link_up" };
	const char *text = maas_field(ask, "mode");
	char lower[40];

	form->mode = MODE_NONE;
	if (!text || !*text) {
		maas_error(errors, "mode", "This field is required.");
		return;
	}
	for (int i = 0; i < 4; i++)
		if (strcasecmp(modes[i], text) == 0)
			form->mode = (enum link_mode)i;
	if (form->mode != MODE_NONE)
		return;
	snprintf(lower, sizeof(lower), "%s", text);
	for (char *at = lower; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	maas_error(errors, "mode",
	    "'%s' is not a valid mode.  It should be one of: 'auto', 'dhcp', "
	    "'static', 'link_up'.",
	    lower);
}

static void read_subnet(const struct ask *ask, const struct iface *iface,
    struct link_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "subnet");
	bool needed = form->mode == MODE_AUTO || form->mode == MODE_STATIC;

	if (text && *text) {
		form->subnet = maas_subnet_named(ask->maas, text);
		if (form->subnet && iface->vlan &&
		    form->subnet->vlan != iface->vlan)
			form->subnet = NULL;
		if (!form->subnet)
			maas_error(errors, "subnet", "None found with %s=%s.",
			    maas_number(text) >= 0 ? "id" : "name", text);
	}
	if (needed && !form->subnet)
		maas_error(errors, "subnet", "This field is required.");
}

static bool has_mode(
    const struct ask *ask, const struct iface *iface, enum alloc_type type)
{
	struct address *address;

	list_for_each (address, &ask->maas->addresses) {
		if (address->iface == iface && address->type == type)
			return true;
	}
	return false;
}

static void read_ip(
    const struct ask *ask, struct link_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "ip_address");
	char cidr[IP_TEXT + 4];
	struct iprange *range;

	if (!text || !*text || form->mode != MODE_STATIC || !form->subnet)
		return;
	form->has_ip = maas_ip_parse(text, &form->ip);
	if (!form->has_ip) {
		maas_error(errors, "ip_address",
		    "Enter a valid IPv4 or IPv6 address.");
		return;
	}
	maas_net_text(&form->subnet->net, cidr);
	if (!maas_net_has(&form->subnet->net, &form->ip))
		maas_error(errors, "ip_address",
		    "IP address is not in the given subnet "
		    "'%s:%s(vid=%d)'.",
		    form->subnet->name, cidr, form->subnet->vlan->vid);
	list_for_each (range, &ask->maas->ranges) {
		if (range->subnet == form->subnet && range->dynamic &&
		    maas_ip_within(&form->ip, &range->first, &range->last))
			maas_error(errors, "ip_address",
			    "IP address is inside a dynamic range %s to %s.",
			    text, text);
	}
}

static bool read_link(
    struct ask *ask, const struct iface *iface, struct link_form *form)
{
	json_t *errors = json_object();

	read_mode(ask, form, errors);
	if (form->mode != MODE_NONE)
		read_subnet(ask, iface, form, errors);
	read_ip(ask, form, errors);
	if (form->mode == MODE_DHCP && has_mode(ask, iface, ALLOC_DHCP))
		maas_error(errors, "mode",
		    "Interface is already set to DHCP from subnet.");
	return maas_fine(ask, errors) &&
	       maas_flag(ask, &ask->body.form, "force", false, &form->force);
}

/* A placeholder that says no more than "this interface is up". */
static void drop_link_up(struct ask *ask, const struct iface *iface)
{
	struct list *all = &ask->maas->addresses;

	for (size_t i = all->count; i-- > 0;) {
		struct address *address = all->items[i];

		if (address->iface == iface && address->type == ALLOC_STICKY &&
		    !address->assigned)
			maas_address_drop(ask->maas, address);
	}
}

static bool choose_static(struct ask *ask, struct link_form *form)
{
	char cidr[IP_TEXT + 4];

	if (form->has_ip && maas_address_find(ask->maas, &form->ip)) {
		maas_refuse(ask, 404, "IP address is already in use.");
		return false;
	}
	if (form->has_ip)
		return true;
	if (maas_address_next(ask->maas, form->subnet, false, &form->ip)) {
		form->has_ip = true;
		return true;
	}
	maas_net_text(&form->subnet->net, cidr);
	maas_refuse(ask, 503, "No more IPs available in subnet: %s.", cidr);
	return false;
}

void maas_op_interfaces_link_subnet(struct ask *ask)
{
	static const enum alloc_type types[] = { ALLOC_AUTO, ALLOC_DHCP,
		ALLOC_STICKY, ALLOC_STICKY };
	struct iface *iface = iface_asked(ask, "link subnet", false);
	struct link_form form = { 0 };
	struct address *address;

	if (!iface || !read_link(ask, iface, &form) ||
	    (form.mode == MODE_STATIC && !choose_static(ask, &form)))
		return;
	drop_link_up(ask, iface);
	address = maas_address_make(ask->maas, types[form.mode], form.subnet);
	address->iface = iface;
	if (form.mode == MODE_STATIC) {
		maas_address_assign(address, &form.ip, address->created_time);
		address->user = iface->node->owner;
		maas_address_told(ask->maas, address);
	}
	if (form.subnet)
		iface->vlan = form.subnet->vlan;
	answer_iface(ask, iface);
}

static bool has_links(struct ask *ask, const struct iface *iface)
{
	struct address *address;

	list_for_each (address, &ask->maas->addresses) {
		if (address->iface == iface &&
		    address->type != ALLOC_DISCOVERED)
			return true;
	}
	return false;
}

static void bad_link(struct ask *ask, const struct iface *iface, const char *id)
{
	json_t *errors = json_object();
	struct buf ids = BUF_INIT;
	struct address *address;

	list_for_each (address, &ask->maas->addresses) {
		if (address->iface == iface)
			buf_addf(&ids, "%s'%lld'", ids.len ? ", " : "",
			    (long long)address->id);
	}
	maas_error(errors, "id",
	    "'%s' is not a valid id.  It should be one of: %s.", id,
	    buf_text(&ids));
	buf_free(&ids);
	maas_refuse_form(ask, errors);
}

void maas_op_interfaces_unlink_subnet(struct ask *ask)
{
	struct iface *iface = iface_asked(ask, "unlink subnet", false);
	const char *id = maas_field(ask, "id");
	struct address *address;
	json_t *errors;

	if (!iface)
		return;
	if (!id) {
		errors = json_object();
		maas_error(errors, "id", "This field is required.");
		maas_refuse_form(ask, errors);
		return;
	}
	address = maas_list_find(&ask->maas->addresses, maas_number(id));
	if (!address || address->iface != iface) {
		bad_link(ask, iface, id);
		return;
	}
	maas_address_drop(ask->maas, address);
	if (!has_links(ask, iface))
		maas_address_make(ask->maas, ALLOC_STICKY, NULL)->iface = iface;
	answer_iface(ask, iface);
}

void maas_op_interfaces_disconnect(struct ask *ask)
{
	struct iface *iface = iface_asked(ask, "disconnect", false);
	struct list *all = &ask->maas->addresses;

	if (!iface)
		return;
	for (size_t i = all->count; i-- > 0;) {
		struct address *address = all->items[i];

		if (address->iface == iface)
			maas_address_drop(ask->maas, address);
	}
	iface->vlan = NULL;
	answer_iface(ask, iface);
}

void maas_op_interfaces_set_default_gateway(struct ask *ask)
{
	struct iface *iface = iface_asked(ask, "set default gateway", false);
	const char *id = maas_field(ask, "link_id");
	struct address *address, *chosen = NULL;
	json_t *errors;

	if (!iface)
		return;
	list_for_each (address, &ask->maas->addresses) {
		if (address->iface == iface && address->subnet &&
		    address->subnet->gateway && *address->subnet->gateway &&
		    (!id || address->id == maas_number(id)))
			chosen = address;
	}
	if (!chosen) {
		errors = json_object();
		maas_error(errors, "__all__",
		    "This interface has no usable gateways.");
		maas_refuse_form(ask, errors);
		return;
	}
	iface->node->gateway_link_id = chosen->id;
	answer_iface(ask, iface);
}

/* ---- tags ---- */

static void tag(struct ask *ask, bool add)
{
	struct iface *iface = iface_asked(
	    ask, add ? "add tag to" : "remove tag from", true);
	const char *name;

	if (!iface || !(name = maas_needed(ask, "tag")))
		return;
	if (add)
		maas_names_add(&iface->tags, name);
	else
		maas_names_remove(&iface->tags, name);
	answer_iface(ask, iface);
}

void maas_op_interfaces_add_tag(struct ask *ask)
{
	tag(ask, true);
}

void maas_op_interfaces_remove_tag(struct ask *ask)
{
	tag(ask, false);
}

/* ---- change and delete ---- */

static void check_mac(
    struct ask *ask, const char *mac, const struct iface *self, json_t *errors)
{
	struct iface *taken;

	if (!mac || !*mac)
		return;
	if (!maas_mac_ok(mac)) {
		maas_error(errors, "mac_address",
		    "'%s' is not a valid MAC address.", mac);
		return;
	}
	taken = maas_iface_with_mac(ask->maas, mac);
	if (taken && taken != self && taken->node)
		maas_error(errors, "mac_address",
		    "This MAC address is already in use by %s (%s) on %s.",
		    taken->name, taken->type, taken->node->hostname);
}

static void check_vlan(struct ask *ask, struct vlan **vlan, json_t *errors)
{
	const char *text = maas_field(ask, "vlan");

	if (!text)
		return;
	*vlan = *text ? maas_list_find(&ask->maas->vlans, maas_number(text))
	              : NULL;
	if (*text && !*vlan)
		maas_error(errors, "vlan",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
}

static void write_common(struct ask *ask, struct iface *iface)
{
	const char *tags = maas_field(ask, "tags");
	const char *mtu = maas_field(ask, "mtu");
	const char *speed = maas_field(ask, "link_speed");
	const char *capable = maas_field(ask, "interface_speed");

	if (tags) {
		maas_names_free(&iface->tags);
		maas_names_split(&iface->tags, tags, ", ");
	}
	if (mtu && maas_number(mtu) > 0)
		iface->mtu = maas_number(mtu);
	if (speed && maas_number(speed) >= 0)
		iface->link_speed = maas_number(speed);
	if (capable && maas_number(capable) >= 0)
		iface->interface_speed = maas_number(capable);
}

void maas_op_interfaces_update(struct ask *ask)
{
	struct iface *iface = iface_asked(ask, "update interface", true);
	const char *name = maas_field(ask, "name");
	const char *mac = maas_field(ask, "mac_address");
	struct vlan *vlan;
	json_t *errors;

	if (!iface)
		return;
	vlan = iface->vlan;
	errors = json_object();
	check_mac(ask, mac, iface, errors);
	check_vlan(ask, &vlan, errors);
	if (!maas_fine(ask, errors))
		return;
	if (name && *name)
		maas_set_text(&iface->name, name);
	if (mac && *mac)
		maas_set_text(&iface->mac, mac);
	iface->vlan = vlan;
	write_common(ask, iface);
	answer_iface(ask, iface);
}

void maas_op_interfaces_delete(struct ask *ask)
{
	struct iface *iface = iface_asked(ask, "delete interface", false);

	if (!iface)
		return;
	maas_iface_drop(ask->maas, iface);
	maas_answer_gone(ask);
}

/* ---- create ---- */

static void name_taken(
    struct ask *ask, const struct node *node, const char *name, json_t *errors)
{
	if (!name || !*name)
		maas_error(errors, "name", "This field is required.");
	else if (maas_iface_named(ask->maas, node, name))
		maas_error(errors, "name",
		    "Node %s already has an interface named '%s'.",
		    node->hostname, name);
}

void maas_op_interfaces_create_physical(struct ask *ask)
{
	struct node *node = node_asked(ask, "create", false);
	const char *name = maas_field(ask, "name");
	const char *mac = maas_field(ask, "mac_address");
	struct vlan *vlan = NULL;
	struct iface *iface;
	json_t *errors;
	char made[24];

	if (!node)
		return;
	errors = json_object();
	if (!mac || !*mac)
		maas_error(errors, "mac_address", "This field is required.");
	check_mac(ask, mac, NULL, errors);
	check_vlan(ask, &vlan, errors);
	if (!name || !*name) {
		snprintf(made, sizeof(made), "eth%zu", ask->maas->ifaces.count);
		name = made;
	}
	name_taken(ask, node, name, errors);
	if (!maas_fine(ask, errors))
		return;
	iface = maas_iface_make(node, name, "physical", mac);
	iface->link_connected = false;
	iface->vlan = vlan;
	write_common(ask, iface);
	if (vlan)
		maas_address_make(ask->maas, ALLOC_STICKY, NULL)->iface = iface;
	answer_iface(ask, iface);
}

/* The interfaces named by a field, each of this machine. */
static bool read_parents(struct ask *ask, const struct node *node,
    struct list *parents, const char *field, json_t *errors)
{
	size_t at = 0;
	const char *word;

	while ((word = maas_form_next(&ask->body.form, field, &at))) {
		struct iface *iface = maas_iface_named(ask->maas, node, word);

		if (iface && !maas_list_has(parents, iface))
			maas_list_put(parents, iface);
		else if (!iface)
			maas_error(errors, field,
			    "Select a valid choice. %s is not one of the "
			    "available choices.",
			    word);
	}
	return parents->count > 0;
}

static bool is_enslaved(const struct maas *maas, const struct iface *iface)
{
	struct iface *child;

	list_for_each (child, &maas->ifaces) {
		if (maas_list_has(&child->parents, iface) &&
		    strcmp(child->type, "vlan") != 0)
			return true;
	}
	return false;
}

static void take_links(
    struct maas *maas, const struct iface *from, struct iface *to)
{
	struct list *all = &maas->addresses;

	for (size_t i = all->count; i-- > 0;) {
		struct address *address = all->items[i];

		if (address->iface != from || address->type == ALLOC_DISCOVERED)
			continue;
		if (to)
			address->iface = to;
		else
			maas_address_drop(maas, address);
	}
}

static void number_param(
    struct ask *ask, struct iface *iface, const char *key, int64_t fallback)
{
	const char *text = maas_field(ask, key);

	jseti(iface->params, key,
	    text && maas_number(text) >= 0 ? maas_number(text) : fallback);
}

static void text_param(
    struct ask *ask, struct iface *iface, const char *key, const char *fallback)
{
	const char *text = maas_field(ask, key);

	jsets(iface->params, key, text && *text ? text : fallback);
}

static void bond_params(struct ask *ask, struct iface *bond)
{
	text_param(ask, bond, "bond_mode", "balance-rr");
	number_param(ask, bond, "bond_miimon", 100);
	number_param(ask, bond, "bond_updelay", 0);
	number_param(ask, bond, "bond_downdelay", 0);
	text_param(ask, bond, "bond_lacp_rate", "fast");
	number_param(ask, bond, "bond_num_grat_arp", 1);
	text_param(ask, bond, "bond_xmit_hash_policy", "layer2");
}

void maas_op_interfaces_create_bond(struct ask *ask)
{
	struct node *node = node_asked(ask, "create bond", false);
	const char *name = maas_field(ask, "name");
	const char *mac = maas_field(ask, "mac_address");
	struct list parents = { 0 };
	struct iface *bond, *first, *parent;
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	name_taken(ask, node, name, errors);
	if (!read_parents(ask, node, &parents, "parents", errors))
		maas_error(errors, "parents",
		    "A bond interface must have one or more parents.");
	list_for_each (parent, &parents) {
		if (is_enslaved(ask->maas, parent))
			maas_error(errors, "parents",
			    "Interfaces already in-use: %s.", parent->name);
	}
	if (maas_fine(ask, errors)) {
		first = parents.items[0];
		bond = maas_iface_make(
		    node, name, "bond", mac && *mac ? mac : first->mac);
		bond->vlan = first->vlan;
		bond->link_connected = false;
		bond_params(ask, bond);
		write_common(ask, bond);
		for (size_t i = 0; i < parents.count; i++) {
			maas_list_put(&bond->parents, parents.items[i]);
			take_links(
			    ask->maas, parents.items[i], i == 0 ? bond : NULL);
		}
		answer_iface(ask, bond);
	}
	maas_list_clear(&parents);
}

void maas_op_interfaces_create_bridge(struct ask *ask)
{
	struct node *node = node_asked(ask, "create bridge", false);
	const char *name = maas_field(ask, "name");
	struct list parents = { 0 };
	struct iface *bridge, *parent;
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	name_taken(ask, node, name, errors);
	if (!read_parents(ask, node, &parents, "parent", errors) &&
	    !read_parents(ask, node, &parents, "parents", errors))
		maas_error(errors, "parent",
		    "A bridge interface must have exactly one parent.");
	parent = parents.count ? parents.items[0] : NULL;
	if (parent && is_enslaved(ask->maas, parent)) {
		maas_error(
		    errors, "mac_address", "This field cannot be blank.");
		maas_error(errors, "parent",
		    "A bridge interface can't have a parent that is already "
		    "in a bond or a bridge.");
	}
	maas_list_clear(&parents);
	if (!maas_fine(ask, errors))
		return;
	bridge = maas_bridge_on(ask->maas, parent, name);
	text_param(ask, bridge, "bridge_type", "standard");
	number_param(ask, bridge, "bridge_fd", 15);
	write_common(ask, bridge);
	answer_iface(ask, bridge);
}

void maas_op_interfaces_create_vlan(struct ask *ask)
{
	struct node *node = node_asked(ask, "create VLAN", false);
	struct list parents = { 0 };
	struct vlan *vlan = NULL;
	struct iface *iface, *parent;
	json_t *errors;
	char *name;

	if (!node)
		return;
	errors = json_object();
	if (!read_parents(ask, node, &parents, "parent", errors) &&
	    !read_parents(ask, node, &parents, "parents", errors))
		maas_error(errors, "parent",
		    "A VLAN interface must have exactly one parent.");
	check_vlan(ask, &vlan, errors);
	if (!vlan && !json_object_get(errors, "vlan"))
		maas_error(errors, "vlan", "This field is required.");
	parent = parents.count ? parents.items[0] : NULL;
	maas_list_clear(&parents);
	if (!maas_fine(ask, errors))
		return;
	name = xasprintf("%s.%d", parent->name, vlan->vid);
	iface = maas_iface_make(node, name, "vlan", parent->mac);
	free(name);
	iface->vlan = vlan;
	maas_list_put(&iface->parents, parent);
	write_common(ask, iface);
	maas_address_make(ask->maas, ALLOC_STICKY, NULL)->iface = iface;
	answer_iface(ask, iface);
}
