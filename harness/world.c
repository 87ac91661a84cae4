#include "harness/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "harness/inventory.h"
#include "harness/kinds.h"

#define LOG_KEPT (64 * 1024)

/* ---- log and trouble ---- */

static void keep_line(
    void *ctx, enum log_level level, const char *who, const char *line)
{
	struct world *world = ctx;
	char time[32];

	duration_text(loop_now(world->loop) / 1000 * 1000, time);
	buf_addf(&world->log_text, "%-14s %-7s %-16s %s\n", time,
	    log_level_name(level), who, line);
	if (world->log_text.len <= 2 * LOG_KEPT)
		return;
	if (!world->leaked &&
	    secrets_find(world->secrets, buf_text(&world->log_text),
	        world->log_text.len))
		world->leaked = xstrdup(buf_text(&world->log_text));
	buf_drop(&world->log_text, world->log_text.len - LOG_KEPT);
}

void world_trouble(struct world *world, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	events_note(world->events, "scenario", "", "%s", buf_text(&text));
	if (!world->trouble)
		world->trouble = buf_detach(&text);
	buf_free(&text);
}

/* ---- sites ---- */

static bool add_site(struct world *world, const char *name,
    const struct thing *thing, unsigned n, struct err *err)
{
	char cidr[24], nat[24];
	struct site_spec spec = { .name = name };

	snprintf(cidr, sizeof(cidr), "10.%u.0.0/16", 10 * (n + 1));
	snprintf(nat, sizeof(nat), "203.0.113.%u", n + 1);
	spec.cidr = cidr;
	spec.nat = nat;
	if (thing_setting(thing, "cidr"))
		spec.cidr = thing_text(thing, "cidr");
	if (!thing_yes(thing, "nat"))
		spec.nat = NULL;
	spec.uplink_for = thing_duration(thing, "uplink");
	spec.latency_for = thing_duration(thing, "latency");
	spec.proxy_only = thing_yes(thing, "proxy_only");
	return network_add_site(world->network, &spec, err);
}

static bool add_sites(struct world *world, struct err *err)
{
	const struct thing *thing;

	for (unsigned i = 0; (thing = scenario_nth(world->scenario, "site", i));
	     i++)
		if (!add_site(world, thing->name, thing, i, err))
			return false;
	return true;
}

static const char *site_name(const struct thing *thing)
{
	const struct thing *site = thing_link(thing, "site");

	return site ? site->name : NULL;
}

static const struct thing *site_thing(const struct lab *lab)
{
	for (size_t i = 0;; i++) {
		const struct thing *site = scenario_nth(
		    lab->world->scenario, "site", i);

		if (!site || strcmp(site->name, lab->site) == 0)
			return site;
	}
}

/* ---- labs ---- */

static void range_of(
    const struct thing *thing, const char *name, struct range_for *range)
{
	thing_range(thing, name, &range->low_for, &range->high_for);
}

static int look_up(void *ctx, const char *name, char (*addresses)[16], int max)
{
	struct lab *lab = ctx;

	return maas_dns_lookup(lab->maas, name, addresses, max);
}

static const char *const *tags_of(
    const struct yaml_node *node, const char **room, size_t max)
{
	size_t count = 0;

	if (!node)
		return NULL;
	if (node->kind == YAML_TEXT)
		room[count++] = node->text;
	for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
		if (count + 1 < max)
			room[count++] = node->items[i]->text;
	room[count] = NULL;
	return room;
}

static void add_like(struct lab *lab, const struct yaml_node *settings)
{
	const char *tags[16];
	const char *cpu = yaml_text(settings, "cpu");
	const char *memory = yaml_text(settings, "memory");
	const char *count = yaml_text(settings, "count");
	struct maas_machine_spec spec = {
		.hostname = yaml_text(settings, "hostname"),
		.zone = yaml_text(settings, "zone"),
		.pool = yaml_text(settings, "pool"),
		.tags = tags_of(yaml_get(settings, "tags"), tags, 16),
		.cpu_count = cpu ? atoi(cpu) : 0,
		.memory_mib = memory ? atoi(memory) : 0,
	};

	maas_add_machines(
	    lab->maas, &spec, count ? strtoull(count, NULL, 10) : 1);
}

static void add_machines(struct lab *lab)
{
	const struct setting *setting = thing_setting(lab->thing, "machines");
	const struct maas_machine_spec usual = { 0 };

	if (!setting)
		return;
	if (setting->node->kind != YAML_LIST)
		maas_add_machines(lab->maas, &usual, (uint64_t)setting->number);
	else
		for (size_t i = 0; i < setting->node->count; i++)
			add_like(lab, setting->node->items[i]);
}

/* ---- machines of a real site ---- */

#define READY 4 /* in an inventory */

/* Its network is the scenario's; what others have there is not ours to use. */
static void add_imported(struct lab *lab, const json_t *machine)
{
	const json_t *tags = json_object_get(machine, "tag_names");
	const char *names[16] = { NULL };
	const struct maas_machine_spec spec = {
		.hostname = jstr(machine, "hostname"),
		.zone = *jstr(machine, "zone") ? jstr(machine, "zone") : NULL,
		.pool = *jstr(machine, "pool") ? jstr(machine, "pool") : NULL,
		.tags = names,
		.cpu_count = (int)jint(machine, "cpu_count"),
		.memory_mib = (int)jint(machine, "memory"),
		.disk_gb = (int)(json_number_value(
		                     json_object_get(machine, "storage")) /
		                 1000),
	};

	for (size_t i = 0; i < json_array_size(tags) && i < 15; i++)
		names[i] = json_string_value(json_array_get(tags, i));
	if (jint(machine, "status") == READY && !jbool(machine, "locked"))
		maas_add_machine(lab->maas, &spec);
}

static bool add_inventory(struct lab *lab, struct err *err)
{
	const struct setting *setting = thing_setting(lab->thing, "inventory");
	json_t *inventory = setting ? inventory_load(setting, err) : NULL;
	json_t *machine;
	size_t i;

	json_array_foreach(json_object_get(inventory, "machines"), i, machine)
	    add_imported(lab, machine);
	json_decref(inventory);
	return !setting || inventory;
}

/* Addresses x.x.0.1 to x.x.0.255 of a site are its servers', the machines
 * have the rest. */
static bool set_subnet(struct lab *lab, struct err *err)
{
	const struct thing *site = site_thing(lab);
	const char *text = thing_setting(lab->thing, "subnet")
	                       ? thing_text(lab->thing, "subnet")
	                   : site && thing_setting(site, "cidr")
	                       ? thing_text(site, "cidr")
	                       : NULL;
	const char *own = network_address(lab->world->network, lab->seat->name);
	char made[24], gateway[16], first[16], last[16];
	struct cidr cidr;
	uint32_t address;

	if (!text) {
		check(ipv4_parse(own, &address));
		ipv4_text(address & 0xffff0000, first);
		snprintf(made, sizeof(made), "%s/16", first);
		text = made;
	}
	check(cidr_parse(text, &cidr));
	ipv4_text(cidr.base + 1, gateway);
	ipv4_text(cidr.base + 2, first);
	ipv4_text(cidr.base + (cidr.bits >= 24 ? 15 : 255), last);
	return maas_set_subnet(lab->maas, text, gateway, own, first, last, err);
}

static const char *version_of(const struct lab *lab)
{
	const char *asked = lab->world->options.maas;

	return asked && !thing_setting(lab->thing, "version")
	           ? asked
	           : thing_text(lab->thing, "version");
}

static bool start_maas(struct lab *lab, struct err *err)
{
	const struct thing *thing = lab->thing;
	struct maas_options options = {
		.name = thing->full,
		.version = version_of(lab),
		.deploy_limit_for = thing_duration(thing, "deploy_limit"),
		.release_limit_for = thing_duration(thing, "release_limit"),
	};

	thing_range(thing, "dns_lag", &options.dns_lag_low_for,
	    &options.dns_lag_high_for);
	lab->seat = seat_new(
	    lab->world, thing->full, lab->site, NULL, false, err);
	if (!lab->seat)
		return false;
	lab->maas = maas_new(&lab->seat->host, &options, err);
	if (!lab->maas)
		return false;
	snprintf(lab->endpoint, sizeof(lab->endpoint),
	    "http://maas.%s:5240/MAAS", thing->name);
	return true;
}

static bool reaches(void *ctx, const char *from, const char *to)
{
	const struct world *world = ctx;
	const struct route_query query = {
		.from = from, .host = to, .port = 6443, .established = true
	};
	struct route route = { 0 };

	network_route(world->network, &query, &route);
	return route.verdict == ROUTE_OPEN;
}

static void start_workload(struct lab *lab)
{
	struct world *world = lab->world;
	struct workload_options options = {
		.maas = lab->thing->full,
		.rack = maas_rack_ops(),
		.rack_ctx = lab->maas,
		.hosts = lab_hosts(lab),
		.loop = world->loop,
		.choices = world->choices,
		.events = world->events,
		.secrets = world->secrets,
		.reaches = reaches,
		.reaches_ctx = world,
	};

	range_of(lab->thing, "deploy_for", &options.install_for);
	range_of(lab->thing, "boot_for", &options.boot_for);
	range_of(lab->thing, "release_for", &options.shutdown_for);
	lab->workload = workload_new(&options);
	maas_connect_bmc(lab->maas, workload_bmc_ops(), lab->workload);
}

static void add_images(struct lab *lab)
{
	const struct setting *setting = thing_setting(lab->thing, "images");

	if (!setting || setting->node->kind == YAML_TEXT) {
		maas_add_image(lab->maas, thing_text(lab->thing, "images"));
		return;
	}
	for (size_t i = 0; i < setting->node->count; i++)
		maas_add_image(lab->maas, setting->node->items[i]->text);
}

static bool add_lab(
    struct world *world, const struct thing *thing, struct err *err)
{
	struct lab *lab = &world->labs[world->lab_count++];
	const char *site = site_name(thing);
	char name[80];

	lab->world = world;
	lab->thing = thing;
	lab->site = xstrdup(site ? site : thing->name);
	if (!start_maas(lab, err) || !set_subnet(lab, err))
		return false;
	add_images(lab);
	start_workload(lab);
	snprintf(name, sizeof(name), "maas.%s", thing->name);
	network_add_name(world->network, lab->site, name,
	    network_address(world->network, thing->full));
	network_add_resolver(world->network, lab->site, look_up, lab);
	add_machines(lab);
	return add_inventory(lab, err);
}

/* ---- Palettes ---- */

static bool add_plane(
    struct world *world, const struct thing *thing, struct err *err)
{
	struct plane *plane = &world->planes[world->plane_count++];
	struct palette_options options = { .name = thing->full };
	struct identity *identity;

	plane->thing = thing;
	snprintf(plane->hostname, sizeof(plane->hostname), "api.%s.example",
	    thing->name);
	snprintf(plane->endpoint, sizeof(plane->endpoint), "https://%s",
	    plane->hostname);
	plane->ca_pem = xstrdup(world->ca->cert_pem);
	plane->seat = seat_new(
	    world, thing->full, "internet", NULL, false, err);
	if (!plane->seat)
		return false;
	network_add_name(world->network, NULL, plane->hostname,
	    network_address(world->network, thing->full));
	identity = plane_certificate(world, plane, CERTIFICATE_GOOD);
	options.identity = identity;
	options.endpoint = plane->endpoint;
	options.ca_pem = plane->ca_pem;
	options.gateway_lost_after_for = thing_duration(
	    thing, "gateway_lost_after");
	options.cluster_lost_after_for = thing_duration(
	    thing, "cluster_lost_after");
	options.poll_after_for = thing_duration(thing, "poll_after");
	options.requests_per_second = (unsigned)thing_number(
	    thing, "requests_per_second");
	plane->palette = palette_new(&plane->seat->host, &options, err);
	identity_free(&identity);
	return plane->palette != NULL;
}

/* ---- proxies ---- */

static bool add_relay(
    struct world *world, const struct thing *thing, struct err *err)
{
	struct relay *relay = &world->relays[world->relay_count++];
	const char *site = site_name(thing), *user;

	relay->thing = thing;
	if (!site && world->lab_count == 0)
		return err_set(
		    err, ERR_INPUT, "%s stands in no site", thing->full);
	relay->site = xstrdup(site ? site : world->labs[0].site);
	relay->seat = seat_new(
	    world, thing->full, relay->site, NULL, false, err);
	if (!relay->seat)
		return false;
	network_mark_proxy(world->network, thing->full);
	user = thing_text(thing, "user");
	if (user) {
		relay->user = xstrdup(user);
		relay->password = xstrdup(thing_setting(thing, "password")
		                              ? thing_text(thing, "password")
		                              : "let-me-through");
		if (strlen(relay->password) >= 6)
			secrets_add(
			    world->secrets, "proxy password", relay->password);
	}
	relay->proxy = proxy_new(&relay->seat->host,
	    (uint16_t)thing_number(thing, "port"), relay->user, relay->password,
	    err);
	return relay->proxy != NULL;
}

/* ---- gateways ---- */

static void add_gate(struct world *world, const struct thing *thing)
{
	struct gate *gate = &world->gates[world->gate_count++];
	const char *site = site_name(thing);
	char user[80];

	gate->world = world;
	gate->thing = thing;
	gate->lab = world_lab(world, thing_link(thing, "maas"));
	gate->plane = world_plane(world, thing_link(thing, "palette"));
	if (thing_link(thing, "proxy"))
		gate->relay = world_relay(world, thing_link(thing, "proxy"));
	gate->site = xstrdup(site ? site : gate->lab->site);
	gate->credentials = xstrdup(thing_text(thing, "credentials"));
	gate->skew_for = thing_duration(thing, "ahead") -
	                 thing_duration(thing, "behind");
	snprintf(gate->palette_name, sizeof(gate->palette_name), "pcg-%s",
	    thing->name);
	snprintf(user, sizeof(user), "pcg-%s", thing->name);
	gate->maas_key = xstrdup(maas_user_key(gate->lab->maas, user, true));
	gate_install_after(gate, thing_duration(thing, "install_after"));
}

/* ---- the whole ---- */

#define FINDER(type, list, what)                                           \
	struct type *world_##type(                                         \
	    struct world *world, const struct thing *thing)                \
	{                                                                  \
		for (size_t i = 0; i < world->type##_count; i++)           \
			if (world->list[i].thing == thing)                 \
				return &world->list[i];                    \
		unreachable("a " what " that the world was not built of"); \
	}
FINDER(lab, labs, "maas")
FINDER(plane, planes, "palette")
FINDER(relay, relays, "proxy")
FINDER(gate, gates, "pcg")

static size_t count_of(const struct scenario *scenario, const char *kind)
{
	size_t count = 0;

	while (scenario_nth(scenario, kind, count))
		count++;
	return count;
}

static bool build(struct world *world, struct err *err)
{
	const struct scenario *s = world->scenario;
	const struct thing *thing;

	world->labs = xcalloc(count_of(s, "maas") + 1, sizeof(struct lab));
	world->planes = xcalloc(
	    count_of(s, "palette") + 1, sizeof(struct plane));
	world->relays = xcalloc(count_of(s, "proxy") + 1, sizeof(struct relay));
	world->gates = xcalloc(count_of(s, "pcg") + 1, sizeof(struct gate));
	if (!add_sites(world, err))
		return false;
	for (size_t i = 0; (thing = scenario_nth(s, "maas", i)); i++)
		if (!add_lab(world, thing, err))
			return false;
	for (size_t i = 0; (thing = scenario_nth(s, "palette", i)); i++)
		if (!add_plane(world, thing, err))
			return false;
	for (size_t i = 0; (thing = scenario_nth(s, "proxy", i)); i++)
		if (!add_relay(world, thing, err))
			return false;
	for (size_t i = 0; (thing = scenario_nth(s, "pcg", i)); i++)
		add_gate(world, thing);
	world->operator_seat = seat_new(
	    world, "operator", "internet", NULL, false, err);
	return world->operator_seat != NULL;
}

struct world *world_new(const struct scenario *scenario,
    const struct world_options *options, event_sink_fn *sink, void *ctx,
    struct err *err)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->scenario = scenario;
	world->options = *options;
	world->loop = loop_new();
	world->secrets = secrets_new(options->seed);
	world->events = events_new(world->loop, world->secrets);
	events_add_sink(world->events, sink, ctx);
	world->choices = choices_new(options->seed);
	choices_tell(world->choices, world->events);
	world->log = log_new(LOG_INFO, world->secrets, keep_line, world);
	world->network = network_new(world->loop, world->events);
	world->wire = wire_new(options->wire, world->loop, world->events,
	    network_route, world->network);
	world->ca = world_authority(options->seed, "internet");
	if (build(world, err))
		return world;
	world_free(&world);
	return NULL;
}

/* In the reverse order. Gateways and the machines' programs are killed as by
 * a power loss: nobody says goodbye, so the record ends where the run did. */
static void free_gates(struct world *world)
{
	for (size_t i = 0; i < world->gate_count; i++) {
		struct gate *gate = &world->gates[i];

		if (gate->seat)
			seat_deaden(gate->seat, true);
		timer_cancel(&gate->wake);
		timer_cancel(&gate->bury);
		token_drop(&gate->waking);
		if (gate->gateway)
			gateway_free(&gate->gateway);
		seat_free(&gate->seat, true);
		seat_free(&gate->installer, true);
		free(gate->site);
		free(gate->maas_key);
		free(gate->new_key);
		free(gate->overlord_uid);
		free(gate->pairing_code);
		free(gate->credentials);
	}
	free(world->gates);
}

static void free_relays(struct world *world)
{
	for (size_t i = 0; i < world->relay_count; i++) {
		struct relay *relay = &world->relays[i];

		if (relay->seat)
			seat_deaden(relay->seat, true);
		proxy_free(&relay->proxy);
		seat_free(&relay->seat, true);
		free(relay->site);
		free(relay->user);
		free(relay->password);
	}
	free(world->relays);
}

static void free_planes(struct world *world)
{
	for (size_t i = 0; i < world->plane_count; i++) {
		struct plane *plane = &world->planes[i];

		if (plane->seat)
			seat_deaden(plane->seat, true);
		palette_free(&plane->palette);
		seat_free(&plane->seat, true);
		free(plane->ca_pem);
	}
	free(world->planes);
}

static void free_labs(struct world *world)
{
	for (size_t i = 0; i < world->lab_count; i++) {
		struct lab *lab = &world->labs[i];

		if (lab->maas)
			maas_connect_bmc(lab->maas, NULL, NULL);
		workload_free(&lab->workload);
		if (lab->seat)
			seat_deaden(lab->seat, true);
		maas_free(&lab->maas);
		seat_free(&lab->seat, true);
		buf_free(&lab->lost);
		buf_free(&lab->unplugged);
		free(lab->site);
	}
	free(world->labs);
}

void world_free(struct world **world_ptr)
{
	struct world *world = *world_ptr;

	*world_ptr = NULL;
	if (!world)
		return;
	errands_drop(world);
	free_gates(world);
	free_relays(world);
	free_planes(world);
	free_labs(world);
	seat_free(&world->operator_seat, true);
	wire_free(&world->wire);
	network_free(&world->network);
	identity_free(&world->ca);
	for (size_t i = 0; i < world->disk_count; i++) {
		sim_disk_free(&world->disks[i].disk);
		free(world->disks[i].name);
	}
	free(world->disks);
	log_free(&world->log);
	choices_free(&world->choices);
	events_free(&world->events);
	secrets_free(&world->secrets);
	loop_free(&world->loop);
	buf_free(&world->log_text);
	free(world->leaked);
	free(world->trouble);
	free(world);
}
