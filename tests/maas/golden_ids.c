#include "tests/maas/golden_ids.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static const char *const id_keys[][2] = {
	{ "fabric_id", "fabrics" },
	{ "dnsresource_id", "dnsresources" },
	{ "current_commissioning_result_id", "results" },
	{ "current_installation_result_id", "results" },
	{ "current_testing_result_id", "results" },
};

static const char *const form_ids[][2] = {
	{ "parent", "interfaces" },
	{ "parents", "interfaces" },
	{ "vlan", "vlans" },
	{ "subnet", "subnets" },
	{ "fabric", "fabrics" },
	{ "space", "spaces" },
	{ "domain", "domains" },
	{ "before", "events" },
	{ "after", "events" },
	{ "id", "links" },
};

/* Texts that the server may choose. */
static const char *const free_texts[] = { "system_id", "node", "hostname",
	"consumer_key", "token_key", "token_secret" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *alias(const char *kind)
{
	if (strcmp(kind, "pods") == 0)
		return "vm-hosts";
	if (strcmp(kind, "resourcepools") == 0)
		return "resourcepool";
	if (strcmp(kind, "nodes") == 0)
		return "machines";
	return kind;
}

const char *golden_id_key(const char *key)
{
	for (size_t i = 0; i < COUNT(id_keys); i++)
		if (strcmp(id_keys[i][0], key) == 0)
			return id_keys[i][1];
	return NULL;
}

void golden_ids_open(struct golden_ids *ids, const json_t *inventory)
{
	ids->to = json_object();
	ids->back = json_object();
	ids->sto = json_object();
	ids->sback = json_object();
	ids->known = json_object();
	golden_ids_learn(ids, inventory, inventory, "");
	golden_ids_remember(ids, inventory);
}

void golden_ids_close(struct golden_ids *ids)
{
	json_decref(ids->to);
	json_decref(ids->back);
	json_decref(ids->sto);
	json_decref(ids->sback);
	json_decref(ids->known);
}

void golden_ids_remember(struct golden_ids *ids, const json_t *any)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(any)) {
		json_object_foreach((json_t *)(uintptr_t)any, key, value)
		    golden_ids_remember(ids, value);
	} else if (json_is_array(any)) {
		json_array_foreach(any, i, value)
		    golden_ids_remember(ids, value);
	} else if (json_is_string(any)) {
		json_object_set_new(
		    ids->known, json_string_value(any), json_true());
	}
}

void golden_ids_nonce(
    struct golden_ids *ids, const char *nonce, const char *label)
{
	json_object_set_new(ids->sback, nonce, json_string(label));
}

static void id_name(char out[96], const char *kind, json_int_t id)
{
	snprintf(out, 96, "%s/%lld", alias(kind), (long long)id);
}

static void bind_id(struct golden_ids *ids, const char *kind,
    json_int_t recorded, json_int_t actual)
{
	char to[96], back[96];

	id_name(to, kind, recorded);
	id_name(back, kind, actual);
	if (json_object_get(ids->to, to) || json_object_get(ids->back, back))
		return;
	json_object_set_new(ids->to, to, json_integer(actual));
	json_object_set_new(ids->back, back, json_integer(recorded));
}

bool golden_ids_same(const struct golden_ids *ids, const char *kind,
    json_int_t recorded, json_int_t actual)
{
	char to[96], back[96];
	const json_t *there, *here;

	id_name(to, kind, recorded);
	id_name(back, kind, actual);
	there = json_object_get(ids->to, to);
	here = json_object_get(ids->back, back);
	return there && here && json_integer_value(there) == actual &&
	       json_integer_value(here) == recorded;
}

static void bind_text(
    struct golden_ids *ids, const char *recorded, const char *actual)
{
	if (strcmp(recorded, actual) == 0 ||
	    json_object_get(ids->known, recorded) ||
	    json_object_get(ids->known, actual) ||
	    json_object_get(ids->sto, recorded) ||
	    json_object_get(ids->sback, actual) || strlen(recorded) < 5)
		return;
	json_object_set_new(ids->sto, recorded, json_string(actual));
	json_object_set_new(ids->sback, actual, json_string(recorded));
}

/* ---- texts ---- */

static int longest_first(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	size_t xl = strlen(*x), yl = strlen(*y);

	if (xl != yl)
		return xl > yl ? -1 : 1;
	return strcmp(*x, *y);
}

static char *replace(const char *text, const char *from, const char *to)
{
	struct buf out = BUF_INIT;
	const char *at;

	buf_adds(&out, "");
	while ((at = strstr(text, from))) {
		buf_add(&out, text, (size_t)(at - text));
		buf_adds(&out, to);
		text = at + strlen(from);
	}
	buf_adds(&out, text);
	return out.data ? buf_detach(&out) : xstrdup("");
}

static char *swap(const json_t *table, const char *text)
{
	size_t count = json_object_size(table), n = 0;
	const char **keys = xcalloc(count + 1, sizeof(*keys));
	char *out = xstrdup(text);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)table, key, value)
	    keys[n++] = key;
	qsort(keys, n, sizeof(*keys), longest_first);
	for (size_t i = 0; i < n; i++) {
		char *next;

		if (!strstr(out, keys[i]))
			continue;
		next = replace(out, keys[i],
		    json_string_value(json_object_get(table, keys[i])));
		free(out);
		out = next;
	}
	free(keys);
	return out;
}

char *golden_out(const struct golden_ids *ids, const char *text)
{
	return swap(ids->sto, text);
}

char *golden_home(const struct golden_ids *ids, const char *text)
{
	return swap(ids->sback, text);
}

/* ---- paths ---- */

#define SEGMENTS 24

struct path {
	char *room;
	char *segments[SEGMENTS];
	size_t count;
};

static void split(struct path *path, const char *text)
{
	char *at;

	path->room = xstrdup(text);
	path->count = 0;
	for (at = path->room; path->count < SEGMENTS;) {
		char *slash = strchr(at, '/');

		path->segments[path->count++] = at;
		if (!slash || path->count == SEGMENTS)
			break;
		*slash = '\0';
		at = slash + 1;
	}
}

static bool is_number(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isdigit((unsigned char)*text))
			return false;
	return true;
}

/* A number in a path is an id, but for VLANs below a fabric: that is a VID. */
static bool is_id(const struct path *path, size_t i)
{
	if (i == 0 || !is_number(path->segments[i]))
		return false;
	return !(strcmp(path->segments[i - 1], "vlans") == 0 && i > 2 &&
	         strcmp(path->segments[i - 3], "fabrics") == 0);
}

static char *map_path(const json_t *table, const char *text)
{
	struct buf out = BUF_INIT;
	struct path path;
	char name[96];

	split(&path, text);
	for (size_t i = 0; i < path.count; i++) {
		const json_t *id = NULL;

		if (is_id(&path, i)) {
			id_name(name, path.segments[i - 1],
			    atoll(path.segments[i]));
			id = json_object_get(table, name);
		}
		if (i)
			buf_addc(&out, '/');
		if (id)
			buf_addf(
			    &out, "%lld", (long long)json_integer_value(id));
		else
			buf_adds(&out, path.segments[i]);
	}
	free(path.room);
	return out.data ? buf_detach(&out) : xstrdup("");
}

char *golden_path_out(const struct golden_ids *ids, const char *path)
{
	char *mapped = map_path(ids->to, path);
	char *out = golden_out(ids, mapped);

	free(mapped);
	return out;
}

char *golden_path_home(const struct golden_ids *ids, const char *path)
{
	char *mapped = map_path(ids->back, path);
	char *out = golden_home(ids, mapped);

	free(mapped);
	return out;
}

char *golden_field_out(
    const struct golden_ids *ids, const char *name, const char *value)
{
	char id[96];
	const json_t *there;

	for (size_t i = 0; is_number(value) && i < COUNT(form_ids); i++) {
		if (strcmp(form_ids[i][0], name) != 0)
			continue;
		id_name(id, form_ids[i][1], atoll(value));
		there = json_object_get(ids->to, id);
		if (there)
			return xasprintf(
			    "%lld", (long long)json_integer_value(there));
	}
	return xstrdup(value);
}

/* ---- learning ---- */

char *golden_kind_of(const json_t *object, const char *under)
{
	const char *uri = jstr(object, "resource_uri");
	struct path path;
	char *kind;

	if (uri[0] != '/')
		return xstrdup(under);
	split(&path, uri);
	while (path.count && !*path.segments[path.count - 1])
		path.count--;
	kind = path.count > 2 ? xstrdup(path.segments[path.count - 2])
	                      : xstrdup(under);
	free(path.room);
	return kind;
}

static void learn_uri(
    struct golden_ids *ids, const char *recorded, const char *actual)
{
	struct path r, a;

	split(&r, recorded);
	split(&a, actual);
	for (size_t i = 0; r.count == a.count && i < r.count; i++)
		if (is_id(&r, i) && is_number(a.segments[i]))
			bind_id(ids, r.segments[i - 1], atoll(r.segments[i]),
			    atoll(a.segments[i]));
	free(r.room);
	free(a.room);
}

static bool is_free_text(const char *key)
{
	for (size_t i = 0; i < COUNT(free_texts); i++)
		if (strcmp(free_texts[i], key) == 0)
			return true;
	return false;
}

static void learn_member(struct golden_ids *ids, const char *kind,
    const char *key, const json_t *r, const json_t *a)
{
	bool texts = json_is_string(r) && json_is_string(a);
	bool numbers = json_is_integer(r) && json_is_integer(a);

	if (texts && is_free_text(key))
		bind_text(ids, json_string_value(r), json_string_value(a));
	else if (numbers && strcmp(key, "id") == 0)
		bind_id(
		    ids, kind, json_integer_value(r), json_integer_value(a));
	else if (numbers && golden_id_key(key))
		bind_id(ids, golden_id_key(key), json_integer_value(r),
		    json_integer_value(a));
	else if (texts && strcmp(key, "resource_uri") == 0)
		learn_uri(ids, json_string_value(r), json_string_value(a));
	else
		golden_ids_learn(ids, r, a, key);
}

void golden_ids_learn(struct golden_ids *ids, const json_t *recorded,
    const json_t *actual, const char *under)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(recorded) && json_is_object(actual)) {
		char *kind = golden_kind_of(recorded, under);

		json_object_foreach((json_t *)(uintptr_t)recorded, key, value)
		{
			const json_t *other = json_object_get(actual, key);

			if (other)
				learn_member(ids, kind, key, value, other);
		}
		free(kind);
	} else if (json_is_array(recorded) && json_is_array(actual)) {
		json_array_foreach(recorded, i, value)
		{
			if (i < json_array_size(actual))
				golden_ids_learn(ids, value,
				    json_array_get(actual, i), under);
		}
	}
}
