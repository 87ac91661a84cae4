#include "sim/workload/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/manager.h"
#include "sim/workload/parts.h"

/*
 * The Cluster API service of a cluster: capi/manager, with the cluster's own
 * API and the MAAS account that the gateway left in a Secret. It reads the
 * Secret over the API like any pod, again and again until it is there.
 */

#define CREDENTIALS "capmaas-manager-bootstrap-credentials"
#define AGAIN_FOR   SECONDS(10)

struct capi_service {
	struct program_start with;
	char *ns;
	struct kube_call *call;
	struct timer again;
	char *endpoint, *api_key, *ca_pem;
	struct proxy_settings proxies;
	struct manager *manager;
};

static char *value_of(const json_t *secret, const char *key)
{
	const char *encoded = json_string_value(
	    json_object_get(jget(secret, "data"), key));
	struct buf out = BUF_INIT;

	if (!encoded || !buf_add_unbase64(&out, encoded, strlen(encoded)) ||
	    out.len == 0) {
		buf_free(&out);
		return NULL;
	}
	return buf_detach(&out);
}

static bool take_credentials(struct capi_service *s, const json_t *secret)
{
	s->endpoint = value_of(secret, "MAAS_ENDPOINT");
	s->api_key = value_of(secret, "MAAS_API_KEY");
	s->ca_pem = value_of(secret, "MAAS_CA");
	s->proxies.http_proxy = value_of(secret, "HTTP_PROXY");
	s->proxies.https_proxy = value_of(secret, "HTTPS_PROXY");
	s->proxies.no_proxy = value_of(secret, "NO_PROXY");
	workload_secret(s->with.host->secrets, "maas-api-key", s->api_key);
	return s->endpoint && s->api_key;
}

static void waiting(void *ctx, const char *reason, const char *sentence)
{
	struct capi_service *s = ctx;

	if (sentence[0])
		log_info(s->with.host, "waiting (%s): %s", reason, sentence);
}

static void run(struct capi_service *s)
{
	struct manager_options options = {
		.ns = s->ns,
		.account = { s->endpoint, s->api_key, s->ca_pem, &s->proxies },
		.workload = s->with.kube,
		.waiting = waiting,
		.ctx = s,
	};
	struct err err;

	s->manager = manager_new(s->with.host, s->with.kube, &options, &err);
	if (!s->manager)
		s->with.ended(s->with.ctx, err.text);
}

static void secret_here(void *ctx, const struct kube_answer *answer)
{
	struct capi_service *s = ctx;

	s->call = NULL;
	if (answer->status != 200) {
		timer_set(&s->again, s->with.host->loop, AGAIN_FOR);
		return;
	}
	if (take_credentials(s, answer->body))
		run(s);
	else
		s->with.ended(s->with.ctx,
		    "Secret " CREDENTIALS
		    " lacks MAAS_ENDPOINT or MAAS_API_KEY");
}

static void ask(struct timer *timer)
{
	struct capi_service *s = OWNER_OF(timer, struct capi_service, again);

	s->call = kube_get(
	    s->with.kube, "Secret", s->ns, CREDENTIALS, secret_here, s);
}

static void *service_start(const struct program_start *start)
{
	struct capi_service *s = xcalloc(1, sizeof(*s));

	s->with = *start;
	s->ns = xstrdup(start->ns);
	timer_init(&s->again, ask);
	timer_set(&s->again, start->host->loop, 0);
	return s;
}

static void service_stop(void *program)
{
	struct capi_service *s = program;

	timer_cancel(&s->again);
	kube_cancel(&s->call);
	manager_free(&s->manager);
	proxy_settings_free(&s->proxies);
	free(s->ns);
	free(s->endpoint);
	free(s->api_key);
	free(s->ca_pem);
	free(s);
}

const struct program capi_service_program = {
	.image = "pcgsim/capi-service:",
	.name = "capi",
	.on_control_plane_only = true,
	.on_ready_node_only = true,
	.start = service_start,
	.stop = service_stop,
};
