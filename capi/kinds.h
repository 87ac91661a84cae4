/*
 * kinds: the object kinds that we know, as one table.
 *
 * Cluster API's kinds (v1beta1 dialect), the MAAS provider's, the Kubernetes
 * built-ins that a cluster's life touches, and the gateway's own kinds
 * (group pcg.pcgsim.io): Instruction, Pivot, Report, Setting. Anything else
 * is unknown to a store and answered 404.
 */
#ifndef CAPI_KINDS_H
#define CAPI_KINDS_H

#include <stdbool.h>
#include <stddef.h>

struct kind_info {
	const char *kind;  /* MaasMachine */
	const char *group; /* infrastructure.cluster.x-k8s.io; "" for core */
	const char *version;
	const char *plural; /* maasmachines */
	bool namespaced;
	bool builtin; /* not a custom resource: some rules are laxer */
	bool moves;   /* part of a cluster's state: the mover takes it if
	                 it belongs to a Cluster */
};

const struct kind_info *kind_table(size_t *count);
const struct kind_info *kind_named(const char *kind); /* NULL if unknown */
const struct kind_info *kind_of_plural(const char *group, const char *plural);
/* "cluster.x-k8s.io/v1beta1", "v1" */
void kind_api_version(const struct kind_info *kind, char *out, size_t size);
/* /apis/cluster.x-k8s.io/v1beta1/namespaces/NS/machines/NAME/SUB; ns, name and
 * sub may be NULL. A new string. */
char *kind_path(
    const char *kind, const char *ns, const char *name, const char *sub);

#endif
