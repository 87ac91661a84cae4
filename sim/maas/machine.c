#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "sim/maas/addresses.h"
#include "sim/maas/alike.h"
#include "sim/maas/dns.h"
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

/* Machines, devices and controllers as things, with their interfaces. */

static const char id_letters[] = "34678abcdefghkmnpqrstwxy";

struct node *maas_node_find(const struct maas *maas, const char *system_id)
{
	struct text_link *link = text_index_find(
	    &maas->by_system_id, system_id);

	return link ? OWNER_OF(link, struct node, id_link) : NULL;
}

struct node *maas_node_named(const struct maas *maas, const char *hostname)
{
	struct text_link *link = text_index_find(&maas->by_hostname, hostname);

	return link ? OWNER_OF(link, struct node, name_link) : NULL;
}

void maas_node_rename(struct node *node, const char *hostname)
{
	struct maas *maas = node->maas;

	text_index_remove(&maas->by_hostname, &node->name_link);
	maas_set_text(&node->hostname, hostname);
	text_index_add(&maas->by_hostname, &node->name_link, node->hostname);
}

static char *new_system_id(struct maas *maas)
{
	char id[7];

	do
		choose_text(maas->host->choices, id, 6, id_letters,
		    "%s: system_id", maas->name);
	while (maas_node_find(maas, id));
	return xstrdup(id);
}

char *maas_node_new_name(struct maas *maas)
{
	static const char *const how[] = { "quick", "calm", "brave", "tidy",
		"keen", "wise", "fair", "glad", "bold", "neat", "mild", "swift",
		"sound", "prime", "sage", "vivid" };
	static const char *const who[] = { "otter", "heron", "lynx", "ibis",
		"finch", "tapir", "gecko", "raven", "moose", "panda", "koala",
		"bison", "crane", "egret", "llama", "quail" };
	char *name;

	for (;;) {
		int64_t n = choose_range(maas->host->choices, 0, 255,
		    "%s: machine name", maas->name);

		name = xasprintf("%s-%s", how[n / 16], who[n % 16]);
		if (!maas_node_named(maas, name))
			return name;
		free(name);
		if (maas->nodes.count < 200)
			continue;
		name = xasprintf(
		    "%s-%s-%zu", how[n / 16], who[n % 16], maas->nodes.count);
		if (!maas_node_named(maas, name))
			return name;
		free(name);
	}
}

static void limit_due(struct timer *timer)
{
	maas_node_limit_due(OWNER_OF(timer, struct node, limit));
}

struct node *maas_node_make(
    struct maas *maas, enum node_type type, const char *system_id)
{
	struct node *node = xcalloc(1, sizeof(*node));

	node->maas = maas;
	node->type = type;
	node->system_id = system_id ? xstrdup(system_id) : new_system_id(maas);
	node->hostname = xstrdup(node->system_id);
	node->description = xstrdup("");
	node->status = node->previous_status = NODE_NEW;
	node->domain = maas->default_domain;
	node->zone = maas->default_zone;
	node->pool = type == NODE_MACHINE ? maas->default_pool : NULL;
	node->agent_name = xstrdup("");
	node->netboot = true;
	node->architecture = xstrdup("amd64/generic");
	node->osystem = xstrdup("");
	node->series = xstrdup("");
	node->min_hwe_kernel = xstrdup("");
	node->power_type = xstrdup("");
	node->power_state = xstrdup("unknown");
	node->power_parameters = json_object();
	node->owner_data = json_object();
	node->error_description = xstrdup("");
	node->swap_size = node->address_ttl = -1;
	timer_init(&node->limit, limit_due);
	maas_power_init(node);
	maas_bench_init(node);
	maas_list_add(&maas->nodes, node);
	text_index_add(&maas->by_system_id, &node->id_link, node->system_id);
	text_index_add(&maas->by_hostname, &node->name_link, node->hostname);
	maas_node_touch(node);
	return node;
}

void maas_node_touch(struct node *node)
{
	node->touched = true;
	node->maas->dns_dirty = true;
}

static void free_texts(struct node *node)
{
	char *const texts[] = { node->system_id, node->hostname,
		node->description, node->agent_name, node->architecture,
		node->osystem, node->series, node->hwe_kernel,
		node->min_hwe_kernel, node->power_type, node->power_state,
		node->bios_boot_method, node->hardware_uuid,
		node->error_description, node->user_data, node->rack_version,
		node->asked_power, node->last_told };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
}

/* Its interfaces, results and key belong to the region's lists and are gone
 * already; its drives are its own. */
void maas_node_free(struct node *node)
{
	maas_power_forget(node);
	maas_bench_forget(node);
	timer_cancel(&node->limit);
	token_drop(&node->work);
	text_index_remove(&node->maas->by_system_id, &node->id_link);
	text_index_remove(&node->maas->by_hostname, &node->name_link);
	maas_storage_free(node);
	maas_node_devices_forget(node);
	json_decref(node->power_parameters);
	json_decref(node->owner_data);
	maas_names_free(&node->tags);
	maas_list_clear(&node->ifaces);
	maas_list_clear(&node->addresses);
	free_texts(node);
	alike_drop(&node->shown);
	free(node);
}

static void forget_in_events(struct maas *maas, const struct node *node)
{
	struct node_event *event;

	list_for_each (event, &maas->events) {
		if (event->node == node)
			event->node = NULL;
	}
}

static void drop_results(struct maas *maas, const struct node *node)
{
	for (size_t i = maas->results.count; i-- > 0;) {
		struct script_set *set = maas->results.items[i];

		if (set->node != node)
			continue;
		maas_list_remove(&maas->results, set);
		maas_results_free(set);
	}
}

void maas_node_drop(struct maas *maas, struct node *node)
{
	char *about = xasprintf("%s/machine/%s", maas->name, node->system_id);
	struct node *other;
	struct vlan *vlan;

	while (node->ifaces.count > 0)
		maas_iface_drop(
		    maas, node->ifaces.items[node->ifaces.count - 1]);
	for (size_t i = maas->nodes.count; i-- > 0;) {
		other = maas->nodes.items[i];
		if (other->parent == node)
			maas_node_drop(maas, other);
		if (i > maas->nodes.count)
			i = maas->nodes.count;
	}
	list_for_each (vlan, &maas->vlans) {
		if (vlan->primary_rack == node)
			vlan->primary_rack = NULL;
		if (vlan->secondary_rack == node)
			vlan->secondary_rack = NULL;
	}
	if (node->key)
		maas_key_free(maas, node->key);
	drop_results(maas, node);
	forget_in_events(maas, node);
	maas_power_drop_bmc(node);
	maas_list_remove(&maas->nodes, node);
	if (node->type == NODE_MACHINE)
		events_emit(
		    maas->host->events, "gone", maas->name, about, NULL, 0);
	maas->dns_dirty = true;
	maas_node_free(node);
	free(about);
}

char *maas_node_fqdn(const struct node *node)
{
	return xasprintf("%s.%s", node->hostname,
	    node->domain ? node->domain->name : "maas");
}

/* ---- interfaces ---- */

struct iface *maas_iface_unowned(
    struct maas *maas, const char *mac, struct vlan *vlan)
{
	struct iface *iface = xcalloc(1, sizeof(*iface));

	iface->name = xstrdup("eth0");
	iface->type = xstrdup("unknown");
	iface->mac = maas_mac_plain(mac);
	iface->vlan = vlan;
	iface->enabled = iface->link_connected = true;
	iface->params = json_object();
	maas_list_add(&maas->ifaces, iface);
	return iface;
}

struct iface *maas_iface_make(
    struct node *node, const char *name, const char *type, const char *mac)
{
	struct iface *iface = maas_iface_unowned(node->maas, mac, NULL);

	iface->node = node;
	maas_list_put(&node->ifaces, iface);
	maas_set_text(&iface->name, name);
	maas_set_text(&iface->type, type);
	if (!node->boot_iface)
		node->boot_iface = iface;
	return iface;
}

void maas_iface_free(struct iface *iface)
{
	free(iface->name);
	free(iface->type);
	free(iface->mac);
	free(iface->vendor);
	free(iface->product);
	free(iface->firmware);
	json_decref(iface->params);
	maas_names_free(&iface->tags);
	maas_list_clear(&iface->parents);
	free(iface);
}

static void leave_node(struct iface *iface)
{
	struct node *node = iface->node;

	maas_list_remove(&node->ifaces, iface);
	if (node->boot_iface == iface)
		node->boot_iface = node->ifaces.count ? node->ifaces.items[0]
		                                      : NULL;
}

void maas_iface_drop(struct maas *maas, struct iface *iface)
{
	struct iface *other;

	for (size_t i = maas->addresses.count; i-- > 0;) {
		struct address *address = maas->addresses.items[i];

		if (address->iface == iface)
			maas_address_drop(maas, address);
	}
	/* What is built on it goes with it once it has no other leg. */
	for (size_t i = maas->ifaces.count; i-- > 0;) {
		other = maas->ifaces.items[i];
		if (!maas_list_has(&other->parents, iface))
			continue;
		maas_list_remove(&other->parents, iface);
		if (other->parents.count == 0)
			maas_iface_drop(maas, other);
		if (i > maas->ifaces.count)
			i = maas->ifaces.count;
	}
	maas_list_remove(&maas->ifaces, iface);
	if (iface->node)
		leave_node(iface);
	maas->dns_dirty = true;
	maas_iface_free(iface);
}

struct iface *maas_iface_with_mac(const struct maas *maas, const char *mac)
{
	struct iface *iface;

	list_for_each (iface, &maas->ifaces) {
		if (strcasecmp(iface->mac, mac) == 0 &&
		    (strcmp(iface->type, "physical") == 0 || !iface->node))
			return iface;
	}
	return NULL;
}

/* ---- addresses of a machine ---- */

static bool is_shown(const struct address *address)
{
	return address->assigned && address->type != ALLOC_DISCOVERED;
}

/* Its own, or where it has none, what was lent to it. */
json_t *maas_node_addresses(const struct node *node)
{
	json_t *own = json_array(), *lent = json_array();
	struct address *address;
	char text[IP_TEXT];

	list_for_each (address, &node->addresses) {
		if (!address->assigned)
			continue;
		maas_ip_text(&address->ip, text);
		json_array_append_new(
		    is_shown(address) ? own : lent, json_string(text));
	}
	if (json_array_size(own) > 0) {
		json_decref(lent);
		return own;
	}
	json_decref(own);
	return lent;
}

/* What is kept for the interface, or the next that is free. */
static bool next_address(const struct address *address, struct ip *ip)
{
	struct maas *maas = address->iface->node->maas;
	const struct subnet *subnet = address->subnet;

	return (maas_ip_kept(maas, address->iface->mac, subnet, ip) &&
	           !maas_address_find(maas, ip)) ||
	       maas_address_next(maas, subnet, true, ip);
}

bool maas_node_claim_addresses(struct node *node, struct err *err)
{
	struct maas *maas = node->maas;
	struct address *address;
	char cidr[IP_TEXT + 4];
	struct ip ip;

	list_for_each (address, &node->addresses) {
		if (address->type != ALLOC_AUTO || address->assigned)
			continue;
		if (!next_address(address, &ip)) {
			maas_net_text(&address->subnet->net, cidr);
			return err_set(err, ERR_REFUSED,
			    "No more IPs available in subnet: %s.", cidr);
		}
		maas_address_assign(address, &ip, maas_time(maas));
	}
	maas_node_touch(node);
	return true;
}

void maas_node_drop_addresses(struct node *node)
{
	struct address *address;

	list_for_each (address, &node->addresses) {
		if (address->type == ALLOC_AUTO)
			address->assigned = false;
	}
	maas_node_touch(node);
}

/* ---- who may do what ---- */

bool maas_is_listed(const struct ask *ask, const struct node *node)
{
	if (maas_is_admin(ask))
		return true;
	if (node->type == NODE_RACK || node->type == NODE_REGION)
		return false;
	return !node->owner || node->owner == ask->user;
}

bool maas_may_see(const struct ask *ask, const struct node *node)
{
	return node->type != NODE_MACHINE || maas_is_listed(ask, node);
}

bool maas_may_edit(const struct ask *ask, const struct node *node)
{
	return !node->locked && maas_is_listed(ask, node);
}

static bool is_of_model(const struct node *node, const char *model)
{
	if (strcmp(model, "Machine") == 0)
		return node->type == NODE_MACHINE;
	if (strcmp(model, "Device") == 0)
		return node->type == NODE_DEVICE;
	if (strcmp(model, "RackController") == 0)
		return node->type == NODE_RACK;
	if (strcmp(model, "RegionController") == 0)
		return node->type == NODE_REGION;
	return true;
}

static struct node *asked(struct ask *ask, const char *model,
    bool (*may)(const struct ask *ask, const struct node *node))
{
	struct node *node = maas_node_find(ask->maas, ask->args[0]);

	if (!node || !is_of_model(node, model)) {
		maas_answer_missing(ask, model);
		return NULL;
	}
	if (!may(ask, node)) {
		maas_refuse(ask, 403, "%s", "");
		return NULL;
	}
	return node;
}

static bool may_admin(const struct ask *ask, const struct node *node)
{
	return maas_is_admin(ask) && !node->locked;
}

struct node *maas_ask_node(struct ask *ask, const char *model)
{
	return asked(ask, model, maas_may_see);
}

struct node *maas_ask_edit(struct ask *ask, const char *model)
{
	return asked(ask, model, maas_may_edit);
}

struct node *maas_ask_admin(struct ask *ask, const char *model)
{
	return asked(ask, model, may_admin);
}

struct node *maas_ask_edit_locked(struct ask *ask)
{
	return asked(ask, "Machine", maas_is_listed);
}

/* ---- machines of a scenario ---- */

static void add_tags(
    struct maas *maas, struct node *node, const char *const *tags)
{
	for (; tags && *tags; tags++) {
		if (!maas_tag_find(maas, *tags))
			maas_tag_make(maas, *tags);
		maas_names_add(&node->tags, *tags);
	}
}

static struct node *add_machine(
    struct maas *maas, const struct maas_machine_spec *spec)
{
	struct node *node = maas_node_make(maas, NODE_MACHINE, NULL);
	char *name = spec->hostname ? xstrdup(spec->hostname)
	                            : maas_node_new_name(maas);
	int number = (int)node->id;
	char mac[18];

	snprintf(mac, sizeof(mac), "52:54:00:%02x:%02x:01", number >> 8 & 0xff,
	    number & 0xff);
	maas_node_rename(node, name);
	free(name);
	if (spec->zone && !(node->zone = maas_zone_find(maas, spec->zone)))
		node->zone = maas_zone_make(maas, spec->zone, "");
	if (spec->pool && !(node->pool = maas_pool_find(maas, spec->pool)))
		node->pool = maas_pool_make(maas, spec->pool, "");
	add_tags(maas, node, spec->tags);
	maas_set_text(
	    &node->power_type, spec->power_type ? spec->power_type : "ipmi");
	maas_iface_make(node, "eth0", "physical", mac);
	maas_node_found(node,
	    &(struct hardware){
	        .cpu_count = spec->cpu_count ? spec->cpu_count : 8,
	        .memory = spec->memory_mib ? spec->memory_mib : 16384,
	        .disk_size = (int64_t)(spec->disk_gb ? spec->disk_gb : 480) *
	                     1000000000,
	        .number = number });
	node->status = NODE_READY;
	maas_set_text(&node->power_state, "off");
	if (maas->bmc && maas->bmc->plug_in)
		maas->bmc->plug_in(maas->bmc_ctx, node->system_id);
	return node;
}

const char *maas_add_machine(
    struct maas *maas, const struct maas_machine_spec *spec)
{
	const struct node *node = add_machine(maas, spec);

	maas_tell(maas);
	return node->system_id;
}

void maas_add_machines(
    struct maas *maas, const struct maas_machine_spec *spec, uint64_t count)
{
	while (count-- > 0)
		add_machine(maas, spec);
	maas_tell(maas);
}
