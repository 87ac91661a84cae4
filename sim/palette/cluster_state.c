/*
 * cluster_state: the life of a cluster as Palette sees it.
 *
 *	Pending -> Provisioning -> Running -> Deleting -> Deleted
 *	   |            |                         ^
 *	   |            +-> Error ----------------+
 *	   +--------------------------------------+
 *
 * Pending until its gateway holds the instruction; Running when it is handed
 * over, every pool has the wanted number of machines Running, and the agent
 * has reported AddOnDeploymentDone. Health is another thing: the agent's
 * lease, and silence does not change the state.
 *
 * A token is held while something was asked for and moves by itself: an open
 * instruction that nobody waits with, a hand-over that is not finished, a
 * desired state that the agent has not applied yet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/owner.h"
#include "sim/palette/nouns.h"

const char *cluster_state_name(enum cluster_state state)
{
#define STATE_TEXT(name, text) [CLUSTER_##name] = text,
	static const char *const texts[] = { CLUSTER_STATES(STATE_TEXT) };
#undef STATE_TEXT

	return texts[state];
}

/* ---- health ---- */

static usec now_of(const struct cluster *cluster)
{
	return loop_now(cluster->palette->host->loop);
}

/* The lease begins with the hand-over, or with the first heartbeat. */
static bool is_lost(const struct cluster *cluster)
{
	usec since_at = cluster->was_heard ? cluster->heard_at
	                                   : cluster->handed_at;

	if (!cluster->was_heard && !cluster->handed_over)
		return false;
	return now_of(cluster) - since_at >=
	       cluster->palette->cluster_lost_after_for;
}

const char *cluster_health(const struct cluster *cluster)
{
	if (cluster->state == CLUSTER_DELETED)
		return "Unknown";
	if (is_lost(cluster))
		return "Unhealthy";
	return cluster->was_heard ? "Healthy" : "Unknown";
}

static void lost(struct timer *timer)
{
	cluster_settle(OWNER_OF(timer, struct cluster, lost));
}

static void renew_lease(struct cluster *cluster)
{
	if (!cluster->lost.fire)
		timer_init(&cluster->lost, lost);
	timer_set(&cluster->lost, cluster->palette->host->loop,
	    cluster->palette->cluster_lost_after_for);
}

void cluster_heard(struct cluster *cluster)
{
	cluster->was_heard = true;
	cluster->heard_at = now_of(cluster);
	cluster->heard_time = palette_time(cluster->palette);
	renew_lease(cluster);
}

/* ---- conditions ---- */

static const json_t *condition_find(
    const struct cluster *cluster, const char *type)
{
	for (size_t i = 0; i < json_array_size(cluster->conditions); i++) {
		const json_t *c = json_array_get(cluster->conditions, i);

		if (strcmp(jstr(c, "type"), type) == 0)
			return c;
	}
	return NULL;
}

static bool condition_is(
    const struct cluster *cluster, const char *type, const char *status)
{
	const json_t *c = condition_find(cluster, type);

	return c && strcmp(jstr(c, "status"), status) == 0;
}

static json_t *condition_for(struct cluster *cluster, const char *type)
{
	json_t *c;

	for (size_t i = 0; i < json_array_size(cluster->conditions); i++) {
		c = json_array_get(cluster->conditions, i);
		if (strcmp(jstr(c, "type"), type) == 0)
			return c;
	}
	c = json_pack("{s:s}", "type", type);
	json_array_append_new(cluster->conditions, c);
	return c;
}

void cluster_condition(struct cluster *cluster, const char *type,
    const char *status, const char *reason, const char *message)
{
	usec now = palette_time(cluster->palette);
	json_t *c;

	if (!*type)
		return;
	c = condition_for(cluster, type);
	if (strcmp(jstr(c, "status"), status) != 0)
		json_object_set_new(c, "lastTransitionTime", time_json(now));
	json_object_set_new(c, "lastProbeTime", time_json(now));
	json_object_set_new(c, "status", json_string(status));
	json_object_set_new(c, "reason", json_string(reason));
	json_object_set_new(c, "message", json_string(message));
}

/* ---- is it there? ---- */

static int64_t running_in(const struct pool *pool)
{
	int64_t count = 0;

	for (size_t i = 0; i < pool->machine_count; i++)
		count += strcmp(pool->machines[i]->state, "Running") == 0;
	return count;
}

static int64_t running_nodes(const struct cluster *cluster)
{
	int64_t count = 0;

	for (size_t i = 0; i < cluster->pool_count; i++)
		count += running_in(cluster->pools[i]);
	return count;
}

static bool pools_are_complete(const struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->pool_count; i++)
		if (running_in(cluster->pools[i]) != cluster->pools[i]->size)
			return false;
	return cluster->pool_count > 0;
}

static void advance(struct cluster *cluster)
{
	if (cluster->state != CLUSTER_PROVISIONING || !cluster->handed_over ||
	    !pools_are_complete(cluster) ||
	    !condition_is(cluster, "AddOnDeploymentDone", "True"))
		return;
	cluster->state = CLUSTER_RUNNING;
	memcpy(cluster->settled_hash, cluster->spec_hash,
	    sizeof(cluster->settled_hash));
	meta_touch(cluster->palette, &cluster->meta);
}

/* ---- what it waits for ---- */

static void gateway_waits(
    const struct instruction *instruction, char *room, size_t size)
{
	const struct gateway *gateway = instruction->gateway;

	if (gateway->state != GATEWAY_RUNNING)
		snprintf(room, size, "private cloud gateway %s is %s",
		    gateway->meta.name, gateway_state_name(gateway->state));
	else if (gateway_is_lost(gateway))
		snprintf(room, size,
		    "private cloud gateway %s does not poll any more",
		    gateway->meta.name);
	else if (instruction->waiting)
		snprintf(room, size, "%s", instruction->waiting);
}

static void agent_says(const struct cluster *cluster, char *room, size_t size)
{
	const json_t *c = condition_find(cluster, "Waiting");

	if (c && strcmp(jstr(c, "status"), "True") == 0)
		snprintf(room, size, "%s",
		    *jstr(c, "message") ? jstr(c, "message")
		                        : jstr(c, "reason"));
}

static void agent_waits(const struct cluster *cluster, char *room, size_t size)
{
	if (is_lost(cluster))
		snprintf(room, size, "the agent of %s is not heard any more",
		    cluster->meta.name);
	else
		agent_says(cluster, room, size);
}

static bool agent_has_work(const struct cluster *cluster)
{
	if (cluster->state == CLUSTER_PROVISIONING)
		return cluster->handed_over;
	return cluster->state == CLUSTER_RUNNING &&
	       strcmp(cluster->settled_hash, cluster->spec_hash) != 0 &&
	       !(cluster->applied_hash &&
	           strcmp(cluster->applied_hash, cluster->spec_hash) == 0);
}

/* True: there is unfinished work. room: the sentence, if it waits visibly. */
static bool work_of(const struct cluster *cluster, char *room, size_t size)
{
	const struct instruction *instruction = instruction_open_of(cluster);

	room[0] = '\0';
	if (instruction)
		gateway_waits(instruction, room, size);
	else if (agent_has_work(cluster))
		agent_waits(cluster, room, size);
	else {
		/* What was asked for is applied; that nothing comes of it is
		 * for people to see. */
		if (cluster->state == CLUSTER_RUNNING)
			agent_says(cluster, room, size);
		return false;
	}
	return true;
}

static void tell(struct cluster *cluster, const char *waiting)
{
	struct event_field fields[] = {
		F("uid", cluster->meta.uid),
		F("state", cluster_state_name(cluster->state)),
		F("health", cluster_health(cluster)),
		F("gateway", cluster->gateway->meta.name),
		F("waiting", waiting),
		N("nodes", running_nodes(cluster)),
		N("generation", cluster->generation),
		F("handed_over", cluster->handed_over ? "yes" : "no"),
	};
	char about[160];

	snprintf(about, sizeof(about), "%s/cluster/%s", cluster->palette->name,
	    cluster->meta.name);
	tell_state(cluster->palette, &cluster->told, about, fields,
	    sizeof(fields) / sizeof(fields[0]));
}

/* Nothing more is said of a deleted one: another may have its name by now. */
void cluster_settle(struct cluster *cluster)
{
	char waiting[300];

	if (cluster->is_finished)
		return;
	cluster->is_finished = cluster->state == CLUSTER_DELETED;
	advance(cluster);
	if (work_of(cluster, waiting, sizeof(waiting)) && !*waiting)
		token_take(&cluster->token, cluster->palette->host->loop);
	else
		token_drop(&cluster->token);
	tell(cluster, waiting);
}

/* ---- what happens to it ---- */

void cluster_picked_up(struct cluster *cluster)
{
	if (cluster->state != CLUSTER_PENDING)
		return;
	cluster->state = CLUSTER_PROVISIONING;
	meta_touch(cluster->palette, &cluster->meta);
	cluster_settle(cluster);
}

void cluster_handed_over(struct cluster *cluster)
{
	if (cluster->handed_over)
		return;
	cluster->handed_over = true;
	cluster->handed_at = now_of(cluster);
	if (!cluster->was_heard)
		renew_lease(cluster);
	cluster_settle(cluster);
}

void cluster_create_failed(struct cluster *cluster, const char *message)
{
	if (cluster->state == CLUSTER_PENDING ||
	    cluster->state == CLUSTER_PROVISIONING)
		cluster->state = CLUSTER_ERROR;
	cluster_event_add(cluster, "Error", "ClusterCreateFailed", message,
	    cluster->gateway->meta.name);
	cluster_settle(cluster);
}

/* Asked again, nothing changes, unless the gateway has given up meanwhile. */
void cluster_delete_begin(struct cluster *cluster)
{
	struct instruction *create = instruction_of(
	    cluster, INSTRUCTION_CREATE);
	struct instruction *delete = instruction_of(
	    cluster, INSTRUCTION_DELETE);

	cluster->state = CLUSTER_DELETING;
	meta_touch(cluster->palette, &cluster->meta);
	if (create && create->state == INSTRUCTION_OPEN)
		instruction_end(create, INSTRUCTION_WITHDRAWN);
	if (!delete || delete->state != INSTRUCTION_OPEN)
		instruction_open(cluster->palette, INSTRUCTION_DELETE, cluster,
		    cluster->gateway);
	cluster_spec_changed(cluster);
	cluster_settle(cluster);
}

/* Its record stays for 72 hours, its machines and credentials do not. */
void cluster_deleted(struct cluster *cluster)
{
	struct instruction *open = instruction_open_of(cluster);

	if (open)
		instruction_end(open, INSTRUCTION_WITHDRAWN);
	cluster->state = CLUSTER_DELETED;
	cluster->meta.deleted_time = palette_time(cluster->palette);
	for (size_t i = 0; i < cluster->pool_count; i++)
		while (cluster->pools[i]->machine_count > 0)
			machine_remove(
			    cluster->pools[i], cluster->pools[i]->machines[0]);
	timer_cancel(&cluster->lost);
	text_set(&cluster->admin_kubeconfig, NULL);
	text_set(&cluster->client_kubeconfig, NULL);
	cluster_settle(cluster);
}
