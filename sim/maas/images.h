/*
 * images: boot resources: what machines can be installed with.
 *
 * Synced from a mirror, or uploaded by somebody piece by piece. Names and
 * sizes: nothing of them is ever written to a disk. They belong to the region.
 */
#ifndef SIM_MAAS_IMAGES_H
#define SIM_MAAS_IMAGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "sim/maas/list.h"

struct maas;

struct image_file {
	int64_t id;
	char *name, *filetype, *sha256;
	int64_t size, received;
	struct buf content; /* while it is being uploaded */
};

struct image {
	int64_t id;
	char *type; /* "Synced", "Uploaded" */
	char *name; /* ubuntu/jammy; x for custom/x */
	char *architecture, *subarches, *title, *base_image;
	char *version, *label;
	json_t *extra;      /* other keys of its entry; may be NULL */
	struct list files;  /* struct image_file, owned */
	usec deployed_time; /* 0: never */
};

/* ---- images.c ---- */
/* Without an architecture: amd64, with the kernel that its release came with.
 */
struct image *maas_image_make(
    struct maas *maas, const char *name, const char *architecture);
bool maas_image_is_complete(const struct image *image);
void maas_image_free(struct image *image);
/* series may be "jammy", "ubuntu/jammy", "custom/x" or "x"; "" the default.
 * False if there is no such thing. */
bool maas_image_resolve(
    const struct maas *maas, const char *series, char os[64], char release[64]);
/* Is it there for a machine of this architecture ("amd64/...")? */
bool maas_image_fits(const struct maas *maas, const char *os,
    const char *release, const char *architecture);
/* A machine can have it in memory, without a disk. */
bool maas_image_fits_memory(
    const struct maas *maas, const char *os, const char *release);
json_t *maas_image_json(const struct maas *maas, const struct image *image);
/* "amd64/generic": what machines may be, because there are images for it. */
void maas_architectures(const struct maas *maas, struct names *names);
/* A text list for the error of deploy: '', 'ubuntu/focal', ... */
char *maas_image_choices(const struct maas *maas);
/* "custom ubuntu": systems that have images; or "focal jammy": those of os. */
char *maas_image_words(const struct maas *maas, const char *os);

#endif
