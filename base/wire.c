#include "base/wire.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"
#include "base/tls_parts.h"
#include "base/wire_parts.h"

/* ---- places: names on the network ---- */

struct wire_place *wire_place(struct wire *wire, const char *name)
{
	uint64_t hash = keyed_hash(0, name, strlen(name));
	struct list *bucket = &wire->places[hash % WIRE_PLACES];
	struct wire_place *place;

	list_each(bucket, struct wire_place, in_bucket, old)
	{
		if (strcmp(old->name, name) == 0)
			return old;
	}
	place = xcalloc(1, sizeof(*place));
	place->name = xstrdup(name);
	list_add(bucket, &place->in_bucket);
	return place;
}

bool net_alive(const struct wire_net *net)
{
	return net->host && !net->host->dead;
}

struct wire_listener *wire_find_listener(
    struct wire *wire, const char *host, uint16_t port)
{
	struct wire_net *net = wire_place(wire, host)->net;

	if (!net || !net_alive(net))
		return NULL;
	list_each(&net->listeners, struct wire_listener, in_net, listener)
	{
		if (listener->service.port == port)
			return listener;
	}
	return NULL;
}

/* ---- targets: what a dial says ---- */

static uint64_t hash_more(uint64_t hash, const char *text)
{
	return text ? keyed_hash(hash, text, strlen(text)) : hash * 31 + 1;
}

static uint64_t hash_dial(const struct dial *dial)
{
	uint64_t hash = hash_more(
	    dial->port * 4u + dial->tls * 2u + dial->unverified, dial->host);

	hash = hash_more(hash, dial->proxy);
	hash = hash_more(hash, dial->connect_to);
	hash = hash_more(
	    hash, dial->tls && !dial->unverified ? dial->ca_pem : NULL);
	return hash_more(
	    hash, dial->identity ? dial->identity->cert_pem : NULL);
}

static char *basic_auth(const struct url *proxy)
{
	struct buf plain = BUF_INIT, out = BUF_INIT;

	if (!proxy->user)
		return NULL;
	buf_addf(&plain, "%s:%s", proxy->user,
	    proxy->password ? proxy->password : "");
	buf_adds(&out, "Basic ");
	buf_add_base64(&out, buf_text(&plain), plain.len);
	buf_free(&plain);
	return buf_detach(&out);
}

static void set_proxy(struct target *target, const char *text)
{
	struct err err;

	if (!text || !*text)
		return;
	/* A proxy that cannot be understood is found out when dialling. */
	if (!url_parse(&target->proxy, text, &err)) {
		target->proxy = (struct url){ .host = xstrdup(text) };
		return;
	}
	target->proxy_auth = basic_auth(&target->proxy);
}

void target_describe(struct target *target, const struct dial *dial)
{
	target->host = xstrdup(dial->host);
	target->connect_to = xstrdup(dial->connect_to);
	target->port = dial->port;
	target->tls = dial->tls;
	target->label = xasprintf("%s:%u", dial->host, dial->port);
	target->authority = dial->port == (dial->tls ? 443 : 80)
	                        ? xstrdup(dial->host)
	                        : xstrdup(target->label);
	set_proxy(target, dial->proxy);
	if (dial->tls) {
		target->unverified = dial->unverified;
		target->ca_pem = xstrdup(dial->ca_pem);
		target->identity = identity_copy(dial->identity);
		target->chain = tls_chain(dial->identity);
	}
}

static struct target *target_new(
    struct wire_net *net, const struct dial *dial, uint64_t hash)
{
	struct target *target = xcalloc(1, sizeof(*target));

	target->net = net;
	target->hash = hash;
	target_describe(target, dial);
	list_add(&net->targets, &target->in_net);
	return target;
}

struct target *target_of(struct wire_net *net, const struct dial *dial)
{
	uint64_t hash = hash_dial(dial);

	list_each(&net->targets, struct target, in_net, target)
	{
		if (target->hash == hash && target->port == dial->port &&
		    strcmp(target->host, dial->host) == 0)
			return target;
	}
	return target_new(net, dial, hash);
}

static void target_free(struct target *target)
{
	check(list_is_empty(&target->idle));
	target->net->wire->carrier->forget_target(target);
	list_remove(&target->in_net);
	url_free(&target->proxy);
	free(target->proxy_auth);
	free(target->host);
	free(target->connect_to);
	free(target->label);
	free(target->authority);
	free(target->ca_pem);
	identity_free(&target->identity);
	tls_chain_free(&target->chain);
	free(target);
}

/* ---- nets ---- */

struct net *wire_attach(struct wire *wire, struct host *host)
{
	static const struct net_ops OPS = { wire_send, wire_listen,
		wire_listen_proxy };
	struct wire_net *net = xcalloc(1, sizeof(*net));

	check(!host->dead);
	net->net.ops = &OPS;
	net->wire = wire;
	net->host = host;
	net->place = wire_place(wire, host->name);
	check(!net->place->net); /* one program per name at a time */
	net->place->net = net;
	net->place->dark = false;
	list_add(&wire->nets, &net->in_wire);
	return &net->net;
}

/* Calls first, so that nobody is told about the connections' end; what is left
 * of calls, listeners and exchanges belongs to the part that held them. */
void wire_detach(struct wire *wire, struct net **net_p, bool quietly)
{
	struct wire_net *net = OWNER_OF(*net_p, struct wire_net, net);

	check(net->wire == wire && net->host);
	net->host = NULL; /* from here on nobody of it is told anything */
	list_each(&net->calls, struct call_side, in_net, call)
	{
		call_bury(call);
	}
	list_each(&wire->conns, struct conn, in_wire, conn)
	{
		if (conn->client_open && conn->target->net == net)
			conn_leave_client(conn, !quietly);
	}
	list_each(&net->listeners, struct wire_listener, in_net, listener)
	{
		wire_listener_drop(listener, !quietly);
	}
	net->place->net = NULL;
	net->place->dark = quietly;
	list_remove(&net->in_wire);
	list_add(&wire->buried, &net->in_wire);
	*net_p = NULL;
}

void wire_hang_up(struct net *net_p)
{
	struct wire_net *net = OWNER_OF(net_p, struct wire_net, net);

	check(net_alive(net));
	list_each(&net->listeners, struct wire_listener, in_net, listener)
	{
		wire_listener_drop(listener, true);
	}
}

bool wire_end_is_heard(const struct wire *wire, struct net *net_p)
{
	struct wire_net *net = OWNER_OF(net_p, struct wire_net, net);

	if (!list_is_empty(&net->listeners))
		return true;
	list_each(&wire->conns, const struct conn, in_wire, conn)
	{
		if (conn->client_open && conn->target->net == net &&
		    (conn->exchange ||
		        !list_is_empty(&conn->pipes[FORWARD].parcels)))
			return true;
	}
	return false;
}

static void net_free(struct wire_net *net)
{
	list_each(&net->calls, struct call_side, in_net, call)
	{
		call_free(call);
	}
	list_each(&net->exchanges, struct exchange_side, in_net, exchange)
	{
		exchange_free(exchange);
	}
	list_each(&net->listeners, struct wire_listener, in_net, listener)
	{
		wire_listener_free(listener);
	}
	list_each(&net->targets, struct target, in_net, target)
	{
		target_free(target);
	}
	list_remove(&net->in_wire);
	free(net);
}

/* ---- the wire ---- */

struct wire *wire_new(enum wire_kind kind, struct loop *loop,
    struct events *events, route_fn *route, void *route_ctx)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	check(loop && route);
	wire->kind = kind;
	wire->loop = loop;
	wire->events = events;
	wire->route = route;
	wire->route_ctx = route_ctx;
	wire->carrier = kind == WIRE_MEMORY ? &wire_memory_ops
	                                    : &wire_https_ops;
	wire->carrier->start(wire);
	return wire;
}

static void places_free(struct wire *wire)
{
	for (int i = 0; i < WIRE_PLACES; i++) {
		list_each(&wire->places[i], struct wire_place, in_bucket, place)
		{
			free(place->name);
			free(place);
		}
	}
}

/* Connections first: they point at targets and listeners, which belong to
 * nets. */
void wire_free(struct wire **wire_p)
{
	struct wire *wire = *wire_p;

	if (!wire)
		return;
	check(list_is_empty(&wire->nets));
	list_each(&wire->conns, struct conn, in_wire, conn)
	{
		conn_free(conn);
	}
	list_each(&wire->buried, struct wire_net, in_wire, net)
	{
		net_free(net);
	}
	places_free(wire);
	wire->carrier->stop(wire);
	free(wire);
	*wire_p = NULL;
}

void wire_set_faults(struct wire *wire, wire_fault_fn *fault, void *ctx)
{
	wire->fault = fault;
	wire->fault_ctx = ctx;
}

void wire_set_probe(struct wire *wire, wire_probe_fn *probe, void *ctx)
{
	wire->probe = probe;
	wire->probe_ctx = ctx;
}

void wire_corrupt_reply(struct wire *wire, uint64_t n)
{
	wire->corrupt_reply = n;
}

struct wire_count wire_counted(const struct wire *wire)
{
	return wire->count;
}
