#include "sim/maas/ask.h"

/* NOLINTBEGIN: two views of one table */
#define M(handler, name, action, method, path, op, flags, fn) \
	{ handler, name, action, method, path, op, (flags), fn },
#define U(handler, name, action, method, path, op, flags) \
	{ handler, name, action, method, path, op, (flags), NULL },
static const struct operation table[] = {
#include "sim/maas/operations.tbl"
};
#undef M
#undef U

#define M(handler, name, action, method, path, op, flags, fn) \
	{ handler, name, method, path, op, true },
#define U(handler, name, action, method, path, op, flags) \
	{ handler, name, method, path, op, false },
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
