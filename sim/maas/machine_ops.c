#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/constraints.h"
#include "sim/maas/held.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/power.h"

/* ---- one machine: read, change, delete ---- */

void maas_op_machine_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Machine");

	if (node)
		maas_answer_machine(ask, node);
}

void maas_op_machine_delete(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	bool force;

	if (!node || !maas_flag(ask, &ask->query, "force", false, &force))
		return;
	maas_node_drop(ask->maas, node);
	maas_answer_gone(ask);
}

/* A machine handed out for keeps: nobody deploys or releases it. */
void maas_op_lock(struct ask *ask)
{
	struct node *node = maas_ask_edit_locked(ask);

	if (!node)
		return;
	if (node->locked) {
		maas_refuse(ask, 409, "Machine is already locked");
		return;
	}
	if (node->status != NODE_DEPLOYED && node->status != NODE_DEPLOYING) {
		maas_refuse(
		    ask, 409, "Can't lock, node is not deployed or deploying");
		return;
	}
	maas_event_by(
	    node, "User locking node", ask->user, maas_field(ask, "comment"));
	node->locked = true;
	maas_node_touch(node);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_unlock(struct ask *ask)
{
	struct node *node = maas_ask_edit_locked(ask);

	if (!node)
		return;
	if (!node->locked) {
		maas_refuse(ask, 409, "Machine is not locked");
		return;
	}
	maas_event_by(
	    node, "User unlocking node", ask->user, maas_field(ask, "comment"));
	node->locked = false;
	maas_node_touch(node);
	maas_answer(ask, maas_node_json(node));
}

/* ---- owner data ---- */

static bool key_ok(const char *key)
{
	for (; *key; key++)
		if (!isalnum((unsigned char)*key) && !strchr("-_./", *key))
			return false;
	return true;
}

void maas_owner_data_set(struct ask *ask, struct node *node)
{
	const struct form *form = &ask->body.form;

	for (size_t i = 0; i < form->count; i++) {
		if (!key_ok(form->fields[i].name)) {
			maas_refuse(ask, 500, "Invalid character in key name");
			return;
		}
	}
	for (size_t i = 0; i < form->count; i++) {
		const char *key = form->fields[i].name;
		const char *value = form->fields[i].value;

		if (strcmp(key, "op") == 0)
			continue;
		if (*value)
			json_object_set_new(
			    node->owner_data, key, json_string(value));
		else
			json_object_del(node->owner_data, key);
	}
	maas_answer(ask, maas_node_json(node));
}

static void set_owner_data(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");

	if (!node)
		return;
	if (node->owner && node->owner == ask->user)
		maas_owner_data_set(ask, node);
	else
		maas_refuse(ask, 409,
		    "Cannot set workload annotation: it hasn't been "
		    "acquired.");
}

void maas_op_set_owner_data(struct ask *ask)
{
	set_owner_data(ask);
}

void maas_op_set_workload_annotations(struct ask *ask)
{
	set_owner_data(ask);
}

/* ---- power ---- */

static void not_powered_off(struct ask *ask, struct node *node,
    enum node_status before, const struct err *err)
{
	(void)before; /* and now */
	maas_event(node, EVENT_ERROR, "Failed to power off node", NULL, "%s",
	    err->text);
	maas_late_power(ask, err);
}

void maas_op_power_off(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");
	struct err err = { 0 };
	json_t *json;

	if (!node)
		return;
	if (!maas_power_known(node)) {
		maas_answer(ask, json_null());
		return;
	}
	if (maas_held_against(node, false, &err)) {
		maas_late_power(ask, &err);
		return;
	}
	if (!maas_power_reachable(node, &err)) {
		maas_set_text(&node->power_state, "unknown");
		maas_node_touch(node);
		maas_late_power(ask, &err);
		return;
	}
	maas_event_by(node, "User powering off node", ask->user,
	    maas_field(ask, "comment"));
	json = maas_node_json(node);
	maas_power_set(node, false);
	maas_answer(ask, json);
	maas_hold(ask, node, node->status, not_powered_off);
}

void maas_op_query_power_state(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Machine");
	struct err err = { 0 };

	if (!node)
		return;
	if (maas_power_known(node) && !maas_power_reachable(node, &err)) {
		maas_refuse_unreached(ask, err.text);
		maas_set_text(&node->power_state, "unknown");
		maas_node_touch(node);
		return;
	}
	maas_answer(ask, json_pack("{s:s}", "state", maas_power_query(node)));
}

void maas_op_power_parameters(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Machine");

	if (!node)
		return;
	if (!maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	else
		maas_answer(ask, json_deep_copy(node->power_parameters));
}

void maas_op_get_token(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Machine");

	if (!node)
		return;
	if (!maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	else if (!node->key)
		maas_answer(ask, json_null());
	else
		maas_answer(ask,
		    json_pack("{s:s, s:s, s:s}", "token_key", node->key->token,
		        "token_secret", node->key->secret, "consumer_key",
		        node->key->consumer));
}

/* BSON of {lldp: null, lshw: null}: what the hardware said is not kept. */
void maas_op_details(struct ask *ask)
{
	static const char nothing[] = "\x11\x00\x00\x00"
	                              "\nlldp\x00"
	                              "\nlshw\x00";
	struct node *node = maas_ask_edit_locked(ask);

	if (!node)
		return;
	maas_answer_text(ask, 200, "application/bson", "");
	buf_reset(&ask->answer.body);
	buf_add(&ask->answer.body, nothing, sizeof(nothing));
}

/* ---- is somebody there? ---- */

static const struct node *node_with_mac(struct ask *ask, const char *mac)
{
	struct iface *iface = maas_iface_with_mac(ask->maas, mac);

	return iface && strcmp(iface->mac, mac) == 0 ? iface->node : NULL;
}

/* However it is written. */
static bool registered(struct ask *ask, const char *mac, bool anonymous)
{
	char *plain = maas_mac_plain(mac);
	const struct node *node = node_with_mac(ask, plain);

	free(plain);
	if (!node || node->status == NODE_RETIRED)
		return false;
	return !anonymous ||
	       (node->status != NODE_NEW && node->status != NODE_COMMISSIONING);
}

void maas_op_machines_is_registered(struct ask *ask)
{
	const char *mac = maas_needed(ask, "mac_address");

	if (mac)
		maas_answer(
		    ask, json_boolean(registered(ask, mac, !ask->user)));
}

void maas_op_nodes_is_registered(struct ask *ask)
{
	maas_op_machines_is_registered(ask);
}

void maas_op_devices_is_registered(struct ask *ask)
{
	maas_op_machines_is_registered(ask);
}

void maas_op_machines_is_action_in_progress(struct ask *ask)
{
	const char *mac = maas_needed(ask, "mac_address");
	const struct node *node;

	if (!mac)
		return;
	node = node_with_mac(ask, mac);
	maas_answer(
	    ask, json_boolean(node && (node->status == NODE_COMMISSIONING ||
	                                  node->status == NODE_DEPLOYING)));
}

void maas_op_nodes_is_action_in_progress(struct ask *ask)
{
	maas_op_machines_is_action_in_progress(ask);
}

void maas_op_devices_is_action_in_progress(struct ask *ask)
{
	maas_op_machines_is_action_in_progress(ask);
}

/* ---- nodes/ ---- */

void maas_op_nodes_list(struct ask *ask)
{
	maas_nodes_answer(ask, NODE_MACHINE, NODE_REGION);
}

void maas_op_nodes_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");

	if (node)
		maas_answer(ask, maas_node_json(node));
}

void maas_op_nodes_delete(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Node");

	if (!node)
		return;
	maas_node_drop(ask->maas, node);
	maas_answer_gone(ask);
}
