#include "capi/reconcile.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/manager_parts.h"

#define BACK_OFF_MAX_FOR MINUTES(5)

/* ---- when to look again ---- */

void capi_look_again(struct reconcile *r, usec wait_for)
{
	if (wait_for < r->again_for)
		r->again_for = wait_for;
}

void capi_hold_for(struct reconcile *r, usec wait_for)
{
	usec until_at = loop_now(r->host->loop) + wait_for;

	if (until_at > r->item->not_before_at)
		r->item->not_before_at = until_at;
}

usec capi_jittered(struct reconcile *r, usec around_for, const char *what)
{
	return choose_range(r->host->choices, around_for * 4 / 5,
	    around_for * 6 / 5, "%s: %s %s: %s", r->host->name,
	    r->item->controller->kind, r->name, what);
}

static void back_off(struct reconcile *r, unsigned n)
{
	usec wait_for = n < 9 ? SECONDS(1) << n : BACK_OFF_MAX_FOR;

	if (wait_for > BACK_OFF_MAX_FOR)
		wait_for = BACK_OFF_MAX_FOR;
	capi_hold_for(r, capi_jittered(r, wait_for, "back-off"));
}

void capi_back_off(struct reconcile *r)
{
	back_off(r, r->item->failures++);
}

void capi_back_off_write(struct reconcile *r)
{
	back_off(r, r->item->refused++);
}

void capi_progress(struct reconcile *r)
{
	r->item->failures = 0;
}

unsigned failures_of(const struct reconcile *r)
{
	return r->item->failures;
}

void capi_wait_says(
    struct reconcile *r, const char *reason, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	r->waits = true;
	free(r->item->wait_reason);
	free(r->item->wait_sentence);
	r->item->wait_reason = xstrdup(reason);
	r->item->wait_sentence = xstrdup(buf_text(&text));
	buf_free(&text);
}

/* One line of an answer: MAAS's error pages are long. */
static char *short_text(const char *text)
{
	size_t len = strcspn(text ? text : "", "\r\n");

	return xstrndup(text ? text : "", len > 160 ? 160 : len);
}

void maas_trouble(
    struct reconcile *r, const struct maas_answer *answer, const char *what)
{
	char *text = short_text(answer->text);

	switch (answer->kind) {
	case MAAS_BUSY: /* the same call, when it says */
		capi_hold_for(r, answer->retry_after_for +
		                     capi_jittered(r, SECONDS(1), "retry"));
		break;
	case MAAS_DENIED:
		capi_back_off(r);
		if (answer->clock_ahead_for && failures_of(r) < 3)
			break; /* signed anew with MAAS's time */
		capi_wait_says(r, "MaasDenied",
		    "MAAS refuses to %s (%d %s): the account needs another "
		    "API key or more rights",
		    what, answer->status, text);
		break;
	case MAAS_OK: /* but not what was asked for */
	case MAAS_UNREACHED:
	case MAAS_UNKNOWN:
	case MAAS_FAILED:
		capi_back_off(r);
		if (failures_of(r) > 2)
			capi_wait_says(r, "MaasNotReachable",
			    "MAAS does not answer as it should to: %s (%s%s%s)",
			    what, maas_answer_name(answer->kind),
			    text[0] ? ": " : "", text);
		break;
	case MAAS_NO_CAPACITY:
	case MAAS_NOT_FOUND:
	case MAAS_REFUSED:
		capi_back_off(r);
		capi_wait_says(r, "MaasRefuses", "MAAS refuses to %s: %d %s",
		    what, answer->status, text);
		break;
	}
	free(text);
}

/* ---- memory ---- */

struct memory *capi_memory_of(struct reconcile *r)
{
	return &r->item->memory;
}

const char *maas_user(const struct reconcile *r)
{
	return r->manager->maas_user;
}

bool maas_user_is_admin(const struct reconcile *r)
{
	return r->manager->maas_user_is_admin;
}

void maas_user_set(struct reconcile *r, const char *user, bool is_admin)
{
	free(r->manager->maas_user);
	r->manager->maas_user = xstrdup(user);
	r->manager->maas_user_is_admin = is_admin;
}

/* ---- reading ---- */

const json_t *capi_find(
    const struct reconcile *r, const char *kind, const char *name)
{
	return cache_get(r->manager->cache, kind, r->ns, name);
}

struct each {
	const char *cluster;
	visit_fn *visit;
	void *ctx;
};

static bool each_visit(void *ctx, const json_t *obj)
{
	struct each *each = ctx;

	if (strcmp(capi_label_of(obj, CLUSTER_LABEL), each->cluster) == 0)
		each->visit(each->ctx, obj);
	return true;
}

void capi_each_of(
    const struct reconcile *r, const char *kind, visit_fn *visit, void *ctx)
{
	struct each each = { capi_cluster_name(r), visit, ctx };

	cache_each(r->manager->cache, kind, each_visit, &each);
}

const char *capi_cluster_name(const struct reconcile *r)
{
	return capi_name_of(r->cluster);
}

bool capi_is_deleting(const json_t *obj)
{
	return jstr(obj, "metadata.deletionTimestamp")[0] != '\0';
}

bool capi_cluster_deletes(const struct reconcile *r)
{
	return capi_is_deleting(r->cluster);
}

static const char *map_text(const json_t *obj, const char *map, const char *key)
{
	const char *text = json_string_value(
	    json_object_get(jget(obj, map), key));

	return text ? text : "";
}

const char *capi_label_of(const json_t *obj, const char *key)
{
	return map_text(obj, "metadata.labels", key);
}

const char *capi_note_of(const json_t *obj, const char *key)
{
	return map_text(obj, "metadata.annotations", key);
}

const char *capi_name_of(const json_t *obj)
{
	return jstr(obj, "metadata.name");
}

bool capi_is_control_plane(const json_t *obj)
{
	return json_object_get(
	           jget(obj, "metadata.labels"), CONTROL_PLANE_LABEL) != NULL;
}

static const json_t *owner_at(const json_t *obj, size_t i)
{
	return json_array_get(jget(obj, "metadata.ownerReferences"), i);
}

bool capi_owned_by(const json_t *obj, const json_t *owner)
{
	for (size_t i = 0; i < jlen(obj, "metadata.ownerReferences"); i++)
		if (strcmp(jstr(owner_at(obj, i), "uid"),
		        jstr(owner, "metadata.uid")) == 0)
			return true;
	return false;
}

const char *capi_owner_named(const json_t *obj, const char *kind)
{
	for (size_t i = 0; i < jlen(obj, "metadata.ownerReferences"); i++)
		if (strcmp(jstr(owner_at(obj, i), "kind"), kind) == 0)
			return jstr(owner_at(obj, i), "name");
	return "";
}

usec capi_created_time(const json_t *obj)
{
	usec time = 0;

	return time_parse(jstr(obj, "metadata.creationTimestamp"), &time) ? time
	                                                                  : 0;
}

/* ---- the workload cluster ---- */

bool workload_link_ready(const struct reconcile *r)
{
	return r->manager->workload.ready;
}

const json_t *workload_link_node(const struct reconcile *r, const char *name)
{
	struct cache *nodes = r->manager->workload.nodes;

	return nodes ? cache_get(nodes, "Node", NULL, name) : NULL;
}

void workload_link_nodes(
    const struct reconcile *r, bool (*visit)(void *, const json_t *), void *ctx)
{
	if (r->manager->workload.nodes)
		cache_each(r->manager->workload.nodes, "Node", visit, ctx);
}

/* ---- writing ---- */

bool capi_has_finalizer(const json_t *obj, const char *finalizer)
{
	for (size_t i = 0; i < jlen(obj, "metadata.finalizers"); i++)
		if (strcmp(json_string_value(json_array_get(
		               jget(obj, "metadata.finalizers"), i)),
		        finalizer) == 0)
			return true;
	return false;
}

bool capi_add_finalizer(
    struct reconcile *r, const json_t *obj, const char *finalizer)
{
	json_t *patch, *list;

	if (capi_has_finalizer(obj, finalizer))
		return false;
	patch = json_object();
	list = jhas(obj, "metadata.finalizers")
	           ? json_clone(jget(obj, "metadata.finalizers"))
	           : json_array();
	json_array_append_new(list, json_string(finalizer));
	jset(patch, "metadata.finalizers", list);
	act_patch(r, obj, NULL, patch);
	return true;
}

void capi_drop_finalizer(
    struct reconcile *r, const json_t *obj, const char *finalizer)
{
	json_t *patch = json_object(), *list = json_array();

	for (size_t i = 0; i < jlen(obj, "metadata.finalizers"); i++) {
		json_t *item = json_array_get(
		    jget(obj, "metadata.finalizers"), i);

		if (strcmp(json_string_value(item), finalizer) != 0)
			json_array_append(list, item);
	}
	jset(patch, "metadata.finalizers", list);
	act_patch(r, obj, NULL, patch);
}

json_t *capi_owner_ref(const json_t *owner, bool controller)
{
	json_t *ref = json_object();

	check(jstr(owner, "metadata.uid")[0]); /* I6 */
	jsets(ref, "apiVersion", jstr(owner, "apiVersion"));
	jsets(ref, "kind", jstr(owner, "kind"));
	jsets(ref, "name", capi_name_of(owner));
	jsets(ref, "uid", jstr(owner, "metadata.uid"));
	if (controller)
		jsetb(ref, "controller", true);
	jsetb(ref, "blockOwnerDeletion", true);
	return ref;
}

bool capi_adopt(struct reconcile *r, const json_t *obj, const json_t *owner,
    bool controller)
{
	json_t *patch, *list;

	if (capi_owned_by(obj, owner))
		return false;
	list = json_array();
	for (size_t i = 0; i < jlen(obj, "metadata.ownerReferences"); i++)
		if (!controller || !jbool(owner_at(obj, i), "controller"))
			json_array_append_new(
			    list, json_clone(owner_at(obj, i)));
	json_array_append_new(list, capi_owner_ref(owner, controller));
	patch = json_object();
	jset(patch, "metadata.ownerReferences", list);
	act_patch(r, obj, NULL, patch);
	return true;
}

json_t *capi_new_object(const struct reconcile *r, const char *kind,
    const char *name, const json_t *owner)
{
	const struct kind_info *info = kind_named(kind);
	json_t *object = json_object();
	char version[80];

	check(info);
	kind_api_version(info, version, sizeof(version));
	jsets(object, "apiVersion", version);
	jsets(object, "kind", kind);
	jsets(object, "metadata.name", name);
	jsets(object, "metadata.namespace", r->ns);
	jsets(
	    object, "metadata.labels[" CLUSTER_LABEL "]", capi_cluster_name(r));
	if (owner)
		jadd(object, "metadata.ownerReferences",
		    capi_owner_ref(owner, true));
	return object;
}

json_t *capi_notes_patch(size_t count, const char *const *pairs)
{
	json_t *patch = json_object(), *notes = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(notes, pairs[2 * i],
		    pairs[2 * i + 1] ? json_string(pairs[2 * i + 1])
		                     : json_null());
	jset(patch, "metadata.annotations", notes);
	return patch;
}

/* ---- status ---- */

json_t *capi_status_of(const json_t *obj)
{
	const json_t *status = jget(obj, "status");

	return json_is_object(status) ? json_clone(status) : json_object();
}

static json_t *condition_find(const json_t *status, const char *type)
{
	json_t *list = json_object_get(status, "conditions");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(jstr(json_array_get(list, i), "type"), type) == 0)
			return json_array_get(list, i);
	return NULL;
}

void condition_set(struct reconcile *r, json_t *status, const char *type,
    const char *value, const char *severity, const char *reason,
    const char *message)
{
	json_t *condition = condition_find(status, type);
	bool is_false = strcmp(value, "False") == 0;
	char now[32];

	time_text(host_time(r->host), now);
	if (!condition) {
		condition = json_object();
		jsets(condition, "type", type);
		jadd(status, "conditions", condition);
	}
	if (strcmp(jstr(condition, "status"), value) != 0)
		jsets(condition, "lastTransitionTime", now);
	jsets(condition, "status", value);
	jset(condition, "severity",
	    is_false && severity ? json_string(severity) : NULL);
	jset(condition, "reason",
	    reason && reason[0] ? json_text(reason) : NULL);
	jset(condition, "message",
	    message && message[0] ? json_text(message) : NULL);
}

void condition_drop(json_t *status, const char *type)
{
	json_t *list = json_object_get(status, "conditions");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(jstr(json_array_get(list, i), "type"), type) == 0) {
			json_array_remove(list, i);
			return;
		}
}

const char *condition_is(const json_t *obj, const char *type)
{
	const json_t *condition = condition_find(jget(obj, "status"), type);

	return condition ? jstr(condition, "status") : "";
}

void condition_sum(struct reconcile *r, json_t *status)
{
	json_t *list = json_object_get(status, "conditions");
	const json_t *worst = NULL;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *condition = json_array_get(list, i);

		if (strcmp(jstr(condition, "type"), "Ready") == 0 ||
		    strcmp(jstr(condition, "status"), "True") == 0)
			continue;
		if (!worst || strcmp(jstr(condition, "severity"), "Error") == 0)
			worst = condition;
	}
	if (!worst)
		condition_set(r, status, "Ready", "True", NULL, NULL, NULL);
	else
		condition_set(r, status, "Ready", jstr(worst, "status"),
		    jstr(worst, "severity"), jstr(worst, "reason"),
		    jstr(worst, "message"));
}

static void diff_into(json_t *patch, json_t *from, json_t *to)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		if (!json_object_get(to, key))
			json_object_set_new(patch, key, json_null());
	}
	json_object_foreach(to, key, value)
	{
		json_t *old = json_object_get(from, key);

		if (old && json_equal(old, value))
			continue;
		if (json_is_object(old) && json_is_object(value)) {
			json_t *inner = json_object();

			diff_into(inner, old, value);
			json_object_set_new(patch, key, inner);
		} else {
			json_object_set(patch, key, value);
		}
	}
}

/* The merge patch that makes `from` into `to`. */
static json_t *merge_diff(const json_t *from, const json_t *to)
{
	json_t *patch = json_object();
	json_t *old, *new;

	/* Nearly every look finds nothing new. */
	if (from && json_equal(from, to))
		return patch;
	old = from ? json_clone(from) : json_object();
	new = json_clone(to);
	diff_into(patch, old, new);
	json_decref(old);
	json_decref(new);
	return patch;
}

bool status_write(struct reconcile *r, const json_t *obj, json_t *status)
{
	json_t *diff = merge_diff(jget(obj, "status"), status);
	json_t *patch;

	json_decref(status);
	if (json_object_size(diff) == 0) {
		json_decref(diff);
		return false;
	}
	patch = json_object();
	jset(patch, "status", diff);
	act_patch(r, obj, "status", patch);
	return true;
}

/* ---- Secrets ---- */

void capi_secret_put(json_t *secret, const char *key, const char *text)
{
	struct buf encoded = BUF_INIT;
	json_t *data = json_object_get(secret, "data");

	if (!data) {
		data = json_object();
		json_object_set_new(secret, "data", data);
	}
	buf_add_base64(&encoded, text, strlen(text));
	json_object_set_new(data, key, json_string(buf_text(&encoded)));
	buf_free(&encoded);
}

char *capi_secret_text(const json_t *secret, const char *key)
{
	struct buf text = BUF_INIT;
	const char *encoded = json_string_value(
	    json_object_get(json_object_get(secret, "data"), key));

	if (!encoded || !buf_add_unbase64(&text, encoded, strlen(encoded))) {
		buf_free(&text);
		return NULL;
	}
	return text.data ? buf_detach(&text) : xstrdup("");
}
