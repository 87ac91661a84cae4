/* What happens around a MAAS that has cables, one step at a time. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

static const char *a_cabled_machine(enum bmc_mood mood)
{
	a_lab(NULL, NULL);
	a_cable(mood);
	return a_machine(NULL);
}

static const char *address_of(const char *system_id)
{
	status_of(system_id);
	return json_string_value(
	    json_array_get(jget(lab.body, "ip_addresses"), 0));
}

static int deploy_one(const char *system_id)
{
	EXPECT_INT(
	    lab_ask(&lab, "POST", "machines/?op=allocate", "agent_name=w"),
	    200);
	return machine_op(system_id, "deploy", "");
}

#define NO_RACK  "{\"step\": \"rack-disconnects\"}"
#define RACK     "{\"step\": \"rack-connects\"}"
#define REFUSES  "{\"step\": \"bmc-refuses\", \"on\": true}"
#define OBEYS    "{\"step\": \"bmc-refuses\", \"on\": false}"
#define IN_USE   "{\"step\": \"addresses-in-use-on-wire\", \"addresses\": "
#define HOSTNAME "web-0"

/* ---- racks ---- */

TEST(without_its_rack_a_region_switches_no_cabled_machine)
{
	const char *id = a_cabled_machine(BMC_OBEYS);
	char path[64];

	EXPECT(happens(NO_RACK));
	EXPECT_INT(deploy_one(id), 400); /* 3.4 asks racks for images */
	EXPECT_INT(bmc_orders, 0);
	EXPECT(happens(RACK));
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	minutes(1);
	EXPECT_INT(bmc_orders, 1);
	EXPECT(happens(NO_RACK));
	snprintf(path, sizeof(path), "machines/%s/?op=query_power_state", id);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 503);
	EXPECT_INT(machine_op(id, "release", ""), 503);
	EXPECT(strstr(lab_text(&lab), "Unable to connect to any rack") != NULL);
	EXPECT_STR(status_of(id), "Deploying");
	EXPECT_INT(bmc_orders, 1);
	lab_close(&lab);
}

TEST(what_a_rack_has_to_tell_waits_until_its_region_is_back)
{
	const char *id = a_cabled_machine(BMC_OBEYS);

	EXPECT_INT(deploy_one(id), 200);
	minutes(1);
	maas_rack_ops()->power_is(lab.maas, id, "on", "");
	a_cable(BMC_SILENT); /* "off", whenever it is asked */
	EXPECT_INT(machine_op(id, "release", ""), 200);
	lab_wait(&lab, SECONDS(1));
	EXPECT(happens(NO_RACK));
	maas_rack_ops()->power_is(lab.maas, id, "off", "");
	minutes(1);
	EXPECT_STR(status_of(id), "Releasing");
	EXPECT(happens(RACK));
	EXPECT_STR(status_of(id), "Ready");
	lab_close(&lab);
}

TEST(a_rack_without_its_region_boots_nobody_from_the_network)
{
	const char *id = a_cabled_machine(BMC_OBEYS);
	struct boot_offer offer;

	EXPECT_INT(deploy_one(id), 200);
	EXPECT(happens(NO_RACK));
	maas_rack_ops()->pxe(lab.maas, id, &offer);
	EXPECT_INT(offer.task, BOOT_NOTHING);
	EXPECT(happens(RACK));
	maas_rack_ops()->pxe(lab.maas, id, &offer);
	EXPECT_INT(offer.task, BOOT_INSTALL);
	lab_close(&lab);
}

/* ---- BMCs ---- */

TEST(a_bmc_that_refuses_does_so_at_the_end_of_a_cable_too)
{
	const char *id = a_cabled_machine(BMC_OBEYS);

	EXPECT(happens(REFUSES));
	EXPECT_INT(deploy_one(id), 200);
	minutes(1);
	EXPECT_STR(status_of(id), "Failed deployment");
	EXPECT_INT(bmc_orders, 0);
	EXPECT(happens(OBEYS));
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_INT(deploy_one(id), 200);
	minutes(1);
	EXPECT_STR(status_of(id), "Deploying");
	lab_close(&lab);
}

TEST(one_bmc_refuses_and_the_others_obey)
{
	const struct maas_machine_spec big = { .hostname = HOSTNAME,
		.cpu_count = 32 };
	const char *small, *one;

	small = a_cabled_machine(BMC_OBEYS);
	one = a_machine(&big);
	EXPECT(happens("{\"step\": \"bmc-refuses\", \"on\": true, "
	               "\"machine\": \"" HOSTNAME "\"}"));
	EXPECT_INT(deploy_one(small), 200);
	EXPECT_INT(deploy_one(one), 200);
	minutes(1);
	EXPECT_STR(status_of(small), "Deploying");
	EXPECT_STR(status_of(one), "Failed deployment");
	EXPECT(!happens("{\"step\": \"bmc-refuses\", \"on\": true, "
	                "\"machine\": \"nobody\"}"));
	EXPECT_STR(refusal.text, "there is no machine \"nobody\"");
	lab_close(&lab);
}

/* ---- addresses ---- */

TEST(an_address_at_which_a_stranger_answers_is_given_to_nobody)
{
	const char *id = a_cabled_machine(BMC_OBEYS);

	EXPECT(happens(IN_USE "[\"10.0.0.1..10.0.0.99\", \"10.0.0.100\"]}"));
	EXPECT_INT(deploy_one(id), 200);
	EXPECT_STR(address_of(id), "10.0.0.101");
	lab_close(&lab);
}

TEST(without_a_free_address_there_is_no_deployment)
{
	const char *id = a_cabled_machine(BMC_OBEYS);

	EXPECT(happens(IN_USE "[\"10.0.0.1..10.0.0.254\"]}"));
	EXPECT_INT(deploy_one(id), 503);
	EXPECT_STR(status_of(id), "Allocated");
	EXPECT(happens(IN_USE "[]}"));
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	lab_close(&lab);
}

TEST(an_address_in_no_subnet_is_refused)
{
	a_lab(NULL, NULL);
	EXPECT(!happens(IN_USE "[\"192.168.0.1\"]}"));
	EXPECT_STR(refusal.text, "192.168.0.1 is in no subnet of this MAAS");
	EXPECT(!happens(IN_USE "[\"10.0.0.9..10.0.0.1\"]}"));
	EXPECT_STR(refusal.text,
	    "\"10.0.0.9..10.0.0.1\" is neither an address nor FIRST..LAST");
	lab_close(&lab);
}

TEST(where_a_neighbour_was_seen_is_the_last_resort)
{
	const char *id = a_cabled_machine(BMC_OBEYS);
	char first[16], step[160];

	EXPECT_INT(deploy_one(id), 200);
	snprintf(first, sizeof(first), "%s", address_of(id));
	EXPECT_INT(machine_op(id, "release", ""), 200);
	minutes(1);
	snprintf(step, sizeof(step),
	    "{\"step\": \"neighbour-seen\", \"ip\": \"%s\", "
	    "\"mac\": \"52:54:00:00:00:99\"}",
	    first);
	EXPECT(happens(step));
	EXPECT_INT(deploy_one(id), 200);
	EXPECT(strcmp(address_of(id), first) != 0);
	EXPECT_INT(machine_op(id, "release", ""), 200);
	minutes(1);
	EXPECT(happens(IN_USE "[\"10.0.0.1..10.0.0.1\", "
	                      "\"10.0.0.3..10.0.0.254\"]}"));
	snprintf(step, sizeof(step),
	    "{\"step\": \"neighbour-seen\", \"ip\": \"10.0.0.2\", "
	    "\"mac\": \"52:54:00:00:00:99\"}");
	EXPECT(happens(step));
	EXPECT_INT(deploy_one(id), 200);
	EXPECT_STR(address_of(id), "10.0.0.2");
	lab_close(&lab);
}

/* ---- machines ---- */

TEST(so_many_deployments_to_come_fail_and_then_no_more)
{
	const char *id;

	a_lab(NULL, NULL); /* machines that live by themselves */
	id = a_machine(NULL);
	EXPECT(happens("{\"step\": \"deployments-fail\", \"count\": 1}"));
	EXPECT_INT(deploy_one(id), 200);
	minutes(20);
	EXPECT_STR(status_of(id), "Failed deployment");
	EXPECT_INT(machine_op(id, "release", ""), 200);
	minutes(2);
	EXPECT_INT(deploy_one(id), 200);
	minutes(20);
	EXPECT_STR(status_of(id), "Deployed");
	EXPECT(!happens("{\"step\": \"deployments-fail\", \"count\": 0}"));
	lab_close(&lab);
}

TEST(machines_that_appear_are_ready)
{
	a_lab(NULL, NULL);
	EXPECT(happens("{\"step\": \"machines-appear\", \"count\": 3}"));
	EXPECT_INT(lab_ask(&lab, "GET", "machines/?status=ready", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 3);
	lab_close(&lab);
}

static void changes(const char *step, const char *note)
{
	json_t *answer = NULL;

	EXPECT(happens_with(step, &answer));
	EXPECT_STR(jstr(answer, "note"), note);
	json_decref(answer);
}

#define OF_IT "\"machine\": \"" HOSTNAME "\""

TEST(a_step_that_changes_nothing_says_so)
{
	const struct maas_machine_spec spec = { .hostname = HOSTNAME };

	a_lab(NULL, NULL);
	a_machine(&spec);
	changes(RACK, "the rack is connected already");
	changes(NO_RACK, "");
	changes(NO_RACK, "the rack is not connected anyway");
	changes(OBEYS, "it obeys anyway");
	changes(REFUSES, "");
	changes(REFUSES, "it refuses already");
	changes(IN_USE "[]}", "there were no strangers");
	changes("{\"step\": \"machine-signals\", " OF_IT
	        ", \"status\": \"FAILED\"}",
	    "it has no task at hand");
	changes(
	    "{\"step\": \"machine-boots\", " OF_IT "}", "it is not Deploying");
	changes("{\"step\": \"netboot-off\", " OF_IT "}", "");
	changes("{\"step\": \"netboot-off\", " OF_IT "}",
	    "it boots from its disk anyway");
	changes("{\"step\": \"user-active\", \"user\": \"admin\", "
	        "\"on\": true}",
	    "the account is on already");
	lab_close(&lab);
}

/* ---- accounts ---- */

TEST(who_rotates_a_key_is_told_the_new_one)
{
	json_t *answer = NULL;

	a_lab(NULL, NULL);
	EXPECT(happens_with(
	    "{\"step\": \"rotate-key\", \"user\": \"admin\"}", &answer));
	EXPECT_INT(lab_ask(&lab, "GET", "users/?op=whoami", NULL), 401);
	lab_key(&lab, jstr(answer, "key"));
	EXPECT_INT(lab_ask(&lab, "GET", "users/?op=whoami", NULL), 200);
	json_decref(answer);
	lab_close(&lab);
}

/* ---- slips ---- */

TEST(a_slip_in_a_parameter_is_told)
{
	a_lab(NULL, NULL);
	EXPECT(!happens("{\"step\": \"bmc-refuses\", \"onn\": true}"));
	EXPECT_STR(refusal.text, "bmc-refuses needs \"on\"");
	EXPECT(!happens("{\"step\": \"bmc-refuses\", \"on\": true, "
	                "\"machin\": \"x\"}"));
	EXPECT_STR(refusal.text,
	    "bmc-refuses takes no other parameters than: on [machine]");
	EXPECT(!happens("{\"step\": \"settle\", \"now\": true}"));
	EXPECT_STR(refusal.text, "settle takes no other parameters than: none");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(without_its_rack_a_region_switches_no_cabled_machine),
    CASE(what_a_rack_has_to_tell_waits_until_its_region_is_back),
    CASE(a_rack_without_its_region_boots_nobody_from_the_network),
    CASE(a_bmc_that_refuses_does_so_at_the_end_of_a_cable_too),
    CASE(one_bmc_refuses_and_the_others_obey),
    CASE(an_address_at_which_a_stranger_answers_is_given_to_nobody),
    CASE(without_a_free_address_there_is_no_deployment),
    CASE(an_address_in_no_subnet_is_refused),
    CASE(where_a_neighbour_was_seen_is_the_last_resort),
    CASE(so_many_deployments_to_come_fail_and_then_no_more),
    CASE(machines_that_appear_are_ready),
    CASE(a_step_that_changes_nothing_says_so),
    CASE(who_rotates_a_key_is_told_the_new_one),
    CASE(a_slip_in_a_parameter_is_told), TESTS_END
