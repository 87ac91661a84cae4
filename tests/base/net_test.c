/* One table of claims about exchanges, held against every wire. */
#include "tests/base/net_lab.h"

#include <stdlib.h>

#include "base/buf.h"

static const struct {
	enum wire_kind kind;
	bool tls;
} wires[] = {
	{ WIRE_MEMORY, false },
	{ WIRE_MEMORY, true },
	{ WIRE_HTTPS, false },
	{ WIRE_HTTPS, true },
};

static void on_each_wire(void (*claim)(void))
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(*wires); i++) {
		lab_open(wires[i].kind, wires[i].tls);
		claim();
		lab_close();
	}
}

#define ON_EACH_WIRE(claim)                 \
	static void claim##_here(void);     \
	TEST(claim)                         \
	{                                   \
		on_each_wire(claim##_here); \
	}                                   \
	static void claim##_here(void)

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

/* ---- streams ---- */

static void say(const char *line)
{
	exchange_message(lab.kept, line, strlen(line));
}

static struct outcome watch;
static void open_watch(void)
{
	static const struct call_options STREAM = {
		.timeout_for = SECONDS(30), .stream = true, .background = true
	};
	struct dial dial = to_server();

	lab.manner = ANSWER_STREAM;
	ask(&watch, &dial, "GET", "/watch", NULL, &STREAM);
	run_for(SECONDS(1));
}

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

/* ---- not getting there ---- */

static void expect_unreached(const char *text, usec at)
{
	struct outcome o = get("/");

	EXPECT_INT(o.err.kind, ERR_UNREACHED);
	EXPECT_STR(o.err.text, text);
	EXPECT_INT(o.at, at);
	EXPECT_INT(lab.handled, 0);
}

ON_EACH_WIRE(refused_after_a_round_trip)
{
	lab.verdict = ROUTE_REFUSED;
	expect_unreached("maas.lab:443 refuses connections: a firewall says no",
	    2 * LAB_LATENCY);
}

ON_EACH_WIRE(refused_when_nobody_listens)
{
	listener_close(&lab.listener);
	expect_unreached(
	    "maas.lab:443 refuses connections: nobody listens there",
	    2 * LAB_LATENCY);
	lab_listen(NULL);
}

ON_EACH_WIRE(dropped_until_the_time_out_and_nothing_happened_there)
{
	lab.verdict = ROUTE_DROPPED;
	expect_unreached("no answer from maas.lab:443: it could not be "
	                 "connected to within 30s",
	    SECONDS(30));
}

ON_EACH_WIRE(no_name_at_once)
{
	lab.verdict = ROUTE_NO_NAME;
	expect_unreached("maas.lab has no address: nobody knows this name", 0);
}

ON_EACH_WIRE(never_answered_is_a_time_out_and_the_server_hears_of_it)
{
	struct outcome o;

	lab.manner = ANSWER_NEVER;
	o = get("/");
	EXPECT_INT(o.err.kind, ERR_TIMEOUT);
	EXPECT_STR(o.err.text, "no answer from maas.lab:443 within 30s");
	EXPECT_INT(o.at, SECONDS(30));
	run_for(LAB_LATENCY);
	EXPECT_INT(lab.gone, 1);
}

ON_EACH_WIRE(a_cancelled_call_says_nothing_more)
{
	struct dial dial = to_server();
	struct outcome o;

	ask(&o, &dial, "GET", "/", NULL, NULL);
	call_cancel(&o.call); /* before it began */
	EXPECT(!o.call);
	run_for(SECONDS(60));
	EXPECT(!o.done);
	EXPECT_INT(lab.handled, 0);
	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1)); /* while it is being answered */
	call_cancel(&o.call);
	run_for(SECONDS(60));
	EXPECT(!o.done);
	EXPECT_INT(lab.gone, 1);
}

ON_EACH_WIRE(a_cut_link_swallows_what_is_under_way)
{
	struct dial dial = to_server();
	struct outcome o;

	lab.manner = ANSWER_LATER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(MILLISECONDS(500));
	EXPECT_INT(lab.handled, 1);
	lab.cut_back = true;
	run_for(SECONDS(40));
	EXPECT_INT(o.err.kind, ERR_TIMEOUT);
	lab.cut_back = false;
	lab.manner = ANSWER_ECHO;
	o = get("/"); /* a new connection, since nobody knows about the old */
	EXPECT_INT(o.status, 200);
	EXPECT_INT(wire_counted(lab.wire).connections, 2);
	outcome_free(&o);
}

/* ---- faults ---- */

static const struct {
	enum wire_fate fate;
	bool on_answer;
	enum err_kind kind;
	int status;
	int handled;
	const char *text;
} fates[] = {
	{ FATE_LOSE, false, ERR_TIMEOUT, 0, 0,
	    "no answer from maas.lab:443 within 30s" },
	{ FATE_LOSE, true, ERR_TIMEOUT, 0, 1,
	    "no answer from maas.lab:443 within 30s" },
	{ FATE_RESET, false, ERR_LOST, 0, 0,
	    "the connection to maas.lab:443 broke before the answer was "
	    "complete" },
	{ FATE_RESET, true, ERR_LOST, 0, 1,
	    "the connection to maas.lab:443 broke before the answer was "
	    "complete" },
	{ FATE_ANSWER, false, ERR_NONE, 503, 0, "not now" },
	{ FATE_TRUNCATE, true, ERR_LOST, 0, 1,
	    "the connection to maas.lab:443 broke in the middle of the "
	    "answer" },
	{ FATE_ENDLESS, true, ERR_GARBLED, 0, 1,
	    "the answer of maas.lab:443 is longer than 16777216 bytes" },
	{ FATE_GARBAGE, true, ERR_GARBLED, 0, 1,
	    "what maas.lab:443 answers is not HTTP" },
	{ FATE_DELAY, false, ERR_NONE, 200, 1, "GET /" },
	{ FATE_DELAY, true, ERR_NONE, 200, 1, "GET /" },
};

ON_EACH_WIRE(every_fate_is_what_its_table_says)
{
	for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		struct outcome o;
		usec began = loop_now(lab.loop);

		lab.fate = fates[i].fate;
		lab.fate_on_answer = fates[i].on_answer;
		lab.fate_delay_for = SECONDS(2);
		lab.handled = 0;
		lab.fates_met = 0;
		o = get("/");
		EXPECT_INT(lab.fates_met, 1);
		EXPECT_INT(o.err.kind, fates[i].kind);
		EXPECT_INT(o.status, fates[i].status);
		EXPECT_INT(lab.handled, fates[i].handled);
		EXPECT_HAS(fates[i].kind ? o.err.text : buf_text(&o.body),
		    fates[i].text);
		if (fates[i].fate == FATE_DELAY)
			EXPECT(o.at - began >= SECONDS(2));
		outcome_free(&o);
		o = get("/"); /* and all is well again */
		EXPECT_INT(o.status, 200);
		outcome_free(&o);
	}
}

/* There is no middle of a body to break in. */
ON_EACH_WIRE(an_answer_without_a_body_is_truncated_as_a_whole)
{
	struct outcome o;

	lab.fate = FATE_TRUNCATE;
	lab.fate_on_answer = true;
	o = get("/nothing");
	EXPECT_INT(o.err.kind, ERR_LOST);
	EXPECT_STR(o.err.text, "the connection to maas.lab:443 broke before "
	                       "the answer was complete");
	outcome_free(&o);
	o = get("/nothing");
	EXPECT_INT(o.status, 204);
	outcome_free(&o);
}

/* ---- deaths ---- */

static void kill_server(bool quietly)
{
	lab.server.dead = true;
	wire_detach(lab.wire, &lab.server.net, quietly);
	lab.listener = NULL;
	lab.kept = NULL;
}

static void server_is_reborn(void)
{
	lab.server.dead = false;
	lab.server.net = wire_attach(lab.wire, &lab.server);
	lab.manner = ANSWER_ECHO;
	lab_listen(NULL);
}

ON_EACH_WIRE(process_death_breaks_a_pending_call_after_one_latency)
{
	struct dial dial = to_server();
	struct outcome o;
	usec died_at;

	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	died_at = loop_now(lab.loop);
	kill_server(false);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_LOST);
	EXPECT_INT(o.at, died_at + LAB_LATENCY);
	EXPECT_INT(lab.gone, 0);
	o = get("/");
	EXPECT_INT(o.err.kind, ERR_UNREACHED);
	server_is_reborn();
	o = get("/");
	EXPECT_INT(o.status, 200);
	outcome_free(&o);
}

ON_EACH_WIRE(a_kept_connection_that_was_closed_is_not_used_again)
{
	struct outcome o = get("/");

	outcome_free(&o);
	kill_server(false);
	run_for(SECONDS(1));
	server_is_reborn();
	o = get("/");
	EXPECT_INT(o.status, 200);
	EXPECT_INT(wire_counted(lab.wire).connections, 2);
	outcome_free(&o);
}

ON_EACH_WIRE(power_loss_is_silence)
{
	struct dial dial = to_server();
	struct outcome o;

	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	kill_server(true);
	run_for(SECONDS(60));
	EXPECT_INT(o.err.kind, ERR_TIMEOUT);
	EXPECT_INT(o.at, SECONDS(30));
	o = get("/");
	EXPECT_INT(o.err.kind, ERR_UNREACHED);
	EXPECT_HAS(o.err.text, "it could not be connected to within 30s");
	server_is_reborn();
	o = get("/");
	EXPECT_INT(o.status, 200);
	outcome_free(&o);
}

ON_EACH_WIRE(a_reborn_host_resets_a_connection_it_does_not_know)
{
	struct outcome o = get("/");

	outcome_free(&o);
	kill_server(true);
	server_is_reborn();
	lab.handled = 0;
	o = get("/");
	EXPECT_INT(o.err.kind, ERR_LOST);
	EXPECT_INT(lab.handled, 0);
	o = get("/");
	EXPECT_INT(o.status, 200);
	outcome_free(&o);
}

ON_EACH_WIRE(a_dead_client_is_gone_or_silent)
{
	static const bool quietly[] = { false, true };

	for (int i = 0; i < 2; i++) {
		struct dial dial = to_server();
		struct outcome o;

		lab.manner = ANSWER_NEVER;
		lab.gone = 0;
		ask(&o, &dial, "GET", "/", NULL, NULL);
		run_for(SECONDS(1));
		lab.client.dead = true;
		call_cancel(&o.call);
		wire_detach(lab.wire, &lab.client.net, quietly[i]);
		run_for(SECONDS(60));
		EXPECT_INT(lab.gone, !quietly[i]);
		EXPECT(!o.done);
		if (lab.kept) {
			struct exchange *kept = lab.kept;

			lab.kept = NULL;
			exchange_abort(kept);
		}
		lab.client.dead = false;
		lab.client.net = wire_attach(lab.wire, &lab.client);
	}
}

ON_EACH_WIRE(a_part_may_be_torn_down_after_its_net)
{
	struct dial dial = to_server();
	struct exchange *kept;
	struct listener *listener = lab.listener;
	struct outcome o;

	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	kept = lab.kept;
	kill_server(false);
	exchange_abort(kept);
	listener_close(&listener);
	lab.client.dead = true;
	wire_detach(lab.wire, &lab.client.net, false);
	call_cancel(&o.call);
	run_for(SECONDS(60));
	EXPECT(!o.done);
}

/* ---- proxies ---- */

static struct dial by_proxy(void)
{
	struct dial dial = to_server();

	dial.proxy = "http://user:p%40ss@proxy.lan:3128";
	return dial;
}

static struct outcome get_by_proxy(void)
{
	struct dial dial = by_proxy();
	struct outcome o;

	ask(&o, &dial, "GET", "/", NULL, NULL);
	while (!o.done && loop_step(lab.loop))
		;
	return o;
}

ON_EACH_WIRE(a_proxy_connects_and_the_server_sees_its_address)
{
	struct outcome o = get_by_proxy();

	EXPECT_INT(o.status, 200);
	EXPECT_STR(lab.proxy_auth, "maas.lab:443 Basic dXNlcjpwQHNz");
	EXPECT_STR(lab.peer, "10.0.0.3");
	/* 1 to the proxy and back, 2 for CONNECT, 2 for TLS, 2 for us: */
	EXPECT_INT(
	    o.at, (2 + 4 + (lab.server_identity ? 4 : 0) + 4) * LAB_LATENCY);
	outcome_free(&o);
	o = get_by_proxy();
	EXPECT_INT(lab.proxy_asked, 1); /* the pool holds the tunnel */
	outcome_free(&o);
	EXPECT_HAS(buf_text(&lab.record),
	    "exchange client proxy op=connect method=CONNECT "
	    "target=maas.lab:443 status=200");
	EXPECT_HAS(buf_text(&lab.record),
	    "flow proxy client->maas.lab:443 to=server via=proxy.lan:3128 "
	    "verdict=open");
}

ON_EACH_WIRE(a_proxy_that_says_no_is_unreached_with_its_status)
{
	static const int statuses[] = { 407, 403 };

	for (int i = 0; i < 2; i++) {
		struct outcome o;

		lab.proxy_says = statuses[i];
		o = get_by_proxy();
		EXPECT_INT(o.err.kind, ERR_UNREACHED);
		EXPECT_INT(o.err.proxy_status, statuses[i]);
		EXPECT_HAS(o.err.text,
		    "proxy proxy.lan:3128 refuses to connect to maas.lab:443: "
		    "40");
		EXPECT_INT(lab.handled, 0);
	}
}

ON_EACH_WIRE(a_proxy_that_cannot_get_there_says_502)
{
	struct outcome o;

	lab.onward = ROUTE_REFUSED;
	o = get_by_proxy();
	EXPECT_INT(o.err.proxy_status, 502);
	EXPECT_INT(o.at, 6 * LAB_LATENCY);
	lab.onward = ROUTE_NO_NAME;
	o = get_by_proxy();
	EXPECT_INT(o.err.proxy_status, 502);
	lab.onward = ROUTE_DROPPED;
	o = get_by_proxy();
	EXPECT_INT(o.err.kind, ERR_UNREACHED);
	EXPECT_INT(o.err.proxy_status, 0);
}

ON_EACH_WIRE(a_dying_proxy_takes_its_tunnels_with_it)
{
	struct dial dial = by_proxy();
	struct outcome o;

	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	lab.proxy.dead = true;
	wire_detach(lab.wire, &lab.proxy.net, false);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_LOST);
	EXPECT_INT(lab.gone, 1);
	o = get_by_proxy();
	EXPECT_INT(o.err.kind, ERR_UNREACHED);
}

ON_EACH_WIRE(a_proxy_that_hangs_up_ends_its_tunnels_and_listens_on)
{
	struct dial dial = by_proxy();
	struct outcome o = get_by_proxy();

	EXPECT_INT(o.status, 200);
	outcome_free(&o);
	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	wire_hang_up(lab.proxy.net);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_LOST);
	EXPECT_INT(lab.gone, 1);
	lab.manner = ANSWER_ECHO;
	o = get_by_proxy();
	EXPECT_INT(o.status, 200);
	EXPECT_INT(lab.proxy_asked, 2);
	outcome_free(&o);
}

ON_EACH_WIRE(an_idle_tunnel_ends_with_its_proxy)
{
	struct outcome o = get_by_proxy();

	outcome_free(&o);
	wire_hang_up(lab.proxy.net);
	run_for(SECONDS(1));
	o = get_by_proxy();
	EXPECT_INT(o.status, 200);
	EXPECT_INT(lab.proxy_asked, 2);
	outcome_free(&o);
}

ON_EACH_WIRE(a_server_that_hangs_up_lets_go_of_whom_it_was_to_answer)
{
	struct dial dial = to_server();
	struct outcome o;

	lab.manner = ANSWER_NEVER;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	wire_hang_up(lab.server.net);
	EXPECT_INT(lab.gone, 1);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_LOST);
}

/* ---- certificates ---- */

static void untrusted(const char *name, const char *host,
    const struct identity *identity, const char *ca_pem, const char *text)
{
	struct dial dial = to_server();
	struct outcome o;

	(void)name;
	if (!lab.server_identity)
		return;
	listener_set_identity(lab.listener, identity);
	dial.host = host;
	dial.ca_pem = ca_pem;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_UNTRUSTED);
	EXPECT_STR(o.err.text, text);
	EXPECT_INT(lab.handled, 0);
}

ON_EACH_WIRE(a_certificate_that_does_not_fit_ends_the_dial)
{
	struct identity *old, *young, *other;

	old = lab_identity("old", "maas.lab", lab.ca, LAB_EPOCH - HOURS(2),
	    LAB_EPOCH - HOURS(1));
	young = lab_identity("young", "maas.lab", lab.ca, LAB_EPOCH + HOURS(1),
	    LAB_EPOCH + HOURS(2));
	other = lab_identity("other", "the other's CA", NULL,
	    LAB_EPOCH - HOURS(1), LAB_EPOCH + HOURS(1));
	untrusted("expired", "maas.lab", old, lab.ca->cert_pem,
	    "certificate of maas.lab has expired: not valid after "
	    "2025-12-31T23:00:00Z");
	untrusted("not yet valid", "maas.lab", young, lab.ca->cert_pem,
	    "certificate of maas.lab is not valid before "
	    "2026-01-01T01:00:00Z");
	if (lab.server_identity) {
		untrusted("another name", "other.lab", lab.server_identity,
		    lab.ca->cert_pem,
		    "certificate of maas.lab is not for other.lab");
		untrusted("another CA", "maas.lab", lab.server_identity,
		    other->cert_pem,
		    "certificate of maas.lab is signed by nobody we trust");
	}
	identity_free(&old);
	identity_free(&young);
	identity_free(&other);
}

/* A server that begins to show another certificate, and is asked again. */
static struct outcome get_after_rotation(
    const char *name, const struct identity *issuer)
{
	struct identity *fresh = lab_identity(name, "maas.lab", issuer,
	    LAB_EPOCH - HOURS(1), LAB_EPOCH + HOURS(1));

	listener_set_identity(lab.listener, fresh);
	wire_hang_up(lab.server.net);
	identity_free(&fresh);
	run_for(SECONDS(1));
	return get("/");
}

ON_EACH_WIRE(another_certificate_is_met_by_the_next_connection)
{
	struct outcome o = get("/");

	outcome_free(&o);
	if (!lab.server_identity)
		return;
	o = get_after_rotation("server#2", lab.ca);
	EXPECT_INT(o.status, 200);
	outcome_free(&o);
	o = get_after_rotation("stranger", NULL);
	EXPECT_INT(o.err.kind, ERR_UNTRUSTED);
	outcome_free(&o);
	o = get_after_rotation("server#3", lab.ca);
	EXPECT_INT(o.status, 200);
	EXPECT_INT(lab.handled, 3);
	outcome_free(&o);
}

ON_EACH_WIRE(a_certificate_expires_by_the_clock_of_who_reads_it)
{
	struct outcome o = get("/");

	EXPECT_INT(o.status, 200);
	outcome_free(&o);
	run_for(MINUTES(30));
	lab.client.clock_origin += HOURS(1);
	o = get("/");
	EXPECT_INT(o.err.kind, lab.server_identity ? ERR_UNTRUSTED : ERR_NONE);
	outcome_free(&o);
}

ON_EACH_WIRE(tls_and_plain_http_do_not_understand_each_other)
{
	struct dial dial = to_server();
	struct outcome o;

	dial.tls = !dial.tls;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_STR(o.err.text, dial.tls
	                           ? "maas.lab:443 does not speak TLS"
	                           : "what maas.lab:443 answers is not HTTP");
	EXPECT_INT(o.err.kind, dial.tls ? ERR_UNTRUSTED : ERR_GARBLED);
	EXPECT_INT(lab.handled, 0);
}

ON_EACH_WIRE(a_client_certificate_names_the_client)
{
	struct identity *mine, *foreign;
	struct dial dial = to_server();
	struct outcome o;

	if (!lab.server_identity)
		return;
	mine = lab_identity("mine", "system:node:web-1", lab.ca,
	    LAB_EPOCH - HOURS(1), LAB_EPOCH + HOURS(1));
	foreign = lab_identity("foreign", "mallory", NULL, LAB_EPOCH - HOURS(1),
	    LAB_EPOCH + HOURS(1));
	listener_close(&lab.listener);
	lab_listen(lab.ca->cert_pem);
	dial.identity = mine;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_INT(o.status, 200);
	EXPECT_STR(lab.cn, "system:node:web-1");
	EXPECT_STR(lab.org, "the lab");
	outcome_free(&o);
	dial.identity = NULL; /* optional */
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_INT(o.status, 200);
	EXPECT_STR(lab.cn, "");
	outcome_free(&o);
	lab.handled = 0;
	dial.identity = foreign;
	ask(&o, &dial, "GET", "/", NULL, NULL);
	run_for(SECONDS(1));
	EXPECT_INT(o.err.kind, ERR_UNTRUSTED);
	EXPECT_STR(o.err.text, "maas.lab:443 does not accept our certificate");
	EXPECT_INT(lab.handled, 0);
	identity_free(&mine);
	identity_free(&foreign);
}

/* ---- the record and the kill matrix ---- */

ON_EACH_WIRE(the_moments_of_a_kill_matrix)
{
	struct outcome o = get("/");

	outcome_free(&o);
	EXPECT_STR(lab.moments, "send client 1 maas/lab GET it;"
	                        "answered client 1 maas/lab GET it;"
	                        "done client 1 maas/lab GET it;");
}

/* A path of so many letters. */
static struct outcome get_long(size_t len)
{
	char *target = xcalloc(1, len + 1);
	struct outcome o;

	memset(target, 'a', len);
	target[0] = '/';
	o = get(target);
	free(target);
	return o;
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

/* A bit of everything; the record of it is the caller's. */
static char *record_of(enum wire_kind kind, uint64_t corrupt_reply)
{
	struct outcome o;
	char *record;

	lab_open(kind, true);
	wire_corrupt_reply(lab.wire, corrupt_reply);
	for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		lab.fate = fates[i].fate;
		lab.fate_on_answer = fates[i].on_answer;
		lab.fate_delay_for = SECONDS(2);
		o = get("/a%2Fb?c=d%20e&c=");
		outcome_free(&o);
	}
	lab.proxy_says = 407;
	o = get_by_proxy();
	lab.proxy_says = 200;
	o = get_by_proxy();
	outcome_free(&o);
	o = get_after_rotation("server#2", lab.ca);
	outcome_free(&o);
	o = get_after_rotation("stranger", NULL);
	outcome_free(&o);
	o = get_after_rotation("server#3", lab.ca);
	outcome_free(&o);
	wire_hang_up(lab.proxy.net);
	o = get_long(100000);
	outcome_free(&o);
	open_watch();
	say("{\"a\":1}");
	run_for(SECONDS(1));
	exchange_abort(lab.kept);
	lab.kept = NULL;
	run_for(SECONDS(1));
	outcome_free(&watch);
	record = buf_detach(&lab.record);
	lab_close();
	return record;
}

TEST(the_record_is_the_same_on_both_wires_and_could_differ)
{
	char *memory = record_of(WIRE_MEMORY, 0);
	char *https = record_of(WIRE_HTTPS, 0);
	char *corrupt = record_of(WIRE_HTTPS, 2);

	EXPECT_STR(https, memory);
	EXPECT(strcmp(corrupt, memory) != 0);
	EXPECT_INT(strlen(corrupt), strlen(memory));
	free(memory);
	free(https);
	free(corrupt);
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
    CASE(a_stream_nobody_asked_for_is_one_body),
    CASE(refused_after_a_round_trip), CASE(refused_when_nobody_listens),
    CASE(dropped_until_the_time_out_and_nothing_happened_there),
    CASE(no_name_at_once),
    CASE(never_answered_is_a_time_out_and_the_server_hears_of_it),
    CASE(a_cancelled_call_says_nothing_more),
    CASE(a_cut_link_swallows_what_is_under_way),
    CASE(every_fate_is_what_its_table_says),
    CASE(an_answer_without_a_body_is_truncated_as_a_whole),
    CASE(process_death_breaks_a_pending_call_after_one_latency),
    CASE(a_kept_connection_that_was_closed_is_not_used_again),
    CASE(power_loss_is_silence),
    CASE(a_reborn_host_resets_a_connection_it_does_not_know),
    CASE(a_dead_client_is_gone_or_silent),
    CASE(a_part_may_be_torn_down_after_its_net),
    CASE(a_proxy_connects_and_the_server_sees_its_address),
    CASE(a_proxy_that_says_no_is_unreached_with_its_status),
    CASE(a_proxy_that_cannot_get_there_says_502),
    CASE(a_dying_proxy_takes_its_tunnels_with_it),
    CASE(another_certificate_is_met_by_the_next_connection),
    CASE(a_proxy_that_hangs_up_ends_its_tunnels_and_listens_on),
    CASE(an_idle_tunnel_ends_with_its_proxy),
    CASE(a_server_that_hangs_up_lets_go_of_whom_it_was_to_answer),
    CASE(a_certificate_that_does_not_fit_ends_the_dial),
    CASE(a_certificate_expires_by_the_clock_of_who_reads_it),
    CASE(tls_and_plain_http_do_not_understand_each_other),
    CASE(a_client_certificate_names_the_client),
    CASE(the_moments_of_a_kill_matrix),
    CASE(the_record_is_the_same_on_both_wires_and_could_differ), TESTS_END
