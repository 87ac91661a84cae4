/*
 * node: the Node objects of a cluster, and the controllers that judge them.
 *
 * A kubelet's heartbeats are not sent: whether it posts is evaluated when it
 * matters. While it posts, its Node is Ready once the cluster has a network
 * (NODE_NETWORK, laid down by the agent's manifest); 40 s after it fell
 * silent, the Node is Ready Unknown and tainted. One timer per Node that is
 * about to change, none for the others.
 */
#ifndef SIM_WORKLOAD_NODE_H
#define SIM_WORKLOAD_NODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define NODE_NETWORK "cni-config" /* ConfigMap in kube-system */

struct cluster;
struct machine;
struct node;

void node_changed(
    struct cluster *cluster, const json_t *old, const json_t *now);
void node_look_at_all(struct cluster *cluster);
void node_forget_machine(struct cluster *cluster, struct machine *machine);
void node_free_all(struct cluster *cluster);

size_t node_count(const struct cluster *cluster);
bool node_exists(const struct cluster *cluster, const struct machine *machine);
/* Its machine runs, its kubelet posts, and (if asked) it is Ready. */
bool node_can_run(
    const struct cluster *cluster, const struct machine *machine, bool ready);

#endif
