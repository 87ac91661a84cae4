#include "base/json_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define MOST_DIGITS 18 /* what surely is an int64_t */

struct reader {
	const char *at, *end;
	unsigned depth_left;
	struct buf
	    text; /* of the string that was read last, if it had escapes */
};

/* A string or a key, where it stands or in the reader's buffer; good until the
 * next one. */
struct span {
	const char *text;
	size_t len;
};

static json_t *read_value(struct reader *r);

/* The next byte that is no white space; 0 at the end (and a NUL is not plain
 * anywhere). */
static char next_byte(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' ||
	                             *r->at == '\t' || *r->at == '\r'))
		r->at++;
	return r->at < r->end ? *r->at : '\0';
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void skip_plain(struct reader *r)
{
	while (r->at < r->end && is_plain(*r->at))
		r->at++;
}

/* Behind a backslash. */
static bool read_escape(struct reader *r)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *name = r->at < r->end && *r->at ? strchr(names, *r->at)
	                                            : NULL;

	if (!name)
		return false;
	buf_addc(&r->text, means[name - names]);
	r->at++;
	return true;
}

/* It goes on after its first backslash, at which the reader stands. */
static bool read_escaped(struct reader *r, const char *from, struct span *span)
{
	buf_reset(&r->text);
	for (;;) {
		buf_add(&r->text, from, (size_t)(r->at - from));
		if (r->at == r->end)
			return false;
		if (*r->at == '"')
			break;
		if (*r->at++ != '\\' || !read_escape(r))
			return false;
		from = r->at;
		skip_plain(r);
	}
	*span = (struct span){ r->text.data, r->text.len };
	r->at++;
	return true;
}

static bool read_string(struct reader *r, struct span *span)
{
	const char *from = ++r->at;

	skip_plain(r);
	if (r->at == r->end || *r->at != '"')
		return read_escaped(r, from, span);
	*span = (struct span){ from, (size_t)(r->at - from) };
	r->at++;
	return true;
}

static bool is_digit(const struct reader *r)
{
	return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

/* How many digits stand here. */
static size_t skip_digits(struct reader *r)
{
	const char *from = r->at;

	while (is_digit(r))
		r->at++;
	return (size_t)(r->at - from);
}

static json_int_t integer_of(const char *digits, size_t count)
{
	json_int_t number = 0;

	for (size_t i = 0; i < count; i++)
		number = 10 * number + (digits[i] - '0');
	return number;
}

/* At the point behind its whole part. No exponent: that is not plain. */
static json_t *read_real(struct reader *r, const char *from)
{
	char text[2 * MOST_DIGITS + 4];
	size_t len;

	r->at++;
	len = skip_digits(r);
	if (len == 0 || len > MOST_DIGITS)
		return NULL;
	len = (size_t)(r->at - from);
	memcpy(text, from, len);
	text[len] = '\0';
	return json_real(strtod(text, NULL));
}

static json_t *read_number(struct reader *r)
{
	bool is_negative = *r->at == '-';
	const char *from = r->at, *digits = from + is_negative;
	json_t *number;
	size_t count;

	r->at = digits;
	count = skip_digits(r);
	if (count == 0 || count > MOST_DIGITS || (*digits == '0' && count > 1))
		return NULL;
	if (r->at < r->end && *r->at == '.')
		number = read_real(r, from);
	else
		number = json_integer(is_negative ? -integer_of(digits, count)
		                                  : integer_of(digits, count));
	if (r->at == r->end || (*r->at != 'e' && *r->at != 'E'))
		return number;
	json_decref(number);
	return NULL;
}

static json_t *read_word(struct reader *r, const char *word, json_t *value)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return NULL; /* the values of words are never freed */
	r->at += len;
	return value;
}

/* Behind an item: another one follows, or the end, or nonsense. */
enum after {
	AFTER_COMMA,
	AFTER_END,
	AFTER_NONSENSE
};

static enum after read_after(struct reader *r, char end)
{
	char c = next_byte(r);

	if (c != ',' && c != end)
		return AFTER_NONSENSE;
	r->at++;
	return c == ',' ? AFTER_COMMA : AFTER_END;
}

static bool read_item(struct reader *r, json_t *array)
{
	json_t *value = read_value(r);

	return value && json_array_append_new(array, value) == 0;
}

static bool read_member(struct reader *r, json_t *object)
{
	size_t count = json_object_size(object);
	json_t *value;
	struct span key;
	char *copy;
	bool done;

	if (next_byte(r) != '"' || !read_string(r, &key) || next_byte(r) != ':')
		return false;
	/* The reader's buffer is wanted for what stands below the key. */
	copy = key.text == r->text.data ? xstrndup(key.text, key.len) : NULL;
	r->at++;
	value = read_value(r);
	done = value && json_object_setn_new_nocheck(object,
	                    copy ? copy : key.text, key.len, value) == 0;
	free(copy);
	return done && json_object_size(object) == count + 1; /* a new key */
}

/* An object or an array: the reader stands at its first bracket. */
static json_t *read_group(struct reader *r, json_t *group, char end,
    bool (*read)(struct reader *r, json_t *group))
{
	enum after after = AFTER_COMMA;

	r->at++;
	r->depth_left--;
	if (next_byte(r) == end) {
		r->at++;
		after = AFTER_END;
	}
	while (after == AFTER_COMMA)
		after = read(r, group) ? read_after(r, end) : AFTER_NONSENSE;
	r->depth_left++;
	if (after == AFTER_END)
		return group;
	json_decref(group);
	return NULL;
}

static json_t *read_value(struct reader *r)
{
	char c = next_byte(r);
	struct span span;

	switch (c) {
	case '{':
	case '[':
		if (r->depth_left == 0)
			return NULL;
		return c == '{' ? read_group(r, json_object(), '}', read_member)
		                : read_group(r, json_array(), ']', read_item);
	case '"':
		return read_string(r, &span)
		           ? json_stringn_nocheck(span.text, span.len)
		           : NULL;
	case 't':
		return read_word(r, "true", json_true());
	case 'f':
		return read_word(r, "false", json_false());
	case 'n':
		return read_word(r, "null", json_null());
	default:
		return c == '-' || is_digit(r) ? read_number(r) : NULL;
	}
}

json_t *json_read_plain(const char *data, size_t len, unsigned deepest)
{
	struct reader reader = {
		.at = data,
		.end = data + len,
		.depth_left = deepest,
	};
	json_t *root = read_value(&reader);

	next_byte(&reader);
	if (root && reader.at != reader.end) { /* something follows */
		json_decref(root);
		root = NULL;
	}
	buf_free(&reader.text);
	return root;
}
