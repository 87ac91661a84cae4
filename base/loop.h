/*
 * loop: the one clock, and the one queue of things that will happen.
 *
 * Whatever takes time is a timer in this queue: an answer still on the wire, a
 * machine that is being deployed, a heartbeat that is due. In a simulation the
 * loop jumps to the next timer and calls it, so an hour of a quiet lab costs
 * nothing; on a real host base/real_host.h moves the clock and fires what is
 * due.
 *
 * Timers due at the same instant fire in the order in which they were set.
 * Together with the seed this makes a run repeat itself exactly.
 *
 * Everything runs on one thread, to completion. Callbacks must not block.
 *
 * A run is *quiet* when nobody holds a token: a token says "something has been
 * asked for and is not finished, and it will move by itself" (a machine that
 * is deploying, an instruction that is being carried out). Polls, heartbeats
 * and things that visibly wait for somebody hold none.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds. An instant (name it *_at) counts from the start of the run;
 * a duration (name it *_for) is a difference of two instants. A wall-clock
 * time (name it *_time) counts from 1970-01-01 UTC: host_time(), not here. */
typedef int64_t usec;

#define USEC_PER_SEC    1000000
#define MILLISECONDS(n) ((usec)(n)*1000)
#define SECONDS(n)      ((usec)(n)*USEC_PER_SEC)
#define MINUTES(n)      SECONDS((usec)(n)*60)
#define HOURS(n)        MINUTES((usec)(n)*60)
#define USEC_NEVER      INT64_MAX

struct loop;
struct timer;

typedef void timer_fn(struct timer *timer);

/* Embed one in the object that waits; the loop never owns it. */
struct timer {
	timer_fn *fire;
	struct loop *loop; /* NULL while idle */
	usec due_at;
	uint64_t seq;  /* breaks ties: set earlier, fires earlier */
	uint32_t slot; /* where it sits in the heap */
};

struct token {
	struct loop *loop; /* NULL while not held */
};

struct loop *loop_new(void);
void loop_free(struct loop **loop); /* every timer must be idle by now */

usec loop_now(const struct loop *loop);
usec loop_next_at(const struct loop *loop); /* USEC_NEVER when none is set */

bool loop_quiet(const struct loop *loop); /* no token is held */
/* Timers that have fired so far: between two calls that say the same, nobody
 * did anything but who was called last. */
uint64_t loop_turns(const struct loop *loop);

/* Jump to the next timer and fire it. False when nothing is left to do. */
bool loop_step(struct loop *loop);

/* Fire all that is due up to until_at, in order, and leave the clock there.
 * A real host calls it with the time that has passed. */
void loop_advance(struct loop *loop, usec until_at);

void timer_init(struct timer *timer, timer_fn *fire);
void timer_set(struct timer *timer, struct loop *loop, usec wait_for);
void timer_cancel(struct timer *timer); /* harmless when idle */
bool timer_is_set(const struct timer *timer);

void token_take(struct token *token, struct loop *loop); /* twice is fine */
void token_drop(struct token *token);                    /* twice is fine */

#endif
