#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/images.h"
#include "tests/maas/rows.h"
#include "tests/test.h"

/*
 * What a client sees of a region's version (docs/maas.md, "Versions"): each
 * claim is asked of every version.
 */

static const char *const versions[] = { "3.4", "3.5", "3.6", "3.7" };
enum version {
	V34,
	V35,
	V36,
	V37,
	VERSIONS
};

#define EACH(v) (enum version v = V34; v < VERSIONS; v++)

static const char *id; /* of the region's machine */

static void a_region(enum version v)
{
	struct maas_options options = { .name = "maas/lab",
		.version = versions[v] };

	a_lab(&options, NULL);
	id = a_machine(NULL);
}

/* One request, and what each version says to it. */
struct answer {
	int status;
	const char *text; /* all of it; NULL: not looked at */
};

static void check_answer(const struct answer *said)
{
	EXPECT_INT(lab.answer.status, said->status);
	if (said->text)
		EXPECT_STR(lab_text(&lab), said->text);
}

/* ---- credentials ---- */

static void with_header(const char *token_name, const char *timestamp)
{
	struct http_request request = { 0 };
	char *header = xasprintf(
	    "OAuth oauth_consumer_key=\"%s\", %s=\"%s\", "
	    "oauth_timestamp=\"%s\", oauth_signature_method=\"PLAINTEXT\", "
	    "oauth_signature=\"&%s\", oauth_nonce=\"n\"",
	    lab.key[0], token_name, lab.key[1], timestamp, lab.key[2]);

	http_request_set(
	    &request, "GET", "%s", "/MAAS/api/2.0/users/?op=whoami");
	http_header_add(&request.headers, "Authorization", header);
	lab_send(&lab, &request);
	free(header);
}

#define SIX_MISSING                                                 \
	"('oauth_consumer_key', <ParamIssue.MISSING: 'missing'>), " \
	"('oauth_token', <ParamIssue.MISSING: 'missing'>), "        \
	"('oauth_signature', <ParamIssue.MISSING: 'missing'>), "    \
	"('oauth_signature_method', <ParamIssue.MISSING: "          \
	"'missing'>), "                                             \
	"('oauth_timestamp', <ParamIssue.MISSING: 'missing'>), "    \
	"('oauth_nonce', <ParamIssue.MISSING: 'missing'>)"

TEST(a_parameter_that_is_missing_or_odd_is_a_bad_request_since_3_5)
{
	static const char odd[] =
	    "\"Bad Request: the following problems were found among the auth "
	    "params: ('oauth_timestamp', <ParamIssue.UNEXPECTED_TYPE: "
	    "'unexpected type'>); the following problems were found among the "
	    "query params: " SIX_MISSING "; the following problems were found "
	    "among the query params: " SIX_MISSING "\"";

	for
		EACH(v)
		{
			a_region(v);
			/* the name is there, as a part of another one */
			with_header("my_oauth_token", "1");
			check_answer(&(struct answer){ v == V34 ? 401 : 400,
			    v == V34
			        ? "Authorization Error: 'Parameter not found: "
			          "oauth_token'"
			        : "'Bad Request: Parameter not found: "
			          "oauth_token'" });
			with_header("oauth_token", "abc");
			check_answer(&(struct answer){ v == V34 ? 500 : 400,
			    v == V34 ? "invalid literal for int() with base "
			               "10: 'abc'"
			             : odd });
			lab_close(&lab);
		}
}

/* ---- settings ---- */

static const char *unknown(const char *name)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s is not a valid config setting", name);
	return text;
}

TEST(settings_come_with_their_version)
{
	static const struct {
		const char *name, *value;
		enum version since;
	} settings[] = {
		{ "node_timeout", "30", V34 },
		{ "max_node_release_results", "3", V35 },
		{ "default_boot_interface_link_type", "\"auto\"", V36 },
		{ "enable_kernel_crash_dump", "false", V36 },
	};

	for
		EACH(v)
		{
			a_region(v);
			for (size_t i = 0; i < 4; i++) {
				char *path = xasprintf(
				    "maas/?op=get_config&name=%s",
				    settings[i].name);
				bool there = v >= settings[i].since;

				EXPECT_INT(
				    asks("GET", path, NULL), there ? 200 : 400);
				EXPECT_HAS(lab_text(&lab),
				    there ? settings[i].value
				          : unknown(settings[i].name));
				free(path);
			}
			lab_close(&lab);
		}
}

/* The address of the link too, if it has one. */
static void commissioning_links(
    enum version v, const char *setting, const char *mode, const char *ip)
{
	char *form = xasprintf(
	    "name=default_boot_interface_link_type&value=%s", setting);

	a_region(v);
	EXPECT_INT(asks("POST", "maas/?op=set_config", form), 200);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	minutes(30);
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_INT(jlen(lab.body, "boot_interface.links"), 1);
	EXPECT_STR(word("boot_interface.links[0].mode"), mode);
	EXPECT_STR(word("boot_interface.links[0].ip_address"), ip);
	free(form);
	lab_close(&lab);
}

TEST(commissioning_links_as_the_setting_says_since_3_6)
{
	commissioning_links(V36, "auto", "auto", "");
	commissioning_links(V36, "dhcp", "dhcp", "");
	commissioning_links(V36, "link_up", "link_up", "");
	commissioning_links(V37, "static", "static", "10.0.0.2");
}

TEST(the_setting_of_the_link_is_one_of_four)
{
	a_region(V36);
	EXPECT_INT(asks("POST", "maas/?op=set_config",
	               "name=default_boot_interface_link_type&value=x"),
	    400);
	EXPECT_STR(word("default_boot_interface_link_type[0]"),
	    "Select a valid choice. x is not one of the available choices.");
	EXPECT_INT(asks("POST", "maas/?op=set_config",
	               "name=default_boot_interface_link_type&value="),
	    400);
	lab_close(&lab);
}

/* ---- kept addresses (3.6 and later) ---- */

static char *link_path(const char *of)
{
	int iface;

	status_of(of);
	iface = number("boot_interface.id");
	return xasprintf("nodes/%s/interfaces/%d/?op=link_subnet", of, iface);
}

static void keep(const char *ip, const char *mac)
{
	char *form = xasprintf("ip=%s&mac_address=%s", ip, mac);

	EXPECT_INT(asks("POST", "reservedips/", form), 200);
	free(form);
}

#define STATIC(ip) "mode=static&subnet=cidr:10.0.0.0/24&ip_address=" ip

TEST(a_static_address_may_not_go_against_those_that_are_kept)
{
	char *path, *mac, *text;

	a_region(V36);
	path = link_path(id);
	mac = xstrdup(word("boot_interface.mac_address"));
	keep("10.0.0.50", "aa:bb:cc:dd:ee:ff");
	EXPECT_INT(asks("POST", path, STATIC("10.0.0.50")), 409);
	EXPECT_STR(lab_text(&lab),
	    "The static IP 10.0.0.50 is already reserved "
	    "for the mac address aa:bb:cc:dd:ee:ff.");
	keep("10.0.0.60", mac);
	EXPECT_INT(asks("POST", path, STATIC("10.0.0.70")), 409);
	text = xasprintf("The static IP 10.0.0.70 does not match the reserved "
	                 "IP 10.0.0.60 for the MAC address %s.",
	    mac);
	EXPECT_STR(lab_text(&lab), text);
	free(text);
	EXPECT_INT(asks("POST", path, STATIC("10.0.0.50")), 409);
	text = xasprintf("The MAC address %s or the static IP 10.0.0.50 are "
	                 "associated to reserved IP and can't be used.",
	    mac);
	EXPECT_STR(lab_text(&lab), text);
	free(text);
	EXPECT_INT(asks("POST", path, STATIC("10.0.0.60")), 200);
	free(path);
	free(mac);
	lab_close(&lab);
}

TEST(a_deployment_takes_the_address_that_is_kept_for_the_interface)
{
	a_region(V36);
	status_of(id);
	keep("10.0.0.60", word("boot_interface.mac_address"));
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	status_of(id);
	EXPECT_STR(word("ip_addresses[0]"), "10.0.0.60");
	lab_close(&lab);
}

/* ---- a machine's life ---- */

/* Up to 3.5 it is nobody's at once; then it stays its owner's as long as it is
 * on. */
TEST(a_broken_machine_that_is_on_keeps_its_owner_since_3_6)
{
	for
		EACH(v)
		{
			a_region(v);
			EXPECT_INT(machine_op(id, "deploy", NULL), 200);
			minutes(30);
			EXPECT_STR(status_of(id), "Deployed");
			EXPECT_INT(
			    machine_op(id, "mark_broken", "comment=c"), 200);
			EXPECT_STR(word("status_name"), "Broken");
			EXPECT_STR(word("owner"), v < V36 ? "" : "admin");
			EXPECT_INT(machine_op(id, "mark_fixed", NULL), 200);
			lab_close(&lab);
		}
}

/* ---- release ---- */

static void a_deployed_machine(enum version v)
{
	a_region(v);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	minutes(30);
	EXPECT_STR(status_of(id), "Deployed");
}

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
		for
			EACH(v)
			{
				a_deployed_machine(v);
				EXPECT_INT(
				    machine_op(id, "release", releases[i].form),
				    releases[i].said[v].status);
				EXPECT_HAS(
				    lab_text(&lab), releases[i].said[v].text);
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

/* ---- images ---- */

TEST(an_image_that_is_not_there_is_named_as_the_version_does)
{
	for
		EACH(v)
		{
			a_region(v);
			EXPECT_INT(
			    asks("POST", "maas/?op=set_config",
			        "name=default_distro_series&value=jammy"),
			    200);
			maas_image_make(
			    lab.maas, "custom/web", "arm64/generic");
			EXPECT_INT(machine_op(id, "deploy",
			               "distro_series=custom/web"),
			    400);
			EXPECT_STR(lab_text(&lab),
			    v == V34
			        ? "Deployment operating system custom web is "
			          "unavailable."
			        : "Deployment operating system custom/web is "
			          "unavailable for amd64/generic.");
			EXPECT_STR(status_of(id), "Ready");
			EXPECT_INT(
			    machine_op(id, "deploy", "distro_series=22.04"),
			    v < V36 ? 400 : 200);
			lab_close(&lab);
		}
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
	for
		EACH(v)
		{
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
	for
		EACH(v)
		{
			char *path;

			a_region(v);
			EXPECT_INT(
			    asks("POST", "machines/",
			        "architecture=amd64&commission=false&"
			        "mac_addresses=aa:bb:cc:dd:ee:01&is_dpu=true"),
			    200);
			EXPECT_INT(
			    json_is_true(jget(lab.body, "is_dpu")), v == V37);
			path = xasprintf(
			    "machines/%s/?op=release", word("system_id"));
			EXPECT_INT(asks("POST", path, "erase=true"),
			    v == V37 ? 400 : 409);
			free(path);
			lab_close(&lab);
		}
}

TEST(crashes_of_kernels_are_kept_where_they_are_wanted_since_3_6)
{
	for
		EACH(v)
		{
			a_region(v);
			EXPECT_INT(machine_op(id, "deploy",
			               "enable_kernel_crash_dump=true"),
			    200);
			status_of(id);
			EXPECT_INT(json_is_true(jget(
			               lab.body, "enable_kernel_crash_dump")),
			    v >= V36);
			EXPECT_INT(machine_op(id, "release", NULL), 200);
			EXPECT(!json_is_true(
			    jget(lab.body, "enable_kernel_crash_dump")));
			lab_close(&lab);
		}
}

/* ---- keys of people ---- */

#define ACCOUNT                                                              \
	"\"ssh_accounts\": {\"gh:alice\": [\"ssh-rsa AAAA one\", \"ssh-rsa " \
	"BBBB two\"]}"

TEST(imported_keys_are_shown_as_the_version_does)
{
	static const char *const shown[] = {
		"{\"id\":1,\"protocol\":\"gh\",\"auth_id\":\"alice\","
		"\"auto_update\":false}",
		"{\"id\":1,\"protocol\":\"gh\",\"auth_id\":\"alice\","
		"\"auto_update\":false}",
		"[{\"id\":1,\"key\":\"ssh-rsa AAAA one\",\"keysource\":"
		"\"gh:alice\"},{\"id\":2,\"key\":\"ssh-rsa BBBB two\","
		"\"keysource\":\"gh:alice\"}]",
		"[{\"id\":1,\"key\":\"ssh-rsa AAAA one\",\"keysource\":"
		"\"gh:alice\",\"resource_uri\":"
		"\"/MAAS/api/2.0/account/prefs/sshkeys/1/\"},{\"id\":2,"
		"\"key\":\"ssh-rsa BBBB two\",\"keysource\":\"gh:alice\","
		"\"resource_uri\":"
		"\"/MAAS/api/2.0/account/prefs/sshkeys/2/\"}]",
	};

	for
		EACH(v)
		{
			struct maas_options options = { .name = "maas/lab",
				.version = versions[v] };
			json_t *inventory = json_loads(
			    "{" ACCOUNT "}", 0, NULL);
			struct err err = { 0 };
			char *text;

			lab_open(&lab, &options);
			EXPECT(maas_load(lab.maas, inventory, &err));
			json_decref(inventory);
			lab_as(&lab, "admin", true);
			EXPECT_INT(
			    asks("POST", "account/prefs/sshkeys/?op=import",
			        "keysource=gh:alice"),
			    200);
			text = json_dumps(lab.body, JSON_COMPACT);
			EXPECT_STR(text, shown[v]);
			free(text);
			/* once is enough */
			EXPECT_INT(
			    asks("POST", "account/prefs/sshkeys/?op=import",
			        "keysource=gh:alice"),
			    200);
			EXPECT_INT(
			    asks("GET", "account/prefs/sshkeys/", NULL), 200);
			EXPECT_INT(json_array_size(lab.body), 2);
			EXPECT_STR(word("[1].keysource"), "gh:alice");
			EXPECT_INT(
			    asks("POST", "account/prefs/sshkeys/?op=import",
			        "keysource=lp:alice"),
			    400);
			lab_close(&lab);
		}
}

/* ---- the description ---- */

TEST(snippets_are_deprecated_since_3_6)
{
	for
		EACH(v)
		{
			a_region(v);
			asks("GET", "describe/", NULL);
			EXPECT(
			    !strstr(lab_text(&lab),
			        "The 'DHCP-Snippets' endpoint has been "
			        "deprecated "
			        "in favour of 'Reserved-IPs'.") == (v < V36));
			lab_close(&lab);
		}
}

TESTS_BEGIN
CASE(a_parameter_that_is_missing_or_odd_is_a_bad_request_since_3_5),
    CASE(settings_come_with_their_version),
    CASE(commissioning_links_as_the_setting_says_since_3_6),
    CASE(the_setting_of_the_link_is_one_of_four),
    CASE(a_static_address_may_not_go_against_those_that_are_kept),
    CASE(a_deployment_takes_the_address_that_is_kept_for_the_interface),
    CASE(a_broken_machine_that_is_on_keeps_its_owner_since_3_6),
    CASE(a_release_reads_a_form_since_3_5),
    CASE(scripts_run_before_a_machine_is_free),
    CASE(a_release_whose_scripts_fail_has_failed),
    CASE(scripts_of_releases_are_unknown_to_3_4),
    CASE(an_image_that_is_not_there_is_named_as_the_version_does),
    CASE(an_order_against_one_that_is_waited_for_is_for_later_in_3_5),
    CASE(who_switches_by_hand_may_take_his_time_up_to_3_5),
    CASE(a_dpu_is_one_since_3_7_and_is_not_erased),
    CASE(crashes_of_kernels_are_kept_where_they_are_wanted_since_3_6),
    CASE(imported_keys_are_shown_as_the_version_does),
    CASE(snippets_are_deprecated_since_3_6), TESTS_END
