/*
 * sim_disk: the simulated maker of base/disk.h.
 *
 * It belongs to the world and outlives the hosts that use it: each life of a
 * host attaches it anew, and what an earlier life still holds of it is dead.
 * A write is in the page cache until that file is synced; a created, renamed or
 * removed name is in the directory cache until the names are. Process death
 * keeps both caches, power loss forgets them.
 *
 * Whoever plays the world may watch each sync, and strike before it.
 */
#ifndef BASE_SIM_DISK_H
#define BASE_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/disk.h"

struct sim_disk;

/* Called before each sync takes effect (of a file or of the names); the count
 * goes on over restarts. It may kill the host: then the sync did not happen. */
typedef void sim_disk_sync_fn(void *ctx, struct sim_disk *disk, uint64_t count);

struct sim_disk *sim_disk_new(const char *name);
/* Every file on it is closed by then, those of dead hosts too. */
void sim_disk_free(struct sim_disk **disk);
/* A new life, the only one; the disk's own, and there until it is freed. */
struct disk *sim_disk_attach(struct sim_disk *disk);
void sim_disk_kill(struct sim_disk *disk);       /* process death */
void sim_disk_lose_power(struct sim_disk *disk); /* forgets, and is dead */
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
