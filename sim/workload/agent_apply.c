#include "sim/workload/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "capi/plan.h"
#include "sim/workload/node.h"

/*
 * Level-triggered: each look finds the first thing that is not as it should
 * be, sends the one request that changes it, and looks again when that is
 * answered and something has changed. A look that finds nothing has applied
 * the desired state.
 */

static void applied_one(void *ctx, const struct kube_answer *answer)
{
	struct agent *agent = ctx;

	agent->applying = NULL;
	if (answer->status / 100 == 2 || answer->status == 404 ||
	    answer->status == 409) {
		agent->apply_failures = 0;
		if (answer->status / 100 == 2 && answer->body &&
		    jhas(answer->body, "metadata.resourceVersion"))
			cache_note(agent->objects, answer->body);
		agent_wake(agent);
		return;
	}
	agent->apply_failures++;
	log_warning(agent->with.host, "cannot apply the desired state: %s",
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
	timer_set(&agent->apply_again, agent->with.host->loop,
	    agent_back_off(agent, agent->apply_failures));
}

/* Each of these returns true if it has sent a request. */

static bool create(struct agent *agent, const json_t *object)
{
	agent->applying = kube_create(
	    agent->with.kube, jstr(object, "kind"), object, applied_one, agent);
	return true;
}

static bool patch(struct agent *agent, const json_t *object, json_t *change)
{
	jsets(change, "metadata.resourceVersion",
	    jstr(object, "metadata.resourceVersion"));
	agent->applying = kube_patch(agent->with.kube, jstr(object, "kind"),
	    agent->ns, jstr(object, "metadata.name"), NULL, change, applied_one,
	    agent);
	json_decref(change);
	return true;
}

static bool delete (struct agent *agent, const json_t *object)
{
	if (jhas(object, "metadata.deletionTimestamp"))
		return false;
	agent->applying = kube_delete(agent->with.kube, jstr(object, "kind"),
	    agent->ns, jstr(object, "metadata.name"),
	    jstr(object, "metadata.uid"), applied_one, agent);
	return true;
}

/* ---- the cluster's network: part of the agent's own manifest ---- */

static void network_here(void *ctx, const struct kube_answer *answer)
{
	struct agent *agent = ctx;

	agent->has_network = answer->status / 100 == 2 || answer->status == 409;
	applied_one(ctx, answer);
}

static bool lay_network(struct agent *agent)
{
	json_t *map;

	if (agent->has_network)
		return false;
	map = json_object();
	jsets(map, "apiVersion", "v1");
	jsets(map, "kind", "ConfigMap");
	jsets(map, "metadata.name", NODE_NETWORK);
	jsets(map, "metadata.namespace", "kube-system");
	jsets(map, "data.plugin", "calico");
	agent->applying = kube_create(
	    agent->with.kube, "ConfigMap", map, network_here, agent);
	json_decref(map);
	return true;
}

/* ---- the control plane ---- */

static const json_t *control_plane_of(const struct agent *agent)
{
	const json_t *cluster = agent_cluster(agent);

	return cache_get(agent->objects, "KubeadmControlPlane", agent->ns,
	    jstr(cluster, "spec.controlPlaneRef.name"));
}

static bool apply_control_plane(struct agent *agent, const json_t *pool)
{
	const json_t *object = control_plane_of(agent);
	const char *version = jstr(agent->spec, "kubernetesVersion");
	int64_t size = jint(pool, "size");
	json_t *change;

	if (!object || size < 1 ||
	    (jint(object, "spec.replicas") == size &&
	        (!version[0] ||
	            strcmp(jstr(object, "spec.version"), version) == 0)))
		return false;
	change = json_object();
	jseti(change, "spec.replicas", size);
	if (version[0])
		jsets(change, "spec.version", version);
	return patch(agent, object, change);
}

/* ---- worker pools ---- */

/* Is all of `part` in `whole`, at the same places? Lists must be equal. */
static bool holds(const json_t *whole, json_t *part)
{
	const char *key;
	json_t *value;

	if (!json_is_object(part))
		return json_equal(whole, part);
	json_object_foreach(part, key, value)
	{
		if (!holds(json_object_get(whole, key), value))
			return false;
	}
	return true;
}

/* A template is never changed (its name follows its content); of the other
 * objects the spec is what we declare. */
static bool apply_object(struct agent *agent, const json_t *wanted)
{
	const json_t *have = cache_get(agent->objects, jstr(wanted, "kind"),
	    agent->ns, jstr(wanted, "metadata.name"));
	json_t *change;

	if (!have)
		return create(agent, wanted);
	if (strstr(jstr(wanted, "kind"), "Template") ||
	    jhas(have, "metadata.deletionTimestamp") ||
	    holds(jget(have, "spec"), jget(wanted, "spec")))
		return false;
	change = json_object();
	jset(change, "spec", json_deep_copy(jget(wanted, "spec")));
	return patch(agent, have, change);
}

/* What belongs to a cluster is owned by it, or the pivot would not take it
 * along and its deletion would leave it behind. */
static void set_owner(const struct agent *agent, json_t *object)
{
	const json_t *cluster = agent_cluster(agent);
	json_t *owner;

	if (jlen(object, "metadata.ownerReferences") > 0)
		return;
	owner = json_object();
	jsets(owner, "apiVersion", jstr(cluster, "apiVersion"));
	jsets(owner, "kind", "Cluster");
	jsets(owner, "name", jstr(cluster, "metadata.name"));
	jsets(owner, "uid", jstr(cluster, "metadata.uid"));
	jadd(object, "metadata.ownerReferences", owner);
}

static bool apply_pool(struct agent *agent, const json_t *pool)
{
	struct err err;
	bool sent = false;
	json_t *list = plan_worker_pool(
	    agent->spec, pool, control_plane_of(agent), agent->ns, &err);

	if (!list) {
		log_warning(agent->with.host, "pool %s: %s", jstr(pool, "name"),
		    err.text);
		return false;
	}
	for (size_t i = 0; !sent && i < json_array_size(list); i++) {
		json_t *object = json_array_get(list, i);

		set_owner(agent, object);
		sent = apply_object(agent, object);
	}
	json_decref(list);
	return sent;
}

static bool apply_control_plane_check(struct agent *agent, const json_t *pool)
{
	json_t *check = plan_control_plane_check(agent->spec, pool, agent->ns);
	bool sent;

	if (!check)
		return false;
	set_owner(agent, check);
	sent = apply_object(agent, check);
	json_decref(check);
	return sent;
}

static bool apply_pools(struct agent *agent)
{
	size_t count = jlen(agent->spec, "pools");

	for (size_t i = 0; i < count; i++) {
		const json_t *pool = json_array_get(
		    jget(agent->spec, "pools"), i);

		if (jbool(pool, "isControlPlane")
		        ? apply_control_plane(agent, pool) ||
		              apply_control_plane_check(agent, pool)
		        : apply_pool(agent, pool))
			return true;
	}
	return false;
}

/* ---- what is not wanted any more ---- */

struct search {
	const struct agent *agent;
	const json_t *found;
};

static const json_t *pool_named(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < jlen(agent->spec, "pools"); i++) {
		const json_t *pool = json_array_get(
		    jget(agent->spec, "pools"), i);

		if (strcmp(jstr(pool, "name"), name) == 0)
			return pool;
	}
	return NULL;
}

static bool unwanted_pool(void *ctx, const json_t *object)
{
	struct search *search = ctx;
	const char *pool = json_string_value(json_object_get(
	    jget(object, "spec.template.metadata.labels"), AGENT_POOL_LABEL));

	if (pool && !pool_named(search->agent, pool) &&
	    !jhas(object, "metadata.deletionTimestamp"))
		search->found = object;
	return search->found == NULL;
}

static bool is_wanted_of_control_plane(
    const struct agent *agent, const json_t *check)
{
	bool wanted = false;

	for (size_t i = 0; !wanted && i < jlen(agent->spec, "pools"); i++) {
		const json_t *pool = json_array_get(
		    jget(agent->spec, "pools"), i);
		json_t *planned = jbool(pool, "isControlPlane")
		                      ? plan_control_plane_check(
		                            agent->spec, pool, agent->ns)
		                      : NULL;

		wanted = planned && strcmp(jstr(planned, "metadata.name"),
		                        jstr(check, "metadata.name")) == 0;
		json_decref(planned);
	}
	return wanted;
}

/* A health check follows its MachineDeployment by name, or the size of the
 * control plane; and the policy. */
static bool unwanted_check(void *ctx, const json_t *object)
{
	struct search *search = ctx;
	const json_t *deployment = cache_get(search->agent->objects,
	    "MachineDeployment", search->agent->ns,
	    jstr(object, "metadata.name"));
	const json_t *spec = search->agent->spec;

	if (is_wanted_of_control_plane(search->agent, object))
		return true;
	if (!deployment || jhas(deployment, "metadata.deletionTimestamp") ||
	    (jhas(spec, "autoRemediation") && !jbool(spec, "autoRemediation")))
		search->found = object;
	return search->found == NULL;
}

static bool delete_one(
    struct agent *agent, const char *kind, cache_visit_fn *unwanted)
{
	struct search search = { agent, NULL };

	cache_each(agent->objects, kind, unwanted, &search);
	return search.found && delete (agent, search.found);
}

static bool delete_unwanted(struct agent *agent)
{
	return delete_one(agent, "MachineDeployment", unwanted_pool) ||
	       delete_one(agent, "MachineHealthCheck", unwanted_check);
}

/* An operator asked for another machine in this one's place. */
static bool replace_machines(struct agent *agent)
{
	for (size_t i = 0; i < jlen(agent->spec, "replaceMachines"); i++) {
		const char *name = json_string_value(
		    json_array_get(jget(agent->spec, "replaceMachines"), i));
		const json_t *machine = name ? cache_get(agent->objects,
		                                   "Machine", agent->ns, name)
		                             : NULL;

		if (machine && delete (agent, machine))
			return true;
	}
	return false;
}

/* ---- one look ---- */

void agent_apply(struct agent *agent)
{
	if (agent->applying || timer_is_set(&agent->apply_again))
		return;
	if (!agent->objects || lay_network(agent))
		return;
	if (!agent_may_change(agent) || !control_plane_of(agent))
		return;
	if (jlen(agent->spec, "pools") == 0)
		return; /* no cluster wants that: an answer gone wrong */
	if (apply_pools(agent) || delete_unwanted(agent) ||
	    replace_machines(agent))
		return;
	if (strcmp(agent->applied_hash, agent->spec_hash) != 0) {
		memcpy(agent->applied_hash, agent->spec_hash,
		    sizeof(agent->applied_hash));
		agent_tell(agent);
	}
}
