#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "sim/maas/nonces.h"

/* Used nonces are swept out once a day. */
#define KEPT_FOR HOURS(24)

/* Of the text only two hashes are kept: with 128 bits no two are alike. */
struct nonce {
	struct nonce *next;    /* in its bucket */
	struct nonce *younger; /* used after it */
	uint64_t hash, check;
	usec used_time;
};

static struct nonce **place_of(
    const struct nonces *nonces, uint64_t hash, uint64_t other)
{
	struct nonce **at = &nonces->buckets[hash & (nonces->room - 1)];

	while (*at && ((*at)->hash != hash || (*at)->check != other))
		at = &(*at)->next;
	return at;
}

static uint64_t hash_of(uint64_t key, const char *text)
{
	return keyed_hash(key, text, strlen(text));
}

bool maas_nonce_used(const struct nonces *nonces, const char *text)
{
	return nonces->room &&
	       *place_of(nonces, hash_of(0, text), hash_of(1, text)) != NULL;
}

static void grow(struct nonces *nonces)
{
	size_t room = nonces->room ? 2 * nonces->room : 64;
	struct nonce *nonce;

	free(nonces->buckets);
	nonces->buckets = xcalloc(room, sizeof(*nonces->buckets));
	nonces->room = room;
	for (nonce = nonces->oldest; nonce; nonce = nonce->younger) {
		struct nonce **bucket =
		    &nonces->buckets[nonce->hash & (room - 1)];

		nonce->next = *bucket;
		*bucket = nonce;
	}
}

static void forget_oldest(struct nonces *nonces)
{
	struct nonce *oldest = nonces->oldest;
	struct nonce **at = place_of(nonces, oldest->hash, oldest->check);

	while (*at != oldest) /* one like it was used again */
		at = &(*at)->next;
	*at = oldest->next;
	nonces->oldest = oldest->younger;
	nonces->count--;
	free(oldest);
}

void maas_nonce_use(struct nonces *nonces, const char *text, usec time)
{
	struct nonce *nonce = xcalloc(1, sizeof(*nonce));
	struct nonce **bucket;

	while (nonces->oldest && time - nonces->oldest->used_time >= KEPT_FOR)
		forget_oldest(nonces);
	if (nonces->count >= nonces->room)
		grow(nonces);
	nonce->hash = hash_of(0, text);
	nonce->check = hash_of(1, text);
	nonce->used_time = time;
	bucket = &nonces->buckets[nonce->hash & (nonces->room - 1)];
	nonce->next = *bucket;
	*bucket = nonce;
	if (nonces->oldest)
		nonces->youngest->younger = nonce;
	else
		nonces->oldest = nonce;
	nonces->youngest = nonce;
	nonces->count++;
}

void maas_nonces_free(struct nonces *nonces)
{
	while (nonces->oldest)
		forget_oldest(nonces);
	free(nonces->buckets);
	*nonces = (struct nonces){ 0 };
}
