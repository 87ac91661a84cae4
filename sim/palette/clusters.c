/* clusters: what operators do with clusters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

#define DELETED_SHOWN_FOR HOURS(72) /* as the product does */

/* ---- finding ---- */

/* Judged when read: a deleted cluster is shown for three days. */
static void forget_old(struct palette *palette)
{
	for (size_t i = 0; i < palette->cluster_count; i++) {
		struct cluster *cluster = palette->clusters[i];

		if (cluster->state == CLUSTER_DELETED &&
		    palette_time(palette) - cluster->meta.deleted_time >=
		        DELETED_SHOWN_FOR)
			cluster->is_dropped = true;
	}
}

struct cluster *cluster_find(struct palette *palette, const char *uid)
{
	forget_old(palette);
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (!palette->clusters[i]->is_dropped &&
		    strcmp(palette->clusters[i]->meta.uid, uid) == 0)
			return palette->clusters[i];
	return NULL;
}

static struct cluster *find_by_config(struct palette *palette, const char *uid)
{
	forget_old(palette);
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (!palette->clusters[i]->is_dropped &&
		    strcmp(palette->clusters[i]->config.uid, uid) == 0)
			return palette->clusters[i];
	return NULL;
}

/* Names are free again once a cluster is Deleted. */
struct cluster *cluster_named(struct palette *palette, const char *name)
{
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (palette->clusters[i]->state != CLUSTER_DELETED &&
		    strcmp(palette->clusters[i]->meta.name, name) == 0)
			return palette->clusters[i];
	return NULL;
}

static bool is_in_scope(
    const struct request *request, const struct cluster *cluster)
{
	return cluster &&
	       (!request->project || strcmp(cluster->project_uid,
	                                 request->project->meta.uid) == 0);
}

struct cluster *request_cluster(struct request *request)
{
	struct cluster *cluster = cluster_find(
	    request->palette, request->params[0]);

	if (is_in_scope(request, cluster))
		return cluster;
	refuse_absent(request, "cluster", request->params[0]);
	return NULL;
}

struct cluster *request_config(struct request *request)
{
	struct cluster *cluster = find_by_config(
	    request->palette, request->params[0]);

	if (is_in_scope(request, cluster))
		return cluster;
	refuse_absent(request, "cloud config", request->params[0]);
	return NULL;
}

/* ---- creating ---- */

static json_t *object_or_empty(const json_t *doc, const char *path)
{
	json_t *value = jget(doc, path);

	return json_is_object(value) ? json_deep_copy(value) : json_object();
}

static json_t *list_or_empty(const json_t *doc, const char *path)
{
	json_t *value = jget(doc, path);

	return json_is_array(value) ? json_deep_copy(value) : json_array();
}

static void take_facts(struct cluster *cluster)
{
	struct pack_facts facts;

	pack_facts_read(cluster->profiles, &facts);
	text_set(&cluster->kubernetes_version, facts.kubernetes_version);
	text_set(&cluster->image, facts.image);
	text_set(&cluster->pod_cidr, facts.pod_cidr);
	text_set(&cluster->service_cidr, facts.service_cidr);
}

static void annotate(struct request *request, struct cluster *cluster)
{
	const struct {
		const char *key, *value;
	} notes[] = {
		{ "scope", "project" },
		{ "projectUid", cluster->project_uid },
		{ "tenantUid", request->palette->tenant_uid },
		{ "ownerUid", request->user->meta.uid },
		{ "overlordUid", cluster->gateway->meta.uid },
		{ "spectroComponentsUpgradeForbidden", "false" },
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		jsets(cluster->meta.annotations, notes[i].key, notes[i].value);
}

/* What clients send and read back must have the types of the API. */
static json_t *cloud_config_json(const json_t *given)
{
	return json_pack("{s:s,s:o,s:o,s:b}", "domain", jstr(given, "domain"),
	    "sshKeys", list_or_empty(given, "sshKeys"), "ntpServers",
	    list_or_empty(given, "ntpServers"), "enableLxdVm",
	    jbool(given, "enableLxdVm"));
}

static void take_entity(struct request *request, struct cluster *cluster)
{
	const json_t *entity = request->body;
	const json_t *pools = jget(entity, "spec.machinepoolconfig");

	meta_take(&cluster->meta, jget(entity, "metadata"));
	cluster->cloud_config = cloud_config_json(
	    jget(entity, "spec.cloudConfig"));
	cluster->cluster_config = object_or_empty(entity, "spec.clusterConfig");
	cluster->profiles = profiles_resolve(
	    request->palette, jget(entity, "spec.profiles"));
	take_facts(cluster);
	for (size_t i = 0; i < json_array_size(pools); i++)
		PUSH(cluster->pools, cluster->pool_count,
		    pool_new(cluster, json_array_get(pools, i)));
}

static struct cluster *cluster_new(struct request *request)
{
	struct palette *palette = request->palette;
	struct cluster *cluster = xcalloc(1, sizeof(*cluster));
	const char *name = jstr(request->body, "metadata.name");
	char *config_name = xasprintf("%s-maas-config", name);

	cluster->palette = palette;
	meta_init(palette, &cluster->meta, "cluster", name);
	meta_init(palette, &cluster->config, "cloudconfig", config_name);
	free(config_name);
	memcpy(cluster->project_uid, request->project->meta.uid, UID_ROOM);
	cluster->account = account_find(
	    palette, jstr(request->body, "spec.cloudAccountUid"));
	cluster->gateway = account_gateway(palette, cluster->account);
	cluster->agent_token = secret_make(palette, 40, "agent token");
	cluster->conditions = json_array();
	cluster->endpoints = json_array();
	cluster->services = json_array();
	cluster->packs = json_array();
	take_entity(request, cluster);
	annotate(request, cluster);
	PUSH(palette->clusters, palette->cluster_count, cluster);
	return cluster;
}

void op_cluster_create(struct request *request)
{
	struct complaints list = { .count = 0 };
	struct cluster *cluster;

	if (!request->project) {
		refuse(request, 403, "OperationForbidden",
		    "operation cluster.create is not permitted: clusters live "
		    "in projects, name one in the ProjectUid header");
		return;
	}
	check_entity(request, request->body, &list);
	if (list.count > 0) {
		refuse_complaints(request, &list);
		return;
	}
	cluster = cluster_new(request);
	cluster_spec_changed(cluster);
	instruction_open(
	    request->palette, INSTRUCTION_CREATE, cluster, cluster->gateway);
	cluster_settle(cluster);
	answer_uid(request, cluster->meta.uid);
}

static void json_drop(json_t *docs[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(docs[i]);
}

void cluster_free(struct cluster *cluster)
{
	json_t *docs[] = { cluster->cloud_config, cluster->cluster_config,
		cluster->profiles, cluster->conditions, cluster->endpoints,
		cluster->services, cluster->packs };
	char *texts[] = { cluster->kubernetes_version, cluster->image,
		cluster->pod_cidr, cluster->service_cidr,
		cluster->admin_kubeconfig, cluster->client_kubeconfig,
		cluster->manifest, cluster->agent_token, cluster->agent_version,
		cluster->agent_message, cluster->applied_hash, cluster->told };

	if (cluster->lost.fire)
		timer_cancel(&cluster->lost);
	token_drop(&cluster->token);
	for (size_t i = 0; i < cluster->pool_count; i++)
		pool_free(cluster->pools[i]);
	free(cluster->pools);
	json_drop(docs, sizeof(docs) / sizeof(docs[0]));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	meta_free(&cluster->meta);
	meta_free(&cluster->config);
	free(cluster);
}

/* ---- reading ---- */

void op_cluster(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (cluster)
		answer_json(request, 200, cluster_json(cluster));
}

void op_cluster_status(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (cluster)
		answer_json(request, 200,
		    json_pack("{s:{s:s}}", "status", "state",
		        cluster_state_name(cluster->state)));
}

void op_clusters(struct request *request)
{
	struct palette *palette = request->palette;
	json_t *items = json_array();

	forget_old(palette);
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (!palette->clusters[i]->is_dropped &&
		    palette->clusters[i]->state != CLUSTER_DELETED &&
		    is_in_scope(request, palette->clusters[i]))
			json_array_append_new(
			    items, cluster_json(palette->clusters[i]));
	answer_list(request, items);
}

void op_cluster_variables(struct request *request)
{
	if (request_cluster(request))
		answer_json(request, 200, json_array());
}

/* Features that nobody has configured here: an empty list, and two errors
 * that clients know and tolerate. */
void op_empty_items(struct request *request)
{
	if (request_cluster(request))
		answer_json(request, 200, json_pack("{s:[]}", "items"));
}

void op_backup(struct request *request)
{
	if (request_cluster(request))
		refuse(request, 404, "BackupNotConfigured",
		    "backups are not configured for this cluster");
}

void op_scan(struct request *request)
{
	if (request_cluster(request))
		refuse(request, 404, "ResourceNotFound",
		    "compliance scans are not configured for this cluster");
}

/* ---- changing ---- */

void op_cluster_metadata(struct request *request)
{
	struct cluster *cluster = request_cluster(request);
	const char *name = jstr(request->body, "metadata.name");

	if (!cluster)
		return;
	if (*name && strcmp(name, cluster->meta.name) != 0) {
		refuse(request, 400, "InvalidClusterName",
		    "the name of a cluster cannot be changed");
		return;
	}
	meta_take(&cluster->meta, jget(request->body, "metadata"));
	meta_touch(request->palette, &cluster->meta);
	jsets(cluster->meta.annotations, "overlordUid",
	    cluster->gateway->meta.uid);
	cluster_spec_changed(cluster);
	cluster_settle(cluster);
	answer_empty(request, 204);
}

bool cluster_is_changeable(
    struct request *request, struct cluster *cluster, const char *what)
{
	if (!cluster)
		return false;
	if (cluster->state == CLUSTER_RUNNING)
		return true;
	refuse(request, 400, "ClusterNotRunning",
	    "cluster %s is %s; %s can be changed when it is Running",
	    cluster->meta.name, cluster_state_name(cluster->state), what);
	return false;
}

void op_cluster_profiles(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (cluster)
		answer_json(request, 200,
		    json_pack("{s:o}", "profiles",
		        profile_templates_json(cluster->profiles)));
}

/* Steals profiles. */
static void take_profiles(
    struct request *request, struct cluster *cluster, json_t *profiles)
{
	struct pack_facts facts;

	pack_facts_read(profiles, &facts);
	if (version_compare(
	        facts.kubernetes_version, cluster->kubernetes_version) < 0) {
		json_decref(profiles);
		refuse(request, 400, "KubernetesDowngrade",
		    "Kubernetes cannot go back from %s to %s",
		    cluster->kubernetes_version, facts.kubernetes_version);
		return;
	}
	json_decref(cluster->profiles);
	cluster->profiles = profiles;
	text_set(&cluster->kubernetes_version, facts.kubernetes_version);
	text_set(&cluster->image, facts.image);
	meta_touch(request->palette, &cluster->meta);
	cluster_spec_changed(cluster);
	cluster_settle(cluster);
	answer_empty(request, 204);
}

/* Other pack values, and with them another Kubernetes version: it may rise,
 * never fall. Networks stay what they were. */
void op_cluster_profiles_set(struct request *request)
{
	struct cluster *cluster = request_cluster(request);
	const json_t *given = jget(request->body, "profiles");
	struct complaints list = { .count = 0 };

	if (!cluster_is_changeable(request, cluster, "it"))
		return;
	if (!json_is_array(given)) {
		refuse(request, 400, "InvalidProfiles",
		    "the body must hold a list of profiles");
		return;
	}
	check_profiles(request, given, &list);
	if (list.count > 0)
		refuse_complaints(request, &list);
	else
		take_profiles(request, cluster,
		    profiles_resolve(request->palette, given));
}

/* ---- deleting ---- */

void op_cluster_delete(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (!cluster)
		return;
	if (cluster->state == CLUSTER_DELETED) {
		refuse(request, 404, "ResourceNotFound",
		    "cluster %s is deleted already", cluster->meta.name);
		return;
	}
	if (request_query_is(request, "forceDelete", "true"))
		cluster_deleted(cluster);
	else
		cluster_delete_begin(cluster);
	answer_empty(request, 204);
}
