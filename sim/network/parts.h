/*
 * parts: what a network is made of, for the files of sim/network alone.
 *
 * Lists are arrays in the order of adding, and are always walked in that
 * order: a route must not depend on anything else.
 */
#ifndef SIM_NETWORK_PARTS_H
#define SIM_NETWORK_PARTS_H

#include "base/url.h"
#include "sim/network/network.h"

#define NETWORK_BACKBONE "internet"

struct name {
	char *text;
	char address[16];
};
struct names {
	struct name *items;
	size_t count;
};

struct resolver {
	resolve_fn *resolve;
	void *ctx;
};

struct site {
	char *name;
	struct cidr cidr;
	bool is_backbone; /* any address will do, and there is no uplink */
	bool behind_nat;
	uint32_t nat;
	usec latency_for, uplink_for;
	bool proxy_only;
	struct names names;
	struct resolver *resolvers;
	size_t resolver_count;
};

/* A host of the network: where it is, not what it does. */
struct place {
	char *host;
	struct site *site;
	uint32_t address;
	char address_text[16];
	bool is_proxy;
};

struct link {
	char *from, *to; /* one direction; a two-way link is two of these */
	enum link_state state;
	bool has_latency;
	usec latency_for;
};

struct network {
	struct loop *loop;
	struct events *events;
	struct site **sites;
	size_t site_count;
	struct place **places;
	size_t place_count;
	struct link *links;
	size_t link_count;
	struct names names; /* those that everybody resolves */
};

struct site *network_site(const struct network *network, const char *name);
struct place *network_place(const struct network *network, const char *host);

void names_free(struct names *names);

/* The addresses of `host` as `from` would learn them, at most max. 0 and a
 * sentence in why if there is none. */
int network_resolve(const struct network *network, const struct place *from,
    const char *host, char (*addresses)[16], int max, char *why, size_t size);

/* What a link may be tied to: a site, or a host. Hosts that share an address
 * (pods on a node) share its cables: cut the node, and they are cut. */
struct end {
	const char *name;
	const struct place *place; /* NULL: a site */
};
/* The first link that was ever set from one to the other; NULL if none. */
const struct link *network_link(const struct network *network,
    const struct end *from, const struct end *to);
void network_links_free(struct network *network);

#endif
