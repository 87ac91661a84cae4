#include "sim/maas/storage_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/* Drives, physical and virtual, as clients see and change them. */

#define SMALLEST_DRIVE STORAGE_BLOCK
#define SMALLEST_BLOCK 512

void maas_op_blockdevices_list(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");

	if (node)
		maas_answer(ask, maas_drives_json(node, DRIVES_ALL, true));
}

void maas_op_blockdevices_read(struct ask *ask)
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_VIEW);

	if (drive)
		maas_answer(ask, maas_drive_json(drive));
}

/* ---- making, changing, taking out ---- */

/* What a form says of a drive; NULL and -1: not given. */
struct drive_form {
	const char *name, *model, *serial, *id_path;
	int64_t size, block_size;
};

static void read_form(
    struct ask *ask, struct drive_form *form, bool create, json_t *errors)
{
	*form = (struct drive_form){ .name = maas_field(ask, "name"),
		.model = maas_field(ask, "model"),
		.serial = maas_field(ask, "serial"),
		.id_path = maas_field(ask, "id_path"),
		.size = -1,
		.block_size = -1 };
	if (create)
		maas_required_field(ask, errors, "name");
	if (form->id_path && *form->id_path && *form->id_path != '/')
		maas_error(errors, "id_path", "Enter a valid value.");
	maas_bytes_field(
	    ask, errors, "size", create, SMALLEST_DRIVE, -1, &form->size);
	maas_bytes_field(ask, errors, "block_size", create, SMALLEST_BLOCK, -1,
	    &form->block_size);
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* What the drive would be like has to be one that a machine can tell apart
 * from its others. */
static bool drive_ok(struct ask *ask, const struct node *node,
    const struct drive *self, const struct drive_form *form)
{
	const struct drive *other = is_set(form->name)
	                                ? maas_drive_named(node, form->name)
	                                : NULL;
	const char *model = form->model || !self ? form->model : self->model;
	const char *serial = form->serial || !self ? form->serial
	                                           : self->serial;
	const char *path = form->id_path || !self ? form->id_path
	                                          : self->id_path;
	json_t *errors = json_object();

	if (!is_set(path) && !(is_set(model) && is_set(serial)))
		maas_error(errors, "__all__",
		    "serial/model are required if id_path is not provided.");
	if (other && other != self)
		maas_error(errors, "__all__",
		    "Block device with this Node config and Name already "
		    "exists.");
	if (json_object_size(errors)) {
		maas_refuse_model(ask, errors);
		return false;
	}
	json_decref(errors);
	return true;
}

static void apply(struct drive *drive, const struct drive_form *form)
{
	if (is_set(form->name))
		maas_set_text(&drive->name, form->name);
	if (form->model)
		maas_set_text(&drive->model, form->model);
	if (form->serial)
		maas_set_text(&drive->serial, form->serial);
	if (form->id_path)
		maas_set_text(&drive->id_path, form->id_path);
	if (form->size >= 0)
		drive->size = form->size;
	if (form->block_size >= 0)
		drive->block_size = form->block_size;
}

void maas_op_blockdevices_create(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_ADMIN);
	struct drive_form form;
	struct drive *drive;
	json_t *errors;

	if (!node)
		return;
	errors = json_object();
	read_form(ask, &form, true, errors);
	if (!maas_fine(ask, errors) || !drive_ok(ask, node, NULL, &form))
		return;
	drive = maas_drive_make(node, form.size, (int)node->id);
	maas_set_text(&drive->model, "");
	maas_set_text(&drive->serial, "");
	maas_set_text(&drive->id_path, "");
	maas_set_text(&drive->firmware, NULL);
	maas_names_free(&drive->tags);
	apply(drive, &form);
	maas_answer(ask, maas_drive_json(drive));
}

static const char *const tables[] = { "MBR", "GPT" };

static void check_table(
    struct ask *ask, const struct drive *drive, json_t *errors)
{
	const char *table = maas_field(ask, "partition_table_type");

	maas_choice_field(
	    ask, errors, "partition_table_type", false, tables, 2);
	if (is_set(table) && !drive->table &&
	    !json_object_get(errors, "partition_table_type"))
		maas_error(errors, "partition_table_type",
		    "Block device has no partition table");
}

static void set_table(struct ask *ask, struct drive *drive)
{
	const char *table = maas_field(ask, "partition_table_type");

	for (size_t i = 0; i < 2; i++)
		if (table && strcmp(table, tables[i]) == 0)
			drive->table = tables[i];
}

/* A bad disk may be replaced under a running machine: only what it is called
 * changes then. */
static void update_physical(struct ask *ask, struct drive *drive)
{
	bool deployed = drive->node->status == NODE_DEPLOYED;
	json_t *errors = json_object();
	struct drive_form form;

	read_form(ask, &form, false, errors);
	if (deployed) {
		json_object_del(errors, "size");
		json_object_del(errors, "block_size");
		form.size = form.block_size = -1;
	} else {
		check_table(ask, drive, errors);
	}
	if (!maas_fine(ask, errors) ||
	    !drive_ok(ask, drive->node, drive, &form))
		return;
	apply(drive, &form);
	if (!deployed)
		set_table(ask, drive);
	maas_answer(ask, maas_drive_json(drive));
}

static void check_volume_size(
    const struct drive *drive, int64_t size, json_t *errors)
{
	const struct storage_group *group = drive->group;
	int64_t room = maas_group_size(group) - maas_group_used(group) +
	               drive->size;

	if (size >= 0 && size != drive->size && group->kind != GROUP_VOLUMES) {
		json_object_del(errors, "size");
		maas_error(
		    errors, "size", "Size cannot be changed on this device.");
	} else if (size >= 0 && size > room) {
		maas_error(errors, "__all__",
		    "There is not enough free space (%lld) on volume group "
		    "%s.",
		    (long long)room, group->name);
	}
}

static void update_virtual(struct ask *ask, struct drive *drive)
{
	const char *name = maas_field(ask, "name");
	const char *uuid = maas_field(ask, "uuid");
	json_t *errors = json_object();
	int64_t size = -1;

	maas_uuid_field(ask, errors);
	maas_bytes_field(ask, errors, "size", false, SMALLEST_DRIVE, -1, &size);
	check_volume_size(drive, size, errors);
	check_table(ask, drive, errors);
	if (!maas_fine(ask, errors))
		return;
	if (is_set(name))
		maas_set_text(&drive->name, name);
	if (is_set(uuid))
		maas_set_text(&drive->uuid, uuid);
	if (size >= 0)
		drive->size = size / STORAGE_BLOCK * STORAGE_BLOCK;
	set_table(ask, drive);
	maas_answer(ask, maas_drive_json(drive));
}

void maas_op_blockdevices_update(struct ask *ask)
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_ADMIN);
	enum node_status status;

	if (!drive)
		return;
	status = drive->node->status;
	if (status != NODE_DEPLOYED &&
	    !maas_storage_ready(
	        ask, drive->node, "update block device because the machine"))
		return;
	if (!drive->group)
		update_physical(ask, drive);
	else if (status == NODE_DEPLOYED)
		maas_refuse(ask, 409,
		    "Cannot update virtual block device because the machine is "
		    "Deployed.");
	else
		update_virtual(ask, drive);
}

void maas_op_blockdevices_delete(struct ask *ask)
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_ADMIN);
	struct storage_group *group;

	if (!drive || !maas_storage_ready(ask, drive->node,
	                  "delete block device because the machine"))
		return;
	if (drive->planned.group) {
		maas_refuse(ask, 400,
		    "Cannot delete block device because its part of a %s.",
		    maas_group_title(drive->planned.group));
		return;
	}
	/* What only makes this one drive goes with it. */
	group = drive->group;
	if (group && group->kind != GROUP_VOLUMES)
		maas_group_drop(group);
	else
		maas_drive_drop(drive);
	maas_answer_gone(ask);
}

/* ---- tags, boot disk ---- */

static void change_tag(
    struct ask *ask, bool (*change)(struct names *names, const char *name))
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_ADMIN);
	const char *tag;

	if (!drive ||
	    !maas_storage_ready(
	        ask, drive->node, "update block device because the machine") ||
	    !(tag = maas_needed(ask, "tag")))
		return;
	change(&drive->tags, tag);
	maas_answer(ask, maas_drive_json(drive));
}

void maas_op_blockdevices_add_tag(struct ask *ask)
{
	change_tag(ask, maas_names_add);
}

void maas_op_blockdevices_remove_tag(struct ask *ask)
{
	change_tag(ask, maas_names_remove);
}

void maas_op_blockdevices_set_boot_disk(struct ask *ask)
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_ADMIN);

	if (!drive || !maas_storage_ready(ask, drive->node,
	                  "set as boot disk because the machine"))
		return;
	if (drive->group) {
		maas_refuse(ask, 400,
		    "Cannot set a virtual block device as the boot disk.");
		return;
	}
	drive->node->boot_drive = drive;
	maas_answer_text(ask, 200, "text/plain", "OK");
}

/* ---- filesystems ---- */

#define ON_PART(operation)                                                   \
	void maas_op_blockdevices_##operation(struct ask *ask)               \
	{                                                                    \
		struct drive *drive = maas_storage_drive(ask, STORAGE_EDIT); \
                                                                             \
		if (drive)                                                   \
			maas_part_##operation(ask, maas_part_drive(drive));  \
	}

ON_PART(format)
ON_PART(unformat)
ON_PART(mount)
ON_PART(unmount)
