#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"

/* networks/: what subnets were called once. Reading still works; whatever
 * would change one says that it is gone. */

static json_t *network_json(const struct subnet *subnet)
{
	char *name = xasprintf("subnet-%lld", (long long)subnet->id);
	char *uri = xasprintf("/MAAS/api/2.0/networks/%s/", name);
	char base[IP_TEXT], mask[IP_TEXT];
	struct ip netmask = maas_net_mask(&subnet->net);
	json_t *servers = json_array(), *json;

	for (size_t i = 0; i < subnet->dns_servers.count; i++)
		json_array_append_new(
		    servers, json_string(subnet->dns_servers.items[i]));
	maas_ip_text(&subnet->net.base, base);
	maas_ip_text(&netmask, mask);
	json = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:s}", "name",
	    name, "ip", base, "netmask", mask, "vlan_tag", subnet->vlan->vid,
	    "description", subnet->name, "default_gateway",
	    subnet->gateway ? json_string(subnet->gateway) : json_null(),
	    "dns_servers", servers, "resource_uri", uri);
	free(name);
	free(uri);
	return json;
}

static bool is_on(const struct node *node, const struct subnet *subnet)
{
	struct address *address;

	list_for_each (address, &node->maas->addresses) {
		if (address->iface && address->iface->node == node &&
		    address->subnet == subnet)
			return true;
	}
	return false;
}

/* All nodes that were named have to be on it. */
static bool is_wanted(const struct ask *ask, const struct subnet *subnet)
{
	const char *id;
	size_t at = 0;

	while ((id = maas_form_next(&ask->query, "node", &at)))
		if (!is_on(maas_node_find(ask->maas, id), subnet))
			return false;
	return true;
}

void maas_op_networks_list(struct ask *ask)
{
	json_t *errors = json_object(), *list;
	struct subnet *subnet;
	const char *id;
	size_t at = 0;

	while ((id = maas_form_next(&ask->query, "node", &at)))
		if (!maas_node_find(ask->maas, id))
			maas_error(errors, "node", "Unknown node(s): %s.", id);
	if (!maas_fine(ask, errors))
		return;
	list = json_array();
	list_for_each (subnet, &ask->maas->subnets) {
		if (is_wanted(ask, subnet))
			json_array_append_new(list, network_json(subnet));
	}
	maas_answer(ask, list);
}

static struct subnet *asked(struct ask *ask)
{
	const char *name = ask->args[0];
	struct subnet *subnet = NULL;

	if (strncmp(name, "subnet-", 7) == 0)
		subnet = maas_list_find(
		    &ask->maas->subnets, maas_number(name + 7));
	if (!subnet)
		subnet = maas_subnet_named(ask->maas, name);
	if (!subnet)
		maas_answer_missing(ask, "Subnet");
	return subnet;
}

void maas_op_networks_read(struct ask *ask)
{
	struct subnet *subnet = asked(ask);

	if (subnet)
		maas_answer(ask, network_json(subnet));
}

static int by_host_and_mac(const void *a, const void *b)
{
	const struct iface *const *x = a, *const *y = b;
	int order = strcmp((*x)->node->hostname, (*y)->node->hostname);

	return order ? order : strcmp((*x)->mac, (*y)->mac);
}

void maas_op_networks_list_connected_macs(struct ask *ask)
{
	struct subnet *subnet = asked(ask);
	struct names seen = { 0 };
	struct iface **sorted;
	struct address *address;
	json_t *list;
	size_t count = 0;

	if (!subnet)
		return;
	sorted = xcalloc(ask->maas->addresses.count + 1, sizeof(*sorted));
	list_for_each (address, &ask->maas->addresses) {
		struct iface *iface = address->iface;

		if (iface && iface->node && address->subnet == subnet &&
		    maas_is_listed(ask, iface->node) &&
		    maas_names_add(&seen, iface->mac))
			sorted[count++] = iface;
	}
	qsort(sorted, count, sizeof(*sorted), by_host_and_mac);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    list, json_pack("{s:s}", "mac_address", sorted[i]->mac));
	free(sorted);
	maas_names_free(&seen);
	maas_answer(ask, list);
}

/* ---- gone ---- */

static void gone(struct ask *ask)
{
	maas_answer_text(ask, 410, "text/plain", "Gone");
}

void maas_op_networks_create(struct ask *ask)
{
	gone(ask);
}

void maas_op_networks_update(struct ask *ask)
{
	gone(ask);
}

void maas_op_networks_delete(struct ask *ask)
{
	gone(ask);
}

void maas_op_networks_connect_macs(struct ask *ask)
{
	gone(ask);
}

void maas_op_networks_disconnect_macs(struct ask *ask)
{
	gone(ask);
}
