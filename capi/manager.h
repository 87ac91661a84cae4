/*
 * manager: runs the controllers of one namespace against one API.
 *
 * The same controllers run in the gateway (on its own store, one manager per
 * cluster) and inside a workload cluster after the pivot (on its API server).
 * They are level-triggered: read the object from the cache, decide on ONE
 * action, send it, come back when it is answered or something changed. So a
 * crash between any two actions is an ordinary case, and what is not in an
 * object does not exist.
 *
 * A controller looks at pause before anything else, MaasCluster's included
 * (hazard H1), and touches nothing of a paused cluster. An action that is not
 * idempotent (allocate) is preceded by an intent that is durable on the
 * MaasMachine: annotation pcg.pcgsim.io/intent = the agent_name that the
 * allocation will carry (G10). After a doubtful answer the machine is looked
 * for by that name before anything is repeated.
 *
 * Errors are conditions on the objects, with the contract's types and reasons;
 * back-off is exponential from 1 s to 5 min with jitter drawn from the host,
 * Retry-After is obeyed (G9).
 */
#ifndef CAPI_MANAGER_H
#define CAPI_MANAGER_H

#include "capi/cache.h"
#include "capi/maas_client.h"

struct manager;

struct manager_options {
	const char *ns; /* cluster-<uid> */
	struct maas_account account;
	/* The API of the workload cluster: NULL means "by the Secret
	 * <cluster>-kubeconfig" (the gateway); a cluster's own service passes
	 * its own API (not owned). */
	struct kube *workload;
	/* Waiting for somebody, as one sentence (no capacity, MAAS not
	 * reachable, key refused), or "" when nothing waits. */
	void (*waiting)(void *ctx, const char *reason, const char *sentence);
	void *ctx;
};

/* kube outlives the manager. */
struct manager *manager_new(struct host *host, struct kube *kube,
    const struct manager_options *options, struct err *err);
void manager_free(struct manager **manager);
bool manager_set_key(
    struct manager *manager, const char *api_key, struct err *err);
/* No action of it is under way (between two actions). */
bool manager_idle(const struct manager *manager);

/* ---- for the controllers (capi/controllers/ *.c) ---- */
struct reconcile; /* one look at one object */
typedef void reconcile_fn(struct reconcile *r, const json_t *obj);
struct controller {
	const char *kind;
	reconcile_fn *reconcile;
};

#endif
