/*
 * dns_server: answers A queries on a UDP port, for `pcgsim serve`.
 *
 * The smallest honest DNS server: one question per message; A records with a
 * short TTL for names that `resolve` knows, NXDOMAIN for those of its zones
 * that do not exist, REFUSED for names that are nobody's, NOERROR without
 * records for other types of a name that exists, FORMERR for what cannot be
 * read. No TCP, no EDNS, no recursion.
 */
#ifndef BASE_DNS_SERVER_H
#define BASE_DNS_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct reactor;
struct dns_server;

/* Up to max addresses; -1 if the name is not in a zone of ours. */
typedef int dns_resolve_fn(
    void *ctx, const char *name, char (*addresses)[16], int max);

struct dns_server *dns_server_new(struct reactor *reactor, const char *bind,
    uint16_t port, dns_resolve_fn *resolve, void *ctx, struct err *err);
void dns_server_free(struct dns_server **server);

/* One query's bytes in, one answer's bytes out (at most 512); 0: say nothing.
 * Apart from the socket, for tests and fuzzing. */
size_t dns_answer(const uint8_t *query, size_t len, uint8_t answer[512],
    dns_resolve_fn *resolve, void *ctx);

#endif
