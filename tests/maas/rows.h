/*
 * rows: requests and what is answered to each, one after the other.
 *
 * A claim about a form is a table: method, path, fields, status, body. They
 * are asked of the open lab in order; the later ones see what the earlier ones
 * did.
 */
#ifndef TESTS_MAAS_ROWS_H
#define TESTS_MAAS_ROWS_H

#include <stddef.h>

#include "tests/maas/site.h"

struct row {
	const char *method, *path, *form;
	int status;
	const char *body; /* "" for an empty one; NULL: not looked at */
};

void rows_hold(const struct row *rows, size_t count);

#define HOLD(rows) rows_hold(rows, sizeof(rows) / sizeof((rows)[0]))

/* The whole of a claim that is a table: they hold in a lab of their own. */
#define A_LAB_HOLDS(rows)          \
	do {                       \
		a_lab(NULL, NULL); \
		HOLD(rows);        \
		lab_close(&lab);   \
	} while (0)

#endif
