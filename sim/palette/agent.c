/*
 * agent: what the agent inside a workload cluster says, and what it is told
 * (docs/protocol.md, section 4).
 *
 * Every word of it renews the lease on the cluster's health only where the
 * protocol says so: the heartbeat.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

void op_heartbeat(struct request *request)
{
	struct cluster *cluster = request->agent_of;
	const char *version = jstr(request->body, "agentVersion");

	if (!*version) {
		refuse(request, 400, "InvalidHeartbeat",
		    "a heartbeat needs an agentVersion");
		return;
	}
	text_set(&cluster->agent_version, version);
	text_set(&cluster->agent_message, jstr(request->body, "message"));
	cluster_heard(cluster);
	cluster_settle(cluster);
	answer_with(request, 204, "Spec-Hash", cluster->spec_hash);
}

void op_spec(struct request *request)
{
	struct cluster *cluster = request->agent_of;
	const char *held = request_header(request, "If-None-Match");

	if (held && strcmp(held, cluster->spec_hash) == 0)
		answer_empty(request, 304);
	else
		answer_json(request, 200, cluster_spec_json(cluster));
}

/* ---- conditions ---- */

static bool condition_is_good(struct request *request, const json_t *doc)
{
	static const char *const statuses[] = { "True", "False", "Unknown" };
	const char *status = jstr(doc, "status");

	for (size_t i = 0; *jstr(doc, "type") && i < 3; i++)
		if (strcmp(statuses[i], status) == 0)
			return true;
	refuse(request, 400, "InvalidCondition",
	    "a condition needs a type, and the status True, False or Unknown");
	return false;
}

static void take_condition(struct cluster *cluster, const json_t *doc)
{
	cluster_condition(cluster, jstr(doc, "type"), jstr(doc, "status"),
	    jstr(doc, "reason"), jstr(doc, "message"));
}

void op_condition(struct request *request)
{
	if (!condition_is_good(request, request->body))
		return;
	take_condition(request->agent_of, request->body);
	cluster_settle(request->agent_of);
	answer_empty(request, 204);
}

void op_conditions(struct request *request)
{
	json_t *doc;
	size_t i;

	json_array_foreach(
	    request->body, i, doc) if (!condition_is_good(request, doc)) return;
	json_array_foreach(request->body, i, doc)
	    take_condition(request->agent_of, doc);
	cluster_settle(request->agent_of);
	answer_empty(request, 204);
}

/* ---- addresses ---- */

void op_endpoints(struct request *request)
{
	struct cluster *cluster = request->agent_of;
	json_t *list = json_array(), *doc;
	size_t i;

	json_array_foreach(request->body, i, doc)
	{
		if (!*jstr(doc, "host") ||
		    !json_is_integer(jget(doc, "port"))) {
			json_decref(list);
			refuse(request, 400, "InvalidEndpoint",
			    "an endpoint needs a host and a port");
			return;
		}
		json_array_append_new(
		    list, json_pack("{s:s,s:I}", "host", jstr(doc, "host"),
		              "port", (json_int_t)jint(doc, "port")));
	}
	json_decref(cluster->endpoints);
	cluster->endpoints = list;
	answer_empty(request, 204);
}

static json_t *service_json(const json_t *doc)
{
	const json_t *given = jget(doc, "ports");
	json_t *ports = json_array();

	for (size_t i = 0; i < json_array_size(given); i++) {
		const json_t *port = json_array_get(given, i);

		json_array_append_new(
		    ports, json_pack("{s:I,s:s}", "port",
		               (json_int_t)jint(port, "port"), "protocol",
		               jstr(port, "protocol")));
	}
	return json_pack("{s:s,s:s,s:o}", "host", jstr(doc, "host"), "name",
	    jstr(doc, "name"), "ports", ports);
}

void op_services(struct request *request)
{
	struct cluster *cluster = request->agent_of;
	json_t *doc;
	size_t i;

	json_array_clear(cluster->services);
	json_array_foreach(request->body, i, doc)
	    json_array_append_new(cluster->services, service_json(doc));
	answer_empty(request, 204);
}

/* ---- applying ---- */

static json_t *spc_json(const struct cluster *cluster)
{
	return json_pack("{s:s,s:b,s:s,s:s,s:o}", "actionType",
	    "DownloadAndInstall", "canBeApplied", 1, "spcHash",
	    cluster->spec_hash, "spcInfraHash", cluster->spec_hash,
	    "patchAppliedTime", time_json(cluster->applied_time));
}

void op_spc(struct request *request)
{
	answer_json(request, 200, spc_json(request->agent_of));
}

/* Nothing waits for a permission here, so there is nothing to change. */
void op_spc_apply(struct request *request)
{
	if (request_cluster(request))
		answer_empty(request, 202);
}

/* The link's own word is specHash, the published one clusterHash. */
void op_spc_patch_time(struct request *request)
{
	struct cluster *cluster = request->agent_of;
	const char *hash = jstr(request->body, "specHash");

	if (!*hash)
		hash = jstr(request->body, "clusterHash");
	if (!*hash) {
		refuse(request, 400, "InvalidPatchTime",
		    "the body must say which specHash was applied");
		return;
	}
	text_set(&cluster->applied_hash, hash);
	if (!time_parse(
	        jstr(request->body, "patchTime"), &cluster->applied_time))
		cluster->applied_time = palette_time(request->palette);
	cluster_settle(cluster);
	answer_empty(request, 204);
}

/* ---- packs ---- */

static json_t *pack_status_json(const json_t *doc)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s},s:[],s:[]}",
	    "name", jstr(doc, "name"), "profileUid", jstr(doc, "profileUid"),
	    "type", jstr(doc, "type"), "version", jstr(doc, "version"),
	    "condition", "type", jstr(doc, "condition.type"), "status",
	    jstr(doc, "condition.status"), "reason",
	    jstr(doc, "condition.reason"), "message",
	    jstr(doc, "condition.message"), "manifests", "services");
}

static void put_pack(json_t *packs, const json_t *doc)
{
	json_t *pack;
	size_t i;

	json_array_foreach(packs, i,
	    pack) if (strcmp(jstr(pack, "name"), jstr(doc, "name")) == 0)
	{
		json_array_set_new(packs, i, pack_status_json(doc));
		return;
	}
	json_array_append_new(packs, pack_status_json(doc));
}

void op_packs_status(struct request *request)
{
	const json_t *list = jget(request->body, "packs");

	for (size_t i = 0; i < json_array_size(list); i++)
		put_pack(request->agent_of->packs, json_array_get(list, i));
	answer_empty(request, 204);
}
