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
static struct identity *ca, *shown, *admin;
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
	if (ca) {
		struct rest_user user = { exchange->client_cn,
			exchange->client_org };

		if (!rest_allows(&user, exchange->request, &response)) {
			exchange_reply(exchange, &response);
			return;
		}
	}
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
		.identity = shown,
		.client_ca_pem = ca ? ca->cert_pem : NULL,
	};
	struct err err;

	listener = net_listen(server->net, &service, &err);
	check(listener);
}

static struct identity *make_identity(
    const char *name, const char *org, bool is_ca)
{
	static const char *const names[] = { "c1.maas", NULL };
	struct identity_spec spec = {
		.seed = 7,
		.name = name,
		.common_name = name,
		.organization = org,
		.dns_names = names,
		.not_before_time = host_time(host) - MINUTES(5),
		.not_after_time = host_time(host) + HOURS(24),
		.is_ca = is_ca,
	};

	return identity_new(&spec, is_ca ? NULL : ca);
}

static void add_data(struct buf *text, const char *key, const char *pem)
{
	buf_addf(text, ", %s: ", key);
	buf_add_base64(text, pem, strlen(pem));
}

char *site_use_tls(void)
{
	struct buf text = BUF_INIT;

	ca = make_identity("c1-ca", NULL, true);
	shown = make_identity("kube-apiserver", NULL, false);
	admin = make_identity("kubernetes-admin", "system:masters", false);
	listener_close(&listener);
	listen_there();
	buf_adds(&text,
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {"
	    "server: 'https://c1.maas:6443'");
	add_data(&text, "certificate-authority-data", ca->cert_pem);
	buf_adds(&text, "}}]\nusers: [{name: u, user: {x: y");
	add_data(&text, "client-certificate-data", admin->cert_pem);
	add_data(&text, "client-key-data", admin->key_pem);
	buf_adds(&text, "}}]\n");
	return buf_detach(&text);
}

static struct sim_disk *near_disk;

static void make_clients(void)
{
	struct kube_remote_options options = { .host = "c1.maas",
		.port = 6443 };
	struct err err;

	near_kube = kube_local(host, near_store);
	far_kube = kube_remote(host, &options, &err);
	check(far_kube);
}

static void open_near_store(void)
{
	struct err err;

	host->disk = sim_disk_attach(near_disk);
	near_store = store_open(host, "gateway.db", &err);
	check(near_store);
}

void site_use_disk(struct sim_disk *disk)
{
	kube_free(&near_kube);
	kube_free(&far_kube);
	store_free(&near_store);
	near_disk = disk;
	open_near_store();
	make_clients();
}

void site_restart(void)
{
	host->dead = true;
	kube_free(&near_kube);
	kube_free(&far_kube);
	if (near_disk)
		store_free(&near_store);
	wire_detach(wire, &host->net, false);
	host->dead = false;
	host->net = wire_attach(wire, host);
	if (near_disk)
		open_near_store();
	make_clients();
}

void site_open(void)
{
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
	near_disk = NULL;
	make_clients();
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
	identity_free(&ca);
	identity_free(&shown);
	identity_free(&admin);
	lab_close();
}
