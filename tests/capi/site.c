#include "tests/capi/site.h"

#include <stdlib.h>

#include "base/check.h"

struct store *near_store, *far;
struct kube *near_kube, *far_kube;
enum route_verdict road;
unsigned server_requests;
site_hook_fn *site_hook;

static struct wire *wire;
static struct host *server;
static struct listener *listener;

static void find_road(
    void *ctx, const struct route_query *query, struct route *route)
{
	(void)ctx;
	(void)query;
	route->verdict = road;
	route->latency_for = MILLISECONDS(1);
	snprintf(route->address, sizeof(route->address), "10.0.0.11");
	snprintf(route->to, sizeof(route->to), "server");
	snprintf(route->seen_as, sizeof(route->seen_as), "10.0.0.1");
}

static void serve(void *ctx, struct exchange *exchange)
{
	struct http_response response = { 0 };
	struct rest_watch watch;

	(void)ctx;
	server_requests++;
	if (site_hook && site_hook(exchange))
		return;
	if (rest_is_watch(exchange->request, &watch)) {
		rest_watch(far, exchange, &watch);
		return;
	}
	rest_handle(far, NULL, exchange->request, &response);
	exchange_reply(exchange, &response);
}

static void listen_there(void)
{
	struct service service = {
		.name = "cluster/c1",
		.port = 6443,
		.op_of = rest_op,
		.handle = serve,
	};
	struct err err;

	listener = net_listen(server->net, &service, &err);
	check(listener);
}

void site_open(void)
{
	struct kube_remote_options options = { .host = "c1.maas",
		.port = 6443 };
	struct err err;

	lab_open();
	road = ROUTE_OPEN;
	server_requests = 0;
	site_hook = NULL;
	wire = wire_new(WIRE_MEMORY, loop, NULL, find_road, NULL);
	server = lab_host("server");
	server->net = wire_attach(wire, server);
	host->net = wire_attach(wire, host);
	far = store_new(server);
	near_store = store_new(host);
	listen_there();
	near_kube = kube_local(host, near_store);
	far_kube = kube_remote(host, &options, &err);
	check(far_kube);
}

void site_close(void)
{
	kube_free(&near_kube);
	kube_free(&far_kube);
	rest_stop_watches(far, true);
	lab_run_for(SECONDS(1));
	listener_close(&listener);
	store_free(&near_store);
	store_free(&far);
	wire_detach(wire, &host->net, false);
	wire_detach(wire, &server->net, false);
	wire_free(&wire);
	lab_host_free(&server);
	lab_close();
}
