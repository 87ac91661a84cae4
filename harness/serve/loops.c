#include "harness/serve/loops.h"

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
uint64_t loops_hash(uint64_t seed, const char *data, size_t len)
{
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

/* Its place, or the place of what was asked longest ago. */
static struct loops_seen *place_of(struct loops *loops, uint64_t request)
{
	struct loops_seen *oldest = &loops->seen[0];

	for (int i = 0; i < LOOPS_KEPT; i++) {
		struct loops_seen *seen = &loops->seen[i];

		if (seen->count && seen->request == request)
			return seen;
		if (!seen->count ||
		    (oldest->count && seen->last_at < oldest->last_at))
			oldest = seen;
	}
	oldest->count = 0;
	return oldest;
}

bool loops_see(struct loops *loops, uint64_t request, uint64_t answer,
    usec now_at, usec *span_for)
{
	struct loops_seen *seen = place_of(loops, request);
	bool another = !seen->count || seen->answer != answer;

	if (another || now_at - seen->first_at > LOOPS_WITHIN) {
		seen->request = request;
		seen->answer = answer;
		seen->first_at = now_at;
		seen->count = 0;
		seen->said = seen->said && !another;
	}
	seen->last_at = now_at;
	seen->count++;
	if (seen->count < LOOPS_COUNT || seen->said)
		return false;
	seen->said = true;
	*span_for = now_at - seen->first_at;
	return true;
}
