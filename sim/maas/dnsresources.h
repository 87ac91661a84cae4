/*
 * dnsresources: names that people gave to addresses and records, as requests
 * mean them and as they are shown.
 */
#ifndef SIM_MAAS_DNSRESOURCES_H
#define SIM_MAAS_DNSRESOURCES_H

#include "sim/maas/ask.h"
#include "sim/maas/dns.h"

char *maas_dns_fqdn(const struct dns_resource *resource); /* free() it */
bool maas_dns_has(
    const struct dns_resource *resource, const struct address *address);
json_t *maas_dns_resource_json(
    const struct maas *maas, const struct dns_resource *resource);
/* The one in args[0]: an id, or a name that only one has. NULL: answered. */
struct dns_resource *maas_dns_resource_asked(struct ask *ask, bool to_change);

#endif
