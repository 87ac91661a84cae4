#include "sim/maas/inventory_shape.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/yaml.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"

/* ---- the tables ---- */

#define KINDS(X)                                                           \
	X(OBJECT, json_is_object(value), "an object")                      \
	X(LIST, json_is_array(value), "a list")                            \
	X(TEXT, json_is_string(value), "a text")                           \
	X(NAME, *text_of(value), "a text that is not empty")               \
	X(FLAG, json_is_boolean(value), "true or false")                   \
	X(ID, json_is_integer(value), "a whole number")                    \
	X(SIZE, is_number(value, INT32_MAX), "a whole number from 0 on")   \
	X(VID, is_number(value, 4094), "a whole number from 0 to 4094")    \
	X(AMOUNT, is_amount(value), "a number from 0 on")                  \
	X(STATUS, is_status(value),                                        \
	    "0 (New), 4 (Ready), 6 (Deployed), 8 (Broken), 10 (Allocated)" \
	    " or 11 (Failed deployment)")                                  \
	X(ADDRESS, is_address(value), "an IP address")                     \
	X(NETWORK, is_network(value), "a network, such as 10.0.0.0/24")    \
	X(MAC, is_mac(value), "a MAC address")                             \
	X(API_KEY, is_api_key(value), "CONSUMER:TOKEN:SECRET")             \
	X(RANGE_TYPE, is_range_type(value), "\"dynamic\" or \"reserved\"") \
	X(VERSION, is_version(value), "a version, such as \"3.4\"")

enum kind {
#define X(kind, holds, words) kind,
	KINDS(X)
#undef X
};

static const struct shape {
	const char *path;
	enum kind kind;
	bool needed;
} shapes[] = {
#define MAY(path, kind)  { path, kind, false },
#define MUST(path, kind) { path, kind, true },
#include "sim/maas/inventory.tbl"
#undef MAY
#undef MUST
};
#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

/* ---- the kinds ---- */

static const char *text_of(const json_t *value)
{
	return json_is_string(value) ? json_string_value(value) : "";
}

static bool is_number(const json_t *value, int64_t highest)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= highest;
}

/* In megabytes, and kept in bytes. */
static bool is_amount(const json_t *value)
{
	return json_is_number(value) && json_number_value(value) >= 0 &&
	       json_number_value(value) < 1e12;
}

/* Those that an inventory's machine can have lived to. */
static bool is_status(const json_t *value)
{
	static const enum node_status known[] = { NODE_NEW, NODE_READY,
		NODE_DEPLOYED, NODE_BROKEN, NODE_ALLOCATED,
		NODE_FAILED_DEPLOYMENT };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (json_is_integer(value) &&
		    json_integer_value(value) == known[i])
			return true;
	return false;
}

/* MAAS shows "" where there is none. */
static bool is_address(const json_t *value)
{
	struct ip ip;

	return json_is_string(value) &&
	       (!*text_of(value) || maas_ip_parse(text_of(value), &ip));
}

static bool is_network(const json_t *value)
{
	struct ip_net net;

	return maas_net_parse(text_of(value), &net);
}

static bool is_mac(const json_t *value)
{
	return json_is_string(value) &&
	       (!*text_of(value) || maas_mac_ok(text_of(value)));
}

static bool is_api_key(const json_t *value)
{
	struct names parts = { 0 };
	bool well;

	maas_names_split(&parts, text_of(value), ":");
	well = parts.count == 3;
	maas_names_free(&parts);
	return well;
}

static bool is_range_type(const json_t *value)
{
	return strcmp(text_of(value), "dynamic") == 0 ||
	       strcmp(text_of(value), "reserved") == 0;
}

static bool is_version(const json_t *value)
{
	int major, minor;

	return sscanf(text_of(value), "%d.%d", &major, &minor) == 2;
}

static bool holds(enum kind kind, const json_t *value)
{
	switch (kind) {
#define X(kind, holds, words) \
	case kind:            \
		return holds;
		KINDS(X)
#undef X
	}
	unreachable("a kind that is not in the table");
}

static const char *words_of(enum kind kind)
{
	static const char *const words_by_kind[] = {
#define X(kind, holds, words) [kind] = words,
		KINDS(X)
#undef X
	};

	return words_by_kind[kind];
}

/* ---- places ---- */

/* Where a value stands: under a key, or at an index of a list. The whole is
 * above all and has neither. */
struct at {
	const struct at *above;
	const char *key; /* NULL: it is an index */
	size_t index;
};

static void buf_add_place(struct buf *text, const struct at *at)
{
	if (!at->above) {
		buf_adds(text, "inventory: ");
		return;
	}
	buf_add_place(text, at->above);
	if (!at->key)
		buf_addf(text, "[%zu]", at->index);
	else
		buf_addf(text, "%s%s", at->above->above ? "." : "", at->key);
}

static bool refuse(const struct at *at, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(const struct at *at, struct err *err, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	buf_add_place(&text, at);
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	err_set(err, ERR_INPUT, "%s", buf_text(&text));
	buf_free(&text);
	return false;
}

/* ---- judging ---- */

/* The rows of what belongs to a thing stand behind its own. What is left of
 * such a path: ".hostname", "[].hostname". NULL: it does not belong there. */
static const char *rest_of(const struct shape *row, const struct shape *thing)
{
	size_t len = strlen(thing->path);

	return row < shapes + SHAPE_COUNT &&
	               strncmp(row->path, thing->path, len) == 0
	           ? row->path + len
	           : NULL;
}

/* The row of one key, or of an item ("[]"). NULL: it is not ours. */
static const struct shape *inner_shape(
    const struct shape *thing, const char *key)
{
	const char *rest;

	for (const struct shape *row = thing + 1; (rest = rest_of(row, thing));
	     row++) {
		rest += *rest == '.';
		if (strcmp(rest, key) == 0 || strcmp(rest, "*") == 0)
			return row;
	}
	return NULL;
}

static bool judge(const json_t *value, const struct shape *shape,
    const struct at *at, struct err *err);

static bool judge_items(const json_t *list, const struct shape *shape,
    const struct at *at, struct err *err)
{
	const struct shape *inner = inner_shape(shape, "[]");
	struct at here = { .above = at };
	const json_t *item;

	json_array_foreach(list, here.index, item)
	{
		if (json_is_null(item))
			return refuse(&here, err, " is null");
		if (!judge(item, inner, &here, err))
			return false;
	}
	return true;
}

static bool judge_slip(const struct at *at, struct err *err)
{
	const char *names[SHAPE_COUNT], *near;
	size_t count = 0;

	for (size_t i = 1; i < SHAPE_COUNT; i++)
		if (!strpbrk(shapes[i].path, ".["))
			names[count++] = shapes[i].path;
	near = nearest_name(at->key, names, count);
	return !near || refuse(at, err, " is no key; did you mean %s?", near);
}

static bool judge_keys(const json_t *object, const struct shape *shape,
    const struct at *at, struct err *err)
{
	struct at here = { .above = at };
	const json_t *value;

	/* jansson's iterators do not change what they go over. */
	json_object_foreach((json_t *)(uintptr_t)object, here.key, value)
	{
		const struct shape *inner = inner_shape(shape, here.key);

		if (inner ? !judge(value, inner, &here, err)
		          : !at->above && !judge_slip(&here, err))
			return false;
	}
	return true;
}

static bool judge_needed(const json_t *object, const struct shape *shape,
    const struct at *at, struct err *err)
{
	const char *rest;

	for (const struct shape *row = shape + 1; (rest = rest_of(row, shape));
	     row++) {
		const json_t *value;

		if (!row->needed || strpbrk(rest + 1, ".["))
			continue;
		value = json_object_get(object, rest + 1);
		if (!value || json_is_null(value))
			return refuse(at, err, " has no %s", rest + 1);
	}
	return true;
}

/* What is no key may still be a secret, so it is not shown. */
static bool wrong(
    const json_t *value, enum kind kind, const struct at *at, struct err *err)
{
	char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	bool is_long = strlen(shown) > 40, is_secret = kind == API_KEY;

	refuse(at, err, "%s has to be %s%s%.*s%s", at->above ? "" : "the whole",
	    words_of(kind), is_secret ? "" : ", not ", is_secret ? 0 : 40,
	    shown, is_long && !is_secret ? "..." : "");
	free(shown);
	return false;
}

static bool judge(const json_t *value, const struct shape *shape,
    const struct at *at, struct err *err)
{
	if (json_is_null(value) && at->above)
		return true;
	if (holds(shape->kind, value))
		return shape->kind == LIST
		           ? judge_items(value, shape, at, err)
		           : shape->kind != OBJECT ||
		                 (judge_needed(value, shape, at, err) &&
		                     judge_keys(value, shape, at, err));
	return wrong(value, shape->kind, at, err);
}

bool maas_inventory_judge(const json_t *inventory, struct err *err)
{
	const struct at whole = { 0 };

	return judge(inventory, &shapes[0], &whole, err);
}
