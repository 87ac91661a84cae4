#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/dns.h"
#include "sim/maas/node.h"

struct domain *maas_domain_find(const struct maas *maas, const char *name)
{
	struct domain *domain;

	list_for_each (domain, &maas->domains) {
		if (strcmp(domain->name, name) == 0)
			return domain;
	}
	return NULL;
}

/* By name, or by id when it is a number; "name:x" and "id:7" say which. */
static struct domain *domain_named(const struct maas *maas, const char *word)
{
	if (strncmp(word, "name:", 5) == 0)
		return maas_domain_find(maas, word + 5);
	if (strncmp(word, "id:", 3) == 0)
		word += 3;
	if (maas_number(word) >= 0)
		return maas_list_find(&maas->domains, maas_number(word));
	return maas_domain_find(maas, word);
}

struct domain *maas_domain_make(struct maas *maas, const char *name)
{
	struct domain *domain = xcalloc(1, sizeof(*domain));

	domain->name = xstrdup(name);
	domain->authoritative = true;
	domain->ttl = -1;
	maas_list_add(&maas->domains, domain);
	return domain;
}

/* What people wrote into it: addresses and other records. What follows from
 * machines does not count. */
static int record_count(const struct maas *maas, const struct domain *domain)
{
	struct dns_resource *resource;
	struct dns_data *data;
	size_t count = 0;

	list_for_each (resource, &maas->dns_resources) {
		if (resource->domain == domain)
			count += resource->address_count;
	}
	list_for_each (data, &maas->dns_data)
		count += data->resource->domain == domain;
	return (int)count;
}

json_t *maas_domain_json(const struct maas *maas, const struct domain *domain)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/domains/%lld/", (long long)domain->id);
	json_t *json = json_pack("{s:b, s:o, s:i, s:s, s:b, s:I, s:s}",
	    "authoritative", domain->authoritative, "ttl",
	    domain->ttl < 0 ? json_null() : json_integer(domain->ttl),
	    "resource_record_count", record_count(maas, domain), "name",
	    domain->name, "is_default", domain == maas->default_domain, "id",
	    (json_int_t)domain->id, "resource_uri", uri);

	free(uri);
	return json;
}

static void read_ttl(json_t *errors, const char *text, int64_t *ttl)
{
	if (text && !*text)
		*ttl = -1;
	else if (text)
		maas_form_number(errors, "ttl", text, 1, 604800, ttl);
}

/* Numbers are those of the choices in a form for people. What is neither is as
 * good as nothing, "0" and "1" too. */
static void read_authoritative(const char *text, bool *value)
{
	if (!text)
		return;
	if (strcmp(text, "true") == 0 || strcmp(text, "True") == 0 ||
	    strcmp(text, "2") == 0)
		*value = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "False") == 0 ||
	         strcmp(text, "3") == 0)
		*value = false;
}

/* Dots at the end say nothing. */
static const char *without_dots(struct ask *ask)
{
	const char *name = maas_stripped(ask, "name");
	struct form *form = &ask->body.form;

	for (size_t i = 0; name && i < form->count; i++) {
		char *value = form->fields[i].value;
		size_t len = strlen(value);

		while (value == name && len && value[len - 1] == '.')
			value[--len] = '\0';
	}
	return name;
}

/* Name, ttl and authoritative, for create (domain NULL) and update. */
static bool read_form(struct ask *ask, const struct domain *domain,
    const char **name, int64_t *ttl, bool *authoritative)
{
	json_t *errors = json_object();
	struct domain *other;

	const char *given = maas_field(ask, "authoritative");
	const char *servers = maas_field(ask, "forward_dns_servers");

	*name = without_dots(ask);
	if (!*name && domain)
		*name = domain->name;
	if (!*name || !**name)
		maas_error(errors, "name", "This field is required.");
	else
		maas_check_domain_name(ask->maas, errors, *name);
	other = *name ? maas_domain_find(ask->maas, *name) : NULL;
	if (other && other != domain && !json_object_size(errors))
		maas_error(
		    errors, "name", "Domain with this Name already exists.");
	read_ttl(errors, maas_stripped(ask, "ttl"), ttl);
	if (given && *given && servers && *servers)
		maas_error(errors, "__all__",
		    "a domain cannot be both authoritative and have forward "
		    "dns servers");
	read_authoritative(given, authoritative);
	return maas_fine(ask, errors);
}

/* What was the name of a host in the domain above is now that of the domain. */
static void adopt(struct maas *maas, struct domain *domain)
{
	const char *dot = strchr(domain->name, '.');
	const struct domain *above = dot ? maas_domain_find(maas, dot + 1)
	                                 : NULL;
	char *label = xstrndup(domain->name, strcspn(domain->name, "."));
	struct dns_resource *resource;

	list_for_each (resource, &maas->dns_resources) {
		if (!above || resource->domain != above ||
		    strcmp(resource->name, label) != 0)
			continue;
		maas_set_text(&resource->name, "@");
		resource->domain = domain;
	}
	free(label);
	maas->dns_dirty = true;
}

void maas_op_domains_list(struct ask *ask)
{
	void **rows = maas_list_rows(&ask->maas->domains);
	json_t *list = json_array();

	for (size_t i = 0; i < ask->maas->domains.count; i++)
		json_array_append_new(
		    list, maas_domain_json(ask->maas, rows[i]));
	free(rows);
	maas_answer(ask, list);
}

void maas_op_domains_create(struct ask *ask)
{
	const char *name;
	int64_t ttl = -1;
	bool authoritative = true;
	struct domain *domain;

	if (!read_form(ask, NULL, &name, &ttl, &authoritative))
		return;
	domain = maas_domain_make(ask->maas, name);
	domain->ttl = ttl;
	domain->authoritative = authoritative;
	adopt(ask->maas, domain);
	maas_answer(ask, maas_domain_json(ask->maas, domain));
}

static struct domain *domain_asked(struct ask *ask, bool to_change)
{
	const char *word = ask->args[0];
	struct domain *domain;
	int64_t id;

	if (strncmp(word, "id:", 3) == 0 && !maas_id_of(ask, word + 3, &id))
		return NULL;
	domain = domain_named(ask->maas, word);
	if (!domain)
		maas_answer_missing(ask, "Domain");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : domain;
}

void maas_op_domains_read(struct ask *ask)
{
	struct domain *domain = domain_asked(ask, false);

	if (domain)
		maas_answer(ask, maas_domain_json(ask->maas, domain));
}

void maas_op_domains_update(struct ask *ask)
{
	struct domain *domain = domain_asked(ask, true);
	const char *name;
	int64_t ttl;
	bool authoritative;
	struct node *node;

	if (!domain)
		return;
	ttl = domain->ttl;
	authoritative = domain->authoritative;
	if (!read_form(ask, domain, &name, &ttl, &authoritative))
		return;
	maas_set_text(&domain->name, name);
	domain->ttl = ttl;
	domain->authoritative = authoritative;
	list_for_each (node, &ask->maas->nodes)
		maas_node_touch(node);
	adopt(ask->maas, domain);
	maas_list_touch(&ask->maas->domains, domain);
	maas_answer(ask, maas_domain_json(ask->maas, domain));
}

/* Django's words for a foreign key that protects. */
static bool is_used(struct ask *ask, const struct domain *domain)
{
	struct dns_resource *resource;
	struct buf keys = BUF_INIT, users = BUF_INIT;
	struct node *node;

	list_for_each (node, &ask->maas->nodes) {
		char *fqdn = maas_node_fqdn(node);

		if (node->domain == domain)
			buf_addf(&users, "%s<Node: %s (%s)>",
			    users.len ? ", " : "", node->system_id, fqdn);
		free(fqdn);
	}
	buf_adds(&keys, users.len ? "'Node.domain'" : "");
	list_for_each (resource, &ask->maas->dns_resources) {
		if (resource->domain != domain)
			continue;
		if (!strstr(buf_text(&keys), "DNSResource"))
			buf_addf(&keys, "%s'DNSResource.domain'",
			    keys.len ? ", " : "");
		buf_addf(&users, "%s<DNSResource: name=%s>",
		    users.len ? ", " : "", resource->name);
	}
	if (users.len)
		maas_refuse(ask, 500,
		    "(\"Cannot delete some instances of model 'Domain' "
		    "because they are referenced through protected foreign "
		    "keys: %s.\", {%s})",
		    buf_text(&keys), buf_text(&users));
	buf_free(&keys);
	buf_free(&users);
	return ask->answered;
}

void maas_op_domains_delete(struct ask *ask)
{
	struct domain *domain = domain_asked(ask, true);

	if (!domain)
		return;
	if (domain == ask->maas->default_domain) {
		maas_refuse(ask, 400,
		    "This domain is the default domain, it cannot be "
		    "deleted.");
		return;
	}
	if (is_used(ask, domain))
		return;
	maas_list_remove(&ask->maas->domains, domain);
	free(domain->name);
	free(domain);
	ask->maas->dns_dirty = true;
	maas_answer_gone(ask);
}

/* A name in the DNS does not change while a machine is somebody's, or runs
 * something that was booted for a task. */
static bool may_be_renamed(const struct node *node)
{
	static const enum node_status idle[] = { NODE_NEW,
		NODE_FAILED_COMMISSIONING, NODE_MISSING, NODE_READY,
		NODE_RESERVED, NODE_RETIRED, NODE_BROKEN };

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		if (node->status == idle[i])
			return true;
	return false;
}

void maas_op_domains_set_default(struct ask *ask)
{
	struct domain *domain = domain_asked(ask, true);
	struct maas *maas = ask->maas;
	struct node *node;

	if (!domain)
		return;
	list_for_each (node, &maas->nodes) {
		if (node->domain != maas->default_domain ||
		    !may_be_renamed(node))
			continue;
		node->domain = domain;
		maas_node_touch(node);
	}
	maas->default_domain = domain;
	maas->dns_dirty = true;
	maas_answer(ask, maas_domain_json(ask->maas, domain));
}

#define SERIAL_MAX 4294967295

void maas_op_domains_set_serial(struct ask *ask)
{
	const char *text = maas_stripped(ask, "serial");
	json_t *errors = json_object(), *ignored = json_object();
	int64_t serial = 0;

	if (!text)
		maas_error(errors, "serial", "Missing parameter");
	else if (!maas_form_number(
	             ignored, "serial", text, INT64_MIN, INT64_MAX, &serial))
		maas_error(errors, "serial", "Expected a serial number");
	else if (serial == 0 || serial > SERIAL_MAX)
		maas_error(errors, "serial",
		    "Expected a serial number between 1 and %lld",
		    (long long)SERIAL_MAX);
	json_decref(ignored);
	if (!maas_fine(ask, errors))
		return;
	if (serial < 0)
		maas_refuse(ask, 500,
		    "setval: value %lld is out of bounds for sequence "
		    "\"maasserver_zone_serial_seq\" (1..%lld)\n",
		    (long long)serial, (long long)SERIAL_MAX);
	else
		maas_answer(ask, json_null());
}
