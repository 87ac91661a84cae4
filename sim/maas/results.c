#include "sim/maas/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/scripts.h"
#include "sim/maas/tasks.h"

const char *const maas_commissioning_scripts[] = {
	"20-maas-01-install-lldpd",
	"20-maas-02-dhcp-unconfigured-ifaces",
	"30-maas-01-bmc-config",
	"20-maas-03-machine-resources",
	"40-maas-01-machine-config-hints",
	"50-maas-01-commissioning",
	"maas-support-info",
	"maas-lshw",
	"maas-list-modaliases",
	"maas-get-fruid-api-data",
	"maas-kernel-cmdline",
	"maas-serial-ports",
	"maas-capture-lldpd",
	NULL,
};

struct script_set *maas_results_start_names(
    struct node *node, enum result_type type, const struct names *names)
{
	struct maas *maas = node->maas;
	struct script_set *set = xcalloc(1, sizeof(*set));

	set->type = type;
	set->node = node;
	for (size_t i = 0; i < names->count; i++) {
		struct script_run *run = xcalloc(1, sizeof(*run));

		run->id = maas->next_run_id++;
		run->name = xstrdup(names->items[i]);
		run->created_time = run->updated_time = maas_time(maas);
		maas_list_put(&set->runs, run);
	}
	set->written = ++maas->writes;
	maas_list_add(&maas->results, set);
	return set;
}

struct script_set *maas_results_start(
    struct node *node, enum result_type type, const char *const *texts)
{
	struct names names = { 0 };
	struct script_set *set;

	for (; texts && *texts; texts++)
		maas_names_add(&names, *texts);
	set = maas_results_start_names(node, type, &names);
	maas_names_free(&names);
	return set;
}

struct script_set *maas_results_commission(
    struct node *node, const struct names *wanted)
{
	struct names names = { 0 };
	struct script_set *set;

	for (size_t i = 0; maas_commissioning_scripts[i]; i++)
		maas_names_add(&names, maas_commissioning_scripts[i]);
	maas_scripts_to_commission(node->maas, wanted, &names);
	set = maas_results_start_names(node, RESULT_COMMISSIONING, &names);
	maas_names_free(&names);
	return set;
}

char *maas_run_output(
    const struct script_set *set, const struct script_run *run)
{
	if (set->type != RESULT_COMMISSIONING || run->status != 2 ||
	    set->node->type != NODE_MACHINE ||
	    strcmp(run->name, "50-maas-01-commissioning") != 0)
		return xstrdup("");
	return maas_resources_text(set->node);
}

void maas_results_free(struct script_set *set)
{
	struct script_run *run;

	list_for_each (run, &set->runs) {
		free(run->name);
		free(run);
	}
	maas_list_clear(&set->runs);
	free(set);
}

static void end_run(
    struct script_set *set, struct script_run *run, int status, usec now)
{
	/* What is aborted is not worth an event; what an installation came to,
	 * other events say. */
	if (status != run->status && status != 5 &&
	    set->type != RESULT_INSTALLATION)
		maas_event(set->node, EVENT_DEBUG, "Script result", NULL,
		    "%s changed status from '%s' to '%s'", run->name,
		    maas_script_status_name(run->status),
		    maas_script_status_name(status));
	run->status = status;
	run->updated_time = now;
	if (!run->started_time)
		run->started_time = now;
	if (status >= 2)
		run->ended_time = now;
}

void maas_results_all(struct script_set *set, int status)
{
	struct script_run *run;
	usec now;

	if (!set)
		return;
	now = maas_time(set->node->maas);
	list_for_each (run, &set->runs) {
		if (run->status < 2)
			end_run(set, run, status, now);
	}
	set->last_ping_time = now;
	set->written = ++set->node->maas->writes;
}

/* ---- combined ---- */

static const char *hardware_of(const struct maas *maas, const char *script)
{
	const char *hardware = maas_script_hardware(maas, script);

	return hardware ? hardware : "other";
}

/* The worst of them: pending and running win over passed. What was aborted
 * does not count. */
int maas_results_status(const struct script_set *set, const char *hardware)
{
	static const int order[] = { 1, 0, 3, 4, 2 };
	struct script_run *run;

	for (size_t i = 0; set && i < sizeof(order) / sizeof(order[0]); i++) {
		list_for_each (run, &set->runs) {
			if (run->status == order[i] &&
			    (!hardware ||
			        strcmp(hardware_of(set->node->maas, run->name),
			            hardware) == 0))
				return run->status;
		}
	}
	return -1;
}
