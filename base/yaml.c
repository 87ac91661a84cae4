#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/check.h"

#define DEEPEST 64

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one being looked at; ours while has_event */
	bool has_event;
	const char *name;
	const char *data; /* not ours */
	size_t len;
	unsigned depth;
	struct err *err;
};

static bool complain(
    struct reader *reader, const yaml_mark_t *mark, const char *what)
{
	return err_set(reader->err, ERR_INPUT, "%s:%zu:%zu: %s", reader->name,
	    mark->line + 1, mark->column + 1, what);
}

/* What libyaml says, and what the author of the file can do about it. */
static const struct plain {
	const char *theirs, *ours;
} plains[] = {
	{ "did not find expected '-' indicator",
	    "this line is indented unlike the items of the list that it "
	    "stands in" },
	{ "did not find expected key",
	    "this line is indented unlike those of the map that it stands "
	    "in" },
	{ "did not find expected ',' or '}'",
	    "a \",\" or \"}\" is missing before this" },
	{ "did not find expected ',' or ']'",
	    "a \",\" or \"]\" is missing before this" },
	{ "mapping values are not allowed in this context",
	    "there is a second \": \" in this line; begin a new line for it, "
	    "or put the text in quotes" },
	{ "could not find expected ':'",
	    "a \": \" is missing after the key that begins here, or in the "
	    "line before" },
	{ "found unexpected end of stream",
	    "the file ends inside of quotes or brackets" },
	{ "did not find expected <document start>",
	    "what stands here belongs to no key; is the first line indented?" },
	{ "UTF-8", "the file is not UTF-8 text" },
	{ "control characters", "there is a control character" },
	{ "cannot start any token",
	    "a text cannot begin with this character; put it in quotes" },
};

static const char *plain_words(const char *theirs)
{
	for (size_t i = 0; i < sizeof(plains) / sizeof(plains[0]); i++)
		if (strstr(theirs, plains[i].theirs))
			return plains[i].ours;
	return NULL;
}

static bool is_indented_with_a_tab(const struct reader *reader, size_t line)
{
	const char *at = reader->data, *end = reader->data + reader->len;

	for (; line > 0 && at < end; at++)
		line -= *at == '\n';
	while (at < end && *at == ' ')
		at++;
	return at < end && *at == '\t';
}

/* What libyaml could not read: its own words, and where. */
static bool complain_of_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *what = parser->problem ? parser->problem : "unreadable";
	const yaml_mark_t *mark = &parser->problem_mark;

	const char *plain = plain_words(what);

	if (parser->error == YAML_READER_ERROR)
		return err_set(reader->err, ERR_INPUT,
		    "%s:%zu:1: %s (at byte %zu)", reader->name,
		    parser->mark.line + 1, plain ? plain : what,
		    parser->problem_offset);
	if (is_indented_with_a_tab(reader, mark->line))
		return complain(reader, mark,
		    "there is a tab; lines are indented with spaces");
	if (plain || !parser->context)
		return complain(reader, mark, plain ? plain : what);
	return err_set(reader->err, ERR_INPUT, "%s:%zu:%zu: %s, %s",
	    reader->name, mark->line + 1, mark->column + 1, what,
	    parser->context);
}

static void drop_event(struct reader *reader)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	reader->has_event = false;
}

static bool next_event(struct reader *reader)
{
	drop_event(reader);
	if (!yaml_parser_parse(&reader->parser, &reader->event))
		return complain_of_syntax(reader);
	reader->has_event = true;
	return true;
}

static struct yaml_node *node_new(enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct yaml_node *node = xcalloc(1, sizeof(*node));

	node->kind = kind;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	return node;
}

/* Anchors and tags would make a node mean more than what stands there. */
static bool is_plain_node(
    struct reader *reader, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	const yaml_mark_t *mark = &reader->event.start_mark;

	if (anchor)
		return complain(
		    reader, mark, "anchors (&name) are not read here");
	if (tag)
		return complain(reader, mark, "tags (!name) are not read here");
	return true;
}

static struct yaml_node *read_text(struct reader *reader)
{
	const yaml_event_t *event = &reader->event;
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct yaml_node *node;

	if (!is_plain_node(
	        reader, event->data.scalar.anchor, event->data.scalar.tag))
		return NULL;
	if (memchr(value, '\0', len)) {
		complain(reader, &event->start_mark,
		    "a text cannot hold the character NUL");
		return NULL;
	}
	node = node_new(YAML_TEXT, &event->start_mark);
	node->text = xstrndup(value, len);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return node;
}

static struct yaml_node *read_node(struct reader *reader);

static bool read_item(struct reader *reader, struct yaml_node *list)
{
	struct yaml_node *item = read_node(reader);

	if (!item)
		return false;
	list->items = xrealloc(
	    list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = item;
	return true;
}

static struct yaml_node *read_key(
    struct reader *reader, const struct yaml_node *map)
{
	yaml_mark_t mark = reader->event.start_mark;
	struct yaml_node *key;
	char what[200];

	if (reader->event.type != YAML_SCALAR_EVENT) {
		complain(reader, &mark, "a key must be a plain text");
		return NULL;
	}
	key = read_text(reader);
	if (!key)
		return NULL;
	if (!key->quoted && strcmp(key->text, "<<") == 0) {
		complain(reader, &mark, "merge keys (<<) are not read here");
	} else if (yaml_get(map, key->text)) {
		snprintf(what, sizeof(what),
		    "the key \"%.100s\" stands here a second time", key->text);
		complain(reader, &mark, what);
	} else {
		return key;
	}
	yaml_free(&key);
	return NULL;
}

static bool read_pair(struct reader *reader, struct yaml_node *map)
{
	struct yaml_pair pair;

	pair.key = read_key(reader, map);
	if (!pair.key)
		return false;
	pair.value = next_event(reader) ? read_node(reader) : NULL;
	if (!pair.value) {
		yaml_free(&pair.key);
		return false;
	}
	map->pairs = xrealloc(
	    map->pairs, (map->count + 1) * sizeof(*map->pairs));
	map->pairs[map->count++] = pair;
	return true;
}

/* A map or a list: up to its end, one member after the other. */
static struct yaml_node *read_members(struct reader *reader,
    enum yaml_kind kind, yaml_event_type_t end,
    bool (*read_member)(struct reader *, struct yaml_node *))
{
	struct yaml_node *node = node_new(kind, &reader->event.start_mark);

	if (++reader->depth > DEEPEST) {
		complain(reader, &reader->event.start_mark,
		    "nested deeper than 64 levels");
		yaml_free(&node);
		return NULL;
	}
	for (;;) {
		if (!next_event(reader))
			break;
		if (reader->event.type == end) {
			reader->depth--;
			return node;
		}
		if (!read_member(reader, node))
			break;
	}
	yaml_free(&node);
	return NULL;
}

static struct yaml_node *read_node(struct reader *reader)
{
	const yaml_event_t *event = &reader->event;

	if (event->type == YAML_SCALAR_EVENT)
		return read_text(reader);
	if (event->type == YAML_MAPPING_START_EVENT) {
		if (!is_plain_node(reader, event->data.mapping_start.anchor,
		        event->data.mapping_start.tag))
			return NULL;
		return read_members(
		    reader, YAML_MAP, YAML_MAPPING_END_EVENT, read_pair);
	}
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		if (!is_plain_node(reader, event->data.sequence_start.anchor,
		        event->data.sequence_start.tag))
			return NULL;
		return read_members(
		    reader, YAML_LIST, YAML_SEQUENCE_END_EVENT, read_item);
	}
	check(event->type == YAML_ALIAS_EVENT);
	complain(
	    reader, &event->start_mark, "aliases (*name) are not read here");
	return NULL;
}

/* The one document of a stream; nothing may follow it. */
static struct yaml_node *read_stream(struct reader *reader)
{
	struct yaml_node *root;

	if (!next_event(reader)) /* stream start */
		return NULL;
	if (!next_event(reader)) /* document start, or stream end */
		return NULL;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return node_new(YAML_MAP, &reader->event.start_mark);
	root = next_event(reader) ? read_node(reader) : NULL;
	if (!root)
		return NULL;
	if (next_event(reader) && next_event(reader)) {
		if (reader->event.type == YAML_STREAM_END_EVENT)
			return root;
		complain(reader, &reader->event.start_mark,
		    "a second document begins here; one is all that is read");
	}
	yaml_free(&root);
	return NULL;
}

/* "---" and nothing, or only comments: a document that says nothing. */
static void forget_nothing(struct yaml_node *root)
{
	if (root->kind != YAML_TEXT || root->quoted || root->text[0])
		return;
	free(root->text);
	root->text = NULL;
	root->kind = YAML_MAP;
}

struct yaml_node *yaml_read(
    const char *name, const char *data, size_t len, struct err *err)
{
	struct reader reader = {
		.name = name, .data = data, .len = len, .err = err
	};
	struct yaml_node *root;
	int ok = yaml_parser_initialize(&reader.parser);

	check(ok);
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		reader.data = data += 3; /* a byte order mark: editors' */
		reader.len = len -= 3;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &reader.parser, (const unsigned char *)data, len);
	root = read_stream(&reader);
	drop_event(&reader);
	yaml_parser_delete(&reader.parser);
	if (root)
		forget_nothing(root);
	return root;
}

void yaml_free(struct yaml_node **node)
{
	struct yaml_node *old = *node;
	size_t i;

	if (!old)
		return;
	for (i = 0; i < old->count; i++) {
		if (old->kind == YAML_LIST) {
			yaml_free(&old->items[i]);
		} else {
			yaml_free(&old->pairs[i].key);
			yaml_free(&old->pairs[i].value);
		}
	}
	free(old->items);
	free(old->pairs);
	free(old->text);
	free(old);
	*node = NULL;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	size_t i;

	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (i = 0; i < map->count; i++)
		if (strcmp(map->pairs[i].key->text, key) == 0)
			return map->pairs[i].value;
	return NULL;
}

const char *yaml_text(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node && node->kind == YAML_TEXT ? node->text : NULL;
}
