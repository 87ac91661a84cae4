/* Proxies and certificates: who is between, and who is believed. */
#include "tests/base/net_claims.h"

#include "base/buf.h"

/* ---- proxies ---- */

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

TESTS_BEGIN
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
    CASE(a_client_certificate_names_the_client) TESTS_END
