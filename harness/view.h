/*
 * view: what is known about a run from its events, and from nothing else.
 *
 * "state" and "gone" events are folded into a table thing -> attributes;
 * exchanges and connections are counted by who sent them to whom, for what,
 * with what outcome. Claims and laws read a view; so both can be judged again
 * from a record when the world is long gone.
 *
 * Readers are told what was touched by topic: the name of the thing, or
 * "requests/HOST" and "flows/HOST" for either end of an exchange or flow.
 */
#ifndef HARNESS_VIEW_H
#define HARNESS_VIEW_H

#include "base/events.h"

struct view;

struct view_attribute {
	char *key, *text;
};
struct view_thing {
	char *name;
	struct view_attribute *attributes;
	size_t attribute_count;
	bool gone;
	usec since_at; /* its first attribute has this value */
};

typedef void view_touched_fn(void *ctx, const char *topic);

struct view *view_new(void);
void view_free(struct view **view);
void view_on_touch(struct view *view, view_touched_fn *touched, void *ctx);
event_sink_fn view_sink; /* ctx: the struct view */

/* Both also for things that are gone: with their last attributes. */
const struct view_thing *view_find(const struct view *view, const char *name);
const char *view_attribute(
    const struct view_thing *thing, const char *key); /* "" if it has none */
/* All whose names begin with prefix, in order, the gone ones left out. Return
 * false to stop. */
typedef bool view_visit_fn(void *ctx, const struct view_thing *thing);
void view_each(const struct view *view, const char *prefix,
    view_visit_fn *visit, void *ctx);

/* ---- exchanges and flows ---- */
struct view_filter {                 /* NULL and false: any */
	const char *client, *server; /* host names */
	const char *op;              /* "POST /path" also; '*' is any text */
	const char *outcome;         /* "200", "503", "lost", "timeout" ... */
	bool early, late;
	usec after_at, before_at; /* if late, early; both excluded */
};
long long view_requests(
    const struct view *view, const struct view_filter *filter);
long long view_flows(const struct view *view, const struct view_filter *filter);
bool view_glob(const char *pattern, const char *text);

/* A field of an event; "" or 0 if it has none. */
const char *event_text(const struct event *event, const char *key);
int64_t event_number(const struct event *event, const char *key);

#endif
