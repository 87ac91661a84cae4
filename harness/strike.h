/*
 * strike: one blow of the kill matrix, and the counting before it.
 *
 * The wire tells of three moments of each exchange of a client (base/wire.h),
 * the simulated disk of each sync. A blow waits for the n-th of them of one
 * host, kills it there and then (its disk and net are dead before the next
 * line of its code), and has it started again later.
 */
#ifndef HARNESS_STRIKE_H
#define HARNESS_STRIKE_H

#include "harness/run.h"
#include "harness/world.h"

struct blow;

/* Takes the wire's probe and the disk's hook until it is freed. */
struct blow *blow_new(struct world *world, const struct run_options *options);
void blow_free(struct blow **blow);
/* {"exchanges": n, "syncs": n, "struck": bool, "at": "..."} */
json_t *blow_outcome(const struct blow *blow);

#endif
