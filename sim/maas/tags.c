#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/node.h"
#include "sim/maas/zones.h"

struct tag *maas_tag_find(const struct maas *maas, const char *name)
{
	struct tag *tag;

	list_for_each (tag, &maas->tags) {
		if (strcmp(tag->name, name) == 0)
			return tag;
	}
	return NULL;
}

struct tag *maas_tag_make(struct maas *maas, const char *name)
{
	struct tag *tag = xcalloc(1, sizeof(*tag));

	tag->name = xstrdup(name);
	tag->definition = xstrdup("");
	tag->comment = xstrdup("");
	tag->kernel_opts = xstrdup("");
	maas_list_add(&maas->tags, tag);
	return tag;
}

static json_t *tag_json(const struct tag *tag)
{
	char *uri = xasprintf("/MAAS/api/2.0/tags/%s/", tag->name);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", tag->name,
	    "definition", tag->definition, "comment", tag->comment,
	    "kernel_opts", tag->kernel_opts, "resource_uri", uri);

	free(uri);
	return json;
}

void maas_op_tags_list(struct ask *ask)
{
	void **rows = maas_list_rows(&ask->maas->tags);
	json_t *list = json_array();

	for (size_t i = 0; i < ask->maas->tags.count; i++)
		json_array_append_new(list, tag_json(rows[i]));
	free(rows);
	maas_answer(ask, list);
}

/* Brackets and quotes that do not close: as much XPath as is judged here. */
static bool xpath_ok(const char *text)
{
	int open = 0;
	char quote = '\0';

	for (; *text; text++) {
		if (quote) {
			quote = *text == quote ? '\0' : quote;
		} else if (*text == '\'' || *text == '"') {
			quote = *text;
		} else if (*text == '[' || *text == '(') {
			open++;
		} else if (*text == ']' || *text == ')') {
			if (--open < 0)
				return false;
		}
	}
	return open == 0 && !quote;
}

static void check_name(json_t *errors, const char *name)
{
	if (maas_letters(name) > 256)
		maas_error(
		    errors, "name", MAAS_TOO_LONG, 256, maas_letters(name));
	for (const char *c = name; *c; c++) {
		if (isalnum((unsigned char)*c) || *c == '-' || *c == '_')
			continue;
		maas_error(errors, "name", "Enter a valid value.");
		return;
	}
}

/* Writes what was given into the tag (a new one when NULL); false: refused. */
static struct tag *read_form(struct ask *ask, struct tag *tag)
{
	const char *name = maas_stripped(ask, "name");
	const char *definition = maas_stripped(ask, "definition");
	const char *comment = maas_stripped(ask, "comment");
	const char *opts = maas_stripped(ask, "kernel_opts");
	json_t *errors = json_object();
	struct tag *other;

	if (!name && tag)
		name = tag->name;
	if (!name || !*name)
		maas_error(errors, "name", "This field is required.");
	else
		check_name(errors, name);
	other = name ? maas_tag_find(ask->maas, name) : NULL;
	if (other && other != tag && !json_object_size(errors))
		maas_error(
		    errors, "name", "Tag with this Name already exists.");
	if (definition && !xpath_ok(definition))
		maas_error(errors, "definition",
		    "Invalid xpath expression: Invalid expression");
	if (!maas_fine(ask, errors))
		return NULL;
	if (!tag)
		tag = maas_tag_make(ask->maas, name);
	maas_set_text(&tag->name, name);
	if (definition)
		maas_set_text(&tag->definition, definition);
	if (comment)
		maas_set_text(&tag->comment, comment);
	if (opts)
		maas_set_text(&tag->kernel_opts, opts);
	return tag;
}

void maas_op_tags_create(struct ask *ask)
{
	struct tag *tag;

	if (!maas_is_admin(ask)) {
		maas_refuse(ask, 403, "%s", "");
		return;
	}
	tag = read_form(ask, NULL);
	if (tag)
		maas_answer(ask, tag_json(tag));
}

/* Who may not change tags is not told which there are. */
static struct tag *tag_asked(struct ask *ask, bool to_change)
{
	struct tag *tag = maas_tag_find(ask->maas, ask->args[0]);

	if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	else if (!tag)
		maas_answer_missing(ask, "Tag");
	return ask->answered ? NULL : tag;
}

void maas_op_tags_read(struct ask *ask)
{
	struct tag *tag = tag_asked(ask, false);

	if (tag)
		maas_answer(ask, tag_json(tag));
}

void maas_op_tags_update(struct ask *ask)
{
	struct tag *tag = tag_asked(ask, true);
	struct node *node;
	char *old;

	if (!tag)
		return;
	old = xstrdup(tag->name);
	tag = read_form(ask, tag);
	if (tag) {
		list_for_each (node, &ask->maas->nodes) {
			if (maas_names_remove(&node->tags, old))
				maas_names_add(&node->tags, tag->name);
		}
		maas_list_touch(&ask->maas->tags, tag);
		maas_answer(ask, tag_json(tag));
	}
	free(old);
}

void maas_op_tags_delete(struct ask *ask)
{
	struct tag *tag = tag_asked(ask, true);
	struct node *node;

	if (!tag)
		return;
	list_for_each (node, &ask->maas->nodes)
		maas_names_remove(&node->tags, tag->name);
	maas_list_remove(&ask->maas->tags, tag);
	free(tag->name);
	free(tag->definition);
	free(tag->comment);
	free(tag->kernel_opts);
	free(tag);
	maas_answer_gone(ask);
}

/* ---- tags on nodes ---- */

static void nodes_with(struct ask *ask, int type)
{
	struct tag *tag = tag_asked(ask, false);
	json_t *list = json_array();
	struct node *node;

	if (!tag) {
		json_decref(list);
		return;
	}
	list_for_each (node, &ask->maas->nodes) {
		if ((type < 0 || (int)node->type == type) &&
		    maas_names_have(&node->tags, tag->name) &&
		    maas_is_listed(ask, node))
			json_array_append_new(list, maas_node_json(node));
	}
	maas_answer(ask, list);
}

void maas_op_tags_nodes(struct ask *ask)
{
	nodes_with(ask, -1);
}

void maas_op_tags_machines(struct ask *ask)
{
	nodes_with(ask, NODE_MACHINE);
}

void maas_op_tags_devices(struct ask *ask)
{
	nodes_with(ask, NODE_DEVICE);
}

void maas_op_tags_rack_controllers(struct ask *ask)
{
	nodes_with(ask, NODE_RACK);
}

void maas_op_tags_region_controllers(struct ask *ask)
{
	nodes_with(ask, NODE_REGION);
}

static bool asked_before(
    const struct form *form, const char *field, const char *id, size_t at)
{
	size_t i = 0;
	const char *other;

	while ((other = maas_form_next(form, field, &i)) && i < at)
		if (strcmp(other, id) == 0)
			return true;
	return false;
}

/* The numbers are of the ids that exist, not of the changes made. */
static int apply(
    struct ask *ask, const char *field, const struct tag *tag, bool remove)
{
	const struct form *form = &ask->body.form;
	size_t at = 0;
	int count = 0;
	const char *id;

	while ((id = maas_form_next(form, field, &at))) {
		struct node *node = maas_node_find(ask->maas, id);

		if (!node || asked_before(form, field, id, at))
			continue;
		count++;
		if (remove)
			maas_names_remove(&node->tags, tag->name);
		else
			maas_names_add(&node->tags, tag->name);
	}
	return count;
}

/* In 3.4 a rack controller may change tags with a key of its own; nobody
 * here has one. */
static void refuse_update(struct ask *ask)
{
	const char *id = maas_field(ask, "rack_controller");
	struct node *rack = id ? maas_node_find(ask->maas, id) : NULL;

	if (ask->maas->version != 304)
		maas_refuse(ask, 403, "%s", "");
	else if (!id)
		maas_refuse(ask, 403,
		    "Must be a superuser or supply a rack_controller");
	else if (!rack || rack->type != NODE_RACK)
		maas_answer_missing(ask, "RackController");
	else
		maas_refuse(ask, 403,
		    "Only allowed for the '%s' rack controller.",
		    rack->hostname);
}

static bool is_current(struct ask *ask, const struct tag *tag)
{
	const char *definition = maas_field(ask, "definition");
	char *text;

	if (!definition || strcmp(definition, tag->definition) == 0)
		return true;
	text = xasprintf("Definition supplied '%s' doesn't match current "
	                 "definition '%s'",
	    definition, tag->definition);
	maas_answer_text(ask, 409, "text/plain; charset=utf-8", text);
	free(text);
	return false;
}

void maas_op_tags_update_nodes(struct ask *ask)
{
	struct tag *tag;
	int added, removed;

	if (ask->maas->version != 304 && !maas_is_admin(ask)) {
		refuse_update(ask);
		return;
	}
	tag = tag_asked(ask, false);
	if (!tag)
		return;
	if (!maas_is_admin(ask)) {
		refuse_update(ask);
		return;
	}
	if (!is_current(ask, tag))
		return;
	added = apply(ask, "add", tag, false);
	removed = apply(ask, "remove", tag, true);
	maas_answer(
	    ask, json_pack("{s:i, s:i}", "added", added, "removed", removed));
}

void maas_op_tags_rebuild(struct ask *ask)
{
	struct tag *tag = tag_asked(ask, true);

	if (tag)
		maas_answer(ask, json_pack("{s:s}", "rebuilding", tag->name));
}
