#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists and reading ---- */

void maas_op_subnets_list(struct ask *ask)
{
	json_t *list = json_array();
	struct subnet *subnet;

	list_for_each (subnet, &ask->maas->subnets)
		json_array_append_new(list, maas_subnet_json(subnet));
	maas_answer(ask, list);
}

static struct subnet *subnet_asked(struct ask *ask, bool to_change)
{
	struct subnet *subnet = maas_subnet_named(ask->maas, ask->args[0]);

	if (!subnet)
		maas_answer_missing(ask, "Subnet");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : subnet;
}

void maas_op_subnets_read(struct ask *ask)
{
	struct subnet *subnet = subnet_asked(ask, false);

	if (subnet)
		maas_answer(ask, maas_subnet_json(subnet));
}

/* ---- the form ---- */

#define LONGEST_NAME 255

struct subnet_form {
	struct ip_net net;
	struct vlan *vlan;
	const char *cidr, *name, *description, *gateway, *disabled;
	int rdns_mode;
	bool managed, allow_dns, allow_proxy, active_discovery;
};

static void read_cidr(struct ask *ask, struct subnet_form *form,
    const struct subnet *self, json_t *errors)
{
	struct subnet *subnet;

	form->cidr = maas_field(ask, "cidr");
	if (!form->cidr && self)
		return;
	if (!form->cidr || !*form->cidr) {
		maas_error(errors, "cidr", "This field is required.");
		return;
	}
	if (!maas_net_parse(form->cidr, &form->net)) {
		maas_error(
		    errors, "cidr", "Required format: <network>/<prefixlen>.");
		return;
	}
	if (form->net.bits == 0) {
		maas_error(
		    errors, "cidr", "Prefix length must be greater than 0.");
		return;
	}
	list_for_each (subnet, &ask->maas->subnets) {
		bool equal = subnet->net.bits == form->net.bits &&
		             maas_ip_compare(
		                 &subnet->net.base, &form->net.base) == 0;
		bool overlap = maas_net_has(&subnet->net, &form->net.base) ||
		               maas_net_has(&form->net, &subnet->net.base);

		if (subnet == self)
			continue;
		if (equal) {
			maas_error(errors, "cidr",
			    "Subnet with this Cidr already exists.");
			return;
		}
		if (overlap && ask->maas->version >= 307) {
			maas_error(errors, "cidr",
			    "Subnet %s would overlap with existing subnets.",
			    form->cidr);
			return;
		}
	}
}

static void no_choice(json_t *errors, const char *field)
{
	maas_error(errors, field,
	    "Select a valid choice. That choice is not one of the available "
	    "choices.");
}

/* Where a new one goes that names no VLAN. */
static void place(struct ask *ask, struct subnet_form *form,
    struct fabric *fabric, int64_t vid, json_t *errors)
{
	struct fabric *in = fabric ? fabric : ask->maas->fabrics.items[0];
	struct vlan *vlan;

	if (!vid) {
		form->vlan = maas_vlan_default(ask->maas, in);
		return;
	}
	list_for_each (vlan, &ask->maas->vlans) {
		if (vlan->fabric == in && vlan->vid == vid)
			form->vlan = vlan;
	}
	if (form->vlan)
		return;
	if (fabric)
		maas_error(errors, "vid",
		    "No VLAN with vid %lld in fabric name=%s.", (long long)vid,
		    fabric->name);
	else
		maas_error(errors, "vid",
		    "No VLAN with vid %lld in default fabric.", (long long)vid);
}

/* The fabric and the VID help to find the VLAN of a new one only. */
static void read_vlan(struct ask *ask, struct subnet_form *form,
    const struct subnet *self, json_t *errors)
{
	const char *vlan_id = maas_field(ask, "vlan");
	const char *fabric_id = maas_field(ask, "fabric");
	const char *text = maas_stripped(ask, "vid");
	struct fabric *fabric = NULL;
	struct vlan *vlan = NULL;
	int64_t vid = 0;

	if (fabric_id && *fabric_id &&
	    !(fabric = maas_list_find(
	          &ask->maas->fabrics, maas_number(fabric_id))))
		no_choice(errors, "fabric");
	if (vlan_id && *vlan_id &&
	    !(vlan = maas_list_find(&ask->maas->vlans, maas_number(vlan_id))))
		no_choice(errors, "vlan");
	if (text && *text)
		maas_form_number(errors, "vid", text, 0, 4094, &vid);
	if (vlan)
		form->vlan = vlan;
	if (self)
		return;
	if (!vlan)
		place(ask, form, fabric, vid, errors);
	else if (fabric && vlan->fabric != fabric)
		maas_error(errors, "vlan",
		    "VLAN %s.%s is not in fabric name=%s.", vlan->fabric->name,
		    vlan->name, fabric->name);
}

static void read_gateway(
    struct ask *ask, struct subnet_form *form, json_t *errors)
{
	struct ip ip;

	form->gateway = maas_field(ask, "gateway_ip");
	if (!form->gateway || !*form->gateway || json_object_size(errors))
		return;
	if (!maas_ip_parse(form->gateway, &ip))
		maas_error(errors, "gateway_ip",
		    "Enter a valid IPv4 or IPv6 address.");
	else if (!maas_net_has(&form->net, &ip))
		maas_error(errors, "gateway_ip",
		    "Gateway IP must be within CIDR range.");
}

static void read_rdns(struct ask *ask, struct subnet_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "rdns_mode");

	if (!text || !*text)
		return;
	if (maas_number(text) < 0 || maas_number(text) > 2)
		maas_error(errors, "rdns_mode",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    text);
	else
		form->rdns_mode = (int)maas_number(text);
}

static bool is_name_letter(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c && strchr("_.: /-", c));
}

static void read_name(struct ask *ask, struct subnet_form *form, json_t *errors)
{
	const char *at = form->name = maas_stripped(ask, "name");

	if (!at)
		return;
	while (is_name_letter(*at))
		at++;
	if (maas_letters(form->name) > LONGEST_NAME)
		maas_error(errors, "name", MAAS_TOO_LONG, LONGEST_NAME,
		    maas_letters(form->name));
	else if (*at)
		maas_error(errors, "name", "Enter a valid value.");
}

/* The field may be repeated, and each time hold several addresses. The last
 * one decides whether there are any. */
static struct names dns_servers(const struct ask *ask)
{
	const char *last = maas_field(ask, "dns_servers"), *text;
	struct names names = { 0 };
	size_t at = 0;

	while (last && *last &&
	       (text = maas_form_next(&ask->body.form, "dns_servers", &at)))
		maas_names_split(&names, text, ", \t\n\v\f\r");
	return names;
}

static void check_dns(const struct ask *ask, json_t *errors)
{
	struct names names = dns_servers(ask);
	struct ip ip;

	for (size_t i = 0; i < names.count; i++) {
		if (maas_ip_parse(names.items[i], &ip))
			continue;
		maas_error(errors, "__all__",
		    "Invalid IP address: %s; provide a list of "
		    "space-separated IP addresses",
		    names.items[i]);
		break;
	}
	maas_names_free(&names);
}

static bool read_form(
    struct ask *ask, struct subnet_form *form, const struct subnet *self)
{
	const struct form *fields = &ask->body.form;
	json_t *errors = json_object();

	read_cidr(ask, form, self, errors);
	if (!json_object_size(errors))
		read_vlan(ask, form, self, errors);
	read_gateway(ask, form, errors);
	read_rdns(ask, form, errors);
	read_name(ask, form, errors);
	if (maas_field(ask, "space"))
		maas_error(errors, "space",
		    "Spaces may no longer be set on subnets. Set the space on "
		    "the underlying VLAN.");
	check_dns(ask, errors);
	form->description = maas_field(ask, "description");
	form->disabled = maas_field(ask, "disabled_boot_architectures");
	if (!maas_fine(ask, errors))
		return false;
	return maas_flag(
	           ask, fields, "managed", form->managed, &form->managed) &&
	       maas_flag(ask, fields, "allow_dns", form->allow_dns,
	           &form->allow_dns) &&
	       maas_flag(ask, fields, "allow_proxy", form->allow_proxy,
	           &form->allow_proxy) &&
	       maas_flag(ask, fields, "active_discovery",
	           form->active_discovery, &form->active_discovery);
}

static void write_form(const struct ask *ask, const struct subnet_form *form,
    struct subnet *subnet)
{
	subnet->net = form->net;
	subnet->vlan = form->vlan;
	subnet->rdns_mode = form->rdns_mode;
	subnet->managed = form->managed;
	subnet->allow_dns = form->allow_dns;
	subnet->allow_proxy = form->allow_proxy;
	subnet->active_discovery = form->active_discovery;
	if (form->name && *form->name)
		maas_set_text(&subnet->name, form->name);
	if (form->description)
		maas_set_text(&subnet->description, form->description);
	if (form->gateway)
		maas_set_text(&subnet->gateway, form->gateway);
	if (maas_field(ask, "dns_servers")) {
		maas_names_free(&subnet->dns_servers);
		subnet->dns_servers = dns_servers(ask);
	}
	if (form->disabled) {
		maas_names_free(&subnet->disabled_architectures);
		maas_names_split(
		    &subnet->disabled_architectures, form->disabled, " ,");
	}
}

void maas_op_subnets_create(struct ask *ask)
{
	struct subnet_form form = { .rdns_mode = 2,
		.managed = true,
		.allow_dns = true,
		.allow_proxy = true };
	struct subnet *subnet;

	if (!read_form(ask, &form, NULL))
		return;
	subnet = maas_subnet_make(ask->maas, &form.net, form.vlan);
	/* named as it was written, host bits and all */
	maas_set_text(&subnet->name, form.cidr);
	subnet->gateway = xstrdup("");
	write_form(ask, &form, subnet);
	maas_answer(ask, maas_subnet_json(subnet));
}

void maas_op_subnets_update(struct ask *ask)
{
	struct subnet *subnet = subnet_asked(ask, true);
	struct subnet_form form;

	if (!subnet)
		return;
	form = (struct subnet_form){ .net = subnet->net,
		.vlan = subnet->vlan,
		.rdns_mode = subnet->rdns_mode,
		.managed = subnet->managed,
		.allow_dns = subnet->allow_dns,
		.allow_proxy = subnet->allow_proxy,
		.active_discovery = subnet->active_discovery };
	if (!read_form(ask, &form, subnet))
		return;
	write_form(ask, &form, subnet);
	maas_answer(ask, maas_subnet_json(subnet));
}

/* ---- delete ---- */

static bool serves_dhcp(const struct maas *maas, const struct subnet *subnet)
{
	struct iprange *range;

	list_for_each (range, &maas->ranges) {
		if (range->subnet == subnet && range->dynamic &&
		    subnet->vlan->dhcp_on)
			return true;
	}
	return false;
}

static bool in_use(const struct maas *maas, const struct subnet *subnet)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->subnet == subnet && address->assigned)
			return true;
	}
	return false;
}

static void subnet_drop(struct maas *maas, struct subnet *subnet)
{
	struct address *address;

	for (size_t i = maas->ranges.count; i-- > 0;) {
		struct iprange *range = maas->ranges.items[i];

		if (range->subnet != subnet)
			continue;
		maas_list_remove(&maas->ranges, range);
		maas_range_free(range);
	}
	list_for_each (address, &maas->addresses) {
		if (address->subnet == subnet)
			address->subnet = NULL;
	}
	maas_static_routes_forget(maas, subnet);
	maas_list_remove(&maas->subnets, subnet);
	maas_subnet_free(subnet);
}

void maas_op_subnets_delete(struct ask *ask)
{
	struct subnet *subnet = subnet_asked(ask, true);
	bool force;

	if (!subnet || !maas_flag(ask, &ask->query, "force", false, &force))
		return;
	if (serves_dhcp(ask->maas, subnet)) {
		maas_refuse(ask, 400,
		    "Cannot delete a subnet that is actively servicing a "
		    "dynamic IP range. (Delete the dynamic range or disable "
		    "DHCP first.)");
		return;
	}
	if (ask->maas->version >= 307 && !force && in_use(ask->maas, subnet)) {
		maas_refuse(ask, 400,
		    "Cannot delete a subnet with IP addresses in use. Use "
		    "force=true to delete it anyway.");
		return;
	}
	subnet_drop(ask->maas, subnet);
	maas_answer_gone(ask);
}

/* ---- what is used and what is free ---- */

static json_t *count_json(ip_number count)
{
	return count > (ip_number)INT64_MAX ? json_integer(INT64_MAX)
	                                    : json_integer((json_int_t)count);
}

static ip_number size_of(const struct usage *usage)
{
	return usage->last.number - usage->first.number + 1;
}

static json_t *usage_json(const struct usage *usage, const char *purpose)
{
	char first[IP_TEXT], last[IP_TEXT];
	json_t *json;

	maas_ip_text(&usage->first, first);
	maas_ip_text(&usage->last, last);
	json = json_pack("{s:s, s:s, s:o}", "start", first, "end", last,
	    "num_addresses", count_json(size_of(usage)));
	if (purpose)
		json_object_set_new(json, "purpose", json_pack("[s]", purpose));
	return json;
}

static void answer_ranges(struct ask *ask, bool want_free)
{
	struct subnet *subnet = subnet_asked(ask, false);
	struct usage *usages;
	json_t *list;
	size_t count;

	if (!subnet)
		return;
	list = json_array();
	usages = maas_subnet_usages(ask->maas, subnet, &count);
	for (size_t i = 0; i < count; i++)
		if (!usages[i].purpose == want_free)
			json_array_append_new(
			    list, usage_json(&usages[i], usages[i].purpose));
	free(usages);
	maas_answer(ask, list);
}

void maas_op_subnets_reserved_ip_ranges(struct ask *ask)
{
	answer_ranges(ask, false);
}

void maas_op_subnets_unreserved_ip_ranges(struct ask *ask)
{
	answer_ranges(ask, true);
}

static json_t *statistics_json(const struct usage *usages, size_t count)
{
	ip_number available = 0, largest = 0, total = 0;
	char first[IP_TEXT] = "", last[IP_TEXT] = "", used[16], left[16];
	double usage;
	int percent;

	for (size_t i = 0; i < count; i++) {
		total += size_of(&usages[i]);
		if (usages[i].purpose)
			continue;
		available += size_of(&usages[i]);
		if (size_of(&usages[i]) > largest)
			largest = size_of(&usages[i]);
	}
	if (count) {
		maas_ip_text(&usages[0].first, first);
		maas_ip_text(&usages[count - 1].last, last);
	}
	usage = total ? (double)(total - available) / (double)total : 0;
	percent = (int)(usage * 100 + 0.5);
	snprintf(used, sizeof(used), "%d%%", percent);
	snprintf(left, sizeof(left), "%d%%", 100 - percent);
	return json_pack("{s:o, s:o, s:o, s:o, s:f, s:s, s:s, s:s, s:s, s:i}",
	    "num_available", count_json(available), "largest_available",
	    count_json(largest), "num_unavailable",
	    count_json(total - available), "total_addresses", count_json(total),
	    "usage", usage, "usage_string", used, "available_string", left,
	    "first_address", first, "last_address", last, "ip_version",
	    count ? usages[0].first.version : 4);
}

void maas_op_subnets_statistics(struct ask *ask)
{
	struct subnet *subnet = subnet_asked(ask, false);
	struct usage *usages;
	json_t *json, *ranges;
	size_t count;
	bool with_ranges;

	if (!subnet ||
	    !maas_flag(ask, &ask->query, "include_ranges", false, &with_ranges))
		return;
	usages = maas_subnet_usages(ask->maas, subnet, &count);
	json = statistics_json(usages, count);
	if (with_ranges) {
		ranges = json_array();
		for (size_t i = 0; i < count; i++)
			json_array_append_new(ranges,
			    usage_json(&usages[i], usages[i].purpose
			                               ? usages[i].purpose
			                               : "unused"));
		json_object_set_new(json, "ranges", ranges);
	}
	free(usages);
	maas_answer(ask, json);
}

/* ---- who has which address ---- */

static json_t *summary_json(const struct iface *iface)
{
	const struct node *node = iface->node;
	char *fqdn = maas_node_fqdn(node);
	json_t *json = json_pack("{s:s, s:i, s:s, s:s, s:b, s:s}", "system_id",
	    node->system_id, "node_type", (int)node->type, "fqdn", fqdn,
	    "hostname", node->hostname, "is_container", 0, "via", iface->name);

	free(fqdn);
	return json;
}

static void add_records(
    const struct maas *maas, json_t *json, const struct address *address)
{
	struct dns_resource *resource;
	json_t *list = json_array();

	list_for_each (resource, &maas->dns_resources) {
		for (size_t i = 0; i < resource->address_count; i++)
			if (resource->addresses[i] == address)
				json_array_append_new(
				    list, json_pack("{s:I, s:s, s:s}", "id",
				              (json_int_t)resource->id, "name",
				              resource->name, "domain",
				              resource->domain->name));
	}
	if (json_array_size(list))
		json_object_set(json, "dns_records", list);
	json_decref(list);
}

static const char *user_of(const struct address *address)
{
	const struct node *node = address->iface ? address->iface->node : NULL;

	if (address->user)
		return address->user->name;
	if (node && node->type >= NODE_RACK)
		return "MAAS";
	return node && node->owner ? node->owner->name : NULL;
}

static json_t *entry_json(const struct maas *maas,
    const struct address *address, bool with_user, bool with_summary)
{
	char ip[IP_TEXT], created[40], updated[40];
	json_t *json;

	maas_ip_text(&address->ip, ip);
	maas_time_words(address->created_time, created);
	maas_time_words(address->updated_time, updated);
	json = json_pack("{s:s, s:i, s:s, s:s}", "ip", ip, "alloc_type",
	    (int)address->type, "created", created, "updated", updated);
	if (with_summary && address->iface && address->iface->node)
		json_object_set_new(
		    json, "node_summary", summary_json(address->iface));
	if (with_summary)
		add_records(maas, json, address);
	if (with_user && user_of(address))
		json_object_set_new(
		    json, "user", json_string(user_of(address)));
	return json;
}

static int by_ip(const void *a, const void *b)
{
	const struct address *const *x = a, *const *y = b;

	return maas_ip_compare(&(*x)->ip, &(*y)->ip);
}

void maas_op_subnets_ip_addresses(struct ask *ask)
{
	struct subnet *subnet = subnet_asked(ask, false);
	struct list *all = &ask->maas->addresses;
	struct address **sorted;
	json_t *list;
	bool with_user, with_summary;
	size_t count = 0;

	if (!subnet ||
	    !maas_flag(ask, &ask->query, "with_username", true, &with_user) ||
	    !maas_flag(ask, &ask->query, "with_summary", true, &with_summary))
		return;
	list = json_array();
	sorted = xcalloc(all->count + 1, sizeof(*sorted));
	for (size_t i = 0; i < all->count; i++) {
		struct address *address = all->items[i];

		if (address->subnet == subnet && address->assigned)
			sorted[count++] = address;
	}
	qsort(sorted, count, sizeof(*sorted), by_ip);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
		    entry_json(ask->maas, sorted[i], with_user, with_summary));
	free(sorted);
	maas_answer(ask, list);
}
