#include "harness/serve/loops.h"

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
