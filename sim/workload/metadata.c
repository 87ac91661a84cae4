#include "sim/workload/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "sim/workload/parts.h"

struct metadata {
	struct host *host;
	struct boot_offer offer;
	struct http_request request; /* unsigned, kept for the next try */
	struct call *call;
	struct timer again;
	unsigned failures;
	metadata_fn *fn; /* NULL: nothing is under way */
	void *ctx;
	void (*trouble)(void *ctx);
	void *trouble_ctx;
};

static void try_again(struct timer *timer);

struct metadata *metadata_new(struct host *host, const struct boot_offer *offer)
{
	struct metadata *metadata = xcalloc(1, sizeof(*metadata));

	check(offer->address[0] != '\0');
	metadata->host = host;
	metadata->offer = *offer;
	timer_init(&metadata->again, try_again);
	workload_secret(
	    host->secrets, "machine-metadata-key", offer->token_secret);
	return metadata;
}

void metadata_free(struct metadata **metadata)
{
	struct metadata *m = *metadata;

	if (!m)
		return;
	call_cancel(&m->call);
	timer_cancel(&m->again);
	http_request_free(&m->request);
	free(m);
	*metadata = NULL;
}

unsigned metadata_failures(const struct metadata *metadata)
{
	return metadata->failures;
}

void metadata_on_trouble(
    struct metadata *metadata, void (*trouble)(void *ctx), void *ctx)
{
	metadata->trouble = trouble;
	metadata->trouble_ctx = ctx;
}

/* RFC 5849, PLAINTEXT: the two secrets joined by "&"; a machine's consumer has
 * an empty one. Each try has its own nonce and time. */
static void sign(struct metadata *m, struct http_request *request)
{
	struct buf text = BUF_INIT;
	char nonce[17];

	choose_text(m->host->choices, nonce, sizeof(nonce) - 1,
	    "0123456789abcdef", "%s: metadata nonce", m->host->name);
	buf_addf(&text,
	    "OAuth realm=\"\", oauth_version=\"1.0\", oauth_nonce=\"%s\", "
	    "oauth_timestamp=\"%lld\", oauth_signature_method=\"PLAINTEXT\", "
	    "oauth_consumer_key=\"%s\", oauth_token=\"%s\", "
	    "oauth_signature=\"%%26%s\"",
	    nonce, (long long)(host_time(m->host) / USEC_PER_SEC),
	    m->offer.consumer_key, m->offer.token_key, m->offer.token_secret);
	http_header_set(&request->headers, "Authorization", buf_text(&text));
	buf_free(&text);
}

static usec wait_before(struct metadata *m)
{
	unsigned doublings = m->failures < 7 ? m->failures - 1 : 6;
	usec most = SECONDS(1) << doublings;

	if (most > SECONDS(60))
		most = SECONDS(60);
	return choose_range(m->host->choices, most / 2, most,
	    "%s: metadata back-off", m->host->name);
}

static void failed_once(struct metadata *m)
{
	m->failures++;
	timer_set(&m->again, m->host->loop, wait_before(m));
	if (m->trouble)
		m->trouble(m->trouble_ctx);
}

static bool is_passing(int status)
{
	return status >= 500 || status == 408 || status == 429;
}

static void answered(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct metadata *m = ctx;
	metadata_fn *fn = m->fn;

	m->call = NULL;
	if (err)
		log_info(m->host, "metadata service: %s", err->text);
	else if (is_passing(answer->status))
		log_info(m->host, "metadata service: %d", answer->status);
	if (err || is_passing(answer->status)) {
		failed_once(m);
		return;
	}
	m->failures = 0;
	m->fn = NULL;
	if (m->trouble)
		m->trouble(m->trouble_ctx);
	fn(m->ctx, answer);
}

static void send_it(struct metadata *m)
{
	static const struct call_handler handler = { .done = answered };
	const struct dial dial = {
		.host = m->offer.metadata_host,
		.port = m->offer.metadata_port,
		.tls = m->offer.metadata_ca_pem != NULL,
		.ca_pem = m->offer.metadata_ca_pem,
	};
	const struct call_options options = { .timeout_for = SECONDS(30) };
	struct http_request request = { 0 };

	http_request_copy(&request, &m->request);
	sign(m, &request);
	m->call = net_send(
	    m->host->net, &dial, &request, &options, &handler, m);
}

static void try_again(struct timer *timer)
{
	send_it(OWNER_OF(timer, struct metadata, again));
}

static void begin(struct metadata *m, metadata_fn *fn, void *ctx)
{
	check(m->fn == NULL); /* one at a time */
	m->fn = fn;
	m->ctx = ctx;
	m->failures = 0;
	send_it(m);
}

void metadata_get(
    struct metadata *metadata, const char *what, metadata_fn *fn, void *ctx)
{
	http_request_free(&metadata->request);
	http_request_set(
	    &metadata->request, "GET", "/MAAS/metadata/2012-03-01/%s", what);
	begin(metadata, fn, ctx);
}

void metadata_tell(struct metadata *metadata, const char *op,
    const char *status, const char *error, metadata_fn *fn, void *ctx)
{
	struct http_request *request = &metadata->request;
	struct form form = { 0 };

	http_request_free(request);
	http_request_set(request, "POST", "/MAAS/metadata/2012-03-01/");
	form_add(&form, "op", op);
	if (status)
		form_add(&form, "status", status);
	if (error)
		form_add(&form, "error", error);
	form_write_urlencoded(&form, &request->body);
	form_free(&form);
	http_header_set(&request->headers, "Content-Type",
	    "application/x-www-form-urlencoded");
	begin(metadata, fn, ctx);
}
