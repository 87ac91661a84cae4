#include "sim/maas/deployable.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/addresses.h"
#include "sim/maas/ask.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/storage.h"

/* ---- links ---- */

enum family_bit {
	FAMILY_4 = 1,
	FAMILY_6 = 2
};

static unsigned family_of(const struct subnet *subnet)
{
	return subnet->net.base.version == 6 ? FAMILY_6 : FAMILY_4;
}

/* Families of the subnets that it has links in. */
static unsigned families(const struct node *node, bool discovered)
{
	struct address *address;
	unsigned all = 0;

	list_for_each (address, &node->addresses) {
		if (address->subnet &&
		    (discovered || address->type != ALLOC_DISCOVERED))
			all |= family_of(address->subnet);
	}
	return all;
}

static bool has_link(
    const struct node *node, bool (*good)(const struct address *address))
{
	struct address *address;

	list_for_each (address, &node->addresses) {
		if (good(address))
			return true;
	}
	return false;
}

/* DHCP somewhere: which family it will be is not known. */
static bool is_anywhere(const struct address *address)
{
	return address->type == ALLOC_DHCP && !address->subnet;
}

/* More than up. */
static bool is_configured(const struct address *address)
{
	return address->subnet && address->type != ALLOC_DISCOVERED &&
	       (address->type != ALLOC_STICKY || address->assigned);
}

/* With the rack that it boots from, if there is one. A rack that has no
 * addresses, which no real one is, has every family. */
static bool shares_family(const struct node *node)
{
	const struct vlan *vlan = node->boot_iface ? node->boot_iface->vlan
	                                           : NULL;
	unsigned its;

	if (!vlan || !vlan->dhcp_on || !vlan->primary_rack)
		return true;
	its = families(vlan->primary_rack, true);
	return !its || (families(node, false) & its) ||
	       has_link(node, is_anywhere);
}

/* ---- disks ---- */

bool maas_is_diskless(const struct node *node)
{
	return !node->drives.count;
}

bool maas_stays_in_memory(const struct node *node)
{
	return node->ephemeral ||
	       (node->maas->version == 304 && maas_is_diskless(node));
}

/* What counts about the filesystems of a machine. */
struct layout_facts {
	bool root, root_on_bcache, boot;
	bool bcache, zfs, vmfs, btrfs;
};

static bool is_leg(const struct filesystem *filesystem)
{
	return filesystem && filesystem->fstype &&
	       (strcmp(filesystem->fstype, "bcache-cache") == 0 ||
	           strcmp(filesystem->fstype, "bcache-backing") == 0);
}

static bool is_os_of(const char *os, const char *const *names)
{
	while (*names && strcmp(*names, os) != 0)
		names++;
	return *names;
}

/* Itself, or what it is built on. */
static bool on_bcache(const struct drive *drive)
{
	struct part *parts;
	bool is = false;

	if (!drive->group)
		return false;
	parts = maas_parts(drive->node);
	for (struct part *part = parts; part->drive && !is; part++) {
		const struct filesystem *leg = maas_part_planned(part);

		if (leg->group == drive->group)
			is = is_leg(leg) || on_bcache(part->drive);
	}
	free(parts);
	return is;
}

static void add_fact(struct layout_facts *facts, const struct part *part)
{
	const struct filesystem *is = maas_part_filesystem(part);
	const char *point;

	/* Nothing stands on a drive beside its partitions. */
	if (!is || (!part->partition && part->drive->table))
		return;
	point = is->mount_point ? is->mount_point : "";
	if (strcmp(point, "/") == 0) {
		facts->root = true;
		facts->root_on_bcache |= on_bcache(part->drive);
	} else if (strcmp(point, "/boot") == 0 && !on_bcache(part->drive)) {
		facts->boot = true;
	}
	facts->bcache |= is_leg(is);
	facts->zfs |= strcmp(is->fstype, "zfsroot") == 0;
	facts->vmfs |= strcmp(is->fstype, "vmfs6") == 0;
	facts->btrfs |= strcmp(is->fstype, "btrfs") == 0;
}

static struct layout_facts facts_of(const struct node *node)
{
	struct layout_facts facts = { 0 };
	struct part *parts = maas_parts(node);

	for (struct part *part = parts; part->drive; part++)
		add_fact(&facts, part);
	free(parts);
	return facts;
}

static bool needs_boot(const struct node *node)
{
	const char *arch = node->architecture ? node->architecture : "";

	return strncmp(arch, "arm64/", strlen("arm64/")) == 0 &&
	       (!node->bios_boot_method ||
	           strcmp(node->bios_boot_method, "uefi") != 0);
}

/* A layout for VMware that lost its datastore. */
static bool lacks_datastore(const struct node *node)
{
	struct storage_group *group;
	struct part *parts;
	bool laid = false;

	list_for_each (group, &node->groups) {
		if (group->kind == GROUP_DATASTORE)
			return false;
	}
	parts = maas_parts(node);
	for (struct part *part = parts; part->drive; part++)
		laid |= part->partition && part->partition->fixed;
	free(parts);
	return laid;
}

/* Filesystems of an enterprise Linux. */
static void check_enterprise(json_t *errors, const struct system_wish *system,
    const struct layout_facts *facts)
{
	if (facts->bcache)
		maas_error(errors, "storage",
		    "This node cannot be deployed because the selected "
		    "deployment OS, %s, does not support Bcache.",
		    system->os);
	if (facts->zfs)
		maas_error(errors, "storage",
		    "This node cannot be deployed because the selected "
		    "deployment OS, %s, does not support ZFS.",
		    system->os);
	if (facts->btrfs && strchr(system->series, '8'))
		maas_error(errors, "storage",
		    "This node cannot be deployed because the selected "
		    "deployment OS release, %s %s, does not support BTRFS.",
		    system->os, system->series);
}

static void check_layout(
    json_t *errors, const struct node *node, const struct system_wish *system)
{
	static const char *const enterprise[] = { "centos", "rhel", NULL };
	struct layout_facts facts = facts_of(node);

	if (!facts.root)
		maas_error(errors, "storage",
		    "Mount the root '/' filesystem to be able to deploy this "
		    "node.");
	if (facts.root_on_bcache && !facts.boot)
		maas_error(errors, "storage",
		    "This node cannot be deployed because it cannot boot from "
		    "a bcache volume. Mount /boot on a non-bcache device to "
		    "be able to deploy this node.");
	if (!facts.boot && needs_boot(node))
		maas_error(errors, "storage",
		    "This node cannot be deployed because it needs a separate "
		    "/boot partition.  Mount /boot on a device to be able to "
		    "deploy this node.");
	if (is_os_of(system->os, enterprise))
		check_enterprise(errors, system, &facts);
	if (facts.vmfs)
		maas_error(errors, "storage",
		    "This node cannot be deployed because the selected "
		    "deployment OS, %s, does not support VMFS6.",
		    system->os);
}

/* Disks of other systems than these are their own affair. */
static void check_disks(
    json_t *errors, const struct node *node, const struct system_wish *system)
{
	static const char *const judged[] = { "ubuntu", "centos", "rhel",
		NULL };

	if (maas_is_diskless(node))
		maas_error(errors, "storage",
		    "There are currently no storage devices.  Please add a "
		    "storage device to be able to deploy this node.");
	else if (!maas_boot_drive(node))
		maas_error(errors, "storage",
		    "Specify a storage device to be able to deploy this node.");
	if (maas_is_diskless(node))
		return;
	if (strcmp(system->os, "esxi") == 0 && lacks_datastore(node))
		maas_error(errors, "storage",
		    "A datastore must be defined when deploying VMware ESXi.");
	else if (is_os_of(system->os, judged))
		check_layout(errors, node, system);
}

/* 3.4 leaves the disks alone for Ubuntu only. */
static bool in_memory(const struct node *node, const struct system_wish *system)
{
	return system->ephemeral &&
	       (node->maas->version > 304 || strcmp(system->os, "ubuntu") == 0);
}

json_t *maas_deploy_hindrance(
    const struct node *node, const struct system_wish *system)
{
	json_t *errors = json_object();

	if (!shares_family(node))
		maas_error(errors, "network",
		    "Node has no address family in common with the server");
	else if (!has_link(node, is_configured))
		maas_error(errors, "network",
		    "Node must be configured to use a network");
	else if (!in_memory(node, system))
		check_disks(errors, node, system);
	if (json_object_size(errors))
		return errors;
	json_decref(errors);
	return NULL;
}
