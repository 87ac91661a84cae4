/* What people write in files: durations, and names with slips in them. The
 * end of base/yaml.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/yaml.h"

/* From long to short, the order in which they are written. */
static const struct unit {
	const char *name;
	long long usec;
} units[] = {
	{ "d", 86400000000 },
	{ "h", 3600000000 },
	{ "m", 60000000 },
	{ "s", 1000000 },
	{ "ms", 1000 },
	{ "us", 1 },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static bool read_count(const char **at, long long *count)
{
	const char *first = *at;
	long long n = 0;

	for (; **at >= '0' && **at <= '9'; ++*at) {
		if (n > LLONG_MAX / 10 - 1)
			return false;
		n = 10 * n + (**at - '0');
	}
	*count = n;
	return *at > first;
}

/* The unit written here, shorter than those before `from`. */
static bool read_unit(const char **at, size_t from, size_t *unit)
{
	size_t len = strspn(*at, "dhmsu");
	size_t i;

	for (i = from; i < UNITS; i++)
		if (strlen(units[i].name) == len &&
		    memcmp(*at, units[i].name, len) == 0) {
			*at += len;
			*unit = i;
			return true;
		}
	return false;
}

bool duration_parse(const char *text, long long *usec)
{
	long long sum = 0;
	size_t unit = 0, from = 0;

	if (strcmp(text, "0") == 0) {
		*usec = 0;
		return true;
	}
	do {
		long long count, part;

		if (!read_count(&text, &count) ||
		    !read_unit(&text, from, &unit) ||
		    __builtin_mul_overflow(count, units[unit].usec, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
		from = unit + 1;
	} while (*text);
	*usec = sum;
	return true;
}

void duration_text(long long usec, char out[32])
{
	char text[64] = "";
	size_t i, len = 0;
	long long left = usec;

	check(usec > LLONG_MIN);
	if (left < 0) {
		text[len++] = '-';
		left = -left;
	}
	for (i = 0; i < UNITS; i++) {
		if (left < units[i].usec)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%lld%s", left / units[i].usec, units[i].name);
		left %= units[i].usec;
	}
	/* Only what is longer than a millennium and exact to the microsecond
	 * has no room; it loses its shortest unit. */
	snprintf(out, 32, "%s", len ? text : "0");
}

#define LONGEST_WORD 64

/* Insertions, deletions, replacements, and two letters changing places; more
 * than LONGEST_WORD letters are nobody's slip. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1];
	size_t a_len = strlen(a), b_len = strlen(b);
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t i, j;

	if (a_len > LONGEST_WORD || b_len > LONGEST_WORD)
		return LONGEST_WORD;
	for (j = 0; j <= b_len; j++)
		above[j] = before[j] = j;
	for (i = 1; i <= a_len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

/* Near: at most one slip in three letters. */
const char *nearest_name(
    const char *word, const char *const *candidates, size_t count)
{
	size_t limit = (strlen(word) + 2) / 3;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		size_t slips = distance(word, candidates[i]);

		if (slips < LONGEST_WORD && slips <= limit) {
			nearest = candidates[i];
			limit = slips - (slips > 0);
			if (slips == 0)
				break;
		}
	}
	return nearest;
}
