/*
 * journal: what was made on somebody's MAAS and is to be taken away again.
 *
 * A thing is "KIND NAME" (tidy.h knows the kinds). It is written down, synced,
 * before it is made, and struck out when it is gone; so a run that was killed
 * leaves a list to the next one. One file per server in the host's disk; a
 * journal without a disk remembers as long as it lives.
 */
#ifndef COMPAT_JOURNAL_H
#define COMPAT_JOURNAL_H

#include "base/disk.h"

struct journal;

/* What an earlier run left is in it. disk may be NULL; outlives it. */
struct journal *journal_new(
    struct disk *disk, const char *server, struct err *err);
void journal_free(struct journal **journal);

bool journal_add(struct journal *journal, const char *thing, struct err *err);
bool journal_strike(
    struct journal *journal, const char *thing, struct err *err);
size_t journal_count(const struct journal *journal);
const char *journal_at(const struct journal *journal, size_t i);

#endif
