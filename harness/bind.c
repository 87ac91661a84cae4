/* Gives every text of a scenario its type and looks up every name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/url.h"
#include "harness/faults.h"
#include "harness/hostnames.h"
#include "harness/inventory.h"
#include "harness/kinds.h"
#include "harness/laws.h"
#include "harness/paths.h"
#include "harness/scenario.h"
#include "harness/verbs.h"
#include "sim/maas/maas.h"
#include "sim/palette/palette.h"

const char *modality_name(enum modality modality)
{
	switch (modality) {
	case CLAIM_WITHIN:
	case CLAIM_WITHIN_FOR:
		return "within";
	case CLAIM_FOR:
		return "for";
	case CLAIM_ALWAYS:
		return "always";
	case CLAIM_NEVER:
		return "never";
	case CLAIM_REACHED:
		return "reached";
	case CLAIM_FINALLY:
		return "finally";
	}
	unreachable("not a modality");
}

const struct thing *scenario_thing(
    const struct scenario *scenario, const char *full)
{
	for (size_t i = 0; i < scenario->thing_count; i++)
		if (strcmp(scenario->things[i].full, full) == 0)
			return &scenario->things[i];
	return NULL;
}

const struct thing *scenario_nth(
    const struct scenario *scenario, const char *kind, size_t n)
{
	for (size_t i = 0; i < scenario->thing_count; i++)
		if (strcmp(scenario->things[i].kind->name, kind) == 0 &&
		    n-- == 0)
			return &scenario->things[i];
	return NULL;
}

void note_thing(struct reading *reading, struct place place, const char *full)
{
	const struct scenario *s = reading->scenario;
	const char *names[64];
	size_t count = 0;

	if (reading->worldless)
		return;
	for (size_t i = 0; i < s->thing_count && count < 64; i++)
		names[count++] = s->things[i].full;
	mistake_add_near(reading->mistakes, place, full, names, count,
	    "there is no %s", full);
}

/* ---- settings ---- */

static bool parse_number(const char *text, long long *number)
{
	char *end;

	*number = strtoll(text, &end, 10);
	return *text && !*end && *number >= 0;
}

static bool parse_range(const char *text, usec *low_for, usec *high_for)
{
	const char *dots = strstr(text, "..");
	long long low, high;
	char *first;
	bool fine;

	if (!dots) {
		if (!duration_parse(text, &low))
			return false;
		*low_for = *high_for = low;
		return true;
	}
	first = xstrndup(text, (size_t)(dots - text));
	fine = duration_parse(first, &low) && duration_parse(dots + 2, &high) &&
	       low <= high;
	free(first);
	if (!fine)
		return false;
	*low_for = low;
	*high_for = high;
	return true;
}

static bool parse_yes_no(const char *text, long long *number)
{
	*number = strcmp(text, "yes") == 0;
	return *number || strcmp(text, "no") == 0;
}

static bool take_thing(struct reading *reading, struct setting *setting)
{
	const struct scenario *s = reading->scenario;
	const char *kind = setting->kind->of, *text = setting->text;
	const char *names[64];
	size_t count = 0, len = strlen(kind);
	char *full = strncmp(text, kind, len) == 0 && text[len] == '/'
	                 ? xstrdup(text)
	                 : xasprintf("%s/%s", kind, text);

	setting->thing = scenario_thing(s, full);
	if (!setting->thing && !reading->worldless) {
		for (size_t i = 0; i < s->thing_count && count < 64; i++)
			if (strcmp(s->things[i].kind->name, kind) == 0)
				names[count++] = s->things[i].full;
		mistake_add_near(reading->mistakes, setting->place, full, names,
		    count, "there is no %s", full);
	}
	free(full);
	return true; /* whatever is wrong has been said */
}

static bool take_word(struct reading *reading, struct setting *setting)
{
	char room[200];
	const char *words[16];
	size_t count;

	if (one_of(setting->kind->of, setting->text, strlen(setting->text)))
		return true;
	count = split_words(setting->kind->of, room, sizeof(room), words, 16);
	mistake_add_near(reading->mistakes, setting->place, setting->text,
	    words, count, "%s is one of %s, not \"%s\"", setting->kind->name,
	    setting->kind->of, setting->text);
	return true;
}

/* False: it is not of its type, and nothing has been said yet. */
static bool setting_parse(struct reading *reading, struct setting *s)
{
	bool is_text = s->node->kind == YAML_TEXT;
	struct cidr cidr;
	uint32_t address;

	switch (s->kind->type) {
	case SETTING_TEXT:
		return is_text;
	case SETTING_NUMBER:
		return is_text && parse_number(s->text, &s->number);
	case SETTING_DURATION:
		return is_text &&
		       parse_range(s->text, &s->low_for, &s->high_for) &&
		       s->low_for == s->high_for;
	case SETTING_RANGE:
		return is_text &&
		       parse_range(s->text, &s->low_for, &s->high_for);
	case SETTING_YES_NO:
		return is_text && parse_yes_no(s->text, &s->number);
	case SETTING_CIDR:
		return is_text && cidr_parse(s->text, &cidr);
	case SETTING_ADDRESS:
		return is_text && ipv4_parse(s->text, &address);
	case SETTING_THING:
		return is_text && take_thing(reading, s);
	case SETTING_ONE_OF:
		return is_text && take_word(reading, s);
	case SETTING_LIST:
		return s->node->kind != YAML_MAP;
	case SETTING_MACHINES:
		return is_text ? parse_number(s->text, &s->number)
		               : s->node->kind == YAML_LIST;
	}
	unreachable("not a type of setting");
}

static void bind_machine(
    struct reading *reading, const char *file, const struct yaml_node *machine)
{
	size_t count;
	const struct kind_of_setting *rows = machine_settings(&count);
	const char *names[16];
	struct kind_of_thing kind = { "machine", "", rows, count };

	if (machine->kind != YAML_MAP) {
		mistake_add(reading->mistakes, place_of(file, machine),
		    "a machine of the list is a map such as { count: 2, "
		    "zone: az1 }");
		return;
	}
	for (size_t i = 0; i < count; i++)
		names[i] = rows[i].name;
	for (size_t i = 0; i < machine->count; i++) {
		const struct yaml_pair *pair = &machine->pairs[i];
		struct setting s = {
			.kind = kind_of_setting(&kind, pair->key->text),
			.text = pair->value->text ? pair->value->text : "",
			.node = pair->value,
			.place = place_of(file, pair->value),
		};

		if (!s.kind)
			mistake_add_near(reading->mistakes,
			    place_of(file, pair->key), pair->key->text, names,
			    count, "a machine has no \"%s\"", pair->key->text);
		else if (!setting_parse(reading, &s))
			mistake_add(reading->mistakes, s.place,
			    "%s of a machine is %s", s.kind->name,
			    setting_type_name(s.kind->type));
	}
}

static void bind_setting(
    struct reading *reading, struct thing *thing, const struct yaml_pair *pair)
{
	const char *file = thing->place.file, *names[32];
	struct setting *s = &thing->settings[thing->setting_count];

	*s = (struct setting){
		.kind = kind_of_setting(thing->kind, pair->key->text),
		.place = place_of(file, pair->value),
		.text = pair->value->text ? pair->value->text : "",
		.node = pair->value,
	};
	if (!s->kind) {
		for (size_t i = 0; i < thing->kind->setting_count; i++)
			names[i] = thing->kind->settings[i].name;
		mistake_add_near(reading->mistakes, place_of(file, pair->key),
		    pair->key->text, names, thing->kind->setting_count,
		    "a %s has no \"%s\"", thing->kind->name, pair->key->text);
		return;
	}
	thing->setting_count++;
	if (!setting_parse(reading, s))
		mistake_add(reading->mistakes, s->place,
		    "%s of %s is %s, not \"%s\"", s->kind->name, thing->full,
		    setting_type_name(s->kind->type), s->text);
	for (size_t i = 0; s->kind->type == SETTING_MACHINES &&
	                   s->node->kind == YAML_LIST && i < s->node->count;
	     i++)
		bind_machine(reading, file, s->node->items[i]);
}

static bool is_odd_size(long long size)
{
	return size == 1 || size == 3 || size == 5;
}

static void bind_inventory(
    struct reading *reading, const struct setting *setting)
{
	struct err err = { 0 };
	json_t *inventory = inventory_load(setting, &err);

	if (!inventory)
		mistake_add(reading->mistakes, setting->place, "%s", err.text);
	json_decref(inventory);
}

/* What no type of a setting can say. */
static void bind_together(struct reading *reading, const struct thing *thing)
{
	const char *kind = thing->kind->name;

	if (strcmp(kind, "maas") == 0 && thing_setting(thing, "inventory"))
		bind_inventory(reading, thing_setting(thing, "inventory"));
	if (strcmp(kind, "cluster") == 0 &&
	    !is_odd_size(thing_number(thing, "control_planes")))
		mistake_add(reading->mistakes,
		    thing_setting(thing, "control_planes")->place,
		    "a control plane has 1, 3 or 5 machines, so that a "
		    "majority of them can be counted");
	if (strcmp(kind, "proxy") == 0 &&
	    !thing_text(thing, "user") != !thing_text(thing, "password"))
		mistake_add(reading->mistakes, thing->place,
		    "%s has a user and a password, or neither of them",
		    thing->full);
	if (strcmp(kind, "pcg") == 0 && thing_setting(thing, "ahead") &&
	    thing_setting(thing, "behind"))
		mistake_add(reading->mistakes, thing->place,
		    "the clock of %s is ahead or behind, not both",
		    thing->full);
}

static void bind_thing(struct reading *reading, struct thing *thing)
{
	thing->settings = xcalloc(thing->node->count ? thing->node->count : 1,
	    sizeof(*thing->settings));
	for (size_t i = 0; i < thing->node->count; i++)
		bind_setting(reading, thing, &thing->node->pairs[i]);
	for (size_t i = 0; i < thing->kind->setting_count; i++) {
		const struct kind_of_setting *row = &thing->kind->settings[i];

		if (row->required && !thing_setting(thing, row->name))
			mistake_add(reading->mistakes, thing->place,
			    "%s needs \"%s\": %s", thing->full, row->name,
			    row->help);
	}
	bind_together(reading, thing);
}

const struct setting *thing_setting(const struct thing *thing, const char *name)
{
	check(kind_of_setting(thing->kind, name));
	for (size_t i = 0; i < thing->setting_count; i++)
		if (strcmp(thing->settings[i].kind->name, name) == 0)
			return &thing->settings[i];
	return NULL;
}

const char *thing_text(const struct thing *thing, const char *name)
{
	const struct setting *setting = thing_setting(thing, name);

	return setting ? setting->text
	               : kind_of_setting(thing->kind, name)->initial;
}

long long thing_number(const struct thing *thing, const char *name)
{
	const char *text = thing_text(thing, name);
	long long number = 0;

	if (text)
		parse_number(text, &number);
	return number;
}

bool thing_yes(const struct thing *thing, const char *name)
{
	const char *text = thing_text(thing, name);

	return text && strcmp(text, "yes") == 0;
}

void thing_range(
    const struct thing *thing, const char *name, usec *low_for, usec *high_for)
{
	const char *text = thing_text(thing, name);

	*low_for = *high_for = 0;
	if (text)
		parse_range(text, low_for, high_for);
}

usec thing_duration(const struct thing *thing, const char *name)
{
	usec low_for, high_for;

	thing_range(thing, name, &low_for, &high_for);
	return low_for;
}

const struct thing *thing_link(const struct thing *thing, const char *name)
{
	const struct setting *setting = thing_setting(thing, name);

	return setting ? setting->thing : NULL;
}

/* ---- the timeline ---- */

static void bind_expectations(
    struct reading *reading, struct expectation *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expression_bind(reading, &list[i].is);
}

size_t operations_of(const char *kind, const char **names, size_t max)
{
	size_t count = 0, all;

	if (strcmp(kind, "maas") == 0) {
		const struct maas_operation *table = maas_operations(&all);

		for (size_t i = 0; i < all && count < max; i++)
			names[count++] = table[i].name;
	} else if (strcmp(kind, "palette") == 0) {
		const struct palette_operation *table = palette_operations(
		    &all);

		for (size_t i = 0; i < all && count < max; i++)
			names[count++] = table[i].name;
	}
	return count;
}

/* "on: alocate" would only show as a fault that met nothing. */
static void bind_on(struct reading *reading, const struct step *step,
    const struct fault_words *known)
{
	struct place place = step->on_place;
	struct err err;
	size_t offset;

	if (fault_on_ok(step->on, known, &offset, &err))
		return;
	place.column += (unsigned)offset;
	mistake_add(reading->mistakes, place, "%s", err.text);
}

/* Who sends: a thing of the world, or a program inside one; "pcg/ *"; a
 * machine, an operator or an installer, whose names no world gives. */
static void bind_sender(struct reading *reading, const struct step *step)
{
	const char *sender = step->keys.sender;
	size_t kind = strcspn(sender, "/");
	size_t len = sender[kind] ? kind + 1 + strcspn(sender + kind + 1, "/")
	                          : kind;
	char *name;

	if (strchr(sender, '*'))
		return;
	name = xstrndup(sender, len);
	if (kind_of_thing(sender, kind) || !sender[kind]) {
		if (strcmp(name, "operator") != 0 &&
		    !scenario_thing(reading->scenario, name))
			note_thing(reading, step->from_place, name);
	} else if (strncmp(sender, "machine/", 8) != 0 &&
	           strncmp(sender, "installer/", 10) != 0) {
		note_thing(reading, step->from_place, name);
	}
	free(name);
}

static void bind_fault(struct reading *reading, const struct step *step)
{
	const struct thing *server = step->words.things[0];
	const char *names[OPERATIONS_MAX], *kind = server->kind->name;
	const struct fault_words known = {
		.server = kind,
		.operations = names,
		.count = operations_of(kind, names, OPERATIONS_MAX),
		.machines = strcmp(kind, "maas") == 0,
	};
	struct err err;

	if (step->on)
		bind_on(reading, step, &known);
	if (!fault_keys_agree(&step->keys,
	        fault_has_status(fault_kind_of(step->verb), &step->words),
	        &known, &err))
		mistake_add(
		    reading->mistakes, step->fault_place, "%s", err.text);
	if (step->keys.machine && known.machines)
		hostname_bind(
		    reading, step->machine_place, server, step->keys.machine);
	if (step->keys.sender)
		bind_sender(reading, step);
}

/* What no table row can say: who may be created through whom. */
static void bind_step(struct reading *reading, struct step *step, usec *now_at)
{
	if (step->when == STEP_WHEN)
		expression_bind(reading, &step->condition);
	if (step->when == STEP_AT && step->time < *now_at)
		mistake_add(reading->mistakes, step->place,
		    "time goes backwards here: a step before this one is at "
		    "a later time");
	if (step->when == STEP_AT)
		*now_at = step->time;
	else if (step->when == STEP_AFTER)
		*now_at += step->time;
	if (step->text)
		verb_bind(reading, step);
	if (step->verb &&
	    strstr(step->verb->pattern, "NUMBER control planes") &&
	    !is_odd_size(step->words.numbers[0]))
		mistake_add(reading->mistakes, step->text_place,
		    "a control plane has 1, 3 or 5 machines");
	if (step->verb && step->verb->is_fault && step->words.things[0])
		bind_fault(reading, step);
	if (step->until.text)
		expression_bind(reading, &step->until);
	bind_expectations(reading, step->expect, step->expect_count);
}

static void bind_waivers(struct reading *reading)
{
	struct scenario *s = reading->scenario;
	size_t count;
	const struct law *laws = law_table(&count);
	const char **names = xcalloc(count, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = laws[i].sentence;
	for (size_t i = 0; i < s->waiver_count; i++) {
		const char *sentence =
		    yaml_get(s->document, "waives")->pairs[i].key->text;

		s->waivers[i].law = law_named(sentence);
		if (!s->waivers[i].law)
			mistake_add_near(reading->mistakes, s->waivers[i].place,
			    sentence, names, count, "there is no law \"%s\"",
			    sentence);
		else if (s->waivers[i].law->strict)
			mistake_add(reading->mistakes, s->waivers[i].place,
			    "this law cannot be waived");
	}
	free(names);
}

/* A MAAS that stands in no site stands in one of its own, of its name. */
static void add_sites(struct scenario *s)
{
	static const struct yaml_node nothing = { .kind = YAML_MAP };
	size_t count = s->thing_count;

	for (size_t i = 0; i < count; i++) {
		struct thing *maas = &s->things[i];
		char *full;

		if (strcmp(maas->kind->name, "maas") != 0 ||
		    yaml_get(maas->node, "site"))
			continue;
		full = xasprintf("site/%s", maas->name);
		if (scenario_thing(s, full)) {
			free(full);
			continue;
		}
		s->things = xrealloc(
		    s->things, (s->thing_count + 1) * sizeof(*s->things));
		maas = &s->things[i];
		s->things[s->thing_count++] = (struct thing){
			.kind = kind_of_thing("site", 4),
			.name = xstrdup(maas->name),
			.full = full,
			.place = maas->place,
			.node = &nothing,
		};
	}
}

void scenario_bind(struct reading *reading)
{
	struct scenario *s = reading->scenario;
	const struct yaml_node *timeline;
	size_t faults = 0;
	usec now_at = 0;

	add_sites(s);
	for (size_t i = 0; i < s->thing_count; i++)
		bind_thing(reading, &s->things[i]);
	for (size_t i = 0; i < s->step_count; i++) {
		bind_step(reading, &s->steps[i], &now_at);
		if (s->steps[i].verb && s->steps[i].verb->is_fault &&
		    ++faults == MOST_FAULTS + 1)
			mistake_add(reading->mistakes, s->steps[i].place,
			    "this is one fault too many: a scenario has no "
			    "more than %d",
			    MOST_FAULTS);
	}
	bind_expectations(reading, s->standing, s->standing_count);
	bind_waivers(reading);
	timeline = yaml_get(s->document, "timeline");
	if (timeline && timeline->kind == YAML_LIST && timeline->count == 0)
		mistake_add(reading->mistakes, place_of(s->file, timeline),
		    "a timeline has at least one step");
}
