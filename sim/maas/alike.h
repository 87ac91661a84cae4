/*
 * alike: texts that differ in a few lines, each kept as its difference.
 *
 * The document of a machine has 500 lines, of which 70 are its own: ids, names,
 * addresses. The others are those of every machine of the kind. So one text is
 * the model of many, and of a text only the lines are kept that the model has
 * not: a fifth. Beside saving memory it saves time, since what a thousand texts
 * share stays in the processor's cache while they are written out.
 *
 * A text is written as it is, or `deeper`: each line begins with one INDENT
 * more, as it stands in a list.
 *
 * Texts are counted: who holds one may write it out whatever became of what it
 * was about.
 */
#ifndef SIM_MAAS_ALIKE_H
#define SIM_MAAS_ALIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALIKE_INDENT "    "

struct alike;
struct alike_model;

/* By its difference to *model; NULL, or one that it does not resemble, becomes
 * a new model. Not empty, and without a line break at the end. Ours to drop. */
struct alike *alike_new(
    struct alike_model **model, const char *text, size_t len);
struct alike *alike_hold(struct alike *alike);
void alike_drop(struct alike **alike);             /* NULL is fine */
void alike_model_drop(struct alike_model **model); /* NULL is fine */

size_t alike_len(const struct alike *alike, bool deeper);
/* So many bytes to `to`, without a NUL; returns their end. */
char *alike_write(const struct alike *alike, bool deeper, char *to);
uint64_t alike_digest(const struct alike *alike); /* tells texts apart */

#endif
