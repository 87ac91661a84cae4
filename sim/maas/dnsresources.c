#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"

/* ---- as they are shown ---- */

static char *fqdn_of(const struct dns_resource *resource)
{
	if (strcmp(resource->name, "@") == 0)
		return xstrdup(resource->domain->name);
	return xasprintf("%s.%s", resource->name, resource->domain->name);
}

static json_t *ttl_json(int64_t ttl)
{
	return ttl < 0 ? json_null() : json_integer(ttl);
}

json_t *maas_dns_data_json(const struct dns_data *data)
{
	char *fqdn = fqdn_of(data->resource);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/dnsresourcerecords/%lld/", (long long)data->id);
	json_t *json = json_pack("{s:o, s:s, s:s, s:I, s:s, s:s}", "ttl",
	    ttl_json(data->ttl), "rrtype", data->type, "rrdata", data->data,
	    "id", (json_int_t)data->id, "fqdn", fqdn, "resource_uri", uri);

	free(fqdn);
	free(uri);
	return json;
}

static json_t *resource_json(
    const struct maas *maas, const struct dns_resource *resource)
{
	json_t *addresses = json_array(), *records = json_array(), *json;
	char *fqdn = fqdn_of(resource);
	char *uri = xasprintf(
	    "/MAAS/api/2.0/dnsresources/%lld/", (long long)resource->id);
	struct address *address;
	struct dns_data *data;

	/* by id of the rows, whatever the order of linking was */
	list_for_each (address, &maas->addresses) {
		for (size_t i = 0; i < resource->address_count; i++)
			if (resource->addresses[i] == address)
				json_array_append_new(addresses,
				    maas_address_json(maas, address));
	}
	list_for_each (data, &maas->dns_data) {
		if (data->resource == resource)
			json_array_append_new(
			    records, maas_dns_data_json(data));
	}
	json = json_pack("{s:o, s:s, s:o, s:I, s:o, s:s}", "address_ttl",
	    ttl_json(resource->address_ttl), "fqdn", fqdn, "resource_records",
	    records, "id", (json_int_t)resource->id, "ip_addresses", addresses,
	    "resource_uri", uri);
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

static bool has_type(const struct maas *maas,
    const struct dns_resource *resource, const char *type)
{
	struct dns_data *data;

	list_for_each (data, &maas->dns_data) {
		if (data->resource == resource && strcmp(data->type, type) == 0)
			return true;
	}
	return false; /* addresses are no data */
}

static void add_real(
    const struct maas *maas, const struct dns_filter *filter, json_t *list)
{
	const struct list *all = &maas->dns_resources;
	struct dns_resource **sorted = xcalloc(all->count + 1, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct dns_resource *resource = all->items[i];

		if ((filter->domain && resource->domain != filter->domain) ||
		    (filter->name &&
		        strcmp(filter->name, resource->name) != 0) ||
		    (filter->type && !has_type(maas, resource, filter->type)))
			continue;
		sorted[count++] = resource;
	}
	qsort(sorted, count, sizeof(*sorted), resource_order);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, resource_json(maas, sorted[i]));
	free(sorted);
}

/* What all=true adds: records that follow from machines, with no id. */
static json_t *synthetic(const char *name, const struct domain *domain,
    const struct node *node, const struct address *address,
    const struct dns_resource *resource)
{
	char ip[IP_TEXT], *fqdn = xasprintf("%s.%s", name, domain->name);
	json_t *json;

	maas_ip_text(&address->ip, ip);
	json = json_pack("{s:n, s:s, s:[{s:s, s:i, s:n, s:o, s:n, s:s, s:s, "
	                 "s:n}], s:i, s:n, s:s}",
	    "address_ttl", "fqdn", fqdn, "resource_records", "system_id",
	    node->system_id, "node_type", (int)node->type, "user_id",
	    "dnsresource_id",
	    resource ? json_integer(resource->id) : json_null(), "ttl",
	    "rrtype", address->ip.version == 4 ? "A" : "AAAA", "rrdata", ip,
	    "dnsdata_id", "id", -1, "ip_addresses", "resource_uri",
	    "/MAAS/api/2.0/dnsresources/-1/");
	free(fqdn);
	check(json);
	return json;
}

static int by_fqdn(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;

	return strcmp(json_string_value(json_object_get(*x, "fqdn")),
	    json_string_value(json_object_get(*y, "fqdn")));
}

static const struct dns_resource *resource_with(
    const struct maas *maas, const struct address *address)
{
	struct dns_resource *resource;

	list_for_each (resource, &maas->dns_resources) {
		for (size_t i = 0; i < resource->address_count; i++)
			if (resource->addresses[i] == address)
				return resource;
	}
	return NULL;
}

/* A resource that shares a machine's address shows up once more under the
 * machine's own domain: so does MAAS. */
static void add_synthetic(
    const struct maas *maas, const struct dns_filter *filter, json_t *list)
{
	json_t **found = NULL;
	size_t count = 0;
	struct address *address;

	list_for_each (address, &maas->addresses) {
		const struct node *node = address->iface ? address->iface->node
		                                         : NULL;
		const struct dns_resource *resource;

		if (!node || !address->assigned ||
		    address->type == ALLOC_DISCOVERED || !node->domain ||
		    address->iface != node->boot_iface ||
		    (filter->domain && node->domain != filter->domain) ||
		    (filter->type &&
		        strcmp(filter->type,
		            address->ip.version == 4 ? "A" : "AAAA") != 0))
			continue;
		found = xrealloc(found, (count + 2) * sizeof(*found));
		if (!filter->name || strcmp(filter->name, node->hostname) == 0)
			found[count++] = synthetic(
			    node->hostname, node->domain, node, address, NULL);
		resource = resource_with(maas, address);
		if (resource && (!filter->name ||
		                    strcmp(filter->name, resource->name) == 0))
			found[count++] = synthetic(resource->name, node->domain,
			    node, address, resource);
	}
	if (count)
		qsort(found, count, sizeof(*found), by_fqdn);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, found[i]);
	free(found);
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
	if (all)
		add_synthetic(ask->maas, &filter, list);
	add_real(ask->maas, &filter, list);
	maas_answer(ask, list);
out:
	free(upper);
}

/* ---- changes ---- */

struct wanted_addresses {
	struct ip *ips;
	size_t count;
	bool given;
};

/* One text, split at blanks. A bare number would be the id of a row; one that
 * does not exist ends as a conflict of the data base. */
static bool read_addresses(struct ask *ask, struct wanted_addresses *wanted)
{
	const char *text = maas_field(ask, "ip_addresses");
	struct names words = { 0 };
	bool fine = true;

	wanted->given = text != NULL;
	maas_names_split(&words, text, " \t\r\n");
	wanted->ips = xcalloc(words.count + 1, sizeof(*wanted->ips));
	for (size_t i = 0; i < words.count && fine; i++) {
		struct address *row = NULL;
		int64_t id = maas_number(words.items[i]);

		if (id >= 0) {
			row = maas_list_find(&ask->maas->addresses, id);
			fine = row && row->assigned;
			if (fine)
				wanted->ips[wanted->count++] = row->ip;
			else
				maas_refuse_conflict(ask);
		} else if (maas_ip_parse(
		               words.items[i], &wanted->ips[wanted->count])) {
			wanted->count++;
		} else {
			fine = false;
			maas_refuse(ask, 500,
			    "failed to detect a valid IP address from '%s'",
			    words.items[i]);
		}
	}
	maas_names_free(&words);
	return fine;
}

/* An address that has a row is linked, whoever has it; else a row is made that
 * nobody will clean up. */
static void link_addresses(struct ask *ask, struct dns_resource *resource,
    const struct wanted_addresses *wanted)
{
	/* Up to 3.4 a change of something else keeps the last address only:
	 * the form takes one value where the resource has several. */
	if (!wanted->given && ask->maas->version == 304 &&
	    resource->address_count > 1) {
		resource->addresses[0] =
		    resource->addresses[resource->address_count - 1];
		resource->address_count = 1;
	}
	if (!wanted->given)
		return;
	resource->address_count = 0;
	for (size_t i = 0; i < wanted->count; i++) {
		struct address *address = maas_address_find(
		    ask->maas, &wanted->ips[i]);

		if (!address) {
			address = maas_address_make(ask->maas, ALLOC_RESERVED,
			    maas_subnet_of(ask->maas, &wanted->ips[i]));
			address->user = ask->user;
			maas_address_assign(
			    address, &wanted->ips[i], address->created_time);
			maas_address_told(ask->maas, address);
		}
		maas_dns_link(resource, address);
	}
	ask->maas->dns_dirty = true;
}

struct dns_form {
	char label[256];
	struct domain *domain;
	int64_t ttl;
};

static void read_label(
    struct ask *ask, struct dns_form *form, const char *name, json_t *errors)
{
	bool addresses = maas_field(ask, "ip_addresses") != NULL;

	if (!name || !*name) {
		if (*form->label)
			return;
		/* the check of addresses misses the name first */
		if (addresses)
			maas_refuse(ask, 500, "'name'");
		else
			maas_error(errors, "name", "This field is required.");
	} else if (maas_letters(name) > 191) {
		maas_error(
		    errors, "name", MAAS_TOO_LONG, 191, maas_letters(name));
	} else {
		if (addresses && !maas_dns_label_ok(name))
			maas_error(errors, "__all__",
			    "Invalid dnsresource name: %s.", name);
		snprintf(form->label, sizeof(form->label), "%.255s", name);
	}
}

static bool read_where(struct ask *ask, struct dns_form *form, json_t *errors)
{
	const char *fqdn = maas_field(ask, "fqdn");
	const char *name = maas_field(ask, "name");
	const char *domain = maas_field(ask, "domain");

	if (fqdn && !name && !domain) {
		if (!maas_dns_is_special(fqdn)) {
			form->domain = maas_dns_split(
			    ask, fqdn, "A", form->label);
			return form->domain != NULL;
		}
		name = fqdn;
	}
	if (domain) {
		form->domain = *domain || !*form->label
		                   ? maas_domain_plain(ask, domain)
		                   : form->domain;
		if (ask->answered)
			return false;
	}
	if (!name || name != fqdn)
		name = maas_stripped(ask, "name");
	read_label(ask, form, name, errors);
	if (!form->domain)
		maas_error(errors, "domain", "This field is required.");
	return !ask->answered;
}

static bool read_form(
    struct ask *ask, struct dns_form *form, const struct dns_resource *old)
{
	json_t *errors = json_object();
	const char *ttl = maas_stripped(ask, "address_ttl");
	struct dns_resource *other;

	if (!read_where(ask, form, errors)) {
		json_decref(errors);
		return false;
	}
	if (ttl && !*ttl)
		form->ttl = -1;
	else if (ttl)
		maas_form_number(
		    errors, "address_ttl", ttl, 0, INT32_MAX, &form->ttl);
	other = form->domain
	            ? maas_dns_find(ask->maas, form->label, form->domain)
	            : NULL;
	if (other && other != old && !json_object_size(errors))
		maas_error(errors, "__all__",
		    "Labels must be unique within their zone.");
	return maas_fine(ask, errors);
}

void maas_op_dnsresources_create(struct ask *ask)
{
	struct dns_form form = { .ttl = -1 };
	struct wanted_addresses wanted = { 0 };
	struct dns_resource *resource;

	if (read_form(ask, &form, NULL) && read_addresses(ask, &wanted)) {
		resource = maas_dns_make(ask->maas, form.label, form.domain);
		resource->address_ttl = form.ttl;
		link_addresses(ask, resource, &wanted);
		maas_answer(ask, resource_json(ask->maas, resource));
	}
	free(wanted.ips);
}

/* By id, or by a name that only one has. */
static struct dns_resource *resource_asked(struct ask *ask, bool to_change)
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
	struct dns_resource *resource = resource_asked(ask, false);

	if (resource)
		maas_answer(ask, resource_json(ask->maas, resource));
}

void maas_op_dnsresources_update(struct ask *ask)
{
	struct dns_resource *resource = resource_asked(ask, true);
	struct wanted_addresses wanted = { 0 };
	struct dns_form form = { .ttl = -1 };

	if (!resource)
		return;
	strncpy(form.label, resource->name, sizeof(form.label) - 1);
	form.domain = resource->domain;
	form.ttl = resource->address_ttl;
	if (read_form(ask, &form, resource) && read_addresses(ask, &wanted)) {
		maas_set_text(&resource->name, form.label);
		resource->domain = form.domain;
		resource->address_ttl = form.ttl;
		link_addresses(ask, resource, &wanted);
		ask->maas->dns_dirty = true;
		maas_answer(ask, resource_json(ask->maas, resource));
	}
	free(wanted.ips);
}

/* Since 3.6 reserved rows that no other record uses go with the resource. */
static void free_rows(struct maas *maas, struct address **rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i]->type == ALLOC_RESERVED && !rows[i]->iface &&
		    !resource_with(maas, rows[i]))
			maas_address_drop(maas, rows[i]);
}

void maas_op_dnsresources_delete(struct ask *ask)
{
	struct dns_resource *resource = resource_asked(ask, true);
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
