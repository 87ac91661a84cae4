#include "sim/maas/storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/ask.h"
#include "sim/maas/node.h"

#define EFI_SIZE (512 * MIB)
/* What MAAS leaves free for the table: 4 MiB at the front, and with GPT one
 * more at the end. */
#define FRONT_SIZE (4 * MIB)
#define GPT_SIZE   (1 * MIB)

char *maas_uuid(const struct maas *maas)
{
	static const size_t groups[] = { 4, 2, 2, 2, 6 };
	struct buf text = BUF_INIT;
	unsigned char b[16], *at = b;

	choose_bytes(maas->host->choices, b, sizeof(b), "%s: uuid", maas->name);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 5; i++) {
		if (i)
			buf_addc(&text, '-');
		buf_add_hex(&text, at, groups[i]);
		at += groups[i];
	}
	return buf_detach(&text);
}

/* ---- filesystems ---- */

void maas_filesystem_clear(struct filesystem *filesystem)
{
	free(filesystem->fstype);
	free(filesystem->uuid);
	free(filesystem->label);
	free(filesystem->mount_point);
	free(filesystem->mount_options);
	memset(filesystem, 0, sizeof(*filesystem));
}

void maas_filesystem_set(struct maas *maas, struct filesystem *filesystem,
    const char *fstype, const char *label, const char *mount_point)
{
	maas_filesystem_clear(filesystem);
	filesystem->fstype = xstrdup(fstype);
	filesystem->uuid = maas_uuid(maas);
	filesystem->label = xstrdup(label);
	filesystem->mount_point = xstrdup(mount_point);
}

static void copy_filesystem(struct filesystem *to, const struct filesystem *of)
{
	maas_filesystem_clear(to);
	to->fstype = xstrdup(of->fstype);
	to->uuid = xstrdup(of->uuid);
	to->label = xstrdup(of->label);
	to->mount_point = xstrdup(of->mount_point);
	to->mount_options = xstrdup(of->mount_options);
}

/* A part of something is never mounted, and has no copy for its owner. */
static bool is_mountable(const struct filesystem *filesystem)
{
	return filesystem->fstype && !filesystem->group && !filesystem->cache;
}

bool maas_storage_acquired(const struct node *node)
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
		return true;
	}
	return false;
}

/* ---- parts ---- */

struct part maas_part_drive(struct drive *drive)
{
	return (struct part){ drive, NULL };
}

struct part maas_part_of(struct partition *partition)
{
	return (struct part){ partition->drive, partition };
}

struct part *maas_parts(const struct node *node)
{
	size_t count = node->drives.count, used = 0;
	struct drive *drive;
	struct partition *partition;
	struct part *parts;

	list_for_each (drive, &node->drives)
		count += drive->partitions.count;
	parts = xcalloc(count + 1, sizeof(*parts));
	list_for_each (drive, &node->drives)
		parts[used++] = maas_part_drive(drive);
	list_for_each (drive, &node->drives) {
		list_for_each (partition, &drive->partitions)
			parts[used++] = maas_part_of(partition);
	}
	check(used == count);
	return parts;
}

int64_t maas_part_size(const struct part *part)
{
	return part->partition ? part->partition->size : part->drive->size;
}

static size_t partition_number(const struct partition *partition)
{
	const struct list *all = &partition->drive->partitions;
	size_t i = 0;

	while (i < all->count && all->items[i] != partition)
		i++;
	check(i < all->count);
	return i + 1;
}

char *maas_part_name(const struct part *part)
{
	char *drive = maas_drive_name(part->drive), *name;

	if (!part->partition)
		return drive;
	name = xasprintf(
	    "%s-part%zu", drive, partition_number(part->partition));
	free(drive);
	return name;
}

struct filesystem *maas_part_planned(const struct part *part)
{
	return part->partition ? &part->partition->planned
	                       : &part->drive->planned;
}

static struct filesystem *acquired_of(const struct part *part)
{
	return part->partition ? &part->partition->acquired
	                       : &part->drive->acquired;
}

struct filesystem *maas_part_slot(const struct part *part)
{
	struct filesystem *planned = maas_part_planned(part);

	if (!maas_storage_acquired(part->drive->node) ||
	    (planned->fstype && !is_mountable(planned)))
		return planned;
	return acquired_of(part);
}

struct filesystem *maas_part_filesystem(const struct part *part)
{
	struct filesystem *filesystem = maas_part_slot(part);

	return filesystem->fstype ? filesystem : NULL;
}

bool maas_part_is_free(const struct part *part)
{
	return !maas_part_planned(part)->fstype && !acquired_of(part)->fstype &&
	       (part->partition || !part->drive->table);
}

/* What was built on it misses one leg, or falls with its last one. */
static void leave(struct filesystem *filesystem)
{
	struct storage_group *group = filesystem->group;
	struct cache_set *cache = filesystem->cache;
	struct part *parts;
	bool other = false;

	maas_filesystem_clear(filesystem);
	if (cache)
		maas_cache_set_drop(cache);
	if (!group)
		return;
	parts = maas_parts(group->node);
	for (struct part *part = parts; part->drive; part++)
		other |= maas_part_planned(part)->group == group;
	free(parts);
	if (other)
		maas_group_resize(group);
	else
		maas_group_drop(group);
}

/* ---- partitions ---- */

struct partition *maas_partition_make(
    struct drive *drive, int64_t size, bool bootable)
{
	struct maas *maas = drive->node->maas;
	struct partition *partition = xcalloc(1, sizeof(*partition));

	check(size > 0);
	if (!drive->table)
		drive->table = "GPT";
	partition->id = maas->next_partition_id++;
	partition->drive = drive;
	partition->uuid = maas_uuid(maas);
	partition->size = size / STORAGE_BLOCK * STORAGE_BLOCK;
	partition->bootable = bootable;
	maas_list_put(&drive->partitions, partition);
	return partition;
}

static void partition_free(struct partition *partition)
{
	free(partition->uuid);
	maas_names_free(&partition->tags);
	maas_filesystem_clear(&partition->planned);
	maas_filesystem_clear(&partition->acquired);
	free(partition);
}

/* The table goes with the last one. */
void maas_partition_drop(struct partition *partition)
{
	struct drive *drive = partition->drive;

	leave(&partition->planned);
	maas_list_remove(&drive->partitions, partition);
	partition_free(partition);
	if (drive->partitions.count == 0)
		drive->table = NULL;
}

struct partition *maas_partition_named(
    const struct drive *drive, const char *word)
{
	struct partition *partition;

	list_for_each (partition, &drive->partitions) {
		struct part part = maas_part_of(partition);
		char *name = maas_part_name(&part);
		bool it = strcmp(name, word) == 0 ||
		          partition->id == maas_number(word);

		free(name);
		if (it)
			return partition;
	}
	return NULL;
}

/* ---- drives ---- */

static char *drive_letter(const struct node *node)
{
	size_t physical = 0;
	struct drive *drive;

	list_for_each (drive, &node->drives)
		physical += drive->group == NULL;
	return xasprintf("sd%c", (char)('a' + (int)(physical % 26)));
}

struct drive *maas_drive_make(struct node *node, int64_t size, int number)
{
	struct drive *drive = xcalloc(1, sizeof(*drive));

	drive->id = node->maas->next_drive_id++;
	drive->node = node;
	drive->name = drive_letter(node);
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

/* Block sizes as LVM, mdadm and VMware take them. */
static int64_t block_size_of(const struct storage_group *group)
{
	switch (group->kind) {
	case GROUP_VOLUMES:
		return 4096;
	case GROUP_DATASTORE:
		return 1024;
	case GROUP_RAID:
	case GROUP_BCACHE:
		break;
	}
	return 512;
}

struct drive *maas_drive_virtual(
    struct storage_group *group, const char *name, int64_t size)
{
	struct drive *drive = xcalloc(1, sizeof(*drive));

	drive->id = group->node->maas->next_drive_id++;
	drive->node = group->node;
	drive->name = xstrdup(name);
	drive->uuid = maas_uuid(group->node->maas);
	drive->group = group;
	drive->size = size;
	drive->block_size = block_size_of(group);
	maas_list_put(&group->node->drives, drive);
	return drive;
}

static void wipe(struct drive *drive)
{
	while (drive->partitions.count)
		maas_partition_drop(drive->partitions.items[0]);
	drive->table = NULL;
	leave(&drive->planned);
	maas_filesystem_clear(&drive->acquired);
}

static void drive_free(struct drive *drive)
{
	struct partition *partition;

	list_for_each (partition, &drive->partitions)
		partition_free(partition);
	maas_list_clear(&drive->partitions);
	maas_filesystem_clear(&drive->planned);
	maas_filesystem_clear(&drive->acquired);
	free(drive->name);
	free(drive->model);
	free(drive->serial);
	free(drive->id_path);
	free(drive->firmware);
	free(drive->uuid);
	maas_names_free(&drive->tags);
	free(drive);
}

void maas_drive_drop(struct drive *drive)
{
	struct node *node = drive->node;

	wipe(drive);
	if (node->boot_drive == drive)
		node->boot_drive = NULL;
	maas_list_remove(&node->drives, drive);
	drive_free(drive);
}

struct drive *maas_drive_named(const struct node *node, const char *word)
{
	struct drive *drive;

	list_for_each (drive, &node->drives) {
		char *name = maas_drive_name(drive);
		bool it = drive->id == maas_number(word) ||
		          strcmp(name, word) == 0 ||
		          strcmp(drive->name, word) == 0;

		free(name);
		if (it)
			return drive;
	}
	return NULL;
}

#define LEAST_TO_BOOT (512 * MIB)

struct drive *maas_boot_drive(const struct node *node)
{
	struct drive *drive;

	if (node->boot_drive)
		return node->boot_drive;
	list_for_each (drive, &node->drives) {
		if (!drive->group && drive->size >= LEAST_TO_BOOT)
			return drive;
	}
	return NULL;
}

char *maas_drive_name(const struct drive *drive)
{
	if (drive->group && drive->group->kind == GROUP_VOLUMES)
		return xasprintf("%s-%s", drive->group->name, drive->name);
	return xstrdup(drive->name);
}

int64_t maas_drive_available(const struct drive *drive)
{
	bool mbr = drive->table && strcmp(drive->table, "MBR") == 0;
	int64_t left = drive->size - FRONT_SIZE - (mbr ? 0 : GPT_SIZE);
	struct partition *partition;

	list_for_each (partition, &drive->partitions)
		left -= partition->size;
	return left < 0 ? 0 : left / STORAGE_BLOCK * STORAGE_BLOCK;
}

void maas_drive_layout(struct drive *drive)
{
	struct maas *maas = drive->node->maas;
	struct partition *efi, *root;

	wipe(drive);
	if (maas_drive_available(drive) <= EFI_SIZE * 2)
		return;
	efi = maas_partition_make(drive, EFI_SIZE, true);
	maas_filesystem_set(maas, &efi->planned, "fat32", "efi", "/boot/efi");
	root = maas_partition_make(drive, maas_drive_available(drive), false);
	maas_filesystem_set(maas, &root->planned, "ext4", "root", "/");
}

/* ---- machines ---- */

bool maas_node_has_root(const struct node *node)
{
	struct part *parts = maas_parts(node);
	bool found = false;

	for (struct part *part = parts; part->drive && !found; part++) {
		const struct filesystem *is = maas_part_filesystem(part);

		found = is && is->mount_point &&
		        strcmp(is->mount_point, "/") == 0;
	}
	free(parts);
	return found;
}

struct special *maas_special_copy(struct node *node, const struct special *of)
{
	struct special *copy = xcalloc(1, sizeof(*copy));

	copy->fstype = xstrdup(of->fstype);
	copy->mount_point = xstrdup(of->mount_point);
	copy->mount_options = xstrdup(of->mount_options);
	maas_list_add(&node->specials, copy);
	return copy;
}

void maas_storage_acquire(struct node *node)
{
	struct part *parts = maas_parts(node);
	size_t count = node->specials.count;

	for (struct part *part = parts; part->drive; part++)
		if (is_mountable(maas_part_planned(part)))
			copy_filesystem(
			    acquired_of(part), maas_part_planned(part));
	free(parts);
	for (size_t i = 0; i < count; i++) {
		maas_special_copy(node, node->specials.items[i])->acquired =
		    true;
	}
}

static void special_free(struct special *special)
{
	free(special->fstype);
	free(special->mount_point);
	free(special->mount_options);
	free(special);
}

void maas_special_drop(struct node *node, struct special *special)
{
	maas_list_remove(&node->specials, special);
	special_free(special);
}

void maas_storage_release(struct node *node)
{
	struct part *parts = maas_parts(node);

	for (struct part *part = parts; part->drive; part++)
		maas_filesystem_clear(acquired_of(part));
	free(parts);
	for (size_t i = node->specials.count; i-- > 0;) {
		struct special *special = node->specials.items[i];

		if (special->acquired)
			maas_special_drop(node, special);
	}
}

void maas_storage_wipe(struct node *node)
{
	struct drive *drive;

	while (node->groups.count)
		maas_group_drop(node->groups.items[0]);
	while (node->cache_sets.count)
		maas_cache_set_drop(node->cache_sets.items[0]);
	list_for_each (drive, &node->drives)
		wipe(drive);
}

static void free_groups(struct node *node)
{
	struct storage_group *group;
	struct cache_set *cache;

	list_for_each (group, &node->groups)
		maas_group_free(group);
	list_for_each (cache, &node->cache_sets)
		free(cache);
	maas_list_clear(&node->groups);
	maas_list_clear(&node->cache_sets);
}

void maas_storage_free(struct node *node)
{
	struct drive *drive;
	struct special *special;

	list_for_each (drive, &node->drives)
		drive_free(drive);
	list_for_each (special, &node->specials)
		special_free(special);
	maas_list_clear(&node->drives);
	maas_list_clear(&node->specials);
	free_groups(node);
}
