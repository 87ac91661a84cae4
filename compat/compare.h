/*
 * compare: where two answers to the same request differ, and where that says
 * nothing.
 *
 * Compared are the status, the content type, the headers that a client acts
 * on, and the body: JSON by its keys, types and values. Values that differ
 * between any two regions (numbers that count up, times, serial numbers,
 * messages) are compared by type only; so is what an inventory cannot carry
 * over (a machine's disks and interfaces). Lists are compared by who is in
 * them, and in which order where a region sorts them.
 */
#ifndef COMPAT_COMPARE_H
#define COMPAT_COMPARE_H

#include "compat/trial.h"

/* One difference. Both texts say the value and its type: "on" (string). */
struct difference {
	const char *what;  /* machines/{machine}/ */
	const char *where; /* .power_state; " status", " header Allow" ... */
	const char *server, *fake;
	bool deeds; /* "lists x before y": what they do, not what they say */
};
typedef void difference_fn(void *ctx, const struct difference *difference);

/* All differences of two transcripts of one check, told one by one. changed:
 * system ids of machines that the fake cannot hold as they are (or NULL). */
void compare_trials(const struct trial *server, const struct trial *fake,
    const json_t *changed, difference_fn *tell, void *ctx);

#endif
