/*
 * yaml: strict YAML with positions, on libyaml.
 *
 * A subset on purpose: one document, block or flow style; no anchors, tags,
 * merge keys or duplicate keys. Every scalar is text; whoever reads it gives
 * it a type by the place where it stands, so "no", "1e3" and "12:30" are
 * harmless. Each node knows its line and column, for messages of the form
 * file:line:column: what is wrong.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum yaml_kind {
	YAML_TEXT,
	YAML_MAP,
	YAML_LIST
};

struct yaml_pair;

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column;    /* from 1 */
	char *text;               /* YAML_TEXT */
	bool quoted;              /* it was written in quotes or as a block */
	struct yaml_pair *pairs;  /* YAML_MAP, in the order of the file */
	struct yaml_node **items; /* YAML_LIST */
	size_t count;             /* of pairs or items */
};
struct yaml_pair {
	struct yaml_node *key; /* always text */
	struct yaml_node *value;
};

/* `name` is what messages call the file. NULL and "name:3:7: sentence" in
 * *err. An empty document is an empty map. */
struct yaml_node *yaml_read(
    const char *name, const char *data, size_t len, struct err *err);
void yaml_free(struct yaml_node **node);
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
const char *yaml_text(const struct yaml_node *map, const char *key); /* NULL */

/* "4m", "90s", "1h30m", "500ms", "2d", "0": false if it is none of these. */
bool duration_parse(const char *text, long long *usec);
/* 90000000 -> "1m30s" */
void duration_text(long long usec, char out[32]);

/* The candidate nearest to word by edit distance, or NULL if none is near. */
const char *nearest_name(
    const char *word, const char *const *candidates, size_t count);

#endif
