#include "harness/laws.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "harness/kinds.h"

/* What was known of a thing one event ago: for laws about changes. */
struct before {
	char *about, *text;
};

struct judge {
	const struct scenario *scenario;
	const struct view *view;
	const struct law *law; /* the one that is judging now */
	usec now_at;
	struct before *before;
	size_t before_count;
	struct breach *breaches;
	size_t breach_count;
	bool copies_touched;
};

/* ---- what laws are written with ---- */

static bool waived(const struct judge *judge, const struct law *law)
{
	const struct scenario *s = judge->scenario;

	for (size_t i = 0; s && i < s->waiver_count; i++)
		if (s->waivers[i].law == law)
			return true;
	return false;
}

__attribute__((format(printf, 3, 4))) static void broken(
    struct judge *judge, const char *about, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	for (size_t i = 0; i < judge->breach_count; i++)
		if (judge->breaches[i].law == judge->law &&
		    strcmp(judge->breaches[i].about, about) == 0)
			return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	judge->breaches = xrealloc(judge->breaches,
	    (judge->breach_count + 1) * sizeof(*judge->breaches));
	judge->breaches[judge->breach_count++] = (struct breach){
		.law = judge->law,
		.at = judge->now_at,
		.about = xstrdup(about),
		.sentence = buf_detach(&text),
	};
}

static bool is_state(const struct event *event)
{
	return strcmp(event->kind, "state") == 0;
}

/* "maas/lab/machine/kx4t2m" with "/machine/" -> "kx4t2m"; NULL if not so. */
static const char *name_after(const char *about, const char *part)
{
	const char *at = strstr(about, part);

	return at ? at + strlen(part) : NULL;
}

/* The cluster that an agent_name was made for (docs/events.md). */
static void cluster_of_agent(
    const char *agent, char *name, size_t name_size, char *uid, size_t uid_size)
{
	const char *dot = strchr(agent, '.');

	snprintf(name, name_size, "%.*s", (int)strcspn(agent, "."), agent);
	uid[0] = '\0';
	if (!dot)
		return;
	dot++;
	snprintf(uid, uid_size, "%.*s", (int)strcspn(dot, "."), dot);
}

/* Swaps what was remembered about a thing. "" if nothing was. The result is
 * the caller's. */
static char *remember(struct judge *judge, const char *about, const char *text)
{
	for (size_t i = 0; i < judge->before_count; i++) {
		struct before *b = &judge->before[i];
		char *was = b->text;

		if (strcmp(b->about, about) != 0)
			continue;
		b->text = xstrdup(text);
		return was;
	}
	judge->before = xrealloc(
	    judge->before, (judge->before_count + 1) * sizeof(*judge->before));
	judge->before[judge->before_count++] = (struct before){ xstrdup(about),
		xstrdup(text) };
	return xstrdup("");
}

/* The thing of Palette's that a cluster is, whichever Palette it is. */
struct lookup {
	const char *name, *uid;
	const struct view_thing *found;
};

static bool look_up(void *ctx, const struct view_thing *thing)
{
	struct lookup *lookup = ctx;
	const char *name = name_after(thing->name, "/cluster/");

	if (!name || strcmp(name, lookup->name) != 0)
		return true;
	if (*lookup->uid &&
	    strcmp(view_attribute(thing, "uid"), lookup->uid) != 0)
		return true;
	lookup->found = thing;
	return false;
}

static const struct view_thing *palette_cluster(
    const struct judge *judge, const char *name, const char *uid)
{
	struct lookup lookup = { name, uid, NULL };

	view_each(judge->view, "palette/", look_up, &lookup);
	return lookup.found;
}

static bool palette_says(
    const struct judge *judge, const char *cluster, const char *state)
{
	const struct view_thing *thing = palette_cluster(judge, cluster, "");

	return strcmp(view_attribute(thing, "state"), state) == 0;
}

/* ---- the laws ---- */

static void one_owner(struct judge *judge, const struct event *event)
{
	const char *now, *id;
	char *was;

	if (!is_state(event) || strncmp(event->about, "maas/", 5) != 0)
		return;
	id = name_after(event->about, "/machine/");
	if (!id)
		return;
	now = event_text(event, "agent_name");
	was = remember(judge, event->about, now);
	if (*was && *now && strcmp(was, now) != 0)
		broken(judge, event->about,
		    "machine/%s was held for %s and is now held for %s, "
		    "without having been released in between",
		    id, was, now);
	free(was);
}

static bool held_by_nobody(void *ctx, const struct view_thing *machine)
{
	struct judge *judge = ctx;
	const char *agent = view_attribute(machine, "agent_name");
	const char *id = name_after(machine->name, "/machine/");
	const struct view_thing *cluster;
	char name[100], uid[60];

	if (!id || !*agent)
		return true;
	cluster_of_agent(agent, name, sizeof(name), uid, sizeof(uid));
	cluster = palette_cluster(judge, name, uid);
	if (cluster && strcmp(view_attribute(cluster, "state"), "Deleted") != 0)
		return true;
	broken(judge, machine->name,
	    "machine/%s is %s for %s, and Palette has no such cluster", id,
	    view_attribute(machine, "status"), agent);
	return true;
}

static void nobody_holds_nothing(struct judge *judge)
{
	view_each(judge->view, "maas/", held_by_nobody, judge);
}

static bool who_has_it(struct judge *judge, const char *server,
    const char *target, const struct view_thing **machine)
{
	const char *id = name_after(target, "/machines/");
	char name[200];

	if (!id)
		return false;
	snprintf(name, sizeof(name), "%s/machine/%.*s", server,
	    (int)strcspn(id, "/?"), id);
	*machine = view_find(judge->view, name);
	return *machine != NULL;
}

/* By the time the client has its answer MAAS may have forgotten whose it was:
 * so the holder is the one that was last seen with a name. */
static void released_by_holder(struct judge *judge, const struct event *event)
{
	const char *client = event->actor;
	const struct view_thing *machine, *cluster;
	char name[100], uid[60], inside[120];
	const char *agent, *gateway;
	char *held;

	if (is_state(event) && name_after(event->about, "/machine/") &&
	    *event_text(event, "agent_name")) {
		char *about = xasprintf("released %s", event->about);

		free(remember(judge, about, event_text(event, "agent_name")));
		free(about);
		return;
	}
	if (strcmp(event->kind, "exchange") != 0 ||
	    strcmp(event_text(event, "op"), "release") != 0 ||
	    event_number(event, "status") != 200 ||
	    !who_has_it(
	        judge, event->about, event_text(event, "target"), &machine))
		return;
	held = xasprintf("released %s", machine->name);
	agent = "";
	for (size_t i = 0; i < judge->before_count; i++)
		if (strcmp(judge->before[i].about, held) == 0)
			agent = judge->before[i].text;
	free(held);
	cluster_of_agent(agent, name, sizeof(name), uid, sizeof(uid));
	snprintf(inside, sizeof(inside), "cluster/%s/", name);
	cluster = palette_cluster(judge, name, uid);
	gateway = view_attribute(cluster, "gateway");
	if (strncmp(client, inside, strlen(inside)) == 0)
		return;
	if (strncmp(client, "pcg/", 4) == 0 &&
	    strncmp(gateway, "pcg-", 4) == 0 &&
	    strcmp(client + 4, gateway + 4) == 0)
		return;
	broken(judge, machine->name,
	    "%s released machine/%s, which is held for %s", client,
	    name_after(machine->name, "/machine/"), *agent ? agent : "nobody");
}

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
		broken(judge, cluster,
		    "the objects of cluster/%s are unpaused in %s at the same "
		    "time",
		    cluster, buf_text(&copies.where));
	if (copies.all == 0 && palette_says(judge, cluster, "Running"))
		broken(judge, cluster,
		    "no copy of the objects of cluster/%s is left anywhere",
		    cluster);
	buf_free(&copies.where);
}

static void one_copy_hear(struct judge *judge, const struct event *event)
{
	if (name_after(event->about, "/object/Cluster/") &&
	    (is_state(event) || strcmp(event->kind, "gone") == 0))
		judge->copies_touched = true;
}

static void one_copy_settle(struct judge *judge)
{
	const struct scenario *s = judge->scenario;

	if (!judge->copies_touched || !s)
		return;
	judge->copies_touched = false;
	for (size_t i = 0; i < s->thing_count; i++)
		if (strcmp(s->things[i].kind->name, "cluster") == 0)
			judge_copies(judge, s->things[i].name);
}

/* ---- connections ---- */

static void palette_never_dials(struct judge *judge, const struct event *event)
{
	const char *client = event->actor;

	if (strcmp(event->kind, "flow") == 0 &&
	    strncmp(client, "palette/", 8) == 0)
		broken(judge, client, "%s opened a connection to %s", client,
		    event_text(event, "to"));
}

static bool between(const char *a, const char *b, const char **cluster)
{
	if (strncmp(a, "pcg/", 4) != 0 || strncmp(b, "cluster/", 8) != 0)
		return false;
	*cluster = b + 8;
	return true;
}

static void out_of_the_way(struct judge *judge, const struct event *event)
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
	broken(judge, name,
	    "%s called %s (%s) although cluster/%s runs by "
	    "itself",
	    client, server, event_text(event, "op"), name);
}

static void the_deleted_are_silent(
    struct judge *judge, const struct event *event)
{
	const char *client = event->actor;
	char name[100];

	if (strcmp(event->kind, "flow") != 0 ||
	    strncmp(client, "cluster/", 8) != 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(client + 8, "/"),
	    client + 8);
	if (palette_says(judge, name, "Deleted"))
		broken(judge, client,
		    "%s called %s after cluster/%s was "
		    "deleted",
		    client, event_text(event, "to"), name);
}

/* Is the thing behind this host one that was told to go through a proxy? */
static bool has_proxy(const struct scenario *s, const char *host)
{
	const struct thing *thing;
	char full[100];

	snprintf(full, sizeof(full), "%.*s",
	    (int)(strcspn(strchr(host, '/') + 1, "/") + 1 + strcspn(host, "/")),
	    host);
	thing = s ? scenario_thing(s, full) : NULL;
	if (thing && strcmp(thing->kind->name, "cluster") == 0)
		thing = thing_link(thing, "through");
	return thing && strcmp(thing->kind->name, "pcg") == 0 &&
	       thing_link(thing, "proxy");
}

static void through_the_proxy(struct judge *judge, const struct event *event)
{
	const char *to = event_text(event, "to");

	if (strcmp(event->kind, "flow") != 0 || !strchr(event->actor, '/') ||
	    strncmp(to, "palette/", 8) != 0 ||
	    !has_proxy(judge->scenario, event->actor))
		return;
	broken(judge, event->actor, "%s dialled %s directly", event->actor, to);
}

/* ---- requests ---- */

struct cuts {
	usec since_at;
	bool any;
};

static bool is_cut(void *ctx, const struct view_thing *link)
{
	struct cuts *cuts = ctx;

	if (strcmp(view_attribute(link, "state"), "up") != 0 ||
	    link->since_at >= cuts->since_at)
		cuts->any = true;
	return !cuts->any;
}

/* A request that arrived, and whose client waited in vain although no fault
 * took hold of it and no cable was cut meanwhile. */
static void requests_are_answered(
    struct judge *judge, const struct event *event)
{
	struct cuts cuts = { .since_at = event_number(event, "sent_at") };
	const char *server = event->about;

	if (strcmp(event->kind, "exchange") != 0 ||
	    event_number(event, "status") || *event_text(event, "fault") ||
	    event_number(event, "arrived_at") <= 0 ||
	    strncmp(event_text(event, "error"), "timeout", 7) != 0 ||
	    (strncmp(server, "maas/", 5) != 0 &&
	        strncmp(server, "palette/", 8) != 0))
		return;
	view_each(judge->view, "network/link/", is_cut, &cuts);
	if (!cuts.any)
		broken(judge, server, "%s never answered %s of %s", server,
		    event_text(event, "op"), event->actor);
}

/* ---- instructions ---- */

static void deletion_follows_reference(
    struct judge *judge, const struct event *event)
{
	const struct view_thing *cluster;
	const char *to = event_text(event, "gateway"), *refers;

	if (!is_state(event) || !name_after(event->about, "/instruction/") ||
	    strncmp(event->about, "palette/", 8) != 0 ||
	    strcmp(event_text(event, "order"), "ClusterDelete") != 0 ||
	    strcmp(event_text(event, "state"), "open") != 0)
		return;
	cluster = palette_cluster(judge, event_text(event, "cluster"), "");
	refers = view_attribute(cluster, "gateway");
	if (*refers && strcmp(refers, to) != 0)
		broken(judge, event->about,
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
	broken(judge, thing->name,
	    "%s for cluster/%s is still open at the end, and nothing says "
	    "what it waits for",
	    view_attribute(thing, "order"), name);
	return true;
}

static void carried_out_or_waiting(struct judge *judge)
{
	view_each(judge->view, "palette/", instruction_open, judge);
}

static void stays_running(struct judge *judge, const struct event *event)
{
	const char *state, *name;
	char *was;

	if (!is_state(event) || strncmp(event->about, "palette/", 8) != 0)
		return;
	name = name_after(event->about, "/cluster/");
	if (!name)
		return;
	state = event_text(event, "state");
	was = remember(judge, event->about, state);
	if (strcmp(was, "Running") == 0 && strcmp(state, "Running") != 0 &&
	    strcmp(state, "Deleting") != 0 && strcmp(state, "Deleted") != 0)
		broken(judge, event->about, "cluster/%s was Running and is %s",
		    name, state);
	free(was);
}

/* ---- the honesty of the simulation itself ---- */

static void only_what_is_modelled(
    struct judge *judge, const struct event *event)
{
	if (strcmp(event->kind, "exchange") != 0 ||
	    (strcmp(event_text(event, "op"), "unmodelled") != 0 &&
	        event_number(event, "status") != 501))
		return;
	broken(judge, event->about,
	    "%s asked %s for %s %s, which is not modelled", event->actor,
	    event->about, event_text(event, "method"),
	    event_text(event, "target"));
}

static void forwards_only(struct judge *judge, const struct event *event)
{
	if (event->at < judge->now_at)
		broken(judge, "", "an event at %lld us follows one at %lld us",
		    (long long)event->at, (long long)judge->now_at);
}

/* ---- the table ---- */

static const struct law laws[] = {
	{ "a machine has at most one owner",
	    "MAAS never shows one as held for another holder without a "
	    "release in between",
	    one_owner, NULL, NULL },
	{ "a machine is released only by who holds it",
	    "by the gateway that its cluster refers to, or from inside the "
	    "cluster",
	    released_by_holder, NULL, NULL },
	{ "at the end no machine is allocated to nobody",
	    "each machine that is held is held for a cluster that Palette has",
	    NULL, NULL, nobody_holds_nothing },
	{ "of all copies of a cluster's objects at most one is unpaused and "
	  "at least one exists",
	    "looked at whenever the clock is about to move", one_copy_hear,
	    one_copy_settle, NULL },
	{ "Palette never opens a connection", "it only answers",
	    palette_never_dials, NULL, NULL },
	{ "after the pivot the gateway stays out of the way",
	    "no exchange between the two while the cluster is Running",
	    out_of_the_way, NULL, NULL },
	{ "egress takes the proxy wherever one is set",
	    "gateways and the clusters built through them reach Palette by it",
	    through_the_proxy, NULL, NULL },
	{ "every request is answered",
	    "that arrived at MAAS or Palette and that no fault took hold of",
	    requests_are_answered, NULL, NULL },
	{ "a deleted cluster sends nothing",
	    "none of its programs opens a connection", the_deleted_are_silent,
	    NULL, NULL },
	{ "deletion goes to the gateway that the cluster refers to",
	    "at the moment at which the instruction is given",
	    deletion_follows_reference, NULL, NULL },
	{ "every instruction is carried out or visibly waiting",
	    "at the end of the run", NULL, NULL, carried_out_or_waiting },
	{ "a running cluster stays Running until it is deleted",
	    "whatever happens to its gateway", stays_running, NULL, NULL },
	{ "a fake answers only what it models",
	    "a request that is not modelled is answered 501 and fails the run",
	    only_what_is_modelled, NULL, NULL },
	{ "time does not go backwards", "from one event to the next",
	    forwards_only, NULL, NULL },
};
#define LAW_COUNT (sizeof(laws) / sizeof(laws[0]))

const struct law *law_table(size_t *count)
{
	*count = LAW_COUNT;
	return laws;
}

const struct law *law_named(const char *sentence)
{
	for (size_t i = 0; i < LAW_COUNT; i++)
		if (strcmp(laws[i].sentence, sentence) == 0)
			return &laws[i];
	return NULL;
}

/* ---- a judge's life ---- */

struct judge *judge_new(
    const struct scenario *scenario, const struct view *view)
{
	struct judge *judge = xcalloc(1, sizeof(*judge));

	judge->scenario = scenario;
	judge->view = view;
	return judge;
}

void judge_free(struct judge **judge)
{
	if (!*judge)
		return;
	for (size_t i = 0; i < (*judge)->before_count; i++) {
		free((*judge)->before[i].about);
		free((*judge)->before[i].text);
	}
	for (size_t i = 0; i < (*judge)->breach_count; i++) {
		free((*judge)->breaches[i].about);
		free((*judge)->breaches[i].sentence);
	}
	free((*judge)->before);
	free((*judge)->breaches);
	free(*judge);
	*judge = NULL;
}

void judge_sink(void *ctx, const struct event *event)
{
	struct judge *judge = ctx;

	for (size_t i = 0; i < LAW_COUNT; i++) {
		judge->law = &laws[i];
		if (laws[i].hear && !waived(judge, &laws[i]))
			laws[i].hear(judge, event);
	}
	judge->now_at = event->at;
}

void judge_settle(struct judge *judge)
{
	for (size_t i = 0; i < LAW_COUNT; i++) {
		judge->law = &laws[i];
		if (laws[i].settle && !waived(judge, &laws[i]))
			laws[i].settle(judge);
	}
}

void judge_end(struct judge *judge)
{
	for (size_t i = 0; i < LAW_COUNT; i++) {
		judge->law = &laws[i];
		if (laws[i].end && !waived(judge, &laws[i]))
			laws[i].end(judge);
	}
}

const struct breach *judge_breaches(const struct judge *judge, size_t *count)
{
	*count = judge->breach_count;
	return judge->breaches;
}
