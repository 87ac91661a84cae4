/*
 * The phase in which a cluster goes from the source.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/move_inside.h"

/* ---- delete ---- */

static void delete_next(struct move *m);

/* Owned first, and the Cluster, which says "paused" to all others, last. */
static struct piece *last_piece(struct move *m)
{
	check(m->pieces.count);
	return &m->pieces.items[m->pieces.count - 1];
}

static void piece_gone(struct move *m)
{
	struct piece *piece = last_piece(m);

	m->got_on = true;
	json_decref(piece->here);
	json_decref(piece->there);
	m->pieces.count--;
	m->strips = 0;
	delete_next(m);
}

static void strip(struct move *m, const char *version);

static void deleted(struct move *m, const struct kube_answer *answer)
{
	const struct piece *piece = last_piece(m);

	if (answer->status == 404 ||
	    (answer_is_good(answer) &&
	        strcmp(jstr(answer->body, "kind"), "Status") == 0)) {
		piece_gone(m);
		return;
	}
	if (!answer_is_good(answer)) {
		move_failed(
		    m, answer, "delete", piece->kind->kind, piece->name);
		return;
	}
	/* Somebody put a finalizer back between the two. */
	if (++m->strips <= MOVE_ROUNDS)
		strip(m, NULL);
	else
		move_refuse(m, ERR_CONFLICT,
		    "%s %s at the source gets its finalizer back again and "
		    "again",
		    piece->kind->kind, piece->name);
}

static void stripped(struct move *m, const struct kube_answer *answer)
{
	struct piece *piece = last_piece(m);

	if (answer->status == 404) {
		piece_gone(m);
		return;
	}
	if (answer->status == 409) { /* it changed: look at all again */
		move_go_round(m, MOVE_VERIFY);
		return;
	}
	if (!answer_is_good(answer)) {
		move_failed(m, answer, "take the finalizers off",
		    piece->kind->kind, piece->name);
		return;
	}
	m->step = deleted;
	m->call = kube_delete(m->from, piece->kind->kind, m->ns, piece->name,
	    jstr(piece->here, "metadata.uid"), move_answered, m);
}

/* version: it must still be what was compared with the target. */
static void strip(struct move *m, const char *version)
{
	json_t *change = json_object();

	jset(change, "metadata.finalizers", json_null());
	jsets(change, NOTE_MOVED, m->id);
	jsets(
	    change, "metadata.uid", jstr(last_piece(m)->here, "metadata.uid"));
	if (version)
		jsets(change, "metadata.resourceVersion", version);
	move_patch(m, m->from, last_piece(m)->kind->kind, last_piece(m)->name,
	    NULL, change, stripped);
}

static void delete_piece(struct move *m)
{
	const struct piece *piece = last_piece(m);

	if (!move_verify_piece(m, piece))
		return;
	strip(m, jstr(piece->here, "metadata.resourceVersion"));
}

/* Has anything come to be at the source meanwhile? */
static void looked_again(struct move *m)
{
	if (!move_find_pieces(m))
		return;
	if (m->pieces.count == 1 && pieces_cluster(&m->pieces))
		delete_piece(m);
	else if (m->pieces.count == 0)
		move_begin(m, MOVE_RESUME);
	else
		move_go_round(m, MOVE_VERIFY);
}

static void delete_next(struct move *m)
{
	if (m->pieces.count == 0)
		move_begin(m, MOVE_RESUME);
	else if (m->pieces.count == 1 && pieces_cluster(&m->pieces))
		move_list_source(m, looked_again);
	else
		delete_piece(m);
}

static void delete_listed(struct move *m)
{
	if (!move_find_pieces(m))
		return;
	/* The Cluster goes last: without it all is done. */
	if (!pieces_cluster(&m->pieces)) {
		if (m->pieces.count == 0)
			move_begin(m, MOVE_RESUME);
		else
			move_refuse(m, ERR_REFUSED,
			    "%s %s is left at the source, but its Cluster is "
			    "gone",
			    m->pieces.items[0].kind->kind,
			    m->pieces.items[0].name);
		return;
	}
	if (!jbool(pieces_cluster(&m->pieces)->here, "spec.paused")) {
		move_go_round(m, MOVE_PAUSE);
		return;
	}
	m->strips = 0;
	delete_next(m);
}

void move_start_delete(struct move *m)
{
	move_list_both(m, delete_listed);
}
