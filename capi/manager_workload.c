/* The link of a manager to the API of the cluster that it builds or runs. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/log.h"
#include "base/owner.h"
#include "capi/manager_parts.h"

#define PROBE_EVERY_FOR SECONDS(10)

static const char *const node_kinds[] = { "Node", NULL };

static void probe(struct timer *timer);

void workload_link_init(struct manager *manager, struct kube *own)
{
	manager->workload.manager = manager;
	manager->workload.kube = own;
	timer_init(&manager->workload.timer, probe);
}

/* Items first: their calls go through this link. */
static void disconnect(struct workload_link *link)
{
	timer_cancel(&link->timer);
	kube_cancel(&link->probe);
	cache_free(&link->nodes);
	link->ready = false;
	if (!link->owned)
		return;
	for (struct item *item = link->manager->items; item; item = item->next)
		if (item->busy && item->in_workload) {
			kube_cancel(&item->kube_call);
			item->busy = false;
			manager_poke(item, 0);
		}
	kube_free(&link->kube);
	free(link->kubeconfig);
	link->kubeconfig = NULL;
	link->owned = false;
}

void workload_link_free(struct manager *manager)
{
	disconnect(&manager->workload);
}

static void node_changed(
    void *ctx, const char *kind, const json_t *old, const json_t *now)
{
	struct manager *manager = ctx;

	(void)kind;
	(void)old;
	(void)now;
	manager_poke_kind(manager, "Machine");
	manager_poke_kind(manager, "MachineHealthCheck");
}

/* From here the watch on its Nodes tells what changes. */
static void nodes_listed(void *ctx)
{
	struct workload_link *link = ctx;

	link->ready = true;
	manager_poke_all(link->manager);
}

/* It answers, but as long as its Nodes are not listed every one of them is
 * missing: nobody may draw a conclusion from that. */
static void probed(void *ctx, const struct kube_answer *answer)
{
	struct workload_link *link = ctx;
	struct manager *manager = link->manager;

	link->probe = NULL;
	if (answer->status != 200) {
		timer_set(&link->timer, manager->host->loop, PROBE_EVERY_FOR);
		return;
	}
	link->nodes = cache_new(
	    manager->host, link->kube, NULL, node_kinds, node_changed, manager);
	cache_on_synced(link->nodes, nodes_listed, link);
}

static void probe(struct timer *timer)
{
	struct workload_link *link = OWNER_OF(
	    timer, struct workload_link, timer);

	check(!link->probe);
	link->probe = kube_send(
	    link->kube, "GET", "/readyz", NULL, probed, link);
}

struct wanted {
	bool machine_runs;
};

/* There is nobody to ask before a machine of the control plane was told to
 * boot; its name does not even resolve. */
static bool runs_control_plane(void *ctx, const json_t *obj)
{
	struct wanted *wanted = ctx;
	const char *state = jstr(obj, "status.machineState");

	if (!capi_is_control_plane(obj) ||
	    (strcmp(state, "Deploying") != 0 && strcmp(state, "Deployed") != 0))
		return true;
	wanted->machine_runs = true;
	return false;
}

static bool is_wanted(struct manager *manager)
{
	const json_t *cluster = manager_cluster(manager);
	struct wanted wanted = { false };

	if (!cluster || manager_is_paused(cluster) || capi_is_deleting(cluster))
		return false;
	cache_each(manager->cache, "MaasMachine", runs_control_plane, &wanted);
	return wanted.machine_runs;
}

static void connect_by_secret(struct workload_link *link, const char *config)
{
	struct manager *manager = link->manager;
	struct err err;

	if (link->kubeconfig && strcmp(link->kubeconfig, config) == 0)
		return;
	disconnect(link);
	link->kube = kube_from_kubeconfig(manager->host, config, &err);
	if (!link->kube) {
		log_error(manager->host, "the kubeconfig of %s: %s",
		    capi_name_of(manager_cluster(manager)), err.text);
		return;
	}
	link->owned = true;
	link->kubeconfig = xstrdup(config);
}

static void connect_to(struct workload_link *link)
{
	struct manager *manager = link->manager;
	char *name, *config;

	if (link->kube && !link->owned)
		return;
	name = xasprintf(
	    "%s-kubeconfig", capi_name_of(manager_cluster(manager)));
	config = capi_secret_text(
	    cache_get(manager->cache, "Secret", manager->ns, name), "value");
	free(name);
	if (config)
		connect_by_secret(link, config);
	free(config);
}

void workload_link_update(struct manager *manager)
{
	struct workload_link *link = &manager->workload;

	if (!is_wanted(manager)) {
		disconnect(link);
		return;
	}
	connect_to(link);
	if (link->kube && !link->nodes && !link->probe &&
	    !timer_is_set(&link->timer))
		timer_set(&link->timer, manager->host->loop, 0);
}
