#include "base/wire_parts.h"

#include <stdlib.h>

#include "base/check.h"

static void pipe_fire(struct timer *timer);
static void dial_unset(struct timer *timer)
{
	(void)timer;
	unreachable("a dial that nobody began");
}

static void pipe_init(struct conn *conn, struct pipe *pipe)
{
	pipe->conn = conn;
	timer_init(&pipe->timer, pipe_fire);
}

struct conn *conn_new(struct target *target)
{
	struct conn *conn = xcalloc(1, sizeof(*conn));

	conn->wire = target->net->wire;
	conn->target = target;
	conn->client_open = true;
	pipe_init(conn, &conn->pipes[FORWARD]);
	pipe_init(conn, &conn->pipes[BACKWARD]);
	timer_init(&conn->dial, dial_unset);
	list_add(&conn->wire->conns, &conn->in_wire);
	return conn;
}

/* ---- parcels ---- */

struct parcel *parcel_new(enum parcel_kind kind)
{
	struct parcel *parcel = xcalloc(1, sizeof(*parcel));

	parcel->kind = kind;
	return parcel;
}

static void parcel_free(struct parcel *parcel)
{
	http_request_free(&parcel->request);
	http_response_free(&parcel->response);
	buf_free(&parcel->line);
	free(parcel);
}

static void pipe_clear(struct pipe *pipe)
{
	timer_cancel(&pipe->timer);
	list_each(&pipe->parcels, struct parcel, in_pipe, parcel)
	{
		list_remove(&parcel->in_pipe);
		parcel_free(parcel);
	}
}

static void pipe_arm(struct pipe *pipe)
{
	struct parcel *first = list_first(
	    &pipe->parcels, struct parcel, in_pipe);
	struct loop *loop = pipe->conn->wire->loop;

	if (first && !timer_is_set(&pipe->timer))
		timer_set(&pipe->timer, loop, first->due_at - loop_now(loop));
}

void conn_put(struct conn *conn, enum direction direction,
    struct parcel *parcel, usec extra_for)
{
	struct pipe *pipe = &conn->pipes[direction];

	parcel->due_at = loop_now(conn->wire->loop) + conn->latency_for +
	                 extra_for;
	if (parcel->due_at < pipe->last_at)
		parcel->due_at = pipe->last_at;
	pipe->last_at = parcel->due_at;
	list_add(&pipe->parcels, &parcel->in_pipe);
	pipe_arm(pipe);
}

/* ---- the path ---- */

static enum route_verdict leg_verdict(
    const struct conn *conn, const struct leg *leg, enum direction direction)
{
	const struct wire *wire = conn->wire;
	struct route route = { 0 };
	struct route_query query = {
		.from = direction == FORWARD ? leg->from : leg->to,
		.host = direction == FORWARD ? leg->to : leg->from,
		.port = direction == FORWARD ? conn->target->port : 0,
		.established = true,
	};

	wire->route(wire->route_ctx, &query, &route);
	return route.verdict;
}

static enum route_verdict path_verdict(
    const struct conn *conn, enum direction direction)
{
	if (conn->severed)
		return ROUTE_DROPPED;
	for (int i = 0; i < conn->leg_count; i++) {
		enum route_verdict verdict = leg_verdict(
		    conn, &conn->legs[i], direction);

		/* What is established needs no name any more. */
		if (verdict != ROUTE_OPEN && verdict != ROUTE_NO_NAME)
			return verdict;
	}
	return ROUTE_OPEN;
}

bool conn_path_open(const struct conn *conn, enum direction direction)
{
	return path_verdict(conn, direction) == ROUTE_OPEN;
}

static bool place_is_dark(const struct conn *conn, enum direction direction)
{
	const struct leg *last = &conn->legs[conn->leg_count - 1];
	const char *name = direction == FORWARD ? last->to : conn->legs[0].from;

	return wire_place(conn->wire, name)->dark;
}

/* ---- ends ---- */

static void put_break(struct conn *conn, enum direction direction)
{
	/* Judged when it leaves: a host that is taken off the network right
	 * after its program died still said so. */
	if (conn_path_open(conn, direction))
		conn_put(conn, direction, parcel_new(PARCEL_BREAK), 0);
	else
		conn->pipes[direction].torn = true;
}

void conn_leave_client(struct conn *conn, bool tell)
{
	struct pipe *forward = &conn->pipes[FORWARD];

	check(conn->client_open);
	conn->client_open = false;
	conn->call = NULL;
	timer_cancel(&conn->dial);
	list_remove(&conn->in_target);
	pipe_clear(&conn->pipes[BACKWARD]);
	if (tell && (conn->exchange || !list_is_empty(&forward->parcels)))
		put_break(conn, FORWARD);
	conn_settle(conn);
}

void conn_leave_server(struct conn *conn, bool tell)
{
	check(conn->server);
	conn->server = NULL;
	list_remove(&conn->in_server);
	if (conn->exchange) {
		conn->exchange->conn = NULL;
		conn->exchange = NULL;
	}
	if (tell && conn->client_open)
		put_break(conn, BACKWARD);
	conn_settle(conn);
}

void conn_leave_proxy(struct conn *conn, bool tell)
{
	check(conn->proxy);
	conn->proxy = NULL;
	list_remove(&conn->in_proxy);
	if (tell && conn->client_open)
		put_break(conn, BACKWARD);
	if (tell && conn->exchange)
		put_break(conn, FORWARD);
	/* What is under way dies with it, the news of its death does not. */
	conn->severed = true;
	conn_settle(conn);
}

void conn_settle(struct conn *conn)
{
	if (conn->client_open || conn->exchange ||
	    !list_is_empty(&conn->pipes[FORWARD].parcels))
		return;
	conn_free(conn);
}

void conn_free(struct conn *conn)
{
	conn->wire->carrier->close(conn);
	timer_cancel(&conn->dial);
	pipe_clear(&conn->pipes[FORWARD]);
	pipe_clear(&conn->pipes[BACKWARD]);
	list_remove(&conn->in_wire);
	list_remove(&conn->in_target);
	list_remove(&conn->in_server);
	list_remove(&conn->in_proxy);
	http_response_free(&conn->connect_answer);
	account_free(&conn->connect);
	free(conn);
}

/* ---- arrival ---- */

/* The server's end learns that the connection is gone. */
static void break_server(struct conn *conn)
{
	struct exchange_side *exchange = conn->exchange;

	if (conn->server) {
		conn->server = NULL;
		list_remove(&conn->in_server);
	}
	conn->exchange = NULL;
	pipe_clear(&conn->pipes[FORWARD]);
	if (exchange) {
		exchange->conn = NULL;
		exchange_lost(exchange);
	}
}

/* The client's end learns it: a waiting call is lost, an idle connection is
 * not used again. */
static void break_client(struct conn *conn)
{
	struct call_side *call = conn->call;
	struct err err;

	if (!conn->client_open)
		return;
	if (!call) {
		conn_leave_client(conn, true);
		return;
	}
	say_lost(conn->target->label, &err);
	call_fail(call, &err);
}

static void arrive_at_server(struct conn *conn, struct parcel *parcel)
{
	if (parcel->kind == PARCEL_BREAK) {
		break_server(conn);
		conn_settle(conn);
	} else if (!conn->server) {
		/* Somebody else is there now, or nobody: a reset. */
		if (!place_is_dark(conn, FORWARD) && conn->client_open)
			put_break(conn, BACKWARD);
		conn_settle(conn);
	} else if (net_alive(conn->server->net)) {
		serve_request(conn, parcel);
	}
}

static void arrive_at_client(struct conn *conn, struct parcel *parcel)
{
	if (parcel->kind == PARCEL_BREAK)
		break_client(conn);
	else if (conn->call && net_alive(conn->target->net))
		call_take(conn->call, parcel);
}

/* Something on the way answers with a reset (refused), or the path is back but
 * the stream has a hole: both ends give it up. */
static void arrive_torn(
    struct conn *conn, enum direction direction, bool refused)
{
	if (direction == BACKWARD) {
		if (conn->exchange)
			put_break(conn, FORWARD);
		break_client(conn);
		return;
	}
	if (conn->client_open && refused)
		conn_put(conn, BACKWARD, parcel_new(PARCEL_BREAK), 0);
	else if (conn->client_open)
		put_break(conn, BACKWARD);
	break_server(conn);
	conn_settle(conn);
}

static void arrive(
    struct conn *conn, enum direction direction, struct parcel *parcel)
{
	struct pipe *pipe = &conn->pipes[direction];

	enum route_verdict verdict = ROUTE_OPEN; /* judged when it left */

	if (parcel->kind != PARCEL_BREAK)
		verdict = pipe->silent ? ROUTE_DROPPED
		                       : path_verdict(conn, direction);
	if (verdict == ROUTE_REFUSED || (verdict == ROUTE_OPEN && pipe->torn &&
	                                    parcel->kind != PARCEL_BREAK)) {
		arrive_torn(conn, direction, verdict == ROUTE_REFUSED);
		return;
	}
	if (verdict != ROUTE_OPEN) {
		pipe->torn = true;
		conn_settle(conn);
		return;
	}
	if (direction == FORWARD)
		arrive_at_server(conn, parcel);
	else
		arrive_at_client(conn, parcel);
}

static void pipe_fire(struct timer *timer)
{
	struct pipe *pipe = OWNER_OF(timer, struct pipe, timer);
	struct conn *conn = pipe->conn;
	struct parcel *parcel = list_first(
	    &pipe->parcels, struct parcel, in_pipe);

	check(parcel);
	list_remove(&parcel->in_pipe);
	pipe_arm(pipe);
	arrive(
	    conn, pipe == &conn->pipes[FORWARD] ? FORWARD : BACKWARD, parcel);
	parcel_free(parcel);
}
