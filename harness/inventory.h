/*
 * inventory: the file that a scenario's MAAS takes its machines from
 * (docs/inventory.md), as `pcgsim import maas` writes it.
 */
#ifndef HARNESS_INVENTORY_H
#define HARNESS_INVENTORY_H

#include <jansson.h>

#include "base/err.h"
#include "harness/scenario.h"

/* The document, new; the file is named as seen from the scenario's. NULL and
 * *err: there is none, or it is no inventory. */
json_t *inventory_load(const struct setting *setting, struct err *err);

#endif
