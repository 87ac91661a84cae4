/*
 * held: answers that wait for a BMC.
 *
 * 3.4 orders power after it has answered. From 3.5 on some orders are carried
 * out while whoever asked for them waits: what the request changes is there
 * before, but the answer comes when the BMC has obeyed, and is another one if
 * it has not (a driver's 500, a rack's 503, 504 after five minutes). What
 * became of the order does not depend on whether the client still listens. 3.6
 * went back on waiting for deployments. Sources: what the region of 3.5 does
 * behind the commit, and where 3.6 makes a workflow of it.
 *
 * While the world is gated nothing is held: the step that would let the BMC
 * act might be the caller's own next one.
 */
#ifndef SIM_MAAS_HELD_H
#define SIM_MAAS_HELD_H

#include "sim/maas/ask.h"
#include "sim/maas/machine_states.h"

/* Takes back what the request did to the node, which had that status before,
 * and gives another answer. */
typedef void held_refused_fn(struct ask *ask, struct node *node,
    enum node_status before, const struct err *err);

/* By an operation that has answered and ordered power. Does nothing where
 * nobody waits for that. */
void maas_hold(struct ask *ask, struct node *node, enum node_status before,
    held_refused_fn *refused);
/* Does somebody wait for the opposite of this order? In 3.5 that one goes on,
 * and this is refused: err is what maas_late_power tells. */
bool maas_held_against(const struct node *node, bool on, struct err *err);
/* By the server, when all else is done: takes over the ask and what is in it.
 * False: there is nothing to wait for. */
bool maas_held_keep(struct ask *ask);
/* Now. err: NULL if the BMC obeyed, or another order came in between. */
void maas_held_end(struct node *node, const struct err *err);
/* This user is going to be no more. */
void maas_held_forget_user(struct maas *maas, const struct user *user);

#endif
