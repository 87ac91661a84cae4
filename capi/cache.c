#include "capi/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"

#define FIRST_WAIT SECONDS(1)
#define LAST_WAIT  SECONDS(30)
/* A watch that lived this long was a good one. */
#define GOOD_FOR SECONDS(10)

/* One kind: listed, then watched; after a failure, after a while, again. */
struct informer {
	struct cache *cache;
	const struct kind_info *kind;
	json_t **items; /* by namespace and name */
	size_t count, room;
	uint64_t version; /* everything up to here has been heard */
	bool listed;
	struct kube_call *list;
	struct kube_watch *watch;
	usec watched_at;
	struct timer again;
	usec wait_for; /* 0: nothing has gone wrong lately */
};

struct cache {
	struct host *host;
	struct kube *kube;
	char *ns; /* NULL: all */
	struct informer *informers;
	size_t informer_count;
	cache_change_fn *changed;
	void *ctx;
	void (*synced)(void *ctx); /* NULL: nobody is to be told, or was */
	void *synced_ctx;
	bool *freed; /* set when it goes while it is telling; or NULL */
};

static void start_list(struct informer *in);

static uint64_t version_of(const json_t *obj)
{
	return strtoull(jstr(obj, "metadata.resourceVersion"), NULL, 10);
}

static int compare(const json_t *obj, const char *ns, const char *name)
{
	int order = strcmp(jstr(obj, "metadata.namespace"), ns);

	return order ? order : strcmp(jstr(obj, "metadata.name"), name);
}

static size_t place(
    const struct informer *in, const char *ns, const char *name, bool *found)
{
	size_t low = 0, high = in->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(in->items[middle], ns, name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Tells, and answers whether the cache is still there. Both are held. */
static bool tell(struct informer *in, json_t *old, json_t *now)
{
	struct cache *cache = in->cache;
	bool freed = false, *outer = cache->freed;

	if (!cache->changed)
		return true;
	json_incref(old);
	json_incref(now);
	cache->freed = &freed;
	cache->changed(cache->ctx, in->kind->kind, old, now);
	if (freed && outer)
		*outer = true;
	if (!freed)
		cache->freed = outer;
	json_decref(old);
	json_decref(now);
	return !freed;
}

static bool put(struct informer *in, json_t *obj)
{
	bool found, goes_on;
	size_t at = place(in, jstr(obj, "metadata.namespace"),
	    jstr(obj, "metadata.name"), &found);
	json_t *old = found ? in->items[at] : NULL;

	if (old && version_of(old) == version_of(obj) &&
	    strcmp(jstr(old, "metadata.uid"), jstr(obj, "metadata.uid")) == 0)
		return true;
	if (!found) {
		if (in->count == in->room) {
			in->room = in->room ? 2 * in->room : 8;
			in->items = xrealloc(
			    in->items, in->room * sizeof(json_t *));
		}
		memmove(&in->items[at + 1], &in->items[at],
		    (in->count - at) * sizeof(json_t *));
		in->count++;
	}
	in->items[at] = json_incref(obj);
	goes_on = tell(in, old, obj);
	json_decref(old);
	return goes_on;
}

static bool drop(struct informer *in, size_t at)
{
	json_t *old = in->items[at];
	bool goes_on;

	in->count--;
	memmove(&in->items[at], &in->items[at + 1],
	    (in->count - at) * sizeof(json_t *));
	goes_on = tell(in, old, NULL);
	json_decref(old);
	return goes_on;
}

static bool drop_named(struct informer *in, const json_t *obj)
{
	bool found;
	size_t at = place(in, jstr(obj, "metadata.namespace"),
	    jstr(obj, "metadata.name"), &found);

	/* We may have noted a younger one of the same name. */
	if (!found || version_of(in->items[at]) > version_of(obj))
		return true;
	return drop(in, at);
}

/* ---- the watch ---- */

static void try_again(struct informer *in, bool at_once)
{
	usec wait_for = in->wait_for;

	if (at_once && !wait_for) {
		in->wait_for = FIRST_WAIT;
		timer_set(&in->again, in->cache->host->loop, 0);
		return;
	}
	in->wait_for = wait_for ? 2 * wait_for : FIRST_WAIT;
	if (in->wait_for > LAST_WAIT)
		in->wait_for = LAST_WAIT;
	timer_set(&in->again, in->cache->host->loop,
	    wait_for ? wait_for : FIRST_WAIT);
}

/* The watch comes after the answer to our own write (cache_note): what it
 * tells of the time before must not undo what we know. */
static bool is_outdated(const struct informer *in, const json_t *obj)
{
	bool found;
	size_t at = place(in, jstr(obj, "metadata.namespace"),
	    jstr(obj, "metadata.name"), &found);

	return found && version_of(in->items[at]) > version_of(obj);
}

static void heard_event(void *ctx, const char *type, const json_t *seen)
{
	struct informer *in = ctx;
	json_t *obj = (json_t *)(uintptr_t)seen;
	uint64_t version = version_of(obj);

	in->wait_for = 0;
	if (version > in->version)
		in->version = version;
	if (strcmp(type, "BOOKMARK") == 0)
		return;
	json_incref(obj);
	if (strcmp(type, "DELETED") == 0)
		drop_named(in, obj);
	else if (!is_outdated(in, obj))
		put(in, obj);
	json_decref(obj);
}

static void start_watch(struct informer *in);

static void watch_ended(void *ctx, const struct err *err, bool expired)
{
	struct informer *in = ctx;
	usec now = loop_now(in->cache->host->loop);
	bool was_good = now - in->watched_at >= GOOD_FOR;

	in->watch = NULL;
	if (was_good)
		in->wait_for = 0;
	if (!err && was_good) {
		start_watch(in);
		return;
	}
	try_again(in, expired);
}

static void start_watch(struct informer *in)
{
	static const struct kube_watch_handler handler = { heard_event,
		watch_ended };

	in->watched_at = loop_now(in->cache->host->loop);
	in->watch = kube_watch_start(in->cache->kube, in->kind->kind,
	    in->cache->ns, in->version, &handler, in);
}

/* ---- the list ---- */

/* All uids of a list, as the keys of an object. */
static json_t *uids_of(const json_t *items)
{
	json_t *uids = json_object();

	for (size_t i = 0; i < json_array_size(items); i++)
		json_object_set_new(uids,
		    jstr(json_array_get(items, i), "metadata.uid"),
		    json_true());
	return uids;
}

/* What is not in the list any more went while we did not look. */
static bool drop_unlisted(struct informer *in, const json_t *items)
{
	json_t *uids = uids_of(items);
	bool goes_on = true;

	for (size_t i = in->count; goes_on && i-- > 0;)
		if (!json_object_get(uids, jstr(in->items[i], "metadata.uid")))
			goes_on = drop(in, i);
	json_decref(uids);
	return goes_on;
}

static bool take_list(struct informer *in, const json_t *list)
{
	json_t *items = jget(list, "items");

	if (!drop_unlisted(in, items))
		return false;
	for (size_t i = 0; i < json_array_size(items); i++)
		if (!put(in, json_array_get(items, i)))
			return false;
	return true;
}

/* Objects in a list may leave out what the list says of them all. */
static json_t *with_kinds(const struct informer *in, const json_t *list)
{
	json_t *copy = json_clone(list);
	json_t *items = jget(copy, "items");
	char version[96];

	kind_api_version(in->kind, version, sizeof(version));
	for (size_t i = 0; i < json_array_size(items); i++) {
		jsets(json_array_get(items, i), "apiVersion", version);
		jsets(json_array_get(items, i), "kind", in->kind->kind);
	}
	return copy;
}

/* May free the cache. */
static void tell_synced(struct cache *cache)
{
	void (*synced)(void *ctx) = cache->synced;

	if (!synced || !cache_synced(cache))
		return;
	cache->synced = NULL;
	synced(cache->synced_ctx);
}

static void heard_list(void *ctx, const struct kube_answer *answer)
{
	struct informer *in = ctx;
	json_t *list;

	in->list = NULL;
	if (answer->status != 200 ||
	    !json_is_array(jget(answer->body, "items"))) {
		try_again(in, false);
		return;
	}
	in->version = version_of(answer->body);
	in->listed = true;
	list = with_kinds(in, answer->body);
	if (take_list(in, list)) {
		start_watch(in);
		tell_synced(in->cache);
	}
	json_decref(list);
}

static void start_list(struct informer *in)
{
	in->list = kube_list(in->cache->kube, in->kind->kind, in->cache->ns,
	    NULL, heard_list, in);
}

static void again(struct timer *timer)
{
	struct informer *in = OWNER_OF(timer, struct informer, again);

	if (!in->cache->host->dead)
		start_list(in);
}

/* ---- life ---- */

static void informer_init(
    struct informer *in, struct cache *cache, const char *kind)
{
	in->cache = cache;
	in->kind = kind_named(kind);
	check(in->kind);
	timer_init(&in->again, again);
	start_list(in);
}

struct cache *cache_new(struct host *host, struct kube *kube, const char *ns,
    const char *const *kinds, cache_change_fn *changed, void *ctx)
{
	struct cache *cache = xcalloc(1, sizeof(*cache));

	*cache = (struct cache){
		.host = host,
		.kube = kube,
		.ns = xstrdup(ns),
		.changed = changed,
		.ctx = ctx,
	};
	while (kinds[cache->informer_count])
		cache->informer_count++;
	cache->informers = xcalloc(
	    cache->informer_count, sizeof(struct informer));
	for (size_t i = 0; i < cache->informer_count; i++)
		informer_init(&cache->informers[i], cache, kinds[i]);
	return cache;
}

void cache_free(struct cache **cache)
{
	struct cache *c = *cache;

	if (!c)
		return;
	if (c->freed)
		*c->freed = true;
	for (size_t i = 0; i < c->informer_count; i++) {
		struct informer *in = &c->informers[i];

		kube_cancel(&in->list);
		kube_watch_stop(&in->watch);
		timer_cancel(&in->again);
		for (size_t j = 0; j < in->count; j++)
			json_decref(in->items[j]);
		free(in->items);
	}
	free(c->informers);
	free(c->ns);
	free(c);
	*cache = NULL;
}

/* ---- reading ---- */

static struct informer *informer_of(const struct cache *cache, const char *kind)
{
	for (size_t i = 0; i < cache->informer_count; i++)
		if (strcmp(cache->informers[i].kind->kind, kind) == 0)
			return &cache->informers[i];
	return NULL;
}

bool cache_synced(const struct cache *cache)
{
	for (size_t i = 0; i < cache->informer_count; i++)
		if (!cache->informers[i].listed)
			return false;
	return true;
}

void cache_on_synced(struct cache *cache, void (*synced)(void *ctx), void *ctx)
{
	check(!cache_synced(cache));
	cache->synced = synced;
	cache->synced_ctx = ctx;
}

const json_t *cache_get(const struct cache *cache, const char *kind,
    const char *ns, const char *name)
{
	const struct informer *in = informer_of(cache, kind);
	bool found;
	size_t at;

	check(in);
	at = place(in, in->kind->namespaced && ns ? ns : "", name, &found);
	return found ? in->items[at] : NULL;
}

/* Visitors see the state at the beginning, and may change it. */
void cache_each(const struct cache *cache, const char *kind,
    cache_visit_fn *visit, void *ctx)
{
	const struct informer *in = informer_of(cache, kind);
	json_t *all = json_array();
	size_t i;

	check(in);
	for (i = 0; i < in->count; i++)
		json_array_append(all, in->items[i]);
	for (i = 0; i < json_array_size(all); i++)
		if (!visit(ctx, json_array_get(all, i)))
			break;
	json_decref(all);
}

size_t cache_count(const struct cache *cache, const char *kind)
{
	const struct informer *in = informer_of(cache, kind);

	check(in);
	return in->count;
}

void cache_note(struct cache *cache, const json_t *obj)
{
	struct informer *in = informer_of(cache, jstr(obj, "kind"));
	bool found;
	size_t at;
	json_t *copy;

	if (!in || !*jstr(obj, "metadata.name"))
		return;
	at = place(in, jstr(obj, "metadata.namespace"),
	    jstr(obj, "metadata.name"), &found);
	/* What we do not know, and is older than what we have heard, is gone.
	 */
	if (version_of(obj) <=
	    (found ? version_of(in->items[at]) : in->version))
		return;
	copy = json_clone(obj);
	put(in, copy);
	json_decref(copy);
}
