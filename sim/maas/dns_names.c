#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/ask.h"
#include "sim/maas/dns.h"

/* What MAAS takes for a name: of a host, of a domain, of a record. Several
 * validators look at the same text, each with its own sentences. */

/* ---- one label, as patterns have it ---- */

static bool is_inner(char c)
{
	return isalnum((unsigned char)c) || c == '-';
}

/* [a-zA-Z0-9]([-a-zA-Z0-9]{0,62}[a-zA-Z0-9])? */
static bool is_label(const char *text, size_t len)
{
	if (len < 1 || len > 64 || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_inner(text[i]))
			return false;
	return true;
}

/* Labels between dots, and perhaps one more dot. */
static bool is_domain_spec(const char *text)
{
	size_t len = strcspn(text, ".");

	if (!is_label(text, len))
		return false;
	return !text[len] || !text[len + 1] || is_domain_spec(text + len + 1);
}

/* ---- domains ---- */

/* The validator of the model. NULL: fine. */
static char *domain_fault(const struct maas *maas, const char *name)
{
	if (strlen(name) > 255)
		return xstrdup(
		    "Domain name length cannot exceed 255 characters.");
	if (!is_domain_spec(name)) {
		for (const char *c = name; *c; c++)
			if (!is_inner(*c) && *c != '.')
				return xstrdup("Domain name contains invalid "
				               "characters.");
		return xasprintf("Invalid domain name: %s.", name);
	}
	if (strcmp(name, maas_config_text(maas, "maas_internal_domain")) == 0)
		return xstrdup("Domain name cannot duplicate maas internal "
		               "domain name.");
	return NULL;
}

static char *one_label_fault(const char *label, size_t len)
{
	char *text = xstrndup(label, len), *fault = NULL;

	if (len == 0)
		fault = xstrdup("DNS name contains an empty label.");
	else if (len > 63)
		fault = xasprintf("Label is too long: '%s'.  Maximum allowed "
		                  "is 63 characters.",
		    text);
	else if (text[0] == '-' || text[len - 1] == '-')
		fault = xasprintf(
		    "Label cannot start or end with hyphen: '%s'.", text);
	for (size_t i = 0; i < len && !fault; i++)
		if (!is_inner(text[i]))
			fault = xasprintf(
			    "Label contains disallowed characters: '%s'.",
			    text);
	free(text);
	return fault;
}

/* The validator of the field: RFC 952 and 1123. */
static char *labels_fault(const char *name)
{
	char *fault = NULL;

	if (strlen(name) > 255)
		return xstrdup("Hostname is too long.  Maximum allowed is 255 "
		               "characters.");
	while (!fault) {
		size_t len = strcspn(name, ".");

		fault = one_label_fault(name, len);
		if (!name[len])
			break;
		name += len + 1;
	}
	return fault;
}

static void add_fault(json_t *errors, const char *field, char *fault)
{
	if (fault)
		maas_error(errors, field, "%s", fault);
	free(fault);
}

void maas_check_domain_name(
    const struct maas *maas, json_t *errors, const char *name)
{
	if (maas_letters(name) > 256) {
		maas_error(
		    errors, "name", MAAS_TOO_LONG, 256, maas_letters(name));
		return;
	}
	add_fault(errors, "name", domain_fault(maas, name));
	add_fault(errors, "name", labels_fault(name));
}

void maas_check_record_host(
    const struct maas *maas, json_t *errors, const char *name)
{
	add_fault(errors, "__all__", domain_fault(maas, name));
}

/* ---- hosts ---- */

char *maas_label_fault(const char *label)
{
	if (strlen(label) <= 255 && strchr(label, '_'))
		return xasprintf(
		    "Host label cannot contain underscore: '%s'.", label);
	return labels_fault(label);
}

/* ---- records ---- */

bool maas_dns_label_ok(const char *label)
{
	return strcmp(label, "@") == 0 || strcmp(label, "*") == 0 ||
	       is_label(label, strlen(label));
}

/* The longest label at the start of text after which one letter and a domain
 * follow; 0: there is none. That the letter is a dot is not asked, because a
 * dot in a pattern stands for any letter. */
static size_t name_before_domain(const char *text)
{
	size_t len = strlen(text) > 64 ? 64 : strlen(text);

	for (; len > 0; len--)
		if (is_label(text, len) && text[len] &&
		    is_domain_spec(text + len + 1))
			return len;
	return 0;
}

/* "_x._tcp" at the start of text, or 0. */
static size_t service_len(const char *text)
{
	size_t len = 0;

	for (int part = 0; part < 2; part++) {
		const char *at = text + len + (part > 0);
		size_t label = *at == '_' ? strcspn(at + 1, "._") : 0;

		if ((part && text[len] == '\0') || !is_label(at + 1, label))
			return 0;
		len = (size_t)(at - text) + 1 + label;
	}
	return len;
}

static size_t name_len(const char *fqdn, const char *type)
{
	size_t service, more;

	if (!type || strcmp(type, "SRV") != 0)
		return name_before_domain(fqdn);
	service = service_len(fqdn);
	if (!service || !fqdn[service])
		return 0;
	more = name_before_domain(fqdn + service + 1);
	if (more)
		return service + 1 + more;
	return is_domain_spec(fqdn + service + 1) ? service : 0;
}

struct domain *maas_dns_split(
    struct ask *ask, const char *fqdn, const char *type, char label[256])
{
	struct domain *domain = maas_domain_find(ask->maas, fqdn);
	size_t len;

	if (domain) {
		strcpy(label, "@");
		return domain;
	}
	len = name_len(fqdn, type);
	if (!len) {
		maas_refuse(
		    ask, 500, "cannot unpack non-iterable NoneType object");
		return NULL;
	}
	memcpy(label, fqdn, len);
	label[len] = '\0';
	domain = maas_domain_find(ask->maas, fqdn + len + 1);
	if (!domain)
		maas_answer_missing(ask, "Domain");
	return domain;
}

bool maas_dns_is_special(const char *fqdn)
{
	return !*fqdn || strcmp(fqdn, "@") == 0 || strcmp(fqdn, "*") == 0;
}

struct domain *maas_domain_plain(struct ask *ask, const char *word)
{
	struct domain *domain =
	    *word && strspn(word, "0123456789") == strlen(word)
	        ? maas_list_find(&ask->maas->domains, maas_number(word))
	        : maas_domain_find(ask->maas, word);

	if (!domain)
		maas_answer_missing(ask, "Domain");
	return domain;
}
