#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"

/* discovery/?op=scan: racks are told to look at their networks again. Whom
 * they would find is up to the outside world; here a scan only begins. */

#define BAD_NETWORK                                                \
	"Please enter a valid IP address (a.b.c.d) or IP network " \
	"(a.b.c.d/e)"

static bool wrong(struct ask *ask, const char *name, const char *what)
{
	maas_refuse(ask, 400, "Invalid %s: %s", name, what);
	return false;
}

/* What is said of one of four numbers, or of the bits. */
static bool in_range(
    struct ask *ask, const char *text, int64_t most, const char *what)
{
	struct buf fault = BUF_INIT;
	int64_t number;

	if (!maas_python_read_int(text, &number))
		return wrong(ask, "cidr", BAD_NETWORK);
	if (number >= 0 && number <= most)
		return true;
	buf_addf(&fault, "%s must be within the range of 0-%lld (not ", what,
	    (long long)most);
	maas_python_text(&fault, text);
	buf_addc(&fault, ')');
	wrong(ask, "cidr", buf_text(&fault));
	buf_free(&fault);
	return false;
}

/* Cuts the address up. */
static bool octets_fine(struct ask *ask, char *address)
{
	char *at = address, *next;
	int count = *address != '\0';

	for (; (at = strchr(at, '.')); at++)
		count++;
	if (count != 4)
		return wrong(ask, "cidr", BAD_NETWORK);
	for (at = address; at; at = next) {
		next = strchr(at, '.');
		if (next)
			*next++ = '\0';
		if (*at == '0' && at[1])
			return wrong(ask, "cidr",
			    "The octets must not have leading zeros");
		if (!in_range(ask, at, 255, "The octets"))
			return false;
	}
	return true;
}

/* The validator of networks knows no IPv6, and passes an empty one on to who
 * trips over it. */
static bool network_fine(struct ask *ask, const char *text)
{
	char *address = xstrdup(text), *bits = strchr(address, '/');
	bool fine = false;

	if (bits)
		*bits++ = '\0';
	if (!*text)
		maas_refuse(ask, 500,
		    "unexpected type <class 'NoneType'> for addr arg");
	else if (bits && strchr(bits, '/'))
		wrong(ask, "cidr", BAD_NETWORK);
	else
		fine = octets_fine(ask, address) &&
		       (!bits ||
		           in_range(ask, bits, 32, "The network size (bits)"));
	free(address);
	return fine;
}

static bool read_scan(struct ask *ask, bool *everywhere)
{
	const struct form *form = &ask->body.form;
	const char *cidr, *threads = maas_field(ask, "threads");
	bool force, ping, slow;
	size_t at = 0;
	double number;

	*everywhere = true;
	while ((cidr = maas_form_next(form, "cidr", &at))) {
		*everywhere = false;
		if (!network_fine(ask, cidr))
			return false;
	}
	if (!maas_flag(ask, form, "force", false, &force) ||
	    !maas_flag(ask, form, "always_use_ping", false, &ping) ||
	    !maas_flag(ask, form, "slow", false, &slow))
		return false;
	if (threads && *threads && !maas_python_read_float(threads, &number))
		return wrong(ask, "threads", "Please enter a number");
	if (*everywhere && !force)
		maas_answer_text(ask, 400, "text/plain",
		    "Bad request: scanning all subnets is not allowed unless "
		    "force=True is specified.\n\n"
		    "**WARNING: This will scan ALL networks attached to MAAS "
		    "rack controllers.\n"
		    "Check with your internet service provider or IT "
		    "department to be sure this is\n"
		    "allowed before proceeding.**\n");
	return !ask->answered;
}

static bool is_meant(const struct ask *ask, const struct subnet *subnet)
{
	const char *cidr;
	struct ip_net net;
	size_t at = 0;

	while (
	    subnet && (cidr = maas_form_next(&ask->body.form, "cidr", &at))) {
		if (maas_net_read(cidr, &net) && net.bits == subnet->net.bits &&
		    maas_ip_compare(&net.base, &subnet->net.base) == 0)
			return true;
	}
	return false;
}

static bool has_foot_in_one(const struct ask *ask, const struct node *rack)
{
	struct address *address;

	list_for_each (address, &ask->maas->addresses) {
		if (address->iface && address->iface->node == rack &&
		    is_meant(ask, address->subnet))
			return true;
	}
	return false;
}

/* Racks that hear the region, or those that do not. */
static json_t *racks(const struct ask *ask, bool everywhere, bool connected)
{
	json_t *list = json_array();
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		if (node->type == NODE_RACK && node->connected == connected &&
		    (everywhere || has_foot_in_one(ask, node)))
			json_array_append_new(list,
			    json_pack("{s:s, s:s}", "system_id",
			        node->system_id, "hostname", node->hostname));
	}
	return list;
}

void maas_op_discovery_scan(struct ask *ask)
{
	json_t *started, *missing;
	char words[200];
	bool everywhere;

	if (!read_scan(ask, &everywhere))
		return;
	started = racks(ask, everywhere, true);
	missing = racks(ask, everywhere, false);
	if (!json_array_size(started))
		snprintf(words, sizeof(words),
		    "Unable to initiate network scanning on any rack "
		    "controller. Verify that the rack controllers are started "
		    "and have connected to the region.");
	else if (json_array_size(missing))
		snprintf(words, sizeof(words),
		    "Scanning could not be started on %zu rack controller(s). "
		    "Verify that all rack controllers are connected to the "
		    "region.",
		    json_array_size(missing));
	else
		snprintf(words, sizeof(words),
		    "Scanning is in-progress on all rack controllers.");
	maas_answer(
	    ask, json_pack("{s:s, s:O, s:[], s:o, s:o, s:[], s:[]}", "result",
	             words, "scan_started_on", started, "scan_failed_on",
	             "scan_attempted_on", started, "failed_to_connect_to",
	             missing, "rpc_call_timed_out_on", "failures"));
}
