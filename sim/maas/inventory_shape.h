/*
 * inventory_shape: is this JSON an inventory (docs/inventory.md)?
 *
 * Every key that the loader reads is a row of inventory.tbl: what it holds,
 * and whether it may be missing; null counts as missing. Other keys are no
 * fault, since recordings and MAAS's own answers have many; but one at the top
 * that is nearly one of ours is a slip.
 *
 * Only shapes are judged here. What refers to what (a machine to its zone) is
 * the loader's to find.
 */
#ifndef SIM_MAAS_INVENTORY_SHAPE_H
#define SIM_MAAS_INVENTORY_SHAPE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/* False and "inventory: machines[3].mac[0] has to be a MAC address, not 7". */
bool maas_inventory_judge(const json_t *inventory, struct err *err);

#endif
