#include "harness/serve/fault_rule.h"

#include <stddef.h>
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

static bool method_fits(const char *on)
{
	static const char *const METHODS[] = { "GET", "HEAD", "POST", "PUT",
		"PATCH", "DELETE" };
	size_t len = strcspn(on, " ");

	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
		if (strlen(METHODS[i]) == len &&
		    strncmp(on, METHODS[i], len) == 0)
			return true;
	return false;
}

static bool operation_known(const char *on, const struct fault_words *known)
{
	for (size_t i = 0; i < known->count; i++)
		if (view_glob(on, known->operations[i]))
			return true;
	return known->count == 0;
}

static bool check_on(const struct line *line, const char *on, const char *at,
    const struct fault_words *known, struct err *err)
{
	const char *near;

	if (strchr(on, ' ')) {
		const char *path = on + strcspn(on, " ") + 1;

		if (!method_fits(on))
			return WRONG(line, at, err,
			    "\"%s\" is neither an operation nor a method and "
			    "a path",
			    on);
		return *path == '/' || *path == '*' ||
		       WRONG(line, at + (path - on), err,
		           "a path begins with a slash, not \"%s\"", path);
	}
	if (operation_known(on, known))
		return true;
	near = nearest_name(on, known->operations, known->count);
	return WRONG(line, at, err, "a %s has no operation %s%s%s%s",
	    known->server, on, near ? "; did you mean " : "", near ? near : "",
	    near ? "?" : "");
}

static bool read_on(struct fault_rule *rule, struct line *line,
    const struct fault_words *known, struct err *err)
{
	const char *end = strstr(line->at, ": "), *at;

	skip_blanks(line);
	at = line->at;
	if (!end || end <= at)
		return WRONG(line, line->at, err,
		    "a rule reads OPERATION: WHAT HAPPENS, as in \"allocate: "
		    "answers 409\"");
	rule->on = piece(at, end);
	line->at = end + 2;
	if (strcmp(rule->on, "*") != 0)
		return check_on(line, rule->on, at, known, err);
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

enum key_kind {
	KEY_COUNT,
	KEY_DURATION,
	KEY_CHANCE,
	KEY_TEXT,
	KEY_BODY,
	KEY_HEADER
};
static const struct key {
	const char *name, *argument, *help;
	enum key_kind kind;
	size_t offset; /* in the rule */
} keys[] = {
	{ "nth", "N", "the n-th request that fits, and no other", KEY_COUNT,
	    offsetof(struct fault_rule, nth) },
	{ "every", "N", "each n-th of them", KEY_COUNT,
	    offsetof(struct fault_rule, every) },
	{ "from", "N", "from the n-th on", KEY_COUNT,
	    offsetof(struct fault_rule, from) },
	{ "times", "N", "no more often than that", KEY_COUNT,
	    offsetof(struct fault_rule, times) },
	{ "for", "DURATION", "no longer than that after the start",
	    KEY_DURATION, offsetof(struct fault_rule, lasts_for) },
	{ "chance", "P%", "the seed decides, each time", KEY_CHANCE,
	    offsetof(struct fault_rule, chance) },
	{ "machine", "NAME", "only what is about it: system_id or hostname",
	    KEY_TEXT, offsetof(struct fault_rule, machine) },
	{ "header", "NAME: VALUE", "of the answer, with a status", KEY_HEADER,
	    0 },
	{ "body", "TEXT", "of the answer, with a status; the rest of the line",
	    KEY_BODY, 0 },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static bool read_count(const char *text, long long *count)
{
	char *end;

	*count = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *count >= 1;
}

static bool read_chance(const char *text, double *chance)
{
	char *end;

	*chance = strtod(text, &end);
	if (*end == '%' && !end[1])
		*chance /= 100;
	else if (*end)
		return false;
	return end != text && *chance >= 0 && *chance <= 1;
}

static bool take_header(struct fault_rule *rule, const char *text)
{
	const char *colon = strchr(text, ':');
	char *name, *value;

	if (!colon || colon == text ||
	    strcspn(text, " \t") < (size_t)(colon - text))
		return false;
	name = piece(text, colon);
	value = piece(colon + 1, text + strlen(text));
	http_header_add(&rule->headers, name, value);
	free(name);
	free(value);
	return true;
}

static bool take_value(
    struct fault_rule *rule, const struct key *key, const char *text)
{
	void *place = (char *)rule + key->offset;

	switch (key->kind) {
	case KEY_COUNT:
		return read_count(text, place);
	case KEY_DURATION:
		return duration_parse(text, place) && *(usec *)place > 0;
	case KEY_CHANCE:
		return read_chance(text, place);
	case KEY_TEXT:
		free(*(char **)place);
		*(char **)place = xstrdup(text);
		return *text != '\0';
	case KEY_BODY:
		free(rule->body);
		rule->body = xstrdup(text);
		return true;
	case KEY_HEADER:
		return take_header(rule, text);
	}
	unreachable("a key of no kind");
}

static const char *wanted(const struct key *key)
{
	switch (key->kind) {
	case KEY_COUNT:
		return "a number from 1";
	case KEY_DURATION:
		return "a duration such as 90s or 10m";
	case KEY_CHANCE:
		return "a chance between 0 and 1, or a percentage";
	case KEY_TEXT:
		return "a system_id or a hostname";
	case KEY_BODY:
		return "a text";
	case KEY_HEADER:
		return "a header, NAME: VALUE";
	}
	unreachable("a key of no kind");
}

static const struct key *find_key(
    const struct line *line, const char *at, size_t len, struct err *err)
{
	const char *names[KEYS], *near;
	char *word = xstrndup(at, len);
	const struct key *found = NULL;

	for (size_t i = 0; i < KEYS; i++) {
		names[i] = keys[i].name;
		if (strcmp(names[i], word) == 0)
			found = &keys[i];
	}
	near = found ? NULL : nearest_name(word, names, KEYS);
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
	const struct key *key;
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
	line->at += key->kind == KEY_BODY ? strlen(at) : strcspn(at, ",");
	value = piece(at, line->at);
	well = take_value(rule, key, value) ||
	       WRONG(line, at, err, "%s wants %s, not \"%s\"", key->name,
	           wanted(key), value);
	free(value);
	return well;
}

/* ---- the whole ---- */

static bool makes_sense(const struct fault_rule *rule, const struct line *line,
    const struct fault_words *known, struct err *err)
{
	bool answers = rule->kind->fate == FATE_ANSWER &&
	               rule->words.number_count;

	if ((rule->body || rule->headers.count) && !answers)
		return WRONG(line, line->text, err,
		    "body and header go with \"answers STATUS\" and \"obeys "
		    "but answers STATUS\" only");
	if (rule->nth && (rule->every || rule->from || rule->times))
		return WRONG(line, line->text, err,
		    "nth is one exchange: it goes without every, from and "
		    "times");
	if (rule->machine && !known->machines)
		return WRONG(line, line->text, err,
		    "a %s has no machines: the key machine is for a maas",
		    known->server);
	return true;
}

bool fault_rule_parse(struct fault_rule *rule, const char *text,
    const struct fault_words *known, struct err *err)
{
	struct line line = { text, text };
	bool well;

	*rule = (struct fault_rule){ .text = xstrdup(text), .chance = 1 };
	well = read_on(rule, &line, known, err) && read_what(rule, &line, err);
	while (well && *line.at == ',') {
		line.at++;
		well = read_key(rule, &line, err);
	}
	well = well && makes_sense(rule, &line, known, err);
	if (!well)
		fault_rule_free(rule);
	return well;
}

void fault_rule_help(FILE *out)
{
	size_t count;
	const struct verb *verbs = verb_table(&count);

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
	for (size_t i = 0; i < KEYS; i++) {
		char left[32];

		snprintf(left, sizeof(left), "%s %s", keys[i].name,
		    keys[i].argument);
		fprintf(out, "  %-20s %s\n", left, keys[i].help);
	}
	fputs("\nDurations are those of the served world (--speed).\n", out);
}

void fault_rule_free(struct fault_rule *rule)
{
	struct http_response holder = { .headers = rule->headers };

	http_response_free(&holder);
	free(rule->text);
	free(rule->on);
	free(rule->machine);
	free(rule->body);
	*rule = (struct fault_rule){ 0 };
}

/* ---- at work ---- */

static bool in_turn(const struct fault_rule *rule)
{
	long long n = rule->fitted, from = rule->from ? rule->from : 1;

	if (rule->nth)
		return n == rule->nth;
	if (n < from || (rule->times && rule->met >= rule->times))
		return false;
	return !rule->every || n % rule->every == 0;
}

bool fault_rule_counts(struct fault_rule *rule, const struct wire_sight *sight,
    struct choices *choices, usec now_at)
{
	rule->fitted++;
	if ((rule->lasts_for && now_at >= rule->lasts_for) || !in_turn(rule))
		return false;
	return rule->chance >= 1 ||
	       choose_chance(choices, rule->chance, "%s: %s: %s", sight->server,
	           sight->op, rule->text);
}

void fault_rule_strike(struct fault_rule *rule, const struct wire_sight *sight,
    struct wire_doom *doom)
{
	rule->met++;
	fault_doom(rule->kind, &rule->words, sight, doom);
	if (rule->body) {
		buf_reset(&doom->answer.body);
		buf_adds(&doom->answer.body, rule->body);
	}
	for (size_t i = 0; i < rule->headers.count; i++)
		http_header_set(&doom->answer.headers,
		    rule->headers.items[i].name, rule->headers.items[i].value);
}
