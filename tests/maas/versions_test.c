#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/images.h"
#include "tests/maas/versions.h"
#include "tests/test.h"

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

	each_version (v) {
		a_region(v);
		/* the name is there, as a part of another one */
		with_header("my_oauth_token", "1");
		check_answer(&(struct answer){ v == V34 ? 401 : 400,
		    v == V34 ? "Authorization Error: 'Parameter not found: "
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

	each_version (v) {
		a_region(v);
		for (size_t i = 0; i < 4; i++) {
			char *path = xasprintf(
			    "maas/?op=get_config&name=%s", settings[i].name);
			bool there = v >= settings[i].since;

			EXPECT_INT(asks("GET", path, NULL), there ? 200 : 400);
			EXPECT_HAS(
			    lab_text(&lab), there ? settings[i].value
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

/* ---- images ---- */

TEST(an_image_that_is_not_there_is_named_as_the_version_does)
{
	each_version (v) {
		a_region(v);
		EXPECT_INT(asks("POST", "maas/?op=set_config",
		               "name=default_distro_series&value=jammy"),
		    200);
		maas_image_make(lab.maas, "custom/web", "arm64/generic");
		EXPECT_INT(
		    machine_op(id, "deploy", "distro_series=custom/web"), 400);
		EXPECT_STR(lab_text(&lab),
		    v == V34 ? "Deployment operating system custom web is "
		               "unavailable."
		             : "Deployment operating system custom/web is "
		               "unavailable for amd64/generic.");
		EXPECT_STR(status_of(id), "Ready");
		EXPECT_INT(machine_op(id, "deploy", "distro_series=22.04"),
		    v < V36 ? 400 : 200);
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

	each_version (v) {
		struct maas_options options = { .name = "maas/lab",
			.version = versions[v] };
		json_t *inventory = json_loads("{" ACCOUNT "}", 0, NULL);
		struct err err = { 0 };
		char *text;

		lab_open(&lab, &options);
		EXPECT(maas_load(lab.maas, inventory, &err));
		json_decref(inventory);
		lab_as(&lab, "admin", true);
		EXPECT_INT(asks("POST", "account/prefs/sshkeys/?op=import",
		               "keysource=gh:alice"),
		    200);
		text = json_dumps(lab.body, JSON_COMPACT);
		EXPECT_STR(text, shown[v]);
		free(text);
		/* once is enough */
		EXPECT_INT(asks("POST", "account/prefs/sshkeys/?op=import",
		               "keysource=gh:alice"),
		    200);
		EXPECT_INT(asks("GET", "account/prefs/sshkeys/", NULL), 200);
		EXPECT_INT(json_array_size(lab.body), 2);
		EXPECT_STR(word("[1].keysource"), "gh:alice");
		EXPECT_INT(asks("POST", "account/prefs/sshkeys/?op=import",
		               "keysource=lp:alice"),
		    400);
		lab_close(&lab);
	}
}

/* ---- requests that say it all ---- */

struct claim {
	const char *method, *path, *form;
	struct answer said[VERSIONS];
};

/* MACHINE in a path is the region's machine. */
static char *path_of(const char *path)
{
	const char *at = strstr(path, "MACHINE");

	return at ? xasprintf("%.*s%s%s", (int)(at - path), path, id,
	                at + strlen("MACHINE"))
	          : xstrdup(path);
}

static void claims_hold(const struct claim *claims, size_t count)
{
	each_version (v) {
		a_region(v);
		for (size_t i = 0; i < count; i++) {
			char *path = path_of(claims[i].path);

			asks(claims[i].method, path, claims[i].form);
			check_answer(&claims[i].said[v]);
			free(path);
		}
		lab_close(&lab);
	}
}

#define CLAIMS_HOLD(claims) \
	claims_hold(claims, sizeof(claims) / sizeof((claims)[0]))

#define SINCE_3_5(old, new)        \
	{                          \
		old, new, new, new \
	}
#define SINCE_3_6(old, new)        \
	{                          \
		old, old, new, new \
	}
#define SINCE_3_7(old, new)        \
	{                          \
		old, old, old, new \
	}
#define SAYS(status, text)   \
	{                    \
		status, text \
	}
#define FINE SAYS(200, NULL)

TEST(deployments_are_refused_in_the_words_of_the_version)
{
	static const char no_racks[] =
	    "Deploying a machine as a rackd has been disabled and it's not "
	    "supported anymore.";
	static const struct claim claims[] = {
		{ "POST", "machines/MACHINE/?op=deploy",
		    "install_kvm=true&ephemeral_deploy=true",
		    SINCE_3_5(SAYS(400, "Cannot deploy as a VM host for "
		                        "ephemeral deployments."),
		        SAYS(400, "A machine can not be a VM host if it is "
		                  "deployed to memory.")) },
		{ "POST", "machines/MACHINE/?op=deploy", "install_rackd=true",
		    { SAYS(400, no_racks), FINE, SAYS(400, no_racks),
		        SAYS(400, no_racks) } },
	};

	CLAIMS_HOLD(claims);
}

TEST(images_are_shown_and_fetched_as_the_version_does)
{
	static const struct claim claims[] = {
		{ "POST", "rackcontrollers/?op=import_boot_images", "",
		    SINCE_3_5(SAYS(200, "Import of boot images started on all "
		                        "rack controllers"),
		        SAYS(202, "Accepted")) },
		{ "GET", "boot-resources/?type=generated", NULL,
		    SINCE_3_5(SAYS(200, "[]"),
		        SAYS(400, "'generated' is not a valid boot resource "
		                  "type. Available types: ['synced', "
		                  "'uploaded']")) },
	};

	CLAIMS_HOLD(claims);
	each_version (v) {
		a_region(v);
		EXPECT_INT(asks("POST", "boot-resources/",
		               "name=custom/x&architecture=amd64/generic&"
		               "size=3&base_image=ubuntu/jammy&sha256="
		               "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6"
		               "fb34982ddf0efd18cb"),
		    201);
		EXPECT(
		    !strstr(lab_text(&lab), "filename_on_disk") == (v == V34));
		EXPECT(!strstr(lab_text(&lab), "base_image") == (v == V34));
		lab_close(&lab);
	}
}

TEST(networks_are_guarded_as_the_version_does)
{
	static const struct claim claims[] = {
		{ "POST", "dnsresources/", "fqdn=a.maas&ip_addresses=10.0.0.77",
		    { FINE, FINE, FINE, FINE } },
		{ "DELETE", "dnsresources/1/", NULL,
		    SINCE_3_7(SAYS(204, NULL), SAYS(204, NULL)) },
		{ "POST", "ipaddresses/?op=reserve", "ip=10.0.0.77",
		    SINCE_3_6(SAYS(404, "The IP address 10.0.0.77 is already "
		                        "in use."),
		        FINE) },
		{ "GET", "reservedips/", NULL,
		    SINCE_3_6(SAYS(404, "Unknown API endpoint: "
		                        "/MAAS/api/2.0/reservedips/."),
		        FINE) },
		{ "POST", "subnets/", "cidr=10.0.0.0/25",
		    SINCE_3_7(FINE, SAYS(400, NULL)) },
	};

	CLAIMS_HOLD(claims);
}

TEST(a_subnet_in_use_is_deleted_by_force_since_3_7)
{
	each_version (v) {
		a_region(v);
		EXPECT_INT(machine_op(id, "deploy", NULL), 200);
		EXPECT_INT(
		    asks("DELETE", "subnets/1/", NULL), v == V37 ? 400 : 204);
		EXPECT_INT(asks("DELETE", "subnets/1/?force=true", NULL),
		    v == V37 ? 204 : 404);
		lab_close(&lab);
	}
}

TEST(who_may_not_change_a_tag_learns_it_in_the_words_of_the_version)
{
	each_version (v) {
		a_region(v);
		EXPECT_INT(asks("POST", "tags/", "name=t"), 200);
		lab_as(&lab, "bob", false);
		EXPECT_INT(
		    asks("POST", "tags/t/?op=update_nodes", "add=x"), 403);
		EXPECT_STR(lab_text(&lab),
		    v == V34 ? "Must be a superuser or supply a "
		               "rack_controller"
		             : "");
		lab_close(&lab);
	}
}

/* ---- the description ---- */

TEST(snippets_are_deprecated_since_3_6)
{
	each_version (v) {
		a_region(v);
		asks("GET", "describe/", NULL);
		EXPECT(!strstr(lab_text(&lab),
		           "The 'DHCP-Snippets' endpoint has been "
		           "deprecated "
		           "in favour of 'Reserved-IPs'.") == (v < V36));
		lab_close(&lab);
	}
}

TEST(every_version_has_a_hash_of_its_own)
{
	char *hashes[VERSIONS];

	each_version (v) {
		a_region(v);
		asks("GET", "describe/", NULL);
		hashes[v] = xstrdup(word("hash"));
		for (int w = V34; w < (int)v; w++)
			EXPECT(strcmp(hashes[v], hashes[w]) != 0);
		lab_close(&lab);
	}
	each_version (v)
		free(hashes[v]);
}

static void asks_images(const char *rack)
{
	char *path = xasprintf("rackcontrollers/%s/?op=list_boot_images", rack);

	EXPECT_INT(asks("GET", path, NULL), 200);
	free(path);
}

/* 3.4 asks the rack; later ones know. */
TEST(images_of_a_lost_rack_are_known_since_3_5)
{
	each_version (v) {
		a_region(v);
		EXPECT(happens("{\"step\": \"rack-disconnects\"}"));
		EXPECT_INT(asks("GET", "rackcontrollers/", NULL), 200);
		asks_images(word("[0].system_id"));
		EXPECT_STR(word("status"), v == V34 ? "unknown" : "synced");
		EXPECT_INT(jlen(lab.body, "images"), v == V34 ? 0 : 1);
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
    CASE(an_image_that_is_not_there_is_named_as_the_version_does),
    CASE(imported_keys_are_shown_as_the_version_does),
    CASE(deployments_are_refused_in_the_words_of_the_version),
    CASE(images_are_shown_and_fetched_as_the_version_does),
    CASE(networks_are_guarded_as_the_version_does),
    CASE(a_subnet_in_use_is_deleted_by_force_since_3_7),
    CASE(who_may_not_change_a_tag_learns_it_in_the_words_of_the_version),
    CASE(every_version_has_a_hash_of_its_own),
    CASE(images_of_a_lost_rack_are_known_since_3_5),
    CASE(snippets_are_deprecated_since_3_6), TESTS_END
