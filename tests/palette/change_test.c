/* Day two: pools, machines and versions of a running cluster. */
#include "tests/palette/site.h"

#include <stdio.h>

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

TESTS_BEGIN
CASE(a_changed_pool_reaches_the_agent_and_keeps_the_run_alive),
    CASE(an_unchanged_state_is_not_sent_again),
    CASE(pools_come_and_go_but_the_control_plane_stays),
    CASE(machines_of_a_deleted_pool_stay_until_the_agent_says_so),
    CASE(kubernetes_goes_up_and_never_down),
    CASE(an_operator_replaces_a_machine_and_the_agent_forgets_it), TESTS_END
