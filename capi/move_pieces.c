/*
 * What belongs to a cluster, in which order, and whether two copies of an
 * object are the same.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/move_inside.h"

#define LABEL "metadata.labels[cluster.x-k8s.io/cluster-name]"

/* ---- what belongs ---- */

static bool is_the_cluster(const json_t *obj, const char *cluster)
{
	return strcmp(jstr(obj, "kind"), "Cluster") == 0 &&
	       strcmp(jstr(obj, "metadata.name"), cluster) == 0;
}

/* Secrets that are found by their name, whoever owns them. */
static bool is_well_known(const json_t *obj, const char *cluster)
{
	static const char *const ends[] = { "-ca", "-etcd", "-proxy", "-sa",
		"-kubeconfig" };
	const char *name = jstr(obj, "metadata.name");
	size_t len = strlen(cluster);

	if (strcmp(jstr(obj, "kind"), "Secret") != 0 ||
	    strncmp(name, cluster, len) != 0)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(name + len, ends[i]) == 0)
			return true;
	return false;
}

static bool belongs_by_itself(const json_t *obj, const char *cluster)
{
	if (strcmp(jstr(obj, "kind"), "Cluster") == 0)
		return is_the_cluster(obj, cluster);
	return strcmp(jstr(obj, LABEL), cluster) == 0 ||
	       is_well_known(obj, cluster);
}

static struct piece *by_uid(const struct pieces *pieces, const char *uid)
{
	for (size_t i = 0; i < pieces->count; i++)
		if (strcmp(pieces->items[i].uid, uid) == 0)
			return &pieces->items[i];
	return NULL;
}

static bool is_owned(const struct pieces *pieces, const json_t *obj)
{
	const json_t *refs = jget(obj, "metadata.ownerReferences");

	if (strcmp(jstr(obj, "kind"), "Cluster") == 0)
		return false;
	for (size_t i = 0; i < json_array_size(refs); i++)
		if (by_uid(pieces, jstr(json_array_get(refs, i), "uid")))
			return true;
	return false;
}

static void add(struct pieces *pieces, json_t *obj)
{
	const struct kind_info *kind = kind_named(jstr(obj, "kind"));

	check(kind);
	pieces->items[pieces->count++] = (struct piece){
		.kind = kind,
		.name = jstr(obj, "metadata.name"),
		.uid = jstr(obj, "metadata.uid"),
		.here = json_incref(obj),
	};
}

/* By themselves, and then whatever those own, until nothing is added. */
static void gather(
    struct pieces *pieces, const char *cluster, const json_t *source)
{
	size_t count = json_array_size(source), before;

	pieces->items = xcalloc(count ? count : 1, sizeof(struct piece));
	pieces->count = 0;
	for (size_t i = 0; i < count; i++)
		if (belongs_by_itself(json_array_get(source, i), cluster))
			add(pieces, json_array_get(source, i));
	do {
		before = pieces->count;
		for (size_t i = 0; i < count; i++) {
			json_t *obj = json_array_get(source, i);

			if (!by_uid(pieces, jstr(obj, "metadata.uid")) &&
			    is_owned(pieces, obj))
				add(pieces, obj);
		}
	} while (pieces->count > before);
}

/* ---- in which order ---- */

static bool owner_depth(const struct pieces *pieces, const struct piece *piece,
    unsigned *depth, struct err *err)
{
	const json_t *refs = jget(piece->here, "metadata.ownerReferences");

	*depth = strcmp(piece->kind->kind, "Cluster") == 0 ? 0 : 1;
	for (size_t i = 0; i < json_array_size(refs); i++) {
		const json_t *ref = json_array_get(refs, i);
		const struct piece *owner = by_uid(pieces, jstr(ref, "uid"));

		/* While the cluster leaves, something whose owner has left
		 * already follows it, if its copy is there. */
		if (!owner && pieces->leaving && piece->there)
			continue;
		/* Gone, or not of this cluster: the server collects it soon,
		 * or somebody has to look. */
		if (!owner)
			return err_set(err, ERR_CONFLICT,
			    "%s %s is owned by %s %s, which is not part of the "
			    "cluster or does not exist any more",
			    piece->kind->kind, piece->name, jstr(ref, "kind"),
			    jstr(ref, "name"));
		if (owner->depth + 1 > *depth)
			*depth = owner->depth + 1;
	}
	return true;
}

static bool find_depths(struct pieces *pieces, struct err *err)
{
	bool moved = true;

	for (size_t round = 0; moved; round++) {
		moved = false;
		for (size_t i = 0; i < pieces->count; i++) {
			struct piece *piece = &pieces->items[i];
			unsigned depth;

			if (!owner_depth(pieces, piece, &depth, err))
				return false;
			moved = moved || depth != piece->depth;
			piece->depth = depth;
		}
		if (round > pieces->count)
			return err_set(err, ERR_REFUSED,
			    "the owners of the cluster's objects go round in "
			    "circles");
	}
	return true;
}

static int by_depth(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->kind != y->kind) /* rows of one table */
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

static char *key_of(const char *kind, const char *name)
{
	return xasprintf("%s/%s", kind, name);
}

/* "Machine/c1-cp-0" -> object */
static json_t *index_of(const json_t *list)
{
	json_t *index = json_object();

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *obj = json_array_get(list, i);
		char *key = key_of(
		    jstr(obj, "kind"), jstr(obj, "metadata.name"));

		json_object_set(index, key, obj);
		free(key);
	}
	return index;
}

static void find_copies(struct pieces *pieces, const json_t *target)
{
	json_t *index = index_of(target);

	for (size_t i = 0; i < pieces->count; i++) {
		struct piece *piece = &pieces->items[i];
		char *key = key_of(piece->kind->kind, piece->name);

		piece->there = json_incref(json_object_get(index, key));
		free(key);
	}
	json_decref(index);
}

bool pieces_find(struct pieces *pieces, const char *cluster,
    const json_t *source, const json_t *target, bool leaving, struct err *err)
{
	pieces_free(pieces);
	pieces->leaving = leaving;
	gather(pieces, cluster, source);
	find_copies(pieces, target);
	if (!find_depths(pieces, err))
		return false;
	qsort(pieces->items, pieces->count, sizeof(struct piece), by_depth);
	return true;
}

void pieces_free(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++) {
		json_decref(pieces->items[i].here);
		json_decref(pieces->items[i].there);
	}
	free(pieces->items);
	*pieces = (struct pieces){ 0 };
}

struct piece *pieces_cluster(const struct pieces *pieces)
{
	if (pieces->count && pieces->items[0].depth == 0)
		return &pieces->items[0];
	return NULL;
}

/* ---- copies ---- */

static void drop_notes(json_t *obj)
{
	json_t *annotations = jget(obj, "metadata.annotations");

	jset(obj, NOTE_PIVOT, NULL);
	jset(obj, NOTE_DIGEST, NULL);
	jset(obj, NOTE_MOVED, NULL);
	jset(obj, NOTE_SOURCE, NULL);
	jset(obj, NOTE_EPOCH, NULL);
	if (annotations && json_object_size(annotations) == 0)
		jset(obj, "metadata.annotations", NULL);
}

/* The object without what servers write into it, and without its owners. */
static json_t *essence(const json_t *obj)
{
	static const char *const kept[] = { "name", "namespace", "labels",
		"annotations", "finalizers" };
	json_t *copy = json_clone(obj), *metadata = json_object();

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_t *value = json_object_get(
		    json_object_get(copy, "metadata"), kept[i]);

		if (value)
			json_object_set(metadata, kept[i], value);
	}
	json_object_set_new(copy, "metadata", metadata);
	json_object_del(copy, "status");
	drop_notes(copy);
	if (strcmp(jstr(obj, "kind"), "Cluster") == 0)
		jsetb(copy, "spec.paused", true);
	return copy;
}

void piece_digest(const json_t *obj, char out[65])
{
	json_t *copy = essence(obj);
	char *text = json_canonical(copy);
	unsigned char digest[32];
	unsigned len = 0;

	check(EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL));
	check(len == sizeof(digest));
	hex_text(out, digest, sizeof(digest));
	free(text);
	json_decref(copy);
}

/* The owners as the target must name them; a new list, or NULL for none. */
static json_t *owners_of(const struct pieces *pieces, const json_t *here)
{
	json_t *refs = json_clone(jget(here, "metadata.ownerReferences"));

	for (size_t i = 0; i < json_array_size(refs); i++) {
		json_t *ref = json_array_get(refs, i);
		const struct piece *owner = by_uid(pieces, jstr(ref, "uid"));

		check(owner);
		jsets(ref, "uid", jstr(owner->there, "metadata.uid"));
	}
	return refs;
}

/* "pcg/a/3": who holds the cluster, for the how-manieth time it changed. */
static char *next_epoch(const json_t *cluster, const char *owner)
{
	const char *slash = strrchr(jstr(cluster, NOTE_EPOCH), '/');

	return xasprintf(
	    "%s/%llu", owner, slash ? strtoull(slash + 1, NULL, 10) + 1 : 1);
}

json_t *piece_copy(const struct pieces *pieces, const struct piece *piece,
    const char *id, const char *owner)
{
	json_t *copy = essence(piece->here);
	json_t *refs = owners_of(pieces, piece->here);
	char digest[65], *epoch;

	piece_digest(piece->here, digest);
	jsets(copy, NOTE_PIVOT, id);
	jsets(copy, NOTE_DIGEST, digest);
	jsets(copy, NOTE_SOURCE, piece->uid);
	if (refs)
		jset(copy, "metadata.ownerReferences", refs);
	if (piece->depth == 0) {
		epoch = next_epoch(piece->here, owner);
		jsets(copy, NOTE_EPOCH, epoch);
		free(epoch);
	}
	return copy;
}

/* ---- is it there, and is it right? ---- */

bool piece_is_reborn(const struct piece *piece)
{
	const char *copied = jstr(piece->there, NOTE_SOURCE);

	return *copied && strcmp(copied, piece->uid) != 0;
}

bool is_ours(const json_t *obj, const char *id)
{
	return strcmp(jstr(obj, NOTE_PIVOT), id) == 0;
}

bool piece_is_moved(const struct piece *piece, const char *id)
{
	return strcmp(jstr(piece->here, NOTE_MOVED), id) == 0;
}

static enum piece_state foreign(
    const struct piece *piece, struct err *err, const char *why)
{
	err_set(err, ERR_REFUSED, "%s %s at the target %s", piece->kind->kind,
	    piece->name, why);
	return PIECE_FOREIGN;
}

static bool owners_are_there(
    const struct pieces *pieces, const struct piece *piece)
{
	const json_t *refs = jget(piece->here, "metadata.ownerReferences");

	for (size_t i = 0; i < json_array_size(refs); i++) {
		const struct piece *owner = by_uid(
		    pieces, jstr(json_array_get(refs, i), "uid"));

		check(owner); /* find_depths saw to it */
		if (!owner->there)
			return false;
	}
	return true;
}

static bool owners_are_right(
    const struct pieces *pieces, const struct piece *piece)
{
	json_t *wanted = owners_of(pieces, piece->here);
	json_t *found = jget(piece->there, "metadata.ownerReferences");
	bool right = json_array_size(wanted) == 0 ? json_array_size(found) == 0
	                                          : json_equal(wanted, found);

	json_decref(wanted);
	return right;
}

enum piece_state piece_look(const struct pieces *pieces,
    const struct piece *piece, const char *id, struct err *err)
{
	char source[65], target[65];

	if (!piece->there)
		return PIECE_MISSING;
	if (jhas(piece->there, "metadata.deletionTimestamp"))
		return foreign(piece, err, "is being deleted");
	if (piece->depth == 0 && !jbool(piece->there, "spec.paused"))
		return foreign(piece, err, "is not paused");
	piece_digest(piece->here, source);
	piece_digest(piece->there, target);
	if (strcmp(source, target) != 0) {
		if (!is_ours(piece->there, id))
			return foreign(
			    piece, err, "was there before, and is another one");
		if (strcmp(jstr(piece->there, NOTE_DIGEST), target) != 0)
			return foreign(piece, err, "is not what was copied");
		return PIECE_OLD;
	}
	/* Its owner went missing there: both are made again, owner first. */
	if (!owners_are_there(pieces, piece))
		return PIECE_OLD;
	if (!owners_are_right(pieces, piece))
		return foreign(
		    piece, err, "does not have the owners that it must have");
	return PIECE_SAME;
}
