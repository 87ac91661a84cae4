#include "sim/maas/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/ask.h"

typedef bool verb_fn(struct maas *maas, const json_t *step, struct err *err);

/* ---- whom a step is about ---- */

static struct node *node_of(
    struct maas *maas, const json_t *step, const char *key, struct err *err)
{
	const char *id = jstr(step, key);
	struct node *node = maas_node_find(maas, id);

	if (!node)
		node = maas_node_named(maas, id);
	if (!node)
		err_set(err, ERR_INPUT, "there is no %s \"%s\"", key, id);
	return node;
}

static struct user *user_of(
    struct maas *maas, const json_t *step, struct err *err)
{
	struct user *user = maas_user_find(maas, jstr(step, "user"));

	if (!user)
		err_set(err, ERR_INPUT, "there is no user \"%s\"",
		    jstr(step, "user"));
	return user;
}

/* ---- the verbs ---- */

static bool reset(struct maas *maas, const json_t *step, struct err *err)
{
	json_t *inventory = json_incref(maas->inventory);
	bool fine = true;

	(void)step;
	maas_nonces_free(&maas->nonces);
	if (inventory) {
		fine = maas_load(maas, inventory, err);
	} else {
		maas_clear(maas);
		maas_defaults(maas);
	}
	json_decref(inventory);
	return fine;
}

static bool settle(struct maas *maas, const json_t *step, struct err *err)
{
	(void)step;
	(void)err;
	maas_power_settle(maas);
	return true;
}

static bool rack_connects(
    struct maas *maas, const json_t *step, struct err *err)
{
	struct node *rack = node_of(maas, step, "rack", err);

	if (rack)
		rack->connected = true;
	return rack != NULL;
}

static bool rack_disconnects(
    struct maas *maas, const json_t *step, struct err *err)
{
	struct node *rack = node_of(maas, step, "rack", err);

	if (rack)
		rack->connected = false;
	return rack != NULL;
}

static bool bmc_refuses(struct maas *maas, const json_t *step, struct err *err)
{
	(void)err;
	maas->bmc_refuses = jbool(step, "on");
	return true;
}

static bool addresses_in_use(
    struct maas *maas, const json_t *step, struct err *err)
{
	(void)err;
	maas_names_free(&maas->strangers);
	for (size_t i = 0; i < jlen(step, "addresses"); i++)
		maas_names_add(&maas->strangers,
		    json_string_value(
		        json_array_get(jget(step, "addresses"), i)));
	return true;
}

static bool netboot_off(struct maas *maas, const json_t *step, struct err *err)
{
	struct node *node = node_of(maas, step, "machine", err);

	if (node)
		maas_node_netboot_off(node);
	return node != NULL;
}

static bool machine_boots(
    struct maas *maas, const json_t *step, struct err *err)
{
	struct node *node = node_of(maas, step, "machine", err);

	if (node)
		maas_node_user_data_read(node);
	return node != NULL;
}

static bool machine_signals(
    struct maas *maas, const json_t *step, struct err *err)
{
	struct node *node = node_of(maas, step, "machine", err);

	if (node)
		maas_node_signal(node, strcmp(jstr(step, "status"), "OK") == 0,
		    jstr(step, "error"));
	return node != NULL;
}

static bool installer_reports(
    struct maas *maas, const json_t *step, struct err *err)
{
	struct node *node = node_of(maas, step, "machine", err);
	json_t *message;

	if (!node)
		return false;
	message = json_pack("{s:s, s:s, s:s, s:s, s:s}", "origin",
	    jstr(step, "origin"), "name", jstr(step, "activity"), "event_type",
	    jstr(step, "event_type"), "description", jstr(step, "description"),
	    "result", jstr(step, "result"));
	maas_node_report(node, message);
	json_decref(message);
	return true;
}

static bool user_active(struct maas *maas, const json_t *step, struct err *err)
{
	struct user *user = user_of(maas, step, err);

	if (user)
		user->active = jbool(step, "on");
	return user != NULL;
}

/* MAAS does not look at whether a token was approved. */
static bool tokens_unapproved(
    struct maas *maas, const json_t *step, struct err *err)
{
	return user_of(maas, step, err) != NULL;
}

static bool vm_host_appears(
    struct maas *maas, const json_t *step, struct err *err)
{
	if (!*jstr(step, "vm_host"))
		return err_set(err, ERR_INPUT, "a VM host needs a name");
	maas_vm_host_appears(maas, step);
	return true;
}

static bool vm_host_listens(
    struct maas *maas, const json_t *step, struct err *err)
{
	if (!*jstr(step, "power_address"))
		return err_set(
		    err, ERR_INPUT, "a VM host listens at a power_address");
	maas_vm_host_listens(maas, step);
	return true;
}

static bool gate(struct maas *maas, const json_t *step, struct err *err)
{
	(void)err;
	maas->gated = jbool(step, "on");
	if (!maas->gated)
		maas_power_settle(maas);
	return true;
}

static bool bench(struct maas *maas, const json_t *step, struct err *err)
{
	(void)err;
	maas->bench = jbool(step, "on");
	return true;
}

static bool rotate_key(struct maas *maas, const json_t *step, struct err *err)
{
	struct user *user = user_of(maas, step, err);

	if (user)
		maas_rotate_key(maas, user->name);
	return user != NULL;
}

static const struct maas_verb verbs[] = {
	{ "reset", "", "back to the inventory that was loaded" },
	{ "settle", "",
	    "everything under way outside happens and is reported" },
	{ "rack-disconnects", "rack",
	    "no power action or query gets through from now on" },
	{ "rack-connects", "rack", "they get through again" },
	{ "bmc-refuses", "on", "every BMC says no, or obeys again" },
	{ "addresses-in-use-on-wire", "addresses",
	    "these addresses are answered by strangers" },
	{ "netboot-off", "machine",
	    "the installer wants the machine to boot from its disk" },
	{ "machine-boots", "machine",
	    "its system starts and asks for its user data" },
	{ "machine-signals", "machine status [error]",
	    "OK or FAILED for the task at hand" },
	{ "installer-reports",
	    "machine origin activity event_type description [result]",
	    "a message of curtin or cloud-init" },
	{ "user-active", "user on", "the account is switched on or off" },
	{ "tokens-unapproved", "user", "no token of the user is approved" },
	{ "vm-host-appears",
	    "vm_host type power_address cores memory local_storage",
	    "a host of virtual machines is known" },
	{ "vm-host-listens", "type power_address cores memory local_storage",
	    "a host of virtual machines can be made known" },
	{ "neighbour-seen", "ip mac [hostname]",
	    "a rack has seen somebody on its network" },
	{ "gate", "on", "effects wait for settle, or do not" },
	{ "bench", "on",
	    "machines without a cable live by themselves, or stand still" },
	{ "rotate-key", "user", "the old keys answer 401" },
};

static verb_fn *const functions[] = { reset, settle, rack_disconnects,
	rack_connects, bmc_refuses, addresses_in_use, netboot_off,
	machine_boots, machine_signals, installer_reports, user_active,
	tokens_unapproved, vm_host_appears, vm_host_listens,
	maas_neighbour_seen, gate, bench, rotate_key };

const struct maas_verb *maas_verbs(size_t *count)
{
	*count = sizeof(verbs) / sizeof(verbs[0]);
	return verbs;
}

bool maas_control(
    struct maas *maas, const json_t *step, json_t **answer, struct err *err)
{
	const char *name = jstr(step, "step");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		bool fine;

		if (strcmp(verbs[i].name, name) != 0)
			continue;
		fine = functions[i](maas, step, err);
		maas_tell(maas);
		if (fine && answer)
			*answer = json_pack("{s:b}", "ok", 1);
		return fine;
	}
	err_set(
	    err, ERR_INPUT, "a MAAS knows no step \"%.60s\"; it knows", name);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		size_t len = strlen(err->text);

		snprintf(err->text + len, sizeof(err->text) - len, "%s %s",
		    i ? "," : "", verbs[i].name);
	}
	return false;
}
