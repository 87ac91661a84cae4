#include "harness/faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/choices.h"
#include "base/events.h"
#include "tests/test.h"

/* One fault of maas/lab, met by hand; what it told, in order: "begins meets
 * ends". */
static struct lab {
	struct loop *loop;
	struct events *events;
	struct choices *choices;
	struct view *view;
	struct scenario *scenario;
	struct faults *faults;
	struct buf told;
} lab;

static void listen_to_faults(void *ctx, const struct event *event)
{
	(void)ctx;
	for (size_t i = 0; i < event->field_count; i++)
		if (strcmp(event->fields[i].key, "what") == 0)
			buf_addf(&lab.told, "%s%s", lab.told.len ? " " : "",
			    event->fields[i].text);
}

/* "loses its answer", and its keys: "times: 2". */
static void a_fault(const char *what, const char *key)
{
	struct mistakes mistakes = { 0 };
	char text[400];

	lab = (struct lab){ 0 };
	snprintf(text, sizeof(text),
	    "scenario: a\nwhy: b\nworld:\n  maas/lab: { machines: 6 }\n"
	    "timeline:\n  - at 0m: maas/lab %s\n    on: deploy\n    %s\n"
	    "end: when quiet, at most 3h\n",
	    what, key);
	lab.scenario = scenario_parse("s.yaml", text, strlen(text), &mistakes);
	mistakes_free(&mistakes);
	EXPECT(lab.scenario);
	lab.loop = loop_new();
	lab.events = events_new(lab.loop, NULL);
	events_add_sink(lab.events, listen_to_faults, NULL);
	lab.choices = choices_new(1);
	lab.view = view_new();
	events_add_sink(lab.events, view_sink, lab.view);
	lab.faults = faults_new(lab.events, lab.choices, lab.view);
	faults_begin(lab.faults, &lab.scenario->steps[0], 0);
}

static void close_lab(void)
{
	faults_free(&lab.faults);
	view_free(&lab.view);
	choices_free(&lab.choices);
	events_free(&lab.events);
	loop_free(&lab.loop);
	scenario_free(&lab.scenario);
	buf_free(&lab.told);
}

static const char *told(void)
{
	return buf_text(&lab.told);
}

static enum wire_fate fate_of(const struct wire_sight *sight)
{
	struct wire_doom doom = { 0 };

	faults_strike(lab.faults, sight, &doom);
	http_response_free(&doom.answer);
	return doom.fate;
}

/* One exchange there and, where it gets so far, back. */
static void deploy(enum wire_fate there, enum wire_fate back)
{
	char post[] = "POST", target[] = "/x";
	struct http_request request = { .method = post, .target = target };
	struct http_response response = { .status = 200 };
	uint64_t mark = 0;
	struct wire_sight sight = {
		.client = "pcg/a",
		.server = "maas/lab",
		.op = "deploy",
		.request = &request,
		.mark = &mark,
	};

	EXPECT_INT(fate_of(&sight), there);
	if (there != FATE_PASS)
		return;
	sight.response = &response;
	EXPECT_INT(fate_of(&sight), back);
}

TEST(a_fault_of_two_times_ends_as_it_meets_the_second)
{
	a_fault("hangs", "times: 2");
	deploy(FATE_LOSE, FATE_PASS);
	EXPECT_STR(told(), "begins meets");
	deploy(FATE_LOSE, FATE_PASS);
	EXPECT_STR(told(), "begins meets meets ends");
	deploy(FATE_PASS, FATE_PASS);
	EXPECT_STR(told(), "begins meets meets ends");
	close_lab();
}

TEST(a_fault_of_the_second_request_ends_with_it)
{
	a_fault("hangs", "nth: 2");
	deploy(FATE_PASS, FATE_PASS);
	EXPECT_STR(told(), "begins");
	deploy(FATE_LOSE, FATE_PASS);
	EXPECT_STR(told(), "begins meets ends");
	close_lab();
}

TEST(a_fault_on_answers_ends_with_the_answer)
{
	a_fault("loses its answer", "times: 1");
	deploy(FATE_PASS, FATE_RESET);
	EXPECT_STR(told(), "begins meets ends");
	deploy(FATE_PASS, FATE_PASS);
	EXPECT_STR(told(), "begins meets ends");
	close_lab();
}

TEST(a_fault_for_ten_minutes_ends_when_they_are_over)
{
	a_fault("hangs", "for: 10m");
	deploy(FATE_LOSE, FATE_PASS);
	faults_look(lab.faults, MINUTES(10) - 1);
	EXPECT_STR(told(), "begins meets");
	faults_look(lab.faults, MINUTES(10));
	EXPECT_STR(told(), "begins meets ends");
	deploy(FATE_PASS, FATE_PASS);
	close_lab();
}

TEST(a_fault_until_something_holds_ends_when_it_does)
{
	a_fault("hangs", "until: maas/lab.machines(Broken) == 1");
	faults_look(lab.faults, MINUTES(1));
	EXPECT_STR(told(), "begins");
	EVENT(lab.events, "state", "maas/lab", "maas/lab/machine/x",
	    F("status", "Broken"));
	faults_look(lab.faults, MINUTES(2));
	EXPECT_STR(told(), "begins ends");
	close_lab();
}

TEST(a_fault_ends_once)
{
	a_fault("hangs", "times: 1\n    for: 10m");
	deploy(FATE_LOSE, FATE_PASS);
	faults_look(lab.faults, MINUTES(20));
	EXPECT_STR(told(), "begins meets ends");
	close_lab();
}

TESTS_BEGIN
CASE(a_fault_of_two_times_ends_as_it_meets_the_second),
    CASE(a_fault_of_the_second_request_ends_with_it),
    CASE(a_fault_on_answers_ends_with_the_answer),
    CASE(a_fault_for_ten_minutes_ends_when_they_are_over),
    CASE(a_fault_until_something_holds_ends_when_it_does),
    CASE(a_fault_ends_once), TESTS_END
