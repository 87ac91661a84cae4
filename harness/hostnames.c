#include "harness/hostnames.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "harness/inventory.h"

struct hostnames {
	const char **items;
	size_t count;
};

static void add(struct hostnames *names, const char *name)
{
	names->items = xrealloc(
	    names->items, (names->count + 1) * sizeof(*names->items));
	names->items[names->count++] = name;
}

static void add_listed(struct hostnames *names, const struct setting *machines)
{
	const struct yaml_node *list = machines ? machines->node : NULL;

	for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count;
	     i++) {
		const char *name = list->items[i]->kind == YAML_MAP
		                       ? yaml_text(list->items[i], "hostname")
		                       : NULL;

		if (name)
			add(names, name);
	}
}

void hostname_bind(struct reading *reading, struct place place,
    const struct thing *maas, const char *hostname)
{
	const struct setting *setting = thing_setting(maas, "inventory");
	struct hostnames names = { 0 };
	json_t *inventory = NULL, *machine;
	bool known = false;
	struct err err;
	size_t i;

	add_listed(&names, thing_setting(maas, "machines"));
	if (setting)
		inventory = inventory_load(setting, &err);
	json_array_foreach(json_object_get(inventory, "machines"), i, machine)
	    add(&names, jstr(machine, "hostname"));
	for (i = 0; i < names.count; i++)
		known |= strcmp(names.items[i], hostname) == 0;
	if (!known && (!setting || inventory))
		mistake_add_near(reading->mistakes, place, hostname,
		    names.items, names.count,
		    "no machine of %s is given the hostname \"%s\"", maas->full,
		    hostname);
	json_decref(inventory);
	free(names.items);
}
