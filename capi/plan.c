#include "capi/plan_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/choices.h"
#include "base/json.h"
#include "capi/kinds.h"

#define CAPI_SERVICE_IMAGE "pcgsim/capi-service:0.1"
/* Bare metal installs for a quarter of an hour and more: the usual ten
 * minutes delete machines that are still installing, for ever. */
#define NODE_STARTUP_TIMEOUT "45m0s"

char *plan_namespace(const char *cluster_uid)
{
	return xasprintf("cluster-%s", cluster_uid);
}

char *plan_endpoint(const char *cluster, const char *ns, const char *domain)
{
	size_t len = strlen(ns);

	return xasprintf(
	    "%s-%s.%s", cluster, len > 6 ? ns + len - 6 : ns, domain);
}

static void set_api_version(json_t *object, const char *kind)
{
	const struct kind_info *info = kind_named(kind);
	char version[80];

	if (!info) { /* Namespace and the like in a manifest */
		jsets(object, "apiVersion", "v1");
		return;
	}
	kind_api_version(info, version, sizeof(version));
	jsets(object, "apiVersion", version);
}

json_t *plan_object(
    const char *kind, const char *ns, const char *name, const char *cluster)
{
	json_t *object = json_object();

	set_api_version(object, kind);
	jsets(object, "kind", kind);
	jsets(object, "metadata.name", name);
	if (ns)
		jsets(object, "metadata.namespace", ns);
	if (cluster)
		jsets(object, "metadata.labels[cluster.x-k8s.io/cluster-name]",
		    cluster);
	return object;
}

json_t *plan_ref(const char *kind, const char *ns, const char *name)
{
	json_t *ref = json_object();

	set_api_version(ref, kind);
	jsets(ref, "kind", kind);
	jsets(ref, "name", name);
	jsets(ref, "namespace", ns);
	return ref;
}

void plan_secret_put(json_t *secret, const char *key, const char *text)
{
	struct buf encoded = BUF_INIT;
	json_t *data = json_object_get(secret, "data");

	if (!data) {
		data = json_object();
		check(json_object_set_new(secret, "data", data) == 0);
	}
	buf_add_base64(&encoded, text, strlen(text));
	check(json_object_set_new(data, key, json_string(buf_text(&encoded))) ==
	      0);
	buf_free(&encoded);
}

static void add_zones(json_t *template, const json_t *pool)
{
	struct buf zones = BUF_INIT;

	for (size_t i = 0; i < jlen(pool, "azs"); i++)
		buf_addf(&zones, "%s%s", i ? "," : "",
		    json_string_value(json_array_get(jget(pool, "azs"), i)));
	if (jlen(pool, "azs") == 1)
		jsets(template, "spec.template.spec.failureDomain",
		    buf_text(&zones));
	else if (zones.len)
		jsets(template,
		    "spec.template.metadata.annotations[" PLAN_ZONES_NOTE "]",
		    buf_text(&zones));
	buf_free(&zones);
}

static json_t *machine_template(const char *ns, const char *name,
    const char *cluster, const char *image, const json_t *pool)
{
	json_t *template = plan_object(
	    "MaasMachineTemplate", ns, name, cluster);
	const char *resource_pool = jstr(pool, "resourcePool");

	jsets(template, "spec.template.spec.image", image);
	jseti(template, "spec.template.spec.minCPU", jint(pool, "minCPU"));
	jseti(
	    template, "spec.template.spec.minMemory", jint(pool, "minMemInMB"));
	if (resource_pool[0])
		jsets(
		    template, "spec.template.spec.resourcePool", resource_pool);
	if (jlen(pool, "tags"))
		jset(template, "spec.template.spec.tags",
		    json_clone(jget(pool, "tags")));
	add_zones(template, pool);
	return template;
}

/* ---- a new cluster ---- */

static const json_t *control_plane_pool(const json_t *instruction)
{
	for (size_t i = 0; i < jlen(instruction, "pools"); i++) {
		const json_t *pool = json_array_get(
		    jget(instruction, "pools"), i);

		if (jbool(pool, "isControlPlane"))
			return pool;
	}
	unreachable("a checked instruction has a control plane");
}

static json_t *cluster_object(const json_t *in, const char *ns)
{
	const char *name = jstr(in, "clusterName");
	json_t *cluster = plan_object("Cluster", ns, name, name);
	char *control_plane = xasprintf("%s-cp", name);

	jadd(cluster, "spec.clusterNetwork.pods.cidrBlocks",
	    json_string(jstr(in, "podCIDR")));
	jadd(cluster, "spec.clusterNetwork.services.cidrBlocks",
	    json_string(jstr(in, "serviceCIDR")));
	jsets(cluster, "spec.clusterNetwork.serviceDomain", "cluster.local");
	jset(cluster, "spec.infrastructureRef",
	    plan_ref("MaasCluster", ns, name));
	jset(cluster, "spec.controlPlaneRef",
	    plan_ref("KubeadmControlPlane", ns, control_plane));
	free(control_plane);
	return cluster;
}

static bool list_has(const json_t *list, const json_t *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_array_get(list, i), text))
			return true;
	return false;
}

static json_t *maas_cluster_object(const json_t *in, const char *ns)
{
	const char *name = jstr(in, "clusterName");
	json_t *object = plan_object("MaasCluster", ns, name, name);
	json_t *zones = json_array();

	jsets(object, "spec.dnsDomain", jstr(in, "domain"));
	for (size_t i = 0; i < jlen(in, "pools"); i++) {
		const json_t *pool = json_array_get(jget(in, "pools"), i);

		for (size_t k = 0; k < jlen(pool, "azs"); k++) {
			json_t *zone = json_array_get(jget(pool, "azs"), k);

			if (!list_has(zones, zone))
				json_array_append(zones, zone);
		}
	}
	jset(object, "spec.failureDomains", zones);
	return object;
}

static json_t *control_plane_object(const json_t *in, const char *ns,
    const char *name, const struct plan_settings *settings)
{
	json_t *object = plan_object(
	    "KubeadmControlPlane", ns, name, jstr(in, "clusterName"));

	/* the gateway launches one; the cluster does the rest. */
	jseti(object, "spec.replicas", 1);
	jsets(object, "spec.version", jstr(in, "kubernetesVersion"));
	jset(object, "spec.machineTemplate.infrastructureRef",
	    plan_ref("MaasMachineTemplate", ns, name));
	jsets(object,
	    "spec.machineTemplate.metadata.labels[" PLAN_POOL_LABEL "]",
	    jstr(control_plane_pool(in), "name"));
	jset(object, "spec.kubeadmConfigSpec",
	    plan_control_plane_spec(in, settings));
	return object;
}

json_t *plan_cluster(const json_t *instruction,
    const struct plan_settings *settings, struct err *err)
{
	json_t *list;
	char *ns, *name;

	if (!plan_check(instruction, err))
		return NULL;
	list = json_array();
	ns = plan_namespace(jstr(instruction, "clusterUid"));
	name = xasprintf("%s-cp", jstr(instruction, "clusterName"));
	json_array_append_new(list, plan_object("Namespace", NULL, ns, NULL));
	json_array_append_new(list, cluster_object(instruction, ns));
	json_array_append_new(list, plan_agent_secret(instruction, settings));
	json_array_append_new(list, maas_cluster_object(instruction, ns));
	json_array_append_new(list,
	    machine_template(ns, name, jstr(instruction, "clusterName"),
	        jstr(instruction, "image"), control_plane_pool(instruction)));
	json_array_append_new(
	    list, control_plane_object(instruction, ns, name, settings));
	free(ns);
	free(name);
	return list;
}

/* ---- a worker pool of a running cluster ---- */

/* A template is never changed: another content is another name, and the
 * MachineDeployment rolls over to it. */
static char *template_name(const char *base, const json_t *template)
{
	char *text = json_canonical(jget(template, "spec"));
	uint64_t hash = keyed_hash(0, text, strlen(text));
	char *name = xasprintf(
	    "%s-%06llx", base, (unsigned long long)(hash & 0xffffff));

	free(text);
	return name;
}

static json_t *named_by_content(json_t *template, const char *base)
{
	char *name = template_name(base, template);

	jsets(template, "metadata.name", name);
	free(name);
	return template;
}

/* Workers are told what the control plane was told, but for the agent's
 * manifest, which is applied once. */
static json_t *worker_config(const char *ns, const char *base,
    const char *cluster, const json_t *control_plane)
{
	json_t *template = plan_object(
	    "KubeadmConfigTemplate", ns, base, cluster);
	const json_t *from = jget(control_plane, "spec.kubeadmConfigSpec");
	json_t *spec = json_object();
	static const char *const copied[] = { "preKubeadmCommands", "users",
		"ntp" };

	jset(spec, "joinConfiguration", json_object());
	for (size_t i = 0; i < jlen(from, "files"); i++) {
		json_t *file = json_array_get(jget(from, "files"), i);

		if (strcmp(jstr(file, "path"), PLAN_AGENT_FILE) != 0)
			jadd(spec, "files", json_clone(file));
	}
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		if (jhas(from, copied[i]))
			jset(
			    spec, copied[i], json_clone(jget(from, copied[i])));
	jset(template, "spec.template.spec", spec);
	return named_by_content(template, base);
}

static json_t *deployment_object(const char *ns, const char *base,
    const json_t *spec, const json_t *pool, const json_t *machines,
    const json_t *config)
{
	const char *cluster = jstr(spec, "clusterName");
	json_t *object = plan_object("MachineDeployment", ns, base, cluster);
	json_t *labels = json_object();

	json_object_set_new(
	    labels, "cluster.x-k8s.io/cluster-name", json_string(cluster));
	json_object_set_new(
	    labels, "cluster.x-k8s.io/deployment-name", json_string(base));
	jsets(object, "spec.clusterName", cluster);
	jseti(object, "spec.replicas", jint(pool, "size"));
	jset(object, "spec.selector.matchLabels", json_copy(labels));
	json_object_set_new(
	    labels, PLAN_POOL_LABEL, json_string(jstr(pool, "name")));
	jset(object, "spec.template.metadata.labels", labels);
	jsets(object, "spec.template.spec.clusterName", cluster);
	jsets(object, "spec.template.spec.version",
	    jstr(spec, "kubernetesVersion"));
	if (jlen(pool, "azs") == 1)
		jsets(object, "spec.template.spec.failureDomain",
		    jstr(pool, "azs[0]"));
	jset(object, "spec.template.spec.bootstrap.configRef",
	    plan_ref(
	        "KubeadmConfigTemplate", ns, jstr(config, "metadata.name")));
	jset(object, "spec.template.spec.infrastructureRef",
	    plan_ref(
	        "MaasMachineTemplate", ns, jstr(machines, "metadata.name")));
	return object;
}

static void add_unhealthy(json_t *check_object, const char *status)
{
	json_t *row = json_object();

	jsets(row, "type", "Ready");
	jsets(row, "status", status);
	jsets(row, "timeout", "5m0s");
	jadd(check_object, "spec.unhealthyConditions", row);
}

/* Of the machines that have this label with this value. */
static json_t *health_check_object(const char *ns, const char *base,
    const json_t *spec, const json_t *pool, const char *label,
    const char *value)
{
	const char *cluster = jstr(spec, "clusterName");
	json_t *object = plan_object("MachineHealthCheck", ns, base, cluster);
	json_t *labels = json_object();

	jsets(object, "spec.clusterName", cluster);
	json_object_set_new(labels, label, json_string(value));
	jset(object, "spec.selector.matchLabels", labels);
	jsets(object, "spec.nodeStartupTimeout", NODE_STARTUP_TIMEOUT);
	/* 40 % of a small pool is no machine at all: it would never heal. */
	if (jint(pool, "size") < 5)
		jseti(object, "spec.maxUnhealthy", 1);
	else
		jsets(object, "spec.maxUnhealthy", "40%");
	add_unhealthy(object, "False");
	add_unhealthy(object, "Unknown");
	return object;
}

static bool check_pool_spec(const json_t *spec, const json_t *pool,
    const json_t *control_plane, struct err *err)
{
	if (!plan_check_pool(pool, err))
		return false;
	if (jbool(pool, "isControlPlane"))
		return err_set(err, ERR_INPUT,
		    "pool %s is the control plane and no worker pool",
		    jstr(pool, "name"));
	if (!jstr(spec, "clusterName")[0] || !jstr(spec, "image")[0] ||
	    !jstr(spec, "kubernetesVersion")[0])
		return err_set(err, ERR_INPUT,
		    "the desired state lacks clusterName, image or "
		    "kubernetesVersion");
	if (!jhas(control_plane, "spec.kubeadmConfigSpec"))
		return err_set(err, ERR_INPUT,
		    "cluster %s has no control plane to take the example of",
		    jstr(spec, "clusterName"));
	return true;
}

json_t *plan_worker_pool(const json_t *spec, const json_t *pool,
    const json_t *control_plane, const char *ns, struct err *err)
{
	json_t *list, *machines, *config;
	const char *cluster = jstr(spec, "clusterName");
	char *base;

	if (!check_pool_spec(spec, pool, control_plane, err))
		return NULL;
	list = json_array();
	base = xasprintf("%s-%s", cluster, jstr(pool, "name"));
	machines = named_by_content(
	    machine_template(ns, base, cluster, jstr(spec, "image"), pool),
	    base);
	config = worker_config(ns, base, cluster, control_plane);
	json_array_append_new(list, machines);
	json_array_append_new(list, config);
	json_array_append_new(
	    list, deployment_object(ns, base, spec, pool, machines, config));
	if (!jhas(spec, "autoRemediation") || jbool(spec, "autoRemediation"))
		json_array_append_new(
		    list, health_check_object(ns, base, spec, pool,
		              "cluster.x-k8s.io/deployment-name", base));
	free(base);
	return list;
}

json_t *plan_control_plane_check(
    const json_t *spec, const json_t *pool, const char *ns)
{
	json_t *object;
	char *base;

	if ((jhas(spec, "autoRemediation") &&
	        !jbool(spec, "autoRemediation")) ||
	    jint(pool, "size") < 3)
		return NULL;
	base = xasprintf(
	    "%s-%s", jstr(spec, "clusterName"), jstr(pool, "name"));
	object = health_check_object(
	    ns, base, spec, pool, "cluster.x-k8s.io/control-plane", "");
	free(base);
	return object;
}

/* ---- what the cluster needs to be its own Cluster API ---- */

static json_t *service_deployment(const char *ns)
{
	json_t *object = plan_object("Deployment", ns, "capi-service", NULL);
	json_t *container = json_object(), *from = json_object();

	jsets(object, "apiVersion", "apps/v1");
	jseti(object, "spec.replicas", 1);
	jsets(object, "spec.selector.matchLabels.app", "capi-service");
	jsets(object, "spec.template.metadata.labels.app", "capi-service");
	jsets(container, "name", "manager");
	jsets(container, "image", CAPI_SERVICE_IMAGE);
	jadd(container, "args", json_string("--namespace"));
	jadd(container, "args", json_string(ns));
	jsets(from, "secretRef.name", "capmaas-manager-bootstrap-credentials");
	jadd(container, "envFrom", from);
	jadd(object, "spec.template.spec.containers", container);
	return object;
}

json_t *plan_providers(const json_t *instruction, struct err *err)
{
	json_t *list, *secret;
	char *ns;

	if (!plan_check(instruction, err))
		return NULL;
	list = json_array();
	ns = plan_namespace(jstr(instruction, "clusterUid"));
	secret = plan_object(
	    "Secret", ns, "capmaas-manager-bootstrap-credentials", NULL);
	plan_secret_put(
	    secret, "MAAS_ENDPOINT", jstr(instruction, "account.apiEndpoint"));
	plan_secret_put(
	    secret, "MAAS_API_KEY", jstr(instruction, "account.apiKey"));
	if (jstr(instruction, "account.caPem")[0])
		plan_secret_put(
		    secret, "MAAS_CA", jstr(instruction, "account.caPem"));
	json_array_append_new(list, plan_object("Namespace", NULL, ns, NULL));
	json_array_append_new(list, secret);
	json_array_append_new(list, service_deployment(ns));
	free(ns);
	return list;
}
