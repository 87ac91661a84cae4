/* The life of a cluster, from the order to the last machine. */
#include "tests/palette/plane.h"

#include <stdio.h>

static struct gw a, b;
static struct agent agent;
static char account[32], web[32];

static void open_site(void)
{
	open_plane();
	pair(&a, "pcg/a");
	an_account(&a, account);
}

static void close_site(void)
{
	gw_forget(&a);
	gw_forget(&b);
	close_plane();
}

TEST(a_cluster_goes_from_pending_to_deleted)
{
	open_site();
	a_cluster("web", account, 2, web);
	EXPECT_STR(state_of(web), "Pending");
	EXPECT(!is_quiet());

	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	is_handed_over(&a, web);
	EXPECT_STR(state_of(web), "Provisioning");
	EXPECT_STR(told("palette/eu/cluster/web", "handed_over"), "yes");
	EXPECT(!is_quiet());

	machine_runs(&agent, "workers", "w-0");
	machine_runs(&agent, "workers", "w-1");
	EXPECT_STR(state_of(web), "Provisioning");
	EXPECT_INT(
	    agent_call(&agent,
	        J("[{'type':'AddOnDeploymentDone','status':'True'}]"), "PATCH",
	        "/v1/spectroclusters/%s/status/conditions", web),
	    204);
	EXPECT_STR(state_of(web), "Running");
	EXPECT_STR(told("palette/eu/cluster/web", "nodes"), "3");
	EXPECT(is_quiet());

	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT(!is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT(held(&a, "delete-", web));
	EXPECT_INT(
	    report(&a, "delete-", web, J("{'kind':'result','outcome':'done'}")),
	    204);
	EXPECT_STR(state_of(web), "Deleted");
	EXPECT(is_quiet());
	close_site();
}

static const char *tenant_uid(void)
{
	static char uid[32];

	EXPECT_INT(admin(NULL, "GET", "/v1/users/info"), 200);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "tenantUid"));
	return uid;
}

/* ---- ordering ---- */

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

TEST(an_order_that_cannot_be_is_refused_with_a_sentence)
{
	static const struct {
		const char *path, *value; /* value: JSON */
		int status;
		const char *code, *sentence;
	} wrong[] = {
		{ "metadata.name", "''", 400, "InvalidClusterName",
		    "\"\" is no name for a cluster" },
		{ "metadata.name", "'Web'", 400, "InvalidClusterName",
		    "\"Web\" is no name" },
		{ "metadata.name", "'-web'", 400, "InvalidClusterName",
		    "is no name" },
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
		    "InvalidMachinePoolSize",
		    "machine pool workers needs a size" },
		{ "spec.machinepoolconfig[1].poolConfig.name", "'cp'", 400,
		    "InvalidMachinePoolName",
		    "two machine pools are called cp" },
		{ "spec.machinepoolconfig[1].cloudConfig.azs", "[]", 400,
		    "MissingAvailabilityZone",
		    "machine pool workers needs at least one availability "
		    "zone" },
		{ "spec.machinepoolconfig[1].cloudConfig.instanceType", "null",
		    400, "InvalidMachinePool",
		    "machine pool workers needs an instanceType" },
		{ "spec.machinepoolconfig[1].cloudConfig.instanceType.minCPU",
		    "'4'", 400, "InvalidMachinePool",
		    "minCPU of machine pool workers must be a number" },
		{ "spec.machinepoolconfig[1].poolConfig.skipK8sUpgrade",
		    "'enabled'", 400, "InvalidMachinePool",
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
		    400, "InvalidCIDR",
		    "podCIDR here is not an address range" },
	};

	open_site();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *box = J("[%s]", wrong[i].value);
		json_t *value = json_incref(json_array_get(box, 0));

		json_decref(box);
		EXPECT_INT(
		    order(entity_with(wrong[i].path, value)), wrong[i].status);
		EXPECT_STR(jstr(answer, "code"), wrong[i].code);
		EXPECT_HAS(jstr(answer, "message"), wrong[i].sentence);
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

/* ---- building ---- */

TEST(it_takes_all_three_things_to_be_running)
{
	char uid[32];

	open_site();
	a_cluster("web", account, 1, web);
	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	EXPECT_INT(
	    agent_call(&agent,
	        J("[{'type':'AddOnDeploymentDone','status':'True'}]"), "PATCH",
	        "/v1/spectroclusters/%s/status/conditions", web),
	    204);
	machine_runs(&agent, "workers", "w-0");
	machine_runs(&agent, "cp", "cp-0");
	EXPECT_STR(state_of(web), "Provisioning");
	machine_runs(&agent, "workers", "w-1"); /* one too many */
	is_handed_over(&a, web);
	EXPECT_STR(state_of(web), "Provisioning");
	EXPECT_INT(agent_call(&agent, NULL, "GET",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/machines",
	               agent.config),
	    200);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "items[1].metadata.uid"));
	EXPECT_INT(agent_call(&agent,
	               J("{'status':{'instanceState':"
	                 "'Deleting'}}"),
	               "PUT",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/"
	               "machines/%s",
	               agent.config, uid),
	    204);
	EXPECT_STR(state_of(web), "Running");
	close_site();
}

TEST(a_machine_is_one_machine_whoever_reports_it)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	is_handed_over(&a, web);
	machine_runs(&agent, "cp", "cp-0");
	EXPECT_INT(agent_call(&agent, NULL, "GET",
	               "/v1/cloudconfigs/maas/%s/machinePools/cp/machines",
	               agent.config),
	    200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_STR(jstr(answer, "items[0].spec.hostname"), "quick-owl");
	EXPECT_STR(
	    jstr(answer, "items[0].status.addresses[0].address"), "10.10.1.1");
	close_site();
}

TEST(a_failed_order_is_an_error_that_can_be_deleted)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'result','outcome':'failed','message':"
	                 "'no machine has 64 CPUs'}")),
	    204);
	EXPECT_STR(state_of(web), "Error");
	EXPECT_STR(
	    told("palette/eu/event/1", "message"), "no machine has 64 CPUs");
	EXPECT(is_quiet());
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT(!held(&a, "create-", web));
	EXPECT(held(&a, "delete-", web));
	close_site();
}

/* ---- waiting ---- */

TEST(who_waits_visibly_does_not_keep_a_run_alive)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT(!is_quiet());
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'waiting','reason':'NoCapacity','message':"
	                 "'no machine is Ready in az1'}")),
	    204);
	EXPECT(is_quiet());
	EXPECT_STR(told("palette/eu/cluster/web", "waiting"),
	    "no machine is Ready in az1");
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'progress','message':'going on'}")),
	    204);
	EXPECT(!is_quiet());
	EXPECT_STR(told("palette/eu/cluster/web", "waiting"), "");
	close_site();
}

TEST(a_dead_gateway_is_waited_for_visibly)
{
	open_site();
	a_cluster("web", account, 0, web);
	wait_for(MINUTES(11));
	EXPECT(is_quiet());
	EXPECT_STR(told("palette/eu/cluster/web", "waiting"),
	    "private cloud gateway pcg/a does not poll any more");
	EXPECT_INT(polls(&a), 200);
	EXPECT(!is_quiet());
	close_site();
}

TEST(an_agent_may_wait_too)
{
	open_site();
	a_cluster("web", account, 1, web);
	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	is_handed_over(&a, web);
	EXPECT(!is_quiet());
	EXPECT_INT(agent_call(&agent,
	               J("{'type':'Waiting','status':'True','reason':"
	                 "'NoCapacity','message':'no machine for workers'}"),
	               "PUT", "/v1/spectroclusters/%s/status/condition", web),
	    204);
	EXPECT(is_quiet());
	EXPECT_STR(told("palette/eu/cluster/web", "waiting"),
	    "no machine for workers");
	close_site();
}

/* ---- health ---- */

TEST(silence_makes_a_cluster_unhealthy_and_changes_nothing_else)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_STR(health_of(web), "Unknown");
	runs(&a, web, &agent, 0);
	EXPECT_STR(health_of(web), "Healthy");
	wait_for(MINUTES(10));
	EXPECT_STR(told("palette/eu/cluster/web", "health"), "Unhealthy");
	EXPECT_STR(told("palette/eu/cluster/web", "state"), "Running");
	EXPECT_STR(health_of(web), "Unhealthy");
	EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", web),
	    204);
	EXPECT_STR(health_of(web), "Healthy");
	close_site();
}

TEST(an_agent_that_never_came_is_missed_ten_minutes_after_the_hand_over)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	is_handed_over(&a, web);
	EXPECT(!is_quiet());
	wait_for(MINUTES(10));
	EXPECT_STR(told("palette/eu/cluster/web", "health"), "Unhealthy");
	EXPECT(is_quiet());
	EXPECT_STR(told("palette/eu/cluster/web", "waiting"),
	    "the agent of web is not heard any more");
	close_site();
}

/* ---- day two ---- */

static json_t *workers_of(int size)
{
	return J("{'cloudConfig':{'azs':['az1'],'instanceType':{'minCPU':4}},"
	         "'poolConfig':{'name':'workers','size':%d}}",
	    size);
}

static int scale(int size)
{
	return admin(workers_of(size), "PUT",
	    "/v1/cloudconfigs/maas/%s/machinePools/workers", agent.config);
}

static void applied(void)
{
	char hash[32];

	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	snprintf(hash, sizeof(hash), "%s", jstr(answer, "specHash"));
	EXPECT_INT(agent_call(&agent,
	               J("{'specHash':'%s','patchTime':"
	                 "'2026-01-01T00:00:00.000Z'}",
	                   hash),
	               "PATCH",
	               "/v1/spectroclusters/%s/status/spcApply/patchTime", web),
	    204);
}

TEST(a_changed_pool_reaches_the_agent_and_keeps_the_run_alive)
{
	char hash[32];

	open_site();
	a_cluster("web", account, 1, web);
	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	EXPECT_INT(scale(2), 400);
	EXPECT_STR(jstr(answer, "code"), "ClusterNotRunning");
	gw_forget(&a);
	close_plane();

	open_site();
	a_cluster("web", account, 1, web);
	runs(&a, web, &agent, 1);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_INT(jint(answer, "pools[1].size"), 1);
	EXPECT_STR(jstr(answer, "phase"), "active");
	snprintf(hash, sizeof(hash), "%s", jstr(answer, "specHash"));
	EXPECT(is_quiet());
	EXPECT_STR(told("palette/eu/cluster/web", "generation"), "1");
	EXPECT_INT(scale(3), 204);
	EXPECT_STR(told("palette/eu/cluster/web", "generation"), "2");
	EXPECT(!is_quiet());
	EXPECT_STR(state_of(web), "Running");
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_INT(jint(answer, "pools[1].size"), 3);
	EXPECT(strcmp(jstr(answer, "specHash"), hash) != 0);
	applied();
	EXPECT(is_quiet());
	close_site();
}

TEST(an_unchanged_state_is_not_sent_again)
{
	open_site();
	a_cluster("web", account, 1, web);
	runs(&a, web, &agent, 1);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_INT(scale(1), 204);
	EXPECT(!is_quiet()); /* minMemInMB has gone: that is a change */
	applied();
	EXPECT_INT(scale(1), 204);
	EXPECT(is_quiet());
	close_site();
}

TEST(pools_come_and_go_but_the_control_plane_stays)
{
	open_site();
	a_cluster("web", account, 1, web);
	runs(&a, web, &agent, 1);
	EXPECT_INT(admin(workers_of(1), "POST",
	               "/v1/cloudconfigs/maas/%s/machinePools", agent.config),
	    409);
	EXPECT_INT(
	    admin(J("{'cloudConfig':{'azs':['az2'],'instanceType':{}},"
	            "'poolConfig':{'name':'big','size':2}}"),
	        "POST", "/v1/cloudconfigs/maas/%s/machinePools", agent.config),
	    201);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/cloudconfigs/maas/%s", agent.config), 200);
	EXPECT_INT(jlen(answer, "spec.machinePoolConfig"), 3);
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/cloudconfigs/maas/%s/machinePools/big",
	        agent.config),
	    204);
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/cloudconfigs/maas/%s/machinePools/cp",
	        agent.config),
	    400);
	EXPECT_HAS(jstr(answer, "message"), "control-plane pool");
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/cloudconfigs/maas/%s/machinePools/big",
	        agent.config),
	    404);
	close_site();
}

TEST(machines_of_a_deleted_pool_stay_until_the_agent_says_so)
{
	char uid[32];

	open_site();
	a_cluster("web", account, 1, web);
	runs(&a, web, &agent, 1);
	EXPECT_INT(
	    admin(NULL, "DELETE",
	        "/v1/cloudconfigs/maas/%s/machinePools/workers", agent.config),
	    204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_INT(jlen(answer, "pools"), 1);
	EXPECT_STR(told("palette/eu/cluster/web", "nodes"), "2");
	EXPECT_INT(admin(workers_of(1), "POST",
	               "/v1/cloudconfigs/maas/%s/machinePools", agent.config),
	    409);
	EXPECT_HAS(jstr(answer, "message"), "still removes the old");
	EXPECT_INT(agent_call(&agent, NULL, "GET",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/machines",
	               agent.config),
	    200);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "items[0].metadata.uid"));
	EXPECT_INT(agent_call(&agent, NULL, "DELETE",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/"
	               "machines/%s",
	               agent.config, uid),
	    204);
	EXPECT_STR(told("palette/eu/cluster/web", "nodes"), "1");
	EXPECT_INT(admin(workers_of(1), "POST",
	               "/v1/cloudconfigs/maas/%s/machinePools", agent.config),
	    201);
	close_site();
}

TEST(kubernetes_goes_up_and_never_down)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(J("{'profiles':[{'uid':'u','packValues':[{'name':"
	                   "'kubernetes','tag':'1.30.1'}]}]}"),
	               "PATCH", "/v1/spectroclusters/%s/profiles", web),
	    204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_STR(jstr(answer, "kubernetesVersion"), "v1.30.1");
	EXPECT_INT(admin(J("{'profiles':[{'uid':'u','packValues':[{'name':"
	                   "'kubernetes','tag':'1.29.9'}]}]}"),
	               "PUT", "/v1/spectroclusters/%s/profiles", web),
	    400);
	EXPECT_STR(jstr(answer, "message"),
	    "Kubernetes cannot go back from v1.30.1 to v1.29.9");
	close_site();
}

TEST(an_operator_replaces_a_machine_and_the_agent_forgets_it)
{
	char uid[32];

	open_site();
	a_cluster("web", account, 1, web);
	runs(&a, web, &agent, 1);
	EXPECT_INT(admin(NULL, "GET",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/machines",
	               agent.config),
	    200);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "items[0].metadata.uid"));
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/"
	               "machines/%s",
	               agent.config, uid),
	    204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_STR(jstr(answer, "replaceMachines[0]"), "w-0");
	EXPECT_INT(agent_call(&agent, NULL, "DELETE",
	               "/v1/cloudconfigs/maas/%s/machinePools/workers/"
	               "machines/%s",
	               agent.config, uid),
	    204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_INT(jlen(answer, "replaceMachines"), 0);
	EXPECT_STR(told("palette/eu/cluster/web", "nodes"), "1");
	close_site();
}

/* ---- agents ---- */

TEST(an_agent_speaks_for_its_own_cluster_only)
{
	char db[32];

	open_site();
	a_cluster("web", account, 0, web);
	a_cluster("db", account, 0, db);
	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", db),
	    403);
	EXPECT_INT(agent_call(&agent,
	               J("{'involvedObject':{'uid':'%s'},'message':'x'}", db),
	               "POST", "/v1/events/components"),
	    403);
	EXPECT_INT(agent_call(&agent,
	               J("{'involvedObject':{'uid':'%s'},'message':'x',"
	                 "'severity':'Normal','reason':'R'}",
	                   web),
	               "POST", "/v1/events/components"),
	    201);
	EXPECT_INT(
	    admin(NULL, "PUT", "/v1/spectroclusters/%s/heartbeat", web), 401);
	close_site();
}

TEST(a_forgotten_agent_is_refused_once_and_keeps_its_token)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	palette_forget_sessions(plane);
	EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", web),
	    401);
	EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", web),
	    204);
	close_site();
}

TEST(what_an_agent_says_wrongly_is_refused)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	EXPECT_INT(agent_call(&agent, J("{}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", web),
	    400);
	EXPECT_INT(
	    agent_call(&agent, J("[{'type':'X','status':'maybe'}]"), "PATCH",
	        "/v1/spectroclusters/%s/status/conditions", web),
	    400);
	EXPECT_INT(agent_call(&agent, J("[{'host':'h'}]"), "PUT",
	               "/v1/spectroclusters/%s/status/endpoints", web),
	    400);
	EXPECT_INT(agent_call(&agent, J("{}"), "PUT",
	               "/v1/spectroclusters/%s/assets/kubeconfig", web),
	    400);
	EXPECT_INT(agent_call(&agent, J("{}"), "POST",
	               "/v1/cloudconfigs/maas/%s/machinePools/cp/machines",
	               agent.config),
	    400);
	EXPECT_INT(agent_call(&agent, J("{'metadata':{'name':'x'}}"), "POST",
	               "/v1/cloudconfigs/maas/%s/machinePools/no/machines",
	               agent.config),
	    404);
	close_site();
}

/* ---- deleting ---- */

TEST(an_order_that_nobody_took_is_withdrawn_by_its_deletion)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT_INT(polls(&a), 200);
	EXPECT(!held(&a, "create-", web));
	EXPECT(held(&a, "delete-", web));
	EXPECT(json_is_null(
	    json_object_get(held(&a, "delete-", web), "kubeconfig")));
	close_site();
}

TEST(a_deletion_takes_the_creation_back_from_the_gateway)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "withdrawn"), 1);
	EXPECT(!held(&a, "create-", web));
	EXPECT(held(&a, "delete-", web));
	close_site();
}

TEST(asking_twice_for_a_deletion_is_asking_once)
{
	open_site();
	a_cluster("web", account, 0, web);
	for (int i = 0; i < 2; i++)
		EXPECT_INT(
		    admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	EXPECT_INT(jint(answer, "instructions[0].generation"), 1);
	close_site();
}

TEST(a_failed_deletion_may_be_asked_for_again)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(report(&a, "delete-", web,
	               J("{'kind':'result','outcome':'failed','message':"
	                 "'the API server of web cannot be reached'}")),
	    204);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT(is_quiet());
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT(!is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jint(held(&a, "delete-", web), "generation"), 2);
	close_site();
}

TEST(a_forced_deletion_drops_the_cluster_at_once)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	EXPECT_STR(state_of(web), "Deleted");
	EXPECT(is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(json_object_size(a.held), 0);
	EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", web),
	    401);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 404);
	close_site();
}

TEST(a_deleted_cluster_is_shown_for_three_days)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	wait_for(HOURS(71));
	EXPECT_STR(state_of(web), "Deleted");
	wait_for(HOURS(1));
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", web), 404);
	close_site();
}

TEST(a_deleting_cluster_tells_its_agent_to_hold_still)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_STR(jstr(answer, "phase"), "deleting");
	EXPECT_INT(polls(&a), 200);
	EXPECT_HAS(jstr(held(&a, "delete-", web), "kubeconfig"), "admin of");
	close_site();
}

/* ---- migration ---- */

static int migrate(const struct gw *from, const struct gw *to)
{
	return admin(
	    J("{'sourceUid':'%s','targetUid':'%s'}", from->uid, to->uid),
	    "POST", "/v1/overlords/migrate");
}

TEST(a_migration_moves_every_cluster_and_every_open_instruction)
{
	char db[32];

	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	a_cluster("db", account, 0, db);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_STR(told("palette/eu/cluster/web", "gateway"), "pcg/b");
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", db), 200);
	EXPECT_STR(jstr(answer, "metadata.annotations.overlordUid"), b.uid);

	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(json_object_size(a.held), 0);
	EXPECT_INT(polls(&b), 200);
	EXPECT_INT(json_object_size(b.held), 2);
	EXPECT_INT(jint(held(&b, "delete-", web), "generation"), 2);
	EXPECT_INT(jint(held(&b, "create-", db), "generation"), 2);

	EXPECT_INT(report(&a, "delete-", web,
	               J("{'kind':'result','outcome':'done','generation':1}")),
	    409);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT_INT(
	    report(&b, "delete-", web, J("{'kind':'result','outcome':'done'}")),
	    204);
	EXPECT_STR(state_of(web), "Deleted");
	close_site();
}

TEST(a_result_of_an_older_generation_decides_nothing)
{
	char db[32];

	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_INT(migrate(&b, &a), 204);
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'result','outcome':'done','generation':1}")),
	    204);
	EXPECT_STR(told("palette/eu/cluster/web", "handed_over"), "no");
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jint(held(&a, "create-", web), "generation"), 3);
	a_cluster("db", account, 0, db);
	EXPECT_STR(told("palette/eu/cluster/db", "gateway"), "pcg/a");
	close_site();
}

TEST(a_dead_gateway_can_be_migrated_away_from_but_not_to)
{
	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	wait_for(MINUTES(11));
	EXPECT_INT(migrate(&a, &b), 400);
	EXPECT_STR(jstr(answer, "code"), "OverlordNotHealthy");
	EXPECT_INT(polls(&b), 200);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_STR(told("palette/eu/cluster/web", "gateway"), "pcg/b");
	EXPECT_INT(migrate(&a, &a), 400);
	EXPECT_INT(admin(J("{'sourceUid':'%s','targetUid':'no'}", a.uid),
	               "POST", "/v1/overlords/migrate"),
	    404);
	close_site();
}

TEST(after_a_migration_the_old_gateway_is_free_and_its_account_moves_on)
{
	char db[32];

	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/overlords/%s", a.uid), 200);
	a_cluster("db", account, 0, db);
	EXPECT_STR(told("palette/eu/cluster/db", "gateway"), "pcg/b");
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
CASE(a_cluster_goes_from_pending_to_deleted),
    CASE(an_order_that_cannot_be_is_refused_with_a_sentence),
    CASE(a_check_without_an_order_lists_everything_that_is_wrong),
    CASE(a_name_is_taken_until_its_cluster_is_deleted),
    CASE(clusters_live_in_projects),
    CASE(a_gateway_that_is_not_running_gets_no_new_cluster),
    CASE(packs_decide_version_image_and_networks),
    CASE(a_cluster_keeps_its_labels_and_says_where_it_belongs),
    CASE(it_takes_all_three_things_to_be_running),
    CASE(a_machine_is_one_machine_whoever_reports_it),
    CASE(a_failed_order_is_an_error_that_can_be_deleted),
    CASE(who_waits_visibly_does_not_keep_a_run_alive),
    CASE(a_dead_gateway_is_waited_for_visibly), CASE(an_agent_may_wait_too),
    CASE(silence_makes_a_cluster_unhealthy_and_changes_nothing_else),
    CASE(an_agent_that_never_came_is_missed_ten_minutes_after_the_hand_over),
    CASE(a_changed_pool_reaches_the_agent_and_keeps_the_run_alive),
    CASE(an_unchanged_state_is_not_sent_again),
    CASE(pools_come_and_go_but_the_control_plane_stays),
    CASE(machines_of_a_deleted_pool_stay_until_the_agent_says_so),
    CASE(kubernetes_goes_up_and_never_down),
    CASE(an_operator_replaces_a_machine_and_the_agent_forgets_it),
    CASE(an_agent_speaks_for_its_own_cluster_only),
    CASE(a_forgotten_agent_is_refused_once_and_keeps_its_token),
    CASE(what_an_agent_says_wrongly_is_refused),
    CASE(an_order_that_nobody_took_is_withdrawn_by_its_deletion),
    CASE(a_deletion_takes_the_creation_back_from_the_gateway),
    CASE(asking_twice_for_a_deletion_is_asking_once),
    CASE(a_failed_deletion_may_be_asked_for_again),
    CASE(a_forced_deletion_drops_the_cluster_at_once),
    CASE(a_deleted_cluster_is_shown_for_three_days),
    CASE(a_deleting_cluster_tells_its_agent_to_hold_still),
    CASE(a_migration_moves_every_cluster_and_every_open_instruction),
    CASE(a_result_of_an_older_generation_decides_nothing),
    CASE(a_dead_gateway_can_be_migrated_away_from_but_not_to),
    CASE(after_a_migration_the_old_gateway_is_free_and_its_account_moves_on),
    CASE(a_search_finds_by_name_state_and_prefix),
    CASE(the_same_state_is_not_told_twice), TESTS_END
