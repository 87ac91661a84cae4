#include "sim/maas/documents.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/images.h"
#include "sim/maas/people.h"

/* Keys that are only kept: for operating systems that want a licence, and of
 * users for their machines' certificates. */

/* ---- licence keys: one for each release ---- */

/* Only Windows wants one; its releases are the images that are there. */
#define WANTS_KEY "windows"

static struct document *licence_of(
    const struct maas *maas, const char *os, const char *release)
{
	struct document *key;

	list_for_each (key, &maas->license_keys) {
		if (strcmp(jstr(key->shown, "osystem"), os) == 0 &&
		    strcmp(jstr(key->shown, "distro_series"), release) == 0)
			return key;
	}
	return NULL;
}

static json_t *licence_json(const struct document *key)
{
	json_t *json = maas_document_json(NULL, key, NULL);
	char *uri = xasprintf("/MAAS/api/2.0/license-key/%s/%s",
	    jstr(json, "osystem"), jstr(json, "distro_series"));

	json_object_del(json, "id");
	jsets(json, "resource_uri", uri);
	free(uri);
	return json;
}

static int by_release(const void *a, const void *b)
{
	const struct document *const *x = a, *const *y = b;
	int order = strcmp(
	    jstr((*x)->shown, "osystem"), jstr((*y)->shown, "osystem"));

	return order ? order
	             : strcmp(jstr((*x)->shown, "distro_series"),
	                   jstr((*y)->shown, "distro_series"));
}

void maas_op_license_keys_list(struct ask *ask)
{
	const struct list *all = &ask->maas->license_keys;
	struct document **sorted = xcalloc(all->count + 1, sizeof(*sorted));
	json_t *list = json_array();

	for (size_t i = 0; i < all->count; i++)
		sorted[i] = all->items[i];
	qsort(sorted, all->count, sizeof(*sorted), by_release);
	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(list, licence_json(sorted[i]));
	free(sorted);
	maas_answer(ask, list);
}

static struct document *licence_asked(struct ask *ask)
{
	struct document *key = licence_of(
	    ask->maas, ask->args[0], ask->args[1]);

	if (!key)
		maas_answer_missing(ask, "LicenseKey");
	return key;
}

void maas_op_license_keys_read(struct ask *ask)
{
	struct document *key = licence_asked(ask);

	if (key)
		maas_answer(ask, licence_json(key));
}

static bool key_ok(const char *key)
{
	if (strlen(key) != 29)
		return false;
	for (int i = 0; i < 29; i++)
		if (i % 6 == 5 ? key[i] != '-'
		               : !isalnum((unsigned char)key[i]))
			return false;
	return true;
}

/* 'windows/win2012', ...: the choices, and whether the word is one. */
static bool has_image(
    const struct maas *maas, const char *word, struct buf *choices)
{
	struct image *image;
	bool found = false;

	list_for_each (image, &maas->images) {
		if (strncmp(
		        image->name, WANTS_KEY "/", strlen(WANTS_KEY "/")) != 0)
			continue;
		found |= strcmp(image->name, word) == 0;
		buf_addf(
		    choices, "%s'%s'", choices->len ? ", " : "", image->name);
	}
	return found;
}

static void check_release(const struct maas *maas, const char *os,
    const char *release, json_t *errors)
{
	struct buf choices = BUF_INIT;
	char *whole = xasprintf("%s/%s", os, release);

	if (!*os)
		maas_error(errors, "osystem", "This field is required.");
	else if (strcmp(os, WANTS_KEY) != 0)
		maas_error(errors, "osystem",
		    "'%s' is not a valid osystem.  It should be one of: '%s'.",
		    os, WANTS_KEY);
	if (!*release)
		maas_error(errors, "distro_series", "This field is required.");
	else if (!has_image(maas, whole, &choices))
		maas_error(errors, "distro_series",
		    "'%s' is not a valid distro_series.  It should be one of: "
		    "%s.",
		    whole, buf_text(&choices));
	buf_free(&choices);
	free(whole);
}

static void check_key(const char *key, json_t *errors)
{
	if (!*key)
		maas_error(errors, "license_key", "This field is required.");
	else if (!json_object_size(errors) && !key_ok(key))
		maas_error(errors, "__all__", "Invalid license key.");
}

void maas_op_license_keys_create(struct ask *ask)
{
	const char *os = maas_field(ask, "osystem");
	const char *release = maas_field(ask, "distro_series");
	const char *key = maas_field(ask, "license_key");
	const char *slash = release ? strchr(release, '/') : NULL;
	char *from_release = NULL;
	json_t *errors = json_object();

	if (slash) {
		from_release = xstrndup(release, (size_t)(slash - release));
		os = os && *os ? os : from_release;
		release = slash + 1;
	}
	os = os ? os : "";
	release = release ? release : "";
	check_release(ask->maas, os, release, errors);
	check_key(key ? key : "", errors);
	if (!json_object_size(errors) && licence_of(ask->maas, os, release))
		maas_error(errors, "__all__",
		    "License key with this operating system and distro series "
		    "already exists.");
	if (maas_fine(ask, errors))
		maas_answer(ask,
		    licence_json(maas_document_make(&ask->maas->license_keys,
		        "/license-keys/",
		        json_pack("{s:s, s:s, s:s}", "osystem", os,
		            "distro_series", release, "license_key", key))));
	free(from_release);
}

void maas_op_license_keys_update(struct ask *ask)
{
	struct document *licence = licence_asked(ask);
	const char *key = maas_field(ask, "license_key");
	json_t *errors;

	if (!licence)
		return;
	errors = json_object();
	if (key)
		check_key(key, errors);
	if (!maas_fine(ask, errors))
		return;
	if (key)
		jsets(licence->shown, "license_key", key);
	maas_answer(ask, licence_json(licence));
}

/* One that is not there is as good as deleted. */
void maas_op_license_keys_delete(struct ask *ask)
{
	struct document *licence = licence_of(
	    ask->maas, ask->args[0], ask->args[1]);

	if (licence)
		maas_document_drop(&ask->maas->license_keys, licence);
	maas_answer_gone(ask);
}

/* ---- SSL keys: each user's own ---- */

static bool is_mine(const struct ask *ask, const struct document *key)
{
	return jint(key->shown, "_user") == ask->user->id;
}

void maas_op_sslkeys_list(struct ask *ask)
{
	json_t *list = json_array();
	struct document *key;

	list_for_each (key, &ask->maas->ssl_keys) {
		if (is_mine(ask, key))
			json_array_append_new(
			    list, maas_document_json(ask->maas, key, NULL));
	}
	maas_answer(ask, list);
}

static struct document *ssl_key_asked(struct ask *ask, const char *what)
{
	struct document *key = maas_document_asked(
	    ask, &ask->maas->ssl_keys, "SSLKey");

	if (key && !is_mine(ask, key)) {
		char *text = xasprintf("Can't %s a key you don't own.", what);

		maas_answer_text(ask, 403, "text/plain; charset=utf-8", text);
		free(text);
		return NULL;
	}
	return key;
}

void maas_op_sslkeys_read(struct ask *ask)
{
	struct document *key = ssl_key_asked(ask, "get");

	if (key)
		maas_document_answer(ask, key, NULL);
}

/* A certificate in PEM: that much of it is looked at. */
static bool is_pem(const char *text)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const char *from = strstr(text, begin), *to;
	struct buf der = BUF_INIT;
	bool fine;

	if (!from)
		return false;
	from += sizeof(begin) - 1;
	to = strstr(from, "-----END CERTIFICATE-----");
	fine = to && buf_add_unbase64(&der, from, (size_t)(to - from)) &&
	       der.len > 0;
	buf_free(&der);
	return fine;
}

void maas_op_sslkeys_create(struct ask *ask)
{
	const char *text = maas_field(ask, "key");
	json_t *errors = json_object();
	struct document *key;

	if (!text || !*text)
		maas_error(errors, "key", "This field is required.");
	else if (!is_pem(text))
		maas_error(errors, "key", "Invalid SSL key.");
	list_for_each (key, &ask->maas->ssl_keys) {
		if (text && is_mine(ask, key) &&
		    strcmp(jstr(key->shown, "key"), text) == 0)
			maas_error(errors, "key",
			    "This key has already been added for this user.");
	}
	if (!maas_fine(ask, errors))
		return;
	key = maas_document_make(&ask->maas->ssl_keys,
	    "/account/prefs/sslkeys/",
	    json_pack(
	        "{s:s, s:I}", "key", text, "_user", (json_int_t)ask->user->id));
	maas_audit(ask, "Authorisation", "Created SSL key id='%lld'.",
	    (long long)key->id);
	maas_answer_status(ask, 201, maas_document_json(ask->maas, key, NULL));
}

void maas_op_sslkeys_delete(struct ask *ask)
{
	struct document *key = ssl_key_asked(ask, "delete");

	if (!key)
		return;
	maas_audit(ask, "Authorisation", "Deleted SSL key id='%lld'.",
	    (long long)key->id);
	maas_document_drop(&ask->maas->ssl_keys, key);
	maas_answer_gone(ask);
}
