/* Exchanges and streams that go as they should, held against every wire. */
#include "tests/base/net_claims.h"

#include <stdlib.h>

#include "base/buf.h"

static usec dial_for(void)
{
	return (lab.server_identity ? 4 : 2) * LAB_LATENCY;
}

/* ---- asking and answering ---- */

ON_EACH_WIRE(a_request_is_answered_two_latencies_after_the_dial)
{
	struct outcome o = get("/path%20x?q=1");

	EXPECT_INT(o.status, 200);
	EXPECT_STR(buf_text(&o.body),
	    "GET /path%20x?q=1 [Accept: a/b] [X-Twice: 1] [X-Twice: 2]");
	EXPECT_STR(o.header, "one");
	EXPECT_INT(o.at, dial_for() + 2 * LAB_LATENCY);
	EXPECT_INT(o.done_count, 1);
	EXPECT_STR(lab.peer, "10.0.0.1");
	EXPECT_STR(lab.last_op, "GET it");
	outcome_free(&o);
}

ON_EACH_WIRE(a_body_arrives_whatever_the_method)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE",
		"GET" };
	struct dial dial = to_server();

	for (size_t i = 0; i < 5; i++) {
		struct outcome o;

		ask(&o, &dial, methods[i], "/", "hello", NULL);
		run_for(SECONDS(1));
		EXPECT_INT(o.status, 200);
		EXPECT_HAS(buf_text(&o.body), "body=5:hello");
		outcome_free(&o);
		ask(&o, &dial, methods[i], "/", NULL, NULL);
		run_for(SECONDS(1));
		EXPECT_INT(o.status, 200);
		EXPECT(!strstr(buf_text(&o.body), "body="));
		outcome_free(&o);
	}
}

ON_EACH_WIRE(a_head_answer_has_no_body)
{
	struct outcome o;
	struct dial dial = to_server();

	ask(&o, &dial, "HEAD", "/", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_INT(o.status, 200);
	EXPECT_INT(o.body.len, 0);
	outcome_free(&o);
	o = get("/");
	EXPECT_INT(o.status, 200);
	outcome_free(&o);
}

ON_EACH_WIRE(an_answer_may_take_its_time)
{
	struct outcome o;

	lab.manner = ANSWER_LATER;
	o = get("/");
	EXPECT_INT(o.status, 200);
	EXPECT_INT(o.at, dial_for() + 2 * LAB_LATENCY + SECONDS(1));
	outcome_free(&o);
}

ON_EACH_WIRE(two_requests_at_once_take_two_connections)
{
	struct dial dial = to_server();
	struct outcome a, b;

	ask(&a, &dial, "GET", "/a", NULL, NULL);
	ask(&b, &dial, "GET", "/b", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_INT(a.status, 200);
	EXPECT_INT(b.status, 200);
	EXPECT_INT(wire_counted(lab.wire).connections, 2);
	outcome_free(&a);
	outcome_free(&b);
}

ON_EACH_WIRE(a_connection_is_used_again_for_a_minute)
{
	struct outcome o = get("/1");
	usec began;

	outcome_free(&o);
	run_for(SECONDS(60));
	began = loop_now(lab.loop);
	o = get("/2");
	EXPECT_INT(o.at, began + 2 * LAB_LATENCY);
	outcome_free(&o);
	EXPECT_INT(wire_counted(lab.wire).connections, 1);
	run_for(SECONDS(60) + 1);
	o = get("/3");
	EXPECT_INT(wire_counted(lab.wire).connections, 2);
	EXPECT_INT(wire_counted(lab.wire).exchanges, 3);
	outcome_free(&o);
}

ON_EACH_WIRE(a_big_answer_arrives_and_a_too_big_one_is_garbled)
{
	struct call_options options = { .timeout_for = SECONDS(5),
		.max_body = 300000 };
	struct dial dial = to_server();
	struct outcome o;

	lab.manner = ANSWER_BIG;
	lab.big = 300000;
	ask(&o, &dial, "GET", "/", NULL, &options);
	run_for(SECONDS(1));
	EXPECT_INT(o.status, 200);
	EXPECT_INT(o.body.len, 300000);
	outcome_free(&o);
	lab.big = 300001;
	ask(&o, &dial, "GET", "/", NULL, &options);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_GARBLED);
	EXPECT_STR(o.err.text,
	    "the answer of maas.lab:443 is longer than 300000 bytes");
}

ON_EACH_WIRE(a_request_above_64_mib_is_413)
{
	size_t len = ((size_t)64 << 20) + 1;
	char *big = xcalloc(1, len + 1);
	struct dial dial = to_server();
	struct outcome o;

	memset(big, 'x', len);
	ask(&o, &dial, "POST", "/", big, NULL);
	free(big);
	run_for(SECONDS(1));
	EXPECT_INT(o.status, 413);
	EXPECT_INT(lab.handled, 0);
	outcome_free(&o);
}

ON_EACH_WIRE(a_head_above_its_limit_is_431_however_long)
{
	static const struct {
		size_t len;
		int status;
	} heads[] = { { 15000, 200 }, { 17000, 431 }, { 40000, 431 },
		{ 100, 200 }, { 300000, 431 }, { 100, 200 } };

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct outcome o = get_long(heads[i].len);

		EXPECT_STR(o.err.text, "");
		EXPECT_INT(o.status, heads[i].status);
		if (o.status == 431)
			EXPECT_STR(buf_text(&o.body), http_reason(431));
		outcome_free(&o);
	}
	EXPECT_INT(lab.handled, 3);
	EXPECT_INT(wire_counted(lab.wire).connections, 1);
}

/* ---- streams ---- */

ON_EACH_WIRE(a_stream_is_head_messages_end)
{
	open_watch();
	EXPECT(watch.head);
	EXPECT_INT(watch.status, 200);
	say("{\"a\":1}");
	say("{\"b\":2}");
	EXPECT_INT(watch.messages, 0);
	run_for(LAB_LATENCY);
	EXPECT_INT(watch.messages, 2);
	run_for(HOURS(1)); /* the time-out was for the beginning */
	say("{\"c\":3}");
	run_for(SECONDS(1));
	EXPECT_STR(buf_text(&watch.lines), "{\"a\":1}|{\"b\":2}|{\"c\":3}|");
	EXPECT(!watch.done);
	exchange_end(lab.kept);
	lab.kept = NULL;
	run_for(SECONDS(1));
	EXPECT(watch.done);
	EXPECT_INT(watch.err.kind, ERR_NONE);
	lab.manner = ANSWER_ECHO;
	{
		struct outcome o = get("/"); /* the connection is kept */

		EXPECT_INT(o.status, 200);
		EXPECT_INT(wire_counted(lab.wire).connections, 1);
		outcome_free(&o);
	}
	outcome_free(&watch);
}

ON_EACH_WIRE(an_aborted_stream_is_lost)
{
	open_watch();
	say("{}");
	exchange_abort(lab.kept);
	lab.kept = NULL;
	run_for(SECONDS(1));
	EXPECT_INT(watch.messages, 1);
	EXPECT(watch.done);
	EXPECT_INT(watch.err.kind, ERR_LOST);
	EXPECT_STR(watch.err.text,
	    "the connection to maas.lab:443 broke before the answer was "
	    "complete");
	outcome_free(&watch);
}

ON_EACH_WIRE(a_cancelled_stream_is_gone_one_latency_later)
{
	open_watch();
	call_cancel(&watch.call);
	EXPECT_INT(lab.gone, 0);
	run_for(LAB_LATENCY);
	EXPECT_INT(lab.gone, 1);
	EXPECT(!watch.done);
	outcome_free(&watch);
}

ON_EACH_WIRE(a_stream_with_a_hole_breaks_when_the_path_is_back)
{
	open_watch();
	lab.cut = true;
	say("{\"lost\":1}");
	run_for(SECONDS(1));
	EXPECT_INT(watch.messages, 0);
	EXPECT(!watch.done);
	lab.cut = false;
	say("{\"next\":1}");
	run_for(SECONDS(1));
	EXPECT_INT(watch.messages, 0);
	EXPECT_INT(watch.err.kind, ERR_LOST);
	EXPECT_INT(lab.gone, 1);
	outcome_free(&watch);
}

ON_EACH_WIRE(a_plain_answer_to_a_stream_is_head_lines_end)
{
	static const struct call_options STREAM = { .timeout_for = SECONDS(30),
		.stream = true };
	struct dial dial = to_server();
	struct outcome o;

	ask(&o, &dial, "POST", "/", "x\ny", &STREAM);
	run_for(SECONDS(1));
	EXPECT(o.head && o.done);
	EXPECT_INT(o.messages, 2);
	EXPECT_INT(o.body.len, 0);
	outcome_free(&o);
}

ON_EACH_WIRE(a_stream_nobody_asked_for_is_one_body)
{
	struct dial dial = to_server();
	struct outcome o;

	lab.manner = ANSWER_STREAM;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	say("{}");
	say("[]");
	exchange_end(lab.kept);
	lab.kept = NULL;
	run_for(SECONDS(1));
	EXPECT_INT(o.status, 200);
	EXPECT_STR(buf_text(&o.body), "{}\n[]\n");
	outcome_free(&o);
}

TESTS_BEGIN
CASE(a_request_is_answered_two_latencies_after_the_dial),
    CASE(a_body_arrives_whatever_the_method), CASE(a_head_answer_has_no_body),
    CASE(an_answer_may_take_its_time),
    CASE(two_requests_at_once_take_two_connections),
    CASE(a_connection_is_used_again_for_a_minute),
    CASE(a_big_answer_arrives_and_a_too_big_one_is_garbled),
    CASE(a_head_above_its_limit_is_431_however_long),
    CASE(a_request_above_64_mib_is_413), CASE(a_stream_is_head_messages_end),
    CASE(an_aborted_stream_is_lost),
    CASE(a_cancelled_stream_is_gone_one_latency_later),
    CASE(a_stream_with_a_hole_breaks_when_the_path_is_back),
    CASE(a_plain_answer_to_a_stream_is_head_lines_end),
    CASE(a_stream_nobody_asked_for_is_one_body) TESTS_END
