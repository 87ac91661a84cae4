/*
 * file: what people hand to a program in a file: a key, a certificate.
 *
 * For programs on a real host only; what runs in a scenario has base/disk.h.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

/* A file's text without white space at its end ("-": standard input); new, or
 * NULL and *err (ERR_INPUT) if it cannot be read or is empty. */
char *file_text(const char *file, struct err *err);
/* The same of one or more certificates; a file without any is refused. */
char *file_certificates(const char *file, struct err *err);

#endif
