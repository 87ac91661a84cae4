#include <stdlib.h>

#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* Inventories that are none: each is refused with the place. */
struct refused {
	const char *inventory, *sentence;
};

static void refuses(const struct refused *row)
{
	json_t *json = json_loads(row->inventory, JSON_DECODE_ANY, NULL);
	struct err err = { 0 };

	EXPECT(json);
	if (maas_load(lab.maas, json, &err))
		test_failed(__FILE__, __LINE__, "%s is taken", row->inventory);
	EXPECT_STR(err.text, row->sentence);
	json_decref(json);
}

#define REFUSES(rows)                                                    \
	for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++) \
	refuses(&(rows)[i_])
#define MACHINE(rest)                                                          \
	"{\"machines\": [{\"system_id\": \"a\", \"hostname\": \"m\"" rest "}]" \
	"}"

TEST(a_value_of_the_wrong_kind_is_refused_with_its_place)
{
	static const struct refused rows[] = {
		{ "[]", "inventory: the whole has to be an object, not []" },
		{ "{\"machines\": 3}",
		    "inventory: machines has to be a list, not 3" },
		{ "{\"machines\": [3]}",
		    "inventory: machines[0] has to be an object, not 3" },
		{ "{\"machines\": [null]}", "inventory: machines[0] is null" },
		{ MACHINE(", \"status\": 9"),
		    "inventory: machines[0].status has to be 0 (New), 4 "
		    "(Ready), 6 (Deployed), 8 (Broken), 10 (Allocated) or 11 "
		    "(Failed deployment), not 9" },
		{ MACHINE(", \"mac\": [\"52:54:00:00:00:01\", 7]"),
		    "inventory: machines[0].mac[1] has to be a MAC address, "
		    "not 7" },
		{ MACHINE(", \"memory\": -1"),
		    "inventory: machines[0].memory has to be a whole number "
		    "from 0 on, not -1" },
		{ MACHINE(", \"locked\": \"no\""),
		    "inventory: machines[0].locked has to be true or false, "
		    "not \"no\"" },
		{ "{\"users\": {\"bob\": {\"ssh_keys\": [\"\"]}}}",
		    "inventory: users.bob.ssh_keys[0] has to be a text that "
		    "is not empty, not \"\"" },
		{ "{\"fabrics\": [{\"name\": \"f\", \"vlans\": [{\"vid\": "
		  "4095}]}]}",
		    "inventory: fabrics[0].vlans[0].vid has to be a whole "
		    "number from 0 to 4094, not 4095" },
		{ "{\"subnets\": [{\"cidr\": \"10.0.0.0/24\", "
		  "\"gateway_ip\": \"here\"}]}",
		    "inventory: subnets[0].gateway_ip has to be an IP "
		    "address, not \"here\"" },
		{ "{\"racks\": [{\"system_id\": \"r\", \"hostname\": \"r\", "
		  "\"interfaces\": [{\"name\": 1}]}]}",
		    "inventory: racks[0].interfaces[0].name has to be a text "
		    "that is not empty, not 1" },
		{ "{\"maas\": {\"version\": \"new\"}}",
		    "inventory: maas.version has to be a version, such as "
		    "\"3.4\", not \"new\"" },
	};

	a_lab(NULL, NULL);
	REFUSES(rows);
	lab_close(&lab);
}

TEST(what_is_needed_or_named_wrongly_is_missed)
{
	static const struct refused rows[] = {
		{ "{\"machines\": [{\"system_id\": \"a\"}]}",
		    "inventory: machines[0] has no hostname" },
		{ "{\"zones\": [{\"name\": \"a\"}, {\"name\": null}]}",
		    "inventory: zones[1] has no name" },
		{ "{\"ipranges\": [{\"type\": \"dynamic\", \"start_ip\": "
		  "\"10.0.0.1\"}]}",
		    "inventory: ipranges[0] has no end_ip" },
		{ "{\"machins\": []}",
		    "inventory: machins is no key; did you mean machines?" },
	};

	a_lab(NULL, NULL);
	REFUSES(rows);
	lab_close(&lab);
}

TEST(what_refers_to_nothing_is_refused)
{
	static const struct refused rows[] = {
		{ MACHINE(", \"zone\": \"moon\""),
		    "inventory: machines[0]: there is no zone moon" },
		{ MACHINE(", \"pool\": \"deep\""),
		    "inventory: machines[0]: there is no pool deep" },
		{ MACHINE("}, {\"system_id\": \"a\", \"hostname\": \"n\""),
		    "inventory: machines[1]: the system_id a is taken" },
		{ "{\"subnets\": [{\"cidr\": \"10.0.0.0/24\", \"vlan\": "
		  "{\"id\": 99}}]}",
		    "inventory: subnets[0]: there is no VLAN 99" },
		{ "{\"ipranges\": [{\"type\": \"dynamic\", \"start_ip\": "
		  "\"10.0.0.1\", \"end_ip\": \"10.0.0.9\"}]}",
		    "inventory: ipranges[0]: there is no subnet for "
		    "10.0.0.1" },
	};

	a_lab(NULL, NULL);
	REFUSES(rows);
	lab_close(&lab);
}

/* Half a key is perhaps most of a secret. */
TEST(a_key_that_is_none_is_not_shown)
{
	static const struct refused rows[] = {
		{ "{\"users\": {\"bob\": {\"api_key\": \"a:verysecret\"}}}",
		    "inventory: users.bob.api_key has to be "
		    "CONSUMER:TOKEN:SECRET" },
	};

	a_lab(NULL, NULL);
	REFUSES(rows);
	lab_close(&lab);
}

TEST(a_refused_shape_leaves_the_region_as_it_was)
{
	static const struct refused rows[] = {
		{ "{\"pools\": {}}",
		    "inventory: pools has to be a list, not {}" },
	};

	a_lab(NULL, NULL);
	lab_as(&lab, "admin", true);
	EXPECT_INT(lab_ask(&lab, "POST", "zones/", "name=z1"), 200);
	REFUSES(rows);
	EXPECT_INT(lab_ask(&lab, "GET", "zones/z1/", NULL), 200);
	lab_close(&lab);
}

TEST(null_counts_as_missing_and_other_keys_do_no_harm)
{
	static const char inventory[] = MACHINE(
	    ", \"owner\": null, \"status\": 4, \"fqdn\": 3, "
	    "\"ip_addresses\": null");

	a_lab_from(inventory);
	EXPECT_INT(lab_ask(&lab, "GET", "machines/a/", NULL), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Ready");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_value_of_the_wrong_kind_is_refused_with_its_place),
    CASE(what_is_needed_or_named_wrongly_is_missed),
    CASE(what_refers_to_nothing_is_refused),
    CASE(a_key_that_is_none_is_not_shown),
    CASE(a_refused_shape_leaves_the_region_as_it_was),
    CASE(null_counts_as_missing_and_other_keys_do_no_harm), TESTS_END
