#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/power.h"
#include "sim/maas/zones.h"

/* What can be asked of devices and controllers as it can of machines. */

static const struct kind {
	const char *model;
	enum node_type type;
} kinds[] = {
	{ "Device", NODE_DEVICE },
	{ "RackController", NODE_RACK },
	{ "RegionController", NODE_REGION },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Of the handler that was asked; NULL: of nodes of every kind. */
static const struct kind *kind_of(const struct ask *ask)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strncmp(ask->operation->handler, kinds[i].model,
		        strlen(kinds[i].model)) == 0)
			return &kinds[i];
	return NULL;
}

static const char *model_of(const struct ask *ask)
{
	const struct kind *kind = kind_of(ask);

	return kind ? kind->model : "Node";
}

/* ---- details ---- */

static void details(struct ask *ask)
{
	/* BSON of {lldp: null, lshw: null}, as for machines */
	static const char nothing[] = "\x11\x00\x00\x00"
	                              "\nlldp\x00"
	                              "\nlshw\x00";
	struct node *node = maas_ask_node(ask, model_of(ask));

	if (!node)
		return;
	maas_answer_text(ask, 200, "application/bson", "");
	buf_reset(&ask->answer.body);
	buf_add(&ask->answer.body, nothing, sizeof(nothing));
}

/* ---- power ---- */

static void power_parameters(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, model_of(ask));

	if (node)
		maas_answer(ask, json_deep_copy(node->power_parameters));
}

bool maas_id_wanted(const struct ask *ask, const struct node *node)
{
	size_t at = 0;
	const char *id;

	while ((id = maas_form_next(&ask->query, "id", &at)))
		if (strcmp(id, node->system_id) == 0)
			return true;
	return form_get(&ask->query, "id") == NULL;
}

/* Of those that ?id= names, or of all; to an administrator, and to others an
 * empty object. */
static void power_parameters_of(struct ask *ask, enum node_type type)
{
	json_t *all = json_object();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		if (node->type == type && maas_is_admin(ask) &&
		    maas_id_wanted(ask, node))
			json_object_set_new(all, node->system_id,
			    json_deep_copy(node->power_parameters));
	}
	maas_answer(ask, all);
}

void maas_op_machines_power_parameters(struct ask *ask)
{
	power_parameters_of(ask, NODE_MACHINE);
}

void maas_op_rackcontrollers_power_parameters(struct ask *ask)
{
	power_parameters_of(ask, NODE_RACK);
}

/* Nobody switches a controller on or off: MAAS knows no BMC of it. */
void maas_op_rackcontrollers_query_power_state(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, model_of(ask));

	if (node)
		maas_answer(
		    ask, json_pack("{s:s}", "state", maas_power_query(node)));
}

void maas_op_rackcontrollers_power_on(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, model_of(ask));

	if (node)
		maas_answer(ask, maas_node_json(node));
}

void maas_op_rackcontrollers_power_off(struct ask *ask)
{
	if (maas_ask_admin(ask, model_of(ask)))
		maas_answer(ask, json_null());
}

/* ---- to a zone ---- */

static void set_zone(struct ask *ask)
{
	const char *zone_name = maas_field(ask, "zone");
	struct zone *zone = zone_name ? maas_zone_find(ask->maas, zone_name)
	                              : NULL;
	json_t *errors = json_object();
	const char *id;
	size_t at = 0;

	if (!zone_name || !*zone_name)
		maas_error(errors, "zone", "This field is required.");
	else if (!zone)
		maas_error(errors, "zone",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
	if (!maas_field(ask, "nodes"))
		maas_error(errors, "system_id", "This field is required.");
	while ((id = maas_form_next(&ask->body.form, "nodes", &at))) {
		if (maas_is_admin(ask) && maas_node_find(ask->maas, id))
			continue;
		maas_error(errors, "system_id",
		    "Some of the given system ids are invalid system ids.");
		break;
	}
	if (!maas_fine(ask, errors))
		return;
	at = 0;
	while ((id = maas_form_next(&ask->body.form, "nodes", &at))) {
		struct node *node = maas_node_find(ask->maas, id);

		node->zone = zone;
		maas_node_touch(node);
	}
	maas_answer(ask, json_null());
}

/* ---- devices ---- */

/* Its links go, as when it was made. */
static void restore_device(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Device");
	struct maas *maas = ask->maas;

	if (!node)
		return;
	for (size_t i = maas->addresses.count; i-- > 0;) {
		struct address *address = maas->addresses.items[i];

		if (address->iface && address->iface->node == node)
			maas_address_drop(maas, address);
	}
	maas_node_touch(node);
	maas_answer(ask, maas_node_json(node));
}

static void set_owner_data(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Device");

	if (node)
		maas_owner_data_set(ask, node);
}

/* ---- controllers ---- */

void maas_op_rackcontroller_import_boot_images(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "RackController");

	if (node)
		maas_import_begun(ask, node->hostname);
}

/* The one that answers cannot go, and there is no other. */
void maas_op_regioncontrollers_delete(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "RegionController"), *other;
	size_t regions = 0;

	if (!node)
		return;
	list_for_each (other, &ask->maas->nodes)
		regions += other->type == NODE_REGION;
	if (regions < 2) {
		maas_refuse(ask, 400,
		    "Unable to delete %s: it is the last region controller.",
		    node->hostname);
		return;
	}
	maas_node_drop(ask->maas, node);
	maas_answer_gone(ask);
}

/* ---- enlisted machines wait for somebody with a name ---- */

void maas_op_machines_accept_anonymous(struct ask *ask)
{
	maas_answer_text(ask, 401, "text/plain",
	    "You must be logged in to accept machines.");
}

#define SAME(operation, function)                 \
	void maas_op_##operation(struct ask *ask) \
	{                                         \
		function(ask);                    \
	}

SAME(devices_details, details)
SAME(nodes_details, details)
SAME(rackcontrollers_details, details)
SAME(regioncontrollers_details, details)
SAME(devices_power_parameters, power_parameters)
SAME(nodes_power_parameters, power_parameters)
SAME(regioncontrollers_power_parameters, power_parameters)
SAME(devices_set_zone, set_zone)
SAME(machines_set_zone, set_zone)
SAME(nodes_set_zone, set_zone)
SAME(rackcontrollers_set_zone, set_zone)
SAME(regioncontrollers_set_zone, set_zone)
SAME(devices_restore_default_configuration, restore_device)
SAME(devices_restore_networking_configuration, restore_device)
SAME(devices_set_owner_data, set_owner_data)
SAME(devices_set_workload_annotations, set_owner_data)
SAME(rackcontrollers_is_registered, maas_op_machines_is_registered)
SAME(regioncontrollers_is_registered, maas_op_machines_is_registered)
SAME(rackcontrollers_is_action_in_progress,
    maas_op_machines_is_action_in_progress)
SAME(regioncontrollers_is_action_in_progress,
    maas_op_machines_is_action_in_progress)
