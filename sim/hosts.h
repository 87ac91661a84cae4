/*
 * hosts: how a simulated part gets a host for something that is born during
 * the run: a machine that boots, an agent on a node, a cluster's own Cluster
 * API service. The harness implements it: in a simulated world with the
 * network model and the wire, in `pcgsim serve` with loopback addresses.
 */
#ifndef SIM_HOSTS_H
#define SIM_HOSTS_H

#include "base/host.h"

struct host_maker {
	/* name is unique ("machine/kx4t2m", "cluster/web/agent"); address may
	 * be shared by several (pods use their node's). NULL and *err if the
	 * address cannot be had. with_disk: it gets a simulated disk. */
	struct host *(*make)(void *ctx, const char *name, const char *address,
	    bool with_disk, struct err *err);
	/* quietly: its peers are told nothing (power loss). The part on it has
	 * been freed already, after host->dead was set. */
	void (*drop)(void *ctx, struct host **host, bool quietly);
	void *ctx;
};

#endif
