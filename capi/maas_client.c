#include "capi/maas_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "base/json_recent.h"
#include "base/log.h"
#include "base/secrets.h"

/* MAAS repeats a transaction for up to 90 s before it answers. */
#define CHANGE_TIMEOUT_FOR SECONDS(95)
/* From 3.5 on it waits for the BMC as well, for five minutes at most. */
#define POWER_TIMEOUT_FOR (MINUTES(5) + SECONDS(30))
#define TEXT_MAX          1024 /* of an answer, for people */
#define READ_TIMEOUT_FOR  SECONDS(30)
/* A server's Date has no fractions and is as old as the answer's way; only a
 * difference above this is a wrong clock (X-013: MAAS refuses 300 s). */
#define CLOCK_SLACK_FOR SECONDS(30)

struct maas_client {
	struct host *host;
	struct url url;
	char *api_key;
	char *ca_pem;
	struct proxy_settings proxies;
	usec clock_ahead_for;       /* as last seen; 0 when within the slack */
	struct maas_call *calls;    /* those under way, by ->next */
	struct json_recent answers; /* a machine seldom changes */
};

struct maas_call {
	struct maas_client *client;
	struct call *call;
	maas_fn *fn;
	void *ctx;
	bool is_allocate;
	struct maas_call *next, **link;
};

bool maas_api_key_judge(const char *key, struct err *err)
{
	unsigned colons = 0;
	const char *part = key;

	for (const char *p = key; key; p++) {
		if (*p != ':' && *p != '\0')
			continue;
		if (p == part)
			return err_set(err, ERR_INPUT,
			    "the MAAS API key has an empty part; it reads "
			    "CONSUMER:TOKEN:SECRET");
		if (*p == '\0')
			break;
		colons++;
		part = p + 1;
	}
	if (!key || colons != 2)
		return err_set(err, ERR_INPUT,
		    "the MAAS API key must have three parts, "
		    "CONSUMER:TOKEN:SECRET");
	return true;
}

bool maas_client_set_key(
    struct maas_client *client, const char *api_key, struct err *err)
{
	const char *secret;

	if (!maas_api_key_judge(api_key, err))
		return false;
	free(client->api_key);
	client->api_key = xstrdup(api_key);
	secret = strrchr(client->api_key, ':') + 1;
	secrets_add_foreign(client->host->secrets, "MAAS API key", api_key);
	secrets_add_foreign(client->host->secrets, "MAAS token", secret);
	return true;
}

struct maas_client *maas_client_new(
    struct host *host, const struct maas_account *account, struct err *err)
{
	struct maas_client *client = xcalloc(1, sizeof(*client));

	client->host = host;
	if (!account->endpoint ||
	    !url_parse(&client->url, account->endpoint, err)) {
		if (!account->endpoint)
			err_set(
			    err, ERR_INPUT, "the MAAS account has no endpoint");
		err_prefix(err, "MAAS endpoint: ");
		free(client);
		return NULL;
	}
	if (client->url.tls && (!account->ca_pem || !account->ca_pem[0])) {
		err_set(err, ERR_INPUT,
		    "MAAS endpoint %s is https, but no CA certificate was "
		    "given to verify it with",
		    account->endpoint);
		maas_client_free(&client);
		return NULL;
	}
	if (!maas_client_set_key(client, account->api_key, err)) {
		maas_client_free(&client);
		return NULL;
	}
	client->ca_pem = xstrdup(account->ca_pem);
	if (account->proxies)
		proxy_settings_copy(&client->proxies, account->proxies);
	return client;
}

static void call_unlink(struct maas_call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
}

void maas_cancel(struct maas_call **call)
{
	if (!*call)
		return;
	call_unlink(*call);
	call_cancel(&(*call)->call);
	free(*call);
	*call = NULL;
}

void maas_client_free(struct maas_client **client)
{
	if (!*client)
		return;
	while ((*client)->calls) {
		struct maas_call *call = (*client)->calls;

		maas_cancel(&call);
	}
	url_free(&(*client)->url);
	free((*client)->api_key);
	free((*client)->ca_pem);
	proxy_settings_free(&(*client)->proxies);
	json_recent_free(&(*client)->answers);
	free(*client);
	*client = NULL;
}

static const char *const answer_names[] = {
	[MAAS_OK] = "ok",
	[MAAS_NO_CAPACITY] = "no capacity",
	[MAAS_BUSY] = "busy",
	[MAAS_DENIED] = "denied",
	[MAAS_NOT_FOUND] = "not found",
	[MAAS_REFUSED] = "refused",
	[MAAS_FAILED] = "failed",
	[MAAS_UNREACHED] = "unreached",
	[MAAS_UNKNOWN] = "unknown",
};

const char *maas_answer_name(enum maas_answer_kind kind)
{
	return answer_names[kind];
}

/* "Sat, 21 Nov 2026 07:44:11 GMT" */
static bool http_date_parse(const char *text, usec *time)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int day, year, hour, minute, second;
	char month[4], iso[48];

	if (sscanf(text, "%*3s, %d %3s %d %d:%d:%d", &day, month, &year, &hour,
	        &minute, &second) != 6)
		return false;
	for (int i = 0; i < 12; i++) {
		if (strcmp(months[i], month) != 0)
			continue;
		snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ",
		    year, i + 1, day, hour, minute, second);
		return time_parse(iso, time);
	}
	return false;
}

/* the server's clock counts, because it judges our timestamps. */
static usec clock_ahead(struct maas_client *client, const char *date)
{
	usec theirs, ahead_for;

	if (!date || !http_date_parse(date, &theirs))
		return 0;
	ahead_for = theirs - host_time(client->host);
	if (ahead_for > -CLOCK_SLACK_FOR && ahead_for < CLOCK_SLACK_FOR)
		ahead_for = 0;
	if (ahead_for && !client->clock_ahead_for)
		log_warning(client->host,
		    "the clock of MAAS at %s differs from ours by %lld s; "
		    "requests are signed with its time",
		    client->url.host, (long long)(ahead_for / USEC_PER_SEC));
	client->clock_ahead_for = ahead_for;
	return ahead_for;
}

static enum maas_answer_kind classify(
    int status, bool has_retry_after, bool is_allocate)
{
	if (status >= 200 && status < 300)
		return MAAS_OK;
	if ((status == 409 || status == 503 || status == 429) &&
	    has_retry_after)
		return MAAS_BUSY;
	if (status == 409 && is_allocate)
		return MAAS_NO_CAPACITY;
	if (status == 401 || status == 403)
		return MAAS_DENIED;
	if (status == 404)
		return MAAS_NOT_FOUND;
	if (status >= 500)
		return MAAS_FAILED;
	return MAAS_REFUSED; /* redirects too: no POST follows one */
}

static usec retry_after(const char *value)
{
	long seconds = value ? strtol(value, NULL, 10) : 0;

	if (seconds < 1) /* a date, or nonsense: MAAS says 5 where it says so */
		seconds = 5;
	return SECONDS(seconds > 600 ? 600 : seconds);
}

static void answer_body(struct maas_client *client, struct maas_answer *out,
    const struct http_response *answer, json_t **body, struct buf *text)
{
	const char *type = http_header(&answer->headers, "Content-Type");
	const char *location = http_header(&answer->headers, "Location");
	struct err ignored;

	if (type && strncasecmp(type, "application/json", 16) == 0) {
		*body = json_recent_parse(&client->answers,
		    buf_text(&answer->body), answer->body.len, &ignored);
		/* Something between here and there broke it to pieces: what
		 * was asked for may have been done. */
		if (!*body && out->kind == MAAS_OK)
			out->kind = MAAS_UNKNOWN;
	}
	if (out->status >= 300 && out->status < 400)
		buf_addf(text,
		    "MAAS has moved to %s; change the endpoint of "
		    "the account",
		    location ? location : "somewhere else");
	else
		buf_add(text, buf_text(&answer->body),
		    strnlen(buf_text(&answer->body), TEXT_MAX));
	if (text->data)
		text_mend(text->data);
	out->body = *body;
	out->text = buf_text(text);
}

static void tell(struct maas_call *call, const struct maas_answer *answer)
{
	call_unlink(call);
	call->fn(call->ctx, answer);
	free(call);
}

static void call_done(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct maas_call *call = ctx;
	struct maas_answer out = { 0 };
	struct buf text = BUF_INIT;
	json_t *body = NULL;
	const char *retry;

	call->call = NULL;
	if (err) {
		out.kind = err->kind == ERR_UNREACHED ||
		                   err->kind == ERR_UNTRUSTED
		               ? MAAS_UNREACHED
		               : MAAS_UNKNOWN;
		out.text = err->text;
		tell(call, &out);
		return;
	}
	retry = http_header(&answer->headers, "Retry-After");
	out.status = answer->status;
	out.kind = classify(answer->status, retry != NULL, call->is_allocate);
	if (out.kind == MAAS_BUSY)
		out.retry_after_for = retry_after(retry);
	out.clock_ahead_for = clock_ahead(
	    call->client, http_header(&answer->headers, "Date"));
	answer_body(call->client, &out, answer, &body, &text);
	tell(call, &out);
	json_decref(body);
	buf_free(&text);
}

static char *full_url(const struct maas_client *client, const char *target)
{
	const struct url *url = &client->url;
	bool usual = url->port == (url->tls ? 443 : 80);
	struct buf out = BUF_INIT;

	buf_addf(&out, "%s://%s", url->tls ? "https" : "http", url->host);
	if (!usual)
		buf_addf(&out, ":%u", url->port);
	buf_adds(&out, target);
	return buf_detach(&out);
}

/* a nonce and a time of its own for each attempt. */
static void sign_request(struct maas_client *client,
    struct http_request *request, const char *const *params)
{
	char *url = full_url(client, request->target);
	char nonce[33], *header;
	usec time = host_time(client->host) + client->clock_ahead_for;

	choose_text(client->host->choices, nonce, 32, "0123456789abcdef",
	    "%s: MAAS nonce", client->host->name);
	header = maas_oauth_header(request->method, url, params,
	    client->api_key, nonce, (long long)(time / USEC_PER_SEC));
	http_header_set(&request->headers, "Authorization", header);
	free(header);
	free(url);
}

static void form_body(struct http_request *request, const char *const *params)
{
	struct form form = { 0 };

	for (; params && params[0]; params += 2)
		form_add(&form, params[0], params[1]);
	if (form.count == 0)
		return;
	form_write_urlencoded(&form, &request->body);
	http_header_set(&request->headers, "Content-Type",
	    "application/x-www-form-urlencoded");
	form_free(&form);
}

static usec timeout_of(const char *method, const char *path)
{
	if (strcmp(method, "GET") == 0)
		return READ_TIMEOUT_FOR;
	if (strstr(path, "op=deploy") || strstr(path, "op=release"))
		return POWER_TIMEOUT_FOR;
	return CHANGE_TIMEOUT_FOR;
}

struct maas_call *maas_send(struct maas_client *client, const char *method,
    const char *path, const char *const *params, maas_fn *fn, void *ctx)
{
	static const struct call_handler handler = { .done = call_done };
	struct maas_call *call = xcalloc(1, sizeof(*call));
	struct http_request request = { 0 };
	const struct dial dial = {
		.host = client->url.host,
		.port = client->url.port,
		.tls = client->url.tls,
		.proxy = proxy_for(&client->proxies, client->url.tls,
		    client->url.host, client->url.port),
		.ca_pem = client->ca_pem,
	};
	const struct call_options options = {
		.timeout_for = timeout_of(method, path),
		.background = strcmp(method, "GET") == 0,
	};

	call->client = client;
	call->fn = fn;
	call->ctx = ctx;
	call->is_allocate = strstr(path, "op=allocate") != NULL;
	call->next = client->calls;
	call->link = &client->calls;
	if (call->next)
		call->next->link = &call->next;
	client->calls = call;

	http_request_set(
	    &request, method, "%s/api/2.0/%s", client->url.path, path);
	form_body(&request, params);
	sign_request(client, &request, params);
	call->call = net_send(
	    client->host->net, &dial, &request, &options, &handler, call);
	http_request_free(&request);
	return call;
}
