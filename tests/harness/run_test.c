#include "harness/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "harness/laws.h"
#include "harness/record.h"
#include "tests/test.h"

/* A run of a whole world, and what it says when it fails. */
static json_t *outcome;

static void play(const char *timeline)
{
	const struct run_options options = { .wire = WIRE_MEMORY, .seed = 1 };
	struct mistakes mistakes = { 0 };
	struct scenario *scenario;
	char text[4000];

	snprintf(text, sizeof(text),
	    "scenario: a\nwhy: b\nworld:\n"
	    "  maas/lab: { machines: [ { hostname: web-0, cpu: 4 }, "
	    "{ hostname: web-1 } ] }\n  palette/eu: { }\n"
	    "  proxy/out: { user: pcg, password: open-sesame }\n"
	    "  pcg/a: { palette: eu, maas: lab }\n"
	    "  cluster/web: { through: pcg/a, workers: 0 }\n"
	    "timeline:\n%s",
	    timeline);
	scenario = scenario_parse("s.yaml", text, strlen(text), &mistakes);
	EXPECT(scenario);
	json_decref(outcome);
	outcome = run_scenario(scenario, &options);
	scenario_free(&scenario);
	mistakes_free(&mistakes);
}

static const char *sentence(void)
{
	return jstr(outcome, "findings[0].sentences[0]");
}

TEST(a_cluster_of_one_machine_comes_up_and_goes)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "    expect:\n"
	     "      - within 30m: cluster/web.state == Running\n"
	     "  - at 1h: operator deletes cluster/web\n"
	     "    expect:\n"
	     "      - within 10m: cluster/web.state == Deleted\n"
	     "end: when quiet, at most 2h\n"
	     "finally:\n  - maas/lab.machines(Ready) == 2\n");
	EXPECT_STR(jstr(outcome, "verdict"), "pass");
}

TEST(a_fault_that_met_nothing_fails_the_run)
{
	play("  - at 0m: maas/lab answers 503\n"
	     "    on: commission\n"
	     "end: when quiet, at most 2h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_STR(jstr(outcome, "findings[0].place"), "s.yaml:10");
	EXPECT_HAS(sentence(), "the fault met no exchange");
}

TEST(a_fault_whose_turn_never_came_fails_the_run)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "  - at 0m: maas/lab answers 503\n"
	     "    on: deploy\n"
	     "    nth: 2\n"
	     "end: when quiet, at most 2h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_STR(sentence(),
	    "the fault met no exchange, for none of the 1 that fit was its "
	    "turn: the plot did not take place");
}

TEST(a_fault_takes_the_nth_request_and_each_second_one)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "  - at 0m: maas/lab answers 503\n"
	     "    on: deploy\n"
	     "    nth: 1\n"
	     "  - at 0m: palette/eu answers 503\n"
	     "    on: poll\n"
	     "    every: 2\n"
	     "    from: 3\n"
	     "    times: 2\n"
	     "end: when quiet, at most 2h\n"
	     "finally:\n"
	     "  - maas/lab.requests(deploy, 503) == 1\n"
	     "  - maas/lab.requests(deploy, 200) == 1\n"
	     "  - palette/eu.requests(poll, 503) == 2\n"
	     "  - cluster/web.state == Running\n");
	EXPECT_STR(sentence(), "");
	EXPECT_STR(jstr(outcome, "verdict"), "pass");
}

TEST(a_fault_is_about_one_machine)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "  - at 0m: maas/lab answers 409\n"
	     "    on: deploy\n"
	     "    machine: web-0\n"
	     "end: when quiet, at most 2h\n"
	     "never:\n"
	     "  - maas/lab.machines(Deployed, hostname = web-0) > 0\n"
	     "finally:\n"
	     "  - maas/lab.requests(deploy, 200) == 1\n"
	     "  - maas/lab.machines(Deployed, hostname = web-1) == 1\n");
	EXPECT_STR(sentence(), "");
	EXPECT_STR(jstr(outcome, "verdict"), "pass");
}

TEST(a_fault_meets_only_what_one_host_sends)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "  - at 0m: palette/eu answers 503 with Retry-After 10s\n"
	     "    from: cluster/web\n"
	     "    times: 3\n"
	     "end: when quiet, at most 2h\n"
	     "finally:\n"
	     "  - palette/eu.requests(status = 503) == 3\n"
	     "  - palette/eu.requests(status = 503, from = pcg/a) == 0\n"
	     "  - palette/eu.requests(status = 503, from = cluster/web/agent) "
	     "== 3\n");
	EXPECT_STR(sentence(), "");
	EXPECT_STR(jstr(outcome, "verdict"), "pass");
}

TEST(a_lost_answer_is_counted_when_its_request_arrives)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "  - at 0m: maas/lab loses its answer\n"
	     "    on: allocate\n"
	     "    nth: 1\n"
	     "end: when quiet, at most 2h\n"
	     "finally:\n"
	     "  - maas/lab.requests(allocate) == 1\n"
	     "  - cluster/web.state == Running\n");
	EXPECT_STR(sentence(), "");
	EXPECT_STR(jstr(outcome, "verdict"), "pass");
}

TEST(a_when_that_never_came_fails_the_run)
{
	play("  - when maas/lab.machines(Broken) == 1: pcg/a crashes\n"
	     "end: when quiet, at most 1h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_HAS(sentence(), "it did not come to that within 1h");
}

TEST(a_broken_claim_names_the_odd_one_and_its_last_events)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "    expect:\n"
	     "      - within 5m: maas/lab.machines(Ready) == 2\n"
	     "      - for 10m:   maas/lab.machines(Ready) == 2\n"
	     "end: when quiet, at most 1h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_STR(jstr(outcome, "findings[0].claim"),
	    "for 10m: maas/lab.machines(Ready) == 2");
	EXPECT_HAS(sentence(), "maas/lab.machines was 1 at 0h00m1");
	EXPECT_HAS(jstr(outcome, "findings[0].sentences[1]"),
	    "Allocated since 0h00m1");
	EXPECT(jlen(outcome, "findings[0].trail") > 0);
	EXPECT_HAS(jstr(outcome, "again"), "pcgsim run s.yaml --seed 1");
}

TEST(a_word_for_a_shell_is_quoted_if_it_has_to_be)
{
	struct buf text = BUF_INIT;

	buf_add_shell(&text, "scenarios/a-b.yaml");
	buf_addc(&text, ' ');
	buf_add_shell(&text, "my files/it's.yaml");
	EXPECT_STR(
	    buf_text(&text), "scenarios/a-b.yaml 'my files/it'\\''s.yaml'");
	buf_free(&text);
}

TEST(a_run_that_does_not_end_says_so)
{
	play("  - at 0m: operator creates cluster/web\n"
	     "end: when quiet, at most 3m\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_HAS(sentence(), "after 3m something is still going on");
}

TEST(the_same_seed_gives_the_same_record)
{
	static const char timeline[] =
	    "  - at 0m: operator creates cluster/web\n"
	    "end: when quiet, at most 2h\n";
	char *first;

	play(timeline);
	first = strdup(jstr(outcome, "hash"));
	play(timeline);
	EXPECT_STR(jstr(outcome, "hash"), first);
	free(first);
}

TEST(a_crash_of_what_does_not_run_is_the_authors_mistake)
{
	play("  - at 10m: pcg/a crashes\n"
	     "  - at 20m: pcg/a crashes\n"
	     "end: when quiet, at most 1h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_HAS(sentence(), "pcg/a does not run at that moment");
}

TEST(what_changes_nothing_around_a_maas_is_the_authors_mistake)
{
	play("  - at 0m: maas/lab regains its rack\n"
	     "end: when quiet, at most 1h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_STR(sentence(), "nothing has changed by that: the rack is "
	                       "connected already");
}

/* An author's words may hold a secret of the scenario; reports may not. */
TEST(a_secret_in_what_is_reported_is_masked_and_fails_the_run)
{
	char *text;

	play("  - at 5m: proxy/out changes its credentials\n"
	     "    expect:\n"
	     "      - for 1m: cluster/web.waiting != let-me-through-1\n"
	     "      - within 1m: cluster/web.waiting == let-me-through-1\n"
	     "end: when quiet, at most 2h\n");
	EXPECT_STR(jstr(outcome, "verdict"), "fail");
	EXPECT_STR(jstr(outcome, "findings[1].claim"), "law: " LAW_NO_SECRET);
	text = json_dumps(outcome, 0);
	EXPECT(!strstr(text, "let-me-through-1"));
	EXPECT_HAS(text, "<secret proxy password");
	free(text);
	json_decref(outcome);
	outcome = NULL;
}

TESTS_BEGIN
CASE(a_cluster_of_one_machine_comes_up_and_goes),
    CASE(a_fault_that_met_nothing_fails_the_run),
    CASE(a_fault_whose_turn_never_came_fails_the_run),
    CASE(a_fault_takes_the_nth_request_and_each_second_one),
    CASE(a_fault_is_about_one_machine),
    CASE(a_fault_meets_only_what_one_host_sends),
    CASE(a_lost_answer_is_counted_when_its_request_arrives),
    CASE(a_when_that_never_came_fails_the_run),
    CASE(a_broken_claim_names_the_odd_one_and_its_last_events),
    CASE(a_word_for_a_shell_is_quoted_if_it_has_to_be),
    CASE(a_run_that_does_not_end_says_so),
    CASE(the_same_seed_gives_the_same_record),
    CASE(a_crash_of_what_does_not_run_is_the_authors_mistake),
    CASE(what_changes_nothing_around_a_maas_is_the_authors_mistake),
    CASE(a_secret_in_what_is_reported_is_masked_and_fails_the_run), TESTS_END
