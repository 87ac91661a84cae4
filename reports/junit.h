/*
 * junit: outcomes of runs as JUnit XML, the form that CI systems read.
 */
#ifndef REPORTS_JUNIT_H
#define REPORTS_JUNIT_H

#include <jansson.h>

#include "base/err.h"

/* False and *err if the file cannot be written. */
bool junit_write(const char *file, const json_t *outcomes, struct err *err);

#endif
