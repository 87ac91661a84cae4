#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * What administrators do to the disks of a machine that is Ready, and owners
 * while theirs is Allocated: drives, partitions, filesystems, and what is
 * built from them.
 */

static const char *id;
static int first, second, third; /* the drives of the machine */

static int its(const char *method, const char *form, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int its(const char *method, const char *form, const char *fmt, ...)
{
	char path[160], below[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(below, sizeof(below), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "nodes/%s/%s", id, below);
	return lab_ask(&lab, method, path, form);
}

static int another_drive(const char *name, const char *size)
{
	char form[120];

	snprintf(form, sizeof(form),
	    "name=%s&size=%s&block_size=512&id_path=/dev/%s", name, size, name);
	EXPECT_INT(its("POST", form, "blockdevices/"), 200);
	return number("id");
}

/* sda of 480 GB with the usual layout; sdb and sdc of 100 GB, bare. */
static void a_site(void)
{
	id = a_lab_with_a_machine();
	status_of(id);
	first = number("boot_disk.id");
	second = another_drive("sdb", "100G");
	third = another_drive("sdc", "100G");
}

static int partition_of(int drive, const char *form)
{
	EXPECT_INT(
	    its("POST", form, "blockdevices/%d/partitions/", drive), 200);
	return number("id");
}

/* ---- drives ---- */

TEST(a_drive_can_be_put_in_renamed_tagged_and_taken_out)
{
	a_site();
	EXPECT_INT(its("GET", NULL, "blockdevices/sdb/"), 200);
	EXPECT_INT(number("id"), second);
	EXPECT_STR(word("type"), "physical");
	EXPECT_STR(word("used_for"), "Unused");
	EXPECT_INT(jint(lab.body, "available_size"), 100000000000);
	EXPECT_INT(
	    its("PUT", "model=New&serial=7", "blockdevices/%d/", second), 200);
	EXPECT_STR(word("model"), "New");
	EXPECT_INT(
	    its("POST", "tag=fast", "blockdevices/%d/?op=add_tag", second),
	    200);
	EXPECT_STR(word("tags[0]"), "fast");
	EXPECT_INT(
	    its("POST", "tag=fast", "blockdevices/%d/?op=remove_tag", second),
	    200);
	EXPECT_INT(jlen(lab.body, "tags"), 0);
	EXPECT_INT(its("DELETE", NULL, "blockdevices/%d/", second), 204);
	EXPECT_INT(its("GET", NULL, "blockdevices/%d/", second), 404);
	EXPECT_STR(lab_text(&lab), "No BlockDevice matches the given query.");
	lab_close(&lab);
}

TEST(a_drive_needs_a_name_sizes_and_something_to_tell_it_by)
{
	a_site();
	EXPECT_INT(its("POST", "", "blockdevices/"), 400);
	EXPECT_STR(word("name[0]"), "This field is required.");
	EXPECT_STR(word("size[0]"), "This field is required.");
	EXPECT_STR(word("block_size[0]"), "This field is required.");
	EXPECT_INT(its("POST", "name=x&size=big&block_size=512&id_path=/x",
	               "blockdevices/"),
	    400);
	EXPECT_STR(word("size[0]"), "Enter a valid value.");
	EXPECT_INT(
	    its("POST", "name=x&size=1G&block_size=512", "blockdevices/"), 400);
	EXPECT_HAS(word("__all__[0]"), "serial/model are required");
	EXPECT_INT(its("POST", "name=sdb&size=1G&block_size=512&id_path=/x",
	               "blockdevices/"),
	    400);
	lab_as(&lab, "bob", false);
	EXPECT_INT(its("POST", "name=x", "blockdevices/"), 403);
	EXPECT_INT(its("DELETE", NULL, "blockdevices/%d/", second), 403);
	lab_close(&lab);
}

TEST(the_boot_disk_is_the_one_that_was_chosen)
{
	a_site();
	EXPECT_INT(
	    its("POST", "", "blockdevices/%d/?op=set_boot_disk", second), 200);
	EXPECT_STR(lab_text(&lab), "OK");
	status_of(id);
	EXPECT_INT(number("boot_disk.id"), second);
	EXPECT_INT(its("DELETE", NULL, "blockdevices/%d/", second), 204);
	status_of(id);
	EXPECT_INT(number("boot_disk.id"), first);
	lab_close(&lab);
}

TEST(of_a_deployed_machine_only_the_names_of_a_disk_change)
{
	a_site();
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	minutes(20);
	EXPECT_STR(status_of(id), "Deployed");
	EXPECT_INT(
	    its("PUT", "serial=8&size=1G", "blockdevices/%d/", second), 200);
	EXPECT_STR(word("serial"), "8");
	EXPECT_INT(jint(lab.body, "size"), 100000000000);
	EXPECT_INT(its("DELETE", NULL, "blockdevices/%d/", second), 409);
	EXPECT_STR(lab_text(&lab),
	    "Cannot delete block device because the machine is not Ready.");
	EXPECT_INT(
	    its("POST", "fstype=ext4", "blockdevices/%d/?op=format", second),
	    409);
	lab_close(&lab);
}

/* ---- partitions and filesystems ---- */

TEST(partitions_fill_a_drive_until_it_is_full)
{
	int one;

	a_site();
	one = partition_of(second, "size=60G&bootable=true");
	EXPECT_INT(jint(lab.body, "size"), 59999518720);
	EXPECT(jbool(lab.body, "bootable"));
	EXPECT_INT(
	    its("POST", "size=60G", "blockdevices/%d/partitions/", second),
	    400);
	EXPECT_HAS(word("size[0]"), "not enough free space");
	partition_of(second, "");
	EXPECT_INT(its("POST", "", "blockdevices/%d/partitions/", second), 400);
	EXPECT_INT(its("GET", NULL, "blockdevices/%d/", second), 200);
	EXPECT_STR(word("used_for"), "GPT partitioned with 2 partitions");
	EXPECT_INT(number("available_size"), 0);
	EXPECT_INT(
	    its("GET", NULL, "blockdevices/%d/partition/%d", second, one), 200);
	EXPECT_INT(
	    its("DELETE", NULL, "blockdevices/%d/partition/%d", second, one),
	    204);
	EXPECT_INT(
	    its("GET", NULL, "blockdevices/%d/partition/%d", second, one), 404);
	EXPECT_INT(
	    its("GET", NULL, "blockdevices/%d/partitions/", second), 200);
	EXPECT_INT(json_array_size(lab.body), 1);
	lab_close(&lab);
}

static int on_part(int part, const char *op, const char *form)
{
	return its("POST", form, "blockdevices/%d/partition/%d?op=%s", second,
	    part, op);
}

TEST(a_partition_is_formatted_then_mounted_and_back)
{
	int part;

	a_site();
	part = partition_of(second, "");
	EXPECT_INT(on_part(part, "mount", "mount_point=/srv"), 400);
	EXPECT_HAS(word("__all__[0]"), "Cannot mount an unformatted");
	EXPECT_INT(on_part(part, "format", "fstype=ntfs"), 400);
	EXPECT_HAS(word("fstype[0]"), "Select a valid choice. ntfs");
	EXPECT_INT(on_part(part, "format", "fstype=ext4&label=data"), 200);
	EXPECT_STR(word("filesystem.label"), "data");
	EXPECT_STR(word("used_for"), "Unmounted ext4 formatted filesystem");
	EXPECT_INT(on_part(part, "mount", "mount_point=srv"), 400);
	EXPECT_INT(on_part(part, "mount", "mount_point=/"), 400);
	EXPECT_HAS(word("__all__[0]"), "already mounted at /.");
	EXPECT_INT(
	    on_part(part, "mount", "mount_point=/srv&mount_options=noatime"),
	    200);
	EXPECT_STR(
	    word("used_for"), "ext4 formatted filesystem mounted at /srv");
	EXPECT_STR(word("filesystem.mount_options"), "noatime");
	EXPECT_INT(on_part(part, "unformat", ""), 400);
	EXPECT_INT(on_part(part, "unmount", ""), 200);
	EXPECT_INT(on_part(part, "unmount", ""), 400);
	EXPECT_STR(lab_text(&lab), "Filesystem is already unmounted.");
	EXPECT_INT(on_part(part, "unformat", ""), 200);
	EXPECT_INT(on_part(part, "unformat", ""), 400);
	EXPECT_STR(lab_text(&lab), "Partition is not formatted.");
	lab_close(&lab);
}

TEST(tags_of_a_partition_stay_until_they_are_removed)
{
	int part;

	a_site();
	part = partition_of(second, "");
	EXPECT_INT(on_part(part, "add_tag", "tag=a"), 200);
	EXPECT_INT(on_part(part, "add_tag", ""), 400);
	EXPECT_INT(
	    its("GET", NULL, "blockdevices/%d/partition/sdb-part1", second),
	    200);
	EXPECT_STR(word("tags[0]"), "a");
	EXPECT_INT(on_part(part, "remove_tag", "tag=a"), 200);
	EXPECT_INT(jlen(lab.body, "tags"), 0);
	lab_close(&lab);
}

TEST(a_whole_drive_can_hold_a_filesystem_or_partitions_but_not_both)
{
	a_site();
	EXPECT_INT(
	    its("POST", "fstype=xfs", "blockdevices/%d/?op=format", second),
	    200);
	EXPECT_INT(jint(lab.body, "used_size"), 100000000000);
	EXPECT_INT(its("POST", "", "blockdevices/%d/partitions/", second), 400);
	EXPECT_INT(
	    its("POST", "fstype=xfs", "blockdevices/%d/?op=format", first),
	    400);
	EXPECT_HAS(word("__all__[0]"), "with a partition table");
	EXPECT_INT(
	    its("POST", "mount_point=/x", "blockdevices/%d/?op=mount", second),
	    200);
	EXPECT_INT(its("POST", "", "blockdevices/%d/?op=unmount", second), 200);
	EXPECT_INT(
	    its("POST", "", "blockdevices/%d/?op=unformat", second), 200);
	EXPECT_STR(word("used_for"), "Unused");
	lab_close(&lab);
}

TEST(an_owner_works_on_a_copy_that_ends_with_the_release)
{
	a_site();
	EXPECT_INT(
	    its("POST", "fstype=xfs", "blockdevices/%d/?op=format", second),
	    200);
	lab_as(&lab, "bob", false);
	EXPECT_INT(
	    its("POST", "mount_point=/x", "blockdevices/%d/?op=mount", second),
	    403);
	EXPECT_HAS(lab_text(&lab), "permissions on a Ready machine");
	EXPECT_INT(
	    machine_op(id, "mount_special", "fstype=ramfs&mount_point=/r"),
	    200);
	EXPECT_INT(machine_op(id, "unmount_special", "mount_point=/r"), 200);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/?op=allocate", ""), 200);
	EXPECT_INT(
	    its("POST", "mount_point=/x", "blockdevices/%d/?op=mount", second),
	    200);
	EXPECT_STR(word("filesystem.mount_point"), "/x");
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	minutes(10);
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_INT(its("GET", NULL, "blockdevices/%d/", second), 200);
	EXPECT_STR(word("filesystem.fstype"), "xfs");
	EXPECT_STR(word("filesystem.mount_point"), "");
	lab_close(&lab);
}

TEST(without_a_root_nothing_deploys)
{
	a_site();
	EXPECT_INT(
	    machine_op(id, "set_storage_layout", "storage_layout=blank"), 200);
	EXPECT_INT(machine_op(id, "deploy", NULL), 400);
	EXPECT_HAS(word("storage[0]"), "Mount the root '/' filesystem");
	lab_close(&lab);
}

/* ---- volume groups ---- */

TEST(a_volume_group_is_cut_into_volumes_as_long_as_there_is_room)
{
	int group, volume;
	char form[80];

	a_site();
	snprintf(form, sizeof(form),
	    "name=vg0&block_devices=%d&block_devices=sdc", second);
	EXPECT_INT(its("POST", form, "volume-groups/"), 200);
	group = number("id");
	EXPECT_INT(jlen(lab.body, "devices"), 2);
	EXPECT_STR(word("human_size"), "200.0 GB");
	EXPECT_INT(its("POST", "name=data&size=150G",
	               "volume-group/%d/?op=create_logical_volume", group),
	    200);
	volume = number("id");
	EXPECT_STR(word("name"), "vg0-data");
	EXPECT_STR(word("type"), "virtual");
	EXPECT_INT(its("POST", "name=more&size=100G",
	               "volume-group/%d/?op=create_logical_volume", group),
	    400);
	EXPECT_HAS(word("size[0]"), "Ensure this value is less than or equal");
	EXPECT_INT(its("DELETE", NULL, "volume-group/%d/", group), 400);
	EXPECT_HAS(lab_text(&lab), "has logical volumes");
	EXPECT_INT(
	    its("PUT", "remove_block_devices=sdc", "volume-group/vg0/"), 400);
	EXPECT_HAS(
	    word("__all__[0]"), "cannot be smaller than its logical volumes");
	EXPECT_INT(its("DELETE", NULL, "blockdevices/%d/", second), 400);
	EXPECT_STR(lab_text(&lab),
	    "Cannot delete block device because its part of a volume group.");
	snprintf(form, sizeof(form), "id=%d", volume);
	EXPECT_INT(its("POST", form,
	               "volume-group/%d/?op=delete_logical_volume", group),
	    204);
	EXPECT_INT(
	    its("PUT", "remove_block_devices=sdc&name=v", "volume-group/vg0/"),
	    200);
	EXPECT_STR(word("human_available_size"), "100.0 GB");
	EXPECT_INT(its("DELETE", NULL, "volume-group/v/"), 204);
	EXPECT_INT(its("GET", NULL, "blockdevices/%d/", second), 200);
	EXPECT_STR(word("used_for"), "Unused");
	lab_close(&lab);
}

TEST(a_machine_names_what_it_is_made_of)
{
	a_site();
	EXPECT_INT(
	    its("POST", "name=vg0&block_devices=sdb", "volume-groups/"), 200);
	status_of(id);
	EXPECT_INT(jlen(lab.body, "volume_groups"), 1);
	EXPECT(jbool(lab.body, "volume_groups[0].__incomplete__"));
	EXPECT_INT(its("GET", NULL, "volume-groups/"), 200);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_INT(
	    its("POST", "name=vg1&block_devices=sdb", "volume-groups/"), 400);
	EXPECT_HAS(word("block_devices[0]"), "sdb is not one of");
	EXPECT_INT(its("POST", "name=vg1", "volume-groups/"), 400);
	EXPECT_INT(its("GET", NULL, "volume-group/99/"), 404);
	EXPECT_STR(lab_text(&lab), "No VolumeGroup matches the given query.");
	lab_close(&lab);
}

/* ---- RAIDs ---- */

TEST(a_raid_has_the_size_of_its_level)
{
	a_site();
	another_drive("sdd", "100G");
	EXPECT_INT(
	    its("POST", "level=raid-5&block_devices=sdb&block_devices=sdc",
	        "raids/"),
	    400);
	EXPECT_HAS(word("__all__[0]"), "RAID level 5 must have at least 3");
	EXPECT_INT(its("POST",
	               "level=raid-1&block_devices=sdb&block_devices=sdc&"
	               "spare_devices=sdd",
	               "raids/"),
	    200);
	EXPECT_STR(word("name"), "md0");
	EXPECT_INT(jint(lab.body, "size"), 100000000000 - 131072);
	EXPECT_INT(jlen(lab.body, "spare_devices"), 1);
	EXPECT_STR(word("virtual_device.name"), "md0");
	EXPECT_INT(its("GET", NULL, "blockdevices/sdd/"), 200);
	EXPECT_STR(word("used_for"), "Spare raid-1 device for md0");
	EXPECT_INT(its("PUT", "remove_block_devices=sdb", "raid/md0/"), 400);
	EXPECT_INT(
	    its("PUT", "remove_spare_devices=sdd&name=r", "raid/md0/"), 200);
	EXPECT_INT(jlen(lab.body, "spare_devices"), 0);
	EXPECT_STR(word("virtual_device.name"), "r");
	EXPECT_INT(its("GET", NULL, "raids/"), 200);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_INT(its("DELETE", NULL, "blockdevices/r/"), 204);
	EXPECT_INT(its("GET", NULL, "raid/r/"), 404);
	EXPECT_INT(its("GET", NULL, "blockdevices/%d/", third), 200);
	EXPECT_STR(word("used_for"), "Unused");
	lab_close(&lab);
}

TEST(what_is_built_on_a_raid_falls_with_it)
{
	a_site();
	EXPECT_INT(
	    its("POST", "level=raid-0&block_devices=sdb&block_devices=sdc",
	        "raids/"),
	    200);
	EXPECT_INT(
	    its("POST", "name=vg0&block_devices=md0", "volume-groups/"), 200);
	EXPECT_INT(
	    its("POST", "name=a", "volume-group/vg0/?op=create_logical_volume"),
	    200);
	EXPECT_INT(its("DELETE", NULL, "raid/md0/"), 204);
	EXPECT_INT(its("GET", NULL, "volume-groups/"), 200);
	EXPECT_INT(json_array_size(lab.body), 0);
	EXPECT_INT(its("GET", NULL, "blockdevices/"), 200);
	EXPECT_INT(json_array_size(lab.body), 3);
	lab_close(&lab);
}

/* ---- bcaches ---- */

TEST(a_bcache_needs_a_cache_set_that_then_cannot_go)
{
	a_site();
	EXPECT_INT(its("POST", "", "bcache-cache-sets/"), 400);
	EXPECT_INT(its("POST", "cache_device=sdb", "bcache-cache-sets/"), 200);
	EXPECT_STR(word("name"), "cache0");
	EXPECT_STR(word("cache_device.name"), "sdb");
	EXPECT_INT(
	    its("POST", "cache_set=cache0&backing_device=sdc&cache_mode=fast",
	        "bcaches/"),
	    400);
	EXPECT_INT(its("POST",
	               "cache_set=cache0&backing_device=sdc&"
	               "cache_mode=writeback",
	               "bcaches/"),
	    200);
	EXPECT_STR(word("name"), "bcache0");
	EXPECT_STR(word("backing_device.name"), "sdc");
	EXPECT_STR(word("virtual_device.name"), "bcache0");
	EXPECT_INT(
	    its("PUT", "cache_mode=writearound", "bcache/bcache0/"), 200);
	EXPECT_STR(word("cache_mode"), "writearound");
	EXPECT_INT(its("DELETE", NULL, "bcache-cache-set/cache0/"), 400);
	EXPECT_HAS(lab_text(&lab), "currently in use");
	EXPECT_INT(its("DELETE", NULL, "bcache/bcache0/"), 204);
	EXPECT_INT(
	    its("PUT", "cache_device=sdc", "bcache-cache-set/cache0/"), 200);
	EXPECT_STR(word("cache_device.name"), "sdc");
	EXPECT_INT(its("DELETE", NULL, "bcache-cache-set/cache0/"), 204);
	EXPECT_INT(its("GET", NULL, "bcache-cache-set/cache0/"), 404);
	lab_close(&lab);
}

/* ---- layouts ---- */

static void lay(const char *form)
{
	if (machine_op(id, "set_storage_layout", form) != 200)
		test_failed(__FILE__, __LINE__, "%s: %s", form, lab_text(&lab));
}

TEST(a_layout_replaces_all_that_was_there)
{
	a_site();
	EXPECT_INT(
	    its("POST", "name=vg0&block_devices=sdb", "volume-groups/"), 200);
	lay("storage_layout=lvm&lv_size=100G");
	EXPECT_INT(jlen(lab.body, "volume_groups"), 1);
	EXPECT_INT(its("GET", NULL, "blockdevices/vgroot-lvroot/"), 200);
	EXPECT_STR(word("filesystem.mount_point"), "/");
	lay("storage_layout=bcache");
	EXPECT_INT(jlen(lab.body, "volume_groups"), 0);
	lay("storage_layout=flat&boot_size=1G");
	EXPECT_INT(jlen(lab.body, "boot_disk.partitions"), 3);
	EXPECT_INT(jlen(lab.body, "virtualblockdevice_set"), 0);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	lab_close(&lab);
}

TEST(a_bcache_layout_puts_the_root_on_the_cached_device)
{
	a_site();
	EXPECT_INT(
	    its("POST", "tag=ssd", "blockdevices/%d/?op=add_tag", second), 200);
	lay("storage_layout=bcache&cache_mode=writeback");
	EXPECT_INT(jlen(lab.body, "bcaches"), 1);
	EXPECT_INT(jlen(lab.body, "cache_sets"), 1);
	EXPECT_INT(its("GET", NULL, "blockdevices/bcache0/"), 200);
	EXPECT_STR(word("filesystem.mount_point"), "/");
	lab_close(&lab);
}

TEST(a_layout_that_cannot_be_is_refused_and_changes_nothing)
{
	a_site();
	EXPECT_INT(machine_op(id, "set_storage_layout", ""), 400);
	EXPECT_STR(word("storage_layout[0]"), "This field is required.");
	EXPECT_INT(
	    machine_op(id, "set_storage_layout", "storage_layout=zfs"), 400);
	EXPECT_HAS(word("storage_layout[0]"), "'zfs' is not a valid");
	EXPECT_INT(machine_op(id, "set_storage_layout",
	               "storage_layout=flat&root_size=1T"),
	    400);
	EXPECT_HAS(word("root_size[0]"), "Size is too large");
	status_of(id);
	EXPECT_INT(jlen(lab.body, "boot_disk.partitions"), 2);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	EXPECT_INT(
	    machine_op(id, "set_storage_layout", "storage_layout=flat"), 409);
	lab_close(&lab);
}

TEST(datastores_need_a_vmware_layout)
{
	a_site();
	EXPECT_INT(
	    its("POST", "name=d2&block_devices=sdb", "vmfs-datastores/"), 400);
	EXPECT_HAS(word("VMFS[0]"), "only be created after the VMFS6");
	lay("storage_layout=vmfs6");
	EXPECT_INT(its("GET", NULL, "vmfs-datastores/"), 200);
	EXPECT_STR(word("[0].name"), "datastore1");
	EXPECT_INT(
	    its("POST", "name=d2&block_devices=sdb", "vmfs-datastores/"), 200);
	EXPECT_STR(word("filesystem.mount_point"), "/vmfs/volumes/d2");
	EXPECT_INT(
	    its("PUT", "add_block_devices=sdc", "vmfs-datastore/d2/"), 200);
	EXPECT_INT(jlen(lab.body, "devices"), 2);
	EXPECT_INT(its("DELETE", NULL, "vmfs-datastore/d2/"), 204);
	EXPECT_INT(
	    its("DELETE", NULL, "blockdevices/%d/partition/sda-part1", first),
	    400);
	EXPECT_HAS(lab_text(&lab), "VMware ESXi partitions may not be removed");
	lab_close(&lab);
}

/* ---- of the machine itself ---- */

TEST(a_tmpfs_is_mounted_on_the_machine_itself)
{
	a_site();
	EXPECT_INT(
	    machine_op(id, "mount_special", "fstype=ext4&mount_point=/t"), 400);
	EXPECT_INT(
	    machine_op(id, "mount_special", "fstype=tmpfs&mount_point=/t"),
	    200);
	EXPECT_STR(word("special_filesystems[0].mount_point"), "/t");
	EXPECT_INT(machine_op(id, "unmount_special", "mount_point=/u"), 400);
	EXPECT_STR(word("mount_point[0]"),
	    "No special filesystem is mounted at this path.");
	EXPECT_INT(machine_op(id, "unmount_special", "mount_point=/t"), 200);
	EXPECT_INT(jlen(lab.body, "special_filesystems"), 0);
	lab_close(&lab);
}

TEST(a_machine_can_be_put_back_to_how_it_was_found)
{
	a_site();
	lay("storage_layout=blank");
	EXPECT_INT(machine_op(id, "restore_storage_configuration", NULL), 200);
	EXPECT_INT(jlen(lab.body, "boot_disk.partitions"), 2);
	EXPECT_INT(
	    its("POST", "name=br0&parent=1", "interfaces/?op=create_bridge"),
	    200);
	EXPECT_INT(
	    machine_op(id, "restore_networking_configuration", NULL), 200);
	EXPECT_INT(jlen(lab.body, "interface_set"), 1);
	EXPECT_STR(word("interface_set[0].links[0].mode"), "auto");
	lay("storage_layout=blank");
	EXPECT_INT(machine_op(id, "restore_default_configuration", NULL), 200);
	EXPECT_INT(jlen(lab.body, "boot_disk.partitions"), 2);
	EXPECT_INT(machine_op(id, "clear_default_gateways", NULL), 200);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	EXPECT_INT(machine_op(id, "restore_default_configuration", NULL), 409);
	EXPECT_STR(lab_text(&lab),
	    "Machine must be in a ready or failed testing state to restore "
	    "default networking and storage configuration.");
	lab_as(&lab, "bob", false);
	EXPECT_INT(machine_op(id, "restore_storage_configuration", NULL), 403);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_drive_can_be_put_in_renamed_tagged_and_taken_out),
    CASE(a_drive_needs_a_name_sizes_and_something_to_tell_it_by),
    CASE(the_boot_disk_is_the_one_that_was_chosen),
    CASE(of_a_deployed_machine_only_the_names_of_a_disk_change),
    CASE(partitions_fill_a_drive_until_it_is_full),
    CASE(a_partition_is_formatted_then_mounted_and_back),
    CASE(tags_of_a_partition_stay_until_they_are_removed),
    CASE(a_whole_drive_can_hold_a_filesystem_or_partitions_but_not_both),
    CASE(an_owner_works_on_a_copy_that_ends_with_the_release),
    CASE(without_a_root_nothing_deploys),
    CASE(a_volume_group_is_cut_into_volumes_as_long_as_there_is_room),
    CASE(a_machine_names_what_it_is_made_of),
    CASE(a_raid_has_the_size_of_its_level),
    CASE(what_is_built_on_a_raid_falls_with_it),
    CASE(a_bcache_needs_a_cache_set_that_then_cannot_go),
    CASE(a_layout_replaces_all_that_was_there),
    CASE(a_bcache_layout_puts_the_root_on_the_cached_device),
    CASE(a_layout_that_cannot_be_is_refused_and_changes_nothing),
    CASE(datastores_need_a_vmware_layout),
    CASE(a_tmpfs_is_mounted_on_the_machine_itself),
    CASE(a_machine_can_be_put_back_to_how_it_was_found), TESTS_END
