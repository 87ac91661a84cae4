#include "sim/maas/ask.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/oauth_header.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"

/* Timestamps may be this old, and as far in the future as they like. */
#define OLDEST_SECONDS 300

static const char *const required[] = { "oauth_consumer_key", "oauth_token",
	"oauth_signature", "oauth_signature_method", "oauth_timestamp",
	"oauth_nonce" };
#define REQUIRED_COUNT (sizeof(required) / sizeof(required[0]))

/* ---- the parameters ---- */

/* All of them named somewhere in the header: a search for substrings, which
 * is also how oauth_signature_method stands in for oauth_signature. */
static bool header_names_all(const char *header)
{
	for (size_t i = 0; i < REQUIRED_COUNT; i++)
		if (!header || !strstr(header, required[i]))
			return false;
	return true;
}

/* The header's own values of what is asked for again and again. */
static const char *const kept[OAUTH_KEPT] = { "oauth_consumer_key",
	"oauth_token", "oauth_signature", "oauth_signature_method",
	"oauth_timestamp", "oauth_nonce", "oauth_version" };

static bool header_has_all(struct ask *ask)
{
	const char *header = http_header(
	    &ask->request->headers, "Authorization");

	if (ask->oauth_read)
		return ask->oauth_in_header;
	ask->oauth_read = true;
	ask->oauth_in_header = header_names_all(header);
	if (ask->oauth_in_header)
		maas_oauth_parameters(header, kept, OAUTH_KEPT, ask->oauth);
	return ask->oauth_in_header;
}

static const char *in_parameters(const struct ask *ask, const char *name)
{
	const char *value = maas_query(ask, name);

	return value ? value : maas_field(ask, name);
}

static bool parameters_have_all(const struct ask *ask)
{
	for (size_t i = 0; i < REQUIRED_COUNT; i++)
		if (!in_parameters(ask, required[i]))
			return false;
	return true;
}

/* NULL: it is not there. */
static const char *parameter(struct ask *ask, const char *name)
{
	if (!header_has_all(ask))
		return in_parameters(ask, name);
	for (size_t i = 0; i < OAUTH_KEPT; i++)
		if (strcmp(kept[i], name) == 0)
			return ask->oauth[i];
	unreachable("a parameter of the header that is not kept");
}

/* ---- nonces ---- */

static struct nonce nonce_of(struct ask *ask)
{
	const char *consumer = parameter(ask, "oauth_consumer_key");
	const char *token = parameter(ask, "oauth_token");
	const char *nonce = parameter(ask, "oauth_nonce");
	struct buf text = BUF_INIT;
	struct nonce digest;

	buf_add_texts(&text, consumer ? consumer : "", " ", token ? token : "",
	    " ", nonce ? nonce : "");
	digest = maas_nonce(text.data);
	buf_free(&text);
	return digest;
}

void maas_oauth_commit(struct ask *ask)
{
	if (ask->key)
		maas_nonce_use(
		    &ask->maas->nonces, ask->nonce, maas_time(ask->maas));
}

/* ---- signatures ---- */

struct signed_pair {
	char *name, *value; /* percent-encoded */
};

struct base_string {
	struct signed_pair *pairs;
	size_t count;
};

static char *encoded(const char *text)
{
	struct buf out = BUF_INIT;

	buf_add_percent(&out, text);
	return out.data ? buf_detach(&out) : xstrdup("");
}

static void sign_pair(
    struct base_string *base, const char *name, const char *value)
{
	base->pairs = xrealloc(
	    base->pairs, (base->count + 1) * sizeof(*base->pairs));
	base->pairs[base->count].name = encoded(name);
	base->pairs[base->count++].value = encoded(value);
}

static int pair_order(const void *a, const void *b)
{
	const struct signed_pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

/* oauth_* of the header but for the signature. */
static void sign_header(struct base_string *base, const char *header)
{
	static const char *const names[] = { "oauth_consumer_key",
		"oauth_token", "oauth_signature_method", "oauth_timestamp",
		"oauth_nonce", "oauth_version", "oauth_callback",
		"oauth_verifier" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *value = maas_oauth_parameter(header, names[i]);

		if (value)
			sign_pair(base, names[i], value);
		free(value);
	}
}

static bool named_before(const struct form *form, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(form->fields[i].name, form->fields[at].name) == 0)
			return true;
	return false;
}

static bool named_again(const struct form *form, size_t at)
{
	for (size_t i = at + 1; i < form->count; i++)
		if (strcmp(form->fields[i].name, form->fields[at].name) == 0)
			return true;
	return false;
}

/* Of a query the first value counts and blank ones do not; of a POST body the
 * last value counts. PUT and DELETE bodies are not signed. */
static void sign_forms(struct base_string *base, const struct ask *ask)
{
	const struct form *query = &ask->query, *body = &ask->body.form;

	for (size_t i = 0; i < query->count; i++)
		if (*query->fields[i].value && !named_before(query, i) &&
		    strcmp(query->fields[i].name, "oauth_signature") != 0)
			sign_pair(base, query->fields[i].name,
			    query->fields[i].value);
	if (strcmp(ask->request->method, "POST") != 0 || ask->body.structured)
		return;
	for (size_t i = 0; i < body->count; i++)
		if (!named_again(body, i) &&
		    strcmp(body->fields[i].name, "oauth_signature") != 0)
			sign_pair(
			    base, body->fields[i].name, body->fields[i].value);
}

static char *signed_url(const struct ask *ask)
{
	const struct exchange *x = ask->exchange;
	const char *authority = x->authority ? x->authority
	                                     : ask->maas->address;
	size_t len = strlen(authority);
	const char *standard = x->tls ? ":443" : ":80";

	if (len > strlen(standard) &&
	    strcmp(authority + len - strlen(standard), standard) == 0)
		len -= strlen(standard);
	return xasprintf("%s://%.*s%s", x->tls ? "https" : "http", (int)len,
	    authority, ask->signed_path);
}

static char *base_string(const struct ask *ask)
{
	struct base_string base = { 0 };
	struct buf parameters = BUF_INIT, text = BUF_INIT;
	char *url = signed_url(ask);
	const char *header = http_header(
	    &ask->request->headers, "Authorization");

	if (header_names_all(header))
		sign_header(&base, header);
	sign_forms(&base, ask);
	if (base.count)
		qsort(base.pairs, base.count, sizeof(*base.pairs), pair_order);
	for (size_t i = 0; i < base.count; i++) {
		buf_add_texts(&parameters, i ? "&" : "", base.pairs[i].name,
		    "=", base.pairs[i].value);
		free(base.pairs[i].name);
		free(base.pairs[i].value);
	}
	free(base.pairs);
	buf_add_texts(&text, ask->request->method, "&");
	buf_add_percent(&text, url);
	buf_addc(&text, '&');
	buf_add_percent(&text, buf_text(&parameters));
	buf_free(&parameters);
	free(url);
	return buf_detach(&text);
}

/* What the signature should have been, and what it should be made of. */
static char *expected_signature(
    const struct ask *ask, bool hmac, const char *secret, char **base)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	struct buf key = BUF_INIT, out = BUF_INIT;

	if (!hmac) {
		*base = xasprintf("&%s", secret);
		return xstrdup(*base);
	}
	buf_addc(&key, '&');
	buf_add_percent(&key, secret);
	*base = base_string(ask);
	HMAC(EVP_sha1(), key.data, (int)key.len, (const unsigned char *)*base,
	    strlen(*base), digest, &digest_len);
	buf_add_base64(&out, digest, digest_len);
	buf_free(&key);
	return buf_detach(&out);
}

/* ---- the checks, in the order in which MAAS makes them ---- */

static bool refuse(struct ask *ask, const char *fmt, const char *value)
{
	struct buf text = BUF_INIT;

	buf_adds(&text, "Authorization Error: ");
	buf_addf(&text, "%s%s", fmt, value ? value : "");
	if (value)
		buf_addc(&text, '\'');
	maas_refuse(ask, 401, "%s", buf_text(&text));
	http_header_set(
	    &ask->answer.headers, "Content-Type", "text/html; charset=utf-8");
	http_header_add(
	    &ask->answer.headers, "WWW-Authenticate", "OAuth realm=\"OAuth\"");
	buf_free(&text);
	return false;
}

/* Later ones say that it is the request, not who makes it. */
static void lacks(struct ask *ask, const char *name)
{
	if (ask->maas->version >= 305)
		maas_refuse(
		    ask, 400, "'Bad Request: Parameter not found: %s'", name);
	else
		refuse(ask, "'Parameter not found: ", name);
}

static struct api_key *key_of(
    const struct maas *maas, const char *consumer, const char *token)
{
	struct api_key *key;

	list_for_each (key, &maas->keys) {
		if (consumer && strcmp(key->consumer, consumer) == 0)
			return key;
		if (token && strcmp(key->token, token) == 0)
			return key;
	}
	return NULL;
}

static bool check_version(struct ask *ask)
{
	const char *version = parameter(ask, "oauth_version");
	char *rest;

	if (!version || strcmp(version, "1.0") == 0)
		return true;
	rest = xasprintf("%s not supported.", version);
	refuse(ask, "'OAuth version ", rest);
	free(rest);
	return false;
}

static bool check_names(struct ask *ask)
{
	const char *consumer = parameter(ask, "oauth_consumer_key");
	const char *token = parameter(ask, "oauth_token");
	bool fine = false;

	if (!consumer)
		lacks(ask, "oauth_consumer_key");
	else if (!key_of(ask->maas, consumer, NULL))
		refuse(ask, "Invalid API key.", NULL);
	else if (!token)
		lacks(ask, "oauth_token");
	else if (!(ask->key = key_of(ask->maas, NULL, token)))
		refuse(ask, "'Invalid access token: ", token);
	else
		fine = true;
	return fine;
}

/* ---- a timestamp that is no number (3.5 and later) ---- */

enum place {
	IN_HEADER,
	IN_QUERY,
	IN_BODY
};

static char *value_at(struct ask *ask, enum place place, const char *name)
{
	const char *header = http_header(
	    &ask->request->headers, "Authorization");
	const char *value = NULL;

	if (place == IN_HEADER)
		return header ? maas_oauth_parameter(header, name) : NULL;
	value = place == IN_QUERY ? maas_query(ask, name)
	                          : maas_field(ask, name);
	return value ? xstrdup(value) : NULL;
}

/* What is wrong with the parameters at one place, as Python shows it. */
static bool list_problems(struct ask *ask, enum place place, struct buf *text)
{
	bool odd = false;
	int64_t number;

	for (size_t i = 0; i < REQUIRED_COUNT; i++) {
		char *value = value_at(ask, place, required[i]);
		bool no_number = value &&
		                 strcmp(required[i], "oauth_timestamp") == 0 &&
		                 !maas_python_read_int(value, &number);

		odd |= no_number;
		if (!value || no_number)
			buf_addf(text, "%s('%s', <ParamIssue.%s'>)",
			    text->len ? ", " : "", required[i],
			    value ? "UNEXPECTED_TYPE: 'unexpected type"
			          : "MISSING: 'missing");
		free(value);
	}
	return odd;
}

/* No place has all of them, and one has a timestamp that is no number. */
static bool is_misshapen(struct ask *ask, struct buf *text)
{
	static const char *const words[] = { "auth", "query", "query" };
	const char *header = http_header(
	    &ask->request->headers, "Authorization");
	bool odd = false, fine = false;

	for (int place = IN_HEADER; place <= IN_BODY; place++) {
		struct buf problems = BUF_INIT;

		odd |= list_problems(ask, place, &problems);
		fine |= !problems.len;
		if (place == IN_HEADER &&
		    (!header || strncmp(header, "OAuth", 5) != 0))
			buf_adds(text, "missing starting 'OAuth' from "
			               "'Authentication' header");
		else
			buf_addf(text,
			    "%sthe following problems were found among the "
			    "%s params: %s",
			    text->len ? "; " : "", words[place],
			    buf_text(&problems));
		buf_free(&problems);
	}
	return odd && !fine;
}

/* It is looked at before anything else. */
static bool check_shape(struct ask *ask)
{
	const char *given = parameter(ask, "oauth_timestamp");
	struct buf text = BUF_INIT;
	bool misshapen;
	int64_t time;

	if (ask->maas->version < 305 || !given ||
	    maas_python_read_int(given, &time))
		return true;
	misshapen = is_misshapen(ask, &text);
	if (misshapen)
		maas_refuse(ask, 400, "\"Bad Request: %s\"", buf_text(&text));
	buf_free(&text);
	return !misshapen;
}

/* The later a date the better, so it is the slower clock that judges: that of
 * the clients, where our own was made to run faster from the same moment on. */
static int64_t time_of_clients(const struct maas *maas)
{
	usec ahead_for = 0;

	if (maas->options.speed > 1)
		ahead_for = (usec)((double)loop_now(maas->host->loop) *
		                   (1 - 1 / maas->options.speed));
	return (maas_time(maas) - ahead_for) / USEC_PER_SEC;
}

static bool check_timestamp(struct ask *ask)
{
	const char *given = parameter(ask, "oauth_timestamp");
	int64_t now = time_of_clients(ask->maas);
	int64_t time = 0;
	struct buf text = BUF_INIT;
	char rest[160];
	bool fine = false;

	if (!given) {
		lacks(ask, "oauth_timestamp");
	} else if (!parameter(ask, "oauth_nonce")) {
		lacks(ask, "oauth_nonce");
	} else if (!maas_python_read_int(given, &time)) {
		maas_python_no_int(&text, given);
		maas_refuse(ask, 500, "%s", buf_text(&text));
		buf_free(&text);
	} else if (now - time > OLDEST_SECONDS) {
		snprintf(rest, sizeof(rest),
		    "%" PRId64 " and now %" PRId64
		    " has a greater difference than threshold %d",
		    time, now, OLDEST_SECONDS);
		refuse(ask, "'Expired timestamp: given ", rest);
	} else {
		fine = true;
	}
	return fine;
}

static bool check_nonce(struct ask *ask)
{
	const char *nonce = parameter(ask, "oauth_nonce");

	ask->nonce = nonce_of(ask);
	if (!maas_nonce_used(&ask->maas->nonces, ask->nonce))
		return true;
	return refuse(ask, "'Nonce already used: ", nonce ? nonce : "");
}

static bool check_signature(struct ask *ask)
{
	const char *method = parameter(ask, "oauth_signature_method");
	const char *given = parameter(ask, "oauth_signature");
	char *base = NULL, *expected = NULL;
	bool hmac = method && strcmp(method, "HMAC-SHA1") == 0;
	bool fine = false;

	if (!hmac && (!method || strcmp(method, "PLAINTEXT") != 0)) {
		char *rest = xasprintf("%s not supported try one of the "
		                       "following: PLAINTEXT, HMAC-SHA1",
		    method ? method : "");

		refuse(ask, "'Signature method ", rest);
		free(rest);
	} else if (!given) {
		refuse(ask, "'Missing signature.", "");
	} else {
		expected = expected_signature(
		    ask, hmac, ask->key->secret, &base);
		fine = strcmp(given, expected) == 0;
		if (!fine)
			refuse(ask,
			    "'Invalid signature. Expected signature base "
			    "string: ",
			    base);
	}
	free(base);
	free(expected);
	return fine;
}

enum oauth_verdict maas_oauth(struct ask *ask)
{
	if (!header_has_all(ask) && !parameters_have_all(ask))
		return OAUTH_NONE;
	if (check_shape(ask) && check_version(ask) && check_names(ask) &&
	    check_timestamp(ask) && check_nonce(ask) && check_signature(ask)) {
		ask->user = ask->key->user;
		return OAUTH_GOOD;
	}
	ask->key = NULL;
	return OAUTH_REFUSED;
}
