/*
 * api_server: the Kubernetes API of a cluster, on one of its control planes.
 *
 * A listener on the machine's own address, port 6443, with a certificate of
 * the cluster's authority that names the endpoint, the address and the
 * service names. Who asks is known by client certificate (CN and O), by a
 * bootstrap token or by a service account's token; else it is anonymous. All
 * control planes of a cluster serve the same store (capi/rest.h is the skin).
 */
#ifndef SIM_WORKLOAD_API_SERVER_H
#define SIM_WORKLOAD_API_SERVER_H

#include "base/err.h"

struct api_server;
struct cluster;
struct machine;

/* Needs the machine's PKI files and kubeadm's configuration. */
struct api_server *api_server_new(
    struct machine *machine, struct cluster *cluster, struct err *err);
void api_server_free(struct api_server **server);

#endif
