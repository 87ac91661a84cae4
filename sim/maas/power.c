#include "sim/maas/power.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "sim/maas/addresses.h"
#include "sim/maas/held.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/region.h"

/*
 * The line from the region over a rack controller to a machine's BMC.
 *
 * An order is given after the answer to whoever asked for it; the report comes
 * later: from the machine at the other end of the cable, from a BMC of our own
 * when no cable is connected, or, while the world is gated, at "settle".
 */

/* How long a BMC of our own takes. */
#define BMC_LOW  SECONDS(2)
#define BMC_HIGH SECONDS(8)

bool maas_power_known(const struct node *node)
{
	return *node->power_type && strcmp(node->power_type, "manual") != 0;
}

static struct node *any_rack(const struct maas *maas, bool connected)
{
	struct node *node;

	list_for_each (node, &maas->nodes) {
		if (node->type == NODE_RACK && (!connected || node->connected))
			return node;
	}
	return NULL;
}

bool maas_rack_reachable(const struct node *rack, struct err *err)
{
	return rack->connected ||
	       err_set(err, ERR_UNREACHED,
	           "Unable to connect to any rack controller %s; no "
	           "connections available.",
	           rack->system_id);
}

/* A region without any rack is one whose racks nobody described: those are
 * taken to be well. */
bool maas_power_reachable(const struct node *node, struct err *err)
{
	const struct node *rack = any_rack(node->maas, false);

	if (!rack || any_rack(node->maas, true))
		return true;
	return maas_rack_reachable(rack, err);
}

/* A machine that was composed lives in a table, whoever has a cable. */
static bool has_cable(const struct node *node)
{
	return node->maas->bmc && !node->vm_host_id;
}

static bool bmc_refuses(const struct node *node)
{
	return node->maas->bmc_refuses || node->bmc_refuses;
}

bool maas_power_waited_for(const struct maas *maas, bool on)
{
	return on ? maas->version == 305 : maas->version >= 305;
}

/* While the world is gated no answer is held (held.h), but that a BMC refuses
 * is known beforehand. */
bool maas_power_refused(const struct node *node, bool on, struct err *err)
{
	const struct maas *maas = node->maas;

	if (!maas->gated || !maas_power_waited_for(maas, on) ||
	    !bmc_refuses(node) || !maas_power_known(node))
		return false;
	err_set(err, ERR_GARBLED, "simulated BMC failure");
	return true;
}

/* ---- the report ---- */

static void failed(struct node *node, const char *why)
{
	bool on = node->asked_power && strcmp(node->asked_power, "on") == 0;
	enum node_status status;
	char *text;

	if (maas_status_failed(node->status, &status)) {
		text = xasprintf(
		    "Power %s for the node failed: %s", on ? "on" : "off", why);
		maas_node_fail(node, status, text);
		free(text);
	}
	maas_event(node, EVENT_ERROR,
	    on ? "Failed to power on node" : "Failed to power off node", NULL,
	    "%s", why);
}

/* Signals in MAAS: a machine that went off gives its automatic addresses
 * back, unless it is in one of these. */
static bool keeps_addresses(enum node_status status)
{
	switch ((int)status) {
	case NODE_COMMISSIONING:
	case NODE_DEPLOYED:
	case NODE_DEPLOYING:
	case NODE_DISK_ERASING:
	case NODE_RESCUE_MODE:
	case NODE_ENTERING_RESCUE_MODE:
	case NODE_TESTING:
		return true;
	}
	return false;
}

static void went_off(struct node *node, bool was_off, bool asked_off)
{
	void (*then)(struct node * node) = asked_off ? node->when_off : NULL;

	maas_lease_end(node);
	if (!was_off && !keeps_addresses(node->status))
		maas_node_drop_addresses(node);
	if (then) {
		node->when_off = NULL;
		then(node);
	}
}

static void disobeyed(struct node *node, const char *why)
{
	struct err err = { 0 };

	if (!node->held)
		failed(node, why);
	maas_set_text(&node->asked_power, NULL);
	err_set(&err, ERR_GARBLED, "%s", why);
	maas_held_end(node, &err);
}

void maas_power_is(struct node *node, const char *state, const char *why)
{
	bool was_off = strcmp(node->power_state, "off") == 0;
	bool asked_off = node->asked_power &&
	                 strcmp(node->asked_power, "off") == 0;

	if (strcmp(state, "error") == 0) {
		disobeyed(node, why && *why ? why : "the BMC did not obey");
		return;
	}
	maas_set_text(&node->power_state, state);
	maas_node_touch(node);
	if (node->asked_power && strcmp(node->asked_power, state) == 0)
		maas_set_text(&node->asked_power, NULL);
	if (strcmp(state, "off") == 0)
		went_off(node, was_off, asked_off);
	if (!node->asked_power)
		maas_held_end(node, NULL);
}

static void rack_power_is(
    void *ctx, const char *system_id, const char *state, const char *why)
{
	struct maas *maas = ctx;
	struct node *node = maas_node_find(maas, system_id);

	struct err err;

	/* What a rack has to tell waits until it has a region again. */
	if (!node || !maas_power_reachable(node, &err))
		return;
	maas_power_is(node, state, why);
	maas_tell(maas);
}

const struct rack_ops *maas_rack_ops(void)
{
	static const struct rack_ops ops = { .power_is = rack_power_is,
		.pxe = maas_pxe };

	return &ops;
}

/* ---- the order ---- */

static void obey(struct node *node)
{
	char *asked = xstrdup(node->asked_power);
	bool refused = node->asked_refused;

	if (!asked)
		return;
	if (refused) {
		maas_power_is(node, "error", "simulated BMC failure");
	} else {
		node->bench_on = strcmp(asked, "on") == 0;
		maas_power_is(node, asked, NULL);
		if (!node->maas->gated && node->maas->bench)
			maas_bench_power(node, node->bench_on);
	}
	free(asked);
}

/* Orders of the region itself (after a test, say) learn only here that there
 * is no rack; those of clients were refused. */
static void power_due(struct timer *timer)
{
	struct node *node = OWNER_OF(timer, struct node, power);
	struct maas *maas = node->maas;
	struct err err;

	if (!maas_power_reachable(node, &err) && node->held)
		maas_held_end(node, &err);
	else if (!maas_power_reachable(node, &err))
		maas_power_is(node, "error", err.text);
	else if (has_cable(node) && node->asked_power && !node->asked_refused)
		maas->bmc->set(maas->bmc_ctx, node->system_id,
		    strcmp(node->asked_power, "on") == 0);
	else
		obey(node);
	maas_tell(maas);
}

void maas_power_init(struct node *node)
{
	timer_init(&node->power, power_due);
}

void maas_power_set(struct node *node, bool on)
{
	struct maas *maas = node->maas;
	usec wait_for = 0;

	if (!maas_power_known(node))
		return;
	maas_held_end(node, NULL);
	maas_set_text(&node->asked_power, on ? "on" : "off");
	node->asked_refused = bmc_refuses(node);
	if (maas->gated && !has_cable(node))
		return;
	if (!has_cable(node) || node->asked_refused)
		wait_for = choose_range(maas->host->choices, BMC_LOW, BMC_HIGH,
		    "%s/machine/%s: power takes", maas->name, node->system_id);
	timer_set(&node->power, maas->host->loop, wait_for);
}

const char *maas_power_query(struct node *node)
{
	struct maas *maas = node->maas;
	const char *state;

	if (!maas_power_known(node))
		return "unknown";
	if (bmc_refuses(node))
		state = "error";
	else if (has_cable(node))
		state = maas->bmc->query(maas->bmc_ctx, node->system_id);
	else
		state = node->bench_on ? "on" : "off";
	if (strcmp(node->power_state, state) != 0 &&
	    strcmp(state, "error") != 0)
		maas_power_is(node, state, NULL);
	return state;
}

void maas_power_settle(struct maas *maas)
{
	struct node *node;

	list_for_each (node, &maas->nodes) {
		if (node->asked_power && !timer_is_set(&node->power))
			obey(node);
	}
}

/* As the monitor of a rack does, which a real one has every five minutes. */
void maas_power_catch_up(struct maas *maas)
{
	struct node *node;
	struct err err;

	list_for_each (node, &maas->nodes) {
		if (node->type == NODE_MACHINE && has_cable(node) &&
		    maas_power_reachable(node, &err))
			maas_power_query(node);
	}
}

void maas_power_spoil(struct node *node)
{
	struct maas *maas = node->maas;

	node->install_fails = false;
	if (maas->installs_to_fail == 0)
		return;
	maas->installs_to_fail--;
	if (!has_cable(node))
		node->install_fails = true;
	else if (maas->bmc->spoil)
		maas->bmc->spoil(maas->bmc_ctx, node->system_id);
}

void maas_power_forget(struct node *node)
{
	timer_cancel(&node->power);
	maas_set_text(&node->asked_power, NULL);
	node->when_off = NULL;
	maas_held_end(node, NULL);
}

void maas_power_drop_bmc(struct node *node)
{
	const char *text = json_string_value(
	    json_object_get(node->power_parameters, "power_address"));
	struct address *address;
	struct ip ip;

	if (!text || !maas_ip_parse(text, &ip))
		return;
	address = maas_address_find(node->maas, &ip);
	if (address && address->of_bmc)
		maas_address_drop(node->maas, address);
}
