/* What the nodes of a cluster are told: the kubeadmConfigSpec. */
#include "capi/plan_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "capi/yaml_write.h"

#define DEFAULT_AGENT_IMAGE "palette/agent:0.1"

static void add_file(
    json_t *spec, const char *path, const char *permissions, const char *text)
{
	json_t *file = json_object();

	jsets(file, "path", path);
	jsets(file, "owner", "root:root");
	jsets(file, "permissions", permissions);
	if (text)
		jsets(file, "content", text);
	jadd(spec, "files", file);
}

static void add_pre(json_t *spec, const char *command)
{
	jadd(spec, "preKubeadmCommands", json_string(command));
}

static bool is_set(const char *text)
{
	return text && text[0];
}

/* X-067, F-019: what must never take the proxy, whatever the operator wrote:
 * the node itself, the cluster's own networks and names, and MAAS. */
static char *no_proxy(
    const json_t *instruction, const struct proxy_settings *proxies)
{
	struct buf out = BUF_INIT;
	const char *domain = jstr(instruction, "domain");
	char *ns = plan_namespace(jstr(instruction, "clusterUid"));
	char *endpoint = plan_endpoint(
	    jstr(instruction, "clusterName"), ns, domain);
	struct url maas;
	struct err ignored;

	if (is_set(proxies->no_proxy))
		buf_addf(&out, "%s,", proxies->no_proxy);
	buf_addf(&out,
	    "localhost,127.0.0.1,.svc,.cluster.local,169.254.169.254,%s,%s",
	    jstr(instruction, "podCIDR"), jstr(instruction, "serviceCIDR"));
	if (url_parse(
	        &maas, jstr(instruction, "account.apiEndpoint"), &ignored)) {
		buf_addf(&out, ",%s", maas.host);
		url_free(&maas);
	}
	buf_addf(&out, ",.%s,%s", domain, endpoint);
	free(ns);
	free(endpoint);
	return buf_detach(&out);
}

/* nodes inherit the gateway's proxies, as a drop-in of the
 * container runtime. */
static void add_proxies(json_t *spec, const json_t *instruction,
    const struct proxy_settings *proxies)
{
	struct buf text = BUF_INIT;
	char *except;

	if (!proxies ||
	    (!is_set(proxies->http_proxy) && !is_set(proxies->https_proxy)))
		return;
	except = no_proxy(instruction, proxies);
	buf_adds(&text, "[Service]\n");
	if (is_set(proxies->http_proxy))
		buf_addf(&text, "Environment=\"HTTP_PROXY=%s\"\n",
		    proxies->http_proxy);
	if (is_set(proxies->https_proxy))
		buf_addf(&text, "Environment=\"HTTPS_PROXY=%s\"\n",
		    proxies->https_proxy);
	buf_addf(&text, "Environment=\"NO_PROXY=%s\"\n", except);
	add_file(spec,
	    "/etc/systemd/system/containerd.service.d/http-proxy.conf", "0600",
	    buf_text(&text));
	add_pre(spec, "systemctl daemon-reload");
	add_pre(spec, "systemctl restart containerd");
	free(except);
	buf_free(&text);
}

/* of all CA certificates only the tenant's reach a node. */
static void add_tenant_cas(json_t *spec, const json_t *instruction)
{
	char path[80];
	size_t count = jlen(instruction, "tenantCaPem");

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path),
		    "/usr/local/share/ca-certificates/tenant-%zu.crt", i + 1);
		add_file(spec, path, "0644",
		    json_string_value(
		        json_array_get(jget(instruction, "tenantCaPem"), i)));
	}
	if (count)
		add_pre(spec, "update-ca-certificates");
}

/* F-030: the user is made here and does not depend on MAAS's own keys. */
static void add_people(json_t *spec, const json_t *instruction)
{
	json_t *user;

	if (jlen(instruction, "sshKeys")) {
		user = json_object();
		jsets(user, "name", "spectro");
		jsets(user, "sudo", "ALL=(ALL) NOPASSWD:ALL");
		jset(user, "sshAuthorizedKeys",
		    json_clone(jget(instruction, "sshKeys")));
		jadd(spec, "users", user);
	}
	if (jlen(instruction, "ntpServers")) {
		jsetb(spec, "ntp.enabled", true);
		jset(spec, "ntp.servers",
		    json_clone(jget(instruction, "ntpServers")));
	}
}

static void add_agent_file(json_t *spec, const json_t *instruction)
{
	json_t *file;
	char *secret = xasprintf("%s-agent", jstr(instruction, "clusterName"));

	add_file(spec, PLAN_AGENT_FILE, "0600", NULL);
	file = json_array_get(jget(spec, "files"), jlen(spec, "files") - 1);
	jsets(file, "contentFrom.secret.name", secret);
	jsets(file, "contentFrom.secret.key", "agent.yaml");
	jadd(spec, "postKubeadmCommands",
	    json_string("kubectl --kubeconfig /etc/kubernetes/admin.conf "
	                "apply -f " PLAN_AGENT_FILE));
	free(secret);
}

json_t *plan_control_plane_spec(
    const json_t *instruction, const struct plan_settings *settings)
{
	json_t *spec = json_object();

	jset(spec, "initConfiguration", json_object());
	jset(spec, "joinConfiguration", json_object());
	jset(spec, "files", json_array());
	add_tenant_cas(spec, instruction);
	add_proxies(spec, instruction, settings ? settings->proxies : NULL);
	/* kubeadm's preflight checks look at these three. */
	add_pre(spec, "swapoff -a");
	add_pre(spec, "modprobe br_netfilter");
	add_pre(spec, "sysctl -w net.ipv4.ip_forward=1");
	add_people(spec, instruction);
	add_agent_file(spec, instruction);
	return spec;
}

/* ---- the agent's manifest ---- */

static json_t *agent_deployment(const char *ns, const char *image)
{
	json_t *deployment = plan_object(
	    "Deployment", ns, "cluster-management-agent", NULL);
	json_t *container = json_object();

	jsets(deployment, "apiVersion", "apps/v1");
	jseti(deployment, "spec.replicas", 1);
	jsets(deployment, "spec.selector.matchLabels.app",
	    "cluster-management-agent");
	jsets(deployment, "spec.template.metadata.labels.app",
	    "cluster-management-agent");
	jsets(deployment, "spec.template.spec.serviceAccountName",
	    "cluster-management-agent");
	jsets(container, "name", "agent");
	jsets(container, "image", image);
	jadd(deployment, "spec.template.spec.containers", container);
	return deployment;
}

static void add_document(struct buf *out, json_t *document)
{
	if (out->len)
		buf_adds(out, "---\n");
	yaml_write(out, document);
	json_decref(document);
}

static void write_manifest(
    struct buf *out, const json_t *instruction, const char *image)
{
	char *ns = plan_namespace(jstr(instruction, "clusterUid"));
	json_t *object;

	add_document(out, plan_object("Namespace", NULL, ns, NULL));
	object = plan_object("ConfigMap", ns, "hubble-info", NULL);
	jsets(
	    object, "data.apiEndpoint", jstr(instruction, "palette.endpoint"));
	jsets(object, "data.caPem", jstr(instruction, "palette.caPem"));
	add_document(out, object);
	object = plan_object("ConfigMap", ns, "cluster-info", NULL);
	jsets(object, "data.clusterUid", jstr(instruction, "clusterUid"));
	jsets(object, "data.clusterName", jstr(instruction, "clusterName"));
	add_document(out, object);
	object = plan_object("Secret", ns, "hubble-secrets", NULL);
	plan_secret_put(
	    object, "agentToken", jstr(instruction, "palette.agentToken"));
	add_document(out, object);
	add_document(out, plan_object("ServiceAccount", ns,
	                      "cluster-management-agent", NULL));
	add_document(out, agent_deployment(ns, image));
	free(ns);
}

json_t *plan_agent_secret(
    const json_t *instruction, const struct plan_settings *settings)
{
	const char *cluster = jstr(instruction, "clusterName");
	char *ns = plan_namespace(jstr(instruction, "clusterUid"));
	char *name = xasprintf("%s-agent", cluster);
	json_t *secret = plan_object("Secret", ns, name, cluster);
	struct buf text = BUF_INIT;

	jsets(secret, "type", "cluster.x-k8s.io/secret");
	write_manifest(&text, instruction,
	    settings && settings->agent_image ? settings->agent_image
	                                      : DEFAULT_AGENT_IMAGE);
	plan_secret_put(secret, "agent.yaml", buf_text(&text));
	buf_free(&text);
	free(ns);
	free(name);
	return secret;
}
