#include "sim/workload/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/tls.h"
#include "capi/rest.h"
#include "sim/workload/api_server.h"
#include "sim/workload/kubelet.h"
#include "sim/workload/node.h"
#include "sim/workload/parts.h"
#include "sim/workload/pod.h"
#include "sim/workload/rules.h"

static void controllers_turn(struct timer *timer);

/* ---- what the record says ---- */

static size_t running_control_planes(const struct cluster *cluster)
{
	const struct workload *workload = cluster->workload;
	size_t count = 0;

	for (size_t i = 0; i < workload->machine_count; i++)
		if (workload->machines[i]->disk.cluster == cluster &&
		    workload->machines[i]->api)
			count++;
	return count;
}

void cluster_tell(struct cluster *cluster)
{
	size_t running = running_control_planes(cluster);

	EVENT(cluster->workload->options.events, "state", "workload",
	    cluster->thing, F("uid", cluster->uid),
	    F("api", running ? "up" : "down"),
	    N("control_planes", (int64_t)running),
	    N("nodes", (int64_t)node_count(cluster)));
}

/* ---- changes of its objects ---- */

static void learn_uid(struct cluster *cluster, const json_t *namespace)
{
	static const char prefix[] = "cluster-";
	const char *name = jstr(namespace, "metadata.name");

	if (cluster->uid[0] || strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return;
	free(cluster->uid);
	cluster->uid = xstrdup(name + sizeof(prefix) - 1);
	cluster_tell(cluster);
}

/* Called in the middle of a mutation: note what changed, act later. */
static void object_changed(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now)
{
	struct cluster *cluster = ctx;

	(void)old;
	if (strcmp(kind->kind, "Node") == 0)
		node_changed(cluster, old, now);
	else if (strcmp(kind->kind, "Namespace") == 0 && now)
		learn_uid(cluster, now);
	else if (strcmp(kind->kind, "Deployment") == 0 ||
	         strcmp(kind->kind, "ServiceAccount") == 0 ||
	         strcmp(kind->kind, "CertificateSigningRequest") == 0 ||
	         strcmp(kind->kind, "ConfigMap") == 0)
		cluster_wake(cluster);
}

void cluster_wake(struct cluster *cluster)
{
	if (!timer_is_set(&cluster->controllers))
		timer_set(&cluster->controllers, cluster->etcd.loop,
		    MILLISECONDS(500));
}

static void controllers_turn(struct timer *timer)
{
	struct cluster *cluster = OWNER_OF(timer, struct cluster, controllers);

	if (!cluster_api(cluster))
		return; /* they run on the control plane */
	csr_sign_all(cluster);
	node_look_at_all(cluster);
	pod_look_at_all(cluster);
}

/* ---- life ---- */

static void append(struct workload *workload, struct cluster *cluster)
{
	struct cluster **end = &workload->clusters;

	while (*end)
		end = &(*end)->next;
	*end = cluster;
}

struct cluster *cluster_new(struct workload *workload, struct host *host,
    const char *name, const struct identity *ca)
{
	struct cluster *cluster = xcalloc(1, sizeof(*cluster));

	cluster->workload = workload;
	cluster->name = xstrdup(name);
	cluster->thing = xasprintf("cluster/%s", name);
	cluster->uid = xstrdup("");
	cluster->ca = identity_copy(ca);
	cluster->etcd = (struct host){
		.name = cluster->thing,
		.loop = host->loop,
		.choices = host->choices,
		.events = host->events,
		.secrets = host->secrets,
		.clock_origin = host->clock_origin,
	};
	timer_init(&cluster->controllers, controllers_turn);
	cluster->store = store_new(&cluster->etcd);
	store_tell(cluster->store, cluster->thing);
	cluster->watch = store_watch_add(
	    cluster->store, object_changed, cluster);
	append(workload, cluster);
	return cluster;
}

/* Nothing of it runs any more: its programs and API servers went with their
 * machines. */
static void cluster_free(struct cluster *cluster)
{
	struct cluster **link = &cluster->workload->clusters;

	check(!cluster_api(cluster));
	while (*link != cluster)
		link = &(*link)->next;
	*link = cluster->next;
	timer_cancel(&cluster->controllers);
	store_watch_remove(&cluster->watch);
	pod_free_all(cluster);
	node_free_all(cluster);
	account_free_all(cluster);
	EVENT(cluster->workload->options.events, "gone", "workload",
	    cluster->thing, F("uid", cluster->uid));
	/* On a real net a listener may be outlived by its watches. */
	rest_stop_watches(cluster->store, true);
	store_free(&cluster->store);
	identity_free(&cluster->ca);
	free(cluster->name);
	free(cluster->thing);
	free(cluster->uid);
	free(cluster);
}

struct cluster *workload_cluster_find(
    const struct workload *workload, const char *name)
{
	struct cluster *found = NULL;

	for (struct cluster *c = workload->clusters; c; c = c->next)
		if (strcmp(c->name, name) == 0 &&
		    (!found || !cluster_api(found)))
			found = c;
	return found;
}

/* A first control plane that was given up and made again has the same CA: its
 * old disk may still lie about. */
struct cluster *cluster_of_ca(
    const struct workload *workload, const char *ca_pem)
{
	struct cluster *found = NULL;

	for (struct cluster *c = workload->clusters; c; c = c->next)
		if (strcmp(c->ca->cert_pem, ca_pem) == 0 &&
		    (!found || !cluster_api(found)))
			found = c;
	return found;
}

struct machine *cluster_api(const struct cluster *cluster)
{
	const struct workload *workload = cluster->workload;

	for (size_t i = 0; i < workload->machine_count; i++)
		if (workload->machines[i]->disk.cluster == cluster &&
		    workload->machines[i]->api)
			return workload->machines[i];
	return NULL;
}

/* ---- its machines ---- */

void cluster_machine_up(struct machine *machine)
{
	struct cluster *cluster = machine->disk.cluster;
	struct err err;

	if (machine->disk.control_plane && !machine->api) {
		machine->api = api_server_new(machine, cluster, &err);
		if (!machine->api)
			events_note(cluster->etcd.events, "workload",
			    machine->name, "%s", err.text);
		cluster_tell(cluster);
		cluster_wake(cluster);
	}
	if (!machine->kubelet)
		machine->kubelet = kubelet_new(machine);
}

void cluster_machine_joins(
    struct machine *machine, struct cluster *cluster, bool control_plane)
{
	check(!machine->disk.cluster || machine->disk.cluster == cluster);
	machine->disk.cluster = cluster;
	machine->disk.control_plane = control_plane;
}

void cluster_machine_down(struct machine *machine)
{
	struct cluster *cluster = machine->disk.cluster;

	pod_machine_down(cluster, machine);
	kubelet_free(&machine->kubelet);
	if (machine->api) {
		api_server_free(&machine->api);
		cluster_tell(cluster);
		cluster_wake(cluster);
	}
	node_look_at_all(cluster);
}

void cluster_machine_wiped(struct machine *machine)
{
	struct cluster *cluster = machine->disk.cluster;
	const struct workload *workload = cluster->workload;

	node_forget_machine(cluster, machine);
	machine->disk.cluster = NULL;
	for (size_t i = 0; i < workload->machine_count; i++)
		if (workload->machines[i]->disk.cluster == cluster &&
		    workload->machines[i]->disk.control_plane)
			return;
	/* Workers that still believe in it are on their own. */
	for (size_t i = 0; i < workload->machine_count; i++)
		if (workload->machines[i]->disk.cluster == cluster) {
			pod_machine_down(cluster, workload->machines[i]);
			kubelet_free(&workload->machines[i]->kubelet);
			workload->machines[i]->disk.cluster = NULL;
		}
	cluster_free(cluster);
}
