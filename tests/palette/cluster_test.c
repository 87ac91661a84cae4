/* The life of a cluster, from the order to the last machine. */
#include "tests/palette/plane.h"

static struct gw a, b;
static struct agent agent;
static char account[32], web[32];

static void open_site(void)
{
	open_plane();
	pair(&a, "pcg/a");
	an_account(&a, account);
}

static void close_site(void)
{
	gw_forget(&a);
	gw_forget(&b);
	close_plane();
}

TEST(a_cluster_goes_from_pending_to_deleted)
{
	open_site();
	a_cluster("web", account, 2, web);
	EXPECT_STR(state_of(web), "Pending");
	EXPECT(!is_quiet());

	has_picked_up(&a, web);
	meets_agent(&a, web, &agent);
	is_handed_over(&a, web);
	EXPECT_STR(state_of(web), "Provisioning");
	EXPECT_STR(told("palette/eu/cluster/web", "handed_over"), "yes");
	EXPECT(!is_quiet());

	machine_runs(&agent, "workers", "w-0");
	machine_runs(&agent, "workers", "w-1");
	EXPECT_STR(state_of(web), "Provisioning");
	EXPECT_INT(
	    agent_call(&agent,
	        J("[{'type':'AddOnDeploymentDone','status':'True'}]"), "PATCH",
	        "/v1/spectroclusters/%s/status/conditions", web),
	    204);
	EXPECT_STR(state_of(web), "Running");
	EXPECT_STR(told("palette/eu/cluster/web", "nodes"), "3");
	EXPECT(is_quiet());

	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT(!is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT(held(&a, "delete-", web));
	EXPECT_INT(
	    report(&a, "delete-", web, J("{'kind':'result','outcome':'done'}")),
	    204);
	EXPECT_STR(state_of(web), "Deleted");
	EXPECT(is_quiet());
	close_site();
}

TESTS_BEGIN
CASE(a_cluster_goes_from_pending_to_deleted), TESTS_END
