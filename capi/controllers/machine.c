/*
 * The Machine: joins a MaasMachine, its user data and a node into one thing.
 *
 * When it goes: its node is cordoned, its MaasMachine goes (and with it the
 * machine in MAAS), its KubeadmConfig, its Node. Nothing of that needs the
 * workload's API when the whole cluster is being deleted.
 *
 * Modelled: a drain is a cordon; pods are not evicted one by one, they are
 * started elsewhere when their node is gone.
 */
#include "capi/reconcile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"

#define FINALIZER      "machine.cluster.x-k8s.io"
#define NEW_NODE_TAINT "node.cluster.x-k8s.io/uninitialized"

static const json_t *infrastructure_of(
    const struct reconcile *r, const json_t *obj)
{
	return capi_find(
	    r, "MaasMachine", jstr(obj, "spec.infrastructureRef.name"));
}

static const json_t *config_of(const struct reconcile *r, const json_t *obj)
{
	return capi_find(
	    r, "KubeadmConfig", jstr(obj, "spec.bootstrap.configRef.name"));
}

/* ---- its node ---- */

struct search {
	const json_t *infrastructure;
	const json_t *found;
};

static bool has_address(const json_t *list, const char *address)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(jstr(json_array_get(list, i), "address"), address) ==
		    0)
			return true;
	return false;
}

/* MAAS may write the name in capitals, and give it again to another
 * machine; so the addresses must not contradict it. */
static bool is_named_like(const json_t *node, const json_t *infrastructure)
{
	const char *hostname = jstr(infrastructure, "status.hostname");
	const char *name = capi_name_of(node);
	size_t len = strlen(hostname);
	const json_t *list = jget(node, "status.addresses");

	if (!len || strncasecmp(name, hostname, len) != 0 ||
	    (name[len] != '\0' && name[len] != '.'))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *address = json_array_get(list, i);

		if (strcmp(jstr(address, "type"), "InternalIP") == 0)
			return has_address(
			    jget(infrastructure, "status.addresses"),
			    jstr(address, "address"));
	}
	return true;
}

static bool seek(void *ctx, const json_t *node)
{
	struct search *search = ctx;
	const char *wanted = jstr(search->infrastructure, "spec.providerID");
	const char *has = jstr(node, "spec.providerID");

	if (has[0] ? strcmp(has, wanted) == 0
	           : is_named_like(node, search->infrastructure))
		search->found = node;
	return search->found == NULL;
}

static const json_t *node_for(
    struct reconcile *r, const json_t *obj, const json_t *infrastructure)
{
	struct search search = { infrastructure, NULL };

	if (jstr(obj, "status.nodeRef.name")[0])
		return workload_link_node(r, jstr(obj, "status.nodeRef.name"));
	if (jstr(infrastructure, "spec.providerID")[0] &&
	    !capi_note_of(infrastructure, "pcg.pcgsim.io/abandon")[0])
		workload_link_nodes(r, seek, &search);
	return search.found;
}

static json_t *taints_without(const json_t *node, const char *key)
{
	json_t *kept = json_array();

	for (size_t i = 0; i < jlen(node, "spec.taints"); i++) {
		json_t *taint = json_array_get(jget(node, "spec.taints"), i);

		if (strcmp(jstr(taint, "key"), key) != 0)
			json_array_append(kept, taint);
	}
	return kept;
}

/* providerID, whose it is, and the mark of a new node off: one patch. */
static json_t *node_patch(
    const json_t *obj, const json_t *node, const json_t *infrastructure)
{
	json_t *patch = json_object();
	json_t *kept = taints_without(node, NEW_NODE_TAINT);

	if (!jstr(node, "spec.providerID")[0])
		jsets(patch, "spec.providerID",
		    jstr(infrastructure, "spec.providerID"));
	if (json_array_size(kept) != jlen(node, "spec.taints"))
		jset(patch, "spec.taints", json_incref(kept));
	if (strcmp(capi_note_of(node, "cluster.x-k8s.io/machine"),
	        capi_name_of(obj)) != 0) {
		json_t *notes = json_object();

		json_object_set_new(notes, "cluster.x-k8s.io/machine",
		    json_string(capi_name_of(obj)));
		json_object_set_new(notes, "cluster.x-k8s.io/cluster-name",
		    json_string(jstr(obj, "spec.clusterName")));
		json_object_set_new(notes, "cluster.x-k8s.io/cluster-namespace",
		    json_string(jstr(obj, "metadata.namespace")));
		jset(patch, "metadata.annotations", notes);
	}
	json_decref(kept);
	return patch;
}

static void node_patched(
    struct reconcile *r, const json_t *obj, const struct kube_answer *answer)
{
	(void)obj;
	if (answer->status >= 200 && answer->status < 300) {
		capi_progress(r);
		/* The watch shows it in a moment; not before, or the same
		 * patch would be sent again from the old view. */
		capi_hold_for(r, SECONDS(1));
	} else {
		capi_back_off(r);
	}
}

static bool marks_node(struct reconcile *r, const json_t *obj,
    const json_t *node, const json_t *infrastructure)
{
	json_t *patch;
	char *path;

	if (!node || !jbool(infrastructure, "status.ready"))
		return false;
	patch = node_patch(obj, node, infrastructure);
	if (json_object_size(patch) == 0) {
		json_decref(patch);
		return false;
	}
	path = xasprintf("/api/v1/nodes/%s", capi_name_of(node));
	act_workload(r, "PATCH", path, patch, node_patched);
	free(path);
	return true;
}

/* ---- the end ---- */

static bool needs_cordon(
    struct reconcile *r, const json_t *obj, const json_t *node)
{
	return node && workload_link_ready(r) && !capi_cluster_deletes(r) &&
	       !jbool(node, "spec.unschedulable") &&
	       !capi_memory_of(r)->settled &&
	       !json_object_get(jget(obj, "metadata.annotations"),
	           "machine.cluster.x-k8s.io/exclude-node-draining");
}

/* Time-boxed to one try: a dead API must not keep a machine. */
static void cordoned(
    struct reconcile *r, const json_t *obj, const struct kube_answer *answer)
{
	(void)obj;
	(void)answer;
	capi_memory_of(r)->settled = true;
	capi_look_again(r, 0);
}

static void cordon(struct reconcile *r, const json_t *node)
{
	json_t *patch = json_object();
	char *path = xasprintf("/api/v1/nodes/%s", capi_name_of(node));

	jsetb(patch, "spec.unschedulable", true);
	act_workload(r, "PATCH", path, patch, cordoned);
	free(path);
}

static void node_deleted(
    struct reconcile *r, const json_t *obj, const struct kube_answer *answer)
{
	(void)answer;
	capi_drop_finalizer(r, obj, FINALIZER);
}

static void say_deleting(struct reconcile *r, const json_t *obj)
{
	json_t *status = capi_status_of(obj);

	jsets(status, "phase", "Deleting");
	status_write(r, obj, status);
}

/* True while it is there: it goes, and its going calls us. */
static bool goes_first(
    struct reconcile *r, const json_t *obj, const json_t *part)
{
	if (!part)
		return false;
	if (!capi_is_deleting(part))
		act_delete(r, part);
	else
		say_deleting(r, obj);
	return true;
}

static void end(struct reconcile *r, const json_t *obj)
{
	const json_t *node = workload_link_node(
	    r, jstr(obj, "status.nodeRef.name"));

	if (!capi_has_finalizer(obj, FINALIZER))
		return;
	if (needs_cordon(r, obj, node)) {
		cordon(r, node);
		return;
	}
	if (goes_first(r, obj, infrastructure_of(r, obj)) ||
	    goes_first(r, obj, config_of(r, obj)))
		return;
	if (node && workload_link_ready(r) && !capi_cluster_deletes(r)) {
		char *path = xasprintf("/api/v1/nodes/%s", capi_name_of(node));

		act_workload(r, "DELETE", path, NULL, node_deleted);
		free(path);
	} else {
		capi_drop_finalizer(r, obj, FINALIZER);
	}
}

/* ---- how far it is ---- */

static bool copies_spec(struct reconcile *r, const json_t *obj,
    const json_t *infrastructure, const json_t *config)
{
	json_t *patch = json_object();

	if (jbool(config, "status.ready") &&
	    !jstr(obj, "spec.bootstrap.dataSecretName")[0])
		jsets(patch, "spec.bootstrap.dataSecretName",
		    jstr(config, "status.dataSecretName"));
	if (jbool(infrastructure, "status.ready") &&
	    !jstr(obj, "spec.providerID")[0]) {
		jsets(patch, "spec.providerID",
		    jstr(infrastructure, "spec.providerID"));
		jsets(patch, "spec.failureDomain",
		    jstr(infrastructure, "spec.failureDomain"));
	}
	if (json_object_size(patch) == 0) {
		json_decref(patch);
		return false;
	}
	act_patch(r, obj, NULL, patch);
	return true;
}

static const char *phase_of(const json_t *obj, const json_t *status)
{
	if (jhas(status, "failureReason"))
		return "Failed";
	if (jhas(status, "nodeRef") && jbool(status, "infrastructureReady"))
		return "Running";
	if (jstr(obj, "spec.providerID")[0] &&
	    jbool(status, "infrastructureReady"))
		return "Provisioned";
	return jbool(status, "bootstrapReady") ? "Provisioning" : "Pending";
}

static const char *ready_state(const json_t *node)
{
	for (size_t i = 0; i < jlen(node, "status.conditions"); i++) {
		const json_t *condition = json_array_get(
		    jget(node, "status.conditions"), i);

		if (strcmp(jstr(condition, "type"), "Ready") == 0)
			return jstr(condition, "status");
	}
	return "Unknown";
}

static void node_conditions(
    struct reconcile *r, const json_t *obj, const json_t *node, json_t *status)
{
	const char *ready = ready_state(node);

	if (!jhas(status, "nodeRef"))
		condition_set(r, status, "NodeHealthy", "False", "Info",
		    "WaitingForNodeRef", NULL);
	else if (!workload_link_ready(r))
		; /* What was seen last stands until it is seen again. */
	else if (!node)
		condition_set(r, status, "NodeHealthy", "False", "Error",
		    "NodeNotFound", NULL);
	else if (strcmp(ready, "True") == 0)
		condition_set(
		    r, status, "NodeHealthy", "True", NULL, NULL, NULL);
	else
		condition_set(r, status, "NodeHealthy",
		    strcmp(ready, "False") == 0 ? "False" : "Unknown",
		    "Warning", "NodeConditionsFailed", NULL);
	(void)obj;
}

static void yes_or(struct reconcile *r, json_t *status, const char *type,
    bool yes, const char *reason)
{
	condition_set(r, status, type, yes ? "True" : "False", "Info",
	    yes ? NULL : reason, NULL);
}

static void write_status(struct reconcile *r, const json_t *obj,
    const json_t *infrastructure, const json_t *config, const json_t *node)
{
	json_t *status = capi_status_of(obj);
	bool bootstrap = jbool(config, "status.ready");
	bool infra = jbool(infrastructure, "status.ready");

	jsetb(status, "bootstrapReady", bootstrap);
	jsetb(status, "infrastructureReady", infra);
	if (jhas(infrastructure, "status.addresses"))
		jset(status, "addresses",
		    json_clone(jget(infrastructure, "status.addresses")));
	if (jhas(infrastructure, "status.failureReason")) {
		jsets(status, "failureReason",
		    jstr(infrastructure, "status.failureReason"));
		jsets(status, "failureMessage",
		    jstr(infrastructure, "status.failureMessage"));
	}
	if (node && !jhas(status, "nodeRef") && infra) {
		jsets(status, "nodeRef.apiVersion", "v1");
		jsets(status, "nodeRef.kind", "Node");
		jsets(status, "nodeRef.name", capi_name_of(node));
		jsets(status, "nodeRef.uid", jstr(node, "metadata.uid"));
	}
	yes_or(r, status, "BootstrapReady", bootstrap, "WaitingForDataSecret");
	yes_or(r, status, "InfrastructureReady", infra,
	    "WaitingForInfrastructure");
	node_conditions(r, obj, node, status);
	condition_sum(r, status);
	jsets(status, "phase", phase_of(obj, status));
	status_write(r, obj, status);
}

void machine_reconcile(struct reconcile *r, const json_t *obj)
{
	const json_t *infrastructure = infrastructure_of(r, obj);
	const json_t *config = config_of(r, obj);
	const json_t *node;

	if (capi_is_deleting(obj)) {
		end(r, obj);
		return;
	}
	if (capi_cluster_deletes(r))
		return;
	if (capi_add_finalizer(r, obj, FINALIZER) ||
	    (infrastructure && capi_adopt(r, infrastructure, obj, true)) ||
	    (config && capi_adopt(r, config, obj, true)) ||
	    copies_spec(r, obj, infrastructure, config))
		return;
	node = node_for(r, obj, infrastructure);
	if (!marks_node(r, obj, node, infrastructure))
		write_status(r, obj, infrastructure, config, node);
}
