#include "sim/maas/ask.h"
#include "sim/maas/constraints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"
#include "sim/maas/vmhosts.h"

void maas_event_by(struct node *node, const char *type, const struct user *user,
    const char *comment)
{
	maas_event(node, EVENT_DEBUG, type, user, "(%s)%s%s",
	    user ? user->name : "unknown", comment && *comment ? " - " : "",
	    comment ? comment : "");
}

void maas_node_acquire(struct node *node, struct user *user,
    const char *agent_name, const char *comment)
{
	check(node->status == NODE_READY);
	check(!node->owner || node->owner == user);
	maas_event_by(node, "User acquiring node", user, comment);
	node->owner = user;
	maas_set_text(&node->agent_name, agent_name ? agent_name : "");
	node->netboot = true;
	maas_storage_acquire(node);
	maas_node_enter(node, NODE_ALLOCATED);
}

/* ---- choosing ---- */

/* The smallest machine that will do: cores plus GiB. */
static double cost(const struct node *node)
{
	return node->cpu_count + node->memory / 1024.0;
}

static struct node *choose(struct ask *ask)
{
	const struct form *form = &ask->body.form;
	struct node *node, *best = NULL;

	list_for_each (node, &ask->maas->nodes) {
		if (node->type != NODE_MACHINE || node->status != NODE_READY ||
		    !maas_may_edit(ask, node))
			continue;
		if (best && cost(node) >= cost(best))
			continue;
		if (maas_constraints_pass(ask, form, true, node))
			best = node;
	}
	return best;
}

static void none_matches(struct ask *ask)
{
	const char *id = maas_field(ask, "system_id");
	char *resolved = maas_constraints_resolved(ask, &ask->body.form);
	char *asked = maas_constraints_asked(&ask->body.form);

	if (resolved && !*resolved)
		maas_refuse(ask, 409, "No machine available.");
	else if (resolved && id)
		maas_refuse(
		    ask, 409, "No machine with system ID %s available.", id);
	else if (resolved)
		maas_refuse(ask, 409,
		    "No available machine matches constraints: %s "
		    "(resolved to \"%s\")",
		    asked, resolved);
	free(resolved);
	free(asked);
}

/* ---- what matched what ---- */

/* outer[key][inner] = value; steals it. */
static void set_in(
    json_t *outer, const char *key, const char *inner, json_t *value)
{
	json_t *object = json_object_get(outer, key);

	if (!object) {
		object = json_object();
		json_object_set_new(outer, key, object);
	}
	json_object_set_new(object, inner, value);
}

/* node -> disk -> label, of the nodes that have them all. */
static json_t *storage_of_all(struct ask *ask, const char *text)
{
	json_t *all = json_object();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		json_t *matched = json_object(), *value, *ids = json_object();
		const char *label;
		char id[24];

		snprintf(id, sizeof(id), "%lld", (long long)node->id);
		if (maas_storage_match(text, node, matched))
			json_object_set(all, id, ids);
		json_object_foreach(matched, label, value)
		{
			json_t *first = json_array_get(value, 0);
			char inner[48];

			if (json_is_integer(first))
				snprintf(inner, sizeof(inner), "%lld",
				    (long long)json_integer_value(first));
			else
				snprintf(inner, sizeof(inner), "%s",
				    json_string_value(first));
			json_object_set_new(ids, inner, json_string(label));
		}
		json_decref(ids);
		json_decref(matched);
	}
	return all;
}

/* label -> node -> interfaces */
static json_t *interfaces_of_all(struct ask *ask, const char *text)
{
	json_t *all = json_object();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		json_t *matched = json_object(), *value;
		const char *label;
		char id[24];

		snprintf(id, sizeof(id), "%lld", (long long)node->id);
		maas_interfaces_match(text, node, matched);
		json_object_foreach(matched, label, value)
		{
			if (!json_object_get(all, label))
				json_object_set_new(all, label, json_object());
			if (json_is_array(value))
				set_in(all, label, id, json_incref(value));
		}
		json_decref(matched);
	}
	return all;
}

static json_t *by_type(struct ask *ask, const struct node *node, bool verbose)
{
	const char *storage = maas_field(ask, "storage");
	const char *interfaces = maas_field(ask, "interfaces");
	json_t *result = json_object(), *matched = json_object();

	if (storage && *storage)
		maas_storage_match(storage, node, matched);
	if (json_object_size(matched))
		json_object_set(result, "storage", matched);
	json_decref(matched);
	matched = json_object();
	if (interfaces)
		maas_interfaces_match(interfaces, node, matched);
	if (json_object_size(matched))
		json_object_set(result, "interfaces", matched);
	json_decref(matched);
	if (verbose) {
		json_object_set_new(result, "verbose_storage",
		    storage && *storage ? storage_of_all(ask, storage)
		                        : json_object());
		json_object_set_new(result, "verbose_interfaces",
		    interfaces ? interfaces_of_all(ask, interfaces)
		               : json_object());
	}
	return result;
}

bool maas_agent_name_ok(struct ask *ask, const char *agent)
{
	json_t *errors;

	if (!agent || maas_letters(agent) <= 255)
		return true;
	errors = json_object();
	maas_error(errors, "agent_name",
	    "Ensure this value has at most 255 characters (it has %zu).",
	    maas_letters(agent));
	maas_refuse_model(ask, errors);
	return false;
}

void maas_op_allocate(struct ask *ask)
{
	const struct form *form = &ask->body.form;
	const char *agent = maas_field(ask, "agent_name");
	struct allocation options = { 0 };
	bool dry_run, verbose;
	struct node *node;
	json_t *json;

	if (maas_no_attribute(ask, "lists", false))
		return;
	if (!maas_allocation_read(ask, &options) ||
	    !maas_flag(ask, form, "verbose", false, &verbose) ||
	    !maas_flag(ask, form, "dry_run", false, &dry_run) ||
	    !maas_constraints_judge(ask, form, true))
		return;
	node = choose(ask);
	if (!node && !maas_field(ask, "system_id"))
		node = maas_vm_host_provide(ask);
	if (!node) {
		none_matches(ask);
		return;
	}
	if (!maas_agent_name_ok(ask, agent))
		return;
	if (!dry_run) {
		maas_node_acquire(
		    node, ask->user, agent, maas_field(ask, "comment"));
		if (options.bridge_all)
			maas_bridge_all(ask, node, &options.bridging);
	}
	json = maas_node_json(node);
	json_object_set_new(
	    json, "constraints_by_type", by_type(ask, node, verbose));
	maas_answer(ask, json);
}

/* ---- lists of machines, and of other nodes ---- */

void maas_op_machines_list(struct ask *ask)
{
	struct shown_list *list = NULL;
	struct node *node;

	if (!maas_constraints_judge(ask, &ask->query, false))
		return;
	list_for_each (node, &ask->maas->nodes) {
		if (node->type == NODE_MACHINE && maas_is_listed(ask, node) &&
		    maas_constraints_pass(ask, &ask->query, false, node))
			maas_shown_add(&list, node);
	}
	maas_answer_shown(ask, list);
}

void maas_nodes_answer(
    struct ask *ask, enum node_type first, enum node_type last)
{
	json_t *list;
	struct node *node;

	if (!maas_constraints_judge(ask, &ask->query, false))
		return;
	list = json_array();
	for (int type = (int)first; type <= (int)last; type++) {
		list_for_each (node, &ask->maas->nodes) {
			if ((int)node->type == type &&
			    maas_is_listed(ask, node) &&
			    maas_constraints_pass(
			        ask, &ask->query, false, node))
				json_array_append_new(
				    list, maas_node_json(node));
		}
	}
	maas_answer(ask, list);
}

void maas_op_list_allocated(struct ask *ask)
{
	json_t *list = json_array();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		if (node->type == NODE_MACHINE && node->owner == ask->user &&
		    node->status == NODE_ALLOCATED && maas_id_wanted(ask, node))
			json_array_append_new(list, maas_node_json(node));
	}
	maas_answer(ask, list);
}
