#include "sim/maas/constraints.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "sim/maas/constraint_judges.h"
#include "sim/maas/python.h"
#include "sim/maas/traits.h"

/*
 * Each constraint is a row: how its values are read, how they are judged
 * before any machine is looked at, and which machines pass. Rows for lists of
 * machines only, for allocate only, or for both.
 */

enum where {
	IN_BOTH,
	IN_LIST,
	IN_ALLOCATE
};

/* How values are read, and shown when no machine matches. */
enum reading {
	PLAIN,
	CHOICE, /* "=ready" is ready */
	TAGS,   /* commas and blanks part them; shown in order */
	NUMBER,
	ARCH,    /* shown as what it stands for */
	SUBNETS, /* shown as ids */
	VLANS,
	LAST, /* one value, without blanks around it */
};

struct constraint {
	const char *name;
	enum where where;
	enum reading reading;
	bool negated; /* those pass that `pass` does not let */
	/* Writes what is wrong with the values into errors. */
	judge_fn *judge;
	trait_fn *pass;
};

static const struct constraint constraints[] = {
	{ "agent_name", IN_LIST, PLAIN, false, NULL, maas_has_agent },
	{ "not_agent_name", IN_LIST, PLAIN, true, NULL, maas_has_agent },
	{ "arch", IN_BOTH, ARCH, false, maas_judge_arch, maas_has_arch },
	{ "not_arch", IN_BOTH, PLAIN, true, NULL, maas_is_arch },
	{ "cpu_count", IN_BOTH, NUMBER, false, maas_judge_number,
	    maas_has_cpus },
	{ "cpu_speed", IN_BOTH, NUMBER, false, maas_judge_number,
	    maas_has_speed },
	{ "deployment_target", IN_LIST, PLAIN, false, NULL, maas_has_target },
	{ "devices", IN_BOTH, LAST, false, maas_judge_cards, maas_has_card },
	{ "domain", IN_LIST, PLAIN, false, NULL, maas_has_domain },
	{ "not_domain", IN_LIST, PLAIN, true, NULL, maas_has_domain },
	{ "fabric_classes", IN_BOTH, PLAIN, false, NULL, maas_has_class },
	{ "fabrics", IN_BOTH, PLAIN, false, NULL, maas_has_fabrics },
	{ "hostname", IN_LIST, PLAIN, false, NULL, maas_has_hostname },
	{ "not_hostname", IN_LIST, PLAIN, true, NULL, maas_has_hostname },
	{ "id", IN_LIST, PLAIN, false, NULL, maas_has_system_id },
	{ "not_id", IN_LIST, PLAIN, true, NULL, maas_has_system_id },
	{ "interfaces", IN_BOTH, LAST, false, maas_judge_interfaces,
	    maas_has_interfaces },
	{ "link_speed", IN_BOTH, NUMBER, false, maas_judge_number,
	    maas_has_link_speed },
	{ "mac_address", IN_LIST, PLAIN, false, maas_judge_macs, maas_has_mac },
	{ "mem", IN_BOTH, NUMBER, false, maas_judge_number, maas_has_memory },
	{ "name", IN_ALLOCATE, PLAIN, false, NULL, maas_has_name },
	{ "not_fabric_classes", IN_BOTH, PLAIN, true, NULL, maas_has_class },
	{ "not_fabrics", IN_BOTH, PLAIN, true, NULL, maas_has_fabrics },
	{ "not_in_pool", IN_BOTH, PLAIN, true, maas_judge_no_pools,
	    maas_has_pool },
	{ "not_in_zone", IN_BOTH, PLAIN, true, maas_judge_no_zones,
	    maas_has_zone },
	{ "not_owner", IN_BOTH, PLAIN, true, NULL, maas_has_owner },
	{ "not_pod", IN_BOTH, PLAIN, true, NULL, maas_has_pod },
	{ "not_pod_type", IN_BOTH, PLAIN, true, NULL, maas_has_pod_type },
	{ "not_power_state", IN_BOTH, CHOICE, true, maas_judge_power,
	    maas_has_power },
	{ "not_simple_status", IN_LIST, CHOICE, true, maas_judge_simple,
	    maas_has_simple },
	{ "not_status", IN_LIST, CHOICE, true, maas_judge_status,
	    maas_has_status },
	{ "not_subnets", IN_BOTH, SUBNETS, false, maas_judge_subnets,
	    maas_lacks_subnets },
	{ "not_tags", IN_BOTH, PLAIN, false, NULL, maas_lacks_tags },
	{ "not_vlans", IN_BOTH, VLANS, true, maas_judge_vlans, maas_has_vlans },
	{ "owner", IN_BOTH, PLAIN, false, maas_judge_owners, maas_has_owner },
	{ "pod", IN_BOTH, PLAIN, false, NULL, maas_has_pod },
	{ "pod_type", IN_BOTH, PLAIN, false, NULL, maas_has_pod_type },
	{ "pool", IN_BOTH, PLAIN, false, maas_judge_pools, maas_has_pool },
	{ "power_state", IN_BOTH, CHOICE, false, maas_judge_power,
	    maas_has_power },
	{ "simple_status", IN_LIST, CHOICE, false, maas_judge_simple,
	    maas_has_simple },
	{ "status", IN_LIST, CHOICE, false, maas_judge_status,
	    maas_has_status },
	{ "storage", IN_BOTH, LAST, false, maas_judge_storage,
	    maas_has_storage },
	{ "subnets", IN_BOTH, SUBNETS, false, maas_judge_subnets,
	    maas_has_subnets },
	{ "system_id", IN_BOTH, PLAIN, false, NULL, maas_has_system_id },
	{ "tags", IN_BOTH, TAGS, false, maas_judge_tags, maas_has_tags },
	{ "vlans", IN_BOTH, VLANS, false, maas_judge_vlans, maas_has_vlans },
	{ "zone", IN_BOTH, PLAIN, false, maas_judge_zones, maas_has_zone },
};
#define CONSTRAINT_COUNT (sizeof(constraints) / sizeof(constraints[0]))

/* What is no constraint and no mistake either. */
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

static bool is_besides(const char *name)
{
	for (size_t i = 0; i < sizeof(besides) / sizeof(besides[0]); i++)
		if (strcmp(besides[i], name) == 0)
			return true;
	return false;
}

/* What emitters read, "format" and "callback", is no constraint either. */
static bool is_known(const char *name, bool for_allocate)
{
	return find(name, for_allocate) || is_besides(name);
}

static void push(struct names *values, const char *value, size_t len)
{
	values->items = xrealloc(
	    values->items, (values->count + 1) * sizeof(values->items[0]));
	values->items[values->count++] = xstrndup(value, len);
}

static void push_stripped(struct names *values, const char *value)
{
	size_t len;

	value += strspn(value, " \t\r\n");
	for (len = strlen(value); len && strchr(" \t\r\n", value[len - 1]);)
		len--;
	push(values, value, len);
}

static struct names values_of(
    const struct form *form, const struct constraint *constraint)
{
	struct names values = { 0 };
	size_t at = 0;
	const char *value;

	while ((value = maas_form_next(form, constraint->name, &at))) {
		if (constraint->reading == TAGS)
			maas_names_split(&values, value, ", \t\r\n\v\f");
		else if (constraint->reading == CHOICE && *value == '=')
			push(&values, value + 1, strlen(value + 1));
		else if (constraint->reading == LAST)
			push_stripped(&values, value);
		else
			push(&values, value, strlen(value));
	}
	return values;
}

/* ---- faults that come up only when machines are looked for ---- */

static struct names values_named(
    const struct form *form, const char *name, bool for_allocate)
{
	const struct constraint *constraint = find(name, for_allocate);
	struct names none = { 0 };

	return constraint ? values_of(form, constraint) : none;
}

/* The lowest number is rounded up to a whole one. */
static void compute_number(struct ask *ask, const struct names *values)
{
	double lowest = 0, number = 0;

	for (size_t i = 0; i < values->count; i++) {
		maas_python_read_float(values->items[i], &number);
		if (!i || number < lowest)
			lowest = number;
	}
	if (isnan(lowest))
		maas_refuse(ask, 500, "cannot convert float NaN to integer");
	else if (isinf(lowest))
		maas_refuse(
		    ask, 500, "cannot convert float infinity to integer");
}

static void compute_simple(struct ask *ask, const struct names *values)
{
	if (values->count)
		maas_refuse(ask, 500,
		    "Cannot resolve keyword 'simple_status' into field.");
}

static void compute_cards(struct ask *ask, const struct names *values)
{
	const char *at = values->count ? maas_last_of(values) : "";

	while (*at) {
		size_t len = strcspn(at, ",");

		if (!memchr(at, '=', len)) {
			maas_refuse(ask, 500,
			    "not enough values to unpack (expected 2, got 1)");
			return;
		}
		at += len + (at[len] == ',');
	}
}

static void compute_storage(struct ask *ask, const struct names *values)
{
	char *fault = values->count ? maas_storage_fault(maas_last_of(values))
	                            : NULL;

	if (fault)
		maas_refuse(ask, 500, "%s", fault);
	free(fault);
}

static void compute_interfaces(struct ask *ask, const struct names *values)
{
	if (values->count)
		maas_interfaces_possible(ask, maas_last_of(values));
}

/* In MAAS's order. */
static bool computable(
    struct ask *ask, const struct form *form, bool for_allocate)
{
	static const struct {
		const char *name;
		void (*compute)(struct ask *ask, const struct names *values);
	} steps[] = {
		{ "mem", compute_number },
		{ "cpu_count", compute_number },
		{ "cpu_speed", compute_number },
		{ "link_speed", compute_number },
		{ "simple_status", compute_simple },
		{ "not_simple_status", compute_simple },
		{ "devices", compute_cards },
		{ "storage", compute_storage },
		{ "interfaces", compute_interfaces },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct names values = values_named(
		    form, steps[i].name, for_allocate);

		if (!ask->answered)
			steps[i].compute(ask, &values);
		maas_names_free(&values);
	}
	return !ask->answered;
}

bool maas_constraints_judge(
    struct ask *ask, const struct form *form, bool for_allocate)
{
	json_t *errors = json_object();

	for (size_t i = 0; i < form->count && !ask->answered; i++) {
		const char *name = form->fields[i].name;
		const struct constraint *constraint = find(name, for_allocate);
		struct names values;

		if (!is_known(name, for_allocate) &&
		    !json_object_get(errors, name))
			maas_error(errors, name, "No such constraint.");
		if (!constraint || json_object_get(errors, name) ||
		    !constraint->judge)
			continue;
		values = values_of(form, constraint);
		if (values.count)
			constraint->judge(ask, name, &values, errors);
		maas_names_free(&values);
	}
	if (ask->answered) {
		json_decref(errors);
		return false;
	}
	return maas_fine(ask, errors) && computable(ask, form, for_allocate);
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

		if (is_known(name, true))
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

/* ---- what was understood, in words ---- */

static void show_ids(struct names *shown, struct ask *ask, enum specified of,
    const struct list *things, const struct names *values)
{
	struct thing *thing;

	list_for_each (thing, things) {
		char id[24];

		if (!maas_specifiers_mean(ask->maas, of,
		        (const char *const *)values->items, values->count,
		        thing))
			continue;
		snprintf(id, sizeof(id), "%lld", (long long)thing->id);
		push(shown, id, strlen(id));
	}
}

static void show_numbers(struct names *shown, const struct names *values)
{
	for (size_t i = 0; i < values->count; i++) {
		struct buf text = BUF_INIT;
		double number = 0;

		maas_python_read_float(values->items[i], &number);
		maas_python_float(&text, number);
		push(shown, buf_text(&text), text.len);
		buf_free(&text);
	}
}

/* The values as they are shown; takes them. */
static struct names shown_values(
    struct ask *ask, const struct constraint *constraint, struct names values)
{
	struct names shown = { 0 };

	switch (constraint->reading) {
	case PLAIN:
	case CHOICE:
	case LAST:
		return values;
	case TAGS:
		if (values.count)
			qsort(values.items, values.count,
			    sizeof(values.items[0]), maas_text_order);
		return values;
	case NUMBER:
		show_numbers(&shown, &values);
		break;
	case ARCH:
		maas_arch_expand(ask->maas, &values, &shown);
		break;
	case SUBNETS:
		show_ids(
		    &shown, ask, SPEC_SUBNET, &ask->maas->subnets, &values);
		break;
	case VLANS:
		show_ids(&shown, ask, SPEC_VLAN, &ask->maas->vlans, &values);
		break;
	}
	maas_names_free(&values);
	return shown;
}

/* An empty value among several is shown as nothing, which cannot be joined
 * with the others. */
static bool show(struct ask *ask, const struct constraint *constraint,
    struct names *values, struct buf *text)
{
	if (constraint->reading == LAST) {
		if (values->count && *maas_last_of(values))
			buf_addf(text, "%s%s=%s", text->len ? " " : "",
			    constraint->name, maas_last_of(values));
		return true;
	}
	for (size_t i = 0; i < values->count; i++) {
		if (!*values->items[i]) {
			maas_refuse(ask, 500,
			    "sequence item %zu: expected str instance, "
			    "NoneType found",
			    i);
			return false;
		}
		if (i)
			buf_addf(text, ",%s", values->items[i]);
		else
			buf_addf(text, "%s%s=%s", text->len ? " " : "",
			    constraint->name, values->items[i]);
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct constraint *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

char *maas_constraints_resolved(struct ask *ask, const struct form *form)
{
	const struct constraint *sorted[CONSTRAINT_COUNT];
	struct buf text = BUF_INIT;
	bool fine = true;

	for (size_t i = 0; i < CONSTRAINT_COUNT; i++)
		sorted[i] = &constraints[i];
	qsort(sorted, CONSTRAINT_COUNT, sizeof(sorted[0]), by_name);
	for (size_t i = 0; i < CONSTRAINT_COUNT && fine; i++) {
		struct names values;

		if (sorted[i]->where == IN_LIST ||
		    !form_get(form, sorted[i]->name))
			continue;
		values = shown_values(
		    ask, sorted[i], values_of(form, sorted[i]));
		fine = show(ask, sorted[i], &values, &text);
		maas_names_free(&values);
	}
	if (fine)
		return text.data ? buf_detach(&text) : xstrdup("");
	buf_free(&text);
	return NULL;
}
