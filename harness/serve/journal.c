#include "harness/serve/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/secrets.h"

/* Written in between when so much has gathered: a region of thousands of
 * machines is told of in one turn. */
#define ENOUGH ((size_t)64 << 10)

struct journal {
	struct host *host;
	int fd;
	struct buf line;  /* the one that is being made */
	struct buf ready; /* whole lines that are not written yet */
	struct buf masked;
	struct timer later;
};

static void write_later(struct timer *timer)
{
	journal_write(OWNER_OF(timer, struct journal, later));
}

struct journal *journal_open(
    const char *file, struct host *host, struct err *err)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct journal *journal;

	if (fd < 0) {
		err_set(err, ERR_INPUT, "cannot write %s: %s", file,
		    strerror(errno));
		return NULL;
	}
	journal = xcalloc(1, sizeof(*journal));
	journal->host = host;
	journal->fd = fd;
	timer_init(&journal->later, write_later);
	return journal;
}

void journal_close(struct journal **journal_p)
{
	struct journal *journal = *journal_p;

	if (!journal)
		return;
	journal_write(journal);
	close(journal->fd);
	buf_free(&journal->line);
	buf_free(&journal->ready);
	buf_free(&journal->masked);
	free(journal);
	*journal_p = NULL;
}

/* ---- a line ---- */

static void add_key(struct buf *line, const char *key)
{
	buf_adds(line, ",\"");
	buf_adds(line, key);
	buf_adds(line, "\":");
}

struct buf *journal_begin(struct journal *journal, const char *kind, usec at)
{
	check(!journal->line.len);
	buf_adds(&journal->line, "{\"at\":");
	buf_addn(&journal->line, at);
	journal_text(&journal->line, "kind", kind);
	return &journal->line;
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] & 0x80)
			return false;
	return true;
}

/* Bytes from outside need not be text. */
void journal_bytes(
    struct buf *line, const char *key, const char *text, size_t len)
{
	char *mended;

	add_key(line, key);
	if (is_ascii(text, len)) {
		buf_add_quoted(line, text, len);
		return;
	}
	mended = xstrndup(text, len);
	text_mend(mended);
	buf_add_quoted(line, mended, strlen(mended));
	free(mended);
}

void journal_text(struct buf *line, const char *key, const char *text)
{
	journal_bytes(line, key, text, strlen(text));
}

void journal_number(struct buf *line, const char *key, int64_t number)
{
	add_key(line, key);
	buf_addn(line, number);
}

void journal_json(struct buf *line, const char *key, json_t *value)
{
	add_key(line, key);
	buf_add_json(line, value, JSON_COMPACT);
	json_decref(value);
}

void journal_end(struct journal *journal)
{
	const char *text;

	buf_adds(&journal->line, "}\n");
	text = secrets_mask(
	    journal->host->secrets, journal->line.data, &journal->masked);
	buf_adds(&journal->ready, text);
	buf_reset(&journal->line);
	if (journal->ready.len > ENOUGH)
		journal_write(journal);
	else if (!timer_is_set(&journal->later))
		timer_set(&journal->later, journal->host->loop, 0);
}

/* A full disk loses lines, and nothing else of the served world. */
void journal_write(struct journal *journal)
{
	const char *at = buf_text(&journal->ready);
	size_t left = journal->ready.len;

	timer_cancel(&journal->later);
	while (left > 0) {
		ssize_t put = write(journal->fd, at, left);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			break;
		at += put;
		left -= (size_t)put;
	}
	buf_reset(&journal->ready);
}

/* ---- what happened ---- */

void journal_take(void *ctx, const struct event *event)
{
	struct journal *journal = ctx;
	struct buf *line = journal_begin(journal, event->kind, event->at);

	journal_text(line, "actor", event->actor);
	journal_text(line, "about", event->about);
	for (size_t i = 0; i < event->field_count; i++) {
		const struct event_field *field = &event->fields[i];

		if (field->text)
			journal_text(line, field->key, field->text);
		else
			journal_number(line, field->key, field->number);
	}
	journal_end(journal);
}
