/*
 * The KubeadmConfig: what one machine is told at its first boot.
 *
 * The first control-plane machine inits; everybody else joins by a token of
 * their own, a Secret in the new cluster's kube-system. Metal is slow: the
 * token is renewed until its node has joined, and made again if it is gone,
 * so that even a machine that boots hours late can join.
 */
#include "capi/reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/tls.h"
#include "capi/userdata.h"

#define TOKEN_FOR  MINUTES(15)
#define TOKEN_PATH "spec.joinConfiguration.discovery.bootstrapToken.token"

static bool waits_for(
    struct reconcile *r, const json_t *obj, const char *reason)
{
	json_t *status = capi_status_of(obj);

	condition_set(
	    r, status, "DataSecretAvailable", "False", "Info", reason, NULL);
	condition_sum(r, status);
	return status_write(r, obj, status);
}

/* ---- the join token ---- */

static void choose_token(struct reconcile *r, const json_t *obj)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	json_t *patch = json_object();
	char id[7], secret[17], *token;

	choose_text(r->host->choices, id, 6, alphabet, "%s: token id of %s",
	    r->host->name, r->name);
	choose_text(r->host->choices, secret, 16, alphabet, "%s: token of %s",
	    r->host->name, r->name);
	token = xasprintf("%s.%s", id, secret);
	secrets_add(r->host->secrets, "join token", secret);
	jsets(patch, TOKEN_PATH, token);
	act_patch(r, obj, NULL, patch);
	free(token);
}

static void until_text(struct reconcile *r, char out[32])
{
	time_text(host_time(r->host) + TOKEN_FOR, out);
}

static json_t *token_secret(struct reconcile *r, const char *token)
{
	json_t *secret = json_object();
	char *id = xstrndup(token, 6);
	char *name = xasprintf("bootstrap-token-%s", id);
	char until[32];

	until_text(r, until);
	jsets(secret, "apiVersion", "v1");
	jsets(secret, "kind", "Secret");
	jsets(secret, "metadata.name", name);
	jsets(secret, "metadata.namespace", "kube-system");
	jsets(secret, "type", "bootstrap.kubernetes.io/token");
	capi_secret_put(secret, "token-id", id);
	capi_secret_put(secret, "token-secret", token + 7);
	capi_secret_put(secret, "expiration", until);
	capi_secret_put(secret, "usage-bootstrap-authentication", "true");
	capi_secret_put(secret, "usage-bootstrap-signing", "true");
	capi_secret_put(secret, "auth-extra-groups",
	    "system:bootstrappers:kubeadm:default-node-token");
	free(id);
	free(name);
	return secret;
}

static void token_written(
    struct reconcile *r, const json_t *obj, const struct kube_answer *answer)
{
	(void)obj;
	if (answer->status != 409 &&
	    (answer->status < 200 || answer->status > 299)) {
		capi_back_off(r);
		return;
	}
	capi_memory_of(r)->checked = true;
	capi_memory_of(r)->checked_at = loop_now(r->host->loop);
	capi_progress(r);
	capi_look_again(r, 0);
}

static void make_token(struct reconcile *r, const char *token)
{
	act_workload(r, "POST", "/api/v1/namespaces/kube-system/secrets",
	    token_secret(r, token), token_written);
}

static void token_renewed(
    struct reconcile *r, const json_t *obj, const struct kube_answer *answer)
{
	if (answer->status == 404)
		make_token(r, jstr(obj, TOKEN_PATH));
	else
		token_written(r, obj, answer);
}

static void renew_token(struct reconcile *r, const char *token)
{
	json_t *patch = json_object();
	char *path = xasprintf(
	    "/api/v1/namespaces/kube-system/secrets/bootstrap-token-%.6s",
	    token);
	char until[32];

	until_text(r, until);
	capi_secret_put(patch, "expiration", until);
	act_workload(r, "PATCH", path, patch, token_renewed);
	free(path);
}

/* Until the node has joined, and not a moment longer. */
static void keep_token(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *token = jstr(obj, TOKEN_PATH);
	usec next_at = capi_memory_of(r)->checked_at + TOKEN_FOR / 2;

	if (strlen(token) != 23 || jhas(machine, "status.nodeRef") ||
	    capi_is_deleting(machine) || capi_cluster_deletes(r))
		return;
	if (!workload_link_ready(r)) {
		capi_look_again(r, SECONDS(30));
	} else if (capi_memory_of(r)->checked &&
	           next_at > loop_now(r->host->loop)) {
		capi_look_again(r, next_at - loop_now(r->host->loop));
	} else {
		renew_token(r, token);
	}
}

/* ---- the data ---- */

struct keys {
	char *cert[4], *key[4];
};

static bool read_keys(struct reconcile *r, struct keys *keys)
{
	static const char *const purposes[] = { "ca", "etcd", "proxy", "sa" };
	bool all = true;

	for (size_t i = 0; i < 4; i++) {
		char *name = xasprintf(
		    "%s-%s", capi_cluster_name(r), purposes[i]);
		const json_t *secret = capi_find(r, "Secret", name);

		keys->cert[i] = capi_secret_text(secret, "tls.crt");
		keys->key[i] = capi_secret_text(secret, "tls.key");
		all = all && keys->cert[i] && keys->key[i];
		free(name);
	}
	return all;
}

static void free_keys(struct keys *keys)
{
	for (size_t i = 0; i < 4; i++) {
		free(keys->cert[i]);
		free(keys->key[i]);
	}
}

/* Files whose content is in a Secret; NULL if one of them is not there. */
static json_t *resolved(struct reconcile *r, const json_t *spec)
{
	json_t *copy = json_clone(spec);

	for (size_t i = 0; i < jlen(copy, "files"); i++) {
		json_t *file = json_array_get(jget(copy, "files"), i);
		char *text;

		if (!jhas(file, "contentFrom.secret"))
			continue;
		text = capi_secret_text(
		    capi_find(
		        r, "Secret", jstr(file, "contentFrom.secret.name")),
		    jstr(file, "contentFrom.secret.key"));
		if (!text) {
			json_decref(copy);
			return NULL;
		}
		jsets(file, "content", text);
		free(text);
	}
	return copy;
}

static char *data_text(struct reconcile *r, const json_t *obj,
    const json_t *machine, const json_t *spec, bool init)
{
	struct keys keys;
	struct err err;
	char *hash = NULL, *ca_hash = NULL, *text = NULL;
	bool control_plane = capi_is_control_plane(obj);

	if (read_keys(r, &keys))
		hash = tls_spki_sha256(keys.cert[0], &err);
	if (hash) {
		ca_hash = xasprintf("sha256:%s", hash);
		text = userdata_text(&(const struct userdata){
		    .cluster = r->cluster,
		    .spec = spec,
		    .version = jstr(machine, "spec.version"),
		    .init = init,
		    .control_plane = control_plane,
		    .ca = { keys.cert[0], keys.key[0] },
		    .etcd = { keys.cert[1], keys.key[1] },
		    .proxy = { keys.cert[2], keys.key[2] },
		    .sa = { keys.cert[3], keys.key[3] },
		    .token = jstr(obj, TOKEN_PATH),
		    .ca_hash = ca_hash,
		});
	}
	free(hash);
	free(ca_hash);
	free_keys(&keys);
	return text;
}

static void write_data(
    struct reconcile *r, const json_t *obj, const json_t *machine, bool init)
{
	json_t *spec = resolved(r, jget(obj, "spec"));
	char *text = spec ? data_text(r, obj, machine, spec, init) : NULL;
	json_t *secret;

	json_decref(spec);
	if (!text) {
		waits_for(r, obj, "WaitingForCertificates");
		return;
	}
	secret = capi_new_object(r, "Secret", r->name, obj);
	jsets(secret, "type", "cluster.x-k8s.io/secret");
	capi_secret_put(secret, "value", text);
	capi_secret_put(secret, "format", "cloud-config");
	act_create(r, secret);
	free(text);
}

static void say_ready(struct reconcile *r, const json_t *obj)
{
	json_t *status = capi_status_of(obj);

	jsetb(status, "ready", true);
	jsets(status, "dataSecretName", r->name);
	condition_set(
	    r, status, "DataSecretAvailable", "True", NULL, NULL, NULL);
	condition_sum(r, status);
	status_write(r, obj, status);
}

/* Names are used again, and what is left of an older machine of this name was
 * for another time: "init", where there is a cluster to join by now. */
static bool has_data(struct reconcile *r, const json_t *obj)
{
	const json_t *secret = capi_find(r, "Secret", r->name);

	if (!secret)
		return false;
	if (capi_owned_by(secret, obj))
		say_ready(r, obj);
	else if (capi_is_deleting(secret))
		capi_look_again(r, SECONDS(2));
	else
		act_delete(r, secret);
	return true;
}

static void prepare(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	bool initialized = strcmp(condition_is(
	                              r->cluster, "ControlPlaneInitialized"),
	                       "True") == 0;
	bool init = capi_is_control_plane(obj) && !initialized;

	if (has_data(r, obj))
		return;
	if (!jbool(r->cluster, "status.infrastructureReady") ||
	    !jstr(r->cluster, "spec.controlPlaneEndpoint.host")[0])
		waits_for(r, obj, "WaitingForClusterInfrastructure");
	else if (init)
		write_data(r, obj, machine, true);
	else if (!initialized || !workload_link_ready(r))
		waits_for(r, obj, "WaitingForControlPlaneAvailable");
	else if (!jstr(obj, TOKEN_PATH)[0])
		choose_token(r, obj);
	else if (!capi_memory_of(r)->checked)
		make_token(r, jstr(obj, TOKEN_PATH));
	else
		write_data(r, obj, machine, false);
}

void kubeadm_config_reconcile(struct reconcile *r, const json_t *obj)
{
	const json_t *machine = capi_find(
	    r, "Machine", capi_owner_named(obj, "Machine"));

	if (capi_is_deleting(obj) || !machine || capi_is_deleting(machine))
		return;
	if (jbool(obj, "status.ready"))
		keep_token(r, obj, machine);
	else if (!capi_cluster_deletes(r))
		prepare(r, obj, machine);
}
