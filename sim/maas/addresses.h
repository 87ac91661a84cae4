/*
 * addresses: rows of addresses, and who has which.
 *
 * A row is MAAS's StaticIPAddress, and therefore also what the API calls a link
 * of an interface; its id is the link's id. That one row is shared by the
 * interface and by the DNS resources that mention it, which is why a record
 * follows a machine's automatic address. A row without an address (an AUTO one
 * of a machine that is not allocated) is a wish: it gets one when it is needed.
 *
 * Rows belong to the region. maas_address_drop takes one out of all that shares
 * it, and frees it.
 */
#ifndef SIM_MAAS_ADDRESSES_H
#define SIM_MAAS_ADDRESSES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "sim/maas/ip.h"

struct ask;
struct boot_offer;
struct iface;
struct maas;
struct node;
struct subnet;
struct user;

enum alloc_type {
	ALLOC_AUTO = 0,
	ALLOC_STICKY = 1,
	ALLOC_RESERVED = 4, /* by a user */
	ALLOC_DHCP = 5,
	ALLOC_DISCOVERED = 6,
};

struct address {
	int64_t id;
	enum alloc_type type;
	bool assigned; /* ip holds */
	struct ip ip;
	struct subnet *subnet;
	struct user *user;
	struct iface *iface; /* NULL: of none; maas_address_give sets it */
	bool of_bmc;         /* the address of a machine's BMC */
	usec created_time, updated_time;
};

/* ---- addresses.c ---- */
struct address *maas_address_make(
    struct maas *maas, enum alloc_type type, struct subnet *subnet);
/* It is this interface's from now on, and no other's; NULL: nobody's. */
void maas_address_give(struct address *address, struct iface *iface);
void maas_address_assign(
    struct address *address, const struct ip *ip, usec time);
/* The event about it, once all is set. */
void maas_address_told(struct maas *maas, const struct address *address);
/* Leaves DNS resources and its interface. */
void maas_address_drop(struct maas *maas, struct address *address);
struct address *maas_address_find(const struct maas *maas, const struct ip *ip);
/* The lowest of the smallest free run of addresses; false: no more. probe: not
 * one that somebody on the wire answers for. */
bool maas_address_next(
    struct maas *maas, const struct subnet *subnet, bool probe, struct ip *ip);
json_t *maas_address_json(
    const struct maas *maas, const struct address *address);

/* ---- reserved_ips.c ---- */
/* The address that is kept for this MAC in this subnet. */
bool maas_ip_kept(const struct maas *maas, const char *mac,
    const struct subnet *subnet, struct ip *ip);
/* May an interface have this static address, with regard to what is kept for
 * it (its MAC; "": none) and for others? Else refuses. */
bool maas_ip_may_have(struct ask *ask, const char *mac, const struct ip *ip);

/* ---- lease.c ---- */
/* Of a machine that boots an ephemeral system from the network. */
void maas_lease_give(struct node *node, struct boot_offer *offer);
void maas_lease_end(struct node *node); /* it is off */

#endif
