/*
 * constraints: which machines a list or an allocation is about.
 */
#ifndef SIM_MAAS_CONSTRAINTS_H
#define SIM_MAAS_CONSTRAINTS_H

#include "sim/maas/ask.h"
#include "sim/maas/node.h"

/* Are the fields known and their values possible? False: refused (400, 404). */
bool maas_constraints_judge(
    struct ask *ask, const struct form *form, bool for_allocate);
bool maas_constraints_pass(const struct ask *ask, const struct form *form,
    bool for_allocate, const struct node *node);
/* The nodes of these types that the caller may see, and the query lets pass. */
void maas_nodes_answer(
    struct ask *ask, enum node_type first, enum node_type last);
/* For the sentence of a failed allocation; free() both. The second is NULL when
 * it cannot be said: refused. */
char *maas_constraints_asked(const struct form *form);
char *maas_constraints_resolved(struct ask *ask, const struct form *form);

/* For each constraint that allocate does not know, what it may have meant. */
void maas_constraints_near(const struct form *form, struct buf *out);

/* ---- labelled.c: the two constraints with a language of their own ---- */

/* "root:100(ssd),50": label, least size in GB, tags. The first is the disk
 * that holds "/", the others are unused ones. */
bool maas_storage_ok(const char *text);
/* What cannot be computed of it (free() it), or NULL. */
char *maas_storage_fault(const char *text);
/* Do the machine's disks fulfil it? matched: label -> [ids], or NULL. */
bool maas_storage_match(
    const char *text, const struct node *node, json_t *matched);
/* "eth0:space=a,mode=unconfigured;eth1:subnet_cidr=10.0.0.0/24" */
void maas_interfaces_judge(
    struct ask *ask, const char *field, const char *text, json_t *errors);
/* Can it be looked for? False: refused. */
bool maas_interfaces_possible(struct ask *ask, const char *text);
/* matched: label -> [ids], or null where none matches. */
bool maas_interfaces_match(
    const char *text, const struct node *node, json_t *matched);

struct spec_fault;
void maas_refuse_specifier(struct ask *ask, const struct spec_fault *fault);

#endif
