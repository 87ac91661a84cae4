#include "capi/yaml_write.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

static void write_value(struct buf *out, json_t *value, unsigned indent);

static void pad(struct buf *out, unsigned indent)
{
	for (unsigned i = 0; i < indent; i++)
		buf_addc(out, ' ');
}

/* Words that some reader takes for a boolean or for nothing. */
static bool is_word_with_meaning(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
		"off", "y", "n", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_plain(const char *text)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '/')
		return false;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/._-", *p))
			return false;
	return !is_word_with_meaning(text);
}

/* Can it stand in a block scalar as it is? */
static bool is_block(const char *text)
{
	if (!strchr(text, '\n'))
		return false;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
			return false;
	/* Nothing but line ends is easier to read in quotes. */
	return text[strspn(text, "\n")] != '\0';
}

static void write_block(struct buf *out, const char *text, unsigned indent)
{
	size_t len = strlen(text);
	const char *chomp = "-";

	if (len >= 2 && text[len - 1] == '\n' && text[len - 2] == '\n')
		chomp = "+";
	else if (text[len - 1] == '\n')
		chomp = "";
	buf_addf(out, " |2%s\n", chomp);
	while (*text) {
		size_t line = strcspn(text, "\n");

		if (line)
			pad(out, indent);
		buf_add(out, text, line);
		buf_addc(out, '\n');
		text += line + (text[line] == '\n');
	}
}

static void write_quoted(struct buf *out, const char *text)
{
	json_t *value = json_string(text);
	char *quoted;

	check(value);
	quoted = json_dumps(value, JSON_ENCODE_ANY);
	check(quoted);
	buf_adds(out, quoted);
	free(quoted);
	json_decref(value);
}

static void write_scalar(struct buf *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		if (is_plain(json_string_value(value)))
			buf_adds(out, json_string_value(value));
		else
			write_quoted(out, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY);
	check(text);
	buf_adds(out, text);
	free(text);
}

static bool is_nested(const json_t *value)
{
	return (json_is_object(value) && json_object_size(value) > 0) ||
	       (json_is_array(value) && json_array_size(value) > 0);
}

/* What follows "key:" in a map whose keys stand at indent. */
static void write_member(struct buf *out, json_t *value, unsigned indent)
{
	if (is_nested(value)) {
		buf_addc(out, '\n');
		write_value(out, value, indent + 2);
	} else if (json_is_string(value) &&
	           is_block(json_string_value(value))) {
		write_block(out, json_string_value(value), indent + 2);
	} else {
		buf_addc(out, ' ');
		write_scalar(out, value);
		buf_addc(out, '\n');
	}
}

static void write_map(
    struct buf *out, json_t *map, unsigned indent, bool first_is_padded)
{
	const char *key;
	json_t *value;

	json_object_foreach(map, key, value)
	{
		if (!first_is_padded)
			pad(out, indent);
		first_is_padded = false;
		if (is_plain(key))
			buf_adds(out, key);
		else
			write_quoted(out, key);
		buf_addc(out, ':');
		write_member(out, value, indent);
	}
}

static void write_list(struct buf *out, json_t *list, unsigned indent)
{
	size_t i;
	json_t *value;

	json_array_foreach(list, i, value)
	{
		pad(out, indent);
		buf_addc(out, '-');
		if (json_is_object(value) && json_object_size(value) > 0) {
			buf_addc(out, ' ');
			write_map(out, value, indent + 2, true);
		} else {
			write_member(out, value, indent);
		}
	}
}

static void write_value(struct buf *out, json_t *value, unsigned indent)
{
	if (json_is_array(value))
		write_list(out, value, indent);
	else
		write_map(out, value, indent, false);
}

void yaml_write(struct buf *out, const json_t *document)
{
	json_t *copy = json_deep_copy(
	    document); /* walking one wants no const */

	check(copy);
	check(is_nested(copy));
	write_value(out, copy, 0);
	json_decref(copy);
}
