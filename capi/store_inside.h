/*
 * store_inside: what the parts of a store (store*.c, and the watches of rest
 * and kube) see of it. Nobody else includes this.
 *
 * Objects are values: once an object is on a shelf it is never changed. A
 * mutation puts another one in its place, which shares with the old one what
 * is equal. So history and answers hold references and copy nothing.
 */
#ifndef CAPI_STORE_INSIDE_H
#define CAPI_STORE_INSIDE_H

#include "capi/store.h"
#include "capi/store_file.h"

/* How far back a watch may begin; a real server keeps five minutes. */
#define STORE_HISTORY 512

struct entry {
	char *ns; /* "" for cluster-scoped kinds */
	char *name;
	json_t *obj;
	usec orphan_at; /* since when all its owners are gone; -1: they live */
};

struct shelf { /* of one kind, by ns and name */
	struct entry **items;
	size_t count, room;
};

struct change {
	const struct kind_info *kind;
	uint64_t version;
	json_t *old, *now; /* as store_watch_fn has them */
};

struct unsure { /* a row that a failed write may or may not have changed */
	const struct kind_info *kind;
	char *ns, *name;
};

struct store_watch {
	struct store *store;
	store_watch_fn *fn; /* NULL: removed while changes were being told */
	void *ctx;
	uint64_t from; /* the first change that it hears of */
	struct store_watch *next;
};

struct store_teller;
struct rest_stream;

struct store {
	struct host *host;
	struct store_file *file; /* NULL: memory only */
	bool (*write)(struct store_file *file, const struct store_row *rows,
	    size_t count, uint64_t version, struct err *err);
	void (*close)(struct store_file **file);
	struct shelf *shelves; /* one per row of kind_table */
	uint64_t version;
	struct change history[STORE_HISTORY]; /* change n is at n % size */
	uint64_t change_count, told_count;
	uint64_t first_version; /* history begins after this version */
	bool telling;
	struct store_watch *watches; /* in the order they were added */
	struct timer collect;
	struct unsure *unsure;
	size_t unsure_count;
	struct store_teller *teller;
	struct rest_stream *streams; /* rest_watch.c's */
};

struct store *store_bare(struct host *host); /* nothing in it */
void store_add_loaded(struct store *store, const struct kind_info *kind,
    json_t *obj); /* takes the reference */
void store_make_namespaces(struct store *store);

struct shelf *store_shelf(
    const struct store *store, const struct kind_info *kind);
struct entry *store_find(const struct store *store,
    const struct kind_info *kind, const char *ns, const char *name);

/* The one way anything changes: now (its reference is taken) in place of what
 * is there; NULL: it goes. Sets the resourceVersion, writes through, remembers,
 * tells. Returns the object, or the last state of what went; NULL and 500. */
const json_t *store_commit(struct store *store, const struct kind_info *kind,
    const char *ns, const char *name, json_t *now, struct api_status *status);

/* A change that is still remembered; NULL: too old. */
const struct change *store_change(const struct store *store, uint64_t n);
/* The first change after this version; false: history does not reach back. */
bool store_change_after(
    const struct store *store, uint64_t version, uint64_t *n);

/* store_collect.c: owners and namespaces may have gone: look in a while. */
void store_collect_soon(struct store *store);
timer_fn store_collect;

/* store_rules.c: may this be? Each fills *status and returns false if not. */
bool rules_shape(const struct kind_info *kind, const char *ns, const char *name,
    const json_t *obj, struct api_status *status);
bool rules_metadata(
    const struct kind_info *kind, const json_t *obj, struct api_status *status);
bool rules_finalizers(const struct kind_info *kind, const json_t *old,
    const json_t *now, struct api_status *status);
bool rules_name(
    const struct kind_info *kind, const char *name, struct api_status *status);
/* Secrets: stringData becomes data. */
void rules_defaults(const struct kind_info *kind, json_t *obj);

/* store_status.c */
/* Always false. what: "c1" or NULL; group and plural are the kind's. */
bool store_refuse(struct api_status *status, int code, const char *reason,
    const struct kind_info *kind, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
bool refuse_not_found(
    struct api_status *status, const struct kind_info *kind, const char *name);
bool refuse_conflict(struct api_status *status, const struct kind_info *kind,
    const char *name, const char *why);
/* 422 with one cause: `field: Invalid value: ...`. */
bool refuse_invalid(struct api_status *status, const struct kind_info *kind,
    const char *name, const char *cause, const char *field, const char *fmt,
    ...) __attribute__((format(printf, 6, 7)));
/* "machines.cluster.x-k8s.io", "secrets" */
void kind_resource(const struct kind_info *kind, char *out, size_t size);

#endif
