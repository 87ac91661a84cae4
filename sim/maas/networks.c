#include "sim/maas/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/ask.h"
#include "sim/maas/ip.h"
#include "sim/maas/node.h"

/* Fabrics, VLANs, subnets and ranges as things; what clients do to them is in
 * fabrics.c and subnets.c. */

struct fabric *maas_fabric_make(struct maas *maas, const char *name)
{
	struct fabric *fabric = xcalloc(1, sizeof(*fabric));

	fabric->name = xstrdup(name);
	fabric->description = xstrdup("");
	maas_list_add(&maas->fabrics, fabric);
	return fabric;
}

struct vlan *maas_vlan_make(
    struct maas *maas, struct fabric *fabric, int vid, const char *name)
{
	struct vlan *vlan = xcalloc(1, sizeof(*vlan));

	vlan->vid = vid;
	vlan->mtu = 1500;
	vlan->name = xstrdup(name);
	vlan->description = xstrdup("");
	vlan->fabric = fabric;
	maas_list_add(&maas->vlans, vlan);
	return vlan;
}

void maas_vlan_free(struct vlan *vlan)
{
	free(vlan->name);
	free(vlan->description);
	free(vlan->external_dhcp);
	free(vlan);
}

/* The one with the lowest id: it came with the fabric. */
struct vlan *maas_vlan_default(
    const struct maas *maas, const struct fabric *fabric)
{
	struct vlan *vlan;

	list_for_each (vlan, &maas->vlans) {
		if (vlan->fabric == fabric)
			return vlan;
	}
	return NULL;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

json_t *maas_vlan_json(const struct vlan *vlan)
{
	char *uri;
	json_t *json;

	if (!vlan)
		return json_null();
	uri = xasprintf("/MAAS/api/2.0/vlans/%lld/", (long long)vlan->id);
	json = json_pack(
	    "{s:i, s:i, s:b, s:o, s:o, s:I, s:I, s:s, s:s, s:s, s:o, s:o, "
	    "s:s}",
	    "vid", vlan->vid, "mtu", vlan->mtu, "dhcp_on", vlan->dhcp_on,
	    "external_dhcp", text_or_null(vlan->external_dhcp), "relay_vlan",
	    maas_vlan_json(vlan->relay), "id", (json_int_t)vlan->id,
	    "fabric_id", (json_int_t)vlan->fabric->id, "name", vlan->name,
	    "space", vlan->space ? vlan->space->name : "undefined", "fabric",
	    vlan->fabric->name, "secondary_rack",
	    text_or_null(
	        vlan->secondary_rack ? vlan->secondary_rack->system_id : NULL),
	    "primary_rack",
	    text_or_null(
	        vlan->primary_rack ? vlan->primary_rack->system_id : NULL),
	    "resource_uri", uri);
	free(uri);
	return json;
}

/* ---- subnets ---- */

struct subnet *maas_subnet_make(
    struct maas *maas, const struct ip_net *net, struct vlan *vlan)
{
	struct subnet *subnet = xcalloc(1, sizeof(*subnet));
	char text[IP_TEXT + 4];

	maas_net_text(net, text);
	subnet->net = *net;
	subnet->name = xstrdup(text);
	subnet->description = xstrdup("");
	subnet->vlan = vlan;
	subnet->rdns_mode = 2;
	subnet->allow_dns = subnet->allow_proxy = subnet->managed = true;
	maas_list_add(&maas->subnets, subnet);
	return subnet;
}

void maas_subnet_free(struct subnet *subnet)
{
	free(subnet->name);
	free(subnet->description);
	free(subnet->gateway);
	maas_names_free(&subnet->dns_servers);
	maas_names_free(&subnet->disabled_architectures);
	free(subnet);
}

static json_t *names_json(const struct names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(list, json_string(names->items[i]));
	return list;
}

json_t *maas_subnet_json(const struct subnet *subnet)
{
	char cidr[IP_TEXT + 4], *uri;
	json_t *json;

	if (!subnet)
		return json_null();
	maas_net_text(&subnet->net, cidr);
	uri = xasprintf("/MAAS/api/2.0/subnets/%lld/", (long long)subnet->id);
	json = json_pack("{s:s, s:s, s:o, s:s, s:i, s:o, s:o, s:b, s:b, s:b, "
	                 "s:b, s:o, s:s, s:I, s:s}",
	    "name", subnet->name, "description", subnet->description, "vlan",
	    maas_vlan_json(subnet->vlan), "cidr", cidr, "rdns_mode",
	    subnet->rdns_mode, "gateway_ip", text_or_null(subnet->gateway),
	    "dns_servers", names_json(&subnet->dns_servers), "allow_dns",
	    subnet->allow_dns, "allow_proxy", subnet->allow_proxy,
	    "active_discovery", subnet->active_discovery, "managed",
	    subnet->managed, "disabled_boot_architectures",
	    names_json(&subnet->disabled_architectures), "space",
	    subnet->vlan->space ? subnet->vlan->space->name : "undefined", "id",
	    (json_int_t)subnet->id, "resource_uri", uri);
	free(uri);
	return json;
}

/* One that MAAS serves comes before a smaller one. */
static bool is_nearer(const struct subnet *a, const struct subnet *b)
{
	return a->vlan->dhcp_on != b->vlan->dhcp_on ? a->vlan->dhcp_on
	                                            : a->net.bits > b->net.bits;
}

struct subnet *maas_subnet_of(const struct maas *maas, const struct ip *ip)
{
	struct subnet *subnet, *best = NULL;

	list_for_each (subnet, &maas->subnets) {
		if (maas_net_has(&subnet->net, ip) &&
		    (!best || is_nearer(subnet, best)))
			best = subnet;
	}
	return best;
}

/* ---- ranges ---- */

struct iprange *maas_range_make(struct maas *maas, struct subnet *subnet,
    bool dynamic, const struct ip *first, const struct ip *last,
    struct user *user, const char *comment)
{
	struct iprange *range = xcalloc(1, sizeof(*range));

	range->subnet = subnet;
	range->dynamic = dynamic;
	range->first = *first;
	range->last = *last;
	range->user = user;
	range->comment = xstrdup(comment);
	maas_list_add(&maas->ranges, range);
	return range;
}

void maas_range_free(struct iprange *range)
{
	free(range->comment);
	free(range);
}

/* ---- one simple site ---- */

static bool read_range(struct maas *maas, struct subnet *subnet,
    const char *first_text, const char *last_text, struct err *err)
{
	struct ip first, last;

	if (!first_text || !*first_text)
		return true;
	if (!maas_ip_parse(first_text, &first) ||
	    !maas_ip_parse(last_text, &last) ||
	    !maas_net_has(&subnet->net, &first) ||
	    !maas_net_has(&subnet->net, &last))
		return err_set(err, ERR_INPUT,
		    "the reserved range %s to %s is not in the subnet",
		    first_text, last_text ? last_text : "nothing");
	maas_range_make(maas, subnet, false, &first, &last, NULL, "site");
	return true;
}

bool maas_set_subnet(struct maas *maas, const char *cidr, const char *gateway,
    const char *dns, const char *reserved_first, const char *reserved_last,
    struct err *err)
{
	struct vlan *vlan = maas->vlans.items[0];
	struct subnet *subnet;
	struct ip_net net;
	struct ip ip;

	if (!maas_net_parse(cidr, &net))
		return err_set(err, ERR_INPUT, "%s is not a network", cidr);
	if (gateway && *gateway &&
	    (!maas_ip_parse(gateway, &ip) || !maas_net_has(&net, &ip)))
		return err_set(err, ERR_INPUT,
		    "the gateway %s is not in the subnet %s", gateway, cidr);
	subnet = maas_subnet_make(maas, &net, vlan);
	if (gateway && *gateway)
		subnet->gateway = xstrdup(gateway);
	maas_names_split(&subnet->dns_servers, dns, " ,");
	vlan->dhcp_on = true;
	return read_range(maas, subnet, reserved_first, reserved_last, err);
}
