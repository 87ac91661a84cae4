#include "sim/maas/alike.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/quick_hash.h"

#define INDENT_LEN (sizeof(ALIKE_INDENT) - 1)
/* So many lines may be missing or too many at one place (a disk more). */
#define FARTHEST 128

/* A text as lines: line i is from at[i] to at[i + 1], with its line break. */
struct lines {
	const char *text;
	uint32_t *at;
	uint32_t count;
};

struct alike_model {
	unsigned holders;
	struct buf plain_text, deeper_text;
	struct lines plain, deeper; /* of them */
};

/* Lines of the model, and then one that is not there; each may be missing. */
struct piece {
	uint32_t first, count;
	uint32_t own_len; /* 0: none */
};

struct alike {
	unsigned holders;
	struct alike_model *model;
	uint64_t digest;
	uint32_t len, lines;
	struct piece *pieces;
	uint32_t piece_count;
	char *own; /* the lines that are not in the model */
};

/* ---- lines ---- */

/* The text is borrowed. */
static struct lines lines_of(const char *text, size_t len)
{
	struct lines lines = { .text = text };
	const char *at = text, *end = text + len;
	uint32_t room = 0;

	check(len > 0 && len < UINT32_MAX / 2);
	check(end[-1] != '\n');
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (lines.count + 1 >= room) {
			room = room ? 2 * room : 1024;
			lines.at = xrealloc(lines.at, room * sizeof(*lines.at));
		}
		lines.at[lines.count++] = (uint32_t)(at - text);
		at = stop ? stop + 1 : end;
	}
	lines.at[lines.count] = (uint32_t)len;
	return lines;
}

static size_t len_of(const struct lines *lines, uint32_t line)
{
	return lines->at[line + 1] - lines->at[line];
}

/* ---- models ---- */

static struct alike_model *model_new(const struct lines *mine)
{
	struct alike_model *model = xcalloc(1, sizeof(*model));
	struct buf *deeper = &model->deeper_text;

	model->holders = 1;
	buf_add(&model->plain_text, mine->text, mine->at[mine->count]);
	for (uint32_t i = 0; i < mine->count; i++) {
		buf_adds(deeper, ALIKE_INDENT);
		buf_add(deeper, mine->text + mine->at[i], len_of(mine, i));
	}
	model->plain = lines_of(model->plain_text.data, model->plain_text.len);
	model->deeper = lines_of(deeper->data, deeper->len);
	check(model->deeper.count == model->plain.count);
	return model;
}

void alike_model_drop(struct alike_model **model_p)
{
	struct alike_model *model = *model_p;

	*model_p = NULL;
	if (!model || --model->holders)
		return;
	buf_free(&model->plain_text);
	buf_free(&model->deeper_text);
	free(model->plain.at);
	free(model->deeper.at);
	free(model);
}

/* ---- the difference ---- */

struct comparison {
	const struct lines *mine, *model;
	uint32_t at, model_at;
	struct alike *alike;
	struct buf own;
	uint32_t room;
};

/* Are these lines, so far ahead, the same? The end is the same as the end. */
static bool same(const struct comparison *c, uint32_t ahead, uint32_t there)
{
	uint32_t i = c->at + ahead, k = c->model_at + there;
	size_t len;

	if (i >= c->mine->count || k >= c->model->count)
		return i == c->mine->count && k == c->model->count;
	len = len_of(c->mine, i);
	return len == len_of(c->model, k) &&
	       memcmp(c->mine->text + c->mine->at[i],
	           c->model->text + c->model->at[k], len) == 0;
}

/* One line alone may be met anywhere: a bracket. */
static bool both_same(
    const struct comparison *c, uint32_t ahead, uint32_t there)
{
	return same(c, ahead, there) && same(c, ahead + 1, there + 1);
}

/* The line here is another one than the model's: is it written instead of that
 * one, before it (*before lines), or after *skip lines that are missing? */
static void find_again(
    const struct comparison *c, uint32_t *before, uint32_t *skip)
{
	*before = *skip = 1;
	if (same(c, 1, 1))
		return;
	for (uint32_t far = 1; far < FARTHEST; far++) {
		if (both_same(c, far, 0)) {
			*before = far;
			*skip = 0;
			return;
		}
		if (both_same(c, 0, far)) {
			*before = 0;
			*skip = far;
			return;
		}
	}
}

static struct piece *next_piece(struct comparison *c)
{
	struct alike *alike = c->alike;

	if (alike->piece_count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		alike->pieces = xrealloc(
		    alike->pieces, c->room * sizeof(*alike->pieces));
	}
	alike->pieces[alike->piece_count] =
	    (struct piece){ .first = c->model_at };
	return &alike->pieces[alike->piece_count++];
}

static void take_own(struct comparison *c, struct piece *piece)
{
	size_t len = len_of(c->mine, c->at);

	buf_add(&c->own, c->mine->text + c->mine->at[c->at], len);
	piece->own_len = (uint32_t)len;
	c->at++;
}

static void compare(struct comparison *c)
{
	while (c->at < c->mine->count) {
		struct piece *piece = next_piece(c);
		uint32_t before, skip;

		while (c->at < c->mine->count &&
		       c->model_at < c->model->count && same(c, 0, 0)) {
			piece->count++;
			c->at++;
			c->model_at++;
		}
		if (c->at == c->mine->count)
			break;
		find_again(c, &before, &skip);
		c->model_at += skip;
		if (c->model_at > c->model->count)
			c->model_at = c->model->count;
		for (uint32_t i = 0; i < before; i++)
			take_own(c, i == 0 ? piece : next_piece(c));
	}
}

static struct alike *difference(
    struct alike_model *model, const struct lines *mine)
{
	struct alike *alike = xcalloc(1, sizeof(*alike));
	struct comparison c = {
		.mine = mine, .model = &model->plain, .alike = alike
	};

	alike->holders = 1;
	alike->model = model;
	alike->len = mine->at[mine->count];
	alike->lines = mine->count;
	model->holders++;
	compare(&c);
	/* What was room to grow is given back: there are thousands of them. */
	alike->pieces = xrealloc(
	    alike->pieces, alike->piece_count * sizeof(*alike->pieces));
	alike->own = xstrndup(buf_text(&c.own), c.own.len);
	buf_free(&c.own);
	return alike;
}

static size_t own_len(const struct alike *alike)
{
	size_t len = 0;

	for (uint32_t i = 0; i < alike->piece_count; i++)
		len += alike->pieces[i].own_len;
	return len;
}

struct alike *alike_new(
    struct alike_model **model, const char *text, size_t len)
{
	struct lines mine = lines_of(text, len);
	struct alike *alike;

	if (!*model)
		*model = model_new(&mine);
	alike = difference(*model, &mine);
	if (own_len(alike) > alike->len / 2) {
		alike_drop(&alike);
		alike_model_drop(model);
		*model = model_new(&mine);
		alike = difference(*model, &mine);
	}
	alike->digest = quick_hash(0, text, len);
	free(mine.at);
	return alike;
}

struct alike *alike_hold(struct alike *alike)
{
	alike->holders++;
	return alike;
}

void alike_drop(struct alike **alike_p)
{
	struct alike *alike = *alike_p;

	*alike_p = NULL;
	if (!alike || --alike->holders)
		return;
	alike_model_drop(&alike->model);
	free(alike->pieces);
	free(alike->own);
	free(alike);
}

/* ---- the text again ---- */

uint64_t alike_digest(const struct alike *alike)
{
	return alike->digest;
}

size_t alike_len(const struct alike *alike, bool deeper)
{
	return alike->len + (deeper ? INDENT_LEN * alike->lines : 0);
}

char *alike_write(const struct alike *alike, bool deeper, char *to)
{
	const struct lines *model = deeper ? &alike->model->deeper
	                                   : &alike->model->plain;
	const char *own = alike->own;

	for (uint32_t i = 0; i < alike->piece_count; i++) {
		const struct piece *piece = &alike->pieces[i];
		const char *from = model->text + model->at[piece->first];
		size_t len = model->at[piece->first + piece->count] -
		             model->at[piece->first];

		memcpy(to, from, len);
		to += len;
		if (!piece->own_len)
			continue;
		if (deeper)
			to = (char *)mempcpy(to, ALIKE_INDENT, INDENT_LEN);
		to = (char *)mempcpy(to, own, piece->own_len);
		own += piece->own_len;
	}
	return to;
}
