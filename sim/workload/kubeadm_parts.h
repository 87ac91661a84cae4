/*
 * kubeadm_parts: what init and join have in common.
 */
#ifndef SIM_WORKLOAD_KUBEADM_PARTS_H
#define SIM_WORKLOAD_KUBEADM_PARTS_H

#include "base/tls.h"
#include "sim/workload/kubeadm_config.h"

#define KUBEADM_ADMIN_CONF   "/etc/kubernetes/admin.conf"
#define KUBEADM_KUBELET_CONF "/etc/kubernetes/kubelet.conf"

struct machine;

/* Swap, br_netfilter, ip_forward; and that it is not a node already. */
bool kubeadm_preflight(const struct machine *machine, struct err *err);
bool kubeadm_read(const struct machine *machine, const char *path,
    struct kubeadm_config *config, struct err *err);
/* nodeRegistration (of Init- or JoinConfiguration, or NULL): the node's name
 * and taints, onto the disk. */
void kubeadm_name_node(struct machine *machine, const json_t *config);

void kubeadm_write_admin(
    struct machine *machine, const struct identity *ca, const char *endpoint);
void kubeadm_write_kubelet(
    struct machine *machine, const struct identity *ca, const char *endpoint);
bool kubeadm_start_api(struct machine *machine, struct err *err);
/* The last step: the kubelet runs from now on. */
void kubeadm_node_is_made(struct machine *machine);

#endif
