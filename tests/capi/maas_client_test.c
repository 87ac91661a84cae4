#include "capi/maas_client.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/wire.h"
#include "tests/capi/lab.h"

/* ---- a MAAS that says one thing ---- */

static struct wire *wire;
static struct host *maas;
static struct listener *listener;
static struct maas_client *client;

static struct {
	int status;
	const char *retry_after, *date, *type, *text;
	bool silent;
	char *authorization[8];
	char *body, *target;
	unsigned count;
} server;

static struct {
	enum maas_answer_kind kind;
	int status;
	usec retry_after_for, clock_ahead_for;
	char text[200];
	usec at;
	unsigned count;
} heard;

static void route_all(
    void *ctx, const struct route_query *query, struct route *route)
{
	(void)ctx;
	*route = (struct route){ .latency_for = MILLISECONDS(1) };
	if (strcmp(query->host, "nowhere") == 0)
		route->verdict = ROUTE_NO_NAME;
	strcpy(route->address, "10.0.0.1");
	strcpy(route->to, "maas/lab");
	strcpy(route->seen_as, "10.0.0.9");
	strcpy(route->why, "no such name");
}

static void serve(void *ctx, struct exchange *exchange)
{
	struct http_response response = { 0 };

	(void)ctx;
	free(server.body);
	free(server.target);
	server.body = xstrdup(buf_text(&exchange->request->body));
	server.target = xstrdup(exchange->request->target);
	if (server.count < 8)
		server.authorization[server.count] = xstrdup(
		    http_header(&exchange->request->headers, "Authorization"));
	server.count++;
	if (server.silent)
		return;
	http_response_text(&response, server.status,
	    server.type ? server.type : "application/json",
	    server.text ? server.text : "{}");
	if (server.retry_after)
		http_header_set(
		    &response.headers, "Retry-After", server.retry_after);
	if (server.date)
		http_header_set(&response.headers, "Date", server.date);
	exchange_reply(exchange, &response);
}

static void lab(const char *endpoint)
{
	const struct maas_account account = { .endpoint = endpoint,
		.api_key = "consumer:token:secretsecret" };
	const struct service service = {
		.name = "maas/lab", .port = 5240, .handle = serve
	};
	struct err err;

	lab_open();
	memset(&server, 0, sizeof(server));
	memset(&heard, 0, sizeof(heard));
	server.status = 200;
	wire = wire_new(WIRE_MEMORY, loop, NULL, route_all, NULL);
	maas = lab_host("maas/lab");
	maas->net = wire_attach(wire, maas);
	host->net = wire_attach(wire, host);
	listener = net_listen(maas->net, &service, &err);
	EXPECT(listener);
	client = maas_client_new(host, &account, &err);
	EXPECT(client);
}

static void close_lab(void)
{
	maas_client_free(&client);
	lab_run();
	listener_close(&listener);
	wire_detach(wire, &host->net, false);
	wire_detach(wire, &maas->net, false);
	wire_free(&wire);
	lab_host_free(&maas);
	for (size_t i = 0; i < 8; i++)
		free(server.authorization[i]);
	free(server.body);
	free(server.target);
	lab_close();
}

static void hear(void *ctx, const struct maas_answer *answer)
{
	(void)ctx;
	heard.kind = answer->kind;
	heard.status = answer->status;
	heard.retry_after_for = answer->retry_after_for;
	heard.clock_ahead_for = answer->clock_ahead_for;
	strncpy(heard.text, answer->text ? answer->text : "",
	    sizeof(heard.text) - 1);
	heard.at = loop_now(loop);
	heard.count++;
}

static void ask(const char *method, const char *path)
{
	unsigned before = heard.count;

	maas_send(client, method, path, NULL, hear, NULL);
	while (heard.count == before && loop_step(loop))
		;
	EXPECT_INT(heard.count, before + 1);
}

/* ---- claims ---- */

/* Both signatures were computed by another implementation (Python). */
TEST(a_post_signs_its_form)
{
	const char *params[] = { "agent_name", "web.66.web-cp-0.1", "tags",
		"a,b c", NULL };
	char *header = maas_oauth_header("POST",
	    "http://maas.lab:5240/MAAS/api/2.0/machines/?op=allocate", params,
	    "con:tok:sec", "abc", 1700000000);

	EXPECT_HAS(header, "OAuth oauth_version=\"1.0\"");
	EXPECT_HAS(
	    header, "oauth_signature=\"PESom8YI1yVrKKYfrhbNWoaCtrY%3D\"");
	free(header);
}

TEST(a_put_does_not_sign_its_form)
{
	const char *params[] = { "swap_size", "0", NULL };
	char *header = maas_oauth_header("PUT",
	    "http://maas.lab:5240/MAAS/api/2.0/machines/x/", params,
	    "con:tok:sec", "abc", 1700000000);

	EXPECT_HAS(
	    header, "oauth_signature=\"09DhUK9BdisuY3R0MWm5GUj%2FFko%3D\"");
	free(header);
}

TEST(of_a_repeated_form_field_the_last_is_signed)
{
	const char *two[] = { "zone", "a", "zone", "b", NULL };
	const char *one[] = { "zone", "b", NULL };
	const char *url = "http://maas.lab/MAAS/api/2.0/machines/";
	char *a = maas_oauth_header("POST", url, two, "c:t:s", "n", 1);
	char *b = maas_oauth_header("POST", url, one, "c:t:s", "n", 1);

	EXPECT_STR(a, b);
	free(a);
	free(b);
}

TEST(a_default_port_is_not_signed)
{
	char *a = maas_oauth_header(
	    "GET", "http://maas.lab:80/MAAS/api/2.0/x/", NULL, "c:t:s", "n", 1);
	char *b = maas_oauth_header(
	    "GET", "http://maas.lab/MAAS/api/2.0/x/", NULL, "c:t:s", "n", 1);

	EXPECT_STR(a, b);
	free(a);
	free(b);
}

TEST(each_attempt_is_signed_anew)
{
	lab("http://maas.lab:5240/MAAS/");
	ask("GET", "version/");
	ask("GET", "version/");
	EXPECT_STR(server.target, "/MAAS/api/2.0/version/");
	EXPECT(strcmp(server.authorization[0], server.authorization[1]) != 0);
	close_lab();
}

TEST(a_form_travels_in_the_body)
{
	const char *params[] = { "zone", "a", "zone", "b c", NULL };

	lab("http://maas.lab:5240/MAAS");
	maas_send(client, "POST", "machines/?op=allocate", params, hear, NULL);
	lab_run();
	EXPECT_STR(server.body, "zone=a&zone=b%20c");
	close_lab();
}

static void answers(int status, const char *retry_after, const char *path,
    enum maas_answer_kind expected)
{
	server.status = status;
	server.retry_after = retry_after;
	ask("POST", path);
	EXPECT_STR(maas_answer_name(heard.kind), maas_answer_name(expected));
}

TEST(an_answer_is_told_by_status_and_retry_after)
{
	lab("http://maas.lab:5240/MAAS");
	answers(200, NULL, "machines/?op=allocate", MAAS_OK);
	answers(409, NULL, "machines/?op=allocate", MAAS_NO_CAPACITY);
	answers(409, "5", "machines/?op=allocate", MAAS_BUSY);
	EXPECT_INT(heard.retry_after_for, SECONDS(5));
	answers(409, NULL, "machines/x/?op=deploy", MAAS_REFUSED);
	answers(503, "10", "machines/x/?op=deploy", MAAS_BUSY);
	EXPECT_INT(heard.retry_after_for, SECONDS(10));
	answers(503, NULL, "machines/x/?op=deploy", MAAS_FAILED);
	answers(500, NULL, "machines/x/?op=deploy", MAAS_FAILED);
	answers(401, NULL, "machines/x/?op=deploy", MAAS_DENIED);
	answers(403, NULL, "machines/x/?op=deploy", MAAS_DENIED);
	answers(404, NULL, "machines/x/?op=deploy", MAAS_NOT_FOUND);
	answers(400, NULL, "machines/x/?op=deploy", MAAS_REFUSED);
	answers(301, NULL, "machines/x/?op=deploy", MAAS_REFUSED);
	EXPECT_HAS(heard.text, "has moved");
	close_lab();
}

/* what was asked for may have been done. */
TEST(an_answer_in_pieces_is_unknown)
{
	lab("http://maas.lab:5240/MAAS");
	server.text = "[{\"system_id\":";
	answers(200, NULL, "machines/?op=allocate", MAAS_UNKNOWN);
	server.type = "text/plain";
	answers(200, NULL, "machines/?op=allocate", MAAS_OK);
	close_lab();
}

TEST(silence_is_unknown_after_95_s_and_for_reads_after_30_s)
{
	usec begun_at;

	lab("http://maas.lab:5240/MAAS");
	server.silent = true;
	begun_at = loop_now(loop);
	ask("POST", "machines/?op=allocate");
	EXPECT_STR(maas_answer_name(heard.kind), "unknown");
	EXPECT_INT(heard.at - begun_at, SECONDS(95));
	begun_at = loop_now(loop);
	ask("GET", "machines/?agent_name=x");
	EXPECT_INT(heard.at - begun_at, SECONDS(30));
	close_lab();
}

TEST(a_name_that_does_not_resolve_is_unreached)
{
	lab("http://nowhere:5240/MAAS");
	ask("POST", "machines/?op=allocate");
	EXPECT_STR(maas_answer_name(heard.kind), "unreached");
	close_lab();
}

/* our clock stands at 2026-01-01T00:00:00Z. */
TEST(the_clock_of_the_server_is_signed_with)
{
	lab("http://maas.lab:5240/MAAS");
	server.date = "Thu, 01 Jan 2026 00:06:00 GMT";
	ask("GET", "version/");
	EXPECT_INT((heard.clock_ahead_for + SECONDS(1)) / SECONDS(60), 6);
	ask("GET", "version/");
	EXPECT_HAS(server.authorization[0], "oauth_timestamp=\"1767225600\"");
	EXPECT_HAS(server.authorization[1], "oauth_timestamp=\"1767225960\"");
	close_lab();
}

TEST(an_account_that_cannot_be_one_is_refused_in_a_sentence)
{
	struct err err;
	const struct maas_account two_parts = { .endpoint = "http://m/MAAS",
		.api_key = "a:b" };
	const struct maas_account no_ca = { .endpoint = "https://m/MAAS",
		.api_key = "a:b:c" };

	lab("http://maas.lab:5240/MAAS");
	EXPECT(!maas_client_new(host, &two_parts, &err));
	EXPECT_HAS(err.text, "three parts");
	EXPECT(!maas_client_new(host, &no_ca, &err));
	EXPECT_HAS(err.text, "CA certificate");
	EXPECT(!maas_client_set_key(client, "a::c", &err));
	EXPECT(maas_client_set_key(client, "d:e:ffffff", &err));
	ask("GET", "version/");
	EXPECT_HAS(server.authorization[0], "oauth_token=\"e\"");
	close_lab();
}

TESTS_BEGIN
CASE(a_post_signs_its_form), CASE(a_put_does_not_sign_its_form),
    CASE(of_a_repeated_form_field_the_last_is_signed),
    CASE(a_default_port_is_not_signed), CASE(each_attempt_is_signed_anew),
    CASE(a_form_travels_in_the_body),
    CASE(an_answer_is_told_by_status_and_retry_after),
    CASE(an_answer_in_pieces_is_unknown),
    CASE(silence_is_unknown_after_95_s_and_for_reads_after_30_s),
    CASE(a_name_that_does_not_resolve_is_unreached),
    CASE(the_clock_of_the_server_is_signed_with),
    CASE(an_account_that_cannot_be_one_is_refused_in_a_sentence), TESTS_END
