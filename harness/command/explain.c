/* A scenario as the harness understood it, in sentences: a reviewer compares
 * the two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "harness/command/commands.h"
#include "harness/kinds.h"
#include "harness/laws.h"
#include "harness/paths.h"
#include "harness/scenario.h"
#include "harness/verbs.h"

static void explain_thing(const struct thing *thing)
{
	printf("  %s, %s", thing->full, thing->kind->help);
	for (size_t i = 0; i < thing->setting_count; i++) {
		const struct setting *s = &thing->settings[i];

		printf("%s %s %s", i ? "," : ":", s->kind->name,
		    s->thing                     ? s->thing->full
		    : s->node->kind == YAML_TEXT ? s->text
		                                 : "(a list)");
	}
	printf("\n");
}

static void explain_expectation(const struct expectation *e)
{
	char within[32], stay[32];

	duration_text(e->within_for, within);
	duration_text(e->stay_for, stay);
	if (e->modality == CLAIM_WITHIN)
		printf("      not later than %s after that: %s\n", within,
		    e->is.text);
	else if (e->modality == CLAIM_FOR)
		printf("      from that moment, for %s without a break: %s\n",
		    stay, e->is.text);
	else
		printf("      not later than %s after that, and then for %s "
		       "without a break: %s\n",
		    within, stay, e->is.text);
	for (size_t i = 0; i < e->is.term_count; i++)
		printf("        (%s.%s: %s)\n", e->is.terms[i].thing->full,
		    e->is.terms[i].path->word, e->is.terms[i].path->help);
}

static void explain_scope(const struct step *step)
{
	const struct fault_keys *keys = &step->keys;
	char time[32];

	if (step->on)
		printf("      only %s\n", step->on);
	if (keys->sender)
		printf("      only what %s sends\n", keys->sender);
	if (keys->machine)
		printf("      only what is about %s\n", keys->machine);
	if (keys->nth)
		printf("      only the request number %lld\n", keys->nth);
	if (keys->from)
		printf("      from the request number %lld on\n", keys->from);
	if (keys->every)
		printf("      one of %lld requests\n", keys->every);
	if (keys->times)
		printf("      at most %lld times\n", keys->times);
	duration_text(keys->lasts_for, time);
	if (keys->lasts_for)
		printf("      for %s\n", time);
	duration_text(step->until_at, time);
	if (step->until_at)
		printf("      until %s after the start\n", time);
	if (step->until.text)
		printf("      until %s\n", step->until.text);
	if (keys->chance < 1)
		printf("      each time with a chance of %g%%\n",
		    keys->chance * 100);
	for (size_t i = 0; i < keys->headers.count; i++)
		printf("      with the header %s: %s\n",
		    keys->headers.items[i].name, keys->headers.items[i].value);
	if (keys->body)
		printf("      with the body %s\n", keys->body);
}

static void explain_step(const struct step *step)
{
	char time[32];

	duration_text(step->time, time);
	switch (step->when) {
	case STEP_AT:
		printf("  %s after the start", time);
		break;
	case STEP_AFTER:
		printf("  %s after the step before", time);
		break;
	case STEP_WHEN:
		printf("  as soon as %s", step->condition.text);
		break;
	}
	printf(", %s (%s)\n", step->text, step->verb->help);
	explain_scope(step);
	for (size_t i = 0; i < step->expect_count; i++)
		explain_expectation(&step->expect[i]);
}

static void explain_standing(
    const struct scenario *s, enum modality modality, const char *title)
{
	bool titled = false;

	for (size_t i = 0; i < s->standing_count; i++) {
		if (s->standing[i].modality != modality)
			continue;
		if (!titled)
			printf("\n%s\n", title);
		titled = true;
		printf("  %s\n", s->standing[i].is.text);
	}
}

static void explain(const struct scenario *s)
{
	char time[32];

	printf("%s\n\n%s\n\nThe world\n", s->title, s->why);
	for (size_t i = 0; i < s->thing_count; i++)
		explain_thing(&s->things[i]);
	printf("\nWhat happens\n");
	for (size_t i = 0; i < s->step_count; i++)
		explain_step(&s->steps[i]);
	explain_standing(s, CLAIM_ALWAYS, "True after every event");
	explain_standing(s, CLAIM_NEVER, "Not true after any event");
	explain_standing(s, CLAIM_REACHED, "True at least once");
	explain_standing(s, CLAIM_FINALLY, "True when the run is over");
	for (size_t i = 0; i < s->waiver_count; i++)
		printf("\nNot judged: %s, because %s\n",
		    s->waivers[i].law->sentence, s->waivers[i].why);
	duration_text(s->at_most_for, time);
	printf("\nThe run is over when only polls and heartbeats are left, and "
	       "fails if that\ntakes longer than %s.\n",
	    time);
}

int command_explain(int argc, char **argv)
{
	struct mistakes mistakes = { 0 };
	struct scenario *scenario;
	struct buf out = BUF_INIT;
	int status = 0;

	check(argc == 2); /* main.c: it takes a word */
	scenario = scenario_load(argv[1], &mistakes);
	if (scenario) {
		explain(scenario);
	} else {
		mistakes_write(&mistakes, &out);
		fputs(buf_text(&out), stderr);
		status = 2;
	}
	buf_free(&out);
	scenario_free(&scenario);
	mistakes_free(&mistakes);
	return status;
}
