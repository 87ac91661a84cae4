/*
 * networks: fabrics, VLANs, spaces, subnets and ranges of addresses.
 *
 *	fabric ── VLAN ── subnet ── range      a VLAN may be in a space
 *
 * Each holds a pointer to what stands left of it; a VLAN cannot be without a
 * fabric, nor a subnet without a VLAN. All belong to the region. Requests reach
 * them by way of network_asks.h.
 */
#ifndef SIM_MAAS_NETWORKS_H
#define SIM_MAAS_NETWORKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/maas/ip.h"
#include "sim/maas/list.h"

struct maas;
struct node;
struct user;

struct space {
	int64_t id;
	char *name, *description;
};

struct fabric {
	int64_t id;
	char *name, *description, *class_type; /* class_type may be NULL */
};

struct vlan {
	int64_t id;
	int vid, mtu;
	char *name, *description;
	bool dhcp_on;
	char *external_dhcp; /* NULL: none seen */
	struct vlan *relay;
	struct node *primary_rack, *secondary_rack;
	struct space *space; /* NULL: "undefined" */
	struct fabric *fabric;
};

struct subnet {
	int64_t id;
	char *name, *description;
	struct ip_net net;
	struct vlan *vlan;
	int rdns_mode;
	char *gateway; /* NULL: none; "" as MAAS shows it right after create */
	struct names dns_servers, disabled_architectures;
	bool allow_dns, allow_proxy, active_discovery, managed;
};

struct iprange {
	int64_t id;
	struct subnet *subnet;
	bool dynamic;
	struct ip first, last;
	struct user *user;
	char *comment;
};

/* ---- networks.c ---- */
struct fabric *maas_fabric_make(struct maas *maas, const char *name);
struct vlan *maas_vlan_make(
    struct maas *maas, struct fabric *fabric, int vid, const char *name);
struct vlan *maas_vlan_default(
    const struct maas *maas, const struct fabric *fabric);
json_t *maas_vlan_json(const struct vlan *vlan);
void maas_vlan_free(struct vlan *vlan); /* its memory; see maas_vlan_drop */
struct subnet *maas_subnet_make(
    struct maas *maas, const struct ip_net *net, struct vlan *vlan);
/* The smallest network that holds the address, or NULL. */
struct subnet *maas_subnet_of(const struct maas *maas, const struct ip *ip);
json_t *maas_subnet_json(const struct subnet *subnet);
void maas_subnet_free(struct subnet *subnet);
struct iprange *maas_range_make(struct maas *maas, struct subnet *subnet,
    bool dynamic, const struct ip *first, const struct ip *last,
    struct user *user, const char *comment);
void maas_range_free(struct iprange *range);

/* ---- network_asks.c ---- */
/* By id, name, CIDR or specifier ("cidr:...", "name:...", "ip:..."). */
struct subnet *maas_subnet_named(const struct maas *maas, const char *word);

/* ---- vlans.c ---- */
/* Its subnets and interfaces move to the fabric's default VLAN; virtual
 * interfaces for it go. */
void maas_vlan_drop(struct maas *maas, struct vlan *vlan);

/* ---- static_routes.c ---- */
/* Routes from and to a subnet go with it. */
void maas_static_routes_forget(struct maas *maas, const struct subnet *subnet);

#endif
