#include "tests/harness/told.h"

#include <stdio.h>

#include "base/events.h"
#include "tests/test.h"

struct told told;

static void nothing(struct timer *timer)
{
	(void)timer;
}

static void touched(void *ctx, const char *topic)
{
	(void)ctx;
	if (told.claim.about)
		claim_touch(&told.claim, topic);
}

static void open_claim(bool expected)
{
	const struct scenario *s = told.scenario;

	if (expected)
		claim_open(&told.claim, &s->steps[0].expect[0], told.view, 0);
	else if (s->standing_count)
		claim_open(&told.claim, &s->standing[0], told.view, 0);
}

void told_begin(const char *expect, const char *standing)
{
	struct mistakes mistakes = { 0 };
	char text[2000];

	snprintf(text, sizeof(text),
	    "scenario: a\nwhy: b\nworld:\n"
	    "  maas/lab: { machines: 6 }\n  palette/eu: { }\n"
	    "  proxy/out: { }\n"
	    "  pcg/a: { palette: eu, maas: lab, proxy: out }\n"
	    "  pcg/b: { palette: eu, maas: lab }\n"
	    "  cluster/web: { through: pcg/a }\ntimeline:\n"
	    "  - at 0m: operator creates cluster/web\n%s%s\n%s"
	    "end: when quiet, at most 3h\n",
	    *expect ? "    expect:\n      - " : "", expect, standing);
	told = (struct told){ 0 };
	told.scenario = scenario_parse("s.yaml", text, strlen(text), &mistakes);
	mistakes_free(&mistakes);
	EXPECT(told.scenario);
	told.loop = loop_new();
	told.secrets = secrets_new(1);
	told.events = events_new(told.loop, told.secrets);
	told.view = view_new();
	told.judge = judge_new(told.scenario, told.view);
	view_on_touch(told.view, touched, NULL);
	events_add_sink(told.events, view_sink, told.view);
	events_add_sink(told.events, judge_sink, told.judge);
	open_claim(*expect);
}

void told_end(void)
{
	judge_free(&told.judge);
	view_free(&told.view);
	events_free(&told.events);
	secrets_free(&told.secrets);
	loop_free(&told.loop);
	scenario_free(&told.scenario);
}

void told_wait(usec time)
{
	usec now_at = loop_now(told.loop);

	if (told.claim.about)
		claim_pass(&told.claim, now_at, now_at + time);
	timer_init(&told.tick, nothing);
	timer_set(&told.tick, told.loop, time);
	loop_step(told.loop);
}

static void look(void)
{
	if (told.claim.about)
		claim_look(&told.claim, loop_now(told.loop));
}

void told_machine(const char *id, const char *status, const char *agent)
{
	char name[60];

	snprintf(name, sizeof(name), "maas/lab/machine/%s", id);
	EVENT(told.events, "state", "maas/lab", name, F("status", status),
	    F("owner", *agent ? "pcg-a" : ""), F("agent_name", agent));
	look();
}

void told_cluster(const char *state, const char *gateway)
{
	EVENT(told.events, "state", "palette/eu", "palette/eu/cluster/web",
	    F("uid", "u1"), F("state", state), F("gateway", gateway),
	    F("waiting", ""), F("handed_over", "yes"));
	look();
}

void told_asked(const char *client, const char *server, const char *op,
    const char *target, int status)
{
	EVENT(told.events, "exchange", client, server, F("op", op),
	    F("method", "POST"), F("target", target), N("status", status));
	look();
}

const char *told_breach(void)
{
	size_t count;
	const struct breach *breaches = judge_breaches(told.judge, &count);

	return count ? breaches[0].sentence : "";
}
