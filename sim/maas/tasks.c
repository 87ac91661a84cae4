#include "sim/maas/tasks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ask.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/power.h"
#include "sim/maas/results.h"
#include "sim/maas/scripts.h"
#include "sim/maas/storage.h"

/* Tasks that a machine is put to besides deployment: commissioning, tests,
 * rescue mode; ending them, and declaring a machine broken. */

static void not_available(json_t *errors, const char *what)
{
	maas_error(errors, "__all__",
	    "%s is not available because of the current state of the node.",
	    what);
}

void maas_commission_scripts_check(
    struct ask *ask, const struct node *node, json_t *errors)
{
	maas_scripts_check(
	    ask, "commissioning_scripts", SCRIPT_COMMISSIONING, true, errors);
	maas_scripts_check(
	    ask, "testing_scripts", SCRIPT_TESTING, true, errors);
	maas_script_parameters_check(ask, node, false, errors);
}

static struct names words_of(const struct ask *ask, const char *field)
{
	struct names words = { 0 };

	maas_names_split(&words, maas_field(ask, field), ",");
	return words;
}

/* Those that are meant for commissioning, unless others or none are wanted. */
static struct names tests_asked(const struct ask *ask)
{
	struct names words = words_of(ask, "testing_scripts");
	struct names tests = { 0 };

	if (!words.count)
		maas_names_add(&words, "commissioning");
	if (!maas_names_have(&words, "none"))
		maas_scripts_meant(ask->maas, SCRIPT_TESTING, &words, &tests);
	maas_names_free(&words);
	return tests;
}

void maas_commission_asked(struct ask *ask, struct node *node)
{
	struct names scripts = words_of(ask, "commissioning_scripts");
	struct names tests = tests_asked(ask);

	maas_node_commission(node, ask->user,
	    &(struct commission_wish){
	        .skip_networking = maas_ticked(ask, "skip_networking"),
	        .skip_storage = maas_ticked(ask, "skip_storage"),
	        .scripts = &scripts,
	        .tests = &tests });
	maas_names_free(&scripts);
	maas_names_free(&tests);
}

/* ---- commissioning ---- */

static bool commissionable(enum node_status status)
{
	return status == NODE_NEW || status == NODE_FAILED_COMMISSIONING ||
	       status == NODE_READY || status == NODE_BROKEN;
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

void maas_node_commission(
    struct node *node, struct user *user, const struct commission_wish *wish)
{
	struct script_set *tests;

	node->skip_networking = wish->skip_networking;
	node->skip_storage = wish->skip_storage;
	if (!wish->skip_storage)
		maas_storage_wipe(node);
	if (!wish->skip_networking && node->status != NODE_NEW)
		forget_network(node);
	maas_event_by(node, "User starting node commissioning", user, NULL);
	node->previous_status = node->status;
	node->owner = user;
	node->acted = user;
	maas_node_devices_forget(node);
	node->commissioning = maas_results_commission(node, wish->scripts);
	tests = maas_results_start_names(node, RESULT_TESTING, wish->tests);
	if (wish->tests->count)
		node->testing = tests;
	maas_event(node, EVENT_INFO, "Commissioning", NULL, "%s", "");
	maas_node_enter(node, NODE_COMMISSIONING);
	maas_power_set(node, true);
}

bool maas_is_tick(const char *text)
{
	return text && *text && strcasecmp(text, "false") != 0 &&
	       strcmp(text, "0") != 0;
}

bool maas_ticked(const struct ask *ask, const char *name)
{
	return maas_is_tick(maas_field(ask, name));
}

bool maas_power_configured(struct ask *ask, const struct node *node)
{
	if (node && *node->power_type)
		return true;
	maas_refuse(ask, 500,
	    "Unconfigured power type. Please configure the power type and try "
	    "again.");
	return false;
}

void maas_op_commission(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	maas_commission_scripts_check(ask, node, errors);
	if (!commissionable(node->status))
		not_available(errors, "Commission");
	if (!maas_fine(ask, errors) || !maas_power_configured(ask, node))
		return;
	maas_commission_asked(ask, node);
	maas_answer(ask, maas_node_json(node));
}

static bool among(const struct ask *ask, const struct node *node)
{
	size_t at = 0;
	const char *id;

	while ((id = maas_form_next(&ask->body.form, "machines", &at)))
		if (strcmp(id, node->system_id) == 0)
			return true;
	return false;
}

/* The new ones among them are commissioned; others are accepted already, or
 * in a state in which nobody is. */
static bool may_accept(struct ask *ask, bool all)
{
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		if (all || node->type != NODE_MACHINE || !among(ask, node) ||
		    node->status == NODE_READY ||
		    node->status == NODE_COMMISSIONING)
			continue;
		if (node->status != NODE_NEW)
			maas_refuse(ask, 409,
			    "Cannot accept node enlistment: node %s is in "
			    "state %s.",
			    node->system_id, maas_status_name(node->status));
		else
			maas_power_configured(ask, node);
		if (ask->answered)
			return false;
	}
	return true;
}

static void accept(struct ask *ask, bool all)
{
	struct names tests = { 0 };
	struct commission_wish wish = { .tests = &tests };
	json_t *list;
	struct node *node;

	if (!may_accept(ask, all))
		return;
	list = json_array();
	maas_names_add(&tests, "smartctl-validate");
	list_for_each (node, &ask->maas->nodes) {
		if ((!all && !among(ask, node)) || node->type != NODE_MACHINE ||
		    node->status != NODE_NEW || !maas_is_admin(ask))
			continue;
		maas_node_commission(node, ask->user, &wish);
		json_array_append_new(list, maas_node_json(node));
	}
	maas_names_free(&tests);
	maas_answer(ask, list);
}

void maas_op_accept(struct ask *ask)
{
	struct names unknown = { 0 }, forbidden = { 0 };
	struct buf text = BUF_INIT;
	size_t at = 0;
	const char *id;

	if (maas_no_lists(ask))
		return;
	while ((id = maas_form_next(&ask->body.form, "machines", &at))) {
		struct node *node = maas_node_find(ask->maas, id);

		if (!node || node->type != NODE_MACHINE)
			maas_names_add(&unknown, id);
		else if (!maas_is_admin(ask))
			maas_names_add(&forbidden, id);
	}
	for (size_t i = 0; i < unknown.count; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", unknown.items[i]);
	for (size_t i = 0; i < forbidden.count && !unknown.count; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", forbidden.items[i]);
	if (unknown.count)
		maas_refuse(
		    ask, 400, "Unknown machine(s): %s.", buf_text(&text));
	else if (forbidden.count)
		maas_refuse(ask, 403,
		    "You don't have the required permission to accept the "
		    "following machine(s): %s.",
		    buf_text(&text));
	else
		accept(ask, false);
	buf_free(&text);
	maas_names_free(&unknown);
	maas_names_free(&forbidden);
}

void maas_op_accept_all(struct ask *ask)
{
	accept(ask, true);
}

/* ---- tests ---- */

/* What start_testing() looks at once the form is fine. */
static bool may_test(
    struct ask *ask, const struct node *node, const struct names *tests)
{
	bool deployed = node->status == NODE_DEPLOYED ||
	                node->previous_status == NODE_DEPLOYED;

	if (!maas_power_configured(ask, node))
		return false;
	if (node->status == NODE_NEW && !node->commissioning) {
		maas_refuse(ask, 400,
		    "Unable to start machine testing; this node has never been "
		    "commissioned. Please use the 'Commission' action to "
		    "commission & test this machine.");
		return false;
	}
	if (!tests->count) {
		maas_refuse(ask, 400, "No testing scripts found!");
		return false;
	}
	if (deployed && maas_names_have(tests, "badblocks-destructive")) {
		maas_refuse(
		    ask, 400, "Unable to run destructive test while deployed!");
		return false;
	}
	return true;
}

static void start_testing(
    struct ask *ask, struct node *node, const struct names *tests)
{
	node->testing = maas_results_start_names(node, RESULT_TESTING, tests);
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

static bool any_destroys(struct ask *ask, const struct names *tests)
{
	for (size_t i = 0; i < tests->count; i++)
		if (maas_script_called(
		        ask->maas, tests->items[i], "destructive"))
			return true;
	return false;
}

static void test(struct ask *ask, const char *model)
{
	struct node *node = maas_ask_admin(ask, model);
	struct names tests;
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	maas_scripts_check(
	    ask, "testing_scripts", SCRIPT_TESTING, false, errors);
	maas_script_parameters_check(ask, node, true, errors);
	tests = tests_asked(ask);
	if (!maas_status_may(node->status, NODE_TESTING))
		not_available(errors, "Test");
	if (!json_object_get(errors, "testing_scripts") &&
	    (node->type != NODE_MACHINE || node->status == NODE_DEPLOYED) &&
	    any_destroys(ask, &tests))
		maas_error(errors, "testing_scripts",
		    "Destructive tests may only be run on undeployed "
		    "machines.");
	if (maas_fine(ask, errors) && may_test(ask, node, &tests))
		start_testing(ask, node, &tests);
	maas_names_free(&tests);
}

void maas_op_test(struct ask *ask)
{
	test(ask, "Machine");
}

/* No BMC of a controller is known, so this comes to nothing. */
void maas_op_rackcontrollers_test(struct ask *ask)
{
	test(ask, "RackController");
}

static void override(struct ask *ask, const char *model)
{
	struct node *node = maas_ask_admin(ask, model);

	if (!node)
		return;
	if (node->status != NODE_FAILED_TESTING) {
		maas_refuse(ask, 409,
		    "Unable to override node status. Node is not in 'Failed "
		    "testing' status.");
		return;
	}
	maas_event_by(node, "User overrode 'Failed testing' status", ask->user,
	    maas_field(ask, "comment"));
	maas_set_text(&node->error_description, "");
	maas_node_enter(node, *node->osystem ? NODE_DEPLOYED : NODE_READY);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_override_failed_testing(struct ask *ask)
{
	override(ask, "Machine");
}

void maas_op_rackcontrollers_override_failed_testing(struct ask *ask)
{
	override(ask, "RackController");
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
	if (node->status == NODE_TESTING &&
	    node->previous_status != NODE_COMMISSIONING)
		return node->previous_status;
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

static void abort_task(struct ask *ask, struct node *node)
{
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

void maas_op_abort(struct ask *ask)
{
	abort_task(ask, maas_ask_edit(ask, "Machine"));
}

void maas_op_rackcontrollers_abort(struct ask *ask)
{
	abort_task(ask, maas_ask_admin(ask, "RackController"));
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
	if (!comment || !*comment)
		comment = maas_field(ask, "error_description");
	if (!may_move(ask, node, NODE_BROKEN))
		return;
	maas_event_by(node, "User marking node broken", ask->user, comment);
	if (maas_status_releasable(node->status))
		maas_node_release(node, NULL, NULL);
	node->when_off = NULL;
	maas_set_text(&node->error_description, comment ? comment : "");
	/* Later ones leave it to the release, which keeps the owner while the
	 * machine is on. */
	if (node->maas->version < 306)
		node->owner = NULL;
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
