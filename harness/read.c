/* From YAML to the structs of scenario.h: keys are checked and texts are kept;
 * names and types are bind.c's. */
#include "harness/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "harness/kinds.h"

struct place place_of(const char *file, const struct yaml_node *node)
{
	return (struct place){ file, node->line, node->column };
}

static struct place here(
    const struct reading *reading, const struct yaml_node *node)
{
	return place_of(reading->scenario->file, node);
}

static void unknown_key(struct reading *reading, const struct yaml_node *key,
    const char *const *known, size_t count, const char *where)
{
	mistake_add_near(reading->mistakes, here(reading, key), key->text,
	    known, count, "%s has no \"%s\"", where, key->text);
}

/* The text of a node that has to be one; NULL after noting that it is not. */
static const char *text_of(
    struct reading *reading, const struct yaml_node *node, const char *what)
{
	if (node->kind == YAML_TEXT)
		return node->text;
	mistake_add(reading->mistakes, here(reading, node),
	    "%s is a text, not a %s", what,
	    node->kind == YAML_MAP ? "map" : "list");
	return NULL;
}

/* ---- the world ---- */

static struct thing *thing_slot(struct scenario *s, const char *full)
{
	struct thing *thing;

	for (size_t i = 0; i < s->thing_count; i++)
		if (strcmp(s->things[i].full, full) == 0)
			return &s->things[i];
	s->things = xrealloc(
	    s->things, (s->thing_count + 1) * sizeof(*s->things));
	thing = &s->things[s->thing_count++];
	*thing = (struct thing){ 0 };
	return thing;
}

static void note_kind(
    struct reading *reading, struct place place, const char *full)
{
	const char *names[16];
	size_t count, slash = strcspn(full, "/");
	const struct kind_of_thing *kinds = kinds_of_things(&count);
	char *word = xstrndup(full, slash);

	check(count <= 16);
	for (size_t i = 0; i < count; i++)
		names[i] = kinds[i].name;
	if (!full[slash])
		mistake_add(reading->mistakes, place,
		    "a thing of the world is named kind/name, not \"%s\"",
		    full);
	else
		mistake_add_near(reading->mistakes, place, word, names, count,
		    "a world has no things of the kind %s", word);
	free(word);
}

static void read_thing(
    struct reading *reading, const char *file, const struct yaml_pair *pair)
{
	const char *full = pair->key->text;
	size_t slash = strcspn(full, "/");
	const struct kind_of_thing *kind = kind_of_thing(full, slash);
	struct thing *thing;

	if (!kind || !full[slash] || !full[slash + 1]) {
		note_kind(reading, place_of(file, pair->key), full);
		return;
	}
	if (pair->value->kind != YAML_MAP) {
		mistake_add(reading->mistakes, place_of(file, pair->value),
		    "%s wants a map of settings, such as { }", full);
		return;
	}
	thing = thing_slot(reading->scenario, full);
	free(thing->name);
	free(thing->full);
	*thing = (struct thing){
		.kind = kind,
		.name = xstrdup(full + slash + 1),
		.full = xstrdup(full),
		.place = place_of(file, pair->key),
		.node = pair->value,
	};
}

static char *beside(const char *file, const char *other)
{
	const char *slash = strrchr(file, '/');

	if (!slash || other[0] == '/')
		return xstrdup(other);
	return xasprintf("%.*s%s", (int)(slash - file + 1), file, other);
}

static void read_named_world(
    struct reading *reading, const struct yaml_node *like)
{
	struct scenario *s = reading->scenario;
	struct buf data = BUF_INIT;
	struct yaml_node *world;
	struct err err;
	int failed;

	if (!text_of(reading, like, "like"))
		return;
	s->world_file = beside(s->file, like->text);
	failed = file_read(s->world_file, &data);
	reading->worldless = true; /* until it is read */
	if (failed) {
		mistake_add(reading->mistakes, here(reading, like),
		    "the world %s cannot be read: %s", s->world_file,
		    strerror(failed));
		buf_free(&data);
		return;
	}
	s->world_document = yaml_read(
	    s->world_file, buf_text(&data), data.len, &err);
	buf_free(&data);
	if (!s->world_document) {
		mistake_add(reading->mistakes, here(reading, like),
		    "the world cannot be read: %s", err.text);
		return;
	}
	world = yaml_get(s->world_document, "world");
	if (!world || world->kind != YAML_MAP) {
		mistake_add(reading->mistakes,
		    place_of(s->world_file, s->world_document),
		    "a named world has a map called world");
		return;
	}
	reading->worldless = false;
	for (size_t i = 0; i < world->count; i++)
		if (strcmp(world->pairs[i].key->text, "like") == 0)
			mistake_add(reading->mistakes,
			    place_of(s->world_file, world->pairs[i].key),
			    "a named world is not like another one");
		else
			read_thing(reading, s->world_file, &world->pairs[i]);
}

static void read_world(struct reading *reading, const struct yaml_node *world)
{
	struct yaml_node *like;

	if (world->kind != YAML_MAP) {
		mistake_add(reading->mistakes, here(reading, world),
		    "world is a map of things, one line each, such as "
		    "\"maas/lab: { machines: 6 }\"");
		reading->worldless = true;
		return;
	}
	like = yaml_get(world, "like");
	if (like)
		read_named_world(reading, like);
	for (size_t i = 0; i < world->count; i++)
		if (strcmp(world->pairs[i].key->text, "like") != 0)
			read_thing(
			    reading, reading->scenario->file, &world->pairs[i]);
}

/* ---- claims ---- */

static void read_expression(struct reading *reading,
    const struct yaml_node *node, struct expression *out)
{
	out->text = xstrdup(node->text);
	out->place = here(reading, node);
}

static void note_duration(
    struct reading *reading, const struct yaml_node *node, const char *text)
{
	mistake_add(reading->mistakes, here(reading, node),
	    "\"%s\" is not a duration such as 90s, 4m or 1h30m", text);
}

/* "within 3m", "for 30m", "within 3m, for 30m" */
static bool read_modality(
    struct reading *reading, const struct yaml_node *key, struct expectation *e)
{
	const char *text = key->text, *comma = strstr(text, ", for ");
	long long time;
	char *first;
	bool fine;

	if (strncmp(text, "for ", 4) == 0) {
		e->modality = CLAIM_FOR;
		if (!duration_parse(text + 4, &time))
			return note_duration(reading, key, text + 4), false;
		e->stay_for = time;
		return true;
	}
	if (strncmp(text, "within ", 7) != 0) {
		mistake_add(reading->mistakes, here(reading, key),
		    "an expectation begins with within, or for, and a "
		    "duration; not \"%s\"",
		    text);
		return false;
	}
	first = comma ? xstrndup(text + 7, (size_t)(comma - text - 7))
	              : xstrdup(text + 7);
	e->modality = comma ? CLAIM_WITHIN_FOR : CLAIM_WITHIN;
	fine = duration_parse(first, &time);
	if (!fine)
		note_duration(reading, key, first);
	e->within_for = fine ? time : 0;
	free(first);
	if (comma && !duration_parse(comma + 6, &time))
		return note_duration(reading, key, comma + 6), false;
	if (comma)
		e->stay_for = time;
	return fine;
}

static struct expectation *expectation_slot(
    struct expectation **list, size_t *count)
{
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[*count] = (struct expectation){ 0 };
	return &(*list)[(*count)++];
}

static void read_expect(
    struct reading *reading, const struct yaml_node *list, struct step *step)
{
	if (list->kind != YAML_LIST) {
		mistake_add(reading->mistakes, here(reading, list),
		    "expect is a list; each item like \"- within 3m: ...\"");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		struct expectation e = { 0 };

		if (item->kind != YAML_MAP || item->count != 1) {
			mistake_add(reading->mistakes, here(reading, item),
			    "an expectation begins with within or for, and is "
			    "one line like \"within 3m: cluster/web.state == "
			    "Running\"");
			continue;
		}
		if (!read_modality(reading, item->pairs[0].key, &e))
			continue;
		if (!text_of(reading, item->pairs[0].value, "a claim"))
			continue;
		read_expression(reading, item->pairs[0].value, &e.is);
		e.text = xasprintf(
		    "%s: %s", item->pairs[0].key->text, e.is.text);
		e.place = here(reading, item->pairs[0].key);
		*expectation_slot(&step->expect, &step->expect_count) = e;
	}
}

static void read_standing(struct reading *reading, const struct yaml_node *list,
    enum modality modality)
{
	struct scenario *s = reading->scenario;

	if (list->kind != YAML_LIST) {
		mistake_add(reading->mistakes, here(reading, list),
		    "%s is a list of claims, each in a line that begins with a "
		    "dash",
		    modality_name(modality));
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct expectation *e;

		if (!text_of(reading, list->items[i], "a claim"))
			continue;
		e = expectation_slot(&s->standing, &s->standing_count);
		e->modality = modality;
		e->place = here(reading, list->items[i]);
		read_expression(reading, list->items[i], &e->is);
		e->text = xasprintf(
		    "%s: %s", modality_name(modality), e->is.text);
	}
}

/* ---- the timeline ---- */

static bool read_time(
    struct reading *reading, const struct yaml_node *key, struct step *step)
{
	const char *text = key->text;
	long long time;

	if (strncmp(text, "when ", 5) == 0) {
		step->when = STEP_WHEN;
		step->condition.text = xstrdup(text + 5);
		step->condition.place = here(reading, key);
		step->condition.place.column += 5;
		return true;
	}
	step->when = strncmp(text, "at ", 3) == 0 ? STEP_AT : STEP_AFTER;
	text += step->when == STEP_AT ? 3 : 6;
	if (!duration_parse(text, &time))
		return note_duration(reading, key, text), false;
	step->time = time;
	return true;
}

static void read_until(
    struct reading *reading, const struct yaml_node *node, struct step *step)
{
	long long time;

	if (duration_parse(node->text, &time))
		step->until_at = time;
	else if (strchr(node->text, '.'))
		read_expression(reading, node, &step->until);
	else
		mistake_add(reading->mistakes, here(reading, node),
		    "until is a duration such as 2h, or a claim; not \"%s\"",
		    node->text);
}

/* All that may stand beside the time of a step. */
static void note_option(struct reading *reading, const struct yaml_node *key)
{
	const char *known[16] = { "expect", "on", "until" };
	size_t count, all = 3;
	const struct fault_key *keys = fault_key_table(&count);

	check(all + count <= sizeof(known) / sizeof(known[0]));
	for (size_t i = 0; i < count; i++)
		known[all++] = keys[i].name;
	unknown_key(reading, key, known, all, "a step");
}

static void read_key(struct reading *reading, const struct fault_key *key,
    const struct yaml_node *value, struct step *step)
{
	struct err err;

	if (strcmp(key->name, "from") == 0)
		step->from_place = here(reading, value);
	if (strcmp(key->name, "machine") == 0)
		step->machine_place = here(reading, value);
	if (!fault_key_take(&step->keys, key, value->text, &err))
		mistake_add(
		    reading->mistakes, here(reading, value), "%s", err.text);
}

static void read_option(
    struct reading *reading, const struct yaml_pair *pair, struct step *step)
{
	const char *name = pair->key->text;
	const struct fault_key *key = fault_key_find(name, NULL);
	bool on = strcmp(name, "on") == 0, until = strcmp(name, "until") == 0;

	if (strcmp(name, "expect") == 0) {
		read_expect(reading, pair->value, step);
		return;
	}
	if (!key && !on && !until) {
		note_option(reading, pair->key);
		return;
	}
	if (!text_of(reading, pair->value, name))
		return;
	if (!step->fault_place.line)
		step->fault_place = here(reading, pair->key);
	if (on) {
		free(step->on);
		step->on = xstrdup(pair->value->text);
		step->on_place = here(reading, pair->value);
	} else if (until) {
		read_until(reading, pair->value, step);
	} else {
		read_key(reading, key, pair->value, step);
	}
}

static bool is_time(const char *key)
{
	return strncmp(key, "at ", 3) == 0 || strncmp(key, "after ", 6) == 0 ||
	       strncmp(key, "when ", 5) == 0;
}

/* "at 0m:operator ...", "0m: operator ..." */
static void note_no_time(struct reading *reading, const struct yaml_node *item)
{
	long long time;

	if (item->kind == YAML_TEXT && is_time(item->text) &&
	    strchr(item->text, ':')) {
		mistake_add(reading->mistakes, here(reading, item),
		    "a blank is missing after the colon");
		return;
	}
	for (size_t i = 0; item->kind == YAML_MAP && i < item->count; i++)
		if (duration_parse(item->pairs[i].key->text, &time)) {
			mistake_add(reading->mistakes,
			    here(reading, item->pairs[i].key),
			    "a step begins with at or after and a duration: "
			    "\"at %s\"",
			    item->pairs[i].key->text);
			return;
		}
	mistake_add(reading->mistakes, here(reading, item),
	    "a step begins with its time: at 1h, after 5m, or when and a "
	    "claim");
}

static bool has_time(const struct yaml_node *item)
{
	for (size_t i = 0; i < item->count; i++)
		if (is_time(item->pairs[i].key->text))
			return true;
	return false;
}

static bool is_duration(const char *text)
{
	long long time;

	return duration_parse(text, &time);
}

static void read_step(struct reading *reading, const struct yaml_node *item)
{
	struct scenario *s = reading->scenario;
	struct step step = { 0 };
	bool timed = false;

	fault_keys_init(&step.keys);
	for (size_t i = 0; item->kind == YAML_MAP && i < item->count; i++) {
		const struct yaml_pair *pair = &item->pairs[i];

		if (is_duration(pair->key->text) && !has_time(item))
			continue; /* note_no_time speaks of it */
		if (!is_time(pair->key->text)) {
			read_option(reading, pair, &step);
			continue;
		}
		if (timed) {
			mistake_add(reading->mistakes, here(reading, pair->key),
			    "a step has one time; begin another one with a "
			    "dash");
			continue;
		}
		timed = true;
		step.place = here(reading, pair->key);
		read_time(reading, pair->key, &step);
		if (!text_of(reading, pair->value, "what happens"))
			continue;
		free(step.text);
		step.text = xstrdup(pair->value->text);
		step.text_place = here(reading, pair->value);
	}
	if (!timed) {
		note_no_time(reading, item);
		step_free(&step);
		return;
	}
	s->steps = xrealloc(s->steps, (s->step_count + 1) * sizeof(step));
	s->steps[s->step_count++] = step;
}

static void read_timeline(struct reading *reading, const struct yaml_node *list)
{
	if (list->kind != YAML_LIST) {
		mistake_add(reading->mistakes, here(reading, list),
		    "timeline is a list of steps; each begins with a dash, as "
		    "in \"- at 0m: operator creates cluster/web\"");
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		read_step(reading, list->items[i]);
}

/* ---- the rest ---- */

static void read_end(struct reading *reading, const struct yaml_node *node)
{
	static const char words[] = "when quiet, at most ";
	long long time;

	reading->scenario->end_place = here(reading, node);
	if (!text_of(reading, node, "end"))
		return;
	if (strncmp(node->text, words, sizeof(words) - 1) != 0 ||
	    !duration_parse(node->text + sizeof(words) - 1, &time) ||
	    time == 0) {
		mistake_add(reading->mistakes, here(reading, node),
		    "end reads \"when quiet, at most 3h\", not \"%s\"",
		    node->text);
		return;
	}
	reading->scenario->at_most_for = time;
}

static void read_waives(struct reading *reading, const struct yaml_node *map)
{
	struct scenario *s = reading->scenario;

	if (map->kind != YAML_MAP) {
		mistake_add(reading->mistakes, here(reading, map),
		    "waives is a map: the law's sentence, and why");
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		struct waiver *w;

		if (!text_of(reading, map->pairs[i].value, "why"))
			continue;
		s->waivers = xrealloc(
		    s->waivers, (s->waiver_count + 1) * sizeof(*s->waivers));
		w = &s->waivers[s->waiver_count++];
		*w = (struct waiver){
			.why = xstrdup(map->pairs[i].value->text),
			.place = here(reading, map->pairs[i].key),
		};
	}
}

static void read_title(struct reading *reading, const struct yaml_node *node)
{
	if (text_of(reading, node, "scenario"))
		reading->scenario->title = xstrdup(node->text);
}

static void read_why(struct reading *reading, const struct yaml_node *node)
{
	size_t len;

	if (!text_of(reading, node, "why"))
		return;
	len = strlen(node->text);
	while (len && node->text[len - 1] == '\n')
		len--;
	reading->scenario->why = xstrndup(node->text, len);
}

static void read_always(struct reading *r, const struct yaml_node *node)
{
	read_standing(r, node, CLAIM_ALWAYS);
}

static void read_never(struct reading *r, const struct yaml_node *node)
{
	read_standing(r, node, CLAIM_NEVER);
}

static void read_reached(struct reading *r, const struct yaml_node *node)
{
	read_standing(r, node, CLAIM_REACHED);
}

static void read_finally(struct reading *r, const struct yaml_node *node)
{
	read_standing(r, node, CLAIM_FINALLY);
}

static const struct part {
	const char *key;
	void (*read)(struct reading *reading, const struct yaml_node *node);
	bool required;
} parts[] = {
	{ "scenario", read_title, true },
	{ "why", read_why, true },
	{ "world", read_world, true },
	{ "timeline", read_timeline, true },
	{ "always", read_always, false },
	{ "never", read_never, false },
	{ "reached", read_reached, false },
	{ "waives", read_waives, false },
	{ "end", read_end, true },
	{ "finally", read_finally, false },
};
#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static void read_part(struct reading *reading, const struct yaml_pair *pair)
{
	const char *known[PART_COUNT];

	for (size_t i = 0; i < PART_COUNT; i++) {
		known[i] = parts[i].key;
		if (strcmp(parts[i].key, pair->key->text) != 0)
			continue;
		parts[i].read(reading, pair->value);
		return;
	}
	unknown_key(reading, pair->key, known, PART_COUNT, "a scenario");
}

void scenario_read(struct reading *reading)
{
	const struct yaml_node *document = reading->scenario->document;

	if (document->kind != YAML_MAP) {
		mistake_add(reading->mistakes, here(reading, document),
		    "a scenario is a map that begins with \"scenario:\"");
		return;
	}
	for (size_t i = 0; i < document->count; i++)
		read_part(reading, &document->pairs[i]);
	for (size_t i = 0; i < PART_COUNT; i++)
		if (parts[i].required && !yaml_get(document, parts[i].key))
			mistake_add(reading->mistakes, here(reading, document),
			    "a scenario needs \"%s:\"", parts[i].key);
}
