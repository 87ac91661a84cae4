/*
 * laws_inside: what the files of the laws share, and nobody else.
 *
 * laws.c has the table, the judge's life and the words that laws are written
 * with; laws_machines.c, laws_clusters.c and laws_wire.c have the laws.
 */
#ifndef HARNESS_LAWS_INSIDE_H
#define HARNESS_LAWS_INSIDE_H

#include "harness/laws.h"

/* What was known of a thing one event ago: for laws about changes. */
struct before {
	char *about, *text;
};

struct judge {
	const struct scenario *scenario; /* NULL: no names, no waivers */
	const struct view *view;
	const struct law *law; /* the one that is judging now */
	usec now_at;           /* of the event before this one */
	struct before *before;
	size_t before_count;
	struct breach *breaches;
	size_t breach_count;
	bool copies_touched;
	usec shaken_at; /* when a machine or an API server last went down */
};

/* The law that is judging is broken, by or at this thing. */
void law_broken(struct judge *judge, const char *about, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Swaps what was remembered under a name. "" if nothing was. The result is
 * the caller's. */
char *law_remember(struct judge *judge, const char *name, const char *text);
const char *law_recall(const struct judge *judge, const char *name); /* "" */

bool law_is_state(const struct event *event);
bool law_is_kind(const struct event *event, const char *kind);
bool begins(const char *text, const char *with);
/* "maas/lab/machine/kx4t2m" with "/machine/" -> "kx4t2m"; NULL if not so. */
const char *name_after(const char *about, const char *part);
/* The cluster that an agent_name was made for (docs/events.md). */
void cluster_of_agent(const char *agent, char *name, size_t name_size,
    char *uid, size_t uid_size);
/* What Palette holds, whichever Palette it is; uid "": any. NULL: nothing. */
const struct view_thing *palette_cluster(
    const struct judge *judge, const char *name, const char *uid);
bool palette_says(
    const struct judge *judge, const char *cluster, const char *state);
/* Is any cable cut now, or was one since then? */
bool cables_cut(const struct judge *judge, usec since_at);

typedef void law_hear_fn(struct judge *judge, const struct event *event);
typedef void law_look_fn(struct judge *judge);

/* ---- laws_machines.c ---- */
law_hear_fn one_owner, one_machine_per_purpose, released_by_holder;
law_hear_fn files_are_closed;
law_look_fn nobody_holds_nothing;

/* ---- laws_clusters.c ---- */
law_hear_fn one_copy_hear, out_of_the_way, deletion_follows_reference,
    carried_out_once, stays_running, nodes_stay, trust_by_the_rules;
law_look_fn one_copy_settle, carried_out_or_waiting, stays_managed;

/* ---- laws_wire.c ---- */
law_hear_fn palette_never_dials, the_deleted_are_silent, the_dead_are_silent,
    through_the_proxy, requests_are_answered, only_what_is_modelled,
    forwards_only;

#endif
