#include "sim/maas/storage_ask.h"

#include <stdlib.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/* VMware's datastores: made of parts as volume groups are, on machines that
 * have a VMware layout. */

static struct storage_group *asked(struct ask *ask, enum storage_right right)
{
	return maas_storage_group(ask, GROUP_DATASTORE, "VMFS", right);
}

void maas_op_vmfs_datastores_list(struct ask *ask)
{
	maas_groups_answer(ask, GROUP_DATASTORE);
}

void maas_op_vmfs_datastores_read(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_VIEW);

	if (group)
		maas_answer(ask, maas_group_json(group));
}

static bool has_layout(const struct node *node)
{
	struct part *parts = maas_parts(node);
	bool found = false;

	for (struct part *part = parts; part->drive && !found; part++)
		found = part->partition && part->partition->fixed;
	free(parts);
	return found;
}

struct storage_group *maas_datastore_make(
    struct node *node, const char *name, const struct chosen *chosen)
{
	struct storage_group *group = maas_group_make(
	    node, GROUP_DATASTORE, "vmfs6");
	char *point = xasprintf("/vmfs/volumes/%s", name);

	maas_set_text(&group->name, name);
	maas_members_join(group, chosen);
	maas_filesystem_set(node->maas, &maas_group_drive(group)->planned,
	    "vmfs6", NULL, point);
	free(point);
	return group;
}

void maas_op_vmfs_datastores_create(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_ADMIN);
	struct chosen chosen = { 0 };
	struct storage_group *group;
	json_t *errors;

	if (!node || !maas_storage_ready(
	                 ask, node, "create VMFS group because the machine"))
		return;
	errors = json_object();
	maas_members_read(ask, node, errors, &chosen);
	if (!has_layout(node))
		maas_error(errors, "VMFS",
		    "VMFS Datastores may only be created after the VMFS6 or "
		    "VMFS7 storage layout has been applied.");
	if (maas_fine(ask, errors)) {
		group = maas_datastore_make(
		    node, maas_field(ask, "name"), &chosen);
		maas_group_words(ask, group);
		maas_answer(ask, maas_group_json(group));
	}
	maas_chosen_free(&chosen);
}

void maas_op_vmfs_datastores_update(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);

	if (group && maas_storage_ready(ask, group->node,
	                 "update the VMFS datastore because the machine"))
		maas_members_update(ask, group);
}

void maas_op_vmfs_datastores_delete(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);

	if (!group || !maas_storage_ready(ask, group->node,
	                  "delete VMFS datastore because the machine"))
		return;
	maas_group_drop(group);
	maas_answer_gone(ask);
}
