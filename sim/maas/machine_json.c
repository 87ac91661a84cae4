
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/results.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"
#include "sim/maas/vmhosts.h"
#include "sim/maas/zones.h"

/* What is the same for every machine here: hardware and features that are not
 * modelled look as they do on a machine that has none of them. */
static const char unmodelled[] =
    "{\"virtualmachine_id\": null, \"last_sync\": null, "
    "\"next_sync\": null, \"sync_interval\": null,"
    "\"disable_ipv4\": false}";

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *number_or_null(int64_t number)
{
	return number < 0 ? json_null() : json_integer(number);
}

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static void set_text(json_t *json, const char *key, const char *value)
{
	json_object_set_new(json, key, text_or_null(value));
}

static json_t *names_json(const struct names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(list, json_string(names->items[i]));
	return list;
}

/* ---- interfaces ---- */

static const char *link_mode(const struct address *address)
{
	switch (address->type) {
	case ALLOC_AUTO:
		return "auto";
	case ALLOC_DHCP:
		return "dhcp";
	case ALLOC_STICKY:
	case ALLOC_RESERVED:
	case ALLOC_DISCOVERED:
		break;
	}
	return address->assigned ? "static" : "link_up";
}

static json_t *link_json(const struct address *address)
{
	json_t *json = json_pack("{s:I, s:s}", "id", (json_int_t)address->id,
	    "mode", link_mode(address));
	char text[IP_TEXT];

	if (address->assigned) {
		maas_ip_text(&address->ip, text);
		set_text(json, "ip_address", text);
	}
	if (address->subnet)
		set(json, "subnet", maas_subnet_json(address->subnet));
	return json;
}

static void links_of(const struct maas *maas, const struct iface *iface,
    json_t *links, json_t **discovered)
{
	const struct node *node = iface->node;
	struct address *address;

	*discovered = json_null();
	list_for_each (address, node ? &node->addresses : &maas->addresses) {
		if (address->iface != iface)
			continue;
		if (address->type != ALLOC_DISCOVERED)
			json_array_append_new(links, link_json(address));
		else if (json_is_null(*discovered))
			*discovered = json_array();
	}
}

static json_t *names_of_parents(const struct iface *iface)
{
	json_t *list = json_array();
	struct iface *parent;

	list_for_each (parent, &iface->parents)
		json_array_append_new(list, json_string(parent->name));
	return list;
}

static json_t *names_of_children(const struct iface *iface)
{
	json_t *list = json_array();
	struct iface *child;

	if (!iface->node)
		return list;
	list_for_each (child, &iface->node->ifaces) {
		if (maas_list_has(&child->parents, iface))
			json_array_append_new(list, json_string(child->name));
	}
	return list;
}

/* What stands on it may need more. */
static int64_t effective_mtu(const struct iface *iface)
{
	int64_t mtu = iface->mtu    ? iface->mtu
	              : iface->vlan ? iface->vlan->mtu
	                            : 1500;
	const struct iface *child;

	if (!iface->node)
		return mtu;
	list_for_each (child, &iface->node->ifaces) {
		if (maas_list_has(&child->parents, iface) &&
		    effective_mtu(child) > mtu)
			mtu = effective_mtu(child);
	}
	return mtu;
}

/* An interface of no machine: a MAC that an address was reserved for. */
static void only_the_card(json_t *json)
{
	static const char *const keys[] = { "system_id", "discovered",
		"effective_mtu", "links", "resource_uri" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_del(json, keys[i]);
}

json_t *maas_iface_json(const struct iface *iface)
{
	const char *node = iface->node ? iface->node->system_id : NULL;
	char *uri = xasprintf("/MAAS/api/2.0/nodes/%s/interfaces/%lld/",
	    node ? node : "", (long long)iface->id);
	json_t *links = json_array(), *discovered = json_null(), *json;

	if (node)
		links_of(iface->node->maas, iface, links, &discovered);
	json = json_pack(
	    "{s:b, s:o, s:I, s:b, s:o, s:s, s:I, s:I, s:o, s:s, s:o, s:O, "
	    "s:o, s:o, s:i, s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:s}",
	    "enabled", iface->enabled, "vendor", text_or_null(iface->vendor),
	    "link_speed", (json_int_t)iface->link_speed, "link_connected",
	    iface->link_connected, "system_id", text_or_null(node), "type",
	    iface->type, "interface_speed", (json_int_t)iface->interface_speed,
	    "id", (json_int_t)iface->id, "discovered", discovered,
	    "mac_address", iface->mac, "product", text_or_null(iface->product),
	    "params", iface->params, "children", names_of_children(iface),
	    "numa_node",
	    strcmp(iface->type, "physical") == 0 && node &&
	            iface->node->type != NODE_DEVICE
	        ? json_integer(0)
	        : json_null(),
	    "sriov_max_vf", iface->sriov_max_vf, "parents",
	    names_of_parents(iface), "vlan", maas_vlan_json(iface->vlan),
	    "name", iface->name, "firmware_version",
	    text_or_null(iface->firmware), "effective_mtu",
	    (json_int_t)effective_mtu(iface), "tags", names_json(&iface->tags),
	    "links", links, "resource_uri", uri);
	free(uri);
	check(json);
	if (!node)
		only_the_card(json);
	return json;
}

static json_t *ifaces_json(const struct node *node)
{
	json_t *list = json_array();
	struct iface *iface;

	list_for_each (iface, &node->ifaces)
		json_array_append_new(list, maas_iface_json(iface));
	return list;
}

/* ---- parts of a machine ---- */

static json_t *gateway_json(const struct node *node, int version)
{
	struct address *address, *chosen = NULL;

	list_for_each (address, &node->addresses) {
		if (!address->subnet || !address->subnet->gateway ||
		    !*address->subnet->gateway ||
		    address->type == ALLOC_DISCOVERED ||
		    address->subnet->net.base.version != version)
			continue;
		if (!chosen || address->id == node->gateway_link_id)
			chosen = address;
	}
	return json_pack("{s:o, s:o}", "gateway_ip",
	    text_or_null(chosen ? chosen->subnet->gateway : NULL), "link_id",
	    chosen && chosen->id == node->gateway_link_id
	        ? json_integer(chosen->id)
	        : json_null());
}

static json_t *numa_json(const struct node *node)
{
	json_t *cores = json_array();

	for (int i = 0; i < node->found_cores; i++)
		json_array_append_new(cores, json_integer(i));
	return json_pack("[{s:i, s:i, s:o, s:[]}]", "index", 0, "memory",
	    node->found_memory, "cores", cores, "hugepages_set");
}

static json_t *result_id(const struct script_set *set)
{
	return set ? json_integer(set->id) : json_null();
}

const char *maas_script_status_name(int status)
{
	static const char *const names[] = { "Pending", "Running", "Passed",
		"Failed", "Timed out", "Aborted" };

	if (status < 0 || status > 5)
		return "Unknown";
	return names[status];
}

static void set_test(json_t *json, const struct node *node,
    const char *hardware, const char *key)
{
	int status = maas_results_status(node->testing, hardware);
	char *name = xasprintf("%s_name", key);

	set(json, key, json_integer(status));
	set_text(json, name, maas_script_status_name(status));
	free(name);
}

static void set_results(json_t *json, const struct node *node)
{
	int status = maas_results_status(node->commissioning, NULL);

	set(json, "current_commissioning_result_id",
	    result_id(node->commissioning));
	set(json, "current_installation_result_id",
	    result_id(node->installation));
	set(json, "current_testing_result_id", result_id(node->testing));
	set(json, "commissioning_status", json_integer(status));
	set_text(
	    json, "commissioning_status_name", maas_script_status_name(status));
	set_test(json, node, NULL, "testing_status");
	set_test(json, node, "cpu", "cpu_test_status");
	set_test(json, node, "memory", "memory_test_status");
	set_test(json, node, "network", "network_test_status");
	set_test(json, node, "storage", "storage_test_status");
	set_test(json, node, "interface", "interface_test_status");
	set_test(json, node, "other", "other_test_status");
}

/* The action that the event behind status_message belongs to. */
static json_t *status_action(const struct node *node)
{
	struct node_event *event, *last = NULL;

	list_for_each (event, &node->maas->events) {
		if (event->node == node && event->level >= EVENT_INFO)
			last = event;
	}
	return last ? json_string(last->action) : json_null();
}

static void set_status_keys(json_t *json, const struct node *node)
{
	char *message = maas_event_message(node);

	set(json, "status", json_integer((json_int_t)node->status));
	set_text(json, "status_name", maas_status_name(node->status));
	set_text(json, "status_message", message);
	set(json, "status_action", status_action(node));
	free(message);
	if (node->maas->version >= 305)
		set_text(json, "error_description", node->error_description);
	if (node->maas->version >= 306)
		set(json, "enable_kernel_crash_dump",
		    json_boolean(node->crash_dump));
	if (node->maas->version >= 307)
		set(json, "is_dpu", json_boolean(node->is_dpu));
}

static void set_disks(json_t *json, const struct node *node)
{
	struct drive *boot = maas_boot_drive(node);
	struct drive *drive;
	int64_t total = 0;

	list_for_each (drive, &node->drives)
		total += drive->group ? 0 : drive->size;
	set(json, "storage", json_real((double)total / 1000 / 1000));
	set(json, "blockdevice_set", maas_drives_json(node, DRIVES_ALL, false));
	set(json, "physicalblockdevice_set",
	    maas_drives_json(node, DRIVES_PHYSICAL, false));
	set(json, "virtualblockdevice_set",
	    maas_drives_json(node, DRIVES_VIRTUAL, false));
	set(json, "boot_disk", boot ? maas_drive_json(boot) : json_null());
	set(json, "volume_groups", maas_groups_json(node, GROUP_VOLUMES));
	set(json, "raids", maas_groups_json(node, GROUP_RAID));
	set(json, "bcaches", maas_groups_json(node, GROUP_BCACHE));
	set(json, "cache_sets", maas_cache_sets_json(node));
	set(json, "special_filesystems", maas_specials_json(node));
}

static void set_network(json_t *json, const struct node *node)
{
	set(json, "interface_set", ifaces_json(node));
	set(json, "boot_interface",
	    node->boot_iface ? maas_iface_json(node->boot_iface) : json_null());
	set(json, "ip_addresses", maas_node_addresses(node));
	set(json, "default_gateways",
	    json_pack("{s:o, s:o}", "ipv4", gateway_json(node, 4), "ipv6",
	        gateway_json(node, 6)));
}

static const char *type_name(enum node_type type)
{
	switch (type) {
	case NODE_MACHINE:
		return "Machine";
	case NODE_DEVICE:
		return "Device";
	case NODE_RACK:
		return "Rack controller";
	case NODE_REGION:
		return "Region controller";
	}
	unreachable("a node of no type");
}

static void set_identity(json_t *json, const struct node *node)
{
	static const char *const collections[] = { "machines", "devices",
		"rackcontrollers", "regioncontrollers" };
	char *fqdn = maas_node_fqdn(node);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/%s/%s/", collections[node->type], node->system_id);

	set_text(json, "system_id", node->system_id);
	set_text(json, "hostname", node->hostname);
	set_text(json, "fqdn", fqdn);
	set_text(json, "description", node->description);
	set_text(json, "hardware_uuid", node->hardware_uuid);
	set_text(json, "owner", node->owner ? node->owner->name : NULL);
	set(json, "owner_data", json_deep_copy(node->owner_data));
	set(json, "workload_annotations", json_deep_copy(node->owner_data));
	set(json, "zone", maas_zone_json(node->zone));
	set(json, "pool",
	    node->pool ? maas_pool_json(node->pool) : json_null());
	set(json, "domain",
	    node->domain ? maas_domain_json(node->maas, node->domain)
	                 : json_null());
	set(json, "tag_names", names_json(&node->tags));
	set(json, "node_type", json_integer((json_int_t)node->type));
	set_text(json, "node_type_name", type_name(node->type));
	set(json, "address_ttl", number_or_null(node->address_ttl));
	set(json, "parent", json_null());
	set_text(json, "resource_uri", uri);
	free(uri);
	free(fqdn);
}

static void set_system(json_t *json, const struct node *node)
{
	set(json, "locked", json_boolean(node->locked));
	set_text(json, "power_state", node->power_state);
	set_text(json, "power_type", node->power_type);
	set(json, "netboot", json_boolean(node->netboot));
	set_text(json, "osystem", node->osystem);
	set_text(json, "distro_series", node->series);
	set_text(json, "hwe_kernel", node->hwe_kernel);
	set_text(json, "min_hwe_kernel", node->min_hwe_kernel);
	set(json, "ephemeral_deploy", json_boolean(node->ephemeral));
	set(json, "enable_hw_sync", json_boolean(node->hw_sync));
	set_text(json, "architecture", node->architecture);
	set(json, "cpu_count", json_integer(node->cpu_count));
	set(json, "cpu_speed", json_integer(node->cpu_speed));
	set(json, "memory", json_integer(node->memory));
	set(json, "swap_size", number_or_null(node->swap_size));
	set_text(json, "bios_boot_method", node->bios_boot_method);
	set(json, "hardware_info", maas_hardware_json(node));
	set(json, "numanode_set", numa_json(node));
}

static json_t *machine_json(const struct node *node)
{
	json_t *json = json_loads(unmodelled, 0, NULL);

	check(json);
	set(json, "pod", maas_vm_host_reference(node));
	set_identity(json, node);
	set_status_keys(json, node);
	set_system(json, node);
	set_disks(json, node);
	set_network(json, node);
	set_results(json, node);
	return json;
}

/* Devices and controllers show some of these keys. */
static void keep_only(json_t *json, const char *const *keys, size_t count)
{
	void *next;
	const char *key;
	json_t *value;

	json_object_foreach_safe(json, next, key, value)
	{
		bool kept = false;

		for (size_t i = 0; i < count && !kept; i++)
			kept = strcmp(keys[i], key) == 0;
		if (!kept)
			json_object_del(json, key);
	}
}

static json_t *device_json(const struct node *node)
{
	static const char *const keys[] = { "system_id", "hostname", "fqdn",
		"description", "owner", "owner_data", "workload_annotations",
		"parent", "domain", "zone", "address_ttl", "interface_set",
		"ip_addresses", "tag_names", "node_type", "node_type_name",
		"resource_uri" };
	json_t *json = machine_json(node);

	keep_only(json, keys, sizeof(keys) / sizeof(keys[0]));
	if (node->parent)
		set_text(json, "parent", node->parent->system_id);
	return json;
}

json_t *maas_node_json(const struct node *node)
{
	switch (node->type) {
	case NODE_MACHINE:
		return machine_json(node);
	case NODE_DEVICE:
		return device_json(node);
	case NODE_RACK:
	case NODE_REGION:
		return maas_controller_json(node, machine_json(node));
	}
	unreachable("a node of no type");
}
