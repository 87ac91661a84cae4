/*
 * constraints: which machines a list or an allocation is about.
 */
#ifndef SIM_MAAS_CONSTRAINTS_H
#define SIM_MAAS_CONSTRAINTS_H

#include "sim/maas/ask.h"

/* Are the fields known and their values possible? False: refused (400, 404). */
bool maas_constraints_judge(
    struct ask *ask, const struct form *form, bool for_allocate);
bool maas_constraints_pass(const struct ask *ask, const struct form *form,
    bool for_allocate, const struct node *node);
/* The nodes of these types that the caller may see, and the query lets pass. */
void maas_nodes_answer(
    struct ask *ask, enum node_type first, enum node_type last);
/* For the sentence of a failed allocation; free() both. */
char *maas_constraints_asked(const struct form *form);
char *maas_constraints_resolved(const struct form *form);

/* For each constraint that allocate does not know, what it may have meant. */
void maas_constraints_near(const struct form *form, struct buf *out);

/* ---- labelled.c: the two constraints with a language of their own ---- */

/* "root:100(ssd),50": label, least size in GB, tags. */
bool maas_storage_ok(const char *text);
/* Do the machine's disks fulfil it? matched: label -> [ids], or NULL. */
bool maas_storage_match(
    const char *text, const struct node *node, json_t *matched);
/* "eth0:space=a,mode=auto;eth1:subnet_cidr=10.0.0.0/24" */
void maas_interfaces_judge(
    struct ask *ask, const char *field, const char *text, json_t *errors);
bool maas_interfaces_match(const struct maas *maas, const char *text,
    const struct node *node, json_t *matched);

#endif
