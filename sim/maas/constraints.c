#include "sim/maas/constraints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "sim/maas/traits.h"

/*
 * Each constraint is a row: how its values are split, how they are judged
 * before any machine is looked at, and which machines pass. Rows for lists of
 * machines only, for allocate only, or for both.
 */

enum where {
	IN_BOTH,
	IN_LIST,
	IN_ALLOCATE
};

struct constraint {
	const char *name;
	enum where where;
	bool split; /* commas and blanks part values */
	bool number;
	bool negated; /* those pass that `pass` does not let */
	/* Writes what is wrong with the values into errors. */
	void (*judge)(struct ask *ask, const char *name,
	    const struct names *values, json_t *errors);
	trait_fn *pass;
};

/* ---- judging ---- */

/* 'a', 'b' or a, b: the missing ones. */
static void missing(json_t *errors, const char *name, const char *what,
    const struct names *values, bool quoted,
    bool (*exists)(const struct ask *ask, const char *value),
    const struct ask *ask)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < values->count; i++) {
		if (exists(ask, values->items[i]))
			continue;
		buf_addf(&text, "%s%s%s%s", text.len ? ", " : "",
		    quoted ? "'" : "", values->items[i], quoted ? "'" : "");
	}
	if (text.len || (values->count == 1 && !*values->items[0]))
		maas_error(
		    errors, name, "No such %s: %s.", what, buf_text(&text));
	buf_free(&text);
}

static bool zone_exists(const struct ask *ask, const char *value)
{
	return maas_zone_find(ask->maas, value) != NULL;
}

static void judge_zones(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	missing(errors, name, "zone(s)", values, false, zone_exists, ask);
}

static bool pool_exists(const struct ask *ask, const char *value)
{
	return maas_pool_find(ask->maas, value) != NULL;
}

static void judge_pools(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	missing(errors, name, "pool(s)", values, false, pool_exists, ask);
}

static bool owner_exists(const struct ask *ask, const char *value)
{
	return maas_user_find(ask->maas, value) != NULL;
}

static void judge_owners(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	missing(errors, name, "owner", values, true, owner_exists, ask);
}

static bool tag_exists(const struct ask *ask, const char *value)
{
	return maas_tag_find(ask->maas, value) != NULL;
}

static void judge_tags(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	missing(errors, name, "tag(s)", values, true, tag_exists, ask);
}

static void bad_choice(json_t *errors, const char *name, const char *value)
{
	maas_error(errors, name,
	    "Select a valid choice. %s is not one of the available choices.",
	    value);
}

static void judge_status(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	enum node_status status;

	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (!maas_status_parse(values->items[i], &status)) {
			bad_choice(errors, name, values->items[i]);
			return;
		}
}

static void judge_power(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	static const char *const states[] = { "on", "off", "unknown", "error" };

	(void)ask;
	for (size_t i = 0; i < values->count; i++) {
		bool known = false;

		for (size_t k = 0; k < 4; k++)
			known |= strcmp(states[k], values->items[i]) == 0;
		if (!known) {
			bad_choice(errors, name, values->items[i]);
			return;
		}
	}
}

/* As Python's float() reads one: blanks around it are fine, hexadecimal is
 * not. */
static bool is_number(const char *text)
{
	char *end;

	strtod(text, &end);
	end += strspn(end, " \t\r\n");
	return end != text && !*end && !strpbrk(text, "xX");
}

static void judge_number(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	size_t fine = 0;

	(void)ask;
	while (fine < values->count && is_number(values->items[fine]))
		fine++;
	if (fine == values->count)
		return;
	if (strcmp(name, "cpu_count") == 0)
		maas_error(errors, name, "Invalid CPU count: number required.");
	else if (strcmp(name, "mem") == 0)
		maas_error(
		    errors, name, "Invalid memory: number of MiB required.");
	else
		maas_error(errors, name, "Enter a number.");
}

static void judge_macs(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (!maas_mac_ok(values->items[i])) {
			maas_error(errors, name,
			    "Invalid parameter: invalid MAC address format");
			return;
		}
}

static void judge_arch(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++) {
		size_t len = strcspn(values->items[i], "/");

		if (len == 5 && strncmp(values->items[i], "amd64", 5) == 0)
			continue;
		maas_error(errors, name, "Architecture not recognised.");
		return;
	}
}

static void judge_subnets(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	for (size_t i = 0; i < values->count; i++)
		if (!maas_subnet_named(ask->maas, values->items[i])) {
			maas_error(errors, name, "No matching subnets found.");
			return;
		}
}

static void judge_storage(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	(void)ask;
	for (size_t i = 0; i < values->count; i++)
		if (!maas_storage_ok(values->items[i]))
			maas_error(errors, name,
			    "Malformed storage constraint, \"%s\".",
			    values->items[i]);
}

static void judge_interfaces(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	for (size_t i = 0; i < values->count && !ask->answered; i++)
		maas_interfaces_judge(ask, name, values->items[i], errors);
}

static const struct constraint constraints[] = {
	{ "agent_name", IN_LIST, false, false, false, NULL, maas_has_agent },
	{ "not_agent_name", IN_LIST, false, false, true, NULL, maas_has_agent },
	{ "arch", IN_BOTH, false, false, false, judge_arch, maas_has_arch },
	{ "not_arch", IN_LIST, false, false, true, NULL, maas_has_arch },
	{ "cpu_count", IN_BOTH, false, true, false, judge_number,
	    maas_has_cpus },
	{ "cpu_speed", IN_BOTH, false, true, false, judge_number,
	    maas_has_speed },
	{ "deployment_target", IN_LIST, false, false, false, NULL,
	    maas_has_target },
	{ "devices", IN_ALLOCATE, false, false, false, NULL, maas_has_card },
	{ "domain", IN_LIST, false, false, false, NULL, maas_has_domain },
	{ "not_domain", IN_LIST, false, false, true, NULL, maas_has_domain },
	{ "fabric_classes", IN_BOTH, false, false, false, NULL,
	    maas_has_class },
	{ "fabrics", IN_BOTH, false, false, false, NULL, maas_has_fabrics },
	{ "hostname", IN_LIST, false, false, false, NULL, maas_has_hostname },
	{ "not_hostname", IN_LIST, false, false, true, NULL,
	    maas_has_hostname },
	{ "id", IN_LIST, false, false, false, NULL, maas_has_system_id },
	{ "not_id", IN_LIST, false, false, true, NULL, maas_has_system_id },
	{ "interfaces", IN_BOTH, false, false, false, judge_interfaces,
	    maas_has_interfaces },
	{ "link_speed", IN_BOTH, false, true, false, judge_number,
	    maas_has_link_speed },
	{ "mac_address", IN_LIST, false, false, false, judge_macs,
	    maas_has_mac },
	{ "mem", IN_BOTH, false, true, false, judge_number, maas_has_memory },
	{ "name", IN_ALLOCATE, false, false, false, NULL, maas_has_name },
	{ "not_fabric_classes", IN_BOTH, false, false, true, NULL,
	    maas_has_class },
	{ "not_fabrics", IN_BOTH, false, false, true, NULL, maas_has_fabrics },
	{ "not_in_pool", IN_BOTH, false, false, true, judge_pools,
	    maas_has_pool },
	{ "not_in_zone", IN_BOTH, false, false, true, judge_zones,
	    maas_has_zone },
	{ "not_owner", IN_LIST, false, false, true, judge_owners,
	    maas_has_owner },
	{ "not_pod", IN_BOTH, false, false, true, NULL, maas_has_pod },
	{ "not_pod_type", IN_BOTH, false, false, true, NULL,
	    maas_has_pod_type },
	{ "not_power_state", IN_LIST, false, false, true, judge_power,
	    maas_has_power },
	{ "not_status", IN_LIST, false, false, true, judge_status,
	    maas_has_status },
	{ "not_subnets", IN_BOTH, false, false, false, judge_subnets,
	    maas_lacks_subnets },
	{ "not_tags", IN_BOTH, true, false, false, NULL, maas_lacks_tags },
	{ "not_vlans", IN_BOTH, false, false, true, NULL, maas_has_vlans },
	{ "owner", IN_LIST, false, false, false, judge_owners, maas_has_owner },
	{ "pod", IN_BOTH, false, false, false, NULL, maas_has_pod },
	{ "pod_type", IN_BOTH, false, false, false, NULL, maas_has_pod_type },
	{ "pool", IN_BOTH, false, false, false, judge_pools, maas_has_pool },
	{ "power_state", IN_LIST, false, false, false, judge_power,
	    maas_has_power },
	{ "status", IN_LIST, false, false, false, judge_status,
	    maas_has_status },
	{ "storage", IN_BOTH, false, false, false, judge_storage,
	    maas_has_storage },
	{ "subnets", IN_BOTH, false, false, false, judge_subnets,
	    maas_has_subnets },
	{ "system_id", IN_BOTH, false, false, false, NULL, maas_has_system_id },
	{ "tags", IN_BOTH, true, false, false, judge_tags, maas_has_tags },
	{ "vlans", IN_BOTH, false, false, false, NULL, maas_has_vlans },
	{ "zone", IN_BOTH, false, false, false, judge_zones, maas_has_zone },
};
#define CONSTRAINT_COUNT (sizeof(constraints) / sizeof(constraints[0]))

/* What allocate takes besides; it is no constraint. */
static const char *const besides[] = { "op", "agent_name", "comment",
	"bridge_all", "bridge_type", "bridge_stp", "bridge_fd", "dry_run",
	"verbose" };

static const struct constraint *find(const char *name, bool for_allocate)
{
	for (size_t i = 0; i < CONSTRAINT_COUNT; i++) {
		enum where where = constraints[i].where;

		if (strcmp(constraints[i].name, name) == 0 &&
		    where != (for_allocate ? IN_LIST : IN_ALLOCATE))
			return &constraints[i];
	}
	return NULL;
}

static bool is_besides(const char *name, bool for_allocate)
{
	if (!for_allocate)
		return strcmp(name, "op") == 0 || strcmp(name, "format") == 0 ||
		       strcmp(name, "callback") == 0;
	for (size_t i = 0; i < sizeof(besides) / sizeof(besides[0]); i++)
		if (strcmp(besides[i], name) == 0)
			return true;
	return false;
}

static struct names values_of(
    const struct form *form, const struct constraint *constraint)
{
	struct names values = { 0 };
	size_t at = 0;
	const char *value;

	while ((value = maas_form_next(form, constraint->name, &at))) {
		if (constraint->split)
			maas_names_split(&values, value, ", \t");
		else
			maas_names_add(&values, value);
	}
	return values;
}

bool maas_constraints_judge(
    struct ask *ask, const struct form *form, bool for_allocate)
{
	json_t *errors = json_object();

	for (size_t i = 0; i < form->count; i++) {
		const char *name = form->fields[i].name;
		const struct constraint *constraint = find(name, for_allocate);
		struct names values;

		if (!constraint) {
			if (!is_besides(name, for_allocate) &&
			    !json_object_get(errors, name))
				maas_error(errors, name, "No such constraint.");
			continue;
		}
		if (json_object_get(errors, name) || !constraint->judge)
			continue;
		values = values_of(form, constraint);
		if (values.count)
			constraint->judge(ask, name, &values, errors);
		maas_names_free(&values);
		if (ask->answered)
			break;
	}
	if (ask->answered) {
		json_decref(errors);
		return false;
	}
	return maas_fine(ask, errors);
}

void maas_constraints_near(const struct form *form, struct buf *out)
{
	const char *names[CONSTRAINT_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < CONSTRAINT_COUNT; i++)
		if (constraints[i].where != IN_LIST)
			names[count++] = constraints[i].name;
	for (size_t i = 0; i < form->count; i++) {
		const char *name = form->fields[i].name, *near;

		if (find(name, true) || is_besides(name, true))
			continue;
		near = nearest_name(name, names, count);
		buf_addf(out, "%sallocate has no constraint %s%s%s",
		    out->len ? "; " : "", name, near ? ", the nearest is " : "",
		    near ? near : "");
	}
}

bool maas_constraints_pass(const struct ask *ask, const struct form *form,
    bool for_allocate, const struct node *node)
{
	for (size_t i = 0; i < CONSTRAINT_COUNT; i++) {
		const struct constraint *constraint = &constraints[i];
		struct names values;
		bool fine;

		if (constraint->where ==
		        (for_allocate ? IN_LIST : IN_ALLOCATE) ||
		    !form_get(form, constraint->name))
			continue;
		values = values_of(form, constraint);
		fine = values.count == 0 || constraint->pass(ask, node,
		                                &values) != constraint->negated;
		maas_names_free(&values);
		if (!fine)
			return false;
	}
	return true;
}

/* Python's repr of a float: 400.0, 0.5 */
static void add_number(struct buf *text, const char *value)
{
	double number = strtod(value, NULL);
	char room[64];

	snprintf(room, sizeof(room), "%.17g", number);
	if (strtod(room, NULL) != number || strlen(room) > 16)
		snprintf(room, sizeof(room), "%g", number);
	buf_adds(text, room);
	if (!strpbrk(room, ".einf"))
		buf_adds(text, ".0");
}

char *maas_constraints_resolved(const struct form *form)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < CONSTRAINT_COUNT; i++) {
		struct names values;

		if (constraints[i].where == IN_LIST ||
		    !form_get(form, constraints[i].name))
			continue;
		values = values_of(form, &constraints[i]);
		if (values.count)
			buf_addf(&text, "%s%s=", text.len ? " " : "",
			    constraints[i].name);
		for (size_t k = 0; k < values.count; k++) {
			if (k)
				buf_addc(&text, ',');
			if (constraints[i].number)
				add_number(&text, values.items[k]);
			else
				buf_adds(&text, values.items[k]);
		}
		maas_names_free(&values);
	}
	return text.data ? buf_detach(&text) : xstrdup("");
}
