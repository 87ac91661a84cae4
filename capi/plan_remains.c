/*
 * What is left of a cluster, as objects: made from what others know of it,
 * when its own objects are where nobody can read them any more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "capi/controllers/maas_machine_parts.h"
#include "capi/plan_parts.h"

/* The same finalizers that the controllers set: they are what deletion does. */
#define CLUSTER_FINALIZER      "cluster.cluster.x-k8s.io"
#define INFRA_FINALIZER        "maascluster.infrastructure.cluster.x-k8s.io"
#define CAPI_MACHINE_FINALIZER "machine.cluster.x-k8s.io"

#define API_PORT 6443

char *plan_agent_prefix(const char *cluster, const char *ns)
{
	const char *uid = strncmp(ns, "cluster-", 8) == 0 ? ns + 8 : ns;

	return xasprintf("%.90s.%.40s.", cluster, uid);
}

char *plan_agent_name(
    const char *cluster, const char *ns, const char *machine, unsigned attempt)
{
	char *prefix = plan_agent_prefix(cluster, ns);
	char *name = xasprintf("%s%.110s.%u", prefix, machine, attempt);

	free(prefix);
	return name;
}

static json_t *with_finalizer(json_t *object, const char *finalizer)
{
	jadd(object, "metadata.finalizers", json_string(finalizer));
	return object;
}

/* Without a domain it has no name, and no record is looked for. */
static json_t *maas_cluster(
    const char *ns, const char *cluster, const char *domain)
{
	json_t *object = with_finalizer(
	    plan_object("MaasCluster", ns, cluster, cluster), INFRA_FINALIZER);
	char *host;

	jsets(object, "spec.dnsDomain", domain);
	if (!*domain)
		return object;
	host = plan_endpoint(cluster, ns, domain);
	jsets(object, "spec.controlPlaneEndpoint.host", host);
	jseti(object, "spec.controlPlaneEndpoint.port", API_PORT);
	free(host);
	return object;
}

/* A cluster that is only out of our reach would replace the workers that it
 * sees leave: its control plane, where its controllers run, has to go first.
 * The end of a Cluster takes what is not labelled as control plane first, so
 * here it is the workers that carry the label. */
static json_t *machine_object(
    const char *kind, const char *ns, const char *cluster, const json_t *known)
{
	json_t *object = plan_object(kind, ns, jstr(known, "name"), cluster);

	if (!jbool(known, "isControlPlane"))
		jsets(object, "metadata.labels[" CONTROL_PLANE_LABEL "]", "");
	return object;
}

static json_t *machine(const char *ns, const char *cluster, const json_t *known)
{
	const char *name = jstr(known, "name");
	json_t *object = with_finalizer(
	    machine_object("Machine", ns, cluster, known),
	    CAPI_MACHINE_FINALIZER);

	jsets(object, "spec.clusterName", cluster);
	jset(object, "spec.infrastructureRef",
	    plan_ref("MaasMachine", ns, name));
	return object;
}

/* Found under the name of an attempt it is ours now (G2). Not found, it may be
 * on its way back already: MAAS forgets the name while it releases. */
static json_t *maas_machine(
    const char *ns, const char *cluster, const json_t *known)
{
	const char *name = jstr(known, "name"), *id = jstr(known, "systemId");
	unsigned attempt = (unsigned)jint(known, "attempt");
	char *intent = plan_agent_name(
	    cluster, ns, name, attempt ? attempt : 1);
	char number[16];
	json_t *object = with_finalizer(
	    machine_object("MaasMachine", ns, cluster, known),
	    MACHINE_FINALIZER);

	snprintf(number, sizeof(number), "%u", attempt ? attempt : 1);
	jsets(object, "metadata.annotations[" NOTE_ATTEMPT "]", number);
	jsets(object, "metadata.annotations[" NOTE_INTENT "]", intent);
	if (!attempt)
		jsets(object, "metadata.annotations[" NOTE_RELEASE "]", id);
	jsets(object, "spec.systemID", id);
	free(intent);
	return object;
}

json_t *plan_remains(const json_t *instruction, const json_t *machines)
{
	const char *cluster = jstr(instruction, "clusterName");
	char *ns = plan_namespace(jstr(instruction, "clusterUid"));
	json_t *list = json_array(), *last, *known;
	size_t i;

	json_array_append_new(list, plan_object("Namespace", NULL, ns, NULL));
	json_array_append_new(
	    list, maas_cluster(ns, cluster, jstr(instruction, "domain")));
	json_array_foreach(machines, i, known)
	{
		json_array_append_new(list, machine(ns, cluster, known));
		json_array_append_new(list, maas_machine(ns, cluster, known));
	}
	last = with_finalizer(
	    plan_object("Cluster", ns, cluster, cluster), CLUSTER_FINALIZER);
	jset(last, "spec.infrastructureRef",
	    plan_ref("MaasCluster", ns, cluster));
	jsets(last, "metadata.annotations[" PLAN_REMAINS_NOTE "]", "yes");
	json_array_append_new(list, last);
	free(ns);
	return list;
}
