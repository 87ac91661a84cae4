/*
 * The KubeadmControlPlane: the cluster's keys, and its control-plane machines.
 *
 * One machine comes first; the next one only when all that are there are
 * healthy, one at a time. Machine names are <name>-<n>, n being the
 * lowest that is free: made twice from a stale view is AlreadyExists, not a
 * second machine.
 */
#include "capi/reconcile.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/tls.h"
#include "capi/controllers/machines.h"

#define FINALIZER "kubeadm.controlplane.cluster.x-k8s.io"
#define DAY_FOR   HOURS(24)
/* a certificate begins in the past, machines' clocks differ. */
#define BACKDATED_FOR  DAY_FOR
#define CA_FOR         (3650 * DAY_FOR)
#define KUBECONFIG_FOR (365 * DAY_FOR)
/* F-006, X-108: then an operator should know. */
#define INIT_PATIENCE_FOR MINUTES(45)
#define INIT_ROUNDS       2
#define NOTE_ROUNDS       "pcg.pcgsim.io/init-rounds"

/* ---- keys ---- */

static struct identity *make_identity(struct reconcile *r, const char *what,
    const char *common_name, const char *organization, usec valid_for,
    const struct identity *issuer)
{
	unsigned char bytes[32];
	struct buf name = BUF_INIT;
	usec now_time = host_time(r->host);
	struct identity *made;

	choose_bytes(r->host->choices, bytes, sizeof(bytes),
	    "%s: keys of %s %s", r->host->name, capi_cluster_name(r), what);
	buf_add_hex(&name, bytes, sizeof(bytes));
	made = identity_new(
	    &(const struct identity_spec){
	        .seed = 0,
	        .name = buf_text(&name),
	        .common_name = common_name,
	        .organization = organization,
	        .not_before_time = now_time - BACKDATED_FOR,
	        .not_after_time = now_time + valid_for,
	        .is_ca = issuer == NULL,
	    },
	    issuer);
	check(made);
	secrets_add(r->host->secrets, what, made->key_pem);
	buf_free(&name);
	return made;
}

/* sa.pub is a public key and no certificate. */
static char *public_pem(const struct identity *identity)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;
	char *text;

	check(bio);
	check(PEM_write_bio_PUBKEY(bio, identity->key));
	len = BIO_get_mem_data(bio, &data);
	text = xstrndup(data, (size_t)len);
	BIO_free(bio);
	return text;
}

static bool make_pair(
    struct reconcile *r, const json_t *obj, const char *purpose)
{
	char *name = xasprintf("%s-%s", capi_cluster_name(r), purpose);
	struct identity *identity;
	json_t *secret;
	bool missing = !capi_find(r, "Secret", name);

	if (missing) {
		identity = make_identity(
		    r, name, "kubernetes", NULL, CA_FOR, NULL);
		secret = capi_new_object(r, "Secret", name, obj);
		jsets(secret, "type", "cluster.x-k8s.io/secret");
		if (strcmp(purpose, "sa") == 0) {
			char *public_key = public_pem(identity);

			capi_secret_put(secret, "tls.crt", public_key);
			free(public_key);
		} else {
			capi_secret_put(secret, "tls.crt", identity->cert_pem);
		}
		capi_secret_put(secret, "tls.key", identity->key_pem);
		act_create(r, secret);
		identity_free(&identity);
	}
	free(name);
	return missing;
}

static bool makes_keys(struct reconcile *r, const json_t *obj)
{
	return make_pair(r, obj, "ca") || make_pair(r, obj, "etcd") ||
	       make_pair(r, obj, "proxy") || make_pair(r, obj, "sa");
}

/* ---- the kubeconfig ---- */

#define NOTE_EXPIRES "pcg.pcgsim.io/expires"

static char *kubeconfig_text(
    struct reconcile *r, const char *ca_pem, const struct identity *admin)
{
	const char *name = capi_cluster_name(r);
	struct buf out = BUF_INIT, ca = BUF_INIT, cert = BUF_INIT,
	           key = BUF_INIT;

	buf_add_base64(&ca, ca_pem, strlen(ca_pem));
	buf_add_base64(&cert, admin->cert_pem, strlen(admin->cert_pem));
	buf_add_base64(&key, admin->key_pem, strlen(admin->key_pem));
	buf_addf(&out,
	    "apiVersion: v1\nkind: Config\nclusters:\n- name: %s\n"
	    "  cluster:\n    certificate-authority-data: %s\n"
	    "    server: https://%s:%lld\n"
	    "contexts:\n- name: %s-admin@%s\n  context:\n    cluster: %s\n"
	    "    user: %s-admin\ncurrent-context: %s-admin@%s\n"
	    "preferences: {}\nusers:\n- name: %s-admin\n  user:\n"
	    "    client-certificate-data: %s\n    client-key-data: %s\n",
	    name, buf_text(&ca),
	    jstr(r->cluster, "spec.controlPlaneEndpoint.host"),
	    (long long)jint(r->cluster, "spec.controlPlaneEndpoint.port"), name,
	    name, name, name, name, name, name, buf_text(&cert),
	    buf_text(&key));
	buf_free(&ca);
	buf_free(&cert);
	buf_free(&key);
	return buf_detach(&out);
}

static struct identity *ca_of(struct reconcile *r)
{
	char *name = xasprintf("%s-ca", capi_cluster_name(r));
	const json_t *secret = capi_find(r, "Secret", name);
	char *cert = capi_secret_text(secret, "tls.crt");
	char *key = capi_secret_text(secret, "tls.key");
	struct identity *ca = NULL;
	struct err err;

	if (cert && key)
		ca = identity_from_pem(cert, key, &err);
	free(name);
	free(cert);
	free(key);
	return ca;
}

static json_t *kubeconfig_data(struct reconcile *r, const struct identity *ca)
{
	struct identity *admin = make_identity(r, "kubeconfig",
	    "kubernetes-admin", "system:masters", KUBECONFIG_FOR, ca);
	char *text = kubeconfig_text(r, ca->cert_pem, admin);
	json_t *object = json_object();
	char expires[32];

	time_text(host_time(r->host) + KUBECONFIG_FOR, expires);
	capi_secret_put(object, "value", text);
	jset(object, "metadata.annotations", json_object());
	json_object_set_new(jget(object, "metadata.annotations"), NOTE_EXPIRES,
	    json_string(expires));
	secrets_add(r->host->secrets, "kubeconfig", text);
	free(text);
	identity_free(&admin);
	return object;
}

/* signed anew at half of its life. */
static bool is_fresh(struct reconcile *r, const json_t *secret)
{
	usec expires_time, left_for;

	if (!time_parse(capi_note_of(secret, NOTE_EXPIRES), &expires_time))
		return false;
	left_for = expires_time - host_time(r->host);
	if (left_for <= KUBECONFIG_FOR / 2)
		return false;
	capi_look_again(r, left_for - KUBECONFIG_FOR / 2);
	return true;
}

static void write_kubeconfig(struct reconcile *r, const json_t *obj,
    const json_t *old, const char *name, const struct identity *ca)
{
	json_t *content = kubeconfig_data(r, ca);
	json_t *secret;

	if (old) {
		act_patch(r, old, NULL, content);
		return;
	}
	secret = capi_new_object(r, "Secret", name, obj);
	jsets(secret, "type", "cluster.x-k8s.io/secret");
	json_merge_patch(&secret, content);
	json_decref(content);
	act_create(r, secret);
}

static bool makes_kubeconfig(struct reconcile *r, const json_t *obj)
{
	char *name = xasprintf("%s-kubeconfig", capi_cluster_name(r));
	const json_t *secret = capi_find(r, "Secret", name);
	struct identity *ca = NULL;

	if (jstr(r->cluster, "spec.controlPlaneEndpoint.host")[0] &&
	    !(secret && is_fresh(r, secret)))
		ca = ca_of(r);
	if (ca)
		write_kubeconfig(r, obj, secret, name, ca);
	identity_free(&ca);
	free(name);
	return r->acted;
}

/* ---- machines ---- */

static bool is_healthy(const json_t *machine)
{
	return jhas(machine, "status.nodeRef") && !capi_is_deleting(machine) &&
	       strcmp(condition_is(machine, "NodeHealthy"), "True") == 0;
}

static size_t healthy_among(const struct machines *machines)
{
	size_t healthy = 0;

	for (size_t i = 0; i < machines->count; i++)
		healthy += is_healthy(machines->items[i]);
	return healthy;
}

static void create_next(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	json_t *labels = json_object();
	const json_t *template_labels = jget(
	    obj, "spec.machineTemplate.metadata.labels");

	if (json_is_object(template_labels)) {
		json_decref(labels);
		labels = json_clone(template_labels);
	}
	json_object_set_new(labels, CONTROL_PLANE_LABEL, json_string(""));
	json_object_set_new(labels, "cluster.x-k8s.io/control-plane-name",
	    json_string(r->name));
	machine_create(
	    r, &(const struct new_machine){
	           .owner = obj,
	           .number = machines_free_number(machines, r->name),
	           .labels = labels,
	           .template = jstr(
	               obj, "spec.machineTemplate.infrastructureRef.name"),
	           .config = jget(obj, "spec.kubeadmConfigSpec"),
	           .version = jstr(obj, "spec.version"),
	       });
	json_decref(labels);
}

/* One that is asked to go, then one that failed, then the newest. */
static void delete_one(struct reconcile *r, const struct machines *machines)
{
	const json_t *machine = machines_to_delete(machines);

	if (machine)
		act_delete(r, machine);
}

static bool scales(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	int64_t wanted = jint(obj, "spec.replicas");
	bool initialized = jbool(obj, "status.initialized");
	bool settled = machines->count == machines->living &&
	               healthy_among(machines) == machines->count;

	if (!jbool(r->cluster, "status.infrastructureReady") ||
	    (machines->count > 0 && !(initialized && settled)))
		return false;
	if ((int64_t)machines->count < wanted)
		create_next(r, obj, machines);
	else if ((int64_t)machines->count > wanted && machines->count > 1)
		delete_one(r, machines);
	return r->acted;
}

/* Marked by a health check, or failed: only with others that stand (capi E.5
 * "KCP remediation"). */
static bool remediates(struct reconcile *r, const struct machines *machines)
{
	for (size_t i = 0; i < machines->count; i++) {
		const json_t *machine = machines->items[i];
		bool sick = strcmp(condition_is(machine, "OwnerRemediated"),
		                "False") == 0;

		if (!sick || capi_is_deleting(machine))
			continue;
		if (machines->count < 3 || machines->living < machines->count ||
		    healthy_among(machines) + 1 < machines->count)
			return false;
		act_delete(r, machine);
		return true;
	}
	return false;
}

/* ---- how far it is ---- */

static void yes_or(struct reconcile *r, json_t *status, const char *type,
    bool yes, const char *severity, const char *reason, const char *message)
{
	condition_set(r, status, type, yes ? "True" : "False", severity,
	    yes ? NULL : reason, yes ? NULL : message);
}

struct oldest_boot {
	usec time;
};

static void boot_of(void *ctx, const json_t *machine)
{
	struct oldest_boot *boot = ctx;
	usec time;

	if (capi_is_control_plane(machine) && jbool(machine, "status.ready") &&
	    time_parse(
	        capi_note_of(machine, "pcg.pcgsim.io/deploy-time"), &time) &&
	    (!boot->time || time < boot->time))
		boot->time = time;
}

/* How long the control plane has been deployed; 0: it is not yet. */
static usec booted_for(struct reconcile *r)
{
	struct oldest_boot boot = { 0 };

	capi_each_of(r, "MaasMachine", boot_of, &boot);
	return boot.time ? host_time(r->host) - boot.time : 0;
}

/* What an operator should know of a control plane that does not come up. One
 * whose API answers is never replaced for it: a network that is not there is
 * no machine's fault. */
static const char *slow_start(struct reconcile *r, bool initialized)
{
	usec waited_for = booted_for(r);
	const char *host = jstr(r->cluster, "spec.controlPlaneEndpoint.host");

	if (!waited_for)
		return NULL;
	if (waited_for < INIT_PATIENCE_FOR) {
		capi_look_again(r, INIT_PATIENCE_FOR - waited_for);
		return NULL;
	}
	if (initialized) {
		capi_wait_says(r, "ControlPlaneNotReady",
		    "the API server of %s at %s answers, but no node of its "
		    "control plane is Ready",
		    capi_cluster_name(r), host);
		return "no node of the control plane is Ready";
	}
	capi_wait_says(r, "ControlPlaneSilent",
	    "the API server of %s at %s has not answered since its machine "
	    "was deployed",
	    capi_cluster_name(r), host);
	return "the API server does not answer";
}

/* F-006, X-108: the first machine never brought up an API server. Another is
 * tried, a few times; the last one is kept for diagnosis. The note counts and
 * names the Machine that is to go, so that a restart counts it once. */
static bool tries_another_first(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	const json_t *machine = machines->count ? machines->items[0] : NULL;
	const char *note = capi_note_of(obj, NOTE_ROUNDS);
	unsigned rounds = (unsigned)strtoul(note, NULL, 10);
	char *next;

	if (machines->count != 1 || capi_is_deleting(machine) ||
	    jbool(obj, "status.initialized") || workload_link_ready(r) ||
	    booted_for(r) < INIT_PATIENCE_FOR)
		return false;
	if (strstr(note, jstr(machine, "metadata.uid"))) {
		act_delete(r, machine);
		return true;
	}
	if (rounds >= INIT_ROUNDS)
		return false;
	next = xasprintf("%u %s", rounds + 1, jstr(machine, "metadata.uid"));
	log_warning(r->host,
	    "%s: no API server on %s; another machine is tried", r->name,
	    capi_name_of(machine));
	act_patch(r, obj, NULL,
	    capi_notes_patch(1, (const char *const[]){ NOTE_ROUNDS, next }));
	free(next);
	return true;
}

static void write_status(
    struct reconcile *r, const json_t *obj, const struct machines *machines)
{
	json_t *status = capi_status_of(obj);
	size_t healthy = healthy_among(machines);
	int64_t wanted = jint(obj, "spec.replicas");
	bool initialized = jbool(obj, "status.initialized") ||
	                   (workload_link_ready(r) && machines->count > 0);
	const char *trouble = initialized && healthy
	                          ? NULL
	                          : slow_start(r, initialized);

	jsetb(status, "initialized", initialized);
	jsetb(status, "ready", initialized && healthy > 0);
	jsets(status, "version", jstr(obj, "spec.version"));
	jseti(status, "replicas", (json_int_t)machines->count);
	jseti(status, "readyReplicas", (json_int_t)healthy);
	jseti(status, "updatedReplicas", (json_int_t)machines->count);
	jseti(status, "unavailableReplicas",
	    (json_int_t)(machines->count - healthy));
	jseti(status, "observedGeneration", jint(obj, "metadata.generation"));
	yes_or(r, status, "CertificatesAvailable", true, NULL, NULL, NULL);
	yes_or(r, status, "Available", initialized, trouble ? "Error" : "Info",
	    "WaitingForKubeadmInit", trouble);
	yes_or(r, status, "MachinesReady", healthy == machines->count, "Info",
	    "NodeProvisioning", NULL);
	yes_or(r, status, "Resized", (int64_t)machines->count == wanted, "Info",
	    (int64_t)machines->count < wanted ? "ScalingUp" : "ScalingDown",
	    NULL);
	condition_sum(r, status);
	status_write(r, obj, status);
}

static void end(struct reconcile *r, const json_t *obj)
{
	struct machines machines;

	if (!capi_has_finalizer(obj, FINALIZER))
		return;
	machines_read(&machines, r, obj);
	for (size_t i = 0; i < machines.count && !r->acted; i++)
		if (!capi_is_deleting(machines.items[i]))
			act_delete(r, machines.items[i]);
	if (machines.count == 0)
		capi_drop_finalizer(r, obj, FINALIZER);
	machines_free(&machines);
}

void control_plane_reconcile(struct reconcile *r, const json_t *obj)
{
	struct machines machines;

	if (capi_is_deleting(obj)) {
		end(r, obj);
		return;
	}
	if (capi_cluster_deletes(r) || !capi_owned_by(obj, r->cluster))
		return;
	if (capi_add_finalizer(r, obj, FINALIZER) || makes_keys(r, obj) ||
	    makes_kubeconfig(r, obj))
		return;
	machines_read(&machines, r, obj);
	if (!remediates(r, &machines) &&
	    !tries_another_first(r, obj, &machines) &&
	    !scales(r, obj, &machines))
		write_status(r, obj, &machines);
	machines_free(&machines);
}
