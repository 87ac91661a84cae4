/* Cluster profiles: written, published, used. */
#include "tests/palette/site.h"

#include <stdio.h>

static char profile[32];

static json_t *profile_entity(const char *name, const char *kubernetes)
{
	return J("{'metadata':{'name':'%s'},'spec':{'version':'1.0.0',"
	         "'template':{'cloudType':'maas','type':'cluster','packs':["
	         "{'name':'ubuntu-maas','layer':'os','tag':'24.04'},"
	         "{'name':'kubernetes','layer':'k8s','tag':'%s','values':"
	         "'podCIDR: 172.16.0.0/16'}]}}}",
	    name, kubernetes);
}

static void open_profile(void)
{
	open_site();
	EXPECT_INT(admin(profile_entity("infra", "1.30.1"), "POST",
	               "/v1/clusterprofiles"),
	    201);
	snprintf(profile, sizeof(profile), "%s", jstr(answer, "uid"));
}

static int publish(void)
{
	return admin(NULL, "PATCH", "/v1/clusterprofiles/%s/publish", profile);
}

/* A cluster with this profile, and one value of its own. */
static int order(const char *own)
{
	json_t *entity = cluster_entity("web", account, 0);

	jset(entity, "spec.profiles",
	    J("[{'uid':'%s','packValues':%s}]", profile, own));
	return admin(entity, "POST", "/v1/spectroclusters/maas");
}

TEST(a_profile_is_a_draft_until_it_is_published)
{
	open_profile();
	EXPECT_INT(admin(NULL, "GET", "/v1/clusterprofiles/%s", profile), 200);
	EXPECT(!jbool(answer, "status.isPublished"));
	EXPECT_INT(jlen(answer, "spec.draft.packs"), 2);
	EXPECT_INT(jlen(answer, "spec.published.packs"), 0);
	EXPECT_INT(order("[]"), 400);
	EXPECT_STR(jstr(answer, "code"), "ClusterProfileNotPublished");
	EXPECT_STR(
	    jstr(answer, "message"), "cluster profile infra is not published");
	EXPECT_INT(publish(), 204);
	EXPECT_INT(publish(), 204);
	EXPECT_INT(admin(NULL, "GET", "/v1/clusterprofiles/%s", profile), 200);
	EXPECT(jbool(answer, "status.isPublished"));
	EXPECT_INT(jlen(answer, "spec.published.packs"), 2);
	close_site();
}

TEST(a_cluster_takes_the_published_packs_and_overrides_them_by_name)
{
	open_profile();
	EXPECT_INT(publish(), 204);
	EXPECT_INT(order("[{'name':'ubuntu-maas','tag':'20.04'}]"), 201);
	EXPECT_INT(polls(&a), 200);
	EXPECT_STR(
	    jstr(answer, "instructions[0].kubernetesVersion"), "v1.30.1");
	EXPECT_STR(jstr(answer, "instructions[0].image"), "ubuntu/focal");
	EXPECT_STR(jstr(answer, "instructions[0].podCIDR"), "172.16.0.0/16");
	close_site();
}

TEST(a_new_draft_reaches_a_cluster_when_it_is_published_and_applied)
{
	json_t *update;

	open_profile();
	EXPECT_INT(publish(), 204);
	EXPECT_INT(order("[]"), 201);
	snprintf(web, sizeof(web), "%s", jstr(answer, "uid"));
	runs(&a, web, &agent, 0);
	update = profile_entity("infra", "1.31.0");
	EXPECT_INT(
	    admin(update, "PUT", "/v1/clusterprofiles/%s", profile), 204);
	EXPECT_INT(admin(J("{'profiles':[{'uid':'%s'}]}", profile), "PATCH",
	               "/v1/spectroclusters/%s/profiles", web),
	    204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_STR(jstr(answer, "kubernetesVersion"), "v1.30.1");
	EXPECT_INT(publish(), 204);
	EXPECT_INT(admin(J("{'profiles':[{'uid':'%s'}]}", profile), "PATCH",
	               "/v1/spectroclusters/%s/profiles", web),
	    204);
	EXPECT_INT(
	    agent_call(&agent, NULL, "GET", "/v1/link/clusters/%s/spec", web),
	    200);
	EXPECT_STR(jstr(answer, "kubernetesVersion"), "v1.31.0");
	close_site();
}

TEST(a_name_and_version_exist_once)
{
	open_profile();
	EXPECT_INT(admin(profile_entity("infra", "1.30.1"), "POST",
	               "/v1/clusterprofiles"),
	    409);
	EXPECT_STR(jstr(answer, "code"), "ClusterProfileAlreadyExists");
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/clusterprofiles/validate/name?name=infra"),
	    409);
	EXPECT_INT(admin(NULL, "GET",
	               "/v1/clusterprofiles/validate/name?name=infra"
	               "&version=2.0.0"),
	    204);
	EXPECT_INT(admin(profile_entity("other", "1.30.1"), "POST",
	               "/v1/clusterprofiles?publish=true"),
	    201);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/dashboard/clusterprofiles/metadata"), 200);
	EXPECT_INT(jlen(answer, "items"), 2);
	EXPECT_STR(jstr(answer, "items[1].spec.version"), "1.0.0");
	close_site();
}

TEST(packs_need_names_of_their_own)
{
	open_profile();
	EXPECT_INT(admin(J("{'metadata':{'name':'x'},'spec':{'template':{"
	                   "'packs':[{'name':'p'},{'name':'p'}]}}}"),
	               "POST", "/v1/clusterprofiles"),
	    400);
	EXPECT_STR(jstr(answer, "message"),
	    "pack 2 of the template has no name of its own");
	EXPECT_INT(admin(J("{}"), "POST", "/v1/clusterprofiles"), 400);
	close_site();
}

TEST(a_profile_in_use_cannot_be_deleted)
{
	open_profile();
	EXPECT_INT(publish(), 204);
	EXPECT_INT(order("[]"), 201);
	snprintf(web, sizeof(web), "%s", jstr(answer, "uid"));
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/clusterprofiles/%s", profile), 500);
	EXPECT_STR(jstr(answer, "message"),
	    "cluster profile infra is in use by 1 cluster");
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/clusterprofiles/%s", profile), 204);
	EXPECT_INT(admin(NULL, "GET", "/v1/clusterprofiles/%s", profile), 404);
	close_site();
}

TEST(a_first_look_at_the_profiles_finds_lists)
{
	open_plane();
	EXPECT_INT(
	    admin(J("{}"), "POST", "/v1/dashboard/clusterprofiles"), 200);
	EXPECT(json_is_array(jget(answer, "items")));
	EXPECT_INT(jlen(answer, "items"), 0);
	close_plane();
}

TESTS_BEGIN
CASE(a_profile_is_a_draft_until_it_is_published),
    CASE(a_cluster_takes_the_published_packs_and_overrides_them_by_name),
    CASE(a_new_draft_reaches_a_cluster_when_it_is_published_and_applied),
    CASE(a_name_and_version_exist_once), CASE(packs_need_names_of_their_own),
    CASE(a_profile_in_use_cannot_be_deleted),
    CASE(a_first_look_at_the_profiles_finds_lists), TESTS_END
