/* render: clusters, configs and machines as the pages of the API show them. */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

/* ---- clusters ---- */

static json_t *health_json(const struct cluster *cluster)
{
	return json_pack("{s:s,s:s,s:o,s:[]}", "state", cluster_health(cluster),
	    "agentVersion",
	    cluster->agent_version ? cluster->agent_version : "",
	    "lastHeartBeatTimestamp", time_json(cluster->heard_time),
	    "conditions");
}

/* What a client sent in a v1ClusterConfigEntity and reads back in a
 * v1ClusterConfig: the fields that both have. */
static const struct {
	const char *name;
	json_type type;
} config_fields[] = {
	{ "clusterMetaAttribute", JSON_STRING },
	{ "controlPlaneHealthCheckTimeout", JSON_STRING },
	{ "hostClusterConfig", JSON_OBJECT },
	{ "lifecycleConfig", JSON_OBJECT },
	{ "machineManagementConfig", JSON_OBJECT },
	{ "timezone", JSON_STRING },
	{ "updateWorkerPoolsInParallel", JSON_TRUE },
};

static json_t *shown_config_json(const json_t *given)
{
	json_t *doc = json_object();

	for (size_t i = 0; i < sizeof(config_fields) / sizeof(config_fields[0]);
	     i++) {
		json_t *value = json_object_get(given, config_fields[i].name);
		json_type type = config_fields[i].type;

		if (value && (json_typeof(value) == type ||
		                 (type == JSON_TRUE && json_is_boolean(value))))
			json_object_set(doc, config_fields[i].name, value);
	}
	return doc;
}

static json_t *spc_json(const struct cluster *cluster)
{
	return json_pack("{s:s,s:b,s:s,s:s,s:s,s:o,s:o}", "actionType",
	    "DownloadAndInstall", "canBeApplied", 1, "crdDigest", "", "spcHash",
	    cluster->spec_hash, "spcInfraHash", cluster->spec_hash,
	    "lastModifiedTime", time_json(cluster->meta.modified_time),
	    "patchAppliedTime", time_json(cluster->applied_time));
}

json_t *cluster_json(const struct cluster *cluster)
{
	return json_pack("{s:s,s:s,s:o,s:{s:s,s:s,s:{s:s,s:s,s:s},s:o,s:o},"
	                 "s:{s:s,s:O,s:O,s:O,s:O,s:o,s:[],s:[]}}",
	    "apiVersion", "v1", "kind", "spectrocluster", "metadata",
	    meta_json(&cluster->meta), "spec", "cloudType", "maas",
	    "clusterType", "PureManage", "cloudConfigRef", "kind", "maas",
	    "name", cluster->config.name, "uid", cluster->config.uid,
	    "clusterConfig", shown_config_json(cluster->cluster_config),
	    "clusterProfileTemplates",
	    profile_templates_json(cluster->profiles), "status", "state",
	    cluster_state_name(cluster->state), "conditions",
	    cluster->conditions, "apiEndpoints", cluster->endpoints, "services",
	    cluster->services, "packs", cluster->packs, "spcApply",
	    spc_json(cluster), "addOnServices", "upgrades");
}

/* ---- the dashboard ---- */

static json_t *pool_meta_json(const struct pool *pool)
{
	int healthy = 0;

	for (size_t i = 0; i < pool->machine_count; i++)
		healthy += strcmp(pool->machines[i]->state, "Running") == 0;
	return json_pack("{s:s,s:i,s:b,s:[s],s:i,s:I}", "cloudType", "maas",
	    "healthy", healthy, "isControlPlane", pool->is_control_plane,
	    "labels", pool->is_control_plane ? "control-plane" : "worker",
	    "maintenanceMode", 0, "size", (json_int_t)pool->size);
}

static json_t *config_meta_json(const struct cluster *cluster)
{
	json_t *pools = json_array();

	for (size_t i = 0; i < cluster->pool_count; i++)
		json_array_append_new(pools, pool_meta_json(cluster->pools[i]));
	return json_pack("{s:s,s:s,s:o,s:[]}", "cloudType", "maas", "uid",
	    cluster->config.uid, "machinePools", pools, "hybridMachinePools");
}

static json_t *account_meta_json(const struct cluster *cluster)
{
	return json_pack("{s:s,s:s}", "name", cluster->account->meta.name,
	    "uid", cluster->account->meta.uid);
}

json_t *cluster_summary_json(const struct cluster *cluster)
{
	return json_pack("{s:o,s:{s:o,s:o,s:[]},s:{s:s,s:o,s:{s:b}}}",
	    "metadata", meta_json(&cluster->meta), "specSummary",
	    "cloudAccountMeta", account_meta_json(cluster), "cloudConfig",
	    config_meta_json(cluster), "clusterProfileTemplates", "status",
	    "state", cluster_state_name(cluster->state), "health",
	    health_json(cluster), "notifications", "isAvailable", 0);
}

/* Terraform panics without `status`, so it is always there. */
json_t *cluster_overview_json(const struct cluster *cluster)
{
	return json_pack("{s:o,s:{s:o,s:o,s:[]},"
	                 "s:{s:s,s:o,s:O,s:O,s:O,s:O,s:o,s:{s:b},"
	                 "s:{s:b,s:b,s:b,s:s}}}",
	    "metadata", meta_json(&cluster->meta), "spec", "cloudConfig",
	    config_meta_json(cluster), "cloudaccount",
	    account_meta_json(cluster), "clusterProfileTemplates", "status",
	    "state", cluster_state_name(cluster->state), "health",
	    health_json(cluster), "conditions", cluster->conditions,
	    "apiEndpoints", cluster->endpoints, "services", cluster->services,
	    "packs", cluster->packs, "spcApply", spc_json(cluster),
	    "notifications", "isAvailable", 0, "kubeMeta", "hasKubeConfig",
	    cluster->admin_kubeconfig != NULL, "hasKubeConfigClient",
	    cluster->client_kubeconfig != NULL, "hasManifest",
	    cluster->manifest != NULL, "kubernetesVersion",
	    cluster->kubernetes_version);
}

/* ---- cloud config and machines ---- */

/* What poolConfig and cloudConfig were given is shown side by side. */
static const struct {
	const char *name;
	json_type type;
} pool_fields[] = {
	{ "additionalAnnotations", JSON_OBJECT },
	{ "additionalLabels", JSON_OBJECT },
	{ "additionalTags", JSON_OBJECT },
	{ "labels", JSON_ARRAY },
	{ "maxSize", JSON_INTEGER },
	{ "minSize", JSON_INTEGER },
	{ "nodeRepaveInterval", JSON_INTEGER },
	{ "overrideKubeadmConfiguration", JSON_STRING },
	{ "skipK8sUpgrade", JSON_STRING },
	{ "taints", JSON_ARRAY },
	{ "updateStrategy", JSON_OBJECT },
};

static json_t *list_of(const json_t *doc, const char *key)
{
	json_t *list = json_object_get(doc, key);

	return json_is_array(list) ? json_incref(list) : json_array();
}

static json_t *pool_config_json(const struct pool *pool)
{
	json_t *instance = jget(pool->cloud, "instanceType");
	json_t *doc = json_pack("{s:s,s:b,s:I,s:o,s:s,s:o,s:o,s:b,s:b}", "name",
	    pool->name, "isControlPlane", pool->is_control_plane, "size",
	    (json_int_t)pool->size, "azs", list_of(pool->cloud, "azs"),
	    "resourcePool", jstr(pool->cloud, "resourcePool"), "tags",
	    list_of(pool->cloud, "tags"), "instanceType",
	    json_is_object(instance) ? json_incref(instance) : json_object(),
	    "useControlPlaneAsWorker",
	    jbool(pool->config, "useControlPlaneAsWorker"), "useLxdVm",
	    jbool(pool->cloud, "useLxdVm"));

	for (size_t i = 0; i < sizeof(pool_fields) / sizeof(pool_fields[0]);
	     i++) {
		json_t *value = json_object_get(
		    pool->config, pool_fields[i].name);

		if (value && json_typeof(value) == pool_fields[i].type)
			json_object_set(doc, pool_fields[i].name, value);
	}
	return doc;
}

json_t *cluster_config_json(const struct cluster *cluster)
{
	json_t *pools = json_array();

	for (size_t i = 0; i < cluster->pool_count; i++)
		if (!cluster->pools[i]->is_retired)
			json_array_append_new(
			    pools, pool_config_json(cluster->pools[i]));
	return json_pack("{s:s,s:s,s:o,s:{s:{s:s,s:s,s:s},s:O,s:o},"
	                 "s:{s:[],s:{s:s,s:s}}}",
	    "apiVersion", "v1", "kind", "maas", "metadata",
	    meta_json(&cluster->config), "spec", "cloudAccountRef", "kind",
	    "cloudaccount", "name", cluster->account->meta.name, "uid",
	    cluster->account->meta.uid, "clusterConfig", cluster->cloud_config,
	    "machinePoolConfig", pools, "status", "conditions", "nodeImage",
	    "name", cluster->image, "state", "Available");
}

static json_t *addresses_json(const struct machine *machine)
{
	json_t *list = json_array();

	if (*machine->address)
		json_array_append_new(
		    list, json_pack("{s:s,s:s}", "address", machine->address,
		              "type", "InternalIP"));
	return list;
}

json_t *machine_json(const struct pool *pool, const struct machine *machine)
{
	json_t *health = machine->health ? json_incref(machine->health)
	                                 : json_pack("{s:s,s:[]}", "state",
	                                       "Unknown", "conditions");

	(void)pool;
	return json_pack("{s:s,s:s,s:o,s:{s:s,s:s,s:o},"
	                 "s:{s:o,s:o,s:s,s:o,s:b}}",
	    "apiVersion", "v1", "kind", "machine", "metadata",
	    meta_json(&machine->meta), "spec", "az", machine->az, "hostname",
	    machine->hostname, "nics",
	    machine->nics ? json_incref(machine->nics) : json_array(), "status",
	    "addresses", addresses_json(machine), "health", health,
	    "instanceState", machine->state, "instanceStateLastUpdate",
	    time_json(machine->changed_time), "ready",
	    strcmp(machine->state, "Running") == 0);
}
