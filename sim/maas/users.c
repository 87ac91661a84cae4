#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/held.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"

static const char key_letters[] =
    "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

struct user *maas_user_find(const struct maas *maas, const char *name)
{
	struct user *user;

	list_for_each (user, &maas->users) {
		if (strcmp(user->name, name) == 0)
			return user;
	}
	return NULL;
}

struct user *maas_user_make(
    struct maas *maas, const char *name, const char *email, bool admin)
{
	struct user *user = xcalloc(1, sizeof(*user));

	user->name = xstrdup(name);
	user->email = xstrdup(email);
	user->admin = admin;
	user->active = true;
	maas_list_add(&maas->users, user);
	return user;
}

/* What is too short to be told from other text cannot be masked. */
static void keep_secret(struct maas *maas, const char *word, const char *text)
{
	if (strlen(text) >= 6)
		secrets_add(maas->host->secrets, word, text);
}

struct api_key *maas_key_put(struct maas *maas, struct user *user,
    const char *name, const char *consumer, const char *token,
    const char *secret)
{
	struct api_key *key = xcalloc(1, sizeof(*key));
	char *word = xasprintf("%s/key/%s", maas->name, user->name);

	key->user = user;
	key->name = xstrdup(name);
	key->consumer = xstrdup(consumer);
	key->token = xstrdup(token);
	key->secret = xstrdup(secret);
	key->shown = xasprintf("%s:%s:%s", consumer, token, secret);
	keep_secret(maas, word, key->secret);
	free(word);
	maas_list_add(&maas->keys, key);
	return key;
}

struct api_key *maas_key_make(
    struct maas *maas, struct user *user, const char *name)
{
	char consumer[19], token[19], secret[33];

	choose_text(maas->host->choices, consumer, 18, key_letters,
	    "%s: key of %s: consumer", maas->name, user->name);
	choose_text(maas->host->choices, token, 18, key_letters,
	    "%s: key of %s: token", maas->name, user->name);
	choose_text(maas->host->choices, secret, 32, key_letters,
	    "%s: key of %s: secret", maas->name, user->name);
	return maas_key_put(maas, user, name, consumer, token, secret);
}

void maas_key_free(struct maas *maas, struct api_key *key)
{
	maas_list_remove(&maas->keys, key);
	if (key->node)
		key->node->key = NULL;
	free(key->name);
	free(key->consumer);
	free(key->token);
	free(key->secret);
	free(key->shown);
	free(key);
}

json_t *maas_user_json(const struct user *user)
{
	char *word, *uri;
	json_t *json;

	if (!user)
		return json_null();
	word = maas_python_quote(user->name);
	uri = xasprintf("/MAAS/api/2.0/users/%s/", word);
	json = json_pack("{s:b, s:s, s:s, s:b, s:s}", "is_superuser",
	    user->admin, "username", user->name, "email", user->email,
	    "is_local", 1, "resource_uri", uri);
	free(word);
	free(uri);
	return json;
}

/* ---- users/ ---- */

static int by_name(const void *a, const void *b)
{
	const struct user *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void maas_op_users_list(struct ask *ask)
{
	struct list *users = &ask->maas->users;
	struct user **sorted = xcalloc(users->count, sizeof(*sorted));
	json_t *list = json_array();

	for (size_t i = 0; i < users->count; i++)
		sorted[i] = users->items[i];
	qsort(sorted, users->count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < users->count; i++)
		json_array_append_new(list, maas_user_json(sorted[i]));
	free(sorted);
	maas_answer(ask, list);
}

void maas_op_whoami(struct ask *ask)
{
	maas_answer(ask, maas_user_json(ask->user));
}

void maas_op_users_read(struct ask *ask)
{
	struct user *user = maas_user_find(ask->maas, ask->args[0]);

	if (user)
		maas_answer(ask, maas_user_json(user));
	else
		maas_answer_missing(ask, "User");
}

static bool mail_taken(const struct maas *maas, const char *email)
{
	struct user *user;

	list_for_each (user, &maas->users) {
		if (strcmp(user->email, email) == 0)
			return true;
	}
	return false;
}

static void set_password(
    struct maas *maas, struct user *user, const char *password)
{
	char *word = xasprintf("%s/password/%s", maas->name, user->name);

	maas_set_text(&user->password, password);
	keep_secret(maas, word, password);
	free(word);
}

static void user_drop(struct maas *maas, struct user *user)
{
	struct address *address;
	struct iprange *range;
	struct node *node;

	for (size_t i = maas->keys.count; i-- > 0;) {
		struct api_key *key = maas->keys.items[i];

		if (key->user == user)
			maas_key_free(maas, key);
	}
	for (size_t i = maas->ssh_keys.count; i-- > 0;) {
		struct ssh_key *key = maas->ssh_keys.items[i];

		if (key->user != user)
			continue;
		maas_list_remove(&maas->ssh_keys, key);
		maas_ssh_key_free(key);
	}
	list_for_each (address, &maas->addresses) {
		if (address->user == user)
			address->user = NULL;
	}
	list_for_each (range, &maas->ranges) {
		if (range->user == user)
			range->user = NULL;
	}
	list_for_each (node, &maas->nodes) {
		if (node->acted == user)
			node->acted = NULL;
	}
	maas_held_forget_user(maas, user);
	maas_list_remove(&maas->users, user);
	free(user->name);
	free(user->email);
	free(user->password);
	free(user);
}

/* Nothing looks at a name but the data base. */
static bool name_fits(struct ask *ask, const char *name)
{
	if (!*name)
		maas_refuse(ask, 500, "The given username must be set");
	else if (maas_letters(name) > 150)
		maas_refuse(ask, 500,
		    "value too long for type character varying(150)\n");
	return !ask->answered;
}

/* The part behind the last @ in small letters. */
static char *normal_address(const char *email)
{
	char *out = xstrdup(email), *at = strrchr(out, '@');

	for (; at && *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return out;
}

void maas_op_users_create(struct ask *ask)
{
	const char *name, *email, *password, *admin;
	struct user *user;
	char *address;

	if (!(name = maas_needed(ask, "username")) ||
	    !(email = maas_needed(ask, "email")) ||
	    !(password = maas_needed(ask, "password")) ||
	    !(admin = maas_needed(ask, "is_superuser")))
		return;
	if (strcmp(admin, "0") != 0 && strcmp(admin, "1") != 0) {
		maas_refuse(ask, 500,
		    "Not a valid Boolean value (0 or 1): '%s'", admin);
		return;
	}
	if (!name_fits(ask, name))
		return;
	address = normal_address(email);
	if (maas_user_find(ask->maas, name) || mail_taken(ask->maas, address)) {
		free(address);
		maas_refuse_conflict(ask);
		return;
	}
	user = maas_user_make(
	    ask->maas, name, address, strcmp(admin, "1") == 0);
	free(address);
	set_password(ask->maas, user, password);
	/* An administrator may bring a key along. */
	if (user->admin && maas_field(ask, "key") &&
	    !maas_ssh_key_read(ask, user))
		user_drop(ask->maas, user);
	else
		maas_answer(ask, maas_user_json(user));
}

/* What a user holds: "1 static IP address(es), 3 node(s)". "" for nothing. */
static void holdings(
    const struct maas *maas, const struct user *user, struct buf *out)
{
	size_t addresses = 0, ranges = 0, nodes = 0;
	struct address *address;
	struct iprange *range;
	struct node *node;

	list_for_each (address, &maas->addresses)
		addresses += address->user == user;
	list_for_each (range, &maas->ranges)
		ranges += range->user == user;
	list_for_each (node, &maas->nodes)
		nodes += node->owner == user;
	if (addresses)
		buf_addf(out, "%zu static IP address(es)", addresses);
	if (ranges)
		buf_addf(
		    out, "%s%zu IP range(s)", out->len ? ", " : "", ranges);
	if (nodes)
		buf_addf(out, "%s%zu node(s)", out->len ? ", " : "", nodes);
}

static void inherit(
    struct maas *maas, const struct user *user, struct user *heir)
{
	struct address *address;
	struct iprange *range;
	struct node *node;

	list_for_each (address, &maas->addresses) {
		if (address->user == user)
			address->user = heir;
	}
	list_for_each (range, &maas->ranges) {
		if (range->user == user)
			range->user = heir;
	}
	list_for_each (node, &maas->nodes) {
		if (node->owner == user) {
			node->owner = heir;
			maas_node_touch(node);
		}
	}
}

/* The two users of MAAS itself have no profile, and that is where deleting
 * begins. */
static bool is_of_maas(const struct user *user)
{
	return strcmp(user->name, "MAAS") == 0 ||
	       strcmp(user->name, "maas-init-node") == 0;
}

static void delete_user(struct ask *ask, struct user *user, struct user *heir)
{
	struct buf held = BUF_INIT;

	if (!heir || heir == user)
		holdings(ask->maas, user, &held);
	if (is_of_maas(user)) {
		maas_refuse(ask, 500, "User has no userprofile.");
	} else if (held.len) {
		maas_refuse(ask, 400,
		    "User %s cannot be deleted: %s are still allocated",
		    user->name, buf_text(&held));
	} else {
		if (heir)
			inherit(ask->maas, user, heir);
		user_drop(ask->maas, user);
		maas_answer_gone(ask);
	}
	buf_free(&held);
}

void maas_op_users_delete(struct ask *ask)
{
	struct user *user = maas_user_find(ask->maas, ask->args[0]);
	const char *name = maas_query(ask, "transfer_resources_to");
	struct user *heir = name ? maas_user_find(ask->maas, name) : NULL;

	if (user == ask->user)
		maas_refuse(ask, 400, "An administrator cannot self-delete.");
	else if (!user)
		maas_answer_gone(ask);
	else if (name && *name && !heir)
		maas_answer_missing(ask, "User");
	else
		delete_user(ask, user, heir);
}

/* ---- account/ ---- */

static struct api_key *own_key(const struct ask *ask, const char *text)
{
	struct api_key *key;

	list_for_each (key, &ask->maas->keys) {
		if (key->user == ask->user && !key->node &&
		    (strcmp(key->token, text) == 0 ||
		        strcmp(key->shown, text) == 0))
			return key;
	}
	return NULL;
}

void maas_op_account_list_authorisation_tokens(struct ask *ask)
{
	json_t *list = json_array();
	struct api_key *key;

	list_for_each (key, &ask->maas->keys) {
		if (key->user == ask->user && !key->node)
			json_array_append_new(
			    list, json_pack("{s:s, s:s}", "name", key->name,
			              "token", key->shown));
	}
	maas_answer(ask, list);
}

void maas_op_account_create_authorisation_token(struct ask *ask)
{
	const char *name = maas_field(ask, "name");
	struct api_key *key = maas_key_make(
	    ask->maas, ask->user, name ? name : "MAAS consumer");

	maas_answer_compact(
	    ask, json_pack("{s:s, s:s, s:s, s:s}", "token_key", key->token,
	             "token_secret", key->secret, "consumer_key", key->consumer,
	             "name", key->name));
}

void maas_op_account_update_token_name(struct ask *ask)
{
	const char *token = maas_needed(ask, "token"), *name;
	struct api_key *key;

	if (!token || !(name = maas_needed(ask, "name")))
		return;
	key = own_key(ask, token);
	if (!key) {
		maas_answer_missing(ask, "Token");
		return;
	}
	maas_set_text(&key->name, name);
	maas_answer_text(ask, 202, "text/plain", "Accepted");
}

void maas_op_account_delete_authorisation_token(struct ask *ask)
{
	const char *token = maas_needed(ask, "token_key");
	struct api_key *key;

	if (!token)
		return;
	key = own_key(ask, token);
	if (!key) {
		maas_answer_missing(ask, "Token");
		return;
	}
	if (ask->key == key)
		ask->key = NULL;
	maas_key_free(ask->maas, key);
	maas_answer_gone(ask);
}
