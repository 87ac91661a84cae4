/*
 * metadata: a machine's talk with the metadata service of its region.
 *
 * Everything goes over the wire from the machine's own host, signed with the
 * key that the boot network handed to it (OAuth 1.0, PLAINTEXT). One request
 * at a time. A service that cannot be reached or is not itself (5xx, 408, 429)
 * is asked again, after 1 s doubling to 60 s with jitter, for as long as the
 * machine runs; any other answer is the caller's.
 */
#ifndef SIM_WORKLOAD_METADATA_H
#define SIM_WORKLOAD_METADATA_H

#include "base/host.h"
#include "sim/power.h"

struct metadata;
typedef void metadata_fn(void *ctx, const struct http_response *answer);

/* host outlives it. The offer is copied. */
struct metadata *metadata_new(
    struct host *host, const struct boot_offer *offer);
void metadata_free(struct metadata **metadata);

/* GET .../2012-03-01/<what> */
void metadata_get(
    struct metadata *metadata, const char *what, metadata_fn *fn, void *ctx);
/* POST .../2012-03-01/ with op=<op> and what else is not NULL */
void metadata_tell(struct metadata *metadata, const char *op,
    const char *status, const char *error, metadata_fn *fn, void *ctx);

/* How often the request under way has been tried in vain. */
unsigned metadata_failures(const struct metadata *metadata);
/* Is called after each vain try and when it is over. */
void metadata_on_trouble(
    struct metadata *metadata, void (*trouble)(void *ctx), void *ctx);

#endif
