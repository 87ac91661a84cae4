/* Ordering a cluster: what is refused, and what becomes of what is not. */
#include "tests/palette/site.h"

#include <stdio.h>

/* ---- ordering ---- */

static const char *tenant_uid(void)
{
	static char uid[32];

	EXPECT_INT(admin(NULL, "GET", "/v1/users/info"), 200);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "tenantUid"));
	return uid;
}

static int order(json_t *entity)
{
	return admin(entity, "POST", "/v1/spectroclusters/maas");
}

static json_t *entity_with(const char *path, json_t *value)
{
	json_t *entity = cluster_entity("web", account, 1);

	jset(entity, path, value);
	return entity;
}

static const struct {
	const char *path, *value; /* value: JSON */
	int status;
	const char *code, *sentence;
} wrong_orders[] = {
	{ "metadata.name", "''", 400, "InvalidClusterName",
	    "\"\" is no name for a cluster" },
	{ "metadata.name", "'Web'", 400, "InvalidClusterName",
	    "\"Web\" is no name" },
	{ "metadata.name", "'-web'", 400, "InvalidClusterName", "is no name" },
	{ "spec.cloudAccountUid", "'none'", 404, "ResourceNotFound",
	    "there is no cloud account \"none\" in this project" },
	{ "spec.cloudConfig", "{}", 400, "InvalidCloudConfig",
	    "spec.cloudConfig.domain must name a MAAS domain" },
	{ "spec.machinepoolconfig", "[]", 400, "InvalidMachinePool",
	    "exactly one control-plane pool, not 0" },
	{ "spec.machinepoolconfig[0].poolConfig.size", "2", 400,
	    "InvalidMachinePoolSize",
	    "control-plane pool cp must have 1, 3 or 5 machines, "
	    "not 2" },
	{ "spec.machinepoolconfig[1].poolConfig.size", "-1", 400,
	    "InvalidMachinePoolSize",
	    "machine pool workers cannot have -1 machines" },
	{ "spec.machinepoolconfig[1].poolConfig.size", "'many'", 400,
	    "InvalidMachinePoolSize", "machine pool workers needs a size" },
	{ "spec.machinepoolconfig[1].poolConfig.name", "'cp'", 400,
	    "InvalidMachinePoolName", "two machine pools are called cp" },
	{ "spec.machinepoolconfig[1].cloudConfig.azs", "[]", 400,
	    "MissingAvailabilityZone",
	    "machine pool workers needs at least one availability "
	    "zone" },
	{ "spec.machinepoolconfig[1].cloudConfig.instanceType", "null", 400,
	    "InvalidMachinePool",
	    "machine pool workers needs an instanceType" },
	{ "spec.machinepoolconfig[1].cloudConfig.instanceType.minCPU", "'4'",
	    400, "InvalidMachinePool",
	    "minCPU of machine pool workers must be a number" },
	{ "spec.machinepoolconfig[1].poolConfig.skipK8sUpgrade", "'enabled'",
	    400, "InvalidMachinePool",
	    "skipK8sUpgrade is not possible with MAAS" },
	{ "spec.profiles",
	    "[{'uid':'u','packValues':[{'name':'kubernetes','values':"
	    "'pack:\\n  podCIDR: 10.96.0.0/16\\n'}]}]",
	    400, "InvalidCIDR",
	    "podCIDR 10.96.0.0/16 and serviceClusterIpRange "
	    "10.96.0.0/12 overlap" },
	{ "spec.profiles",
	    "[{'packValues':[{'name':'kubernetes','values':"
	    "'podCIDR: here'}]}]",
	    400, "InvalidCIDR", "podCIDR here is not an address range" },
};

TEST(an_order_that_cannot_be_is_refused_with_a_sentence)
{
	open_site();
	for (size_t i = 0; i < sizeof(wrong_orders) / sizeof(wrong_orders[0]);
	     i++) {
		json_t *box = J("[%s]", wrong_orders[i].value);
		json_t *value = json_incref(json_array_get(box, 0));

		json_decref(box);
		EXPECT_INT(order(entity_with(wrong_orders[i].path, value)),
		    wrong_orders[i].status);
		EXPECT_STR(jstr(answer, "code"), wrong_orders[i].code);
		EXPECT_HAS(jstr(answer, "message"), wrong_orders[i].sentence);
		EXPECT(jlen(answer, "details.errors") >= 1);
	}
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/dashboard/spectroclusters/metadata"), 200);
	EXPECT_INT(jlen(answer, "items"), 0);
	EXPECT(is_quiet());
	close_site();
}

TEST(a_check_without_an_order_lists_everything_that_is_wrong)
{
	json_t *entity;

	open_site();
	entity = cluster_entity("web", account, 1);
	jseti(entity, "spec.machinepoolconfig[0].poolConfig.size", 4);
	jset(entity, "spec.machinepoolconfig[1].cloudConfig.azs", json_array());
	jseti(entity, "spec.machinepoolconfig[1].poolConfig.size", -3);
	EXPECT_INT(
	    admin(entity, "POST", "/v1/spectroclusters/maas/validate"), 200);
	EXPECT_INT(jlen(answer, "machinePools.results"), 2);
	EXPECT_STR(jstr(answer, "machinePools.results[0].name"), "cp");
	EXPECT_INT(jlen(answer, "machinePools.results[1].errors"), 2);
	EXPECT_INT(admin(cluster_entity("web", account, 1), "POST",
	               "/v1/spectroclusters/maas/validate"),
	    200);
	EXPECT_INT(jlen(answer, "machinePools.results"), 0);
	close_site();
}

TEST(a_name_is_taken_until_its_cluster_is_deleted)
{
	char again[32];
	size_t before;

	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(order(cluster_entity("web", account, 0)), 409);
	EXPECT_STR(jstr(answer, "code"), "ClusterAlreadyExists");
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/spectroclusters/validate/name?name=web"),
	    409);
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/spectroclusters/validate/name?name=web"),
	    204);
	a_cluster("web", account, 0, again);
	/* What happens to both is told of the new one only. */
	before = times_told("palette/eu/cluster/web");
	EXPECT_INT(admin(J("{'disableNodesAutoRemediation':true}"), "PUT",
	               "/v1/tenants/%s/preferences/clusterSettings/"
	               "nodesAutoRemediationSetting",
	               tenant_uid()),
	    204);
	EXPECT_STR(told("palette/eu/cluster/web", "uid"), again);
	EXPECT_STR(told("palette/eu/cluster/web", "generation"), "2");
	EXPECT_INT(times_told("palette/eu/cluster/web"), before + 1);
	close_site();
}

TEST(clusters_live_in_projects)
{
	open_site();
	EXPECT_INT(stranger("ApiKey", palette_default_tenant(plane).api_key,
	               cluster_entity("web", account, 0), "POST",
	               "/v1/spectroclusters/maas"),
	    403);
	EXPECT_HAS(jstr(answer, "message"), "ProjectUid");
	close_site();
}

TEST(a_gateway_that_is_not_running_gets_no_new_cluster)
{
	open_site();
	EXPECT_INT(admin(NULL, "PUT", "/v1/overlords/%s/reset", a.uid), 200);
	EXPECT_INT(order(cluster_entity("web", account, 0)), 400);
	EXPECT_STR(jstr(answer, "code"), "OverlordNotRunning");
	EXPECT_STR(jstr(answer, "message"),
	    "private cloud gateway pcg/a is Pending, not Running");
	close_site();
}

TEST(packs_decide_version_image_and_networks)
{
	json_t *entity;

	open_site();
	entity = cluster_entity("web", account, 0);
	jset(entity, "spec.profiles",
	    J("[{'uid':'u','packValues':[{'name':'ubuntu-maas','tag':"
	      "'20.04'},{'name':'kubernetes','tag':'1.30.2','values':"
	      "'pack:\\n  podCIDR: \\\"172.16.0.0/16\\\"\\n  "
	      "serviceClusterIpRange: 172.20.0.0/16 # ours\\n'}]}]"));
	EXPECT_INT(order(entity), 201);
	EXPECT_INT(polls(&a), 200);
	EXPECT_STR(
	    jstr(answer, "instructions[0].kubernetesVersion"), "v1.30.2");
	EXPECT_STR(jstr(answer, "instructions[0].image"), "ubuntu/focal");
	EXPECT_STR(jstr(answer, "instructions[0].podCIDR"), "172.16.0.0/16");
	EXPECT_STR(
	    jstr(answer, "instructions[0].serviceCIDR"), "172.20.0.0/16");
	close_site();
}

TEST(a_cluster_keeps_its_labels_and_says_where_it_belongs)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", web), 200);
	EXPECT_STR(jstr(answer, "metadata.labels.team"), "a");
	EXPECT_INT(json_object_size(jget(answer, "metadata.labels")), 1);
	EXPECT_STR(jstr(answer, "metadata.annotations.overlordUid"), a.uid);
	EXPECT_STR(jstr(answer, "metadata.annotations.scope"), "project");
	EXPECT_INT(admin(J("{'metadata':{'labels':{'b':'2'},'annotations':"
	                   "{'overlordUid':'mine'}}}"),
	               "PATCH", "/v1/spectroclusters/%s/metadata", web),
	    204);
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", web), 200);
	EXPECT_STR(jstr(answer, "metadata.labels.b"), "2");
	EXPECT_STR(jstr(answer, "metadata.annotations.overlordUid"), a.uid);
	close_site();
}

/* ---- the dashboard ---- */

static int search(
    const char *property, const char *operator, const char * value)
{
	EXPECT_INT(admin(J("{'filter':{'conjunction':'and','filterGroups':[{"
	                   "'conjunction':'and','filters':[{'property':'%s',"
	                   "'type':'string','condition':{'string':{"
	                   "'operator':'%s','negation':false,'match':{"
	                   "'conjunction':'or','values':['%s']}}}},{"
	                   "'property':'isDeleted','type':'bool','condition':"
	                   "{'bool':{'value':false}}}]}]},'sort':[]}",
	                     property, operator, value),
	               "POST", "/v1/dashboard/spectroclusters/search"),
	    200);
	return (int)jlen(answer, "items");
}

TEST(a_search_finds_by_name_state_and_prefix)
{
	char db[32];

	open_site();
	a_cluster("web", account, 0, web);
	a_cluster("db", account, 0, db);
	EXPECT_INT(search("clusterName", "eq", "web"), 1);
	EXPECT_STR(jstr(answer, "items[0].metadata.uid"), web);
	EXPECT_STR(jstr(answer, "listmeta.continue"), "");
	EXPECT_INT(search("clusterName", "beginsWith", "d"), 1);
	EXPECT_INT(search("clusterName", "contains", "x"), 0);
	EXPECT_INT(search("clusterState", "eq", "Pending"), 2);
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", db),
	    204);
	EXPECT_INT(search("clusterState", "eq", "Deleted"), 0);
	EXPECT_INT(search("environment", "eq", "maas"), 1);
	EXPECT_INT(admin(J("{'filter':{'filterGroups':[{'filters':[{"
	                   "'property':'cpu','condition':{'int':{}}}]}]}}"),
	               "POST", "/v1/dashboard/spectroclusters/search"),
	    400);
	EXPECT_HAS(jstr(answer, "message"), "\"cpu\" is not modelled");
	close_site();
}

TEST(the_same_state_is_not_told_twice)
{
	size_t before;

	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	before = times_told("palette/eu/cluster/web");
	for (int i = 0; i < 5; i++) {
		EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"),
		               "PUT", "/v1/spectroclusters/%s/heartbeat", web),
		    204);
		EXPECT_INT(polls(&a), 200);
	}
	EXPECT_INT(times_told("palette/eu/cluster/web"), before);
	close_site();
}

TESTS_BEGIN
CASE(an_order_that_cannot_be_is_refused_with_a_sentence),
    CASE(a_check_without_an_order_lists_everything_that_is_wrong),
    CASE(a_name_is_taken_until_its_cluster_is_deleted),
    CASE(clusters_live_in_projects),
    CASE(a_gateway_that_is_not_running_gets_no_new_cluster),
    CASE(packs_decide_version_image_and_networks),
    CASE(a_cluster_keeps_its_labels_and_says_where_it_belongs),
    CASE(a_search_finds_by_name_state_and_prefix),
    CASE(the_same_state_is_not_told_twice), TESTS_END
