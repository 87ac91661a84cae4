#include <string.h>

#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * Names: domains, resources in them, and what follows from who has which
 * address.
 */

#define NO_DOMAIN "No Domain matches the given query."
#define NO_PREFIX                                                        \
	"IPAddress() does not support netmasks or subnet prefixes! See " \
	"documentation for details."
#define BAD_NAME "\"Invalid dnsresource name: a_b.\""

static int records_of(const char *domain)
{
	char path[64];

	snprintf(path, sizeof(path), "domains/%s/", domain);
	EXPECT_INT(asks("GET", path, NULL), 200);
	return number("resource_record_count");
}

TEST(a_domain_counts_what_people_wrote_into_it)
{
	a_lab(NULL, NULL);
	a_machine(NULL);
	EXPECT_INT(records_of("maas"), 0);
	asks("POST", "dnsresources/",
	    "fqdn=a.maas&ip_addresses=10.0.0.50+10.0.0.51");
	asks("POST", "dnsresources/", "fqdn=b.maas");
	EXPECT_INT(records_of("maas"), 2);
	asks("POST", "dnsresourcerecords/",
	    "fqdn=b.maas&rrtype=TXT&rrdata=hello");
	EXPECT_INT(records_of("maas"), 3);
	asks("DELETE", "dnsresources/1/", NULL);
	EXPECT_INT(records_of("maas"), 1);
	EXPECT_INT(asks("GET", "machines/", NULL), 200);
	EXPECT_INT(number("[0].domain.resource_record_count"), 1);
	lab_close(&lab);
}

TEST(a_domain_that_is_called_like_a_host_takes_over_its_records)
{
	a_lab(NULL, NULL);
	asks("POST", "dnsresources/", "fqdn=deep.maas");
	asks("POST", "domains/", "name=deep.maas");
	EXPECT_INT(asks("GET", "dnsresources/?domain=deep.maas", NULL), 200);
	EXPECT_STR(word("[0].fqdn"), "deep.maas");
	EXPECT_INT(asks("GET", "dnsresources/?domain=maas", NULL), 200);
	EXPECT_INT((int)json_array_size(lab.body), 0);
	lab_close(&lab);
}

/* Both ways; a machine that is somebody's stays. */
TEST(idle_machines_go_to_a_new_default_domain_and_hold_it)
{
	const char *id, *taken;
	char text[300];

	id = a_lab_with_a_machine();
	taken = a_machine(NULL);
	EXPECT_INT(machine_op(taken, "deploy", ""), 200);
	asks("POST", "domains/", "name=x.test");
	EXPECT_INT(asks("POST", "domains/1/?op=set_default", ""), 200);
	asks_of(id, "GET", "", NULL);
	EXPECT_STR(word("domain.name"), "x.test");
	asks_of(taken, "GET", "", NULL);
	EXPECT_STR(word("domain.name"), "maas");
	EXPECT_INT(asks("DELETE", "domains/1/", NULL), 400);
	asks("DELETE", "domains/0/", NULL);
	snprintf(text, sizeof(text), "'Node.domain'.\", {<Node: %s (", taken);
	EXPECT(strstr(lab_text(&lab), text));
	lab_close(&lab);
}

/* ---- changing resources ---- */

TEST(a_resource_is_looked_for_after_the_domain_that_it_is_to_be_in)
{
	static const struct row rows[] = {
		{ "POST", "dnsresources/", "fqdn=a.maas", 200, NULL },
		{ "PUT", "dnsresources/1/", "ip_addresses=10.0.0.9/24", 500,
		    NO_PREFIX },
		{ "GET", "ipaddresses/?ip=10.0.0.0/24", NULL, 500, NO_PREFIX },
		{ "GET", "subnets/ip:10.0.0.0/24/", NULL, 500, NO_PREFIX },
		{ "PUT", "dnsresources/9/", "domain=no", 404, NO_DOMAIN },
		{ "PUT", "dnsresources/1/", "domain=", 404, NO_DOMAIN },
		{ "PUT", "dnsresources/9/", "fqdn=-", 500,
		    "cannot unpack non-iterable NoneType object" },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("PUT", "dnsresources/1/", "domain=no"), 404);
	EXPECT_INT(asks("PUT", "dnsresources/1/", "domain=maas"), 403);
	lab_close(&lab);
}

TEST(labels_are_judged_by_the_form_and_by_the_model)
{
	static const struct row rows[] = {
		{ "POST", "dnsresources/", "fqdn=a.maas", 200, NULL },
		{ "POST", "dnsresources/", "fqdn=b.maas&ip_addresses=10.0.0.50",
		    200, NULL },
		/* only when it is made; what lacks a domain is looked for in
		 * the default one */
		{ "POST", "dnsresources/", "name=a&address_ttl=x", 400,
		    "{\"__all__\": [\"Labels must be unique within their "
		    "zone.\"], \"domain\": [\"This field is required.\"], "
		    "\"address_ttl\": [\"Enter a whole number.\"]}" },
		{ "PUT", "dnsresources/1/", "name=b", 200, NULL },
		/* with addresses a name has to be one, before and after */
		{ "PUT", "dnsresources/1/", "name=a_b", 200, NULL },
		{ "PUT", "dnsresources/2/", "name=a_b", 400,
		    "{\"__all__\": [" BAD_NAME ", " BAD_NAME "]}" },
		{ "PUT", "dnsresources/1/", "ip_addresses=10.0.0.9", 400,
		    "{\"__all__\": [" BAD_NAME "]}" },
		{ "PUT", "dnsresources/1/", "name=", 400,
		    "{\"name\": [\"This field is required.\"]}" },
		{ "PUT", "dnsresources/2/", "name=", 500, "'name'" },
		{ "PUT", "dnsresources/1/", "fqdn=", 400,
		    "{\"name\": [\"This field is required.\"], "
		    "\"domain\": [\"This field is required.\"]}" },
		{ "POST", "dnsresourcerecords/",
		    "fqdn=c.maas&rrtype=CNAME&rrdata=b.maas", 200, NULL },
		{ "PUT", "dnsresources/3/", "ip_addresses=10.0.0.9", 200,
		    NULL },
		{ "PUT", "dnsresources/3/", "address_ttl=5", 400,
		    "{\"__all__\": [\"Cannot add address: CNAME "
		    "present.\"]}" },
	};

	A_LAB_HOLDS(rows);
}

TEST(a_record_is_not_emptied)
{
	static const struct row rows[] = {
		{ "POST", "dnsresourcerecords/",
		    "fqdn=a.maas&rrtype=TXT&rrdata=x&ttl=5", 200, NULL },
		{ "PUT", "dnsresourcerecords/1/", "rrtype=&rrdata=", 400,
		    "{\"rrtype\": [\"This field is required.\"], \"rrdata\": "
		    "[\"This field is required.\"]}" },
		{ "PUT", "dnsresourcerecords/1/", "ttl=", 200, NULL },
	};

	a_lab(NULL, NULL);
	HOLD(rows);
	EXPECT(json_is_null(json_object_get(lab.body, "ttl")));
	EXPECT_STR(word("rrdata"), "x");
	lab_close(&lab);
}

TEST(a_resource_is_listed_once_for_each_record_of_a_type)
{
	a_lab(NULL, NULL);
	asks("POST", "dnsresourcerecords/", "fqdn=a.maas&rrtype=TXT&rrdata=x");
	asks("POST", "dnsresourcerecords/",
	    "fqdn=a.maas&rrtype=MX&rrdata=1+h.maas");
	asks("POST", "dnsresourcerecords/", "fqdn=a.maas&rrtype=TXT&rrdata=y");
	asks("GET", "dnsresources/?rrtype=txt", NULL);
	EXPECT_INT((int)json_array_size(lab.body), 2);
	EXPECT_STR(word("[0].resource_records[0].rrtype"), "MX");
	lab_close(&lab);
}

/* ---- what follows from addresses ---- */

/* "a.maas b.maas": those with no id, in order. */
static const char *implied(const char *query)
{
	static char names[400];
	char path[100];
	json_t *entry;
	size_t i;

	snprintf(path, sizeof(path), "dnsresources/?all=true%s", query);
	EXPECT_INT(asks("GET", path, NULL), 200);
	names[0] = '\0';
	json_array_foreach(lab.body, i, entry)
	{
		if (jint(entry, "id") >= 0)
			continue;
		strcat(names, *names ? " " : "");
		strcat(names, jstr(entry, "fqdn"));
	}
	return names;
}

TEST(an_address_that_a_user_reserved_is_his_to_see_under_a_name_of_its_own)
{
	a_lab(NULL, NULL);
	lab_as(&lab, "bob", false);
	asks("POST", "ipaddresses/?op=reserve", "ip=10.0.0.77");
	EXPECT_STR(implied("&domain=maas"), "10-0-0-77.maas");
	EXPECT_STR(implied("&name=10-0-0-77&rrtype=A"), "10-0-0-77.maas");
	EXPECT_STR(implied("&rrtype=AAAA"), "");
	lab_as(&lab, "alice", false);
	EXPECT_STR(implied("&name=10-0-0-77"), "");
	lab_as(&lab, "admin", true);
	EXPECT_STR(implied("&name=10-0-0-77"), "10-0-0-77.maas");
	EXPECT(number("[0].resource_records[0].user_id") > 0);
	lab_close(&lab);
}

TEST(a_resource_is_implied_once_more_in_its_domain_and_in_its_machines)
{
	a_lab(NULL, NULL);
	a_machine(&(struct maas_machine_spec){ .hostname = "web" });
	asks("POST", "machines/?op=allocate", "");
	EXPECT_INT(machine_op(word("system_id"), "deploy", ""), 200);
	minutes(1);
	asks("POST", "domains/", "name=x.test");
	asks("GET", "machines/", NULL);
	EXPECT(*word("[0].ip_addresses[0]"));
	{
		char form[100];

		snprintf(form, sizeof(form), "fqdn=k.x.test&ip_addresses=%s",
		    word("[0].ip_addresses[0]"));
		EXPECT_INT(asks("POST", "dnsresources/", form), 200);
	}
	EXPECT_STR(implied("&domain=maas"), "k.maas web.maas");
	EXPECT_STR(implied("&domain=x.test"), "k.x.test");
	/* domains that have resources come first */
	EXPECT_STR(implied(""), "k.x.test k.maas web.maas");
	EXPECT_STR(word("[1].fqdn"), "k.x.test");
	EXPECT_INT(number("[1].id"), 1);
	lab_close(&lab);
}

/* ---- words of paths ---- */

TEST(a_name_is_quoted_where_it_is_part_of_a_path)
{
	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "zones/", "name=caf%C3%A9+1"), 200);
	EXPECT_STR(word("name"), "caf\u00e9 1");
	EXPECT_STR(word("resource_uri"), "/MAAS/api/2.0/zones/caf%C3%A9%201/");
	EXPECT_INT(asks("GET", "zones/caf%C3%A9%201/", NULL), 200);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_domain_counts_what_people_wrote_into_it),
    CASE(a_domain_that_is_called_like_a_host_takes_over_its_records),
    CASE(idle_machines_go_to_a_new_default_domain_and_hold_it),
    CASE(a_resource_is_looked_for_after_the_domain_that_it_is_to_be_in),
    CASE(labels_are_judged_by_the_form_and_by_the_model),
    CASE(a_record_is_not_emptied),
    CASE(a_resource_is_listed_once_for_each_record_of_a_type),
    CASE(an_address_that_a_user_reserved_is_his_to_see_under_a_name_of_its_own),
    CASE(a_resource_is_implied_once_more_in_its_domain_and_in_its_machines),
    CASE(a_name_is_quoted_where_it_is_part_of_a_path), TESTS_END
