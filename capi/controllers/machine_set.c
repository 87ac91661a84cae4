/*
 * The MachineSet: so many machines of one kind, each under the lowest number
 * that is free. A machine that a health check has marked is deleted
 * and comes back as another.
 */
#include "capi/reconcile.h"

#include <string.h>

#include "base/json.h"
#include "capi/controllers/machines.h"

#define FINALIZER "cluster.x-k8s.io/machineset"

static bool is_ready(const json_t *machine)
{
	return jhas(machine, "status.nodeRef") && !capi_is_deleting(machine) &&
	       strcmp(condition_is(machine, "NodeHealthy"), "True") == 0;
}

static bool creates(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	const json_t *config = capi_find(r, "KubeadmConfigTemplate",
	    jstr(obj, "spec.template.spec.bootstrap.configRef.name"));
	json_t *labels;
	bool begun;

	if (!config)
		return false;
	labels = json_clone(jget(obj, "spec.template.metadata.labels"));
	json_object_set_new(
	    labels, "cluster.x-k8s.io/set-name", json_string(r->name));
	begun = machine_create(r,
	    &(const struct new_machine){
	        .owner = obj,
	        .number = machines_free_number(machines, r->name),
	        .labels = labels,
	        .template = jstr(
	            obj, "spec.template.spec.infrastructureRef.name"),
	        .config = jget(config, "spec.template.spec"),
	        .version = jstr(obj, "spec.template.spec.version"),
	        .failure_domain = jstr(obj, "spec.template.spec.failureDomain"),
	    });
	json_decref(labels);
	return begun;
}

static bool remediates(struct reconcile *r, const struct machines *machines)
{
	for (size_t i = 0; i < machines->count; i++) {
		const json_t *machine = machines->items[i];

		if (!capi_is_deleting(machine) &&
		    strcmp(condition_is(machine, "OwnerRemediated"), "False") ==
		        0) {
			act_delete(r, machine);
			return true;
		}
	}
	return false;
}

static bool scales(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	int64_t wanted = jint(obj, "spec.replicas");

	if ((int64_t)machines->living < wanted)
		return creates(r, obj, machines);
	if ((int64_t)machines->living > wanted) {
		act_delete(r, machines_to_delete(machines));
		return true;
	}
	return false;
}

static void write_status(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	json_t *status = capi_status_of(obj);
	int64_t ready = 0;

	for (size_t i = 0; i < machines->count; i++)
		ready += is_ready(machines->items[i]);
	jseti(status, "replicas", (int64_t)machines->count);
	jseti(status, "fullyLabeledReplicas", (int64_t)machines->count);
	jseti(status, "readyReplicas", ready);
	jseti(status, "availableReplicas", ready);
	jseti(status, "observedGeneration", jint(obj, "metadata.generation"));
	condition_set(r, status, "Resized",
	    (int64_t)machines->count == jint(obj, "spec.replicas") ? "True"
	                                                           : "False",
	    "Info",
	    (int64_t)machines->count == jint(obj, "spec.replicas") ? NULL
	    : (int64_t)machines->count < jint(obj, "spec.replicas")
	        ? "ScalingUp"
	        : "ScalingDown",
	    NULL);
	condition_sum(r, status);
	status_write(r, obj, status);
}

static void end(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	if (machines->living > 0)
		act_delete(r, machines_to_delete(machines));
	else if (machines->count == 0 && capi_has_finalizer(obj, FINALIZER))
		capi_drop_finalizer(r, obj, FINALIZER);
}

void machine_set_reconcile(struct reconcile *r, const json_t *obj)
{
	struct machines machines;

	machines_read(&machines, r, obj);
	if (capi_is_deleting(obj))
		end(r, obj, &machines);
	else if (capi_cluster_deletes(r) ||
	         capi_add_finalizer(r, obj, FINALIZER) ||
	         remediates(r, &machines) || scales(r, obj, &machines))
		;
	else
		write_status(r, obj, &machines);
	machines_free(&machines);
}
