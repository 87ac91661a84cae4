#include "sim/maas/deployable.h"
#include "sim/maas/region.h"

#include <stdlib.h>
#include <string.h>

#include "base/owner.h"
#include "sim/maas/node.h"
#include "sim/maas/power.h"
#include "sim/maas/tasks.h"

/*
 * A machine with nobody at the other end of its cable.
 *
 * So that `serve` works alone, such a machine does what a healthy one would do
 * once it is switched on, with times that are drawn: it commissions, installs,
 * boots, erases. It has no disk, runs nothing, and tells the region by calls
 * what a real one would tell by its metadata service.
 */

static void due(struct timer *timer)
{
	struct node *node = OWNER_OF(timer, struct node, bench);

	maas_bench_step(node);
	maas_tell(node->maas);
}

void maas_bench_init(struct node *node)
{
	timer_init(&node->bench, due);
}

void maas_bench_forget(struct node *node)
{
	timer_cancel(&node->bench);
}

static void later(
    struct node *node, const char *what, usec low_for, usec high_for)
{
	usec wait_for = choose_range(node->maas->host->choices, low_for,
	    high_for, "%s/machine/%s: %s takes", node->maas->name,
	    node->system_id, what);

	timer_set(&node->bench, node->maas->host->loop, wait_for);
}

static void erased(struct node *node)
{
	json_t *message = json_pack("{s:s, s:s, s:s, s:s, s:s}", "origin",
	    "cloudinit", "name", "modules-final", "event_type", "finish",
	    "description", "running modules for final", "result", "SUCCESS");

	maas_node_signal(node, true, NULL);
	maas_node_report(node, message);
	json_decref(message);
}

void maas_bench_step(struct node *node)
{
	switch ((int)node->status) {
	case NODE_COMMISSIONING:
	case NODE_ENTERING_RESCUE_MODE:
	case NODE_TESTING:
	case NODE_RELEASING:
		maas_node_signal(node, true, NULL);
		break;
	case NODE_DISK_ERASING:
		erased(node);
		break;
	case NODE_DEPLOYING:
		if (node->install_fails) {
			maas_node_signal(node, false, NULL);
		} else if (node->netboot && !maas_stays_in_memory(node)) {
			maas_node_netboot_off(node);
			later(
			    node, "the first boot", SECONDS(60), SECONDS(150));
		} else {
			maas_node_user_data_read(node);
		}
		break;
	}
}

void maas_bench_power(struct node *node, bool on)
{
	timer_cancel(&node->bench);
	if (!on)
		return;
	switch ((int)node->status) {
	case NODE_COMMISSIONING:
	case NODE_TESTING:
		later(node, "the hardware's inventory", SECONDS(120),
		    SECONDS(300));
		break;
	case NODE_ENTERING_RESCUE_MODE:
		later(node, "the ephemeral system", SECONDS(60), SECONDS(120));
		break;
	case NODE_RELEASING:
		if (node->runs_release)
			later(node, "running the release scripts", SECONDS(60),
			    SECONDS(300));
		break;
	case NODE_DISK_ERASING:
		later(node, "erasing", SECONDS(120), SECONDS(600));
		break;
	case NODE_DEPLOYING:
		later(node, "the installation", SECONDS(180), SECONDS(480));
		break;
	}
}
