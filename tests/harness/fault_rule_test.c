#include "harness/serve/fault_rule.h"

#include "tests/test.h"

static const char *const OPERATIONS[] = { "allocate", "deploy", "zones.list" };
static const struct fault_words MAAS = { "maas", OPERATIONS, 3, true };
static const struct fault_words PALETTE = { "palette", OPERATIONS, 3, false };

static struct fault_rule rule;
static struct err err;

static bool read(const char *text)
{
	return fault_rule_parse(&rule, text, &MAAS, &err);
}

static void refused(const char *text, const char *why)
{
	err = (struct err){ 0 };
	EXPECT(!read(text));
	EXPECT_STR(err.text, why);
}

TEST(a_rule_is_what_it_is_on_and_what_happens)
{
	EXPECT(read("allocate: answers 409 with Retry-After 5s"));
	EXPECT_STR(rule.on, "allocate");
	EXPECT_INT(rule.kind->fate, FATE_ANSWER);
	EXPECT(!rule.kind->on_answer);
	EXPECT_INT(rule.words.numbers[0], 409);
	EXPECT_INT(rule.words.numbers[1], SECONDS(5));
	fault_rule_free(&rule);
	EXPECT(read("  *:   loses   its answer "));
	EXPECT(!rule.on);
	EXPECT_INT(rule.kind->fate, FATE_RESET);
	EXPECT(rule.kind->on_answer);
	fault_rule_free(&rule);
	EXPECT(read("POST /MAAS/api/2.0/machines/?op=allocate: hangs"));
	EXPECT_STR(rule.on, "POST /MAAS/api/2.0/machines/?op=allocate");
	fault_rule_free(&rule);
	EXPECT(read("zones.*: answers after 1m30s"));
	EXPECT_INT(rule.words.numbers[0], SECONDS(90));
	fault_rule_free(&rule);
}

TEST(keys_are_those_of_a_step_with_or_without_a_colon)
{
	EXPECT(read("deploy: hangs, every 3, from: 2, times 4,for 10m,"
	            "chance: 20%, machine web-0"));
	EXPECT_INT(rule.keys.every, 3);
	EXPECT_INT(rule.keys.from, 2);
	EXPECT_INT(rule.keys.times, 4);
	EXPECT_INT(rule.keys.lasts_for, MINUTES(10));
	EXPECT(rule.keys.chance > 0.19 && rule.keys.chance < 0.21);
	EXPECT_STR(rule.keys.machine, "web-0");
	fault_rule_free(&rule);
}

TEST(from_is_a_number_or_who_sends)
{
	struct wire_sight sight = { .client = "127.0.0.1" };

	EXPECT(read("deploy: hangs, from 127.0.0.1"));
	EXPECT_INT(rule.keys.from, 0);
	EXPECT(fault_keys_fit(&rule.keys, &sight));
	sight.client = "127.0.0.11";
	EXPECT(!fault_keys_fit(&rule.keys, &sight));
	fault_rule_free(&rule);
	EXPECT(read("deploy: hangs, from cluster/web"));
	sight.client = "cluster/web/capi";
	EXPECT(fault_keys_fit(&rule.keys, &sight));
	sight.client = "cluster/webs";
	EXPECT(!fault_keys_fit(&rule.keys, &sight));
	fault_rule_free(&rule);
}

TEST(a_body_is_the_rest_of_the_line)
{
	EXPECT(read("deploy: obeys but answers 502, header X-A: b: c, "
	            "body {\"a\": 1, \"b\": 2}"));
	EXPECT_STR(rule.keys.body, "{\"a\": 1, \"b\": 2}");
	EXPECT_STR(http_header(&rule.keys.headers, "x-a"), "b: c");
	fault_rule_free(&rule);
}

TEST(what_is_wrong_is_told_with_its_column)
{
	refused("allocate hangs",
	    "column 1: a rule reads OPERATION: WHAT HAPPENS, as in "
	    "\"allocate: answers 409\"");
	refused(" alocate: hangs",
	    "column 2: a maas has no operation \"alocate\"; did you mean "
	    "allocate?");
	refused(
	    "vlans.*: hangs", "column 1: a maas has no operation \"vlans.*\"");
	refused("FETCH /x: hangs",
	    "column 1: \"FETCH /x\" is neither an operation nor a method and "
	    "a path");
	refused(
	    "GET x: hangs", "column 5: a path begins with a slash, not \"x\"");
	refused("deploy: loses its anwser",
	    "column 9: nothing that can go wrong reads \"loses its anwser\"; "
	    "did you mean \"loses its answer\"?");
	refused("deploy: answers 4o9",
	    "column 9: nothing that can go wrong reads \"answers 4o9\"; did "
	    "you mean \"answers STATUS\"?");
	refused("deploy: explodes",
	    "column 9: nothing that can go wrong reads \"explodes\" (see "
	    "pcgsim faults)");
	refused("deploy: hangs, time 2",
	    "column 16: a rule has no key \"time\"; did you mean times?");
	refused("deploy: hangs,, nth 2", "column 15: a rule has no key \"\"");
	refused("deploy: hangs, nth 0",
	    "column 20: nth wants a number from 1, not \"0\"");
	refused("deploy: hangs, chance 120%",
	    "column 23: chance wants a chance between 0 and 1, or a "
	    "percentage, not \"120%\"");
	refused("deploy: hangs, for ever",
	    "column 20: for wants a duration such as 90s or 10m, not "
	    "\"ever\"");
	refused("deploy: hangs, from nobody",
	    "column 21: from wants a number from 1, or who sends, such as "
	    "pcg/a, not \"nobody\"");
	refused("deploy: answers 500, header X",
	    "column 29: header wants a header, NAME: VALUE, not \"X\"");
}

TEST(what_does_not_go_together_is_told)
{
	refused("deploy: hangs, body x",
	    "column 1: body and header go with \"answers STATUS\" and \"obeys "
	    "but answers STATUS\" only");
	refused("deploy: hangs, nth 2, every 2",
	    "column 1: nth is one exchange: it goes without every, from and "
	    "times");
	EXPECT(!fault_rule_parse(
	    &rule, "deploy: hangs, machine a", &PALETTE, &err));
	EXPECT_STR(err.text,
	    "column 1: a palette has no machines: the key machine is for a "
	    "maas");
}

static const char *struck(const char *text, int count)
{
	static char out[40];
	struct http_request request = { 0 };
	struct wire_sight sight = {
		.server = "maas/x", .op = "deploy", .request = &request
	};
	struct choices *choices = choices_new(1);
	struct wire_doom doom;

	EXPECT(read(text));
	for (int i = 0; i < count; i++) {
		out[i] = '.';
		/* One call a second. */
		if (fault_rule_counts(&rule, &sight, choices, SECONDS(i))) {
			doom = (struct wire_doom){ 0 };
			fault_rule_strike(&rule, &sight, &doom);
			http_response_free(&doom.answer);
			out[i] = 'x';
		}
	}
	out[count] = '\0';
	fault_rule_free(&rule);
	choices_free(&choices);
	return out;
}

TEST(a_rule_counts_what_fits_it)
{
	EXPECT_STR(struck("deploy: hangs", 4), "xxxx");
	EXPECT_STR(struck("deploy: hangs, nth 3", 6), "..x...");
	EXPECT_STR(struck("deploy: hangs, every 2", 6), ".x.x.x");
	EXPECT_STR(struck("deploy: hangs, every 2, from 3", 6), "...x.x");
	EXPECT_STR(struck("deploy: hangs, from 5", 6), "....xx");
	EXPECT_STR(struck("deploy: hangs, times 2", 6), "xx....");
	EXPECT_STR(struck("deploy: hangs, for 3s", 6), "xxx...");
	EXPECT_STR(struck("deploy: hangs, chance 0", 6), "......");
}

TESTS_BEGIN
CASE(a_rule_is_what_it_is_on_and_what_happens),
    CASE(keys_are_those_of_a_step_with_or_without_a_colon),
    CASE(from_is_a_number_or_who_sends), CASE(a_body_is_the_rest_of_the_line),
    CASE(what_is_wrong_is_told_with_its_column),
    CASE(what_does_not_go_together_is_told),
    CASE(a_rule_counts_what_fits_it), TESTS_END
