#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * The forms of the smaller nouns: what Django's fields make of the words that
 * clients write into them.
 */

TEST(a_domain_knows_three_words_for_authoritative)
{
	a_lab(NULL, NULL);
	EXPECT_INT(lab_ask(&lab, "POST", "domains/",
	               "name=x.example.com..&authoritative=0"),
	    200);
	EXPECT_STR(jstr(lab.body, "name"), "x.example.com");
	EXPECT(jbool(lab.body, "authoritative"));
	lab_ask(&lab, "PUT", "domains/x.example.com/", "authoritative=false");
	EXPECT(!jbool(lab.body, "authoritative"));
	lab_ask(&lab, "PUT", "domains/x.example.com/", "authoritative=1");
	EXPECT(!jbool(lab.body, "authoritative"));
	lab_ask(&lab, "PUT", "domains/x.example.com/", "authoritative=True");
	EXPECT(jbool(lab.body, "authoritative"));
	lab_close(&lab);
}

TEST(a_dns_resource_is_found_by_a_name_that_one_has)
{
	static const struct row rows[] = {
		{ "POST", "domains/", "name=x.com", 200, NULL },
		{ "POST", "dnsresources/", "fqdn=a.maas", 200, NULL },
		{ "POST", "dnsresources/", "fqdn=b.maas", 200, NULL },
		{ "POST", "dnsresources/", "fqdn=b.x.com", 200, NULL },
		{ "GET", "dnsresources/a/", NULL, 200, NULL },
		{ "GET", "dnsresources/name:a/", NULL, 200, NULL },
		{ "GET", "dnsresources/b/", NULL, 403,
		    "Too many DNSResource objects match the given query." },
		{ "GET", "dnsresources/c/", NULL, 404,
		    "No DNSResource matches the given query." },
	};

	A_LAB_HOLDS(rows);
}

#define SETTING(name, value, sentence)                                       \
	{                                                                    \
		"POST", "maas/?op=set_config", "name=" name "&value=" value, \
		    400, "{\"" name "\": [\"" sentence "\"]}"                \
	}

TEST(settings_are_judged_by_their_fields)
{
	static const struct row rows[] = {
		SETTING("default_storage_layout", "zz",
		    "Select a valid choice. zz is not one of the available "
		    "choices."),
		SETTING(
		    "default_storage_layout", "", "This field is required."),
		SETTING("node_timeout", "0",
		    "Ensure this value is greater than or equal to 1."),
		SETTING("upstream_dns", "8.8.8.8+zz",
		    "Invalid IP address: zz; provide a list of "
		    "space-separated IP addresses"),
		SETTING(
		    "http_proxy", "http://proxy:3128", "Enter a valid URL."),
		SETTING("maas_auto_ipmi_user_privilege_level", "zz",
		    "Valid choices are ADMIN, OPERATOR, or USER"),
		{ "POST", "maas/?op=set_config",
		    "name=http_proxy&value=http://10.0.0.1:3128/", 200, "OK" },
		{ "POST", "maas/?op=set_config",
		    "name=enable_http_proxy&value=0", 200, "OK" },
		{ "GET", "maas/?op=get_config&name=enable_http_proxy", NULL,
		    200, "true" },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_repository_takes_lists_with_commas)
{
	static const struct row rows[] = {
		{ "PUT", "package-repositories/1/", "arches=", 400,
		    "{\"arches\": [\"'' is not a valid architecture. Known "
		    "architectures: amd64, arm64, armhf, i386, ppc64el, "
		    "s390x\"]}" },
		{ "PUT", "package-repositories/1/",
		    "disabled_pockets=updates,+security", 200, NULL },
		{ "PUT", "package-repositories/1/", "disabled_pockets=None",
		    200, NULL },
		{ "PUT", "package-repositories/1/", "components=", 400,
		    "{\"components\": [\"This is a default Ubuntu repository. "
		    "Please update 'disabled_components' instead.\"]}" },
		{ "POST", "package-repositories/",
		    "url=http://x.com/&name="
		    "0123456789012345678901234567890123456789x1",
		    400,
		    "{\"name\": [\"Ensure this value has at most 41 "
		    "characters (it has 42).\"]}" },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT_INT(lab_ask(&lab, "POST", "package-repositories/",
	               "name=x&url=http://x.com/&components=a+b,c&enabled=0"),
	    200);
	EXPECT(jbool(lab.body, "enabled"));
	EXPECT(!jbool(lab.body, "disable_sources"));
	EXPECT_STR(json_string_value(json_array_get(
	               json_object_get(lab.body, "components"), 0)),
	    "a b");
	EXPECT_INT(json_array_size(json_object_get(lab.body, "components")), 2);
	lab_close(&lab);
}

TEST(what_a_field_refers_to_is_missed_by_its_id)
{
	static const struct row rows[] = {
		{ "POST", "static-routes/", "source=99&destination=x", 400,
		    "{\"source\": [\"None found with id=99.\"], "
		    "\"destination\": [\"Select a valid choice. That choice "
		    "is not one of the available choices.\"], "
		    "\"gateway_ip\": [\"This field is required.\"]}" },
		{ "POST", "static-routes/", "source=99&gateway_ip=10.0.0.1",
		    500, "'NoneType' object has no attribute 'get_ipnetwork'" },
		{ "GET", "static-routes/zz/", NULL, 500,
		    "Field 'id' expected a number but got 'zz'." },
		{ "POST", "static-routes/",
		    "source=1&destination=1&gateway_ip=10.9.0.1", 400,
		    "{\"gateway_ip\": [\"Enter an IP address in "
		    "10.0.0.0/24.\"], \"__all__\": [\"source and "
		    "destination cannot be the same subnet.\"]}" },
		{ "POST", "static-routes/",
		    "source=1&destination=1&gateway_ip=10.0.0.1&metric=-1", 400,
		    NULL },
		{ "POST", "dhcp-snippets/", "name=s&value=v&node=zz", 400,
		    "{\"node\": [\"Select a valid choice. zz is not one of "
		    "the available choices.\"]}" },
		{ "POST", "dhcp-snippets/", "name=s&value=v", 200, NULL },
		{ "GET", "dhcp-snippets/s/", NULL, 200, NULL },
		{ "POST", "fabrics/0/vlans/", "vid=7&space=zz", 400,
		    "{\"space\": [\"Select a valid choice. That choice is "
		    "not one of the available choices.\"]}" },
	};

	A_LAB_HOLDS(rows);
}

TEST(an_image_of_ones_own_has_a_name_of_its_own)
{
	static const struct row rows[] = {
		{ "POST", "boot-resources/", "name=ubuntu", 400, NULL },
		{ "POST", "boot-resources/",
		    "name=centos7&architecture=amd64/generic&size=1&sha256="
		    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e7304336"
		    "2938b9824",
		    400, "{\"name\": [\"centos7 is a reserved name\"]}" },
		{ "POST", "boot-resources/",
		    "name=x&base_image=windows/w&architecture=amd64/generic&"
		    "size=1&sha256=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1f"
		    "a7425e73043362938b9824",
		    400,
		    "{\"base_image\": [\"custom images require a valid "
		    "non-custom OS type base image\"]}" },
		{ "POST", "boot-resources/", "name=a/b/c", 500,
		    "too many values to unpack (expected 2)" },
		{ "GET", "vm-clusters/1", NULL, 404,
		    "No VMCluster matches the given query." },
		{ "POST", "files/", "filename=", 400, "Filename not supplied" },
		{ "GET", "files/a/b.txt/", NULL, 404, "Not Found" },
	};

	A_LAB_HOLDS(rows);
}

#define HELLO                                                      \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362" \
	"938b9824"

/* "hello" in two pieces; a wrong end is forgotten. */
TEST(an_image_is_uploaded_by_administrators_piece_by_piece)
{
	static const struct row rows[] = {
		{ "POST", "boot-resources/",
		    "name=x&base_image=ubuntu/jammy&architecture=amd64/generic&"
		    "size=5&sha256=" HELLO,
		    201, NULL },
		{ "PUT", "boot-resources/2/upload/x/", "h", 500,
		    "Field 'id' expected a number but got 'x'." },
		{ "PUT", "boot-resources/2/upload/1/", "hell", 200, "OK" },
		{ "PUT", "boot-resources/2/upload/1/", "0", 400,
		    "Saved content does not match given SHA256 value." },
		{ "PUT", "boot-resources/2/upload/1/", "oo", 400,
		    "Too much data received." },
		{ "PUT", "boot-resources/2/upload/1/", "o", 200, "OK" },
		{ "PUT", "boot-resources/2/upload/1/", "o", 400,
		    "Cannot upload to a complete file." },
		{ "GET", "boot-resources/x/", NULL, 500,
		    "Field 'id' expected a number but got 'x'." },
		{ "DELETE", "boot-resources/x/", NULL, 500,
		    "Field 'id' expected a number but got 'x'." },
		{ "GET", "boot-sources/1/selections/x/", NULL, 500,
		    "Field 'id' expected a number but got 'x'." },
		{ "GET", "domains/id:x/", NULL, 500,
		    "Field 'id' expected a number but got 'x'." },
		{ "GET", "dnsresourcerecords/x/", NULL, 500,
		    "Cannot resolve keyword 'name' into field. Choices are: "
		    "created, dnsresource, dnsresource_id, id, rrdata, rrtype, "
		    "ttl, updated" },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	lab_as(&lab, "bob", false);
	EXPECT_INT(
	    lab_ask(&lab, "PUT", "boot-resources/2/upload/1/", "o"), 403);
	lab_close(&lab);
}

#define KEY_ROW(key, sentence)                                              \
	{                                                                   \
		"POST", "account/prefs/sshkeys/", "key=" key, 400,          \
		    "{\"key\": [\"Invalid SSH public key: " sentence "\"]}" \
	}

TEST(a_key_is_told_what_it_lacks)
{
	static const struct row rows[] = {
		KEY_ROW("zz", "Key should contain 2 or more space separated "
		              "parts (key type, base64-encoded key, optional "
		              "comments), not 1: zz"),
		KEY_ROW("it's", "Key should contain 2 or more space separated "
		                "parts (key type, base64-encoded key, optional "
		                "comments), not 1: 'it'\\\"'\\\"'s'"),
		KEY_ROW("rsa+AAAA",
		    "Key type rsa not recognised; it should be one of: "
		    "ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 "
		    "ecdsa-sha2-nistp521 ssh-dss ssh-ed25519 ssh-rsa"),
		KEY_ROW("ssh-rsa+AAAA",
		    "Key could not be converted to RFC4716 form."),
		/* of another type inside */
		KEY_ROW("ssh-rsa+AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwND"
		        "g8QERITFBUWFxgZGhscHR4f",
		    "Key could not be converted to RFC4716 form."),
		{ "POST", "account/prefs/sshkeys/",
		    "key=+ssh-ed25519+AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkK"
		    "CwwNDg8QERITFBUWFxgZGhscHR4f+me+",
		    201, NULL },
		{ "GET", "account/prefs/sshkeys/zz/", NULL, 500,
		    "Field 'id' expected a number but got 'zz'." },
		{ "GET", "account/prefs/sslkeys/9/", NULL, 404,
		    "No SSLKey matches the given query." },
	};

	A_LAB_HOLDS(rows);
}

TESTS_BEGIN
CASE(a_domain_knows_three_words_for_authoritative),
    CASE(a_dns_resource_is_found_by_a_name_that_one_has),
    CASE(settings_are_judged_by_their_fields),
    CASE(a_repository_takes_lists_with_commas),
    CASE(what_a_field_refers_to_is_missed_by_its_id),
    CASE(an_image_of_ones_own_has_a_name_of_its_own),
    CASE(an_image_is_uploaded_by_administrators_piece_by_piece),
    CASE(a_key_is_told_what_it_lacks), TESTS_END
