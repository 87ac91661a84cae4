#include "base/quick_hash.h"

#include <string.h>

/* The constant is odd and of irregular bits: that of splitmix64. */
static uint64_t mix(uint64_t hash, const char *data, size_t len)
{
	uint64_t piece = 0;

	memcpy(&piece, data, len);
	hash = (hash ^ piece) * 0xbf58476d1ce4e5b9u;
	return hash ^ hash >> 29;
}

/* Four sums side by side, since each waits for its last multiplication. */
uint64_t quick_hash(uint64_t seed, const void *bytes, size_t len)
{
	const char *data = bytes;
	uint64_t sums[4] = { seed, seed + 1, seed + 2, seed + len };
	size_t at = 0, n;

	for (; len - at >= 32; at += 32)
		for (size_t i = 0; i < 4; i++)
			sums[i] = mix(sums[i], data + at + 8 * i, 8);
	for (; at < len; at += n) {
		n = len - at < 8 ? len - at : 8;
		sums[0] = mix(sums[0], data + at, n);
	}
	for (size_t i = 1; i < 4; i++)
		sums[0] = mix(sums[0], (const char *)&sums[i], 8);
	return sums[0];
}
