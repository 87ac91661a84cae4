#include "sim/maas/storage_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/* LVM: volume groups, and the logical volumes that are cut from them. */

static struct storage_group *asked(struct ask *ask, enum storage_right right)
{
	return maas_storage_group(ask, GROUP_VOLUMES, "VolumeGroup", right);
}

void maas_groups_answer(struct ask *ask, enum group_kind kind)
{
	struct node *node = maas_storage_node(ask, STORAGE_VIEW);
	struct storage_group *group;
	json_t *list;

	if (!node)
		return;
	list = json_array();
	list_for_each (group, &node->groups) {
		if (group->kind == kind)
			json_array_append_new(list, maas_group_json(group));
	}
	maas_answer(ask, list);
}

void maas_group_words(struct ask *ask, struct storage_group *group)
{
	const char *name = maas_field(ask, "name");
	const char *uuid = maas_field(ask, "uuid");

	if (name && *name)
		maas_set_text(&group->name, name);
	if (uuid && *uuid)
		maas_set_text(&group->uuid, uuid);
}

void maas_op_volume_groups_list(struct ask *ask)
{
	maas_groups_answer(ask, GROUP_VOLUMES);
}

void maas_op_volume_groups_read(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_VIEW);

	if (group)
		maas_answer(ask, maas_group_json(group));
}

/* VMware fills a whole drive with one partition by itself. */
static struct part filled(const struct part *part)
{
	if (part->partition)
		return *part;
	return maas_part_of(maas_partition_make(
	    part->drive, maas_drive_available(part->drive), false));
}

void maas_members_join(struct storage_group *group, const struct chosen *chosen)
{
	bool volumes = group->kind == GROUP_VOLUMES;

	for (size_t i = 0; i < chosen->count; i++) {
		const struct part *one = &chosen->parts[i];
		struct part part = volumes ? maas_part_bootable(one)
		                           : filled(one);

		maas_group_join(group, &part, volumes ? "lvm-pv" : "vmfs6");
	}
	maas_group_resize(group);
}

void maas_members_read(
    struct ask *ask, struct node *node, json_t *errors, struct chosen *chosen)
{
	maas_required_field(ask, errors, "name");
	maas_uuid_field(ask, errors);
	maas_chosen_field(ask, errors, "block_devices", node, false,
	    maas_part_fits_free, NULL, chosen);
	maas_chosen_field(ask, errors, "partitions", node, true,
	    maas_part_fits_free, NULL, chosen);
	if (!chosen->count && !json_object_get(errors, "name") &&
	    !json_object_get(errors, "block_devices") &&
	    !json_object_get(errors, "partitions"))
		maas_error(errors, "__all__",
		    "At least one valid block device or partition is "
		    "required.");
}

void maas_op_volume_groups_create(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_ADMIN);
	struct chosen chosen = { 0 };
	struct storage_group *group;
	json_t *errors;

	if (!node || !maas_storage_ready(
	                 ask, node, "create volume group because the machine"))
		return;
	errors = json_object();
	maas_members_read(ask, node, errors, &chosen);
	if (maas_fine(ask, errors)) {
		group = maas_group_make(node, GROUP_VOLUMES, "lvm-vg");
		maas_group_words(ask, group);
		maas_members_join(group, &chosen);
		maas_answer(ask, maas_group_json(group));
	}
	maas_chosen_free(&chosen);
}

/* ---- changing ---- */

static bool fits_member(const struct part *part, const void *of)
{
	return maas_part_planned(part)->group == of;
}

static int64_t extents(const struct chosen *chosen)
{
	int64_t size = 0;

	for (size_t i = 0; i < chosen->count; i++)
		size += maas_part_size(&chosen->parts[i]) - STORAGE_BLOCK;
	return size;
}

/* What stays has to hold the volumes that there are, and something has to
 * stay. */
static bool change_ok(struct ask *ask, const struct storage_group *group,
    const struct chosen *more, const struct chosen *less)
{
	int64_t size = maas_group_size(group) + extents(more) - extents(less);
	const char *fault = NULL;
	json_t *errors;

	if (size <= 0)
		fault = "At least one filesystem must have been added.";
	else if (size < maas_group_used(group))
		fault = "Volume group cannot be smaller than its logical "
		        "volumes.";
	if (!fault)
		return true;
	errors = json_object();
	maas_error(errors, "__all__", "%s", fault);
	maas_refuse_model(ask, errors);
	return false;
}

static void read_change(struct ask *ask, struct storage_group *group,
    json_t *errors, struct chosen *more, struct chosen *less)
{
	struct node *node = group->node;

	maas_uuid_field(ask, errors);
	maas_chosen_field(ask, errors, "add_block_devices", node, false,
	    maas_part_fits_free, NULL, more);
	maas_chosen_field(ask, errors, "add_partitions", node, true,
	    maas_part_fits_free, NULL, more);
	maas_chosen_field(ask, errors, "remove_block_devices", node, false,
	    fits_member, group, less);
	maas_chosen_field(ask, errors, "remove_partitions", node, true,
	    fits_member, group, less);
}

void maas_members_update(struct ask *ask, struct storage_group *group)
{
	struct chosen more = { 0 }, less = { 0 };
	json_t *errors = json_object();

	read_change(ask, group, errors, &more, &less);
	if (maas_fine(ask, errors) && change_ok(ask, group, &more, &less)) {
		maas_members_join(group, &more);
		for (size_t i = 0; i < less.count; i++)
			maas_filesystem_clear(
			    maas_part_planned(&less.parts[i]));
		maas_group_words(ask, group);
		maas_group_resize(group);
		maas_answer(ask, maas_group_json(group));
	}
	maas_chosen_free(&more);
	maas_chosen_free(&less);
}

void maas_op_volume_groups_update(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);

	if (group && maas_storage_ready(ask, group->node,
	                 "update volume group because the machine"))
		maas_members_update(ask, group);
}

void maas_op_volume_groups_delete(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);

	if (!group || !maas_storage_ready(ask, group->node,
	                  "delete volume group because the machine"))
		return;
	if (maas_group_drive(group)) {
		maas_refuse(ask, 400,
		    "This volume group has logical volumes; it cannot be "
		    "deleted.");
		return;
	}
	maas_group_drop(group);
	maas_answer_gone(ask);
}

/* ---- logical volumes ---- */

static void check_volume(struct ask *ask, const struct storage_group *group,
    json_t *errors, int64_t *size)
{
	int64_t room = maas_group_size(group) - maas_group_used(group);
	const char *name = maas_field(ask, "name");
	struct drive *drive;

	maas_required_field(ask, errors, "name");
	maas_uuid_field(ask, errors);
	maas_bytes_field(ask, errors, "size", false, STORAGE_BLOCK, room, size);
	if (room < STORAGE_BLOCK) {
		json_object_del(errors, "size");
		maas_error(errors, "__all__",
		    "Volume group (%s) cannot hold any more logical volumes, "
		    "because it doesn't have enough free space.",
		    group->name);
	}
	list_for_each (drive, &group->node->drives) {
		if (name && drive->group == group &&
		    strcmp(drive->name, name) == 0)
			maas_error(errors, "__all__",
			    "Block device with this Node config and Name "
			    "already exists.");
	}
	if (*size < 0)
		*size = room;
}

void maas_op_volume_groups_create_logical_volume(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);
	const char *uuid = maas_field(ask, "uuid");
	struct drive *drive;
	json_t *errors;
	int64_t size = -1;

	if (!group || !maas_storage_ready(ask, group->node,
	                  "create logical volume because the machine"))
		return;
	errors = json_object();
	check_volume(ask, group, errors, &size);
	if (!maas_fine(ask, errors))
		return;
	drive = maas_drive_virtual(group, maas_field(ask, "name"),
	    size / STORAGE_BLOCK * STORAGE_BLOCK);
	if (uuid && *uuid)
		maas_set_text(&drive->uuid, uuid);
	maas_answer(ask, maas_drive_json(drive));
}

/* One that is not there is as good as deleted. */
void maas_op_volume_groups_delete_logical_volume(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);
	struct drive *drive;
	const char *id;

	if (!group ||
	    !maas_storage_ready(ask, group->node,
	        "delete logical volume because the machine") ||
	    !(id = maas_needed(ask, "id")))
		return;
	drive = maas_list_find(&group->node->drives, maas_number(id));
	if (drive && drive->group == group)
		maas_drive_drop(drive);
	maas_answer_gone(ask);
}
