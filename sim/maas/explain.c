#include "sim/maas/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/yaml.h"
#include "sim/maas/constraints.h"
#include "sim/maas/dns.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/oauth_header.h"
#include "sim/maas/people.h"
#include "sim/maas/server.h"
#include "sim/maas/zones.h"

#define LONGEST_VALUE 200
#define MOST_NAMED    6

/* ---- machines ---- */

static const struct node *node_called(
    const struct maas *maas, const char *called)
{
	const struct node *node;

	list_for_each (node, &maas->nodes) {
		if (strcmp(node->system_id, called) == 0 ||
		    (node->hostname && strcmp(node->hostname, called) == 0))
			return node;
	}
	return NULL;
}

static bool path_has(const char *target, const char *system_id)
{
	size_t count = http_path_segments(target);
	bool has = false;

	for (size_t i = 0; i < count && !has; i++) {
		char *segment = http_path_segment(target, i);

		has = segment && strcmp(segment, system_id) == 0;
		free(segment);
	}
	return has;
}

static bool form_has(const struct form *form, const struct node *node)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];
		const char *value = field->value ? field->value : "";

		if (strcmp(value, node->system_id) == 0 ||
		    (strcmp(field->name, "name") == 0 &&
		        strcmp(value, node->hostname) == 0) ||
		    (strcmp(field->name, "hostname") == 0 &&
		        strcmp(value, node->hostname) == 0))
			return true;
	}
	return false;
}

static bool parameters_have(
    const struct http_request *request, const struct node *node)
{
	const char *query = strchr(request->target, '?');
	struct body body = { 0 };
	struct form form = { 0 };
	struct err err;
	bool has;

	if (query)
		form_parse_urlencoded(&form, query + 1, strlen(query + 1));
	maas_body_read(&body, request, &err);
	has = form_has(&form, node) || form_has(&body.form, node);
	form_free(&form);
	maas_body_free(&body);
	return has;
}

static bool answer_is(
    const struct http_response *response, const struct node *node)
{
	struct err err;
	json_t *answer = json_parse(
	    buf_text(&response->body), response->body.len, &err);
	bool is = strcmp(jstr(answer, "system_id"), node->system_id) == 0;

	json_decref(answer);
	return is;
}

bool maas_concerns(const struct maas *maas, const struct http_request *request,
    const struct http_response *response, const char *machine)
{
	const struct node *node = node_called(maas, machine);

	if (!node)
		return path_has(request->target, machine);
	return path_has(request->target, node->system_id) ||
	       parameters_have(request, node) ||
	       (response && answer_is(response, node));
}

/* ---- who and what ---- */

const char *maas_signer(
    const struct maas *maas, const struct http_request *request)
{
	const char *header = http_header(&request->headers, "Authorization");
	char *token = header ? maas_oauth_parameter(header, "oauth_token")
	                     : NULL;
	const struct api_key *key;
	const char *name = "";

	list_for_each (key, &maas->keys) {
		if (token && strcmp(key->token, token) == 0)
			name = key->node ? key->node->system_id
			                 : key->user->name;
	}
	free(token);
	return name;
}

void maas_address(const struct http_request *request, char **path, char **op)
{
	*path = maas_clean_path(request->target);
	*op = maas_asked_op(request, *path);
}

static bool is_secret(const char *name)
{
	static const char *const SIGNS[] = { "pass", "secret", "token", "key",
		"oauth", "user_data", "userdata", "credential", "cert",
		"signature", "private" };

	for (size_t i = 0; i < sizeof(SIGNS) / sizeof(SIGNS[0]); i++)
		if (strcasestr(name, SIGNS[i]))
			return true;
	return false;
}

static json_t *shown(const char *name, const char *value)
{
	json_t *text;
	char *cut;

	if (is_secret(name))
		return json_string("<not shown>");
	if (strlen(value) <= LONGEST_VALUE) {
		text = json_string(value);
	} else {
		cut = xasprintf(
		    "%.*s... (%zu bytes)", LONGEST_VALUE, value, strlen(value));
		text = json_string(cut);
		free(cut);
	}
	return text ? text : json_string("<not UTF-8>");
}

/* Names from outside need not be text either. */
static void show(json_t *all, const char *name, json_t *value)
{
	json_t *there = json_object_get(all, name), *list;

	if (!there) {
		json_object_set_new(all, name, value);
	} else if (json_is_array(there)) {
		json_array_append_new(there, value);
	} else {
		list = json_array();
		json_array_append(list, there);
		json_array_append_new(list, value);
		json_object_set_new(all, name, list);
	}
}

static void show_form(json_t *all, const struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];

		show(all, field->name,
		    shown(field->name, field->value ? field->value : ""));
	}
}

json_t *maas_parameters(const struct http_request *request)
{
	const char *query = strchr(request->target, '?');
	struct body body = { 0 };
	struct form form = { 0 };
	json_t *all = json_object();
	struct err err;

	if (query)
		form_parse_urlencoded(&form, query + 1, strlen(query + 1));
	maas_body_read(&body, request, &err);
	show_form(all, &form);
	show_form(all, &body.form);
	for (size_t i = 0; i < body.file_count; i++)
		show(all, body.files[i].name,
		    json_sprintf("<%zu bytes>", body.files[i].content.len));
	form_free(&form);
	maas_body_free(&body);
	return all;
}

/* ---- refusals ---- */

struct candidates {
	const char **names;
	size_t count, room;
};

static void add(struct candidates *all, const char *name)
{
	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 16;
		all->names = xrealloc(
		    all->names, all->room * sizeof(*all->names));
	}
	all->names[all->count++] = name;
}

static void name_some(const struct candidates *all, struct buf *out)
{
	buf_adds(out, all->count ? "; there are " : "; there are none");
	for (size_t i = 0; i < all->count && i < MOST_NAMED; i++)
		buf_addf(out, "%s%s", i ? ", " : "", all->names[i]);
	if (all->count > MOST_NAMED)
		buf_addf(out, " and %zu more", all->count - MOST_NAMED);
}

/* NULL: none is near, and some are named. */
static const char *nearest_or_some(const struct candidates *all,
    const char *what, const char *asked, struct buf *out)
{
	const char *near = nearest_name(asked, all->names, all->count);

	buf_addf(out, "there is no %s %s", what, asked);
	if (near)
		buf_addf(out, "; the nearest is %s", near);
	else
		name_some(all, out);
	return near;
}

static const char *type_word(const struct node *node)
{
	return node->type == NODE_MACHINE  ? "machine"
	       : node->type == NODE_DEVICE ? "device"
	                                   : "controller";
}

static void explain_node(
    const struct maas *maas, const char *asked, struct buf *out)
{
	const struct node *node = node_called(maas, asked);
	struct candidates ids = { 0 };
	const char *near;

	if (node && strcmp(node->system_id, asked) == 0) {
		buf_addf(out, "%s (%s) is a %s", asked, node->hostname,
		    type_word(node));
	} else if (node) {
		buf_addf(out,
		    "%s is a hostname; a path wants the system_id, %s", asked,
		    node->system_id);
	} else {
		list_for_each (node, &maas->nodes)
			add(&ids, node->system_id);
		near = nearest_or_some(&ids, "machine", asked, out);
		node = near ? node_called(maas, near) : NULL;
		if (node)
			buf_addf(out, " (%s)", node->hostname);
		free(ids.names);
	}
}

static const struct noun {
	const char *path, *what;
	size_t list, name;
} nouns[] = {
	{ "zones", "zone", offsetof(struct maas, zones),
	    offsetof(struct zone, name) },
	{ "tags", "tag", offsetof(struct maas, tags),
	    offsetof(struct tag, name) },
	{ "resourcepool", "resource pool", offsetof(struct maas, pools),
	    offsetof(struct pool, name) },
	{ "domains", "domain", offsetof(struct maas, domains),
	    offsetof(struct domain, name) },
	{ "subnets", "subnet", offsetof(struct maas, subnets),
	    offsetof(struct subnet, name) },
};

static void explain_noun(const struct maas *maas, const struct noun *noun,
    const char *asked, struct buf *out)
{
	const void *at = (const char *)maas + noun->list;
	const struct list *list = at;
	struct candidates all = { 0 };
	const struct thing *thing;

	list_for_each (thing, list) {
		const void *place = (const char *)thing + noun->name;

		add(&all, *(char *const *)place);
	}
	nearest_or_some(&all, noun->what, asked, out);
	free(all.names);
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* /MAAS/api/2.0/machines/abc/... */
static void explain_missing(
    const struct maas *maas, const char *target, struct buf *out)
{
	static const char *const NODES[] = { "machines", "nodes", "devices",
		"rackcontrollers", "regioncontrollers" };
	char *collection = http_path_segment(target, 3);
	char *asked = http_path_segment(target, 4);

	if (collection && asked && *asked) {
		if (is_one_of(collection, NODES, 5))
			explain_node(maas, asked, out);
		for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++)
			if (strcmp(collection, nouns[i].path) == 0)
				explain_noun(maas, &nouns[i], asked, out);
	}
	free(collection);
	free(asked);
}

static void explain_allocate(
    const struct http_request *request, struct buf *out)
{
	struct body body = { 0 };
	struct err err;

	maas_body_read(&body, request, &err);
	maas_constraints_near(&body.form, out);
	maas_body_free(&body);
}

void maas_explain_refusal(const struct maas *maas,
    const struct http_request *request, int status, struct buf *out)
{
	char *path, *op;

	if (status == 404)
		explain_missing(maas, request->target, out);
	if (status != 400)
		return;
	maas_address(request, &path, &op);
	if (op && strcmp(op, "allocate") == 0)
		explain_allocate(request, out);
	free(path);
	free(op);
}
