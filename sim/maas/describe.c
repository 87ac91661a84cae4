#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

/* The region's description of itself, from the table of operations. The `maas`
 * command line builds its commands from it. */

#define ROOT "/MAAS/api/2.0"

/* {system_id} and {id} of a path, in order. */
static json_t *parameters(const char *path)
{
	json_t *list = json_array();

	while ((path = strchr(path, '{'))) {
		size_t len = strcspn(++path, "}");

		json_array_append_new(list, json_stringn(path, len));
	}
	return list;
}

static json_t *action_json(const struct operation *row)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:b}", "name", row->action,
	    "doc", row->action, "method", row->method, "op",
	    row->op ? json_string(row->op) : json_null(), "restful",
	    row->op == NULL);
}

/* One handler answers nobody's questions about nodes of every kind; MAAS gives
 * the same path of it each time. */
static const char *shown_path(const struct operation *row)
{
	return strcmp(row->handler, "AnonNodesHandler") == 0 ? "/nodes/"
	                                                     : row->path;
}

/* Handlers that others have taken the place of. */
static const struct {
	int since;
	const char *handler, *name, *use;
} deprecated[] = {
	{ 306, "DHCPSnippetHandler", "DHCP-Snippet", "Reserved-IP" },
	{ 306, "DHCPSnippetsHandler", "DHCP-Snippets", "Reserved-IPs" },
};

/* Of the handler: its name, and whether it should still be used. */
static json_t *handler_doc(const struct maas *maas, const char *handler)
{
	for (size_t i = 0; i < sizeof(deprecated) / sizeof(deprecated[0]); i++)
		if (maas->version >= deprecated[i].since &&
		    strcmp(deprecated[i].handler, handler) == 0)
			return json_sprintf(
			    "%s\nThe '%s' endpoint has been deprecated in "
			    "favour of '%s'.",
			    handler, deprecated[i].name, deprecated[i].use);
	return json_string(handler);
}

/* A handler is all rows of one name and one path. */
static json_t *handler_json(
    const struct ask *ask, const char *authority, const struct operation *first)
{
	const char *scheme = ask->exchange->tls ? "https" : "http";
	size_t count;
	const struct operation *table = maas_operation_table(&count);
	json_t *actions = json_array(), *json;
	char *path = xasprintf(ROOT "%s", shown_path(first));
	char *uri = xasprintf("%s://%s%s", scheme, authority, path);

	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].handler, first->handler) == 0 &&
		    strcmp(table[i].path, first->path) == 0)
			json_array_append_new(actions, action_json(&table[i]));
	json = json_pack("{s:s, s:o, s:o, s:s, s:s, s:o}", "name",
	    first->handler, "doc", handler_doc(ask->maas, first->handler),
	    "params", parameters(first->path), "path", path, "uri", uri,
	    "actions", actions);
	free(path);
	free(uri);
	check(json);
	return json;
}

static bool is_first_of_handler(const struct operation *table, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(table[k].handler, table[i].handler) == 0 &&
		    strcmp(table[k].path, table[i].path) == 0)
			return false;
	return !(table[i].flags & OP_ALIAS);
}

static const struct operation *partner(
    const struct operation *table, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if ((table[i].flags & OP_ANONYMOUS) &&
		    strcmp(table[i].path, path) == 0)
			return &table[i];
	return NULL;
}

static json_t *resource_json(const struct ask *ask, const char *authority,
    const struct operation *table, size_t count, size_t i)
{
	const struct operation *other = partner(table, count, table[i].path);
	json_t *self = handler_json(ask, authority, &table[i]);
	json_t *anonymous = json_null(), *known = self;

	if (table[i].flags & OP_OPEN) {
		anonymous = self;
		known = json_null();
	} else if (other) {
		anonymous = handler_json(ask, authority, other);
	}
	return json_pack("{s:s, s:o, s:o}", "name", table[i].handler, "anon",
	    anonymous, "auth", known);
}

void maas_op_describe(struct ask *ask)
{
	const struct exchange *x = ask->exchange;
	const char *authority = x->authority ? x->authority
	                                     : ask->maas->address;
	size_t count;
	const struct operation *table = maas_operation_table(&count);
	json_t *handlers = json_array(), *resources = json_array(), *document;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		if (!is_first_of_handler(table, i))
			continue;
		json_array_append_new(
		    handlers, handler_json(ask, authority, &table[i]));
		if (!(table[i].flags & OP_ANONYMOUS))
			json_array_append_new(resources,
			    resource_json(ask, authority, table, count, i));
	}
	document = json_pack("{s:s, s:s, s:o, s:o}", "doc", "MAAS API", "hash",
	    maas_api_hash(ask->maas), "handlers", handlers, "resources",
	    resources);
	buf_add_json(&text, document, 0);
	json_decref(document);
	/* Clients compare the type to exactly this. */
	maas_answer_bare(ask, 200, "application/json", buf_text(&text));
	http_header_add(&ask->answer.headers, "X-Frame-Options", "DENY");
	buf_free(&text);
}
