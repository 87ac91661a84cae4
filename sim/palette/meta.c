/* meta: uids, times, names: what every stored object has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/parts.h"

usec palette_time(const struct palette *palette)
{
	return host_time(palette->host);
}

void uid_make(struct palette *palette, char uid[UID_ROOM], const char *kind)
{
	choose_text(palette->host->choices, uid, UID_ROOM - 1,
	    "0123456789abcdef", "%s: uid of %s", palette->name, kind);
}

char *secret_make(struct palette *palette, size_t len, const char *name)
{
	char *text = xcalloc(1, len + 1);

	choose_text(palette->host->choices, text, len,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
	    "%s: %s", palette->name, name);
	secrets_add(palette->host->secrets, name, text);
	return text;
}

bool text_set(char **slot, const char *text)
{
	if (*slot == text || (*slot && text && strcmp(*slot, text) == 0))
		return false;
	free(*slot);
	*slot = xstrdup(text);
	return true;
}

void meta_init(struct palette *palette, struct meta *meta, const char *kind,
    const char *name)
{
	*meta = (struct meta){ .name = xstrdup(name) };
	uid_make(palette, meta->uid, kind);
	meta->labels = json_object();
	meta->annotations = json_object();
	meta->created_time = meta->modified_time = palette_time(palette);
}

void meta_free(struct meta *meta)
{
	free(meta->name);
	json_decref(meta->labels);
	json_decref(meta->annotations);
	*meta = (struct meta){ 0 };
}

void meta_touch(struct palette *palette, struct meta *meta)
{
	meta->modified_time = palette_time(palette);
}

static void take_texts(json_t *to, const json_t *from)
{
	const char *key;
	json_t *value;
	json_t *source = json_deep_copy(from);

	json_object_foreach(source, key, value) if (json_is_string(value))
	    json_object_set(to, key, value);
	json_decref(source);
}

void meta_take(struct meta *meta, const json_t *doc)
{
	const json_t *labels = jget(doc, "labels");
	const json_t *annotations = jget(doc, "annotations");

	if (*jstr(doc, "name"))
		text_set(&meta->name, jstr(doc, "name"));
	if (json_is_object(labels)) {
		json_object_clear(meta->labels);
		take_texts(meta->labels, labels);
	}
	if (json_is_object(annotations))
		take_texts(meta->annotations, annotations);
}

json_t *time_json(usec time)
{
	char text[32];

	if (time == 0)
		return json_string("0001-01-01T00:00:00.000Z");
	time_text_ms(time, text);
	return json_string(text);
}

json_t *meta_json(const struct meta *meta)
{
	return json_pack("{s:O,s:O,s:s,s:s,s:o,s:o,s:o}", "annotations",
	    meta->annotations, "labels", meta->labels, "name", meta->name,
	    "uid", meta->uid, "creationTimestamp",
	    time_json(meta->created_time), "lastModifiedTimestamp",
	    time_json(meta->modified_time), "deletionTimestamp",
	    time_json(meta->deleted_time));
}

/* Two states that read the same are one: claims count changes. */
void tell_state(struct palette *palette, char **told, const char *about,
    const struct event_field *fields, size_t count)
{
	struct buf text = BUF_INIT;

	if (palette->is_closing)
		return;
	buf_adds(&text, about);
	for (size_t i = 0; i < count; i++) {
		buf_addc(&text, '|');
		if (fields[i].text)
			buf_adds(&text, fields[i].text);
		else
			buf_addn(&text, fields[i].number);
	}
	if (text_set(told, buf_text(&text)))
		events_emit(palette->host->events, "state", palette->name,
		    about, fields, count);
	buf_free(&text);
}
