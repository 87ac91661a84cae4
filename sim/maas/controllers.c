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

/* A rack that serves DHCP alone goes only by force, and DHCP with it. */
void maas_op_rackcontrollers_delete(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "RackController");
	struct buf names = BUF_INIT;
	struct vlan *vlan;
	bool force;

	if (!node || !maas_flag(ask, &ask->query, "force", false, &force))
		return;
	list_for_each (vlan, &ask->maas->vlans) {
		if (!vlan->dhcp_on || vlan->primary_rack != node ||
		    vlan->secondary_rack)
			continue;
		if (force)
			vlan->dhcp_on = false;
		else
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

void maas_import_begun(struct ask *ask, const char *where)
{
	char *text = xasprintf("Import of boot images started on %s", where);

	if (ask->maas->version == 304)
		maas_answer_text(ask, 200, "text/plain; charset=utf-8", text);
	else
		maas_answer_text(ask, 202, "text/plain", "Accepted");
	free(text);
}

void maas_op_rackcontrollers_import_boot_images(struct ask *ask)
{
	maas_import_begun(ask, "all rack controllers");
}

/* ---- images of a rack ---- */

/* "generic,hwe-p,..." and the image's own, each once and in order. */
static void add_subarches(json_t *subarches, const struct image *image)
{
	const char *own = strchr(image->architecture, '/');
	struct names words = { 0 };

	maas_names_split(&words, image->subarches, ",");
	if (own)
		maas_names_add(&words, own + 1);
	for (size_t i = 0; i < words.count; i++) {
		size_t at = 0;
		int order = 1;

		while (
		    at < json_array_size(subarches) &&
		    (order = strcmp(words.items[i],
		         json_string_value(json_array_get(subarches, at)))) > 0)
			at++;
		if (order)
			json_array_insert_new(
			    subarches, at, json_string(words.items[i]));
	}
	maas_names_free(&words);
}

/* The entry of this name and architecture, made if it is not there. Regions
 * of 3.5 and later have one for each image. */
static json_t *image_entry(
    const struct maas *maas, json_t *images, const struct image *image)
{
	size_t len = strcspn(image->architecture, "/"), i;
	char *arch = xstrndup(image->architecture, len);
	json_t *entry, *found = NULL;

	json_array_foreach(images, i, entry)
	{
		if (maas->version == 304 &&
		    strcmp(jstr(entry, "name"), image->name) == 0 &&
		    strcmp(jstr(entry, "architecture"), arch) == 0)
			found = entry;
	}
	if (!found) {
		found = json_pack("{s:s, s:s, s:[]}", "name", image->name,
		    "architecture", arch, "subarches");
		json_array_append_new(images, found);
	}
	free(arch);
	return found;
}

void maas_op_rackcontrollers_list_boot_images(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "RackController");
	struct maas *maas = ask->maas;
	bool lost = node && maas->version == 304 && !node->connected;
	struct image *image;
	json_t *images;

	if (!node)
		return;
	images = json_array();
	list_for_each (image, &maas->images) {
		if (!lost)
			add_subarches(
			    json_object_get(
			        image_entry(maas, images, image), "subarches"),
			    image);
	}
	maas_answer(
	    ask, json_pack("{s:o, s:b, s:s}", "images", images, "connected",
	             !lost, "status", lost ? "unknown" : "synced"));
}
