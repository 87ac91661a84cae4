/*
 * ways: the rows of the table of operations that fit a path.
 *
 * A path of the API ("/machines/4y3h7n/", below MAAS_API) fits one pattern
 * ("/machines/{system_id}/") that many rows share: its methods and ops, with
 * and without credentials. Which rows these are is one question, answered by
 * way_find; whatever else is asked about the path is asked of these few.
 */
#ifndef SIM_MAAS_WAYS_H
#define SIM_MAAS_WAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/maas/ask.h"

#define WAY_ROWS 64

struct way {
	const struct operation *rows[WAY_ROWS]; /* in the table's order */
	size_t count;                           /* 0: there is no such path */
};

/* The table by the nouns with which paths begin. One for each region. */
struct ways;
struct ways *ways_new(void);
void ways_free(struct ways **ways);

void way_find(const struct ways *ways, const char *path, struct way *way);
/* NULL: the path has no such method and op (NULL: none), or not for callers
 * of this kind. */
const struct operation *way_choose(
    const struct way *way, const char *method, const char *op, bool anonymous);
bool way_has_method(const struct way *way, bool anonymous, const char *method);
unsigned way_flags(const struct way *way); /* what one row or another says */

/* What stands for {...}, as new texts; nothing is done if args is NULL. False:
 * the path is not one of the row's. */
bool row_has_path(
    const struct operation *row, const char *path, char *args[ASK_ARGS]);

#endif
