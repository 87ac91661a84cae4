/*
 * The https carrier: what was sent crosses as real bytes (CONNECT, TLS, HTTP)
 * inside the event in which it arrives. libcurl and libmicrohttpd sit at the
 * ends; between them are two buffers, and nothing waits.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/http_client.h"
#include "base/http_connect.h"
#include "base/http_server.h"
#include "base/tls_conn.h"
#include "base/wire_parts.h"

struct https_wire {
	struct http_server *server;
	uint64_t replies;
};

struct https_conn {
	struct conn *conn;
	struct http_client *client;
	struct http_peer *peer;
	struct tls_conn *client_tls, *server_tls;
	struct buf forward, backward; /* bytes under way */
	struct err distrust;          /* of the client's judge */
	/* what the server's end has read */
	struct http_request request;
	bool read;
	bool deaf; /* it hears no more of this request */
	/* what the client's end has read */
	struct http_response answer;
	bool head, ended;
	enum http_client_end end;
};

/* ---- the ends ---- */

static void to_server(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	if (h->client_tls)
		tls_conn_write(h->client_tls, data, len);
	else
		buf_add(&h->forward, data, len);
}

static void to_client(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	if (h->server_tls)
		tls_conn_write(h->server_tls, data, len);
	else
		buf_add(&h->backward, data, len);
}

static void client_head(void *ctx, struct http_response *head)
{
	struct https_conn *h = ctx;

	http_response_move(&h->answer, head);
	h->head = true;
}

static void client_body(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	buf_add(&h->answer.body, data, len);
}

static void client_end(void *ctx, enum http_client_end end, bool keep)
{
	struct https_conn *h = ctx;

	(void)keep; /* the wire decides */
	h->ended = true;
	h->end = end;
}

static void server_request(
    void *ctx, struct http_request *request, const char *authority)
{
	struct https_conn *h = ctx;

	(void)authority; /* the wire knows it */
	http_request_move(&h->request, request);
	h->read = true;
}

static void server_closed(void *ctx)
{
	(void)ctx;
}

static const struct http_client_ops CLIENT = { to_server, client_head,
	client_body, client_end };
static const struct http_peer_ops SERVER = { to_client, NULL, server_request,
	server_closed };

/* ---- TLS ---- */

static void cipher_forward(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	buf_add(&h->forward, data, len);
}

static void cipher_backward(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	buf_add(&h->backward, data, len);
}

static void plain_to_server(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	if (!h->deaf)
		http_peer_input(h->peer, data, len);
}

static void plain_to_client(void *ctx, const char *data, size_t len)
{
	struct https_conn *h = ctx;

	if (h->client)
		http_client_input(h->client, data, len);
}

/* A verdict that is remembered is good only for the certificate it was about;
 * anything else that is shown is judged for itself. */
static bool judge_of_client(void *ctx, X509 *leaf, STACK_OF(X509) * chain)
{
	struct https_conn *h = ctx;
	struct target *target = h->conn->target;
	const struct tls_shown shown = {
		.leaf = leaf,
		.chain = chain,
		.ca_pem = target->ca_pem,
		.host = target->host,
		.time = host_time(target->net->host),
	};

	if (target->unverified ||
	    X509_cmp(leaf, h->conn->server->identity->cert) == 0)
		return judge_server(h->conn, &h->distrust);
	return tls_verify(&shown, &h->distrust);
}

static bool judge_of_server(void *ctx, X509 *leaf, STACK_OF(X509) * chain)
{
	struct https_conn *h = ctx;
	struct target *target = h->conn->target;
	struct err err;

	(void)chain;
	return target->identity &&
	       X509_cmp(leaf, target->identity->cert) == 0 &&
	       judge_client(h->conn, &err);
}

static const struct tls_conn_ops CLIENT_TLS = { cipher_forward, plain_to_client,
	judge_of_client };
static const struct tls_conn_ops SERVER_TLS = { cipher_backward,
	plain_to_server, judge_of_server };

/* ---- moving bytes ---- */

static bool move_forward(struct https_conn *h)
{
	struct buf moving = h->forward;

	if (!moving.len)
		return false;
	h->forward = (struct buf)BUF_INIT;
	if (h->server_tls)
		tls_conn_input(h->server_tls, moving.data, moving.len);
	else
		plain_to_server(h, moving.data, moving.len);
	buf_free(&moving);
	return true;
}

static bool move_backward(struct https_conn *h)
{
	struct buf moving = h->backward;

	if (!moving.len)
		return false;
	h->backward = (struct buf)BUF_INIT;
	if (h->client_tls)
		tls_conn_input(h->client_tls, moving.data, moving.len);
	else if (h->client)
		http_client_input(h->client, moving.data, moving.len);
	buf_free(&moving);
	return true;
}

/* Until nothing is under way any more. Each round moves all there is, so few
 * rounds are enough; many mean that the two ends talk in circles. */
static void step(struct https_conn *h)
{
	int rounds = 0;

	for (;;) {
		bool forward = move_forward(h);
		bool backward = move_backward(h);

		if (!forward && !backward)
			return;
		check(++rounds < 100000);
	}
}

/* ---- life ---- */

static void https_start(struct wire *wire)
{
	struct https_wire *https = xcalloc(1, sizeof(*https));

	https->server = http_server_new(WIRE_MAX_BODY);
	wire->carried = https;
}

static void https_stop(struct wire *wire)
{
	struct https_wire *https = wire->carried;

	http_server_free(&https->server);
	free(https);
	wire->carried = NULL;
}

static void https_forget_target(struct target *target)
{
	SSL_CTX_free(target->carried);
	target->carried = NULL;
}

static void https_forget_listener(struct wire_listener *listener)
{
	SSL_CTX_free(listener->carried);
	listener->carried = NULL;
}

static void https_open(struct conn *conn)
{
	struct https_conn *h = xcalloc(1, sizeof(*h));

	h->conn = conn;
	conn->carried = h;
}

static void https_close(struct conn *conn)
{
	struct https_conn *h = conn->carried;

	if (!h)
		return;
	http_client_free(&h->client);
	http_peer_free(&h->peer);
	tls_conn_free(&h->client_tls);
	tls_conn_free(&h->server_tls);
	buf_free(&h->forward);
	buf_free(&h->backward);
	http_request_free(&h->request);
	http_response_free(&h->answer);
	free(h);
	conn->carried = NULL;
}

/* What a simulated world does must not depend on how many descriptors this
 * machine has left. */
static _Noreturn void starve(void)
{
	cannot_go_on(
	    "no more files may be open at once (ulimit -n), and each "
	    "connection on the https wire needs four: raise it, or play "
	    "with --wire memory");
}

static struct https_conn *with_peer(struct conn *conn)
{
	struct https_conn *h = conn->carried;
	struct https_wire *https = conn->wire->carried;

	if (!h->peer)
		h->peer = http_peer_new(https->server, &SERVER, h);
	if (!h->peer)
		starve();
	return h;
}

/* ---- CONNECT ---- */

static void drop_header(struct http_headers *headers, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < headers->count; i++) {
		struct http_header header = headers->items[i];

		if (strcasecmp(header.name, name) == 0) {
			free(header.name);
			free(header.value);
			continue;
		}
		headers->items[kept++] = header;
	}
	headers->count = kept;
}

static void https_ask(struct conn *conn, struct http_request *connect)
{
	struct https_conn *h = conn->carried;
	struct err err;
	size_t used;

	connect_write(&h->forward, connect->target,
	    http_header(&connect->headers, "Proxy-Authorization"));
	check(connect_read(h->forward.data, h->forward.len, &used, connect,
	          &err) == CONNECT_READ);
	check(used == h->forward.len);
	buf_reset(&h->forward);
	drop_header(&connect->headers, "Host");
}

static int https_allow(struct conn *conn, struct http_response *answer,
    enum wire_fate fate, struct err *err)
{
	struct https_conn *h = conn->carried;
	enum connect_reading reading;
	struct err unread;
	size_t used;

	connect_write_answer(&h->backward, answer);
	if (fate == FATE_TRUNCATE)
		h->backward.len /= 2;
	else if (fate == FATE_GARBAGE || fate == FATE_ENDLESS)
		h->backward.data[0] = '?';
	http_response_free(answer);
	reading = connect_read_answer(
	    h->backward.data, h->backward.len, &used, answer, &unread);
	buf_reset(&h->backward);
	if (reading != CONNECT_READ) {
		say_bad_connect(&conn->target->proxy, err);
		return 0;
	}
	tidy_response(answer, "");
	return answer->status;
}

/* ---- the handshake ---- */

static bool https_handshake(struct conn *conn, struct err *err)
{
	struct https_conn *h = with_peer(conn);
	struct target *target = conn->target;
	struct wire_listener *server = conn->server;

	if (!target->carried)
		target->carried = tls_client_ctx(target->identity);
	if (server->identity && !server->carried)
		server->carried = tls_server_ctx(
		    server->identity, server->client_ca_pem != NULL);
	h->client_tls = tls_conn_new(
	    target->carried, target->host, &CLIENT_TLS, h);
	if (server->identity)
		h->server_tls = tls_conn_new(
		    server->carried, NULL, &SERVER_TLS, h);
	tls_conn_start(h->client_tls);
	step(h);
	if (tls_conn_state(h->client_tls) == TLS_DISTRUST) {
		*err = h->distrust;
		return false;
	}
	if (tls_conn_state(h->client_tls) == TLS_UNWANTED)
		return say_unwanted(conn->target->label, err);
	if (tls_conn_state(h->client_tls) != TLS_OPEN)
		return say_no_tls(conn->target->label, err);
	check(tls_conn_state(h->server_tls) == TLS_OPEN);
	return true;
}

/* ---- exchanges ---- */

/* What stands in front of the server reads no further, and answers itself: as
 * on the memory wire, wherever libmicrohttpd may have its own limit. */
static bool overlong_request(
    struct https_conn *h, const struct http_request *request)
{
	if (h->server_tls && !h->client_tls) {
		tls_conn_free(&h->server_tls);
		return false;
	}
	h->deaf = true;
	http_client_send(h->client, request, h->conn->target->authority,
	    h->conn->call ? h->conn->call->options.max_body : 1);
	step(h);
	return true;
}

static bool https_request(struct conn *conn, struct http_request *request)
{
	struct https_conn *h = with_peer(conn);

	if (!conn->target->tls && conn->server->identity && !h->server_tls) {
		if (!conn->server->carried)
			conn->server->carried = tls_server_ctx(
			    conn->server->identity, false);
		h->server_tls = tls_conn_new(
		    conn->server->carried, NULL, &SERVER_TLS, h);
	}
	if (!h->client)
		h->client = http_client_new(&CLIENT, h);
	http_response_free(&h->answer);
	h->head = h->ended = h->read = h->deaf = false;
	if (head_is_too_long(request))
		return overlong_request(h, request);
	http_client_send(h->client, request, conn->target->authority,
	    conn->call ? conn->call->options.max_body : 1);
	step(h);
	if (h->ended && h->end == HTTP_CLIENT_STARVED)
		starve();
	if (!h->read) {
		/* It goes on in plain. */
		tls_conn_free(&h->server_tls);
		return false;
	}
	http_request_move(request, &h->request);
	tidy_request(request);
	return true;
}

/* Bytes that libmicrohttpd would never say. */
static void say_raw(struct https_conn *h, const char *data, size_t len)
{
	to_client(h, data, len);
	step(h);
}

static void server_leaves(struct https_conn *h)
{
	if (h->server_tls)
		tls_conn_close(h->server_tls);
	step(h);
	http_client_eof(h->client);
}

static void say_whole(
    struct https_conn *h, const struct http_response *response)
{
	struct buf out = BUF_INIT;

	buf_addf(&out, "HTTP/1.1 %d %s\r\n", response->status,
	    http_reason(response->status));
	for (size_t i = 0; i < response->headers.count; i++)
		buf_addf(&out, "%s: %s\r\n", response->headers.items[i].name,
		    response->headers.items[i].value);
	buf_addf(&out, "Content-Length: %zu\r\n\r\n", response->body.len);
	buf_add(&out, buf_text(&response->body), response->body.len);
	say_raw(h, out.data, out.len);
	buf_free(&out);
}

/* libcurl takes half a head for a whole one: where there is nothing behind the
 * head, nothing is said at all. */
static void say_half(struct https_conn *h, const struct http_response *response)
{
	struct buf out = BUF_INIT;
	size_t len = response->body.len > 1 ? response->body.len : 2;

	if (has_no_body(response, h->conn->call->account.method)) {
		server_leaves(h);
		return;
	}
	buf_addf(&out, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n\r\n",
	    response->status, http_reason(response->status), len);
	buf_add(&out, response->body.len > 1 ? buf_text(&response->body) : "{}",
	    len / 2);
	say_raw(h, out.data, out.len);
	buf_free(&out);
	server_leaves(h);
}

static void say_without_end(struct https_conn *h)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n"
	                           "Transfer-Encoding: chunked\r\n\r\n";
	struct buf chunk = BUF_INIT;

	buf_adds(&chunk, "10000\r\n");
	for (int i = 0; i < 65536; i++)
		buf_addc(&chunk, ' ');
	buf_adds(&chunk, "\r\n");
	say_raw(h, head, sizeof(head) - 1);
	while (!h->ended)
		say_raw(h, chunk.data, chunk.len);
	buf_free(&chunk);
}

static void say_nonsense(struct https_conn *h)
{
	static const char nonsense[] = "220 mail.example ESMTP ready\r\n\r\n";

	say_raw(h, nonsense, sizeof(nonsense) - 1);
	if (!h->ended)
		server_leaves(h);
}

static void say_answer(struct https_conn *h, struct http_response *response)
{
	struct https_wire *https = h->conn->wire->carried;

	tidy_response(response, "");
	if (h->deaf) {
		h->deaf = false;
		say_whole(h, response);
		return;
	}
	if (++https->replies == h->conn->wire->corrupt_reply &&
	    response->body.len)
		response->body.data[response->body.len / 2] ^= 1;
	http_peer_reply(h->peer, response);
	step(h);
}

static bool judge_end(struct conn *conn, size_t max_body, struct err *err)
{
	const struct https_conn *h = conn->carried;

	if (!h->ended)
		return say_cut_short(conn->target->label, err);
	switch (h->end) {
	case HTTP_CLIENT_DONE:
		return true;
	case HTTP_CLIENT_LOST:
		return say_lost(conn->target->label, err);
	case HTTP_CLIENT_CUT_SHORT:
		return say_cut_short(conn->target->label, err);
	case HTTP_CLIENT_TOO_LONG:
		return say_too_long(conn->target->label, max_body, err);
	case HTTP_CLIENT_STARVED:
		starve();
	case HTTP_CLIENT_GARBAGE:
		return say_garbage(conn->target->label, err);
	}
	unreachable("an end that is none");
}

static bool https_reply(struct conn *conn, struct http_response *response,
    enum wire_fate fate, size_t max_body, struct err *err)
{
	struct https_conn *h = conn->carried;

	if (fate == FATE_TRUNCATE)
		say_half(h, response);
	else if (fate == FATE_ENDLESS)
		say_without_end(h);
	else if (fate == FATE_GARBAGE)
		say_nonsense(h);
	else
		say_answer(h, response);
	if (!judge_end(conn, max_body, err))
		return false;
	http_response_move(response, &h->answer);
	tidy_response(response, conn->call->account.method);
	return true;
}

static bool https_head(
    struct conn *conn, struct http_response *head, struct err *err)
{
	struct https_conn *h = conn->carried;

	tidy_response(head, "");
	http_peer_begin(h->peer, head);
	step(h);
	if (!h->head)
		return say_garbage(conn->target->label, err);
	http_response_move(head, &h->answer);
	tidy_response(head, conn->call->account.method);
	return true;
}

/* One message is one line, and all of it must have come through by now. */
static bool https_message(struct conn *conn, struct buf *line, struct err *err)
{
	struct https_conn *h = conn->carried;
	struct buf *body = &h->answer.body;

	buf_addc(line, '\n');
	http_peer_more(h->peer, line->data, line->len);
	step(h);
	if (h->ended && h->end != HTTP_CLIENT_DONE)
		return judge_end(conn, conn->call->options.max_body, err);
	check(body->len > 0 && body->data[body->len - 1] == '\n');
	buf_reset(line);
	buf_add(line, body->data, body->len - 1);
	buf_reset(body);
	return true;
}

static bool https_end(struct conn *conn, struct err *err)
{
	struct https_conn *h = conn->carried;

	http_peer_end(h->peer);
	step(h);
	return judge_end(conn, conn->call->options.max_body, err);
}

const struct carrier_ops wire_https_ops = {
	.start = https_start,
	.stop = https_stop,
	.forget_target = https_forget_target,
	.forget_listener = https_forget_listener,
	.open = https_open,
	.close = https_close,
	.ask = https_ask,
	.allow = https_allow,
	.handshake = https_handshake,
	.request = https_request,
	.reply = https_reply,
	.head = https_head,
	.message = https_message,
	.end = https_end,
};
