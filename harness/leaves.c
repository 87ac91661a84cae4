#include "harness/leaves.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/choices.h"
#include "base/sqlite_vfs.h"

#define KEY     0x6c6561766573ULL /* any; hashes are only compared */
#define LATEST  16 /* disks change little from moment to moment */
#define JOURNAL "-journal"

struct known {
	uint64_t bytes, content;
};

struct leaves {
	struct loop *loop;
	struct choices *choices; /* SQLite wants some to open a file */
	struct known latest[LATEST];
	size_t next;
};

struct leaves *leaves_new(struct loop *loop)
{
	struct leaves *leaves = xcalloc(1, sizeof(*leaves));

	leaves->loop = loop;
	leaves->choices = choices_new(KEY);
	return leaves;
}

void leaves_free(struct leaves **leaves)
{
	if (!*leaves)
		return;
	choices_free(&(*leaves)->choices);
	free(*leaves);
	*leaves = NULL;
}

static uint64_t text_print(uint64_t print, const char *text)
{
	return text ? keyed_hash(print, text, strlen(text))
	            : keyed_hash(print, "", 0) + 1;
}

/* ---- databases ---- */

static uint64_t rows_print(uint64_t print, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *rows = NULL;
	int result = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);

	check(result == SQLITE_OK);
	while ((result = sqlite3_step(rows)) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(rows); i++)
			print = text_print(
			    print, (const char *)sqlite3_column_text(rows, i));
	check(result == SQLITE_DONE);
	sqlite3_finalize(rows);
	return print;
}

static uint64_t tables_print(uint64_t print, sqlite3 *db)
{
	sqlite3_stmt *names = NULL;
	int result = sqlite3_prepare_v2(db,
	    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
	    -1, &names, NULL);

	check(result == SQLITE_OK);
	while ((result = sqlite3_step(names)) == SQLITE_ROW) {
		char *sql = xasprintf("SELECT * FROM \"%s\"",
		    (const char *)sqlite3_column_text(names, 0));

		print = rows_print(print, db, sql);
		free(sql);
	}
	check(result == SQLITE_DONE);
	sqlite3_finalize(names);
	return print;
}

/* Opening it is what the next life does first: a hot journal is rolled back. */
static uint64_t database_print(
    struct host *host, const char *name, uint64_t print)
{
	struct err err;
	sqlite3 *db = sqlite_open(host, name, &err);

	if (!db) /* what it is like is what it says */
		return text_print(print, err.text);
	print = rows_print(print, db, "PRAGMA user_version");
	print = rows_print(print, db, "SELECT sql FROM sqlite_master");
	print = tables_print(print, db);
	sqlite_close(&db);
	return print;
}

/* ---- files ---- */

static bool is_database(const struct buf *content)
{
	static const char magic[] = "SQLite format 3";

	return content->len >= sizeof(magic) &&
	       memcmp(content->data, magic, sizeof(magic)) == 0;
}

/* A journal belongs to its database, if that is one already. */
static bool is_told_elsewhere(struct host *host, const char *name)
{
	size_t len = strlen(name), tail = strlen(JOURNAL);
	struct buf content = BUF_INIT;
	struct err err;
	bool told = false;
	char *owner;

	if (len <= tail || strcmp(name + len - tail, JOURNAL) != 0)
		return false;
	owner = xstrndup(name, len - tail);
	if (host->disk->ops->exists(host->disk, owner) &&
	    disk_load(host->disk, owner, &content, &err))
		told = is_database(&content);
	buf_free(&content);
	free(owner);
	return told;
}

static uint64_t file_print(struct host *host, const char *name, uint64_t print)
{
	struct buf content = BUF_INIT;
	struct err err;

	if (!host->disk->ops->exists(host->disk, name) || /* rolled back */
	    is_told_elsewhere(host, name))
		return print;
	check(disk_load(host->disk, name, &content, &err));
	print = text_print(print, name);
	print = is_database(&content)
	            ? database_print(host, name, print)
	            : keyed_hash(print, content.data, content.len);
	buf_free(&content);
	return print;
}

static uint64_t content_of(
    struct leaves *leaves, const struct sim_disk *disk, bool power_loss)
{
	struct sim_disk *copy = sim_disk_copy(disk, power_loss);
	struct host host = {
		.name = "leaves",
		.loop = leaves->loop,
		.choices = leaves->choices,
		.disk = sim_disk_attach(copy),
	};
	char **names;
	size_t count = sim_disk_files(copy, &names);
	uint64_t print = KEY;

	for (size_t i = 0; i < count; i++) {
		print = file_print(&host, names[i], print);
		free(names[i]);
	}
	free(names);
	sim_disk_free(&copy);
	return print;
}

uint64_t leaves_of(
    struct leaves *leaves, const struct sim_disk *disk, bool power_loss)
{
	uint64_t bytes = sim_disk_print(disk, power_loss);
	struct known *known;

	for (size_t i = 0; i < LATEST; i++)
		if (leaves->latest[i].bytes == bytes)
			return leaves->latest[i].content;
	known = &leaves->latest[leaves->next++ % LATEST];
	known->bytes = bytes;
	known->content = content_of(leaves, disk, power_loss);
	return known->content;
}
