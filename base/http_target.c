/* The parts of a target, and forms: the second half of base/http.h. */
#include "base/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* A new string; NULL where the encoding is broken or hides a NUL, which no
 * name and no value of ours has. */
static char *decode(const char *text, size_t len)
{
	struct buf out = BUF_INIT;

	if (!buf_add_unpercent(&out, text, len) ||
	    (out.len && memchr(out.data, '\0', out.len))) {
		buf_free(&out);
		return NULL;
	}
	return buf_detach(&out);
}

/* As decode, and '+' is a space: the rule of forms, not of paths. */
static char *decode_field(const char *text, size_t len)
{
	char *spaced, *decoded;
	size_t i;

	if (!len || !memchr(text, '+', len))
		return decode(text, len);
	spaced = xstrndup(text, len);
	for (i = 0; i < len; i++)
		if (spaced[i] == '+')
			spaced[i] = ' ';
	decoded = decode(spaced, len);
	free(spaced);
	return decoded;
}

static size_t path_len(const char *target)
{
	return strcspn(target, "?#");
}

char *http_path(const char *target)
{
	return xstrndup(target, path_len(target));
}

/* The raw segment #index; a slash at the end begins no further segment. */
static const char *find_segment(const char *target, size_t index, size_t *len)
{
	const char *end = target + path_len(target);
	const char *at = target;

	for (;;) {
		const char *slash;

		if (at < end && *at == '/')
			at++;
		if (at >= end)
			return NULL;
		slash = memchr(at, '/', (size_t)(end - at));
		*len = (size_t)((slash ? slash : end) - at);
		if (index-- == 0)
			return at;
		at += *len;
	}
}

char *http_path_segment(const char *target, size_t index)
{
	size_t len;
	const char *segment = find_segment(target, index, &len);

	return segment ? decode(segment, len) : NULL;
}

size_t http_path_segments(const char *target)
{
	size_t count = 0, len;

	while (find_segment(target, count, &len))
		count++;
	return count;
}

size_t http_path_split(const char *target, char **items, size_t most)
{
	const char *at = target, *end = target + path_len(target);
	size_t count = 0;

	for (;;) {
		const char *slash, *stop;

		if (at < end && *at == '/')
			at++;
		if (at >= end)
			return count;
		slash = memchr(at, '/', (size_t)(end - at));
		stop = slash ? slash : end;
		if (count < most)
			items[count] = decode(at, (size_t)(stop - at));
		count++;
		at = stop;
	}
}

/* One name=value of a form; false at the end. */
struct pair {
	const char *name, *value;
	size_t name_len, value_len;
};

static bool next_pair(const char **at, const char *end, struct pair *pair)
{
	const char *stop, *equals;

	while (*at < end && **at == '&')
		++*at;
	if (*at >= end)
		return false;
	stop = memchr(*at, '&', (size_t)(end - *at));
	if (!stop)
		stop = end;
	equals = memchr(*at, '=', (size_t)(stop - *at));
	pair->name = *at;
	pair->name_len = (size_t)((equals ? equals : stop) - *at);
	pair->value = equals ? equals + 1 : stop;
	pair->value_len = (size_t)(stop - pair->value);
	*at = stop;
	return true;
}

/* Hardly any name is encoded, and then nothing is copied. */
static bool names(const struct pair *pair, const char *key)
{
	char *name;
	bool is;

	if (!memchr(pair->name, '%', pair->name_len) &&
	    !memchr(pair->name, '+', pair->name_len))
		return strncmp(pair->name, key, pair->name_len) == 0 &&
		       !key[pair->name_len];
	name = decode_field(pair->name, pair->name_len);
	is = name && strcmp(name, key) == 0;
	free(name);
	return is;
}

char *http_query(const char *target, const char *key)
{
	const char *at = strchr(target, '?');
	const char *end;
	struct pair pair;

	if (!at)
		return NULL;
	at++;
	end = at + strcspn(at, "#");
	while (next_pair(&at, end, &pair)) {
		if (names(&pair, key))
			return decode_field(pair.value, pair.value_len);
	}
	return NULL;
}

/* Takes both strings. */
static void push(struct form *form, char *name, char *value)
{
	form->fields = xrealloc(
	    form->fields, (form->count + 1) * sizeof(*form->fields));
	form->fields[form->count++] = (struct form_field){ .name = name,
		.value = value };
}

void form_add(struct form *form, const char *name, const char *value)
{
	check(name && value);
	push(form, xstrdup(name), xstrdup(value));
}

const char *form_get(const struct form *form, const char *name)
{
	size_t i;

	for (i = form->count; i > 0; i--)
		if (strcmp(form->fields[i - 1].name, name) == 0)
			return form->fields[i - 1].value;
	return NULL;
}

bool form_parse_urlencoded(struct form *form, const char *text, size_t len)
{
	const char *at = text;
	struct pair pair;

	while (next_pair(&at, text + len, &pair)) {
		char *name = decode_field(pair.name, pair.name_len);
		char *value = decode_field(pair.value, pair.value_len);

		if (!name || !value) {
			free(name);
			free(value);
			form_free(form);
			return false;
		}
		push(form, name, value);
	}
	return true;
}

void form_write_urlencoded(const struct form *form, struct buf *out)
{
	size_t i;

	for (i = 0; i < form->count; i++) {
		if (i > 0)
			buf_addc(out, '&');
		buf_add_percent(out, form->fields[i].name);
		buf_addc(out, '=');
		buf_add_percent(out, form->fields[i].value);
	}
}

void form_free(struct form *form)
{
	size_t i;

	for (i = 0; i < form->count; i++) {
		free(form->fields[i].name);
		free(form->fields[i].value);
	}
	free(form->fields);
	*form = (struct form){ 0 };
}
