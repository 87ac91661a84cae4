/*
 * loops: does a client ask the same thing again and again?
 *
 * The rule: the same request (method, target, body, peer, user) was answered
 * with the same status and body LOOPS_COUNT times within LOOPS_WITHIN of the
 * client's time. That is said once, until the answer is another one. Only the
 * last LOOPS_KEPT different requests are remembered.
 */
#ifndef HARNESS_SERVE_LOOPS_H
#define HARNESS_SERVE_LOOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define LOOPS_COUNT  50
#define LOOPS_WITHIN SECONDS(5)
#define LOOPS_KEPT   32

struct loops { /* zeroed is empty */
	struct loops_seen {
		uint64_t request, answer; /* hashes */
		usec first_at, last_at;
		unsigned count;
		bool said;
	} seen[LOOPS_KEPT];
};

/* One more exchange. True: it is a loop now, *span_for is how long those
 * LOOPS_COUNT took. */
bool loops_see(struct loops *loops, uint64_t request, uint64_t answer,
    usec now_at, usec *span_for);

#endif
