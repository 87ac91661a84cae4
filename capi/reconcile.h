/*
 * reconcile: what a controller sees and may do.
 *
 * A controller is handed one object, not paused and with its Cluster known.
 * It reads the cache, and then does at most ONE of these: begins an action
 * (act_*), says when to look again, or nothing (it is called again when
 * something about the object changes). Never two actions: check() sees to it.
 *
 * After an action was answered the object is looked at again at once; an
 * action with a function of its own (act_maas) has that called instead, with
 * the object as it is by then, and that function may again begin one action.
 * It is not called when the object is gone or has been paused meanwhile: what
 * was done outside is then found again by the intent that was stored before.
 *
 * Texts are borrowed; json_t arguments called `steal` become the callee's.
 */
#ifndef CAPI_RECONCILE_H
#define CAPI_RECONCILE_H

#include "capi/manager.h"

#define CLUSTER_LABEL       "cluster.x-k8s.io/cluster-name"
#define CONTROL_PLANE_LABEL "cluster.x-k8s.io/control-plane"
#define NOTE_INTENT         "pcg.pcgsim.io/intent"

struct item;

struct reconcile {
	struct manager *manager;
	struct item *item;
	struct host *host;
	const char *ns, *name;
	const json_t *cluster; /* the Cluster it belongs to */
	bool acted;
	bool waits;
	usec again_for; /* USEC_NEVER: only on change */
};

typedef void maas_reaction_fn(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer);
typedef void kube_reaction_fn(
    struct reconcile *r, const json_t *obj, const struct kube_answer *answer);

/* ---- actions ---- */
void act_create(struct reconcile *r, json_t *steal);
/* A merge patch; carries the cached resourceVersion, so a stale view costs a
 * conflict. sub: NULL or "status". */
void act_patch(
    struct reconcile *r, const json_t *obj, const char *sub, json_t *steal);
void act_delete(struct reconcile *r, const json_t *obj);
void act_maas(struct reconcile *r, const char *method, const char *path,
    const char *const *params, maas_reaction_fn *fn);
/* In the workload cluster; NULL fn: 2xx, 404 and 409 are all fine. */
void act_workload(struct reconcile *r, const char *method, const char *path,
    json_t *steal_body, kube_reaction_fn *fn);

/* ---- when to look again ---- */
/* Look again after this time even if nothing changes. */
void capi_look_again(struct reconcile *r, usec wait_for);
/* And not before, whatever changes; a new generation (deletion is one), an
 * end of a pause or a new API key breaks it. */
void capi_hold_for(struct reconcile *r, usec wait_for);
/* +-20 %, a choice of the host. */
usec capi_jittered(struct reconcile *r, usec around_for, const char *what);
/* capi_hold_for 1 s, 2 s, ... 5 min, jittered; forgotten by capi_progress(). */
void capi_back_off(struct reconcile *r);
void capi_progress(struct reconcile *r);
/* The same for writes that our own API refuses (a full disk): what MAAS answers
 * meanwhile is no progress then. */
void capi_back_off_write(struct reconcile *r);
unsigned failures_of(const struct reconcile *r);
/* It waits for somebody or something outside: shown until a look at the
 * object ends without saying so again. */
void capi_wait_says(struct reconcile *r, const char *reason, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* The usual reaction to an answer that is not MAAS_OK; `what` is what was
 * tried, as in "allocate a machine". */
void maas_trouble(
    struct reconcile *r, const struct maas_answer *answer, const char *what);

/* ---- memory of the process, gone with it ---- */
struct memory {
	bool settled;    /* no allocation of ours can still be under way */
	bool image_seen; /* MAAS has the image */
	bool named;      /* our name is written on the machine */
	bool swap_off;   /* MAAS accepted swap_size=0 */
	unsigned absent; /* looks in a row that did not find the machine */
	unsigned off;    /* looks in a row that found it switched off */
	bool checked;    /* the world outside was read ... */
	usec checked_at; /* ... at this instant */
};
struct memory *capi_memory_of(struct reconcile *r);
/* Whose key it is; "" until asked (users/?op=whoami). */
const char *maas_user(const struct reconcile *r);
bool maas_user_is_admin(const struct reconcile *r);
void maas_user_set(struct reconcile *r, const char *user, bool is_admin);

/* ---- reading ---- */
const json_t *capi_find(const struct reconcile *r, const char *kind,
    const char *name); /* in the object's namespace */
typedef void visit_fn(void *ctx, const json_t *obj);
/* All objects of a kind that belong to this Cluster, by name. */
void capi_each_of(
    const struct reconcile *r, const char *kind, visit_fn *visit, void *ctx);
const char *capi_cluster_name(const struct reconcile *r);
bool capi_cluster_deletes(const struct reconcile *r);
bool capi_is_deleting(const json_t *obj);
bool capi_is_control_plane(const json_t *obj);
const char *capi_label_of(const json_t *obj, const char *key);
const char *capi_note_of(const json_t *obj, const char *key);
const char *capi_name_of(const json_t *obj);
bool capi_owned_by(const json_t *obj, const json_t *owner);
/* First ownerReference of this kind: its name, or "". */
const char *capi_owner_named(const json_t *obj, const char *kind);
usec capi_created_time(const json_t *obj); /* wall clock; 0 if unknown */

/* ---- the workload cluster ---- */
bool workload_link_ready(const struct reconcile *r);
/* A cached Node, or NULL. */
const json_t *workload_link_node(const struct reconcile *r, const char *name);
void workload_link_nodes(const struct reconcile *r,
    bool (*visit)(void *, const json_t *), void *ctx);

/* ---- writing ---- */
bool capi_has_finalizer(const json_t *obj, const char *finalizer);
/* True if an action was begun: the caller returns. */
bool capi_add_finalizer(
    struct reconcile *r, const json_t *obj, const char *finalizer);
void capi_drop_finalizer(
    struct reconcile *r, const json_t *obj, const char *finalizer);
json_t *capi_owner_ref(const json_t *owner, bool controller);
/* Makes it the owner (a controller replaces the controller before it). True
 * if an action was begun. */
bool capi_adopt(struct reconcile *r, const json_t *obj, const json_t *owner,
    bool controller);
/* A new object of the cluster, owned by owner (NULL: nobody). */
json_t *capi_new_object(const struct reconcile *r, const char *kind,
    const char *name, const json_t *owner);
/* Annotations as one patch: key, value, ..., NULL; a NULL value removes, so
 * count says how many pairs there are. */
json_t *capi_notes_patch(size_t count, const char *const *pairs);

/* Status is built as a whole and written if it differs. */
json_t *capi_status_of(const json_t *obj); /* a copy to change; never NULL */
void condition_set(struct reconcile *r, json_t *status, const char *type,
    const char *value, const char *severity, const char *reason,
    const char *message);
const char *condition_is(const json_t *obj, const char *type); /* "" */
void condition_drop(json_t *status, const char *type);
/* Ready is the summary of the other conditions. */
void condition_sum(struct reconcile *r, json_t *status);
/* Steals status; true if an action was begun. */
bool status_write(struct reconcile *r, const json_t *obj, json_t *status);

/* ---- Secrets ---- */
void capi_secret_put(json_t *secret, const char *key, const char *text);
/* A new string, or NULL. */
char *capi_secret_text(const json_t *secret, const char *key);

/* ---- the controllers, one file each ---- */
reconcile_fn cluster_reconcile;
reconcile_fn maas_cluster_reconcile;
reconcile_fn control_plane_reconcile;
reconcile_fn kubeadm_config_reconcile;
reconcile_fn machine_deployment_reconcile;
reconcile_fn machine_set_reconcile;
reconcile_fn machine_reconcile;
reconcile_fn maas_machine_reconcile;
reconcile_fn health_check_reconcile;

#endif
