/*
 * closest: what came closest to a request that a fake does not answer, and why
 * it did not match.
 *
 * The rules, in this order; the first that has something to say says it:
 *	a path outside of the API		where the API begins
 *	a path that is there with or without a slash at its end	the slash
 *	a path of nothing			the nearest path, by edit
 *distance a method that the path does not take	those that it takes an op that
 *the path does not have	the nearest, or the method it wants no op where
 *there must be one		those that there are an operation that is known
 *and not modelled	its name
 */
#ifndef HARNESS_SERVE_CLOSEST_H
#define HARNESS_SERVE_CLOSEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct route_row {
	const char *method; /* GET */
	const char *path;   /* "/zones/{name}/", below the prefix */
	const char *op;     /* NULL: none */
	bool modelled;
};
struct route_rows {
	const char *prefix; /* "/MAAS/api/2.0", or "" */
	const struct route_row *rows;
	size_t count;
};

/* path: without query, with the prefix. */
const struct route_row *closest_exact(const struct route_rows *rows,
    const char *method, const char *path, const char *op);
/* Adds a sentence without full stop, or nothing. */
void closest_explain(const struct route_rows *rows, const char *method,
    const char *path, const char *op, struct buf *out);

#endif
