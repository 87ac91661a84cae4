#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Disks are tables of sizes; nothing is ever written to one. */

#define EFI_SIZE 536870912LL
/* What MAAS leaves free for the partition table: 4 MiB at the front, rounded
 * down to whole blocks at the end. */
#define TABLE_SIZE 5242880LL

struct drive *maas_drive_make(struct node *node, int64_t size, int number)
{
	struct drive *drive = xcalloc(1, sizeof(*drive));
	char name[8];

	snprintf(name, sizeof(name), "sd%c",
	    (char)('a' + (int)(node->drives.count % 26)));
	drive->id = node->maas->next_drive_id++;
	drive->node = node;
	drive->name = xstrdup(name);
	drive->model = xstrdup("ExDisk");
	drive->serial = xasprintf("DS%04d%zu", number, node->drives.count);
	drive->id_path = xasprintf(
	    "/dev/disk/by-id/wwn-0x%014d%02zu", number, node->drives.count);
	drive->firmware = xstrdup("1.0");
	drive->size = size;
	drive->block_size = 512;
	maas_names_add(&drive->tags, "ssd");
	maas_names_add(&drive->tags, "sata");
	maas_list_put(&node->drives, drive);
	return drive;
}

static void partition_free(struct partition *partition)
{
	free(partition->uuid);
	free(partition->fs_uuid);
	free(partition->fstype);
	free(partition->label);
	free(partition->mount_point);
	maas_names_free(&partition->tags);
	free(partition);
}

static void wipe(struct drive *drive)
{
	struct partition *partition;

	list_for_each (partition, &drive->partitions)
		partition_free(partition);
	maas_list_clear(&drive->partitions);
}

void maas_drive_free(struct drive *drive)
{
	wipe(drive);
	free(drive->name);
	free(drive->model);
	free(drive->serial);
	free(drive->id_path);
	free(drive->firmware);
	maas_names_free(&drive->tags);
	free(drive);
}

static char *new_uuid(const struct maas *maas)
{
	unsigned char b[16];

	choose_bytes(maas->host->choices, b, sizeof(b), "%s: uuid", maas->name);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	                 "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

static void add_partition(struct drive *drive, int64_t size, bool bootable,
    const char *fstype, const char *label, const char *mount_point)
{
	struct maas *maas = drive->node->maas;
	struct partition *partition = xcalloc(1, sizeof(*partition));

	partition->id = maas->next_partition_id++;
	partition->uuid = new_uuid(maas);
	partition->fs_uuid = new_uuid(maas);
	partition->fstype = xstrdup(fstype);
	partition->label = xstrdup(label);
	partition->mount_point = xstrdup(mount_point);
	partition->size = size;
	partition->bootable = bootable;
	maas_list_put(&drive->partitions, partition);
}

/* Sizes are whole 4 MiB blocks, as MAAS cuts them. */
void maas_drive_layout(struct drive *drive)
{
	int64_t usable = (drive->size - TABLE_SIZE) / 4194304 * 4194304;

	wipe(drive);
	if (usable <= EFI_SIZE * 2)
		return;
	add_partition(drive, EFI_SIZE, true, "fat32", "efi", "/boot/efi");
	add_partition(drive, usable - EFI_SIZE, false, "ext4", "root", "/");
}

bool maas_node_has_root(const struct node *node)
{
	struct drive *drive;
	struct partition *partition;

	list_for_each (drive, &node->drives) {
		list_for_each (partition, &drive->partitions) {
			if (strcmp(partition->mount_point, "/") == 0)
				return true;
		}
	}
	return false;
}

static json_t *names_json(const struct names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(list, json_string(names->items[i]));
	return list;
}

/* From allocation on MAAS works on a copy of the layout, made when the machine
 * was acquired and dropped when its release began; one that is in such a
 * status without having been acquired shows none. */
static bool shows_filesystems(const struct node *node)
{
	switch ((int)node->status) {
	case NODE_ALLOCATED:
	case NODE_DEPLOYING:
	case NODE_DEPLOYED:
	case NODE_FAILED_DEPLOYMENT:
	case NODE_RELEASING:
	case NODE_FAILED_RELEASING:
	case NODE_DISK_ERASING:
	case NODE_FAILED_DISK_ERASING:
	case NODE_RESCUE_MODE:
	case NODE_ENTERING_RESCUE_MODE:
	case NODE_FAILED_ENTERING_RESCUE_MODE:
	case NODE_EXITING_RESCUE_MODE:
	case NODE_FAILED_EXITING_RESCUE_MODE:
	case NODE_TESTING:
	case NODE_FAILED_TESTING:
		return node->acquired_storage;
	}
	return true;
}

static json_t *filesystem_json(const struct partition *partition)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:n}", "fstype",
	    partition->fstype, "label", partition->label, "uuid",
	    partition->fs_uuid, "mount_point", partition->mount_point,
	    "mount_options");
}

static json_t *partition_json(
    const struct drive *drive, const struct partition *partition, size_t nth)
{
	const char *node = drive->node->system_id;
	bool shown = shows_filesystems(drive->node);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/nodes/%s/blockdevices/%lld/partition/%lld", node,
	    (long long)drive->id, (long long)partition->id);
	char *path = xasprintf(
	    "/dev/disk/by-dname/%s-part%zu", drive->name, nth + 1);
	char *use = xasprintf("%s formatted filesystem mounted at %s",
	    partition->fstype, partition->mount_point);
	json_t *json = json_pack("{s:s, s:I, s:b, s:o, s:I, s:s, s:s, s:s, "
	                         "s:s, s:I, s:o, s:s}",
	    "uuid", partition->uuid, "size", (json_int_t)partition->size,
	    "bootable", partition->bootable, "tags",
	    names_json(&partition->tags), "device_id", (json_int_t)drive->id,
	    "system_id", node, "type", "partition", "path", path, "used_for",
	    shown ? use : "Unused", "id", (json_int_t)partition->id,
	    "filesystem", shown ? filesystem_json(partition) : json_null(),
	    "resource_uri", uri);

	free(uri);
	free(path);
	free(use);
	check(json);
	return json;
}

json_t *maas_drive_json(const struct drive *drive)
{
	const char *node = drive->node->system_id;
	char *uri = xasprintf("/MAAS/api/2.0/nodes/%s/blockdevices/%lld/", node,
	    (long long)drive->id);
	char *path = xasprintf("/dev/disk/by-dname/%s", drive->name);
	char *use = xasprintf("GPT partitioned with %zu partition%s",
	    drive->partitions.count, drive->partitions.count == 1 ? "" : "s");
	bool parted = drive->partitions.count > 0;
	json_t *partitions = json_array(), *json;
	int64_t used = 0;

	for (size_t i = 0; i < drive->partitions.count; i++) {
		const struct partition *partition = drive->partitions.items[i];

		used += partition->size;
		json_array_append_new(
		    partitions, partition_json(drive, partition, i));
	}
	/* the table itself counts as used */
	used += parted ? TABLE_SIZE : 0;
	json = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:i, s:I, s:I, s:I, "
	    "s:i, s:o, s:o, s:s, s:n, s:s, s:I, s:o, s:n, s:s}",
	    "firmware_version", drive->firmware, "serial", drive->serial,
	    "id_path", drive->id_path, "system_id", node, "type", "physical",
	    "used_for", parted ? use : "Unused", "storage_pool", "model",
	    drive->model, "block_size", drive->block_size, "id",
	    (json_int_t)drive->id, "available_size",
	    (json_int_t)(parted ? 0 : drive->size), "used_size",
	    (json_int_t)used, "numa_node", 0, "partitions", partitions,
	    "partition_table_type", parted ? json_string("GPT") : json_null(),
	    "name", drive->name, "uuid", "path", path, "size",
	    (json_int_t)drive->size, "tags", names_json(&drive->tags),
	    "filesystem", "resource_uri", uri);
	free(uri);
	free(path);
	free(use);
	check(json);
	return json;
}

json_t *maas_drives_json(const struct node *node, bool of_list)
{
	json_t *list = json_array();
	struct drive *drive;

	list_for_each (drive, &node->drives) {
		json_t *json = maas_drive_json(drive);

		/* its own list leaves the firmware out */
		if (of_list)
			json_object_del(json, "firmware_version");
		json_array_append_new(list, json);
	}
	return list;
}

void maas_op_blockdevices_list(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");

	if (node)
		maas_answer(ask, maas_drives_json(node, true));
}

void maas_op_blockdevices_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");
	struct drive *drive;

	if (!node)
		return;
	drive = maas_list_find(&node->drives, maas_number(ask->args[1]));
	if (drive)
		maas_answer(ask, maas_drive_json(drive));
	else
		maas_answer_missing(ask, "BlockDevice");
}
