#include "harness/strike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"

struct blow {
	struct world *world;
	const struct strike *strike; /* NULL: only counting */
	const char *who;
	uint64_t exchanges, syncs;
	bool struck;
	char at[200]; /* what was going on */
	struct sim_disk *hooked;
	struct timer hook; /* until the disk is there */
};

static struct gate *gate_of(const struct blow *blow)
{
	for (size_t i = 0; i < blow->world->gate_count; i++)
		if (strcmp(blow->world->gates[i].thing->full, blow->who) == 0)
			return &blow->world->gates[i];
	return NULL;
}

/* A program of a cluster: "cluster/web/capi". */
static void kill_program(const struct blow *blow)
{
	char cluster[100];
	const char *program = strrchr(blow->who, '/');
	struct err err;

	snprintf(cluster, sizeof(cluster), "%.*s",
	    (int)(program - blow->who - strlen("cluster/")),
	    blow->who + strlen("cluster/"));
	for (size_t i = 0; i < blow->world->lab_count; i++)
		workload_kill_program(
		    blow->world->labs[i].workload, cluster, program + 1, &err);
}

static void strike(struct blow *blow)
{
	const struct strike *s = blow->strike;
	struct gate *gate = gate_of(blow);

	blow->struck = true;
	if (!gate) {
		kill_program(blow);
		return;
	}
	gate_kill(gate, s->power_loss);
	gate_start_after(gate, s->back_after_for);
}

static void probe(void *ctx, enum wire_moment moment, const char *client,
    uint64_t n, const char *server, const char *op)
{
	struct blow *blow = ctx;
	const struct strike *s = blow->strike;

	if (strcmp(client, blow->who) != 0)
		return;
	if (n > blow->exchanges)
		blow->exchanges = n;
	if (!s || s->at_sync || blow->struck || s->moment != moment ||
	    s->n != n)
		return;
	snprintf(blow->at, sizeof(blow->at), "%s %s", server, op);
	strike(blow);
}

static void synced(void *ctx, struct sim_disk *disk, uint64_t count)
{
	struct blow *blow = ctx;
	const struct strike *s = blow->strike;

	(void)disk;
	blow->syncs = count;
	if (!s || !s->at_sync || blow->struck || s->n != count)
		return;
	snprintf(blow->at, sizeof(blow->at), "disk sync");
	strike(blow);
}

/* The gateway's disk is there from its first start on. */
static void look_for_disk(struct timer *timer)
{
	struct blow *blow = OWNER_OF(timer, struct blow, hook);
	struct gate *gate = gate_of(blow);

	if (blow->hooked)
		return;
	if (gate && gate->seat && gate->seat->disk) {
		blow->hooked = gate->seat->disk;
		sim_disk_on_sync(blow->hooked, synced, blow);
		return;
	}
	timer_set(timer, blow->world->loop, MILLISECONDS(1));
}

struct blow *blow_new(struct world *world, const struct run_options *options)
{
	struct blow *blow = xcalloc(1, sizeof(*blow));

	blow->world = world;
	blow->strike = options->strike;
	blow->who = options->strike ? options->strike->who : options->count_for;
	wire_set_probe(world->wire, probe, blow);
	timer_init(&blow->hook, look_for_disk);
	if (gate_of(blow))
		timer_set(&blow->hook, world->loop, 0);
	return blow;
}

void blow_free(struct blow **blow)
{
	if (!*blow)
		return;
	timer_cancel(&(*blow)->hook);
	wire_set_probe((*blow)->world->wire, NULL, NULL);
	if ((*blow)->hooked)
		sim_disk_on_sync((*blow)->hooked, NULL, NULL);
	free(*blow);
	*blow = NULL;
}

json_t *blow_outcome(const struct blow *blow)
{
	return json_pack("{s:I,s:I,s:b,s:s}", "exchanges",
	    (json_int_t)blow->exchanges, "syncs", (json_int_t)blow->syncs,
	    "struck", blow->struck, "at", blow->at);
}
