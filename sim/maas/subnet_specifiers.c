#include "sim/maas/specifier_types.h"

#include <stdio.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"

/* Subnets and the ranges in them, as they are meant. */

/* ---- what is wrong ---- */

static void judge_subnet_id(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t id;

	(void)maas;
	if (!maas_python_read_based(value, &id))
		maas_spec_wrong(
		    fault, SPEC_INVALID, "Subnet ID must be numeric.");
}

static void judge_cidr(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct ip_net net;

	(void)maas;
	if (maas_net_read(value, &net))
		return;
	fault->wrong = SPEC_NETWORK;
	snprintf(fault->text, sizeof(fault->text), "invalid IPNetwork %.150s",
	    value);
}

static void judge_ip(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	struct ip ip;

	(void)maas;
	if (maas_ip_parse(value, &ip))
		return;
	maas_python_no_ip(&text, value);
	maas_spec_wrong(fault, SPEC_NETWORK, buf_text(&text));
	buf_free(&text);
}

void maas_spec_judge_subnet(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	maas_specifiers_judge(maas, SPEC_SUBNET, value, fault);
}

/* Ranges have no name to be called by. */
static void judge_range(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t id;

	(void)maas;
	if (!maas_python_read_based(value, &id) &&
	    strncmp(value, "iprange-", 8) != 0)
		maas_spec_wrong(fault, SPEC_NUMBER,
		    "Cannot resolve keyword 'name' into field. Choices are: "
		    "comment, created, end_ip, id, start_ip, subnet, "
		    "subnet_id, type, updated, user, user_id");
}

static void judge_iface(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	maas_specifiers_judge(maas, SPEC_IFACE, value, fault);
}

/* ---- subnets ---- */

static bool subnet_cidr(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct subnet *subnet = thing;
	struct ip_net net;

	(void)maas;
	return maas_net_read(value, &net) && net.bits == subnet->net.bits &&
	       maas_ip_compare(&net.base, &subnet->net.base) == 0;
}

static bool subnet_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct subnet *subnet = thing;
	struct ip_net net;
	bool number,
	    is = maas_spec_has_id(value, "subnet", subnet->id, &number);

	if (number)
		return is;
	if (maas_net_read(value, &net))
		return subnet_cidr(maas, value, thing);
	return maas_spec_same(subnet->name, value);
}

static bool subnet_id(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_is_number(value, ((const struct subnet *)thing)->id);
}

static bool subnet_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(((const struct subnet *)thing)->name, value);
}

static bool subnet_ip(
    const struct maas *maas, const char *value, const void *thing)
{
	struct ip ip;

	(void)maas;
	return maas_ip_parse(value, &ip) &&
	       maas_net_has(&((const struct subnet *)thing)->net, &ip);
}

static bool subnet_fabric(
    const struct maas *maas, const char *value, const void *thing)
{
	return maas_spec_in_fabric(
	    maas, value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_space(
    const struct maas *maas, const char *value, const void *thing)
{
	return maas_spec_in_space(
	    maas, value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_vid(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_has_vid(value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_vlan(
    const struct maas *maas, const char *value, const void *thing)
{
	return maas_specifier_means(
	    maas, SPEC_VLAN, value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_iface(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->subnet == thing && address->iface &&
		    maas_specifier_means(
		        maas, SPEC_IFACE, value, address->iface))
			return true;
	}
	return false;
}

const struct spec_type maas_subnet_types[] = {
	{ NULL, NULL, subnet_any },
	{ "cidr", judge_cidr, subnet_cidr },
	{ "fabric", NULL, subnet_fabric },
	{ "id", judge_subnet_id, subnet_id },
	{ "interface", judge_iface, subnet_iface },
	{ "ip", judge_ip, subnet_ip },
	{ "name", NULL, subnet_name },
	{ "space", maas_spec_judge_space, subnet_space },
	{ "vid", maas_spec_judge_vid, subnet_vid },
	{ "vlan", maas_spec_judge_vlan, subnet_vlan },
	{ NULL, NULL, NULL },
};

/* ---- ranges ---- */

static bool range_any(
    const struct maas *maas, const char *value, const void *thing)
{
	bool number;

	(void)maas;
	return maas_spec_has_id(
	    value, "iprange", ((const struct iprange *)thing)->id, &number);
}

static bool range_type(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(
	    ((const struct iprange *)thing)->dynamic ? "dynamic" : "reserved",
	    value);
}

static bool range_start(
    const struct maas *maas, const char *value, const void *thing)
{
	struct ip ip;

	(void)maas;
	return maas_ip_parse(value, &ip) &&
	       !maas_ip_compare(&ip, &((const struct iprange *)thing)->first);
}

static bool range_end(
    const struct maas *maas, const char *value, const void *thing)
{
	struct ip ip;

	(void)maas;
	return maas_ip_parse(value, &ip) &&
	       !maas_ip_compare(&ip, &((const struct iprange *)thing)->last);
}

const struct spec_type maas_range_types[] = {
	{ NULL, judge_range, range_any },
	{ "end_ip", NULL, range_end },
	{ "start_ip", NULL, range_start },
	{ "type", NULL, range_type },
	{ NULL, NULL, NULL },
};
