#include "harness/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "sim/maas/inventory_shape.h"

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
	json_t *inventory = file_json(file, err);
	bool well = inventory && (maas_inventory_judge(inventory, err) ||
	                             err_prefix(err, "%s: ", file));

	if (well && !json_is_array(json_object_get(inventory, "machines")))
		well = err_set(
		    err, ERR_INPUT, "%s: it has no list of machines", file);
	free(file);
	if (well)
		return inventory;
	json_decref(inventory);
	return NULL;
}
