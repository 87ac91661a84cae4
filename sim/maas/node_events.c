#include "sim/maas/node_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "sim/maas/ask.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"
#include "sim/maas/zones.h"

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
	int64_t limit;
	struct {
		bool asked;
		int64_t id;
	} before, after;
};

/* The last value counts. */
static bool is_value(const struct ask *ask, const char *name, const char *value)
{
	const char *wanted = maas_query(ask, name);

	return !wanted || (value && strcmp(wanted, value) == 0);
}

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
	/* of nodes, then; and devices have no events */
	if (!node || node->type == NODE_DEVICE || !maas_is_listed(ask, node))
		return false;
	return has_value(ask, "hostname", node->hostname) &&
	       has_value(ask, "id", node->system_id) &&
	       has_value(ask, "domain", node->domain->name) &&
	       is_value(ask, "zone", node->zone->name) &&
	       is_value(ask, "pool", node->pool ? node->pool->name : NULL) &&
	       is_value(ask, "agent_name",
	           node->agent_name ? node->agent_name : "") &&
	       is_value(ask, "owner", event->username) && has_mac(ask, node);
}

/* *asked stays false for what is absent or empty. */
static bool read_number(
    struct ask *ask, const char *name, bool *asked, int64_t *number)
{
	const char *text = maas_query(ask, name);

	*asked = text && *text;
	if (!*asked || maas_python_read_int(text, number))
		return true;
	maas_refuse(
	    ask, 400, "Invalid %s: Please enter an integer value", name);
	return false;
}

static bool read_limit(struct ask *ask, struct events_query *query)
{
	bool asked;

	query->limit = 100;
	if (!read_number(ask, "limit", &asked, &query->limit))
		return false;
	if (!asked && maas_query(ask, "limit"))
		maas_refuse(ask, 500,
		    "'>' not supported between instances of "
		    "'NoneType' and 'int'");
	else if (query->limit > 1000)
		maas_refuse(ask, 400,
		    "Requested number of events %lld is greater than limit: "
		    "1000",
		    (long long)query->limit);
	else if (query->limit < 1)
		query->limit = 1;
	return !ask->answered;
}

static bool macs_fine(struct ask *ask)
{
	struct buf bad = BUF_INIT;
	size_t at = 0;
	const char *mac;
	bool fine = true;

	while ((mac = maas_form_next(&ask->query, "mac_address", &at))) {
		if (maas_mac_ok(mac))
			continue;
		buf_addf(&bad, "%s%s", fine ? "" : ", ", mac);
		fine = false;
	}
	if (!fine)
		maas_refuse(
		    ask, 400, "Invalid MAC address(es): %s", buf_text(&bad));
	buf_free(&bad);
	return fine;
}

static bool read_level(struct ask *ask, struct events_query *query)
{
	const char *level = maas_query(ask, "level");

	query->level = EVENT_INFO;
	for (size_t i = 0; level && i < sizeof(levels) / sizeof(levels[0]);
	     i++) {
		if (strcmp(levels[i].name, level) == 0) {
			query->level = levels[i].level;
			return true;
		}
	}
	if (level)
		maas_refuse(ask, 400, "Unrecognised log level: %s", level);
	return !level;
}

static bool read_query(struct ask *ask, struct events_query *query)
{
	if (!read_number(ask, "after", &query->after.asked, &query->after.id) ||
	    !read_number(
	        ask, "before", &query->before.asked, &query->before.id) ||
	    !read_limit(ask, query) || !macs_fine(ask) ||
	    !read_level(ask, query))
		return false;
	if (query->before.asked && query->after.asked)
		maas_refuse(ask, 400,
		    "There is undetermined behaviour when both `after` and "
		    "`before` are specified.");
	return !ask->answered;
}

static bool asked_before(const struct form *form, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(form->fields[i].name, form->fields[at].name) == 0)
			return true;
	return false;
}

/* A form's encoding: a blank is a plus. */
static void add_value(struct buf *uri, const char *name, const char *value)
{
	buf_addf(uri, "%s%s=", uri->data[uri->len - 1] == '?' ? "" : "&", name);
	for (; *value; value++) {
		const char one[] = { *value, '\0' };

		if (*value == ' ')
			buf_addc(uri, '+');
		else
			buf_add_percent(uri, one);
	}
}

/* The query again, without what pages it and what is not known; of a word
 * that was said twice only the last is left. */
static char *page_uri(const struct ask *ask, const char *word, int64_t id)
{
	static const char *const kept[] = { "op", "hostname", "mac_address",
		"id", "zone", "agent_name", "level", "limit", "owner",
		"domain" };
	struct buf uri = BUF_INIT;

	buf_adds(&uri, "/MAAS/api/2.0/events/?");
	for (size_t i = 0; i < ask->query.count; i++) {
		const char *name = ask->query.fields[i].name;
		bool keep = false;

		for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
			keep = keep || strcmp(kept[k], name) == 0;
		if (keep && !asked_before(&ask->query, i))
			add_value(&uri, name, maas_query(ask, name));
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
	bool forward = query->after.asked;

	for (size_t n = 0;
	     n < all->count && json_array_size(found) < (size_t)query->limit;
	     n++) {
		const struct node_event *event =
		    all->items[forward ? n : all->count - 1 - n];

		if ((forward && event->id <= query->after.id) ||
		    (query->before.asked && event->id >= query->before.id) ||
		    !passes(ask, event, query))
			continue;
		if (forward)
			json_array_insert_new(found, 0, event_json(event));
		else
			json_array_append_new(found, event_json(event));
	}
	return found;
}

/* Where newer and older events are. With none found it is told from where
 * the search began. */
static json_t *newer_uri(const struct ask *ask,
    const struct events_query *query, const json_t *found)
{
	bool some = json_array_size(found) > 0;
	int64_t id = some ? jint(json_array_get(found, 0), "id")
	                  : query->before.id - 1;
	char *uri = page_uri(
	    ask, some || query->before.asked ? "after" : NULL, id);
	json_t *json = json_string(uri);

	free(uri);
	return json;
}

static json_t *older_uri(const struct ask *ask,
    const struct events_query *query, const json_t *found)
{
	size_t count = json_array_size(found);
	int64_t id = count ? jint(json_array_get(found, count - 1), "id")
	                   : query->after.id + 1;
	char *uri;
	json_t *json;

	if (!count && !query->after.asked)
		return json_null();
	uri = page_uri(ask, "before", id);
	json = json_string(uri);
	free(uri);
	return json;
}

void maas_op_events_query(struct ask *ask)
{
	struct events_query query = { 0 };
	json_t *found, *next, *previous;

	if (!read_query(ask, &query))
		return;
	found = collect(ask, &query);
	next = newer_uri(ask, &query, found);
	previous = older_uri(ask, &query, found);
	maas_answer(ask, json_pack("{s:i, s:o, s:o, s:o}", "count",
	                     (int)json_array_size(found), "events", found,
	                     "next_uri", next, "prev_uri", previous));
}
