#include "capi/kinds.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

#define CLUSTER_API   "cluster.x-k8s.io"
#define INFRA_API     "infrastructure.cluster.x-k8s.io"
#define BOOTSTRAP_API "bootstrap.cluster.x-k8s.io"
#define KCP_API       "controlplane.cluster.x-k8s.io"
#define RBAC_API      "rbac.authorization.k8s.io"
#define OUR_API       "pcg.pcgsim.io"

/* In a namespace or not, and built in or not; then whether the mover takes it
 * along with its cluster. */
#define NS     true, true
#define BARE   false, true
#define CUSTOM true, false
#define OURS   false, false
#define MOVES  true
#define STAYS  false

/* Owners before what they own, so that a reader of the table meets a cluster
 * in the order in which it is built. */
static const struct kind_info kinds[] = {
	{ "Namespace", "", "v1", "namespaces", BARE, STAYS },
	{ "Node", "", "v1", "nodes", BARE, STAYS },
	{ "ConfigMap", "", "v1", "configmaps", NS, MOVES },
	{ "Secret", "", "v1", "secrets", NS, MOVES },
	{ "ServiceAccount", "", "v1", "serviceaccounts", NS, STAYS },
	{ "Service", "", "v1", "services", NS, STAYS },
	{ "Pod", "", "v1", "pods", NS, STAYS },
	{ "Event", "", "v1", "events", NS, STAYS },
	{ "Deployment", "apps", "v1", "deployments", NS, STAYS },
	{ "ReplicaSet", "apps", "v1", "replicasets", NS, STAYS },
	{ "DaemonSet", "apps", "v1", "daemonsets", NS, STAYS },
	{ "Lease", "coordination.k8s.io", "v1", "leases", NS, STAYS },
	{ "CertificateSigningRequest", "certificates.k8s.io", "v1",
	    "certificatesigningrequests", BARE, STAYS },
	{ "Role", RBAC_API, "v1", "roles", NS, STAYS },
	{ "RoleBinding", RBAC_API, "v1", "rolebindings", NS, STAYS },
	{ "ClusterRole", RBAC_API, "v1", "clusterroles", BARE, STAYS },
	{ "ClusterRoleBinding", RBAC_API, "v1", "clusterrolebindings", BARE,
	    STAYS },
	{ "CustomResourceDefinition", "apiextensions.k8s.io", "v1",
	    "customresourcedefinitions", BARE, STAYS },

	{ "Cluster", CLUSTER_API, "v1beta1", "clusters", CUSTOM, MOVES },
	{ "MaasCluster", INFRA_API, "v1beta1", "maasclusters", CUSTOM, MOVES },
	{ "MaasMachineTemplate", INFRA_API, "v1beta1", "maasmachinetemplates",
	    CUSTOM, MOVES },
	{ "KubeadmConfigTemplate", BOOTSTRAP_API, "v1beta1",
	    "kubeadmconfigtemplates", CUSTOM, MOVES },
	{ "KubeadmControlPlane", KCP_API, "v1beta1", "kubeadmcontrolplanes",
	    CUSTOM, MOVES },
	{ "MachineDeployment", CLUSTER_API, "v1beta1", "machinedeployments",
	    CUSTOM, MOVES },
	{ "MachineSet", CLUSTER_API, "v1beta1", "machinesets", CUSTOM, MOVES },
	{ "Machine", CLUSTER_API, "v1beta1", "machines", CUSTOM, MOVES },
	{ "KubeadmConfig", BOOTSTRAP_API, "v1beta1", "kubeadmconfigs", CUSTOM,
	    MOVES },
	{ "MaasMachine", INFRA_API, "v1beta1", "maasmachines", CUSTOM, MOVES },
	{ "MachineHealthCheck", CLUSTER_API, "v1beta1", "machinehealthchecks",
	    CUSTOM, MOVES },

	{ "Instruction", OUR_API, "v1", "instructions", OURS, STAYS },
	{ "Pivot", OUR_API, "v1", "pivots", OURS, STAYS },
	{ "Report", OUR_API, "v1", "reports", OURS, STAYS },
	{ "Setting", OUR_API, "v1", "settings", OURS, STAYS },
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

const struct kind_info *kind_table(size_t *count)
{
	check(count);
	*count = KIND_COUNT;
	return kinds;
}

const struct kind_info *kind_named(const char *kind)
{
	check(kind);
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (text_same(kinds[i].kind, kind))
			return &kinds[i];
	return NULL;
}

const struct kind_info *kind_of_plural(const char *group, const char *plural)
{
	check(group);
	check(plural);
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (text_same(kinds[i].plural, plural) &&
		    strcmp(kinds[i].group, group) == 0)
			return &kinds[i];
	return NULL;
}

void kind_api_version(const struct kind_info *kind, char *out, size_t size)
{
	size_t len = strlen(kind->group);

	check(len + 1 + strlen(kind->version) < size);
	text_copy(out, size, kind->group);
	if (len > 0)
		out[len++] = '/';
	text_copy(out + len, size - len, kind->version);
}

char *kind_path(
    const char *kind, const char *ns, const char *name, const char *sub)
{
	const struct kind_info *info = kind_named(kind);
	struct buf path = BUF_INIT;

	check(info);
	check(!sub || name);
	if (info->group[0])
		buf_add_texts(&path, "/apis/", info->group, "/", info->version);
	else
		buf_add_texts(&path, "/api/", info->version);
	if (info->namespaced && ns) {
		buf_adds(&path, "/namespaces/");
		buf_add_percent(&path, ns);
	}
	buf_add_texts(&path, "/", info->plural);
	if (name) {
		buf_addc(&path, '/');
		buf_add_percent(&path, name);
	}
	if (sub)
		buf_add_texts(&path, "/", sub);
	return buf_detach(&path);
}
