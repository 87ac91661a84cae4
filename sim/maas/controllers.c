#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/constraints.h"
#include "sim/maas/dns.h"
#include "sim/maas/images.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/zones.h"

/* Rack and region controllers are rows of a table: there is no process behind
 * them, and their services say what such a process would say. */

static const struct {
	const char *name, *status;
} services[] = {
	{ "dns_rack", "unknown" },
	{ "dhcpd", "dead" },
	{ "ntp_rack", "dead" },
	{ "syslog_rack", "unknown" },
	{ "rackd", "running" },
	{ "proxy_rack", "unknown" },
	{ "http", "unknown" },
	{ "dhcpd6", "dead" },
	{ "tftp", "dead" },
};

static json_t *services_json(const struct node *node)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		const char *status = services[i].status;

		if (strcmp(services[i].name, "rackd") == 0 && !node->connected)
			status = "dead";
		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s}", "name", services[i].name,
		              "status", status, "status_info", ""));
	}
	return list;
}

json_t *maas_controller_json(const struct node *node, json_t *machine)
{
	static const char *const keys[] = { "system_id", "hostname", "fqdn",
		"description", "domain", "zone", "architecture", "cpu_count",
		"cpu_speed", "memory", "swap_size", "osystem", "distro_series",
		"power_type", "power_state", "ip_addresses", "interface_set",
		"tag_names", "node_type", "node_type_name",
		"current_commissioning_result_id", "current_testing_result_id",
		"current_installation_result_id", "commissioning_status",
		"commissioning_status_name", "testing_status",
		"testing_status_name", "cpu_test_status",
		"cpu_test_status_name", "memory_test_status",
		"memory_test_status_name", "network_test_status",
		"network_test_status_name", "storage_test_status",
		"storage_test_status_name", "other_test_status",
		"other_test_status_name", "interface_test_status",
		"interface_test_status_name", "status_action", "hardware_uuid",
		"hardware_info", "resource_uri" };
	json_t *json = json_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(
		    json, keys[i], json_object_get(machine, keys[i]));
	json_decref(machine);
	jsets(json, "version", node->rack_version ? node->rack_version : "");
	if (node->type == NODE_RACK)
		jset(json, "service_set", services_json(node));
	if (!*node->architecture)
		jset(json, "architecture", json_null());
	return json;
}

void maas_op_rackcontrollers_list(struct ask *ask)
{
	maas_nodes_answer(ask, NODE_RACK, NODE_RACK);
}

void maas_op_regioncontrollers_list(struct ask *ask)
{
	maas_nodes_answer(ask, NODE_REGION, NODE_REGION);
}

void maas_op_rackcontrollers_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "RackController");

	if (node)
		maas_answer(ask, maas_node_json(node));
}

void maas_op_regioncontrollers_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "RegionController");

	if (node)
		maas_answer(ask, maas_node_json(node));
}

static void update(struct ask *ask, const char *model)
{
	struct node *node = maas_ask_admin(ask, model);
	const char *description = maas_field(ask, "description");
	const char *zone_name = maas_field(ask, "zone");
	const char *domain_name = maas_field(ask, "domain");
	struct zone *zone = zone_name ? maas_zone_find(ask->maas, zone_name)
	                              : NULL;
	struct domain *domain = domain_name
	                            ? maas_domain_find(ask->maas, domain_name)
	                            : NULL;
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	if (zone_name && *zone_name && !zone)
		maas_error(errors, "zone",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
	if (domain_name && *domain_name && !domain)
		maas_error(errors, "domain",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
	if (!maas_fine(ask, errors))
		return;
	if (description)
		maas_set_text(&node->description, description);
	if (zone)
		node->zone = zone;
	if (domain)
		node->domain = domain;
	maas_node_touch(node);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_rackcontrollers_update(struct ask *ask)
{
	update(ask, "RackController");
}

void maas_op_regioncontrollers_update(struct ask *ask)
{
	update(ask, "RegionController");
}

/* A rack that serves DHCP alone cannot go. */
void maas_op_rackcontrollers_delete(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "RackController");
	struct buf names = BUF_INIT;
	struct vlan *vlan;

	if (!node)
		return;
	list_for_each (vlan, &ask->maas->vlans) {
		if (vlan->dhcp_on && vlan->primary_rack == node &&
		    !vlan->secondary_rack)
			buf_addf(&names, "%s%s.%s", names.len ? ", " : "",
			    vlan->fabric->name, vlan->name);
	}
	if (names.len) {
		maas_refuse(ask, 400,
		    "Unable to delete '%s'; it is currently set as a primary "
		    "rack controller on VLANs %s and no other rack "
		    "controller can provide DHCP.",
		    node->hostname, buf_text(&names));
	} else {
		maas_node_drop(ask->maas, node);
		maas_answer_gone(ask);
	}
	buf_free(&names);
}

void maas_op_rackcontroller_power_parameters(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "RackController");

	if (node)
		maas_answer(ask, json_deep_copy(node->power_parameters));
}

void maas_op_rackcontrollers_describe_power_types(struct ask *ask)
{
	maas_answer(ask, ask->maas->power_types
	                     ? json_incref(ask->maas->power_types)
	                     : json_array());
}

void maas_op_rackcontrollers_import_boot_images(struct ask *ask)
{
	if (ask->maas->version == 304)
		maas_answer_text(ask, 200, "text/plain",
		    "Import of boot images started on all rack controllers");
	else
		maas_answer_text(ask, 202, "text/plain", "Accepted");
}

void maas_op_rackcontrollers_list_boot_images(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "RackController");
	json_t *images = json_array();
	struct image *image;

	if (!node) {
		json_decref(images);
		return;
	}
	list_for_each (image, &ask->maas->images)
		json_array_append_new(images,
		    json_pack("{s:s, s:s, s:[]}", "name", image->name,
		        "architecture", image->architecture, "subarches"));
	maas_answer(ask, json_pack("{s:o, s:b, s:s}", "images", images,
	                     "connected", node->connected, "status", "synced"));
}
