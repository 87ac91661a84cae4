#include "sim/maas/node_form.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/dns.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"

char *maas_hostname_read(struct ask *ask, const struct node *self,
    struct domain **domain, json_t *errors)
{
	const char *text = maas_stripped(ask, "hostname");
	const char *dot;
	struct node *other;
	char *fault, *name;

	if (!text)
		return NULL;
	if (!*text)
		return maas_node_new_name(ask->maas);
	dot = strchr(text, '.');
	name = xstrndup(text, strcspn(text, "."));
	fault = maas_label_fault(name);
	if (fault)
		maas_error(errors, "hostname", "%s", fault);
	free(fault);
	if (dot && maas_domain_find(ask->maas, dot + 1))
		*domain = maas_domain_find(ask->maas, dot + 1);
	else if (dot)
		maas_error(errors, "hostname", "Nonexistant domain.");
	other = maas_node_named(ask->maas, name);
	if (other && other != self)
		maas_error(errors, "hostname",
		    "Node with this Hostname already exists.");
	return name;
}

/* A number is an id, and there has to be one. */
void maas_domain_read(struct ask *ask, json_t *errors, struct domain **domain)
{
	const char *word = maas_stripped(ask, "domain");
	int64_t id;

	if (!word || !*word)
		return;
	if (maas_python_read_int(word, &id)) {
		*domain = maas_list_find(&ask->maas->domains, id);
		if (!*domain)
			maas_refuse(
			    ask, 500, "Domain matching query does not exist.");
		return;
	}
	*domain = maas_domain_find(ask->maas, word);
	if (!*domain)
		maas_error(errors, "domain", "Unable to find domain %s", word);
}

/* Several faults are one sentence where several MACs were given. */
static void tell_macs(json_t *errors, const struct names *faults, size_t given)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < faults->count; i++) {
		if (given < 2)
			maas_error(
			    errors, "mac_addresses", "%s", faults->items[i]);
		buf_addf(&text, "%s%s", i ? " \u2014 " : "", faults->items[i]);
	}
	if (faults->count && given > 1)
		maas_error(errors, "mac_addresses",
		    "One or more MAC addresses is invalid. (%s)",
		    buf_text(&text));
	buf_free(&text);
}

static void judge_mac(struct ask *ask, struct names *macs, const char *mac,
    struct names *invalid, struct names *taken)
{
	char *plain = maas_mac_plain(mac), *fault = NULL;
	struct iface *iface = maas_iface_with_mac(ask->maas, plain);

	if (!maas_mac_ok(mac)) {
		fault = xasprintf("'%s' is not a valid MAC address.", mac);
		maas_names_add(invalid, fault);
	} else if (iface && iface->node) {
		fault = xasprintf("MAC address %s already in use on %s.", plain,
		    iface->node->hostname);
		maas_names_add(taken, fault);
	} else {
		maas_names_add(macs, plain);
	}
	free(fault);
	free(plain);
}

/* Which are in use is looked at when all of them are MACs. */
bool maas_macs_read(
    struct ask *ask, struct names *macs, bool needed, json_t *errors)
{
	struct names invalid = { 0 }, taken = { 0 };
	size_t at = 0, given = 0;
	const char *mac;
	bool fine;

	while ((mac = maas_form_next(&ask->body.form, "mac_addresses", &at))) {
		if (!*mac)
			continue;
		given++;
		judge_mac(ask, macs, mac, &invalid, &taken);
	}
	tell_macs(errors, invalid.count ? &invalid : &taken, given);
	fine = !invalid.count && !taken.count && macs->count;
	if (!given && needed)
		maas_error(errors, "mac_addresses", "This field is required.");
	maas_names_free(&invalid);
	maas_names_free(&taken);
	return fine;
}
