/*
 * A cluster's life with everything real but Palette and the gateway's own
 * engine: a manager on a local store builds it on sim/maas, the objects move
 * into it, and its own service and agent go on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "capi/manager.h"
#include "capi/move.h"
#include "capi/plan.h"
#include "tests/workload/site.h"
#include "tests/workload/wishes.h"

#define NS   "cluster-66b0000000000000000abc12"
#define CAPI "/apis/cluster.x-k8s.io/v1beta1/namespaces/" NS "/"

static struct store *store;
static struct kube *near, *far;
static struct manager *manager;
static struct move *move;
static int calls_left;
static bool moved;

static void put_near(const json_t *object)
{
	const char *ns = jstr(object, "metadata.namespace");
	struct api_status status = { 0 };

	store_create(
	    store, jstr(object, "kind"), ns[0] ? ns : NULL, object, &status);
	EXPECT_STR(status.message, "");
	api_status_free(&status);
}

static json_t *order(void)
{
	json_t *out = instruction(&(struct wish){ 0 });

	jsets(out, "account.apiKey", maas_key);
	return out;
}

static void waiting(void *ctx, const char *reason, const char *sentence)
{
	(void)ctx;
	if (getenv("SITE_TRACE"))
		fprintf(stderr, "waiting: %s: %s\n", reason, sentence);
}

static void a_gateway_builds_a_cluster(void)
{
	struct manager_options options = {
		.ns = NS,
		.account = { .endpoint = "http://maas.lab:5240/MAAS" },
		.waiting = waiting,
	};
	struct err err = { 0 };
	json_t *in, *list;

	open_real_site();
	store = store_new(gateway);
	near = kube_local(gateway, store);
	in = order();
	list = plan_cluster(in, NULL, &err);
	EXPECT_STR(err.text, "");
	for (size_t i = 0; i < json_array_size(list); i++)
		put_near(json_array_get(list, i));
	options.account.api_key = maas_key;
	manager = manager_new(gateway, near, &options, &err);
	EXPECT_STR(err.text, "");
	json_decref(list);
	json_decref(in);
}

static bool find_node_ref(void *ctx, const json_t *machine)
{
	*(bool *)ctx = jhas(machine, "status.nodeRef");
	return !*(bool *)ctx;
}

static bool has_node(void)
{
	bool found = false;

	store_each(store, "Machine", NS, NULL, find_node_ref, &found);
	return found;
}

static void created(void *ctx, const struct kube_answer *a)
{
	(void)ctx;
	EXPECT(a->status == 201 || a->status == 409);
	calls_left--;
}

static void the_providers_are_installed(void)
{
	const json_t *secret = store_get(store, "Secret", NS, "web-kubeconfig");
	const char *encoded = jstr(secret, "data.value");
	struct buf text = BUF_INIT;
	struct err err = { 0 };
	json_t *in = order(), *list = plan_providers(in, &err);

	EXPECT(buf_add_unbase64(&text, encoded, strlen(encoded)));
	far = kube_from_kubeconfig(gateway, buf_text(&text), &err);
	EXPECT_STR(err.text, "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);

		calls_left = 1;
		kube_create(far, jstr(object, "kind"), object, created, NULL);
		while (calls_left)
			wait_for(MILLISECONDS(100));
	}
	wait_for(MINUTES(1));
	buf_free(&text);
	json_decref(list);
	json_decref(in);
}

static bool reached(void *ctx, enum move_phase phase, size_t objects)
{
	(void)ctx, (void)phase, (void)objects;
	return true;
}

static void ended(void *ctx, const struct err *err)
{
	(void)ctx;
	EXPECT_STR(err ? err->text : "", "");
	moved = true;
}

static void the_objects_move(void)
{
	static const struct move_events events = { reached, ended };
	const struct move_options options = { .id = "pivot-1",
		.ns = NS,
		.cluster = "web",
		.from_phase = MOVE_CHECK,
		.need_nodes = true,
		.owner = "cluster" };

	moved = false;
	move = move_start(gateway, near, far, &options, &events, NULL);
	for (int i = 0; i < 600 && !moved; i++)
		wait_for(SECONDS(1));
	EXPECT(moved);
	move_stop(&move);
}

static void palette_wants(int control_planes, int workers)
{
	json_decref(palette_spec);
	palette_spec = order();
	jsets(palette_spec, "specHash",
	    control_planes == 1 ? "hash-1" : "hash-3");
	jsets(palette_spec, "configUid", "config-1");
	jsets(palette_spec, "phase", "active");
	jsetb(palette_spec, "autoRemediation", true);
	jseti(palette_spec, "pools[0].size", control_planes);
	jseti(palette_spec, "pools[1].size", workers);
}

static void the_cluster_stands_on_its_own(void)
{
	a_gateway_builds_a_cluster();
	for (int i = 0; i < 120 && !has_node(); i++)
		wait_for(MINUTES(1));
	EXPECT(has_node());
	the_providers_are_installed();
	the_objects_move();
	manager_free(&manager);
}

static void close_life(void)
{
	manager_free(&manager);
	kube_free(&far);
	kube_free(&near);
	store_free(&store);
	close_site();
}

static const char *a_control_plane(void)
{
	return workload_machine_of(racks, "web", "control-plane", 0);
}

TEST(a_cluster_is_built_moved_and_goes_on_by_itself)
{
	const char *first;

	a_gateway_builds_a_cluster();
	for (int i = 0; i < 120 && !has_node(); i++)
		wait_for(MINUTES(1));
	EXPECT(has_node());
	first = a_control_plane();
	EXPECT(first);
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
	the_providers_are_installed();
	EXPECT_STR(workload_node_of(racks, "web", "capi"), first);
	the_objects_move();
	manager_free(&manager);
	palette_wants(1, 2);
	wait_for(HOURS(2));
	EXPECT_STR(attribute("cluster/web", "nodes"), "3");
	EXPECT(workload_machine_of(racks, "web", "worker", 0));
	EXPECT(workload_machine_of(racks, "web", "worker", 1));
	EXPECT(!workload_machine_of(racks, "web", "worker", 2));
	EXPECT_INT(palette_count("AddOnDeploymentDone"), 1);
	EXPECT(!workload_complaint(racks));
	close_life();
}

TEST(three_control_planes_outlive_one_of_them)
{
	struct err err;
	const char *node;

	the_cluster_stands_on_its_own();
	palette_wants(3, 1);
	wait_for(HOURS(3));
	EXPECT_STR(attribute("cluster/web", "control_planes"), "3");
	EXPECT_STR(attribute("cluster/web", "nodes"), "4");
	EXPECT_STR(attribute("cluster/web/agent", "applied"), "hash-3");
	node = workload_node_of(racks, "web", "capi");
	EXPECT(node);
	EXPECT(workload_machine_dies(racks, node, &err));
	wait_for(MINUTES(15));
	EXPECT_STR(attribute("cluster/web", "api"), "up");
	EXPECT(workload_node_of(racks, "web", "capi"));
	EXPECT(workload_node_of(racks, "web", "agent"));
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
	EXPECT(palette_count("\"reason\":\"NodeNotReady\"") > 0);
	EXPECT(!workload_complaint(racks));
	close_life();
}

TESTS_BEGIN
CASE(a_cluster_is_built_moved_and_goes_on_by_itself),
    CASE(three_control_planes_outlive_one_of_them), TESTS_END
