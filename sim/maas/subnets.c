#include "sim/maas/network_asks.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/region.h"

/* ---- lists and reading ---- */

void maas_op_subnets_list(struct ask *ask)
{
	void **rows = maas_list_rows(&ask->maas->subnets);
	json_t *list = json_array();

	for (size_t i = 0; i < ask->maas->subnets.count; i++)
		json_array_append_new(list, maas_subnet_json(rows[i]));
	free(rows);
	maas_answer(ask, list);
}

void maas_op_subnets_read(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, false);

	if (subnet)
		maas_answer(ask, maas_subnet_json(subnet));
}

/* ---- the form ---- */

#define LONGEST_NAME 255

struct subnet_form {
	struct ip_net net;
	bool net_known;
	struct vlan *vlan;
	struct fabric *fabric;
	const char *cidr, *name, *description, *gateway;
	struct names disabled;
	int rdns_mode;
	int64_t vid;
	bool managed, allow_dns, allow_proxy, active_discovery;
};

static bool overlaps(const struct ip_net *a, const struct ip_net *b)
{
	return maas_net_has(a, &b->base) || maas_net_has(b, &a->base);
}

static void check_alone(struct ask *ask, const struct subnet_form *form,
    const struct subnet *self, json_t *errors)
{
	struct subnet *subnet;

	list_for_each (subnet, &ask->maas->subnets) {
		if (subnet == self || !overlaps(&subnet->net, &form->net))
			continue;
		if (subnet->net.bits == form->net.bits)
			maas_error(errors, "cidr",
			    "Subnet with this Cidr already exists.");
		else if (ask->maas->version >= 307)
			maas_error(errors, "cidr",
			    "Subnet %s would overlap with existing subnets.",
			    form->cidr);
		if (json_object_get(errors, "cidr"))
			return;
	}
}

static void read_cidr(struct ask *ask, struct subnet_form *form,
    const struct subnet *self, json_t *errors)
{
	struct ip_net net;

	form->cidr = maas_stripped(ask, "cidr");
	if (!form->cidr && self)
		return;
	if (!form->cidr || !*form->cidr) {
		maas_error(errors, "cidr", "This field is required.");
	} else if (!maas_net_read(form->cidr, &net)) {
		maas_error(
		    errors, "cidr", "Required format: <network>/<prefixlen>.");
	} else if (net.bits == 0) {
		maas_error(
		    errors, "cidr", "Prefix length must be greater than 0.");
	} else {
		form->net = net;
		form->net_known = true;
		check_alone(ask, form, self, errors);
	}
}

static void *choice(struct ask *ask, const struct list *things,
    const char *field, json_t *errors)
{
	const char *text = maas_stripped(ask, field);
	void *thing;

	if (!text || !*text)
		return NULL;
	thing = maas_list_find(things, maas_number(text));
	if (!thing)
		maas_error(errors, field,
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
	return thing;
}

/* Where a new one goes that names no VLAN. */
static void place(struct ask *ask, struct subnet_form *form, json_t *errors)
{
	struct fabric *in = form->fabric ? form->fabric
	                                 : ask->maas->fabrics.items[0];
	struct vlan *vlan;

	if (!form->vid) {
		form->vlan = maas_vlan_default(ask->maas, in);
		return;
	}
	list_for_each (vlan, &ask->maas->vlans) {
		if (vlan->fabric == in && vlan->vid == form->vid)
			form->vlan = vlan;
	}
	if (form->vlan)
		return;
	if (form->fabric)
		maas_error(errors, "vid",
		    "No VLAN with vid %lld in fabric name=%s.",
		    (long long)form->vid, in->name);
	else
		maas_error(errors, "vid",
		    "No VLAN with vid %lld in default fabric.",
		    (long long)form->vid);
}

static void read_vlan(struct ask *ask, struct subnet_form *form, json_t *errors)
{
	const char *vid = maas_stripped(ask, "vid");
	struct vlan *vlan = choice(ask, &ask->maas->vlans, "vlan", errors);

	form->vlan = vlan ? vlan : form->vlan;
	form->fabric = choice(ask, &ask->maas->fabrics, "fabric", errors);
	if (vid && *vid)
		maas_form_number(errors, "vid", vid, 0, 4094, &form->vid);
}

/* The fabric and the VID help to find the VLAN of a new one only. */
static void settle_vlan(
    struct ask *ask, struct subnet_form *form, json_t *errors)
{
	if (!form->vlan)
		place(ask, form, errors);
	else if (form->fabric && form->vlan->fabric != form->fabric)
		maas_error(errors, "vlan",
		    "VLAN %s.%s is not in fabric name=%s.",
		    form->vlan->fabric->name, form->vlan->name,
		    form->fabric->name);
}

static bool is_link_local(const struct ip *ip)
{
	return ip->version == 6 && ip->number >> 118 == 0x3fa;
}

/* Given or kept, it is looked at in the network that there will be; where that
 * is not known of a new subnet the region falls over its own question. */
static bool read_gateway(struct ask *ask, struct subnet_form *form,
    const struct subnet *self, json_t *errors)
{
	const char *text = form->gateway = maas_stripped(ask, "gateway_ip");
	struct ip ip;

	if (!text && self)
		text = self->gateway;
	if (!text || !*text)
		return true;
	if (!maas_ip_parse(text, &ip))
		maas_bad_address(errors, "gateway_ip", text);
	else if (!form->net_known)
		maas_refuse(ask, 500, "invalid IPNetwork ");
	else if (!maas_net_has(&form->net, &ip) &&
	         !(form->net.base.version == 6 && is_link_local(&ip)))
		maas_error(errors, "gateway_ip",
		    "Gateway IP must be within CIDR range.");
	return !ask->answered;
}

static void read_rdns(struct ask *ask, struct subnet_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "rdns_mode");

	if (!text || !*text)
		return;
	if (strlen(text) != 1 || !strchr("012", *text))
		maas_error(errors, "rdns_mode",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    text);
	else
		form->rdns_mode = *text - '0';
}

static bool is_name_letter(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c && strchr("_.: /-", c));
}

static void read_name(struct ask *ask, struct subnet_form *form, json_t *errors)
{
	const char *at = form->name = maas_stripped(ask, "name");

	if (!at)
		return;
	while (is_name_letter(*at))
		at++;
	if (maas_letters(form->name) > LONGEST_NAME)
		maas_error(errors, "name", MAAS_TOO_LONG, LONGEST_NAME,
		    maas_letters(form->name));
	if (*at)
		maas_error(errors, "name", "Enter a valid value.");
}

/* The field may be repeated, and each time hold several addresses. The last
 * one decides whether there are any. */
static struct names dns_servers(const struct ask *ask)
{
	const char *last = maas_field(ask, "dns_servers"), *text;
	struct names names = { 0 };
	size_t at = 0;

	while (last && *last &&
	       (text = maas_form_next(&ask->body.form, "dns_servers", &at)))
		maas_names_split(&names, text, ", \t\n\v\f\r");
	return names;
}

/* The last value is parted by commas, and none of the parts may be empty. */
static bool list_fine(struct ask *ask, const char *field, json_t *errors)
{
	const char *text = maas_field(ask, field);
	int number = 1;

	if (!text || !*text)
		return true;
	for (;; number++) {
		size_t len = strcspn(text, ",");

		if (strspn(text, " \t\r\n") >= len)
			maas_error(errors, field,
			    "Item %d in the array did not validate: This "
			    "field is required.",
			    number);
		if (!text[len])
			break;
		text += len + 1;
	}
	return !json_object_get(errors, field);
}

/* A wrong one ends the questions: what comes after is not looked at. */
static bool check_dns(struct ask *ask, json_t *errors)
{
	struct names names = dns_servers(ask);
	struct ip ip;
	bool fine = true;

	list_fine(ask, "dns_servers", errors);
	for (size_t i = 0; i < names.count && fine; i++) {
		fine = maas_ip_parse(names.items[i], &ip);
		if (!fine)
			maas_error(errors, "__all__",
			    "Invalid IP address: %s; provide a list of "
			    "space-separated IP addresses",
			    names.items[i]);
	}
	maas_names_free(&names);
	return fine;
}

/* How machines boot, and what DHCP calls it: two octets, or their number. */
static const char *boot_method(const char *word)
{
	static const struct {
		const char *name, *octet, *number;
	} methods[] = {
		{ "pxe", "00:00", "0x00" },
		{ "uefi_ia32", "00:06", "0x06" },
		{ "uefi_amd64_tftp", "00:07", "0x07" },
		{ "uefi_ebc_tftp", "00:09", "0x09" },
		{ "uefi_arm64_tftp", "00:0B", "0x0B" },
		{ "open-firmware_ppc64el", "00:0C", "0x0C" },
		{ "powernv", "00:0E", "0x0E" },
		{ "uefi_amd64_http", "00:10", "0x10" },
		{ "uefi_arm64_http", "00:13", "0x13" },
		{ "s390x", "00:1F", "0x1F" },
		{ "s390x_partition", "00:20", "0x20" },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].name, word) == 0 ||
		    strcmp(methods[i].octet, word) == 0 ||
		    strcmp(methods[i].number, word) == 0)
			return methods[i].name;
	return NULL;
}

static void read_disabled(
    struct ask *ask, struct subnet_form *form, json_t *errors)
{
	struct names words = { 0 };
	const char *text = maas_field(ask, "disabled_boot_architectures");

	if (!text || !list_fine(ask, "disabled_boot_architectures", errors))
		return;
	maas_names_split(&words, text, " ,");
	for (size_t i = 0; i < words.count; i++) {
		const char *method = boot_method(words.items[i]);

		if (method)
			maas_names_add(&form->disabled, method);
		else
			maas_error(errors, "disabled_boot_architectures",
			    "Unknown boot architecture %s", words.items[i]);
	}
	maas_names_free(&words);
}

/* "true", "t" and "1" are all that says yes here. */
static void read_yes(struct ask *ask, const char *name, bool *yes)
{
	const char *text = maas_field(ask, name);

	if (text)
		*yes = strcasecmp(text, "true") == 0 ||
		       strcasecmp(text, "t") == 0 || strcmp(text, "1") == 0;
}

static void read_boxes(struct ask *ask, struct subnet_form *form)
{
	maas_checkbox(&ask->body.form, "managed", &form->managed);
	maas_checkbox(
	    &ask->body.form, "active_discovery", &form->active_discovery);
	read_yes(ask, "allow_dns", &form->allow_dns);
	read_yes(ask, "allow_proxy", &form->allow_proxy);
}

static bool read_form(
    struct ask *ask, struct subnet_form *form, const struct subnet *self)
{
	json_t *errors = json_object();

	read_cidr(ask, form, self, errors);
	read_vlan(ask, form, errors);
	read_rdns(ask, form, errors);
	read_name(ask, form, errors);
	read_boxes(ask, form);
	form->description = maas_stripped(ask, "description");
	if (maas_field(ask, "space"))
		maas_error(errors, "space",
		    "Spaces may no longer be set on subnets. Set the space on "
		    "the underlying VLAN.");
	if (check_dns(ask, errors)) {
		read_disabled(ask, form, errors);
		if (!self)
			settle_vlan(ask, form, errors);
	}
	if (!read_gateway(ask, form, self, errors)) {
		json_decref(errors);
		return false;
	}
	return maas_fine(ask, errors);
}

/* A subnet that is called like its network goes on being so: as it is written
 * in the form, or as it is when the name is emptied. */
static void write_name(const struct subnet_form *form, struct subnet *subnet)
{
	char before[IP_TEXT + 4], now[IP_TEXT + 4];
	bool same;

	maas_net_text(&subnet->net, before);
	maas_net_text(&form->net, now);
	same = strcmp(subnet->name, before) == 0 &&
	       (!form->name || strcmp(form->name, before) == 0);
	if (form->name && !*form->name)
		maas_set_text(&subnet->name, now);
	else if (same && form->cidr)
		maas_set_text(&subnet->name, form->cidr);
	else if (form->name)
		maas_set_text(&subnet->name, form->name);
}

/* Addresses belong to the network that holds them now. */
static void move_addresses(struct maas *maas, const struct subnet *changed)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->assigned &&
		    (address->subnet == changed ||
		        maas_net_has(&changed->net, &address->ip)))
			address->subnet = maas_subnet_of(maas, &address->ip);
	}
}

static void write_form(
    struct ask *ask, struct subnet_form *form, struct subnet *subnet)
{
	bool moved = subnet->net.bits != form->net.bits ||
	             maas_ip_compare(&subnet->net.base, &form->net.base);

	subnet->net = form->net;
	subnet->vlan = form->vlan;
	subnet->rdns_mode = form->rdns_mode;
	subnet->managed = form->managed;
	subnet->allow_dns = form->allow_dns;
	subnet->allow_proxy = form->allow_proxy;
	subnet->active_discovery = form->active_discovery;
	if (form->description)
		maas_set_text(&subnet->description, form->description);
	if (form->gateway)
		maas_set_text(&subnet->gateway, form->gateway);
	if (maas_field(ask, "dns_servers")) {
		maas_names_free(&subnet->dns_servers);
		subnet->dns_servers = dns_servers(ask);
	}
	if (maas_field(ask, "disabled_boot_architectures")) {
		maas_names_free(&subnet->disabled_architectures);
		subnet->disabled_architectures = form->disabled;
		form->disabled = (struct names){ 0 };
	}
	if (moved)
		move_addresses(ask->maas, subnet);
}

/* Shown as it came; what is kept of an empty gateway is none. */
static void answer_written(struct ask *ask, struct subnet *subnet)
{
	maas_answer(ask, maas_subnet_json(subnet));
	if (subnet->gateway && !*subnet->gateway)
		maas_set_text(&subnet->gateway, NULL);
}

void maas_op_subnets_create(struct ask *ask)
{
	struct subnet_form form = { .rdns_mode = 2,
		.managed = true,
		.allow_dns = true,
		.allow_proxy = true };
	struct subnet *subnet;

	if (read_form(ask, &form, NULL)) {
		subnet = maas_subnet_make(ask->maas, &form.net, form.vlan);
		/* named as it was written, host bits and all */
		maas_set_text(&subnet->name,
		    form.name && *form.name ? form.name : form.cidr);
		subnet->gateway = xstrdup("");
		write_form(ask, &form, subnet);
		move_addresses(ask->maas, subnet);
		answer_written(ask, subnet);
	}
	maas_names_free(&form.disabled);
}

void maas_op_subnets_update(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, true);
	struct subnet_form form;

	if (!subnet)
		return;
	form = (struct subnet_form){ .net = subnet->net,
		.net_known = true,
		.vlan = subnet->vlan,
		.rdns_mode = subnet->rdns_mode,
		.managed = subnet->managed,
		.allow_dns = subnet->allow_dns,
		.allow_proxy = subnet->allow_proxy,
		.active_discovery = subnet->active_discovery };
	if (read_form(ask, &form, subnet)) {
		write_name(&form, subnet);
		write_form(ask, &form, subnet);
		maas_list_touch(&ask->maas->subnets, subnet);
		answer_written(ask, subnet);
	}
	maas_names_free(&form.disabled);
}

/* ---- delete ---- */

static bool serves_dhcp(const struct maas *maas, const struct subnet *subnet)
{
	struct iprange *range;

	list_for_each (range, &maas->ranges) {
		if (range->subnet == subnet && range->dynamic &&
		    subnet->vlan->dhcp_on)
			return true;
	}
	return false;
}

static bool in_use(const struct maas *maas, const struct subnet *subnet)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->subnet == subnet && address->assigned &&
		    address->iface && address->type != ALLOC_DHCP &&
		    address->type != ALLOC_DISCOVERED)
			return true;
	}
	return false;
}

static void subnet_drop(struct maas *maas, struct subnet *subnet)
{
	struct address *address;

	for (size_t i = maas->ranges.count; i-- > 0;) {
		struct iprange *range = maas->ranges.items[i];

		if (range->subnet != subnet)
			continue;
		maas_list_remove(&maas->ranges, range);
		maas_range_free(range);
	}
	list_for_each (address, &maas->addresses) {
		if (address->subnet == subnet)
			address->subnet = NULL;
	}
	maas_static_routes_forget(maas, subnet);
	maas_list_remove(&maas->subnets, subnet);
	maas_subnet_free(subnet);
}

void maas_op_subnets_delete(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, true);
	bool force = true;

	if (!subnet ||
	    (ask->maas->version >= 307 &&
	        !maas_flag(ask, &ask->query, "force", false, &force)))
		return;
	if (serves_dhcp(ask->maas, subnet)) {
		maas_refuse(ask, 400,
		    "Cannot delete a subnet that is actively servicing a "
		    "dynamic IP range. (Delete the dynamic range or disable "
		    "DHCP first.)");
		return;
	}
	if (!force && in_use(ask->maas, subnet)) {
		maas_refuse(ask, 400,
		    "Cannot delete a subnet that has IP addresses in use by "
		    "nodes. (Use the 'force' parameter to override.)");
		return;
	}
	subnet_drop(ask->maas, subnet);
	maas_answer_gone(ask);
}
