#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

/* Making a machine, and changing one: the fields of its form. */

static const char *const power_types[] = { "amt", "apc", "dli", "eaton",
	"fence_cdu", "hmc", "hmcz", "ipmi", "lxd", "manual", "moonshot", "mscm",
	"msftocs", "nova", "openbmc", "proxmox", "raritan", "recs_box",
	"redfish", "sm15k", "ucsm", "virsh", "vmware", "webhook", "wedge" };

static bool power_type_known(const char *type)
{
	for (size_t i = 0; i < sizeof(power_types) / sizeof(power_types[0]);
	     i++)
		if (strcmp(power_types[i], type) == 0)
			return true;
	return false;
}

#define NOT_GIVEN INT64_MIN

struct machine_form {
	char *hostname, *architecture; /* NULL: not given */
	struct domain *domain;
	struct zone *zone;
	struct pool *pool;
	const char *description, *power_type, *kernel;
	json_t *power;             /* parameters that were given; an object */
	int64_t cpu_count, memory; /* NOT_GIVEN, or a number below 0 too */
	int64_t swap_size;         /* -1: not given */
	struct names macs;
	bool bad_mac;
};

static void form_close(struct machine_form *form)
{
	free(form->hostname);
	free(form->architecture);
	json_decref(form->power);
	maas_names_free(&form->macs);
}

/* "host", or "host.domain" where the domain is known. */
static void read_hostname(struct ask *ask, struct machine_form *form,
    const struct node *self, json_t *errors)
{
	const char *text = maas_field(ask, "hostname");
	const char *dot;
	struct node *other;
	char *fault;

	if (!text)
		return;
	if (!*text) {
		form->hostname = maas_node_new_name(ask->maas);
		return;
	}
	dot = strchr(text, '.');
	form->hostname = xstrndup(text, strcspn(text, "."));
	fault = maas_label_fault(form->hostname);
	if (fault)
		maas_error(errors, "hostname", "%s", fault);
	free(fault);
	if (dot && maas_domain_find(ask->maas, dot + 1))
		form->domain = maas_domain_find(ask->maas, dot + 1);
	else if (dot)
		maas_error(errors, "hostname", "Nonexistant domain.");
	other = maas_node_named(ask->maas, form->hostname);
	if (other && other != self)
		maas_error(errors, "hostname",
		    "Node with this Hostname already exists.");
}

static void bad_choice(json_t *errors, const char *field)
{
	maas_error(errors, field,
	    "Select a valid choice. That choice is not one of the available "
	    "choices.");
}

static void read_places(
    struct ask *ask, struct machine_form *form, json_t *errors)
{
	const char *domain = maas_field(ask, "domain");
	const char *zone = maas_field(ask, "zone");
	const char *pool = maas_field(ask, "pool");

	if (domain && *domain) {
		form->domain = maas_domain_named(ask->maas, domain);
		if (!form->domain)
			maas_error(errors, "domain", "Unable to find domain %s",
			    domain);
	}
	if (zone && !(form->zone = maas_zone_find(ask->maas, zone)))
		bad_choice(errors, "zone");
	if (pool && !(form->pool = maas_pool_find(ask->maas, pool)))
		bad_choice(errors, "pool");
}

/* amd64 is short for amd64/generic. */
static void read_architecture(
    struct ask *ask, struct machine_form *form, bool needed, json_t *errors)
{
	const char *text = maas_field(ask, "architecture");
	struct names known = { 0 };
	struct buf choices = BUF_INIT;

	if ((!text || !*text) && !needed)
		return;
	if (text && *text)
		form->architecture = strchr(text, '/')
		                         ? xstrdup(text)
		                         : xasprintf("%s/generic", text);
	maas_architectures(ask->maas, &known);
	for (size_t i = 0; i < known.count; i++)
		buf_addf(&choices, "%s'%s'", i ? ", " : "", known.items[i]);
	if (!form->architecture || !maas_names_have(&known, form->architecture))
		maas_error(errors, "architecture",
		    "'%s' is not a valid architecture.  It should be one of: "
		    "%s.",
		    form->architecture ? form->architecture : "",
		    buf_text(&choices));
	buf_free(&choices);
	maas_names_free(&known);
}

static void read_power(
    struct ask *ask, struct machine_form *form, json_t *errors)
{
	const struct form *fields = &ask->body.form;
	const char *json = maas_field(ask, "power_parameters");
	static const char prefix[] = "power_parameters_";

	form->power_type = maas_field(ask, "power_type");
	if (form->power_type && *form->power_type &&
	    !power_type_known(form->power_type))
		maas_error(errors, "power_type",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    form->power_type);
	form->power = json ? json_loads(json, 0, NULL) : json_object();
	if (!json_is_object(form->power)) {
		json_decref(form->power);
		form->power = json_object();
		maas_error(errors, "power_parameters",
		    "Failed to parse JSON power_parameters");
	}
	for (size_t i = 0; i < fields->count; i++) {
		const char *name = fields->fields[i].name;

		if (strncmp(name, prefix, strlen(prefix)) == 0 &&
		    strcmp(name, "power_parameters_skip_check") != 0)
			jsets(form->power, name + strlen(prefix),
			    fields->fields[i].value);
	}
}

/* The column bounds it and nothing else: less than no memory is fine. */
static void read_number(
    struct ask *ask, const char *field, json_t *errors, int64_t *number)
{
	const char *text = maas_stripped(ask, field);

	*number = NOT_GIVEN;
	if (text && *text)
		maas_form_number(
		    errors, field, text, INT32_MIN, INT32_MAX, number);
}

/* 0, bytes, or a number with K, M, G or T. */
static void read_swap(
    struct ask *ask, struct machine_form *form, json_t *errors)
{
	static const char units[] = "KMGT";
	const char *text = maas_field(ask, "swap_size");
	const char *unit;
	char *end;
	int64_t size;

	form->swap_size = -1;
	if (!text || !*text)
		return;
	size = strtoll(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (end == text || size < 0 || (*end && (!unit || end[1]))) {
		maas_error(
		    errors, "swap_size", "Invalid size for swap: %s", text);
		return;
	}
	for (const char *at = units; unit && at <= unit; at++)
		size *= 1000;
	form->swap_size = size;
}

static void read_common(struct ask *ask, struct machine_form *form,
    const struct node *self, json_t *errors)
{
	read_hostname(ask, form, self, errors);
	read_places(ask, form, errors);
	read_architecture(ask, form, self == NULL, errors);
	read_power(ask, form, errors);
	read_number(ask, "cpu_count", errors, &form->cpu_count);
	read_number(ask, "memory", errors, &form->memory);
	read_swap(ask, form, errors);
	form->description = maas_field(ask, "description");
	form->kernel = maas_field(ask, "min_hwe_kernel");
}

static void write_power(struct node *node, const struct machine_form *form)
{
	if (form->power_type && *form->power_type &&
	    strcmp(form->power_type, node->power_type) != 0) {
		maas_set_text(&node->power_type, form->power_type);
		maas_power_drop_bmc(node);
		json_object_clear(node->power_parameters);
	}
	json_object_update(node->power_parameters, form->power);
	maas_node_own_bmc(node);
}

static void write_form(struct node *node, const struct machine_form *form)
{
	if (form->hostname)
		maas_set_text(&node->hostname, form->hostname);
	if (form->architecture)
		maas_set_text(&node->architecture, form->architecture);
	if (form->domain)
		node->domain = form->domain;
	if (form->zone)
		node->zone = form->zone;
	if (form->pool)
		node->pool = form->pool;
	if (form->description)
		maas_set_text(&node->description, form->description);
	if (form->kernel)
		maas_set_text(&node->min_hwe_kernel, form->kernel);
	if (form->cpu_count != NOT_GIVEN)
		node->cpu_count = (int)form->cpu_count;
	if (form->memory != NOT_GIVEN)
		node->memory = (int)form->memory;
	if (form->swap_size >= 0)
		node->swap_size = form->swap_size;
	write_power(node, form);
	maas_node_touch(node);
}

void maas_op_machine_update(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	struct machine_form form = { 0 };
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	read_common(ask, &form, node, errors);
	if (maas_fine(ask, errors)) {
		write_form(node, &form);
		maas_answer(ask, maas_node_json(node));
	}
	form_close(&form);
}

/* ---- making one ---- */

static void read_macs(
    struct ask *ask, struct machine_form *form, json_t *errors)
{
	bool ipmi = form->power_type && strcmp(form->power_type, "ipmi") == 0;
	size_t at = 0;
	const char *mac;

	while ((mac = maas_form_next(&ask->body.form, "mac_addresses", &at))) {
		struct iface *taken = maas_iface_with_mac(ask->maas, mac);

		if (!maas_mac_ok(mac)) {
			maas_error(errors, "mac_addresses",
			    "'%s' is not a valid MAC address.", mac);
			form->bad_mac = true;
		} else if (taken && taken->node) {
			maas_error(errors, "mac_addresses",
			    "MAC address %s already in use on %s.", mac,
			    taken->node->hostname);
			form->bad_mac = true;
		} else {
			maas_names_add(&form->macs, mac);
		}
	}
	if (!form->macs.count && !form->bad_mac && !ipmi) {
		maas_error(errors, "mac_addresses", "This field is required.");
		form->bad_mac = true;
	}
	if (form->bad_mac && form->power_type &&
	    strcmp(form->power_type, "manual") == 0)
		maas_error(errors, "power_type",
		    "Can't set power type to manual without network "
		    "interfaces");
}

static void check_parameters(const struct machine_form *form, json_t *errors)
{
	static const char *const remote[] = { "ipmi", "virsh", "lxd", "redfish",
		"amt" };

	if (!form->power_type || *jstr(form->power, "power_address"))
		return;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (strcmp(remote[i], form->power_type) == 0)
			maas_error(errors, "power_parameters",
			    "This field is required.");
}

static struct node *make(struct ask *ask, struct machine_form *form)
{
	struct node *node = maas_node_make(ask->maas, NODE_MACHINE, NULL);

	if (!form->hostname)
		form->hostname = maas_node_new_name(ask->maas);
	write_form(node, form);
	for (size_t i = 0; i < form->macs.count; i++) {
		char *name = xasprintf("eth%zu", i);

		maas_iface_make(node, name, "physical", form->macs.items[i]);
		free(name);
	}
	return node;
}

/* A machine that somebody else installed. */
static void already_deployed(struct ask *ask, struct node *node)
{
	node->commissioning = maas_results_start(
	    node, RESULT_COMMISSIONING, maas_commissioning_scripts);
	node->owner = ask->user;
	maas_node_enter(node, NODE_DEPLOYED);
}

/* Commissioning has a form of its own, read when the machine is made. */
static bool may_commission(struct ask *ask, bool commission)
{
	json_t *errors = json_object();

	if (commission && maas_is_admin(ask))
		maas_commission_scripts_check(ask, errors);
	return maas_fine(ask, errors);
}

static bool read_new(struct ask *ask, struct machine_form *form,
    bool *commission, bool *deployed)
{
	json_t *errors = json_object();

	read_common(ask, form, NULL, errors);
	read_macs(ask, form, errors);
	check_parameters(form, errors);
	return maas_fine(ask, errors) &&
	       maas_flag(
	           ask, &ask->body.form, "commission", true, commission) &&
	       maas_flag(ask, &ask->body.form, "deployed", false, deployed) &&
	       may_commission(ask, *commission && !*deployed);
}

static void create(struct ask *ask, bool anonymous)
{
	struct machine_form form = { 0 };
	bool commission, deployed;
	struct node *node;
	struct names tests;

	if (read_new(ask, &form, &commission, &deployed)) {
		node = make(ask, &form);
		if (maas_is_admin(ask) && deployed) {
			already_deployed(ask, node);
		} else if (maas_is_admin(ask) && commission) {
			tests = maas_tests_asked(ask);
			maas_node_commission(node, ask->user, false, &tests);
			maas_names_free(&tests);
		}
		maas_answer(ask, anonymous ? maas_stranger_json(node)
		                           : maas_node_json(node));
	}
	form_close(&form);
}

void maas_op_machines_create(struct ask *ask)
{
	create(ask, false);
}

void maas_op_anonymous_machines_create(struct ask *ask)
{
	create(ask, true);
}

/* What somebody without credentials is shown. */
json_t *maas_stranger_json(const struct node *node)
{
	static const char *const keys[] = { "system_id", "hostname", "fqdn",
		"domain", "zone", "architecture", "power_type", "power_state",
		"status", "status_name", "status_action", "status_message",
		"node_type", "resource_uri" };
	json_t *all = maas_node_json(node), *json = json_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(json, keys[i], json_object_get(all, keys[i]));
	json_object_del(json_object_get(json, "domain"), "resource_uri");
	json_object_del(json_object_get(json, "zone"), "resource_uri");
	json_decref(all);
	return json;
}
