#include "sim/maas/power_form.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/power.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"

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

/* Of the types that are met most; those of the others are taken as they come.
 * A label is shown in sentences; choices are parted by blanks. */
static const struct parameter {
	const char *type, *name, *label;
	bool required;
	const char *choices;
} parameters[] = {
	{ "amt", "power_pass", "Power password", false, NULL },
	{ "amt", "power_address", "Power address", true, NULL },
	{ "ipmi", "power_driver", "Power driver", false, "LAN LAN_2_0" },
	{ "ipmi", "power_boot_type", "Power boot type", false,
	    "auto legacy efi" },
	{ "ipmi", "power_address", "IP address", true, NULL },
	{ "ipmi", "power_user", "Power user", false, NULL },
	{ "ipmi", "power_pass", "Power password", false, NULL },
	{ "ipmi", "k_g", "K_g BMC key", false, NULL },
	{ "ipmi", "cipher_suite_id", "Cipher Suite ID", false, "17 3 8 12" },
	{ "ipmi", "privilege_level", "Privilege Level", false,
	    "USER OPERATOR ADMIN" },
	{ "ipmi", "workaround_flags", "Workaround Flags", false, NULL },
	{ "ipmi", "mac_address", "Power MAC", false, NULL },
	{ "lxd", "power_address", "LXD address", true, NULL },
	{ "lxd", "instance_name", "Instance name", true, NULL },
	{ "lxd", "project", "LXD project", true, NULL },
	{ "lxd", "password", "LXD password (optional)", false, NULL },
	{ "lxd", "certificate", "LXD certificate (optional)", false, NULL },
	{ "lxd", "key", "LXD private key (optional)", false, NULL },
	{ "redfish", "power_address", "Redfish address", true, NULL },
	{ "redfish", "power_user", "Redfish user", true, NULL },
	{ "redfish", "power_pass", "Redfish password", true, NULL },
	{ "redfish", "node_id", "Node ID", false, NULL },
	{ "virsh", "power_address", "Address", true, NULL },
	{ "virsh", "power_pass", "Password (optional)", false, NULL },
	{ "virsh", "power_id", "Virsh VM ID", true, NULL },
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static bool type_listed(const char *type)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (strcmp(parameters[i].type, type) == 0)
			return true;
	return strcmp(type, "manual") == 0 || !*type;
}

static bool is_choice(const char *choices, const char *value)
{
	struct names names = { 0 };
	bool is;

	maas_names_split(&names, choices, " ");
	is = maas_names_have(&names, value);
	maas_names_free(&names);
	return is;
}

static void judge(const struct parameter *p, const json_t *all, json_t *errors)
{
	const char *value = jstr(all, p->name);

	if (p->required && !*value)
		maas_error(errors, "power_parameters",
		    "%s: This field is required.", p->label);
	else if (*value && p->choices && !is_choice(p->choices, value))
		maas_error(errors, "power_parameters",
		    "%s: Select a valid choice. %s is not one of the available "
		    "choices.",
		    p->label, value);
	else if (*value && strcmp(p->name, "mac_address") == 0 &&
	         !maas_mac_ok(value))
		maas_error(errors, "power_parameters",
		    "%s: '%s' is not a valid MAC address.", p->label, value);
}

static bool is_empty(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_string(value) && !*json_string_value(value)) ||
	       (json_is_array(value) && !json_array_size(value));
}

/* The type's own parameters, empty where nothing was said; of a type that is
 * not listed all that were given. */
static json_t *of_type(const char *type, const json_t *given, bool *any)
{
	json_t *all = json_object(), *value;

	if (!type_listed(type)) {
		json_object_update(all, json_deep_copy(given));
		*any = true;
		return all;
	}
	*any = false;
	for (size_t i = 0; i < PARAMETERS; i++) {
		const char *name = parameters[i].name;

		if (strcmp(parameters[i].type, type) != 0)
			continue;
		value = json_object_get(given, name);
		*any |= !is_empty(value);
		if (value && !json_is_null(value))
			json_object_set_new(all, name, json_deep_copy(value));
		else if (strcmp(name, "workaround_flags") == 0)
			json_object_set_new(all, name, json_array());
		else
			json_object_set_new(all, name, json_string(""));
	}
	return all;
}

static void judge_all(
    const char *type, const json_t *all, bool any, json_t *errors)
{
	if (!any) {
		maas_error(
		    errors, "power_parameters", "This field is required.");
		return;
	}
	for (size_t i = 0; i < PARAMETERS; i++)
		if (strcmp(parameters[i].type, type) == 0)
			judge(&parameters[i], all, errors);
}

/* The one JSON object, or NULL when it was refused. */
static json_t *read_json(struct ask *ask)
{
	const char *text = maas_field(ask, "power_parameters");
	json_t *json;

	if (!text || !text[strspn(text, " \t\r\n")])
		return json_object();
	json = json_loads(text, JSON_DECODE_ANY, NULL);
	if (!json)
		maas_refuse(ask, 400, "Failed to parse JSON power_parameters");
	else if (!json_is_object(json))
		maas_refuse(ask, 500, "'%s' object has no attribute '%s'",
		    maas_python_type(json), "items");
	if (json && ask->answered) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static bool skips_check(struct ask *ask)
{
	const char *text = maas_field(ask, "power_parameters_skip_check");

	return text && strcmp(text, "true") == 0;
}

static const char prefix[] = "power_parameters_";

static void add_fields(struct ask *ask, struct power_form *form, json_t *given)
{
	const struct form *fields = &ask->body.form;

	for (size_t i = 0; i < fields->count; i++) {
		const char *name = fields->fields[i].name;

		if (strncmp(name, prefix, strlen(prefix)) != 0 ||
		    strcmp(name, "power_parameters_skip_check") == 0)
			continue;
		form->given = true;
		if (strcmp(name, "power_parameters_workaround_flags") == 0)
			json_object_set_new(given, name + strlen(prefix),
			    json_pack("[s]", fields->fields[i].value));
		else
			json_object_set_new(given, name + strlen(prefix),
			    json_string(fields->fields[i].value));
	}
}

bool maas_power_form_read(struct ask *ask, const struct node *self,
    struct power_form *form, json_t *errors)
{
	const char *known = self ? self->power_type : "", *type;
	json_t *given = read_json(ask);
	bool any;

	if (!given)
		return false;
	form->type = maas_stripped(ask, "power_type");
	form->given = json_object_size(given) > 0;
	add_fields(ask, form, given);
	type = form->type && power_type_known(form->type) ? form->type : known;
	if (form->type && *form->type && !power_type_known(form->type))
		maas_error(errors, "power_type",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    form->type);
	if (self)
		json_object_update_missing(given, self->power_parameters);
	form->parameters = of_type(type, given, &any);
	if (skips_check(ask))
		json_object_update(form->parameters, given);
	else if (type_listed(type) && *type && strcmp(type, "manual") != 0 &&
	         (!self || form->type || form->given))
		judge_all(type, form->parameters, any, errors);
	json_decref(given);
	return true;
}

void maas_power_form_close(struct power_form *form)
{
	json_decref(form->parameters);
}

void maas_power_form_write(struct node *node, const struct power_form *form)
{
	bool changed = form->type && strcmp(form->type, node->power_type) != 0;

	if (!changed && (!form->given || !*node->power_type))
		return;
	if (changed) {
		maas_set_text(&node->power_type, form->type);
		maas_power_drop_bmc(node);
	}
	json_decref(node->power_parameters);
	node->power_parameters = json_deep_copy(form->parameters);
	maas_node_own_bmc(node);
}
