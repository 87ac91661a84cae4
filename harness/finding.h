/*
 * finding: why a run failed, in a form that can be read.
 *
 * The claim in the author's words and its line; what was true instead, and
 * since when; which thing is the odd one; the last events about it.
 */
#ifndef HARNESS_FINDING_H
#define HARNESS_FINDING_H

#include <jansson.h>

#include "harness/claim.h"
#include "harness/laws.h"
#include "harness/record.h"

/* All new: {place, claim, sentences, trail}. */
json_t *finding_of_claim(
    const struct claim *claim, const struct record *record);
json_t *finding_of_law(
    const char *file, const struct breach *breach, const struct record *record);
json_t *finding_of_plot(
    struct place place, const char *claim, const char *sentence);

#endif
