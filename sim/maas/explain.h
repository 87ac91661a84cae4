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
/* The name of the user whose key signed it, or "". The signature itself is not
 * judged: a request that was refused has a user too. */
const char *maas_signer(
    const struct maas *maas, const struct http_request *request);

/* Its path, decoded, as operations are looked up by, and its op (NULL: none);
 * free() both. */
void maas_address(const struct http_request *request, char **path, char **op);

/* Query and form as an object of texts (lists of them where a name repeats).
 * What may be secret is not in it: values of names that speak of keys, tokens,
 * passwords, signatures or user data, and contents of files. New. */
json_t *maas_parameters(const struct http_request *request);

/* For a refusal of an operation that is known: what was meant may be this (an
 * id nearby, a hostname where an id is wanted, a constraint misspelt). Adds a
 * sentence or nothing. */
void maas_explain_refusal(const struct maas *maas,
    const struct http_request *request, int status, struct buf *out);

#endif
