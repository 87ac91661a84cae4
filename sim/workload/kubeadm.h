/*
 * kubeadm: the commands that make a machine a node, as jobs of a script.
 *
 * init makes the cluster: its API server on this machine, with the keys that
 * the user data brought. join makes this machine a node of a cluster that it
 * knows from its configuration alone, over the wire. apply is kubectl.
 * Each checks what the real command checks first (swap, br_netfilter,
 * ip_forward, the files it needs) and fails with a sentence like the real
 * one's. NULL and *err when it fails at once; the job's done is called never
 * before the function has returned.
 */
#ifndef SIM_WORKLOAD_KUBEADM_H
#define SIM_WORKLOAD_KUBEADM_H

#include "sim/workload/script.h"

struct job *kubeadm_init_new(
    struct machine *machine, const char *config_path, struct err *err);
struct job *kubeadm_join_new(
    struct machine *machine, const char *config_path, struct err *err);
struct job *kubectl_apply_new(struct machine *machine,
    const char *kubeconfig_path, const char *manifest_path, struct err *err);

#endif
