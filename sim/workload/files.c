#include "sim/workload/files.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void file_free(struct file *file)
{
	free(file->path);
	free(file->owner);
	buf_free(&file->content);
	free(file);
}

void files_free(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		file_free(files->items[i]);
	free(files->items);
	*files = (struct files){ 0 };
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* /run is a tmpfs: nothing in it outlives the power. */
void files_boot(struct files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < files->count; i++) {
		if (is_below(files->items[i]->path, "/run"))
			file_free(files->items[i]);
		else
			files->items[kept++] = files->items[i];
	}
	files->count = kept;
}

/* Where it is, or where it would have to be inserted. */
static size_t place_of(const struct files *files, const char *path)
{
	size_t low = 0, high = files->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(files->items[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct file *find(const struct files *files, const char *path)
{
	size_t at = place_of(files, path);

	if (at < files->count && strcmp(files->items[at]->path, path) == 0)
		return files->items[at];
	return NULL;
}

static struct file *find_or_make(struct files *files, const char *path)
{
	struct file *file = find(files, path);
	size_t at = place_of(files, path);

	check(path[0] == '/');
	if (file)
		return file;
	file = xcalloc(1, sizeof(*file));
	file->path = xstrdup(path);
	file->owner = xstrdup("root:root");
	file->mode = 0644;
	files->items = xrealloc(
	    files->items, (files->count + 1) * sizeof(*files->items));
	memmove(files->items + at + 1, files->items + at,
	    (files->count - at) * sizeof(*files->items));
	files->items[at] = file;
	files->count++;
	return file;
}

void files_put(struct files *files, const char *path, const void *data,
    size_t len, unsigned mode, const char *owner)
{
	struct file *file = find_or_make(files, path);

	buf_reset(&file->content);
	buf_add(&file->content, data, len);
	file->mode = mode;
	file->is_dir = false;
	if (owner) {
		free(file->owner);
		file->owner = xstrdup(owner);
	}
}

void files_append(
    struct files *files, const char *path, const void *data, size_t len)
{
	buf_add(&find_or_make(files, path)->content, data, len);
}

void files_mkdir(struct files *files, const char *path)
{
	struct file *file;

	if (files_has_dir(files, path))
		return;
	file = find_or_make(files, path);
	file->is_dir = true;
	file->mode = 0755;
}

void files_tell_bared(
    const struct files *files, struct events *events, const char *host)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = files->items[i];

		if (!file->is_dir && (file->mode & 07))
			events_bared_file(events, host, file->path, file->mode,
			    buf_text(&file->content), file->content.len);
	}
}

const struct file *files_get(const struct files *files, const char *path)
{
	const struct file *file = find(files, path);

	return file && !file->is_dir ? file : NULL;
}

const char *files_text(const struct files *files, const char *path)
{
	const struct file *file = files_get(files, path);

	return file ? buf_text(&file->content) : NULL;
}

/* The directories that every installed system has. */
static bool is_standard_dir(const char *path)
{
	static const char *const dirs[] = { "/", "/etc", "/run", "/tmp", "/usr",
		"/var", "/var/lib", "/usr/local/share/ca-certificates",
		"/etc/systemd/system", "/etc/kubernetes" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (strcmp(path, dirs[i]) == 0)
			return true;
	return false;
}

bool files_has_dir(const struct files *files, const char *path)
{
	if (is_standard_dir(path))
		return true;
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = files->items[i];

		if (is_below(file->path, path) ||
		    (file->is_dir && strcmp(file->path, path) == 0))
			return true;
	}
	return false;
}
