/* A cluster that runs: what is lost, replaced, rolled over, and what a crash of
 * its manager costs. */
#include "capi/manager.h"

#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/opening.h"

/* ---- what was running ---- */

/* released by hand, and taken by nobody. */
TEST(a_running_machine_that_somebody_released_is_lost_and_not_taken_back)
{
	a_running_cluster(2);
	yard.machines[0].state = "Ready";
	yard.machines[0].owner[0] = yard.machines[0].agent_name[0] = '\0';
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.deploys, 1);
	EXPECT_STR(
	    jstr(yard_object("Machine", "web-cp-0"), "status.phase"), "Failed");
	EXPECT_STR(
	    yard_condition_of("MaasMachine", "web-cp-0", "MachineDeployed"),
	    "MachineTerminatedReason");
	yard_close();
}

/* X-033, F-024 */
TEST(only_a_machine_that_is_surely_off_is_switched_on_and_once)
{
	a_running_cluster(1);
	yard.machines[0].power = "error";
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.power_ons, 0);
	yard.machines[0].power = "off"; /* the BMC itself says on */
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.power_ons, 0);
	yard.bmc = "off";
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard.power_ons, 1);
	yard_close();
}

static void a_pool_of(int workers)
{
	a_running_cluster(8);
	yard_add_workers(workers);
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard_owned(), 1 + workers);
}

TEST(a_node_that_stays_silent_is_replaced_by_another_machine)
{
	a_pool_of(2);
	yard_node_is("node-1", "Unknown");
	yard_run_for(MINUTES(4));
	EXPECT_INT(yard.releases, 0);
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.machines[1].released, 1);
	EXPECT_INT(yard_owned(), 3);
	EXPECT(two_workers());
	yard_close();
}

/* more than maxUnhealthy at once. */
TEST(when_too_many_nodes_are_silent_none_is_replaced)
{
	a_pool_of(3);
	yard_node_is("node-1", "Unknown");
	yard_node_is("node-2", "Unknown");
	yard_run_for(HOURS(1));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard_condition_of("MachineHealthCheck", "web-workers",
	               "RemediationAllowed"),
	    "TooManyUnhealthy");
	yard_node_is("node-2", "True");
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.releases, 1);
	yard_close();
}

/* The API server answers before it has told which nodes there are: until it
 * has, none is missing. Every restart used to cost a machine. */
TEST(after_a_restart_no_node_is_missing_before_all_are_listed)
{
	a_pool_of(1);
	yard_restart();
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard_condition_of("Machine", "web-cp-0", "NodeHealthy"), "");
	yard_close();
}

/* an hour of installing is no illness. */
TEST(a_machine_that_installs_slowly_is_not_given_up_by_the_health_check)
{
	a_running_cluster(2);
	yard.deploy_for = MINUTES(44);
	yard_add_workers(1);
	yard_run_for(MINUTES(60));
	EXPECT_INT(yard.releases, 0);
	EXPECT_INT(yard_count("Deployed"), 2);
	yard_close();
}

TEST(a_new_template_rolls_over_with_one_spare_machine)
{
	struct api_status status = { 0 };
	json_t *change;

	a_pool_of(2);
	change = doc("{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
	EXPECT(store_patch(yard.store, "MachineDeployment", YARD_NS,
	    "web-workers", change, false, &status));
	json_decref(change);
	for (unsigned minute = 0; minute < 60; minute++) {
		yard_run_for(MINUTES(1));
		EXPECT(yard_owned() <= 4);
	}
	EXPECT_INT(yard_owned(), 3);
	EXPECT_INT(yard.releases, 2);
	EXPECT(two_workers());
	yard_close();
}

static char *kubeconfig(void)
{
	return xstrdup(json_string_value(json_object_get(
	    jget(yard_object("Secret", "web-kubeconfig"), "data"), "value")));
}

/* */
TEST(the_kubeconfig_is_signed_anew_at_half_of_its_life)
{
	char *first, *later, *last;

	a_running_cluster(1);
	first = kubeconfig();
	yard_stop_manager();
	host->clock_origin += HOURS(24 * 150);
	yard_start_manager();
	yard_run_for(HOURS(1));
	later = kubeconfig();
	EXPECT_STR(later, first);
	host->clock_origin += HOURS(24 * 40);
	yard_restart();
	yard_run_for(HOURS(1));
	last = kubeconfig();
	EXPECT(strcmp(last, first) != 0);
	free(first);
	free(later);
	free(last);
	yard_close();
}

/* ---- crashes ---- */

/* right after MAAS has answered the n-th exchange, before the
 * answer is heard. In the end exactly one machine is allocated. */
TEST(a_crash_after_any_exchange_costs_no_machine)
{
	unsigned last = 1;

	for (unsigned n = 1; n <= last; n++) {
		begun(3);
		while (
		    yard.heard < n && !yard_cluster_runs() && loop_step(loop))
			;
		yard_restart();
		EXPECT(yard_until(yard_cluster_runs, MINUTES(40)));
		yard_run_for(MINUTES(5));
		EXPECT_INT(yard_owned(), 1);
		EXPECT_INT(yard.allocates, 1);
		if (n == 1)
			last = yard.heard < 40 ? yard.heard : 40;
		yard_delete_cluster();
		EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
		EXPECT_INT(yard_owned(), 0);
		yard_close();
	}
}

static void crash_at_every(unsigned nth)
{
	unsigned seen = 0;

	begun(3);
	while (!yard_cluster_runs() && loop_now(loop) < HOURS(4) &&
	       yard.heard < 400) {
		if (!loop_step(loop))
			break;
		if (yard.heard != seen && yard.heard % nth == 0)
			yard_restart();
		seen = yard.heard;
	}
	EXPECT(yard_cluster_runs());
	EXPECT_INT(yard_owned(), 1);
	EXPECT_INT(yard.deploys, 1);
	yard_close();
}

TEST(crashes_again_and_again_cost_time_but_no_machine)
{
	for (unsigned nth = 5; nth <= 9; nth++)
		crash_at_every(nth);
}

TEST(a_crash_at_any_exchange_of_a_deletion_forgets_no_machine)
{
	for (unsigned n = 1; n < 14; n++) {
		unsigned before;

		a_running_cluster(2);
		before = yard.heard;
		yard_delete_cluster();
		while (yard.heard < before + n && !yard_cluster_gone() &&
		       loop_step(loop))
			;
		yard_restart();
		EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
		EXPECT_INT(yard_owned(), 0);
		EXPECT_INT(yard.releases, 1);
		EXPECT(!yard.has_record);
		yard_close();
	}
}

TESTS_BEGIN
CASE(a_running_machine_that_somebody_released_is_lost_and_not_taken_back),
    CASE(only_a_machine_that_is_surely_off_is_switched_on_and_once),
    CASE(a_node_that_stays_silent_is_replaced_by_another_machine),
    CASE(when_too_many_nodes_are_silent_none_is_replaced),
    CASE(after_a_restart_no_node_is_missing_before_all_are_listed),
    CASE(a_machine_that_installs_slowly_is_not_given_up_by_the_health_check),
    CASE(a_new_template_rolls_over_with_one_spare_machine),
    CASE(the_kubeconfig_is_signed_anew_at_half_of_its_life),
    CASE(a_crash_after_any_exchange_costs_no_machine),
    CASE(crashes_again_and_again_cost_time_but_no_machine),
    CASE(a_crash_at_any_exchange_of_a_deletion_forgets_no_machine) TESTS_END
