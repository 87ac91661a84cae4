/*
 * http_client: one HTTP/1.1 connection of a client, spoken by libcurl, without
 * any input or output of its own.
 *
 * Bytes that came from the other side are put in, bytes that are to go there
 * come out through `send`; whoever owns the connection carries them (TLS, the
 * simulated wire, a socket). What libcurl takes for its socket is an inner
 * descriptor (inner_fd.h). It gets one per connection: a second attempt (its
 * silent repetition on a fresh connection) is refused.
 *
 * No time-outs, proxies, redirects, cookies, Expect or encodings of libcurl's
 * own. One request at a time; all callbacks come from inside http_client_send,
 * _input and _eof.
 */
#ifndef BASE_HTTP_CLIENT_H
#define BASE_HTTP_CLIENT_H

#include "base/http.h"

struct http_client;

enum http_client_end {
	HTTP_CLIENT_DONE,
	HTTP_CLIENT_LOST,      /* broke before there was a head */
	HTTP_CLIENT_CUT_SHORT, /* broke in the middle of the body */
	HTTP_CLIENT_TOO_LONG,
	HTTP_CLIENT_GARBAGE,
	HTTP_CLIENT_STARVED, /* no more descriptors here: nothing was sent */
};

struct http_client_ops {
	void (*send)(void *ctx, const char *data, size_t len);
	/* status and headers; transport headers still in it */
	void (*head)(void *ctx, struct http_response *head);
	void (*body)(void *ctx, const char *data, size_t len);
	/* keep: the connection can carry another request */
	void (*end)(void *ctx, enum http_client_end end, bool keep);
};

struct http_client *http_client_new(
    const struct http_client_ops *ops, void *ctx);
/* Not from inside a callback. */
void http_client_free(struct http_client **client);
/* authority goes into Host. The request is only read, and only now. */
void http_client_send(struct http_client *client,
    const struct http_request *request, const char *authority, size_t max_body);
void http_client_input(
    struct http_client *client, const char *data, size_t len);
void http_client_eof(struct http_client *client);

#endif
