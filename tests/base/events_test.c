#include "base/events.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/host.h"
#include "base/secrets.h"
#include "tests/test.h"

static struct loop *loop;
static struct secrets *secrets;
static struct events *events;
static struct buf seen;

static void open_stream(void)
{
	loop = loop_new();
	secrets = secrets_new(1);
	events = events_new(loop, secrets);
}

static void close_stream(void)
{
	events_free(&events);
	secrets_free(&secrets);
	loop_free(&loop);
	buf_free(&seen);
}

static void write_down(void *ctx, const struct event *e)
{
	buf_addf(&seen, "%s%" PRIu64 " %s %s %s", (const char *)ctx, e->seq,
	    e->kind, e->actor, e->about);
	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].text)
			buf_addf(&seen, " %s=%s", e->fields[i].key,
			    e->fields[i].text);
		else
			buf_addf(&seen, " %s=%" PRId64, e->fields[i].key,
			    e->fields[i].number);
	buf_adds(&seen, "; ");
}

static char first[] = "1:", second[] = "2:";

TEST(sinks_hear_in_the_order_in_which_they_came)
{
	open_stream();
	events_add_sink(events, write_down, first);
	events_add_sink(events, write_down, second);
	EVENT(events, "state", "maas/lab", "m/1", F("status", "Ready"),
	    N("cpu_count", 4));
	EXPECT_STR(buf_text(&seen),
	    "1:0 state maas/lab m/1 status=Ready cpu_count=4; "
	    "2:0 state maas/lab m/1 status=Ready cpu_count=4; ");
	close_stream();
}

static void object(void *ctx, const struct event *e)
{
	(void)ctx;
	if (strcmp(e->kind, "note") != 0)
		events_note(events, "law", e->about, "against #%d", 1);
}

TEST(what_a_sink_says_comes_after_for_everybody)
{
	open_stream();
	events_add_sink(events, object, NULL);
	events_add_sink(events, write_down, first);
	EVENT(events, "gone", "a", "x", N("n", 1));
	EXPECT_STR(buf_text(&seen),
	    "1:0 gone a x n=1; 1:1 note law x text=against #1; ");
	close_stream();
}

TEST(secrets_are_masked_in_every_text)
{
	open_stream();
	secrets_add(secrets, "k", "hunter2-hunter2");
	events_add_sink(events, write_down, first);
	EVENT(events, "note", "a hunter2-hunter2", "b hunter2-hunter2",
	    F("x", "plain"), N("n", 1), F("t", "c hunter2-hunter2 d"));
	EXPECT(!strstr(buf_text(&seen), "hunter2"));
	EXPECT_HAS(buf_text(&seen), "note a <secret k ");
	EXPECT_HAS(buf_text(&seen), "x=plain n=1 t=c <secret k ");
	EXPECT_HAS(buf_text(&seen), "> d;");
	close_stream();
}

TEST(the_count_goes_on_when_nobody_listens)
{
	open_stream();
	EVENT(NULL, "note", "a", "b", N("n", 1));
	EVENT(events, "note", "a", "b", N("n", 1));
	events_add_sink(events, write_down, first);
	EVENT(events, "note", "a", "b", N("n", 1));
	EXPECT_STR(buf_text(&seen), "1:1 note a b n=1; ");
	close_stream();
}

TEST(many_fields_are_all_handed_on)
{
	struct event_field fields[50];

	open_stream();
	secrets_add(secrets, "k", "hunter2-hunter2");
	for (int i = 0; i < 50; i++)
		fields[i] = (struct event_field){ "k", "hunter2-hunter2", 0 };
	events_add_sink(events, write_down, first);
	events_emit(events, "state", "a", "b", fields, 50);
	EXPECT(!strstr(buf_text(&seen), "hunter2"));
	close_stream();
}

/* ---- the wall clock of host.h ---- */

static const struct {
	const char *text;
	usec time;
	const char *again;
} times[] = {
	{ "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z" },
	{ "2026-01-01T00:00:00", 1767225600000000, "2026-01-01T00:00:00.000Z" },
	{ "2024-02-29T23:59:59.987654Z", 1709251199987654,
	    "2024-02-29T23:59:59.987Z" },
	{ "1969-12-31T23:59:59.5Z", -500000, "1969-12-31T23:59:59.500Z" },
	{ "2000-03-01T12:00:00.123456789Z", 951912000123456,
	    "2000-03-01T12:00:00.123Z" },
};

TEST(times_are_read_and_written)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		char text[32];
		usec time;

		EXPECT(time_parse(times[i].text, &time));
		EXPECT_INT(time, times[i].time);
		time_text_ms(time, text);
		EXPECT_STR(text, times[i].again);
		time_text(time, text);
		EXPECT_INT(strlen(text), 20);
	}
}

static const char *const no_times[] = { "", "2026-01-01",
	"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
	"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00.Z",
	"2026-01-01T00:00:00+01:00", "2026-01-01 00:00:00Z",
	"2026-01-01T00:00:00Zx" };

TEST(what_is_no_time_is_refused)
{
	usec time = 42;

	for (size_t i = 0; i < sizeof(no_times) / sizeof(*no_times); i++)
		if (time_parse(no_times[i], &time))
			test_failed(__FILE__, __LINE__, "%s", no_times[i]);
	EXPECT_INT(time, 42);
}

TEST(a_skewed_host_sees_another_time)
{
	struct host host = { .clock_origin = SECONDS(100) };

	open_stream();
	host.loop = loop;
	loop_advance(loop, SECONDS(5));
	EXPECT_INT(host_time(&host), SECONDS(105));
	close_stream();
}

TESTS_BEGIN
CASE(sinks_hear_in_the_order_in_which_they_came),
    CASE(what_a_sink_says_comes_after_for_everybody),
    CASE(secrets_are_masked_in_every_text),
    CASE(the_count_goes_on_when_nobody_listens),
    CASE(many_fields_are_all_handed_on), CASE(times_are_read_and_written),
    CASE(what_is_no_time_is_refused),
    CASE(a_skewed_host_sees_another_time), TESTS_END
