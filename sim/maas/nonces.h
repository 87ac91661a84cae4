/*
 * nonces: those that were used, until they are a day old at least. A million
 * of them are looked through as fast as ten, and take 21 to 43 bytes each.
 *
 * Of the text only a digest is kept: with 96 bits no two are alike. It is
 * made once for a request, which asks whether it was used and then uses it.
 */
#ifndef SIM_MAAS_NONCES_H
#define SIM_MAAS_NONCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct nonce {
	uint64_t hash;
	uint32_t check;
	uint32_t used_sec; /* 1 more than the clock says; 0: an empty place */
};

struct nonces { /* zeroed is empty */
	struct nonce *places;
	size_t room, count; /* room: 0 or a power of two */
};

struct nonce maas_nonce(const char *text);
bool maas_nonce_used(const struct nonces *nonces, struct nonce nonce);
void maas_nonce_use(struct nonces *nonces, struct nonce nonce, usec time);
void maas_nonces_free(struct nonces *nonces); /* forgets all */

#endif
