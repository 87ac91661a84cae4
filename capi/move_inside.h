/*
 * move_inside: what the parts of the mover (move*.c) have in common. Nobody
 * else includes this.
 */
#ifndef CAPI_MOVE_INSIDE_H
#define CAPI_MOVE_INSIDE_H

#include "capi/move.h"

/* Whose copy it is; the digest of what was copied; at the source: may go. */
#define NOTE_PIVOT  "metadata.annotations[pcg.pcgsim.io/pivot]"
#define NOTE_DIGEST "metadata.annotations[pcg.pcgsim.io/pivot-digest]"
#define NOTE_MOVED  "metadata.annotations[pcg.pcgsim.io/moved]"
#define NOTE_EPOCH  "metadata.annotations[pcg.pcgsim.io/epoch]"

/* One object of the cluster. */
struct piece {
	const struct kind_info *kind;
	const char *name, *uid; /* at the source; in `here` */
	json_t *here;           /* at the source */
	json_t *there;          /* at the target; NULL: not yet */
	unsigned depth; /* owners have a smaller one; the Cluster has 0 */
};

struct pieces { /* owners first, then by kind and name */
	struct piece *items;
	size_t count;
};

/* From everything of the namespace (lists of objects) at both ends, what
 * belongs to the cluster. False: an owner is missing, or owners go round in
 * circles; *err then says who. */
bool pieces_find(struct pieces *pieces, const char *cluster,
    const json_t *source, const json_t *target, struct err *err);
void pieces_free(struct pieces *pieces);
struct piece *pieces_cluster(const struct pieces *pieces); /* or NULL */

/* Of what an object is, apart from what servers and movers write into it;
 * owners are not in it, because their uids differ. */
void piece_digest(const json_t *obj, char out[65]);
/* The owners as the target must name them; a new list, or NULL for none. */
json_t *piece_owners(const struct pieces *pieces, const json_t *here);
/* The object as it is to be created at the target. */
json_t *piece_copy(const struct pieces *pieces, const struct piece *piece,
    const char *id, const char *owner);

enum piece_state {
	PIECE_MISSING, /* not at the target */
	PIECE_SAME,    /* there, and equal */
	PIECE_OLD,     /* there as we made it; the source has changed since */
	PIECE_FOREIGN, /* there, and not what we made: *err says why */
};
enum piece_state piece_look(const struct pieces *pieces,
    const struct piece *piece, const char *id, struct err *err);
/* Its finalizers are off and it is only waiting to be deleted here. */
bool piece_is_moved(const struct piece *piece, const char *id);
bool is_ours(const json_t *obj, const char *id);

#endif
