/*
 * A Kubernetes API as near as a store of the same host. What is asked is done
 * and answered in the next turn of the loop, through the same skin (rest) that
 * far clients meet, so that code above cannot tell the difference.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/kube_inside.h"
#include "capi/rest_inside.h"

struct local {
	struct kube kube;
	struct store *store;
};

struct local_call {
	struct kube_call call;
	struct local *local;
	struct timer turn;
	char *method, *path;
	json_t *body;
};

struct local_watch {
	struct kube_watch watch;
	struct local *local;
	struct rest_watch what;
	struct store_watch *on_store;
	struct timer turn;
	bool begun;
	uint64_t next; /* the change to look at next */
};

static struct local *local_of(struct kube *kube)
{
	return OWNER_OF(kube, struct local, kube);
}

/* ---- calls ---- */

static void call_free(struct kube_call *call)
{
	struct local_call *c = OWNER_OF(call, struct local_call, call);

	timer_cancel(&c->turn);
	free(c->method);
	free(c->path);
	json_decref(c->body);
	free(c);
}

static void do_call(struct timer *timer)
{
	struct local_call *c = OWNER_OF(timer, struct local_call, turn);
	struct kube_answer answer = { 0 };
	json_t *body;

	if (c->local->kube.host->dead)
		return;
	body = rest_answer(c->local->store, c->method, c->path,
	    c->body ? kube_content_type(c->method) : NULL, c->body,
	    &answer.status);
	answer.body = body;
	/* It may have died of that very write. */
	if (!c->local->kube.host->dead)
		kube_call_answer(&c->call, &answer);
	json_decref(body);
}

static struct kube_call *send_call(
    struct kube *kube, const char *method, const char *path, const json_t *body)
{
	struct local_call *c = xcalloc(1, sizeof(*c));

	c->local = local_of(kube);
	c->method = xstrdup(method);
	c->path = xstrdup(path);
	c->body = json_clone(body);
	timer_init(&c->turn, do_call);
	timer_set(&c->turn, kube->host->loop, 0);
	return &c->call;
}

/* ---- watches ---- */

static void watch_free(struct kube_watch *watch)
{
	struct local_watch *w = OWNER_OF(watch, struct local_watch, watch);

	timer_cancel(&w->turn);
	store_watch_remove(&w->on_store);
	free(w);
}

static bool gather(void *ctx, const json_t *obj)
{
	json_array_append(ctx, (json_t *)(uintptr_t)obj);
	return true;
}

/* What is there. False: the watch is gone. */
static bool tell_all(struct local_watch *w)
{
	json_t *all = json_array();
	bool goes_on = true;

	store_each(w->local->store, w->what.kind->kind,
	    w->what.ns[0] ? w->what.ns : NULL, NULL, gather, all);
	w->next = w->local->store->change_count;
	for (size_t i = 0; goes_on && i < json_array_size(all); i++)
		goes_on = kube_watch_event(
		    &w->watch, "ADDED", json_array_get(all, i));
	json_decref(all);
	return goes_on;
}

static bool begin(struct local_watch *w)
{
	struct api_status status = { 0 };
	struct err err;
	bool expired;

	w->begun = true;
	if (rest_watch_may_begin(w->local->store, &w->what, &status)) {
		if (!w->what.from_version)
			return tell_all(w);
		check(store_change_after(
		    w->local->store, w->what.from_version, &w->next));
		return true;
	}
	err_set(&err, ERR_REFUSED, "%s", status.message);
	expired = status.code == 410;
	api_status_free(&status);
	kube_watch_end(&w->watch, &err, expired);
	return false;
}

static bool tell_change(struct local_watch *w)
{
	const struct change *change = store_change(w->local->store, w->next++);
	const json_t *obj;
	const char *type;
	json_t *held;
	struct err err;
	bool goes_on;

	if (!change) {
		err_set(&err, ERR_REFUSED, "too old resource version");
		kube_watch_end(&w->watch, &err, true);
		return false;
	}
	type = rest_watch_sees(&w->what, change, &obj);
	if (!type)
		return true;
	held = json_incref((json_t *)(uintptr_t)obj);
	goes_on = kube_watch_event(&w->watch, type, held);
	json_decref(held);
	return goes_on;
}

static void take_turn(struct timer *timer)
{
	struct local_watch *w = OWNER_OF(timer, struct local_watch, turn);

	if (w->local->kube.host->dead)
		return;
	if (!w->begun && !begin(w))
		return;
	while (w->next < w->local->store->change_count)
		if (!tell_change(w))
			return;
}

static void wake(void *ctx, const struct kind_info *kind, const json_t *old,
    const json_t *now)
{
	struct local_watch *w = ctx;

	(void)old;
	(void)now;
	if (kind == w->what.kind && !timer_is_set(&w->turn))
		timer_set(&w->turn, w->local->kube.host->loop, 0);
}

static struct kube_watch *start_watch(
    struct kube *kube, const char *kind, const char *ns, uint64_t from_version)
{
	struct local_watch *w = xcalloc(1, sizeof(*w));

	w->local = local_of(kube);
	w->what.kind = kind_named(kind);
	w->what.from_version = from_version;
	snprintf(w->what.ns, sizeof(w->what.ns), "%s", ns ? ns : "");
	timer_init(&w->turn, take_turn);
	timer_set(&w->turn, kube->host->loop, 0);
	w->on_store = store_watch_add(w->local->store, wake, w);
	return &w->watch;
}

static void free_local(struct kube *kube)
{
	free(local_of(kube));
}

static const struct kube_ops local_ops = { send_call, call_free, start_watch,
	watch_free, free_local };

struct kube *kube_local(struct host *host, struct store *store)
{
	struct local *local = xcalloc(1, sizeof(*local));

	check(store);
	local->kube.ops = &local_ops;
	local->kube.host = host;
	local->store = store;
	return &local->kube;
}
