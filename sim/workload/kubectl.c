#include "sim/workload/kubeadm.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/kube.h"
#include "sim/workload/kubeadm_config.h"
#include "sim/workload/machine.h"

/* kubectl itself does not try again; the API server of a control plane that
 * has just come up is given this long, as the scripts around it do. */
#define LIMIT_FOR MINUTES(2)
#define AGAIN_FOR SECONDS(5)

struct apply {
	struct job job;
	struct machine *machine;
	struct kube *kube;
	struct kube_call *call;
	struct timer timer;
	json_t *objects;
	size_t next;
	usec give_up_at;
};

static void apply_free(struct job *job)
{
	struct apply *apply = OWNER_OF(job, struct apply, job);

	timer_cancel(&apply->timer);
	kube_cancel(&apply->call);
	kube_free(&apply->kube);
	json_decref(apply->objects);
	free(apply);
}

static void go_on(struct apply *apply, usec wait_for)
{
	timer_set(&apply->timer, apply->machine->host->loop, wait_for);
}

static void answered(void *ctx, const struct kube_answer *answer)
{
	struct apply *apply = ctx;
	struct err err;

	apply->call = NULL;
	if (answer->status / 100 == 2) {
		apply->next++;
		go_on(apply, 0);
		return;
	}
	if ((!answer->status || answer->status >= 500) &&
	    loop_now(apply->machine->host->loop) < apply->give_up_at) {
		go_on(apply, AGAIN_FOR);
		return;
	}
	err_set(&err, ERR_REFUSED, "kubectl apply: %s",
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
	apply->job.done(apply->job.ctx, &err);
}

/* What is there already is patched, as `apply` does. */
static void created(void *ctx, const struct kube_answer *answer)
{
	struct apply *apply = ctx;
	const json_t *object = json_array_get(apply->objects, apply->next);
	const char *ns = jstr(object, "metadata.namespace");

	if (answer->status != 409) {
		answered(ctx, answer);
		return;
	}
	apply->call = kube_patch(apply->kube, jstr(object, "kind"),
	    ns[0] ? ns : NULL, jstr(object, "metadata.name"), NULL, object,
	    answered, apply);
}

static void next_object(struct timer *timer)
{
	struct apply *apply = OWNER_OF(timer, struct apply, timer);
	const json_t *object = json_array_get(apply->objects, apply->next);

	if (!object) {
		apply->job.done(apply->job.ctx, NULL);
		return;
	}
	apply->call = kube_create(
	    apply->kube, jstr(object, "kind"), object, created, apply);
}

static bool objects_are_known(
    const char *path, const json_t *objects, struct err *err)
{
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		const struct kind_info *kind = kind_named(jstr(object, "kind"));
		char version[80] = "";

		if (kind)
			kind_api_version(kind, version, sizeof(version));
		if (!kind || strcmp(jstr(object, "apiVersion"), version) != 0)
			return err_set(err, ERR_INPUT,
			    "kubectl apply: resource mapping not found in %s: "
			    "no matches for kind \"%s\" in version \"%s\"",
			    path, jstr(object, "kind"),
			    jstr(object, "apiVersion"));
		if (!jstr(object, "metadata.name")[0])
			return err_set(err, ERR_INPUT,
			    "kubectl apply: in %s a %s has no name", path,
			    kind->kind);
	}
	return true;
}

static bool open_files(struct apply *apply, const char *kubeconfig_path,
    const char *manifest_path, struct err *err)
{
	const struct files *files = &apply->machine->disk.files;
	const char *kubeconfig = files_text(files, kubeconfig_path);
	const char *manifest = files_text(files, manifest_path);

	if (!kubeconfig || !manifest)
		return err_set(err, ERR_INPUT,
		    "kubectl apply: the path \"%s\" does not exist",
		    kubeconfig ? manifest_path : kubeconfig_path);
	apply->kube = kube_from_kubeconfig(
	    apply->machine->host, kubeconfig, err);
	if (!apply->kube)
		return false;
	apply->objects = manifest_read(manifest_path, manifest, err);
	if (!apply->objects ||
	    !objects_are_known(manifest_path, apply->objects, err))
		return false;
	return true;
}

struct job *kubectl_apply_new(struct machine *machine,
    const char *kubeconfig_path, const char *manifest_path, struct err *err)
{
	static const struct job_ops ops = { apply_free };
	struct apply *apply = xcalloc(1, sizeof(*apply));

	apply->job.ops = &ops;
	apply->machine = machine;
	apply->give_up_at = loop_now(machine->host->loop) + LIMIT_FOR;
	timer_init(&apply->timer, next_object);
	if (!open_files(apply, kubeconfig_path, manifest_path, err)) {
		apply_free(&apply->job);
		return NULL;
	}
	go_on(apply, 0);
	return &apply->job;
}
