/*
 * nonces: those that were used, until they are a day old. A million of them
 * are looked through as fast as ten.
 */
#ifndef SIM_MAAS_NONCES_H
#define SIM_MAAS_NONCES_H

#include "base/choices.h"
#include "base/loop.h"

struct nonces { /* zeroed is empty */
	struct nonce **buckets;
	size_t room, count;
	struct nonce *oldest, *youngest;
};

bool maas_nonce_used(const struct nonces *nonces, const char *text);
void maas_nonce_use(struct nonces *nonces, const char *text, usec time);
void maas_nonces_free(struct nonces *nonces); /* forgets all */

#endif
