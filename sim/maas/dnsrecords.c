#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Records that are no addresses: TXT, MX, CNAME ... They are kept and shown;
 * the DNS server of this region answers addresses only. */

static const char *const types[] = { "TXT", "MX", "SSHFP", "NS", "CNAME",
	"SRV" };

static bool type_known(const char *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static char *upper(const char *text)
{
	char *copy = xstrdup(text ? text : "");

	for (char *at = copy; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return copy;
}

static int data_order(const void *a, const void *b)
{
	const struct dns_data *const *x = a, *const *y = b;
	int order;

	if ((*x)->resource->domain != (*y)->resource->domain)
		return (*x)->resource->domain->id < (*y)->resource->domain->id
		           ? -1
		           : 1;
	order = strcmp((*x)->resource->name, (*y)->resource->name);
	return order ? order : (*x)->id < (*y)->id ? -1 : 1;
}

void maas_op_dnsresourcerecords_list(struct ask *ask)
{
	const char *domain = maas_query(ask, "domain");
	const char *name = maas_query(ask, "name");
	const char *fqdn = maas_query(ask, "fqdn");
	char *type = upper(maas_query(ask, "rrtype"));
	struct list *all = &ask->maas->dns_data;
	struct dns_data **sorted = xcalloc(all->count + 1, sizeof(*sorted));
	json_t *list = json_array();
	struct domain *in = NULL;
	char label[256] = "";
	size_t count = 0;

	if (fqdn) {
		in = maas_dns_split(ask, fqdn, label);
		name = label;
	} else if (domain) {
		in = maas_domain_named(ask->maas, domain);
		if (!in)
			maas_answer_missing(ask, "Domain");
	}
	for (size_t i = 0; i < all->count; i++) {
		struct dns_data *data = all->items[i];

		if ((in && data->resource->domain != in) ||
		    (name && strcmp(data->resource->name, name) != 0) ||
		    (*type && strcmp(data->type, type) != 0))
			continue;
		sorted[count++] = data;
	}
	qsort(sorted, count, sizeof(*sorted), data_order);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, maas_dns_data_json(sorted[i]));
	free(sorted);
	free(type);
	if (ask->answered)
		json_decref(list);
	else
		maas_answer(ask, list);
}

/* ---- create ---- */

static bool where(struct ask *ask, char label[256], struct domain **domain)
{
	const char *fqdn = maas_field(ask, "fqdn");
	const char *name = maas_field(ask, "name");
	const char *word = maas_field(ask, "domain");

	if (fqdn && *fqdn) {
		*domain = maas_dns_split(ask, fqdn, label);
		return *domain != NULL;
	}
	if (!name || !word) {
		maas_refuse(ask, 400,
		    "Either name and domain (or fqdn) must be specified");
		return false;
	}
	*domain = maas_domain_named(ask->maas, word);
	if (!*domain) {
		maas_answer_missing(ask, "Domain");
		return false;
	}
	strncpy(label, name, 255);
	label[255] = '\0';
	return true;
}

static bool has_other(const struct maas *maas,
    const struct dns_resource *resource, const char *type, bool same)
{
	struct dns_data *data;

	list_for_each (data, &maas->dns_data) {
		if (data->resource == resource &&
		    (strcmp(data->type, type) == 0) == same)
			return true;
	}
	return false;
}

static bool check_data(struct ask *ask, const struct dns_resource *resource,
    const char *type, const char *ttl)
{
	json_t *errors = json_object();
	bool cname = strcmp(type, "CNAME") == 0;

	if (!type_known(type))
		maas_error(errors, "rrtype",
		    "%s is not one of SRV MX TXT SSHFP CNAME NS.", type);
	else if (resource && cname &&
	         (has_other(ask->maas, resource, type, false) ||
	             resource->address_count))
		maas_error(errors, "__all__",
		    "CNAME records for a name cannot coexist with non-CNAME "
		    "records.");
	else if (resource && cname &&
	         has_other(ask->maas, resource, type, true))
		maas_error(errors, "__all__",
		    "Only one CNAME can be associated with a name.");
	else if (resource && !cname &&
	         has_other(ask->maas, resource, "CNAME", true))
		maas_error(errors, "__all__",
		    "CNAME records for a name cannot coexist with non-CNAME "
		    "records.");
	if (ttl && *ttl && maas_number(ttl) < 1)
		maas_error(errors, "ttl", "Enter a whole number.");
	if (!maas_fine(ask, errors))
		return false;
	/* A second value whose ttl is not the first's: the warning about it
	 * cannot be written when there is none. */
	if (resource && has_other(ask->maas, resource, type, true) &&
	    (!ttl || !*ttl)) {
		maas_refuse(ask, 500,
		    "%%d format: a real number is required, not NoneType");
		return false;
	}
	return true;
}

static void make(struct ask *ask, const char *label, struct domain *domain,
    const char *type, const char *text)
{
	const char *ttl = maas_field(ask, "ttl");
	struct dns_resource *resource = maas_dns_find(ask->maas, label, domain);
	struct dns_data *data;

	if (!check_data(ask, resource, type, ttl))
		return;
	if (!resource)
		resource = maas_dns_make(ask->maas, label, domain);
	data = xcalloc(1, sizeof(*data));
	data->resource = resource;
	data->type = xstrdup(type);
	data->data = xstrdup(text);
	data->ttl = ttl && *ttl ? maas_number(ttl) : -1;
	maas_list_add(&ask->maas->dns_data, data);
	maas_answer(ask, maas_dns_data_json(data));
}

void maas_op_dnsresourcerecords_create(struct ask *ask)
{
	const char *text = maas_field(ask, "rrdata");
	char *type = upper(maas_field(ask, "rrtype"));
	struct domain *domain = NULL;
	char label[256];

	if (!*type)
		maas_refuse(ask, 400, "rrtype must be provided.");
	else if (!text || !*text)
		maas_refuse(ask, 400, "rrdata must be provided.");
	else if (where(ask, label, &domain))
		make(ask, label, domain, type, text);
	free(type);
}

/* ---- one record ---- */

static struct dns_data *data_asked(struct ask *ask, bool to_change)
{
	struct dns_data *data = maas_list_find(
	    &ask->maas->dns_data, maas_number(ask->args[0]));

	if (!data)
		maas_answer_missing(ask, "DNSData");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : data;
}

void maas_op_dnsresourcerecords_read(struct ask *ask)
{
	struct dns_data *data = data_asked(ask, false);

	if (data)
		maas_answer(ask, maas_dns_data_json(data));
}

void maas_op_dnsresourcerecords_update(struct ask *ask)
{
	struct dns_data *data = data_asked(ask, true);
	const char *text = maas_field(ask, "rrdata");
	const char *ttl = maas_field(ask, "ttl");
	char *type;

	if (!data)
		return;
	type = upper(maas_field(ask, "rrtype"));
	if (*type && !type_known(type)) {
		json_t *errors = json_object();

		maas_error(errors, "rrtype",
		    "%s is not one of SRV MX TXT SSHFP CNAME NS.", type);
		maas_refuse_form(ask, errors);
		free(type);
		return;
	}
	if (*type)
		maas_set_text(&data->type, type);
	if (text && *text)
		maas_set_text(&data->data, text);
	if (ttl)
		data->ttl = *ttl ? maas_number(ttl) : -1;
	free(type);
	maas_answer(ask, maas_dns_data_json(data));
}

/* The resource goes with its last record, unless it has addresses. */
void maas_op_dnsresourcerecords_delete(struct ask *ask)
{
	struct dns_data *data = data_asked(ask, true), *other;
	struct dns_resource *resource;
	bool used = false;

	if (!data)
		return;
	resource = data->resource;
	maas_list_remove(&ask->maas->dns_data, data);
	free(data->type);
	free(data->data);
	free(data);
	list_for_each (other, &ask->maas->dns_data)
		used |= other->resource == resource;
	if (!used && resource->address_count == 0)
		maas_dns_drop(ask->maas, resource);
	maas_answer_gone(ask);
}
