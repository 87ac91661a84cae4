#include "base/wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void call_cancelled(struct call *call);
static void call_starts(struct timer *timer);
static void call_timed_out(struct timer *timer);

struct call *wire_send(struct net *net_base, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx)
{
	static const struct call_ops OPS = { call_cancelled };
	struct wire_net *net = OWNER_OF(net_base, struct wire_net, net);
	struct call_side *call = xcalloc(1, sizeof(*call));

	call->call.ops = &OPS;
	call->net = net;
	call->options = *options;
	if (!call->options.max_body)
		call->options.max_body = (size_t)16 << 20;
	call->handler = handler;
	call->ctx = ctx;
	timer_init(&call->start, call_starts);
	timer_init(&call->timeout, call_timed_out);
	list_add(&net->calls, &call->in_net);
	http_request_move(&call->request, request);
	if (!net_alive(net)) /* nothing comes of it */
		return &call->call;
	tidy_request(&call->request);
	call->target = target_of(net, dial);
	call->n = ++net->sent;
	text_copy(call->server, sizeof(call->server), call->target->label);
	account_open(&call->account, net->wire, &call->request);
	call->account.background = options->background;
	timer_set(&call->start, net->wire->loop, 0);
	if (options->timeout_for > 0)
		timer_set(
		    &call->timeout, net->wire->loop, options->timeout_for);
	return &call->call;
}

void call_free(struct call_side *call)
{
	timer_cancel(&call->start);
	timer_cancel(&call->timeout);
	list_remove(&call->in_net);
	http_request_free(&call->request);
	http_response_free(&call->answer);
	account_free(&call->account);
	call->gone = true;
	if (!call->busy)
		free(call);
}

/* A callback may cancel its call: who called it asks here whether it did. */
static bool outlived(struct call_side *call)
{
	call->busy = false;
	if (!call->gone)
		return net_alive(call->net);
	free(call);
	return false;
}

/* ---- the end ---- */

static void record_end(struct call_side *call, const struct err *err)
{
	record_exchange(call->net->wire, &call->account, call->net->place->name,
	    call->server, err);
}

/* The connection is left to itself: kept for the next, or closed. */
static void leave_conn(struct call_side *call, bool keep)
{
	struct conn *conn = call->conn;

	if (!conn)
		return;
	call->conn = NULL;
	conn->call = NULL;
	if (keep) {
		conn->idle_since = loop_now(conn->wire->loop);
		list_add(&conn->target->idle, &conn->in_target);
		return;
	}
	conn_leave_client(conn, true);
}

static void finish(struct call_side *call, const struct http_response *answer,
    const struct err *err)
{
	struct wire_net *net = call->net;
	struct wire *wire = net->wire;
	struct wire_place *place = net->place;
	uint64_t n = call->n;
	char server[64], op[96];

	timer_cancel(&call->start);
	timer_cancel(&call->timeout);
	if (call->conn && err)
		dial_abandon(call->conn, err);
	leave_conn(call, !err);
	record_end(call, err);
	text_copy(server, sizeof(server), call->server);
	text_copy(op, sizeof(op), call->account.op);
	call->finishing = true;
	if (net_alive(net))
		call->handler->done(call->ctx, answer, err);
	call_free(call);
	if (wire->probe && net_alive(net))
		wire->probe(
		    wire->probe_ctx, WIRE_ANSWERED, place->name, n, server, op);
}

void call_fail(struct call_side *call, const struct err *err)
{
	struct err copy = *err; /* it may live in the connection */

	finish(call, NULL, &copy);
}

static void call_cancelled(struct call *base)
{
	struct call_side *call = OWNER_OF(base, struct call_side, call);
	struct err err;

	if (call->finishing)
		return;
	err_set(&err, ERR_GONE, "cancelled by %s", call->net->place->name);
	if (net_alive(call->net)) {
		if (call->conn)
			dial_abandon(call->conn, &err);
		leave_conn(call, false);
		record_end(call, &err);
	} else {
		call_bury(call);
	}
	call_free(call);
}

/* Its connection stays as it is until the wire hears how the host died. */
void call_bury(struct call_side *call)
{
	struct err err;

	if (!call->target) /* sent when dead, or buried before */
		return;
	err_set(&err, ERR_GONE, "%s died", call->net->place->name);
	if (call->conn) {
		dial_abandon(call->conn, &err);
		call->conn->call = NULL;
		timer_cancel(&call->conn->dial);
		call->conn = NULL;
	}
	record_end(call, &err);
	timer_cancel(&call->start);
	timer_cancel(&call->timeout);
	call->target = NULL;
}

static void call_timed_out(struct timer *timer)
{
	struct call_side *call = OWNER_OF(timer, struct call_side, timeout);
	char span[32];
	struct err err;

	span_text(call->options.timeout_for, span);
	if (!call->conn || call->conn->stage != CONN_READY)
		err_set(&err, ERR_UNREACHED,
		    "no answer from %s: it could not be connected to "
		    "within %s",
		    call->target->label, span);
	else
		err_set(&err, ERR_TIMEOUT, "no answer from %s within %s",
		    call->target->label, span);
	call_fail(call, &err);
}

/* ---- the beginning ---- */

/* The most recently used one, if it is not too old and not known to be
 * closed (then it would not be in the list). */
static struct conn *pool_take(struct target *target)
{
	usec now = loop_now(target->net->wire->loop);
	struct conn *best = NULL;

	list_each(&target->idle, struct conn, in_target, conn)
	{
		if (now - conn->idle_since > WIRE_IDLE_FOR)
			conn_leave_client(conn, true);
		else
			best = conn;
	}
	if (best)
		list_remove(&best->in_target);
	return best;
}

static void call_starts(struct timer *timer)
{
	struct call_side *call = OWNER_OF(timer, struct call_side, start);
	struct conn *conn;

	if (!net_alive(call->net))
		return;
	conn = pool_take(call->target);
	if (conn) {
		check(!conn->call && conn->client_open);
		call->conn = conn;
		conn->call = call;
		call_connected(call);
		return;
	}
	conn = conn_new(call->target);
	call->conn = conn;
	conn->call = call;
	conn_dial(conn);
}

static void name_op(struct call_side *call)
{
	const struct wire_listener *server = call->conn->server;

	if (!server)
		return;
	text_copy(call->server, sizeof(call->server), server->name);
	if (net_alive(server->net))
		service_op(&server->service, &call->request, call->account.op,
		    sizeof(call->account.op));
}

/* The connection is there: the request leaves. */
void call_connected(struct call_side *call)
{
	struct wire *wire = call->net->wire;
	struct parcel *parcel;

	name_op(call);
	if (wire->probe)
		wire->probe(wire->probe_ctx, WIRE_BEFORE_SEND,
		    call->net->place->name, call->n, call->server,
		    call->account.op);
	if (!net_alive(call->net))
		return;
	call->account.sent_at = loop_now(wire->loop);
	wire->count.exchanges++;
	parcel = parcel_new(PARCEL_REQUEST);
	http_request_move(&parcel->request, &call->request);
	conn_put(call->conn, FORWARD, parcel, 0);
}

/* ---- what comes back ---- */

static bool hand_head(struct call_side *call, const struct http_response *head)
{
	timer_cancel(&call->timeout);
	call->begun = true;
	call->busy = true;
	if (call->handler->head)
		call->handler->head(call->ctx, head);
	return outlived(call);
}

static bool hand_message(struct call_side *call, const char *line, size_t len)
{
	call->messages++;
	record_message(call->net->wire, call, line, len);
	call->busy = true;
	if (call->handler->message)
		call->handler->message(call->ctx, line, len);
	return outlived(call);
}

/* A whole answer where a stream was expected: head, its lines, end. */
static bool hand_lines(struct call_side *call, struct http_response *answer)
{
	const char *at = buf_text(&answer->body);
	const char *end = at + answer->body.len;

	if (!hand_head(call, answer))
		return false;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		if (!hand_message(call, at, (size_t)(stop - at)))
			return false;
		at = stop + 1;
	}
	buf_free(&answer->body);
	return true;
}

static void take_reply(struct call_side *call, struct parcel *parcel)
{
	struct http_response answer = { 0 };
	struct wire *wire = call->net->wire;
	struct err err;

	http_response_move(&answer, &parcel->response);
	if (!wire->carrier->reply(call->conn, &answer, parcel->fate,
	        call->options.max_body, &err)) {
		call_fail(call, &err);
	} else {
		account_answered(&call->account, wire, &answer);
		if (!call->options.stream || hand_lines(call, &answer))
			finish(call, &answer, NULL);
	}
	http_response_free(&answer);
}

static void take_head(struct call_side *call, struct parcel *parcel)
{
	struct wire *wire = call->net->wire;
	struct err err;

	if (!wire->carrier->head(call->conn, &parcel->response, &err)) {
		call_fail(call, &err);
		return;
	}
	call->account.status = parcel->response.status;
	if (call->options.stream) {
		http_response_copy(&call->answer, &parcel->response);
		hand_head(call, &parcel->response);
	} else {
		http_response_move(&call->answer, &parcel->response);
		call->begun = true;
	}
}

static void take_message(struct call_side *call, struct parcel *parcel)
{
	struct err err;

	if (!call->net->wire->carrier->message(
	        call->conn, &parcel->line, &err)) {
		call_fail(call, &err);
		return;
	}
	if (call->options.stream) {
		hand_message(call, buf_text(&parcel->line), parcel->line.len);
		return;
	}
	buf_add(&call->answer.body, buf_text(&parcel->line), parcel->line.len);
	buf_addc(&call->answer.body, '\n');
	if (call->answer.body.len > call->options.max_body) {
		say_too_long(call->target->label, call->options.max_body, &err);
		call_fail(call, &err);
	}
}

static void take_end(struct call_side *call)
{
	struct http_response answer = { 0 };
	struct err err;

	if (!call->net->wire->carrier->end(call->conn, &err)) {
		call_fail(call, &err);
		return;
	}
	http_response_move(&answer, &call->answer);
	if (!call->options.stream)
		account_answered(&call->account, call->net->wire, &answer);
	finish(call, &answer, NULL);
	http_response_free(&answer);
}

void call_take(struct call_side *call, struct parcel *parcel)
{
	switch (parcel->kind) {
	case PARCEL_REPLY:
		take_reply(call, parcel);
		return;
	case PARCEL_HEAD:
		take_head(call, parcel);
		return;
	case PARCEL_MESSAGE:
		take_message(call, parcel);
		return;
	case PARCEL_END:
		take_end(call);
		return;
	case PARCEL_REQUEST:
	case PARCEL_BREAK:
		break;
	}
	unreachable("a request came back");
}
