/*
 * rest: the Kubernetes API over a store: HTTP as a skin.
 *
 * rest_handle answers one request (everything but watches) with what a real
 * API server would say: objects, lists, Status errors, discovery. An API
 * server (sim/workload) calls it for each exchange; a local client (kube.h)
 * calls it directly, so code above cannot tell a local store from a remote one.
 *
 * Modelled: get, list (label and field selectors), create (generateName),
 * update, merge patch, delete (precondition uid, background collection),
 * the status and approval subresources, eviction, watch, discovery, health.
 * Refused with a sentence: JSON patch, strategic merge patch and server-side
 * apply (415), protobuf bodies (415), dryRun, foreground and orphan deletion
 * (400), deletecollection (405). Not offered: tables, logs, exec.
 */
#ifndef CAPI_REST_H
#define CAPI_REST_H

#include "base/http.h"
#include "base/net.h"
#include "capi/store.h"

/* Who is asking; NULL name: anonymous. */
struct rest_user {
	const char *name;   /* kubernetes-admin, system:node:x */
	const char *groups; /* comma list: system:masters */
};

/* Fills *response. Authorization is the caller's; see rest_allows. */
void rest_handle(struct store *store, const struct rest_user *user,
    const struct http_request *request, struct http_response *response);

/* system:masters may everything; the rest by a small table (bootstrap tokens,
 * nodes, service accounts). False fills a 403 Status. */
bool rest_allows(const struct rest_user *user,
    const struct http_request *request, struct http_response *response);

/* 401: whoever it is, we do not know him. */
void rest_unauthorized(struct http_response *response);

/* Is it a watch? Then parse what to watch. */
struct rest_watch {
	const struct kind_info *kind;
	char ns[128];   /* "" all */
	char name[128]; /* by fieldSelector metadata.name; "" all */
	char selector[256];
	char fields[256]; /* the whole fieldSelector */
	uint64_t from_version;
	bool bookmarks;
	bool initial_events; /* WatchList: a bookmark after what is there */
	usec timeout_for;    /* as the client asked; 0: half an hour */
};
bool rest_is_watch(const struct http_request *request, struct rest_watch *w);

/* Serve a watch on an exchange until either side ends it: what is there (from
 * version 0) or what came after from_version (410 Expired if the history does
 * not reach back), then every change as one JSON line. Owned by the exchange;
 * rest_stop_watches ends all watches of a store (its server goes down). */
void rest_watch(
    struct store *store, struct exchange *exchange, const struct rest_watch *w);
void rest_stop_watches(struct store *store, bool abort);

/* The op of a service (base/net.h): "machines.list", "secrets.create",
 * "machines/status.patch", "nodes.watch"; other paths by their last segment:
 * "version", "healthz". */
const char *rest_op(
    void *ctx, const struct http_request *request, char *room, size_t size);

#endif
