#include "harness/trail.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/told.h"
#include "tests/test.h"

static struct record *record;
static json_t *lines;

static void told_so_far(void)
{
	const char *words[] = { "m1" };

	lines = trail_of_record(record, words, 1, 12, HOURS(1));
}

static void begin(void)
{
	told_begin("", "");
	record = record_new();
	events_add_sink(told.events, record_sink, record);
}

static void end(void)
{
	json_decref(lines);
	told_end();
	record_free(&record);
}

static const char *line(size_t n)
{
	const char *text = json_string_value(json_array_get(lines, n));

	return text ? text : "";
}

TEST(what_is_gone_is_gone_and_no_more_is_said)
{
	begin();
	EVENT(told.events, "gone", "maas/lab", "maas/lab/machine/m1",
	    F("status", ""));
	told_so_far();
	EXPECT_STR(line(0), "0h00m00.000  maas/lab             "
	                    "maas/lab/machine/m1  gone");
	end();
}

TEST(a_state_that_is_told_again_as_it_was_is_left_out)
{
	begin();
	told_machine("m1", "Ready", "");
	told_machine("m1", "Ready", "");
	told_machine("m1", "Allocated", "web.1");
	told_so_far();
	EXPECT_INT(json_array_size(lines), 2);
	EXPECT_HAS(line(0), "status Ready");
	EXPECT_HAS(line(1), "status Ready -> Allocated");
	end();
}

TESTS_BEGIN
CASE(what_is_gone_is_gone_and_no_more_is_said),
    CASE(a_state_that_is_told_again_as_it_was_is_left_out), TESTS_END
