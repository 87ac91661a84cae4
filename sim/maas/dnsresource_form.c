#include "sim/maas/dnsresources.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/python.h"

/* Making and changing resources, and the addresses that they are given. */

/* ---- addresses ---- */

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
			struct buf told = BUF_INIT;

			fine = false;
			maas_python_no_ip(&told, words.items[i]);
			maas_refuse(ask, 500, "%s", buf_text(&told));
			buf_free(&told);
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

/* ---- the form ---- */

struct dns_form {
	struct dns_resource *old; /* NULL: one that is made */
	const char *name;         /* as it is to be; NULL: not said */
	char label[256];          /* split off an fqdn */
	struct domain *domain;    /* NULL: not said */
	bool nowhere;             /* an fqdn that is in no domain */
	int64_t ttl;
};

/* Where it is to be; that is found before anything else is looked at. False:
 * answered. */
static bool read_where(struct ask *ask, struct dns_form *form)
{
	const char *fqdn = maas_field(ask, "fqdn");
	const char *domain = maas_field(ask, "domain");

	form->name = maas_stripped(ask, "name");
	if (domain) {
		form->domain = maas_domain_plain(ask, domain);
	} else if (fqdn && !form->name && maas_dns_is_special(fqdn)) {
		form->name = fqdn;
		form->nowhere = true;
	} else if (fqdn && !form->name) {
		form->domain = maas_dns_split(ask, fqdn, "A", form->label);
		form->name = form->label;
	}
	return !ask->answered;
}

/* What is not said stays. */
static void keep_old(struct dns_form *form)
{
	const struct dns_resource *old = form->old;

	if (!form->name)
		form->name = old->name;
	if (!form->domain && !form->nowhere)
		form->domain = old->domain;
	form->ttl = old->address_ttl;
}

static bool has_cname(
    const struct maas *maas, const struct dns_resource *resource)
{
	struct dns_data *data;

	list_for_each (data, &maas->dns_data) {
		if (data->resource == resource &&
		    strcmp(data->type, "CNAME") == 0)
			return true;
	}
	return false;
}

/* The form looks at a name that addresses are wanted for, the model at one
 * that has addresses already; that it is the only one matters when it is
 * made. */
static void judge_label(
    struct ask *ask, const struct dns_form *form, json_t *errors)
{
	const struct maas *maas = ask->maas;
	const struct domain *domain = form->domain ? form->domain
	                                           : maas->default_domain;
	bool has = form->old && form->old->address_count;
	bool wants = has || maas_field(ask, "ip_addresses");
	bool fine = maas_dns_label_ok(form->name);

	if (wants && !fine)
		maas_error(errors, "__all__", "Invalid dnsresource name: %s.",
		    form->name);
	if (has && !fine)
		maas_error(errors, "__all__", "Invalid dnsresource name: %s.",
		    form->name);
	else if (has && has_cname(maas, form->old))
		maas_error(
		    errors, "__all__", "Cannot add address: CNAME present.");
	if (!form->old && maas_dns_find(maas, form->name, domain))
		maas_error(errors, "__all__",
		    "Labels must be unique within their zone.");
}

static void read_name(
    struct ask *ask, const struct dns_form *form, json_t *errors)
{
	bool wants = (form->old && form->old->address_count) ||
	             maas_field(ask, "ip_addresses");

	if (form->name && *form->name) {
		if (maas_letters(form->name) > 191)
			maas_error(errors, "name", MAAS_TOO_LONG, 191,
			    maas_letters(form->name));
		judge_label(ask, form, errors);
	} else if (wants) {
		/* the check of addresses misses the name first */
		maas_refuse(ask, 500, "'name'");
	} else {
		maas_error(errors, "name", "This field is required.");
	}
}

static bool read_form(struct ask *ask, struct dns_form *form)
{
	json_t *errors = json_object();
	const char *ttl = maas_stripped(ask, "address_ttl");

	if (form->old)
		keep_old(form);
	read_name(ask, form, errors);
	if (!form->domain)
		maas_error(errors, "domain", "This field is required.");
	if (ttl && !*ttl)
		form->ttl = -1;
	else if (ttl)
		maas_form_number(
		    errors, "address_ttl", ttl, 0, INT32_MAX, &form->ttl);
	if (!ask->answered)
		return maas_fine(ask, errors);
	json_decref(errors);
	return false;
}

void maas_op_dnsresources_create(struct ask *ask)
{
	struct dns_form form = { .ttl = -1 };
	struct wanted_addresses wanted = { 0 };
	struct dns_resource *resource;

	if (read_where(ask, &form) && read_form(ask, &form) &&
	    read_addresses(ask, &wanted)) {
		resource = maas_dns_make(ask->maas, form.name, form.domain);
		resource->address_ttl = form.ttl;
		link_addresses(ask, resource, &wanted);
		maas_answer(ask, maas_dns_resource_json(ask->maas, resource));
	}
	free(wanted.ips);
}

void maas_op_dnsresources_update(struct ask *ask)
{
	struct dns_form form = { 0 };
	struct wanted_addresses wanted = { 0 };
	struct dns_resource *resource;

	if (!read_where(ask, &form))
		return;
	resource = maas_dns_resource_asked(ask, true);
	if (!resource)
		return;
	form.old = resource;
	if (read_form(ask, &form) && read_addresses(ask, &wanted)) {
		if (form.name != resource->name)
			maas_set_text(&resource->name, form.name);
		resource->domain = form.domain;
		resource->address_ttl = form.ttl;
		link_addresses(ask, resource, &wanted);
		ask->maas->dns_dirty = true;
		maas_answer(ask, maas_dns_resource_json(ask->maas, resource));
	}
	free(wanted.ips);
}
