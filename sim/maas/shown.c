/*
 * What is shown of a machine, written out once. Clients ask for the same
 * machines over and over, and to write one out (20 kB) takes longer than all
 * the rest of a request.
 *
 * A text is good until maas_tell, which ends everything that may have changed
 * something: there, and nowhere else, maas->edition goes up. Requests that only
 * read (OP_READS) do not end with it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/ask.h"

#define INDENT "    "

static const struct buf *text_of(struct node *node)
{
	json_t *json;

	check(node->type == NODE_MACHINE);
	if (node->shown.len && node->shown_edition == node->maas->edition)
		return &node->shown;
	json = maas_node_json(node);
	buf_free(&node->shown);
	buf_free(&node->listed);
	buf_add_json(&node->shown, json, JSON_INDENT(4));
	node->shown_edition = node->maas->edition;
	json_decref(json);
	return &node->shown;
}

void maas_answer_machine(struct ask *ask, struct node *node)
{
	struct buf body = BUF_INIT;
	const struct buf *text = text_of(node);

	buf_add(&body, text->data, text->len);
	maas_answer_written(ask, &body);
}

/* One level deeper; a line break within a text is written \n. */
static void add_indented(struct buf *out, const struct buf *text)
{
	const char *at = text->data, *end = at + text->len, *stop;

	buf_adds(out, INDENT);
	while ((stop = memchr(at, '\n', (size_t)(end - at)))) {
		buf_add(out, at, (size_t)(stop + 1 - at));
		buf_adds(out, INDENT);
		at = stop + 1;
	}
	buf_add(out, at, (size_t)(end - at));
}

void maas_shown_add(struct buf *list, struct node *node)
{
	const struct buf *text = text_of(node);

	if (!node->listed.len)
		add_indented(&node->listed, text);
	buf_add(list, list->len ? ",\n" : "[\n", 2);
	buf_add(list, node->listed.data, node->listed.len);
}

void maas_answer_shown(struct ask *ask, struct buf *list)
{
	buf_adds(list, list->len ? "\n]" : "[]");
	maas_answer_written(ask, list);
}
