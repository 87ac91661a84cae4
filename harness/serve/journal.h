/*
 * journal: what came to a served world and what happened in it, one JSON
 * object a line (docs/serve.md).
 *
 *	struct buf *line = journal_begin(journal, "request", at);
 *	journal_text(line, "method", "GET");
 *	journal_number(line, "status", 200);
 *	journal_end(journal);
 *	journal_write(journal);
 *
 * Lines gather until journal_write, which is one write() for all of them; who
 * has only told what happened leaves that to the end of this turn of the loop.
 * So a client that reads the file finds its own requests there, and the file
 * is whole if the process is killed.
 *
 * Each line goes through the host's secrets. Texts need not be UTF-8.
 */
#ifndef HARNESS_SERVE_JOURNAL_H
#define HARNESS_SERVE_JOURNAL_H

#include <jansson.h>

#include "base/events.h"
#include "base/host.h"

struct journal;

/* The host outlives it. NULL and *err: the file cannot be written. */
struct journal *journal_open(
    const char *file, struct host *host, struct err *err);
void journal_close(struct journal **journal);

struct buf *journal_begin(struct journal *journal, const char *kind, usec at);
void journal_text(struct buf *line, const char *key, const char *text);
void journal_bytes(
    struct buf *line, const char *key, const char *text, size_t len);
void journal_number(struct buf *line, const char *key, int64_t number);
void journal_json(struct buf *line, const char *key, json_t *value); /* takes */
void journal_end(struct journal *journal);
void journal_write(struct journal *journal);

void journal_take(void *journal, const struct event *event); /* event_sink_fn */

#endif
