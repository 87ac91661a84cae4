#include "harness/serve/fault_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/yaml.h"
#include "harness/verbs.h"

/* ---- a line and where we are in it ---- */

struct line {
	const char *text;
	const char *at;
};

static bool wrong(const struct line *line, const char *at, struct err *err)
{
	return err_prefix(err, "column %d: ", (int)(at - line->text) + 1);
}

#define WRONG(line, at, err, ...) \
	(err_set((err), ERR_INPUT, __VA_ARGS__), wrong((line), (at), (err)))

static void skip_blanks(struct line *line)
{
	line->at += strspn(line->at, " \t");
}

/* Up to `end`, without the blanks around it. */
static char *piece(const char *from, const char *end)
{
	while (from < end && strchr(" \t", *from))
		from++;
	while (end > from && strchr(" \t", end[-1]))
		end--;
	return xstrndup(from, (size_t)(end - from));
}

/* ---- what it is on ---- */

static bool read_on(struct fault_rule *rule, struct line *line,
    const struct fault_words *known, struct err *err)
{
	const char *end = strstr(line->at, ": "), *at;
	size_t offset;

	skip_blanks(line);
	at = line->at;
	if (!end || end <= at)
		return WRONG(line, line->at, err,
		    "a rule reads OPERATION: WHAT HAPPENS, as in \"allocate: "
		    "answers 409\"");
	rule->on = piece(at, end);
	line->at = end + 2;
	if (strcmp(rule->on, "*") != 0)
		return fault_on_ok(rule->on, known, &offset, err) ||
		       wrong(line, at + offset, err);
	free(rule->on);
	rule->on = NULL;
	return true;
}

/* ---- what happens ---- */

static bool read_what(
    struct fault_rule *rule, struct line *line, struct err *err)
{
	const struct verb *verb;
	const char *near, *at;
	char *what;
	bool well;

	skip_blanks(line);
	at = line->at;
	line->at += strcspn(line->at, ",");
	what = piece(at, line->at);
	verb = verb_of_fault(what, &rule->words, &near);
	well = verb != NULL;
	if (verb)
		rule->kind = fault_kind_of(verb);
	else
		WRONG(line, at, err,
		    "nothing that can go wrong reads \"%s\"%s%s%s", what,
		    near ? "; did you mean \"" : " (see pcgsim faults)",
		    near ? near : "", near ? "\"?" : "");
	free(what);
	return well;
}

/* ---- keys ---- */

static const struct fault_key *find_key(
    const struct line *line, const char *at, size_t len, struct err *err)
{
	char *word = xstrndup(at, len);
	const char *near;
	const struct fault_key *found = fault_key_find(word, &near);

	if (!found)
		WRONG(line, at, err, "a rule has no key \"%s\"%s%s%s", word,
		    near ? "; did you mean " : "", near ? near : "",
		    near ? "?" : "");
	free(word);
	return found;
}

/* "nth 2", or as a step has it: "nth: 2". A body is all the rest. */
static bool read_key(
    struct fault_rule *rule, struct line *line, struct err *err)
{
	const struct fault_key *key;
	const char *at;
	char *value;
	size_t len;
	bool well;

	skip_blanks(line);
	len = strcspn(line->at, " \t:,");
	key = find_key(line, line->at, len, err);
	if (!key)
		return false;
	line->at += len;
	line->at += *line->at == ':';
	skip_blanks(line);
	at = line->at;
	line->at += fault_key_is_last(key) ? strlen(at) : strcspn(at, ",");
	value = piece(at, line->at);
	well = fault_key_take(&rule->keys, key, value, err) ||
	       wrong(line, at, err);
	free(value);
	return well;
}

/* ---- the whole ---- */

bool fault_rule_parse(struct fault_rule *rule, const char *text,
    const struct fault_words *known, struct err *err)
{
	struct line line = { text, text };
	bool well;

	*rule = (struct fault_rule){ .text = xstrdup(text) };
	fault_keys_init(&rule->keys);
	well = read_on(rule, &line, known, err) && read_what(rule, &line, err);
	while (well && *line.at == ',') {
		line.at++;
		well = read_key(rule, &line, err);
	}
	well = well &&
	       (fault_keys_agree(&rule->keys,
	            fault_has_status(rule->kind, &rule->words), known, err) ||
	           wrong(&line, line.text, err));
	if (!well)
		fault_rule_free(rule);
	return well;
}

void fault_rule_help(FILE *out)
{
	size_t count;
	const struct verb *verbs = verb_table(&count);
	const struct fault_key *keys;

	fputs(
	    "\nA RULE is one line, ON: WHAT, KEY VALUE, ...\n\n"
	    "  allocate: answers 409 with Retry-After 5s, nth 2\n"
	    "  deploy: loses its answer, machine web-0, times 1\n"
	    "  *: breaks the connection, chance 5%\n\n"
	    "ON is an operation, a method and a path, or *. WHAT is one of\n\n",
	    out);
	for (size_t i = 0; i < count; i++)
		if (verbs[i].is_fault)
			fprintf(
			    out, "  %s\n", strchr(verbs[i].pattern, ' ') + 1);
	fputs("\nand the keys are\n\n", out);
	keys = fault_key_table(&count);
	for (size_t i = 0; i < count; i++) {
		char left[32];

		snprintf(left, sizeof(left), "%s %s", keys[i].name,
		    keys[i].argument);
		fprintf(out, "  %-20s %s\n", left, keys[i].help);
	}
	fputs("\nA body is all the rest of the line. WHO is an address. "
	      "Durations are those of\nthe served world (--speed), since its "
	      "start.\n",
	    out);
}

void fault_rule_free(struct fault_rule *rule)
{
	fault_keys_free(&rule->keys);
	free(rule->text);
	free(rule->on);
	*rule = (struct fault_rule){ 0 };
}

/* ---- at work ---- */

bool fault_rule_counts(struct fault_rule *rule, const struct wire_sight *sight,
    struct choices *choices, usec now_at)
{
	bool late = rule->keys.lasts_for && now_at >= rule->keys.lasts_for;

	if (late) {
		rule->tally.fitted++;
		return false;
	}
	return fault_keys_count(
	    &rule->keys, &rule->tally, sight, choices, rule->text);
}

void fault_rule_strike(struct fault_rule *rule, const struct wire_sight *sight,
    struct wire_doom *doom)
{
	rule->tally.met++;
	fault_doom(rule->kind, &rule->words, sight, doom);
	fault_keys_adorn(&rule->keys, doom);
}
