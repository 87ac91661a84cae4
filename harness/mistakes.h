/*
 * mistakes: what the author of a scenario got wrong, all of it at once.
 *
 * Reading and binding a file never stop at the first mistake: each is noted
 * with its place, and the whole list is shown in the order of the file, one
 * line each:
 *
 *	scenarios/x.yaml:26:13: there is no cluster/wbe; did you mean
 *cluster/web?
 */
#ifndef HARNESS_MISTAKES_H
#define HARNESS_MISTAKES_H

#include <stddef.h>

#include "base/buf.h"

/* A spot in a file. The file's name belongs to the scenario. */
struct place {
	const char *file;
	unsigned line, column; /* from 1 */
};

struct mistake {
	struct place place;
	char *text;
};
struct mistakes {
	struct mistake *items;
	size_t count;
	char *kept; /* a file name that places may point at */
};

void mistake_add(struct mistakes *mistakes, struct place place, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* The same with "; did you mean NEAREST?" if one of the names is near. */
void mistake_add_near(struct mistakes *mistakes, struct place place,
    const char *word, const char *const *names, size_t count, const char *fmt,
    ...) __attribute__((format(printf, 6, 7)));
/* All of them, sorted by place, a line each. */
void mistakes_write(struct mistakes *mistakes, struct buf *out);
void mistakes_free(struct mistakes *mistakes);

#endif
