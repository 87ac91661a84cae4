/* Laws about clusters, their objects and what is to be done with them. */
#include "harness/laws_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "harness/kinds.h"

/* ---- copies of a cluster's objects ---- */

struct copies {
	const char *cluster;
	int unpaused, all;
	struct buf where;
};

static bool count_copy(void *ctx, const struct view_thing *thing)
{
	struct copies *copies = ctx;

	if (!name_after(thing->name, "/object/Cluster/") ||
	    strcmp(view_attribute(thing, "cluster"), copies->cluster) != 0)
		return true;
	copies->all++;
	if (strcmp(view_attribute(thing, "paused"), "yes") == 0)
		return true;
	copies->unpaused++;
	buf_addf(&copies->where, "%s%.*s", copies->where.len ? " and " : "",
	    (int)(strstr(thing->name, "/object/") - thing->name), thing->name);
	return true;
}

static void judge_copies(struct judge *judge, const char *cluster)
{
	struct copies copies = { .cluster = cluster };

	view_each(judge->view, "pcg/", count_copy, &copies);
	view_each(judge->view, "cluster/", count_copy, &copies);
	if (copies.unpaused > 1)
		law_broken(judge, cluster,
		    "the objects of cluster/%s are unpaused in %s at the same "
		    "time",
		    cluster, buf_text(&copies.where));
	if (copies.all == 0 && palette_says(judge, cluster, "Running"))
		law_broken(judge, cluster,
		    "no copy of the objects of cluster/%s is left anywhere",
		    cluster);
	buf_free(&copies.where);
}

void one_copy_hear(struct judge *judge, const struct event *event)
{
	if (name_after(event->about, "/object/Cluster/") &&
	    (law_is_state(event) || strcmp(event->kind, "gone") == 0))
		judge->copies_touched = true;
}

void one_copy_settle(struct judge *judge)
{
	const struct scenario *s = judge->scenario;

	if (!judge->copies_touched || !s)
		return;
	judge->copies_touched = false;
	for (size_t i = 0; i < s->thing_count; i++)
		if (strcmp(s->things[i].kind->name, "cluster") == 0)
			judge_copies(judge, s->things[i].name);
}

static bool between(const char *a, const char *b, const char **cluster)
{
	if (strncmp(a, "pcg/", 4) != 0 || strncmp(b, "cluster/", 8) != 0)
		return false;
	*cluster = b + 8;
	return true;
}

void out_of_the_way(struct judge *judge, const struct event *event)
{
	const char *client = event->actor, *server = event->about;
	const char *cluster;
	const struct view_thing *thing;
	char name[100];

	if (strcmp(event->kind, "exchange") != 0 ||
	    (!between(client, server, &cluster) &&
	        !between(server, client, &cluster)))
		return;
	snprintf(
	    name, sizeof(name), "%.*s", (int)strcspn(cluster, "/"), cluster);
	thing = palette_cluster(judge, name, "");
	if (strcmp(view_attribute(thing, "handed_over"), "yes") != 0 ||
	    strcmp(view_attribute(thing, "state"), "Running") != 0)
		return;
	law_broken(judge, name,
	    "%s called %s (%s) although cluster/%s runs by "
	    "itself",
	    client, server, event_text(event, "op"), name);
}

/* ---- instructions ---- */

void deletion_follows_reference(struct judge *judge, const struct event *event)
{
	const struct view_thing *cluster;
	const char *to = event_text(event, "gateway"), *refers;

	if (!law_is_state(event) ||
	    !name_after(event->about, "/instruction/") ||
	    !begins(event->about, "palette/") ||
	    strcmp(event_text(event, "order"), "ClusterDelete") != 0 ||
	    strcmp(event_text(event, "state"), "open") != 0)
		return;
	cluster = palette_cluster(judge, event_text(event, "cluster"), "");
	refers = view_attribute(cluster, "gateway");
	if (*refers && strcmp(refers, to) != 0)
		law_broken(judge, event->about,
		    "the deletion of cluster/%s was given to %s, but the "
		    "cluster refers to %s",
		    event_text(event, "cluster"), to, refers);
}

static bool instruction_open(void *ctx, const struct view_thing *thing)
{
	struct judge *judge = ctx;
	const struct view_thing *cluster;
	const char *name = view_attribute(thing, "cluster");

	if (!name_after(thing->name, "/instruction/") || !*name ||
	    strcmp(view_attribute(thing, "state"), "open") != 0)
		return true;
	cluster = palette_cluster(judge, name, "");
	if (*view_attribute(cluster, "waiting"))
		return true;
	law_broken(judge, thing->name,
	    "%s for cluster/%s is still open at the end, and nothing says "
	    "what it waits for",
	    view_attribute(thing, "order"), name);
	return true;
}

void carried_out_or_waiting(struct judge *judge)
{
	view_each(judge->view, "palette/", instruction_open, judge);
}

/* What the engine writes down of an instruction: the newest generation that
 * it was done in, and by whom. */
void carried_out_once(struct judge *judge, const struct event *event)
{
	const char *id = name_after(event->about, "/instruction/");
	const char *state = event_text(event, "state");
	long long generation = event_number(event, "generation"), done_in = 0;
	char *key, who[100] = "";

	if (!law_is_state(event) || !id || !begins(event->about, "pcg/"))
		return;
	key = xasprintf("done %s", id);
	sscanf(law_recall(judge, key), "%lld %99s", &done_in, who);
	if (done_in >= generation && strcmp(state, "done") != 0 &&
	    strcmp(state, "dropped") != 0)
		law_broken(judge, event->about,
		    "%s (generation %lld) is %s at %s, although %s had carried "
		    "it out",
		    id, generation, state, event->actor, who);
	if (done_in >= generation && strcmp(state, "done") == 0 &&
	    strcmp(who, event->actor) != 0)
		law_broken(judge, event->about,
		    "%s (generation %lld) was carried out by %s and by %s", id,
		    generation, who, event->actor);
	if (done_in < generation && strcmp(state, "done") == 0) {
		char *text = xasprintf("%lld %s", generation, event->actor);

		free(law_remember(judge, key, text));
		free(text);
	}
	free(key);
}

/* ---- a running cluster ---- */

void stays_running(struct judge *judge, const struct event *event)
{
	const char *state, *name;
	char *was;

	if (!law_is_state(event) || !begins(event->about, "palette/"))
		return;
	name = name_after(event->about, "/cluster/");
	if (!name)
		return;
	state = event_text(event, "state");
	was = law_remember(judge, event->about, state);
	if (strcmp(was, "Running") == 0 && strcmp(state, "Running") != 0 &&
	    strcmp(state, "Deleting") != 0 && strcmp(state, "Deleted") != 0)
		law_broken(judge, event->about,
		    "cluster/%s was Running and is %s", name, state);
	free(was);
}

struct managed {
	struct judge *judge;
	const char *cluster;
	unsigned inside;
};

static bool count_inside(void *ctx, const struct view_thing *thing)
{
	struct managed *managed = ctx;

	if (name_after(thing->name, "/object/Cluster/") &&
	    strcmp(view_attribute(thing, "cluster"), managed->cluster) == 0 &&
	    strcmp(view_attribute(thing, "paused"), "yes") != 0)
		managed->inside++;
	return true;
}

static bool is_managed(void *ctx, const struct view_thing *thing)
{
	struct judge *judge = ctx;
	const char *name = name_after(thing->name, "/cluster/");
	struct managed managed = { judge, name, 0 };

	if (!name || strcmp(view_attribute(thing, "state"), "Running") != 0 ||
	    strcmp(view_attribute(thing, "handed_over"), "yes") != 0)
		return true;
	view_each(judge->view, "cluster/", count_inside, &managed);
	if (managed.inside == 0)
		law_broken(judge, name,
		    "cluster/%s is Running and was handed over, but it holds "
		    "no unpaused copy of its own objects",
		    name);
	return true;
}

void stays_managed(struct judge *judge)
{
	view_each(judge->view, "palette/", is_managed, judge);
}

/* Did something happen to the machine, the API server or a cable lately, that
 * a node may be lost by? */
void nodes_stay(struct judge *judge, const struct event *event)
{
	const char *node = name_after(event->about, "/node/");
	const char *ready = event_text(event, "ready");
	char *was, cluster[100], machine[80];
	bool lost;

	if (!node || !begins(event->about, "cluster/") ||
	    (!law_is_state(event) && !law_is_kind(event, "gone")))
		return;
	/* One that is gone, and one of its name later, are two. */
	was = law_remember(
	    judge, event->about, law_is_state(event) ? ready : "");
	lost = law_is_state(event) && strcmp(was, "True") == 0 &&
	       strcmp(ready, "True") != 0;
	free(was);
	snprintf(cluster, sizeof(cluster), "%.*s",
	    (int)strcspn(event->about + 8, "/"), event->about + 8);
	snprintf(machine, sizeof(machine), "machine/%s",
	    event_text(event, "machine"));
	if (!lost || !palette_says(judge, cluster, "Running") ||
	    cables_cut(judge, event->at - MINUTES(2)) ||
	    judge->shaken_at > event->at - MINUTES(2) ||
	    strcmp(view_attribute(view_find(judge->view, machine), "system"),
	        "running") != 0)
		return;
	law_broken(judge, event->about,
	    "node %s of cluster/%s is not ready any more, although its machine "
	    "runs and no cable is cut",
	    node, cluster);
}

/* ---- whom nodes trust ---- */

static bool in_list(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; *at; at += strspn(at, "; ")) {
		size_t this = strcspn(at, ";");

		if (this == len && strncmp(at, name, len) == 0)
			return true;
		at += this; /* to its end, or to a separator */
	}
	return false;
}

/* The first name of one list that is not in the other; the caller's, or
 * NULL. */
static char *not_in(const char *list, const char *other)
{
	for (const char *at = list; *at; at += strspn(at, "; ")) {
		size_t len = strcspn(at, ";");
		char *name = xstrndup(at, len);

		if (!in_list(other, name))
			return name;
		free(name);
		at += len;
	}
	return NULL;
}

/* With an end, so that an empty list is told from none. */
static void remember_list(
    struct judge *judge, const char *key, const char *list)
{
	char *text = xasprintf("%s; ", list);

	free(law_remember(judge, key, text));
	free(text);
}

static void notice_certificates(struct judge *judge, const struct event *event)
{
	const char *now = event_text(event, "certificates");
	char *all;

	/* One that was taken away stays where it was put. */
	all = xasprintf("%s; %s", law_recall(judge, "all certificates"), now);
	free(law_remember(judge, "all certificates", all));
	free(law_remember(judge, "certificates", now));
	free(all);
}

/* What the tenant had when the cluster was ordered. */
static void notice_order(struct judge *judge, const char *cluster)
{
	char *key = xasprintf("certificates of %s", cluster);

	if (!*law_recall(judge, key))
		remember_list(judge, key, law_recall(judge, "certificates"));
	free(key);
}

static void judge_node(struct judge *judge, const struct event *event)
{
	char cluster[100], machine[80], *key, *missing;

	snprintf(cluster, sizeof(cluster), "%.*s",
	    (int)strcspn(event->about + 8, "/"), event->about + 8);
	snprintf(machine, sizeof(machine), "machine/%s",
	    event_text(event, "machine"));
	key = xasprintf("certificates of %s", cluster);
	missing = not_in(law_recall(judge, key),
	    view_attribute(view_find(judge->view, machine), "trusts"));
	if (missing && *missing)
		law_broken(judge, machine,
		    "%s is a node of cluster/%s and does not trust %s, which "
		    "is the tenant's",
		    machine, cluster, missing);
	free(missing);
	free(key);
}

/* R-038 ff.: the CA of a gateway's proxy reaches the gateway and no node of a
 * cluster; the tenant's certificates reach every node. */
void trust_by_the_rules(struct judge *judge, const struct event *event)
{
	const char *cluster = name_after(event->about, "/cluster/");
	char *odd;

	if (!law_is_state(event))
		return;
	if (begins(event->about, "palette/") && cluster)
		notice_order(judge, cluster);
	else if (begins(event->about, "palette/") &&
	         !strchr(event->about + 8, '/'))
		notice_certificates(judge, event);
	else if (begins(event->about, "cluster/") &&
	         name_after(event->about, "/node/") &&
	         strcmp(event_text(event, "ready"), "True") == 0)
		judge_node(judge, event);
	else if (begins(event->about, "machine/")) {
		odd = not_in(event_text(event, "trusts"),
		    law_recall(judge, "all certificates"));
		if (odd)
			law_broken(judge, event->about,
			    "%s trusts %s, which is no certificate of the "
			    "tenant",
			    event->about, odd);
		free(odd);
	}
}
