/*
 * http: requests and responses as values, whatever wire carries them.
 *
 * Transport headers (Host, Date, Connection, Content-Length,
 * Transfer-Encoding, Expect, Keep-Alive, Proxy-*, Upgrade, TE, Trailer) belong
 * to the wire: http_header_is_transport() names them; nobody sets or reads
 * them here, and a record does not hold them. One exception: a response may
 * carry Date if its maker set it on purpose (a server that shows its clock).
 *
 * A message owns everything in it. A zeroed struct is a valid, empty one.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct http_header {
	char *name; /* as it was written; compared without case */
	char *value;
};

struct http_headers {
	struct http_header *items;
	size_t count;
};

struct http_request {
	char *method;
	char *target; /* raw: path, and query after '?' if there is one */
	struct http_headers headers;
	struct buf body;
};

/*
 * A body that is made while it is sent: an answer of many megabytes is nowhere
 * as a whole, and waits for a slow client as what it is made from. Embed it.
 */
struct http_source {
	size_t len; /* of all of it */
	/* The next bytes, in order: at most room, and not none before the
	 * end. */
	size_t (*read)(struct http_source *source, char *out, size_t room);
	void (*free)(struct http_source *source);
};

struct http_response {
	int status;
	struct http_headers headers;
	struct buf body;
	struct http_source *source; /* ours, instead of body; NULL: none */
	/* Of body or source, for who compares answers; 0: not known. Whoever
	 * changes the body clears it. */
	uint64_t digest;
};

bool http_header_is_transport(const char *name);
const char *http_header(const struct http_headers *headers, const char *name);
void http_header_add(
    struct http_headers *headers, const char *name, const char *value);
void http_header_set(
    struct http_headers *headers, const char *name, const char *value);

/* target is a printf format: http_request_set(&r, "GET", "/v1/x/%s", uid) */
void http_request_set(struct http_request *request, const char *method,
    const char *target_fmt, ...) __attribute__((format(printf, 3, 4)));
void http_request_move(struct http_request *to, struct http_request *from);
void http_request_copy(
    struct http_request *to, const struct http_request *from);
void http_request_free(struct http_request *request);

void http_response_move(struct http_response *to, struct http_response *from);
void http_response_copy(
    struct http_response *to, const struct http_response *from);
void http_response_free(struct http_response *response);
size_t http_response_len(const struct http_response *response); /* of a body */
/* A source is read to its end: it becomes the body. */
void http_response_gather(struct http_response *response);
void http_response_drop_body(struct http_response *response);

/* Body and Content-Type: application/json in one; steals the reference. */
void http_request_json(struct http_request *request, json_t *body);
void http_response_json(
    struct http_response *response, int status, json_t *body);
void http_response_text(struct http_response *response, int status,
    const char *content_type, const char *text);

/* Parts of a target. The path is decoded (percent) segment by segment by
 * http_path_segment: "/v1/spectroclusters/ab" -> 0 "v1", 1 "spectroclusters".
 * Both return new strings (free()) or NULL when there is none. */
char *http_path(const char *target); /* without query, still encoded */
char *http_path_segment(const char *target, size_t index);
size_t http_path_segments(const char *target);
/* All of them at once: the first `most`, decoded or NULL, are the caller's. The
 * result counts all. */
size_t http_path_split(const char *target, char **items, size_t most);
char *http_query(const char *target, const char *key); /* decoded; first */

/* Name=value pairs of a form body or a query, repeated names kept, decoded. */
struct form_field {
	char *name, *value;
	bool is_file;
};
struct form {
	struct form_field *fields;
	size_t count;
};
void form_add(struct form *form, const char *name, const char *value);
const char *form_get(const struct form *form, const char *name); /* last */
bool form_parse_urlencoded(struct form *form, const char *text, size_t len);
void form_write_urlencoded(const struct form *form, struct buf *out);
void form_free(struct form *form);

/* 200 -> "OK" */
const char *http_reason(int status);

#endif
