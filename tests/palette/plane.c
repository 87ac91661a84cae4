#include "tests/palette/plane.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/wire.h"

#define SEED 4711

struct loop *loop;
struct palette *plane;
struct palette_options plane_options;
json_t *answer;
char *answer_text;
struct err call_err;
const char *shown_as;

static struct wire *wire;
static struct events *events;
static struct secrets *secrets;
static struct choices *choices;
static struct host server, client;
static struct http_response last; /* what `answer` was read from */
static json_t *view;              /* about -> attributes */
static json_t *counts;            /* about -> how often */

/* ---- the world ---- */

static void open_road(
    void *ctx, const struct route_query *query, struct route *route)
{
	(void)ctx;
	*route = (struct route){ .verdict = ROUTE_OPEN,
		.latency_for = MILLISECONDS(10) };
	snprintf(route->to, sizeof(route->to), "%s", query->host);
	snprintf(route->address, sizeof(route->address), "198.51.100.10");
	snprintf(route->seen_as, sizeof(route->seen_as), "%s", shown_as);
}

static void keep_event(void *ctx, const struct event *event)
{
	json_t *thing;

	(void)ctx;
	if (strcmp(event->kind, "state") != 0)
		return;
	thing = json_object();
	for (size_t i = 0; i < event->field_count; i++)
		json_object_set_new(thing, event->fields[i].key,
		    event->fields[i].text
		        ? json_string(event->fields[i].text)
		        : json_sprintf(
		              "%lld", (long long)event->fields[i].number));
	json_object_set_new(view, event->about, thing);
	json_object_set_new(counts, event->about,
	    json_integer(
	        json_integer_value(json_object_get(counts, event->about)) + 1));
}

const char *told(const char *about, const char *key)
{
	const char *text = json_string_value(
	    json_object_get(json_object_get(view, about), key));

	return text ? text : "";
}

size_t times_told(const char *about)
{
	return (size_t)json_integer_value(json_object_get(counts, about));
}

static void say_nothing(
    void *ctx, enum log_level level, const char *who, const char *line)
{
	(void)ctx;
	(void)level;
	(void)who;
	(void)line;
}

static void make_host(struct host *host, const char *name)
{
	*host = (struct host){ .name = name,
		.loop = loop,
		.choices = choices,
		.events = events,
		.secrets = secrets,
		.log = log_new(LOG_ERROR, secrets, say_nothing, NULL) };
	EXPECT(time_parse("2026-01-01T00:00:00Z", &host->clock_origin));
	host->net = wire_attach(wire, host);
}

void open_plane(void)
{
	struct palette_options options = plane_options;
	struct err err;

	plane_options = (struct palette_options){ 0 };
	shown_as = "203.0.113.1";
	loop = loop_new();
	view = json_object();
	counts = json_object();
	secrets = secrets_new(SEED);
	events = events_new(loop, secrets);
	events_add_sink(events, keep_event, NULL);
	choices = choices_new(SEED);
	wire = wire_new(WIRE_MEMORY, loop, events, open_road, NULL);
	make_host(&server, "palette/eu");
	make_host(&client, "client");
	options.name = "palette/eu";
	options.endpoint = "https://api.palette.example";
	plane = palette_new(&server, &options, &err);
	EXPECT(plane);
}

static void forget_answer(void)
{
	json_decref(answer);
	answer = NULL;
	free(answer_text);
	answer_text = NULL;
	http_response_free(&last);
	last = (struct http_response){ 0 };
}

void close_plane(void)
{
	palette_free(&plane);
	wire_detach(wire, &client.net, false);
	wire_detach(wire, &server.net, false);
	log_free(&server.log);
	log_free(&client.log);
	wire_free(&wire);
	choices_free(&choices);
	events_free(&events);
	secrets_free(&secrets);
	loop_free(&loop);
	json_decref(view);
	json_decref(counts);
	forget_answer();
}

void wait_for(usec time)
{
	loop_advance(loop, loop_now(loop) + time);
}

bool is_quiet(void)
{
	return loop_quiet(loop);
}

/* ---- calls ---- */

/* A call has its own answer until somebody looks: two may be on the way. */
struct talk {
	struct call *call;
	bool is_done;
	struct http_response response;
	struct err err;
};
static struct talk background;

static void done(
    void *ctx, const struct http_response *response, const struct err *err)
{
	struct talk *talk = ctx;

	talk->is_done = true;
	talk->call = NULL;
	if (response)
		http_response_copy(&talk->response, response);
	else
		talk->err = *err;
}

static const struct call_handler handler = { .done = done };

static void begin(struct talk *talk, struct http_request *request)
{
	const struct dial dial = { .host = "palette/eu", .port = 443 };
	const struct call_options options = { .timeout_for = SECONDS(30) };

	*talk = (struct talk){ 0 };
	talk->call = net_send(
	    client.net, &dial, request, &options, &handler, talk);
}

static int end(struct talk *talk)
{
	struct err ignored;

	while (!talk->is_done)
		EXPECT(loop_step(loop));
	forget_answer();
	call_err = talk->err;
	http_response_move(&last, &talk->response);
	answer_text = xstrdup(buf_text(&last.body));
	answer = json_parse(answer_text, strlen(answer_text), &ignored);
	return last.status;
}

__attribute__((format(printf, 4, 0))) static void make_request(
    struct http_request *request, json_t *body, const char *method,
    const char *fmt, va_list ap)
{
	struct buf target = BUF_INIT;

	buf_vaddf(&target, fmt, ap);
	http_request_set(request, method, "%s", buf_text(&target));
	buf_free(&target);
	if (body)
		http_request_json(request, body);
}

static void add_admin(struct http_request *request)
{
	struct palette_tenant tenant = palette_default_tenant(plane);

	http_header_set(&request->headers, "ApiKey", tenant.api_key);
	http_header_set(&request->headers, "ProjectUid", tenant.project_uid);
}

static int send_it(struct http_request *request)
{
	struct talk talk;

	begin(&talk, request);
	return end(&talk);
}

int admin(json_t *body, const char *method, const char *fmt, ...)
{
	struct http_request request = { 0 };
	va_list ap;

	va_start(ap, fmt);
	make_request(&request, body, method, fmt, ap);
	va_end(ap);
	add_admin(&request);
	return send_it(&request);
}

int nobody(json_t *body, const char *method, const char *fmt, ...)
{
	struct http_request request = { 0 };
	va_list ap;

	va_start(ap, fmt);
	make_request(&request, body, method, fmt, ap);
	va_end(ap);
	return send_it(&request);
}

int stranger(const char *header, const char *value, json_t *body,
    const char *method, const char *fmt, ...)
{
	struct http_request request = { 0 };
	va_list ap;

	va_start(ap, fmt);
	make_request(&request, body, method, fmt, ap);
	va_end(ap);
	http_header_set(&request.headers, header, value);
	return send_it(&request);
}

int admin_bytes(const char *type, const char *data, size_t len,
    const char *method, const char *target)
{
	struct http_request request = { 0 };

	http_request_set(&request, method, "%s", target);
	if (type)
		http_header_set(&request.headers, "Content-Type", type);
	buf_add(&request.body, data, len);
	add_admin(&request);
	return send_it(&request);
}

void admin_begin(json_t *body, const char *method, const char *fmt, ...)
{
	struct http_request request = { 0 };
	va_list ap;

	va_start(ap, fmt);
	make_request(&request, body, method, fmt, ap);
	va_end(ap);
	add_admin(&request);
	begin(&background, &request);
	wait_for(MILLISECONDS(15));
}

bool admin_is_answered(void)
{
	return background.is_done;
}

int admin_end(void)
{
	return end(&background);
}

void admin_hangs_up(void)
{
	call_cancel(&background.call);
	wait_for(MILLISECONDS(20)); /* until the news has arrived */
}

json_t *J(const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	struct err err;
	json_t *doc;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\'')
			text.data[i] = '"';
	doc = json_parse(text.data, text.len, &err);
	if (!doc)
		test_failed(__FILE__, __LINE__, "the test's JSON: %s: %s",
		    err.text, text.data);
	buf_free(&text);
	return doc;
}

const char *answer_header(const char *name)
{
	const char *value = http_header(&last.headers, name);

	return value ? value : "";
}

/* ---- a gateway by hand ---- */

int gw_call(
    struct gw *gw, json_t *body, const char *method, const char *fmt, ...)
{
	struct http_request request = { 0 };
	char *bearer = xasprintf("Bearer %s", gw->token);
	va_list ap;

	va_start(ap, fmt);
	make_request(&request, body, method, fmt, ap);
	va_end(ap);
	http_header_set(&request.headers, "Authorization", bearer);
	free(bearer);
	return send_it(&request);
}

int gw_register(struct gw *gw)
{
	struct http_request request = { 0 };
	int status;

	http_request_set(&request, "POST", "/v1/pcg/%s/register", gw->uid);
	http_header_set(&request.headers, "X-Gateway-Key", gw->key);
	http_header_set(&request.headers, "X-Gateway-Name", gw->name);
	http_request_json(&request, J("{'pairingCode':'%s'}", gw->code));
	status = send_it(&request);
	if (status == 204)
		snprintf(gw->token, sizeof(gw->token), "%s",
		    answer_header("X-Gateway-Token"));
	return status;
}

/* overlordUid out of the manifest's ConfigMap */
static void take_uid(struct gw *gw)
{
	const char *at = strstr(jstr(answer, "manifest"), "overlordUid: \"");

	EXPECT(at);
	snprintf(gw->uid, sizeof(gw->uid), "%.24s", strchr(at, '"') + 1);
}

void pair(struct gw *gw, const char *name)
{
	*gw = (struct gw){ .name = name,
		.key = "0123456789abcdef0123456789abcdef",
		.known = json_object(),
		.held = json_object() };
	snprintf(gw->code, sizeof(gw->code), "%s", palette_pairing_code(plane));
	EXPECT_INT(nobody(NULL, "GET",
	               "/v1/overlords/maas/manifest?pairingCode=%s", gw->code),
	    200);
	take_uid(gw);
	EXPECT_INT(gw_register(gw), 204);
}

void gw_forget(struct gw *gw)
{
	json_decref(gw->known);
	json_decref(gw->held);
	gw->known = gw->held = NULL;
}

static void take_delivery(struct gw *gw)
{
	json_t *item;
	size_t i;

	json_array_foreach(jget(answer, "instructions"), i, item)
	{
		const char *id = jstr(item, "id");

		json_object_set_new(
		    gw->known, id, json_integer(jint(item, "generation")));
		json_object_set(gw->held, id, item);
	}
	json_array_foreach(jget(answer, "withdrawn"), i, item)
	{
		json_object_del(gw->known, json_string_value(item));
		json_object_del(gw->held, json_string_value(item));
	}
}

int polls(struct gw *gw)
{
	int status = gw_call(gw,
	    json_pack("{s:s,s:i,s:O,s:{s:i,s:i}}", "agentVersion", "0.1",
	        "epoch", 1, "known", gw->known, "load", "pending", 0, "running",
	        0),
	    "POST", "/v1/link/gateways/%s/poll", gw->uid);

	if (status == 200)
		take_delivery(gw);
	return status;
}

static const char *make_id(const char *fmt, const char *uid)
{
	static char id[64];

	snprintf(id, sizeof(id), "%s%s", fmt, uid ? uid : "");
	return id;
}

const json_t *held(const struct gw *gw, const char *prefix, const char *uid)
{
	return json_object_get(gw->held, make_id(prefix, uid));
}

int report(struct gw *gw, const char *prefix, const char *cluster, json_t *doc)
{
	const char *id = make_id(prefix, cluster);
	const json_t *instruction = json_object_get(gw->held, id);

	json_object_set_new(doc, "seq", json_integer(++gw->seq));
	if (cluster)
		json_object_set_new(doc, "clusterUid", json_string(cluster));
	if (!json_object_get(doc, "instruction"))
		json_object_set_new(doc, "instruction", json_string(id));
	if (!json_object_get(doc, "generation"))
		json_object_set_new(doc, "generation",
		    json_integer(jint(instruction, "generation")));
	return gw_call(gw, json_pack("{s:[o]}", "reports", doc), "POST",
	    "/v1/link/gateways/%s/report", gw->uid);
}

/* ---- an agent by hand ---- */

int agent_call(
    struct agent *agent, json_t *body, const char *method, const char *fmt, ...)
{
	struct http_request request = { 0 };
	char *bearer = xasprintf("Bearer %s", agent->token);
	va_list ap;

	va_start(ap, fmt);
	make_request(&request, body, method, fmt, ap);
	va_end(ap);
	http_header_set(&request.headers, "Authorization", bearer);
	free(bearer);
	return send_it(&request);
}

/* ---- whole paragraphs ---- */

static const char *keep_uid(char room[32])
{
	snprintf(room, 32, "%s", jstr(answer, "uid"));
	return room;
}

const char *an_account(struct gw *gw, char room[32])
{
	EXPECT_INT(admin(J("{'metadata':{'name':'account of %s','annotations':"
	                   "{'overlordUid':'%s'}},'spec':{'apiEndpoint':"
	                   "'http://maas.lab:5240/MAAS','apiKey':"
	                   "'consumer:token:secret'}}",
	                     gw->name, gw->uid),
	               "POST", "/v1/cloudaccounts/maas"),
	    201);
	return keep_uid(room);
}

static json_t *pool_entity(const char *name, bool is_control_plane, int size)
{
	return J("{'cloudConfig':{'azs':['az1'],'instanceType':{'minCPU':4,"
	         "'minMemInMB':8192},'resourcePool':'','tags':[]},"
	         "'poolConfig':{'name':'%s','size':%d,'isControlPlane':%s,"
	         "'labels':['%s']}}",
	    name, size, is_control_plane ? "true" : "false",
	    is_control_plane ? "control-plane" : "worker");
}

json_t *cluster_entity(const char *name, const char *account, int workers)
{
	json_t *doc = J("{'metadata':{'name':'%s','labels':{'team':'a'}},"
	                "'spec':{'cloudAccountUid':'%s','cloudConfig':"
	                "{'domain':'maas','sshKeys':['ssh-ed25519 AAAA']},"
	                "'clusterConfig':{},'profiles':[],"
	                "'machinepoolconfig':[]}}",
	    name, account);
	json_t *pools = jget(doc, "spec.machinepoolconfig");

	json_array_append_new(pools, pool_entity("cp", true, 1));
	if (workers > 0)
		json_array_append_new(
		    pools, pool_entity("workers", false, workers));
	return doc;
}

const char *a_cluster(
    const char *name, const char *account, int workers, char room[32])
{
	EXPECT_INT(admin(cluster_entity(name, account, workers), "POST",
	               "/v1/spectroclusters/maas"),
	    201);
	return keep_uid(room);
}

void has_picked_up(struct gw *gw, const char *cluster)
{
	EXPECT_INT(polls(gw), 200);
	EXPECT(held(gw, "create-", cluster));
	EXPECT_INT(polls(gw), 200);
	EXPECT_STR(state_of(cluster), "Provisioning");
}

void is_handed_over(struct gw *gw, const char *cluster)
{
	EXPECT_INT(report(gw, "create-", cluster,
	               J("{'kind':'machine','name':'cp-0','pool':'cp',"
	                 "'state':'Running','systemId':'kx4t2m',"
	                 "'address':'10.10.1.1','hostname':'quick-owl'}")),
	    204);
	EXPECT_INT(
	    report(gw, "create-", cluster,
	        J("{'kind':'kubeconfig','value':'admin of %s'}", cluster)),
	    204);
	EXPECT_INT(report(gw, "create-", cluster,
	               J("{'kind':'result','outcome':'done','message':''}")),
	    204);
}

void meets_agent(struct gw *gw, const char *cluster, struct agent *agent)
{
	const json_t *create = held(gw, "create-", cluster);

	snprintf(agent->cluster, 32, "%s", cluster);
	snprintf(agent->token, 64, "%s", jstr(create, "palette.agentToken"));
	EXPECT_INT(agent_call(agent, NULL, "GET", "/v1/link/clusters/%s/spec",
	               cluster),
	    200);
	snprintf(agent->config, 32, "%s", jstr(answer, "configUid"));
}

void machine_runs(struct agent *agent, const char *pool, const char *name)
{
	EXPECT_INT(
	    agent_call(agent,
	        J("{'metadata':{'name':'%s'},'spec':{'nics':[]},"
	          "'status':{'instanceState':'Running'}}",
	            name),
	        "POST", "/v1/cloudconfigs/maas/%s/machinePools/%s/machines",
	        agent->config, pool),
	    201);
}

void runs(struct gw *gw, const char *cluster, struct agent *agent, int workers)
{
	char name[32];

	has_picked_up(gw, cluster);
	meets_agent(gw, cluster, agent);
	is_handed_over(gw, cluster);
	EXPECT_INT(agent_call(agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", cluster),
	    204);
	for (int i = 0; i < workers; i++) {
		snprintf(name, sizeof(name), "w-%d", i);
		machine_runs(agent, "workers", name);
	}
	EXPECT_INT(
	    agent_call(agent,
	        J("[{'type':'AddOnDeploymentDone','status':'True'}]"), "PATCH",
	        "/v1/spectroclusters/%s/status/conditions", cluster),
	    204);
	EXPECT_STR(state_of(cluster), "Running");
}

const char *state_of(const char *cluster)
{
	static char state[24];

	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", cluster), 200);
	snprintf(state, sizeof(state), "%s", jstr(answer, "status.state"));
	return state;
}

const char *health_of(const char *cluster)
{
	static char health[24];

	EXPECT_INT(admin(NULL, "GET",
	               "/v1/dashboard/spectroclusters/%s/overview", cluster),
	    200);
	snprintf(
	    health, sizeof(health), "%s", jstr(answer, "status.health.state"));
	return health;
}
