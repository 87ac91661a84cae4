#include "sim/maas/machine_states.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/region.h"

/* ---- the table ---- */

static const struct {
	const char *name, *identifier;
} statuses[NODE_STATUS_COUNT] = {
#define X(word, number, name, identifier) [number] = { name, identifier },
	NODE_STATUSES(X)
#undef X
};

#define TO(status) (1u << NODE_##status)

/* Which moves MAAS knows (node_status.py). */
static const uint32_t may_go_to[NODE_STATUS_COUNT] = {
	[NODE_NEW] = TO(COMMISSIONING) | TO(TESTING) | TO(MISSING) | TO(READY) |
	             TO(RETIRED) | TO(BROKEN) | TO(ENTERING_RESCUE_MODE),
	[NODE_COMMISSIONING] = TO(FAILED_COMMISSIONING) | TO(READY) |
	                       TO(RETIRED) | TO(MISSING) | TO(NEW) |
	                       TO(BROKEN) | TO(TESTING),
	[NODE_FAILED_COMMISSIONING] = TO(COMMISSIONING) | TO(MISSING) |
	                              TO(RETIRED) | TO(BROKEN) |
	                              TO(ENTERING_RESCUE_MODE) | TO(TESTING),
	[NODE_MISSING] = TO(NEW) | TO(READY) | TO(ALLOCATED) |
	                 TO(COMMISSIONING) | TO(BROKEN) |
	                 TO(ENTERING_RESCUE_MODE) | TO(TESTING),
	[NODE_READY] = TO(COMMISSIONING) | TO(ALLOCATED) | TO(RESERVED) |
	               TO(RETIRED) | TO(MISSING) | TO(BROKEN) | TO(TESTING) |
	               TO(ENTERING_RESCUE_MODE),
	[NODE_RESERVED] = TO(READY) | TO(ALLOCATED) | TO(RETIRED) |
	                  TO(MISSING) | TO(BROKEN) | TO(DISK_ERASING) |
	                  TO(RELEASING) | TO(ENTERING_RESCUE_MODE) |
	                  TO(TESTING),
	[NODE_DEPLOYED] = TO(ALLOCATED) | TO(MISSING) | TO(BROKEN) | TO(READY) |
	                  TO(DISK_ERASING) | TO(RELEASING) |
	                  TO(ENTERING_RESCUE_MODE) | TO(TESTING),
	[NODE_RETIRED] = TO(NEW) | TO(READY) | TO(MISSING) | TO(BROKEN) |
	                 TO(ENTERING_RESCUE_MODE) | TO(TESTING),
	[NODE_BROKEN] = TO(COMMISSIONING) | TO(READY) | TO(DISK_ERASING) |
	                TO(RELEASING) | TO(ENTERING_RESCUE_MODE) | TO(TESTING) |
	                TO(DEPLOYED),
	[NODE_DEPLOYING] = TO(ALLOCATED) | TO(MISSING) | TO(BROKEN) |
	                   TO(FAILED_DEPLOYMENT) | TO(DEPLOYED) | TO(READY) |
	                   TO(DISK_ERASING) | TO(RELEASING),
	[NODE_ALLOCATED] = TO(READY) | TO(RETIRED) | TO(MISSING) | TO(BROKEN) |
	                   TO(DEPLOYING) | TO(DISK_ERASING) | TO(RELEASING) |
	                   TO(ENTERING_RESCUE_MODE) | TO(TESTING),
	[NODE_FAILED_DEPLOYMENT] = TO(ALLOCATED) | TO(MISSING) | TO(BROKEN) |
	                           TO(READY) | TO(DISK_ERASING) |
	                           TO(RELEASING) | TO(ENTERING_RESCUE_MODE) |
	                           TO(TESTING),
	[NODE_RELEASING] = TO(NEW) | TO(ALLOCATED) | TO(RESERVED) |
	                   TO(DEPLOYED) | TO(READY) | TO(BROKEN) | TO(MISSING) |
	                   TO(FAILED_DEPLOYMENT) | TO(FAILED_DISK_ERASING) |
	                   TO(FAILED_RELEASING),
	[NODE_FAILED_RELEASING] = TO(RELEASING) | TO(DISK_ERASING) | TO(READY) |
	                          TO(BROKEN) | TO(TESTING),
	[NODE_DISK_ERASING] = TO(BROKEN) | TO(DISK_ERASING) |
	                      TO(FAILED_DISK_ERASING) | TO(READY) |
	                      TO(RELEASING),
	[NODE_FAILED_DISK_ERASING] = TO(DISK_ERASING) | TO(RELEASING) |
	                             TO(BROKEN) | TO(ALLOCATED) | TO(READY) |
	                             TO(ENTERING_RESCUE_MODE) | TO(TESTING),
	[NODE_RESCUE_MODE] = TO(EXITING_RESCUE_MODE) |
	                     TO(ENTERING_RESCUE_MODE) | TO(NEW) | TO(BROKEN) |
	                     TO(DEPLOYED) | TO(READY),
	[NODE_ENTERING_RESCUE_MODE] = TO(RESCUE_MODE) |
	                              TO(FAILED_ENTERING_RESCUE_MODE) |
	                              TO(EXITING_RESCUE_MODE),
	[NODE_FAILED_ENTERING_RESCUE_MODE] = TO(ENTERING_RESCUE_MODE) |
	                                     TO(EXITING_RESCUE_MODE) |
	                                     TO(BROKEN) | TO(NEW) |
	                                     TO(DEPLOYED) | TO(READY),
	[NODE_EXITING_RESCUE_MODE] =
	    TO(RESCUE_MODE) | TO(FAILED_EXITING_RESCUE_MODE) | TO(NEW) |
	    TO(DEPLOYED) | TO(READY) | TO(BROKEN) | TO(ALLOCATED) |
	    TO(FAILED_COMMISSIONING) | TO(FAILED_DEPLOYMENT) |
	    TO(FAILED_DISK_ERASING) | TO(FAILED_TESTING) | TO(MISSING) |
	    TO(RETIRED) | TO(RESERVED),
	[NODE_FAILED_EXITING_RESCUE_MODE] = TO(ENTERING_RESCUE_MODE) |
	                                    TO(EXITING_RESCUE_MODE) |
	                                    TO(BROKEN) | TO(NEW) |
	                                    TO(DEPLOYED) | TO(READY),
	[NODE_TESTING] = TO(BROKEN) | TO(NEW) | TO(READY) | TO(RESERVED) |
	                 TO(ALLOCATED) | TO(DEPLOYED) | TO(MISSING) |
	                 TO(RETIRED) | TO(FAILED_COMMISSIONING) |
	                 TO(FAILED_DEPLOYMENT) | TO(FAILED_RELEASING) |
	                 TO(FAILED_DISK_ERASING) | TO(FAILED_TESTING),
	[NODE_FAILED_TESTING] = TO(COMMISSIONING) | TO(BROKEN) | TO(MISSING) |
	                        TO(ENTERING_RESCUE_MODE) | TO(TESTING) |
	                        TO(READY) | TO(DEPLOYED),
};

const char *maas_status_name(enum node_status status)
{
	check((int)status >= 0 && status < NODE_STATUS_COUNT);
	return statuses[status].name;
}

bool maas_status_parse(const char *identifier, enum node_status *status)
{
	for (int i = 0; i < NODE_STATUS_COUNT; i++) {
		if (strcmp(statuses[i].identifier, identifier) == 0) {
			*status = (enum node_status)i;
			return true;
		}
	}
	return false;
}

bool maas_status_may(enum node_status from, enum node_status to)
{
	return (may_go_to[from] >> to & 1) != 0;
}

/* ---- statuses that move by themselves ---- */

/* node_status.py: how long a task may take before MAAS calls it failed, and
 * what it is called then. Disk erasing and leaving rescue mode have a name
 * for the failure and no limit. */
static const struct task {
	enum node_status status, failed;
	bool limited, releasing;
} tasks[] = {
	{ NODE_COMMISSIONING, NODE_FAILED_COMMISSIONING, true, false },
	{ NODE_DEPLOYING, NODE_FAILED_DEPLOYMENT, true, false },
	{ NODE_RELEASING, NODE_FAILED_RELEASING, true, true },
	{ NODE_DISK_ERASING, NODE_FAILED_DISK_ERASING, false, false },
	{ NODE_ENTERING_RESCUE_MODE, NODE_FAILED_ENTERING_RESCUE_MODE, true,
	    false },
	{ NODE_EXITING_RESCUE_MODE, NODE_FAILED_EXITING_RESCUE_MODE, false,
	    false },
	{ NODE_TESTING, NODE_FAILED_TESTING, true, false },
};

static const struct task *task_of(enum node_status status)
{
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		if (tasks[i].status == status)
			return &tasks[i];
	return NULL;
}

bool maas_status_failed(enum node_status status, enum node_status *failed)
{
	const struct task *task = task_of(status);

	if (task)
		*failed = task->failed;
	return task != NULL;
}

/* The monitor looks once a minute. */
#define SCAN_EVERY SECONDS(60)

/* Since 3.6 the whole deployment has a limit, of twice the time. */
static usec limit_of(const struct node *node, const struct task *task)
{
	const struct maas_options *options = &node->maas->options;
	bool deploying = task->status == NODE_DEPLOYING;

	/* The five minutes are for the power alone. */
	if (task->releasing && !node->runs_release)
		return options->release_limit_for ? options->release_limit_for
		                                  : MINUTES(5);
	if (options->deploy_limit_for)
		return options->deploy_limit_for;
	return deploying && node->maas->version >= 306 ? MINUTES(60)
	                                               : MINUTES(30);
}

/* Who switches a machine by hand may take his time to install it, up to 3.5. */
static bool is_limited(const struct node *node, const struct task *task)
{
	return task->limited &&
	       (task->status != NODE_DEPLOYING || node->maas->version >= 306 ||
	           strcmp(node->power_type, "manual") != 0);
}

static void set_limit(struct node *node, const struct task *task)
{
	struct loop *loop = node->maas->host->loop;
	usec due_at = loop_now(loop) + limit_of(node, task);
	usec late_for = due_at % SCAN_EVERY;

	if (late_for && !node->maas->options.deploy_limit_for)
		due_at += SCAN_EVERY - late_for;
	timer_set(&node->limit, loop, due_at - loop_now(loop));
}

void maas_node_progress(struct node *node)
{
	const struct task *task = task_of(node->status);

	if (task && is_limited(node, task) &&
	    (task->status != NODE_DEPLOYING || node->maas->version < 306))
		set_limit(node, task);
}

void maas_node_limit_due(struct node *node)
{
	const struct task *task = task_of(node->status);
	char *why;

	check(task);
	why = xasprintf("Node operation '%s' timed out after %" PRId64
	                " minutes.",
	    maas_status_name(node->status), limit_of(node, task) / MINUTES(1));
	if (node->maas->version >= 307 && node->status == NODE_DEPLOYING)
		maas_set_text(&why, "time-out during deployment");
	maas_node_fail(node, task->failed, why);
	free(why);
	maas_tell(node->maas);
}

void maas_node_enter(struct node *node, enum node_status status)
{
	enum node_status before = node->status;
	const struct task *task = task_of(status);
	bool taken = status == NODE_ALLOCATED && node->owner &&
	             before == NODE_READY;

	check((int)status >= 0 && status < NODE_STATUS_COUNT);
	node->status = status;
	maas_event(node, EVENT_DEBUG, "Node changed status", NULL,
	    "From '%s' to '%s'%s%s%s", maas_status_name(before),
	    maas_status_name(status), taken ? " (to " : "",
	    taken ? node->owner->name : "", taken ? ")" : "");
	timer_cancel(&node->limit);
	if (task) {
		token_take(&node->work, node->maas->host->loop);
		if (is_limited(node, task))
			set_limit(node, task);
	} else {
		token_drop(&node->work);
	}
	maas_node_touch(node);
}

void maas_node_fail(struct node *node, enum node_status status, const char *why)
{
	maas_event(node, EVENT_ERROR, "Marking node failed", NULL, "%s", why);
	maas_set_text(&node->error_description, why);
	maas_node_enter(node, status);
}
