/*
 * real_disk: a directory of files as a struct disk (base/disk.h).
 *
 * Files are made readable by their owner alone. A lock on DIRECTORY/lock keeps
 * a second daemon away from the same state.
 */
#ifndef BASE_REAL_DISK_H
#define BASE_REAL_DISK_H

#include "base/disk.h"

/* NULL and a sentence if it is no directory, is not writable, or is in use. */
struct disk *real_disk_new(const char *directory, struct err *err);
void real_disk_free(struct disk **disk);

#endif
