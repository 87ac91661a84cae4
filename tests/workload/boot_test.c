#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/workload/site.h"

#define HELLO "#cloud-config\nruncmd:\n  - swapoff -a\n"

TEST(a_machine_that_nobody_switches_on_does_nothing)
{
	open_site();
	wait_for(HOURS(1));
	EXPECT_STR(attribute("machine/m1", "power"), "off");
	EXPECT_STR(attribute("machine/m1", "system"), "none");
	EXPECT_STR(maas_heard(), "");
	EXPECT(loop_quiet(loop));
	close_site();
}

TEST(it_installs_reports_reboots_and_reads_its_user_data)
{
	open_site();
	deploy("m1", HELLO);
	EXPECT(!loop_quiet(loop));
	wait_for(MINUTES(3));
	EXPECT_STR(attribute("machine/m1", "system"), "installing");
	wait_for(MINUTES(30));
	EXPECT_STR(maas_heard(), "m1 is on\nm1 netboot_off\n"
	                         "m1 reads user-data\nm1 signal OK\n");
	EXPECT_STR(attribute("machine/m1", "system"), "running");
	EXPECT_STR(attribute("machine/m1", "boot"), "");
	EXPECT(loop_quiet(loop));
	close_site();
}

TEST(a_failed_install_is_reported_and_leaves_no_system)
{
	open_site();
	workload_fail_installs(racks, "m1", 1);
	deploy("m1", HELLO);
	wait_for(MINUTES(30));
	EXPECT_HAS(maas_heard(), "m1 signal FAILED the installer failed");
	EXPECT_STR(attribute("machine/m1", "system"), "none");
	EXPECT_HAS(attribute("machine/m1", "boot"), "the installer failed");
	close_site();
}

TEST(user_data_is_run_once_and_not_after_a_reboot)
{
	open_site();
	deploy("m1", HELLO);
	wait_for(MINUTES(30));
	forget_what_was_heard();
	power("m1", true); /* on while on is a power cycle */
	wait_for(MINUTES(10));
	EXPECT_STR(maas_heard(), "m1 is on\n");
	EXPECT_STR(attribute("machine/m1", "system"), "running");
	close_site();
}

TEST(a_region_that_is_down_is_asked_again_until_it_is_back)
{
	open_site();
	deploy("m1", HELLO);
	maas_is_down = true;
	wait_for(HOURS(2));
	EXPECT_STR(maas_heard(), "m1 is on\n");
	EXPECT(loop_quiet(loop)); /* it waits for somebody, and says so */
	maas_is_down = false;
	wait_for(MINUTES(10));
	EXPECT_HAS(maas_heard(), "m1 netboot_off\n");
	EXPECT_HAS(maas_heard(), "m1 signal OK\n");
	close_site();
}

TEST(erasing_and_commissioning_end_with_a_signal)
{
	open_site();
	deploy("m1", HELLO);
	wait_for(MINUTES(30));
	EXPECT_STR(attribute("machine/m1", "system"), "running");
	set_task("m1", BOOT_ERASE);
	power("m1", true);
	set_task("m2", BOOT_COMMISSION);
	power("m2", true);
	forget_what_was_heard();
	wait_for(MINUTES(30));
	EXPECT_HAS(maas_heard(), "m1 signal OK\n");
	EXPECT_HAS(maas_heard(), "m2 signal OK\n");
	EXPECT_STR(attribute("machine/m1", "system"), "none");
	close_site();
}

TEST(an_unknown_command_fails_the_boot_and_the_run)
{
	open_site();
	deploy("m1", "#cloud-config\nruncmd:\n  - curl http://x | sh\n");
	wait_for(MINUTES(30));
	EXPECT_HAS(
	    maas_heard(), "m1 signal FAILED the command \"curl http://x");
	EXPECT_HAS(workload_complaint(racks), "not modelled");
	close_site();
}

TEST(what_cloud_init_does_not_understand_is_refused_with_its_place)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ "#cloud-config\nbootcmd: []\n",
		    "user-data:2:1: \"bootcmd\" of cloud-init is not "
		    "modelled" },
		{ "#cloud-config\nwrite_files:\n- path: /a\n  mode: '1'\n",
		    "user-data:4:3: cloud-init has no such key of a file" },
		{ "#cloud-config\nwrite_files:\n- path: a\n  content: x\n",
		    "user-data:3:9: this value is not allowed here" },
		{ "#cloud-config\nruncmd: swapoff -a\n",
		    "user-data:2:9: runcmd must be a list" },
		{ "## template: jinja\n#cloud-config\nruncmd:\n"
		  "- touch /tmp/{{ v1.region }}\n",
		    "the template uses \"{{ v1.region }}" },
		{ "#!/bin/sh\nswapoff -a\n",
		    "does not begin with #cloud-config" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_site();
		deploy("m1", rows[i].text);
		wait_for(MINUTES(30));
		EXPECT_HAS(attribute("machine/m1", "boot"), rows[i].sentence);
		close_site();
	}
}

TEST(touch_needs_its_directory_and_mkdir_makes_it)
{
	open_site();
	deploy("m1", "#cloud-config\nruncmd:\n- touch /run/x/done\n");
	deploy("m2",
	    "#cloud-config\nruncmd:\n- mkdir -p /run/x && touch /run/x/done\n");
	wait_for(MINUTES(30));
	EXPECT_HAS(attribute("machine/m1", "boot"),
	    "touch: cannot touch '/run/x/done': No such file or directory");
	EXPECT_STR(attribute("machine/m2", "boot"), "");
	close_site();
}

TEST(a_dead_machine_is_silent_and_comes_back_as_it_was)
{
	struct err err;

	open_site();
	deploy("m1", HELLO);
	wait_for(MINUTES(30));
	EXPECT(workload_machine_dies(racks, "m1", &err));
	EXPECT_STR(attribute("machine/m1", "power"), "off");
	EXPECT_STR(workload_bmc_ops()->query(racks, "m1"), "error");
	EXPECT(!workload_machine_dies(racks, "m1", &err));
	EXPECT_STR(err.text, "machine m1 is dead already");
	wait_for(MINUTES(1));
	EXPECT(workload_machine_returns(racks, "m1", &err));
	wait_for(MINUTES(10));
	EXPECT_STR(attribute("machine/m1", "system"), "running");
	close_site();
}

TESTS_BEGIN
CASE(a_machine_that_nobody_switches_on_does_nothing),
    CASE(it_installs_reports_reboots_and_reads_its_user_data),
    CASE(a_failed_install_is_reported_and_leaves_no_system),
    CASE(user_data_is_run_once_and_not_after_a_reboot),
    CASE(a_region_that_is_down_is_asked_again_until_it_is_back),
    CASE(erasing_and_commissioning_end_with_a_signal),
    CASE(an_unknown_command_fails_the_boot_and_the_run),
    CASE(what_cloud_init_does_not_understand_is_refused_with_its_place),
    CASE(touch_needs_its_directory_and_mkdir_makes_it),
    CASE(a_dead_machine_is_silent_and_comes_back_as_it_was), TESTS_END
