#include "sim/maas/storage_ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/* ---- whose, and may they ---- */

bool maas_storage_may(
    struct ask *ask, const struct node *node, enum storage_right right)
{
	bool may = true;

	switch (right) {
	case STORAGE_VIEW:
		may = maas_may_see(ask, node);
		break;
	case STORAGE_EDIT:
		may = maas_may_edit(ask, node);
		break;
	case STORAGE_ADMIN:
		may = maas_is_admin(ask) && !node->locked;
		break;
	}
	if (!may)
		maas_refuse(ask, 403, "%s", "");
	return may;
}

struct node *maas_storage_node(struct ask *ask, enum storage_right right)
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);

	if (!node || node->type != NODE_MACHINE) {
		maas_answer_missing(ask, "Machine");
		return NULL;
	}
	return maas_storage_may(ask, node, right) ? node : NULL;
}

struct drive *maas_storage_drive(struct ask *ask, enum storage_right right)
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);
	struct drive *drive = node ? maas_drive_named(node, ask->args[1])
	                           : NULL;

	if (!drive) {
		maas_answer_missing(ask, "BlockDevice");
		return NULL;
	}
	return maas_storage_may(ask, node, right) ? drive : NULL;
}

struct storage_group *maas_storage_group(struct ask *ask, enum group_kind kind,
    const char *model, enum storage_right right)
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);
	struct storage_group *group =
	    node ? maas_group_named(node, kind, ask->args[1]) : NULL;

	if (!group) {
		maas_answer_missing(ask, model);
		return NULL;
	}
	return maas_storage_may(ask, node, right) ? group : NULL;
}

bool maas_storage_ready(
    struct ask *ask, const struct node *node, const char *what)
{
	if (node->status == NODE_READY)
		return true;
	maas_refuse(ask, 409, "Cannot %s is not Ready.", what);
	return false;
}

/* ---- fields ---- */

bool maas_bytes(const char *text, int64_t *bytes)
{
	static const char units[] = "kmgtpe";
	char *end;
	long long number;
	const char *unit;

	if (!isdigit((unsigned char)text[text[0] == '-']) || strlen(text) > 18)
		return false;
	number = strtoll(text, &end, 10);
	if (*end) {
		unit = strchr(units, tolower((unsigned char)*end));
		if (!unit || end[1])
			return false;
		for (const char *at = units; at <= unit; at++) {
			if (number > INT64_MAX / 1000 ||
			    number < INT64_MIN / 1000)
				return false;
			number *= 1000;
		}
	}
	*bytes = number;
	return true;
}

void maas_bytes_field(struct ask *ask, json_t *errors, const char *field,
    bool required, int64_t min, int64_t max, int64_t *bytes)
{
	const char *text = maas_field(ask, field);
	int64_t number;

	if (!text || !*text) {
		if (required)
			maas_error(errors, field, "This field is required.");
	} else if (!maas_bytes(text, &number)) {
		maas_error(errors, field, "Enter a valid value.");
	} else if (number < min) {
		maas_error(errors, field,
		    "Ensure this value is greater than or equal to %lld.",
		    (long long)min);
	} else if (max >= 0 && number > max) {
		maas_error(errors, field,
		    "Ensure this value is less than or equal to %lld.",
		    (long long)max);
	} else {
		*bytes = number;
	}
}

/* Version 4, with or without dashes. */
static bool is_uuid(const char *text)
{
	size_t digits = 0;

	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text))
			return false;
		if (digits == 12 && *text != '4')
			return false;
		if (digits == 16 && !strchr("89abAB", *text))
			return false;
		digits++;
	}
	return digits == 32;
}

void maas_uuid_field(struct ask *ask, json_t *errors)
{
	const char *text = maas_field(ask, "uuid");

	if (text && *text && !is_uuid(text))
		maas_error(errors, "uuid", "Enter a valid value.");
}

void maas_required_field(struct ask *ask, json_t *errors, const char *field)
{
	const char *text = maas_field(ask, field);

	if (!text || !*text)
		maas_error(errors, field, "This field is required.");
}

void maas_choice_field(struct ask *ask, json_t *errors, const char *field,
    bool required, const char *const *words, size_t count)
{
	const char *text = maas_field(ask, field);

	if (!text || !*text) {
		if (required)
			maas_error(errors, field, "This field is required.");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], text) == 0)
			return;
	maas_error(errors, field,
	    "Select a valid choice. %s is not one of the available choices.",
	    text);
}

/* ---- parts by name ---- */

bool maas_part_fits_free(const struct part *part, const void *of)
{
	(void)of;
	return maas_part_is_free(part);
}

static bool is_named(const struct part *part, const char *word)
{
	char *name = maas_part_name(part);
	int64_t id = part->partition ? part->partition->id : part->drive->id;
	bool it = strcmp(name, word) == 0 || id == maas_number(word);

	free(name);
	return it;
}

static struct part find_part(struct node *node, bool partitions,
    const char *word, part_fits_fn *fits, const void *of)
{
	struct part *parts = maas_parts(node), found = { NULL, NULL };

	for (struct part *part = parts; part->drive; part++)
		if ((part->partition != NULL) == partitions &&
		    is_named(part, word) && fits(part, of))
			found = *part;
	free(parts);
	return found;
}

void maas_chosen_field(struct ask *ask, json_t *errors, const char *field,
    struct node *node, bool partitions, part_fits_fn *fits, const void *of,
    struct chosen *chosen)
{
	struct names words = { 0 };
	const char *text;
	size_t at = 0;

	while ((text = maas_form_next(&ask->body.form, field, &at)))
		maas_names_add(&words, text);
	chosen->parts = xrealloc(chosen->parts,
	    (chosen->count + words.count + 1) * sizeof(*chosen->parts));
	for (size_t i = 0; i < words.count; i++) {
		struct part part = find_part(
		    node, partitions, words.items[i], fits, of);

		if (part.drive)
			chosen->parts[chosen->count++] = part;
		else
			maas_error(errors, field,
			    "Select a valid choice. %s is not one of the "
			    "available choices.",
			    words.items[i]);
	}
	maas_names_free(&words);
}

void maas_chosen_free(struct chosen *chosen)
{
	free(chosen->parts);
	chosen->parts = NULL;
	chosen->count = 0;
}

struct part maas_part_bootable(const struct part *part)
{
	struct drive *drive = part->drive;

	if (part->partition || drive != maas_boot_drive(drive->node))
		return *part;
	return maas_part_of(
	    maas_partition_make(drive, maas_drive_available(drive), false));
}

/* ---- filesystems ---- */

static void answer_part(struct ask *ask, const struct part *part)
{
	maas_answer(ask, maas_part_json(part));
}

/* While Ready the administrators', while Allocated the owner's too. */
static bool may_write(
    struct ask *ask, const struct part *part, const char *what)
{
	const struct node *node = part->drive->node;
	const char *thing = part->partition ? "partition" : "block device";
	const char *of = part->partition ? "node" : "machine";

	if (node->status != NODE_READY && node->status != NODE_ALLOCATED) {
		maas_refuse(ask, 409,
		    "Cannot %s %s because the %s is not Ready or Allocated.",
		    what, thing, of);
		return false;
	}
	if (node->status == NODE_READY && !maas_is_admin(ask)) {
		maas_refuse(ask, 403,
		    "Cannot %s %s because you don't have the permissions on a "
		    "Ready %s.",
		    what, thing, of);
		return false;
	}
	return true;
}

static const char *const fstypes[] = { "ext2", "ext4", "xfs", "fat32", "vfat",
	"swap", "ramfs", "tmpfs", "btrfs", "zfsroot" };
#define FSTYPES (sizeof(fstypes) / sizeof(fstypes[0]))

static void check_format(
    struct ask *ask, const struct part *part, json_t *errors)
{
	maas_choice_field(ask, errors, "fstype", true, fstypes, FSTYPES);
	maas_uuid_field(ask, errors);
	if (part->partition && part->partition->fixed)
		maas_error(errors, "VMFS",
		    "Base VMFS partitions may not be formatted.");
	else if (!part->partition && part->drive->table &&
	         !json_object_get(errors, "fstype"))
		maas_error(errors, "__all__",
		    "Cannot format block device with a partition table.");
}

void maas_part_format(struct ask *ask, struct part part)
{
	const char *uuid = maas_field(ask, "uuid");
	const char *label = maas_field(ask, "label");
	struct filesystem *filesystem = maas_part_slot(&part);
	json_t *errors = json_object();

	if (!may_write(ask, &part, "format")) {
		json_decref(errors);
		return;
	}
	check_format(ask, &part, errors);
	if (!maas_fine(ask, errors))
		return;
	if (filesystem->group || filesystem->cache) {
		maas_refuse(ask, 400,
		    "Cannot format a %s that has a filesystem type of %s.",
		    part.partition ? "partition" : "block device",
		    filesystem->fstype);
		return;
	}
	maas_filesystem_set(ask->maas, filesystem, maas_field(ask, "fstype"),
	    label ? label : "", NULL);
	if (uuid && *uuid)
		maas_set_text(&filesystem->uuid, uuid);
	answer_part(ask, &part);
}

/* The filesystem that is there, or NULL after saying that there is none. */
static struct filesystem *formatted(struct ask *ask, const struct part *part)
{
	struct filesystem *filesystem = maas_part_filesystem(part);

	if (!filesystem)
		maas_refuse(ask, 400, "%s is not formatted.",
		    part->partition ? "Partition" : "Block device");
	return filesystem;
}

static const char *built(const struct filesystem *filesystem)
{
	return filesystem->group ? maas_group_title(filesystem->group)
	                         : "cache set";
}

void maas_part_unformat(struct ask *ask, struct part part)
{
	const char *thing = part.partition ? "partition" : "block device";
	struct filesystem *filesystem;

	if (!may_write(ask, &part, "unformat") ||
	    !(filesystem = formatted(ask, &part)))
		return;
	if (filesystem->mount_point) {
		maas_refuse(ask, 400,
		    "Filesystem is mounted and cannot be unformatted. Unmount "
		    "the filesystem before unformatting the %s.",
		    thing);
	} else if (filesystem->group || filesystem->cache) {
		maas_refuse(ask, 400,
		    "Filesystem is part of a %s, and cannot be unformatted. "
		    "Remove %s from %s before unformatting the %s.",
		    built(filesystem), thing, built(filesystem), thing);
	} else {
		maas_filesystem_clear(filesystem);
		answer_part(ask, &part);
	}
}

/* Of the same machine, and seen at the same time. */
static bool is_mounted_at(const struct part *except, const char *mount_point)
{
	struct part *parts = maas_parts(except->drive->node);
	bool found = false;

	for (struct part *part = parts; part->drive && !found; part++) {
		const struct filesystem *is = maas_part_filesystem(part);

		if (part->drive == except->drive &&
		    part->partition == except->partition)
			continue;
		found = is && is->mount_point &&
		        strcmp(is->mount_point, mount_point) == 0 &&
		        strcmp(mount_point, "none") != 0;
	}
	free(parts);
	return found;
}

static void check_mount(struct ask *ask, const struct filesystem *filesystem,
    const char *mount_point, json_t *errors)
{
	bool swap = filesystem && strcmp(filesystem->fstype, "swap") == 0;

	if (filesystem && !swap && !*mount_point)
		maas_error(errors, "mount_point", "This field is required.");
	else if (filesystem && !swap && *mount_point != '/')
		maas_error(errors, "mount_point", "Enter a valid value.");
	if (!filesystem)
		maas_error(errors, "__all__",
		    "Cannot mount an unformatted partition or block device.");
	else if (filesystem->group || filesystem->cache)
		maas_error(errors, "__all__",
		    "Filesystem is part of a filesystem group, and cannot be "
		    "mounted.");
	(void)ask;
}

void maas_part_mount(struct ask *ask, struct part part)
{
	struct filesystem *filesystem = maas_part_filesystem(&part);
	const char *point = maas_field(ask, "mount_point");
	const char *options = maas_field(ask, "mount_options");
	json_t *errors = json_object();

	if (!may_write(ask, &part, "mount")) {
		json_decref(errors);
		return;
	}
	check_mount(ask, filesystem, point ? point : "", errors);
	if (!maas_fine(ask, errors))
		return;
	if (strcmp(filesystem->fstype, "swap") == 0)
		point = "none";
	if (is_mounted_at(&part, point)) {
		errors = json_object();
		maas_error(errors, "__all__",
		    "Another filesystem is already mounted at %s.", point);
		maas_refuse_model(ask, errors);
		return;
	}
	maas_set_text(&filesystem->mount_point, point);
	maas_set_text(&filesystem->mount_options, options ? options : "");
	answer_part(ask, &part);
}

void maas_part_unmount(struct ask *ask, struct part part)
{
	struct filesystem *filesystem;

	if (!may_write(ask, &part, "unmount") ||
	    !(filesystem = formatted(ask, &part)))
		return;
	if (!filesystem->mount_point) {
		maas_refuse(ask, 400, "Filesystem is already unmounted.");
		return;
	}
	maas_set_text(&filesystem->mount_point, NULL);
	maas_set_text(&filesystem->mount_options, NULL);
	answer_part(ask, &part);
}
