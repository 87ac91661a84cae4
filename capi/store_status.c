#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/store_inside.h"

void kind_resource(const struct kind_info *kind, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", kind->plural, kind->group[0] ? "." : "",
	    kind->group);
}

void api_status_free(struct api_status *status)
{
	json_decref(status->causes);
	memset(status, 0, sizeof(*status));
}

static void set_details(json_t *details, const struct api_status *status)
{
	if (status->name[0])
		jsets(details, "name", status->name);
	if (status->group[0])
		jsets(details, "group", status->group);
	if (status->plural[0])
		jsets(details, "kind", status->plural);
	if (status->causes)
		json_object_set(details, "causes", status->causes);
}

json_t *api_status_json(const struct api_status *status)
{
	json_t *doc = json_object(), *details = json_object();

	check(status->code);
	jsets(doc, "kind", "Status");
	jsets(doc, "apiVersion", "v1");
	jset(doc, "metadata", json_object());
	jsets(doc, "status", "Failure");
	jsets(doc, "message", status->message);
	jsets(doc, "reason", status->reason);
	set_details(details, status);
	jset(doc, "details", details);
	jseti(doc, "code", status->code);
	return doc;
}

static void begin(struct api_status *status, int code, const char *reason,
    const struct kind_info *kind, const char *name)
{
	api_status_free(status);
	status->code = code;
	snprintf(status->reason, sizeof(status->reason), "%s", reason);
	snprintf(status->name, sizeof(status->name), "%s", name ? name : "");
	if (!kind)
		return;
	snprintf(status->group, sizeof(status->group), "%s", kind->group);
	snprintf(status->plural, sizeof(status->plural), "%s", kind->plural);
}

bool store_refuse(struct api_status *status, int code, const char *reason,
    const struct kind_info *kind, const char *name, const char *fmt, ...)
{
	va_list ap;

	begin(status, code, reason, kind, name);
	va_start(ap, fmt);
	vsnprintf(status->message, sizeof(status->message), fmt, ap);
	va_end(ap);
	return false;
}

bool refuse_not_found(
    struct api_status *status, const struct kind_info *kind, const char *name)
{
	char resource[128];

	kind_resource(kind, resource, sizeof(resource));
	return store_refuse(status, 404, "NotFound", kind, name,
	    "%s \"%s\" not found", resource, name);
}

bool refuse_conflict(struct api_status *status, const struct kind_info *kind,
    const char *name, const char *why)
{
	char resource[128];

	kind_resource(kind, resource, sizeof(resource));
	return store_refuse(status, 409, "Conflict", kind, name,
	    "Operation cannot be fulfilled on %s \"%s\": %s", resource, name,
	    why);
}

bool refuse_invalid(struct api_status *status, const struct kind_info *kind,
    const char *name, const char *cause, const char *field, const char *fmt,
    ...)
{
	char why[300];
	json_t *row = json_object();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	store_refuse(status, 422, "Invalid", kind, name,
	    "%s%s%s \"%s\" is invalid: %s: %s", kind->kind,
	    kind->group[0] ? "." : "", kind->group, name, field, why);
	jsets(row, "reason", cause);
	jsets(row, "message", why);
	jsets(row, "field", field);
	status->causes = json_array();
	json_array_append_new(status->causes, row);
	return false;
}
