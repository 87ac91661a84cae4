/*
 * disk: what survives a crash, once synced.
 *
 * A flat directory of named files. Two makers: the simulated disk (below),
 * which belongs to the world and outlives the hosts that use it, and a
 * directory of real files (base/real_host.h). SQLite reaches either through
 * base/sqlite_vfs.h.
 *
 * On the simulated disk a write is in the page cache until disk_sync of that
 * file; a created or deleted name is in the directory cache until
 * disk_sync_names. Process death keeps both caches, power loss forgets them.
 * A dead disk (its host was killed) answers every call with false and changes
 * nothing.
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

/* ---- the simulated disk ---- */

struct sim_disk;

/* Called before each sync takes effect (of a file or of the names); the count
 * goes on over restarts. It may kill the host: then the sync did not happen. */
typedef void sim_disk_sync_fn(void *ctx, struct sim_disk *disk, uint64_t count);

struct sim_disk *sim_disk_new(const char *name);
void sim_disk_free(struct sim_disk **disk);
struct disk *sim_disk_attach(struct sim_disk *disk); /* alive again */
void sim_disk_kill(struct sim_disk *disk);           /* process death */
void sim_disk_lose_power(struct sim_disk *disk);     /* forgets, and is dead */
void sim_disk_on_sync(
    struct sim_disk *disk, sim_disk_sync_fn *before, void *ctx);
/* Bytes were written into a file whose mode lets others read it. */
typedef void sim_disk_bared_fn(void *ctx, struct sim_disk *disk,
    const char *name, unsigned mode, const struct buf *content);
void sim_disk_on_bared(
    struct sim_disk *disk, sim_disk_bared_fn *bared, void *ctx);
const char *sim_disk_name(const struct sim_disk *disk);
uint64_t sim_disk_syncs(const struct sim_disk *disk);
/* A hash of what the next life of the host would find: all that was written,
 * or after a power loss what was synced. */
uint64_t sim_disk_print(const struct sim_disk *disk, bool power_loss);
/* Another disk that holds just that, safely stored. */
struct sim_disk *sim_disk_copy(const struct sim_disk *disk, bool power_loss);
/* The names of its files as a program finds them; *names and each of them are
 * the caller's. */
size_t sim_disk_files(const struct sim_disk *disk, char ***names);
/* Bytes that may still be written; then every write fails. -1: plenty. */
void sim_disk_set_room(struct sim_disk *disk, int64_t bytes);
/* Flip one byte of what is stored: for tests of corruption. */
bool sim_disk_corrupt(struct sim_disk *disk, const char *name, uint64_t at);

#endif
