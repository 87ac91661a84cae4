#include "harness/moments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "harness/strike.h"

#define BACK_AFTER_FOR MINUTES(1)

static const struct kind {
	const char *name, *said;
	bool at_sync;
	enum wire_moment moment;
} kinds[MOMENT_KINDS] = {
	{ "before-send", "before it is sent", false, WIRE_BEFORE_SEND },
	{ "after-commit", "after the server answered", false,
	    WIRE_SERVER_ANSWERED },
	{ "after-answer", "after the answer was handled", false,
	    WIRE_ANSWERED },
	{ "", "before a disk sync", true, WIRE_BEFORE_SEND },
};

static const char *const deaths[] = { "process", "power" };

/* ---- names ---- */

size_t moment_kind(const struct strike *strike)
{
	for (size_t i = 0; i < MOMENT_KINDS; i++)
		if (kinds[i].at_sync == strike->at_sync &&
		    (strike->at_sync || kinds[i].moment == strike->moment))
			return i;
	unreachable("a strike at no moment");
}

const char *moment_kind_said(size_t kind)
{
	check(kind < MOMENT_KINDS);
	return kinds[kind].said;
}

bool moment_is(const struct moment *moment, const struct strike *asked)
{
	return moment->strike.n == asked->n &&
	       moment_kind(&moment->strike) == moment_kind(asked);
}

void moment_name(const struct strike *strike, char out[MOMENT_NAME_LEN])
{
	snprintf(out, MOMENT_NAME_LEN, "%s %" PRIu64 "%s%s %s",
	    strike->at_sync ? "sync" : "exchange", strike->n,
	    strike->at_sync ? "" : " ", kinds[moment_kind(strike)].name,
	    deaths[strike->power_loss]);
}

/* By writing every name that a moment with this number could have. */
bool moment_parse(const char *name, struct strike *strike)
{
	const char *number = strchr(name, ' ');
	char other[MOMENT_NAME_LEN];

	for (size_t i = 0; number && i < MOMENT_KINDS; i++) {
		for (int power = 0; power < 2; power++) {
			*strike = (struct strike){
				.at_sync = kinds[i].at_sync,
				.moment = kinds[i].moment,
				.n = strtoull(number, NULL, 10),
				.power_loss = power,
				.back_after_for = BACK_AFTER_FOR,
			};
			moment_name(strike, other);
			if (strcmp(other, name) == 0)
				return true;
		}
	}
	return false;
}

/* ---- the list ---- */

void moments_note(struct moments *moments, const struct strike *strike)
{
	if (strike->at_sync)
		moments->syncs++;
	else if (strike->n > moments->exchanges)
		moments->exchanges = strike->n;
	moments->list = xrealloc(
	    moments->list, (moments->count + 2) * sizeof(*moments->list));
	for (int power = 0; power < 2; power++) {
		struct moment *moment = &moments->list[moments->count++];

		*moment = (struct moment){ .strike = *strike };
		moment->strike.blow = NULL; /* of a run that is over soon */
		moment->strike.power_loss = power;
		moment->strike.back_after_for = BACK_AFTER_FOR;
		moment->leaves = strike_leaves(strike, power);
	}
}

/* By what they leave; of those that leave the same, the first comes first. */
static int by_leaves(const void *a, const void *b, void *ctx)
{
	const struct moments *moments = ctx;
	const size_t *i = a, *k = b;
	const struct moment *one = &moments->list[*i];
	const struct moment *other = &moments->list[*k];

	if (one->leaves != other->leaves)
		return one->leaves < other->leaves ? -1 : 1;
	return *i < *k ? -1 : *i > *k;
}

static void find_likes(struct moments *moments)
{
	size_t *order = xcalloc(moments->count + 1, sizeof(*order));

	for (size_t i = 0; i < moments->count; i++)
		order[i] = i;
	qsort_r(order, moments->count, sizeof(*order), by_leaves, moments);
	moments->distinct = 0;
	for (size_t i = 0; i < moments->count; i++) {
		struct moment *moment = &moments->list[order[i]];
		const struct moment *before = i ? &moments->list[order[i - 1]]
		                                : NULL;

		if (before && before->leaves == moment->leaves) {
			moment->like = before->like;
			continue;
		}
		moment->like = order[i];
		moments->distinct++;
	}
	free(order);
}

void moments_choose(struct moments *moments, size_t sample, bool every)
{
	size_t count = 0;

	find_likes(moments);
	moments->chosen = xcalloc(moments->count + 1, sizeof(size_t));
	for (size_t i = 0; i < moments->count; i++)
		if (every || moments->list[i].like == i)
			moments->chosen[count++] = i;
	moments->chosen_count = count;
	if (sample == 0 || sample >= count)
		return;
	for (size_t i = 0; i < sample; i++)
		moments->chosen[i] = moments->chosen[i * count / sample];
	moments->chosen_count = sample;
}

void moments_free(struct moments *moments)
{
	free(moments->list);
	free(moments->chosen);
	*moments = (struct moments){ 0 };
}
