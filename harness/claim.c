#include "harness/claim.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"

static void settle(struct claim *claim, enum claim_verdict verdict, usec now_at)
{
	check(claim->verdict == CLAIM_OPEN);
	claim->verdict = verdict;
	claim->settled_at = now_at;
}

static void remember(struct claim *claim, usec now_at)
{
	struct value was;
	const struct term *culprit = expression_culprit(
	    claim->view, &claim->about->is, &was);

	if (culprit == claim->culprit && strcmp(was.text, claim->was.text) == 0)
		return;
	claim->culprit = culprit;
	claim->was = was;
	claim->was_since_at = now_at;
}

static void look_within_for(struct claim *claim, bool holds, usec now_at)
{
	if (claim->stay_until_at < 0 && holds)
		claim->stay_until_at = now_at + claim->about->stay_for;
	else if (claim->stay_until_at >= 0 && !holds) {
		/* Not for good: it may still come true in time. */
		claim->stay_until_at = -1;
		if (now_at > claim->until_at)
			settle(claim, CLAIM_BROKEN, now_at);
	}
}

static void judge(struct claim *claim, bool holds, usec now_at)
{
	switch (claim->about->modality) {
	case CLAIM_WITHIN:
	case CLAIM_REACHED:
		if (holds)
			settle(claim, CLAIM_KEPT, now_at);
		return;
	case CLAIM_FOR:
	case CLAIM_ALWAYS:
		if (!holds)
			settle(claim, CLAIM_BROKEN, now_at);
		return;
	case CLAIM_NEVER:
		if (holds)
			settle(claim, CLAIM_BROKEN, now_at);
		return;
	case CLAIM_WITHIN_FOR:
		look_within_for(claim, holds, now_at);
		return;
	case CLAIM_FINALLY:
		return;
	}
	unreachable("not a modality");
}

void claim_open(struct claim *claim, const struct expectation *about,
    const struct view *view, usec now_at)
{
	*claim = (struct claim){
		.about = about,
		.view = view,
		.opened_at = now_at,
		.until_at = USEC_NEVER,
		.stay_until_at = -1,
		.dirty = true,
	};
	if (about->modality == CLAIM_FOR)
		claim->until_at = now_at + about->stay_for;
	else if (about->modality == CLAIM_WITHIN ||
	         about->modality == CLAIM_WITHIN_FOR)
		claim->until_at = now_at + about->within_for;
	claim_look(claim, now_at);
}

void claim_touch(struct claim *claim, const char *topic)
{
	if (claim->verdict == CLAIM_OPEN && !claim->dirty)
		claim->dirty = expression_reads(&claim->about->is, topic);
}

void claim_look(struct claim *claim, usec now_at)
{
	if (claim->verdict != CLAIM_OPEN || !claim->dirty)
		return;
	claim->dirty = false;
	remember(claim, now_at);
	judge(claim, expression_holds(claim->view, &claim->about->is), now_at);
}

void claim_pass(struct claim *claim, usec now_at, usec next_at)
{
	check(next_at >= now_at);

	if (claim->verdict != CLAIM_OPEN)
		return;
	if (claim->stay_until_at >= 0) {
		if (next_at > claim->stay_until_at)
			settle(claim, CLAIM_KEPT, now_at);
		return;
	}
	if (next_at <= claim->until_at)
		return;
	settle(claim,
	    claim->about->modality == CLAIM_FOR ? CLAIM_KEPT : CLAIM_BROKEN,
	    now_at);
}

static enum claim_verdict verdict_at_end(const struct claim *claim)
{
	switch (claim->about->modality) {
	case CLAIM_WITHIN:
	case CLAIM_REACHED:
	case CLAIM_WITHIN_FOR:
		return CLAIM_BROKEN;
	case CLAIM_FOR:
	case CLAIM_ALWAYS:
	case CLAIM_NEVER:
		return CLAIM_KEPT;
	case CLAIM_FINALLY:
		return expression_holds(claim->view, &claim->about->is)
		           ? CLAIM_KEPT
		           : CLAIM_BROKEN;
	}
	unreachable("not a modality");
}

void claim_close(struct claim *claim, usec now_at)
{
	if (claim->verdict != CLAIM_OPEN)
		return;
	claim->dirty = true;
	claim_look(claim, now_at);
	if (claim->verdict == CLAIM_OPEN)
		settle(claim, verdict_at_end(claim), now_at);
}

bool claim_has_deadline(const struct claim *claim)
{
	return claim->verdict == CLAIM_OPEN &&
	       (claim->until_at != USEC_NEVER || claim->stay_until_at >= 0);
}
