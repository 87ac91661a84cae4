#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct domain *maas_domain_find(const struct maas *maas, const char *name)
{
	struct domain *domain;

	list_for_each (domain, &maas->domains) {
		if (strcmp(domain->name, name) == 0)
			return domain;
	}
	return NULL;
}

struct domain *maas_domain_named(const struct maas *maas, const char *word)
{
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

/* The count is of an annotation that answers of API 2.0 do not make: always 0
 * in the recordings, whatever the domain holds. */
json_t *maas_domain_json(const struct maas *maas, const struct domain *domain)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/domains/%lld/", (long long)domain->id);
	json_t *json = json_pack("{s:b, s:o, s:i, s:s, s:b, s:I, s:s}",
	    "authoritative", domain->authoritative, "ttl",
	    domain->ttl < 0 ? json_null() : json_integer(domain->ttl),
	    "resource_record_count", 0, "name", domain->name, "is_default",
	    domain == maas->default_domain, "id", (json_int_t)domain->id,
	    "resource_uri", uri);

	free(uri);
	return json;
}

char *maas_label_fault(const char *label)
{
	size_t len = strlen(label);

	if (len == 0)
		return xstrdup("Label must not be empty.");
	if (len > 63)
		return xstrdup("Label is too long: must be 63 characters or "
		               "fewer.");
	if (strchr(label, '_'))
		return xasprintf(
		    "Host label cannot contain underscore: '%s'.", label);
	if (label[0] == '-' || label[len - 1] == '-')
		return xasprintf(
		    "Label cannot start or end with hyphen: '%s'.", label);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-')
			return xasprintf(
			    "Label contains disallowed characters: '%s'.",
			    label);
	return NULL;
}

static void check_name(json_t *errors, const char *name)
{
	char *fault, *label = xstrdup(name), *save = NULL;

	for (const char *at = name; *at; at++) {
		if (isalnum((unsigned char)*at) || strchr("-._", *at))
			continue;
		maas_error(
		    errors, "name", "Domain name contains invalid characters.");
		break;
	}
	for (char *at = strtok_r(label, ".", &save); at;
	     at = strtok_r(NULL, ".", &save)) {
		if ((fault = maas_label_fault(at))) {
			maas_error(errors, "name", "%s", fault);
			free(fault);
			break;
		}
	}
	free(label);
}

static bool read_ttl(
    json_t *errors, const char *text, const char *field, int64_t *ttl)
{
	if (!text)
		return true;
	if (!*text) {
		*ttl = -1;
		return true;
	}
	if (maas_number(text) < 0)
		maas_error(errors, field, "Enter a whole number.");
	else if (maas_number(text) < 1)
		maas_error(errors, field,
		    "Ensure this value is greater than or equal to 1.");
	else
		*ttl = maas_number(text);
	return json_object_size(errors) == 0;
}

/* Name, ttl and authoritative, for create (domain NULL) and update. */
static bool read_form(struct ask *ask, const struct domain *domain,
    const char **name, int64_t *ttl, bool *authoritative)
{
	json_t *errors = json_object();
	struct domain *other;

	*name = maas_field(ask, "name");
	if (!*name && domain)
		*name = domain->name;
	if (!*name || !**name)
		maas_error(errors, "name", "This field is required.");
	else
		check_name(errors, *name);
	other = *name ? maas_domain_find(ask->maas, *name) : NULL;
	if (other && other != domain)
		maas_error(
		    errors, "name", "Domain with this Name already exists.");
	read_ttl(errors, maas_field(ask, "ttl"), "ttl", ttl);
	if (!maas_fine(ask, errors))
		return false;
	return maas_flag(ask, &ask->body.form, "authoritative", *authoritative,
	    authoritative);
}

void maas_op_domains_list(struct ask *ask)
{
	json_t *list = json_array();
	struct domain *domain;

	list_for_each (domain, &ask->maas->domains)
		json_array_append_new(
		    list, maas_domain_json(ask->maas, domain));
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
	ask->maas->dns_dirty = true;
	maas_answer(ask, maas_domain_json(ask->maas, domain));
}

static struct domain *domain_asked(struct ask *ask, bool to_change)
{
	struct domain *domain = maas_domain_named(ask->maas, ask->args[0]);

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
	ask->maas->dns_dirty = true;
	maas_answer(ask, maas_domain_json(ask->maas, domain));
}

/* Django's words for a foreign key that protects. */
static bool used_by_resources(struct ask *ask, const struct domain *domain)
{
	struct dns_resource *resource;
	struct buf names = BUF_INIT;

	list_for_each (resource, &ask->maas->dns_resources) {
		if (resource->domain == domain)
			buf_addf(&names, "%s<DNSResource: name=%s>",
			    names.len ? ", " : "", resource->name);
	}
	if (names.len)
		maas_refuse(ask, 500,
		    "(\"Cannot delete some instances of model 'Domain' "
		    "because they are referenced through protected foreign "
		    "keys: 'DNSResource.domain'.\", {%s})",
		    buf_text(&names));
	buf_free(&names);
	return ask->answered;
}

void maas_op_domains_delete(struct ask *ask)
{
	struct domain *domain = domain_asked(ask, true);
	struct node *node;

	if (!domain)
		return;
	if (domain == ask->maas->default_domain) {
		maas_refuse(ask, 400,
		    "This domain is the default domain, it cannot be "
		    "deleted.");
		return;
	}
	if (used_by_resources(ask, domain))
		return;
	list_for_each (node, &ask->maas->nodes) {
		if (node->domain == domain)
			node->domain = ask->maas->default_domain;
	}
	maas_list_remove(&ask->maas->domains, domain);
	free(domain->name);
	free(domain);
	ask->maas->dns_dirty = true;
	maas_answer_gone(ask);
}

void maas_op_domains_set_default(struct ask *ask)
{
	struct domain *domain = domain_asked(ask, true);

	if (!domain)
		return;
	ask->maas->default_domain = domain;
	maas_answer(ask, maas_domain_json(ask->maas, domain));
}

void maas_op_domains_set_serial(struct ask *ask)
{
	const char *serial = maas_needed(ask, "serial");
	json_t *errors;

	if (!serial)
		return;
	errors = json_object();
	if (maas_number(serial) < 0)
		maas_error(errors, "serial", "Expected a serial number");
	else if (maas_number(serial) < 1 || maas_number(serial) > 4294967295)
		maas_error(errors, "serial",
		    "Serial number must be between 1 and 4294967295");
	if (maas_fine(ask, errors))
		maas_answer(ask, json_null());
}
