/*
 * The MaasCluster: the one DNS name under which the API server is found.
 *
 * The name is derived from the cluster (plan_endpoint) and written into the
 * object before the record is made, so a crash finds the record again instead
 * of inventing another. The record is compared with MAAS's own, changed only
 * when it differs, never emptied (G7, X-035), not touched while the
 * cluster is paused (H1, I7), and deleted after the last machine.
 */
#include "capi/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "capi/plan_parts.h"

#define FINALIZER       "maascluster.infrastructure.cluster.x-k8s.io"
#define API_PORT        6443
#define CHECK_EVERY_FOR MINUTES(10) /* as often as its machines */

static const char *fqdn_of(const json_t *obj)
{
	return jstr(obj, "spec.controlPlaneEndpoint.host");
}

static void find_record(
    struct reconcile *r, const json_t *obj, maas_reaction_fn *fn)
{
	struct buf path = BUF_INIT;

	buf_adds(&path, "dnsresources/?fqdn=");
	buf_add_percent(&path, fqdn_of(obj));
	act_maas(r, "GET", buf_text(&path), NULL, fn);
	buf_free(&path);
}

static void trouble(struct reconcile *r, const json_t *obj,
    const struct maas_answer *answer, const char *what)
{
	json_t *status;

	maas_trouble(r, answer, what);
	if (failures_of(r) < 2)
		return;
	status = capi_status_of(obj);
	condition_set(r, status, "LoadBalancerReady", "False", "Error",
	    "LoadBalancerFailed", what);
	condition_sum(r, status);
	status_write(r, obj, status);
}

/* ---- which addresses the name shall have ---- */

struct wanted {
	const struct reconcile *r;
	json_t *joined, *booting, *off; /* lists of addresses */
};

static const char *address_of(const json_t *machine)
{
	for (size_t i = 0; i < jlen(machine, "status.addresses"); i++) {
		const json_t *address = json_array_get(
		    jget(machine, "status.addresses"), i);

		if (strcmp(jstr(address, "type"), "ExternalIP") == 0)
			return jstr(address, "address");
	}
	return "";
}

static bool may_carry(const json_t *machine)
{
	const char *state = jstr(machine, "status.machineState");

	if (!capi_is_control_plane(machine) || capi_is_deleting(machine) ||
	    capi_note_of(machine, "pcg.pcgsim.io/abandon")[0])
		return false;
	return strcmp(state, "Deploying") == 0 ||
	       strcmp(state, "Deployed") == 0 || jbool(machine, "status.ready");
}

static void sort_in(struct wanted *wanted, const json_t *machine)
{
	const json_t *owner = capi_find(
	    wanted->r, "Machine", capi_owner_named(machine, "Machine"));
	bool off = jhas(machine, "status.machinePowered") &&
	           !jbool(machine, "status.machinePowered");
	json_t *list = wanted->booting;

	if (jhas(owner, "status.nodeRef"))
		list = off ? wanted->off : wanted->joined;
	json_array_append_new(list, json_string(address_of(machine)));
}

static void want(void *ctx, const json_t *machine)
{
	if (may_carry(machine) && address_of(machine)[0])
		sort_in(ctx, machine);
}

/* Machines whose node has joined; while there is none yet, those that boot,
 * because the first one needs the name for itself. One that is only switched
 * off keeps it as long as nobody else has it. */
static json_t *wanted_addresses(const struct reconcile *r)
{
	struct wanted wanted = { r, json_array(), json_array(), json_array() };
	json_t *result;

	capi_each_of(r, "MaasMachine", want, &wanted);
	result = json_array_size(wanted.joined) ? wanted.joined
	         : json_array_size(wanted.off)  ? wanted.off
	                                        : wanted.booting;
	json_incref(result);
	json_decref(wanted.joined);
	json_decref(wanted.booting);
	json_decref(wanted.off);
	return result;
}

static bool list_has(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) ==
		    0)
			return true;
	return false;
}

/* A released machine's address stays in the record as null: a difference. */
static bool record_is(const json_t *record, const json_t *wanted)
{
	size_t count = jlen(record, "ip_addresses");

	if (count != json_array_size(wanted))
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(
		    jget(record, "ip_addresses"), i);

		if (!list_has(wanted, jstr(entry, "ip")))
			return false;
	}
	return true;
}

/* ---- the record ---- */

static void is_ready(
    struct reconcile *r, const json_t *obj, const json_t *addresses)
{
	json_t *status = capi_status_of(obj);

	capi_memory_of(r)->checked = true;
	capi_memory_of(r)->checked_at = loop_now(r->host->loop);
	capi_progress(r);
	jsetb(status, "ready", true);
	jsets(status, "network.dnsName", fqdn_of(obj));
	if (json_array_size(addresses))
		jset(status, "network.addresses", json_clone(addresses));
	condition_set(r, status, "LoadBalancerReady", "True", NULL, NULL, NULL);
	condition_set(r, status, "APIServerAvailable",
	    workload_link_ready(r) ? "True" : "False", "Warning",
	    workload_link_ready(r) ? NULL : "APIServerNotReady", NULL);
	condition_sum(r, status);
	capi_look_again(r, capi_jittered(r, CHECK_EVERY_FOR, "record check"));
	status_write(r, obj, status);
}

static void written(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	if (answer->kind != MAAS_OK) {
		trouble(r, obj, answer, "write the API server's DNS record");
		return;
	}
	/* G8: what MAAS made of it is read before it is believed. */
	capi_memory_of(r)->checked = false;
	capi_look_again(r, MILLISECONDS(100));
}

static void create_record(struct reconcile *r, const json_t *obj)
{
	act_maas(r, "POST", "dnsresources/",
	    (const char *const[]){ "fqdn", fqdn_of(obj), "address_ttl", "10",
	        "ip_addresses", "", NULL },
	    written);
}

static void publish(
    struct reconcile *r, const json_t *record, const json_t *wanted)
{
	char *path = xasprintf(
	    "dnsresources/%lld/", (long long)jint(record, "id"));
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_array_size(wanted); i++)
		buf_addf(&text, "%s%s", i ? " " : "",
		    json_string_value(json_array_get(wanted, i)));
	act_maas(r, "PUT", path,
	    (const char *const[]){ "ip_addresses", buf_text(&text), NULL },
	    written);
	free(path);
	buf_free(&text);
}

static void record_found(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	json_t *wanted;
	const json_t *record;

	if (answer->kind == MAAS_NOT_FOUND) {
		maas_trouble(r, answer, "find the domain of the cluster");
		return;
	}
	if (answer->kind != MAAS_OK || !json_is_array(answer->body)) {
		trouble(r, obj, answer, "find the API server's DNS record");
		return;
	}
	if (json_array_size(answer->body) == 0) {
		create_record(r, obj);
		return;
	}
	record = json_array_get(answer->body, 0);
	wanted = wanted_addresses(r);
	if (json_array_size(wanted) == 0 || record_is(record, wanted))
		is_ready(r, obj, wanted);
	else
		publish(r, record, wanted);
	json_decref(wanted);
}

/* ---- the end ---- */

static void count_one(void *ctx, const json_t *obj)
{
	(void)obj;
	++*(size_t *)ctx;
}

static void deleted(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	if (answer->kind != MAAS_OK && answer->kind != MAAS_NOT_FOUND)
		trouble(r, obj, answer, "delete the API server's DNS record");
	else
		capi_look_again(r, 0); /* and read that it is gone */
}

static void record_to_delete(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	const json_t *record;
	char *path;

	if (answer->kind != MAAS_OK && answer->kind != MAAS_NOT_FOUND) {
		trouble(r, obj, answer, "find the API server's DNS record");
		return;
	}
	record = answer->kind == MAAS_OK ? json_array_get(answer->body, 0)
	                                 : NULL;
	if (!record) {
		capi_drop_finalizer(r, obj, FINALIZER);
		return;
	}
	path = xasprintf("dnsresources/%lld/", (long long)jint(record, "id"));
	act_maas(r, "DELETE", path, NULL, deleted);
	free(path);
}

static void end(struct reconcile *r, const json_t *obj)
{
	size_t machines = 0;

	if (!capi_has_finalizer(obj, FINALIZER))
		return;
	capi_each_of(r, "MaasMachine", count_one, &machines);
	if (machines)
		return; /* their going calls us */
	if (!fqdn_of(obj)[0])
		capi_drop_finalizer(r, obj, FINALIZER); /* none was ever made */
	else
		find_record(r, obj, record_to_delete);
}

/* ---- and before ---- */

static void set_endpoint(struct reconcile *r, const json_t *obj)
{
	json_t *patch = json_object();
	char *host = plan_endpoint(
	    capi_cluster_name(r), r->ns, jstr(obj, "spec.dnsDomain"));

	jsets(patch, "spec.controlPlaneEndpoint.host", host);
	jseti(patch, "spec.controlPlaneEndpoint.port", API_PORT);
	act_patch(r, obj, NULL, patch);
	free(host);
}

static bool is_checked(struct reconcile *r, const json_t *obj)
{
	json_t *wanted = wanted_addresses(r);
	usec next_at = capi_memory_of(r)->checked_at + CHECK_EVERY_FOR;
	bool same = json_array_size(wanted) == 0 ||
	            json_equal(wanted, jget(obj, "status.network.addresses"));
	bool api_told = (strcmp(condition_is(obj, "APIServerAvailable"),
	                     "True") == 0) == workload_link_ready(r);

	json_decref(wanted);
	if (!capi_memory_of(r)->checked || !same || !api_told ||
	    next_at <= loop_now(r->host->loop))
		return false;
	capi_look_again(r, next_at - loop_now(r->host->loop));
	return true;
}

void maas_cluster_reconcile(struct reconcile *r, const json_t *obj)
{
	if (capi_is_deleting(obj)) {
		end(r, obj);
		return;
	}
	if (capi_cluster_deletes(r))
		return;
	if (capi_add_finalizer(r, obj, FINALIZER))
		return;
	if (!fqdn_of(obj)[0])
		set_endpoint(r, obj);
	else if (!is_checked(r, obj))
		find_record(r, obj, record_found);
}
