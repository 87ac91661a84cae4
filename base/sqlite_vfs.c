#include "base/sqlite_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

/* One VFS per connection: SQLite finds it by its name, which therefore is
 * made of its address and seen by nobody else. */
struct host_vfs {
	sqlite3_vfs vfs;
	struct host *host;
	struct disk *disk; /* the host's when the connection was opened */
	char name[32];
};

struct vfs_file {
	sqlite3_file base;
	struct disk_file *file;
	bool names_pending; /* its name is new and not yet synced */
};

static struct host_vfs *host_vfs_of(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static struct vfs_file *vfs_file_of(sqlite3_file *base)
{
	return (struct vfs_file *)(void *)base;
}

static const struct disk_ops *ops_of(const struct vfs_file *file)
{
	return file->file->disk->ops;
}

/* ---- files ---- */

static int file_close(sqlite3_file *base)
{
	struct vfs_file *file = vfs_file_of(base);

	ops_of(file)->close(file->file);
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int len, sqlite3_int64 at)
{
	struct vfs_file *file = vfs_file_of(base);
	size_t got;

	if (!ops_of(file)->read(
	        file->file, (uint64_t)at, data, (size_t)len, &got))
		return SQLITE_IOERR_READ;
	if (got == (size_t)len)
		return SQLITE_OK;
	memset((char *)data + got, 0, (size_t)len - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int file_write(
    sqlite3_file *base, const void *data, int len, sqlite3_int64 at)
{
	struct vfs_file *file = vfs_file_of(base);

	return ops_of(file)->write(file->file, (uint64_t)at, data, (size_t)len)
	           ? SQLITE_OK
	           : SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct vfs_file *file = vfs_file_of(base);

	return ops_of(file)->truncate(file->file, (uint64_t)size)
	           ? SQLITE_OK
	           : SQLITE_IOERR_TRUNCATE;
}

/* A journal that nobody finds after a power loss is no journal: its name is
 * made durable together with its first content. */
static int file_sync(sqlite3_file *base, int flags)
{
	struct vfs_file *file = vfs_file_of(base);

	(void)flags;
	if (!ops_of(file)->sync(file->file))
		return SQLITE_IOERR_FSYNC;
	if (!file->names_pending)
		return SQLITE_OK;
	if (!ops_of(file)->sync_names(file->file->disk))
		return SQLITE_IOERR_DIR_FSYNC;
	file->names_pending = false;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	struct vfs_file *file = vfs_file_of(base);
	uint64_t bytes;

	if (!ops_of(file)->size(file->file, &bytes))
		return SQLITE_IOERR_FSTAT;
	*size = (sqlite3_int64)bytes;
	return SQLITE_OK;
}

/* A file has one connection, so locks have nobody to keep out. */
static int file_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *base, int *reserved)
{
	(void)base;
	*reserved = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
	(void)base;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
	(void)base;
	return 4096;
}

/* No promise: not even that a write leaves its neighbours alone. */
static int file_characteristics(sqlite3_file *base)
{
	(void)base;
	return 0;
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base,
    int flags, int *out_flags)
{
	struct disk *disk = host_vfs_of(vfs)->disk;
	struct vfs_file *file = vfs_file_of(base);
	struct err ignored;
	bool create = flags & SQLITE_OPEN_CREATE;
	bool fresh;

	base->pMethods = NULL;
	if (!name) /* a temporary file: temp_store = MEMORY needs none */
		return SQLITE_CANTOPEN;
	fresh = create && !disk->ops->exists(disk, name);
	file->file = disk->ops->open(
	    disk, name, create ? DISK_PRIVATE : 0, &ignored);
	if (!file->file)
		return SQLITE_CANTOPEN;
	file->names_pending = fresh;
	base->pMethods = &file_methods;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_names)
{
	struct disk *disk = host_vfs_of(vfs)->disk;

	if (!disk->ops->exists(disk, name))
		return SQLITE_IOERR_DELETE_NOENT;
	if (!disk->ops->remove(disk, name))
		return SQLITE_IOERR_DELETE;
	if (sync_names && !disk->ops->sync_names(disk))
		return SQLITE_IOERR_DIR_FSYNC;
	return SQLITE_OK;
}

static int vfs_access(
    sqlite3_vfs *vfs, const char *name, int flags, int *answer)
{
	struct disk *disk = host_vfs_of(vfs)->disk;

	(void)flags;
	*answer = disk->ops->exists(disk, name);
	return SQLITE_OK;
}

static int vfs_full_name(
    sqlite3_vfs *vfs, const char *name, int room, char *out)
{
	(void)vfs;
	if (strlen(name) >= (size_t)room)
		return SQLITE_CANTOPEN;
	memcpy(out, name, strlen(name) + 1);
	return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
	struct host *host = host_vfs_of(vfs)->host;

	choose_bytes(host->choices, out, (size_t)len, "%s: sqlite", host->name);
	return len;
}

/* Nobody holds a lock, so nobody waits for one. */
static int vfs_sleep(sqlite3_vfs *vfs, int usecs)
{
	(void)vfs;
	return usecs;
}

/* Milliseconds since noon of 24 November 4714 BC; 1970 began then: */
#define JULIAN_1970_MS INT64_C(210866760000000)

static int vfs_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *now)
{
	*now = JULIAN_1970_MS + host_time(host_vfs_of(vfs)->host) / 1000;
	return SQLITE_OK;
}

static int vfs_time_days(sqlite3_vfs *vfs, double *now)
{
	sqlite3_int64 ms = 0;

	vfs_time_ms(vfs, &ms);
	*now = (double)ms / 86400000.0;
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int room, char *out)
{
	(void)vfs;
	if (room > 0)
		out[0] = '\0';
	return 0;
}

static struct host_vfs *host_vfs_new(struct host *host)
{
	struct host_vfs *made = xcalloc(1, sizeof(*made));

	made->host = host;
	made->disk = host->disk;
	snprintf(made->name, sizeof(made->name), "host-%p", (void *)made);
	made->vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = sizeof(struct vfs_file),
		.mxPathname = 255,
		.zName = made->name,
		.pAppData = made,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_name,
		.xRandomness = vfs_random,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time_days,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_time_ms,
	};
	return made;
}

static void host_vfs_free(struct host_vfs *made)
{
	sqlite3_vfs_unregister(&made->vfs);
	free(made);
}

/* SQLite has one generator of random numbers for the whole process, and asks
 * the default VFS for its seed when it is first used. So ours is the default
 * for a moment, and the generator begins anew with this host's chance. */
static void take_chance_from(struct host_vfs *made)
{
	sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
	char one;

	sqlite3_vfs_register(&made->vfs, 1);
	sqlite3_randomness(0, NULL);
	sqlite3_randomness(1, &one);
	if (usual)
		sqlite3_vfs_register(usual, 1);
}

/* ---- connections ---- */

/* The first complaint of quick_check ends up in *err. */
static bool is_sound(sqlite3 *db, const char *name, struct err *err)
{
	sqlite3_stmt *query = NULL;
	bool sound = false;
	int rc;

	rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &query, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(query);
	if (rc == SQLITE_ROW) {
		const char *says = (const char *)sqlite3_column_text(query, 0);

		sound = says && strcmp(says, "ok") == 0;
		if (!sound)
			err_set(err, ERR_GARBLED,
			    "database %s is damaged: %.200s", name,
			    says ? says : "it cannot be checked");
	} else if ((rc & 0xff) == SQLITE_NOTADB) {
		err_set(err, ERR_GARBLED, "file %s is not a database of ours",
		    name);
	} else {
		err_set(err,
		    (rc & 0xff) == SQLITE_CORRUPT ? ERR_GARBLED : ERR_STORAGE,
		    "database %s cannot be read: %s", name, sqlite3_errmsg(db));
	}
	sqlite3_finalize(query);
	return sound;
}

static bool set_up(sqlite3 *db, const char *name, struct err *err)
{
	static const char settings[] = "PRAGMA temp_store = MEMORY;"
	                               "PRAGMA journal_mode = DELETE;"
	                               "PRAGMA synchronous = EXTRA;"
	                               "PRAGMA foreign_keys = ON;"
	                               "PRAGMA secure_delete = ON;";

	sqlite3_extended_result_codes(db, 1);
	if (!is_sound(db, name, err))
		return false;
	if (sqlite3_exec(db, settings, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return err_set(err, ERR_STORAGE, "database %s cannot be set up: %s",
	    name, sqlite3_errmsg(db));
}

sqlite3 *sqlite_open(struct host *host, const char *name, struct err *err)
{
	struct host_vfs *made;
	sqlite3 *db = NULL;

	check(host->choices);
	if (!host->disk) {
		err_set(err, ERR_STORAGE, "%s has no disk", host->name);
		return NULL;
	}
	made = host_vfs_new(host);
	take_chance_from(made);
	if (sqlite3_open_v2(name, &db,
	        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	            SQLITE_OPEN_NOMUTEX, /* one thread, and it may fork */
	        made->name) != SQLITE_OK) {
		err_set(err, ERR_STORAGE, "database %s cannot be opened: %s",
		    name, db ? sqlite3_errmsg(db) : "no memory");
	} else if (set_up(db, name, err)) {
		return db;
	}
	sqlite3_close(db);
	host_vfs_free(made);
	return NULL;
}

void sqlite_close(sqlite3 **db)
{
	sqlite3_vfs *vfs = NULL;
	int rc;

	if (!*db)
		return;
	rc = sqlite3_file_control(*db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
	check(rc == SQLITE_OK && vfs);
	rc = sqlite3_close(*db);
	check(rc == SQLITE_OK); /* else a statement was not finalized */
	*db = NULL;
	host_vfs_free(host_vfs_of(vfs));
}
