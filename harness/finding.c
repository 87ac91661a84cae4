#include "harness/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "harness/kinds.h"
#include "harness/trail.h"

#define ODD_MAX   4
#define TRAIL_MAX 12

static json_t *finding(
    struct place place, const char *claim, json_t *sentences, json_t *trail)
{
	char where[300];

	if (place.line)
		snprintf(where, sizeof(where), "%s:%u", place.file, place.line);
	else /* the run as a whole */
		snprintf(where, sizeof(where), "%s", place.file);
	return json_pack("{s:s,s:s,s:o,s:o}", "place", where, "claim", claim,
	    "sentences", sentences, "trail", trail);
}

static void add(json_t *list, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void add(json_t *list, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	json_array_append_new(list, json_string(buf_text(&text)));
	buf_free(&text);
}

/* ---- what the value was ---- */

static const char *quoted(const struct value *was, char *room, size_t size)
{
	if (was->is_number || *was->text)
		snprintf(room, size, "%s", was->text);
	else
		snprintf(room, size, "nothing (\"\")");
	return room;
}

static void say_value(const struct claim *claim, json_t *sentences)
{
	char since[32], until[32], was[220];

	clock_text(claim->was_since_at, since);
	quoted(&claim->was, was, sizeof(was));
	switch (claim->about->modality) {
	case CLAIM_WITHIN:
	case CLAIM_WITHIN_FOR:
		clock_text(claim->until_at, until);
		if (claim->was_since_at > claim->until_at) {
			add(sentences,
			    "%s.%s came true, but was %s again at %s, after "
			    "the deadline at %s",
			    claim->culprit->thing->full,
			    claim->culprit->path->word, was, since, until);
			return;
		}
		add(sentences, "%s.%s was %s, from %s until the deadline at %s",
		    claim->culprit->thing->full, claim->culprit->path->word,
		    was, since, until);
		return;
	case CLAIM_FOR:
	case CLAIM_ALWAYS:
	case CLAIM_NEVER:
		add(sentences, "%s.%s was %s at %s",
		    claim->culprit->thing->full, claim->culprit->path->word,
		    was, since);
		return;
	case CLAIM_REACHED:
	case CLAIM_FINALLY:
		clock_text(claim->settled_at, until);
		add(sentences, "%s.%s was %s when the run was over at %s",
		    claim->culprit->thing->full, claim->culprit->path->word,
		    was, until);
		return;
	}
	unreachable("not a modality");
}

/* ---- which things are the odd ones ---- */

struct odd {
	const struct term *term;
	bool counted; /* those that were counted; else those that were not */
	const struct view_thing *things[ODD_MAX];
	size_t count, all;
};

static bool note_odd(void *ctx, const struct view_thing *thing)
{
	struct odd *odd = ctx;

	if (odd->term->path->counts(odd->term, thing) != odd->counted)
		return true;
	odd->all++;
	if (odd->count < ODD_MAX)
		odd->things[odd->count++] = thing;
	return true;
}

/* Too few: who is missing. Too many: who they are. */
static bool too_many(const struct claim *claim)
{
	const struct term *term = claim->culprit;
	bool more = claim->was.number > term->number;

	if (claim->about->modality == CLAIM_NEVER)
		return term->compare == MORE || term->compare == AT_LEAST ||
		       term->compare == IS;
	return term->compare == LESS || term->compare == AT_MOST ||
	       (term->compare == IS && more);
}

/* "machine/kx4t2m": what stands behind the last but one slash. */
static const char *short_name(const char *name)
{
	const char *at = name + strlen(name);
	int slashes = 0;

	while (at > name) {
		if (at[-1] == '/' && ++slashes == 2)
			break;
		at--;
	}
	return at;
}

static void say_odd(const struct odd *odd, json_t *sentences)
{
	struct buf text = BUF_INIT;

	buf_adds(&text, odd->counted ? "they are: " : "not among them: ");
	for (size_t i = 0; i < odd->count; i++) {
		const struct view_thing *t = odd->things[i];
		char since[32];

		clock_text(t->since_at, since);
		buf_addf(&text, "%s%s", i ? "; " : "", short_name(t->name));
		for (size_t k = 0; k < t->attribute_count; k++) {
			const struct view_attribute *a = &t->attributes[k];

			if (k == 0)
				buf_addf(
				    &text, ", %s since %s", a->text, since);
			else if (*a->text)
				buf_addf(&text, ", %s %s", a->key, a->text);
		}
	}
	if (odd->all > odd->count)
		buf_addf(&text, "; and %zu more", odd->all - odd->count);
	json_array_append_new(sentences, json_string(buf_text(&text)));
	buf_free(&text);
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static json_t *trail_of(const struct claim *claim, const struct odd *odd,
    const struct record *record)
{
	const char *words[ODD_MAX + 1];
	size_t count = 0;

	for (size_t i = 0; odd && i < odd->count; i++)
		words[count++] = last_part(odd->things[i]->name);
	if (count == 0)
		words[count++] = claim->culprit->thing->full;
	return trail_of_record(
	    record, words, count, TRAIL_MAX, claim->settled_at);
}

json_t *finding_of_claim(const struct claim *claim, const struct record *record)
{
	json_t *sentences = json_array(), *trail;
	const struct term *term = claim->culprit;
	struct odd odd = { .term = term };
	bool has_odd = false;

	check(claim->verdict == CLAIM_BROKEN);
	check(term);
	say_value(claim, sentences);
	if (term->path->counts) {
		struct buf prefix = BUF_INIT;

		odd.counted = too_many(claim);
		term->path->topic(term, &prefix);
		view_each(claim->view, buf_text(&prefix), note_odd, &odd);
		buf_free(&prefix);
		has_odd = odd.count > 0;
	}
	if (has_odd)
		say_odd(&odd, sentences);
	trail = trail_of(claim, has_odd ? &odd : NULL, record);
	return finding(
	    claim->about->place, claim->about->text, sentences, trail);
}

json_t *finding_of_law(
    const char *file, const struct breach *breach, const struct record *record)
{
	const char *words[1] = { last_part(breach->about) };
	json_t *sentences = json_array();
	char claim[300], time[32];

	clock_text(breach->at, time);
	snprintf(claim, sizeof(claim), "law: %s", breach->law->sentence);
	add(sentences, "at %s: %s", time, breach->sentence);
	return finding((struct place){ file, 0, 0 }, claim, sentences,
	    trail_of_record(record, words, 1, TRAIL_MAX, breach->at));
}

json_t *finding_of_plot(
    struct place place, const char *claim, const char *sentence)
{
	json_t *sentences = json_array();

	json_array_append_new(sentences, json_string(sentence));
	return finding(place, claim, sentences, json_array());
}
