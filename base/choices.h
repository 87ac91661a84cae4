/*
 * choices: every decision of chance in a run, each with a name.
 *
 * A value is a keyed hash of the seed, the name and an ordinal (how often this
 * name was asked before), so a new choice elsewhere shifts nothing.
 *
 * Names read like "maas/lab: allocate #3: answer" or
 * "maas/lab/machine/kx4t2m: deploy_for". The ordinal is kept inside.
 */
#ifndef BASE_CHOICES_H
#define BASE_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct choices;
struct events;

struct choices *choices_new(uint64_t seed);
void choices_free(struct choices **choices);
uint64_t choices_seed(const struct choices *choices);
uint64_t choices_made(const struct choices *choices); /* of all names */
/* Emit a "choice" event for each range, chance and pick. May stay unset. */
void choices_tell(struct choices *choices, struct events *events);

uint64_t choose_bits(struct choices *choices, const char *name);
/* lowest..highest, both included */
int64_t choose_range(struct choices *choices, int64_t lowest, int64_t highest,
    const char *name_fmt, ...) __attribute__((format(printf, 4, 5)));
bool choose_chance(struct choices *choices, double probability,
    const char *name_fmt, ...) __attribute__((format(printf, 3, 4)));
/* Bytes for keys, tokens, nonces: not told, since they may be secrets. */
void choose_bytes(struct choices *choices, void *out, size_t len,
    const char *name_fmt, ...) __attribute__((format(printf, 4, 5)));
/* len characters of alphabet, NUL-terminated; out has len + 1. */
void choose_text(struct choices *choices, char *out, size_t len,
    const char *alphabet, const char *name_fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The keyed hash itself: SipHash-2-4, its 128 bits of key made of 64. */
uint64_t keyed_hash(uint64_t key, const void *data, size_t len);
/* Tells contents apart, at a fifth of the cost: for digests in records and for
 * tables. Not for chance, and not against somebody who picks the contents. */
uint64_t content_hash(uint64_t key, const void *data, size_t len);

#endif
