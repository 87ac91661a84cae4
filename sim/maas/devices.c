#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/constraints.h"

/* Devices: things with a name and a MAC that MAAS does not install. */

void maas_op_devices_list(struct ask *ask)
{
	maas_nodes_answer(ask, NODE_DEVICE, NODE_DEVICE);
}

static void read_macs(struct ask *ask, struct names *macs, json_t *errors)
{
	size_t at = 0;
	const char *mac;
	bool bad = false;

	while ((mac = maas_form_next(&ask->body.form, "mac_addresses", &at))) {
		struct iface *taken = maas_iface_with_mac(ask->maas, mac);

		bad = true;
		if (!maas_mac_ok(mac))
			maas_error(errors, "mac_addresses",
			    "'%s' is not a valid MAC address.", mac);
		else if (taken && taken->node)
			maas_error(errors, "mac_addresses",
			    "MAC address %s already in use on %s.", mac,
			    taken->node->hostname);
		else
			maas_names_add(macs, mac);
	}
	if (!macs->count && !bad)
		maas_error(errors, "mac_addresses", "This field is required.");
}

struct device_form {
	const char *hostname, *description;
	struct domain *domain;
	struct zone *zone;
	struct node *parent;
};

static void read_form(struct ask *ask, struct device_form *form,
    const struct node *self, json_t *errors)
{
	const char *domain = maas_field(ask, "domain");
	const char *zone = maas_field(ask, "zone");
	const char *parent = maas_field(ask, "parent");
	struct node *other;
	char *fault;

	form->hostname = maas_field(ask, "hostname");
	form->description = maas_field(ask, "description");
	if (form->hostname && *form->hostname) {
		fault = maas_label_fault(form->hostname);
		if (fault)
			maas_error(errors, "hostname", "%s", fault);
		free(fault);
		other = maas_node_named(ask->maas, form->hostname);
		if (other && other != self)
			maas_error(errors, "hostname",
			    "Node with this Hostname already exists.");
	}
	if (domain && !(form->domain = maas_domain_named(ask->maas, domain)))
		maas_error(
		    errors, "domain", "Unable to find domain %s", domain);
	if (zone && !(form->zone = maas_zone_find(ask->maas, zone)))
		maas_error(errors, "zone",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
	if (parent && *parent &&
	    !(form->parent = maas_node_find(ask->maas, parent)))
		maas_error(errors, "parent",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
}

static void write_form(struct node *node, const struct device_form *form)
{
	if (form->hostname && *form->hostname)
		maas_set_text(&node->hostname, form->hostname);
	if (form->description)
		maas_set_text(&node->description, form->description);
	if (form->domain)
		node->domain = form->domain;
	if (form->zone)
		node->zone = form->zone;
	if (form->parent)
		node->parent = form->parent;
	maas_node_touch(node);
}

void maas_op_devices_create(struct ask *ask)
{
	struct device_form form = { 0 };
	json_t *errors = json_object();
	struct names macs = { 0 };
	struct node *node;
	char *name;

	read_macs(ask, &macs, errors);
	read_form(ask, &form, NULL, errors);
	if (maas_fine(ask, errors)) {
		node = maas_node_make(ask->maas, NODE_DEVICE, NULL);
		name = maas_node_new_name(ask->maas);
		maas_set_text(&node->hostname, name);
		free(name);
		node->owner = ask->user;
		write_form(node, &form);
		for (size_t i = 0; i < macs.count; i++) {
			name = xasprintf("eth%zu", i);
			maas_iface_make(node, name, "physical", macs.items[i]);
			free(name);
		}
		maas_answer(ask, maas_node_json(node));
	}
	maas_names_free(&macs);
}

void maas_op_devices_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Device");

	if (node)
		maas_answer(ask, maas_node_json(node));
}

/* A device belongs to whoever made it. */
static struct node *own_device(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Device");

	if (node && !maas_is_admin(ask) && node->owner != ask->user) {
		maas_refuse(ask, 403, "%s", "");
		return NULL;
	}
	return node;
}

void maas_op_devices_update(struct ask *ask)
{
	struct node *node = own_device(ask);
	struct device_form form = { 0 };
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	read_form(ask, &form, node, errors);
	if (!maas_fine(ask, errors))
		return;
	write_form(node, &form);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_devices_delete(struct ask *ask)
{
	struct node *node = own_device(ask);

	if (!node)
		return;
	maas_node_drop(ask->maas, node);
	maas_answer_gone(ask);
}
