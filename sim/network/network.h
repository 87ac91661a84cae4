/*
 * network: who can reach whom, through what, how fast, and as whom.
 *
 * Sites hold hosts; each host has an address in its site. Sites are joined by
 * links through a backbone ("internet"). A connection is a path of *hops*:
 *
 *	host -> [site's NAT] -> link -> [target site's NAT] -> host
 *
 * and each hop may refuse, drop, delay or translate. The rules of a hop are a
 * table of functions (hop.h), so that firewalls, port rules, idle time-outs or
 * intercepting proxies become one more hop and change nothing else.
 *
 *	NAT      a site with `nat: ADDRESS` shows that address to the outside,
 *	         and nothing outside can open a connection into it
 *	egress   a site with egress "proxy-only" lets its hosts out only through
 *	         a proxy inside it (the proxy itself gets out)
 *	link     latency, cut, restored, refusing instead of dropping
 *
 * Names: every host has its own; a site may have resolvers that answer for
 * zones (the MAAS of the site); names are looked up by the dialling host's
 * site first (its names, its zones), then among the hosts, then among the
 * public names. Without case, and a trailing dot is ignored.
 *
 * Addresses: a packet finds its own site's host first, so two sites behind
 * NAT may use the same range.
 *
 * It implements base/wire.h's route_fn and knows nothing of bytes.
 */
#ifndef SIM_NETWORK_NETWORK_H
#define SIM_NETWORK_NETWORK_H

#include "base/host.h"
#include "base/wire.h"

struct network;

struct network *network_new(struct loop *loop, struct events *events);
void network_free(struct network **network);
route_fn network_route; /* ctx: the struct network */

struct site_spec {
	const char *name; /* "dc1"; "internet" exists from the start */
	const char *cidr; /* 10.10.0.0/16: addresses are checked to be in it */
	const char *nat;  /* address shown outside; NULL: hosts are routable */
	usec latency_for; /* between two hosts inside; 0: 200 us */
	usec uplink_for;  /* one way to the backbone; 0: 10 ms */
	bool proxy_only;  /* nothing gets out but the site's proxies */
};
bool network_add_site(
    struct network *network, const struct site_spec *spec, struct err *err);

/* address NULL: the next free one from the bottom of the range. Several hosts
 * may share one address (pods on a node): routes to the address then go to the
 * host that was added first and not removed; all dial with it. Returns the
 * address. */
const char *network_add_host(struct network *network, const char *host,
    const char *site, const char *address, struct err *err);
void network_remove_host(struct network *network, const char *host);
const char *network_address(const struct network *network, const char *host);
/* This host is a proxy: exempt from proxy_only. */
void network_mark_proxy(struct network *network, const char *host);

/* A name that everybody (site NULL) or one site resolves. */
void network_add_name(struct network *network, const char *site,
    const char *name, const char *address);
/* A zone resolver of a site: up to max addresses; 0 if the zone has no such
 * name, -1 if it is not its zone. Of several addresses the first that leads
 * somewhere is taken, in the order they are given. */
typedef int resolve_fn(
    void *ctx, const char *name, char (*addresses)[16], int max);
void network_add_resolver(
    struct network *network, const char *site, resolve_fn *resolve, void *ctx);

/* Faults of links. `a` and `b` are site or host names; the pair is not
 * ordered unless one_way. A host and its own site: the cable in its back, so
 * everything it says. A host or site and "internet": all that leaves the
 * site. A connection that crosses a link cut one way cannot be opened from
 * either side; of what is established, that direction is swallowed.
 * Each change is told as an event (docs/events.md). */
enum link_state {
	LINK_UP,
	LINK_CUT,
	LINK_REFUSING
};
void network_set_link(struct network *network, const char *a, const char *b,
    enum link_state state, bool one_way);
void network_set_latency(
    struct network *network, const char *a, const char *b, usec latency_for);
/* Are these two (site or host names) known at all? For scenario binding. */
bool network_knows(const struct network *network, const char *name);

/* A proxy with Basic credentials (or none): answers CONNECT on the host's net
 * at `port`. user NULL: open to all. Emits nothing itself; the wire records
 * each CONNECT. */
struct proxy;
struct proxy *proxy_new(struct host *host, uint16_t port, const char *user,
    const char *password, struct err *err);
void proxy_set_credentials(
    struct proxy *proxy, const char *user, const char *password);
void proxy_free(struct proxy **proxy);

#endif
