/*
 * constraint_judges: are the values of a constraint possible? Asked before any
 * machine is looked at, once for all values of a name; there is at least one.
 *
 * What is wrong goes into the errors of the form, under that name. Where MAAS
 * itself trips over a value, the judge refuses instead (500, 404 or 403).
 */
#ifndef SIM_MAAS_CONSTRAINT_JUDGES_H
#define SIM_MAAS_CONSTRAINT_JUDGES_H

#include "sim/maas/ask.h"
#include "sim/maas/specifiers.h"

typedef void judge_fn(struct ask *ask, const char *name,
    const struct names *values, json_t *errors);

judge_fn maas_judge_zones;
judge_fn maas_judge_pools;
judge_fn maas_judge_no_zones;
judge_fn maas_judge_no_pools;
judge_fn maas_judge_owners;
judge_fn maas_judge_tags;
judge_fn maas_judge_status;
judge_fn maas_judge_power;
judge_fn maas_judge_simple;
judge_fn maas_judge_number;
judge_fn maas_judge_macs;
judge_fn maas_judge_arch;
judge_fn maas_judge_subnets;
judge_fn maas_judge_vlans;
judge_fn maas_judge_storage;
judge_fn maas_judge_interfaces;
judge_fn maas_judge_cards;

/* "amd64" stands for all "amd64/...": the full names of the values. False: one
 * of them stands for nothing. */
bool maas_arch_expand(
    const struct maas *maas, const struct names *values, struct names *full);
/* Of several, the one that counts. */
const char *maas_last_of(const struct names *values);

#endif
