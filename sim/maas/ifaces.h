/*
 * ifaces: network interfaces, physical ones and what is built on them.
 *
 * An interface belongs to its machine, or for a while to nobody: a MAC that
 * somebody reserved an address for. A bond, bridge or VLAN stands on its
 * parents, and goes with the last of them. Addresses point at their interface,
 * not the other way round (addresses.h).
 */
#ifndef SIM_MAAS_IFACES_H
#define SIM_MAAS_IFACES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/maas/list.h"

struct maas;
struct node;
struct vlan;

struct iface {
	int64_t id;
	struct node *node;
	char *name, *type; /* physical bond bridge vlan */
	char *mac;
	struct vlan *vlan;
	bool enabled, link_connected;
	int64_t mtu; /* 0: from the VLAN */
	int64_t link_speed, interface_speed;
	char *vendor, *product, *firmware; /* NULL: unknown */
	int sriov_max_vf;
	bool acquired;  /* a bridge made by bridge_all, until release */
	json_t *params; /* an object */
	struct names tags;
	struct list parents; /* struct iface; not owned */
};

/* ---- machine.c ---- */
/* The first one that a machine gets is its boot interface. */
struct iface *maas_iface_make(
    struct node *node, const char *name, const char *type, const char *mac);
/* A MAC that somebody reserved an address for. */
struct iface *maas_iface_unowned(
    struct maas *maas, const char *mac, struct vlan *vlan);
struct iface *maas_iface_with_mac(const struct maas *maas, const char *mac);
/* With its addresses and all that stands on it alone. */
void maas_iface_drop(struct maas *maas, struct iface *iface);
void maas_iface_free(struct iface *iface); /* its memory */

/* ---- macs.c ---- */
bool maas_mac_ok(const char *mac);
/* As it is kept, 52:54:00:0a:..; free() it. What is none comes out as none. */
char *maas_mac_plain(const char *mac);

/* ---- interfaces.c, machine_json.c ---- */
/* By id or name. */
struct iface *maas_iface_named(
    const struct maas *maas, const struct node *node, const char *word);
struct iface *maas_bridge_on(
    struct maas *maas, struct iface *parent, const char *name);
/* An acquired bridge goes and its links return to what it stood on. */
void maas_iface_give_back(struct iface *iface);
json_t *maas_iface_json(const struct iface *iface);

#endif
