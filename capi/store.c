#include "capi/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/store_inside.h"

/* ---- shelves: the objects of one kind, in order ---- */

static size_t kind_index(const struct kind_info *kind)
{
	size_t count;
	const struct kind_info *first = kind_table(&count);

	check(kind >= first && kind < first + count);
	return (size_t)(kind - first);
}

struct shelf *store_shelf(
    const struct store *store, const struct kind_info *kind)
{
	return &store->shelves[kind_index(kind)];
}

static int compare(const struct entry *entry, const char *ns, const char *name)
{
	int order = strcmp(entry->ns, ns);

	return order ? order : strcmp(entry->name, name);
}

/* Where it is, or where it would have to go. */
static size_t place(
    const struct shelf *shelf, const char *ns, const char *name, bool *found)
{
	size_t low = 0, high = shelf->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(shelf->items[middle], ns, name);

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

struct entry *store_find(const struct store *store,
    const struct kind_info *kind, const char *ns, const char *name)
{
	const struct shelf *shelf = store_shelf(store, kind);
	bool found;
	size_t at = place(shelf, ns ? ns : "", name ? name : "", &found);

	return found ? shelf->items[at] : NULL;
}

static void shelf_add(
    struct shelf *shelf, const char *ns, const char *name, json_t *obj)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));
	bool found;
	size_t at = place(shelf, ns, name, &found);

	check(!found);
	entry->ns = xstrdup(ns);
	entry->name = xstrdup(name);
	entry->obj = obj;
	entry->orphan_at = -1;
	if (shelf->count == shelf->room) {
		shelf->room = shelf->room ? 2 * shelf->room : 8;
		shelf->items = xrealloc(
		    shelf->items, shelf->room * sizeof(struct entry *));
	}
	memmove(&shelf->items[at + 1], &shelf->items[at],
	    (shelf->count - at) * sizeof(struct entry *));
	shelf->items[at] = entry;
	shelf->count++;
}

static void entry_free(struct entry *entry)
{
	json_decref(entry->obj);
	free(entry->ns);
	free(entry->name);
	free(entry);
}

static void shelf_remove(struct shelf *shelf, const char *ns, const char *name)
{
	bool found;
	size_t at = place(shelf, ns, name, &found);
	struct entry *entry;

	check(found);
	entry = shelf->items[at];
	shelf->count--;
	memmove(&shelf->items[at], &shelf->items[at + 1],
	    (shelf->count - at) * sizeof(struct entry *));
	entry_free(entry);
}

/* ---- history, and those who want to hear of it ---- */

const struct change *store_change(const struct store *store, uint64_t n)
{
	check(n < store->change_count);
	if (store->change_count - n > STORE_HISTORY)
		return NULL;
	return &store->history[n % STORE_HISTORY];
}

bool store_change_after(
    const struct store *store, uint64_t version, uint64_t *n)
{
	uint64_t first = store->change_count > STORE_HISTORY
	                     ? store->change_count - STORE_HISTORY
	                     : 0;

	if (version < store->first_version)
		return false;
	for (*n = first; *n < store->change_count; (*n)++)
		if (store->history[*n % STORE_HISTORY].version > version)
			break;
	return true;
}

static void remember(
    struct store *store, const struct kind_info *kind, json_t *old, json_t *now)
{
	struct change *change =
	    &store->history[store->change_count % STORE_HISTORY];

	if (store->change_count >= STORE_HISTORY) {
		store->first_version = change->version;
		json_decref(change->old);
		json_decref(change->now);
	}
	change->kind = kind;
	change->version = store->version;
	change->old = json_incref(old);
	change->now = json_incref(now);
	store->change_count++;
	/* Somebody who mutates in answer to each mutation goes in circles. */
	check(store->change_count - store->told_count < STORE_HISTORY);
}

static void drop_removed_watches(struct store *store)
{
	struct store_watch **at = &store->watches;

	while (*at) {
		struct store_watch *watch = *at;

		if (watch->fn) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		free(watch);
	}
}

/* A watcher may itself change something: it is told after this one, so that
 * everybody hears of all changes in the same order. */
static void tell(struct store *store)
{
	if (store->telling)
		return;
	store->telling = true;
	while (store->told_count < store->change_count) {
		uint64_t n = store->told_count++;
		struct change change =
		    store->history[n % STORE_HISTORY]; /* watchers move it */

		json_incref(change.old);
		json_incref(change.now);
		for (struct store_watch *w = store->watches; w; w = w->next)
			if (w->fn && w->from <= n)
				w->fn(w->ctx, change.kind, change.old,
				    change.now);
		json_decref(change.old);
		json_decref(change.now);
	}
	store->telling = false;
	drop_removed_watches(store);
}

struct store_watch *store_watch_add(
    struct store *store, store_watch_fn *fn, void *ctx)
{
	struct store_watch *watch = xcalloc(1, sizeof(*watch));
	struct store_watch **at = &store->watches;

	check(fn);
	*watch = (struct store_watch){
		.store = store,
		.fn = fn,
		.ctx = ctx,
		.from = store->change_count,
	};
	while (*at)
		at = &(*at)->next;
	*at = watch;
	return watch;
}

void store_watch_remove(struct store_watch **watch)
{
	struct store *store;

	if (!*watch)
		return;
	store = (*watch)->store;
	(*watch)->fn = NULL;
	*watch = NULL;
	if (!store->telling)
		drop_removed_watches(store);
}

/* ---- the one way anything changes ---- */

static json_t *with_version(json_t *obj, uint64_t version)
{
	json_t *metadata = json_copy(json_object_get(obj, "metadata"));
	char text[32];

	check(metadata);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)version);
	json_object_set_new(metadata, "resourceVersion", json_string(text));
	json_object_set_new(obj, "metadata", metadata);
	return obj;
}

static void forget_unsure(struct store *store)
{
	for (size_t i = 0; i < store->unsure_count; i++) {
		free(store->unsure[i].ns);
		free(store->unsure[i].name);
	}
	free(store->unsure);
	store->unsure = NULL;
	store->unsure_count = 0;
}

static void add_unsure(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name)
{
	struct unsure *last;

	store->unsure = xrealloc(
	    store->unsure, (store->unsure_count + 1) * sizeof(struct unsure));
	last = &store->unsure[store->unsure_count++];
	*last = (struct unsure){ kind, xstrdup(ns), xstrdup(name) };
}

/* What failed writes left in doubt is written again in the same transaction,
 * as it is here, and then what is new. */
static bool write_through(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name, const json_t *now, struct err *err)
{
	size_t count = store->unsure_count;
	struct store_row *rows = xcalloc(count + 1, sizeof(*rows));
	bool done;

	for (size_t i = 0; i < count; i++) {
		const struct unsure *u = &store->unsure[i];
		const struct entry *entry = store_find(
		    store, u->kind, u->ns, u->name);

		rows[i] = (struct store_row){ u->kind->kind, u->ns, u->name,
			entry ? entry->obj : NULL };
	}
	rows[count] = (struct store_row){ kind->kind, ns, name, now };
	done = store->write(
	    store->file, rows, count + 1, store->version + 1, err);
	if (done)
		forget_unsure(store);
	else
		add_unsure(store, kind, ns, name);
	free(rows);
	return done;
}

static bool keep(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name, const json_t *now,
    struct api_status *status)
{
	struct err err;

	if (!store->file || write_through(store, kind, ns, name, now, &err))
		return true;
	log_error(store->host, "store: %s %s was not changed: %s", kind->kind,
	    name, err.text);
	return store_refuse(status, 500, "InternalError", NULL, NULL,
	    "Internal error occurred: %s", err.text);
}

const json_t *store_commit(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name, json_t *now, struct api_status *status)
{
	struct shelf *shelf = store_shelf(store, kind);
	struct entry *entry = store_find(store, kind, ns, name);
	json_t *old = entry ? json_incref(entry->obj) : NULL;
	json_t *result;

	check(now || entry);
	result = now ? now : json_copy(old);
	with_version(result, store->version + 1);
	if (!keep(store, kind, ns, name, now, status)) {
		json_decref(old);
		json_decref(result);
		return NULL;
	}
	store->version++;
	if (now)
		remember(store, kind, old, now);
	else
		remember(store, kind, result, NULL);
	if (!now)
		shelf_remove(shelf, ns, name);
	else if (!entry)
		shelf_add(shelf, ns, name, json_incref(now));
	else {
		json_decref(entry->obj);
		entry->obj = json_incref(now);
	}
	json_decref(old);
	/* From here on history, and usually the shelf, hold it. */
	json_decref(result);
	if (!now) /* it may have owned something, or been the last */
		store_collect_soon(store);
	tell(store);
	return result;
}

/* ---- life ---- */

void store_make_namespaces(struct store *store)
{
	static const char *const names[] = { "default", "kube-node-lease",
		"kube-public", "kube-system" };
	const struct kind_info *kind = kind_named("Namespace");
	struct api_status status = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *space = json_object();

		jsets(space, "metadata.name", names[i]);
		if (!store_find(store, kind, "", names[i]))
			store_create(store, "Namespace", NULL, space, &status);
		json_decref(space);
		api_status_free(&status);
	}
}

struct store *store_bare(struct host *host)
{
	struct store *store = xcalloc(1, sizeof(*store));
	size_t count;

	check(host);
	kind_table(&count);
	store->host = host;
	store->shelves = xcalloc(count, sizeof(struct shelf));
	timer_init(&store->collect, store_collect);
	return store;
}

struct store *store_new(struct host *host)
{
	struct store *store = store_bare(host);

	store_make_namespaces(store);
	return store;
}

void store_add_loaded(
    struct store *store, const struct kind_info *kind, json_t *obj)
{
	shelf_add(store_shelf(store, kind), jstr(obj, "metadata.namespace"),
	    jstr(obj, "metadata.name"), obj);
}

static void free_history(struct store *store)
{
	size_t count = store->change_count < STORE_HISTORY
	                   ? (size_t)store->change_count
	                   : STORE_HISTORY;

	for (size_t i = 0; i < count; i++) {
		json_decref(store->history[i].old);
		json_decref(store->history[i].now);
	}
}

/* Watches are not told: who frees a store has taken its watches away, or
 * frees them right after. */
void store_free(struct store **store)
{
	struct store *s = *store;
	size_t count;

	if (!s)
		return;
	check(!s->telling);
	check(!s->streams);
	timer_cancel(&s->collect);
	store_tell(s, NULL);
	while (s->watches) {
		struct store_watch *watch = s->watches;

		s->watches = watch->next;
		free(watch);
	}
	free_history(s);
	kind_table(&count);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < s->shelves[i].count; j++)
			entry_free(s->shelves[i].items[j]);
		free(s->shelves[i].items);
	}
	free(s->shelves);
	forget_unsure(s);
	if (s->file)
		s->close(&s->file);
	free(s);
	*store = NULL;
}

/* ---- reading ---- */

const json_t *store_get(const struct store *store, const char *kind,
    const char *ns, const char *name)
{
	const struct kind_info *info = kind_named(kind);
	const struct entry *entry;

	if (!info)
		return NULL;
	entry = store_find(store, info, info->namespaced ? ns : "", name);
	return entry ? entry->obj : NULL;
}

/* The objects are held while they are visited, so a visitor may change them,
 * and what it sees is the state at the beginning. */
void store_each(const struct store *store, const char *kind, const char *ns,
    const char *label_selector, store_visit_fn *visit, void *ctx)
{
	const struct kind_info *info = kind_named(kind);
	const struct shelf *shelf;
	json_t *seen;

	if (!info)
		return;
	shelf = store_shelf(store, info);
	seen = json_array();
	for (size_t i = 0; i < shelf->count; i++)
		if (!ns || strcmp(shelf->items[i]->ns, ns) == 0)
			json_array_append(seen, shelf->items[i]->obj);
	for (size_t i = 0; i < json_array_size(seen); i++) {
		const json_t *obj = json_array_get(seen, i);

		if (label_selector_matches(
		        label_selector, jget(obj, "metadata.labels")) &&
		    !visit(ctx, obj))
			break;
	}
	json_decref(seen);
}

uint64_t store_version(const struct store *store)
{
	return store->version;
}
