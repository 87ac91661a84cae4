#include "tests/maas/golden_compare.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

/* Moments: null stays null, a number a number, a text keeps its shape. */
static const char *const times[] = { "created", "updated", "started", "ended",
	"last_ping", "last_deployed", "last_sync", "next_sync", "starttime",
	"endtime" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void golden_differ(struct golden_differences *out, const char *fmt, ...)
{
	va_list ap;

	out->count++;
	if (out->count > 12)
		return;
	va_start(ap, fmt);
	buf_adds(&out->text, "        ");
	buf_vaddf(&out->text, fmt, ap);
	buf_addc(&out->text, '\n');
	va_end(ap);
}

static bool is_time(const char *key)
{
	for (size_t i = 0; i < COUNT(times); i++)
		if (strcmp(times[i], key) == 0)
			return true;
	return false;
}

/* ---- texts ---- */

static size_t word_len(const char *text)
{
	size_t len = 0;

	while (isalpha((unsigned char)text[len]))
		len++;
	return len;
}

static bool is_one_of(const char *word, const char *all)
{
	return strstr(all, word) != NULL;
}

/* Digits become 9, names of days and months one word each. */
static char *shape(const char *text)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "");
	while (*text) {
		size_t len = word_len(text);
		char word[4] = "";

		if (isdigit((unsigned char)*text)) {
			while (isdigit((unsigned char)*text))
				text++;
			buf_addc(&out, '9');
			continue;
		}
		if (len >= 3)
			memcpy(word, text, 3);
		if (len == 3 && is_one_of(word, "Mon Tue Wed Thu Fri Sat Sun"))
			buf_adds(&out, "Day");
		else if (len >= 3 &&
		         is_one_of(word, "Jan Feb Mar Apr May Jun Jul Aug Sep "
		                         "Oct Nov Dec")) {
			buf_adds(&out, "Month");
			len += text[len] == '.';
		} else {
			len = len ? len : 1;
			buf_add(&out, text, len);
		}
		text += len;
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

char *golden_expand(const char *text)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "");
	while (*text) {
		unsigned count;
		char letter;
		int used = 0;
		bool fine = false;

		if (sscanf(text, "<%u MiB of %c>%n", &count, &letter, &used) ==
		        2 &&
		    used) {
			count <<= 20;
			fine = true;
		} else {
			used = 0;
			fine = sscanf(text, "<%u %c>%n", &count, &letter,
			           &used) == 2 &&
			       used;
		}
		if (!fine) {
			buf_addc(&out, *text++);
			continue;
		}
		for (unsigned i = 0; i < count; i++)
			buf_addc(&out, letter);
		text += used;
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

static size_t hex_len(const char *text, size_t max)
{
	size_t len = 0;

	while (len < max && isxdigit((unsigned char)text[len]) &&
	       !isupper((unsigned char)text[len]))
		len++;
	return len;
}

static bool is_uuid(const char *text)
{
	static const size_t parts[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < 5; i++) {
		if (hex_len(text, parts[i]) != parts[i])
			return false;
		text += parts[i];
		if (i < 4 && *text++ != '-')
			return false;
	}
	return true;
}

/* Unix times, the random key of a file, nonces in a signature base. */
static char *mask(const char *text)
{
	struct buf out = BUF_INIT;
	const char *start = text;

	buf_adds(&out, "");
	while (*text) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 10 && *text == '1' &&
		    (text == start || !isdigit((unsigned char)text[-1]))) {
			buf_adds(&out, "<unix time>");
			text += 10;
		} else if (digits) {
			buf_add(&out, text, digits);
			text += digits;
		} else if (strncmp(text, "key=", 4) == 0 && is_uuid(text + 4)) {
			buf_adds(&out, "key=<uuid>");
			text += 40;
		} else if (strncmp(text, "oauth_nonce%3D", 14) == 0 &&
		           hex_len(text + 14, 33) == 32) {
			buf_adds(&out, "oauth_nonce%3D<nonce>");
			text += 46;
		} else {
			buf_addc(&out, *text++);
		}
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

static int text_order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* A bag of words: lists of choices or machines have no fixed order. */
static char *bag(const char *text)
{
	char *room = xstrdup(text), *save = NULL;
	char **words = xcalloc(strlen(text) + 1, sizeof(*words));
	struct buf out = BUF_INIT;
	size_t count = 0;

	for (char *at = room; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_' &&
		    (unsigned char)*at < 0x80)
			*at = ' ';
	for (char *word = strtok_r(room, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	qsort(words, count, sizeof(*words), text_order);
	buf_adds(&out, "");
	for (size_t i = 0; i < count; i++)
		buf_addf(&out, "%s ", words[i]);
	free(words);
	free(room);
	return out.data ? buf_detach(&out) : xstrdup("");
}

static bool is_bag(const char *text)
{
	return strstr(text, " is not one of ") || strstr(text, "achine(s)");
}

static void apply(char **text, char *(*change)(const char *))
{
	char *next = change(*text);

	free(*text);
	*text = next;
}

/* name({...}) */
static json_t *inside_call(const char *text)
{
	const char *open = strchr(text, '(');
	size_t len = strlen(text);

	while (len && (text[len - 1] == ';' || text[len - 1] == '\n'))
		len--;
	if (!open || open[1] != '{' || len < 3 || text[len - 1] != ')')
		return NULL;
	return json_loadb(
	    open + 1, len - (size_t)(open + 1 - text) - 1, 0, NULL);
}

static void walk(struct golden_ids *ids, const json_t *r, const json_t *a,
    const char *path, const char *under, const char *kind,
    struct golden_differences *out);

static void differ_texts(struct golden_differences *out, const char *path,
    const char *recorded, const char *actual)
{
	size_t at = 0;

	while (recorded[at] && recorded[at] == actual[at])
		at++;
	at = at > 40 ? at - 40 : 0;
	golden_differ(out, "%s: expected \"%.160s\", got \"%.160s\"", path,
	    recorded + at, actual + at);
}

static void compare_texts(struct golden_ids *ids, const char *recorded,
    const char *actual, const char *path, struct golden_differences *out)
{
	size_t len = strlen(path);
	bool uri = (len > 13 &&
	               strcmp(path + len - 13, ".resource_uri") == 0) ||
	           strncmp(recorded, "/MAAS/", 6) == 0;
	char *r = golden_expand(recorded);
	char *h = uri ? golden_path_home(ids, actual) : xstrdup(actual);
	char *a = golden_home(ids, h);
	json_t *rj, *aj;

	free(h);
	if (strcmp(r, a) != 0) {
		rj = inside_call(r);
		aj = inside_call(a);
		if (rj && aj) {
			golden_ids_learn(ids, rj, aj, "");
			walk(ids, rj, aj, path, "", "", out);
		} else {
			apply(&r, mask);
			apply(&a, mask);
			if (is_bag(r)) {
				apply(&r, bag);
				apply(&a, bag);
			}
			if (strcmp(r, a) != 0)
				differ_texts(out, path, r, a);
		}
		json_decref(rj);
		json_decref(aj);
	}
	free(r);
	free(a);
}

/* ---- documents ---- */

static void show(struct golden_differences *out, const char *path,
    const json_t *r, const json_t *a)
{
	char *rt = json_dumps(r, JSON_ENCODE_ANY);
	char *at = json_dumps(a, JSON_ENCODE_ANY);

	golden_differ(out, "%s: expected %.160s, got %.160s", path, rt, at);
	free(rt);
	free(at);
}

static void compare_objects(struct golden_ids *ids, const json_t *r,
    const json_t *a, const char *path, const char *under,
    struct golden_differences *out)
{
	char *kind = golden_kind_of(r, under);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		if (!json_object_get(r, key))
			golden_differ(out, "%s: key +%s", path, key);
	}
	json_object_foreach((json_t *)(uintptr_t)r, key, value)
	{
		const json_t *other = json_object_get(a, key);
		char *at = xasprintf("%s.%s", path, key);

		if (!other)
			golden_differ(out, "%s: key -%s", path, key);
		else
			walk(ids, value, other, at, key, kind, out);
		free(at);
	}
	free(kind);
}

static void compare_lists(struct golden_ids *ids, const json_t *r,
    const json_t *a, const char *path, const char *under, const char *kind,
    struct golden_differences *out)
{
	size_t rn = json_array_size(r), an = json_array_size(a);

	if (rn != an)
		golden_differ(
		    out, "%s: expected %zu elements, got %zu", path, rn, an);
	for (size_t i = 0; i < rn && i < an; i++) {
		char *at = xasprintf("%s[%zu]", path, i);

		walk(ids, json_array_get(r, i), json_array_get(a, i), at, under,
		    kind, out);
		free(at);
	}
}

static void compare_times(const json_t *r, const json_t *a, const char *path,
    struct golden_differences *out)
{
	char *rs, *as;

	if (!json_is_string(r))
		return;
	rs = shape(json_string_value(r));
	as = shape(json_string_value(a));
	if (strcmp(rs, as) != 0)
		show(out, path, r, a);
	free(rs);
	free(as);
}

static void walk(struct golden_ids *ids, const json_t *r, const json_t *a,
    const char *path, const char *under, const char *kind,
    struct golden_differences *out)
{
	bool id = strcmp(under, "id") == 0 || golden_id_key(under);

	if (json_typeof(r) != json_typeof(a))
		show(out, path, r, a);
	else if (json_is_object(r))
		compare_objects(ids, r, a, path, under, out);
	else if (json_is_array(r))
		compare_lists(ids, r, a, path, under, kind, out);
	else if (strcmp(under, "runtime") == 0)
		return; /* how long a script took */
	else if (is_time(under))
		compare_times(r, a, path, out);
	else if (json_is_string(r))
		compare_texts(
		    ids, json_string_value(r), json_string_value(a), path, out);
	else if (json_is_integer(r) && id) {
		if (!golden_ids_same(ids,
		        golden_id_key(under) ? golden_id_key(under) : kind,
		        json_integer_value(r), json_integer_value(a)))
			show(out, path, r, a);
	} else if (!json_equal(r, a)) {
		show(out, path, r, a);
	}
}

void golden_compare(struct golden_ids *ids, const json_t *recorded,
    const json_t *actual, struct golden_differences *out)
{
	walk(ids, recorded, actual, "body", "", "", out);
}

/* ---- headers ---- */

/* Scheme and host are the server's own. */
static const char *without_host(const char *location)
{
	const char *at = strstr(location, "://");

	if (!at)
		return location;
	at = strchr(at + 3, '/');
	return at ? at : "/";
}

void golden_compare_headers(struct golden_ids *ids, const json_t *recorded,
    const struct http_headers *actual, struct golden_differences *out)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)recorded, name, value)
	{
		const char *want = json_string_value(value);
		const char *have = http_header(actual, name);
		char *got, *r, *a;

		if (!have) {
			golden_differ(out, "header %s: absent", name);
			continue;
		}
		if (strcasecmp(name, "x-maas-api-hash") == 0)
			continue;
		got = golden_home(ids, have);
		if (strcasecmp(name, "allow") == 0 ||
		    strcasecmp(name, "vary") == 0) {
			r = bag(want);
			a = bag(got);
		} else if (strcasecmp(name, "location") == 0) {
			r = xstrdup(without_host(want));
			a = xstrdup(without_host(got));
		} else {
			r = xstrdup(want);
			a = xstrdup(got);
		}
		if (strcmp(r, a) != 0)
			golden_differ(out, "header %s: expected %s, got %s",
			    name, want, got);
		free(r);
		free(a);
		free(got);
	}
}
