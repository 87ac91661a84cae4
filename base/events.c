#include "base/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/secrets.h"

struct sink {
	event_sink_fn *take;
	void *ctx;
};

/* What a sink emitted while an event was being handed round: it waits until
 * every sink has seen the earlier one, so all of them see one order. */
struct waiting {
	struct waiting *next;
	struct event event; /* its texts and fields are ours */
};

struct events {
	struct loop *loop;       /* not ours */
	struct secrets *secrets; /* not ours; may be NULL */
	struct sink *sinks;
	size_t sink_count;
	uint64_t next_seq;
	bool delivering;
	struct waiting *first, **last;
};

struct events *events_new(struct loop *loop, struct secrets *secrets)
{
	struct events *events = xcalloc(1, sizeof(*events));

	check(loop);
	events->loop = loop;
	events->secrets = secrets;
	events->last = &events->first;
	return events;
}

void events_free(struct events **events)
{
	if (!*events)
		return;
	check(!(*events)->delivering);
	check(!(*events)->first);
	free((*events)->sinks);
	free(*events);
	*events = NULL;
}

uint64_t events_count(const struct events *events)
{
	return events->next_seq;
}

void events_add_sink(struct events *events, event_sink_fn *sink, void *ctx)
{
	check(sink);
	check(!events->delivering);
	events->sinks = xrealloc(
	    events->sinks, (events->sink_count + 1) * sizeof(*events->sinks));
	events->sinks[events->sink_count++] = (struct sink){ sink, ctx };
}

static void hand_round(struct events *events, const struct event *event)
{
	size_t i;

	for (i = 0; i < events->sink_count; i++)
		events->sinks[i].take(events->sinks[i].ctx, event);
}

#define USUAL_FIELDS 32

/* Masked copies of what has a secret in it. Nearly always nothing has, and
 * then nothing is allocated. */
struct masked {
	struct buf actor, about;
	struct event_field usual[USUAL_FIELDS];
	struct event_field *fields; /* usual, or ours to free */
	struct buf *rooms;          /* one per field once one was needed */
};

static const char *mask_field(struct events *events, struct masked *masked,
    const struct event *event, size_t i)
{
	struct buf room = BUF_INIT;
	const char *text = event->fields[i].text;

	if (!text)
		return NULL;
	text = secrets_mask(events->secrets, text, &room);
	if (room.data) {
		if (!masked->rooms)
			masked->rooms = xcalloc(
			    event->field_count, sizeof(*masked->rooms));
		masked->rooms[i] = room;
	}
	return text;
}

static void mask_free(struct masked *masked, size_t count)
{
	size_t i;

	for (i = 0; masked->rooms && i < count; i++)
		buf_free(&masked->rooms[i]);
	free(masked->rooms);
	if (masked->fields != masked->usual)
		free(masked->fields);
	buf_free(&masked->actor);
	buf_free(&masked->about);
}

static void mask_and_hand_round(struct events *events, struct event event)
{
	struct masked masked;
	size_t i;

	masked.actor = masked.about = (struct buf)BUF_INIT;
	masked.rooms = NULL;
	masked.fields = event.field_count <= USUAL_FIELDS
	                    ? masked.usual
	                    : xcalloc(
	                          event.field_count, sizeof(*masked.fields));
	for (i = 0; i < event.field_count; i++) {
		masked.fields[i] = event.fields[i];
		masked.fields[i].text = mask_field(events, &masked, &event, i);
	}
	event.fields = masked.fields;
	event.actor = secrets_mask(events->secrets, event.actor, &masked.actor);
	event.about = secrets_mask(events->secrets, event.about, &masked.about);
	hand_round(events, &event);
	mask_free(&masked, event.field_count);
}

static void keep_waiting(struct events *events, const struct event *event)
{
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));
	struct event_field *fields = xcalloc(
	    event->field_count, sizeof(*fields));
	size_t i;

	for (i = 0; i < event->field_count; i++) {
		fields[i] = event->fields[i];
		fields[i].key = xstrdup(event->fields[i].key);
		fields[i].text = xstrdup(event->fields[i].text);
	}
	waiting->event = *event;
	waiting->event.kind = xstrdup(event->kind);
	waiting->event.actor = xstrdup(event->actor);
	waiting->event.about = xstrdup(event->about);
	waiting->event.fields = fields;
	*events->last = waiting;
	events->last = &waiting->next;
}

/* The copies made above, which the struct shows as const to everybody else. */
static void drop(const void *ours)
{
	free((void *)(uintptr_t)ours);
}

static void waiting_free(struct waiting *waiting)
{
	const struct event *event = &waiting->event;
	size_t i;

	for (i = 0; i < event->field_count; i++) {
		drop(event->fields[i].key);
		drop(event->fields[i].text);
	}
	drop(event->fields);
	drop(event->kind);
	drop(event->actor);
	drop(event->about);
	free(waiting);
}

static void hand_round_waiting(struct events *events)
{
	while (events->first) {
		struct waiting *waiting = events->first;

		events->first = waiting->next;
		if (!events->first)
			events->last = &events->first;
		mask_and_hand_round(events, waiting->event);
		waiting_free(waiting);
	}
}

void events_emit(struct events *events, const char *kind, const char *actor,
    const char *about, const struct event_field *fields, size_t count)
{
	struct event event = {
		.kind = kind,
		.actor = actor,
		.about = about,
		.fields = fields,
		.field_count = count,
	};

	if (!events)
		return;
	check(kind && actor && about);
	event.at = loop_now(events->loop);
	event.seq = events->next_seq++; /* with or without listeners */
	if (events->sink_count == 0)
		return;
	if (events->delivering) {
		keep_waiting(events, &event);
		return;
	}
	events->delivering = true;
	mask_and_hand_round(events, event);
	hand_round_waiting(events);
	events->delivering = false;
}

void events_bared_file(struct events *events, const char *host,
    const char *name, unsigned mode, const char *data, size_t len)
{
	const char *secret = events ? secrets_find(events->secrets, data, len)
	                            : NULL;
	char *about, text[16];

	if (!secret)
		return;
	about = xasprintf("%s/file%s%s", host, *name == '/' ? "" : "/", name);
	snprintf(text, sizeof(text), "%04o", mode);
	EVENT(
	    events, "file", host, about, F("mode", text), F("secret", secret));
	free(about);
}

void events_note(struct events *events, const char *actor, const char *about,
    const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (!events)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	EVENT(events, "note", actor, about, F("text", buf_text(&text)));
	buf_free(&text);
}
