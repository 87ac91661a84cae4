#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/deployable.h"
#include "sim/maas/held.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/images.h"
#include "sim/maas/kernels.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/power.h"
#include "sim/maas/python.h"
#include "sim/maas/results.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"

/* ---- what was asked ---- */

#define DEFAULT_BRIDGE_FD 15

struct deployment {
	struct allocation options;
	bool in_memory;
	char os[64], series[64];
	char *kernel;
};

static bool bridge_type_ok(struct ask *ask)
{
	const char *type = maas_field(ask, "bridge_type");
	json_t *errors;

	if (!type || strcmp(type, "standard") == 0 || strcmp(type, "ovs") == 0)
		return true;
	errors = json_object();
	/* the placeholder stays open in MAAS too */
	maas_error(errors, "bridge_type",
	    "'%%(value)s' is not a valid bridge_type.  It should be one of: "
	    "'standard', 'ovs'.");
	maas_refuse_form(ask, errors);
	return false;
}

/* What bridges are to be like; without a word they wait `fd` seconds. */
static bool read_bridging(
    struct ask *ask, struct bridging *bridging, int64_t fd)
{
	const char *text = maas_field(ask, "bridge_fd");

	bridging->type = maas_field(ask, "bridge_type");
	bridging->fd = fd;
	if (!bridge_type_ok(ask) || !maas_flag(ask, &ask->body.form,
	                                "bridge_stp", false, &bridging->stp))
		return false;
	if (!text)
		return true;
	if (!text[strspn(text, " \t\r\n")])
		bridging->fd = DEFAULT_BRIDGE_FD;
	else if (!maas_python_read_int(text, &bridging->fd))
		maas_refuse(ask, 400,
		    "Invalid bridge_fd: Please enter an integer value");
	return !ask->answered;
}

bool maas_allocation_read(struct ask *ask, struct allocation *o)
{
	const struct form *form = &ask->body.form;

	if (!maas_flag(ask, form, "install_rackd", false, &o->install_rackd) ||
	    !maas_flag(ask, form, "install_kvm", false, &o->install_kvm) ||
	    !maas_flag(
	        ask, form, "register_vmhost", false, &o->register_vmhost) ||
	    !maas_flag(ask, form, "ephemeral_deploy", false, &o->ephemeral))
		return false;
	o->bridge_all = (o->install_kvm || o->register_vmhost) && !o->ephemeral;
	return maas_flag(
	           ask, form, "bridge_all", o->bridge_all, &o->bridge_all) &&
	       read_bridging(ask, &o->bridging, 0) &&
	       maas_flag(ask, form, "enable_hw_sync", false, &o->hw_sync) &&
	       !maas_no_attribute(ask, "get", true); /* agent_name */
}

/* Says besides that what has no disks stays in memory. */
static bool check_hosting(
    struct ask *ask, const struct node *node, struct deployment *deployment)
{
	const struct allocation *d = &deployment->options;
	bool hosts = d->install_kvm || d->register_vmhost;

	deployment->in_memory = d->ephemeral || maas_is_diskless(node);
	if (d->install_rackd && ask->maas->version != 305) {
		maas_refuse(ask, 400,
		    "Deploying a machine as a rackd has been disabled and "
		    "it's not supported anymore.");
		return false;
	}
	if (d->install_rackd && !maas_is_admin(ask)) {
		maas_refuse(
		    ask, 403, "Only administrators can deploy MAAS racks");
		return false;
	}
	if (hosts && !maas_is_admin(ask)) {
		maas_refuse(
		    ask, 403, "Only administratros can deploy VM hosts");
		return false;
	}
	if (hosts && deployment->in_memory) {
		maas_refuse(ask, 400, "%s",
		    ask->maas->version == 304
		        ? "Cannot deploy as a VM host for ephemeral "
		          "deployments."
		        : "A machine can not be a VM host if it is deployed "
		          "to memory.");
		return false;
	}
	return true;
}

static bool check_status(struct ask *ask, const struct node *node)
{
	if (node->status == NODE_READY && node->owner &&
	    node->owner != ask->user) {
		maas_refuse(ask, 409,
		    "Can't allocate a machine belonging to another user.");
		return false;
	}
	if (node->status == NODE_READY &&
	    !maas_agent_name_ok(ask, maas_field(ask, "agent_name")))
		return false;
	if (node->status != NODE_READY && node->status != NODE_ALLOCATED) {
		maas_refuse(ask, 409,
		    "Can't deploy a machine that is in the '%s' state",
		    maas_status_name(node->status));
		return false;
	}
	return true;
}

/* In the words of the version. */
static void no_image(struct ask *ask, const struct node *node, const char *os,
    const char *series)
{
	if (ask->maas->version == 304)
		maas_refuse(ask, 400,
		    "Deployment operating system %s %s is unavailable.", os,
		    series);
	else
		maas_refuse(ask, 400,
		    "Deployment operating system %s/%s is unavailable for %s.",
		    os, series, node->architecture);
}

static bool check_series(
    struct ask *ask, const struct node *node, struct deployment *d)
{
	const char *series = maas_field(ask, "distro_series");
	json_t *errors;
	char *choices;

	if (series && strchr(series, '/') != strrchr(series, '/')) {
		maas_refuse(ask, 500, "too many values to unpack (expected 2)");
		return false;
	}
	if (maas_image_resolve(
	        ask->maas, series ? series : "", d->os, d->series))
		return true;
	if (!series || !*series) {
		no_image(ask, node,
		    maas_config_text(ask->maas, "default_osystem"),
		    maas_config_text(ask->maas, "default_distro_series"));
		return false;
	}
	choices = maas_image_choices(ask->maas);
	errors = json_object();
	maas_error(errors, "distro_series",
	    "'%s' is not a valid distro_series.  It should be one of: %s.",
	    series, choices);
	free(choices);
	maas_refuse_form(ask, errors);
	return false;
}

/* The kernel that is named, or one that fits; what the deployment before left
 * is not looked at again, and stays without a word. */
static void choose_kernel(struct ask *ask, const struct node *node,
    const char *asked, struct deployment *d, json_t *errors)
{
	struct kernel_wish wish = { asked, node->min_hwe_kernel, d->os,
		d->series, node->architecture };
	struct err err = { 0 };

	if (!node->hwe_kernel || !*node->hwe_kernel)
		d->kernel = maas_kernel_pick(ask->maas, &wish, &err);
	else if (!asked || *asked)
		d->kernel = xstrdup(asked ? asked : node->hwe_kernel);
	if (err.text[0])
		maas_error(errors, "hwe_kernel", "%s", err.text);
}

/* No system that is modelled has keys, and so none is a good one. */
static bool check_form(
    struct ask *ask, const struct node *node, struct deployment *d)
{
	const char *key = maas_field(ask, "license_key");
	json_t *errors = json_object();

	if (key && *key)
		maas_error(errors, "license_key", "Invalid license key.");
	choose_kernel(ask, node, maas_field(ask, "hwe_kernel"), d, errors);
	return maas_fine(ask, errors);
}

/* ---- what the machine has ---- */

static bool image_reachable(
    struct ask *ask, const struct node *node, const struct deployment *d)
{
	struct err err = { 0 };

	/* Which images there are is asked of the racks, up to 3.4. */
	bool asked = ask->maas->version > 304 ||
	             maas_power_reachable(node, &err);

	if (asked &&
	    maas_image_fits(ask->maas, d->os, d->series, node->architecture))
		return true;
	no_image(ask, node, d->os, d->series);
	/* The event of the start was written and rolled back; the number
	 * that the data base gave it is lost. */
	ask->maas->events.next_id++;
	return false;
}

static bool check_memory(
    struct ask *ask, const struct node *node, const struct deployment *d)
{
	if (!d->in_memory || ask->maas->version == 304 ||
	    maas_image_fits_memory(ask->maas, d->os, d->series))
		return true;
	maas_refuse(ask, 400,
	    "Deployment to memory not supported for %s/%s on %s", d->os,
	    d->series, node->architecture);
	return false;
}

static bool check_machine(
    struct ask *ask, const struct node *node, const struct deployment *d)
{
	struct system_wish system = { d->os, d->series, d->in_memory };
	json_t *errors;

	if (!check_memory(ask, node, d))
		return false;
	errors = maas_deploy_hindrance(node, &system);
	if (errors) {
		maas_refuse_model(ask, errors);
		return false;
	}
	return image_reachable(ask, node, d);
}

/* ---- the deployment ---- */

/* Since 3.6: what the request says, or the setting. */
static bool dumps_crashes(const struct ask *ask)
{
	const char *text = maas_field(ask, "enable_kernel_crash_dump");

	if (ask->maas->version < 306)
		return false;
	return text ? maas_is_tick(text)
	            : maas_config_bool(ask->maas, "enable_kernel_crash_dump");
}

static const char *const installation[] = { "/tmp/install.log", NULL };

static void start(
    struct ask *ask, struct node *node, const struct deployment *d)
{
	const char *comment = maas_field(ask, "comment");
	bool bridge = d->options.bridge_all && node->status == NODE_READY;
	bool hosts = d->options.install_kvm || d->options.register_vmhost;
	struct bridging bridging = d->options.bridging;

	/* Bridges of the allocation do not wait unless they are told to. */
	if (!bridge && !maas_field(ask, "bridge_fd"))
		bridging.fd = DEFAULT_BRIDGE_FD;
	if (node->status == NODE_READY)
		maas_node_acquire(
		    node, ask->user, maas_field(ask, "agent_name"), comment);
	if (bridge || hosts)
		maas_bridge_all(ask, node, &bridging);
	maas_set_text(&node->osystem, d->os);
	maas_set_text(&node->series, d->series);
	maas_set_text(&node->hwe_kernel, d->kernel);
	node->ephemeral = ask->maas->version == 304 ? d->options.ephemeral
	                                            : d->in_memory;
	node->install_kvm = hosts;
	node->hw_sync = d->options.hw_sync;
	node->crash_dump = dumps_crashes(ask);
	maas_set_text(&node->user_data, maas_field(ask, "user_data"));
	node->acted = ask->user;
	node->netboot = true;
	node->installation = d->in_memory
	                         ? NULL
	                         : maas_results_start(
	                               node, RESULT_INSTALLATION, installation);
	maas_event_by(node, "User starting deployment", ask->user, comment);
	maas_node_enter(node, NODE_DEPLOYING);
	maas_event(node, EVENT_INFO, "Deploying", NULL, "%s", "");
}

/* After the commit: back to Allocated, with the system it was to get. */
static void fell_back(struct ask *ask, struct node *node)
{
	maas_event(node, EVENT_WARNING, "Failed to query node's BMC", NULL,
	    "(%s) - Aborting DEPLOYING and reverting to ALLOCATED. Unable to "
	    "power control the node. Please check power credentials.",
	    ask->user->name);
	maas_node_drop_addresses(node);
	maas_node_enter(node, NODE_ALLOCATED);
}

void maas_late_power(struct ask *ask, const struct err *err)
{
	bool no_rack = err->kind == ERR_UNREACHED;
	int status = err->kind == ERR_GARBLED   ? 500 /* of the driver */
	             : err->kind == ERR_TIMEOUT ? 504
	                                        : 503;

	maas_late(ask, status, err->text, no_rack ? "10" : NULL);
}

static void not_started(struct ask *ask, struct node *node,
    enum node_status before, const struct err *err)
{
	(void)before; /* as often as not it was Ready, and is Allocated now */
	fell_back(ask, node);
	maas_late_power(ask, err);
}

static void finish(struct ask *ask, struct node *node)
{
	json_t *json = maas_node_json(node); /* before the addresses */
	struct err err = { 0 };

	if (!maas_power_reachable(node, &err) ||
	    !maas_node_claim_addresses(node, &err) ||
	    maas_held_against(node, true, &err) ||
	    maas_power_refused(node, true, &err)) {
		not_started(ask, node, node->status, &err);
		json_decref(json);
		return;
	}
	maas_power_spoil(node);
	maas_power_set(node, true);
	maas_answer(ask, json);
	maas_hold(ask, node, node->status, not_started);
}

void maas_op_deploy(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");
	struct deployment d = { 0 };

	if (node && maas_allocation_read(ask, &d.options) &&
	    check_hosting(ask, node, &d) && check_status(ask, node) &&
	    check_series(ask, node, &d) && check_form(ask, node, &d) &&
	    check_machine(ask, node, &d)) {
		start(ask, node, &d);
		finish(ask, node);
	}
	free(d.kernel);
}

/* ---- powering on by hand ---- */

static bool power_flags_ok(struct ask *ask, struct allocation *o)
{
	const struct form *form = &ask->body.form;

	return maas_flag(ask, form, "install_kvm", false, &o->install_kvm) &&
	       maas_flag(
	           ask, form, "register_vmhost", false, &o->register_vmhost) &&
	       read_bridging(ask, &o->bridging, DEFAULT_BRIDGE_FD);
}

/* Without the form of a deployment: nothing is said of kernels. */
static void start_allocated(
    struct ask *ask, struct node *node, struct deployment *d)
{
	json_t *errors = json_object();

	d->in_memory = maas_stays_in_memory(node);
	if (check_series(ask, node, d) && check_machine(ask, node, d)) {
		choose_kernel(ask, node, NULL, d, errors);
		start(ask, node, d);
		finish(ask, node);
	}
	free(d->kernel);
	json_decref(errors);
}

static void not_powered_on(struct ask *ask, struct node *node,
    enum node_status before, const struct err *err)
{
	(void)before; /* and now */
	maas_event(node, EVENT_ERROR, "Failed to power on node", NULL, "%s",
	    err->text);
	maas_late_power(ask, err);
}

void maas_op_power_on(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");
	struct deployment d = { 0 };
	struct err err = { 0 };
	json_t *json;

	if (!node)
		return;
	if (!node->owner) {
		maas_refuse(
		    ask, 409, "Can't start node: it hasn't been allocated.");
		return;
	}
	if (!power_flags_ok(ask, &d.options))
		return;
	if (node->status == NODE_ALLOCATED) {
		start_allocated(ask, node, &d);
		return;
	}
	if (maas_held_against(node, true, &err)) {
		maas_late_power(ask, &err);
		return;
	}
	if (!maas_power_reachable(node, &err)) {
		maas_set_text(&node->power_state, "unknown");
		maas_late_power(ask, &err);
		return;
	}
	maas_event_by(node, "User powering on node", ask->user,
	    maas_field(ask, "comment"));
	json = maas_node_json(node);
	maas_power_set(node, true);
	maas_answer(ask, json);
	maas_hold(ask, node, node->status, not_powered_on);
}
