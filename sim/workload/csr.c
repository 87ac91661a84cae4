#include "sim/workload/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/tls.h"
#include "capi/store.h"
#include "sim/workload/cluster.h"

#define SIGNER   "kubernetes.io/kube-apiserver-client-kubelet"
#define LIFE_FOR HOURS(24 * 365)

/* csrapproving's rule: bootstrap tokens may ask for a node's certificate, and
 * a node for its own. */
static bool is_to_be_signed(const json_t *csr)
{
	return !jhas(csr, "status.certificate") &&
	       strcmp(jstr(csr, "spec.signerName"), SIGNER) == 0 &&
	       (strncmp(jstr(csr, "spec.username"), "system:bootstrap:", 17) ==
	               0 ||
	           strncmp(jstr(csr, "spec.username"), "system:node:", 12) ==
	               0);
}

struct names {
	char **items;
	size_t count;
};

static bool collect(void *ctx, const json_t *csr)
{
	struct names *names = ctx;

	if (!is_to_be_signed(csr))
		return true;
	names->items = xrealloc(
	    names->items, (names->count + 1) * sizeof(*names->items));
	names->items[names->count++] = xstrdup(jstr(csr, "metadata.name"));
	return true;
}

static json_t *condition(
    const char *type, const char *reason, const char *message, usec now)
{
	json_t *out = json_object();
	char time[32];

	time_text(now, time);
	jsets(out, "type", type);
	jsets(out, "status", "True");
	jsets(out, "reason", reason);
	jsets(out, "message", message);
	jsets(out, "lastTransitionTime", time);
	return out;
}

static char *sign(struct cluster *cluster, const json_t *csr, struct err *err)
{
	usec now = host_time(&cluster->etcd);
	const char *encoded = jstr(csr, "spec.request");
	struct buf pem = BUF_INIT;
	char *cert = NULL;

	if (buf_add_unbase64(&pem, encoded, strlen(encoded)))
		cert = tls_sign_csr(cluster->ca, buf_text(&pem),
		    now - MINUTES(5), now + LIFE_FOR, err);
	else
		err_set(err, ERR_INPUT, "the request is not base64");
	buf_free(&pem);
	return cert;
}

static void sign_one(struct cluster *cluster, const char *name)
{
	const json_t *csr = store_get(
	    cluster->store, "CertificateSigningRequest", NULL, name);
	usec now = host_time(&cluster->etcd);
	json_t *patch = json_object();
	struct api_status status = { 0 };
	struct buf encoded = BUF_INIT;
	struct err err;
	char *cert = sign(cluster, csr, &err);

	if (cert) {
		buf_add_base64(&encoded, cert, strlen(cert));
		jadd(patch, "status.conditions",
		    condition("Approved", "AutoApproved",
		        "Auto approving kubelet client certificate after "
		        "SubjectAccessReview.",
		        now));
		jsets(patch, "status.certificate", buf_text(&encoded));
	} else {
		jadd(patch, "status.conditions",
		    condition(
		        "Failed", "SignerValidationFailure", err.text, now));
		jsets(patch, "status.certificate", "");
	}
	store_patch(cluster->store, "CertificateSigningRequest", NULL, name,
	    patch, true, &status);
	api_status_free(&status);
	json_decref(patch);
	buf_free(&encoded);
	free(cert);
}

void csr_sign_all(struct cluster *cluster)
{
	struct names names = { 0 };

	store_each(cluster->store, "CertificateSigningRequest", NULL, NULL,
	    collect, &names);
	for (size_t i = 0; i < names.count; i++) {
		sign_one(cluster, names.items[i]);
		free(names.items[i]);
	}
	free(names.items);
}
