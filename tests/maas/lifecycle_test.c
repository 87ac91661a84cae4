#include <stdio.h>

#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

static const char *id; /* of the last machine */

static void a_site_with(int machines)
{
	struct maas_machine_spec spec = { 0 };
	struct err err = { 0 };

	lab_open(&lab, NULL);
	EXPECT(maas_set_subnet(lab.maas, "10.0.0.0/24", "10.0.0.1", "10.0.0.1",
	    "10.0.0.2", "10.0.0.9", &err));
	maas_add_image(lab.maas, "ubuntu/jammy");
	for (int i = 0; i < machines; i++) {
		id = maas_add_machine(lab.maas, &spec);
		EXPECT(id);
	}
}

TEST(a_machine_is_allocated_deployed_and_released)
{
	a_site_with(1);
	EXPECT_INT(
	    lab_ask(&lab, "POST", "machines/?op=allocate", "agent_name=web.1"),
	    200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Allocated");
	EXPECT_STR(jstr(lab.body, "system_id"), id);
	EXPECT_INT(machine_op(id, "deploy", "user_data=aGVsbG8="), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Deploying");
	EXPECT_INT(jlen(lab.body, "ip_addresses"), 0);
	EXPECT_STR(status_of(id), "Deploying");
	EXPECT_INT(jlen(lab.body, "ip_addresses"), 1);
	EXPECT(!loop_quiet(lab.host.loop));
	lab_wait(&lab, MINUTES(15));
	EXPECT_STR(status_of(id), "Deployed");
	EXPECT_STR(jstr(lab.body, "power_state"), "on");
	EXPECT(loop_quiet(lab.host.loop));
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	EXPECT_STR(jstr(lab.body, "status_name"), "Releasing");
	lab_wait(&lab, MINUTES(1));
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_INT(jlen(lab.body, "ip_addresses"), 0);
	EXPECT(loop_quiet(lab.host.loop));
	lab_close(&lab);
}

static struct boot_offer boots(void)
{
	struct boot_offer offer;

	maas_rack_ops()->pxe(lab.maas, id, &offer);
	return offer;
}

TEST(a_machine_that_is_commissioned_is_lent_an_address_until_it_is_off)
{
	struct boot_offer offer;

	a_site_with(1);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	offer = boots();
	EXPECT_INT(offer.task, BOOT_COMMISSION);
	EXPECT_STR(offer.address, "10.0.0.10"); /* below it are servers */
	EXPECT_STR(offer.gateway, "10.0.0.1");
	EXPECT_STR(boots().address, offer.address);
	EXPECT_STR(status_of(id), "Commissioning");
	EXPECT_STR(jstr(lab.body, "ip_addresses[0]"), offer.address);
	lab_wait(&lab, MINUTES(30));
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_STR(jstr(lab.body, "power_state"), "off");
	EXPECT_INT(jlen(lab.body, "ip_addresses"), 0);
	EXPECT_STR(boots().address, ""); /* nothing to boot, nothing lent */
	lab_close(&lab);
}

TEST(commissioning_prints_the_address_that_it_was_lent)
{
	struct boot_offer offer;
	char path[160];

	a_site_with(2);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	offer = boots();
	lab_wait(&lab, MINUTES(30));
	EXPECT_STR(status_of(id), "Ready");
	snprintf(path, sizeof(path),
	    "nodes/%s/results/current-commissioning/?op=download&"
	    "filters=50-maas-01-commissioning",
	    id);
	EXPECT_INT(lab_ask(&lab, "GET", path, NULL), 200);
	json_decref(lab.body);
	lab.body = json_loads(lab_text(&lab), 0, NULL);
	EXPECT_STR(jstr(lab.body, "networks.eth0.addresses[0].address"),
	    offer.address);
	EXPECT_INT(jint(lab.body, "networks.eth0.addresses[0].netmask"), 24);
	lab_close(&lab);
}

TEST(leases_come_out_of_a_dynamic_range_where_there_is_one)
{
	a_site_with(1);
	EXPECT_INT(lab_ask(&lab, "POST", "ipranges/",
	               "type=dynamic&start_ip=10.0.0.200&end_ip=10.0.0.210"),
	    200);
	EXPECT_INT(machine_op(id, "commission", NULL), 200);
	EXPECT_STR(boots().address, "10.0.0.200");
	lab_close(&lab);
}

TEST(no_machine_is_409)
{
	a_site_with(0);
	EXPECT_INT(lab_ask(&lab, "POST", "machines/?op=allocate", ""), 409);
	EXPECT_STR(lab_text(&lab), "No machine available.");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(a_machine_is_allocated_deployed_and_released),
    CASE(a_machine_that_is_commissioned_is_lent_an_address_until_it_is_off),
    CASE(commissioning_prints_the_address_that_it_was_lent),
    CASE(leases_come_out_of_a_dynamic_range_where_there_is_one),
    CASE(no_machine_is_409), TESTS_END
