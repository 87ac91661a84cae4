/*
 * rest_inside: what the parts of rest (rest*.c) and the near kube know of each
 * other. Nobody else includes this.
 */
#ifndef CAPI_REST_INSIDE_H
#define CAPI_REST_INSIDE_H

#include "capi/rest.h"
#include "capi/store_inside.h"

struct rest_path {
	const struct kind_info *kind; /* NULL: it names no resource */
	char *ns, *name, *sub;        /* NULL where not given */
};
/* Fills *path; path->kind tells whether it is one. */
void rest_path_parse(struct rest_path *path, const char *target);
void rest_path_free(struct rest_path *path);
/* get, list, watch, create, update, patch, delete: as access rules have it. */
const char *rest_verb(const char *method, const char *target, bool has_name);

/* One request for a resource or for discovery. Returns a new document, an
 * object or a Status, and its code. body is only read; NULL: none. */
json_t *rest_answer(struct store *store, const char *method, const char *target,
    const char *content_type, const json_t *body, int *code);
/* /version, /api, /apis, /apis/G/V and /; NULL if it is none of these. */
json_t *rest_discovery(const char *target);

/* "metadata.name=x,spec.nodeName!=y". unsupported: the label that we do not
 * know, in which case the answer is false. */
bool rest_fields_match(const char *selector, const json_t *obj);
bool rest_fields_known(const char *selector, struct api_status *status);

/* What a watcher hears of a change: "ADDED", "MODIFIED", "DELETED", with the
 * object to show; NULL: nothing. */
const char *rest_watch_sees(const struct rest_watch *w,
    const struct change *change, const json_t **obj);
/* May it begin there? False: 410, 422, 504 in *status. */
bool rest_watch_may_begin(const struct store *store, const struct rest_watch *w,
    struct api_status *status);

#endif
