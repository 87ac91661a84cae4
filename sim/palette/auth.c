/*
 * auth: who is asking, and whether they may.
 *
 * Users bring an API key (ApiKey) or a JWT (Authorization, raw); gateways and
 * agents bring "Authorization: Bearer TOKEN". A token that is not valid (any
 * more) is 401 UnAuthorizedAccess; a valid one in the wrong place is 403
 * OperationForbidden.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/palette/nouns.h"

static const char *bare_token(const char *authorization)
{
	if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
		return authorization + 7;
	return authorization;
}

static bool is_past(const struct palette *palette, usec time)
{
	return time != 0 && palette_time(palette) >= time;
}

static struct user *user_of_key(struct palette *palette, const char *key)
{
	for (size_t i = 0; key && i < palette->key_count; i++) {
		struct api_key *k = palette->keys[i];

		if (strcmp(k->key, key) == 0)
			return k->is_active && k->user->is_active &&
			               !is_past(palette, k->expiry_time)
			           ? k->user
			           : NULL;
	}
	return NULL;
}

static struct user *user_of_jwt(struct palette *palette, const char *token)
{
	for (size_t i = 0; token && i < palette->session_count; i++) {
		struct session *s = palette->sessions[i];

		if (strcmp(s->token, token) == 0)
			return s->user->is_active &&
			               !is_past(palette, s->expiry_time)
			           ? s->user
			           : NULL;
	}
	return NULL;
}

static struct gateway *gateway_of(struct palette *palette, const char *token)
{
	for (size_t i = 0; token && i < palette->gateway_count; i++) {
		struct gateway *g = palette->gateways[i];

		if (!g->is_removed && g->token && strcmp(g->token, token) == 0)
			return g;
	}
	return NULL;
}

/* An agent keeps its token over palette_forget_sessions: the first time it
 * is shown again it is refused, and known from then on. */
static struct cluster *cluster_of(struct palette *palette, const char *token)
{
	for (size_t i = 0; token && i < palette->cluster_count; i++) {
		struct cluster *c = palette->clusters[i];

		if (c->is_dropped || c->state == CLUSTER_DELETED ||
		    strcmp(c->agent_token, token) != 0)
			continue;
		if (!c->agent_forgotten)
			return c;
		c->agent_forgotten = false;
		return NULL;
	}
	return NULL;
}

static bool unauthorized(struct request *request, const char *what)
{
	refuse(request, 401, "UnAuthorizedAccess", "%s", what);
	return false;
}

static bool forbidden(struct request *request, const char *why)
{
	refuse(request, 403, "OperationForbidden",
	    "operation %s is not permitted: %s", request->operation->name, why);
	return false;
}

static bool take_project(struct request *request)
{
	const char *uid = request_header(request, "ProjectUid");

	if (!uid)
		return true;
	request->project = project_find(request->palette, uid);
	if (request->project)
		return true;
	refuse(request, 404, "ProjectNotFoundInTenant",
	    "there is no project %.80s in this tenant", uid);
	return false;
}

static bool find_user(struct request *request)
{
	const char *token = request_header(request, "Authorization");

	request->user = user_of_key(
	    request->palette, request_header(request, "ApiKey"));
	if (!request->user)
		request->user = user_of_jwt(
		    request->palette, bare_token(token));
	return request->user != NULL;
}

static bool authorize_user(struct request *request, bool as_admin)
{
	if (!find_user(request))
		return unauthorized(request,
		    "the API key or token is missing, wrong or expired");
	if (as_admin && !request->user->is_admin)
		return forbidden(request, "it takes a tenant admin");
	return take_project(request);
}

static bool authorize_gateway(struct request *request)
{
	const char *token = request_header(request, "Authorization");

	request->gateway = gateway_of(request->palette, bare_token(token));
	if (!request->gateway)
		return unauthorized(request,
		    "the gateway's token is missing or not valid any more");
	check(request->param_count > 0);
	if (strcmp(request->gateway->meta.uid, request->params[0]) != 0)
		return forbidden(request, "this is another gateway's place");
	return true;
}

static bool is_about(
    const struct request *request, const struct cluster *cluster)
{
	for (size_t i = 0; i < request->param_count; i++)
		if (strcmp(request->params[i], cluster->meta.uid) == 0 ||
		    strcmp(request->params[i], cluster->config.uid) == 0)
			return true;
	return request->param_count == 0;
}

static bool authorize_agent(struct request *request)
{
	const char *token = request_header(request, "Authorization");

	request->agent_of = cluster_of(request->palette, bare_token(token));
	if (!request->agent_of)
		return unauthorized(
		    request, "the agent's token is missing or not valid");
	if (!is_about(request, request->agent_of))
		return forbidden(request, "this is another cluster's place");
	return true;
}

static bool authorize_link(struct request *request)
{
	const char *token = bare_token(
	    request_header(request, "Authorization"));

	request->gateway = gateway_of(request->palette, token);
	if (!request->gateway)
		request->agent_of = cluster_of(request->palette, token);
	if (request->gateway || request->agent_of)
		return true;
	return unauthorized(
	    request, "neither a gateway's nor an agent's token was shown");
}

bool request_authorize(struct request *request)
{
	switch (request->operation->auth) {
	case AUTH_NONE:
		return true;
	case AUTH_USER:
		return authorize_user(request, false);
	case AUTH_ADMIN:
		return authorize_user(request, true);
	case AUTH_GATEWAY:
		return authorize_gateway(request);
	case AUTH_AGENT:
		return authorize_agent(request);
	case AUTH_LINK:
		return authorize_link(request);
	case AUTH_ANYBODY:
		if (find_user(request))
			return take_project(request);
		return authorize_agent(request);
	}
	unreachable("an operation that takes no known credential");
}

/* ---- logging in ---- */

#define JWT_LEN 64

static void answer_jwt(struct request *request, struct user *user)
{
	struct palette *palette = request->palette;
	struct session *session = xcalloc(1, sizeof(*session));

	session->token = secret_make(palette, JWT_LEN, "jwt");
	session->user = user;
	session->expiry_time = palette_time(palette) + palette->jwt_for;
	PUSH(palette->sessions, palette->session_count, session);
	answer_json(request, 200,
	    json_pack(
	        "{s:s,s:b}", "Authorization", session->token, "isMfa", 0));
}

void op_authenticate(struct request *request)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->user_count; i++) {
		struct user *user = palette->users[i];

		if (strcasecmp(user->email, jstr(request->body, "emailId")) ==
		        0 &&
		    user->is_active && user->password &&
		    strcmp(user->password, jstr(request->body, "password")) ==
		        0) {
			answer_jwt(request, user);
			return;
		}
	}
	refuse(request, 401, "UnAuthorizedAccess",
	    "the e-mail address or the password is wrong");
}

void op_refresh(struct request *request)
{
	struct user *user = user_of_jwt(request->palette, request->params[0]);

	if (!user)
		refuse(request, 401, "UnAuthorizedAccess",
		    "the token is wrong or has expired");
	else
		answer_jwt(request, user);
}

/* Revoked tokens answer 401 from then on. */
static void revoke(struct palette *palette, const char *token)
{
	for (size_t i = 0; i < palette->session_count; i++)
		if (strcmp(palette->sessions[i]->token, token) == 0)
			palette->sessions[i]->expiry_time = palette_time(
			    palette);
}

void op_logout(struct request *request)
{
	json_t *tokens = jget(request->body, "tokens");
	json_t *token;
	size_t i;

	json_array_foreach(tokens, i, token) if (json_is_string(token))
	    revoke(request->palette, json_string_value(token));
	answer_empty(request, 204);
}

void op_org(struct request *request)
{
	answer_json(request, 200,
	    json_pack("{s:s,s:s,s:s,s:s,s:s}", "appEnv", "saas", "authType",
	        "password", "orgName", "Default", "redirectUrl", "",
	        "rootDomain", ""));
}

/* ---- rate limit ---- */

static struct bucket *bucket_for(struct palette *palette, const char *address)
{
	struct bucket bucket = { .filled_at = loop_now(palette->host->loop) };

	for (size_t i = 0; i < palette->bucket_count; i++)
		if (strcmp(palette->buckets[i].address, address) == 0)
			return &palette->buckets[i];
	strncpy(bucket.address, address, sizeof(bucket.address) - 1);
	bucket.left = (int64_t)palette->requests_per_second * USEC_PER_SEC;
	PUSH(palette->buckets, palette->bucket_count, bucket);
	return &palette->buckets[palette->bucket_count - 1];
}

/* By the address that was shown: everybody behind one NAT gateway shares a
 * bucket. It holds one second's worth and fills continuously. */
bool request_within_rate(struct request *request)
{
	struct palette *palette = request->palette;
	usec now = loop_now(palette->host->loop);
	int64_t rate = palette->requests_per_second;
	struct bucket *bucket;

	if (rate == 0)
		return true;
	bucket = bucket_for(palette, request->exchange->peer);
	if (now - bucket->filled_at >= USEC_PER_SEC)
		bucket->left = rate * USEC_PER_SEC;
	else
		bucket->left += (now - bucket->filled_at) * rate;
	if (bucket->left > rate * USEC_PER_SEC)
		bucket->left = rate * USEC_PER_SEC;
	bucket->filled_at = now;
	if (bucket->left >= USEC_PER_SEC) {
		bucket->left -= USEC_PER_SEC;
		return true;
	}
	refuse(request, 429, "TooManyRequests",
	    "more than %u requests in a second from %s",
	    palette->requests_per_second, request->exchange->peer);
	return false;
}
