#include "sim/maas/interface_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/tasks.h"

/* ---- reading ---- */

void maas_op_interfaces_list(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");
	json_t *list;
	struct iface *iface;

	if (!node)
		return;
	list = json_array();
	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node == node)
			json_array_append_new(list, maas_iface_json(iface));
	}
	maas_answer(ask, list);
}

struct iface *maas_iface_named(
    const struct maas *maas, const struct node *node, const char *word)
{
	struct iface *iface;

	list_for_each (iface, &maas->ifaces) {
		if (iface->node == node && (iface->id == maas_number(word) ||
		                               strcmp(iface->name, word) == 0))
			return iface;
	}
	return NULL;
}

void maas_op_interfaces_read(struct ask *ask)
{
	struct iface *iface = maas_iface_seen(ask);

	if (iface)
		maas_answer(ask, maas_iface_json(iface));
}

/* ---- bridges ---- */

static void move_links(struct maas *maas, struct iface *from, struct iface *to)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->iface == from && address->type != ALLOC_DISCOVERED)
			maas_address_give(address, to);
	}
}

struct iface *maas_bridge_on(
    struct maas *maas, struct iface *parent, const char *name)
{
	struct iface *bridge = maas_iface_make(
	    parent->node, name, "bridge", parent->mac);

	bridge->vlan = parent->vlan;
	jsets(bridge->params, "bridge_type", "standard");
	jsetb(bridge->params, "bridge_stp", false);
	jseti(bridge->params, "bridge_fd", 15);
	maas_list_put(&bridge->parents, parent);
	move_links(maas, parent, bridge);
	return bridge;
}

/* CRC-32 as in IEEE 802.3, of what does not fit into a name. */
static uint32_t crc32(const char *text)
{
	uint32_t crc = 0xffffffff;

	for (; *text; text++) {
		crc ^= (unsigned char)*text;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* At most fifteen letters, as the kernel wants; free() it. */
static char *bridge_name(const char *name)
{
	size_t len = strlen(name);

	if (len <= 12)
		return xasprintf("br-%s", name);
	if (strncmp(name, "en", 2) == 0 && len <= 15)
		return xasprintf("b-%s", name + 2);
	if (len <= 13)
		return xasprintf("b-%s", name);
	return xasprintf("b-%06lx-%s", (unsigned long)crc32(name) & 0xffffff,
	    name + len - 6);
}

void maas_bridge_all(
    struct ask *ask, struct node *node, const struct bridging *bridging)
{
	size_t count = ask->maas->ifaces.count;

	for (size_t i = 0; i < count; i++) {
		struct iface *iface = ask->maas->ifaces.items[i], *bridge;
		char *name;

		if (iface->node != node || strcmp(iface->type, "bridge") == 0 ||
		    !maas_iface_has_links(iface))
			continue;
		name = bridge_name(iface->name);
		bridge = maas_bridge_on(ask->maas, iface, name);
		bridge->acquired = true;
		jsets(bridge->params, "bridge_type",
		    bridging->type ? bridging->type : "standard");
		jsetb(bridge->params, "bridge_stp", bridging->stp);
		jseti(bridge->params, "bridge_fd", bridging->fd);
		if (json_object_get(iface->params, "mtu"))
			json_object_set(bridge->params, "mtu",
			    json_object_get(iface->params, "mtu"));
		free(name);
	}
}

void maas_iface_give_back(struct iface *iface)
{
	struct maas *maas = iface->node->maas;

	check(iface->parents.count == 1);
	move_links(maas, iface, iface->parents.items[0]);
	maas_list_clear(&iface->parents);
	maas_iface_drop(maas, iface);
}

/* As commissioning found it: no bridges, bonds or VLANs, and one link. */
void maas_node_restore_network(struct node *node)
{
	struct maas *maas = node->maas;

	for (size_t i = maas->ifaces.count; i-- > 0;) {
		struct iface *iface = maas->ifaces.items[i];

		if (iface->node == node && strcmp(iface->type, "physical") != 0)
			maas_iface_drop(maas, iface);
		if (i > maas->ifaces.count)
			i = maas->ifaces.count;
	}
	for (size_t i = maas->addresses.count; i-- > 0;) {
		struct address *address = maas->addresses.items[i];

		if (address->iface && address->iface->node == node)
			maas_address_drop(maas, address);
	}
	maas_node_link_boot(node);
	maas_node_touch(node);
}
