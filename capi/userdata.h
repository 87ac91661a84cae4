/*
 * userdata: what a machine is told at its first boot, as cloud-init text.
 *
 * It is all that a node ever knows: law 2. A file is written, a command is
 * run, in this order:
 *
 *	write_files  the cluster's keys (control plane), kubeadm's
 *	             configuration, the files of the KubeadmConfig
 *	runcmd       preKubeadmCommands, kubeadm init or join,
 *	             postKubeadmCommands
 *
 * The text begins with the marker of a jinja template, as Cluster API's own
 * does, and holds no jinja.
 */
#ifndef CAPI_USERDATA_H
#define CAPI_USERDATA_H

#include <jansson.h>
#include <stdbool.h>

#define USERDATA_INIT_FILE "/run/kubeadm/kubeadm.yaml"
#define USERDATA_JOIN_FILE "/run/kubeadm/kubeadm-join-config.yaml"

/* A certificate authority, or the pair of keys of the service accounts. */
struct userdata_pair {
	const char *cert_pem, *key_pem;
};

struct userdata {
	const json_t *cluster; /* Cluster: name, endpoint, networks */
	const json_t *spec;    /* KubeadmConfig.spec, contentFrom resolved */
	const char *version;   /* v1.29.4 */
	bool init;             /* else join */
	bool control_plane;
	/* control_plane only */
	struct userdata_pair ca, etcd, proxy, sa;
	/* join only */
	const char *token;   /* abcdef.0123456789abcdef */
	const char *ca_hash; /* sha256:... */
};

/* A new string. */
char *userdata_text(const struct userdata *in);

#endif
