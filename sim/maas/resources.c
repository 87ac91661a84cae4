/*
 * What 50-maas-01-commissioning prints: MAAS's own program that lists what a
 * machine is made of, as JSON. Of all scripts it is the one whose output is
 * modelled, because it is from there that MAAS knows processors, memory, disks
 * and cards. It is written when somebody reads it, of the machine as it is
 * then; machines of this world cannot be rebuilt between two commissionings.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"

#define MIB_BYTES (1 << 20)

static json_t *environment_json(const struct node *node)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kernel",
	    "Linux", "kernel_architecture", "x86_64", "kernel_version",
	    "5.4.0-67-generic", "os_name", "ubuntu", "os_version", "20.04",
	    "server", "maas-machine-resources", "server_name", node->hostname,
	    "server_version", "4.11");
}

/* ---- processors and memory ---- */

static json_t *core_json(int number)
{
	return json_pack("{s:i, s:[{s:i, s:i, s:b, s:i}], s:i}", "core", number,
	    "threads", "id", number, "thread", 0, "online", true, "numa_node",
	    0, "frequency", 1500);
}

static json_t *cpu_json(const struct node *node)
{
	json_t *cores = json_array();

	for (int i = 0; i < node->found_cores; i++)
		json_array_append_new(cores, core_json(i));
	return json_pack("{s:s, s:[{s:i, s:o, s:s, s:s, s:i}], s:i}",
	    "architecture", "x86_64", "sockets", "socket", 0, "cores", cores,
	    "name", "Example CPU E5", "vendor", "ExampleVendor", "frequency",
	    node->cpu_speed, "total", node->found_cores);
}

static json_t *memory_json(const struct node *node)
{
	json_int_t total = (json_int_t)node->found_memory * MIB_BYTES;

	return json_pack("{s:i, s:i, s:i, s:I, s:I}", "hugepages_total", 0,
	    "hugepages_used", 0, "hugepages_size", 0, "used", total * 3 / 10,
	    "total", total);
}

/* ---- cards ---- */

static bool is_card(const struct iface *iface)
{
	return strcmp(iface->type, "physical") == 0;
}

static json_t *device_json(const struct iface *iface, int number)
{
	char *address = xasprintf("0000:%04d:00.0", number);
	json_t *json = json_pack("{s:s, s:s?, s:s, s:s?, s:s}", "pci_address",
	    address, "vendor", iface->vendor, "vendor_id", "1234", "product",
	    iface->product, "product_id", "5678");

	free(address);
	return json;
}

static json_t *port_json(const struct iface *iface)
{
	char *mode = xasprintf(
	    "%lldbaseT/Full", (long long)iface->interface_speed);
	json_t *json = json_pack("{s:s, s:i, s:s, s:s, s:[s], s:[s], s:s, s:s, "
	                         "s:b, s:b, s:I, s:s}",
	    "id", iface->name, "port", 0, "address", iface->mac, "protocol",
	    "ethernet", "supported_modes", mode, "supported_ports", "fiber",
	    "port_type", "fiber", "transceiver_type", "internal",
	    "auto_negotiation", true, "link_detected", iface->link_connected,
	    "link_speed", (json_int_t)iface->link_speed, "link_duplex", "full");

	free(mode);
	return json;
}

static json_t *list_json(const char *name, json_t *list)
{
	return json_pack(
	    "{s:o, s:i}", name, list, "total", (int)json_array_size(list));
}

static json_t *network_json(const struct node *node)
{
	json_t *cards = json_array(), *card, *more;
	struct iface *iface;

	list_for_each (iface, &node->ifaces) {
		if (!is_card(iface))
			continue;
		card = device_json(iface, (int)json_array_size(cards) + 1);
		more = json_pack("{s:s?, s:i, s:s, s:s, s:[o]}",
		    "firmware_version", iface->firmware, "numa_node", 0,
		    "driver", "mydriver", "driver_version", "1.2.3", "ports",
		    port_json(iface));
		json_object_update(card, more);
		json_decref(more);
		json_array_append_new(cards, card);
	}
	return list_json("cards", cards);
}

static json_t *pci_json(const struct node *node)
{
	json_t *devices = json_array();
	struct iface *iface;

	list_for_each (iface, &node->ifaces) {
		int number = (int)json_array_size(devices) + 1;
		char *address = xasprintf("0000:%04d:00.0", number);

		if (is_card(iface))
			json_array_append_new(devices,
			    json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s, s:s, "
			              "s:{}}",
			        "pci_address", address, "vendor_id", "1234",
			        "vendor", iface->vendor, "product_id", "5678",
			        "product", iface->product, "driver", "mydriver",
			        "driver_version", "1.2.3", "vpd"));
		free(address);
	}
	return list_json("devices", devices);
}

/* ---- disks ---- */

static json_t *disk_json(const struct drive *drive, int number)
{
	const char *id = drive->id_path ? strrchr(drive->id_path, '/') : NULL;
	char *device = xasprintf("8:%d", number * 16);
	char *path = xasprintf("pci-0000:00:1f.2-ata-%d", number + 1);
	json_t *json = json_pack("{s:s, s:I, s:[], s:s, s:b, s:b, s:i, s:i, "
	                         "s:s?, s:s?, s:s, s:s, s:s, s:I, s:s?}",
	    "id", drive->name, "size", (json_int_t)drive->size, "partitions",
	    "type", "sata", "read_only", false, "removable", false, "rpm", 0,
	    "numa_node", 0, "model", drive->model, "serial", drive->serial,
	    "device_id", id ? id + 1 : "", "device", device, "device_path",
	    path, "block_size", (json_int_t)drive->block_size,
	    "firmware_version", drive->firmware);

	free(device);
	free(path);
	return json;
}

static json_t *storage_json(const struct node *node)
{
	json_t *disks = json_array();
	struct drive *drive;

	list_for_each (drive, &node->drives)
		if (!drive->group)
			json_array_append_new(disks,
			    disk_json(drive, (int)json_array_size(disks)));
	return list_json("disks", disks);
}

/* ---- case and board ---- */

static json_t *system_json(const struct node *node)
{
	json_t *is = maas_hardware_json(node);
	json_t *json = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:{s:s, s:s, s:s}, "
	    "s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s}, s:s}",
	    "family", "", "vendor", jstr(is, "system_vendor"), "product",
	    jstr(is, "system_product"), "version", jstr(is, "system_version"),
	    "serial", jstr(is, "system_serial"), "sku", jstr(is, "system_sku"),
	    "uuid", node->hardware_uuid, "firmware", "vendor",
	    jstr(is, "mainboard_firmware_vendor"), "version",
	    jstr(is, "mainboard_firmware_version"), "date",
	    jstr(is, "mainboard_firmware_date"), "motherboard", "vendor",
	    jstr(is, "mainboard_vendor"), "product",
	    jstr(is, "mainboard_product"), "version",
	    jstr(is, "mainboard_version"), "serial",
	    jstr(is, "mainboard_serial"), "chassis", "vendor",
	    jstr(is, "chassis_vendor"), "type", jstr(is, "chassis_type"),
	    "version", jstr(is, "chassis_version"), "serial",
	    jstr(is, "chassis_serial"), "type", "physical");

	json_decref(is);
	return json;
}

/* ---- networks ---- */

static json_t *address_json(const struct ip *ip, const struct subnet *subnet)
{
	char text[IP_TEXT];

	maas_ip_text(ip, text);
	return json_pack("[{s:s, s:i, s:s, s:s}]", "address", text, "netmask",
	    subnet->net.bits, "family", ip->version == 4 ? "inet" : "inet6",
	    "scope", "global");
}

/* The address that it had while it was commissioned. Who was so before our
 * time (an inventory) had the one of its number in the dynamic range. */
static json_t *lease_json(const struct iface *iface)
{
	const struct node *node = iface->node;
	const struct subnet *subnet = maas_subnet_of(node->maas, &node->lent);
	struct iprange *range;

	if (iface != node->boot_iface)
		return json_array();
	if (node->lent.version && subnet)
		return address_json(&node->lent, subnet);
	list_for_each (range, &node->maas->ranges) {
		struct ip ip = range->first;

		ip.number += (unsigned)node->hardware_number;
		if (range->dynamic && range->subnet->vlan == iface->vlan &&
		    maas_ip_within(&ip, &range->first, &range->last))
			return address_json(&ip, range->subnet);
	}
	return json_array();
}

static json_t *networks_json(const struct node *node)
{
	json_t *networks = json_object();
	struct iface *iface;

	list_for_each (iface, &node->ifaces)
		if (is_card(iface))
			json_object_set_new(networks, iface->name,
			    json_pack(
			        "{s:s, s:s, s:s, s:s, s:o, s:n, s:n, s:n}",
			        "name", iface->name, "hwaddr", iface->mac,
			        "type", "broadcast", "state", "up", "addresses",
			        lease_json(iface), "vlan", "bridge", "bond"));
	return networks;
}

char *maas_resources_text(const struct node *node)
{
	json_t *json = json_pack(
	    "{s:[s, s, s, s, s], s:s, s:o, s:{s:o, s:o, s:{s:[], s:i}, s:o, "
	    "s:o, s:{s:[], s:i}, s:o, s:o}, s:o}",
	    "api_extensions", "resources", "resources_v2", "api_os",
	    "resources_system", "resources_usb_pci", "api_version", "1.0",
	    "environment", environment_json(node), "resources", "cpu",
	    cpu_json(node), "memory", memory_json(node), "gpu", "cards",
	    "total", 0, "network", network_json(node), "storage",
	    storage_json(node), "usb", "devices", "total", 0, "pci",
	    pci_json(node), "system", system_json(node), "networks",
	    networks_json(node));
	char *text = json_dumps(json, JSON_PRESERVE_ORDER);

	json_decref(json);
	return text;
}
