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
#include "sim/workload/discovery.h"
#include "sim/workload/endpoint.h"
#include "sim/workload/kubeadm_config.h"
#include "sim/workload/kubeadm_parts.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"
#include "sim/workload/pki.h"

/* kubeadm: TLSBootstrapTimeout, and how often it looks. */
#define BOOTSTRAP_LIMIT_FOR   MINUTES(5)
#define AGAIN_FOR             SECONDS(5)
#define CERTIFICATE_AGAIN_FOR SECONDS(1)

struct join {
	struct job job;
	struct machine *machine;
	struct kubeadm_config config;
	struct discovery *discovery;
	struct timer timer;
	char *ca_pem;
	struct kube *kube; /* with the bootstrap token */
	struct kube_call *call;
	struct identity *key;
	char csr_name[32];
	usec give_up_at;
};

static void join_over(struct timer *timer);
static void read_config(struct timer *timer);
static void ask_certificate(struct timer *timer);
static void read_certificate(struct timer *timer);

static void join_free(struct job *job)
{
	struct join *join = OWNER_OF(job, struct join, job);

	timer_cancel(&join->timer);
	discovery_free(&join->discovery);
	kube_cancel(&join->call);
	kube_free(&join->kube);
	identity_free(&join->key);
	kubeadm_config_free(&join->config);
	free(join->ca_pem);
	free(join);
}

static void fail(struct join *join, const struct err *err)
{
	join->job.done(join->job.ctx, err); /* join is gone */
}

static void next(struct join *join, timer_fn *fire, usec wait_for)
{
	join->timer.fire = fire;
	timer_set(&join->timer, join->machine->host->loop, wait_for);
}

/* The same step once more, unless its time is over. */
static void again(
    struct join *join, const char *what, const struct kube_answer *answer)
{
	struct err err;

	if (loop_now(join->machine->host->loop) < join->give_up_at) {
		next(join, join->timer.fire, AGAIN_FOR);
		return;
	}
	err_set(&err, ERR_TIMEOUT, "kubeadm join: %s: %s", what,
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
	fail(join, &err);
}

static const char *endpoint_text(const struct join *join)
{
	return jstr(
	    join->config.join, "discovery.bootstrapToken.apiServerEndpoint");
}

static bool is_control_plane(const struct join *join)
{
	return jhas(join->config.join, "controlPlane");
}

/* ---- the last step: it is a node ---- */

static bool become_node(struct join *join, struct err *err)
{
	struct machine *m = join->machine;
	struct cluster *cluster = cluster_of_ca(m->workload, join->ca_pem);
	struct identity *ca;

	if (!cluster)
		return err_set(err, ERR_GONE,
		    "kubeadm join: the cluster is gone meanwhile");
	cluster_machine_joins(m, cluster, is_control_plane(join));
	if (!is_control_plane(join))
		return true;
	ca = pki_ca(&m->disk.files, err);
	if (!ca)
		return false;
	kubeadm_write_admin(m, ca, endpoint_text(join));
	identity_free(&ca);
	return kubeadm_start_api(m, err);
}

static void finish(struct join *join)
{
	struct err err;

	if (!become_node(join, &err)) {
		fail(join, &err);
		return;
	}
	kubeadm_node_is_made(join->machine);
	join->job.done(join->job.ctx, NULL);
}

/* ---- the kubelet's certificate ---- */

static void write_kubelet_config(struct join *join, const char *cert_pem)
{
	char user[96];
	const struct kubeconfig config = {
		.endpoint = endpoint_text(join),
		.ca_pem = join->ca_pem,
		.user = user,
		.cert_pem = cert_pem,
		.key_pem = join->key->key_pem,
	};

	snprintf(
	    user, sizeof(user), "system:node:%s", join->machine->disk.node);
	pki_write_kubeconfig(join->machine, KUBEADM_KUBELET_CONF, &config);
}

static void certificate_here(void *ctx, const struct kube_answer *answer)
{
	struct join *join = ctx;
	const char *encoded = jstr(answer->body, "status.certificate");
	struct buf pem = BUF_INIT;

	join->call = NULL;
	if (answer->status == 200 && !encoded[0] &&
	    loop_now(join->machine->host->loop) < join->give_up_at) {
		next(join, read_certificate, CERTIFICATE_AGAIN_FOR);
		return;
	}
	if (answer->status != 200 || !encoded[0] ||
	    !buf_add_unbase64(&pem, encoded, strlen(encoded))) {
		buf_free(&pem);
		again(join, "the kubelet's certificate was not signed", answer);
		return;
	}
	write_kubelet_config(join, buf_text(&pem));
	buf_free(&pem);
	finish(join);
}

static void read_certificate(struct timer *timer)
{
	struct join *join = OWNER_OF(timer, struct join, timer);

	join->call = kube_get(join->kube, "CertificateSigningRequest", NULL,
	    join->csr_name, certificate_here, join);
}

static void certificate_asked(void *ctx, const struct kube_answer *answer)
{
	struct join *join = ctx;

	join->call = NULL;
	if (answer->status / 100 != 2 && answer->status != 409) {
		again(join, "cannot ask for the kubelet's certificate", answer);
		return;
	}
	next(join, read_certificate, CERTIFICATE_AGAIN_FOR);
}

static json_t *certificate_request(struct join *join)
{
	json_t *csr = json_object();
	struct buf encoded = BUF_INIT;
	char user[96];
	char *pem;

	snprintf(
	    user, sizeof(user), "system:node:%s", join->machine->disk.node);
	pem = tls_make_csr(join->key, user, "system:nodes");
	buf_add_base64(&encoded, pem, strlen(pem));
	jsets(csr, "apiVersion", "certificates.k8s.io/v1");
	jsets(csr, "kind", "CertificateSigningRequest");
	jsets(csr, "metadata.name", join->csr_name);
	jsets(csr, "spec.request", buf_text(&encoded));
	jsets(csr, "spec.signerName",
	    "kubernetes.io/kube-apiserver-client-kubelet");
	jadd(csr, "spec.usages", json_string("digital signature"));
	jadd(csr, "spec.usages", json_string("client auth"));
	free(pem);
	buf_free(&encoded);
	return csr;
}

static void ask_certificate(struct timer *timer)
{
	struct join *join = OWNER_OF(timer, struct join, timer);
	json_t *csr = certificate_request(join);

	join->call = kube_create(join->kube, "CertificateSigningRequest", csr,
	    certificate_asked, join);
	json_decref(csr);
}

/* ---- the cluster's own configuration ---- */

static void config_here(void *ctx, const struct kube_answer *answer)
{
	struct join *join = ctx;
	char random[13];

	join->call = NULL;
	if (answer->status != 200) {
		again(join, "cannot read kube-system/kubeadm-config", answer);
		return;
	}
	join->key = pki_key(join->machine, "kubelet");
	choose_text(join->machine->host->choices, random, 12,
	    "abcdefghijklmnopqrstuvwxyz0123456789", "%s: csr name",
	    join->machine->name);
	snprintf(join->csr_name, sizeof(join->csr_name), "node-csr-%s", random);
	next(join, ask_certificate, 0);
}

static void read_config(struct timer *timer)
{
	struct join *join = OWNER_OF(timer, struct join, timer);

	join->call = kube_get(join->kube, "ConfigMap", "kube-system",
	    "kubeadm-config", config_here, join);
}

static void discovered(void *ctx, const char *ca_pem, const struct err *err)
{
	struct join *join = ctx;
	struct endpoint endpoint;
	struct err failed;

	if (err) {
		fail(join, err);
		return;
	}
	join->ca_pem = xstrdup(ca_pem);
	check(endpoint_parse(&endpoint, endpoint_text(join), &failed));
	join->kube = kube_remote(join->machine->host,
	    &(struct kube_remote_options){
	        .host = endpoint.host,
	        .port = endpoint.port,
	        .ca_pem = ca_pem,
	        .token = jstr(
	            join->config.join, "discovery.bootstrapToken.token"),
	    },
	    &failed);
	if (!join->kube) {
		fail(join, &failed);
		return;
	}
	join->give_up_at = loop_now(join->machine->host->loop) +
	                   BOOTSTRAP_LIMIT_FOR;
	next(join, read_config, 0);
}

static void join_over(struct timer *timer)
{
	struct join *join = OWNER_OF(timer, struct join, timer);
	struct err err;

	join->discovery = discovery_new(join->machine->host,
	    jget(join->config.join, "discovery.bootstrapToken"), discovered,
	    join, &err);
	if (!join->discovery)
		fail(join, &err);
}

struct job *kubeadm_join_new(
    struct machine *machine, const char *config_path, struct err *err)
{
	static const struct job_ops ops = { join_free };
	struct join *join = xcalloc(1, sizeof(*join));

	join->job.ops = &ops;
	join->machine = machine;
	timer_init(&join->timer, join_over);
	if (!kubeadm_preflight(machine, err) ||
	    !kubeadm_read(machine, config_path, &join->config, err) ||
	    (!join->config.join &&
	        !err_set(err, ERR_INPUT,
	            "kubeadm join: %s has no JoinConfiguration",
	            config_path)) ||
	    (is_control_plane(join) && !pki_check(&machine->disk.files, err))) {
		join_free(&join->job);
		return NULL;
	}
	kubeadm_name_node(machine, join->config.join);
	workload_secret(machine->host->secrets, "join-token",
	    jstr(join->config.join, "discovery.bootstrapToken.token"));
	next(join, join_over,
	    workload_draw(machine->workload,
	        &machine->workload->options.join_for, machine->name,
	        "join_for"));
	return &join->job;
}
