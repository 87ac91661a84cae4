/*
 * The simulated disk of base/disk.h.
 *
 * What is cached and what is stored are two views of the same pages: a page
 * is shared by both until it is written to, so that a sync costs what changed
 * since the last one and not the size of the file. Every name has two such
 * views as well: the file it means now, and the one it means after a power
 * loss.
 */
#include "base/disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"
#include "base/owner.h"

#define PAGE_SIZE 4096

struct page {
	unsigned views; /* cached, stored or both */
	unsigned char bytes[PAGE_SIZE];
};

/* A missing page reads as zeros. */
struct content {
	struct page **pages;
	size_t room;
	uint64_t size;
};

/* A file, under whatever name or none. */
struct inode {
	unsigned refs; /* by names, in either view, and by handles */
	unsigned mode;
	struct content cached, stored;
	size_t *dirty; /* pages in which the two may differ */
	size_t dirty_count, dirty_room;
};

struct name {
	char *text;
	struct inode *cached, *stored; /* NULL: no such file in this view */
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
	struct inode *inode;
	char *opened_as;
};

/* ---- pages ---- */

static void page_drop(struct page **page)
{
	if (*page && --(*page)->views == 0)
		free(*page);
	*page = NULL;
}

static void content_reserve(struct content *content, size_t pages)
{
	size_t room = content->room ? content->room : 4;

	if (pages <= content->room)
		return;
	while (room < pages)
		room *= 2;
	content->pages = xrealloc(
	    content->pages, room * sizeof(*content->pages));
	memset(content->pages + content->room, 0,
	    (room - content->room) * sizeof(*content->pages));
	content->room = room;
}

static void content_free(struct content *content)
{
	size_t i;

	for (i = 0; i < content->room; i++)
		page_drop(&content->pages[i]);
	free(content->pages);
}

static struct page *content_page(const struct content *content, size_t index)
{
	return index < content->room ? content->pages[index] : NULL;
}

/* Make page #index of one view the very page of the other. */
static void content_share(
    struct content *to, const struct content *from, size_t index)
{
	struct page *page = content_page(from, index);

	content_reserve(to, index + 1);
	if (to->pages[index] == page)
		return;
	page_drop(&to->pages[index]);
	to->pages[index] = page;
	if (page)
		page->views++;
}

/* ---- files ---- */

static struct inode *inode_hold(struct inode *inode)
{
	if (inode)
		inode->refs++;
	return inode;
}

static void inode_drop(struct inode **inode)
{
	struct inode *old = *inode;

	*inode = NULL;
	if (!old || --old->refs > 0)
		return;
	content_free(&old->cached);
	content_free(&old->stored);
	free(old->dirty);
	free(old);
}

static void inode_soil(struct inode *inode, size_t index)
{
	if (inode->dirty_count == inode->dirty_room) {
		inode->dirty_room = inode->dirty_room ? 2 * inode->dirty_room
		                                      : 16;
		inode->dirty = xrealloc(
		    inode->dirty, inode->dirty_room * sizeof(*inode->dirty));
	}
	inode->dirty[inode->dirty_count++] = index;
}

/* Page #index of the cache, to be written to: no longer shared. */
static struct page *inode_touch(struct inode *inode, size_t index)
{
	struct page **page, *fresh;

	content_reserve(&inode->cached, index + 1);
	page = &inode->cached.pages[index];
	if (*page && (*page)->views == 1)
		return *page;
	fresh = xcalloc(1, sizeof(*fresh));
	if (*page)
		memcpy(fresh->bytes, (*page)->bytes, PAGE_SIZE);
	fresh->views = 1;
	page_drop(page);
	*page = fresh;
	inode_soil(inode, index);
	return fresh;
}

static void inode_settle(
    struct inode *inode, struct content *to, const struct content *from)
{
	size_t i;

	for (i = 0; i < inode->dirty_count; i++)
		content_share(to, from, inode->dirty[i]);
	to->size = from->size;
	inode->dirty_count = 0;
}

static void inode_write(
    struct inode *inode, uint64_t at, const unsigned char *data, size_t len)
{
	uint64_t end = at + len;

	while (at < end) {
		size_t offset = (size_t)(at % PAGE_SIZE);
		size_t part = PAGE_SIZE - offset;

		if (part > end - at)
			part = (size_t)(end - at);
		memcpy(inode_touch(inode, (size_t)(at / PAGE_SIZE))->bytes +
		           offset,
		    data, part);
		data += part;
		at += part;
	}
	if (end > inode->cached.size)
		inode->cached.size = end;
}

static size_t inode_read(
    const struct inode *inode, uint64_t at, unsigned char *data, size_t len)
{
	const struct content *content = &inode->cached;
	size_t got = 0;

	if (at >= content->size)
		return 0;
	if (len > content->size - at)
		len = (size_t)(content->size - at);
	while (got < len) {
		const struct page *page = content_page(
		    content, (size_t)(at / PAGE_SIZE));
		size_t offset = (size_t)(at % PAGE_SIZE);
		size_t part = PAGE_SIZE - offset;

		if (part > len - got)
			part = len - got;
		if (page)
			memcpy(data + got, page->bytes + offset, part);
		else
			memset(data + got, 0, part);
		got += part;
		at += part;
	}
	return got;
}

/* What is cut off must read as zeros if the file grows again. */
static void inode_truncate(struct inode *inode, uint64_t size)
{
	struct content *cached = &inode->cached;
	size_t index = (size_t)(size / PAGE_SIZE);
	size_t offset = (size_t)(size % PAGE_SIZE);

	if (size < cached->size && offset) {
		struct page *page = inode_touch(inode, index++);

		memset(page->bytes + offset, 0, PAGE_SIZE - offset);
	}
	for (; size < cached->size && index < cached->room; index++)
		if (cached->pages[index]) {
			page_drop(&cached->pages[index]);
			inode_soil(inode, index);
		}
	cached->size = size;
}

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

static struct inode *inode_new(unsigned mode)
{
	struct inode *inode = xcalloc(1, sizeof(*inode));

	inode->mode = mode;
	return inode;
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
		name->cached = inode_hold(inode_new(create_mode));
	handle = xcalloc(1, sizeof(*handle));
	handle->file.disk = disk;
	handle->mount = mount;
	handle->inode = inode_hold(name->cached);
	handle->opened_as = xstrdup(text);
	mount->of->handles++;
	return &handle->file;
}

static void sim_close(struct disk_file *file)
{
	struct handle *handle = handle_of(file);

	check(handle->mount->of->handles > 0);
	handle->mount->of->handles--;
	inode_drop(&handle->inode);
	free(handle->opened_as);
	free(handle);
}

static bool sim_read(
    struct disk_file *file, uint64_t at, void *data, size_t len, size_t *got)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead)
		return false;
	*got = inode_read(handle->inode, at, data, len);
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
	const struct inode *inode = handle->inode;
	struct buf content = BUF_INIT;
	char piece[PAGE_SIZE];
	size_t got;

	if (!(inode->mode & 077) || !disk->bared)
		return;
	while ((got = inode_read(
	            inode, content.len, (unsigned char *)piece, sizeof(piece))))
		buf_add(&content, piece, got);
	disk->bared(disk->bared_ctx, handle->mount->of, handle->opened_as,
	    inode->mode, &content);
	buf_free(&content);
}

static bool sim_write(
    struct disk_file *file, uint64_t at, const void *data, size_t len)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead || !take_room(handle->mount->of, len))
		return false;
	inode_write(handle->inode, at, data, len);
	look_who_reads(handle);
	return true;
}

static bool sim_truncate(struct disk_file *file, uint64_t size)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead)
		return false;
	inode_truncate(handle->inode, size);
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
	struct inode *inode = inode_hold(handle_of(file)->inode);
	/* held: who strikes may close the file */
	bool alive = about_to_sync(handle_of(file)->mount);

	if (alive)
		inode_settle(inode, &inode->stored, &inode->cached);
	inode_drop(&inode);
	return alive;
}

static bool sim_size(struct disk_file *file, uint64_t *size)
{
	struct handle *handle = handle_of(file);

	if (handle->mount->dead)
		return false;
	*size = handle->inode->cached.size;
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
	inode_drop(&name->cached);
	forget_empty_names(mount->of);
	return true;
}

static bool sim_rename(struct disk *disk, const char *from, const char *to)
{
	struct mount *mount = mount_of(disk);
	struct name *old = find_name(mount->of, from);
	struct inode *inode;
	struct name *name;

	if (mount->dead || !old || !old->cached)
		return false;
	if (strcmp(from, to) == 0)
		return true;
	inode = old->cached;
	old->cached = NULL;
	name = make_name(mount->of, to); /* moves the table: old is stale */
	inode_drop(&name->cached);
	name->cached = inode;
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

		inode_drop(&name->stored);
		name->stored = inode_hold(name->cached);
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
		inode_drop(&old->names[i].cached);
		inode_drop(&old->names[i].stored);
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
		struct inode *inode = name->stored;

		inode_drop(&name->cached);
		name->cached = inode_hold(inode);
		if (inode)
			inode_settle(inode, &inode->cached, &inode->stored);
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

#define PRINT_KEY 0x6469736bULL /* any; it is only compared with itself */

static uint64_t content_print(const struct content *content, uint64_t print)
{
	print = keyed_hash(print, &content->size, sizeof(content->size));
	for (uint64_t i = 0; i * PAGE_SIZE < content->size; i++) {
		const struct page *page = content_page(content, (size_t)i);

		print = page ? keyed_hash(print, page->bytes, PAGE_SIZE)
		             : keyed_hash(print, &i, sizeof(i));
	}
	return print;
}

/* Room counts: a full disk is another disk. So does who may read a file. */
uint64_t sim_disk_print(const struct sim_disk *disk, bool power_loss)
{
	uint64_t print = keyed_hash(PRINT_KEY, &disk->room, sizeof(disk->room));

	for (size_t i = 0; i < disk->name_count; i++) {
		const struct name *name = &disk->names[i];
		const struct inode *inode = power_loss ? name->stored
		                                       : name->cached;

		if (!inode)
			continue;
		print = keyed_hash(print, name->text, strlen(name->text));
		print = keyed_hash(print, &inode->mode, sizeof(inode->mode));
		print = content_print(
		    power_loss ? &inode->stored : &inode->cached, print);
	}
	return print;
}

static void content_copy(struct content *to, const struct content *from)
{
	for (size_t i = 0; i < from->room; i++)
		if (from->pages[i])
			content_share(to, from, i);
	to->size = from->size;
}

static struct inode *inode_copy(const struct content *content, unsigned mode)
{
	struct inode *inode = inode_new(mode);

	content_copy(&inode->cached, content);
	content_copy(&inode->stored, content);
	return inode;
}

struct sim_disk *sim_disk_copy(const struct sim_disk *disk, bool power_loss)
{
	struct sim_disk *copy = sim_disk_new(disk->name);

	copy->room = disk->room;
	for (size_t i = 0; i < disk->name_count; i++) {
		const struct name *name = &disk->names[i];
		const struct inode *inode = power_loss ? name->stored
		                                       : name->cached;
		struct name *made;

		if (!inode)
			continue;
		made = make_name(copy, name->text);
		made->cached = inode_hold(inode_copy(
		    power_loss ? &inode->stored : &inode->cached, inode->mode));
		made->stored = inode_hold(made->cached);
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

static bool flip(const struct content *content, uint64_t at)
{
	struct page *page = content_page(content, (size_t)(at / PAGE_SIZE));

	if (!page)
		return false; /* a hole: nothing is stored there */
	page->bytes[at % PAGE_SIZE] ^= 0xff;
	return true;
}

bool sim_disk_corrupt(struct sim_disk *disk, const char *text, uint64_t at)
{
	struct name *name = find_name(disk, text);
	struct inode *inode;
	size_t index = (size_t)(at / PAGE_SIZE);

	inode = name ? (name->cached ? name->cached : name->stored) : NULL;
	if (!inode || at >= inode->cached.size || !flip(&inode->cached, at))
		return false;
	if (content_page(&inode->stored, index) !=
	    content_page(&inode->cached, index))
		flip(&inode->stored, at);
	return true;
}
