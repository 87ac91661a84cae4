#include "sim/maas/constraints.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/ifaces.h"
#include "sim/maas/python.h"
#include "sim/maas/specifiers.h"
#include "sim/maas/storage.h"

/* ---- storage: label:size(tag,tag),size(...) ---- */

struct wanted {
	char *label; /* "" if it has none */
	char *size_text;
	int64_t size;
	struct names tags;
	bool tagged, partition; /* one of the tags was "partition" */
};

static void wanted_free(struct wanted *wanted)
{
	free(wanted->label);
	free(wanted->size_text);
	maas_names_free(&wanted->tags);
}

/* Reads one disk; *text moves on. False: malformed. */
static bool read_wanted(const char **text, struct wanted *wanted)
{
	const char *at = *text, *close;
	size_t len = 0;
	char *tags;

	memset(wanted, 0, sizeof(*wanted));
	while (isalnum((unsigned char)at[len]))
		len++;
	if (len && at[len] == ':') {
		wanted->label = xstrndup(at, len);
		at += len + 1;
	}
	len = strspn(at, "0123456789.");
	if (!len)
		return false;
	wanted->size_text = xstrndup(at, len);
	at += len;
	if (*at == '(') {
		close = strchr(at, ')');
		if (!close || close == at + 1)
			return false;
		tags = xstrndup(at + 1, (size_t)(close - at - 1));
		maas_names_split(&wanted->tags, tags, ",");
		free(tags);
		wanted->tagged = true;
		wanted->partition = maas_names_remove(
		    &wanted->tags, "partition");
		at = close + 1;
	}
	if (*at == ',' && at[1])
		at++;
	else if (*at)
		return false;
	*text = at;
	return true;
}

bool maas_storage_ok(const char *text)
{
	bool fine = true;

	while (*text && fine) {
		struct wanted wanted;

		fine = read_wanted(&text, &wanted);
		wanted_free(&wanted);
	}
	return fine;
}

/* The most tags first; the first disk stays the first. */
static int by_tags(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	size_t left = x->tags.count + x->partition;
	size_t right = y->tags.count + y->partition;

	if (left != right)
		return left < right ? 1 : -1;
	return x < y ? -1 : 1;
}

/* All that is wanted, in the order of choosing; *fault: a size that is no
 * number, in the words of float(), or NULL. */
static struct wanted *all_wanted(const char *text, size_t *count, char **fault)
{
	struct wanted *all = NULL;

	*count = 0;
	while (*text) {
		struct wanted *one;
		double gigabytes = 0;

		all = xrealloc(all, (*count + 1) * sizeof(*all));
		one = &all[(*count)++];
		if (!read_wanted(&text, one))
			break;
		if (maas_python_read_float(one->size_text, &gigabytes))
			one->size = (int64_t)(gigabytes * 1e9);
		else if (fault && !*fault)
			*fault = xasprintf(
			    "could not convert string to float: '%s'",
			    one->size_text);
	}
	for (size_t i = 2; i < *count; i++)
		for (size_t k = i; k > 1 && by_tags(&all[k - 1], &all[k]) > 0;
		     k--) {
			struct wanted swap = all[k];

			all[k] = all[k - 1];
			all[k - 1] = swap;
		}
	return all;
}

static void free_wanted(struct wanted *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wanted_free(&all[i]);
	free(all);
}

char *maas_storage_fault(const char *text)
{
	char *fault = NULL;
	size_t count;
	struct wanted *all = all_wanted(text, &count, &fault);

	free_wanted(all, count);
	return fault;
}

static bool has_tags(const struct names *have, const struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->tags.count; i++)
		if (!maas_names_have(have, wanted->tags.items[i]))
			return false;
	return true;
}

static bool fits(const struct part *part, const struct wanted *wanted)
{
	const struct names *tags = part->partition ? &part->partition->tags
	                                           : &part->drive->tags;

	return maas_part_size(part) >= wanted->size && has_tags(tags, wanted);
}

static bool is_root(const struct part *part)
{
	const struct filesystem *planned = maas_part_planned(part);

	return planned && planned->mount_point &&
	       strcmp(planned->mount_point, "/") == 0;
}

/* The first that is wanted is what "/" is on: the drive, unless a partition
 * was asked for. */
static bool is_the_root(struct part *part, const struct wanted *wanted)
{
	if (!is_root(part) || (wanted->partition && !part->partition))
		return false;
	if (!wanted->partition)
		part->partition = NULL;
	return fits(part, wanted);
}

static bool is_unused(const struct part *part, const struct wanted *wanted)
{
	const struct filesystem *planned = part->partition
	                                       ? &part->partition->planned
	                                       : &part->drive->planned;
	const struct filesystem *acquired = part->partition
	                                        ? &part->partition->acquired
	                                        : &part->drive->acquired;

	if (wanted->partition != (part->partition != NULL) || planned->fstype ||
	    acquired->fstype || (!part->partition && part->drive->table))
		return false;
	return fits(part, wanted);
}

static bool same_part(const struct part *a, const struct part *b)
{
	return a->drive == b->drive && a->partition == b->partition;
}

/* The smallest that will do, or the root. */
static struct part choose(const struct part *parts, const struct wanted *wanted,
    bool root, const struct part *taken, size_t count)
{
	struct part best = { 0 };

	for (; parts->drive; parts++) {
		struct part part = *parts;
		bool used = false;

		if (root ? !is_the_root(&part, wanted)
		         : !is_unused(&part, wanted))
			continue;
		for (size_t i = 0; i < count; i++)
			used |= same_part(&taken[i], &part);
		if (!used &&
		    (!best.drive || (!root && maas_part_size(&part) <
		                                  maas_part_size(&best))))
			best = part;
	}
	return best;
}

static void note(json_t *matched, const char *label, json_t *id)
{
	json_t *list = json_object_get(matched, label);

	if (!list) {
		list = json_array();
		json_object_set_new(matched, label, list);
	}
	json_array_append_new(list, id);
}

static void note_part(
    json_t *matched, const char *label, const struct part *part)
{
	char *key;

	if (!matched || !label)
		return;
	if (!part->partition) {
		note(matched, label, json_integer(part->drive->id));
		return;
	}
	key = xasprintf("partition:%lld", (long long)part->partition->id);
	note(matched, label, json_string(key));
	free(key);
}

bool maas_storage_match(
    const char *text, const struct node *node, json_t *matched)
{
	struct part *parts = maas_parts(node), *taken;
	size_t count;
	struct wanted *all = all_wanted(text, &count, NULL);
	bool fine = true;

	taken = xcalloc(count + 1, sizeof(*taken));
	for (size_t i = 0; i < count && fine; i++) {
		taken[i] = choose(parts, &all[i], i == 0, taken, i);
		fine = taken[i].drive != NULL;
	}
	for (size_t i = 0; i < count && fine; i++)
		note_part(matched, all[i].label, &taken[i]);
	free(taken);
	free_wanted(all, count);
	free(parts);
	return fine;
}

/* ---- interfaces: label:key=value,key=value;label:... ---- */

static const char *const keys[] = { "id", "not_id", "fabric", "not_fabric",
	"fabric_class", "not_fabric_class", "ip", "not_ip", "mode", "name",
	"not_name", "hostname", "not_hostname", "subnet", "not_subnet", "space",
	"not_space", "subnet_cidr", "not_subnet_cidr", "type", "vlan",
	"not_vlan", "vid", "not_vid", "tag", "not_tag", "link_speed" };

static bool key_known(const char *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static bool label_ok(const char *label)
{
	if (!isalnum((unsigned char)*label))
		return false;
	while (isalnum((unsigned char)*label) || *label == '_' || *label == '-')
		label++;
	return !*label;
}

/* One "label:key=value,..." cut in pieces; the pieces are in the text. */
struct labelled {
	char *label;
	struct {
		char *key, *value;
	} pairs[16];
	size_t count;
};

/* Cuts it; what is wrong becomes an error. */
static bool cut(char *set, struct labelled *out, json_t *errors,
    const char *field, const struct names *before)
{
	char *rest = strchr(set, ':'), *next;

	out->label = set;
	out->count = 0;
	if (!rest) {
		maas_error(errors, field,
		    "Malformed constraint: '%s' (required format: "
		    "'<label>:<key>=<value>[,<key2>=<value2>[,...]]')",
		    set);
		return false;
	}
	*rest++ = '\0';
	if (!label_ok(set)) {
		maas_error(errors, field,
		    "Invalid label name: '%s' (Must begin with an alphanumeric "
		    "character, and include only alphanumeric characters, "
		    "dashes, and underscores.)",
		    set);
		return false;
	}
	if (maas_names_have(before, set)) {
		maas_error(errors, field,
		    "Constraint label defined more than once: '%s'", set);
		return false;
	}
	for (; rest; rest = next) {
		char *equals;

		next = strchr(rest, ',');
		if (next)
			*next++ = '\0';
		equals = strchr(rest, '=');
		if (!equals) {
			maas_error(errors, field,
			    "Malformed key/value pair in constraint: '%s'",
			    rest);
			return false;
		}
		*equals = '\0';
		if (out->count == 16)
			continue;
		out->pairs[out->count].key = rest;
		out->pairs[out->count++].value = equals + 1;
	}
	return true;
}

typedef bool labelled_fn(void *ctx, const struct labelled *labelled);

/* Calls it for each label, until it says no. */
static bool each_label(const char *text, json_t *errors, const char *field,
    labelled_fn *call, void *ctx)
{
	char *copy = xstrdup(text), *next;
	struct names before = { 0 };
	bool fine = true;

	if (strlen(text) <= 1)
		*copy = '\0';
	for (char *set = copy; *copy && set && fine; set = next) {
		struct labelled labelled;

		next = strchr(set, ';');
		if (next)
			*next++ = '\0';
		fine = cut(set, &labelled, errors, field, &before) &&
		       (!call || call(ctx, &labelled));
		if (fine)
			maas_names_add(&before, labelled.label);
	}
	maas_names_free(&before);
	free(copy);
	return fine;
}

struct judging {
	const char *field;
	json_t *errors;
	struct ask *ask;
};

static bool known_keys(void *ctx, const struct labelled *labelled)
{
	struct judging *judging = ctx;

	for (size_t i = 0; i < labelled->count; i++) {
		if (key_known(labelled->pairs[i].key))
			continue;
		/* the sentence lacks its last quote in MAAS too */
		maas_error(judging->errors, judging->field,
		    "Unknown interfaces constraint: '%s",
		    labelled->pairs[i].key);
		return false;
	}
	return true;
}

/* The syntax of all labels comes before the keys of any. */
void maas_interfaces_judge(
    struct ask *ask, const char *field, const char *text, json_t *errors)
{
	struct judging judging = { field, errors, ask };

	if (each_label(text, errors, field, NULL, NULL))
		each_label(text, errors, field, known_keys, &judging);
}

void maas_refuse_specifier(struct ask *ask, const struct spec_fault *fault)
{
	switch (fault->wrong) {
	case SPEC_FINE:
		break;
	case SPEC_INVALID:
		maas_refuse(ask, 400, "%s", fault->text);
		break;
	case SPEC_NUMBER:
	case SPEC_NETWORK:
		maas_refuse(ask, 500, "%s", fault->text);
		break;
	case SPEC_MISSING:
		maas_answer_missing(ask, fault->text);
		break;
	case SPEC_MANY:
		maas_refuse(ask, 403,
		    "Too many %s objects match the given query.", fault->text);
		break;
	}
}

static bool possible(void *ctx, const struct labelled *labelled)
{
	struct judging *judging = ctx;
	struct spec_fault fault = { 0 };

	for (size_t i = 0; i < labelled->count && fault.wrong == SPEC_FINE;
	     i++) {
		char *word = xasprintf(
		    "%s:%s", labelled->pairs[i].key, labelled->pairs[i].value);

		maas_specifier_judge(
		    judging->ask->maas, SPEC_IFACE, word, &fault);
		free(word);
	}
	maas_refuse_specifier(judging->ask, &fault);
	return fault.wrong == SPEC_FINE;
}

bool maas_interfaces_possible(struct ask *ask, const char *text)
{
	struct judging judging = { NULL, json_object(), ask };
	bool fine = each_label(
	    text, judging.errors, "interfaces", possible, &judging);

	json_decref(judging.errors);
	return fine;
}

/* Values of the same key are joined; keys are all to be fulfilled. */
static bool iface_is(const struct maas *maas, const struct iface *iface,
    const struct labelled *labelled)
{
	bool fine = true;

	for (size_t i = 0; i < labelled->count && fine; i++) {
		const char *key = labelled->pairs[i].key;
		struct names words = { 0 };
		bool before = false;

		for (size_t k = 0; k < i; k++)
			before |= strcmp(labelled->pairs[k].key, key) == 0;
		for (size_t k = i; k < labelled->count && !before; k++) {
			char *word;

			if (strcmp(labelled->pairs[k].key, key) != 0)
				continue;
			word = xasprintf(
			    "%s:%s", key, labelled->pairs[k].value);
			maas_names_add(&words, word);
			free(word);
		}
		fine = before || maas_specifiers_mean(maas, SPEC_IFACE,
		                     (const char *const *)words.items,
		                     words.count, iface);
		maas_names_free(&words);
	}
	return fine;
}

struct matching {
	const struct node *node;
	json_t *matched; /* or NULL */
	bool all;
};

static bool match_label(void *ctx, const struct labelled *labelled)
{
	struct matching *matching = ctx;
	struct iface *iface;
	bool found = false;

	list_for_each (iface, &matching->node->maas->ifaces) {
		if (iface->node != matching->node ||
		    !iface_is(matching->node->maas, iface, labelled))
			continue;
		found = true;
		if (matching->matched)
			note(matching->matched, labelled->label,
			    json_integer(iface->id));
	}
	matching->all = matching->all && found;
	if (!found && matching->matched)
		json_object_set_new(
		    matching->matched, labelled->label, json_null());
	return true;
}

bool maas_interfaces_match(
    const char *text, const struct node *node, json_t *matched)
{
	struct matching matching = { node, matched, true };
	json_t *errors = json_object();

	each_label(text, errors, "interfaces", match_label, &matching);
	json_decref(errors);
	return matching.all;
}

/* ---- what was asked, in words ---- */

/* The fields as Python would print a list of them. */
char *maas_constraints_asked(const struct form *form)
{
	struct buf text = BUF_INIT;

	buf_addc(&text, '[');
	for (size_t i = 0; i < form->count; i++) {
		const char *name = form->fields[i].name, *value;
		size_t at = 0;
		bool before = false, first = true;

		for (size_t k = 0; k < i; k++)
			before |= strcmp(form->fields[k].name, name) == 0;
		if (before || strcmp(name, "op") == 0)
			continue;
		buf_addf(&text, "%s(", text.len > 1 ? ", " : "");
		maas_python_text(&text, name);
		buf_adds(&text, ", [");
		while ((value = maas_form_next(form, name, &at))) {
			buf_adds(&text, first ? "" : ", ");
			maas_python_text(&text, value);
			first = false;
		}
		buf_adds(&text, "])");
	}
	buf_addc(&text, ']');
	return buf_detach(&text);
}
