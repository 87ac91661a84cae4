/*
 * store: typed objects with resourceVersion, watch, finalizers and
 * ownerReferences. The one noun behind three things: the gateway's own store
 * (kept in SQLite), every simulated API server, and both ends of a pivot.
 *
 * Semantics are those of a Kubernetes API server (capi D.7 in short): uid,
 * creationTimestamp, generation and resourceVersion are the store's; status is
 * written only through the status subresource; a write that changes nothing
 * changes nothing; a stale resourceVersion is a conflict; a delete with
 * finalizers sets deletionTimestamp and waits; finalizers may only shrink then;
 * dependents whose owners are all gone are collected a few seconds later
 * (store_collect, driven by a timer of the host); an ownerReference without
 * uid is invalid. A namespace must exist before anything is made in it; the
 * four that every API server has (default, kube-system, kube-public,
 * kube-node-lease) exist from the start. Deleting a namespace deletes what is
 * in it, then the namespace. What a client sends as status when it creates an
 * object is dropped, except for Nodes (kubelets register with theirs).
 *
 * A store belongs to its creator. Objects handed out are borrowed and must not
 * be changed; they live until the next mutation of that object.
 *
 * Durable: with a backend each mutation is written through, and has reached
 * the disk, before the function returns. If the backend fails the mutation has
 * not happened and the answer is 500 InternalError. Without a backend the
 * store lives in memory as long as its owner keeps it.
 */
#ifndef CAPI_STORE_H
#define CAPI_STORE_H

#include <jansson.h>

#include "base/host.h"
#include "capi/kinds.h"

struct store;

/* Why a request was refused, in Kubernetes' words. code 0: it was not. */
struct api_status {
	int code;        /* 404 */
	char reason[40]; /* NotFound */
	char message[400];
	json_t *causes; /* list for details.causes; or NULL. Owned. */
	/* What it was about; "" where that says nothing. */
	char name[128], group[64], plural[64];
};
void api_status_free(struct api_status *status);
json_t *api_status_json(const struct api_status *status); /* kind Status */

struct store *store_new(struct host *host);
/* Kept in the SQLite data base of that name on the host's disk, loaded now.
 * NULL: ERR_STORAGE if the disk says no, ERR_GARBLED if the file is damaged,
 * ERR_INPUT if it is another program's or version's. It is left as it was. */
struct store *store_open(struct host *host, const char *file, struct err *err);
void store_free(struct store **store);

/* All return the object as stored (borrowed), or NULL with *status filled.
 * obj is only read. ns is NULL for cluster-scoped kinds. */
const json_t *store_create(struct store *store, const char *kind,
    const char *ns, const json_t *obj, struct api_status *status);
const json_t *store_get(const struct store *store, const char *kind,
    const char *ns, const char *name);
const json_t *store_update(struct store *store, const char *kind,
    const char *ns, const char *name, const json_t *obj, bool status_only,
    struct api_status *status);
/* Merge patch (RFC 7386); a resourceVersion in it is a precondition. */
const json_t *store_patch(struct store *store, const char *kind, const char *ns,
    const char *name, const json_t *patch, bool status_only,
    struct api_status *status);
/* True if it is deleted or being deleted; *left is the object that stays for
 * its finalizers, else NULL. uid NULL: no precondition. */
bool store_delete(struct store *store, const char *kind, const char *ns,
    const char *name, const char *uid, const json_t **left,
    struct api_status *status);

/* In order of namespace and name. selector NULL: all. Return false to stop. */
typedef bool store_visit_fn(void *ctx, const json_t *obj);
void store_each(const struct store *store, const char *kind, const char *ns,
    const char *label_selector, store_visit_fn *visit, void *ctx);
uint64_t store_version(const struct store *store);

/* Called synchronously after each mutation, in order. old NULL: ADDED; now
 * NULL: DELETED (old has the last state). */
typedef void store_watch_fn(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now);
struct store_watch;
struct store_watch *store_watch_add(
    struct store *store, store_watch_fn *fn, void *ctx);
void store_watch_remove(struct store_watch **watch);

/* Does a label selector ("a=b,c!=d,e in (x,y),!f") accept these labels? */
bool label_selector_matches(const char *selector, const json_t *labels);

/* Emit "state" and "gone" events for kinds Cluster, Machine and MaasMachine
 * under `<prefix>/object/...` (docs/events.md). */
void store_tell(struct store *store, const char *prefix);

#endif
