/*
 * node_events: the events that MAAS keeps about its machines.
 *
 * What GET /events/ and status_message show; not the record of a run. They stay
 * when their machine goes, and then only know its name.
 */
#ifndef SIM_MAAS_NODE_EVENTS_H
#define SIM_MAAS_NODE_EVENTS_H

#include <stdint.h>

#include "base/loop.h"

struct node;
struct user;

struct node_event {
	int64_t id;
	int level; /* 10 DEBUG .. 50 CRITICAL; 0 AUDIT */
	char *type, *description, *username;
	const char *action; /* what status_action says; static */
	struct node *node;  /* NULL: of no machine, or of one that is gone */
	char *hostname;     /* as it was */
	usec created_time;
};

enum event_level {
	EVENT_AUDIT = 0,
	EVENT_DEBUG = 10,
	EVENT_INFO = 20,
	EVENT_WARNING = 30,
	EVENT_ERROR = 40,
	EVENT_CRITICAL = 50,
};

/* ---- node_events.c ---- */
void maas_event(struct node *node, enum event_level level, const char *type,
    const struct user *user, const char *description_fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The newest of level INFO or above, as status_message shows it; NULL. */
char *maas_event_message(const struct node *node);
void maas_time_words(usec time, char out[40]);

/* ---- allocate.c, reports.c ---- */
/* A DEBUG event "(bob) - comment". */
void maas_event_by(struct node *node, const char *type, const struct user *user,
    const char *comment);
/* The activity behind such an event, as status_action says it; "". */
const char *maas_stage_action(const char *type);

#endif
