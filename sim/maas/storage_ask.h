/*
 * storage_ask: what the operations on disks have in common.
 *
 * Like all that answers: whatever gives NULL or false has answered already.
 */
#ifndef SIM_MAAS_STORAGE_ASK_H
#define SIM_MAAS_STORAGE_ASK_H

#include "sim/maas/ask.h"
#include "sim/maas/storage.h"

enum storage_right {
	STORAGE_VIEW,
	STORAGE_EDIT,
	STORAGE_ADMIN
};

/* The machine in args[0], for a list of what it has or a new one. */
struct node *maas_storage_node(struct ask *ask, enum storage_right right);
/* The drive in args[1] of the machine in args[0]. */
struct drive *maas_storage_drive(struct ask *ask, enum storage_right right);
/* The group, or cache set, in args[1]; model for the 404: "RAID". */
struct storage_group *maas_storage_group(struct ask *ask, enum group_kind kind,
    const char *model, enum storage_right right);
bool maas_storage_may(
    struct ask *ask, const struct node *node, enum storage_right right);
/* 409: "Cannot WHAT because the machine is not Ready." */
bool maas_storage_ready(
    struct ask *ask, const struct node *node, const char *what);

/* "4194304", "10G": thousands. False: neither. */
bool maas_bytes(const char *text, int64_t *bytes);
/* Of a field: between the two, max -1 for none. *bytes stays when absent. */
void maas_bytes_field(struct ask *ask, json_t *errors, const char *field,
    bool required, int64_t min, int64_t max, int64_t *bytes);
void maas_uuid_field(struct ask *ask, json_t *errors);
void maas_required_field(struct ask *ask, json_t *errors, const char *field);
/* One of the words, or an error of the field. */
void maas_choice_field(struct ask *ask, json_t *errors, const char *field,
    bool required, const char *const *words, size_t count);

/* The parts that a field names, repeated, each by id or by name. */
struct chosen {
	struct part *parts;
	size_t count;
};
typedef bool part_fits_fn(const struct part *part, const void *of);
bool maas_part_fits_free(const struct part *part, const void *of);
void maas_chosen_field(struct ask *ask, json_t *errors, const char *field,
    struct node *node, bool partitions, part_fits_fn *fits, const void *of,
    struct chosen *chosen);
void maas_chosen_free(struct chosen *chosen);
/* A whole boot drive cannot be a part of something: a partition that fills
 * it takes its place. */
struct part maas_part_bootable(const struct part *part);

/* What is the same for a drive and a partition. */
void maas_part_format(struct ask *ask, struct part part);
void maas_part_unformat(struct ask *ask, struct part part);
void maas_part_mount(struct ask *ask, struct part part);
void maas_part_unmount(struct ask *ask, struct part part);

/* ---- the groups' operations share these ---- */
void maas_groups_answer(struct ask *ask, enum group_kind kind);
/* The name and the uuid that were asked for. */
void maas_group_words(struct ask *ask, struct storage_group *group);
/* Volume groups and datastores: the parts of a new one, and how they become
 * its own. */
void maas_members_read(
    struct ask *ask, struct node *node, json_t *errors, struct chosen *chosen);
void maas_members_join(
    struct storage_group *group, const struct chosen *chosen);
/* Parts come and go. Answers. */
void maas_members_update(struct ask *ask, struct storage_group *group);
struct storage_group *maas_datastore_make(
    struct node *node, const char *name, const struct chosen *chosen);
struct storage_group *maas_bcache_make(
    struct cache_set *cache, const struct part *part, const char *mode);

#endif
