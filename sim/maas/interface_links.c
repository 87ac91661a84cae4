#include "sim/maas/interface_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"

/* What clients do to the links of interfaces, and to their tags. */

/* ---- the form of a link ---- */

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
	bool has_ip, force, gateway;
};

static const char *const modes[] = { "auto", "dhcp", "static", "link_up" };

/* Devices have addresses and nothing else. */
static void read_mode(const struct ask *ask, const struct iface *iface,
    struct link_form *form, json_t *errors)
{
	bool device = iface->node->type == NODE_DEVICE;
	const char *text = maas_field(ask, "mode");
	char *lower;

	form->mode = MODE_NONE;
	if (!text || !*text) {
		maas_error(errors, "mode", "This field is required.");
		return;
	}
	for (int i = 0; i < 4; i++)
		if (strcasecmp(modes[i], text) == 0 &&
		    (!device || i == MODE_STATIC))
			form->mode = (enum link_mode)i;
	if (form->mode != MODE_NONE)
		return;
	lower = xstrdup(text);
	for (char *at = lower; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	maas_error(errors, "mode",
	    "'%s' is not a valid mode.  It should be one of: %s.", lower,
	    device ? "'static'" : "'auto', 'dhcp', 'static', 'link_up'");
	free(lower);
}

/* One of the interface's VLAN, unless it has none or is forced. */
static void read_subnet(const struct ask *ask, const struct iface *iface,
    struct link_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "subnet");
	bool needed = form->mode == MODE_AUTO || form->mode == MODE_STATIC;

	if (text && *text) {
		form->subnet = maas_subnet_named(ask->maas, text);
		if (form->subnet && iface->vlan && !form->force &&
		    form->subnet->vlan != iface->vlan)
			form->subnet = NULL;
		if (!form->subnet)
			maas_error(errors, "subnet", "None found with %s=%s.",
			    maas_number(text) >= 0 ? "id" : "name", text);
	}
	if (needed && !form->subnet)
		maas_error(errors, "subnet", "This field is required.");
}

/* "prod-net:10.0.0.0/24(vid=0)"; free() it. */
static char *subnet_words(const struct subnet *subnet)
{
	char cidr[IP_TEXT + 4];

	maas_net_text(&subnet->net, cidr);
	return xasprintf(
	    "%s:%s(vid=%d)", subnet->name, cidr, subnet->vlan->vid);
}

static void check_dhcp(
    const struct ask *ask, const struct iface *iface, json_t *errors)
{
	struct address *address;

	list_for_each (address, &ask->maas->addresses) {
		char *words;

		if (address->iface != iface || address->type != ALLOC_DHCP)
			continue;
		if (!address->subnet) {
			maas_error(errors, "mode",
			    "Interface is already set to DHCP.");
			continue;
		}
		words = subnet_words(address->subnet);
		maas_error(errors, "mode",
		    "Interface is already set to DHCP from '%s'.", words);
		free(words);
	}
}

static void read_ip(
    const struct ask *ask, struct link_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "ip_address");

	if (!text || !text[strspn(text, " \t\r\n")])
		return;
	form->has_ip = maas_ip_parse(text, &form->ip);
	if (!form->has_ip)
		maas_error(errors, "ip_address",
		    "Enter a valid IPv4 or IPv6 address.");
}

static void check_static(
    const struct ask *ask, struct link_form *form, json_t *errors)
{
	struct iprange *range;

	if (!form->subnet || !form->has_ip)
		return;
	if (!maas_net_has(&form->subnet->net, &form->ip)) {
		char *words = subnet_words(form->subnet);

		maas_error(errors, "ip_address",
		    "IP address is not in the given subnet '%s'.", words);
		free(words);
	}
	list_for_each (range, &ask->maas->ranges) {
		char first[IP_TEXT], last[IP_TEXT];

		if (range->subnet != form->subnet || !range->dynamic ||
		    !maas_ip_within(&form->ip, &range->first, &range->last))
			continue;
		maas_ip_text(&range->first, first);
		maas_ip_text(&range->last, last);
		maas_error(errors, "ip_address",
		    "IP address is inside a dynamic range %s to %s.", first,
		    last);
	}
}

/* A link that is more than up forbids it. */
static void check_link_up(const struct ask *ask, const struct iface *iface,
    const struct link_form *form, json_t *errors)
{
	struct address *address;

	if (form->force)
		return;
	list_for_each (address, &ask->maas->addresses) {
		bool nothing = (address->type == ALLOC_STICKY ||
		                   address->type == ALLOC_DISCOVERED) &&
		               !address->assigned;

		if (address->iface != iface || nothing)
			continue;
		maas_error(errors, "mode",
		    "Cannot configure interface to link up (with no IP "
		    "address) while other links are already configured. "
		    "Specify force=True to override this behavior and delete "
		    "all links.");
		return;
	}
}

static void check_gateway(
    struct ask *ask, struct link_form *form, json_t *errors)
{
	char *words;

	form->gateway = maas_ticked(ask, "default_gateway");
	if (!form->gateway)
		return;
	if (form->mode != MODE_AUTO && form->mode != MODE_STATIC) {
		maas_error(errors, "default_gateway",
		    "Cannot use in mode '%s'.", modes[form->mode]);
	} else if (!form->subnet) {
		maas_error(errors, "default_gateway",
		    "Subnet is required when default_gateway is True.");
	} else if (!form->subnet->gateway || !*form->subnet->gateway) {
		words = subnet_words(form->subnet);
		maas_error(errors, "default_gateway",
		    "Cannot set as default gateway because subnet %s doesn't "
		    "provide a gateway IP address.",
		    words);
		free(words);
	}
}

static bool read_link(
    struct ask *ask, const struct iface *iface, struct link_form *form)
{
	struct iface *bond = maas_iface_child(iface, "bond");
	json_t *errors = json_object();

	if (bond)
		maas_error(errors, "bond",
		    "Cannot link interface(%s) when interface is in a "
		    "bond(%s).",
		    iface->name, bond->name);
	read_mode(ask, iface, form, errors);
	read_subnet(ask, iface, form, errors);
	read_ip(ask, form, errors);
	if (form->mode == MODE_DHCP)
		check_dhcp(ask, iface, errors);
	if (form->mode == MODE_STATIC)
		check_static(ask, form, errors);
	if (form->mode == MODE_LINK_UP)
		check_link_up(ask, iface, form, errors);
	if (form->mode != MODE_NONE)
		check_gateway(ask, form, errors);
	return maas_fine(ask, errors);
}

/* ---- linking ---- */

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

static bool choose_static(
    struct ask *ask, const struct iface *iface, struct link_form *form)
{
	char cidr[IP_TEXT + 4];

	if (form->has_ip && !maas_ip_may_have(ask, iface->mac, &form->ip))
		return false;
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
	static const struct iface_change change = { .what = "link subnet" };
	struct link_form form = { 0 };
	struct address *address;
	struct iface *iface;

	/* Only a posted form can force. */
	if (!ask->body.structured &&
	    !maas_flag(ask, &ask->body.form, "force", false, &form.force))
		return;
	iface = maas_iface_to_change(ask, &change);
	if (!iface || !read_link(ask, iface, &form) ||
	    (form.mode == MODE_STATIC && !choose_static(ask, iface, &form)))
		return;
	if (form.force || form.mode == MODE_LINK_UP)
		maas_iface_clear_links(iface);
	drop_link_up(ask, iface);
	address = maas_address_make(ask->maas, types[form.mode], form.subnet);
	maas_address_give(address, iface);
	if (form.mode == MODE_STATIC) {
		maas_address_assign(address, &form.ip, address->created_time);
		address->user = iface->node->owner;
		maas_address_told(ask->maas, address);
	}
	if (form.subnet)
		iface->vlan = form.subnet->vlan;
	if (form.gateway)
		iface->node->gateway_link_id = address->id;
	maas_iface_answer(ask, iface);
}

/* ---- unlinking ---- */

/* The ids of links as a form offers them. */
static void bad_link(json_t *errors, const char *field, const char *id,
    const struct iface *iface, bool (*fits)(const struct address *address))
{
	struct buf ids = BUF_INIT;
	struct address *address;

	list_for_each (address, &iface->node->maas->addresses) {
		if (address->iface == iface && (!fits || fits(address)))
			buf_addf(&ids, "%s'%lld'", ids.len ? ", " : "",
			    (long long)address->id);
	}
	maas_error(errors, field,
	    "'%s' is not a valid %s.  It should be one of: %s.", id, field,
	    buf_text(&ids));
	buf_free(&ids);
}

void maas_op_interfaces_unlink_subnet(struct ask *ask)
{
	static const struct iface_change change = { .what = "unlink subnet",
		.on_controller = "link subnet" };
	struct iface *iface = maas_iface_to_change(ask, &change);
	const char *id = maas_field(ask, "id");
	struct address *address = NULL;
	json_t *errors;

	if (!iface)
		return;
	errors = json_object();
	if (id)
		address = maas_list_find(
		    &ask->maas->addresses, maas_number(id));
	if (!id || !*id)
		maas_error(errors, "id", "This field is required.");
	else if (!address || address->iface != iface)
		bad_link(errors, "id", id, iface, NULL);
	if (!maas_fine(ask, errors))
		return;
	maas_address_drop(ask->maas, address);
	if (!maas_iface_has_links(iface))
		maas_address_give(
		    maas_address_make(ask->maas, ALLOC_STICKY, NULL), iface);
	maas_iface_answer(ask, iface);
}

void maas_op_interfaces_disconnect(struct ask *ask)
{
	static const struct iface_change change = { .what = "disconnect" };
	struct iface *iface = maas_iface_to_change(ask, &change);
	struct list *all = &ask->maas->addresses;

	if (!iface)
		return;
	for (size_t i = all->count; i-- > 0;) {
		struct address *address = all->items[i];

		if (address->iface == iface)
			maas_address_drop(ask->maas, address);
	}
	iface->vlan = NULL;
	maas_iface_answer(ask, iface);
}

/* ---- gateways ---- */

static bool is_gateway(const struct address *address)
{
	return address->subnet && address->subnet->gateway &&
	       *address->subnet->gateway &&
	       (address->type == ALLOC_AUTO || address->type == ALLOC_DHCP ||
	           address->type == ALLOC_STICKY);
}

/* The first link with a gateway; *many: there is another gateway. */
static struct address *first_gateway(const struct iface *iface, bool *many)
{
	struct address *address, *first = NULL;

	*many = false;
	list_for_each (address, &iface->node->maas->addresses) {
		if (address->iface != iface || !is_gateway(address))
			continue;
		if (!first)
			first = address;
		else
			*many |= address->subnet->net.base.version ==
			             first->subnet->net.base.version &&
			         strcmp(address->subnet->gateway,
			             first->subnet->gateway) != 0;
	}
	return first;
}

void maas_op_interfaces_set_default_gateway(struct ask *ask)
{
	static const struct iface_change change = {
		.what = "set default gateway", .on_controller = "link subnet"
	};
	struct iface *iface = maas_iface_to_change(ask, &change);
	const char *id = maas_field(ask, "link_id");
	struct address *chosen;
	json_t *errors;
	bool many;

	if (!iface)
		return;
	errors = json_object();
	chosen = first_gateway(iface, &many);
	if (!chosen)
		maas_error(errors, "__all__",
		    "This interface has no usable gateways.");
	if (id && *id) {
		chosen = maas_list_find(&ask->maas->addresses, maas_number(id));
		if (!chosen || chosen->iface != iface || !is_gateway(chosen))
			bad_link(errors, "link_id", id, iface, is_gateway);
	} else if (many) {
		maas_error(errors, "link_id",
		    "This field is required; Interface has more than one "
		    "usable IPv%d gateway.",
		    chosen->subnet->net.base.version);
	}
	if (!maas_fine(ask, errors))
		return;
	iface->node->gateway_link_id = chosen->id;
	maas_iface_answer(ask, iface);
}

/* ---- tags ---- */

static void tag(struct ask *ask, bool add)
{
	static const struct iface_change change = { .any_state = true };
	struct iface *iface = maas_iface_to_change(ask, &change);
	const char *name;

	if (!iface || !(name = maas_needed(ask, "tag")))
		return;
	if (add)
		maas_names_add(&iface->tags, name);
	else
		maas_names_remove(&iface->tags, name);
	maas_iface_answer(ask, iface);
}

void maas_op_interfaces_add_tag(struct ask *ask)
{
	tag(ask, true);
}

void maas_op_interfaces_remove_tag(struct ask *ask)
{
	tag(ask, false);
}

/* ---- away with it ---- */

void maas_op_interfaces_delete(struct ask *ask)
{
	static const struct iface_change change = {
		.what = "delete interface"
	};
	struct iface *iface = maas_iface_to_change(ask, &change);

	if (!iface)
		return;
	maas_node_touch(iface->node);
	maas_iface_drop(ask->maas, iface);
	maas_answer_gone(ask);
}
