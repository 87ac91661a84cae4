/* A table that is looked through from where the hash says to the next empty
 * place. Nothing is ever taken out of it: when it is full, those that are too
 * old stay behind in the old one. */
#include "sim/maas/nonces.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/choices.h"

/* Used nonces are swept out once a day. */
#define KEPT_SEC (24 * 3600)

struct nonce maas_nonce(const char *text)
{
	size_t len = strlen(text);

	return (struct nonce){ .hash = keyed_hash(0, text, len),
		.check = (uint32_t)keyed_hash(1, text, len) };
}

/* Its place, or the empty one where it would be. */
static struct nonce *place_of(const struct nonces *nonces, struct nonce nonce)
{
	size_t at = nonce.hash & (nonces->room - 1);

	while (nonces->places[at].used_sec &&
	       (nonces->places[at].hash != nonce.hash ||
	           nonces->places[at].check != nonce.check))
		at = (at + 1) & (nonces->room - 1);
	return &nonces->places[at];
}

bool maas_nonce_used(const struct nonces *nonces, struct nonce nonce)
{
	return nonces->room && place_of(nonces, nonce)->used_sec;
}

static void put(struct nonces *nonces, struct nonce nonce)
{
	struct nonce *place = place_of(nonces, nonce);

	nonces->count += !place->used_sec;
	*place = nonce;
}

static bool is_young(const struct nonce *nonce, uint32_t now_sec)
{
	return nonce->used_sec &&
	       (int64_t)nonce->used_sec + KEPT_SEC > (int64_t)now_sec;
}

/* Room for twice as many as are young enough. */
static void sweep(struct nonces *nonces, uint32_t now_sec)
{
	struct nonces old = *nonces;
	size_t young = 0;

	for (size_t i = 0; i < old.room; i++)
		young += is_young(&old.places[i], now_sec);
	*nonces = (struct nonces){ .room = 64 };
	while (nonces->room < 2 * young)
		nonces->room *= 2;
	nonces->places = xcalloc(nonces->room, sizeof(*nonces->places));
	for (size_t i = 0; i < old.room; i++)
		if (is_young(&old.places[i], now_sec))
			put(nonces, old.places[i]);
	free(old.places);
}

void maas_nonce_use(struct nonces *nonces, struct nonce nonce, usec time)
{
	nonce.used_sec = (uint32_t)(time / USEC_PER_SEC) + 1;
	/* Above three quarters, looking for a place would take long. */
	if (4 * (nonces->count + 1) > 3 * nonces->room)
		sweep(nonces, nonce.used_sec);
	put(nonces, nonce);
}

void maas_nonces_free(struct nonces *nonces)
{
	free(nonces->places);
	*nonces = (struct nonces){ 0 };
}
