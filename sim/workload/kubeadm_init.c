#include "sim/workload/kubeadm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/kube.h"
#include "sim/workload/cluster.h"
#include "sim/workload/kubeadm_config.h"
#include "sim/workload/kubeadm_parts.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"
#include "sim/workload/pki.h"

/* kubeadm's wait-control-plane: as long, and as often. */
#define HEALTH_LIMIT_FOR MINUTES(4)
#define HEALTH_AGAIN_FOR SECONDS(5)

struct init {
	struct job job;
	struct machine *machine;
	struct kubeadm_config config;
	struct identity *ca;
	struct timer timer;
	struct kube *kube;
	struct kube_call *call;
	usec give_up_at;
};

static void init_free(struct job *job)
{
	struct init *init = OWNER_OF(job, struct init, job);

	timer_cancel(&init->timer);
	kube_cancel(&init->call);
	kube_free(&init->kube);
	kubeadm_config_free(&init->config);
	identity_free(&init->ca);
	free(init);
}

static void fail(struct init *init, const struct err *err)
{
	init->job.done(init->job.ctx, err); /* init is gone */
}

/* ---- the cluster's first objects ---- */

static void put(
    struct cluster *cluster, const char *kind, const char *ns, json_t *object)
{
	struct api_status status = { 0 };
	bool good = store_create(cluster->store, kind, ns, object, &status);

	check(good || status.code == 409);
	api_status_free(&status);
	json_decref(object);
}

static json_t *object_named(const char *kind, const char *ns, const char *name)
{
	json_t *object = json_object();

	jsets(object, "apiVersion", "v1");
	jsets(object, "kind", kind);
	jsets(object, "metadata.name", name);
	if (ns)
		jsets(object, "metadata.namespace", ns);
	return object;
}

static void put_namespaces(struct cluster *cluster)
{
	static const char *const names[] = { "default", "kube-system",
		"kube-public", "kube-node-lease" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(cluster, "Namespace", NULL,
		    object_named("Namespace", NULL, names[i]));
}

/* What a joining machine reads first, anonymously: where, and whom to trust. */
static void put_cluster_info(struct cluster *cluster, const char *endpoint)
{
	json_t *map = object_named("ConfigMap", "kube-public", "cluster-info");
	struct buf text = BUF_INIT;

	buf_adds(&text,
	    "apiVersion: v1\nkind: Config\nclusters:\n- name: \"\"\n"
	    "  cluster:\n    certificate-authority-data: ");
	buf_add_base64(
	    &text, cluster->ca->cert_pem, strlen(cluster->ca->cert_pem));
	buf_addf(&text,
	    "\n    server: https://%s\ncontexts: []\ncurrent-context: \"\"\n"
	    "preferences: {}\nusers: []\n",
	    endpoint);
	jsets(map, "data.kubeconfig", buf_text(&text));
	put(cluster, "ConfigMap", "kube-public", map);
	buf_free(&text);
}

static void put_kubeadm_config(
    struct cluster *cluster, const json_t *cluster_config)
{
	json_t *map = object_named(
	    "ConfigMap", "kube-system", "kubeadm-config");
	char *text = json_canonical(cluster_config);

	jsets(map, "data.ClusterConfiguration", text);
	put(cluster, "ConfigMap", "kube-system", map);
	free(text);
	map = object_named("ConfigMap", "kube-system", "kubelet-config");
	jsets(map, "data.kubelet",
	    "apiVersion: kubelet.config.k8s.io/v1beta1\n"
	    "kind: KubeletConfiguration\n");
	put(cluster, "ConfigMap", "kube-system", map);
}

/* ---- phases ---- */

static void health_answered(void *ctx, const struct kube_answer *answer)
{
	struct init *init = ctx;
	struct host *host = init->machine->host;
	struct err err;

	init->call = NULL;
	if (answer->status == 200) {
		init->job.done(init->job.ctx, NULL);
		return;
	}
	if (loop_now(host->loop) < init->give_up_at) {
		timer_set(&init->timer, host->loop, HEALTH_AGAIN_FOR);
		return;
	}
	err_set(&err, ERR_TIMEOUT,
	    "kubeadm init: timed out waiting for the API server at %s: %s",
	    jstr(init->config.cluster, "controlPlaneEndpoint"),
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
	fail(init, &err);
}

static void ask_for_health(struct timer *timer)
{
	struct init *init = OWNER_OF(timer, struct init, timer);

	init->call = kube_send(
	    init->kube, "GET", "/healthz", NULL, health_answered, init);
}

/* The API server answers on this machine; the cluster exists from here on,
 * whatever becomes of the rest. */
static bool bring_up(struct init *init, struct err *err)
{
	struct machine *m = init->machine;
	const char *name = jstr(init->config.cluster, "clusterName");
	const char *endpoint = jstr(
	    init->config.cluster, "controlPlaneEndpoint");
	struct cluster *cluster = cluster_new(
	    m->workload, m->host, name[0] ? name : "kubernetes", init->ca);

	put_namespaces(cluster);
	put_cluster_info(cluster, endpoint);
	put_kubeadm_config(cluster, init->config.cluster);
	cluster_machine_joins(m, cluster, true);
	kubeadm_write_admin(m, init->ca, endpoint);
	kubeadm_write_kubelet(m, init->ca, endpoint);
	if (!kubeadm_start_api(m, err))
		return false;
	/* The kubelet runs before anybody waits for the control plane, and
	 * goes on if kubeadm gives up. */
	kubeadm_node_is_made(m);
	init->kube = kube_from_kubeconfig(
	    m->host, files_text(&m->disk.files, KUBEADM_ADMIN_CONF), err);
	return init->kube != NULL;
}

static void init_over(struct timer *timer)
{
	struct init *init = OWNER_OF(timer, struct init, timer);
	struct err err;

	if (!bring_up(init, &err)) {
		fail(init, &err);
		return;
	}
	init->give_up_at = loop_now(init->machine->host->loop) +
	                   HEALTH_LIMIT_FOR;
	init->timer.fire = ask_for_health;
	timer_set(&init->timer, init->machine->host->loop, 0);
}

static bool config_is_good(
    const struct kubeadm_config *config, const char *path, struct err *err)
{
	if (!config->cluster)
		return err_set(err, ERR_INPUT,
		    "kubeadm init: %s has no ClusterConfiguration", path);
	if (!strchr(jstr(config->cluster, "controlPlaneEndpoint"), ':'))
		return err_set(err, ERR_INPUT,
		    "kubeadm init: controlPlaneEndpoint \"%s\" of %s is not "
		    "host:port",
		    jstr(config->cluster, "controlPlaneEndpoint"), path);
	if (strncmp(jstr(config->cluster, "kubernetesVersion"), "v1.", 3) != 0)
		return err_set(err, ERR_INPUT,
		    "kubeadm init: version \"%s\" doesn't match valid semantic "
		    "version patterns",
		    jstr(config->cluster, "kubernetesVersion"));
	return true;
}

struct job *kubeadm_init_new(
    struct machine *machine, const char *config_path, struct err *err)
{
	static const struct job_ops ops = { init_free };
	struct init *init = xcalloc(1, sizeof(*init));

	init->job.ops = &ops;
	init->machine = machine;
	timer_init(&init->timer, init_over);
	if (!kubeadm_preflight(machine, err) ||
	    !kubeadm_read(machine, config_path, &init->config, err) ||
	    !config_is_good(&init->config, config_path, err) ||
	    !pki_check(&machine->disk.files, err) ||
	    !(init->ca = pki_ca(&machine->disk.files, err))) {
		init_free(&init->job);
		return NULL;
	}
	kubeadm_name_node(machine, init->config.init);
	timer_set(&init->timer, machine->host->loop,
	    workload_draw(machine->workload,
	        &machine->workload->options.init_for, machine->name,
	        "init_for"));
	return &init->job;
}
