#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * Fabrics, VLANs, spaces, subnets and ranges: what may be written into them,
 * how they are addressed, and what of a subnet is free.
 */

#define REQUIRED "\"This field is required.\""

TEST(a_subnet_is_named_in_many_ways)
{
	static const struct row rows[] = {
		{ "POST", "subnets/", "cidr=10.1.0.0/24&name=second", 200,
		    NULL },
		{ "GET", "subnets/subnet-1/", NULL, 200, NULL },
		{ "GET", "subnets/ip:10.1.0.9/", NULL, 200, NULL },
		{ "GET", "subnets/name:second,vid:0/", NULL, 200, NULL },
		{ "GET", "subnets/name:second,vid:7/", NULL, 404,
		    "No Subnet matches the given query." },
		{ "GET", "subnets/vlan:untagged/", NULL, 403,
		    "Too many Subnet objects match the given query." },
		{ "GET", "subnets/fabric:fabric-0,second/", NULL, 200, NULL },
		{ "GET", "subnets/space:nosuch/", NULL, 404,
		    "No Space matches the given query." },
		{ "GET", "subnets/cidr:zz/", NULL, 500,
		    "invalid IPNetwork zz" },
		{ "GET", "subnets/ip:zz/", NULL, 500,
		    "failed to detect a valid IP address from 'zz'" },
		{ "GET", "subnets/id:zz/", NULL, 400,
		    "Subnet ID must be numeric." },
		{ "GET", "subnets/vid:4095/", NULL, 400,
		    "VLAN tag (VID) out of range (0-4094; 0 for untagged.)" },
		{ "GET", "fabrics/name:fabric-0/", NULL, 200, NULL },
		{ "GET", "fabrics/0/vlans/vid:untagged/", NULL, 200, NULL },
		{ "GET", "fabrics/0/vlans/4095/", NULL, 400, NULL },
		{ "GET", "vlans/zz/", NULL, 500,
		    "Field 'id' expected a number but got 'zz'." },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_network_is_read_as_the_library_reads_it)
{
	static const struct row rows[] = {
		{ "POST", "subnets/", "cidr=+10.1.0.0/24+", 200, NULL },
		{ "GET", "subnets/10.1.0.0/24/", NULL, 200, NULL },
		{ "POST", "subnets/", "cidr=10.2/16", 200, NULL },
		{ "GET", "subnets/10.2.0.0/16/", NULL, 200, NULL },
		{ "POST", "subnets/", "cidr=10.3.0.0/255.255.255.0", 200,
		    NULL },
		{ "GET", "subnets/10.3.0.0/24/", NULL, 200, NULL },
		{ "POST", "subnets/", "cidr=10.4.0.9", 200, NULL },
		{ "GET", "subnets/10.4.0.9/32/", NULL, 200, NULL },
		{ "POST", "subnets/", "cidr=10.1.0.7/24", 400,
		    "{\"cidr\": [\"Subnet with this Cidr already exists.\"]}" },
		{ "POST", "subnets/", "gateway_ip=10.0.0.1", 500,
		    "invalid IPNetwork " },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_subnet_that_is_called_like_its_network_goes_on_being_so)
{
	a_lab(NULL, NULL);
	EXPECT_INT(lab_ask(&lab, "POST", "subnets/", "cidr=10.1.0.0/24"), 200);
	EXPECT_STR(jstr(lab.body, "gateway_ip"), "");
	EXPECT_INT(lab_ask(&lab, "GET", "subnets/2/", NULL), 200);
	EXPECT(json_is_null(json_object_get(lab.body, "gateway_ip")));
	EXPECT_INT(lab_ask(&lab, "PUT", "subnets/2/", "cidr=10.2.0.0/24"), 200);
	EXPECT_STR(jstr(lab.body, "name"), "10.2.0.0/24");
	EXPECT_INT(lab_ask(&lab, "PUT", "subnets/2/", "name=two"), 200);
	EXPECT_INT(lab_ask(&lab, "PUT", "subnets/2/", "cidr=10.3.0.0/24"), 200);
	EXPECT_STR(jstr(lab.body, "name"), "two");
	EXPECT_INT(lab_ask(&lab, "PUT", "subnets/2/", "name="), 200);
	EXPECT_STR(jstr(lab.body, "name"), "10.3.0.0/24");
	lab_close(&lab);
}

TEST(boxes_are_ticked_by_anything_but_false)
{
	a_lab(NULL, NULL);
	EXPECT_INT(lab_ask(&lab, "PUT", "subnets/1/",
	               "managed=0&active_discovery=no&allow_dns=0&"
	               "allow_proxy=yes"),
	    200);
	EXPECT(jbool(lab.body, "managed"));
	EXPECT(jbool(lab.body, "active_discovery"));
	EXPECT(!jbool(lab.body, "allow_dns"));
	EXPECT(!jbool(lab.body, "allow_proxy"));
	EXPECT_INT(
	    lab_ask(&lab, "PUT", "subnets/1/", "managed=False&allow_dns=t"),
	    200);
	EXPECT(!jbool(lab.body, "managed"));
	EXPECT(jbool(lab.body, "allow_dns"));
	lab_close(&lab);
}

TEST(all_that_is_wrong_with_a_subnet_is_said_at_once)
{
	static const struct row rows[] = {
		{ "POST", "subnets/", "vid=99", 400,
		    "{\"cidr\": [" REQUIRED "], \"vid\": [\"No VLAN with vid "
		    "99 in default fabric.\"]}" },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&dns_servers=1.1.1.1,,",
		    400,
		    "{\"dns_servers\": [\"Item 2 in the array did not "
		    "validate: This field is required.\", \"Item 3 in the "
		    "array did not validate: This field is required.\"]}" },
		{ "POST", "subnets/",
		    "cidr=10.1.0.0/24&disabled_boot_architectures=zz", 400,
		    "{\"disabled_boot_architectures\": [\"Unknown boot "
		    "architecture zz\"]}" },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&gateway_ip=::z", 400,
		    "{\"gateway_ip\": [\"This is not a valid IPv6 "
		    "address.\"]}" },
		{ "POST", "subnets/", "cidr=fd00::/64&gateway_ip=fe80::1", 200,
		    NULL },
	};

	A_LAB_HOLDS(rows);
}

/* "first-last purpose,purpose; ..." of the list in the last answer */
static const char *runs(void)
{
	static char text[2000];
	size_t at = 0, i, k;
	json_t *run, *purpose;

	text[0] = '\0';
	json_array_foreach(lab.body, i, run)
	{
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s-%s",
		    i ? "; " : "", jstr(run, "start"), jstr(run, "end"));
		json_array_foreach(json_object_get(run, "purpose"), k, purpose)
		    at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
		        k ? "," : " ", json_string_value(purpose));
	}
	return text;
}

TEST(what_overlaps_is_one_run_with_both_purposes)
{
	a_lab(NULL, NULL);
	lab_ask(&lab, "PUT", "subnets/1/",
	    "dns_servers=10.0.0.1+10.0.0.2&cidr=10.0.0.0/24");
	lab_ask(&lab, "POST", "ipaddresses/?op=reserve", "ip=10.0.0.7");
	lab_ask(&lab, "POST", "ipranges/",
	    "type=reserved&start_ip=10.0.0.5&end_ip=10.0.0.9");
	lab_ask(&lab, "POST", "ipranges/",
	    "type=dynamic&start_ip=10.0.0.10&end_ip=10.0.0.19");
	EXPECT_INT(
	    lab_ask(&lab, "GET", "subnets/1/?op=reserved_ip_ranges", NULL),
	    200);
	EXPECT_STR(runs(), "10.0.0.1-10.0.0.1 gateway-ip; "
	                   "10.0.0.2-10.0.0.2 dns-server; "
	                   "10.0.0.5-10.0.0.9 assigned-ip,reserved; "
	                   "10.0.0.10-10.0.0.19 dynamic");
	lab_ask(&lab, "GET", "subnets/1/?op=unreserved_ip_ranges", NULL);
	EXPECT_STR(runs(), "10.0.0.3-10.0.0.4; 10.0.0.20-10.0.0.254");
	/* nobody's business: only what is reserved may be taken */
	lab_ask(&lab, "PUT", "subnets/1/", "managed=false");
	lab_ask(&lab, "GET", "subnets/1/?op=unreserved_ip_ranges", NULL);
	EXPECT_STR(runs(), "10.0.0.5-10.0.0.6; 10.0.0.8-10.0.0.9");
	EXPECT_INT(
	    lab_ask(&lab, "POST", "ipaddresses/?op=reserve", "subnet=1"), 200);
	EXPECT_STR(jstr(lab.body, "ip"), "10.0.0.5");
	lab_close(&lab);
}

TEST(a_subnet_suggests_a_gateway_and_a_range)
{
	a_lab(NULL, NULL);
	lab_ask(&lab, "POST", "subnets/", "cidr=10.1.0.0/24");
	EXPECT_INT(lab_ask(&lab, "GET",
	               "subnets/2/?op=statistics&include_suggestions=1", NULL),
	    200);
	EXPECT_STR(jstr(lab.body, "suggested_gateway"), "10.1.0.1");
	EXPECT_STR(
	    jstr(lab.body, "suggested_dynamic_range.start"), "10.1.0.191");
	EXPECT_STR(jstr(lab.body, "suggested_dynamic_range.end"), "10.1.0.254");
	lab_ask(&lab, "PUT", "subnets/2/", "gateway_ip=10.1.0.1");
	lab_ask(&lab, "POST", "ipranges/",
	    "type=dynamic&start_ip=10.1.0.10&end_ip=10.1.0.19");
	lab_ask(&lab, "GET", "subnets/2/?op=statistics&include_suggestions=1",
	    NULL);
	EXPECT(json_is_null(json_object_get(lab.body, "suggested_gateway")));
	EXPECT(
	    json_is_null(json_object_get(lab.body, "suggested_dynamic_range")));
	lab_close(&lab);
}

#define CONFLICT(type, what)                        \
	"{\"start_ip\": [\"Requested " type         \
	" range conflicts with an existing " what   \
	"range.\"], \"end_ip\": [\"Requested " type \
	" range conflicts with an existing " what "range.\"]}"

TEST(a_range_fits_where_nothing_is_in_the_way)
{
	static const struct row rows[] = {
		{ "POST", "ipranges/",
		    "type=dynamic&start_ip=10.0.0.1&end_ip=10.0.0.9", 400,
		    CONFLICT("dynamic", "IP address or ") },
		{ "POST", "ipranges/",
		    "type=reserved&start_ip=10.0.0.1&end_ip=10.0.0.9", 200,
		    NULL },
		{ "POST", "ipranges/",
		    "type=reserved&start_ip=10.0.0.9&end_ip=10.0.0.10", 400,
		    CONFLICT("reserved", "") },
		{ "POST", "ipranges/", "type=reserved&start_ip=zz&end_ip=1",
		    500, "failed to detect a valid IP address from 'zz'" },
		{ "POST", "ipranges/", "type=reserved&start_ip=10.0.0.20", 400,
		    "{\"end_ip\": [" REQUIRED
		    ", \"Start IP address and end IP address are both "
		    "required.\"], \"start_ip\": [\"Start IP address and end "
		    "IP address are both required.\"]}" },
		{ "PUT", "ipranges/1/", "end_ip=10.0.0.8", 200, NULL },
		{ "PUT", "ipranges/1/", "end_ip=10.0.9.8", 400,
		    "{\"end_ip\": [\"End IP address must be within subnet: "
		    "10.0.0.0/24.\"]}" },
		{ "PUT", "ipranges/1/", "start_ip=10.0.0.9", 400,
		    "{\"end_ip\": [\"End IP address must not be less than "
		    "Start IP address.\"]}" },
		{ "PUT", "ipranges/1/", "user=nobody", 400,
		    "{\"user\": [\"Select a valid choice. That choice is not "
		    "one of the available choices.\"]}" },
		{ "GET", "ipranges/type:reserved/", NULL, 200, NULL },
		{ "GET", "ipranges/start_ip:10.0.0.1/", NULL, 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(fabrics_and_spaces_have_names_of_one_word)
{
	static const struct row rows[] = {
		{ "POST", "fabrics/", "name=two+words", 400,
		    "{\"name\": [\"Invalid fabric name: two words.\"]}" },
		{ "POST", "fabrics/", "name=fabric-0", 400,
		    "{\"name\": [\"Reserved fabric name.\"]}" },
		{ "POST", "fabrics/", "name=%C3%A9t%C3%A9&class_type=10g", 200,
		    NULL },
		{ "POST", "fabrics/", "class_type=10g!", 400,
		    "{\"class_type\": [\"Enter a valid value.\"]}" },
		{ "PUT", "fabrics/1/", "name=&class_type=", 200, NULL },
		{ "GET", "fabrics/class:10g/", NULL, 200, NULL },
		{ "POST", "spaces/", "name=s", 200, NULL },
		{ "PUT", "spaces/s/", "name=", 200, NULL },
		{ "GET", "spaces/name:s/", NULL, 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_fabric_in_use_says_by_what)
{
	static const struct row rows[] = {
		{ "POST", "fabrics/", "", 200, NULL },
		{ "POST", "subnets/", "cidr=10.2.0.0/24&fabric=1", 200, NULL },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&fabric=1", 200, NULL },
		{ "DELETE", "fabrics/1/", NULL, 400,
		    "Can't delete fabric; the following subnets are still "
		    "present: 10.1.0.0/24, 10.2.0.0/24" },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_vlan_is_told_all_that_is_wrong_with_it)
{
	static const struct row rows[] = {
		{ "POST", "fabrics/0/vlans/", "", 400,
		    "{\"vid\": [" REQUIRED
		    ", \"VID must be between 0 and 4094.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=7&mtu=65536", 400,
		    "{\"mtu\": [\"MTU must be between 552 and 65535.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=7&name=a!", 400,
		    "{\"name\": [\"Enter a valid value.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=7&fabric=9", 400,
		    "{\"fabric\": [\"None found with id=9.\"]}" },
		{ "POST", "fabrics/", "", 200, NULL },
		{ "POST", "fabrics/0/vlans/", "vid=7&name=seven", 200, NULL },
		{ "PUT", "fabrics/0/vlans/seven/", "fabric=1&name=", 200,
		    NULL },
		{ "GET", "fabrics/1/vlans/name:seven/", NULL, 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_subnet_shows_the_bmcs_at_its_addresses)
{
	json_t *entry;

	a_lab(NULL, NULL);
	lab_ask(&lab, "POST", "machines/",
	    "architecture=amd64&mac_addresses=52:54:00:00:00:31&hostname=b&"
	    "power_type=ipmi&power_parameters_power_address=10.0.0.77");
	EXPECT_INT(
	    lab_ask(&lab, "GET", "subnets/1/?op=ip_addresses", NULL), 200);
	entry = json_array_get(lab.body, 0);
	EXPECT_STR(jstr(entry, "ip"), "10.0.0.77");
	EXPECT_INT(json_array_size(json_object_get(entry, "bmcs")), 1);
	EXPECT_INT(lab_ask(&lab, "GET",
	               "subnets/1/?op=ip_addresses&with_node_summary=0", NULL),
	    200);
	EXPECT(!json_object_get(json_array_get(lab.body, 0), "bmcs"));
	lab_close(&lab);
}

TEST(an_address_is_reserved_in_the_subnet_that_is_meant)
{
	static const struct row rows[] = {
		{ "POST", "subnets/", "cidr=10.1.0.0/24&name=second", 200,
		    NULL },
		{ "POST", "ipaddresses/?op=reserve", "subnet=name:second", 200,
		    NULL },
		{ "POST", "ipaddresses/?op=reserve", "subnet=vid:0", 403,
		    "Too many Subnet objects match the given query." },
		{ "POST", "ipaddresses/?op=reserve", "subnet=cidr:zz", 500,
		    "invalid IPNetwork zz" },
		{ "POST", "ipaddresses/?op=reserve", "subnet=space:zz", 400,
		    "Unable to identify subnet: space:zz." },
		{ "POST", "ipaddresses/?op=release", "ip=::zz", 400,
		    "{\"ip\": [\"This is not a valid IPv6 address.\"]}" },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_gateway_stays_in_its_network)
{
	static const struct row rows[] = {
		{ "PUT", "subnets/1/", "cidr=10.0.9.0/24", 400,
		    "{\"gateway_ip\": [\"Gateway IP must be within CIDR "
		    "range.\"]}" },
		{ "PUT", "subnets/1/", "cidr=10.0.9.0/24&gateway_ip=10.0.9.1",
		    200, NULL },
		{ "PUT", "subnets/1/", "gateway_ip=", 200, NULL },
		{ "PUT", "subnets/1/", "cidr=10.0.8.0/24", 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(administrators_are_told_when_nothing_serves_dhcp)
{
	a_lab(NULL, NULL);
	EXPECT_INT(
	    lab_ask(&lab, "PUT", "fabrics/0/vlans/0/", "dhcp_on=false"), 200);
	lab_ask(&lab, "GET", "notifications/", NULL);
	EXPECT_INT(json_array_size(lab.body), 0); /* it had served before */
	lab_ask(&lab, "PUT", "fabrics/0/vlans/0/", "mtu=1400");
	lab_ask(&lab, "PUT", "fabrics/0/vlans/0/", "mtu=1300");
	lab_ask(&lab, "GET", "notifications/", NULL);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_STR(jstr(json_array_get(lab.body, 0), "ident"),
	    "dhcp_disabled_all_vlans");
	lab_close(&lab);
}

/* "2 3 1 ": the ids of a list, or of what stands under a key of the first. */
static const char *ids(const char *path, const char *key)
{
	static char text[100];
	const json_t *list;
	json_t *entry;
	size_t i;

	EXPECT_INT(asks("GET", path, NULL), 200);
	list = key ? json_object_get(json_array_get(lab.body, 0), key)
	           : lab.body;
	text[0] = '\0';
	json_array_foreach(list, i, entry)
	{
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%d ", (int)jint(entry, "id"));
	}
	return text;
}

/* A list that nobody sorts is as the data base has its rows. */
TEST(what_was_written_last_is_listed_last)
{
	static const struct row rows[] = {
		{ "POST", "subnets/", "cidr=10.1.0.0/24", 200, NULL },
		{ "PUT", "subnets/1/", "description=x", 200, NULL },
		{ "POST", "fabrics/", "name=f", 200, NULL },
		{ "PUT", "fabrics/0/", "name=g", 200, NULL },
		{ "POST", "fabrics/0/vlans/", "vid=5", 200, NULL },
		{ "PUT", "fabrics/0/vlans/0/", "mtu=9000", 200, NULL },
		{ "POST", "ipranges/",
		    "type=reserved&start_ip=10.1.0.2&end_ip=10.1.0.3", 200,
		    NULL },
		{ "POST", "ipranges/",
		    "type=reserved&start_ip=10.1.0.4&end_ip=10.1.0.5", 200,
		    NULL },
		{ "PUT", "ipranges/1/", "comment=x", 200, NULL },
		{ "POST", "domains/", "name=x.test", 200, NULL },
		{ "PUT", "domains/0/", "ttl=5", 200, NULL },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT_STR(ids("subnets/", NULL), "2 1 ");
	EXPECT_STR(ids("fabrics/", NULL), "1 0 ");
	EXPECT_STR(ids("fabrics/0/vlans/", NULL), "3 1 ");
	EXPECT_STR(ids("ipranges/", NULL), "2 1 ");
	EXPECT_STR(ids("domains/", NULL), "1 0 ");
	EXPECT_STR(ids("spaces/", "vlans"), "2 3 1 ");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_subnet_is_named_in_many_ways),
    CASE(a_network_is_read_as_the_library_reads_it),
    CASE(a_subnet_that_is_called_like_its_network_goes_on_being_so),
    CASE(boxes_are_ticked_by_anything_but_false),
    CASE(all_that_is_wrong_with_a_subnet_is_said_at_once),
    CASE(what_overlaps_is_one_run_with_both_purposes),
    CASE(a_subnet_suggests_a_gateway_and_a_range),
    CASE(a_range_fits_where_nothing_is_in_the_way),
    CASE(fabrics_and_spaces_have_names_of_one_word),
    CASE(a_fabric_in_use_says_by_what),
    CASE(a_vlan_is_told_all_that_is_wrong_with_it),
    CASE(a_subnet_shows_the_bmcs_at_its_addresses),
    CASE(an_address_is_reserved_in_the_subnet_that_is_meant),
    CASE(a_gateway_stays_in_its_network),
    CASE(administrators_are_told_when_nothing_serves_dhcp),
    CASE(what_was_written_last_is_listed_last), TESTS_END
