/* pools: the cloud config of a cluster and its machine pools. */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static json_t *object_of(const json_t *doc, const char *path)
{
	json_t *value = jget(doc, path);

	return json_is_object(value) ? json_deep_copy(value) : json_object();
}

static void pool_take(struct pool *pool, const json_t *entity)
{
	json_decref(pool->config);
	json_decref(pool->cloud);
	pool->config = object_of(entity, "poolConfig");
	pool->cloud = object_of(entity, "cloudConfig");
	pool->size = jint(entity, "poolConfig.size");
}

struct pool *pool_new(struct cluster *cluster, const json_t *entity)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->name = xstrdup(jstr(entity, "poolConfig.name"));
	uid_make(cluster->palette, pool->uid, "machinepool");
	pool->is_control_plane = jbool(entity, "poolConfig.isControlPlane");
	pool_take(pool, entity);
	return pool;
}

void pool_free(struct pool *pool)
{
	for (size_t i = 0; i < pool->machine_count; i++)
		palette_machine_free(pool->machines[i]);
	free(pool->machines);
	json_decref(pool->config);
	json_decref(pool->cloud);
	free(pool->name);
	free(pool);
}

struct pool *pool_find_even_retired(
    const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->pool_count; i++)
		if (strcmp(cluster->pools[i]->name, name) == 0)
			return cluster->pools[i];
	return NULL;
}

static struct pool *pool_find(const struct cluster *cluster, const char *name)
{
	struct pool *pool = pool_find_even_retired(cluster, name);

	return pool && !pool->is_retired ? pool : NULL;
}

void pools_forget_empty(struct cluster *cluster)
{
	size_t kept = 0;

	for (size_t i = 0; i < cluster->pool_count; i++) {
		struct pool *pool = cluster->pools[i];

		if (pool->is_retired && pool->machine_count == 0)
			pool_free(pool);
		else
			cluster->pools[kept++] = pool;
	}
	cluster->pool_count = kept;
}

/* ---- operations ---- */

void op_config(struct request *request)
{
	struct cluster *cluster = request_config(request);

	if (cluster)
		answer_json(request, 200, cluster_config_json(cluster));
}

/* Pools are not touched while the gateway or the agent still builds. */
static bool is_changeable(struct request *request, struct cluster *cluster)
{
	return cluster_is_changeable(request, cluster, "its pools");
}

static void changed(struct request *request, struct cluster *cluster)
{
	meta_touch(request->palette, &cluster->config);
	cluster_spec_changed(cluster);
	cluster_settle(cluster);
}

/* The domain and the keys of machines that are built from now on. */
void op_config_cluster_set(struct request *request)
{
	struct cluster *cluster = request_config(request);
	const char *domain = jstr(request->body, "clusterConfig.domain");
	json_t *keys = jget(request->body, "clusterConfig.sshKeys");

	if (!is_changeable(request, cluster))
		return;
	if (!*domain) {
		refuse(request, 400, "InvalidCloudConfig",
		    "clusterConfig.domain must name a MAAS domain");
		return;
	}
	jsets(cluster->cloud_config, "domain", domain);
	if (json_is_array(keys))
		jset(cluster->cloud_config, "sshKeys", json_deep_copy(keys));
	changed(request, cluster);
	answer_empty(request, 204);
}

static bool entity_is_good(struct request *request)
{
	struct complaints list = { .count = 0 };

	check_pool(request->body, &list);
	if (list.count == 0)
		return true;
	refuse_complaints(request, &list);
	return false;
}

void op_pool_create(struct request *request)
{
	struct cluster *cluster = request_config(request);
	const char *name = jstr(request->body, "poolConfig.name");
	struct pool *pool;

	if (!is_changeable(request, cluster) || !entity_is_good(request))
		return;
	pool = pool_find_even_retired(cluster, name);
	if (pool) {
		refuse(request, 409, "MachinePoolAlreadyExists",
		    pool->is_retired
		        ? "cluster %s still removes the old machine pool %s"
		        : "cluster %s has a machine pool %s already",
		    cluster->meta.name, name);
		return;
	}
	if (jbool(request->body, "poolConfig.isControlPlane")) {
		refuse(request, 400, "InvalidMachinePool",
		    "cluster %s has its control-plane pool already",
		    cluster->meta.name);
		return;
	}
	pool = pool_new(cluster, request->body);
	PUSH(cluster->pools, cluster->pool_count, pool);
	changed(request, cluster);
	answer_uid(request, pool->uid);
}

static struct pool *request_pool(
    struct request *request, struct cluster *cluster)
{
	struct pool *pool = pool_find(cluster, request->params[1]);

	if (!pool)
		refuse_absent(request, "machine pool", request->params[1]);
	return pool;
}

void op_pool_update(struct request *request)
{
	struct cluster *cluster = request_config(request);
	struct pool *pool;

	if (!is_changeable(request, cluster))
		return;
	pool = request_pool(request, cluster);
	if (!pool)
		return;
	if (!*jstr(request->body, "poolConfig.name"))
		jsets(request->body, "poolConfig.name", pool->name);
	if (pool->is_control_plane)
		jsetb(request->body, "poolConfig.isControlPlane", true);
	if (!entity_is_good(request))
		return;
	if (strcmp(jstr(request->body, "poolConfig.name"), pool->name) != 0 ||
	    jbool(request->body, "poolConfig.isControlPlane") !=
	        pool->is_control_plane) {
		refuse(request, 400, "InvalidMachinePool",
		    "name and role of machine pool %s cannot be changed",
		    pool->name);
		return;
	}
	pool_take(pool, request->body);
	changed(request, cluster);
	answer_empty(request, 204);
}

/* The agent sees it gone from the desired state; its machines stay listed
 * until the agent says that they are gone. */
void op_pool_delete(struct request *request)
{
	struct cluster *cluster = request_config(request);
	struct pool *pool;

	if (!is_changeable(request, cluster))
		return;
	pool = request_pool(request, cluster);
	if (!pool)
		return;
	if (pool->is_control_plane) {
		refuse(request, 400, "InvalidMachinePool",
		    "the control-plane pool cannot be deleted");
		return;
	}
	pool->is_retired = true;
	pool->size = 0;
	pools_forget_empty(cluster);
	changed(request, cluster);
	answer_empty(request, 204);
}
