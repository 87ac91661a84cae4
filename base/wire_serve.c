#include "base/wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/tls_parts.h"

/* Whoever keeps it hears of it; whoever did not ask to be told keeps a shell
 * that swallows the answer. */
static void side_gone(struct exchange_side *side)
{
	check(!side->conn);
	if (!side->exchange.gone)
		return;
	side->exchange.gone(&side->exchange);
	exchange_free(side);
}

/* ---- listeners ---- */

static void close_listener(struct listener *base)
{
	struct wire_listener *listener = OWNER_OF(
	    base, struct wire_listener, listener);

	/* A dead host closes no connection, since wire_detach knows how it
	 * died; but who tears his own part down hears which exchanges end. */
	if (net_alive(listener->net)) {
		wire_listener_drop(listener, true);
		wire_listener_free(listener);
		return;
	}
	list_each(&listener->net->exchanges, struct exchange_side, in_net, side)
	{
		if (side->listener != listener)
			continue;
		if (side->conn)
			side->conn->exchange = NULL;
		side->conn = NULL;
		side_gone(side);
	}
}

static void set_identity(struct listener *base, const struct identity *identity)
{
	struct wire_listener *listener = OWNER_OF(
	    base, struct wire_listener, listener);
	struct wire *wire = listener->net->wire;

	check(listener->identity && identity);
	wire->carrier->forget_listener(listener);
	identity_free(&listener->identity);
	tls_chain_free(&listener->chain);
	listener->identity = identity_copy(identity);
	listener->chain = tls_chain(identity);
	listener->shows = ++wire->identities;
}

static struct wire_listener *listener_new(
    struct wire_net *net, const char *name, uint16_t port, struct err *err)
{
	static const struct listener_ops OPS = { close_listener, set_identity };
	struct wire_listener *listener;

	list_each(&net->listeners, struct wire_listener, in_net, old)
	{
		if (old->service.port != port)
			continue;
		err_set(err, ERR_CONFLICT, "port %u on %s is in use by %s",
		    port, net->place->name, old->name);
		return NULL;
	}
	listener = xcalloc(1, sizeof(*listener));
	listener->listener.ops = &OPS;
	listener->net = net;
	listener->name = xstrdup(name);
	listener->shows = ++net->wire->identities;
	listener->service.port = port;
	list_add(&net->listeners, &listener->in_net);
	return listener;
}

struct listener *wire_listen(
    struct net *base, const struct service *service, struct err *err)
{
	struct wire_net *net = OWNER_OF(base, struct wire_net, net);
	struct wire_listener *listener = listener_new(
	    net, service->name, service->port, err);

	if (!listener)
		return NULL;
	listener->service = *service;
	listener->service.name = listener->name;
	listener->identity = identity_copy(service->identity);
	listener->chain = tls_chain(service->identity);
	listener->client_ca_pem = xstrdup(service->client_ca_pem);
	return &listener->listener;
}

struct listener *wire_listen_proxy(struct net *base, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err)
{
	struct wire_net *net = OWNER_OF(base, struct wire_net, net);
	struct wire_listener *listener = listener_new(net, name, port, err);

	check(decide);
	if (!listener)
		return NULL;
	listener->decide = decide;
	listener->decide_ctx = ctx;
	return &listener->listener;
}

/* Its connections end; whoever still answers on them is told (unless dead). */
void wire_listener_drop(struct wire_listener *listener, bool tell)
{
	list_each(&listener->through, struct conn, in_proxy, conn)
	{
		conn_leave_proxy(conn, tell);
	}
	while (!list_is_empty(&listener->conns)) {
		struct conn *conn = list_first(
		    &listener->conns, struct conn, in_server);
		struct exchange_side *exchange = conn->exchange;

		conn_leave_server(conn, tell);
		if (exchange && net_alive(listener->net))
			exchange_lost(exchange);
	}
}

void wire_listener_free(struct wire_listener *listener)
{
	check(list_is_empty(&listener->conns));
	listener->net->wire->carrier->forget_listener(listener);
	list_remove(&listener->in_net);
	identity_free(&listener->identity);
	tls_chain_free(&listener->chain);
	free(listener->client_ca_pem);
	free(listener->name);
	free(listener);
}

/* ---- exchanges ---- */

void exchange_free(struct exchange_side *side)
{
	if (side->conn)
		side->conn->exchange = NULL;
	timer_cancel(&side->probe);
	list_remove(&side->in_net);
	http_request_free(&side->request);
	free(side);
}

void exchange_lost(struct exchange_side *side)
{
	if (net_alive(side->net))
		side_gone(side);
}

/* The answer has left: is anybody to strike at this moment? The server's own
 * code is on the stack now, so it is asked a moment later. */
static void probe_answered(struct timer *timer)
{
	struct exchange_side *side = OWNER_OF(
	    timer, struct exchange_side, probe);
	struct wire *wire = side->net->wire;
	char client[64], op[96], name[64];
	uint64_t n = side->n;

	text_copy(client, sizeof(client), side->client);
	text_copy(op, sizeof(op), side->op);
	text_copy(name, sizeof(name), side->server);
	exchange_free(side);
	wire->probe(wire->probe_ctx, WIRE_SERVER_ANSWERED, client, n, name, op);
}

static struct exchange_side *side_of(struct exchange *exchange)
{
	return OWNER_OF(exchange, struct exchange_side, exchange);
}

/* The server is done with it. */
static void side_done(struct exchange_side *side)
{
	struct conn *conn = side->conn;
	struct wire *wire = side->net->wire;

	side->conn = NULL;
	if (conn) {
		conn->exchange = NULL;
		conn_settle(conn);
	}
	if (wire->probe && net_alive(side->net))
		timer_set(&side->probe, wire->loop, 0);
	else
		exchange_free(side);
}

/* Nobody is there to hear it: the client is gone, or we are dead. */
static bool speaks_to_nobody(const struct exchange_side *side)
{
	return !side->conn || !net_alive(side->net);
}

static enum wire_fate ask_fault(struct exchange_side *side,
    const struct http_response *response, struct wire_doom *doom)
{
	struct conn *conn = side->conn;
	struct wire *wire = conn->wire;
	struct wire_sight sight = {
		.client = side->client,
		.server = conn->server->name,
		.op = side->op,
		.request = &side->request,
		.response = response,
		.mark = &side->mark,
	};

	*doom = (struct wire_doom){ 0 };
	if (wire->fault)
		wire->fault(wire->fault_ctx, &sight, doom);
	if (conn->call && doom->fate != FATE_PASS)
		conn->call->account.fault = record_fault_word(
		    doom->fate, response != NULL);
	return doom->fate;
}

/* What a fault makes of an answer. A stream that is cut short is a broken
 * connection, and one that never ends is just a stream. */
static enum parcel_kind kind_of_answer(
    enum parcel_kind kind, enum wire_fate fate)
{
	if (fate == FATE_RESET)
		return PARCEL_BREAK;
	if (kind == PARCEL_HEAD && fate == FATE_TRUNCATE)
		return PARCEL_BREAK;
	if (fate == FATE_GARBAGE || fate == FATE_ANSWER)
		return PARCEL_REPLY;
	return kind;
}

/* The answer or its head sets out, with whatever a fault has in store. */
static void send_answer(struct exchange_side *side, enum parcel_kind kind,
    struct http_response *response)
{
	struct conn *conn = side->conn;
	struct wire_doom doom;
	struct parcel *parcel;

	if (ask_fault(side, response, &doom) == FATE_ANSWER) {
		http_response_free(response);
		http_response_move(response, &doom.answer);
	}
	http_response_free(&doom.answer);
	if (!conn->client_open || doom.fate == FATE_LOSE) {
		if (doom.fate == FATE_LOSE)
			conn->pipes[BACKWARD].silent = true;
		http_response_free(response);
		return;
	}
	parcel = parcel_new(kind_of_answer(kind, doom.fate));
	parcel->fate = doom.fate;
	http_response_move(&parcel->response, response);
	conn_put(conn, BACKWARD, parcel,
	    doom.fate == FATE_DELAY ? doom.delay_for : 0);
}

static void reply(struct exchange *exchange, struct http_response *response)
{
	struct exchange_side *side = side_of(exchange);

	check(!side->begun);
	http_response_gather(response);
	if (speaks_to_nobody(side))
		http_response_free(response);
	else
		send_answer(side, PARCEL_REPLY, response);
	side_done(side);
}

static void begin(struct exchange *exchange, struct http_response *head)
{
	struct exchange_side *side = side_of(exchange);

	check(!side->begun);
	check(head->body.len == 0);
	side->begun = true;
	if (speaks_to_nobody(side))
		http_response_free(head);
	else
		send_answer(side, PARCEL_HEAD, head);
}

static void put_more(struct exchange_side *side, enum parcel_kind kind,
    const char *line, size_t len)
{
	struct parcel *parcel;

	if (speaks_to_nobody(side) || !side->conn->client_open)
		return;
	parcel = parcel_new(kind);
	if (len)
		buf_add(&parcel->line, line, len);
	conn_put(side->conn, BACKWARD, parcel, 0);
}

static void message(struct exchange *exchange, const char *line, size_t len)
{
	check(side_of(exchange)->begun);
	check(len > 0 && !memchr(line, '\n', len));
	put_more(side_of(exchange), PARCEL_MESSAGE, line, len);
}

static void end(struct exchange *exchange)
{
	struct exchange_side *side = side_of(exchange);

	check(side->begun);
	put_more(side, PARCEL_END, NULL, 0);
	side_done(side);
}

/* The server lets go of the whole connection. */
static void abort_exchange(struct exchange *exchange)
{
	struct exchange_side *side = side_of(exchange);
	struct conn *conn = side->conn;

	if (!speaks_to_nobody(side)) {
		conn->exchange = NULL;
		side->conn = NULL;
		conn_leave_server(conn, true);
	}
	side_done(side);
}

/* ---- requests ---- */

void op_by_path(const struct http_request *request, char *op, size_t size)
{
	char *end = op + size;

	text_copy(op, size, request->method);
	op += strlen(op);
	text_copy(op, (size_t)(end - op), " ");
	op += strlen(op);
	text_copy(op, (size_t)(end - op), request->target);
	op[strcspn(op, "?")] = '\0';
}

void service_op(const struct service *service,
    const struct http_request *request, char *op, size_t size)
{
	char room[96] = "";

	if (service->op_of)
		text_copy(op, size,
		    service->op_of(service->ctx, request, room, sizeof(room)));
	else
		op_by_path(request, op, size);
}

bool head_is_too_long(const struct http_request *request)
{
	size_t size = strlen(request->method) + strlen(request->target);

	for (size_t i = 0; i < request->headers.count; i++)
		size += strlen(request->headers.items[i].name) +
		        strlen(request->headers.items[i].value) + 64;
	return size > WIRE_MAX_HEAD;
}

static struct exchange_side *exchange_new(
    struct conn *conn, struct http_request *request)
{
	static const struct exchange_ops OPS = { reply, begin, message, end,
		abort_exchange };
	struct exchange_side *side = xcalloc(1, sizeof(*side));
	struct exchange *exchange = &side->exchange;

	side->net = conn->server->net;
	side->listener = conn->server;
	side->conn = conn;
	conn->exchange = side;
	list_add(&side->net->exchanges, &side->in_net);
	timer_init(&side->probe, probe_answered);
	http_request_move(&side->request, request);
	service_op(
	    &conn->server->service, &side->request, side->op, sizeof(side->op));
	text_copy(side->peer, sizeof(side->peer),
	    conn->legs[conn->leg_count - 1].seen_as);
	text_copy(side->client, sizeof(side->client), conn->legs[0].from);
	text_copy(side->server, sizeof(side->server), conn->server->name);
	side->n = conn->call ? conn->call->n : 0;
	exchange->ops = &OPS;
	exchange->request = &side->request;
	exchange->peer = side->peer;
	exchange->op = side->op;
	exchange->tls = conn->target->tls;
	text_copy(
	    side->authority, sizeof(side->authority), conn->target->authority);
	exchange->authority = side->authority;
	if (conn->client_cn[0] || conn->client_org[0]) {
		text_copy(
		    side->client_cn, sizeof(side->client_cn), conn->client_cn);
		text_copy(side->client_org, sizeof(side->client_org),
		    conn->client_org);
		exchange->client_cn = side->client_cn;
		exchange->client_org = side->client_org;
	}
	return side;
}

static void answer_status(struct exchange_side *side, int status)
{
	struct http_response response = { 0 };

	http_response_text(
	    &response, status, "text/plain", http_reason(status));
	reply(&side->exchange, &response);
}

/* What the library in front of the handler would refuse by itself. */
static int refuse_by_size(const struct http_request *request)
{
	if (head_is_too_long(request))
		return 431;
	return request->body.len > WIRE_MAX_BODY ? 413 : 0;
}

static void hand_over(struct exchange_side *side)
{
	struct conn *conn = side->conn;
	const struct service *service = &conn->server->service;
	int refusal = refuse_by_size(&side->request);

	if (refusal)
		answer_status(side, refusal);
	else if (conn->server->decide) /* a proxy serves nothing else */
		answer_status(side, 400);
	else
		service->handle(service->ctx, &side->exchange);
}

static void put_back(struct exchange_side *side, usec delay_for)
{
	struct conn *conn = side->conn;
	struct parcel *parcel = parcel_new(PARCEL_REQUEST);

	parcel->judged = true;
	http_request_move(&parcel->request, &side->request);
	exchange_free(side);
	conn_put(conn, FORWARD, parcel, delay_for - conn->latency_for);
}

/* False: the request ends here. */
static bool survives_faults(struct exchange_side *side)
{
	struct conn *conn = side->conn;
	struct wire_doom doom;

	switch (ask_fault(side, NULL, &doom)) {
	case FATE_LOSE:
		conn->pipes[FORWARD].silent = true;
		break;
	case FATE_RESET:
		exchange_free(side);
		conn_leave_server(conn, true);
		return false;
	case FATE_ANSWER:
		reply(&side->exchange, &doom.answer);
		return false;
	case FATE_DELAY:
		put_back(side, doom.delay_for);
		return false;
	case FATE_PASS:
	case FATE_TRUNCATE:
	case FATE_ENDLESS:
	case FATE_GARBAGE:
		http_response_free(&doom.answer);
		return true;
	}
	http_response_free(&doom.answer);
	exchange_free(side);
	conn_settle(conn);
	return false;
}

/* The server answers in its own tongue, and that is not HTTP. */
static void unreadable(struct conn *conn)
{
	struct parcel *parcel = parcel_new(PARCEL_REPLY);

	parcel->fate = FATE_GARBAGE;
	conn_put(conn, BACKWARD, parcel, 0);
	conn_leave_server(conn, false);
}

void serve_request(struct conn *conn, struct parcel *parcel)
{
	struct wire *wire = conn->wire;
	struct exchange_side *side;

	check(parcel->kind == PARCEL_REQUEST && !conn->exchange);
	if (!parcel->judged &&
	    !wire->carrier->request(conn, &parcel->request)) {
		unreadable(conn);
		return;
	}
	side = exchange_new(conn, &parcel->request);
	if (conn->call && !parcel->judged)
		account_arrived(
		    &conn->call->account, wire, &side->request, side->peer);
	if (parcel->judged || survives_faults(side))
		hand_over(side);
}
