#include "sim/maas/specifier_types.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"

/* Interfaces, as they are meant. */

/* ---- what is wrong ---- */

static void judge_speed(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	int64_t speed;

	(void)maas;
	if (maas_python_read_int(value, &speed))
		return;
	buf_adds(&text, "Field 'link_speed' expected a number but got ");
	maas_python_text(&text, value);
	buf_addc(&text, '.');
	maas_spec_wrong(fault, SPEC_NUMBER, buf_text(&text));
	buf_free(&text);
}

static void judge_iface_id(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t id;

	(void)maas;
	if (!maas_python_read_based(value, &id))
		maas_spec_wrong(
		    fault, SPEC_INVALID, "Interface ID must be numeric.");
}

static void judge_mode(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	(void)maas;
	if (strcasecmp(value, "unconfigured") != 0)
		maas_spec_wrong(fault, SPEC_INVALID,
		    "The only valid value for 'mode' is 'unconfigured'.");
}

static void judge_subnet_cidr(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	char *word = xasprintf("cidr:%s", value);

	maas_specifiers_judge(maas, SPEC_SUBNET, word, fault);
	free(word);
}

/* ---- what is meant ---- */

static bool iface_ip(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;
	struct ip ip;

	if (!maas_ip_parse(value, &ip))
		return false;
	list_for_each (address, &maas->addresses) {
		if (address->iface == thing && address->assigned &&
		    maas_ip_compare(&address->ip, &ip) == 0)
			return true;
	}
	return false;
}

static bool iface_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(((const struct iface *)thing)->name, value);
}

/* "10.0.0.5/24": that address, in that network. */
static bool iface_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const char *slash = strchr(value, '/');
	struct ip_net net;
	struct ip ip;
	int64_t id;
	bool is;

	if (maas_python_read_based(value, &id))
		return id == ((const struct iface *)thing)->id;
	if (slash && maas_net_parse(value, &net)) {
		char *address = xstrndup(value, (size_t)(slash - value));

		is = iface_ip(maas, address, thing);
		free(address);
		return is;
	}
	if (!slash && maas_ip_parse(value, &ip))
		return iface_ip(maas, value, thing);
	return iface_name(maas, value, thing);
}

static bool iface_id(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_is_number(value, ((const struct iface *)thing)->id);
}

static bool iface_fabric(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = ((const struct iface *)thing)->vlan;

	return vlan && maas_spec_in_fabric(maas, value, vlan);
}

static bool iface_class(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = ((const struct iface *)thing)->vlan;

	(void)maas;
	return vlan && maas_spec_same(vlan->fabric->class_type, value);
}

/* No address at all, or one that is not known yet. */
static bool iface_mode(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;
	bool any = false;

	(void)value;
	list_for_each (address, &maas->addresses) {
		if (address->iface != thing)
			continue;
		any = true;
		if (!address->assigned)
			return true;
	}
	return !any;
}

static bool iface_hostname(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct node *node = ((const struct iface *)thing)->node;

	(void)maas;
	return node && maas_spec_same(node->hostname, value);
}

static bool iface_subnet(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->iface == thing && address->subnet &&
		    maas_specifier_means(
		        maas, SPEC_SUBNET, value, address->subnet))
			return true;
	}
	return false;
}

static bool iface_subnet_cidr(
    const struct maas *maas, const char *value, const void *thing)
{
	char *word = xasprintf("cidr:%s", value);
	bool is = iface_subnet(maas, word, thing);

	free(word);
	return is;
}

static bool iface_space(
    const struct maas *maas, const char *value, const void *thing)
{
	return maas_spec_in_space(
	    maas, value, ((const struct iface *)thing)->vlan);
}

static bool iface_type(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(((const struct iface *)thing)->type, value);
}

static bool iface_vlan(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = ((const struct iface *)thing)->vlan;

	return vlan && maas_specifier_means(maas, SPEC_VLAN, value, vlan);
}

static bool iface_vid(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_has_vid(value, ((const struct iface *)thing)->vlan);
}

/* "a&&b": both. */
static bool iface_tag(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct iface *iface = thing;

	(void)maas;
	for (;;) {
		const char *end = strstr(value, "&&");
		char *tag = end ? xstrndup(value, (size_t)(end - value))
		                : xstrdup(value);
		bool has = maas_names_have(&iface->tags, tag);

		free(tag);
		if (!has || !end)
			return has;
		value = end + 2;
	}
}

static bool iface_speed(
    const struct maas *maas, const char *value, const void *thing)
{
	int64_t speed;

	(void)maas;
	return maas_python_read_int(value, &speed) &&
	       ((const struct iface *)thing)->link_speed >= speed;
}

const struct spec_type maas_iface_types[] = {
	{ NULL, NULL, iface_any },
	{ "fabric", NULL, iface_fabric },
	{ "fabric_class", NULL, iface_class },
	{ "hostname", NULL, iface_hostname },
	{ "id", judge_iface_id, iface_id },
	{ "ip", NULL, iface_ip },
	{ "link_speed", judge_speed, iface_speed },
	{ "mode", judge_mode, iface_mode },
	{ "name", NULL, iface_name },
	{ "space", maas_spec_judge_space, iface_space },
	{ "subnet", maas_spec_judge_subnet, iface_subnet },
	{ "subnet_cidr", judge_subnet_cidr, iface_subnet_cidr },
	{ "tag", NULL, iface_tag },
	{ "type", NULL, iface_type },
	{ "vid", maas_spec_judge_vid, iface_vid },
	{ "vlan", maas_spec_judge_vlan, iface_vlan },
	{ NULL, NULL, NULL },
};
