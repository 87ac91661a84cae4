/*
 * move: the pivot. Takes all objects of one cluster from one Kubernetes API to
 * another, and knows nothing but the Kubernetes API.
 *
 * Phases, each of which can be repeated after a crash:
 *
 *	check    the target answers, is empty of this cluster or holds what an
 *	         earlier attempt of this move made; at the source every Machine
 *	         has a nodeRef (to-cluster), nothing else is moving
 *	pause    spec.paused = true on the source's Cluster
 *	create   at the target, owners first, Cluster paused, ownerReferences
 *	         rewritten to the target's uids; AlreadyExists is accepted when
 *	         the object carries this move's annotation
 *	verify   every object re-read at the target: content digest equal, every
 *	         owner uid exists there, none of the source's uids is left
 *	delete   at the source, owned first, finalizers taken off while paused,
 *	         with the uid as precondition
 *	resume   spec.paused removed at the target
 *
 * Nothing is deleted before everything is verified (I3). One wrong object or
 * owner at the target stops the move with both copies intact and paused; the
 * sentence names the object. Which phase has been reached is kept by the
 * caller (the Pivot object of the gateway's store) through `reached`, and is
 * durable before the phase's first action: reached(ctx, phase) answers false
 * if it could not be stored. A resumed move starts at the stored phase. Phases
 * may go back: when the source changed after it was copied (a late answer of a
 * controller that has just been paused), it is copied and verified again. But
 * once `delete` was reached, no earlier phase is ever told again, whatever is
 * copied once more: before it the source is whole and may be resumed instead,
 * from it on there is only forward.
 *
 * A server that fails one list out of many is asked for that one again, not
 * for all of them, for a few minutes. What has changed since it was listed is
 * not deleted: each deletion names the version that was compared.
 *
 * What belongs to a cluster: its Cluster, whatever carries its cluster-name
 * label, the Secrets <cluster>-ca, -etcd, -proxy, -sa, -kubeconfig, and
 * whatever these own. The status of each object is told to the target too, as
 * what the source knew last; nothing may depend on it. While objects go at the
 * source, what owns them and the paused Cluster are still there, so neither a
 * controller nor the garbage collector of a server takes it for a deletion.
 */
#ifndef CAPI_MOVE_H
#define CAPI_MOVE_H

#include "capi/kube.h"

enum move_phase {
	MOVE_CHECK,
	MOVE_PAUSE,
	MOVE_CREATE,
	MOVE_VERIFY,
	MOVE_DELETE,
	MOVE_RESUME,
	MOVE_DONE,
};
const char *move_phase_name(enum move_phase phase); /* "create" */

struct move;
struct move_options {
	const char *id; /* of this pivot: annotation pcg.pcgsim.io/pivot */
	const char *ns;
	const char *cluster;        /* its name */
	enum move_phase from_phase; /* MOVE_CHECK for a new one */
	bool need_nodes;            /* every Machine must have a nodeRef */
	/* Kept in Cluster annotation pcg.pcgsim.io/epoch at the target. */
	const char *owner; /* who holds it afterwards: "pcg/a", "cluster" */
};
struct move_events {
	bool (*reached)(void *ctx, enum move_phase phase, size_t objects);
	/* err NULL: done. ERR_REFUSED: stopped for good, somebody must look;
	 * ERR_GONE: the source does not hold the cluster (any more);
	 * anything else: try again later, from the phase last reached. Stop
	 * the move in there or later. */
	void (*ended)(void *ctx, const struct err *err);
};

/* from and to outlive the move. */
struct move *move_start(struct host *host, struct kube *from, struct kube *to,
    const struct move_options *options, const struct move_events *events,
    void *ctx);
/* So far an object was copied or deleted: trying again is not in vain. */
bool move_got_on(const struct move *move);
void move_stop(struct move **move); /* forgets it; nothing is rolled back */

#endif
