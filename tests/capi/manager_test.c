#include "capi/manager.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/yard.h"

static void begun(size_t machines)
{
	yard_open(machines);
	yard_create_cluster();
	yard_start_manager();
}

static void a_running_cluster(size_t machines)
{
	begun(machines);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	yard_run_for(MINUTES(2));
}

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

static bool two_workers(void)
{
	return jint(yard_object("MachineDeployment", "web-workers"),
	           "status.readyReplicas") == 2;
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

/* ---- allocation ---- */

static void fate(const char *op, enum yard_fate what, unsigned times)
{
	yard.fate_op = op;
	yard.fate = what;
	yard.times = times;
}

/* */
TEST(a_lost_allocation_is_found_and_adopted)
{
	begun(3);
	fate("allocate", YARD_LOSES_ANSWER, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard_owned(), 1);
	yard_close();
}

TEST(a_list_that_makes_no_sense_is_asked_for_again)
{
	begun(3);
	yard.status = 200; /* of a page that says "no" */
	fate("GET machines", YARD_SAYS, 4);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.times, 0);
	EXPECT_INT(yard.allocates, 1);
	yard_close();
}

/* */
TEST(a_lost_deployment_is_not_repeated)
{
	begun(3);
	fate("deploy", YARD_LOSES_ANSWER, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.deploys, 1);
	yard_close();
}

/* */
TEST(without_capacity_it_waits_visibly_and_goes_on)
{
	begun(1);
	yard.machines[0].state = "Commissioning";
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "NoCapacity");
	EXPECT_HAS(yard.waiting, "4 CPUs, 8192 MiB, zone az1, tag metal");
	EXPECT(yard.allocates > 20);
	EXPECT(yard.allocates < 45);
	EXPECT(manager_idle(yard.manager));
	EXPECT(loop_quiet(loop));
	yard.machines[0].state = "Ready";
	EXPECT(yard_until(yard_cluster_runs, MINUTES(15)));
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

/* */
TEST(a_conflict_with_retry_after_is_repeated_when_it_says)
{
	begun(1);
	fate("allocate", YARD_SAYS, 3);
	yard.status = 409;
	yard.retry_after = "5";
	EXPECT(yard_until(yard_cluster_runs, MINUTES(15)));
	EXPECT_STR(yard.waiting, "");
	EXPECT_INT(yard.allocates, 1);
	yard_close();
}

/* */
TEST(a_machine_that_does_not_fit_is_given_back_at_once)
{
	begun(2);
	yard.machines[0].tag = "virtual";
	fate("allocate", YARD_MISALLOCATES, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.machines[0].deployed, 0);
	EXPECT_INT(yard.machines[0].released, 1);
	EXPECT_STR(yard.machines[0].state, "Ready");
	EXPECT_STR(yard.machines[1].state, "Deployed");
	yard_close();
}

/* X-024, G12 */
TEST(a_machine_that_fails_to_deploy_is_released_and_quarantined)
{
	begun(3);
	yard.machines[0].sick = true;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(60)));
	EXPECT_INT(yard.machines[0].deployed, 1);
	EXPECT_INT(yard.machines[0].released, 1);
	EXPECT_INT(yard_owned(), 1);
	EXPECT_STR(yard.machines[1].agent_name,
	    "web.66b0000000000000000abc12.web-cp-0.2");
	yard_close();
}

TEST(a_quarantine_ends)
{
	begun(1);
	yard.machines[0].sick = true;
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "NoCapacity");
	EXPECT_HAS(yard.waiting, "quarantine");
	yard.machines[0].sick = false;
	EXPECT(yard_until(yard_cluster_runs, HOURS(5)));
	EXPECT_INT(yard.machines[0].deployed, 2);
	yard_close();
}

/* */
TEST(a_machine_that_deploys_for_ever_is_given_up_after_45_minutes)
{
	begun(2);
	yard.deploy_for = HOURS(100);
	yard_run_for(MINUTES(44));
	EXPECT_INT(yard.releases, 0);
	yard.deploy_for = MINUTES(10);
	yard_run_for(MINUTES(3));
	EXPECT_INT(yard.machines[0].released, 1);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(20)));
	yard_close();
}

/* */
TEST(a_state_that_an_operator_chose_is_left_alone)
{
	static const char *const states[] = { "Broken", "Rescue mode",
		"Testing", "A state of tomorrow" };

	a_running_cluster(2);
	for (size_t i = 0; i < 4; i++) {
		yard.machines[0].state = states[i];
		yard_run_for(MINUTES(20));
		EXPECT_INT(yard.releases, 0);
		EXPECT_INT(yard.deploys, 1);
		EXPECT_STR(yard_condition_of(
		               "MaasMachine", "web-cp-0", "MachineDeployed"),
		    "MachineStateUndefined");
		EXPECT_STR(yard.record, "10.0.1.1");
	}
	yard.machines[0].state = "Deployed";
	yard_run_for(MINUTES(3));
	EXPECT_STR(
	    yard_condition_of("MaasMachine", "web-cp-0", "MachineDeployed"),
	    "");
	yard_close();
}

/* */
TEST(a_refused_key_stops_the_work_until_there_is_a_new_one)
{
	struct err err;

	begun(1);
	yard_run_for(MINUTES(3));
	EXPECT_INT(yard_count("Deploying"), 1);
	yard.key = "token-two";
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "MaasDenied");
	EXPECT_INT(yard.releases, 0);
	EXPECT(manager_set_key(
	    yard.manager, "consumer:token-two:secretsecret", &err));
	EXPECT(yard_until(yard_cluster_runs, MINUTES(2)));
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

TEST(with_a_refused_key_a_deletion_stays_pending)
{
	struct err err;

	a_running_cluster(1);
	yard.key = "token-two";
	yard_delete_cluster();
	yard_run_for(HOURS(2));
	EXPECT(!yard_cluster_gone());
	EXPECT_STR(yard.waiting_reason, "MaasDenied");
	EXPECT(manager_set_key(
	    yard.manager, "consumer:token-two:secretsecret", &err));
	EXPECT(yard_until(yard_cluster_gone, MINUTES(10)));
	EXPECT_INT(yard_owned(), 0);
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
	EXPECT(yard_until(yard_cluster_gone, MINUTES(10)));
	yard_close();
}

/* ---- the name ---- */

/* G7, X-035 */
TEST(the_name_is_never_emptied_while_a_control_plane_machine_is_there)
{
	a_running_cluster(1);
	yard.machines[0].power = "off";
	yard_run_for(MINUTES(20));
	yard.machines[0].power = "error";
	yard_run_for(MINUTES(20));
	EXPECT_STR(yard.record, "10.0.1.1");
	EXPECT(!yard.was_emptied);
	yard_close();
}

TEST(a_record_that_somebody_changed_is_put_right)
{
	a_running_cluster(1);
	strcpy(yard.record, "10.9.9.9");
	yard_run_for(MINUTES(8));
	EXPECT_STR(yard.record, "10.0.1.1");
	yard_close();
}

/* */
TEST(without_an_administrators_key_nothing_is_allocated)
{
	yard_open(1);
	yard.no_admin = true;
	yard_create_cluster();
	yard_start_manager();
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard.allocates, 0);
	EXPECT_STR(yard.waiting_reason, "MaasDenied");
	EXPECT_HAS(yard.waiting, "no administrator");
	yard_close();
}

/* */
TEST(without_its_image_no_machine_is_taken)
{
	yard_open(1);
	yard.no_image = true;
	yard_create_cluster();
	yard_start_manager();
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard.allocates, 0);
	EXPECT_STR(yard.waiting_reason, "ImageMissing");
	yard.no_image = false;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(15)));
	yard_close();
}

/* */
TEST(after_an_error_of_the_server_it_looks_before_it_asks_again)
{
	begun(2);
	fate("allocate", YARD_SAYS, 1);
	yard.status = 504;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.allocates, 1);
	EXPECT(loop_now(loop) > SECONDS(100) + MINUTES(10)); /* */
	yard_close();
}

/* */
TEST(a_rack_that_is_away_delays_a_deployment_and_costs_no_machine)
{
	begun(2);
	fate("deploy", YARD_SAYS, 12);
	yard.status = 503;
	yard.retry_after = "10";
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.releases, 0);
	yard_close();
}

/* */
TEST(an_outage_of_maas_is_said_and_survived)
{
	begun(1);
	yard_run_for(MINUTES(2));
	yard.cut_off = true;
	yard_run_for(MINUTES(30));
	EXPECT_STR(yard.waiting_reason, "MaasNotReachable");
	yard.cut_off = false;
	EXPECT(yard_until(yard_cluster_runs, MINUTES(10)));
	yard_run_for(MINUTES(6)); /* the longest back-off */
	EXPECT_STR(yard.waiting, "");
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.deploys, 1);
	yard_close();
}

/* X-108, F-006 */
TEST(without_an_api_server_other_machines_are_tried_and_the_last_one_kept)
{
	yard_open(4);
	yard.no_api = true;
	yard_create_cluster();
	yard_start_manager();
	yard_run_for(MINUTES(44));
	EXPECT_INT(yard.releases, 0);
	yard_run_for(HOURS(6));
	EXPECT_INT(yard.releases, 2);
	EXPECT_INT(yard_owned(), 1);
	EXPECT_STR(yard.waiting_reason, "ControlPlaneSilent");
	yard_close();
}

/* */
TEST(a_node_that_is_not_ready_is_said_and_its_machine_kept)
{
	a_running_cluster(2);
	yard_node_is("node-0", "False");
	yard_run_for(HOURS(3));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard.waiting_reason, "ControlPlaneNotReady");
	yard_node_is("node-0", "True");
	yard_run_for(MINUTES(1));
	EXPECT_STR(yard.waiting, "");
	yard_close();
}

/* ---- what was running ---- */

/* released by hand, and taken by nobody. */
TEST(a_running_machine_that_somebody_released_is_lost_and_not_taken_back)
{
	a_running_cluster(2);
	yard.machines[0].state = "Ready";
	yard.machines[0].owner[0] = yard.machines[0].agent_name[0] = '\0';
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.allocates, 1);
	EXPECT_INT(yard.deploys, 1);
	EXPECT_STR(
	    jstr(yard_object("Machine", "web-cp-0"), "status.phase"), "Failed");
	EXPECT_STR(
	    yard_condition_of("MaasMachine", "web-cp-0", "MachineDeployed"),
	    "MachineTerminatedReason");
	yard_close();
}

/* X-033, F-024 */
TEST(only_a_machine_that_is_surely_off_is_switched_on_and_once)
{
	a_running_cluster(1);
	yard.machines[0].power = "error";
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.power_ons, 0);
	yard.machines[0].power = "off"; /* the BMC itself says on */
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.power_ons, 0);
	yard.bmc = "off";
	yard_run_for(MINUTES(10));
	EXPECT_INT(yard.power_ons, 1);
	yard_close();
}

static void a_pool_of(int workers)
{
	a_running_cluster(8);
	yard_add_workers(workers);
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard_owned(), 1 + workers);
}

TEST(a_node_that_stays_silent_is_replaced_by_another_machine)
{
	a_pool_of(2);
	yard_node_is("node-1", "Unknown");
	yard_run_for(MINUTES(4));
	EXPECT_INT(yard.releases, 0);
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.machines[1].released, 1);
	EXPECT_INT(yard_owned(), 3);
	EXPECT(two_workers());
	yard_close();
}

/* more than maxUnhealthy at once. */
TEST(when_too_many_nodes_are_silent_none_is_replaced)
{
	a_pool_of(3);
	yard_node_is("node-1", "Unknown");
	yard_node_is("node-2", "Unknown");
	yard_run_for(HOURS(1));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard_condition_of("MachineHealthCheck", "web-workers",
	               "RemediationAllowed"),
	    "TooManyUnhealthy");
	yard_node_is("node-2", "True");
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.releases, 1);
	yard_close();
}

/* The API server answers before it has told which nodes there are: until it
 * has, none is missing. Every restart used to cost a machine. */
TEST(after_a_restart_no_node_is_missing_before_all_are_listed)
{
	a_pool_of(1);
	yard_restart();
	yard_run_for(MINUTES(30));
	EXPECT_INT(yard.releases, 0);
	EXPECT_STR(yard_condition_of("Machine", "web-cp-0", "NodeHealthy"), "");
	yard_close();
}

/* an hour of installing is no illness. */
TEST(a_machine_that_installs_slowly_is_not_given_up_by_the_health_check)
{
	a_running_cluster(2);
	yard.deploy_for = MINUTES(44);
	yard_add_workers(1);
	yard_run_for(MINUTES(60));
	EXPECT_INT(yard.releases, 0);
	EXPECT_INT(yard_count("Deployed"), 2);
	yard_close();
}

TEST(a_new_template_rolls_over_with_one_spare_machine)
{
	struct api_status status = { 0 };
	json_t *change;

	a_pool_of(2);
	change = doc("{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
	EXPECT(store_patch(yard.store, "MachineDeployment", YARD_NS,
	    "web-workers", change, false, &status));
	json_decref(change);
	for (unsigned minute = 0; minute < 60; minute++) {
		yard_run_for(MINUTES(1));
		EXPECT(yard_owned() <= 4);
	}
	EXPECT_INT(yard_owned(), 3);
	EXPECT_INT(yard.releases, 2);
	EXPECT(two_workers());
	yard_close();
}

static char *kubeconfig(void)
{
	return xstrdup(json_string_value(json_object_get(
	    jget(yard_object("Secret", "web-kubeconfig"), "data"), "value")));
}

/* */
TEST(the_kubeconfig_is_signed_anew_at_half_of_its_life)
{
	char *first, *later, *last;

	a_running_cluster(1);
	first = kubeconfig();
	yard_stop_manager();
	host->clock_origin += HOURS(24 * 150);
	yard_start_manager();
	yard_run_for(HOURS(1));
	later = kubeconfig();
	EXPECT_STR(later, first);
	host->clock_origin += HOURS(24 * 40);
	yard_restart();
	yard_run_for(HOURS(1));
	last = kubeconfig();
	EXPECT(strcmp(last, first) != 0);
	free(first);
	free(later);
	free(last);
	yard_close();
}

/* ---- crashes ---- */

/* right after MAAS has answered the n-th exchange, before the
 * answer is heard. In the end exactly one machine is allocated. */
TEST(a_crash_after_any_exchange_costs_no_machine)
{
	unsigned last = 1;

	for (unsigned n = 1; n <= last; n++) {
		begun(3);
		while (
		    yard.heard < n && !yard_cluster_runs() && loop_step(loop))
			;
		yard_restart();
		EXPECT(yard_until(yard_cluster_runs, MINUTES(40)));
		yard_run_for(MINUTES(5));
		EXPECT_INT(yard_owned(), 1);
		EXPECT_INT(yard.allocates, 1);
		if (n == 1)
			last = yard.heard < 40 ? yard.heard : 40;
		yard_delete_cluster();
		EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
		EXPECT_INT(yard_owned(), 0);
		yard_close();
	}
}

static void crash_at_every(unsigned nth)
{
	unsigned seen = 0;

	begun(3);
	while (!yard_cluster_runs() && loop_now(loop) < HOURS(4) &&
	       yard.heard < 400) {
		if (!loop_step(loop))
			break;
		if (yard.heard != seen && yard.heard % nth == 0)
			yard_restart();
		seen = yard.heard;
	}
	EXPECT(yard_cluster_runs());
	EXPECT_INT(yard_owned(), 1);
	EXPECT_INT(yard.deploys, 1);
	yard_close();
}

TEST(crashes_again_and_again_cost_time_but_no_machine)
{
	for (unsigned nth = 5; nth <= 9; nth++)
		crash_at_every(nth);
}

TEST(a_crash_at_any_exchange_of_a_deletion_forgets_no_machine)
{
	for (unsigned n = 1; n < 14; n++) {
		unsigned before;

		a_running_cluster(2);
		before = yard.heard;
		yard_delete_cluster();
		while (yard.heard < before + n && !yard_cluster_gone() &&
		       loop_step(loop))
			;
		yard_restart();
		EXPECT(yard_until(yard_cluster_gone, MINUTES(20)));
		EXPECT_INT(yard_owned(), 0);
		EXPECT_INT(yard.releases, 1);
		EXPECT(!yard.has_record);
		yard_close();
	}
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
    CASE(a_locked_machine_keeps_its_object_and_says_so),
    CASE(a_lost_allocation_is_found_and_adopted),
    CASE(a_list_that_makes_no_sense_is_asked_for_again),
    CASE(a_lost_deployment_is_not_repeated),
    CASE(without_capacity_it_waits_visibly_and_goes_on),
    CASE(a_conflict_with_retry_after_is_repeated_when_it_says),
    CASE(a_machine_that_does_not_fit_is_given_back_at_once),
    CASE(a_machine_that_fails_to_deploy_is_released_and_quarantined),
    CASE(a_quarantine_ends),
    CASE(a_machine_that_deploys_for_ever_is_given_up_after_45_minutes),
    CASE(a_state_that_an_operator_chose_is_left_alone),
    CASE(a_refused_key_stops_the_work_until_there_is_a_new_one),
    CASE(with_a_refused_key_a_deletion_stays_pending),
    CASE(of_a_paused_cluster_nothing_is_touched),
    CASE(a_paused_cluster_is_not_deleted_either),
    CASE(the_name_is_never_emptied_while_a_control_plane_machine_is_there),
    CASE(a_record_that_somebody_changed_is_put_right),
    CASE(without_an_administrators_key_nothing_is_allocated),
    CASE(without_its_image_no_machine_is_taken),
    CASE(after_an_error_of_the_server_it_looks_before_it_asks_again),
    CASE(a_rack_that_is_away_delays_a_deployment_and_costs_no_machine),
    CASE(an_outage_of_maas_is_said_and_survived),
    CASE(without_an_api_server_other_machines_are_tried_and_the_last_one_kept),
    CASE(a_node_that_is_not_ready_is_said_and_its_machine_kept),
    CASE(a_running_machine_that_somebody_released_is_lost_and_not_taken_back),
    CASE(only_a_machine_that_is_surely_off_is_switched_on_and_once),
    CASE(a_node_that_stays_silent_is_replaced_by_another_machine),
    CASE(when_too_many_nodes_are_silent_none_is_replaced),
    CASE(after_a_restart_no_node_is_missing_before_all_are_listed),
    CASE(a_machine_that_installs_slowly_is_not_given_up_by_the_health_check),
    CASE(a_new_template_rolls_over_with_one_spare_machine),
    CASE(the_kubeconfig_is_signed_anew_at_half_of_its_life),
    CASE(a_crash_after_any_exchange_costs_no_machine),
    CASE(crashes_again_and_again_cost_time_but_no_machine),
    CASE(a_crash_at_any_exchange_of_a_deletion_forgets_no_machine), TESTS_END
