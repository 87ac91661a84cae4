/*
 * kubeadm_config: kubeadm.yaml as values.
 *
 * Reads the kinds ClusterConfiguration, InitConfiguration, JoinConfiguration
 * and KubeletConfiguration (ignored) of kubeadm.k8s.io, one or several
 * documents. What is not given is "" or an empty list.
 */
#ifndef SIM_WORKLOAD_KUBEADM_CONFIG_H
#define SIM_WORKLOAD_KUBEADM_CONFIG_H

#include <jansson.h>

#include "base/err.h"

struct kubeadm_config {
	json_t *cluster; /* ClusterConfiguration or NULL */
	json_t *init;    /* InitConfiguration or NULL */
	json_t *join;    /* JoinConfiguration or NULL */
};

bool kubeadm_config_read(const char *path, const char *text,
    struct kubeadm_config *config, struct err *err);
void kubeadm_config_free(struct kubeadm_config *config);

/* A list of documents, separated by "---", as JSON. Plain scalars get the type
 * that a Kubernetes client gives them; quoted ones are text. Also reads JSON.
 * NULL and a sentence with the place. */
json_t *manifest_read(const char *path, const char *text, struct err *err);

#endif
