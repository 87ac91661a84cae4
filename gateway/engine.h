/*
 * engine: what the files of gateway/ share. Private to this folder.
 *
 *	gateway.c  the life of one gateway: opens the store, starts the parts
 *	setting.c  small durable facts (our key, our token, counters)
 *	link.c     registers and polls: everything that comes from Palette
 *	outbox.c   reports: everything that goes to Palette, kept until taken
 *	work.c     instructions as durable work; one struct work per cluster
 *	objects.c  a cluster's objects here, and who acts on them
 *	create.c   the steps of a ClusterCreate
 *	delete.c   the steps of a ClusterDelete
 *	recover.c  a deletion whose objects cannot be had
 *	pivot.c    one move of a cluster's objects, journalled
 *	query.c    questions about a MAAS, answered at once
 *
 * The way of the data: link hands an instruction to work, which stores it; in
 * its turns it looks at what is stored and what is there and takes one step;
 * what a step found out goes to the outbox. Everything is re-derived from the
 * store after a restart; no file keeps a position in memory only.
 */
#ifndef GATEWAY_ENGINE_H
#define GATEWAY_ENGINE_H

#include "base/list.h"
#include "capi/kube.h"
#include "capi/manager.h"
#include "capi/move.h"
#include "capi/store.h"
#include "gateway/gateway.h"

struct work;
struct query;
struct recovery;

struct link {
	struct timer turn; /* the next request is due */
	struct call *call; /* under way; at most one */
	unsigned failures; /* in a row */
	bool poll_at_once;
	usec poll_for;
	char *key, *token; /* Setting "link" */
	int64_t epoch;     /* how often we were started */
	bool account_told;
	/* A poll was answered since we started: whatever was decided while we
	 * were away has reached us. Until then no work goes on. */
	bool heard;
	enum gateway_state state;
	char condition[480];
	usec skew_for; /* our clock minus Palette's, as last seen */
	/* Wall clock minus the loop's when it was last seen to be right. */
	bool has_good_offset;
	usec good_offset;
};

struct outbox {
	struct timer turn;
	struct call *call;
	unsigned failures;
	int64_t next_seq, reserved_seq; /* Setting "outbox" */
	int64_t last_sent;              /* of the call under way */
};

struct gateway {
	struct host *host;
	struct store *store;
	struct kube *kube; /* the store, as the controllers see it */
	struct url palette;
	char *name, *palette_ca_pem, *overlord_uid, *pairing_code;
	char *maas_endpoint, *maas_api_key, *maas_ca_pem;
	struct proxy_settings proxies;
	struct link link;
	struct outbox outbox;
	struct list works;   /* struct work, by ->in_gateway; by cluster uid */
	struct list queries; /* struct query, by ->in_gateway */
	struct timer prune;  /* forgets old tombstones */
	struct store_watch *watch; /* wakes works when their objects change */
};

/* ---- gateway.c ---- */
/* A dial to Palette, with proxy and trust as configured; borrowed pointers. */
struct dial gateway_dial(const struct gateway *gateway);
/* Store an object of our own; false (and a log line) if the disk says no. */
bool gateway_save(struct gateway *gateway, const char *kind, const char *name,
    json_t *obj /* stolen */);
const json_t *gateway_load(
    const struct gateway *gateway, const char *kind, const char *name);
void gateway_forget(
    struct gateway *gateway, const char *kind, const char *name);
/* All of this kind that are no longer of any use. */
typedef bool stale_fn(const void *ctx, const json_t *obj);
void gateway_forget_all(struct gateway *gateway, const char *kind,
    stale_fn *is_stale, const void *ctx);

/* ---- setting.c ---- */
const char *setting_get(const struct gateway *gateway, const char *name,
    const char *key); /* "" if unset */
bool setting_put(struct gateway *gateway, const char *name, const char *key,
    const char *value);

/* ---- link.c ---- */
void link_start(struct gateway *gateway);
void link_stop(struct gateway *gateway);
void link_poll_soon(struct gateway *gateway);
/* What an answer or its absence says about our standing with Palette. */
void link_judge(struct gateway *gateway, const struct http_response *answer,
    const struct err *err);
bool link_clock_is_off(const struct gateway *gateway);

/* ---- outbox.c ---- */
bool outbox_start(struct gateway *gateway);
void outbox_stop(struct gateway *gateway);
/* Palette is there (again): do not wait out the back-off. */
void outbox_wake(struct gateway *gateway);
/* fields is stolen; instruction may be NULL for a report about a cluster. */
bool outbox_add(struct gateway *gateway, const json_t *instruction,
    const char *kind, json_t *fields);
void outbox_drop_cluster(struct gateway *gateway, const char *cluster_uid);

/* ---- work.c ---- */

enum work_state {
	WORK_PENDING, /* stored, not begun */
	WORK_RUNNING,
	WORK_WAITING, /* visibly, for somebody */
	WORK_DONE,
	WORK_DROPPED, /* withdrawn, or not ours any more */
};

/* Everything that is under way for one cluster here. */
struct work {
	struct list_link in_gateway;
	struct gateway *gateway;
	char *cluster_uid, *cluster_name, *ns;
	char *create_id, *delete_id; /* Instruction objects; NULL: none */
	struct timer turn;           /* the next step is due */
	struct manager *manager;     /* controllers run here, or NULL */
	struct kube *workload;       /* the cluster's own API, or NULL */
	struct kube_call *call;      /* of a step; at most one */
	struct recovery *recovery;   /* under way, or NULL */
	struct move *move;
	char move_id[96];
	size_t installed;  /* provider objects that exist there */
	json_t *told;      /* what was reported last, by "kind/name": text */
	unsigned failures; /* of steps in a row, for back-off */
	bool finished;     /* nothing left to do: freed at the end of a turn */
};

bool work_start(struct gateway *gateway); /* from what the store holds */
void work_stop(struct gateway *gateway);
/* An instruction arrived. False: not stored, so not known. */
bool work_accept(struct gateway *gateway, const json_t *instruction);
void work_withdraw(struct gateway *gateway, const char *instruction_id);
void work_drop_cluster(struct gateway *gateway, const char *cluster_uid);
/* Palette says that it is not ours (any more): what is here of it goes, as
 * soon as nothing of it is under way, and its machines are left alone. */
void work_disown(struct gateway *gateway, const char *cluster_uid);
/* What is under way goes on: a poll was answered for the first time. */
void work_wake_all(struct gateway *gateway);
json_t *work_known(const struct gateway *gateway); /* id -> generation */
void work_count(
    const struct gateway *gateway, size_t *pending, size_t *running);

void work_step_soon(struct work *work);
void work_step_in(struct work *work, usec wait_for);
/* Try again later: 2 s doubling to 2 min, with jitter. */
void work_retry(struct work *work);
/* The instruction object's status; writes only if it changed, and reports
 * `waiting` to Palette when it begins or its sentence changes. */
void work_set_state(struct work *work, const char *id, enum work_state state,
    const char *reason, const char *sentence);
/* Pending no more; a state that says why it waits stays as it is. */
void work_begin(struct work *work, const char *id);
/* result to Palette, instruction done, its tombstone kept. */
void work_finish(struct work *work, const char *id, const char *outcome,
    const char *sentence);
/* The stored instruction (what Palette sent), or NULL. */
const json_t *work_instruction(const struct work *work, const char *id);
const char *work_phase(const struct work *work, const char *id);
bool work_set_phase(struct work *work, const char *id, const char *phase);
/* Report once per change: true if `text` is new for `what`. */
bool work_news(struct work *work, const char *what, const char *text);
/* Since when it has been waiting without a break; 0: it does not. */
usec work_waiting_since(const struct work *work, const char *id);

/* ---- objects.c ---- */
/* The cluster's Cluster object in our store, or NULL. */
const json_t *work_cluster(const struct work *work);
/* One object of the cluster; true if it is there already. */
bool work_make_object(struct work *work, const json_t *obj);
/* The Cluster here is acted on (again); true if there is none. */
bool work_unpause(struct work *work);
/* Every object of the cluster's namespace goes, without further ado: the
 * cluster is not here (any more). */
void work_purge(struct work *work);
void objects_purge(struct gateway *gateway, const char *ns);
/* The uids of the clusters of which there is something here. */
json_t *objects_held(const struct gateway *gateway);
/* The MAAS account of its cluster; borrows from instruction. */
struct maas_account work_account(
    const struct work *work, const json_t *instruction);
bool work_run_controllers(struct work *work, const json_t *instruction);
void work_stop_controllers(struct work *work);

/* ---- create.c, delete.c, recover.c, pivot.c, query.c ---- */
void create_step(struct work *work, const json_t *instruction);
void create_tell(struct work *work, const json_t *instruction);
void delete_step(struct work *work, const json_t *instruction);

/* This deletion has not got at its objects for so long, and `err` is why, that
 * it goes on without; begin is false if that could not be stored. */
bool recover_is_due(const struct work *work, const struct err *err);
bool recover_begin(struct work *work);
void recover_step(struct work *work, const json_t *instruction);
/* Nothing is here any more: is nothing held in MAAS either? Ends the deletion
 * (delete_finish), or goes on with what it found. */
void recover_look_again(struct work *work, const json_t *instruction);
void delete_finish(struct work *work, const char *sentence);
void recover_stop(struct work *work);
/* Its deletion is under way: not held up for ever by a dead control plane. */
void recover_go_on(struct work *work, const json_t *cluster);

/* The Pivot object of this work, or NULL. */
const json_t *pivot_of(const struct work *work);
/* What leads into the cluster while a pivot is half done, or "". */
const char *pivot_kubeconfig(const struct work *work);
enum move_phase pivot_phase(const struct work *work);
bool pivot_is_to_cluster(const struct work *work);
/* Begin, or go on after a restart. work->workload is connected. The work is
 * woken when the phase is MOVE_DONE, and retried when it stopped. */
void pivot_run(struct work *work, bool to_cluster);
void pivot_forget(struct work *work);

bool query_is(const char *kind);
void query_accept(struct gateway *gateway, const json_t *instruction);
void query_stop(struct gateway *gateway);

#endif
