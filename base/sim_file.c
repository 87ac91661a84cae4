#include "base/sim_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/choices.h"

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

struct sim_file {
	unsigned refs;
	unsigned mode;
	struct content cached, stored;
	size_t *dirty; /* pages in which the two may differ */
	size_t dirty_count, dirty_room;
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

/* ---- life ---- */

struct sim_file *sim_file_new(unsigned mode)
{
	struct sim_file *file = xcalloc(1, sizeof(*file));

	file->mode = mode;
	file->refs = 1;
	return file;
}

struct sim_file *sim_file_hold(struct sim_file *file)
{
	if (file)
		file->refs++;
	return file;
}

void sim_file_drop(struct sim_file **file)
{
	struct sim_file *old = *file;

	*file = NULL;
	if (!old || --old->refs > 0)
		return;
	content_free(&old->cached);
	content_free(&old->stored);
	free(old->dirty);
	free(old);
}

/* ---- reading and writing ---- */

unsigned sim_file_mode(const struct sim_file *file)
{
	return file->mode;
}

uint64_t sim_file_size(const struct sim_file *file)
{
	return file->cached.size;
}

static void soil(struct sim_file *file, size_t index)
{
	if (file->dirty_count == file->dirty_room) {
		file->dirty_room = file->dirty_room ? 2 * file->dirty_room : 16;
		file->dirty = xrealloc(
		    file->dirty, file->dirty_room * sizeof(*file->dirty));
	}
	file->dirty[file->dirty_count++] = index;
}

/* Page #index of the cache, to be written to: no longer shared. */
static struct page *touch(struct sim_file *file, size_t index)
{
	struct page **page, *fresh;

	content_reserve(&file->cached, index + 1);
	page = &file->cached.pages[index];
	if (*page && (*page)->views == 1)
		return *page;
	fresh = xcalloc(1, sizeof(*fresh));
	if (*page)
		memcpy(fresh->bytes, (*page)->bytes, PAGE_SIZE);
	fresh->views = 1;
	page_drop(page);
	*page = fresh;
	soil(file, index);
	return fresh;
}

void sim_file_write(
    struct sim_file *file, uint64_t at, const void *data, size_t len)
{
	const unsigned char *from = data;
	uint64_t end = at + len;

	while (at < end) {
		size_t offset = (size_t)(at % PAGE_SIZE);
		size_t part = PAGE_SIZE - offset;

		if (part > end - at)
			part = (size_t)(end - at);
		memcpy(touch(file, (size_t)(at / PAGE_SIZE))->bytes + offset,
		    from, part);
		from += part;
		at += part;
	}
	if (end > file->cached.size)
		file->cached.size = end;
}

size_t sim_file_read(
    const struct sim_file *file, uint64_t at, void *data, size_t len)
{
	unsigned char *to = data;
	const struct content *content = &file->cached;
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
			memcpy(to + got, page->bytes + offset, part);
		else
			memset(to + got, 0, part);
		got += part;
		at += part;
	}
	return got;
}

/* What is cut off must read as zeros if the file grows again. */
void sim_file_truncate(struct sim_file *file, uint64_t size)
{
	struct content *cached = &file->cached;
	size_t index = (size_t)(size / PAGE_SIZE);
	size_t offset = (size_t)(size % PAGE_SIZE);

	if (size < cached->size && offset) {
		struct page *page = touch(file, index++);

		memset(page->bytes + offset, 0, PAGE_SIZE - offset);
	}
	for (; size < cached->size && index < cached->room; index++)
		if (cached->pages[index]) {
			page_drop(&cached->pages[index]);
			soil(file, index);
		}
	cached->size = size;
}

/* ---- the two views ---- */

static void settle(
    struct sim_file *file, struct content *to, const struct content *from)
{
	size_t i;

	for (i = 0; i < file->dirty_count; i++)
		content_share(to, from, file->dirty[i]);
	to->size = from->size;
	file->dirty_count = 0;
}

void sim_file_sync(struct sim_file *file)
{
	settle(file, &file->stored, &file->cached);
}

void sim_file_forget(struct sim_file *file)
{
	settle(file, &file->cached, &file->stored);
}

static const struct content *view(const struct sim_file *file, bool stored)
{
	return stored ? &file->stored : &file->cached;
}

uint64_t sim_file_print(
    const struct sim_file *file, bool stored, uint64_t print)
{
	const struct content *content = view(file, stored);

	print = keyed_hash(print, &content->size, sizeof(content->size));
	for (uint64_t i = 0; i * PAGE_SIZE < content->size; i++) {
		const struct page *page = content_page(content, (size_t)i);

		print = page ? keyed_hash(print, page->bytes, PAGE_SIZE)
		             : keyed_hash(print, &i, sizeof(i));
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

struct sim_file *sim_file_copy(const struct sim_file *file, bool stored)
{
	struct sim_file *copy = sim_file_new(file->mode);

	content_copy(&copy->cached, view(file, stored));
	content_copy(&copy->stored, view(file, stored));
	return copy;
}

static bool flip(const struct content *content, uint64_t at)
{
	struct page *page = content_page(content, (size_t)(at / PAGE_SIZE));

	if (!page)
		return false; /* a hole: nothing is stored there */
	page->bytes[at % PAGE_SIZE] ^= 0xff;
	return true;
}

bool sim_file_corrupt(struct sim_file *file, uint64_t at)
{
	size_t index = (size_t)(at / PAGE_SIZE);

	if (at >= file->cached.size || !flip(&file->cached, at))
		return false;
	if (content_page(&file->stored, index) !=
	    content_page(&file->cached, index))
		flip(&file->stored, at);
	return true;
}
