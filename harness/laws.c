#include "harness/laws.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "harness/laws_inside.h"

/* ---- what laws are written with ---- */

static bool waived(const struct judge *judge, const struct law *law)
{
	const struct scenario *s = judge->scenario;

	for (size_t i = 0; s && i < s->waiver_count; i++)
		if (s->waivers[i].law == law)
			return true;
	return false;
}

void law_broken(struct judge *judge, const char *about, const char *fmt, ...)
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

bool law_is_kind(const struct event *event, const char *kind)
{
	return text_same(event->kind, kind);
}

bool law_is_state(const struct event *event)
{
	return law_is_kind(event, "state");
}

bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *name_after(const char *about, const char *part)
{
	const char *at = strstr(about, part);

	return at ? at + strlen(part) : NULL;
}

void cluster_of_agent(
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

/* Where it stands, or would stand: they are in the order of their names. */
static size_t before_slot(const struct judge *judge, const char *name)
{
	size_t low = 0, high = judge->before_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(judge->before[middle].about, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct judge *judge, size_t slot, const char *name)
{
	return slot < judge->before_count &&
	       strcmp(judge->before[slot].about, name) == 0;
}

char *law_remember(struct judge *judge, const char *name, const char *text)
{
	size_t slot = before_slot(judge, name);
	struct before *b;
	char *was;

	if (is_at(judge, slot, name)) {
		was = judge->before[slot].text;
		judge->before[slot].text = xstrdup(text);
		return was;
	}
	judge->before = xrealloc(
	    judge->before, (judge->before_count + 1) * sizeof(*judge->before));
	b = &judge->before[slot];
	memmove(b + 1, b, (judge->before_count - slot) * sizeof(*b));
	judge->before_count++;
	*b = (struct before){ xstrdup(name), xstrdup(text) };
	return xstrdup("");
}

const char *law_recall(const struct judge *judge, const char *name)
{
	size_t slot = before_slot(judge, name);

	return is_at(judge, slot, name) ? judge->before[slot].text : "";
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

const struct view_thing *palette_cluster(
    const struct judge *judge, const char *name, const char *uid)
{
	struct lookup lookup = { name, uid, NULL };

	view_each(judge->view, "palette/", look_up, &lookup);
	return lookup.found;
}

bool palette_says(
    const struct judge *judge, const char *cluster, const char *state)
{
	const struct view_thing *thing = palette_cluster(judge, cluster, "");

	return strcmp(view_attribute(thing, "state"), state) == 0;
}

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

bool cables_cut(const struct judge *judge, usec since_at)
{
	struct cuts cuts = { .since_at = since_at };

	view_each(judge->view, "network/link/", is_cut, &cuts);
	return cuts.any;
}

/* ---- the table ---- */

static const struct law laws[] = {
	{ .sentence = "a machine has at most one owner",
	    .help = "MAAS never shows one as held for another holder without a "
	            "release in between",
	    .hear = one_owner },
	{ .sentence = "a machine is released only by who holds it",
	    .help = "by the gateway that its cluster refers to, or from "
	            "inside the cluster",
	    .hear = released_by_holder },
	{ .sentence = "a machine is taken at most once for each purpose",
	    .help = "no two are held under one agent_name; an answer that was "
	            "lost is found again",
	    .hear = one_machine_per_purpose },
	{ .sentence = "at the end no machine is allocated to nobody",
	    .help = "each machine that is held is held for a cluster that "
	            "Palette has",
	    .end = nobody_holds_nothing },
	{ .sentence = "of all copies of a cluster's objects at most one is "
	              "unpaused and at least one exists",
	    .help = "looked at whenever the clock is about to move",
	    .hear = one_copy_hear,
	    .settle = one_copy_settle },
	{ .sentence = "Palette never opens a connection",
	    .help = "it only answers",
	    .hear = palette_never_dials },
	{ .sentence = "after the pivot the gateway stays out of the way",
	    .help = "no exchange between the two while the cluster is Running",
	    .hear = out_of_the_way },
	{ .sentence = "egress takes the proxy wherever one is set",
	    .help = "gateways and their clusters reach Palette by it, and "
	            "what is in the site without it",
	    .hear = through_the_proxy },
	{ .sentence = "nodes trust the certificates of the tenant and nobody "
	              "else's",
	    .help =
	        "what was given before the cluster was ordered; the CA of a "
	        "gateway's proxy stays with the gateway",
	    .hear = trust_by_the_rules },
	{ .sentence = "every request is answered",
	    .help = "that arrived at MAAS, Palette or an API server, and that "
	            "no fault took hold of",
	    .hear = requests_are_answered },
	{ .sentence = "a deleted cluster sends nothing",
	    .help = "none of its programs opens a connection",
	    .hear = the_deleted_are_silent },
	{ .sentence = "a gateway that does not run sends nothing",
	    .help = "from its death until it is started again",
	    .hear = the_dead_are_silent },
	{ .sentence = "deletion goes to the gateway that the cluster refers to",
	    .help = "at the moment at which the instruction is given",
	    .hear = deletion_follows_reference },
	{ .sentence = "every instruction is carried out or visibly waiting",
	    .help = "at the end of the run",
	    .end = carried_out_or_waiting },
	{ .sentence = "an instruction is carried out at most once",
	    .help = "in each of its generations, by one gateway",
	    .hear = carried_out_once },
	{ .sentence = "a running cluster stays Running until it is deleted",
	    .help = "whatever happens to its gateway",
	    .hear = stays_running },
	{ .sentence = "a node of a running cluster is lost only with its "
	              "machine",
	    .help = "or with a cable, whatever happens to the gateway",
	    .hear = nodes_stay },
	{ .sentence = "at the end a running cluster manages itself",
	    .help = "it holds the one copy of its objects that is not paused",
	    .end = stays_managed },
	{ .sentence = "a fake answers only what it models",
	    .help = "a request that is not modelled is answered 501 and fails "
	            "the run",
	    .hear = only_what_is_modelled },
	{ .sentence = "no file that others may read holds a secret",
	    .help = "on the disks of gateways, and on machines",
	    .hear = files_are_closed },
	{ .sentence = "time does not go backwards",
	    .help = "from one event to the next",
	    .hear = forwards_only },
	{ .sentence = LAW_NO_SECRET,
	    .help = "each is searched for in all of it, in plain, base64 and "
	            "percent-encoded; cannot be waived",
	    .strict = true },
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

void judge_search(struct judge *judge, struct secrets *secrets,
    const char *what, const char *data, size_t len)
{
	const char *name = secrets_find(secrets, data, len);

	judge->law = law_named(LAW_NO_SECRET);
	if (name)
		law_broken(
		    judge, what, "%s holds the secret \"%s\"", what, name);
}

const struct breach *judge_breaches(const struct judge *judge, size_t *count)
{
	*count = judge->breach_count;
	return judge->breaches;
}
