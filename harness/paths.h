/*
 * paths: what a claim can speak of: "cluster/web.state", "maas/lab.machines".
 *
 * One row per path: which kind of thing it belongs to, which arguments it
 * takes, what values it can have, and how it is read from a view. The binder
 * checks claims against the rows, `pcgsim paths` prints them.
 *
 * A claim names whose view it speaks of, because that is what travels on a
 * wire: cluster/web.state is what Palette says, cluster/web.nodes what the
 * cluster's own API server says, maas/lab.machines what MAAS says.
 */
#ifndef HARNESS_PATHS_H
#define HARNESS_PATHS_H

#include "harness/scenario.h"
#include "harness/view.h"

struct value {
	bool is_number;
	long long number;
	char text[200]; /* of a number too */
};

struct path_kind {
	const char *kind; /* of the thing: cluster */
	const char *word; /* state */
	/* Names of the arguments, split by |; the first `positional` of them
	 * may be given without their name. */
	const char *arguments;
	unsigned positional;
	const char *argument_words; /* what the first one may be; NULL: any */
	bool is_number;
	const char *words; /* what a text can be, split by |; NULL: any */
	const char *help;
	/* What it reads: a prefix of topics (view.h). */
	void (*topic)(const struct term *term, struct buf *out);
	void (*read)(const struct view *view, const struct term *term,
	    struct value *out);
	/* For a number that counts things: is this one of them? And what they
	 * are called in a report. NULL otherwise. */
	bool (*counts)(const struct term *term, const struct view_thing *thing);
};

const struct path_kind *path_kinds(size_t *count);
const struct path_kind *path_kind_of(const char *kind, const char *word);
/* The value of an argument, or NULL if it was not given. */
const struct path_argument *path_argument(
    const struct term *term, const char *key);

/* Is word one of "a|b|c"? */
bool one_of(const char *words, const char *word, size_t len);
/* Splits "a|b|c" into at most max borrowed-from-room strings. */
size_t split_words(
    const char *words, char *room, size_t size, const char **out, size_t max);

bool term_holds(const struct view *view, const struct term *term,
    struct value *was); /* was may be NULL */
bool expression_holds(
    const struct view *view, const struct expression *expression);
/* Does an event that touched this topic (view.h) concern it? */
bool expression_reads(const struct expression *expression, const char *topic);
/* "it was 5" with the first term that does not hold (or the first). */
const struct term *expression_culprit(const struct view *view,
    const struct expression *expression, struct value *was);

#endif
