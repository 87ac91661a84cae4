/* The life of a cluster, from the order to the last machine. */
#include "tests/palette/site.h"

#include <stdio.h>

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

TESTS_BEGIN
CASE(a_cluster_goes_from_pending_to_deleted),
    CASE(it_takes_all_three_things_to_be_running),
    CASE(a_machine_is_one_machine_whoever_reports_it),
    CASE(a_failed_order_is_an_error_that_can_be_deleted),
    CASE(who_waits_visibly_does_not_keep_a_run_alive),
    CASE(a_dead_gateway_is_waited_for_visibly), CASE(an_agent_may_wait_too),
    CASE(silence_makes_a_cluster_unhealthy_and_changes_nothing_else),
    CASE(an_agent_that_never_came_is_missed_ten_minutes_after_the_hand_over),
    CASE(an_agent_speaks_for_its_own_cluster_only),
    CASE(a_forgotten_agent_is_refused_once_and_keeps_its_token),
    CASE(what_an_agent_says_wrongly_is_refused), TESTS_END
