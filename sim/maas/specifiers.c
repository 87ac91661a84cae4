#include "sim/maas/specifiers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/list.h"
#include "sim/maas/python.h"
#include "sim/maas/specifier_types.h"

/* ---- joints ---- */

enum joint {
	JOINT_OR,
	JOINT_AND,
	JOINT_AND_NOT
};

/* Past blanks and what joins it. */
static const char *past_joint(const char *word, enum joint *joint)
{
	word += strspn(word, " \t\r\n");
	*joint = JOINT_OR;
	if (*word == '|')
		return word + 1;
	if (*word == '&') {
		*joint = JOINT_AND;
		return word + 1;
	}
	if (*word == '!' || strncmp(word, "not_", 4) == 0) {
		*joint = JOINT_AND_NOT;
		return word + (*word == '!' ? 1 : 4);
	}
	return word;
}

/* ---- what all nouns share ---- */

void maas_spec_wrong(
    struct spec_fault *fault, enum spec_wrong wrong, const char *text)
{
	fault->wrong = wrong;
	snprintf(fault->text, sizeof(fault->text), "%s", text);
}

/* "7", and "subnet-7" for what was named by its id once. */
bool maas_spec_has_id(
    const char *value, const char *noun, int64_t id, bool *is_number)
{
	size_t len = strlen(noun);
	int64_t number;

	*is_number = maas_python_read_based(value, &number);
	if (!*is_number && strncmp(value, noun, len) == 0 &&
	    value[len] == '-' && value[len + 1] &&
	    !value[len + 1 + strspn(value + len + 1, "0123456789")])
		*is_number = maas_python_read_int(value + len + 1, &number);
	return *is_number && number == id;
}

bool maas_spec_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool maas_spec_is_number(const char *value, int64_t number)
{
	int64_t read;

	return maas_python_read_based(value, &read) && read == number;
}

/* ---- the types ---- */

static const struct spec_type *const types[] = {
	[SPEC_SUBNET] = maas_subnet_types,
	[SPEC_VLAN] = maas_vlan_types,
	[SPEC_FABRIC] = maas_fabric_types,
	[SPEC_SPACE] = maas_space_types,
	[SPEC_IFACE] = maas_iface_types,
	[SPEC_RANGE] = maas_range_types,
};

/* The type of the word; *value: what stands behind it, without blanks around
 * (free() it). A type that the noun does not have is a part of a name. */
static const struct spec_type *type_of(
    enum specified of, const char *word, char **value)
{
	const char *colon = strchr(word, ':');
	const struct spec_type *plain = types[of], *type;
	size_t len;

	check(!plain->name);
	for (type = plain + 1; colon && type->means; type++) {
		if (strlen(type->name) != (size_t)(colon - word) ||
		    strncmp(type->name, word, strlen(type->name)) != 0)
			continue;
		word = colon + 1 + strspn(colon + 1, " \t\r\n");
		for (len = strlen(word);
		     len && strchr(" \t\r\n", word[len - 1]);)
			len--;
		*value = xstrndup(word, len);
		return type;
	}
	*value = xstrdup(word);
	return plain;
}

void maas_specifier_judge(const struct maas *maas, enum specified of,
    const char *word, struct spec_fault *fault)
{
	const struct spec_type *type;
	enum joint joint;
	char *value;

	type = type_of(of, past_joint(word, &joint), &value);
	if (type->judge)
		type->judge(maas, value, fault);
	free(value);
}

/* The words of a text with commas, each with its "&". */
static struct names words_of(const char *text)
{
	struct names words = { 0 };

	for (;;) {
		size_t len = strcspn(text, ",");
		const char *from = text + strspn(text, " \t\r\n");
		size_t rest = from < text + len ? (size_t)(text + len - from)
		                                : 0;

		while (rest && strchr(" \t\r\n", from[rest - 1]))
			rest--;
		words.items = xrealloc(
		    words.items, (words.count + 1) * sizeof(words.items[0]));
		words.items[words.count++] = xasprintf(
		    "&%.*s", (int)rest, rest ? from : "");
		if (!text[len])
			return words;
		text += len + 1;
	}
}

void maas_specifiers_judge(const struct maas *maas, enum specified of,
    const char *text, struct spec_fault *fault)
{
	struct names words = words_of(text);

	for (size_t i = 0; i < words.count && fault->wrong == SPEC_FINE; i++)
		maas_specifier_judge(maas, of, words.items[i], fault);
	maas_names_free(&words);
}

bool maas_specifiers_mean(const struct maas *maas, enum specified of,
    const char *const *words, size_t count, const void *thing)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		enum joint joint;
		char *value;
		const struct spec_type *type = type_of(
		    of, past_joint(words[i], &joint), &value);
		bool is = type->means(maas, value, thing);

		free(value);
		if (joint == JOINT_AND_NOT)
			all = all && !is;
		else if (joint == JOINT_AND || i == 0)
			all = all && is;
		else
			all = all || is;
	}
	return all;
}

bool maas_specifier_means(const struct maas *maas, enum specified of,
    const char *text, const void *thing)
{
	struct names words = words_of(text);
	bool is = maas_specifiers_mean(
	    maas, of, (const char *const *)words.items, words.count, thing);

	maas_names_free(&words);
	return is;
}
