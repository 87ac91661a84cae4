#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* Scripts that administrators bring along, and what ran on machines. */

#define HELLO "script=%23!/bin/sh%0Aecho hello"

static const char *const with_metadata =
    "script=%23!/bin/sh%0A"
    "%23 --- Start MAAS 1.0 script metadata ---%0A"
    "%23 name: from-inside%0A"
    "%23 hardware_type: storage%0A"
    "%23 timeout: 90%0A"
    "%23 --- End MAAS 1.0 script metadata ---%0Aexit 0";

TEST(a_script_has_a_name_and_begins_like_one)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "scripts/", "name=a"), 400);
	EXPECT_STR(word("script[0]"), "This field is required.");
	EXPECT_INT(asks("POST", "scripts/", "name=a&script=echo"), 400);
	EXPECT_STR(word("script[0]"), "Must start with shebang.");
	EXPECT_INT(asks("POST", "scripts/", "name=a b&" HELLO), 400);
	EXPECT_HAS(word("name[0]"), "disallowed characters");
	EXPECT_INT(asks("POST", "scripts/", "name=7&" HELLO), 400);
	EXPECT_INT(asks("POST", "scripts/", "name=a&type=magic&" HELLO), 400);
	EXPECT_HAS(word("script_type[0]"), "testing or commissioning");
	EXPECT_INT(asks("POST", "scripts/", "name=memtester&" HELLO), 400);
	EXPECT_HAS(word("name[0]"), "already exists");
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("POST", "scripts/", "name=a&" HELLO), 403);
	lab_close(&lab);
}

TEST(what_a_script_says_of_itself_is_believed)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "scripts/", with_metadata), 200);
	EXPECT_STR(word("name"), "from-inside");
	EXPECT_STR(word("hardware_type_name"), "Storage");
	EXPECT_STR(word("timeout"), "0:01:30");
	EXPECT_STR(word("type_name"), "Testing script");
	EXPECT_INT(
	    asks("GET", "scripts/?filters=from-inside&include_script=1", NULL),
	    200);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_HAS(word("[0].history[0].data"), "IyEvYmluL3No");
	EXPECT_INT(asks("GET", "scripts/?hardware_type=teapot", NULL), 400);
	lab_close(&lab);
}

TEST(a_script_keeps_its_versions)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "scripts/", "name=mine&" HELLO), 200);
	EXPECT_INT(asks("PUT", "scripts/mine",
	               "title=T&comment=two&script=%23!/bin/true"),
	    200);
	EXPECT_STR(word("history[0].comment"), "two");
	EXPECT_INT(asks("GET", "scripts/mine?op=download", NULL), 200);
	EXPECT_STR(lab_text(&lab), "#!/bin/true");
	EXPECT_INT(asks("POST", "scripts/mine?op=revert", "to=-1"), 200);
	EXPECT_INT(asks("GET", "scripts/mine?op=download", NULL), 200);
	EXPECT_HAS(lab_text(&lab), "echo hello");
	EXPECT_INT(asks("POST", "scripts/mine?op=add_tag", "tag=a,b"), 400);
	EXPECT_INT(asks("POST", "scripts/mine?op=add_tag", "tag=a"), 200);
	EXPECT_STR(word("tags[0]"), "node"); /* what it is for is a tag */
	EXPECT_STR(word("tags[1]"), "a");
	EXPECT_INT(asks("POST", "scripts/mine?op=remove_tag", "tag=a"), 200);
	EXPECT_INT(jlen(lab.body, "tags"), 1);
	EXPECT_INT(asks("POST", "scripts/mine?op=remove_tag", "tag=node"), 200);
	EXPECT_INT(jlen(lab.body, "tags"), 1);
	EXPECT_INT(asks("DELETE", "scripts/memtester", NULL), 400);
	EXPECT_STR(lab_text(&lab), "Unable to delete default script");
	EXPECT_INT(asks("DELETE", "scripts/mine", NULL), 204);
	EXPECT_INT(asks("GET", "scripts/mine", NULL), 404);
	lab_close(&lab);
}

TEST(a_machine_is_tested_by_a_script_of_ones_own)
{
	const char *id = a_lab_with_a_machine();

	EXPECT_INT(machine_op(id, "test", "testing_scripts=mine"), 400);
	EXPECT_INT(asks("POST", "scripts/",
	               "name=mine&hardware_type=memory&tags=quick&" HELLO),
	    200);
	EXPECT_INT(machine_op(id, "test", "testing_scripts=mine"), 200);
	minutes(10);
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_STR(word("memory_test_status_name"), "Passed");
	EXPECT_INT(asks_of(id, "GET", "results/current-testing/", NULL), 200);
	EXPECT_STR(word("results[0].name"), "mine");
	lab_close(&lab);
}

TEST(commissioning_runs_the_scripts_of_administrators_too)
{
	const char *id = a_lab_with_a_machine();
	int before;

	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	EXPECT_INT(
	    asks_of(id, "GET", "results/current-commissioning/", NULL), 200);
	before = (int)jlen(lab.body, "results");
	minutes(10);
	EXPECT_INT(
	    asks("POST", "scripts/", "name=mine&type=commissioning&" HELLO),
	    200);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	EXPECT_INT(
	    asks_of(id, "GET", "results/current-commissioning/", NULL), 200);
	EXPECT_INT(jlen(lab.body, "results"), before + 1);
	lab_close(&lab);
}

/* How many run of each kind; then it is not waited for. */
static void runs(
    const char *id, const char *form, size_t commissioning, size_t testing)
{
	char *path = xasprintf("machines/%s/", id);

	EXPECT_INT(machine_op(id, "commission", form), 200);
	EXPECT_INT(
	    asks_of(id, "GET", "results/current-commissioning/", NULL), 200);
	EXPECT_INT(jlen(lab.body, "results"), commissioning);
	EXPECT_INT(asks_of(id, "GET", "results/current-testing/", NULL),
	    testing ? 200 : 400);
	if (testing)
		EXPECT_INT(jlen(lab.body, "results"), testing);
	EXPECT_INT(asks("DELETE", path, NULL), 204);
	free(path);
}

TEST(scripts_that_are_asked_for_are_those_that_run)
{
	size_t own;

	a_lab(NULL, NULL);
	EXPECT_INT(machine_op(a_machine(NULL), "commission", ""), 200);
	EXPECT_INT(asks_of(word("system_id"), "GET",
	               "results/current-commissioning/", NULL),
	    200);
	own = jlen(lab.body, "results");
	EXPECT_INT(asks("POST", "scripts/",
	               "name=raid&type=commissioning&tags=disks&" HELLO),
	    200);
	EXPECT_INT(asks("POST", "scripts/",
	               "name=rare&type=commissioning&tags=noauto,disks&" HELLO),
	    200);
	EXPECT_INT(
	    asks("POST", "scripts/",
	        "name=card&type=commissioning&for_hardware=pci:8086:1&" HELLO),
	    200);
	EXPECT_INT(
	    asks("POST", "scripts/", "name=soak&tags=commissioning&" HELLO),
	    200);
	runs(a_machine(NULL), "", own + 1, 2);
	runs(a_machine(NULL), "commissioning_scripts=none&testing_scripts=none",
	    own, 0);
	runs(a_machine(NULL), "commissioning_scripts=rare&testing_scripts=7z",
	    own + 1, 1);
	runs(a_machine(NULL), "commissioning_scripts=disks&testing_scripts=cpu",
	    own + 2, 3);
	lab_close(&lab);
}

static size_t results_shown(const char *id, const char *query)
{
	char *path = xasprintf("results/%s", query);
	size_t count = 0;

	EXPECT_INT(asks_of(id, "GET", path, NULL), 200);
	for (size_t i = 0; i < json_array_size(lab.body); i++)
		count += jlen(json_array_get(lab.body, i), "results");
	free(path);
	return count;
}

static void untold(const char *id, const char *op, const char *form,
    const char *field, const char *sentence)
{
	EXPECT_INT(machine_op(id, op, form), 400);
	EXPECT_INT(json_object_size(lab.body), 1);
	EXPECT_STR(word(field), sentence);
}

TEST(scripts_are_told_of_disks_and_interfaces_that_there_are)
{
	const char *id = a_lab_with_a_machine();

	untold(id, "test", "storage=sdz", "storage[0]",
	    "Select a valid choice. sdz is not one of the available choices.");
	untold(id, "commission", "interface=eth9", "interface[0]",
	    "Select a valid choice. eth9 is not one of the available choices.");
	EXPECT_INT(
	    machine_op(id, "test", "fio_storage=x&badblocks_storage="), 400);
	EXPECT_STR(word("fio_storage[0]"),
	    "Select a valid choice. x is not one of the available choices.");
	EXPECT_INT(machine_op(id, "test",
	               "testing_scripts=smartctl-validate&storage=sda&"
	               "interface=all&gateway-connectivity_interface=eth0"),
	    200);
	lab_close(&lab);
}

TEST(results_are_sifted_by_type_hardware_and_filters)
{
	const char *id = a_lab_with_a_machine();

	EXPECT_INT(machine_op(id, "commission", "testing_scripts=none"), 200);
	minutes(10);
	EXPECT_INT(machine_op(id, "test", "testing_scripts=memtester,7z"), 200);
	minutes(10);
	EXPECT_INT(results_shown(id, "?type=testing"), 2);
	EXPECT_INT(results_shown(id, "?type=2&filters=7z"), 1);
	EXPECT_INT(results_shown(id, "?type=test&filters=7z,memory"), 2);
	EXPECT_INT(results_shown(id, "?type=2&filters="), 0);
	EXPECT_INT(results_shown(id, "?type=2&hardware_type=memory"), 1);
	EXPECT_INT(results_shown(id, "?type=2&include_output=no"), 2);
	EXPECT_STR(word("[1].results[0].stdout"), "");
	EXPECT(json_is_string(jget(lab.body, "[1].results[0].result")));
	EXPECT_INT(results_shown(id, "?type=install"), 0);
	EXPECT_INT(asks_of(id, "GET", "results/?type=zz", NULL), 400);
	EXPECT_STR(lab_text(&lab),
	    "Result type must be commissioning, testing, or installation.");
	EXPECT_INT(asks_of(id, "GET", "results/?type=9", NULL), 400);
	EXPECT_STR(lab_text(&lab), "Invalid result type numeric value.");
	EXPECT_INT(asks_of(id, "GET", "results/?hardware_type=zz", NULL), 400);
	EXPECT_INT(
	    asks_of(id, "DELETE", "results/current-commissioning/", NULL), 400);
	EXPECT_HAS(lab_text(&lab),
	    "Unable to delete the current commissioning script set for node: ");
	lab_close(&lab);
}

#define PRINTED                                                          \
	"results/current-commissioning/?op=download&filters=50-maas-01-" \
	"commissioning"

TEST(what_commissioning_printed_is_what_the_machine_is_made_of)
{
	const struct maas_machine_spec spec = {
		.hostname = "big", .cpu_count = 24, .memory_mib = 65536
	};
	const char *id;

	a_lab(NULL, NULL);
	id = a_machine(&spec);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	EXPECT_INT(asks_of(id, "GET", PRINTED, NULL), 200);
	EXPECT_STR(lab_text(&lab), "");
	minutes(20);
	EXPECT_INT(asks_of(id, "GET", PRINTED, NULL), 200);
	json_decref(lab.body);
	lab.body = json_loads(lab_text(&lab), 0, NULL);
	EXPECT_STR(word("environment.server_name"), "big");
	EXPECT_INT(number("resources.cpu.total"), 24);
	EXPECT(jint(lab.body, "resources.memory.total") == 65536LL << 20);
	EXPECT_STR(word("resources.network.cards[0].ports[0].id"), "eth0");
	EXPECT_STR(word("resources.storage.disks[0].id"), "sda");
	EXPECT_INT(number("resources.storage.total"), 1);
	lab_close(&lab);
}

TEST(output_is_shown_to_who_asks_for_it)
{
	const char *id = a_lab_with_a_machine();
	const char *begins = "eyJhcGlfZXh0ZW5zaW9ucyI6"; /* base64 of JSON */

	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	minutes(20);
	EXPECT_INT(asks_of(id, "GET",
	               "results/current-commissioning/?include_output=1&"
	               "filters=50-maas-01-commissioning",
	               NULL),
	    200);
	EXPECT_HAS(word("results[0].output"), begins);
	EXPECT_HAS(word("results[0].stdout"), begins);
	EXPECT_STR(word("results[0].stderr"), "");
	EXPECT_INT(asks("GET", "installation-results/", NULL), 200);
	EXPECT_HAS(lab_text(&lab), begins);
	lab_close(&lab);
}

TEST(results_can_be_silenced_loaded_and_deleted)
{
	const char *id = a_lab_with_a_machine();

	EXPECT_INT(machine_op(id, "test", "testing_scripts=memtester,7z"), 200);
	minutes(10);
	EXPECT_INT(asks_of(id, "PUT", "results/current-testing/", ""), 400);
	EXPECT_INT(asks_of(id, "PUT", "results/current-testing/",
	               "suppressed=true&filters=7z"),
	    200);
	EXPECT(jbool(lab.body, "results[0].suppressed"));
	EXPECT(!jbool(lab.body, "results[1].suppressed"));
	EXPECT_INT(
	    asks_of(id, "GET", "results/current-testing/?op=download", NULL),
	    200);
	EXPECT_HAS(lab_text(&lab), "- memtester -");
	EXPECT_INT(asks_of(id, "GET", "results/yesterday/", NULL), 400);
	EXPECT_HAS(lab_text(&lab), "Unknown id \"yesterday\"");
	lab_as(&lab, "bob", false);
	EXPECT_INT(
	    asks_of(id, "DELETE", "results/current-testing/", NULL), 403);
	lab_as(&lab, "admin", true);
	EXPECT_INT(
	    asks_of(id, "DELETE", "results/current-testing/", NULL), 204);
	EXPECT_INT(asks_of(id, "GET", "results/current-testing/", NULL), 400);
	EXPECT_HAS(lab_text(&lab), "Unknown id \"current-testing\"");
	status_of(id);
	EXPECT_STR(word("testing_status_name"), "Unknown");
	lab_close(&lab);
}

TEST(the_older_names_reach_the_same_scripts)
{
	a_lab(NULL, NULL);
	EXPECT_INT(
	    asks("POST", "scripts/", "name=old&type=commissioning&" HELLO),
	    200);
	EXPECT_INT(asks("GET", "commissioning-scripts/", NULL), 200);
	EXPECT(strstr(lab_text(&lab), "\"old\""));
	EXPECT_INT(asks("GET", "commissioning-scripts/old", NULL), 200);
	EXPECT_HAS(lab_text(&lab), "echo hello");
	EXPECT_INT(asks("POST", "commissioning-scripts/", "name=x"), 400);
	EXPECT_STR(lab_text(&lab), "No provided content!");
	EXPECT_INT(asks("DELETE", "commissioning-scripts/old", NULL), 204);
	EXPECT_INT(asks("GET", "scripts/old", NULL), 404);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_script_has_a_name_and_begins_like_one),
    CASE(what_a_script_says_of_itself_is_believed),
    CASE(a_script_keeps_its_versions),
    CASE(a_machine_is_tested_by_a_script_of_ones_own),
    CASE(commissioning_runs_the_scripts_of_administrators_too),
    CASE(scripts_that_are_asked_for_are_those_that_run),
    CASE(scripts_are_told_of_disks_and_interfaces_that_there_are),
    CASE(results_are_sifted_by_type_hardware_and_filters),
    CASE(what_commissioning_printed_is_what_the_machine_is_made_of),
    CASE(output_is_shown_to_who_asks_for_it),
    CASE(results_can_be_silenced_loaded_and_deleted),
    CASE(the_older_names_reach_the_same_scripts), TESTS_END
