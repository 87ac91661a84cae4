/*
 * documents: nouns that are kept as the document that is shown.
 *
 * Keys that begin with "_" are ours and are not shown. What refers to another
 * thing keeps its id there and is rendered when it is shown, so that it never
 * shows the past.
 */
#ifndef SIM_MAAS_DOCUMENTS_H
#define SIM_MAAS_DOCUMENTS_H

#include "sim/maas/ask.h"

/* Nouns that have attributes and no life of their own (static routes, package
 * repositories, notifications ...): the document as it is shown. */
struct document {
	int64_t id;
	json_t *shown;
};

/* Adds to the copy what is rendered; NULL: nothing. */
typedef void document_fn(
    const struct maas *maas, const struct document *document, json_t *copy);

/* The next id; path: "/static-routes/" for resource_uri. Steals shown. */
struct document *maas_document_make(
    struct list *documents, const char *path, json_t *shown);
void maas_document_drop(struct list *documents, struct document *document);
json_t *maas_document_json(const struct maas *maas,
    const struct document *document, document_fn *render);

void maas_documents_answer(
    struct ask *ask, const struct list *documents, document_fn *render);
void maas_document_answer(
    struct ask *ask, const struct document *document, document_fn *render);
/* The one in args[0]; NULL: answered with 404. */
struct document *maas_document_asked(
    struct ask *ask, const struct list *documents, const char *model);
/* For a noun that only administrators change. NULL: answered. */
struct document *maas_document_to_change(
    struct ask *ask, const struct list *documents, const char *model);

/* ---- fields of a form, into the document ---- */
/* Absent leaves it as it is; a required one may not be missing, or empty. */
void maas_put_text(struct ask *ask, json_t *document, json_t *errors,
    const char *field, bool required);
void maas_put_bool(struct ask *ask, json_t *document, json_t *errors,
    const char *field, bool fallback);
/* Repeated fields, and commas within them. */
void maas_put_list(struct ask *ask, json_t *document, const char *field);
void maas_invalid_choice(json_t *errors, const char *field, const char *word);
/* "Select a valid choice. That choice ..." */
/* Of a specifier that means nothing: ids have a sentence of their own. */
void maas_none_found(json_t *errors, const char *field, const char *word);
void maas_no_such_choice(json_t *errors, const char *field);
/* The subnet that a field names; NULL if none does, perhaps with an error. */
struct subnet *maas_subnet_field(
    struct ask *ask, json_t *errors, const char *field, bool required);
/* Back to an earlier version of {id, ...}, oldest first: to an id, or so many
 * steps (-1). The later ones are gone. False: answered. */
bool maas_revert(struct ask *ask, json_t *versions, int64_t to);
/* What a fresh installation has of them: all, and of single nouns. */
void maas_documents_defaults(struct maas *maas);
void maas_package_repositories_defaults(struct maas *maas);
void maas_boot_sources_defaults(struct maas *maas);
void maas_scripts_defaults(struct maas *maas);
json_t *maas_now_json(const struct maas *maas); /* 2026-11-21T07:40:20.384 */
json_t *maas_mail_time(usec time); /* Sat, 21 Nov 2026 07:32:08 -0000 */

#endif
