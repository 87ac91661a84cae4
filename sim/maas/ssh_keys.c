#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/people.h"
#include "sim/maas/python.h"

/* account/prefs/sshkeys/ */

static json_t *ssh_key_json(const struct ssh_key *key)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/account/prefs/sshkeys/%lld/", (long long)key->id);
	json_t *json = json_pack("{s:I, s:s, s:s, s:s}", "id",
	    (json_int_t)key->id, "key", key->key, "keysource",
	    key->source ? key->source : "", "resource_uri", uri);

	free(uri);
	return json;
}

void maas_ssh_key_free(struct ssh_key *key)
{
	free(key->key);
	free(key->source);
	free(key);
}

void maas_op_sshkeys_list(struct ask *ask)
{
	json_t *list = json_array();
	struct ssh_key *key;

	list_for_each (key, &ask->maas->ssh_keys) {
		if (key->user == ask->user)
			json_array_append_new(list, ssh_key_json(key));
	}
	maas_answer(ask, list);
}

/* ---- is it one? ---- */

static const char *const types[] = { "ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-dss", "ssh-ed25519",
	"ssh-rsa" };
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* As a shell would have it quoted. */
static void add_quoted(struct buf *out, const char *word)
{
	bool plain = *word;

	for (const char *at = word; *at; at++)
		plain &= isalnum((unsigned char)*at) ||
		         strchr("@%+=:,./-_", *at);
	if (plain) {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(out, "'\"'\"'");
		else
			buf_addc(out, *word);
	buf_addc(out, '\'');
}

/* A key begins with the name of its type, and its parts have lengths. */
static bool is_blob(const char *type, const char *base64)
{
	struct buf blob = BUF_INIT;
	const unsigned char *data;
	size_t at = 0, parts = 0;
	bool fine = buf_add_unbase64(&blob, base64, strlen(base64));

	data = (const unsigned char *)buf_text(&blob);
	for (; fine && at < blob.len; parts++) {
		size_t left = blob.len - at, len = 0;

		for (size_t i = 0; i < 4 && left >= 4; i++)
			len = len << 8 | data[at + i];
		fine = left >= 4 && len <= left - 4;
		if (fine && parts == 0)
			fine = len == strlen(type) &&
			       memcmp(data + at + 4, type, len) == 0;
		if (fine && parts == 1 && strcmp(type, "ssh-ed25519") == 0)
			fine = len == 32;
		at += 4 + len;
	}
	buf_free(&blob);
	return fine && parts >= 2;
}

/* What the region says of it, as ssh-keygen and it see it; "" if it is one. */
static void judge(const char *text, struct buf *fault)
{
	struct names parts = { 0 };
	bool known = false;

	maas_names_split(&parts, text, " \t\r\n\v\f");
	for (size_t i = 0; i < TYPE_COUNT && parts.count; i++)
		known |= strcmp(types[i], parts.items[0]) == 0;
	if (parts.count < 2) {
		buf_addf(fault,
		    "Key should contain 2 or more space separated parts (key "
		    "type, base64-encoded key, optional comments), not %zu: ",
		    parts.count);
		if (parts.count)
			add_quoted(fault, parts.items[0]);
	} else if (!known) {
		buf_adds(fault, "Key type ");
		add_quoted(fault, parts.items[0]);
		buf_adds(fault, " not recognised; it should be one of:");
		for (size_t i = 0; i < TYPE_COUNT; i++)
			buf_addf(fault, " %s", types[i]);
	} else if (!is_blob(parts.items[0], parts.items[1])) {
		buf_adds(fault, "Key could not be converted to RFC4716 form.");
	}
	maas_names_free(&parts);
}

static void check_key(const char *text, json_t *errors)
{
	struct buf fault = BUF_INIT;

	judge(text, &fault);
	if (fault.len)
		maas_error(errors, "key", "Invalid SSH public key: %s",
		    buf_text(&fault));
	buf_free(&fault);
}

/* Whose key it is to be: the caller's, or that of the user whom a posted form
 * names. NULL: refused. */
static struct user *owner_asked(struct ask *ask, struct user *caller)
{
	const char *name = ask->body.structured ? NULL
	                                        : maas_field(ask, "user");
	struct user *user = name ? maas_user_find(ask->maas, name) : caller;

	if (name && !caller->admin) {
		maas_refuse(ask, 400,
		    "Only administrators can specify a user when creating an "
		    "SSH key.");
		return NULL;
	}
	if (!user)
		maas_refuse(ask, 400,
		    "Supplied username does not match any current users.");
	return user;
}

struct ssh_key *maas_ssh_key_read(struct ask *ask, struct user *caller)
{
	const char *text = maas_stripped(ask, "key");
	struct user *owner = owner_asked(ask, caller);
	struct ssh_key *key;
	json_t *errors;

	if (!owner)
		return NULL;
	errors = json_object();
	if (!text || !*text)
		maas_error(errors, "key", "This field is required.");
	else
		check_key(text, errors);
	list_for_each (key, &ask->maas->ssh_keys) {
		if (text && key->user == owner && strcmp(key->key, text) == 0)
			maas_error(errors, "__all__",
			    "This key has already been added for this user.");
	}
	if (!maas_fine(ask, errors))
		return NULL;
	key = xcalloc(1, sizeof(*key));
	key->user = owner;
	key->key = xstrdup(text);
	maas_list_add(&ask->maas->ssh_keys, key);
	return key;
}

void maas_op_sshkeys_create(struct ask *ask)
{
	const struct ssh_key *key = maas_ssh_key_read(ask, ask->user);

	if (key)
		maas_answer_status(ask, 201,
		    json_pack("{s:s, s:n, s:I}", "key", key->key, "keysource",
		        "id", (json_int_t)key->id));
}

/* Does the model of a source take this one? Else refuses. */
static bool source_fine(struct ask *ask, const char *protocol, const char *name)
{
	json_t *errors = json_object();
	struct buf shown = BUF_INIT;

	maas_python_text(&shown, protocol);
	if (!*protocol)
		maas_error(errors, "protocol", "This field cannot be blank.");
	else if (strcmp(protocol, "lp") != 0 && strcmp(protocol, "gh") != 0)
		maas_error(errors, "protocol",
		    "Value %s is not a valid choice.", buf_text(&shown));
	if (!*name)
		maas_error(errors, "auth_id", "This field cannot be blank.");
	else if (maas_letters(name) > 255)
		maas_error(
		    errors, "auth_id", MAAS_TOO_LONG, 255, maas_letters(name));
	buf_free(&shown);
	if (json_object_size(errors)) {
		maas_refuse_model(ask, errors);
		return false;
	}
	json_decref(errors);
	return true;
}

/* Once from each source. */
static struct ssh_key *take_key(
    struct ask *ask, const char *source, const char *text)
{
	struct ssh_key *key;

	list_for_each (key, &ask->maas->ssh_keys) {
		if (key->user == ask->user && key->source &&
		    strcmp(key->source, source) == 0 &&
		    strcmp(key->key, text) == 0)
			return key;
	}
	key = xcalloc(1, sizeof(*key));
	key->user = ask->user;
	key->key = xstrdup(text);
	key->source = xstrdup(source);
	maas_list_add(&ask->maas->ssh_keys, key);
	return key;
}

/* Up to 3.5 the answer is the source, a row of its own; it has the number of
 * its first key here. */
static json_t *source_json(const struct ask *ask, const char *source)
{
	const struct ssh_key *key = NULL, *other;

	list_for_each (other, &ask->maas->ssh_keys) {
		if (!key && other->source && strcmp(other->source, source) == 0)
			key = other;
	}
	return json_pack("{s:I, s:s%, s:s, s:b}", "id",
	    (json_int_t)(key ? key->id : 0), "protocol", source, (size_t)2,
	    "auth_id", source + 3, "auto_update", 0);
}

/* Later it is the keys, in 3.6 without their addresses. */
static void take_keys(
    struct ask *ask, const char *source, const json_t *account)
{
	json_t *keys = json_array(), *text;
	size_t i;

	json_array_foreach(account, i, text)
	{
		json_t *json = ssh_key_json(
		    take_key(ask, source, json_string_value(text)));

		if (ask->maas->version < 307)
			json_object_del(json, "resource_uri");
		json_array_append_new(keys, json);
	}
	if (ask->maas->version >= 306) {
		maas_answer(ask, keys);
		return;
	}
	json_decref(keys);
	maas_answer(ask, source_json(ask, source));
}

/* "gh:name", "lp:name", or a name of Launchpad. Who has an account there is
 * told by the inventory. */
static void import_from(struct ask *ask, const char *source)
{
	const char *colon = strchr(source, ':');
	const char *name = colon ? colon + 1 : source;
	char *protocol = colon ? xstrndup(source, (size_t)(colon - source))
	                       : xstrdup("lp");

	char *full = xasprintf("%s:%s", protocol, name);
	const json_t *account = json_object_get(
	    json_object_get(ask->maas->inventory, "ssh_accounts"), full);

	if (source_fine(ask, protocol, name) && account)
		take_keys(ask, full, account);
	else if (!ask->answered)
		maas_refuse(ask, 400,
		    "Unable to import SSH keys. %s user %s doesn't exist.",
		    strcmp(protocol, "lp") == 0 ? "launchpad" : "github", name);
	free(full);
	free(protocol);
}

void maas_op_sshkeys_import(struct ask *ask)
{
	const char *source = maas_field(ask, "keysource");

	if (source)
		import_from(ask, source);
	else
		maas_refuse(ask, 400,
		    "Importing SSH keys failed. Input needs to be in "
		    "protocol:auth_id or auth_id format.");
}

static struct ssh_key *ssh_key_asked(struct ask *ask)
{
	struct ssh_key *key;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return NULL;
	key = maas_list_find(&ask->maas->ssh_keys, id);
	if (!key)
		maas_answer_missing(ask, "SSHKey");
	return key;
}

void maas_op_sshkeys_read(struct ask *ask)
{
	struct ssh_key *key = ssh_key_asked(ask);

	if (key)
		maas_answer(ask, ssh_key_json(key));
}

void maas_op_sshkeys_delete(struct ask *ask)
{
	struct ssh_key *key = ssh_key_asked(ask);

	if (!key)
		return;
	if (key->user != ask->user) {
		maas_answer_text(ask, 403, "text/plain; charset=utf-8",
		    "Can't delete a key you don't own.");
		return;
	}
	maas_list_remove(&ask->maas->ssh_keys, key);
	maas_ssh_key_free(key);
	maas_answer_gone(ask);
}
