/* A cluster of machines is built, grows, shrinks and is paused. */
#include "capi/manager.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/opening.h"

static size_t node_refs(void)
{
	static const char *const names[] = { "web-cp-0", "web-cp-1",
		"web-cp-2" };
	size_t count = 0;

	for (size_t i = 0; i < 3; i++)
		count += jhas(
		    yard_object("Machine", names[i]), "status.nodeRef");
	return count;
}

static bool three_nodes(void)
{
	return node_refs() == 3;
}

/* ---- the straight way ---- */

TEST(one_machine_is_allocated_deployed_and_joins)
{
	begun(3);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	yard_run_for(MINUTES(2));
	EXPECT_INT(yard_count("Deployed"), 1);
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.deploys, 1);
	EXPECT_STR(yard.machines[0].agent_name,
	    "web.66b0000000000000000abc12.web-cp-0.1");
	EXPECT_STR(yard.record_name, "web-0abc12.maas");
	EXPECT_STR(yard.record, "10.0.1.1");
	EXPECT_STR(jstr(yard_object("Machine", "web-cp-0"), "status.phase"),
	    "Running");
	EXPECT_STR(jstr(yard_object("Machine", "web-cp-0"), "spec.providerID"),
	    "maas:///az1/m0");
	EXPECT_STR(
	    jstr(yard_object("Cluster", "web"), "status.phase"), "Provisioned");
	EXPECT_STR(jstr(store_get(yard.workload, "Node", NULL, "node-0"),
	               "spec.providerID"),
	    "maas:///az1/m0");
	EXPECT_INT(jlen(store_get(yard.workload, "Node", NULL, "node-0"),
	               "spec.taints"),
	    0);
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

TEST(everything_belongs_to_the_cluster_by_owner_references)
{
	a_running_cluster(1);
	EXPECT_INT(
	    jlen(yard_object("Secret", "web-ca"), "metadata.ownerReferences"),
	    1);
	EXPECT_STR(jstr(yard_object("MaasMachine", "web-cp-0"),
	               "metadata.ownerReferences[0].kind"),
	    "Machine");
	EXPECT_STR(jstr(yard_object("KubeadmConfig", "web-cp-0"),
	               "metadata.ownerReferences[0].kind"),
	    "Machine");
	EXPECT_STR(jstr(yard_object("MaasMachineTemplate", "web-cp"),
	               "metadata.ownerReferences[0].kind"),
	    "Cluster");
	EXPECT_STR(jstr(yard_object("Secret", "web-agent"),
	               "metadata.ownerReferences[0].kind"),
	    "Cluster");
	yard_close();
}

TEST(a_cluster_at_rest_asks_maas_for_next_to_nothing)
{
	unsigned before;

	a_running_cluster(1);
	before = yard.heard;
	yard_run_for(HOURS(1));
	EXPECT(yard.heard - before <= 30); /* two polls in five minutes */
	EXPECT_INT(yard.record_writes, 1); /* */
	yard_close();
}

TEST(the_control_plane_grows_one_healthy_machine_at_a_time)
{
	a_running_cluster(4);
	yard_scale("KubeadmControlPlane", "web-cp", 3);
	yard_run_for(MINUTES(5));
	EXPECT_INT(yard_owned(), 2);
	EXPECT(yard_until(three_nodes, MINUTES(60)));
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard_owned(), 3);
	EXPECT_STR(yard.record, "10.0.1.1 10.0.1.2 10.0.1.3");
	EXPECT(!yard.was_emptied);
	yard_close();
}

/* Names are used again: what is left of an older machine of the same name
 * says "init" where there is a cluster to join. */
TEST(what_an_older_machine_of_the_same_name_was_told_is_not_told_again)
{
	json_t *old;

	a_running_cluster(4);
	old = json_deep_copy(yard_object("Secret", "web-cp-0"));
	jsets(old, "metadata.name", "web-cp-1");
	json_object_del(json_object_get(old, "metadata"), "uid");
	json_object_del(json_object_get(old, "metadata"), "resourceVersion");
	put_in(yard.store, YARD_NS, old);
	yard_scale("KubeadmControlPlane", "web-cp", 2);
	yard_run_for(MINUTES(20));
	EXPECT(strcmp(jstr(yard_object("Secret", "web-cp-1"), "data.value"),
	           jstr(yard_object("Secret", "web-cp-0"), "data.value")) != 0);
	yard_close();
}

static bool one_control_plane(void)
{
	return yard_owned() == 1;
}

/* */
TEST(an_address_leaves_the_name_before_its_machine_leaves)
{
	a_running_cluster(3);
	yard_scale("KubeadmControlPlane", "web-cp", 3);
	EXPECT(yard_until(three_nodes, MINUTES(60)));
	yard_scale("KubeadmControlPlane", "web-cp", 1);
	EXPECT(yard_until(one_control_plane, MINUTES(30)));
	yard_run_for(MINUTES(5));
	EXPECT(!yard.was_released_while_published);
	EXPECT(!yard.was_emptied);
	EXPECT_STR(yard.record, "10.0.1.1");
	yard_close();
}

static bool one_worker(void)
{
	return jint(yard_object("MachineDeployment", "web-workers"),
	           "status.replicas") == 1;
}

TEST(a_worker_pool_is_built_and_shrinks)
{
	a_running_cluster(4);
	yard_add_workers(2);
	EXPECT(yard_until(two_workers, MINUTES(40)));
	EXPECT_INT(yard_owned(), 3);
	EXPECT_STR(yard.record, "10.0.1.1"); /* workers are not in DNS */
	yard_scale("MachineDeployment", "web-workers", 1);
	yard_run_for(SECONDS(20));
	EXPECT_INT(yard_count("Releasing"), 1);
	EXPECT(jbool(store_get(yard.workload, "Node", NULL, "node-2"),
	           "spec.unschedulable") ||
	       jbool(store_get(yard.workload, "Node", NULL, "node-1"),
	           "spec.unschedulable"));
	EXPECT(yard_until(one_worker, MINUTES(20)));
	yard_run_for(MINUTES(5));
	EXPECT_INT(yard_owned(), 2);
	EXPECT_INT(yard_count("Ready"), 2);
	yard_close();
}

static bool joined_token(void)
{
	return yard.workload &&
	       store_get(yard.workload, "Node", NULL, "node-1");
}

static bool last_expiry(void *ctx, const json_t *obj)
{
	const char *encoded = json_string_value(
	    json_object_get(jget(obj, "data"), "expiration"));
	struct buf text = BUF_INIT;
	usec time;

	if (strncmp(jstr(obj, "metadata.name"), "bootstrap-token-", 16) != 0)
		return true;
	EXPECT(buf_add_unbase64(&text, encoded, strlen(encoded)));
	EXPECT(time_parse(buf_text(&text), &time));
	*(usec *)ctx = time;
	buf_free(&text);
	return false;
}

static bool is_worker(void *ctx, const json_t *obj)
{
	if (strncmp(jstr(obj, "metadata.name"), "web-workers-", 12) == 0)
		*(const json_t **)ctx = obj;
	return true;
}

static const json_t *config_of_worker(void)
{
	const json_t *found = NULL;

	store_each(
	    yard.store, "KubeadmConfig", YARD_NS, NULL, is_worker, &found);
	return found;
}

/* For how long the one join token is good. */
static usec token_left(void)
{
	usec time = 0;

	store_each(
	    yard.workload, "Secret", "kube-system", NULL, last_expiry, &time);
	return time - host_time(host);
}

/* the metal takes forty minutes, a token lives for fifteen. */
TEST(a_join_token_lives_until_its_node_has_joined)
{
	a_running_cluster(2);
	yard.deploy_for = MINUTES(40);
	yard_add_workers(1);
	for (unsigned minute = 1; minute < 40; minute++) {
		yard_run_for(MINUTES(1));
		EXPECT(token_left() > MINUTES(5));
	}
	yard_run_for(MINUTES(8));
	EXPECT(joined_token());
	yard_run_for(MINUTES(30));
	EXPECT(token_left() < 0);
	yard_close();
}

/* Somebody's cleaner took it; the machine is still on its way. */
TEST(a_join_token_that_is_gone_is_made_again)
{
	struct api_status status = { 0 };
	const json_t *left;
	char *name;

	a_running_cluster(2);
	yard.deploy_for = MINUTES(40);
	yard_add_workers(1);
	yard_run_for(MINUTES(3));
	EXPECT(token_left() > 0);
	name = xasprintf("bootstrap-token-%.6s",
	    jstr(config_of_worker(),
	        "spec.joinConfiguration.discovery.bootstrapToken.token"));
	EXPECT(store_delete(yard.workload, "Secret", "kube-system", name, NULL,
	    &left, &status));
	yard_run_for(MINUTES(10));
	EXPECT(token_left() > 0);
	free(name);
	yard_close();
}

/* ---- pause ---- */

TEST(of_a_paused_cluster_nothing_is_touched)
{
	unsigned heard;
	uint64_t version;

	a_running_cluster(3);
	yard_pause(true);
	yard_run_for(SECONDS(1));
	heard = yard.heard;
	version = store_version(yard.store);
	yard_scale("KubeadmControlPlane", "web-cp", 3);
	yard.machines[0].power = "off";
	strcpy(yard.record, "10.9.9.9");
	yard_run_for(HOURS(2));
	EXPECT_INT(yard.heard, heard);
	EXPECT_INT(store_version(yard.store), version + 1); /* ours */
	EXPECT_STR(yard.record, "10.9.9.9");                /* H1, I7 */
	yard_pause(false);
	yard_run_for(MINUTES(1));
	EXPECT_STR(yard.record, "10.0.1.1");
	yard_close();
}

TEST(a_paused_cluster_is_not_deleted_either)
{
	a_running_cluster(1);
	yard_pause(true);
	yard_delete_cluster();
	yard_run_for(HOURS(1));
	EXPECT_INT(yard.releases, 0);
	yard_pause(false);
	/* Nor does a look that was under way put it off. */
	EXPECT(yard_until(yard_cluster_gone, MINUTES(4)));
	yard_close();
}

TESTS_BEGIN
CASE(one_machine_is_allocated_deployed_and_joins),
    CASE(everything_belongs_to_the_cluster_by_owner_references),
    CASE(a_cluster_at_rest_asks_maas_for_next_to_nothing),
    CASE(what_an_older_machine_of_the_same_name_was_told_is_not_told_again),
    CASE(the_control_plane_grows_one_healthy_machine_at_a_time),
    CASE(an_address_leaves_the_name_before_its_machine_leaves),
    CASE(a_worker_pool_is_built_and_shrinks),
    CASE(a_join_token_lives_until_its_node_has_joined),
    CASE(a_join_token_that_is_gone_is_made_again),
    CASE(of_a_paused_cluster_nothing_is_touched),
    CASE(a_paused_cluster_is_not_deleted_either) TESTS_END
