#include "sim/maas/storage.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/ask.h"
#include "sim/maas/node.h"

/* What drives are made of: volume groups, RAIDs, bcaches, datastores. */

#define RAID_OVERHEAD (128 * 1024LL)

static const struct group_words {
	const char *prefix, *title;
} words[] = {
	[GROUP_VOLUMES] = { "vg", "volume group" },
	[GROUP_RAID] = { "md", "RAID" },
	[GROUP_BCACHE] = { "bcache", "Bcache" },
	[GROUP_DATASTORE] = { "vmfs", "VMFS" },
};

const char *maas_group_title(const struct storage_group *group)
{
	return words[group->kind].title;
}

/* md0, md1 ...: one above the highest. */
static char *next_name(const struct node *node, const char *prefix)
{
	size_t len = strlen(prefix);
	int64_t highest = -1;
	struct storage_group *other;

	list_for_each (other, &node->groups) {
		int64_t number;

		if (strncmp(other->name, prefix, len) != 0)
			continue;
		number = maas_number(other->name + len);
		highest = number > highest ? number : highest;
	}
	return xasprintf("%s%lld", prefix, (long long)highest + 1);
}

struct storage_group *maas_group_make(
    struct node *node, enum group_kind kind, const char *type)
{
	struct storage_group *group = xcalloc(1, sizeof(*group));

	group->id = node->maas->next_group_id++;
	group->node = node;
	group->kind = kind;
	group->type = xstrdup(type);
	group->name = next_name(node, words[kind].prefix);
	group->uuid = maas_uuid(node->maas);
	maas_list_put(&node->groups, group);
	return group;
}

void maas_group_free(struct storage_group *group)
{
	free(group->type);
	free(group->name);
	free(group->uuid);
	free(group->cache_mode);
	free(group);
}

void maas_group_drop(struct storage_group *group)
{
	struct node *node = group->node;
	struct part *parts;

	if (!maas_list_has(&node->groups, group))
		return;
	maas_list_remove(&node->groups, group);
	parts = maas_parts(node);
	for (struct part *part = parts; part->drive; part++)
		if (maas_part_planned(part)->group == group)
			maas_filesystem_clear(maas_part_planned(part));
	free(parts);
	for (size_t i = node->drives.count; i-- > 0;) {
		struct drive *drive = node->drives.items[i];

		if (drive->group == group)
			maas_drive_drop(drive);
		if (i > node->drives.count)
			i = node->drives.count;
	}
	maas_group_free(group);
}

void maas_group_join(
    struct storage_group *group, const struct part *part, const char *fstype)
{
	struct filesystem *filesystem = maas_part_planned(part);

	check(part->drive->node == group->node);
	maas_filesystem_set(group->node->maas, filesystem, fstype, NULL, NULL);
	filesystem->group = group;
}

struct drive *maas_group_drive(const struct storage_group *group)
{
	struct drive *drive;

	list_for_each (drive, &group->node->drives) {
		if (drive->group == group)
			return drive;
	}
	return NULL;
}

/* ---- sizes ---- */

struct sum {
	int64_t count, spares, total, smallest;
};

static struct sum sum_of(const struct storage_group *group)
{
	struct part *parts = maas_parts(group->node);
	struct sum sum = { 0 };

	for (struct part *part = parts; part->drive; part++) {
		const struct filesystem *is = maas_part_planned(part);
		int64_t size = maas_part_size(part);

		if (is->group != group)
			continue;
		if (strcmp(is->fstype, "raid-spare") == 0)
			sum.spares++;
		else
			sum.count++;
		sum.total += size;
		if (!sum.smallest || size < sum.smallest)
			sum.smallest = size;
	}
	free(parts);
	return sum;
}

static int64_t raid_size(const struct storage_group *group, struct sum sum)
{
	const char *level = group->type;

	if (sum.smallest == 0)
		return 0;
	if (strcmp(level, "raid-0") == 0)
		return sum.total - RAID_OVERHEAD * sum.count;
	if (strcmp(level, "raid-5") == 0)
		return sum.smallest * (sum.count - 1) - RAID_OVERHEAD;
	if (strcmp(level, "raid-6") == 0)
		return sum.smallest * (sum.count - 2) - RAID_OVERHEAD;
	if (strcmp(level, "raid-10") == 0)
		return sum.smallest * sum.count / 2 - RAID_OVERHEAD;
	return sum.smallest - RAID_OVERHEAD;
}

int64_t maas_group_size(const struct storage_group *group)
{
	struct sum sum = sum_of(group);

	switch (group->kind) {
	case GROUP_VOLUMES:
		/* one extent of each part is its header */
		return (sum.total / STORAGE_BLOCK - sum.count) * STORAGE_BLOCK;
	case GROUP_RAID:
		return raid_size(group, sum);
	case GROUP_BCACHE:
	case GROUP_DATASTORE:
		break;
	}
	return sum.total;
}

int64_t maas_group_used(const struct storage_group *group)
{
	struct drive *drive;
	int64_t used = 0;

	list_for_each (drive, &group->node->drives)
		used += drive->group == group ? drive->size : 0;
	return used;
}

void maas_group_resize(struct storage_group *group)
{
	struct drive *drive = maas_group_drive(group);

	if (group->kind == GROUP_VOLUMES)
		return;
	if (!drive)
		drive = maas_drive_virtual(group, group->name, 0);
	maas_set_text(&drive->name, group->name);
	drive->size = maas_group_size(group);
}

struct storage_group *maas_group_named(
    const struct node *node, enum group_kind kind, const char *word)
{
	struct storage_group *group;

	list_for_each (group, &node->groups) {
		if (group->kind == kind && (group->id == maas_number(word) ||
		                               strcmp(group->name, word) == 0))
			return group;
	}
	return NULL;
}

/* ---- cache sets ---- */

struct cache_set *maas_cache_set_make(
    struct node *node, const struct part *part)
{
	struct cache_set *cache = xcalloc(1, sizeof(*cache));

	cache->id = node->maas->next_cache_set_id++;
	cache->node = node;
	maas_list_put(&node->cache_sets, cache);
	maas_filesystem_set(
	    node->maas, maas_part_planned(part), "bcache-cache", NULL, NULL);
	maas_part_planned(part)->cache = cache;
	return cache;
}

/* A bcache cannot do without. */
void maas_cache_set_drop(struct cache_set *cache)
{
	struct node *node = cache->node;
	struct part part;

	if (!maas_list_has(&node->cache_sets, cache))
		return;
	part = maas_cache_set_part(cache);
	if (part.drive)
		maas_filesystem_clear(maas_part_planned(&part));
	maas_list_remove(&node->cache_sets, cache);
	for (size_t i = node->groups.count; i-- > 0;) {
		struct storage_group *group = node->groups.items[i];

		if (group->cache == cache)
			maas_group_drop(group);
		if (i > node->groups.count)
			i = node->groups.count;
	}
	free(cache);
}

char *maas_cache_set_name(const struct cache_set *cache)
{
	const struct list *all = &cache->node->cache_sets;
	size_t i = 0;

	while (i < all->count && all->items[i] != cache)
		i++;
	return xasprintf("cache%zu", i);
}

struct part maas_cache_set_part(const struct cache_set *cache)
{
	struct part *parts = maas_parts(cache->node), found = { NULL, NULL };

	for (struct part *part = parts; part->drive; part++)
		if (maas_part_planned(part)->cache == cache)
			found = *part;
	free(parts);
	return found;
}
