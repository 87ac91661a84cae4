/*
 * opening: how the tests of the manager begin, in the yard.
 */
#ifndef TESTS_CAPI_OPENING_H
#define TESTS_CAPI_OPENING_H

#include "tests/capi/yard.h"

void begun(size_t machines); /* a cluster is ordered, nothing done yet */
void a_running_cluster(size_t machines);
bool two_workers(void); /* a yard_condition */
/* The next requests with this op are treated so. */
void fate(const char *op, enum yard_fate what, unsigned times);

#endif
