#include "harness/claim.h"

#include "base/events.h"
#include "tests/harness/told.h"
#include "tests/test.h"

TEST(within_is_kept_at_the_deadline_itself)
{
	told_begin("within 4m: maas/lab.machines(Ready) == 1", "");
	told_wait(MINUTES(4));
	EXPECT_INT(told.claim.verdict, CLAIM_OPEN);
	told_machine("a", "Ready", "");
	EXPECT_INT(told.claim.verdict, CLAIM_KEPT);
	told_end();
}

TEST(within_is_broken_as_soon_as_the_clock_moves_past_it)
{
	told_begin("within 4m: maas/lab.machines(Ready) == 1", "");
	told_wait(MINUTES(4) + 1);
	EXPECT_INT(told.claim.verdict, CLAIM_BROKEN);
	told_machine("a", "Ready", "");
	EXPECT_INT(told.claim.verdict, CLAIM_BROKEN);
	EXPECT_STR(told.claim.was.text, "0");
	told_end();
}

TEST(for_is_broken_by_one_moment)
{
	told_begin("for 4m: maas/lab.machines(Ready) == 0", "");
	told_wait(MINUTES(3));
	told_machine("a", "Ready", "");
	EXPECT_INT(told.claim.verdict, CLAIM_BROKEN);
	EXPECT_INT(told.claim.settled_at, MINUTES(3));
	EXPECT_STR(told.claim.was.text, "1");
	told_end();
}

TEST(for_is_kept_when_the_clock_moves_past_it)
{
	told_begin("for 4m: maas/lab.machines(Ready) == 0", "");
	told_wait(MINUTES(4));
	EXPECT_INT(told.claim.verdict, CLAIM_OPEN);
	EXPECT(claim_has_deadline(&told.claim));
	told_wait(1);
	EXPECT_INT(told.claim.verdict, CLAIM_KEPT);
	EXPECT(!claim_has_deadline(&told.claim));
	told_end();
}

TEST(within_for_wants_both)
{
	told_begin("within 4m, for 10m: maas/lab.machines(Ready) == 1", "");
	told_wait(MINUTES(2));
	told_machine("a", "Ready", "");
	told_wait(MINUTES(9));
	EXPECT_INT(told.claim.verdict, CLAIM_OPEN);
	told_machine("a", "Broken", "");
	EXPECT_INT(told.claim.verdict, CLAIM_BROKEN);
	told_end();

	told_begin("within 4m, for 10m: maas/lab.machines(Ready) == 1", "");
	told_machine("a", "Ready", "");
	told_wait(MINUTES(10) + 1);
	EXPECT_INT(told.claim.verdict, CLAIM_KEPT);
	told_end();
}

TEST(reached_never_and_finally_are_judged_by_the_whole_run)
{
	told_begin("", "reached:\n  - maas/lab.machines(Ready) == 1\n");
	claim_close(&told.claim, 0);
	EXPECT_INT(told.claim.verdict, CLAIM_BROKEN);
	told_end();
	told_begin("", "never:\n  - maas/lab.machines(Ready) == 1\n");
	told_machine("a", "Ready", "");
	EXPECT_INT(told.claim.verdict, CLAIM_BROKEN);
	told_end();
	told_begin("", "finally:\n  - maas/lab.machines(Ready) == 1\n");
	EXPECT_INT(told.claim.verdict, CLAIM_OPEN);
	told_machine("a", "Ready", "");
	EXPECT_INT(told.claim.verdict, CLAIM_OPEN);
	claim_close(&told.claim, 0);
	EXPECT_INT(told.claim.verdict, CLAIM_KEPT);
	told_end();
}

TEST(a_claim_looks_only_when_what_it_reads_was_touched)
{
	told_begin("within 4m: maas/lab.machines(Ready) == 1", "");
	told_cluster("Running", "pcg-a");
	EXPECT(!told.claim.dirty);
	EVENT(told.events, "state", "maas/lab", "maas/lab/machine/a",
	    F("status", "Ready"));
	EXPECT(told.claim.dirty);
	told_end();
}

TEST(requests_are_counted_by_who_what_and_when)
{
	struct value value;
	const struct term *term;

	told_begin("",
	    "never:\n  - maas/lab.requests(allocate, 200, from = pcg/a, "
	    "after = 1m) > 1\n");
	term = &told.scenario->standing[0].is.terms[0];
	told_asked("pcg/a", "maas/lab", "allocate", "/x", 200); /* too early */
	told_wait(MINUTES(2));
	told_asked("pcg/a", "maas/lab", "allocate", "/x", 200);
	told_asked("pcg/b", "maas/lab", "allocate", "/x", 200);
	told_asked("pcg/a", "maas/lab", "allocate", "/x", 409);
	told_asked("pcg/a", "maas/lab", "release", "/x", 200);
	EXPECT(!term_holds(told.view, term, &value));
	EXPECT_INT(value.number, 1);
	told_end();
}

TEST(owner_counts_what_is_held_for_a_cluster)
{
	struct value value;

	told_begin("", "never:\n  - maas/lab.machines(owner = web) > 3\n");
	told_machine("a", "Deployed", "web.u1.cp-0.1");
	told_machine("b", "Ready", "");
	told_machine("c", "Deployed", "webshop.u1.cp-0.1");
	term_holds(told.view, &told.scenario->standing[0].is.terms[0], &value);
	EXPECT_INT(value.number, 1);
	told_end();
}

TEST(a_gateway_is_called_by_its_name_in_the_world)
{
	told_begin("within 1m: cluster/web.gateway == pcg/b", "");
	told_cluster("Running", "pcg-a");
	EXPECT_STR(told.claim.was.text, "pcg/a");
	told_cluster("Running", "pcg-b");
	EXPECT_INT(told.claim.verdict, CLAIM_KEPT);
	told_end();
}

TESTS_BEGIN
CASE(within_is_kept_at_the_deadline_itself),
    CASE(within_is_broken_as_soon_as_the_clock_moves_past_it),
    CASE(for_is_broken_by_one_moment),
    CASE(for_is_kept_when_the_clock_moves_past_it), CASE(within_for_wants_both),
    CASE(reached_never_and_finally_are_judged_by_the_whole_run),
    CASE(a_claim_looks_only_when_what_it_reads_was_touched),
    CASE(requests_are_counted_by_who_what_and_when),
    CASE(owner_counts_what_is_held_for_a_cluster),
    CASE(a_gateway_is_called_by_its_name_in_the_world), TESTS_END
