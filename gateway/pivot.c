#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "gateway/engine.h"

#define LOOK_AGAIN_FOR MINUTES(10)

const json_t *pivot_of(const struct work *work)
{
	return gateway_load(work->gateway, "Pivot", work->cluster_uid);
}

enum move_phase pivot_phase(const struct work *work)
{
	const char *name = jstr(pivot_of(work), "spec.phase");

	for (int i = MOVE_CHECK; i <= MOVE_DONE; i++) {
		if (!strcmp(move_phase_name((enum move_phase)i), name))
			return (enum move_phase)i;
	}
	return MOVE_CHECK;
}

bool pivot_is_to_cluster(const struct work *work)
{
	return !strcmp(jstr(pivot_of(work), "spec.direction"), "to-cluster");
}

static void tell(struct work *work)
{
	const json_t *pivot = pivot_of(work);
	char about[256];

	snprintf(about, sizeof(about), "%s/pivot/%s", work->gateway->host->name,
	    work->cluster_name);
	EVENT(work->gateway->host->events, "state", work->gateway->host->name,
	    about, F("direction", jstr(pivot, "spec.direction")),
	    F("phase", jstr(pivot, "spec.phase")),
	    N("objects", jint(pivot, "spec.objects")));
}

/* What leads into the cluster is moved there with everything else; whoever is
 * killed after the first deletion here still needs it to finish. So the pivot
 * keeps it, durably, from its beginning. A new string, "" if there is none. */
static char *way_in(const struct work *work)
{
	char *name = xasprintf("%s-kubeconfig", work->cluster_name);
	const json_t *secret = store_get(
	    work->gateway->store, "Secret", work->ns, name);
	const char *value = jstr(secret, "data.value");
	struct buf text = BUF_INIT;

	free(name);
	if (*pivot_kubeconfig(work))
		return xstrdup(pivot_kubeconfig(work));
	buf_add_unbase64(&text, value, strlen(value));
	return text.data ? buf_detach(&text) : xstrdup("");
}

const char *pivot_kubeconfig(const struct work *work)
{
	return jstr(pivot_of(work), "spec.kubeconfig");
}

static bool save(struct work *work, const char *id, bool to_cluster,
    enum move_phase phase, size_t objects)
{
	char *kubeconfig = way_in(work);
	bool saved = gateway_save(work->gateway, "Pivot", work->cluster_uid,
	    json_pack("{s:{s:s, s:s, s:s, s:s, s:I, s:s}}", "spec", "id", id,
	        "cluster", work->cluster_name, "direction",
	        to_cluster ? "to-cluster" : "to-gateway", "phase",
	        move_phase_name(phase), "objects", (json_int_t)objects,
	        "kubeconfig", kubeconfig));

	free(kubeconfig);
	if (saved)
		tell(work);
	return saved;
}

static bool reached(void *ctx, enum move_phase phase, size_t objects)
{
	struct work *work = ctx;

	log_info(work->gateway->host, "pivot of %s: %s, %zu objects",
	    work->cluster_name, move_phase_name(phase), objects);
	return save(
	    work, work->move_id, pivot_is_to_cluster(work), phase, objects);
}

/* What an operator should know of a hand-over that does not come about. */
static void say_why(struct work *work, const char *id, const struct err *err)
{
	const char *reason = err->kind == ERR_REFUSED ? "PivotStopped"
	                     : err->kind == ERR_GONE  ? "ObjectsGone"
	                                              : "ClusterUnreachable";
	const char *remedy =
	    work->delete_id && err->kind != ERR_REFUSED
	        ? "; if that lasts for half an hour, it is deleted by what "
	          "Palette and MAAS know of its machines"
	        : "";
	char text[560];

	snprintf(text, sizeof(text), "%s%s", err->text, remedy);
	work_set_state(work, id, WORK_WAITING, reason, text);
}

static bool is_of_the_moment(const struct err *err)
{
	return err->kind == ERR_LOST || err->kind == ERR_TIMEOUT ||
	       err->kind == ERR_GARBLED || err->kind == ERR_UNREACHED;
}

static void failed(struct work *work, const struct err *err, bool got_on)
{
	const char *id = work->delete_id ? work->delete_id : work->create_id;

	/* Slowly is not in vain: it does not wait, and goes on at once. */
	if (got_on && is_of_the_moment(err)) {
		work->failures = 0;
		work_set_state(work, id, WORK_RUNNING, "", "");
	}
	log_warning(work->gateway->host, "pivot of %s: %s", work->cluster_name,
	    err->text);
	if (recover_is_due(work, err) && recover_begin(work))
		return;
	if (err->kind == ERR_REFUSED || work->failures >= 3)
		say_why(work, id, err);
	if (err->kind == ERR_REFUSED)
		work_step_in(work, LOOK_AGAIN_FOR);
	else
		work_retry(work);
}

static void ended(void *ctx, const struct err *err)
{
	struct work *work = ctx;
	const char *id = work->delete_id ? work->delete_id : work->create_id;

	bool got_on = move_got_on(work->move);

	move_stop(&work->move);
	if (err) {
		failed(work, err, got_on);
		return;
	}
	work->failures = 0;
	if (save(work, work->move_id, pivot_is_to_cluster(work), MOVE_DONE, 0))
		work_set_state(work, id, WORK_RUNNING, "", "");
	work_step_soon(work);
}

static void name_move(struct work *work, bool to_cluster)
{
	const char *id = work->delete_id ? work->delete_id : work->create_id;

	snprintf(work->move_id, sizeof(work->move_id), "%s-%s-%lld",
	    work->cluster_uid, to_cluster ? "out" : "back",
	    (long long)jint(work_instruction(work, id), "generation"));
}

void pivot_run(struct work *work, bool to_cluster)
{
	static const struct move_events events = { .reached = reached,
		.ended = ended };
	struct kube *here = work->gateway->kube;
	const json_t *old = pivot_of(work);
	struct move_options options = {
		.id = work->move_id,
		.ns = work->ns,
		.cluster = work->cluster_name,
		.need_nodes = to_cluster,
		.owner = to_cluster ? "cluster" : work->gateway->name,
	};

	check(!work->move);
	check(work->workload);
	if (old)
		snprintf(work->move_id, sizeof(work->move_id), "%s",
		    jstr(old, "spec.id"));
	else
		name_move(work, to_cluster);
	if (!old && !save(work, work->move_id, to_cluster, MOVE_CHECK, 0)) {
		work_retry(work);
		return;
	}
	options.from_phase = pivot_phase(work);
	work->move = to_cluster
	                 ? move_start(work->gateway->host, here, work->workload,
	                       &options, &events, work)
	                 : move_start(work->gateway->host, work->workload, here,
	                       &options, &events, work);
}

void pivot_forget(struct work *work)
{
	char about[256];

	snprintf(about, sizeof(about), "%s/pivot/%s", work->gateway->host->name,
	    work->cluster_name);
	gateway_forget(work->gateway, "Pivot", work->cluster_uid);
	events_emit(work->gateway->host->events, "gone",
	    work->gateway->host->name, about, NULL, 0);
}
