/*
 * files: the file table of a machine's disk.
 *
 * What cloud-init, kubeadm and update-ca-certificates write and read: paths,
 * contents, modes and owners. Directories exist because something lies in them
 * or because somebody made them. The table belongs to the disk and is lost
 * with it; /run is in memory and is lost with the power (files_boot).
 */
#ifndef SIM_WORKLOAD_FILES_H
#define SIM_WORKLOAD_FILES_H

#include "base/buf.h"
#include "base/events.h"

struct file {
	char *path;
	struct buf content;
	unsigned mode; /* 0644 */
	char *owner;   /* root:root */
	bool is_dir;
};

struct files {               /* a zeroed one is empty */
	struct file **items; /* by path */
	size_t count;
};

void files_free(struct files *files); /* empty again */
void files_boot(struct files *files);

/* Makes the directories on the way, as cloud-init does. */
void files_put(struct files *files, const char *path, const void *data,
    size_t len, unsigned mode, const char *owner);
void files_append(
    struct files *files, const char *path, const void *data, size_t len);
void files_mkdir(struct files *files, const char *path);

/* Tells of those that hold a secret and that not only owner and group may
 * read (events_bared_file). */
void files_tell_bared(
    const struct files *files, struct events *events, const char *host);

const struct file *files_get(const struct files *files, const char *path);
const char *files_text(const struct files *files, const char *path); /* NULL */
bool files_has_dir(const struct files *files, const char *path);

#endif
