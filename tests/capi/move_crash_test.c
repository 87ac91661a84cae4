#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/sim_disk.h"
#include "tests/capi/moved.h"

/* The gateway dies: what it was asking is forgotten, what it stored is not. */
static void crash(bool to_far)
{
	move_stop(&moving);
	site_restart();
	set_sides(to_far);
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
	crash(to_far);
	lab_run_for(SECONDS(30)); /* time for every collector of garbage */
	check_invariants("30 s after the crash after event", steps);
	/* All of it is judged every time, every step of it every sixteenth:
	 * this test is to take seconds. */
	run_move_watched(steps % 16 == 0);
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
				crash(true);
		}
		EXPECT(ended);
		check_moved("lives of", life);
		close_move();
	}
}

/* ---- the gateway's store and its phase are on a disk ---- */

static struct sim_disk *disk;
static uint64_t fatal_sync; /* 0: none */
static bool power_goes;

/* A transaction has five syncs: with steps of three, each of the five is met,
 * at every second transaction or so. store_file_test takes them one by one. */
static void strike(void *ctx, struct sim_disk *d, uint64_t count)
{
	(void)ctx;
	if (!fatal_sync || count != fatal_sync)
		return;
	host->dead = true;
	if (power_goes)
		sim_disk_lose_power(d);
	else
		sim_disk_kill(d);
}

/* As the gateway does it: in an object of its own store. */
static void store_phase(enum move_phase phase)
{
	struct api_status status = { 0 };
	json_t *pivot = doc(
	    "{'metadata':{'name':'p'},'spec':{'phase':%d}}", (int)phase);

	if (!store_get(near_store, "Pivot", NULL, "p"))
		store_fails = !store_create(
		    near_store, "Pivot", NULL, pivot, &status);
	else
		store_fails = !store_patch(
		    near_store, "Pivot", NULL, "p", pivot, false, &status);
	api_status_free(&status);
	json_decref(pivot);
}

static void open_on_disk(bool to_far)
{
	site_open();
	disk = sim_disk_new("pcg/a");
	sim_disk_on_sync(disk, strike, NULL);
	fatal_sync = 0;
	site_use_disk(disk);
	fill_source(to_far);
	on_phase = store_phase;
}

static void close_on_disk(void)
{
	close_move();
	sim_disk_free(&disk);
}

static int syncs_of(bool to_far)
{
	uint64_t before;

	open_on_disk(to_far);
	before = sim_disk_syncs(disk);
	run_move();
	check_moved("on a disk", 0);
	before = sim_disk_syncs(disk) - before;
	close_on_disk();
	return (int)before;
}

static void died_at(int sync, bool to_far)
{
	open_on_disk(to_far);
	fatal_sync = sim_disk_syncs(disk) + (uint64_t)sync;
	start_move();
	while (!host->dead && one_step())
		;
	EXPECT(host->dead);
	fatal_sync = 0;
	crash(to_far);
	store_fails = false;
	stored = (enum move_phase)jint(
	    store_get(near_store, "Pivot", NULL, "p"), "spec.phase");
	lab_run_for(SECONDS(30));
	check_invariants("died at sync", sync);
	run_move_watched(sync % 16 == 0);
	check_moved("died at sync", sync);
	close_on_disk();
}

TEST(the_power_may_go_at_a_sync_of_a_move_near_to_far)
{
	int syncs = syncs_of(true);

	EXPECT(syncs > 100);
	power_goes = true;
	for (int i = 1; i <= syncs; i += 3)
		died_at(i, true);
}

TEST(the_power_may_go_at_a_sync_of_a_move_far_to_near)
{
	int syncs = syncs_of(false);

	power_goes = true;
	for (int i = 1; i <= syncs; i += 3)
		died_at(i, false);
}

static void process_dies(bool to_far)
{
	int syncs = syncs_of(to_far);

	power_goes = false;
	for (int i = 1; i <= syncs; i += 7)
		died_at(i, to_far);
}

TEST(the_process_may_die_at_a_sync_of_a_move)
{
	process_dies(true);
	process_dies(false);
}

TESTS_BEGIN
CASE(the_power_may_go_at_a_sync_of_a_move_near_to_far),
    CASE(the_power_may_go_at_a_sync_of_a_move_far_to_near),
    CASE(the_process_may_die_at_a_sync_of_a_move),
    CASE(a_crash_after_any_event_leaves_it_whole_on_one_side_near_to_far),
    CASE(a_crash_after_any_event_leaves_it_whole_on_one_side_far_to_near),
    CASE(a_gateway_that_dies_again_and_again_gets_there), TESTS_END
