#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* Nodes that nobody deploys: devices, whose form has fields in common with
 * that of machines, and rack controllers, which have no BMC. */

#define MAC(end) "mac_addresses=52:54:00:11:11:" end
#define NO_CHOICE                                                            \
	"[\"Select a valid choice. That choice is not one of the available " \
	"choices.\"]"

TEST(the_form_of_a_device_is_judged_like_that_of_a_machine)
{
	static const struct row rows[] = {
		{ "POST", "devices/", "", 400,
		    "{\"mac_addresses\": [\"This field is required.\"]}" },
		{ "POST", "devices/", MAC("11") "&domain=&zone=&hostname=d1",
		    200, NULL },
		{ "POST", "devices/", MAC("12") "&hostname=d2.maas", 200,
		    NULL },
		{ "POST", "devices/", MAC("11") "&" MAC("12"), 400,
		    "{\"mac_addresses\": [\"One or more MAC addresses is "
		    "invalid. (MAC address 52:54:00:11:11:11 already in use "
		    "on d1. \xe2\x80\x94 MAC address 52:54:00:11:11:12 already "
		    "in "
		    "use on d2.)\"]}" },
		{ "POST", "devices/", MAC("13") "&zone=no&parent=no", 400,
		    "{\"zone\": " NO_CHOICE ", \"parent\": " NO_CHOICE "}" },
		{ "POST", "devices/", MAC("13") "&disable_ipv4=true", 400,
		    "{\"disable_ipv4\": [\"If specified, disable_ipv4 must "
		    "be False.\"]}" },
		{ "POST", "devices/", MAC("13") "&hostname=d1", 400,
		    "{\"hostname\": [\"Node with this Hostname already "
		    "exists.\"]}" },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT_INT(lab_ask(&lab, "GET", "devices/?hostname=d2", NULL), 200);
	EXPECT_STR(jstr(lab.body, "[0].fqdn"), "d2.maas");
	lab_close(&lab);
}

TEST(a_device_is_in_its_parents_domain_unless_it_says_otherwise)
{
	const char *id = a_lab_with_a_machine();
	char *form;

	EXPECT_INT(lab_ask(&lab, "POST", "domains/", "name=far.test"), 200);
	form = xasprintf("machines/%s/", id);
	EXPECT_INT(lab_ask(&lab, "PUT", form, "domain=far.test"), 200);
	free(form);
	form = xasprintf(MAC("21") "&parent=%s", id);
	EXPECT_INT(lab_ask(&lab, "POST", "devices/", form), 200);
	EXPECT_STR(jstr(lab.body, "domain.name"), "far.test");
	free(form);
	form = xasprintf(MAC("22") "&domain=maas&parent=%s", id);
	EXPECT_INT(lab_ask(&lab, "POST", "devices/", form), 200);
	EXPECT_STR(jstr(lab.body, "parent"), id);
	free(form);
	lab_close(&lab);
}

#define RACK "rackcontrollers/rack01/"

TEST(a_rack_controller_is_neither_switched_nor_tested)
{
	static const struct row rows[] = {
		{ "POST", RACK "?op=power_on", "", 200, NULL },
		{ "POST", RACK "?op=power_off", "", 200, "null" },
		{ "POST", RACK "?op=abort", "", 409,
		    "Cannot abort in current state: node rack01 is in state "
		    "New." },
		{ "POST", RACK "?op=override_failed_testing", "", 409,
		    "Unable to override node status. Node is not in 'Failed "
		    "testing' status." },
		{ "POST", RACK "?op=test", "", 500,
		    "Unconfigured power type. Please configure the power type "
		    "and try again." },
		{ "POST", "rackcontrollers/nosuch/?op=power_on", "", 404,
		    "No RackController matches the given query." },
		{ "GET", "vm-clusters/1", NULL, 404,
		    "No VMCluster matches the given query." },
		{ "PUT", RACK, "domain=nosuch&zone=nosuch", 400,
		    "{\"zone\": " NO_CHOICE ", \"domain\": " NO_CHOICE "}" },
		{ "PUT", RACK, "domain=far.test&zone=", 200, NULL },
	};
	static const char *const admins[] = { "power_on", "power_off", "abort",
		"test", "override_failed_testing" };

	a_lab_from("{\"rack_system_id\": \"rack01\"}");
	EXPECT_INT(lab_ask(&lab, "POST", "domains/", "name=far.test"), 200);
	HOLD(rows);
	EXPECT_STR(jstr(lab.body, "domain.name"), "far.test");
	lab_as(&lab, "alice", false);
	for (size_t i = 0; i < sizeof(admins) / sizeof(admins[0]); i++) {
		char *path = xasprintf(RACK "?op=%s", admins[i]);

		EXPECT_INT(lab_ask(&lab, "POST", path, ""), 403);
		free(path);
	}
	lab_close(&lab);
}

TEST(power_parameters_of_many_are_for_administrators)
{
	a_lab(NULL, NULL);
	a_machine(NULL);
	EXPECT_INT(
	    lab_ask(&lab, "GET", "machines/?op=power_parameters", NULL), 200);
	lab_as(&lab, "alice", false);
	EXPECT_INT(
	    lab_ask(&lab, "GET", "machines/?op=power_parameters", NULL), 403);
	EXPECT_STR(lab_text(&lab), "This method is reserved for admin users.");
	lab_close(&lab);
}

static const char *with_id(const char *path, const char *id, const char *rest)
{
	static char text[100];

	snprintf(text, sizeof(text), "%s/%s/%s", path, id, rest);
	return text;
}

/* Of machines alone somebody is kept away; lists leave out what is others'. */
TEST(a_device_is_everybodys_to_read_and_its_owners_to_change)
{
	char id[20];

	a_lab(NULL, NULL);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("POST", "devices/", "hostname=d&" MAC("30")), 200);
	snprintf(id, sizeof(id), "%s", word("system_id"));
	lab_as(&lab, "alice", false);
	EXPECT_INT(asks("GET", with_id("devices", id, ""), NULL), 200);
	EXPECT_INT(asks("GET", with_id("nodes", id, ""), NULL), 200);
	EXPECT_INT(asks("GET", with_id("nodes", id, "interfaces/"), NULL), 200);
	EXPECT_INT(
	    asks("GET", with_id("nodes", id, "interfaces/eth0/"), NULL), 200);
	EXPECT_INT(
	    asks("GET", with_id("devices", id, "?op=details"), NULL), 200);
	EXPECT_INT(asks("GET", "devices/", NULL), 200);
	EXPECT_INT((int)json_array_size(lab.body), 0);
	EXPECT_INT(asks("PUT", with_id("devices", id, ""), "hostname=e"), 403);
	EXPECT_INT(
	    asks("PUT", with_id("nodes", id, "interfaces/eth0/"), ""), 403);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("PUT", with_id("devices", id, ""), "hostname=e"), 200);
	EXPECT_INT(
	    asks("POST",
	        with_id("devices", id, "?op=restore_networking_configuration"),
	        ""),
	    403);
	lab_close(&lab);
}

TEST(the_interfaces_of_a_controller_are_what_it_says)
{
	static const char inventory[] =
	    "{\"rack_system_id\": \"rack01\", \"racks\": [{\"system_id\": "
	    "\"rack01\", \"hostname\": \"r\", \"interfaces\": [{\"name\": "
	    "\"eth0\", \"mac_address\": \"52:54:00:11:11:20\"}]}]}";
#define ETH0 "nodes/rack01/interfaces/eth0/"
	static const struct row rows[] = {
		{ "POST", ETH0 "?op=link_subnet", "mode=auto", 403,
		    "Cannot link subnet interface on a controller." },
		{ "POST", ETH0 "?op=unlink_subnet", "id=1", 403,
		    "Cannot link subnet interface on a controller." },
		{ "POST", ETH0 "?op=set_default_gateway", "", 403,
		    "Cannot link subnet interface on a controller." },
		{ "POST", ETH0 "?op=disconnect", "", 403,
		    "Cannot disconnect interface on a controller." },
	};
	json_t *json = json_loads(inventory, 0, NULL);
	struct err err = { 0 };

	a_lab(NULL, NULL);
	EXPECT(maas_load(lab.maas, json, &err));
	json_decref(json);
	lab_as(&lab, "admin", true);
	HOLD(rows);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("GET", "nodes/rack01/interfaces/", NULL), 200);
	EXPECT_INT(asks("GET", ETH0, NULL), 200);
	EXPECT_INT(asks("PUT", ETH0, ""), 403);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(the_form_of_a_device_is_judged_like_that_of_a_machine),
    CASE(a_device_is_in_its_parents_domain_unless_it_says_otherwise),
    CASE(a_rack_controller_is_neither_switched_nor_tested),
    CASE(power_parameters_of_many_are_for_administrators),
    CASE(a_device_is_everybodys_to_read_and_its_owners_to_change),
    CASE(the_interfaces_of_a_controller_are_what_it_says), TESTS_END
