/*
 * usage: what the addresses of a subnet are used for, run by run.
 *
 * The region collects ranges, each with a purpose, sorts them and joins what
 * overlaps (the purposes add up) and what touches and has the same purposes.
 * A range that is there already, address for address, keeps the purpose with
 * which it came first: a gateway that also answers DNS is only a gateway.
 * What is left between them is unused. Network and broadcast address of an
 * IPv4 network are nobody's.
 *
 * A subnet that is not managed is turned round: addresses are free only where
 * somebody reserved them.
 */
#ifndef SIM_MAAS_USAGE_H
#define SIM_MAAS_USAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/maas/ip.h"

struct iprange;
struct maas;
struct subnet;

/* In the order of their words, which is the order in which they are shown. */
#define PURPOSES(X)                     \
	X(ASSIGNED, "assigned-ip")      \
	X(DNS_SERVER, "dns-server")     \
	X(DYNAMIC, "dynamic")           \
	X(GATEWAY, "gateway-ip")        \
	X(NEIGHBOUR, "neighbour")       \
	X(PROPOSED, "proposed-dynamic") \
	X(RESERVED, "reserved")         \
	X(ROUTER, "rfc-4291-2.6.1")     \
	X(UNUSED, "unused")

enum purpose_bit {
#define X(word, shown) PURPOSE_BIT_##word,
	PURPOSES(X)
#undef X
};

enum purpose {
#define X(word, shown) PURPOSE_##word = 1 << PURPOSE_BIT_##word,
	PURPOSES(X)
#undef X
};

struct usage {
	struct ip first, last;
	unsigned purposes; /* of enum purpose */
	size_t came;       /* its place in the order of coming */
};

struct usages {
	struct usage *items;
	size_t count;
};

enum usage_flag {
	USAGE_RANGES_ONLY = 1,   /* no gateway, DNS server or address */
	USAGE_NO_DISCOVERED = 2, /* nor what was only seen on the wire */
	USAGE_STRANGERS = 4,     /* who answers on the wire counts */
	USAGE_NEIGHBOURS = 8,    /* and so does who was ever seen there */
};

/* free() the items. */
struct usages maas_subnet_used(const struct maas *maas,
    const struct subnet *subnet, unsigned flags, const struct iprange *without);
/* Where an address may be taken from. */
struct usages maas_subnet_free_runs(const struct maas *maas,
    const struct subnet *subnet, unsigned flags, const struct iprange *without);
/* Used and unused together, from the first address to the last. */
struct usages maas_subnet_usages(
    const struct maas *maas, const struct subnet *subnet);
ip_number maas_usage_size(const struct usage *usage);
json_t *maas_count_json(ip_number count);
json_t *maas_usage_json(const struct usage *usage, bool with_purposes);

#endif
