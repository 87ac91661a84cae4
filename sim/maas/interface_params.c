#include "sim/maas/interface_form.h"

#include <string.h>

#include "base/json.h"

/* What bonds and bridges have besides. */

static const struct parameter {
	const char *type, *name;
	const char *choices;       /* parted by blanks; NULL: a number */
	const char *first;         /* the choice of who makes none */
	int64_t fallback, highest; /* of a number */
} parameters[] = {
	{ "bond", "bond_mode",
	    "balance-rr active-backup balance-xor broadcast 802.3ad "
	    "balance-tlb balance-alb",
	    "balance-rr", 0, 0 },
	{ "bond", "bond_miimon", NULL, NULL, 100, INT32_MAX },
	{ "bond", "bond_downdelay", NULL, NULL, 0, INT32_MAX },
	{ "bond", "bond_updelay", NULL, NULL, 0, INT32_MAX },
	{ "bond", "bond_num_grat_arp", NULL, NULL, 1, 255 },
	{ "bond", "bond_lacp_rate", "fast slow", "fast", 0, 0 },
	{ "bond", "bond_xmit_hash_policy",
	    "layer2 layer2+3 layer3+4 encap2+3 encap3+4", "layer2", 0, 0 },
	{ "bridge", "bridge_type", "standard ovs", "standard", 0, 0 },
	{ "bridge", "bridge_fd", NULL, NULL, 15, INT32_MAX },
};

/* One parameter: judged, or put where it belongs when there are no errors. */
static void take_choice(struct ask *ask, const struct parameter *p,
    json_t *errors, json_t *params, bool made)
{
	const char *text = maas_field(ask, p->name);
	struct names choices = { 0 };
	struct buf words = BUF_INIT;

	if (!text || !*text) {
		if (params && made)
			jsets(params, p->name, p->first);
		return;
	}
	maas_names_split(&choices, p->choices, " ");
	for (size_t i = 0; i < choices.count; i++)
		buf_addf(&words, "%s'%s'", i ? ", " : "", choices.items[i]);
	if (params)
		jsets(params, p->name, text);
	else if (!maas_names_have(&choices, text))
		maas_error(errors, p->name,
		    "'%s' is not a valid %s.  It should be one of: %s.", text,
		    p->name, buf_text(&words));
	buf_free(&words);
	maas_names_free(&choices);
}

static void take_number(struct ask *ask, const struct parameter *p,
    json_t *errors, json_t *params, bool made)
{
	json_t *scratch = errors ? NULL : json_object();
	int64_t number;

	maas_iface_form_number(
	    ask, p->name, 0, p->highest, errors ? errors : scratch, &number);
	json_decref(scratch);
	if (params && number != IFACE_NOT_GIVEN)
		jseti(params, p->name, number);
	else if (params && made)
		jseti(params, p->name, p->fallback);
}

void maas_iface_form_params(struct ask *ask, const char *type, json_t *errors,
    json_t *params, bool made)
{
	enum iface_maybe stp = maas_iface_form_maybe(ask, "bridge_stp");

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]);
	     i++) {
		const struct parameter *p = &parameters[i];

		if (strcmp(p->type, type) != 0)
			continue;
		if (p->choices)
			take_choice(ask, p, errors, params, made);
		else
			take_number(ask, p, errors, params, made);
	}
	if (params && strcmp(type, "bridge") == 0 &&
	    (made || stp != IFACE_MAYBE_UNSAID))
		jsetb(params, "bridge_stp", stp == IFACE_MAYBE_YES);
}
