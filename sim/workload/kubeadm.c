#include "sim/workload/kubeadm_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "sim/workload/api_server.h"
#include "sim/workload/cluster.h"
#include "sim/workload/machine.h"
#include "sim/workload/pki.h"

bool kubeadm_preflight(const struct machine *machine, struct err *err)
{
	if (machine->disk.cluster)
		return err_set(err, ERR_INPUT,
		    "kubeadm: [ERROR FileAvailable] this machine is a node of "
		    "a cluster already");
	if (!machine->os.swap_off)
		return err_set(err, ERR_INPUT,
		    "kubeadm: [ERROR Swap] running with swap on is not "
		    "supported, please disable swap");
	if (!machine->os.br_netfilter)
		return err_set(err, ERR_INPUT,
		    "kubeadm: [ERROR FileContent--proc-sys-net-bridge-bridge-"
		    "nf-call-iptables] the file does not exist");
	if (!machine->os.ip_forward)
		return err_set(err, ERR_INPUT,
		    "kubeadm: [ERROR FileContent--proc-sys-net-ipv4-ip_"
		    "forward] contents are not set to 1");
	return true;
}

bool kubeadm_read(const struct machine *machine, const char *path,
    struct kubeadm_config *config, struct err *err)
{
	const char *text = files_text(&machine->disk.files, path);

	if (!text)
		return err_set(err, ERR_INPUT,
		    "kubeadm: open %s: no such file or directory", path);
	return kubeadm_config_read(path, text, config, err);
}

/* A Node's name is lower case, whatever the host is called. */
void kubeadm_name_node(struct machine *machine, const json_t *config)
{
	const char *wanted = jstr(config, "nodeRegistration.name");
	const char *name = wanted[0] ? wanted : machine->disk.hostname;
	json_t *given = jget(config, "nodeRegistration.taints");
	json_t *taints = given ? json_deep_copy(given) : json_array();
	char *text;
	size_t i;

	for (i = 0; name[i] && i + 1 < sizeof(machine->disk.node); i++)
		machine->disk.node[i] = (char)tolower((unsigned char)name[i]);
	machine->disk.node[i] = '\0';
	text = json_canonical(taints);
	files_put(&machine->disk.files, "/var/lib/kubelet/taints.json", text,
	    strlen(text), 0644, NULL);
	free(text);
	json_decref(taints);
}

static void write_config(struct machine *machine, const struct identity *ca,
    const char *endpoint, const char *path, const char *user, const char *group)
{
	struct identity *client = pki_client(machine, ca, user, group);
	const struct kubeconfig config = {
		.endpoint = endpoint,
		.ca_pem = ca->cert_pem,
		.user = user,
		.cert_pem = client->cert_pem,
		.key_pem = client->key_pem,
	};

	pki_write_kubeconfig(machine, path, &config);
	identity_free(&client);
}

void kubeadm_write_admin(
    struct machine *machine, const struct identity *ca, const char *endpoint)
{
	write_config(machine, ca, endpoint, KUBEADM_ADMIN_CONF,
	    "kubernetes-admin", "system:masters");
}

void kubeadm_write_kubelet(
    struct machine *machine, const struct identity *ca, const char *endpoint)
{
	char user[96];

	snprintf(user, sizeof(user), "system:node:%s", machine->disk.node);
	write_config(
	    machine, ca, endpoint, KUBEADM_KUBELET_CONF, user, "system:nodes");
}

bool kubeadm_start_api(struct machine *machine, struct err *err)
{
	struct cluster *cluster = machine->disk.cluster;

	check(cluster && machine->disk.control_plane && !machine->api);
	machine->api = api_server_new(machine, cluster, err);
	if (!machine->api)
		return false;
	cluster_tell(cluster);
	cluster_wake(cluster);
	return true;
}

void kubeadm_node_is_made(struct machine *machine)
{
	check(machine->disk.cluster);
	cluster_machine_up(machine);
}
