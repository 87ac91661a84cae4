/*
 * The MachineHealthCheck: says which machines are beyond waiting for.
 *
 * It looks at nodes, never at power: a BMC that does not answer says nothing
 * about a node. It judges only while the workload's API can be heard
 * counts the time of a start from the moment at which joining became
 * possible, and stops when too many are sick at once: then the cause
 * is not the machines.
 */
#include "capi/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/yaml.h"
#include "capi/store.h"

struct verdicts {
	struct reconcile *r;
	const json_t *check;
	int64_t expected, sick;
	const json_t *to_mark; /* the first sick one not yet marked */
	const char *why;
	const json_t *to_clear; /* the first marked one that is well again */
	usec next_for;          /* until somebody's patience ends */
};

static usec condition_time(const json_t *obj, const char *type)
{
	const json_t *list = jget(obj, "status.conditions");
	usec time;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *condition = json_array_get(list, i);

		if (strcmp(jstr(condition, "type"), type) == 0 &&
		    time_parse(jstr(condition, "lastTransitionTime"), &time))
			return time;
	}
	return 0;
}

static usec later(usec a, usec b)
{
	return a > b ? a : b;
}

/* Has the patience that began at `since_time` ended? */
static bool is_over(
    struct verdicts *verdicts, usec since_time, const char *patience)
{
	long long patience_for;
	usec left_for;

	if (!duration_parse(patience, &patience_for))
		return false;
	left_for = since_time + patience_for - host_time(verdicts->r->host);
	if (left_for <= 0)
		return true;
	if (left_for < verdicts->next_for)
		verdicts->next_for = left_for;
	return false;
}

static const char *start_trouble(
    struct verdicts *verdicts, const json_t *machine)
{
	usec since_time = capi_created_time(machine);

	if (!jbool(machine, "status.infrastructureReady"))
		return NULL; /* the MaasMachine has a deadline of its own */
	since_time = later(
	    since_time, condition_time(machine, "InfrastructureReady"));
	since_time = later(since_time,
	    condition_time(verdicts->r->cluster, "ControlPlaneInitialized"));
	since_time = later(since_time,
	    condition_time(verdicts->r->cluster, "InfrastructureReady"));
	return is_over(verdicts, since_time,
	           jstr(verdicts->check, "spec.nodeStartupTimeout"))
	           ? "NodeStartupTimeout"
	           : NULL;
}

static const json_t *node_condition(const json_t *node, const char *type)
{
	for (size_t i = 0; i < jlen(node, "status.conditions"); i++) {
		const json_t *condition = json_array_get(
		    jget(node, "status.conditions"), i);

		if (strcmp(jstr(condition, "type"), type) == 0)
			return condition;
	}
	return NULL;
}

static bool is_unhealthy_by(
    struct verdicts *verdicts, const json_t *node, const json_t *rule)
{
	const json_t *condition = node_condition(node, jstr(rule, "type"));
	usec since_time;

	return condition &&
	       strcmp(jstr(condition, "status"), jstr(rule, "status")) == 0 &&
	       time_parse(jstr(condition, "lastTransitionTime"), &since_time) &&
	       is_over(verdicts, since_time, jstr(rule, "timeout"));
}

static const char *trouble_of(struct verdicts *verdicts, const json_t *machine)
{
	const json_t *rules = jget(verdicts->check, "spec.unhealthyConditions");
	const json_t *node;

	if (jhas(machine, "status.failureReason"))
		return "MachineHasFailure";
	if (!jhas(machine, "status.nodeRef"))
		return start_trouble(verdicts, machine);
	node = workload_link_node(
	    verdicts->r, jstr(machine, "status.nodeRef.name"));
	if (!node)
		return "NodeNotFound";
	for (size_t i = 0; i < json_array_size(rules); i++)
		if (is_unhealthy_by(verdicts, node, json_array_get(rules, i)))
			return "UnhealthyNode";
	return NULL;
}

static bool is_selected(const json_t *check, const json_t *machine)
{
	json_t *wanted = json_clone(jget(check, "spec.selector.matchLabels"));
	const char *key;
	json_t *value;
	bool all = json_object_size(wanted) > 0;

	json_object_foreach(wanted, key, value)
	{
		if (!json_object_get(jget(machine, "metadata.labels"), key) ||
		    strcmp(capi_label_of(machine, key),
		        json_string_value(value) ? json_string_value(value)
		                                 : "") != 0)
			all = false;
	}
	json_decref(wanted);
	return all;
}

static void judge(void *ctx, const json_t *machine)
{
	struct verdicts *verdicts = ctx;
	const char *why;
	bool marked;

	if (capi_is_deleting(machine) || !is_selected(verdicts->check, machine))
		return;
	verdicts->expected++;
	why = trouble_of(verdicts, machine);
	marked = strcmp(condition_is(machine, "OwnerRemediated"), "False") == 0;
	if (why)
		verdicts->sick++;
	if (why && !marked && !verdicts->to_mark) {
		verdicts->to_mark = machine;
		verdicts->why = why;
	}
	if (!why && marked && !verdicts->to_clear)
		verdicts->to_clear = machine;
}

static int64_t most_unhealthy(const json_t *check, int64_t expected)
{
	const json_t *limit = jget(check, "spec.maxUnhealthy");

	if (json_is_integer(limit))
		return json_integer_value(limit);
	if (json_is_string(limit))
		return expected * strtol(json_string_value(limit), NULL, 10) /
		       100;
	return expected;
}

static void mark(struct verdicts *verdicts, bool sick)
{
	struct reconcile *r = verdicts->r;
	const json_t *machine = sick ? verdicts->to_mark : verdicts->to_clear;
	json_t *status = capi_status_of(machine);

	if (sick) {
		log_warning(r->host, "machine %s is given up: %s",
		    capi_name_of(machine), verdicts->why);
		condition_set(r, status, "HealthCheckSucceeded", "False",
		    "Warning", verdicts->why, NULL);
		condition_set(r, status, "OwnerRemediated", "False", "Warning",
		    "WaitingForRemediation", NULL);
	} else {
		condition_set(r, status, "HealthCheckSucceeded", "True", NULL,
		    NULL, NULL);
		condition_drop(status, "OwnerRemediated");
	}
	status_write(r, machine, status);
}

static void write_status(
    struct verdicts *verdicts, const json_t *obj, int64_t most)
{
	struct reconcile *r = verdicts->r;
	json_t *status = capi_status_of(obj);
	bool allowed = verdicts->sick <= most;

	jseti(status, "expectedMachines", verdicts->expected);
	jseti(status, "currentHealthy", verdicts->expected - verdicts->sick);
	jseti(
	    status, "remediationsAllowed", allowed ? most - verdicts->sick : 0);
	condition_set(r, status, "RemediationAllowed",
	    allowed ? "True" : "False", "Warning",
	    allowed ? NULL : "TooManyUnhealthy", NULL);
	status_write(r, obj, status);
}

void health_check_reconcile(struct reconcile *r, const json_t *obj)
{
	struct verdicts verdicts = {
		.r = r, .check = obj, .next_for = USEC_NEVER
	};
	int64_t most;

	if (capi_is_deleting(obj) || capi_cluster_deletes(r) ||
	    !workload_link_ready(r))
		return;
	capi_each_of(r, "Machine", judge, &verdicts);
	most = most_unhealthy(obj, verdicts.expected);
	if (verdicts.next_for != USEC_NEVER)
		capi_look_again(r, verdicts.next_for + SECONDS(1));
	if (verdicts.to_clear)
		mark(&verdicts, false);
	else if (verdicts.to_mark && verdicts.sick <= most)
		mark(&verdicts, true);
	else
		write_status(&verdicts, obj, most);
}
