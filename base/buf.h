/*
 * buf: bytes that grow. Always NUL-terminated, so text in it is a C string.
 *
 *	struct buf out = BUF_INIT;
 *	buf_addf(&out, "%d machines", n);
 *	...
 *	buf_free(&out);
 *
 * Allocation does not fail (check.h). A zeroed struct is a valid, empty one.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data; /* NULL while nothing was ever added: use buf_text */
	size_t len;
	size_t room;
};

#define BUF_INIT           \
	{                  \
		NULL, 0, 0 \
	}

const char *buf_text(const struct buf *buf); /* "" when empty, never NULL */
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_adds(struct buf *buf, const char *text);
/* Several, one behind the other: buf_add_texts(&out, host, ":", port). */
#define buf_add_texts(buf_, ...) \
	buf_add_list((buf_), (const char *const[]){ __VA_ARGS__, NULL })
void buf_add_list(struct buf *buf, const char *const *texts); /* till NULL */
void buf_addc(struct buf *buf, char c);
void buf_addn(struct buf *buf, int64_t number); /* in decimal */
/* Convenient; dear where it is done a million times: printf reads its format
 * anew at each call. */
void buf_addf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void buf_drop(struct buf *buf, size_t n); /* forget the first n bytes */
void buf_reset(struct buf *buf);          /* empty, keep the storage */
void buf_free(struct buf *buf);           /* empty, give the storage back */
char *buf_detach(struct buf *buf); /* the caller's to free(); buf is empty */

/* Copies that cannot fail. */
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);

/* Copies what has room, NUL included: snprintf's "%s" at a tenth of its cost.
 */
void text_copy(char *out, size_t size, const char *text);
/* Is it the same text? For walks along tables: the first byte tells most
 * apart, and nothing is called for it. */
static inline bool text_same(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

/* Foreign text, or text that was cut short, becomes UTF-8: each byte that is
 * no part of a character is written over with '?'. */
void text_mend(char *text);

/* Encodings that every wire needs. */
void buf_add_base64(struct buf *buf, const void *data, size_t len);
/* Appends the decoded bytes; false (nothing appended) if it is not base64.
 * White space is skipped. */
bool buf_add_unbase64(struct buf *buf, const char *text, size_t len);
void buf_add_percent(struct buf *buf, const char *text); /* RFC 3986 */
bool buf_add_unpercent(struct buf *buf, const char *text, size_t len);
void buf_add_hex(struct buf *buf, const void *data, size_t len);
/* The same into the caller's 2 * len + 1 bytes. */
void hex_text(char *out, const void *data, size_t len);
/* As a JSON string, with its quotes, in jansson's spelling of what has to be
 * escaped. The text is UTF-8. */
void buf_add_quoted(struct buf *buf, const char *text, size_t len);

#endif
