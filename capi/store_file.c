#include "capi/store_file.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/sqlite_vfs.h"

#define SCHEMA 1

struct store_file {
	sqlite3 *db;
	sqlite3_stmt *put, *drop, *count;
	char *name;
};

/* Either the disk says no, or what is in the file is not what we wrote. */
static enum err_kind kind_of_failure(int code)
{
	static const int disk_says_no[] = { SQLITE_IOERR, SQLITE_FULL,
		SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH,
		SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM };

	for (size_t i = 0; i < sizeof(disk_says_no) / sizeof(disk_says_no[0]);
	     i++)
		if ((code & 0xff) == disk_says_no[i])
			return ERR_STORAGE;
	return ERR_GARBLED;
}

static bool sql_failed(
    const struct store_file *file, const char *what, struct err *err)
{
	return err_set(err, kind_of_failure(sqlite3_errcode(file->db)),
	    "%s: cannot %s: %s", file->name, what, sqlite3_errmsg(file->db));
}

static bool run(struct store_file *file, const char *sql, struct err *err)
{
	if (sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return sql_failed(file, sql, err);
}

/* ---- rows ---- */

/* Of everything in the row, so that no part of it can change unnoticed. */
static void row_digest(const char *kind, const char *ns, const char *name,
    uint64_t version, const char *text, char out[65])
{
	struct buf all = BUF_INIT;
	unsigned char digest[32];
	unsigned len = 0;

	buf_add_texts(&all, kind, "\n", ns, "\n", name, "\n");
	buf_addn(&all, (int64_t)version); /* counts from 1, and not so far */
	buf_add_texts(&all, "\n", text);
	check(EVP_Digest(all.data, all.len, digest, &len, EVP_sha256(), NULL));
	check(len == sizeof(digest));
	hex_text(out, digest, sizeof(digest));
	buf_free(&all);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	check(sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT) ==
	      SQLITE_OK);
}

static bool step(struct store_file *file, sqlite3_stmt *statement,
    const char *what, struct err *err)
{
	int result = sqlite3_step(statement);
	bool done = result == SQLITE_DONE || sql_failed(file, what, err);

	sqlite3_reset(statement);
	return done;
}

static bool put_row(
    struct store_file *file, const struct store_row *row, struct err *err)
{
	char *text = json_canonical(row->obj);
	uint64_t version = strtoull(
	    jstr(row->obj, "metadata.resourceVersion"), NULL, 10);
	char digest[65];

	row_digest(row->kind, row->ns, row->name, version, text, digest);
	bind_text(file->put, 1, row->kind);
	bind_text(file->put, 2, row->ns);
	bind_text(file->put, 3, row->name);
	sqlite3_bind_int64(file->put, 4, (sqlite3_int64)version);
	bind_text(file->put, 5, text);
	bind_text(file->put, 6, digest);
	free(text);
	return step(file, file->put, "write an object", err);
}

static bool drop_row(
    struct store_file *file, const struct store_row *row, struct err *err)
{
	bind_text(file->drop, 1, row->kind);
	bind_text(file->drop, 2, row->ns);
	bind_text(file->drop, 3, row->name);
	return step(file, file->drop, "delete an object", err);
}

static bool write_rows(struct store_file *file, const struct store_row *rows,
    size_t count, uint64_t version, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!(rows[i].obj ? put_row(file, &rows[i], err)
		                  : drop_row(file, &rows[i], err)))
			return false;
	sqlite3_bind_int64(file->count, 1, (sqlite3_int64)version);
	return step(file, file->count, "write the store's version", err);
}

bool store_file_write(struct store_file *file, const struct store_row *rows,
    size_t count, uint64_t version, struct err *err)
{
	if (run(file, "BEGIN", err) &&
	    write_rows(file, rows, count, version, err) &&
	    run(file, "COMMIT", err))
		return true;
	/* Fails when SQLite has rolled back by itself. */
	sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* ---- opening ---- */

static bool read_number(struct store_file *file, const char *sql,
    sqlite3_int64 *number, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	bool found = false;

	if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL) ==
	        SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		*number = sqlite3_column_int64(statement, 0);
		found = true;
	}
	if (!found)
		sql_failed(file, sql, err);
	sqlite3_finalize(statement);
	return found;
}

static bool make_schema(struct store_file *file, struct err *err)
{
	static const char schema[] =
	    "BEGIN;"
	    "CREATE TABLE objects(kind TEXT NOT NULL, ns TEXT NOT NULL,"
	    " name TEXT NOT NULL, version INTEGER NOT NULL,"
	    " text TEXT NOT NULL, digest TEXT NOT NULL,"
	    " PRIMARY KEY(kind, ns, name)) WITHOUT ROWID;"
	    "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL)"
	    " WITHOUT ROWID;"
	    "INSERT INTO meta VALUES('version', 0);"
	    "PRAGMA user_version = 1;"
	    "COMMIT";

	return sqlite3_exec(file->db, schema, NULL, NULL, NULL) == SQLITE_OK ||
	       sql_failed(file, "make its tables", err);
}

static bool check_schema(struct store_file *file, struct err *err)
{
	sqlite3_int64 schema, tables;

	if (!read_number(file, "PRAGMA user_version", &schema, err) ||
	    !read_number(
	        file, "SELECT count(*) FROM sqlite_master", &tables, err))
		return false;
	if (schema == 0 && tables == 0)
		return make_schema(file, err);
	if (schema == SCHEMA)
		return true;
	if (schema > SCHEMA)
		return err_set(err, ERR_INPUT,
		    "%s was written by a newer version of this program (schema "
		    "%lld; this one knows %d): run that version, or move the "
		    "file away",
		    file->name, (long long)schema, SCHEMA);
	return err_set(err, ERR_INPUT,
	    "%s is a data base, but not one of this program (schema %lld): "
	    "move it away",
	    file->name, (long long)schema);
}

static bool corrupt(const struct store_file *file, const char *kind,
    const char *ns, const char *name, const char *why, struct err *err)
{
	return err_set(err, ERR_GARBLED, "%s: the row %s %s%s%s is corrupt: %s",
	    file->name, kind, ns, *ns ? "/" : "", name, why);
}

static const char *column(sqlite3_stmt *row, int at)
{
	const char *text = (const char *)sqlite3_column_text(row, at);

	return text ? text : "";
}

/* What a row says outside of its text must be what its text says. */
static const char *disagreement(const json_t *obj, const char *kind,
    const char *ns, const char *name, uint64_t version)
{
	char number[32];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)version);
	if (strcmp(jstr(obj, "kind"), kind) != 0)
		return "its text is of another kind";
	if (strcmp(jstr(obj, "metadata.name"), name) != 0 ||
	    strcmp(jstr(obj, "metadata.namespace"), ns) != 0)
		return "its text has another name";
	if (strcmp(jstr(obj, "metadata.resourceVersion"), number) != 0)
		return "its text has another version";
	if (!*jstr(obj, "metadata.uid"))
		return "its text has no uid";
	return NULL;
}

static bool load_row(struct store_file *file, sqlite3_stmt *row,
    uint64_t newest, store_load_fn *load, void *ctx, struct err *err)
{
	const char *kind = column(row, 0), *ns = column(row, 1),
	           *name = column(row, 2), *text = column(row, 4), *why;
	uint64_t version = (uint64_t)sqlite3_column_int64(row, 3);
	char digest[65];
	struct err reason;
	json_t *obj;

	row_digest(kind, ns, name, version, text, digest);
	if (strcmp(digest, column(row, 5)) != 0)
		return corrupt(
		    file, kind, ns, name, "its digest does not fit", err);
	obj = json_parse(text, strlen(text), &reason);
	if (!obj)
		return corrupt(file, kind, ns, name, reason.text, err);
	why = disagreement(obj, kind, ns, name, version);
	if (!why && version > newest)
		why = "it is newer than the store";
	if (why) {
		json_decref(obj);
		return corrupt(file, kind, ns, name, why, err);
	}
	if (load(ctx, kind, obj, &reason))
		return true;
	return corrupt(file, kind, ns, name, reason.text, err);
}

static bool load_rows(struct store_file *file, store_load_fn *load, void *ctx,
    uint64_t version, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;
	bool good = sqlite3_prepare_v2(file->db,
	                "SELECT kind, ns, name, version, text, digest FROM "
	                "objects ORDER BY kind, ns, name",
	                -1, &rows, NULL) == SQLITE_OK;

	if (!good)
		return sql_failed(file, "read the objects", err);
	while (good && (result = sqlite3_step(rows)) == SQLITE_ROW)
		good = load_row(file, rows, version, load, ctx, err);
	if (good && result != SQLITE_DONE)
		good = sql_failed(file, "read the objects", err);
	sqlite3_finalize(rows);
	return good;
}

static bool prepare(struct store_file *file, struct err *err)
{
	static const char put[] =
	    "INSERT OR REPLACE INTO objects VALUES(?, ?, ?, ?, ?, ?)";
	static const char drop[] =
	    "DELETE FROM objects WHERE kind = ? AND ns = ? AND name = ?";
	static const char count[] =
	    "UPDATE meta SET value = ? WHERE key = 'version'";
	bool done = sqlite3_prepare_v2(file->db, put, -1, &file->put, NULL) ==
	                SQLITE_OK &&
	            sqlite3_prepare_v2(file->db, drop, -1, &file->drop, NULL) ==
	                SQLITE_OK &&
	            sqlite3_prepare_v2(
	                file->db, count, -1, &file->count, NULL) == SQLITE_OK;

	return done || sql_failed(file, "prepare", err);
}

struct store_file *store_file_open(struct host *host, const char *name,
    store_load_fn *load, void *ctx, uint64_t *version, struct err *err)
{
	struct store_file *file = xcalloc(1, sizeof(*file));
	sqlite3_int64 newest = 0;

	file->name = xstrdup(name);
	file->db = sqlite_open(host, name, err);
	if (file->db && check_schema(file, err) &&
	    read_number(file, "SELECT value FROM meta WHERE key = 'version'",
	        &newest, err) &&
	    load_rows(file, load, ctx, (uint64_t)newest, err) &&
	    prepare(file, err)) {
		*version = (uint64_t)newest;
		return file;
	}
	store_file_close(&file);
	return NULL;
}

void store_file_close(struct store_file **file)
{
	struct store_file *f = *file;

	if (!f)
		return;
	sqlite3_finalize(f->put);
	sqlite3_finalize(f->drop);
	sqlite3_finalize(f->count);
	if (f->db)
		sqlite_close(&f->db);
	free(f->name);
	free(f);
	*file = NULL;
}
