#include "base/sim_disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"
#include "base/owner.h"
#include "base/sim_file.h"

/* A name has two views, as a file has: the file it means now, and the one it
 * means after a power loss. */
struct name {
	char *text;
	struct sim_file *cached, *stored; /* NULL: none in this view */
};

/* One life of a host on this disk. Handles and hosts of an earlier life keep
 * theirs, which stays dead, however often the disk is attached again. */
struct mount {
	struct disk disk;
	struct sim_disk *of;
	struct mount *earlier;
	bool dead;
};

struct sim_disk {
	char *name;
	struct mount *mount; /* the latest; NULL before the first */
	struct name *names;  /* in the order in which they came to be */
	size_t name_count, handles;
	int64_t room; /* bytes that may still be written; -1: any number */
	uint64_t syncs;
	sim_disk_sync_fn *before_sync;
	void *ctx;
	sim_disk_bared_fn *bared;
	void *bared_ctx;
};

struct handle {
	struct disk_file file;
	struct mount *mount;
	struct sim_file *opened;
	char *opened_as;
};

/* ---- names ---- */

static struct name *find_name(const struct sim_disk *disk, const char *text)
{
	size_t i;

	for (i = 0; i < disk->name_count; i++)
		if (strcmp(disk->names[i].text, text) == 0)
			return &disk->names[i];
	return NULL;
}

static struct name *make_name(struct sim_disk *disk, const char *text)
{
	struct name *name = find_name(disk, text);

	if (name)
		return name;
	disk->names = xrealloc(
	    disk->names, (disk->name_count + 1) * sizeof(*disk->names));
	name = &disk->names[disk->name_count++];
	*name = (struct name){ .text = xstrdup(text) };
	return name;
}

static void forget_empty_names(struct sim_disk *disk)
{
	size_t i, kept = 0;

	for (i = 0; i < disk->name_count; i++) {
		if (disk->names[i].cached || disk->names[i].stored)
			disk->names[kept++] = disk->names[i];
		else
			free(disk->names[i].text);
	}
	disk->name_count = kept;
}

/* ---- the operations ---- */

static struct mount *mount_of(struct disk *disk)
{
	return OWNER_OF(disk, struct mount, disk);
}

static struct handle *handle_of(struct disk_file *file)
{
	return OWNER_OF(file, struct handle, file);
}

static struct disk_file *sim_open(
    struct disk *disk, const char *text, unsigned create_mode, struct err *err)
{
	struct mount *mount = mount_of(disk);
	struct name *name;
	struct handle *handle;

	if (mount->dead) {
		err_set(err, ERR_STORAGE, "disk %s is gone", mount->of->name);
		return NULL;
	}
	name = find_name(mount->of, text);
	if (!create_mode && (!name || !name->cached)) {
		err_set(err, ERR_STORAGE, "there is no file %s on disk %s",
		    text, mount->of->name);
		return NULL;
	}
	if (!name)
		name = make_name(mount->of, text);
	if (!name->cached)
		name->cached = sim_file_new(create_mode);
	handle = xcalloc(1, sizeof(*handle));
	handle->file.disk = disk;
	handle->mount = mount;
	handle->opened = sim_file_hold(name->cached);
	handle->opened_as = xstrdup(text);
	mount->of->handles++;
	return &handle->file;
}

static void sim_close(struct disk_file *file)
{
	struct handle *handle = handle_of(file);

	check(handle->mount->of->handles > 0);
	handle->mount->of->handles--;
	sim_file_drop(&handle->opened);
	free(handle->opened_as);
	free(handle);
}

static bool sim_read(
    struct disk_file *file, uint64_t at, void *data, size_t len, size_t *got)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead)
		return false;
	*got = sim_file_read(handle->opened, at, data, len);
	return true;
}

static bool take_room(struct sim_disk *disk, size_t len)
{
	if (disk->room < 0)
		return true;
	if ((uint64_t)disk->room < len || disk->room == 0)
		return false;
	disk->room -= (int64_t)len;
	return true;
}

static void look_who_reads(const struct handle *handle)
{
	const struct sim_disk *disk = handle->mount->of;
	const struct sim_file *file = handle->opened;
	struct buf content = BUF_INIT;
	char piece[4096];
	size_t got;

	if (!(sim_file_mode(file) & 077) || !disk->bared)
		return;
	while ((got = sim_file_read(file, content.len, piece, sizeof(piece))))
		buf_add(&content, piece, got);
	disk->bared(disk->bared_ctx, handle->mount->of, handle->opened_as,
	    sim_file_mode(file), &content);
	buf_free(&content);
}

static bool sim_write(
    struct disk_file *file, uint64_t at, const void *data, size_t len)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead || !take_room(handle->mount->of, len))
		return false;
	sim_file_write(handle->opened, at, data, len);
	look_who_reads(handle);
	return true;
}

static bool sim_truncate(struct disk_file *file, uint64_t size)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead)
		return false;
	sim_file_truncate(handle->opened, size);
	return true;
}

/* Count it, and let somebody strike; true if the host is still alive. */
static bool about_to_sync(struct mount *mount)
{
	struct sim_disk *disk = mount->of;

	if (mount->dead)
		return false;
	disk->syncs++;
	if (disk->before_sync)
		disk->before_sync(disk->ctx, disk, disk->syncs);
	return !mount->dead;
}

static bool sim_sync(struct disk_file *file)
{
	/* held: who strikes may close the file */
	struct sim_file *held = sim_file_hold(handle_of(file)->opened);
	bool alive = about_to_sync(handle_of(file)->mount);

	if (alive)
		sim_file_sync(held);
	sim_file_drop(&held);
	return alive;
}

static bool sim_size(struct disk_file *file, uint64_t *size)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead)
		return false;
	*size = sim_file_size(handle->opened);
	return true;
}

static bool sim_exists(struct disk *disk, const char *text)
{
	struct mount *mount = mount_of(disk);
	const struct name *name = find_name(mount->of, text);

	return !mount->dead && name && name->cached;
}

static bool sim_remove(struct disk *disk, const char *text)
{
	struct mount *mount = mount_of(disk);
	struct name *name = find_name(mount->of, text);

	if (mount->dead || !name || !name->cached)
		return false;
	sim_file_drop(&name->cached);
	forget_empty_names(mount->of);
	return true;
}

static bool sim_rename(struct disk *disk, const char *from, const char *to)
{
	struct mount *mount = mount_of(disk);
	struct name *old = find_name(mount->of, from);
	struct sim_file *file;
	struct name *name;

	if (mount->dead || !old || !old->cached)
		return false;
	if (strcmp(from, to) == 0)
		return true;
	file = old->cached;
	old->cached = NULL;
	name = make_name(mount->of, to); /* moves the table: old is stale */
	sim_file_drop(&name->cached);
	name->cached = file;
	forget_empty_names(mount->of);
	return true;
}

static bool sim_sync_names(struct disk *disk)
{
	struct mount *mount = mount_of(disk);
	size_t i;

	if (!about_to_sync(mount))
		return false;
	for (i = 0; i < mount->of->name_count; i++) {
		struct name *name = &mount->of->names[i];

		sim_file_drop(&name->stored);
		name->stored = sim_file_hold(name->cached);
	}
	forget_empty_names(mount->of);
	return true;
}

static const struct disk_ops sim_ops = {
	.open = sim_open,
	.close = sim_close,
	.read = sim_read,
	.write = sim_write,
	.truncate = sim_truncate,
	.sync = sim_sync,
	.size = sim_size,
	.exists = sim_exists,
	.remove = sim_remove,
	.rename = sim_rename,
	.sync_names = sim_sync_names,
};

/* ---- the world's side ---- */

struct sim_disk *sim_disk_new(const char *name)
{
	struct sim_disk *disk = xcalloc(1, sizeof(*disk));

	disk->name = xstrdup(name);
	disk->room = -1;
	return disk;
}

void sim_disk_free(struct sim_disk **disk)
{
	struct sim_disk *old = *disk;
	size_t i;

	if (!old)
		return;
	check(old->handles == 0); /* of dead hosts as of living ones */
	while (old->mount) {
		struct mount *mount = old->mount;

		old->mount = mount->earlier;
		free(mount);
	}
	for (i = 0; i < old->name_count; i++) {
		sim_file_drop(&old->names[i].cached);
		sim_file_drop(&old->names[i].stored);
		free(old->names[i].text);
	}
	free(old->names);
	free(old->name);
	free(old);
	*disk = NULL;
}

struct disk *sim_disk_attach(struct sim_disk *disk)
{
	struct mount *mount = xcalloc(1, sizeof(*mount));

	sim_disk_kill(disk); /* two hosts on one disk would be two truths */
	mount->disk.ops = &sim_ops;
	mount->of = disk;
	mount->earlier = disk->mount;
	disk->mount = mount;
	return &mount->disk;
}

void sim_disk_kill(struct sim_disk *disk)
{
	if (disk->mount)
		disk->mount->dead = true;
}

/* A file that has lost its names but is still open in a dead host needs
 * nothing: nobody can reach it any more. */
void sim_disk_lose_power(struct sim_disk *disk)
{
	size_t i;

	sim_disk_kill(disk);
	for (i = 0; i < disk->name_count; i++) {
		struct name *name = &disk->names[i];
		struct sim_file *stored = name->stored;

		sim_file_drop(&name->cached);
		name->cached = sim_file_hold(stored);
		if (stored)
			sim_file_forget(stored);
	}
	forget_empty_names(disk);
}

void sim_disk_on_sync(
    struct sim_disk *disk, sim_disk_sync_fn *before, void *ctx)
{
	disk->before_sync = before;
	disk->ctx = ctx;
}

void sim_disk_on_bared(
    struct sim_disk *disk, sim_disk_bared_fn *bared, void *ctx)
{
	disk->bared = bared;
	disk->bared_ctx = ctx;
}

const char *sim_disk_name(const struct sim_disk *disk)
{
	return disk->name;
}

uint64_t sim_disk_syncs(const struct sim_disk *disk)
{
	return disk->syncs;
}

/* ---- looking at it from outside ---- */

/* What the name will mean to the next life of the host. */
static const struct sim_file *next_life(
    const struct name *name, bool power_loss)
{
	return power_loss ? name->stored : name->cached;
}

#define PRINT_KEY 0x6469736bULL /* any; it is only compared with itself */

/* Room counts: a full disk is another disk. So does who may read a file. */
uint64_t sim_disk_print(const struct sim_disk *disk, bool power_loss)
{
	uint64_t print = keyed_hash(PRINT_KEY, &disk->room, sizeof(disk->room));

	for (size_t i = 0; i < disk->name_count; i++) {
		const struct name *name = &disk->names[i];
		const struct sim_file *file = next_life(name, power_loss);
		unsigned mode;

		if (!file)
			continue;
		print = keyed_hash(print, name->text, strlen(name->text));
		mode = sim_file_mode(file);
		print = keyed_hash(print, &mode, sizeof(mode));
		print = sim_file_print(file, power_loss, print);
	}
	return print;
}

struct sim_disk *sim_disk_copy(const struct sim_disk *disk, bool power_loss)
{
	struct sim_disk *copy = sim_disk_new(disk->name);

	copy->room = disk->room;
	for (size_t i = 0; i < disk->name_count; i++) {
		const struct name *name = &disk->names[i];
		const struct sim_file *file = next_life(name, power_loss);
		struct name *made;

		if (!file)
			continue;
		made = make_name(copy, name->text);
		made->cached = sim_file_copy(file, power_loss);
		made->stored = sim_file_hold(made->cached);
	}
	return copy;
}

size_t sim_disk_files(const struct sim_disk *disk, char ***names)
{
	size_t count = 0;

	*names = xcalloc(disk->name_count + 1, sizeof(**names));
	for (size_t i = 0; i < disk->name_count; i++)
		if (disk->names[i].cached)
			(*names)[count++] = xstrdup(disk->names[i].text);
	return count;
}

void sim_disk_set_room(struct sim_disk *disk, int64_t bytes)
{
	check(bytes >= -1);
	disk->room = bytes;
}

bool sim_disk_corrupt(struct sim_disk *disk, const char *text, uint64_t at)
{
	struct name *name = find_name(disk, text);
	struct sim_file *file = name ? name->cached : NULL;

	if (name && !file)
		file = name->stored;
	return file && sim_file_corrupt(file, at);
}
