#include "harness/serve/loops.h"

#include "tests/test.h"

static struct loops loops;
static usec span;

/* How many of these calls, so far apart, are said to be a loop. */
static int said(int count, uint64_t answer, usec begin_at, usec every)
{
	int loud = 0;

	for (int i = 0; i < count; i++)
		loud += loops_see(
		    &loops, 7, answer, begin_at + i * every, &span);
	return loud;
}

TEST(the_fiftieth_time_is_said_and_no_other)
{
	loops = (struct loops){ 0 };
	EXPECT_INT(said(49, 1, 0, MILLISECONDS(10)), 0);
	EXPECT_INT(said(1, 1, MILLISECONDS(490), 0), 1);
	EXPECT_INT(span, MILLISECONDS(490));
	EXPECT_INT(said(1000, 1, MILLISECONDS(500), MILLISECONDS(10)), 0);
}

TEST(who_asks_slowly_does_not_loop)
{
	loops = (struct loops){ 0 };
	EXPECT_INT(said(1000, 1, 0, MILLISECONDS(200)), 0);
}

TEST(another_answer_begins_anew)
{
	loops = (struct loops){ 0 };
	EXPECT_INT(said(40, 1, 0, 1000), 0);
	EXPECT_INT(said(40, 2, 40000, 1000), 0);
	EXPECT_INT(said(10, 2, 80000, 1000), 1);
	EXPECT_INT(said(50, 3, 90000, 1000), 1);
}

TEST(other_requests_in_between_do_not_hide_it)
{
	int loud = 0;

	loops = (struct loops){ 0 };
	for (int i = 0; i < 60; i++) {
		loud += loops_see(&loops, 7, 1, i * 1000, &span);
		for (uint64_t other = 100; other < 120; other++)
			EXPECT(!loops_see(
			    &loops, other, (uint64_t)i, i * 1000, &span));
	}
	EXPECT_INT(loud, 1);
}

TESTS_BEGIN
CASE(the_fiftieth_time_is_said_and_no_other),
    CASE(who_asks_slowly_does_not_loop), CASE(another_answer_begins_anew),
    CASE(other_requests_in_between_do_not_hide_it), TESTS_END
