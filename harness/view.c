#include "harness/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

/* All exchanges of one client with one server, of one kind and outcome. */
struct tally {
	char *client, *server, *op, *outcome;
	usec *at;
	size_t count, room;
};
struct tallies {
	struct tally *items; /* in the order of tally_compare */
	size_t count;
};

struct view {
	struct view_thing **things; /* by name */
	size_t count, room;
	struct tallies requests, flows;
	usec now_at;
	view_touched_fn *touched;
	void *ctx;
};

struct view *view_new(void)
{
	return xcalloc(1, sizeof(struct view));
}

static void attributes_free(struct view_thing *thing)
{
	for (size_t i = 0; i < thing->attribute_count; i++) {
		free(thing->attributes[i].key);
		free(thing->attributes[i].text);
	}
	free(thing->attributes);
	thing->attributes = NULL;
	thing->attribute_count = 0;
}

static void tallies_free(struct tallies *tallies)
{
	for (size_t i = 0; i < tallies->count; i++) {
		struct tally *t = &tallies->items[i];

		free(t->client);
		free(t->server);
		free(t->op);
		free(t->outcome);
		free(t->at);
	}
	free(tallies->items);
}

void view_free(struct view **view)
{
	if (!*view)
		return;
	for (size_t i = 0; i < (*view)->count; i++) {
		attributes_free((*view)->things[i]);
		free((*view)->things[i]->name);
		free((*view)->things[i]);
	}
	tallies_free(&(*view)->requests);
	tallies_free(&(*view)->flows);
	free((*view)->things);
	free(*view);
	*view = NULL;
}

void view_on_touch(struct view *view, view_touched_fn *touched, void *ctx)
{
	view->touched = touched;
	view->ctx = ctx;
}

static void touch(struct view *view, const char *topic)
{
	if (view->touched)
		view->touched(view->ctx, topic);
}

static void touch_end(struct view *view, const char *what, const char *host)
{
	struct buf topic = BUF_INIT;

	buf_add_texts(&topic, what, host);
	touch(view, buf_text(&topic));
	buf_free(&topic);
}

/* ---- things ---- */

/* Where the name stands, or would stand. */
static size_t slot_of(const struct view *view, const char *name)
{
	size_t low = 0, high = view->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(view->things[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct view_thing *view_find(const struct view *view, const char *name)
{
	size_t slot = slot_of(view, name);

	if (slot < view->count && strcmp(view->things[slot]->name, name) == 0)
		return view->things[slot];
	return NULL;
}

static struct view_thing *thing_for(struct view *view, const char *name)
{
	size_t slot = slot_of(view, name);
	struct view_thing *thing;

	if (slot < view->count && strcmp(view->things[slot]->name, name) == 0)
		return view->things[slot];
	if (view->count == view->room) {
		view->room = view->room ? 2 * view->room : 64;
		view->things = xrealloc(
		    view->things, view->room * sizeof(*view->things));
	}
	thing = xcalloc(1, sizeof(*thing));
	thing->name = xstrdup(name);
	memmove(&view->things[slot + 1], &view->things[slot],
	    (view->count - slot) * sizeof(*view->things));
	view->things[slot] = thing;
	view->count++;
	return thing;
}

const char *view_attribute(const struct view_thing *thing, const char *key)
{
	for (size_t i = 0; thing && i < thing->attribute_count; i++)
		if (text_same(thing->attributes[i].key, key))
			return thing->attributes[i].text;
	return "";
}

static char *field_text(const struct event_field *field)
{
	return field->text ? xstrdup(field->text)
	                   : xasprintf("%lld", (long long)field->number);
}

static void fold_state(struct view *view, const struct event *event)
{
	struct view_thing *thing = thing_for(view, event->about);
	char *was = thing->attribute_count ? xstrdup(thing->attributes[0].text)
	                                   : NULL;

	attributes_free(thing);
	thing->attributes = xcalloc(event->field_count ? event->field_count : 1,
	    sizeof(*thing->attributes));
	for (size_t i = 0; i < event->field_count; i++) {
		thing->attributes[i].key = xstrdup(event->fields[i].key);
		thing->attributes[i].text = field_text(&event->fields[i]);
	}
	thing->attribute_count = event->field_count;
	if (!was || thing->gone || !event->field_count ||
	    strcmp(was, thing->attributes[0].text) != 0)
		thing->since_at = event->at;
	thing->gone = false;
	free(was);
	touch(view, event->about);
}

static void fold_gone(struct view *view, const struct event *event)
{
	struct view_thing *thing = thing_for(view, event->about);

	thing->gone = true;
	thing->since_at = event->at;
	touch(view, event->about);
}

void view_each(const struct view *view, const char *prefix,
    view_visit_fn *visit, void *ctx)
{
	size_t len = strlen(prefix);

	for (size_t i = slot_of(view, prefix); i < view->count; i++) {
		if (strncmp(view->things[i]->name, prefix, len) != 0)
			return;
		if (!view->things[i]->gone && !visit(ctx, view->things[i]))
			return;
	}
}

/* ---- exchanges and flows ---- */

const char *event_text(const struct event *event, const char *key)
{
	for (size_t i = 0; i < event->field_count; i++)
		if (text_same(event->fields[i].key, key))
			return event->fields[i].text ? event->fields[i].text
			                             : "";
	return "";
}

int64_t event_number(const struct event *event, const char *key)
{
	for (size_t i = 0; i < event->field_count; i++)
		if (text_same(event->fields[i].key, key))
			return event->fields[i].number;
	return 0;
}

/* Is the tally before (< 0), after or the one of these four? */
static int tally_compare(const struct tally *t, const char *client,
    const char *server, const char *op, const char *outcome)
{
	int by = strcmp(t->op, op);

	if (by == 0)
		by = strcmp(t->client, client);
	if (by == 0)
		by = strcmp(t->server, server);
	return by ? by : strcmp(t->outcome, outcome);
}

static struct tally *add_tally(struct tallies *tallies, size_t slot)
{
	struct tally *t;

	tallies->items = xrealloc(
	    tallies->items, (tallies->count + 1) * sizeof(*tallies->items));
	t = &tallies->items[slot];
	memmove(t + 1, t, (tallies->count - slot) * sizeof(*t));
	tallies->count++;
	*t = (struct tally){ 0 };
	return t;
}

static struct tally *tally_for(struct tallies *tallies, const char *client,
    const char *server, const char *op, const char *outcome)
{
	size_t low = 0, high = tallies->count;
	struct tally *t;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int by = tally_compare(
		    &tallies->items[middle], client, server, op, outcome);

		if (by == 0)
			return &tallies->items[middle];
		if (by < 0)
			low = middle + 1;
		else
			high = middle;
	}
	t = add_tally(tallies, low);
	t->client = xstrdup(client);
	t->server = xstrdup(server);
	t->op = xstrdup(op);
	t->outcome = xstrdup(outcome);
	return t;
}

static void count_one(struct tallies *tallies, usec at, const char *client,
    const char *server, const char *op, const char *outcome)
{
	struct tally *t = tally_for(tallies, client, server, op, outcome);

	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->at = xrealloc(t->at, t->room * sizeof(*t->at));
	}
	t->at[t->count++] = at;
}

/* A process that starts tells anew what it holds: what it held before and
 * does not tell again went between its last word and its death. */
static void forget_told(struct view *view, const char *prefix, usec at)
{
	size_t len = strlen(prefix);

	for (size_t i = slot_of(view, prefix);
	     i < view->count &&
	     strncmp(view->things[i]->name, prefix, len) == 0;
	     i++) {
		if (view->things[i]->gone)
			continue;
		view->things[i]->gone = true;
		view->things[i]->since_at = at;
		touch(view, view->things[i]->name);
	}
}

static void fold_process(struct view *view, const struct event *event)
{
	static const char *const told[] = { "object", "instruction", "pivot" };
	char prefix[200];

	if (strcmp(event_text(event, "what"), "started") != 0)
		return;
	for (int i = 0; i < 3; i++) {
		snprintf(
		    prefix, sizeof(prefix), "%s/%s/", event->about, told[i]);
		forget_told(view, prefix, event->at);
	}
}

/* The first word of what went wrong: "timeout", "lost", "unreached" ... */
static void outcome_of(const struct event *event, char *out, size_t size)
{
	int64_t status = event_number(event, "status");
	const char *error = event_text(event, "error");

	struct buf text = BUF_INIT;

	if (status)
		buf_addn(&text, status);
	else
		buf_add(&text, error, strcspn(error, ": "));
	text_copy(out, size, buf_text(&text));
	buf_free(&text);
}

/* base/wire.h: the actor is the client, the thing is the server. */
static void fold_exchange(struct view *view, const struct event *event)
{
	char outcome[24];

	outcome_of(event, outcome, sizeof(outcome));
	count_one(&view->requests, event->at, event->actor, event->about,
	    event_text(event, "op"), outcome);
	touch_end(view, "requests/", event->actor);
	touch_end(view, "requests/", event->about);
}

/* The actor dials (through a proxy: the proxy, too), `to` is dialled. */
static void fold_flow(struct view *view, const struct event *event)
{
	const char *to = event_text(event, "to");

	count_one(&view->flows, event->at, event->actor, to, "",
	    event_text(event, "verdict"));
	touch_end(view, "flows/", event->actor);
	touch_end(view, "flows/", to);
}

void view_sink(void *ctx, const struct event *event)
{
	static const struct {
		const char *kind;
		void (*fold)(struct view *view, const struct event *event);
	} folds[] = {
		{ "state", fold_state },
		{ "gone", fold_gone },
		{ "process", fold_process },
		{ "exchange", fold_exchange },
		{ "flow", fold_flow },
	};
	struct view *view = ctx;

	check(event->at >= view->now_at);
	view->now_at = event->at;
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		if (text_same(folds[i].kind, event->kind))
			folds[i].fold(view, event);
}

bool view_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool wanted(const char *pattern, const char *text)
{
	return !pattern || view_glob(pattern, text);
}

/* at[] grows with time, so the two bounds are found by halving. */
static size_t first_after(const struct tally *t, usec at, bool after)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (after ? t->at[middle] <= at : t->at[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static long long count_of(
    const struct tallies *tallies, const struct view_filter *f)
{
	long long sum = 0;

	for (size_t i = 0; i < tallies->count; i++) {
		const struct tally *t = &tallies->items[i];
		size_t from, to;

		if (!wanted(f->client, t->client) ||
		    !wanted(f->server, t->server) || !wanted(f->op, t->op) ||
		    !wanted(f->outcome, t->outcome))
			continue;
		from = f->late ? first_after(t, f->after_at, true) : 0;
		to = f->early ? first_after(t, f->before_at, false) : t->count;
		if (to > from)
			sum += (long long)(to - from);
	}
	return sum;
}

long long view_requests(
    const struct view *view, const struct view_filter *filter)
{
	return count_of(&view->requests, filter);
}

long long view_flows(const struct view *view, const struct view_filter *filter)
{
	return count_of(&view->flows, filter);
}
