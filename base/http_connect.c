#include "base/http_connect.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void connect_write(
    struct buf *out, const char *target, const char *authorization)
{
	buf_addf(out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
	if (authorization)
		buf_addf(out, "Proxy-Authorization: %s\r\n", authorization);
	buf_adds(out, "\r\n");
}

void connect_write_answer(struct buf *out, const struct http_response *response)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\n", response->status,
	    http_reason(response->status));
	for (size_t i = 0; i < response->headers.count; i++)
		buf_addf(out, "%s: %s\r\n", response->headers.items[i].name,
		    response->headers.items[i].value);
	if (response->status != 200)
		buf_addf(out, "Content-Length: %zu\r\nConnection: close\r\n",
		    response->body.len);
	buf_adds(out, "\r\n");
	if (response->status != 200 && response->body.len)
		buf_add(out, response->body.data, response->body.len);
}

/* ---- reading ---- */

static const char *end_of_head(const char *data, size_t len)
{
	return memmem(data, len, "\r\n\r\n", 4);
}

static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return len > 0;
}

static bool is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\t')
			return false;
	return true;
}

static bool read_header(
    const char *line, size_t len, struct http_headers *headers)
{
	const char *colon = memchr(line, ':', len);
	const char *value, *end = line + len;
	char *name, *text;

	if (!colon || !is_token(line, (size_t)(colon - line)))
		return false;
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (!is_text(value, (size_t)(end - value)))
		return false;
	name = xstrndup(line, (size_t)(colon - line));
	text = xstrndup(value, (size_t)(end - value));
	http_header_add(headers, name, text);
	free(name);
	free(text);
	return true;
}

/* Every line after the first, up to and without the empty one. */
static bool read_headers(
    const char *at, const char *end, struct http_headers *headers)
{
	while (at < end) {
		const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);

		stop = stop ? stop : end;
		if (!read_header(at, (size_t)(stop - at), headers))
			return false;
		at = stop + 2;
	}
	return true;
}

/* The first line is copied out, so that text functions may be used on it. */
static enum connect_reading split(const char *data, size_t len, size_t *used,
    char **first, struct http_headers *headers, struct err *err)
{
	const char *end = end_of_head(
	    data, len < CONNECT_MOST ? len : CONNECT_MOST);
	const char *stop;

	if (!end && len >= CONNECT_MOST) {
		err_set(err, ERR_GARBLED, "a head of more than %d bytes",
		    CONNECT_MOST);
		return CONNECT_BAD;
	}
	if (!end)
		return CONNECT_MORE;
	stop = memmem(data, (size_t)(end - data) + 2, "\r\n", 2);
	if (!is_text(data, (size_t)(stop - data)) ||
	    (stop < end && !read_headers(stop + 2, end, headers))) {
		err_set(err, ERR_GARBLED, "a head that is not HTTP");
		return CONNECT_BAD;
	}
	*first = xstrndup(data, (size_t)(stop - data));
	*used = (size_t)(end - data) + 4;
	return CONNECT_READ;
}

/* host:port, the port last, since an IPv6 address has colons of its own. */
static bool is_authority(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	return colon && colon > text && digits > 0 && digits <= 5 &&
	       colon[1 + digits] == '\0' && atoi(colon + 1) > 0 &&
	       atoi(colon + 1) <= 65535 && !strpbrk(text, " \t/?#@");
}

static bool parse_connect(char *line, struct http_request *request)
{
	char *target = strchr(line, ' ');
	char *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version || strcmp(version, " HTTP/1.1") != 0)
		return false;
	*target++ = '\0';
	*version = '\0';
	if (strcmp(line, "CONNECT") != 0 || !is_authority(target))
		return false;
	http_request_set(request, line, "%s", target);
	return true;
}

enum connect_reading connect_read(const char *data, size_t len, size_t *used,
    struct http_request *request, struct err *err)
{
	struct http_request read = { 0 };
	char *line = NULL;
	enum connect_reading reading = split(
	    data, len, used, &line, &read.headers, err);

	if (reading == CONNECT_READ && !parse_connect(line, &read)) {
		err_set(err, ERR_GARBLED, "this is not a CONNECT request");
		reading = CONNECT_BAD;
	}
	if (reading == CONNECT_READ)
		http_request_move(request, &read);
	http_request_free(&read);
	free(line);
	return reading;
}

static int parse_status(const char *line)
{
	if (strlen(line) < strlen("HTTP/1.1 200") ||
	    strncmp(line, "HTTP/1.", 7) != 0 || !strchr("01", line[7]) ||
	    line[8] != ' ' || strspn(line + 9, "0123456789") != 3 ||
	    (line[12] && line[12] != ' '))
		return 0;
	return atoi(line + 9);
}

enum connect_reading connect_read_answer(const char *data, size_t len,
    size_t *used, struct http_response *response, struct err *err)
{
	struct http_response read = { 0 };
	char *line = NULL;
	enum connect_reading reading = split(
	    data, len, used, &line, &read.headers, err);

	if (reading == CONNECT_READ) {
		read.status = parse_status(line);
		if (read.status < 200 || read.status > 599) {
			err_set(err, ERR_GARBLED, "an answer without a status");
			reading = CONNECT_BAD;
		}
	}
	if (reading == CONNECT_READ)
		http_response_move(response, &read);
	http_response_free(&read);
	free(line);
	return reading;
}
