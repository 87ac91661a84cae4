/*
 * maas_client: MAAS API 2.0 as the provider uses it.
 *
 * Each attempt is signed anew (HMAC-SHA1, fresh nonce and time: X-003); every
 * call has a time-out (95 s for changes, because MAAS may try for 90 s itself:
 * X-017; 30 s for reads); TLS is verified. Nothing is repeated here:
 * the controllers decide, after reading.
 */
#ifndef CAPI_MAAS_CLIENT_H
#define CAPI_MAAS_CLIENT_H

#include <jansson.h>

#include "base/host.h"
#include "base/url.h"

struct maas_client;
struct maas_call;

struct maas_account {
	const char *endpoint; /* http://maas.lab:5240/MAAS; final / is cut */
	const char *api_key;  /* consumer:token:secret */
	const char *ca_pem;   /* NULL for plain http */
	const struct proxy_settings *proxies; /* or NULL */
};

enum maas_answer_kind {
	MAAS_OK,          /* 2xx */
	MAAS_NO_CAPACITY, /* 409 of allocate without Retry-After */
	MAAS_BUSY,        /* 409 or 503 with Retry-After */
	MAAS_DENIED,      /* 401, 403 */
	MAAS_NOT_FOUND,   /* 404 */
	MAAS_REFUSED,     /* any other 4xx: repeating will not help */
	MAAS_FAILED,      /* 5xx: state unknown, read first */
	MAAS_UNREACHED,   /* nothing happened there */
	MAAS_UNKNOWN,     /* sent, no (intelligible) answer: read first */
};
struct maas_answer {
	enum maas_answer_kind kind;
	int status;           /* 0: none */
	usec retry_after_for; /* MAAS_BUSY */
	const json_t *body;   /* NULL if it was no JSON */
	const char *text;     /* how the body begins, or the error's sentence */
	usec clock_ahead_for; /* server's Date minus our clock; 0: unknown */
};
typedef void maas_fn(void *ctx, const struct maas_answer *answer);

/* NULL and *err for an endpoint or key that cannot be one. */
/* Can it be one: CONSUMER:TOKEN:SECRET? False and a sentence without it. */
bool maas_api_key_judge(const char *key, struct err *err);
struct maas_client *maas_client_new(
    struct host *host, const struct maas_account *account, struct err *err);
void maas_client_free(struct maas_client **client); /* cancels its calls */
/* The key was replaced: used from the next call on. */
bool maas_client_set_key(
    struct maas_client *client, const char *api_key, struct err *err);

/* path below /api/2.0/, with query: "machines/?agent_name=x". params is a flat
 * list key, value, ..., NULL and may be NULL: the form body. */
struct maas_call *maas_send(struct maas_client *client, const char *method,
    const char *path, const char *const *params, maas_fn *fn, void *ctx);
void maas_cancel(struct maas_call **call);
const char *maas_answer_name(enum maas_answer_kind kind);

/* The OAuth 1.0 signature base string and signature, for tests. */
char *maas_oauth_header(const char *method, const char *url,
    const char *const *params, const char *api_key, const char *nonce,
    long long timestamp);

#endif
