#include "sim/maas/traits.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/constraints.h"

static bool one_is(const struct names *values, const char *text)
{
	return text && maas_names_have(values, text);
}

bool maas_has_system_id(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->system_id);
}

bool maas_has_hostname(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->hostname);
}

/* Two names match no machine: the field takes one. */
bool maas_has_name(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	char *fqdn = maas_node_fqdn(node);
	bool fine = values->count == 1 &&
	            (one_is(values, node->hostname) || one_is(values, fqdn));

	(void)ask;
	free(fqdn);
	return fine;
}

bool maas_has_mac(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct iface *iface;

	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node == node && one_is(values, iface->mac))
			return true;
	}
	return false;
}

bool maas_has_domain(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->domain->name);
}

bool maas_has_agent(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->agent_name);
}

bool maas_has_zone(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->zone->name);
}

bool maas_has_pool(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return node->pool && one_is(values, node->pool->name);
}

bool maas_has_owner(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return node->owner && one_is(values, node->owner->name);
}

bool maas_has_tags(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (!maas_names_have(&node->tags, values->items[i]))
			return false;
	return true;
}

bool maas_lacks_tags(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (maas_names_have(&node->tags, values->items[i]))
			return false;
	return true;
}

bool maas_has_status(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	enum node_status status;

	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (maas_status_parse(values->items[i], &status) &&
		    node->status == status)
			return true;
	return false;
}

bool maas_has_power(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->power_state);
}

static bool at_least(const struct names *values, int64_t have)
{
	return (double)have >= strtod(values->items[0], NULL);
}

bool maas_has_cpus(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return at_least(values, node->cpu_count);
}

bool maas_has_speed(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return at_least(values, node->cpu_speed);
}

bool maas_has_memory(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return at_least(values, node->memory);
}

bool maas_has_link_speed(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct iface *iface;

	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node == node && at_least(values, iface->link_speed))
			return true;
	}
	return false;
}

bool maas_has_arch(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	size_t main_len = strcspn(node->architecture, "/");

	(void)ask;
	for (size_t i = 0; i < values->count; i++) {
		const char *arch = values->items[i];

		if (strcmp(arch, node->architecture) == 0)
			return true;
		if (strlen(arch) == main_len &&
		    strncmp(arch, node->architecture, main_len) == 0)
			return true;
	}
	return false;
}

static bool is_on_subnet(
    const struct ask *ask, const struct node *node, const struct subnet *subnet)
{
	struct address *address;

	list_for_each (address, &ask->maas->addresses) {
		if (address->iface && address->iface->node == node &&
		    address->subnet == subnet)
			return true;
	}
	return false;
}

bool maas_has_subnets(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	for (size_t i = 0; i < values->count; i++) {
		struct subnet *subnet = maas_subnet_named(
		    ask->maas, values->items[i]);

		if (!subnet || !is_on_subnet(ask, node, subnet))
			return false;
	}
	return true;
}

bool maas_lacks_subnets(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	for (size_t i = 0; i < values->count; i++) {
		struct subnet *subnet = maas_subnet_named(
		    ask->maas, values->items[i]);

		if (subnet && is_on_subnet(ask, node, subnet))
			return false;
	}
	return true;
}

static bool vlan_is(const struct vlan *vlan, const char *value)
{
	if (strncmp(value, "name:", 5) == 0)
		value += 5;
	if (strncmp(value, "vid:", 4) == 0)
		return vlan->vid == maas_number(value + 4);
	return strcmp(vlan->name, value) == 0 || vlan->id == maas_number(value);
}

static bool on_vlan(const struct ask *ask, const struct node *node,
    const struct names *values, bool fabrics)
{
	struct iface *iface;

	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node != node || !iface->vlan)
			continue;
		for (size_t i = 0; i < values->count; i++) {
			if (!fabrics && vlan_is(iface->vlan, values->items[i]))
				return true;
			if (fabrics && strcmp(iface->vlan->fabric->name,
			                   values->items[i]) == 0)
				return true;
		}
	}
	return false;
}

bool maas_has_vlans(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	return on_vlan(ask, node, values, false);
}

bool maas_has_fabrics(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	return on_vlan(ask, node, values, true);
}

bool maas_has_class(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct iface *iface;

	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node == node && iface->vlan &&
		    one_is(values, iface->vlan->fabric->class_type))
			return true;
	}
	return false;
}

/* The host that it was composed on, if there is one. */
bool maas_has_pod(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return maas_names_have(values, maas_vm_host_word(node, "name"));
}

bool maas_has_pod_type(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return maas_names_have(values, maas_vm_host_word(node, "type"));
}

/* Cards are not chosen by. */
bool maas_has_card(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	(void)node;
	(void)values;
	return false;
}

bool maas_has_target(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->ephemeral ? "memory" : "disk");
}

bool maas_has_storage(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (!maas_storage_match(values->items[i], node, NULL))
			return false;
	return true;
}

bool maas_has_interfaces(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	for (size_t i = 0; i < values->count; i++)
		if (!maas_interfaces_match(
		        ask->maas, values->items[i], node, NULL))
			return false;
	return true;
}
