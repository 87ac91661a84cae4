#include "harness/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static char *beside(const char *scenario, const char *file)
{
	const char *slash = strrchr(scenario, '/');

	if (*file == '/' || !slash)
		return xstrdup(file);
	return xasprintf("%.*s/%s", (int)(slash - scenario), scenario, file);
}

json_t *inventory_load(const struct setting *setting, struct err *err)
{
	char *file = beside(setting->place.file, setting->text);
	json_error_t where;
	json_t *inventory = json_load_file(file, 0, &where);
	bool well = json_is_array(json_object_get(inventory, "machines"));

	if (!inventory && where.line > 0)
		err_set(err, ERR_INPUT, "inventory %s:%d: %s", file, where.line,
		    where.text);
	else if (!inventory)
		err_set(err, ERR_INPUT, "inventory: %s", where.text);
	else if (!well)
		err_set(err, ERR_INPUT, "inventory %s has no list of machines",
		    file);
	free(file);
	if (well)
		return inventory;
	json_decref(inventory);
	return NULL;
}
