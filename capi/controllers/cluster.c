/*
 * The Cluster: who belongs to it, how far it is, and in which order it goes:
 * workers, control plane, DNS name, objects (capi B.5).
 */
#include "capi/reconcile.h"

#include <string.h>

#include "base/json.h"

#define FINALIZER "cluster.cluster.x-k8s.io"

/* ---- belonging ---- */

/* The mover follows ownerReferences, and so does the end: what the
 * planner made without an owner gets one here. */
static const struct owned_kind {
	const char *kind;
	bool controller;
} owned_kinds[] = {
	{ "MaasCluster", true },
	{ "KubeadmControlPlane", true },
	{ "MaasMachineTemplate", false },
	{ "KubeadmConfigTemplate", false },
	{ "MachineDeployment", false },
	{ "MachineHealthCheck", false },
	{ "Secret", false },
};

struct adoption {
	struct reconcile *r;
	const struct owned_kind *kind;
};

static void adopt_one(void *ctx, const json_t *obj)
{
	struct adoption *adoption = ctx;
	struct reconcile *r = adoption->r;

	if (r->acted || capi_is_deleting(obj))
		return;
	if (strcmp(adoption->kind->kind, "Secret") == 0 &&
	    jlen(obj, "metadata.ownerReferences") > 0)
		return;
	capi_adopt(r, obj, r->cluster, adoption->kind->controller);
}

static bool adopts(struct reconcile *r)
{
	for (size_t i = 0; i < sizeof(owned_kinds) / sizeof(owned_kinds[0]);
	     i++) {
		struct adoption adoption = { r, &owned_kinds[i] };

		capi_each_of(r, owned_kinds[i].kind, adopt_one, &adoption);
		if (r->acted)
			return true;
	}
	return false;
}

/* ---- the end ---- */

struct ending {
	struct reconcile *r;
	bool workers_only;
	size_t left;
};

static void end_one(void *ctx, const json_t *obj)
{
	struct ending *ending = ctx;

	if (ending->workers_only && capi_is_control_plane(obj))
		return;
	ending->left++;
	if (!ending->r->acted && !capi_is_deleting(obj))
		act_delete(ending->r, obj);
}

/* Delete all objects of a kind; true while some are left. */
static bool ends(struct reconcile *r, const char *kind, bool workers_only)
{
	struct ending ending = { r, workers_only, 0 };

	capi_each_of(r, kind, end_one, &ending);
	return ending.left > 0;
}

static bool says_deleting(
    struct reconcile *r, const json_t *obj, const char *reason)
{
	json_t *status = capi_status_of(obj);

	jsets(status, "phase", "Deleting");
	condition_set(r, status, "Ready", "False", "Info", reason, NULL);
	return status_write(r, obj, status);
}

static void end(struct reconcile *r, const json_t *obj)
{
	static const struct {
		const char *kind;
		bool workers_only;
		const char *reason;
	} steps[] = {
		{ "MachineDeployment", false, "WaitingForWorkersDeletion" },
		{ "MachineSet", false, "WaitingForWorkersDeletion" },
		{ "Machine", true, "WaitingForWorkersDeletion" },
		{ "KubeadmControlPlane", false,
		    "WaitingForControlPlaneDeletion" },
		{ "Machine", false, "WaitingForControlPlaneDeletion" },
		{ "MaasCluster", false, "WaitingForInfrastructureDeletion" },
	};

	if (!capi_has_finalizer(obj, FINALIZER))
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		bool left = ends(r, steps[i].kind, steps[i].workers_only);

		if (r->acted)
			return;
		if (left) {
			says_deleting(r, obj, steps[i].reason);
			return;
		}
	}
	capi_drop_finalizer(r, obj, FINALIZER);
}

/* ---- how far it is ---- */

static bool copy_endpoint(
    struct reconcile *r, const json_t *obj, const json_t *infra)
{
	json_t *patch;

	if (!jstr(infra, "spec.controlPlaneEndpoint.host")[0] ||
	    jstr(obj, "spec.controlPlaneEndpoint.host")[0])
		return false;
	patch = json_object();
	jset(patch, "spec.controlPlaneEndpoint",
	    json_clone(jget(infra, "spec.controlPlaneEndpoint")));
	act_patch(r, obj, NULL, patch);
	return true;
}

static void yes_or(struct reconcile *r, json_t *status, const char *type,
    bool yes, const char *reason)
{
	condition_set(r, status, type, yes ? "True" : "False", "Info",
	    yes ? NULL : reason, NULL);
}

static void write_status(struct reconcile *r, const json_t *obj,
    const json_t *infra, const json_t *control_plane)
{
	json_t *status = capi_status_of(obj);
	bool infra_ready = jbool(infra, "status.ready");
	bool initialized = jbool(control_plane, "status.initialized") ||
	                   strcmp(condition_is(obj, "ControlPlaneInitialized"),
	                       "True") == 0;
	bool ready = jbool(control_plane, "status.ready");

	jsetb(status, "infrastructureReady",
	    infra_ready || jbool(obj, "status.infrastructureReady"));
	jsetb(status, "controlPlaneReady", ready);
	yes_or(r, status, "InfrastructureReady", infra_ready,
	    "WaitingForInfrastructure");
	yes_or(r, status, "ControlPlaneInitialized", initialized,
	    "WaitingForControlPlaneProviderInitialized");
	yes_or(r, status, "ControlPlaneReady", ready, "WaitingForControlPlane");
	condition_sum(r, status);
	jsets(status, "phase",
	    infra_ready && jhas(obj, "spec.controlPlaneEndpoint.host")
	        ? "Provisioned"
	    : infra ? "Provisioning"
	            : "Pending");
	status_write(r, obj, status);
}

void cluster_reconcile(struct reconcile *r, const json_t *obj)
{
	const json_t *infra = capi_find(
	    r, "MaasCluster", jstr(obj, "spec.infrastructureRef.name"));
	const json_t *control_plane = capi_find(
	    r, "KubeadmControlPlane", jstr(obj, "spec.controlPlaneRef.name"));

	if (capi_is_deleting(obj)) {
		end(r, obj);
		return;
	}
	if (capi_add_finalizer(r, obj, FINALIZER) || adopts(r) ||
	    copy_endpoint(r, obj, infra))
		return;
	write_status(r, obj, infra, control_plane);
}
