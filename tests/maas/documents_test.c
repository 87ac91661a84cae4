#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* Nouns that a region keeps, checks and shows: routes, snippets, repositories,
 * notifications, image sources, keys. */

static int listed(const char *path)
{
	EXPECT_INT(asks("GET", path, NULL), 200);
	return (int)json_array_size(lab.body);
}

static void two_subnets(void)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "subnets/", "cidr=10.1.0.0/24&name=far"), 200);
}

/* ---- static routes ---- */

TEST(a_route_leads_from_a_subnet_to_another)
{
	two_subnets();
	EXPECT_INT(asks("POST", "static-routes/", ""), 400);
	EXPECT_STR(word("source[0]"), "This field is required.");
	EXPECT_INT(asks("POST", "static-routes/",
	               "source=1&destination=far&gateway_ip=10.9.0.1"),
	    400);
	EXPECT_STR(
	    word("gateway_ip[0]"), "Enter an IP address in 10.0.0.0/24.");
	EXPECT_INT(asks("POST", "static-routes/",
	               "source=1&destination=1&gateway_ip=10.0.0.9"),
	    400);
	EXPECT_HAS(word("__all__[0]"), "cannot be the same subnet");
	EXPECT_INT(asks("POST", "static-routes/",
	               "source=1&destination=far&gateway_ip=10.0.0.9"),
	    200);
	EXPECT_STR(word("destination.name"), "far");
	EXPECT_INT(number("metric"), 0);
	EXPECT_INT(asks("PUT", "static-routes/1/", "metric=7"), 200);
	EXPECT_INT(number("metric"), 7);
	EXPECT_INT(asks("POST", "static-routes/",
	               "source=1&destination=far&gateway_ip=10.0.0.9"),
	    400);
	EXPECT_HAS(word("__all__[0]"), "already exists");
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("DELETE", "static-routes/1/", NULL), 403);
	EXPECT_INT(asks("DELETE", "static-routes/9/", NULL), 404);
	lab_close(&lab);
}

TEST(a_route_goes_with_its_subnet_and_shows_its_present_name)
{
	two_subnets();
	EXPECT_INT(asks("POST", "static-routes/",
	               "source=1&destination=2&gateway_ip=10.0.0.9"),
	    200);
	EXPECT_INT(asks("PUT", "subnets/2/", "name=farther"), 200);
	EXPECT_INT(asks("GET", "static-routes/1/", NULL), 200);
	EXPECT_STR(word("destination.name"), "farther");
	EXPECT_INT(asks("DELETE", "subnets/2/", NULL), 204);
	EXPECT_INT(listed("static-routes/"), 0);
	lab_close(&lab);
}

/* ---- DHCP snippets ---- */

TEST(a_snippet_remembers_what_it_was_and_can_be_that_again)
{
	two_subnets();
	EXPECT_INT(asks("POST", "dhcp-snippets/", "name=x"), 400);
	EXPECT_STR(word("value[0]"), "This field is required.");
	EXPECT_INT(asks("POST", "dhcp-snippets/", "name=x&value=a"), 200);
	EXPECT(jbool(lab.body, "global_snippet"));
	EXPECT_INT(asks("PUT", "dhcp-snippets/1/", "value=b&subnet=far"), 200);
	EXPECT_INT(asks("PUT", "dhcp-snippets/1/", "value=c"), 200);
	EXPECT_STR(word("value"), "c");
	EXPECT_STR(word("subnet.name"), "far");
	EXPECT(!jbool(lab.body, "global_snippet"));
	EXPECT_STR(word("history[0].value"), "b");
	EXPECT_INT(asks("POST", "dhcp-snippets/1/?op=revert", "to=-9"), 400);
	EXPECT_STR(lab_text(&lab), "Goes too far back.");
	EXPECT_INT(asks("POST", "dhcp-snippets/1/?op=revert", "to=x"), 400);
	EXPECT_INT(asks("POST", "dhcp-snippets/1/?op=revert", "to=-2"), 200);
	EXPECT_STR(word("value"), "a");
	EXPECT_INT(jlen(lab.body, "history"), 0);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("PUT", "dhcp-snippets/1/", "value=d"), 403);
	EXPECT_INT(listed("dhcp-snippets/"), 1);
	lab_as(&lab, "admin", true);
	EXPECT_INT(asks("DELETE", "dhcp-snippets/1/", NULL), 204);
	EXPECT_INT(asks("GET", "dhcp-snippets/1/", NULL), 404);
	lab_close(&lab);
}

/* ---- package repositories ---- */

TEST(the_two_default_repositories_stay)
{
	a_lab(NULL, NULL);
	EXPECT_INT(listed("package-repositories/"), 2);
	EXPECT_INT(
	    asks("DELETE", "package-repositories/main_archive/", NULL), 400);
	EXPECT_STR(lab_text(&lab), "Default repositories may not be deleted.");
	EXPECT_INT(
	    asks("PUT", "package-repositories/1/", "enabled=false"), 400);
	EXPECT_INT(asks("PUT", "package-repositories/1/",
	               "disabled_pockets=security,backports"),
	    200);
	EXPECT_STR(word("disabled_pockets[1]"), "backports");
	EXPECT_INT(
	    asks("PUT", "package-repositories/1/", "disabled_pockets=mine"),
	    400);
	EXPECT_HAS(word("disabled_pockets[0]"), "'mine' is not a valid");
	lab_close(&lab);
}

TEST(a_repository_of_ones_own_comes_and_goes)
{
	a_lab(NULL, NULL);
	EXPECT_INT(
	    asks("POST", "package-repositories/", "name=mine&url=gopher://x"),
	    400);
	EXPECT_INT(asks("POST", "package-repositories/",
	               "name=mine&url=http://x/y&arches=vax"),
	    400);
	EXPECT_INT(asks("POST", "package-repositories/",
	               "name=mine&url=http://x/y&components=main"),
	    200);
	EXPECT_STR(word("arches[0]"), "amd64");
	EXPECT_INT(
	    asks("POST", "package-repositories/", "name=mine&url=http://x/z"),
	    400);
	EXPECT_HAS(word("name[0]"), "already exists");
	EXPECT_INT(asks("DELETE", "package-repositories/mine/", NULL), 204);
	EXPECT_INT(asks("GET", "package-repositories/mine/", NULL), 404);
	lab_close(&lab);
}

/* ---- notifications ---- */

TEST(a_notification_is_there_until_each_has_dismissed_it)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "notifications/", "users=true"), 400);
	EXPECT_INT(
	    asks("POST", "notifications/", "message=x&category=loud"), 400);
	EXPECT_INT(
	    asks("POST", "notifications/", "message=a {b}&context={\"c\": 1}"),
	    400);
	EXPECT_STR(lab_text(&lab),
	    "{\"__all__\": [\"Notification cannot be rendered.\"]}");
	EXPECT_INT(asks("POST", "notifications/", "message=}"), 400);
	EXPECT_INT(asks("POST", "notifications/", "message=x&users=true"), 200);
	EXPECT_STR(word("category"), "info");
	lab_as(&lab, "bob", false);
	EXPECT_INT(listed("notifications/"), 1);
	EXPECT_INT(asks("POST", "notifications/1/?op=dismiss", ""), 200);
	EXPECT_STR(lab_text(&lab), "null");
	EXPECT_INT(listed("notifications/"), 0);
	EXPECT_INT(asks("PUT", "notifications/1/", "message=y"), 403);
	lab_as(&lab, "carol", false);
	EXPECT_INT(listed("notifications/"), 1);
	lab_as(&lab, "admin", true);
	EXPECT_INT(listed("notifications/"), 0);
	EXPECT_INT(asks("POST", "notifications/1/?op=dismiss", ""), 403);
	EXPECT_INT(
	    asks("PUT", "notifications/1/", "admins=true&ident=me"), 200);
	EXPECT_STR(word("message"), "x");
	EXPECT_INT(listed("notifications/"), 1);
	EXPECT_INT(asks("PUT", "notifications/1/",
	               "message={{{b}}}&context={\"b\": 1}"),
	    200);
	EXPECT_INT(asks("DELETE", "notifications/1/", NULL), 204);
	EXPECT_INT(asks("GET", "notifications/1/", NULL), 404);
	lab_close(&lab);
}

/* ---- image sources ---- */

TEST(sources_and_selections_come_in_the_order_of_their_last_change)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "boot-sources/",
	               "url=http://mirror.example.com/&keyring_filename=/k"),
	    201);
	EXPECT_INT(asks("POST", "boot-sources/1/selections/",
	               "os=ubuntu&release=noble"),
	    200);
	EXPECT_INT(
	    asks("PUT", "boot-sources/1/selections/1/", "arches=arm64"), 200);
	EXPECT_INT(listed("boot-sources/1/selections/"), 2);
	EXPECT_INT(number("[0].id"), 2);
	EXPECT_INT(number("[1].id"), 1);
	EXPECT_INT(asks("PUT", "boot-sources/1/", "keyring_filename=/l"), 200);
	EXPECT_INT(listed("boot-sources/"), 2);
	EXPECT_INT(number("[0].id"), 2);
	EXPECT_INT(number("[1].id"), 1);
	lab_close(&lab);
}

TEST(selections_belong_to_their_source_and_go_with_it)
{
	a_lab(NULL, NULL);
	EXPECT_INT(listed("boot-sources/"), 1);
	EXPECT_INT(listed("boot-sources/1/selections/"), 1);
	EXPECT_INT(
	    asks("POST", "boot-sources/", "url=http://mirror.example.com/"),
	    400);
	EXPECT_HAS(word("__all__[0]"), "One of keyring_data");
	EXPECT_INT(asks("POST", "boot-sources/",
	               "url=http://mirror.example.com/&keyring_filename=/k"),
	    201);
	EXPECT_INT(asks("POST", "boot-sources/2/selections/",
	               "os=ubuntu&release=warty"),
	    400);
	EXPECT_HAS(word("os[0]"), "has no available images for download");
	EXPECT_INT(asks("POST", "boot-sources/2/selections/",
	               "os=ubuntu&release=noble&arches=amd64&arches=arm64"),
	    200);
	EXPECT_STR(word("arches[1]"), "arm64");
	EXPECT_STR(word("labels[0]"), "*");
	EXPECT_INT(asks("GET", "boot-sources/1/selections/2/", NULL), 404);
	EXPECT_INT(
	    asks("PUT", "boot-sources/2/selections/2/", "release=jammy"), 200);
	EXPECT_INT(asks("POST", "boot-sources/2/selections/",
	               "os=ubuntu&release=jammy"),
	    400);
	EXPECT_INT(
	    asks("PUT", "boot-sources/2/", "url=http://other.example.com/"),
	    200);
	EXPECT_INT(asks("DELETE", "boot-sources/2/", NULL), 204);
	EXPECT_INT(asks("GET", "boot-sources/2/selections/", NULL), 404);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("GET", "boot-sources/1/", NULL), 403);
	lab_close(&lab);
}

/* ---- keys ---- */

TEST(a_licence_needs_an_image_that_wants_one)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "license-keys/",
	               "osystem=windows&distro_series=win2012&"
	               "license_key=AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"),
	    400);
	EXPECT_HAS(word("distro_series[0]"), "is not a valid distro_series");
	maas_add_image(lab.maas, "windows/win2012");
	EXPECT_INT(asks("POST", "license-keys/",
	               "distro_series=windows/win2012&license_key=short"),
	    400);
	EXPECT_STR(word("__all__[0]"), "Invalid license key.");
	EXPECT_INT(asks("POST", "license-keys/",
	               "distro_series=windows/win2012&"
	               "license_key=AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"),
	    200);
	EXPECT_STR(word("osystem"), "windows");
	EXPECT_INT(asks("PUT", "license-key/windows/win2012",
	               "license_key=FFFFF-BBBBB-CCCCC-DDDDD-EEEEE"),
	    200);
	EXPECT_INT(listed("license-keys/"), 1);
	EXPECT_INT(asks("DELETE", "license-key/windows/win2012", NULL), 204);
	EXPECT_INT(asks("GET", "license-key/windows/win2012", NULL), 404);
	EXPECT_INT(asks("DELETE", "license-key/windows/win2012", NULL), 204);
	lab_close(&lab);
}

TEST(an_ssl_key_is_its_owners_alone)
{
	static const char pem[] = "key=-----BEGIN CERTIFICATE-----%0AAAAA%0A"
	                          "-----END CERTIFICATE-----";

	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "account/prefs/sslkeys/", "key=x"), 400);
	EXPECT_STR(word("key[0]"), "Invalid SSL key.");
	EXPECT_INT(asks("POST", "account/prefs/sslkeys/", pem), 201);
	EXPECT_INT(asks("POST", "account/prefs/sslkeys/", pem), 400);
	EXPECT_HAS(word("key[0]"), "already been added");
	lab_as(&lab, "bob", false);
	EXPECT_INT(listed("account/prefs/sslkeys/"), 0);
	EXPECT_INT(asks("GET", "account/prefs/sslkeys/1/", NULL), 403);
	EXPECT_STR(lab_text(&lab), "Can't get a key you don't own.");
	EXPECT_INT(asks("DELETE", "account/prefs/sslkeys/1/", NULL), 403);
	lab_as(&lab, "admin", true);
	EXPECT_INT(asks("DELETE", "account/prefs/sslkeys/1/", NULL), 204);
	EXPECT_INT(listed("account/prefs/sslkeys/"), 0);
	lab_close(&lab);
}

/* ---- networks as they were once called ---- */

TEST(networks_can_be_read_and_no_longer_changed)
{
	char *path;

	two_subnets();
	EXPECT_INT(listed("networks/"), 2);
	EXPECT_STR(word("[0].netmask"), "255.255.255.0");
	path = xasprintf("networks/?node=%s", a_machine(NULL));
	EXPECT_INT(listed(path), 1);
	EXPECT_INT(listed("networks/subnet-1/?op=list_connected_macs"), 1);
	EXPECT_INT(asks("GET", "networks/?node=nobody", NULL), 400);
	EXPECT_INT(asks("POST", "networks/", "name=x"), 410);
	EXPECT_INT(asks("DELETE", "networks/subnet-1/", NULL), 410);
	EXPECT_INT(asks("GET", "networks/subnet-9/", NULL), 404);
	free(path);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_route_leads_from_a_subnet_to_another),
    CASE(a_route_goes_with_its_subnet_and_shows_its_present_name),
    CASE(a_snippet_remembers_what_it_was_and_can_be_that_again),
    CASE(the_two_default_repositories_stay),
    CASE(a_repository_of_ones_own_comes_and_goes),
    CASE(a_notification_is_there_until_each_has_dismissed_it),
    CASE(sources_and_selections_come_in_the_order_of_their_last_change),
    CASE(selections_belong_to_their_source_and_go_with_it),
    CASE(a_licence_needs_an_image_that_wants_one),
    CASE(an_ssl_key_is_its_owners_alone),
    CASE(networks_can_be_read_and_no_longer_changed), TESTS_END
