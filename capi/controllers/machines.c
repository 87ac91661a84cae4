#include "capi/controllers/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

struct reading {
	struct machines *machines;
	const json_t *owner;
};

static void read_one(void *ctx, const json_t *machine)
{
	struct reading *reading = ctx;
	struct machines *machines = reading->machines;

	if (!capi_owned_by(machine, reading->owner))
		return;
	machines->items = xrealloc(
	    machines->items, (machines->count + 1) * sizeof(*machines->items));
	machines->items[machines->count++] = machine;
	machines->living += !capi_is_deleting(machine);
}

void machines_read(
    struct machines *machines, const struct reconcile *r, const json_t *owner)
{
	struct reading reading = { machines, owner };

	*machines = (struct machines){ 0 };
	capi_each_of(r, "Machine", read_one, &reading);
}

void machines_free(struct machines *machines)
{
	free(machines->items);
	*machines = (struct machines){ 0 };
}

unsigned machines_free_number(
    const struct machines *machines, const char *prefix)
{
	for (unsigned n = 0;; n++) {
		char *name = xasprintf("%s-%u", prefix, n);
		bool taken = false;

		for (size_t i = 0; i < machines->count; i++)
			taken = taken ||
			        strcmp(capi_name_of(machines->items[i]),
			            name) == 0;
		free(name);
		if (!taken)
			return n;
	}
}

static unsigned rank(const json_t *machine)
{
	if (json_object_get(jget(machine, "metadata.annotations"),
	        "cluster.x-k8s.io/delete-machine"))
		return 3;
	if (jhas(machine, "status.failureReason") ||
	    strcmp(condition_is(machine, "HealthCheckSucceeded"), "False") == 0)
		return 2;
	return !jhas(machine, "status.nodeRef");
}

static bool goes_before(const json_t *a, const json_t *b)
{
	if (rank(a) != rank(b))
		return rank(a) > rank(b);
	if (capi_created_time(a) != capi_created_time(b))
		return capi_created_time(a) > capi_created_time(b);
	return strcmp(capi_name_of(a), capi_name_of(b)) > 0;
}

const json_t *machines_to_delete(const struct machines *machines)
{
	const json_t *first = NULL;

	for (size_t i = 0; i < machines->count; i++)
		if (!capi_is_deleting(machines->items[i]) &&
		    (!first || goes_before(machines->items[i], first)))
			first = machines->items[i];
	return first;
}

/* ---- a new one ---- */

static json_t *labelled(struct reconcile *r, const char *kind, const char *name,
    const struct new_machine *wish)
{
	json_t *object = capi_new_object(r, kind, name, wish->owner);
	json_t *labels = json_clone(wish->labels);

	json_object_update(
	    json_object_get(json_object_get(object, "metadata"), "labels"),
	    labels);
	json_decref(labels);
	return object;
}

static json_t *maas_machine(struct reconcile *r, const char *name,
    const struct new_machine *wish, const json_t *template)
{
	json_t *object = labelled(r, "MaasMachine", name, wish);
	json_t *notes = jhas(template, "spec.template.metadata.annotations")
	                    ? json_clone(jget(template,
	                          "spec.template.metadata.annotations"))
	                    : json_object();

	json_object_set_new(notes, "cluster.x-k8s.io/cloned-from-name",
	    json_string(wish->template));
	json_object_set_new(notes, "cluster.x-k8s.io/cloned-from-groupkind",
	    json_string("MaasMachineTemplate."
	                "infrastructure.cluster.x-k8s.io"));
	jset(object, "metadata.annotations", notes);
	jset(object, "spec", json_clone(jget(template, "spec.template.spec")));
	if (wish->failure_domain && wish->failure_domain[0])
		jsets(object, "spec.failureDomain", wish->failure_domain);
	return object;
}

static void set_ref(json_t *object, const char *path, const json_t *to)
{
	json_t *ref = json_object();

	jsets(ref, "apiVersion", jstr(to, "apiVersion"));
	jsets(ref, "kind", jstr(to, "kind"));
	jsets(ref, "name", capi_name_of(to));
	jsets(ref, "namespace", jstr(to, "metadata.namespace"));
	jset(object, path, ref);
}

static json_t *machine(struct reconcile *r, const char *name,
    const struct new_machine *wish, const json_t *config,
    const json_t *infrastructure)
{
	json_t *object = labelled(r, "Machine", name, wish);

	jsets(object, "spec.clusterName", capi_cluster_name(r));
	jsets(object, "spec.version", wish->version);
	set_ref(object, "spec.bootstrap.configRef", config);
	set_ref(object, "spec.infrastructureRef", infrastructure);
	if (wish->failure_domain && wish->failure_domain[0])
		jsets(object, "spec.failureDomain", wish->failure_domain);
	return object;
}

static bool create_step(struct reconcile *r, const char *name,
    const struct new_machine *wish, const json_t *template)
{
	const json_t *config = capi_find(r, "KubeadmConfig", name);
	const json_t *infrastructure = capi_find(r, "MaasMachine", name);
	json_t *object;

	/* The last one of this name has not gone yet. */
	if ((config && capi_is_deleting(config)) ||
	    (infrastructure && capi_is_deleting(infrastructure)))
		return false;
	if (!config) {
		object = labelled(r, "KubeadmConfig", name, wish);
		jset(object, "spec", json_clone(wish->config));
	} else if (!infrastructure) {
		object = maas_machine(r, name, wish, template);
	} else {
		object = machine(r, name, wish, config, infrastructure);
	}
	act_create(r, object);
	return true;
}

bool machine_create(struct reconcile *r, const struct new_machine *wish)
{
	const json_t *template = capi_find(
	    r, "MaasMachineTemplate", wish->template);
	char *name = xasprintf("%s-%u", r->name, wish->number);
	bool begun = template && wish->config &&
	             create_step(r, name, wish, template);

	free(name);
	return begun;
}
