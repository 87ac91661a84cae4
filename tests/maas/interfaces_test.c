#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* Interfaces and their links: who may change them, what a form says of each
 * field, and what becomes of links and VLANs. */

static const char *id; /* of the machine at hand */

static void a_site(void)
{
	id = a_lab_with_a_machine();
	EXPECT_INT(lab_ask(&lab, "POST", "fabrics/0/vlans/", "vid=7"), 200);
}

/* 0 or the status that was not expected. */
static void asked(const char *method, const char *path, const char *form,
    int status, const char *body)
{
	char *whole = xasprintf("nodes/%s/interfaces/%s", id, path);
	int got = lab_ask(&lab, method, whole, form);

	if (got != status)
		test_failed(__FILE__, __LINE__, "%s %s %s: %d %s", method, path,
		    form ? form : "", got, lab_text(&lab));
	else if (body)
		EXPECT_STR(lab_text(&lab), body);
	free(whole);
}

TEST(an_interface_is_found_by_id_name_or_specifier)
{
	a_site();
	asked("GET", "1/", NULL, 200, NULL);
	asked("GET", "eth0/", NULL, 200, NULL);
	asked("GET", "vlan:untagged/", NULL, 200, NULL);
	asked(
	    "GET", "eth7/", NULL, 404, "No Interface matches the given query.");
	asked("GET", "id:x/", NULL, 400, "Interface ID must be numeric.");
	id = "nobody";
	asked("GET", "1/", NULL, 404, "No Interface matches the given query.");
	asked("GET", "", NULL, 404, "No Node matches the given query.");
	asked("POST", "?op=create_bond", "", 404,
	    "No Machine matches the given query.");
	lab_close(&lab);
}

TEST(the_form_of_a_link_judges_field_by_field)
{
	a_site();
	asked("POST", "1/?op=link_subnet", "force=maybe", 400,
	    "Invalid force: Value should be 'true' or 'false'");
	asked("POST", "1/?op=link_subnet", "mode=static&subnet=1&ip_address=x",
	    400, "{\"ip_address\": [\"Enter a valid IPv4 or IPv6 address.\"]}");
	asked("POST", "1/?op=link_subnet", "mode=link_up&default_gateway=1",
	    400,
	    "{\"mode\": [\"Cannot configure interface to link up (with no IP "
	    "address) while other links are already configured. Specify "
	    "force=True to override this behavior and delete all links.\"], "
	    "\"default_gateway\": [\"Cannot use in mode 'link_up'.\"]}");
	asked("POST", "1/?op=link_subnet", "mode=dhcp&subnet=1", 200, NULL);
	asked("POST", "1/?op=link_subnet", "mode=dhcp", 400,
	    "{\"mode\": [\"Interface is already set to DHCP from "
	    "'10.0.0.0/24:10.0.0.0/24(vid=0)'.\"]}");
	asked(
	    "POST", "1/?op=link_subnet", "mode=link_up&force=true", 200, NULL);
	EXPECT_INT(jlen(lab.body, "links"), 1);
	EXPECT_STR(jstr(lab.body, "links[0].mode"), "link_up");
	asked("POST", "1/?op=link_subnet",
	    "mode=auto&subnet=1&default_gateway=true", 200, NULL);
	asked("POST", "1/?op=unlink_subnet", "", 400,
	    "{\"id\": [\"This field is required.\"]}");
	asked("POST", "1/?op=set_default_gateway", "link_id=99", 400, NULL);
	EXPECT_HAS(lab_text(&lab), "'99' is not a valid link_id.  It should be "
	                           "one of: '");
	lab_close(&lab);
}

TEST(a_range_that_holds_the_address_is_named)
{
	a_site();
	EXPECT_INT(lab_ask(&lab, "POST", "ipranges/",
	               "type=dynamic&start_ip=10.0.0.100&end_ip=10.0.0.120&"
	               "subnet=1"),
	    200);
	asked("POST", "1/?op=link_subnet",
	    "mode=static&subnet=1&ip_address=10.0.0.105", 400,
	    "{\"ip_address\": [\"IP address is inside a dynamic range "
	    "10.0.0.100 to 10.0.0.120.\"]}");
	lab_close(&lab);
}

TEST(parents_are_ids_and_one_thing_stands_on_each)
{
	a_site();
	asked("POST", "?op=create_bond", "name=bond0", 400,
	    "{\"parents\": [\"A bond interface must have one or more "
	    "parents.\"], \"mac_address\": [\"This field cannot be "
	    "blank.\"]}");
	asked("POST", "?op=create_bond", "name=bond0&parents=99", 400, NULL);
	EXPECT_HAS(lab_text(&lab), "Select a valid choice. 99 is not one of");
	asked("POST", "?op=create_bond",
	    "name=bond0&parents=1&bond_mode=fast&mtu=551", 400,
	    "{\"mtu\": [\"Ensure this value is greater than or equal to "
	    "552.\"], \"bond_mode\": [\"'fast' is not a valid bond_mode.  It "
	    "should be one of: 'balance-rr', 'active-backup', 'balance-xor', "
	    "'broadcast', '802.3ad', 'balance-tlb', 'balance-alb'.\"]}");
	asked("POST", "?op=create_bond",
	    "name=bond0&parents=1&bond_mode=802.3ad&mtu=9000&tags=a b,c", 200,
	    NULL);
	EXPECT_STR(jstr(lab.body, "params.bond_mode"), "802.3ad");
	EXPECT_INT(jint(lab.body, "params.mtu"), 9000);
	EXPECT_STR(jstr(lab.body, "tags[0]"), "a b");
	EXPECT_STR(jstr(lab.body, "links[0].mode"), "link_up");
	asked("GET", "1/", NULL, 200, NULL);
	EXPECT_INT(jlen(lab.body, "links"), 0);
	EXPECT_INT(jint(lab.body, "effective_mtu"), 9000);
	asked("POST", "1/?op=link_subnet", "mode=auto&subnet=1", 400,
	    "{\"bond\": [\"Cannot link interface(eth0) when interface is in a "
	    "bond(bond0).\"]}");
	asked("POST", "?op=create_bond", "name=bond1&parents=1", 400,
	    "{\"parents\": [\"Interfaces already in-use: eth0.\"]}");
	lab_close(&lab);
}

TEST(a_vlan_is_tagged_and_of_the_fabric_of_what_it_stands_on)
{
	a_site();
	asked("POST", "?op=create_vlan", "", 400,
	    "{\"vlan\": [\"A VLAN interface must be connected to a tagged "
	    "VLAN.\"], \"parent\": [\"A VLAN interface must have exactly one "
	    "parent.\"]}");
	asked("POST", "?op=create_vlan", "parent=1&vlan=1", 400,
	    "{\"vlan\": [\"A VLAN interface can only belong to a tagged "
	    "VLAN.\"]}");
	asked("POST", "?op=create_vlan", "parent=1&vlan=2", 200, NULL);
	EXPECT_STR(jstr(lab.body, "name"), "eth0.7");
	asked("POST", "?op=create_vlan", "parent=1&vlan=2", 400, NULL);
	EXPECT_HAS(lab_text(&lab), "already has an interface named 'eth0.7'.");
	asked("POST", "?op=create_bridge", "name=br0&parent=1", 200, NULL);
	asked("POST", "?op=create_bridge", "name=br1&parent=1", 400, NULL);
	lab_close(&lab);
}

TEST(a_change_of_vlan_drops_the_links)
{
	a_site();
	asked("PUT", "1/", "vlan=77", 400, NULL);
	asked("PUT", "1/", "vlan=2", 200, NULL);
	EXPECT_INT(jlen(lab.body, "links"), 0);
	asked("PUT", "1/", "name=bad name", 400,
	    "{\"name\": [\"Enter a valid value.\"]}");
	asked("PUT", "1/", "link_connected=false", 200, NULL);
	asked("PUT", "1/", "link_speed=100&link_connected=false", 400,
	    "{\"__all__\": [\"link_speed cannot be set when link_connected is "
	    "false.\"]}");
	asked("PUT", "1/", "enabled=false&link_connected=true", 200, NULL);
	EXPECT(!jbool(lab.body, "enabled"));
	lab_close(&lab);
}

TEST(a_deployed_machine_changes_cards_and_tags_and_no_more)
{
	a_site();
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	minutes(20);
	EXPECT_STR(status_of(id), "Deployed");
	asked("PUT", "1/", "name=lan&tags=x&vlan=2", 200, NULL);
	EXPECT_STR(jstr(lab.body, "name"), "lan");
	EXPECT_INT(jlen(lab.body, "tags"), 0);
	EXPECT_INT(jint(lab.body, "vlan.vid"), 0);
	asked("POST", "1/?op=add_tag", "tag=sriov", 200, NULL);
	asked("DELETE", "1/", NULL, 409,
	    "Cannot delete interface interface because the machine is not "
	    "New, Ready, Allocated, or Broken.");
	lab_as(&lab, "bob", false);
	asked("POST", "1/?op=add_tag", "tag=x", 403, "");
	/* nobody asks about the lock where an interface is found by itself */
	lab_as(&lab, "admin", true);
	EXPECT_INT(machine_op(id, "lock", ""), 200);
	asked("PUT", "1/", "name=wan", 200, NULL);
	asked("POST", "?op=create_bond", "", 403, "");
	lab_close(&lab);
}

TEST(the_bridge_of_an_allocated_machine_takes_the_links)
{
	a_site();
	EXPECT_INT(lab_ask(&lab, "POST", "machines/?op=allocate", ""), 200);
	asked("POST", "?op=create_bridge",
	    "name=br0&parent=1&bridge_stp=true&vlan=2", 200, NULL);
	EXPECT_STR(jstr(lab.body, "links[0].mode"), "auto");
	EXPECT(jbool(lab.body, "params.bridge_stp"));
	EXPECT_INT(jint(lab.body, "vlan.vid"), 0);
	EXPECT_INT(machine_op(id, "release", ""), 200);
	asked("GET", "", NULL, 200, NULL);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_STR(jstr(lab.body, "[0].links[0].mode"), "auto");
	lab_close(&lab);
}

TEST(a_device_is_its_owners_and_has_addresses_only)
{
	a_lab(NULL, NULL);
	lab_as(&lab, "bob", false);
	EXPECT_INT(lab_ask(&lab, "POST", "devices/",
	               "hostname=d&mac_addresses=52:54:00:00:00:aa"),
	    200);
	id = xstrdup(jstr(lab.body, "system_id"));
	asked("POST", "eth0/?op=link_subnet", "mode=auto&subnet=1", 400,
	    "{\"mode\": [\"'auto' is not a valid mode.  It should be one of: "
	    "'static'.\"]}");
	asked(
	    "POST", "eth0/?op=link_subnet", "mode=static&subnet=1", 200, NULL);
	asked("POST", "?op=create_physical", "mac_address=52:54:00:00:00:AB",
	    200, NULL);
	EXPECT_STR(jstr(lab.body, "mac_address"), "52:54:00:00:00:ab");
	EXPECT_STR(jstr(lab.body, "name"), "eth1");
	lab_as(&lab, "alice", false);
	asked("DELETE", "eth0/", NULL, 403, "");
	free((void *)(uintptr_t)id);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(an_interface_is_found_by_id_name_or_specifier),
    CASE(the_form_of_a_link_judges_field_by_field),
    CASE(a_range_that_holds_the_address_is_named),
    CASE(parents_are_ids_and_one_thing_stands_on_each),
    CASE(a_vlan_is_tagged_and_of_the_fabric_of_what_it_stands_on),
    CASE(a_change_of_vlan_drops_the_links),
    CASE(a_deployed_machine_changes_cards_and_tags_and_no_more),
    CASE(the_bridge_of_an_allocated_machine_takes_the_links),
    CASE(a_device_is_its_owners_and_has_addresses_only), TESTS_END
