#include "base/json_recent.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static void forget(struct json_recent_text *text)
{
	free(text->data);
	json_decref(text->document);
	*text = (struct json_recent_text){ 0 };
}

static void remember(
    struct json_recent *recent, const char *data, size_t len, json_t *document)
{
	struct json_recent_text *text = &recent->texts[recent->next];

	recent->next = (recent->next + 1) % JSON_RECENT_COUNT;
	forget(text);
	text->data = xcalloc(1, len + 1);
	memcpy(text->data, data, len);
	text->len = len;
	text->document = json_incref(document);
}

json_t *json_recent_parse(
    struct json_recent *recent, const char *data, size_t len, struct err *err)
{
	json_t *document;

	for (size_t i = 0; i < JSON_RECENT_COUNT; i++) {
		const struct json_recent_text *text = &recent->texts[i];

		if (text->document && text->len == len &&
		    memcmp(text->data, data, len) == 0)
			return json_incref(text->document);
	}
	document = json_parse(data, len, err);
	if (document && len <= JSON_RECENT_LONGEST)
		remember(recent, data, len, document);
	return document;
}

void json_recent_free(struct json_recent *recent)
{
	for (size_t i = 0; i < JSON_RECENT_COUNT; i++)
		forget(&recent->texts[i]);
}
