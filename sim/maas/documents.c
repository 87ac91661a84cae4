#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/networks.h"
#include "sim/maas/python.h"

void maas_documents_defaults(struct maas *maas)
{
	maas_package_repositories_defaults(maas);
	maas_boot_sources_defaults(maas);
	maas_scripts_defaults(maas);
}

/* ---- things ---- */

struct document *maas_document_make(
    struct list *documents, const char *path, json_t *shown)
{
	struct document *document = xcalloc(1, sizeof(*document));
	char *uri;

	check(shown);
	document->shown = shown;
	maas_list_add(documents, document);
	uri = xasprintf("/MAAS/api/2.0%s%lld/", path, (long long)document->id);
	jseti(shown, "id", document->id);
	jsets(shown, "resource_uri", uri);
	free(uri);
	return document;
}

void maas_document_drop(struct list *documents, struct document *document)
{
	maas_list_remove(documents, document);
	json_decref(document->shown);
	free(document);
}

json_t *maas_document_json(const struct maas *maas,
    const struct document *document, document_fn *render)
{
	json_t *copy = json_deep_copy(document->shown), *value;
	const char *key;
	void *next;

	json_object_foreach_safe(copy, next, key, value)
	{
		if (*key == '_')
			json_object_del(copy, key);
	}
	if (render)
		render(maas, document, copy);
	return copy;
}

void maas_documents_answer(
    struct ask *ask, const struct list *documents, document_fn *render)
{
	void **rows = maas_list_rows(documents);
	json_t *list = json_array();

	for (size_t i = 0; i < documents->count; i++)
		json_array_append_new(
		    list, maas_document_json(ask->maas, rows[i], render));
	free(rows);
	maas_answer(ask, list);
}

void maas_document_answer(
    struct ask *ask, const struct document *document, document_fn *render)
{
	maas_answer(ask, maas_document_json(ask->maas, document, render));
}

struct document *maas_document_asked(
    struct ask *ask, const struct list *documents, const char *model)
{
	struct document *document;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return NULL;
	document = maas_list_find(documents, id);
	if (!document)
		maas_answer_missing(ask, model);
	return document;
}

struct document *maas_document_to_change(
    struct ask *ask, const struct list *documents, const char *model)
{
	struct document *document = maas_document_asked(ask, documents, model);

	if (document && !maas_is_admin(ask)) {
		maas_refuse(ask, 403, "%s", "");
		return NULL;
	}
	return document;
}

/* ---- fields ---- */

void maas_put_text(struct ask *ask, json_t *document, json_t *errors,
    const char *field, bool required)
{
	const char *text = maas_stripped(ask, field);

	if (required && (text ? !*text : !*jstr(document, field)))
		maas_error(errors, field, "This field is required.");
	else if (text)
		jsets(document, field, text);
	else if (!jhas(document, field))
		jsets(document, field, "");
}

void maas_put_bool(struct ask *ask, json_t *document, json_t *errors,
    const char *field, bool fallback)
{
	bool value = jhas(document, field) ? jbool(document, field) : fallback;

	(void)errors;
	maas_checkbox(&ask->body.form, field, &value);
	jsetb(document, field, value);
}

void maas_put_list(struct ask *ask, json_t *document, const char *field)
{
	struct names words = { 0 };
	const char *text;
	json_t *list;
	size_t at = 0;
	bool given = false;

	while ((text = maas_form_next(&ask->body.form, field, &at))) {
		given = true;
		maas_names_split(&words, text, ", ");
	}
	list = json_array();
	for (size_t i = 0; i < words.count; i++)
		json_array_append_new(list, json_string(words.items[i]));
	maas_names_free(&words);
	if (given || !jhas(document, field))
		jset(document, field, list);
	else
		json_decref(list);
}

void maas_invalid_choice(json_t *errors, const char *field, const char *word)
{
	maas_error(errors, field,
	    "Select a valid choice. %s is not one of the available choices.",
	    word);
}

void maas_no_such_choice(json_t *errors, const char *field)
{
	maas_error(errors, field,
	    "Select a valid choice. That choice is not one of the available "
	    "choices.");
}

void maas_none_found(json_t *errors, const char *field, const char *word)
{
	int64_t id;

	if (maas_python_read_based(word, &id))
		maas_error(errors, field, "None found with id=%s.", word);
	else
		maas_no_such_choice(errors, field);
}

struct subnet *maas_subnet_field(
    struct ask *ask, json_t *errors, const char *field, bool required)
{
	const char *text = maas_field(ask, field);
	struct subnet *subnet;

	if (!text || !*text) {
		if (required)
			maas_error(errors, field, "This field is required.");
		return NULL;
	}
	subnet = maas_subnet_named(ask->maas, text);
	if (!subnet)
		maas_none_found(errors, field, text);
	return subnet;
}

/* Django's: UTC, milliseconds, no letter for the zone. */
json_t *maas_now_json(const struct maas *maas)
{
	char text[32];

	time_text_ms(maas_time(maas), text);
	text[strcspn(text, "Z")] = '\0';
	return json_string(text);
}

/* ---- versions ---- */

bool maas_revert(struct ask *ask, json_t *values, int64_t to)
{
	size_t count = json_array_size(values), keep = 0;

	if (to <= 0 && (uint64_t)-to < count)
		keep = count - (size_t)-to;
	for (size_t i = 0; to > 0 && i < count; i++)
		if (jint(json_array_get(values, i), "id") == to)
			keep = i + 1;
	if (!keep && to > 0)
		maas_refuse(
		    ask, 400, "%lld not found in history", (long long)to);
	else if (!keep)
		maas_refuse(ask, 400, "Goes too far back.");
	while (keep && json_array_size(values) > keep)
		json_array_remove(values, json_array_size(values) - 1);
	return keep > 0;
}

/* ---- nobody makes one ---- */

/* A cluster of VM hosts comes from LXD, and there is none here: whoever asks
 * for one misses it. */
void maas_op_vm_clusters_one(struct ask *ask)
{
	maas_answer_missing(ask, "VMCluster");
}

void maas_op_vm_clusters_list(struct ask *ask)
{
	maas_answer(ask, json_array());
}
