#include <stdlib.h>
#include <string.h>

#include "capi/rest_inside.h"

void rest_path_free(struct rest_path *path)
{
	free(path->ns);
	free(path->name);
	free(path->sub);
	memset(path, 0, sizeof(*path));
}

/* /apis/G/V/namespaces/NS/R/NAME/SUB: no resource has more segments. */
#define SEGMENTS 8

/* A path taken apart; what is not there, or cannot be decoded, is NULL. */
struct segments {
	char *items[SEGMENTS + 1];
	size_t count;
	const char *group, *version; /* NULL: it is of no API */
	size_t after_version;
};

static void segments_init(struct segments *s, const char *target)
{
	memset(s, 0, sizeof(*s));
	s->count = http_path_split(target, s->items, SEGMENTS);
	if (!s->items[0])
		return;
	if (strcmp(s->items[0], "api") == 0) {
		s->group = "";
		s->version = s->items[1];
		s->after_version = 2;
	} else if (strcmp(s->items[0], "apis") == 0) {
		s->group = s->items[1];
		s->version = s->items[2];
		s->after_version = 3;
	}
}

static void segments_free(struct segments *s)
{
	for (size_t i = 0; i < SEGMENTS; i++)
		free(s->items[i]);
}

static const struct kind_info *kind_at(const struct segments *s, size_t index)
{
	const char *plural = s->items[index];
	const struct kind_info *kind = plural ? kind_of_plural(s->group, plural)
	                                      : NULL;

	return kind && strcmp(kind->version, s->version) == 0 ? kind : NULL;
}

static char *take(struct segments *s, size_t index)
{
	char *item = s->items[index];

	s->items[index] = NULL;
	return item;
}

/* From the resource on: R, R/NAME, R/NAME/SUB. */
static void parse_rest(struct rest_path *path, struct segments *s, size_t at,
    const struct kind_info *kind)
{
	if (!kind || s->count > at + 3)
		return;
	path->name = take(s, at + 1);
	path->sub = take(s, at + 2);
	/* A namespaced object cannot be named without its namespace. */
	if (kind->namespaced && !path->ns && path->name)
		return;
	path->kind = kind;
}

void rest_path_parse(struct rest_path *path, const char *target)
{
	const struct kind_info *kind = NULL;
	struct segments s;
	size_t at;

	memset(path, 0, sizeof(*path));
	segments_init(&s, target);
	at = s.after_version;
	/* namespaces/NS/R, but namespaces/NAME/status is the namespace's. */
	if (s.group && s.version && s.items[at] &&
	    strcmp(s.items[at], "namespaces") == 0)
		kind = kind_at(&s, at + 2);
	if (kind && kind->namespaced) {
		path->ns = take(&s, at + 1);
		parse_rest(path, &s, at + 2, kind);
	} else if (s.group && s.version) {
		parse_rest(path, &s, at, kind_at(&s, at));
	}
	segments_free(&s);
}

static bool query_is_true(const char *target, const char *key)
{
	char *value = http_query(target, key);
	bool is = value &&
	          (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);

	free(value);
	return is;
}

const char *rest_verb(const char *method, const char *target, bool has_name)
{
	static const char *const verbs[][2] = {
		{ "POST", "create" },
		{ "PUT", "update" },
		{ "PATCH", "patch" },
		{ "DELETE", "delete" },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(method, verbs[i][0]) == 0)
			return verbs[i][1];
	if (has_name)
		return "get";
	return query_is_true(target, "watch") ? "watch" : "list";
}

const char *rest_op(
    void *ctx, const struct http_request *request, char *room, size_t size)
{
	struct rest_path path;
	size_t count = http_path_segments(request->target);
	char *last;

	(void)ctx;
	rest_path_parse(&path, request->target);
	if (path.kind) {
		snprintf(room, size, "%s%s%s.%s", path.kind->plural,
		    path.sub ? "/" : "", path.sub ? path.sub : "",
		    rest_verb(request->method, request->target, path.name));
	} else {
		last = count ? http_path_segment(request->target, count - 1)
		             : NULL;
		snprintf(room, size, "%s", last ? last : "root");
		free(last);
	}
	rest_path_free(&path);
	return room;
}

static void query_text(
    const char *target, const char *key, char *out, size_t size)
{
	char *value = http_query(target, key);

	text_copy(out, size, value ? value : "");
	free(value);
}

static uint64_t query_number(const char *target, const char *key)
{
	char text[32];

	query_text(target, key, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

/* metadata.name=x is served by name, so that access rules can see it. */
static void watched_name(struct rest_watch *w)
{
	static const char key[] = "metadata.name=";
	const char *at = strstr(w->fields, key);
	size_t len;

	if (!at)
		return;
	at += strlen(key);
	at += *at == '=';
	len = strcspn(at, ",");
	if (len < sizeof(w->name))
		memcpy(w->name, at, len);
}

bool rest_is_watch(const struct http_request *request, struct rest_watch *w)
{
	const char *target = request->target;
	struct rest_path path;

	if (strcmp(request->method, "GET") != 0 ||
	    !query_is_true(target, "watch"))
		return false;
	rest_path_parse(&path, target);
	memset(w, 0, sizeof(*w));
	w->kind = path.name ? NULL : path.kind;
	text_copy(w->ns, sizeof(w->ns), path.ns ? path.ns : "");
	rest_path_free(&path);
	if (!w->kind)
		return false;
	query_text(target, "labelSelector", w->selector, sizeof(w->selector));
	query_text(target, "fieldSelector", w->fields, sizeof(w->fields));
	watched_name(w);
	w->from_version = query_number(target, "resourceVersion");
	w->bookmarks = query_is_true(target, "allowWatchBookmarks");
	w->initial_events = query_is_true(target, "sendInitialEvents");
	w->timeout_for = SECONDS(query_number(target, "timeoutSeconds"));
	return true;
}
