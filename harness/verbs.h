/*
 * verbs: what can happen in a scenario: subject, verb, object.
 *
 * The subject tells who acts: the operator acts through Palette's public API
 * over the wire, the world acts by itself, and no step reaches into the
 * engine. One row per verb. In its pattern a word
 * such as "pcg/STAR" (written with the asterisk) stands for the name of a thing
 * of that kind, "server/STAR" for a maas, a palette or a cluster (its API
 * server); NUMBER, STATUS, DURATION and WORD stand for what they say, MACHINE
 * for a hostname that the world gives, ADDRESS and ADDRESSES for one address or
 * FIRST..LAST, and every other word for itself. A new verb is a function and a
 * row; what happens around a MAAS is a row of sim/maas/control.tbl.
 */
#ifndef HARNESS_VERBS_H
#define HARNESS_VERBS_H

#include "harness/acts.h"
#include "harness/scenario.h"

struct verb {
	const char *pattern;
	bool is_fault; /* takes on, times, for, until and chance */
	act_fn *act;   /* NULL for faults on the wire: faults.c */
	const char *help;
	/* The step of maas_control that its words stand for, as JSON, with
	 * places where they go; NULL: it is no such verb. */
	const char *outside;
};

const struct verb *verb_table(size_t *count);
/* Looks up the text of a step: fills step->verb and step->words, or notes
 * what is wrong with it. */
void verb_bind(struct reading *reading, struct step *step);
/* Does such a word of a pattern stand for one of words->numbers, or of
 * words->words? */
bool verb_place_is_number(const char *place);
bool verb_place_is_word(const char *place);
/* A fault on the wire, written without its server: "answers 409". Fills
 * out->numbers; static. NULL: there is none, *near is the pattern that comes
 * near, or NULL. */
const struct verb *verb_of_fault(
    const char *what, struct verb_words *out, const char **near);

#endif
