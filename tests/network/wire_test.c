/* The network model under the memory wire: what a server and a client notice.
 *
 *	internet   server
 *	dc1        behind 203.0.113.1, only proxies get out: client, squid
 *	dc2        behind 203.0.113.2: other
 */
#include "sim/network/network.h"

#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/wire.h"

static struct loop *loop;
static struct network *network;
static struct wire *wire;
static struct choices *choices;
static struct secrets *secrets;
static struct host server, client, squid, other;
static struct listener *listener;
static struct proxy *proxy;
static struct err err;
static int served;
static char peer[46];

static void handle(void *ctx, struct exchange *exchange)
{
	struct http_response answer = { 0 };

	(void)ctx;
	served++;
	snprintf(peer, sizeof(peer), "%s", exchange->peer);
	http_response_text(&answer, 200, "text/plain", "here I am");
	exchange_reply(exchange, &answer);
}

static void make_host(struct host *host, const char *name, const char *site)
{
	*host = (struct host){
		.name = name,
		.loop = loop,
		.choices = choices,
		.secrets = secrets,
	};
	EXPECT(network_add_host(network, name, site, NULL, &err));
	host->net = wire_attach(wire, host);
}

static void open_world(const char *user, const char *password)
{
	const struct service service = {
		.name = "server", .port = 80, .handle = handle
	};

	loop = loop_new();
	network = network_new(loop, NULL);
	choices = choices_new(7);
	secrets = secrets_new(7);
	wire = wire_new(WIRE_MEMORY, loop, NULL, network_route, network);
	EXPECT(network_add_site(network,
	    &(struct site_spec){ .name = "dc1",
	        .cidr = "10.10.0.0/16",
	        .nat = "203.0.113.1",
	        .proxy_only = true },
	    &err));
	EXPECT(network_add_site(network,
	    &(struct site_spec){
	        .name = "dc2", .cidr = "10.20.0.0/16", .nat = "203.0.113.2" },
	    &err));
	make_host(&server, "server", "internet");
	make_host(&client, "client", "dc1");
	make_host(&squid, "squid", "dc1");
	make_host(&other, "other", "dc2");
	network_mark_proxy(network, "squid");
	served = 0;
	listener = net_listen(server.net, &service, &err);
	EXPECT(listener);
	proxy = proxy_new(&squid, 3128, user, password, &err);
	EXPECT(proxy);
}

static void close_world(void)
{
	proxy_free(&proxy);
	listener_close(&listener);
	wire_detach(wire, &server.net, true);
	wire_detach(wire, &client.net, true);
	wire_detach(wire, &squid.net, true);
	wire_detach(wire, &other.net, true);
	wire_free(&wire);
	network_free(&network);
	choices_free(&choices);
	secrets_free(&secrets);
	loop_free(&loop);
}

/* ---- one call ---- */

static struct {
	bool is_done;
	int status;
	struct err err;
} last;

static void done(
    void *ctx, const struct http_response *answer, const struct err *failure)
{
	(void)ctx;
	last.is_done = true;
	last.status = answer ? answer->status : 0;
	if (failure)
		last.err = *failure;
}

static void begin(struct host *host, const char *through)
{
	static const struct call_handler handler = { .done = done };
	const struct dial dial = {
		.host = "server", .port = 80, .proxy = through
	};
	const struct call_options options = { .timeout_for = SECONDS(20) };
	struct http_request request = { 0 };

	last.is_done = false;
	last.err = (struct err){ 0 };
	http_request_set(&request, "GET", "/");
	net_send(host->net, &dial, &request, &options, &handler, NULL);
}

static int call(struct host *host, const char *through)
{
	begin(host, through);
	while (!last.is_done)
		EXPECT(loop_step(loop));
	return last.status;
}

/* ---- the claims ---- */

TEST(a_server_sees_the_gateway_and_not_the_host_behind_it)
{
	open_world(NULL, NULL);
	EXPECT_INT(call(&other, NULL), 200);
	EXPECT_STR(peer, "203.0.113.2");
	close_world();
}

TEST(where_only_proxies_get_out_one_goes_through_the_proxy)
{
	open_world(NULL, NULL);
	EXPECT_INT(call(&client, NULL), 0);
	EXPECT_INT(last.err.kind, ERR_UNREACHED);
	EXPECT_HAS(last.err.text, "lets only proxies out");
	EXPECT_INT(call(&client, "http://squid:3128"), 200);
	EXPECT_STR(peer, "203.0.113.1");
	close_world();
}

TEST(a_proxy_wants_the_right_user_and_password)
{
	open_world("me", "open sesame");
	EXPECT_INT(call(&client, "http://squid:3128"), 0);
	EXPECT_INT(last.err.kind, ERR_UNREACHED);
	EXPECT_INT(last.err.proxy_status, 407);
	EXPECT_INT(call(&client, "http://me:wrong@squid:3128"), 0);
	EXPECT_INT(last.err.proxy_status, 407);
	EXPECT_INT(served, 0);
	EXPECT_INT(call(&client, "http://me:open%20sesame@squid:3128"), 200);
	proxy_set_credentials(proxy, "me", "new words");
	EXPECT_INT(call(&client, "http://me:new%20words@squid:3128"), 200);
	proxy_set_credentials(proxy, NULL, NULL);
	EXPECT_INT(call(&client, "http://you:whoever@squid:3128"), 200);
	close_world();
}

TEST(a_cut_link_swallows_what_is_under_way)
{
	open_world(NULL, NULL);
	EXPECT_INT(call(&other, NULL), 200);
	begin(&other, NULL);
	network_set_link(network, "dc2", "internet", LINK_CUT, false);
	while (!last.is_done)
		EXPECT(loop_step(loop));
	EXPECT_INT(last.err.kind, ERR_TIMEOUT);
	EXPECT_INT(served, 1);
	network_set_link(network, "dc2", "internet", LINK_UP, false);
	EXPECT_INT(call(&other, NULL), 200);
	close_world();
}

TEST(a_link_cut_one_way_loses_the_answer_to_what_was_done)
{
	open_world(NULL, NULL);
	EXPECT_INT(call(&other, NULL), 200);
	network_set_link(network, "internet", "dc2", LINK_CUT, true);
	EXPECT_INT(call(&other, NULL), 0);
	EXPECT_INT(last.err.kind, ERR_TIMEOUT);
	EXPECT_INT(served, 2);
	close_world();
}

TEST(an_unknown_name_fails_at_once)
{
	usec began_at;

	open_world(NULL, NULL);
	network_remove_host(network, "server");
	began_at = loop_now(loop);
	EXPECT_INT(call(&other, NULL), 0);
	EXPECT_INT(last.err.kind, ERR_UNREACHED);
	EXPECT_HAS(last.err.text, "server");
	EXPECT(loop_now(loop) - began_at < SECONDS(1));
	close_world();
}

TESTS_BEGIN
CASE(a_server_sees_the_gateway_and_not_the_host_behind_it),
    CASE(where_only_proxies_get_out_one_goes_through_the_proxy),
    CASE(a_proxy_wants_the_right_user_and_password),
    CASE(a_cut_link_swallows_what_is_under_way),
    CASE(a_link_cut_one_way_loses_the_answer_to_what_was_done),
    CASE(an_unknown_name_fails_at_once), TESTS_END
