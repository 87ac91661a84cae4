#include "sim/maas/region.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/images.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/power.h"
#include "sim/maas/release.h"
#include "sim/maas/results.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"

/* What machines say about themselves, whichever way it comes in: over the
 * metadata service, from the bench, or from a control step. */

void maas_node_netboot_off(struct node *node)
{
	node->netboot = false;
	maas_node_progress(node);
	maas_node_touch(node);
}

/* ---- hardware ---- */

/* The boot interface gets the first subnet that has DHCP, or the first. */
static struct subnet *boot_subnet(struct maas *maas)
{
	struct subnet *subnet;

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan->dhcp_on)
			return subnet;
	}
	return maas->subnets.count ? maas->subnets.items[0] : NULL;
}

/* How it is linked is a setting since 3.6; before it was automatic. A static
 * address is the subnet's next; where it has none left, there is no link. */
static void link_boot(struct iface *iface, struct subnet *subnet)
{
	struct maas *maas = iface->node->maas;
	const char *mode = maas->version >= 306
	                       ? maas_config_text(
	                             maas, "default_boot_interface_link_type")
	                       : "auto";
	bool is_static = strcmp(mode, "static") == 0;
	struct address *address;
	struct ip ip;

	if (is_static && !maas_address_next(maas, subnet, false, &ip))
		return;
	address = maas_address_make(maas,
	    strcmp(mode, "auto") == 0   ? ALLOC_AUTO
	    : strcmp(mode, "dhcp") == 0 ? ALLOC_DHCP
	                                : ALLOC_STICKY,
	    subnet);
	maas_address_give(address, iface);
	if (is_static)
		maas_address_assign(address, &ip, address->created_time);
}

void maas_node_link_boot(struct node *node)
{
	struct maas *maas = node->maas;
	struct iface *iface = node->boot_iface;
	struct subnet *subnet = boot_subnet(maas);

	if (!iface || !subnet)
		return;
	for (size_t i = node->addresses.count; i-- > 0;) {
		struct address *address = node->addresses.items[i];

		if (address->iface == iface)
			maas_address_drop(maas, address);
	}
	iface->vlan = subnet->vlan;
	maas_address_give(
	    maas_address_make(maas, ALLOC_DISCOVERED, subnet), iface);
	link_boot(iface, subnet);
}

void maas_node_found(struct node *node, const struct hardware *hardware)
{
	struct iface *iface = node->boot_iface;

	node->cpu_count = hardware->cpu_count;
	node->memory = hardware->memory;
	node->found_cores = hardware->cpu_count;
	node->found_memory = hardware->memory;
	node->cpu_speed = 2400;
	maas_hardware_found(node, hardware->number);
	if (node->drives.count == 0 && hardware->disk_size)
		maas_drive_layout(maas_drive_make(
		    node, hardware->disk_size, hardware->number));
	if (!iface)
		return;
	maas_set_text(&iface->vendor, "My Corporation");
	maas_set_text(&iface->product, "My Gigabit Network Connection");
	maas_set_text(&iface->firmware, "1.63, 0x800009fa");
	iface->link_speed = iface->interface_speed = 10000;
	maas_node_link_boot(node);
}

/* A machine that never was commissioned turns out to be a usual one. */
static void find_out(struct node *node)
{
	if (node->cpu_count && node->drives.count)
		return;
	maas_node_found(
	    node, &(struct hardware){
	              .cpu_count = node->cpu_count ? node->cpu_count : 4,
	              .memory = node->memory ? node->memory : 8192,
	              .number = (int)node->id,
	              .disk_size = 500000000000 });
}

/* What was cleared when commissioning began is as on the first day. */
static void configure(struct node *node)
{
	struct drive *boot = maas_boot_drive(node);
	struct address *address;
	bool linked = false;

	if (!node->skip_storage && boot && !boot->table &&
	    !maas_node_has_root(node))
		maas_drive_layout(boot);
	list_for_each (address, &node->addresses)
		linked |= address->type != ALLOC_DISCOVERED;
	if (!node->skip_networking && !linked)
		maas_node_link_boot(node);
}

/* ---- the end of a task ---- */

static void commissioned(struct node *node, bool ok)
{
	maas_results_all(node->commissioning, ok ? 2 : 5);
	if (!ok)
		maas_results_all(node->testing, 5);
	if (!ok) {
		maas_event(
		    node, EVENT_ERROR, "Failed commissioning", NULL, "%s", "");
		maas_node_enter(node, NODE_FAILED_COMMISSIONING);
		return;
	}
	find_out(node);
	configure(node);
	maas_event(node, EVENT_INFO, "Ready", NULL, "%s", "");
	node->owner = NULL;
	maas_node_enter(node, NODE_READY);
	maas_power_set(node, false);
}

static void erased(struct node *node, bool ok)
{
	if (!ok) {
		maas_node_fail(
		    node, NODE_FAILED_DISK_ERASING, "Failed to erase disks.");
		return;
	}
	maas_event(node, EVENT_INFO, "Disks erased", NULL, "%s", "");
	node->erased = true;
	/* A machine that stops talking now is released all the same. */
	if (!node->maas->gated)
		maas_node_release(node, node->owner, NULL);
}

/* A machine that failed at something else than commissioning is fine now. */
static enum node_status after_tests(const struct node *node)
{
	switch ((int)node->previous_status) {
	case NODE_COMMISSIONING:
	case NODE_BROKEN:
	case NODE_FAILED_DEPLOYMENT:
	case NODE_FAILED_RELEASING:
	case NODE_FAILED_DISK_ERASING:
	case NODE_FAILED_TESTING:
		return NODE_READY;
	}
	return node->previous_status;
}

static void tested(struct node *node, bool ok)
{
	maas_results_all(node->testing, ok ? 2 : 3);
	if (!ok) {
		maas_event(node, EVENT_ERROR, "Failed testing", NULL, "%s", "");
		maas_node_enter(node, NODE_FAILED_TESTING);
		return;
	}
	node->owner = node->owner_before;
	maas_node_enter(node, after_tests(node));
	if (node->status == NODE_READY)
		node->owner = NULL;
	if (node->status != NODE_DEPLOYED)
		maas_power_set(node, false);
}

static void rescued(struct node *node, bool ok)
{
	if (!ok) {
		maas_event(node, EVENT_ERROR, "Failed to enter rescue mode",
		    NULL, "%s", "");
		maas_node_enter(node, NODE_FAILED_ENTERING_RESCUE_MODE);
		return;
	}
	maas_event(node, EVENT_INFO, "Rescue mode", NULL, "%s", "");
	maas_node_enter(node, NODE_RESCUE_MODE);
}

void maas_node_signal(struct node *node, bool ok, const char *error)
{
	(void)error;
	switch ((int)node->status) {
	case NODE_COMMISSIONING:
		commissioned(node, ok);
		break;
	case NODE_DEPLOYING:
		if (!ok) {
			maas_results_all(node->installation, 3);
			maas_node_fail(node, NODE_FAILED_DEPLOYMENT,
			    "Installation failed (refer to the installation "
			    "log for more information).");
		}
		break;
	case NODE_DISK_ERASING:
		erased(node, ok);
		break;
	case NODE_RELEASING:
		maas_release_scripts_over(node, ok);
		break;
	case NODE_ENTERING_RESCUE_MODE:
		rescued(node, ok);
		break;
	case NODE_TESTING:
		tested(node, ok);
		break;
	}
	maas_node_touch(node);
}

static void mark_image(struct node *node)
{
	char *name = xasprintf("%s/%s", node->osystem, node->series);
	struct image *image;

	list_for_each (image, &node->maas->images) {
		if (strcmp(image->name, name) == 0 ||
		    strcmp(image->name, node->series) == 0)
			image->deployed_time = maas_time(node->maas);
	}
	maas_event(node, EVENT_INFO, "Image Deployed", NULL, "deployed %s/%s",
	    name, node->architecture);
	free(name);
}

/* The installed system asked for its user data: that is what makes a machine
 * Deployed. A host for virtual machines is not, before its first boot ends. */
void maas_node_user_data_read(struct node *node)
{
	if (node->status != NODE_DEPLOYING || node->install_kvm)
		return;
	mark_image(node);
	maas_node_enter(node, NODE_DEPLOYED);
	maas_event(node, EVENT_INFO, "Deployed", NULL, "%s", "");
}

/* ---- progress ---- */

/* Stages that show in status_message. */
static const struct {
	const char *activity, *type;
} stages[] = {
	{ "cmd-install/stage-partitioning", "Configuring storage" },
	{ "cmd-install/stage-extract", "Installing OS" },
	{ "cmd-install/stage-curthooks", "Configuring OS" },
};

const char *maas_stage_action(const char *type)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (strcmp(stages[i].type, type) == 0)
			return stages[i].activity;
	return "";
}

static void note_stage(struct node *node, const char *activity)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (strcmp(stages[i].activity, activity) == 0)
			maas_event(
			    node, EVENT_INFO, stages[i].type, NULL, "%s", "");
}

static void installing(struct node *node)
{
	struct script_run *run;

	if (!node->installation || node->installation->runs.count == 0)
		return;
	run = node->installation->runs.items[0];
	if (run->status == 0) {
		struct script_set *set = node->installation;

		run->status = 1;
		run->started_time = maas_time(node->maas);
		set->written = ++node->maas->writes;
		maas_event(node, EVENT_DEBUG, "Script result", NULL,
		    "%s changed status from 'Pending' to 'Running'", run->name);
	}
}

/* A message of curtin or cloud-init: origin, name, event_type, description,
 * result. */
void maas_node_report(struct node *node, const json_t *message)
{
	const char *origin = jstr(message, "origin");
	const char *name = jstr(message, "name");
	const char *type = jstr(message, "event_type");
	bool failed = strcmp(jstr(message, "result"), "FAIL") == 0 ||
	              strcmp(jstr(message, "result"), "FAILURE") == 0;
	bool start = strcmp(type, "start") == 0;
	bool finish = strcmp(type, "finish") == 0;

	if (strcmp(origin, "curtin") == 0 && node->status == NODE_DEPLOYING) {
		maas_node_progress(node);
		if (start) {
			note_stage(node, name);
			maas_event(node, EVENT_DEBUG, "Node installation", NULL,
			    "'curtin' %s", jstr(message, "description"));
			installing(node);
		}
		if (finish && failed && strcmp(name, "cmd-install") == 0)
			maas_node_signal(node, false, NULL);
	}
	if (strcmp(origin, "cloudinit") == 0 && finish &&
	    strcmp(name, "modules-final") == 0) {
		if (node->status == NODE_DISK_ERASING && node->erased)
			maas_node_release(node, node->owner, NULL);
		else if (node->status == NODE_DEPLOYING && node->install_kvm) {
			node->install_kvm = false;
			maas_node_user_data_read(node);
		}
	}
	maas_node_touch(node);
}
