/*
 * list: the things of one kind, in the order of their ids.
 *
 * Every thing begins with its int64_t id. Ids are given by the list and are
 * never given twice, as by a data base's sequence. The list does not own what
 * is in it: whoever takes a thing out frees it.
 */
#ifndef SIM_MAAS_LIST_H
#define SIM_MAAS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	void **items;
	uint64_t *written; /* of each: the how manieth write it was */
	size_t count, room;
	int64_t next_id;
	uint64_t writes;
};

struct thing {
	int64_t id;
};

void maas_list_start(struct list *list, int64_t first_id);
void maas_list_add(struct list *list, void *thing); /* with the next id */
void maas_list_put(struct list *list, void *thing); /* keeps its id */
void *maas_list_find(const struct list *list, int64_t id); /* or NULL */
bool maas_list_has(const struct list *list, const void *thing);
void maas_list_remove(struct list *list, const void *thing);
void maas_list_clear(struct list *list); /* the things are gone already */
/* It was changed. A data base that is not told to sort answers with the rows
 * in the order in which they were last written. */
void maas_list_touch(struct list *list, const void *thing);
/* The things in that order. free() it. */
void **maas_list_rows(const struct list *list);

/* Do not add or remove inside; walk backwards by index for that. */
#define list_for_each(thing, list)                        \
	for (size_t at_##thing = 0;                       \
	     at_##thing < (list)->count &&                \
	     ((thing) = (list)->items[at_##thing], true); \
	     at_##thing++)

/* A few names in order, e.g. the tags of a machine. Owns its strings. */
struct names {
	char **items;
	size_t count;
};
bool maas_names_have(const struct names *names, const char *name);
bool maas_names_add(struct names *names, const char *name); /* new? */
bool maas_names_remove(struct names *names, const char *name);
void maas_names_free(struct names *names);
/* The words of a text, parted by any of the given characters. */
void maas_names_split(
    struct names *names, const char *text, const char *separators);

int maas_text_order(const void *a, const void *b); /* of char *, for qsort */

#endif
