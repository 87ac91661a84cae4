/*
 * server: the way of a request to its operation's function: rate limit,
 * route, credential, body. Each step answers by itself if it
 * says no.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/palette/nouns.h"
#include "sim/palette/routes.h"

#define BODY_MAX (4 * 1024 * 1024)

const char *palette_op_of(
    void *ctx, const struct http_request *request, char *room, size_t size)
{
	const struct palette *palette = ctx;
	struct routes_found found = routes_find(
	    palette->routes, request->method, request->target);

	(void)room;
	(void)size;
	if (!found.operation)
		return "unknown";
	return found.operation->run ? found.operation->name : "unmodelled";
}

/* Filled anew at each call with the same: the tables are constant. */
const struct palette_operation *palette_operations(size_t *count)
{
	static struct palette_operation all[512];

	*count = palette_table_len + palette_unmodelled_len;
	check(*count <= sizeof(all) / sizeof(all[0]));
	for (size_t i = 0; i < *count; i++) {
		const struct operation *op =
		    i < palette_table_len
		        ? &palette_table[i]
		        : &palette_unmodelled[i - palette_table_len];

		all[i] = (struct palette_operation){
			.name = op->run ? op->name : "unmodelled",
			.method = op->method,
			.path = op->path,
			.modelled = op->run != NULL,
		};
	}
	return all;
}

/* ---- errors of the router: their code is a number ---- */

static void router_error(
    struct request *request, int status, const char *message)
{
	answer_json(request, status,
	    json_pack("{s:i,s:s}", "code", status, "message", message));
}

/* Is this text what a JSON string may hold? A raw target may be anything. */
static char *printable(const char *text)
{
	char *copy = xstrndup(text, strnlen(text, 200));

	for (char *c = copy; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return copy;
}

static void no_route(struct request *request, bool path_known)
{
	struct buf text = BUF_INIT;
	char *target = printable(request->exchange->request->target);
	char *method = printable(request->exchange->request->method);

	if (!path_known) {
		buf_addf(&text, "path %s was not found", target);
		router_error(request, 404, buf_text(&text));
	} else {
		struct buf methods = BUF_INIT;

		routes_methods(request->palette->routes,
		    request->exchange->request->target, &methods);
		buf_addf(&text, "method %s is not allowed, but [%s] are",
		    method, buf_text(&methods));
		router_error(request, 405, buf_text(&text));
		buf_free(&methods);
	}
	buf_free(&text);
	free(target);
	free(method);
}

/* ---- parameters and bodies ---- */

static void take_params(struct request *request)
{
	const char *pattern = request->operation->path;

	for (size_t segment = 0; *pattern; segment++) {
		check(*pattern == '/');
		pattern++;
		if (*pattern == '{') {
			check(request->param_count < PARAM_MAX);
			request->params[request->param_count] =
			    http_path_segment(
			        request->exchange->request->target, segment);
			if (!request->params[request->param_count])
				request->params[request->param_count] = xstrdup(
				    "");
			request->param_count++;
		}
		pattern += strcspn(pattern, "/");
	}
}

static bool is_json_type(const char *type)
{
	return !type || !*type || strcasestr(type, "json");
}

static bool body_readable(struct request *request)
{
	const struct http_request *http = request->exchange->request;
	const char *encoding = http_header(&http->headers, "Content-Encoding");

	if (http->body.len > BODY_MAX) {
		router_error(request, 413, "the body is larger than 4 MiB");
		return false;
	}
	if (encoding && *encoding && strcasecmp(encoding, "identity") != 0) {
		router_error(request, 415, "an encoded body is not read here");
		return false;
	}
	if (!is_json_type(http_header(&http->headers, "Content-Type"))) {
		router_error(request, 415,
		    "unsupported media type, only [application/json] is read");
		return false;
	}
	return true;
}

static bool take_body(struct request *request)
{
	const struct http_request *http = request->exchange->request;
	enum body_kind kind = request->operation->body;
	struct err err;

	if (kind == BODY_NONE)
		return true;
	if (http->body.len == 0 && kind == BODY_OPTIONAL)
		return true;
	if (!body_readable(request))
		return false;
	if (http->body.len == 0) {
		refuse(request, 400, "InvalidRequestBody",
		    "the request needs a body");
		return false;
	}
	request->body = json_parse(http->body.data, http->body.len, &err);
	if (!request->body) {
		refuse(request, 400, "InvalidRequestBody",
		    "the body is not JSON: %s", err.text);
		return false;
	}
	if (kind == BODY_LIST ? json_is_array(request->body)
	                      : json_is_object(request->body))
		return true;
	refuse(request, 400, "InvalidRequestBody", "the body must be %s",
	    kind == BODY_LIST ? "a list" : "an object");
	return false;
}

/* ---- the way ---- */

static void run(struct request *request)
{
	const struct operation *op = request->operation;

	if (!op->run) {
		refuse(request, 501, "NotModelled",
		    "%s %s is part of Palette's API and is not modelled here",
		    op->method, op->path);
		return;
	}
	take_params(request);
	if (!request_authorize(request) || !take_body(request))
		return;
	op->run(request);
	check(!request->exchange); /* answered, or kept */
}

void palette_handle(void *ctx, struct exchange *exchange)
{
	struct request request = { .palette = ctx, .exchange = exchange };
	struct routes_found found = routes_find(request.palette->routes,
	    exchange->request->method, exchange->request->target);

	request.operation = found.operation;
	if (request_within_rate(&request)) {
		if (found.operation)
			run(&request);
		else
			no_route(&request, found.path_known);
	}
	for (size_t i = 0; i < request.param_count; i++)
		free(request.params[i]);
	json_decref(request.body);
}
