#include "capi/move.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/move_inside.h"

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
void move_end(struct move *m, const struct err *err)
{
	m->events.ended(m->ctx, err);
}

void move_refuse(struct move *m, enum err_kind kind, const char *fmt, ...)
{
	char text[300];
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, kind, "%s", text);
	move_end(m, &err);
}

/* Which refusals will not go away by asking again? */
static enum err_kind kind_of_status(int status)
{
	if (status < 300) /* good, and nothing that we can use */
		return ERR_GARBLED;
	if (status >= 500 || status == 429)
		return ERR_LOST;
	if (status == 401 || status == 403)
		return ERR_UNTRUSTED;
	if (status == 404 || status == 409)
		return ERR_CONFLICT;
	return ERR_REFUSED;
}

static enum err_kind kind_of_answer(const struct kube_answer *answer)
{
	if (!answer->err)
		return kind_of_status(answer->status);
	/* Only this mover decides that somebody must look. */
	return answer->err->kind == ERR_REFUSED ? ERR_UNREACHED
	                                        : answer->err->kind;
}

void move_failed(struct move *m, const struct kube_answer *answer,
    const char *what, const char *kind, const char *name)
{
	move_refuse(m, kind_of_answer(answer), "cannot %s %s %s: %s", what,
	    kind, name,
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
}

bool answer_is_good(const struct kube_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

/* ---- requests, one at a time ---- */

void move_answered(void *ctx, const struct kube_answer *answer)
{
	struct move *m = ctx;

	m->call = NULL;
	m->step(m, answer);
}

void move_patch(struct move *m, struct kube *kube, const char *kind,
    const char *name, const char *sub, json_t *change, move_step_fn *step)
{
	m->step = step;
	m->call = kube_patch(
	    kube, kind, m->ns, name, sub, change, move_answered, m);
	json_decref(change);
}

static void list_next(struct move *m);

static void list_again(struct timer *timer)
{
	struct move *m = OWNER_OF(timer, struct move, again);

	if (!m->host->dead)
		list_next(m);
}

/* A server that is busy, or away for a moment: what it has listed stays, and
 * the rest is asked for a little later. False: that is no such failure. */
static bool try_again(
    struct move *m, const struct kube_answer *answer, bool at_source)
{
	enum err_kind why = kind_of_answer(answer);
	usec now_at = loop_now(m->host->loop);
	usec wait_for = SECONDS(1) << m->vain;

	if (why != ERR_LOST && why != ERR_TIMEOUT && why != ERR_GARBLED &&
	    why != ERR_UNREACHED)
		return false;
	if (!m->heard[at_source ? 0 : 1] || m->vain == MOVE_LIST_AGAIN ||
	    now_at - m->listing_since_at >= MOVE_LIST_MOST_FOR)
		return false;
	m->vain++;
	timer_set(&m->again, m->host->loop,
	    choose_range(m->host->choices, wait_for / 2, wait_for,
	        "%s: move of %s: list again after", m->host->name, m->cluster));
	return true;
}

static void one_listed(struct move *m, const struct kube_answer *answer)
{
	size_t count;
	const struct kind_info *kinds = kind_table(&count);
	const struct kind_info *kind = &kinds[m->kind_at % count];
	bool at_source = m->kind_at < count;
	json_t *items = jget(answer->body, "items");
	char version[96];

	if (answer->status != 200 || !json_is_array(items)) {
		if (!try_again(m, answer, at_source))
			move_failed(m, answer, "list", kind->kind,
			    at_source ? "at the source" : "at the target");
		return;
	}
	m->heard[at_source ? 0 : 1] = true;
	m->vain = 0;
	kind_api_version(kind, version, sizeof(version));
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *obj = json_clone(json_array_get(items, i));

		jsets(obj, "apiVersion", version);
		jsets(obj, "kind", kind->kind);
		json_array_append_new(at_source ? m->source : m->target, obj);
	}
	m->kind_at++;
	list_next(m);
}

static void list_all(struct move *m, bool source_only, move_then_fn *then)
{
	json_decref(m->source);
	m->source = json_array();
	if (!source_only) {
		json_decref(m->target);
		m->target = json_array();
	}
	m->kind_at = 0;
	m->source_only = source_only;
	m->vain = 0;
	m->listing_since_at = loop_now(m->host->loop);
	m->listed = then;
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
	    kinds[m->kind_at % count].kind, m->ns, NULL, move_answered, m);
}

void move_list_both(struct move *m, move_then_fn *then)
{
	list_all(m, false, then);
}

void move_list_source(struct move *m, move_then_fn *then)
{
	list_all(m, true, then);
}

/* False: it has ended. */
bool move_find_pieces(struct move *m)
{
	struct err err;

	if (pieces_find(&m->pieces, m->cluster, m->source, m->target,
	        m->deleting, &err))
		return true;
	move_end(m, &err);
	return false;
}

void move_go_round(struct move *m, enum move_phase phase)
{
	if (++m->rounds <= MOVE_ROUNDS)
		move_begin(m, phase);
	else
		move_refuse(m, ERR_CONFLICT,
		    "the objects of %s/%s at the source keep changing", m->ns,
		    m->cluster);
}

/* ---- check ---- */

static bool piece_may_move(struct move *m, const struct piece *piece)
{
	struct err err;

	if (jhas(piece->here, "metadata.deletionTimestamp")) {
		move_refuse(m, ERR_CONFLICT,
		    "%s %s is being deleted at the source", piece->kind->kind,
		    piece->name);
		return false;
	}
	if (m->need_nodes && strcmp(piece->kind->kind, "Machine") == 0 &&
	    !jhas(piece->here, "status.nodeRef")) {
		move_refuse(
		    m, ERR_CONFLICT, "Machine %s has no node yet", piece->name);
		return false;
	}
	if (piece->there && !is_ours(piece->there, m->id) &&
	    piece_look(&m->pieces, piece, m->id, &err) == PIECE_FOREIGN) {
		move_refuse(m, ERR_REFUSED,
		    "the target already holds a %s %s that is not of this move",
		    piece->kind->kind, piece->name);
		return false;
	}
	return true;
}

static void checked(struct move *m)
{
	const struct piece *cluster;

	if (!move_find_pieces(m))
		return;
	cluster = pieces_cluster(&m->pieces);
	if (!cluster) {
		move_refuse(m, ERR_GONE,
		    "there is no Cluster %s/%s at the source", m->ns,
		    m->cluster);
		return;
	}
	if (jbool(cluster->here, "spec.paused") &&
	    !is_ours(cluster->here, m->id)) {
		move_refuse(m, ERR_CONFLICT,
		    "Cluster %s is paused at the source by somebody else",
		    m->cluster);
		return;
	}
	for (size_t i = 0; i < m->pieces.count; i++)
		if (!piece_may_move(m, &m->pieces.items[i]))
			return;
	move_begin(m, MOVE_PAUSE);
}

/* ---- pause ---- */

void move_patch_cluster(
    struct move *m, struct kube *kube, json_t *change, move_step_fn *step)
{
	move_patch(m, kube, "Cluster", m->cluster, NULL, change, step);
}

static void paused(struct move *m, const struct kube_answer *answer)
{
	if (!answer_is_good(answer))
		move_failed(m, answer, "pause", "Cluster", m->cluster);
	else
		move_begin(m, MOVE_CREATE);
}

static void start_pause(struct move *m)
{
	json_t *change = json_object();

	jsetb(change, "spec.paused", true);
	jsets(change, NOTE_PIVOT, m->id);
	move_patch_cluster(m, m->from, change, paused);
}

/* ---- resume ---- */

static void resumed(struct move *m, const struct kube_answer *answer)
{
	if (!answer_is_good(answer))
		move_failed(m, answer, "resume", "Cluster", m->cluster);
	else
		move_begin(m, MOVE_DONE);
}

static void cluster_seen(struct move *m, const struct kube_answer *answer)
{
	json_t *change;

	if (answer->status == 404) {
		move_refuse(m, ERR_REFUSED,
		    "Cluster %s/%s vanished from the target after it was moved",
		    m->ns, m->cluster);
		return;
	}
	if (!answer_is_good(answer)) {
		move_failed(m, answer, "read", "Cluster", m->cluster);
		return;
	}
	if (!is_ours(answer->body, m->id)) {
		move_refuse(m, ERR_REFUSED,
		    "Cluster %s/%s at the target is not of this move", m->ns,
		    m->cluster);
		return;
	}
	change = json_object();
	jset(change, "spec.paused", json_null());
	move_patch_cluster(m, m->to, change, resumed);
}

static void start_resume(struct move *m)
{
	m->step = cluster_seen;
	m->call = kube_get(
	    m->to, "Cluster", m->ns, m->cluster, move_answered, m);
}

/* ---- life ---- */

static void start_check(struct move *m)
{
	move_list_both(m, checked);
}

static void start_done(struct move *m)
{
	move_end(m, NULL);
}

void move_begin(struct move *m, enum move_phase phase)
{
	static move_then_fn *const starts[] = { start_check, start_pause,
		move_start_create, move_start_verify, move_start_delete,
		start_resume, start_done };

	m->deleting = m->deleting || phase >= MOVE_DELETE;
	if ((m->deleting && phase < MOVE_DELETE) ||
	    m->events.reached(m->ctx, phase, m->pieces.count))
		starts[phase](m);
	else
		move_refuse(m, ERR_STORAGE,
		    "phase \"%s\" of the move was not stored",
		    move_phase_name(phase));
}

static void start(struct timer *timer)
{
	struct move *m = OWNER_OF(timer, struct move, start);

	if (!m->host->dead)
		move_begin(m, m->from_phase);
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
	timer_init(&m->again, list_again);
	timer_set(&m->start, host->loop, 0);
	return m;
}

bool move_got_on(const struct move *move)
{
	return move->got_on;
}

void move_stop(struct move **move)
{
	struct move *m = *move;

	if (!m)
		return;
	timer_cancel(&m->start);
	timer_cancel(&m->again);
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
