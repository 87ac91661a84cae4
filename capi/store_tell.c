/*
 * The events of a store: "state" and "gone" of the kinds that claims and laws
 * speak of, and only when what they show has changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/store_inside.h"

struct store_teller {
	struct store *store;
	char *prefix;
	struct store_watch *watch;
};

struct seen {
	const char *paused, *phase, *cluster, *deleting, *uid;
};

static bool is_told(const struct kind_info *kind)
{
	return strcmp(kind->kind, "Cluster") == 0 ||
	       strcmp(kind->kind, "Machine") == 0 ||
	       strcmp(kind->kind, "MaasMachine") == 0;
}

static const char *phase_of(const struct kind_info *kind, const json_t *obj)
{
	if (strcmp(kind->kind, "MaasMachine") == 0)
		return jstr(obj, "status.machineState");
	return jstr(obj, "status.phase");
}

static struct seen look(const struct kind_info *kind, const json_t *obj)
{
	bool is_cluster = strcmp(kind->kind, "Cluster") == 0;

	return (struct seen){
		.paused = !is_cluster                 ? ""
		          : jbool(obj, "spec.paused") ? "yes"
		                                      : "no",
		.phase = phase_of(kind, obj),
		.cluster =
		    is_cluster
		        ? jstr(obj, "metadata.name")
		        : jstr(obj,
		              "metadata.labels[cluster.x-k8s.io/cluster-name]"),
		.deleting = jhas(obj, "metadata.deletionTimestamp") ? "yes"
		                                                    : "no",
		.uid = jstr(obj, "metadata.uid"),
	};
}

static bool looks_the_same(const struct seen *a, const struct seen *b)
{
	return strcmp(a->paused, b->paused) == 0 &&
	       strcmp(a->phase, b->phase) == 0 &&
	       strcmp(a->cluster, b->cluster) == 0 &&
	       strcmp(a->deleting, b->deleting) == 0 &&
	       strcmp(a->uid, b->uid) == 0;
}

static char *thing(const struct store_teller *teller,
    const struct kind_info *kind, const json_t *obj)
{
	return xasprintf("%s/object/%s/%s/%s", teller->prefix, kind->kind,
	    jstr(obj, "metadata.namespace"), jstr(obj, "metadata.name"));
}

static void say(void *ctx, const struct kind_info *kind, const json_t *old,
    const json_t *now)
{
	const struct store_teller *teller = ctx;
	struct host *host = teller->store->host;
	struct seen before, after;
	char *about;

	if (!is_told(kind) || host->dead)
		return;
	if (old && now) {
		before = look(kind, old);
		after = look(kind, now);
		if (looks_the_same(&before, &after))
			return;
	}
	about = thing(teller, kind, now ? now : old);
	if (now) {
		after = look(kind, now);
		EVENT(host->events, "state", host->name, about,
		    F("paused", after.paused), F("phase", after.phase),
		    F("cluster", after.cluster), F("deleting", after.deleting),
		    F("uid", after.uid));
	} else {
		EVENT(host->events, "gone", host->name, about,
		    F("uid", jstr(old, "metadata.uid")));
	}
	free(about);
}

static void say_what_is(const struct store_teller *teller)
{
	size_t count;
	const struct kind_info *kinds = kind_table(&count);

	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < teller->store->shelves[k].count; i++)
			say((void *)(uintptr_t)teller, &kinds[k], NULL,
			    teller->store->shelves[k].items[i]->obj);
}

void store_tell(struct store *store, const char *prefix)
{
	struct store_teller *teller = store->teller;

	if (teller) {
		store_watch_remove(&teller->watch);
		free(teller->prefix);
		free(teller);
		store->teller = NULL;
	}
	if (!prefix)
		return;
	teller = xcalloc(1, sizeof(*teller));
	teller->store = store;
	teller->prefix = xstrdup(prefix);
	teller->watch = store_watch_add(store, say, teller);
	store->teller = teller;
	say_what_is(teller);
}
