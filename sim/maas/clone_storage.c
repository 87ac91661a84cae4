#include "sim/maas/storage.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"

/* The layout of one machine's disks on those of another: first it is said
 * which disk is which, then all that stands on them is copied. */

/* What of one machine stands where on the other. */
struct pairs {
	struct storage_group **from_group, **to_group;
	size_t groups;
	struct cache_set **from_cache, **to_cache;
	size_t caches;
	const struct drive **from_drive;
	struct drive **to_drive;
	size_t drives;
};

static struct pairs *pairs_make(const struct node *from)
{
	struct pairs *pairs = xcalloc(1, sizeof(*pairs));
	size_t groups = from->groups.count + 1;
	size_t caches = from->cache_sets.count + 1;
	size_t drives = from->drives.count + 1;

	pairs->from_group = xcalloc(groups, sizeof(*pairs->from_group));
	pairs->to_group = xcalloc(groups, sizeof(*pairs->to_group));
	pairs->from_cache = xcalloc(caches, sizeof(*pairs->from_cache));
	pairs->to_cache = xcalloc(caches, sizeof(*pairs->to_cache));
	pairs->from_drive = xcalloc(drives, sizeof(*pairs->from_drive));
	pairs->to_drive = xcalloc(drives, sizeof(*pairs->to_drive));
	return pairs;
}

static void pairs_free(struct pairs *pairs)
{
	free(pairs->from_group);
	free(pairs->to_group);
	free(pairs->from_cache);
	free(pairs->to_cache);
	free(pairs->from_drive);
	free(pairs->to_drive);
	free(pairs);
}

static void pair(
    struct pairs *pairs, const struct drive *from, struct drive *to)
{
	pairs->from_drive[pairs->drives] = from;
	pairs->to_drive[pairs->drives++] = to;
}

static struct drive *drive_for(
    const struct pairs *pairs, const struct drive *drive)
{
	for (size_t i = 0; i < pairs->drives; i++)
		if (pairs->from_drive[i] == drive)
			return pairs->to_drive[i];
	return NULL;
}

static void copy_groups(
    struct pairs *pairs, const struct node *from, struct node *to)
{
	struct storage_group *group;
	struct cache_set *cache;

	list_for_each (cache, &from->cache_sets) {
		struct cache_set *copy = xcalloc(1, sizeof(*copy));

		copy->id = to->maas->next_cache_set_id++;
		copy->node = to;
		maas_list_put(&to->cache_sets, copy);
		pairs->from_cache[pairs->caches] = cache;
		pairs->to_cache[pairs->caches++] = copy;
	}
	list_for_each (group, &from->groups) {
		struct storage_group *copy = maas_group_make(
		    to, group->kind, group->type);

		maas_set_text(&copy->name, group->name);
		maas_set_text(&copy->cache_mode, group->cache_mode);
		for (size_t i = 0; i < pairs->caches; i++)
			if (pairs->from_cache[i] == group->cache)
				copy->cache = pairs->to_cache[i];
		pairs->from_group[pairs->groups] = group;
		pairs->to_group[pairs->groups++] = copy;
	}
}

static void copy_filesystem(const struct pairs *pairs, struct maas *maas,
    const struct filesystem *from, struct filesystem *to)
{
	if (!from->fstype)
		return;
	maas_filesystem_set(
	    maas, to, from->fstype, from->label, from->mount_point);
	maas_set_text(&to->mount_options, from->mount_options);
	for (size_t i = 0; i < pairs->groups; i++)
		if (pairs->from_group[i] == from->group)
			to->group = pairs->to_group[i];
	for (size_t i = 0; i < pairs->caches; i++)
		if (pairs->from_cache[i] == from->cache)
			to->cache = pairs->to_cache[i];
}

static void copy_drive(
    const struct pairs *pairs, const struct drive *from, struct drive *to)
{
	struct partition *partition;
	struct maas *maas;

	check(to);
	maas = to->node->maas;
	list_for_each (partition, &from->partitions) {
		struct partition *copy = maas_partition_make(
		    to, partition->size, partition->bootable);

		copy->fixed = partition->fixed;
		copy_filesystem(
		    pairs, maas, &partition->planned, &copy->planned);
	}
	to->table = from->table;
	copy_filesystem(pairs, maas, &from->planned, &to->planned);
}

/* ---- which disk is which ---- */

/* The physical ones but the one that boots, which are yet to be paired. */
static struct list others(const struct node *node)
{
	const struct drive *boot = maas_boot_drive(node);
	struct list drives = { 0 };
	struct drive *drive;

	list_for_each (drive, &node->drives) {
		if (!drive->group && drive != boot)
			maas_list_put(&drives, drive);
	}
	return drives;
}

static bool same_tags(const struct drive *a, const struct drive *b)
{
	if (a->tags.count != b->tags.count)
		return false;
	for (size_t i = 0; i < a->tags.count; i++)
		if (!maas_names_have(&b->tags, a->tags.items[i]))
			return false;
	return true;
}

static bool is_alike(const struct drive *to, const struct drive *from)
{
	return to->size == from->size && same_tags(to, from);
}

static bool is_tagged_alike(const struct drive *to, const struct drive *from)
{
	return to->size >= from->size && same_tags(to, from);
}

static bool is_big_enough(const struct drive *to, const struct drive *from)
{
	return to->size >= from->size;
}

typedef bool fits_fn(const struct drive *to, const struct drive *from);

/* The first that fits of those that are left. */
static void pair_those(
    struct pairs *pairs, struct list *from, struct list *to, fits_fn *fits)
{
	for (size_t i = 0; i < to->count;) {
		struct drive *there = to->items[i];
		size_t at = 0;

		while (at < from->count && !fits(there, from->items[at]))
			at++;
		if (at == from->count) {
			i++;
			continue;
		}
		pair(pairs, from->items[at], there);
		maas_list_remove(from, from->items[at]);
		maas_list_remove(to, there);
	}
}

/* Small ones first; those of one size stay in their order. */
static void sort_by_size(struct list *drives)
{
	for (size_t i = 1; i < drives->count; i++) {
		struct drive *drive = drives->items[i];
		size_t at = i;

		for (; at; at--) {
			struct drive *before = drives->items[at - 1];

			if (before->size <= drive->size)
				break;
			drives->items[at] = before;
		}
		drives->items[at] = drive;
	}
}

static size_t pair_others(
    struct pairs *pairs, struct list *from, struct list *to)
{
	pair_those(pairs, from, to, is_alike);
	sort_by_size(from);
	sort_by_size(to);
	pair_those(pairs, from, to, is_tagged_alike);
	pair_those(pairs, from, to, is_big_enough);
	return to->count;
}

static const char *boot_method(const struct node *node)
{
	return node->bios_boot_method ? node->bios_boot_method : "None";
}

/* Pairs the disks of both; else *fault is said (new). */
static bool pair_disks(struct pairs *pairs, const struct node *from,
    const struct node *to, char **fault)
{
	struct drive *boot = maas_boot_drive(to);
	const struct drive *its = maas_boot_drive(from);
	struct list here = others(from), there = others(to);
	size_t wanted = here.count, left;

	if (strcmp(to->architecture, from->architecture) != 0)
		*fault = xasprintf("node architectures do not match (%s != %s)",
		    to->architecture, from->architecture);
	else if (strcmp(boot_method(to), boot_method(from)) != 0)
		*fault = xasprintf("node boot methods do not match (%s != %s)",
		    boot_method(to), boot_method(from));
	else if (!boot)
		*fault = xstrdup(
		    "destination node has no physical block devices");
	else if (!its)
		*fault = xstrdup("source node has no physical block devices");
	else if (boot->size < its->size)
		*fault = xasprintf("destination boot disk(%s) is smaller than "
		                   "source boot disk(%s)",
		    boot->name, its->name);
	else if (there.count < wanted)
		*fault = xasprintf("source node does not have enough physical "
		                   "block devices (%zu < %zu)",
		    there.count + 1, wanted + 1);
	if (!*fault) {
		pair(pairs, its, boot);
		left = pair_others(pairs, &here, &there);
		if (left)
			*fault = xasprintf(
			    "%zu destination node physical block devices do "
			    "not match the source nodes physical block devices",
			    left);
	}
	maas_list_clear(&here);
	maas_list_clear(&there);
	return !*fault;
}

char *maas_clone_fault(const struct node *from, const struct node *to)
{
	struct pairs *pairs = pairs_make(from);
	char *fault = NULL;

	pair_disks(pairs, from, to, &fault);
	pairs_free(pairs);
	return fault;
}

static void pair_virtual(struct pairs *pairs, const struct node *from)
{
	struct drive *drive;

	list_for_each (drive, &from->drives) {
		for (size_t i = 0; i < pairs->groups; i++)
			if (drive->group &&
			    pairs->from_group[i] == drive->group)
				pair(pairs, drive,
				    maas_drive_virtual(pairs->to_group[i],
				        drive->name, drive->size));
	}
}

static void clone_specials(const struct node *from, struct node *to)
{
	struct special *special;

	while (to->specials.count)
		maas_special_drop(to, to->specials.items[0]);
	list_for_each (special, &from->specials) {
		if (!special->acquired)
			maas_special_copy(to, special);
	}
}

void maas_storage_clone(const struct node *from, struct node *to)
{
	struct pairs *pairs = pairs_make(from);
	struct drive *drive;
	char *fault = NULL;

	/* Those that the form has seen; one disk may be named twice. */
	if (pair_disks(pairs, from, to, &fault)) {
		maas_storage_wipe(to);
		copy_groups(pairs, from, to);
		pair_virtual(pairs, from);
		list_for_each (drive, &from->drives) {
			if (drive_for(pairs, drive))
				copy_drive(
				    pairs, drive, drive_for(pairs, drive));
		}
		clone_specials(from, to);
	}
	free(fault);
	pairs_free(pairs);
}
