/*
 * Every operation, asked by everybody, with every kind of nonsense: there is
 * an answer, it is JSON where it has a body, and the plane still works.
 */
#include "tests/palette/site.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

static char profile[32];

/* What may stand for a {} of a path: things that are there, and nonsense. */
static const char *const fillings[] = { a.uid, web, agent.config, account,
	profile, "cp", "spectrocluster", "nothing", "%ff%00", "a%2fb" };
#define FILLINGS (sizeof(fillings) / sizeof(fillings[0]))

static const char *const values[] = { "null", "true", "-7", "1e99", "\"\"",
	"\"text\"", "[]", "[null,17]", "[{}]", "{}", "{\"a\":[{}]}",
	"\"2026-01-01T00:00:00.000Z\"", "9223372036854775807" };
#define VALUES (sizeof(values) / sizeof(values[0]))

static const char *const keys[] = { "metadata", "spec", "status", "account",
	"name", "known", "reports", "filter", "profiles", "machines", "packs",
	"poolConfig", "cloudConfig", "clusterConfig", "agentVersion", "type",
	"isActive", "tokens", "specHash", "kubeconfig", "involvedObject",
	"sourceUid", "targetUid", "pairingCode", "emailId" };
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void open_everything(void)
{
	open_site();
	EXPECT_INT(admin(J("{'metadata':{'name':'p'}}"), "POST",
	               "/v1/clusterprofiles?publish=true"),
	    201);
	snprintf(profile, sizeof(profile), "%s", jstr(answer, "uid"));
	a_cluster("web", account, 1, web);
	runs(&a, web, &agent, 1);
}

/* The n-th way to fill a path in. */
static void fill_in(const char *path, size_t n, struct buf *out)
{
	for (const char *c = path; *c; c++) {
		if (*c != '{') {
			buf_addc(out, *c);
			continue;
		}
		buf_adds(out, fillings[n % FILLINGS]);
		n = n / FILLINGS + n;
		c = strchr(c, '}');
	}
}

/* A body with two of the keys, whose values are anything. */
static json_t *nonsense(size_t n)
{
	char *text = xasprintf("{\"%s\":%s,\"%s\":{\"name\":%s,\"uid\":%s}}",
	    keys[n % KEYS], values[n / 3 % VALUES], keys[(n * 7 + 1) % KEYS],
	    values[n / 5 % VALUES], values[n / 7 % VALUES]);
	struct err err;
	json_t *doc = json_parse(text, strlen(text), &err);

	free(text);
	if (!doc)
		doc = json_object(); /* both keys were the same */
	return n % 11 == 0 ? json_pack("[o]", doc) : doc;
}

static int ask(size_t who, json_t *body, const char *method, const char *target)
{
	if (who == 0)
		return admin(body, method, "%s", target);
	if (who == 1)
		return gw_call(&a, body, method, "%s", target);
	if (who == 2)
		return agent_call(&agent, body, method, "%s", target);
	return nobody(body, method, "%s", target);
}

static void judge(const struct palette_operation *op, int status)
{
	bool has_body = *answer_text != '\0';
	bool may_be_bytes = status == 200 && strcasestr(op->path, "kubeconfig");

	if (status == 0 && call_err.kind == ERR_TIMEOUT)
		return; /* a question that waits for the gateway */
	if (status < 200 || status > 501)
		test_failed(__FILE__, __LINE__, "%s %s: %d", op->method,
		    op->path, status);
	if (has_body && !answer && !may_be_bytes)
		test_failed(__FILE__, __LINE__, "%s %s: no JSON: %s",
		    op->method, op->path, answer_text);
	if (status >= 400 && !*jstr(answer, "message"))
		test_failed(__FILE__, __LINE__, "%s %s: %d without a message",
		    op->method, op->path, status);
	if (op->modelled && status == 501)
		test_failed(
		    __FILE__, __LINE__, "%s %s: 501", op->method, op->path);
}

static void ask_all(size_t count, size_t who)
{
	size_t operations, n = who * 1000;
	const struct palette_operation *all = palette_operations(&operations);

	for (size_t i = 0; i < operations; i++)
		for (size_t j = 0; j < count; j++) {
			struct buf target = BUF_INIT;
			json_t *body = NULL;

			if (!all[i].modelled && j > 0)
				break;
			fill_in(all[i].path, j, &target);
			n++;
			if (strcmp(all[i].method, "GET") != 0 && n % 13 != 0)
				body = nonsense(n);
			judge(&all[i],
			    ask(who, body, all[i].method, buf_text(&target)));
			buf_free(&target);
		}
}

static void still_works(void)
{
	pair(&b, "pcg/b");
	EXPECT_INT(polls(&b), 200);
	EXPECT_INT(admin(NULL, "GET", "/v1/dashboard/projects/metadata"), 200);
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters"), 200);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords"), 200);
}

TEST(an_operators_nonsense_is_answered)
{
	open_everything();
	ask_all(40, 0);
	still_works();
	close_site();
}

TEST(a_gateways_nonsense_is_answered)
{
	open_everything();
	ask_all(40, 1);
	still_works();
	close_site();
}

TEST(an_agents_nonsense_is_answered)
{
	open_everything();
	ask_all(40, 2);
	still_works();
	close_site();
}

TEST(a_strangers_nonsense_is_answered)
{
	open_everything();
	ask_all(10, 3);
	EXPECT_STR(state_of(web), "Running");
	still_works();
	close_site();
}

/* Reports and polls whose every field may be anything. */
TEST(a_gateway_gone_mad_breaks_nothing)
{
	static const char *const kinds[] = { "condition", "machine", "endpoint",
		"kubeconfig", "event", "progress", "waiting", "result" };
	static const char *const fields[] = { "type", "status", "name", "pool",
		"state", "host", "port", "value", "severity", "message",
		"reason", "outcome", "data", "instruction", "generation" };

	open_everything();
	for (size_t n = 0; n < 600; n++) {
		json_t *doc = json_pack("{s:i,s:s,s:s}", "seq", (int)n + 100,
		    "kind", kinds[n % 8], "clusterUid", n % 9 ? web : "");
		json_t *box = json_array();

		for (size_t f = 0; f < 15; f++) {
			json_t *value = json_loads(
			    values[(n * 5 + f * n / 3) % VALUES],
			    JSON_DECODE_ANY, NULL);

			if ((n >> f % 6) & 1)
				json_object_set_new(doc, fields[f], value);
			else
				json_decref(value);
		}
		json_array_append_new(box, doc);
		EXPECT_INT(gw_call(&a, json_pack("{s:o}", "reports", box),
		               "POST", "/v1/link/gateways/%s/report", a.uid),
		    204);
		EXPECT_INT(
		    admin(NULL, "GET", "/v1/spectroclusters/%s", web), 200);
	}
	still_works();
	close_site();
}

TESTS_BEGIN
CASE(an_operators_nonsense_is_answered), CASE(a_gateways_nonsense_is_answered),
    CASE(an_agents_nonsense_is_answered),
    CASE(a_strangers_nonsense_is_answered),
    CASE(a_gateway_gone_mad_breaks_nothing), TESTS_END
