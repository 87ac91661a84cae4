#include "sim/maas/network_asks.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/networks.h"
#include "sim/maas/region.h"

/* NULL stands for all VLANs that are in none. */
static json_t *space_json(const struct maas *maas, const struct space *space)
{
	json_t *subnets = json_array(), *json;
	void **rows = maas_list_rows(&maas->subnets);
	char *uri = space ? xasprintf("/MAAS/api/2.0/spaces/%lld/",
	                        (long long)space->id)
	                  : xstrdup("/MAAS/api/2.0/spaces/undefined/");

	for (size_t i = 0; i < maas->subnets.count; i++) {
		const struct subnet *subnet = rows[i];

		if (subnet->vlan->space == space)
			json_array_append_new(
			    subnets, maas_subnet_json(subnet));
	}
	json = json_pack("{s:s, s:s, s:o, s:o, s:I, s:s}", "description",
	    space ? space->description
	          : "Backward compatibility object to ensure objects not "
	            "associated with a space can be found.",
	    "name", space ? space->name : "undefined", "vlans",
	    maas_space_vlans_json(maas, space), "subnets", subnets, "id",
	    (json_int_t)(space ? space->id : -1), "resource_uri", uri);
	free(uri);
	free(rows);
	return json;
}

void maas_op_spaces_list(struct ask *ask)
{
	void **rows = maas_list_rows(&ask->maas->spaces);
	json_t *list = json_array();
	struct vlan *vlan;
	bool homeless = false;

	for (size_t i = 0; i < ask->maas->spaces.count; i++)
		json_array_append_new(list, space_json(ask->maas, rows[i]));
	free(rows);
	list_for_each (vlan, &ask->maas->vlans)
		homeless |= !vlan->space;
	if (homeless)
		json_array_append_new(list, space_json(ask->maas, NULL));
	maas_answer(ask, list);
}

void maas_op_spaces_read(struct ask *ask)
{
	struct space *space;

	if (strcmp(ask->args[0], "undefined") == 0 ||
	    strcmp(ask->args[0], "-1") == 0) {
		maas_answer(ask, space_json(ask->maas, NULL));
		return;
	}
	space = maas_space_asked(ask, false);
	if (space)
		maas_answer(ask, space_json(ask->maas, space));
}

static bool form_fine(struct ask *ask, const struct space *self)
{
	const char *name = maas_stripped(ask, "name");
	json_t *errors = json_object();
	struct space *other;
	bool taken = false;

	list_for_each (other, &ask->maas->spaces)
		taken |= name && other != self &&
		         strcmp(other->name, name) == 0;
	maas_check_network_name(
	    errors, "space", name, self ? self->id : -1, taken);
	if (name && strcmp(name, "undefined") == 0)
		maas_error(errors, "name", "Reserved space name.");
	return maas_fine(ask, errors);
}

/* An empty name says nothing. */
static void write_space(struct ask *ask, struct space *space)
{
	const char *name = maas_field(ask, "name");
	const char *description = maas_stripped(ask, "description");

	if (name && *name)
		maas_set_text(&space->name, name);
	if (description)
		maas_set_text(&space->description, description);
}

void maas_op_spaces_create(struct ask *ask)
{
	struct space *space;

	if (!form_fine(ask, NULL))
		return;
	space = xcalloc(1, sizeof(*space));
	maas_list_add(&ask->maas->spaces, space);
	space->name = xasprintf("space-%lld", (long long)space->id);
	space->description = xstrdup("");
	write_space(ask, space);
	maas_answer(ask, space_json(ask->maas, space));
}

void maas_op_spaces_update(struct ask *ask)
{
	struct space *space = maas_space_asked(ask, true);

	if (!space || !form_fine(ask, space))
		return;
	write_space(ask, space);
	maas_list_touch(&ask->maas->spaces, space);
	maas_answer(ask, space_json(ask->maas, space));
}

void maas_op_spaces_delete(struct ask *ask)
{
	struct space *space = maas_space_asked(ask, true);
	struct vlan *vlan;

	if (!space)
		return;
	list_for_each (vlan, &ask->maas->vlans) {
		if (vlan->space != space)
			continue;
		vlan->space = NULL;
		maas_list_touch(&ask->maas->vlans, vlan);
	}
	maas_list_remove(&ask->maas->spaces, space);
	free(space->name);
	free(space->description);
	free(space);
	maas_answer_gone(ask);
}
