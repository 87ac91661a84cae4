#include "sim/maas/scripts.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/storage.h"

/*
 * What scripts want to know: on which disk, through which interface. The forms
 * that start them have a field of the parameter's name, and one of the
 * script's and the parameter's names; what is said there has to be something
 * of the machine, and is not looked at further: a run is a name here.
 */

/* ---- what a machine has ---- */

static bool is_text(const char *word, const char *text)
{
	return strcmp(word, text ? text : "None") == 0;
}

/* "a:b", of which either may be unknown. */
static bool is_pair(const char *word, const char *a, const char *b)
{
	char *pair = xasprintf("%s:%s", a ? a : "None", b ? b : "None");
	bool is = strcmp(word, pair) == 0;

	free(pair);
	return is;
}

static bool is_drive(const struct node *node, const char *word)
{
	struct drive *drive;

	list_for_each (drive, &node->drives) {
		if (!drive->group &&
		    (maas_number(word) == drive->id ||
		        strcmp(word, drive->name) == 0 ||
		        is_text(word, drive->model) ||
		        is_text(word, drive->serial) ||
		        is_pair(word, drive->model, drive->serial) ||
		        maas_names_have(&drive->tags, word)))
			return true;
	}
	return false;
}

static bool has_child(const struct iface *iface)
{
	struct iface *other;

	list_for_each (other, &iface->node->ifaces) {
		if (maas_list_has(&other->parents, iface))
			return true;
	}
	return false;
}

static bool is_iface(const struct node *node, const char *word)
{
	struct iface *iface;

	list_for_each (iface, &node->ifaces) {
		if (!has_child(iface) &&
		    (maas_number(word) == iface->id ||
		        strcmp(word, iface->name) == 0 ||
		        is_text(word, iface->mac) ||
		        is_text(word, iface->vendor) ||
		        is_text(word, iface->product) ||
		        is_pair(word, iface->vendor, iface->product) ||
		        maas_names_have(&iface->tags, word)))
			return true;
	}
	return false;
}

/* ---- the fields ---- */

struct field {
	const char *name, *type; /* storage, interface, runtime; or others */
};

static void check_field(struct ask *ask, const struct node *node,
    const struct field *field, json_t *errors)
{
	const char *text = maas_field(ask, field->name);
	bool drive = strcmp(field->type, "storage") == 0;
	bool iface = strcmp(field->type, "interface") == 0;

	if (!text || !*text || json_object_get(errors, field->name))
		return;
	if (strcmp(field->type, "runtime") == 0 && !strpbrk(text, "0123456789"))
		maas_error(errors, field->name, "Enter a valid duration.");
	if ((!drive && !iface) || strcmp(text, "all") == 0)
		return;
	if (!node || !(drive ? is_drive(node, text) : is_iface(node, text)))
		maas_error(errors, field->name,
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    text);
}

/* What the region's own scripts test is what they want to know. */
static json_t *parameters_of(const json_t *script)
{
	int64_t hardware = jint(script, "hardware_type");
	const char *name = hardware == HARDWARE_STORAGE   ? "storage"
	                   : hardware == HARDWARE_NETWORK ? "interface"
	                                                  : NULL;

	if (!jbool(script, "default"))
		return json_incref(jget(script, "parameters"));
	if (jint(script, "type") != SCRIPT_TESTING || !name)
		return NULL;
	return json_pack("{s:{s:s}}", name, "type", name);
}

/* The first script that has a parameter says what a field of its name is. */
void maas_script_parameters_check(
    struct ask *ask, const struct node *node, bool tests_only, json_t *errors)
{
	json_t *known = json_object();
	struct document *script;

	list_for_each (script, &ask->maas->scripts) {
		json_t *all = parameters_of(script->shown), *one;
		const char *name;

		if (tests_only &&
		    jint(script->shown, "type") != SCRIPT_TESTING) {
			json_decref(all);
			continue;
		}
		json_object_foreach(all, name, one)
		{
			struct field field = { name, jstr(one, "type") };
			char *both = xasprintf(
			    "%s_%s", jstr(script->shown, "name"), name);

			if (!json_object_get(known, name))
				check_field(ask, node, &field, errors);
			json_object_set_new(known, name, json_true());
			field.name = both;
			check_field(ask, node, &field, errors);
			free(both);
		}
		json_decref(all);
	}
	json_decref(known);
}
