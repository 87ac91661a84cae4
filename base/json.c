#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_read.h"

#define DEEPEST 64

/* ---- paths ---- */

struct step {
	const char *key;
	size_t len;
	bool bracketed;
};

/* The next step of a path; false at its end. A path is written by us, so a
 * broken one is our bug. */
static bool next_step(const char **path, struct step *step)
{
	const char *at = *path;

	if (*at == '.')
		at++;
	if (!*at)
		return false;
	step->bracketed = *at == '[';
	if (step->bracketed) {
		const char *close = strchr(++at, ']');

		check(close);
		step->len = (size_t)(close - at);
		*path = close + 1;
	} else {
		step->len = strcspn(at, ".[");
		*path = at + step->len;
	}
	step->key = at;
	check(step->len > 0);
	return true;
}

static bool step_index(const struct step *step, size_t *index)
{
	size_t i, n = 0;

	if (!step->bracketed || step->len > 9)
		return false;
	for (i = 0; i < step->len; i++) {
		if (step->key[i] < '0' || step->key[i] > '9')
			return false;
		n = 10 * n + (size_t)(step->key[i] - '0');
	}
	*index = n;
	return true;
}

static json_t *child(const json_t *node, const struct step *step)
{
	size_t index;

	if (json_is_array(node))
		return step_index(step, &index) ? json_array_get(node, index)
		                                : NULL;
	return json_object_getn(node, step->key, step->len);
}

json_t *jget(const json_t *root, const char *path)
{
	const json_t *node = root;
	json_t *found = NULL;
	struct step step;

	while (next_step(&path, &step)) {
		found = child(node, &step);
		if (!found)
			return NULL;
		node = found;
	}
	return found;
}

const char *jstr(const json_t *root, const char *path)
{
	const char *text = json_string_value(jget(root, path));

	return text ? text : "";
}

int64_t jint(const json_t *root, const char *path)
{
	const json_t *node = jget(root, path);
	double number;

	if (!json_is_real(node))
		return json_integer_value(node);
	number = json_real_value(node);
	/* Beyond these a conversion is undefined; nobody means it. */
	return number > -9e18 && number < 9e18 ? (int64_t)number : 0;
}

bool jbool(const json_t *root, const char *path)
{
	return json_is_true(jget(root, path));
}

bool jhas(const json_t *root, const char *path)
{
	return jget(root, path) != NULL;
}

size_t jlen(const json_t *root, const char *path)
{
	return json_array_size(jget(root, path));
}

/* ---- writing ---- */

/* Steals value. An index may name an item that is there, or the next one. */
static void put(json_t *node, const struct step *step, json_t *value)
{
	size_t index;
	int failed;

	if (json_is_array(node)) {
		check(step_index(step, &index));
		failed = index == json_array_size(node)
		             ? json_array_append_new(node, value)
		             : json_array_set_new(node, index, value);
	} else {
		failed = json_object_setn_new(
		    node, step->key, step->len, value);
	}
	check(!failed);
}

static void take_out(json_t *node, const struct step *step)
{
	size_t index;

	if (json_is_array(node)) {
		if (step_index(step, &index))
			json_array_remove(node, index);
		return;
	}
	json_object_deln(node, step->key, step->len);
}

static bool is_container(const json_t *node)
{
	return json_is_object(node) || json_is_array(node);
}

void jset(json_t *root, const char *path, json_t *value)
{
	json_t *node = root;
	struct step step, next;

	check(is_container(root));
	check(next_step(&path, &step));
	while (next_step(&path, &next)) {
		json_t *below = child(node, &step);

		if (!is_container(below)) {
			if (!value)
				return; /* nothing there to remove */
			below = json_object();
			put(node, &step, below);
		}
		node = below;
		step = next;
	}
	if (value)
		put(node, &step, value);
	else
		take_out(node, &step);
}

json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char *mended;

	if (!value) {
		mended = xstrdup(text);
		text_mend(mended);
		value = json_string(mended);
		free(mended);
	}
	check(value);
	return value;
}

void jsets(json_t *root, const char *path, const char *text)
{
	jset(root, path, json_text(text));
}

void jseti(json_t *root, const char *path, int64_t number)
{
	jset(root, path, json_integer(number));
}

void jsetb(json_t *root, const char *path, bool value)
{
	jset(root, path, json_boolean(value));
}

void jadd(json_t *root, const char *path, json_t *item)
{
	json_t *list = jget(root, path);
	int failed;

	if (!json_is_array(list)) {
		list = json_array();
		jset(root, path, list);
	}
	failed = json_array_append_new(list, item);
	check(!failed);
}

/* ---- whole documents ---- */

static json_t *clone_object(json_t *object)
{
	json_t *copy = json_object();

	for (void *at = json_object_iter(object); at;
	     at = json_object_iter_next(object, at))
		check(
		    json_object_setn_new_nocheck(copy, json_object_iter_key(at),
		        json_object_iter_key_len(at),
		        json_clone(json_object_iter_value(at))) == 0);
	return copy;
}

static json_t *clone_array(const json_t *array)
{
	size_t count = json_array_size(array);
	json_t *copy = json_array();

	for (size_t i = 0; i < count; i++)
		check(json_array_append_new(
		          copy, json_clone(json_array_get(array, i))) == 0);
	return copy;
}

json_t *json_clone(const json_t *value)
{
	/* Only read; jansson's iterators want it changeable. */
	json_t *open = (json_t *)(uintptr_t)value;

	if (json_is_object(value))
		return clone_object(open);
	if (json_is_array(value))
		return clone_array(value);
	return json_deep_copy(value); /* NULL for NULL */
}

char *json_canonical(const json_t *root)
{
	struct buf out = BUF_INIT;

	buf_add_json(&out, root, JSON_COMPACT | JSON_SORT_KEYS);
	return buf_detach(&out);
}

void json_merge_patch(json_t **target, const json_t *patch)
{
	const char *key;
	json_t *value;
	void *at;

	if (!json_is_object(patch)) {
		json_decref(*target);
		*target = json_clone(patch);
		return;
	}
	if (!json_is_object(*target)) {
		json_decref(*target);
		*target = json_object();
	}
	for (at = json_object_iter((json_t *)(uintptr_t)patch); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)patch, at)) {
		json_t *merged;

		key = json_object_iter_key(at);
		value = json_object_iter_value(at);
		if (json_is_null(value)) {
			json_object_del(*target, key);
			continue;
		}
		merged = json_incref(json_object_get(*target, key));
		json_merge_patch(&merged, value);
		json_object_set_new(*target, key, merged);
	}
}

/* The parser below is recursive and allows far more than any document of ours
 * has. Brackets inside texts do not count. */
static bool is_too_deep(
    const char *data, size_t len, unsigned *line, unsigned *column)
{
	const char *line_start = data;
	unsigned depth = 0;
	bool in_text = false;
	size_t i;

	*line = 1;
	for (i = 0; i < len; i++) {
		char c = data[i];

		if (c == '\n') {
			++*line;
			line_start = data + i + 1;
		} else if (c == '"') {
			in_text = !in_text;
		} else if (c == '\\' && in_text) {
			i++;
		} else if (!in_text && (c == '{' || c == '[')) {
			if (++depth > DEEPEST)
				break;
		} else if (!in_text && (c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	*column = (unsigned)(data + i - line_start) + 1;
	return i < len;
}

json_t *json_parse(const char *data, size_t len, struct err *err)
{
	json_t *root = json_read_plain(data, len, DEEPEST);
	json_error_t error;
	unsigned line, column;

	if (root)
		return root;
	if (is_too_deep(data, len, &line, &column)) {
		err_set(err, ERR_GARBLED,
		    "line %u, column %u: nested deeper than %d", line, column,
		    DEEPEST);
		return NULL;
	}
	root = json_loadb(
	    data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!root)
		err_set(err, ERR_GARBLED, "line %d, column %d: %.300s",
		    error.line > 0 ? error.line : 1,
		    error.column > 0 ? error.column : 1, error.text);
	return root;
}
