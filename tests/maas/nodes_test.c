#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* VM hosts and what is composed on them; copies of layouts; neighbours, cards,
 * kept addresses; devices and controllers. */

/* ---- VM hosts ---- */

#define HOST "type=lxd&power_address=10.0.0.50"

static void a_vm_host(void)
{
	a_lab(NULL, NULL);
	EXPECT(happens("{\"step\": \"vm-host-listens\", \"type\": \"lxd\","
	               " \"power_address\": \"10.0.0.50\", \"cores\": 8,"
	               " \"memory\": 16384, \"local_storage\": 100000000000}"));
	EXPECT_INT(asks("POST", "vm-hosts/", HOST "&name=vmh"), 200);
}

TEST(only_a_host_that_listens_can_be_made_known)
{
	a_vm_host();
	EXPECT_STR(word("name"), "vmh");
	EXPECT_INT(number("available.cores"), 8);
	EXPECT_INT(
	    asks("POST", "vm-hosts/", "type=lxd&power_address=10.0.0.51"), 503);
	EXPECT_INT(asks("POST", "vm-hosts/", HOST "&zone=nowhere"), 400);
	EXPECT_HAS(word("zone[0]"), "Select a valid choice");
	lab_close(&lab);
}

TEST(a_host_that_is_not_there_is_missed_in_two_ways)
{
	static const struct row rows[] = {
		{ "GET", "vm-hosts/99/", NULL, 404, "Not Found" },
		{ "GET", "pods/99/", NULL, 404, "Not Found" },
		{ "GET", "vm-hosts/x/", NULL, 500,
		    "Field 'id' expected a number but got 'x'." },
		{ "GET", "vm-hosts/99/?op=parameters", NULL, 404,
		    "No Pod matches the given query." },
		{ "PUT", "pods/99/", "name=x", 404,
		    "No Pod matches the given query." },
		{ "DELETE", "vm-hosts/99/", NULL, 404,
		    "No Pod matches the given query." },
		{ "POST", "vm-hosts/99/?op=add_tag", "tag=a,b", 400,
		    "Tag may not contain a \",\"." },
		{ "POST", "vm-hosts/99/?op=add_tag", "tag=a", 404,
		    "No Pod matches the given query." },
		{ "POST", "vm-hosts/x/?op=refresh", "", 500,
		    "Field 'id' expected a number but got 'x'." },
	};

	a_vm_host();
	HOLD(rows);
	lab_close(&lab);
}

TEST(a_composed_machine_takes_its_share_until_it_is_deleted)
{
	char *id, *path;

	a_vm_host();
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose",
	               "cores=2&memory=4096&hostname=vm1&"
	               "storage=root:20,data:10(pool1)"),
	    200);
	id = xstrdup(word("system_id"));
	EXPECT_STR(status_of(id), "Commissioning");
	minutes(10);
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_STR(word("hostname"), "vm1");
	EXPECT_INT(number("memory"), 4096);
	EXPECT_INT(jlen(lab.body, "physicalblockdevice_set"), 2);
	EXPECT_STR(word("pod.name"), "vmh");
	EXPECT_STR(word("interface_set[0].links[0].mode"), "auto");
	EXPECT_INT(asks("GET", "vm-hosts/1/", NULL), 200);
	EXPECT_INT(number("used.cores"), 2);
	EXPECT_INT(number("available.memory"), 12288);
	EXPECT_INT(jint(lab.body, "used.local_storage"), 30000000000);
	EXPECT_INT(asks("GET", "machines/?pod=vmh", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_INT(asks("GET", "machines/?not_pod_type=lxd", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 0);
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "cores=9"), 400);
	EXPECT_STR(
	    word("cores[0]"), "Ensure this value is less than or equal to 8.");
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "cores=7"), 503);
	EXPECT_STR(lab_text(&lab),
	    "Unable to compose KVM instance in 'vmh'. CPU overcommit ratio is "
	    "1.0 and there are 6 available resources; 7 requested.");
	EXPECT_INT(
	    asks("POST", "vm-hosts/1/?op=compose", "storage=root:90"), 400);
	EXPECT_HAS(word("storage[0]"), "not enough space left");
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "hostname=vm1"), 400);
	path = xasprintf("machines/%s/", id);
	EXPECT_INT(asks("DELETE", path, NULL), 204);
	EXPECT_INT(asks("GET", "vm-hosts/1/", NULL), 200);
	EXPECT_INT(number("used.cores"), 0);
	free(path);
	free(id);
	lab_close(&lab);
}

TEST(a_composed_machine_deploys_like_any_other)
{
	char *id;

	a_vm_host();
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "cores=1"), 200);
	id = xstrdup(word("system_id"));
	minutes(10);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	minutes(20);
	EXPECT_STR(status_of(id), "Deployed");
	free(id);
	lab_close(&lab);
}

TEST(an_allocation_that_nobody_fits_gets_a_machine_of_its_own)
{
	static const struct row none[] = {
		{ "POST", "machines/?op=allocate", "cpu_count=9", 409,
		    "No available machine matches constraints: [('cpu_count', "
		    "['9'])] (resolved to \"cpu_count=9.0\")" },
		{ "POST", "machines/?op=allocate", "system_id=zzzzzz", 409,
		    "No machine with system ID zzzzzz available." },
		{ "POST", "machines/?op=allocate", "not_pod=vmh", 409, NULL },
		{ "POST", "machines/?op=allocate", "pod_type=virsh", 409,
		    NULL },
		{ "POST", "machines/?op=allocate", "storage=root:101", 409,
		    NULL },
		{ "POST", "machines/?op=allocate", "interfaces=e:name=eth0",
		    409, NULL },
	};
	char *id;

	a_vm_host();
	HOLD(none);
	EXPECT_INT(asks("POST", "machines/?op=allocate",
	               "cpu_count=2&mem=4096&storage=root:20&pod=vmh"),
	    200);
	id = xstrdup(word("system_id"));
	EXPECT_STR(word("status_name"), "Allocated");
	EXPECT_STR(word("pod.name"), "vmh");
	EXPECT_STR(word("pod.resource_uri"), "/MAAS/api/2.0/pods/1/");
	EXPECT_INT(jlen(lab.body, "constraints_by_type.storage.root"), 1);
	EXPECT_INT(asks("GET", "vm-hosts/1/", NULL), 200);
	EXPECT_INT(number("available.cores"), 6);

	/* it goes with its allocation */
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_STR(word("status_name"), "Releasing");
	minutes(1);
	EXPECT_INT(asks_of(id, "GET", "", NULL), 404);
	EXPECT_INT(asks("GET", "vm-hosts/1/", NULL), 200);
	EXPECT_INT(number("available.cores"), 8);
	free(id);
	lab_close(&lab);
}

TEST(a_machine_of_its_own_is_deployed_and_goes_when_it_is_off)
{
	char *id;

	a_vm_host();
	EXPECT_INT(asks("POST", "machines/?op=allocate", "mem=4096"), 200);
	id = xstrdup(word("system_id"));
	EXPECT_INT(machine_op(id, "deploy", ""), 200);
	minutes(10);
	EXPECT_STR(status_of(id), "Deployed");
	EXPECT_INT(machine_op(id, "release", ""), 200);
	EXPECT_STR(status_of(id), "Releasing");
	minutes(10);
	EXPECT_INT(asks_of(id, "GET", "", NULL), 404);
	free(id);
	lab_close(&lab);
}

TEST(a_host_that_goes_takes_its_machines_only_if_asked_to)
{
	char *id;

	a_vm_host();
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", ""), 200);
	id = xstrdup(word("system_id"));
	minutes(10);
	EXPECT_INT(asks("DELETE", "vm-hosts/1/", NULL), 204);
	EXPECT_STR(status_of(id), "Ready");
	EXPECT(json_is_null(json_object_get(lab.body, "pod")));
	EXPECT_INT(asks("POST", "vm-hosts/", HOST), 200);
	EXPECT_INT(asks("POST", "vm-hosts/2/?op=compose", ""), 200);
	free(id);
	id = xstrdup(word("system_id"));
	EXPECT_INT(asks("DELETE", "vm-hosts/2/?decompose=true", NULL), 204);
	EXPECT_STR(status_of(id), "");
	free(id);
	lab_close(&lab);
}

TEST(a_host_that_was_never_asked_composes_nothing_before_a_refresh)
{
	a_lab(NULL, NULL);
	EXPECT(happens("{\"step\": \"vm-host-appears\", \"vm_host\": \"h\","
	               " \"type\": \"virsh\", \"power_address\": \"x\","
	               " \"cores\": 4, \"memory\": 8192,"
	               " \"local_storage\": 50000000000}"));
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "cores=1"), 400);
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=refresh", ""), 200);
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "cores=1"), 200);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("POST", "vm-hosts/1/?op=compose", "cores=1"), 403);
	lab_close(&lab);
}

#define COMPOSE "POST", "vm-hosts/1/?op=compose"
#define CHANGE  "PUT", "vm-hosts/1/"
#define NO_CHOICE                                                            \
	"[\"Select a valid choice. That choice is not one of the available " \
	"choices.\"]"

TEST(the_form_of_a_vm_host_judges_field_by_field)
{
	static const struct row rows[] = {
		{ CHANGE, "cpu_over_commit_ratio=11", 400,
		    "{\"cpu_over_commit_ratio\": [\"Ensure this value is less "
		    "than or equal to 10.\"]}" },
		{ CHANGE, "cpu_over_commit_ratio=-1", 400,
		    "{\"cpu_over_commit_ratio\": [\"Ensure this value is "
		    "greater than or equal to 0.\"]}" },
		{ CHANGE, "memory_over_commit_ratio=nan", 400,
		    "{\"memory_over_commit_ratio\": [\"Enter a number.\"]}" },
		{ CHANGE, "zone=1", 400, "{\"zone\": " NO_CHOICE "}" },
		{ CHANGE, "default_storage_pool=p", 400,
		    "{\"default_storage_pool\": " NO_CHOICE "}" },
		{ CHANGE, "default_macvlan_mode=zz", 400,
		    "{\"default_macvlan_mode\": [\"Select a valid choice. zz "
		    "is not one of the available choices.\"]}" },
		{ CHANGE, "type=virsh", 400,
		    "{\"type\": [\"Cannot change the type of a pod. Delete and "
		    "re-create the pod with a different type.\"]}" },
		{ CHANGE, "power_address=", 400,
		    "{\"power_address\": [\"This field is required.\"]}" },
		{ CHANGE, "tags=a,,b", 400,
		    "{\"tags\": [\"Item 2 in the array did not validate: This "
		    "field is required.\"]}" },
		{ "POST", "vm-hosts/1/?op=add_tag", "tag=a,b", 400,
		    "Tag may not contain a \",\"." },
		{ "POST", "vm-hosts/9/?op=add_tag", "", 400,
		    "No provided tag!" },
		{ "POST", "vm-hosts/", HOST "&name=vmh&power_address=", 400,
		    "{\"name\": [\"Pod with this Name already exists.\"]}" },
		{ "GET", "tags/pod-console-logging/", NULL, 200, NULL },
		{ CHANGE, "tags=a, b&default_macvlan_mode=vepa&name=", 200,
		    NULL },
	};

	a_vm_host();
	HOLD(rows);
	EXPECT_STR(word("tags[1]"), "b");
	EXPECT_STR(word("tags[2]"), "pod-console-logging");
	EXPECT_STR(word("default_macvlan_mode"), "vepa");
	EXPECT(*word("name") && strcmp(word("name"), "vmh") != 0);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("DELETE", "vm-hosts/9/", NULL), 403);
	EXPECT_STR(lab_text(&lab), "This method is reserved for admin users.");
	lab_close(&lab);
}

TEST(the_form_of_a_composition_judges_field_by_field)
{
	static const struct row rows[] = {
		{ COMPOSE, "cores=0&memory=1000", 400,
		    "{\"cores\": [\"Ensure this value is greater than or equal "
		    "to 1.\"], \"memory\": [\"Ensure this value is greater "
		    "than or equal to 1024.\"]}" },
		{ COMPOSE, "pinned_cores=1&pinned_cores=8", 400,
		    "{\"pinned_cores\": [\"Select a valid choice. 8 is not one "
		    "of the available choices.\"]}" },
		{ COMPOSE, "architecture=arm64/generic", 400,
		    "{\"architecture\": [\"Select a valid choice. "
		    "arm64/generic is not one of the available choices.\"]}" },
		{ COMPOSE, "cpu_speed=100", 400,
		    "{\"cpu_speed\": [\"Ensure this value is greater than or "
		    "equal to 300.\"]}" },
		{ COMPOSE, "domain=maas&zone=default&pool=default", 400,
		    "{\"domain\": " NO_CHOICE ", \"zone\": " NO_CHOICE
		    ", \"pool\": " NO_CHOICE "}" },
		{ COMPOSE, "storage=10(ssd,20", 400,
		    "{\"storage\": [\"Malformed storage constraint, "
		    "\\\"10(ssd,20\\\".\"]}" },
		{ COMPOSE, "interfaces=eth0:name=eth0", 400,
		    "Pod must be on a known host if interfaces are "
		    "specified." },
		{ COMPOSE,
		    "pinned_cores=0&pinned_cores=1&zone=1&"
		    "skip_commissioning=true&hostname=vm1",
		    200, NULL },
		{ COMPOSE, "hostname=vm1", 400,
		    "{\"hostname\": [\"Node with hostname \\\"vm1\\\" already "
		    "exists\"]}" },
		{ "GET", "machines/?hostname=vm1", NULL, 200, NULL },
	};

	a_vm_host();
	HOLD(rows);
	EXPECT_STR(word("[0].status_name"), "Ready");
	EXPECT_INT(number("[0].cpu_count"), 2);
	EXPECT_STR(word("[0].tag_names[0]"), "pod-console-logging");
	EXPECT_INT(jlen(lab.body, "[0].boot_disk.partitions"), 2);
	EXPECT_STR(word("[0].interface_set[0].links[0].mode"), "auto");
	lab_close(&lab);
}

/* ---- clones ---- */

static int laid_on(const char *from, const char *to, const char *what)
{
	char *form = xasprintf("source=%s&destinations=%s&%s", from, to, what);
	int status = asks("POST", "machines/?op=clone", form);

	free(form);
	return status;
}

TEST(a_clone_has_the_layout_and_the_interfaces_of_its_source)
{
	const char *from, *to;

	a_lab(NULL, NULL);
	from = a_machine(NULL);
	to = a_machine(NULL);
	EXPECT_INT(
	    machine_op(from, "set_storage_layout", "storage_layout=lvm"), 200);
	EXPECT_INT(asks_of(from, "POST", "interfaces/?op=create_bridge",
	               "name=br0&parent=1"),
	    200);
	EXPECT_INT(asks_of(from, "POST", "interfaces/br0/?op=link_subnet",
	               "mode=auto&subnet=1"),
	    200);
	EXPECT_INT(laid_on(from, to, "storage=true&interfaces=true"), 204);
	status_of(to);
	EXPECT_INT(jlen(lab.body, "volume_groups"), 1);
	EXPECT_INT(jlen(lab.body, "virtualblockdevice_set"), 1);
	EXPECT_STR(
	    word("virtualblockdevice_set[0].filesystem.mount_point"), "/");
	EXPECT_INT(jlen(lab.body, "interface_set"), 2);
	EXPECT_STR(word("interface_set[1].parents[0]"), "eth0");
	EXPECT_INT(machine_op(to, "deploy", NULL), 200);
	lab_close(&lab);
}

/* Refused, and what is wrong with the destinations; %s is the machine. */
static void not_laid(
    const char *from, const char *to, const char *what, const char *sentence)
{
	char *form = xasprintf("source=%s&destinations=%s&%s", from, to, what);

	EXPECT_INT(asks("POST", "machines/?op=clone", form), 400);
	EXPECT_STR(word("destinations[0]"), sentence);
	free(form);
}

TEST(a_clone_needs_room_and_somebody_else_to_be_laid_on)
{
	struct maas_machine_spec small = { .disk_gb = 100,
		.hostname = "small" };
	struct maas_machine_spec big = { .hostname = "big" };
	const char *from, *to;
	char *sentence;

	a_lab(NULL, NULL);
	from = a_machine(&big);
	to = a_machine(&small);
	sentence = xasprintf("%s (small.maas) is invalid: destination boot "
	                     "disk(sda) is smaller than source boot disk(sda)",
	    to);
	not_laid("big", "small", "storage=true", sentence);
	free(sentence);
	sentence = xasprintf("Source machine %s (big.maas) cannot be a "
	                     "destination machine.",
	    from);
	not_laid(from, from, "storage=1", sentence);
	free(sentence);
	not_laid(from, "small,,x", "storage=1",
	    "Machine 2 is invalid: Select a valid choice.  is not one of the "
	    "available choices.");
	EXPECT_INT(jlen(lab.body, "destinations"), 2);
	EXPECT_INT(laid_on(from, to, "storage=false"), 400);
	EXPECT_STR(
	    word("__all__[0]"), "Either storage or interfaces must be true.");
	EXPECT_INT(laid_on("nobody", to, "interfaces=true"), 400);
	EXPECT_STR(word("source[0]"),
	    "Select a valid choice. nobody is not one of the available "
	    "choices.");
	EXPECT_STR(word("source[1]"), "This field is required.");
	lab_as(&lab, "bob", false);
	sentence = xasprintf("Machine 1 is invalid: Select a valid choice. %s "
	                     "is not one of the available choices.",
	    to);
	not_laid(from, to, "interfaces=true", sentence);
	free(sentence);
	lab_close(&lab);
}

static void a_drive(const char *id, const char *name, const char *size)
{
	char *form = xasprintf(
	    "name=%s&size=%s&block_size=512&id_path=/dev/%s", name, size, name);

	EXPECT_INT(asks_of(id, "POST", "blockdevices/", form), 200);
	free(form);
}

TEST(a_clone_goes_on_the_disks_that_are_most_alike)
{
	const char *from, *to;

	a_lab(NULL, NULL);
	from = a_machine(NULL);
	to = a_machine(NULL);
	a_drive(from, "sdb", "10G");
	a_drive(from, "sdc", "20G");
	a_drive(to, "sdb", "20G");
	EXPECT_INT(laid_on(from, to, "storage=true"), 400);
	EXPECT_HAS(word("destinations[0]"),
	    "source node does not have enough physical block devices (2 < 3)");
	a_drive(to, "sdc", "15G");
	EXPECT_INT(
	    asks_of(from, "POST", "blockdevices/sdb/?op=format", "fstype=xfs"),
	    200);
	EXPECT_INT(laid_on(from, to, "storage=true"), 204);
	EXPECT_INT(asks_of(to, "GET", "blockdevices/sdc/", NULL), 200);
	EXPECT_STR(word("filesystem.fstype"), "xfs");
	a_drive(to, "sdd", "15G");
	EXPECT_INT(laid_on(from, to, "storage=true"), 400);
	EXPECT_HAS(word("destinations[0]"),
	    "1 destination node physical block devices do not match");
	lab_close(&lab);
}

TEST(a_clone_of_a_fixed_address_has_the_next_one)
{
	const char *from, *to;

	a_lab(NULL, NULL);
	from = a_machine(NULL);
	to = a_machine(NULL);
	EXPECT_INT(asks_of(from, "POST", "interfaces/eth0/?op=link_subnet",
	               "mode=static&subnet=1&ip_address=10.0.0.77"),
	    200);
	EXPECT_INT(laid_on(from, to, "interfaces=true"), 204);
	status_of(to);
	EXPECT_INT(jlen(lab.body, "interface_set[0].links"), 2);
	EXPECT_STR(word("interface_set[0].links[1].mode"), "static");
	EXPECT_HAS(word("interface_set[0].links[1].ip_address"), "10.0.0.");
	EXPECT_INT(machine_op(to, "deploy", NULL), 200);
	lab_close(&lab);
}

/* ---- neighbours ---- */

TEST(a_neighbour_is_known_until_it_is_cleared)
{
	char *path;

	a_lab(NULL, NULL);
	a_machine(NULL);
	EXPECT(happens("{\"step\": \"neighbour-seen\", \"ip\": \"10.0.0.77\","
	               " \"mac\": \"52:54:00:00:01:01\"}"));
	lab_wait(&lab, MINUTES(1));
	EXPECT(happens(
	    "{\"step\": \"neighbour-seen\", \"ip\": \"10.0.0.78\","
	    " \"mac\": \"aa:bb:cc:dd:ee:ff\", \"hostname\": \"printer\"}"));
	EXPECT_INT(asks("GET", "discovery/", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 2);
	EXPECT_STR(word("[0].hostname"), "printer");
	EXPECT_STR(word("[0].fabric_name"), "fabric-0");
	path = xasprintf("discovery/%s/", word("[0].discovery_id"));
	EXPECT_INT(asks("GET", path, NULL), 200);
	free(path);
	EXPECT_INT(asks("GET", "discovery/?op=by_unknown_mac", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 1);
	EXPECT_INT(asks("GET", "discovery/?op=by_unknown_ip", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 2);
	EXPECT_INT(asks("POST", "discovery/?op=scan", ""), 400);
	EXPECT_INT(asks("POST", "discovery/?op=scan", "force=true"), 200);
	EXPECT_INT(asks("POST", "discovery/?op=clear", ""), 400);
	EXPECT_INT(asks("POST", "discovery/?op=clear_by_mac_and_ip",
	               "ip=10.0.0.78&mac=aa:bb:cc:dd:ee:ff"),
	    204);
	EXPECT_INT(asks("POST", "discovery/?op=clear_by_mac_and_ip",
	               "ip=10.0.0.78&mac=aa:bb:cc:dd:ee:ff"),
	    410);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("POST", "discovery/?op=clear", "all=true"), 403);
	lab_as(&lab, "admin", true);
	EXPECT_INT(asks("POST", "discovery/?op=clear", "all=true"), 204);
	EXPECT_INT(asks("GET", "discovery/", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 0);
	lab_close(&lab);
}

/* ---- cards ---- */

TEST(a_card_that_was_deleted_is_found_again_by_commissioning)
{
	const char *id = a_lab_with_a_machine();
	char *path;

	EXPECT_INT(asks_of(id, "GET", "devices/", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 2);
	EXPECT_STR(word("[0].hardware_type_name"), "Network");
	path = xasprintf("devices/%d/", number("[0].id"));
	EXPECT_INT(asks_of(id, "DELETE", path, NULL), 204);
	EXPECT_INT(asks_of(id, "GET", path, NULL), 404);
	EXPECT_INT(
	    asks_of(id, "GET", "devices/?hardware_type=network", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 0);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	minutes(10);
	EXPECT_INT(asks_of(id, "GET", "devices/", NULL), 200);
	EXPECT_INT(json_array_size(lab.body), 2);
	free(path);
	lab_close(&lab);
}

/* ---- kept addresses ---- */

TEST(an_address_kept_for_a_mac_is_given_to_nobody_else)
{
	struct maas_options options = { .name = "maas/lab", .version = "3.6" };

	a_lab(&options, "10.9.0.0/29");
	EXPECT_INT(asks("POST", "reservedips/", "ip=10.9.0.1"), 400);
	EXPECT_STR(word("mac_address[0]"), "This field is required.");
	EXPECT_INT(asks("POST", "reservedips/",
	               "ip=10.9.0.7&mac_address=aa:bb:cc:dd:ee:ff"),
	    400);
	EXPECT_HAS(word("ip[0]"), "broadcast address");
	EXPECT_INT(asks("POST", "reservedips/",
	               "ip=10.9.0.1&mac_address=aa:bb:cc:dd:ee:ff"),
	    200);
	EXPECT_STR(word("subnet.cidr"), "10.9.0.0/29");
	EXPECT_INT(asks("POST", "ipaddresses/?op=reserve", "ip=10.9.0.1"), 409);
	EXPECT_INT(
	    asks("POST", "ipaddresses/?op=reserve", "subnet=10.9.0.0/29"), 200);
	EXPECT_STR(word("ip"), "10.9.0.2");
	EXPECT_INT(asks("PUT", "reservedips/1/", "comment=c"), 200);
	EXPECT_STR(word("comment"), "c");
	EXPECT_INT(asks("PUT", "reservedips/1/", "ip=10.9.0.3"), 400);
	EXPECT_HAS(word("__all__[0]"), "immutable");
	EXPECT_INT(asks("DELETE", "reservedips/1/", NULL), 204);
	EXPECT_INT(asks("POST", "ipaddresses/?op=reserve", "ip=10.9.0.1"), 200);
	lab_close(&lab);
	a_lab(NULL, NULL);
	EXPECT_INT(asks("GET", "reservedips/", NULL), 404);
	lab_close(&lab);
}

/* ---- devices and controllers ---- */

TEST(a_device_is_annotated_moved_and_put_back)
{
	char *id, *form, *path;

	a_lab(NULL, NULL);
	EXPECT_INT(asks("POST", "zones/", "name=z"), 200);
	EXPECT_INT(asks("POST", "devices/",
	               "hostname=d&mac_addresses=aa:bb:cc:dd:ee:01"),
	    200);
	id = xstrdup(word("system_id"));
	path = xasprintf("devices/%s/?op=set_workload_annotations", id);
	EXPECT_INT(asks("POST", path, "k=v"), 200);
	EXPECT_STR(word("owner_data.k"), "v");
	form = xasprintf("zone=z&nodes=%s", id);
	EXPECT_INT(asks("POST", "devices/?op=set_zone", form), 200);
	EXPECT_INT(asks("POST", "rackcontrollers/?op=set_zone", form), 200);
	EXPECT_INT(asks("POST", "nodes/?op=set_zone", form), 200);
	free(path);
	path = xasprintf("devices/%s/?op=restore_networking_configuration", id);
	EXPECT_INT(asks("POST", path, ""), 200);
	EXPECT_STR(word("zone.name"), "z");
	EXPECT_INT(jlen(lab.body, "interface_set[0].links"), 0);
	lab_as(&lab, "bob", false);
	EXPECT_INT(asks("POST", path, ""), 403);
	lab_as(&lab, NULL, false);
	EXPECT_INT(asks("POST", "machines/?op=accept", ""), 401);
	free(path);
	free(form);
	free(id);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(only_a_host_that_listens_can_be_made_known),
    CASE(a_host_that_is_not_there_is_missed_in_two_ways),
    CASE(a_composed_machine_takes_its_share_until_it_is_deleted),
    CASE(a_composed_machine_deploys_like_any_other),
    CASE(an_allocation_that_nobody_fits_gets_a_machine_of_its_own),
    CASE(a_machine_of_its_own_is_deployed_and_goes_when_it_is_off),
    CASE(a_host_that_goes_takes_its_machines_only_if_asked_to),
    CASE(a_host_that_was_never_asked_composes_nothing_before_a_refresh),
    CASE(the_form_of_a_vm_host_judges_field_by_field),
    CASE(the_form_of_a_composition_judges_field_by_field),
    CASE(a_clone_has_the_layout_and_the_interfaces_of_its_source),
    CASE(a_clone_needs_room_and_somebody_else_to_be_laid_on),
    CASE(a_clone_goes_on_the_disks_that_are_most_alike),
    CASE(a_clone_of_a_fixed_address_has_the_next_one),
    CASE(a_neighbour_is_known_until_it_is_cleared),
    CASE(a_card_that_was_deleted_is_found_again_by_commissioning),
    CASE(an_address_kept_for_a_mac_is_given_to_nobody_else),
    CASE(a_device_is_annotated_moved_and_put_back), TESTS_END
