#include "harness/fault_keys.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/yaml.h"
#include "harness/view.h"

/* ---- the table ---- */

enum key_kind {
	KEY_COUNT,
	KEY_FROM,
	KEY_DURATION,
	KEY_CHANCE,
	KEY_TEXT,
	KEY_BODY,
	KEY_HEADER
};

static const struct fault_key keys_known[] = {
	{ "nth", "N", "the n-th request that fits, and no other", KEY_COUNT,
	    offsetof(struct fault_keys, nth) },
	{ "every", "N", "each n-th of them", KEY_COUNT,
	    offsetof(struct fault_keys, every) },
	{ "from", "N|WHO", "from the n-th on; or only what WHO sends", KEY_FROM,
	    0 },
	{ "times", "N", "no more often than that", KEY_COUNT,
	    offsetof(struct fault_keys, times) },
	{ "for", "DURATION", "no longer than that", KEY_DURATION,
	    offsetof(struct fault_keys, lasts_for) },
	{ "chance", "P%", "the seed decides, each time", KEY_CHANCE,
	    offsetof(struct fault_keys, chance) },
	{ "machine", "NAME", "only what is about this machine", KEY_TEXT,
	    offsetof(struct fault_keys, machine) },
	{ "header", "NAME: VALUE", "of the answer, with a status", KEY_HEADER,
	    0 },
	{ "body", "TEXT", "of the answer, with a status", KEY_BODY, 0 },
};
#define KEYS (sizeof(keys_known) / sizeof(keys_known[0]))

const struct fault_key *fault_key_table(size_t *count)
{
	*count = KEYS;
	return keys_known;
}

const struct fault_key *fault_key_find(const char *name, const char **near)
{
	const char *names[KEYS];

	for (size_t i = 0; i < KEYS; i++) {
		names[i] = keys_known[i].name;
		if (strcmp(names[i], name) == 0)
			return &keys_known[i];
	}
	if (near)
		*near = nearest_name(name, names, KEYS);
	return NULL;
}

bool fault_key_is_last(const struct fault_key *key)
{
	return key->kind == KEY_BODY;
}

/* ---- life ---- */

void fault_keys_init(struct fault_keys *keys)
{
	*keys = (struct fault_keys){ .chance = 1 };
}

void fault_keys_free(struct fault_keys *keys)
{
	struct http_response holder = { .headers = keys->headers };

	http_response_free(&holder);
	free(keys->machine);
	free(keys->sender);
	free(keys->body);
	*keys = (struct fault_keys){ 0 };
}

/* ---- values ---- */

static bool read_count(const char *text, long long *count)
{
	char *end;

	*count = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *count >= 1;
}

static bool read_chance(const char *text, double *chance)
{
	char *end;

	*chance = strtod(text, &end);
	if (*end == '%' && !end[1])
		*chance /= 100;
	else if (*end)
		return false;
	return end != text && *chance >= 0 && *chance <= 1;
}

static bool take_text(char **place, const char *text)
{
	free(*place);
	*place = xstrdup(text);
	return *text != '\0';
}

/* "4", or a host: "pcg/a", "127.0.0.1", "operator". */
static bool take_from(struct fault_keys *keys, const char *text)
{
	if (strspn(text, "0123456789") == strlen(text))
		return read_count(text, &keys->from);
	return (strpbrk(text, "/.:*") || strcmp(text, "operator") == 0) &&
	       take_text(&keys->sender, text);
}

static bool take_header(struct fault_keys *keys, const char *text)
{
	const char *colon = strchr(text, ':'), *value;
	char *name;

	if (!colon || colon == text ||
	    strcspn(text, " \t") < (size_t)(colon - text))
		return false;
	name = xstrndup(text, (size_t)(colon - text));
	value = colon + 1 + strspn(colon + 1, " \t");
	http_header_add(&keys->headers, name, value);
	free(name);
	return true;
}

static bool take_value(
    struct fault_keys *keys, const struct fault_key *key, const char *text)
{
	void *place = (char *)keys + key->offset;

	switch ((enum key_kind)key->kind) {
	case KEY_COUNT:
		return read_count(text, place);
	case KEY_FROM:
		return take_from(keys, text);
	case KEY_DURATION:
		return duration_parse(text, place) && *(usec *)place > 0;
	case KEY_CHANCE:
		return read_chance(text, place);
	case KEY_TEXT:
		return take_text(place, text);
	case KEY_BODY:
		take_text(&keys->body, text);
		return true;
	case KEY_HEADER:
		return take_header(keys, text);
	}
	unreachable("a key of no kind");
}

static const char *wanted(const struct fault_key *key)
{
	switch ((enum key_kind)key->kind) {
	case KEY_COUNT:
		return "a number from 1";
	case KEY_FROM:
		return "a number from 1, or who sends, such as pcg/a";
	case KEY_DURATION:
		return "a duration such as 90s or 10m";
	case KEY_CHANCE:
		return "a chance between 0 and 1, or a percentage";
	case KEY_TEXT:
		return "a system_id or a hostname";
	case KEY_BODY:
		return "a text";
	case KEY_HEADER:
		return "a header, NAME: VALUE";
	}
	unreachable("a key of no kind");
}

bool fault_key_take(struct fault_keys *keys, const struct fault_key *key,
    const char *value, struct err *err)
{
	return take_value(keys, key, value) ||
	       err_set(err, ERR_INPUT, "%s wants %s, not \"%s\"", key->name,
	           wanted(key), value);
}

/* ---- what goes together ---- */

static bool method_fits(const char *on)
{
	static const char *const METHODS[] = { "GET", "HEAD", "POST", "PUT",
		"PATCH", "DELETE" };
	size_t len = strcspn(on, " ");

	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
		if (strlen(METHODS[i]) == len &&
		    strncmp(on, METHODS[i], len) == 0)
			return true;
	return false;
}

static bool operation_known(const char *on, const struct fault_words *known)
{
	for (size_t i = 0; i < known->count; i++)
		if (view_glob(on, known->operations[i]))
			return true;
	return known->count == 0;
}

bool fault_on_ok(const char *on, const struct fault_words *known,
    size_t *offset, struct err *err)
{
	const char *near, *path = strchr(on, ' ');

	*offset = 0;
	if (path && !method_fits(on))
		return err_set(err, ERR_INPUT,
		    "\"%s\" is neither an operation nor a method and a path",
		    on);
	if (path) {
		*offset = (size_t)(++path - on);
		return *path == '/' || *path == '*' ||
		       err_set(err, ERR_INPUT,
		           "a path begins with a slash, not \"%s\"", path);
	}
	if (operation_known(on, known))
		return true;
	near = nearest_name(on, known->operations, known->count);
	return err_set(err, ERR_INPUT, "a %s has no operation \"%s\"%s%s%s",
	    known->server, on, near ? "; did you mean " : "", near ? near : "",
	    near ? "?" : "");
}

bool fault_keys_agree(const struct fault_keys *keys, bool has_status,
    const struct fault_words *known, struct err *err)
{
	if ((keys->body || keys->headers.count) && !has_status)
		return err_set(err, ERR_INPUT,
		    "body and header go with \"answers STATUS\" and \"obeys "
		    "but answers STATUS\" only");
	if (keys->nth && (keys->every || keys->from || keys->times))
		return err_set(err, ERR_INPUT,
		    "nth is one exchange: it goes without every, from and "
		    "times");
	if (keys->machine && !known->machines)
		return err_set(err, ERR_INPUT,
		    "a %s has no machines: the key machine is for a maas",
		    known->server);
	return true;
}

/* ---- at work ---- */

/* "cluster/web" also stands for the programs inside it. */
bool fault_keys_fit(
    const struct fault_keys *keys, const struct wire_sight *sight)
{
	size_t len = keys->sender ? strlen(keys->sender) : 0;

	return !keys->sender || view_glob(keys->sender, sight->client) ||
	       (strncmp(sight->client, keys->sender, len) == 0 &&
	           sight->client[len] == '/');
}

bool fault_keys_spent(
    const struct fault_keys *keys, const struct fault_tally *tally)
{
	return keys->times && tally->met >= keys->times;
}

static bool in_turn(
    const struct fault_keys *keys, const struct fault_tally *tally)
{
	long long n = tally->fitted, from = keys->from ? keys->from : 1;

	if (keys->nth)
		return n == keys->nth;
	if (n < from || fault_keys_spent(keys, tally))
		return false;
	return !keys->every || n % keys->every == 0;
}

bool fault_keys_count(const struct fault_keys *keys, struct fault_tally *tally,
    const struct wire_sight *sight, struct choices *choices, const char *text)
{
	tally->fitted++;
	if (!in_turn(keys, tally))
		return false;
	return keys->chance >= 1 ||
	       choose_chance(choices, keys->chance, "%s: %s: %s", sight->server,
	           sight->op, text);
}

void fault_keys_adorn(const struct fault_keys *keys, struct wire_doom *doom)
{
	if (keys->body) {
		buf_reset(&doom->answer.body);
		buf_adds(&doom->answer.body, keys->body);
	}
	for (size_t i = 0; i < keys->headers.count; i++)
		http_header_set(&doom->answer.headers,
		    keys->headers.items[i].name, keys->headers.items[i].value);
}
