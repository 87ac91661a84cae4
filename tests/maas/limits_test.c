#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

static const char *id;

static void a_deploying_machine(enum bmc_mood mood)
{
	a_lab(NULL, NULL);
	a_cable(mood);
	id = a_machine(NULL);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
}

TEST(a_machine_whose_bmc_is_silent_fails_after_half_an_hour)
{
	a_deploying_machine(BMC_SILENT);
	minutes(29);
	EXPECT_STR(status_of(id), "Deploying");
	EXPECT(!loop_quiet(lab.host.loop));
	minutes(2);
	EXPECT_STR(status_of(id), "Failed deployment");
	EXPECT_STR(jstr(lab.body, "status_message"),
	    "Marking node failed - Node operation 'Deploying' timed out "
	    "after 30 minutes.");
	EXPECT_STR(jstr(lab.body, "owner"), "admin");
	EXPECT(loop_quiet(lab.host.loop));
	lab_close(&lab);
}

TEST(a_release_that_is_not_confirmed_fails_after_five_minutes)
{
	a_deploying_machine(BMC_OBEYS);
	minutes(1);
	a_cable(BMC_SILENT);
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	minutes(4);
	EXPECT_STR(status_of(id), "Releasing");
	minutes(3);
	EXPECT_STR(status_of(id), "Releasing failed");
	a_cable(BMC_OBEYS);
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	minutes(1);
	EXPECT_STR(status_of(id), "Ready");
	lab_close(&lab);
}

TEST(limits_can_be_set_for_a_scenario)
{
	struct maas_options options = { .name = "maas/lab",
		.deploy_limit_for = MINUTES(2) };

	a_lab(&options, NULL);
	a_cable(BMC_SILENT);
	id = a_machine(NULL);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	minutes(2);
	EXPECT_STR(status_of(id), "Failed deployment");
	lab_close(&lab);
}

TEST(a_bmc_that_says_no_fails_the_deployment_with_its_words)
{
	a_deploying_machine(BMC_FAILS);
	minutes(1);
	EXPECT_STR(status_of(id), "Failed deployment");
	EXPECT_STR(jstr(lab.body, "status_message"),
	    "Failed to power on node - no answer from the BMC");
	EXPECT_INT(bmc_orders, 1);
	lab_close(&lab);
}

TEST(a_second_release_joins_the_first)
{
	a_deploying_machine(BMC_OBEYS);
	minutes(1);
	a_cable(BMC_SILENT);
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Releasing");
	minutes(1);
	EXPECT_INT(bmc_orders, 1);
	lab_close(&lab);
}

/* ---- addresses ---- */

TEST(addresses_really_run_out)
{
	const char *machines[8];
	int deployed = 0;

	a_lab(NULL, "10.0.0.0/29"); /* six of them */
	a_cable(BMC_OBEYS);
	for (int i = 0; i < 7; i++) {
		machines[i] = a_machine(NULL);
		if (machine_op(machines[i], "deploy", NULL) == 200)
			deployed++;
	}
	EXPECT_INT(deployed, 6);
	EXPECT_INT(lab.answer.status, 503);
	EXPECT_STR(
	    lab_text(&lab), "No more IPs available in subnet: 10.0.0.0/29.");
	EXPECT(!http_header(&lab.answer.headers, "Retry-After"));
	EXPECT_STR(status_of(machines[6]), "Allocated");
	EXPECT_STR(jstr(lab.body, "owner"), "admin");
	EXPECT_INT(machine_op(machines[0], "release", NULL), 200);
	minutes(1);
	EXPECT_INT(machine_op(machines[6], "deploy", NULL), 200);
	status_of(machines[6]);
	EXPECT_STR(jstr(lab.body, "ip_addresses[0]"), "10.0.0.1");
	lab_close(&lab);
}

TEST(the_smallest_free_run_is_used_up_first)
{
	a_lab(NULL, NULL);
	EXPECT_INT(lab_ask(&lab, "POST", "ipranges/",
	               "type=reserved&start_ip=10.0.0.4&end_ip=10.0.0.250"),
	    200);
	EXPECT_INT(lab_ask(&lab, "POST", "ipaddresses/?op=reserve",
	               "subnet=10.0.0.0/24"),
	    200);
	/* .2 and .3 are fewer than .251 to .254 */
	EXPECT_STR(jstr(lab.body, "ip"), "10.0.0.2");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_machine_whose_bmc_is_silent_fails_after_half_an_hour),
    CASE(a_release_that_is_not_confirmed_fails_after_five_minutes),
    CASE(limits_can_be_set_for_a_scenario),
    CASE(a_bmc_that_says_no_fails_the_deployment_with_its_words),
    CASE(a_second_release_joins_the_first), CASE(addresses_really_run_out),
    CASE(the_smallest_free_run_is_used_up_first), TESTS_END
