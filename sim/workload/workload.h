/*
 * workload: the machines of a site, and the clusters that run on them.
 *
 * A machine does only what it was given. Switched on, it asks its boot network
 * (sim/power.h); told to install, it takes its time and reports to the
 * region's metadata service over the wire; booted from its disk, it fetches
 * the user data it was deployed with from there and *interprets* it
 * (cloud-init: write_files, runcmd; commands from a table, an unknown one fails
 * the run). What is not in the user data the machine does not know: no proxy
 * file, no way out through the proxy; no `systemctl restart containerd`, the
 * file is not read; no agent manifest, no agent.
 *
 * `kubeadm init` brings up an API server of a new cluster on the machine, with
 * the certificates from the user data; `kubeadm join` asks that API server over
 * the wire, as a kubelet would. Programs that run in a cluster (Deployments
 * whose image is in our table: the Palette agent, the Cluster API service) are
 * hosts of their own on a living node, and die with it.
 *
 * A cluster's objects (its etcd) live while one of its control-plane machines
 * has its disk; its API answers while one of them runs.
 *
 * Modelled, not real: no kernel, no containers, no etcd quorum; kubelets,
 * scheduler and kube-controller-manager are a few rules each
 * (docs/workload.md).
 */
#ifndef SIM_WORKLOAD_WORKLOAD_H
#define SIM_WORKLOAD_WORKLOAD_H

#include "sim/hosts.h"
#include "sim/power.h"

struct workload;

/* Lowest and highest of what is drawn per machine and occasion. */
struct range_for {
	usec low_for, high_for;
};
struct workload_options {
	const char *maas; /* maas/lab: for names in events */
	const struct rack_ops *rack;
	void *rack_ctx;
	struct host_maker hosts;
	struct loop *loop;
	struct choices *choices;
	struct events *events;
	struct secrets *secrets;
	/* Does what one machine says reach another one now? The lease that a
	 * kubelet renews is modelled by this, not by exchanges; whoever
	 * changes links calls workload_links_changed(). NULL: always. */
	bool (*reaches)(void *ctx, const char *from, const char *to);
	void *reaches_ctx;
	/* All have defaults (docs/workload.md) when both ends are 0. */
	struct range_for power_for;    /* a BMC obeys */
	struct range_for shutdown_for; /* switching off; else as power_for */
	struct range_for install_for;  /* the installer */
	struct range_for boot_for;     /* from power-on to cloud-init */
	struct range_for init_for;     /* kubeadm init until the API answers */
	struct range_for join_for;
	struct range_for erase_for;
	struct range_for commission_for;
};

struct workload *workload_new(const struct workload_options *options);
void workload_free(struct workload **workload);
const struct bmc_ops *workload_bmc_ops(void); /* ctx: the struct workload */
/* A machine of the racks, switched off, with an empty disk. */
void workload_add_machine(struct workload *workload, const char *system_id);

/* ---- what scenarios do to machines as the outside world ---- */
/* The next `times` installs fail after their time. */
void workload_fail_installs(
    struct workload *workload, const char *system_id, unsigned times);
/* The power supply is gone (and back): whatever runs on it is lost. */
bool workload_machine_dies(
    struct workload *workload, const char *system_id, struct err *err);
bool workload_machine_returns(
    struct workload *workload, const char *system_id, struct err *err);
void workload_links_changed(struct workload *workload);
/* The machine on which a program of a cluster runs now ("agent", "capi"), or
 * NULL: for verbs such as "cluster/web loses the node of its Cluster API". */
const char *workload_node_of(
    struct workload *workload, const char *cluster, const char *program);
/* The machine of a cluster's n-th worker or control-plane node, or NULL. */
const char *workload_machine_of(struct workload *workload, const char *cluster,
    const char *role, unsigned n);
/* Process death of a program: it is dead at once, even inside one of its own
 * calls; taken away in the next turn of the loop, and started again as
 * Kubernetes would. */
bool workload_kill_program(struct workload *workload, const char *cluster,
    const char *program, struct err *err);

/* Why a scenario must fail although no claim broke (an unknown command in a
 * user data, a request that is not modelled); NULL if nothing. */
const char *workload_complaint(const struct workload *workload);

#endif
