#include "sim/maas/dns_implied.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/dnsresources.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"

struct implied {
	char *fqdn;
	const struct node *node;             /* NULL: of none */
	const struct user *user;             /* NULL: everybody may see it */
	const struct dns_resource *resource; /* NULL: of none */
	int64_t ttl;                         /* -1: none */
	const struct address **addresses;
	size_t count;
	bool boot; /* those of other interfaces are not its own */
};

/* In the order in which they were found. */
struct implieds {
	const struct maas *maas;
	const struct domain *domain;
	struct implied **items;
	size_t count;
};

static struct implied *find(struct implieds *all, const char *fqdn)
{
	struct implied *one;

	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->items[i]->fqdn, fqdn) == 0)
			return all->items[i];
	one = xcalloc(1, sizeof(*one));
	one->fqdn = xstrdup(fqdn);
	one->ttl = -1;
	all->items = xrealloc(
	    all->items, (all->count + 1) * sizeof(struct implied *));
	all->items[all->count++] = one;
	return one;
}

static bool has(const struct implied *one, const struct address *address)
{
	for (size_t i = 0; i < one->count; i++)
		if (maas_ip_compare(&one->addresses[i]->ip, &address->ip) == 0)
			return true;
	return false;
}

static void put(struct implied *one, const struct address *address)
{
	if (has(one, address))
		return;
	one->addresses = xrealloc(
	    one->addresses, (one->count + 1) * sizeof(struct address *));
	one->addresses[one->count++] = address;
}

static const struct node *node_of(const struct address *address)
{
	return address->iface ? address->iface->node : NULL;
}

/* ---- from resources and reservations ---- */

static bool is_named(const struct domain *domain, char *fqdn)
{
	bool named = strcmp(domain->name, fqdn) == 0;

	free(fqdn);
	return named;
}

/* A name is in its domain, in one that is called like it, and that of a domain
 * itself in the domain above as well. */
static bool is_in(const struct domain *domain,
    const struct dns_resource *resource, const struct node *node)
{
	const char *above = strchr(resource->domain->name, '.');

	return resource->domain == domain ||
	       is_named(domain, maas_dns_fqdn(resource)) ||
	       (strcmp(resource->name, "@") == 0 && above &&
	           strcmp(above + 1, domain->name) == 0) ||
	       (node && (node->domain == domain ||
	                    is_named(domain, maas_node_fqdn(node))));
}

static void add_one(struct implieds *all, char *fqdn,
    const struct address *address, const struct dns_resource *resource)
{
	struct implied *one = find(all, fqdn);
	const struct node *node = node_of(address);

	if (node)
		one->node = node;
	if (resource && resource->address_ttl >= 0)
		one->ttl = resource->address_ttl;
	else if (node && node->address_ttl >= 0)
		one->ttl = node->address_ttl;
	if (address->user)
		one->user = address->user;
	one->resource = resource;
	one->boot = true;
	put(one, address);
	free(fqdn);
}

static char *name_of_ip(const struct ip *ip)
{
	char text[IP_TEXT];
	struct buf out = BUF_INIT;

	if (ip->version == 6) {
		for (int part = 7; part >= 0; part--)
			buf_addf(&out, "%s%04x", part < 7 ? "-" : "",
			    (unsigned)(ip->number >> (16 * part)) & 0xffff);
		return buf_detach(&out);
	}
	maas_ip_text(ip, text);
	for (char *at = text; *at; at++)
		if (*at == '.')
			*at = '-';
	return xstrdup(text);
}

static void add_unnamed(struct implieds *all, const struct address *address)
{
	const struct domain *domain = all->maas->default_domain;
	char *name = name_of_ip(&address->ip);

	add_one(all, xasprintf("%s.%s", name, domain->name), address, NULL);
	free(name);
}

static void add_resources(struct implieds *all)
{
	struct address *address;
	struct dns_resource *resource;

	list_for_each (address, &all->maas->addresses) {
		const struct node *node = node_of(address);
		bool linked = false;

		if (!address->assigned)
			continue;
		list_for_each (resource, &all->maas->dns_resources) {
			if (!maas_dns_has(resource, address))
				continue;
			linked = true;
			if (is_in(all->domain, resource, node))
				add_one(all, maas_dns_fqdn(resource), address,
				    resource);
		}
		if (!linked && !node && address->type == ALLOC_RESERVED &&
		    all->domain == all->maas->default_domain)
			add_unnamed(all, address);
	}
}

/* ---- from nodes ---- */

static bool stands_on(const struct iface *iface, const struct iface *below)
{
	struct iface *parent, *grandparent;

	if (!below || iface == below)
		return below != NULL;
	list_for_each (parent, &iface->parents) {
		if (parent == below)
			return true;
		list_for_each (grandparent, &parent->parents) {
			if (grandparent == below)
				return true;
		}
	}
	return false;
}

/* Which of a node's addresses is the one under its name: by the kind of the
 * interface, then by the kind of the address. */
static int rank(const struct address *address)
{
	static const char *const types[] = { "bond", "physical", "vlan" };
	static const int kinds[] = { [ALLOC_AUTO] = 3,
		[ALLOC_STICKY] = 1,
		[ALLOC_RESERVED] = 2,
		[ALLOC_DHCP] = 4,
		[ALLOC_DISCOVERED] = 5 };
	const struct iface *iface = address->iface;
	const struct iface *boot = iface->node->boot_iface;
	int preference = 10;

	for (int i = 0; i < 3; i++)
		if (strcmp(iface->type, types[i]) == 0)
			preference = 5 + i;
	if (strcmp(iface->type, "bridge") == 0 && stands_on(iface, boot))
		preference = maas_list_has(&iface->parents, boot) ? 2 : 1;
	else if (preference < 7 && stands_on(iface, boot))
		preference -= 2;
	return preference * 10 + kinds[address->type];
}

static const struct address *best_of(
    const struct node *node, bool boot, int version)
{
	struct address *address, *best = NULL;

	list_for_each (address, &node->maas->addresses) {
		if (!address->assigned || node_of(address) != node ||
		    address->ip.version != version ||
		    stands_on(address->iface, node->boot_iface) != boot)
			continue;
		if (!best || rank(address) < rank(best) ||
		    (rank(address) == rank(best) &&
		        address->iface->id < best->iface->id))
			best = address;
	}
	return best;
}

/* The boot interface's addresses; where it has none, another's. */
static void add_node(struct implieds *all, const struct node *node)
{
	char *fqdn = maas_node_fqdn(node);

	for (int boot = 1; boot >= 0; boot--) {
		for (int version = 4; version <= 6; version += 2) {
			const struct address *address = best_of(
			    node, boot, version);
			struct implied *one;

			if (!address)
				continue;
			one = find(all, fqdn);
			one->node = node;
			one->ttl = node->address_ttl;
			if (address->user)
				one->user = address->user;
			one->boot |= boot;
			if (one->boot == (bool)boot)
				put(one, address);
		}
	}
	free(fqdn);
}

static const struct user *owner_of(const struct node *node)
{
	return node->type >= NODE_RACK ? maas_user_find(node->maas, "MAAS")
	                               : node->owner;
}

/* Letters first, letters and digits last. */
static char *iface_word(const char *name)
{
	size_t len;
	char *word;

	while (*name && !isalpha((unsigned char)*name))
		name++;
	word = xstrdup(name);
	for (char *at = word; *at; at++)
		if (*at == '_')
			*at = '-';
	for (len = strlen(word); len && !isalnum((unsigned char)word[len - 1]);)
		word[--len] = '\0';
	return word;
}

/* What is not under the node's name is under that of the interface. */
static void add_ifaces(struct implieds *all, const struct node *node)
{
	char *fqdn = maas_node_fqdn(node);
	bool assigned = false;
	struct address *address;

	for (int found = 0; found <= 1; found++) {
		list_for_each (address, &node->maas->addresses) {
			char *word, *name;
			struct implied *one;

			if (!address->assigned || node_of(address) != node ||
			    (address->type == ALLOC_DISCOVERED) != found)
				continue;
			assigned |= !found;
			if ((found && assigned) ||
			    has(find(all, fqdn), address))
				continue;
			word = iface_word(address->iface->name);
			name = xasprintf("%s.%s", word, fqdn);
			one = find(all, name);
			one->node = node;
			one->ttl = node->address_ttl;
			one->user = owner_of(node) ? owner_of(node) : one->user;
			put(one, address);
			free(word);
			free(name);
		}
	}
	free(fqdn);
}

static int by_hostname(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->hostname, (*y)->hostname);
}

static void add_nodes(struct implieds *all)
{
	const struct list *nodes = &all->maas->nodes;
	struct node **sorted = xcalloc(nodes->count + 1, sizeof(*sorted));
	struct node *node;
	size_t count = 0;

	list_for_each (node, nodes) {
		if (node->domain == all->domain ||
		    (node->domain &&
		        is_named(all->domain, maas_node_fqdn(node))))
			sorted[count++] = node;
	}
	qsort(sorted, count, sizeof(struct node *), by_hostname);
	for (size_t i = 0; i < count; i++)
		add_node(all, sorted[i]);
	for (size_t i = 0; i < count; i++)
		add_ifaces(all, sorted[i]);
	free(sorted);
}

/* ---- as they are shown ---- */

static json_t *record_json(
    const struct implied *one, const struct address *address)
{
	char ip[IP_TEXT];
	json_t *json;

	maas_ip_text(&address->ip, ip);
	json = json_pack("{s:s?, s:o, s:o, s:o, s:o, s:s, s:s, s:n}",
	    "system_id", one->node ? one->node->system_id : NULL, "node_type",
	    one->node ? json_integer(one->node->type) : json_null(), "user_id",
	    one->user ? json_integer(one->user->id) : json_null(),
	    "dnsresource_id",
	    one->resource ? json_integer(one->resource->id) : json_null(),
	    "ttl", one->ttl < 0 ? json_null() : json_integer(one->ttl),
	    "rrtype", address->ip.version == 4 ? "A" : "AAAA", "rrdata", ip,
	    "dnsdata_id");
	check(json);
	return json;
}

/* The part before the domain's name, up to its first dot: also of a name that
 * ends with another domain's. */
static char *label_of(const struct implieds *all, const struct implied *one)
{
	size_t cut = strlen(all->domain->name) + 1, len = strlen(one->fqdn);
	size_t label = strcspn(one->fqdn, ".");

	len = len > cut ? len - cut : 0;
	return xstrndup(one->fqdn, label < len ? label : len);
}

static json_t *implied_json(const struct implieds *all,
    const struct implied *one, const char *label, const char *type)
{
	char *fqdn = xasprintf("%s.%s", label, all->domain->name);
	json_t *records = json_array(), *json;

	for (size_t i = 0; i < one->count; i++) {
		const struct address *address = one->addresses[i];

		if (!type ||
		    strcmp(type, address->ip.version == 4 ? "A" : "AAAA") == 0)
			json_array_append_new(
			    records, record_json(one, address));
	}
	json = json_pack("{s:n, s:s, s:o, s:i, s:n, s:s}", "address_ttl",
	    "fqdn", fqdn, "resource_records", records, "id", -1, "ip_addresses",
	    "resource_uri", "/MAAS/api/2.0/dnsresources/-1/");
	free(fqdn);
	check(json);
	return json;
}

static void show(struct ask *ask, const struct implieds *all,
    const struct implied *one, const char *name, const char *type, json_t *list)
{
	char *label = label_of(all, one);
	json_t *json;

	if ((!name || strcmp(name, label) == 0) &&
	    (maas_is_admin(ask) || !one->user || one->user == ask->user)) {
		json = implied_json(all, one, label, type);
		if (json_array_size(json_object_get(json, "resource_records")))
			json_array_append(list, json);
		json_decref(json);
	}
	free(label);
}

void maas_dns_implied_add(struct ask *ask, const struct domain *domain,
    const char *name, const char *type, json_t *list)
{
	struct implieds all = { .maas = ask->maas, .domain = domain };

	add_resources(&all);
	add_nodes(&all);
	for (size_t i = 0; i < all.count; i++) {
		struct implied *one = all.items[i];

		show(ask, &all, one, name, type, list);
		free(one->fqdn);
		free(one->addresses);
		free(one);
	}
	free(all.items);
}
