#include "sim/maas/constraints.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- storage: label:size(tag,tag),size(...) ---- */

struct wanted_disk {
	char label[64];
	double gigabytes;
	struct names tags;
};

/* Reads one disk; *text moves on. False: malformed. */
static bool read_disk(const char **text, struct wanted_disk *disk)
{
	const char *at = *text;
	size_t len = 0;
	char *end;

	memset(disk, 0, sizeof(*disk));
	while (
	    isalnum((unsigned char)at[len]) || at[len] == '-' || at[len] == '_')
		len++;
	if (at[len] == ':') {
		if (len == 0 || len >= sizeof(disk->label))
			return false;
		memcpy(disk->label, at, len);
		at += len + 1;
	}
	disk->gigabytes = strtod(at, &end);
	if (end == at || disk->gigabytes < 0)
		return false;
	at = end;
	if (*at == '(') {
		const char *close = strchr(at, ')');
		char *tags;

		if (!close)
			return false;
		tags = xstrndup(at + 1, (size_t)(close - at - 1));
		maas_names_split(&disk->tags, tags, ", ");
		free(tags);
		at = close + 1;
	}
	if (*at == ',')
		at++;
	else if (*at)
		return false;
	*text = at;
	return true;
}

bool maas_storage_ok(const char *text)
{
	while (*text) {
		struct wanted_disk disk;
		bool fine = read_disk(&text, &disk);

		maas_names_free(&disk.tags);
		if (!fine)
			return false;
	}
	return true;
}

static bool fits(const struct drive *drive, const struct wanted_disk *disk)
{
	if ((double)drive->size < disk->gigabytes * 1e9)
		return false;
	for (size_t i = 0; i < disk->tags.count; i++)
		if (!maas_names_have(&drive->tags, disk->tags.items[i]))
			return false;
	return true;
}

static void note(json_t *matched, const char *label, int64_t id)
{
	json_t *list;

	if (!matched || !*label)
		return;
	list = json_object_get(matched, label);
	if (!list) {
		list = json_array();
		json_object_set_new(matched, label, list);
	}
	json_array_append_new(list, json_integer(id));
}

/* Disks in order, each used once; the first is the one to boot from. */
bool maas_storage_match(
    const char *text, const struct node *node, json_t *matched)
{
	bool used[64] = { false };

	while (*text) {
		struct wanted_disk disk;
		bool found = false;

		if (!read_disk(&text, &disk)) {
			maas_names_free(&disk.tags);
			return false;
		}
		for (size_t i = 0; i < node->drives.count && i < 64; i++) {
			const struct drive *drive = node->drives.items[i];

			if (used[i] || drive->group || !fits(drive, &disk))
				continue;
			used[i] = found = true;
			note(matched, disk.label, drive->id);
			break;
		}
		maas_names_free(&disk.tags);
		if (!found)
			return false;
	}
	return true;
}

/* ---- interfaces: label:key=value,key=value;label:... ---- */

static const char *const keys[] = { "space", "not_space", "fabric",
	"not_fabric", "fabric_class", "not_fabric_class", "subnet",
	"not_subnet", "subnet_cidr", "not_subnet_cidr", "vid", "not_vid",
	"vlan", "not_vlan", "mode", "ip", "hostname", "name", "id", "type",
	"mac_address", "tag", "not_tag", "link_speed" };

static bool key_known(const char *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static struct space *space_named(const struct maas *maas, const char *name)
{
	struct space *space;

	list_for_each (space, &maas->spaces) {
		if (strcmp(space->name, name) == 0 ||
		    space->id == maas_number(name))
			return space;
	}
	return NULL;
}

/* The sentence lacks its last quote in MAAS too. */
void maas_interfaces_judge(
    struct ask *ask, const char *field, const char *text, json_t *errors)
{
	char *copy = xstrdup(text), *save = NULL;

	for (char *set = strtok_r(copy, ";", &save); set;
	     set = strtok_r(NULL, ";", &save)) {
		char *colon = strchr(set, ':'), *inner = NULL;

		if (!colon) {
			maas_error(
			    errors, field, "Malformed constraint '%s'", set);
			break;
		}
		for (char *pair = strtok_r(colon + 1, ",", &inner); pair;
		     pair = strtok_r(NULL, ",", &inner)) {
			char *equals = strchr(pair, '=');

			if (equals)
				*equals = '\0';
			if (!equals || !key_known(pair)) {
				maas_error(errors, field,
				    "Unknown interfaces constraint: '%s", pair);
				free(copy);
				return;
			}
			if (strcmp(pair, "space") == 0 &&
			    !space_named(ask->maas, equals + 1)) {
				maas_answer_missing(ask, "Space");
				free(copy);
				return;
			}
		}
	}
	free(copy);
}

static bool link_is(const struct maas *maas, const struct iface *iface,
    const char *key, const char *value)
{
	struct address *address;
	struct subnet *subnet = maas_subnet_named(maas, value);
	struct ip ip;

	list_for_each (address, &maas->addresses) {
		if (address->iface != iface)
			continue;
		if (strcmp(key, "mode") == 0 &&
		    ((strcmp(value, "auto") == 0 &&
		         address->type == ALLOC_AUTO) ||
		        (strcmp(value, "static") == 0 &&
		            address->type == ALLOC_STICKY) ||
		        (strcmp(value, "dhcp") == 0 &&
		            address->type == ALLOC_DHCP)))
			return true;
		if (strcmp(key, "ip") == 0 && maas_ip_parse(value, &ip) &&
		    address->assigned &&
		    maas_ip_compare(&ip, &address->ip) == 0)
			return true;
		if (strncmp(key, "subnet", 6) == 0 && subnet &&
		    address->subnet == subnet)
			return true;
	}
	return false;
}

static bool pair_is(const struct maas *maas, const struct iface *iface,
    const char *key, const char *value)
{
	const struct vlan *vlan = iface->vlan;

	if (strncmp(key, "not_", 4) == 0)
		return !pair_is(maas, iface, key + 4, value);
	if (strcmp(key, "space") == 0)
		return vlan && vlan->space &&
		       vlan->space == space_named(maas, value);
	if (strcmp(key, "fabric") == 0)
		return vlan && strcmp(vlan->fabric->name, value) == 0;
	if (strcmp(key, "fabric_class") == 0)
		return vlan && vlan->fabric->class_type &&
		       strcmp(vlan->fabric->class_type, value) == 0;
	if (strcmp(key, "vid") == 0)
		return vlan && vlan->vid == maas_number(value);
	if (strcmp(key, "vlan") == 0)
		return vlan && strcmp(vlan->name, value) == 0;
	if (strcmp(key, "name") == 0)
		return strcmp(iface->name, value) == 0;
	if (strcmp(key, "id") == 0)
		return iface->id == maas_number(value);
	if (strcmp(key, "type") == 0)
		return strcmp(iface->type, value) == 0;
	if (strcmp(key, "mac_address") == 0)
		return strcmp(iface->mac, value) == 0;
	if (strcmp(key, "tag") == 0)
		return maas_names_have(&iface->tags, value);
	if (strcmp(key, "link_speed") == 0)
		return iface->link_speed >= maas_number(value);
	if (strcmp(key, "hostname") == 0)
		return strcmp(iface->node->hostname, value) == 0;
	return link_is(maas, iface, key, value);
}

static bool iface_is(
    const struct maas *maas, const struct iface *iface, const char *pairs)
{
	char *copy = xstrdup(pairs), *save = NULL;
	bool fine = true;

	for (char *pair = strtok_r(copy, ",", &save); pair && fine;
	     pair = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(pair, '=');

		if (!equals) {
			fine = false;
			break;
		}
		*equals = '\0';
		fine = pair_is(maas, iface, pair, equals + 1);
	}
	free(copy);
	return fine;
}

bool maas_interfaces_match(const struct maas *maas, const char *text,
    const struct node *node, json_t *matched)
{
	char *copy = xstrdup(text), *save = NULL;
	bool all = true;

	for (char *set = strtok_r(copy, ";", &save); set && all;
	     set = strtok_r(NULL, ";", &save)) {
		char *colon = strchr(set, ':');
		struct iface *iface;
		bool found = false;

		if (!colon)
			continue;
		*colon = '\0';
		list_for_each (iface, &maas->ifaces) {
			if (iface->node != node ||
			    !iface_is(maas, iface, colon + 1))
				continue;
			found = true;
			note(matched, set, iface->id);
		}
		all = found;
	}
	free(copy);
	return all;
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
		buf_addf(&text, "%s('%s', [", text.len > 1 ? ", " : "", name);
		while ((value = maas_form_next(form, name, &at))) {
			buf_addf(&text, "%s'%s'", first ? "" : ", ", value);
			first = false;
		}
		buf_adds(&text, "])");
	}
	buf_addc(&text, ']');
	return buf_detach(&text);
}
