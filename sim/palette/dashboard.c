/*
 * dashboard: the pages over all clusters, and the search language.
 *
 * A search is a tree of two levels: groups of filters, each joined by and/or.
 * Modelled are the properties below, with conditions on strings and booleans;
 * anything else is refused by name rather than ignored.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/palette/nouns.h"

static bool is_shown(
    const struct request *request, const struct cluster *cluster)
{
	return !cluster->is_dropped &&
	       (!request->project || strcmp(cluster->project_uid,
	                                 request->project->meta.uid) == 0);
}

void op_dashboard_metadata(struct request *request)
{
	struct palette *palette = request->palette;
	json_t *items = json_array();

	for (size_t i = 0; i < palette->cluster_count; i++)
		if (is_shown(request, palette->clusters[i]) &&
		    palette->clusters[i]->state != CLUSTER_DELETED)
			json_array_append_new(
			    items, meta_json(&palette->clusters[i]->meta));
	answer_json(request, 200, json_pack("{s:o}", "items", items));
}

void op_dashboard_cluster(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (cluster)
		answer_json(request, 200, cluster_overview_json(cluster));
}

/* ---- properties ---- */

typedef const char *text_of_fn(const struct cluster *cluster);

static const char *name_of(const struct cluster *cluster)
{
	return cluster->meta.name;
}

static const char *uid_of(const struct cluster *cluster)
{
	return cluster->meta.uid;
}

static const char *state_of(const struct cluster *cluster)
{
	return cluster_state_name(cluster->state);
}

static const char *environment_of(const struct cluster *cluster)
{
	(void)cluster;
	return "maas";
}

static const char *deleted_of(const struct cluster *cluster)
{
	return cluster->state == CLUSTER_DELETED ? "true" : "false";
}

static const char *project_of(const struct cluster *cluster)
{
	return cluster->project_uid;
}

static const char *account_of(const struct cluster *cluster)
{
	return cluster->account->meta.name;
}

static const struct property {
	const char *name;
	text_of_fn *text_of;
} properties[] = {
	{ "clusterName", name_of },
	{ "clusterUid", uid_of },
	{ "clusterState", state_of },
	{ "healthState", cluster_health },
	{ "environment", environment_of },
	{ "isDeleted", deleted_of },
	{ "projectUid", project_of },
	{ "cloudAccountName", account_of },
};

static const struct property *property_named(const char *name)
{
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (strcmp(properties[i].name, name) == 0)
			return &properties[i];
	return NULL;
}

/* ---- conditions ---- */

static bool is_or(const json_t *doc)
{
	return strcmp(jstr(doc, "conjunction"), "or") == 0;
}

static bool text_meets(
    const char *text, const char *value, const char *how, bool no_case)
{
	size_t len = strlen(value);

	if (strcmp(how, "contains") == 0)
		return no_case ? strcasestr(text, value) != NULL
		               : strstr(text, value) != NULL;
	if (strcmp(how, "beginsWith") == 0)
		return no_case ? strncasecmp(text, value, len) == 0
		               : strncmp(text, value, len) == 0;
	return no_case ? strcasecmp(text, value) == 0
	               : strcmp(text, value) == 0;
}

static bool string_holds(const char *text, const json_t *condition)
{
	const json_t *match = jget(condition, "match");
	const json_t *values = jget(match, "values");
	const char *how = jstr(condition, "operator");
	bool no_case = jbool(condition, "ignoreCase");
	bool any = is_or(match) || json_array_size(values) < 2;
	bool holds = !any;

	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *value = json_string_value(
		    json_array_get(values, i));
		bool meets = value && text_meets(text, value, how, no_case);

		holds = any ? holds || meets : holds && meets;
	}
	return holds != jbool(condition, "negation");
}

static bool filter_holds(const struct cluster *cluster, const json_t *filter)
{
	const struct property *property = property_named(
	    jstr(filter, "property"));
	const json_t *condition = jget(filter, "condition.string");
	const char *text;

	check(property); /* unknown_in() has seen to it */
	text = property->text_of(cluster);
	if (condition)
		return string_holds(text, condition);
	return (strcmp(text, "true") == 0) ==
	       jbool(filter, "condition.bool.value");
}

static bool group_holds(const struct cluster *cluster, const json_t *group)
{
	const json_t *filters = jget(group, "filters");
	bool any = is_or(group);

	for (size_t i = 0; i < json_array_size(filters); i++)
		if (filter_holds(cluster, json_array_get(filters, i)) == any)
			return any;
	return !any || json_array_size(filters) == 0;
}

static bool search_holds(const struct cluster *cluster, const json_t *filter)
{
	const json_t *groups = jget(filter, "filterGroups");
	bool any = is_or(filter);

	for (size_t i = 0; i < json_array_size(groups); i++)
		if (group_holds(cluster, json_array_get(groups, i)) == any)
			return any;
	return !any || json_array_size(groups) == 0;
}

/* Names the first thing that is not modelled; NULL if all of it is. */
static const char *unknown_in(const json_t *filter)
{
	const json_t *groups = jget(filter, "filterGroups");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *filters = jget(
		    json_array_get(groups, i), "filters");

		for (size_t j = 0; j < json_array_size(filters); j++) {
			const json_t *f = json_array_get(filters, j);

			if (!property_named(jstr(f, "property")))
				return jstr(f, "property");
			if (!jhas(f, "condition.string") &&
			    !jhas(f, "condition.bool"))
				return "a condition that is neither string "
				       "nor bool";
		}
	}
	return NULL;
}

/* ---- order ---- */

static const char *sort_key(const struct cluster *cluster, const char *field)
{
	const struct property *property = property_named(field);

	return property ? property->text_of(cluster) : cluster->meta.name;
}

static int compare(
    const struct cluster *a, const struct cluster *b, const char *field)
{
	if (strcmp(field, "creationTimestamp") == 0)
		return (a->meta.created_time > b->meta.created_time) -
		       (a->meta.created_time < b->meta.created_time);
	if (strcmp(field, "lastModifiedTimestamp") == 0)
		return (a->meta.modified_time > b->meta.modified_time) -
		       (a->meta.modified_time < b->meta.modified_time);
	return strcmp(sort_key(a, field), sort_key(b, field));
}

/* Stable, so that equal ones stay in the order of their birth. */
static void sort(struct cluster **list, size_t count, const json_t *by)
{
	const char *field = jstr(by, "field");
	int sign = strcmp(jstr(by, "order"), "desc") == 0 ? -1 : 1;

	for (size_t i = 1; *field && i < count; i++) {
		struct cluster *cluster = list[i];
		size_t at = i;

		while (at > 0 &&
		       sign * compare(list[at - 1], cluster, field) > 0) {
			list[at] = list[at - 1];
			at--;
		}
		list[at] = cluster;
	}
}

void op_dashboard_search(struct request *request)
{
	struct palette *palette = request->palette;
	const json_t *filter = jget(request->body, "filter");
	const char *unknown = unknown_in(filter);
	struct cluster **found;
	json_t *items;
	size_t count = 0;

	if (unknown) {
		refuse(request, 400, "InvalidSearchFilter",
		    "searching by \"%.60s\" is not modelled", unknown);
		return;
	}
	found = xcalloc(palette->cluster_count + 1, sizeof(struct cluster *));
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (is_shown(request, palette->clusters[i]) &&
		    search_holds(palette->clusters[i], filter))
			found[count++] = palette->clusters[i];
	sort(found, count, jget(request->body, "sort[0]"));
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, cluster_summary_json(found[i]));
	free(found);
	answer_list(request, items);
}
