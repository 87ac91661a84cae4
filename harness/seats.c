#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "harness/world.h"

static void tell_bared(void *ctx, struct sim_disk *disk, const char *name,
    unsigned mode, const struct buf *content)
{
	struct world *world = ctx;

	events_bared_file(world->events, sim_disk_name(disk), name, mode,
	    buf_text(content), content->len);
}

struct sim_disk *world_disk(struct world *world, const char *name)
{
	struct disk_of *d;

	for (size_t i = 0; i < world->disk_count; i++)
		if (strcmp(world->disks[i].name, name) == 0)
			return world->disks[i].disk;
	world->disks = xrealloc(
	    world->disks, (world->disk_count + 1) * sizeof(*world->disks));
	d = &world->disks[world->disk_count++];
	*d = (struct disk_of){ xstrdup(name), sim_disk_new(name) };
	sim_disk_on_bared(d->disk, tell_bared, world);
	return d->disk;
}

/* A seat that was there before keeps its place in the network. */
struct seat *seat_new(struct world *world, const char *name, const char *site,
    const char *address, bool with_disk, struct err *err)
{
	struct seat *seat;

	if (!network_address(world->network, name) &&
	    !network_add_host(world->network, name, site, address, err))
		return NULL;
	seat = xcalloc(1, sizeof(*seat));
	seat->world = world;
	seat->name = xstrdup(name);
	seat->host = (struct host){
		.name = seat->name,
		.loop = world->loop,
		.choices = world->choices,
		.log = world->log,
		.events = world->events,
		.secrets = world->secrets,
		.clock_origin = WORLD_EPOCH,
	};
	if (with_disk) {
		seat->disk = world_disk(world, name);
		seat->host.disk = sim_disk_attach(seat->disk);
	}
	seat->host.net = wire_attach(world->wire, &seat->host);
	return seat;
}

void seat_deaden(struct seat *seat, bool power_loss)
{
	seat->host.dead = true;
	if (seat->disk && power_loss)
		sim_disk_lose_power(seat->disk);
	else if (seat->disk)
		sim_disk_kill(seat->disk);
}

void seat_free(struct seat **seat, bool quietly)
{
	if (!*seat)
		return;
	wire_detach((*seat)->world->wire, &(*seat)->host.net, quietly);
	free((*seat)->name);
	free(*seat);
	*seat = NULL;
}

/* ---- hosts that are born during the run ---- */

static struct host *make_host(void *ctx, const char *name, const char *address,
    bool with_disk, struct err *err)
{
	struct lab *lab = ctx;
	struct seat *seat;

	check(!network_address(lab->world->network, name));
	seat = seat_new(lab->world, name, lab->site, address, with_disk, err);
	return seat ? &seat->host : NULL;
}

static void drop_host(void *ctx, struct host **host, bool quietly)
{
	struct lab *lab = ctx;
	struct seat *seat;
	char *name;

	if (!*host)
		return;
	seat = OWNER_OF(*host, struct seat, host);
	check(seat->world == lab->world);
	if (!seat->host.dead)
		seat_deaden(seat, quietly);
	/* The goodbye of a dying process is judged when it leaves, so the
	 * network forgets the place afterwards. */
	name = xstrdup(seat->name);
	seat_free(&seat, quietly);
	network_remove_host(lab->world->network, name);
	free(name);
	*host = NULL;
}

struct host_maker lab_hosts(struct lab *lab)
{
	return (struct host_maker){
		.make = make_host,
		.drop = drop_host,
		.ctx = lab,
	};
}
