/*
 * Do the answers have the shape that Palette's API description gives them?
 *
 * The description is not part of this project; where it is not at hand (next
 * to the sources, or named in PALETTE_SCHEMA), these tests are skipped.
 */
#include "tests/palette/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *description;

static void open_description(void)
{
	static const char *const places[] = {
		"../shared/contracts/palette-subset.json",
		"../../shared/contracts/palette-subset.json",
		"../../../shared/contracts/palette-subset.json",
	};
	const char *named = getenv("PALETTE_SCHEMA");

	if (named)
		description = json_load_file(named, 0, NULL);
	for (size_t i = 0; !description && i < 3; i++)
		description = json_load_file(places[i], 0, NULL);
	if (!description)
		test_skip("Palette's API description is not at hand");
}

static void open_described(void)
{
	open_description();
	open_site();
	a_cluster("web", account, 1, web);
}

static void close_described(void)
{
	close_site();
	json_decref(description);
	description = NULL;
}

/* ---- a reader of the part of JSON Schema that the description uses ---- */

static const json_t *resolve(const json_t *schema)
{
	const char *ref;

	while (*(ref = jstr(schema, "[$ref]"))) {
		const char *name = strrchr(ref, '/');
		const json_t *found = name ? json_object_get(
		                                 json_object_get(description,
		                                     "definitions"),
		                                 name + 1)
		                           : NULL;

		if (!found)
			test_failed(
			    __FILE__, __LINE__, "no definition of %s", ref);
		schema = found;
	}
	return schema;
}

static bool has_type(const json_t *value, const char *type)
{
	static const struct {
		const char *name;
		int types[2];
	} types[] = {
		{ "object", { JSON_OBJECT, JSON_OBJECT } },
		{ "array", { JSON_ARRAY, JSON_ARRAY } },
		{ "string", { JSON_STRING, JSON_STRING } },
		{ "integer", { JSON_INTEGER, JSON_INTEGER } },
		{ "number", { JSON_INTEGER, JSON_REAL } },
		{ "boolean", { JSON_TRUE, JSON_FALSE } },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, type) == 0)
			return (int)json_typeof(value) == types[i].types[0] ||
			       (int)json_typeof(value) == types[i].types[1];
	return true;
}

static void meets(const json_t *value, const json_t *schema, const char *at);

static void object_meets(
    const json_t *value, const json_t *schema, const char *at)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *others = json_object_get(schema, "additionalProperties");
	json_t *copy = json_deep_copy(value), *member, *name;
	char path[256];
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i,
	    name) if (!json_object_get(value, json_string_value(name)))
	    test_failed(__FILE__, __LINE__, "%s has no %s", at,
	        json_string_value(name));
	json_object_foreach(copy, key, member)
	{
		const json_t *property = json_object_get(properties, key);

		snprintf(path, sizeof(path), "%.180s.%.60s", at, key);
		if (property)
			meets(member, property, path);
		else if (json_is_object(others))
			meets(member, others, path);
		else if (properties)
			test_failed(__FILE__, __LINE__,
			    "%s is not in the description", path);
	}
	json_decref(copy);
}

static void enum_meets(
    const json_t *value, const json_t *schema, const char *at)
{
	json_t *allowed = json_object_get(schema, "enum"), *one;
	size_t i;

	json_array_foreach(allowed, i,
	    one) if (json_equal(one, (json_t *)(uintptr_t)value)) return;
	if (allowed)
		test_failed(__FILE__, __LINE__, "%s is \"%s\"", at,
		    json_string_value(value));
}

static void meets(const json_t *value, const json_t *schema, const char *at)
{
	char path[256];

	schema = resolve(schema);
	if (!has_type(value, jstr(schema, "type")))
		test_failed(__FILE__, __LINE__, "%s is of no type %s", at,
		    jstr(schema, "type"));
	if (json_is_object(value))
		object_meets(value, schema, at);
	for (size_t i = 0; i < json_array_size(value); i++) {
		snprintf(path, sizeof(path), "%.200s[%zu]", at, i);
		meets(json_array_get(value, i),
		    json_object_get(schema, "items"), path);
	}
	enum_meets(value, schema, at);
}

/* The answer of GET (or POST) path against its own 200. */
static void described(const char *method, const char *path, const char *uid,
    const char *other_uid)
{
	json_t *paths = json_object_get(description, "paths");
	json_t *operation = json_object_get(
	    json_object_get(paths, path), method);
	json_t *schema = json_object_get(
	    json_object_get(json_object_get(operation, "responses"), "200"),
	    "schema");
	struct buf target = BUF_INIT;
	const char *uids[2] = { uid, other_uid };
	bool is_post = strcmp(method, "post") == 0;
	int next = 0;

	if (!schema)
		test_failed(__FILE__, __LINE__, "no description of %s", path);
	for (const char *c = path; *c; c++) {
		if (*c == '{') {
			buf_adds(&target, uids[next++]);
			c = strchr(c, '}');
		} else {
			buf_addc(&target, *c);
		}
	}
	EXPECT_INT(admin(is_post ? J("{}") : NULL, is_post ? "POST" : "GET",
	               "%s", buf_text(&target)),
	    200);
	buf_free(&target);
	EXPECT(answer);
	meets(answer, schema, path);
}

/* ---- the claims ---- */

TEST(gateways_and_accounts_have_the_shape_of_the_description)
{
	open_described();
	described("get", "/v1/overlords", NULL, NULL);
	described("get", "/v1/overlords/{uid}", a.uid, NULL);
	described("get", "/v1/cloudaccounts/maas", NULL, NULL);
	described("get", "/v1/cloudaccounts/maas/{uid}", account, NULL);
	described("get", "/v1/cloudaccounts/summary", NULL, NULL);
	described("get", "/v1/dashboard/cloudaccounts/metadata", NULL, NULL);
	close_described();
}

static void look_at_the_cluster(void)
{
	described("get", "/v1/spectroclusters/{uid}", web, NULL);
	described("get", "/v1/spectroclusters/{uid}/status", web, NULL);
	described(
	    "get", "/v1/dashboard/spectroclusters/{uid}/overview", web, NULL);
	described("get", "/v1/dashboard/spectroclusters/{uid}", web, NULL);
	described("post", "/v1/dashboard/spectroclusters/search", NULL, NULL);
	described("get", "/v1/dashboard/spectroclusters/metadata", NULL, NULL);
}

TEST(a_cluster_has_the_shape_of_the_description_in_every_state)
{
	open_described();
	look_at_the_cluster();
	runs(&a, web, &agent, 1);
	EXPECT_INT(agent_call(&agent,
	               J("{'packs':[{'name':'cni-calico','version':'3',"
	                 "'condition':{'type':'Ready','status':'True'}}]}"),
	               "PATCH", "/v1/spectroclusters/%s/packs/status", web),
	    204);
	EXPECT_INT(agent_call(&agent,
	               J("[{'name':'lb','host':'h','ports':[{'port':80,"
	                 "'protocol':'TCP'}]}]"),
	               "PUT", "/v1/spectroclusters/%s/status/services", web),
	    204);
	EXPECT_INT(agent_call(&agent, J("[{'host':'web.maas','port':6443}]"),
	               "PUT", "/v1/spectroclusters/%s/status/endpoints", web),
	    204);
	EXPECT_INT(admin(J("{'profiles':[{'uid':'u','packValues':[{'name':"
	                   "'kubernetes','tag':'1.30.1','values':'x: y'}]}]}"),
	               "PATCH", "/v1/spectroclusters/%s/profiles", web),
	    204);
	look_at_the_cluster();
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	look_at_the_cluster();
	close_described();
}

TEST(a_cloud_config_and_its_machines_have_the_shape_of_the_description)
{
	open_described();
	runs(&a, web, &agent, 1);
	described(
	    "get", "/v1/cloudconfigs/maas/{configUid}", agent.config, NULL);
	described("get",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/"
	    "{machinePoolName}/machines",
	    agent.config, "cp");
	described("get",
	    "/v1/cloudconfigs/{configUid}/machinePools/machineUids",
	    agent.config, NULL);
	EXPECT_INT(
	    agent_call(&agent,
	        J("{'machines':[{'uid':'%s','ready':{'status':'True'},"
	          "'diskPressure':{'status':'False'}}]}",
	            jstr(answer, "machinePools.cp.machineUids[0]")),
	        "PATCH", "/v1/cloudconfigs/%s/machines/health", agent.config),
	    204);
	described("get",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/"
	    "{machinePoolName}/machines",
	    agent.config, "cp");
	EXPECT_STR(jstr(answer, "items[0].status.health.state"), "Healthy");
	close_described();
}

TEST(people_projects_and_events_have_the_shape_of_the_description)
{
	open_described();
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(
	    report(&a, "create-", web, J("{'kind':'event','message':'m'}")),
	    204);
	described("get", "/v1/users", NULL, NULL);
	described("get", "/v1/users/info", NULL, NULL);
	described("get", "/v1/apiKeys", NULL, NULL);
	described("get", "/v1/dashboard/projects/metadata", NULL, NULL);
	described("post", "/v1/dashboard/projects", NULL, NULL);
	described("get", "/v1/projects/{uid}",
	    palette_default_tenant(plane).project_uid, NULL);
	described("get", "/v1/events/components", NULL, NULL);
	described("get", "/v1/events/components/{objectKind}/{objectUid}",
	    "spectrocluster", web);
	EXPECT_INT(jlen(answer, "items"), 1);
	described("get", "/v1/overlords/pairing/code", NULL, NULL);
	described("get", "/v1/health/ping", NULL, NULL);
	close_described();
}

TEST(profiles_have_the_shape_of_the_description)
{
	char uid[32];

	open_described();
	EXPECT_INT(admin(J("{'metadata':{'name':'p'},'spec':{'template':{"
	                   "'packs':[{'name':'kubernetes','layer':'k8s',"
	                   "'tag':'1.30.0','uid':'u','values':'x: y'},"
	                   "{'name':'anything'}]},'variables':[{'name':'v'}]"
	                   "}}"),
	               "POST", "/v1/clusterprofiles"),
	    201);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "uid"));
	described("get", "/v1/clusterprofiles/{uid}", uid, NULL);
	EXPECT_INT(
	    admin(NULL, "PATCH", "/v1/clusterprofiles/%s/publish", uid), 204);
	described("get", "/v1/clusterprofiles/{uid}", uid, NULL);
	described("get", "/v1/clusterprofiles/{uid}/variables", uid, NULL);
	described("get", "/v1/dashboard/clusterprofiles/metadata", NULL, NULL);
	described("post", "/v1/dashboard/clusterprofiles", NULL, NULL);
	described("get", "/v1/dashboard/clusterprofiles/{uid}", uid, NULL);
	close_described();
}

/* The reader of schemas can say no. */
TEST(a_wrong_shape_is_seen)
{
	const json_t *schema;

	open_description();
	schema = json_object_get(
	    json_object_get(description, "definitions"), "v1Overlords");
	EXPECT(schema);
	EXPECT(has_type(json_true(), "boolean"));
	EXPECT(!has_type(json_true(), "string"));
	EXPECT_STR(jstr(resolve(schema), "required[0]"), "items");
	json_decref(description);
	description = NULL;
}

TESTS_BEGIN
CASE(gateways_and_accounts_have_the_shape_of_the_description),
    CASE(a_cluster_has_the_shape_of_the_description_in_every_state),
    CASE(a_cloud_config_and_its_machines_have_the_shape_of_the_description),
    CASE(people_projects_and_events_have_the_shape_of_the_description),
    CASE(profiles_have_the_shape_of_the_description),
    CASE(a_wrong_shape_is_seen), TESTS_END
