/*
 * cache: what a controller knows of an API: an informer over several kinds.
 *
 * It lists each kind once, then watches; a broken or expired watch is listed
 * and watched again with a back-off of 1 s doubling to 30 s. Readers get the
 * last known object; it may be stale, and every write carries its
 * resourceVersion, so staleness costs a conflict and never a wrong write.
 */
#ifndef CAPI_CACHE_H
#define CAPI_CACHE_H

#include "capi/kube.h"

struct cache;

/* now NULL: it is gone. Called after the cache was updated. */
typedef void cache_change_fn(
    void *ctx, const char *kind, const json_t *old, const json_t *now);

/* ns NULL: all namespaces. kinds is NULL-terminated, static. */
struct cache *cache_new(struct host *host, struct kube *kube, const char *ns,
    const char *const *kinds, cache_change_fn *changed, void *ctx);
void cache_free(struct cache **cache);
bool cache_synced(const struct cache *cache); /* every kind listed once */
/* Called once, when it is. */
void cache_on_synced(struct cache *cache, void (*synced)(void *ctx), void *ctx);

const json_t *cache_get(const struct cache *cache, const char *kind,
    const char *ns, const char *name); /* borrowed until the next change */
typedef bool cache_visit_fn(void *ctx, const json_t *obj); /* false: stop */
void cache_each(const struct cache *cache, const char *kind,
    cache_visit_fn *visit, void *ctx); /* by namespace and name */
size_t cache_count(const struct cache *cache, const char *kind);
/* Our own write was answered with this object: no need to wait for the watch
 * to tell us. Ignored if older than what is known. */
void cache_note(struct cache *cache, const json_t *obj);

#endif
