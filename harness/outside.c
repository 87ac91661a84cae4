/* What happens around a MAAS: the words of a scenario become a step of its
 * control, as sim/maas/control.tbl says. */
#include "harness/acts.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "harness/kinds.h"
#include "harness/verbs.h"

struct filling { /* how many of its words have found their places */
	struct world *world;
	const struct verb_words *words;
	size_t numbers, texts;
};

static const struct thing *thing_of(
    const struct verb_words *words, const char *kind)
{
	for (size_t i = 0; i < words->thing_count; i++)
		if (strcmp(words->things[i]->kind->name, kind) == 0)
			return words->things[i];
	unreachable("a step of a MAAS without what it is about");
}

/* New; NULL: the value is no place, and stays. */
static json_t *value_of(struct filling *filling, const char *place)
{
	const struct verb_words *words = filling->words;

	if (verb_place_is_number(place)) {
		check(filling->numbers < words->number_count);
		return json_integer(words->numbers[filling->numbers++]);
	}
	if (verb_place_is_word(place)) {
		check(filling->texts < words->word_count);
		return json_string(words->words[filling->texts++]);
	}
	if (strcmp(place, "pcg/*") == 0)
		return json_string(
		    world_gate(filling->world, thing_of(words, "pcg"))
		        ->palette_name);
	return NULL;
}

/* Values in the order of the step are words in the order of the pattern. */
static void fill(struct filling *filling, json_t *step)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(step, key, value)
	{
		json_t *filled = json_is_string(value)
		                     ? value_of(
		                           filling, json_string_value(value))
		                     : NULL;

		if (filled)
			json_object_set_new(step, key, filled);
		else if (json_is_array(value))
			fill(filling, value);
	}
	json_array_foreach(step, i, value)
	{
		json_t *filled = value_of(filling, json_string_value(value));

		if (filled)
			json_array_set_new(step, i, filled);
	}
}

/* New: the step of a verb with `outside`, its places filled in. */
static json_t *step_of(struct world *world, const struct step *step)
{
	struct filling filling = { .world = world, .words = &step->words };
	json_t *json = json_loads(step->verb->outside, 0, NULL);

	check(json);
	fill(&filling, json);
	return json;
}

/* What its MAAS accepts of a gateway may be another key from now on. */
static void look_at_keys(struct world *world, const struct lab *lab)
{
	for (size_t i = 0; i < world->gate_count; i++) {
		struct gate *gate = &world->gates[i];
		const char *key;

		if (gate->lab != lab)
			continue;
		key = maas_user_key(lab->maas, gate->palette_name, true);
		if (strcmp(key,
		        gate->new_key ? gate->new_key : gate->maas_key) == 0)
			continue;
		free(gate->new_key);
		gate->new_key = xstrdup(key);
	}
}

bool enact_outside(
    struct world *world, const struct step *step, struct err *err)
{
	struct lab *lab = world_lab(world, thing_of(&step->words, "maas"));
	json_t *json = step_of(world, step);
	json_t *answer = NULL;
	bool fine = maas_control(lab->maas, json, &answer, err);

	if (fine && *jstr(answer, "note"))
		fine = err_set(err, ERR_INPUT,
		    "nothing has changed by that: %s", jstr(answer, "note"));
	json_decref(json);
	json_decref(answer);
	look_at_keys(world, lab);
	return fine;
}
