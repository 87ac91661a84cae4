/*
 * kube_inside: what near and far clients (kube_*.c) have in common. Nobody
 * else includes this.
 */
#ifndef CAPI_KUBE_INSIDE_H
#define CAPI_KUBE_INSIDE_H

#include "base/list.h"
#include "capi/kube.h"

struct kube_ops {
	struct kube_call *(*send)(struct kube *kube, const char *method,
	    const char *path, const json_t *body);
	void (*call_free)(struct kube_call *call); /* stops it, frees it */
	struct kube_watch *(*watch)(struct kube *kube, const char *kind,
	    const char *ns, uint64_t from_version);
	void (*watch_free)(struct kube_watch *watch);
	void (*free)(struct kube *kube); /* calls and watches are gone */
};

struct kube {
	const struct kube_ops *ops;
	struct host *host;
	struct list calls;   /* struct kube_call, by ->in_kube */
	struct list watches; /* struct kube_watch, by ->in_kube */
};

/* First member of each maker's call. */
struct kube_call {
	const struct kube_ops *ops;
	struct list_link in_kube; /* in no list: it is being answered */
	kube_fn *fn;
	void *ctx;
};

/* First member of each maker's watch. */
struct kube_watch {
	const struct kube_ops *ops;
	struct list_link in_kube;
	const struct kube_watch_handler *handler;
	void *ctx;
	bool *stopped; /* set when it goes while it is telling; or NULL */
};

/* Hands the answer over; the call is gone then. */
void kube_call_answer(struct kube_call *call, const struct kube_answer *answer);
/* False if the watch was stopped meanwhile, and is gone. */
bool kube_watch_event(
    struct kube_watch *watch, const char *type, const json_t *obj);
/* The watch is gone then. */
void kube_watch_end(
    struct kube_watch *watch, const struct err *err, bool expired);

/* What a body of this method is. */
const char *kube_content_type(const char *method);

#endif
