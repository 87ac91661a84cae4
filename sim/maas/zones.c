#include "sim/maas/zones.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/ask.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"

/* Zones and resource pools: names for where machines stand and whose they
 * are. They are alike but for who answers what when something is wrong. */

struct zone *maas_zone_find(const struct maas *maas, const char *name)
{
	struct zone *zone;

	list_for_each (zone, &maas->zones) {
		if (strcmp(zone->name, name) == 0)
			return zone;
	}
	return NULL;
}

struct zone *maas_zone_make(
    struct maas *maas, const char *name, const char *description)
{
	struct zone *zone = xcalloc(1, sizeof(*zone));

	zone->name = xstrdup(name);
	zone->description = xstrdup(description);
	maas_list_add(&maas->zones, zone);
	return zone;
}

json_t *maas_zone_json(const struct zone *zone)
{
	char *word = maas_python_quote(zone->name);
	char *uri = xasprintf("/MAAS/api/2.0/zones/%s/", word);
	json_t *json = json_pack("{s:s, s:s, s:I, s:s}", "name", zone->name,
	    "description", zone->description, "id", (json_int_t)zone->id,
	    "resource_uri", uri);

	free(word);
	free(uri);
	return json;
}

struct pool *maas_pool_find(const struct maas *maas, const char *name)
{
	struct pool *pool;

	list_for_each (pool, &maas->pools) {
		if (strcmp(pool->name, name) == 0)
			return pool;
	}
	return NULL;
}

struct pool *maas_pool_make(
    struct maas *maas, const char *name, const char *description)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->name = xstrdup(name);
	pool->description = xstrdup(description);
	maas_list_add(&maas->pools, pool);
	return pool;
}

json_t *maas_pool_json(const struct pool *pool)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/resourcepool/%lld/", (long long)pool->id);
	json_t *json = json_pack("{s:s, s:s, s:I, s:s}", "name", pool->name,
	    "description", pool->description, "id", (json_int_t)pool->id,
	    "resource_uri", uri);

	free(uri);
	return json;
}

/* A letter, a digit or an underscore, then also blanks and dashes; at most
 * 256 of them. Letters are those of any language. */
static void check_name(json_t *errors, const char *name)
{
	if (maas_letters(name) > 256)
		maas_error(
		    errors, "name", MAAS_TOO_LONG, 256, maas_letters(name));
	if (!maas_python_letter(name) || !maas_python_is_word(name, " -"))
		maas_error(errors, "name", "Enter a valid value.");
}

/* What create and update of either noun look at. Old: the thing's own name,
 * NULL when it is made. */
static bool read_name(struct ask *ask, const char *old, const char **name,
    bool taken, const char *noun)
{
	json_t *errors = json_object();

	*name = maas_stripped(ask, "name");
	if (!*name && old)
		*name = old;
	if (!*name || !**name)
		maas_error(errors, "name", "This field is required.");
	else
		check_name(errors, *name);
	if (taken && !json_object_size(errors) &&
	    (!old || strcmp(old, *name) != 0))
		maas_error(
		    errors, "name", "%s with this Name already exists.", noun);
	return maas_fine(ask, errors);
}

/* ---- zones/ ---- */

static int zone_order(const void *a, const void *b)
{
	const struct zone *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void maas_op_zones_list(struct ask *ask)
{
	struct list *zones = &ask->maas->zones;
	struct zone **sorted = xcalloc(zones->count, sizeof(*sorted));
	json_t *list = json_array();

	for (size_t i = 0; i < zones->count; i++)
		sorted[i] = zones->items[i];
	qsort(sorted, zones->count, sizeof(*sorted), zone_order);
	for (size_t i = 0; i < zones->count; i++)
		json_array_append_new(list, maas_zone_json(sorted[i]));
	free(sorted);
	maas_answer(ask, list);
}

void maas_op_zones_create(struct ask *ask)
{
	const char *name = maas_stripped(ask, "name");
	const char *description = maas_stripped(ask, "description");
	bool taken = name && maas_zone_find(ask->maas, name);

	if (!read_name(ask, NULL, &name, taken, "Physical zone"))
		return;
	maas_answer(ask, maas_zone_json(maas_zone_make(
	                     ask->maas, name, description ? description : "")));
}

static struct zone *zone_asked(struct ask *ask)
{
	struct zone *zone = maas_zone_find(ask->maas, ask->args[0]);

	if (!zone)
		maas_answer_missing(ask, "Zone");
	return zone;
}

void maas_op_zones_read(struct ask *ask)
{
	struct zone *zone = zone_asked(ask);

	if (zone)
		maas_answer(ask, maas_zone_json(zone));
}

static void touch_all(struct maas *maas)
{
	struct node *node;

	list_for_each (node, &maas->nodes)
		maas_node_touch(node);
}

void maas_op_zones_update(struct ask *ask)
{
	const char *name = maas_stripped(ask, "name");
	const char *description = maas_stripped(ask, "description");
	bool taken = name && maas_zone_find(ask->maas, name);
	struct zone *zone = zone_asked(ask);

	if (!zone || !read_name(ask, zone->name, &name, taken, "Physical zone"))
		return;
	maas_set_text(&zone->name, name);
	if (description)
		maas_set_text(&zone->description, description);
	touch_all(ask->maas);
	maas_answer(ask, maas_zone_json(zone));
}

/* What stood there goes to the zone called "default", which is made anew if
 * it was renamed. */
static void empty(struct maas *maas, const struct zone *zone)
{
	struct node *node;

	if (!maas_zone_find(maas, "default"))
		maas_zone_make(maas, "default", "");
	maas->default_zone = maas_zone_find(maas, "default");
	list_for_each (node, &maas->nodes) {
		if (node->zone == zone) {
			node->zone = maas->default_zone;
			maas_node_touch(node);
		}
	}
}

/* Deleting what is not there is fine: the handler ignores it. */
void maas_op_zones_delete(struct ask *ask)
{
	struct zone *zone = maas_zone_find(ask->maas, ask->args[0]);

	if (zone && strcmp(zone->name, "default") == 0) {
		maas_refuse(ask, 400,
		    "This zone is the default zone, it cannot be deleted.");
		return;
	}
	if (zone) {
		empty(ask->maas, zone);
		maas_list_remove(&ask->maas->zones, zone);
		free(zone->name);
		free(zone->description);
		free(zone);
	}
	maas_answer_gone(ask);
}

/* ---- resourcepools/, resourcepool/{id}/ ---- */

void maas_op_resourcepools_list(struct ask *ask)
{
	json_t *list = json_array();
	struct pool *pool;

	list_for_each (pool, &ask->maas->pools)
		json_array_append_new(list, maas_pool_json(pool));
	maas_answer(ask, list);
}

void maas_op_resourcepools_create(struct ask *ask)
{
	const char *name = maas_stripped(ask, "name");
	const char *description = maas_stripped(ask, "description");
	bool taken = name && maas_pool_find(ask->maas, name);

	if (!maas_is_admin(ask)) {
		maas_refuse(ask, 403, "%s", "");
		return;
	}
	if (!read_name(ask, NULL, &name, taken, "Resource pool"))
		return;
	maas_answer(ask, maas_pool_json(maas_pool_make(
	                     ask->maas, name, description ? description : "")));
}

static struct pool *pool_asked(struct ask *ask, bool to_change)
{
	struct pool *pool = maas_list_find(
	    &ask->maas->pools, maas_number(ask->args[0]));

	if (!pool)
		pool = maas_pool_find(ask->maas, ask->args[0]);
	if (!pool)
		maas_answer_missing(ask, "ResourcePool");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : pool;
}

void maas_op_resourcepools_read(struct ask *ask)
{
	struct pool *pool = pool_asked(ask, false);

	if (pool)
		maas_answer(ask, maas_pool_json(pool));
}

void maas_op_resourcepools_update(struct ask *ask)
{
	const char *name = maas_stripped(ask, "name");
	const char *description = maas_stripped(ask, "description");
	bool taken = name && maas_pool_find(ask->maas, name);
	struct pool *pool = pool_asked(ask, true);

	if (!pool || !read_name(ask, pool->name, &name, taken, "Resource pool"))
		return;
	maas_set_text(&pool->name, name);
	if (description)
		maas_set_text(&pool->description, description);
	touch_all(ask->maas);
	maas_answer(ask, maas_pool_json(pool));
}

void maas_op_resourcepools_delete(struct ask *ask)
{
	struct pool *pool = pool_asked(ask, true);
	struct node *node;

	if (!pool)
		return;
	if (pool == ask->maas->default_pool) {
		maas_refuse(ask, 400,
		    "This is the default pool, it cannot be deleted.");
		return;
	}
	list_for_each (node, &ask->maas->nodes) {
		if (node->pool == pool) {
			maas_refuse(ask, 400,
			    "Pool has machines in it, it cannot be "
			    "deleted.");
			return;
		}
	}
	maas_list_remove(&ask->maas->pools, pool);
	free(pool->name);
	free(pool->description);
	free(pool);
	maas_answer_gone(ask);
}
