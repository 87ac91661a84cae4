/* What real clients need beside the operations: the description that they are
 * made from, a key for a password, and mercy for the pace of their clocks. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/direct.h"
#include "tests/test.h"

static struct lab lab;

static json_t *named(const json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		if (!strcmp(jstr(one, "name"), name))
			return one;
	}
	test_failed(__FILE__, __LINE__, "there is no %s", name);
}

TEST(the_api_describes_itself_to_anybody)
{
	json_t *machines, *allocate;

	lab_open(&lab, NULL);
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "GET", "describe/", NULL), 200);
	EXPECT_STR(http_header(&lab.answer.headers, "Content-Type"),
	    "application/json");
	EXPECT_INT(jlen(lab.body, "resources"), 96);
	EXPECT_INT(jlen(lab.body, "handlers"), 102);
	machines = named(
	    json_object_get(lab.body, "resources"), "MachinesHandler");
	EXPECT_STR(jstr(json_object_get(machines, "anon"), "name"),
	    "AnonMachinesHandler");
	machines = json_object_get(machines, "auth");
	EXPECT_STR(jstr(machines, "uri"),
	    "http://127.0.0.1:5240/MAAS/api/2.0/machines/");
	allocate = named(json_object_get(machines, "actions"), "allocate");
	EXPECT_STR(jstr(allocate, "method"), "POST");
	EXPECT_STR(jstr(allocate, "op"), "allocate");
	EXPECT(json_is_false(json_object_get(allocate, "restful")));
	lab_close(&lab);
}

TEST(nobodys_handler_of_all_nodes_has_one_path)
{
	json_t *devices;

	lab_open(&lab, NULL);
	EXPECT_INT(lab_ask(&lab, "GET", "describe/", NULL), 200);
	devices = named(
	    json_object_get(lab.body, "resources"), "DevicesHandler");
	EXPECT_STR(jstr(json_object_get(devices, "anon"), "path"),
	    "/MAAS/api/2.0/nodes/");
	EXPECT_STR(jstr(json_object_get(devices, "auth"), "path"),
	    "/MAAS/api/2.0/devices/");
	lab_close(&lab);
}

TEST(the_parameters_of_a_path_are_described_in_order)
{
	json_t *vlan, *params;

	lab_open(&lab, NULL);
	EXPECT_INT(lab_ask(&lab, "GET", "describe/", NULL), 200);
	vlan = named(json_object_get(lab.body, "resources"), "VlanHandler");
	vlan = json_object_get(vlan, "auth");
	EXPECT_STR(jstr(vlan, "path"),
	    "/MAAS/api/2.0/fabrics/{fabric_id}/vlans/{vid}/");
	params = json_object_get(vlan, "params");
	EXPECT_INT(json_array_size(params), 2);
	EXPECT_STR(json_string_value(json_array_get(params, 0)), "fabric_id");
	EXPECT_STR(json_string_value(json_array_get(params, 1)), "vid");
	lab_close(&lab);
}

#define LOG_IN "/MAAS/accounts/authenticate/"

static void take_key(void)
{
	char *key = xasprintf("%s:%s:%s", jstr(lab.body, "consumer_key"),
	    jstr(lab.body, "token_key"), jstr(lab.body, "token_secret"));

	lab_key(&lab, key);
	free(key);
}

TEST(a_name_and_a_password_give_a_key_that_works)
{
	lab_open(&lab, NULL);
	EXPECT_INT(lab_ask(&lab, "POST", "users/",
	               "username=ann&email=ann%40example.com&"
	               "password=tulip-garden&is_superuser=0"),
	    200);
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "GET", LOG_IN, NULL), 405);
	EXPECT_INT(
	    lab_ask(&lab, "POST", LOG_IN, "username=ann&password=tulip"), 403);
	EXPECT_STR(lab_text(&lab), "");
	EXPECT_INT(
	    lab_ask(&lab, "POST", LOG_IN, "username=nobody&password="), 403);
	EXPECT_INT(
	    lab_ask(&lab, "POST", LOG_IN, "username=ann&password=tulip-garden"),
	    200);
	take_key();
	EXPECT_INT(lab_ask(&lab, "GET", "users/?op=whoami", NULL), 200);
	EXPECT_STR(jstr(lab.body, "username"), "ann");
	lab_close(&lab);
}

TEST(who_logs_in_again_under_one_name_gets_the_same_key)
{
	char first[32], second[32];

	lab_open(&lab, NULL);
	EXPECT_INT(lab_ask(&lab, "POST", "users/",
	               "username=ann&email=ann%40example.com&"
	               "password=tulip-garden&is_superuser=0"),
	    200);
	lab_as(&lab, NULL, false);
	lab_ask(&lab, "POST", LOG_IN,
	    "username=ann&password=tulip-garden&consumer=laptop");
	EXPECT_STR(jstr(lab.body, "name"), "laptop");
	snprintf(first, sizeof(first), "%s", jstr(lab.body, "token_key"));
	lab_ask(&lab, "POST", LOG_IN,
	    "username=ann&password=tulip-garden&consumer=laptop");
	EXPECT_STR(jstr(lab.body, "token_key"), first);
	lab_ask(&lab, "POST", LOG_IN, "username=ann&password=tulip-garden");
	snprintf(second, sizeof(second), "%s", jstr(lab.body, "token_key"));
	EXPECT(strcmp(first, second) != 0);
	lab_close(&lab);
}

static int asked_with_a_date_of(usec elapsed_for)
{
	struct http_request request = { 0 };
	usec origin = lab.host.clock_origin;
	char *authorization;

	lab.host.clock_origin = origin + elapsed_for - loop_now(lab.host.loop);
	authorization = lab_authorization(&lab);
	lab.host.clock_origin = origin;
	http_request_set(&request, "GET", "/MAAS/api/2.0/users/?op=whoami");
	http_header_add(&request.headers, "Authorization", authorization);
	free(authorization);
	return lab_send(&lab, &request);
}

TEST(a_signature_by_a_clock_that_is_not_sped_up_is_in_time)
{
	struct maas_options fast = { .name = "maas/lab", .speed = 60 };

	lab_open(&lab, &fast);
	lab_wait(&lab, HOURS(10)); /* ten minutes for a client */
	EXPECT_INT(asked_with_a_date_of(HOURS(10)), 200);
	EXPECT_INT(asked_with_a_date_of(MINUTES(10)), 200);
	EXPECT_INT(asked_with_a_date_of(MINUTES(6)), 200);
	EXPECT_INT(asked_with_a_date_of(MINUTES(4)), 401);
	lab_close(&lab);
}

TEST(at_the_pace_of_its_clients_a_signature_lives_five_minutes)
{
	lab_open(&lab, NULL);
	lab_wait(&lab, MINUTES(10));
	EXPECT_INT(asked_with_a_date_of(MINUTES(6)), 200);
	EXPECT_INT(asked_with_a_date_of(MINUTES(4)), 401);
	lab_close(&lab);
}

static int make_tag(const char *name, const char *encoding)
{
	struct http_request request = { 0 };
	char *authorization = lab_authorization(&lab);

	http_request_set(&request, "POST", "/MAAS/api/2.0/tags/");
	http_header_add(&request.headers, "Authorization", authorization);
	http_header_add(&request.headers, "Content-Type",
	    "multipart/form-data; boundary=mark");
	buf_addf(&request.body,
	    "--mark\r\nContent-Transfer-Encoding: %s\r\n"
	    "Content-Disposition: form-data; name=\"name\"\r\n\r\n"
	    "%s\r\n--mark--\r\n",
	    encoding, name);
	free(authorization);
	return lab_send(&lab, &request);
}

TEST(a_part_of_a_form_may_be_base64)
{
	lab_open(&lab, NULL);
	EXPECT_INT(make_tag("YmxhY2s=\r\n", "7bit"), 400);
	EXPECT_INT(make_tag("YmxhY2s=\r\n", "base64"), 200);
	EXPECT_STR(jstr(lab.body, "name"), "black");
	EXPECT_INT(make_tag("red", "7bit"), 200);
	EXPECT_STR(jstr(lab.body, "name"), "red");
	lab_close(&lab);
}

TEST(a_field_that_is_not_the_base64_it_says_is_taken_as_it_stands)
{
	lab_open(&lab, NULL);
	EXPECT_INT(make_tag("no_base64", "base64"), 200);
	EXPECT_STR(jstr(lab.body, "name"), "no_base64");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(the_api_describes_itself_to_anybody),
    CASE(nobodys_handler_of_all_nodes_has_one_path),
    CASE(the_parameters_of_a_path_are_described_in_order),
    CASE(a_name_and_a_password_give_a_key_that_works),
    CASE(who_logs_in_again_under_one_name_gets_the_same_key),
    CASE(a_signature_by_a_clock_that_is_not_sped_up_is_in_time),
    CASE(at_the_pace_of_its_clients_a_signature_lives_five_minutes),
    CASE(a_part_of_a_form_may_be_base64),
    CASE(a_field_that_is_not_the_base64_it_says_is_taken_as_it_stands),
    TESTS_END
