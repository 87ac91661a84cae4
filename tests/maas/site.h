/*
 * site: the little language of tests about machines in one lab.
 */
#ifndef TESTS_MAAS_SITE_H
#define TESTS_MAAS_SITE_H

#include "tests/maas/direct.h"

extern struct lab lab;

/* One subnet, 10.0.0.0/24 unless another is named; ubuntu/jammy. */
void a_lab(const struct maas_options *options, const char *cidr);
/* With what an inventory has (docs/inventory.md), and nothing else; admin. */
void a_lab_from(const char *inventory);
const char *a_machine(const struct maas_machine_spec *spec); /* NULL: usual */
const char *a_lab_with_a_machine(void);
const char *status_of(const char *system_id);
/* One request; what came back is read by word() and number(). */
int asks(const char *method, const char *path, const char *form);
/* The same of one node: nodes/ID/PATH. */
int asks_of(
    const char *id, const char *method, const char *path, const char *form);
const char *word(const char *path); /* in the last answer; "" if absent */
int number(const char *path);
int machine_op(const char *system_id, const char *op, const char *form);
void minutes(int count);
/* A step of the outside world (control.tbl), as JSON: {"step": "settle"}.
 * False: `refusal` says why not. *answer (new) is for the controller. */
bool happens(const char *step);
bool happens_with(const char *step, json_t **answer);
extern struct err refusal;

/* ---- a cable at whose other end a test sits ---- */
enum bmc_mood {
	BMC_OBEYS,
	BMC_SILENT,
	BMC_FAILS
};
void a_cable(enum bmc_mood mood);
extern int bmc_orders; /* how many there were */

#endif
