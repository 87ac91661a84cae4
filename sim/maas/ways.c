#include "sim/maas/ways.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/owner.h"
#include "base/text_index.h"

/* All rows of one path, wherever they stand in the table. */
struct pattern {
	struct pattern *next;
	const struct operation **rows;
	size_t count;
};

struct noun {
	struct text_link link; /* by ->name, in the ways */
	struct noun *next;
	struct pattern *patterns;
	char name[32];
};

struct ways {
	struct text_index by_name;
	struct noun *nouns;
};

/* ---- patterns ---- */

/* {id} of a subnet may hold slashes: "10.0.0.0/24"; so may names of files. */
static bool holds_slashes(const struct operation *row, const char *behind)
{
	return behind[0] == '/' && !behind[1] &&
	       (strcmp(row->handler, "SubnetHandler") == 0 ||
	           strcmp(row->handler, "FileHandler") == 0);
}

bool row_has_path(
    const struct operation *row, const char *path, char *args[ASK_ARGS])
{
	const char *pattern = row->path, *begin[ASK_ARGS];
	size_t len[ASK_ARGS];
	int count = 0;

	while (*pattern) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		check(count < ASK_ARGS);
		pattern = strchr(pattern, '}') + 1;
		begin[count] = path;
		len[count] = strcspn(path, "/");
		if (*path && holds_slashes(row, pattern))
			len[count] = strlen(path) - 1;
		if (!len[count])
			return false;
		path += len[count++];
	}
	if (*path)
		return false;
	while (args && count--)
		args[count] = xstrndup(begin[count], len[count]);
	return true;
}

/* ---- nouns ---- */

/* Of "/machines/4y3h7n/" it is "machines". False: none is as long. */
static bool read_noun(const char *path, char name[32])
{
	size_t len = *path == '/' ? strcspn(path + 1, "/") : 32;

	if (len >= 32)
		return false;
	memcpy(name, path + 1, len);
	name[len] = '\0';
	return true;
}

static struct noun *noun_of(const struct ways *ways, const char *path)
{
	struct text_link *link = NULL;
	char name[32];

	if (read_noun(path, name))
		link = text_index_find(&ways->by_name, name);
	return link ? OWNER_OF(link, struct noun, link) : NULL;
}

static struct noun *noun_new(struct ways *ways, const char *path)
{
	struct noun *noun = xcalloc(1, sizeof(*noun));

	check(read_noun(path, noun->name));
	text_index_add(&ways->by_name, &noun->link, noun->name);
	noun->next = ways->nouns;
	ways->nouns = noun;
	return noun;
}

static void add_row(struct noun *noun, const struct operation *row)
{
	struct pattern **at = &noun->patterns;

	while (*at && strcmp((*at)->rows[0]->path, row->path) != 0)
		at = &(*at)->next;
	if (!*at)
		*at = xcalloc(1, sizeof(**at));
	(*at)->rows = xrealloc(
	    (*at)->rows, ((*at)->count + 1) * sizeof(struct operation *));
	(*at)->rows[(*at)->count++] = row;
}

struct ways *ways_new(void)
{
	struct ways *ways = xcalloc(1, sizeof(*ways));
	size_t count;
	const struct operation *table = maas_operation_table(&count);

	for (size_t i = 0; i < count; i++) {
		struct noun *noun = noun_of(ways, table[i].path);

		if (!noun)
			noun = noun_new(ways, table[i].path);
		add_row(noun, &table[i]);
	}
	return ways;
}

static void noun_free(struct noun *noun)
{
	struct pattern *pattern;

	while ((pattern = noun->patterns)) {
		noun->patterns = pattern->next;
		free(pattern->rows);
		free(pattern);
	}
	free(noun);
}

void ways_free(struct ways **ways)
{
	struct noun *noun;

	if (!*ways)
		return;
	while ((noun = (*ways)->nouns)) {
		(*ways)->nouns = noun->next;
		noun_free(noun);
	}
	text_index_free(&(*ways)->by_name);
	free(*ways);
	*ways = NULL;
}

/* ---- ways ---- */

void way_find(const struct ways *ways, const char *path, struct way *way)
{
	const struct noun *noun = noun_of(ways, path);
	const struct pattern *pattern = noun ? noun->patterns : NULL;

	way->count = 0;
	for (; pattern; pattern = pattern->next) {
		if (!row_has_path(pattern->rows[0], path, NULL))
			continue;
		check(way->count + pattern->count <= WAY_ROWS);
		memcpy(&way->rows[way->count], pattern->rows,
		    pattern->count * sizeof(struct operation *));
		way->count += pattern->count;
	}
}

static bool is_for(const struct operation *row, bool anonymous)
{
	bool for_nobody = row->flags & OP_ANONYMOUS;

	return (row->flags & OP_OPEN) || for_nobody == anonymous;
}

static bool same_op(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

const struct operation *way_choose(
    const struct way *way, const char *method, const char *op, bool anonymous)
{
	for (size_t i = 0; i < way->count; i++) {
		const struct operation *row = way->rows[i];

		if (same_op(row->op, op) && is_for(row, anonymous) &&
		    strcmp(row->method, method) == 0)
			return row;
	}
	return NULL;
}

bool way_has_method(const struct way *way, bool anonymous, const char *method)
{
	for (size_t i = 0; i < way->count; i++)
		if (is_for(way->rows[i], anonymous) &&
		    strcmp(way->rows[i]->method, method) == 0)
			return true;
	return false;
}

unsigned way_flags(const struct way *way)
{
	unsigned flags = 0;

	for (size_t i = 0; i < way->count; i++)
		flags |= way->rows[i]->flags;
	return flags;
}
