#include "sim/maas/addresses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/ask.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/network_asks.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"
#include "sim/maas/usage.h"

struct address *maas_address_make(
    struct maas *maas, enum alloc_type type, struct subnet *subnet)
{
	struct address *address = xcalloc(1, sizeof(*address));

	address->type = type;
	address->subnet = subnet;
	address->created_time = address->updated_time = maas_time(maas);
	maas_list_add(&maas->addresses, address);
	return address;
}

static struct list *shelf_of(const struct address *address)
{
	struct node *node = address->iface ? address->iface->node : NULL;

	return node ? &node->addresses : NULL;
}

void maas_address_give(struct address *address, struct iface *iface)
{
	if (shelf_of(address))
		maas_list_remove(shelf_of(address), address);
	address->iface = iface;
	if (shelf_of(address))
		maas_list_put(shelf_of(address), address);
}

void maas_address_assign(
    struct address *address, const struct ip *ip, usec time)
{
	address->ip = *ip;
	address->assigned = true;
	address->updated_time = time;
}

static bool tells(const struct address *address)
{
	return address->assigned && (address->type == ALLOC_RESERVED ||
	                                address->type == ALLOC_STICKY);
}

/* Events are about what people reserved, not about what machines get. */
static void tell(struct maas *maas, const struct address *address, bool gone)
{
	char text[IP_TEXT], *about;

	if (!tells(address))
		return;
	maas_ip_text(&address->ip, text);
	about = xasprintf("%s/address/%s", maas->name, text);
	EVENT(maas->host->events, gone ? "gone" : "state", maas->name, about,
	    F("type",
	        address->type == ALLOC_RESERVED ? "User reserved" : "Sticky"),
	    F("user", address->user ? address->user->name : ""));
	free(about);
}

void maas_address_told(struct maas *maas, const struct address *address)
{
	tell(maas, address, false);
}

void maas_address_drop(struct maas *maas, struct address *address)
{
	tell(maas, address, true);
	maas_dns_unlink(maas, address);
	maas_address_give(address, NULL);
	maas_list_remove(&maas->addresses, address);
	maas->dns_dirty = true;
	free(address);
}

struct address *maas_address_find(const struct maas *maas, const struct ip *ip)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->assigned && maas_ip_compare(&address->ip, ip) == 0)
			return address;
	}
	return NULL;
}

/* MAAS takes the lowest address of the smallest run of free ones, so that
 * large runs stay whole. */
static bool next_free(const struct maas *maas, const struct subnet *subnet,
    unsigned flags, struct ip *ip)
{
	struct usages runs = maas_subnet_free_runs(maas, subnet, flags, NULL);
	const struct usage *best = NULL;

	for (size_t i = 0; i < runs.count; i++)
		if (!best ||
		    maas_usage_size(&runs.items[i]) < maas_usage_size(best))
			best = &runs.items[i];
	if (best)
		*ip = best->first;
	free(runs.items);
	return best != NULL;
}

/* Where a neighbour was seen, and nobody answers now, is the last resort. (MAAS
 * then takes the one that was seen longest ago; we do not look at that.) */
bool maas_address_next(
    struct maas *maas, const struct subnet *subnet, bool probe, struct ip *ip)
{
	unsigned answers = probe ? USAGE_STRANGERS : 0;

	return next_free(maas, subnet, answers | USAGE_NEIGHBOURS, ip) ||
	       next_free(maas, subnet, answers, ip);
}

/* ---- ipaddresses/ ---- */

static const char *type_name(enum alloc_type type)
{
	switch (type) {
	case ALLOC_AUTO:
		return "Automatic";
	case ALLOC_STICKY:
		return "Static";
	case ALLOC_RESERVED:
		return "User reserved";
	case ALLOC_DHCP:
		return "DHCP";
	case ALLOC_DISCOVERED:
		return "Observed";
	}
	unreachable("an address of no type");
}

json_t *maas_address_json(
    const struct maas *maas, const struct address *address)
{
	char text[IP_TEXT], time[32];
	json_t *ifaces = json_array();

	(void)maas;
	if (address->iface)
		json_array_append_new(ifaces, maas_iface_json(address->iface));
	if (address->assigned)
		maas_ip_text(&address->ip, text);
	time_text_ms(address->created_time, time);
	time[strcspn(time, "Z")] = '\0';
	return json_pack("{s:s, s:o, s:i, s:s, s:o, s:o, s:o, s:s}", "created",
	    time, "ip", address->assigned ? json_string(text) : json_null(),
	    "alloc_type", (int)address->type, "alloc_type_name",
	    type_name(address->type), "subnet",
	    maas_subnet_json(address->subnet), "owner",
	    maas_user_json(address->user), "interface_set", ifaces,
	    "resource_uri", "/MAAS/api/2.0/ipaddresses/");
}

static int by_type_and_ip(const void *a, const void *b)
{
	const struct address *const *x = a, *const *y = b;

	if ((*x)->id == (*y)->id)
		return 0;
	return (*x)->id < (*y)->id ? -1 : 1;
}

static void answer_list(
    struct ask *ask, bool all, const struct user *owner, const struct ip *ip)
{
	struct list *list = &ask->maas->addresses;
	struct address **sorted = xcalloc(list->count + 1, sizeof(*sorted));
	json_t *shown = json_array();
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct address *address = list->items[i];

		if (ip && (!address->assigned ||
		              maas_ip_compare(&address->ip, ip) != 0))
			continue;
		if (!address->assigned ||
		    (!all && address->type != ALLOC_RESERVED))
			continue;
		if (owner && address->user != owner)
			continue;
		sorted[count++] = address;
	}
	qsort(sorted, count, sizeof(*sorted), by_type_and_ip);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    shown, maas_address_json(ask->maas, sorted[i]));
	free(sorted);
	maas_answer(ask, shown);
}

void maas_op_ipaddresses_list(struct ask *ask)
{
	const char *owner_name = maas_query(ask, "owner");
	const char *ip_text = maas_query(ask, "ip");
	struct user *owner = ask->user;
	struct ip ip;
	bool all;

	if (!maas_flag(ask, &ask->query, "all", false, &all))
		return;
	if (ip_text && strchr(ip_text, '/')) {
		struct buf told = BUF_INIT;

		maas_python_no_ip(&told, ip_text);
		maas_refuse(ask, 500, "%s", buf_text(&told));
		buf_free(&told);
		return;
	}
	if (ip_text && !maas_ip_parse(ip_text, &ip)) {
		maas_answer_text(ask, 400, "text/plain",
		    "Parameter 'ip' must contain an IP address.");
		return;
	}
	if (all && !maas_is_admin(ask)) {
		maas_answer_text(ask, 403, "text/plain",
		    "Listing all IP addresses requires admin privileges.");
		return;
	}
	if (owner_name && !maas_is_admin(ask)) {
		maas_answer_text(ask, 403, "text/plain",
		    "Listing another user's IP addresses requires admin "
		    "privileges.");
		return;
	}
	if (owner_name)
		owner = maas_user_find(ask->maas, owner_name);
	if (owner_name && !owner) {
		maas_answer(ask, json_array());
		return;
	}
	answer_list(
	    ask, all, all && !owner_name ? NULL : owner, ip_text ? &ip : NULL);
}

static bool is_dynamic(struct ask *ask, const struct subnet *subnet,
    const struct ip *ip, const char *text)
{
	struct iprange *range;

	list_for_each (range, &ask->maas->ranges) {
		if (range->subnet != subnet || !range->dynamic ||
		    !maas_ip_within(ip, &range->first, &range->last))
			continue;
		maas_refuse(ask, 403,
		    "IP address %s belongs to an existing dynamic range. To "
		    "reserve this IP address, a MAC address is required. "
		    "(Create a device instead.)",
		    text);
		return true;
	}
	return false;
}

static bool is_reserved(struct ask *ask, const struct subnet *subnet,
    const struct ip *ip, const char *text)
{
	struct iprange *range;
	char first[IP_TEXT], last[IP_TEXT];

	list_for_each (range, &ask->maas->ranges) {
		if (range->subnet != subnet || range->user == ask->user ||
		    !maas_ip_within(ip, &range->first, &range->last))
			continue;
		maas_ip_text(&range->first, first);
		maas_ip_text(&range->last, last);
		maas_refuse(ask, 404,
		    "%s is within the reserved range from %s to %s", text,
		    first, last);
		return true;
	}
	return false;
}

static bool pick_subnet(struct ask *ask, const char *ip_text,
    const char *subnet_text, struct subnet **subnet, const struct ip *ip)
{
	char text[IP_TEXT];

	if (!ip_text) {
		*subnet = maas_subnet_meant(ask, subnet_text);
		return *subnet != NULL;
	}
	*subnet = maas_subnet_of(ask->maas, ip);
	maas_ip_text(ip, text);
	if (!*subnet)
		maas_refuse(
		    ask, 400, "No known subnet for IP address: %s.", text);
	return *subnet && !is_dynamic(ask, *subnet, ip, text);
}

/* The address asked for if it is free; else the subnet's next one. */
static bool pick_address(
    struct ask *ask, bool given, const struct subnet *subnet, struct ip *ip)
{
	char text[IP_TEXT + 4];

	if (!given) {
		if (maas_address_next(ask->maas, subnet, false, ip))
			return true;
		maas_net_text(&subnet->net, text);
		maas_refuse(
		    ask, 503, "No more IPs available in subnet: %s.", text);
		return false;
	}
	maas_ip_text(ip, text);
	if (is_reserved(ask, subnet, ip, text))
		return false;
	if (!maas_address_find(ask->maas, ip))
		return true;
	maas_refuse(ask, 404, "The IP address %s is already in use.", text);
	return false;
}

/* "host.domain" in a domain that is known. */
static bool domain_is_known(struct ask *ask, const char *hostname)
{
	const char *dot = hostname ? strchr(hostname, '.') : NULL;

	if (!dot || dot == hostname || maas_domain_find(ask->maas, dot + 1))
		return true;
	maas_answer_missing(ask, "Domain");
	return false;
}

/* "host" in the default domain, or "host.domain". */
static void name_it(
    struct ask *ask, struct address *address, const char *hostname)
{
	const char *dot = strchr(hostname, '.');
	struct domain *domain = ask->maas->default_domain;
	struct dns_resource *resource;
	char *label = xstrndup(hostname, strcspn(hostname, "."));

	if (dot && maas_domain_find(ask->maas, dot + 1))
		domain = maas_domain_find(ask->maas, dot + 1);
	resource = maas_dns_find(ask->maas, label, domain);
	if (!resource)
		resource = maas_dns_make(ask->maas, label, domain);
	maas_dns_link(resource, address);
	ask->maas->dns_dirty = true;
	free(label);
}

/* A MAC that belongs to nobody becomes an interface without a node. */
static bool mac_fits(struct ask *ask, const char *mac, struct iface **iface)
{
	json_t *errors;

	*iface = NULL;
	if (!mac || !*mac)
		return true;
	if (!maas_mac_ok(mac)) {
		errors = json_object();
		maas_error(errors, "mac_address",
		    "'%s' is not a valid MAC address.", mac);
		maas_refuse_model(ask, errors);
		return false;
	}
	*iface = maas_iface_with_mac(ask->maas, mac);
	if (*iface && (*iface)->node) {
		maas_refuse(ask, 400,
		    "MAC address %s already belongs to %s. Use of the "
		    "interface API is required, for an interface that "
		    "belongs to a node.",
		    mac, (*iface)->node->hostname);
		return false;
	}
	return true;
}

void maas_op_ipaddresses_reserve(struct ask *ask)
{
	const char *subnet_text = maas_field(ask, "subnet");
	const char *ip_text = maas_field(ask, "ip");
	const char *hostname = maas_field(ask, "hostname");
	const char *mac = maas_field(ask, "mac");
	struct subnet *subnet;
	struct address *address;
	struct iface *iface;
	json_t *errors = json_object();
	struct ip ip;

	if (!ip_text)
		ip_text = maas_field(ask, "ip_address");
	if (ip_text && !maas_ip_parse(ip_text, &ip))
		maas_bad_address(errors, "ip_address", ip_text);
	if (!maas_fine(ask, errors))
		return;
	if (!ip_text && !subnet_text) {
		maas_refuse(ask, 400,
		    "Must supply either the 'subnet' or the 'ip' "
		    "parameter.");
		return;
	}
	if (!pick_subnet(ask, ip_text, subnet_text, &subnet, &ip) ||
	    !domain_is_known(ask, hostname) || !mac_fits(ask, mac, &iface) ||
	    !pick_address(ask, ip_text != NULL, subnet, &ip))
		return;
	if (ip_text && !maas_ip_may_have(ask, mac ? mac : "", &ip))
		return;
	address = maas_address_make(
	    ask->maas, mac && *mac ? ALLOC_STICKY : ALLOC_RESERVED, subnet);
	address->type = ALLOC_RESERVED;
	address->user = ask->user;
	maas_address_assign(address, &ip, address->created_time);
	if (mac && *mac) {
		if (!iface)
			iface = maas_iface_unowned(
			    ask->maas, mac, subnet->vlan);
		maas_address_give(address, iface);
	}
	if (hostname && *hostname)
		name_it(ask, address, hostname);
	maas_address_told(ask->maas, address);
	maas_answer(ask, maas_address_json(ask->maas, address));
}

static bool release_form_fine(struct ask *ask, const char *text, struct ip *ip)
{
	json_t *errors = json_object();

	if (!*text)
		maas_error(errors, "ip", "This field is required.");
	else if (!maas_ip_parse(text, ip))
		maas_bad_address(errors, "ip", text);
	return maas_fine(ask, errors);
}

static void not_released(struct ask *ask, const char *text, bool force)
{
	if (force)
		maas_refuse(ask, 400, "IP address %s does not exist.", text);
	else
		maas_refuse(ask, 400,
		    "IP address %s does not exist, is not the correct type "
		    "of address, or does not belong to the requesting "
		    "user.\nIf you are sure you want to release this "
		    "address, use force=true as a MAAS administrator.",
		    text);
}

void maas_op_ipaddresses_release(struct ask *ask)
{
	const char *text = maas_needed(ask, "ip");
	struct address *address;
	struct ip ip;
	bool force, discovered, fine;

	if (!text || !maas_flag(ask, &ask->body.form, "force", false, &force) ||
	    !maas_flag(ask, &ask->body.form, "discovered", false, &discovered))
		return;
	if (force && !maas_is_admin(ask)) {
		maas_answer_text(ask, 403, "text/plain",
		    "Force-releasing an IP address requires admin "
		    "privileges.");
		return;
	}
	if (!release_form_fine(ask, text, &ip))
		return;
	address = maas_address_find(ask->maas, &ip);
	if (force)
		fine = address &&
		       (address->type == ALLOC_DISCOVERED) == discovered;
	else
		fine = address && address->type == ALLOC_RESERVED &&
		       address->user == ask->user;
	if (!fine) {
		not_released(ask, text, force);
		return;
	}
	maas_address_drop(ask->maas, address);
	maas_answer_gone(ask);
}
