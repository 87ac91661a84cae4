/*
 * sqlite_vfs: SQLite on a struct disk, with the host's time and chance.
 *
 * sqlite_open gives a connection whose every byte goes through host->disk, so
 * that a simulated power loss takes exactly what was not synced. journal_mode
 * DELETE with synchronous EXTRA: a committed transaction is durable when the
 * statement returns, unsynced directory entries included.
 */
#ifndef BASE_SQLITE_VFS_H
#define BASE_SQLITE_VFS_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/host.h"

/* NULL and ERR_GARBLED if the file is no database or is damaged (quick_check),
 * ERR_STORAGE if it cannot be opened or read; the file is left as it was. */
sqlite3 *sqlite_open(struct host *host, const char *name, struct err *err);
void sqlite_close(sqlite3 **db);

#endif
