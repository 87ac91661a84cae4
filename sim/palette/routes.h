/*
 * routes: which operation of Palette's API a method and a path mean.
 *
 * Both tables of operations (request.h), put in an order in which the few that
 * a path may mean stand together: they have 284 rows, and each request is
 * looked up when it leaves, when it arrives and when it is served. Made once
 * per plane, which owns it, and constant from then on.
 */
#ifndef SIM_PALETTE_ROUTES_H
#define SIM_PALETTE_ROUTES_H

#include "sim/palette/request.h"

struct routes;

struct routes *routes_new(void);
void routes_free(struct routes **routes);

struct routes_found {
	/* NULL: none. Where several fit, the one with the fewest {} counts:
	 * /v1/spectroclusters/maas is not taken for
	 * /v1/spectroclusters/{uid}. */
	const struct operation *operation;
	bool path_known; /* of another method, maybe */
};
struct routes_found routes_find(
    const struct routes *routes, const char *method, const char *target);
/* "GET,POST": what the path of this target may be asked with, in the order
 * of the tables. */
void routes_methods(
    const struct routes *routes, const char *target, struct buf *out);

#endif
