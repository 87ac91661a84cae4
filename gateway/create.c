/*
 * create: the steps of a ClusterCreate.
 *
 *	(begin)    the Cluster API objects of one control-plane machine; but of
 *	           a cluster that another gateway had begun with, only if it
 *	           had not handed it over
 *	building   the controllers work; we wait for the API and the node
 *	providers  the cluster gets what it needs to manage itself
 *	pivot      its objects move there
 *	           and from then on we neither call nor are called
 *
 * The phase is stored before its first action; each action may be repeated.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/plan.h"
#include "gateway/engine.h"

#define LOOK_AGAIN_FOR SECONDS(10)

/* ---- telling Palette ---- */

static const char *pool_of(const json_t *instruction, bool control_plane)
{
	json_t *pool;
	size_t i;

	json_array_foreach(json_object_get(instruction, "pools"), i, pool)
	{
		if (jbool(pool, "isControlPlane") == control_plane)
			return jstr(pool, "name");
	}
	return "";
}

struct telling {
	struct work *work;
	const json_t *instruction;
};

static bool tell_machine(void *ctx, const json_t *machine)
{
	struct telling *t = ctx;
	struct work *work = t->work;
	const char *name = jstr(machine, "metadata.name");
	const json_t *infra = store_get(
	    work->gateway->store, "MaasMachine", work->ns, name);
	bool control_plane = jhas(
	    machine, "metadata.labels[cluster.x-k8s.io/control-plane]");
	char what[160], text[400];

	snprintf(what, sizeof(what), "machine/%s", name);
	snprintf(text, sizeof(text), "%s %s %s %s",
	    jstr(machine, "status.phase"), jstr(infra, "spec.systemID"),
	    jstr(machine, "status.addresses[0].address"),
	    jstr(infra, "status.hostname"));
	if (!*jstr(machine, "status.phase") || !work_news(work, what, text))
		return true;
	outbox_add(work->gateway, t->instruction, "machine",
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", name, "pool",
	        pool_of(t->instruction, control_plane), "state",
	        jstr(machine, "status.phase"), "systemId",
	        jstr(infra, "spec.systemID"), "address",
	        jstr(machine, "status.addresses[0].address"), "hostname",
	        jstr(infra, "status.hostname")));
	return true;
}

/* Cluster API's conditions in Palette's words. */
static const char *const CONDITIONS[][2] = {
	{ "InfrastructureReady", "CloudInfrastructureReady" },
	{ "ControlPlaneInitialized", "BootstrappingDone" },
	{ "ControlPlaneReady", "BootstrapReady" },
};

static void tell_condition(struct work *work, const json_t *instruction,
    const json_t *condition, const char *name)
{
	char what[80], text[500];

	snprintf(what, sizeof(what), "condition/%s", name);
	snprintf(text, sizeof(text), "%s %s %s", jstr(condition, "status"),
	    jstr(condition, "reason"), jstr(condition, "message"));
	if (!work_news(work, what, text))
		return;
	outbox_add(work->gateway, instruction, "condition",
	    json_pack("{s:s, s:s, s:s, s:s}", "type", name, "status",
	        jstr(condition, "status"), "reason", jstr(condition, "reason"),
	        "message", jstr(condition, "message")));
}

static void tell_conditions(struct work *work, const json_t *instruction)
{
	json_t *condition;
	size_t i;

	json_array_foreach(
	    jget(work_cluster(work), "status.conditions"), i, condition)
	{
		const char *type = jstr(condition, "type");

		for (size_t k = 0;
		     k < sizeof(CONDITIONS) / sizeof(CONDITIONS[0]); k++) {
			if (!strcmp(type, CONDITIONS[k][0]))
				tell_condition(work, instruction, condition,
				    CONDITIONS[k][1]);
		}
	}
}

void create_tell(struct work *work, const json_t *instruction)
{
	struct telling t = { work, instruction };

	store_each(
	    work->gateway->store, "Machine", work->ns, NULL, tell_machine, &t);
	tell_conditions(work, instruction);
}

/* ---- objects ---- */

static void make_objects(struct work *work, const json_t *instruction)
{
	struct plan_settings settings = { .proxies = &work->gateway->proxies };
	struct err err = { 0 };
	json_t *objects = plan_cluster(instruction, &settings, &err);
	json_t *obj;
	size_t i;

	if (!objects) {
		work_finish(work, work->create_id, "failed", err.text);
		return;
	}
	json_array_foreach(objects, i, obj)
	{
		if (!work_make_object(work, obj)) {
			work_retry(work);
			json_decref(objects);
			return;
		}
	}
	json_decref(objects);
	work_set_state(work, work->create_id, WORK_RUNNING, "", "");
	if (work_set_phase(work, work->create_id, "building"))
		work_step_soon(work);
	else
		work_retry(work);
}

/* ---- had another gateway come further? ---- */

static void build_anew(struct work *work)
{
	kube_free(&work->workload);
	make_objects(work, work_instruction(work, work->create_id));
}

static void api_failed(struct work *work, const struct kube_answer *answer);

/* the cluster was migrated to us while it was being created. Whoever
 * runs by itself is left alone; half of a hand-over is for somebody to look
 * at; and what was never handed over is built anew. */
static void there_seen(void *ctx, const struct kube_answer *answer)
{
	struct work *work = ctx;
	char text[300];

	work->call = NULL;
	if (answer->status == 404) {
		build_anew(work);
	} else if (answer->status != 200) {
		api_failed(work, answer);
	} else if (jbool(answer->body, "spec.paused")) {
		snprintf(text, sizeof(text),
		    "another gateway had begun to hand cluster %s over and "
		    "did not finish: if it does not soon, delete the cluster",
		    work->cluster_name);
		work_set_state(work, work->create_id, WORK_WAITING,
		    "PivotUnfinished", text);
		work_retry(work);
	} else {
		kube_free(&work->workload);
		work_finish(work, work->create_id, "done",
		    "the cluster manages itself: another gateway had handed "
		    "it over");
	}
}

static void begin(struct work *work, const json_t *instruction)
{
	const char *kubeconfig = jstr(instruction, "kubeconfig");
	struct err err = { 0 };

	if (!*kubeconfig || work_cluster(work)) {
		make_objects(work, instruction);
		return;
	}
	if (!work->workload)
		work->workload = kube_from_kubeconfig(
		    work->gateway->host, kubeconfig, &err);
	if (!work->workload) {
		work_set_state(work, work->create_id, WORK_WAITING,
		    "BadKubeconfig", err.text);
		work_retry(work);
		return;
	}
	work_begin(work, work->create_id);
	work->call = kube_get(work->workload, "Cluster", work->ns,
	    work->cluster_name, there_seen, work);
}

/* ---- building ---- */

static bool lacks_node(void *ctx, const json_t *machine)
{
	bool *lacks = ctx;

	if (!*jstr(machine, "status.nodeRef.name"))
		*lacks = true;
	return !*lacks;
}

static bool is_built(const struct work *work)
{
	const json_t *cluster = work_cluster(work);
	bool lacks = false;

	store_each(work->gateway->store, "Machine", work->ns, NULL, lacks_node,
	    &lacks);
	return cluster && jbool(cluster, "status.infrastructureReady") &&
	       jbool(cluster, "status.controlPlaneReady") && !lacks;
}

static bool connect(struct work *work)
{
	struct gateway *gateway = work->gateway;
	char *name = xasprintf("%s-kubeconfig", work->cluster_name);
	const json_t *secret = store_get(
	    gateway->store, "Secret", work->ns, name);
	const char *value = jstr(secret, "data.value");
	struct buf text = BUF_INIT;
	struct err err = { 0 };

	free(name);
	if (work->workload)
		return true;
	buf_add_unbase64(&text, value, strlen(value));
	if (text.len == 0) /* it has been moved: a pivot is half done */
		buf_adds(&text, pivot_kubeconfig(work));
	if (text.len == 0) {
		buf_free(&text);
		return false;
	}
	work->workload = kube_from_kubeconfig(
	    gateway->host, buf_text(&text), &err);
	if (!work->workload)
		log_error(gateway->host, "kubeconfig of %s: %s",
		    work->cluster_name, err.text);
	buf_free(&text);
	return work->workload != NULL;
}

static void build(struct work *work, const json_t *instruction)
{
	if (!work_run_controllers(work, instruction)) {
		work_retry(work);
		return;
	}
	if (!is_built(work) || !connect(work))
		return; /* woken when an object changes */
	work_set_state(work, work->create_id, WORK_RUNNING, "", "");
	if (work_set_phase(work, work->create_id, "providers"))
		work_step_soon(work);
	else
		work_retry(work);
}

/* ---- providers ---- */

static void tell_access(struct work *work, const json_t *instruction)
{
	const json_t *cluster = work_cluster(work);
	char *name = xasprintf("%s-kubeconfig", work->cluster_name);
	const json_t *secret = store_get(
	    work->gateway->store, "Secret", work->ns, name);
	struct buf text = BUF_INIT;

	free(name);
	if (!work_news(work, "access", "told"))
		return;
	outbox_add(work->gateway, instruction, "endpoint",
	    json_pack("{s:s, s:I}", "host",
	        jstr(cluster, "spec.controlPlaneEndpoint.host"), "port",
	        (json_int_t)jint(cluster, "spec.controlPlaneEndpoint.port")));
	if (buf_add_unbase64(&text, jstr(secret, "data.value"),
	        strlen(jstr(secret, "data.value"))))
		outbox_add(work->gateway, instruction, "kubeconfig",
		    json_pack("{s:s}", "value", buf_text(&text)));
	buf_free(&text);
}

static void api_failed(struct work *work, const struct kube_answer *answer)
{
	char text[480];

	if (answer->err)
		snprintf(text, sizeof(text), "the API of cluster %s: %s",
		    work->cluster_name, answer->err->text);
	else
		snprintf(text, sizeof(text),
		    "the API of cluster %s answers %d: %s", work->cluster_name,
		    answer->status, jstr(answer->body, "message"));
	log_warning(work->gateway->host, "%s", text);
	if (work->failures >= 3)
		work_set_state(work, work->create_id, WORK_WAITING,
		    "ClusterUnreachable", text);
	work_retry(work);
}

static void provider_made(void *ctx, const struct kube_answer *answer)
{
	struct work *work = ctx;

	work->call = NULL;
	if (answer->status == 201 || answer->status == 409) {
		work->installed++;
		work->failures = 0;
		work_step_soon(work);
		return;
	}
	api_failed(work, answer);
}

static bool is_ready(const json_t *list, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(list, "items"), i, item)
	{
		if (!strcmp(jstr(item, "metadata.name"), name))
			return jint(item, "status.readyReplicas") >= 1;
	}
	return false;
}

/* What waits for what, in the cluster that is about to stand on its own: its
 * agent must have reached Palette, its Cluster API service MAAS
 * or the hand-over would strand it. */
static void deployments_seen(void *ctx, const struct kube_answer *answer)
{
	struct work *work = ctx;

	work->call = NULL;
	if (answer->status != 200) {
		api_failed(work, answer);
		return;
	}
	work->failures = 0;
	if (!is_ready(answer->body, "cluster-management-agent")) {
		work_set_state(work, work->create_id, WORK_WAITING,
		    "WaitingForAgent",
		    "the agent in the new cluster has not "
		    "reached Palette yet");
		work_step_in(work, LOOK_AGAIN_FOR);
	} else if (!is_ready(answer->body, "capi-service")) {
		work_set_state(work, work->create_id, WORK_WAITING,
		    "WaitingForProviders",
		    "the new cluster's Cluster API "
		    "service has not reached MAAS yet");
		work_step_in(work, LOOK_AGAIN_FOR);
	} else {
		work_set_state(work, work->create_id, WORK_RUNNING, "", "");
		if (work_set_phase(work, work->create_id, "pivot"))
			work_step_soon(work);
		else
			work_retry(work);
	}
}

static void install(struct work *work, const json_t *instruction)
{
	struct err err = { 0 };
	json_t *objects = plan_providers(instruction, &err);
	const json_t *obj = json_array_get(objects, work->installed);

	if (!objects) {
		work_finish(work, work->create_id, "failed", err.text);
		return;
	}
	/* A bare metal node that was ready may need its controllers still. */
	if (!work_run_controllers(work, instruction) || !connect(work))
		work_retry(work);
	else if (obj)
		work->call = kube_create(work->workload, jstr(obj, "kind"), obj,
		    provider_made, work);
	else {
		tell_access(work, instruction);
		work->call = kube_list(work->workload, "Deployment", work->ns,
		    NULL, deployments_seen, work);
	}
	json_decref(objects);
}

/* ---- pivot ---- */

static void hand_over(struct work *work, const json_t *instruction)
{
	/* With neither a pivot nor a Cluster here we were killed between the
	 * last two lines of this very block. */
	if (pivot_of(work) ? pivot_phase(work) == MOVE_DONE
	                   : !work_cluster(work)) {
		work_purge(work);
		pivot_forget(work);
		work_finish(work, work->create_id, "done",
		    "the cluster manages itself");
		return;
	}
	/* No call of ours to MAAS may be under way while the objects move
	 * (I4): stop between two actions. */
	if (work->manager && !manager_idle(work->manager)) {
		work_step_in(work, MILLISECONDS(200));
		return;
	}
	work_stop_controllers(work);
	if (!connect(work)) {
		work_retry(work);
		return;
	}
	(void)instruction;
	pivot_run(work, true);
}

struct create_phase {
	const char *name;
	void (*step)(struct work *work, const json_t *instruction);
};
static const struct create_phase PHASES[] = {
	{ "", begin },
	{ "building", build },
	{ "providers", install },
	{ "pivot", hand_over },
};

void create_step(struct work *work, const json_t *instruction)
{
	const char *phase = work_phase(work, work->create_id);

	create_tell(work, instruction);
	for (size_t i = 0; i < sizeof(PHASES) / sizeof(PHASES[0]); i++) {
		if (!strcmp(PHASES[i].name, phase)) {
			PHASES[i].step(work, instruction);
			return;
		}
	}
	work_finish(work, work->create_id, "failed",
	    "the stored phase of this instruction is not one of ours: was "
	    "the store written by another version?");
}
