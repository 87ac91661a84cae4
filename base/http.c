#include "base/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"

static const char *const transport_names[] = {
	"Host",
	"Date",
	"Connection",
	"Content-Length",
	"Transfer-Encoding",
	"Expect",
	"Keep-Alive",
	"Upgrade",
	"TE",
	"Trailer",
};

bool http_header_is_transport(const char *name)
{
	size_t i;

	/* Asked of each header of each message: most names begin otherwise. */
	if (!*name || !strchr("HhDdCcTtEeKkUuPp", *name))
		return false;
	if (strncasecmp(name, "Proxy-", 6) == 0)
		return true;
	for (i = 0; i < sizeof(transport_names) / sizeof(*transport_names); i++)
		if (strcasecmp(name, transport_names[i]) == 0)
			return true;
	return false;
}

static struct http_header *find_header(
    const struct http_headers *headers, const char *name)
{
	size_t i;

	for (i = 0; i < headers->count; i++)
		if (strcasecmp(headers->items[i].name, name) == 0)
			return &headers->items[i];
	return NULL;
}

const char *http_header(const struct http_headers *headers, const char *name)
{
	const struct http_header *header = find_header(headers, name);

	return header ? header->value : NULL;
}

/* A line break in a header would be two headers on the wire. */
static bool is_one_line(const char *text)
{
	return strpbrk(text, "\r\n") == NULL;
}

/* Room grows in powers of two, so the count alone tells when it is full. */
void http_header_add(
    struct http_headers *headers, const char *name, const char *value)
{
	size_t count = headers->count;

	check(name[0] && is_one_line(name));
	check(is_one_line(value));

	if ((count & (count - 1)) == 0 && (count == 0 || count >= 4))
		headers->items = xrealloc(headers->items,
		    (count ? 2 * count : 4) * sizeof(*headers->items));
	headers->items[count].name = xstrdup(name);
	headers->items[count].value = xstrdup(value);
	headers->count++;
}

void http_header_set(
    struct http_headers *headers, const char *name, const char *value)
{
	struct http_header *header = find_header(headers, name);

	check(is_one_line(value));
	if (!header) {
		http_header_add(headers, name, value);
		return;
	}
	free(header->value);
	header->value = xstrdup(value);
}

static void headers_copy(
    struct http_headers *to, const struct http_headers *from)
{
	size_t i;

	*to = (struct http_headers){ 0 };
	for (i = 0; i < from->count; i++)
		http_header_add(to, from->items[i].name, from->items[i].value);
}

static void headers_free(struct http_headers *headers)
{
	size_t i;

	for (i = 0; i < headers->count; i++) {
		free(headers->items[i].name);
		free(headers->items[i].value);
	}
	free(headers->items);
	*headers = (struct http_headers){ 0 };
}

void http_request_set(struct http_request *request, const char *method,
    const char *target_fmt, ...)
{
	struct buf target = BUF_INIT;
	va_list ap;

	va_start(ap, target_fmt);
	buf_vaddf(&target, target_fmt, ap);
	va_end(ap);
	free(request->method);
	free(request->target);
	request->method = xstrdup(method);
	request->target = buf_detach(&target);
	check(is_one_line(request->target));
}

/* What `to` held before is freed; `from` is empty afterwards. */
void http_request_move(struct http_request *to, struct http_request *from)
{
	struct http_request taken = *from;

	check(to != from);
	*from = (struct http_request){ 0 };
	http_request_free(to);
	*to = taken;
}

void http_request_copy(struct http_request *to, const struct http_request *from)
{
	check(to != from);
	http_request_free(to);
	to->method = xstrdup(from->method);
	to->target = xstrdup(from->target);
	headers_copy(&to->headers, &from->headers);
	if (from->body.len)
		buf_add(&to->body, from->body.data, from->body.len);
}

void http_request_free(struct http_request *request)
{
	free(request->method);
	free(request->target);
	headers_free(&request->headers);
	buf_free(&request->body);
	*request = (struct http_request){ 0 };
}

void http_response_move(struct http_response *to, struct http_response *from)
{
	struct http_response taken = *from;

	check(to != from);
	*from = (struct http_response){ 0 };
	http_response_free(to);
	*to = taken;
}

void http_response_copy(
    struct http_response *to, const struct http_response *from)
{
	check(to != from);
	check(!from->source);
	http_response_free(to);
	to->status = from->status;
	headers_copy(&to->headers, &from->headers);
	if (from->body.len)
		buf_add(&to->body, from->body.data, from->body.len);
}

void http_response_free(struct http_response *response)
{
	headers_free(&response->headers);
	http_response_drop_body(response);
	*response = (struct http_response){ 0 };
}

size_t http_response_len(const struct http_response *response)
{
	return response->source ? response->source->len : response->body.len;
}

void http_response_gather(struct http_response *response)
{
	struct http_source *source = response->source;
	struct buf *body = &response->body;
	size_t len = source ? source->len : 0;

	if (!source)
		return;
	buf_free(body);
	body->data = xrealloc(NULL, len + 1);
	body->room = len + 1;
	while (body->len < len)
		body->len += source->read(
		    source, body->data + body->len, len - body->len);
	check(body->len == len);
	body->data[len] = '\0';
	source->free(source);
	response->source = NULL;
}

void http_response_drop_body(struct http_response *response)
{
	if (response->source)
		response->source->free(response->source);
	response->source = NULL;
	response->digest = 0;
	buf_free(&response->body);
}

static void set_json_body(
    struct http_headers *headers, struct buf *out, json_t *body)
{
	check(body);
	buf_reset(out);
	buf_add_json(out, body, JSON_COMPACT);
	json_decref(body);
	http_header_set(headers, "Content-Type", "application/json");
}

void http_request_json(struct http_request *request, json_t *body)
{
	set_json_body(&request->headers, &request->body, body);
}

void http_response_json(
    struct http_response *response, int status, json_t *body)
{
	response->status = status;
	http_response_drop_body(response);
	set_json_body(&response->headers, &response->body, body);
}

void http_response_text(struct http_response *response, int status,
    const char *content_type, const char *text)
{
	response->status = status;
	http_header_set(&response->headers, "Content-Type", content_type);
	http_response_drop_body(response);
	buf_adds(&response->body, text);
}

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *http_reason(int status)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}
