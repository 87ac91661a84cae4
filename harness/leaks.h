/*
 * leaks: what is told of a run holds no secret.
 *
 * The record and the log are masked while they are written; an outcome
 * (run.h) is put together from them and from the author's own words, and it
 * is all that reports show. So it is gone through once more.
 */
#ifndef HARNESS_LEAKS_H
#define HARNESS_LEAKS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/secrets.h"

/* Masks every text in it. True if there was a secret in one. */
bool leaks_mask(struct secrets *secrets, json_t *outcome);

#endif
