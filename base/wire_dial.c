/*
 * A fresh connection: one round trip to be accepted, one more for CONNECT
 * (which ends at the proxy if it says no), one more for TLS.
 */
#include "base/wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void tcp_made(struct timer *timer);
static void connect_arrives(struct timer *timer);
static void connect_answered(struct timer *timer);
static void tls_made(struct timer *timer);

static void next(
    struct conn *conn, enum conn_stage stage, timer_fn *fire, usec wait_for)
{
	conn->stage = stage;
	timer_init(&conn->dial, fire);
	timer_set(&conn->dial, conn->wire->loop, wait_for);
}

static void refused(struct timer *timer)
{
	struct conn *conn = OWNER_OF(timer, struct conn, dial);
	struct err err = conn->refusal;

	call_fail(conn->call, &err);
}

static void refuse_in(struct conn *conn, usec wait_for)
{
	timer_init(&conn->dial, refused);
	timer_set(&conn->dial, conn->wire->loop, wait_for);
}

/* ---- who can be reached ---- */

static const char *verdict_word(enum route_verdict verdict)
{
	switch (verdict) {
	case ROUTE_OPEN:
		return "open";
	case ROUTE_NO_NAME:
		return "no-name";
	case ROUTE_REFUSED:
		return "refused";
	case ROUTE_DROPPED:
		return "dropped";
	}
	unreachable("a verdict that is none");
}

/* Asks for the way, and whether somebody listens at its end. */
static void ask_route(struct conn *conn, int leg, const char *from,
    const char *host, uint16_t port, struct route *route)
{
	struct wire *wire = conn->wire;
	struct route_query query = { .from = from, .host = host, .port = port };

	*route = (struct route){ 0 };
	wire->route(wire->route_ctx, &query, route);
	if (route->verdict == ROUTE_OPEN &&
	    !wire_find_listener(wire, route->to, port)) {
		route->verdict = wire_place(wire, route->to)->dark
		                     ? ROUTE_DROPPED
		                     : ROUTE_REFUSED;
		snprintf(route->why, sizeof(route->why),
		    route->verdict == ROUTE_DROPPED ? "%s has no power"
		                                    : "nobody listens there",
		    route->to);
	}
	record_flow(wire, conn, leg, route, verdict_word(route->verdict));
	if (route->verdict != ROUTE_OPEN)
		return;
	text_copy(conn->legs[leg].from, sizeof(conn->legs[leg].from), from);
	text_copy(conn->legs[leg].to, sizeof(conn->legs[leg].to), route->to);
	text_copy(conn->legs[leg].seen_as, sizeof(conn->legs[leg].seen_as),
	    route->seen_as);
	conn->legs[leg].latency_for = route->latency_for;
	conn->leg_count = leg + 1;
	conn->latency_for += route->latency_for;
}

static void unreached(
    struct err *err, const char *host, uint16_t port, const struct route *route)
{
	if (route->verdict == ROUTE_NO_NAME)
		err_set(err, ERR_UNREACHED, "%s has no address: %s", host,
		    *route->why ? route->why : "nobody knows this name");
	else
		err_set(err, ERR_UNREACHED, "%s:%u refuses connections: %s",
		    host, port,
		    *route->why ? route->why : "nobody listens there");
}

static const char *first_host(const struct target *target)
{
	if (target->proxy.host)
		return target->proxy.host;
	return target->connect_to ? target->connect_to : target->host;
}

bool proxy_is_usable(const struct url *proxy, struct err *err)
{
	if (!proxy->host)
		return true;
	if (proxy->port == 0)
		return err_set(err, ERR_UNREACHED,
		    "%s is not the address of a proxy", proxy->host);
	if (proxy->tls)
		return err_set(err, ERR_UNREACHED,
		    "the proxy %s:%u wants https, and only http proxies are "
		    "supported",
		    proxy->host, proxy->port);
	return true;
}

void conn_dial(struct conn *conn)
{
	const struct target *target = conn->target;
	uint16_t port = target->proxy.host ? target->proxy.port : target->port;
	struct route route;

	if (!proxy_is_usable(&target->proxy, &conn->refusal)) {
		refuse_in(conn, 0);
		return;
	}
	ask_route(conn, 0, target->net->place->name, first_host(target), port,
	    &route);
	if (route.verdict == ROUTE_OPEN) {
		next(conn, CONN_TCP, tcp_made, 2 * conn->latency_for);
		return;
	}
	unreached(&conn->refusal, first_host(target), port, &route);
	if (route.verdict != ROUTE_DROPPED)
		refuse_in(conn,
		    route.verdict == ROUTE_REFUSED ? 2 * route.latency_for : 0);
}

/* ---- connected ---- */

/* False: nobody is there any more, and the dial waits in vain or fails. */
static struct wire_listener *still_there(struct conn *conn, uint16_t port)
{
	const struct leg *leg = &conn->legs[conn->leg_count - 1];
	struct wire_listener *listener;
	struct route none = { .verdict = ROUTE_REFUSED };

	if (!conn_path_open(conn, FORWARD))
		return NULL;
	listener = wire_find_listener(conn->wire, leg->to, port);
	if (!listener && !wire_place(conn->wire, leg->to)->dark) {
		unreached(&conn->refusal, leg->to, port, &none);
		refuse_in(conn, 0);
	}
	return listener;
}

static void begin_tls(struct conn *conn)
{
	conn->wire->count.connections++;
	if (conn->target->tls) {
		next(conn, CONN_TLS, tls_made, 2 * conn->latency_for);
		return;
	}
	conn->stage = CONN_READY;
	call_connected(conn->call);
}

static void attach_server(struct conn *conn, struct wire_listener *listener)
{
	conn->server = listener;
	list_add(&listener->conns, &conn->in_server);
}

static void connect_request(struct conn *conn, struct http_request *request)
{
	const struct target *target = conn->target;

	http_request_set(request, "CONNECT", "%s:%u",
	    target->connect_to ? target->connect_to : target->host,
	    target->port);
	if (target->proxy_auth)
		http_header_add(&request->headers, "Proxy-Authorization",
		    target->proxy_auth);
}

static void begin_connect(struct conn *conn)
{
	struct http_request connect = { 0 };

	connect_request(conn, &connect);
	account_open(&conn->connect, conn->wire, &connect);
	http_request_free(&connect);
	snprintf(conn->connect.op, sizeof(conn->connect.op), "connect");
	conn->asking = true;
	next(conn, CONN_ASKING, connect_arrives, conn->latency_for);
}

static void tcp_made(struct timer *timer)
{
	struct conn *conn = OWNER_OF(timer, struct conn, dial);
	const struct target *target = conn->target;
	bool by_proxy = target->proxy.host != NULL;
	struct wire_listener *listener = still_there(
	    conn, by_proxy ? target->proxy.port : target->port);

	if (!listener)
		return;
	if (by_proxy) {
		conn->proxy = listener;
		list_add(&listener->through, &conn->in_proxy);
		conn->wire->carrier->open(conn);
		begin_connect(conn);
		return;
	}
	attach_server(conn, listener);
	conn->wire->carrier->open(conn);
	begin_tls(conn);
}

/* ---- CONNECT ---- */

void dial_abandon(struct conn *conn, const struct err *err)
{
	if (!conn->asking)
		return;
	conn->asking = false;
	record_exchange(conn->wire, &conn->connect, conn->legs[0].from,
	    conn->proxy ? conn->proxy->name : conn->target->proxy.host, err);
}

static void proxy_broke(struct conn *conn, usec wait_for)
{
	err_set(&conn->refusal, ERR_UNREACHED,
	    "proxy %s:%u broke the connection instead of answering CONNECT",
	    conn->target->proxy.host, conn->target->proxy.port);
	refuse_in(conn, wait_for);
}

static enum wire_fate connect_fate(struct conn *conn,
    const struct http_request *request, const struct http_response *response,
    struct wire_doom *doom)
{
	struct wire_sight sight = {
		.client = conn->legs[0].from,
		.server = conn->proxy->name,
		.op = "connect",
		.request = request,
		.response = response,
	};

	*doom = (struct wire_doom){ 0 };
	if (conn->wire->fault)
		conn->wire->fault(conn->wire->fault_ctx, &sight, doom);
	if (doom->fate != FATE_PASS)
		conn->connect.fault = response ? "answer" : "request";
	return doom->fate;
}

/* The proxy dials onward from its own place: 200, or 502. */
static int dial_onward(struct conn *conn, usec *wait_for)
{
	const struct target *target = conn->target;
	const char *host = target->connect_to ? target->connect_to
	                                      : target->host;
	struct route route;

	ask_route(conn, 1, conn->legs[0].to, host, target->port, &route);
	if (route.verdict == ROUTE_DROPPED)
		return 0;
	if (route.verdict != ROUTE_NO_NAME)
		*wait_for += 2 * route.latency_for;
	if (route.verdict == ROUTE_OPEN)
		return 200;
	http_response_text(&conn->connect_answer, 502, "text/plain", route.why);
	return 502;
}

static void answer_connect(struct conn *conn, usec wait_for)
{
	struct wire_doom doom;

	switch (connect_fate(conn, NULL, &conn->connect_answer, &doom)) {
	case FATE_LOSE:
		return;
	case FATE_RESET:
		proxy_broke(conn, wait_for);
		return;
	case FATE_DELAY:
		wait_for += doom.delay_for;
		break;
	case FATE_PASS:
	case FATE_ANSWER:
	case FATE_TRUNCATE:
	case FATE_ENDLESS:
	case FATE_GARBAGE:
		break;
	}
	conn->answer_fate = doom.fate;
	http_response_free(&doom.answer);
	next(conn, CONN_ALLOWED, connect_answered, wait_for);
}

/* False: a fault has taken the matter over. */
static bool connect_passes(struct conn *conn,
    const struct http_request *request, struct wire_doom *doom)
{
	if (conn->asked)
		return true;
	conn->asked = true;
	switch (connect_fate(conn, request, NULL, doom)) {
	case FATE_LOSE:
		return false;
	case FATE_RESET:
		proxy_broke(conn, conn->legs[0].latency_for);
		return false;
	case FATE_DELAY:
		next(conn, CONN_ASKING, connect_arrives, doom->delay_for);
		return false;
	case FATE_PASS:
	case FATE_ANSWER:
	case FATE_TRUNCATE:
	case FATE_ENDLESS:
	case FATE_GARBAGE:
		break;
	}
	return true;
}

static void connect_arrives(struct timer *timer)
{
	struct conn *conn = OWNER_OF(timer, struct conn, dial);
	struct http_request request = { 0 };
	struct wire_doom doom = { 0 };
	usec wait_for = conn->legs[0].latency_for;
	int status;

	if (!conn->proxy || !net_alive(conn->proxy->net) ||
	    !conn_path_open(conn, FORWARD))
		return;
	connect_request(conn, &request);
	if (!conn->asked) {
		conn->wire->carrier->ask(conn, &request);
		account_arrived(&conn->connect, conn->wire, &request,
		    conn->legs[0].seen_as);
	}
	if (!connect_passes(conn, &request, &doom))
		goto out;
	if (doom.fate == FATE_ANSWER) {
		http_response_move(&conn->connect_answer, &doom.answer);
		status = conn->connect_answer.status;
	} else {
		status = conn->proxy->decide
		             ? conn->proxy->decide(conn->proxy->decide_ctx,
		                   &request, conn->legs[0].seen_as,
		                   &conn->connect_answer)
		             : 405;
		if (status == 200)
			status = dial_onward(conn, &wait_for);
	}
	conn->connect_answer.status = status;
	if (status)
		answer_connect(conn, wait_for);
out:
	http_response_free(&doom.answer);
	http_request_free(&request);
}

static void connect_answered(struct timer *timer)
{
	struct conn *conn = OWNER_OF(timer, struct conn, dial);
	struct wire_listener *listener;
	struct err err;
	int status;

	if (conn->severed || !conn_path_open(conn, BACKWARD))
		return;
	status = conn->wire->carrier->allow(
	    conn, &conn->connect_answer, conn->answer_fate, &err);
	if (status) {
		account_answered(
		    &conn->connect, conn->wire, &conn->connect_answer);
		if (status != 200)
			say_proxy_no(&conn->target->proxy, conn->connect.target,
			    status, &err);
	}
	dial_abandon(conn, status ? NULL : &err);
	if (status != 200) {
		call_fail(conn->call, &err);
		return;
	}
	listener = still_there(conn, conn->target->port);
	if (!listener)
		return;
	attach_server(conn, listener);
	begin_tls(conn);
}

/* ---- TLS ---- */

static void tls_made(struct timer *timer)
{
	struct conn *conn = OWNER_OF(timer, struct conn, dial);
	struct err err;

	if (!conn->server || !net_alive(conn->server->net) ||
	    !conn_path_open(conn, FORWARD) || !conn_path_open(conn, BACKWARD))
		return;
	conn->wire->count.handshakes++;
	if (!conn->wire->carrier->handshake(conn, &err)) {
		call_fail(conn->call, &err);
		return;
	}
	conn->stage = CONN_READY;
	call_connected(conn->call);
}
