#include "sim/maas/storage_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/* Cache sets, and the slow devices that are made faster by one. */

static const char *const modes[] = { "writeback", "writethrough",
	"writearound" };

/* ---- cache sets ---- */

static struct cache_set *set_named(const struct node *node, const char *word)
{
	struct cache_set *cache;

	list_for_each (cache, &node->cache_sets) {
		char *name = maas_cache_set_name(cache);
		bool it = cache->id == maas_number(word) ||
		          strcmp(name, word) == 0;

		free(name);
		if (it)
			return cache;
	}
	return NULL;
}

static struct cache_set *set_asked(struct ask *ask, enum storage_right right)
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);
	struct cache_set *cache = node ? set_named(node, ask->args[1]) : NULL;

	if (!cache) {
		maas_answer_missing(ask, "CacheSet");
		return NULL;
	}
	return maas_storage_may(ask, node, right) ? cache : NULL;
}

void maas_op_bcache_cache_sets_list(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_VIEW);
	struct cache_set *cache;
	json_t *list;

	if (!node)
		return;
	list = json_array();
	list_for_each (cache, &node->cache_sets)
		json_array_append_new(list, maas_cache_set_json(cache));
	maas_answer(ask, list);
}

void maas_op_bcache_cache_sets_read(struct ask *ask)
{
	struct cache_set *cache = set_asked(ask, STORAGE_VIEW);

	if (cache)
		maas_answer(ask, maas_cache_set_json(cache));
}

static void read_cache_part(
    struct ask *ask, struct node *node, json_t *errors, struct chosen *chosen)
{
	maas_chosen_field(ask, errors, "cache_device", node, false,
	    maas_part_fits_free, NULL, chosen);
	maas_chosen_field(ask, errors, "cache_partition", node, true,
	    maas_part_fits_free, NULL, chosen);
	if (chosen->count > 1)
		maas_error(errors, "__all__",
		    "Cannot set both cache_device and cache_partition.");
}

void maas_op_bcache_cache_sets_create(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_ADMIN);
	struct chosen chosen = { 0 };
	json_t *errors;

	if (!node || !maas_storage_ready(
	                 ask, node, "create cache set because the machine"))
		return;
	errors = json_object();
	read_cache_part(ask, node, errors, &chosen);
	if (!chosen.count && !json_object_size(errors))
		maas_error(errors, "__all__",
		    "Either cache_device or cache_partition must be "
		    "specified.");
	if (maas_fine(ask, errors)) {
		struct part part = maas_part_bootable(&chosen.parts[0]);

		maas_answer(
		    ask, maas_cache_set_json(maas_cache_set_make(node, &part)));
	}
	maas_chosen_free(&chosen);
}

static void move_cache(struct cache_set *cache, struct part to)
{
	struct part from = maas_cache_set_part(cache);

	to = maas_part_bootable(&to);
	maas_filesystem_clear(maas_part_planned(&from));
	maas_filesystem_set(cache->node->maas, maas_part_planned(&to),
	    "bcache-cache", NULL, NULL);
	maas_part_planned(&to)->cache = cache;
}

void maas_op_bcache_cache_sets_update(struct ask *ask)
{
	struct cache_set *cache = set_asked(ask, STORAGE_ADMIN);
	struct chosen chosen = { 0 };
	json_t *errors;

	if (!cache || !maas_storage_ready(ask, cache->node,
	                  "update cache set because the machine"))
		return;
	errors = json_object();
	read_cache_part(ask, cache->node, errors, &chosen);
	if (maas_fine(ask, errors)) {
		if (chosen.count)
			move_cache(cache, chosen.parts[0]);
		maas_answer(ask, maas_cache_set_json(cache));
	}
	maas_chosen_free(&chosen);
}

static bool set_in_use(const struct cache_set *cache)
{
	struct storage_group *group;

	list_for_each (group, &cache->node->groups) {
		if (group->cache == cache)
			return true;
	}
	return false;
}

void maas_op_bcache_cache_sets_delete(struct ask *ask)
{
	struct cache_set *cache = set_asked(ask, STORAGE_ADMIN);

	if (!cache || !maas_storage_ready(ask, cache->node,
	                  "delete cache set because the machine"))
		return;
	if (set_in_use(cache)) {
		maas_refuse(ask, 400,
		    "Cannot delete cache set; it's currently in use.");
		return;
	}
	maas_cache_set_drop(cache);
	maas_answer_gone(ask);
}

/* ---- bcaches ---- */

static struct storage_group *asked(struct ask *ask, enum storage_right right)
{
	return maas_storage_group(ask, GROUP_BCACHE, "Bcache", right);
}

void maas_op_bcaches_list(struct ask *ask)
{
	maas_groups_answer(ask, GROUP_BCACHE);
}

void maas_op_bcaches_read(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_VIEW);

	if (group)
		maas_answer(ask, maas_group_json(group));
}

static struct cache_set *read_set(
    struct ask *ask, const struct node *node, json_t *errors, bool required)
{
	const char *word = maas_field(ask, "cache_set");
	struct cache_set *cache = word && *word ? set_named(node, word) : NULL;

	if (required)
		maas_required_field(ask, errors, "cache_set");
	if (word && *word && !cache)
		maas_error(errors, "cache_set",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    word);
	return cache;
}

static void read_backing(
    struct ask *ask, struct node *node, json_t *errors, struct chosen *chosen)
{
	maas_chosen_field(ask, errors, "backing_device", node, false,
	    maas_part_fits_free, NULL, chosen);
	maas_chosen_field(ask, errors, "backing_partition", node, true,
	    maas_part_fits_free, NULL, chosen);
	if (chosen->count > 1)
		maas_error(errors, "__all__",
		    "A Bcache can have either a backing device or "
		    "partition.");
}

static bool backing_ok(struct ask *ask, const struct part *part)
{
	const struct storage_group *from = part->drive->group;
	json_t *errors;

	if (!from || from->kind != GROUP_VOLUMES)
		return true;
	errors = json_object();
	maas_error(errors, "__all__",
	    "Bcache cannot use a logical volume as a backing device.");
	maas_refuse_model(ask, errors);
	return false;
}

struct storage_group *maas_bcache_make(
    struct cache_set *cache, const struct part *part, const char *mode)
{
	struct storage_group *group = maas_group_make(
	    cache->node, GROUP_BCACHE, "bcache");

	group->cache = cache;
	maas_set_text(&group->cache_mode, mode);
	maas_group_join(group, part, "bcache-backing");
	maas_group_resize(group);
	return group;
}

static void create(struct ask *ask, struct cache_set *cache, struct part part)
{
	struct storage_group *group;

	if (!backing_ok(ask, &part))
		return;
	part = maas_part_bootable(&part);
	group = maas_bcache_make(cache, &part, maas_field(ask, "cache_mode"));
	maas_group_words(ask, group);
	maas_group_resize(group);
	maas_answer(ask, maas_group_json(group));
}

void maas_op_bcaches_create(struct ask *ask)
{
	struct node *node = maas_storage_node(ask, STORAGE_ADMIN);
	struct chosen chosen = { 0 };
	struct cache_set *cache;
	json_t *errors;

	if (!node ||
	    !maas_storage_ready(ask, node, "create Bcache because the machine"))
		return;
	errors = json_object();
	maas_uuid_field(ask, errors);
	maas_choice_field(ask, errors, "cache_mode", true, modes, 3);
	cache = read_set(ask, node, errors, true);
	read_backing(ask, node, errors, &chosen);
	if (!chosen.count && !json_object_get(errors, "backing_device") &&
	    !json_object_get(errors, "backing_partition"))
		maas_error(errors, "__all__",
		    "Either backing_device or backing_partition must be "
		    "specified.");
	if (maas_fine(ask, errors))
		create(ask, cache, chosen.parts[0]);
	maas_chosen_free(&chosen);
}

static bool fits_member(const struct part *part, const void *of)
{
	return maas_part_planned(part)->group == of;
}

static void move_backing(struct storage_group *group, struct part to)
{
	struct part *parts = maas_parts(group->node);

	for (struct part *part = parts; part->drive; part++)
		if (fits_member(part, group))
			maas_filesystem_clear(maas_part_planned(part));
	free(parts);
	to = maas_part_bootable(&to);
	maas_group_join(group, &to, "bcache-backing");
}

void maas_op_bcaches_update(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);
	const char *mode = maas_field(ask, "cache_mode");
	struct chosen chosen = { 0 };
	struct cache_set *cache;
	json_t *errors;

	if (!group || !maas_storage_ready(ask, group->node,
	                  "update Bcache because the machine"))
		return;
	errors = json_object();
	maas_uuid_field(ask, errors);
	maas_choice_field(ask, errors, "cache_mode", false, modes, 3);
	cache = read_set(ask, group->node, errors, false);
	read_backing(ask, group->node, errors, &chosen);
	if (maas_fine(ask, errors) &&
	    (!chosen.count || backing_ok(ask, &chosen.parts[0]))) {
		if (chosen.count)
			move_backing(group, chosen.parts[0]);
		if (mode && *mode)
			maas_set_text(&group->cache_mode, mode);
		if (cache)
			group->cache = cache;
		maas_group_words(ask, group);
		maas_group_resize(group);
		maas_answer(ask, maas_group_json(group));
	}
	maas_chosen_free(&chosen);
}

void maas_op_bcaches_delete(struct ask *ask)
{
	struct storage_group *group = asked(ask, STORAGE_ADMIN);

	if (!group || !maas_storage_ready(ask, group->node,
	                  "delete Bcache because the machine"))
		return;
	maas_group_drop(group);
	maas_answer_gone(ask);
}
