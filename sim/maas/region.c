#include "sim/maas/region.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "sim/maas/alike.h"
#include "sim/maas/dns.h"
#include "sim/maas/documents.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/images.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/people.h"
#include "sim/maas/power.h"
#include "sim/maas/results.h"
#include "sim/maas/server.h"
#include "sim/maas/ways.h"
#include "sim/maas/zones.h"

static const struct {
	const char *name;
	int number;
} versions[] = {
	{ "3.4", 304 },
	{ "3.5", 305 },
	{ "3.6", 306 },
	{ "3.7", 307 },
};

usec maas_time(const struct maas *maas)
{
	return host_time(maas->host);
}

void maas_set_text(char **text, const char *value)
{
	char *copy = xstrdup(value);

	free(*text);
	*text = copy;
}

/* ---- life ---- */

static bool read_version(
    struct maas *maas, const char *version, struct err *err)
{
	if (!version)
		version = "3.4";
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		size_t len = strlen(versions[i].name);

		if (strncmp(version, versions[i].name, len) == 0 &&
		    (version[len] == '\0' || version[len] == '.')) {
			maas->version = versions[i].number;
			return true;
		}
	}
	return err_set(err, ERR_INPUT,
	    "there is no model of MAAS %s; there are 3.4, 3.5, 3.6 and 3.7",
	    version);
}

static bool listen_at(
    struct maas *maas, const struct maas_options *options, struct err *err)
{
	struct service service = { .name = maas->name,
		.port = maas->port,
		.op_of = maas_op_of,
		.handle = maas_serve,
		.ctx = maas,
		.identity = options->identity };

	if (options->port == UINT16_MAX)
		return true;
	maas->listener = net_listen(maas->host->net, &service, err);
	return maas->listener != NULL;
}

static void dns_due(struct timer *timer)
{
	struct maas *maas = OWNER_OF(timer, struct maas, dns_timer);

	maas_dns_catch_up(maas);
}

/* maas/lab is reached as maas.lab where nobody says otherwise. */
static char *address_of(
    const struct host *host, const struct maas_options *options)
{
	char *address = xstrdup(
	    options->address ? options->address : host->name);

	for (char *at = address; *at && !options->address; at++)
		if (*at == '/')
			*at = '.';
	return address;
}

struct maas *maas_new(
    struct host *host, const struct maas_options *options, struct err *err)
{
	struct maas *maas = xcalloc(1, sizeof(*maas));

	maas->host = host;
	maas->name = xstrdup(options->name ? options->name : host->name);
	maas->options = *options;
	maas->port = options->port && options->port != UINT16_MAX
	                 ? options->port
	                 : 5240;
	maas->metadata_host = address_of(host, options);
	maas->ca_pem = options->identity ? xstrdup(options->ca_pem) : NULL;
	maas->address = xasprintf("%s:%u", maas->metadata_host, maas->port);
	maas->gated = options->gated;
	maas->bench = true;
	maas->ways = ways_new();
	timer_init(&maas->dns_timer, dns_due);
	if (!read_version(maas, options->version, err) ||
	    !listen_at(maas, options, err)) {
		free(maas->name);
		free(maas->address);
		free(maas->metadata_host);
		free(maas->ca_pem);
		ways_free(&maas->ways);
		free(maas);
		return NULL;
	}
	maas_defaults(maas);
	maas_tell(maas);
	return maas;
}

/* First the door, so that nobody comes in; then the things. */
void maas_free(struct maas **maas)
{
	struct maas *m = *maas;

	if (!m)
		return;
	listener_close(&m->listener);
	maas_clear(m);
	maas_nonces_free(&m->nonces);
	alike_model_drop(&m->shown_model);
	ways_free(&m->ways);
	timer_cancel(&m->dns_timer);
	json_decref(m->inventory);
	free(m->name);
	free(m->address);
	free(m->metadata_host);
	free(m->ca_pem);
	free(m);
	*maas = NULL;
}

struct listener *maas_listener(struct maas *maas)
{
	return maas->listener;
}

/* ---- all things ---- */

static void free_people(struct maas *maas)
{
	struct user *user;
	struct ssh_key *key;

	while (maas->keys.count)
		maas_key_free(maas, maas->keys.items[0]);
	list_for_each (key, &maas->ssh_keys)
		maas_ssh_key_free(key);
	list_for_each (user, &maas->users) {
		free(user->name);
		free(user->email);
		free(user->password);
		free(user);
	}
	maas_list_clear(&maas->keys);
	maas_list_clear(&maas->ssh_keys);
	maas_list_clear(&maas->users);
}

static void free_places(struct maas *maas)
{
	struct zone *zone;
	struct pool *pool;
	struct tag *tag;

	list_for_each (zone, &maas->zones) {
		free(zone->name);
		free(zone->description);
		free(zone);
	}
	list_for_each (pool, &maas->pools) {
		free(pool->name);
		free(pool->description);
		free(pool);
	}
	list_for_each (tag, &maas->tags) {
		free(tag->name);
		free(tag->definition);
		free(tag->comment);
		free(tag->kernel_opts);
		free(tag);
	}
	maas_list_clear(&maas->zones);
	maas_list_clear(&maas->pools);
	maas_list_clear(&maas->tags);
}

static void free_networks(struct maas *maas)
{
	struct address *address;
	struct iprange *range;
	struct subnet *subnet;
	struct vlan *vlan;
	struct fabric *fabric;
	struct space *space;

	list_for_each (address, &maas->addresses)
		free(address);
	list_for_each (range, &maas->ranges)
		maas_range_free(range);
	list_for_each (subnet, &maas->subnets)
		maas_subnet_free(subnet);
	list_for_each (vlan, &maas->vlans)
		maas_vlan_free(vlan);
	list_for_each (fabric, &maas->fabrics) {
		free(fabric->name);
		free(fabric->description);
		free(fabric->class_type);
		free(fabric);
	}
	list_for_each (space, &maas->spaces) {
		free(space->name);
		free(space->description);
		free(space);
	}
	maas_list_clear(&maas->addresses);
	maas_list_clear(&maas->ranges);
	maas_list_clear(&maas->subnets);
	maas_list_clear(&maas->vlans);
	maas_list_clear(&maas->fabrics);
	maas_list_clear(&maas->spaces);
}

static void free_names(struct maas *maas)
{
	struct dns_data *data;
	struct dns_resource *resource;
	struct dns_name *name;
	struct domain *domain;

	list_for_each (data, &maas->dns_data) {
		free(data->type);
		free(data->data);
		free(data);
	}
	list_for_each (resource, &maas->dns_resources)
		maas_dns_resource_free(resource);
	list_for_each (name, &maas->dns_names) {
		free(name->fqdn);
		free(name->published);
		free(name->wanted);
		free(name);
	}
	list_for_each (domain, &maas->domains) {
		free(domain->name);
		free(domain);
	}
	maas_list_clear(&maas->dns_data);
	maas_list_clear(&maas->dns_resources);
	maas_list_clear(&maas->dns_names);
	maas_list_clear(&maas->domains);
}

static void free_documents(struct list *list)
{
	struct document *document;

	list_for_each (document, list) {
		json_decref(document->shown);
		free(document);
	}
	maas_list_clear(list);
}

static void free_the_rest(struct maas *maas)
{
	struct node_event *event;
	struct image *image;
	struct stored_file *file;

	list_for_each (event, &maas->events) {
		free(event->type);
		free(event->description);
		free(event->username);
		free(event->hostname);
		free(event);
	}
	list_for_each (image, &maas->images)
		maas_image_free(image);
	list_for_each (file, &maas->files) {
		free(file->filename);
		free(file->key);
		buf_free(&file->content);
		free(file);
	}
	maas_list_clear(&maas->events);
	maas_list_clear(&maas->images);
	maas_list_clear(&maas->files);
	free_documents(&maas->routes);
	free_documents(&maas->notifications);
	free_documents(&maas->repositories);
	free_documents(&maas->snippets);
	free_documents(&maas->license_keys);
	free_documents(&maas->vm_hosts);
	free_documents(&maas->boot_sources);
	free_documents(&maas->selections);
	free_documents(&maas->scripts);
	free_documents(&maas->ssl_keys);
	free_documents(&maas->neighbours);
	free_documents(&maas->reserved_ips);
	free_documents(&maas->vm_listeners);
	maas_names_free(&maas->strangers);
	json_decref(maas->config);
	json_decref(maas->power_types);
	maas->config = maas->power_types = NULL;
}

/* Machines first: they refer to everything else. */
void maas_clear(struct maas *maas)
{
	struct node *node;
	struct iface *iface;
	struct script_set *set;

	list_for_each (node, &maas->nodes) {
		maas_power_forget(node);
		maas_bench_forget(node);
	}
	list_for_each (set, &maas->results)
		maas_results_free(set);
	maas_list_clear(&maas->results);
	list_for_each (iface, &maas->ifaces)
		maas_iface_free(iface);
	maas_list_clear(&maas->ifaces);
	free_people(maas);
	list_for_each (node, &maas->nodes)
		maas_node_free(node);
	maas_list_clear(&maas->nodes);
	text_index_free(&maas->by_system_id);
	text_index_free(&maas->by_hostname);
	free_names(maas);
	free_networks(maas);
	free_places(maas);
	free_the_rest(maas);
	timer_cancel(&maas->dns_timer);
	maas->dns_dirty = false;
	maas->bmc_refuses = false;
	maas->installs_to_fail = 0;
	maas->default_domain = NULL;
	maas->default_zone = NULL;
	maas->default_pool = NULL;
}

static void default_networks(struct maas *maas)
{
	struct fabric *fabric = maas_fabric_make(maas, "fabric-0");

	maas_vlan_make(maas, fabric, 0, "untagged");
}

/* Sequences of a real data base begin at 1, but for these. */
void maas_start_sequences(struct maas *maas)
{
	struct list *const from_one[] = { &maas->users, &maas->keys,
		&maas->ssh_keys, &maas->zones, &maas->tags, &maas->spaces,
		&maas->vlans, &maas->subnets, &maas->ranges, &maas->addresses,
		&maas->dns_resources, &maas->dns_data, &maas->dns_names,
		&maas->nodes, &maas->ifaces, &maas->events, &maas->results,
		&maas->images, &maas->files, &maas->routes,
		&maas->notifications, &maas->repositories, &maas->snippets,
		&maas->license_keys, &maas->vm_hosts, &maas->boot_sources,
		&maas->selections, &maas->scripts, &maas->ssl_keys,
		&maas->neighbours, &maas->reserved_ips, &maas->vm_listeners };

	for (size_t i = 0; i < sizeof(from_one) / sizeof(from_one[0]); i++)
		maas_list_start(from_one[i], 1);
	maas_list_start(&maas->pools, 0);
	maas_list_start(&maas->domains, 0);
	maas_list_start(&maas->fabrics, 0);
	maas->next_drive_id = maas->next_partition_id = 1;
	maas->next_group_id = maas->next_cache_set_id = 1;
	maas->next_run_id = maas->next_file_id = maas->next_version_id = 1;
	maas->next_card_id = 1;
	memset(maas->lost_events, 0, sizeof(maas->lost_events));
}

void maas_defaults(struct maas *maas)
{
	maas_start_sequences(maas);
	maas_user_make(maas, "MAAS", "maas@localhost", false)->system = true;
	maas_user_make(
	    maas, "maas-init-node", "node-init-user@localhost", false)
	    ->system = true;
	maas->default_zone = maas_zone_make(maas, "default", "");
	maas->default_pool = maas_pool_make(maas, "default", "Default pool");
	maas->default_domain = maas_domain_make(maas, "maas");
	default_networks(maas);
	maas->config = maas_config_defaults(maas);
	maas_documents_defaults(maas);
	maas_user_key(maas, "admin", true);
}

/* ---- what the rest of the world may know ---- */

static char *told_address(const struct node *node)
{
	json_t *addresses = maas_node_addresses(node);
	const char *first = json_string_value(json_array_get(addresses, 0));
	char *text = xstrdup(first ? first : "");

	json_decref(addresses);
	return text;
}

static void tell_node(struct maas *maas, struct node *node)
{
	char *about, *address, *all;

	node->touched = false;
	if (node->type != NODE_MACHINE)
		return;
	address = told_address(node);
	all = xasprintf("%s|%s|%s|%s|%s|%s|%s|%s|%d",
	    maas_status_name(node->status),
	    node->owner ? node->owner->name : "", node->hostname,
	    node->power_state, node->zone->name,
	    node->pool ? node->pool->name : "", node->agent_name, address,
	    node->locked);
	if (!node->last_told || strcmp(node->last_told, all) != 0) {
		about = xasprintf("%s/machine/%s", maas->name, node->system_id);
		EVENT(maas->host->events, "state", maas->name, about,
		    F("status", maas_status_name(node->status)),
		    F("owner", node->owner ? node->owner->name : ""),
		    F("hostname", node->hostname),
		    F("power", node->power_state), F("zone", node->zone->name),
		    F("pool", node->pool ? node->pool->name : ""),
		    F("agent_name", node->agent_name), F("address", address),
		    F("locked", node->locked ? "yes" : "no"));
		free(about);
		maas_set_text(&node->last_told, all);
	}
	free(all);
	free(address);
}

static void drop_leaving(struct maas *maas)
{
	for (size_t i = maas->nodes.count; i-- > 0;) {
		struct node *node = maas->nodes.items[i];

		if (node->leaving)
			maas_node_drop(maas, node);
	}
}

void maas_tell(struct maas *maas)
{
	struct node *node;
	bool any_leaves = false;

	maas->edition++;
	list_for_each (node, &maas->nodes) {
		if (node->touched)
			tell_node(maas, node);
		any_leaves |= node->leaving;
	}
	if (any_leaves)
		drop_leaving(maas);
	if (maas->dns_dirty)
		maas_dns_changed(maas);
}

/* ---- the world builder's side ---- */

const char *maas_user_key(struct maas *maas, const char *name, bool admin)
{
	struct user *user = maas_user_find(maas, name);
	struct api_key *key;

	if (!user) {
		char *email = xasprintf("%s@example.com", name);

		user = maas_user_make(maas, name, email, admin);
		free(email);
	}
	user->admin = user->admin || admin;
	list_for_each (key, &maas->keys) {
		if (key->user == user && !key->node)
			return key->shown;
	}
	return maas_key_make(maas, user, "MAAS consumer")->shown;
}

const char *maas_rotate_key(struct maas *maas, const char *name)
{
	struct user *user = maas_user_find(maas, name);

	check(user);
	for (size_t i = maas->keys.count; i-- > 0;) {
		struct api_key *key = maas->keys.items[i];

		if (key->user == user && !key->node)
			maas_key_free(maas, key);
	}
	return maas_key_make(maas, user, "MAAS consumer")->shown;
}

void maas_add_image(struct maas *maas, const char *name)
{
	maas_image_make(maas, name, NULL);
}

void maas_connect_bmc(struct maas *maas, const struct bmc_ops *ops, void *ctx)
{
	maas->bmc = ops;
	maas->bmc_ctx = ctx;
}
