/*
 * versions: one claim, asked of a region of every version.
 *
 * What a client sees of a region's version is a table of docs/maas.md
 * ("Versions"); the tests that use this hold each of its rows.
 */
#ifndef TESTS_MAAS_VERSIONS_H
#define TESTS_MAAS_VERSIONS_H

#include "tests/maas/site.h"

enum version {
	V34,
	V35,
	V36,
	V37,
	VERSIONS
};
extern const char *const versions[VERSIONS]; /* "3.4", ... */

#define each_version(v) for (enum version v = V34; v < VERSIONS; v++)

/* Opens the lab, with a machine whose system_id is in `id`. */
void a_region(enum version v);
extern const char *id;
void a_deployed_machine(enum version v); /* the same, 30 minutes later */

struct answer {
	int status;
	const char *text; /* all of it; NULL: not looked at */
};
/* The lab's last answer is this one. */
void check_answer(const struct answer *said);

#endif
