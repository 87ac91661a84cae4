/*
 * file: what people hand to a program in a file: a key, a certificate, a
 * scenario.
 *
 * For programs on a real host only; what runs in a scenario has base/disk.h.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* All of its bytes, behind what is in *out. 0, or the errno that says why
 * not. */
int file_read(const char *file, struct buf *out);
/* A JSON document; new, or NULL and *err, with line and column. */
json_t *file_json(const char *file, struct err *err);
/* A file's text without white space at its end ("-": standard input); new, or
 * NULL and *err (ERR_INPUT) if it cannot be read or is empty. */
char *file_text(const char *file, struct err *err);
/* The same of one or more certificates; a file without any is refused. */
char *file_certificates(const char *file, struct err *err);

#endif
