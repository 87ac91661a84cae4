/*
 * text_index: finds things by a text of theirs, without going through all of
 * them. Intrusive, as list.h is.
 *
 *	struct text_index machines;   (of struct machine, by ->system_id)
 *
 *	text_index_add(&machines, &machine->indexed, machine->system_id);
 *	link = text_index_find(&machines, "4y3h7n");
 *	machine = link ? OWNER_OF(link, struct machine, indexed) : NULL;
 *
 * A zeroed index is empty, a zeroed link is in none. The text is not copied
 * and must not change while the link is in: take it out before, put it back
 * behind. Several may have the same text; the one found is that which was
 * added first. There is no order to walk an index in: nothing of its inside
 * reaches a record. It owns nothing but its own table.
 */
#ifndef BASE_TEXT_INDEX_H
#define BASE_TEXT_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct text_link {
	struct text_link *next;
	const char *text; /* NULL: in no index */
	uint64_t hash;
};
struct text_index {
	struct text_link **buckets;
	size_t bucket_count, count;
};

void text_index_add(
    struct text_index *index, struct text_link *link, const char *text);
void text_index_remove(struct text_index *index, struct text_link *link);
struct text_link *text_index_find(
    const struct text_index *index, const char *text);
void text_index_free(
    struct text_index *index); /* the table; the links are as they are */

#endif
