/* How a call ends that gets no answer: nobody is reached, or somebody dies. */
#include "tests/base/net_claims.h"

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

TESTS_BEGIN
CASE(refused_after_a_round_trip), CASE(refused_when_nobody_listens),
    CASE(dropped_until_the_time_out_and_nothing_happened_there),
    CASE(no_name_at_once),
    CASE(never_answered_is_a_time_out_and_the_server_hears_of_it),
    CASE(a_cancelled_call_says_nothing_more),
    CASE(a_cut_link_swallows_what_is_under_way),
    CASE(process_death_breaks_a_pending_call_after_one_latency),
    CASE(a_kept_connection_that_was_closed_is_not_used_again),
    CASE(power_loss_is_silence),
    CASE(a_reborn_host_resets_a_connection_it_does_not_know),
    CASE(a_dead_client_is_gone_or_silent),
    CASE(a_part_may_be_torn_down_after_its_net) TESTS_END
