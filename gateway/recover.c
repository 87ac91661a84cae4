/*
 * recover: a deletion whose objects cannot be had.
 *
 * They are in the cluster, and its API is dead or cut off; or another gateway
 * had taken them back, or half of them, before the cluster was migrated here.
 * The operator has ordered a deletion all the same. What has not been got for
 * RECOVER_AFTER_FOR is then made anew from what Palette knows of the cluster's
 * machines and what MAAS holds for our user under the cluster's name and uid
 * (plan_remains), beside whatever of the objects is here already; from there
 * on it is an ordinary deletion, with all its care about whose a machine is
 * (G2, G8).
 *
 * And a deletion whose objects are all gone: before it is called done, MAAS is
 * looked through once more for machines under that name (a worker that a cut
 * off cluster took while it was being deleted; the first machine of a gateway
 * that died before anybody heard of it). They are released the same way.
 *
 * Only reading, until the objects are stored. Killed in between, it begins
 * anew: the phase "recovering" is stored before.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/maas_client.h"
#include "capi/plan.h"
#include "capi/reconcile.h"
#include "gateway/engine.h"

#define RECOVER_AFTER_FOR MINUTES(30)
/* Controllers that may live on the control plane are given so long to die with
 * it; a machine without power, which MAAS cannot release, holds up no other. */
#define CONTROL_PLANE_FIRST_FOR MINUTES(10)

/* An attempt fails about once in a hundred; so many in a row never do. */
#define MOST_ATTEMPTS 8

struct recovery {
	struct work *work;
	struct maas_client *client;
	struct maas_call *call;
	struct timer first; /* the first question is a turn of its own */
	json_t *machines;   /* name, systemId; attempt once it is found */
	size_t at;          /* the one that is asked for by name */
	unsigned attempt;
	size_t held;  /* found in MAAS */
	char *user;   /* whose key it is */
	bool is_last; /* all is deleted; is really nothing left? */
};

void recover_stop(struct work *work)
{
	struct recovery *recovery = work->recovery;

	if (!recovery)
		return;
	timer_cancel(&recovery->first);
	maas_cancel(&recovery->call);
	maas_client_free(&recovery->client);
	json_decref(recovery->machines);
	free(recovery->user);
	free(recovery);
	work->recovery = NULL;
}

/* ---- which machines ---- */

static json_t *listed(const json_t *machines, const char *name)
{
	json_t *machine;
	size_t i;

	json_array_foreach(machines, i, machine)
	{
		if (!strcmp(jstr(machine, "name"), name))
			return machine;
	}
	return NULL;
}

/* known: name, systemId, isControlPlane. */
static void list_machine(struct recovery *recovery, json_t *known)
{
	const struct work *work = recovery->work;
	const char *name = jstr(known, "name");

	if (*name && !listed(recovery->machines, name) &&
	    !store_get(work->gateway->store, "MaasMachine", work->ns, name))
		json_array_append(recovery->machines, known);
	json_decref(known);
}

static bool list_stored(void *ctx, const json_t *machine)
{
	bool control_plane = jhas(
	    machine, "metadata.labels[" CONTROL_PLANE_LABEL "]");

	list_machine(ctx,
	    json_pack("{s:s, s:s, s:b}", "name", jstr(machine, "metadata.name"),
	        "systemId", "", "isControlPlane", control_plane));
	return true;
}

/* Those that Palette knows and those whose Machine is here, but for those
 * whose MaasMachine is here: that one knows all about its machine. */
static void list_machines(struct recovery *recovery, const json_t *instruction)
{
	const struct work *work = recovery->work;
	json_t *machine;
	size_t i;

	json_array_foreach(json_object_get(instruction, "machines"), i, machine)
	    list_machine(recovery, json_deep_copy(machine));
	store_each(work->gateway->store, "Machine", work->ns, NULL, list_stored,
	    recovery);
}

/* One that MAAS holds under a name of this cluster's: "web-workers-0.2", what
 * is left of the name it was taken by. Palette may never have heard of it. */
static void list_held(
    struct recovery *recovery, const char *rest, const char *system_id)
{
	const char *dot = strrchr(rest, '.');
	unsigned long attempt = dot ? strtoul(dot + 1, NULL, 10) : 0;
	char *name = dot ? xstrndup(rest, (size_t)(dot - rest)) : NULL;
	json_t *machine;

	if (attempt > 0 && *name &&
	    store_get(recovery->work->gateway->store, "MaasMachine",
	        recovery->work->ns, name)) {
		recovery->held++; /* its object knows all about it */
	} else if (attempt > 0 && *name) {
		list_machine(
		    recovery, json_pack("{s:s, s:s, s:b}", "name", name,
		                  "systemId", "", "isControlPlane", 0));
		machine = listed(recovery->machines, name);
		/* Two attempts of one name: the other one is found when this
		 * one is gone. */
		if (!jhas(machine, "attempt")) {
			jsets(machine, "systemId", system_id);
			jseti(machine, "attempt", (int64_t)attempt);
			recovery->held++;
		}
	}
	free(name);
}

/* ---- the objects ---- */

/* The Machine is stored first, and hears of its MaasMachine by this. */
static void own(const struct work *work, json_t *obj)
{
	const json_t *machine = store_get(work->gateway->store, "Machine",
	    work->ns, jstr(obj, "metadata.name"));

	if (machine && !strcmp(jstr(obj, "kind"), "MaasMachine"))
		jadd(obj, "metadata.ownerReferences",
		    capi_owner_ref(machine, true));
}

static bool store_objects(struct recovery *recovery, const json_t *instruction)
{
	struct work *work = recovery->work;
	json_t *objects = plan_remains(instruction, recovery->machines);
	json_t *obj;
	size_t i;
	bool well = true;

	json_array_foreach(objects, i, obj)
	{
		own(work, obj);
		well = well && work_make_object(work, obj);
	}
	json_decref(objects);
	return well && work_unpause(work);
}

static void tell(const struct recovery *recovery, const json_t *instruction)
{
	struct work *work = recovery->work;
	size_t count = json_array_size(recovery->machines);
	char text[200];

	if (recovery->is_last)
		snprintf(text, sizeof(text),
		    "machines are still held in MAAS under the name of cluster "
		    "%s, of which nobody knew: they are released (%zu)",
		    work->cluster_name, count);
	else
		snprintf(text, sizeof(text),
		    "the objects of cluster %s cannot be had: it is deleted by "
		    "what Palette and MAAS know of its machines (%zu)",
		    work->cluster_name, count);
	log_warning(work->gateway->host, "%s", text);
	outbox_add(work->gateway, instruction, "event",
	    json_pack("{s:s, s:s, s:o}", "severity", "Warning", "reason",
	        recovery->is_last ? "MachinesFound" : "DeletedWithoutItsApi",
	        "message", json_text(text)));
}

static void drop_unfound(struct recovery *recovery)
{
	for (size_t i = json_array_size(recovery->machines); i-- > 0;)
		if (!jhas(json_array_get(recovery->machines, i), "attempt"))
			json_array_remove(recovery->machines, i);
}

static void all_found(struct recovery *recovery)
{
	struct work *work = recovery->work;
	const json_t *instruction = work_instruction(work, work->delete_id);

	if (recovery->is_last)
		drop_unfound(recovery);
	if (recovery->is_last && recovery->held == 0) {
		recover_stop(work);
		delete_finish(
		    work, "every machine of the cluster is back in MAAS");
		return;
	}
	if (!store_objects(recovery, instruction)) {
		recover_stop(work);
		work_retry(work);
		return;
	}
	tell(recovery, instruction);
	recover_stop(work);
	if (pivot_of(work))
		pivot_forget(work);
	kube_free(&work->workload);
	if (work_set_phase(work, work->delete_id, "deleting"))
		work_step_soon(work);
	else
		work_retry(work);
}

/* ---- what MAAS holds ---- */

/* with a key that was never good nothing was ever built. */
static bool was_never_built(
    const struct recovery *recovery, const struct maas_answer *answer)
{
	const struct work *work = recovery->work;
	const json_t *instruction = work_instruction(work, work->delete_id);

	return recovery->is_last && answer->kind == MAAS_DENIED &&
	       !*jstr(instruction, "kubeconfig") &&
	       jlen(instruction, "machines") == 0;
}

static void refused(struct recovery *recovery, const struct maas_answer *answer)
{
	struct work *work = recovery->work;
	bool never_built = was_never_built(recovery, answer);
	char text[480];

	snprintf(text, sizeof(text),
	    "MAAS does not list the machines of cluster %s: %s (%s)",
	    work->cluster_name, answer->text, maas_answer_name(answer->kind));
	recover_stop(work);
	if (never_built) {
		delete_finish(work,
		    "MAAS refuses the key, and nothing is known to have been "
		    "built with it");
		return;
	}
	work_set_state(
	    work, work->delete_id, WORK_WAITING, "MaasUnavailable", text);
	work_retry(work);
}

static void named_answered(void *ctx, const struct maas_answer *answer);

/* Whose name was not read on a machine is asked for by it: between the two
 * requests that take a machine and write its name on it, somebody died. */
static void ask_by_name(struct recovery *recovery)
{
	struct work *work = recovery->work;
	struct buf path = BUF_INIT;
	json_t *machine;
	char *name;

	while ((machine = json_array_get(recovery->machines, recovery->at)) &&
	       jhas(machine, "attempt"))
		recovery->at++;
	if (!machine) {
		all_found(recovery);
		return;
	}
	recovery->attempt++;
	name = plan_agent_name(work->cluster_name, work->ns,
	    jstr(machine, "name"), recovery->attempt);
	buf_adds(&path, "machines/?agent_name=");
	buf_add_percent(&path, name);
	recovery->call = maas_send(recovery->client, "GET", buf_text(&path),
	    NULL, named_answered, recovery);
	buf_free(&path);
	free(name);
}

static void named_answered(void *ctx, const struct maas_answer *answer)
{
	struct recovery *recovery = ctx;
	json_t *machine = json_array_get(recovery->machines, recovery->at);
	const char *id = jstr(answer->body, "[0].system_id");

	recovery->call = NULL;
	if (answer->kind != MAAS_OK || !json_is_array(answer->body)) {
		refused(recovery, answer);
		return;
	}
	if (*id && !strcmp(jstr(answer->body, "[0].owner"), recovery->user)) {
		jsets(machine, "systemId", id);
		jseti(machine, "attempt", recovery->attempt);
		recovery->held++;
	}
	if (jhas(machine, "attempt") || recovery->attempt == MOST_ATTEMPTS) {
		recovery->at++;
		recovery->attempt = 0;
	}
	ask_by_name(recovery);
}

/* Ours, provably: of the user whose key we have, and with a name on it that
 * this engine made for this very cluster (G2). */
static void machines_here(void *ctx, const struct maas_answer *answer)
{
	struct recovery *recovery = ctx;
	const struct work *work = recovery->work;
	char *prefix = plan_agent_prefix(work->cluster_name, work->ns);
	size_t len = strlen(prefix), i;
	json_t *machine;

	recovery->call = NULL;
	if (answer->kind != MAAS_OK || !json_is_array(answer->body)) {
		free(prefix);
		refused(recovery, answer);
		return;
	}
	json_array_foreach((json_t *)(uintptr_t)answer->body, i, machine)
	{
		const char *name = jstr(
		    machine, "owner_data[" MAAS_NAME_KEY "]");

		if (!strncmp(name, prefix, len) &&
		    !strcmp(jstr(machine, "owner"), recovery->user) &&
		    *jstr(machine, "system_id"))
			list_held(
			    recovery, name + len, jstr(machine, "system_id"));
	}
	free(prefix);
	ask_by_name(recovery);
}

/* a list without a key is a list of everybody's machines. */
static void user_here(void *ctx, const struct maas_answer *answer)
{
	struct recovery *recovery = ctx;
	const char *user = jstr(answer->body, "username");
	struct buf path = BUF_INIT;

	recovery->call = NULL;
	if (answer->kind != MAAS_OK || !*user) {
		refused(recovery, answer);
		return;
	}
	recovery->user = xstrdup(user);
	buf_adds(&path, "machines/?owner=");
	buf_add_percent(&path, user);
	recovery->call = maas_send(recovery->client, "GET", buf_text(&path),
	    NULL, machines_here, recovery);
	buf_free(&path);
}

/* ---- the steps ---- */

/* The first that any gateway takes, of a cluster of which nothing is here. */
static void list_first_machine(struct recovery *recovery)
{
	char *name = xasprintf("%s-cp-0", recovery->work->cluster_name);

	list_machine(recovery, json_pack("{s:s, s:s, s:b}", "name", name,
	                           "systemId", "", "isControlPlane", 1));
	free(name);
}

static void ask_whose_key(struct timer *timer)
{
	struct recovery *recovery = OWNER_OF(timer, struct recovery, first);

	recovery->call = maas_send(recovery->client, "GET", "users/?op=whoami",
	    NULL, user_here, recovery);
}

static void begin(struct work *work, const json_t *instruction, bool is_last)
{
	struct recovery *recovery = xcalloc(1, sizeof(*recovery));
	struct maas_account account = work_account(work, instruction);
	struct err err = { 0 };

	check(!work->recovery);
	work->recovery = recovery;
	recovery->work = work;
	recovery->is_last = is_last;
	recovery->machines = json_array();
	timer_init(&recovery->first, ask_whose_key);
	recovery->client = maas_client_new(work->gateway->host, &account, &err);
	if (!recovery->client) {
		recover_stop(work);
		work_set_state(work, work->delete_id, WORK_WAITING,
		    "BadAccount", err.text);
		work_retry(work);
		return;
	}
	if (!is_last)
		list_machines(recovery, instruction);
	else if (!work_cluster(work) &&
	         strcmp(work_phase(work, work->delete_id), "deleting"))
		list_first_machine(recovery);
	timer_set(&recovery->first, work->gateway->host->loop, 0);
}

void recover_step(struct work *work, const json_t *instruction)
{
	begin(work, instruction, false);
}

void recover_look_again(struct work *work, const json_t *instruction)
{
	begin(work, instruction, true);
}

bool recover_begin(struct work *work)
{
	if (!work_set_phase(work, work->delete_id, "recovering"))
		return false;
	work->failures = 0;
	work_step_soon(work);
	return true;
}

/* What an operator or our own disk has to mend is waited for; what a dead
 * cluster or a gateway that is gone has left behind is not. */
bool recover_is_due(const struct work *work, const struct err *err)
{
	usec since_time = work_waiting_since(work, work->delete_id);

	return work->delete_id && err->kind != ERR_REFUSED &&
	       err->kind != ERR_STORAGE && since_time > 0 &&
	       host_time(work->gateway->host) - since_time >= RECOVER_AFTER_FOR;
}

static bool note_name(void *ctx, const json_t *obj)
{
	json_array_append_new(ctx, json_string(jstr(obj, "metadata.name")));
	return true;
}

static void end_all_machines(struct work *work)
{
	json_t *names = json_array(), *name;
	const json_t *left = NULL;
	size_t i;

	store_each(
	    work->gateway->store, "Machine", work->ns, NULL, note_name, names);
	json_array_foreach(names, i, name)
	{
		struct api_status status = { 0 };

		store_delete(work->gateway->store, "Machine", work->ns,
		    json_string_value(name), NULL, &left, &status);
		api_status_free(&status);
	}
	json_decref(names);
}

void recover_go_on(struct work *work, const json_t *cluster)
{
	usec since_time, end_time;

	if (!jhas(cluster, "metadata.annotations[" PLAN_REMAINS_NOTE "]") ||
	    !time_parse(
	        jstr(cluster, "metadata.deletionTimestamp"), &since_time))
		return;
	end_time = since_time + CONTROL_PLANE_FIRST_FOR;
	if (host_time(work->gateway->host) < end_time)
		work_step_in(work, end_time - host_time(work->gateway->host));
	else
		end_all_machines(work);
}
