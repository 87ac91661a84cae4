/*
 * secrets: what must never be read in a log, a record or a report.
 *
 * A secret is registered where it is born (an API key in a scenario's world, a
 * join token, a private key). From then on secrets_mask replaces it, in plain,
 * base64 and percent-encoded form, by "<secret NAME digest>", the digest being
 * keyed with the run's seed, so that equal secrets are seen to be equal and
 * nothing more. Values shorter than 6 characters are refused by check().
 *
 * secrets_find is for proofs: it searches any bytes (a finished record) and
 * names the secret that it meets.
 */
#ifndef BASE_SECRETS_H
#define BASE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct secrets;

struct secrets *secrets_new(uint64_t seed);
void secrets_free(struct secrets **secrets);

/* Twice the same value is fine. secrets may be NULL: nothing happens. */
void secrets_add(struct secrets *secrets, const char *name, const char *value);

/* A value that came from outside: one that is too short to be told from any
 * other text is let pass. */
void secrets_add_foreign(
    struct secrets *secrets, const char *name, const char *value);

/* The text itself if no secret is in it (the usual case, and fast), else the
 * masked text in *room. */
const char *secrets_mask(
    struct secrets *secrets, const char *text, struct buf *room);

/* The name of a secret found in these bytes, or NULL. */
const char *secrets_find(struct secrets *secrets, const char *data, size_t len);

#endif
