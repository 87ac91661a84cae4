#include "sim/maas/region.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/power.h"
#include "sim/maas/results.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"
#include "sim/maas/zones.h"

/* The machines of an inventory, and the lives they have behind them. */

/* ---- controllers ---- */

static void load_links(struct maas *maas, struct node *node, const json_t *from,
    struct iface *iface)
{
	struct ip ip;

	if (maas_ip_parse(jstr(from, "ip_address"), &ip)) {
		struct address *address = maas_address_make(
		    maas, ALLOC_STICKY, NULL);

		maas_address_give(address, iface);
		maas_address_assign(address, &ip, maas_time(maas));
	}
	(void)node;
}

static void load_iface(struct maas *maas, struct node *node, const json_t *from)
{
	struct iface *iface = maas_iface_make(
	    node, jstr(from, "name"), "physical", jstr(from, "mac_address"));
	json_t *tag;
	size_t i;

	if (*jstr(from, "vendor"))
		iface->vendor = xstrdup(jstr(from, "vendor"));
	if (*jstr(from, "product"))
		iface->product = xstrdup(jstr(from, "product"));
	iface->link_speed = jint(from, "link_speed");
	iface->interface_speed = jint(from, "interface_speed");
	if (json_object_get(from, "params")) {
		json_decref(iface->params);
		iface->params = json_deep_copy(json_object_get(from, "params"));
	}
	json_array_foreach(json_object_get(from, "tags"), i, tag)
	    maas_names_add(&iface->tags, json_string_value(tag));
	load_links(maas, node, from, iface);
}

/* What a controller runs of the scripts, without a network to boot from. */
static const char *const controller_scripts[] = {
	"20-maas-03-machine-resources", "40-maas-01-machine-config-hints",
	"50-maas-01-commissioning", "maas-support-info", "maas-lshw",
	"maas-list-modaliases", NULL
};

static void load_controller(
    struct maas *maas, enum node_type type, const json_t *from)
{
	struct node *node = maas_node_make(maas, type, jstr(from, "system_id"));

	maas_node_rename(node, jstr(from, "hostname"));
	if (json_object_get(from, "architecture"))
		maas_set_text(&node->architecture, jstr(from, "architecture"));
	if (*jstr(from, "version"))
		node->rack_version = xstrdup(jstr(from, "version"));
	if (*jstr(from, "hardware_uuid"))
		node->hardware_uuid = xstrdup(jstr(from, "hardware_uuid"));
	node->cpu_count = (int)jint(from, "cpu_count");
	node->cpu_speed = (int)jint(from, "cpu_speed");
	node->memory = (int)jint(from, "memory");
	node->connected = true;
	for (size_t i = 0; i < jlen(from, "interfaces"); i++)
		load_iface(
		    maas, node, json_array_get(jget(from, "interfaces"), i));
	if (jbool(from, "commissioning_pending"))
		node->commissioning = maas_results_start(
		    node, RESULT_COMMISSIONING, controller_scripts);
}

/* A recorded inventory names its rack and says no more about it. */
void maas_load_controllers(struct maas *maas, const json_t *inventory)
{
	const char *rack = jstr(inventory, "rack_system_id");

	for (size_t i = 0; i < jlen(inventory, "regions"); i++)
		load_controller(maas, NODE_REGION,
		    json_array_get(jget(inventory, "regions"), i));
	for (size_t i = 0; i < jlen(inventory, "racks"); i++)
		load_controller(maas, NODE_RACK,
		    json_array_get(jget(inventory, "racks"), i));
	if (*rack && !maas_node_find(maas, rack)) {
		json_t *from = json_pack(
		    "{s:s, s:s}", "system_id", rack, "hostname", "rack-a");

		load_controller(maas, NODE_RACK, from);
		json_decref(from);
	}
}

/* Controllers are made before networks are: their links wait until here. */
static void join_networks(struct maas *maas)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->subnet || !address->assigned || !address->iface)
			continue;
		address->subnet = maas_subnet_of(maas, &address->ip);
		if (address->subnet && !address->iface->vlan)
			address->iface->vlan = address->subnet->vlan;
	}
}

/* ---- machines ---- */

/* The BMC's address is a row of its own. */
void maas_node_own_bmc(struct node *node)
{
	struct maas *maas = node->maas;
	const char *text = jstr(node->power_parameters, "power_address");
	struct address *address;
	struct ip ip;

	if (!maas_ip_parse(text, &ip) || maas_address_find(maas, &ip))
		return;
	address = maas_address_make(
	    maas, ALLOC_STICKY, maas_subnet_of(maas, &ip));
	address->of_bmc = true;
	maas_address_assign(address, &ip, maas_time(maas));
}

static void name_partitions(struct node *node, const json_t *uuids)
{
	struct drive *drive = node->drives.count ? node->drives.items[0] : NULL;
	struct partition *partition;
	size_t i = 0;

	if (!drive || !uuids)
		return;
	list_for_each (partition, &drive->partitions) {
		maas_set_text(&partition->uuid,
		    json_string_value(json_array_get(uuids, i++)));
		maas_set_text(&partition->planned.uuid,
		    json_string_value(json_array_get(uuids, i++)));
	}
}

static void commission(
    struct maas *maas, struct node *node, const json_t *from, int number)
{
	struct names none = { 0 };
	struct hardware hardware = {
		.cpu_count = (int)jint(from, "cpu_count"),
		.memory = (int)jint(from, "memory"),
		.number = number,
		.disk_size = (int64_t)(json_number_value(
		                           json_object_get(from, "storage")) *
		                       1000000),
	};

	maas_node_commission(node, maas_user_find(maas, "admin"),
	    &(struct commission_wish){ .tests = &none });
	maas_power_forget(node);
	maas_node_found(node, &hardware);
	name_partitions(node, jget(from, "partition_uuids"));
	maas_node_signal(node, true, NULL);
	maas_power_forget(node);
	maas_set_text(&node->power_state, "off");
}

static bool load_machine(
    struct maas *maas, const json_t *inventory, size_t i, struct err *err)
{
	const json_t *from = json_array_get(jget(inventory, "machines"), i);
	struct node *node;
	json_t *tag;
	size_t k;

	if (maas_node_find(maas, jstr(from, "system_id")))
		return err_set(err, ERR_INPUT,
		    "inventory: machines[%zu]: the system_id %s is taken", i,
		    jstr(from, "system_id"));
	node = maas_node_make(maas, NODE_MACHINE, jstr(from, "system_id"));
	maas_node_rename(node, jstr(from, "hostname"));
	maas_set_text(&node->power_type, jstr(from, "power_type"));
	if (*jstr(from, "architecture"))
		maas_set_text(&node->architecture, jstr(from, "architecture"));
	if (json_is_object(jget(from, "power_parameters"))) {
		json_decref(node->power_parameters);
		node->power_parameters = json_deep_copy(
		    jget(from, "power_parameters"));
	}
	json_array_foreach(json_object_get(from, "tag_names"), k, tag)
	{
		if (!maas_tag_find(maas, json_string_value(tag)))
			maas_tag_make(maas, json_string_value(tag));
		maas_names_add(&node->tags, json_string_value(tag));
	}
	node->zone = maas_zone_find(
	    maas, jhas(from, "zone") ? jstr(from, "zone") : "default");
	node->pool = maas_pool_find(
	    maas, jhas(from, "pool") ? jstr(from, "pool") : "default");
	if (!node->zone || !node->pool)
		return err_set(err, ERR_INPUT,
		    "inventory: machines[%zu]: there is no %s %s", i,
		    node->zone ? "pool" : "zone",
		    jstr(from, node->zone ? "pool" : "zone"));
	maas_node_own_bmc(node);
	for (k = 0; k < jlen(from, "mac"); k++) {
		char name[32];

		snprintf(name, sizeof(name), "eth%zu", k);
		maas_iface_make(node, name, "physical",
		    json_string_value(json_array_get(jget(from, "mac"), k)));
	}
	if (jint(from, "status") != NODE_NEW)
		commission(maas, node, from, (int)i + 1);
	return true;
}

/* ---- what became of them ---- */

static void fix_address(
    struct maas *maas, struct node *node, const json_t *from)
{
	struct address *address;
	struct ip ip;

	if (!maas_ip_parse(json_string_value(
	                       json_array_get(jget(from, "ip_addresses"), 0)),
	        &ip))
		return;
	list_for_each (address, &maas->addresses) {
		if (address->iface == node->boot_iface &&
		    address->type == ALLOC_AUTO)
			maas_address_assign(address, &ip, maas_time(maas));
	}
}

static const char *const installation[] = { "/tmp/install.log", NULL };

static void deploy(struct maas *maas, struct node *node, const json_t *from)
{
	maas_event_by(node, "User starting deployment", node->owner, NULL);
	maas_set_text(&node->osystem, jstr(from, "osystem"));
	maas_set_text(&node->series, jstr(from, "distro_series"));
	maas_set_text(&node->hwe_kernel, "ga-22.04");
	node->installation = maas_results_start(
	    node, RESULT_INSTALLATION, installation);
	maas_node_enter(node, NODE_DEPLOYING);
	maas_event(node, EVENT_INFO, "Deploying", NULL, "%s", "");
	fix_address(maas, node, from);
}

static void end_deployment(struct node *node, bool ok)
{
	if (ok) {
		node->netboot = false;
		maas_node_user_data_read(node);
	} else {
		maas_node_signal(node, false, NULL);
	}
	maas_set_text(&node->power_state, "on");
	node->bench_on = true;
}

static void break_it(struct node *node)
{
	struct user *owner = node->owner;

	maas_event_by(node, "User marking node broken", owner, NULL);
	maas_node_release(node, NULL, NULL);
	maas_node_enter(node, NODE_BROKEN);
}

/* Who had it: its owner, or for one that has none any more, the first user. */
static struct user *holder(struct maas *maas, const json_t *from)
{
	struct user *user = maas_user_find(maas, jstr(from, "owner"));

	return user ? user : maas->users.items[maas->users.count - 1];
}

static bool was_taken(int64_t status)
{
	return status == NODE_ALLOCATED || status == NODE_DEPLOYED ||
	       status == NODE_FAILED_DEPLOYMENT || status == NODE_BROKEN;
}

static bool was_deployed(int64_t status)
{
	return status == NODE_DEPLOYED || status == NODE_FAILED_DEPLOYMENT;
}

typedef void life_fn(
    struct maas *maas, struct node *node, const json_t *from, int64_t status);

static void live_taken(
    struct maas *maas, struct node *node, const json_t *from, int64_t status)
{
	if (was_taken(status) && status != NODE_BROKEN)
		maas_node_acquire(node, holder(maas, from), "", NULL);
}

static void live_deploying(
    struct maas *maas, struct node *node, const json_t *from, int64_t status)
{
	if (was_deployed(status))
		deploy(maas, node, from);
}

static void live_deployed(
    struct maas *maas, struct node *node, const json_t *from, int64_t status)
{
	(void)maas;
	(void)from;
	if (was_deployed(status))
		end_deployment(node, status == NODE_DEPLOYED);
}

static void live_broken(
    struct maas *maas, struct node *node, const json_t *from, int64_t status)
{
	if (status == NODE_BROKEN) {
		maas_node_acquire(node, holder(maas, from), "", NULL);
		break_it(node);
		if (maas->version >= 306) /* it was on, and stays somebody's */
			node->owner = maas_user_find(maas, jstr(from, "owner"));
	}
}

bool maas_load_machines(
    struct maas *maas, const json_t *inventory, struct err *err)
{
	static life_fn *const chapters[] = { live_taken, live_deploying,
		live_deployed, live_broken };
	size_t count = jlen(inventory, "machines");

	join_networks(maas);
	for (size_t i = 0; i < count; i++)
		if (!load_machine(maas, inventory, i, err))
			return false;
	for (size_t c = 0; c < sizeof(chapters) / sizeof(chapters[0]); c++) {
		for (size_t i = 0; i < count; i++) {
			const json_t *from = json_array_get(
			    jget(inventory, "machines"), i);
			struct node *node = maas_node_find(
			    maas, jstr(from, "system_id"));

			chapters[c](maas, node, from, jint(from, "status"));
		}
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *from = json_array_get(
		    jget(inventory, "machines"), i);
		struct node *node = maas_node_find(
		    maas, jstr(from, "system_id"));

		if (jhas(from, "power_state"))
			maas_set_text(
			    &node->power_state, jstr(from, "power_state"));
		node->locked = jbool(from, "locked");
		node->crash_dump = jbool(from, "enable_kernel_crash_dump");
		node->is_dpu = jbool(from, "is_dpu");
		if (json_is_object(jget(from, "owner_data"))) {
			json_decref(node->owner_data);
			node->owner_data = json_deep_copy(
			    jget(from, "owner_data"));
		}
	}
	return true;
}
