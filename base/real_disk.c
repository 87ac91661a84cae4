/* A directory of files, held by one process at a time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/disk.h"
#include "base/real_parts.h"

struct real_disk {
	struct disk disk;
	int directory_fd, lock_fd;
};

struct real_file {
	struct disk_file file;
	int fd;
};

static struct real_disk *disk_of(struct disk *disk)
{
	return OWNER_OF(disk, struct real_disk, disk);
}

static int fd_of(struct disk_file *file)
{
	return OWNER_OF(file, struct real_file, file)->fd;
}

/* A name is a name: the disk is flat. */
static bool is_plain(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static struct disk_file *file_open(
    struct disk *disk, const char *name, unsigned create_mode, struct err *err)
{
	struct real_file *file;
	int fd;

	check(is_plain(name));
	fd = openat(disk_of(disk)->directory_fd, name,
	    O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create_mode ? O_CREAT : 0),
	    (mode_t)create_mode);
	if (fd < 0) {
		err_set(err, errno == ENOENT ? ERR_GONE : ERR_STORAGE, "%s: %s",
		    name, strerror(errno));
		return NULL;
	}
	file = xcalloc(1, sizeof(*file));
	file->file.disk = disk;
	file->fd = fd;
	return &file->file;
}

static void file_close(struct disk_file *file)
{
	close(fd_of(file));
	free(OWNER_OF(file, struct real_file, file));
}

static bool file_read(
    struct disk_file *file, uint64_t at, void *data, size_t len, size_t *got)
{
	size_t all = 0;

	while (all < len) {
		ssize_t n = pread(fd_of(file), (char *)data + all, len - all,
		    (off_t)(at + all));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		all += (size_t)n;
	}
	*got = all;
	return true;
}

static bool file_write(
    struct disk_file *file, uint64_t at, const void *data, size_t len)
{
	size_t all = 0;

	while (all < len) {
		ssize_t n = pwrite(fd_of(file), (const char *)data + all,
		    len - all, (off_t)(at + all));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		all += (size_t)n;
	}
	return true;
}

static bool file_truncate(struct disk_file *file, uint64_t size)
{
	return ftruncate(fd_of(file), (off_t)size) == 0;
}

static bool file_sync(struct disk_file *file)
{
	return fsync(fd_of(file)) == 0;
}

static bool file_size(struct disk_file *file, uint64_t *size)
{
	struct stat about;

	if (fstat(fd_of(file), &about) != 0)
		return false;
	*size = (uint64_t)about.st_size;
	return true;
}

static bool name_exists(struct disk *disk, const char *name)
{
	return faccessat(disk_of(disk)->directory_fd, name, F_OK, 0) == 0;
}

static bool name_remove(struct disk *disk, const char *name)
{
	check(is_plain(name));
	return unlinkat(disk_of(disk)->directory_fd, name, 0) == 0;
}

static bool name_change(struct disk *disk, const char *from, const char *to)
{
	int fd = disk_of(disk)->directory_fd;

	check(is_plain(from) && is_plain(to));
	return renameat(fd, from, fd, to) == 0;
}

static bool names_sync(struct disk *disk)
{
	return fsync(disk_of(disk)->directory_fd) == 0;
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
	.rename = name_change,
	.sync_names = names_sync,
};

struct disk *real_disk_new(const char *directory, struct err *err)
{
	struct real_disk *disk = xcalloc(1, sizeof(*disk));

	disk->disk.ops = &OPS;
	disk->lock_fd = -1;
	disk->directory_fd = open(
	    directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (disk->directory_fd >= 0)
		disk->lock_fd = openat(disk->directory_fd, "lock",
		    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (disk->lock_fd >= 0 && flock(disk->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return &disk->disk;
	if (disk->lock_fd >= 0 && errno == EWOULDBLOCK)
		err_set(err, ERR_CONFLICT,
		    "the directory %s is in use by another process", directory);
	else
		err_set(err, ERR_STORAGE, "the directory %s cannot be used: %s",
		    directory, strerror(errno));
	if (disk->lock_fd >= 0)
		close(disk->lock_fd);
	if (disk->directory_fd >= 0)
		close(disk->directory_fd);
	free(disk);
	return NULL;
}

void real_disk_free(struct disk **base)
{
	struct real_disk *disk;

	if (!*base)
		return;
	disk = disk_of(*base);
	close(disk->lock_fd);
	close(disk->directory_fd);
	free(disk);
	*base = NULL;
}
