/* What MAAS, its DNS and its machines do that the manager would not like. */
#include "capi/manager.h"

#include "tests/capi/opening.h"

/* ---- allocation ---- */

/* */
TEST(a_lost_allocation_is_found_and_adopted)
{
	begun(3);
	fate("allocate", YARD_LOSES_ANSWER, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard_owned(), 1);
	yard_close();
}

TEST(a_list_that_makes_no_sense_is_asked_for_again)
{
	begun(3);
	yard.status = 200; /* of a page that says "no" */
	fate("GET machines", YARD_SAYS, 4);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.times, 0);
	EXPECT_INT(yard.allocates, 1);
	yard_close();
}

/* */
TEST(a_lost_deployment_is_not_repeated)
{
	begun(3);
	fate("deploy", YARD_LOSES_ANSWER, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.deploys, 1);
	yard_close();
}

/* */
TEST(without_capacity_it_waits_visibly_and_goes_on)
{
	begun(1);
	yard.machines[0].state = "Commissioning";
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "NoCapacity");
	EXPECT_HAS(yard.waiting, "4 CPUs, 8192 MiB, zone az1, tag metal");
	EXPECT(yard.allocates > 20);
	EXPECT(yard.allocates < 45);
	EXPECT(manager_idle(yard.manager));
	EXPECT(loop_quiet(loop));
	yard.machines[0].state = "Ready";
	EXPECT(yard_until(yard_cluster_runs, MINUTES(15)));
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

/* */
TEST(a_conflict_with_retry_after_is_repeated_when_it_says)
{
	begun(1);
	fate("allocate", YARD_SAYS, 3);
	yard.status = 409;
	yard.retry_after = "5";
	EXPECT(yard_until(yard_cluster_runs, MINUTES(15)));
	EXPECT_STR(yard.waiting, "");
	EXPECT_INT(yard.allocates, 1);
	yard_close();
}

/* */
TEST(a_machine_that_does_not_fit_is_given_back_at_once)
{
	begun(2);
	yard.machines[0].tag = "virtual";
	fate("allocate", YARD_MISALLOCATES, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.machines[0].deployed, 0);
	EXPECT_INT(yard.machines[0].released, 1);
	EXPECT_STR(yard.machines[0].state, "Ready");
	EXPECT_STR(yard.machines[1].state, "Deployed");
	yard_close();
}

/* X-024, G12 */
TEST(a_machine_that_fails_to_deploy_is_released_and_quarantined)
{
	begun(3);
	yard.machines[0].sick = true;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(60)));
	EXPECT_INT(yard.machines[0].deployed, 1);
	EXPECT_INT(yard.machines[0].released, 1);
	EXPECT_INT(yard_owned(), 1);
	EXPECT_STR(yard.machines[1].agent_name,
	    "web.66b0000000000000000abc12.web-cp-0.2");
	yard_close();
}

TEST(a_quarantine_ends)
{
	begun(1);
	yard.machines[0].sick = true;
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "NoCapacity");
	EXPECT_HAS(yard.waiting, "quarantine");
	yard.machines[0].sick = false;
	EXPECT(yard_until(yard_cluster_runs, HOURS(5)));
	EXPECT_INT(yard.machines[0].deployed, 2);
	yard_close();
}

/* */
TEST(a_machine_that_deploys_for_ever_is_given_up_after_45_minutes)
{
	begun(2);
	yard.deploy_for = HOURS(100);
	yard_run_for(MINUTES(44));
	EXPECT_INT(yard.releases, 0);
	yard.deploy_for = MINUTES(10);
	yard_run_for(MINUTES(3));
	EXPECT_INT(yard.machines[0].released, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(20)));
	yard_close();
}

/* */
TEST(a_state_that_an_operator_chose_is_left_alone)
{
	static const char *const states[] = { "Broken", "Rescue mode",
		"Testing", "A state of tomorrow" };

	a_running_cluster(2);
	for (size_t i = 0; i < 4; i++) {
		yard.machines[0].state = states[i];
		yard_run_for(MINUTES(20));
		EXPECT_INT(yard.releases, 0);
		EXPECT_INT(yard.deploys, 1);
		EXPECT_STR(yard_condition_of(
		               "MaasMachine", "web-cp-0", "MachineDeployed"),
		    "MachineStateUndefined");
		EXPECT_STR(yard.record, "10.0.1.1");
	}
	yard.machines[0].state = "Deployed";
	yard_run_for(MINUTES(3));
	EXPECT_STR(
	    yard_condition_of("MaasMachine", "web-cp-0", "MachineDeployed"),
	    "");
	yard_close();
}

/* */
TEST(a_refused_key_stops_the_work_until_there_is_a_new_one)
{
	struct err err;

	begun(1);
	yard_run_for(MINUTES(3));
	EXPECT_INT(yard_count("Deploying"), 1);
	yard.key = "token-two";
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "MaasDenied");
	EXPECT_INT(yard.releases, 0);
	EXPECT(manager_set_key(
	    yard.manager, "consumer:token-two:secretsecret", &err));
	EXPECT(yard_until(yard_cluster_runs, MINUTES(2)));
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

TEST(with_a_refused_key_a_deletion_stays_pending)
{
	struct err err;

	a_running_cluster(1);
	yard.key = "token-two";
	yard_delete_cluster();
	yard_run_for(HOURS(2));
	EXPECT(!yard_cluster_gone());
	EXPECT_STR(yard.waiting_reason, "MaasDenied");
	EXPECT(manager_set_key(
	    yard.manager, "consumer:token-two:secretsecret", &err));
	EXPECT(yard_until(yard_cluster_gone, MINUTES(10)));
	EXPECT_INT(yard_owned(), 0);
	yard_close();
}

/* ---- the name ---- */

/* G7, X-035 */
TEST(the_name_is_never_emptied_while_a_control_plane_machine_is_there)
{
	a_running_cluster(1);
	yard.machines[0].power = "off";
	yard_run_for(MINUTES(20));
	yard.machines[0].power = "error";
	yard_run_for(MINUTES(20));
	EXPECT_STR(yard.record, "10.0.1.1");
	EXPECT(!yard.was_emptied);
	yard_close();
}

TEST(a_record_that_somebody_changed_is_put_right)
{
	a_running_cluster(1);
	strcpy(yard.record, "10.9.9.9");
	yard_run_for(MINUTES(8));
	EXPECT_STR(yard.record, "10.0.1.1");
	yard_close();
}

/* */
TEST(without_an_administrators_key_nothing_is_allocated)
{
	yard_open(1);
	yard.no_admin = true;
	yard_create_cluster();
	yard_start_manager();
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard.allocates, 0);
	EXPECT_STR(yard.waiting_reason, "MaasDenied");
	EXPECT_HAS(yard.waiting, "no administrator");
	yard_close();
}

/* */
TEST(without_its_image_no_machine_is_taken)
{
	yard_open(1);
	yard.no_image = true;
	yard_create_cluster();
	yard_start_manager();
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard.allocates, 0);
	EXPECT_STR(yard.waiting_reason, "ImageMissing");
	yard.no_image = false;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(15)));
	yard_close();
}

/* */
TEST(after_an_error_of_the_server_it_looks_before_it_asks_again)
{
	begun(2);
	fate("allocate", YARD_SAYS, 1);
	yard.status = 504;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.allocates, 1);
	EXPECT(loop_now(loop) > SECONDS(100) + MINUTES(10)); /* */
	yard_close();
}

/* */
TEST(a_rack_that_is_away_delays_a_deployment_and_costs_no_machine)
{
	begun(2);
	fate("deploy", YARD_SAYS, 12);
	yard.status = 503;
	yard.retry_after = "10";
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.releases, 0);
	yard_close();
}

/* */
TEST(an_outage_of_maas_is_said_and_survived)
{
	begun(1);
	yard_run_for(MINUTES(2));
	yard.cut_off = true;
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "MaasNotReachable");
	yard.cut_off = false;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(10)));
	yard_run_for(MINUTES(6)); /* the longest back-off */
	EXPECT_STR(yard.waiting, "");
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.deploys, 1);
	yard_close();
}

/* X-108, F-006 */
TEST(without_an_api_server_other_machines_are_tried_and_the_last_one_kept)
{
	yard_open(4);
	yard.no_api = true;
	yard_create_cluster();
	yard_start_manager();
	yard_run_for(MINUTES(44));
	EXPECT_INT(yard.releases, 0);
	yard_run_for(HOURS(6));
	EXPECT_INT(yard.releases, 2);
	EXPECT_INT(yard_owned(), 1);
	EXPECT_STR(yard.waiting_reason, "ControlPlaneSilent");
	yard_close();
}

/* */
TEST(a_node_that_is_not_ready_is_said_and_its_machine_kept)
{
	a_running_cluster(2);
	yard_node_is("node-0", "False");
	yard_run_for(HOURS(3));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard.waiting_reason, "ControlPlaneNotReady");
	yard_node_is("node-0", "True");
	yard_run_for(MINUTES(1));
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

TESTS_BEGIN
CASE(a_lost_allocation_is_found_and_adopted),
    CASE(a_list_that_makes_no_sense_is_asked_for_again),
    CASE(a_lost_deployment_is_not_repeated),
    CASE(without_capacity_it_waits_visibly_and_goes_on),
    CASE(a_conflict_with_retry_after_is_repeated_when_it_says),
    CASE(a_machine_that_does_not_fit_is_given_back_at_once),
    CASE(a_machine_that_fails_to_deploy_is_released_and_quarantined),
    CASE(a_quarantine_ends),
    CASE(a_machine_that_deploys_for_ever_is_given_up_after_45_minutes),
    CASE(a_state_that_an_operator_chose_is_left_alone),
    CASE(a_refused_key_stops_the_work_until_there_is_a_new_one),
    CASE(with_a_refused_key_a_deletion_stays_pending),
    CASE(the_name_is_never_emptied_while_a_control_plane_machine_is_there),
    CASE(a_record_that_somebody_changed_is_put_right),
    CASE(without_an_administrators_key_nothing_is_allocated),
    CASE(without_its_image_no_machine_is_taken),
    CASE(after_an_error_of_the_server_it_looks_before_it_asks_again),
    CASE(a_rack_that_is_away_delays_a_deployment_and_costs_no_machine),
    CASE(an_outage_of_maas_is_said_and_survived),
    CASE(without_an_api_server_other_machines_are_tried_and_the_last_one_kept),
    CASE(a_node_that_is_not_ready_is_said_and_its_machine_kept) TESTS_END
