/*
 * The actions of a look: begun, fenced, answered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/manager_parts.h"

/* The cache needs a moment to see what the fence has seen. */
#define FENCE_AGAIN_FOR SECONDS(1)

void manager_forget_order(struct item *item)
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
	manager_item_new(manager, kind, jstr(body, "metadata.name"));
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
		manager_look_end(r);
	}
}

/* It is wished otherwise since the action was begun. What the answer asks for,
 * it asks of the wish before: it holds nothing up (reconcile.h). */
static bool has_new_wish(const struct item *item)
{
	const json_t *obj = cache_get(item->manager->cache,
	    item->controller->kind, item->manager->ns, item->name);

	return obj && jint(obj, "metadata.generation") != item->generation;
}

static void end_reaction(struct reconcile *r, bool new_wish)
{
	if (new_wish)
		r->item->not_before_at = 0;
	manager_look_end(r);
	if (!r->acted && (r->item->dirty || new_wish))
		look_after(r->item, 0);
}

static void kube_answered(void *ctx, const struct kube_answer *answer)
{
	struct item *item = ctx;
	struct reconcile r;
	const json_t *obj;
	kube_reaction_fn *fn = item->on_kube;
	bool new_wish = has_new_wish(item);

	action_over(item);
	if (answer->status >= 200 && answer->status < 300 && answer->body)
		note_write(item, answer->body);
	if (!manager_look_begin(item, &r, &obj)) {
		look_after(item, 0);
		return;
	}
	if (!fn) {
		judge_write(item, &r, answer);
		return;
	}
	fn(&r, obj, answer);
	end_reaction(&r, new_wish);
}

static void maas_answered(void *ctx, const struct maas_answer *answer)
{
	struct item *item = ctx;
	bool new_wish = has_new_wish(item);
	struct reconcile r;
	const json_t *obj;

	action_over(item);
	if (!manager_look_begin(item, &r, &obj)) {
		look_after(item, 0);
		return;
	}
	item->on_maas(&r, obj, answer);
	end_reaction(&r, new_wish);
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
	manager_forget_order(item);
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
	manager_forget_order(item);
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
