/*
 * compat: a real MAAS beside the fake of its version, check by check.
 *
 * The server's inventory is imported and given to a fake, so that both hold
 * the same; then each check (checks.h) is played on the server and on the
 * fake, and where their answers differ, or the server breaks what the check
 * claims, is told field by field.
 *
 * Reads only, unless options say `write`; then machines of one pool are taken,
 * and whatever is made is taken away after each check, at the end, after a
 * signal, and if all else fails by the next run (journal.h, tidy.h).
 */
#ifndef COMPAT_COMPAT_H
#define COMPAT_COMPAT_H

#include "compat/checks.h"
#include "compat/site.h"

struct compat_options {
	bool write;
	const char *pool;    /* needed to write */
	bool no_power;       /* leave out what deploys machines */
	bool lengthy;        /* also what waits for whole installations */
	const char *only;    /* M-014: this one check; NULL: all */
	const char *version; /* of the fake; NULL: the server's */
	usec patience_for;   /* with machines; 0: 15 min */
	/* A finished line of the report. */
	void (*say)(void *ctx, const char *line);
	/* For a line on a terminal; may be NULL. */
	void (*tell)(void *ctx, const char *what, unsigned step, unsigned of);
	void *ctx;
};

struct compat_sum {
	unsigned checks, same, differ, skipped;
	unsigned differences;
	json_t *why; /* of what was skipped: reason -> count */
	char version[16];
};

/* False and *err: it could not be done to the end. Whatever the server is
 * said to have of ours afterwards is in *err too, or in a line. sum->why is
 * the caller's. */
bool compat_run(struct site *site, const struct compat_options *options,
    struct compat_sum *sum, struct err *err);

#endif
