/*
 * serve_watch: what comes in to a served world, on its way in and out.
 *
 * Rules of --fault strike it (fault_rule.h). Of several rules that are due for
 * the same part of an exchange the first strikes; all of them count.
 */
#ifndef HARNESS_SERVE_WATCH_H
#define HARNESS_SERVE_WATCH_H

#include <stdio.h>

#include "harness/fault_rule.h"

#define MOST_RULES 32

struct watch;

/* What is served, as far as its exchanges are to be understood. Each function
 * may be NULL: then nothing is known. */
struct watch_subject {
	struct fault_words words; /* what it has: its name, its operations */
	void *ctx;                /* of the functions */
	/* Does the exchange speak of this machine, by id or by name? */
	bool (*concerns)(
	    void *ctx, const struct wire_sight *sight, const char *machine);
};

/* subject and host outlive it; strikes from watch_begin on. */
struct watch *watch_new(const struct watch_subject *subject);
void watch_free(struct watch **watch);
bool watch_add_rule(struct watch *watch, const char *text, struct err *err);
void watch_begin(struct watch *watch, struct host *host);
/* What is worth saying at the end, a line each: rules that met nothing. */
void watch_sum_up(const struct watch *watch, FILE *out);

#endif
