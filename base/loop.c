#include "base/loop.h"

#include <stdlib.h>

#include "base/check.h"

struct loop {
	usec now_at;
	uint64_t next_seq, turns;
	struct timer **heap; /* heap[0] is due first */
	uint32_t count;
	uint32_t room;
	uint32_t tokens; /* held */
};

static bool fires_before(const struct timer *a, const struct timer *b)
{
	if (a->due_at != b->due_at)
		return a->due_at < b->due_at;
	return a->seq < b->seq;
}

static void place(struct loop *loop, uint32_t slot, struct timer *timer)
{
	loop->heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct loop *loop, uint32_t slot)
{
	struct timer *timer = loop->heap[slot];

	while (slot > 0) {
		uint32_t parent = (slot - 1) / 2;

		if (!fires_before(timer, loop->heap[parent]))
			break;
		place(loop, slot, loop->heap[parent]);
		slot = parent;
	}
	place(loop, slot, timer);
}

static void sift_down(struct loop *loop, uint32_t slot)
{
	struct timer *timer = loop->heap[slot];

	for (;;) {
		uint32_t child = 2 * slot + 1;

		if (child >= loop->count)
			break;
		if (child + 1 < loop->count &&
		    fires_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!fires_before(loop->heap[child], timer))
			break;
		place(loop, slot, loop->heap[child]);
		slot = child;
	}
	place(loop, slot, timer);
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	check(loop);
	return loop;
}

void loop_free(struct loop **loop)
{
	if (!*loop)
		return;
	check((*loop)->count == 0);
	check((*loop)->tokens == 0);
	free((*loop)->heap);
	free(*loop);
	*loop = NULL;
}

usec loop_now(const struct loop *loop)
{
	return loop->now_at;
}

usec loop_next_at(const struct loop *loop)
{
	return loop->count ? loop->heap[0]->due_at : USEC_NEVER;
}

bool loop_quiet(const struct loop *loop)
{
	return loop->tokens == 0;
}

uint64_t loop_turns(const struct loop *loop)
{
	return loop->turns;
}

bool loop_step(struct loop *loop)
{
	struct timer *timer;

	if (loop->count == 0)
		return false;

	timer = loop->heap[0];
	check(timer->due_at >= loop->now_at);
	loop->now_at = timer->due_at;
	timer_cancel(timer);
	loop->turns++;
	timer->fire(timer);
	return true;
}

void loop_advance(struct loop *loop, usec until_at)
{
	check(until_at >= loop->now_at);
	while (loop_next_at(loop) <= until_at)
		loop_step(loop);
	loop->now_at = until_at;
}

void timer_init(struct timer *timer, timer_fn *fire)
{
	check(fire);
	*timer = (struct timer){ .fire = fire };
}

bool timer_is_set(const struct timer *timer)
{
	return timer->loop != NULL;
}

void token_take(struct token *token, struct loop *loop)
{
	check(!token->loop || token->loop == loop);
	if (!token->loop)
		loop->tokens++;
	token->loop = loop;
}

void token_drop(struct token *token)
{
	if (!token->loop)
		return;
	check(token->loop->tokens > 0);
	token->loop->tokens--;
	token->loop = NULL;
}

void timer_set(struct timer *timer, struct loop *loop, usec wait_for)
{
	check(loop);
	check(timer->fire);
	check(wait_for >= 0);

	timer_cancel(timer);
	if (loop->count == loop->room) {
		loop->room = loop->room ? 2 * loop->room : 64;
		loop->heap = realloc(
		    loop->heap, loop->room * sizeof(*loop->heap));
		check(loop->heap);
	}
	timer->loop = loop;
	timer->due_at = loop->now_at + wait_for;
	timer->seq = loop->next_seq++;
	loop->heap[loop->count] = timer;
	sift_up(loop, loop->count++);
}

void timer_cancel(struct timer *timer)
{
	struct loop *loop = timer->loop;
	struct timer *last;
	uint32_t slot = timer->slot;

	if (!loop)
		return;
	check(slot < loop->count && loop->heap[slot] == timer);

	last = loop->heap[--loop->count];
	timer->loop = NULL;
	if (last == timer)
		return;
	place(loop, slot, last);
	sift_up(loop, slot);
	sift_down(loop, last->slot);
}
