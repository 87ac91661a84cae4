#include "sim/network/hop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* A host that talks to itself. */
#define LOOPBACK_FOR 20 /* microseconds */

static bool stop(struct path *path, enum route_verdict verdict, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

static bool stop(
    struct path *path, enum route_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	check(verdict != ROUTE_OPEN);
	path->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(path->why, HOP_WHY, fmt, ap);
	va_end(ap);
	return false;
}

static bool blocked(struct path *path, const struct link *link)
{
	if (!link || link->state == LINK_UP)
		return false;
	if (link->state == LINK_REFUSING)
		stop(path, ROUTE_REFUSED, "the link from %s to %s refuses",
		    link->from, link->to);
	else
		stop(path, ROUTE_DROPPED, "the link from %s to %s is cut",
		    link->from, link->to);
	return true;
}

static const struct end backbone = { .name = NETWORK_BACKBONE };

static struct end host_end(const struct place *place)
{
	return (struct end){ .name = place->host, .place = place };
}

static struct end site_end(const struct place *place)
{
	return (struct end){ .name = place->site->name };
}

static bool cross_link(struct path *path, struct end a, struct end b)
{
	if (blocked(path, network_link(path->network, &a, &b)))
		return false;
	if (path->established)
		return true;
	return !blocked(path, network_link(path->network, &b, &a));
}

static bool is_loopback(const struct path *path)
{
	return path->from->address == path->to->address &&
	       path->from->site == path->to->site;
}

/* A host and its own site: the cable in its back. */
static bool pass_cable_out(struct path *path)
{
	return cross_link(path, host_end(path->from), site_end(path->from));
}

static bool pass_egress(struct path *path)
{
	const struct site *site = path->from->site;

	if (path->established || !path->crosses || !site->proxy_only ||
	    path->from->is_proxy)
		return true;
	return stop(path, ROUTE_REFUSED,
	    "the firewall of %s lets only proxies out, and %s is none",
	    site->name, path->from->host);
}

static bool pass_nat_out(struct path *path)
{
	if (path->crosses && path->from->site->behind_nat)
		path->shown = path->from->site->nat;
	return true;
}

static bool pass_uplink(struct path *path)
{
	if (!path->crosses)
		return true;
	return cross_link(path, host_end(path->from), backbone) &&
	       (path->from->site->is_backbone ||
	           cross_link(path, site_end(path->from), backbone));
}

static bool pass_between(struct path *path)
{
	const struct place *from = path->from, *to = path->to;

	return cross_link(path, host_end(from), host_end(to)) &&
	       cross_link(path, host_end(from), site_end(to)) &&
	       cross_link(path, site_end(from), host_end(to)) &&
	       cross_link(path, site_end(from), site_end(to));
}

static bool pass_downlink(struct path *path)
{
	if (!path->crosses)
		return true;
	return cross_link(path, backbone, host_end(path->to)) &&
	       (path->to->site->is_backbone ||
	           cross_link(path, backbone, site_end(path->to)));
}

static bool pass_nat_in(struct path *path)
{
	if (path->established || !path->crosses || !path->to->site->behind_nat)
		return true;
	return stop(path, ROUTE_DROPPED,
	    "the NAT gateway of %s lets nothing in, and %s (%s) is behind it",
	    path->to->site->name, path->to->host, path->to->address_text);
}

static bool pass_cable_in(struct path *path)
{
	return cross_link(path, site_end(path->to), host_end(path->to));
}

/* ---- latency ---- */

static const struct link *slow_link(
    const struct path *path, struct end a, struct end b)
{
	const struct link *link = network_link(path->network, &a, &b);

	return link && link->has_latency ? link : NULL;
}

static usec uplink_of(const struct path *path, const struct place *place)
{
	const struct link *link = slow_link(path, site_end(place), backbone);

	if (place->site->is_backbone)
		return 0;
	return link ? link->latency_for : place->site->uplink_for;
}

/* The most particular thing that was said about these two. */
static usec latency_of(const struct path *path)
{
	const struct end from[2] = { host_end(path->from),
		site_end(path->from) };
	const struct end to[2] = { host_end(path->to), site_end(path->to) };
	const struct link *link;

	if (is_loopback(path))
		return LOOPBACK_FOR;
	for (int i = 0; i < 4; i++) {
		link = slow_link(path, from[i / 2], to[i % 2]);
		if (link)
			return link->latency_for;
	}
	if (!path->crosses)
		return path->from->site->latency_for;
	return uplink_of(path, path->from) + uplink_of(path, path->to);
}

/* ---- the table ---- */

typedef bool hop_fn(struct path *path);

static hop_fn *const hops[] = {
	pass_cable_out,
	pass_egress,
	pass_nat_out,
	pass_uplink,
	pass_between,
	pass_downlink,
	pass_nat_in,
	pass_cable_in,
};

bool hops_pass(struct path *path)
{
	path->crosses = path->from->site != path->to->site;
	path->shown = path->from->address;
	path->latency_for = latency_of(path);
	if (is_loopback(path))
		return true;
	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++)
		if (!hops[i](path))
			return false;
	return true;
}
