/*
 * strike: one blow of the kill matrix.
 *
 * The wire tells of three moments of each exchange of a client (base/wire.h),
 * the simulated disk of each sync. A blow asks at each of them whether it is
 * to fall (struct run_options). If so the one who is watched is dead before
 * the next line of its code, and is there again later: a gateway on the disk
 * that it left; a program of a cluster as Kubernetes starts it again, or, when
 * the power of its node fails, when the machine is back.
 */
#ifndef HARNESS_STRIKE_H
#define HARNESS_STRIKE_H

#include "harness/run.h"
#include "harness/world.h"

struct blow;
struct record;

/* Takes the wire's probe and the disk's hook until it is freed. */
struct blow *blow_new(struct world *world, const struct run_options *options);
void blow_free(struct blow **blow);
/* {"struck": bool, "at": "...", "after": "..."}: after is a hash of all that
 * was recorded after the blow. */
json_t *blow_outcome(const struct blow *blow, const struct record *record);

/* Inside a strike_fn: a hash of what the blow would leave. Where two are
 * equal, everything that comes after the blows is equal, too. Never equal for
 * a program of a cluster: what it leaves is not looked at. */
uint64_t strike_leaves(const struct strike *strike, bool power_loss);

#endif
