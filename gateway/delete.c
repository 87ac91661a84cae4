/*
 * delete: the steps of a ClusterDelete.
 *
 * Where are the objects of the cluster? That decides, and is read from the
 * store anew at every step (capi C.7):
 *
 *	a pivot out is half done   before its first deletion here it is rolled
 *	                           back (our copy is complete), afterwards it
 *	                           is finished
 *	they are here              they are deleted in place
 *	they are in the cluster    they are taken back first
 *	they are out of reach      they are made anew, after a while (recover.c)
 *	they are nowhere           nothing was ever built
 *
 * Done is said when the controllers have re-read every machine as released,
 * the Cluster object is gone, and MAAS holds nothing else under the cluster's
 * name for the user of this key (G8).
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "gateway/engine.h"

static bool connect_by(struct work *work, const char *kubeconfig)
{
	struct err err = { 0 };

	if (work->workload)
		return true;
	work->workload = kube_from_kubeconfig(
	    work->gateway->host, kubeconfig, &err);
	if (work->workload)
		return true;
	work_set_state(
	    work, work->delete_id, WORK_WAITING, "BadKubeconfig", err.text);
	if (recover_is_due(work, &err))
		recover_begin(work);
	return false;
}

/* The kubeconfig that our own store still holds, for a pivot half done. */
static bool connect_by_secret(struct work *work, const json_t *instruction)
{
	char *name = xasprintf("%s-kubeconfig", work->cluster_name);
	const json_t *secret = store_get(
	    work->gateway->store, "Secret", work->ns, name);
	struct buf text = BUF_INIT;
	bool connected;

	free(name);
	buf_add_unbase64(&text, jstr(secret, "data.value"),
	    strlen(jstr(secret, "data.value")));
	if (text.len == 0)
		buf_adds(&text, pivot_kubeconfig(work));
	connected = connect_by(
	    work, text.len ? buf_text(&text) : jstr(instruction, "kubeconfig"));
	buf_free(&text);
	return connected;
}

/* Our copy is complete until the first deletion here. The copies over there
 * stay paused and go with their cluster. */
static void roll_back(struct work *work)
{
	if (!work_unpause(work)) {
		work_retry(work);
		return;
	}
	log_info(work->gateway->host,
	    "pivot of %s is rolled back: it is to be deleted",
	    work->cluster_name);
	pivot_forget(work);
	kube_free(&work->workload);
	work_step_soon(work);
}

static void settle_pivot_out(struct work *work, const json_t *instruction)
{
	enum move_phase phase = pivot_phase(work);

	if (phase == MOVE_DONE) {
		work_purge(work);
		pivot_forget(work);
		kube_free(&work->workload);
		work_step_soon(work);
	} else if (phase < MOVE_DELETE) {
		roll_back(work);
	} else if (connect_by_secret(work, instruction)) {
		pivot_run(work, true);
	} else {
		work_retry(work);
	}
}

static void take_back(struct work *work, const json_t *instruction)
{
	const char *kubeconfig = jstr(instruction, "kubeconfig");

	if (!*kubeconfig && !pivot_of(work) && jlen(instruction, "machines")) {
		/* A gateway that it was migrated from had begun to build. */
		if (!recover_begin(work))
			work_retry(work);
		return;
	}
	if (!*kubeconfig && !pivot_of(work)) {
		/* Nothing had been built, as far as anybody knows. */
		recover_look_again(work, instruction);
		return;
	}
	if (connect_by(work, kubeconfig))
		pivot_run(work, false);
	else
		work_retry(work);
}

static void delete_here(struct work *work, const json_t *instruction)
{
	const json_t *cluster = work_cluster(work);
	struct api_status status = { 0 };
	const json_t *left = NULL;

	if (!work_set_phase(work, work->delete_id, "deleting") ||
	    !work_run_controllers(work, instruction)) {
		work_retry(work);
		return;
	}
	if (!*jstr(cluster, "metadata.deletionTimestamp") &&
	    !store_delete(work->gateway->store, "Cluster", work->ns,
	        jstr(cluster, "metadata.name"), NULL, &left, &status))
		work_retry(work);
	api_status_free(&status);
	recover_go_on(work, work_cluster(work));
}

void delete_finish(struct work *work, const char *sentence)
{
	work_purge(work);
	if (pivot_of(work))
		pivot_forget(work);
	work_finish(work, work->delete_id, "done", sentence);
}

void delete_step(struct work *work, const json_t *instruction)
{
	const char *phase = work_phase(work, work->delete_id);
	bool deleting = !strcmp(phase, "deleting");

	if (work->create_id)
		work_withdraw(work->gateway, work->create_id);
	work_begin(work, work->delete_id);
	create_tell(work, instruction);
	if (!strcmp(phase, "recovering"))
		recover_step(work, instruction);
	else if (pivot_of(work) && pivot_is_to_cluster(work))
		settle_pivot_out(work, instruction);
	else if (pivot_of(work) && pivot_phase(work) != MOVE_DONE)
		take_back(work, instruction);
	else if (work_cluster(work))
		delete_here(work, instruction);
	else if (deleting)
		recover_look_again(work, instruction);
	else
		take_back(work, instruction);
}
