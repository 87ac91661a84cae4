/*
 * told: a world of nothing but events, told by hand, with whoever judges it.
 *
 * In it are maas/lab, palette/eu, proxy/out, pcg/a (which goes out through
 * the proxy), pcg/b and cluster/web.
 */
#ifndef TESTS_HARNESS_TOLD_H
#define TESTS_HARNESS_TOLD_H

#include "harness/claim.h"
#include "harness/laws.h"

struct told {
	struct loop *loop;
	struct events *events;
	struct secrets *secrets;
	struct view *view;
	struct judge *judge;
	struct scenario *scenario;
	struct claim claim; /* the first that was written, if any */
	struct timer tick;
};
extern struct told told;

/* `expect` stands under the only step, `standing` after the timeline; both
 * may be "". */
void told_begin(const char *expect, const char *standing);
void told_end(void);
/* The clock moves, as run.c moves it. */
void told_wait(usec time);

void told_machine(const char *id, const char *status, const char *agent);
void told_cluster(const char *state, const char *gateway);
void told_asked(const char *client, const char *server, const char *op,
    const char *target, int status);

/* What the first broken law says; "" if none is broken. */
const char *told_breach(void);

#endif
