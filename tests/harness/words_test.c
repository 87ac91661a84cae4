/* The outside world of a MAAS: what its control knows and what scenarios can
 * say is one table. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "harness/run.h"
#include "harness/verbs.h"
#include "sim/maas/maas.h"
#include "tests/test.h"

static json_t *step_of(const struct verb *verb)
{
	json_t *step = json_loads(verb->outside, 0, NULL);

	if (!step)
		test_failed(__FILE__, __LINE__, "%s: %s is no JSON",
		    verb->pattern, verb->outside);
	return step;
}

static size_t sayings_of(const char *name)
{
	size_t count, said = 0;
	const struct verb *verbs = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		json_t *step = verbs[i].outside ? step_of(&verbs[i]) : NULL;

		said += strcmp(jstr(step, "step"), name) == 0;
		json_decref(step);
	}
	return said;
}

TEST(each_step_of_a_maas_has_words_or_says_why_not)
{
	size_t count;
	const struct maas_verb *steps = maas_verbs(&count);

	EXPECT(count > 15);
	for (size_t i = 0; i < count; i++) {
		size_t said = sayings_of(steps[i].name);

		if (steps[i].unsaid ? said != 0 : said == 0)
			test_failed(__FILE__, __LINE__,
			    "%s has words for %zu verbs, and %s", steps[i].name,
			    said,
			    steps[i].unsaid ? "says why it has none"
			                    : "does not say why");
	}
}

/* How often a place of either sort stands in a text. */
static void count_places(const char *text, size_t *numbers, size_t *words)
{
	char *room = xstrdup(text), *rest = NULL;

	*numbers = *words = 0;
	for (char *word = strtok_r(room, " ,:{}[]\"", &rest); word;
	     word = strtok_r(NULL, " ,:{}[]\"", &rest)) {
		*numbers += verb_place_is_number(word);
		*words += verb_place_is_word(word);
	}
	free(room);
}

TEST(each_place_of_the_words_is_a_place_of_the_step)
{
	size_t count;
	const struct verb *verbs = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		size_t numbers, words, of_step, words_of_step;

		if (!verbs[i].outside)
			continue;
		count_places(verbs[i].pattern, &numbers, &words);
		count_places(verbs[i].outside, &of_step, &words_of_step);
		if (numbers != of_step || words != words_of_step)
			test_failed(__FILE__, __LINE__, "%s: %s",
			    verbs[i].pattern, verbs[i].outside);
	}
}

/* ---- all of them, said ---- */

/* What may stand in the places of a pattern in the world below. */
static const struct {
	const char *place, *word;
} words[] = {
	{ "maas/*", "maas/lab" },
	{ "pcg/*", "pcg/a" },
	{ "MACHINE", "web-0" },
	{ "ADDRESSES", "10.10.3.0..10.10.3.9" },
	{ "ADDRESS", "10.10.4.1" },
	{ "NUMBER", "1" },
	{ "WORD", "vmh" },
};

static const char *word_for(const char *place)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].place, place) == 0)
			return words[i].word;
	return place;
}

static char *sentence_of(const char *pattern)
{
	char *room = xstrdup(pattern), *rest = NULL;
	struct buf out = BUF_INIT;

	for (char *place = strtok_r(room, " ", &rest); place;
	     place = strtok_r(NULL, " ", &rest))
		buf_addf(&out, "%s%s", out.len ? " " : "", word_for(place));
	free(room);
	return buf_detach(&out);
}

#define WORLD                                                      \
	"scenario: a\nwhy: b\n"                                    \
	"world:\n"                                                 \
	"  palette/eu: { }\n"                                      \
	"  maas/lab: { machines: [ { hostname: web-0 } ] }\n"      \
	"  pcg/a: { palette: eu, maas: lab }\n"                    \
	"  cluster/web: { through: pcg/a, workers: 0 }\n"          \
	"timeline:\n"                                              \
	"  - at 0m: operator creates cluster/web\n"                \
	"  - when maas/lab.machines(Deploying, hostname = web-0) " \
	"== 1: %s\n"                                               \
	"end: when quiet, at most 20m\n"

static void play(const char *sentence)
{
	struct run_options options = { .wire = WIRE_MEMORY, .seed = 1 };
	struct mistakes mistakes = { 0 };
	struct buf wrong = BUF_INIT;
	char *text = xasprintf(WORLD, sentence);
	struct scenario *scenario = scenario_parse(
	    "s.yaml", text, strlen(text), &mistakes);
	json_t *outcome, *finding;
	size_t n;

	mistakes_write(&mistakes, &wrong);
	EXPECT_STR(buf_text(&wrong), "");
	EXPECT(scenario);
	outcome = run_scenario(scenario, &options);
	json_array_foreach(json_object_get(outcome, "findings"), n, finding)
	{
		const char *why = jstr(finding, "sentences[0]");

		/* That it regains a rack which it has is no slip here. */
		if (strcmp(jstr(finding, "claim"), sentence) == 0 &&
		    strncmp(why, "nothing has changed by that", 27) != 0)
			test_failed(
			    __FILE__, __LINE__, "%s: %s", sentence, why);
	}
	json_decref(outcome);
	scenario_free(&scenario);
	mistakes_free(&mistakes);
	buf_free(&wrong);
	free(text);
}

TEST(a_maas_does_whatever_words_a_scenario_says)
{
	size_t count;
	const struct verb *verbs = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		char *sentence = sentence_of(verbs[i].pattern);

		if (verbs[i].outside)
			play(sentence);
		free(sentence);
	}
}

TESTS_BEGIN
CASE(each_step_of_a_maas_has_words_or_says_why_not),
    CASE(each_place_of_the_words_is_a_place_of_the_step),
    CASE(a_maas_does_whatever_words_a_scenario_says), TESTS_END
