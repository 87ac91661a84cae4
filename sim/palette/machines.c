/*
 * machines: the nodes of a pool, as the gateway and then the agent report
 * them. The same machine may be reported by both: its name is what counts.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static const char *const states[] = { "Pending", "Provisioning", "Provisioned",
	"Running", "Deleting", "Deleted", "Failed", "Unknown" };

static bool is_state(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i], state) == 0)
			return true;
	return false;
}

static struct machine *machine_find(const struct pool *pool, const char *uid)
{
	for (size_t i = 0; i < pool->machine_count; i++)
		if (strcmp(pool->machines[i]->meta.uid, uid) == 0)
			return pool->machines[i];
	return NULL;
}

struct machine *machine_upsert(
    struct cluster *cluster, struct pool *pool, const char *name)
{
	struct machine *machine;

	for (size_t i = 0; i < pool->machine_count; i++)
		if (strcmp(pool->machines[i]->meta.name, name) == 0)
			return pool->machines[i];
	machine = xcalloc(1, sizeof(*machine));
	meta_init(cluster->palette, &machine->meta, "machine", name);
	machine->state = xstrdup("Pending");
	machine->system_id = xstrdup("");
	machine->hostname = xstrdup(name);
	machine->address = xstrdup("");
	machine->az = xstrdup("");
	machine->changed_time = palette_time(cluster->palette);
	PUSH(pool->machines, pool->machine_count, machine);
	return machine;
}

/* A state that nobody knows is Unknown, as the API's enumeration wants. */
void machine_set_state(
    struct cluster *cluster, struct machine *machine, const char *state)
{
	if (!*state)
		return;
	if (!is_state(state))
		state = "Unknown";
	if (text_set(&machine->state, state))
		machine->changed_time = palette_time(cluster->palette);
}

void palette_machine_free(struct machine *machine)
{
	meta_free(&machine->meta);
	free(machine->state);
	free(machine->system_id);
	free(machine->hostname);
	free(machine->address);
	free(machine->az);
	json_decref(machine->nics);
	json_decref(machine->health);
	free(machine);
}

void machine_remove(struct pool *pool, struct machine *machine)
{
	size_t kept = 0;

	for (size_t i = 0; i < pool->machine_count; i++)
		if (pool->machines[i] != machine)
			pool->machines[kept++] = pool->machines[i];
	check(kept + 1 == pool->machine_count);
	pool->machine_count = kept;
	palette_machine_free(machine);
}

/* ---- operations ---- */

static struct pool *request_pool(
    struct request *request, struct cluster **cluster)
{
	struct pool *pool;

	*cluster = request_config(request);
	if (!*cluster)
		return NULL;
	pool = pool_find_even_retired(*cluster, request->params[1]);
	if (!pool)
		refuse_absent(request, "machine pool", request->params[1]);
	return pool;
}

static struct machine *request_machine(
    struct request *request, struct cluster **cluster, struct pool **pool)
{
	struct machine *machine;

	*pool = request_pool(request, cluster);
	if (!*pool)
		return NULL;
	machine = machine_find(*pool, request->params[2]);
	if (!machine)
		refuse_absent(request, "machine", request->params[2]);
	return machine;
}

void op_machines(struct request *request)
{
	struct cluster *cluster;
	struct pool *pool = request_pool(request, &cluster);
	json_t *items;

	if (!pool)
		return;
	items = json_array();
	for (size_t i = 0; i < pool->machine_count; i++)
		json_array_append_new(
		    items, machine_json(pool, pool->machines[i]));
	answer_list(request, items);
}

void op_machine(struct request *request)
{
	struct cluster *cluster;
	struct pool *pool;
	struct machine *machine = request_machine(request, &cluster, &pool);

	if (machine)
		answer_json(request, 200, machine_json(pool, machine));
}

void op_machine_uids(struct request *request)
{
	struct cluster *cluster = request_config(request);
	json_t *pools;

	if (!cluster)
		return;
	pools = json_object();
	for (size_t i = 0; i < cluster->pool_count; i++) {
		const struct pool *pool = cluster->pools[i];
		json_t *uids = json_array();

		for (size_t j = 0; j < pool->machine_count; j++)
			json_array_append_new(
			    uids, json_string(pool->machines[j]->meta.uid));
		json_object_set_new(
		    pools, pool->name, json_pack("{s:o}", "machineUids", uids));
	}
	answer_json(request, 200, json_pack("{s:o}", "machinePools", pools));
}

static bool all_objects(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_object(json_array_get(list, i)))
			return false;
	return json_is_array(list);
}

static void take(
    struct request *request, struct cluster *cluster, struct machine *machine)
{
	const json_t *doc = request->body;
	json_t *nics = jget(doc, "spec.nics");
	const char *address = jstr(doc, "status.addresses[0].address");

	meta_take(&machine->meta, jget(doc, "metadata"));
	meta_touch(request->palette, &machine->meta);
	if (*jstr(doc, "metadata.annotations.systemId"))
		text_set(&machine->system_id,
		    jstr(doc, "metadata.annotations.systemId"));
	if (*jstr(doc, "spec.hostname"))
		text_set(&machine->hostname, jstr(doc, "spec.hostname"));
	if (*jstr(doc, "spec.az"))
		text_set(&machine->az, jstr(doc, "spec.az"));
	if (*address)
		text_set(&machine->address, address);
	if (all_objects(nics)) {
		json_decref(machine->nics);
		machine->nics = json_deep_copy(nics);
	}
	machine_set_state(cluster, machine, jstr(doc, "status.instanceState"));
	cluster_settle(cluster);
}

/* Asked twice, or known from the gateway already: it is the same machine. */
void op_machine_create(struct request *request)
{
	struct cluster *cluster;
	struct pool *pool = request_pool(request, &cluster);
	const char *name = jstr(request->body, "metadata.name");
	struct machine *machine;

	if (!pool)
		return;
	if (!*name) {
		refuse(request, 400, "InvalidMachine",
		    "a machine needs a metadata.name");
		return;
	}
	machine = machine_upsert(cluster, pool, name);
	take(request, cluster, machine);
	answer_uid(request, machine->meta.uid);
}

void op_machine_update(struct request *request)
{
	struct cluster *cluster;
	struct pool *pool;
	struct machine *machine = request_machine(request, &cluster, &pool);

	if (!machine)
		return;
	take(request, cluster, machine);
	answer_empty(request, 204);
}

/* An agent's word: the machine is gone. An operator's: replace it. */
void op_machine_delete(struct request *request)
{
	struct cluster *cluster;
	struct pool *pool;
	struct machine *machine = request_machine(request, &cluster, &pool);

	if (!machine)
		return;
	if (request->agent_of) {
		machine_remove(pool, machine);
	} else if (cluster->state != CLUSTER_RUNNING) {
		refuse(request, 400, "ClusterNotRunning",
		    "cluster %s is %s; machines can be replaced when it is "
		    "Running",
		    cluster->meta.name, cluster_state_name(cluster->state));
		return;
	} else {
		machine->is_wanted_gone = true;
	}
	pools_forget_empty(cluster);
	cluster_spec_changed(cluster);
	cluster_settle(cluster);
	answer_empty(request, 204);
}

/* ---- health ---- */

static struct machine *machine_anywhere(
    const struct cluster *cluster, const char *uid)
{
	struct machine *machine = NULL;

	for (size_t i = 0; !machine && i < cluster->pool_count; i++)
		machine = machine_find(cluster->pools[i], uid);
	return machine;
}

static json_t *health_json(struct palette *palette, const json_t *doc)
{
	static const char *const keys[] = { "ready", "memoryPressure",
		"diskPressure", "pidPressure", "networkUnavailable" };
	json_t *conditions = json_array();
	bool ready = strcmp(jstr(doc, "ready.status"), "True") == 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *c = jget(doc, keys[i]);

		if (json_is_object(c))
			json_array_append_new(conditions,
			    json_pack("{s:s,s:s,s:s,s:s}", "type",
			        *jstr(c, "type") ? jstr(c, "type") : keys[i],
			        "status", jstr(c, "status"), "reason",
			        jstr(c, "reason"), "message",
			        jstr(c, "message")));
	}
	return json_pack("{s:s,s:o,s:o}", "state",
	    ready ? "Healthy" : "Unhealthy", "conditions", conditions,
	    "lastHeartBeatTimestamp", time_json(palette_time(palette)));
}

void op_machines_health(struct request *request)
{
	struct cluster *cluster = request_config(request);
	const json_t *list = jget(request->body, "machines");

	if (!cluster)
		return;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *doc = json_array_get(list, i);
		struct machine *machine = machine_anywhere(
		    cluster, jstr(doc, "uid"));

		if (!machine)
			continue;
		json_decref(machine->health);
		machine->health = health_json(request->palette, doc);
	}
	answer_empty(request, 204);
}
