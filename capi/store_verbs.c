/*
 * What clients do to objects. Each verb makes the object as it shall be, asks
 * the rules, and hands it to store_commit.
 */
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/store_inside.h"

/* No vowels and nothing that looks like something else. */
#define NAME_ALPHABET "bcdfghjklmnpqrstvwxz2456789"

static const struct kind_info *known_kind(
    const char *kind, struct api_status *status)
{
	const struct kind_info *info = kind_named(kind);

	if (!info)
		store_refuse(status, 404, "NotFound", NULL, NULL,
		    "the server could not find the requested resource");
	return info;
}

static json_t *own_metadata(json_t *obj)
{
	json_t *metadata = json_object_get(obj, "metadata");

	metadata = json_is_object(metadata) ? json_copy(metadata)
	                                    : json_object();
	json_object_set_new(obj, "metadata", metadata);
	return metadata;
}

static void make_uid(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name, char out[40])
{
	uint8_t b[16];

	choose_bytes(store->host->choices, b, sizeof(b), "%s: uid of %s/%s/%s",
	    store->host->name, kind->kind, ns, name);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 40,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

/* A metadata.generateName becomes a name that is free. */
static void make_name(struct store *store, const struct kind_info *kind,
    const char *ns, json_t *metadata)
{
	const char *prefix = jstr(metadata, "generateName");
	char suffix[6], *name;

	if (*jstr(metadata, "name") || !*prefix)
		return;
	for (;;) {
		choose_text(store->host->choices, suffix, 5, NAME_ALPHABET,
		    "%s: name of %s/%s/%s", store->host->name, kind->kind, ns,
		    prefix);
		name = xasprintf("%s%s", prefix, suffix);
		if (!store_find(store, kind, ns, name))
			break;
		free(name);
	}
	json_object_set_new(metadata, "name", json_string(name));
	free(name);
}

static bool namespace_is_open(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name, struct api_status *status)
{
	const struct kind_info *spaces = kind_named("Namespace");
	const struct entry *space;
	char resource[128];
	json_t *cause;

	if (!kind->namespaced)
		return true;
	space = store_find(store, spaces, "", ns);
	if (!space)
		return refuse_not_found(status, spaces, ns);
	if (!jhas(space->obj, "metadata.deletionTimestamp"))
		return true;
	kind_resource(kind, resource, sizeof(resource));
	store_refuse(status, 403, "Forbidden", kind, name,
	    "%s \"%s\" is forbidden: unable to create new content in namespace "
	    "%s because it is being terminated",
	    resource, name, ns);
	cause = json_object();
	jsets(cause, "reason", "NamespaceTerminating");
	jsets(cause, "field", "metadata.namespace");
	status->causes = json_array();
	json_array_append_new(status->causes, cause);
	return false;
}

static void stamp_new(struct store *store, const struct kind_info *kind,
    const char *ns, json_t *obj)
{
	json_t *metadata = json_object_get(obj, "metadata");
	char uid[40], now[32], version[96];

	make_uid(store, kind, ns, jstr(metadata, "name"), uid);
	time_text(host_time(store->host), now);
	kind_api_version(kind, version, sizeof(version));
	jsets(obj, "apiVersion", version);
	jsets(obj, "kind", kind->kind);
	if (kind->namespaced)
		jsets(metadata, "namespace", ns);
	else
		json_object_del(metadata, "namespace");
	jsets(metadata, "uid", uid);
	jsets(metadata, "creationTimestamp", now);
	jseti(metadata, "generation", 1);
	json_object_del(metadata, "deletionTimestamp");
	json_object_del(metadata, "deletionGracePeriodSeconds");
	json_object_del(metadata, "managedFields");
	json_object_del(metadata, "selfLink");
	if (strcmp(kind->kind, "Node") != 0)
		json_object_del(obj, "status");
	if (strcmp(kind->kind, "Namespace") == 0)
		jsets(obj, "status.phase", "Active");
	if (strcmp(kind->kind, "Pod") == 0)
		jsets(obj, "status.phase", "Pending");
}

static bool may_create(struct store *store, const struct kind_info *kind,
    const char *ns, const json_t *obj, struct api_status *status)
{
	const char *name = jstr(obj, "metadata.name");
	char resource[128];

	if (!*name)
		return refuse_invalid(status, kind, "", "FieldValueRequired",
		    "metadata.name",
		    "Required value: name or generateName is required");
	if (!rules_name(kind, name, status))
		return false;
	if (*jstr(obj, "metadata.resourceVersion"))
		return store_refuse(status, 400, "BadRequest", kind, name,
		    "resourceVersion should not be set on objects to be "
		    "created");
	if (!namespace_is_open(store, kind, ns, name, status) ||
	    !rules_metadata(kind, obj, status))
		return false;
	if (!store_find(store, kind, ns, name))
		return true;
	kind_resource(kind, resource, sizeof(resource));
	return store_refuse(status, 409, "AlreadyExists", kind, name,
	    "%s \"%s\" already exists", resource, name);
}

const json_t *store_create(struct store *store, const char *kind,
    const char *ns, const json_t *obj, struct api_status *status)
{
	const struct kind_info *info = known_kind(kind, status);
	const json_t *made;
	json_t *now;

	if (!info)
		return NULL;
	ns = info->namespaced ? (ns ? ns : jstr(obj, "metadata.namespace"))
	                      : "";
	if (!rules_shape(info, ns, NULL, obj, status))
		return NULL;
	now = json_clone(obj);
	own_metadata(now);
	make_name(store, info, ns, json_object_get(now, "metadata"));
	if (!may_create(store, info, ns, now, status)) {
		json_decref(now);
		return NULL;
	}
	rules_defaults(info, now);
	stamp_new(store, info, ns, now);
	made = store_commit(
	    store, info, ns, jstr(now, "metadata.name"), now, status);
	if (made && jlen(made, "metadata.ownerReferences"))
		store_collect_soon(store);
	return made;
}

/* What is the server's in an object's metadata stays as it was. */
static void keep_server_fields(json_t *now, const json_t *old)
{
	static const char *const fields[] = { "name", "namespace", "uid",
		"creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "generation", "generateName",
		"resourceVersion" };
	json_t *metadata = own_metadata(now);

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_t *value = json_object_get(
		    json_object_get(old, "metadata"), fields[i]);

		if (value)
			json_object_set(metadata, fields[i], value);
		else
			json_object_del(metadata, fields[i]);
	}
	json_object_del(metadata, "managedFields");
	json_object_set(now, "apiVersion", json_object_get(old, "apiVersion"));
	json_object_set(now, "kind", json_object_get(old, "kind"));
}

static void take_status(json_t *now, const json_t *from)
{
	json_t *status = json_object_get(from, "status");

	if (status)
		json_object_set(now, "status", status);
	else
		json_object_del(now, "status");
}

/* Objects are values: parts that did not change are shared with the old. */
static void share_parts(json_t *now, json_t *old)
{
	const char *key;
	json_t *value;

	json_object_foreach(
	    old, key, value) if (json_equal(value, json_object_get(now, key)))
	    json_object_set(now, key, value);
}

static bool spec_differs(json_t *now, json_t *old)
{
	json_t *a = json_copy(now), *b = json_copy(old);
	bool differs;

	json_object_del(a, "metadata");
	json_object_del(b, "metadata");
	json_object_del(a, "status");
	json_object_del(b, "status");
	differs = !json_equal(a, b);
	json_decref(a);
	json_decref(b);
	return differs;
}

static bool precondition_holds(const struct kind_info *kind, const json_t *old,
    const json_t *next, struct api_status *status)
{
	const char *name = jstr(old, "metadata.name");
	const char *version = jstr(next, "metadata.resourceVersion");
	const char *uid = jstr(next, "metadata.uid");
	char why[200];

	if (!*version && !kind->builtin)
		return refuse_invalid(status, kind, name, "FieldValueInvalid",
		    "metadata.resourceVersion",
		    "Invalid value: 0x0: must be specified for an update");
	if (*version && strcmp(version, jstr(old, "metadata.resourceVersion")))
		return refuse_conflict(status, kind, name,
		    "the object has been modified; please apply your changes "
		    "to the latest version and try again");
	if (!*uid || strcmp(uid, jstr(old, "metadata.uid")) == 0)
		return true;
	snprintf(why, sizeof(why),
	    "Precondition failed: UID in precondition: %s, UID in object meta: "
	    "%s",
	    uid, jstr(old, "metadata.uid"));
	return refuse_conflict(status, kind, name, why);
}

/* Is it only waiting for its last finalizer, and has it none? */
static bool may_go(const struct kind_info *kind, const json_t *obj)
{
	return jhas(obj, "metadata.deletionTimestamp") &&
	       jlen(obj, "metadata.finalizers") == 0 &&
	       strcmp(kind->kind, "Namespace") != 0;
}

static const json_t *put(struct store *store, const struct kind_info *kind,
    struct entry *entry, json_t *now, struct api_status *status)
{
	json_t *old = entry->obj;
	bool owners_differ = !json_equal(jget(now, "metadata.ownerReferences"),
	    jget(old, "metadata.ownerReferences"));
	const json_t *made;

	if (!rules_metadata(kind, now, status) ||
	    !rules_finalizers(kind, old, now, status)) {
		json_decref(now);
		return NULL;
	}
	share_parts(now, old);
	if (json_equal(now, old)) {
		json_decref(now);
		return old;
	}
	if (spec_differs(now, old))
		jseti(own_metadata(now), "generation",
		    jint(old, "metadata.generation") + 1);
	if (may_go(kind, now)) {
		json_decref(now);
		now = NULL;
	}
	made = store_commit(store, kind, entry->ns, entry->name, now, status);
	if (made && now && owners_differ)
		store_collect_soon(store);
	return made;
}

/* next is ours: a whole object as the client wants it. */
static const json_t *replace(struct store *store, const struct kind_info *kind,
    struct entry *entry, json_t *next, bool status_only,
    struct api_status *status)
{
	json_t *now = next;

	if (!rules_shape(kind, entry->ns, entry->name, next, status) ||
	    !precondition_holds(kind, entry->obj, next, status)) {
		json_decref(next);
		return NULL;
	}
	if (status_only) {
		now = json_copy(entry->obj);
		take_status(now, next);
		json_decref(next);
	} else {
		rules_defaults(kind, now);
		keep_server_fields(now, entry->obj);
		take_status(now, entry->obj);
	}
	return put(store, kind, entry, now, status);
}

static struct entry *existing(struct store *store,
    const struct kind_info **kind, const char *kind_name, const char *ns,
    const char *name, struct api_status *status)
{
	struct entry *entry;

	*kind = known_kind(kind_name, status);
	if (!*kind)
		return NULL;
	entry = store_find(
	    store, *kind, (*kind)->namespaced && ns ? ns : "", name);
	if (!entry)
		refuse_not_found(status, *kind, name);
	return entry;
}

const json_t *store_update(struct store *store, const char *kind,
    const char *ns, const char *name, const json_t *obj, bool status_only,
    struct api_status *status)
{
	const struct kind_info *info;
	struct entry *entry = existing(store, &info, kind, ns, name, status);

	if (!entry)
		return NULL;
	return replace(
	    store, info, entry, json_clone(obj), status_only, status);
}

const json_t *store_patch(struct store *store, const char *kind, const char *ns,
    const char *name, const json_t *patch, bool status_only,
    struct api_status *status)
{
	const struct kind_info *info;
	struct entry *entry = existing(store, &info, kind, ns, name, status);
	json_t *next;

	if (!entry)
		return NULL;
	if (!json_is_object(patch)) {
		store_refuse(status, 400, "BadRequest", info, name,
		    "a merge patch is an object, and this is none");
		return NULL;
	}
	next = json_clone(entry->obj);
	json_merge_patch(&next, patch);
	if (json_is_object(next) && json_is_object(jget(next, "metadata")) &&
	    !*jstr(next, "metadata.resourceVersion"))
		jsets(next, "metadata.resourceVersion",
		    jstr(entry->obj, "metadata.resourceVersion"));
	return replace(store, info, entry, next, status_only, status);
}

static bool uid_agrees(const struct kind_info *kind, const json_t *obj,
    const char *uid, struct api_status *status)
{
	char why[200];

	if (!uid || !*uid || strcmp(uid, jstr(obj, "metadata.uid")) == 0)
		return true;
	snprintf(why, sizeof(why),
	    "Precondition failed: UID in precondition: %s, UID in object meta: "
	    "%s",
	    uid, jstr(obj, "metadata.uid"));
	return refuse_conflict(status, kind, jstr(obj, "metadata.name"), why);
}

/* It stays, marked: until its finalizers are gone, or the namespace empty. */
static const json_t *mark_deleted(struct store *store,
    const struct kind_info *kind, struct entry *entry,
    struct api_status *status)
{
	json_t *now = json_copy(entry->obj), *metadata;
	const json_t *made;
	char at[32];

	metadata = own_metadata(now);
	time_text(host_time(store->host), at);
	jsets(metadata, "deletionTimestamp", at);
	jseti(metadata, "deletionGracePeriodSeconds", 0);
	jseti(metadata, "generation", jint(metadata, "generation") + 1);
	if (strcmp(kind->kind, "Namespace") == 0) {
		json_object_set_new(now, "status", json_object());
		jsets(now, "status.phase", "Terminating");
	}
	made = store_commit(store, kind, entry->ns, entry->name, now, status);
	if (made)
		store_collect_soon(store);
	return made;
}

bool store_delete(struct store *store, const char *kind, const char *ns,
    const char *name, const char *uid, const json_t **left,
    struct api_status *status)
{
	const struct kind_info *info;
	struct entry *entry = existing(store, &info, kind, ns, name, status);

	if (left)
		*left = NULL;
	if (!entry || !uid_agrees(info, entry->obj, uid, status))
		return false;
	if (jlen(entry->obj, "metadata.finalizers") == 0 &&
	    strcmp(info->kind, "Namespace") != 0)
		return store_commit(store, info, entry->ns, entry->name, NULL,
		           status) != NULL;
	if (!jhas(entry->obj, "metadata.deletionTimestamp") &&
	    !mark_deleted(store, info, entry, status))
		return false;
	/* A watcher may have finished it off by now. */
	entry = store_find(store, info, info->namespaced && ns ? ns : "", name);
	if (left && entry)
		*left = entry->obj;
	return true;
}
