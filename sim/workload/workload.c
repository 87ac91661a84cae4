#include "sim/workload/workload.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/owner.h"
#include "sim/workload/cluster.h"
#include "sim/workload/parts.h"
#include "sim/workload/pod.h"

/* ---- for the parts ---- */

void workload_complain(struct workload *workload, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	events_note(
	    workload->options.events, "workload", "", "%s", buf_text(&text));
	if (!workload->complaint)
		workload->complaint = buf_detach(&text);
	buf_free(&text);
}

static struct machine *machine_named(
    const struct workload *workload, const char *system_id)
{
	struct text_link *link = text_index_find(
	    &workload->by_system_id, system_id);

	return link ? OWNER_OF(link, struct machine, id_link) : NULL;
}

void workload_secret(
    struct secrets *secrets, const char *name, const char *value)
{
	if (value && strlen(value) >= 6)
		secrets_add(secrets, name, value);
}

usec workload_draw(struct workload *workload, const struct range_for *range,
    const char *who, const char *what)
{
	return choose_range(workload->options.choices, range->low_for,
	    range->high_for, "%s: %s", who, what);
}

/* ---- life ---- */

/* Typical of bare metal: capi contract E.3. */
static void fill_in_defaults(struct workload_options *options)
{
	const struct {
		struct range_for *range;
		struct range_for usual;
	} defaults[] = {
		{ &options->power_for, { SECONDS(3), SECONDS(15) } },
		{ &options->install_for, { MINUTES(4), MINUTES(9) } },
		{ &options->boot_for, { SECONDS(60), SECONDS(150) } },
		{ &options->init_for, { SECONDS(30), SECONDS(90) } },
		{ &options->join_for, { SECONDS(10), SECONDS(40) } },
		{ &options->erase_for, { MINUTES(3), MINUTES(10) } },
		{ &options->commission_for, { MINUTES(2), MINUTES(5) } },
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!defaults[i].range->low_for && !defaults[i].range->high_for)
			*defaults[i].range = defaults[i].usual;
	if (!options->shutdown_for.high_for)
		options->shutdown_for = options->power_for;
}

struct workload *workload_new(const struct workload_options *options)
{
	struct workload *workload = xcalloc(1, sizeof(*workload));

	check(options->rack && options->hosts.make && options->loop);
	workload->options = *options;
	workload->maas = xstrdup(options->maas);
	workload->options.maas = workload->maas;
	fill_in_defaults(&workload->options);
	return workload;
}

/* Machines first: with the last control plane's disk a cluster goes too. */
void workload_free(struct workload **workload)
{
	struct workload *w = *workload;

	if (!w)
		return;
	for (size_t i = 0; i < w->machine_count; i++)
		machine_end(w->machines[i]);
	for (size_t i = 0; i < w->machine_count; i++)
		machine_free(&w->machines[i]);
	check(w->clusters == NULL);
	free(w->machines);
	text_index_free(&w->by_system_id);
	free(w->maas);
	free(w->complaint);
	free(w);
	*workload = NULL;
}

void workload_add_machine(struct workload *workload, const char *system_id)
{
	struct machine *machine;

	check(!machine_named(workload, system_id));
	machine = machine_new(workload, system_id);
	workload->machines = xrealloc(workload->machines,
	    (workload->machine_count + 1) * sizeof(*workload->machines));
	workload->machines[workload->machine_count++] = machine;
	text_index_add(
	    &workload->by_system_id, &machine->id_link, machine->system_id);
}

const char *workload_complaint(const struct workload *workload)
{
	return workload->complaint;
}

/* ---- the BMC line ---- */

static void bmc_set(void *ctx, const char *system_id, bool on)
{
	struct machine *machine = machine_named(ctx, system_id);

	if (machine)
		machine_power_set(machine, on);
}

static const char *bmc_query(void *ctx, const char *system_id)
{
	struct machine *machine = machine_named(ctx, system_id);

	return machine ? machine_power_query(machine) : "unknown";
}

static void bmc_plug_in(void *ctx, const char *system_id)
{
	workload_add_machine(ctx, system_id);
}

static void bmc_spoil(void *ctx, const char *system_id)
{
	workload_fail_installs(ctx, system_id, 1);
}

const struct bmc_ops *workload_bmc_ops(void)
{
	static const struct bmc_ops ops = { .set = bmc_set,
		.query = bmc_query,
		.plug_in = bmc_plug_in,
		.spoil = bmc_spoil };

	return &ops;
}

/* ---- what scenarios do ---- */

void workload_fail_installs(
    struct workload *workload, const char *system_id, unsigned times)
{
	struct machine *machine = machine_named(workload, system_id);

	check(machine);
	machine->installs_to_fail = times;
}

bool workload_machine_dies(
    struct workload *workload, const char *system_id, struct err *err)
{
	struct machine *machine = machine_named(workload, system_id);

	if (!machine)
		return err_set(
		    err, ERR_INPUT, "there is no machine %s", system_id);
	if (!machine->has_supply)
		return err_set(
		    err, ERR_INPUT, "machine %s is dead already", system_id);
	machine_lose_supply(machine);
	return true;
}

bool workload_machine_returns(
    struct workload *workload, const char *system_id, struct err *err)
{
	struct machine *machine = machine_named(workload, system_id);

	if (!machine)
		return err_set(
		    err, ERR_INPUT, "there is no machine %s", system_id);
	if (machine->has_supply)
		return err_set(err, ERR_INPUT,
		    "machine %s has power: it did not die", system_id);
	machine_regain_supply(machine);
	return true;
}

/* Accepts "web" and "cluster/web". */
static struct cluster *cluster_named(
    const struct workload *workload, const char *name)
{
	static const char prefix[] = "cluster/";

	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		name += sizeof(prefix) - 1;
	return workload_cluster_find(workload, name);
}

const char *workload_node_of(
    struct workload *workload, const char *cluster, const char *program)
{
	const struct cluster *c = cluster_named(workload, cluster);
	const struct machine *node = c ? pod_node(c, program) : NULL;

	return node ? node->system_id : NULL;
}

const char *workload_machine_of(struct workload *workload, const char *cluster,
    const char *role, unsigned n)
{
	const struct cluster *c = cluster_named(workload, cluster);
	bool control_plane = strcmp(role, "worker") != 0;

	for (size_t i = 0; c && i < workload->machine_count; i++) {
		const struct machine *m = workload->machines[i];

		if (m->disk.cluster == c && m->disk.node[0] &&
		    m->disk.control_plane == control_plane && n-- == 0)
			return m->system_id;
	}
	return NULL;
}

void workload_links_changed(struct workload *workload)
{
	for (struct cluster *c = workload->clusters; c; c = c->next)
		cluster_wake(c);
}

bool workload_kill_program(struct workload *workload, const char *cluster,
    const char *program, struct err *err)
{
	struct cluster *c = cluster_named(workload, cluster);

	if (!c)
		return err_set(
		    err, ERR_INPUT, "there is no cluster %s", cluster);
	if (!pod_kill(c, program))
		return err_set(err, ERR_INPUT, "no %s runs in cluster %s",
		    program, cluster);
	return true;
}
