#include "sim/maas/storage_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/storage.h"

static const char *const levels[] = { "raid-0", "raid-1", "raid-5", "raid-6",
	"raid-10" };

/* How many active devices a level needs at least. */
static const struct level {
	const char *name, *words;
	size_t least;
	bool spares;
} rules[] = {
	{ "raid-0", "0 must have at least 2 raid devices and no spares", 2,
	    false },
	{ "raid-1",
	    "1 must have at least 2 raid devices and any number of "
	    "spares",
	    2, true },
	{ "raid-5",
	    "5 must have at least 3 raid devices and any number of "
	    "spares",
	    3, true },
	{ "raid-6",
	    "6 must have at least 4 raid devices and any number of "
	    "spares",
	    4, true },
	{ "raid-10",
	    "10 must have at least 3 raid devices and any number of "
	    "spares",
	    3, true },
};
#define LEVELS (sizeof(rules) / sizeof(rules[0]))

static struct storage_group *asked(struct ask *ask, enum storage_right right)
{
	return maas_storage_group(ask, GROUP_RAID, "RAID", right);
}

void maas_op_raids_list(struct ask *ask)
{
	maas_groups_answer(ask, GROUP_RAID);
}

void maas_op_raids_read(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_VIEW);

	if (group)
		maas_answer(ask, maas_group_json(group));
}

static bool level_ok(
    struct ask *ask, const char *level, size_t active, size_t spares)
{
	json_t *errors;

	for (size_t i = 0; i < LEVELS; i++) {
		if (strcmp(rules[i].name, level) != 0 ||
		    (active >= rules[i].least && (rules[i].spares || !spares)))
			continue;
		errors = json_object();
		maas_error(errors, "__all__", "RAID level %s.", rules[i].words);
		maas_refuse_model(ask, errors);
		return false;
	}
	return true;
}

/* ---- making ---- */

static bool holds_boot_drive(
    const struct node *node, const struct chosen *chosen)
{
	for (size_t i = 0; i < chosen->count; i++)
		if (!chosen->parts[i].partition &&
		    chosen->parts[i].drive == maas_boot_drive(node))
			return true;
	return false;
}

static void cut(struct chosen *chosen)
{
	for (size_t i = 0; i < chosen->count; i++) {
		struct drive *drive = chosen->parts[i].drive;

		if (!chosen->parts[i].partition)
			chosen->parts[i] = maas_part_of(maas_partition_make(
			    drive, maas_drive_available(drive), false));
	}
}

static void join_all(struct storage_group *group, const struct chosen *chosen,
    const char *fstype)
{
	for (size_t i = 0; i < chosen->count; i++)
		maas_group_join(group, &chosen->parts[i], fstype);
}

static void read_members(struct ask *ask, struct node *node, json_t *errors,
    const char *devices, const char *partitions, struct chosen *chosen)
{
	maas_chosen_field(ask, errors, devices, node, false,
	    maas_part_fits_free, NULL, chosen);
	maas_chosen_field(ask, errors, partitions, node, true,
	    maas_part_fits_free, NULL, chosen);
}

static void create(struct ask *ask, struct node *node, struct chosen *active,
    struct chosen *spare)
{
	struct storage_group *group;

	/* To boot from it, all its drives get a partition. */
	if (holds_boot_drive(node, active) || holds_boot_drive(node, spare)) {
		cut(active);
		cut(spare);
	}
	group = maas_group_make(node, GROUP_RAID, maas_field(ask, "level"));
	maas_group_words(ask, group);
	join_all(group, active, "raid");
	join_all(group, spare, "raid-spare");
	maas_group_resize(group);
	maas_answer(ask, maas_group_json(group));
}

void maas_op_raids_create(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_ADMIN);
	struct chosen active = { 0 }, spare = { 0 };
	json_t *errors;

	if (!node ||
	    !maas_storage_ready(ask, node, "create RAID because the machine"))
		return;
	errors = json_object();
	maas_uuid_field(ask, errors);
	maas_choice_field(ask, errors, "level", true, levels, LEVELS);
	read_members(ask, node, errors, "block_devices", "partitions", &active);
	if (!active.count && !json_object_get(errors, "block_devices") &&
	    !json_object_get(errors, "partitions"))
		maas_error(errors, "__all__",
		    "At least one block device or partition must be added to "
		    "the array.");
	read_members(
	    ask, node, errors, "spare_devices", "spare_partitions", &spare);
	if (maas_fine(ask, errors) &&
	    level_ok(ask, maas_field(ask, "level"), active.count, spare.count))
		create(ask, node, &active, &spare);
	maas_chosen_free(&active);
	maas_chosen_free(&spare);
}

/* ---- changing ---- */

static bool fits_member(const struct part *part, const void *of)
{
	return maas_part_planned(part)->group == of;
}

struct change {
	struct chosen active, spare, less;
};

static void read_change(struct ask *ask, struct storage_group *group,
    json_t *errors, struct change *change)
{
	static const struct {
		const char *field;
		bool partitions;
	} removals[] = { { "remove_block_devices", false },
		{ "remove_spare_devices", false },
		{ "remove_partitions", true },
		{ "remove_spare_partitions", true } };

	maas_uuid_field(ask, errors);
	read_members(ask, group->node, errors, "add_block_devices",
	    "add_partitions", &change->active);
	read_members(ask, group->node, errors, "add_spare_devices",
	    "add_spare_partitions", &change->spare);
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++)
		maas_chosen_field(ask, errors, removals[i].field, group->node,
		    removals[i].partitions, fits_member, group, &change->less);
}

static bool is_spare(const struct part *part)
{
	return strcmp(maas_part_planned(part)->fstype, "raid-spare") == 0;
}

static bool change_ok(struct ask *ask, const struct storage_group *group,
    const struct change *change)
{
	struct part *parts = maas_parts(group->node);
	size_t active = change->active.count, spares = change->spare.count;

	for (struct part *part = parts; part->drive; part++) {
		if (!fits_member(part, group))
			continue;
		active += !is_spare(part);
		spares += is_spare(part);
	}
	for (size_t i = 0; i < change->less.count; i++) {
		active -= !is_spare(&change->less.parts[i]);
		spares -= is_spare(&change->less.parts[i]);
	}
	free(parts);
	return level_ok(ask, group->type, active, spares);
}

static void boot_parts(struct chosen *chosen)
{
	for (size_t i = 0; i < chosen->count; i++)
		chosen->parts[i] = maas_part_bootable(&chosen->parts[i]);
}

void maas_op_raids_update(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);
	struct change change = { 0 };
	json_t *errors;

	if (!group || !maas_storage_ready(
	                  ask, group->node, "update RAID because the machine"))
		return;
	errors = json_object();
	read_change(ask, group, errors, &change);
	if (maas_fine(ask, errors) && change_ok(ask, group, &change)) {
		for (size_t i = 0; i < change.less.count; i++)
			maas_filesystem_clear(
			    maas_part_planned(&change.less.parts[i]));
		boot_parts(&change.active);
		boot_parts(&change.spare);
		join_all(group, &change.active, "raid");
		join_all(group, &change.spare, "raid-spare");
		maas_group_words(ask, group);
		maas_group_resize(group);
		maas_answer(ask, maas_group_json(group));
	}
	maas_chosen_free(&change.active);
	maas_chosen_free(&change.spare);
	maas_chosen_free(&change.less);
}

void maas_op_raids_delete(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);

	if (!group || !maas_storage_ready(
	                  ask, group->node, "delete RAID because the machine"))
		return;
	maas_group_drop(group);
	maas_answer_gone(ask);
}
