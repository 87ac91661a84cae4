/*
 * The controllers against the fakes of sim/: a MAAS that checks signatures,
 * machines that boot from the user data they were deployed with, API servers
 * that come up by kubeadm. What the controllers write is understood there, or
 * the run has a complaint.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/wire.h"
#include "capi/manager.h"
#include "capi/plan.h"
#include "sim/maas/maas.h"
#include "sim/workload/workload.h"
#include "tests/capi/lab.h"

#define NS "cluster-66b0000000000000000abc12"

struct place {
	char name[80], address[46];
	struct host host;
	bool used;
};

static struct {
	struct wire *wire;
	struct events *events;
	struct secrets *secrets;
	struct host *maas_host;
	struct maas *maas;
	struct workload *racks;
	struct place places[64];
	struct store *store;
	struct kube *kube;
	struct manager *manager;
	char key[120], waiting[400];
} world;

/* ---- hosts, and the way between them ---- */

static struct host *make_host(void *ctx, const char *name, const char *address,
    bool with_disk, struct err *err)
{
	(void)ctx, (void)with_disk, (void)err;
	for (size_t i = 0; i < 64; i++) {
		struct place *place = &world.places[i];

		if (place->used)
			continue;
		place->used = true;
		snprintf(place->name, sizeof(place->name), "%s", name);
		snprintf(place->address, sizeof(place->address), "%s", address);
		place->host = *host;
		place->host.dead = false;
		place->host.name = place->name;
		place->host.net = wire_attach(world.wire, &place->host);
		return &place->host;
	}
	unreachable("more hosts than the test has places");
}

static void drop_host(void *ctx, struct host **h, bool quietly)
{
	struct place *place = OWNER_OF(*h, struct place, host);

	(void)ctx;
	wire_detach(world.wire, &place->host.net, quietly);
	place->used = false;
	*h = NULL;
}

static const char *resolve(const char *name, char room[][16])
{
	if (strcmp(name, "maas.lab") == 0)
		return "10.0.0.2";
	if (name[0] >= '0' && name[0] <= '9')
		return name;
	return maas_dns_lookup(world.maas, name, room, 1) > 0 ? room[0] : NULL;
}

static void way(void *ctx, const struct route_query *query, struct route *route)
{
	char room[1][16];
	const char *address = resolve(query->host, room);

	(void)ctx;
	*route = (struct route){ .verdict = ROUTE_OPEN,
		.latency_for = MILLISECONDS(1) };
	strcpy(route->seen_as, "10.0.0.9");
	if (!address) {
		route->verdict = ROUTE_NO_NAME;
		snprintf(route->why, sizeof(route->why), "no name %.60s",
		    query->host);
		return;
	}
	snprintf(route->address, sizeof(route->address), "%s", address);
	route->verdict = ROUTE_DROPPED;
	strcpy(route->why, "silence");
	if (strcmp(address, "10.0.0.2") == 0) {
		strcpy(route->to, "maas/lab");
		route->verdict = ROUTE_OPEN;
	}
	for (size_t i = 0; i < 64; i++)
		if (world.places[i].used &&
		    strcmp(world.places[i].address, address) == 0 &&
		    strncmp(world.places[i].name, "machine/", 8) == 0) {
			snprintf(route->to, sizeof(route->to), "%.63s",
			    world.places[i].name);
			route->verdict = ROUTE_OPEN;
		}
}

/* ---- life ---- */

static void hear_waiting(void *ctx, const char *reason, const char *sentence)
{
	(void)ctx;
	snprintf(
	    world.waiting, sizeof(world.waiting), "%s: %s", reason, sentence);
}

static void start_manager(void)
{
	struct err err;

	world.manager = manager_new(host, world.kube,
	    &(const struct manager_options){ .ns = NS,
	        .account = { .endpoint = "http://maas.lab:5240/MAAS",
	            .api_key = world.key },
	        .waiting = hear_waiting },
	    &err);
	check(world.manager);
}

static void open_maas(size_t machines)
{
	struct err err = { 0 };

	world.maas_host = lab_host("maas/lab");
	world.maas_host->events = world.events;
	world.maas_host->secrets = world.secrets;
	world.maas_host->net = wire_attach(world.wire, world.maas_host);
	world.maas = maas_new(world.maas_host,
	    &(const struct maas_options){
	        .name = "maas/lab", .version = "3.5", .address = "maas.lab" },
	    &err);
	EXPECT_STR(err.text, "");
	maas_add_image(world.maas, "ubuntu/jammy");
	EXPECT(maas_set_subnet(world.maas, "10.0.0.0/24", "10.0.0.1",
	    "10.0.0.2", "10.0.0.1", "10.0.0.99", &err));
	snprintf(world.key, sizeof(world.key), "%s",
	    maas_user_key(world.maas, "pcg-admin", true));
	world.racks = workload_new(
	    &(const struct workload_options){ .maas = "maas/lab",
	        .rack = maas_rack_ops(),
	        .rack_ctx = world.maas,
	        .hosts = { make_host, drop_host, NULL },
	        .loop = loop,
	        .choices = host->choices,
	        .events = world.events,
	        .secrets = world.secrets });
	maas_connect_bmc(world.maas, workload_bmc_ops(), world.racks);
	maas_add_machines(world.maas,
	    &(const struct maas_machine_spec){ .zone = "az1" }, machines);
}

static void open_world(size_t machines)
{
	memset(&world, 0, sizeof(world));
	lab_open();
	world.secrets = secrets_new(7);
	world.events = events_new(loop, world.secrets);
	world.wire = wire_new(WIRE_MEMORY, loop, world.events, way, NULL);
	host->events = world.events;
	host->secrets = world.secrets;
	host->net = wire_attach(world.wire, host);
	open_maas(machines);
	world.store = store_new(host);
	world.kube = kube_local(host, world.store);
}

static void close_world(void)
{
	manager_free(&world.manager);
	kube_free(&world.kube);
	store_free(&world.store);
	workload_free(&world.racks);
	maas_free(&world.maas);
	wire_detach(world.wire, &host->net, false);
	wire_detach(world.wire, &world.maas_host->net, false);
	wire_free(&world.wire);
	events_free(&world.events);
	secrets_free(&world.secrets);
	lab_host_free(&world.maas_host);
	lab_close();
}

/* ---- the operator ---- */

static void create_cluster(void)
{
	json_t *in = doc(
	    "{'clusterUid':'66b0000000000000000abc12','clusterName':'web',"
	    "'account':{'apiEndpoint':'http://maas.lab:5240/MAAS',"
	    "'apiKey':'c:t:s'},'domain':'maas',"
	    "'kubernetesVersion':'v1.29.4','image':'ubuntu/jammy',"
	    "'podCIDR':'192.168.0.0/16','serviceCIDR':'10.96.0.0/12',"
	    "'pools':[{'name':'cp','isControlPlane':true,'size':1,"
	    "'azs':['az1'],'minCPU':4,'minMemInMB':8192}],"
	    "'palette':{'endpoint':'https://api.palette.example',"
	    "'agentToken':'agent-token-1','caPem':''}}");
	struct err err;
	json_t *list = plan_cluster(in, NULL, &err);

	EXPECT(list);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *obj = json_array_get(list, i);
		const char *ns = jstr(obj, "metadata.namespace");

		put_in(world.store, ns[0] ? ns : NULL, json_incref(obj));
	}
	json_decref(list);
	json_decref(in);
}

static void add_workers(int replicas)
{
	json_t *spec = doc("{'clusterName':'web','image':'ubuntu/jammy',"
	                   "'kubernetesVersion':'v1.29.4'}");
	json_t *pool = doc("{'name':'workers','size':%d,'azs':['az1'],"
	                   "'minCPU':4,'minMemInMB':8192}",
	    replicas);
	struct err err;
	json_t *list = plan_worker_pool(spec, pool,
	    store_get(world.store, "KubeadmControlPlane", NS, "web-cp"), NS,
	    &err);

	for (size_t i = 0; i < json_array_size(list); i++)
		put_in(world.store, NS, json_incref(json_array_get(list, i)));
	json_decref(list);
	json_decref(spec);
	json_decref(pool);
}

static bool until(bool (*condition)(void), usec at_most_for)
{
	usec until_at = loop_now(loop) + at_most_for;

	while (!condition()) {
		if (loop_next_at(loop) > until_at || !loop_step(loop)) {
			fprintf(stderr, "waits: %s\n", world.waiting);
			return false;
		}
	}
	return true;
}

static bool built(void)
{
	return jint(store_get(world.store, "KubeadmControlPlane", NS, "web-cp"),
	           "status.readyReplicas") == 1;
}

static bool two_workers(void)
{
	return jint(store_get(
	                world.store, "MachineDeployment", NS, "web-workers"),
	           "status.readyReplicas") == 2;
}

static bool three_control_planes(void)
{
	return jint(store_get(world.store, "KubeadmControlPlane", NS, "web-cp"),
	           "status.readyReplicas") == 3;
}

static bool gone(void)
{
	return !store_get(world.store, "Cluster", NS, "web");
}

static void expect_no_complaint(void)
{
	EXPECT_STR(workload_complaint(world.racks)
	               ? workload_complaint(world.racks)
	               : "",
	    "");
}

/* ---- claims ---- */

TEST(a_cluster_comes_up_by_what_its_machines_are_told_and_goes_again)
{
	char room[1][16];

	open_world(5);
	create_cluster();
	start_manager();
	EXPECT(until(built, HOURS(1)));
	expect_no_complaint();
	add_workers(2);
	EXPECT(until(two_workers, HOURS(1)));
	expect_no_complaint();
	store_delete(world.store, "Cluster", NS, "web", NULL,
	    &(const json_t *){ NULL }, &(struct api_status){ 0 });
	EXPECT(until(gone, HOURS(1)));
	lab_run_for(MINUTES(10));
	expect_no_complaint();
	EXPECT(maas_dns_lookup(world.maas, "web-0abc12.maas", room, 1) <= 0);
	close_world();
}

TEST(a_control_plane_of_three_comes_up_one_by_one)
{
	json_t *three = doc("{'spec':{'replicas':3}}");

	open_world(3);
	create_cluster();
	start_manager();
	EXPECT(until(built, HOURS(1)));
	store_patch(world.store, "KubeadmControlPlane", NS, "web-cp", three,
	    false, &(struct api_status){ 0 });
	EXPECT(until(three_control_planes, HOURS(3)));
	expect_no_complaint();
	json_decref(three);
	close_world();
}

TESTS_BEGIN
CASE(a_cluster_comes_up_by_what_its_machines_are_told_and_goes_again),
    CASE(a_control_plane_of_three_comes_up_one_by_one), TESTS_END
