/*
 * agent: the Palette agent of a cluster, as its own files see it.
 *
 *	agent.c         its life: configuration, heartbeat, desired state
 *	agent_link.c    its way to Palette
 *	agent_apply.c   desired state -> objects of the cluster, one action at
 *	                a time
 *	agent_report.c  objects of the cluster -> Palette, one report at a time
 *
 * It knows what it reads over its API server (its ConfigMaps and its Secret,
 * the cluster's objects) and what Palette answers. All of its memory is made
 * anew from these after a restart. It changes nothing unless the Cluster
 * object is here and not paused, and the desired state is active: before the
 * pivot, while one runs, and during deletion it only watches.
 */
#ifndef SIM_WORKLOAD_AGENT_H
#define SIM_WORKLOAD_AGENT_H

#include "capi/cache.h"
#include "sim/workload/program.h"

#define AGENT_VERSION    "0.1"
#define AGENT_POOL_LABEL "pcg.pcgsim.io/pool"

struct agent;
struct agent_link;

/* One exchange with Palette at a time per slot. */
typedef void agent_answer_fn(struct agent *agent,
    const struct http_response *answer, const struct err *err);
struct agent_slot {
	struct agent *agent;
	struct call *call;
	agent_answer_fn *fn;
};

struct agent {
	struct program_start with;
	char *ns, *thing; /* cluster/web/agent */
	/* From its ConfigMaps and its Secret. */
	char *endpoint, *ca_pem, *uid, *name, *token;
	struct proxy_settings proxies;
	char *trusted_pem;
	size_t step; /* of reading them */
	struct kube_call *reading;
	struct timer read_again;

	struct agent_link *link;
	struct cache *objects, *nodes;
	struct timer act; /* something changed */

	struct agent_slot heartbeat, ask, report;
	struct timer beat;
	unsigned failures; /* of the heartbeat, in a row */
	bool reached;

	json_t *spec; /* desired state; NULL until Palette has told */
	char spec_hash[65];
	char applied_hash[65]; /* nothing is left to do for it */

	struct kube_call *applying;
	struct timer apply_again;
	unsigned apply_failures;
	bool has_network; /* the CNI's configuration was laid down */

	json_t *told;    /* what Palette knows from us: agent_report.c */
	json_t *telling; /* what will be told once this report is answered */
	struct timer report_again;
	unsigned report_failures;
	struct timer kubeconfig_again;
	char *kubeconfig; /* of the cluster's Secret; NULL until read */
};

void agent_tell(const struct agent *agent); /* its "state" event */
void agent_wake(struct agent *agent);       /* act soon */
/* The Cluster object that it may act on, or NULL. */
const json_t *agent_cluster(const struct agent *agent);
bool agent_may_change(const struct agent *agent);
/* Jittered, doubling from 2 s to 60 s, for the n-th failure in a row. */
usec agent_back_off(const struct agent *agent, unsigned failures);
/* Retry-After, if the answer has one; else that. */
usec agent_wait(const struct agent *agent, unsigned failures,
    const struct http_response *answer);

/* agent_link.c */
struct agent_link *agent_link_new(struct agent *agent, struct err *err);
void agent_link_free(struct agent_link **link);
struct agent_request {
	const char *method, *path;
	json_t *body;     /* taken; NULL: none */
	const char *etag; /* NULL or "": none */
	bool background;  /* a run is quiet while only such are under way */
};
void agent_send(struct agent *agent, struct agent_slot *slot,
    const struct agent_request *what, agent_answer_fn *fn);

/* agent_apply.c: does the next thing that is not as it should be. */
void agent_apply(struct agent *agent);
/* agent_report.c: tells the next thing that Palette does not know. */
void agent_report(struct agent *agent);

#endif
