/*
 * What MAAS says about its own API: clients that are made at run time (the
 * maas command, python-libmaas) learn from it what they can do.
 *
 * Names, methods, paths and parameters are those of MAAS, also of operations
 * that are not modelled; the texts about them are ours, and say which.
 */
#include "sim/maas/server.h"

#include <stdlib.h>
#include <string.h>

static bool is_anonymous(const struct operation *row)
{
	return row->flags & (OP_ANONYMOUS | OP_OPEN);
}

/* One handler answers nobody's questions about nodes of every kind, and it
 * gives its own path for each. */
static const char *path_of(const struct operation *row)
{
	return strcmp(row->handler, "AnonNodesHandler") == 0 ? "/nodes/"
	                                                     : row->path;
}

static char *uri_of(const struct ask *ask, const char *path)
{
	const struct exchange *exchange = ask->exchange;

	return xasprintf("%s://%s" MAAS_API "%s",
	    exchange->tls ? "https" : "http",
	    exchange->authority ? exchange->authority : ask->maas->address,
	    path);
}

static json_t *params_of(const char *path)
{
	json_t *params = json_array();

	while ((path = strchr(path, '{'))) {
		size_t len = strcspn(++path, "}");

		json_array_append_new(params, json_stringn(path, len));
	}
	return params;
}

static json_t *action_json(const struct operation *row)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:b}", "name", row->action,
	    "doc", row->answer ? "Modelled." : "Not modelled: answers 501.",
	    "method", row->method, "op", row->op, "restful", !row->op);
}

static bool same_handler(const struct operation *a, const struct operation *b)
{
	return strcmp(a->handler, b->handler) == 0 &&
	       strcmp(a->path, b->path) == 0;
}

static json_t *handler_json(
    const struct ask *ask, const struct operation *first)
{
	size_t count;
	const struct operation *table = maas_operation_table(&count);
	const char *path = path_of(first);
	char *below_root = xasprintf(MAAS_API "%s", path);
	char *uri = uri_of(ask, path);
	json_t *actions = json_array(), *handler;

	for (size_t i = 0; i < count; i++) {
		if (same_handler(&table[i], first))
			json_array_append_new(actions, action_json(&table[i]));
	}
	handler = json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "name",
	    first->handler, "doc", "A handler of the simulated MAAS.", "params",
	    params_of(path), "path", below_root, "uri", uri, "actions",
	    actions);
	free(below_root);
	free(uri);
	return handler;
}

/* The first row of the handler that serves this path with or without
 * credentials; NULL if there is none. */
static const struct operation *handler_at(const char *path, bool anonymous)
{
	size_t count;
	const struct operation *table = maas_operation_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (!(table[i].flags & OP_ALIAS) &&
		    is_anonymous(&table[i]) == anonymous &&
		    strcmp(table[i].path, path) == 0)
			return &table[i];
	}
	return NULL;
}

static json_t *describe_path(
    const struct ask *ask, const char *path, json_t *handlers)
{
	const struct operation *anon = handler_at(path, true);
	const struct operation *auth = handler_at(path, false);
	json_t *anon_json = anon ? handler_json(ask, anon) : json_null();
	json_t *auth_json = auth ? handler_json(ask, auth) : json_null();

	if (anon)
		json_array_append(handlers, anon_json);
	if (auth)
		json_array_append(handlers, auth_json);
	return json_pack("{s:s, s:o, s:o}", "name",
	    auth ? auth->handler : anon->handler, "anon", anon_json, "auth",
	    auth_json);
}

static bool is_new_path(const struct operation *table, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (!(table[i].flags & OP_ALIAS) &&
		    strcmp(table[i].path, table[at].path) == 0)
			return false;
	}
	return true;
}

void maas_op_describe(struct ask *ask)
{
	size_t count;
	const struct operation *table = maas_operation_table(&count);
	json_t *handlers = json_array(), *resources = json_array(), *all;
	char *text;

	for (size_t i = 0; i < count; i++) {
		if (!(table[i].flags & OP_ALIAS) && is_new_path(table, i))
			json_array_append_new(resources,
			    describe_path(ask, table[i].path, handlers));
	}
	all = json_pack("{s:s, s:s, s:o, s:o}", "doc",
	    "The API of a simulated MAAS.", "hash", maas_api_hash(ask->maas),
	    "resources", resources, "handlers", handlers);
	text = json_dumps(all, JSON_COMPACT);
	/* Without a charset: the maas command compares the whole header. */
	maas_answer_bare(ask, 200, "application/json", text);
	http_header_add(&ask->answer.headers, "X-Frame-Options", "DENY");
	free(text);
	json_decref(all);
}
