#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/scripts.h"

/* Tasks that a machine is put to besides deployment: commissioning, tests,
 * rescue mode; ending them, and declaring a machine broken. */

static void not_available(json_t *errors, const char *what)
{
	maas_error(errors, "__all__",
	    "%s is not available because of the current state of the node.",
	    what);
}

/* Names and tags of scripts, parted by commas and nothing else; the first that
 * is no choice is named. */
static void check_scripts(struct ask *ask, const char *field, int type,
    bool none_is_one, json_t *errors)
{
	const char *text = maas_field(ask, field);

	while (text && !json_object_get(errors, field)) {
		char *word = xstrndup(text, strcspn(text, ","));

		if (!(none_is_one && strcmp(word, "none") == 0) &&
		    !maas_script_is(ask->maas, type, word))
			maas_error(errors, field,
			    "Select a valid choice. %s is not one of the "
			    "available choices.",
			    word);
		free(word);
		text = strchr(text, ',');
		text = text ? text + 1 : NULL;
	}
}

void maas_commission_scripts_check(struct ask *ask, json_t *errors)
{
	check_scripts(
	    ask, "commissioning_scripts", SCRIPT_COMMISSIONING, true, errors);
	check_scripts(ask, "testing_scripts", SCRIPT_TESTING, true, errors);
}

/* smartctl-validate unless others, or none, were asked for. */
struct names maas_tests_asked(const struct ask *ask)
{
	const char *text = maas_field(ask, "testing_scripts");
	struct names names = { 0 };

	maas_names_split(&names, text ? text : "smartctl-validate", ",");
	maas_names_remove(&names, "none");
	return names;
}

/* ---- commissioning ---- */

static bool commissionable(enum node_status status)
{
	return status == NODE_NEW || status == NODE_FAILED_COMMISSIONING ||
	       status == NODE_READY || status == NODE_BROKEN ||
	       status == NODE_FAILED_TESTING;
}

static void forget_network(struct node *node)
{
	struct maas *maas = node->maas;

	for (size_t i = maas->addresses.count; i-- > 0;) {
		struct address *address = maas->addresses.items[i];

		if (address->iface && address->iface->node == node &&
		    address->type != ALLOC_DISCOVERED)
			maas_address_drop(maas, address);
	}
}

void maas_node_commission(struct node *node, struct user *user,
    bool skip_networking, const struct names *tests)
{
	if (!skip_networking && node->status != NODE_NEW)
		forget_network(node);
	maas_event_by(node, "User starting node commissioning", user, NULL);
	node->previous_status = node->status;
	node->owner = user;
	node->acted = user;
	maas_node_devices_forget(node);
	node->commissioning = maas_results_commission(node);
	node->testing = maas_results_start_names(node, RESULT_TESTING, tests);
	if (tests->count == 0)
		node->testing = NULL;
	maas_event(node, EVENT_INFO, "Commissioning", NULL, "%s", "");
	maas_node_enter(node, NODE_COMMISSIONING);
	maas_power_set(node, true);
}

void maas_op_commission(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	const struct form *form = &ask->body.form;
	struct names tests;
	bool ssh, networking, storage;
	json_t *errors;

	if (!node || !maas_flag(ask, form, "enable_ssh", false, &ssh) ||
	    !maas_flag(ask, form, "skip_networking", false, &networking) ||
	    !maas_flag(ask, form, "skip_storage", false, &storage))
		return;
	errors = json_object();
	maas_commission_scripts_check(ask, errors);
	if (!commissionable(node->status))
		not_available(errors, "Commission");
	if (!maas_fine(ask, errors))
		return;
	tests = maas_tests_asked(ask);
	maas_node_commission(node, ask->user, networking, &tests);
	maas_names_free(&tests);
	maas_answer(ask, maas_node_json(node));
}

static void accept(struct ask *ask, bool all)
{
	struct names tests;
	json_t *list = json_array();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		size_t at = 0;
		const char *id;
		bool wanted = all;

		while ((id = maas_form_next(&ask->body.form, "machines", &at)))
			wanted |= strcmp(id, node->system_id) == 0;
		if (!wanted || node->type != NODE_MACHINE ||
		    node->status != NODE_NEW || !maas_is_admin(ask))
			continue;
		tests = maas_tests_asked(ask);
		maas_node_commission(node, ask->user, false, &tests);
		maas_names_free(&tests);
		json_array_append_new(list, maas_node_json(node));
	}
	maas_answer(ask, list);
}

void maas_op_accept(struct ask *ask)
{
	struct buf forbidden = BUF_INIT;
	size_t at = 0;
	const char *id;

	while ((id = maas_form_next(&ask->body.form, "machines", &at))) {
		if (!maas_node_find(ask->maas, id)) {
			maas_refuse(ask, 400, "Unknown machine(s): %s.", id);
			return;
		}
		if (!maas_is_admin(ask))
			buf_addf(
			    &forbidden, "%s%s", forbidden.len ? ", " : "", id);
	}
	if (forbidden.len)
		maas_refuse(ask, 403,
		    "You don't have the required permission to accept the "
		    "following machine(s): %s.",
		    buf_text(&forbidden));
	else
		accept(ask, false);
	buf_free(&forbidden);
}

void maas_op_accept_all(struct ask *ask)
{
	accept(ask, true);
}

/* ---- tests ---- */

void maas_op_test(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	const char *text = maas_field(ask, "testing_scripts");
	struct names names = { 0 };
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	check_scripts(ask, "testing_scripts", SCRIPT_TESTING, false, errors);
	if (!maas_status_may(node->status, NODE_TESTING))
		not_available(errors, "Test");
	if (!maas_fine(ask, errors))
		return;
	maas_names_split(&names, text ? text : "smartctl-validate", ",");
	node->testing = maas_results_start_names(node, RESULT_TESTING, &names);
	maas_names_free(&names);
	maas_event_by(node, "User starting node testing", ask->user, NULL);
	node->previous_status = node->status;
	node->owner_before = node->owner;
	if (!node->owner)
		node->owner = ask->user;
	maas_event(node, EVENT_INFO, "Testing", NULL, "%s", "");
	maas_node_enter(node, NODE_TESTING);
	maas_power_set(node, true);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_override_failed_testing(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node)
		return;
	if (node->status != NODE_FAILED_TESTING) {
		maas_refuse(ask, 409,
		    "Unable to override failed testing: node is not in a "
		    "failed testing state.");
		return;
	}
	maas_event_by(node, "User overrode 'Failed testing' status", ask->user,
	    maas_field(ask, "comment"));
	maas_node_enter(node, *node->osystem ? NODE_DEPLOYED : NODE_READY);
	maas_answer(ask, maas_node_json(node));
}

/* ---- rescue mode ---- */

static bool may_move(
    struct ask *ask, const struct node *node, enum node_status to)
{
	if (maas_status_may(node->status, to))
		return true;
	maas_refuse(ask, 409, "Invalid transition: %s -> %s.",
	    maas_status_name(node->status), maas_status_name(to));
	return false;
}

void maas_op_rescue_mode(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node || !may_move(ask, node, NODE_ENTERING_RESCUE_MODE))
		return;
	maas_event_by(node, "User starting rescue mode", ask->user, NULL);
	node->previous_status = node->status;
	node->owner_before = node->owner;
	if (!node->owner)
		node->owner = ask->user;
	maas_event(node, EVENT_INFO, "Entering rescue mode", NULL, "%s", "");
	maas_node_enter(node, NODE_ENTERING_RESCUE_MODE);
	maas_power_set(node, true);
	maas_answer(ask, maas_node_json(node));
}

static void left_rescue(struct node *node)
{
	if (node->status != NODE_EXITING_RESCUE_MODE)
		return;
	maas_event(node, EVENT_INFO, "Exited rescue mode", NULL, "%s", "");
	node->owner = node->owner_before;
	maas_node_enter(node, node->previous_status);
	if (node->status == NODE_DEPLOYED)
		maas_power_set(node, true);
}

void maas_op_exit_rescue_mode(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node || !may_move(ask, node, NODE_EXITING_RESCUE_MODE))
		return;
	maas_event_by(node, "User exiting rescue mode", ask->user, NULL);
	maas_node_enter(node, NODE_EXITING_RESCUE_MODE);
	node->when_off = left_rescue;
	maas_power_set(node, false);
	maas_answer(ask, maas_node_json(node));
}

/* ---- abort ---- */

static const struct {
	enum node_status status, then;
	const char *by, *type;
} aborts[] = {
	{ NODE_COMMISSIONING, NODE_NEW, "User aborting node commissioning",
	    "Aborted commissioning" },
	{ NODE_DEPLOYING, NODE_ALLOCATED, "User aborting deployment",
	    "Aborted deployment" },
	{ NODE_DISK_ERASING, NODE_FAILED_DISK_ERASING,
	    "User aborting disk erasing operation", "Aborted disk erasing" },
	{ NODE_TESTING, NODE_READY, "User aborting node testing",
	    "Aborted testing" },
};

static enum node_status after_abort(
    const struct node *node, enum node_status usual)
{
	if (node->status == NODE_TESTING)
		return node->previous_status;
	if (node->status == NODE_COMMISSIONING &&
	    node->previous_status == NODE_READY)
		return NODE_NEW;
	return usual;
}

/* The answer shows the machine before the commit: the old status, with what
 * the events say already. */
static void stop_task(struct ask *ask, struct node *node, size_t i)
{
	enum node_status then = after_abort(node, aborts[i].then);
	json_t *json;

	maas_event_by(
	    node, aborts[i].by, ask->user, maas_field(ask, "comment"));
	maas_event(node, EVENT_INFO, aborts[i].type, NULL, "%s", "");
	if (node->status == NODE_COMMISSIONING)
		node->owner = NULL;
	json = maas_node_json(node);
	maas_results_all(node->commissioning, 5);
	maas_results_all(node->installation, 5);
	maas_results_all(node->testing, 5);
	if (node->status == NODE_TESTING)
		node->owner = node->owner_before;
	maas_bench_forget(node);
	maas_node_enter(node, then);
	maas_power_set(node, false);
	maas_answer(ask, json);
}

void maas_op_abort(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");

	if (!node)
		return;
	for (size_t i = 0; i < sizeof(aborts) / sizeof(aborts[0]); i++) {
		if (aborts[i].status != node->status)
			continue;
		stop_task(ask, node, i);
		return;
	}
	maas_refuse(ask, 409,
	    "Cannot abort in current state: node %s is in state %s.",
	    node->system_id, maas_status_name(node->status));
}

/* ---- broken and fixed ---- */

void maas_op_mark_broken(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");
	const char *comment = maas_field(ask, "comment");

	if (!node)
		return;
	if (node->owner != ask->user) {
		maas_refuse(ask, 403, "%s", "");
		return;
	}
	if (!may_move(ask, node, NODE_BROKEN))
		return;
	maas_event_by(node, "User marking node broken", ask->user, comment);
	if (maas_status_may(node->status, NODE_RELEASING))
		maas_node_release(node, NULL, NULL);
	node->when_off = NULL;
	maas_set_text(&node->error_description, comment ? comment : "");
	node->owner = NULL;
	maas_set_text(&node->agent_name, "");
	maas_node_enter(node, NODE_BROKEN);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_mark_fixed(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node)
		return;
	if (node->status != NODE_BROKEN) {
		maas_refuse(
		    ask, 409, "Can't mark a non-broken node as 'Ready'.");
		return;
	}
	maas_event_by(node, "User marking node fixed", ask->user,
	    maas_field(ask, "comment"));
	maas_set_text(&node->error_description, "");
	maas_node_enter(node, *node->osystem ? NODE_DEPLOYED : NODE_READY);
	maas_answer(ask, maas_node_json(node));
}
