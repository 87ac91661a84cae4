/*
 * trail: the last events about a thing, as a person wants to read them who
 * has to find out why a run failed.
 *
 * Of a state only what changed is said; what says the same again and again
 * (heartbeats, questions with the same answer) is one line, which stands
 * where it happened last and counts. Polls, watches, chance and the flows
 * under the exchanges are left out; they are in the record.
 */
#ifndef HARNESS_TRAIL_H
#define HARNESS_TRAIL_H

#include "harness/record.h"

/* The last `max` different events before `until_at` that speak of one of
 * these words (names of things, identifiers), oldest first: a list of
 * sentences. A word is met only whole: "cluster/web" is not in
 * "cluster/web2", but it is in "cluster/web/agent". */
json_t *trail_of_record(const struct record *record, const char *const *words,
    size_t word_count, size_t max, usec until_at);

#endif
