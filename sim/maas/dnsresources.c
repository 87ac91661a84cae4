#include "sim/maas/dnsresources.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/dns_implied.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/python.h"

/* ---- as they are shown ---- */

char *maas_dns_fqdn(const struct dns_resource *resource)
{
	if (strcmp(resource->name, "@") == 0)
		return xstrdup(resource->domain->name);
	return xasprintf("%s.%s", resource->name, resource->domain->name);
}

bool maas_dns_has(
    const struct dns_resource *resource, const struct address *address)
{
	for (size_t i = 0; i < resource->address_count; i++)
		if (resource->addresses[i] == address)
			return true;
	return false;
}

static json_t *ttl_json(int64_t ttl)
{
	return ttl < 0 ? json_null() : json_integer(ttl);
}

json_t *maas_dns_data_json(const struct dns_data *data)
{
	char *fqdn = maas_dns_fqdn(data->resource);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/dnsresourcerecords/%lld/", (long long)data->id);
	json_t *json = json_pack("{s:o, s:s, s:s, s:I, s:s, s:s}", "ttl",
	    ttl_json(data->ttl), "rrtype", data->type, "rrdata", data->data,
	    "id", (json_int_t)data->id, "fqdn", fqdn, "resource_uri", uri);

	free(fqdn);
	free(uri);
	return json;
}

static int by_type(const void *a, const void *b)
{
	const struct dns_data *const *x = a, *const *y = b;
	int order = strcmp((*x)->type, (*y)->type);

	return order ? order : (*x)->id < (*y)->id ? -1 : 1;
}

static json_t *records_json(
    const struct maas *maas, const struct dns_resource *resource)
{
	const struct list *all = &maas->dns_data;
	struct dns_data **sorted = xcalloc(all->count + 1, sizeof(*sorted));
	json_t *records = json_array();
	struct dns_data *data;
	size_t count = 0;

	list_for_each (data, all) {
		if (data->resource == resource)
			sorted[count++] = data;
	}
	qsort(sorted, count, sizeof(struct dns_data *), by_type);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(records, maas_dns_data_json(sorted[i]));
	free(sorted);
	return records;
}

json_t *maas_dns_resource_json(
    const struct maas *maas, const struct dns_resource *resource)
{
	json_t *addresses = json_array(), *json;
	char *fqdn = maas_dns_fqdn(resource);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/dnsresources/%lld/", (long long)resource->id);
	struct address *address;

	/* by id of the rows, whatever the order of linking was */
	list_for_each (address, &maas->addresses) {
		if (maas_dns_has(resource, address))
			json_array_append_new(
			    addresses, maas_address_json(maas, address));
	}
	json = json_pack("{s:o, s:s, s:o, s:I, s:o, s:s}", "address_ttl",
	    ttl_json(resource->address_ttl), "fqdn", fqdn, "resource_records",
	    records_json(maas, resource), "id", (json_int_t)resource->id,
	    "ip_addresses", addresses, "resource_uri", uri);
	free(fqdn);
	free(uri);
	return json;
}

/* ---- lists ---- */

static int resource_order(const void *a, const void *b)
{
	const struct dns_resource *const *x = a, *const *y = b;
	int order;

	if ((*x)->domain != (*y)->domain)
		return (*x)->domain->id < (*y)->domain->id ? -1 : 1;
	order = strcmp((*x)->name, (*y)->name);
	if (order)
		return order;
	return (*x)->id < (*y)->id ? -1 : 1;
}

struct dns_filter {
	const struct domain *domain; /* NULL: any */
	const char *name;            /* NULL: any */
	const char *type;            /* NULL: any */
};

/* Sifted by type a resource is there once for each record of it. Addresses are
 * no records. */
static size_t times_listed(const struct maas *maas,
    const struct dns_filter *filter, const struct dns_resource *resource)
{
	struct dns_data *data;
	size_t count = 0;

	if ((filter->domain && resource->domain != filter->domain) ||
	    (filter->name && strcmp(filter->name, resource->name) != 0))
		return 0;
	list_for_each (data, &maas->dns_data) {
		if (filter->type && data->resource == resource &&
		    strcmp(data->type, filter->type) == 0)
			count++;
	}
	return filter->type ? count : 1;
}

static size_t sift(const struct maas *maas, const struct dns_filter *filter,
    struct dns_resource ***sorted)
{
	struct dns_resource *resource;
	size_t count = 0;

	*sorted = NULL;
	list_for_each (resource, &maas->dns_resources) {
		size_t times = times_listed(maas, filter, resource);

		*sorted = xrealloc(*sorted,
		    (count + times + 1) * sizeof(struct dns_resource *));
		while (times--)
			(*sorted)[count++] = resource;
	}
	if (count)
		qsort(*sorted, count, sizeof(struct dns_resource *),
		    resource_order);
	return count;
}

/* What is implied of a domain stands before its resources; domains of which
 * none is listed come last. */
static void add_all(
    struct ask *ask, const struct dns_filter *filter, bool all, json_t *list)
{
	struct maas *maas = ask->maas;
	struct dns_resource **sorted;
	size_t count = sift(maas, filter, &sorted);
	struct domain *domain;

	for (size_t i = 0; i < count; i++) {
		if (all && (!i || sorted[i - 1]->domain != sorted[i]->domain))
			maas_dns_implied_add(ask, sorted[i]->domain,
			    filter->name, filter->type, list);
		json_array_append_new(
		    list, maas_dns_resource_json(maas, sorted[i]));
	}
	list_for_each (domain, &maas->domains) {
		bool seen = filter->domain && filter->domain != domain;

		for (size_t i = 0; i < count; i++)
			seen |= sorted[i]->domain == domain;
		if (all && !seen)
			maas_dns_implied_add(
			    ask, domain, filter->name, filter->type, list);
	}
	free(sorted);
}

void maas_op_dnsresources_list(struct ask *ask)
{
	const char *fqdn = maas_query(ask, "fqdn");
	const char *domain = maas_query(ask, "domain");
	const char *type = maas_query(ask, "rrtype");
	struct dns_filter filter = { .name = maas_query(ask, "name") };
	char label[256], *upper = maas_upper(type);
	json_t *list;
	bool all;

	filter.type = type ? upper : NULL;
	if (!maas_flag(ask, &ask->query, "all", false, &all))
		goto out;
	if (fqdn && !filter.name && !domain && maas_dns_is_special(fqdn)) {
		filter.name = fqdn;
	} else if (fqdn && !filter.name && !domain) {
		filter.domain = maas_dns_split(ask, fqdn, filter.type, label);
		filter.name = label;
	} else if (domain) {
		filter.domain = maas_domain_plain(ask, domain);
	}
	if (ask->answered)
		goto out;
	list = json_array();
	add_all(ask, &filter, all, list);
	maas_answer(ask, list);
out:
	free(upper);
}

/* ---- one resource ---- */

/* By id, or by a name that only one has. */
struct dns_resource *maas_dns_resource_asked(struct ask *ask, bool to_change)
{
	const char *word = ask->args[0];
	struct dns_resource *resource = NULL, *other;
	size_t count = 0;
	int64_t id;

	if (maas_python_read_based(word, &id)) {
		resource = maas_list_find(&ask->maas->dns_resources, id);
		count = resource != NULL;
	} else {
		word += strncmp(word, "name:", 5) == 0 ? 5 : 0;
		list_for_each (other, &ask->maas->dns_resources) {
			if (strcmp(other->name, word) != 0)
				continue;
			resource = resource ? resource : other;
			count++;
		}
	}
	if (count > 1)
		maas_refuse(ask, 403,
		    "Too many DNSResource objects match the given query.");
	else if (!resource)
		maas_answer_missing(ask, "DNSResource");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : resource;
}

void maas_op_dnsresources_read(struct ask *ask)
{
	struct dns_resource *resource = maas_dns_resource_asked(ask, false);

	if (resource)
		maas_answer(ask, maas_dns_resource_json(ask->maas, resource));
}

static bool is_linked(const struct maas *maas, const struct address *address)
{
	struct dns_resource *resource;

	list_for_each (resource, &maas->dns_resources) {
		if (maas_dns_has(resource, address))
			return true;
	}
	return false;
}

/* Since 3.6 reserved rows that no other record uses go with the resource. */
static void free_rows(struct maas *maas, struct address **rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i]->type == ALLOC_RESERVED && !rows[i]->iface &&
		    !is_linked(maas, rows[i]))
			maas_address_drop(maas, rows[i]);
}

void maas_op_dnsresources_delete(struct ask *ask)
{
	struct dns_resource *resource = maas_dns_resource_asked(ask, true);
	struct address **rows;
	size_t count;

	if (!resource)
		return;
	rows = resource->addresses;
	count = resource->address_count;
	resource->addresses = NULL;
	resource->address_count = 0;
	maas_dns_drop(ask->maas, resource);
	if (ask->maas->version >= 306)
		free_rows(ask->maas, rows, count);
	free(rows);
	maas_answer_gone(ask);
}
