#include "base/real_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/owner.h"

struct real_disk {
	struct disk disk;
	int directory, lock;
};
struct real_file {
	struct disk_file file;
	int fd;
};

static struct real_disk *disk_of(struct disk *disk)
{
	return OWNER_OF(disk, struct real_disk, disk);
}

static struct real_file *file_of(struct disk_file *file)
{
	return OWNER_OF(file, struct real_file, file);
}

static struct disk_file *file_open(
    struct disk *disk, const char *name, bool create, struct err *err)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);
	struct real_file *file;
	int fd;

	check(!strchr(name, '/'));
	fd = openat(disk_of(disk)->directory, name, flags, 0600);
	if (fd < 0) {
		err_set(err, ERR_STORAGE, "cannot open %s: %s", name,
		    strerror(errno));
		return NULL;
	}
	file = xcalloc(1, sizeof(*file));
	file->file.disk = disk;
	file->fd = fd;
	return &file->file;
}

static void file_close(struct disk_file *file)
{
	close(file_of(file)->fd);
	free(file_of(file));
}

static bool file_read(
    struct disk_file *file, uint64_t at, void *data, size_t len, size_t *got)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(file_of(file)->fd, (char *)data + done,
		    len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*got = done;
	return true;
}

static bool file_write(
    struct disk_file *file, uint64_t at, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(file_of(file)->fd, (const char *)data + done,
		    len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool file_truncate(struct disk_file *file, uint64_t size)
{
	return ftruncate(file_of(file)->fd, (off_t)size) == 0;
}

static bool file_sync(struct disk_file *file)
{
	return fsync(file_of(file)->fd) == 0;
}

static bool file_size(struct disk_file *file, uint64_t *size)
{
	struct stat st;

	if (fstat(file_of(file)->fd, &st) != 0)
		return false;
	*size = (uint64_t)st.st_size;
	return true;
}

static bool name_exists(struct disk *disk, const char *name)
{
	return faccessat(disk_of(disk)->directory, name, F_OK, 0) == 0;
}

static bool name_remove(struct disk *disk, const char *name)
{
	return unlinkat(disk_of(disk)->directory, name, 0) == 0;
}

static bool name_rename(struct disk *disk, const char *from, const char *to)
{
	int directory = disk_of(disk)->directory;

	return renameat(directory, from, directory, to) == 0;
}

static bool names_sync(struct disk *disk)
{
	return fsync(disk_of(disk)->directory) == 0;
}

static const struct disk_ops OPS = {
	.open = file_open,
	.close = file_close,
	.read = file_read,
	.write = file_write,
	.truncate = file_truncate,
	.sync = file_sync,
	.size = file_size,
	.exists = name_exists,
	.remove = name_remove,
	.rename = name_rename,
	.sync_names = names_sync,
};

static bool take_lock(
    struct real_disk *disk, const char *directory, struct err *err)
{
	disk->lock = openat(disk->directory, "lock",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (disk->lock < 0)
		return err_set(err, ERR_STORAGE, "cannot write in %s: %s",
		    directory, strerror(errno));
	if (flock(disk->lock, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_STORAGE,
		    "%s is in use by another process", directory);
	return true;
}

struct disk *real_disk_new(const char *directory, struct err *err)
{
	struct real_disk *real = xcalloc(1, sizeof(*real));
	struct disk *disk = &real->disk;

	disk->ops = &OPS;
	real->lock = -1;
	real->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (real->directory < 0)
		err_set(err, ERR_STORAGE, "cannot use directory %s: %s",
		    directory, strerror(errno));
	else if (take_lock(real, directory, err))
		return disk;
	real_disk_free(&disk);
	return NULL;
}

void real_disk_free(struct disk **disk)
{
	struct real_disk *real;

	if (!*disk)
		return;
	real = disk_of(*disk);
	if (real->lock >= 0)
		close(real->lock); /* and the lock with it */
	if (real->directory >= 0)
		close(real->directory);
	free(real);
	*disk = NULL;
}
