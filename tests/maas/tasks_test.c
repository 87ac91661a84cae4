#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* What machines are put to and taken out of, by whom, and in which state: what
 * is refused, in which words, and what a later look shows. */

static void signals(const char *id, const char *status)
{
	char *step = xasprintf("{\"step\": \"machine-signals\", \"machine\": "
	                       "\"%s\", \"status\": \"%s\"}",
	    id, status);

	EXPECT(happens(step));
	free(step);
}

static int on(const char *id, const char *method, const char *form)
{
	char path[64];

	snprintf(path, sizeof(path), "machines/%s/", id);
	return lab_ask(&lab, method, path, form);
}

static void a_gated_lab(void)
{
	a_lab(&(struct maas_options){ .gated = true }, NULL);
}

/* A deployed machine of alice's, who asks from now on. */
static const char *a_deployed_machine(void)
{
	const char *id = a_machine(NULL);
	char *step = xasprintf(
	    "{\"step\": \"machine-boots\", \"machine\": \"%s\"}", id);

	lab_as(&lab, "alice", false);
	EXPECT_INT(machine_op(id, "deploy", "agent_name=web"), 200);
	EXPECT(happens("{\"step\": \"settle\"}"));
	EXPECT(happens(step));
	free(step);
	EXPECT_STR(status_of(id), "Deployed");
	return id;
}

TEST(annotations_are_the_owners_alone)
{
	const char *id;

	a_gated_lab();
	id = a_deployed_machine();
	EXPECT_INT(machine_op(id, "set_workload_annotations", "a=1"), 200);
	lab_as(&lab, "admin", true);
	EXPECT_INT(machine_op(id, "set_owner_data", "a=2"), 409);
	EXPECT_STR(lab_text(&lab),
	    "Cannot set workload annotation: it hasn't been acquired.");
	lab_close(&lab);
}

TEST(an_agent_is_forgotten_when_the_release_begins)
{
	const char *id;

	a_gated_lab();
	id = a_deployed_machine();
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Releasing");
	EXPECT_INT(lab_ask(&lab, "GET", "machines/?agent_name=web", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 0);
	lab_close(&lab);
}

TEST(only_one_machine_joins_a_release_under_way)
{
	const char *id;
	char form[32];

	a_gated_lab();
	id = a_deployed_machine();
	snprintf(form, sizeof(form), "machines=%s", id);
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/?op=release", form), 409);
	EXPECT_HAS(lab_text(&lab), "('Releasing')");
	lab_close(&lab);
}

TEST(a_machine_takes_its_devices_along)
{
	const char *id;
	char *form;

	a_gated_lab();
	id = a_deployed_machine();
	form = xasprintf(
	    "hostname=box&mac_addresses=52:54:00:00:00:aa&parent=%s", id);
	EXPECT_INT(lab_ask(&lab, "POST", "devices/", form), 200);
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_INT(lab_ask(&lab, "GET", "devices/", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 0);
	free(form);
	lab_close(&lab);
}

TEST(power_parameters_of_a_locked_machine_can_be_read)
{
	const char *id;
	char path[64];

	a_gated_lab();
	id = a_deployed_machine();
	EXPECT_INT(machine_op(id, "lock", ""), 200);
	EXPECT_INT(machine_op(id, "lock", ""), 409);
	EXPECT_STR(lab_text(&lab), "Machine is already locked");
	lab_as(&lab, "admin", true);
	snprintf(path, sizeof(path), "machines/%s/?op=power_parameters", id);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 200);
	EXPECT_INT(on(id, "DELETE", NULL), 403);
	lab_close(&lab);
}

TEST(commissioning_starts_with_bare_disks_and_no_links)
{
	const char *id;

	a_gated_lab();
	id = a_machine(NULL);
	EXPECT_INT(machine_op(id, "commission", "skip_storage=maybe"), 200);
	EXPECT_INT(jlen(lab.body, "blockdevice_set[0].partitions"), 2);
	EXPECT_INT(jlen(lab.body, "interface_set[0].links"), 0);
	EXPECT_INT(machine_op(id, "abort", ""), 200);
	EXPECT_INT(machine_op(id, "commission", "skip_networking=1"), 200);
	EXPECT_INT(jlen(lab.body, "blockdevice_set[0].partitions"), 0);
	EXPECT(happens("{\"step\": \"settle\"}"));
	signals(id, "OK");
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_INT(jlen(lab.body, "blockdevice_set[0].partitions"), 2);
	lab_close(&lab);
}

TEST(tests_ask_for_a_machine_that_is_known_and_scripts_that_spare_it)
{
	const char *id;

	a_gated_lab();
	id = a_deployed_machine();
	lab_as(&lab, "admin", true);
	EXPECT_INT(
	    machine_op(id, "test", "testing_scripts=badblocks-destructive"),
	    400);
	EXPECT_STR(lab_text(&lab),
	    "{\"testing_scripts\": [\"Destructive tests may only be run on "
	    "undeployed machines.\"]}");
	EXPECT_INT(machine_op(id, "test", "testing_scripts=storage"), 400);
	EXPECT_HAS(lab_text(&lab), "Destructive tests may only be run");
	EXPECT_INT(machine_op(id, "override_failed_testing", ""), 409);
	EXPECT_STR(lab_text(&lab),
	    "Unable to override node status. Node is not in 'Failed testing' "
	    "status.");
	EXPECT_INT(machine_op(id, "test", ""), 200);
	EXPECT(happens("{\"step\": \"settle\"}"));
	signals(id, "FAILED");
	EXPECT_STR(status_of(id), "Failed testing");
	EXPECT_INT(machine_op(id, "commission", ""), 400);
	EXPECT_INT(machine_op(id, "override_failed_testing", ""), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Deployed");
	lab_close(&lab);
}

TEST(what_never_was_commissioned_is_new_when_it_is_released)
{
	const char *id;

	a_gated_lab();
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&mac_addresses=52:54:00:00:00:01&"
	               "deployed=true&power_type=manual"),
	    200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Deployed");
	id = xstrdup(jstr(lab.body, "system_id"));
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "New");
	free((void *)(uintptr_t)id);
	lab_close(&lab);
}

TEST(a_list_of_machines_names_each_once_and_nothing_is_a_name)
{
	static const struct row rows[] = {
		{ "POST", "machines/?op=release",
		    "machines=zz&machines=yy&machines=zz", 400,
		    "Unknown machine(s): zz, yy." },
		{ "POST", "machines/?op=release", "machines=", 400,
		    "Unknown machine(s): ." },
		{ "POST", "machines/?op=release", "", 200, "[]" },
		{ "POST", "machines/?op=accept", "machines=", 400,
		    "Unknown machine(s): ." },
	};

	A_LAB_HOLDS(rows);
}

/* A document, where fields of a form are looked for. */
static int documents(const char *path, const char *type, const char *body)
{
	struct http_request request = { 0 };
	char *authorization = lab_authorization(&lab);

	http_request_set(&request, "POST", "/MAAS/api/2.0/machines/%s", path);
	http_header_add(&request.headers, "Authorization", authorization);
	http_header_add(&request.headers, "Content-Type", type);
	buf_adds(&request.body, body);
	free(authorization);
	return lab_send(&lab, &request);
}

#define JSON "application/json"

TEST(fields_of_a_document_are_no_fields_of_a_form)
{
	const char *id;
	char path[64];

	a_gated_lab();
	id = a_deployed_machine();
	EXPECT_INT(documents("?op=allocate", JSON, "{\"mem\": 1}"), 500);
	EXPECT_STR(lab_text(&lab), "'dict' object has no attribute 'lists'");
	EXPECT_INT(documents("?op=allocate", "text/plain", "mem=1"), 500);
	EXPECT_STR(
	    lab_text(&lab), "'NoneType' object has no attribute 'lists'");
	EXPECT_INT(documents("?op=release", JSON, "{\"machines\": []}"), 500);
	EXPECT_STR(lab_text(&lab), "'dict' object has no attribute 'getlist'");
	snprintf(path, sizeof(path), "%s/?op=deploy", id);
	EXPECT_INT(documents(path, "text/plain", "x"), 500);
	EXPECT_STR(lab_text(&lab), "'NoneType' object has no attribute 'get'");
	snprintf(path, sizeof(path), "%s/?op=release", id);
	EXPECT_INT(documents(path, JSON, "{\"erase\": \"maybe\"}"), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Releasing");
	lab_close(&lab);
}

TEST(enlistment_is_accepted_once)
{
	const char *id;
	char form[64];

	a_gated_lab();
	id = a_deployed_machine();
	lab_as(&lab, "admin", true);
	snprintf(form, sizeof(form), "machines=%s", id);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/?op=accept", form), 409);
	EXPECT_HAS(lab_text(&lab), "Cannot accept node enlistment: node ");
	EXPECT_INT(lab_ask(&lab, "POST", "machines/?op=accept",
	               "machines=zz&machines=yy"),
	    400);
	EXPECT_STR(lab_text(&lab), "Unknown machine(s): zz, yy.");
	lab_close(&lab);
}

/* ---- making and changing machines ---- */

#define NEW(form) "POST", "machines/", form
#define MAC       "mac_addresses=52:54:00:00:00:01"

TEST(a_new_machine_is_judged_field_by_field)
{
	static const struct row rows[] = {
		{ NEW("commission=maybe"), 400,
		    "Invalid commission: Value should be 'true' or 'false'" },
		{ NEW("architecture=amd64/generic&subarchitecture=x"), 400,
		    "Subarchitecture cannot be specified twice." },
		{ NEW("architecture=amd64/hwe-22.04"), 400,
		    "hwe kernel must be specified using the min_hwe_kernel "
		    "argument." },
		{ NEW("min_hwe_kernel=5.15"), 400,
		    "min_hwe_kernel must start with \"hwe-\" or \"ga-\"" },
		{ NEW(""), 400,
		    "{\"architecture\": [\"This field is required.\"], "
		    "\"mac_addresses\": [\"This field is required.\"]}" },
		{ NEW("architecture=amd64&mac_addresses=x&mac_addresses=y"),
		    400,
		    "{\"mac_addresses\": [\"One or more MAC addresses is "
		    "invalid. ('x' is not a valid MAC address. \u2014 'y' is "
		    "not a valid MAC address.)\"]}" },
		{ NEW("architecture=amd64&" MAC "&power_parameters={"), 400,
		    "Failed to parse JSON power_parameters" },
		{ NEW("architecture=amd64&" MAC
		      "&power_type=virsh&power_parameters_power_pass=x"),
		    400,
		    "{\"power_parameters\": [\"Address: This field is "
		    "required.\", \"Virsh VM ID: This field is "
		    "required.\"]}" },
		{ NEW("architecture=amd64&" MAC "&swap_size=xG"), 500,
		    "invalid literal for int() with base 10: 'x'" },
		{ NEW("architecture=amd64&" MAC "&domain=77"), 500,
		    "Domain matching query does not exist." },
		{ NEW("architecture=amd64&" MAC "&disable_ipv4=yes"), 400,
		    "{\"disable_ipv4\": [\"If specified, disable_ipv4 must be "
		    "False.\"]}" },
		{ NEW("architecture=amd64&" MAC), 500,
		    "Unconfigured power type. Please configure the power type "
		    "and try again." },
		{ NEW("architecture=amd64&" MAC
		      "&commission=false&zone=&pool="),
		    200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(who_is_no_administrator_has_fewer_fields)
{
	a_lab(NULL, NULL);
	lab_as(&lab, "bob", false);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&mac_addresses=52-54-00-00-00-AA&"
	               "zone=nosuch&pool=nosuch&description=x&cpu_count=x"),
	    200);
	EXPECT_STR(jstr(lab.body, "status_name"), "New");
	EXPECT_STR(jstr(lab.body, "description"), "");
	EXPECT_STR(jstr(lab.body, "interface_set[0].mac_address"),
	    "52:54:00:00:00:aa");
	lab_close(&lab);
}

TEST(a_machine_that_was_met_before_is_the_same_one)
{
	char *id;

	a_lab(NULL, NULL);
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&" MAC "&hostname=one"),
	    200);
	id = xstrdup(jstr(lab.body, "system_id"));
	EXPECT_INT(lab_ask(&lab, "POST", "machines/", MAC), 400);
	EXPECT_STR(lab_text(&lab),
	    "{\"architecture\": [\"This field is required.\"]}");
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&" MAC "&hostname=two"),
	    200);
	EXPECT_STR(jstr(lab.body, "system_id"), id);
	EXPECT_STR(jstr(lab.body, "hostname"), "one");
	free(id);
	lab_close(&lab);
}

TEST(a_machine_is_known_by_its_bmc)
{
	char *id;

	a_lab(NULL, NULL);
	lab_as(&lab, "admin", true);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&commission=false&" MAC
	               "&power_type=ipmi&power_parameters_power_address=b1"),
	    200);
	id = xstrdup(jstr(lab.body, "system_id"));
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&mac_addresses=52:54:00:00:00:fe&"
	               "power_type=ipmi&power_parameters={\"power_address\":"
	               "\"b1\"}"),
	    200);
	EXPECT_STR(jstr(lab.body, "system_id"), id);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/",
	               "architecture=amd64&" MAC
	               "&power_type=ipmi&power_parameters=x"),
	    500);
	EXPECT_STR(lab_text(&lab), "Expecting value: line 1 column 1 (char 0)");
	free(id);
	lab_close(&lab);
}

TEST(a_change_of_power_is_whole)
{
	const char *id = a_lab_with_a_machine();
	char path[64];

	snprintf(path, sizeof(path), "machines/%s/?op=power_parameters", id);
	EXPECT_INT(on(id, "PUT", "power_type=virsh"), 400);
	EXPECT_INT(on(id, "PUT",
	               "power_type=virsh&power_parameters_power_address=q&"
	               "power_parameters_power_id=v&power_parameters_x=y"),
	    200);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 200);
	EXPECT_INT(json_object_size(lab.body), 3);
	EXPECT_INT(on(id, "PUT",
	               "power_parameters_x=y&"
	               "power_parameters_skip_check=true"),
	    200);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 200);
	EXPECT_STR(jstr(lab.body, "x"), "y");
	EXPECT_INT(on(id, "PUT", "power_type="), 200);
	EXPECT_STR(jstr(lab.body, "power_type"), "");
	EXPECT_INT(on(id, "PUT", "architecture=amd64"), 400);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(annotations_are_the_owners_alone),
    CASE(an_agent_is_forgotten_when_the_release_begins),
    CASE(only_one_machine_joins_a_release_under_way),
    CASE(a_machine_takes_its_devices_along),
    CASE(power_parameters_of_a_locked_machine_can_be_read),
    CASE(commissioning_starts_with_bare_disks_and_no_links),
    CASE(tests_ask_for_a_machine_that_is_known_and_scripts_that_spare_it),
    CASE(what_never_was_commissioned_is_new_when_it_is_released),
    CASE(a_list_of_machines_names_each_once_and_nothing_is_a_name),
    CASE(fields_of_a_document_are_no_fields_of_a_form),
    CASE(enlistment_is_accepted_once),
    CASE(a_new_machine_is_judged_field_by_field),
    CASE(who_is_no_administrator_has_fewer_fields),
    CASE(a_machine_that_was_met_before_is_the_same_one),
    CASE(a_machine_is_known_by_its_bmc),
    CASE(a_change_of_power_is_whole), TESTS_END
