#include "compat/import_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* The numbers of MAAS's statuses. */
enum {
	READY = 4,
	DEPLOYED = 6,
	BROKEN = 8,
	ALLOCATED = 10,
};

/* Where a machine is found when it is not in a state that lasts; the other
 * states of an inventory stand for themselves. */
static const struct {
	int from, to;
	const char *name;
} RESTS[] = {
	{ 1, READY, "Ready" },         /* Commissioning */
	{ 2, READY, "Ready" },         /* Failed commissioning */
	{ 3, READY, "Ready" },         /* Missing */
	{ 5, ALLOCATED, "Allocated" }, /* Reserved */
	{ 7, BROKEN, "Broken" },       /* Retired */
	{ 9, DEPLOYED, "Deployed" },   /* Deploying */
	{ 12, READY, "Ready" },        /* Releasing */
	{ 13, BROKEN, "Broken" },      /* Releasing failed */
	{ 14, READY, "Ready" },        /* Disk erasing */
	{ 15, BROKEN, "Broken" },      /* Failed disk erasing */
	{ 16, DEPLOYED, "Deployed" },  /* Rescue mode */
	{ 17, DEPLOYED, "Deployed" },  /* Entering rescue mode */
	{ 18, DEPLOYED, "Deployed" },  /* Failed to enter rescue mode */
	{ 19, DEPLOYED, "Deployed" },  /* Exiting rescue mode */
	{ 20, DEPLOYED, "Deployed" },  /* Failed to exit rescue mode */
	{ 21, READY, "Ready" },        /* Testing */
	{ 22, BROKEN, "Broken" },      /* Failed testing */
};

static int64_t resting(const json_t *shown, char note[200])
{
	int64_t status = jint(shown, "status");

	for (size_t i = 0; i < sizeof(RESTS) / sizeof(RESTS[0]); i++) {
		if (RESTS[i].from != status)
			continue;
		snprintf(note, 200,
		    "machine %.40s is %.40s and is written as %s",
		    jstr(shown, "hostname"), jstr(shown, "status_name"),
		    RESTS[i].name);
		return RESTS[i].to;
	}
	return status;
}

static void add_mac(json_t *macs, const json_t *interface)
{
	const char *mac = jstr(interface, "mac_address");
	const char *type = jstr(interface, "type");
	json_t *known;
	size_t i;

	if (!*mac || (*type && strcmp(type, "physical") != 0))
		return;
	json_array_foreach(macs, i, known)
	{
		if (strcmp(json_string_value(known), mac) == 0)
			return;
	}
	json_array_append_new(macs, json_string(mac));
}

/* The one it boots from first: an inventory has it so. */
static json_t *macs_of(const json_t *shown)
{
	json_t *macs = json_array();

	add_mac(macs, jget(shown, "boot_interface"));
	for (size_t i = 0; i < jlen(shown, "interface_set"); i++)
		add_mac(macs, json_array_get(jget(shown, "interface_set"), i));
	return macs;
}

/* What its automatic link has; MAAS's own list mixes that with others. */
static json_t *addresses_of(const json_t *shown)
{
	json_t *links = jget(shown, "boot_interface.links"), *link;
	json_t *addresses = json_array();
	size_t i;

	json_array_foreach(links, i, link)
	{
		if (strcmp(jstr(link, "mode"), "auto") == 0 &&
		    *jstr(link, "ip_address") && !json_array_size(addresses))
			json_array_append_new(
			    addresses, json_string(jstr(link, "ip_address")));
	}
	return addresses;
}

static json_t *partitions_of(const json_t *shown)
{
	json_t *partitions = jget(shown, "boot_disk.partitions"), *partition;
	json_t *uuids = json_array();
	size_t i;

	json_array_foreach(partitions, i, partition)
	{
		json_array_append_new(
		    uuids, json_string(jstr(partition, "uuid")));
		json_array_append_new(
		    uuids, json_string(jstr(partition, "filesystem.uuid")));
	}
	return uuids;
}

/* What a machine that nobody has does not keep. */
static void free_of_owner(json_t *machine)
{
	json_object_set_new(machine, "owner", json_null());
	jsets(machine, "osystem", "");
	jsets(machine, "distro_series", "");
	json_object_del(machine, "owner_data");
}

json_t *import_machine(
    const json_t *shown, const struct import_options *options, char note[200])
{
	static const char *const keys[] = { "system_id", "hostname", "owner",
		"power_type", "power_state", "cpu_count", "memory", "storage",
		"architecture", "osystem", "distro_series", "tag_names",
		"locked", "enable_kernel_crash_dump", "is_dpu", NULL };
	json_t *machine = import_keep(shown, keys);

	jseti(machine, "status", resting(shown, note));
	jsets(machine, "zone", jstr(shown, "zone.name"));
	jsets(machine, "pool", jstr(shown, "pool.name"));
	jset(machine, "mac", macs_of(shown));
	jset(machine, "ip_addresses", addresses_of(shown));
	jset(machine, "partition_uuids", partitions_of(shown));
	if (options->with_owner_data)
		json_object_set(machine, "owner_data",
		    json_object_get(shown, "owner_data"));
	if (*note && jint(machine, "status") == READY)
		free_of_owner(machine);
	return machine;
}
