#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/power.h"
#include "sim/maas/python.h"

/*
 * A chassis is named to the region, and racks that reach it are asked to look
 * into it for machines. What is said about it is judged here as the region
 * does; the look itself is not modelled: no rack finds a machine.
 *
 * The region reads request.POST, of which a body in JSON leaves nothing.
 */

/* What can be looked into, in the order in which the region knows its drivers,
 * and two names of old. */
static const char *const chassis_types[] = { "recs_box", "ucsm", "mscm", "hmcz",
	"msftocs", "proxmox", "sm15k", "vmware", "virsh", "powerkvm",
	"seamicro15k" };

static const char *const power_controls[] = { "ipmi", "restapi", "restapi2" };

struct chassis {
	const char *type; /* NULL: it was empty, which the region lets pass */
	const char *hostname;
};

/* One of a list; an empty word is none at all, and *value NULL. False:
 * refused. */
static bool one_of(struct ask *ask, const char *name, const char *const *words,
    size_t count, const char **value)
{
	struct buf items = BUF_INIT, shown = BUF_INIT;
	const char *text = maas_field(ask, name);

	*value = NULL;
	if (!text || !*text)
		return true;
	for (size_t i = 0; i < count; i++) {
		buf_addf(&items, "%s%s", i ? "; " : "", words[i]);
		if (strcmp(words[i], text) == 0)
			*value = words[i];
	}
	maas_python_text(&shown, text);
	if (!*value)
		maas_refuse(ask, 400,
		    "Invalid %s: Value must be one of: %s (not %s)", name,
		    buf_text(&items), buf_text(&shown));
	buf_free(&items);
	buf_free(&shown);
	return *value;
}

#define ONE_OF(ask, name, words, value) \
	one_of(ask, name, words, sizeof(words) / sizeof((words)[0]), value)

/* Is the type in a list of words with blanks between them? */
static bool type_in(const struct chassis *chassis, const char *types)
{
	size_t len = chassis->type ? strlen(chassis->type) : 0;

	for (const char *at = types; len && *at;) {
		size_t word = strcspn(at, " ");

		if (word == len && strncmp(at, chassis->type, len) == 0)
			return true;
		at += word + (at[word] == ' ');
	}
	return false;
}

/* The handler answers, and so this is no exception: with a type of text, or
 * with what Django gives. */
static bool answer_no(struct ask *ask, int status, bool plain, char *text)
{
	maas_answer_text(ask, status,
	    plain ? "text/plain; charset=utf-8" : "text/html; charset=utf-8",
	    text);
	free(text);
	return false;
}

/* ---- who may come in ---- */

static bool check_proxmox(struct ask *ask)
{
	const char *password = maas_field(ask, "password");
	const char *name = maas_field(ask, "token_name");
	const char *secret = maas_field(ask, "token_secret");
	const char *fault = NULL;
	bool has_password = password && *password, has_name = name && *name;
	bool has_secret = secret && *secret;

	if (!has_password && !has_name && !has_secret)
		fault = "You must use a password or token with Proxmox.";
	else if (has_password && has_name && has_secret)
		fault = "You may only use a password or token with Proxmox, "
		        "not both.";
	else if (!password && !(has_name && has_secret))
		fault = "Proxmox requires both a token_name and token_secret.";
	return !fault || answer_no(ask, 400, false, xstrdup(fault));
}

static bool check_login(struct ask *ask, const struct chassis *chassis)
{
	if (type_in(chassis, "hmcz mscm msftocs recs_box seamicro15k ucsm "
	                     "vmware"))
		return maas_needed(ask, "username") &&
		       maas_needed(ask, "password");
	if (type_in(chassis, "proxmox"))
		return maas_needed(ask, "username") && check_proxmox(ask);
	if (maas_field(ask, "username") && type_in(chassis, "powerkvm virsh"))
		return answer_no(ask, 400, true,
		    xasprintf("username can not be specified when using the "
		              "%s chassis.",
		        chassis->type));
	return true;
}

/* ---- what only some of them know ---- */

static bool is_for(struct ask *ask, const struct chassis *chassis,
    const char *field, const char *types)
{
	if (type_in(chassis, types))
		return true;
	return answer_no(ask, 400, true,
	    xasprintf("%s is unavailable with the %s chassis type", field,
	        chassis->type ? chassis->type : "None"));
}

static bool check_power_control(struct ask *ask, const struct chassis *chassis)
{
	const char *control;

	if (!ONE_OF(ask, "power_control", power_controls, &control))
		return false;
	return !control || is_for(ask, chassis, "power_control", "seamicro15k");
}

static bool check_port(struct ask *ask, const struct chassis *chassis)
{
	const char *text = maas_field(ask, "port"), *fault = NULL;
	int64_t port = 0;

	if (!text || !*text)
		return true;
	if (!maas_python_read_int(text, &port))
		fault = "Please enter an integer value";
	else if (port < 1)
		fault = "Please enter a number that is 1 or greater";
	else if (port > 65535)
		fault = "Please enter a number that is 65535 or smaller";
	if (fault)
		maas_refuse(ask, 400, "Invalid port: %s", fault);
	return !fault &&
	       is_for(ask, chassis, "port", "msftocs recs_box vmware");
}

static bool check_options(struct ask *ask, const struct chassis *chassis)
{
	bool verify_ssl;

	if (maas_field(ask, "prefix_filter") &&
	    !is_for(ask, chassis, "prefix_filter",
	        "hmcz powerkvm virsh vmware proxmox"))
		return false;
	if (!check_power_control(ask, chassis) || !check_port(ask, chassis))
		return false;
	if (maas_field(ask, "protocol") &&
	    !is_for(ask, chassis, "protocol", "vmware"))
		return false;
	return maas_flag(
	    ask, &ask->body.form, "verify_ssl", false, &verify_ssl);
}

/* A number is an id, and the region falls over one that is not there. */
static bool check_domain(struct ask *ask)
{
	const char *word = maas_field(ask, "domain");
	int64_t id;

	if (!word)
		return true;
	if (maas_python_read_int(word, &id)) {
		if (maas_list_find(&ask->maas->domains, id))
			return true;
		maas_refuse(
		    ask, 500, "%s", "Domain matching query does not exist.");
		return false;
	}
	return maas_domain_find(ask->maas, word) ||
	       answer_no(ask, 404, false,
	           xasprintf("Unable to find specified domain %s", word));
}

/* ---- which racks ---- */

/* The host in "qemu+ssh://user@host:22/system", or in an address alone. */
static char *host_of(const char *url)
{
	const char *scheme = strstr(url, "://"), *at, *colon;
	int colons = 0;
	char *host;

	for (at = url; *at; at++)
		colons += *at == ':';
	if (!scheme && colons > 2)
		return xstrdup(url);
	at = scheme ? scheme + 3 : url;
	host = xstrndup(at, strcspn(at, "/?#"));
	at = strrchr(host, '@');
	memmove(host, at ? at + 1 : host, strlen(at ? at + 1 : host) + 1);
	if (*host == '[') {
		memmove(host, host + 1, strlen(host));
		host[strcspn(host, "]")] = '\0';
	} else if ((colon = strchr(host, ':'))) {
		host[colon - host] = '\0';
	}
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return host;
}

static bool has_address_in(const struct node *rack, const struct subnet *subnet)
{
	struct address *address;

	list_for_each (address, &rack->maas->addresses) {
		if (address->iface && address->iface->node == rack &&
		    address->assigned && address->subnet == subnet)
			return true;
	}
	return false;
}

/* The first one that is connected and has an address beside this one; the
 * region throws dice between several. */
static struct node *rack_beside(const struct maas *maas, const char *text)
{
	struct subnet *subnet;
	struct node *node;
	struct ip ip;

	if (!maas_ip_parse(text, &ip) || !(subnet = maas_subnet_of(maas, &ip)))
		return NULL;
	list_for_each (node, &maas->nodes) {
		if (node->type == NODE_RACK && node->connected &&
		    has_address_in(node, subnet))
			return node;
	}
	return NULL;
}

#define MOST_ADDRESSES 8

/* False: refused. A name is resolved by the names that the region itself
 * publishes, and by nothing else. */
static bool rack_for_url(struct ask *ask, const char *url, struct node **rack)
{
	char addresses[MOST_ADDRESSES][16], *host = host_of(url);
	bool local = strcmp(host, "127.0.0.1") == 0 ||
	             strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
	struct ip ip;
	int count = 0;

	*rack = NULL;
	if (local)
		maas_refuse(ask, 500, "%s",
		    "RackController matching query does not exist.");
	else if (maas_ip_parse(host, &ip))
		*rack = rack_beside(ask->maas, host);
	else if ((count = maas_dns_lookup(
	              ask->maas, host, addresses, MOST_ADDRESSES)) <= 0)
		maas_refuse(
		    ask, 500, "%s", "[Errno -2] Name or service not known");
	for (int i = 0; i < count && !*rack; i++)
		*rack = rack_beside(ask->maas, addresses[i]);
	free(host);
	return !ask->answered;
}

static struct node *rack_called(const struct maas *maas, const char *word)
{
	struct node *node;

	list_for_each (node, &maas->nodes) {
		if (node->type == NODE_RACK &&
		    (strcmp(node->system_id, word) == 0 ||
		        strcmp(node->hostname, word) == 0))
			return node;
	}
	return NULL;
}

/* One rack, or NULL for all of them. False: answered. */
static bool choose_rack(
    struct ask *ask, const struct chassis *chassis, struct node **rack)
{
	const char *word = maas_field(ask, "rack_controller");

	if (!word)
		return rack_for_url(ask, chassis->hostname, rack);
	*rack = rack_called(ask->maas, word);
	return *rack ||
	       answer_no(ask, 404, true,
	           xasprintf("Unable to find specified rack %s", word));
}

/* Each is asked in turn; one that does not hear the region ends it. */
static void ask_racks(
    struct ask *ask, const struct chassis *chassis, const struct node *only)
{
	struct buf text = BUF_INIT;
	struct err err = { 0 };
	struct node *node;
	bool first = true;

	buf_adds(&text, "Asking ");
	list_for_each (node, &ask->maas->nodes) {
		if (node->type != NODE_RACK || (only && node != only))
			continue;
		if (!maas_rack_reachable(node, &err)) {
			maas_refuse_unreached(ask, err.text);
			buf_free(&text);
			return;
		}
		buf_addf(&text, "%s%s", first ? "" : ", ", node->hostname);
		first = false;
	}
	buf_addf(&text, " to add machines from chassis %s", chassis->hostname);
	maas_answer_text(
	    ask, 200, "text/plain; charset=utf-8", buf_text(&text));
	buf_free(&text);
}

void maas_op_add_chassis(struct ask *ask)
{
	struct chassis chassis = { 0 };
	struct node *rack;

	if (!maas_needed(ask, "chassis_type") ||
	    !ONE_OF(ask, "chassis_type", chassis_types, &chassis.type))
		return;
	if (chassis.type && strcmp(chassis.type, "sm15k") == 0)
		chassis.type = "seamicro15k";
	chassis.hostname = maas_needed(ask, "hostname");
	if (chassis.hostname && check_login(ask, &chassis) &&
	    check_options(ask, &chassis) && check_domain(ask) &&
	    choose_rack(ask, &chassis, &rack))
		ask_racks(ask, &chassis, rack);
}
