/*
 * explain: what a request means to this region, for whoever looks on.
 *
 * `pcgsim serve maas` strikes faults by machine and keeps a journal; here it
 * asks what it sees. Nothing here changes anything, and nothing here is seen
 * by a client.
 */
#ifndef SIM_MAAS_EXPLAIN_H
#define SIM_MAAS_EXPLAIN_H

#include "base/http.h"
#include "sim/maas/maas.h"

/* Does it speak of this machine (system_id or hostname): in its path, in a
 * parameter, or as the thing that was answered? response may be NULL. */
bool maas_concerns(const struct maas *maas, const struct http_request *request,
    const struct http_response *response, const char *machine);

#endif
