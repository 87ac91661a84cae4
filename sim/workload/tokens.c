#include "sim/workload/rules.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "capi/store.h"
#include "sim/workload/cluster.h"

#define TOKEN_TYPE "bootstrap.kubernetes.io/token"
#define JWS_PREFIX "jws-kubeconfig-"

struct account {
	struct account *next;
	char *token;
	struct user user;
};

/* ---- a Secret's data ---- */

/* A new string, "" if there is no such key. stringData is what a client may
 * write instead of data. */
static char *secret_value(const json_t *secret, const char *key)
{
	const char *plain = json_string_value(
	    json_object_get(jget(secret, "stringData"), key));
	const char *encoded = json_string_value(
	    json_object_get(jget(secret, "data"), key));
	struct buf out = BUF_INIT;

	if (plain)
		return xstrdup(plain);
	if (!encoded || !buf_add_unbase64(&out, encoded, strlen(encoded)) ||
	    out.len == 0) {
		buf_free(&out);
		return xstrdup("");
	}
	return buf_detach(&out);
}

static bool value_is(const json_t *secret, const char *key, const char *value)
{
	char *have = secret_value(secret, key);
	bool same = strcmp(have, value) == 0;

	free(have);
	return same;
}

/* A token without an expiration never expires; one that cannot be read does
 * not live. */
static bool has_expired(const json_t *secret, usec now)
{
	char *text = secret_value(secret, "expiration");
	usec until = 0;
	bool expired = text[0] && (!time_parse(text, &until) || until <= now);

	free(text);
	return expired;
}

/* ---- bearer tokens ---- */

static bool bootstrap_user(
    struct cluster *cluster, const char *token, struct user *user)
{
	const char *dot = strchr(token, '.');
	const json_t *secret;
	char name[64];

	if (!dot || dot - token != 6 || strlen(dot + 1) != 16)
		return false;
	snprintf(name, sizeof(name), "bootstrap-token-%.6s", token);
	secret = store_get(cluster->store, "Secret", "kube-system", name);
	if (!secret || strcmp(jstr(secret, "type"), TOKEN_TYPE) != 0 ||
	    !value_is(secret, "token-secret", dot + 1) ||
	    !value_is(secret, "usage-bootstrap-authentication", "true") ||
	    has_expired(secret, host_time(&cluster->etcd)))
		return false;
	snprintf(
	    user->name, sizeof(user->name), "system:bootstrap:%.6s", token);
	snprintf(user->groups, sizeof(user->groups), "system:bootstrappers");
	return true;
}

bool token_user(struct cluster *cluster, const char *token, struct user *user)
{
	for (const struct account *a = cluster->accounts; a; a = a->next)
		if (strcmp(a->token, token) == 0) {
			*user = a->user;
			return true;
		}
	return bootstrap_user(cluster, token, user);
}

const char *account_token(
    struct cluster *cluster, const char *ns, const char *account)
{
	struct account *a = xcalloc(1, sizeof(*a));
	char random[33];

	choose_text(cluster->etcd.choices, random, sizeof(random) - 1,
	    "abcdefghijklmnopqrstuvwxyz0123456789", "%s: service account token",
	    cluster->thing);
	a->token = xasprintf("sa.%s", random);
	secrets_add(cluster->etcd.secrets, "service-account-token", a->token);
	snprintf(a->user.name, sizeof(a->user.name),
	    "system:serviceaccount:%s:%s", ns, account);
	snprintf(a->user.groups, sizeof(a->user.groups),
	    "system:serviceaccounts,system:serviceaccounts:%s", ns);
	a->next = cluster->accounts;
	cluster->accounts = a;
	return a->token;
}

static void account_free(struct account *account)
{
	free(account->token);
	free(account);
}

void account_revoke(struct cluster *cluster, const char *token)
{
	for (struct account **at = &cluster->accounts; *at; at = &(*at)->next) {
		struct account *account = *at;

		if (strcmp(account->token, token) != 0)
			continue;
		*at = account->next;
		account_free(account);
		return;
	}
}

void account_free_all(struct cluster *cluster)
{
	while (cluster->accounts) {
		struct account *account = cluster->accounts;

		cluster->accounts = account->next;
		account_free(account);
	}
}

/* ---- cluster-info and its signatures ---- */

/* base64url without padding, as in a JWS. */
static void add_base64url(struct buf *out, const void *data, size_t len)
{
	size_t from = out->len;

	buf_add_base64(out, data, len);
	while (out->len > from && out->data[out->len - 1] == '=')
		out->data[--out->len] = '\0';
	for (size_t i = from; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
	}
}

char *token_signature(const char *id, const char *secret, const char *text)
{
	struct buf header = BUF_INIT, input = BUF_INIT, out = BUF_INIT;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;

	buf_addf(&header, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", id);
	add_base64url(&out, header.data, header.len);
	buf_adds(&input, buf_text(&out));
	buf_addc(&input, '.');
	add_base64url(&input, text, strlen(text));
	HMAC(EVP_sha256(), secret, (int)strlen(secret),
	    (const unsigned char *)input.data, input.len, digest, &digest_len);
	buf_adds(&out, "..");
	add_base64url(&out, digest, digest_len);
	buf_free(&header);
	buf_free(&input);
	return buf_detach(&out);
}

struct refresh {
	struct cluster *cluster;
	usec now;
	json_t *data; /* of cluster-info */
	char **expired;
	size_t expired_count;
};

static void sign_with(struct refresh *r, const json_t *secret)
{
	const char *kubeconfig = jstr(r->data, "kubeconfig");
	char *id = secret_value(secret, "token-id");
	char *key = secret_value(secret, "token-secret");
	char *name = xasprintf(JWS_PREFIX "%s", id);
	char *signature = token_signature(id, key, kubeconfig);

	if (value_is(secret, "usage-bootstrap-signing", "true"))
		json_object_set_new(r->data, name, json_string(signature));
	free(id);
	free(key);
	free(name);
	free(signature);
}

static bool refresh_token(void *ctx, const json_t *secret)
{
	struct refresh *r = ctx;

	if (strcmp(jstr(secret, "type"), TOKEN_TYPE) != 0)
		return true;
	if (!has_expired(secret, r->now)) {
		sign_with(r, secret);
		return true;
	}
	r->expired = xrealloc(
	    r->expired, (r->expired_count + 1) * sizeof(*r->expired));
	r->expired[r->expired_count++] = xstrdup(jstr(secret, "metadata.name"));
	return true;
}

static void delete_expired(struct refresh *r)
{
	for (size_t i = 0; i < r->expired_count; i++) {
		struct api_status status = { 0 };
		const json_t *left;

		store_delete(r->cluster->store, "Secret", "kube-system",
		    r->expired[i], NULL, &left, &status);
		api_status_free(&status);
		free(r->expired[i]);
	}
	free(r->expired);
}

void tokens_refresh(struct cluster *cluster)
{
	const json_t *info = store_get(
	    cluster->store, "ConfigMap", "kube-public", "cluster-info");
	struct refresh r = { cluster, host_time(&cluster->etcd), NULL, NULL,
		0 };
	struct api_status status = { 0 };
	json_t *wanted;

	if (!info)
		return;
	wanted = json_deep_copy(info);
	r.data = json_object();
	jsets(r.data, "kubeconfig", jstr(info, "data.kubeconfig"));
	store_each(
	    cluster->store, "Secret", "kube-system", NULL, refresh_token, &r);
	jset(wanted, "data", r.data);
	store_update(cluster->store, "ConfigMap", "kube-public", "cluster-info",
	    wanted, false, &status);
	api_status_free(&status);
	json_decref(wanted);
	delete_expired(&r);
}
