#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/images.h"
#include "sim/maas/kernels.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_form.h"
#include "sim/maas/power_form.h"
#include "sim/maas/python.h"
#include "sim/maas/results.h"
#include "sim/maas/zones.h"

/* Making a machine, and changing one: the fields of its form. */

#define NOT_GIVEN INT64_MIN

struct machine_form {
	bool restricted; /* who asks is no administrator: has fewer fields */
	char *hostname, *architecture; /* NULL: not given */
	struct domain *domain;
	struct zone *zone;
	struct pool *pool;
	const char *description, *kernel;
	const char *os;  /* NULL: not given */
	char series[64]; /* "": not given */
	struct power_form power;
	int64_t cpu_count, memory; /* NOT_GIVEN, or a number below 0 too */
	int64_t swap_size;         /* NOT_GIVEN, or a number */
	struct names macs;
	bool bad_mac;
};

static void form_close(struct machine_form *form)
{
	free(form->hostname);
	free(form->architecture);
	maas_power_form_close(&form->power);
	maas_names_free(&form->macs);
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
	const char *zone = maas_field(ask, "zone");
	const char *pool = maas_field(ask, "pool");

	if (!form->domain || maas_field(ask, "domain"))
		maas_domain_read(ask, errors, &form->domain);
	if (form->restricted)
		return;
	if (zone && *zone && !(form->zone = maas_zone_find(ask->maas, zone)))
		bad_choice(errors, "zone");
	if (pool && *pool && !(form->pool = maas_pool_find(ask->maas, pool)))
		bad_choice(errors, "pool");
}

/* Of a new machine, amd64 is short for amd64/generic. */
static void read_architecture(struct ask *ask, struct machine_form *form,
    bool created, bool needed, json_t *errors)
{
	const char *text = maas_field(ask, "architecture");
	const char *kind = maas_field(ask, "subarchitecture");
	struct names known = { 0 };
	struct buf choices = BUF_INIT;

	if (!text || !*text) {
		if (needed)
			maas_error(
			    errors, "architecture", "This field is required.");
		return;
	}
	if (created && !strchr(text, '/'))
		form->architecture = xasprintf(
		    "%s/%s", text, kind && *kind ? kind : "generic");
	else
		form->architecture = xstrdup(text);
	maas_architectures(ask->maas, &known);
	for (size_t i = 0; i < known.count; i++)
		buf_addf(&choices, "%s'%s'", i ? ", " : "", known.items[i]);
	if (!maas_names_have(&known, form->architecture))
		maas_error(errors, "architecture",
		    "'%s' is not a valid architecture.  It should be one of: "
		    "%s.",
		    form->architecture, buf_text(&choices));
	buf_free(&choices);
	maas_names_free(&known);
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

/* Bytes, or a number with K, M, G or T; a text with such a letter that is no
 * number trips MAAS up. */
static void read_swap(
    struct ask *ask, struct machine_form *form, json_t *errors)
{
	static const char units[] = "KMGT";
	const char *text = maas_stripped(ask, "swap_size"), *unit;
	struct buf fault = BUF_INIT;
	char *number;
	int64_t size;

	form->swap_size = NOT_GIVEN;
	if (!text || !*text)
		return;
	unit = strchr(units, text[strlen(text) - 1]);
	number = xstrndup(text, strlen(text) - (unit != NULL));
	if (maas_python_read_int(number, &size)) {
		for (const char *at = units; unit && at <= unit; at++)
			size *= 1000;
		form->swap_size = size;
	} else if (unit) {
		maas_python_no_int(&fault, number);
		maas_refuse(ask, 500, "%s", buf_text(&fault));
	} else {
		maas_error(
		    errors, "swap_size", "Invalid size for swap: %s", text);
	}
	buf_free(&fault);
	free(number);
}

static void read_old_ipv4(struct ask *ask, json_t *errors)
{
	if (maas_ticked(ask, "disable_ipv4"))
		maas_error(errors, "disable_ipv4",
		    "If specified, disable_ipv4 must be False.");
}

static void read_least_kernel(
    struct ask *ask, struct machine_form *form, bool created, json_t *errors)
{
	const char *least = maas_stripped(ask, "min_hwe_kernel");

	if (created && (!least || !*least))
		least = maas_config_text(ask->maas, "default_min_hwe_kernel");
	form->kernel = least;
	if (least && *least && !maas_kernel_is_met(ask->maas, least))
		maas_error(errors, "min_hwe_kernel",
		    "No kernel matches \">=%s\" requirement.", least);
}

static void bad_system(
    json_t *errors, const char *field, const char *word, const char *choices)
{
	maas_error(errors, field,
	    "'%s' is not a valid %s.  It should be one of: %s.", word, field,
	    choices);
}

static void read_os(struct ask *ask, struct machine_form *form, json_t *errors)
{
	char *words = maas_image_words(ask->maas, NULL);
	struct names known = { 0 };
	struct buf choices = BUF_INIT;

	form->os = maas_field(ask, "osystem");
	maas_names_split(&known, words, " ");
	buf_adds(&choices, "''");
	for (size_t i = 0; i < known.count; i++)
		buf_addf(&choices, ", '%s'", known.items[i]);
	if (form->os && *form->os && !maas_names_have(&known, form->os)) {
		bad_system(errors, "osystem", form->os, buf_text(&choices));
		form->os = NULL;
	}
	buf_free(&choices);
	maas_names_free(&known);
	free(words);
}

/* A choice is a system and its release; it names the system, too. */
static void read_series(
    struct ask *ask, struct machine_form *form, json_t *errors)
{
	const char *word = maas_field(ask, "distro_series");
	char *choices = maas_image_choices(ask->maas);
	char *quoted = xasprintf(", '%s'", word ? word : "");
	const char *slash = word ? strchr(word, '/') : NULL;
	size_t len = slash ? (size_t)(slash - word) : 0;

	if (word && *word && !strstr(choices, quoted))
		bad_system(errors, "distro_series", word, choices);
	else if (slash && form->os && *form->os &&
	         (strlen(form->os) != len || strncmp(form->os, word, len) != 0))
		maas_error(errors, "distro_series",
		    "%s in distro_series does not match with operating system "
		    "%.*s",
		    slash + 1, (int)len, word);
	else if (slash)
		snprintf(form->series, sizeof(form->series), "%s", word);
	free(quoted);
	free(choices);
}

/* What a machine that is somebody's is to get; one that has got it, or is
 * getting it, is not asked. No system that is modelled has keys. */
static void read_system(struct ask *ask, struct machine_form *form,
    const struct node *self, json_t *errors)
{
	const char *key = maas_field(ask, "license_key");
	const char *os;

	if (self->owner && self->status != NODE_DEPLOYED &&
	    self->status != NODE_DEPLOYING) {
		read_os(ask, form, errors);
		read_series(ask, form, errors);
	}
	os = form->os ? form->os : self->osystem;
	if (key && *key && os && *os)
		maas_error(errors, "license_key", "Invalid license key.");
}

static void read_common(struct ask *ask, struct machine_form *form,
    const struct node *self, json_t *errors)
{
	form->hostname = maas_hostname_read(ask, self, &form->domain, errors);
	read_places(ask, form, errors);
	read_swap(ask, form, errors);
	read_old_ipv4(ask, errors);
	read_least_kernel(ask, form, !self, errors);
	if (self)
		read_system(ask, form, self, errors);
	form->cpu_count = form->memory = NOT_GIVEN;
	if (form->restricted)
		return;
	read_number(ask, "cpu_count", errors, &form->cpu_count);
	read_number(ask, "memory", errors, &form->memory);
	form->description = maas_field(ask, "description");
}

/* Of those that are switched by a machine's MAC, or by hand. */
static void need_interfaces(const struct machine_form *form,
    const struct node *self, bool any, json_t *errors)
{
	const char *type = form->power.type;

	if (any || !type || !*type || strcmp(type, "ipmi") == 0 ||
	    json_object_get(errors, "power_type") ||
	    (self && strcmp(type, self->power_type) == 0))
		return;
	maas_error(errors, "power_type",
	    "Can't set power type to %s without network interfaces", type);
}

/* "ubuntu/jammy" as it was chosen, and the kernel that goes with it. */
static void write_series(struct node *node, const struct machine_form *form)
{
	const char *slash = strchr(form->series, '/');
	struct kernel_wish wish = { NULL, node->min_hwe_kernel, NULL, slash + 1,
		node->architecture };
	struct err err = { 0 };

	free(node->osystem);
	node->osystem = xstrndup(form->series, (size_t)(slash - form->series));
	maas_set_text(&node->series, slash + 1);
	wish.os = node->osystem;
	if (!node->hwe_kernel)
		node->hwe_kernel = maas_kernel_pick(node->maas, &wish, &err);
}

static void write_form(struct node *node, const struct machine_form *form)
{
	if (form->hostname)
		maas_node_rename(node, form->hostname);
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
	if (form->os)
		maas_set_text(&node->osystem, form->os);
	if (form->series[0])
		write_series(node, form);
	if (form->cpu_count != NOT_GIVEN)
		node->cpu_count = (int)form->cpu_count;
	if (form->memory != NOT_GIVEN)
		node->memory = (int)form->memory;
	if (form->swap_size != NOT_GIVEN)
		node->swap_size = form->swap_size;
	maas_power_form_write(node, &form->power);
	maas_node_touch(node);
}

static bool has_iface(const struct node *node)
{
	struct iface *iface;

	list_for_each (iface, &node->maas->ifaces) {
		if (iface->node == node)
			return true;
	}
	return false;
}

/* Frees errors. */
static bool judged(struct ask *ask, json_t *errors)
{
	if (!ask->answered)
		return maas_fine(ask, errors);
	json_decref(errors);
	return false;
}

void maas_op_machine_update(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	struct machine_form form = { 0 };
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	if (maas_power_form_read(ask, node, &form.power, errors)) {
		read_common(ask, &form, node, errors);
		read_architecture(ask, &form, false, false, errors);
		need_interfaces(&form, node, has_iface(node), errors);
	}
	if (judged(ask, errors)) {
		write_form(node, &form);
		maas_answer(ask, maas_node_json(node));
	}
	form_close(&form);
}

/* ---- making one ---- */

/* A name that a DNS made from an address is none. */
static bool is_of_address(const char *name)
{
	int parts = 0;

	for (;;) {
		size_t digits = strspn(name, "0123456789");

		if (digits < 1 || digits > 3)
			return false;
		name += digits;
		if (++parts == 4)
			return !*name;
		if (*name++ != '-')
			return false;
	}
}

static struct node *make(struct ask *ask, struct machine_form *form)
{
	struct node *node = maas_node_make(ask->maas, NODE_MACHINE, NULL);

	if (form->hostname && is_of_address(form->hostname))
		maas_set_text(&form->hostname, NULL);
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

/* "hwe-..." or "ga-..." in it, with something behind the dash. */
static bool names_kernel(const char *text)
{
	const char *hwe = text ? strstr(text, "hwe-") : NULL;
	const char *ga = text ? strstr(text, "ga-") : NULL;

	return (hwe && hwe[4]) || (ga && ga[3]);
}

/* What is looked at before the form. */
static bool kernel_ok(struct ask *ask)
{
	const char *arch = maas_field(ask, "architecture");
	const char *kind = maas_field(ask, "subarchitecture");
	const char *kernel = maas_field(ask, "min_hwe_kernel");

	if (arch && strchr(arch, '/') && kind && *kind)
		maas_refuse(
		    ask, 400, "Subarchitecture cannot be specified twice.");
	else if (names_kernel(arch) || names_kernel(kind))
		maas_refuse(ask, 400,
		    "hwe kernel must be specified using the min_hwe_kernel "
		    "argument.");
	else if (kernel && *kernel && !names_kernel(kernel))
		maas_refuse(ask, 400,
		    "min_hwe_kernel must start with \"hwe-\" or \"ga-\"");
	return !ask->answered;
}

struct creation {
	bool anonymous, commission, deployed;
};

/* An ipmi BMC, or a machine that runs already, is enough to know one by. */
static bool needs_more(struct ask *ask, const struct creation *creation)
{
	const char *type = maas_field(ask, "power_type");

	if (!type)
		return !creation->deployed;
	return strcmp(type, "ipmi") != 0;
}

static bool read_new(
    struct ask *ask, struct machine_form *form, const struct creation *creation)
{
	bool more = needs_more(ask, creation);
	json_t *errors = json_object();

	form->restricted = !maas_is_admin(ask);
	if (maas_power_form_read(ask, NULL, &form->power, errors)) {
		read_common(ask, form, NULL, errors);
		read_architecture(
		    ask, form, true, more || creation->anonymous, errors);
		form->bad_mac = !maas_macs_read(ask, &form->macs, more, errors);
		need_interfaces(form, NULL, !form->bad_mac, errors);
		if (!form->architecture && !more)
			maas_names_free(&form->macs);
	}
	return judged(ask, errors);
}

/* What is wrong with its scripts leaves the machine New, and is not told. */
static bool may_commission(struct ask *ask, const struct creation *creation)
{
	json_t *errors;
	bool fine;

	if (!maas_is_admin(ask) || !creation->commission || creation->deployed)
		return false;
	errors = json_object();
	maas_commission_scripts_check(ask, NULL, errors);
	fine = !json_object_size(errors);
	json_decref(errors);
	return fine;
}

static bool is_being_met(const struct node *node)
{
	return node->type == NODE_MACHINE &&
	       (node->status == NODE_NEW || node->status == NODE_COMMISSIONING);
}

/* Of its BMC, when that is one of IPMI; new. Anything may come in there, and
 * the region falls over what is no object. */
static json_t *bmc_told(struct ask *ask)
{
	const char *type = maas_field(ask, "power_type");
	const char *text = maas_field(ask, "power_parameters");
	size_t at;
	json_t *told;

	if (!type || strcmp(type, "ipmi") != 0 || !text || !*text)
		return NULL;
	told = json_loads(text, JSON_DECODE_ANY, NULL);
	at = strspn(text, " \t\r\n");
	if (!told)
		maas_refuse(ask, 500,
		    "Expecting value: line 1 column %zu (char %zu)", at + 1,
		    at);
	else if (!json_is_object(told))
		maas_refuse(ask, 500, "'%s' object has no attribute 'get'",
		    maas_python_type(told));
	if (!ask->answered)
		return told;
	json_decref(told);
	return NULL;
}

/* A machine that is switched at the same address. */
static struct node *met_by_bmc(struct ask *ask)
{
	json_t *told = bmc_told(ask);
	struct node *node, *found = NULL;

	if (!told)
		return NULL;
	list_for_each (node, &ask->maas->nodes) {
		const json_t *its = json_object_get(
		    node->power_parameters, "power_address");

		if (!found && is_being_met(node) && its &&
		    strcmp(json_is_string(its) ? json_string_value(its) : "",
		        jstr(told, "power_address")) == 0)
			found = node;
	}
	json_decref(told);
	return found;
}

/* A machine that MAAS has met: it boots once more before it is accepted. */
static struct node *met_before(struct ask *ask)
{
	struct node *node = NULL;
	size_t at = 0;
	const char *mac;

	while ((mac = maas_form_next(&ask->body.form, "mac_addresses", &at))) {
		char *plain = maas_mac_plain(mac);
		struct iface *iface = maas_iface_with_mac(ask->maas, plain);

		free(plain);
		if (!maas_mac_ok(mac))
			return NULL;
		if (!node && iface && iface->node && is_being_met(iface->node))
			node = iface->node;
	}
	return node;
}

static void meet_again(struct ask *ask, struct node *node)
{
	struct machine_form form = { 0 };
	json_t *errors = json_object();

	form.cpu_count = form.memory = form.swap_size = NOT_GIVEN;
	if (maas_power_form_read(ask, node, &form.power, errors))
		read_architecture(ask, &form, true, true, errors);
	if (judged(ask, errors)) {
		write_form(node, &form);
		maas_answer(ask, maas_stranger_json(node));
	}
	form_close(&form);
}

static void create(struct ask *ask, struct creation *creation)
{
	struct machine_form form = { 0 };
	struct node *node;

	if (read_new(ask, &form, creation) &&
	    (!may_commission(ask, creation) ||
	        (form.power.type && *form.power.type) ||
	        maas_power_configured(ask, NULL))) {
		node = make(ask, &form);
		node->is_dpu = ask->maas->version >= 307 &&
		               maas_ticked(ask, "is_dpu");
		if (maas_is_admin(ask) && creation->deployed)
			already_deployed(ask, node);
		else if (may_commission(ask, creation))
			maas_commission_asked(ask, node);
		maas_answer(ask, creation->anonymous ? maas_stranger_json(node)
		                                     : maas_node_json(node));
	}
	form_close(&form);
}

static void create_as(struct ask *ask, bool anonymous)
{
	const struct form *form = &ask->body.form;
	struct creation creation = { .anonymous = anonymous };
	struct node *known;

	if ((anonymous && maas_no_lists(ask)) ||
	    !maas_flag(
	        ask, form, "commission", !anonymous, &creation.commission) ||
	    (!anonymous &&
	        !maas_flag(ask, form, "deployed", false, &creation.deployed)))
		return;
	known = anonymous ? met_by_bmc(ask) : NULL;
	if (ask->answered)
		return;
	if (anonymous && !known)
		known = met_before(ask);
	if (known)
		meet_again(ask, known);
	else if (kernel_ok(ask))
		create(ask, &creation);
}

void maas_op_machines_create(struct ask *ask)
{
	create_as(ask, false);
}

void maas_op_anonymous_machines_create(struct ask *ask)
{
	create_as(ask, true);
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
