#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void make_room(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1; /* the NUL */
	size_t room = buf->room ? buf->room : 64;

	check(need > buf->len);
	if (need <= buf->room)
		return;
	while (room < need)
		room *= 2;
	buf->data = xrealloc(buf->data, room);
	buf->room = room;
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

void buf_addc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
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
