/* How much of an API is modelled, from the very table that serves it. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "harness/command/commands.h"
#include "sim/maas/maas.h"

static void print_operation(const struct maas_operation *row)
{
	char name[80], request[160];

	snprintf(name, sizeof(name), "%s%s", row->name,
	    row->anonymous ? " (without credentials)" : "");
	snprintf(request, sizeof(request), "%s %s%s%s", row->method, row->path,
	    row->op ? "?op=" : "", row->op ? row->op : "");
	printf("%-46s  %-8s  %-20s  %s\n", name, row->modelled ? "yes" : "no",
	    *row->checked ? row->checked : "-", request);
}

static int cover_maas(void)
{
	struct maas_coverage sum = maas_coverage();
	size_t count;
	const struct maas_operation *rows = maas_operations(&count);

	printf("%-46s  %-8s  %-20s  %s\n\n", "operation", "modelled",
	    "checked by recording", "request");
	for (size_t i = 0; i < count; i++)
		print_operation(&rows[i]);
	printf("\nWhat is not modelled answers 501 and fails a run. Recordings "
	       "are named by their\ntopic's number, in parentheses if they "
	       "only show how it refuses.\n\n"
	       "%zu of %zu operations modelled, %zu %%; recordings check %zu "
	       "of them\n",
	    sum.modelled, sum.operations, 100 * sum.modelled / sum.operations,
	    sum.recorded);
	return 0;
}

int command_coverage(int argc, char **argv)
{
	static const char *const known[] = { "maas" };

	check(argc == 2); /* main.c: it takes a word */
	if (strcmp(argv[1], "maas") == 0)
		return cover_maas();
	return usage_unknown("pcgsim coverage", argv[1], known, 1);
}
