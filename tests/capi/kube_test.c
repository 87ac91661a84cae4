#include "capi/kube.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/site.h"

/* ---- one question, and what became of it ---- */

static int answers;
static int code;
static char said[400]; /* message, or the name of the object */
static json_t *got;

static void hear(void *ctx, const struct kube_answer *answer)
{
	const char *text = jstr(answer->body, "message");

	(void)ctx;
	answers++;
	code = answer->status;
	if (answer->err)
		text = answer->err->text;
	else if (!*text)
		text = jstr(answer->body, "metadata.name");
	snprintf(said, sizeof(said), "%s", text);
	json_decref(got);
	got = json_deep_copy(answer->body);
}

static void ask(
    struct kube *kube, const char *method, const char *path, const char *body)
{
	json_t *document = body ? doc("%s", body) : NULL;

	answers = 0;
	kube_send(kube, method, path, document, hear, NULL);
	json_decref(document);
	EXPECT_INT(answers, 0); /* never before kube_send returns */
	lab_run_for(SECONDS(20));
	EXPECT_INT(answers, 1);
}

static void open_site(void)
{
	site_open();
	make_namespace(near_store, "n");
	make_namespace(far, "n");
}

static void close_site(void)
{
	json_decref(got);
	got = NULL;
	site_close();
}

#define MACHINES "/apis/cluster.x-k8s.io/v1beta1/namespaces/n/machines"

/* The same conversation with either must go the same way. */
static const struct {
	const char *method, *path, *body;
	int code;
	const char *says;
} talk[] = {
	{ "GET", "/healthz-not", NULL, 404,
	    "the server could not find the requested resource" },
	{ "POST", MACHINES, "{'metadata':{'name':'m'},'spec':{'a':1}}", 201,
	    "m" },
	{ "POST", MACHINES, "{'metadata':{'name':'m'}}", 409,
	    "machines.cluster.x-k8s.io \"m\" already exists" },
	{ "POST", MACHINES, "{'metadata':{'name':'m','namespace':'o'}}", 400,
	    "the namespace of the provided object (o) does not match the "
	    "namespace sent on the request" },
	{ "POST", "/api/v1/namespaces/o/pods", "{'metadata':{'name':'p'}}", 404,
	    "namespaces \"o\" not found" },
	{ "GET", MACHINES "/m", NULL, 200, "m" },
	{ "GET", MACHINES "/x", NULL, 404,
	    "machines.cluster.x-k8s.io \"x\" not found" },
	{ "GET", "/apis/cluster.x-k8s.io/v1beta2/namespaces/n/machines", NULL,
	    404, "the server could not find the requested resource" },
	{ "PUT", MACHINES "/m", "{'metadata':{'name':'m'}}", 422,
	    "Machine.cluster.x-k8s.io \"m\" is invalid: "
	    "metadata.resourceVersion: Invalid value: 0x0: must be specified "
	    "for an update" },
	{ "PATCH", MACHINES "/m/status", "{'status':{'phase':'Running'}}", 200,
	    "m" },
	{ "PATCH", MACHINES "/m",
	    "{'metadata':{'resourceVersion':'1','labels':{'a':'b'}}}", 409,
	    "Operation cannot be fulfilled on machines.cluster.x-k8s.io "
	    "\"m\": the object has been modified; please apply your changes to "
	    "the latest version and try again" },
	{ "PATCH", MACHINES "/m", "{'metadata':{'labels':{'a':'b'}}}", 200,
	    "m" },
	{ "GET", MACHINES "?labelSelector=a%3Db", NULL, 200, "" },
	{ "GET", MACHINES "?fieldSelector=spec.colour%3Dred", NULL, 400,
	    "field label not supported: spec.colour" },
	{ "POST", MACHINES "?dryRun=All", "{'metadata':{'name':'d'}}", 400,
	    "dryRun is not modelled here" },
	{ "DELETE", MACHINES, NULL, 405,
	    "the server does not allow this method on the requested resource" },
	{ "DELETE", MACHINES "/m?propagationPolicy=Orphan", NULL, 400,
	    "propagationPolicy Orphan is not modelled here: only Background "
	    "is" },
	{ "DELETE", MACHINES "/m", "{'preconditions':{'uid':'u'}}", 409, NULL },
	{ "DELETE", MACHINES "/m", "{}", 200, "" },
	{ "DELETE", MACHINES "/m", NULL, 404,
	    "machines.cluster.x-k8s.io \"m\" not found" },
	{ "GET", "/version", NULL, 200, "" },
	{ "GET", "/apis", NULL, 200, "" },
	{ "GET", "/apis/cluster.x-k8s.io/v1beta1", NULL, 200, "" },
	{ "GET", "/apis/cluster.x-k8s.io/v7", NULL, 404,
	    "the server could not find the requested resource" },
};

static void hold_talk(struct kube *kube)
{
	for (size_t i = 0; i < sizeof(talk) / sizeof(talk[0]); i++) {
		ask(kube, talk[i].method, talk[i].path, talk[i].body);
		if (code != talk[i].code ||
		    (talk[i].says && strcmp(said, talk[i].says) != 0))
			test_failed(__FILE__, __LINE__,
			    "%s %s was answered %d \"%s\"", talk[i].method,
			    talk[i].path, code, said);
	}
}

TEST(a_near_api_answers_as_it_should)
{
	open_site();
	hold_talk(near_kube);
	close_site();
}

TEST(a_far_api_answers_word_for_word_the_same)
{
	open_site();
	hold_talk(far_kube);
	close_site();
}

TEST(a_list_says_its_version_and_holds_what_is_selected)
{
	char version[32];

	open_site();
	ask(far_kube, "POST", MACHINES, "{'metadata':{'name':'a'}}");
	ask(far_kube, "POST", MACHINES,
	    "{'metadata':{'name':'b','labels':{'x':'y'}}}");
	ask(far_kube, "GET", MACHINES "?labelSelector=x", NULL);
	snprintf(version, sizeof(version), "%d", (int)store_version(far));
	EXPECT_STR(jstr(got, "kind"), "MachineList");
	EXPECT_STR(jstr(got, "metadata.resourceVersion"), version);
	EXPECT_INT(jlen(got, "items"), 1);
	EXPECT_STR(jstr(got, "items[0].metadata.name"), "b");
	ask(far_kube, "GET",
	    "/apis/cluster.x-k8s.io/v1beta1/machines?fieldSelector="
	    "metadata.name%3Da",
	    NULL);
	EXPECT_STR(jstr(got, "items[0].metadata.name"), "a");
	close_site();
}

TEST(what_was_cancelled_is_not_answered)
{
	struct kube *both[2];

	open_site();
	both[0] = near_kube;
	both[1] = far_kube;
	for (size_t i = 0; i < 2; i++) {
		struct kube_call *call = kube_send(
		    both[i], "GET", "/version", NULL, hear, NULL);

		answers = 0;
		kube_cancel(&call);
		EXPECT(!call);
		lab_run_for(SECONDS(20));
		EXPECT_INT(answers, 0);
	}
	close_site();
}

TEST(a_server_that_cannot_be_reached_is_no_answer)
{
	open_site();
	road = ROUTE_REFUSED;
	ask(far_kube, "GET", "/version", NULL);
	EXPECT_INT(code, 0);
	road = ROUTE_DROPPED;
	ask(far_kube, "GET", "/version", NULL);
	EXPECT_INT(code, 0);
	EXPECT_HAS(said, "no answer");
	close_site();
}

static bool answer_rubbish(struct exchange *exchange)
{
	struct http_response response = { 0 };

	http_response_text(&response, 200, "application/json", "{\"a\":");
	exchange_reply(exchange, &response);
	return true;
}

TEST(an_answer_that_cannot_be_read_is_no_answer)
{
	open_site();
	site_hook = answer_rubbish;
	ask(far_kube, "GET", "/version", NULL);
	EXPECT_INT(code, 0);
	close_site();
}

/* ---- watches ---- */

static char seen[600];
static int ends;
static bool was_expired;
static struct kube_watch *watch;

static void see(void *ctx, const char *type, const json_t *obj)
{
	size_t len = strlen(seen);

	(void)ctx;
	snprintf(seen + len, sizeof(seen) - len, "%s%s %s", len ? ", " : "",
	    type, jstr(obj, "metadata.name"));
}

static void see_end(void *ctx, const struct err *err, bool expired)
{
	(void)ctx;
	(void)err;
	ends++;
	was_expired = expired;
	watch = NULL;
}

static const struct kube_watch_handler watching = { see, see_end };

static void watch_machines(struct kube *kube, uint64_t from)
{
	seen[0] = '\0';
	ends = 0;
	watch = kube_watch_start(kube, "Machine", "n", from, &watching, NULL);
	lab_run_for(SECONDS(1));
}

static void watched(struct kube *kube, struct store *store)
{
	uint64_t version;

	ask(kube, "POST", MACHINES, "{'metadata':{'name':'a'}}");
	version = store_version(store);
	ask(kube, "POST", MACHINES, "{'metadata':{'name':'b'}}");
	watch_machines(kube, 0);
	EXPECT_STR(seen, "ADDED a, ADDED b");
	kube_watch_stop(&watch);
	watch_machines(kube, version);
	ask(kube, "POST", "/api/v1/namespaces/n/secrets",
	    "{'metadata':{'name':'not-watched'}}");
	ask(kube, "PATCH", MACHINES "/a", "{'spec':{'x':1}}");
	ask(kube, "DELETE", MACHINES "/b", NULL);
	EXPECT_STR(seen, "ADDED b, MODIFIED a, DELETED b");
	kube_watch_stop(&watch);
	EXPECT_INT(ends, 0);
}

TEST(a_near_watch_tells_what_is_there_and_then_what_changes)
{
	open_site();
	watched(near_kube, near_store);
	close_site();
}

TEST(a_far_watch_tells_the_same)
{
	open_site();
	watched(far_kube, far);
	close_site();
}

static void wear_out(struct kube *kube)
{
	ask(kube, "POST", MACHINES, "{'metadata':{'name':'a'}}");
	for (int i = 0; i < 600; i++) {
		char change[60];

		snprintf(change, sizeof(change), "{'spec':{'x':%d}}", i);
		ask(kube, "PATCH", MACHINES "/a", change);
	}
	watch_machines(kube, 2);
	EXPECT_STR(seen, "");
	EXPECT_INT(ends, 1);
	EXPECT(was_expired);
}

TEST(a_watch_from_before_what_is_remembered_has_expired)
{
	open_site();
	wear_out(near_kube);
	wear_out(far_kube);
	close_site();
}

TEST(a_far_watch_on_a_dead_connection_ends_in_the_end)
{
	open_site();
	watch_machines(far_kube, 0);
	road = ROUTE_DROPPED;
	lab_run_for(MINUTES(6));
	EXPECT_INT(ends, 1);
	close_site();
}

TEST(a_server_that_goes_down_ends_its_watches)
{
	open_site();
	watch_machines(far_kube, 0);
	rest_stop_watches(far, true);
	lab_run_for(SECONDS(1));
	EXPECT_INT(ends, 1);
	EXPECT(!was_expired);
	close_site();
}

/* ---- kubeconfig ---- */

TEST(a_kubeconfig_says_what_is_wrong_with_it)
{
	struct err err;

	lab_open();
	EXPECT(!kube_from_kubeconfig(host, "a: [", &err));
	EXPECT(!kube_from_kubeconfig(host, "current-context: x\n", &err));
	EXPECT_STR(err.text, "the kubeconfig has no context \"x\"");
	EXPECT(!kube_from_kubeconfig(host,
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: 'https://h:6443'}}]\n"
	    "users: [{name: u, user: {token: abcdef.0123456789}}]\n",
	    &err));
	EXPECT_STR(err.text, "the kubeconfig trusts nobody: it has no "
	                     "certificate-authority-data");
	lab_close();
}

TEST(a_kubeconfig_leads_to_the_server_it_names)
{
	struct err err;
	struct kube *kube;

	open_site();
	kube = kube_from_kubeconfig(host,
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: 'http://h:6443'}}]\n"
	    "users: [{name: u, user: {token: abcdef.0123456789}}]\n",
	    &err);
	EXPECT(kube);
	ask(kube, "GET", "/version", NULL);
	EXPECT_STR(jstr(got, "gitVersion"), "v1.29.4");
	kube_free(&kube);
	close_site();
}

TEST(the_certificate_of_a_kubeconfig_says_who_is_asking)
{
	struct err err;
	struct kube *kube;
	char *text;

	open_site();
	text = site_use_tls();
	kube = kube_from_kubeconfig(host, text, &err);
	EXPECT(kube);
	hold_talk(kube);
	watched(kube, far);
	kube_free(&kube);
	free(text);
	close_site();
}

TEST(a_certificate_that_has_run_out_is_not_believed)
{
	struct err err;
	struct kube *kube;
	char *text;

	open_site();
	text = site_use_tls();
	kube = kube_from_kubeconfig(host, text, &err);
	host->clock_origin += HOURS(48);
	ask(kube, "GET", "/version", NULL);
	EXPECT_INT(code, 0);
	EXPECT_HAS(said, "not valid after");
	kube_free(&kube);
	free(text);
	close_site();
}

TESTS_BEGIN
CASE(the_certificate_of_a_kubeconfig_says_who_is_asking),
    CASE(a_certificate_that_has_run_out_is_not_believed),
    CASE(a_near_api_answers_as_it_should),
    CASE(a_far_api_answers_word_for_word_the_same),
    CASE(a_list_says_its_version_and_holds_what_is_selected),
    CASE(what_was_cancelled_is_not_answered),
    CASE(a_server_that_cannot_be_reached_is_no_answer),
    CASE(an_answer_that_cannot_be_read_is_no_answer),
    CASE(a_near_watch_tells_what_is_there_and_then_what_changes),
    CASE(a_far_watch_tells_the_same),
    CASE(a_watch_from_before_what_is_remembered_has_expired),
    CASE(a_far_watch_on_a_dead_connection_ends_in_the_end),
    CASE(a_server_that_goes_down_ends_its_watches),
    CASE(a_kubeconfig_says_what_is_wrong_with_it),
    CASE(a_kubeconfig_leads_to_the_server_it_names), TESTS_END
