/*
 * discovery: how a machine that joins finds out whom to trust.
 *
 * It reads kube-public/cluster-info from the endpoint, as nobody and without
 * knowing the server's authority; takes the authority from there only if its
 * key's hash is pinned in the configuration, and only if the text carries a
 * signature with the join token. It asks every 5 s for 5 min; a wrong hash
 * ends it at once.
 */
#ifndef SIM_WORKLOAD_DISCOVERY_H
#define SIM_WORKLOAD_DISCOVERY_H

#include <jansson.h>

#include "base/host.h"

struct discovery;
/* ca_pem NULL: *err says why. Both are gone when it returns; it may free the
 * discovery. */
typedef void discovery_fn(void *ctx, const char *ca_pem, const struct err *err);

/* bootstrap: discovery.bootstrapToken of a JoinConfiguration, borrowed. */
struct discovery *discovery_new(struct host *host, const json_t *bootstrap,
    discovery_fn *fn, void *ctx, struct err *err);
void discovery_free(struct discovery **discovery);

#endif
