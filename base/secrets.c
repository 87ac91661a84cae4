/*
 * The search is Wu and Manber's: look at three bytes, and learn either that
 * some needle may end its first `window` bytes here or how far to jump. All
 * needles are as long as the window or longer, so a text without secrets
 * costs about one look per window - 2 bytes.
 */
#include "base/secrets.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"

#define SHORTEST   6
#define BLOCK      3
#define WIDEST     64
#define TABLE_BITS 14
#define TABLE_SIZE (1u << TABLE_BITS)

/* One form in which a secret may be met. */
struct needle {
	char *text;
	size_t len;
	bool whole;      /* a registered value, not a form or line of one */
	uint32_t secret; /* index */
	int32_t next;    /* with the same last block of its window; -1: none */
};

struct secret {
	char *name;
	char *label; /* what is read instead */
};

struct secrets {
	uint64_t seed;
	struct secret *list;
	size_t count;
	struct needle *needles;
	size_t needle_count, needle_room;
	size_t longest; /* needle */
	size_t window;  /* the shortest needle's length, at most WIDEST */
	uint8_t jump[TABLE_SIZE];
	int32_t first[TABLE_SIZE]; /* of those whose window ends so, or -1 */
};

static unsigned block_at(const char *p)
{
	uint32_t three = (uint32_t)(unsigned char)p[0] |
	                 (uint32_t)(unsigned char)p[1] << 8 |
	                 (uint32_t)(unsigned char)p[2] << 16;

	return three * 2654435761u >> (32 - TABLE_BITS);
}

/* ---- the tables ---- */

static void clear_tables(struct secrets *secrets)
{
	memset(secrets->jump, (int)(secrets->window - BLOCK + 1),
	    sizeof(secrets->jump));
	memset(secrets->first, -1, sizeof(secrets->first));
}

static void enter(struct secrets *secrets, size_t index)
{
	struct needle *needle = &secrets->needles[index];
	size_t last = secrets->window - BLOCK;
	unsigned block;
	size_t i;

	for (i = 0; i <= last; i++) {
		uint8_t *jump = &secrets->jump[block_at(needle->text + i)];

		if (*jump > last - i)
			*jump = (uint8_t)(last - i);
	}
	block = block_at(needle->text + last);
	needle->next = secrets->first[block];
	secrets->first[block] = (int32_t)index;
}

static void narrow_window(struct secrets *secrets, size_t window)
{
	size_t i;

	secrets->window = window;
	clear_tables(secrets);
	for (i = 0; i < secrets->needle_count; i++)
		enter(secrets, i);
}

/* ---- searching ---- */

/* The longest needle that begins at p; -1 if none does. */
static int32_t longest_at(
    const struct secrets *secrets, const char *p, size_t left)
{
	int32_t best = -1;
	int32_t i = secrets->first[block_at(p + secrets->window - BLOCK)];

	for (; i >= 0; i = secrets->needles[i].next) {
		const struct needle *needle = &secrets->needles[i];

		if (needle->len <= left &&
		    memcmp(p, needle->text, needle->len) == 0 &&
		    (best < 0 || needle->len > secrets->needles[best].len))
			best = i;
	}
	return best;
}

/* The first needle that begins at `from` or later, and where; -1: none. */
static int32_t search(const struct secrets *secrets, const char *data,
    size_t len, size_t from, size_t *where)
{
	size_t window = secrets->window;

	while (from + window <= len) {
		const char *p = data + from;
		uint8_t jump = secrets->jump[block_at(p + window - BLOCK)];
		int32_t found;

		if (jump) {
			from += jump;
			continue;
		}
		found = longest_at(secrets, p, len - from);
		if (found >= 0) {
			*where = from;
			return found;
		}
		from++;
	}
	return -1;
}

/* ---- registering ---- */

static int32_t find_needle(
    const struct secrets *secrets, const char *text, size_t len)
{
	int32_t i;

	if (len < secrets->window)
		return -1;
	i = secrets->first[block_at(text + secrets->window - BLOCK)];
	for (; i >= 0; i = secrets->needles[i].next)
		if (secrets->needles[i].len == len &&
		    memcmp(secrets->needles[i].text, text, len) == 0)
			return i;
	return -1;
}

static void add_needle(struct secrets *secrets, const char *text, size_t len)
{
	size_t window = len < WIDEST ? len : WIDEST;
	struct needle *needle;

	check(len >= SHORTEST);
	if (find_needle(secrets, text, len) >= 0)
		return;
	if (len > secrets->longest)
		secrets->longest = len;
	if (secrets->needle_count == secrets->needle_room) {
		secrets->needle_room = secrets->needle_room
		                           ? 2 * secrets->needle_room
		                           : 16;
		secrets->needles = xrealloc(secrets->needles,
		    secrets->needle_room * sizeof(*secrets->needles));
	}
	needle = &secrets->needles[secrets->needle_count++];
	*needle = (struct needle){
		.text = xstrndup(text, len),
		.len = len,
		.secret = (uint32_t)(secrets->count - 1),
	};
	if (window < secrets->window)
		narrow_window(secrets, window);
	else
		enter(secrets, secrets->needle_count - 1);
}

static void add_buf(struct secrets *secrets, struct buf *text)
{
	add_needle(secrets, buf_text(text), text->len);
	buf_free(text);
}

/* %2F, %2f, and a blank as '+', as forms have it. */
static void add_percent(struct secrets *secrets, const char *value)
{
	struct buf upper = BUF_INIT, lower = BUF_INIT, form = BUF_INIT;
	size_t i;

	buf_add_percent(&upper, value);
	for (i = 0; i < upper.len; i++) {
		if (upper.data[i] == '%' && !memcmp(upper.data + i, "%20", 3)) {
			buf_addc(&form, '+');
			i += 2;
		} else {
			buf_addc(&form, upper.data[i]);
		}
	}
	buf_add(&lower, upper.data, upper.len);
	for (i = 0; i + 2 < lower.len; i++)
		if (lower.data[i] == '%') {
			if (lower.data[i + 1] <= 'F' &&
			    lower.data[i + 1] >= 'A')
				lower.data[i + 1] += 'a' - 'A';
			if (lower.data[i + 2] <= 'F' &&
			    lower.data[i + 2] >= 'A')
				lower.data[i + 2] += 'a' - 'A';
		}
	add_buf(secrets, &upper);
	add_buf(secrets, &lower);
	add_buf(secrets, &form);
}

/* As it stands inside a JSON text: line breaks and quotes are escaped. */
static void add_escaped(struct secrets *secrets, const char *value)
{
	struct buf out = BUF_INIT;

	for (; *value; value++) {
		if (*value == '\n')
			buf_adds(&out, "\\n");
		else if (*value == '\r')
			buf_adds(&out, "\\r");
		else if (*value == '\t')
			buf_adds(&out, "\\t");
		else if (*value == '"' || *value == '\\')
			buf_addf(&out, "\\%c", *value);
		else
			buf_addc(&out, *value);
	}
	add_buf(secrets, &out);
}

/* Both alphabets of base64. */
static void add_digits(struct secrets *secrets, char *digits, size_t len)
{
	size_t i;

	add_needle(secrets, digits, len);
	for (i = 0; i < len; i++) {
		if (digits[i] == '+')
			digits[i] = '-';
		if (digits[i] == '/')
			digits[i] = '_';
	}
	add_needle(secrets, digits, len);
}

/* In base64 a value looks different by where it begins in a group of three
 * bytes. `shift` bytes stand before it; digits that depend on neighbours are
 * left out. The whole value by itself keeps its last digit and padding. */
static void add_base64(struct secrets *secrets, const char *value, size_t shift)
{
	struct buf plain = BUF_INIT, coded = BUF_INIT;
	size_t first = (8 * shift + 5) / 6;
	size_t last;

	buf_add(&plain, "\0\0", shift);
	buf_adds(&plain, value);
	last = 8 * plain.len / 6;
	buf_add_base64(&coded, plain.data, plain.len);
	if (shift == 0)
		add_digits(secrets, coded.data, coded.len);
	add_digits(secrets, coded.data + first, last - first);
	buf_free(&plain);
	buf_free(&coded);
}

static void add_forms(struct secrets *secrets, const char *value)
{
	add_needle(secrets, value, strlen(value));
	add_escaped(secrets, value);
	add_percent(secrets, value);
	add_base64(secrets, value, 0);
	add_base64(secrets, value, 1);
	add_base64(secrets, value, 2);
}

#define TELLING_LINE 16

/* A value of several lines (a private key) may be indented, as in the YAML of
 * user data, so its lines are secret one by one; the frame of a PEM is not. */
static void add_lines(struct secrets *secrets, const char *value)
{
	while (*value) {
		size_t len = strcspn(value, "\r\n");

		if (len >= TELLING_LINE && strncmp(value, "-----", 5) != 0) {
			char *line = xstrndup(value, len);

			add_forms(secrets, line);
			free(line);
		}
		value += len;
		value += strspn(value, "\r\n");
	}
}

struct secrets *secrets_new(uint64_t seed)
{
	struct secrets *secrets = xcalloc(1, sizeof(*secrets));

	secrets->seed = seed;
	secrets->window = WIDEST;
	clear_tables(secrets);
	return secrets;
}

void secrets_free(struct secrets **secrets)
{
	size_t i;

	if (!*secrets)
		return;
	for (i = 0; i < (*secrets)->needle_count; i++)
		free((*secrets)->needles[i].text);
	for (i = 0; i < (*secrets)->count; i++) {
		free((*secrets)->list[i].name);
		free((*secrets)->list[i].label);
	}
	free((*secrets)->needles);
	free((*secrets)->list);
	free(*secrets);
	*secrets = NULL;
}

void secrets_add(struct secrets *secrets, const char *name, const char *value)
{
	size_t len = strlen(value);
	struct secret *secret;
	int32_t known;

	if (!secrets)
		return;
	check(len >= SHORTEST);
	known = find_needle(secrets, value, len);
	if (known >= 0 && secrets->needles[known].whole)
		return;
	secrets->list = xrealloc(
	    secrets->list, (secrets->count + 1) * sizeof(*secrets->list));
	secret = &secrets->list[secrets->count++];
	secret->name = xstrdup(name);
	secret->label = xasprintf("<secret %s %08" PRIx32 ">", name,
	    (uint32_t)keyed_hash(secrets->seed, value, len));
	add_forms(secrets, value);
	secrets->needles[find_needle(secrets, value, len)].whole = true;
	if (strpbrk(value, "\r\n"))
		add_lines(secrets, value);
}

void secrets_add_foreign(
    struct secrets *secrets, const char *name, const char *value)
{
	if (strlen(value) >= SHORTEST)
		secrets_add(secrets, name, value);
}

/* ---- using ---- */

/* Where the secrets that overlap the one found at `start` end together: what
 * sticks out of the first must not stay readable. */
static size_t end_of_overlap(const struct secrets *secrets, const char *text,
    size_t len, size_t start, int32_t found)
{
	size_t end = start + secrets->needles[found].len;
	size_t at = start;

	for (;;) {
		size_t reach = end + secrets->longest;

		found = search(
		    secrets, text, reach < len ? reach : len, at + 1, &at);
		if (found < 0 || at >= end)
			return end;
		if (at + secrets->needles[found].len > end)
			end = at + secrets->needles[found].len;
	}
}

const char *secrets_mask(
    struct secrets *secrets, const char *text, struct buf *room)
{
	size_t len, at = 0, start;
	int32_t found;

	if (!secrets || secrets->needle_count == 0)
		return text;
	len = strlen(text);
	found = search(secrets, text, len, 0, &start);
	if (found < 0)
		return text;

	buf_reset(room);
	for (; found >= 0; found = search(secrets, text, len, at, &start)) {
		uint32_t secret = secrets->needles[found].secret;

		buf_add(room, text + at, start - at);
		buf_adds(room, secrets->list[secret].label);
		at = end_of_overlap(secrets, text, len, start, found);
	}
	buf_add(room, text + at, len - at);
	return buf_text(room);
}

const char *secrets_find(struct secrets *secrets, const char *data, size_t len)
{
	size_t where;
	int32_t found;

	if (!secrets || secrets->needle_count == 0)
		return NULL;
	found = search(secrets, data, len, 0, &where);
	if (found < 0)
		return NULL;
	return secrets->list[secrets->needles[found].secret].name;
}
