#include "sim/maas/network_asks.h"

#include <string.h>

#include "sim/maas/constraints.h"
#include "sim/maas/networks.h"
#include "sim/maas/specifiers.h"

/* How many are meant, and the first of them. within: of VLANs, the fabric
 * that they must be in; or NULL. */
static size_t find(const struct maas *maas, enum specified of,
    const struct list *things, const char *word, const struct fabric *within,
    void **found)
{
	size_t count = 0;
	void *thing;

	*found = NULL;
	list_for_each (thing, things) {
		if ((within && ((struct vlan *)thing)->fabric != within) ||
		    !maas_specifier_means(maas, of, word, thing))
			continue;
		*found = *found ? *found : thing;
		count++;
	}
	return count;
}

static void *asked(struct ask *ask, enum specified of,
    const struct list *things, const char *word, const struct fabric *within,
    const char *model)
{
	struct spec_fault fault = { 0 };
	void *found = NULL;
	size_t count = 0;

	maas_specifiers_judge(ask->maas, of, word, &fault);
	if (fault.wrong == SPEC_FINE)
		count = find(ask->maas, of, things, word, within, &found);
	if (fault.wrong != SPEC_FINE)
		maas_refuse_specifier(ask, &fault);
	else if (count > 1)
		maas_refuse(ask, 403,
		    "Too many %s objects match the given query.", model);
	else if (!count)
		maas_answer_missing(ask, model);
	return ask->answered ? NULL : found;
}

static void *to_edit(struct ask *ask, void *thing, bool to_change)
{
	if (thing && to_change && !maas_is_admin(ask)) {
		maas_refuse(ask, 403, "%s", "");
		return NULL;
	}
	return thing;
}

struct fabric *maas_fabric_asked(struct ask *ask, bool to_change)
{
	return to_edit(ask,
	    asked(ask, SPEC_FABRIC, &ask->maas->fabrics, ask->args[0], NULL,
	        "Fabric"),
	    to_change);
}

struct space *maas_space_asked(struct ask *ask, bool to_change)
{
	return to_edit(ask,
	    asked(ask, SPEC_SPACE, &ask->maas->spaces, ask->args[0], NULL,
	        "Space"),
	    to_change);
}

struct subnet *maas_subnet_asked(struct ask *ask, bool to_change)
{
	return to_edit(ask,
	    asked(ask, SPEC_SUBNET, &ask->maas->subnets, ask->args[0], NULL,
	        "Subnet"),
	    to_change);
}

struct iprange *maas_range_asked(struct ask *ask)
{
	return asked(
	    ask, SPEC_RANGE, &ask->maas->ranges, ask->args[0], NULL, "IPRange");
}

struct vlan *maas_vlan_asked_in(
    struct ask *ask, const struct fabric *fabric, const char *word)
{
	return asked(ask, SPEC_VLAN, &ask->maas->vlans, word, fabric, "VLAN");
}

struct subnet *maas_subnet_meant(struct ask *ask, const char *word)
{
	struct spec_fault fault = { 0 };
	void *found = NULL;
	size_t count = 0;

	maas_specifiers_judge(ask->maas, SPEC_SUBNET, word, &fault);
	if (fault.wrong == SPEC_FINE)
		count = find(ask->maas, SPEC_SUBNET, &ask->maas->subnets, word,
		    NULL, &found);
	if (fault.wrong != SPEC_FINE && fault.wrong != SPEC_MISSING)
		maas_refuse_specifier(ask, &fault);
	else if (!count)
		maas_refuse(ask, 400, "Unable to identify subnet: %s.", word);
	else if (count > 1)
		maas_refuse(
		    ask, 403, "Too many Subnet objects match the given query.");
	return ask->answered ? NULL : found;
}

void maas_bad_address(json_t *errors, const char *field, const char *text)
{
	maas_error(errors, field, "%s",
	    strchr(text, ':') ? "This is not a valid IPv6 address."
	                      : "Enter a valid IPv4 or IPv6 address.");
}

static void *named(const struct maas *maas, enum specified of,
    const struct list *things, const char *word)
{
	struct spec_fault fault = { 0 };
	void *found;

	maas_specifiers_judge(maas, of, word, &fault);
	if (fault.wrong != SPEC_FINE ||
	    find(maas, of, things, word, NULL, &found) != 1)
		return NULL;
	return found;
}

struct space *maas_space_named(const struct maas *maas, const char *word)
{
	return named(maas, SPEC_SPACE, &maas->spaces, word);
}

struct fabric *maas_fabric_named(const struct maas *maas, const char *word)
{
	return named(maas, SPEC_FABRIC, &maas->fabrics, word);
}

struct subnet *maas_subnet_named(const struct maas *maas, const char *word)
{
	return named(maas, SPEC_SUBNET, &maas->subnets, word);
}
