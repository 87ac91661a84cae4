/* The life of a gateway's process: installed once, started, killed, started
 * again on the disk that it left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "harness/kinds.h"
#include "harness/world.h"

static void tell_process(const struct gate *gate, const char *what)
{
	EVENT(gate->world->events, "process", "scenario", gate->thing->full,
	    F("what", what), F("program", "gateway"));
}

/* What the person who installed it wrote into its settings. */
static char *proxy_url(const struct gate *gate)
{
	const struct relay *relay = gate->relay;
	const char *address;
	long long port;

	if (!relay)
		return NULL;
	address = network_address(gate->world->network, relay->seat->name);
	port = thing_number(relay->thing, "port");
	if (!relay->user || strcmp(gate->credentials, "none") == 0)
		return xasprintf("http://%s:%lld", address, port);
	return xasprintf("http://%s:%s@%s:%lld", relay->user,
	    strcmp(gate->credentials, "right") == 0 ? relay->password
	                                            : "mistyped",
	    address, port);
}

/* Machines, MAAS and the clusters' ranges are reached directly: R-035. */
static void fill_proxies(
    const struct gate *gate, struct proxy_settings *proxies)
{
	*proxies = (struct proxy_settings){ 0 };
	if (!gate->relay)
		return;
	proxies->https_proxy = proxy_url(gate);
	proxies->http_proxy = xstrdup(proxies->https_proxy);
	proxies->no_proxy = xasprintf(
	    "10.0.0.0/8,192.168.0.0/16,.maas,maas.%s,.svc,.cluster.local,"
	    "169.254.169.254,127.0.0.1,localhost",
	    gate->lab->thing->name);
	if (strstr(proxies->https_proxy, "@"))
		secrets_add(gate->world->secrets, "proxy URL of a gateway",
		    proxies->https_proxy);
}

/* The dead are buried in the next turn of the loop: the blow may have come
 * from inside one of their own calls. */
static void bury(struct timer *timer)
{
	struct gate *gate = OWNER_OF(timer, struct gate, bury);

	check(gate->dying);
	gate->dying = false;
	gateway_free(&gate->gateway);
	seat_free(&gate->seat, gate->by_power);
}

/* True also if it was killed while it started: whoever did that has said when
 * it comes back. */
bool gate_start(struct gate *gate, struct err *err)
{
	struct gateway_config config = {
		.name = gate->palette_name,
		.palette_endpoint = gate->plane->endpoint,
		.palette_ca_pem = gate->plane->ca_pem,
		.overlord_uid = gate->overlord_uid,
		.pairing_code = gate->pairing_code,
		.maas_endpoint = gate->lab->endpoint,
		.maas_api_key = gate->maas_key,
	};

	check(!gate->gateway);
	check(gate->overlord_uid);
	gate->seat = seat_new(
	    gate->world, gate->thing->full, gate->site, NULL, true, err);
	if (!gate->seat)
		return false;
	gate->seat->host.clock_origin += gate->skew_for;
	fill_proxies(gate, &config.proxies);
	tell_process(gate, "started");
	gate->starts++;
	gate->starting = true;
	gate->gateway = gateway_new(&gate->seat->host, &config, err);
	gate->starting = false;
	proxy_settings_free(&config.proxies);
	if (gate->dying) {
		bury(&gate->bury);
		return true;
	}
	if (gate->gateway)
		return true;
	seat_deaden(gate->seat, false);
	seat_free(&gate->seat, false);
	return false;
}

void gate_kill(struct gate *gate, bool power_loss)
{
	timer_cancel(&gate->wake);
	token_drop(&gate->waking);
	if ((!gate->gateway && !gate->starting) || gate->dying)
		return;
	gate->dying = true;
	gate->by_power = power_loss;
	seat_deaden(gate->seat, power_loss);
	tell_process(gate, power_loss ? "power-lost" : "killed");
	if (!gate->starting)
		timer_set(&gate->bury, gate->world->loop, 0);
}

/* A newer pairing code replaces the older one: so whoever installs several
 * gateways waits with the next until the one before has registered, if it
 * does so within a few minutes. */
#define WAIT_FOR_OTHERS SECONDS(5)
#define WAIT_AT_MOST    MINUTES(3)

static bool others_first(const struct gate *gate)
{
	const struct world *world = gate->world;

	for (const struct gate *g = world->gates; g < gate; g++) {
		usec since_at = thing_duration(g->thing, "install_after");

		if (g->plane != gate->plane ||
		    loop_now(world->loop) - since_at > WAIT_AT_MOST)
			continue;
		if (since_at <= loop_now(world->loop) &&
		    (!g->gateway ||
		        gateway_state(g->gateway) != GATEWAY_LINKED))
			return true;
	}
	return false;
}

static void wake(struct timer *timer)
{
	struct gate *gate = OWNER_OF(timer, struct gate, wake);
	struct err err;

	if (!gate->overlord_uid && others_first(gate)) {
		timer_set(timer, gate->world->loop, WAIT_FOR_OTHERS);
		return;
	}
	token_drop(&gate->waking);
	if (!gate->overlord_uid) {
		installer_run(gate);
		return;
	}
	if (gate->dying) { /* started again in the instant of its death */
		timer_cancel(&gate->bury);
		bury(&gate->bury);
	}
	if (gate->gateway)
		return;
	if (!gate_start(gate, &err))
		world_trouble(gate->world, "%s does not start: %s",
		    gate->thing->full, err.text);
}

void gate_start_after(struct gate *gate, usec wait_for)
{
	token_take(&gate->waking, gate->world->loop);
	timer_set(&gate->wake, gate->world->loop, wait_for);
}

void gate_install_after(struct gate *gate, usec wait_for)
{
	timer_init(&gate->wake, wake);
	timer_init(&gate->bury, bury);
	gate_start_after(gate, wait_for);
}

void gate_set_skew(struct gate *gate, usec ahead_for)
{
	gate->skew_for = ahead_for;
	if (gate->seat)
		gate->seat->host.clock_origin = WORLD_EPOCH + ahead_for;
}
