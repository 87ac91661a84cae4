/*
 * kubelet: what makes a machine a Node, as far as the API can see.
 *
 * It registers its Node over the wire with the credentials of
 * /etc/kubernetes/kubelet.conf, again at each start, and keeps trying. From
 * then on it is taken to post its heartbeats (node.h).
 */
#ifndef SIM_WORKLOAD_KUBELET_H
#define SIM_WORKLOAD_KUBELET_H

#include <stdbool.h>

struct kubelet;
struct machine;

struct kubelet *kubelet_new(struct machine *machine);
void kubelet_free(struct kubelet **kubelet);
bool kubelet_posts(const struct kubelet *kubelet); /* NULL: false */

#endif
