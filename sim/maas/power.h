/*
 * power: a region's end of the cables to its machines (sim/power.h).
 *
 * Orders to a BMC are given once whoever asked has the answer, and the report
 * of what came of it is later (power.c). A machine at whose other end nobody
 * stands is played by bench_machine.c, if the region was told to.
 */
#ifndef SIM_MAAS_POWER_H
#define SIM_MAAS_POWER_H

#include <stdbool.h>

#include "base/err.h"

struct boot_offer;
struct maas;
struct node;

/* ---- power.c ---- */
/* Does this rack hear its region? The error is that of the API. */
bool maas_rack_reachable(const struct node *rack, struct err *err);
/* Is a rack connected that could reach it? The error is the same. */
bool maas_power_reachable(const struct node *node, struct err *err);
/* Does a request that orders this wait until it has happened? */
bool maas_power_waited_for(const struct maas *maas, bool on);
/* The BMC says no while the request waits. */
bool maas_power_refused(const struct node *node, bool on, struct err *err);
void maas_power_set(struct node *node, bool on);
const char *maas_power_query(struct node *node);
void maas_power_is(struct node *node, const char *state, const char *why);
/* Everything held back since the last time happens now. */
void maas_power_settle(struct maas *maas);
/* A rack is back and asks what has become of the machines meanwhile. */
void maas_power_catch_up(struct maas *maas);
/* The installer of this deployment is to fail, if it is its turn. */
void maas_power_spoil(struct node *node);
void maas_power_forget(struct node *node);
bool maas_power_known(const struct node *node); /* not manual, not "" */
void maas_power_init(struct node *node);
void maas_power_drop_bmc(struct node *node); /* the row of its BMC's address */

/* ---- metadata.c ---- */
/* What the boot network offers to a machine that was switched on; ctx: the
 * struct maas. */
void maas_pxe(void *ctx, const char *system_id, struct boot_offer *offer);

/* ---- bench_machine.c ---- */
void maas_bench_init(struct node *node);
void maas_bench_power(struct node *node, bool on);
void maas_bench_forget(struct node *node);
void maas_bench_step(struct node *node);

#endif
