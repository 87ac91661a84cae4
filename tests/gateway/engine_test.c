/*
 * The engine against a Palette of a few lines that does what a test says. No
 * cluster is built here: scenarios do that. This is about the link, the
 * outbox, and instructions as durable work.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/sim_disk.h"
#include "base/wire.h"
#include "gateway/gateway.h"
#include "tests/test.h"

#define UID "66a000000000000000000001"

static struct loop *loop;
static struct secrets *secrets;
static struct events *events;
static struct wire *wire;
static struct sim_disk *disk;
static struct host here, there, metal;
static struct listener *listener, *maas_listener;
static struct gateway *gateway;
static struct err err;

/* What Palette has seen, and what it shall say next. */
static struct {
	unsigned registrations, polls, accounts, reports;
	char key[64], last_known[512], last_holds[512];
	json_t *instructions; /* given with every poll until known */
	json_t *withdrawn, *foreign;
	json_t *kept;    /* reports, in order */
	int refuse_next; /* status for the next request; 0: none */
	int refuse_all;  /* for every request */
	unsigned requests;
	bool lose_next; /* do it, then break the connection */
	int64_t clock_ahead_seconds;
	char not_yours[32];
	const char *garble;    /* the answer to every poll, instead of JSON */
	const char *maas_says; /* MAAS's answer to everything, with 500 */
	unsigned maas_asked;
	bool maas_is_empty; /* it knows the key, and holds nothing for it */
} plane;

/* ---- Palette ---- */

static void answer(struct exchange *x, int status, json_t *body)
{
	struct http_response response = { 0 };

	if (plane.lose_next) {
		plane.lose_next = false;
		json_decref(body);
		exchange_abort(x);
		return;
	}
	if (body)
		http_response_json(&response, status, body);
	response.status = status;
	if (status == 204 && plane.registrations)
		http_header_set(
		    &response.headers, "X-Gateway-Token", "token-of-the-test");
	exchange_reply(x, &response);
}

static void take_registration(struct exchange *x)
{
	plane.registrations++;
	snprintf(plane.key, sizeof(plane.key), "%s",
	    http_header(&x->request->headers, "X-Gateway-Key"));
	answer(x, 204, NULL);
}

static void take_poll(struct exchange *x, const json_t *body)
{
	char *known = json_canonical(jget(body, "known"));
	char time[32];

	plane.polls++;
	if (plane.garble) {
		struct http_response nonsense = { 0 };

		free(known);
		http_response_text(&nonsense, 200, "text/html", plane.garble);
		exchange_reply(x, &nonsense);
		return;
	}
	snprintf(plane.last_known, sizeof(plane.last_known), "%s", known);
	free(known);
	known = json_canonical(jget(body, "holds"));
	snprintf(plane.last_holds, sizeof(plane.last_holds), "%s", known);
	free(known);
	time_text_ms(
	    host_time(&there) + SECONDS(plane.clock_ahead_seconds), time);
	answer(x, 200,
	    json_pack("{s:s, s:i, s:O, s:O, s:O}", "time", time,
	        "pollAfterSeconds", 15, "instructions", plane.instructions,
	        "withdrawn", plane.withdrawn, "foreign", plane.foreign));
	json_array_clear(plane.withdrawn);
}

static void take_reports(struct exchange *x, const json_t *body)
{
	plane.reports++;
	if (*plane.not_yours) {
		answer(x, 409,
		    json_pack("{s:s, s:s, s:{s:[s]}}", "code", "NotYourCluster",
		        "message", "no", "details", "clusters",
		        plane.not_yours));
		return;
	}
	json_array_extend(plane.kept, jget(body, "reports"));
	answer(x, 204, NULL);
}

static void handle(void *ctx, struct exchange *x)
{
	struct err ignored = { 0 };
	json_t *body = json_parse(
	    buf_text(&x->request->body), x->request->body.len, &ignored);
	const char *target = x->request->target;
	int refusal = plane.refuse_next ? plane.refuse_next : plane.refuse_all;

	(void)ctx;
	plane.refuse_next = 0;
	plane.requests++;
	if (refusal)
		answer(x, refusal, json_pack("{s:s}", "code", "No"));
	else if (strstr(target, "/register"))
		take_registration(x);
	else if (strstr(target, "/account"))
		plane.accounts++, answer(x, 204, NULL);
	else if (strstr(target, "/poll"))
		take_poll(x, body);
	else if (strstr(target, "/report"))
		take_reports(x, body);
	else
		answer(x, 404, NULL);
	json_decref(body);
}

static void handle_maas(void *ctx, struct exchange *x)
{
	struct http_response response = { 0 };

	(void)ctx;
	plane.maas_asked++;
	if (plane.maas_is_empty) {
		bool who = strstr(x->request->target, "op=whoami");

		EXPECT(who || strstr(x->request->target, "/?owner=pcg") ||
		       strstr(x->request->target, "/?agent_name=web."));
		http_response_json(&response, 200,
		    who ? json_pack("{s:s}", "username", "pcg") : json_array());
		exchange_reply(x, &response);
		return;
	}
	http_response_text(&response, 500, "text/plain",
	    plane.maas_says ? plane.maas_says : "no");
	exchange_reply(x, &response);
}

/* ---- the world ---- */

static void route(void *ctx, const struct route_query *query, struct route *out)
{
	bool is_maas = !strcmp(query->host, "maas.test");

	(void)ctx;
	out->latency_for = MILLISECONDS(10);
	if (strcmp(query->host, "palette.test") != 0 && !is_maas) {
		out->verdict = ROUTE_NO_NAME;
		snprintf(
		    out->why, sizeof(out->why), "nobody knows %s", query->host);
		return;
	}
	out->verdict = ROUTE_OPEN;
	snprintf(out->to, sizeof(out->to), "%s", is_maas ? "maas" : "palette");
	snprintf(out->address, sizeof(out->address), "198.51.100.1");
	snprintf(out->seen_as, sizeof(out->seen_as), "203.0.113.7");
}

static void quiet_log(
    void *ctx, enum log_level level, const char *who, const char *line)
{
	(void)ctx;
	(void)level;
	(void)who;
	(void)line;
}

static void furnish(struct host *host, const char *name)
{
	*host = (struct host){ .name = name,
		.loop = loop,
		.choices = choices_new(7),
		.log = log_new(LOG_ERROR, secrets, quiet_log, NULL),
		.events = events,
		.secrets = secrets,
		.clock_origin = SECONDS(1767225600) };
	host->net = wire_attach(wire, host);
}

static struct gateway_config config(void)
{
	return (struct gateway_config){ .name = "pcg-a",
		.palette_endpoint = "http://palette.test:80/",
		.overlord_uid = UID,
		.pairing_code = "ABCD-EFGH-IJKL",
		.maas_endpoint = "http://maas.test:5240/MAAS",
		.maas_api_key = "consumer:token:secretsecret" };
}

static void start_gateway(void)
{
	struct gateway_config c = config();

	here.disk = sim_disk_attach(disk);
	err = (struct err){ 0 };
	gateway = gateway_new(&here, &c, &err);
}

static void open_world(void)
{
	struct service service = {
		.name = "palette", .port = 80, .handle = handle
	};
	struct service maas = {
		.name = "maas", .port = 5240, .handle = handle_maas
	};

	memset(&plane, 0, sizeof(plane));
	plane.instructions = json_array();
	plane.withdrawn = json_array();
	plane.foreign = json_array();
	plane.kept = json_array();
	loop = loop_new();
	secrets = secrets_new(7);
	events = events_new(loop, secrets);
	wire = wire_new(WIRE_MEMORY, loop, events, route, NULL);
	disk = sim_disk_new("pcg");
	furnish(&here, "pcg/a");
	furnish(&there, "palette");
	furnish(&metal, "maas");
	listener = net_listen(there.net, &service, &err);
	maas_listener = net_listen(metal.net, &maas, &err);
	start_gateway();
}

static void run_for(usec for_how_long)
{
	loop_advance(loop, loop_now(loop) + for_how_long);
}

static void furnish_off(struct host *host)
{
	wire_detach(wire, &host->net, false);
	choices_free(&host->choices);
	log_free(&host->log);
}

static void close_world(void)
{
	gateway_free(&gateway);
	listener_close(&listener);
	listener_close(&maas_listener);
	furnish_off(&here);
	furnish_off(&there);
	furnish_off(&metal);
	wire_free(&wire);
	sim_disk_free(&disk);
	events_free(&events);
	secrets_free(&secrets);
	loop_free(&loop);
	json_decref(plane.instructions);
	json_decref(plane.withdrawn);
	json_decref(plane.foreign);
	json_decref(plane.kept);
}

/* Process death or power loss, and another start on the same disk. */
static void crash(bool power)
{
	here.dead = true;
	if (power)
		sim_disk_lose_power(disk);
	else
		sim_disk_kill(disk);
	gateway_free(&gateway);
	wire_detach(wire, &here.net, power);
	here.dead = false;
	here.net = wire_attach(wire, &here);
	start_gateway();
}

/* A question whose answer Palette's caller waits for. */
static json_t *question(const char *id, const char *api_key)
{
	return json_pack("{s:s, s:i, s:s, s:{s:s, s:s}}", "id", id,
	    "generation", 1, "kind", "AccountValidate", "account",
	    "apiEndpoint", "http://maas.test:5240/MAAS", "apiKey", api_key);
}

/* A create whose plan fails (no zone), so that it ends without a MAAS. */
static json_t *order(const char *kind, const char *uid, int generation)
{
	char id[64];

	snprintf(id, sizeof(id), "%s-%s",
	    strcmp(kind, "ClusterCreate") ? "delete" : "create", uid);
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:{s:s, s:s}, s:[]}", "id",
	    id, "generation", generation, "kind", kind, "clusterUid", uid,
	    "clusterName", "web", "account", "apiEndpoint",
	    "http://maas.test:5240/MAAS", "apiKey",
	    "consumer:token:secretsecret", "pools");
}

static json_t *pool(const char *name, bool control_plane)
{
	return json_pack("{s:s, s:b, s:i, s:[s], s:s, s:[], s:i, s:i}", "name",
	    name, "isControlPlane", control_plane, "size", 1, "azs", "az1",
	    "resourcePool", "", "tags", "minCPU", 4, "minMemInMB", 8192);
}

/* A create that gets as far as asking MAAS, which knows no answer. */
static json_t *order_to_build(const char *uid)
{
	json_t *create = order("ClusterCreate", uid, 1);

	jsets(create, "domain", "maas");
	jsets(create, "kubernetesVersion", "v1.29.4");
	jsets(create, "image", "ubuntu/jammy");
	jsets(create, "podCIDR", "192.168.0.0/16");
	jsets(create, "serviceCIDR", "10.96.0.0/12");
	jsets(create, "palette.endpoint", "https://api.palette.test");
	jsets(create, "palette.agentToken", "token-of-the-agent");
	jadd(create, "pools", pool("cp", true));
	jadd(create, "pools", pool("workers", false));
	return create;
}

static const char *result_of(size_t i)
{
	return jstr(json_array_get(plane.kept, i), "outcome");
}

/* ---- claims ---- */

TEST(a_gateway_pairs_brings_its_account_and_polls)
{
	open_world();
	run_for(MINUTES(2));
	EXPECT_INT(plane.registrations, 1);
	EXPECT_INT(plane.accounts, 1);
	EXPECT(plane.polls >= 8 && plane.polls <= 10);
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	close_world();
}

TEST(a_lost_registration_is_repeated_with_the_same_key)
{
	char first[64];

	open_world();
	plane.lose_next = true;
	run_for(SECONDS(1));
	EXPECT_INT(plane.registrations, 1);
	EXPECT(strlen(plane.key) >= 32);
	strcpy(first, plane.key);
	crash(true);
	run_for(MINUTES(2));
	EXPECT_INT(plane.registrations, 2);
	EXPECT_STR(plane.key, first);
	close_world();
}

TEST(a_refused_pairing_code_is_tried_at_most_once_a_minute)
{
	open_world();
	plane.refuse_all = 400;
	run_for(MINUTES(10));
	EXPECT(plane.requests >= 10 && plane.requests <= 12);
	EXPECT_INT(gateway_state(gateway), GATEWAY_UNPAIRED);
	EXPECT_HAS(gateway_condition(gateway), "400");
	plane.refuse_all = 0;
	run_for(MINUTES(3));
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	close_world();
}

TEST(a_token_that_is_no_longer_valid_is_asked_for_again)
{
	open_world();
	run_for(MINUTES(1));
	plane.refuse_next = 401;
	run_for(MINUTES(3));
	EXPECT_INT(plane.registrations, 2);
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	close_world();
}

TEST(palette_gone_for_a_day_is_polled_slowly_and_found_again)
{
	unsigned polls;

	open_world();
	run_for(MINUTES(1));
	listener_close(&listener);
	run_for(HOURS(24));
	EXPECT_INT(gateway_state(gateway), GATEWAY_CUT_OFF);
	polls = plane.polls;
	listener = net_listen(there.net,
	    &(struct service){
	        .name = "palette", .port = 80, .handle = handle },
	    &err);
	run_for(MINUTES(2));
	EXPECT(plane.polls > polls);
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	close_world();
}

TEST(an_instruction_is_known_only_when_it_has_reached_the_disk)
{
	open_world();
	run_for(SECONDS(20));
	json_array_append_new(
	    plane.instructions, order("ClusterCreate", UID, 1));
	sim_disk_set_room(disk, 0);
	run_for(MINUTES(1));
	EXPECT_STR(plane.last_known, "{}");
	sim_disk_set_room(disk, -1);
	run_for(MINUTES(1));
	EXPECT_INT(json_array_size(plane.kept), 1);
	EXPECT_STR(result_of(0), "failed");
	close_world();
}

TEST(an_order_that_cannot_be_planned_fails_once_with_a_sentence)
{
	open_world();
	json_array_append_new(
	    plane.instructions, order("ClusterCreate", UID, 1));
	run_for(MINUTES(5));
	EXPECT_INT(json_array_size(plane.kept), 1);
	EXPECT_STR(result_of(0), "failed");
	EXPECT(*jstr(json_array_get(plane.kept, 0), "message"));
	close_world();
}

TEST(a_delete_of_a_cluster_never_built_is_done_at_once)
{
	open_world();
	plane.maas_is_empty = true;
	json_array_append_new(
	    plane.instructions, order("ClusterDelete", UID, 1));
	run_for(MINUTES(1));
	EXPECT_STR(result_of(0), "done");
	close_world();
}

TEST(a_delete_of_what_may_have_been_built_waits_for_maas)
{
	open_world();
	json_array_append_new(
	    plane.instructions, order("ClusterDelete", UID, 1));
	run_for(MINUTES(5));
	EXPECT_INT(gateway_work(gateway), 1);
	EXPECT_STR(jstr(json_array_get(plane.kept, 0), "kind"), "waiting");
	EXPECT_STR(
	    jstr(json_array_get(plane.kept, 0), "reason"), "MaasUnavailable");
	plane.maas_is_empty = true;
	run_for(MINUTES(5));
	EXPECT_INT(gateway_work(gateway), 0);
	close_world();
}

TEST(a_create_that_comes_after_its_delete_is_not_carried_out)
{
	open_world();
	plane.maas_is_empty = true;
	json_array_append_new(
	    plane.instructions, order("ClusterDelete", UID, 1));
	run_for(MINUTES(1));
	json_array_clear(plane.instructions);
	json_array_append_new(
	    plane.instructions, order("ClusterCreate", UID, 1));
	run_for(MINUTES(2));
	EXPECT_INT(json_array_size(plane.kept), 1);
	EXPECT_INT(gateway_work(gateway), 0);
	close_world();
}

TEST(a_report_is_sent_until_it_is_taken_and_numbered_once)
{
	open_world();
	plane.maas_is_empty = true;
	run_for(SECONDS(20));
	json_array_append_new(
	    plane.instructions, order("ClusterDelete", UID, 1));
	plane.refuse_next = 0;
	for (int i = 0; i < 4; i++) {
		run_for(SECONDS(5));
		plane.lose_next = true;
	}
	plane.lose_next = false;
	crash(false);
	run_for(MINUTES(2));
	EXPECT(json_array_size(plane.kept) >= 1);
	for (size_t i = 0; i < json_array_size(plane.kept); i++) {
		EXPECT_STR(result_of(i), "done");
		EXPECT_INT(jint(json_array_get(plane.kept, i), "seq"),
		    jint(json_array_get(plane.kept, 0), "seq"));
	}
	close_world();
}

TEST(numbers_of_reports_are_never_used_twice_over_restarts)
{
	int64_t first, second;

	open_world();
	json_array_append_new(
	    plane.instructions, order("ClusterDelete", UID, 1));
	run_for(MINUTES(1));
	first = jint(json_array_get(plane.kept, 0), "seq");
	crash(true);
	json_array_append_new(plane.instructions,
	    order("ClusterDelete", "66a000000000000000000002", 1));
	run_for(MINUTES(1));
	second = jint(json_array_get(plane.kept, 1), "seq");
	EXPECT(second > first);
	close_world();
}

TEST(a_cluster_that_is_not_ours_any_more_is_dropped)
{
	open_world();
	json_array_append_new(
	    plane.instructions, order("ClusterDelete", UID, 1));
	strcpy(plane.not_yours, UID);
	run_for(MINUTES(1));
	json_array_clear(plane.instructions);
	plane.not_yours[0] = '\0';
	run_for(MINUTES(5));
	EXPECT_INT(json_array_size(plane.kept), 0);
	EXPECT_INT(gateway_work(gateway), 0);
	close_world();
}

TEST(what_became_anothers_is_forgotten_and_its_machines_left_alone)
{
	unsigned asked;

	open_world();
	json_array_append_new(plane.instructions, order_to_build(UID));
	run_for(MINUTES(1));
	EXPECT_STR(plane.last_holds, "[\"" UID "\"]");
	EXPECT(plane.maas_asked > 0);
	json_array_clear(plane.instructions);
	json_array_append_new(plane.foreign, json_string(UID));
	run_for(MINUTES(1));
	EXPECT_STR(plane.last_holds, "[]");
	EXPECT_INT(gateway_work(gateway), 0);
	asked = plane.maas_asked;
	crash(false);
	run_for(HOURS(1));
	EXPECT_STR(plane.last_holds, "[]");
	EXPECT_INT(plane.maas_asked, asked);
	close_world();
}

TEST(after_a_start_nothing_goes_on_before_palette_was_asked)
{
	open_world();
	json_array_append_new(plane.instructions, order_to_build(UID));
	run_for(MINUTES(1));
	plane.refuse_all = 503;
	crash(true);
	plane.maas_asked = 0;
	run_for(HOURS(1));
	EXPECT_INT(plane.maas_asked, 0);
	plane.refuse_all = 0;
	run_for(MINUTES(3));
	EXPECT(plane.maas_asked > 0);
	close_world();
}

TEST(with_a_clock_two_hours_off_nothing_is_begun_and_it_is_said)
{
	open_world();
	plane.clock_ahead_seconds = 7200;
	json_array_append_new(
	    plane.instructions, order("ClusterCreate", UID, 1));
	run_for(MINUTES(10));
	EXPECT_INT(gateway_state(gateway), GATEWAY_CLOCK_OFF);
	EXPECT_HAS(gateway_condition(gateway), "behind Palette's");
	EXPECT_INT(json_array_size(plane.kept), 1);
	EXPECT_STR(jstr(json_array_get(plane.kept, 0), "kind"), "waiting");
	EXPECT_HAS(jstr(json_array_get(plane.kept, 0), "message"),
	    "this host's clock is behind Palette's by about 1");
	EXPECT(plane.polls < 60);
	plane.clock_ahead_seconds = 0;
	run_for(MINUTES(2));
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	EXPECT_STR(jstr(json_array_get(plane.kept, 1), "message"), "goes on");
	EXPECT_STR(result_of(2), "failed");
	close_world();
}

TEST(garbage_in_a_poll_is_survived)
{
	open_world();
	json_array_append_new(plane.instructions, json_integer(7));
	json_array_append_new(plane.instructions, json_pack("{s:i}", "id", 3));
	json_array_append_new(plane.instructions,
	    json_pack("{s:s, s:s, s:s, s:s}", "id", "x", "kind", "Sing",
	        "clusterUid", "u", "clusterName", "n"));
	run_for(MINUTES(2));
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	EXPECT_INT(gateway_work(gateway), 0);
	close_world();
}

TEST(a_corrupt_store_is_refused_and_left_as_it_is)
{
	open_world();
	run_for(MINUTES(1));
	gateway_free(&gateway);
	for (uint64_t at = 4096; at < 4196; at++)
		sim_disk_corrupt(disk, "gateway.db", at);
	start_gateway();
	EXPECT(!gateway);
	EXPECT_INT(err.kind, ERR_STORAGE);
	EXPECT_HAS(err.text, "move it away");
	EXPECT_HAS(err.text, "a new pairing code");
	close_world();
}

TEST(polls_that_make_no_sense_are_backed_off_from)
{
	unsigned polls;

	open_world();
	run_for(MINUTES(2));
	plane.garble = "<html>Welcome to this hotel's network</html>";
	run_for(MINUTES(2));
	polls = plane.polls;
	run_for(MINUTES(10));
	EXPECT(plane.polls - polls >= 9 && plane.polls - polls <= 12);
	EXPECT_INT(gateway_state(gateway), GATEWAY_CUT_OFF);
	EXPECT_HAS(gateway_condition(gateway), "not a JSON object");
	plane.garble = NULL;
	run_for(MINUTES(2));
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	close_world();
}

/* Secrets that are too short to be masked come from people; a gateway that
 * stopped for one would be stopped by whoever can make an account. */
TEST(short_secrets_stop_nothing)
{
	char https_proxy[] = "http://u:pw@proxy.test:3128";
	char no_proxy[] = "palette.test,maas.test";
	struct gateway_config c = config();
	json_t *create;

	open_world();
	gateway_free(&gateway);
	c.pairing_code = "abc";
	c.maas_api_key = "a:b:c";
	c.proxies.https_proxy = https_proxy;
	c.proxies.no_proxy = no_proxy;
	gateway = gateway_new(&here, &c, &err);
	EXPECT(gateway);
	create = order("ClusterCreate", UID, 1);
	jsets(create, "account.apiKey", "a:b:c");
	jsets(create, "palette.agentToken", "t");
	jsets(create, "kubeconfig", "k");
	json_array_append_new(plane.instructions, create);
	json_array_append_new(plane.instructions, question("q-1", "a:b:c"));
	json_array_append_new(plane.instructions, question("q-2", ""));
	run_for(MINUTES(1));
	EXPECT_INT(gateway_state(gateway), GATEWAY_LINKED);
	EXPECT(json_array_size(plane.kept) >= 3);
	close_world();
}

/* MAAS's errors are written by whatever stands in front of it. */
TEST(an_error_page_that_is_no_utf_8_is_told_all_the_same)
{
	open_world();
	plane.maas_says = "\xc4rger: \xe4\xf6\xfc \xe2\x82";
	json_array_append_new(
	    plane.instructions, question("q-1", "consumer:token:secretsecret"));
	run_for(SECONDS(20));
	EXPECT(json_array_size(plane.kept) >= 1);
	EXPECT_STR(result_of(0), "failed");
	EXPECT_HAS(
	    jstr(json_array_get(plane.kept, 0), "message"), "?rger: ??? ??");
	close_world();
}

TESTS_BEGIN
CASE(a_gateway_pairs_brings_its_account_and_polls),
    CASE(a_lost_registration_is_repeated_with_the_same_key),
    CASE(a_refused_pairing_code_is_tried_at_most_once_a_minute),
    CASE(a_token_that_is_no_longer_valid_is_asked_for_again),
    CASE(palette_gone_for_a_day_is_polled_slowly_and_found_again),
    CASE(an_instruction_is_known_only_when_it_has_reached_the_disk),
    CASE(an_order_that_cannot_be_planned_fails_once_with_a_sentence),
    CASE(a_delete_of_a_cluster_never_built_is_done_at_once),
    CASE(a_delete_of_what_may_have_been_built_waits_for_maas),
    CASE(a_create_that_comes_after_its_delete_is_not_carried_out),
    CASE(a_report_is_sent_until_it_is_taken_and_numbered_once),
    CASE(numbers_of_reports_are_never_used_twice_over_restarts),
    CASE(a_cluster_that_is_not_ours_any_more_is_dropped),
    CASE(what_became_anothers_is_forgotten_and_its_machines_left_alone),
    CASE(after_a_start_nothing_goes_on_before_palette_was_asked),
    CASE(with_a_clock_two_hours_off_nothing_is_begun_and_it_is_said),
    CASE(garbage_in_a_poll_is_survived),
    CASE(a_corrupt_store_is_refused_and_left_as_it_is),
    CASE(polls_that_make_no_sense_are_backed_off_from),
    CASE(short_secrets_stop_nothing),
    CASE(an_error_page_that_is_no_utf_8_is_told_all_the_same), TESTS_END
