#include "compat/oauth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void oauth_init(struct oauth *oauth, struct site *site)
{
	*oauth = (struct oauth){ .key = *site_key(site),
		.scheme = "OAuth",
		.version = "1.0",
		.method = "PLAINTEXT",
		.timestamp = (long long)site_time(site) };
	site_nonce(site, oauth->nonce);
}

/* ---- the base string of RFC 5849 ---- */

static int pair_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "key=value", percent-encoded. Sorted as texts they are sorted by key, then
 * by value, as long as no key is the beginning of another: none is here. */
static void add_pair(
    char **pairs, size_t *count, const char *key, const char *value)
{
	struct buf out = BUF_INIT;

	buf_add_percent(&out, key);
	buf_addc(&out, '=');
	buf_add_percent(&out, value);
	pairs[(*count)++] = buf_detach(&out);
}

static void add_form(char **pairs, size_t *count, size_t most, const char *text)
{
	struct form form = { 0 };

	if (text && form_parse_urlencoded(&form, text, strlen(text)))
		for (size_t i = 0; i < form.count && *count < most; i++)
			add_pair(pairs, count, form.fields[i].name,
			    form.fields[i].value ? form.fields[i].value : "");
	form_free(&form);
}

#define MOST_PAIRS 32

static void base_string(const struct oauth *oauth, struct site *site,
    const char *http_method, const char *target, const char *form,
    struct buf *out)
{
	char *pairs[MOST_PAIRS], *url, time_of[24];
	const char *query = strchr(target, '?');
	struct buf joined = BUF_INIT;
	size_t count = 0;

	snprintf(time_of, sizeof(time_of), "%lld", oauth->timestamp);
	add_pair(pairs, &count, "oauth_consumer_key", oauth->key.consumer);
	add_pair(pairs, &count, "oauth_token", oauth->key.token);
	add_pair(pairs, &count, "oauth_signature_method", oauth->method);
	add_pair(pairs, &count, "oauth_timestamp", time_of);
	add_pair(pairs, &count, "oauth_nonce", oauth->nonce);
	if (oauth->version)
		add_pair(pairs, &count, "oauth_version", oauth->version);
	add_form(pairs, &count, MOST_PAIRS, query ? query + 1 : NULL);
	add_form(pairs, &count, MOST_PAIRS, form);
	qsort(pairs, count, sizeof(*pairs), pair_order);
	for (size_t i = 0; i < count; i++) {
		buf_addf(&joined, "%s%s", i ? "&" : "", pairs[i]);
		free(pairs[i]);
	}
	url = xasprintf(
	    "%s%.*s", site_origin(site), (int)strcspn(target, "?"), target);
	buf_addf(out, "%s&", http_method);
	buf_add_percent(out, url);
	buf_addc(out, '&');
	buf_add_percent(out, buf_text(&joined));
	free(url);
	buf_free(&joined);
}

static void add_hmac(
    struct buf *out, const struct buf *base, const char *secret)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	unsigned len = 0;
	char *key = xasprintf("&%s", secret); /* the consumer's is empty */

	check(HMAC(EVP_sha1(), key, (int)strlen(key),
	    (const unsigned char *)buf_text(base), base->len, digest, &len));
	buf_add_base64(&text, digest, len);
	buf_add_percent(out, buf_text(&text));
	buf_free(&text);
	free(key);
}

char *oauth_header(const struct oauth *oauth, struct site *site,
    const char *http_method, const char *target, const char *form)
{
	struct buf out = BUF_INIT, base = BUF_INIT;

	buf_addf(&out, "%s ", oauth->scheme);
	if (oauth->realm)
		buf_addf(&out, "realm=\"%s\", ", oauth->realm);
	if (oauth->version)
		buf_addf(&out, "oauth_version=\"%s\", ", oauth->version);
	buf_addf(&out,
	    "oauth_signature_method=\"%s\", oauth_consumer_key=\"%s\", "
	    "oauth_token=\"%s\", oauth_nonce=\"%s\", oauth_timestamp=\"%lld\", "
	    "oauth_signature=\"",
	    oauth->method, oauth->key.consumer, oauth->key.token, oauth->nonce,
	    oauth->timestamp);
	if (strcmp(oauth->method, "HMAC-SHA1") == 0) {
		base_string(oauth, site, http_method, target, form, &base);
		add_hmac(&out, &base, oauth->key.secret);
	} else {
		buf_addf(&out, "%%26%s", oauth->key.secret);
	}
	buf_addc(&out, '"');
	buf_free(&base);
	return buf_detach(&out);
}
