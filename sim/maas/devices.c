#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/constraints.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/node_form.h"
#include "sim/maas/zones.h"

/* Devices: things with a name and a MAC that MAAS does not install. */

void maas_op_devices_list(struct ask *ask)
{
	maas_nodes_answer(ask, NODE_DEVICE, NODE_DEVICE);
}

struct device_form {
	char *hostname; /* NULL: not given */
	const char *description;
	struct domain *domain;
	struct zone *zone;
	struct node *parent;
};

static void no_choice(json_t *errors, const char *field)
{
	maas_error(errors, field,
	    "Select a valid choice. That choice is not one of the available "
	    "choices.");
}

static void read_form(struct ask *ask, struct device_form *form,
    const struct node *self, json_t *errors)
{
	const char *zone = maas_field(ask, "zone");
	const char *parent = maas_field(ask, "parent");

	form->hostname = maas_hostname_read(ask, self, &form->domain, errors);
	form->description = maas_field(ask, "description");
	maas_domain_read(ask, errors, &form->domain);
	if (zone && *zone && !(form->zone = maas_zone_find(ask->maas, zone)))
		no_choice(errors, "zone");
	if (parent && *parent &&
	    !(form->parent = maas_node_find(ask->maas, parent)))
		no_choice(errors, "parent");
	if (maas_ticked(ask, "disable_ipv4"))
		maas_error(errors, "disable_ipv4",
		    "If specified, disable_ipv4 must be False.");
}

/* Frees errors. */
static bool judged(struct ask *ask, json_t *errors)
{
	if (!ask->answered)
		return maas_fine(ask, errors);
	json_decref(errors);
	return false;
}

/* It is where its parent is, unless that was said too. */
static void write_form(struct node *node, const struct device_form *form)
{
	if (form->hostname)
		maas_node_rename(node, form->hostname);
	if (form->description)
		maas_set_text(&node->description, form->description);
	if (form->parent)
		node->parent = form->parent;
	if (form->domain)
		node->domain = form->domain;
	else if (node->parent && node->parent->domain)
		node->domain = node->parent->domain;
	if (form->zone)
		node->zone = form->zone;
	maas_node_touch(node);
}

void maas_op_devices_create(struct ask *ask)
{
	struct device_form form = { 0 };
	struct names macs = { 0 };
	struct node *node;
	json_t *errors;
	char *name;

	if (maas_no_lists(ask))
		return;
	errors = json_object();
	maas_macs_read(ask, &macs, true, errors);
	read_form(ask, &form, NULL, errors);
	if (judged(ask, errors)) {
		node = maas_node_make(ask->maas, NODE_DEVICE, NULL);
		name = maas_node_new_name(ask->maas);
		maas_node_rename(node, name);
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
	free(form.hostname);
	maas_names_free(&macs);
}

void maas_op_devices_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Device");

	if (node)
		maas_answer(ask, maas_node_json(node));
}

void maas_op_devices_update(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Device");
	struct device_form form = { 0 };
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	read_form(ask, &form, node, errors);
	if (judged(ask, errors)) {
		write_form(node, &form);
		maas_answer(ask, maas_node_json(node));
	}
	free(form.hostname);
}

void maas_op_devices_delete(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Device");

	if (!node)
		return;
	maas_node_drop(ask->maas, node);
	maas_answer_gone(ask);
}
