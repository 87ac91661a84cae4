#include "sim/maas/usage.h"

#include <stdlib.h>

#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/documents.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/region.h"

static void add(struct usages *usages, const struct ip *first,
    const struct ip *last, unsigned purposes)
{
	usages->items = xrealloc(
	    usages->items, (usages->count + 1) * sizeof(*usages->items));
	usages->items[usages->count] = (struct usage){ .first = *first,
		.last = *last,
		.purposes = purposes,
		.came = usages->count };
	usages->count++;
}

static void take_text(struct usages *usages, const struct subnet *subnet,
    const char *text, unsigned purposes)
{
	struct ip ip;

	if (text && maas_ip_parse(text, &ip) && maas_net_has(&subnet->net, &ip))
		add(usages, &ip, &ip, purposes);
}

/* The lower half of a /64 is kept for a scheme of addresses that never came,
 * and the first address belongs to all routers (RFC 4291 2.6.1). */
static void take_ipv6(struct usages *usages, const struct ip_net *net)
{
	struct ip first = net->base, last = net->base;

	if (first.version != 6)
		return;
	if (net->bits == 64) {
		first.number += 1;
		last.number += 0xffffffff;
		add(usages, &first, &last, PURPOSE_RESERVED);
	}
	if (net->bits < 127)
		add(usages, &net->base, &net->base, PURPOSE_ROUTER);
}

static void take_routes(
    struct usages *usages, const struct maas *maas, const struct subnet *subnet)
{
	struct document *route;
	struct ip ip;

	list_for_each (route, &maas->routes) {
		if (jint(route->shown, "_source") == subnet->id &&
		    maas_ip_parse(jstr(route->shown, "gateway_ip"), &ip))
			add(usages, &ip, &ip, PURPOSE_GATEWAY);
	}
}

static void take_addresses(struct usages *usages, const struct maas *maas,
    const struct subnet *subnet, unsigned flags)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->assigned && address->subnet == subnet &&
		    maas_net_has(&subnet->net, &address->ip) &&
		    !(flags & USAGE_NO_DISCOVERED &&
		        address->type == ALLOC_DISCOVERED))
			add(usages, &address->ip, &address->ip,
			    PURPOSE_ASSIGNED);
	}
}

/* Reserved for a MAC; it is not looked at who asks. */
static void take_kept(
    struct usages *usages, const struct maas *maas, const struct subnet *subnet)
{
	struct document *reserved;

	list_for_each (reserved, &maas->reserved_ips)
		take_text(usages, subnet, jstr(reserved->shown, "ip"),
		    PURPOSE_RESERVED);
}

static void take_single(struct usages *usages, const struct maas *maas,
    const struct subnet *subnet, unsigned flags)
{
	take_text(usages, subnet, subnet->gateway, PURPOSE_GATEWAY);
	for (size_t i = 0; i < subnet->dns_servers.count; i++)
		take_text(usages, subnet, subnet->dns_servers.items[i],
		    PURPOSE_DNS_SERVER);
	take_routes(usages, maas, subnet);
	take_addresses(usages, maas, subnet, flags);
	take_kept(usages, maas, subnet);
}

static void take_strangers(
    struct usages *usages, const struct maas *maas, const struct subnet *subnet)
{
	const struct names *runs = &maas->strangers;
	struct ip first, last;

	for (size_t i = 0; i < runs->count; i++)
		if (maas_ip_parse_run(runs->items[i], &first, &last) &&
		    maas_net_has(&subnet->net, &first))
			add(usages, &first, &last, PURPOSE_NEIGHBOUR);
}

static void take_neighbours(
    struct usages *usages, const struct maas *maas, const struct subnet *subnet)
{
	const struct document *neighbour;
	struct ip ip;

	list_for_each (neighbour, &maas->neighbours) {
		if (maas_ip_parse(jstr(neighbour->shown, "ip"), &ip) &&
		    maas_net_has(&subnet->net, &ip))
			add(usages, &ip, &ip, PURPOSE_NEIGHBOUR);
	}
}

static void take_ranges(struct usages *usages, const struct maas *maas,
    const struct subnet *subnet, unsigned kinds, const struct iprange *without)
{
	struct iprange *range;
	unsigned purpose;

	list_for_each (range, &maas->ranges) {
		purpose = range->dynamic ? PURPOSE_DYNAMIC : PURPOSE_RESERVED;
		if (range->subnet == subnet && range != without &&
		    purpose & kinds)
			add(usages, &range->first, &range->last, purpose);
	}
}

/* By the first address; of those that begin together the largest first, and of
 * the same range the one that came first. */
static int by_first(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;
	int order = maas_ip_compare(&x->first, &y->first);

	if (!order)
		order = maas_ip_compare(&y->last, &x->last);
	return order ? order : x->came < y->came ? -1 : 1;
}

static void drop_repeated(struct usages *usages)
{
	size_t kept = 0;

	for (size_t i = 0; i < usages->count; i++) {
		const struct usage *next = &usages->items[i];
		const struct usage *last = kept ? &usages->items[kept - 1]
		                                : NULL;

		if (!last || maas_ip_compare(&last->first, &next->first) ||
		    maas_ip_compare(&last->last, &next->last))
			usages->items[kept++] = *next;
	}
	usages->count = kept;
}

static bool joins(const struct usage *last, const struct usage *next)
{
	if (maas_ip_compare(&next->first, &last->last) <= 0)
		return true;
	return next->first.number == last->last.number + 1 &&
	       next->purposes == last->purposes;
}

/* First what overlaps, then what touches: joined runs may touch in turn. */
static void join(struct usages *usages, bool touching)
{
	size_t kept = 0;

	for (size_t i = 0; i < usages->count; i++) {
		struct usage *next = &usages->items[i];
		struct usage *last = kept ? &usages->items[kept - 1] : NULL;

		if (!last || !(touching ? joins(last, next)
		                        : maas_ip_compare(&next->first,
		                              &last->last) <= 0)) {
			usages->items[kept++] = *next;
			continue;
		}
		last->purposes |= next->purposes;
		if (maas_ip_compare(&next->last, &last->last) > 0)
			last->last = next->last;
	}
	usages->count = kept;
}

static void condense(struct usages *usages)
{
	if (usages->count)
		qsort(usages->items, usages->count, sizeof(*usages->items),
		    by_first);
	drop_repeated(usages);
	join(usages, false);
	join(usages, true);
}

static struct usages used(const struct maas *maas, const struct subnet *subnet,
    unsigned flags, unsigned kinds, const struct iprange *without)
{
	struct usages usages = { 0 };

	take_ipv6(&usages, &subnet->net);
	if (!(flags & USAGE_RANGES_ONLY))
		take_single(&usages, maas, subnet, flags);
	take_ranges(&usages, maas, subnet, kinds & PURPOSE_RESERVED, without);
	take_ranges(&usages, maas, subnet, kinds & PURPOSE_DYNAMIC, without);
	if (flags & USAGE_STRANGERS)
		take_strangers(&usages, maas, subnet);
	if (flags & USAGE_NEIGHBOURS)
		take_neighbours(&usages, maas, subnet);
	condense(&usages);
	return usages;
}

struct usages maas_subnet_used(const struct maas *maas,
    const struct subnet *subnet, unsigned flags, const struct iprange *without)
{
	return used(
	    maas, subnet, flags, PURPOSE_RESERVED | PURPOSE_DYNAMIC, without);
}

/* The addresses that somebody could have. */
static void usable(const struct ip_net *net, struct ip *first, struct ip *last)
{
	int all_bits = net->base.version == 4 ? 32 : 128;

	*first = net->base;
	*last = maas_net_last(net);
	if (net->bits >= all_bits - 1)
		return;
	first->number++;
	if (first->version == 4)
		last->number--;
}

/* The network address itself may be used, and then the count begins after
 * what is before the first usable one. */
static struct usages unused(
    const struct usages *usages, const struct ip_net *net, unsigned purpose)
{
	struct usages runs = { 0 };
	struct ip next, end, last;

	usable(net, &next, &last);
	for (size_t i = 0; i < usages->count; i++) {
		end = usages->items[i].first;
		if (end.number > next.number) {
			end.number--;
			add(&runs, &next, &end, purpose);
		}
		next = usages->items[i].last;
		next.number++;
	}
	if (next.number <= last.number)
		add(&runs, &next, &last, purpose);
	return runs;
}

static void add_all(struct usages *to, const struct usages *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(to, &from->items[i].first, &from->items[i].last,
		    from->items[i].purposes);
}

struct usages maas_subnet_free_runs(const struct maas *maas,
    const struct subnet *subnet, unsigned flags, const struct iprange *without)
{
	struct usages in_use = maas_subnet_used(maas, subnet, flags, without);
	struct usages rest = unused(&in_use, &subnet->net, PURPOSE_UNUSED);
	struct usages dynamic;

	free(in_use.items);
	if (subnet->managed || flags & USAGE_RANGES_ONLY)
		return rest;
	dynamic = used(maas, subnet, flags, PURPOSE_DYNAMIC, without);
	add_all(&dynamic, &rest);
	free(rest.items);
	condense(&dynamic);
	rest = unused(&dynamic, &subnet->net, PURPOSE_UNUSED);
	free(dynamic.items);
	return rest;
}

struct usages maas_subnet_usages(
    const struct maas *maas, const struct subnet *subnet)
{
	struct usages usages = maas_subnet_used(maas, subnet, 0, NULL);
	struct usages rest = unused(&usages, &subnet->net, PURPOSE_UNUSED);

	add_all(&usages, &rest);
	free(rest.items);
	condense(&usages);
	return usages;
}

ip_number maas_usage_size(const struct usage *usage)
{
	return usage->last.number - usage->first.number + 1;
}

static json_t *purposes_json(unsigned purposes)
{
	static const char *const words[] = {
#define X(word, shown) shown,
		PURPOSES(X)
#undef X
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (purposes >> i & 1)
			json_array_append_new(list, json_string(words[i]));
	return list;
}

json_t *maas_count_json(ip_number count)
{
	return count > (ip_number)INT64_MAX ? json_integer(INT64_MAX)
	                                    : json_integer((json_int_t)count);
}

json_t *maas_usage_json(const struct usage *usage, bool with_purposes)
{
	char first[IP_TEXT], last[IP_TEXT];
	json_t *json;

	maas_ip_text(&usage->first, first);
	maas_ip_text(&usage->last, last);
	json = json_pack("{s:s, s:s, s:o}", "start", first, "end", last,
	    "num_addresses", maas_count_json(maas_usage_size(usage)));
	if (with_purposes)
		json_object_set_new(
		    json, "purpose", purposes_json(usage->purposes));
	return json;
}
