/*
 * events: the one typed stream of what happens in a run.
 *
 * The record of a run is this stream written down; laws and claims subscribe
 * to it and to nothing else, so they can be judged again from a record when
 * the world is long gone. Parts of the world emit; nobody reads back.
 *
 * The kinds:
 *
 *	state     a thing and all its attributes as they are now. A reader
 *	          folds these into a table thing -> attributes (harness/view.h)
 *	gone      a thing that is no more
 *	exchange  a request and what became of it   (emitted by the wire)
 *	message   one message of a stream           (emitted by the wire)
 *	flow      an attempted connection           (emitted by the wire)
 *	process   a host started, was killed, lost power
 *	step      a step of the scenario's timeline was taken
 *	fault     a fault began, met an exchange, ended
 *	choice    a named choice of chance and its value
 *	file      a file that others may read, and that holds a secret
 *	note      a sentence somebody may want to read
 *
 * Things are named "kind/name" inside their place: "maas/lab/machine/kx4t2m",
 * "palette/eu/cluster/web", "cluster/web/node/quick-owl". The actor is the
 * host (or part) that says so. The tables of what is emitted by whom stand in
 * docs/events.md.
 *
 * Texts are borrowed for the length of the call. A sink that keeps something
 * copies it. Secrets: every text goes through the events' secret registry
 * before a sink sees it.
 */
#ifndef BASE_EVENTS_H
#define BASE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct events;
struct secrets;

struct event_field {
	const char *key;
	const char *text; /* NULL: it is a number */
	int64_t number;
};

struct event {
	usec at;
	uint64_t seq;      /* counts all events of a run */
	const char *kind;  /* "state", "exchange", ... */
	const char *actor; /* "pcg/a", "maas/lab", "wire", "scenario" */
	const char *about; /* the thing; "" for none */
	const struct event_field *fields;
	size_t field_count;
};

typedef void event_sink_fn(void *ctx, const struct event *event);

/* The loop gives the time; secrets may be NULL. Both outlive the events. */
struct events *events_new(struct loop *loop, struct secrets *secrets);
void events_free(struct events **events);
/* Sinks are called in the order in which they were added. */
void events_add_sink(struct events *events, event_sink_fn *sink, void *ctx);
uint64_t events_count(const struct events *events); /* emitted so far */

void events_emit(struct events *events, const char *kind, const char *actor,
    const char *about, const struct event_field *fields, size_t count);

/* The usual way to emit:
 *	EVENT(events, "state", "maas/lab", thing,
 *	    F("status", m->status_name), N("cpu_count", m->cpus));
 * events may be NULL: then nothing happens. */
#define F(key_, text_)                         \
	{                                      \
		.key = (key_), .text = (text_) \
	}
#define N(key_, number_)                           \
	{                                          \
		.key = (key_), .number = (number_) \
	}
#define EVENT(events_, kind_, actor_, about_, ...)                           \
	do {                                                                 \
		const struct event_field fields_[] = { __VA_ARGS__ };        \
		events_emit((events_), (kind_), (actor_), (about_), fields_, \
		    sizeof(fields_) / sizeof(fields_[0]));                   \
	} while (0)

/* Somebody may read this file of that host who should not: kind "file", about
 * "machine/kx4t2m/file/etc/x", if there is a secret in it; else nothing. */
void events_bared_file(struct events *events, const char *host,
    const char *name, unsigned mode, const char *data, size_t len);

/* A sentence: kind "note", field "text". */
void events_note(struct events *events, const char *actor, const char *about,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
