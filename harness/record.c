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

static void add_key(struct buf *out, const char *key)
{
	buf_add(out, ",\"", 2);
	buf_adds(out, key);
	buf_add(out, "\":", 2);
}

static void add_pair(struct buf *out, const char *key, const char *text)
{
	add_key(out, key);
	buf_add_quoted(out, text, strlen(text));
}

static void add_number(struct buf *out, const char *key, int64_t number)
{
	add_key(out, key);
	buf_addn(out, number);
}

/* A line is one object: a field that is called like another one would hide
 * it from whoever reads the record. */
static void check_names(const struct event *event)
{
	static const char *const frame[] = { "at", "seq", "kind", "actor",
		"about" };

	for (size_t i = 0; i < event->field_count; i++) {
		for (size_t k = 0; k < 5; k++)
			check(!text_same(event->fields[i].key, frame[k]));
		for (size_t k = 0; k < i; k++)
			check(!text_same(
			    event->fields[i].key, event->fields[k].key));
	}
}

void record_sink(void *ctx, const struct event *event)
{
	struct record *record = ctx;
	struct buf *out = &record->text;
	size_t begin = out->len;

	check_names(event);
	buf_adds(out, "{\"at\":");
	buf_addn(out, event->at);
	add_number(out, "seq", (int64_t)event->seq);
	add_pair(out, "kind", event->kind);
	add_pair(out, "actor", event->actor);
	add_pair(out, "about", event->about);
	for (size_t i = 0; i < event->field_count; i++) {
		const struct event_field *f = &event->fields[i];

		if (f->text)
			add_pair(out, f->key, f->text);
		else
			add_number(out, f->key, f->number);
	}
	buf_adds(out, "}\n");
	record->events++;
	record->hash = content_hash(
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

uint64_t record_hash_after(const struct record *record, uint64_t events)
{
	const char *at = buf_text(&record->text);
	const char *end = at + record->text.len;

	for (; events > 0 && at < end; events--)
		at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
	return content_hash(HASH_KEY, at, (size_t)(end - at));
}

const char *record_text(const struct record *record, size_t *len)
{
	*len = record->text.len;
	return buf_text(&record->text);
}

void clock_text(usec at, char out[32])
{
	long long ms = at / 1000, s = ms / 1000;

	snprintf(out, 32, "%lldh%02lldm%02lld.%03lld", s / 3600, s / 60 % 60,
	    s % 60, ms % 1000);
}

void buf_add_shell(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "0123456789_./:=+,@%-";

	if (*word && strspn(word, plain) == strlen(word)) {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	buf_addc(out, '\'');
}
