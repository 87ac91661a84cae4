/* Calls over the kernel's sockets: resolve, connect, CONNECT, TLS, HTTP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/http_connect.h"
#include "base/real_parts.h"
#include "base/tls_parts.h"

#define MOST_ADDRESSES 8

enum stage {
	RESOLVING,
	CONNECTING,
	ASKING,
	SHAKING,
	READY
};

struct real_call;

struct real_conn {
	struct list_link in_net;
	struct real_net *net;
	struct target to; /* what was dialled; its list is not used */
	char *key;        /* all of it as one text: what the pool goes by */
	enum stage stage;
	char addresses[MOST_ADDRESSES][46];
	int address_count, next_address;
	bool resolving, doomed;
	SSL_CTX *ssl_ctx;
	struct tcp *tcp;
	struct tls_conn *tls;
	struct http_client *http;
	struct real_call *call; /* NULL: idle */
	struct buf heard;       /* of the answer to CONNECT */
	struct buf line;        /* of a stream, not complete yet */
	struct err distrust;
	usec idle_since;
	struct timer doom;
};

struct real_call {
	struct call call;
	struct list_link in_net;
	struct real_net *net;
	struct real_conn *conn;
	struct call_options options;
	const struct call_handler *handler;
	void *ctx;
	struct timer start, timeout;
	struct http_request request;
	struct http_response answer;
	struct account account;
	bool finishing;
};

/* ---- connections end ---- */

static void conn_free_now(struct real_conn *conn)
{
	struct target *to = &conn->to;

	check(!conn->call && !conn->resolving);
	timer_cancel(&conn->doom);
	list_remove(&conn->in_net);
	http_client_free(&conn->http);
	if (conn->tls && conn->tcp)
		tls_conn_close(conn->tls);
	tcp_free(&conn->tcp);
	tls_conn_free(&conn->tls);
	SSL_CTX_free(conn->ssl_ctx);
	buf_free(&conn->heard);
	buf_free(&conn->line);
	url_free(&to->proxy);
	free(to->proxy_auth);
	free(to->host);
	free(to->connect_to);
	free(to->label);
	free(to->authority);
	free(to->ca_pem);
	identity_free(&to->identity);
	tls_chain_free(&to->chain);
	free(conn->key);
	free(conn);
}

static void doom_falls(struct timer *timer)
{
	struct real_conn *conn = OWNER_OF(timer, struct real_conn, doom);

	if (conn->resolving) /* the resolver still holds it */
		return;
	conn_free_now(conn);
}

/* We may be deep inside its own callbacks: it goes a moment later. */
static void doom(struct real_conn *conn)
{
	conn->call = NULL;
	conn->doomed = true;
	if (!timer_is_set(&conn->doom))
		timer_set(&conn->doom, conn->net->host->loop, 0);
}

/* ---- calls end ---- */

static void call_free_now(struct real_call *call)
{
	timer_cancel(&call->start);
	timer_cancel(&call->timeout);
	list_remove(&call->in_net);
	http_request_free(&call->request);
	http_response_free(&call->answer);
	account_free(&call->account);
	free(call);
}

static void leave_conn(struct real_call *call, bool keep)
{
	struct real_conn *conn = call->conn;

	call->conn = NULL;
	if (!conn)
		return;
	conn->call = NULL;
	conn->idle_since = loop_now(call->net->host->loop);
	if (!keep)
		doom(conn);
}

/* The wire, for whoever asks for it: a line for each exchange that ended. */
static void tell(const struct real_call *call, const char *server,
    const struct http_response *answer, const struct err *err)
{
	const struct account *account = &call->account;

	if (err)
		log_debug(call->net->host, "%s %s: %s", account->method,
		    account->target, err->text);
	else
		log_debug(call->net->host, "%s %s at %s: %d, %zu bytes",
		    account->method, account->target, server, answer->status,
		    answer->body.len);
}

static void finish(struct real_call *call, bool keep, const struct err *err)
{
	struct real_net *net = call->net;
	struct err copy = err ? *err : (struct err){ .kind = ERR_NONE };
	struct http_response answer = { 0 };
	char server[300];

	snprintf(server, sizeof(server), "%s",
	    call->conn ? call->conn->to.label : "");
	timer_cancel(&call->start);
	timer_cancel(&call->timeout);
	leave_conn(call, keep);
	http_response_move(&answer, &call->answer);
	if (!err)
		account_answered(&call->account, &net->book, &answer);
	record_exchange(&net->book, &call->account, net->host->name, server,
	    err ? &copy : NULL);
	tell(call, server, &answer, err ? &copy : NULL);
	call->finishing = true;
	if (!net->host->dead)
		call->handler->done(
		    call->ctx, err ? NULL : &answer, err ? &copy : NULL);
	http_response_free(&answer);
	call_free_now(call);
}

static void fail(struct real_conn *conn, const struct err *err)
{
	struct real_call *call = conn->call;

	if (call)
		finish(call, false, err);
	else
		doom(conn);
}

static void cancelled(struct call *base)
{
	struct real_call *call = OWNER_OF(base, struct real_call, call);

	if (call->finishing)
		return;
	leave_conn(call, false);
	call_free_now(call);
}

static void timed_out(struct timer *timer)
{
	struct real_call *call = OWNER_OF(timer, struct real_call, timeout);
	const char *label = call->conn->to.label;
	struct err err;
	char span[32];

	span_text(call->options.timeout_for, span);
	if (call->conn->stage != READY)
		err_set(&err, ERR_UNREACHED,
		    "no answer from %s: it could not be connected to within "
		    "%s",
		    label, span);
	else
		err_set(&err, ERR_TIMEOUT, "no answer from %s within %s", label,
		    span);
	finish(call, false, &err);
}

/* ---- what HTTP says ---- */

static void say(void *ctx, const char *data, size_t len)
{
	struct real_conn *conn = ctx;

	if (conn->tls)
		tls_conn_write(conn->tls, data, len);
	else if (conn->tcp)
		tcp_write(conn->tcp, data, len);
}

static void hear_head(void *ctx, struct http_response *head)
{
	struct real_conn *conn = ctx;
	struct real_call *call = conn->call;

	if (!call)
		return;
	http_response_move(&call->answer, head);
	tidy_response(&call->answer, call->account.method);
	if (!call->options.stream)
		return;
	timer_cancel(&call->timeout);
	buf_reset(&conn->line);
	if (call->handler->head)
		call->handler->head(call->ctx, &call->answer);
}

/* The call may cancel itself while it is told. */
static void hear_lines(struct real_conn *conn)
{
	struct real_call *call = conn->call;
	struct buf heard = conn->line;
	const char *at = buf_text(&heard), *end = at + heard.len, *stop;

	conn->line = (struct buf)BUF_INIT;
	while (conn->call == call && call &&
	       (stop = memchr(at, '\n', (size_t)(end - at)))) {
		const char *line = at;

		at = stop + 1;
		if (call->handler->message)
			call->handler->message(
			    call->ctx, line, (size_t)(stop - line));
	}
	buf_add(&conn->line, at, (size_t)(end - at));
	buf_free(&heard);
}

static void hear_body(void *ctx, const char *data, size_t len)
{
	struct real_conn *conn = ctx;

	if (!conn->call)
		return;
	if (!conn->call->options.stream) {
		buf_add(&conn->call->answer.body, data, len);
		return;
	}
	buf_add(&conn->line, data, len);
	if (memchr(data, '\n', len))
		hear_lines(conn);
}

static void hear_end(void *ctx, enum http_client_end end, bool keep)
{
	struct real_conn *conn = ctx;
	struct real_call *call = conn->call;
	const char *label = conn->to.label;
	struct err err;

	if (!call)
		return;
	switch (end) {
	case HTTP_CLIENT_DONE:
		if (call->options.stream && conn->line.len) {
			buf_addc(&conn->line, '\n');
			hear_lines(conn);
		}
		if (conn->call)
			finish(call, keep, NULL);
		return;
	case HTTP_CLIENT_LOST:
		say_lost(label, &err);
		break;
	case HTTP_CLIENT_CUT_SHORT:
		say_cut_short(label, &err);
		break;
	case HTTP_CLIENT_TOO_LONG:
		say_too_long(label, call->options.max_body, &err);
		break;
	case HTTP_CLIENT_STARVED:
		say_starved(&err);
		break;
	case HTTP_CLIENT_GARBAGE:
		say_garbage(label, &err);
		break;
	}
	finish(call, false, &err);
}

static const struct http_client_ops HTTP = { say, hear_head, hear_body,
	hear_end };

static void send_request(struct real_conn *conn)
{
	struct real_call *call = conn->call;
	struct http_request request = { 0 };

	conn->stage = READY;
	if (!call) {
		doom(conn);
		return;
	}
	call->account.sent_at = loop_now(call->net->host->loop);
	if (!conn->http)
		conn->http = http_client_new(&HTTP, conn);
	http_request_move(&request, &call->request);
	/* A stream has no end that could be too far. */
	http_client_send(conn->http, &request, conn->to.authority,
	    call->options.stream ? SIZE_MAX : call->options.max_body);
	http_request_free(&request);
}

/* ---- TLS ---- */

static void say_cipher(void *ctx, const char *data, size_t len)
{
	struct real_conn *conn = ctx;

	if (conn->tcp)
		tcp_write(conn->tcp, data, len);
}

static void hear_plain(void *ctx, const char *data, size_t len)
{
	struct real_conn *conn = ctx;

	if (conn->http)
		http_client_input(conn->http, data, len);
}

static bool judge(void *ctx, X509 *leaf, STACK_OF(X509) * chain)
{
	struct real_conn *conn = ctx;
	const struct tls_shown shown = {
		.leaf = leaf,
		.chain = chain,
		.ca_pem = conn->to.ca_pem,
		.host = conn->to.host,
		.time = host_time(conn->net->host),
	};

	return conn->to.unverified || tls_verify(&shown, &conn->distrust);
}

static const struct tls_conn_ops TLS = { say_cipher, hear_plain, judge };

static void begin_tls(struct real_conn *conn)
{
	conn->stage = SHAKING;
	conn->ssl_ctx = tls_client_ctx(conn->to.identity);
	conn->tls = tls_conn_new(conn->ssl_ctx, conn->to.host, &TLS, conn);
	tls_conn_start(conn->tls);
}

static void look_at_tls(struct real_conn *conn)
{
	struct err err;

	switch (tls_conn_state(conn->tls)) {
	case TLS_SHAKING:
		return;
	case TLS_OPEN:
		if (conn->stage == SHAKING)
			send_request(conn);
		return;
	case TLS_CLOSED:
		if (conn->http && conn->call)
			http_client_eof(conn->http);
		say_lost(conn->to.label, &err);
		break;
	case TLS_DISTRUST:
		err = conn->distrust;
		break;
	case TLS_UNWANTED:
		say_unwanted(conn->to.label, &err);
		break;
	case TLS_BROKEN:
		if (conn->stage == SHAKING)
			say_no_tls(conn->to.label, &err);
		else
			say_lost(conn->to.label, &err);
		break;
	}
	fail(conn, &err);
}

/* ---- CONNECT ---- */

static void ask_proxy(struct real_conn *conn)
{
	const struct target *to = &conn->to;
	struct buf out = BUF_INIT;
	char *target = xasprintf(
	    "%s:%u", to->connect_to ? to->connect_to : to->host, to->port);

	conn->stage = ASKING;
	connect_write(&out, target, to->proxy_auth);
	tcp_write(conn->tcp, out.data, out.len);
	buf_free(&out);
	free(target);
}

static void connected_through(struct real_conn *conn)
{
	if (conn->to.tls)
		begin_tls(conn);
	else
		send_request(conn);
}

static void hear_proxy(struct real_conn *conn, const char *data, size_t len)
{
	const struct url *proxy = &conn->to.proxy;
	struct http_response answer = { 0 };
	struct err err;
	size_t used;

	buf_add(&conn->heard, data, len);
	switch (connect_read_answer(
	    conn->heard.data, conn->heard.len, &used, &answer, &err)) {
	case CONNECT_MORE:
		return;
	case CONNECT_BAD:
		say_bad_connect(proxy, &err);
		fail(conn, &err);
		return;
	case CONNECT_READ:
		break;
	}
	if (answer.status != 200) {
		say_proxy_no(proxy, conn->to.label, answer.status, &err);
		fail(conn, &err);
	} else if (used < conn->heard.len) { /* nobody has asked yet */
		say_bad_connect(proxy, &err);
		fail(conn, &err);
	} else {
		buf_free(&conn->heard);
		connected_through(conn);
	}
	http_response_free(&answer);
}

/* ---- TCP ---- */

static void try_next(struct real_conn *conn, const char *why);

static void tcp_connected(void *ctx)
{
	struct real_conn *conn = ctx;

	if (conn->doomed)
		return;
	if (conn->to.proxy.host)
		ask_proxy(conn);
	else
		connected_through(conn);
}

static void tcp_input(void *ctx, const char *data, size_t len)
{
	struct real_conn *conn = ctx;

	if (conn->doomed)
		return;
	if (conn->stage == ASKING) {
		hear_proxy(conn, data, len);
	} else if (conn->tls) {
		tls_conn_input(conn->tls, data, len);
		if (!conn->doomed)
			look_at_tls(conn);
	} else if (conn->call) {
		http_client_input(conn->http, data, len);
	} else {
		doom(conn); /* it speaks without having been asked */
	}
}

static void tcp_closed(void *ctx, const char *why)
{
	struct real_conn *conn = ctx;
	struct err err;

	if (conn->stage == CONNECTING) {
		tcp_free(&conn->tcp);
		if (!conn->doomed)
			try_next(conn, why);
		return;
	}
	tcp_free(&conn->tcp);
	if (conn->doomed)
		return;
	if (conn->stage == READY && conn->http && conn->call)
		http_client_eof(conn->http);
	if (conn->doomed)
		return;
	if (conn->stage == ASKING)
		err_set(&err, ERR_UNREACHED,
		    "proxy %s:%u broke the connection instead of answering "
		    "CONNECT",
		    conn->to.proxy.host, conn->to.proxy.port);
	else if (conn->stage == SHAKING)
		say_no_tls(conn->to.label, &err);
	else
		say_lost(conn->to.label, &err);
	fail(conn, &err);
}

static const struct tcp_ops TCP = { tcp_connected, tcp_input, tcp_closed,
	NULL };

static uint16_t first_port(const struct target *to)
{
	return to->proxy.host ? to->proxy.port : to->port;
}

static const char *first_host(const struct target *to)
{
	if (to->proxy.host)
		return to->proxy.host;
	return to->connect_to ? to->connect_to : to->host;
}

/* The addresses in turn; why: how the last attempt ended. */
static void try_next(struct real_conn *conn, const char *why)
{
	char reason[200];
	struct err err;

	conn->stage = CONNECTING;
	snprintf(reason, sizeof(reason), "%s", why);
	while (conn->next_address < conn->address_count) {
		conn->tcp = tcp_connect(conn->net->reactor,
		    conn->addresses[conn->next_address++],
		    first_port(&conn->to), conn->net->bind, &TCP, conn, &err);
		if (conn->tcp)
			return;
		snprintf(reason, sizeof(reason), "%.190s", err.text);
	}
	err_set(&err, ERR_UNREACHED, "%s:%u refuses connections: %s",
	    first_host(&conn->to), first_port(&conn->to), reason);
	fail(conn, &err);
}

static void resolved(
    void *ctx, char (*addresses)[46], int count, const struct err *err)
{
	struct real_conn *conn = ctx;

	conn->resolving = false;
	if (conn->doomed) {
		conn_free_now(conn);
		return;
	}
	if (err) {
		fail(conn, err);
		return;
	}
	for (int i = 0; i < count && i < MOST_ADDRESSES; i++)
		memcpy(conn->addresses[conn->address_count++], addresses[i],
		    sizeof(conn->addresses[0]));
	try_next(conn, "it has no address");
}

/* ---- the pool ---- */

static char *key_of(const struct dial *dial)
{
	return xasprintf("%s\n%u %d %d\n%s\n%s\n%s\n%s", dial->host, dial->port,
	    dial->tls, dial->unverified, dial->proxy ? dial->proxy : "",
	    dial->connect_to ? dial->connect_to : "",
	    dial->tls && dial->ca_pem ? dial->ca_pem : "",
	    dial->identity ? dial->identity->cert_pem : "");
}

static struct real_conn *pool_take(struct real_net *net, const char *key)
{
	usec now = loop_now(net->host->loop);
	struct real_conn *best = NULL;

	list_each(&net->conns, struct real_conn, in_net, conn)
	{
		if (conn->call || conn->doomed || conn->stage != READY)
			continue;
		if (now - conn->idle_since > WIRE_IDLE_FOR)
			doom(conn);
		else if (strcmp(conn->key, key) == 0)
			best = conn;
	}
	return best;
}

static struct real_conn *conn_new_to(
    struct real_net *net, const struct dial *dial, char *key)
{
	struct real_conn *conn = xcalloc(1, sizeof(*conn));

	conn->net = net;
	conn->key = key;
	target_describe(&conn->to, dial);
	timer_init(&conn->doom, doom_falls);
	list_add(&net->conns, &conn->in_net);
	return conn;
}

static void starts(struct timer *timer)
{
	struct real_call *call = OWNER_OF(timer, struct real_call, start);
	struct real_conn *conn = call->conn;
	struct err err;

	if (conn->doomed || (conn->stage == READY && !conn->tcp)) {
		say_lost(conn->to.label, &err);
		finish(call, false, &err);
	} else if (conn->stage == READY) {
		send_request(conn);
	} else if (!proxy_is_usable(&conn->to.proxy, &err)) {
		finish(call, false, &err);
	} else {
		conn->resolving = true;
		real_resolve(conn->net, first_host(&conn->to), resolved, conn);
	}
}

struct call *real_send(struct net *base, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx)
{
	static const struct call_ops OPS = { cancelled };
	struct real_net *net = OWNER_OF(base, struct real_net, net);
	struct real_call *call = xcalloc(1, sizeof(*call));
	char *key = key_of(dial);

	call->call.ops = &OPS;
	call->net = net;
	call->options = *options;
	if (!call->options.max_body)
		call->options.max_body = (size_t)16 << 20;
	call->handler = handler;
	call->ctx = ctx;
	timer_init(&call->start, starts);
	timer_init(&call->timeout, timed_out);
	list_add(&net->calls, &call->in_net);
	http_request_move(&call->request, request);
	tidy_request(&call->request);
	account_open(&call->account, &net->book, &call->request);
	call->account.background = options->background;
	call->conn = pool_take(net, key);
	if (call->conn)
		free(key);
	else
		call->conn = conn_new_to(net, dial, key);
	call->conn->call = call;
	timer_set(&call->start, net->host->loop, 0);
	if (options->timeout_for > 0)
		timer_set(
		    &call->timeout, net->host->loop, options->timeout_for);
	return &call->call;
}

void real_calls_end(struct real_net *net)
{
	list_each(&net->calls, struct real_call, in_net, call)
	{
		if (call->conn)
			call->conn->call = NULL;
		call_free_now(call);
	}
	list_each(&net->conns, struct real_conn, in_net, conn)
	{
		conn->resolving = false;
		conn_free_now(conn);
	}
}
