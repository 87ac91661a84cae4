/*
 * The MachineDeployment: one MachineSet per content of its template, named by
 * it. When the template changes, the new set grows by one machine at a time
 * and the old ones shrink by as many as are ready: one spare machine is
 * needed, no more (capi E.5, "repave").
 */
#include "capi/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define FINALIZER "cluster.x-k8s.io/machinedeployment"

struct sets {
	const json_t *owner;
	const char *current; /* name of the set of today's template */
	const json_t *now;
	const json_t *old[16];
	size_t old_count;
};

static void sort_set(void *ctx, const json_t *set)
{
	struct sets *sets = ctx;

	if (!capi_owned_by(set, sets->owner))
		return;
	if (strcmp(capi_name_of(set), sets->current) == 0)
		sets->now = set;
	else if (sets->old_count < 16)
		sets->old[sets->old_count++] = set;
}

static char *set_hash(const json_t *obj)
{
	char *text = json_canonical(jget(obj, "spec.template"));
	uint64_t hash = keyed_hash(0, text, strlen(text));

	free(text);
	return xasprintf("%06llx", (unsigned long long)(hash & 0xffffff));
}

static void create_set(
    struct reconcile *r, const json_t *obj, const char *name, int64_t replicas)
{
	json_t *set = capi_new_object(r, "MachineSet", name, obj);
	json_t *labels = json_clone(jget(obj, "spec.template.metadata.labels"));
	char *hash = set_hash(obj);

	if (!json_is_object(labels)) {
		json_decref(labels);
		labels = json_object();
	}
	json_object_set_new(labels, "machine-template-hash", json_string(hash));
	json_object_set_new(
	    labels, CLUSTER_LABEL, json_string(capi_cluster_name(r)));
	jset(set, "metadata.labels", json_clone(labels));
	jsets(set, "spec.clusterName", capi_cluster_name(r));
	jseti(set, "spec.replicas", replicas);
	jset(set, "spec.selector.matchLabels", json_clone(labels));
	jset(set, "spec.template", json_clone(jget(obj, "spec.template")));
	jset(set, "spec.template.metadata.labels", labels);
	act_create(r, set);
	free(hash);
}

static bool resizes(struct reconcile *r, const json_t *set, int64_t replicas)
{
	json_t *patch;

	if (jint(set, "spec.replicas") == replicas)
		return false;
	patch = json_object();
	jseti(patch, "spec.replicas", replicas);
	act_patch(r, set, NULL, patch);
	return true;
}

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is going still has its metal: wanted + 1 machines, all counted. */
static int64_t size_of_new(const struct sets *sets, int64_t wanted)
{
	int64_t now = jint(sets->now, "spec.replicas");
	int64_t old = 0;

	for (size_t i = 0; i < sets->old_count; i++)
		old += jint(sets->old[i], "status.replicas");
	if (sets->old_count == 0 || wanted + 1 - old >= wanted)
		return wanted;
	if (wanted + 1 - old > now)
		return wanted + 1 - old;
	return min(now, wanted);
}

static bool rolls(
    struct reconcile *r, const json_t *obj, const struct sets *sets)
{
	int64_t wanted = jint(obj, "spec.replicas");
	int64_t ready = jint(sets->now, "status.readyReplicas");
	int64_t left_for_old = wanted > ready ? wanted - ready : 0;
	int64_t target = size_of_new(sets, wanted);

	if (!sets->now) {
		create_set(r, obj, sets->current, target);
		return true;
	}
	if (resizes(r, sets->now, target))
		return true;
	for (size_t i = 0; i < sets->old_count; i++) {
		const json_t *old = sets->old[i];
		int64_t keeps = min(jint(old, "spec.replicas"), left_for_old);

		if (resizes(r, old, keeps))
			return true;
		left_for_old -= keeps;
		if (keeps == 0 && jint(old, "status.replicas") == 0 &&
		    !capi_is_deleting(old)) {
			act_delete(r, old);
			return true;
		}
	}
	return false;
}

static void write_status(
    struct reconcile *r, const json_t *obj, const struct sets *sets)
{
	json_t *status = capi_status_of(obj);
	int64_t wanted = jint(obj, "spec.replicas");
	int64_t all = jint(sets->now, "status.replicas");
	int64_t ready = jint(sets->now, "status.readyReplicas");

	jseti(status, "updatedReplicas", all);
	for (size_t i = 0; i < sets->old_count; i++) {
		all += jint(sets->old[i], "status.replicas");
		ready += jint(sets->old[i], "status.readyReplicas");
	}
	jseti(status, "replicas", all);
	jseti(status, "readyReplicas", ready);
	jseti(status, "availableReplicas", ready);
	jseti(
	    status, "unavailableReplicas", wanted > ready ? wanted - ready : 0);
	jseti(status, "observedGeneration", jint(obj, "metadata.generation"));
	jsets(status, "phase",
	    all > wanted                     ? "ScalingDown"
	    : all < wanted || ready < wanted ? "ScalingUp"
	                                     : "Running");
	condition_set(r, status, "Available",
	    ready >= wanted ? "True" : "False", "Warning",
	    ready >= wanted ? NULL : "WaitingForAvailableMachines", NULL);
	condition_sum(r, status);
	status_write(r, obj, status);
}

static void end(struct reconcile *r, const json_t *obj, const struct sets *sets)
{
	if (sets->now && !capi_is_deleting(sets->now)) {
		act_delete(r, sets->now);
		return;
	}
	for (size_t i = 0; i < sets->old_count; i++)
		if (!capi_is_deleting(sets->old[i])) {
			act_delete(r, sets->old[i]);
			return;
		}
	if (!sets->now && sets->old_count == 0 &&
	    capi_has_finalizer(obj, FINALIZER))
		capi_drop_finalizer(r, obj, FINALIZER);
}

void machine_deployment_reconcile(struct reconcile *r, const json_t *obj)
{
	char *hash = set_hash(obj);
	char *name = xasprintf("%s-%s", r->name, hash);
	struct sets sets = { .owner = obj, .current = name };

	capi_each_of(r, "MachineSet", sort_set, &sets);
	if (capi_is_deleting(obj))
		end(r, obj, &sets);
	else if (capi_cluster_deletes(r) || !capi_owned_by(obj, r->cluster) ||
	         capi_add_finalizer(r, obj, FINALIZER) || rolls(r, obj, &sets))
		;
	else
		write_status(r, obj, &sets);
	free(name);
	free(hash);
}
