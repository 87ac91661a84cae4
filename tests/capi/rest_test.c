#include "capi/rest.h"

#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/lab.h"

static struct store *store;
static struct http_response response;

static void open_store(void)
{
	lab_open();
	store = store_new(host);
	make_namespace(store, "n");
}

static void close_store(void)
{
	http_response_free(&response);
	store_free(&store);
	lab_close();
}

static struct http_request request_of(const char *method, const char *target)
{
	struct http_request request = { 0 };

	http_request_set(&request, method, "%s", target);
	return request;
}

static void ask(
    const char *method, const char *target, const char *type, const char *body)
{
	struct http_request request = request_of(method, target);

	http_response_free(&response);
	if (type)
		http_header_set(&request.headers, "Content-Type", type);
	if (body)
		buf_adds(&request.body, body);
	rest_handle(store, NULL, &request, &response);
	http_request_free(&request);
}

/* ---- what is answered ---- */

TEST(a_refusal_is_a_whole_status)
{
	open_store();
	ask("GET", "/apis/cluster.x-k8s.io/v1beta1/namespaces/n/machines/m",
	    NULL, NULL);
	EXPECT_INT(response.status, 404);
	EXPECT_STR(buf_text(&response.body),
	    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
	    "\"status\":\"Failure\",\"message\":\"machines.cluster.x-k8s.io "
	    "\\\"m\\\" not found\",\"reason\":\"NotFound\",\"details\":{"
	    "\"name\":\"m\",\"group\":\"cluster.x-k8s.io\","
	    "\"kind\":\"machines\"},\"code\":404}");
	EXPECT_STR(
	    http_header(&response.headers, "Content-Type"), "application/json");
	close_store();
}

TEST(a_server_says_that_it_is_well)
{
	static const char *const paths[] = { "/healthz", "/livez",
		"/readyz?verbose" };

	open_store();
	for (size_t i = 0; i < 3; i++) {
		ask("GET", paths[i], NULL, NULL);
		EXPECT_INT(response.status, 200);
		EXPECT_STR(buf_text(&response.body), "ok");
	}
	ask("GET", "/", NULL, NULL);
	EXPECT_INT(response.status, 200);
	close_store();
}

TEST(bodies_that_are_not_json_are_refused_by_what_they_are)
{
	open_store();
	ask("POST", "/api/v1/namespaces/n/secrets",
	    "application/vnd.kubernetes.protobuf", "k8s\x01");
	EXPECT_INT(response.status, 415);
	EXPECT_HAS(buf_text(&response.body), "reads application/json");
	ask("POST", "/api/v1/namespaces/n/secrets", "application/json",
	    "{\"a\":");
	EXPECT_INT(response.status, 400);
	ask("POST", "/api/v1/namespaces/n/secrets", NULL,
	    "{\"metadata\":{\"name\":\"s\"}}");
	EXPECT_INT(response.status, 201);
	close_store();
}

TEST(only_merge_patches_are_applied)
{
	static const char *const types[] = { "application/json-patch+json",
		"application/strategic-merge-patch+json",
		"application/apply-patch+yaml" };

	open_store();
	for (size_t i = 0; i < 3; i++) {
		ask("PATCH", "/api/v1/namespaces/n", types[i], "{}");
		EXPECT_INT(response.status, 415);
		EXPECT_HAS(buf_text(&response.body),
		    "this server applies application/merge-patch+json");
	}
	ask("PATCH", "/api/v1/namespaces/n", "application/merge-patch+json",
	    "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
	EXPECT_INT(response.status, 200);
	close_store();
}

TEST(a_delete_that_is_done_says_success_and_what_it_was)
{
	json_t *said;
	struct err err;

	open_store();
	put_in(store, "n", doc("{'kind':'Pod','metadata':{'name':'p'}}"));
	ask("DELETE", "/api/v1/namespaces/n/pods/p", NULL, NULL);
	said = json_parse(buf_text(&response.body), response.body.len, &err);
	EXPECT_STR(jstr(said, "status"), "Success");
	EXPECT_STR(jstr(said, "details.name"), "p");
	EXPECT_STR(jstr(said, "details.kind"), "pods");
	EXPECT_INT(strlen(jstr(said, "details.uid")), 36);
	json_decref(said);
	close_store();
}

TEST(an_eviction_deletes_the_pod)
{
	open_store();
	put_in(store, "n", doc("{'kind':'Pod','metadata':{'name':'p'}}"));
	ask("POST", "/api/v1/namespaces/n/pods/p/eviction", "application/json",
	    "{\"kind\":\"Eviction\"}");
	EXPECT_INT(response.status, 201);
	EXPECT(!store_get(store, "Pod", "n", "p"));
	close_store();
}

/* ---- who may ask ---- */

static const char nodes_group[] = "system:nodes";
static const struct {
	const char *name, *groups, *method, *target;
	const char *refusal; /* NULL: it may */
} rights[] = {
	{ "kubernetes-admin", "system:masters", "DELETE",
	    "/api/v1/namespaces/n/secrets/s", NULL },
	{ "system:serviceaccount:a:b",
	    "system:serviceaccounts,system:authenticated", "GET",
	    "/api/v1/namespaces/n/secrets/s", NULL },
	{ NULL, NULL, "GET",
	    "/api/v1/namespaces/kube-public/configmaps/cluster-info", NULL },
	{ NULL, NULL, "GET", "/healthz", NULL },
	{ NULL, NULL, "GET", "/version", NULL },
	{ NULL, NULL, "GET", "/apis",
	    "forbidden: User \\\"system:anonymous\\\" cannot get path "
	    "\\\"/apis\\\"" },
	{ NULL, NULL, "GET", "/api/v1/namespaces/n/secrets/s",
	    "secrets \\\"s\\\" is forbidden: User \\\"system:anonymous\\\" "
	    "cannot get resource \\\"secrets\\\" in API group \\\"\\\" in the "
	    "namespace \\\"n\\\"" },
	{ NULL, NULL, "GET", "/api/v1/namespaces/kube-public/configmaps",
	    "configmaps is forbidden: User \\\"system:anonymous\\\" cannot "
	    "list resource" },
	{ "system:bootstrap:abcdef", "system:bootstrappers", "GET",
	    "/api/v1/namespaces/kube-system/configmaps/kubeadm-config", NULL },
	{ "system:bootstrap:abcdef", "system:bootstrappers", "POST",
	    "/apis/certificates.k8s.io/v1/certificatesigningrequests", NULL },
	{ "system:bootstrap:abcdef", "system:bootstrappers", "POST",
	    "/api/v1/nodes",
	    "nodes is forbidden: User \\\"system:bootstrap:abcdef\\\" cannot "
	    "create resource \\\"nodes\\\" in API group \\\"\\\" at the "
	    "cluster scope" },
	{ "system:node:owl", nodes_group, "POST", "/api/v1/nodes", NULL },
	{ "system:node:owl", nodes_group, "PATCH", "/api/v1/nodes/owl/status",
	    NULL },
	{ "system:node:owl", nodes_group, "PUT",
	    "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/"
	    "owl",
	    NULL },
	{ "system:node:owl", nodes_group, "DELETE", "/api/v1/nodes/owl",
	    "cannot delete resource" },
	{ "system:node:owl", nodes_group, "GET",
	    "/apis/cluster.x-k8s.io/v1beta1/machines",
	    "machines.cluster.x-k8s.io is forbidden: User "
	    "\\\"system:node:owl\\\" cannot list resource \\\"machines\\\" in "
	    "API group \\\"cluster.x-k8s.io\\\" at the cluster scope" },
};

TEST(everybody_may_what_the_table_says_and_nothing_else)
{
	open_store();
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		struct rest_user user = { rights[i].name, rights[i].groups };
		struct http_request request = request_of(
		    rights[i].method, rights[i].target);

		http_response_free(&response);
		response = (struct http_response){ 0 };
		if (rest_allows(&user, &request, &response)) {
			if (rights[i].refusal)
				test_failed(__FILE__, __LINE__,
				    "%s %s by %s is allowed", rights[i].method,
				    rights[i].target, rights[i].name);
		} else {
			EXPECT_INT(response.status, 403);
			EXPECT_HAS(buf_text(&response.body),
			    rights[i].refusal ? rights[i].refusal
			                      : "it may, and was refused");
		}
		http_request_free(&request);
	}
	close_store();
}

TEST(a_stranger_is_unauthorized)
{
	open_store();
	rest_unauthorized(&response);
	EXPECT_INT(response.status, 401);
	EXPECT_HAS(buf_text(&response.body), "\"reason\":\"Unauthorized\"");
	close_store();
}

/* ---- what requests are called ---- */

TEST(a_request_has_a_name_that_faults_and_claims_can_use)
{
	static const char *const table[][3] = {
		{ "GET", "/api/v1/nodes", "nodes.list" },
		{ "GET", "/api/v1/nodes?watch=true", "nodes.watch" },
		{ "GET", "/api/v1/nodes/a", "nodes.get" },
		{ "PATCH", "/api/v1/nodes/a/status", "nodes/status.patch" },
		{ "GET", "/api/v1/namespaces/n/secrets", "secrets.list" },
		{ "GET", "/api/v1/namespaces/n", "namespaces.get" },
		{ "PUT", "/api/v1/namespaces/n/status",
		    "namespaces/status.update" },
		{ "POST",
		    "/apis/cluster.x-k8s.io/v1beta1/namespaces/n/clusters",
		    "clusters.create" },
		{ "GET", "/version", "version" },
		{ "GET", "/", "root" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct http_request request = request_of(
		    table[i][0], table[i][1]);
		char room[80];

		EXPECT_STR(
		    rest_op(NULL, &request, room, sizeof(room)), table[i][2]);
		http_request_free(&request);
	}
}

TESTS_BEGIN
CASE(a_refusal_is_a_whole_status), CASE(a_server_says_that_it_is_well),
    CASE(bodies_that_are_not_json_are_refused_by_what_they_are),
    CASE(only_merge_patches_are_applied),
    CASE(a_delete_that_is_done_says_success_and_what_it_was),
    CASE(an_eviction_deletes_the_pod),
    CASE(everybody_may_what_the_table_says_and_nothing_else),
    CASE(a_stranger_is_unauthorized),
    CASE(a_request_has_a_name_that_faults_and_claims_can_use), TESTS_END
