#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/workload/site.h"
#include "tests/workload/wishes.h"

#define UID  "66b0000000000000000abc12"
#define NS   "cluster-66b0000000000000000abc12"
#define CAPI "/apis/cluster.x-k8s.io/v1beta1/namespaces/" NS "/"
#define KCPS "/apis/controlplane.cluster.x-k8s.io/v1beta1/namespaces/" NS "/"

static void a_running_cluster(void)
{
	char *text = user_data(&(struct wish){ 0 });

	open_site();
	publish("m1");
	palette_spec = J(
	    "{'generation':1,'specHash':'hash-1','configUid':'config-1',"
	    "'clusterName':'web','kubernetesVersion':'v1.29.4',"
	    "'image':'ubuntu/jammy','domain':'maas','autoRemediation':true,"
	    "'phase':'active','pools':["
	    "{'name':'cp','isControlPlane':true,'size':1,'azs':['az1'],"
	    "'resourcePool':'','tags':[],'minCPU':4,'minMemInMB':8192},"
	    "{'name':'workers','isControlPlane':false,'size':2,'azs':['az1'],"
	    "'resourcePool':'','tags':[],'minCPU':4,'minMemInMB':8192}]}");
	deploy("m1", text);
	free(text);
	wait_for(MINUTES(40));
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
}

static void create(const char *path, json_t *object)
{
	EXPECT_INT(ask_api("m1", "POST", path, object), 201);
}

/* What a pivot brings: the objects of a cluster, paused until its end. */
static void the_objects_arrive(bool paused)
{
	create(CAPI "clusters",
	    J("{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster',"
	      "'metadata':{'name':'web','namespace':'" NS "'},'spec':{"
	      "'paused':%s,'controlPlaneEndpoint':{'host':'web-0abc12.maas',"
	      "'port':6443},'controlPlaneRef':{'kind':'KubeadmControlPlane',"
	      "'name':'web-cp'}}}",
	        paused ? "true" : "false"));
	create(KCPS "kubeadmcontrolplanes",
	    J("{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta1',"
	      "'kind':'KubeadmControlPlane','metadata':{'name':'web-cp',"
	      "'namespace':'" NS "'},'spec':{'replicas':1,"
	      "'version':'v1.29.4','kubeadmConfigSpec':{"
	      "'preKubeadmCommands':['swapoff -a']}}}"));
	create(CAPI "machines",
	    J("{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine',"
	      "'metadata':{'name':'web-cp-1','namespace':'" NS "',"
	      "'labels':{'pcg.pcgsim.io/pool':'cp'}},'spec':{"
	      "'clusterName':'web','providerID':'maas:///az1/m1'}}"));
}

static void machine_status(const char *phase)
{
	EXPECT_INT(ask_api("m1", "PATCH", CAPI "machines/web-cp-1/status",
	               J("{'status':{'phase':'%s','nodeRef':{'kind':'Node',"
	                 "'name':'node-1'}}}",
	                   phase)),
	    200);
}

static int64_t wanted_workers(void)
{
	if (ask_api("m1", "GET", CAPI "machinedeployments/web-workers", NULL) !=
	    200)
		return -1;
	return jint(answer, "spec.replicas");
}

TEST(before_the_pivot_an_agent_only_lives)
{
	a_running_cluster();
	forget_what_was_heard();
	wait_for(MINUTES(10));
	EXPECT_INT(palette_count("/heartbeat"), 10);
	EXPECT_INT(palette_count("GET /v1/link/clusters/" UID "/spec"), 10);
	EXPECT_INT(palette_count("\n"), 20);
	EXPECT_INT(wanted_workers(), -1);
	close_site();
}

TEST(a_desired_state_that_is_known_is_not_asked_for_again)
{
	a_running_cluster();
	palette_tells_hash = true;
	wait_for(MINUTES(2));
	forget_what_was_heard();
	wait_for(MINUTES(10));
	EXPECT_INT(palette_count("/heartbeat"), 10);
	EXPECT_INT(palette_count("/link/"), 0);
	jsets(palette_spec, "specHash", "hash-2");
	wait_for(MINUTES(10));
	EXPECT_INT(palette_count("/link/"), 1);
	close_site();
}

TEST(while_the_cluster_is_paused_it_changes_and_tells_nothing)
{
	a_running_cluster();
	the_objects_arrive(true);
	forget_what_was_heard();
	wait_for(MINUTES(10));
	EXPECT_INT(palette_count("\n"), 20);
	EXPECT_INT(wanted_workers(), -1);
	EXPECT_INT(ask_api("m1", "PATCH", CAPI "clusters/web",
	               J("{'spec':{'paused':null}}")),
	    200);
	wait_for(MINUTES(1));
	EXPECT_INT(wanted_workers(), 2);
	close_site();
}

TEST(the_desired_state_becomes_objects_and_is_said_to_be_applied)
{
	a_running_cluster();
	the_objects_arrive(false);
	machine_status("Running");
	forget_what_was_heard();
	wait_for(MINUTES(2));
	EXPECT_INT(wanted_workers(), 2);
	EXPECT_STR(jstr(answer, "metadata.ownerReferences[0].kind"), "Cluster");
	EXPECT_INT(
	    ask_api("m1", "GET", CAPI "machinehealthchecks/web-workers", NULL),
	    200);
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-1");
	EXPECT_INT(palette_count("/status/spcApply/patchTime"), 1);
	EXPECT_HAS(palette_heard(), "\"specHash\":\"hash-1\"");
	EXPECT_INT(palette_count("/status/endpoints"), 1);
	EXPECT_HAS(palette_heard(),
	    "POST /v1/cloudconfigs/maas/config-1/machinePools/cp/machines ");
	EXPECT_HAS(palette_heard(), "\"instanceState\":\"Running\"");
	EXPECT_HAS(palette_heard(), "\"systemId\":\"m1\"");
	/* Two of three nodes are missing. */
	EXPECT_INT(palette_count("AddOnDeploymentDone"), 0);
	close_site();
}

TEST(nothing_is_said_twice)
{
	a_running_cluster();
	the_objects_arrive(false);
	machine_status("Running");
	wait_for(MINUTES(5));
	forget_what_was_heard();
	wait_for(MINUTES(10));
	EXPECT_INT(palette_count("\n"), 20);
	machine_status("Failed");
	wait_for(MINUTES(1));
	EXPECT_INT(palette_count("PUT /v1/cloudconfigs/maas/config-1/"
	                         "machinePools/cp/machines/uid-1 "),
	    1);
	close_site();
}

TEST(a_machine_that_is_gone_is_reported_gone)
{
	a_running_cluster();
	the_objects_arrive(false);
	wait_for(MINUTES(5));
	forget_what_was_heard();
	EXPECT_INT(
	    ask_api("m1", "DELETE", CAPI "machines/web-cp-1", NULL), 200);
	wait_for(MINUTES(1));
	EXPECT_INT(palette_count("DELETE /v1/cloudconfigs/maas/config-1/"
	                         "machinePools/cp/machines/uid-1 "),
	    1);
	close_site();
}

TEST(a_changed_spec_is_applied_within_a_minute)
{
	a_running_cluster();
	the_objects_arrive(false);
	wait_for(MINUTES(5));
	jsets(palette_spec, "specHash", "hash-2");
	jseti(palette_spec, "pools[1].size", 5);
	jseti(palette_spec, "pools[0].size", 3);
	wait_for(MINUTES(2));
	EXPECT_INT(wanted_workers(), 5);
	EXPECT_INT(
	    ask_api("m1", "GET", KCPS "kubeadmcontrolplanes/web-cp", NULL),
	    200);
	EXPECT_INT(jint(answer, "spec.replicas"), 3);
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-2");
	close_site();
}

TEST(a_pool_that_is_no_more_is_taken_away)
{
	a_running_cluster();
	the_objects_arrive(false);
	wait_for(MINUTES(5));
	EXPECT_INT(wanted_workers(), 2);
	jsets(palette_spec, "specHash", "hash-2");
	json_array_remove(jget(palette_spec, "pools"), 1);
	wait_for(MINUTES(2));
	EXPECT_INT(wanted_workers(), -1);
	EXPECT_INT(
	    ask_api("m1", "GET", CAPI "machinehealthchecks/web-workers", NULL),
	    404);
	close_site();
}

TEST(while_it_is_being_deleted_nothing_is_changed)
{
	a_running_cluster();
	the_objects_arrive(false);
	wait_for(MINUTES(5));
	jsets(palette_spec, "specHash", "hash-2");
	jsets(palette_spec, "phase", "deleting");
	jseti(palette_spec, "pools[1].size", 5);
	wait_for(MINUTES(5));
	EXPECT_INT(wanted_workers(), 2);
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-1");
	close_site();
}

TEST(without_repair_there_is_no_health_check)
{
	a_running_cluster();
	the_objects_arrive(false);
	wait_for(MINUTES(5));
	jsets(palette_spec, "specHash", "hash-2");
	jsetb(palette_spec, "autoRemediation", false);
	wait_for(MINUTES(3));
	EXPECT_INT(
	    ask_api("m1", "GET", CAPI "machinehealthchecks/web-workers", NULL),
	    404);
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-2");
	close_site();
}

TEST(a_lost_node_is_an_alert)
{
	char *hash = ca_hash();
	char *text = user_data(&(struct wish){ .worker = true,
	    .token = "abcdef.0123456789abcdef",
	    .ca_hash = hash });
	struct err err;

	a_running_cluster();
	the_objects_arrive(false);
	put_token("m1", "abcdef.0123456789abcdef", HOURS(1));
	deploy("m2", text);
	wait_for(MINUTES(40));
	EXPECT_HAS(palette_heard(), "\"reason\":\"NodeReady\"");
	forget_what_was_heard();
	EXPECT(workload_machine_dies(racks, "m2", &err));
	wait_for(MINUTES(2));
	EXPECT_INT(palette_count("\"reason\":\"NodeNotReady\""), 1);
	EXPECT_HAS(palette_heard(), "node node-2 is not ready: Kubelet stopped "
	                            "posting node status.; it will be "
	                            "repaired");
	EXPECT(workload_machine_returns(racks, "m2", &err));
	wait_for(MINUTES(10));
	EXPECT_INT(palette_count("\"reason\":\"NodeReady\""), 1);
	free(hash);
	free(text);
	close_site();
}

TEST(with_all_nodes_ready_the_stack_is_complete)
{
	a_running_cluster();
	json_array_remove(jget(palette_spec, "pools"), 1);
	jsets(palette_spec, "specHash", "hash-2");
	the_objects_arrive(false);
	wait_for(MINUTES(3));
	EXPECT_INT(palette_count("AddOnDeploymentDone"), 1);
	EXPECT_HAS(palette_heard(),
	    "PATCH /v1/spectroclusters/" UID "/status/conditions");
	close_site();
}

TEST(no_answer_and_no_welcome_are_survived)
{
	static const int statuses[] = { 401, 403, 404, 429, 500, 503 };

	a_running_cluster();
	the_objects_arrive(false);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		palette_status = statuses[i];
		forget_what_was_heard();
		wait_for(MINUTES(10));
		EXPECT_STR(
		    attribute("cluster/web/agent", "palette"), "unreached");
		EXPECT(palette_count("/heartbeat") >= 4);
		EXPECT(palette_count("\n") <= 40);
	}
	palette_status = 0;
	palette_is_down = true;
	wait_for(MINUTES(10));
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "unreached");
	palette_is_down = false;
	wait_for(MINUTES(3));
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-1");
	close_site();
}

TEST(garbage_is_not_a_desired_state)
{
	static const char *const garbage[] = { "", "<html>login</html>", "[]",
		"{}", "{\"specHash\":7}", "{\"specHash\":\"x\"}",
		"{\"specHash\":\"y\",\"phase\":\"active\",\"pools\":7}",
		"{\"specHash\":\"z\",\"phase\":\"active\",\"pools\":[7,{}]}",
		"\x01\x02", "{\"specHash\":" };

	a_running_cluster();
	the_objects_arrive(false);
	wait_for(MINUTES(5));
	EXPECT_INT(wanted_workers(), 2);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		palette_garbage = garbage[i];
		wait_for(MINUTES(3));
		EXPECT_INT(wanted_workers(), 2);
	}
	palette_garbage = NULL;
	jsets(palette_spec, "specHash", "hash-2");
	wait_for(MINUTES(3));
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-2");
	EXPECT_INT(wanted_workers(), 2);
	close_site();
}

TESTS_BEGIN
CASE(before_the_pivot_an_agent_only_lives),
    CASE(a_desired_state_that_is_known_is_not_asked_for_again),
    CASE(while_the_cluster_is_paused_it_changes_and_tells_nothing),
    CASE(the_desired_state_becomes_objects_and_is_said_to_be_applied),
    CASE(nothing_is_said_twice), CASE(a_machine_that_is_gone_is_reported_gone),
    CASE(a_changed_spec_is_applied_within_a_minute),
    CASE(a_pool_that_is_no_more_is_taken_away),
    CASE(while_it_is_being_deleted_nothing_is_changed),
    CASE(without_repair_there_is_no_health_check),
    CASE(a_lost_node_is_an_alert),
    CASE(with_all_nodes_ready_the_stack_is_complete),
    CASE(no_answer_and_no_welcome_are_survived),
    CASE(garbage_is_not_a_desired_state), TESTS_END
