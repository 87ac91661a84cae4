#include "capi/rest.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/rest_inside.h"

#define MERGE_PATCH "application/merge-patch+json"

struct ask { /* one request, taken apart */
	struct store *store;
	const char *method, *target, *content_type;
	const json_t *body;
	struct rest_path path;
	struct api_status status;
	int code;
};

/* Objects are values (store_inside.h): an answer only holds them. */
static json_t *hold(const json_t *obj)
{
	return json_incref((json_t *)(uintptr_t)obj);
}

static json_t *method_not_allowed(struct ask *ask)
{
	store_refuse(&ask->status, 405, "MethodNotAllowed", ask->path.kind,
	    NULL,
	    "the server does not allow this method on the requested resource");
	return NULL;
}

/* ---- lists ---- */

struct listing {
	json_t *items;
	const char *fields;
};

static bool list_one(void *ctx, const json_t *obj)
{
	struct listing *listing = ctx;

	if (rest_fields_match(listing->fields, obj))
		json_array_append_new(listing->items, hold(obj));
	return true;
}

static json_t *list_document(struct ask *ask, json_t *items)
{
	char version[96], number[32], kind[96];

	kind_api_version(ask->path.kind, version, sizeof(version));
	snprintf(kind, sizeof(kind), "%sList", ask->path.kind->kind);
	snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)store_version(ask->store));
	return json_pack("{s:s s:s s:{s:s} s:o}", "kind", kind, "apiVersion",
	    version, "metadata", "resourceVersion", number, "items", items);
}

static json_t *do_list(struct ask *ask)
{
	char *labels = http_query(ask->target, "labelSelector");
	char *fields = http_query(ask->target, "fieldSelector");
	struct listing listing = { NULL, fields };
	json_t *made = NULL;

	if (rest_fields_known(fields, &ask->status)) {
		listing.items = json_array();
		store_each(ask->store, ask->path.kind->kind, ask->path.ns,
		    labels, list_one, &listing);
		made = list_document(ask, listing.items);
	}
	free(labels);
	free(fields);
	return made;
}

/* ---- single objects ---- */

static json_t *do_get(struct ask *ask)
{
	const json_t *obj = store_get(
	    ask->store, ask->path.kind->kind, ask->path.ns, ask->path.name);

	if (!obj)
		refuse_not_found(&ask->status, ask->path.kind, ask->path.name);
	return obj ? hold(obj) : NULL;
}

static bool has_object(struct ask *ask)
{
	const char *type = ask->content_type;

	if (type && strncmp(type, "application/json", 16) != 0)
		return store_refuse(&ask->status, 415, "UnsupportedMediaType",
		    ask->path.kind, NULL,
		    "the body of the request was in an unknown format (%s): "
		    "this server reads application/json",
		    type);
	if (json_is_object(ask->body))
		return true;
	return store_refuse(&ask->status, 400, "BadRequest", ask->path.kind,
	    NULL, "the body of the request is not a JSON object");
}

static json_t *do_create(struct ask *ask)
{
	const json_t *made;

	if (!has_object(ask))
		return NULL;
	if (ask->path.kind->namespaced && !ask->path.ns)
		return method_not_allowed(ask);
	made = store_create(ask->store, ask->path.kind->kind, ask->path.ns,
	    ask->body, &ask->status);
	ask->code = 201;
	return made ? hold(made) : NULL;
}

static bool is_status(const struct ask *ask)
{
	return ask->path.sub != NULL;
}

static json_t *do_update(struct ask *ask)
{
	const json_t *made;

	if (!has_object(ask))
		return NULL;
	made = store_update(ask->store, ask->path.kind->kind, ask->path.ns,
	    ask->path.name, ask->body, is_status(ask), &ask->status);
	return made ? hold(made) : NULL;
}

static json_t *do_patch(struct ask *ask)
{
	const char *type = ask->content_type ? ask->content_type : "nothing";
	const json_t *made;

	if (strncmp(type, MERGE_PATCH, strlen(MERGE_PATCH)) != 0) {
		store_refuse(&ask->status, 415, "UnsupportedMediaType",
		    ask->path.kind, NULL,
		    "the patch is of type %s: this server applies "
		    "application/merge-patch+json",
		    type);
		return NULL;
	}
	made = store_patch(ask->store, ask->path.kind->kind, ask->path.ns,
	    ask->path.name, ask->body, is_status(ask), &ask->status);
	return made ? hold(made) : NULL;
}

static json_t *success(const struct ask *ask, const char *uid)
{
	return json_pack("{s:s s:s s:{} s:s s:{s:s s:s s:s s:s}}", "kind",
	    "Status", "apiVersion", "v1", "metadata", "status", "Success",
	    "details", "name", ask->path.name, "group", ask->path.kind->group,
	    "kind", ask->path.kind->plural, "uid", uid);
}

static bool is_background(struct ask *ask)
{
	char *asked = http_query(ask->target, "propagationPolicy");
	const char *policy = asked ? asked
	                           : jstr(ask->body, "propagationPolicy");
	bool is = !*policy || strcmp(policy, "Background") == 0;

	if (!is)
		store_refuse(&ask->status, 400, "BadRequest", ask->path.kind,
		    ask->path.name,
		    "propagationPolicy %s is not modelled here: only "
		    "Background is",
		    policy);
	free(asked);
	return is;
}

static json_t *do_delete(struct ask *ask)
{
	const char *uid = jstr(ask->body, "preconditions.uid");
	const json_t *left = store_get(
	    ask->store, ask->path.kind->kind, ask->path.ns, ask->path.name);
	char *had = xstrdup(left ? jstr(left, "metadata.uid") : "");
	json_t *made = NULL;

	if (is_background(ask) &&
	    store_delete(ask->store, ask->path.kind->kind, ask->path.ns,
	        ask->path.name, *uid ? uid : NULL, &left, &ask->status))
		made = left ? hold(left) : success(ask, had);
	free(had);
	return made;
}

/* A drain asks for a pod to go; there are no disruption budgets here. */
static json_t *do_evict(struct ask *ask)
{
	json_t *made;

	ask->body = jget(ask->body, "deleteOptions");
	made = do_delete(ask);
	json_decref(made);
	ask->code = 201;
	return made ? json_pack("{s:s s:s s:{} s:s s:i}", "kind", "Status",
	                  "apiVersion", "v1", "metadata", "status", "Success",
	                  "code", 201)
	            : NULL;
}

/* ---- which of them ---- */

enum place {
	COLLECTION,
	OBJECT,
	STATUS,
	EVICTION,
	APPROVAL,
	PLACES
};
static const struct {
	enum place place;
	const char *method;
	json_t *(*run)(struct ask *ask);
} verbs[] = {
	{ COLLECTION, "GET", do_list },
	{ COLLECTION, "POST", do_create },
	{ OBJECT, "GET", do_get },
	{ OBJECT, "PUT", do_update },
	{ OBJECT, "PATCH", do_patch },
	{ OBJECT, "DELETE", do_delete },
	{ STATUS, "GET", do_get },
	{ STATUS, "PUT", do_update },
	{ STATUS, "PATCH", do_patch },
	{ APPROVAL, "GET", do_get },
	{ APPROVAL, "PUT", do_update },
	{ APPROVAL, "PATCH", do_patch },
	{ EVICTION, "POST", do_evict },
};

static enum place place_of(const struct rest_path *path)
{
	if (!path->kind)
		return PLACES;
	if (!path->name)
		return COLLECTION;
	if (!path->sub)
		return OBJECT;
	if (strcmp(path->sub, "status") == 0)
		return STATUS;
	if (strcmp(path->sub, "eviction") == 0 &&
	    strcmp(path->kind->kind, "Pod") == 0)
		return EVICTION;
	if (strcmp(path->sub, "approval") == 0 &&
	    strcmp(path->kind->kind, "CertificateSigningRequest") == 0)
		return APPROVAL;
	return PLACES;
}

static json_t *run(struct ask *ask)
{
	enum place place = place_of(&ask->path);
	char *dry = http_query(ask->target, "dryRun");
	bool is_dry = dry != NULL;

	free(dry);
	if (place == PLACES) {
		store_refuse(&ask->status, 404, "NotFound", NULL, NULL,
		    "the server could not find the requested resource");
		return NULL;
	}
	if (is_dry) {
		store_refuse(&ask->status, 400, "BadRequest", ask->path.kind,
		    NULL, "dryRun is not modelled here");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (verbs[i].place == place &&
		    strcmp(verbs[i].method, ask->method) == 0)
			return verbs[i].run(ask);
	return method_not_allowed(ask);
}

json_t *rest_answer(struct store *store, const char *method, const char *target,
    const char *content_type, const json_t *body, int *code)
{
	struct ask ask = { store, method, target, content_type, body,
		.code = 200 };
	json_t *made = NULL;

	if (strcmp(method, "GET") == 0)
		made = rest_discovery(target);
	rest_path_parse(&ask.path, target);
	if (!made)
		made = run(&ask);
	if (!made) {
		check(ask.status.code);
		made = api_status_json(&ask.status);
		ask.code = ask.status.code;
	}
	*code = ask.code;
	rest_path_free(&ask.path);
	api_status_free(&ask.status);
	return made;
}

static bool is_health(const struct http_request *request)
{
	static const char *const paths[] = { "/healthz", "/livez", "/readyz" };
	char *path = http_path(request->target);
	bool is = false;

	for (size_t i = 0; i < 3; i++)
		is = is || strcmp(path, paths[i]) == 0;
	free(path);
	return is && strcmp(request->method, "GET") == 0;
}

static void answer_status(
    struct http_response *response, struct api_status *status)
{
	http_response_json(response, status->code, api_status_json(status));
	api_status_free(status);
}

void rest_handle(struct store *store, const struct rest_user *user,
    const struct http_request *request, struct http_response *response)
{
	struct api_status status = { 0 };
	json_t *body = NULL, *made;
	struct err err;
	int code;

	(void)user; /* no rule of ours depends on who is asking */
	if (is_health(request)) {
		http_response_text(response, 200, "text/plain", "ok");
		return;
	}
	if (request->body.len) {
		body = json_parse(request->body.data, request->body.len, &err);
		/* A body in another format is judged by its type. */
		if (!body && request->body.data[0] == '{') {
			store_refuse(&status, 400, "BadRequest", NULL, NULL,
			    "the body of the request cannot be read: %s",
			    err.text);
			answer_status(response, &status);
			return;
		}
	}
	made = rest_answer(store, request->method, request->target,
	    http_header(&request->headers, "Content-Type"), body, &code);
	http_response_json(response, code, made);
	http_header_set(
	    &response->headers, "Cache-Control", "no-cache, private");
	json_decref(body);
}
