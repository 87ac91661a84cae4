/*
 * plan: from "what the operator wants" to Cluster API objects.
 *
 * The gateway turns a ClusterCreate instruction into the objects of a cluster
 * with one control-plane machine; the agent of a running cluster turns the
 * desired state into the control plane's replicas, worker pools and their
 * health check. Both use these functions, so that a pool means the same thing
 * on both sides of the pivot. Everything a node must know (proxy settings, CA
 * certificates, the agent's manifest) is written into kubeadmConfigSpec, and
 * so travels with the objects.
 */
#ifndef CAPI_PLAN_H
#define CAPI_PLAN_H

#include <jansson.h>

#include "base/err.h"
#include "base/url.h"

struct plan_settings {
	/* Of the gateway, inherited by the nodes; or NULL. */
	const struct proxy_settings *proxies;
	const char *agent_image; /* NULL: the palette agent of this version */
};

/* Namespace, secrets, Cluster, MaasCluster, MaasMachineTemplate,
 * KubeadmControlPlane: a new list in the order of creation, or NULL and the
 * sentence that says what in the instruction is wrong. */
json_t *plan_cluster(const json_t *instruction,
    const struct plan_settings *settings, struct err *err);

/* Of a running cluster: the objects that a worker pool of the desired state
 * needs (MaasMachineTemplate, KubeadmConfigTemplate, MachineDeployment,
 * MachineHealthCheck), made after the example of its KubeadmControlPlane. */
json_t *plan_worker_pool(const json_t *spec, const json_t *pool,
    const json_t *control_plane, const char *ns, struct err *err);

/* The MachineHealthCheck of its control plane; NULL if there shall be none: a
 * control plane of one has nobody to replace it, or repair is switched off. */
json_t *plan_control_plane_check(
    const json_t *spec, const json_t *pool, const char *ns);

/* The objects that the gateway installs in the new cluster before the pivot:
 * Namespace cluster-<uid>, Secret capmaas-manager-bootstrap-credentials,
 * Deployment capi-service. */
json_t *plan_providers(const json_t *instruction, struct err *err);

/* For a cluster whose own objects are out of reach (capi C.7): what it takes
 * to have the controllers take it apart, the Cluster last. machines is a list
 * of {"name", "systemId", "isControlPlane", "attempt"}; attempt 0 is a machine
 * that MAAS does not know by one of our names any more: it is followed if it is
 * being released, and else left alone. */
json_t *plan_remains(const json_t *instruction, const json_t *machines);
#define PLAN_REMAINS_NOTE "pcg.pcgsim.io/remains" /* on that Cluster */

/* The agent_name under which a MaasMachine's attempt asks MAAS for a machine:
 * <cluster>.<cluster uid>.<MaasMachine>.<attempt>, at most 255 characters
 * (docs/events.md). */
/* It is also written on the machine: MAAS does not show the agent_name, and
 * takes this away with the machine. */
#define MAAS_NAME_KEY "pcg-agent-name"
/* What all names of a cluster begin with: "<cluster>.<cluster uid>." */
char *plan_agent_prefix(const char *cluster, const char *ns);
char *plan_agent_name(
    const char *cluster, const char *ns, const char *machine, unsigned attempt);

/* "cluster-<uid>" */
char *plan_namespace(const char *cluster_uid);

#endif
