#include "capi/manager.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/manager_parts.h"

/* The cache needs a moment to see what the fence has seen. */
#define FENCE_AGAIN_FOR SECONDS(1)

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

const struct controller *controller_table(size_t *count)
{
	*count = sizeof(controllers) / sizeof(controllers[0]);
	return controllers;
}

/* ---- which objects matter to which ---- */

struct item *manager_item(
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
	struct item *item = manager_item(manager, kind, name);

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

static void item_new(
    struct manager *manager, const char *kind, const char *name)
{
	const struct controller *controller = controller_of(kind);
	struct item *item, **end = &manager->items;

	if (!controller || manager_item(manager, kind, name))
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

static void forget_order(struct item *item)
{
	struct maas_order *order = &item->to_maas;

	json_decref(item->to_create);
	item->to_create = NULL;
	for (char **text = order->params; text && *text; text++)
		free(*text);
	free(order->params);
	free(order->method);
	free(order->path);
	*order = (struct maas_order){ 0 };
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
	forget_order(item);
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

static bool look_begin(
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

static void look_end(struct reconcile *r)
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
	if (!look_begin(item, &r, &obj)) {
		no_more_waiting(item);
		tell(item->manager);
		if (!cache_synced(item->manager->cache))
			manager_poke(item, SECONDS(1));
		return;
	}
	item->controller->reconcile(&r, obj);
	look_end(&r);
}

/* ---- answers ---- */

static void action_over(struct item *item)
{
	check(item->busy);
	item->busy = false;
	item->kube_call = NULL;
	item->maas_call = NULL;
}

/* The answered item is looked at again, later if it is held. */
static void look_after(struct item *item, usec wait_for)
{
	if (item->gone)
		timer_set(&item->timer, item->manager->host->loop, 0);
	else
		manager_poke(item, wait_for);
}

static void note_write(struct item *item, const json_t *body)
{
	struct manager *manager = item->manager;
	const char *kind = jstr(body, "kind");

	if (item->in_workload || !jstr(body, "metadata.uid")[0] ||
	    strcmp(jstr(body, "metadata.namespace"), manager->ns) != 0)
		return;
	if (capi_is_deleting(body) && jlen(body, "metadata.finalizers") == 0) {
		/* That was its end; the watch will say so in a moment. */
		item->not_before_at = loop_now(manager->host->loop) +
		                      SECONDS(2);
		return;
	}
	cache_note(manager->cache, body);
	item_new(manager, kind, jstr(body, "metadata.name"));
	manager_changed(manager, kind, body);
}

static bool is_fine(const struct item *item, int status)
{
	return (status >= 200 && status < 300) ||
	       (item->in_workload && (status == 404 || status == 409));
}

static void judge_write(
    struct item *item, struct reconcile *r, const struct kube_answer *answer)
{
	if (is_fine(item, answer->status)) {
		item->refused = 0;
		look_after(item, 0);
	} else if (answer->status == 409 || answer->status == 404) {
		/* Our view was stale: the watch brings the truth. */
		look_after(item, SECONDS(1));
	} else {
		capi_back_off_write(r);
		if (item->refused > 2)
			capi_wait_says(r, "ApiRefuses", "%s",
			    answer->err ? answer->err->text
			                : jstr(answer->body, "message"));
		look_end(r);
	}
}

static void kube_answered(void *ctx, const struct kube_answer *answer)
{
	struct item *item = ctx;
	struct reconcile r;
	const json_t *obj;
	kube_reaction_fn *fn = item->on_kube;

	action_over(item);
	if (answer->status >= 200 && answer->status < 300 && answer->body)
		note_write(item, answer->body);
	if (!look_begin(item, &r, &obj)) {
		look_after(item, 0);
		return;
	}
	if (!fn) {
		judge_write(item, &r, answer);
		return;
	}
	fn(&r, obj, answer);
	look_end(&r);
	if (!r.acted && item->dirty)
		look_after(item, 0);
}

static void maas_answered(void *ctx, const struct maas_answer *answer)
{
	struct item *item = ctx;
	struct reconcile r;
	const json_t *obj;

	action_over(item);
	if (!look_begin(item, &r, &obj)) {
		look_after(item, 0);
		return;
	}
	item->on_maas(&r, obj, answer);
	look_end(&r);
	if (!r.acted && item->dirty)
		look_after(item, 0);
}

/* ---- actions ---- */

static struct item *act(struct reconcile *r)
{
	check(!r->acted); /* one action a look */
	check(!r->item->busy);
	r->acted = true;
	r->item->busy = true;
	r->item->in_workload = false;
	r->item->on_kube = NULL;
	timer_cancel(&r->item->timer);
	return r->item;
}

/*
 * The fence. What a cache shows of two objects may be of two different times:
 * a Machine that a pivot has just taken away may be missing while its Cluster
 * is not yet seen to be paused, and then the controllers would make it again,
 * or take another one from MAAS. Patches and deletes carry a resourceVersion
 * or a uid and can do no harm; before anything is created, and before MAAS is
 * asked to change something, the Cluster is read anew, past the cache.
 */
static void fence_passed(struct item *item)
{
	struct manager *manager = item->manager;
	struct maas_order *order = &item->to_maas;

	if (item->to_create)
		item->kube_call = kube_create(manager->kube,
		    jstr(item->to_create, "kind"), item->to_create,
		    kube_answered, item);
	else
		item->maas_call = maas_send(manager->maas, order->method,
		    order->path, (const char *const *)order->params,
		    maas_answered, item);
	forget_order(item);
}

static void fence_answered(void *ctx, const struct kube_answer *answer)
{
	struct item *item = ctx;
	const json_t *seen = manager_cluster(item->manager);

	item->kube_call = NULL;
	if (answer->status == 200 && seen && !manager_is_paused(answer->body) &&
	    strcmp(jstr(answer->body, "metadata.uid"),
	        jstr(seen, "metadata.uid")) == 0) {
		fence_passed(item);
		return;
	}
	forget_order(item);
	action_over(item);
	if (answer->status == 200)
		cache_note(item->manager->cache, answer->body);
	look_after(item, FENCE_AGAIN_FOR);
}

static void fence(struct reconcile *r, struct item *item)
{
	item->kube_call = kube_get(r->manager->kube, "Cluster", r->ns,
	    jstr(manager_cluster(r->manager), "metadata.name"), fence_answered,
	    item);
}

void act_create(struct reconcile *r, json_t *steal)
{
	struct item *item = act(r);

	item->to_create = steal;
	fence(r, item);
}

void act_patch(
    struct reconcile *r, const json_t *obj, const char *sub, json_t *steal)
{
	struct item *item = act(r);

	jsets(steal, "metadata.resourceVersion",
	    jstr(obj, "metadata.resourceVersion"));
	item->kube_call = kube_patch(r->manager->kube, jstr(obj, "kind"), r->ns,
	    jstr(obj, "metadata.name"), sub, steal, kube_answered, item);
	json_decref(steal);
}

void act_delete(struct reconcile *r, const json_t *obj)
{
	struct item *item = act(r);

	item->kube_call = kube_delete(r->manager->kube, jstr(obj, "kind"),
	    r->ns, jstr(obj, "metadata.name"), jstr(obj, "metadata.uid"),
	    kube_answered, item);
}

static void copy_order(struct maas_order *order, const char *method,
    const char *path, const char *const *params)
{
	size_t count = 0;

	order->method = xstrdup(method);
	order->path = xstrdup(path);
	while (params && params[count])
		count++;
	order->params = xcalloc(count + 1, sizeof(*order->params));
	for (size_t i = 0; i < count; i++)
		order->params[i] = xstrdup(params[i]);
}

void act_maas(struct reconcile *r, const char *method, const char *path,
    const char *const *params, maas_reaction_fn *fn)
{
	struct item *item = act(r);

	item->on_maas = fn;
	if (strcmp(method, "GET") == 0) {
		item->maas_call = maas_send(r->manager->maas, method, path,
		    params, maas_answered, item);
		return;
	}
	copy_order(&item->to_maas, method, path, params);
	fence(r, item);
}

void act_workload(struct reconcile *r, const char *method, const char *path,
    json_t *steal_body, kube_reaction_fn *fn)
{
	struct item *item = act(r);

	check(r->manager->workload.kube);
	item->in_workload = true;
	item->on_kube = fn;
	item->kube_call = kube_send(r->manager->workload.kube, method, path,
	    steal_body, kube_answered, item);
	json_decref(steal_body);
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
		item_new(manager, kind, name);
	item = manager_item(manager, kind, name);
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

struct cache *manager_cache(struct manager *manager)
{
	return manager->cache;
}

bool manager_idle(const struct manager *manager)
{
	for (const struct item *item = manager->items; item; item = item->next)
		if (item->busy)
			return false;
	return true;
}
