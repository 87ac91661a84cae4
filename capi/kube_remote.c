/*
 * A Kubernetes API over the host's net: JSON over HTTPS, with a client
 * certificate or a bearer token.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/net.h"
#include "base/owner.h"
#include "capi/kube_inside.h"

#define REQUEST_FOR SECONDS(10)
/* The server ends a watch after this (30 min is what it does by default); when
 * it has not ended by a little later, its connection died without a word. One
 * watch of each client is shorter, and stands for the others: real clients
 * have all of them on one connection, and ping that. */
#define WATCH_FOR   MINUTES(30)
#define CANARY_FOR  MINUTES(5)
#define WATCH_SLACK SECONDS(10)

struct remote {
	struct kube kube;
	char *host, *connect_to, *ca_pem, *proxy, *authorization;
	struct identity *identity; /* or NULL */
	struct dial dial;          /* points to the above */
	usec timeout_for;
	struct remote_watch *canary; /* the short watch; or NULL */
};

struct remote_call {
	struct kube_call call;
	struct call *http;
};

struct remote_watch {
	struct kube_watch watch;
	struct remote *remote;
	struct call *http;
	struct timer limit;
	int status;     /* of the head; 0: not here yet */
	bool expired;   /* the server said so in mid-stream */
	struct err err; /* an ERROR event, or a line that cannot be read */
};

static struct remote *remote_of(struct kube *kube)
{
	return OWNER_OF(kube, struct remote, kube);
}

static void build(struct remote *r, struct http_request *request,
    const char *method, const char *path, const json_t *body)
{
	http_request_set(request, method, "%s", path);
	http_header_set(&request->headers, "Accept", "application/json");
	if (r->authorization)
		http_header_set(
		    &request->headers, "Authorization", r->authorization);
	if (!body)
		return;
	http_request_json(request, json_clone(body));
	http_header_set(
	    &request->headers, "Content-Type", kube_content_type(method));
}

/* ---- calls ---- */

static void call_free(struct kube_call *call)
{
	struct remote_call *c = OWNER_OF(call, struct remote_call, call);

	call_cancel(&c->http);
	free(c);
}

static bool is_json(const struct http_response *answer)
{
	const char *type = http_header(&answer->headers, "Content-Type");

	return type && strncmp(type, "application/json", 16) == 0;
}

static void answered(
    void *ctx, const struct http_response *response, const struct err *err)
{
	struct remote_call *c = ctx;
	struct kube_answer answer = { .err = err };
	struct err garbled;
	json_t *body = NULL;

	c->http = NULL;
	if (response) {
		answer.status = response->status;
		if (is_json(response))
			body = json_parse(buf_text(&response->body),
			    response->body.len, &garbled);
		if (is_json(response) && !body) {
			garbled.kind = ERR_GARBLED;
			answer = (struct kube_answer){ .err = &garbled };
		}
	}
	answer.body = body;
	kube_call_answer(&c->call, &answer);
	json_decref(body);
}

static struct kube_call *send_call(
    struct kube *kube, const char *method, const char *path, const json_t *body)
{
	static const struct call_handler handler = { .done = answered };
	struct remote *r = remote_of(kube);
	struct remote_call *c = xcalloc(1, sizeof(*c));
	struct call_options options = { .timeout_for = r->timeout_for };
	struct http_request request = { 0 };

	build(r, &request, method, path, body);
	c->http = net_send(
	    kube->host->net, &r->dial, &request, &options, &handler, c);
	return &c->call;
}

/* ---- watches ---- */

/* From here on another may be the canary. */
static void leave_post(struct remote_watch *w)
{
	if (w->remote->canary == w)
		w->remote->canary = NULL;
}

static void watch_free(struct kube_watch *watch)
{
	struct remote_watch *w = OWNER_OF(watch, struct remote_watch, watch);

	leave_post(w);
	timer_cancel(&w->limit);
	call_cancel(&w->http);
	free(w);
}

static void heard_head(void *ctx, const struct http_response *head)
{
	struct remote_watch *w = ctx;

	w->status = head->status;
}

static void heard_error(struct remote_watch *w, const json_t *status)
{
	w->expired = jint(status, "code") == 410;
	err_set(&w->err, ERR_REFUSED, "the watch ended: %s",
	    jstr(status, "message"));
}

static void heard_line(void *ctx, const char *line, size_t len)
{
	struct remote_watch *w = ctx;
	struct err garbled;
	const char *type;
	json_t *event;

	/* After the first line that is none nothing can be believed. */
	if (w->status != 200 || w->err.kind)
		return;
	event = json_parse(line, len, &garbled);
	type = jstr(event, "type");
	if (!event || !*type)
		err_set(&w->err, ERR_GARBLED,
		    "a line of a watch cannot be read: %s",
		    event ? "it has no type" : garbled.text);
	else if (strcmp(type, "ERROR") == 0)
		heard_error(w, jget(event, "object"));
	else
		kube_watch_event(&w->watch, type, jget(event, "object"));
	/* w may be gone now. */
	json_decref(event);
}

static void stream_ended(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct remote_watch *w = ctx;
	struct err refused;

	w->http = NULL;
	if (answer && !w->status)
		w->status = answer->status;
	if (!err && w->err.kind)
		err = &w->err;
	if (!err && w->status != 200) {
		err_set(&refused, ERR_REFUSED,
		    "the watch was refused with status %d", w->status);
		err = &refused;
	}
	leave_post(w); /* to the one that follows */
	kube_watch_end(&w->watch, err, w->expired || w->status == 410);
}

/* Each in a turn of its own: what one end leads to may end the others. */
static void lose_the_others(struct remote_watch *canary)
{
	struct remote *r = canary->remote;

	list_each(&r->kube.watches, struct kube_watch, in_kube, watch)
	{
		struct remote_watch *w = OWNER_OF(
		    watch, struct remote_watch, watch);

		if (w != canary)
			timer_set(&w->limit, r->kube.host->loop, 0);
	}
}

static void silent_too_long(struct timer *timer)
{
	struct remote_watch *w = OWNER_OF(timer, struct remote_watch, limit);
	struct err err;

	if (w->remote->kube.host->dead)
		return;
	if (w->remote->canary == w)
		lose_the_others(w);
	leave_post(w);
	call_cancel(&w->http);
	err_set(&err, ERR_TIMEOUT,
	    "the watch did not end when it should: its connection is dead");
	kube_watch_end(&w->watch, &err, false);
}

static struct kube_watch *start_watch(
    struct kube *kube, const char *kind, const char *ns, uint64_t from_version)
{
	static const struct call_handler handler = { heard_head, heard_line,
		stream_ended };
	struct remote *r = remote_of(kube);
	struct remote_watch *w = xcalloc(1, sizeof(*w));
	struct call_options options = { .timeout_for = r->timeout_for,
		.stream = true,
		.background = true };
	struct http_request request = { 0 };
	usec watch_for = r->canary ? WATCH_FOR : CANARY_FOR;
	char *path = kind_path(kind, ns, NULL, NULL);
	struct buf target = BUF_INIT;

	w->remote = r;
	r->canary = r->canary ? r->canary : w;
	buf_add_texts(&target, path,
	    "?watch=true&allowWatchBookmarks=true&resourceVersion=");
	buf_addn(&target, (int64_t)from_version);
	buf_adds(&target, "&timeoutSeconds=");
	buf_addn(&target, watch_for / USEC_PER_SEC);
	build(r, &request, "GET", buf_text(&target), NULL);
	timer_init(&w->limit, silent_too_long);
	timer_set(&w->limit, kube->host->loop, watch_for + WATCH_SLACK);
	w->http = net_send(
	    kube->host->net, &r->dial, &request, &options, &handler, w);
	free(path);
	buf_free(&target);
	return &w->watch;
}

/* ---- life ---- */

static void free_remote(struct kube *kube)
{
	struct remote *r = remote_of(kube);

	identity_free(&r->identity);
	free(r->host);
	free(r->connect_to);
	free(r->ca_pem);
	free(r->proxy);
	free(r->authorization);
	free(r);
}

static const struct kube_ops remote_ops = { send_call, call_free, start_watch,
	watch_free, free_remote };

static void keep_token(struct remote *r, const char *token)
{
	if (!token || !*token)
		return;
	secrets_add_foreign(r->kube.host->secrets, "bearer token", token);
	r->authorization = xasprintf("Bearer %s", token);
}

struct kube *kube_remote(struct host *host,
    const struct kube_remote_options *options, struct err *err)
{
	struct remote *r;
	struct identity *identity = NULL;

	check(options->host);
	check(host->net);
	if (options->cert_pem && options->key_pem) {
		identity = identity_from_pem(
		    options->cert_pem, options->key_pem, err);
		if (!identity)
			return NULL;
		secrets_add(host->secrets, "client key", options->key_pem);
	}
	r = xcalloc(1, sizeof(*r));
	r->kube.ops = &remote_ops;
	r->kube.host = host;
	r->host = xstrdup(options->host);
	r->connect_to = xstrdup(options->connect_to);
	r->ca_pem = xstrdup(options->ca_pem);
	r->proxy = xstrdup(options->proxy);
	r->identity = identity;
	keep_token(r, options->token);
	r->timeout_for = options->timeout_for ? options->timeout_for
	                                      : REQUEST_FOR;
	r->dial = (struct dial){
		.host = r->host,
		.port = options->port,
		.tls = r->ca_pem != NULL,
		.proxy = r->proxy,
		.ca_pem = r->ca_pem,
		.identity = r->identity,
		.connect_to = r->connect_to,
	};
	return &r->kube;
}
