/*
 * Label selectors: "a=b,c!=d,e in (x,y),f notin (x),g,!h". An absent label is
 * not equal to anything, and not in any set.
 */
#include <ctype.h>
#include <string.h>

#include "base/check.h"
#include "capi/store.h"

struct span {
	const char *text;
	size_t len;
};

static struct span trimmed(const char *text, size_t len)
{
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return (struct span){ text, len };
}

static bool span_is(struct span span, const char *text)
{
	return strlen(text) == span.len &&
	       memcmp(text, span.text, span.len) == 0;
}

/* The value of a label, or NULL. */
static const char *label(const json_t *labels, struct span key)
{
	return json_string_value(json_object_getn(labels, key.text, key.len));
}

/* "(x, y)" */
static bool in_set(struct span set, const char *value)
{
	const char *at = set.text, *end = set.text + set.len;

	if (set.len < 2 || *at != '(' || end[-1] != ')' || !value)
		return false;
	at++;
	end--;
	while (at <= end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t len = (size_t)((comma ? comma : end) - at);

		if (span_is(trimmed(at, len), value))
			return true;
		at += len + 1;
	}
	return false;
}

static struct span until_space(struct span span)
{
	size_t len = 0;

	while (len < span.len && !isspace((unsigned char)span.text[len]) &&
	       span.text[len] != '(')
		len++;
	return (struct span){ span.text, len };
}

/* "e in (x,y)": after the key comes a word. */
static bool set_term(struct span term, const json_t *labels)
{
	struct span key = until_space(term);
	struct span rest = trimmed(term.text + key.len, term.len - key.len);
	struct span word = until_space(rest);
	struct span set = trimmed(rest.text + word.len, rest.len - word.len);
	const char *value = label(labels, key);

	if (span_is(word, "in"))
		return in_set(set, value);
	return span_is(word, "notin") && !in_set(set, value);
}

static bool equal_term(struct span term, size_t at, const json_t *labels)
{
	bool negated = at > 0 && term.text[at - 1] == '!';
	struct span key = trimmed(term.text, negated ? at - 1 : at);
	size_t skip = at + 1 < term.len && term.text[at + 1] == '=' ? 2 : 1;
	struct span want = trimmed(term.text + at + skip, term.len - at - skip);
	const char *value = label(labels, key);

	return (value && span_is(want, value)) != negated;
}

static bool term_matches(struct span term, const json_t *labels)
{
	const char *equals;

	if (term.len == 0)
		return true;
	if (memchr(term.text, '(', term.len))
		return set_term(term, labels);
	equals = memchr(term.text, '=', term.len);
	if (equals)
		return equal_term(term, (size_t)(equals - term.text), labels);
	if (term.text[0] == '!')
		return !label(labels, trimmed(term.text + 1, term.len - 1));
	return label(labels, term) != NULL;
}

/* The length of the first term: commas inside brackets do not end it. */
static size_t term_len(const char *text)
{
	bool inside = false;
	size_t len = 0;

	for (; text[len] && (inside || text[len] != ','); len++)
		if (text[len] == '(' || text[len] == ')')
			inside = text[len] == '(';
	return len;
}

bool label_selector_matches(const char *selector, const json_t *labels)
{
	while (selector && *selector) {
		size_t len = term_len(selector);

		if (!term_matches(trimmed(selector, len), labels))
			return false;
		selector += len;
		if (*selector == ',')
			selector++;
	}
	return true;
}
