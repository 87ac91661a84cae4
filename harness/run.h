/*
 * run: a scenario played once, and what became of it.
 *
 * The run is over when it is quiet: every step has been taken, no claim with a
 * deadline is open, nobody holds a token (base/loop.h), and it has stayed so
 * for two minutes; then what shall be true in the end is judged. It is over
 * at once when a claim or a law is broken: what comes after that proves
 * nothing.
 *
 * The outcome is a JSON document; reports/ reads it and nothing else.
 *
 *	title, file, seed, wire, verdict ("pass", "fail"), took (microseconds
 *	of the world), events, exchanges, hash, again (the command),
 *	findings [{place, claim, sentences [..], trail [..]}], log [..],
 *	counts {HOST: exchanges sent}, syncs {HOST: disk syncs}
 */
#ifndef HARNESS_RUN_H
#define HARNESS_RUN_H

#include <jansson.h>

#include "base/wire.h"
#include "harness/scenario.h"

struct blow; /* harness/strike.h */

/* A moment at which somebody could be killed, and how it is to be done. */
struct strike {
	bool at_sync;            /* before a sync of its disk takes effect */
	enum wire_moment moment; /* else at an exchange that it makes */
	uint64_t n;              /* which one of them, from 1 */
	const struct blow *blow; /* while it is asked for: strike_leaves() */
	/* For the one who strikes: */
	bool power_loss;     /* of its machine; else the process dies */
	usec back_after_for; /* started again so much later */
};

/* Asked at every such moment, in order; `what` is going on ("maas/lab
 * allocate"). True: *strike has been completed, and happens now. At most one
 * strike in a run. */
typedef bool strike_fn(void *ctx, struct strike *strike, const char *what);

struct run_options {
	enum wire_kind wire;
	uint64_t seed;
	const char *maas;       /* world.h */
	const char *record_to;  /* a file; NULL: nowhere */
	uint64_t corrupt_reply; /* base/wire.h; 0: none */
	/* pcg/a, or cluster/web/capi, the cluster's own Cluster API service.
	 * NULL: nobody is watched, and ask is not asked. */
	const char *watched;
	strike_fn *ask;
	void *ask_ctx;
};

json_t *run_scenario(
    const struct scenario *scenario, const struct run_options *options);

#endif
