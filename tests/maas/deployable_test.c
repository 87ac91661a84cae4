#include <stdio.h>

#include "base/json.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/images.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* What keeps a machine from being deployed: no network that it shares with the
 * rack, and disks that the system cannot start from. */

static const char *id;

static int does(const char *method, const char *path, const char *form)
{
	return asks_of(id, method, path, form);
}

static void lay(const char *form)
{
	EXPECT_INT(machine_op(id, "set_storage_layout", form), 200);
}

static void refused(const char *form, const char *field, const char *sentence)
{
	EXPECT_INT(machine_op(id, "deploy", form), 400);
	EXPECT_STR(word(field), sentence);
	EXPECT_STR(status_of(id), "Ready");
}

static void a_site(const struct maas_options *options)
{
	a_lab(options, NULL);
	maas_image_make(lab.maas, "centos/centos8", NULL);
	maas_image_make(lab.maas, "custom/own", NULL);
	id = a_machine(NULL);
}

#define NO_FAMILY "Node has no address family in common with the server"
#define NO_LINK   "Node must be configured to use a network"

TEST(an_interface_that_is_only_up_is_no_network)
{
	a_site(NULL);
	EXPECT_INT(does("POST", "interfaces/eth0/?op=link_subnet",
	               "mode=link_up&subnet=1&force=true"),
	    200);
	refused("", "network[0]", NO_LINK);
	EXPECT_INT(does("POST", "interfaces/eth0/?op=disconnect", ""), 200);
	refused("", "network[0]", NO_LINK);
	lab_close(&lab);
}

/* A rack that serves the VLAN, and has an address in its subnet. */
static void a_rack(struct subnet *subnet)
{
	struct node *rack = maas_node_make(lab.maas, NODE_RACK, NULL);
	struct address *address = maas_address_make(
	    lab.maas, ALLOC_STICKY, subnet);

	maas_address_give(address,
	    maas_iface_make(rack, "eth0", "physical", "52:54:00:99:00:01"));
	rack->connected = true;
	subnet->vlan->dhcp_on = true;
	subnet->vlan->primary_rack = rack;
}

TEST(a_machine_has_to_speak_what_its_rack_speaks)
{
	a_site(NULL);
	a_rack(lab.maas->subnets.items[0]);
	EXPECT_INT(
	    asks("POST", "subnets/", "cidr=fd00:7::/64&vlan=1&name=six"), 200);
	EXPECT_INT(does("POST", "interfaces/eth0/?op=disconnect", ""), 200);
	EXPECT_INT(does("POST", "interfaces/eth0/?op=link_subnet",
	               "mode=auto&subnet=six"),
	    200);
	refused("", "network[0]", NO_FAMILY);
	EXPECT_INT(does("POST", "interfaces/eth0/?op=link_subnet",
	               "mode=link_up&force=true"),
	    200);
	refused("", "network[0]", NO_FAMILY);
	EXPECT_INT(does("POST", "interfaces/eth0/?op=link_subnet",
	               "mode=auto&subnet=1"),
	    200);
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	lab_close(&lab);
}

TEST(other_systems_than_linux_bring_their_own_root)
{
	a_site(NULL);
	lay("storage_layout=blank");
	refused("distro_series=centos8", "storage[0]",
	    "Mount the root '/' filesystem to be able to deploy this node.");
	EXPECT_INT(machine_op(id, "deploy", "distro_series=custom/own"), 200);
	lab_close(&lab);
}

static void a_bcache(void)
{
	EXPECT_INT(does("POST", "blockdevices/",
	               "name=sdb&size=100G&block_size=512&id_path=/dev/sdb"),
	    200);
	EXPECT_INT(
	    does("POST", "blockdevices/sdb/?op=add_tag", "tag=ssd"), 200);
	lay("storage_layout=bcache&boot_size=1G");
	EXPECT_INT(jlen(lab.body, "bcaches"), 1);
}

TEST(nothing_boots_from_a_bcache_and_centos_knows_none)
{
	char path[80];

	a_site(NULL);
	a_bcache();
	refused("distro_series=centos8", "storage[0]",
	    "This node cannot be deployed because the selected deployment "
	    "OS, centos, does not support Bcache.");
	snprintf(path, sizeof(path), "blockdevices/sda/partition/%d?op=unmount",
	    number("boot_disk.partitions[0].id"));
	EXPECT_STR(word("boot_disk.partitions[0].filesystem.mount_point"),
	    "/boot/efi");
	snprintf(path, sizeof(path), "blockdevices/sda/partition/%d?op=unmount",
	    number("boot_disk.partitions[1].id"));
	EXPECT_INT(does("POST", path, ""), 200);
	refused("", "storage[0]",
	    "This node cannot be deployed because it cannot boot from a "
	    "bcache volume. Mount /boot on a non-bcache device to be able to "
	    "deploy this node.");
	lab_close(&lab);
}

TEST(a_layout_for_vmware_is_for_vmware_only)
{
	a_site(NULL);
	lay("storage_layout=vmfs6");
	EXPECT_INT(machine_op(id, "deploy", ""), 400);
	EXPECT_INT(jlen(lab.body, "storage"), 2);
	EXPECT_STR(word("storage[1]"),
	    "This node cannot be deployed because the selected deployment "
	    "OS, ubuntu, does not support VMFS6.");
	lab_close(&lab);
}

TEST(a_machine_without_disks_has_its_system_in_memory)
{
	a_site(NULL);
	lay("storage_layout=blank");
	EXPECT_INT(does("DELETE", "blockdevices/sda/", NULL), 204);
	refused("install_kvm=true", "", "");
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	EXPECT(!jbool(lab.body, "ephemeral_deploy"));
	minutes(20);
	EXPECT_STR(status_of(id), "Deployed");
	lab_close(&lab);
}

TEST(a_small_disk_is_nothing_to_boot_from)
{
	a_site(NULL);
	lay("storage_layout=blank");
	EXPECT_INT(does("DELETE", "blockdevices/sda/", NULL), 204);
	EXPECT_INT(does("POST", "blockdevices/",
	               "name=sdb&size=100M&block_size=512&id_path=/dev/sdb"),
	    200);
	EXPECT_INT(machine_op(id, "deploy", ""), 400);
	EXPECT_STR(word("storage[0]"),
	    "Specify a storage device to be able to deploy this node.");
	EXPECT_INT(jlen(lab.body, "storage"), 2);
	lab_close(&lab);
}

TEST(some_images_are_for_disks_only)
{
	struct maas_options options = { .version = "3.5.10" };

	a_site(&options);
	EXPECT_INT(machine_op(id, "deploy",
	               "distro_series=centos8&ephemeral_deploy=true"),
	    400);
	EXPECT_STR(buf_text(&lab.answer.body),
	    "Deployment to memory not supported for centos/centos8 on "
	    "amd64/generic");
	EXPECT_INT(machine_op(id, "deploy",
	               "distro_series=custom/own&ephemeral_deploy=true"),
	    200);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(an_interface_that_is_only_up_is_no_network),
    CASE(a_machine_has_to_speak_what_its_rack_speaks),
    CASE(other_systems_than_linux_bring_their_own_root),
    CASE(nothing_boots_from_a_bcache_and_centos_knows_none),
    CASE(a_layout_for_vmware_is_for_vmware_only),
    CASE(a_machine_without_disks_has_its_system_in_memory),
    CASE(a_small_disk_is_nothing_to_boot_from),
    CASE(some_images_are_for_disks_only), TESTS_END
