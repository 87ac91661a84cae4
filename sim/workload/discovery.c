#include "sim/workload/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/tls.h"
#include "sim/workload/endpoint.h"
#include "sim/workload/kubeadm_config.h"
#include "sim/workload/rules.h"

#define LIMIT_FOR MINUTES(5) /* kubeadm: discovery.timeout */
#define AGAIN_FOR SECONDS(5)

struct discovery {
	struct host *host;
	const json_t *bootstrap;
	struct endpoint endpoint;
	char id[7], secret[17];
	struct call *call;
	struct timer again;
	usec give_up_at;
	discovery_fn *fn;
	void *ctx;
};

static void try_again(struct timer *timer);

/* ---- judging what was read ---- */

/* The authority in the kubeconfig of cluster-info; a new string or NULL. */
static char *authority_in(const char *kubeconfig)
{
	struct err err;
	json_t *list = manifest_read("cluster-info", kubeconfig, &err);
	const char *encoded = jstr(json_array_get(list, 0),
	    "clusters[0].cluster.certificate-authority-data");
	struct buf pem = BUF_INIT;
	char *out = NULL;

	if (encoded[0] && buf_add_unbase64(&pem, encoded, strlen(encoded)))
		out = xstrdup(buf_text(&pem));
	buf_free(&pem);
	json_decref(list);
	return out;
}

static bool is_pinned(const struct discovery *d, const char *ca_pem)
{
	struct err err;
	char *hash = tls_spki_sha256(ca_pem, &err);
	char *pin = hash ? xasprintf("sha256:%s", hash) : NULL;
	bool found = false;

	for (size_t i = 0; pin && i < jlen(d->bootstrap, "caCertHashes"); i++) {
		const char *text = json_string_value(
		    json_array_get(jget(d->bootstrap, "caCertHashes"), i));

		found = found || (text && strcasecmp(text, pin) == 0);
	}
	free(hash);
	free(pin);
	return found;
}

static bool is_signed(
    const struct discovery *d, const json_t *map, const char *kubeconfig)
{
	char *key = xasprintf("jws-kubeconfig-%s", d->id);
	const char *have = json_string_value(
	    json_object_get(jget(map, "data"), key));
	char *want = token_signature(d->id, d->secret, kubeconfig);
	bool same = have && strcmp(have, want) == 0;

	free(key);
	free(want);
	return same;
}

/* The authority, or NULL and why not. *final: asking again does not help. */
static char *judge(
    const struct discovery *d, const json_t *map, bool *final, struct err *err)
{
	const char *kubeconfig = jstr(map, "data.kubeconfig");
	char *ca_pem = authority_in(kubeconfig);

	*final = false;
	if (!ca_pem) {
		err_set(err, ERR_GARBLED,
		    "cluster-info holds no certificate authority");
		return NULL;
	}
	if (!is_pinned(d, ca_pem)) {
		*final = true;
		err_set(err, ERR_UNTRUSTED,
		    "cluster CA found in cluster-info ConfigMap is invalid: "
		    "none of its public keys are pinned");
	} else if (!is_signed(d, map, kubeconfig)) {
		err_set(err, ERR_REFUSED,
		    "token id \"%s\" is invalid for this cluster or it has "
		    "expired",
		    d->id);
	} else {
		return ca_pem;
	}
	free(ca_pem);
	return NULL;
}

/* ---- asking ---- */

static void vain(struct discovery *d, const struct err *err, bool final)
{
	struct err told = *err;

	if (!final && loop_now(d->host->loop) < d->give_up_at) {
		log_info(d->host, "kubeadm: discovery: %s", err->text);
		timer_set(&d->again, d->host->loop, AGAIN_FOR);
		return;
	}
	err_prefix(&told,
	    "kubeadm join: couldn't validate the identity of the API Server: ");
	d->fn(d->ctx, NULL, &told);
}

static void answered(
    void *ctx, const struct http_response *answer, const struct err *failure)
{
	struct discovery *d = ctx;
	struct err err = failure ? *failure : (struct err){ .kind = ERR_NONE };
	bool final = false;
	char *ca_pem = NULL;
	json_t *map;

	d->call = NULL;
	if (answer && answer->status == 200) {
		map = json_parse(
		    buf_text(&answer->body), answer->body.len, &err);
		if (map)
			ca_pem = judge(d, map, &final, &err);
		json_decref(map);
	} else if (answer) {
		err_set(&err, ERR_REFUSED,
		    "the API server answers %d to a request for cluster-info",
		    answer->status);
	}
	if (ca_pem)
		d->fn(d->ctx, ca_pem, NULL);
	else
		vain(d, &err, final);
	free(ca_pem);
}

static void try_again(struct timer *timer)
{
	static const struct call_handler handler = { .done = answered };
	static const struct call_options options = {
		.timeout_for = SECONDS(10),
	};
	struct discovery *d = OWNER_OF(timer, struct discovery, again);
	const struct dial dial = {
		.host = d->endpoint.host,
		.port = d->endpoint.port,
		.tls = true,
		.unverified = true, /* whom to trust is what it asks for */
	};
	struct http_request request = { 0 };

	http_request_set(&request, "GET",
	    "/api/v1/namespaces/kube-public/configmaps/cluster-info");
	d->call = net_send(
	    d->host->net, &dial, &request, &options, &handler, d);
}

static bool split_token(struct discovery *d, struct err *err)
{
	const char *token = jstr(d->bootstrap, "token");

	if (strlen(token) != 23 || token[6] != '.')
		return err_set(err, ERR_INPUT,
		    "kubeadm join: the bootstrap token is not of the form "
		    "[a-z0-9]{6}.[a-z0-9]{16}");
	snprintf(d->id, sizeof(d->id), "%.6s", token);
	snprintf(d->secret, sizeof(d->secret), "%s", token + 7);
	return true;
}

struct discovery *discovery_new(struct host *host, const json_t *bootstrap,
    discovery_fn *fn, void *ctx, struct err *err)
{
	struct discovery *d = xcalloc(1, sizeof(*d));

	d->host = host;
	d->bootstrap = bootstrap;
	d->fn = fn;
	d->ctx = ctx;
	timer_init(&d->again, try_again);
	if (!split_token(d, err) ||
	    !endpoint_parse(
	        &d->endpoint, jstr(bootstrap, "apiServerEndpoint"), err)) {
		free(d);
		return NULL;
	}
	d->give_up_at = loop_now(host->loop) + LIMIT_FOR;
	timer_set(&d->again, host->loop, 0);
	return d;
}

void discovery_free(struct discovery **discovery)
{
	struct discovery *d = *discovery;

	if (!d)
		return;
	timer_cancel(&d->again);
	call_cancel(&d->call);
	free(d);
	*discovery = NULL;
}
