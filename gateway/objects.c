/*
 * objects: what there is of a cluster in our own store, and the controllers
 * that act on it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "gateway/engine.h"

static bool take_first(void *ctx, const json_t *obj)
{
	*(const json_t **)ctx = obj;
	return false;
}

const json_t *work_cluster(const struct work *work)
{
	const json_t *cluster = NULL;

	store_each(work->gateway->store, "Cluster", work->ns, NULL, take_first,
	    &cluster);
	return cluster;
}

bool work_make_object(struct work *work, const json_t *obj)
{
	struct store *store = work->gateway->store;
	const char *kind = jstr(obj, "kind");
	const struct kind_info *info = kind_named(kind);
	const char *ns = info && info->namespaced ? work->ns : NULL;
	struct api_status status = { 0 };
	bool there;

	check(info);
	there = store_get(store, kind, ns, jstr(obj, "metadata.name")) ||
	        store_create(store, kind, ns, obj, &status);
	if (!there)
		log_error(work->gateway->host, "cannot store %s %s: %s", kind,
		    jstr(obj, "metadata.name"), status.message);
	api_status_free(&status);
	return there;
}

bool work_unpause(struct work *work)
{
	const json_t *cluster = work_cluster(work);
	struct api_status status = { 0 };
	json_t *patch;
	bool unpaused;

	if (!cluster || !jbool(cluster, "spec.paused"))
		return true;
	patch = json_pack("{s:{s:n}}", "spec", "paused");
	unpaused = store_patch(work->gateway->store, "Cluster", work->ns,
	               work->cluster_name, patch, false, &status) != NULL;
	json_decref(patch);
	api_status_free(&status);
	return unpaused;
}

static bool purge_kind(
    struct gateway *gateway, const char *ns, const char *kind)
{
	struct store *store = gateway->store;
	struct api_status status = { 0 };
	const json_t *obj = NULL, *left = NULL;
	char *name;
	json_t *naked;

	store_each(store, kind, ns, NULL, take_first, &obj);
	if (!obj)
		return false;
	name = xstrdup(jstr(obj, "metadata.name"));
	naked = json_pack("{s:{s:n}}", "metadata", "finalizers");
	store_patch(store, kind, ns, name, naked, false, &status);
	json_decref(naked);
	if (!store_delete(store, kind, ns, name, NULL, &left, &status)) {
		log_error(gateway->host, "cannot forget %s %s: %s", kind, name,
		    status.message);
		obj = NULL;
	}
	api_status_free(&status);
	free(name);
	return obj != NULL;
}

void objects_purge(struct gateway *gateway, const char *ns)
{
	struct api_status status = { 0 };
	const json_t *left = NULL;
	size_t count;
	const struct kind_info *kinds = kind_table(&count);

	for (size_t i = 0; i < count; i++) {
		while (kinds[i].namespaced &&
		       purge_kind(gateway, ns, kinds[i].kind))
			;
	}
	if (store_get(gateway->store, "Namespace", NULL, ns))
		store_delete(gateway->store, "Namespace", NULL, ns, NULL, &left,
		    &status);
	api_status_free(&status);
}

void work_purge(struct work *work)
{
	work_stop_controllers(work);
	objects_purge(work->gateway, work->ns);
}

#define NAMESPACE_PREFIX "cluster-" /* plan_namespace */

static bool note_held(void *ctx, const json_t *space)
{
	const char *name = jstr(space, "metadata.name");
	size_t len = strlen(NAMESPACE_PREFIX);

	if (strncmp(name, NAMESPACE_PREFIX, len) == 0 &&
	    !jhas(space, "metadata.deletionTimestamp"))
		json_array_append_new(ctx, json_string(name + len));
	return true;
}

json_t *objects_held(const struct gateway *gateway)
{
	json_t *uids = json_array();

	store_each(gateway->store, "Namespace", NULL, NULL, note_held, uids);
	return uids;
}

/* ---- controllers ---- */

static void waiting(void *ctx, const char *reason, const char *sentence)
{
	struct work *work = ctx;
	const char *id = work->delete_id ? work->delete_id : work->create_id;

	if (!id)
		return;
	if (*sentence)
		work_set_state(work, id, WORK_WAITING, reason, sentence);
	else
		work_set_state(work, id, WORK_RUNNING, "", "");
}

struct maas_account work_account(
    const struct work *work, const json_t *instruction)
{
	const struct gateway *gateway = work->gateway;
	const char *ca = jstr(instruction, "account.caPem");

	return (struct maas_account){
		.endpoint = jstr(instruction, "account.apiEndpoint"),
		.api_key = jstr(instruction, "account.apiKey"),
		.ca_pem = *ca ? ca : gateway->maas_ca_pem,
		.proxies = &gateway->proxies,
	};
}

bool work_run_controllers(struct work *work, const json_t *instruction)
{
	struct gateway *gateway = work->gateway;
	struct manager_options options = {
		.ns = work->ns,
		.account = work_account(work, instruction),
		.waiting = waiting,
		.ctx = work,
	};
	struct err err = { 0 };

	if (work->manager)
		return true;
	work->manager = manager_new(
	    gateway->host, gateway->kube, &options, &err);
	if (!work->manager)
		waiting(work, "BadAccount", err.text);
	return work->manager != NULL;
}

void work_stop_controllers(struct work *work)
{
	manager_free(&work->manager);
}
