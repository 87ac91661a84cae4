/*
 * The phases in which a cluster comes to be at the target: create, verify.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/move_inside.h"

/* ---- create ---- */

static void create_next(struct move *m);

static struct piece *at_hand(struct move *m)
{
	check(m->at < m->pieces.count);
	return &m->pieces.items[m->at];
}

static void next_piece(struct move *m)
{
	m->at++;
	create_next(m);
}

static void status_written(struct move *m, const struct kube_answer *answer)
{
	if (!answer_is_good(answer))
		move_failed(m, answer, "write the status of",
		    at_hand(m)->kind->kind, at_hand(m)->name);
	else
		next_piece(m);
}

/* What the source knew is told to the target as well. Nothing may depend on
 * it (X-128: what matters is in spec), but it spares Palette and operators the
 * sight of a running cluster that seems to begin again. */
static void write_status(struct move *m)
{
	struct piece *piece = at_hand(m);
	json_t *status = jget(piece->here, "status"), *change;

	if (!json_object_size(status) ||
	    json_equal(status, jget(piece->there, "status"))) {
		next_piece(m);
		return;
	}
	change = json_object();
	json_object_set(change, "status", status);
	move_patch(m, m->to, piece->kind->kind, piece->name, "status", change,
	    status_written);
}

static void created(struct move *m, const struct kube_answer *answer)
{
	struct piece *piece = at_hand(m);

	if (!answer_is_good(answer)) {
		move_failed(
		    m, answer, "create", piece->kind->kind, piece->name);
		return;
	}
	m->got_on = true;
	json_decref(piece->there);
	piece->there = json_clone(answer->body);
	write_status(m);
}

static void create_piece(struct move *m)
{
	struct piece *piece = at_hand(m);
	json_t *copy = piece_copy(&m->pieces, piece, m->id, m->owner);

	m->step = created;
	if (piece->there) {
		jsets(copy, "metadata.resourceVersion",
		    jstr(piece->there, "metadata.resourceVersion"));
		m->call = kube_update(
		    m->to, piece->kind->kind, copy, move_answered, m);
	} else {
		m->call = kube_create(
		    m->to, piece->kind->kind, copy, move_answered, m);
	}
	json_decref(copy);
}

static void create_next(struct move *m)
{
	struct err err;

	if (m->at == m->pieces.count) {
		move_begin(m, MOVE_VERIFY);
		return;
	}
	/* Found equal before, or made again after it had been deleted: only
	 * waiting to be deleted at the source. */
	if (piece_is_moved(at_hand(m), m->id) ||
	    (m->deleting && piece_is_reborn(at_hand(m)))) {
		next_piece(m);
		return;
	}
	switch (piece_look(&m->pieces, at_hand(m), m->id, &err)) {
	case PIECE_MISSING:
	case PIECE_OLD:
		create_piece(m);
		return;
	case PIECE_SAME:
		if (is_ours(at_hand(m)->there, m->id))
			write_status(m);
		else
			create_piece(m); /* equal by chance: mark it */
		return;
	case PIECE_FOREIGN:
		move_end(m, &err);
		return;
	}
	unreachable("a piece in no state");
}

static void namespace_made(struct move *m, const struct kube_answer *answer)
{
	if (!answer_is_good(answer) &&
	    strcmp(jstr(answer->body, "reason"), "AlreadyExists") != 0) {
		move_failed(m, answer, "create", "Namespace", m->ns);
		return;
	}
	m->at = 0;
	create_next(m);
}

static void make_namespace(struct move *m)
{
	json_t *space = json_object();

	jsets(space, "metadata.name", m->ns);
	m->step = namespace_made;
	m->call = kube_create(m->to, "Namespace", space, move_answered, m);
	json_decref(space);
}

static void unpaused(struct move *m, const struct kube_answer *answer)
{
	if (!answer_is_good(answer)) {
		move_failed(m, answer, "unpause", "Cluster", m->cluster);
		return;
	}
	if (!m->events.reached(m->ctx, MOVE_CHECK, m->pieces.count)) {
		move_refuse(
		    m, ERR_STORAGE, "the phase of the move was not stored");
		return;
	}
	move_refuse(m, ERR_CONFLICT,
	    "%s %s is being deleted at the source: it has to finish first",
	    at_hand(m)->kind->kind, at_hand(m)->name);
}

/* Something began to be deleted just before the pause. While nothing has been
 * made at the target, the way back is free: unpause, let it finish. */
static bool goes_back(struct move *m)
{
	json_t *change;
	size_t doomed = m->pieces.count;

	if (m->deleting)
		return false;
	for (size_t i = 0; i < m->pieces.count; i++) {
		if (is_ours(m->pieces.items[i].there, m->id) ||
		    piece_is_moved(&m->pieces.items[i], m->id))
			return false;
		if (jhas(m->pieces.items[i].here, "metadata.deletionTimestamp"))
			doomed = i;
	}
	if (doomed == m->pieces.count)
		return false;
	m->at = doomed;
	change = json_object();
	jset(change, "spec.paused", json_null());
	move_patch_cluster(m, m->from, change, unpaused);
	return true;
}

static void create_listed(struct move *m)
{
	const struct piece *cluster;

	if (!move_find_pieces(m))
		return;
	cluster = pieces_cluster(&m->pieces);
	if (!cluster)
		move_refuse(m, ERR_REFUSED,
		    "Cluster %s/%s vanished from the source before it was "
		    "moved",
		    m->ns, m->cluster);
	else if (!jbool(cluster->here, "spec.paused"))
		move_go_round(m, MOVE_PAUSE); /* somebody resumed it */
	else if (!goes_back(m))
		make_namespace(m);
}

void move_start_create(struct move *m)
{
	move_list_both(m, create_listed);
}

/* ---- verify ---- */

/* False: it went somewhere else. */
bool move_verify_piece(struct move *m, const struct piece *piece)
{
	struct err err;

	if (m->deleting && piece_is_reborn(piece))
		return true;
	if (piece_is_moved(piece, m->id)) {
		if (piece->there)
			return true;
		move_refuse(m, ERR_REFUSED,
		    "%s %s vanished from the target after it was verified",
		    piece->kind->kind, piece->name);
		return false;
	}
	switch (piece_look(&m->pieces, piece, m->id, &err)) {
	case PIECE_SAME:
		return true;
	case PIECE_MISSING:
	case PIECE_OLD:
		move_go_round(m, MOVE_CREATE);
		return false;
	case PIECE_FOREIGN:
		move_end(m, &err);
		return false;
	}
	unreachable("a piece in no state");
}

static void verify_listed(struct move *m)
{
	const struct piece *cluster;

	if (!move_find_pieces(m))
		return;
	cluster = pieces_cluster(&m->pieces);
	if (!cluster) {
		move_refuse(m, ERR_REFUSED,
		    "Cluster %s/%s vanished from the source before it was "
		    "moved",
		    m->ns, m->cluster);
		return;
	}
	if (!jbool(cluster->here, "spec.paused")) {
		move_go_round(m, MOVE_PAUSE);
		return;
	}
	for (size_t i = 0; i < m->pieces.count; i++)
		if (!move_verify_piece(m, &m->pieces.items[i]))
			return;
	move_begin(m, MOVE_DELETE);
}

void move_start_verify(struct move *m)
{
	move_list_both(m, verify_listed);
}
