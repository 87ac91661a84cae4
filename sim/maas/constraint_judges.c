#include "sim/maas/constraint_judges.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/constraints.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/images.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"
#include "sim/maas/zones.h"

typedef bool exists_fn(const struct ask *ask, const char *value);

/* The values that do not exist, each once, in order. */
static struct names missing(
    const struct ask *ask, const struct names *values, exists_fn *exists)
{
	struct names none = { 0 };

	for (size_t i = 0; i < values->count; i++)
		if (!exists(ask, values->items[i]))
			maas_names_add(&none, values->items[i]);
	if (none.count)
		qsort(none.items, none.count, sizeof(none.items[0]),
		    maas_text_order);
	return none;
}

/* 'a', 'b' or a, b */
static void name_missing(struct ask *ask, json_t *errors, const char *name,
    const char *what, const struct names *values, const char *quote,
    exists_fn *exists)
{
	struct names none = missing(ask, values, exists);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < none.count; i++)
		buf_addf(&text, "%s%s%s%s", i ? ", " : "", quote, none.items[i],
		    quote);
	if (none.count)
		maas_error(
		    errors, name, "No such %s: %s.", what, buf_text(&text));
	buf_free(&text);
	maas_names_free(&none);
}

static bool zone_exists(const struct ask *ask, const char *value)
{
	return maas_zone_find(ask->maas, value) != NULL;
}

void maas_judge_zones(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	name_missing(ask, errors, name, "zone(s)", values, "", zone_exists);
}

static bool pool_exists(const struct ask *ask, const char *value)
{
	return maas_pool_find(ask->maas, value) != NULL;
}

void maas_judge_pools(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	name_missing(ask, errors, name, "pool(s)", values, "", pool_exists);
}

/* A letter, a digit or an underscore, then also blanks and dashes. */
static bool is_model_name(const char *name)
{
	return *name && maas_python_letter(name) &&
	       maas_python_is_word(name, " -");
}

static bool names_ok(
    json_t *errors, const char *name, const struct names *values)
{
	for (size_t i = 0; i < values->count; i++)
		if (!is_model_name(values->items[i])) {
			maas_error(errors, name, "Enter a valid value.");
			return false;
		}
	return true;
}

void maas_judge_no_zones(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	if (names_ok(errors, name, values))
		maas_judge_zones(ask, name, values, errors);
}

void maas_judge_no_pools(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	if (names_ok(errors, name, values))
		maas_judge_pools(ask, name, values, errors);
}

static bool owner_exists(const struct ask *ask, const char *value)
{
	return maas_user_find(ask->maas, value) != NULL;
}

/* Only the first of them is named. */
void maas_judge_owners(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	struct names none = missing(ask, values, owner_exists);

	if (none.count)
		maas_error(errors, name, "No such owner: '%s'.", none.items[0]);
	maas_names_free(&none);
}

static bool tag_exists(const struct ask *ask, const char *value)
{
	return maas_tag_find(ask->maas, value) != NULL;
}

void maas_judge_tags(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	name_missing(ask, errors, name, "tag(s)", values, "'", tag_exists);
}

static void bad_choice(json_t *errors, const char *name, const char *value)
{
	maas_error(errors, name,
	    "Select a valid choice. %s is not one of the available choices.",
	    value);
}

void maas_judge_status(struct ask *ask, const char *name,
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

static void judge_words(json_t *errors, const char *name,
    const struct names *values, const char *const *words)
{
	for (size_t i = 0; i < values->count; i++) {
		bool known = false;

		for (size_t k = 0; words[k]; k++)
			known |= strcmp(words[k], values->items[i]) == 0;
		if (!known) {
			bad_choice(errors, name, values->items[i]);
			return;
		}
	}
}

void maas_judge_power(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	static const char *const states[] = { "on", "off", "unknown", "error",
		NULL };

	(void)ask;
	judge_words(errors, name, values, states);
}

void maas_judge_simple(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	static const char *const words[] = { "all", "allocated", "broken",
		"commissioning", "deployed", "deploying", "failed", "new",
		"other", "ready", "releasing", "rescue", "testing", NULL };

	(void)ask;
	judge_words(errors, name, values, words);
}

void maas_judge_number(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	static const char *const sentences[][2] = {
		{ "cpu_count", "Invalid CPU count: number required." },
		{ "cpu_speed", "Invalid CPU speed: number required." },
		{ "link_speed", "Invalid link speed: number required." },
		{ "mem", "Invalid memory: number of MiB required." },
	};
	double number;

	(void)ask;
	for (size_t i = 0; i < values->count; i++) {
		if (maas_python_read_float(values->items[i], &number))
			continue;
		for (size_t k = 0; k < 4; k++)
			if (strcmp(sentences[k][0], name) == 0)
				maas_error(errors, name, "%s", sentences[k][1]);
		return;
	}
}

void maas_judge_macs(struct ask *ask, const char *name,
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

/* "amd64" stands for all "amd64/...": the full names of the values. */
bool maas_arch_expand(
    const struct maas *maas, const struct names *values, struct names *full)
{
	struct names known = { 0 };
	bool fine = true;

	maas_architectures(maas, &known);
	for (size_t i = 0; i < values->count && fine; i++) {
		const char *value = values->items[i];
		size_t len = strlen(value);

		fine = false;
		for (size_t k = 0; k < known.count; k++) {
			const char *arch = known.items[k];

			if (strcmp(arch, value) != 0 &&
			    (!len || strncmp(arch, value, len) != 0 ||
			        arch[len] != '/'))
				continue;
			maas_names_add(full, arch);
			fine = true;
		}
	}
	maas_names_free(&known);
	return fine;
}

void maas_judge_arch(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	struct names full = { 0 };

	if (!maas_arch_expand(ask->maas, values, &full))
		maas_error(errors, name, "Architecture not recognised.");
	maas_names_free(&full);
}

/* What is no number or no address is a fault that MAAS itself trips over. */
static bool judge_specifiers(struct ask *ask, enum specified of,
    const char *name, const struct names *values, json_t *errors)
{
	for (size_t i = 0; i < values->count; i++) {
		struct spec_fault fault = { 0 };

		maas_specifiers_judge(ask->maas, of, values->items[i], &fault);
		if (fault.wrong == SPEC_NUMBER)
			maas_refuse(ask, 500,
			    "'ValueError' object has no attribute 'message'");
		else if (fault.wrong == SPEC_NETWORK)
			maas_refuse(ask, 500,
			    "'AddrFormatError' object has no attribute "
			    "'message'");
		else if (fault.wrong == SPEC_INVALID)
			maas_error(errors, name, "%s", fault.text);
		else
			maas_refuse_specifier(ask, &fault);
		if (fault.wrong != SPEC_FINE)
			return false;
	}
	return true;
}

static size_t count_meant(struct ask *ask, enum specified of,
    const struct list *things, const struct names *values)
{
	size_t count = 0;
	void *thing;

	list_for_each (thing, things)
		count += maas_specifiers_mean(ask->maas, of,
		    (const char *const *)values->items, values->count, thing);
	return count;
}

void maas_judge_subnets(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	if (judge_specifiers(ask, SPEC_SUBNET, name, values, errors) &&
	    !count_meant(ask, SPEC_SUBNET, &ask->maas->subnets, values))
		maas_error(errors, name, "No matching subnets found.");
}

void maas_judge_vlans(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	if (judge_specifiers(ask, SPEC_VLAN, name, values, errors) &&
	    !count_meant(ask, SPEC_VLAN, &ask->maas->vlans, values))
		maas_error(errors, name, "No matching VLANs found.");
}

const char *maas_last_of(const struct names *values)
{
	return values->items[values->count - 1];
}

void maas_judge_storage(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	(void)ask;
	if (!maas_storage_ok(maas_last_of(values)))
		maas_error(errors, name,
		    "Malformed storage constraint, \"%s\".",
		    maas_last_of(values));
}

void maas_judge_interfaces(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	maas_interfaces_judge(ask, name, maas_last_of(values), errors);
}

/* The sentence lacks its last quote in MAAS too. */
void maas_judge_cards(struct ask *ask, const char *name,
    const struct names *values, json_t *errors)
{
	static const char *const keys[] = { "vendor_id", "product_id",
		"vendor_name", "product_name", "commissioning_driver" };
	const char *at = maas_last_of(values);

	(void)ask;
	while (*maas_last_of(values)) {
		size_t len = strcspn(at, ","), word = strcspn(at, "=,");
		bool known = false;

		for (size_t i = 0; i < 5; i++)
			known |= strlen(keys[i]) == word &&
			         strncmp(keys[i], at, word) == 0;
		if (!known) {
			maas_error(errors, name,
			    "Unknown devices constraint: '%.*s", (int)word, at);
			return;
		}
		if (!at[len])
			return;
		at += len + 1;
	}
}
