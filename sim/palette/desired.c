/* desired: what a cluster shall be, as the gateway and the agent are told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static json_t *texts_or_empty(const json_t *doc, const char *path)
{
	json_t *list = jget(doc, path);

	return json_is_array(list) ? json_deep_copy(list) : json_array();
}

static json_t *pool_json(const struct pool *pool)
{
	return json_pack("{s:s,s:b,s:I,s:o,s:s,s:o,s:I,s:I}", "name",
	    pool->name, "isControlPlane", pool->is_control_plane, "size",
	    (json_int_t)pool->size, "azs", texts_or_empty(pool->cloud, "azs"),
	    "resourcePool", jstr(pool->cloud, "resourcePool"), "tags",
	    texts_or_empty(pool->cloud, "tags"), "minCPU",
	    (json_int_t)jint(pool->cloud, "instanceType.minCPU"), "minMemInMB",
	    (json_int_t)jint(pool->cloud, "instanceType.minMemInMB"));
}

static json_t *pools_json(const struct cluster *cluster)
{
	json_t *pools = json_array();

	for (size_t i = 0; i < cluster->pool_count; i++)
		if (!cluster->pools[i]->is_retired)
			json_array_append_new(
			    pools, pool_json(cluster->pools[i]));
	return pools;
}

/* The certificates of the tenant go to the nodes of every cluster. */
static json_t *tenant_cas_json(const struct palette *palette)
{
	json_t *list = json_array();

	for (size_t i = 0; i < palette->cert_count; i++)
		if (!palette->certs[i]->is_removed)
			json_array_append_new(
			    list, json_string(palette->certs[i]->certificate));
	return list;
}

json_t *cluster_create_json(const struct cluster *cluster)
{
	const struct palette *palette = cluster->palette;

	return json_pack("{s:s,s:s,s:o,s:s,s:o,s:o,s:s,s:s,s:s,s:s,s:o,"
	                 "s:{s:s,s:s,s:s},s:o,s:s?}",
	    "clusterUid", cluster->meta.uid, "clusterName", cluster->meta.name,
	    "account", account_secret_json(cluster->account), "domain",
	    jstr(cluster->cloud_config, "domain"), "sshKeys",
	    texts_or_empty(cluster->cloud_config, "sshKeys"), "ntpServers",
	    texts_or_empty(cluster->cloud_config, "ntpServers"),
	    "kubernetesVersion", cluster->kubernetes_version, "image",
	    cluster->image, "podCIDR", cluster->pod_cidr, "serviceCIDR",
	    cluster->service_cidr, "pools", pools_json(cluster), "palette",
	    "endpoint", palette->endpoint, "agentToken", cluster->agent_token,
	    "caPem", palette->ca_pem ? palette->ca_pem : "", "tenantCaPem",
	    tenant_cas_json(palette), "kubeconfig", cluster->admin_kubeconfig);
}

/* ---- the agent's desired state ---- */

/* Machines whose replacement an operator has asked for, by name. */
static json_t *unwanted_json(const struct cluster *cluster)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cluster->pool_count; i++) {
		const struct pool *pool = cluster->pools[i];

		for (size_t j = 0; j < pool->machine_count; j++)
			if (pool->machines[j]->is_wanted_gone)
				json_array_append_new(list,
				    json_string(pool->machines[j]->meta.name));
	}
	return list;
}

static bool remediates(const struct cluster *cluster)
{
	const char *off = jstr(cluster->meta.annotations,
	    "[palette.spectrocloud.com/disablenodeautoremidiation]");

	return cluster->palette->auto_remediation && strcmp(off, "true") != 0;
}

static json_t *content_json(const struct cluster *cluster)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:b,s:o,s:s}",
	    "configUid", cluster->config.uid, "clusterName", cluster->meta.name,
	    "kubernetesVersion", cluster->kubernetes_version, "image",
	    cluster->image, "domain", jstr(cluster->cloud_config, "domain"),
	    "podCIDR", cluster->pod_cidr, "serviceCIDR", cluster->service_cidr,
	    "pools", pools_json(cluster), "autoRemediation",
	    remediates(cluster), "replaceMachines", unwanted_json(cluster),
	    "phase",
	    cluster->state == CLUSTER_DELETING ||
	            cluster->state == CLUSTER_DELETED
	        ? "deleting"
	        : "active");
}

json_t *cluster_spec_json(const struct cluster *cluster)
{
	json_t *doc = content_json(cluster);

	jseti(doc, "generation", cluster->generation);
	jsets(doc, "specHash", cluster->spec_hash);
	return doc;
}

/* Call it after anything that may have changed; equal content is no change. */
void cluster_spec_changed(struct cluster *cluster)
{
	json_t *content = content_json(cluster);
	char *text = json_canonical(content);
	char hash[17];

	snprintf(hash, sizeof(hash), "%016llx",
	    (unsigned long long)keyed_hash(0, text, strlen(text)));
	if (strcmp(hash, cluster->spec_hash) != 0) {
		memcpy(cluster->spec_hash, hash, sizeof(hash));
		cluster->generation++;
	}
	free(text);
	json_decref(content);
}
