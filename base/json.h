/*
 * json: small helpers over jansson, so that code that reads documents reads
 * like the documents.
 *
 *	const char *phase = jstr(machine, "status.phase");     "" if absent
 *	jset(machine, "spec.providerID", json_string(id));
 *
 * Paths are dotted; a key that contains dots (a label) is written in brackets:
 * "metadata.labels[cluster.x-k8s.io/cluster-name]"; list items by [0].
 * Readers tolerate every shape and answer with the neutral value; foreign
 * documents are never trusted to have a field, or its type.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

json_t *jget(const json_t *root, const char *path);     /* borrowed, or NULL */
const char *jstr(const json_t *root, const char *path); /* "" if not text */
int64_t jint(const json_t *root, const char *path);     /* 0 if no number */
bool jbool(const json_t *root, const char *path);       /* false if neither */
bool jhas(const json_t *root, const char *path);
size_t jlen(const json_t *root, const char *path); /* of a list; else 0 */

/* Makes the objects on the way; steals value. A NULL value removes the key. */
void jset(json_t *root, const char *path, json_t *value);
/* Text that is no UTF-8 is mended (buf.h), here and in json_text, which is for
 * foreign text in json_pack's "o": its "s" would give NULL for it. */
void jsets(json_t *root, const char *path, const char *text);
void jseti(json_t *root, const char *path, int64_t number);
void jsetb(json_t *root, const char *path, bool value);
/* An empty list is made at path if there is none; steals item. */
void jadd(json_t *root, const char *path, json_t *item);

json_t *json_text(const char *text); /* a new string, never NULL */

/* Appends a document, to the byte as json_dumps writes it. The flags are of
 * jansson: JSON_COMPACT, JSON_SORT_KEYS, JSON_INDENT(n). Ours is five times as
 * fast: jansson hands each piece of a text on by a call, and keeps a table of
 * what it is inside of, so as not to go in circles. */
void buf_add_json(struct buf *out, const json_t *value, size_t flags);

/* A copy that shares nothing; NULL of NULL. json_deep_copy would keep a table
 * of what it is inside of, so as not to go in circles. */
json_t *json_clone(const json_t *value);

/* Compact, keys sorted: the one canonical text of a document. free() it. */
char *json_canonical(const json_t *root);
/* RFC 7386. Changes *target in place; patch is only read. */
void json_merge_patch(json_t **target, const json_t *patch);
/* A document from foreign bytes: depth at most 64, no duplicate keys, nothing
 * after it. NULL and a sentence with line and column. */
json_t *json_parse(const char *data, size_t len, struct err *err);

#endif
