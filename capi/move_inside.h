/*
 * move_inside: what the parts of the mover (move*.c) have in common. Nobody
 * else includes this.
 */
#ifndef CAPI_MOVE_INSIDE_H
#define CAPI_MOVE_INSIDE_H

#include "capi/move.h"

/* Whose copy it is; the digest and the uid of what was copied; at the source:
 * may go. */
#define NOTE_PIVOT  "metadata.annotations[pcg.pcgsim.io/pivot]"
#define NOTE_DIGEST "metadata.annotations[pcg.pcgsim.io/pivot-digest]"
#define NOTE_MOVED  "metadata.annotations[pcg.pcgsim.io/moved]"
#define NOTE_SOURCE "metadata.annotations[pcg.pcgsim.io/source-uid]"
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
	bool leaving; /* deletions at the source have begun */
};

/* From everything of the namespace (lists of objects) at both ends, what
 * belongs to the cluster. False: an owner is missing, or owners go round in
 * circles; *err then says who. */
bool pieces_find(struct pieces *pieces, const char *cluster,
    const json_t *source, const json_t *target, bool leaving, struct err *err);
void pieces_free(struct pieces *pieces);
struct piece *pieces_cluster(const struct pieces *pieces); /* or NULL */

/* Of what an object is, apart from what servers and movers write into it;
 * owners are not in it, because their uids differ. */
void piece_digest(const json_t *obj, char out[65]);
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
/* The object at the source is not the one that was copied: after that was
 * deleted, somebody who had not heard of the pause made it again. It holds
 * nothing that is known only there, and must never replace the copy. */
bool piece_is_reborn(const struct piece *piece);
bool is_ours(const json_t *obj, const char *id);

/* How often it goes back because the source is still changing. */
#define MOVE_ROUNDS 5

/* A side that has answered a list and fails the next is asked for that one
 * again, so often in a row; it need not answer all of them at a stretch. A
 * listing that has taken so long is not mended any more, but begun anew. */
#define MOVE_LIST_AGAIN    5
#define MOVE_LIST_MOST_FOR MINUTES(5)

typedef void move_step_fn(struct move *m, const struct kube_answer *answer);
typedef void move_then_fn(struct move *m);

struct move {
	struct host *host;
	struct kube *from, *to;
	char *id, *ns, *cluster, *owner;
	bool need_nodes;
	struct move_events events;
	void *ctx;
	enum move_phase from_phase;
	struct timer start;     /* so that nobody is called before he has us */
	struct kube_call *call; /* one at a time */
	move_step_fn *step;     /* what its answer is for */

	json_t *source, *target; /* all objects of the namespace, as listed */
	size_t kind_at;
	move_then_fn *listed;
	bool source_only;
	bool heard[2];         /* source, target: it has answered a list */
	unsigned vain;         /* lists that failed in a row */
	usec listing_since_at; /* when the first was asked for */
	struct timer again;

	struct pieces pieces;
	size_t at;   /* the piece at hand */
	bool got_on; /* a piece was copied or deleted */
	unsigned rounds, strips;
	/* Something may be gone at the source: from here on there is only
	 * forward, and nobody may be told of an earlier phase (X-122: a source
	 * that is not whole must never be resumed). */
	bool deleting;
};

/* move.c, for the phases. After a move has ended it may be gone. */
void move_begin(struct move *m, enum move_phase phase);
void move_go_round(
    struct move *m, enum move_phase phase); /* but not for ever */
void move_end(struct move *m, const struct err *err);
void move_refuse(struct move *m, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void move_failed(struct move *m, const struct kube_answer *answer,
    const char *what, const char *kind, const char *name);
bool answer_is_good(const struct kube_answer *answer);
kube_fn move_answered; /* ctx: the move; goes on with m->step */
/* change is taken. */
void move_patch(struct move *m, struct kube *kube, const char *kind,
    const char *name, const char *sub, json_t *change, move_step_fn *step);
void move_patch_cluster(
    struct move *m, struct kube *kube, json_t *change, move_step_fn *step);
void move_list_both(struct move *m, move_then_fn *then);
void move_list_source(struct move *m, move_then_fn *then);
bool move_find_pieces(struct move *m); /* false: it has ended */
/* Is it at the target as it must be? False: it went somewhere else. */
bool move_verify_piece(struct move *m, const struct piece *piece);

/* The phases: move_copy.c, move_delete.c */
move_then_fn move_start_create, move_start_verify, move_start_delete;

#endif
