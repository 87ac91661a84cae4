#include "harness/claim.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/events.h"
#include "harness/laws.h"
#include "tests/test.h"

/* A world of nothing but events, told by hand. */
static struct loop *loop;
static struct events *events;
static struct view *view;
static struct judge *judge;
static struct scenario *scenario;
static struct claim claim;
static struct timer tick;

static void nothing(struct timer *timer)
{
	(void)timer;
}

static void touched(void *ctx, const char *topic)
{
	(void)ctx;
	if (claim.about)
		claim_touch(&claim, topic);
}

static void begin(const char *expect, const char *standing)
{
	struct mistakes mistakes = { 0 };
	char text[2000];

	snprintf(text, sizeof(text),
	    "scenario: a\nwhy: b\nworld:\n"
	    "  maas/lab: { machines: 6 }\n  palette/eu: { }\n"
	    "  pcg/a: { palette: eu, maas: lab }\n"
	    "  pcg/b: { palette: eu, maas: lab }\n"
	    "  cluster/web: { through: pcg/a }\ntimeline:\n"
	    "  - at 0m: operator creates cluster/web\n%s%s\n%s"
	    "end: when quiet, at most 3h\n",
	    *expect ? "    expect:\n      - " : "", expect, standing);
	scenario = scenario_parse("s.yaml", text, strlen(text), &mistakes);
	mistakes_free(&mistakes);
	EXPECT(scenario);
	loop = loop_new();
	events = events_new(loop, NULL);
	view = view_new();
	judge = judge_new(scenario, view);
	claim = (struct claim){ 0 };
	view_on_touch(view, touched, NULL);
	events_add_sink(events, view_sink, view);
	events_add_sink(events, judge_sink, judge);
	if (*expect)
		claim_open(&claim, &scenario->steps[0].expect[0], view, 0);
	else if (*standing && scenario->standing_count)
		claim_open(&claim, &scenario->standing[0], view, 0);
}

/* The clock moves, as run.c moves it. */
static void wait_for(usec time)
{
	claim_pass(&claim, loop_now(loop), loop_now(loop) + time);
	timer_init(&tick, nothing);
	timer_set(&tick, loop, time);
	loop_step(loop);
}

static void machine(const char *id, const char *status, const char *agent)
{
	char name[60];

	snprintf(name, sizeof(name), "maas/lab/machine/%s", id);
	EVENT(events, "state", "maas/lab", name, F("status", status),
	    F("owner", *agent ? "pcg-a" : ""), F("agent_name", agent));
	claim_look(&claim, loop_now(loop));
}

static void cluster(const char *state, const char *gateway)
{
	EVENT(events, "state", "palette/eu", "palette/eu/cluster/web",
	    F("uid", "u1"), F("state", state), F("gateway", gateway),
	    F("waiting", ""), F("handed_over", "yes"));
	claim_look(&claim, loop_now(loop));
}

static void asked(const char *client, const char *server, const char *op,
    const char *target, int status)
{
	EVENT(events, "exchange", client, server, F("op", op),
	    F("method", "POST"), F("target", target), N("status", status));
	claim_look(&claim, loop_now(loop));
}

static const char *breach(void)
{
	size_t count;
	const struct breach *breaches = judge_breaches(judge, &count);

	return count ? breaches[0].sentence : "";
}

static void end(void)
{
	judge_free(&judge);
	view_free(&view);
	events_free(&events);
	loop_free(&loop);
	scenario_free(&scenario);
}

TEST(within_is_kept_at_the_deadline_itself)
{
	begin("within 4m: maas/lab.machines(Ready) == 1", "");
	wait_for(MINUTES(4));
	EXPECT_INT(claim.verdict, CLAIM_OPEN);
	machine("a", "Ready", "");
	EXPECT_INT(claim.verdict, CLAIM_KEPT);
	end();
}

TEST(within_is_broken_as_soon_as_the_clock_moves_past_it)
{
	begin("within 4m: maas/lab.machines(Ready) == 1", "");
	wait_for(MINUTES(4) + 1);
	EXPECT_INT(claim.verdict, CLAIM_BROKEN);
	machine("a", "Ready", "");
	EXPECT_INT(claim.verdict, CLAIM_BROKEN);
	EXPECT_STR(claim.was.text, "0");
	end();
}

TEST(for_is_broken_by_one_moment)
{
	begin("for 4m: maas/lab.machines(Ready) == 0", "");
	wait_for(MINUTES(3));
	machine("a", "Ready", "");
	EXPECT_INT(claim.verdict, CLAIM_BROKEN);
	EXPECT_INT(claim.settled_at, MINUTES(3));
	EXPECT_STR(claim.was.text, "1");
	end();
}

TEST(for_is_kept_when_the_clock_moves_past_it)
{
	begin("for 4m: maas/lab.machines(Ready) == 0", "");
	wait_for(MINUTES(4));
	EXPECT_INT(claim.verdict, CLAIM_OPEN);
	EXPECT(claim_has_deadline(&claim));
	wait_for(1);
	EXPECT_INT(claim.verdict, CLAIM_KEPT);
	EXPECT(!claim_has_deadline(&claim));
	end();
}

TEST(within_for_wants_both)
{
	begin("within 4m, for 10m: maas/lab.machines(Ready) == 1", "");
	wait_for(MINUTES(2));
	machine("a", "Ready", "");
	wait_for(MINUTES(9));
	EXPECT_INT(claim.verdict, CLAIM_OPEN);
	machine("a", "Broken", "");
	EXPECT_INT(claim.verdict, CLAIM_BROKEN);
	end();

	begin("within 4m, for 10m: maas/lab.machines(Ready) == 1", "");
	machine("a", "Ready", "");
	wait_for(MINUTES(10) + 1);
	EXPECT_INT(claim.verdict, CLAIM_KEPT);
	end();
}

TEST(reached_never_and_finally_are_judged_by_the_whole_run)
{
	begin("", "reached:\n  - maas/lab.machines(Ready) == 1\n");
	claim_close(&claim, 0);
	EXPECT_INT(claim.verdict, CLAIM_BROKEN);
	end();
	begin("", "never:\n  - maas/lab.machines(Ready) == 1\n");
	machine("a", "Ready", "");
	EXPECT_INT(claim.verdict, CLAIM_BROKEN);
	end();
	begin("", "finally:\n  - maas/lab.machines(Ready) == 1\n");
	EXPECT_INT(claim.verdict, CLAIM_OPEN);
	machine("a", "Ready", "");
	EXPECT_INT(claim.verdict, CLAIM_OPEN);
	claim_close(&claim, 0);
	EXPECT_INT(claim.verdict, CLAIM_KEPT);
	end();
}

TEST(a_claim_looks_only_when_what_it_reads_was_touched)
{
	begin("within 4m: maas/lab.machines(Ready) == 1", "");
	cluster("Running", "pcg-a");
	EXPECT(!claim.dirty);
	EVENT(events, "state", "maas/lab", "maas/lab/machine/a",
	    F("status", "Ready"));
	EXPECT(claim.dirty);
	end();
}

TEST(requests_are_counted_by_who_what_and_when)
{
	struct value value;
	const struct term *term;

	begin("", "never:\n  - maas/lab.requests(allocate, 200, from = pcg/a, "
	          "after = 1m) > 1\n");
	term = &scenario->standing[0].is.terms[0];
	asked("pcg/a", "maas/lab", "allocate", "/x", 200); /* too early */
	wait_for(MINUTES(2));
	asked("pcg/a", "maas/lab", "allocate", "/x", 200);
	asked("pcg/b", "maas/lab", "allocate", "/x", 200);
	asked("pcg/a", "maas/lab", "allocate", "/x", 409);
	asked("pcg/a", "maas/lab", "release", "/x", 200);
	EXPECT(!term_holds(view, term, &value));
	EXPECT_INT(value.number, 1);
	end();
}

TEST(owner_counts_what_is_held_for_a_cluster)
{
	struct value value;

	begin("", "never:\n  - maas/lab.machines(owner = web) > 3\n");
	machine("a", "Deployed", "web.u1.cp-0.1");
	machine("b", "Ready", "");
	machine("c", "Deployed", "webshop.u1.cp-0.1");
	term_holds(view, &scenario->standing[0].is.terms[0], &value);
	EXPECT_INT(value.number, 1);
	end();
}

TEST(a_gateway_is_called_by_its_name_in_the_world)
{
	begin("within 1m: cluster/web.gateway == pcg/b", "");
	cluster("Running", "pcg-a");
	EXPECT_STR(claim.was.text, "pcg/a");
	cluster("Running", "pcg-b");
	EXPECT_INT(claim.verdict, CLAIM_KEPT);
	end();
}

TEST(a_machine_may_not_change_hands_without_a_release)
{
	begin("", "");
	machine("a", "Allocated", "web.u1.cp-0.1");
	machine("a", "Ready", "");
	machine("a", "Allocated", "db.u2.cp-0.1");
	EXPECT_STR(breach(), "");
	machine("a", "Allocated", "web.u1.cp-0.2");
	EXPECT_HAS(breach(), "machine/a was held for db.u2.cp-0.1 and is now "
	                     "held for web.u1.cp-0.2");
	end();
}

TEST(a_machine_left_for_a_deleted_cluster_breaks_the_run)
{
	begin("", "");
	cluster("Running", "pcg-a");
	machine("a", "Deployed", "web.u1.cp-0.1");
	judge_end(judge);
	EXPECT_STR(breach(), "");
	cluster("Deleted", "pcg-a");
	judge_end(judge);
	EXPECT_HAS(breach(), "machine/a is Deployed for web.u1.cp-0.1, and "
	                     "Palette has no such cluster");
	end();
}

TEST(only_the_holder_may_release)
{
	begin("", "");
	cluster("Deleting", "pcg-a");
	machine("a", "Deployed", "web.u1.cp-0.1");
	asked("pcg/a", "maas/lab", "release",
	    "/MAAS/api/2.0/machines/a/?op=release", 200);
	EXPECT_STR(breach(), "");
	asked("pcg/b", "maas/lab", "release",
	    "/MAAS/api/2.0/machines/a/?op=release", 200);
	EXPECT_HAS(breach(), "pcg/b released machine/a, which is held for "
	                     "web.u1.cp-0.1");
	end();
}

static void copy(const char *where, const char *paused)
{
	char name[100];

	snprintf(name, sizeof(name), "%s/object/Cluster/ns/web", where);
	EVENT(events, "state", where, name, F("paused", paused),
	    F("cluster", "web"));
}

TEST(two_unpaused_copies_break_the_run)
{
	begin("", "");
	copy("pcg/a", "no");
	judge_settle(judge);
	copy("cluster/web", "yes");
	judge_settle(judge);
	EXPECT_STR(breach(), "");
	copy("cluster/web", "no");
	judge_settle(judge);
	EXPECT_HAS(breach(), "unpaused in pcg/a and cluster/web at the same "
	                     "time");
	end();
}

TEST(a_request_that_is_not_modelled_breaks_the_run)
{
	begin("", "");
	asked("pcg/a", "maas/lab", "unmodelled", "/MAAS/api/2.0/tags/", 501);
	EXPECT_STR(breach(), "pcg/a asked maas/lab for POST "
	                     "/MAAS/api/2.0/tags/, which is not modelled");
	end();
}

TEST(a_waived_law_is_not_judged)
{
	begin("", "waives:\n  a fake answers only what it models: it is "
	          "looked for\n");
	asked("pcg/a", "maas/lab", "unmodelled", "/MAAS/api/2.0/tags/", 501);
	EXPECT_STR(breach(), "");
	end();
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
    CASE(a_gateway_is_called_by_its_name_in_the_world),
    CASE(a_machine_may_not_change_hands_without_a_release),
    CASE(a_machine_left_for_a_deleted_cluster_breaks_the_run),
    CASE(only_the_holder_may_release), CASE(two_unpaused_copies_break_the_run),
    CASE(a_request_that_is_not_modelled_breaks_the_run),
    CASE(a_waived_law_is_not_judged), TESTS_END
