#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* What racks are told to do: to look into a chassis that the region has judged,
 * and to look at their networks. */

#define ADD    "machines/?op=add_chassis"
#define VIRSH  "chassis_type=virsh&hostname=192.168.1.9"
#define VMWARE "chassis_type=vmware&hostname=192.168.1.9"
#define LOGIN  "&username=u&password=p"
#define PVE    "chassis_type=proxmox&hostname=192.168.1.9&username=u"

/* The left one has a foot in a subnet. */
static const char inventory[] =
    "{\"subnets\": [{\"cidr\": \"10.10.0.0/24\"}],"
    " \"racks\": [{\"system_id\": \"rack01\", \"hostname\": \"left\","
    "  \"interfaces\": [{\"name\": \"eth0\","
    "   \"mac_address\": \"52:54:00:aa:00:01\","
    "   \"ip_address\": \"10.10.0.2\"}]},"
    "  {\"system_id\": \"rack02\", \"hostname\": \"right\","
    "   \"interfaces\": []}]}";

#define FAULT(form, text)                     \
	{                                     \
		"POST", ADD, form, 400, text, \
	}

TEST(what_is_said_of_a_chassis_is_judged_word_by_word)
{
	static const struct row rows[] = {
		FAULT("", "No provided chassis_type!"),
		FAULT("chassis_type=zz",
		    "Invalid chassis_type: Value must be one of: recs_box; "
		    "ucsm; mscm; hmcz; msftocs; proxmox; sm15k; vmware; "
		    "virsh; powerkvm; seamicro15k (not 'zz')"),
		FAULT("chassis_type=virsh", "No provided hostname!"),
		FAULT(VIRSH LOGIN, "username can not be specified when using "
		                   "the virsh chassis."),
		FAULT(VMWARE, "No provided username!"),
		FAULT(VMWARE "&username=u", "No provided password!"),
		FAULT(PVE, "You must use a password or token with Proxmox."),
		FAULT(PVE "&token_name=t",
		    "Proxmox requires both a token_name and token_secret."),
		FAULT(PVE "&token_name=t&token_secret=s&password=p",
		    "You may only use a password or token with Proxmox, not "
		    "both."),
		FAULT(VIRSH "&port=22",
		    "port is unavailable with the virsh chassis type"),
		FAULT(VMWARE LOGIN "&port=0",
		    "Invalid port: Please enter a number that is 1 or "
		    "greater"),
		FAULT(VMWARE LOGIN "&port=x",
		    "Invalid port: Please enter an integer value"),
		FAULT(VIRSH "&protocol=x",
		    "protocol is unavailable with the virsh chassis type"),
		FAULT(VIRSH "&power_control=ipmi",
		    "power_control is unavailable with the virsh chassis "
		    "type"),
		FAULT("chassis_type=sm15k&hostname=x" LOGIN "&prefix_filter=a",
		    "prefix_filter is unavailable with the seamicro15k "
		    "chassis type"),
		FAULT(VIRSH "&verify_ssl=perhaps",
		    "Invalid verify_ssl: Value should be 'true' or 'false'"),
		{ "POST", ADD, VIRSH "&domain=no.test", 404,
		    "Unable to find specified domain no.test" },
		{ "POST", ADD, VIRSH "&domain=99", 500,
		    "Domain matching query does not exist." },
		{ "POST", ADD, VIRSH "&rack_controller=no", 404,
		    "Unable to find specified rack no" },
	};

	a_lab_from(inventory);
	HOLD(rows);
	lab_as(&lab, "alice", false);
	EXPECT_INT(lab_ask(&lab, "POST", ADD, VIRSH), 403);
	lab_close(&lab);
}

TEST(racks_that_reach_a_chassis_are_asked_or_all_of_them)
{
	static const struct row rows[] = {
		{ "POST", ADD, VIRSH "&domain=maas&prefix_filter=a", 200,
		    "Asking left, right to add machines from chassis "
		    "192.168.1.9" },
		{ "POST", ADD,
		    "chassis_type=&hostname=qemu%2Bssh://u@10.10.0.9:22/x", 200,
		    "Asking left to add machines from chassis "
		    "qemu+ssh://u@10.10.0.9:22/x" },
		{ "POST", ADD, VIRSH "&rack_controller=right", 200,
		    "Asking right to add machines from chassis 192.168.1.9" },
		{ "POST", ADD, VMWARE LOGIN "&rack_controller=rack01&port=443",
		    200,
		    "Asking left to add machines from chassis 192.168.1.9" },
		{ "POST", ADD,
		    "chassis_type=virsh&hostname=qemu%2Bssh://u@nosuch/", 500,
		    "[Errno -2] Name or service not known" },
	};
	json_t *step = json_pack(
	    "{s:s, s:s}", "step", "rack-disconnects", "rack", "rack02");
	struct err err = { 0 };

	a_lab_from(inventory);
	HOLD(rows);
	EXPECT(maas_control(lab.maas, step, NULL, &err));
	EXPECT_INT(lab_ask(&lab, "POST", ADD, VIRSH), 503);
	EXPECT_STR(lab_text(&lab),
	    "Unable to connect to any rack controller rack02; no connections "
	    "available.");
	EXPECT_STR(http_header(&lab.answer.headers, "Retry-After"), "10");
	json_decref(step);
	lab_close(&lab);
}

#define SCAN "discovery/?op=scan"

TEST(what_is_to_be_scanned_is_judged_word_by_word)
{
	static const struct row rows[] = {
		{ "POST", SCAN, "", 400,
		    "Bad request: scanning all subnets is not allowed unless "
		    "force=True is specified.\n\n"
		    "**WARNING: This will scan ALL networks attached to MAAS "
		    "rack controllers.\n"
		    "Check with your internet service provider or IT "
		    "department to be sure this is\n"
		    "allowed before proceeding.**\n" },
		{ "POST", SCAN, "cidr=x&force=x", 400,
		    "Invalid cidr: Please enter a valid IP address (a.b.c.d) "
		    "or IP network (a.b.c.d/e)" },
		{ "POST", SCAN, "cidr=2001:db8::/64", 400, NULL },
		{ "POST", SCAN, "cidr=10.10.0.0/24/1", 400, NULL },
		{ "POST", SCAN, "cidr=10.300.0.0", 400,
		    "Invalid cidr: The octets must be within the range of "
		    "0-255 (not '300')" },
		{ "POST", SCAN, "cidr=10.10.00.0", 400,
		    "Invalid cidr: The octets must not have leading zeros" },
		{ "POST", SCAN, "cidr=10.10.0.0/33", 400,
		    "Invalid cidr: The network size (bits) must be within the "
		    "range of 0-32 (not '33')" },
		{ "POST", SCAN, "cidr=", 500,
		    "unexpected type <class 'NoneType'> for addr arg" },
		{ "POST", SCAN, "force=x", 400,
		    "Invalid force: Value should be 'true' or 'false'" },
		{ "POST", SCAN, "force=1&slow=x", 400,
		    "Invalid slow: Value should be 'true' or 'false'" },
		{ "POST", SCAN, "force=1&threads=x", 400,
		    "Invalid threads: Please enter a number" },
	};

	a_lab_from(inventory);
	HOLD(rows);
	lab_close(&lab);
}

static const char *scanned(const char *form)
{
	EXPECT_INT(lab_ask(&lab, "POST", SCAN, form), 200);
	return jstr(lab.body, "result");
}

TEST(only_racks_with_a_foot_in_a_network_scan_it)
{
	a_lab_from(inventory);
	EXPECT_STR(scanned("force=true"),
	    "Scanning is in-progress on all rack controllers.");
	EXPECT_INT(json_array_size(jget(lab.body, "scan_started_on")), 2);
	EXPECT_STR(scanned("cidr=10.10.0.7/24"),
	    "Scanning is in-progress on all rack controllers.");
	EXPECT_INT(json_array_size(jget(lab.body, "scan_started_on")), 1);
	EXPECT_STR(scanned("cidr=10.99.0.0/24"),
	    "Unable to initiate network scanning on any rack controller. "
	    "Verify that the rack controllers are started and have connected "
	    "to the region.");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(what_is_said_of_a_chassis_is_judged_word_by_word),
    CASE(racks_that_reach_a_chassis_are_asked_or_all_of_them),
    CASE(what_is_to_be_scanned_is_judged_word_by_word),
    CASE(only_racks_with_a_foot_in_a_network_scan_it), TESTS_END
