/*
 * hostnames: the machines of a maas that a scenario can call by name.
 *
 * Those whose hostname its world gives: in the list of machines, or in an
 * inventory. All others get names that are made up when the world is built.
 */
#ifndef HARNESS_HOSTNAMES_H
#define HARNESS_HOSTNAMES_H

#include "harness/scenario.h"

/* Notes a mistake if the maas has no machine of that name. Bound before. */
void hostname_bind(struct reading *reading, struct place place,
    const struct thing *maas, const char *hostname);

#endif
