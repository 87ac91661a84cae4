#include "tests/workload/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/owner.h"
#include "base/wire.h"
#include "capi/kube.h"

#define SEED     4711
#define MACHINES 4
#define NS       "cluster-66b0000000000000000abc12"
#define ORIGIN   ((usec)1767225600 * USEC_PER_SEC) /* 2026-01-01 */

struct loop *loop;
struct workload *racks;
bool maas_is_down, palette_is_down, palette_needs_proxy, palette_tells_hash;
int palette_status;
const char *palette_garbage;
json_t *palette_spec, *answer;
struct maas *region;
const char *maas_key;

static struct wire *wire;
static struct events *events;
static struct secrets *secrets;
static struct choices *choices;
static struct host maas, palette, operator, pcg, proxy;
struct host *gateway = &pcg;
static struct listener *metadata_listener, *palette_listener, *proxy_listener;
static struct buf maas_log, palette_log, notes;
static json_t *view; /* about -> attributes */
static struct identity *ca, *palette_identity;
static char *published;
static struct {
	enum boot_task task;
	char *user_data;
} machines[MACHINES];

/* ---- hosts and the way between them ---- */

struct place {
	char name[80], address[16];
	struct host host;
	bool used;
};
static struct place places[64];

static struct host host_named(const char *name)
{
	return (struct host){ .name = name,
		.loop = loop,
		.choices = choices,
		.events = events,
		.secrets = secrets,
		.clock_origin = ORIGIN };
}

static struct host *make_host(void *ctx, const char *name, const char *address,
    bool with_disk, struct err *err)
{
	(void)ctx, (void)with_disk, (void)err;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct place *place = &places[i];

		check(!place->used || strcmp(place->name, name) != 0);
		if (place->used)
			continue;
		place->used = true;
		snprintf(place->name, sizeof(place->name), "%s", name);
		snprintf(place->address, sizeof(place->address), "%s", address);
		place->host = host_named(place->name);
		place->host.net = wire_attach(wire, &place->host);
		return &place->host;
	}
	unreachable("more hosts than the test has places");
}

static void drop_host(void *ctx, struct host **host, bool quietly)
{
	struct place *place = OWNER_OF(*host, struct place, host);

	(void)ctx;
	check((*host)->dead);
	wire_detach(wire, &place->host.net, quietly);
	place->used = false;
	*host = NULL;
}

static const char *address_in_zone(const char *name)
{
	static unsigned turn;
	static char found[4][16];
	int count = maas_dns_lookup(region, name, found, 4);

	return count > 0 ? found[turn++ % (unsigned)count] : NULL;
}

static const char *address_of(const char *name)
{
	static unsigned turn;
	static char out[16];

	if (strcmp(name, "maas.lab") == 0)
		return "10.0.0.2";
	if (strcmp(name, "proxy.lab") == 0)
		return "10.0.0.3";
	if (strcmp(name, "api.palette.example") == 0)
		return "198.51.100.10";
	if (!region && strcmp(name, ENDPOINT) == 0) {
		size_t count = (strlen(published) + 1) / 3;

		if (count == 0)
			return NULL;
		snprintf(out, sizeof(out), "10.0.0.1%c",
		    published[3 * (turn++ % count) + 1]);
		return out;
	}
	if (name[0] >= '0' && name[0] <= '9')
		return name;
	return region ? address_in_zone(name) : NULL;
}

static const char *host_at(const char *address)
{
	if (strcmp(address, "10.0.0.2") == 0)
		return "maas/lab";
	if (strcmp(address, "10.0.0.3") == 0)
		return "proxy/lab";
	if (strcmp(address, "198.51.100.10") == 0)
		return "palette/eu";
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].used && strcmp(places[i].address, address) == 0 &&
		    strncmp(places[i].name, "machine/", 8) == 0)
			return places[i].name;
	return NULL;
}

static bool is_cut_off(const char *host)
{
	return (maas_is_down && strcmp(host, "maas/lab") == 0) ||
	       (palette_is_down && strcmp(host, "palette/eu") == 0);
}

/* A site whose only way out is its proxy. */
static bool must_take_the_proxy(const char *from, const char *to)
{
	return palette_needs_proxy && strcmp(to, "palette/eu") == 0 &&
	       strcmp(from, "proxy/lab") != 0;
}

static void find_way(const char *from, const char *name, struct route *route)
{
	const char *address = address_of(name);
	const char *to = address ? host_at(address) : NULL;

	if (!address) {
		route->verdict = ROUTE_NO_NAME;
		snprintf(route->why, sizeof(route->why),
		    "the name %s does not resolve", name);
	} else if (!to || is_cut_off(to) || must_take_the_proxy(from, to)) {
		route->verdict = ROUTE_DROPPED;
		snprintf(route->why, sizeof(route->why), "silence");
	} else {
		snprintf(
		    route->address, sizeof(route->address), "%.45s", address);
		snprintf(route->to, sizeof(route->to), "%.63s", to);
	}
}

static void way(void *ctx, const struct route_query *query, struct route *route)
{
	(void)ctx;
	*route = (struct route){ .verdict = ROUTE_OPEN,
		.latency_for = MILLISECONDS(1) };
	snprintf(route->seen_as, sizeof(route->seen_as), "203.0.113.1");
	if (!query->established)
		find_way(query->from, query->host, route);
	else if (is_cut_off(query->host) || is_cut_off(query->from))
		route->verdict = ROUTE_DROPPED;
}

/* ---- the scripted MAAS ---- */

static int index_of(const char *system_id)
{
	check(system_id[0] == 'm' && system_id[1] > '0');
	check(system_id[1] <= '0' + MACHINES);
	return system_id[1] - '1';
}

static int machine_who_asks(const struct http_request *request)
{
	const char *header = http_header(&request->headers, "Authorization");
	const char *key = header ? strstr(header, "consumer-m") : NULL;

	return key && strstr(header, "PLAINTEXT") &&
	               strstr(
	                   header, "oauth_signature=\"%26secret-of-machine\"")
	           ? key[10] - '1'
	           : -1;
}

static void hear_report(int machine, const struct http_request *request)
{
	struct form form = { 0 };

	EXPECT(form_parse_urlencoded(
	    &form, buf_text(&request->body), request->body.len));
	buf_addf(&maas_log, "m%d %s", machine + 1, form_get(&form, "op"));
	if (form_get(&form, "status"))
		buf_addf(&maas_log, " %s", form_get(&form, "status"));
	if (form_get(&form, "error"))
		buf_addf(&maas_log, " %s", form_get(&form, "error"));
	buf_adds(&maas_log, "\n");
	if (strcmp(form_get(&form, "op"), "netboot_off") == 0)
		machines[machine].task = BOOT_LOCAL;
	form_free(&form);
}

static void serve_metadata(void *ctx, struct exchange *exchange)
{
	static const char base[] = "/MAAS/metadata/2012-03-01/";
	const struct http_request *request = exchange->request;
	int machine = machine_who_asks(request);
	struct http_response response = { 0 };
	const char *what = request->target + sizeof(base) - 1;
	char text[96];

	(void)ctx;
	EXPECT(strncmp(request->target, base, sizeof(base) - 1) == 0);
	if (machine < 0) {
		http_response_text(&response, 401, "text/plain", "no key");
	} else if (strcmp(request->method, "POST") == 0) {
		hear_report(machine, request);
		http_response_text(&response, 200, "text/plain", "OK");
	} else if (strcmp(what, "meta-data/local-hostname") == 0) {
		snprintf(text, sizeof(text), "node-%d.maas", machine + 1);
		http_response_text(&response, 200, "text/plain", text);
	} else if (machines[machine].user_data) {
		buf_addf(&maas_log, "m%d reads %s\n", machine + 1, what);
		http_response_text(
		    &response, 200, "text/plain", machines[machine].user_data);
	} else {
		http_response_text(&response, 404, "text/plain", "none");
	}
	exchange_reply(exchange, &response);
}

static void power_is(
    void *ctx, const char *system_id, const char *state, const char *why)
{
	(void)ctx, (void)why;
	buf_addf(&maas_log, "%s is %s\n", system_id, state);
}

static void pxe(void *ctx, const char *system_id, struct boot_offer *offer)
{
	(void)ctx;
	*offer = (struct boot_offer){
		.task = machines[index_of(system_id)].task,
		.image = "ubuntu/jammy",
		.domain = "maas",
		.prefix_bits = 24,
		.gateway = "10.0.0.1",
		.dns = "10.0.0.2",
		.metadata_host = "maas.lab",
		.metadata_port = 5240,
		.token_key = "token",
		.token_secret = "secret-of-machine",
	};
	snprintf(
	    offer->hostname, sizeof(offer->hostname), "node-%s", system_id + 1);
	snprintf(offer->address, sizeof(offer->address), "10.0.0.1%s",
	    system_id + 1);
	snprintf(offer->consumer_key, sizeof(offer->consumer_key),
	    "consumer-%s", system_id);
}

static const struct rack_ops rack = { power_is, pxe };

/* ---- the scripted Palette ---- */

static void serve_palette(void *ctx, struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	struct http_response response = { 0 };
	const char *authorization = http_header(
	    &request->headers, "Authorization");
	const char *etag = http_header(&request->headers, "If-None-Match");

	(void)ctx;
	buf_addf(&palette_log, "%s %s %s\n", request->method, request->target,
	    buf_text(&request->body));
	if (palette_garbage)
		http_response_text(
		    &response, 200, "text/html", palette_garbage);
	else if (palette_status)
		http_response_text(&response, palette_status, "text/plain", "");
	else if (!authorization ||
	         strcmp(authorization, "Bearer agent-token-1") != 0)
		response.status = 401;
	else if (strstr(request->target, "/link/") && palette_spec && etag &&
	         strcmp(etag, jstr(palette_spec, "specHash")) == 0)
		response.status = 304;
	else if (strstr(request->target, "/link/") && palette_spec)
		http_response_json(&response, 200, json_incref(palette_spec));
	else if (strcmp(request->method, "POST") == 0)
		http_response_json(&response, 201, J("{'uid':'uid-1'}"));
	else
		response.status = 204;
	if (palette_tells_hash && strstr(request->target, "/heartbeat"))
		http_header_set(&response.headers, "Spec-Hash",
		    jstr(palette_spec, "specHash"));
	exchange_reply(exchange, &response);
}

/* ---- the record ---- */

static void keep_event(void *ctx, const struct event *event)
{
	json_t *thing;

	(void)ctx;
	if (getenv("SITE_TRACE")) {
		fprintf(stderr, "%10.3f %-8s %-16s %-30s",
		    (double)event->at / 1e6, event->kind, event->actor,
		    event->about);
		for (size_t i = 0; i < event->field_count; i++)
			fprintf(stderr, " %s=%.150s", event->fields[i].key,
			    event->fields[i].text ? event->fields[i].text
			                          : "#");
		fprintf(stderr, "\n");
	}
	if (strcmp(event->kind, "file") == 0)
		buf_addf(&notes, "%s may be read by others\n", event->about);
	if (strcmp(event->kind, "note") == 0)
		for (size_t i = 0; i < event->field_count; i++)
			buf_addf(&notes, "%s: %s\n", event->about,
			    event->fields[i].text);
	if (strcmp(event->kind, "gone") == 0)
		json_object_del(view, event->about);
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
}

const char *attribute(const char *about, const char *key)
{
	const char *text = json_string_value(
	    json_object_get(json_object_get(view, about), key));

	return text ? text : "";
}

const char *noted(void)
{
	return buf_text(&notes);
}

const char *maas_heard(void)
{
	return buf_text(&maas_log);
}

const char *palette_heard(void)
{
	return buf_text(&palette_log);
}

void forget_what_was_heard(void)
{
	buf_reset(&maas_log);
	buf_reset(&palette_log);
}

unsigned palette_count(const char *words)
{
	unsigned count = 0;

	for (const char *at = palette_heard(); (at = strstr(at, words)); at++)
		count++;
	return count;
}

/* ---- life ---- */

static struct identity *authority(const char *name)
{
	const struct identity_spec spec = { .seed = SEED,
		.name = name,
		.common_name = name,
		.not_before_time = ORIGIN - HOURS(1),
		.not_after_time = ORIGIN + HOURS(24 * 3650),
		.is_ca = true };

	return identity_new(&spec, NULL);
}

/* The same for all tests of a program: they depend on the seed alone. */
static void need_identities(void)
{
	static const char *const names[] = { "api.palette.example", NULL };
	const struct identity_spec spec = { .seed = SEED,
		.name = "palette",
		.common_name = "api.palette.example",
		.dns_names = names,
		.not_before_time = ORIGIN - HOURS(1),
		.not_after_time = ORIGIN + HOURS(24 * 3650) };

	if (ca)
		return;
	ca = authority("kubernetes");
	palette_identity = identity_new(&spec, NULL);
}

const struct identity *cluster_authority(void)
{
	need_identities();
	return ca;
}

const struct identity *palette_shows(void)
{
	need_identities();
	return palette_identity;
}

static void open_host(struct host *host, const char *name)
{
	*host = host_named(name);
	host->net = wire_attach(wire, host);
}

static void open_palette(void)
{
	const struct service plane = { .name = "palette/eu",
		.port = 443,
		.handle = serve_palette,
		.identity = palette_identity };
	struct err err;

	open_host(&palette, "palette/eu");
	palette_listener = net_listen(palette.net, &plane, &err);
}

static int let_pass(void *ctx, const struct http_request *connect,
    const char *peer, struct http_response *refusal)
{
	(void)ctx, (void)connect, (void)peer, (void)refusal;
	return 200;
}

static void open_proxy(void)
{
	struct err err;

	open_host(&proxy, "proxy/lab");
	proxy_listener = net_listen_proxy(
	    proxy.net, "proxy/lab", 3128, let_pass, NULL, &err);
}

static void open_scripted_maas(void)
{
	const struct service metadata = {
		.name = "maas/lab", .port = 5240, .handle = serve_metadata
	};
	struct err err;

	metadata_listener = net_listen(maas.net, &metadata, &err);
}

static void open_world(void)
{
	memset(places, 0, sizeof(places)); /* of a test that failed */
	loop = loop_new();
	choices = choices_new(SEED);
	secrets = secrets_new(SEED);
	/* What the engine registers where it makes or hears of it. */
	secrets_add(secrets, "agent token", "agent-token-1");
	secrets_add(secrets, "proxy password", "user:secret");
	events = events_new(loop, secrets);
	view = json_object();
	events_add_sink(events, keep_event, NULL);
	wire = wire_new(WIRE_MEMORY, loop, events, way, NULL);
	published = xstrdup("");
	need_identities();
	open_host(&maas, "maas/lab");
	open_host(&operator, "operator");
	open_host(&pcg, "pcg/a");
	open_palette();
	open_proxy();
}

const char *unplugged;

static bool is_plugged_in(void *ctx, const char *from, const char *to)
{
	(void)ctx;
	return !unplugged ||
	       (strcmp(from, unplugged) != 0 && strcmp(to, unplugged) != 0);
}

static void open_racks(const struct rack_ops *ops, void *ctx)
{
	const struct workload_options options = { .maas = "maas/lab",
		.reaches = is_plugged_in,
		.rack = ops,
		.rack_ctx = ctx,
		.hosts = { make_host, drop_host, NULL },
		.loop = loop,
		.choices = choices,
		.events = events,
		.secrets = secrets };

	racks = workload_new(&options);
}

void open_site(void)
{
	char system_id[4];

	open_world();
	open_scripted_maas();
	open_racks(&rack, NULL);
	for (int i = 0; i < MACHINES; i++) {
		snprintf(system_id, sizeof(system_id), "m%d", i + 1);
		workload_add_machine(racks, system_id);
		machines[i].task = BOOT_NOTHING;
	}
}

void open_real_site(void)
{
	const struct maas_options options = { .name = "maas/lab",
		.address = "maas.lab" };
	const struct maas_machine_spec spec = { .zone = "az1" };
	struct err err = { 0 };

	open_world();
	region = maas_new(&maas, &options, &err);
	EXPECT_STR(err.text, "");
	EXPECT(maas_set_subnet(region, "10.0.0.0/24", "10.0.0.1", "10.0.0.2",
	    "10.0.0.1", "10.0.0.9", &err));
	maas_add_image(region, "ubuntu/jammy");
	maas_key = maas_user_key(region, "gateway", true);
	open_racks(maas_rack_ops(), region);
	maas_connect_bmc(region, workload_bmc_ops(), racks);
	maas_add_machines(region, &spec, 8);
}

void close_site(void)
{
	workload_free(&racks);
	maas_free(&region);
	listener_close(&metadata_listener);
	listener_close(&palette_listener);
	listener_close(&proxy_listener);
	wire_detach(wire, &proxy.net, false);
	wire_detach(wire, &pcg.net, false);
	wire_detach(wire, &maas.net, false);
	wire_detach(wire, &palette.net, false);
	wire_detach(wire, &operator.net, false);
	wire_free(&wire);
	events_free(&events);
	secrets_free(&secrets);
	choices_free(&choices);
	loop_free(&loop);
	json_decref(view);
	json_decref(answer);
	json_decref(palette_spec);
	answer = palette_spec = NULL;
	buf_free(&maas_log);
	buf_free(&palette_log);
	buf_free(&notes);
	free(published);
	for (int i = 0; i < MACHINES; i++) {
		free(machines[i].user_data);
		machines[i].user_data = NULL;
	}
	maas_is_down = palette_is_down = palette_needs_proxy = false;
	palette_status = 0;
	palette_tells_hash = false;
	palette_garbage = NULL;
}

void wait_for(usec time)
{
	loop_advance(loop, loop_now(loop) + time);
}

/* ---- machines ---- */

void set_task(const char *system_id, enum boot_task task)
{
	machines[index_of(system_id)].task = task;
}

void power(const char *system_id, bool on)
{
	workload_bmc_ops()->set(racks, system_id, on);
}

void deploy(const char *system_id, const char *text)
{
	int i = index_of(system_id);

	free(machines[i].user_data);
	machines[i].user_data = xstrdup(text);
	set_task(system_id, BOOT_INSTALL);
	power(system_id, true);
}

void publish(const char *system_ids)
{
	free(published);
	published = xstrdup(system_ids);
}

/* ---- the clusters' API ---- */

json_t *J(const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	struct err err;
	json_t *out;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\'')
			text.data[i] = '"';
	out = json_parse(buf_text(&text), text.len, &err);
	if (!out)
		test_failed(
		    __FILE__, __LINE__, "%s: %s", err.text, buf_text(&text));
	buf_free(&text);
	return out;
}

static int answered_with;

static void api_answered(void *ctx, const struct kube_answer *a)
{
	(void)ctx;
	answered_with = a->status;
	json_decref(answer);
	answer = a->body ? json_deep_copy(a->body) : NULL;
}

int ask_api(
    const char *system_id, const char *method, const char *path, json_t *body)
{
	const struct identity_spec spec = { .seed = SEED,
		.name = "admin",
		.common_name = "kubernetes-admin",
		.organization = "system:masters",
		.not_before_time = ORIGIN - HOURS(1),
		.not_after_time = ORIGIN + HOURS(24 * 3650) };
	struct identity *admin = identity_new(&spec, ca);
	char address[16];
	const struct kube_remote_options options = { .host = "kubernetes",
		.port = 6443,
		.connect_to = address,
		.ca_pem = ca->cert_pem,
		.cert_pem = admin->cert_pem,
		.key_pem = admin->key_pem };
	struct err err;
	struct kube *kube;
	struct kube_call *call;

	snprintf(address, sizeof(address), "10.0.0.1%s", system_id + 1);
	kube = kube_remote(&operator, & options, &err);
	answered_with = -1;
	call = kube_send(kube, method, path, body, api_answered, NULL);
	while (answered_with < 0)
		wait_for(MILLISECONDS(100));
	(void)call;
	kube_free(&kube);
	identity_free(&admin);
	json_decref(body);
	return answered_with;
}

void put_token(const char *system_id, const char *token, usec live_for)
{
	json_t *secret = J("{'apiVersion':'v1','kind':'Secret','metadata':{"
	                   "'name':'bootstrap-token-%.6s',"
	                   "'namespace':'kube-system'},"
	                   "'type':'bootstrap.kubernetes.io/token'}",
	    token);
	char time[32];
	const struct {
		const char *key, *value;
		size_t len;
	} rows[] = { { "token-id", token, 6 },
		{ "token-secret", token + 7, 16 }, { "expiration", time, 0 },
		{ "usage-bootstrap-signing", "true", 4 },
		{ "usage-bootstrap-authentication", "true", 4 } };

	time_text(ORIGIN + loop_now(loop) + live_for, time);
	jset(secret, "data", json_object());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf encoded = BUF_INIT;

		buf_add_base64(&encoded, rows[i].value,
		    rows[i].len ? rows[i].len : strlen(rows[i].value));
		json_object_set_new(jget(secret, "data"), rows[i].key,
		    json_string(buf_text(&encoded)));
		buf_free(&encoded);
	}
	EXPECT_INT(ask_api(system_id, "POST",
	               "/api/v1/namespaces/kube-system/secrets", secret),
	    201);
}
