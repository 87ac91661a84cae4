#include "harness/serve/closest.h"

#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

#define MOST_NAMED 12 /* operations in one sentence */

/* ---- paths ---- */

static size_t segment_len(const char *at)
{
	return strcspn(at, "/");
}

/* "{id}" stands for one segment that is not empty. */
static bool path_fits(const char *pattern, const char *path)
{
	for (;;) {
		size_t want = segment_len(pattern), got = segment_len(path);

		if (*pattern == '{'
		        ? got == 0
		        : want != got || strncmp(pattern, path, want) != 0)
			return false;
		pattern += want;
		path += got;
		if (!*pattern || !*path)
			return *pattern == *path;
		pattern++;
		path++;
	}
}

/* The pattern with what the path has in its places, so that a slip in the
 * fixed part is all that differs. */
static char *filled(const char *pattern, const char *path)
{
	struct buf out = BUF_INIT;

	for (;;) {
		size_t want = segment_len(pattern), got = segment_len(path);

		if (*pattern == '{' && got)
			buf_add(&out, path, got);
		else
			buf_add(&out, pattern, want);
		pattern += want;
		path += got;
		if (!*pattern)
			break;
		buf_addc(&out, *pattern++);
		path += *path == '/';
	}
	return buf_detach(&out);
}

/* What of it is below the prefix; NULL: it is not. */
static const char *below(const struct route_rows *rows, const char *path)
{
	size_t len = strlen(rows->prefix);

	return strncmp(path, rows->prefix, len) == 0 && path[len] == '/'
	           ? path + len
	           : NULL;
}

static const struct route_row *row_at(
    const struct route_rows *rows, const char *path)
{
	for (size_t i = 0; i < rows->count; i++)
		if (path_fits(rows->rows[i].path, path))
			return &rows->rows[i];
	return NULL;
}

static bool same_op(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

const struct route_row *closest_exact(const struct route_rows *rows,
    const char *method, const char *path, const char *op)
{
	const char *rest = below(rows, path);

	for (size_t i = 0; rest && i < rows->count; i++) {
		const struct route_row *row = &rows->rows[i];

		if (path_fits(row->path, rest) &&
		    strcmp(row->method, method) == 0 && same_op(row->op, op))
			return row;
	}
	return NULL;
}

/* ---- a path of nothing ---- */

static bool explain_slash(
    const struct route_rows *rows, const char *rest, struct buf *out)
{
	size_t len = strlen(rest);
	bool has = len > 1 && rest[len - 1] == '/';
	char *other = has ? xstrndup(rest, len - 1) : xasprintf("%s/", rest);
	bool there = row_at(rows, other) != NULL;

	if (there)
		buf_addf(out, "%s%s is there: %s", rows->prefix, other,
		    has ? "without a slash at its end"
		        : "the slash at the end is missing");
	free(other);
	return there;
}

static void explain_path(
    const struct route_rows *rows, const char *rest, struct buf *out)
{
	char **candidates = xcalloc(rows->count, sizeof(*candidates));
	const char *near;

	for (size_t i = 0; i < rows->count; i++)
		candidates[i] = filled(rows->rows[i].path, rest);
	near = nearest_name(rest, (const char *const *)candidates, rows->count);
	if (near)
		buf_addf(out, "nothing is at %s%s; the nearest is %s%s",
		    rows->prefix, rest, rows->prefix, near);
	else
		buf_addf(out, "nothing is at %s%s, and nothing is called alike",
		    rows->prefix, rest);
	for (size_t i = 0; i < rows->count; i++)
		free(candidates[i]);
	free(candidates);
}

/* "/api/2.0/zones/": the end of the prefix, or nothing of it, is there. */
static void explain_outside(
    const struct route_rows *rows, const char *path, struct buf *out)
{
	const char *part = rows->prefix;

	for (; part; part = strchr(part + 1, '/')) {
		size_t len = strlen(part);
		const char *rest = path + len;

		if (strncmp(path, part, len) == 0 && *rest == '/' &&
		    row_at(rows, rest)) {
			buf_addf(out, "the API begins at %s/: %s%s is there",
			    rows->prefix, rows->prefix, rest);
			return;
		}
	}
	if (row_at(rows, path))
		buf_addf(out, "the API begins at %s/: %s%s is there",
		    rows->prefix, rows->prefix, path);
}

/* ---- a path that is there ---- */

struct naming {
	struct buf *out;
	size_t count;
};

static void name(struct naming *naming, const char *before, const char *what)
{
	if (naming->count == MOST_NAMED)
		buf_adds(naming->out, ", ...");
	else if (naming->count < MOST_NAMED)
		buf_addf(naming->out, "%s%s%s", naming->count ? ", " : "",
		    before, what);
	naming->count++;
}

static bool takes(
    const struct route_rows *rows, const char *rest, const char *method)
{
	for (size_t i = 0; i < rows->count; i++)
		if (path_fits(rows->rows[i].path, rest) &&
		    strcmp(rows->rows[i].method, method) == 0)
			return true;
	return false;
}

static void explain_method(const struct route_rows *rows, const char *rest,
    const char *method, struct buf *out)
{
	static const char *const METHODS[] = { "GET", "POST", "PUT", "PATCH",
		"DELETE" };
	struct naming naming = { out, 0 };

	buf_addf(
	    out, "%s%s takes no %s; it takes ", rows->prefix, rest, method);
	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
		if (takes(rows, rest, METHODS[i]))
			name(&naming, "", METHODS[i]);
}

/* The ops of this path, of one method or (NULL) of all. */
static size_t ops_at(const struct route_rows *rows, const char *rest,
    const char *method, const char **ops)
{
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct route_row *row = &rows->rows[i];

		if (row->op && path_fits(row->path, rest) &&
		    (!method || strcmp(row->method, method) == 0))
			ops[count++] = row->op;
	}
	return count;
}

static const char *method_of_op(
    const struct route_rows *rows, const char *rest, const char *op)
{
	for (size_t i = 0; i < rows->count; i++)
		if (same_op(rows->rows[i].op, op) &&
		    path_fits(rows->rows[i].path, rest))
			return rows->rows[i].method;
	return NULL;
}

static void explain_op(const struct route_rows *rows, const char *rest,
    const char *method, const char *op, struct buf *out)
{
	const char **ops = xcalloc(rows->count, sizeof(*ops));
	const char *wants = op ? method_of_op(rows, rest, op) : NULL;
	const char *near = NULL;
	struct naming naming = { out, 0 };
	size_t count = ops_at(rows, rest, NULL, ops);

	if (op && !wants)
		near = nearest_name(op, ops, count);
	if (wants) {
		buf_addf(out, "op=%s of %s%s wants %s, not %s", op,
		    rows->prefix, rest, wants, method);
	} else if (near) {
		buf_addf(out, "%s%s has no op=%s; the nearest is op=%s (%s)",
		    rows->prefix, rest, op, near,
		    method_of_op(rows, rest, near));
	} else {
		count = ops_at(rows, rest, method, ops);
		buf_addf(out, "%s %s%s %s%s", method, rows->prefix, rest,
		    op ? "has no op=" : "wants an op", op ? op : "");
		buf_addf(out, count ? "; it has " : " and has none");
		for (size_t i = 0; i < count; i++)
			name(&naming, "op=", ops[i]);
	}
	free(ops);
}

void closest_explain(const struct route_rows *rows, const char *method,
    const char *path, const char *op, struct buf *out)
{
	const char *rest = below(rows, path);
	const struct route_row *row = closest_exact(rows, method, path, op);

	if (!rest)
		explain_outside(rows, path, out);
	else if (row && !row->modelled)
		buf_addf(out, "%s %s%s%s%s is known and not modelled", method,
		    rows->prefix, row->path, op ? " op=" : "", op ? op : "");
	else if (row)
		return;
	else if (!row_at(rows, rest) && explain_slash(rows, rest, out))
		return;
	else if (!row_at(rows, rest))
		explain_path(rows, rest, out);
	else if (!takes(rows, rest, method))
		explain_method(rows, rest, method, out);
	else
		explain_op(rows, rest, method, op, out);
}
