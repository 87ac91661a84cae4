/*
 * kube: a Kubernetes API as its client sees it, near or far.
 *
 * Requests are asynchronous and answered exactly once, never before kube_send
 * returns, unless cancelled or the host died. A near one (kube_local) answers
 * from a store of the same host in the next turn of the loop; a far one
 * (kube_remote) sends exchanges to an API server over the host's net.
 *
 * A call and a watch are gone when their callback (fn, ended) has returned:
 * forget the pointer there. Cancelling inside it is harmless. kube_free inside
 * a callback is allowed. A store outlives its near clients.
 */
#ifndef CAPI_KUBE_H
#define CAPI_KUBE_H

#include <jansson.h>

#include "base/host.h"
#include "capi/store.h"

struct kube;
struct kube_call;

struct kube_answer {
	int status;         /* HTTP status; 0 if there is no answer */
	const json_t *body; /* object, list or Status; borrowed; may be NULL */
	const struct err *err; /* why there is none; or NULL */
};
typedef void kube_fn(void *ctx, const struct kube_answer *answer);

struct kube *kube_local(struct host *host, struct store *store);

struct kube_remote_options {
	const char *host; /* name or address that TLS verifies */
	uint16_t port;
	const char *connect_to; /* instead of resolving; or NULL */
	const char *ca_pem;
	const char *cert_pem, *key_pem; /* client certificate; or NULL */
	const char *token;              /* bearer; or NULL */
	usec timeout_for;               /* of a request; 0: 10 s */
	const char *proxy;              /* NULL: direct */
};
struct kube *kube_remote(struct host *host,
    const struct kube_remote_options *options, struct err *err);
/* The same from a kubeconfig text. */
struct kube *kube_from_kubeconfig(
    struct host *host, const char *kubeconfig, struct err *err);
void kube_free(struct kube **kube); /* cancels what is under way */

/* body is only read. content type: merge patch for PATCH, JSON else. */
struct kube_call *kube_send(struct kube *kube, const char *method,
    const char *path, const json_t *body, kube_fn *fn, void *ctx);
void kube_cancel(struct kube_call **call);

/* The usual requests in one line each. */
struct kube_call *kube_get(struct kube *kube, const char *kind, const char *ns,
    const char *name, kube_fn *fn, void *ctx);
struct kube_call *kube_list(struct kube *kube, const char *kind, const char *ns,
    const char *selector, kube_fn *fn, void *ctx);
struct kube_call *kube_create(struct kube *kube, const char *kind,
    const json_t *obj, kube_fn *fn, void *ctx);
struct kube_call *kube_update(struct kube *kube, const char *kind,
    const json_t *obj, kube_fn *fn, void *ctx);
struct kube_call *kube_patch(struct kube *kube, const char *kind,
    const char *ns, const char *name, const char *sub, const json_t *patch,
    kube_fn *fn, void *ctx);
struct kube_call *kube_delete(struct kube *kube, const char *kind,
    const char *ns, const char *name, const char *uid, kube_fn *fn, void *ctx);

/* A watch. event types as on the wire; ended is called once, with NULL for a
 * clean end (watch again) or the reason. */
struct kube_watch_handler {
	void (*event)(void *ctx, const char *type, const json_t *obj);
	void (*ended)(void *ctx, const struct err *err, bool expired);
};
struct kube_watch;
/* from_version 0: what is there comes first, as ADDED. One of the watches of a
 * far client ends after five minutes, the others after half an hour; when it
 * does not, their server is gone without a word: all end with ERR_TIMEOUT. */
struct kube_watch *kube_watch_start(struct kube *kube, const char *kind,
    const char *ns, uint64_t from_version,
    const struct kube_watch_handler *handler, void *ctx);
void kube_watch_stop(struct kube_watch **watch);

#endif
