#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"

/* Addresses kept for one MAC (3.6 and later): nobody else gets them. */

static void render(
    const struct maas *maas, const struct document *reserved, json_t *copy)
{
	struct subnet *subnet = maas_list_find(
	    &maas->subnets, jint(reserved->shown, "_subnet"));

	jset(copy, "subnet", subnet ? maas_subnet_json(subnet) : json_null());
}

/* Older regions have no such endpoint. */
static bool too_old(struct ask *ask)
{
	if (ask->maas->version >= 306)
		return false;
	maas_refuse(
	    ask, 404, "Unknown API endpoint: /MAAS/api/2.0%s.", ask->path);
	return true;
}

static bool has_ip(const struct document *reserved, const struct ip *ip)
{
	struct ip kept;

	return maas_ip_parse(jstr(reserved->shown, "ip"), &kept) &&
	       maas_ip_compare(&kept, ip) == 0;
}

static bool has_mac(const struct document *reserved, const char *mac)
{
	return strcasecmp(jstr(reserved->shown, "mac_address"), mac) == 0;
}

static bool is_reserved(const struct maas *maas, const struct ip *ip)
{
	struct document *reserved;

	list_for_each (reserved, &maas->reserved_ips) {
		if (has_ip(reserved, ip))
			return true;
	}
	return false;
}

bool maas_ip_kept(const struct maas *maas, const char *mac,
    const struct subnet *subnet, struct ip *ip)
{
	struct document *reserved;

	list_for_each (reserved, &maas->reserved_ips) {
		if (has_mac(reserved, mac) &&
		    jint(reserved->shown, "_subnet") == subnet->id)
			return maas_ip_parse(jstr(reserved->shown, "ip"), ip);
	}
	return false;
}

bool maas_ip_may_have(struct ask *ask, const char *mac, const struct ip *ip)
{
	struct document *reserved, *found = NULL;
	char text[IP_TEXT];
	const char *kept;
	int count = 0;

	list_for_each (reserved, &ask->maas->reserved_ips) {
		if (!has_ip(reserved, ip) && !has_mac(reserved, mac))
			continue;
		found = reserved;
		count++;
	}
	if (!found || (count == 1 && has_ip(found, ip) && has_mac(found, mac)))
		return true;
	kept = jstr(found->shown, "ip");
	maas_ip_text(ip, text);
	if (count > 1)
		maas_refuse(ask, 409,
		    "The MAC address %s or the static IP %s are associated to "
		    "reserved IP and can't be used.",
		    mac, text);
	else if (has_ip(found, ip))
		maas_refuse(ask, 409,
		    "The static IP %s is already reserved for the mac address "
		    "%s.",
		    text, jstr(found->shown, "mac_address"));
	else
		maas_refuse(ask, 409,
		    "The static IP %s does not match the reserved IP %s for "
		    "the MAC address %s.",
		    text, kept, mac);
	return false;
}

void maas_op_reservedips_list(struct ask *ask)
{
	if (!too_old(ask))
		maas_documents_answer(ask, &ask->maas->reserved_ips, render);
}

static struct document *asked(struct ask *ask, bool to_change)
{
	if (too_old(ask))
		return NULL;
	return to_change ? maas_document_to_change(
	                       ask, &ask->maas->reserved_ips, "ReservedIP")
	                 : maas_document_asked(
	                       ask, &ask->maas->reserved_ips, "ReservedIP");
}

void maas_op_reservedips_read(struct ask *ask)
{
	struct document *reserved = asked(ask, false);

	if (reserved)
		maas_document_answer(ask, reserved, render);
}

/* ---- the form ---- */

/* In use by something that has another MAC. */
static bool taken(const struct maas *maas, const struct ip *ip, const char *mac)
{
	const struct address *address = maas_address_find(maas, ip);

	return address &&
	       (!address->iface || strcasecmp(address->iface->mac, mac) != 0);
}

static void check_ip(const struct maas *maas, const struct subnet *subnet,
    const struct ip *ip, const char *mac, json_t *errors)
{
	struct ip last = maas_net_last(&subnet->net);
	char text[IP_TEXT];

	maas_ip_text(ip, text);
	if (!maas_net_has(&subnet->net, ip))
		maas_error(
		    errors, "ip", "The provided IP is not part of the subnet.");
	else if (maas_ip_compare(ip, &subnet->net.base) == 0)
		maas_error(errors, "ip",
		    "The network address cannot be a reserved IP.");
	else if (maas_ip_compare(ip, &last) == 0)
		maas_error(errors, "ip",
		    "The broadcast address cannot be a reserved IP.");
	else if (taken(maas, ip, mac))
		maas_error(errors, "ip",
		    "The ip %s is already in use by another machine.", text);
	else if (is_reserved(maas, ip))
		maas_error(errors, "ip",
		    "Reserved IP with this IP address already exists.");
}

static void check_mac(struct ask *ask, const char *mac, json_t *errors)
{
	struct document *other;

	if (!*mac)
		maas_error(errors, "mac_address", "This field is required.");
	else if (!maas_mac_ok(mac))
		maas_error(errors, "mac_address",
		    "'%s' is not a valid MAC address.", mac);
	list_for_each (other, &ask->maas->reserved_ips) {
		if (has_mac(other, mac))
			maas_error(errors, "__all__",
			    "Reserved IP with this MAC address and Subnet "
			    "already exists.");
	}
}

void maas_op_reservedips_create(struct ask *ask)
{
	const char *ip_text = maas_field(ask, "ip");
	const char *mac = maas_field(ask, "mac_address");
	const char *comment = maas_field(ask, "comment");
	json_t *errors;
	struct subnet *subnet;
	struct ip ip;

	if (too_old(ask))
		return;
	errors = json_object();
	subnet = maas_subnet_field(ask, errors, "subnet", false);
	check_mac(ask, mac ? mac : "", errors);
	if (!ip_text || !*ip_text) {
		maas_error(errors, "ip", "This field is required.");
	} else if (!maas_ip_parse(ip_text, &ip)) {
		maas_error(errors, "ip", "Enter a valid IPv4 or IPv6 address.");
	} else if (!subnet && !(subnet = maas_subnet_of(ask->maas, &ip))) {
		maas_error(errors, "subnet",
		    "Could not find a suitable subnet for %s. Please create "
		    "the subnet first.",
		    ip_text);
	} else {
		check_ip(ask->maas, subnet, &ip, mac ? mac : "", errors);
	}
	if (maas_fine(ask, errors))
		maas_document_answer(ask,
		    maas_document_make(&ask->maas->reserved_ips,
		        "/reservedips/",
		        json_pack("{s:s, s:s, s:s, s:I}", "ip", ip_text,
		            "mac_address", mac, "comment",
		            comment ? comment : "", "_subnet",
		            (json_int_t)subnet->id)),
		    render);
}

static bool same(struct ask *ask, const char *field, const char *value)
{
	const char *text = maas_field(ask, field);

	return !text || strcasecmp(text, value) == 0;
}

/* Only what is said of it can change. */
void maas_op_reservedips_update(struct ask *ask)
{
	struct document *reserved = asked(ask, true);
	const char *comment = maas_field(ask, "comment");
	const char *subnet = maas_field(ask, "subnet");
	json_t *errors;

	if (!reserved)
		return;
	errors = json_object();
	if (!same(ask, "ip", jstr(reserved->shown, "ip")) ||
	    !same(ask, "mac_address", jstr(reserved->shown, "mac_address")) ||
	    (subnet && maas_subnet_named(ask->maas, subnet) !=
	                   maas_list_find(&ask->maas->subnets,
	                       jint(reserved->shown, "_subnet"))))
		maas_error(errors, "__all__",
		    "The ip, mac_address and the subnet of a reserved ip are "
		    "immutable. Please delete the entry and recreate it.");
	if (!maas_fine(ask, errors))
		return;
	if (comment)
		jsets(reserved->shown, "comment", comment);
	maas_document_answer(ask, reserved, render);
}

void maas_op_reservedips_delete(struct ask *ask)
{
	struct document *reserved = asked(ask, true);

	if (!reserved)
		return;
	maas_document_drop(&ask->maas->reserved_ips, reserved);
	maas_answer_gone(ask);
}
