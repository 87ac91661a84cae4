#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/plan.h"
#include "gateway/engine.h"

#define RETRY_FOR      SECONDS(2)
#define RETRY_MOST_FOR MINUTES(2)
#define CLOCK_OFF_FOR  SECONDS(30)

static const char *const STATE_NAMES[] = {
	[WORK_PENDING] = "pending",
	[WORK_RUNNING] = "running",
	[WORK_WAITING] = "waiting",
	[WORK_DONE] = "done",
	[WORK_DROPPED] = "dropped",
};

static bool is_over(const json_t *obj)
{
	const char *state = jstr(obj, "spec.state");

	return !strcmp(state, "done") || !strcmp(state, "dropped");
}

/* ---- stored instructions ---- */

const json_t *work_instruction(const struct work *work, const char *id)
{
	const json_t *obj = id ? gateway_load(work->gateway, "Instruction", id)
	                       : NULL;

	return obj ? jget(obj, "spec.instruction") : NULL;
}

const char *work_phase(const struct work *work, const char *id)
{
	return jstr(
	    gateway_load(work->gateway, "Instruction", id), "spec.phase");
}

static void tell_state(struct gateway *gateway, const json_t *obj)
{
	char about[256];

	snprintf(about, sizeof(about), "%s/instruction/%s", gateway->host->name,
	    jstr(obj, "metadata.name"));
	EVENT(gateway->host->events, "state", gateway->host->name, about,
	    F("order", jstr(obj, "spec.instruction.kind")),
	    F("cluster", jstr(obj, "spec.instruction.clusterName")),
	    F("state", jstr(obj, "spec.state")),
	    F("reason", jstr(obj, "spec.reason")),
	    N("generation", jint(obj, "spec.instruction.generation")));
}

static bool save_instruction(struct gateway *gateway, json_t *obj)
{
	char *id = xstrdup(jstr(obj, "metadata.name"));
	bool saved = gateway_save(gateway, "Instruction", id, obj);

	if (saved)
		tell_state(gateway, gateway_load(gateway, "Instruction", id));
	free(id);
	return saved;
}

bool work_set_phase(struct work *work, const char *id, const char *phase)
{
	const json_t *old = gateway_load(work->gateway, "Instruction", id);
	json_t *obj;

	check(old);
	if (!strcmp(jstr(old, "spec.phase"), phase))
		return true;
	obj = json_deep_copy(old);
	jsets(obj, "spec.phase", phase);
	log_info(work->gateway->host, "%s: %s", id, phase);
	return save_instruction(work->gateway, obj);
}

static bool store_state(struct gateway *gateway, const char *id,
    enum work_state state, const char *reason, const char *sentence)
{
	const json_t *old = gateway_load(gateway, "Instruction", id);
	json_t *obj, *text = json_text(sentence);
	char time[32];

	if (!old || (!strcmp(jstr(old, "spec.state"), STATE_NAMES[state]) &&
	                json_equal(jget(old, "spec.sentence"), text))) {
		json_decref(text);
		return false;
	}
	obj = json_deep_copy(old);
	jsets(obj, "spec.state", STATE_NAMES[state]);
	jsets(obj, "spec.reason", reason);
	jset(obj, "spec.sentence", text);
	time_text(host_time(gateway->host), time);
	if (state != WORK_WAITING)
		jset(obj, "spec.waitingSince", NULL);
	else if (!jhas(obj, "spec.waitingSince"))
		jsets(obj, "spec.waitingSince", time);
	if (state == WORK_DONE || state == WORK_DROPPED) {
		jsets(obj, "spec.endedAt", time);
		/* What is over needs no credentials any more (G11). */
		jset(obj, "spec.instruction.account", NULL);
		jset(obj, "spec.instruction.palette", NULL);
		jset(obj, "spec.instruction.kubeconfig", NULL);
	}
	return save_instruction(gateway, obj);
}

usec work_waiting_since(const struct work *work, const char *id)
{
	const json_t *obj = id ? gateway_load(work->gateway, "Instruction", id)
	                       : NULL;
	usec time;

	return obj && time_parse(jstr(obj, "spec.waitingSince"), &time) ? time
	                                                                : 0;
}

void work_set_state(struct work *work, const char *id, enum work_state state,
    const char *reason, const char *sentence)
{
	struct gateway *gateway = work->gateway;
	bool waited = !strcmp(
	    jstr(gateway_load(gateway, "Instruction", id), "spec.state"),
	    STATE_NAMES[WORK_WAITING]);

	if (!store_state(gateway, id, state, reason, sentence))
		return;
	if (state == WORK_WAITING) {
		log_warning(gateway->host, "%s waits: %s", id, sentence);
		outbox_add(gateway, work_instruction(work, id), "waiting",
		    json_pack("{s:s, s:o}", "reason", reason, "message",
		        json_text(sentence)));
	} else if (waited && state == WORK_RUNNING) {
		outbox_add(gateway, work_instruction(work, id), "progress",
		    json_pack("{s:s}", "message", "goes on"));
	}
}

void work_finish(struct work *work, const char *id, const char *outcome,
    const char *sentence)
{
	log_info(work->gateway->host, "%s: %s: %s", id, outcome, sentence);
	/* The report first: should we die in between, the step is taken again
	 * and finds nothing left to do but this. */
	if (outbox_add(work->gateway, work_instruction(work, id), "result",
	        json_pack("{s:s, s:o}", "outcome", outcome, "message",
	            json_text(sentence))))
		store_state(work->gateway, id, WORK_DONE, outcome, sentence);
	work_step_soon(work);
}

void work_begin(struct work *work, const char *id)
{
	const json_t *obj = gateway_load(work->gateway, "Instruction", id);

	if (!strcmp(jstr(obj, "spec.state"), STATE_NAMES[WORK_PENDING]))
		work_set_state(work, id, WORK_RUNNING, "", "");
}

/* ---- turns ---- */

void work_step_in(struct work *work, usec wait_for)
{
	struct loop *loop = work->gateway->host->loop;

	if (timer_is_set(&work->turn) &&
	    work->turn.due_at <= loop_now(loop) + wait_for)
		return;
	timer_set(&work->turn, loop, wait_for);
}

void work_step_soon(struct work *work)
{
	work_step_in(work, 0);
}

void work_retry(struct work *work)
{
	usec wait_for = RETRY_FOR;

	for (unsigned i = 0; i < work->failures && wait_for < RETRY_MOST_FOR;
	     i++)
		wait_for *= 2;
	if (wait_for > RETRY_MOST_FOR)
		wait_for = RETRY_MOST_FOR;
	work->failures++;
	work_step_in(work, choose_range(work->gateway->host->choices,
	                       wait_for / 2, wait_for, "%s: %s: again after",
	                       work->gateway->host->name, work->cluster_name));
}

static void work_free(struct work *work)
{
	list_remove(&work->in_gateway);
	timer_cancel(&work->turn);
	kube_cancel(&work->call);
	recover_stop(work);
	move_stop(&work->move);
	work_stop_controllers(work);
	kube_free(&work->workload);
	free(work->cluster_uid);
	free(work->cluster_name);
	free(work->ns);
	free(work->create_id);
	free(work->delete_id);
	json_decref(work->told);
	free(work);
}

static void forget_if_over(struct work *work, char **id)
{
	if (*id && is_over(gateway_load(work->gateway, "Instruction", *id))) {
		free(*id);
		*id = NULL;
	}
}

#define CLOCK_REASON "ClockOff"

/* What waits for the clock says so, and goes on when it is right. */
static void wait_for_clock(struct work *work, bool off)
{
	const char *id = work->delete_id ? work->delete_id : work->create_id;
	const json_t *obj = gateway_load(work->gateway, "Instruction", id);

	if (off)
		work_set_state(work, id, WORK_WAITING, CLOCK_REASON,
		    gateway_condition(work->gateway));
	else if (!strcmp(jstr(obj, "spec.reason"), CLOCK_REASON))
		work_set_state(work, id, WORK_RUNNING, "", "");
}

static void take_turn(struct timer *timer)
{
	struct work *work = OWNER_OF(timer, struct work, turn);

	if (work->call || work->move || work->recovery)
		return; /* we are woken when it ends */
	if (!work->gateway->link.heard)
		return; /* same: it may be somebody else's by now */
	forget_if_over(work, &work->create_id);
	forget_if_over(work, &work->delete_id);
	if (!work->create_id && !work->delete_id) {
		work_free(work);
		return;
	}
	wait_for_clock(work, link_clock_is_off(work->gateway));
	if (link_clock_is_off(work->gateway)) {
		work_stop_controllers(work);
		work_step_in(work, CLOCK_OFF_FOR);
		return;
	}
	if (work->delete_id)
		delete_step(work, work_instruction(work, work->delete_id));
	else
		create_step(work, work_instruction(work, work->create_id));
}

/* ---- works ---- */

static struct work *work_of(struct gateway *gateway, const char *cluster_uid)
{
	list_each(&gateway->works, struct work, in_gateway, work)
	{
		if (!strcmp(work->cluster_uid, cluster_uid))
			return work;
	}
	return NULL;
}

static struct work *work_new(struct gateway *gateway, const json_t *instruction)
{
	struct work *work = xcalloc(1, sizeof(*work));

	work->gateway = gateway;
	work->cluster_uid = xstrdup(jstr(instruction, "clusterUid"));
	work->cluster_name = xstrdup(jstr(instruction, "clusterName"));
	work->ns = plan_namespace(work->cluster_uid);
	work->told = json_object();
	timer_init(&work->turn, take_turn);
	list_add(&gateway->works, &work->in_gateway);
	return work;
}

static void register_secrets(struct gateway *gateway, const json_t *instruction)
{
	static const char *const PATHS[][2] = {
		{ "maas-api-key", "account.apiKey" },
		{ "agent-token", "palette.agentToken" },
		{ "kubeconfig", "kubeconfig" },
	};

	for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++)
		secrets_add_foreign(gateway->host->secrets, PATHS[i][0],
		    jstr(instruction, PATHS[i][1]));
}

static void take_on(struct gateway *gateway, const json_t *instruction)
{
	struct work *work = work_of(gateway, jstr(instruction, "clusterUid"));
	bool is_delete = !strcmp(jstr(instruction, "kind"), "ClusterDelete");
	char **id;

	if (!work)
		work = work_new(gateway, instruction);
	id = is_delete ? &work->delete_id : &work->create_id;
	free(*id);
	*id = xstrdup(jstr(instruction, "id"));
	work->failures = 0;
	if (work->manager) {
		struct err err = { 0 };

		manager_set_key(
		    work->manager, jstr(instruction, "account.apiKey"), &err);
	}
	work_step_soon(work);
}

static bool is_readable(const json_t *instruction)
{
	const char *kind = jstr(instruction, "kind");

	return *jstr(instruction, "id") && *jstr(instruction, "clusterUid") &&
	       *jstr(instruction, "clusterName") &&
	       (!strcmp(kind, "ClusterCreate") ||
	           !strcmp(kind, "ClusterDelete"));
}

/* a create that comes after the delete of the same cluster. */
static bool is_too_late(struct gateway *gateway, const json_t *instruction)
{
	char *delete_id = xasprintf(
	    "delete-%s", jstr(instruction, "clusterUid"));
	bool late = !strcmp(jstr(instruction, "kind"), "ClusterCreate") &&
	            gateway_load(gateway, "Instruction", delete_id);

	free(delete_id);
	return late;
}

bool work_accept(struct gateway *gateway, const json_t *instruction)
{
	const char *id = jstr(instruction, "id");
	const json_t *old;
	json_t *obj;
	bool fresh, late;

	if (!is_readable(instruction)) {
		log_error(gateway->host,
		    "an instruction of Palette's cannot "
		    "be understood and is left alone (id \"%s\", kind "
		    "\"%s\")",
		    id, jstr(instruction, "kind"));
		return false;
	}
	old = gateway_load(gateway, "Instruction", id);
	if (old && jint(old, "spec.instruction.generation") >=
	               jint(instruction, "generation"))
		return true; /* G5: the second time is not a second order */
	fresh = !old || is_over(old);
	late = is_too_late(gateway, instruction);
	register_secrets(gateway, instruction);
	obj = fresh ? json_pack("{s:{s:s}, s:{s:s}}", "metadata", "name", id,
	                  "spec", "state", "pending")
	            : json_deep_copy(old);
	jset(obj, "spec.instruction", json_deep_copy(instruction));
	if (!save_instruction(gateway, obj))
		return false;
	log_info(gateway->host, "%s accepted (%s, generation %lld)", id,
	    jstr(instruction, "clusterName"),
	    (long long)jint(instruction, "generation"));
	if (late)
		store_state(gateway, id, WORK_DROPPED, "Deleted",
		    "the cluster's deletion had been ordered before");
	else
		take_on(gateway, instruction);
	return true;
}

void work_withdraw(struct gateway *gateway, const char *instruction_id)
{
	if (store_state(gateway, instruction_id, WORK_DROPPED, "Withdrawn",
	        "Palette has withdrawn it"))
		log_info(gateway->host, "%s withdrawn", instruction_id);
	/* Works notice at their next turn: between two actions. */
	work_wake_all(gateway);
}

void work_drop_cluster(struct gateway *gateway, const char *cluster_uid)
{
	struct work *work = work_of(gateway, cluster_uid);

	if (!work)
		return;
	if (work->create_id)
		work_withdraw(gateway, work->create_id);
	if (work->delete_id)
		work_withdraw(gateway, work->delete_id);
}

void work_wake_all(struct gateway *gateway)
{
	list_each(&gateway->works, struct work, in_gateway, work)
	    work_step_soon(work);
}

struct left { /* of a cluster that is somebody else's */
	struct buf machines;
	size_t count;
};

static bool note_left(void *ctx, const json_t *machine)
{
	struct left *left = ctx;
	const char *id = jstr(machine, "spec.systemID");

	if (*id)
		buf_addf(
		    &left->machines, "%s%s", left->count++ ? ", " : "", id);
	return true;
}

/* What others are responsible for is said once and not done. */
void work_disown(struct gateway *gateway, const char *cluster_uid)
{
	struct left left = { 0 };
	char *ns = plan_namespace(cluster_uid);

	outbox_drop_cluster(gateway, cluster_uid);
	work_drop_cluster(gateway, cluster_uid);
	if (work_of(gateway, cluster_uid)) {
		free(ns); /* it ends first; Palette says so again */
		return;
	}
	store_each(gateway->store, "MaasMachine", ns, NULL, note_left, &left);
	objects_purge(gateway, ns);
	gateway_forget(gateway, "Pivot", cluster_uid);
	log_warning(gateway->host,
	    "cluster %s is not this gateway's any more: its objects are "
	    "forgotten here, its machines left alone (%s)",
	    cluster_uid, left.count ? buf_text(&left.machines) : "none");
	buf_free(&left.machines);
	free(ns);
}

/* ---- what is known ---- */

struct known {
	json_t *ids;
	size_t pending, running;
};

static bool note_known(void *ctx, const json_t *obj)
{
	struct known *known = ctx;

	if (is_over(obj))
		return true;
	json_object_set_new(known->ids, jstr(obj, "metadata.name"),
	    json_integer((json_int_t)jint(obj, "spec.instruction.generation")));
	if (!strcmp(jstr(obj, "spec.state"), "running"))
		known->running++;
	else
		known->pending++;
	return true;
}

static struct known all_known(const struct gateway *gateway)
{
	struct known known = { .ids = json_object() };

	store_each(
	    gateway->store, "Instruction", NULL, NULL, note_known, &known);
	return known;
}

json_t *work_known(const struct gateway *gateway)
{
	return all_known(gateway).ids;
}

void work_count(const struct gateway *gateway, size_t *pending, size_t *running)
{
	struct known known = all_known(gateway);

	json_decref(known.ids);
	*pending = known.pending;
	*running = known.running;
}

bool work_news(struct work *work, const char *what, const char *text)
{
	json_t *old = json_object_get(work->told, what);

	if (old && !strcmp(json_string_value(old), text))
		return false;
	json_object_set_new(work->told, what, json_string(text));
	return true;
}

/* ---- life ---- */

static void objects_changed(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now)
{
	struct gateway *gateway = ctx;
	const char *ns = jstr(now ? now : old, "metadata.namespace");

	if (!kind->moves || !strcmp(kind->kind, "Secret"))
		return;
	list_each(&gateway->works, struct work, in_gateway, work)
	{
		if (!strcmp(work->ns, ns))
			work_step_soon(work);
	}
}

static bool revive(void *ctx, const json_t *obj)
{
	struct gateway *gateway = ctx;

	tell_state(gateway, obj);
	if (is_over(obj))
		return true;
	register_secrets(gateway, jget(obj, "spec.instruction"));
	take_on(gateway, jget(obj, "spec.instruction"));
	return true;
}

bool work_start(struct gateway *gateway)
{
	store_each(gateway->store, "Instruction", NULL, NULL, revive, gateway);
	gateway->watch = store_watch_add(
	    gateway->store, objects_changed, gateway);
	return true;
}

void work_stop(struct gateway *gateway)
{
	store_watch_remove(&gateway->watch);
	list_each(&gateway->works, struct work, in_gateway, work)
	    work_free(work);
}
