#include "sim/workload/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"

/*
 * What Palette knows from us is one document, `told`:
 *
 *	endpoint, kubeconfig, applied, addons   digests of what was reported
 *	machines.<name>   {uid, pool, digest}
 *	health.<name>     digest
 *	nodes.<name>      last alert: True, False, Unknown
 *
 * Each look finds the first difference between it and the cluster, sends the
 * one request that mends it, and keeps in `telling` what `told` becomes when
 * Palette has said yes. What Palette refuses for good is taken as told: to
 * repeat it would not help.
 */

static bool is_refused_for_good(int status)
{
	return status / 100 == 4 && status != 401 && status != 403 &&
	       status != 408 && status != 429;
}

static void told_one(struct agent *agent, const struct http_response *answer,
    const struct err *err)
{
	if (answer && (answer->status / 100 == 2 ||
	                  is_refused_for_good(answer->status))) {
		if (answer->status / 100 != 2)
			log_warning(agent->with.host,
			    "Palette refuses a report with %d: %s",
			    answer->status, buf_text(&answer->body));
		json_decref(agent->told);
		agent->told = agent->telling;
		agent->telling = NULL;
		agent->report_failures = 0;
		agent_report(agent);
		return;
	}
	log_info(agent->with.host, "report: %s",
	    err ? err->text : http_reason(answer->status));
	json_decref(agent->telling);
	agent->telling = NULL;
	agent->report_failures++;
	timer_set(&agent->report_again, agent->with.host->loop,
	    agent_wait(agent, agent->report_failures, answer));
}

/* Begin a change of what is told. */
static json_t *tell(struct agent *agent)
{
	check(!agent->telling);
	agent->telling = json_deep_copy(agent->told);
	return agent->telling;
}

static bool send(struct agent *agent, const char *method, char *path,
    json_t *body, agent_answer_fn *fn)
{
	const struct agent_request what = {
		.method = method,
		.path = path,
		.body = body,
	};

	agent_send(agent, &agent->report, &what, fn);
	free(path);
	return true;
}

static char *digest_of(const json_t *document)
{
	char *text = json_canonical(document);
	char *digest = xasprintf(
	    "%016llx", (unsigned long long)keyed_hash(0, text, strlen(text)));

	free(text);
	return digest;
}

static void set_key(json_t *map, const char *key, const char *text)
{
	json_object_set_new(map, key, json_string(text));
}

/* ---- machines ---- */

static json_t *map_of(json_t *root, const char *name)
{
	json_t *map = json_object_get(root, name);

	if (!map) {
		map = json_object();
		json_object_set_new(root, name, map);
	}
	return map;
}

static const char *pool_of(const json_t *machine)
{
	const char *pool = json_string_value(json_object_get(
	    jget(machine, "metadata.labels"), AGENT_POOL_LABEL));

	return pool ? pool : "";
}

static const char *state_of(const json_t *machine)
{
	const char *phase = jstr(machine, "status.phase");

	if (strcmp(phase, "Updating") == 0)
		return "Running";
	return phase[0] ? phase : "Pending";
}

static json_t *machine_body(const struct agent *agent, const json_t *machine)
{
	const char *name = jstr(machine, "metadata.name");
	const json_t *infra = cache_get(agent->objects, "MaasMachine",
	    agent->ns, jstr(machine, "spec.infrastructureRef.name"));
	const char *provider = jstr(machine, "spec.providerID");
	const char *slash = strrchr(provider, '/');
	json_t *body = json_object();

	jsets(body, "kind", "MaasMachine");
	jsets(body, "metadata.name", name);
	if (slash)
		jsets(body, "metadata.annotations.systemId", slash + 1);
	jsets(body, "spec.az", jstr(machine, "spec.failureDomain"));
	jsets(body, "spec.hostname", jstr(infra, "status.hostname"));
	jsets(body, "status.instanceState", state_of(machine));
	jsetb(body, "status.ready", strcmp(state_of(machine), "Running") == 0);
	for (size_t i = 0; i < jlen(machine, "status.addresses"); i++) {
		const json_t *row = json_array_get(
		    jget(machine, "status.addresses"), i);

		if (strcmp(jstr(row, "type"), "InternalIP") == 0 ||
		    strcmp(jstr(row, "type"), "ExternalIP") == 0) {
			jadd(body, "status.addresses", json_deep_copy(row));
			break;
		}
	}
	return body;
}

/* The answer to a POST carries the machine's uid in Palette. */
static void machine_told(struct agent *agent,
    const struct http_response *answer, const struct err *err)
{
	struct err garbled;
	json_t *body = NULL;
	const char *key;
	json_t *row;

	if (answer && answer->status / 100 == 2 && answer->body.len)
		body = json_parse(
		    buf_text(&answer->body), answer->body.len, &garbled);
	json_object_foreach(map_of(agent->telling, "machines"), key, row)
	{
		if (!jstr(row, "uid")[0])
			jsets(row, "uid", jstr(body, "uid"));
	}
	json_decref(body);
	told_one(agent, answer, err);
}

static char *machines_path(
    const struct agent *agent, const char *pool, const char *uid)
{
	return xasprintf(
	    "/v1/cloudconfigs/maas/%s/machinePools/%s/machines%s%s",
	    jstr(agent->spec, "configUid"), pool, uid[0] ? "/" : "", uid);
}

static bool send_machine(struct agent *agent, const json_t *machine,
    const char *digest, json_t *body)
{
	const char *name = jstr(machine, "metadata.name");
	json_t *rows = map_of(tell(agent), "machines");
	json_t *row = json_object_get(rows, name);

	if (!row) {
		row = json_object();
		json_object_set_new(rows, name, row);
	}
	set_key(row, "pool", pool_of(machine));
	set_key(row, "digest", digest);
	if (jstr(row, "uid")[0])
		return send(agent, "PUT",
		    machines_path(agent, pool_of(machine), jstr(row, "uid")),
		    body, told_one);
	return send(agent, "POST", machines_path(agent, pool_of(machine), ""),
	    body, machine_told);
}

struct look {
	struct agent *agent;
	bool sent;
};

static bool report_machine(void *ctx, const json_t *machine)
{
	struct look *look = ctx;
	const char *name = jstr(machine, "metadata.name");
	json_t *body = machine_body(look->agent, machine);
	char *digest = digest_of(body);
	json_t *row = json_object_get(
	    json_object_get(look->agent->told, "machines"), name);

	if (pool_of(machine)[0] && strcmp(jstr(row, "digest"), digest) != 0)
		look->sent = send_machine(
		    look->agent, machine, digest, json_incref(body));
	free(digest);
	json_decref(body);
	return !look->sent;
}

static bool report_machines(struct agent *agent)
{
	struct look look = { agent, false };

	cache_each(agent->objects, "Machine", report_machine, &look);
	return look.sent;
}

static bool report_gone(struct agent *agent)
{
	const char *name;
	json_t *row;

	json_object_foreach(json_object_get(agent->told, "machines"), name, row)
	{
		char *path;

		if (cache_get(agent->objects, "Machine", agent->ns, name))
			continue;
		path = machines_path(
		    agent, jstr(row, "pool"), jstr(row, "uid"));
		json_object_del(map_of(tell(agent), "machines"), name);
		return send(agent, "DELETE", path, NULL, told_one);
	}
	return false;
}

/* ---- nodes ---- */

static const json_t *ready_of(const json_t *node)
{
	for (size_t i = 0; i < jlen(node, "status.conditions"); i++) {
		const json_t *condition = json_array_get(
		    jget(node, "status.conditions"), i);

		if (strcmp(jstr(condition, "type"), "Ready") == 0)
			return condition;
	}
	return NULL;
}

static const json_t *node_of(const struct agent *agent, const json_t *machine)
{
	const char *name = jstr(machine, "status.nodeRef.name");

	return name[0] ? cache_get(agent->nodes, "Node", NULL, name) : NULL;
}

static bool report_health_of(void *ctx, const json_t *machine)
{
	struct look *look = ctx;
	struct agent *agent = look->agent;
	const char *name = jstr(machine, "metadata.name");
	const json_t *ready = ready_of(node_of(agent, machine));
	const char *uid = jstr(
	    json_object_get(json_object_get(agent->told, "machines"), name),
	    "uid");
	const char *before = json_string_value(
	    json_object_get(json_object_get(agent->told, "health"), name));
	json_t *body, *row;

	if (!ready || !uid[0] ||
	    (before && strcmp(before, jstr(ready, "status")) == 0))
		return true;
	body = json_object();
	row = json_object();
	jsets(row, "uid", uid);
	jset(row, "ready", json_deep_copy(ready));
	jadd(body, "machines", row);
	set_key(map_of(tell(agent), "health"), name, jstr(ready, "status"));
	look->sent = send(agent, "PATCH",
	    xasprintf("/v1/cloudconfigs/%s/machines/health",
	        jstr(agent->spec, "configUid")),
	    body, told_one);
	return false;
}

static bool report_health(struct agent *agent)
{
	struct look look = { agent, false };

	cache_each(agent->objects, "Machine", report_health_of, &look);
	return look.sent;
}

/* ---- alerts: the cluster deviates from what was declared (R-094, R-095) ----
 */

static bool send_event(struct agent *agent, const char *severity,
    const char *reason, char *message)
{
	json_t *body = json_object();

	jsets(body, "involvedObject.kind", "spectrocluster");
	jsets(body, "involvedObject.uid", agent->uid);
	jsets(body, "relatedObject.kind", "spectrocluster");
	jsets(body, "relatedObject.uid", agent->uid);
	jsets(body, "severity", severity);
	jsets(body, "reason", reason);
	jsets(body, "message", message);
	jsets(body, "source.component", "palette-agent");
	free(message);
	return send(
	    agent, "POST", xstrdup("/v1/events/components"), body, told_one);
}

/* Of a node seen for the first time: Unknown is one that has posted before, and
 * that an agent which starts anew has not seen. */
static const char *presumed(const char *ready)
{
	return strcmp(ready, "Unknown") == 0 ? "True" : "False";
}

static bool alert_about(void *ctx, const json_t *node)
{
	struct look *look = ctx;
	struct agent *agent = look->agent;
	const char *name = jstr(node, "metadata.name");
	const char *ready = jstr(ready_of(node), "status");
	const char *before = json_string_value(
	    json_object_get(json_object_get(agent->told, "nodes"), name));
	bool was_ready = strcmp(before ? before : presumed(ready), "True") == 0;
	bool is_ready = strcmp(ready, "True") == 0;

	if (was_ready == is_ready)
		return true; /* one that never was ready is not missed yet */
	set_key(map_of(tell(agent), "nodes"), name, ready);
	if (is_ready)
		look->sent = send_event(agent, "Normal", "NodeReady",
		    xasprintf("node %s is ready", name));
	else
		look->sent = send_event(agent, "Warning", "NodeNotReady",
		    xasprintf("node %s is not ready: %s; %s", name,
		        jstr(ready_of(node), "message"),
		        jbool(agent->spec, "autoRemediation")
		            ? "it will be repaired"
		            : "repair is switched off"));
	return false;
}

static bool alert_missing(struct agent *agent)
{
	const char *name;
	json_t *before;

	json_object_foreach(json_object_get(agent->told, "nodes"), name, before)
	{
		char *message;

		if (cache_get(agent->nodes, "Node", NULL, name))
			continue;
		message = xasprintf("node %s has left the cluster", name);
		json_object_del(map_of(tell(agent), "nodes"), name);
		return send_event(agent, "Normal", "NodeRemoved", message);
	}
	return false;
}

static bool report_deviations(struct agent *agent)
{
	struct look look = { agent, false };

	cache_each(agent->nodes, "Node", alert_about, &look);
	return look.sent || alert_missing(agent);
}

/* ---- once ---- */

static bool is_told(
    const struct agent *agent, const char *key, const char *text)
{
	return strcmp(jstr(agent->told, key), text) == 0;
}

static bool report_endpoint(struct agent *agent)
{
	const json_t *endpoint = jget(
	    agent_cluster(agent), "spec.controlPlaneEndpoint");
	json_t *body;

	if (!jstr(endpoint, "host")[0] ||
	    is_told(agent, "endpoint", jstr(endpoint, "host")))
		return false;
	body = json_array();
	json_array_append_new(body, json_deep_copy(endpoint));
	set_key(tell(agent), "endpoint", jstr(endpoint, "host"));
	return send(agent, "PUT",
	    xasprintf("/v1/spectroclusters/%s/status/endpoints", agent->uid),
	    body, told_one);
}

static void kubeconfig_here(void *ctx, const struct kube_answer *answer)
{
	struct agent *agent = ctx;
	const char *encoded = jstr(answer->body, "data.value");
	struct buf text = BUF_INIT;

	agent->reading = NULL;
	if (answer->status == 200 && encoded[0] &&
	    buf_add_unbase64(&text, encoded, strlen(encoded)) && text.len) {
		free(agent->kubeconfig);
		agent->kubeconfig = buf_detach(&text);
		agent_wake(agent);
		return;
	}
	buf_free(&text);
	timer_set(
	    &agent->kubeconfig_again, agent->with.host->loop, SECONDS(60));
}

/* True also while it is being read. */
static bool report_kubeconfig(struct agent *agent)
{
	char *name;
	json_t *body;

	if (is_told(agent, "kubeconfig", "yes") || agent->reading ||
	    timer_is_set(&agent->kubeconfig_again))
		return false;
	if (!agent->kubeconfig) {
		name = xasprintf("%s-kubeconfig",
		    jstr(agent_cluster(agent), "metadata.name"));
		agent->reading = kube_get(agent->with.kube, "Secret", agent->ns,
		    name, kubeconfig_here, agent);
		free(name);
		return false;
	}
	body = json_object();
	jsets(body, "kubeconfig", agent->kubeconfig);
	set_key(tell(agent), "kubeconfig", "yes");
	return send(agent, "PUT",
	    xasprintf("/v1/spectroclusters/%s/assets/kubeconfig", agent->uid),
	    body, told_one);
}

static bool report_applied(struct agent *agent)
{
	json_t *body;
	char time[32];

	if (!agent->applied_hash[0] ||
	    is_told(agent, "applied", agent->applied_hash))
		return false;
	time_text_ms(host_time(agent->with.host), time);
	body = json_object();
	jsets(body, "specHash", agent->applied_hash);
	jsets(body, "clusterHash", agent->applied_hash);
	jsets(body, "patchTime", time);
	set_key(tell(agent), "applied", agent->applied_hash);
	return send(agent, "PATCH",
	    xasprintf(
	        "/v1/spectroclusters/%s/status/spcApply/patchTime", agent->uid),
	    body, told_one);
}

/* ---- what it waits for ---- */

struct lack {
	const char *name,
	    *message; /* of the first machine that cannot be had */
};

/* Machines that are there get on by themselves, or fail and are replaced; one
 * that cannot be had at all is for somebody to see to. */
static bool lacks_machine(void *ctx, const json_t *infra)
{
	struct lack *lack = ctx;

	for (size_t i = 0; i < jlen(infra, "status.conditions"); i++) {
		const json_t *c = json_array_get(
		    jget(infra, "status.conditions"), i);

		if (!jstr(infra, "spec.systemID")[0] &&
		    !jhas(infra, "metadata.deletionTimestamp") &&
		    strcmp(jstr(c, "type"), "MachineDeployed") == 0 &&
		    strcmp(jstr(c, "status"), "False") == 0 &&
		    strcmp(jstr(c, "severity"), "Error") == 0) {
			lack->name = jstr(infra, "metadata.name");
			lack->message = jstr(c, "message");
		}
	}
	return !lack->message;
}

static bool send_waiting(struct agent *agent, const char *sentence)
{
	json_t *body = json_array(), *condition = json_object();

	jsets(condition, "type", "Waiting");
	jsets(condition, "status", sentence[0] ? "True" : "False");
	jsets(condition, "reason", sentence[0] ? "NoMachine" : "GoesOn");
	jsets(condition, "message", sentence);
	json_array_append_new(body, condition);
	set_key(tell(agent), "waiting", sentence);
	return send(agent, "PATCH",
	    xasprintf("/v1/spectroclusters/%s/status/conditions", agent->uid),
	    body, told_one);
}

static bool report_waiting(struct agent *agent)
{
	struct lack lack = { NULL, NULL };
	char *sentence;
	bool sent;

	cache_each(agent->objects, "MaasMachine", lacks_machine, &lack);
	sentence = lack.message ? xasprintf("%s: %s", lack.name, lack.message)
	                        : xstrdup("");
	sent = !is_told(agent, "waiting", sentence) &&
	       send_waiting(agent, sentence);
	free(sentence);
	return sent;
}

/* ---- the full stack is in (R-092) ---- */

static bool count_ready(void *ctx, const json_t *node)
{
	size_t *counts = ctx; /* ready, all */

	counts[0] += strcmp(jstr(ready_of(node), "status"), "True") == 0;
	counts[1]++;
	return true;
}

static bool is_complete(const struct agent *agent)
{
	size_t counts[2] = { 0, 0 };
	int64_t wanted = 0;

	for (size_t i = 0; i < jlen(agent->spec, "pools"); i++)
		wanted += jint(
		    json_array_get(jget(agent->spec, "pools"), i), "size");
	cache_each(agent->nodes, "Node", count_ready, counts);
	return counts[0] == counts[1] && (int64_t)counts[0] >= wanted &&
	       wanted > 0;
}

static bool report_add_ons(struct agent *agent)
{
	json_t *body, *condition;

	if (is_told(agent, "addons", "True") || !is_complete(agent))
		return false;
	condition = json_object();
	jsets(condition, "type", "AddOnDeploymentDone");
	jsets(condition, "status", "True");
	jsets(condition, "reason", "AddOnsDeployed");
	jsets(condition, "message", "all nodes are ready, all add-ons are in");
	body = json_array();
	json_array_append_new(body, condition);
	set_key(tell(agent), "addons", "True");
	return send(agent, "PATCH",
	    xasprintf("/v1/spectroclusters/%s/status/conditions", agent->uid),
	    body, told_one);
}

/* ---- one look ---- */

void agent_report(struct agent *agent)
{
	if (!agent->link || agent->report.call || !agent->reached ||
	    timer_is_set(&agent->report_again))
		return;
	if (!agent_may_change(agent))
		return; /* the cluster is somebody else's to speak about */
	if (report_endpoint(agent) || report_kubeconfig(agent) ||
	    report_machines(agent) || report_gone(agent) ||
	    report_health(agent) || report_deviations(agent) ||
	    report_waiting(agent) || report_applied(agent))
		return;
	report_add_ons(agent);
}
