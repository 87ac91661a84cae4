/*
 * golden_files: where the recordings of a real region lie.
 *
 * Beside the repository, or where PCGSIM_GOLDEN_MAAS says. They are no part of
 * it: tests that need them skip where they are absent.
 */
#ifndef TESTS_MAAS_GOLDEN_FILES_H
#define TESTS_MAAS_GOLDEN_FILES_H

#include <jansson.h>

const char *golden_directory(void); /* NULL: there are none */
/* A file of it, parsed; NULL after printing what is wrong with it. */
json_t *golden_load(const char *directory, const char *name);

#endif
