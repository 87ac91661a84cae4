/* events: what components tell people, newest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static const char *or_else(const char *text, const char *otherwise)
{
	return text && *text ? text : otherwise;
}

static void tell(struct palette *palette, const struct component_event *e)
{
	char about[96];

	snprintf(about, sizeof(about), "%s/event/%zu", palette->name,
	    palette->component_event_count);
	EVENT(palette->host->events, "state", palette->name, about,
	    F("cluster", e->object_name), F("severity", e->severity),
	    F("reason", e->reason), F("message", e->message));
}

static struct component_event *newest(struct palette *palette)
{
	return palette->component_events[palette->component_event_count - 1];
}

void cluster_event_add(const struct cluster *cluster, const char *severity,
    const char *reason, const char *message, const char *component)
{
	struct palette *palette = cluster->palette;
	struct component_event *e = xcalloc(1, sizeof(*e));

	meta_init(palette, &e->meta, "event", "");
	snprintf(e->object_kind, sizeof(e->object_kind), "spectrocluster");
	snprintf(e->object_uid, sizeof(e->object_uid), "%s", cluster->meta.uid);
	e->object_name = xstrdup(cluster->meta.name);
	e->severity = xstrdup(or_else(severity, "Normal"));
	e->reason = xstrdup(or_else(reason, ""));
	e->message = xstrdup(or_else(message, ""));
	e->component = xstrdup(or_else(component, ""));
	e->source_host = xstrdup("");
	PUSH(palette->component_events, palette->component_event_count, e);
	tell(palette, e);
}

void component_event_free(struct component_event *event)
{
	meta_free(&event->meta);
	free(event->object_name);
	free(event->severity);
	free(event->reason);
	free(event->message);
	free(event->component);
	free(event->source_host);
	free(event);
}

static json_t *event_json(const struct component_event *e)
{
	return json_pack(
	    "{s:o,s:s,s:s,s:s,s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:{s:s,s:s}}",
	    "metadata", meta_json(&e->meta), "message", e->message, "reason",
	    e->reason, "severity", e->severity, "involvedObject", "kind",
	    e->object_kind, "name", e->object_name, "uid", e->object_uid,
	    "relatedObject", "kind", "spectrocluster", "name", e->object_name,
	    "uid", e->object_uid, "source", "component", e->component, "host",
	    e->source_host);
}

/* ---- operations ---- */

/* An agent speaks of its own cluster; a gateway of those that refer to it. */
static const struct cluster *subject_of(
    struct request *request, const json_t *doc)
{
	const char *uid = jstr(doc, "involvedObject.uid");
	struct cluster *cluster;

	if (!*uid)
		uid = jstr(doc, "relatedObject.uid");
	if (request->agent_of && !*uid)
		return request->agent_of;
	cluster = cluster_find(request->palette, uid);
	if (!cluster)
		return NULL;
	if (request->agent_of)
		return cluster == request->agent_of ? cluster : NULL;
	return cluster->gateway == request->gateway ? cluster : NULL;
}

static bool take(struct request *request, const json_t *doc)
{
	const struct cluster *cluster = subject_of(request, doc);

	if (!cluster) {
		refuse(request, 403, "OperationForbidden",
		    "involvedObject.uid names no cluster of the sender");
		return false;
	}
	cluster_event_add(cluster, jstr(doc, "severity"), jstr(doc, "reason"),
	    jstr(doc, "message"), jstr(doc, "source.component"));
	return true;
}

void op_event_create(struct request *request)
{
	if (take(request, request->body))
		answer_uid(request, newest(request->palette)->meta.uid);
}

void op_event_bulk(struct request *request)
{
	json_t *uids = json_array(), *doc;
	size_t i;

	json_array_foreach(request->body, i, doc)
	{
		if (!take(request, doc)) {
			json_decref(uids);
			return;
		}
		json_array_append_new(
		    uids, json_pack("{s:s}", "uid",
		              newest(request->palette)->meta.uid));
	}
	answer_json(request, 201, uids);
}

static json_t *events_json(
    const struct palette *palette, const char *kind, const char *uid)
{
	json_t *items = json_array();

	for (size_t i = palette->component_event_count; i > 0; i--) {
		const struct component_event *e =
		    palette->component_events[i - 1];

		if (e->meta.deleted_time != 0 ||
		    (kind && strcmp(kind, e->object_kind) != 0) ||
		    (uid && strcmp(uid, e->object_uid) != 0))
			continue;
		json_array_append_new(items, event_json(e));
	}
	return items;
}

void op_events(struct request *request)
{
	answer_list(request, events_json(request->palette, NULL, NULL));
}

void op_events_of(struct request *request)
{
	answer_list(request, events_json(request->palette, request->params[0],
	                         request->params[1]));
}

void op_events_delete(struct request *request)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->component_event_count; i++) {
		struct component_event *e = palette->component_events[i];

		if (strcmp(e->object_kind, request->params[0]) == 0 &&
		    strcmp(e->object_uid, request->params[1]) == 0)
			e->meta.deleted_time = palette_time(palette);
	}
	answer_empty(request, 204);
}
