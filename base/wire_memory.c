/*
 * The memory carrier: what was sent is what arrives, but for what HTTP and TLS
 * would not let through. Faults of bytes become the errors that the bytes
 * would have caused.
 */
#include "base/wire_parts.h"

static void memory_wire(struct wire *wire)
{
	(void)wire;
}

static void memory_target(struct target *target)
{
	(void)target;
}

static void memory_listener(struct wire_listener *listener)
{
	(void)listener;
}

static void memory_conn(struct conn *conn)
{
	(void)conn;
}

static void memory_ask(struct conn *conn, struct http_request *connect)
{
	(void)conn;
	(void)connect;
}

static int memory_allow(struct conn *conn, struct http_response *answer,
    enum wire_fate fate, struct err *err)
{
	if (fate != FATE_TRUNCATE && fate != FATE_ENDLESS &&
	    fate != FATE_GARBAGE) {
		tidy_response(answer, "HEAD"); /* nobody reads its body */
		return answer->status;
	}
	say_bad_connect(&conn->target->proxy, err);
	return 0;
}

static bool memory_handshake(struct conn *conn, struct err *err)
{
	if (!conn->server->identity)
		return say_no_tls(conn->target->label, err);
	return judge_server(conn, err) && judge_client(conn, err);
}

static bool memory_request(struct conn *conn, struct http_request *request)
{
	(void)request; /* tidied when it was sent */
	return conn->target->tls || !conn->server->identity;
}

static bool memory_reply(struct conn *conn, struct http_response *response,
    enum wire_fate fate, size_t max_body, struct err *err)
{
	switch (fate) {
	case FATE_TRUNCATE:
		return has_no_body(response, conn->call->account.method)
		           ? say_lost(conn->target->label, err)
		           : say_cut_short(conn->target->label, err);
	case FATE_ENDLESS:
		return say_too_long(conn->target->label, max_body, err);
	case FATE_GARBAGE:
		return say_garbage(conn->target->label, err);
	case FATE_PASS:
	case FATE_LOSE:
	case FATE_RESET:
	case FATE_ANSWER:
	case FATE_DELAY:
		break;
	}
	tidy_response(response, conn->call->account.method);
	if (response->body.len > max_body)
		return say_too_long(conn->target->label, max_body, err);
	return true;
}

static bool memory_head(
    struct conn *conn, struct http_response *head, struct err *err)
{
	(void)err;
	tidy_response(head, conn->call->account.method);
	return true;
}

static bool memory_message(struct conn *conn, struct buf *line, struct err *err)
{
	(void)conn;
	(void)line;
	(void)err;
	return true;
}

static bool memory_end(struct conn *conn, struct err *err)
{
	(void)conn;
	(void)err;
	return true;
}

const struct carrier_ops wire_memory_ops = {
	.start = memory_wire,
	.stop = memory_wire,
	.forget_target = memory_target,
	.forget_listener = memory_listener,
	.open = memory_conn,
	.close = memory_conn,
	.ask = memory_ask,
	.allow = memory_allow,
	.handshake = memory_handshake,
	.request = memory_request,
	.reply = memory_reply,
	.head = memory_head,
	.message = memory_message,
	.end = memory_end,
};
