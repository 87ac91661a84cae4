#include "sim/workload/pod.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/tls.h"
#include "capi/store.h"
#include "sim/workload/cluster.h"
#include "sim/workload/machine.h"
#include "sim/workload/node.h"
#include "sim/workload/parts.h"
#include "sim/workload/program.h"
#include "sim/workload/rules.h"

#define START_FOR        SECONDS(5)
#define RESTART_FOR      SECONDS(10)
#define MOST_RESTART_FOR MINUTES(5)
#define EVICT_FOR        MINUTES(5) /* tolerationSeconds of every pod: 300 */
#define FINE_FOR         MINUTES(10) /* ran that long: its back-off starts anew */

enum pod_stage {
	POD_PENDING,  /* no node would take it */
	POD_STARTING, /* bound to a node; the timer starts it */
	POD_RUNNING,
	POD_ENDING, /* it said that it ends; the timer stops it */
	POD_LOST,   /* its node is silent; the timer evicts it */
};

struct pod {
	struct pod *next;
	struct cluster *cluster;
	const struct program *program;
	char *ns, *deployment, *account, *token, *host_name;
	enum pod_stage stage;
	struct timer timer;
	struct machine *node, *api; /* whose API server it talks to */
	struct host *host;
	struct kube *kube;
	void *running;
	bool is_ready; /* as its program says */
	usec started_at;
	unsigned restarts;
};

static void pod_timer(struct timer *timer);

/* ---- running ---- */

static void write_status(struct pod *pod)
{
	bool ready = pod->stage == POD_RUNNING && pod->is_ready;
	json_t *patch = json_object(), *condition = json_object();
	struct api_status status = { 0 };

	if (!cluster_api(pod->cluster)) {
		json_decref(patch);
		json_decref(condition);
		return;
	}
	jseti(patch, "status.replicas", 1);
	jseti(patch, "status.updatedReplicas", 1);
	jseti(patch, "status.readyReplicas", ready);
	jseti(patch, "status.availableReplicas", ready);
	jsets(condition, "type", "Available");
	jsets(condition, "status", ready ? "True" : "False");
	jadd(patch, "status.conditions", condition);
	store_patch(pod->cluster->store, "Deployment", pod->ns, pod->deployment,
	    patch, true, &status);
	api_status_free(&status);
	json_decref(patch);
}

static void take_down(struct pod *pod, bool quietly)
{
	struct host_maker *hosts = &pod->cluster->workload->options.hosts;

	timer_cancel(&pod->timer);
	if (!pod->host)
		return;
	pod->host->dead = true;
	if (pod->running)
		pod->program->stop(pod->running);
	pod->running = NULL;
	pod->is_ready = false;
	kube_free(&pod->kube);
	hosts->drop(hosts->ctx, &pod->host, quietly);
	pod->host = NULL;
	pod->api = NULL;
	account_revoke(pod->cluster, pod->token);
	free(pod->token);
	pod->token = NULL;
}

static void enter(struct pod *pod, enum pod_stage stage, usec wait_for)
{
	pod->stage = stage;
	timer_cancel(&pod->timer);
	if (wait_for >= 0)
		timer_set(&pod->timer, pod->cluster->etcd.loop, wait_for);
}

static usec restart_wait(struct pod *pod)
{
	usec wait_for = RESTART_FOR;

	if (loop_now(pod->cluster->etcd.loop) - pod->started_at > FINE_FOR)
		pod->restarts = 0;
	for (unsigned i = 0; i < pod->restarts && i < 6; i++)
		wait_for *= 2;
	pod->restarts++;
	return wait_for < MOST_RESTART_FOR ? wait_for : MOST_RESTART_FOR;
}

static void program_ready(void *ctx, bool is_ready)
{
	struct pod *pod = ctx;

	check(pod->running);
	if (pod->is_ready == is_ready)
		return;
	pod->is_ready = is_ready;
	write_status(pod);
}

static void program_ended(void *ctx, const char *why)
{
	struct pod *pod = ctx;

	events_note(pod->cluster->etcd.events, pod->host_name,
	    pod->cluster->thing, "%s ended: %s", pod->program->name, why);
	enter(pod, POD_ENDING, 0);
}

/* The Service "kubernetes" is known inside the cluster only: X-067, without its
 * NO_PROXY entry a proxy is asked for it, in vain. */
static bool open_api(struct pod *pod, struct err *err)
{
	static const char service[] = "kubernetes.default.svc";
	const char *proxy = proxy_for(
	    &pod->node->os.runtime, true, service, 6443);
	const struct kube_remote_options options = {
		.host = service,
		.port = 6443,
		.connect_to = proxy ? NULL : pod->api->disk.offer.address,
		.ca_pem = pod->cluster->ca->cert_pem,
		.token = pod->token,
		.proxy = proxy,
	};

	pod->kube = kube_remote(pod->host, &options, err);
	return pod->kube != NULL;
}

static bool bring_up(struct pod *pod, struct err *err)
{
	struct host_maker *hosts = &pod->cluster->workload->options.hosts;
	struct program_start start;

	pod->host = hosts->make(hosts->ctx, pod->host_name,
	    pod->node->disk.offer.address, false, err);
	if (!pod->host)
		return false;
	pod->token = xstrdup(
	    account_token(pod->cluster, pod->ns, pod->account));
	if (!open_api(pod, err))
		return false;
	start = (struct program_start){
		.host = pod->host,
		.kube = pod->kube,
		.cluster_thing = pod->cluster->thing,
		.ns = pod->ns,
		.proxies = &pod->node->os.runtime,
		.trusted_pem = os_trusted_pem(&pod->node->disk.files),
		.ready = program_ready,
		.ended = program_ended,
		.ctx = pod,
	};
	pod->started_at = loop_now(pod->cluster->etcd.loop);
	pod->running = pod->program->start(&start);
	return true;
}

static void start(struct pod *pod)
{
	struct err err;

	pod->api = cluster_api(pod->cluster);
	if (!pod->api) {
		enter(pod, POD_STARTING, -1); /* pod_look_at_all goes on */
		return;
	}
	enter(pod, POD_RUNNING, -1);
	if (!bring_up(pod, &err)) {
		events_note(pod->cluster->etcd.events, pod->host_name,
		    pod->cluster->thing, "%s cannot start: %s",
		    pod->program->name, err.text);
		take_down(pod, false);
		enter(pod, POD_STARTING, restart_wait(pod));
		return;
	}
	write_status(pod);
}

/* ---- where to ---- */

static bool may_run_on(const struct pod *pod, const struct machine *m)
{
	return m->disk.cluster == pod->cluster &&
	       (m->disk.control_plane ||
	           !pod->program->on_control_plane_only) &&
	       node_can_run(pod->cluster, m, pod->program->on_ready_node_only);
}

static struct machine *place_for(const struct pod *pod)
{
	const struct workload *workload = pod->cluster->workload;

	for (size_t i = 0; i < workload->machine_count; i++)
		if (may_run_on(pod, workload->machines[i]))
			return workload->machines[i];
	return NULL;
}

static void schedule(struct pod *pod)
{
	pod->node = place_for(pod);
	if (pod->node)
		enter(pod, POD_STARTING, START_FOR);
	else
		enter(pod, POD_PENDING, -1);
}

static void pod_timer(struct timer *timer)
{
	struct pod *pod = OWNER_OF(timer, struct pod, timer);

	switch (pod->stage) {
	case POD_STARTING:
		if (may_run_on(pod, pod->node))
			start(pod);
		else
			enter(pod, POD_LOST, EVICT_FOR);
		return;
	case POD_ENDING:
		take_down(pod, false);
		write_status(pod);
		enter(pod, POD_STARTING, restart_wait(pod));
		return;
	case POD_LOST:
		if (cluster_api(pod->cluster))
			schedule(pod);
		else /* nobody evicts while there is no control plane */
			enter(pod, POD_LOST, EVICT_FOR);
		return;
	case POD_PENDING:
	case POD_RUNNING:
		break;
	}
	unreachable("a pod's timer fired while nothing took time");
}

void pod_machine_down(struct cluster *cluster, struct machine *machine)
{
	for (struct pod *pod = cluster->pods; pod; pod = pod->next) {
		if (pod->node == machine && pod->stage != POD_PENDING &&
		    pod->stage != POD_LOST) {
			take_down(pod, true);
			enter(pod, POD_LOST, EVICT_FOR);
		} else if (pod->api == machine) {
			/* Its connection to the API is gone; a controller
			 * ends when it loses its lease. */
			enter(pod, POD_ENDING, 0);
		}
	}
}

/* ---- Deployments ---- */

static bool is_for(const struct pod *pod, const json_t *deployment)
{
	return strcmp(pod->ns, jstr(deployment, "metadata.namespace")) == 0 &&
	       strcmp(pod->deployment, jstr(deployment, "metadata.name")) == 0;
}

static struct pod *pod_of(struct cluster *cluster, const json_t *deployment)
{
	for (struct pod *pod = cluster->pods; pod; pod = pod->next)
		if (is_for(pod, deployment))
			return pod;
	return NULL;
}

static const char *image_of(const json_t *deployment)
{
	return jstr(deployment, "spec.template.spec.containers[0].image");
}

static void pod_new(struct cluster *cluster, const json_t *deployment,
    const struct program *program)
{
	const char *account = jstr(
	    deployment, "spec.template.spec.serviceAccountName");
	struct pod **end = &cluster->pods;
	struct pod *pod = xcalloc(1, sizeof(*pod));

	while (*end)
		end = &(*end)->next;
	*end = pod;
	pod->cluster = cluster;
	pod->program = program;
	pod->ns = xstrdup(jstr(deployment, "metadata.namespace"));
	pod->deployment = xstrdup(jstr(deployment, "metadata.name"));
	pod->account = xstrdup(account[0] ? account : "default");
	pod->host_name = xasprintf("%s/%s", cluster->thing, program->name);
	pod->stage = POD_PENDING;
	timer_init(&pod->timer, pod_timer);
}

static void pod_free(struct pod *pod)
{
	take_down(pod, false);
	free(pod->ns);
	free(pod->deployment);
	free(pod->account);
	free(pod->host_name);
	free(pod);
}

/* An API server would not take it: apps/v1 validation. */
static bool selects_its_own(const json_t *deployment)
{
	json_t *wanted = jget(deployment, "spec.selector.matchLabels");
	const json_t *labels = jget(
	    deployment, "spec.template.metadata.labels");
	const char *key;
	json_t *value;

	json_object_foreach(wanted, key, value)
	{
		if (!json_equal(json_object_get(labels, key), value))
			return false;
	}
	return json_object_size(wanted) > 0;
}

/* The ServiceAccount admission's rule; every namespace has a "default". */
static bool has_account(struct cluster *cluster, const json_t *deployment)
{
	const char *account = jstr(
	    deployment, "spec.template.spec.serviceAccountName");

	return !account[0] || strcmp(account, "default") == 0 ||
	       store_get(cluster->store, "ServiceAccount",
	           jstr(deployment, "metadata.namespace"), account);
}

static bool look_at_deployment(void *ctx, const json_t *deployment)
{
	struct cluster *cluster = ctx;
	const struct program *program = program_of_image(image_of(deployment));

	if (jint(deployment, "spec.replicas") < 1 ||
	    jhas(deployment, "metadata.deletionTimestamp") ||
	    pod_of(cluster, deployment) || !selects_its_own(deployment) ||
	    !has_account(cluster, deployment))
		return true;
	if (program)
		pod_new(cluster, deployment, program);
	else
		workload_complain(cluster->workload,
		    "%s: Deployment %s runs image \"%s\", which is not "
		    "modelled",
		    cluster->thing, jstr(deployment, "metadata.name"),
		    image_of(deployment));
	return true;
}

static bool is_wanted(const struct pod *pod)
{
	const json_t *deployment = store_get(
	    pod->cluster->store, "Deployment", pod->ns, pod->deployment);

	return deployment && !jhas(deployment, "metadata.deletionTimestamp") &&
	       jint(deployment, "spec.replicas") >= 1 &&
	       program_of_image(image_of(deployment)) == pod->program;
}

static void drop_unwanted(struct cluster *cluster)
{
	struct pod **at = &cluster->pods;

	while (*at) {
		struct pod *pod = *at;

		if (is_wanted(pod)) {
			at = &pod->next;
			continue;
		}
		*at = pod->next;
		pod_free(pod);
	}
}

/* A node that is back before the eviction starts what it ran. */
static void go_on(struct pod *pod)
{
	if (pod->stage == POD_PENDING)
		schedule(pod);
	else if (pod->stage == POD_LOST && may_run_on(pod, pod->node))
		enter(pod, POD_STARTING, RESTART_FOR);
	else if (pod->stage == POD_LOST &&
	         !node_exists(pod->cluster, pod->node))
		schedule(pod); /* pods of a deleted Node go with it */
	else if (pod->stage == POD_STARTING && !timer_is_set(&pod->timer))
		enter(pod, POD_STARTING, START_FOR);
}

void pod_look_at_all(struct cluster *cluster)
{
	store_each(cluster->store, "Deployment", NULL, NULL, look_at_deployment,
	    cluster);
	drop_unwanted(cluster);
	for (struct pod *pod = cluster->pods; pod; pod = pod->next)
		go_on(pod);
}

void pod_free_all(struct cluster *cluster)
{
	while (cluster->pods) {
		struct pod *pod = cluster->pods;

		cluster->pods = pod->next;
		pod_free(pod);
	}
}

/* ---- for scenarios ---- */

static struct pod *pod_named(const struct cluster *cluster, const char *program)
{
	for (struct pod *pod = cluster->pods; pod; pod = pod->next)
		if (strcmp(pod->program->name, program) == 0)
			return pod;
	return NULL;
}

static bool is_alive(const struct pod *pod)
{
	return pod && pod->running && !pod->host->dead;
}

const struct machine *pod_node(
    const struct cluster *cluster, const char *program)
{
	const struct pod *pod = pod_named(cluster, program);

	return is_alive(pod) ? pod->node : NULL;
}

bool pod_kill(struct cluster *cluster, const char *program)
{
	struct pod *pod = pod_named(cluster, program);

	if (!is_alive(pod))
		return false;
	/* The blow may come from inside one of its own calls: from here on it
	 * has no effect, and is taken away in the next turn of the loop. */
	pod->host->dead = true;
	enter(pod, POD_ENDING, 0);
	return true;
}
