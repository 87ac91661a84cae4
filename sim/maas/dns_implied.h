/*
 * dns_implied: names that nobody wrote down. They follow from who has which
 * address: a machine's own name, that of one of its interfaces, a resource's
 * again, and "10-0-0-9" for an address that a user reserved without a name.
 *
 * They have no id, and whoever asks sees those that are nobody's or his; an
 * administrator sees all.
 */
#ifndef SIM_MAAS_DNS_IMPLIED_H
#define SIM_MAAS_DNS_IMPLIED_H

#include "sim/maas/ask.h"
#include "sim/maas/dns.h"

/* Appends those of a domain to the list, as API 2.0 shows them. name and type
 * sift; NULL: all. */
void maas_dns_implied_add(struct ask *ask, const struct domain *domain,
    const char *name, const char *type, json_t *list);

#endif
