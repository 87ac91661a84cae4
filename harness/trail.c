#include "harness/trail.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"

/* One line of the trail to be. */
struct step {
	json_t *event, *before; /* before: the state that it replaced, if any */
	char *same;             /* the exchanges that this line stands for */
	uint64_t again;         /* how often that had been before */
	usec first_at;
};

struct trail {
	struct step *steps; /* the latest first */
	size_t count, max;
};

/* ---- which lines ---- */

static bool goes_on(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool has_word(const char *line, size_t len, const char *word)
{
	size_t word_len = strlen(word);
	const char *at = line, *end = line + len;

	while ((at = memmem(at, (size_t)(end - at), word, word_len))) {
		const char *after = at + word_len;

		if ((at == line || !goes_on(at[-1])) &&
		    (after == end || !goes_on(*after)))
			return true;
		at++;
	}
	return false;
}

static bool speaks_of(
    const char *line, size_t len, const char *const *words, size_t word_count)
{
	for (size_t i = 0; i < word_count; i++)
		if (*words[i] && has_word(line, len, words[i]))
			return true;
	return false;
}

static bool is_dull(const char *line, size_t len)
{
	static const char *const dull[] = { "\"kind\":\"choice\"",
		"\"op\":\"poll\"", "\"kind\":\"flow\"", "watch=true",
		"\"kind\":\"message\"" };

	for (size_t i = 0; i < sizeof(dull) / sizeof(dull[0]); i++)
		if (memmem(line, len, dull[i], strlen(dull[i])))
			return true;
	return false;
}

static const char *line_before(const char *text, const char *end)
{
	const char *at = end;

	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

/* ---- what a line says ---- */

static bool is_state(const json_t *event)
{
	return strcmp(jstr(event, "kind"), "state") == 0;
}

static bool is_exchange(const json_t *event)
{
	return strcmp(jstr(event, "kind"), "exchange") == 0;
}

static bool is_frame(const char *key)
{
	static const char *const frame[] = { "at", "seq", "kind", "actor",
		"about" };

	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++)
		if (strcmp(key, frame[i]) == 0)
			return true;
	return false;
}

static bool is_nothing(const json_t *value)
{
	return !value || (json_is_string(value) && !*json_string_value(value));
}

static void add_value(struct buf *out, const json_t *value)
{
	if (is_nothing(value))
		buf_adds(out, "nothing");
	else if (json_is_string(value))
		buf_adds(out, json_string_value(value));
	else
		buf_addf(out, "%lld", (long long)json_integer_value(value));
}

static void say_fields(
    struct buf *out, const json_t *event, const json_t *before)
{
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)event, key, value)
	{
		const json_t *was = json_object_get(before, key);

		if (is_frame(key) || (before && json_equal(value, was)) ||
		    (is_nothing(value) && is_nothing(was)))
			continue;
		buf_addf(out, "%s%s ", comma, key);
		if (before) {
			add_value(out, was);
			buf_adds(out, " -> ");
		}
		add_value(out, value);
		comma = ", ";
	}
}

static void say_exchange(struct buf *out, const json_t *event)
{
	buf_addf(out, "%-17s -> %-11s %-4s %s  ", jstr(event, "actor"),
	    jstr(event, "about"), jstr(event, "method"), jstr(event, "target"));
	if (jint(event, "status"))
		buf_addf(out, "%lld", (long long)jint(event, "status"));
	else
		buf_adds(out, jstr(event, "error"));
}

/* In the author's words. */
static void say_step(struct buf *out, const json_t *event)
{
	buf_addf(out, "step: %s, line %lld", jstr(event, "text"),
	    (long long)jint(event, "line"));
}

/* "gone", "note: there is no system on its disk", "state Running -> Error" */
static void say_thing(
    struct buf *out, const json_t *event, const json_t *before)
{
	struct buf fields = BUF_INIT;

	say_fields(&fields, event, before);
	if (!is_state(event))
		buf_addf(
		    out, "%s%s", jstr(event, "kind"), fields.len ? ": " : "");
	buf_adds(out, buf_text(&fields));
	buf_free(&fields);
}

/* A state that was told again as it had been. */
static bool says_nothing(const struct step *step)
{
	struct buf fields = BUF_INIT;
	bool nothing;

	if (!is_state(step->event))
		return false;
	say_fields(&fields, step->event, step->before);
	nothing = fields.len == 0;
	buf_free(&fields);
	return nothing;
}

static char *sentence_of(const struct step *step)
{
	const json_t *event = step->event;
	struct buf out = BUF_INIT;
	char time[32];

	clock_text(jint(event, "at"), time);
	buf_addf(&out, "%-13s", time);
	if (is_exchange(event)) {
		say_exchange(&out, event);
	} else {
		buf_addf(&out, "%-17s    %s  ", jstr(event, "actor"),
		    jstr(event, "about"));
		if (strcmp(jstr(event, "kind"), "step") == 0)
			say_step(&out, event);
		else
			say_thing(&out, event, step->before);
	}
	if (step->again) {
		clock_text(step->first_at, time);
		buf_addf(&out, "  (and %llu time%s before, since %s)",
		    (unsigned long long)step->again,
		    step->again == 1 ? "" : "s", time);
	}
	return buf_detach(&out);
}

/* ---- gathering, from the end ---- */

/* Exchanges are the same if all but time and identifiers of the exchange
 * itself agree. */
static char *sameness_of(const json_t *event)
{
	if (!is_exchange(event))
		return NULL;
	return xasprintf("%s %s %s %s %lld %s", jstr(event, "actor"),
	    jstr(event, "about"), jstr(event, "method"), jstr(event, "target"),
	    (long long)jint(event, "status"), jstr(event, "error"));
}

/* An earlier event may only add to what a later line says. */
static bool belongs_to_a_step(
    struct trail *trail, json_t *event, const char *same)
{
	for (size_t i = 0; i < trail->count; i++) {
		struct step *step = &trail->steps[i];

		if (same && step->same && strcmp(same, step->same) == 0) {
			step->again++;
			step->first_at = jint(event, "at");
			return true;
		}
		if (is_state(event) && is_state(step->event) && !step->before &&
		    strcmp(jstr(event, "about"), jstr(step->event, "about")) ==
		        0)
			step->before = json_incref(event);
	}
	return false;
}

static void take(struct trail *trail, json_t *event)
{
	char *same = sameness_of(event);

	if (!belongs_to_a_step(trail, event, same) &&
	    trail->count < trail->max) {
		trail->steps[trail->count++] =
		    (struct step){ .event = json_incref(event), .same = same };
		same = NULL;
	}
	free(same);
}

static json_t *tell(struct trail *trail)
{
	json_t *list = json_array();

	while (trail->count > 0) {
		struct step *step = &trail->steps[--trail->count];
		char *sentence = says_nothing(step) ? NULL : sentence_of(step);

		if (sentence)
			json_array_append_new(list, json_string(sentence));
		free(sentence);
		free(step->same);
		json_decref(step->event);
		json_decref(step->before);
	}
	free(trail->steps);
	return list;
}

json_t *trail_of_record(const struct record *record, const char *const *words,
    size_t word_count, size_t max, usec until_at)
{
	struct trail trail = { .max = max };
	size_t text_len;
	const char *text = record_text(record, &text_len);
	const char *end = text + text_len;

	trail.steps = xcalloc(max, sizeof(*trail.steps));
	while (end > text) {
		const char *line = line_before(text, end - 1);
		size_t len = (size_t)(end - line);
		struct err err;
		json_t *event;

		end = line;
		if (!speaks_of(line, len, words, word_count) ||
		    is_dull(line, len))
			continue;
		event = json_parse(line, len, &err);
		if (event && jint(event, "at") <= until_at)
			take(&trail, event);
		json_decref(event);
	}
	return tell(&trail);
}
