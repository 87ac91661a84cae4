/*
 * record: the events of a run written down: one JSON line each, byte for byte
 * the same for the same scenario and seed, on either wire.
 *
 *	{"at":0,"seq":1,"kind":"step","actor":"scenario","about":"","text":...}
 *
 * It is kept in memory while the run lasts; then it may be written to a file,
 * and it is what the last events about a thing are read from when a run has
 * failed. The hash of its lines stands for the whole.
 */
#ifndef HARNESS_RECORD_H
#define HARNESS_RECORD_H

#include "base/buf.h"
#include <jansson.h>
#include <stdio.h>

#include "base/events.h"

struct record;

struct record *record_new(void);
void record_free(struct record **record);
event_sink_fn record_sink; /* ctx: the struct record */
uint64_t record_hash(const struct record *record);
/* Of what was recorded after so many events. */
uint64_t record_hash_after(const struct record *record, uint64_t events);
uint64_t record_events(const struct record *record);
/* All lines so far; borrowed. */
const char *record_text(const struct record *record, size_t *len);

/* "2h01m40.112" */
void clock_text(usec at, char out[32]);

/* A word as a shell takes it: as it is, or in quotes. */
void buf_add_shell(struct buf *out, const char *word);

#endif
