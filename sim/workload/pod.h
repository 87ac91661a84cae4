/*
 * pod: the programs of a cluster's Deployments, on its nodes.
 *
 * A Deployment whose image is in our table (program.h) gets one pod: a host
 * of its own, cluster/<name>/<program>, at the address of a living node. A
 * program that ended is started again after 10 s, doubling to 5 min while it
 * keeps ending; one whose node died starts elsewhere after 5 min, or on the
 * same node when that is back earlier. Modelled, not real: there are no Pod
 * objects, and an image is always there.
 */
#ifndef SIM_WORKLOAD_POD_H
#define SIM_WORKLOAD_POD_H

#include <stdbool.h>

struct cluster;
struct machine;
struct pod;

void pod_look_at_all(struct cluster *cluster);
void pod_machine_down(struct cluster *cluster, struct machine *machine);
void pod_free_all(struct cluster *cluster);

/* Where it runs, or NULL. */
const struct machine *pod_node(
    const struct cluster *cluster, const char *program);
bool pod_kill(struct cluster *cluster, const char *program);

#endif
