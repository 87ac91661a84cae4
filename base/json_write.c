/* buf_add_json of base/json.h. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

struct writer {
	struct buf *out;
	size_t flags;
};

static void add_value(struct writer *w, json_t *value, unsigned depth);

static void add_real(struct writer *w, const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	check(text);
	buf_adds(w->out, text);
	free(text);
}

/* What stands before an item, and before the end of a list that has some. */
static void add_break(struct writer *w, unsigned depth, bool between)
{
	static const char spaces[] = "                                ";
	size_t left = depth * (w->flags & JSON_MAX_INDENT);

	if (w->flags & JSON_MAX_INDENT) {
		buf_addc(w->out, '\n');
		for (; left > sizeof(spaces) - 1; left -= sizeof(spaces) - 1)
			buf_add(w->out, spaces, sizeof(spaces) - 1);
		buf_add(w->out, spaces, left);
	} else if (between && !(w->flags & JSON_COMPACT)) {
		buf_addc(w->out, ' ');
	}
}

static void add_array(struct writer *w, json_t *array, unsigned depth)
{
	size_t count = json_array_size(array);

	buf_addc(w->out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_addc(w->out, ',');
		add_break(w, depth + 1, i > 0);
		add_value(w, json_array_get(array, i), depth + 1);
	}
	if (count > 0)
		add_break(w, depth, false);
	buf_addc(w->out, ']');
}

struct member {
	const char *key;
	size_t len;
	json_t *value;
};

static int member_compare(const void *a_ptr, const void *b_ptr)
{
	const struct member *a = a_ptr, *b = b_ptr;
	int by = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

	if (by != 0)
		return by;
	return a->len < b->len ? -1 : a->len > b->len;
}

static void add_member(struct writer *w, const struct member *member,
    unsigned depth, bool is_first)
{
	if (!is_first)
		buf_addc(w->out, ',');
	add_break(w, depth, !is_first);
	buf_add_quoted(w->out, member->key, member->len);
	buf_add(w->out, ": ", w->flags & JSON_COMPACT ? 1 : 2);
	add_value(w, member->value, depth);
}

static struct member member_at(void *at)
{
	return (struct member){
		.key = json_object_iter_key(at),
		.len = json_object_iter_key_len(at),
		.value = json_object_iter_value(at),
	};
}

static void add_sorted(struct writer *w, json_t *object, unsigned depth)
{
	struct member *members = xcalloc(
	    json_object_size(object), sizeof(*members));
	size_t count = 0;

	for (void *at = json_object_iter(object); at;
	     at = json_object_iter_next(object, at))
		members[count++] = member_at(at);
	qsort(members, count, sizeof(*members), member_compare);
	for (size_t i = 0; i < count; i++)
		add_member(w, &members[i], depth + 1, i == 0);
	free(members);
}

static void add_in_order(struct writer *w, json_t *object, unsigned depth)
{
	void *first = json_object_iter(object);

	for (void *at = first; at; at = json_object_iter_next(object, at)) {
		struct member member = member_at(at);

		add_member(w, &member, depth + 1, at == first);
	}
}

static void add_object(struct writer *w, json_t *object, unsigned depth)
{
	buf_addc(w->out, '{');
	if (w->flags & JSON_SORT_KEYS)
		add_sorted(w, object, depth);
	else
		add_in_order(w, object, depth);
	if (json_object_size(object) > 0)
		add_break(w, depth, false);
	buf_addc(w->out, '}');
}

static void add_value(struct writer *w, json_t *value, unsigned depth)
{
	check(depth < 200); /* a cycle */
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		add_object(w, value, depth);
		return;
	case JSON_ARRAY:
		add_array(w, value, depth);
		return;
	case JSON_STRING:
		buf_add_quoted(w->out, json_string_value(value),
		    json_string_length(value));
		return;
	case JSON_INTEGER:
		buf_addn(w->out, json_integer_value(value));
		return;
	case JSON_REAL:
		add_real(w, value);
		return;
	case JSON_TRUE:
		buf_add(w->out, "true", 4);
		return;
	case JSON_FALSE:
		buf_add(w->out, "false", 5);
		return;
	case JSON_NULL:
		buf_add(w->out, "null", 4);
		return;
	}
	unreachable("not a JSON type");
}

void buf_add_json(struct buf *out, const json_t *value, size_t flags)
{
	struct writer writer = { out, flags };

	check(value);
	/* Only read; jansson's iterators want it changeable. */
	add_value(&writer, (json_t *)(uintptr_t)value, 0);
}
