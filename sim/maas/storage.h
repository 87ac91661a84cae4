/*
 * storage: disks, what they are cut into and what is built from them.
 *
 *	drive ── partition          a physical drive, or a virtual one that a
 *	  ╰───────╰── filesystem    group makes (a logical volume, a RAID ...)
 *	                 ╰── group  a filesystem that is not mounted but a part
 *	                            of something bigger
 *
 * A part is either: a whole drive, or one partition of it. Every part has two
 * filesystems: the planned one, which administrators edit while the machine is
 * Ready, and the acquired one, a copy that its owner works on from allocation
 * to release. Which of them counts follows from the machine's status.
 *
 * All of it belongs to its machine. Ids come from the region. Tables of sizes:
 * nothing is ever written to a disk.
 */
#ifndef SIM_MAAS_STORAGE_H
#define SIM_MAAS_STORAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/maas/list.h"

struct node;
struct maas;

enum group_kind {
	GROUP_VOLUMES, /* an LVM volume group */
	GROUP_RAID,
	GROUP_BCACHE,
	GROUP_DATASTORE, /* VMFS */
};

/* The fast half of bcaches: one part, shared by them. */
struct cache_set {
	int64_t id;
	struct node *node;
};

struct storage_group {
	int64_t id;
	struct node *node;
	enum group_kind kind;
	char *type; /* lvm-vg, raid-5, bcache, vmfs6 */
	char *name, *uuid;
	char *cache_mode; /* of a bcache */
	struct cache_set *cache;
};

struct filesystem {
	char *fstype; /* NULL: there is none */
	char *uuid, *label;
	char *mount_point;           /* NULL: not mounted */
	char *mount_options;         /* NULL: never asked for */
	struct storage_group *group; /* that it is a part of */
	struct cache_set *cache;     /* that it is */
};

struct partition {
	int64_t id;
	struct drive *drive;
	char *uuid;
	int64_t size;
	bool bootable;
	bool fixed; /* of a VMware image: stays until the next layout */
	struct names tags;
	struct filesystem planned, acquired;
};

struct drive {
	int64_t id;
	struct node *node;
	char *name, *model, *serial, *id_path, *firmware; /* NULL: virtual */
	char *uuid;                                       /* of virtual ones */
	struct storage_group *group; /* that makes it; NULL: physical */
	int64_t size;
	int64_t block_size;
	struct names tags;
	const char *table;      /* "GPT", "MBR"; NULL: not partitioned */
	struct list partitions; /* struct partition, owned */
	struct filesystem planned, acquired;
};

/* tmpfs and ramfs: of the machine itself. */
struct special {
	int64_t id;
	char *fstype, *mount_point, *mount_options;
	bool acquired;
};

/* A drive, or one of its partitions. */
struct part {
	struct drive *drive; /* NULL: no part at all */
	struct partition *partition;
};

#define MIB 1048576LL
/* Partitions and logical volumes are cut in these. */
#define STORAGE_BLOCK (4 * MIB)

/* ---- drives and partitions ---- */
struct drive *maas_drive_make(struct node *node, int64_t size, int number);
struct drive *maas_drive_virtual(
    struct storage_group *group, const char *name, int64_t size);
/* It and what is built on it. */
void maas_drive_drop(struct drive *drive);
/* By id or by name. */
struct drive *maas_drive_named(const struct node *node, const char *word);
/* The one that was set, else the first physical one that is big enough; or
 * NULL. */
struct drive *maas_boot_drive(const struct node *node);
char *maas_drive_name(const struct drive *drive); /* vg0-lv0; free() it */
/* GPT, /boot/efi and /: what commissioning leaves behind. */
void maas_drive_layout(struct drive *drive);
/* What partitions may still be made of, in whole blocks. */
int64_t maas_drive_available(const struct drive *drive);
struct partition *maas_partition_make(
    struct drive *drive, int64_t size, bool bootable);
void maas_partition_drop(struct partition *partition);
/* By id, or "sda-part1". */
struct partition *maas_partition_named(
    const struct drive *drive, const char *word);

/* ---- parts ---- */
struct part maas_part_drive(struct drive *drive);
struct part maas_part_of(struct partition *partition);
/* All parts of a machine, drives first; a list that ends with one without a
 * drive. free() it. */
struct part *maas_parts(const struct node *node);
int64_t maas_part_size(const struct part *part);
char *maas_part_name(const struct part *part); /* free() it */
bool maas_part_is_free(const struct part *part);
struct filesystem *maas_part_planned(const struct part *part);
/* The one that counts now, or NULL. */
struct filesystem *maas_part_filesystem(const struct part *part);
/* The one that counts now, there or not: to be written. */
struct filesystem *maas_part_slot(const struct part *part);
void maas_filesystem_set(struct maas *maas, struct filesystem *filesystem,
    const char *fstype, const char *label, const char *mount_point);
void maas_filesystem_clear(struct filesystem *filesystem);
char *maas_uuid(const struct maas *maas); /* a new one; free() it */

/* ---- groups ---- */
struct storage_group *maas_group_make(
    struct node *node, enum group_kind kind, const char *type);
/* With the drives that it makes; its parts are free again. */
void maas_group_drop(struct storage_group *group);
void maas_group_free(struct storage_group *group); /* when all goes */
void maas_group_join(
    struct storage_group *group, const struct part *part, const char *fstype);
/* Its drive is as big as its parts allow: after each change of them. */
void maas_group_resize(struct storage_group *group);
int64_t maas_group_size(const struct storage_group *group);
int64_t maas_group_used(const struct storage_group *group); /* by volumes */
struct drive *maas_group_drive(const struct storage_group *group);
struct storage_group *maas_group_named(
    const struct node *node, enum group_kind kind, const char *word);
const char *maas_group_title(const struct storage_group *group); /* RAID */
struct cache_set *maas_cache_set_make(
    struct node *node, const struct part *part);
void maas_cache_set_drop(struct cache_set *cache);
char *maas_cache_set_name(const struct cache_set *cache); /* free() it */
struct part maas_cache_set_part(const struct cache_set *cache);

/* ---- machines ---- */
bool maas_node_has_root(const struct node *node);
void maas_storage_acquire(struct node *node);
void maas_storage_release(struct node *node);
void maas_storage_wipe(struct node *node); /* leaves bare drives */
void maas_storage_free(struct node *node);
/* One that is planned, as the other. */
struct special *maas_special_copy(struct node *node, const struct special *of);
void maas_special_drop(struct node *node, struct special *special);
/* Statuses in which the acquired filesystems count. */
bool maas_storage_acquired(const struct node *node);

/* ---- clone_storage.c ---- */
/* Why the layout of one does not go on the disks of the other (new), or NULL.
 */
char *maas_clone_fault(const struct node *from, const struct node *to);
void maas_storage_clone(const struct node *from, struct node *to);

/* ---- storage_json.c ---- */
json_t *maas_drive_json(struct drive *drive);
json_t *maas_partition_json(struct partition *partition);
json_t *maas_part_json(const struct part *part);
enum drive_kind {
	DRIVES_ALL,
	DRIVES_PHYSICAL,
	DRIVES_VIRTUAL
};
json_t *maas_drives_json(
    const struct node *node, enum drive_kind kind, bool of_list);
json_t *maas_group_json(const struct storage_group *group);
json_t *maas_cache_set_json(const struct cache_set *cache);
/* As a machine names them: ids only. */
json_t *maas_groups_json(const struct node *node, enum group_kind kind);
json_t *maas_cache_sets_json(const struct node *node);
json_t *maas_specials_json(const struct node *node);

#endif
