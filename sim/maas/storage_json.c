#include "sim/maas/storage.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/ask.h"
#include "sim/maas/node.h"

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *names_json(const struct names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(list, json_string(names->items[i]));
	return list;
}

/* "480.0 GB": thousands, one decimal. */
static json_t *human_size(int64_t bytes)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB", "PB" };
	double number = (double)bytes;
	size_t unit = 0;
	char *text;
	json_t *json;

	if (number < 1000) {
		text = xasprintf("%lld bytes", (long long)bytes);
	} else {
		for (number /= 1000; number >= 1000 && unit < 4; unit++)
			number /= 1000;
		text = xasprintf("%.1f %s", number, units[unit]);
	}
	json = json_string(text);
	free(text);
	return json;
}

static json_t *filesystem_json(const struct filesystem *filesystem)
{
	if (!filesystem)
		return json_null();
	return json_pack("{s:s, s:o, s:s, s:o, s:o}", "fstype",
	    filesystem->fstype, "label", text_or_null(filesystem->label),
	    "uuid", filesystem->uuid, "mount_point",
	    text_or_null(filesystem->mount_point), "mount_options",
	    text_or_null(filesystem->mount_options));
}

/* ---- what a part is used for ---- */

/* The names of the bcaches that are built with it. */
static char *cache_use(const struct cache_set *cache)
{
	struct buf text = BUF_INIT;
	struct storage_group *group;

	list_for_each (group, &cache->node->groups) {
		if (group->cache == cache)
			buf_addf(&text, "%s%s",
			    text.len ? ", " : "Cache device for ", group->name);
	}
	if (!text.len)
		buf_adds(&text, "Unmounted bcache-cache formatted filesystem");
	return buf_detach(&text);
}

static char *member_use(const struct filesystem *filesystem)
{
	const struct storage_group *group = filesystem->group;
	bool spare = strcmp(filesystem->fstype, "raid-spare") == 0;

	switch (group->kind) {
	case GROUP_VOLUMES:
		return xasprintf("LVM volume for %s", group->name);
	case GROUP_RAID:
		return xasprintf("%s %s device for %s",
		    spare ? "Spare" : "Active", group->type, group->name);
	case GROUP_BCACHE:
		return xasprintf("Backing device for %s", group->name);
	case GROUP_DATASTORE:
		return xasprintf("VMFS extent for %s", group->name);
	}
	unreachable("a group of no kind");
}

static char *use_of(const struct part *part)
{
	const struct filesystem *filesystem = maas_part_filesystem(part);
	size_t count = part->drive->partitions.count;

	if (filesystem && filesystem->group)
		return member_use(filesystem);
	if (filesystem && filesystem->cache)
		return cache_use(filesystem->cache);
	if (filesystem && filesystem->mount_point)
		return xasprintf("%s formatted filesystem mounted at %s",
		    filesystem->fstype, filesystem->mount_point);
	if (filesystem)
		return xasprintf(
		    "Unmounted %s formatted filesystem", filesystem->fstype);
	if (!part->partition && part->drive->table)
		return xasprintf("%s partitioned with %zu partition%s",
		    part->drive->table, count, count == 1 ? "" : "s");
	return xstrdup("Unused");
}

/* ---- partitions and drives ---- */

static char *path_of(const struct part *part)
{
	char *name = maas_part_name(part);
	char *path = xasprintf("/dev/disk/by-dname/%s", name);

	free(name);
	return path;
}

json_t *maas_partition_json(struct partition *partition)
{
	const struct drive *drive = partition->drive;
	const char *node = drive->node->system_id;
	struct part part = maas_part_of(partition);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/nodes/%s/blockdevices/%lld/partition/%lld", node,
	    (long long)drive->id, (long long)partition->id);
	char *path = path_of(&part), *use = use_of(&part);
	json_t *json = json_pack("{s:s, s:I, s:b, s:o, s:I, s:s, s:s, s:s, "
	                         "s:s, s:I, s:o, s:s}",
	    "uuid", partition->uuid, "size", (json_int_t)partition->size,
	    "bootable", partition->bootable, "tags",
	    names_json(&partition->tags), "device_id", (json_int_t)drive->id,
	    "system_id", node, "type", "partition", "path", path, "used_for",
	    use, "id", (json_int_t)partition->id, "filesystem",
	    filesystem_json(maas_part_filesystem(&part)), "resource_uri", uri);

	free(uri);
	free(path);
	free(use);
	check(json);
	return json;
}

static json_t *partitions_json(const struct drive *drive, int64_t *used)
{
	json_t *list = json_array();
	struct partition *partition;

	list_for_each (partition, &drive->partitions) {
		*used += partition->size;
		json_array_append_new(list, maas_partition_json(partition));
	}
	return list;
}

static void set_sizes(json_t *json, const struct part *part, int64_t used)
{
	const struct drive *drive = part->drive;
	int64_t available = 0;

	if (drive->table) {
		/* the table itself counts as used */
		used += (strcmp(drive->table, "MBR") == 0 ? 4 : 5) * MIB;
		available = maas_drive_available(drive);
	} else if (maas_part_filesystem(part)) {
		used = drive->size;
	} else {
		available = drive->size;
	}
	json_object_set_new(json, "used_size", json_integer(used));
	json_object_set_new(json, "available_size", json_integer(available));
}

json_t *maas_drive_json(struct drive *drive)
{
	const char *node = drive->node->system_id;
	struct part part = maas_part_drive(drive);
	char *uri = xasprintf("/MAAS/api/2.0/nodes/%s/blockdevices/%lld/", node,
	    (long long)drive->id);
	char *path = path_of(&part), *use = use_of(&part);
	char *name = maas_drive_name(drive);
	int64_t used = 0;
	json_t *partitions = partitions_json(drive, &used);
	json_t *json = json_pack(
	    "{s:o, s:o, s:o, s:s, s:s, s:s, s:n, s:o, s:I, s:I, "
	    "s:o, s:o, s:o, s:s, s:o, s:s, s:I, s:o, s:o, s:s}",
	    "firmware_version", text_or_null(drive->firmware), "serial",
	    text_or_null(drive->serial), "id_path",
	    text_or_null(drive->id_path), "system_id", node, "type",
	    drive->group ? "virtual" : "physical", "used_for", use,
	    "storage_pool", "model", text_or_null(drive->model), "block_size",
	    (json_int_t)drive->block_size, "id", (json_int_t)drive->id,
	    "numa_node", drive->group ? json_null() : json_integer(0),
	    "partitions", partitions, "partition_table_type",
	    text_or_null(drive->table), "name", name, "uuid",
	    text_or_null(drive->uuid), "path", path, "size",
	    (json_int_t)drive->size, "tags", names_json(&drive->tags),
	    "filesystem", filesystem_json(maas_part_filesystem(&part)),
	    "resource_uri", uri);

	check(json);
	set_sizes(json, &part, used);
	free(uri);
	free(path);
	free(use);
	free(name);
	return json;
}

json_t *maas_part_json(const struct part *part)
{
	return part->partition ? maas_partition_json(part->partition)
	                       : maas_drive_json(part->drive);
}

json_t *maas_drives_json(
    const struct node *node, enum drive_kind kind, bool of_list)
{
	json_t *list = json_array();
	struct drive *drive;

	list_for_each (drive, &node->drives) {
		json_t *json;

		if (kind != DRIVES_ALL &&
		    (drive->group != NULL) != (kind == DRIVES_VIRTUAL))
			continue;
		json = maas_drive_json(drive);
		/* its own list leaves the firmware out */
		if (of_list)
			json_object_del(json, "firmware_version");
		json_array_append_new(list, json);
	}
	return list;
}

/* ---- groups ---- */

static json_t *members_json(
    const struct storage_group *group, const char *fstype)
{
	struct part *parts = maas_parts(group->node);
	json_t *list = json_array();

	for (struct part *part = parts; part->drive; part++) {
		const struct filesystem *is = maas_part_planned(part);

		if (is->group == group &&
		    (!fstype || strcmp(is->fstype, fstype) == 0))
			json_array_append_new(list, maas_part_json(part));
	}
	free(parts);
	return list;
}

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static void set_volumes(json_t *json, const struct storage_group *group)
{
	int64_t size = maas_group_size(group), used = maas_group_used(group);
	json_t *volumes = json_array();
	struct drive *drive;

	list_for_each (drive, &group->node->drives) {
		if (drive->group == group)
			json_array_append_new(volumes, maas_drive_json(drive));
	}
	set(json, "devices", members_json(group, NULL));
	set(json, "logical_volumes", volumes);
	set(json, "available_size", json_integer(size - used));
	set(json, "human_available_size", human_size(size - used));
	set(json, "used_size", json_integer(used));
	set(json, "human_used_size", human_size(used));
}

static void set_raid(json_t *json, const struct storage_group *group)
{
	set(json, "level", json_string(group->type));
	set(json, "devices", members_json(group, "raid"));
	set(json, "spare_devices", members_json(group, "raid-spare"));
	set(json, "virtual_device", maas_drive_json(maas_group_drive(group)));
}

static void set_bcache(json_t *json, const struct storage_group *group)
{
	json_t *members = members_json(group, NULL);

	set(json, "cache_mode", text_or_null(group->cache_mode));
	set(json, "cache_set", maas_cache_set_json(group->cache));
	set(json, "backing_device", json_incref(json_array_get(members, 0)));
	set(json, "virtual_device", maas_drive_json(maas_group_drive(group)));
	json_decref(members);
}

static void set_datastore(json_t *json, const struct storage_group *group)
{
	const struct filesystem *is = &maas_group_drive(group)->planned;

	set(json, "devices", members_json(group, NULL));
	set(json, "filesystem",
	    json_pack("{s:s, s:o}", "fstype", is->fstype, "mount_point",
	        text_or_null(is->mount_point)));
}

static const struct group_form {
	const char *path;
	void (*set)(json_t *json, const struct storage_group *group);
} forms[] = {
	[GROUP_VOLUMES] = { "volume-group", set_volumes },
	[GROUP_RAID] = { "raid", set_raid },
	[GROUP_BCACHE] = { "bcache", set_bcache },
	[GROUP_DATASTORE] = { "vmfs-datastore", set_datastore },
};

json_t *maas_group_json(const struct storage_group *group)
{
	const char *node = group->node->system_id;
	char *uri = xasprintf("/MAAS/api/2.0/nodes/%s/%s/%lld/", node,
	    forms[group->kind].path, (long long)group->id);
	int64_t size = maas_group_size(group);
	json_t *json = json_pack("{s:s, s:I, s:s, s:s, s:I, s:o, s:s}",
	    "system_id", node, "id", (json_int_t)group->id, "uuid", group->uuid,
	    "name", group->name, "size", (json_int_t)size, "human_size",
	    human_size(size), "resource_uri", uri);

	check(json);
	forms[group->kind].set(json, group);
	free(uri);
	return json;
}

json_t *maas_cache_set_json(const struct cache_set *cache)
{
	const char *node = cache->node->system_id;
	char *uri = xasprintf("/MAAS/api/2.0/nodes/%s/bcache-cache-set/%lld/",
	    node, (long long)cache->id);
	char *name = maas_cache_set_name(cache);
	struct part part = maas_cache_set_part(cache);
	json_t *json = json_pack("{s:s, s:I, s:s, s:o, s:s}", "system_id", node,
	    "id", (json_int_t)cache->id, "name", name, "cache_device",
	    part.drive ? maas_part_json(&part) : json_null(), "resource_uri",
	    uri);

	check(json);
	free(uri);
	free(name);
	return json;
}

/* ---- as a machine names them ---- */

static json_t *reference(const struct node *node, int64_t id)
{
	return json_pack("{s:s, s:I, s:b}", "system_id", node->system_id, "id",
	    (json_int_t)id, "__incomplete__", 1);
}

json_t *maas_groups_json(const struct node *node, enum group_kind kind)
{
	json_t *list = json_array();
	struct storage_group *group;

	list_for_each (group, &node->groups) {
		if (group->kind == kind)
			json_array_append_new(list, reference(node, group->id));
	}
	return list;
}

json_t *maas_cache_sets_json(const struct node *node)
{
	json_t *list = json_array();
	struct cache_set *cache;

	list_for_each (cache, &node->cache_sets)
		json_array_append_new(list, reference(node, cache->id));
	return list;
}

json_t *maas_specials_json(const struct node *node)
{
	json_t *list = json_array();
	struct special *special;

	list_for_each (special, &node->specials) {
		if (special->acquired == maas_storage_acquired(node))
			json_array_append_new(list,
			    json_pack("{s:s, s:n, s:n, s:s, s:o}", "fstype",
			        special->fstype, "label", "uuid", "mount_point",
			        special->mount_point, "mount_options",
			        text_or_null(special->mount_options)));
	}
	return list;
}
