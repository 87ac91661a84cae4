#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/owner.h"
#include "base/wire.h"
#include "compat/site_parts.h"
#include "sim/maas/maas.h"

/* The fake in a world of two hosts, it and whoever asks, on the memory wire.
 * Its machines live by themselves, and time jumps to what happens next. */

#define EPOCH_TIME                                                \
	1795250000LL * USEC_PER_SEC /* any: nothing depends on it \
	                             */

struct fake {
	struct site site;
	struct loop *loop;
	struct choices *choices;
	struct secrets *secrets;
	struct events *events;
	struct wire *wire;
	struct host asker, server;
	struct maas *maas;
};

static void route(
    void *ctx, const struct route_query *query, struct route *route)
{
	(void)ctx;
	*route = (struct route){ .latency_for = MILLISECONDS(1) };
	strcpy(route->address, "10.0.0.1");
	strcpy(route->to, strcmp(query->from, "compat") ? "compat" : "maas");
	strcpy(route->seen_as, "10.0.0.9");
}

static void host_init(struct fake *fake, struct host *host, const char *name)
{
	*host = (struct host){ .name = name,
		.loop = fake->loop,
		.choices = fake->choices,
		.events = fake->events,
		.secrets = fake->secrets,
		.clock_origin = EPOCH_TIME };
	host->net = wire_attach(fake->wire, host);
}

static void fake_turn(struct site *site)
{
	struct fake *fake = OWNER_OF(site, struct fake, site);
	bool moved = loop_step(fake->loop);

	check(moved); /* an answer is on its way */
}

static void fake_wake(struct site *site)
{
	(void)site;
}

static bool fake_wait(struct site *site, usec wait_for)
{
	struct fake *fake = OWNER_OF(site, struct fake, site);

	loop_advance(fake->loop, loop_now(fake->loop) + wait_for);
	return true;
}

static void fake_free(struct site *site)
{
	struct fake *fake = OWNER_OF(site, struct fake, site);

	site_finish(site);
	maas_free(&fake->maas);
	wire_detach(fake->wire, &fake->asker.net, true);
	wire_detach(fake->wire, &fake->server.net, true);
	wire_free(&fake->wire);
	events_free(&fake->events);
	secrets_free(&fake->secrets);
	choices_free(&fake->choices);
	loop_free(&fake->loop);
	free(fake);
}

static const struct site_ops OPS = { fake_turn, fake_wake, fake_wait,
	fake_free };

static struct fake *world_new(void)
{
	struct fake *fake = xcalloc(1, sizeof(*fake));

	fake->site.ops = &OPS;
	fake->loop = loop_new();
	fake->choices = choices_new(1);
	fake->secrets = secrets_new(1);
	fake->events = events_new(fake->loop, fake->secrets);
	fake->wire = wire_new(
	    WIRE_MEMORY, fake->loop, fake->events, route, NULL);
	host_init(fake, &fake->asker, "compat");
	host_init(fake, &fake->server, "maas");
	return fake;
}

struct site *site_fake_new(const struct site_fake *wish, struct err *err)
{
	struct fake *fake = world_new();
	const struct maas_options options = { .name = "maas",
		.version = wish->version };
	struct site_account account = { .url = "http://maas:5240/MAAS" };

	fake->maas = maas_new(&fake->server, &options, err);
	if (fake->maas &&
	    (!wish->inventory || maas_load(fake->maas, wish->inventory, err))) {
		account.key = maas_user_key(
		    fake->maas, wish->user, wish->admin);
		if (wish->other)
			account.other_key = maas_user_key(
			    fake->maas, wish->other, false);
		if (site_init(&fake->site, &OPS, &fake->asker, &account, err))
			return &fake->site;
	}
	fake_free(&fake->site);
	return NULL;
}
