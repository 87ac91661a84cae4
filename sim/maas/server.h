/*
 * server: from an exchange to an operation, and back.
 */
#ifndef SIM_MAAS_SERVER_H
#define SIM_MAAS_SERVER_H

#include "sim/maas/ask.h"

#define MAAS_API "/MAAS/api/2.0"

void maas_serve(void *ctx, struct exchange *exchange); /* handle_fn */
void maas_ask_free(struct ask *ask);                   /* what is in it */
const char *maas_op_of(void *ctx, const struct http_request *request,
    char *room, size_t size); /* op_fn */

/* pages.c: what is not the API. nginx in front refuses larger bodies. */
#define MAAS_MAX_BODY ((size_t)10 << 20)
bool maas_front_refuses(struct ask *ask); /* true: answered */
void maas_page(struct ask *ask, const char *path);
void maas_page_openapi(struct ask *ask);

/* The path of a target, decoded, with runs of slashes made one; free() it. */
char *maas_clean_path(const char *target);
/* The op of a request, from query, body or the end of its path (which it then
 * loses); free() it. NULL: none. */
char *maas_asked_op(const struct http_request *request, char *path);

/* accounts.c: a name and a password for a key */
void maas_authenticate(struct ask *ask);

/* metadata.c: everything below /MAAS/metadata/ */
void maas_metadata(struct ask *ask, const char *path);
const char *maas_metadata_op(const struct http_request *request);

#endif
