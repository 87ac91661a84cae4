/* Deleting and migrating: who is asked, who may answer, what is left. */
#include "tests/palette/site.h"

#include <stdio.h>

/* ---- deleting ---- */

TEST(an_order_that_nobody_took_is_withdrawn_by_its_deletion)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT_INT(polls(&a), 200);
	EXPECT(!held(&a, "create-", web));
	EXPECT(held(&a, "delete-", web));
	EXPECT(json_is_null(
	    json_object_get(held(&a, "delete-", web), "kubeconfig")));
	close_site();
}

TEST(a_deletion_takes_the_creation_back_from_the_gateway)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "withdrawn"), 1);
	EXPECT(!held(&a, "create-", web));
	EXPECT(held(&a, "delete-", web));
	close_site();
}

TEST(asking_twice_for_a_deletion_is_asking_once)
{
	open_site();
	a_cluster("web", account, 0, web);
	for (int i = 0; i < 2; i++)
		EXPECT_INT(
		    admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	EXPECT_INT(jint(answer, "instructions[0].generation"), 1);
	close_site();
}

TEST(a_failed_deletion_may_be_asked_for_again)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(report(&a, "delete-", web,
	               J("{'kind':'result','outcome':'failed','message':"
	                 "'the API server of web cannot be reached'}")),
	    204);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT(is_quiet());
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT(!is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jint(held(&a, "delete-", web), "generation"), 2);
	close_site();
}

TEST(a_forced_deletion_drops_the_cluster_at_once)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	EXPECT_STR(state_of(web), "Deleted");
	EXPECT(is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(json_object_size(a.held), 0);
	EXPECT_INT(agent_call(&agent, J("{'agentVersion':'0.1'}"), "PUT",
	               "/v1/spectroclusters/%s/heartbeat", web),
	    401);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 404);
	close_site();
}

TEST(a_deleted_cluster_is_shown_for_three_days)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	wait_for(HOURS(71));
	EXPECT_STR(state_of(web), "Deleted");
	wait_for(HOURS(1));
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", web), 404);
	close_site();
}

TEST(a_deleting_cluster_tells_its_agent_to_hold_still)
{
	open_site();
	a_cluster("web", account, 0, web);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_STR(jstr(answer, "phase"), "deleting");
	EXPECT_INT(polls(&a), 200);
	EXPECT_HAS(jstr(held(&a, "delete-", web), "kubeconfig"), "admin of");
	close_site();
}

/* ---- migration ---- */

static int migrate(const struct gw *from, const struct gw *to)
{
	return admin(
	    J("{'sourceUid':'%s','targetUid':'%s'}", from->uid, to->uid),
	    "POST", "/v1/overlords/migrate");
}

TEST(a_migration_moves_every_cluster_and_every_open_instruction)
{
	char db[32];

	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	a_cluster("db", account, 0, db);
	runs(&a, web, &agent, 0);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/spectroclusters/%s", web), 204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_STR(told("palette/eu/cluster/web", "gateway"), "pcg/b");
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", db), 200);
	EXPECT_STR(jstr(answer, "metadata.annotations.overlordUid"), b.uid);

	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(json_object_size(a.held), 0);
	EXPECT_INT(polls(&b), 200);
	EXPECT_INT(json_object_size(b.held), 2);
	EXPECT_INT(jint(held(&b, "delete-", web), "generation"), 2);
	EXPECT_INT(jint(held(&b, "create-", db), "generation"), 2);

	EXPECT_INT(report(&a, "delete-", web,
	               J("{'kind':'result','outcome':'done','generation':1}")),
	    409);
	EXPECT_STR(state_of(web), "Deleting");
	EXPECT_INT(
	    report(&b, "delete-", web, J("{'kind':'result','outcome':'done'}")),
	    204);
	EXPECT_STR(state_of(web), "Deleted");
	close_site();
}

static void says_it_holds(struct gw *gw, const char *uid)
{
	EXPECT_INT(gw_call(gw,
	               json_pack("{s:{}, s:[s,s]}", "known", "holds", uid,
	                   "0123456789abcdef01234567"),
	               "POST", "/v1/link/gateways/%s/poll", gw->uid),
	    200);
}

TEST(a_gateway_hears_what_it_holds_and_is_not_its_own)
{
	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	says_it_holds(&a, web);
	EXPECT_INT(jlen(answer, "foreign"), 1); /* nobody knows that one */
	EXPECT_INT(migrate(&a, &b), 204);
	says_it_holds(&a, web);
	EXPECT_STR(jstr(answer, "foreign[0]"), web);
	says_it_holds(&b, web);
	EXPECT_INT(jlen(answer, "foreign"), 1);
	close_site();
}

TEST(a_result_of_an_older_generation_decides_nothing)
{
	char db[32];

	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_INT(migrate(&b, &a), 204);
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'result','outcome':'done','generation':1}")),
	    204);
	EXPECT_STR(told("palette/eu/cluster/web", "handed_over"), "no");
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jint(held(&a, "create-", web), "generation"), 3);
	a_cluster("db", account, 0, db);
	EXPECT_STR(told("palette/eu/cluster/db", "gateway"), "pcg/a");
	close_site();
}

TEST(a_dead_gateway_can_be_migrated_away_from_but_not_to)
{
	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	wait_for(MINUTES(11));
	EXPECT_INT(migrate(&a, &b), 400);
	EXPECT_STR(jstr(answer, "code"), "OverlordNotHealthy");
	EXPECT_INT(polls(&b), 200);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_STR(told("palette/eu/cluster/web", "gateway"), "pcg/b");
	EXPECT_INT(migrate(&a, &a), 400);
	EXPECT_INT(admin(J("{'sourceUid':'%s','targetUid':'no'}", a.uid),
	               "POST", "/v1/overlords/migrate"),
	    404);
	close_site();
}

TEST(after_a_migration_the_old_gateway_is_free_and_its_account_moves_on)
{
	char db[32];

	open_site();
	pair(&b, "pcg/b");
	a_cluster("web", account, 0, web);
	EXPECT_INT(migrate(&a, &b), 204);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/overlords/%s", a.uid), 200);
	a_cluster("db", account, 0, db);
	EXPECT_STR(told("palette/eu/cluster/db", "gateway"), "pcg/b");
	close_site();
}

TESTS_BEGIN
CASE(an_order_that_nobody_took_is_withdrawn_by_its_deletion),
    CASE(a_deletion_takes_the_creation_back_from_the_gateway),
    CASE(asking_twice_for_a_deletion_is_asking_once),
    CASE(a_failed_deletion_may_be_asked_for_again),
    CASE(a_forced_deletion_drops_the_cluster_at_once),
    CASE(a_deleted_cluster_is_shown_for_three_days),
    CASE(a_deleting_cluster_tells_its_agent_to_hold_still),
    CASE(a_migration_moves_every_cluster_and_every_open_instruction),
    CASE(a_gateway_hears_what_it_holds_and_is_not_its_own),
    CASE(a_result_of_an_older_generation_decides_nothing),
    CASE(a_dead_gateway_can_be_migrated_away_from_but_not_to),
    CASE(after_a_migration_the_old_gateway_is_free_and_its_account_moves_on),
    TESTS_END
