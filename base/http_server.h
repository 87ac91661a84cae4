/*
 * http_server: HTTP/1.1 connections of servers, spoken by libmicrohttpd,
 * without any input or output of its own.
 *
 * As in http_client.h, bytes are put in and come out through `send`; in
 * between stands an inner descriptor (inner_fd.h). One libmicrohttpd serves
 * all connections of one http_server; it listens nowhere, has no clock and no
 * time-outs.
 *
 * One request at a time per connection; `request` is called when it is
 * complete, and answered now or later by exactly one of reply, or begin,
 * message..., end or abort. All callbacks come from inside a call to the
 * functions below; `closed` says that the other side or libmicrohttpd has
 * ended the connection, and may come in place of anything else.
 */
#ifndef BASE_HTTP_SERVER_H
#define BASE_HTTP_SERVER_H

#include "base/http.h"

struct http_server;
struct http_peer;

struct http_peer_ops {
	void (*send)(void *ctx, const char *data, size_t len);
	/* How much may be sent now, as long as it is more than nothing; then
	 * again after http_peer_roomy. NULL: as much as there is. */
	size_t (*room)(void *ctx);
	/* Its contents are the taker's. A body above max_body is cut one byte
	 * after it. authority: what Host said. */
	void (*request)(
	    void *ctx, struct http_request *request, const char *authority);
	void (*closed)(void *ctx);
};

struct http_server *http_server_new(size_t max_body);
void http_server_free(struct http_server **server); /* peers first */

/* NULL: this machine has no more descriptors (it takes one). */
struct http_peer *http_peer_new(
    struct http_server *server, const struct http_peer_ops *ops, void *ctx);
/* Not from inside a callback. */
void http_peer_free(struct http_peer **peer);
void http_peer_input(struct http_peer *peer, const char *data, size_t len);

/* Only read; but the body (or source) of a reply is taken. */
void http_peer_reply(struct http_peer *peer, struct http_response *response);
void http_peer_begin(struct http_peer *peer, const struct http_response *head);
void http_peer_more(struct http_peer *peer, const char *data, size_t len);
void http_peer_end(struct http_peer *peer);
void http_peer_roomy(struct http_peer *peer);
/* Part of an answer waits for room; how much of a stream does; how much was
 * put in that will be read later (behind a request that is not answered yet,
 * or an answer that waits). */
bool http_peer_waits(const struct http_peer *peer);
size_t http_peer_backlog(const struct http_peer *peer);
size_t http_peer_unread(const struct http_peer *peer);

#endif
