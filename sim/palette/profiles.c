/*
 * profiles: what a cluster is to be made of, written down once.
 *
 *	draft -> published (and again: a new draft, published later)
 *
 * A profile is a list of packs. A cluster takes the published packs of its
 * profiles at the moment in which it is ordered or told to, and may override
 * each of them in its own packValues. Where packs come from (registries) is
 * not modelled: a pack is what the profile says of it. A profile that a
 * cluster names and that does not exist here counts for nothing but its
 * packValues.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

#define FIRST_VERSION "1.0.0"

static struct profile *profile_find(struct palette *palette, const char *uid)
{
	for (size_t i = 0; *uid && i < palette->profile_count; i++)
		if (!palette->profiles[i]->is_removed &&
		    strcmp(palette->profiles[i]->meta.uid, uid) == 0)
			return palette->profiles[i];
	return NULL;
}

void profile_free(struct profile *profile)
{
	meta_free(&profile->meta);
	free(profile->version);
	free(profile->type);
	json_decref(profile->draft);
	json_decref(profile->published);
	json_decref(profile->variables);
	free(profile);
}

static bool is_visible(
    const struct request *request, const struct profile *profile)
{
	return !*profile->project_uid || !request->project ||
	       strcmp(profile->project_uid, request->project->meta.uid) == 0;
}

static struct profile *request_profile(struct request *request)
{
	struct profile *profile = profile_find(
	    request->palette, request->params[0]);

	if (profile && is_visible(request, profile))
		return profile;
	refuse_absent(request, "cluster profile", request->params[0]);
	return NULL;
}

/* ---- what a cluster gets ---- */

static bool has_pack(const json_t *packs, const char *name)
{
	for (size_t i = 0; i < json_array_size(packs); i++)
		if (strcmp(jstr(json_array_get(packs, i), "name"), name) == 0)
			return true;
	return false;
}

/* Its own values first; of the profile's packs those that it leaves alone. */
static void complete(struct palette *palette, json_t *entry)
{
	const struct profile *profile = profile_find(
	    palette, jstr(entry, "uid"));
	json_t *own = jget(entry, "packValues"), *pack;
	size_t i;

	if (!json_is_object(entry))
		return;
	if (!json_is_array(own)) {
		jset(entry, "packValues", json_array());
		own = jget(entry, "packValues");
	}
	if (!profile || !profile->published)
		return;
	json_array_foreach(
	    profile->published, i, pack) if (!has_pack(own, jstr(pack, "name")))
	    json_array_append_new(own, json_deep_copy(pack));
}

json_t *profiles_resolve(struct palette *palette, const json_t *given)
{
	json_t *list = json_is_array(given) ? json_deep_copy(given)
	                                    : json_array();
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) complete(palette, entry);
	return list;
}

void check_profiles(
    struct request *request, const json_t *given, struct complaints *list)
{
	for (size_t i = 0; i < json_array_size(given); i++) {
		const struct profile *profile = profile_find(
		    request->palette, jstr(json_array_get(given, i), "uid"));

		if (profile && !profile->published)
			complain(list, "ClusterProfileNotPublished", "",
			    "cluster profile %.60s is not published",
			    profile->meta.name);
	}
}

/* ---- taking a template ---- */

static json_t *pack_json(const json_t *given)
{
	static const char *const types[] = { "spectro", "helm", "manifest",
		"oci" };
	const char *type = types[0];

	for (size_t i = 0; i < 4; i++)
		if (strcmp(jstr(given, "type"), types[i]) == 0)
			type = types[i];
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "name",
	    jstr(given, "name"), "layer",
	    pack_layer(jstr(given, "name"), jstr(given, "layer")), "tag",
	    jstr(given, "tag"), "type", type, "values", jstr(given, "values"),
	    "packUid", jstr(given, "uid"), "registryUid",
	    jstr(given, "registryUid"));
}

/* NULL: refused already. */
static json_t *packs_json(struct request *request)
{
	const json_t *given = jget(request->body, "spec.template.packs");
	json_t *packs = json_array();

	for (size_t i = 0; i < json_array_size(given); i++) {
		const json_t *pack = json_array_get(given, i);

		if (!*jstr(pack, "name") ||
		    has_pack(packs, jstr(pack, "name"))) {
			refuse(request, 400, "InvalidClusterProfile",
			    "pack %zu of the template has no name of its own",
			    i + 1);
			json_decref(packs);
			return NULL;
		}
		json_array_append_new(packs, pack_json(pack));
	}
	return packs;
}

static const char *type_of(const json_t *body)
{
	static const char *const types[] = { "cluster", "infra", "add-on",
		"system" };

	for (size_t i = 0; i < 4; i++)
		if (strcmp(jstr(body, "spec.template.type"), types[i]) == 0)
			return types[i];
	return types[0];
}

static struct profile *named(
    struct request *request, const char *name, const char *version)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->profile_count; i++) {
		struct profile *profile = palette->profiles[i];

		if (!profile->is_removed && is_visible(request, profile) &&
		    strcmp(profile->meta.name, name) == 0 &&
		    strcmp(profile->version, version) == 0)
			return profile;
	}
	return NULL;
}

static void publish(struct profile *profile)
{
	if (!profile->draft)
		return;
	json_decref(profile->published);
	profile->published = profile->draft;
	profile->draft = NULL;
}

static struct profile *profile_new(struct request *request, const char *name,
    const char *version, json_t *packs)
{
	struct palette *palette = request->palette;
	struct profile *profile = xcalloc(1, sizeof(*profile));
	const json_t *variables = jget(request->body, "spec.variables");

	meta_init(palette, &profile->meta, "clusterprofile", name);
	meta_take(&profile->meta, jget(request->body, "metadata"));
	if (request->project)
		memcpy(
		    profile->project_uid, request->project->meta.uid, UID_ROOM);
	jsets(profile->meta.annotations, "scope",
	    request->project ? "project" : "tenant");
	profile->version = xstrdup(version);
	profile->type = xstrdup(type_of(request->body));
	profile->draft = packs;
	profile->variables = json_is_array(variables)
	                         ? json_deep_copy(variables)
	                         : json_array();
	PUSH(palette->profiles, palette->profile_count, profile);
	return profile;
}

/* ---- operations ---- */

static bool refuse_taken(
    struct request *request, const char *name, const char *version)
{
	if (!named(request, name, version))
		return false;
	refuse(request, 409, "ClusterProfileAlreadyExists",
	    "there is already a cluster profile %.80s of version %.40s", name,
	    version);
	return true;
}

void op_profile_create(struct request *request)
{
	const char *name = jstr(request->body, "metadata.name");
	const char *version = jstr(request->body, "spec.version");
	struct profile *profile;
	json_t *packs;

	if (!*version)
		version = FIRST_VERSION;
	if (!*name) {
		refuse(request, 400, "InvalidClusterProfile",
		    "a cluster profile needs a metadata.name");
		return;
	}
	if (refuse_taken(request, name, version))
		return;
	packs = packs_json(request);
	if (!packs)
		return;
	profile = profile_new(request, name, version, packs);
	if (request_query_is(request, "publish", "true"))
		publish(profile);
	answer_uid(request, profile->meta.uid);
}

void op_profile_name(struct request *request)
{
	char *name = request_query(request, "name");
	char *version = request_query(request, "version");

	if (!refuse_taken(request, name, *version ? version : FIRST_VERSION))
		answer_empty(request, 204);
	free(name);
	free(version);
}

static bool is_used_by(
    const struct profile *profile, const struct cluster *cluster)
{
	if (cluster->state == CLUSTER_DELETED)
		return false;
	for (size_t i = 0; i < json_array_size(cluster->profiles); i++)
		if (strcmp(jstr(json_array_get(cluster->profiles, i), "uid"),
		        profile->meta.uid) == 0)
			return true;
	return false;
}

static json_t *users_json(
    const struct palette *palette, const struct profile *profile)
{
	json_t *uids = json_array();

	for (size_t i = 0; i < palette->cluster_count; i++)
		if (is_used_by(profile, palette->clusters[i]))
			json_array_append_new(
			    uids, json_string(palette->clusters[i]->meta.uid));
	return uids;
}

static json_t *template_json(const struct profile *profile, const json_t *packs)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:O}", "cloudType", "maas",
	    "name", profile->meta.name, "type", profile->type, "uid",
	    profile->meta.uid, "version", 1, "profileVersion", profile->version,
	    "packs", packs);
}

static json_t *versions_json(const struct profile *profile)
{
	return json_pack("[{s:s,s:s}]", "uid", profile->meta.uid, "version",
	    profile->version);
}

/* Terraform reads spec.published without looking: it is always there. */
static json_t *profile_json(
    const struct palette *palette, const struct profile *profile)
{
	json_t *none = json_array();
	json_t *doc = json_pack("{s:s,s:s,s:o,s:{s:o,s:s,s:o},s:{s:b,s:o}}",
	    "apiVersion", "v1", "kind", "clusterprofile", "metadata",
	    meta_json(&profile->meta), "spec", "published",
	    template_json(
	        profile, profile->published ? profile->published : none),
	    "version", profile->version, "versions", versions_json(profile),
	    "status", "isPublished", profile->published != NULL,
	    "inUseClusterUids", users_json(palette, profile));

	if (profile->draft)
		jset(doc, "spec.draft", template_json(profile, profile->draft));
	json_decref(none);
	return doc;
}

void op_profile(struct request *request)
{
	struct profile *profile = request_profile(request);

	if (profile)
		answer_json(
		    request, 200, profile_json(request->palette, profile));
}

void op_profile_update(struct request *request)
{
	struct profile *profile = request_profile(request);
	json_t *packs;

	if (!profile)
		return;
	packs = packs_json(request);
	if (!packs)
		return;
	json_decref(profile->draft);
	profile->draft = packs;
	meta_touch(request->palette, &profile->meta);
	answer_empty(request, 204);
}

void op_profile_metadata(struct request *request)
{
	struct profile *profile = request_profile(request);

	if (!profile)
		return;
	meta_take(&profile->meta, jget(request->body, "metadata"));
	if (*jstr(request->body, "spec.version"))
		text_set(
		    &profile->version, jstr(request->body, "spec.version"));
	meta_touch(request->palette, &profile->meta);
	answer_empty(request, 204);
}

void op_profile_publish(struct request *request)
{
	struct profile *profile = request_profile(request);

	if (!profile)
		return;
	publish(profile);
	meta_touch(request->palette, &profile->meta);
	answer_empty(request, 204);
}

void op_profile_delete(struct request *request)
{
	struct profile *profile = request_profile(request);
	json_t *users;
	size_t count;

	if (!profile)
		return;
	users = users_json(request->palette, profile);
	count = json_array_size(users);
	json_decref(users);
	if (count > 0) {
		refuse(request, 500, "DeletionResourceInUseError",
		    "cluster profile %s is in use by %zu cluster%s",
		    profile->meta.name, count, count == 1 ? "" : "s");
		return;
	}
	profile->is_removed = true;
	answer_empty(request, 204);
}

void op_profile_variables(struct request *request)
{
	struct profile *profile = request_profile(request);

	if (profile)
		answer_json(request, 200,
		    json_pack("{s:O}", "variables", profile->variables));
}

/* ---- the dashboard ---- */

typedef json_t *show_fn(
    const struct palette *palette, const struct profile *profile);

static json_t *shown(struct request *request, show_fn *show)
{
	struct palette *palette = request->palette;
	json_t *items = json_array();

	for (size_t i = 0; i < palette->profile_count; i++)
		if (!palette->profiles[i]->is_removed &&
		    is_visible(request, palette->profiles[i]))
			json_array_append_new(
			    items, show(palette, palette->profiles[i]));
	return items;
}

static json_t *metadata_json(
    const struct palette *palette, const struct profile *profile)
{
	(void)palette;
	return json_pack("{s:{s:s,s:s},s:{s:s,s:s}}", "metadata", "name",
	    profile->meta.name, "uid", profile->meta.uid, "spec", "cloudType",
	    "maas", "version", profile->version);
}

static json_t *summary_json(
    const struct palette *palette, const struct profile *profile)
{
	return json_pack("{s:o,s:{s:s,s:o},s:{s:b,s:o}}", "metadata",
	    meta_json(&profile->meta), "specSummary", "version",
	    profile->version, "versions", versions_json(profile), "status",
	    "isPublished", profile->published != NULL, "inUseClusterUids",
	    users_json(palette, profile));
}

void op_profiles_metadata(struct request *request)
{
	answer_json(request, 200,
	    json_pack("{s:o}", "items", shown(request, metadata_json)));
}

void op_profiles_list(struct request *request)
{
	answer_list(request, shown(request, summary_json));
}

void op_profile_summary(struct request *request)
{
	struct profile *profile = request_profile(request);

	if (profile)
		answer_json(
		    request, 200, summary_json(request->palette, profile));
}
