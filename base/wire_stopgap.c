/*
 * The memory wire, in its first and smallest form: no pool, no TLS, no
 * proxies, no faults. It gives way to base/wire.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/wire.h"

struct wire {
	struct loop *loop;
	struct events *events;
	route_fn *route;
	void *route_ctx;
	struct list nets;
	struct wire_count count;
};

struct stop_net {
	struct net net;
	struct list_link in_wire;
	struct wire *wire;
	struct host *host;
	struct list listeners;
	struct list calls;
};

struct stop_listener {
	struct listener listener;
	struct list_link in_net;
	struct stop_net *net;
	struct service service;
	char *name;
};

enum stage {
	ON_THE_WAY,
	THERE,
	ON_THE_WAY_BACK,
	FAILING
};

struct stop_call {
	struct call call;
	struct exchange exchange;
	struct list_link in_net;
	struct stop_net *net;
	struct stop_listener *at;
	struct timer step, timeout;
	enum stage stage;
	char *host, *connect_to;
	uint16_t port;
	struct http_request request;
	struct http_response answer;
	struct err err;
	const struct call_handler *handler;
	void *ctx;
	bool stream, head_sent, ended, cancelled;
	char *lines[512];
	unsigned line_count;
	char seen_as[46], room[96], cn[96], org[96];
	usec latency_for;
};

static void call_free(struct stop_call *c)
{
	list_remove(&c->in_net);
	timer_cancel(&c->step);
	timer_cancel(&c->timeout);
	http_request_free(&c->request);
	http_response_free(&c->answer);
	for (unsigned i = 0; i < c->line_count; i++)
		free(c->lines[i]);
	free(c->host);
	free(c->connect_to);
	free(c);
}

static void let_go(struct stop_call *c)
{
	if (c->stage == THERE || (c->stream && c->head_sent && !c->ended)) {
		if (c->exchange.gone)
			c->exchange.gone(&c->exchange);
	}
}

static void cancel(struct call *call)
{
	struct stop_call *c = OWNER_OF(call, struct stop_call, call);

	let_go(c);
	call_free(c);
}

static void finish(struct stop_call *c, const struct err *err)
{
	const struct call_handler *handler = c->handler;
	struct http_response answer = { 0 };
	struct err copy = err ? *err : (struct err){ 0 };
	void *ctx = c->ctx;

	EVENT(c->net->wire->events, "exchange", c->net->host->name,
	    c->at ? c->at->name : c->host, F("op", c->room),
	    F("method", c->request.method), F("target", c->request.target),
	    N("status", c->answer.status), F("error", err ? err->text : ""));
	http_response_move(&answer, &c->answer);
	if (!c->net->host->dead) {
		call_free(c);
		handler->done(ctx, err ? NULL : &answer, err ? &copy : NULL);
	} else {
		call_free(c);
	}
	http_response_free(&answer);
}

static void timed_out(struct timer *timer)
{
	struct stop_call *c = OWNER_OF(timer, struct stop_call, timeout);
	struct err err;

	err_set(&err, ERR_TIMEOUT, "no answer from %s:%u in time", c->host,
	    c->port);
	let_go(c);
	finish(c, &err);
}

static struct stop_listener *find(struct stop_call *c, const char *to)
{
	list_each(&c->net->wire->nets, struct stop_net, in_wire, n)
	{
		if (strcmp(n->host->name, to) != 0)
			continue;
		list_each(&n->listeners, struct stop_listener, in_net, l)
		{
			if (l->service.port == c->port)
				return l;
		}
	}
	return NULL;
}

static void deliver_lines(struct stop_call *c)
{
	/* the handler may cancel: copy first */
	while (c->line_count) {
		char *line = c->lines[0];

		memmove(c->lines, c->lines + 1,
		    (--c->line_count) * sizeof(*c->lines));
		c->handler->message(c->ctx, line, strlen(line));
		free(line);
	}
}

static void step(struct timer *timer)
{
	struct stop_call *c = OWNER_OF(timer, struct stop_call, step);
	struct wire *wire = c->net->wire;
	struct route_query query = { c->net->host->name,
		c->connect_to ? c->connect_to : c->host, c->port, false };
	struct route route = { 0 };

	switch (c->stage) {
	case ON_THE_WAY:
		wire->route(wire->route_ctx, &query, &route);
		if (route.verdict == ROUTE_DROPPED)
			return;
		c->at = route.verdict == ROUTE_OPEN ? find(c, route.to) : NULL;
		if (!c->at) {
			err_set(&c->err, ERR_UNREACHED, "%s:%u: %s", c->host,
			    c->port,
			    *route.why ? route.why : "connection refused");
			finish(c, &c->err);
			return;
		}
		c->latency_for = route.latency_for;
		snprintf(c->seen_as, sizeof(c->seen_as), "%s", route.seen_as);
		c->stage = THERE;
		c->exchange.request = &c->request;
		c->exchange.peer = c->seen_as;
		c->exchange.op = "exchange";
		if (c->at->service.op_of)
			c->exchange.op = c->at->service.op_of(
			    c->at->service.ctx, &c->request, c->room,
			    sizeof(c->room));
		snprintf(c->room, sizeof(c->room), "%s", c->exchange.op);
		c->exchange.op = c->room;
		if (c->cn[0] && c->at->service.client_ca_pem) {
			c->exchange.client_cn = c->cn;
			c->exchange.client_org = c->org;
		}
		wire->count.exchanges++;
		c->at->service.handle(c->at->service.ctx, &c->exchange);
		return;
	case THERE:
	case ON_THE_WAY_BACK:
		if (c->stream && c->head_sent) {
			if (c->answer.status) {
				timer_cancel(&c->timeout);
				if (c->handler->head)
					c->handler->head(c->ctx, &c->answer);
				http_response_free(&c->answer);
				c->answer = (struct http_response){ 0 };
			}
			deliver_lines(c);
			if (c->ended) {
				c->answer.status = 200;
				finish(c, c->err.kind ? &c->err : NULL);
			}
			return;
		}
		finish(c, NULL);
		return;
	case FAILING:
		finish(c, &c->err);
		return;
	}
}

static struct stop_call *call_of(struct exchange *x)
{
	return OWNER_OF(x, struct stop_call, exchange);
}

static void reply(struct exchange *x, struct http_response *response)
{
	struct stop_call *c = call_of(x);

	http_response_move(&c->answer, response);
	c->stage = ON_THE_WAY_BACK;
	c->exchange.gone = NULL;
	if (c->stream && c->handler->message && c->answer.status == 200) {
		/* a plain reply to a stream request: its lines */
	}
	timer_set(&c->step, c->net->wire->loop, c->latency_for);
}

static void begin(struct exchange *x, struct http_response *head)
{
	struct stop_call *c = call_of(x);

	http_response_move(&c->answer, head);
	c->head_sent = true;
	c->stage = ON_THE_WAY_BACK;
	timer_set(&c->step, c->net->wire->loop, c->latency_for);
}

static void message(struct exchange *x, const char *line, size_t len)
{
	struct stop_call *c = call_of(x);

	check(c->line_count < 512);
	c->lines[c->line_count++] = xstrndup(line, len);
	if (!timer_is_set(&c->step))
		timer_set(&c->step, c->net->wire->loop, c->latency_for);
}

static void end(struct exchange *x)
{
	struct stop_call *c = call_of(x);

	c->ended = true;
	c->exchange.gone = NULL;
	if (!timer_is_set(&c->step))
		timer_set(&c->step, c->net->wire->loop, c->latency_for);
}

static void abort_exchange(struct exchange *x)
{
	struct stop_call *c = call_of(x);

	err_set(&c->err, ERR_LOST, "the connection to %s:%u broke", c->host,
	    c->port);
	c->exchange.gone = NULL;
	if (c->head_sent)
		c->ended = true;
	else
		c->stage = FAILING;
	if (!timer_is_set(&c->step))
		timer_set(&c->step, c->net->wire->loop, c->latency_for);
}

static const struct exchange_ops EXCHANGE_OPS = { reply, begin, message, end,
	abort_exchange };
static const struct call_ops CALL_OPS = { cancel };

static struct call *send_call(struct net *net, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx)
{
	struct stop_net *n = OWNER_OF(net, struct stop_net, net);
	struct stop_call *c = xcalloc(1, sizeof(*c));

	c->call.ops = &CALL_OPS;
	c->exchange.ops = &EXCHANGE_OPS;
	c->net = n;
	c->host = xstrdup(dial->host);
	c->connect_to = xstrdup(dial->connect_to);
	c->port = dial->port;
	http_request_move(&c->request, request);
	c->handler = handler;
	c->ctx = ctx;
	c->stream = options->stream;
	if (dial->identity) /* believed, not verified */
		tls_subject(dial->identity->cert, c->cn, sizeof(c->cn), c->org,
		    sizeof(c->org));
	c->latency_for = MILLISECONDS(1);
	timer_init(&c->step, step);
	timer_init(&c->timeout, timed_out);
	list_add(&n->calls, &c->in_net);
	timer_set(&c->step, n->wire->loop, c->latency_for);
	if (options->timeout_for)
		timer_set(&c->timeout, n->wire->loop, options->timeout_for);
	return &c->call;
}

static void close_listener(struct listener *listener)
{
	struct stop_listener *l = OWNER_OF(
	    listener, struct stop_listener, listener);

	list_each(&l->net->wire->nets, struct stop_net, in_wire, n)
	{
		list_each(&n->calls, struct stop_call, in_net, c)
		{
			if (c->at != l)
				continue;
			let_go(c);
			c->at = NULL;
			c->exchange.gone = NULL;
			c->stage = FAILING;
			err_set(&c->err, ERR_LOST,
			    "the connection to %s:%u broke", c->host, c->port);
			timer_set(&c->step, n->wire->loop, c->latency_for);
		}
	}
	list_remove(&l->in_net);
	free(l->name);
	free(l);
}

static void set_identity(
    struct listener *listener, const struct identity *identity)
{
	(void)listener;
	(void)identity;
}

static struct listener *listen_on(
    struct net *net, const struct service *service, struct err *err)
{
	static const struct listener_ops OPS = { close_listener, set_identity };
	struct stop_net *n = OWNER_OF(net, struct stop_net, net);
	struct stop_listener *l;

	list_each(&n->listeners, struct stop_listener, in_net, old)
	{
		if (old->service.port == service->port) {
			err_set(err, ERR_INPUT, "port %u on %s is in use",
			    service->port, n->host->name);
			return NULL;
		}
	}
	l = xcalloc(1, sizeof(*l));
	l->listener.ops = &OPS;
	l->net = n;
	l->service = *service;
	l->name = xstrdup(service->name);
	list_add(&n->listeners, &l->in_net);
	return &l->listener;
}

static struct listener *listen_proxy(struct net *net, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err)
{
	(void)net;
	(void)name;
	(void)port;
	(void)decide;
	(void)ctx;
	err_set(err, ERR_INPUT, "no proxies on this wire yet");
	return NULL;
}

struct wire *wire_new(enum wire_kind kind, struct loop *loop,
    struct events *events, route_fn *route, void *route_ctx)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	check(kind == WIRE_MEMORY);
	wire->loop = loop;
	wire->events = events;
	wire->route = route;
	wire->route_ctx = route_ctx;
	return wire;
}

void wire_free(struct wire **wire)
{
	free(*wire);
	*wire = NULL;
}

void wire_set_faults(struct wire *wire, wire_fault_fn *fault, void *ctx)
{
	(void)wire;
	(void)fault;
	(void)ctx;
}

void wire_set_probe(struct wire *wire, wire_probe_fn *probe, void *ctx)
{
	(void)wire;
	(void)probe;
	(void)ctx;
}

void wire_corrupt_reply(struct wire *wire, uint64_t n)
{
	(void)wire;
	(void)n;
}

struct net *wire_attach(struct wire *wire, struct host *host)
{
	static const struct net_ops OPS = { send_call, listen_on,
		listen_proxy };
	struct stop_net *n = xcalloc(1, sizeof(*n));

	n->net.ops = &OPS;
	n->wire = wire;
	n->host = host;
	list_add(&wire->nets, &n->in_wire);
	return &n->net;
}

void wire_detach(struct wire *wire, struct net **net, bool quietly)
{
	struct stop_net *n = OWNER_OF(*net, struct stop_net, net);

	(void)wire;
	(void)quietly;
	list_each(&n->listeners, struct stop_listener, in_net, l)
	    close_listener(&l->listener);
	list_each(&n->calls, struct stop_call, in_net, c)
	{
		let_go(c);
		call_free(c);
	}
	list_remove(&n->in_wire);
	free(n);
	*net = NULL;
}

struct wire_count wire_counted(const struct wire *wire)
{
	return wire->count;
}
