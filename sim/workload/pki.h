/*
 * pki: the certificates that kubeadm reads and writes on a machine.
 *
 * They are files of the machine's disk (/etc/kubernetes/pki), real ones, and
 * go with it. An identity that is given is new, and the caller's. The cluster
 * of a kubeconfig is called "kubernetes", as kubeadm calls each.
 */
#ifndef SIM_WORKLOAD_PKI_H
#define SIM_WORKLOAD_PKI_H

#include "base/tls.h"

struct machine;
struct files;

/* All that a control plane needs is there and belongs together; one sentence
 * that names the file otherwise. */
bool pki_check(const struct files *files, struct err *err);
/* The cluster's authority from ca.crt and ca.key. */
struct identity *pki_ca(const struct files *files, struct err *err);
/* A key of this machine, self-signed: to ask for a certificate with. */
struct identity *pki_key(const struct machine *machine, const char *what);
/* For an API server on this machine: names and addresses that it answers to. */
struct identity *pki_serving(const struct machine *machine,
    const struct identity *ca, const char *const *names,
    const char *const *addresses);
/* A client certificate of this machine. */
struct identity *pki_client(const struct machine *machine,
    const struct identity *ca, const char *user, const char *group);

struct kubeconfig {
	const char *endpoint; /* "web.maas:6443" */
	const char *ca_pem;
	const char *user, *cert_pem, *key_pem;
};
/* path e.g. .../admin.conf; readable by root alone. */
void pki_write_kubeconfig(
    struct machine *machine, const char *path, const struct kubeconfig *config);

#endif
