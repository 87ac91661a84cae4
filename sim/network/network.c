#include "sim/network/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "sim/network/hop.h"
#include "sim/network/parts.h"

#define SITE_LATENCY_FOR     200 /* microseconds, between two racks */
#define BACKBONE_LATENCY_FOR MILLISECONDS(5)
#define UPLINK_FOR           MILLISECONDS(10)
#define BACKBONE_CIDR        "198.18.0.0/15" /* RFC 2544: nobody's */

/* ---- sites ---- */

struct site *network_site(const struct network *network, const char *name)
{
	for (size_t i = 0; i < network->site_count; i++)
		if (strcmp(network->sites[i]->name, name) == 0)
			return network->sites[i];
	return NULL;
}

static struct site *nat_of(const struct network *network, uint32_t address)
{
	for (size_t i = 0; i < network->site_count; i++)
		if (network->sites[i]->behind_nat &&
		    network->sites[i]->nat == address)
			return network->sites[i];
	return NULL;
}

static struct site *add_site(struct network *network, const char *name,
    const struct cidr *cidr, usec latency_for, usec uplink_for)
{
	struct site *site = xcalloc(1, sizeof(*site));

	site->name = xstrdup(name);
	site->cidr = *cidr;
	site->latency_for = latency_for;
	site->uplink_for = uplink_for;
	network->sites = xrealloc(
	    network->sites, (network->site_count + 1) * sizeof(struct site *));
	network->sites[network->site_count++] = site;
	return site;
}

static void site_free(struct site *site)
{
	names_free(&site->names);
	free(site->resolvers);
	free(site->name);
	free(site);
}

bool network_add_site(
    struct network *network, const struct site_spec *spec, struct err *err)
{
	const struct site *taken;
	struct site *site;
	struct cidr cidr;
	uint32_t nat = 0;

	if (network_knows(network, spec->name))
		return err_set(err, ERR_INPUT,
		    "there is already something called %s in the network",
		    spec->name);
	if (!spec->cidr || !cidr_parse(spec->cidr, &cidr))
		return err_set(err, ERR_INPUT,
		    "site %s: %s is not an address range like 10.10.0.0/16",
		    spec->name, spec->cidr ? spec->cidr : "nothing");
	if (spec->nat && !ipv4_parse(spec->nat, &nat))
		return err_set(err, ERR_INPUT,
		    "site %s: %s is not an address to show outside", spec->name,
		    spec->nat);
	taken = spec->nat ? nat_of(network, nat) : NULL;
	if (taken)
		return err_set(err, ERR_INPUT,
		    "site %s: %s is shown by site %s already", spec->name,
		    spec->nat, taken->name);
	site = add_site(network, spec->name, &cidr,
	    spec->latency_for ? spec->latency_for : SITE_LATENCY_FOR,
	    spec->uplink_for ? spec->uplink_for : UPLINK_FOR);
	site->behind_nat = spec->nat != NULL;
	site->nat = nat;
	site->proxy_only = spec->proxy_only;
	return true;
}

/* ---- hosts ---- */

struct place *network_place(const struct network *network, const char *host)
{
	for (size_t i = 0; i < network->place_count; i++)
		if (strcmp(network->places[i]->host, host) == 0)
			return network->places[i];
	return NULL;
}

static struct place *holder_in(
    const struct network *network, const struct site *site, uint32_t address)
{
	for (size_t i = 0; i < network->place_count; i++)
		if (network->places[i]->site == site &&
		    network->places[i]->address == address)
			return network->places[i];
	return NULL;
}

static struct place *holder_among(
    const struct network *network, bool behind_nat, uint32_t address)
{
	for (size_t i = 0; i < network->place_count; i++)
		if (network->places[i]->site->behind_nat == behind_nat &&
		    network->places[i]->address == address)
			return network->places[i];
	return NULL;
}

/* Whom a packet for this address reaches when it is sent in `site`: its own
 * site first (two sites behind NAT may use the same addresses), then hosts
 * that are routable, then hosts behind NAT, which refuse with a sentence. */
static struct place *holder_of(
    const struct network *network, const struct site *site, uint32_t address)
{
	struct place *place = holder_in(network, site, address);

	if (!place)
		place = holder_among(network, false, address);
	if (!place)
		place = holder_among(network, true, address);
	return place;
}

/* From the bottom of the range: its first address is the site's router. */
static uint32_t next_free(
    const struct network *network, const struct site *site)
{
	uint32_t address = site->cidr.base + 2;

	while (cidr_contains(&site->cidr, address) &&
	       holder_in(network, site, address))
		address++;
	return address;
}

static struct place *add_place(struct network *network, const char *host,
    struct site *site, uint32_t address)
{
	struct place *place = xcalloc(1, sizeof(*place));

	place->host = xstrdup(host);
	place->site = site;
	place->address = address;
	ipv4_text(address, place->address_text);
	network->places = xrealloc(network->places,
	    (network->place_count + 1) * sizeof(struct place *));
	network->places[network->place_count++] = place;
	return place;
}

const char *network_add_host(struct network *network, const char *host,
    const char *site_name, const char *address, struct err *err)
{
	struct site *site = network_site(network, site_name);
	uint32_t number;

	if (!site) {
		err_set(err, ERR_INPUT, "host %s: there is no site %s", host,
		    site_name);
		return NULL;
	}
	if (network_knows(network, host)) {
		err_set(err, ERR_INPUT,
		    "there is already something called %s in the network",
		    host);
		return NULL;
	}
	if (!address)
		number = next_free(network, site);
	else if (!ipv4_parse(address, &number)) {
		err_set(err, ERR_INPUT, "host %s: %s is not an address", host,
		    address);
		return NULL;
	}
	if (!(site->is_backbone && address) &&
	    !cidr_contains(&site->cidr, number)) {
		err_set(err, ERR_INPUT, "host %s: %s is not in the range of %s",
		    host, address ? address : "the next free address",
		    site_name);
		return NULL;
	}
	return add_place(network, host, site, number)->address_text;
}

static void place_free(struct place *place)
{
	free(place->host);
	free(place);
}

void network_remove_host(struct network *network, const char *host)
{
	size_t kept = 0;

	for (size_t i = 0; i < network->place_count; i++) {
		struct place *place = network->places[i];

		if (strcmp(place->host, host) == 0)
			place_free(place);
		else
			network->places[kept++] = place;
	}
	network->place_count = kept;
}

const char *network_address(const struct network *network, const char *host)
{
	const struct place *place = network_place(network, host);

	return place ? place->address_text : NULL;
}

void network_mark_proxy(struct network *network, const char *host)
{
	struct place *place = network_place(network, host);

	check(place);
	place->is_proxy = true;
}

bool network_knows(const struct network *network, const char *name)
{
	return network_site(network, name) || network_place(network, name);
}

/* ---- routes ---- */

static void no_holder(const struct network *network, uint32_t address,
    const char *text, struct route *route)
{
	const struct site *site = nat_of(network, address);

	if (site) {
		route->verdict = ROUTE_REFUSED;
		snprintf(route->why, sizeof(route->why),
		    "%s is the NAT gateway of %s, which forwards nothing", text,
		    site->name);
		return;
	}
	route->verdict = ROUTE_DROPPED;
	snprintf(route->why, sizeof(route->why),
	    "nobody who is up has the address %s", text);
}

static void route_to(const struct network *network, const struct place *from,
    const char *address, bool established, struct route *route)
{
	struct path path = { .network = network, .from = from };
	uint32_t number;

	*route = (struct route){ .latency_for = from->site->latency_for };
	text_copy(route->address, sizeof(route->address), address);
	check(ipv4_parse(address, &number));
	path.to = holder_of(network, from->site, number);
	if (!path.to) {
		no_holder(network, number, address, route);
		return;
	}
	path.established = established;
	path.why = route->why;
	path.verdict = ROUTE_OPEN;
	hops_pass(&path);
	route->verdict = path.verdict;
	route->latency_for = path.latency_for;
	text_copy(route->to, sizeof(route->to), path.to->host);
	ipv4_text(path.shown, route->seen_as);
}

/* An established connection is asked for by the other side's own name, since
 * an answer goes back to whoever dialled, wherever NAT has hidden it. */
static bool route_back(const struct network *network, const struct place *from,
    const struct route_query *query, struct route *route)
{
	const struct place *to = network_place(network, query->host);
	struct path path = { .network = network,
		.from = from,
		.to = to,
		.established = true,
		.why = route->why };

	if (!to || !query->established)
		return false;
	path.verdict = ROUTE_OPEN;
	hops_pass(&path);
	route->verdict = path.verdict;
	route->latency_for = path.latency_for;
	text_copy(route->address, sizeof(route->address), to->address_text);
	text_copy(route->to, sizeof(route->to), to->host);
	ipv4_text(path.shown, route->seen_as);
	return true;
}

/* Of several addresses the first that leads somewhere, as every client library
 * tries them in order. The time that its vain attempts take is not modelled. */
void network_route(
    void *ctx, const struct route_query *query, struct route *route)
{
	const struct network *network = ctx;
	const struct place *from = network_place(network, query->from);
	char addresses[16][16];
	struct route other;
	int count;

	*route = (struct route){ .verdict = ROUTE_DROPPED };
	if (!from) {
		snprintf(route->why, sizeof(route->why),
		    "%s is not connected to any network", query->from);
		return;
	}
	if (route_back(network, from, query, route))
		return;
	count = network_resolve(network, from, query->host, addresses, 16,
	    route->why, sizeof(route->why));
	if (count == 0) {
		/* Who is connected has no use for names: its peer is gone. */
		route->verdict = query->established ? ROUTE_DROPPED
		                                    : ROUTE_NO_NAME;
		return;
	}
	route_to(network, from, addresses[0], query->established, route);
	for (int i = 1; i < count && route->verdict != ROUTE_OPEN; i++) {
		route_to(
		    network, from, addresses[i], query->established, &other);
		if (other.verdict == ROUTE_OPEN)
			*route = other;
	}
}

/* ---- life ---- */

struct network *network_new(struct loop *loop, struct events *events)
{
	struct network *network = xcalloc(1, sizeof(*network));
	struct cidr cidr;

	network->loop = loop;
	network->events = events;
	check(cidr_parse(BACKBONE_CIDR, &cidr));
	add_site(network, NETWORK_BACKBONE, &cidr, BACKBONE_LATENCY_FOR, 0)
	    ->is_backbone = true;
	return network;
}

/* Hosts first: they point at their sites. */
void network_free(struct network **network_ptr)
{
	struct network *network = *network_ptr;

	*network_ptr = NULL;
	if (!network)
		return;
	for (size_t i = 0; i < network->place_count; i++)
		place_free(network->places[i]);
	free(network->places);
	network_links_free(network);
	for (size_t i = 0; i < network->site_count; i++)
		site_free(network->sites[i]);
	free(network->sites);
	names_free(&network->names);
	free(network);
}
