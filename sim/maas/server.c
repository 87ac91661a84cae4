#include "sim/maas/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/bodies.h"
#include "sim/maas/held.h"
#include "sim/maas/people.h"
#include "sim/maas/region.h"
#include "sim/maas/ways.h"

/* ---- paths ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Nearly every path is clean already. */
static bool is_clean(const char *path)
{
	for (; *path; path++)
		if (*path == '%' || (*path & 0x80) ||
		    (*path == '/' && path[1] == '/'))
			return false;
	return true;
}

char *maas_clean_path(const char *target)
{
	char *raw = http_path(target);
	struct buf path = BUF_INIT;
	size_t used = 0;

	if (is_clean(raw))
		return raw;
	if (!buf_add_unpercent(&path, raw ? raw : "/", raw ? strlen(raw) : 1))
		buf_adds(&path, raw);
	free(raw);
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] != '/' || used == 0 ||
		    path.data[used - 1] != '/')
			path.data[used++] = path.data[i];
	raw = maas_text(path.data, used, true);
	buf_free(&path);
	return raw;
}

static void forget_args(char *args[ASK_ARGS])
{
	for (int i = 0; i < ASK_ARGS; i++) {
		free(args[i]);
		args[i] = NULL;
	}
}

/* ---- methods ---- */

static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };

/* The methods of the handler that serves this path for this caller. */
static bool method_known(
    const struct way *way, bool anonymous, const char *method)
{
	for (size_t m = 0; m < 4; m++)
		if (strcmp(methods[m], method) == 0)
			return way_has_method(way, anonymous, method);
	return false;
}

static void list_methods(
    const struct way *way, bool anonymous, struct buf *allow)
{
	for (size_t m = 0; m < 4; m++)
		if (way_has_method(way, anonymous, methods[m]))
			buf_addf(
			    allow, "%s%s", allow->len ? ", " : "", methods[m]);
}

/* ---- one request ---- */

static void wrong_method(struct ask *ask, const struct way *way, bool nobody)
{
	struct buf allow = BUF_INIT;

	list_methods(way, nobody, &allow);
	maas_answer_text(ask, 405, "text/html; charset=utf-8", "");
	http_header_add(&ask->answer.headers, "Allow", buf_text(&allow));
	buf_free(&allow);
}

static void unmodelled(struct ask *ask)
{
	char *target = http_path(ask->request->target);

	events_note(ask->maas->host->events, ask->maas->name, "",
	    "%s %s%s%s is not modelled", ask->request->method, target,
	    ask->op ? " op=" : "", ask->op ? ask->op : "");
	free(target);
	maas_refuse(ask, 501, "This simulated MAAS does not model %s %s%s%s.",
	    ask->request->method, ask->operation->path, ask->op ? " op=" : "",
	    ask->op ? ask->op : "");
}

static void perform(struct ask *ask, const struct way *way, bool nobody)
{
	ask->operation = way_choose(way, ask->request->method, ask->op, nobody);
	if (!ask->operation) {
		maas_refuse(ask, 400, "Unrecognised signature: method=%s op=%s",
		    ask->request->method, ask->op ? ask->op : "None");
		return;
	}
	row_has_path(ask->operation, ask->path, ask->args);
	if ((ask->operation->flags & OP_ADMIN) && !maas_is_admin(ask)) {
		maas_refuse(
		    ask, 403, "This method is reserved for admin users.");
		return;
	}
	if (!ask->operation->answer) {
		unmodelled(ask);
		return;
	}
	if (maas_body_fits(ask, way_choose(way, "GET", NULL, nobody)))
		ask->operation->answer(ask);
	maas_check_format(ask);
}

/* The op of the query; else of a form that was posted or put, though it be
 * empty; else of the path. */
static const char *op_asked(const struct ask *ask)
{
	const char *op = maas_query(ask, "op");
	bool form = !ask->body.structured && !ask->body.unread;

	if (op && *op)
		return op;
	return form ? maas_field(ask, "op") : NULL;
}

static bool is_sent(const struct ask *ask)
{
	return strcmp(ask->request->method, "POST") == 0 ||
	       strcmp(ask->request->method, "PUT") == 0;
}

/* Of other methods nobody reads the body. */
static bool read_op(struct ask *ask)
{
	struct err err = { 0 };
	const char *op;

	if (is_sent(ask) && !maas_body_read(&ask->body, ask->request, &err)) {
		if (ask->body.multipart) {
			maas_refuse(ask, 500, "%s", err.text);
			return false;
		}
		ask->garbled = true;
	}
	op = op_asked(ask);
	if (op) {
		free(ask->op);
		ask->op = xstrdup(op);
	}
	return true;
}

/* machines/op-allocate means machines/?op=allocate: a path of its own for
 * each operation of the handler for callers with credentials. */
static void read_suffix(struct ask *ask)
{
	char *last = strrchr(ask->path, '/');
	struct way way;
	char *op;

	if (!last || strncmp(last, "/op-", 4) != 0)
		return;
	op = xstrdup(last + 4);
	last[1] = '\0';
	way_find(ask->maas->ways, ask->path, &way);
	for (size_t i = 0; i < way.count; i++) {
		const struct operation *row = way.rows[i];

		if (row->op && strcmp(row->op, op) == 0 &&
		    !(row->flags & OP_ANONYMOUS)) {
			ask->op = op;
			return;
		}
	}
	last[1] = 'o';
	free(op);
}

static bool ends(const char *text, const char *with)
{
	size_t len = strlen(text), end = strlen(with);

	return len >= end && strcmp(text + len - end, with) == 0;
}

/* Three patterns of MAAS are not tied to the root, and two of them lead to
 * views that look at nothing but the path. */
static bool serve_view(struct ask *ask)
{
	if (ends(ask->path, "describe/")) {
		maas_op_describe(ask);
	} else if (ends(ask->path, "openapi.yaml")) {
		maas_page_openapi(ask);
	} else {
		if (ends(ask->path, "version/"))
			strcpy(ask->path, "/version/");
		return false;
	}
	return true;
}

static void serve_api(struct ask *ask)
{
	bool open, nobody;
	struct way way;
	unsigned flags;

	if (serve_view(ask))
		return;
	read_suffix(ask);
	way_find(ask->maas->ways, ask->path, &way);
	flags = way_flags(&way);
	open = flags & OP_OPEN;
	if (!way.count) {
		maas_refuse(ask, 404, "Unknown API endpoint: %s%s.", MAAS_API,
		    ask->path);
		return;
	}
	ask->session = !open;
	if (!read_op(ask))
		return;
	if (!open && maas_oauth(ask) == OAUTH_REFUSED)
		return;
	nobody = !ask->user && !open;
	if ((flags & OP_ADMIN_HANDLER) && !maas_is_admin(ask)) {
		maas_refuse(
		    ask, 403, "User is not allowed access to this API.");
	} else if (nobody && !(flags & OP_ANONYMOUS)) {
		maas_answer_text(ask, 401, "text/plain", "Forbidden");
	} else if (ask->user && !ask->user->active) {
		maas_refuse(
		    ask, 403, "User is not allowed access to this API.");
	} else if (ask->garbled) {
		maas_answer_text(ask, 400, "text/plain", "Bad Request");
		ask->rolled_back = true;
	} else if (!method_known(&way, nobody, ask->request->method)) {
		wrong_method(ask, &way, nobody);
	} else {
		perform(ask, &way, nobody);
	}
}

/* ---- one exchange ---- */

static void serve_path(struct ask *ask, const char *path)
{
	if (begins(path, MAAS_API "/")) {
		ask->path = xstrdup(path + strlen(MAAS_API));
		serve_api(ask);
	} else {
		maas_page(ask, path);
	}
}

void maas_ask_free(struct ask *ask)
{
	free(ask->path);
	free(ask->signed_path);
	free(ask->op);
	forget_args(ask->args);
	for (size_t i = 0; i < OAUTH_KEPT; i++)
		free(ask->oauth[i]);
	form_free(&ask->query);
	maas_body_free(&ask->body);
	http_response_free(&ask->answer);
}

void maas_serve(void *ctx, struct exchange *exchange)
{
	struct maas *maas = ctx;
	struct ask ask = {
		.maas = maas, .exchange = exchange, .request = exchange->request
	};
	const char *query = strchr(exchange->request->target, '?');
	char *path = maas_clean_path(exchange->request->target);

	maas->requests++;
	ask.signed_path = xstrdup(path);
	if (query)
		maas_urlencoded_read(&ask.query, query + 1, strlen(query + 1));
	if (!maas_front_refuses(&ask))
		serve_path(&ask, path);
	check(ask.answered);
	if (!ask.rolled_back)
		maas_oauth_commit(&ask);
	if (!ask.operation || !(ask.operation->flags & OP_READS))
		maas_tell(maas);
	free(path);
	if (maas_held_keep(&ask))
		return;
	exchange_reply(exchange, &ask.answer);
	maas_ask_free(&ask);
}

/* ---- the service's words for requests ---- */

char *maas_asked_op(const struct http_request *request, char *path)
{
	struct body body = { 0 };
	struct err err = { 0 };
	char *op = NULL, *suffix = strrchr(path, '/');

	if (suffix && strncmp(suffix, "/op-", 4) == 0) {
		op = xstrdup(suffix + 4);
		suffix[1] = '\0';
	}
	if (!op)
		op = http_query(request->target, "op");
	if ((!op || !*op) && strcmp(request->method, "POST") == 0 &&
	    request->body.len <= MAAS_MAX_BODY) {
		maas_body_read(&body, request, &err);
		free(op);
		op = xstrdup(form_get(&body.form, "op"));
		maas_body_free(&body);
	}
	if (op && !*op) {
		free(op);
		op = NULL;
	}
	return op;
}

static const char *api_op(
    const struct maas *maas, const struct http_request *request, char *path)
{
	char *op = maas_asked_op(request, path);
	const struct operation *row;
	struct way way;

	way_find(maas->ways, path, &way);
	row = way_choose(&way, request->method, op, false);
	if (!row)
		row = way_choose(&way, request->method, op, true);
	free(op);
	if (!row)
		return way.count ? "unrecognised" : "unknown";
	return row->answer ? row->name : "unmodelled";
}

const char *maas_op_of(
    void *ctx, const struct http_request *request, char *room, size_t size)
{
	char *path = maas_clean_path(request->target);
	const char *word = "page";

	(void)room;
	(void)size;
	if (begins(path, MAAS_API "/"))
		word = api_op(ctx, request, path + strlen(MAAS_API));
	else if (begins(path, "/MAAS/metadata/"))
		word = maas_metadata_op(request);
	free(path);
	return word;
}
