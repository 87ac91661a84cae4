/*
 * store_file: what a store keeps on the disk of its host, in SQLite.
 *
 *	objects(kind, ns, name, version, text, digest)
 *	meta(key, value): "version", the store's counter
 *
 * The schema's number stands in the file's user_version. A file with another
 * number, or one that somebody else made, is refused and left as it is. text
 * is canonical JSON; digest is the SHA-256 of the whole row, so that a row that
 * changed by itself is found when the store is opened and not when it is used.
 *
 * One mutation is one transaction. Belongs to its store.
 */
#ifndef CAPI_STORE_FILE_H
#define CAPI_STORE_FILE_H

#include <jansson.h>
#include <stdint.h>

#include "base/host.h"

struct store_file;

struct store_row {
	const char *kind;
	const char *ns; /* "" for cluster-scoped kinds */
	const char *name;
	const json_t *obj; /* NULL: the row goes */
};

/* Takes the reference. False stops the loading with *err filled. */
typedef bool store_load_fn(
    void *ctx, const char *kind, json_t *obj, struct err *err);

/* NULL and a sentence that names the file, and the row: ERR_STORAGE if the disk
 * says no, ERR_GARBLED if the file is damaged, ERR_INPUT if it is another
 * program's or version's. */
struct store_file *store_file_open(struct host *host, const char *name,
    store_load_fn *load, void *ctx, uint64_t *version, struct err *err);
void store_file_close(struct store_file **file);

/* All of it or nothing. After a failure nobody knows what the file holds of
 * these rows; the caller writes them again, as they then are, with its next
 * mutation. */
bool store_file_write(struct store_file *file, const struct store_row *rows,
    size_t count, uint64_t version, struct err *err);

#endif
