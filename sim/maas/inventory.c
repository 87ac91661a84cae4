#include "sim/maas/region.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/dns.h"
#include "sim/maas/documents.h"
#include "sim/maas/images.h"
#include "sim/maas/inventory_shape.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/zones.h"

/*
 * From an inventory (docs/inventory.md) to a region.
 *
 * Machines are not written down in the state they are in: they live through
 * what such a machine has lived through (made, commissioned, allocated,
 * deployed ...), so that events, results and rows of addresses are there too.
 *
 * What is read has been judged before (inventory_shape.h): a text is a text.
 */

static const json_t *each(const json_t *inventory, const char *list, size_t i)
{
	return json_array_get(json_object_get(inventory, list), i);
}

static size_t count_of(const json_t *inventory, const char *list)
{
	return json_array_size(json_object_get(inventory, list));
}

/* A thing that keeps the id it was recorded with. */
static void keep_id(struct list *list, void *thing, const json_t *from)
{
	const json_t *id = json_object_get(from, "id");

	if (!json_is_integer(id) ||
	    ((struct thing *)thing)->id == json_integer_value(id))
		return;
	maas_list_remove(list, thing);
	((struct thing *)thing)->id = json_integer_value(id);
	maas_list_put(list, thing);
}

/* ---- people and places ---- */

static void load_key(struct maas *maas, struct user *user, const char *text)
{
	struct names parts = { 0 };

	maas_names_split(&parts, text, ":");
	if (parts.count == 3)
		maas_key_put(maas, user, "golden recorder", parts.items[0],
		    parts.items[1], parts.items[2]);
	else
		maas_key_make(maas, user, "MAAS consumer");
	maas_names_free(&parts);
}

static void load_ssh_keys(
    struct maas *maas, struct user *user, const json_t *from)
{
	for (size_t i = 0; i < count_of(from, "ssh_keys"); i++) {
		struct ssh_key *key = xcalloc(1, sizeof(*key));

		key->user = user;
		key->key = xstrdup(
		    json_string_value(each(from, "ssh_keys", i)));
		maas_list_add(&maas->ssh_keys, key);
	}
}

static void load_users(struct maas *maas, const json_t *inventory)
{
	const char *name;
	json_t *value;

	maas_user_make(maas, "MAAS", "maas@localhost", false)->system = true;
	maas_user_make(
	    maas, "maas-init-node", "node-init-user@localhost", false)
	    ->system = true;
	json_object_foreach(json_object_get(inventory, "users"), name, value)
	{
		char *email = xasprintf("%s@example.com", name);
		struct user *user = maas_user_make(
		    maas, name, email, jbool(value, "is_superuser"));

		load_key(maas, user, jstr(value, "api_key"));
		load_ssh_keys(maas, user, value);
		free(email);
	}
	if (!maas_user_find(maas, "admin"))
		maas_user_key(maas, "admin", true);
}

static void load_places(struct maas *maas, const json_t *inventory)
{
	for (size_t i = 0; i < count_of(inventory, "zones"); i++) {
		const json_t *from = each(inventory, "zones", i);
		struct zone *zone = maas_zone_make(
		    maas, jstr(from, "name"), jstr(from, "description"));

		keep_id(&maas->zones, zone, from);
	}
	maas->default_zone = maas_zone_find(maas, "default");
	if (!maas->default_zone)
		maas->default_zone = maas_zone_make(maas, "default", "");
	for (size_t i = 0; i < count_of(inventory, "pools"); i++) {
		const json_t *from = each(inventory, "pools", i);
		struct pool *pool = maas_pool_make(
		    maas, jstr(from, "name"), jstr(from, "description"));

		keep_id(&maas->pools, pool, from);
	}
	maas->default_pool = maas_pool_find(maas, "default");
	if (!maas->default_pool)
		maas->default_pool = maas_pool_make(
		    maas, "default", "Default pool");
	for (size_t i = 0; i < count_of(inventory, "tags"); i++) {
		const json_t *from = each(inventory, "tags", i);
		struct tag *tag = maas_tag_make(maas, jstr(from, "name"));

		maas_set_text(&tag->comment, jstr(from, "comment"));
		maas_set_text(&tag->definition, jstr(from, "definition"));
		maas_set_text(&tag->kernel_opts, jstr(from, "kernel_opts"));
	}
}

static void load_domains(struct maas *maas, const json_t *inventory)
{
	for (size_t i = 0; i < count_of(inventory, "domains"); i++) {
		const json_t *from = each(inventory, "domains", i);
		struct domain *domain = maas_domain_make(
		    maas, jstr(from, "name"));

		keep_id(&maas->domains, domain, from);
		if (json_is_integer(json_object_get(from, "ttl")))
			domain->ttl = jint(from, "ttl");
		if (json_is_false(json_object_get(from, "authoritative")))
			domain->authoritative = false;
		if (jbool(from, "is_default"))
			maas->default_domain = domain;
	}
	if (!maas->default_domain)
		maas->default_domain = maas_domain_make(maas, "maas");
}

/* ---- networks ---- */

static void load_spaces(struct maas *maas, const json_t *inventory)
{
	for (size_t i = 0; i < count_of(inventory, "spaces"); i++) {
		const json_t *from = each(inventory, "spaces", i);
		struct space *space;

		if (strcmp(jstr(from, "name"), "undefined") == 0)
			continue;
		space = xcalloc(1, sizeof(*space));
		space->name = xstrdup(jstr(from, "name"));
		space->description = xstrdup(jstr(from, "description"));
		maas_list_add(&maas->spaces, space);
		keep_id(&maas->spaces, space, from);
	}
}

static struct space *space_named(struct maas *maas, const char *name)
{
	struct space *space;

	list_for_each (space, &maas->spaces) {
		if (strcmp(space->name, name) == 0)
			return space;
	}
	return NULL;
}

static void load_vlan(
    struct maas *maas, struct fabric *fabric, const json_t *from)
{
	struct vlan *vlan = maas_vlan_make(
	    maas, fabric, (int)jint(from, "vid"), jstr(from, "name"));

	keep_id(&maas->vlans, vlan, from);
	if (jint(from, "mtu"))
		vlan->mtu = (int)jint(from, "mtu");
	vlan->dhcp_on = jbool(from, "dhcp_on");
	vlan->space = space_named(maas, jstr(from, "space"));
	vlan->primary_rack = maas_node_find(maas, jstr(from, "primary_rack"));
	vlan->secondary_rack = maas_node_find(
	    maas, jstr(from, "secondary_rack"));
}

static void load_fabrics(struct maas *maas, const json_t *inventory)
{
	for (size_t i = 0; i < count_of(inventory, "fabrics"); i++) {
		const json_t *from = each(inventory, "fabrics", i);
		struct fabric *fabric = maas_fabric_make(
		    maas, jstr(from, "name"));

		keep_id(&maas->fabrics, fabric, from);
		if (*jstr(from, "class_type"))
			fabric->class_type = xstrdup(jstr(from, "class_type"));
		for (size_t v = 0; v < count_of(from, "vlans"); v++)
			load_vlan(maas, fabric, each(from, "vlans", v));
	}
	if (maas->fabrics.count == 0)
		maas_vlan_make(
		    maas, maas_fabric_make(maas, "fabric-0"), 0, "untagged");
}

/* NULL: it names one that there is not. */
static struct vlan *vlan_of(struct maas *maas, const json_t *from)
{
	return jhas(from, "vlan.id")
	           ? maas_list_find(&maas->vlans, jint(from, "vlan.id"))
	           : maas->vlans.items[0];
}

static bool load_subnets(
    struct maas *maas, const json_t *inventory, struct err *err)
{
	for (size_t i = 0; i < count_of(inventory, "subnets"); i++) {
		const json_t *from = each(inventory, "subnets", i);
		struct subnet *subnet;
		struct ip_net net;
		json_t *server;
		size_t k;

		if (!vlan_of(maas, from))
			return err_set(err, ERR_INPUT,
			    "inventory: subnets[%zu]: there is no VLAN %lld", i,
			    (long long)jint(from, "vlan.id"));
		check(maas_net_parse(jstr(from, "cidr"), &net));
		subnet = maas_subnet_make(maas, &net, vlan_of(maas, from));
		keep_id(&maas->subnets, subnet, from);
		if (*jstr(from, "name"))
			maas_set_text(&subnet->name, jstr(from, "name"));
		maas_set_text(&subnet->description, jstr(from, "description"));
		if (*jstr(from, "gateway_ip"))
			subnet->gateway = xstrdup(jstr(from, "gateway_ip"));
		json_array_foreach(json_object_get(from, "dns_servers"), k,
		    server) maas_names_add(&subnet->dns_servers,
		    json_string_value(server));
		if (json_is_false(json_object_get(from, "managed")))
			subnet->managed = false;
	}
	return true;
}

static bool load_ranges(
    struct maas *maas, const json_t *inventory, struct err *err)
{
	for (size_t i = 0; i < count_of(inventory, "ipranges"); i++) {
		const json_t *from = each(inventory, "ipranges", i);
		struct subnet *subnet = maas_list_find(
		    &maas->subnets, jint(from, "subnet.id"));
		struct iprange *range;
		struct ip first, last;

		if (!maas_ip_parse(jstr(from, "start_ip"), &first) ||
		    !maas_ip_parse(jstr(from, "end_ip"), &last))
			return err_set(err, ERR_INPUT,
			    "inventory: ipranges[%zu] has an empty address", i);
		if (!subnet)
			subnet = maas_subnet_of(maas, &first);
		if (!subnet)
			return err_set(err, ERR_INPUT,
			    "inventory: ipranges[%zu]: there is no subnet for "
			    "%s",
			    i, jstr(from, "start_ip"));
		range = maas_range_make(maas, subnet,
		    strcmp(jstr(from, "type"), "dynamic") == 0, &first, &last,
		    maas_user_find(maas, jstr(from, "user.username")),
		    jstr(from, "comment"));
		keep_id(&maas->ranges, range, from);
	}
	return true;
}

/* ---- images ---- */

static void load_file(struct image *image, const json_t *from, int64_t id)
{
	struct image_file *file = xcalloc(1, sizeof(*file));

	file->id = id;
	file->name = xstrdup(jstr(from, "filename"));
	file->filetype = xstrdup(jstr(from, "filetype"));
	file->sha256 = xstrdup(jstr(from, "sha256"));
	file->size = file->received = jint(from, "size");
	maas_list_put(&image->files, file);
}

static void load_images(struct maas *maas, const json_t *inventory)
{
	int64_t file_id = 1;

	for (size_t i = 0; i < count_of(inventory, "images"); i++) {
		const json_t *from = each(inventory, "images", i);
		struct image *image = maas_image_make(maas, jstr(from, "name"),
		    *jstr(from, "architecture") ? jstr(from, "architecture")
		                                : NULL);

		keep_id(&maas->images, image, from);
		if (*jstr(from, "subarches"))
			maas_set_text(
			    &image->subarches, jstr(from, "subarches"));
		if (*jstr(from, "version"))
			image->version = xstrdup(jstr(from, "version"));
		if (json_object_get(from, "extra"))
			image->extra = json_deep_copy(
			    json_object_get(from, "extra"));
		for (size_t k = 0; k < count_of(from, "files"); k++)
			load_file(image, each(from, "files", k), file_id++);
	}
	maas->next_file_id = jint(inventory, "next_file_id")
	                         ? jint(inventory, "next_file_id")
	                         : file_id;
	if (maas->images.count == 0)
		maas_image_make(maas, "ubuntu/jammy", "amd64/ga-22.04");
}

/* ---- the order of it all ---- */

static void load_numbers(struct maas *maas, const json_t *inventory)
{
	json_t *number;
	size_t i;

	json_array_foreach(
	    json_object_get(inventory, "lost_event_ids"), i, number)
	{
		if (i < sizeof(maas->lost_events) / sizeof(int64_t))
			maas->lost_events[i] = json_integer_value(number);
	}
	if (jint(inventory, "first_address_id"))
		maas->addresses.next_id = jint(inventory, "first_address_id");
	if (jint(inventory, "next_notification_id"))
		maas->notifications.next_id = jint(
		    inventory, "next_notification_id");
	if (jint(inventory, "next_vm_host_id"))
		maas->vm_hosts.next_id = jint(inventory, "next_vm_host_id");
}

static void load_documents(struct maas *maas, const json_t *inventory)
{
	json_t *value;
	const char *key;

	json_object_foreach(json_object_get(inventory, "config"), key, value)
	    json_object_set(maas->config, key, value);
	for (size_t i = 0; i < count_of(inventory, "notifications"); i++) {
		struct document *document = xcalloc(1, sizeof(*document));

		document->shown = json_deep_copy(
		    each(inventory, "notifications", i));
		maas_list_add(&maas->notifications, document);
	}
	maas->power_types = json_incref(
	    json_object_get(inventory, "power_types"));
}

/* So that what is made later has other ids than in a recording; fabrics and
 * spaces are named after theirs and stay. */
static void shift_ids(struct maas *maas, int64_t by)
{
	struct list *const lists[] = { &maas->zones, &maas->pools,
		&maas->domains, &maas->vlans, &maas->subnets, &maas->ranges,
		&maas->dns_resources, &maas->dns_data, &maas->ifaces,
		&maas->ssh_keys, &maas->images, &maas->vm_hosts };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		lists[i]->next_id += by ? by + (int64_t)i : 0;
}

bool maas_load(struct maas *maas, const json_t *inventory, struct err *err)
{
	json_t *kept;

	if (!maas_inventory_judge(inventory, err))
		return false;
	kept = json_clone(inventory);
	maas_clear(maas);
	maas_start_sequences(maas);
	json_decref(maas->inventory);
	maas->inventory = kept;
	maas->config = maas_config_defaults(maas);
	load_users(maas, kept);
	load_places(maas, kept);
	load_domains(maas, kept);
	load_spaces(maas, kept);
	load_numbers(maas, kept);
	maas_load_controllers(maas, kept);
	load_fabrics(maas, kept);
	if (!load_subnets(maas, kept, err) || !load_ranges(maas, kept, err))
		return false;
	load_images(maas, kept);
	load_documents(maas, kept);
	maas_documents_defaults(maas);
	if (!maas_load_machines(maas, kept, err))
		return false;
	if (jint(kept, "next_address_id") > maas->addresses.next_id)
		maas->addresses.next_id = jint(kept, "next_address_id");
	shift_ids(maas, jint(kept, "shift_ids"));
	maas_tell(maas);
	return true;
}
