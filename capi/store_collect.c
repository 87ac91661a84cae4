/*
 * What a server does by itself some seconds after something went: dependents
 * whose owners are all gone, and what is in a namespace that is going.
 *
 * An owner is gone if no object with its uid is in the dependent's namespace
 * or above namespaces: an ownerReference with a wrong uid is a dead owner, and
 * its object is collected (invariant I6 is about that). Each object has a grace
 * of GRACE_FOR from when its owners were first seen to be gone.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/owner.h"
#include "capi/store_inside.h"

#define GRACE_FOR SECONDS(5)

struct known {
	const char *uid, *ns;
};
struct known_list {
	struct known *items;
	size_t count;
};

void store_collect_soon(struct store *store)
{
	if (!timer_is_set(&store->collect) && !store->host->dead)
		timer_set(&store->collect, store->host->loop, GRACE_FOR);
}

static int by_uid(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int order = strcmp(x->uid, y->uid);

	return order ? order : strcmp(x->ns, y->ns);
}

static struct known_list all_uids(const struct store *store)
{
	struct known_list list = { 0 };
	size_t kinds, room = 0;

	kind_table(&kinds);
	for (size_t k = 0; k < kinds; k++)
		room += store->shelves[k].count;
	list.items = xcalloc(room ? room : 1, sizeof(struct known));
	for (size_t k = 0; k < kinds; k++)
		for (size_t i = 0; i < store->shelves[k].count; i++) {
			const struct entry *e = store->shelves[k].items[i];

			list.items[list.count++] = (struct known){
				jstr(e->obj, "metadata.uid"), e->ns
			};
		}
	qsort(list.items, list.count, sizeof(struct known), by_uid);
	return list;
}

static bool lives(
    const struct known_list *list, const char *uid, const char *ns)
{
	struct known here = { uid, ns }, above = { uid, "" };

	return bsearch(&here, list->items, list->count, sizeof(here), by_uid) ||
	       bsearch(&above, list->items, list->count, sizeof(above), by_uid);
}

static bool is_orphan(const struct known_list *list, const struct entry *entry)
{
	const json_t *refs = jget(entry->obj, "metadata.ownerReferences");

	for (size_t i = 0; i < json_array_size(refs); i++)
		if (lives(
		        list, jstr(json_array_get(refs, i), "uid"), entry->ns))
			return false;
	return json_array_size(refs) > 0;
}

static bool is_terminating(const struct store *store, const char *ns)
{
	const struct entry *space = store_find(
	    store, kind_named("Namespace"), "", ns);

	return *ns && space && jhas(space->obj, "metadata.deletionTimestamp");
}

/* Is it this object's time? Also notes since when it is an orphan. */
static bool is_due(const struct store *store, const struct known_list *list,
    struct entry *entry, bool *again)
{
	usec now = loop_now(store->host->loop);

	if (jhas(entry->obj, "metadata.deletionTimestamp"))
		return false;
	if (is_terminating(store, entry->ns))
		return true;
	if (!is_orphan(list, entry)) {
		entry->orphan_at = -1;
		return false;
	}
	if (entry->orphan_at < 0)
		entry->orphan_at = now;
	if (now - entry->orphan_at >= GRACE_FOR)
		return true;
	*again = true;
	return false;
}

struct doomed {
	const struct kind_info *kind;
	json_t *obj;
};

static void delete_all(
    struct store *store, struct doomed *doomed, size_t count, bool *again)
{
	struct api_status status = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (!store_delete(store, doomed[i].kind->kind,
		        jstr(doomed[i].obj, "metadata.namespace"),
		        jstr(doomed[i].obj, "metadata.name"),
		        jstr(doomed[i].obj, "metadata.uid"), NULL, &status) &&
		    status.code >= 500)
			*again = true; /* the disk said no: try later */
		api_status_free(&status);
		json_decref(doomed[i].obj);
	}
}

static bool is_empty(const struct store *store, const char *ns)
{
	size_t kinds;

	kind_table(&kinds);
	for (size_t k = 0; k < kinds; k++)
		for (size_t i = 0; i < store->shelves[k].count; i++)
			if (strcmp(store->shelves[k].items[i]->ns, ns) == 0)
				return false;
	return true;
}

/* A namespace that is going and empty goes. One per call; true if one did. */
static bool drop_namespace(struct store *store)
{
	const struct kind_info *kind = kind_named("Namespace");
	const struct shelf *shelf = store_shelf(store, kind);
	struct api_status status = { 0 };
	bool went = false;

	for (size_t i = 0; i < shelf->count && !went; i++) {
		const struct entry *e = shelf->items[i];
		char *name;

		if (!jhas(e->obj, "metadata.deletionTimestamp") ||
		    jlen(e->obj, "metadata.finalizers") ||
		    !is_empty(store, e->name))
			continue;
		name = xstrdup(e->name);
		went = store_commit(store, kind, "", name, NULL, &status);
		free(name);
		if (!went)
			break;
	}
	api_status_free(&status);
	return went;
}

void store_collect(struct timer *timer)
{
	struct store *store = OWNER_OF(timer, struct store, collect);
	struct known_list list;
	struct doomed *doomed;
	size_t kinds, count = 0;
	bool again = false;

	if (store->host->dead)
		return;
	list = all_uids(store);
	doomed = xcalloc(list.count ? list.count : 1, sizeof(*doomed));
	for (size_t k = 0; k < (kind_table(&kinds), kinds); k++)
		for (size_t i = 0; i < store->shelves[k].count; i++) {
			struct entry *e = store->shelves[k].items[i];

			if (is_due(store, &list, e, &again))
				doomed[count++] =
				    (struct doomed){ kind_table(&kinds) + k,
					    json_incref(e->obj) };
		}
	free(list.items);
	delete_all(store, doomed, count, &again);
	free(doomed);
	while (drop_namespace(store))
		;
	if (again || count)
		store_collect_soon(store);
}
