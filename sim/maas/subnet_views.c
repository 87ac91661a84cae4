#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/network_asks.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/usage.h"

/* ---- what is used and what is free ---- */

static void answer_runs(
    struct ask *ask, struct usages *usages, bool with_purposes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < usages->count; i++)
		json_array_append_new(
		    list, maas_usage_json(&usages->items[i], with_purposes));
	free(usages->items);
	maas_answer(ask, list);
}

void maas_op_subnets_reserved_ip_ranges(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, false);
	struct usages usages;

	if (!subnet)
		return;
	usages = maas_subnet_used(ask->maas, subnet, 0, NULL);
	answer_runs(ask, &usages, true);
}

void maas_op_subnets_unreserved_ip_ranges(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, false);
	struct usages usages;

	if (!subnet)
		return;
	usages = maas_subnet_free_runs(ask->maas, subnet, 0, NULL);
	answer_runs(ask, &usages, false);
}

/* All that is counted about a subnet. */
struct statistics {
	ip_number available, largest, total;
	const struct usage *first, *last;    /* runs; there is always one */
	const struct usage *free, *roomiest; /* NULL: none is unused */
	unsigned purposes;                   /* of all runs */
};

static struct statistics statistics_of(const struct usages *usages)
{
	struct statistics sums = { .first = usages->items,
		.last = &usages->items[usages->count - 1] };

	for (size_t i = 0; i < usages->count; i++) {
		const struct usage *run = &usages->items[i];

		sums.total += maas_usage_size(run);
		sums.purposes |= run->purposes;
		if (!(run->purposes & PURPOSE_UNUSED))
			continue;
		sums.available += maas_usage_size(run);
		if (!sums.free)
			sums.free = run;
		if (maas_usage_size(run) >= sums.largest) {
			sums.largest = maas_usage_size(run);
			sums.roomiest = run;
		}
	}
	return sums;
}

static json_t *statistics_json(const struct statistics *sums)
{
	char first[IP_TEXT], last[IP_TEXT], used[16], left[16];
	double total = (double)sums->total;
	double usage = (double)(sums->total - sums->available) / total;
	double rest = (double)sums->available / total;

	maas_ip_text(&sums->first->first, first);
	maas_ip_text(&sums->last->last, last);
	snprintf(used, sizeof(used), "%.0f%%", usage * 100);
	snprintf(left, sizeof(left), "%.0f%%", rest * 100);
	return json_pack("{s:o, s:o, s:o, s:o, s:f, s:s, s:s, s:s, s:s, s:i}",
	    "num_available", maas_count_json(sums->available),
	    "largest_available", maas_count_json(sums->largest),
	    "num_unavailable", maas_count_json(sums->total - sums->available),
	    "total_addresses", maas_count_json(sums->total), "usage", usage,
	    "usage_string", used, "available_string", left, "first_address",
	    first, "last_address", last, "ip_version",
	    sums->first->first.version);
}

/* The first address, else the last, else the first that nobody uses; in IPv6
 * the one that belongs to all routers. */
static bool gateway_to_suggest(const struct statistics *sums, struct ip *ip)
{
	*ip = sums->first->first;
	if (sums->purposes & PURPOSE_GATEWAY)
		return false;
	if (ip->version == 6) {
		ip->number--;
		return sums->total > 2;
	}
	if (sums->first->purposes & PURPOSE_UNUSED)
		return true;
	*ip = sums->last->last;
	if (sums->last->purposes & PURPOSE_UNUSED)
		return true;
	if (sums->free)
		*ip = sums->free->first;
	return sums->free != NULL;
}

/* The end of the largest free run: a quarter of the subnet, and never more
 * than half of what is left. gateway: NULL if none is suggested. */
static bool range_to_suggest(const struct statistics *sums,
    const struct ip *gateway, struct usage *range)
{
	ip_number size;

	if (sums->purposes & PURPOSE_DYNAMIC || !sums->roomiest ||
	    (gateway && sums->largest == 1))
		return false;
	*range = *sums->roomiest;
	range->purposes = PURPOSE_PROPOSED;
	if (gateway && maas_ip_compare(gateway, &range->first) == 0)
		range->first.number++;
	else if (gateway &&
	         maas_ip_within(gateway, &range->first, &range->last))
		range->last.number--;
	size = maas_usage_size(range);
	if (size > sums->total >> 2)
		range->first.number = range->last.number - (sums->total >> 2);
	else if (size >= sums->available >> 1)
		range->first.number = range->last.number -
		                      (sums->available >> 1) + 1;
	return range->first.number < range->last.number;
}

static void add_suggestions(json_t *json, const struct statistics *sums)
{
	struct ip gateway;
	struct usage range;
	char text[IP_TEXT];
	bool has_gateway = gateway_to_suggest(sums, &gateway);

	maas_ip_text(&gateway, text);
	json_object_set_new(json, "suggested_gateway",
	    has_gateway ? json_string(text) : json_null());
	json_object_set_new(json, "suggested_dynamic_range",
	    range_to_suggest(sums, has_gateway ? &gateway : NULL, &range)
	        ? maas_usage_json(&range, true)
	        : json_null());
}

void maas_op_subnets_statistics(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, false);
	const struct form *query = &ask->query;
	struct statistics sums;
	struct usages usages;
	json_t *json, *runs;
	bool with_ranges, with_suggestions;

	if (!subnet ||
	    !maas_flag(ask, query, "include_ranges", false, &with_ranges) ||
	    !maas_flag(
	        ask, query, "include_suggestions", false, &with_suggestions))
		return;
	usages = maas_subnet_usages(ask->maas, subnet);
	sums = statistics_of(&usages);
	json = statistics_json(&sums);
	if (with_suggestions)
		add_suggestions(json, &sums);
	runs = json_array();
	for (size_t i = 0; i < usages.count; i++)
		json_array_append_new(
		    runs, maas_usage_json(&usages.items[i], true));
	if (with_ranges)
		json_object_set(json, "ranges", runs);
	json_decref(runs);
	free(usages.items);
	maas_answer(ask, json);
}

/* ---- who has which address ---- */

static json_t *summary_json(const struct iface *iface)
{
	const struct node *node = iface->node;
	char *fqdn = maas_node_fqdn(node);
	json_t *json = json_pack("{s:s, s:i, s:s, s:s, s:b, s:s}", "system_id",
	    node->system_id, "node_type", (int)node->type, "fqdn", fqdn,
	    "hostname", node->hostname, "is_container", node->parent != NULL,
	    "via", iface->name);

	free(fqdn);
	return json;
}

static void add_records(
    const struct maas *maas, json_t *json, const struct address *address)
{
	struct dns_resource *resource;
	json_t *list = json_array();

	list_for_each (resource, &maas->dns_resources) {
		for (size_t i = 0; i < resource->address_count; i++)
			if (resource->addresses[i] == address)
				json_array_append_new(
				    list, json_pack("{s:I, s:s, s:s}", "id",
				              (json_int_t)resource->id, "name",
				              resource->name, "domain",
				              resource->domain->name));
	}
	if (json_array_size(list))
		json_object_set(json, "dns_records", list);
	json_decref(list);
}

/* A BMC is known by its address, and may be that of several machines; the
 * first of them gives it its id here. */
static void add_bmcs(
    const struct maas *maas, json_t *json, const struct address *address)
{
	json_t *nodes = json_array();
	const struct node *first = NULL;
	struct node *node;
	struct ip ip;

	list_for_each (node, &maas->nodes) {
		const char *at = jstr(node->power_parameters, "power_address");

		if (!maas_ip_parse(at, &ip) ||
		    maas_ip_compare(&ip, &address->ip) != 0)
			continue;
		first = first ? first : node;
		json_array_append_new(
		    nodes, json_pack("{s:s, s:s}", "system_id", node->system_id,
		               "hostname", node->hostname));
	}
	if (first)
		json_object_set_new(json, "bmcs",
		    json_pack("[{s:I, s:s, s:O}]", "id", (json_int_t)first->id,
		        "power_type", first->power_type, "nodes", nodes));
	json_decref(nodes);
}

/* Who owns the machine comes before who reserved the address, where machines
 * are looked at. */
static const char *user_of(const struct address *address, bool with_summary)
{
	const struct node *node = address->iface ? address->iface->node : NULL;

	if (with_summary && node && address->type != ALLOC_DISCOVERED) {
		if (node->type >= NODE_RACK)
			return "MAAS";
		if (node->owner)
			return node->owner->name;
	}
	return address->user ? address->user->name : NULL;
}

static json_t *entry_json(const struct maas *maas,
    const struct address *address, bool with_user, bool with_summary)
{
	char ip[IP_TEXT], created[40], updated[40];
	json_t *json;

	maas_ip_text(&address->ip, ip);
	maas_time_words(address->created_time, created);
	maas_time_words(address->updated_time, updated);
	json = json_pack("{s:s, s:i, s:s, s:s}", "ip", ip, "alloc_type",
	    (int)address->type, "created", created, "updated", updated);
	if (with_summary && address->iface && address->iface->node)
		json_object_set_new(
		    json, "node_summary", summary_json(address->iface));
	if (with_summary)
		add_records(maas, json, address);
	if (with_summary && address->of_bmc)
		add_bmcs(maas, json, address);
	if (with_user && user_of(address, with_summary))
		json_object_set_new(
		    json, "user", json_string(user_of(address, with_summary)));
	return json;
}

static int by_ip(const void *a, const void *b)
{
	const struct address *const *x = a, *const *y = b;

	return maas_ip_compare(&(*x)->ip, &(*y)->ip);
}

void maas_op_subnets_ip_addresses(struct ask *ask)
{
	struct subnet *subnet = maas_subnet_asked(ask, false);
	struct list *all = &ask->maas->addresses;
	struct address **sorted;
	json_t *list;
	bool with_user, with_summary, with_nodes;
	size_t count = 0;

	if (!subnet ||
	    !maas_flag(ask, &ask->query, "with_username", true, &with_user) ||
	    !maas_flag(ask, &ask->query, "with_summary", true, &with_summary) ||
	    !maas_flag(
	        ask, &ask->query, "with_node_summary", true, &with_nodes))
		return;
	with_summary &= with_nodes; /* the older word for it */
	list = json_array();
	sorted = xcalloc(all->count + 1, sizeof(*sorted));
	for (size_t i = 0; i < all->count; i++) {
		struct address *address = all->items[i];

		if (address->subnet == subnet && address->assigned)
			sorted[count++] = address;
	}
	qsort(sorted, count, sizeof(*sorted), by_ip);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
		    entry_json(ask->maas, sorted[i], with_user, with_summary));
	free(sorted);
	maas_answer(ask, list);
}
