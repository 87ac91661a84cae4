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

/* A blow that the kill matrix strikes: see matrix.c. */
struct strike {
	const char *who;         /* pcg/a */
	bool at_sync;            /* else at an exchange */
	enum wire_moment moment; /* of the exchange */
	uint64_t n;              /* which one, from 1 */
	bool power_loss;
	usec back_after_for; /* started again so much later */
};

struct run_options {
	enum wire_kind wire;
	uint64_t seed;
	const char *record_to;       /* a file; NULL: nowhere */
	const struct strike *strike; /* NULL: none */
	uint64_t corrupt_reply;      /* base/wire.h; 0: none */
	const char *count_for;       /* count exchanges and syncs of a host */
};

json_t *run_scenario(
    const struct scenario *scenario, const struct run_options *options);

#endif
