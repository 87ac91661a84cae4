#include "sim/maas/ask.h"
#include "sim/maas/constraints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

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
	char *resolved = maas_constraints_resolved(&ask->body.form);
	char *asked = maas_constraints_asked(&ask->body.form);

	if (id)
		maas_refuse(
		    ask, 409, "No machine with system ID %s available.", id);
	else if (!*resolved)
		maas_refuse(ask, 409, "No machine available.");
	else
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

static void of_every_node(
    struct ask *ask, json_t *result, const char *field, const char *key)
{
	const char *text = maas_field(ask, field);
	json_t *all = json_object();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		json_t *matched = json_object(), *value;
		bool storage = strcmp(field, "storage") == 0;
		const char *label;
		bool fine;

		fine = text &&
		       (storage ? maas_storage_match(text, node, matched)
		                : maas_interfaces_match(
		                      ask->maas, text, node, matched));
		json_object_foreach(matched, label, value)
		{
			char id[24], inner[24];

			snprintf(id, sizeof(id), "%lld", (long long)node->id);
			snprintf(inner, sizeof(inner), "%lld",
			    (long long)json_integer_value(
			        json_array_get(value, 0)));
			if (fine && storage)
				set_in(all, id, inner, json_string(label));
			else if (fine)
				set_in(all, label, id, json_incref(value));
		}
		json_decref(matched);
	}
	json_object_set_new(result, key, all);
}

static json_t *by_type(struct ask *ask, const struct node *node, bool verbose)
{
	const char *storage = maas_field(ask, "storage");
	const char *interfaces = maas_field(ask, "interfaces");
	json_t *result = json_object(), *matched = json_object();

	if (storage)
		maas_storage_match(storage, node, matched);
	if (json_object_size(matched))
		json_object_set(result, "storage", matched);
	json_decref(matched);
	matched = json_object();
	if (interfaces)
		maas_interfaces_match(ask->maas, interfaces, node, matched);
	if (json_object_size(matched))
		json_object_set(result, "interfaces", matched);
	json_decref(matched);
	if (verbose) {
		of_every_node(ask, result, "storage", "verbose_storage");
		of_every_node(ask, result, "interfaces", "verbose_interfaces");
	}
	return result;
}

bool maas_agent_name_ok(struct ask *ask, const char *agent)
{
	json_t *errors;

	if (!agent || strlen(agent) <= 255)
		return true;
	errors = json_object();
	maas_error(errors, "agent_name",
	    "Ensure this value has at most 255 characters (it has %zu).",
	    strlen(agent));
	maas_refuse_model(ask, errors);
	return false;
}

void maas_op_allocate(struct ask *ask)
{
	const struct form *form = &ask->body.form;
	const char *agent = maas_field(ask, "agent_name");
	bool dry_run, verbose, bridge_all, bridge_stp;
	struct node *node;
	json_t *json;

	if (ask->body.structured) {
		maas_refuse(ask, 500, "'%s' object has no attribute 'lists'",
		    ask->body.list ? "list" : "dict");
		return;
	}
	if (!maas_flag(ask, form, "bridge_all", false, &bridge_all) ||
	    !maas_bridge_type_ok(ask) ||
	    !maas_flag(ask, form, "bridge_stp", false, &bridge_stp) ||
	    !maas_flag(ask, form, "dry_run", false, &dry_run) ||
	    !maas_flag(ask, form, "verbose", false, &verbose) ||
	    !maas_constraints_judge(ask, form, true))
		return;
	node = choose(ask);
	if (!node) {
		none_matches(ask);
		return;
	}
	if (!maas_agent_name_ok(ask, agent))
		return;
	if (!dry_run) {
		maas_node_acquire(
		    node, ask->user, agent, maas_field(ask, "comment"));
		if (bridge_all)
			maas_bridge_all(ask, node);
	}
	json = maas_node_json(node);
	json_object_set_new(
	    json, "constraints_by_type", by_type(ask, node, verbose));
	maas_answer(ask, json);
}

/* ---- lists of machines, and of other nodes ---- */

void maas_op_machines_list(struct ask *ask)
{
	struct buf list = BUF_INIT;
	struct node *node;

	if (!maas_constraints_judge(ask, &ask->query, false))
		return;
	list_for_each (node, &ask->maas->nodes) {
		if (node->type == NODE_MACHINE && maas_may_see(ask, node) &&
		    maas_constraints_pass(ask, &ask->query, false, node))
			maas_shown_add(&list, node);
	}
	maas_answer_shown(ask, &list);
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
			    maas_may_see(ask, node) &&
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
	bool any = form_get(&ask->query, "id") == NULL;
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		size_t at = 0;
		const char *id;
		bool wanted = any;

		while ((id = maas_form_next(&ask->query, "id", &at)))
			wanted |= strcmp(id, node->system_id) == 0;
		if (wanted && node->type == NODE_MACHINE &&
		    node->owner == ask->user && node->status == NODE_ALLOCATED)
			json_array_append_new(list, maas_node_json(node));
	}
	maas_answer(ask, list);
}
