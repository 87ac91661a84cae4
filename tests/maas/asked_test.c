#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * How things are asked for: by MAC addresses in whatever writing, by names
 * with odd letters, with words said twice, over paths that are none; and what
 * is kept for administrators.
 */

static void a_lab_with_a_rack(void)
{
	a_lab_from("{\"rack_system_id\": \"rack01\"}");
}

/* ---- MAC addresses ---- */

#define REGISTERED "machines/?op=is_registered&mac_address="
#define UNDER_WAY  "machines/?op=is_action_in_progress&mac_address="

TEST(a_mac_is_registered_however_it_is_written)
{
	static const struct row rows[] = {
		{ "POST", "machines/",
		    "architecture=amd64&mac_addresses=5254.000a.0001&"
		    "commission=false",
		    200, NULL },
		{ "GET", REGISTERED "52:54:00:0a:00:01", NULL, 200, "true" },
		{ "GET", REGISTERED "52-54-00-0A-00-01", NULL, 200, "true" },
		{ "GET", REGISTERED "5254000a0001", NULL, 200, "true" },
		{ "GET", REGISTERED "52:54:0:a:0:1", NULL, 200, "true" },
		{ "GET", REGISTERED "zz", NULL, 200, "false" },
		{ "GET", REGISTERED, NULL, 200, "false" },
		/* a list looks for what is written, if it is written well */
		{ "GET", "machines/?mac_address=5254000a0001", NULL, 200,
		    "[]" },
		{ "GET", "machines/?mac_address=52:54:00:0A:00:01", NULL, 200,
		    "[]" },
		{ "GET", "machines/?mac_address=52:54:00:0a:00", NULL, 400,
		    "{\"mac_address\": [\"Invalid parameter: invalid MAC "
		    "address format\"]}" },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	lab_close(&lab);
}

TEST(only_commissioning_and_deploying_are_an_action_in_progress)
{
	const char *id;
	char *path;

	a_lab(NULL, NULL);
	a_cable(BMC_SILENT);
	id = a_machine(NULL);
	status_of(id);
	path = xasprintf(
	    UNDER_WAY "%s", jstr(lab.body, "interface_set[0].mac_address"));
	EXPECT_INT(machine_op(id, "test", ""), 200);
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 200);
	EXPECT_STR(lab_text(&lab), "false");
	lab_as(&lab, "admin", true);
	EXPECT_INT(machine_op(id, "abort", ""), 200);
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 200);
	EXPECT_STR(lab_text(&lab), "true");
	free(path);
	lab_close(&lab);
}

/* ---- words ---- */

TEST(a_list_of_nodes_takes_no_format_and_no_callback)
{
	static const struct row rows[] = {
		{ "GET", "machines/?format=json", NULL, 400,
		    "{\"format\": [\"No such constraint.\"]}" },
		{ "GET", "nodes/?callback=f", NULL, 400,
		    "{\"callback\": [\"No such constraint.\"]}" },
		{ "GET", "zones/nosuch/?format=json", NULL, 404, NULL },
		{ "GET", "zones/?format=json", NULL, 200, NULL },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	lab_close(&lab);
}

TEST(a_page_of_events_is_asked_for_again_with_the_last_of_each_word)
{
	a_lab(NULL, NULL);
	a_machine(NULL);
	EXPECT_INT(
	    lab_ask(&lab, "GET",
	        "events/?op=query&hostname=a&level=INFO&hostname=b", NULL),
	    200);
	EXPECT_STR(jstr(lab.body, "next_uri"),
	    "/MAAS/api/2.0/events/?op=query&hostname=b&level=INFO");
	EXPECT_INT(lab_ask(&lab, "GET", "events/?op=query&limit=+", NULL), 400);
	EXPECT_STR(
	    lab_text(&lab), "Invalid limit: Please enter an integer value");
	lab_close(&lab);
}

/* A letter of any language is one, and no other sign; in a path it is
 * written as bytes. */
TEST(a_name_has_letters_and_is_quoted_in_its_path)
{
	static const struct row rows[] = {
		{ "POST", "zones/", "name=%E2%98%83", 400,
		    "{\"name\": [\"Enter a valid value.\"]}" },
		{ "POST", "zones/", "name=%FF", 400,
		    "{\"name\": [\"Enter a valid value.\"]}" },
		{ "POST", "resourcepools/", "name=a%E2%80%93b", 400,
		    "{\"name\": [\"Enter a valid value.\"]}" },
		{ "POST", "fabrics/", "name=%E2%98%83", 400,
		    "{\"name\": [\"Invalid fabric name: \xe2\x98\x83.\"]}" },
		{ "POST", "resourcepools/", "name=%E6%9D%B1%E4%BA%AC", 200,
		    NULL },
		{ "POST", "zones/", "name=caf%C3%A9+1", 200, NULL },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT_STR(jstr(lab.body, "resource_uri"),
	    "/MAAS/api/2.0/zones/caf%C3%A9%201/");
	lab_close(&lab);
}

TEST(a_path_that_is_not_percent_encoded_does_not_reach_the_region)
{
	a_lab(NULL, NULL);
	EXPECT_INT(lab_ask(&lab, "GET", "zones/%zz/", NULL), 400);
	EXPECT_HAS(lab_text(&lab), "nginx");
	EXPECT_INT(lab_ask(&lab, "GET", "zones/%00/", NULL), 400);
	EXPECT_INT(lab_ask(&lab, "GET", "zones/%E9/", NULL), 404);
	EXPECT_INT(lab_ask(&lab, "GET", "zones/?x=%zz", NULL), 200);
	lab_close(&lab);
}

TEST(the_description_is_told_by_no_handler)
{
	a_lab(NULL, NULL);
	EXPECT_INT(lab_ask(&lab, "GET", "describe/", NULL), 200);
	EXPECT_STR(http_header(&lab.answer.headers, "Content-Type"),
	    "application/json");
	EXPECT(!http_header(&lab.answer.headers, "Vary"));
	EXPECT(!http_header(&lab.answer.headers, "X-MAAS-API-Hash"));
	lab_close(&lab);
}

TEST(nobody_keeps_keys_elsewhere_in_this_world)
{
#define IMPORT "account/prefs/sshkeys/?op=import"
	static const struct row rows[] = {
		{ "POST", IMPORT, "keysource=lp:alice", 400,
		    "Unable to import SSH keys. launchpad user alice doesn't "
		    "exist." },
		{ "POST", IMPORT, "keysource=gh:a:b", 400,
		    "Unable to import SSH keys. github user a:b doesn't "
		    "exist." },
		{ "POST", IMPORT, "keysource=zz:", 400,
		    "{\"protocol\": [\"Value 'zz' is not a valid choice.\"], "
		    "\"auth_id\": [\"This field cannot be blank.\"]}" },
		{ "POST", IMPORT, "keysource=", 400,
		    "{\"auth_id\": [\"This field cannot be blank.\"]}" },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	lab_close(&lab);
}

#define KEYS "account/prefs/sshkeys/"
#define KEY                                                             \
	"key=ssh-ed25519+AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwND" \
	"g8QERITFBUWFxgZGhscHR4f"
#define NEW "username=carol&email=c@x&password=p&is_superuser="
#define INVALID                                                         \
	"{\"key\": [\"Invalid SSH public key: Key should contain 2 or " \
	"more space separated parts (key type, base64-encoded key, "    \
	"optional comments), not 1: x\"]}"

TEST(an_administrator_may_add_keys_for_others)
{
	static const struct row rows[] = {
		{ "POST", KEYS, KEY "&user=nobody", 400,
		    "Supplied username does not match any current users." },
		{ "POST", "users/", NEW "1&key=x", 400, INVALID },
		{ "GET", "users/carol/", NULL, 404, NULL },
		{ "POST", "users/", NEW "1&" KEY, 200, NULL },
		{ "POST", KEYS, KEY "&user=carol", 400,
		    "{\"__all__\": [\"This key has already been added for "
		    "this user.\"]}" },
		{ "GET", KEYS, NULL, 200, "[]" },
		{ "POST", KEYS, KEY, 201, NULL },
		{ "DELETE", "users/carol/", NULL, 204, NULL },
		/* others bring none along */
		{ "POST", "users/", NEW "0&key=x", 200, NULL },
	};
	static const struct row others[] = {
		{ "POST", KEYS, KEY "&user=alice", 400,
		    "Only administrators can specify a user when creating an "
		    "SSH key." },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	lab_as(&lab, "alice", false);
	HOLD(others);
	lab_close(&lab);
}

/* ---- racks ---- */

#define RACK  "rackcontrollers/rack01/"
#define ADMIN "This method is reserved for admin users."

TEST(methods_of_controllers_are_kept_for_administrators)
{
	static const struct row rows[] = {
		{ "PUT", RACK, "description=x", 403, ADMIN },
		{ "GET", RACK "?op=list_boot_images", NULL, 403, ADMIN },
		{ "POST", RACK "?op=import_boot_images", "", 403, ADMIN },
		{ "PUT", "regioncontrollers/nosuch/", "zone=x", 403, ADMIN },
		{ "PUT", "vm-clusters/1", "name=x", 403, ADMIN },
		{ "DELETE", "vm-clusters/1", NULL, 403, ADMIN },
		{ "DELETE", RACK, NULL, 403, "" },
	};

	a_lab_with_a_rack();
	lab_as(&lab, "alice", false);
	HOLD(rows);
	lab_close(&lab);
}

TEST(a_rack_lists_its_images_while_it_is_connected)
{
	json_t *step = json_pack("{s:s}", "step", "rack-disconnects");
	struct err err = { 0 };

	a_lab_with_a_rack();
	EXPECT_INT(
	    lab_ask(&lab, "GET", RACK "?op=list_boot_images", NULL), 200);
	EXPECT(jbool(lab.body, "connected"));
	EXPECT_STR(jstr(lab.body, "images[0].architecture"), "amd64");
	EXPECT(jlen(lab.body, "images[0].subarches") >= 2);
	EXPECT_INT(
	    lab_ask(&lab, "POST", RACK "?op=import_boot_images", ""), 200);
	EXPECT_HAS(lab_text(&lab), "Import of boot images started on rack");
	EXPECT(maas_control(lab.maas, step, NULL, &err));
	EXPECT_INT(
	    lab_ask(&lab, "GET", RACK "?op=list_boot_images", NULL), 200);
	EXPECT(!jbool(lab.body, "connected"));
	EXPECT_INT(jlen(lab.body, "images"), 0);
	EXPECT_INT(lab_ask(&lab, "DELETE", RACK "?force=maybe", NULL), 400);
	EXPECT_INT(lab_ask(&lab, "DELETE", RACK "?force=true", NULL), 204);
	json_decref(step);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_mac_is_registered_however_it_is_written),
    CASE(only_commissioning_and_deploying_are_an_action_in_progress),
    CASE(a_list_of_nodes_takes_no_format_and_no_callback),
    CASE(a_page_of_events_is_asked_for_again_with_the_last_of_each_word),
    CASE(a_name_has_letters_and_is_quoted_in_its_path),
    CASE(a_path_that_is_not_percent_encoded_does_not_reach_the_region),
    CASE(the_description_is_told_by_no_handler),
    CASE(nobody_keeps_keys_elsewhere_in_this_world),
    CASE(an_administrator_may_add_keys_for_others),
    CASE(methods_of_controllers_are_kept_for_administrators),
    CASE(a_rack_lists_its_images_while_it_is_connected), TESTS_END
