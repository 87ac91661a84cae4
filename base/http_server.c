#include "base/http_server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/inner_fd.h"
#include "base/list.h"

/* Memory of one connection, and so the longest head. libmicrohttpd wipes all of
 * it after each request: with 256 KiB that was a third of a request's time. */
#define HEAD_LIMIT ((size_t)32 << 10)

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_peer *adding; /* MHD_add_connection is under way */
	size_t max_body;
	bool running;
	bool again;       /* a handler has given libmicrohttpd more to do */
	struct list gone; /* struct http_peer, by in_gone: to be told */
};

struct http_peer {
	struct list_link in_gone;
	struct http_server *server;
	const struct http_peer_ops *ops;
	void *ctx;
	struct inner_fd *inner;
	struct MHD_Connection *connection;
	struct http_request request;
	char *target; /* raw */
	bool begun;   /* the handler has seen this request's head */
	bool handed;  /* and we have handed it over */
	bool suspended, dying, closed_told;
	struct MHD_Response *answer; /* to be queued when asked */
	int status;
	struct buf more; /* of a stream */
	bool ended;
};

/* ---- libmicrohttpd's callbacks ---- */

static struct http_peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	check(info && info->socket_context);
	return info->socket_context;
}

static void on_connection(void *ctx, struct MHD_Connection *connection,
    void **socket_ctx, enum MHD_ConnectionNotificationCode what)
{
	struct http_server *server = ctx;
	struct http_peer *peer = *socket_ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		check(server->adding);
		*socket_ctx = server->adding;
		server->adding->connection = connection;
	} else {
		peer->connection = NULL;
	}
}

/* The decoded path would not tell %2F from a slash. */
static void *on_target(
    void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http_peer *peer = peer_of(connection);

	(void)ctx;
	free(peer->target);
	peer->target = xstrdup(target);
	peer->begun = peer->handed = false;
	return peer;
}

static enum MHD_Result take_header(
    void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct http_headers *headers = ctx;

	(void)kind;
	http_header_add(headers, name, value ? value : "");
	return MHD_YES;
}

static void begin_request(struct http_peer *peer, const char *method)
{
	http_request_free(&peer->request);
	peer->request.method = xstrdup(method);
	peer->request.target = peer->target;
	peer->target = NULL;
	MHD_get_connection_values(peer->connection, MHD_HEADER_KIND,
	    take_header, &peer->request.headers);
	peer->begun = true;
}

static void take_body(struct http_peer *peer, const char *data, size_t len)
{
	size_t most = peer->server->max_body + 1;
	size_t room = most - peer->request.body.len;

	buf_add(&peer->request.body, data, len < room ? len : room);
}

static void suspend(struct http_peer *peer)
{
	check(!peer->suspended);
	MHD_suspend_connection(peer->connection);
	peer->suspended = true;
}

static void hand_over(struct http_peer *peer)
{
	struct http_request request = { 0 };
	const char *host = http_header(&peer->request.headers, "Host");
	char *authority = xstrdup(host ? host : "");

	peer->handed = true;
	http_request_move(&request, &peer->request);
	peer->ops->request(peer->ctx, &request, authority);
	http_request_free(&request);
	free(authority);
}

static enum MHD_Result queue(struct http_peer *peer)
{
	enum MHD_Result result = MHD_queue_response(
	    peer->connection, (unsigned)peer->status, peer->answer);

	MHD_destroy_response(peer->answer);
	peer->answer = NULL;
	return result;
}

/* First the head, then the body in pieces, then once with nothing: then the
 * request is complete. Answering in the first call would close the
 * connection. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *len, void **request_ctx)
{
	struct http_peer *peer = peer_of(connection);

	(void)ctx, (void)url, (void)version, (void)request_ctx;
	if (peer->dying)
		return MHD_NO;
	if (!peer->begun) {
		begin_request(peer, method);
		return MHD_YES;
	}
	if (*len) {
		take_body(peer, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!peer->handed)
		hand_over(peer);
	if (peer->answer)
		return queue(peer);
	suspend(peer);
	return MHD_YES;
}

/* ---- life ---- */

struct http_server *http_server_new(size_t max_body)
{
	struct http_server *server = xcalloc(1, sizeof(*server));

	server->max_body = max_body;
	server->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
	        MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    0, NULL, NULL, on_request, server, MHD_OPTION_URI_LOG_CALLBACK,
	    on_target, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
	    server, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
	    MHD_OPTION_CONNECTION_LIMIT, 1000000u,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_LIMIT, MHD_OPTION_END);
	check(server->daemon);
	return server;
}

void http_server_free(struct http_server **server)
{
	if (!*server)
		return;
	MHD_stop_daemon((*server)->daemon);
	free(*server);
	*server = NULL;
}

static size_t peer_writes(void *ctx, const char *data, size_t len)
{
	struct http_peer *peer = ctx;
	size_t room = len;

	if (peer->dying)
		return len;
	if (peer->ops->room)
		room = peer->ops->room(peer->ctx);
	if (room > len)
		room = len;
	if (room)
		peer->ops->send(peer->ctx, data, room);
	peer->server->again = peer->server->again || (room && room < len);
	return room;
}

static void peer_closed(void *ctx)
{
	struct http_peer *peer = ctx;

	if (!peer->closed_told)
		list_add(&peer->server->gone, &peer->in_gone);
	peer->closed_told = true;
}

static const struct inner_ops INNER = { peer_writes, peer_closed };

struct http_peer *http_peer_new(
    struct http_server *server, const struct http_peer_ops *ops, void *ctx)
{
	struct http_peer *peer = xcalloc(1, sizeof(*peer));
	struct sockaddr_in nowhere = { .sin_family = AF_INET };

	peer->inner = inner_new(&INNER, peer);
	if (!peer->inner) {
		free(peer);
		return NULL;
	}
	peer->server = server;
	peer->ops = ops;
	peer->ctx = ctx;
	server->adding = peer;
	check(MHD_add_connection(server->daemon, inner_number(peer->inner),
	          (struct sockaddr *)&nowhere, sizeof(nowhere)) == MHD_YES);
	check(!server->running);
	MHD_run(server->daemon); /* it is taken in here */
	check(peer->connection);
	server->adding = NULL;
	return peer;
}

static void resume(struct http_peer *peer)
{
	if (!peer->suspended || !peer->connection)
		return;
	peer->suspended = false;
	MHD_resume_connection(peer->connection);
}

/* ---- moving bytes ---- */

/* libmicrohttpd has something to go on with, without being given anything. */
static bool is_eager(const struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_for = 0;

	return MHD_get_timeout(server->daemon, &wait_for) == MHD_YES &&
	       wait_for == 0;
}

static void tell_closed(struct http_server *server)
{
	list_each(&server->gone, struct http_peer, in_gone, peer)
	{
		list_remove(&peer->in_gone);
		if (!peer->dying)
			peer->ops->closed(peer->ctx);
	}
}

/* A handler may answer other peers while libmicrohttpd is running: it is run
 * again for them, since it does not call a connection that was just resumed
 * something to do. */
static void run(struct http_server *server)
{
	if (server->running) {
		server->again = true;
		return;
	}
	server->running = true;
	for (int i = 0;
	     i == 0 || server->again || (i < 100 && is_eager(server)); i++) {
		server->again = false;
		MHD_run(server->daemon);
	}
	server->running = false;
	tell_closed(server);
}

void http_peer_free(struct http_peer **peer_p)
{
	struct http_peer *peer = *peer_p;

	if (!peer)
		return;
	peer->dying = true;
	inner_eof(peer->inner);
	inner_roomy(peer->inner);
	resume(peer);
	/* libmicrohttpd takes a suspended connection out of its epoll set and
	 * may not look at it again by itself; a second suspension makes it. */
	for (int i = 0; i < 16 && peer->connection; i++) {
		run(peer->server);
		if (peer->connection) {
			suspend(peer);
			resume(peer);
		}
	}
	check(!peer->connection);
	inner_free(&peer->inner);
	if (peer->answer)
		MHD_destroy_response(peer->answer);
	list_remove(&peer->in_gone);
	http_request_free(&peer->request);
	free(peer->target);
	buf_free(&peer->more);
	free(peer);
	*peer_p = NULL;
}

/* libmicrohttpd reads a piece at a time. */
void http_peer_input(struct http_peer *peer, const char *data, size_t len)
{
	size_t left;

	if (peer->closed_told)
		return;
	inner_lend(peer->inner, data, len);
	do {
		left = inner_unread(peer->inner);
		run(peer->server);
	} while (!peer->closed_told && inner_unread(peer->inner) > 0 &&
	         inner_unread(peer->inner) < left);
	inner_keep(peer->inner);
}

void http_peer_roomy(struct http_peer *peer)
{
	inner_roomy(peer->inner);
	run(peer->server);
}

bool http_peer_waits(const struct http_peer *peer)
{
	return inner_is_full(peer->inner);
}

size_t http_peer_backlog(const struct http_peer *peer)
{
	return peer->more.len;
}

size_t http_peer_unread(const struct http_peer *peer)
{
	return inner_unread(peer->inner);
}

/* ---- answering ---- */

static void set_headers(
    struct MHD_Response *answer, const struct http_headers *headers)
{
	for (size_t i = 0; i < headers->count; i++)
		MHD_add_response_header(
		    answer, headers->items[i].name, headers->items[i].value);
}

static void answer_with(struct http_peer *peer, int status,
    struct MHD_Response *answer, const struct http_headers *headers)
{
	check(answer && !peer->answer);
	set_headers(answer, headers);
	peer->answer = answer;
	peer->status = status;
	if (!peer->suspended)
		return; /* inside on_request, which looks for it */
	resume(peer);
	run(peer->server);
}

/* What is made while it is sent, so much at a time. */
#define PIECE ((size_t)256 << 10)

static ssize_t read_source(void *ctx, uint64_t at, char *out, size_t room)
{
	struct http_source *source = ctx;

	(void)at;
	return (ssize_t)source->read(source, out, room);
}

static void free_source(void *ctx)
{
	struct http_source *source = ctx;

	source->free(source);
}

static void reply_source(struct http_peer *peer, struct http_response *response)
{
	struct http_source *source = response->source;

	response->source = NULL;
	answer_with(peer, response->status,
	    MHD_create_response_from_callback(
	        source->len, PIECE, read_source, source, free_source),
	    &response->headers);
}

void http_peer_reply(struct http_peer *peer, struct http_response *response)
{
	size_t len = response->body.len;
	char *body;

	if (response->source) {
		reply_source(peer, response);
		return;
	}
	body = buf_detach(&response->body);
	answer_with(peer, response->status,
	    MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE),
	    &response->headers);
}

static ssize_t on_read(void *ctx, uint64_t at, char *out, size_t room)
{
	struct http_peer *peer = ctx;
	size_t len = peer->more.len < room ? peer->more.len : room;

	(void)at;
	if (peer->dying)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len == 0 && peer->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len == 0) {
		suspend(peer);
		return 0;
	}
	memcpy(out, peer->more.data, len);
	buf_drop(&peer->more, len);
	return (ssize_t)len;
}

void http_peer_begin(struct http_peer *peer, const struct http_response *head)
{
	peer->ended = false;
	buf_reset(&peer->more);
	answer_with(peer, head->status,
	    MHD_create_response_from_callback(
	        MHD_SIZE_UNKNOWN, 16384, on_read, peer, NULL),
	    &head->headers);
}

void http_peer_more(struct http_peer *peer, const char *data, size_t len)
{
	buf_add(&peer->more, data, len);
	resume(peer);
	run(peer->server);
}

void http_peer_end(struct http_peer *peer)
{
	peer->ended = true;
	resume(peer);
	run(peer->server);
}
