#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* What allocate and the lists of machines make of each constraint: a table of
 * questions and answers for each claim. */

#define A(form) "POST", "machines/?op=allocate", form

#define NO_JOIN "sequence item 0: expected str instance, NoneType found"

TEST(words_that_are_no_values_are_refused_field_by_field)
{
	static const struct row rows[] = {
		{ A("cpu_speed=fast"), 400,
		    "{\"cpu_speed\": [\"Invalid CPU speed: number "
		    "required.\"]}" },
		{ A("link_speed="), 400,
		    "{\"link_speed\": [\"Invalid link speed: number "
		    "required.\"]}" },
		{ A("owner=zoe&owner=eve"), 400,
		    "{\"owner\": [\"No such owner: 'eve'.\"]}" },
		{ A("power_state=burning"), 400,
		    "{\"power_state\": [\"Select a valid choice. burning is "
		    "not one of the available choices.\"]}" },
		{ A("not_in_zone=a,b"), 400,
		    "{\"not_in_zone\": [\"Enter a valid value.\"]}" },
		{ A("zone=b&zone=a&zone=b"), 400,
		    "{\"zone\": [\"No such zone(s): a, b.\"]}" },
		{ A("vlans=nosuch"), 400,
		    "{\"vlans\": [\"No matching VLANs found.\"]}" },
		{ A("vlans=vid:4095"), 400,
		    "{\"vlans\": [\"VLAN tag (VID) out of range (0-4094; 0 "
		    "for untagged.)\"]}" },
		{ A("subnets=id:x"), 400,
		    "{\"subnets\": [\"Subnet ID must be numeric.\"]}" },
		{ A("devices=color=red"), 400,
		    "{\"devices\": [\"Unknown devices constraint: 'color\"]}" },
		{ A("storage=a-b:5"), 400,
		    "{\"storage\": [\"Malformed storage constraint, "
		    "\\\"a-b:5\\\".\"]}" },
		{ A("status=ready"), 400,
		    "{\"status\": [\"No such constraint.\"]}" },
	};

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	lab_close(&lab);
}

TEST(labelled_constraints_are_read_before_they_are_looked_for)
{
	static const struct row rows[] = {
		{ A("interfaces=eth"), 400,
		    "{\"interfaces\": [\"Malformed constraint: 'eth' (required "
		    "format: '<label>:<key>=<value>[,<key2>=<value2>"
		    "[,...]]')\"]}" },
		{ A("interfaces=a:b"), 400,
		    "{\"interfaces\": [\"Malformed key/value pair in "
		    "constraint: 'b'\"]}" },
		{ A("interfaces=a:name=x;a:name=y"), 400,
		    "{\"interfaces\": [\"Constraint label defined more than "
		    "once: 'a'\"]}" },
		{ A("interfaces=a:mac_address=x"), 400,
		    "{\"interfaces\": [\"Unknown interfaces constraint: "
		    "'mac_address\"]}" },
		{ A("interfaces=a:mode=auto"), 400,
		    "The only valid value for 'mode' is 'unconfigured'." },
		{ A("interfaces=a:id=x"), 400,
		    "Interface ID must be numeric." },
		{ A("interfaces=a:space=nosuch"), 404,
		    "No Space matches the given query." },
		{ A("interfaces=a:vid=x"), 500,
		    "invalid literal for int() with base 10: 'x'" },
		{ A("interfaces=a:link_speed=x"), 500,
		    "Field 'link_speed' expected a number but got 'x'." },
		{ A("interfaces=a:subnet_cidr=x"), 500, "invalid IPNetwork x" },
	};

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	lab_close(&lab);
}

/* Faults of MAAS itself. */
TEST(values_that_nobody_expected_are_tripped_over)
{
	static const struct row rows[] = {
		{ A("cpu_count=inf"), 500,
		    "cannot convert float infinity to integer" },
		{ A("mem=nan"), 500, "cannot convert float NaN to integer" },
		{ A("subnets=vid:x"), 500,
		    "'ValueError' object has no attribute 'message'" },
		{ A("subnets=cidr:x"), 500,
		    "'AddrFormatError' object has no attribute 'message'" },
		{ A("devices=vendor_id"), 500,
		    "not enough values to unpack (expected 2, got 1)" },
		{ A("storage=1.2.3"), 500,
		    "could not convert string to float: '1.2.3'" },
		{ A("system_id="), 500, NO_JOIN },
		{ A("name="), 500, NO_JOIN },
		{ A("pod="), 500, NO_JOIN },
	};

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	lab_close(&lab);
}

#define NONE "No available machine matches constraints: "

TEST(what_was_understood_is_said_in_the_order_of_the_names)
{
	static const struct row rows[] = {
		{ A("tags=b a&arch=amd64&cpu_count=400"), 409,
		    NONE "[('tags', ['b a']), ('arch', ['amd64']), "
		         "('cpu_count', ['400'])] (resolved to "
		         "\"arch=amd64/generic cpu_count=400.0 tags=a,b\")" },
		{ A("subnets=10.0.0.0/24&mem=1e16"), 409,
		    NONE "[('subnets', ['10.0.0.0/24']), ('mem', ['1e16'])] "
		         "(resolved to \"mem=1e+16 subnets=1\")" },
		{ A("name=it's"), 409,
		    NONE "[('name', [\"it's\"])] (resolved to "
		         "\"name=it's\")" },
		{ A("mem=99999.5&not_tags=x,y"), 409,
		    NONE "[('mem', ['99999.5']), ('not_tags', ['x,y'])] "
		         "(resolved to \"mem=99999.5 not_tags=x,y\")" },
	};

	a_lab(NULL, NULL);
	a_machine(&(struct maas_machine_spec){
	    .tags = (const char *const[]){ "a", "b", NULL } });
	HOLD(rows);
	lab_close(&lab);
}

TEST(each_constraint_lets_the_machines_pass_that_have_it)
{
	static const struct row rows[] = {
		{ A("dry_run=1&cpu_count=400&cpu_count=1_0"), 409, NULL },
		{ A("dry_run=1&cpu_count=400&cpu_count=2"), 200, NULL },
		{ A("dry_run=1&pod_type=ipmi"), 200, NULL },
		{ A("dry_run=1&not_pod_type=ipmi"), 409, NULL },
		{ A("dry_run=1&not_pod=true&not_pod_type=lxd"), 200, NULL },
		{ A("dry_run=1&not_owner=nobody&power_state==off"), 200, NULL },
		{ A("dry_run=1&vlans=untagged&subnets=vid:0"), 200, NULL },
		{ A("dry_run=1&not_vlans=0"), 409, NULL },
		{ A("dry_run=1&not_subnets=subnet-1"), 409, NULL },
		{ A("dry_run=1&interfaces=a:vlan=untagged,not_vid=5"), 200,
		    NULL },
		{ A("dry_run=1&interfaces=a:fabric=fabric-0,"
		    "mode=unconfigured"),
		    200, NULL },
		{ A("dry_run=1&interfaces=a:not_name=eth0,not_fabric=0"), 409,
		    NULL },
		{ A("dry_run=1&storage=root:100"), 200, NULL },
		{ A("dry_run=1&storage=root:100,more:1"), 409, NULL },
		{ A("dry_run=1&storage=root:100(partition)"), 200, NULL },
		{ A("dry_run=1&devices=product_id=1001"), 200, NULL },
		{ A("dry_run=1&devices=vendor_id=1af4,product_id=9"), 409,
		    NULL },
		{ A("dry_run=1&not_arch=amd64/generic"), 409, NULL },
		{ A("dry_run=1&not_tags=ssd,gpu"), 200, NULL },
	};
	const char *const tags[] = { "ssd", NULL };

	a_lab(NULL, NULL);
	a_machine(&(struct maas_machine_spec){ .tags = tags });
	HOLD(rows);
	lab_close(&lab);
}

TEST(a_list_knows_more_words_and_skips_what_allocate_takes_besides)
{
	static const struct row rows[] = {
		{ "GET", "machines/?status==ready&not_status=broken", NULL, 200,
		    NULL },
		{ "GET", "machines/?comment=x&verbose=1", NULL, 200, NULL },
		{ "GET", "machines/?name=x", NULL, 400,
		    "{\"name\": [\"No such constraint.\"]}" },
		{ "GET", "machines/?simple_status=nosuch", NULL, 400,
		    "{\"simple_status\": [\"Select a valid choice. nosuch is "
		    "not one of the available choices.\"]}" },
		{ "GET", "machines/?simple_status=ready", NULL, 500, NULL },
	};

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	lab_close(&lab);
}

TEST(bridges_of_an_allocation_are_made_as_asked)
{
	static const struct row rows[] = {
		{ A("bridge_fd=soon"), 400,
		    "Invalid bridge_fd: Please enter an integer value" },
		{ A("bridge_type="), 400,
		    "{\"bridge_type\": [\"'%(value)s' is not a valid "
		    "bridge_type.  It should be one of: 'standard', "
		    "'ovs'.\"]}" },
		{ A("install_kvm=maybe&bridge_all=maybe"), 400,
		    "Invalid install_kvm: Value should be 'true' or "
		    "'false'" },
		{ A("bridge_all=true&bridge_type=ovs&bridge_fd=7&bridge_stp="
		    "on"),
		    200, NULL },
	};
	const json_t *bridge;

	a_lab(NULL, NULL);
	a_machine(NULL);
	HOLD(rows);
	bridge = json_array_get(json_object_get(lab.body, "interface_set"), 1);
	EXPECT_STR(jstr(bridge, "type"), "bridge");
	EXPECT_STR(jstr(bridge, "params.bridge_type"), "ovs");
	EXPECT_INT(jint(bridge, "params.bridge_fd"), 7);
	EXPECT(jbool(bridge, "params.bridge_stp"));
	lab_close(&lab);
}

TESTS_BEGIN
CASE(words_that_are_no_values_are_refused_field_by_field),
    CASE(labelled_constraints_are_read_before_they_are_looked_for),
    CASE(values_that_nobody_expected_are_tripped_over),
    CASE(what_was_understood_is_said_in_the_order_of_the_names),
    CASE(each_constraint_lets_the_machines_pass_that_have_it),
    CASE(a_list_knows_more_words_and_skips_what_allocate_takes_besides),
    CASE(bridges_of_an_allocation_are_made_as_asked), TESTS_END
