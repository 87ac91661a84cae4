/* What the verbs do. The world acts by itself here, from outside of the
 * machines; what the operator does is operator.c's. */
#include "harness/acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/sim_disk.h"
#include "harness/kinds.h"

static struct gate *first_gate(struct world *world, const struct step *step)
{
	return world_gate(world, step->words.things[0]);
}

/* ---- gateways ---- */

static bool needs_life(const struct gate *gate, struct err *err)
{
	if (gate->gateway && !gate->dying)
		return true;
	return err_set(err, ERR_INPUT, "%s does not run at that moment",
	    gate->thing->full);
}

bool enact_crash(struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	if (!needs_life(gate, err))
		return false;
	gate_kill(gate, false);
	if (step->words.number_count)
		gate_start_after(gate, step->words.numbers[0]);
	return true;
}

bool enact_lose_power(
    struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	if (!needs_life(gate, err))
		return false;
	gate_kill(gate, true);
	if (step->words.number_count)
		gate_start_after(gate, step->words.numbers[0]);
	return true;
}

bool enact_start(struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	if (gate->gateway && !gate->dying)
		return err_set(err, ERR_INPUT, "%s runs at that moment",
		    gate->thing->full);
	gate_start_after(gate, 0);
	return true;
}

bool enact_restart(
    struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	if (!needs_life(gate, err))
		return false;
	gate_kill(gate, false);
	gate_start_after(gate, 0);
	return true;
}

bool enact_ahead(struct world *world, const struct step *step, struct err *err)
{
	(void)err;
	gate_set_skew(first_gate(world, step),
	    step->words.number_count ? step->words.numbers[0] : 0);
	return true;
}

bool enact_behind(struct world *world, const struct step *step, struct err *err)
{
	(void)err;
	gate_set_skew(first_gate(world, step), -step->words.numbers[0]);
	return true;
}

bool enact_full_disk(
    struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	if (!needs_life(gate, err))
		return false;
	sim_disk_set_room(gate->seat->disk, 0);
	return true;
}

bool enact_roomy_disk(
    struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	if (!needs_life(gate, err))
		return false;
	sim_disk_set_room(gate->seat->disk, -1);
	return true;
}

bool enact_right_credentials(
    struct world *world, const struct step *step, struct err *err)
{
	struct gate *gate = first_gate(world, step);

	(void)err;
	free(gate->credentials);
	gate->credentials = xstrdup("right");
	gate->relay = world_relay(world, step->words.things[1]);
	if (gate->gateway) {
		gate_kill(gate, false);
		gate_start_after(gate, 0);
	}
	return true;
}

/* ---- links ---- */

/* A way that leads through a proxy is lost where the proxy goes on. */
static const char *way_out(struct world *world, const struct step *step)
{
	const struct thing *from = step->words.things[0];
	const struct gate *gate;

	if (strcmp(from->kind->name, "site") == 0)
		return from->name;
	gate = world_gate(world, from);
	if (gate->relay &&
	    strcmp(step->words.things[1]->kind->name, "palette") == 0)
		return gate->relay->seat->name;
	return from->full;
}

static void link_cable(
    struct world *world, const char *a, const char *b, enum link_state state)
{
	network_set_link(world->network, a, b, state, false);
	for (size_t i = 0; i < world->lab_count; i++)
		workload_links_changed(world->labs[i].workload);
}

static bool set_link(struct world *world, const struct step *step,
    enum link_state state, struct err *err)
{
	const char *from = way_out(world, step);
	const char *to = step->words.things[1]->full;

	if (!network_knows(world->network, from))
		return err_set(
		    err, ERR_INPUT, "%s is not there yet at that moment", from);
	if (!network_knows(world->network, to))
		return err_set(
		    err, ERR_INPUT, "%s is not there yet at that moment", to);
	link_cable(world, from, to, state);
	return true;
}

bool enact_cut(struct world *world, const struct step *step, struct err *err)
{
	return set_link(world, step, LINK_CUT, err);
}

bool enact_heal(struct world *world, const struct step *step, struct err *err)
{
	return set_link(world, step, LINK_UP, err);
}

static struct seat *seat_of(struct world *world, const struct thing *thing)
{
	if (strcmp(thing->kind->name, "maas") == 0)
		return world_lab(world, thing)->seat;
	if (strcmp(thing->kind->name, "proxy") == 0)
		return world_relay(world, thing)->seat;
	return world_plane(world, thing)->seat;
}

static const char *site_of(struct world *world, const struct thing *thing)
{
	if (strcmp(thing->kind->name, "maas") == 0)
		return world_lab(world, thing)->site;
	if (strcmp(thing->kind->name, "proxy") == 0)
		return world_relay(world, thing)->site;
	return "internet";
}

/* Its program ends, and with it all its connections; its machine says no to
 * every new one: its cable into its site, and the way in from elsewhere. */
static bool set_server(struct world *world, const struct step *step,
    enum link_state state, struct err *err)
{
	const struct thing *server = step->words.things[0];
	const char *site;

	if (strcmp(server->kind->name, "cluster") == 0)
		return err_set(err, ERR_INPUT,
		    "an API server lives on machines: let %s lose them",
		    server->full);
	if (state == LINK_REFUSING)
		wire_hang_up(seat_of(world, server)->host.net);
	site = site_of(world, server);
	link_cable(world, server->full, site, state);
	if (strcmp(site, "internet") != 0)
		link_cable(world, server->full, "internet", state);
	return true;
}

bool enact_down(struct world *world, const struct step *step, struct err *err)
{
	return set_server(world, step, LINK_REFUSING, err);
}

bool enact_up(struct world *world, const struct step *step, struct err *err)
{
	return set_server(world, step, LINK_UP, err);
}

/* ---- Palette, proxies ---- */

bool enact_forget_sessions(
    struct world *world, const struct step *step, struct err *err)
{
	(void)err;
	palette_forget_sessions(
	    world_plane(world, step->words.things[0])->palette);
	return true;
}

static bool show(
    struct world *world, const struct step *step, enum plane_certificate kind)
{
	plane_show_certificate(
	    world, world_plane(world, step->words.things[0]), kind);
	return true;
}

bool enact_new_certificate(
    struct world *world, const struct step *step, struct err *err)
{
	(void)err;
	return show(world, step, CERTIFICATE_GOOD);
}

bool enact_other_certificate(
    struct world *world, const struct step *step, struct err *err)
{
	(void)err;
	return show(world, step, CERTIFICATE_OF_ANOTHER_CA);
}

bool enact_old_certificate(
    struct world *world, const struct step *step, struct err *err)
{
	(void)err;
	return show(world, step, CERTIFICATE_EXPIRED);
}

bool enact_change_credentials(
    struct world *world, const struct step *step, struct err *err)
{
	struct relay *relay = world_relay(world, step->words.things[0]);

	if (!relay->user)
		return err_set(err, ERR_INPUT, "%s is open to everybody",
		    relay->thing->full);
	free(relay->password);
	relay->password = xasprintf("let-me-through-%u", ++relay->changes);
	proxy_set_credentials(relay->proxy, relay->user, relay->password);
	return true;
}

/* ---- clusters ---- */

static struct lab *lab_of(struct world *world, const struct step *step)
{
	const struct thing *pcg = thing_link(step->words.things[0], "through");

	return world_lab(world, thing_link(pcg, "maas"));
}

static bool lose_machine(struct world *world, const struct step *step,
    const char *role, struct err *err)
{
	const struct thing *cluster = step->words.things[0];
	struct lab *lab = lab_of(world, step);
	const char *id = workload_machine_of(
	    lab->workload, cluster->name, role, 0);

	if (!id)
		return err_set(err, ERR_INPUT, "%s has no %s at that moment",
		    cluster->full, role);
	buf_addf(&lab->lost, "%s %s\n", cluster->name, id);
	return workload_machine_dies(lab->workload, id, err);
}

bool enact_lose_worker(
    struct world *world, const struct step *step, struct err *err)
{
	return lose_machine(world, step, "worker", err);
}

bool enact_lose_control_plane(
    struct world *world, const struct step *step, struct err *err)
{
	return lose_machine(world, step, "control-plane", err);
}

bool enact_return_machines(
    struct world *world, const struct step *step, struct err *err)
{
	const struct thing *cluster = step->words.things[0];
	struct lab *lab = lab_of(world, step);
	char *lost = buf_detach(&lab->lost), *rest = NULL;
	bool fine = true;

	for (char *line = strtok_r(lost, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *id = strchr(line, ' ');

		check(id);
		*id++ = '\0';
		if (strcmp(line, cluster->name) != 0)
			buf_addf(&lab->lost, "%s %s\n", line, id);
		else if (!workload_machine_returns(lab->workload, id, err))
			fine = false;
	}
	free(lost);
	return fine;
}

bool enact_unplug_worker(
    struct world *world, const struct step *step, struct err *err)
{
	const struct thing *cluster = step->words.things[0];
	struct lab *lab = lab_of(world, step);
	const char *id = workload_machine_of(
	    lab->workload, cluster->name, "worker", 0);
	char name[60];

	if (!id)
		return err_set(err, ERR_INPUT,
		    "%s has no worker at that moment", cluster->full);
	snprintf(name, sizeof(name), "machine/%s", id);
	buf_addf(&lab->unplugged, "%s %s\n", cluster->name, name);
	link_cable(world, name, lab->site, LINK_CUT);
	return true;
}

bool enact_plug_in(
    struct world *world, const struct step *step, struct err *err)
{
	const struct thing *cluster = step->words.things[0];
	struct lab *lab = lab_of(world, step);
	char *cut = buf_detach(&lab->unplugged), *rest = NULL;

	(void)err;
	for (char *line = strtok_r(cut, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *name = strchr(line, ' ');

		check(name);
		*name++ = '\0';
		if (strcmp(line, cluster->name) != 0)
			buf_addf(&lab->unplugged, "%s %s\n", line, name);
		else
			link_cable(world, name, lab->site, LINK_UP);
	}
	free(cut);
	return true;
}

bool enact_kill_program(
    struct world *world, const struct step *step, struct err *err)
{
	return workload_kill_program(lab_of(world, step)->workload,
	    step->words.things[0]->name, step->words.words[0], err);
}

/* ---- the operator ---- */

#define OPERATOR(name)                                                     \
	bool enact_##name(                                                 \
	    struct world *world, const struct step *step, struct err *err) \
	{                                                                  \
		(void)err;                                                 \
		operator_##name(world, step);                              \
		return true;                                               \
	}
OPERATOR(create)
OPERATOR(delete)
OPERATOR(force_delete)
OPERATOR(migrate)
OPERATOR(scale_workers)
OPERATOR(scale_control_planes)
OPERATOR(validate)
OPERATOR(update_key)
OPERATOR(renew_code)
OPERATOR(add_certificate)
