#include "sim/maas/storage_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/* The partition in args[2] of the drive in args[1]. */
static struct partition *asked(struct ask *ask, enum storage_right right)
{
	struct drive *drive = maas_storage_drive(ask, right);
	struct partition *partition;

	if (!drive)
		return NULL;
	if (!drive->table) {
		maas_answer_missing(ask, "PartitionTable");
		return NULL;
	}
	partition = maas_partition_named(drive, ask->args[2]);
	if (!partition)
		maas_answer_text(ask, 404, "text/plain", "Not Found");
	return partition;
}

void maas_op_partitions_list(struct ask *ask)
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_VIEW);
	struct partition *partition;
	json_t *list;

	if (!drive)
		return;
	list = json_array();
	list_for_each (partition, &drive->partitions)
		json_array_append_new(list, maas_partition_json(partition));
	maas_answer(ask, list);
}

void maas_op_partitions_read(struct ask *ask)
{
	struct partition *partition = asked(ask, STORAGE_VIEW);

	if (partition)
		maas_answer(ask, maas_partition_json(partition));
}

static bool room_for(struct ask *ask, struct drive *drive, int64_t *size)
{
	int64_t room = maas_drive_available(drive);
	json_t *errors;

	if (*size < 0)
		*size = room;
	if (*size / STORAGE_BLOCK * STORAGE_BLOCK <= room &&
	    room >= STORAGE_BLOCK)
		return true;
	errors = json_object();
	maas_error(errors, "size",
	    "Partition cannot be saved; not enough free space on the block "
	    "device.");
	maas_refuse_model(ask, errors);
	return false;
}

void maas_op_partitions_create(struct ask *ask)
{
	struct drive *drive = maas_storage_drive(ask, STORAGE_ADMIN);
	const char *uuid = maas_field(ask, "uuid");
	struct partition *partition;
	bool bootable = false;
	json_t *errors;
	int64_t size = -1;

	if (!drive || !maas_storage_ready(ask, drive->node,
	                  "create partition because the node"))
		return;
	errors = json_object();
	maas_bytes_field(
	    ask, errors, "size", false, STORAGE_BLOCK, drive->size, &size);
	maas_uuid_field(ask, errors);
	if (!maas_fine(ask, errors) ||
	    !maas_flag(ask, &ask->body.form, "bootable", false, &bootable))
		return;
	if (drive->planned.fstype) {
		maas_refuse(ask, 400,
		    "Cannot create a partition table on a block device that "
		    "has a filesystem.");
		return;
	}
	if (!room_for(ask, drive, &size))
		return;
	partition = maas_partition_make(drive, size, bootable);
	if (uuid && *uuid)
		maas_set_text(&partition->uuid, uuid);
	maas_answer(ask, maas_partition_json(partition));
}

void maas_op_partitions_delete(struct ask *ask)
{
	struct partition *partition = asked(ask, STORAGE_ADMIN);

	if (!partition || !maas_storage_ready(ask, partition->drive->node,
	                      "delete block device because the node"))
		return;
	if (partition->planned.group) {
		maas_refuse(ask, 400,
		    "Cannot delete partition because its part of a %s.",
		    maas_group_title(partition->planned.group));
	} else if (partition->fixed) {
		maas_refuse(ask, 400,
		    "VMware ESXi partitions may not be removed. To remove "
		    "select a different storage layout.");
	} else {
		maas_partition_drop(partition);
		maas_answer_gone(ask);
	}
}

static void change_tag(
    struct ask *ask, bool (*change)(struct names *names, const char *name))
{
	struct partition *partition = asked(ask, STORAGE_ADMIN);
	const char *tag = partition ? maas_needed(ask, "tag") : NULL;

	if (!tag)
		return;
	change(&partition->tags, tag);
	maas_answer(ask, maas_partition_json(partition));
}

void maas_op_partitions_add_tag(struct ask *ask)
{
	change_tag(ask, maas_names_add);
}

void maas_op_partitions_remove_tag(struct ask *ask)
{
	change_tag(ask, maas_names_remove);
}

#define ON_PART(operation)                                                   \
	void maas_op_partitions_##operation(struct ask *ask)                 \
	{                                                                    \
		struct partition *partition = asked(ask, STORAGE_EDIT);      \
                                                                             \
		if (partition)                                               \
			maas_part_##operation(ask, maas_part_of(partition)); \
	}

ON_PART(format)
ON_PART(unformat)
ON_PART(mount)
ON_PART(unmount)
