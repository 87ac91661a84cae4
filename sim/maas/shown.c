/*
 * What is shown of a machine, written out once. Clients ask for the same
 * machines over and over, and to write one out (20 kB) takes longer than all
 * the rest of a request.
 *
 * A text is good until maas_tell, which ends everything that may have changed
 * something: there, and nowhere else, maas->edition goes up. Requests that only
 * read (OP_READS) do not end with it.
 *
 * A thousand machines are 17 MB of text and a list of them 19, so neither is
 * kept: texts are kept as what they do not have in common (alike.h), and a list
 * holds the texts of its machines as they were when it was asked for, and is
 * made from them while it is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/quick_hash.h"
#include "sim/maas/alike.h"
#include "sim/maas/ask.h"
#include "sim/maas/node.h"

static struct alike *text_of(struct node *node)
{
	struct maas *maas = node->maas;
	struct buf text = BUF_INIT;
	json_t *json;

	check(node->type == NODE_MACHINE);
	if (node->shown && node->shown_edition == maas->edition)
		return node->shown;
	json = maas_node_json(node);
	buf_add_json(&text, json, JSON_INDENT(4));
	alike_drop(&node->shown);
	node->shown = alike_new(&maas->shown_model, text.data, text.len);
	node->shown_edition = maas->edition;
	buf_free(&text);
	json_decref(json);
	return node->shown;
}

void maas_answer_machine(struct ask *ask, struct node *node)
{
	const struct alike *text = text_of(node);
	struct buf body = { .len = alike_len(text, false) };

	body.room = body.len + 1;
	body.data = xrealloc(NULL, body.room);
	*alike_write(text, false, body.data) = '\0';
	ask->answer.digest = alike_digest(text);
	maas_answer_written(ask, &body);
}

/* ---- lists ---- */

struct shown_list {
	struct http_source source;
	struct alike **texts;
	size_t count, room;
	size_t next;       /* text to be written */
	struct buf piece;  /* the beginning of one that was cut off is said */
	size_t piece_said; /* of it */
};

void maas_shown_add(struct shown_list **list_p, struct node *node)
{
	struct shown_list *list = *list_p;

	if (!list)
		list = *list_p = xcalloc(1, sizeof(*list));
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 16;
		list->texts = xrealloc(
		    list->texts, list->room * sizeof(*list->texts));
	}
	list->texts[list->count++] = alike_hold(text_of(node));
}

/* What stands in front of each, and behind all. */
#define FIRST   "[\n"
#define NEXT    ",\n"
#define END     "\n]"
#define BETWEEN 2

/* The next text with what stands around it. */
static size_t next_len(const struct shown_list *list)
{
	return BETWEEN + alike_len(list->texts[list->next], true) +
	       (list->next + 1 == list->count ? sizeof(END) - 1 : 0);
}

static char *write_next(struct shown_list *list, char *to)
{
	to = (char *)mempcpy(to, list->next ? NEXT : FIRST, BETWEEN);
	to = alike_write(list->texts[list->next], true, to);
	if (++list->next == list->count)
		to = (char *)mempcpy(to, END, sizeof(END) - 1);
	return to;
}

/* One that does not fit is written aside. */
static size_t cut_next(struct shown_list *list, char *out, size_t room)
{
	struct buf *piece = &list->piece;
	size_t len;

	if (list->piece_said == piece->len) {
		buf_free(piece);
		piece->len = next_len(list);
		piece->data = xrealloc(NULL, piece->room = piece->len + 1);
		*write_next(list, piece->data) = '\0';
		list->piece_said = 0;
	}
	len = piece->len - list->piece_said;
	if (len > room)
		len = room;
	memcpy(out, piece->data + list->piece_said, len);
	list->piece_said += len;
	return len;
}

static size_t read_list(struct http_source *source, char *out, size_t room)
{
	struct shown_list *list = OWNER_OF(source, struct shown_list, source);
	char *to = out;

	if (list->piece_said < list->piece.len)
		return cut_next(list, out, room);
	while (list->next < list->count &&
	       next_len(list) <= room - (size_t)(to - out))
		to = write_next(list, to);
	if (to == out)
		return cut_next(list, out, room);
	return (size_t)(to - out);
}

static void free_list(struct http_source *source)
{
	struct shown_list *list = OWNER_OF(source, struct shown_list, source);

	for (size_t i = 0; i < list->count; i++)
		alike_drop(&list->texts[i]);
	free(list->texts);
	buf_free(&list->piece);
	free(list);
}

void maas_answer_shown(struct ask *ask, struct shown_list *list)
{
	struct buf none = BUF_INIT;
	uint64_t digest = 1;

	if (!list) {
		buf_adds(&none, "[]");
		maas_answer_written(ask, &none);
		return;
	}
	list->source.len = sizeof(END) - 1;
	for (size_t i = 0; i < list->count; i++) {
		uint64_t one = alike_digest(list->texts[i]);

		digest = quick_hash(digest, &one, sizeof(one));
		list->source.len += BETWEEN + alike_len(list->texts[i], true);
	}
	list->source.read = read_list;
	list->source.free = free_list;
	ask->answer.source = &list->source;
	ask->answer.digest = digest;
	maas_answer_written(ask, &none);
}
