#include "harness/scenario.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "harness/laws.h"
#include "harness/paths.h"
#include "harness/verbs.h"
#include "tests/test.h"

static struct mistakes mistakes;
static struct scenario *scenario;
static char said[4000];

static void read_text(const char *text)
{
	struct buf out = BUF_INIT;

	mistakes = (struct mistakes){ 0 };
	scenario = scenario_parse("s.yaml", text, strlen(text), &mistakes);
	mistakes_write(&mistakes, &out);
	snprintf(said, sizeof(said), "%s", buf_text(&out));
	buf_free(&out);
	mistakes_free(&mistakes);
}

static void done(void)
{
	scenario_free(&scenario);
}

#define HEAD "scenario: a\nwhy: b\n"
#define WORLD                                               \
	"world:\n"                                          \
	"  maas/lab: { machines: 6, deploy_for: 4m..9m }\n" \
	"  palette/eu: { gateway_lost_after: 2m }\n"        \
	"  pcg/a: { palette: eu, maas: lab }\n"             \
	"  cluster/web: { through: pcg/a, workers: 2 }\n"
#define STEP "timeline:\n  - at 0m: operator creates cluster/web\n"
#define END  "end: when quiet, at most 3h\n"

#define NAMED                                                        \
	"world:\n"                                                   \
	"  maas/lab: { machines: [ { hostname: web-0 }, { count: 2 " \
	"} ] }\n"

TEST(the_example_of_the_manual_is_a_whole_scenario)
{
	struct buf out = BUF_INIT;
	usec low_for, high_for;

	mistakes = (struct mistakes){ 0 };
	scenario = scenario_load(
	    "scenarios/outage/gateway-dies.yaml", &mistakes);
	mistakes_write(&mistakes, &out);
	EXPECT_STR(buf_text(&out), "");
	EXPECT(scenario);
	EXPECT_INT(scenario->thing_count, 6); /* and a site for the MAAS */
	EXPECT_INT(scenario->step_count, 4);
	EXPECT_INT(scenario->standing_count, 4);
	EXPECT_INT(scenario->at_most_for, HOURS(3));
	thing_range(scenario_thing(scenario, "maas/lab"), "deploy_for",
	    &low_for, &high_for);
	EXPECT_INT(low_for, MINUTES(4));
	EXPECT_INT(high_for, MINUTES(9));
	EXPECT_STR(
	    thing_link(scenario_thing(scenario, "cluster/web"), "through")
	        ->full,
	    "pcg/a");
	EXPECT_STR(scenario->steps[2].verb->pattern,
	    "operator migrates pcg/* to pcg/*");
	EXPECT_STR(scenario->steps[2].words.things[1]->full, "pcg/b");
	EXPECT_INT(scenario->steps[1].expect[1].stay_for, MINUTES(30));
	EXPECT_STR(scenario->steps[1].expect[1].text,
	    "for 30m: cluster/web.nodes(Ready) == 3");
	buf_free(&out);
	mistakes_free(&mistakes);
	done();
}

TEST(all_mistakes_of_a_file_are_told_at_once_with_their_places)
{
	read_text(HEAD "world:\n"
	               "  mas/lab: { machines: 6 }\n"
	               "  palette/eu: { gatway_lost_after: 2m }\n"
	               "  pcg/a: { palette: eu, maas: lab }\n"
	               "timeline:\n"
	               "  - at 0m: operator delets cluster/web\n" END);
	EXPECT(!scenario);
	EXPECT_HAS(said, "s.yaml:4:3: a world has no things of the kind mas; "
	                 "did you mean maas?\n");
	EXPECT_HAS(said, "s.yaml:5:17: a palette has no \"gatway_lost_after\"; "
	                 "did you mean gateway_lost_after?\n");
	EXPECT_HAS(said, "s.yaml:6:31: there is no maas/lab\n");
	EXPECT_HAS(said, "s.yaml:8:12: nothing that can happen reads "
	                 "\"operator delets cluster/web\" (see pcgsim verbs); "
	                 "did you mean operator deletes cluster/*?\n");
}

TEST(a_misspelt_name_is_told_with_the_nearest_right_one)
{
	read_text(
	    HEAD WORLD "timeline:\n"
	               "  - at 0m: operator creates cluster/wbe\n"
	               "    expect:\n"
	               "      - within 45m: cluster/web.stat == Running\n"
	               "      - within 45m: cluster/web.state == Runing\n"
	               "      - for 5m: maas/lab.machines(Redy) == 3\n" END);
	EXPECT(!scenario);
	EXPECT_HAS(said, "s.yaml:9:29: there is no cluster/wbe; did you mean "
	                 "cluster/web?\n");
	EXPECT_HAS(said, "s.yaml:11:33: cluster/web has no \"stat\" that a "
	                 "claim can speak of; did you mean state?\n");
	EXPECT_HAS(said, "s.yaml:12:42: cluster.state is never \"Runing\"; did "
	                 "you mean Running?\n");
	EXPECT_HAS(said, "s.yaml:13:35: nothing in maas.machines is ever "
	                 "\"Redy\"; did you mean Ready?\n");
}

TEST(a_misspelt_operation_or_an_impossible_answer_is_told_at_once)
{
	read_text(HEAD WORLD "timeline:\n"
	                     "  - at 1h: maas/lab answers 503\n"
	                     "    on: alocate\n"
	                     "  - at 2h: maas/lab answers 999\n" END);
	EXPECT(!scenario);
	EXPECT_HAS(said, "s.yaml:10:9: a maas has no operation \"alocate\"; "
	                 "did you mean allocate?\n");
	EXPECT_HAS(said, "s.yaml:11:12: nothing that can happen reads "
	                 "\"maas/lab answers 999\"");
}

TEST(a_misspelt_operation_or_outcome_in_a_claim_is_told_at_once)
{
	read_text(HEAD WORLD STEP
	    "never:\n"
	    "  - maas/lab.requests(alocate) > 3\n"
	    "  - pcg/a.requests(alocate) > 3\n"
	    "  - maas/lab.requests(allocate, timout) > 3\n"
	    "  - pcg/a.requests(nodes.list, 200, to = cluster/web) > 3\n" END);
	EXPECT_HAS(said, "s.yaml:11:23: a maas has no operation \"alocate\"; "
	                 "did you mean allocate?\n");
	EXPECT_HAS(said, "s.yaml:12:20: a maas or palette has no operation "
	                 "\"alocate\"; did you mean allocate?\n");
	EXPECT_HAS(said, "s.yaml:13:33: a request ends with a status such as");
	EXPECT_HAS(said, "did you mean timeout?\n");
	EXPECT(!strstr(said, "s.yaml:14"));
}

/* As somebody writes who has read one scenario. */
static const struct wrong {
	const char *text, *said;
} wrongs[] = {
	{ HEAD WORLD "timeline:\n  - at 0m: pcg/a crashes\n   expect:\n" END,
	    "s.yaml:10:4: this line is indented unlike the items of the list "
	    "that it stands in\n" },
	{ HEAD WORLD STEP
	    "    expect: within 45m: cluster/web.state == Error\n",
	    "s.yaml:10:23: there is a second \": \" in this line; begin a new "
	    "line for it, or put the text in quotes\n" },
	{ HEAD WORLD STEP "    expect:\n"
	                  "      - cluster/web.state == Running\n" END,
	    "s.yaml:11:9: an expectation begins with within or for" },
	{ HEAD WORLD "timeline:\n  - at 0m: maas/lab anwsers 503\n" END,
	    "s.yaml:9:12: nothing that can happen reads \"maas/lab anwsers "
	    "503\" (see pcgsim verbs); did you mean server/* answers "
	    "STATUS?\n" },
	{ HEAD "world:\n  like: no.yaml\n" STEP END,
	    "s.yaml:4:9: the world no.yaml cannot be read: No such file or "
	    "directory\n" },
	{ HEAD "world:\n  - maas/lab\n" STEP END,
	    "s.yaml:4:3: world is a map of things, one line each, such as "
	    "\"maas/lab: { machines: 6 }\"\n" },
	{ HEAD WORLD "timeline:\n  at 0m: pcg/a crashes\n" END,
	    "s.yaml:9:3: timeline is a list of steps; each begins with a dash, "
	    "as in \"- at 0m: operator creates cluster/web\"\n" },
	{ HEAD WORLD "timeline:\n  - at 0m:pcg/a crashes\n" END,
	    "s.yaml:9:5: a blank is missing after the colon\n" },
	{ HEAD WORLD "timeline:\n  - 0m: pcg/a crashes\n" END,
	    "s.yaml:9:5: a step begins with at or after and a duration: "
	    "\"at 0m\"\n" },
	{ HEAD WORLD STEP "never:\n  - cluster/web.state = Error\n" END,
	    "s.yaml:11:23: two values are compared with ==, not with =\n" },
	{ HEAD WORLD STEP "never:\n  - cluster/web.state == Error or "
	                  "cluster/web.state == Deleted\n" END,
	    "s.yaml:11:26: claims are joined by \"and\"; there is no "
	    "\"or\"\n" },
	{ HEAD WORLD STEP "never:\n  - cluster/web.state ==\n" END,
	    "s.yaml:11:25: a value is missing here\n" },
	{ HEAD WORLD STEP "never: cluster/web.state == Error\n" END,
	    "s.yaml:10:8: never is a list of claims, each in a line that "
	    "begins with a dash\n" },
	{ HEAD WORLD STEP
	    "  - at 1h: operator scales cluster/web to 2 control planes\n" END,
	    "s.yaml:10:12: a control plane has 1, 3 or 5 machines\n" },
	{ HEAD WORLD "  proxy/out: { user: me }\n" STEP END,
	    "s.yaml:8:3: proxy/out has a user and a password, or neither of "
	    "them\n" },
	{ HEAD WORLD STEP "  - at 1h: maas/lab hangs\n    until: later\n" END,
	    "s.yaml:11:12: until is a duration such as 2h, or a claim; not "
	    "\"later\"\n" },
	{ "# nothing yet\n", "s.yaml: the file is empty\n" },
	{ "scenario: caf\xe9\n", "s.yaml:1:1: the file is not UTF-8 text" },
};

TEST(what_a_newcomer_gets_wrong_is_told_in_one_sentence_with_its_place)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		size_t len = strlen(wrongs[i].said);

		read_text(wrongs[i].text);
		EXPECT(!scenario);
		EXPECT_HAS(said, wrongs[i].said);
		if (wrongs[i].said[len - 1] == '\n') /* and nothing else */
			EXPECT_STR(said, wrongs[i].said);
	}
}

TEST(a_byte_order_mark_and_foreign_line_ends_do_no_harm)
{
	read_text("\xef\xbb\xbf" HEAD WORLD STEP END);
	EXPECT_STR(said, "");
	done();
	read_text("scenario: a\r\nwhy: b\r\n" WORLD STEP END);
	EXPECT_STR(said, "");
	EXPECT_STR(scenario->title, "a");
	done();
}

TEST(a_tab_is_called_a_tab)
{
	read_text(HEAD "world:\n\tmaas/lab: { machines: 6 }\n");
	EXPECT_HAS(said, "s.yaml:4:1: there is a tab; lines are indented");
}

TEST(time_may_not_go_backwards)
{
	read_text(HEAD WORLD "timeline:\n"
	                     "  - at 2h: operator creates cluster/web\n"
	                     "  - at 1h: operator deletes cluster/web\n" END);
	EXPECT_HAS(said, "s.yaml:10:5: time goes backwards here");
}

TEST(a_run_has_to_end)
{
	read_text(HEAD WORLD STEP);
	EXPECT_HAS(said, "a scenario needs \"end:\"");
	read_text(HEAD WORLD STEP "end: when quiet\n");
	EXPECT_HAS(said, "end reads \"when quiet, at most 3h\"");
}

TEST(a_fault_is_a_step_with_a_scope)
{
	read_text(
	    HEAD WORLD "timeline:\n"
	               "  - at 0m: maas/lab answers 503 with Retry-After 10s\n"
	               "    on: POST /MAAS/api/2.0/machines/?op=allocate\n"
	               "    times: 2\n"
	               "    chance: 50%\n"
	               "    until: cluster/web.state == Running\n" END);
	EXPECT_STR(said, "");
	EXPECT_INT(scenario->steps[0].keys.times, 2);
	EXPECT_INT(scenario->steps[0].words.numbers[0], 503);
	EXPECT_INT(scenario->steps[0].words.numbers[1], SECONDS(10));
	EXPECT_INT(scenario->steps[0].keys.chance * 100, 50);
	EXPECT_INT(scenario->steps[0].until.term_count, 1);
	EXPECT(scenario->steps[0].verb->is_fault);
	done();
}

TEST(a_fault_takes_the_keys_of_a_rule)
{
	const struct fault_keys *keys;

	read_text(HEAD NAMED "timeline:\n"
	                     "  - at 0m: maas/lab obeys but answers 502\n"
	                     "    every: 3\n"
	                     "    from: operator\n"
	                     "    machine: web-0\n"
	                     "    header: \"X-A: b\"\n"
	                     "    body: gone\n" END);
	EXPECT_STR(said, "");
	keys = &scenario->steps[0].keys;
	EXPECT_INT(keys->every, 3);
	EXPECT_STR(keys->sender, "operator");
	EXPECT_STR(keys->machine, "web-0");
	EXPECT_STR(http_header(&keys->headers, "x-a"), "b");
	EXPECT_STR(keys->body, "gone");
	done();
}

TEST(a_key_that_makes_no_sense_is_told_with_its_place)
{
	read_text(HEAD WORLD "timeline:\n"
	                     "  - at 0m: maas/lab answers 503\n"
	                     "    on: from pcg/a\n"
	                     "  - at 1m: maas/lab hangs\n"
	                     "    nth: 0\n"
	                     "    from: pcg/b\n"
	                     "  - at 2m: palette/eu hangs\n"
	                     "    machine: web-0\n"
	                     "  - at 3m: maas/lab hangs\n"
	                     "    on: POST machines\n"
	                     "    nth: 2\n"
	                     "    times: 2\n"
	                     "  - at 4m: cluster/web hangs\n"
	                     "    on: FETCH /api\n"
	                     "    5m: then\n" END);
	EXPECT_STR(said,
	    "s.yaml:10:9: \"from pcg/a\" is neither an operation nor a method "
	    "and a path\n"
	    "s.yaml:12:10: nth wants a number from 1, not \"0\"\n"
	    "s.yaml:13:11: there is no pcg/b; did you mean pcg/a?\n"
	    "s.yaml:15:5: a palette has no machines: the key machine is for a "
	    "maas\n"
	    "s.yaml:17:5: nth is one exchange: it goes without every, from and "
	    "times\n"
	    "s.yaml:17:14: a path begins with a slash, not \"machines\"\n"
	    "s.yaml:21:9: \"FETCH /api\" is neither an operation nor a method "
	    "and a path\n"
	    "s.yaml:22:5: a step has no \"5m\"\n");
	done();
}

TEST(what_is_no_fault_takes_no_scope)
{
	read_text(HEAD WORLD STEP "    times: 2\n" END);
	EXPECT_HAS(said, "s.yaml:10:5: \"operator creates cluster/web\" is no "
	                 "fault on the wire");
}

TEST(claims_have_arguments_and_can_be_joined)
{
	read_text(HEAD WORLD STEP
	    "never:\n"
	    "  - maas/lab.requests(allocate, 200, after = 1h) > 3 and "
	    "cluster/web.state != Running\n" END);
	EXPECT_STR(said, "");
	EXPECT_INT(scenario->standing[0].is.term_count, 2);
	EXPECT_STR(scenario->standing[0].is.terms[0].arguments[0].key, "op");
	EXPECT_STR(
	    scenario->standing[0].is.terms[0].arguments[1].key, "status");
	EXPECT_INT(
	    scenario->standing[0].is.terms[0].arguments[2].time, HOURS(1));
	EXPECT_INT(scenario->standing[0].is.terms[1].compare, IS_NOT);
	done();
}

TEST(words_cannot_be_counted_and_numbers_are_no_words)
{
	read_text(
	    HEAD WORLD STEP "never:\n"
	                    "  - cluster/web.state > 3\n"
	                    "  - maas/lab.machines == many\n"
	                    "  - maas/lab.machines(colour = red) == 1\n" END);
	EXPECT_HAS(said, "s.yaml:11:25: cluster.state is a word");
	EXPECT_HAS(said, "s.yaml:12:26: maas.machines is a number");
	EXPECT_HAS(said, "s.yaml:13:23: maas.machines takes no \"colour\"");
}

TEST(a_law_is_waived_by_its_sentence)
{
	read_text(HEAD WORLD STEP
	    "waives:\n  a machine has at most one owner: it is tested\n" END);
	EXPECT_STR(said, "");
	EXPECT_INT(scenario->waiver_count, 1);
	EXPECT(scenario->waivers[0].law);
	done();
	read_text(HEAD WORLD STEP
	    "waives:\n  a machine has at most two owners: no\n" END);
	EXPECT_HAS(said, "s.yaml:11:3: there is no law \"a machine has at most "
	                 "two owners\"; did you mean a machine has at most one "
	                 "owner?");
}

TEST(a_syntax_error_has_a_place_too)
{
	read_text("scenario: [\n");
	EXPECT(!scenario);
	EXPECT_HAS(said, "s.yaml:");
	EXPECT(strncmp(said, "s.yaml:1:1: s.yaml", 18) != 0);
}

TEST(machines_can_be_listed)
{
	read_text(HEAD
	    "world:\n"
	    "  maas/lab: { machines: [{ count: 2, zone: az1, tags: [fast] }, "
	    "{ cpu: 64, colour: red }] }\n" STEP END);
	EXPECT_HAS(said, "a machine has no \"colour\"");
}

TEST(a_machine_is_called_by_a_hostname_that_the_world_gives)
{
	read_text(HEAD NAMED
	    "timeline:\n"
	    "  - at 0m: machine web-0 of maas/lab signals failure\n"
	    "  - at 1m: machine web-1 of maas/lab signals failure\n"
	    "  - at 2m: machine web-0 of maas/lab signals failuer\n" END);
	EXPECT_STR(said,
	    "s.yaml:7:20: no machine of maas/lab is given the hostname "
	    "\"web-1\"; did you mean web-0?\n"
	    "s.yaml:8:12: nothing that can happen reads \"machine web-0 of "
	    "maas/lab signals failuer\" (see pcgsim verbs); did you mean "
	    "machine MACHINE of maas/* signals failure?\n");
	done();
}

TEST(addresses_are_one_or_a_run_of_them)
{
	read_text(HEAD WORLD "timeline:\n"
	                     "  - at 0m: maas/lab finds 10.0.0.1 in use on "
	                     "the wire\n"
	                     "  - at 0m: maas/lab finds 10.0.0.1..10.0.0.9 in "
	                     "use on the wire\n"
	                     "  - at 0m: maas/lab finds 10.0.0.9..10.0.0.1 in "
	                     "use on the wire\n" END);
	EXPECT_STR(said,
	    "s.yaml:11:12: nothing that can happen reads \"maas/lab finds "
	    "10.0.0.9..10.0.0.1 in use on the wire\" (see pcgsim verbs); did "
	    "you mean maas/* finds ADDRESSES in use on the wire?\n");
	done();
}

TESTS_BEGIN
CASE(the_example_of_the_manual_is_a_whole_scenario),
    CASE(all_mistakes_of_a_file_are_told_at_once_with_their_places),
    CASE(a_misspelt_name_is_told_with_the_nearest_right_one),
    CASE(a_misspelt_operation_or_an_impossible_answer_is_told_at_once),
    CASE(a_misspelt_operation_or_outcome_in_a_claim_is_told_at_once),
    CASE(what_a_newcomer_gets_wrong_is_told_in_one_sentence_with_its_place),
    CASE(a_byte_order_mark_and_foreign_line_ends_do_no_harm),
    CASE(a_tab_is_called_a_tab), CASE(time_may_not_go_backwards),
    CASE(a_run_has_to_end), CASE(a_fault_is_a_step_with_a_scope),
    CASE(a_fault_takes_the_keys_of_a_rule),
    CASE(a_key_that_makes_no_sense_is_told_with_its_place),
    CASE(what_is_no_fault_takes_no_scope),
    CASE(claims_have_arguments_and_can_be_joined),
    CASE(words_cannot_be_counted_and_numbers_are_no_words),
    CASE(a_law_is_waived_by_its_sentence), CASE(a_syntax_error_has_a_place_too),
    CASE(machines_can_be_listed),
    CASE(a_machine_is_called_by_a_hostname_that_the_world_gives),
    CASE(addresses_are_one_or_a_run_of_them), TESTS_END
