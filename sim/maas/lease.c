/*
 * Leases: the address that a machine has while an ephemeral system runs on it
 * that it booted from the network (commissioning, testing, erasing, rescue).
 * Its own addresses it has only from the deployment on. MAAS knows of a lease
 * as a discovered address, shown while the machine has no other, and gone when
 * it is off. (Real leases last ten minutes longer: not modelled.)
 */
#include <stdio.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"

static struct address *lease_of(const struct node *node)
{
	struct address *address;

	list_for_each (address, &node->maas->addresses) {
		if (address->iface && address->iface == node->boot_iface &&
		    address->type == ALLOC_DISCOVERED && address->subnet)
			return address;
	}
	return NULL;
}

static struct subnet *subnet_with_dhcp(const struct node *node)
{
	struct subnet *subnet;

	list_for_each (subnet, &node->maas->subnets) {
		if (subnet->vlan->dhcp_on && subnet->net.base.version == 4 &&
		    (!node->boot_iface->vlan ||
		        node->boot_iface->vlan == subnet->vlan))
			return subnet;
	}
	return NULL;
}

/* Out of a dynamic range; where nobody made one, any that is free. */
static bool pick(
    struct maas *maas, const struct subnet *subnet, struct ip *picked)
{
	struct iprange *range;
	bool any = false;

	list_for_each (range, &maas->ranges) {
		if (!range->dynamic || range->subnet != subnet)
			continue;
		any = true;
		for (struct ip ip = range->first;
		     maas_ip_within(&ip, &range->first, &range->last);
		     ip.number++)
			if (!maas_address_find(maas, &ip)) {
				*picked = ip;
				return true;
			}
	}
	return !any && maas_address_next(maas, subnet, true, picked);
}

void maas_lease_give(struct node *node, struct boot_offer *offer)
{
	struct maas *maas = node->maas;
	struct address *lease;
	struct subnet *subnet;
	char text[IP_TEXT];
	struct ip ip;

	if (!node->boot_iface)
		return;
	lease = lease_of(node);
	subnet = lease ? lease->subnet : subnet_with_dhcp(node);
	if (!subnet ||
	    (!(lease && lease->assigned) && !pick(maas, subnet, &ip)))
		return;
	if (!lease) {
		lease = maas_address_make(maas, ALLOC_DISCOVERED, subnet);
		maas_address_give(lease, node->boot_iface);
	}
	if (!lease->assigned)
		maas_address_assign(lease, &ip, maas_time(maas));
	node->lent = lease->ip;
	maas_ip_text(&lease->ip, text);
	snprintf(offer->address, sizeof(offer->address), "%.15s", text);
	offer->prefix_bits = (uint8_t)subnet->net.bits;
	snprintf(offer->gateway, sizeof(offer->gateway), "%.15s",
	    subnet->gateway ? subnet->gateway : "");
	snprintf(offer->dns, sizeof(offer->dns), "%.15s",
	    subnet->dns_servers.count ? subnet->dns_servers.items[0] : "");
	maas_node_touch(node);
}

void maas_lease_end(struct node *node)
{
	struct address *lease = lease_of(node);

	if (lease && lease->assigned) {
		lease->assigned = false;
		maas_node_touch(node);
	}
}
