#include "compat/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/url.h"

#define READY     4
#define DEPLOYED  6
#define ALLOCATED 10

static const struct {
	const char *name, *lacks;
} LACKS[] = {
	{ "other", "needs --user-key-file" },
	{ "pool", "needs --pool" },
	{ "machine", "needs a Ready machine in the pool" },
	{ "machine2", "needs two Ready machines in the pool" },
	{ "any", "needs a machine" },
	{ "ready", "needs a Ready machine" },
	{ "taken", "needs a machine outside of the pool" },
	{ "foreign", "needs a machine that somebody owns" },
	{ "address", "needs a deployed machine with an automatic address" },
	{ "holder", "needs a deployed machine with an automatic address" },
	{ "cidr", "needs a subnet" },
	{ "domain", "needs a default domain" },
	{ "series", "needs an Ubuntu image" },
};

const char *stage_lacks(const json_t *names, const char *text)
{
	for (size_t i = 0; text && i < sizeof(LACKS) / sizeof(LACKS[0]); i++) {
		char braced[40];

		snprintf(braced, sizeof(braced), "{%s}", LACKS[i].name);
		if (strstr(text, braced) &&
		    !json_object_get(names, LACKS[i].name))
			return LACKS[i].lacks;
	}
	return NULL;
}

/* The first thing that comes by. */
static void name(json_t *names, const char *key, const char *value)
{
	if (value && *value && !json_object_get(names, key))
		json_object_set_new(names, key, json_string(value));
}

static void name_in_pool(
    json_t *names, const json_t *machine, const struct stage_wish *wish)
{
	if (!wish->pool || jint(machine, "status") != READY ||
	    jbool(machine, "locked") ||
	    strcmp(jstr(machine, "pool"), wish->pool) != 0)
		return;
	if (json_object_get(names, "machine"))
		name(names, "machine2", jstr(machine, "system_id"));
	name(names, "machine", jstr(machine, "system_id"));
}

static void name_holder(
    json_t *names, const json_t *machine, const char *domain)
{
	const char *address = jstr(machine, "ip_addresses[0]");
	char fqdn[300];

	if (jint(machine, "status") != DEPLOYED || !*address)
		return;
	snprintf(fqdn, sizeof(fqdn), "%s.%s", jstr(machine, "hostname"),
	    *jstr(machine, "domain") ? jstr(machine, "domain") : domain);
	name(names, "address", address);
	name(names, "holder", fqdn);
}

static void name_machine(
    json_t *names, const json_t *machine, const struct stage_wish *wish)
{
	const char *id = jstr(machine, "system_id");
	const char *owner = jstr(machine, "owner");
	int64_t status = jint(machine, "status");

	name_in_pool(names, machine, wish);
	name(names, "any", id);
	if (status == READY)
		name(names, "ready", id);
	if (!wish->pool || strcmp(jstr(machine, "pool"), wish->pool) != 0)
		name(names, "taken", jstr(machine, "hostname"));
	if (*owner && wish->other && strcmp(owner, wish->other) != 0 &&
	    (status == DEPLOYED || status == ALLOCATED))
		name(names, "foreign", id);
	name_holder(names, machine,
	    json_string_value(json_object_get(names, "domain")));
}

static void name_places(json_t *names, const json_t *inventory)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(inventory, "domains"), i, item)
	{
		if (jbool(item, "is_default"))
			name(names, "domain", jstr(item, "name"));
	}
	json_array_foreach(json_object_get(inventory, "subnets"), i, item)
	{
		struct cidr cidr;

		if (cidr_parse(jstr(item, "cidr"), &cidr))
			name(names, "cidr", jstr(item, "cidr"));
	}
	json_array_foreach(json_object_get(inventory, "images"), i, item)
	{
		if (strncmp(jstr(item, "name"), "ubuntu/", 7) == 0)
			name(names, "series", jstr(item, "name") + 7);
	}
}

json_t *stage_names(const struct stage_wish *wish)
{
	json_t *names = json_object(), *machine;
	size_t i;

	name(names, "me", wish->me);
	name(names, "other", wish->other);
	name(names, "pool", wish->pool);
	name(names, "p", wish->prefix);
	name_places(names, wish->inventory);
	json_array_foreach(json_object_get(wish->inventory, "machines"), i,
	    machine) name_machine(names, machine, wish);
	return names;
}
