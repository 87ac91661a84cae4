/*
 * plan_parts: what the files of plan share. Not for others.
 */
#ifndef CAPI_PLAN_PARTS_H
#define CAPI_PLAN_PARTS_H

#include "capi/plan.h"

#define PLAN_POOL_LABEL "pcg.pcgsim.io/pool"
/* Zones to try, in order, when a pool names several. */
#define PLAN_ZONES_NOTE "pcg.pcgsim.io/zones"
#define PLAN_AGENT_FILE "/etc/palette/agent.yaml"

/* The first thing that is wrong with an instruction, in one sentence. */
bool plan_check(const json_t *instruction, struct err *err);
bool plan_check_pool(const json_t *pool, struct err *err);

/* An object with apiVersion, kind, name, namespace (NULL: none) and the label
 * of its cluster (NULL: none). */
json_t *plan_object(
    const char *kind, const char *ns, const char *name, const char *cluster);
json_t *plan_ref(const char *kind, const char *ns, const char *name);

/* The name under which the API server of a cluster is found: the same
 * wherever and whenever it is computed. */
char *plan_endpoint(const char *cluster, const char *ns, const char *domain);

/* kubeadmConfigSpec of the control plane, and the Secret that holds the
 * agent's manifest. */
json_t *plan_control_plane_spec(
    const json_t *instruction, const struct plan_settings *settings);
json_t *plan_agent_secret(
    const json_t *instruction, const struct plan_settings *settings);
void plan_secret_put(json_t *secret, const char *key, const char *text);

#endif
