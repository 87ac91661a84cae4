/*
 * zones: what machines are sorted by: availability zones, resource pools, tags.
 *
 * Names and hardly more. They are made by administrators, by an inventory or by
 * the first machine that is said to be in one; who removes one first moves or
 * unmarks what is in it. The default zone and the default pool (region.h) stay.
 */
#ifndef SIM_MAAS_ZONES_H
#define SIM_MAAS_ZONES_H

#include <jansson.h>
#include <stdint.h>

struct maas;

struct zone {
	int64_t id;
	char *name, *description;
};

struct pool {
	int64_t id;
	char *name, *description;
};

struct tag {
	int64_t id;
	char *name, *definition, *comment, *kernel_opts;
};

/* ---- zones.c ---- */
struct zone *maas_zone_find(const struct maas *maas, const char *name);
struct zone *maas_zone_make(
    struct maas *maas, const char *name, const char *description);
json_t *maas_zone_json(const struct zone *zone);
struct pool *maas_pool_find(const struct maas *maas, const char *name);
struct pool *maas_pool_make(
    struct maas *maas, const char *name, const char *description);
json_t *maas_pool_json(const struct pool *pool);

/* ---- tags.c ---- */
struct tag *maas_tag_find(const struct maas *maas, const char *name);
struct tag *maas_tag_make(struct maas *maas, const char *name);

#endif
