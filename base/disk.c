#include "base/disk.h"

#include <stdlib.h>

#include "base/check.h"

static bool write_whole(
    struct disk *disk, const char *name, const void *data, size_t len)
{
	struct err ignored;
	struct disk_file *file = disk->ops->open(
	    disk, name, DISK_PRIVATE, &ignored);
	bool ok;

	if (!file)
		return false;
	ok = disk->ops->truncate(file, 0) &&
	     disk->ops->write(file, 0, data, len) && disk->ops->sync(file);
	disk->ops->close(file);
	return ok;
}

bool disk_save(struct disk *disk, const char *name, const void *data,
    size_t len, struct err *err)
{
	char *aside = xasprintf("%s.new", name);
	bool ok;

	check(disk);
	/* The content is safe before the name points at it. */
	ok = write_whole(disk, aside, data, len) &&
	     disk->ops->rename(disk, aside, name) &&
	     disk->ops->sync_names(disk);
	if (!ok) {
		disk->ops->remove(disk, aside);
		err_set(err, ERR_STORAGE, "file %s could not be written", name);
	}
	free(aside);
	return ok;
}

bool disk_load(
    struct disk *disk, const char *name, struct buf *out, struct err *err)
{
	struct disk_file *file = disk->ops->open(disk, name, 0, err);
	char piece[4096];
	size_t got = sizeof(piece), before = out->len;
	uint64_t at = 0;
	bool ok = true;

	if (!file)
		return false;
	while (ok && got == sizeof(piece)) {
		ok = disk->ops->read(file, at, piece, sizeof(piece), &got);
		if (ok)
			buf_add(out, piece, got);
		at += got;
	}
	disk->ops->close(file);
	if (ok)
		return true;
	out->len = before;
	if (out->data)
		out->data[before] = '\0';
	return err_set(err, ERR_STORAGE, "file %s could not be read", name);
}
