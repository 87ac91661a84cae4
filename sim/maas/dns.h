/*
 * dns: domains, their resources, and what the DNS server says of them.
 *
 * A resource is a name in a domain; it refers to rows of addresses
 * (addresses.h, not owned) and has data of other types. What a machine's own
 * name means needs no resource. All of it is what the data base says. What the
 * server answers is another thing: a struct dns_name holds both, and the one
 * follows the other after a lag, all zones at once (dns.c).
 */
#ifndef SIM_MAAS_DNS_H
#define SIM_MAAS_DNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct maas;

struct domain {
	int64_t id;
	char *name;
	bool authoritative;
	int64_t ttl; /* -1: none */
};

struct dns_resource {
	int64_t id;
	char *name; /* "@" for the domain itself */
	struct domain *domain;
	int64_t address_ttl;        /* -1: none */
	struct address **addresses; /* shared rows, in order of linking */
	size_t address_count;
};

struct dns_data {
	int64_t id;
	struct dns_resource *resource;
	char *type, *data;
	int64_t ttl;
};

/* What the DNS server answers at present for one name. */
struct dns_name {
	int64_t id;
	char *fqdn;
	char *published, *wanted; /* addresses, parted by spaces */
	char *next;               /* while wanted is found out */
	bool exists; /* somebody wants it, with or without addresses */
};

/* ---- domains.c ---- */
struct domain *maas_domain_find(const struct maas *maas, const char *name);
struct domain *maas_domain_make(struct maas *maas, const char *name);
json_t *maas_domain_json(const struct maas *maas, const struct domain *domain);

/* ---- dns.c ---- */
void maas_dns_changed(struct maas *maas);
void maas_dns_catch_up(struct maas *maas);
struct dns_resource *maas_dns_find(
    const struct maas *maas, const char *name, const struct domain *domain);
struct dns_resource *maas_dns_make(
    struct maas *maas, const char *name, struct domain *domain);
void maas_dns_link(struct dns_resource *resource, struct address *address);
/* From every resource; they stay, also without any address. */
void maas_dns_unlink(struct maas *maas, const struct address *address);
/* With its data. */
void maas_dns_drop(struct maas *maas, struct dns_resource *resource);
void maas_dns_resource_free(struct dns_resource *resource); /* its memory */

/* ---- dnsresources.c, dns_names.c ---- */
json_t *maas_dns_data_json(const struct dns_data *data);
bool maas_dns_label_ok(const char *label);
/* NULL if the text is a host label; else the sentence of the form. */
char *maas_label_fault(const char *label);

#endif
