/*
 * claim: one expectation of a scenario, and what became of it.
 *
 * Between two events nothing changes, so it is enough, and exact, to look
 * after an event that touched what the claim reads. A deadline is judged when
 * the clock is about to move past it: what happens at the deadline itself
 * still counts.
 *
 *	within T         kept at the first moment at which it holds
 *	for T            broken at the first moment at which it does not
 *	within T, for U  at some moment within T it comes true, and then stays
 *	                 true for U
 *	always, never    broken at the first moment that says otherwise
 *	reached          kept at the first moment at which it holds
 *	finally          judged when the run is over
 *
 * A claim also remembers what the value was, and since when: the sentence that
 * a report wants when the claim breaks.
 */
#ifndef HARNESS_CLAIM_H
#define HARNESS_CLAIM_H

#include "base/loop.h"
#include "harness/paths.h"
#include "harness/scenario.h"

enum claim_verdict {
	CLAIM_OPEN,
	CLAIM_KEPT,
	CLAIM_BROKEN
};

struct claim {
	const struct expectation *about; /* not ours; outlives the claim */
	const struct view *view;         /* not ours */
	enum claim_verdict verdict;
	usec opened_at, settled_at;
	usec until_at;      /* WITHIN: the deadline; FOR: the end */
	usec stay_until_at; /* WITHIN_FOR, once it came true; else -1 */
	bool dirty;         /* something that it reads was touched */

	/* For the report: the first term that did not hold (or did, for
	 * never), what it was, and since when it is that. */
	const struct term *culprit;
	struct value was;
	usec was_since_at;
};

/* Looks at once: the step that opens a claim has just been taken. */
void claim_open(struct claim *claim, const struct expectation *about,
    const struct view *view, usec now_at);
/* An event touched this topic (view.h). */
void claim_touch(struct claim *claim, const char *topic);
/* After every event of the queue; cheap unless the claim is dirty. */
void claim_look(struct claim *claim, usec now_at);
/* Before the clock moves on from now_at to next_at. */
void claim_pass(struct claim *claim, usec now_at, usec next_at);
/* Once, when the run is over. */
void claim_close(struct claim *claim, usec now_at);
/* Open, and with a deadline: keeps the run alive. */
bool claim_has_deadline(const struct claim *claim);

#endif
