/*
 * Watches: a cursor on the store's history, and one line of JSON per change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/rest_inside.h"

#define DEFAULT_FOR MINUTES(30)

struct rest_stream {
	struct store *store;
	struct exchange *exchange;
	struct rest_watch what;
	struct store_watch *watch;
	struct timer timeout;
	struct rest_stream *next;
};

static bool accepts(const struct rest_watch *w, const json_t *obj)
{
	return obj &&
	       (!w->ns[0] ||
	           strcmp(w->ns, jstr(obj, "metadata.namespace")) == 0) &&
	       (!w->name[0] ||
	           strcmp(w->name, jstr(obj, "metadata.name")) == 0) &&
	       label_selector_matches(
	           w->selector, jget(obj, "metadata.labels")) &&
	       rest_fields_match(w->fields, obj);
}

/* What stops matching goes, what begins to match comes, as far as this
 * watcher is concerned. */
const char *rest_watch_sees(
    const struct rest_watch *w, const struct change *change, const json_t **obj)
{
	bool before, after;

	if (change->kind != w->kind)
		return NULL;
	before = accepts(w, change->old);
	after = accepts(w, change->now);
	*obj = change->now ? change->now : change->old;
	if (before && after)
		return "MODIFIED";
	if (after)
		return "ADDED";
	return before ? "DELETED" : NULL;
}

bool rest_watch_may_begin(const struct store *store, const struct rest_watch *w,
    struct api_status *status)
{
	unsigned long long from = w->from_version;
	unsigned long long now = store_version(store);
	uint64_t n;

	if (!rest_fields_known(w->fields, status))
		return false;
	if (from > now)
		return store_refuse(status, 504, "Timeout", w->kind, NULL,
		    "Too large resource version: %llu, current: %llu", from,
		    now);
	if (!from || w->initial_events || store_change_after(store, from, &n))
		return true;
	return store_refuse(status, 410, "Expired", w->kind, NULL,
	    "too old resource version: %llu (%llu)", from,
	    (unsigned long long)store->first_version);
}

static void send_line(
    struct rest_stream *stream, const char *type, const json_t *obj)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, "{\"type\":\"");
	buf_adds(&line, type);
	buf_adds(&line, "\",\"object\":");
	buf_add_json(&line, obj, JSON_COMPACT);
	buf_addc(&line, '}');
	exchange_message(stream->exchange, line.data, line.len);
	buf_free(&line);
}

static void send_change(struct rest_stream *stream, const struct change *change)
{
	const json_t *obj;
	const char *type = rest_watch_sees(&stream->what, change, &obj);

	if (type)
		send_line(stream, type, obj);
}

static void stream_free(struct rest_stream *stream)
{
	struct rest_stream **at = &stream->store->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	timer_cancel(&stream->timeout);
	store_watch_remove(&stream->watch);
	free(stream);
}

static void hear(void *ctx, const struct kind_info *kind, const json_t *old,
    const json_t *now)
{
	struct change change = { kind, 0, (json_t *)(uintptr_t)old,
		(json_t *)(uintptr_t)now };

	send_change(ctx, &change);
}

static void client_gone(struct exchange *exchange)
{
	stream_free(exchange->user);
}

static void time_is_up(struct timer *timer)
{
	struct rest_stream *stream = OWNER_OF(
	    timer, struct rest_stream, timeout);
	struct exchange *exchange = stream->exchange;

	stream_free(stream);
	exchange_end(exchange);
}

static bool send_added(void *ctx, const json_t *obj)
{
	struct rest_stream *stream = ctx;

	if (accepts(&stream->what, obj))
		send_line(stream, "ADDED", obj);
	return true;
}

static void send_bookmark(struct rest_stream *stream)
{
	char version[32], api[96];
	json_t *mark;

	snprintf(version, sizeof(version), "%llu",
	    (unsigned long long)store_version(stream->store));
	kind_api_version(stream->what.kind, api, sizeof(api));
	mark = json_pack("{s:s s:s s:{s:s s:{s:s}}}", "kind",
	    stream->what.kind->kind, "apiVersion", api, "metadata",
	    "resourceVersion", version, "annotations",
	    "k8s.io/initial-events-end", "true");
	send_line(stream, "BOOKMARK", mark);
	json_decref(mark);
}

static void send_beginning(struct rest_stream *stream)
{
	const struct rest_watch *w = &stream->what;
	struct store *store = stream->store;
	uint64_t n;

	if (!w->from_version || w->initial_events) {
		store_each(store, w->kind->kind, w->ns[0] ? w->ns : NULL, NULL,
		    send_added, stream);
		if (w->initial_events)
			send_bookmark(stream);
		return;
	}
	check(store_change_after(store, w->from_version, &n));
	for (; n < store->change_count; n++)
		send_change(stream, store_change(store, n));
}

static bool begins(
    struct store *store, struct exchange *exchange, const struct rest_watch *w)
{
	struct http_response head = { 0 };
	struct api_status status = { 0 };

	if (!rest_watch_may_begin(store, w, &status)) {
		http_response_json(
		    &head, status.code, api_status_json(&status));
		api_status_free(&status);
		exchange_reply(exchange, &head);
		return false;
	}
	head.status = 200;
	http_header_set(&head.headers, "Content-Type", "application/json");
	http_header_set(&head.headers, "Cache-Control", "no-cache, private");
	exchange_begin(exchange, &head);
	return true;
}

void rest_watch(
    struct store *store, struct exchange *exchange, const struct rest_watch *w)
{
	struct rest_stream *stream, **last = &store->streams;

	check(w->kind);
	if (!begins(store, exchange, w))
		return;
	stream = xcalloc(1, sizeof(*stream));
	*stream = (struct rest_stream){
		.store = store,
		.exchange = exchange,
		.what = *w,
	};
	while (*last)
		last = &(*last)->next;
	*last = stream;
	exchange->user = stream;
	exchange->gone = client_gone;
	timer_init(&stream->timeout, time_is_up);
	timer_set(&stream->timeout, store->host->loop,
	    w->timeout_for ? w->timeout_for : DEFAULT_FOR);
	send_beginning(stream);
	/* A change that is being told right now is in what was sent. */
	stream->watch = store_watch_add(store, hear, stream);
}

void rest_stop_watches(struct store *store, bool abort)
{
	while (store->streams) {
		struct exchange *exchange = store->streams->exchange;

		stream_free(store->streams);
		if (abort)
			exchange_abort(exchange);
		else
			exchange_end(exchange);
	}
}
