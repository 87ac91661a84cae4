#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/dns.h"
#include "sim/maas/python.h"

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

char *maas_upper(const char *text)
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

static bool is_listed(const struct dns_data *data, const struct domain *in,
    const char *name, const char *type)
{
	return (!in || data->resource->domain == in) &&
	       (!name || strcmp(data->resource->name, name) == 0) &&
	       (!type || strcmp(data->type, type) == 0);
}

void maas_op_dnsresourcerecords_list(struct ask *ask)
{
	const char *domain = maas_query(ask, "domain");
	const char *name = maas_query(ask, "name");
	const char *fqdn = maas_query(ask, "fqdn");
	const char *type = maas_query(ask, "rrtype");
	struct list *all = &ask->maas->dns_data;
	struct dns_data **sorted;
	json_t *list;
	struct domain *in = NULL;
	char label[256] = "";
	size_t count = 0;

	if (fqdn && !name && !domain && maas_dns_is_special(fqdn)) {
		name = fqdn;
	} else if (fqdn && !name && !domain) {
		in = maas_dns_split(ask, fqdn, type, label);
		name = label;
	} else if (domain) {
		in = maas_domain_plain(ask, domain);
	}
	if (ask->answered)
		return;
	list = json_array();
	sorted = xcalloc(all->count + 1, sizeof(*sorted));
	for (size_t i = 0; i < all->count; i++)
		if (is_listed(all->items[i], in, name, type))
			sorted[count++] = all->items[i];
	qsort(sorted, count, sizeof(*sorted), data_order);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, maas_dns_data_json(sorted[i]));
	free(sorted);
	maas_answer(ask, list);
}

/* ---- create ---- */

static bool where(struct ask *ask, char label[256], struct domain **domain)
{
	const char *fqdn = maas_field(ask, "fqdn");
	const char *name = maas_field(ask, "name");
	const char *word = maas_field(ask, "domain");

	if (fqdn && !name && !word && !maas_dns_is_special(fqdn)) {
		*domain = maas_dns_split(
		    ask, fqdn, maas_field(ask, "rrtype"), label);
		return *domain != NULL;
	}
	if (word)
		*domain = maas_domain_plain(ask, word);
	if (ask->answered)
		return false;
	if (!name || !word) {
		maas_refuse(ask, 400,
		    "Either name and domain (or fqdn) must be specified");
		return false;
	}
	snprintf(label, 256, "%.255s", maas_stripped(ask, "name"));
	return true;
}

/* Numbers before the last word of a record: count of them, each at most 65535;
 * *rest is what follows. */
static bool read_numbers(const char *text, int count, const char **rest)
{
	bool small = true;

	for (int i = 0; i < count; i++) {
		size_t digits = strspn(text, "0123456789");
		size_t blanks = strspn(text + digits, " \t");

		if (!digits || !blanks)
			return false;
		small = small && digits < 7 && atol(text) <= 65535;
		text += digits + blanks;
	}
	*rest = text;
	return small;
}

static bool is_cname(const char *text)
{
	size_t label = 0;

	for (; *text; text++) {
		if (*text == '.' && (label == 0 || label > 64))
			return false;
		if (*text != '.' && !isalnum((unsigned char)*text) &&
		    *text != '_' && (*text != '-' || label == 0))
			return false;
		label = *text == '.' ? 0 : label + 1;
	}
	return true;
}

/* Each type has a form of its own. */
static void check_text(
    const struct maas *maas, const char *type, const char *text, json_t *errors)
{
	const char *host = NULL, *rest = NULL;

	if (strcmp(type, "CNAME") == 0 && !is_cname(text))
		maas_error(
		    errors, "__all__", "Invalid CNAME: Should be '<server>'.");
	else if (strcmp(type, "SSHFP") == 0 && !read_numbers(text, 2, &rest) &&
	         !rest)
		maas_error(errors, "__all__",
		    "Invalid SSHFP: Should be '<algorithm> <fptype> "
		    "<fingerprint>'.");
	else if (strcmp(type, "MX") == 0 && !read_numbers(text, 1, &host))
		maas_error(errors, "__all__",
		    "Invalid MX: Should be '<preference> <server>'. Range for "
		    "preference is 0-65535.");
	else if (strcmp(type, "SRV") == 0 && !read_numbers(text, 3, &host))
		maas_error(errors, "__all__",
		    "Invalid SRV: Should be '<priority> <weight> <port> "
		    "<server>'. Range for priority, weight, and port are "
		    "0-65536.");
	else if (strcmp(type, "NS") == 0)
		host = text;
	if (host && !json_object_size(errors) &&
	    !(strcmp(type, "SRV") == 0 && strcmp(host, ".") == 0))
		maas_check_record_host(maas, errors, host);
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

/* A CNAME is alone. */
static void check_company(const struct maas *maas,
    const struct dns_resource *resource, const char *type, json_t *errors)
{
	bool cname = strcmp(type, "CNAME") == 0;

	if (cname ? has_other(maas, resource, type, false) ||
	                resource->address_count
	          : has_other(maas, resource, "CNAME", true))
		maas_error(errors, "__all__",
		    "CNAME records for a name cannot coexist with non-CNAME "
		    "records.");
	else if (cname && has_other(maas, resource, type, true))
		maas_error(errors, "__all__",
		    "Only one CNAME can be associated with a name.");
}

/* A record whose ttl is not that of the first of its kind is warned about,
 * and the warning cannot be written when one of the two has none. */
static bool ttl_cannot_be_told(const struct maas *maas,
    const struct dns_resource *resource, const char *type, int64_t ttl)
{
	struct dns_data *data;

	list_for_each (data, &maas->dns_data) {
		if (data->resource == resource &&
		    strcmp(data->type, type) == 0 && data->ttl != ttl)
			return data->ttl < 0 || ttl < 0;
	}
	return false;
}

static void check_form(struct ask *ask, const char *type, const char *text,
    int64_t *ttl, json_t *errors)
{
	const char *given = maas_stripped(ask, "ttl");

	if (!*type)
		maas_error(errors, "rrtype", "This field is required.");
	else if (!type_known(type))
		maas_error(errors, "rrtype",
		    "%s is not one of SRV MX TXT SSHFP CNAME NS.", type);
	if (!*text)
		maas_error(errors, "rrdata", "This field is required.");
	if (given && *given)
		maas_form_number(errors, "ttl", given, 0, INT32_MAX, ttl);
	if (*type && *text)
		check_text(ask->maas, type, text, errors);
}

static void make(struct ask *ask, const char *label, struct domain *domain,
    const char *type, const char *text)
{
	struct dns_resource *resource = maas_dns_find(ask->maas, label, domain);
	struct dns_data *data;
	json_t *errors = json_object();
	int64_t ttl = -1;

	if (!*label)
		maas_error(errors, "name", "This field is required.");
	else
		check_form(ask, type, text, &ttl, errors);
	if (resource && !json_object_get(errors, "__all__") && *type && *text)
		check_company(ask->maas, resource, type, errors);
	if (!maas_fine(ask, errors))
		return;
	if (resource && ttl_cannot_be_told(ask->maas, resource, type, ttl)) {
		maas_refuse(ask, 500,
		    "%%d format: a real number is required, not NoneType");
		return;
	}
	if (!resource)
		resource = maas_dns_make(ask->maas, label, domain);
	data = xcalloc(1, sizeof(*data));
	data->resource = resource;
	data->type = xstrdup(type);
	data->data = xstrdup(text);
	data->ttl = ttl;
	maas_list_add(&ask->maas->dns_data, data);
	maas_answer(ask, maas_dns_data_json(data));
}

void maas_op_dnsresourcerecords_create(struct ask *ask)
{
	const char *given = maas_stripped(ask, "rrtype");
	const char *text = maas_stripped(ask, "rrdata");
	char *type = maas_upper(given);
	struct domain *domain = NULL;
	char label[256] = "";

	if (!given)
		maas_refuse(ask, 400, "rrtype must be provided.");
	else if (!text)
		maas_refuse(ask, 400, "rrdata must be provided.");
	else if (where(ask, label, &domain))
		make(ask, label, domain, type, text);
	free(type);
}

/* ---- one record ---- */

static struct dns_data *data_asked(struct ask *ask, bool to_change)
{
	struct dns_data *data;
	int64_t id;

	/* what is no id is a name, and records have none */
	if (!maas_python_read_based(ask->args[0], &id)) {
		maas_refuse(ask, 500,
		    "Cannot resolve keyword 'name' into field. Choices are: "
		    "created, dnsresource, dnsresource_id, id, rrdata, rrtype, "
		    "ttl, updated");
		return NULL;
	}
	data = maas_list_find(&ask->maas->dns_data, id);
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
	const char *given, *text, *ttl_text;
	json_t *errors;
	int64_t ttl;
	char *type;

	if (!data)
		return;
	given = maas_stripped(ask, "rrtype");
	text = maas_stripped(ask, "rrdata");
	ttl_text = maas_field(ask, "ttl");
	ttl = ttl_text ? -1 : data->ttl;
	type = maas_upper(given ? given : data->type);
	errors = json_object();
	check_form(ask, type, text ? text : data->data, &ttl, errors);
	if (maas_fine(ask, errors)) {
		maas_set_text(&data->type, type);
		if (text)
			maas_set_text(&data->data, text);
		data->ttl = ttl;
		maas_answer(ask, maas_dns_data_json(data));
	}
	free(type);
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
