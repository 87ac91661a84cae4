/*
 * json_recent: the last few documents that were read.
 *
 * Who asks again and again is mostly told the same again. A text that is byte
 * for byte one of the last is not read a second time: the same document is
 * handed out, which nobody may change. What decides is the bytes alone, so
 * nothing in here can be out of date.
 */
#ifndef BASE_JSON_RECENT_H
#define BASE_JSON_RECENT_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

#define JSON_RECENT_COUNT 8
/* Longer texts are read each time and not kept. */
#define JSON_RECENT_LONGEST (128 * 1024)

/* All zero is empty. */
struct json_recent {
	struct json_recent_text {
		char *data;
		size_t len;
		json_t *document;
	} texts[JSON_RECENT_COUNT];
	unsigned next; /* the one to give way */
};

/* As json_parse (base/json.h). The caller owns a reference and only reads. */
json_t *json_recent_parse(
    struct json_recent *recent, const char *data, size_t len, struct err *err);
void json_recent_free(struct json_recent *recent);

#endif
