/*
 * program: what can run in a pod, as one table.
 *
 * A program is given what a kubelet gives to a pod and nothing else: a host of
 * its own, the API of its cluster with its service account, the namespace, the
 * proxy settings of the node's container runtime and the certificates that
 * the node trusts.
 */
#ifndef SIM_WORKLOAD_PROGRAM_H
#define SIM_WORKLOAD_PROGRAM_H

#include "base/host.h"
#include "base/url.h"
#include "capi/kube.h"

struct program_start {
	struct host *host;
	struct kube *kube; /* outlives the program */
	const char
	    *cluster_thing; /* cluster/web: for its events; outlives it */
	const char *ns;     /* copied */
	const struct proxy_settings *proxies; /* copied */
	const char *trusted_pem;              /* copied */
	/* Its readiness probe: it can do what it is there for (the agent has
	 * reached Palette, the Cluster API service MAAS). Not before the start
	 * function has returned. */
	void (*ready)(void *ctx, bool is_ready);
	/* It ends by itself, with a sentence; it is stopped later, never from
	 * within this call. */
	void (*ended)(void *ctx, const char *why);
	void *ctx;
};

struct program {
	const char *image; /* up to the version: "palette/agent:" */
	const char *name;  /* agent */
	bool on_control_plane_only;
	bool on_ready_node_only;
	void *(*start)(const struct program_start *start);
	void (*stop)(void *program);
};

/* NULL if the image is not in the table. */
const struct program *program_of_image(const char *image);

extern const struct program agent_program;        /* agent.c */
extern const struct program capi_service_program; /* capi_service.c */

#endif
