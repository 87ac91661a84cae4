#include "capi/userdata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "capi/yaml_write.h"

static void add_file(json_t *files, const char *path, const char *permissions,
    const char *content)
{
	json_t *file = json_object();

	jsets(file, "path", path);
	jsets(file, "owner", "root:root");
	jsets(file, "permissions", permissions);
	jsets(file, "content", content);
	check(json_array_append_new(files, file) == 0);
}

static void add_pki(json_t *files, const struct userdata *in)
{
	const struct {
		const struct userdata_pair *pair;
		const char *cert, *key;
	} rows[] = {
		{ &in->ca, "ca.crt", "ca.key" },
		{ &in->etcd, "etcd/ca.crt", "etcd/ca.key" },
		{ &in->proxy, "front-proxy-ca.crt", "front-proxy-ca.key" },
		{ &in->sa, "sa.pub", "sa.key" },
	};
	char path[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(rows[i].pair->cert_pem);
		check(rows[i].pair->key_pem);
		snprintf(
		    path, sizeof(path), "/etc/kubernetes/pki/%s", rows[i].cert);
		add_file(files, path, "0640", rows[i].pair->cert_pem);
		snprintf(
		    path, sizeof(path), "/etc/kubernetes/pki/%s", rows[i].key);
		add_file(files, path, "0600", rows[i].pair->key_pem);
	}
}

static char *endpoint_of(const json_t *cluster)
{
	return xasprintf("%s:%lld",
	    jstr(cluster, "spec.controlPlaneEndpoint.host"),
	    (long long)jint(cluster, "spec.controlPlaneEndpoint.port"));
}

static json_t *init_config(const struct userdata *in)
{
	json_t *config = json_object();
	char *endpoint = endpoint_of(in->cluster);

	jsets(config, "apiVersion", "kubeadm.k8s.io/v1beta3");
	jsets(config, "kind", "ClusterConfiguration");
	jsets(config, "clusterName", jstr(in->cluster, "metadata.name"));
	jsets(config, "kubernetesVersion", in->version);
	jsets(config, "controlPlaneEndpoint", endpoint);
	jsets(config, "networking.dnsDomain", "cluster.local");
	jsets(config, "networking.podSubnet",
	    jstr(in->cluster, "spec.clusterNetwork.pods.cidrBlocks[0]"));
	jsets(config, "networking.serviceSubnet",
	    jstr(in->cluster, "spec.clusterNetwork.services.cidrBlocks[0]"));
	jadd(config, "apiServer.certSANs",
	    json_string(jstr(in->cluster, "spec.controlPlaneEndpoint.host")));
	free(endpoint);
	return config;
}

/* Cluster API's mark of a node that its own controllers have not seen yet;
 * the Machine controller takes it off (capi E.2). */
static void add_taint(json_t *config, const char *key)
{
	json_t *taint = json_object();

	jsets(taint, "key", key);
	jsets(taint, "effect", "NoSchedule");
	jadd(config, "nodeRegistration.taints", taint);
}

static json_t *join_config(const struct userdata *in)
{
	json_t *config = json_object();
	char *endpoint = endpoint_of(in->cluster);

	check(in->token);
	check(in->ca_hash);
	jsets(config, "apiVersion", "kubeadm.k8s.io/v1beta3");
	jsets(config, "kind", "JoinConfiguration");
	if (in->control_plane)
		jseti(config, "controlPlane.localAPIEndpoint.bindPort", 6443);
	jsets(config, "discovery.bootstrapToken.apiServerEndpoint", endpoint);
	jsets(config, "discovery.bootstrapToken.token", in->token);
	jadd(config, "discovery.bootstrapToken.caCertHashes",
	    json_string(in->ca_hash));
	if (in->control_plane)
		add_taint(config, "node-role.kubernetes.io/control-plane");
	add_taint(config, "node.cluster.x-k8s.io/uninitialized");
	free(endpoint);
	return config;
}

static void add_kubeadm(json_t *files, const struct userdata *in)
{
	json_t *config = in->init ? init_config(in) : join_config(in);
	struct buf text = BUF_INIT;

	yaml_write(&text, config);
	add_file(files, in->init ? USERDATA_INIT_FILE : USERDATA_JOIN_FILE,
	    "0640", buf_text(&text));
	buf_free(&text);
	json_decref(config);
}

static void add_spec_files(json_t *files, const json_t *spec)
{
	for (size_t i = 0; i < jlen(spec, "files"); i++) {
		const json_t *file = json_array_get(jget(spec, "files"), i);
		const char *permissions = jstr(file, "permissions");

		add_file(files, jstr(file, "path"),
		    permissions[0] ? permissions : "0644",
		    jstr(file, "content"));
	}
}

static void add_commands(json_t *commands, const json_t *spec, const char *name)
{
	for (size_t i = 0; i < jlen(spec, name); i++)
		json_array_append(
		    commands, json_array_get(jget(spec, name), i));
}

static void add_users(json_t *document, const json_t *spec)
{
	if (jlen(spec, "users") == 0)
		return;
	jset(document, "users", json_array());
	for (size_t i = 0; i < jlen(spec, "users"); i++) {
		const json_t *from = json_array_get(jget(spec, "users"), i);
		json_t *user = json_object();

		jsets(user, "name", jstr(from, "name"));
		if (jhas(from, "sudo"))
			jsets(user, "sudo", jstr(from, "sudo"));
		if (jlen(from, "sshAuthorizedKeys"))
			jset(user, "ssh_authorized_keys",
			    json_clone(jget(from, "sshAuthorizedKeys")));
		jadd(document, "users", user);
	}
}

static void add_ntp(json_t *document, const json_t *spec)
{
	if (jlen(spec, "ntp.servers") == 0)
		return;
	jsetb(document, "ntp.enabled", true);
	jset(document, "ntp.servers", json_clone(jget(spec, "ntp.servers")));
}

char *userdata_text(const struct userdata *in)
{
	json_t *document = json_object();
	json_t *files = json_array(), *commands = json_array();
	struct buf out = BUF_INIT;

	if (in->control_plane)
		add_pki(files, in);
	add_kubeadm(files, in);
	add_spec_files(files, in->spec);
	add_commands(commands, in->spec, "preKubeadmCommands");
	json_array_append_new(commands,
	    json_string(in->init
	                    ? "kubeadm init --config " USERDATA_INIT_FILE
	                    : "kubeadm join --config " USERDATA_JOIN_FILE));
	add_commands(commands, in->spec, "postKubeadmCommands");

	jset(document, "write_files", files);
	jset(document, "runcmd", commands);
	add_users(document, in->spec);
	add_ntp(document, in->spec);
	buf_adds(&out, "## template: jinja\n#cloud-config\n\n");
	yaml_write(&out, document);
	json_decref(document);
	return buf_detach(&out);
}
