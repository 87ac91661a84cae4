/*
 * What commissioning finds out about a machine's case, board and processor.
 * All machines here are of one make, but for their serials: only the number of
 * a machine is kept, and its texts are written when somebody wants to see
 * them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/tasks.h"

/* In the order of a document. */
static const struct {
	const char *key, *text; /* NULL: not even commissioning finds it */
	bool numbered;
} parts[] = {
	{ "system_vendor", "Example", false },
	{ "system_product", "Model-1", false },
	{ "system_family", NULL, false },
	{ "system_version", "1", false },
	{ "system_sku", "SKU1", false },
	{ "system_serial", "SN", true },
	{ "cpu_model", "Example CPU E5", false },
	{ "mainboard_vendor", "EX", false },
	{ "mainboard_product", "MB1", false },
	{ "mainboard_serial", "MB", true },
	{ "mainboard_version", "1", false },
	{ "mainboard_firmware_vendor", "EX", false },
	{ "mainboard_firmware_date", "01/01/2026", false },
	{ "mainboard_firmware_version", "1.0", false },
	{ "chassis_vendor", "EX", false },
	{ "chassis_type", "Rack", false },
	{ "chassis_serial", "CH", true },
	{ "chassis_version", "1", false },
};

void maas_hardware_found(struct node *node, int number)
{
	node->hardware_number = number;
	maas_set_text(&node->bios_boot_method, "uefi");
	free(node->hardware_uuid);
	node->hardware_uuid = xasprintf(
	    "00000000-0000-4000-8000-%012d", number);
}

json_t *maas_hardware_json(const struct node *node)
{
	json_t *json = json_object();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool known = node->hardware_number && parts[i].text;
		char text[32];

		snprintf(text, sizeof(text), "%s",
		    known ? parts[i].text : "Unknown");
		if (known && parts[i].numbered)
			snprintf(text, sizeof(text), "%s%04d", parts[i].text,
			    node->hardware_number);
		json_object_set_new(json, parts[i].key, json_string(text));
	}
	return json;
}
