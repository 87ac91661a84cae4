/*
 * laws: what holds in every run, without anybody having to write it down.
 *
 * A law is a C function over the stream of events, named by a sentence. It
 * knows only the event at hand and the view that the events have been folded
 * into so far; so it can be judged again from a record. `pcgsim laws` lists
 * them. A scenario that must break one waives it by its sentence and says why.
 */
#ifndef HARNESS_LAWS_H
#define HARNESS_LAWS_H

#include "base/events.h"
#include "base/secrets.h"
#include "harness/scenario.h"
#include "harness/view.h"

struct judge;

struct law {
	const char *sentence;
	const char *help;
	/* After each event was folded; NULL if it looks only at the end. */
	void (*hear)(struct judge *judge, const struct event *event);
	/* When the queue is about to move the clock; or NULL. */
	void (*settle)(struct judge *judge);
	/* When the run is over; or NULL. */
	void (*end)(struct judge *judge);
	bool strict; /* it cannot be waived */
};

#define LAW_NO_SECRET "no secret appears in a record, a log or a report"

const struct law *law_table(size_t *count);
const struct law *law_named(const char *sentence);

struct breach {
	const struct law *law;
	usec at;
	char *about;    /* the thing; for the trail */
	char *sentence; /* what happened */
};

/* The scenario may be NULL (no names, no waivers); the view outlives it and is
 * a sink before the judge is. */
struct judge *judge_new(
    const struct scenario *scenario, const struct view *view);
void judge_free(struct judge **judge);
event_sink_fn judge_sink; /* ctx: the struct judge */
void judge_settle(struct judge *judge);
void judge_end(struct judge *judge);
/* Is there a secret, in whatever form, in these bytes of what people get to
 * read ("the log")? The law about that needs no events. */
void judge_search(struct judge *judge, struct secrets *secrets,
    const char *what, const char *data, size_t len);
/* In the order in which they were broken; each law once per thing. */
const struct breach *judge_breaches(const struct judge *judge, size_t *count);

#endif
