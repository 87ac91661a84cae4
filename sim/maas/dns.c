#include "sim/maas/dns.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"

/* What the region's DNS server answers: wanted is what the data base says at
 * this moment, published what the server has loaded. The one follows the
 * other after a lag, all zones at once. */

/* ---- resources ---- */

struct dns_resource *maas_dns_find(
    const struct maas *maas, const char *name, const struct domain *domain)
{
	struct dns_resource *resource;

	list_for_each (resource, &maas->dns_resources) {
		if (resource->domain == domain &&
		    strcmp(resource->name, name) == 0)
			return resource;
	}
	return NULL;
}

struct dns_resource *maas_dns_make(
    struct maas *maas, const char *name, struct domain *domain)
{
	struct dns_resource *resource = xcalloc(1, sizeof(*resource));

	resource->name = xstrdup(name);
	resource->domain = domain;
	resource->address_ttl = -1;
	maas_list_add(&maas->dns_resources, resource);
	maas->dns_dirty = true;
	return resource;
}

void maas_dns_link(struct dns_resource *resource, struct address *address)
{
	for (size_t i = 0; i < resource->address_count; i++)
		if (resource->addresses[i] == address)
			return;
	resource->addresses = xrealloc(resource->addresses,
	    (resource->address_count + 1) * sizeof(struct address *));
	resource->addresses[resource->address_count++] = address;
}

void maas_dns_unlink(struct maas *maas, const struct address *address)
{
	struct dns_resource *resource;

	list_for_each (resource, &maas->dns_resources) {
		size_t kept = 0;

		for (size_t i = 0; i < resource->address_count; i++)
			if (resource->addresses[i] != address)
				resource->addresses[kept++] =
				    resource->addresses[i];
		resource->address_count = kept;
	}
}

void maas_dns_resource_free(struct dns_resource *resource)
{
	free(resource->name);
	free(resource->addresses);
	free(resource);
}

void maas_dns_drop(struct maas *maas, struct dns_resource *resource)
{
	for (size_t i = maas->dns_data.count; i-- > 0;) {
		struct dns_data *data = maas->dns_data.items[i];

		if (data->resource != resource)
			continue;
		maas_list_remove(&maas->dns_data, data);
		free(data->type);
		free(data->data);
		free(data);
	}
	maas_list_remove(&maas->dns_resources, resource);
	maas_dns_resource_free(resource);
	maas->dns_dirty = true;
}

/* ---- wanted ---- */

static struct dns_name *name_of(struct maas *maas, const char *fqdn)
{
	struct dns_name *name;

	list_for_each (name, &maas->dns_names) {
		if (strcmp(name->fqdn, fqdn) == 0)
			return name;
	}
	return NULL;
}

static void want(
    struct maas *maas, const char *fqdn, const struct address *address)
{
	struct dns_name *name = name_of(maas, fqdn);
	char ip[IP_TEXT] = "", *more;

	if (!name) {
		name = xcalloc(1, sizeof(*name));
		name->fqdn = xstrdup(fqdn);
		name->published = xstrdup("");
		name->wanted = xstrdup("");
		maas_list_add(&maas->dns_names, name);
	}
	name->exists = true;
	if (!address || !address->assigned)
		return;
	maas_ip_text(&address->ip, ip);
	if (strstr(name->next ? name->next : "", ip))
		return;
	more = xasprintf("%s%s%s", name->next ? name->next : "",
	    name->next && *name->next ? " " : "", ip);
	free(name->next);
	name->next = more;
}

static void want_nodes(struct maas *maas)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		const struct iface *iface = address->iface;
		char *host, *fqdn;

		if (!iface || !iface->node || !address->assigned ||
		    address->type == ALLOC_DISCOVERED)
			continue;
		host = maas_node_fqdn(iface->node);
		fqdn = iface == iface->node->boot_iface
		           ? xstrdup(host)
		           : xasprintf("%s.%s", iface->name, host);
		want(maas, fqdn, address);
		free(fqdn);
		free(host);
	}
}

static void want_resources(struct maas *maas)
{
	struct dns_resource *resource;

	list_for_each (resource, &maas->dns_resources) {
		char *fqdn = strcmp(resource->name, "@") == 0
		                 ? xstrdup(resource->domain->name)
		                 : xasprintf("%s.%s", resource->name,
		                       resource->domain->name);

		want(maas, fqdn, NULL);
		for (size_t i = 0; i < resource->address_count; i++)
			want(maas, fqdn, resource->addresses[i]);
		free(fqdn);
	}
}

static void tell(struct maas *maas, const struct dns_name *name)
{
	char *about = xasprintf("%s/dns/%s", maas->name, name->fqdn);

	EVENT(maas->host->events, "state", maas->name, about,
	    F("addresses", name->published), F("wanted", name->wanted));
	free(about);
}

static void forget(struct maas *maas, struct dns_name *name)
{
	char *about = xasprintf("%s/dns/%s", maas->name, name->fqdn);

	events_emit(maas->host->events, "gone", maas->name, about, NULL, 0);
	free(about);
	maas_list_remove(&maas->dns_names, name);
	free(name->fqdn);
	free(name->published);
	free(name->wanted);
	free(name->next);
	free(name);
}

/* Brings wanted up to date; true if the server has something to load. */
static bool compare(struct maas *maas)
{
	struct dns_name *name;
	bool behind = false;

	list_for_each (name, &maas->dns_names)
		name->exists = false;
	want_nodes(maas);
	want_resources(maas);
	list_for_each (name, &maas->dns_names) {
		const char *next = name->next ? name->next : "";

		if (strcmp(name->wanted, next) != 0) {
			maas_set_text(&name->wanted, next);
			tell(maas, name);
		}
		free(name->next);
		name->next = NULL;
		behind = behind || strcmp(name->wanted, name->published) != 0;
	}
	return behind;
}

static void sweep(struct maas *maas)
{
	for (size_t i = maas->dns_names.count; i-- > 0;) {
		struct dns_name *name = maas->dns_names.items[i];

		if (!name->exists && !*name->published)
			forget(maas, name);
	}
}

void maas_dns_catch_up(struct maas *maas)
{
	struct dns_name *name;

	compare(maas);
	list_for_each (name, &maas->dns_names) {
		if (strcmp(name->wanted, name->published) == 0)
			continue;
		maas_set_text(&name->published, name->wanted);
		tell(maas, name);
	}
	sweep(maas);
}

void maas_dns_changed(struct maas *maas)
{
	usec lag_for;

	maas->dns_dirty = false;
	if (!compare(maas)) {
		sweep(maas);
		return;
	}
	if (maas->options.dns_lag_high_for == 0) {
		maas_dns_catch_up(maas);
		return;
	}
	if (timer_is_set(&maas->dns_timer))
		return;
	lag_for = choose_range(maas->host->choices,
	    maas->options.dns_lag_low_for, maas->options.dns_lag_high_for,
	    "%s: dns lag", maas->name);
	timer_set(&maas->dns_timer, maas->host->loop, lag_for);
}

/* ---- the server ---- */

static const struct domain *zone_of(const struct maas *maas, const char *name)
{
	struct domain *domain, *best = NULL;
	size_t len = strlen(name);

	list_for_each (domain, &maas->domains) {
		size_t tail = strlen(domain->name);

		if (!domain->authoritative || tail > len ||
		    strcmp(name + len - tail, domain->name) != 0 ||
		    (tail < len && name[len - tail - 1] != '.'))
			continue;
		if (!best || tail > strlen(best->name))
			best = domain;
	}
	return best;
}

bool maas_dns_has_zone(const struct maas *maas, const char *name)
{
	return zone_of(maas, name) != NULL;
}

int maas_dns_lookup(
    struct maas *maas, const char *name, char (*addresses)[16], int max)
{
	struct dns_name *found = name_of(maas, name);
	const char *at;
	int count = 0;

	if (!maas_dns_has_zone(maas, name))
		return -1;
	if (!found) {
		const char *dot = strchr(name, '.');
		char *wild = xasprintf("*%s", dot ? dot : "");

		found = name_of(maas, wild);
		free(wild);
	}
	for (at = found ? found->published : ""; *at && count < max;) {
		size_t len = strcspn(at, " ");

		if (len < 16 && !memchr(at, ':', len)) {
			memcpy(addresses[count], at, len);
			addresses[count++][len] = '\0';
		}
		at += len + (at[len] == ' ');
	}
	return count;
}
