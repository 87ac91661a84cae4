#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/maas/versions.h"
#include "tests/test.h"

/* ---- a machine's life ---- */

/* Up to 3.5 it is nobody's at once; then it stays its owner's as long as it is
 * on. */
TEST(a_broken_machine_that_is_on_keeps_its_owner_since_3_6)
{
	each_version (v) {
		a_region(v);
		EXPECT_INT(machine_op(id, "deploy", NULL), 200);
		minutes(30);
		EXPECT_STR(status_of(id), "Deployed");
		EXPECT_INT(machine_op(id, "mark_broken", "comment=c"), 200);
		EXPECT_STR(word("status_name"), "Broken");
		EXPECT_STR(word("owner"), v < V36 ? "" : "admin");
		EXPECT_INT(machine_op(id, "mark_fixed", NULL), 200);
		lab_close(&lab);
	}
}

/* ---- release ---- */

/* How a release begins in each version, of a machine that is on. */
struct release {
	const char *form;
	struct {
		int status;
		const char *text; /* of the body, somewhere */
	} said[VERSIONS];
};

#define RELEASING                    \
	{                            \
		200, "\"Releasing\"" \
	}
#define ERASING                         \
	{                               \
		200, "\"Disk erasing\"" \
	}
#define BAD(text)         \
	{                 \
		400, text \
	}

TEST(a_release_reads_a_form_since_3_5)
{
	static const struct release releases[] = {
		{ "erase=true", { ERASING, ERASING, ERASING, ERASING } },
		{ "erase=maybe",
		    { BAD("Invalid erase: "), ERASING, ERASING, ERASING } },
		{ "erase=False",
		    { RELEASING, RELEASING, RELEASING, RELEASING } },
		{ "secure_erase=true&quick_erase=true",
		    { RELEASING, RELEASING, RELEASING, RELEASING } },
		{ "scripts=wipe-disks",
		    { RELEASING, ERASING, ERASING, ERASING } },
		{ "scripts=none",
		    { RELEASING, RELEASING, RELEASING, RELEASING } },
		{ "scripts=wipe-disks,nope",
		    { RELEASING,
		        BAD("{\"scripts\": [\"Select a valid choice. nope is "
		            "not one of the available choices.\"]}"),
		        BAD("nope is not one"), BAD("nope is not one") } },
	};

	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		each_version (v) {
			a_deployed_machine(v);
			EXPECT_INT(machine_op(id, "release", releases[i].form),
			    releases[i].said[v].status);
			EXPECT_HAS(lab_text(&lab), releases[i].said[v].text);
			lab_close(&lab);
		}
	}
}

static void a_script(enum version v)
{
	a_deployed_machine(v);
	EXPECT_INT(asks("POST", "scripts/",
	               "name=hello&type=release&script=%23!/bin/sh"),
	    200);
	EXPECT_STR(word("type_name"), "Release script");
}

TEST(scripts_run_before_a_machine_is_free)
{
	for (enum version v = V35; v < VERSIONS; v++) {
		a_script(v);
		EXPECT_INT(machine_op(id, "release",
		               "scripts=hello&erase=1&comment=c"),
		    200);
		EXPECT_STR(word("status_name"), "Releasing");
		EXPECT_STR(word("owner"), "admin");
		EXPECT_INT(
		    asks_of(id, "GET", "results/?type=release", NULL), 200);
		EXPECT_STR(word("[0].type_name"), "Release");
		EXPECT_STR(word("[0].results[0].name"), "hello");
		EXPECT_STR(word("[0].results[1].name"), "wipe-disks");
		EXPECT_STR(word("[0].status_name"), "Pending");
		minutes(10);
		EXPECT_STR(status_of(id), "Ready");
		EXPECT_STR(word("owner"), "");
		EXPECT_STR(word("power_state"), "off");
		EXPECT_INT(
		    asks_of(id, "GET", "results/?type=release", NULL), 200);
		EXPECT_STR(word("[0].status_name"), "Passed");
		lab_close(&lab);
	}
}

TEST(a_release_whose_scripts_fail_has_failed)
{
	char *step;

	a_script(V36);
	EXPECT(happens("{\"step\": \"bench\", \"on\": false}"));
	EXPECT_INT(machine_op(id, "release", "scripts=hello"), 200);
	minutes(2);
	step = xasprintf("{\"step\": \"machine-signals\", \"machine\": \"%s\", "
	                 "\"status\": \"FAILED\"}",
	    id);
	EXPECT(happens(step));
	EXPECT_STR(status_of(id), "Releasing failed");
	EXPECT_STR(word("owner"), "admin");
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	minutes(2);
	EXPECT_STR(status_of(id), "Ready");
	free(step);
	lab_close(&lab);
}

TEST(scripts_of_a_release_end_when_the_machine_is_marked_broken)
{
	a_script(V36);
	EXPECT(happens("{\"step\": \"bench\", \"on\": false}"));
	EXPECT_INT(machine_op(id, "release", "scripts=hello"), 200);
	EXPECT_INT(machine_op(id, "mark_broken", NULL), 200);
	EXPECT_STR(word("status_name"), "Broken");
	EXPECT_STR(word("owner"), "admin");
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	minutes(2);
	EXPECT_STR(status_of(id), "Ready");
	lab_close(&lab);
}

TEST(scripts_of_releases_are_unknown_to_3_4)
{
	a_region(V34);
	EXPECT_INT(asks("POST", "scripts/",
	               "name=hello&type=release&script=%23!/bin/sh"),
	    400);
	EXPECT_STR(word("script_type[0]"),
	    "Script type must be testing or commissioning");
	EXPECT_INT(asks("GET", "scripts/wipe-disks", NULL), 404);
	EXPECT_INT(asks_of(id, "GET", "results/?type=release", NULL), 400);
	lab_close(&lab);
}

/* ---- power ---- */

TEST(an_order_against_one_that_is_waited_for_is_for_later_in_3_5)
{
	static const char *const against[] = { "power_off", "release" };

	for (size_t i = 0; i < 2; i++) {
		char *slow, *path, *text;

		a_region(V35);
		slow = xasprintf("machines/%s/?op=deploy", id);
		path = xasprintf("machines/%s/?op=%s", id, against[i]);
		status_of(id);
		text = xasprintf("Unable to change power state to 'off' for "
		                 "node %s: another action is already in "
		                 "progress for that node.",
		    word("hostname"));
		EXPECT_INT(lab_ask_meanwhile(&lab, slow, "", path, ""), 503);
		EXPECT_STR(lab_text(&lab), text);
		EXPECT_STR(
		    http_header(&lab.answer.headers, "Retry-After"), "10");
		EXPECT_STR(status_of(id), "Deploying");
		asks("POST", path, "");
		EXPECT_INT(lab.answer.status, 200);
		free(slow);
		free(path);
		free(text);
		lab_close(&lab);
	}
}

static const char *by_hand(enum version v)
{
	struct maas_machine_spec spec = { .power_type = "manual" };

	a_region(v);
	return a_machine(&spec);
}

TEST(who_switches_by_hand_may_take_his_time_up_to_3_5)
{
	each_version (v) {
		const char *machine = by_hand(v);

		EXPECT_INT(machine_op(machine, "deploy", NULL), 200);
		minutes(90);
		EXPECT_STR(status_of(machine),
		    v < V36 ? "Deploying" : "Failed deployment");
		lab_close(&lab);
	}
}

/* ---- keys of machines that say something ---- */

TEST(a_dpu_is_one_since_3_7_and_is_not_erased)
{
	each_version (v) {
		char *path;

		a_region(v);
		EXPECT_INT(asks("POST", "machines/",
		               "architecture=amd64&commission=false&"
		               "mac_addresses=aa:bb:cc:dd:ee:01&is_dpu=true"),
		    200);
		EXPECT_INT(json_is_true(jget(lab.body, "is_dpu")), v == V37);
		path = xasprintf("machines/%s/?op=release", word("system_id"));
		EXPECT_INT(
		    asks("POST", path, "erase=true"), v == V37 ? 400 : 409);
		free(path);
		lab_close(&lab);
	}
}

TEST(crashes_of_kernels_are_kept_where_they_are_wanted_since_3_6)
{
	each_version (v) {
		a_region(v);
		EXPECT_INT(
		    machine_op(id, "deploy", "enable_kernel_crash_dump=true"),
		    200);
		status_of(id);
		EXPECT_INT(
		    json_is_true(jget(lab.body, "enable_kernel_crash_dump")),
		    v >= V36);
		EXPECT_INT(machine_op(id, "release", NULL), 200);
		EXPECT(
		    !json_is_true(jget(lab.body, "enable_kernel_crash_dump")));
		lab_close(&lab);
	}
}

TEST(what_an_installation_came_to_is_remembered_since_3_6)
{
	each_version (v) {
		a_deployed_machine(v);
		EXPECT(number("current_installation_result_id") > 0);
		EXPECT_INT(machine_op(id, "release", NULL), 200);
		EXPECT((number("current_installation_result_id") > 0) ==
		       (v >= V36));
		lab_close(&lab);
	}
}

static void an_inventory(enum version v, const char *text)
{
	struct maas_options options = { .name = "maas/lab",
		.version = versions[v] };
	json_t *inventory = json_loads(text, 0, NULL);
	struct err err = { 0 };

	lab_open(&lab, &options);
	EXPECT(maas_load(lab.maas, inventory, &err));
	json_decref(inventory);
	lab_as(&lab, "admin", true);
}

TEST(an_inventory_is_of_a_version_too)
{
	each_version (v) {
		an_inventory(v,
		    "{\"machines\": [{\"system_id\": \"abc123\", "
		    "\"hostname\": \"a\", \"status\": 8, \"owner\": "
		    "\"admin\", \"is_dpu\": true, "
		    "\"enable_kernel_crash_dump\": true}]}");
		EXPECT_STR(status_of("abc123"), "Broken");
		EXPECT_STR(word("owner"), v >= V36 ? "admin" : "");
		EXPECT_INT(json_is_true(jget(lab.body, "is_dpu")), v == V37);
		EXPECT_INT(
		    json_is_true(jget(lab.body, "enable_kernel_crash_dump")),
		    v >= V36);
		lab_close(&lab);
	}
}

TEST(a_deployment_that_says_nothing_fails_when_the_version_says)
{
	static const char *const why[] = {
		"Node operation 'Deploying' timed out after 30 minutes.",
		"Node operation 'Deploying' timed out after 30 minutes.",
		"Node operation 'Deploying' timed out after 60 minutes.",
		"time-out during deployment",
	};

	each_version (v) {
		a_region(v);
		EXPECT(happens("{\"step\": \"bench\", \"on\": false}"));
		EXPECT_INT(machine_op(id, "deploy", NULL), 200);
		minutes(45);
		EXPECT_STR(
		    status_of(id), v < V36 ? "Failed deployment" : "Deploying");
		minutes(20);
		EXPECT_STR(status_of(id), "Failed deployment");
		EXPECT_HAS(word("status_message"), why[v]);
		lab_close(&lab);
	}
}

TESTS_BEGIN
CASE(a_broken_machine_that_is_on_keeps_its_owner_since_3_6),
    CASE(a_release_reads_a_form_since_3_5),
    CASE(scripts_run_before_a_machine_is_free),
    CASE(a_release_whose_scripts_fail_has_failed),
    CASE(scripts_of_a_release_end_when_the_machine_is_marked_broken),
    CASE(scripts_of_releases_are_unknown_to_3_4),
    CASE(an_order_against_one_that_is_waited_for_is_for_later_in_3_5),
    CASE(who_switches_by_hand_may_take_his_time_up_to_3_5),
    CASE(a_dpu_is_one_since_3_7_and_is_not_erased),
    CASE(crashes_of_kernels_are_kept_where_they_are_wanted_since_3_6),
    CASE(what_an_installation_came_to_is_remembered_since_3_6),
    CASE(a_deployment_that_says_nothing_fails_when_the_version_says),
    CASE(an_inventory_is_of_a_version_too), TESTS_END
