#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/*
 * Where images come from, and which of them are wanted. There is no stream of
 * images behind a source: what one offers is the table below, and nothing is
 * ever fetched from it.
 */

static const struct offer {
	const char *os, *release;
} offers[] = {
	{ "ubuntu", "trusty" },
	{ "ubuntu", "xenial" },
	{ "ubuntu", "bionic" },
	{ "ubuntu", "focal" },
	{ "ubuntu", "jammy" },
	{ "ubuntu", "noble" },
	{ "centos", "centos70" },
	{ "centos", "8" },
};

#define STABLE "http://images.maas.io/ephemeral-v3/stable/"
#define KEYS   "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"

/* ---- sources ---- */

void maas_boot_sources_defaults(struct maas *maas)
{
	struct document *source = maas_document_make(&maas->boot_sources,
	    "/boot-sources/",
	    json_pack("{s:s, s:s, s:s, s:o, s:o}", "url", STABLE,
	        "keyring_filename", KEYS, "keyring_data", "", "created",
	        maas_now_json(maas), "updated", maas_now_json(maas)));
	maas_document_make(&maas->selections, "/boot-sources/1/selections/",
	    json_pack("{s:I, s:s, s:s, s:[s], s:[s], s:[s]}", "boot_source_id",
	        (json_int_t)source->id, "os", "ubuntu", "release", "jammy",
	        "arches", "amd64", "subarches", "*", "labels", "*"));
}

void maas_op_boot_sources_list(struct ask *ask)
{
	maas_documents_answer(ask, &ask->maas->boot_sources, NULL);
}

static struct document *source_asked(struct ask *ask)
{
	return maas_document_asked(ask, &ask->maas->boot_sources, "BootSource");
}

void maas_op_boot_sources_read(struct ask *ask)
{
	struct document *source = source_asked(ask);

	if (source)
		maas_document_answer(ask, source, NULL);
}

static bool url_taken(
    const struct maas *maas, const char *url, const struct document *self)
{
	struct document *other;

	list_for_each (other, &maas->boot_sources) {
		if (other != self &&
		    strcmp(jstr(other->shown, "url"), url) == 0)
			return true;
	}
	return false;
}

/* A ring of keys by its name, or as itself: a field, or a file. */
static void read_keys(struct ask *ask, json_t *form, json_t *errors)
{
	const struct body_file *file = maas_body_file(
	    &ask->body, "keyring_data");
	struct buf text = BUF_INIT;

	maas_put_text(ask, form, errors, "keyring_filename", false);
	maas_put_text(ask, form, errors, "keyring_data", false);
	if (file) {
		buf_add_base64(&text, file->content.data, file->content.len);
		jsets(form, "keyring_data", buf_text(&text));
		buf_free(&text);
	}
	if (*jstr(form, "keyring_data") && *jstr(form, "keyring_filename"))
		maas_error(errors, "__all__",
		    "Only one of keyring_filename or keyring_data can be "
		    "specified.");
	else if (!*jstr(form, "keyring_data") &&
	         !*jstr(form, "keyring_filename"))
		maas_error(errors, "__all__",
		    "One of keyring_data or keyring_filename must be "
		    "specified.");
}

static json_t *read_source(struct ask *ask, const struct document *self)
{
	json_t *form = self ? json_deep_copy(self->shown) : json_object();
	json_t *errors = json_object();
	const char *url;

	maas_put_text(ask, form, errors, "url", true);
	read_keys(ask, form, errors);
	url = jstr(form, "url");
	if (*url && !maas_url_ok(url))
		maas_error(errors, "url", "Enter a valid URL.");
	else if (*url && url_taken(ask->maas, url, self))
		maas_error(
		    errors, "url", "Boot source with this Url already exists.");
	if (!jhas(form, "created"))
		jset(form, "created", maas_now_json(ask->maas));
	jset(form, "updated", maas_now_json(ask->maas));
	if (maas_fine(ask, errors))
		return form;
	json_decref(form);
	return NULL;
}

void maas_op_boot_sources_create(struct ask *ask)
{
	json_t *form = read_source(ask, NULL);
	struct document *source;

	if (!form)
		return;
	source = maas_document_make(
	    &ask->maas->boot_sources, "/boot-sources/", form);
	maas_audit(
	    ask, "Boot source", "Created boot source %s", jstr(form, "url"));
	maas_answer_status(
	    ask, 201, maas_document_json(ask->maas, source, NULL));
}

void maas_op_boot_sources_update(struct ask *ask)
{
	struct document *source = source_asked(ask);
	json_t *form = source ? read_source(ask, source) : NULL;

	if (!form)
		return;
	json_decref(source->shown);
	source->shown = form;
	maas_list_touch(&ask->maas->boot_sources, source);
	maas_audit(
	    ask, "Boot source", "Updated boot source %s", jstr(form, "url"));
	maas_document_answer(ask, source, NULL);
}

/* What was wanted from it is not wanted any more. */
void maas_op_boot_sources_delete(struct ask *ask)
{
	struct document *source = source_asked(ask);
	struct list *selections = &ask->maas->selections;

	if (!source)
		return;
	for (size_t i = selections->count; i-- > 0;) {
		struct document *selection = selections->items[i];

		if (jint(selection->shown, "boot_source_id") == source->id)
			maas_document_drop(selections, selection);
	}
	maas_audit(ask, "Boot source", "Deleted boot source %s",
	    jstr(source->shown, "url"));
	maas_document_drop(&ask->maas->boot_sources, source);
	maas_answer_gone(ask);
}

/* ---- selections ---- */

void maas_op_selections_list(struct ask *ask)
{
	struct document *source = source_asked(ask);
	const struct list *selections = &ask->maas->selections;
	json_t *list;
	void **rows;

	if (!source)
		return;
	list = json_array();
	rows = maas_list_rows(selections);
	for (size_t i = 0; i < selections->count; i++) {
		const struct document *selection = rows[i];

		if (jint(selection->shown, "boot_source_id") == source->id)
			json_array_append_new(list,
			    maas_document_json(ask->maas, selection, NULL));
	}
	free(rows);
	maas_answer(ask, list);
}

static struct document *selection_asked(struct ask *ask)
{
	struct document *source = source_asked(ask), *selection;
	int64_t id;

	if (!source || !maas_id_of(ask, ask->args[1], &id))
		return NULL;
	selection = maas_list_find(&ask->maas->selections, id);
	if (selection && jint(selection->shown, "boot_source_id") == source->id)
		return selection;
	maas_answer_missing(ask, "BootSourceSelection");
	return NULL;
}

void maas_op_selections_read(struct ask *ask)
{
	struct document *selection = selection_asked(ask);

	if (selection)
		maas_document_answer(ask, selection, NULL);
}

static void check_offer(const json_t *form, json_t *errors)
{
	const char *os = jstr(form, "os"), *release = jstr(form, "release");

	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
		if (strcmp(offers[i].os, os) == 0 &&
		    strcmp(offers[i].release, release) == 0)
			return;
	maas_error(errors, "os",
	    "OS %s with release %s has no available images for download", os,
	    release);
}

static void check_once(const struct maas *maas, const json_t *form,
    const struct document *self, json_t *errors)
{
	struct document *other;

	list_for_each (other, &maas->selections) {
		if (other != self &&
		    jint(other->shown, "boot_source_id") ==
		        jint(form, "boot_source_id") &&
		    strcmp(jstr(other->shown, "os"), jstr(form, "os")) == 0 &&
		    strcmp(jstr(other->shown, "release"),
		        jstr(form, "release")) == 0)
			maas_error(errors, "__all__",
			    "Boot source selection with this Boot source, Os "
			    "and Release already exists.");
	}
}

static void put_stars(struct ask *ask, json_t *form, const char *field)
{
	maas_put_list(ask, form, field);
	if (!jlen(form, field))
		jset(form, field, json_pack("[s]", "*"));
}

static json_t *read_selection(
    struct ask *ask, int64_t source, const struct document *self)
{
	json_t *form = self ? json_deep_copy(self->shown) : json_object();
	json_t *errors = json_object();

	jseti(form, "boot_source_id", source);
	maas_put_text(ask, form, errors, "os", true);
	maas_put_text(ask, form, errors, "release", true);
	put_stars(ask, form, "arches");
	put_stars(ask, form, "subarches");
	put_stars(ask, form, "labels");
	if (!json_object_size(errors))
		check_offer(form, errors);
	check_once(ask->maas, form, self, errors);
	if (maas_fine(ask, errors))
		return form;
	json_decref(form);
	return NULL;
}

void maas_op_selections_create(struct ask *ask)
{
	struct document *source = source_asked(ask), *selection;
	json_t *form = source ? read_selection(ask, source->id, NULL) : NULL;
	char *path;

	if (!form)
		return;
	path = xasprintf(
	    "/boot-sources/%lld/selections/", (long long)source->id);
	selection = maas_document_make(&ask->maas->selections, path, form);
	free(path);
	maas_document_answer(ask, selection, NULL);
}

void maas_op_selections_update(struct ask *ask)
{
	struct document *selection = selection_asked(ask);
	json_t *form = selection ? read_selection(ask,
	                               jint(selection->shown, "boot_source_id"),
	                               selection)
	                         : NULL;

	if (!form)
		return;
	json_decref(selection->shown);
	selection->shown = form;
	maas_list_touch(&ask->maas->selections, selection);
	maas_document_answer(ask, selection, NULL);
}

void maas_op_selections_delete(struct ask *ask)
{
	struct document *selection = selection_asked(ask);

	if (!selection)
		return;
	maas_document_drop(&ask->maas->selections, selection);
	maas_answer_gone(ask);
}
