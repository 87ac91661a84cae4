#include "compat/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"

/* How a value is looked at. */
enum eye {
	VALUE, /* keys, types and values */
	SHAPE, /* keys and types */
};

struct comparison {
	const char *what;
	bool fresh; /* about something just made: its numbers are new */
	const json_t *changed;
	difference_fn *tell;
	void *ctx;
};

/* ---- tables ---- */

/* Never the same in two regions. */
static const char *const VOLATILE[] = { "created", "updated", "hash",
	"last_deployed", "status_message", "status_action", "hardware_uuid",
	"error_description", "resource_record_count", "email", "is_local",
	"boot_interface", "boot_disk", "current_commissioning_result_id",
	"current_installation_result_id", "current_testing_result_id",
	"commissioning_status", "commissioning_status_name", "testing_status",
	"testing_status_name", "next_uri", "prev_uri", "consumer_key",
	"token_key", "token_secret", "doc", "version", "subversion" };

/* An inventory does not carry these, or not all of them. */
static const char *const UNCARRIED[] = { "relay_vlan", "external_dhcp",
	"rdns_mode", "allow_dns", "allow_proxy", "active_discovery",
	"disabled_boot_architectures", "subarches", "title", "base_image",
	"last_deployed", "interface_set", "service_set", "link_id",
	"ip_addresses", "handlers", "resources", "available_size", "used_size",
	"used_for" };

/* Numbers of things that were just made. */
static const char *const FRESH[] = { "id", "resource_uri", "system_id",
	"upload_uri", "key", "name_with_id" };

/* Their keys are people's own. */
static const char *const FREE[] = { "owner_data", "workload_annotations",
	"params", "sets", "extra", "power_parameters", "constraints_by_type",
	"hardware_info" };

/* No region sorts these, or the VLANs and subnets in them: they come in the
 * order in which its data base last wrote them, which nobody can know. */
static const char *const UNSORTED[] = { "domains/", "fabrics/", "ipranges/",
	"spaces/", "subnets/", "tags/", "vlans/" };

/* Of a machine, an inventory carries these over; the rest is its hardware. */
static const char *const OF_MACHINE[] = { "system_id", "hostname", "status",
	"status_name", "owner", "power_type", "power_state", "cpu_count",
	"memory", "storage", "architecture", "osystem", "distro_series",
	"tag_names", "locked", "enable_kernel_crash_dump", "is_dpu", "zone",
	"pool", "node_type", "node_type_name", "resource_uri" };

static bool among(const char *key, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}
#define AMONG(key, keys) among(key, keys, sizeof(keys) / sizeof((keys)[0]))

/* ---- words ---- */

static const char *type_name(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "list";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "real number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	case JSON_NULL:
		return "null";
	}
	unreachable("a JSON of no type");
}

static void words(const json_t *json, char out[200])
{
	char *text;

	if (!json) {
		snprintf(out, 200, "nothing");
		return;
	}
	text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
	if (json_is_null(json))
		snprintf(out, 200, "null");
	else
		snprintf(out, 200, "%.120s%s (%s)", text,
		    strlen(text) > 120 ? "..." : "", type_name(json));
	free(text);
}

static void differ(struct comparison *c, const char *where, const char *server,
    const char *fake)
{
	struct difference difference = { c->what, where, server, fake, false };

	c->tell(c->ctx, &difference);
}

static void differ_by(struct comparison *c, const char *where,
    const char *server, const char *fake)
{
	struct difference difference = { c->what, where, server, fake, true };

	c->tell(c->ctx, &difference);
}

static void differ_json(struct comparison *c, const char *where,
    const json_t *server, const json_t *fake)
{
	char theirs[200], ours[200];

	words(server, theirs);
	words(fake, ours);
	differ(c, *where ? where : " body", theirs, ours);
}

/* ---- JSON ---- */

static void compare_json(struct comparison *c, const char *where, enum eye eye,
    json_t *server, json_t *fake);

static bool is_machine(const json_t *object)
{
	return jhas(object, "node_type_name") && jhas(object, "power_state");
}

static bool is_changed(const struct comparison *c, const json_t *machine)
{
	json_t *id;
	size_t i;

	json_array_foreach(c->changed, i, id)
	{
		if (strcmp(json_string_value(id), jstr(machine, "system_id")) ==
		    0)
			return true;
	}
	return false;
}

static enum eye eye_of(const struct comparison *c, const json_t *object,
    const char *key, enum eye eye)
{
	if (eye == SHAPE || AMONG(key, VOLATILE) || AMONG(key, UNCARRIED) ||
	    AMONG(key, FREE))
		return SHAPE;
	if (c->fresh && AMONG(key, FRESH))
		return SHAPE;
	if (is_machine(object))
		return AMONG(key, OF_MACHINE) && !is_changed(c, object) ? VALUE
		                                                        : SHAPE;
	return VALUE;
}

static void compare_object(struct comparison *c, const char *where,
    enum eye eye, json_t *server, json_t *fake)
{
	json_t *value, *other;
	const char *key;
	char *inner;

	json_object_foreach(server, key, value)
	{
		inner = xasprintf("%s.%s", where, key);
		other = json_object_get(fake, key);
		if (!other)
			differ_json(c, inner, value, NULL);
		else
			compare_json(
			    c, inner, eye_of(c, fake, key, eye), value, other);
		free(inner);
	}
	json_object_foreach(fake, key, value)
	{
		if (json_object_get(server, key))
			continue;
		inner = xasprintf("%s.%s", where, key);
		differ_json(c, inner, NULL, value);
		free(inner);
	}
}

/* What tells the things of a list apart. */
static const char *name_of(const json_t *item)
{
	static const char *const keys[] = { "system_id", "username", "cidr",
		"name", "fqdn", "start_ip" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (*jstr(item, keys[i]))
			return jstr(item, keys[i]);
	return "";
}

static json_t *find_named(json_t *list, const char *name, size_t *at)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		*at = i;
		if (strcmp(name_of(item), name) == 0)
			return item;
	}
	return NULL;
}

/* Names are unique in every list that is compared so. */
static bool has_names(json_t *list)
{
	json_t *item;
	size_t i, first;

	json_array_foreach(list, i, item)
	{
		if (!*name_of(item) ||
		    (find_named(list, name_of(item), &first) && first != i))
			return false;
	}
	return json_array_size(list) > 0;
}

static void compare_named(
    struct comparison *c, const char *where, json_t *server, json_t *fake)
{
	const char *first_late = NULL, *instead = NULL;
	size_t i, at, next = 0;
	json_t *item, *other;

	json_array_foreach(server, i, item)
	{
		char *inner = xasprintf("%s[%s]", where, name_of(item));

		other = find_named(fake, name_of(item), &at);
		if (!other)
			differ_by(c, inner, "has it", "does not");
		else
			compare_json(c, inner, VALUE, item, other);
		if (other && at < next && !first_late) {
			first_late = name_of(item);
			instead = name_of(json_array_get(server, i - 1));
		}
		if (other && at >= next)
			next = at + 1;
		free(inner);
	}
	json_array_foreach(fake, i, item)
	{
		char *inner = xasprintf("%s[%s]", where, name_of(item));

		if (!find_named(server, name_of(item), &at))
			differ_by(c, inner, "does not have it", "does");
		free(inner);
	}
	if (first_late && !AMONG(c->what, UNSORTED)) {
		char theirs[200], ours[200];

		snprintf(theirs, sizeof(theirs), "lists %.60s after %.60s",
		    first_late, instead);
		snprintf(ours, sizeof(ours), "lists %.60s before %.60s",
		    first_late, instead);
		differ_by(c, *where ? where : " order", theirs, ours);
	}
}

static void compare_list(struct comparison *c, const char *where, enum eye eye,
    json_t *server, json_t *fake)
{
	size_t theirs = json_array_size(server), ours = json_array_size(fake);
	char *inner;

	if (eye == SHAPE) { /* of any of them */
		inner = xasprintf("%s[]", where);
		if (theirs && ours)
			compare_json(c, inner, SHAPE, json_array_get(server, 0),
			    json_array_get(fake, 0));
		free(inner);
		return;
	}
	if (!c->fresh && has_names(server) && (has_names(fake) || !ours)) {
		compare_named(c, where, server, fake);
		return;
	}
	if (theirs != ours) {
		differ_json(c, where, server, fake);
		return;
	}
	for (size_t i = 0; i < theirs; i++) {
		inner = xasprintf("%s[%zu]", where, i);
		compare_json(c, inner, VALUE, json_array_get(server, i),
		    json_array_get(fake, i));
		free(inner);
	}
}

static bool same_type(const json_t *a, const json_t *b, enum eye eye)
{
	if (json_is_boolean(a) && json_is_boolean(b))
		return true;
	if (eye == SHAPE && (json_is_null(a) || json_is_null(b)))
		return true;
	return json_typeof(a) == json_typeof(b);
}

static void compare_json(struct comparison *c, const char *where, enum eye eye,
    json_t *server, json_t *fake)
{
	const char *key = strrchr(where, '.');

	if (!same_type(server, fake, eye)) {
		differ_json(c, where, server, fake);
	} else if (json_is_object(server) && json_is_object(fake)) {
		if (!key || !AMONG(key + 1, FREE))
			compare_object(c, where, eye, server, fake);
	} else if (json_is_array(server) && json_is_array(fake)) {
		compare_list(c, where, eye, server, fake);
	} else if (eye == VALUE && !json_equal(server, fake)) {
		differ_json(c, where, server, fake);
	}
}

/* ---- headers and texts ---- */

static bool has_word(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t piece = strcspn(list, ", ");

		if (piece == len && strncasecmp(list, word, len) == 0)
			return true;
		list += piece;
		list += strspn(list, ", ");
	}
	return false;
}

static bool all_words(const char *of, const char *in)
{
	while (*of) {
		size_t len = strcspn(of, ", ");

		if (!has_word(in, of, len))
			return false;
		of += len;
		of += strspn(of, ", ");
	}
	return true;
}

static const struct {
	const char *name;
	enum {
		IS_THERE,
		SAME_WORDS,
		SAME_TEXT
	} how;
} HEADERS[] = {
	{ "Content-Type", SAME_TEXT },
	{ "Allow", SAME_WORDS },
	{ "WWW-Authenticate", SAME_TEXT },
	{ "Location", SAME_TEXT },
	{ "Retry-After", SAME_TEXT },
	{ "Vary", SAME_WORDS },
	{ "X-MAAS-API-Hash", IS_THERE },
	{ "X-Frame-Options", SAME_TEXT },
};

static void compare_headers(
    struct comparison *c, const struct scene *server, const struct scene *fake)
{
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		const char *name = HEADERS[i].name;
		const char *a = http_header(&server->answer.headers, name);
		const char *b = http_header(&fake->answer.headers, name);
		char where[64];
		bool same = !a == !b;

		if (a && b && HEADERS[i].how == SAME_TEXT)
			same = strcasecmp(a, b) == 0;
		if (a && b && HEADERS[i].how == SAME_WORDS)
			same = all_words(a, b) && all_words(b, a);
		snprintf(where, sizeof(where), " header %s", name);
		if (!same)
			differ(c, where, a ? a : "nothing", b ? b : "nothing");
	}
}

static void compare_texts(
    struct comparison *c, const struct scene *server, const struct scene *fake)
{
	const char *a = buf_text(&server->answer.body);
	const char *b = buf_text(&fake->answer.body);
	char theirs[200], ours[200];

	if (server->text_claimed && fake->text_claimed)
		return;
	if (strcmp(a, b) == 0)
		return;
	snprintf(theirs, sizeof(theirs), "\"%.150s\"", a);
	snprintf(ours, sizeof(ours), "\"%.150s\"", b);
	differ(c, " text", theirs, ours);
}

/* ---- scenes ---- */

static void compare_scenes(
    struct comparison *c, const struct scene *server, const struct scene *fake)
{
	const struct check_step *step = server->step;

	c->what = server->what;
	c->fresh = step->fresh;
	if (server->answer.status != fake->answer.status) {
		char theirs[32], ours[32];

		snprintf(theirs, sizeof(theirs), "%d", server->answer.status);
		snprintf(ours, sizeof(ours), "%d", fake->answer.status);
		differ(c, " status", theirs, ours);
		return;
	}
	compare_headers(c, server, fake);
	if (step->loose)
		return;
	if (server->body && fake->body)
		compare_json(c, "", VALUE, server->body, fake->body);
	else
		compare_texts(c, server, fake);
}

void compare_trials(const struct trial *server, const struct trial *fake,
    const json_t *changed, difference_fn *tell, void *ctx)
{
	struct comparison c = { .changed = changed, .tell = tell, .ctx = ctx };
	size_t count = server->scene_count < fake->scene_count
	                   ? server->scene_count
	                   : fake->scene_count;

	for (size_t i = 0; i < count; i++)
		compare_scenes(&c, &server->scenes[i], &fake->scenes[i]);
}
