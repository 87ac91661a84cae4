#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/moved.h"

/* The gateway dies: what it was asking is forgotten, what it stored is not. */
static void crash(void)
{
	struct kube_remote_options options = { .host = "c1.maas",
		.port = 6443 };
	struct err err;

	move_stop(&moving);
	kube_free(&near_kube);
	kube_free(&far_kube);
	near_kube = kube_local(host, near_store);
	far_kube = kube_remote(host, &options, &err);
	from = source == near_store ? near_kube : far_kube;
	to = source == near_store ? far_kube : near_kube;
}

static int steps_of(bool to_far)
{
	int steps = 0;

	open_move(to_far);
	start_move();
	while (one_step())
		steps++;
	EXPECT(ended);
	close_move();
	return steps;
}

/* Died after this many events, for a while; then it goes on. */
static void crashed_after(int steps, bool to_far)
{
	open_move(to_far);
	start_move();
	for (int i = 0; i < steps && one_step(); i++)
		;
	check_invariants("crash after event", steps);
	crash();
	lab_run_for(SECONDS(30)); /* time for every collector of garbage */
	check_invariants("30 s after the crash after event", steps);
	/* All of it is judged every time, every step of it every eighth: this
	 * test is to take seconds. */
	run_move_watched(steps % 8 == 0);
	check_moved("crash after event", steps);
	close_move();
}

TEST(a_crash_after_any_event_leaves_it_whole_on_one_side_near_to_far)
{
	int steps = steps_of(true);

	EXPECT(steps > 150);
	for (int i = 0; i <= steps; i++)
		crashed_after(i, true);
}

TEST(a_crash_after_any_event_leaves_it_whole_on_one_side_far_to_near)
{
	int steps = steps_of(false);

	for (int i = 0; i <= steps; i++)
		crashed_after(i, false);
}

TEST(a_gateway_that_dies_again_and_again_gets_there)
{
	for (int life = 160; life < 240; life += 20) {
		open_move(true);
		ended = false;
		for (int lives = 0; lives < 40 && !ended; lives++) {
			start_move();
			for (int i = 0; i < life && one_step(); i++)
				check_invariants("life", lives);
			if (!ended)
				crash();
		}
		EXPECT(ended);
		check_moved("lives of", life);
		close_move();
	}
}

TESTS_BEGIN
CASE(a_crash_after_any_event_leaves_it_whole_on_one_side_near_to_far),
    CASE(a_crash_after_any_event_leaves_it_whole_on_one_side_far_to_near),
    CASE(a_gateway_that_dies_again_and_again_gets_there), TESTS_END
