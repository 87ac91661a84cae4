#include "sim/maas/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

/* The events that MAAS keeps about its machines (not the record of a run). */

static const struct {
	const char *name;
	int level;
} levels[] = {
	{ "AUDIT", EVENT_AUDIT },
	{ "DEBUG", EVENT_DEBUG },
	{ "INFO", EVENT_INFO },
	{ "WARNING", EVENT_WARNING },
	{ "ERROR", EVENT_ERROR },
	{ "CRITICAL", EVENT_CRITICAL },
};

static void skip_lost(struct maas *maas)
{
	for (size_t i = 0; i < sizeof(maas->lost_events) / sizeof(int64_t); i++)
		if (maas->lost_events[i] == maas->events.next_id)
			maas->events.next_id++;
}

void maas_event(struct node *node, enum event_level level, const char *type,
    const struct user *user, const char *fmt, ...)
{
	struct node_event *event = xcalloc(1, sizeof(*event));
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	event->level = (int)level;
	event->type = xstrdup(type);
	event->description = xstrdup(buf_text(&text));
	event->username = xstrdup(user ? user->name : "unknown");
	event->action = strcmp(type, "Marking node failed") == 0
	                    ? "mark_failed"
	                    : maas_stage_action(type);
	event->node = node;
	event->hostname = xstrdup(node->hostname);
	event->created_time = maas_time(node->maas);
	skip_lost(node->maas);
	maas_list_add(&node->maas->events, event);
	buf_free(&text);
}

void maas_audit(struct ask *ask, const char *type, const char *fmt, ...)
{
	struct node_event *event = xcalloc(1, sizeof(*event));
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	event->level = EVENT_AUDIT;
	event->type = xstrdup(type);
	event->description = xstrdup(buf_text(&text));
	event->username = xstrdup(ask->user->name);
	event->action = "";
	event->hostname = xstrdup("");
	event->created_time = maas_time(ask->maas);
	skip_lost(ask->maas);
	maas_list_add(&ask->maas->events, event);
	buf_free(&text);
}

char *maas_event_message(const struct node *node)
{
	const struct list *events = &node->maas->events;

	for (size_t i = events->count; i-- > 0;) {
		const struct node_event *event = events->items[i];

		if (event->node != node || event->level < EVENT_INFO)
			continue;
		if (!*event->description)
			return xstrdup(event->type);
		return xasprintf("%s - %s", event->type, event->description);
	}
	return NULL;
}

/* "Sat, 21 Nov. 2026 07:44:11": Django's own date format, with its own
 * abbreviations of the months. */
void maas_time_words(usec time, char out[40])
{
	static const char *const months[] = { "Jan.", "Feb.", "March", "April",
		"May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.",
		"Dec." };
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	time_t seconds = (time_t)(time / USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(out, 40, "%s, %02d %s %04d %02d:%02d:%02d", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static const char *level_name(int level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "INFO";
}

static json_t *event_json(const struct node_event *event)
{
	char created[40];

	maas_time_words(event->created_time, created);
	return json_pack("{s:s, s:o, s:s, s:I, s:s, s:s, s:s, s:s}", "username",
	    event->username, "node",
	    event->node ? json_string(event->node->system_id) : json_null(),
	    "hostname", event->node ? event->node->hostname : event->hostname,
	    "id", (json_int_t)event->id, "level", level_name(event->level),
	    "created", created, "type", event->type, "description",
	    event->description);
}

/* ---- events/?op=query ---- */

struct events_query {
	int level;
	int64_t limit, before, after; /* -1: not asked */
};

/* Without a value every event passes; several values are an or. */
static bool has_value(
    const struct ask *ask, const char *name, const char *value)
{
	size_t at = 0;
	const char *wanted;
	bool asked = false;

	while ((wanted = maas_form_next(&ask->query, name, &at))) {
		asked = true;
		if (value && strcmp(wanted, value) == 0)
			return true;
	}
	return !asked;
}

static bool has_mac(const struct ask *ask, const struct node *node)
{
	size_t at = 0;
	const char *wanted;
	bool asked = false;

	while ((wanted = maas_form_next(&ask->query, "mac_address", &at))) {
		struct iface *iface = maas_iface_with_mac(ask->maas, wanted);

		asked = true;
		if (node && iface && iface->node == node)
			return true;
	}
	return !asked;
}

static bool passes(const struct ask *ask, const struct node_event *event,
    const struct events_query *query)
{
	const struct node *node = event->node;

	if (query->level == EVENT_AUDIT ? event->level != EVENT_AUDIT
	                                : event->level < query->level)
		return false;
	if (node && !maas_may_see(ask, node))
		return false;
	return has_value(ask, "hostname", node ? node->hostname : NULL) &&
	       has_value(ask, "id", node ? node->system_id : NULL) &&
	       has_value(ask, "domain", node ? node->domain->name : NULL) &&
	       has_value(ask, "zone", node ? node->zone->name : NULL) &&
	       has_value(ask, "agent_name", node ? node->agent_name : NULL) &&
	       has_value(ask, "owner", event->username) && has_mac(ask, node);
}

static bool read_number(
    struct ask *ask, const char *name, int64_t fallback, int64_t *number)
{
	const char *text = maas_query(ask, name);
	char *end;

	*number = fallback;
	if (!text)
		return true;
	*number = strtoll(text, &end, 10);
	if (!*text || *end) {
		maas_refuse(ask, 400,
		    "Invalid %s: Please enter an integer value", name);
		return false;
	}
	return true;
}

static bool read_query(struct ask *ask, struct events_query *query)
{
	const char *level = maas_query(ask, "level");
	const char *mac = maas_query(ask, "mac_address");
	bool known = !level;

	query->level = EVENT_INFO;
	for (size_t i = 0; level && i < sizeof(levels) / sizeof(levels[0]);
	     i++) {
		if (strcmp(levels[i].name, level) == 0) {
			known = true;
			query->level = levels[i].level;
		}
	}
	if (mac && !maas_mac_ok(mac)) {
		maas_refuse(ask, 400, "Invalid MAC address(es): %s", mac);
		return false;
	}
	if (!known) {
		maas_refuse(ask, 400, "Unrecognised log level: %s", level);
		return false;
	}
	if (!read_number(ask, "limit", 100, &query->limit) ||
	    !read_number(ask, "before", -1, &query->before) ||
	    !read_number(ask, "after", -1, &query->after))
		return false;
	if (query->limit > 1000) {
		maas_refuse(ask, 400,
		    "Requested number of events %lld is greater than limit: "
		    "1000",
		    (long long)query->limit);
		return false;
	}
	if (query->limit < 1)
		query->limit = 1;
	if (query->before >= 0 && query->after >= 0) {
		maas_refuse(ask, 400,
		    "There is undetermined behaviour when both `after` and "
		    "`before` are specified.");
		return false;
	}
	return true;
}

/* The query again, without what pages it and what is not known. */
static char *page_uri(const struct ask *ask, const char *word, int64_t id)
{
	static const char *const kept[] = { "op", "hostname", "mac_address",
		"id", "zone", "agent_name", "level", "limit", "owner",
		"domain" };
	struct buf uri = BUF_INIT;

	buf_adds(&uri, "/MAAS/api/2.0/events/?");
	for (size_t i = 0; i < ask->query.count; i++) {
		const struct form_field *field = &ask->query.fields[i];

		for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
			if (strcmp(kept[k], field->name) != 0)
				continue;
			buf_addf(&uri,
			    "%s%s=", uri.data[uri.len - 1] == '?' ? "" : "&",
			    field->name);
			buf_add_percent(&uri, field->value);
		}
	}
	if (word)
		buf_addf(&uri, "&%s=%lld", word, (long long)id);
	return buf_detach(&uri);
}

/* Newest first; with `after` the oldest of those that came after. */
static json_t *collect(struct ask *ask, const struct events_query *query)
{
	const struct list *all = &ask->maas->events;
	json_t *found = json_array();
	bool forward = query->after >= 0;

	for (size_t n = 0;
	     n < all->count && json_array_size(found) < (size_t)query->limit;
	     n++) {
		const struct node_event *event =
		    all->items[forward ? n : all->count - 1 - n];

		if ((forward && event->id <= query->after) ||
		    (query->before >= 0 && event->id >= query->before) ||
		    !passes(ask, event, query))
			continue;
		if (forward)
			json_array_insert_new(found, 0, event_json(event));
		else
			json_array_append_new(found, event_json(event));
	}
	return found;
}

void maas_op_events_query(struct ask *ask)
{
	struct events_query query;
	json_t *found, *next, *previous;
	size_t count;
	char *uri;

	if (!read_query(ask, &query))
		return;
	found = collect(ask, &query);
	count = json_array_size(found);
	uri = page_uri(
	    ask, count ? "after" : NULL, jint(json_array_get(found, 0), "id"));
	next = json_string(uri);
	free(uri);
	uri = page_uri(ask, "before",
	    count ? jint(json_array_get(found, count - 1), "id") : 0);
	previous = count ? json_string(uri) : json_null();
	free(uri);
	maas_answer(
	    ask, json_pack("{s:i, s:o, s:o, s:o}", "count", (int)count,
	             "events", found, "next_uri", next, "prev_uri", previous));
}
