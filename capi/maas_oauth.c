/* OAuth 1.0 with HMAC-SHA1, as MAAS's own client library for the provider
 * signs: header parameters, query, and the form of a POST (but not of a PUT:
 * a PUT that signs its body is rejected). */
#include "capi/maas_client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

struct pair {
	char *key, *value; /* percent-encoded */
};

struct pairs {
	struct pair *items;
	size_t count;
};

static char *encoded(const char *text)
{
	struct buf out = BUF_INIT;

	buf_add_percent(&out, text);
	return out.data ? buf_detach(&out) : xstrdup("");
}

/* A key that is there already is replaced or keeps its first value: MAAS
 * looks at the last value of a form and at the first of a query. */
static void pairs_add(
    struct pairs *pairs, const char *key, const char *value, bool last_wins)
{
	char *key_text = encoded(key);

	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->items[i].key, key_text) != 0)
			continue;
		if (last_wins) {
			free(pairs->items[i].value);
			pairs->items[i].value = encoded(value);
		}
		free(key_text);
		return;
	}
	pairs->items = xrealloc(
	    pairs->items, (pairs->count + 1) * sizeof(*pairs->items));
	pairs->items[pairs->count].key = key_text;
	pairs->items[pairs->count].value = encoded(value);
	pairs->count++;
}

static void pairs_free(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].key);
		free(pairs->items[i].value);
	}
	free(pairs->items);
}

static int pair_order(const void *a, const void *b)
{
	const struct pair *one = a, *two = b;
	int order = strcmp(one->key, two->key);

	return order ? order : strcmp(one->value, two->value);
}

static void add_query(struct pairs *pairs, const char *url)
{
	struct form form = { 0 };
	const char *query = strchr(url, '?');

	if (!query ||
	    !form_parse_urlencoded(&form, query + 1, strlen(query + 1))) {
		form_free(&form);
		return;
	}
	for (size_t i = 0; i < form.count; i++)
		if (form.fields[i].value && form.fields[i].value[0])
			pairs_add(pairs, form.fields[i].name,
			    form.fields[i].value, false);
	form_free(&form);
}

/* scheme://host[:port]/path, default ports dropped, no query. */
static char *base_url(const char *url)
{
	const char *end = strchr(url, '?');
	char *base = end ? xstrndup(url, (size_t)(end - url)) : xstrdup(url);
	bool tls = strncmp(base, "https://", 8) == 0;
	const char *port = tls ? ":443" : ":80";
	char *host = strstr(base, "://");
	char *path, *colon;

	check(host);
	host += 3;
	path = strchr(host, '/');
	colon = strstr(host, port);
	if (path && colon && colon + strlen(port) == path)
		memmove(colon, path, strlen(path) + 1);
	return base;
}

static void signature_base(
    struct buf *out, const char *method, const char *url, struct pairs *pairs)
{
	struct buf joined = BUF_INIT;
	char *base = base_url(url);

	qsort(pairs->items, pairs->count, sizeof(*pairs->items), pair_order);
	for (size_t i = 0; i < pairs->count; i++)
		buf_add_texts(&joined, i ? "&" : "", pairs->items[i].key, "=",
		    pairs->items[i].value);
	buf_add_texts(out, method, "&");
	buf_add_percent(out, base);
	buf_addc(out, '&');
	buf_add_percent(out, buf_text(&joined));
	free(base);
	buf_free(&joined);
}

static void sign(struct buf *out, const struct buf *base, const char *secret)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf key = BUF_INIT, text = BUF_INIT;

	buf_addc(&key, '&'); /* MAAS's consumer secret is always empty */
	buf_add_percent(&key, secret);
	check(HMAC(EVP_sha1(), key.data, (int)key.len,
	    (const unsigned char *)buf_text(base), base->len, digest, &len));
	buf_add_base64(&text, digest, len);
	buf_add_percent(out, buf_text(&text));
	buf_free(&key);
	buf_free(&text);
}

static void split_key(
    const char *api_key, char **consumer, char **token, const char **secret)
{
	const char *one = strchr(api_key, ':');
	const char *two = one ? strchr(one + 1, ':') : NULL;

	check(one && two);
	*consumer = xstrndup(api_key, (size_t)(one - api_key));
	*token = xstrndup(one + 1, (size_t)(two - one - 1));
	*secret = two + 1;
}

char *maas_oauth_header(const char *method, const char *url,
    const char *const *params, const char *api_key, const char *nonce,
    long long timestamp)
{
	struct pairs pairs = { 0 };
	struct buf base = BUF_INIT, out = BUF_INIT;
	char *consumer, *token, time_of[24];
	const char *secret;

	split_key(api_key, &consumer, &token, &secret);
	snprintf(time_of, sizeof(time_of), "%lld", timestamp);
	if (strcmp(method, "POST") == 0)
		for (; params && params[0]; params += 2)
			pairs_add(&pairs, params[0], params[1], true);
	add_query(&pairs, url);
	pairs_add(&pairs, "oauth_version", "1.0", true);
	pairs_add(&pairs, "oauth_signature_method", "HMAC-SHA1", true);
	pairs_add(&pairs, "oauth_consumer_key", consumer, true);
	pairs_add(&pairs, "oauth_token", token, true);
	pairs_add(&pairs, "oauth_nonce", nonce, true);
	pairs_add(&pairs, "oauth_timestamp", time_of, true);
	signature_base(&base, method, url, &pairs);

	buf_add_texts(&out,
	    "OAuth oauth_version=\"1.0\", "
	    "oauth_signature_method=\"HMAC-SHA1\", oauth_consumer_key=\"",
	    consumer, "\", oauth_token=\"", token, "\", oauth_nonce=\"", nonce,
	    "\", oauth_timestamp=\"", time_of, "\", oauth_signature=\"");
	sign(&out, &base, secret);
	buf_addc(&out, '"');
	pairs_free(&pairs);
	buf_free(&base);
	free(consumer);
	free(token);
	return buf_detach(&out);
}
