/* The encodings of base/buf.h: base64, percent, hex. */
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static const char digits64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_add_base64(struct buf *buf, const void *data, size_t len)
{
	const unsigned char *in = data;
	size_t i;

	for (i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t three = (uint32_t)in[i] << 16;
		char four[4];

		if (left > 1)
			three |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			three |= in[i + 2];
		four[0] = digits64[three >> 18];
		four[1] = digits64[three >> 12 & 63];
		four[2] = left > 1 ? digits64[three >> 6 & 63] : '=';
		four[3] = left > 2 ? digits64[three & 63] : '=';
		buf_add(buf, four, sizeof(four));
	}
	if (len == 0)
		buf_add(buf, "", 0);
}

static int value64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The state of a decoder: digits seen, padding seen, bits not yet written. */
struct decoder {
	uint32_t bits;
	unsigned digits, padding;
};

static bool decode_one(struct decoder *d, char c, struct buf *out)
{
	int value = value64(c);

	if (c == '=')
		return ++d->padding <= 2;
	if (value < 0 || d->padding)
		return false;
	d->bits = d->bits << 6 | (uint32_t)value;
	if (++d->digits % 4 == 0) {
		buf_addc(out, (char)(d->bits >> 16));
		buf_addc(out, (char)(d->bits >> 8));
		buf_addc(out, (char)d->bits);
		d->bits = 0;
	}
	return true;
}

/* The last group of two or three digits; its spare bits must be zero, so that
 * one text has one encoding. */
static bool decode_rest(const struct decoder *d, struct buf *out)
{
	if ((d->digits + d->padding) % 4 != 0)
		return false;
	switch (d->digits % 4) {
	case 0:
		return d->padding == 0;
	case 2:
		if (d->bits & 15)
			return false;
		buf_addc(out, (char)(d->bits >> 4));
		return true;
	case 3:
		if (d->bits & 3)
			return false;
		buf_addc(out, (char)(d->bits >> 10));
		buf_addc(out, (char)(d->bits >> 2));
		return true;
	}
	return false;
}

static bool undo(struct buf *buf, size_t len)
{
	buf->len = len;
	if (buf->data)
		buf->data[len] = '\0';
	return false;
}

bool buf_add_unbase64(struct buf *buf, const char *text, size_t len)
{
	struct decoder d = { 0 };
	size_t before = buf->len;
	size_t i;

	for (i = 0; i < len; i++)
		if (!is_space(text[i]) && !decode_one(&d, text[i], buf))
			return undo(buf, before);
	return decode_rest(&d, buf) || undo(buf, before);
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void buf_add_percent(struct buf *buf, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	while (*text) {
		const char *plain = text;
		unsigned char c;

		while (is_unreserved(*text))
			text++;
		buf_add(buf, plain, (size_t)(text - plain));
		if (!*text)
			return;
		c = (unsigned char)*text++;
		buf_add(buf, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool buf_add_unpercent(struct buf *buf, const char *text, size_t len)
{
	const char *end = text + len;
	size_t before = buf->len;

	while (text < end) {
		const char *sign = memchr(text, '%', (size_t)(end - text));
		int high, low;

		buf_add(buf, text, (size_t)((sign ? sign : end) - text));
		if (!sign)
			return true;
		if (end - sign < 3)
			return undo(buf, before);
		high = hex_value(sign[1]);
		low = hex_value(sign[2]);
		if (high < 0 || low < 0)
			return undo(buf, before);
		buf_addc(buf, (char)(high << 4 | low));
		text = sign + 3;
	}
	return true;
}

void hex_text(char *out, const void *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *in = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = hex[in[i] >> 4];
		*out++ = hex[in[i] & 15];
	}
	*out = '\0';
}

void buf_add_hex(struct buf *buf, const void *data, size_t len)
{
	char *text = xcalloc(2, len + 1);

	hex_text(text, data, len);
	buf_add(buf, text, 2 * len);
	free(text);
}

/* Most of a text is written as it stands. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

static void add_escaped(struct buf *buf, unsigned char c)
{
	static const char letters[] = "btn\0fr"; /* of 8 to 13 */

	if (c == '"' || c == '\\')
		buf_add(buf, (char[]){ '\\', (char)c }, 2);
	else if (c >= 8 && c < 8 + sizeof(letters) - 1 && letters[c - 8])
		buf_add(buf, (char[]){ '\\', letters[c - 8] }, 2);
	else
		buf_addf(buf, "\\u%04X", c);
}

void buf_add_quoted(struct buf *buf, const char *text, size_t len)
{
	const char *end = text + len;

	buf_addc(buf, '"');
	while (text < end) {
		const char *from = text;

		while (text < end && is_plain((unsigned char)*text))
			text++;
		buf_add(buf, from, (size_t)(text - from));
		if (text < end)
			add_escaped(buf, (unsigned char)*text++);
	}
	buf_addc(buf, '"');
}
