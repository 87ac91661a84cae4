#include "sim/maas/machine_states.h"
#include "sim/maas/region.h"
#include "tests/test.h"

TEST(every_status_is_known_by_its_identifier)
{
	int known = 0;

	for (int i = 0; i < NODE_STATUS_COUNT; i++) {
		enum node_status status = (enum node_status)i;

		EXPECT(*maas_status_name(status));
		known++;
	}
	EXPECT_INT(known, 23);
	EXPECT_STR(maas_status_name(NODE_FAILED_RELEASING), "Releasing failed");
	EXPECT_STR(
	    maas_status_name(NODE_FAILED_DEPLOYMENT), "Failed deployment");
}

TEST(identifiers_are_exact)
{
	enum node_status status = NODE_NEW;

	EXPECT(maas_status_parse("failed_deployment", &status));
	EXPECT_INT(status, NODE_FAILED_DEPLOYMENT);
	EXPECT(!maas_status_parse("Deployed", &status));
	EXPECT(!maas_status_parse("6", &status));
	EXPECT_INT(status, NODE_FAILED_DEPLOYMENT);
}

TEST(a_machine_that_failed_to_deploy_cannot_deploy_again)
{
	EXPECT(!maas_status_may(NODE_FAILED_DEPLOYMENT, NODE_DEPLOYING));
	EXPECT(maas_status_may(NODE_FAILED_DEPLOYMENT, NODE_RELEASING));
	EXPECT(!maas_status_may(NODE_READY, NODE_DEPLOYING));
	EXPECT(!maas_status_may(NODE_READY, NODE_EXITING_RESCUE_MODE));
	EXPECT(maas_status_may(NODE_ALLOCATED, NODE_DEPLOYING));
	EXPECT(!maas_status_may(NODE_DEPLOYED, NODE_DEPLOYING));
}

TEST(nothing_stays_where_it_is_but_erasing)
{
	for (int i = 0; i < NODE_STATUS_COUNT; i++)
		EXPECT_INT(
		    maas_status_may((enum node_status)i, (enum node_status)i),
		    i == NODE_DISK_ERASING);
}

TEST(tasks_know_how_they_are_called_when_they_failed)
{
	enum node_status failed = NODE_NEW;

	EXPECT(maas_status_failed(NODE_DEPLOYING, &failed));
	EXPECT_INT(failed, NODE_FAILED_DEPLOYMENT);
	EXPECT(maas_status_failed(NODE_RELEASING, &failed));
	EXPECT_INT(failed, NODE_FAILED_RELEASING);
	EXPECT(!maas_status_failed(NODE_DEPLOYED, &failed));
	/* a way to fail that the table does not allow would be a lie */
	for (int i = 0; i < NODE_STATUS_COUNT; i++)
		if (maas_status_failed((enum node_status)i, &failed))
			EXPECT(maas_status_may((enum node_status)i, failed));
}

TESTS_BEGIN
CASE(every_status_is_known_by_its_identifier), CASE(identifiers_are_exact),
    CASE(a_machine_that_failed_to_deploy_cannot_deploy_again),
    CASE(nothing_stays_where_it_is_but_erasing),
    CASE(tasks_know_how_they_are_called_when_they_failed), TESTS_END
