#include "sim/maas/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/control.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"

/*
 * What racks have seen on their networks. Nothing is really listened to: a
 * neighbour is seen when the outside world says so (the step neighbour-seen).
 */

/* Name and number of a neighbour: its addresses, in base64. */
static char *id_of(const char *ip, const char *mac)
{
	char *text = xasprintf("%s,%s", ip, mac);
	struct buf id = BUF_INIT;

	buf_add_base64(&id, text, strlen(text));
	free(text);
	return buf_detach(&id);
}

static struct document *seen(
    const struct maas *maas, const char *ip, const char *mac)
{
	struct document *neighbour;

	list_for_each (neighbour, &maas->neighbours) {
		if (strcmp(jstr(neighbour->shown, "ip"), ip) == 0 &&
		    strcmp(jstr(neighbour->shown, "mac_address"), mac) == 0)
			return neighbour;
	}
	return NULL;
}

static struct node *a_rack(const struct maas *maas)
{
	struct node *node;

	list_for_each (node, &maas->nodes) {
		if (node->type == NODE_RACK)
			return node;
	}
	return NULL;
}

static json_t *observer(const struct maas *maas)
{
	const struct node *rack = a_rack(maas);
	const struct iface *iface = rack ? rack->boot_iface : NULL;

	return json_pack("{s:o, s:o, s:o, s:o}", "system_id",
	    rack ? json_string(rack->system_id) : json_null(), "hostname",
	    rack ? json_string(rack->hostname) : json_null(), "interface_id",
	    iface ? json_integer(iface->id) : json_null(), "interface_name",
	    iface ? json_string(iface->name) : json_null());
}

bool maas_neighbour_seen(struct maas *maas, const json_t *step, struct err *err)
{
	const char *ip_text = jstr(step, "ip"), *mac = jstr(step, "mac");
	struct document *neighbour;
	struct ip ip;
	char *id, *uri;

	if (!maas_ip_parse(ip_text, &ip) || !maas_mac_ok(mac))
		return err_set(err, ERR_INPUT,
		    "a neighbour has an ip and a mac, not \"%s\" and \"%s\"",
		    ip_text, mac);
	neighbour = seen(maas, ip_text, mac);
	if (!neighbour) {
		id = id_of(ip_text, mac);
		neighbour = maas_document_make(&maas->neighbours, "/discovery/",
		    json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "discovery_id",
		        id, "ip", ip_text, "mac_address", mac,
		        "mac_organization", "", "hostname",
		        *jstr(step, "hostname")
		            ? json_string(jstr(step, "hostname"))
		            : json_null(),
		        "observer", observer(maas)));
		uri = xasprintf("/MAAS/api/2.0/discovery/%s/", id);
		jsets(neighbour->shown, "resource_uri", uri);
		free(uri);
		free(id);
	}
	jset(neighbour->shown, "last_seen", maas_now_json(maas));
	jseti(neighbour->shown, "_seen", maas_time(maas));
	return true;
}

/* The network that it was seen on follows from its address. */
static void render(
    const struct maas *maas, const struct document *neighbour, json_t *copy)
{
	struct subnet *subnet = NULL;
	struct ip ip;

	if (maas_ip_parse(jstr(neighbour->shown, "ip"), &ip))
		subnet = maas_subnet_of(maas, &ip);
	json_object_del(copy, "id");
	jset(copy, "fabric_name",
	    subnet ? json_string(subnet->vlan->fabric->name) : json_null());
	jset(copy, "vid",
	    subnet && subnet->vlan->vid ? json_integer(subnet->vlan->vid)
	                                : json_null());
}

/* ---- lists, the last one seen first ---- */

typedef bool wanted_fn(
    const struct maas *maas, const struct document *neighbour);

static bool anyone(const struct maas *maas, const struct document *neighbour)
{
	(void)maas;
	(void)neighbour;
	return true;
}

static bool unknown_ip(
    const struct maas *maas, const struct document *neighbour)
{
	struct ip ip;

	return maas_ip_parse(jstr(neighbour->shown, "ip"), &ip) &&
	       !maas_address_find(maas, &ip);
}

static bool unknown_mac(
    const struct maas *maas, const struct document *neighbour)
{
	return !maas_iface_with_mac(
	    maas, jstr(neighbour->shown, "mac_address"));
}

static bool unknown_both(
    const struct maas *maas, const struct document *neighbour)
{
	return unknown_ip(maas, neighbour) && unknown_mac(maas, neighbour);
}

static int by_sight(const void *a, const void *b)
{
	const struct document *const *x = a, *const *y = b;
	int64_t first = jint((*x)->shown, "_seen");
	int64_t second = jint((*y)->shown, "_seen");

	if (first != second)
		return first > second ? -1 : 1;
	return (*x)->id < (*y)->id ? -1 : 1;
}

static void answer(struct ask *ask, wanted_fn *wanted)
{
	const struct list *all = &ask->maas->neighbours;
	struct document **sorted = xcalloc(all->count + 1, sizeof(*sorted));
	json_t *list = json_array();

	for (size_t i = 0; i < all->count; i++)
		sorted[i] = all->items[i];
	qsort(sorted, all->count, sizeof(*sorted), by_sight);
	for (size_t i = 0; i < all->count; i++)
		if (wanted(ask->maas, sorted[i]))
			json_array_append_new(list,
			    maas_document_json(ask->maas, sorted[i], render));
	free(sorted);
	maas_answer(ask, list);
}

void maas_op_discovery_list(struct ask *ask)
{
	answer(ask, anyone);
}

void maas_op_discovery_by_unknown_ip(struct ask *ask)
{
	answer(ask, unknown_ip);
}

void maas_op_discovery_by_unknown_mac(struct ask *ask)
{
	answer(ask, unknown_mac);
}

void maas_op_discovery_by_unknown_ip_and_mac(struct ask *ask)
{
	answer(ask, unknown_both);
}

void maas_op_discovery_read(struct ask *ask)
{
	struct document *neighbour;

	list_for_each (neighbour, &ask->maas->neighbours) {
		if (strcmp(jstr(neighbour->shown, "discovery_id"),
		        ask->args[0]) == 0) {
			maas_document_answer(ask, neighbour, render);
			return;
		}
	}
	maas_answer_missing(ask, "Discovery");
}

/* ---- forgetting ---- */

static bool may_clear(struct ask *ask)
{
	if (maas_is_admin(ask))
		return true;
	maas_answer_text(ask, 403, "text/plain",
	    "Must be an administrator to clear discovery entries.");
	return false;
}

void maas_op_discovery_clear(struct ask *ask)
{
	static const char *const kinds[] = { "all", "neighbours", "mdns" };
	struct list *all = &ask->maas->neighbours;
	bool wanted[3];

	for (size_t i = 0; i < 3; i++)
		if (!maas_flag(
		        ask, &ask->body.form, kinds[i], false, &wanted[i]))
			return;
	if (!may_clear(ask))
		return;
	if (!wanted[0] && !wanted[1] && !wanted[2]) {
		maas_answer_text(ask, 400, "text/plain",
		    "Bad request: could not determine what data to clear.\n"
		    "Must specify mdns=True, neighbours=True, or all=True.");
		return;
	}
	while ((wanted[0] || wanted[1]) && all->count)
		maas_document_drop(all, all->items[0]);
	maas_answer_gone(ask);
}

void maas_op_discovery_clear_by_mac_and_ip(struct ask *ask)
{
	const char *ip = maas_needed(ask, "ip");
	const char *mac = ip ? maas_needed(ask, "mac") : NULL;
	struct document *neighbour;

	if (!mac || !may_clear(ask))
		return;
	neighbour = seen(ask->maas, ip, mac);
	if (!neighbour) {
		maas_answer_text(ask, 410, "text/plain", "Gone");
		return;
	}
	maas_document_drop(&ask->maas->neighbours, neighbour);
	maas_answer_gone(ask);
}
