#include "sim/maas/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

void maas_list_start(struct list *list, int64_t first_id)
{
	check(list->count == 0);
	list->next_id = first_id;
}

static void insert(struct list *list, size_t at, void *thing)
{
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 8;
		list->items = xrealloc(
		    list->items, list->room * sizeof(*list->items));
		list->written = xrealloc(
		    list->written, list->room * sizeof(*list->written));
	}
	memmove(&list->items[at + 1], &list->items[at],
	    (list->count - at) * sizeof(*list->items));
	memmove(&list->written[at + 1], &list->written[at],
	    (list->count - at) * sizeof(*list->written));
	list->items[at] = thing;
	list->written[at] = ++list->writes;
	list->count++;
}

void maas_list_add(struct list *list, void *thing)
{
	((struct thing *)thing)->id = list->next_id++;
	insert(list, list->count, thing);
}

void maas_list_put(struct list *list, void *thing)
{
	int64_t id = ((struct thing *)thing)->id;
	size_t at = list->count;

	while (at > 0 && ((struct thing *)list->items[at - 1])->id > id)
		at--;
	check(at == 0 || ((struct thing *)list->items[at - 1])->id < id);
	insert(list, at, thing);
	if (list->next_id <= id)
		list->next_id = id + 1;
}

void *maas_list_find(const struct list *list, int64_t id)
{
	struct thing *thing;

	list_for_each (thing, list) {
		if (thing->id == id)
			return thing;
	}
	return NULL;
}

bool maas_list_has(const struct list *list, const void *thing)
{
	void *other;

	list_for_each (other, list) {
		if (other == thing)
			return true;
	}
	return false;
}

void maas_list_remove(struct list *list, const void *thing)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i] != thing)
			continue;
		memmove(&list->items[i], &list->items[i + 1],
		    (list->count - i - 1) * sizeof(*list->items));
		memmove(&list->written[i], &list->written[i + 1],
		    (list->count - i - 1) * sizeof(*list->written));
		list->count--;
		return;
	}
	unreachable("it is not in the list");
}

void maas_list_clear(struct list *list)
{
	free(list->items);
	free(list->written);
	memset(list, 0, sizeof(*list));
}

void maas_list_touch(struct list *list, const void *thing)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == thing)
			list->written[i] = ++list->writes;
}

struct row {
	void *thing;
	uint64_t written;
};

static int by_write(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->written < y->written ? -1 : 1;
}

void **maas_list_rows(const struct list *list)
{
	struct row *rows = xcalloc(list->count + 1, sizeof(*rows));
	void **things = xcalloc(list->count + 1, sizeof(*things));

	for (size_t i = 0; i < list->count; i++)
		rows[i] = (struct row){ list->items[i], list->written[i] };
	qsort(rows, list->count, sizeof(*rows), by_write);
	for (size_t i = 0; i < list->count; i++)
		things[i] = rows[i].thing;
	free(rows);
	return things;
}

bool maas_names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

bool maas_names_add(struct names *names, const char *name)
{
	if (maas_names_have(names, name))
		return false;
	names->items = xrealloc(
	    names->items, (names->count + 1) * sizeof(*names->items));
	names->items[names->count++] = xstrdup(name);
	return true;
}

bool maas_names_remove(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], name) != 0)
			continue;
		free(names->items[i]);
		memmove(&names->items[i], &names->items[i + 1],
		    (names->count - i - 1) * sizeof(*names->items));
		names->count--;
		return true;
	}
	return false;
}

void maas_names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	memset(names, 0, sizeof(*names));
}

void maas_names_split(
    struct names *names, const char *text, const char *separators)
{
	while (text && *text) {
		size_t len = strcspn(text, separators);
		char *word = xstrndup(text, len);

		if (len)
			maas_names_add(names, word);
		free(word);
		text += len + (text[len] != '\0');
	}
}

int maas_text_order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}
