/*
 * site: a MAAS that can be asked, whoever it is.
 *
 * Two makers: a real server over the network (site_remote_new), and our fake
 * in a little simulated world of its own (site_fake_new), where waiting costs
 * nothing. What is asked of one can be asked of the other, word for word.
 *
 * This client is not the engine's (capi/maas_client.h): that one signs with
 * HMAC-SHA1, sorts answers into kinds and shows no headers, while here answers
 * are looked at whole, and the signature itself may be what is tried out.
 *
 * Calls are made one after the other: site_ask returns with the answer. Until
 * site_may_write, nothing but GET, HEAD and OPTIONS leaves: that is checked
 * here, below everything that could have a bug.
 */
#ifndef COMPAT_SITE_H
#define COMPAT_SITE_H

#include "base/host.h"

struct site;

/* ---- a real server ---- */

struct site_account {
	const char *url;       /* http://maas.lab:5240/MAAS */
	const char *key;       /* consumer:token:secret */
	const char *other_key; /* of a second user; NULL: none */
	const char *ca_pem;    /* whom to trust; needed for https */
	const char *proxy;     /* http://host:port, or NULL */
	usec timeout_for;      /* of one request; 0: 120 s */
};

struct reactor;

/* The host is a real one on this reactor; both outlive the site. A first
 * signal to stop (site_stop) ends the request under way with an error. NULL
 * and *err for an address or a key that cannot be one. */
struct site *site_remote_new(struct reactor *reactor, struct host *host,
    const struct site_account *account, struct err *err);
/* Somebody wants to stop: the request under way, and each one from now on,
 * fails with ERR_GONE, until site_resume. */
void site_stop(struct site *site);
bool site_is_stopped(const struct site *site);
void site_resume(struct site *site); /* to tidy up */

/* ---- the fake ---- */

struct site_fake {
	const char *version;     /* 3.4 ... */
	const json_t *inventory; /* docs/inventory.md */
	const char *user;        /* who asks */
	bool admin;
	const char *other; /* a second user, no administrator; or NULL */
};
struct site *site_fake_new(const struct site_fake *fake, struct err *err);

void site_free(struct site **site);

/* ---- asking ---- */

/* Who a request is from: a key, or nobody. */
struct site_key {
	const char *consumer, *token, *secret;
};

struct site_ask {
	const char *method;
	/* Below .../api/2.0/; or, with a leading slash, below the URL. */
	const char *path;
	const char *form; /* urlencoded; NULL: no body */
	/* Any other body. */
	const char *type, *body;
	const char *accept; /* an Accept header; NULL: none */
	bool unsigned_;     /* nobody asks */
	/* A whole Authorization header instead of ours. */
	const char *authorization;
};

/* False: no answer came (the sentence says why). The answer is the caller's:
 * http_response_free. */
bool site_ask(struct site *site, const struct site_ask *ask,
    struct http_response *answer, struct err *err);
/* GET, which must be answered with 200 and JSON; new. NULL and *err. */
json_t *site_read(struct site *site, const char *path, struct err *err);

void site_may_write(struct site *site);
/* Let time pass. False if somebody wanted to stop. */
bool site_wait(struct site *site, usec wait_for);
usec site_time(const struct site *site); /* as the server sees it, in seconds */
const struct site_key *site_key(const struct site *site);
const struct site_key *site_other_key(const struct site *site); /* or NULL */
/* A fresh text that no request had before. */
void site_nonce(struct site *site, char out[33]);
/* OAuth PLAINTEXT with this key, now. free() it. */
char *site_sign(struct site *site, const struct site_key *key);
/* Where its API is, as its answers say it: "/MAAS". */
const char *site_root(const struct site *site);
/* As the answers' resource_uri say it: http://host:port */
const char *site_origin(const struct site *site);
struct host *site_host(struct site *site);

#endif
