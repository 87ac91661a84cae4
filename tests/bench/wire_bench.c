/* How many exchanges a second each wire carries. Prints, and asserts nothing;
 * the machine is shared, so look at medians of several runs. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/host.h"
#include "base/wire.h"
#include "tests/bench/bare.h"

#define EPOCH ((usec)1767225600 * USEC_PER_SEC)

static struct loop *loop;
static struct wire *wire;
static struct events *events;
static struct host client, server;
static struct identity *ca, *identity;
static uint64_t left;
static bool fresh;

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void route(
    void *ctx, const struct route_query *query, struct route *answer)
{
	(void)ctx, (void)query;
	answer->latency_for = MILLISECONDS(1);
	strcpy(answer->to, "server");
	strcpy(answer->seen_as, "10.0.0.1");
}

static void handle(void *ctx, struct exchange *exchange)
{
	struct http_response response = { 0 };

	(void)ctx;
	http_response_text(&response, 200, "application/json",
	    "{\"system_id\":\"kx4t2m\",\"status\":6}");
	exchange_reply(exchange, &response);
}

static void begin_host(struct host *host, const char *name)
{
	*host = (struct host){ .name = name,
		.loop = loop,
		.events = events,
		.clock_origin = EPOCH };
	host->net = wire_attach(wire, host);
}

static struct identity *make(const char *name, const struct identity *issuer)
{
	static const char *const names[] = { "server", NULL };
	struct identity_spec spec = { .seed = 1,
		.name = name,
		.common_name = name,
		.dns_names = issuer ? names : NULL,
		.not_before_time = EPOCH - HOURS(1),
		.not_after_time = EPOCH + HOURS(100000),
		.is_ca = !issuer };

	return identity_new(&spec, issuer);
}

static void send_next(void);

static void on_done(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	(void)ctx;
	check(answer && !err && answer->status == 200);
	if (--left)
		send_next();
}

static void send_next(void)
{
	static const struct call_handler HANDLER = { .done = on_done };
	struct call_options options = { .timeout_for = SECONDS(30) };
	struct dial dial = { .host = "server",
		.port = 443,
		.tls = identity != NULL,
		.ca_pem = ca->cert_pem };
	struct http_request request = { 0 };

	http_request_set(&request, "GET", "/MAAS/api/2.0/machines/?x=1");
	http_header_add(&request.headers, "Authorization", "OAuth something");
	if (fresh) /* nothing is kept that long */
		loop_advance(loop, loop_now(loop) + SECONDS(61));
	net_send(client.net, &dial, &request, &options, &HANDLER, NULL);
}

static void sink(void *ctx, const struct event *event)
{
	*(uint64_t *)ctx += event->field_count;
}

static void measure(const char *what, enum wire_kind kind, bool tls,
    bool with_events, bool anew, uint64_t count)
{
	struct service service = {
		.name = "svc", .port = 443, .handle = handle
	};
	struct listener *listener;
	uint64_t fields = 0;
	struct err err;
	double began;

	loop = loop_new();
	events = with_events ? events_new(loop, NULL) : NULL;
	if (events)
		events_add_sink(events, sink, &fields);
	wire = wire_new(kind, loop, events, route, NULL);
	begin_host(&client, "client");
	begin_host(&server, "server");
	ca = make("ca", NULL);
	identity = tls ? make("server", ca) : NULL;
	service.identity = identity;
	listener = net_listen(server.net, &service, &err);
	check(listener);
	fresh = anew;
	left = count;
	began = now();
	send_next();
	while (left && loop_step(loop))
		;
	printf("%-44s %9.0f/s\n", what, (double)count / (now() - began));
	listener_close(&listener);
	wire_detach(wire, &client.net, true);
	wire_detach(wire, &server.net, true);
	wire_free(&wire);
	events_free(&events);
	loop_free(&loop);
	identity_free(&ca);
	identity_free(&identity);
}

static void measure_wires(void)
{
	measure("memory, kept", WIRE_MEMORY, true, false, false, 500000);
	measure(
	    "memory, kept, recorded", WIRE_MEMORY, true, true, false, 200000);
	measure("memory, fresh TLS", WIRE_MEMORY, true, false, true, 100000);
	measure("https, kept, plain", WIRE_HTTPS, false, false, false, 50000);
	measure("https, kept, TLS", WIRE_HTTPS, true, false, false, 50000);
	measure(
	    "https, kept, TLS, recorded", WIRE_HTTPS, true, true, false, 50000);
	measure("https, fresh, plain", WIRE_HTTPS, false, false, true, 5000);
	measure("https, fresh, TLS", WIRE_HTTPS, true, false, true, 2000);
}

/* With any argument: only the two libraries alone. */
int main(int argc, char **argv)
{
	double began;

	(void)argv;
	if (argc == 1)
		measure_wires();
	began = now();
	bare_exchanges(50000);
	printf("%-44s %9.0f/s\n",
	    "libcurl and libmicrohttpd over a socket pair",
	    50000 / (now() - began));
	return 0;
}
