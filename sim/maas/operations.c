#include "sim/maas/ask.h"

#include <string.h>

/* NOLINTBEGIN: two views of one table */
#define M(handler, name, action, method, path, op, flags, fn, checked) \
	{ handler, name, action, method, path, op, (flags), fn },
#define U(handler, name, action, method, path, op, flags) \
	{ handler, name, action, method, path, op, (flags), NULL },
static const struct operation table[] = {
#include "sim/maas/operations.tbl"
};
#undef M
#undef U

#define M(handler, name, action, method, path, op, flags, fn, checked) \
	{ handler, name, method, path, op, checked, (flags)&OP_ALIAS,  \
		(flags)&OP_ANONYMOUS, true },
#define U(handler, name, action, method, path, op, flags)        \
	{ handler, name, method, path, op, "", (flags)&OP_ALIAS, \
		(flags)&OP_ANONYMOUS, false },
static const struct maas_operation shown[] = {
#include "sim/maas/operations.tbl"
};
#undef M
#undef U
/* NOLINTEND */

const struct operation *maas_operation_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct maas_operation *maas_operations(size_t *count)
{
	*count = sizeof(shown) / sizeof(shown[0]);
	return shown;
}

/* One handler answers callers without credentials about nodes of every kind;
 * MAAS gives its own path each time. */
static const char *described_path(const struct maas_operation *row)
{
	return strcmp(row->handler, "AnonNodesHandler") == 0 ? "/nodes/"
	                                                     : row->path;
}

static bool is_same(
    const struct maas_operation *a, const struct maas_operation *b)
{
	if (a->alias || b->alias || strcmp(a->method, b->method) != 0 ||
	    strcmp(described_path(a), described_path(b)) != 0)
		return false;
	return a->op && b->op ? strcmp(a->op, b->op) == 0 : a->op == b->op;
}

/* Every row of it: those for callers with and without credentials. */
static void count_one(const struct maas_operation *row, struct maas_coverage *c)
{
	size_t count;
	const struct maas_operation *rows = maas_operations(&count);
	bool modelled = true, recorded = false;

	for (size_t i = 0; i < count; i++) {
		if (!is_same(&rows[i], row))
			continue;
		if (&rows[i] < row)
			return;
		modelled &= rows[i].modelled;
		recorded |= *rows[i].checked != '\0';
	}
	c->operations++;
	c->modelled += modelled;
	c->recorded += modelled && recorded;
}

struct maas_coverage maas_coverage(void)
{
	struct maas_coverage coverage = { 0 };
	size_t count;
	const struct maas_operation *rows = maas_operations(&count);

	for (size_t i = 0; i < count; i++)
		if (!rows[i].alias)
			count_one(&rows[i], &coverage);
	return coverage;
}
