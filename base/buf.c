#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void grow(struct buf *buf, size_t need)
{
	size_t room = buf->room ? buf->room : 64;

	while (room < need)
		room *= 2;
	buf->data = xrealloc(buf->data, room);
	buf->room = room;
}

static void make_room(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1; /* the NUL */

	check(need > buf->len);
	if (need > buf->room)
		grow(buf, need);
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	make_room(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_list(struct buf *buf, const char *const *texts)
{
	for (; *texts; texts++)
		buf_adds(buf, *texts);
}

void buf_addc(struct buf *buf, char c)
{
	make_room(buf, 1);
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(buf, fmt, ap);
	va_end(ap);
}

void buf_vaddf(struct buf *buf, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int len;

	make_room(buf, 32);
	room = buf->room - buf->len;
	va_copy(again, ap);
	len = vsnprintf(buf->data + buf->len, room, fmt, ap);
	check(len >= 0);
	if ((size_t)len >= room) {
		make_room(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	buf->len += (size_t)len;
}

void buf_addn(struct buf *buf, int64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t left = (uint64_t)number;

	if (number < 0) {
		buf_addc(buf, '-');
		left = -left;
	}
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_drop(struct buf *buf, size_t n)
{
	check(n <= buf->len);
	if (n == 0)
		return;
	memmove(buf->data, buf->data + n, buf->len - n + 1);
	buf->len -= n;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

char *buf_detach(struct buf *buf)
{
	char *data;

	make_room(buf, 0);
	data = buf->data;
	data[buf->len] = '\0';
	*buf = (struct buf)BUF_INIT;
	return data;
}

char *xstrdup(const char *text)
{
	return text ? xstrndup(text, strlen(text)) : NULL;
}

char *xstrndup(const char *text, size_t len)
{
	char *copy = xrealloc(NULL, len + 1);

	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	struct buf buf = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&buf, fmt, ap);
	va_end(ap);
	return buf_detach(&buf);
}

void text_copy(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size);

	check(size > 0);
	if (len == size)
		len--;
	memcpy(out, text, len);
	out[len] = '\0';
}

void *xcalloc(size_t count, size_t size)
{
	void *fresh = calloc(count ? count : 1, size ? size : 1);

	check(fresh);
	return fresh;
}

void *xrealloc(void *old, size_t size)
{
	void *fresh = realloc(old, size ? size : 1);

	check(fresh);
	return fresh;
}

/* ---- UTF-8 ---- */

/* RFC 3629: the first byte and the second one decide. */
struct utf8_form {
	unsigned char first, last, low, high;
	size_t len;
};
static const struct utf8_form UTF8_FORMS[] = {
	{ 0x01, 0x7f, 0x00, 0xff, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* How many bytes the character here has; 0: it is none. Text ends with NUL,
 * which no form goes on over. */
static size_t character_len(const unsigned char *at)
{
	for (size_t i = 0; i < sizeof(UTF8_FORMS) / sizeof(UTF8_FORMS[0]);
	     i++) {
		const struct utf8_form *form = &UTF8_FORMS[i];
		size_t len = 1;

		if (at[0] < form->first || at[0] > form->last)
			continue;
		if (form->len > 1 && (at[1] < form->low || at[1] > form->high))
			return 0;
		while (len < form->len && (at[len] & 0xc0) == 0x80)
			len++;
		return len == form->len ? len : 0;
	}
	return 0;
}

void text_mend(char *text)
{
	unsigned char *at = (unsigned char *)text;

	while (*at) {
		/* nearly all text is ASCII */
		size_t len = *at < 0x80 ? 1 : character_len(at);

		if (len == 0)
			*at = '?';
		at += len ? len : 1;
	}
}
