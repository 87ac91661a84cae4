#include "sim/maas/traits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/constraints.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"
#include "sim/maas/specifiers.h"
#include "sim/maas/vmhosts.h"
#include "sim/maas/zones.h"

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

/* "host" or "host.domain". */
static bool is_called(const struct node *node, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name);

	return strlen(node->hostname) == len &&
	       strncmp(node->hostname, name, len) == 0 &&
	       (!dot || strcmp(node->domain->name, dot + 1) == 0);
}

/* Two different names match no machine. */
bool maas_has_name(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (!is_called(node, values->items[i]))
			return false;
	return true;
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

/* There is no such column: nobody gets here (constraints.c). */
bool maas_has_simple(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	(void)node;
	(void)values;
	return false;
}

bool maas_has_power(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->power_state);
}

/* Of several numbers the lowest counts. */
static bool at_least(const struct names *values, int64_t have)
{
	for (size_t i = 0; i < values->count; i++) {
		double least = 0;

		if (maas_python_read_float(values->items[i], &least) &&
		    (double)have >= least)
			return true;
	}
	return false;
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

bool maas_is_arch(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return one_is(values, node->architecture);
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

static bool means(const struct ask *ask, enum specified of,
    const struct names *values, const void *thing)
{
	return maas_specifiers_mean(ask->maas, of,
	    (const char *const *)values->items, values->count, thing);
}

bool maas_has_subnets(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct subnet *subnet;

	list_for_each (subnet, &ask->maas->subnets) {
		if (means(ask, SPEC_SUBNET, values, subnet) &&
		    !is_on_subnet(ask, node, subnet))
			return false;
	}
	return true;
}

bool maas_lacks_subnets(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct subnet *subnet;

	list_for_each (subnet, &ask->maas->subnets) {
		if (means(ask, SPEC_SUBNET, values, subnet) &&
		    is_on_subnet(ask, node, subnet))
			return false;
	}
	return true;
}

bool maas_has_vlans(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct iface *iface;

	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node == node && iface->vlan &&
		    means(ask, SPEC_VLAN, values, iface->vlan))
			return true;
	}
	return false;
}

bool maas_has_fabrics(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	struct iface *iface;

	list_for_each (iface, &ask->maas->ifaces) {
		if (iface->node == node && iface->vlan &&
		    one_is(values, iface->vlan->fabric->name))
			return true;
	}
	return false;
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
	const char *name = maas_vm_host_word(node, "name");

	(void)ask;
	return *name && maas_names_have(values, name);
}

/* The type of its BMC, whether that is of a host or not. */
bool maas_has_pod_type(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return node->power_type && *node->power_type &&
	       one_is(values, node->power_type);
}

/* "vendor_id=8086,product_id=10fb": one card with all of it. */
static bool card_is(const json_t *card, const char *wanted)
{
	char *copy = xstrdup(wanted), *save = NULL;
	bool fine = true;

	for (char *pair = strtok_r(copy, ",", &save); pair && fine;
	     pair = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(pair, '=');

		fine = equals != NULL;
		if (!fine)
			break;
		*equals = '\0';
		fine = strcasecmp(jstr(card, pair), equals + 1) == 0;
	}
	free(copy);
	return fine;
}

bool maas_has_card(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	const char *wanted = values->items[values->count - 1];
	struct document *card;

	(void)ask;
	if (!*wanted)
		return true;
	maas_node_devices_found(maas_node_find(ask->maas, node->system_id));
	list_for_each (card, &node->cards) {
		if (card_is(card->shown, wanted))
			return true;
	}
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
	const char *text = values->items[values->count - 1];

	(void)ask;
	return !*text || maas_storage_match(text, node, NULL);
}

bool maas_has_interfaces(
    const struct ask *ask, const struct node *node, const struct names *values)
{
	(void)ask;
	return maas_interfaces_match(
	    values->items[values->count - 1], node, NULL);
}
