/*
 * cluster: a Kubernetes cluster that came up on machines of this site.
 *
 * Born when a kubeadm init brings up its first API server. Its objects (one
 * etcd, modelled as one store for all its control planes, without a quorum)
 * live while one control-plane machine still has its disk; its API answers
 * while one of these machines runs its API server. When the last disk is
 * wiped, the cluster is gone.
 *
 * What runs inside a real control plane is here as a few rules, which work
 * only while the API is up:
 *
 *	csr.c     signs the certificates of joining kubelets
 *	tokens.c  bootstrap tokens, their expiry, the signed cluster-info
 *	node.c    which Node is Ready; a silent one becomes Unknown after 40 s
 *	pod.c     runs the programs of Deployments whose image is known
 */
#ifndef SIM_WORKLOAD_CLUSTER_H
#define SIM_WORKLOAD_CLUSTER_H

#include "base/host.h"
#include "capi/store.h"

struct workload;
struct machine;
struct node;
struct pod;
struct account;

struct cluster {
	struct cluster *next; /* in workload->clusters */
	struct workload *workload;
	char *name, *thing; /* web, cluster/web */
	char *uid;          /* of the namespace cluster-<uid>; "" before */
	struct identity *ca;
	struct host etcd; /* what its store runs on: no network, no disk */
	struct store *store;
	struct store_watch *watch;
	struct node *nodes;       /* by ->next, in order of birth */
	struct pod *pods;         /* by ->next, in order of birth */
	struct account *accounts; /* by ->next */
	struct timer controllers; /* something changed: look at it */
};

/* host: of the machine on which it is born; gives the time. */
struct cluster *cluster_new(struct workload *workload, struct host *host,
    const char *name, const struct identity *ca);
/* The one of that name whose API is up, else the youngest; or NULL. */
struct cluster *workload_cluster_find(
    const struct workload *workload, const char *name);
/* By the certificate of its authority; or NULL. */
struct cluster *cluster_of_ca(
    const struct workload *workload, const char *ca_pem);

/* A control-plane machine whose API server runs, or NULL. */
struct machine *cluster_api(const struct cluster *cluster);
void cluster_tell(struct cluster *cluster);

/* A machine with kubeadm's traces on its disk came up, goes down (its host is
 * dead already), loses its disk. */
void cluster_machine_up(struct machine *machine);
void cluster_machine_down(struct machine *machine);
void cluster_machine_wiped(struct machine *machine);
/* kubeadm is done with it: kubelet and, maybe, API server run from now on. */
void cluster_machine_joins(
    struct machine *machine, struct cluster *cluster, bool control_plane);

/* Have the rules look at what changed, in a moment. */
void cluster_wake(struct cluster *cluster);

#endif
