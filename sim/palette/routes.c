#include "sim/palette/routes.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* "/v1/": every path of the tables begins so, and goes on with a noun (test
 * every_path_begins_with_a_noun). */
#define BEFORE_NOUN 4

/* What the paths of a group have in common. */
struct group {
	size_t segments;
	const char *noun;
	size_t noun_len;
};

struct row {
	struct group group;
	const struct operation *operation;
	const char *last;  /* its last segment */
	size_t params;     /* how many {} */
	size_t in_table;   /* its place there, for rows that are alike */
	size_t group_left; /* rows of its group from here on, itself included */
};

struct routes {
	struct row *rows; /* by group, then as in the tables */
	size_t count;
};

/* ---- paths ---- */

static size_t segment_len(const char *path)
{
	size_t len = 0;

	while (path[len] && path[len] != '/' && path[len] != '?')
		len++;
	return len;
}

static size_t count_of(const char *path, char c)
{
	size_t count = 0;

	for (; *path && *path != '?'; path++)
		count += *path == c;
	return count;
}

static struct group group_of(const char *path)
{
	const char *noun = path + BEFORE_NOUN;

	return (struct group){
		.segments = count_of(path, '/'),
		.noun = noun,
		.noun_len = segment_len(noun),
	};
}

static const char *last_of(const char *path)
{
	const char *last = path;

	for (; *path && *path != '?'; path++)
		if (*path == '/')
			last = path + 1;
	return last;
}

/* Any order does in which the same are neighbours. */
static int group_compare(const struct group *a, const struct group *b)
{
	if (a->segments != b->segments)
		return a->segments < b->segments ? -1 : 1;
	if (a->noun_len != b->noun_len)
		return a->noun_len < b->noun_len ? -1 : 1;
	return memcmp(a->noun, b->noun, a->noun_len);
}

/* Moves both past one segment; they are at its slash. */
static bool segment_matches(const char **pattern, const char **target)
{
	size_t len = segment_len(++*target);
	bool matches;

	if (*++*pattern == '{')
		matches = len > 0;
	else
		matches = strncmp(*pattern, *target, len) == 0 &&
		          ((*pattern)[len] == '/' || !(*pattern)[len]);
	*pattern = strchrnul(*pattern, '/');
	*target += len;
	return matches;
}

/* Both begin with the same noun and have as many segments. */
static bool path_matches(const char *pattern, const char *target, size_t noun)
{
	pattern += noun;
	target += noun;
	while (*pattern)
		if (!segment_matches(&pattern, &target))
			return false;
	return true;
}

/* ---- the order ---- */

static int row_compare(const void *a_ptr, const void *b_ptr)
{
	const struct row *a = a_ptr, *b = b_ptr;
	int by_group = group_compare(&a->group, &b->group);

	if (by_group != 0)
		return by_group;
	return a->in_table < b->in_table ? -1 : 1;
}

static void add_table(
    struct routes *routes, const struct operation *table, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *path = table[i].path;

		check(strncmp(path, "/v1/", BEFORE_NOUN) == 0);
		routes->rows[routes->count] = (struct row){
			.group = group_of(path),
			.operation = &table[i],
			.last = last_of(path),
			.params = count_of(path, '{'),
			.in_table = routes->count,
		};
		routes->count++;
	}
}

static void count_groups(struct routes *routes)
{
	for (size_t i = routes->count; i-- > 0;) {
		struct row *row = &routes->rows[i];
		bool last = i + 1 == routes->count ||
		            group_compare(&row->group, &row[1].group) != 0;

		row->group_left = last ? 1 : row[1].group_left + 1;
	}
}

struct routes *routes_new(void)
{
	struct routes *routes = xcalloc(1, sizeof(*routes));

	routes->rows = xcalloc(
	    palette_table_len + palette_unmodelled_len, sizeof(*routes->rows));
	add_table(routes, palette_table, palette_table_len);
	add_table(routes, palette_unmodelled, palette_unmodelled_len);
	qsort(routes->rows, routes->count, sizeof(*routes->rows), row_compare);
	count_groups(routes);
	return routes;
}

void routes_free(struct routes **routes)
{
	if (!*routes)
		return;
	free((*routes)->rows);
	free(*routes);
	*routes = NULL;
}

/* ---- looking up ---- */

/* The rows that a target may mean, as far as they are not looked at yet. */
struct search {
	const char *target, *last;
	size_t before; /* how long what all of them begin with is */
	const struct row *row;
	size_t left;
};

static struct search search_begin(
    const struct routes *routes, const char *target)
{
	struct search search = { .target = target };
	size_t low = 0, high = routes->count;
	struct group group;

	if (strncmp(target, "/v1/", BEFORE_NOUN) != 0)
		return search;
	group = group_of(target);
	search.last = last_of(target);
	search.before = BEFORE_NOUN + group.noun_len;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (group_compare(&routes->rows[middle].group, &group) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == routes->count ||
	    group_compare(&routes->rows[low].group, &group) != 0)
		return search;
	search.row = &routes->rows[low];
	search.left = search.row->group_left;
	return search;
}

/* The last segment tells most rows of a group apart. */
static bool may_be(const struct row *row, const struct search *search)
{
	return *row->last == '{' || *row->last == *search->last;
}

/* The next row whose path this is; NULL: no more. */
static const struct row *search_next(struct search *search)
{
	while (search->left > 0) {
		const struct row *row = search->row++;

		search->left--;
		if (may_be(row, search) && path_matches(row->operation->path,
		                               search->target, search->before))
			return row;
	}
	return NULL;
}

struct routes_found routes_find(
    const struct routes *routes, const char *method, const char *target)
{
	struct search search = search_begin(routes, target);
	struct routes_found found = { 0 };
	const struct row *row, *best = NULL;

	while ((row = search_next(&search))) {
		found.path_known = true;
		if (strcmp(row->operation->method, method) == 0 &&
		    (!best || row->params < best->params))
			best = row;
	}
	if (best)
		found.operation = best->operation;
	return found;
}

void routes_methods(
    const struct routes *routes, const char *target, struct buf *out)
{
	struct search search = search_begin(routes, target);
	const struct row *row;

	while ((row = search_next(&search))) {
		const char *method = row->operation->method;

		if (strstr(buf_text(out), method))
			continue;
		if (out->len)
			buf_addc(out, ',');
		buf_adds(out, method);
	}
}
