#include "harness/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/choices.h"
#include "base/json.h"

#define HASH_KEY 0x70636773696dULL /* any; the same for all records */

struct record {
	struct buf text;
	uint64_t hash, events;
};

struct record *record_new(void)
{
	return xcalloc(1, sizeof(struct record));
}

void record_free(struct record **record)
{
	if (!*record)
		return;
	buf_free(&(*record)->text);
	free(*record);
	*record = NULL;
}

/* ---- writing ---- */

static void add_json_text(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\u%04x", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

static void add_pair(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, ",\"%s\":", key);
	add_json_text(out, text);
}

void record_sink(void *ctx, const struct event *event)
{
	struct record *record = ctx;
	struct buf *out = &record->text;
	size_t begin = out->len;

	buf_addf(
	    out, "{\"at\":%" PRId64 ",\"seq\":%" PRIu64, event->at, event->seq);
	add_pair(out, "kind", event->kind);
	add_pair(out, "actor", event->actor);
	add_pair(out, "about", event->about);
	for (size_t i = 0; i < event->field_count; i++) {
		const struct event_field *f = &event->fields[i];

		if (f->text)
			add_pair(out, f->key, f->text);
		else
			buf_addf(out, ",\"%s\":%" PRId64, f->key, f->number);
	}
	buf_adds(out, "}\n");
	record->events++;
	record->hash = keyed_hash(
	    HASH_KEY ^ record->hash, out->data + begin, out->len - begin);
}

uint64_t record_hash(const struct record *record)
{
	return record->hash;
}

uint64_t record_events(const struct record *record)
{
	return record->events;
}

const char *record_text(const struct record *record, size_t *len)
{
	*len = record->text.len;
	return buf_text(&record->text);
}

/* ---- reading: the trail ---- */

void clock_text(usec at, char out[32])
{
	long long ms = at / 1000, s = ms / 1000;

	snprintf(out, 32, "%lldh%02lldm%02lld.%03lld", s / 3600, s / 60 % 60,
	    s % 60, ms % 1000);
}

static void say_state(struct buf *out, const json_t *event)
{
	static const char *const frame[] = { "at", "seq", "kind", "actor",
		"about" };
	const char *key;
	json_t *value;
	bool first = true;

	json_object_foreach((json_t *)(uintptr_t)event, key, value)
	{
		bool framed = false;

		for (int i = 0; i < 5; i++)
			framed |= strcmp(key, frame[i]) == 0;
		if (framed ||
		    (json_is_string(value) && !*json_string_value(value)))
			continue;
		buf_addf(out, "%s%s ", first ? "" : ", ", key);
		if (json_is_string(value))
			buf_adds(out, json_string_value(value));
		else
			buf_addf(
			    out, "%lld", (long long)json_integer_value(value));
		first = false;
	}
}

static char *sentence_of(const json_t *event)
{
	struct buf out = BUF_INIT;
	const char *kind = jstr(event, "kind");
	char time[32];

	clock_text(jint(event, "at"), time);
	buf_addf(&out, "%-13s", time);
	if (strcmp(kind, "exchange") == 0) {
		buf_addf(&out, "%-14s -> %-14s %-4s %s  ", jstr(event, "actor"),
		    jstr(event, "about"), jstr(event, "method"),
		    jstr(event, "target"));
		if (jint(event, "status"))
			buf_addf(
			    &out, "%lld", (long long)jint(event, "status"));
		else
			buf_adds(&out, jstr(event, "error"));
	} else {
		buf_addf(&out, "%-14s    %s  ", jstr(event, "actor"),
		    jstr(event, "about"));
		if (strcmp(kind, "state") != 0)
			buf_addf(&out, "%s: ", kind);
		say_state(&out, event);
	}
	return buf_detach(&out);
}

static bool speaks_of(
    const char *line, size_t len, const char *const *words, size_t word_count)
{
	for (size_t i = 0; i < word_count; i++)
		if (*words[i] && memmem(line, len, words[i], strlen(words[i])))
			return true;
	return false;
}

static const char *line_before(const char *text, const char *end)
{
	const char *at = end;

	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

/* Polls say the same again and again, and chance explains itself. */
static bool is_dull(const char *line, size_t len)
{
	return memmem(line, len, "\"kind\":\"choice\"", 15) ||
	       memmem(line, len, "\"op\":\"poll\"", 11) ||
	       memmem(line, len, "\"kind\":\"flow\"", 13) ||
	       memmem(line, len, "watch=true", 10) ||
	       memmem(line, len, "\"kind\":\"message\"", 16);
}

json_t *record_trail(const struct record *record, const char *const *words,
    size_t word_count, size_t max, usec until_at)
{
	const char *text = buf_text(&record->text);
	const char *end = text + record->text.len;
	json_t *list = json_array();

	while (end > text && json_array_size(list) < max) {
		const char *line = line_before(text, end - 1);
		size_t len = (size_t)(end - line);
		struct err err;
		json_t *event;
		char *sentence;

		end = line;
		if (!speaks_of(line, len, words, word_count) ||
		    is_dull(line, len))
			continue;
		event = json_parse(line, len, &err);
		if (event && jint(event, "at") <= until_at) {
			sentence = sentence_of(event);
			json_array_insert_new(list, 0, json_string(sentence));
			free(sentence);
		}
		json_decref(event);
	}
	return list;
}
