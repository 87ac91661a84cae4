#include "capi/kube.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/kube_inside.h"

/* ---- calls and watches, as near and far have them in common ---- */

struct kube_call *kube_send(struct kube *kube, const char *method,
    const char *path, const json_t *body, kube_fn *fn, void *ctx)
{
	struct kube_call *call;

	check(kube);
	check(fn);
	check(path[0] == '/');
	call = kube->ops->send(kube, method, path, body);
	call->ops = kube->ops;
	call->fn = fn;
	call->ctx = ctx;
	list_add(&kube->calls, &call->in_kube);
	return call;
}

void kube_cancel(struct kube_call **call)
{
	struct kube_call *c = *call;

	*call = NULL;
	if (!c || !list_holds(&c->in_kube)) /* it is just being answered */
		return;
	list_remove(&c->in_kube);
	c->ops->call_free(c);
}

void kube_call_answer(struct kube_call *call, const struct kube_answer *answer)
{
	check((answer->status == 0) == (answer->err != NULL));
	list_remove(&call->in_kube);
	call->fn(call->ctx, answer);
	/* The kube itself may be gone by now; the call is not. */
	call->ops->call_free(call);
}

struct kube_watch *kube_watch_start(struct kube *kube, const char *kind,
    const char *ns, uint64_t from_version,
    const struct kube_watch_handler *handler, void *ctx)
{
	struct kube_watch *watch;

	check(kind_named(kind));
	watch = kube->ops->watch(kube, kind, ns, from_version);
	watch->ops = kube->ops;
	watch->handler = handler;
	watch->ctx = ctx;
	list_add(&kube->watches, &watch->in_kube);
	return watch;
}

void kube_watch_stop(struct kube_watch **watch)
{
	struct kube_watch *w = *watch;

	*watch = NULL;
	if (!w || !list_holds(&w->in_kube)) /* it is just ending */
		return;
	list_remove(&w->in_kube);
	if (w->stopped)
		*w->stopped = true;
	w->ops->watch_free(w);
}

bool kube_watch_event(
    struct kube_watch *watch, const char *type, const json_t *obj)
{
	bool stopped = false;

	check(!watch->stopped);
	watch->stopped = &stopped;
	watch->handler->event(watch->ctx, type, obj);
	if (!stopped)
		watch->stopped = NULL;
	return !stopped;
}

void kube_watch_end(
    struct kube_watch *watch, const struct err *err, bool expired)
{
	list_remove(&watch->in_kube);
	watch->handler->ended(watch->ctx, err, expired);
	watch->ops->watch_free(watch);
}

void kube_free(struct kube **kube)
{
	struct kube *k = *kube;

	if (!k)
		return;
	list_each(&k->calls, struct kube_call, in_kube, call)
	{
		list_remove(&call->in_kube);
		k->ops->call_free(call);
	}
	list_each(&k->watches, struct kube_watch, in_kube, watch)
	{
		struct kube_watch *w = watch;

		kube_watch_stop(&w);
	}
	k->ops->free(k);
	*kube = NULL;
}

const char *kube_content_type(const char *method)
{
	return strcmp(method, "PATCH") == 0 ? "application/merge-patch+json"
	                                    : "application/json";
}

/* ---- the usual requests ---- */

static struct kube_call *send_to(struct kube *kube, const char *method,
    char *path, const json_t *body, kube_fn *fn, void *ctx)
{
	struct kube_call *call = kube_send(kube, method, path, body, fn, ctx);

	free(path);
	return call;
}

struct kube_call *kube_get(struct kube *kube, const char *kind, const char *ns,
    const char *name, kube_fn *fn, void *ctx)
{
	return send_to(
	    kube, "GET", kind_path(kind, ns, name, NULL), NULL, fn, ctx);
}

struct kube_call *kube_list(struct kube *kube, const char *kind, const char *ns,
    const char *selector, kube_fn *fn, void *ctx)
{
	char *path = kind_path(kind, ns, NULL, NULL);
	struct buf target = BUF_INIT;

	buf_adds(&target, path);
	free(path);
	if (selector) {
		buf_adds(&target, "?labelSelector=");
		buf_add_percent(&target, selector);
	}
	return send_to(kube, "GET", buf_detach(&target), NULL, fn, ctx);
}

static const char *namespace_of(const json_t *obj)
{
	const char *ns = jstr(obj, "metadata.namespace");

	return *ns ? ns : NULL;
}

struct kube_call *kube_create(struct kube *kube, const char *kind,
    const json_t *obj, kube_fn *fn, void *ctx)
{
	return send_to(kube, "POST",
	    kind_path(kind, namespace_of(obj), NULL, NULL), obj, fn, ctx);
}

struct kube_call *kube_update(struct kube *kube, const char *kind,
    const json_t *obj, kube_fn *fn, void *ctx)
{
	return send_to(kube, "PUT",
	    kind_path(
	        kind, namespace_of(obj), jstr(obj, "metadata.name"), NULL),
	    obj, fn, ctx);
}

struct kube_call *kube_patch(struct kube *kube, const char *kind,
    const char *ns, const char *name, const char *sub, const json_t *patch,
    kube_fn *fn, void *ctx)
{
	return send_to(
	    kube, "PATCH", kind_path(kind, ns, name, sub), patch, fn, ctx);
}

struct kube_call *kube_delete(struct kube *kube, const char *kind,
    const char *ns, const char *name, const char *uid, kube_fn *fn, void *ctx)
{
	json_t *options = json_object();
	struct kube_call *call;

	jsets(options, "kind", "DeleteOptions");
	jsets(options, "apiVersion", "v1");
	if (uid)
		jsets(options, "preconditions.uid", uid);
	call = send_to(
	    kube, "DELETE", kind_path(kind, ns, name, NULL), options, fn, ctx);
	json_decref(options);
	return call;
}
