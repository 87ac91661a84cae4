#include "sim/palette/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 50 /* default and maximum of most lists */

/* ---- answers ---- */

struct exchange *request_keep(struct request *request)
{
	struct exchange *exchange = request->exchange;

	check(exchange);
	request->exchange = NULL;
	return exchange;
}

/* Every change that a person makes leaves an audit record; clients are told
 * its uid. */
static void add_audit(const struct request *request, const char *method,
    struct http_response *answer)
{
	char uid[UID_ROOM];

	if (request->gateway || request->agent_of ||
	    strcmp(method, "GET") == 0 || answer->status >= 300)
		return;
	uid_make(request->palette, uid, "audit");
	http_header_set(&answer->headers, "AuditUid", uid);
}

static void send(struct request *request, struct http_response *answer)
{
	struct exchange *exchange = request_keep(request);

	add_audit(request, exchange->request->method, answer);
	exchange_reply(exchange, answer);
}

void answer_json(struct request *request, int status, json_t *body)
{
	struct http_response answer = { 0 };

	check(body);
	http_response_json(&answer, status, body);
	send(request, &answer);
}

void answer_empty(struct request *request, int status)
{
	struct http_response answer = { .status = status };

	send(request, &answer);
}

void answer_with(
    struct request *request, int status, const char *name, const char *value)
{
	struct http_response answer = { .status = status };

	http_header_set(&answer.headers, name, value);
	send(request, &answer);
}

void answer_uid(struct request *request, const char *uid)
{
	answer_json(request, 201, json_pack("{s:s}", "uid", uid));
}

void answer_file(struct request *request, const char *name, const char *text)
{
	struct http_response answer = { 0 };
	char *disposition = xasprintf("attachment; filename=\"%s\"", name);

	http_response_text(&answer, 200, "application/octet-stream", text);
	http_header_set(&answer.headers, "Content-Disposition", disposition);
	free(disposition);
	send(request, &answer);
}

void exchange_answer_json(struct palette *palette, struct exchange *exchange,
    int status, json_t *body)
{
	struct request request = { .palette = palette, .exchange = exchange };

	if (body)
		answer_json(&request, status, body);
	else
		answer_empty(&request, status);
}

/* ---- refusals ---- */

static json_t *error_json(
    const char *code, const char *message, json_t *details, const char *ref)
{
	return json_pack("{s:s,s:s,s:o,s:s}", "code", code, "message", message,
	    "details", details ? details : json_object(), "ref", ref);
}

/* A message repeats what the client sent, which need not be UTF-8. */
__attribute__((format(printf, 1, 0))) static char *clean(
    const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT;
	json_t *probe;

	buf_vaddf(&text, fmt, ap);
	probe = json_string(buf_text(&text));
	if (!probe)
		for (size_t i = 0; i < text.len; i++)
			if ((unsigned char)text.data[i] >= 0x80)
				text.data[i] = '?';
	json_decref(probe);
	return buf_detach(&text);
}

__attribute__((format(printf, 5, 0))) static void vrefuse(
    struct request *request, int status, const char *code, json_t *details,
    const char *fmt, va_list ap)
{
	char *message = clean(fmt, ap);

	answer_json(request, status,
	    error_json(code, message ? message : "", details,
	        request->operation ? request->operation->name : ""));
	free(message);
}

void refuse(
    struct request *request, int status, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vrefuse(request, status, code, NULL, fmt, ap);
	va_end(ap);
}

void refuse_with(struct request *request, int status, const char *code,
    json_t *details, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vrefuse(request, status, code, details, fmt, ap);
	va_end(ap);
}

void refuse_absent(struct request *request, const char *kind, const char *which)
{
	refuse(request, 404, "ResourceNotFound", "there is no %s %.80s", kind,
	    which);
}

void exchange_refuse(struct exchange *exchange, int status, const char *code,
    const char *fmt, ...)
{
	struct http_response answer = { 0 };
	char *message;
	va_list ap;

	va_start(ap, fmt);
	message = clean(fmt, ap);
	va_end(ap);
	http_response_json(
	    &answer, status, error_json(code, message, NULL, exchange->op));
	free(message);
	exchange_reply(exchange, &answer);
}

/* ---- what was asked ---- */

const char *request_header(const struct request *request, const char *name)
{
	const char *value = http_header(
	    &request->exchange->request->headers, name);

	return value && *value ? value : NULL;
}

char *request_query(const struct request *request, const char *key)
{
	char *value = http_query(request->exchange->request->target, key);

	return value ? value : xstrdup("");
}

bool request_query_is(
    const struct request *request, const char *key, const char *value)
{
	char *given = request_query(request, key);
	bool same = strcmp(given, value) == 0;

	free(given);
	return same;
}

/* ---- lists: filters, order, pages ---- */

/* "metadata.name=webANDspec.version=1.2": one term of it. */
static bool term_holds(const json_t *item, const char *term, size_t len)
{
	char *text = xstrndup(term, len);
	char *equals = strchr(text, '=');
	bool holds = true;

	if (equals) {
		*equals = '\0';
		holds = strcmp(jstr(item, text), equals + 1) == 0;
	}
	free(text);
	return holds;
}

static bool filters_hold(const json_t *item, const char *filters)
{
	for (;;) {
		const char *and = strstr(filters, "AND");
		size_t len = and? (size_t)(and-filters) : strlen(filters);

		if (!term_holds(item, filters, len))
			return false;
		if (!and)
			return true;
		filters = and+3;
	}
}

static json_t *filtered(struct request *request, json_t *items)
{
	char *filters = request_query(request, "filters");
	json_t *kept = json_array(), *item;
	size_t i;

	json_array_foreach(
	    items, i, item) if (!*filters || filters_hold(item, filters))
	    json_array_append(kept, item);
	free(filters);
	json_decref(items);
	return kept;
}

/* A stable insertion sort: lists are short, and ties keep their order. */
static void sort_by(json_t *items, const char *path, bool descending)
{
	for (size_t i = 1; i < json_array_size(items); i++) {
		json_t *item = json_incref(json_array_get(items, i));
		size_t at = i;

		while (at > 0) {
			int order = strcmp(
			    jstr(json_array_get(items, at - 1), path),
			    jstr(item, path));

			if (descending ? order >= 0 : order <= 0)
				break;
			at--;
		}
		json_array_remove(items, i);
		json_array_insert_new(items, at, item);
	}
}

/* "metadata.creationTimestamp=-1" */
static void order(struct request *request, json_t *items)
{
	char *by = request_query(request, "orderBy");
	char *equals = strchr(by, '=');

	if (equals)
		*equals = '\0';
	if (*by)
		sort_by(items, by, equals && equals[1] == '-');
	free(by);
}

/* The token is base64 of {"offset":n}; anything else is the beginning. */
static size_t offset_asked(struct request *request)
{
	char *token = request_query(request, "continue");
	char *offset = request_query(request, "offset");
	struct buf text = BUF_INIT;
	int64_t at = strtol(offset, NULL, 10);
	json_t *doc = NULL;
	struct err err;

	if (*token && buf_add_unbase64(&text, token, strlen(token)))
		doc = json_parse(text.data ? text.data : "", text.len, &err);
	if (doc)
		at = jint(doc, "offset");
	json_decref(doc);
	buf_free(&text);
	free(token);
	free(offset);
	return at > 0 ? (size_t)at : 0;
}

static size_t limit_asked(struct request *request)
{
	char *text = request_query(request, "limit");
	long limit = strtol(text, NULL, 10);

	free(text);
	return limit > 0 && limit < PAGE_MAX ? (size_t)limit : PAGE_MAX;
}

static json_t *continue_json(size_t offset, size_t total)
{
	struct buf token = BUF_INIT;
	char *text;
	json_t *json;

	if (offset >= total)
		return json_string("");
	text = xasprintf("{\"offset\":%zu}", offset);
	buf_add_base64(&token, text, strlen(text));
	json = json_string(buf_text(&token));
	buf_free(&token);
	free(text);
	return json;
}

void answer_list(struct request *request, json_t *items)
{
	size_t offset = offset_asked(request), limit = limit_asked(request);
	json_t *page = json_array();
	size_t total;

	items = filtered(request, items);
	order(request, items);
	total = json_array_size(items);
	for (size_t i = offset; i < total && i - offset < limit; i++)
		json_array_append(page, json_array_get(items, i));
	json_decref(items);
	answer_json(request, 200,
	    json_pack("{s:o,s:{s:o,s:I,s:I,s:I}}", "items", page, "listmeta",
	        "continue", continue_json(offset + limit, total), "count",
	        (json_int_t)total, "limit", (json_int_t)limit, "offset",
	        (json_int_t)offset));
}
