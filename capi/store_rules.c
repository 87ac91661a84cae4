#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "capi/store_inside.h"

/* RFC 1123 subdomain: labels of a-z, 0-9 and '-', joined by dots. */
static bool is_subdomain(const char *name)
{
	char before = '.';

	if (strlen(name) > 253)
		return false;
	for (; *name; before = *name++) {
		bool edge = before == '.' || !name[1] || name[1] == '.';

		if (*name == '.' ? before == '.' || before == '-'
		                 : *name == '-')
			if (*name == '.' || edge)
				return false;
		if (!islower((unsigned char)*name) &&
		    !isdigit((unsigned char)*name) && *name != '-' &&
		    *name != '.')
			return false;
	}
	return before != '.';
}

bool rules_name(
    const struct kind_info *kind, const char *name, struct api_status *status)
{
	/* Roles are named by path segments: "system:node". */
	if (strcmp(kind->group, "rbac.authorization.k8s.io") == 0 &&
	    !strpbrk(name, "/%") && *name)
		return true;
	if (is_subdomain(name))
		return true;
	return refuse_invalid(status, kind, name, "FieldValueInvalid",
	    "metadata.name",
	    "Invalid value: \"%s\": a lowercase RFC 1123 subdomain must "
	    "consist of lower case alphanumeric characters, '-' or '.', and "
	    "must start and end with an alphanumeric character",
	    name);
}

static bool bad_request(struct api_status *status, const struct kind_info *kind,
    const char *fmt, const char *a, const char *b)
{
	return store_refuse(status, 400, "BadRequest", kind, NULL,
	    "%s (%s) does not match %s", fmt, a, b);
}

bool rules_shape(const struct kind_info *kind, const char *ns, const char *name,
    const json_t *obj, struct api_status *status)
{
	const char *said_kind = jstr(obj, "kind");
	const char *said_version = jstr(obj, "apiVersion");
	const char *said_name = jstr(obj, "metadata.name");
	const char *said_ns = jstr(obj, "metadata.namespace");
	char version[96];

	kind_api_version(kind, version, sizeof(version));
	if (!json_is_object(obj) ||
	    (jhas(obj, "metadata") && !json_is_object(jget(obj, "metadata"))))
		return store_refuse(status, 400, "BadRequest", kind, NULL,
		    "the body of the request is not an object");
	if (*said_kind && strcmp(said_kind, kind->kind) != 0)
		return bad_request(status, kind, "the kind in the data",
		    said_kind, kind->kind);
	if (*said_version && strcmp(said_version, version) != 0)
		return bad_request(status, kind, "the API version in the data",
		    said_version, "the expected API version");
	if (name && *said_name && strcmp(said_name, name) != 0)
		return bad_request(status, kind, "the name of the object",
		    said_name, "the name on the URL");
	if (*said_ns && kind->namespaced && strcmp(said_ns, ns) != 0)
		return bad_request(status, kind,
		    "the namespace of the provided object", said_ns,
		    "the namespace sent on the request");
	return true;
}

static bool owner_field(const struct kind_info *kind, const json_t *obj,
    const json_t *ref, const char *field, struct api_status *status)
{
	char path[80];

	if (*jstr(ref, field))
		return true;
	snprintf(path, sizeof(path), "metadata.ownerReferences.%s", field);
	return refuse_invalid(status, kind, jstr(obj, "metadata.name"),
	    "FieldValueInvalid", path,
	    "Invalid value: \"\": %s must not be empty", field);
}

static bool owner_references(
    const struct kind_info *kind, const json_t *obj, struct api_status *status)
{
	static const char *const fields[] = { "apiVersion", "kind", "name",
		"uid" };
	const json_t *refs = jget(obj, "metadata.ownerReferences");
	size_t controllers = 0;

	for (size_t i = 0; i < json_array_size(refs); i++) {
		const json_t *ref = json_array_get(refs, i);

		for (size_t f = 0; f < 4; f++)
			if (!owner_field(kind, obj, ref, fields[f], status))
				return false;
		controllers += jbool(ref, "controller");
	}
	if (controllers <= 1)
		return true;
	return refuse_invalid(status, kind, jstr(obj, "metadata.name"),
	    "FieldValueInvalid", "metadata.ownerReferences",
	    "Invalid value: only one reference can have controller set to "
	    "true, and here it is %zu",
	    controllers);
}

static bool texts(const struct kind_info *kind, const json_t *obj,
    const char *path, struct api_status *status)
{
	json_t *map = jget(obj, path);
	const char *key;
	json_t *value;

	if (map && !json_is_object(map) && !json_is_null(map))
		return store_refuse(status, 400, "BadRequest", kind, NULL,
		    "%s is not a map of texts", path);
	json_object_foreach(map, key, value)
	{
		if (!json_is_string(value))
			return store_refuse(status, 400, "BadRequest", kind,
			    NULL, "%s: the value of \"%s\" is not a text", path,
			    key);
	}
	return true;
}

bool rules_metadata(
    const struct kind_info *kind, const json_t *obj, struct api_status *status)
{
	return texts(kind, obj, "metadata.labels", status) &&
	       texts(kind, obj, "metadata.annotations", status) &&
	       owner_references(kind, obj, status);
}

static bool holds(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i))
		               ? json_string_value(json_array_get(list, i))
		               : "",
		        text) == 0)
			return true;
	return false;
}

/* While an object is being deleted its finalizers may only become fewer. */
bool rules_finalizers(const struct kind_info *kind, const json_t *old,
    const json_t *now, struct api_status *status)
{
	const json_t *before = jget(old, "metadata.finalizers");
	const json_t *after = jget(now, "metadata.finalizers");

	if (!jhas(old, "metadata.deletionTimestamp"))
		return true;
	for (size_t i = 0; i < json_array_size(after); i++) {
		const char *text = json_string_value(json_array_get(after, i));

		if (text && !holds(before, text))
			return refuse_invalid(status, kind,
			    jstr(now, "metadata.name"), "FieldValueForbidden",
			    "metadata.finalizers",
			    "Forbidden: no new finalizers can be added if the "
			    "object is being deleted, found new finalizers "
			    "[]string{\"%s\"}",
			    text);
	}
	return true;
}

static void secret_defaults(json_t *obj)
{
	json_t *texts_of = json_object_get(obj, "stringData");
	const char *key;
	json_t *value;

	if (!*jstr(obj, "type"))
		jsets(obj, "type", "Opaque");
	if (!json_is_object(texts_of))
		return;
	if (!json_is_object(json_object_get(obj, "data")))
		json_object_set_new(obj, "data", json_object());
	json_object_foreach(texts_of, key, value)
	{
		struct buf coded = BUF_INIT;

		if (json_is_string(value))
			buf_add_base64(&coded, json_string_value(value),
			    json_string_length(value));
		json_object_set_new(json_object_get(obj, "data"), key,
		    json_string(buf_text(&coded)));
		buf_free(&coded);
	}
	json_object_del(obj, "stringData");
}

void rules_defaults(const struct kind_info *kind, json_t *obj)
{
	if (strcmp(kind->kind, "Secret") == 0)
		secret_defaults(obj);
}
