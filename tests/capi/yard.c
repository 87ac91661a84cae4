#include "tests/capi/yard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/tls.h"
#include "capi/plan.h"
#include "capi/rest.h"

struct yard yard;

/* ---- everybody reaches everybody ---- */

static void route_all(
    void *ctx, const struct route_query *query, struct route *route)
{
	bool is_maas = strcmp(query->host, "maas.lab") == 0;

	(void)ctx;
	*route = (struct route){ .latency_for = MILLISECONDS(1) };
	strcpy(route->seen_as, "10.0.0.9");
	strcpy(route->why, "no such name");
	if (is_maas && yard.cut_off)
		route->verdict = ROUTE_DROPPED;
	strcpy(route->to, is_maas ? "maas/lab" : "machine/node");
	strcpy(route->address, is_maas ? "10.0.0.1" : "10.0.0.2");
	if (!is_maas && (!yard.has_record || !yard.record[0]))
		route->verdict = ROUTE_NO_NAME;
}

/* ---- machines ---- */

static json_t *machine_json(const struct yard_machine *m)
{
	json_t *out = json_object();
	bool has_ip = strcmp(m->state, "Deploying") == 0 ||
	              strcmp(m->state, "Deployed") == 0;

	jsets(out, "system_id", m->id);
	jsets(out, "hostname", m->hostname);
	jsets(out, "status_name", m->state);
	jsets(out, "status_message", m->state);
	jset(out, "owner", m->owner[0] ? json_string(m->owner) : json_null());
	jsets(out, "zone.name", m->zone);
	jsets(out, "pool.name", m->pool);
	jseti(out, "cpu_count", m->cpus);
	jseti(out, "memory", m->memory);
	jsets(out, "power_state", m->power);
	jsetb(out, "locked", m->locked);
	if (m->named)
		jsets(out, "owner_data[" MAAS_NAME_KEY "]", m->agent_name);
	jset(out, "swap_size", m->swap_off ? json_integer(0) : json_null());
	jset(out, "ip_addresses", json_array());
	jset(out, "tag_names", json_array());
	jadd(out, "tag_names", json_string(m->tag));
	if (has_ip)
		jadd(out, "ip_addresses", json_string(m->ip));
	return out;
}

static void workload_begins(struct yard_machine *m);

static void machine_moves(struct timer *timer)
{
	struct yard_machine *m = OWNER_OF(timer, struct yard_machine, timer);

	if (strcmp(m->state, "Deploying") == 0) {
		m->state = m->sick ? "Failed deployment" : "Deployed";
		if (!m->sick && !yard.no_api)
			workload_begins(m);
	} else if (strcmp(m->state, "Releasing") == 0) {
		m->state = "Ready";
		m->owner[0] = m->agent_name[0] = '\0';
		m->power = "off";
		m->swap_off = m->named = false;
	}
}

static struct yard_machine *machine_named(const char *id)
{
	for (size_t i = 0; i < yard.machine_count; i++)
		if (strcmp(yard.machines[i].id, id) == 0)
			return &yard.machines[i];
	return NULL;
}

/* ---- the workload cluster: one API server, nodes by magic ---- */

static void api_serve(void *ctx, struct exchange *exchange)
{
	struct http_response response = { 0 };
	const struct rest_user admin = { "kubernetes-admin", "system:masters" };
	struct rest_watch watch;

	(void)ctx;
	if (rest_is_watch(exchange->request, &watch)) {
		rest_watch(yard.workload, exchange, &watch);
		return;
	}
	if (strcmp(exchange->request->target, "/readyz") == 0)
		http_response_text(&response, 200, "text/plain", "ok");
	else
		rest_handle(
		    yard.workload, &admin, exchange->request, &response);
	exchange_reply(exchange, &response);
}

static char *stored(const char *name, const char *key)
{
	const json_t *secret = yard_object("Secret", name);
	const char *text = json_string_value(
	    json_object_get(jget(secret, "data"), key));
	struct buf out = BUF_INIT;

	check(text);
	check(buf_add_unbase64(&out, text, strlen(text)));
	return buf_detach(&out);
}

static void api_starts(void)
{
	char *cert = stored("web-ca", "tls.crt");
	char *key = stored("web-ca", "tls.key");
	struct err err;
	struct identity *ca = identity_from_pem(cert, key, &err);
	const char *names[] = { yard.record_name, NULL };

	check(ca);
	yard.api_identity = identity_new(
	    &(const struct identity_spec){ .seed = 1,
	        .name = "api",
	        .common_name = "kube-apiserver",
	        .dns_names = names,
	        .not_before_time = host_time(host) - HOURS(1),
	        .not_after_time = host_time(host) + HOURS(10000) },
	    ca);
	yard.workload = store_new(yard.node_host);
	yard.api = net_listen(yard.node_host->net,
	    &(const struct service){ .name = "cluster/web",
	        .port = 6443,
	        .handle = api_serve,
	        .identity = yard.api_identity,
	        .client_ca_pem = cert },
	    &err);
	check(yard.api);
	identity_free(&ca);
	free(cert);
	free(key);
}

void yard_node_is(const char *name, const char *ready)
{
	struct api_status status = { 0 };
	char now[32];
	json_t *change;

	time_text(host_time(host), now);
	change = doc("{'status':{'conditions':[{'type':'Ready',"
	             "'status':'%s','lastTransitionTime':'%s'}]}}",
	    ready, now);
	store_patch(yard.workload, "Node", NULL, name, change, true, &status);
	json_decref(change);
	api_status_free(&status);
}

static void workload_begins(struct yard_machine *m)
{
	struct api_status status = { 0 };
	json_t *node;

	if (!yard.workload)
		api_starts();
	node = doc("{'kind':'Node','metadata':{'name':'%s'},"
	           "'spec':{'taints':[{'key':'node.cluster.x-k8s.io/"
	           "uninitialized','effect':'NoSchedule'}]}}",
	    m->hostname);
	store_create(yard.workload, "Node", NULL, node, &status);
	json_decref(node);
	node = doc("{'status':{'addresses':[{'type':'InternalIP',"
	           "'address':'%s'}],'conditions':[{'type':'Ready',"
	           "'status':'True','lastTransitionTime':"
	           "'2026-01-01T00:00:00Z'}]}}",
	    m->ip);
	store_patch(
	    yard.workload, "Node", NULL, m->hostname, node, true, &status);
	json_decref(node);
	api_status_free(&status);
}

/* ---- MAAS ---- */

static const char *op_of(
    void *ctx, const struct http_request *request, char *room, size_t size)
{
	const char *op = strstr(request->target, "op=");
	const char *place = strstr(request->target, "/api/2.0/");

	(void)ctx;
	place = place ? place + 9 : request->target;
	if (op)
		snprintf(room, size, "%s", op + 3);
	else
		snprintf(room, size, "%s %.*s", request->method,
		    (int)strcspn(place, "/?"), place);
	return room;
}

static bool fits(const struct yard_machine *m, const struct form *form)
{
	const char *zone = form_get(form, "zone");
	const char *tags = form_get(form, "tags");
	bool named = false, chosen = false;

	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, "system_id") == 0) {
			named = true;
			chosen = chosen ||
			         strcmp(form->fields[i].value, m->id) == 0;
		}
	return strcmp(m->state, "Ready") == 0 && !m->owner[0] &&
	       (!zone || strcmp(zone, m->zone) == 0) &&
	       (!tags || strcmp(tags, m->tag) == 0) &&
	       m->cpus >= atoi(form_get(form, "cpu_count")) &&
	       m->memory >= atoi(form_get(form, "mem")) && (!named || chosen);
}

static void allocate(const struct form *form, struct http_response *response)
{
	yard.allocates++;
	for (size_t i = 0; i < yard.machine_count; i++) {
		struct yard_machine *m = &yard.machines[i];

		if (!fits(m, form) &&
		    !(yard.fate == YARD_MISALLOCATES && yard.times &&
		        strcmp(m->state, "Ready") == 0))
			continue;
		m->state = "Allocated";
		strcpy(m->owner, yard.user);
		strncpy(m->agent_name, form_get(form, "agent_name"),
		    sizeof(m->agent_name) - 1);
		http_response_json(response, 200, machine_json(m));
		return;
	}
	http_response_text(response, 409, "text/plain",
	    "No available machine matches constraints");
}

static void deploy(struct yard_machine *m, const struct form *form,
    struct http_response *response)
{
	yard.deploys++;
	if (strcmp(m->state, "Allocated") != 0) {
		http_response_text(response, 409, "text/plain",
		    "Can't deploy a machine that is in this state");
		return;
	}
	check(form_get(form, "user_data"));
	check(m->swap_off);
	check(m->named); /* before anything that takes time */
	m->state = "Deploying";
	m->power = "on";
	m->deployed++;
	timer_set(&m->timer, loop, yard.deploy_for);
	http_response_json(response, 200, machine_json(m));
}

static void release(struct yard_machine *m, struct http_response *response)
{
	yard.releases++;
	check(strcmp(m->owner, yard.user) == 0); /* G2, in every test */
	m->state = "Releasing";
	m->released++;
	if (strstr(yard.record, m->ip))
		yard.was_released_while_published = true;
	if (yard.forgets_name)
		m->agent_name[0] = '\0';
	timer_cancel(&m->timer);
	timer_set(&m->timer, loop, MINUTES(1));
	http_response_json(response, 200, machine_json(m));
}

static void one_machine(struct yard_machine *m, const char *method,
    const char *op, const struct form *form, struct http_response *response)
{
	if (!m)
		http_response_text(response, 404, "text/plain",
		    "No Machine matches the given query.");
	else if (m->owner[0] && strcmp(m->owner, yard.user) != 0)
		http_response_text(response, 403, "text/plain", "");
	else if (strcmp(op, "deploy") == 0)
		deploy(m, form, response);
	else if (strcmp(op, "release") == 0)
		release(m, response);
	else if (strcmp(op, "query_power_state") == 0)
		http_response_json(response, 200,
		    doc("{'state':'%s'}", yard.bmc ? yard.bmc : "on"));
	else if (strcmp(op, "set_owner_data") == 0) {
		check(
		    strcmp(form_get(form, MAAS_NAME_KEY), m->agent_name) == 0);
		m->named = true;
		http_response_json(response, 200, machine_json(m));
	} else if (strcmp(op, "power_on") == 0) {
		yard.power_ons++;
		m->power = "on";
		http_response_json(response, 200, machine_json(m));
	} else {
		if (strcmp(method, "PUT") == 0)
			m->swap_off = true;
		http_response_json(response, 200, machine_json(m));
	}
}

static void list_machines(const char *target, struct http_response *response)
{
	char *agent_name = http_query(target, "agent_name");
	char *status = http_query(target, "status");
	json_t *list = json_array();

	check(agent_name || status); /* */
	check(!agent_name || agent_name[0]);
	for (size_t i = 0; i < yard.machine_count; i++) {
		const struct yard_machine *m = &yard.machines[i];

		if (yard.times && yard.fate == YARD_LAGS)
			continue;
		if (agent_name ? strcmp(m->agent_name, agent_name) == 0
		               : strcmp(m->state, "Ready") == 0)
			json_array_append_new(list, machine_json(m));
	}
	http_response_json(response, 200, list);
	free(agent_name);
	free(status);
}

static json_t *record_json(void)
{
	json_t *record = doc(
	    "{'id':7,'fqdn':'%s','ip_addresses':[]}", yard.record_name);
	char copy[80], *rest = NULL;

	strcpy(copy, yard.record);
	for (char *ip = strtok_r(copy, " ", &rest); ip;
	     ip = strtok_r(NULL, " ", &rest))
		jadd(record, "ip_addresses", doc("{'ip':'%s'}", ip));
	return record;
}

static void dns(
    const char *method, const struct form *form, struct http_response *response)
{
	json_t *list;

	if (strcmp(method, "POST") == 0) {
		check(!yard.has_record);
		yard.has_record = true;
		strcpy(yard.record_name, form_get(form, "fqdn"));
		http_response_json(response, 200, record_json());
	} else if (strcmp(method, "PUT") == 0) {
		const char *text = form_get(form, "ip_addresses");

		yard.record_writes++;
		if (!text[0] && yard.record[0])
			yard.was_emptied = true;
		strcpy(yard.record, text);
		http_response_json(response, 200, record_json());
	} else if (strcmp(method, "DELETE") == 0) {
		yard.has_record = false;
		yard.record[0] = '\0';
		response->status = 204;
	} else {
		list = json_array();
		if (yard.has_record)
			json_array_append_new(list, record_json());
		http_response_json(response, 200, list);
	}
}

static void dispatch(const struct http_request *request, const char *op,
    const struct form *form, struct http_response *response)
{
	char *kind = http_path_segment(request->target, 3);
	char *id = http_path_segment(request->target, 4);

	check(kind);
	if (strcmp(kind, "users") == 0)
		http_response_json(response, 200,
		    doc("{'username':'%s','is_superuser':%s}", yard.user,
		        yard.no_admin ? "false" : "true"));
	else if (strcmp(kind, "boot-resources") == 0)
		http_response_json(response, 200,
		    yard.no_image ? doc("[]")
		                  : doc("[{'name':'ubuntu/jammy'}]"));
	else if (strcmp(kind, "dnsresources") == 0)
		dns(request->method, form, response);
	else if (id && id[0])
		one_machine(
		    machine_named(id), request->method, op, form, response);
	else if (strcmp(op, "allocate") == 0)
		allocate(form, response);
	else
		list_machines(request->target, response);
	free(kind);
	free(id);
}

static bool is_meant(const char *op)
{
	return yard.times && yard.fate_op && strcmp(yard.fate_op, op) == 0;
}

static void maas_serve(void *ctx, struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	const char *authorization = http_header(
	    &request->headers, "Authorization");
	struct http_response response = { 0 };
	struct form form = { 0 };
	char room[64];
	const char *op = op_of(NULL, request, room, sizeof(room));
	bool meant = is_meant(op);

	(void)ctx;
	yard.heard++;
	check(authorization);
	if (meant && yard.fate == YARD_SAYS) {
		yard.times--;
		http_response_text(&response, yard.status, "text/plain", "no");
		if (yard.retry_after)
			http_header_set(
			    &response.headers, "Retry-After", yard.retry_after);
		exchange_reply(exchange, &response);
		return;
	}
	if (!strstr(authorization, yard.key)) {
		http_response_text(&response, 401, "text/html",
		    "Authorization Error: Invalid API key.");
		exchange_reply(exchange, &response);
		return;
	}
	form_parse_urlencoded(
	    &form, buf_text(&request->body), request->body.len);
	dispatch(request, op, &form, &response);
	form_free(&form);
	if (meant)
		yard.times--;
	if (meant && yard.fate == YARD_LOSES_ANSWER) {
		http_response_free(&response);
		exchange_abort(exchange);
	} else {
		exchange_reply(exchange, &response);
	}
}

/* ---- life ---- */

static void machines_made(size_t count)
{
	yard.machine_count = count;
	for (size_t i = 0; i < count; i++) {
		struct yard_machine *m = &yard.machines[i];

		snprintf(m->id, sizeof(m->id), "m%u", (unsigned)i % 10);
		/* MAAS may show capitals, kubelets never do. */
		snprintf(m->hostname, sizeof(m->hostname), "node-%u",
		    (unsigned)i % 10);
		snprintf(
		    m->ip, sizeof(m->ip), "10.0.1.%u", (unsigned)(i + 1) % 10);
		strcpy(m->zone, "az1");
		strcpy(m->pool, "default");
		m->state = "Ready";
		m->power = "off";
		m->cpus = 4;
		m->memory = 8192;
		m->tag = "metal";
		timer_init(&m->timer, machine_moves);
	}
}

void yard_open(size_t machines)
{
	struct err err;

	lab_open();
	memset(&yard, 0, sizeof(yard));
	yard.user = "pcg-admin";
	yard.key = "token-one";
	yard.deploy_for = MINUTES(10);
	machines_made(machines);
	yard.wire = wire_new(WIRE_MEMORY, loop, NULL, route_all, NULL);
	yard.maas_host = lab_host("maas/lab");
	yard.node_host = lab_host("machine/node");
	yard.maas_host->net = wire_attach(yard.wire, yard.maas_host);
	yard.node_host->net = wire_attach(yard.wire, yard.node_host);
	host->net = wire_attach(yard.wire, host);
	yard.maas_listener = net_listen(yard.maas_host->net,
	    &(const struct service){ .name = "maas/lab",
	        .port = 5240,
	        .op_of = op_of,
	        .handle = maas_serve },
	    &err);
	check(yard.maas_listener);
	yard.store = store_new(host);
	yard.kube = kube_local(host, yard.store);
}

void yard_close(void)
{
	yard_stop_manager();
	kube_free(&yard.kube);
	store_free(&yard.store);
	if (yard.workload) {
		if (yard.api)
			yard_api_dies();
		store_free(&yard.workload);
		identity_free(&yard.api_identity);
	}
	for (size_t i = 0; i < yard.machine_count; i++)
		timer_cancel(&yard.machines[i].timer);
	listener_close(&yard.maas_listener);
	wire_detach(yard.wire, &host->net, false);
	wire_detach(yard.wire, &yard.maas_host->net, false);
	wire_detach(yard.wire, &yard.node_host->net, false);
	lab_run();
	wire_free(&yard.wire);
	lab_host_free(&yard.maas_host);
	lab_host_free(&yard.node_host);
	lab_close();
}

static void waiting(void *ctx, const char *reason, const char *sentence)
{
	(void)ctx;
	snprintf(
	    yard.waiting_reason, sizeof(yard.waiting_reason), "%s", reason);
	snprintf(yard.waiting, sizeof(yard.waiting), "%s", sentence);
}

void yard_start_manager(void)
{
	struct err err;

	yard.manager = manager_new(host, yard.kube,
	    &(const struct manager_options){ .ns = YARD_NS,
	        .account = { .endpoint = "http://maas.lab:5240/MAAS",
	            .api_key = "consumer:token-one:secretsecret" },
	        .waiting = waiting },
	    &err);
	check(yard.manager);
}

void yard_stop_manager(void)
{
	manager_free(&yard.manager);
}

void yard_restart(void)
{
	yard_stop_manager();
	yard_start_manager();
}

/* ---- the operator ---- */

static json_t *instruction(void)
{
	return doc(
	    "{'clusterUid':'66b0000000000000000abc12','clusterName':'web',"
	    "'account':{'apiEndpoint':'http://maas.lab:5240/MAAS',"
	    "'apiKey':'c:t:s'},'domain':'maas',"
	    "'kubernetesVersion':'v1.29.4','image':'ubuntu/jammy',"
	    "'podCIDR':'192.168.0.0/16','serviceCIDR':'10.96.0.0/12',"
	    "'pools':[{'name':'cp','isControlPlane':true,'size':1,"
	    "'azs':['az1'],'tags':['metal'],'minCPU':4,'minMemInMB':8192}],"
	    "'palette':{'endpoint':'https://api.palette.example',"
	    "'agentToken':'agent-token-1'}}");
}

static void put_all(json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *obj = json_array_get(list, i);
		const char *ns = jstr(obj, "metadata.namespace");

		put_in(yard.store, ns[0] ? ns : NULL, json_incref(obj));
	}
	json_decref(list);
}

void yard_create_cluster(void)
{
	json_t *in = instruction();
	struct err err;
	json_t *list = plan_cluster(in, NULL, &err);

	check(list);
	put_all(list);
	json_decref(in);
}

void yard_add_workers(int replicas)
{
	json_t *spec = doc("{'clusterName':'web','image':'ubuntu/jammy',"
	                   "'kubernetesVersion':'v1.29.4'}");
	json_t *pool = doc("{'name':'workers','size':%d,'azs':['az1'],"
	                   "'minCPU':4,'minMemInMB':8192}",
	    replicas);
	struct err err;
	json_t *list = plan_worker_pool(spec, pool,
	    yard_object("KubeadmControlPlane", "web-cp"), YARD_NS, &err);

	check(list);
	put_all(list);
	json_decref(spec);
	json_decref(pool);
}

static void patch(const char *kind, const char *name, json_t *change)
{
	struct api_status status = { 0 };

	check(store_patch(
	    yard.store, kind, YARD_NS, name, change, false, &status));
	json_decref(change);
	api_status_free(&status);
}

void yard_pause(bool paused)
{
	patch("Cluster", "web",
	    doc("{'spec':{'paused':%s}}", paused ? "true" : "null"));
}

void yard_scale(const char *kind, const char *name, int replicas)
{
	patch(kind, name, doc("{'spec':{'replicas':%d}}", replicas));
}

void yard_delete_cluster(void)
{
	struct api_status status = { 0 };
	const json_t *left;

	store_delete(
	    yard.store, "Cluster", YARD_NS, "web", NULL, &left, &status);
	api_status_free(&status);
}

void yard_api_dies(void)
{
	rest_stop_watches(yard.workload, true);
	listener_close(&yard.api);
}

/* ---- time ---- */

bool yard_until(yard_condition *condition, usec at_most_for)
{
	usec until_at = loop_now(loop) + at_most_for;

	while (!condition()) {
		if (loop_next_at(loop) > until_at || !loop_step(loop))
			return false;
	}
	return true;
}

void yard_run_for(usec wait_for)
{
	loop_advance(loop, loop_now(loop) + wait_for);
}

/* ---- what may be asked ---- */

const json_t *yard_object(const char *kind, const char *name)
{
	return store_get(yard.store, kind, YARD_NS, name);
}

bool yard_cluster_runs(void)
{
	return jhas(yard_object("Machine", "web-cp-0"), "status.nodeRef");
}

bool yard_cluster_gone(void)
{
	return !yard_object("Cluster", "web");
}

size_t yard_count(const char *state)
{
	size_t count = 0;

	for (size_t i = 0; i < yard.machine_count; i++)
		count += strcmp(yard.machines[i].state, state) == 0;
	return count;
}

size_t yard_owned(void)
{
	size_t count = 0;

	for (size_t i = 0; i < yard.machine_count; i++)
		count += strcmp(yard.machines[i].owner, yard.user) == 0;
	return count;
}

const char *yard_condition_of(
    const char *kind, const char *name, const char *type)
{
	const json_t *list = jget(yard_object(kind, name), "status.conditions");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(jstr(json_array_get(list, i), "type"), type) == 0)
			return jstr(json_array_get(list, i), "reason");
	return "";
}
