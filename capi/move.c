#include "capi/move.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/move_inside.h"

/* How often it goes back because the source is still changing. */
#define ROUNDS 5

typedef void step_fn(struct move *m, const struct kube_answer *answer);
typedef void then_fn(struct move *m);

struct move {
	struct host *host;
	struct kube *from, *to;
	char *id, *ns, *cluster, *owner;
	bool need_nodes;
	struct move_events events;
	void *ctx;
	enum move_phase from_phase;
	struct timer start;     /* so that nobody is called before he has us */
	struct kube_call *call; /* one at a time */
	step_fn *step;          /* what its answer is for */

	json_t *source, *target; /* all objects of the namespace, as listed */
	size_t kind_at;
	then_fn *listed;
	bool source_only;

	struct pieces pieces;
	size_t at; /* the piece at hand */
	unsigned rounds, strips;
	/* Something may be gone at the source: from here on there is only
	 * forward, and nobody may be told of an earlier phase (X-122: a source
	 * that is not whole must never be resumed). */
	bool deleting;
};

static void begin(struct move *m, enum move_phase phase);

const char *move_phase_name(enum move_phase phase)
{
	switch (phase) {
	case MOVE_CHECK:
		return "check";
	case MOVE_PAUSE:
		return "pause";
	case MOVE_CREATE:
		return "create";
	case MOVE_VERIFY:
		return "verify";
	case MOVE_DELETE:
		return "delete";
	case MOVE_RESUME:
		return "resume";
	case MOVE_DONE:
		return "done";
	}
	unreachable("a phase that is none");
}

/* ---- ends ---- */

/* The caller usually stops the move in there: m may be gone afterwards. */
static void end_with(struct move *m, const struct err *err)
{
	m->events.ended(m->ctx, err);
}

static void stop(struct move *m, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void stop(struct move *m, enum err_kind kind, const char *fmt, ...)
{
	char text[300];
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, kind, "%s", text);
	end_with(m, &err);
}

/* Which refusals will not go away by asking again? */
static enum err_kind kind_of_status(int status)
{
	if (status >= 500 || status == 429)
		return ERR_LOST;
	if (status == 401 || status == 403)
		return ERR_UNTRUSTED;
	if (status == 404 || status == 409)
		return ERR_CONFLICT;
	return ERR_REFUSED;
}

static void failed(struct move *m, const struct kube_answer *answer,
    const char *what, const char *kind, const char *name)
{
	enum err_kind why = answer->err ? answer->err->kind
	                                : kind_of_status(answer->status);

	/* Only this mover decides that somebody must look. */
	if (answer->err && why == ERR_REFUSED)
		why = ERR_UNREACHED;
	stop(m, why, "cannot %s %s %s: %s", what, kind, name,
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
}

static bool is_good(const struct kube_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

/* ---- requests, one at a time ---- */

static void answered(void *ctx, const struct kube_answer *answer)
{
	struct move *m = ctx;

	m->call = NULL;
	m->step(m, answer);
}

static void patch(struct move *m, struct kube *kube, const char *kind,
    const char *name, const char *sub, json_t *change, step_fn *step)
{
	m->step = step;
	m->call = kube_patch(kube, kind, m->ns, name, sub, change, answered, m);
	json_decref(change);
}

static void list_next(struct move *m);

static void one_listed(struct move *m, const struct kube_answer *answer)
{
	size_t count;
	const struct kind_info *kinds = kind_table(&count);
	const struct kind_info *kind = &kinds[m->kind_at % count];
	bool at_source = m->kind_at < count;
	json_t *items = jget(answer->body, "items");
	char version[96];

	if (answer->status != 200 || !json_is_array(items)) {
		failed(m, answer, "list", kind->kind,
		    at_source ? "at the source" : "at the target");
		return;
	}
	kind_api_version(kind, version, sizeof(version));
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *obj = json_deep_copy(json_array_get(items, i));

		jsets(obj, "apiVersion", version);
		jsets(obj, "kind", kind->kind);
		json_array_append_new(at_source ? m->source : m->target, obj);
	}
	m->kind_at++;
	list_next(m);
}

/* Every kind that moves, first at the source, then at the target. */
static void list_next(struct move *m)
{
	size_t count, end;
	const struct kind_info *kinds = kind_table(&count);

	end = m->source_only ? count : 2 * count;
	while (m->kind_at < end && !kinds[m->kind_at % count].moves)
		m->kind_at++;
	if (m->kind_at == end) {
		m->listed(m);
		return;
	}
	m->step = one_listed;
	m->call = kube_list(m->kind_at < count ? m->from : m->to,
	    kinds[m->kind_at % count].kind, m->ns, NULL, answered, m);
}

static void list_both(struct move *m, then_fn *then)
{
	json_decref(m->source);
	json_decref(m->target);
	m->source = json_array();
	m->target = json_array();
	m->kind_at = 0;
	m->source_only = false;
	m->listed = then;
	list_next(m);
}

static void list_source(struct move *m, then_fn *then)
{
	json_decref(m->source);
	m->source = json_array();
	m->kind_at = 0;
	m->source_only = true;
	m->listed = then;
	list_next(m);
}

/* False: it has ended. */
static bool find_pieces(struct move *m)
{
	struct err err;

	if (pieces_find(&m->pieces, m->cluster, m->source, m->target, &err))
		return true;
	end_with(m, &err);
	return false;
}

static void go_round(struct move *m, enum move_phase phase)
{
	if (++m->rounds <= ROUNDS)
		begin(m, phase);
	else
		stop(m, ERR_CONFLICT,
		    "the objects of %s/%s at the source keep changing", m->ns,
		    m->cluster);
}

/* ---- check ---- */

static bool piece_may_move(struct move *m, const struct piece *piece)
{
	struct err err;

	if (jhas(piece->here, "metadata.deletionTimestamp")) {
		stop(m, ERR_CONFLICT, "%s %s is being deleted at the source",
		    piece->kind->kind, piece->name);
		return false;
	}
	if (m->need_nodes && strcmp(piece->kind->kind, "Machine") == 0 &&
	    !jhas(piece->here, "status.nodeRef")) {
		stop(
		    m, ERR_CONFLICT, "Machine %s has no node yet", piece->name);
		return false;
	}
	if (piece->there && !is_ours(piece->there, m->id) &&
	    piece_look(&m->pieces, piece, m->id, &err) == PIECE_FOREIGN) {
		stop(m, ERR_REFUSED,
		    "the target already holds a %s %s that is not of this move",
		    piece->kind->kind, piece->name);
		return false;
	}
	return true;
}

static void checked(struct move *m)
{
	const struct piece *cluster;

	if (!find_pieces(m))
		return;
	cluster = pieces_cluster(&m->pieces);
	if (!cluster) {
		stop(m, ERR_REFUSED, "there is no Cluster %s/%s at the source",
		    m->ns, m->cluster);
		return;
	}
	if (jbool(cluster->here, "spec.paused") &&
	    !is_ours(cluster->here, m->id)) {
		stop(m, ERR_CONFLICT,
		    "Cluster %s is paused at the source by somebody else",
		    m->cluster);
		return;
	}
	for (size_t i = 0; i < m->pieces.count; i++)
		if (!piece_may_move(m, &m->pieces.items[i]))
			return;
	begin(m, MOVE_PAUSE);
}

/* ---- pause ---- */

static void patch_cluster(
    struct move *m, struct kube *kube, json_t *change, step_fn *step)
{
	patch(m, kube, "Cluster", m->cluster, NULL, change, step);
}

static void paused(struct move *m, const struct kube_answer *answer)
{
	if (!is_good(answer))
		failed(m, answer, "pause", "Cluster", m->cluster);
	else
		begin(m, MOVE_CREATE);
}

static void start_pause(struct move *m)
{
	json_t *change = json_object();

	jsetb(change, "spec.paused", true);
	jsets(change, NOTE_PIVOT, m->id);
	patch_cluster(m, m->from, change, paused);
}

/* ---- create ---- */

static void create_next(struct move *m);

static struct piece *at_hand(struct move *m)
{
	check(m->at < m->pieces.count);
	return &m->pieces.items[m->at];
}

static void next_piece(struct move *m)
{
	m->at++;
	create_next(m);
}

static void status_written(struct move *m, const struct kube_answer *answer)
{
	if (!is_good(answer))
		failed(m, answer, "write the status of", at_hand(m)->kind->kind,
		    at_hand(m)->name);
	else
		next_piece(m);
}

/* What the source knew is told to the target as well. Nothing may depend on
 * it (X-128: what matters is in spec), but it spares Palette and operators the
 * sight of a running cluster that seems to begin again. */
static void write_status(struct move *m)
{
	struct piece *piece = at_hand(m);
	json_t *status = jget(piece->here, "status"), *change;

	if (!json_object_size(status) ||
	    json_equal(status, jget(piece->there, "status"))) {
		next_piece(m);
		return;
	}
	change = json_object();
	json_object_set(change, "status", status);
	patch(m, m->to, piece->kind->kind, piece->name, "status", change,
	    status_written);
}

static void created(struct move *m, const struct kube_answer *answer)
{
	struct piece *piece = at_hand(m);

	if (!is_good(answer)) {
		failed(m, answer, "create", piece->kind->kind, piece->name);
		return;
	}
	json_decref(piece->there);
	piece->there = json_deep_copy(answer->body);
	write_status(m);
}

static void create_piece(struct move *m)
{
	struct piece *piece = at_hand(m);
	json_t *copy = piece_copy(&m->pieces, piece, m->id, m->owner);

	m->step = created;
	if (piece->there) {
		jsets(copy, "metadata.resourceVersion",
		    jstr(piece->there, "metadata.resourceVersion"));
		m->call = kube_update(
		    m->to, piece->kind->kind, copy, answered, m);
	} else {
		m->call = kube_create(
		    m->to, piece->kind->kind, copy, answered, m);
	}
	json_decref(copy);
}

static void create_next(struct move *m)
{
	struct err err;

	if (m->at == m->pieces.count) {
		begin(m, MOVE_VERIFY);
		return;
	}
	/* Found equal before: only waiting to be deleted at the source. */
	if (piece_is_moved(at_hand(m), m->id)) {
		next_piece(m);
		return;
	}
	switch (piece_look(&m->pieces, at_hand(m), m->id, &err)) {
	case PIECE_MISSING:
	case PIECE_OLD:
		create_piece(m);
		return;
	case PIECE_SAME:
		if (is_ours(at_hand(m)->there, m->id))
			write_status(m);
		else
			create_piece(m); /* equal by chance: mark it */
		return;
	case PIECE_FOREIGN:
		end_with(m, &err);
		return;
	}
	unreachable("a piece in no state");
}

static void namespace_made(struct move *m, const struct kube_answer *answer)
{
	if (!is_good(answer) &&
	    strcmp(jstr(answer->body, "reason"), "AlreadyExists") != 0) {
		failed(m, answer, "create", "Namespace", m->ns);
		return;
	}
	m->at = 0;
	create_next(m);
}

static void make_namespace(struct move *m)
{
	json_t *space = json_object();

	jsets(space, "metadata.name", m->ns);
	m->step = namespace_made;
	m->call = kube_create(m->to, "Namespace", space, answered, m);
	json_decref(space);
}

static void unpaused(struct move *m, const struct kube_answer *answer)
{
	if (!is_good(answer)) {
		failed(m, answer, "unpause", "Cluster", m->cluster);
		return;
	}
	if (!m->events.reached(m->ctx, MOVE_CHECK, m->pieces.count)) {
		stop(m, ERR_STORAGE, "the phase of the move was not stored");
		return;
	}
	stop(m, ERR_CONFLICT,
	    "%s %s is being deleted at the source: it has to finish first",
	    at_hand(m)->kind->kind, at_hand(m)->name);
}

/* Something began to be deleted just before the pause. While nothing has been
 * made at the target, the way back is free: unpause, let it finish. */
static bool goes_back(struct move *m)
{
	json_t *change;
	size_t doomed = m->pieces.count;

	if (m->deleting)
		return false;
	for (size_t i = 0; i < m->pieces.count; i++) {
		if (is_ours(m->pieces.items[i].there, m->id) ||
		    piece_is_moved(&m->pieces.items[i], m->id))
			return false;
		if (jhas(m->pieces.items[i].here, "metadata.deletionTimestamp"))
			doomed = i;
	}
	if (doomed == m->pieces.count)
		return false;
	m->at = doomed;
	change = json_object();
	jset(change, "spec.paused", json_null());
	patch_cluster(m, m->from, change, unpaused);
	return true;
}

static void create_listed(struct move *m)
{
	const struct piece *cluster;

	if (!find_pieces(m))
		return;
	cluster = pieces_cluster(&m->pieces);
	if (!cluster)
		stop(m, ERR_REFUSED,
		    "Cluster %s/%s vanished from the source before it was "
		    "moved",
		    m->ns, m->cluster);
	else if (!jbool(cluster->here, "spec.paused"))
		go_round(m, MOVE_PAUSE); /* somebody resumed it */
	else if (!goes_back(m))
		make_namespace(m);
}

/* ---- verify ---- */

/* False: it went somewhere else. */
static bool verify_piece(struct move *m, const struct piece *piece)
{
	struct err err;

	if (piece_is_moved(piece, m->id)) {
		if (piece->there)
			return true;
		stop(m, ERR_REFUSED,
		    "%s %s vanished from the target after it was verified",
		    piece->kind->kind, piece->name);
		return false;
	}
	switch (piece_look(&m->pieces, piece, m->id, &err)) {
	case PIECE_SAME:
		return true;
	case PIECE_MISSING:
	case PIECE_OLD:
		go_round(m, MOVE_CREATE);
		return false;
	case PIECE_FOREIGN:
		end_with(m, &err);
		return false;
	}
	unreachable("a piece in no state");
}

static void verify_listed(struct move *m)
{
	const struct piece *cluster;

	if (!find_pieces(m))
		return;
	cluster = pieces_cluster(&m->pieces);
	if (!cluster) {
		stop(m, ERR_REFUSED,
		    "Cluster %s/%s vanished from the source before it was "
		    "moved",
		    m->ns, m->cluster);
		return;
	}
	if (!jbool(cluster->here, "spec.paused")) {
		go_round(m, MOVE_PAUSE);
		return;
	}
	for (size_t i = 0; i < m->pieces.count; i++)
		if (!verify_piece(m, &m->pieces.items[i]))
			return;
	begin(m, MOVE_DELETE);
}

/* ---- delete ---- */

static void delete_next(struct move *m);

/* Owned first, and the Cluster, which says "paused" to all others, last. */
static struct piece *last_piece(struct move *m)
{
	check(m->pieces.count);
	return &m->pieces.items[m->pieces.count - 1];
}

static void piece_gone(struct move *m)
{
	struct piece *piece = last_piece(m);

	json_decref(piece->here);
	json_decref(piece->there);
	m->pieces.count--;
	m->strips = 0;
	delete_next(m);
}

static void strip(struct move *m, const char *version);

static void deleted(struct move *m, const struct kube_answer *answer)
{
	const struct piece *piece = last_piece(m);

	if (answer->status == 404 ||
	    (is_good(answer) &&
	        strcmp(jstr(answer->body, "kind"), "Status") == 0)) {
		piece_gone(m);
		return;
	}
	if (!is_good(answer)) {
		failed(m, answer, "delete", piece->kind->kind, piece->name);
		return;
	}
	/* Somebody put a finalizer back between the two. */
	if (++m->strips <= ROUNDS)
		strip(m, NULL);
	else
		stop(m, ERR_CONFLICT,
		    "%s %s at the source gets its finalizer back again and "
		    "again",
		    piece->kind->kind, piece->name);
}

static void stripped(struct move *m, const struct kube_answer *answer)
{
	struct piece *piece = last_piece(m);

	if (answer->status == 404) {
		piece_gone(m);
		return;
	}
	if (answer->status == 409) { /* it changed: look at all again */
		go_round(m, MOVE_VERIFY);
		return;
	}
	if (!is_good(answer)) {
		failed(m, answer, "take the finalizers off", piece->kind->kind,
		    piece->name);
		return;
	}
	m->step = deleted;
	m->call = kube_delete(m->from, piece->kind->kind, m->ns, piece->name,
	    jstr(piece->here, "metadata.uid"), answered, m);
}

/* version: it must still be what was compared with the target. */
static void strip(struct move *m, const char *version)
{
	json_t *change = json_object();

	jset(change, "metadata.finalizers", json_null());
	jsets(change, NOTE_MOVED, m->id);
	jsets(
	    change, "metadata.uid", jstr(last_piece(m)->here, "metadata.uid"));
	if (version)
		jsets(change, "metadata.resourceVersion", version);
	patch(m, m->from, last_piece(m)->kind->kind, last_piece(m)->name, NULL,
	    change, stripped);
}

static void delete_piece(struct move *m)
{
	const struct piece *piece = last_piece(m);

	if (!verify_piece(m, piece))
		return;
	strip(m, jstr(piece->here, "metadata.resourceVersion"));
}

/* Has anything come to be at the source meanwhile? */
static void looked_again(struct move *m)
{
	if (!find_pieces(m))
		return;
	if (m->pieces.count == 1 && pieces_cluster(&m->pieces))
		delete_piece(m);
	else if (m->pieces.count == 0)
		begin(m, MOVE_RESUME);
	else
		go_round(m, MOVE_VERIFY);
}

static void delete_next(struct move *m)
{
	if (m->pieces.count == 0)
		begin(m, MOVE_RESUME);
	else if (m->pieces.count == 1 && pieces_cluster(&m->pieces))
		list_source(m, looked_again);
	else
		delete_piece(m);
}

static void delete_listed(struct move *m)
{
	if (!find_pieces(m))
		return;
	/* The Cluster goes last: without it all is done. */
	if (!pieces_cluster(&m->pieces)) {
		if (m->pieces.count == 0)
			begin(m, MOVE_RESUME);
		else
			stop(m, ERR_REFUSED,
			    "%s %s is left at the source, but its Cluster is "
			    "gone",
			    m->pieces.items[0].kind->kind,
			    m->pieces.items[0].name);
		return;
	}
	if (!jbool(pieces_cluster(&m->pieces)->here, "spec.paused")) {
		go_round(m, MOVE_PAUSE);
		return;
	}
	m->strips = 0;
	delete_next(m);
}

/* ---- resume ---- */

static void resumed(struct move *m, const struct kube_answer *answer)
{
	if (!is_good(answer))
		failed(m, answer, "resume", "Cluster", m->cluster);
	else
		begin(m, MOVE_DONE);
}

static void cluster_seen(struct move *m, const struct kube_answer *answer)
{
	json_t *change;

	if (answer->status == 404) {
		stop(m, ERR_REFUSED,
		    "Cluster %s/%s vanished from the target after it was moved",
		    m->ns, m->cluster);
		return;
	}
	if (!is_good(answer)) {
		failed(m, answer, "read", "Cluster", m->cluster);
		return;
	}
	if (!is_ours(answer->body, m->id)) {
		stop(m, ERR_REFUSED,
		    "Cluster %s/%s at the target is not of this move", m->ns,
		    m->cluster);
		return;
	}
	change = json_object();
	jset(change, "spec.paused", json_null());
	patch_cluster(m, m->to, change, resumed);
}

static void start_resume(struct move *m)
{
	m->step = cluster_seen;
	m->call = kube_get(m->to, "Cluster", m->ns, m->cluster, answered, m);
}

/* ---- life ---- */

static void start_check(struct move *m)
{
	list_both(m, checked);
}

static void start_create(struct move *m)
{
	list_both(m, create_listed);
}

static void start_verify(struct move *m)
{
	list_both(m, verify_listed);
}

static void start_delete(struct move *m)
{
	list_both(m, delete_listed);
}

static void start_done(struct move *m)
{
	end_with(m, NULL);
}

static void begin(struct move *m, enum move_phase phase)
{
	static then_fn *const starts[] = { start_check, start_pause,
		start_create, start_verify, start_delete, start_resume,
		start_done };

	m->deleting = m->deleting || phase >= MOVE_DELETE;
	if ((m->deleting && phase < MOVE_DELETE) ||
	    m->events.reached(m->ctx, phase, m->pieces.count))
		starts[phase](m);
	else
		stop(m, ERR_STORAGE, "phase \"%s\" of the move was not stored",
		    move_phase_name(phase));
}

static void start(struct timer *timer)
{
	struct move *m = OWNER_OF(timer, struct move, start);

	if (!m->host->dead)
		begin(m, m->from_phase);
}

struct move *move_start(struct host *host, struct kube *from, struct kube *to,
    const struct move_options *options, const struct move_events *events,
    void *ctx)
{
	struct move *m = xcalloc(1, sizeof(*m));

	check(options->id && options->ns && options->cluster);
	*m = (struct move){
		.host = host,
		.from = from,
		.to = to,
		.id = xstrdup(options->id),
		.ns = xstrdup(options->ns),
		.cluster = xstrdup(options->cluster),
		.owner = xstrdup(options->owner ? options->owner : "nobody"),
		.need_nodes = options->need_nodes,
		.events = *events,
		.ctx = ctx,
	};
	m->from_phase = options->from_phase;
	timer_init(&m->start, start);
	timer_set(&m->start, host->loop, 0);
	return m;
}

void move_stop(struct move **move)
{
	struct move *m = *move;

	if (!m)
		return;
	timer_cancel(&m->start);
	kube_cancel(&m->call);
	pieces_free(&m->pieces);
	json_decref(m->source);
	json_decref(m->target);
	free(m->id);
	free(m->ns);
	free(m->cluster);
	free(m->owner);
	free(m);
	*move = NULL;
}
