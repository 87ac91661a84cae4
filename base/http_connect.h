/*
 * http_connect: the two heads of a CONNECT, read from bytes.
 *
 * RFC 9112 and 9110, strictly: CRLF line ends, no folding, no white space in
 * front of a colon, at most CONNECT_MOST bytes. What follows the head is not
 * touched.
 */
#ifndef BASE_HTTP_CONNECT_H
#define BASE_HTTP_CONNECT_H

#include "base/err.h"
#include "base/http.h"

#define CONNECT_MOST 16384

enum connect_reading {
	CONNECT_MORE, /* not complete yet */
	CONNECT_READ, /* *used bytes were the head */
	CONNECT_BAD   /* this will never be one: *err */
};

void connect_write(
    struct buf *out, const char *target, const char *authorization);
enum connect_reading connect_read(const char *data, size_t len, size_t *used,
    struct http_request *request, struct err *err);

void connect_write_answer(
    struct buf *out, const struct http_response *response);
/* A body that the proxy sent with its refusal is not read. */
enum connect_reading connect_read_answer(const char *data, size_t len,
    size_t *used, struct http_response *response, struct err *err);

#endif
