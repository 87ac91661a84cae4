/*
 * manager_parts: what the files of the manager share. Not for controllers.
 */
#ifndef CAPI_MANAGER_PARTS_H
#define CAPI_MANAGER_PARTS_H

#include "capi/reconcile.h"

/* What is remembered of one object between two looks. Gone with the process:
 * whatever must not be forgotten is in the object. */
struct item {
	struct manager *manager;
	const struct controller *controller;
	char *name;
	struct timer timer;
	bool dirty; /* something changed while an action ran */
	bool gone;
	usec not_before_at; /* capi_hold_for */
	int64_t generation; /* as last looked at */
	unsigned failures;
	unsigned refused;                  /* writes to our own API, in a row */
	char *wait_reason, *wait_sentence; /* NULL: it does not wait */
	struct memory memory;
	/* the action under way */
	bool busy;
	struct kube_call *kube_call;
	struct maas_call *maas_call;
	kube_reaction_fn *on_kube;
	maas_reaction_fn *on_maas;
	bool in_workload;
	/* what waits for the fence (manager_act.c): one of the two, or neither
	 */
	json_t *to_create;
	struct maas_order {
		char *method, *path; /* NULL: none */
		char **params;       /* NULL-terminated; or NULL */
	} to_maas;
	struct item *next; /* in the order in which they were first seen */
};

/* The API of the cluster that is being built (manager_workload.c). */
struct workload_link {
	struct manager *manager;
	struct kube *kube; /* NULL: none (yet) */
	bool owned;
	char *kubeconfig; /* what kube was made from */
	struct timer timer;
	struct kube_call *probe;
	bool ready;          /* it answered, and said which nodes there are */
	struct cache *nodes; /* NULL until it answered */
};

struct manager {
	struct host *host;
	struct kube *kube;
	char *ns;
	struct cache *cache;
	struct maas_client *maas;
	char *maas_user;
	bool maas_user_is_admin;
	struct item *items;
	struct workload_link workload;
	struct token token;
	bool paused; /* as last seen: the end of a pause breaks holds */
	char *told;  /* the sentence the owner heard last */
	void (*waiting)(void *ctx, const char *reason, const char *sentence);
	void *ctx;
};

void manager_poke(struct item *item, usec wait_for);
void manager_poke_all(struct manager *manager);
void manager_poke_kind(struct manager *manager, const char *kind);
/* Items that must look because obj changed. */
void manager_changed(
    struct manager *manager, const char *kind, const json_t *obj);
const json_t *manager_cluster(const struct manager *manager);
void manager_item_new(
    struct manager *manager, const char *kind, const char *name);
/* One look at one object. False: there is nothing to look at, or it may not be
 * touched now. End it after whatever the look did. */
bool manager_look_begin(
    struct item *item, struct reconcile *r, const json_t **obj);
void manager_look_end(struct reconcile *r);
void manager_forget_order(struct item *item);
bool manager_is_paused(const json_t *cluster);

void workload_link_init(struct manager *manager, struct kube *own);
void workload_link_free(struct manager *manager);
/* Connect, go on, or let go, as the objects say. */
void workload_link_update(struct manager *manager);

#endif
