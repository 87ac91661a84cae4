#include "compat/checks.h"

#include <string.h>

#include "base/json.h"
#include "compat/trial.h"

/* Machines read, filtered and changed: M-065 to M-076. */

/* What clients decode into fixed types. */
static const struct {
	const char *key;
	json_type type;
	const char *name;
} TYPES[] = {
	{ "system_id", JSON_STRING, "string" },
	{ "hostname", JSON_STRING, "string" },
	{ "fqdn", JSON_STRING, "string" },
	{ "status", JSON_INTEGER, "integer" },
	{ "status_name", JSON_STRING, "string" },
	{ "cpu_count", JSON_INTEGER, "integer" },
	{ "memory", JSON_INTEGER, "integer" },
	{ "storage", JSON_REAL, "real number" },
	{ "power_state", JSON_STRING, "string" },
	{ "power_type", JSON_STRING, "string" },
	{ "architecture", JSON_STRING, "string" },
	{ "osystem", JSON_STRING, "string" },
	{ "distro_series", JSON_STRING, "string" },
	{ "ip_addresses", JSON_ARRAY, "list" },
	{ "tag_names", JSON_ARRAY, "list" },
	{ "interface_set", JSON_ARRAY, "list" },
	{ "blockdevice_set", JSON_ARRAY, "list" },
	{ "zone", JSON_OBJECT, "object" },
	{ "pool", JSON_OBJECT, "object" },
	{ "owner_data", JSON_OBJECT, "object" },
	{ "resource_uri", JSON_STRING, "string" },
};

static void types_of_a_machine(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);

	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		json_t *value = json_object_get(scene->body, TYPES[i].key);

		if (!value || json_typeof(value) != TYPES[i].type)
			trial_broken(trial, scene->what,
			    " .%s: a client relies on its being of type %s",
			    TYPES[i].key, TYPES[i].name);
	}
}

static void an_automatic_link_without_address(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);
	json_t *links = jget(scene->body, "boot_interface.links"), *link;
	size_t i;

	json_array_foreach(links, i, link)
	{
		if (strcmp(jstr(link, "mode"), "auto") == 0 &&
		    jhas(link, "ip_address"))
			trial_broken(trial, scene->what,
			    " .boot_interface.links[%zu].ip_address: a client "
			    "relies on its not being there before deployment",
			    i);
	}
}

/* clang-format off */
#define ALLOCATE ASK(KEY, "POST", "machines/?op=allocate", "system_id={machine}&agent_name=pcgsim-compat", \
	    SAYS(200, JSON, NULL), .makes = "machine {machine}")
#define NONE(kind, key, text) ASK(KEY, "GET", "machines/?" kind "=nope-nope", NULL, \
	    SAYS(400, JSON, "{\"" key "\": [\"No such " text ".\"]}"))

static const struct check rows[] = {
	CHECK("M-065", 0, "a machine that is not there is not found",
	    ASK(KEY, "GET", "machines/zzzzzz/", NULL, SAYS(404, TEXT0, "No Machine matches the given query."))),
	CHECK("M-066", 0, "an unknown filter is refused",
	    ASK(KEY, "GET", "machines/?bogus=1", NULL, SAYS(400, JSON, "{\"bogus\": [\"No such constraint.\"]}"))),
	CHECK("M-067", 0, "filters name what does not exist",
	    NONE("zone", "zone", "zone(s): nope-nope"),
	    NONE("pool", "pool", "pool(s): nope-nope"),
	    NONE("tags", "tags", "tag(s): 'nope-nope'")),
	CHECK("M-068", 0, "a hostname that nobody has finds nothing",
	    ASK(KEY, "GET", "machines/?hostname=nope-nope", NULL, SAYS(200, JSON, "[]"))),
	CHECK("M-069", 0, "statuses are filtered by their small names",
	    ASK(KEY, "GET", "machines/?status=ready", NULL, SAYS(200, JSON, NULL)),
	    ASK(KEY, "GET", "machines/?status=Ready", NULL, SAYS(400, JSON,
	    "{\"status\": [\"Select a valid choice. Ready is not one of the available choices.\"]}"))),
	CHECK("M-070", 0, "a machine has its keys, of the types that clients decode",
	    ASK(KEY, "GET", "machines/{any}/", NULL, SAYS(200, JSON, NULL)),
	    RUN(types_of_a_machine)),
	CHECK("M-071", 0, "an automatic link has no address before deployment",
	    ALLOCATE,
	    ASK(KEY, "GET", "machines/{machine}/", NULL, SAYS(200, JSON, NULL), .holds = "status_name=\"Allocated\""),
	    RUN(an_automatic_link_without_address)),
	CHECK("M-072", ADMIN, "a change of a machine passes over fields that it does not know",
	    ASK(KEY, "GET", "machines/{machine}/", NULL, SAYS(200, JSON, NULL), .save = "swap=swap_size", .loose = true),
	    ASK(KEY, "PUT", "machines/{machine}/", "swap_size=0&nosuch=1", SAYS(200, JSON, NULL), .holds = "swap_size=0",
	    .makes = "put machines/{machine}/ swap_size={swap}")),
	CHECK("M-073", ADMIN, "a machine is not put into a zone that does not exist",
	    ASK(KEY, "PUT", "machines/{machine}/", "zone=nope-nope", SAYS(400, JSON,
	    "{\"zone\": [\"Select a valid choice. That choice is not one of the available choices.\"]}"))),
	CHECK("M-074", ADMIN, "a hostname is had by one machine",
	    ASK(KEY, "GET", "machines/{machine}/", NULL, SAYS(200, JSON, NULL), .save = "host=hostname", .loose = true),
	    ASK(KEY, "PUT", "machines/{machine}/", "hostname={taken}", SAYS(400, JSON,
	    "{\"hostname\": [\"Node with this Hostname already exists.\"]}"),
	    .makes = "put machines/{machine}/ hostname={host}")),
	CHECK("M-075", 0, "an owner's notes are kept under two names, and go with an empty value",
	    ALLOCATE,
	    ASK(KEY, "POST", "machines/{machine}/?op=set_owner_data", "k=v", SAYS(200, JSON, NULL),
	    .holds = "owner_data={\"k\":\"v\"} workload_annotations={\"k\":\"v\"}"),
	    ASK(KEY, "POST", "machines/{machine}/?op=set_owner_data", "k=", SAYS(200, JSON, NULL),
	    .holds = "owner_data={} workload_annotations={}")),
	CHECK("M-076", 0, "nobody takes notes on a machine that nobody has",
	    ASK(KEY, "POST", "machines/{machine}/?op=set_owner_data", "k=v", SAYS(409, TEXT,
	    "Cannot set workload annotation: it hasn't been acquired."))),
};
/* clang-format on */

CHECK_TABLE(checks_machines, rows);
