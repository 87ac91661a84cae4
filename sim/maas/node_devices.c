#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/storage.h"

/* What is plugged into a machine: a PCIe card for each of its interfaces and
 * physical drives, as commissioning finds them. One that was deleted is found
 * again by the next commissioning. */

enum {
	STORAGE = 3,
	NETWORK = 4
};

static void add(struct node *node, int hardware, const char *hardware_name,
    const char *vendor, const char *product, const char *driver, json_t *drive,
    json_t *iface)
{
	int number = (int)node->cards.count;
	char *address = xasprintf("0000:%02x:00.0", number + 1);
	char *path = xasprintf("/nodes/%s/devices/", node->system_id);
	struct list *cards = &node->cards;

	cards->next_id = node->maas->next_card_id;
	maas_document_make(cards, path,
	    json_pack("{s:i, s:s, s:i, s:s, s:s, s:i, s:o, s:o, s:s, s:s, s:s, "
	              "s:s, s:s, s:i, s:i, s:s}",
	        "bus", 1, "bus_name", "PCIE", "hardware_type", hardware,
	        "hardware_type_name", hardware_name, "system_id",
	        node->system_id, "numa_node", 0, "physical_blockdevice", drive,
	        "physical_interface", iface, "vendor_id", "1af4", "product_id",
	        hardware == NETWORK ? "1000" : "1001", "vendor_name", vendor,
	        "product_name", product, "commissioning_driver", driver,
	        "bus_number", number + 1, "device_number", 0, "pci_address",
	        address));
	node->maas->next_card_id = cards->next_id;
	free(address);
	free(path);
}

static void find(struct node *node)
{
	struct iface *iface;
	struct drive *drive;

	list_for_each (iface, &node->maas->ifaces) {
		if (iface->node == node && strcmp(iface->type, "physical") == 0)
			add(node, NETWORK, "Network",
			    iface->vendor ? iface->vendor : "",
			    iface->product ? iface->product : "", "virtio_net",
			    json_null(), json_integer(iface->id));
	}
	list_for_each (drive, &node->drives) {
		if (!drive->group)
			add(node, STORAGE, "Storage", "",
			    drive->model ? drive->model : "", "virtio_blk",
			    json_integer(drive->id), json_null());
	}
}

void maas_node_devices_forget(struct node *node)
{
	while (node->cards.count)
		maas_document_drop(&node->cards, node->cards.items[0]);
	maas_list_clear(&node->cards);
	node->cards_found = false;
}

void maas_node_devices_found(struct node *node)
{
	if (node->cards_found || node->status == NODE_NEW)
		return;
	find(node);
	node->cards_found = true;
}

static struct node *asked(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");

	if (node)
		maas_node_devices_found(node);
	return node;
}

static bool fits(const struct ask *ask, const json_t *shown, const char *field)
{
	const char *wanted = maas_query(ask, field);

	return !wanted || strcasecmp(wanted, jstr(shown, field)) == 0;
}

static bool fits_all(const struct ask *ask, const json_t *shown)
{
	static const char *const fields[] = { "vendor_id", "product_id",
		"vendor_name", "product_name", "commissioning_driver" };
	const char *bus = maas_query(ask, "bus");
	const char *hardware = maas_query(ask, "hardware_type");

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!fits(ask, shown, fields[i]))
			return false;
	if (bus && strcasecmp(bus, "pcie") != 0 && strcmp(bus, "1") != 0)
		return false;
	return !hardware ||
	       strcasecmp(hardware, jstr(shown, "hardware_type_name")) == 0 ||
	       maas_number(hardware) == jint(shown, "hardware_type");
}

void maas_op_node_devices_list(struct ask *ask)
{
	struct node *node = asked(ask);
	struct document *device;
	json_t *list;

	if (!node)
		return;
	list = json_array();
	list_for_each (device, &node->cards) {
		if (fits_all(ask, device->shown))
			json_array_append_new(
			    list, maas_document_json(ask->maas, device, NULL));
	}
	maas_answer(ask, list);
}

/* By number, or by where it is plugged in. */
static struct document *device_asked(struct ask *ask, struct node **node)
{
	struct document *device;

	*node = asked(ask);
	if (!*node)
		return NULL;
	list_for_each (device, &(*node)->cards) {
		if (device->id == maas_number(ask->args[1]) ||
		    strcmp(jstr(device->shown, "pci_address"), ask->args[1]) ==
		        0)
			return device;
	}
	maas_answer_missing(ask, "NodeDevice");
	return NULL;
}

void maas_op_node_devices_read(struct ask *ask)
{
	struct node *node;
	struct document *device = device_asked(ask, &node);

	if (device)
		maas_document_answer(ask, device, NULL);
}

void maas_op_node_devices_delete(struct ask *ask)
{
	struct node *node;
	struct document *device = device_asked(ask, &node);

	if (!device)
		return;
	maas_document_drop(&node->cards, device);
	maas_answer_gone(ask);
}
