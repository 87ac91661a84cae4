#include "sim/workload/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/store.h"
#include "sim/workload/cluster.h"
#include "sim/workload/kubelet.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"

/* capi contract E.1: the node controller's grace. */
#define GRACE_FOR SECONDS(40)
/* From a network that is there to a kubelet that says so. */
#define NETWORK_FOR SECONDS(15)

struct node {
	struct node *next;
	struct cluster *cluster;
	char name[64], *thing;
	struct machine *machine; /* NULL: a machine of no one */
	struct timer judge;
};

static void judge(struct timer *timer);

/* ---- what is known of it ---- */

static const json_t *object_of(const struct node *node)
{
	return store_get(node->cluster->store, "Node", NULL, node->name);
}

static const char *ready_of(const json_t *object)
{
	size_t count = jlen(object, "status.conditions");

	for (size_t i = 0; i < count; i++) {
		const json_t *condition = json_array_get(
		    jget(object, "status.conditions"), i);

		if (strcmp(jstr(condition, "type"), "Ready") == 0)
			return jstr(condition, "status");
	}
	return "";
}

static struct machine *machine_of(
    const struct cluster *cluster, const char *name)
{
	const struct workload *workload = cluster->workload;

	for (size_t i = 0; i < workload->machine_count; i++)
		if (workload->machines[i]->disk.cluster == cluster &&
		    strcmp(workload->machines[i]->disk.node, name) == 0)
			return workload->machines[i];
	return NULL;
}

static const char *role_of(const json_t *object)
{
	return json_object_get(jget(object, "metadata.labels"),
	           "node-role.kubernetes.io/control-plane")
	           ? "control-plane"
	           : "worker";
}

static void tell(const struct node *node, const json_t *object)
{
	const char *address = "";

	for (size_t i = 0; i < jlen(object, "status.addresses"); i++) {
		const json_t *row = json_array_get(
		    jget(object, "status.addresses"), i);

		if (strcmp(jstr(row, "type"), "InternalIP") == 0)
			address = jstr(row, "address");
	}
	EVENT(node->cluster->workload->options.events, "state", "workload",
	    node->thing, F("ready", ready_of(object)),
	    F("role", role_of(object)), F("address", address),
	    F("machine", node->machine ? node->machine->system_id : ""));
}

/* ---- birth and death, as the store says ---- */

static struct node *find(const struct cluster *cluster, const char *name)
{
	for (struct node *node = cluster->nodes; node; node = node->next)
		if (strcmp(node->name, name) == 0)
			return node;
	return NULL;
}

static struct node *born(struct cluster *cluster, const char *name)
{
	struct node **end = &cluster->nodes;
	struct node *node = xcalloc(1, sizeof(*node));

	while (*end)
		end = &(*end)->next;
	*end = node;
	node->cluster = cluster;
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->thing = xasprintf("%s/node/%s", cluster->thing, name);
	node->machine = machine_of(cluster, name);
	timer_init(&node->judge, judge);
	return node;
}

static void node_free(struct node *node)
{
	timer_cancel(&node->judge);
	free(node->thing);
	free(node);
}

static void died(struct cluster *cluster, const char *name)
{
	for (struct node **at = &cluster->nodes; *at; at = &(*at)->next) {
		struct node *node = *at;

		if (strcmp(node->name, name) != 0)
			continue;
		*at = node->next;
		EVENT(cluster->workload->options.events, "gone", "workload",
		    node->thing, F("role", ""));
		node_free(node);
		return;
	}
}

void node_changed(struct cluster *cluster, const json_t *old, const json_t *now)
{
	const char *name = jstr(now ? now : old, "metadata.name");
	struct node *node = find(cluster, name);

	if (!now) {
		died(cluster, name);
		cluster_tell(cluster);
		return;
	}
	if (!node) {
		node = born(cluster, name);
		cluster_tell(cluster);
	}
	tell(node, now);
	cluster_wake(cluster);
}

void node_forget_machine(struct cluster *cluster, struct machine *machine)
{
	for (struct node *node = cluster->nodes; node; node = node->next)
		if (node->machine == machine)
			node->machine = NULL;
}

void node_free_all(struct cluster *cluster)
{
	while (cluster->nodes) {
		struct node *node = cluster->nodes;

		cluster->nodes = node->next;
		node_free(node);
	}
}

size_t node_count(const struct cluster *cluster)
{
	size_t count = 0;

	for (const struct node *node = cluster->nodes; node; node = node->next)
		count++;
	return count;
}

bool node_exists(const struct cluster *cluster, const struct machine *machine)
{
	for (const struct node *node = cluster->nodes; node; node = node->next)
		if (node->machine == machine)
			return true;
	return false;
}

bool node_can_run(
    const struct cluster *cluster, const struct machine *machine, bool ready)
{
	for (const struct node *node = cluster->nodes; node; node = node->next)
		if (node->machine == machine)
			return kubelet_posts(machine->kubelet) &&
			       (!ready || strcmp(ready_of(object_of(node)),
			                      "True") == 0);
	return false;
}

/* ---- judging ---- */

/* The network plugin takes the pods' range from the cluster's configuration;
 * without one no Node gets a part of it. */
static bool has_network(const struct cluster *cluster)
{
	const json_t *config = store_get(
	    cluster->store, "ConfigMap", "kube-system", "kubeadm-config");

	return store_get(
	           cluster->store, "ConfigMap", "kube-system", NODE_NETWORK) &&
	       strstr(jstr(config, "data.ClusterConfiguration"),
	           "\"podSubnet\":\"");
}

static bool hears(
    const struct cluster *cluster, const struct machine *api, const char *who)
{
	const struct workload_options *options = &cluster->workload->options;

	return !options->reaches ||
	       (options->reaches(options->reaches_ctx, who, api->name) &&
	           options->reaches(options->reaches_ctx, api->name, who));
}

/* The word of one that is cut off from all other members counts for nothing,
 * even if it is a member itself; unless there is no other. */
static bool is_heard(const struct node *node)
{
	const struct workload *workload = node->cluster->workload;
	bool alone = true;

	for (size_t i = 0; i < workload->machine_count; i++) {
		const struct machine *m = workload->machines[i];

		if (m->disk.cluster != node->cluster || !m->api ||
		    m == node->machine)
			continue;
		if (hears(node->cluster, m, node->machine->name))
			return true;
		alone = false;
	}
	return alone;
}

static bool posts(const struct node *node)
{
	return node->machine && kubelet_posts(node->machine->kubelet) &&
	       is_heard(node);
}

/* What Ready should become, or NULL if it is right as it is. */
static const char *verdict(const struct node *node, const char *ready)
{
	if (!posts(node))
		return strcmp(ready, "Unknown") != 0 ? "Unknown" : NULL;
	if (has_network(node->cluster))
		return strcmp(ready, "True") != 0 ? "True" : NULL;
	return strcmp(ready, "False") != 0 ? "False" : NULL;
}

static void look(struct node *node)
{
	const char *wanted = verdict(node, ready_of(object_of(node)));

	if (!wanted)
		timer_cancel(&node->judge);
	else if (!timer_is_set(&node->judge))
		timer_set(&node->judge, node->cluster->etcd.loop,
		    strcmp(wanted, "Unknown") == 0 ? GRACE_FOR : NETWORK_FOR);
}

void node_look_at_all(struct cluster *cluster)
{
	for (struct node *node = cluster->nodes; node; node = node->next)
		look(node);
}

struct wording {
	const char *ready, *others, *reason, *message;
};

static const struct wording *wording_of(const char *ready)
{
	static const struct wording all[] = {
		{ "True", "False", "KubeletReady",
		    "kubelet is posting ready status" },
		{ "False", "False", "KubeletNotReady",
		    "container runtime network not ready: cni plugin not "
		    "initialized" },
		{ "Unknown", "Unknown", "NodeStatusUnknown",
		    "Kubelet stopped posting node status." },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].ready, ready) == 0)
			return &all[i];
	unreachable("a Node has no such Ready status");
}

static void reword(
    json_t *condition, const struct wording *wording, const char *time)
{
	bool is_ready = strcmp(jstr(condition, "type"), "Ready") == 0;
	const char *status = is_ready ? wording->ready : wording->others;

	if (strcmp(jstr(condition, "status"), status) == 0)
		return;
	jsets(condition, "status", status);
	jsets(condition, "lastTransitionTime", time);
	jsets(condition, "lastHeartbeatTime", time);
	if (!is_ready && strcmp(status, "False") == 0)
		return; /* their reasons for False do not change */
	jsets(condition, "reason", wording->reason);
	jsets(condition, "message", wording->message);
}

static void write_conditions(struct node *node, const char *ready)
{
	json_t *object = json_deep_copy(object_of(node));
	json_t *conditions = jget(object, "status.conditions");
	struct api_status status = { 0 };
	char time[32];

	time_text(host_time(&node->cluster->etcd), time);
	for (size_t i = 0; i < json_array_size(conditions); i++)
		reword(json_array_get(conditions, i), wording_of(ready), time);
	store_update(node->cluster->store, "Node", NULL, node->name, object,
	    true, &status);
	api_status_free(&status);
	json_decref(object);
}

static bool is_our_taint(const json_t *taint)
{
	const char *key = jstr(taint, "key");

	return strcmp(key, "node.kubernetes.io/unreachable") == 0 ||
	       strcmp(key, "node.kubernetes.io/not-ready") == 0;
}

static void add_taint(json_t *taints, const char *key, const char *effect)
{
	json_t *taint = json_object();

	jsets(taint, "key", key);
	jsets(taint, "effect", effect);
	json_array_append_new(taints, taint);
}

static void write_taints(struct node *node, const char *ready)
{
	json_t *object = json_deep_copy(object_of(node));
	json_t *taints = json_array();
	struct api_status status = { 0 };
	const char *key = strcmp(ready, "Unknown") == 0
	                      ? "node.kubernetes.io/unreachable"
	                      : "node.kubernetes.io/not-ready";

	for (size_t i = 0; i < jlen(object, "spec.taints"); i++) {
		json_t *taint = json_array_get(jget(object, "spec.taints"), i);

		if (!is_our_taint(taint))
			json_array_append(taints, taint);
	}
	if (strcmp(ready, "True") != 0) {
		add_taint(taints, key, "NoSchedule");
		add_taint(taints, key, "NoExecute");
	}
	jset(object, "spec.taints", taints);
	store_update(node->cluster->store, "Node", NULL, node->name, object,
	    false, &status);
	api_status_free(&status);
	json_decref(object);
}

/* The time is over and nothing has changed in between. */
static void judge(struct timer *timer)
{
	struct node *node = OWNER_OF(timer, struct node, judge);
	struct cluster *cluster = node->cluster;
	const char *wanted = verdict(node, ready_of(object_of(node)));

	if (!wanted || !cluster_api(cluster))
		return; /* with the API the controllers come back, and look */
	write_conditions(node, wanted);
	write_taints(node, wanted);
	cluster_wake(cluster); /* programs may be waiting for it */
}
