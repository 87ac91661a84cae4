#include "capi/manager.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/manager_parts.h"

static const struct controller controllers[] = {
	{ "Cluster", cluster_reconcile },
	{ "MaasCluster", maas_cluster_reconcile },
	{ "KubeadmControlPlane", control_plane_reconcile },
	{ "KubeadmConfig", kubeadm_config_reconcile },
	{ "MachineDeployment", machine_deployment_reconcile },
	{ "MachineSet", machine_set_reconcile },
	{ "Machine", machine_reconcile },
	{ "MaasMachine", maas_machine_reconcile },
	{ "MachineHealthCheck", health_check_reconcile },
};

static const char *const cached_kinds[] = { "Cluster", "MaasCluster",
	"KubeadmControlPlane", "KubeadmConfig", "KubeadmConfigTemplate",
	"MachineDeployment", "MachineSet", "Machine", "MaasMachine",
	"MaasMachineTemplate", "MachineHealthCheck", "Secret", NULL };

/* ---- which objects matter to which ---- */

static struct item *find_item(
    struct manager *manager, const char *kind, const char *name)
{
	for (struct item *item = manager->items; item; item = item->next)
		if (!item->gone && strcmp(item->name, name) == 0 &&
		    strcmp(item->controller->kind, kind) == 0)
			return item;
	return NULL;
}

void manager_poke(struct item *item, usec wait_for)
{
	struct loop *loop = item->manager->host->loop;
	usec due_at = loop_now(loop) + wait_for;

	if (item->gone)
		return;
	if (item->busy) {
		item->dirty = true;
		return;
	}
	if (due_at < item->not_before_at)
		due_at = item->not_before_at;
	if (timer_is_set(&item->timer) && item->timer.due_at <= due_at)
		return;
	timer_set(&item->timer, loop, due_at - loop_now(loop));
}

void manager_poke_all(struct manager *manager)
{
	for (struct item *item = manager->items; item; item = item->next)
		manager_poke(item, 0);
}

void manager_poke_kind(struct manager *manager, const char *kind)
{
	for (struct item *item = manager->items; item; item = item->next)
		if (strcmp(item->controller->kind, kind) == 0)
			manager_poke(item, 0);
}

static void poke_named(
    struct manager *manager, const char *kind, const char *name)
{
	struct item *item = find_item(manager, kind, name);

	if (item)
		manager_poke(item, 0);
}

static void poke_owners(struct manager *manager, const json_t *obj)
{
	for (size_t i = 0; i < jlen(obj, "metadata.ownerReferences"); i++) {
		const json_t *ref = json_array_get(
		    jget(obj, "metadata.ownerReferences"), i);

		poke_named(manager, jstr(ref, "kind"), jstr(ref, "name"));
	}
}

void manager_changed(
    struct manager *manager, const char *kind, const json_t *obj)
{
	static const char *const concern_all[] = { "Cluster", "MaasCluster",
		"KubeadmControlPlane", "Secret" };

	for (size_t i = 0; i < sizeof(concern_all) / sizeof(char *); i++)
		if (strcmp(kind, concern_all[i]) == 0) {
			manager_poke_all(manager);
			return;
		}
	poke_named(manager, kind, jstr(obj, "metadata.name"));
	poke_owners(manager, obj);
	if (strcmp(kind, "Machine") == 0) {
		poke_named(manager, "MaasMachine",
		    jstr(obj, "spec.infrastructureRef.name"));
		poke_named(manager, "KubeadmConfig",
		    jstr(obj, "spec.bootstrap.configRef.name"));
		manager_poke_kind(manager, "MachineHealthCheck");
	}
	if (strcmp(kind, "MaasMachine") == 0)
		manager_poke_kind(manager, "MaasCluster");
	manager_poke_kind(manager, "Cluster");
}

/* ---- items ---- */

static void item_fire(struct timer *timer);

static const struct controller *controller_of(const char *kind)
{
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]);
	     i++)
		if (strcmp(controllers[i].kind, kind) == 0)
			return &controllers[i];
	return NULL;
}

void manager_item_new(
    struct manager *manager, const char *kind, const char *name)
{
	const struct controller *controller = controller_of(kind);
	struct item *item, **end = &manager->items;

	if (!controller || find_item(manager, kind, name))
		return;
	item = xcalloc(1, sizeof(*item));
	item->manager = manager;
	item->controller = controller;
	item->name = xstrdup(name);
	item->generation = -1;
	timer_init(&item->timer, item_fire);
	while (*end)
		end = &(*end)->next;
	*end = item;
}

static void item_free(struct item *item)
{
	struct item **link = &item->manager->items;

	while (*link != item)
		link = &(*link)->next;
	*link = item->next;
	timer_cancel(&item->timer);
	kube_cancel(&item->kube_call);
	maas_cancel(&item->maas_call);
	manager_forget_order(item);
	free(item->name);
	free(item->wait_reason);
	free(item->wait_sentence);
	free(item);
}

/* ---- what the owner hears ---- */

/* Something has been asked for, is not there yet, and will come by itself. */
static bool is_moving(const struct manager *manager, const struct item *item)
{
	const json_t *obj;

	if (item->gone || item->wait_reason ||
	    item->controller->reconcile != maas_machine_reconcile)
		return false;
	obj = cache_get(manager->cache, "MaasMachine", manager->ns, item->name);
	return obj && (capi_is_deleting(obj) || !jbool(obj, "status.ready"));
}

static void tell(struct manager *manager)
{
	const char *reason = "", *sentence = "";
	bool moving = false;

	for (const struct item *item = manager->items; item;
	     item = item->next) {
		moving = moving || is_moving(manager, item);
		if (!item->gone && item->wait_reason && !reason[0]) {
			reason = item->wait_reason;
			sentence = item->wait_sentence;
		}
	}
	if (moving && !manager->paused)
		token_take(&manager->token, manager->host->loop);
	else
		token_drop(&manager->token);
	if (strcmp(manager->told, sentence) == 0)
		return;
	free(manager->told);
	manager->told = xstrdup(sentence);
	if (manager->waiting)
		manager->waiting(manager->ctx, reason, manager->told);
}

/* ---- one look at one object ---- */

bool manager_is_paused(const json_t *cluster)
{
	return jbool(cluster, "spec.paused") ||
	       jhas(cluster, "metadata.annotations[cluster.x-k8s.io/paused]");
}

static bool take_cluster(void *ctx, const json_t *obj)
{
	*(const json_t **)ctx = obj;
	return false;
}

/* A namespace holds one cluster (Palette's rule: cluster-<uid>). */
const json_t *manager_cluster(const struct manager *manager)
{
	const json_t *cluster = NULL;

	cache_each(manager->cache, "Cluster", take_cluster, &cluster);
	return cluster;
}

/* Hazard H1, I4: of a paused cluster nothing is touched, whoever asks. An
 * object whose Cluster is not there (a move under way) is not ours either. */
static bool may_touch(
    struct manager *manager, const json_t *cluster, const json_t *obj)
{
	return cluster && !manager_is_paused(cluster) &&
	       cache_synced(manager->cache) &&
	       !jhas(obj, "metadata.annotations[cluster.x-k8s.io/paused]");
}

bool manager_look_begin(
    struct item *item, struct reconcile *r, const json_t **obj)
{
	struct manager *manager = item->manager;

	*obj = cache_get(
	    manager->cache, item->controller->kind, manager->ns, item->name);
	*r = (struct reconcile){
		.manager = manager,
		.item = item,
		.host = manager->host,
		.ns = manager->ns,
		.name = item->name,
		.cluster = manager_cluster(manager),
		.again_for = USEC_NEVER,
	};
	if (!*obj || item->gone)
		return false;
	if (jint(*obj, "metadata.generation") != item->generation) {
		item->generation = jint(*obj, "metadata.generation");
		item->failures = 0;
	}
	return may_touch(manager, r->cluster, *obj);
}

static void no_more_waiting(struct item *item)
{
	free(item->wait_reason);
	free(item->wait_sentence);
	item->wait_reason = item->wait_sentence = NULL;
}

void manager_look_end(struct reconcile *r)
{
	struct item *item = r->item;

	if (!r->acted) {
		if (!r->waits)
			no_more_waiting(item);
		if (r->again_for != USEC_NEVER)
			manager_poke(item, r->again_for);
		else if (item->not_before_at > loop_now(r->host->loop))
			manager_poke(item, 0);
	}
	tell(r->manager);
}

static void item_fire(struct timer *timer)
{
	struct item *item = OWNER_OF(timer, struct item, timer);
	struct reconcile r;
	const json_t *obj;

	if (item->gone) {
		item_free(item);
		return;
	}
	item->dirty = false;
	if (!manager_look_begin(item, &r, &obj)) {
		no_more_waiting(item);
		tell(item->manager);
		if (!cache_synced(item->manager->cache))
			manager_poke(item, SECONDS(1));
		return;
	}
	item->controller->reconcile(&r, obj);
	manager_look_end(&r);
}

/* ---- life ---- */

static bool finished_pause(struct manager *manager)
{
	const json_t *cluster = manager_cluster(manager);
	bool was = manager->paused;

	manager->paused = !cluster || manager_is_paused(cluster);
	return was && !manager->paused;
}

static void forget_holds(struct manager *manager)
{
	for (struct item *item = manager->items; item; item = item->next) {
		item->not_before_at = 0;
		item->failures = 0;
		timer_cancel(&item->timer);
	}
}

static void cache_changed(
    void *ctx, const char *kind, const json_t *old, const json_t *now)
{
	struct manager *manager = ctx;
	const json_t *obj = now ? now : old;
	const char *name = jstr(obj, "metadata.name");
	struct item *item;

	if (now)
		manager_item_new(manager, kind, name);
	item = find_item(manager, kind, name);
	if (item && now && jint(now, "metadata.generation") != item->generation)
		item->not_before_at = 0; /* a new wish, or a deletion */
	manager_changed(manager, kind, obj);
	if (item && !now) {
		item->gone = true;
		if (!item->busy)
			timer_set(&item->timer, manager->host->loop, 0);
	}
	if (strcmp(kind, "Cluster") == 0 && finished_pause(manager)) {
		forget_holds(manager);
		manager_poke_all(manager);
	}
	workload_link_update(manager);
}

struct manager *manager_new(struct host *host, struct kube *kube,
    const struct manager_options *options, struct err *err)
{
	struct manager *manager = xcalloc(1, sizeof(*manager));

	manager->maas = maas_client_new(host, &options->account, err);
	if (!manager->maas) {
		free(manager);
		return NULL;
	}
	manager->host = host;
	manager->kube = kube;
	manager->ns = xstrdup(options->ns);
	manager->maas_user = xstrdup("");
	manager->told = xstrdup("");
	manager->waiting = options->waiting;
	manager->ctx = options->ctx;
	manager->paused = true;
	workload_link_init(manager, options->workload);
	manager->cache = cache_new(
	    host, kube, manager->ns, cached_kinds, cache_changed, manager);
	return manager;
}

/* Calls first: none may answer into what is being freed. */
void manager_free(struct manager **manager)
{
	struct manager *m = *manager;

	if (!m)
		return;
	while (m->items)
		item_free(m->items);
	workload_link_free(m);
	cache_free(&m->cache);
	maas_client_free(&m->maas);
	token_drop(&m->token);
	free(m->ns);
	free(m->maas_user);
	free(m->told);
	free(m);
	*manager = NULL;
}

/* work resumes with the next call, without a restart. */
bool manager_set_key(
    struct manager *manager, const char *api_key, struct err *err)
{
	if (!maas_client_set_key(manager->maas, api_key, err))
		return false;
	free(manager->maas_user);
	manager->maas_user = xstrdup("");
	forget_holds(manager);
	manager_poke_all(manager);
	return true;
}

bool manager_idle(const struct manager *manager)
{
	for (const struct item *item = manager->items; item; item = item->next)
		if (item->busy)
			return false;
	return true;
}
