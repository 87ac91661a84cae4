#include "sim/maas/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/yaml.h"
#include "sim/maas/ask.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/power.h"
#include "sim/maas/tasks.h"

struct happening { /* one step, and what becomes of it */
	struct maas *maas;
	const json_t *step;
	json_t *answer;
	struct err *err;
};
typedef bool verb_fn(struct happening *h);

/* ---- whom a step is about ---- */

static struct node *node_of(struct happening *h, const char *key)
{
	const char *id = jstr(h->step, key);
	struct node *node = maas_node_find(h->maas, id);

	if (!node)
		node = maas_node_named(h->maas, id);
	if (!node)
		err_set(h->err, ERR_INPUT, "there is no %s \"%.80s\"", key, id);
	return node;
}

static struct user *user_of(struct happening *h)
{
	struct user *user = maas_user_find(h->maas, jstr(h->step, "user"));

	if (!user)
		err_set(h->err, ERR_INPUT, "there is no user \"%.80s\"",
		    jstr(h->step, "user"));
	return user;
}

static bool count_of(struct happening *h, int64_t *count)
{
	*count = jint(h->step, "count");
	return (*count > 0 && *count <= 10000) ||
	       err_set(h->err, ERR_INPUT, "count is a number from 1 to 10000");
}

/* It was so already, or nobody listens: whoever asked may want to know. */
static void idle(struct happening *h, const char *note)
{
	jsets(h->answer, "note", note);
}

/* ---- the served world ---- */

static bool reset(struct happening *h)
{
	struct maas *maas = h->maas;
	json_t *inventory = json_incref(maas->inventory);
	bool fine = true;

	maas_nonces_free(&maas->nonces);
	if (inventory) {
		fine = maas_load(maas, inventory, h->err);
	} else {
		maas_clear(maas);
		maas_defaults(maas);
	}
	json_decref(inventory);
	return fine;
}

static bool settle(struct happening *h)
{
	maas_power_settle(h->maas);
	return true;
}

static bool gate(struct happening *h)
{
	h->maas->gated = jbool(h->step, "on");
	if (!h->maas->gated)
		maas_power_settle(h->maas);
	return true;
}

static bool bench(struct happening *h)
{
	h->maas->bench = jbool(h->step, "on");
	return true;
}

/* ---- racks and BMCs ---- */

static bool has_rack(const struct maas *maas)
{
	const struct node *node;

	list_for_each (node, &maas->nodes) {
		if (node->type == NODE_RACK)
			return true;
	}
	return false;
}

/* A region whose racks nobody described has one all the same, which becomes
 * known when somebody speaks of it. */
static void describe_rack(struct maas *maas)
{
	struct node *rack;

	if (has_rack(maas))
		return;
	rack = maas_node_make(maas, NODE_RACK, NULL);
	maas_node_rename(rack, "rack");
	rack->connected = true;
}

static bool set_racks(struct happening *h, bool connected)
{
	struct node *one = NULL, *node;
	bool changed = false;

	if (jhas(h->step, "rack") && !(one = node_of(h, "rack")))
		return false;
	if (!one)
		describe_rack(h->maas);
	list_for_each (node, &h->maas->nodes) {
		if (node != one && (one || node->type != NODE_RACK))
			continue;
		changed |= node->connected != connected;
		node->connected = connected;
	}
	if (!changed)
		idle(h, connected ? "the rack is connected already"
		                  : "the rack is not connected anyway");
	if (connected)
		maas_power_catch_up(h->maas);
	return true;
}

static bool rack_connects(struct happening *h)
{
	return set_racks(h, true);
}

static bool rack_disconnects(struct happening *h)
{
	return set_racks(h, false);
}

static bool bmc_refuses(struct happening *h)
{
	bool on = jbool(h->step, "on");
	struct node *node = NULL;
	bool *refuses;

	if (jhas(h->step, "machine") && !(node = node_of(h, "machine")))
		return false;
	refuses = node ? &node->bmc_refuses : &h->maas->bmc_refuses;
	if (*refuses == on)
		idle(h, on ? "it refuses already" : "it obeys anyway");
	*refuses = on;
	return true;
}

/* ---- who else is on the network ---- */

static bool is_run_here(struct happening *h, const char *text)
{
	struct ip first, last;

	if (!maas_ip_parse_run(text, &first, &last))
		return err_set(h->err, ERR_INPUT,
		    "\"%.80s\" is neither an address nor FIRST..LAST", text);
	return (maas_subnet_of(h->maas, &first) &&
	           maas_subnet_of(h->maas, &first) ==
	               maas_subnet_of(h->maas, &last)) ||
	       err_set(h->err, ERR_INPUT, "%.80s is in no subnet of this MAAS",
	           text);
}

static bool addresses_in_use(struct happening *h)
{
	const json_t *list = jget(h->step, "addresses");
	struct names names = { 0 };
	bool fine = json_is_array(list) ||
	            err_set(h->err, ERR_INPUT, "addresses is a list");

	for (size_t i = 0; fine && i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		fine = is_run_here(h, text ? text : "");
		if (fine)
			maas_names_add(&names, text);
	}
	if (!fine) {
		maas_names_free(&names);
		return false;
	}
	if (names.count == 0 && h->maas->strangers.count == 0)
		idle(h, "there were no strangers");
	maas_names_free(&h->maas->strangers);
	h->maas->strangers = names;
	return true;
}

static bool neighbour_seen(struct happening *h)
{
	return maas_neighbour_seen(h->maas, h->step, h->err);
}

/* ---- machines ---- */

static bool netboot_off(struct happening *h)
{
	struct node *node = node_of(h, "machine");

	if (node && !node->netboot)
		idle(h, "it boots from its disk anyway");
	if (node)
		maas_node_netboot_off(node);
	return node != NULL;
}

static bool machine_boots(struct happening *h)
{
	struct node *node = node_of(h, "machine");

	if (node && node->status != NODE_DEPLOYING)
		idle(h, "it is not Deploying");
	if (node)
		maas_node_user_data_read(node);
	return node != NULL;
}

static bool machine_signals(struct happening *h)
{
	struct node *node = node_of(h, "machine");
	const char *status = jstr(h->step, "status");
	enum node_status failed;

	if (!node)
		return false;
	if (strcmp(status, "OK") != 0 && strcmp(status, "FAILED") != 0)
		return err_set(h->err, ERR_INPUT,
		    "status is OK or FAILED, not \"%.80s\"", status);
	if (!maas_status_failed(node->status, &failed))
		idle(h, "it has no task at hand");
	maas_node_signal(
	    node, strcmp(status, "OK") == 0, jstr(h->step, "error"));
	return true;
}

static bool installer_reports(struct happening *h)
{
	struct node *node = node_of(h, "machine");
	json_t *message;

	if (!node)
		return false;
	message = json_pack("{s:s, s:s, s:s, s:s, s:s}", "origin",
	    jstr(h->step, "origin"), "name", jstr(h->step, "activity"),
	    "event_type", jstr(h->step, "event_type"), "description",
	    jstr(h->step, "description"), "result", jstr(h->step, "result"));
	if (strcmp(jstr(h->step, "origin"), "curtin") == 0 &&
	    node->status != NODE_DEPLOYING)
		idle(h, "it is not Deploying");
	maas_node_report(node, message);
	json_decref(message);
	return true;
}

static bool machines_appear(struct happening *h)
{
	const struct maas_machine_spec spec = { 0 };
	int64_t count;

	if (!count_of(h, &count))
		return false;
	maas_add_machines(h->maas, &spec, (uint64_t)count);
	return true;
}

static bool deployments_fail(struct happening *h)
{
	return count_of(h, &h->maas->installs_to_fail);
}

/* ---- accounts ---- */

static bool user_active(struct happening *h)
{
	struct user *user = user_of(h);
	bool on = jbool(h->step, "on");

	if (!user)
		return false;
	if (user->active == on)
		idle(h, on ? "the account is on already"
		           : "the account is off already");
	user->active = on;
	return true;
}

static bool rotate_key(struct happening *h)
{
	struct user *user = user_of(h);

	if (user)
		jsets(h->answer, "key", maas_rotate_key(h->maas, user->name));
	return user != NULL;
}

/* MAAS does not look at whether a token was approved. */
static bool tokens_unapproved(struct happening *h)
{
	return user_of(h) != NULL;
}

/* ---- hosts of virtual machines ---- */

static bool vm_host_appears(struct happening *h)
{
	if (!*jstr(h->step, "vm_host"))
		return err_set(h->err, ERR_INPUT, "a VM host needs a name");
	maas_vm_host_appears(h->maas, h->step);
	return true;
}

static bool vm_host_listens(struct happening *h)
{
	if (!*jstr(h->step, "power_address"))
		return err_set(
		    h->err, ERR_INPUT, "a VM host listens at a power_address");
	maas_vm_host_listens(h->maas, h->step);
	return true;
}

/* ---- the table ---- */

static const struct maas_verb verbs[] = {
#define STEP(function, name, parameters, help, unsaid) \
	{ name, parameters, help, unsaid },
#define SAID(pattern, help, ...)
#include "sim/maas/control.tbl"
#undef STEP
};
static verb_fn *const functions[] = {
#define STEP(function, name, parameters, help, unsaid) function,
#include "sim/maas/control.tbl"
#undef STEP
#undef SAID
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const struct maas_verb *maas_verbs(size_t *count)
{
	*count = VERB_COUNT;
	return verbs;
}

static const struct maas_verb *verb_named(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static bool refuse_unknown(const char *name, struct err *err)
{
	err_set(
	    err, ERR_INPUT, "a MAAS knows no step \"%.60s\"; it knows", name);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		size_t len = strlen(err->text);

		snprintf(err->text + len, sizeof(err->text) - len, "%s %s",
		    i ? "," : "", verbs[i].name);
	}
	return false;
}

/* A slip in a parameter's name would quietly do something else. */
static bool parameters_fine(
    const struct maas_verb *verb, const json_t *step, struct err *err)
{
	char *room = xstrdup(verb->parameters), *rest = NULL;
	size_t known = 1; /* "step" */
	bool fine = true;

	for (char *word = strtok_r(room, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		bool optional = *word == '[';

		word += optional;
		word[strcspn(word, "]")] = '\0';
		known += jhas(step, word);
		if (fine && !optional && !jhas(step, word))
			fine = err_set(err, ERR_INPUT, "%s needs \"%s\"",
			    verb->name, word);
	}
	free(room);
	if (fine && json_object_size(step) != known)
		fine = err_set(err, ERR_INPUT,
		    "%s takes no other parameters than: %s", verb->name,
		    *verb->parameters ? verb->parameters : "none");
	return fine;
}

bool maas_control(
    struct maas *maas, const json_t *step, json_t **answer, struct err *err)
{
	const struct maas_verb *verb = verb_named(jstr(step, "step"));
	struct happening h = { .maas = maas, .step = step, .err = err };
	bool fine;

	if (!verb)
		return refuse_unknown(jstr(step, "step"), err);
	if (!parameters_fine(verb, step, err))
		return false;
	h.answer = json_pack("{s:b}", "ok", 1);
	fine = functions[verb - verbs](&h);
	maas_tell(maas);
	if (fine && answer)
		*answer = json_incref(h.answer);
	json_decref(h.answer);
	return fine;
}
