#include "harness/strike.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"
#include "base/events.h"
#include "base/owner.h"
#include "harness/leaves.h"
#include "harness/record.h"

struct blow {
	struct world *world;
	uint64_t asked;  /* how often */
	uint64_t events; /* before and with the blow */
	const struct run_options *options;
	usec back_after_for;
	bool struck;
	char at[200];          /* what was going on */
	struct sim_disk *disk; /* of a gateway */
	struct leaves *leaves; /* on it */
	/* A node without power: */
	struct workload *workload;
	char machine[48];
	struct timer fall, rise;
	struct token down;
};

static struct gate *gate_of(const struct blow *blow)
{
	struct world *world = blow->world;

	for (size_t i = 0; i < world->gate_count; i++)
		if (strcmp(world->gates[i].thing->full,
		        blow->options->watched) == 0)
			return &world->gates[i];
	return NULL;
}

/* ---- a program of a cluster ---- */

static void fall(struct timer *timer)
{
	struct blow *blow = OWNER_OF(timer, struct blow, fall);
	struct err err;

	check(workload_machine_dies(blow->workload, blow->machine, &err));
	timer_set(&blow->rise, blow->world->loop, blow->back_after_for);
}

static void rise(struct timer *timer)
{
	struct blow *blow = OWNER_OF(timer, struct blow, rise);
	struct err err;

	check(workload_machine_returns(blow->workload, blow->machine, &err));
	token_drop(&blow->down);
}

/* "cluster/web/capi": its program is dead at once; its node falls in the next
 * turn of the loop, because the program's own code is on the stack now. */
static void strike_program(struct blow *blow, bool power_loss)
{
	const char *program = strrchr(blow->options->watched, '/');
	char cluster[100];
	struct err err;

	snprintf(cluster, sizeof(cluster), "%.*s",
	    (int)(program - blow->options->watched), blow->options->watched);
	for (size_t i = 0; i < blow->world->lab_count; i++) {
		struct workload *workload = blow->world->labs[i].workload;
		const char *node = workload_node_of(
		    workload, cluster, program + 1);

		if (!node)
			continue;
		blow->workload = workload;
		snprintf(blow->machine, sizeof(blow->machine), "%s", node);
		if (power_loss) {
			token_take(&blow->down, blow->world->loop);
			timer_set(&blow->fall, blow->world->loop, 0);
		}
		check(workload_kill_program(
		    workload, cluster, program + 1, &err));
		return;
	}
	unreachable("a program that calls and runs nowhere");
}

/* ---- what a blow leaves ---- */

#define LEAVES_KEY 0x6c6561766573ULL /* any; only compared with itself */

/* Everybody else stands where this turn of the loop found them. The watched
 * one may have made choices and told of things. Of its death the others hear
 * only where one of them waits for it. */
uint64_t strike_leaves(const struct strike *strike, bool power_loss)
{
	const struct blow *blow = strike->blow;
	const struct world *world = blow->world;
	const struct gate *gate = gate_of(blow);
	const struct {
		uint64_t turn, events, choices, disk, silent, unlike;
	} left = {
		.turn = loop_turns(world->loop),
		.events = events_count(world->events),
		.choices = choices_made(world->choices),
		.disk = gate ? leaves_of(blow->leaves, blow->disk, power_loss)
		             : 0,
		.silent = power_loss && (!gate || wire_end_is_heard(world->wire,
		                                      gate->seat->host.net)),
		.unlike = gate ? 0 : blow->asked,
	};

	return keyed_hash(LEAVES_KEY, &left, sizeof(left));
}

/* ---- the moments ---- */

static void ask(struct blow *blow, struct strike *strike, const char *what)
{
	struct gate *gate;

	strike->blow = blow;
	blow->asked++;
	if (blow->struck ||
	    !blow->options->ask(blow->options->ask_ctx, strike, what))
		return;
	blow->struck = true;
	blow->back_after_for = strike->back_after_for;
	snprintf(blow->at, sizeof(blow->at), "%s", what);
	gate = gate_of(blow);
	if (gate) {
		gate_kill(gate, strike->power_loss);
		gate_start_after(gate, strike->back_after_for);
	} else {
		strike_program(blow, strike->power_loss);
	}
	blow->events = events_count(blow->world->events);
}

static void probe(void *ctx, enum wire_moment moment, const char *client,
    uint64_t n, const char *server, const char *op)
{
	struct blow *blow = ctx;
	struct strike strike = { .moment = moment, .n = n };
	char what[200];

	if (strcmp(client, blow->options->watched) != 0)
		return;
	snprintf(what, sizeof(what), "%s %s", server, op);
	ask(blow, &strike, what);
}

static void synced(void *ctx, struct sim_disk *disk, uint64_t count)
{
	struct strike strike = { .at_sync = true, .n = count };

	(void)disk;
	ask(ctx, &strike, "disk sync");
}

struct blow *blow_new(struct world *world, const struct run_options *options)
{
	struct blow *blow = xcalloc(1, sizeof(*blow));

	check(options->watched && options->ask);
	blow->world = world;
	blow->options = options;
	wire_set_probe(world->wire, probe, blow);
	timer_init(&blow->fall, fall);
	timer_init(&blow->rise, rise);
	if (gate_of(blow)) {
		blow->disk = world_disk(world, options->watched);
		blow->leaves = leaves_new(world->loop);
		sim_disk_on_sync(blow->disk, synced, blow);
	}
	return blow;
}

void blow_free(struct blow **blow)
{
	if (!*blow)
		return;
	timer_cancel(&(*blow)->fall);
	timer_cancel(&(*blow)->rise);
	token_drop(&(*blow)->down);
	wire_set_probe((*blow)->world->wire, NULL, NULL);
	if ((*blow)->disk)
		sim_disk_on_sync((*blow)->disk, NULL, NULL);
	leaves_free(&(*blow)->leaves);
	free(*blow);
	*blow = NULL;
}

json_t *blow_outcome(const struct blow *blow, const struct record *record)
{
	char after[20];

	snprintf(after, sizeof(after), "%016" PRIx64,
	    record_hash_after(record, blow->events));
	return json_pack("{s:b,s:s,s:s}", "struck", blow->struck, "at",
	    blow->at, "after", after);
}
