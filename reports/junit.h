/*
 * junit: outcomes of runs as JUnit XML, the form that CI systems read.
 *
 * One suite, a case for each outcome (harness/run.h says what is in one), with
 * its findings as a failure. Texts were masked before. The file is written at
 * the end, whole.
 */
#ifndef REPORTS_JUNIT_H
#define REPORTS_JUNIT_H

#include <jansson.h>

#include "base/err.h"

/* False and *err if the file cannot be written. */
bool junit_write(const char *file, const json_t *outcomes, struct err *err);

#endif
