#include "sim/maas/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/deployable.h"
#include "sim/maas/dns.h"
#include "sim/maas/ip.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/power.h"
#include "sim/maas/region.h"
#include "sim/maas/tasks.h"

/*
 * The metadata service: what a machine asks and tells its region while it
 * boots, authenticated with the key that it was given on the boot network.
 *
 *	GET  /MAAS/metadata/<version>/meta-data/[key]
 *	GET  /MAAS/metadata/<version>/user-data
 *	POST /MAAS/metadata/<version>/	op=signal status=OK|FAILED|WORKING
 *					op=netboot_off
 *	POST /MAAS/metadata/status/<system_id>	JSON reports of the installer
 */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void plain(struct ask *ask, int status, const char *text)
{
	maas_answer_bare(ask, status, "text/plain; charset=utf-8", text);
	http_header_add(&ask->answer.headers, "Vary", "Authorization, Cookie");
	http_header_add(&ask->answer.headers, "X-Frame-Options", "DENY");
}

/* ---- reading ---- */

static void meta_data(struct ask *ask, const struct node *node, const char *key)
{
	char *fqdn;

	if (!*key) {
		plain(ask, 200,
		    "instance-id\nlocal-hostname\npublic-keys\nvendor-data\n"
		    "x509");
		return;
	}
	if (strcmp(key, "instance-id") == 0) {
		plain(ask, 200, node->system_id);
		return;
	}
	if (strcmp(key, "local-hostname") == 0) {
		fqdn = maas_node_fqdn(node);
		plain(ask, 200, fqdn);
		free(fqdn);
		return;
	}
	if (strcmp(key, "public-keys") == 0) {
		struct buf keys = BUF_INIT;
		struct ssh_key *ssh;

		list_for_each (ssh, &ask->maas->ssh_keys) {
			if (ssh->user == node->owner)
				buf_addf(&keys, "%s\n", ssh->key);
		}
		plain(ask, 200, buf_text(&keys));
		buf_free(&keys);
		return;
	}
	plain(ask, 404, "Unknown metadata attribute");
}

/* Broken base64 was accepted when it was given: it is handed on as it is. */
static void user_data(struct ask *ask, struct node *node)
{
	struct buf decoded = BUF_INIT;

	if (node->user_data && !buf_add_unbase64(&decoded, node->user_data,
	                           strlen(node->user_data)))
		buf_adds(&decoded, node->user_data);
	maas_node_user_data_read(node);
	if (node->user_data)
		plain(ask, 200, "");
	else
		plain(ask, 404, "No user data available for this node.");
	if (node->user_data) {
		http_header_set(&ask->answer.headers, "Content-Type",
		    "application/octet-stream");
		buf_reset(&ask->answer.body);
		buf_add(&ask->answer.body, decoded.data, decoded.len);
	}
	buf_free(&decoded);
}

/* ---- telling ---- */

static void signal_op(struct ask *ask, struct node *node)
{
	const char *status = maas_field(ask, "status");

	if (!status) {
		plain(ask, 400, "No provided status!");
		return;
	}
	if (strcmp(status, "OK") == 0)
		maas_node_signal(node, true, NULL);
	else if (strcmp(status, "FAILED") == 0)
		maas_node_signal(node, false, maas_field(ask, "error"));
	else
		maas_node_progress(node);
	plain(ask, 200, "OK");
}

static void post_op(struct ask *ask, struct node *node)
{
	const char *op = maas_query(ask, "op");

	if (!op || !*op)
		op = maas_field(ask, "op");
	if (op && strcmp(op, "signal") == 0) {
		signal_op(ask, node);
	} else if (op && strcmp(op, "netboot_off") == 0) {
		maas_node_netboot_off(node);
		plain(ask, 200, "OK");
	} else if (op && strcmp(op, "netboot_on") == 0) {
		node->netboot = true;
		maas_node_touch(node);
		plain(ask, 200, "OK");
	} else {
		plain(ask, 400, "Unknown operation.");
	}
}

static void report(struct ask *ask, struct node *node)
{
	struct err err = { 0 };
	json_t *message = json_parse(
	    buf_text(&ask->request->body), ask->request->body.len, &err);

	if (!message) {
		plain(ask, 400, "Status payload is not valid JSON.");
		return;
	}
	maas_node_report(node, message);
	json_decref(message);
	http_response_free(&ask->answer);
	plain(ask, 204, "");
}

static void serve_version(struct ask *ask, struct node *node, const char *rest)
{
	bool get = strcmp(ask->request->method, "GET") == 0;

	if (get && begins(rest, "meta-data"))
		meta_data(ask, node,
		    rest + strlen("meta-data") +
		        (rest[strlen("meta-data")] == '/'));
	else if (get && (strcmp(rest, "user-data") == 0 ||
	                    strcmp(rest, "user-data/") == 0))
		user_data(ask, node);
	else if (get && !*rest)
		plain(ask, 200,
		    "maas-commissioning-scripts\nmeta-data\n"
		    "user-data");
	else if (strcmp(ask->request->method, "POST") == 0 && !*rest)
		post_op(ask, node);
	else
		plain(ask, 404, "Not Found");
}

void maas_metadata(struct ask *ask, const char *path)
{
	struct err err = { 0 };
	struct node *node;
	const char *rest;

	ask->session = true;
	if (!begins(path, "/status/") &&
	    !maas_body_read(&ask->body, ask->request, &err)) {
		plain(ask, 400, "Bad Request");
		return;
	}
	switch (maas_oauth(ask)) {
	case OAUTH_REFUSED:
		return;
	case OAUTH_NONE:
		plain(ask, 401, "Unauthorized");
		return;
	case OAUTH_GOOD:
		break;
	}
	node = ask->key->node;
	if (!node) {
		plain(ask, 403, "No machine has this key.");
		return;
	}
	if (begins(path, "/status/")) {
		report(ask, node);
		return;
	}
	rest = strchr(path + 1, '/');
	serve_version(ask, node, rest ? rest + 1 : "");
}

const char *maas_metadata_op(const struct http_request *request)
{
	struct body body = { 0 };
	struct err err = { 0 };
	const char *op, *word = "metadata.read";

	if (strstr(request->target, "/metadata/status/"))
		return "metadata.status";
	if (strstr(request->target, "/user-data"))
		return "metadata.user-data";
	if (strcmp(request->method, "POST") != 0)
		return word;
	maas_body_read(&body, request, &err);
	op = form_get(&body.form, "op");
	if (!op && strstr(request->target, "op=signal"))
		op = "signal";
	if (!op && strstr(request->target, "op=netboot_off"))
		op = "netboot_off";
	word = "metadata.post";
	if (op && strcmp(op, "signal") == 0)
		word = "metadata.signal";
	if (op && strcmp(op, "netboot_off") == 0)
		word = "metadata.netboot_off";
	maas_body_free(&body);
	return word;
}

/* ---- the boot network ---- */

static enum boot_task task_for(const struct node *node)
{
	switch ((int)node->status) {
	case NODE_COMMISSIONING:
		return BOOT_COMMISSION;
	case NODE_DEPLOYING:
		return node->netboot ? BOOT_INSTALL : BOOT_LOCAL;
	case NODE_DEPLOYED:
		return maas_stays_in_memory(node) ? BOOT_INSTALL : BOOT_LOCAL;
	case NODE_DISK_ERASING:
		return BOOT_ERASE;
	case NODE_RELEASING:
		if (!node->runs_release)
			break;
		return node->wipes ? BOOT_ERASE : BOOT_TEST;
	case NODE_ENTERING_RESCUE_MODE:
	case NODE_RESCUE_MODE:
		return BOOT_RESCUE;
	case NODE_TESTING:
		return BOOT_TEST;
	case NODE_NEW:
	case NODE_READY:
	case NODE_ALLOCATED:
		return BOOT_NOTHING;
	}
	return BOOT_LOCAL;
}

static void offer_network(const struct node *node, struct boot_offer *offer)
{
	struct address *address;

	list_for_each (address, &node->maas->addresses) {
		const struct subnet *subnet = address->subnet;

		if (address->iface != node->boot_iface || !subnet ||
		    address->type == ALLOC_DISCOVERED)
			continue;
		if (address->assigned && address->ip.version == 4) {
			char text[IP_TEXT];

			maas_ip_text(&address->ip, text);
			snprintf(offer->address, sizeof(offer->address),
			    "%.15s", text);
		}
		offer->prefix_bits = (uint8_t)subnet->net.bits;
		snprintf(offer->gateway, sizeof(offer->gateway), "%.15s",
		    subnet->gateway ? subnet->gateway : "");
		snprintf(offer->dns, sizeof(offer->dns), "%.15s",
		    subnet->dns_servers.count ? subnet->dns_servers.items[0]
		                              : "");
	}
}

static void give_key(struct node *node)
{
	struct maas *maas = node->maas;

	if (node->key)
		return;
	node->key = maas_key_make(
	    maas, maas_user_find(maas, "maas-init-node"), node->system_id);
	node->key->node = node;
}

void maas_pxe(void *ctx, const char *system_id, struct boot_offer *offer)
{
	struct maas *maas = ctx;
	struct node *node = maas_node_find(maas, system_id);
	struct err err;

	memset(offer, 0, sizeof(*offer));
	offer->task = BOOT_NOTHING;
	if (!node)
		return;
	if (!maas_power_reachable(node, &err)) {
		/* Nobody answers, so the firmware goes on to the disk. One
		 * that is to be installed is taken to stop there. */
		if (!node->netboot)
			offer->task = BOOT_LOCAL;
		return;
	}
	give_key(node);
	offer->task = task_for(node);
	offer->ephemeral = maas_stays_in_memory(node);
	offer->quick_erase = node->quick_erase;
	offer->secure_erase = node->secure_erase;
	snprintf(offer->image, sizeof(offer->image), "%.31s/%.31s",
	    node->osystem, node->series);
	snprintf(
	    offer->hostname, sizeof(offer->hostname), "%.63s", node->hostname);
	snprintf(
	    offer->domain, sizeof(offer->domain), "%.63s", node->domain->name);
	snprintf(offer->metadata_host, sizeof(offer->metadata_host), "%.63s",
	    maas->metadata_host);
	offer->metadata_port = maas->port;
	offer->metadata_ca_pem = maas->ca_pem;
	snprintf(offer->consumer_key, sizeof(offer->consumer_key), "%s",
	    node->key->consumer);
	snprintf(
	    offer->token_key, sizeof(offer->token_key), "%s", node->key->token);
	snprintf(offer->token_secret, sizeof(offer->token_secret), "%s",
	    node->key->secret);
	offer_network(node, offer);
	if (!offer->address[0] && offer->task != BOOT_LOCAL &&
	    offer->task != BOOT_NOTHING)
		maas_lease_give(node, offer);
	maas_tell(maas);
}
