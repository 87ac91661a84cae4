/*
 * machine_states: the statuses of a machine, and how it gets from one to
 * another.
 *
 * MAAS's own numbers, words and identifiers (its node_status.py). Whatever
 * changes a status goes through maas_node_enter, so that all that hangs on it
 * (the event, the time limit of the task, the work that is under way) cannot be
 * forgotten.
 */
#ifndef SIM_MAAS_MACHINE_STATES_H
#define SIM_MAAS_MACHINE_STATES_H

#include <stdbool.h>

struct node;

#define NODE_STATUSES(X)                                                   \
	X(NEW, 0, "New", "new")                                            \
	X(COMMISSIONING, 1, "Commissioning", "commissioning")              \
	X(FAILED_COMMISSIONING, 2, "Failed commissioning",                 \
	    "failed_commissioning")                                        \
	X(MISSING, 3, "Missing", "missing")                                \
	X(READY, 4, "Ready", "ready")                                      \
	X(RESERVED, 5, "Reserved", "reserved")                             \
	X(DEPLOYED, 6, "Deployed", "deployed")                             \
	X(RETIRED, 7, "Retired", "retired")                                \
	X(BROKEN, 8, "Broken", "broken")                                   \
	X(DEPLOYING, 9, "Deploying", "deploying")                          \
	X(ALLOCATED, 10, "Allocated", "allocated")                         \
	X(FAILED_DEPLOYMENT, 11, "Failed deployment", "failed_deployment") \
	X(RELEASING, 12, "Releasing", "releasing")                         \
	X(FAILED_RELEASING, 13, "Releasing failed", "failed_releasing")    \
	X(DISK_ERASING, 14, "Disk erasing", "disk_erasing")                \
	X(FAILED_DISK_ERASING, 15, "Failed disk erasing",                  \
	    "failed_disk_erasing")                                         \
	X(RESCUE_MODE, 16, "Rescue mode", "rescue_mode")                   \
	X(ENTERING_RESCUE_MODE, 17, "Entering rescue mode",                \
	    "entering_rescue_mode")                                        \
	X(FAILED_ENTERING_RESCUE_MODE, 18, "Failed to enter rescue mode",  \
	    "failed_entering_rescue_mode")                                 \
	X(EXITING_RESCUE_MODE, 19, "Exiting rescue mode",                  \
	    "exiting_rescue_mode")                                         \
	X(FAILED_EXITING_RESCUE_MODE, 20, "Failed to exit rescue mode",    \
	    "failed_exiting_rescue_mode")                                  \
	X(TESTING, 21, "Testing", "testing")                               \
	X(FAILED_TESTING, 22, "Failed testing", "failed_testing")

enum node_status {
#define X(word, number, name, identifier) NODE_##word = (number),
	NODE_STATUSES(X)
#undef X
};
#define NODE_STATUS_COUNT 23

const char *maas_status_name(enum node_status status);
bool maas_status_parse(const char *identifier, enum node_status *status);
bool maas_status_may(enum node_status from, enum node_status to);
/* What a task is called when it failed; false: this status is no task. */
bool maas_status_failed(enum node_status status, enum node_status *failed);
/* Moves, writes the event, and sets or ends what hangs on a status: limits,
 * work tokens, the machine's time line. */
void maas_node_enter(struct node *node, enum node_status status);
/* The task at hand got on: its limit starts anew. */
void maas_node_progress(struct node *node);
void maas_node_limit_due(struct node *node);
/* An ERROR event with the reason, and the status. */
void maas_node_fail(
    struct node *node, enum node_status status, const char *why);

/* ---- release.c ---- */
/* May a machine in it be released? */
bool maas_status_releasable(enum node_status status);

#endif
