#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * Neighbours of the recorded requests: one field, one value, one word beside
 * them. What a region answers follows from its own validators and from the
 * libraries that it stands on, and is the same every time.
 */

TEST(an_op_is_where_django_and_the_path_have_it)
{
	static const struct row rows[] = {
		{ "GET", "users/?op=", NULL, 200, NULL },
		{ "GET", "users/op-whoami", NULL, 200, NULL },
		{ "GET", "users/op-whoami?op=nope", NULL, 400,
		    "Unrecognised signature: method=GET op=nope" },
		{ "GET", "users/op-nope", NULL, 404,
		    "Unknown API endpoint: /MAAS/api/2.0/users/op-nope." },
		{ "POST", "users/", "op=", 400,
		    "Unrecognised signature: method=POST op=" },
		{ "PUT", "zones/default/", "op=x", 400,
		    "Unrecognised signature: method=PUT op=x" },
		{ "GET", "nosuch/version/", NULL, 200, NULL },
		{ "POST", "describe/", "", 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_format_is_judged_when_the_work_is_done)
{
	static const struct row rows[] = {
		{ "GET", "zones/?format=xml", NULL, 400,
		    "Invalid output format specified 'xml'." },
		{ "GET", "zones/nosuch/?format=xml", NULL, 400,
		    "Invalid output format specified 'xml'." },
		{ "POST", "zones/?format=xml", "name=made", 400,
		    "Invalid output format specified 'xml'." },
		{ "GET", "zones/made/", NULL, 200, NULL },
		{ "DELETE", "zones/made/?format=xml", NULL, 400, NULL },
		{ "GET", "zones/made/", NULL, 404,
		    "No Zone matches the given query." },
		{ "GET", "tags/?callback=a.b[0]", NULL, 200, "a.b[0]([])" },
		{ "GET", "tags/?callback=alert(1)", NULL, 200, "[]" },
	};

	A_LAB_HOLDS(rows);
}

static int redirect(const char *path, const char *to)
{
	int status = lab_ask(&lab, "GET", path, NULL);

	EXPECT_STR(http_header(&lab.answer.headers, "Location"), to);
	EXPECT_STR(lab_text(&lab), "");
	return status;
}

TEST(what_stands_in_front_of_the_api_answers_in_its_own_words)
{
	static char path[9000] = "zones/";

	a_lab(NULL, NULL);
	EXPECT_INT(redirect("/MAAS/api/2.0", "/MAAS/api/2.0/"), 301);
	EXPECT_INT(redirect("/MAAS/api/version", "/MAAS/api/version/"), 301);
	EXPECT_INT(lab_ask(&lab, "TRACE", "version/", NULL), 405);
	EXPECT_HAS(lab_text(&lab), "<h1>405 Not Allowed</h1>");
	memset(path + 6, 'x', sizeof(path) - 7);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 414);
	EXPECT_INT(lab_ask(&lab, "get", "version/", NULL), 400);
	lab_close(&lab);
}

TEST(names_follow_the_validators_of_their_nouns)
{
	static const struct row rows[] = {
		{ "POST", "zones/", "name=+padded+", 200, NULL },
		{ "GET", "zones/padded/", NULL, 200, NULL },
		{ "POST", "zones/", "name=+", 400,
		    "{\"name\": [\"This field is required.\"]}" },
		{ "POST", "zones/", "name=a.b", 400,
		    "{\"name\": [\"Enter a valid value.\"]}" },
		{ "POST", "zones/", "name=_a+b-c", 200, NULL },
		{ "POST", "domains/", "name=x..com", 400,
		    "{\"name\": [\"Invalid domain name: x..com.\", \"DNS name "
		    "contains an empty label.\"]}" },
		{ "POST", "domains/", "name=a_b.com", 400,
		    "{\"name\": [\"Domain name contains invalid characters.\", "
		    "\"Label contains disallowed characters: 'a_b'.\"]}" },
		{ "POST", "domains/", "name=maas-internal", 400,
		    "{\"name\": [\"Domain name cannot duplicate maas internal "
		    "domain name.\"]}" },
		{ "POST", "domains/", "name=t.com&ttl=604801", 400,
		    "{\"ttl\": [\"Ensure this value is less than or equal to "
		    "604800.\"]}" },
		{ "GET", "domains/name:maas/", NULL, 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(names_that_follow_from_ids_are_reserved)
{
	static const struct row rows[] = {
		{ "POST", "fabrics/", "name=fabric-77", 400,
		    "{\"name\": [\"Reserved fabric name.\"]}" },
		{ "POST", "spaces/", "name=undefined", 400,
		    "{\"name\": [\"Reserved space name.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=x", 400,
		    "{\"vid\": [\"Enter a whole number.\", \"VID must be "
		    "between "
		    "0 and 4094.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=4095", 400,
		    "{\"vid\": [\"VID must be between 0 and 4094.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=7&mtu=x", 400,
		    "{\"mtu\": [\"Enter a whole number.\"]}" },
	};

	A_LAB_HOLDS(rows);
}

TEST(tags_are_hidden_from_who_may_not_change_them)
{
	static const struct row before[] = { { "POST", "tags/", "name=t", 200,
	    NULL } };
	static const struct row as_user[] = {
		{ "DELETE", "tags/nosuch/", NULL, 403, "" },
		{ "POST", "tags/t/?op=update_nodes", "rack_controller=x", 404,
		    "No RackController matches the given query." },
		{ "POST", "tags/nosuch/?op=update_nodes", "", 404, NULL },
	};
	static const struct row as_admin[] = {
		{ "POST", "tags/t/?op=update_nodes", "definition=//x", 409,
		    "Definition supplied '//x' doesn't match current "
		    "definition ''" },
	};

	a_lab(NULL, NULL);
	HOLD(before);
	lab_as(&lab, "bob", false);
	HOLD(as_user);
	lab_as(&lab, "admin", true);
	HOLD(as_admin);
	EXPECT(http_header(&lab.answer.headers, "X-MAAS-API-Hash"));
	lab_close(&lab);
}

TEST(users_are_judged_by_the_data_base)
{
	static const struct row rows[] = {
		{ "POST", "users/",
		    "username=&email=a@b.c&password=p&is_superuser=0", 500,
		    "The given username must be set" },
		{ "POST", "users/",
		    "username=u&email=a@B.C&password=p&is_superuser=0", 200,
		    NULL },
		{ "POST", "users/",
		    "username=v&email=a@b.c&password=p&is_superuser=0", 409,
		    NULL },
		{ "DELETE", "users/MAAS/", NULL, 500,
		    "User has no userprofile." },
	};

	A_LAB_HOLDS(rows);
}

TEST(settings_are_read_by_the_kind_of_their_field)
{
	static const struct row rows[] = {
		{ "POST", "maas/?op=set_config", "name=maas_name", 400,
		    "No provided value!" },
		{ "POST", "maas/?op=set_config", "name=&value=x", 400,
		    "Invalid name: Please enter a value" },
		{ "POST", "maas/?op=set_config", "name=maas_name&value=", 400,
		    "{\"maas_name\": [\"This field is required.\"]}" },
		{ "POST", "maas/?op=set_config", "name=node_timeout&value=x",
		    400, "{\"node_timeout\": [\"Enter a whole number.\"]}" },
		{ "POST", "maas/?op=set_config",
		    "name=enable_http_proxy&value=maybe", 200, "OK" },
		{ "GET", "maas/?op=get_config&name=enable_http_proxy", NULL,
		    200, "true" },
		{ "GET", "maas/?op=get_config&name=kernel_opts", NULL, 200,
		    "null" },
		{ "GET",
		    "maas/?op=get_config&name=disk_erase_with_secure_erase",
		    NULL, 200, "true" },
		{ "GET", "maas/?op=get_config&name=ntp_server", NULL, 200,
		    "\"ntp.ubuntu.com\"" },
	};

	A_LAB_HOLDS(rows);
}

TEST(events_are_paged_from_where_the_search_began)
{
	static const struct row rows[] = {
		{ "GET", "events/?op=query&limit=", NULL, 500,
		    "'>' not supported between instances of 'NoneType' and "
		    "'int'" },
		{ "GET", "events/?op=query&mac_address=zz&mac_address=yy", NULL,
		    400, "Invalid MAC address(es): zz, yy" },
		{ "GET", "events/?op=query&before=0&hostname=a+b", NULL, 200,
		    NULL },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT_STR(jstr(lab.body, "next_uri"),
	    "/MAAS/api/2.0/events/?op=query&hostname=a+b&after=-1");
	EXPECT(json_is_null(jget(lab.body, "prev_uri")));
	lab_close(&lab);
}

TEST(addresses_and_ranges_are_judged_in_the_regions_order)
{
	static const struct row rows[] = {
		{ "POST", "ipranges/",
		    "type=reserved&start_ip=10.0.0.0&end_ip=10.0.0.3", 400,
		    "{\"start_ip\": [\"Reserved network address cannot be "
		    "included in IP range.\"]}" },
		{ "POST", "ipranges/",
		    "type=reserved&start_ip=10.0.0.9&end_ip=10.0.0.3", 400,
		    "{\"end_ip\": [\"End IP address must not be less than "
		    "Start IP address.\"]}" },
		{ "POST", "ipaddresses/?op=reserve",
		    "ip=10.0.0.7&hostname=x.nosuch", 404,
		    "No Domain matches the given query." },
		{ "POST", "ipaddresses/?op=reserve", "ip=10.0.0.1&mac=zz", 400,
		    "{\"mac_address\": [\"'zz' is not a valid MAC "
		    "address.\"]}" },
		{ "POST", "ipaddresses/?op=release", "ip=zz", 400,
		    "{\"ip\": [\"Enter a valid IPv4 or IPv6 address.\"]}" },
		{ "POST", "ipaddresses/?op=release", "ip=10.0.0.9&force=true",
		    400, "IP address 10.0.0.9 does not exist." },
	};

	A_LAB_HOLDS(rows);
}

TEST(records_of_each_type_have_a_form)
{
	static const struct row rows[] = {
		{ "POST", "dnsresourcerecords/",
		    "fqdn=r.maas&rrtype=MX&rrdata=bad", 400,
		    "{\"__all__\": [\"Invalid MX: Should be '<preference> "
		    "<server>'. Range for preference is 0-65535.\"]}" },
		{ "POST", "dnsresourcerecords/",
		    "name=_x._tcp&domain=maas&rrtype=SRV&rrdata=0+5+80+h.maas",
		    200, NULL },
		{ "POST", "dnsresourcerecords/",
		    "fqdn=r.maas&rrtype=CNAME&rrdata=a+b", 400,
		    "{\"__all__\": [\"Invalid CNAME: Should be "
		    "'<server>'.\"]}" },
		{ "POST", "dnsresourcerecords/",
		    "fqdn=r.maas&rrtype=TXT&rrdata=a", 200, NULL },
		{ "POST", "dnsresourcerecords/",
		    "fqdn=r.maas&rrtype=TXT&rrdata=b", 200, NULL },
		{ "POST", "dnsresources/", "fqdn=a_b.maas", 404,
		    "No Domain matches the given query." },
		{ "POST", "dnsresources/", "fqdn=-a.maas", 500,
		    "cannot unpack non-iterable NoneType object" },
		{ "POST", "dnsresources/", "domain=maas&ip_addresses=", 500,
		    "'name'" },
		{ "POST", "dnsresources/", "name=b&domain=maas&address_ttl=-1",
		    400,
		    "{\"address_ttl\": [\"Ensure this value is greater than or "
		    "equal to 0.\"]}" },
	};

	A_LAB_HOLDS(rows);
}

static int ask_json(const char *method, const char *path, const char *text)
{
	struct http_request request = { 0 };
	char *authorization = lab_authorization(&lab);

	http_request_set(&request, method, "/MAAS/api/2.0/%s", path);
	http_header_add(&request.headers, "Authorization", authorization);
	http_header_add(&request.headers, "Content-Type", "application/json");
	buf_adds(&request.body, text);
	free(authorization);
	return lab_send(&lab, &request);
}

TEST(json_is_read_as_python_reads_it)
{
	a_lab(NULL, NULL);
	EXPECT_INT(ask_json("GET", "zones/", "{junk"), 200);
	EXPECT_INT(ask_json("DELETE", "zones/nosuch/", "{junk"), 204);
	EXPECT_INT(ask_json("POST", "zones/", "{junk"), 400);
	EXPECT_STR(lab_text(&lab), "Bad Request");
	EXPECT_INT(ask_json("POST", "zones/", ""), 400);
	EXPECT_STR(lab_text(&lab), "Bad Request");
	EXPECT_INT(ask_json("POST", "zones/", "{\"name\": null}"), 400);
	EXPECT_STR(lab_text(&lab), "{\"name\": [\"This field is required.\"]}");
	EXPECT_INT(ask_json("POST", "zones/", "[{\"name\": \"a\"}]"), 500);
	EXPECT_STR(lab_text(&lab), "'list' object has no attribute 'items'");
	EXPECT_INT(ask_json("POST", "zones/", "7"), 500);
	EXPECT_STR(lab_text(&lab), "'int' object has no attribute 'items'");
	EXPECT_INT(ask_json("POST", "users/", "true"), 500);
	EXPECT_STR(lab_text(&lab), "'bool' object has no attribute 'get'");
	EXPECT_INT(ask_json("POST", "zones/", "null"), 400);
	EXPECT_STR(lab_text(&lab), "{}");
	EXPECT_INT(ask_json("POST", "zones/", "{\"name\": [\"l\"]}"), 200);
	EXPECT_INT(ask_json("DELETE", "zones/nosuch/", "7"), 204);
	EXPECT_INT(ask_json("PUT", "zones/default/", "[]"), 500);
	EXPECT_INT(ask_json("PUT", "zones/nosuch/", "[]"), 404);
	EXPECT_STR(lab_text(&lab), "No Zone matches the given query.");
	EXPECT_INT(ask_json("POST", "machines/?op=allocate", "[]"), 500);
	EXPECT_STR(lab_text(&lab), "'list' object has no attribute 'lists'");
	EXPECT_INT(ask_json("POST", "ipaddresses/?op=release",
	               "{\"ip\": \"10.0.0.9\"}"),
	    400);
	EXPECT_STR(lab_text(&lab), "No provided ip!");
	lab_close(&lab);
}

TEST(every_list_of_nodes_is_sifted_by_the_same_form)
{
	static const struct row rows[] = {
		{ "POST", "devices/",
		    "hostname=dev&mac_addresses=52:54:00:00:00:99", 200, NULL },
		{ "GET", "devices/?mac_address=zz", NULL, 400,
		    "{\"mac_address\": [\"Invalid parameter: invalid MAC "
		    "address format\"]}" },
		{ "GET", "nodes/?mac_address=zz", NULL, 400, NULL },
		{ "GET", "rackcontrollers/?nosuch=1", NULL, 400,
		    "{\"nosuch\": [\"No such constraint.\"]}" },
		{ "GET", "devices/?hostname=other", NULL, 200, "[]" },
		{ "GET", "nodes/?hostname=dev", NULL, 200, NULL },
	};

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	EXPECT_INT(json_array_size(lab.body), 1);
	lab_close(&lab);
}

TEST(scripts_to_run_are_names_or_tags_of_scripts)
{
	static const char *const wrong[][2] = {
		{ "commissioning_scripts=nosuch&testing_scripts=a,b",
		    "{\"commissioning_scripts\": [\"Select a valid choice. "
		    "nosuch is not one of the available choices.\"], "
		    "\"testing_scripts\": [\"Select a valid choice. a is not "
		    "one of the available choices.\"]}" },
		{ "commissioning_scripts=smartctl-validate",
		    "{\"commissioning_scripts\": [\"Select a valid choice. "
		    "smartctl-validate is not one of the available "
		    "choices.\"]}" },
		{ "testing_scripts=",
		    "{\"testing_scripts\": [\"Select a valid choice.  is not "
		    "one of the available choices.\"]}" },
	};
	const char *id = a_lab_with_a_machine();

	for (size_t i = 0; i < 3; i++) {
		EXPECT_INT(machine_op(id, "commission", wrong[i][0]), 400);
		EXPECT_STR(lab_text(&lab), wrong[i][1]);
	}
	EXPECT_INT(machine_op(id, "test", "testing_scripts=none"), 400);
	EXPECT_INT(machine_op(id, "commission",
	               "commissioning_scripts=none,maas-lshw&"
	               "testing_scripts=none"),
	    200);
	EXPECT_INT(machine_op(id, "commission", "testing_scripts=x"), 400);
	EXPECT_HAS(lab_text(&lab), "\"__all__\": [\"Commission is not");
	EXPECT_HAS(lab_text(&lab), "\"testing_scripts\"");
	lab_close(&lab);
}

TEST(a_machines_numbers_are_bounded_by_their_column)
{
	char path[64];

	a_lab(NULL, NULL);
	snprintf(path, sizeof(path), "machines/%s/", a_machine(NULL));
	EXPECT_INT(lab_ask(&lab, "PUT", path, "cpu_count=x"), 400);
	EXPECT_STR(
	    lab_text(&lab), "{\"cpu_count\": [\"Enter a whole number.\"]}");
	EXPECT_INT(lab_ask(&lab, "PUT", path, "memory=2147483648"), 400);
	EXPECT_STR(lab_text(&lab),
	    "{\"memory\": [\"Ensure this value is less than or equal to "
	    "2147483647.\"]}");
	EXPECT_INT(lab_ask(&lab, "PUT", path, "cpu_count=-5&memory=+7.0"), 200);
	EXPECT_INT(jint(lab.body, "cpu_count"), -5);
	EXPECT_INT(jint(lab.body, "memory"), 7);
	lab_close(&lab);
}

TEST(choices_follow_from_what_there_is)
{
	static const struct row rows[] = {
		{ "POST", "maas/?op=set_config",
		    "name=default_osystem&value=centos", 400,
		    "{\"default_osystem\": [\"'centos' is not a valid osystem. "
		    " It should be one of: 'ubuntu'.\"]}" },
		{ "POST", "maas/?op=set_config",
		    "name=default_osystem&value=ubuntu", 200, "OK" },
		{ "POST", "maas/?op=set_config",
		    "name=default_distro_series&value=focal", 400,
		    "{\"default_distro_series\": [\"'focal' is not a valid "
		    "release.  It should be one of: 'jammy'.\"]}" },
		{ "POST", "maas/?op=set_config",
		    "name=commissioning_distro_series&value=jammy", 200, "OK" },
		{ "GET", "boot-resources/?type=", NULL, 400, NULL },
		{ "PUT", "fabrics/0/vlans/0/", "relay_vlan=99", 400,
		    "{\"relay_vlan\": [\"Select a valid choice. That choice is "
		    "not one of the available choices.\"]}" },
		{ "POST", "fabrics/0/vlans/", "vid=8", 200, NULL },
		{ "POST", "fabrics/0/vlans/", "vid=7", 200, NULL },
	};
	static const char *const systems = "name=default_osystem&value=---";
	char form[64];

	a_lab(NULL, NULL);
	HOLD(rows);
	snprintf(form, sizeof(form), "relay_vlan=%lld",
	    (long long)jint(lab.body, "id"));
	EXPECT_INT(lab_ask(&lab, "PUT", "fabrics/0/vlans/7/", form), 400);
	/* who serves DHCP does not relay it */
	EXPECT_INT(lab_ask(&lab, "PUT", "fabrics/0/vlans/0/", form), 400);
	EXPECT_INT(lab_ask(&lab, "PUT", "fabrics/0/vlans/8/", form), 200);
	EXPECT_INT(jint(jget(lab.body, "relay_vlan"), "vid"), 7);
	EXPECT_INT(
	    lab_ask(&lab, "PUT", "fabrics/0/vlans/8/", "relay_vlan="), 200);
	EXPECT(json_is_null(jget(lab.body, "relay_vlan")));
	EXPECT_INT(lab_ask(&lab, "DELETE", "boot-resources/1/", NULL), 204);
	EXPECT_INT(lab_ask(&lab, "POST", "maas/?op=set_config", systems), 400);
	EXPECT_HAS(lab_text(&lab), "due to missing boot images.");
	lab_close(&lab);
}

TEST(subnets_have_names_and_servers_that_are_valid)
{
	static const struct row rows[] = {
		{ "PUT", "subnets/1/", "name=a_b:c/d-e.f", 200, NULL },
		{ "PUT", "subnets/1/", "name=a!", 400,
		    "{\"name\": [\"Enter a valid value.\"]}" },
		{ "PUT", "subnets/1/", "dns_servers=10.0.0.2,zz", 400,
		    "{\"__all__\": [\"Invalid IP address: zz; provide a list "
		    "of space-separated IP addresses\"]}" },
		{ "PUT", "subnets/1/", "space=x", 400,
		    "{\"space\": [\"Spaces may no longer be set on subnets. "
		    "Set the space on the underlying VLAN.\"]}" },
		{ "PUT", "subnets/1/",
		    "dns_servers=10.0.0.2,fd00::1&dns_servers=10.0.0.3", 200,
		    NULL },
	};
	static char name[300] = "name=";

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT_INT(json_array_size(jget(lab.body, "dns_servers")), 3);
	memset(name + 5, 'x', 256);
	EXPECT_INT(lab_ask(&lab, "PUT", "subnets/1/", name), 400);
	EXPECT_STR(lab_text(&lab),
	    "{\"name\": [\"Ensure this value has at most 255 characters (it "
	    "has 256).\"]}");
	lab_close(&lab);
}

TEST(a_subnets_vlan_is_found_in_its_fabric)
{
	static const struct row rows[] = {
		{ "POST", "subnets/", "cidr=10.1.0.0/24&vid=x", 400,
		    "{\"vid\": [\"Enter a whole number.\"]}" },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&vid=4095", 400,
		    "{\"vid\": [\"Ensure this value is less than or equal to "
		    "4094.\"]}" },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&vid=9", 400,
		    "{\"vid\": [\"No VLAN with vid 9 in default fabric.\"]}" },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&fabric=99", 400,
		    "{\"fabric\": [\"Select a valid choice. That choice is not "
		    "one of the available choices.\"]}" },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&fabric=0&vid=9", 400,
		    "{\"vid\": [\"No VLAN with vid 9 in fabric "
		    "name=fabric-0.\"]}" },
		{ "PUT", "subnets/1/", "vid=9", 200, NULL },
		{ "POST", "subnets/", "cidr=10.1.0.0/24&vid=0", 200, NULL },
	};

	A_LAB_HOLDS(rows);
}

TEST(numbers_of_constraints_are_pythons)
{
	static const struct row rows[] = {
		{ "GET", "machines/?cpu_count=1&cpu_count=x", NULL, 400,
		    "{\"cpu_count\": [\"Invalid CPU count: number "
		    "required.\"]}" },
		{ "GET", "machines/?mem=0x10", NULL, 400,
		    "{\"mem\": [\"Invalid memory: number of MiB "
		    "required.\"]}" },
		{ "GET", "machines/?cpu_count=", NULL, 400, NULL },
		{ "GET", "machines/?cpu_count=inf", NULL, 500,
		    "cannot convert float infinity to integer" },
		{ "GET", "machines/?cpu_count=+1.5+", NULL, 200, NULL },
	};

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	EXPECT_INT(json_array_size(lab.body), 1);
	lab_close(&lab);
}

TEST(ports_that_are_taken_are_not_given_away)
{
	static const struct row rows[] = {
		{ "POST", "maas/?op=set_config",
		    "name=maas_proxy_port&value=80", 400,
		    "{\"maas_proxy_port\": [\"Unable to change port number. "
		    "Port number is reserved for system services.\"]}" },
		{ "POST", "maas/?op=set_config",
		    "name=maas_proxy_port&value=5247", 400,
		    "{\"maas_proxy_port\": [\"Unable to change port number. "
		    "Port number is reserved for MAAS services.\"]}" },
		{ "POST", "maas/?op=set_config",
		    "name=maas_syslog_port&value=5247", 200, "OK" },
		{ "POST", "maas/?op=set_config",
		    "name=maas_syslog_port&value=-1", 400,
		    "{\"maas_syslog_port\": [\"Unable to change port number. "
		    "Port number is not between 0 - 65535.\"]}" },
		{ "POST", "subnets/", "cidr=0.0.0.0/0", 400,
		    "{\"cidr\": [\"Prefix length must be greater than 0.\"]}" },
	};

	A_LAB_HOLDS(rows);
}

TESTS_BEGIN
CASE(an_op_is_where_django_and_the_path_have_it),
    CASE(a_format_is_judged_when_the_work_is_done),
    CASE(what_stands_in_front_of_the_api_answers_in_its_own_words),
    CASE(names_follow_the_validators_of_their_nouns),
    CASE(names_that_follow_from_ids_are_reserved),
    CASE(tags_are_hidden_from_who_may_not_change_them),
    CASE(users_are_judged_by_the_data_base),
    CASE(settings_are_read_by_the_kind_of_their_field),
    CASE(events_are_paged_from_where_the_search_began),
    CASE(addresses_and_ranges_are_judged_in_the_regions_order),
    CASE(records_of_each_type_have_a_form),
    CASE(json_is_read_as_python_reads_it),
    CASE(every_list_of_nodes_is_sifted_by_the_same_form),
    CASE(scripts_to_run_are_names_or_tags_of_scripts),
    CASE(a_machines_numbers_are_bounded_by_their_column),
    CASE(choices_follow_from_what_there_is),
    CASE(subnets_have_names_and_servers_that_are_valid),
    CASE(a_subnets_vlan_is_found_in_its_fabric),
    CASE(numbers_of_constraints_are_pythons),
    CASE(ports_that_are_taken_are_not_given_away), TESTS_END
