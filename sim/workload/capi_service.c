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
	/* The readiness probe: does MAAS answer, and take the key? */
	struct maas_client *probe;
	struct maas_call *probing;
	struct timer probe_again;
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
	workload_secret(s->with.host->secrets, "maas-api-key", s->api_key);
	return s->endpoint && s->api_key;
}

static void waiting(void *ctx, const char *reason, const char *sentence)
{
	struct capi_service *s = ctx;

	if (sentence[0])
		log_info(s->with.host, "waiting (%s): %s", reason, sentence);
}

/* ---- the readiness probe ---- */

static void probed(void *ctx, const struct maas_answer *answer)
{
	struct capi_service *s = ctx;

	s->probing = NULL;
	if (answer->kind == MAAS_OK) {
		s->with.ready(s->with.ctx, true);
		return; /* once is enough: the manager sees what comes later */
	}
	log_info(s->with.host, "MAAS: %s: %s", maas_answer_name(answer->kind),
	    answer->text ? answer->text : "");
	timer_set(&s->probe_again, s->with.host->loop, AGAIN_FOR);
}

static void probe(struct timer *timer)
{
	struct capi_service *s = OWNER_OF(
	    timer, struct capi_service, probe_again);

	s->probing = maas_send(
	    s->probe, "GET", "users/?op=whoami", NULL, probed, s);
}

static void begin_probe(
    struct capi_service *s, const struct maas_account *account)
{
	struct err err;

	s->probe = maas_client_new(s->with.host, account, &err);
	if (s->probe)
		timer_set(&s->probe_again, s->with.host->loop, 0);
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
	else
		begin_probe(s, &options.account);
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
	proxy_settings_copy(&s->proxies, start->proxies);
	timer_init(&s->again, ask);
	timer_init(&s->probe_again, probe);
	timer_set(&s->again, start->host->loop, 0);
	return s;
}

static void service_stop(void *program)
{
	struct capi_service *s = program;

	timer_cancel(&s->again);
	kube_cancel(&s->call);
	manager_free(&s->manager);
	timer_cancel(&s->probe_again);
	maas_cancel(&s->probing);
	maas_client_free(&s->probe);
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
