/* "maas/lab.machines(Ready) == 6 and ...": split, looked up, typed. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "harness/kinds.h"
#include "harness/paths.h"
#include "harness/scenario.h"

bool one_of(const char *words, const char *word, size_t len)
{
	while (words) {
		size_t this = strcspn(words, "|");

		if (this == len && strncmp(words, word, len) == 0)
			return true;
		words = words[this] ? words + this + 1 : NULL;
	}
	return false;
}

size_t split_words(
    const char *words, char *room, size_t size, const char **out, size_t max)
{
	size_t count = 0;
	char *rest = NULL;

	if (!words)
		return 0;
	check(strlen(words) < size);
	memcpy(room, words, strlen(words) + 1);
	for (char *word = strtok_r(room, "|", &rest); word && count < max;
	     word = strtok_r(NULL, "|", &rest))
		out[count++] = word;
	return count;
}

/* ---- small scanning over one text ---- */

struct scan {
	struct reading *reading;
	const struct expression *expression;
	const char *at;
};

static struct place spot(const struct scan *scan, const char *at)
{
	struct place place = scan->expression->place;

	place.column += (unsigned)(at - scan->expression->text);
	return place;
}

static void skip_blanks(struct scan *scan)
{
	while (*scan->at == ' ')
		scan->at++;
}

static char *take(struct scan *scan, const char *stop)
{
	size_t len = strcspn(scan->at, stop);
	size_t kept = len;
	char *text;

	while (kept && scan->at[kept - 1] == ' ')
		kept--;
	text = xstrndup(scan->at, kept);
	scan->at += len;
	return text;
}

/* ---- the parts of a term ---- */

static void note_path(struct scan *scan, const char *at,
    const struct thing *thing, const char *word)
{
	const char *names[32];
	size_t count, found = 0;
	const struct path_kind *rows = path_kinds(&count);

	for (size_t i = 0; i < count && found < 32; i++)
		if (strcmp(rows[i].kind, thing->kind->name) == 0)
			names[found++] = rows[i].word;
	mistake_add_near(scan->reading->mistakes, spot(scan, at), word, names,
	    found, "%s has no \"%s\" that a claim can speak of", thing->full,
	    word);
}

static bool bind_subject(struct scan *scan, struct term *term)
{
	const char *at = scan->at;
	char *full = take(scan, ".");
	char *word;

	term->thing = scenario_thing(scan->reading->scenario, full);
	if (!*scan->at || !term->thing) {
		if (!*scan->at)
			mistake_add(scan->reading->mistakes, spot(scan, at),
			    "a claim reads like \"cluster/web.state == "
			    "Running\", not \"%s\"",
			    at);
		else
			note_thing(scan->reading, spot(scan, at), full);
		free(full);
		return false;
	}
	free(full);
	at = ++scan->at;
	word = xstrndup(at, strspn(at, "abcdefghijklmnopqrstuvwxyz_"));
	scan->at += strlen(word);
	term->path = path_kind_of(term->thing->kind->name, word);
	if (!term->path)
		note_path(scan, at, term->thing, word);
	free(word);
	return term->path != NULL;
}

/* Which argument is the n-th one without a name? */
static char *positional_key(const struct path_kind *path, size_t n)
{
	char room[200];
	const char *names[16];
	size_t count = split_words(
	    path->arguments, room, sizeof(room), names, 16);

	if (n >= path->positional || n >= count)
		return NULL;
	return xstrdup(names[n]);
}

/* An operation that is misspelt would just never be counted. Those of API
 * servers (nodes.list) and of proxies are in no table. */
static bool check_operation(
    struct scan *scan, const char *at, const struct term *term, const char *op)
{
	const char *kind = term->path->kind, *names[OPERATIONS_MAX];
	bool client = strcmp(kind, "pcg") == 0 || strcmp(kind, "cluster") == 0;
	size_t count = operations_of(
	    client ? "maas" : kind, names, OPERATIONS_MAX);

	if (client)
		count += operations_of(
		    "palette", names + count, OPERATIONS_MAX - count);
	if (count == 0 || strpbrk(op, " *") || (client && strchr(op, '.')) ||
	    strcmp(op, "unmodelled") == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], op) == 0)
			return true;
	mistake_add_near(scan->reading->mistakes, spot(scan, at), op, names,
	    count, "a %s has no operation \"%s\"",
	    client ? "maas or palette" : kind, op);
	return false;
}

static bool check_outcome(
    struct scan *scan, const char *at, const char *outcome)
{
	static const char *const words[] = { "timeout", "lost", "unreached",
		"untrusted", "garbled", "gone", "refused", "conflict",
		"storage", "input" };
	size_t count = sizeof(words) / sizeof(words[0]);

	if (strchr(outcome, '*') ||
	    (strlen(outcome) == 3 && strspn(outcome, "0123456789") == 3))
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], outcome) == 0)
			return true;
	mistake_add_near(scan->reading->mistakes, spot(scan, at), outcome,
	    words, count,
	    "a request ends with a status such as 200, or with timeout, "
	    "lost, unreached, untrusted, garbled or gone; not \"%s\"",
	    outcome);
	return false;
}

static bool check_request_argument(struct scan *scan, const char *at,
    const struct term *term, const struct path_argument *argument)
{
	if (strcmp(term->path->word, "requests") != 0)
		return true;
	if (strcmp(argument->key, "op") == 0)
		return check_operation(scan, at, term, argument->value);
	if (strcmp(argument->key, "status") == 0)
		return check_outcome(scan, at, argument->value);
	return true;
}

static bool check_argument(struct scan *scan, const char *at,
    const struct term *term, struct path_argument *argument)
{
	const struct path_kind *path = term->path;
	char room[400];
	const char *names[40];
	size_t count;
	long long time;

	count = split_words(path->arguments, room, sizeof(room), names, 40);
	if (!one_of(path->arguments, argument->key, strlen(argument->key))) {
		mistake_add_near(scan->reading->mistakes, spot(scan, at),
		    argument->key, names, count, "%s.%s takes no \"%s\"",
		    path->kind, path->word, argument->key);
		return false;
	}
	if (path->argument_words && count &&
	    strcmp(argument->key, names[0]) == 0 &&
	    !one_of(path->argument_words, argument->value,
	        strlen(argument->value))) {
		count = split_words(
		    path->argument_words, room, sizeof(room), names, 40);
		mistake_add_near(scan->reading->mistakes, spot(scan, at),
		    argument->value, names, count,
		    "nothing in %s.%s is ever \"%s\"", path->kind, path->word,
		    argument->value);
		return false;
	}
	if (strcmp(argument->key, "after") != 0 &&
	    strcmp(argument->key, "before") != 0)
		return check_request_argument(scan, at, term, argument);
	if (!duration_parse(argument->value, &time)) {
		mistake_add(scan->reading->mistakes, spot(scan, at),
		    "\"%s\" is not a time since the start, such as 1h30m",
		    argument->value);
		return false;
	}
	argument->time = time;
	return true;
}

static bool bind_argument(
    struct scan *scan, struct term *term, size_t *positional)
{
	const char *at;
	struct path_argument argument = { 0 };
	bool fine;

	skip_blanks(scan);
	at = scan->at;
	argument.value = take(scan, "=,)");
	if (*scan->at == '=') {
		scan->at++;
		skip_blanks(scan);
		argument.key = argument.value;
		argument.value = take(scan, ",)");
	} else {
		argument.key = positional_key(term->path, (*positional)++);
	}
	if (!argument.key) {
		mistake_add(scan->reading->mistakes, spot(scan, at),
		    "%s.%s does not take \"%s\" here", term->path->kind,
		    term->path->word, argument.value);
		free(argument.value);
		return false;
	}
	argument.thing = scenario_thing(
	    scan->reading->scenario, argument.value);
	fine = check_argument(scan, at, term, &argument);
	term->arguments = xrealloc(
	    term->arguments, (term->argument_count + 1) * sizeof(argument));
	term->arguments[term->argument_count++] = argument;
	return fine;
}

static bool bind_arguments(struct scan *scan, struct term *term)
{
	size_t positional = 0;
	bool fine = true;

	if (*scan->at != '(')
		return true;
	do {
		scan->at++;
		fine = bind_argument(scan, term, &positional) && fine;
	} while (*scan->at == ',');
	if (*scan->at != ')') {
		mistake_add(scan->reading->mistakes, spot(scan, scan->at),
		    "a \")\" is missing here");
		return false;
	}
	scan->at++;
	return fine;
}

static bool bind_compare(struct scan *scan, struct term *term)
{
	static const struct {
		const char *text;
		enum compare compare;
	} signs[] = {
		/* the longer ones first */
		{ "==", IS },
		{ "!=", IS_NOT },
		{ "<=", AT_MOST },
		{ ">=", AT_LEAST },
		{ "<", LESS },
		{ ">", MORE },
	};

	skip_blanks(scan);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t len = strlen(signs[i].text);

		if (strncmp(scan->at, signs[i].text, len) != 0)
			continue;
		scan->at += len;
		skip_blanks(scan);
		term->compare = signs[i].compare;
		return true;
	}
	mistake_add(scan->reading->mistakes, spot(scan, scan->at),
	    *scan->at == '=' ? "two values are compared with ==, not with ="
	                     : "here one of == != < <= > >= and a value are "
	                       "missing");
	return false;
}

static bool bind_number(struct scan *scan, const char *at, struct term *term)
{
	char *end;

	term->number = strtoll(term->value, &end, 10);
	if (*term->value && !*end)
		return true;
	mistake_add(scan->reading->mistakes, spot(scan, at),
	    "%s.%s is a number, so it cannot be compared with \"%s\"",
	    term->path->kind, term->path->word, term->value);
	return false;
}

static bool bind_value(struct scan *scan, struct term *term)
{
	const struct path_kind *path = term->path;
	const char *at = scan->at, *and = strstr(at, " and ");
	char room[400];
	const char *names[40];
	size_t count, len = and? (size_t)(and-at) : strlen(at);

	while (len && at[len - 1] == ' ')
		len--;
	term->value = xstrndup(at, len);
	scan->at = and? and+strlen(" and ") : at + strlen(at);
	if (len >= 2 && term->value[0] == '"' && term->value[len - 1] == '"') {
		memmove(term->value, term->value + 1, len - 2);
		term->value[len - 2] = '\0';
	}
	if (len == 0) {
		mistake_add(scan->reading->mistakes, spot(scan, at),
		    "a value is missing here");
		return false;
	}
	if (strstr(term->value, " or ")) {
		mistake_add(scan->reading->mistakes, spot(scan, at),
		    "claims are joined by \"and\"; there is no \"or\"");
		return false;
	}
	if (path->is_number)
		return bind_number(scan, at, term);
	if (term->compare != IS && term->compare != IS_NOT) {
		mistake_add(scan->reading->mistakes, spot(scan, at),
		    "%s.%s is a word: only == and != make sense", path->kind,
		    path->word);
		return false;
	}
	if (path->words &&
	    !one_of(path->words, term->value, strlen(term->value))) {
		count = split_words(path->words, room, sizeof(room), names, 40);
		mistake_add_near(scan->reading->mistakes, spot(scan, at),
		    term->value, names, count, "%s.%s is never \"%s\"",
		    path->kind, path->word, term->value);
		return false;
	}
	if (strchr(term->value, '/') && !strchr(term->value, '*') &&
	    !scenario_thing(scan->reading->scenario, term->value)) {
		note_thing(scan->reading, spot(scan, at), term->value);
		return false;
	}
	return true;
}

void expression_bind(struct reading *reading, struct expression *expression)
{
	struct scan scan = { reading, expression, expression->text };

	do {
		struct term *term;

		expression->terms = xrealloc(expression->terms,
		    (expression->term_count + 1) * sizeof(*term));
		term = &expression->terms[expression->term_count++];
		*term = (struct term){ 0 };
		skip_blanks(&scan);
		if (!bind_subject(&scan, term) ||
		    !bind_arguments(&scan, term) ||
		    !bind_compare(&scan, term) || !bind_value(&scan, term))
			return;
	} while (*scan.at);
}

void expression_free(struct expression *expression)
{
	for (size_t i = 0; i < expression->term_count; i++) {
		struct term *term = &expression->terms[i];

		for (size_t j = 0; j < term->argument_count; j++) {
			free(term->arguments[j].key);
			free(term->arguments[j].value);
		}
		free(term->arguments);
		free(term->value);
	}
	free(expression->terms);
	free(expression->text);
	*expression = (struct expression){ 0 };
}
