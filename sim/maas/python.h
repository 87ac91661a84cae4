/*
 * python: texts and numbers as the language writes and reads them that a
 * region is written in. Sentences of refusals show them.
 */
#ifndef SIM_MAAS_PYTHON_H
#define SIM_MAAS_PYTHON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* 'it', "it's", 'a\nb': as repr() shows a text. */
void maas_python_text(struct buf *out, const char *text);
/* 400.0, 0.1, 1e+16, inf: as repr() shows a float. */
void maas_python_float(struct buf *out, double number);
/* int() and float(): blanks around are fine, and so is 1_000. False, and
 * *number is untouched, when it is none; numbers are cut to 64 bits. */
bool maas_python_read_int(const char *text, int64_t *number);
bool maas_python_read_float(const char *text, double *number);
/* The same, and 0x and 0b as well. */
bool maas_python_read_based(const char *text, int64_t *number);
/* What netaddr says of a text that is no address. */
void maas_python_no_ip(struct buf *out, const char *text);
/* A word of a path that names something: percent signs for what cannot stand
 * there. free() it. */
char *maas_python_quote(const char *word);
/* What int() says of a text that is no number. */
void maas_python_no_int(struct buf *out, const char *text);
/* \w of a pattern: how many bytes the letter, the digit or the underscore has
 * that a text begins with; 0: it is none. Beyond ASCII whole blocks are signs
 * or letters. */
size_t maas_python_letter(const char *text);
/* "dict", "list", "NoneType": what a value is when it was read. */
const char *maas_python_type(const json_t *value);
/* Letters and signs of `besides` only; "" is fine. */
bool maas_python_is_word(const char *text, const char *besides);

#endif
