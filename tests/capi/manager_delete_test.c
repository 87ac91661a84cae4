/* A cluster is deleted: every machine goes home, and nobody else's. */
#include "capi/manager.h"

#include "tests/capi/opening.h"

/* ---- deletion ---- */

TEST(a_deleted_cluster_leaves_nothing)
{
	a_running_cluster(3);
	yard_add_workers(2);
	EXPECT(yard_until(two_workers, MINUTES(40)));
	yard_delete_cluster();
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard_owned(), 0);
	EXPECT_INT(yard_count("Ready"), 3);
	EXPECT_INT(yard.releases, 3);
	EXPECT(!yard.has_record);
	EXPECT(!yard.was_emptied);
	yard_close();
}

/* G8: the answer of release is no proof; X-027. */
TEST(a_machine_counts_as_released_when_it_was_read_as_free)
{
	a_running_cluster(1);
	yard_delete_cluster();
	yard_run_for(SECONDS(50));
	EXPECT_INT(yard.releases, 1);
	EXPECT_INT(yard_count("Releasing"), 1);
	EXPECT(yard_object("MaasMachine", "web-cp-0"));
	EXPECT(yard_until(yard_cluster_gone, MINUTES(5)));
	yard_close();
}

TEST(deletion_needs_nothing_of_the_workload_cluster)
{
	a_running_cluster(1);
	yard_api_dies();
	yard_delete_cluster();
	EXPECT(yard_until(yard_cluster_gone, MINUTES(10)));
	EXPECT_INT(yard_owned(), 0);
	yard_close();
}

/* at each quarter minute of the first twenty minutes. */
TEST(a_deletion_at_any_moment_of_the_creation_ends_with_no_machine)
{
	for (usec at = 0; at < MINUTES(20);
	     at += at < SECONDS(10) ? MILLISECONDS(10) * 47 : SECONDS(97)) {
		begun(2);
		yard_run_for(at);
		yard_delete_cluster();
		EXPECT(yard_until(yard_cluster_gone, MINUTES(60)));
		EXPECT_INT(yard_owned(), 0);
		EXPECT(!yard.has_record);
		yard_close();
	}
}

/* */
TEST(a_machine_that_belongs_to_somebody_else_now_is_never_released)
{
	a_running_cluster(2);
	strcpy(yard.machines[0].owner, "bob");
	yard.machines[0].agent_name[0] = '\0';
	yard_delete_cluster();
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard.machines[0].owner, "bob");
	yard_close();
}

/* */
TEST(a_machine_with_our_name_and_another_owner_is_never_released)
{
	a_running_cluster(2);
	strcpy(yard.machines[0].owner, "bob");
	yard_delete_cluster();
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard.releases, 0);
	yard_close();
}

TEST(an_own_machine_of_another_purpose_is_never_released)
{
	a_running_cluster(2);
	strcpy(yard.machines[0].agent_name, "db.77.db-cp-0.1");
	yard_delete_cluster();
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard.releases, 0);
	yard_close();
}

TEST(a_machine_that_fails_to_release_is_released_again)
{
	a_running_cluster(1);
	yard_delete_cluster();
	yard_run_for(SECONDS(30));
	EXPECT_INT(yard.releases, 1);
	timer_cancel(&yard.machines[0].timer);
	yard.machines[0].state = "Releasing failed";
	yard_run_for(SECONDS(40));
	EXPECT_STR(yard.waiting_reason, "ReleaseFailed");
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard.releases, 2);
	yard_close();
}

/* */
TEST(a_list_that_lags_hides_no_machine_from_a_deletion)
{
	a_running_cluster(1);
	yard.fate_op = "GET machines";
	yard.fate = YARD_LAGS;
	yard.times = 2;
	yard_delete_cluster();
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard.releases, 1);
	EXPECT_INT(yard_owned(), 0);
	yard_close();
}

TEST(a_machine_whose_name_maas_forgets_is_followed_until_it_is_free)
{
	a_running_cluster(1);
	yard.forgets_name = true;
	yard_delete_cluster();
	yard_run_for(SECONDS(40));
	timer_cancel(&yard.machines[0].timer);
	yard.machines[0].state = "Disk erasing"; /* */
	yard_run_for(HOURS(3));
	EXPECT(!yard_cluster_gone());
	yard.machines[0].state = "Failed disk erasing";
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	EXPECT_INT(yard.releases, 2);
	EXPECT_STR(yard.machines[0].state, "Ready");
	yard_close();
}

TEST(a_locked_machine_keeps_its_object_and_says_so)
{
	a_running_cluster(1);
	yard.machines[0].locked = true;
	yard_delete_cluster();
	yard_run_for(MINUTES(5));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard.waiting_reason, "MachineLocked");
	yard.machines[0].locked = false;
	EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
	yard_close();
}

TESTS_BEGIN
CASE(a_deleted_cluster_leaves_nothing),
    CASE(a_machine_counts_as_released_when_it_was_read_as_free),
    CASE(deletion_needs_nothing_of_the_workload_cluster),
    CASE(a_deletion_at_any_moment_of_the_creation_ends_with_no_machine),
    CASE(a_machine_that_belongs_to_somebody_else_now_is_never_released),
    CASE(a_machine_with_our_name_and_another_owner_is_never_released),
    CASE(an_own_machine_of_another_purpose_is_never_released),
    CASE(a_machine_that_fails_to_release_is_released_again),
    CASE(a_list_that_lags_hides_no_machine_from_a_deletion),
    CASE(a_machine_whose_name_maas_forgets_is_followed_until_it_is_free),
    CASE(a_locked_machine_keeps_its_object_and_says_so) TESTS_END
