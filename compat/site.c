#include "compat/site_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"

#define USUAL_TIMEOUT_FOR SECONDS(120)
/* Thousands of machines come in one answer. */
#define MOST_BYTES ((size_t)1 << 30)

/* "consumer:token:secret": three parts that are not empty; points into room,
 * which is a copy of the text. */
static bool parse_key(
    const char *text, char **room, struct site_key *key, struct err *err)
{
	char *first, *second;

	*room = xstrdup(text);
	first = strchr(*room, ':');
	second = first ? strchr(first + 1, ':') : NULL;
	if (!second || strchr(second + 1, ':') || first == *room ||
	    second == first + 1 || !second[1]) {
		free(*room);
		*room = NULL;
		return err_set(err, ERR_INPUT,
		    "the API key must have three parts, "
		    "CONSUMER:TOKEN:SECRET, as MAAS shows it");
	}
	*first = *second = '\0';
	*key = (struct site_key){ *room, first + 1, second + 1 };
	return true;
}

/* ---- life ---- */

static bool take_key(struct site *site, const char *text, char **room,
    struct site_key *key, struct err *err)
{
	if (!parse_key(text, room, key, err))
		return false;
	if (strlen(key->secret) < 6)
		return true;
	secrets_add(site->host->secrets, "MAAS API key", text);
	secrets_add(site->host->secrets, "MAAS token", key->secret);
	return true;
}

/* People copy what they see: the address of the API, or of the host alone. */
static void usual_path(struct url *url)
{
	static const char API[] = "/api/2.0";
	size_t len = strlen(url->path), tail = sizeof(API) - 1;

	if (len >= tail && strcmp(url->path + len - tail, API) == 0)
		url->path[len - tail] = '\0';
	if (*url->path)
		return;
	free(url->path);
	url->path = xstrdup("/MAAS");
}

bool site_init(struct site *site, const struct site_ops *ops, struct host *host,
    const struct site_account *account, struct err *err)
{
	const struct url *url = &site->url;

	site->ops = ops;
	site->host = host;
	if (!url_parse(&site->url, account->url, err))
		return false;
	usual_path(&site->url);
	if (url->tls && !account->ca_pem)
		return err_set(err, ERR_INPUT,
		    "%s is https: say with --ca FILE which certificate "
		    "authority to trust",
		    account->url);
	if (!take_key(site, account->key, &site->key_room, &site->key, err))
		return false;
	if (account->other_key && !take_key(site, account->other_key,
	                              &site->other_room, &site->other, err))
		return err_prefix(err, "the second user: ");
	site->origin = xasprintf(
	    "%s://%s:%u", url->tls ? "https" : "http", url->host, url->port);
	site->ca_pem = account->ca_pem ? xstrdup(account->ca_pem) : NULL;
	site->proxy = account->proxy ? xstrdup(account->proxy) : NULL;
	site->timeout_for = account->timeout_for ? account->timeout_for
	                                         : USUAL_TIMEOUT_FOR;
	return true;
}

void site_finish(struct site *site)
{
	call_cancel(&site->call);
	url_free(&site->url);
	free(site->origin);
	free(site->ca_pem);
	free(site->proxy);
	free(site->key_room);
	free(site->other_room);
}

void site_free(struct site **site)
{
	if (*site)
		(*site)->ops->free(*site);
	*site = NULL;
}

void site_stop(struct site *site)
{
	site->stopped = true;
	site->ops->wake(site);
}

bool site_is_stopped(const struct site *site)
{
	return site->stopped;
}

void site_resume(struct site *site)
{
	site->stopped = false;
}

void site_may_write(struct site *site)
{
	site->may_write = true;
}

usec site_time(const struct site *site)
{
	return (host_time(site->host) + site->ahead_for) / USEC_PER_SEC;
}

const struct site_key *site_key(const struct site *site)
{
	return &site->key;
}

const struct site_key *site_other_key(const struct site *site)
{
	return site->other_room ? &site->other : NULL;
}

const char *site_root(const struct site *site)
{
	return site->url.path;
}

const char *site_origin(const struct site *site)
{
	return site->origin;
}

struct host *site_host(struct site *site)
{
	return site->host;
}

bool site_wait(struct site *site, usec wait_for)
{
	return !site->stopped && site->ops->wait(site, wait_for);
}

/* ---- signing ---- */

void site_nonce(struct site *site, char out[33])
{
	choose_text(site->host->choices, out, 32, "0123456789abcdef",
	    "%s: nonce", site->host->name);
}

char *site_sign(struct site *site, const struct site_key *key)
{
	char nonce[33];

	site_nonce(site, nonce);
	return xasprintf("OAuth oauth_version=\"1.0\", "
	                 "oauth_signature_method=\"PLAINTEXT\", "
	                 "oauth_consumer_key=\"%s\", oauth_token=\"%s\", "
	                 "oauth_signature=\"%%26%s\", oauth_nonce=\"%s\", "
	                 "oauth_timestamp=\"%lld\"",
	    key->consumer, key->token, key->secret, nonce,
	    (long long)site_time(site));
}

static void sign(
    struct site *site, const struct site_ask *ask, struct http_request *request)
{
	char *ours;

	if (ask->authorization) {
		http_header_set(
		    &request->headers, "Authorization", ask->authorization);
		return;
	}
	if (ask->unsigned_)
		return;
	ours = site_sign(site, &site->key);
	http_header_set(&request->headers, "Authorization", ours);
	free(ours);
}

/* ---- one request ---- */

static bool only_looks(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	       strcmp(method, "OPTIONS") == 0;
}

static void done(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct site *site = ctx;

	site->call = NULL;
	site->answered = true;
	site->failed = err != NULL;
	if (err)
		*site->err = *err;
	else
		http_response_copy(site->answer, answer);
	site->ops->wake(site);
}

static void compose(
    struct site *site, const struct site_ask *ask, struct http_request *request)
{
	bool below_url = *ask->path == '/';

	http_request_set(request, ask->method, "%s%s%s", site->url.path,
	    below_url ? "" : "/api/2.0/", ask->path);
	if (ask->form) {
		http_header_set(&request->headers, "Content-Type",
		    "application/x-www-form-urlencoded");
		buf_adds(&request->body, ask->form);
	} else if (ask->body) {
		http_header_set(&request->headers, "Content-Type", ask->type);
		buf_adds(&request->body, ask->body);
	}
	if (ask->accept)
		http_header_set(&request->headers, "Accept", ask->accept);
	sign(site, ask, request);
}

static bool interrupted(struct err *err)
{
	return err_set(err, ERR_GONE, "interrupted");
}

static bool exchange(struct site *site, const struct site_ask *ask,
    struct http_response *answer, struct err *err)
{
	static const struct call_handler handler = { .done = done };
	struct http_request request = { 0 };
	const struct dial dial = { .host = site->url.host,
		.port = site->url.port,
		.tls = site->url.tls,
		.proxy = site->proxy,
		.ca_pem = site->ca_pem };
	const struct call_options options = { .timeout_for = site->timeout_for,
		.max_body = MOST_BYTES };

	if (site->stopped)
		return interrupted(err);
	site->answer = answer;
	site->err = err;
	site->answered = site->failed = false;
	compose(site, ask, &request);
	site->call = net_send(
	    site->host->net, &dial, &request, &options, &handler, site);
	http_request_free(&request);
	while (!site->answered && !site->stopped)
		site->ops->turn(site);
	if (!site->answered) {
		call_cancel(&site->call);
		return interrupted(err);
	}
	return !site->failed;
}

/* "... given 1795246179 and now 1795246480 has a greater difference ..." */
static bool clock_is_off(struct site *site, const struct http_response *answer)
{
	const char *text = buf_text(&answer->body);
	const char *given = strstr(text, "Expired timestamp: given ");
	long long theirs, ours;

	if (answer->status != 401 || !given || site->ahead_for ||
	    sscanf(given, "Expired timestamp: given %lld and now %lld", &ours,
	        &theirs) != 2)
		return false;
	site->ahead_for = SECONDS(theirs - ours);
	log_warning(site->host,
	    "the clock of %s is %lld s ahead of ours; requests are signed with "
	    "its time from now on",
	    site->origin, theirs - ours);
	return true;
}

/* A server may close a kept connection just when the next request leaves. To
 * look again does no harm; what changes something is never repeated. */
static bool look_again(
    const struct site_ask *ask, const struct err *err, bool got)
{
	return !got && err->kind == ERR_LOST && only_looks(ask->method) &&
	       !ask->authorization;
}

bool site_ask(struct site *site, const struct site_ask *ask,
    struct http_response *answer, struct err *err)
{
	bool got;

	check(site->may_write || only_looks(ask->method));
	*answer = (struct http_response){ 0 };
	got = exchange(site, ask, answer, err);
	if (look_again(ask, err, got))
		got = exchange(site, ask, answer, err);
	if (!got)
		return false;
	if (ask->authorization || !clock_is_off(site, answer))
		return true;
	http_response_free(answer);
	return exchange(site, ask, answer, err);
}

/* ---- reading a document ---- */

/* The first line of what was said instead, short enough for a sentence. */
static void gist(const struct http_response *answer, char out[160])
{
	const char *text = buf_text(&answer->body);

	snprintf(out, 160, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static bool refused(
    const char *path, const struct http_response *answer, struct err *err)
{
	const char *elsewhere = http_header(&answer->headers, "Location");
	char why[160];

	gist(answer, why);
	if (answer->status == 401)
		return err_set(err, ERR_REFUSED,
		    "the server does not accept the API key (401 on %s): %s",
		    path, why);
	if (answer->status >= 300 && answer->status < 400)
		return err_set(err, ERR_REFUSED,
		    "GET %s is answered with %d, go to %.120s: is that the "
		    "address of a MAAS?",
		    path, answer->status, elsewhere ? elsewhere : "nowhere");
	return err_set(err, ERR_REFUSED, "GET %s is answered with %d: %s", path,
	    answer->status, why);
}

json_t *site_read(struct site *site, const char *path, struct err *err)
{
	const struct site_ask ask = { .method = "GET", .path = path };
	struct http_response answer;
	struct err why = { 0 };
	json_t *body = NULL;

	if (!site_ask(site, &ask, &answer, err))
		return NULL;
	if (answer.status != 200)
		refused(path, &answer, err);
	else
		body = json_parse(
		    buf_text(&answer.body), answer.body.len, &why);
	if (answer.status == 200 && !body)
		err_set(err, ERR_GARBLED,
		    "what is at %s%s does not answer as a MAAS: GET %s gave no "
		    "JSON (%.120s)",
		    site->origin, site->url.path, path, why.text);
	http_response_free(&answer);
	return body;
}
