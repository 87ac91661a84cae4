/*
 * form: the body of a request as fields and files.
 *
 * Two encodings, as Django reads them: application/x-www-form-urlencoded (and
 * no type at all), and multipart/form-data. Repeated fields are kept in order.
 * A JSON or YAML body becomes fields too, which is what the simple handlers
 * make of it; `structured` says so, because others cannot use it.
 *
 * Bytes from outside: nothing here trusts a length, a boundary or a quote, and
 * every text that comes out is UTF-8.
 */
#ifndef SIM_MAAS_FORM_H
#define SIM_MAAS_FORM_H

#include "base/err.h"
#include "base/http.h"

struct body_file {
	char *name, *filename;
	struct buf content;
};

struct body {
	struct form form;
	struct body_file *files;
	size_t file_count;
	bool structured;  /* it was JSON or YAML */
	const char *type; /* what Python calls it when it is no object */
	bool unread;      /* a type that is not parsed */
	bool multipart;
};

/* False: the body is not what its type says; of a multipart one, err says it
 * in the words of the exception. */
bool maas_body_read(
    struct body *body, const struct http_request *request, struct err *err);
void maas_body_free(struct body *body);
/* The first file of that name, or NULL. */
const struct body_file *maas_body_file(
    const struct body *body, const char *name);

/* The readers themselves, for tests and fuzzing. A multipart body is read as
 * far as it makes sense; false and a sentence when a file is not the base64
 * that it says it is. */
bool maas_multipart_read(struct body *body, const char *boundary,
    const char *data, size_t len, struct err *err);
void maas_urlencoded_read(struct form *form, const char *text, size_t len);
/* The boundary of a Content-Type, 1 to 201 characters; false if there is none
 * or it is no good, and out is how Python shows it. */
#define MAAS_BOUNDARY 202
bool maas_boundary(const char *content_type, char out[MAAS_BOUNDARY]);
/* These bytes as UTF-8: what is none becomes %XX or a replacement sign.
 * free() it. */
char *maas_text(const char *data, size_t len, bool percent);

/* Fields of a name, in order; *at starts at 0. NULL when there are no more. */
const char *maas_form_next(
    const struct form *form, const char *name, size_t *at);

#endif
