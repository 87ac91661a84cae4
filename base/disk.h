/*
 * disk: what survives a crash, once synced.
 *
 * A flat directory of named files. Two makers: the simulated disk
 * (base/sim_disk.h), which belongs to the world and outlives the hosts that use
 * it, and a directory of real files (base/real_host.h). SQLite reaches either
 * through base/sqlite_vfs.h.
 *
 * A write is sure to be there after a power loss once `sync` of that file has
 * said so, a created, renamed or removed name once `sync_names` has. A dead
 * disk (its host was killed) answers every call with false and changes nothing.
 *
 * A file has the mode that it was made with (0600: nobody but its user reads
 * it); it stays, under whatever name. Nobody is kept out by it here, since on
 * either disk there is one user only: it is there to be judged.
 */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct disk;
struct disk_file;

#define DISK_PRIVATE 0600u /* all that our programs write */

struct disk_ops {
	/* create_mode is that of a file that is made by this; 0: it must be
	 * there, else NULL and *err. */
	struct disk_file *(*open)(struct disk *disk, const char *name,
	    unsigned create_mode, struct err *err);
	void (*close)(struct disk_file *file);
	/* Short reads: *got < len at the end of the file. */
	bool (*read)(struct disk_file *file, uint64_t at, void *data,
	    size_t len, size_t *got);
	bool (*write)(
	    struct disk_file *file, uint64_t at, const void *data, size_t len);
	bool (*truncate)(struct disk_file *file, uint64_t size);
	bool (*sync)(struct disk_file *file);
	bool (*size)(struct disk_file *file, uint64_t *size);
	bool (*exists)(struct disk *disk, const char *name);
	bool (*remove)(struct disk *disk, const char *name);
	bool (*rename)(struct disk *disk, const char *from, const char *to);
	bool (*sync_names)(struct disk *disk);
};
struct disk {
	const struct disk_ops *ops;
};
struct disk_file {
	struct disk *disk;
};

/* Whole small files, private, written so that a crash leaves the old or the
 * new one: temporary name, sync, rename, sync of the names. */
bool disk_save(struct disk *disk, const char *name, const void *data,
    size_t len, struct err *err);
bool disk_load(
    struct disk *disk, const char *name, struct buf *out, struct err *err);

#endif
