/*
 * moments: what the kill matrix can strike at.
 *
 * A first run without a blow notes every moment at which the one who is
 * watched could die, each twice: its process dies, or its power is lost. What
 * a blow leaves is the rest of the world and a disk. Between two moments of
 * one turn of the loop nobody else has moved; if the disk that would be left
 * reads the same (harness/leaves.h), nothing that comes later can tell the
 * two apart, and so one run speaks for both. Typically: the process or the
 * power after everything was synced and answered; all the syncs within one
 * transaction.
 */
#ifndef HARNESS_MOMENTS_H
#define HARNESS_MOMENTS_H

#include <stddef.h>

#include "harness/run.h"

#define MOMENT_KINDS    4 /* three of an exchange, and a sync */
#define MOMENT_NAME_LEN 80

struct moment {
	struct strike strike;
	uint64_t leaves; /* strike_leaves() */
	size_t like;     /* the first that leaves the same; or its own number */
};

struct moments {
	struct moment *list; /* in the order in which they come */
	size_t count, distinct;
	uint64_t exchanges, syncs;
	size_t *chosen; /* those to be played, in order */
	size_t chosen_count;
};

void moments_free(struct moments *moments);
/* In the first run, from a strike_fn. */
void moments_note(struct moments *moments, const struct strike *strike);
/* When all are noted: sample of them, evenly spread (0: all), of those that
 * differ in what they leave; every: also those that do not. */
void moments_choose(struct moments *moments, size_t sample, bool every);

bool moment_is(const struct moment *moment, const struct strike *asked);
size_t moment_kind(const struct strike *strike);
const char *moment_kind_said(size_t kind); /* "before it is sent" */
/* "exchange 412 after-commit power", "sync 7 process" */
void moment_name(const struct strike *strike, char out[MOMENT_NAME_LEN]);
bool moment_parse(const char *name, struct strike *strike);

#endif
