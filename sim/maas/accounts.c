/*
 * Logging in with a name and a password, to get a key: what version/ promises
 * as "authenticate-api". Only users made through users/ have a password here.
 */
#include "sim/maas/server.h"

#include <string.h>

#include "base/json.h"
#include "sim/maas/people.h"

#define NAME_OF_KEYS "MAAS consumer"

static struct user *by_password(struct ask *ask)
{
	const char *name = maas_field(ask, "username");
	const char *password = maas_field(ask, "password");
	struct user *user = name ? maas_user_find(ask->maas, name) : NULL;

	if (!user || !user->active || !user->password || !password ||
	    strcmp(user->password, password) != 0)
		return NULL;
	return user;
}

static struct api_key *key_named(
    struct maas *maas, struct user *user, const char *name)
{
	struct api_key *key;

	list_for_each (key, &maas->keys) {
		if (key->user == user && !key->node &&
		    strcmp(key->name, name) == 0)
			return key;
	}
	return maas_key_make(maas, user, name);
}

static void show_key(struct ask *ask, const struct api_key *key)
{
	http_response_json(&ask->answer, 200,
	    json_pack("{s:s, s:s, s:s, s:s}", "consumer_key", key->consumer,
	        "name", key->name, "token_key", key->token, "token_secret",
	        key->secret));
	ask->answered = true;
	http_header_add(&ask->answer.headers, "X-Frame-Options", "DENY");
}

void maas_authenticate(struct ask *ask)
{
	const char *consumer;
	struct err err = { 0 };
	struct user *user;

	if (strcmp(ask->request->method, "POST") != 0) {
		maas_answer_bare(ask, 405, "text/html; charset=utf-8", "");
		http_header_add(&ask->answer.headers, "Allow", "POST");
		return;
	}
	user = maas_body_read(&ask->body, ask->request, &err) ? by_password(ask)
	                                                      : NULL;
	if (!user) {
		maas_answer_bare(ask, 403, "text/html; charset=utf-8", "");
		http_header_add(
		    &ask->answer.headers, "X-Frame-Options", "DENY");
		return;
	}
	consumer = maas_field(ask, "consumer");
	show_key(ask, key_named(ask->maas, user,
	                  consumer && *consumer ? consumer : NAME_OF_KEYS));
}
