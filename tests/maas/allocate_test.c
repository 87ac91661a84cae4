#include <stdio.h>

#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

static const char *allocate(const char *form)
{
	int status = lab_ask(&lab, "POST", "machines/?op=allocate", form);

	return status == 200 ? jstr(lab.body, "system_id") : "";
}

TEST(the_smallest_machine_that_will_do_is_taken)
{
	const char *big, *small, *middle;

	a_lab(NULL, NULL);
	big = a_machine(&(struct maas_machine_spec){
	    .cpu_count = 32, .memory_mib = 65536 });
	small = a_machine(
	    &(struct maas_machine_spec){ .cpu_count = 2, .memory_mib = 4096 });
	middle = a_machine(
	    &(struct maas_machine_spec){ .cpu_count = 8, .memory_mib = 16384 });
	EXPECT_STR(allocate("cpu_count=4"), middle);
	EXPECT_STR(allocate(""), small);
	EXPECT_STR(allocate("mem=1024"), big);
	EXPECT_STR(allocate(""), "");
	EXPECT_STR(lab_text(&lab), "No machine available.");
	lab_close(&lab);
}

TEST(equal_machines_are_taken_in_the_order_in_which_they_came)
{
	const char *first, *second;

	a_lab(NULL, NULL);
	first = a_machine(NULL);
	second = a_machine(NULL);
	EXPECT_STR(allocate(""), first);
	EXPECT_STR(allocate(""), second);
	lab_close(&lab);
}

TEST(tags_are_an_and_and_zones_an_or)
{
	const char *const both[] = { "gpu", "ssd", NULL };
	const char *const one[] = { "ssd", NULL };
	const char *with_both, *plain;

	a_lab(NULL, NULL);
	plain = a_machine(
	    &(struct maas_machine_spec){ .zone = "az-1", .tags = one });
	with_both = a_machine(
	    &(struct maas_machine_spec){ .zone = "az-2", .tags = both });
	EXPECT_STR(allocate("tags=ssd,gpu"), with_both);
	EXPECT_STR(allocate("zone=az-2&zone=az-1"), plain);
	lab_close(&lab);
}

TEST(a_machine_can_be_found_by_the_agent_that_took_it)
{
	const char *id = a_lab_with_a_machine();

	a_machine(NULL);
	EXPECT_STR(allocate("agent_name=web.uid.m1.1"), id);
	EXPECT_INT(
	    lab_ask(&lab, "GET", "machines/?agent_name=web.uid.m1.1", NULL),
	    200);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	EXPECT_INT(
	    lab_ask(&lab, "GET", "machines/?agent_name=web.uid.m1.1", NULL),
	    200);
	EXPECT_INT(json_array_size(lab.body), 0);
	lab_close(&lab);
}

TEST(machines_of_others_and_locked_ones_are_no_candidates)
{
	const char *id = a_lab_with_a_machine();

	lab_as(&lab, "alice", false);
	EXPECT_STR(allocate(""), id);
	lab_as(&lab, "bob", false);
	EXPECT_STR(allocate(""), "");
	EXPECT_INT(machine_op(id, "release", NULL), 403);
	EXPECT_STR(lab_text(&lab), "");
	lab_close(&lab);
}

TEST(a_dry_run_takes_nothing)
{
	const char *id = a_lab_with_a_machine();

	EXPECT_STR(allocate("dry_run=true"), id);
	EXPECT_STR(jstr(lab.body, "status_name"), "Ready");
	EXPECT_STR(status_of(id), "Ready");
	lab_close(&lab);
}

TEST(the_sentence_of_a_refusal_repeats_what_was_asked)
{
	a_lab(NULL, NULL);
	a_machine(NULL);
	EXPECT_STR(allocate("op=allocate&cpu_count=400&mem=10"), "");
	EXPECT_STR(lab_text(&lab),
	    "No available machine matches constraints: [('cpu_count', "
	    "['400']), ('mem', ['10'])] (resolved to \"cpu_count=400.0 "
	    "mem=10.0\")");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(the_smallest_machine_that_will_do_is_taken),
    CASE(equal_machines_are_taken_in_the_order_in_which_they_came),
    CASE(tags_are_an_and_and_zones_an_or),
    CASE(a_machine_can_be_found_by_the_agent_that_took_it),
    CASE(machines_of_others_and_locked_ones_are_no_candidates),
    CASE(a_dry_run_takes_nothing),
    CASE(the_sentence_of_a_refusal_repeats_what_was_asked), TESTS_END
