#include "tests/maas/golden_rename.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Where the inventory keeps names. */
static const char *const named[][2] = {
	{ "zones", "name" },
	{ "pools", "name" },
	{ "domains", "name" },
	{ "fabrics", "name" },
	{ "spaces", "name" },
	{ "subnets", "name" },
	{ "tags", "name" },
	{ "machines", "hostname" },
	{ "racks", "hostname" },
	{ "regions", "hostname" },
};

/* Names that MAAS itself gives, and words that stand for other things too. */
static const char *const kept[] = { "default", "undefined", "untagged", "maas",
	"admin", "virtual" };

static bool is_kept(const char *name)
{
	for (size_t i = 0; i < COUNT(kept); i++)
		if (strcmp(kept[i], name) == 0)
			return true;
	return false;
}

/* "az-b" becomes "axqz-b": names of equal beginning keep their order. */
static void rename_one(json_t *names, const char *name)
{
	if (!*name || is_kept(name))
		return;
	json_object_set_new(
	    names, name, json_sprintf("%cxq%s", name[0], name + 1));
}

/* "fabric-0" is a name that follows from the id. */
static bool is_automatic(const char *list, const char *name)
{
	return strcmp(list, "fabrics") == 0 && strncmp(name, "fabric-", 7) == 0;
}

/* System ids are six letters of an alphabet; the next one is one too. */
static void rename_node(json_t *names, const char *system_id)
{
	static const char alphabet[] = "34678abcdefghkmnpqrstwxy";
	char *other = xstrdup(system_id);
	size_t last = strlen(other);
	const char *at = last ? strchr(alphabet, other[last - 1]) : NULL;

	if (at) {
		other[last - 1] =
		    alphabet[(size_t)(at - alphabet + 1) % strlen(alphabet)];
		json_object_set_new(names, system_id, json_string(other));
	}
	free(other);
}

json_t *golden_names(const json_t *inventory)
{
	json_t *names = json_object(), *item;
	const char *user;
	size_t i, n;

	for (n = 0; n < COUNT(named); n++) {
		json_array_foreach(jget(inventory, named[n][0]), i, item)
		{
			const char *name = jstr(item, named[n][1]);

			if (!is_automatic(named[n][0], name))
				rename_one(names, name);
			rename_node(names, jstr(item, "system_id"));
		}
	}
	json_array_foreach(jget(inventory, "fabrics"), i, item)
	{
		json_t *vlan;
		size_t v;

		json_array_foreach(jget(item, "vlans"), v, vlan)
		    rename_one(names, jstr(vlan, "name"));
	}
	json_object_foreach(jget(inventory, "users"), user, item)
	    rename_one(names, user);
	return names;
}

/* ---- texts ---- */

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* The name in the table that stands at this place as a word. */
static const char *word_at(
    const json_t *names, const char *text, size_t at, size_t *len)
{
	const char *old, *best = NULL;
	json_t *value;

	*len = 0;
	if (at && in_word(text[at - 1]))
		return NULL;
	json_object_foreach((json_t *)(uintptr_t)names, old, value)
	{
		size_t n = strlen(old);

		if (n > *len && strncmp(text + at, old, n) == 0 &&
		    !in_word(text[at + n])) {
			best = json_string_value(value);
			*len = n;
		}
	}
	return best;
}

static char *rename_text(const json_t *names, const char *text)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "");
	for (size_t at = 0; text[at];) {
		size_t len;
		const char *other = word_at(names, text, at, &len);

		if (other) {
			buf_adds(&out, other);
			at += len;
		} else {
			buf_addc(&out, text[at++]);
		}
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

/* What scripts printed is base64 of JSON: the names are inside. */
static char *rename_printed(const json_t *names, const char *text)
{
	struct buf inner = BUF_INIT, out = BUF_INIT;
	char *other = NULL;

	if (buf_add_unbase64(&inner, text, strlen(text)) &&
	    *buf_text(&inner) == '{' && strlen(inner.data) == inner.len) {
		other = rename_text(names, inner.data);
		buf_add_base64(&out, other, strlen(other));
		free(other);
		other = buf_detach(&out);
	}
	buf_free(&inner);
	return other;
}

static json_t *rename_string(const json_t *names, const json_t *string)
{
	const char *text = json_string_value(string);
	json_t *out;
	char *other;

	if (strlen(text) != json_string_length(string))
		return json_deep_copy(string);
	other = rename_printed(names, text);
	if (!other)
		other = rename_text(names, text);
	out = json_string_nocheck(other);
	free(other);
	return out;
}

/* Tags of disks are another noun, though they may be called the same. */
static bool is_of_disks(const json_t *object, const char *key)
{
	return json_object_get(object, "block_size") &&
	       strcmp(key, "tags") == 0;
}

static bool asks_for_disks(const json_t *pair)
{
	return json_array_size(pair) == 2 &&
	       strcmp(jstr(pair, "[0]"), "storage") == 0;
}

json_t *golden_rename(const json_t *names, const json_t *document)
{
	json_t *out, *value;
	const char *key;
	size_t i;

	if (json_is_string(document))
		return rename_string(names, document);
	if (asks_for_disks(document))
		return json_deep_copy(document);
	if (json_is_array(document)) {
		out = json_array();
		json_array_foreach(document, i, value)
		    json_array_append_new(out, golden_rename(names, value));
		return out;
	}
	if (!json_is_object(document))
		return json_deep_copy(document);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)document, key, value)
	{
		char *other = rename_text(names, key);

		json_object_set_new(out, other,
		    is_of_disks(document, key) ? json_deep_copy(value)
		                               : golden_rename(names, value));
		free(other);
	}
	return out;
}
