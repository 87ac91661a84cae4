#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/workload/site.h"
#include "tests/workload/wishes.h"

#define TOKEN            "abcdef.0123456789abcdef"
#define AGENT_TO_PALETTE "PUT /v1/spectroclusters/66b0000000000000000abc12/"

static void a_cluster_on_m1(void)
{
	char *text = user_data(&(struct wish){ 0 });

	open_site();
	publish("m1");
	deploy("m1", text);
	free(text);
}

static void a_worker_joins_on(const char *system_id, const char *token)
{
	char *hash = ca_hash();
	char *text = user_data(
	    &(struct wish){ .worker = true, .token = token, .ca_hash = hash });

	deploy(system_id, text);
	free(text);
	free(hash);
}

/* ---- the first control plane ---- */

TEST(a_cluster_comes_up_from_its_user_data)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	EXPECT_STR(attribute("machine/m1", "boot"), "");
	EXPECT_STR(attribute("cluster/web", "api"), "up");
	EXPECT_STR(attribute("cluster/web", "uid"), "66b0000000000000000abc12");
	EXPECT_STR(attribute("cluster/web", "nodes"), "1");
	EXPECT_STR(attribute("cluster/web/node/node-1", "ready"), "True");
	EXPECT_STR(
	    attribute("cluster/web/node/node-1", "role"), "control-plane");
	EXPECT_STR(attribute("cluster/web/node/node-1", "machine"), "m1");
	EXPECT_STR(attribute("cluster/web/agent", "state"), "running");
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
	EXPECT_STR(workload_node_of(racks, "cluster/web", "agent"), "m1");
	EXPECT_HAS(palette_heard(), AGENT_TO_PALETTE "heartbeat");
	EXPECT(!workload_complaint(racks));
	EXPECT(loop_quiet(loop));
	close_site();
}

TEST(its_api_knows_who_asks)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	EXPECT_INT(ask_api("m1", "GET", "/api/v1/nodes/node-1", NULL), 200);
	EXPECT_STR(
	    jstr(answer, "metadata.labels[kubernetes.io/hostname]"), "node-1");
	EXPECT_INT(ask_api("m1", "GET",
	               "/api/v1/namespaces/kube-system/configmaps/"
	               "kubeadm-config",
	               NULL),
	    200);
	EXPECT_INT(ask_api("m1", "GET", "/readyz", NULL), 200);
	close_site();
}

TEST(without_a_published_name_kubeadm_init_gives_up)
{
	a_cluster_on_m1();
	publish("");
	wait_for(MINUTES(40));
	EXPECT_HAS(attribute("machine/m1", "boot"),
	    "kubeadm init: timed out waiting for the API server at "
	    "web-0abc12.maas:6443");
	close_site();
}

/* Everything that a scenario could notice of one line that is missing. */
static char *outcome(const char *text, bool behind_proxy)
{
	struct buf out = BUF_INIT;

	open_site();
	palette_needs_proxy = behind_proxy;
	publish("m1");
	deploy("m1", text);
	wait_for(MINUTES(40));
	buf_addf(&out, "%s|%s|%s|%s|%s|%s", attribute("machine/m1", "boot"),
	    attribute("cluster/web", "api"),
	    attribute("cluster/web/node/node-1", "ready"),
	    attribute("cluster/web/agent", "palette"), noted(),
	    palette_heard());
	buf_addf(&out, "|%s",
	    workload_complaint(racks) ? workload_complaint(racks) : "");
	close_site();
	return buf_detach(&out);
}

/* Lines that say what would be so without them, or what is not modelled. */
static bool is_for_us(const char *line)
{
	static const char *const others[] = {
		"owner:",                /* the default */
		"permissions: \"0640\"", /* of certificates, which are public */
		"template: jinja",       /* and then there is none in it */
		"permissions: \"0644\"", /* the default */
		"caPem: \"\"",
		"serviceAccountName",         /* rights are not modelled */
		"dnsDomain", "serviceSubnet", /* kubeadm's own defaults */
		"apiServer:", "certSANs:",
		"- web-0abc12.maas", /* the endpoint is one anyway */
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strstr(line, others[i]))
			return false;
	return line[0] != '\0';
}

static void say_line(const char *text, unsigned number, char *out, size_t size)
{
	while (number-- > 0)
		text += strcspn(text, "\n") + 1;
	snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* Each line in turn: how many can be left out without anybody noticing? */
static unsigned lines_without_effect(const char *text, bool behind_proxy)
{
	char *whole = outcome(text, behind_proxy);
	unsigned count = 0;
	char *rest;

	EXPECT_HAS(whole, "|up|True|reached|");
	for (unsigned i = 0; (rest = without_line(text, i)); i++) {
		char *now = outcome(rest, behind_proxy);
		char line[100];

		say_line(text, i, line, sizeof(line));
		if (strcmp(now, whole) == 0 && is_for_us(line)) {
			printf("    without effect: %s\n", line);
			count++;
		}
		free(now);
		free(rest);
	}
	free(whole);
	return count;
}

static char proxy_url[] = "http://user:secret@proxy.lab:3128";
static char no_proxy[] = "10.0.0.0/8";

TEST(every_line_of_a_user_data_matters)
{
	char *text = user_data(&(struct wish){ 0 });

	EXPECT_INT(lines_without_effect(text, false), 0);
	free(text);
}

/* Where the only way out is a proxy that takes a certificate of the tenant's
 * to trust what is behind it, these are in the user data, too; and so are the
 * commands without which nobody would read them. */
TEST(every_line_matters_behind_a_proxy_too)
{
	const struct proxy_settings proxies = {
		.https_proxy = proxy_url,
		.no_proxy = no_proxy,
	};
	char *text = user_data(
	    &(struct wish){ .proxies = &proxies, .tenant_ca = true });

	EXPECT_HAS(text, "systemctl restart containerd");
	EXPECT_HAS(text, "update-ca-certificates");
	EXPECT_INT(lines_without_effect(text, true), 0);
	free(text);
}

/* ---- joining ---- */

TEST(a_worker_joins_with_its_token)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, HOURS(1));
	a_worker_joins_on("m2", TOKEN);
	wait_for(MINUTES(40));
	EXPECT_STR(attribute("machine/m2", "boot"), "");
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "True");
	EXPECT_STR(attribute("cluster/web/node/node-2", "role"), "worker");
	EXPECT_STR(attribute("cluster/web", "nodes"), "2");
	EXPECT_STR(workload_machine_of(racks, "web", "worker", 0), "m2");
	EXPECT_STR(workload_machine_of(racks, "web", "control-plane", 0), "m1");
	EXPECT(!workload_machine_of(racks, "web", "worker", 1));
	close_site();
}

TEST(an_expired_token_joins_nobody)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, MINUTES(1));
	a_worker_joins_on("m2", TOKEN);
	wait_for(MINUTES(40));
	EXPECT_HAS(attribute("machine/m2", "boot"),
	    "kubeadm join: couldn't validate the identity of the API Server: "
	    "token id \"abcdef\" is invalid for this cluster or it has "
	    "expired");
	EXPECT_INT(ask_api("m1", "GET",
	               "/api/v1/namespaces/kube-system/secrets/"
	               "bootstrap-token-abcdef",
	               NULL),
	    404);
	EXPECT_STR(attribute("cluster/web", "nodes"), "1");
	close_site();
}

TEST(a_wrong_hash_ends_a_join_at_once)
{
	char *text = user_data(&(struct wish){
	    .worker = true, .token = TOKEN, .ca_hash = "sha256:00" });

	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, HOURS(1));
	deploy("m2", text);
	wait_for(MINUTES(40));
	EXPECT_HAS(attribute("machine/m2", "boot"),
	    "none of its public keys are pinned");
	free(text);
	close_site();
}

TEST(an_unreachable_endpoint_ends_a_join_after_its_time)
{
	open_site();
	a_worker_joins_on("m2", TOKEN);
	wait_for(MINUTES(40));
	EXPECT_HAS(attribute("machine/m2", "boot"),
	    "couldn't validate the identity of the API Server: ");
	EXPECT_HAS(attribute("machine/m2", "boot"), "web-0abc12.maas");
	close_site();
}

TEST(a_second_control_plane_serves_the_same_objects)
{
	char *hash = ca_hash();
	char *text = user_data(
	    &(struct wish){ .join = true, .token = TOKEN, .ca_hash = hash });
	struct err err;

	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, HOURS(1));
	deploy("m2", text);
	wait_for(MINUTES(40));
	EXPECT_STR(attribute("machine/m2", "boot"), "");
	EXPECT_STR(attribute("cluster/web", "control_planes"), "2");
	EXPECT(workload_machine_dies(racks, "m1", &err));
	publish("m2");
	EXPECT_STR(attribute("cluster/web", "api"), "up");
	EXPECT_INT(ask_api("m2", "GET", "/api/v1/nodes/node-1", NULL), 200);
	wait_for(MINUTES(2));
	EXPECT_STR(attribute("cluster/web/node/node-1", "ready"), "Unknown");
	free(text);
	free(hash);
	close_site();
}

/* A first attempt that was given up left its disk behind, with the same CA. */
TEST(a_worker_joins_the_control_plane_that_answers_and_not_a_dead_one)
{
	char *text = user_data(&(struct wish){ 0 });
	struct err err;

	a_cluster_on_m1();
	wait_for(MINUTES(40));
	EXPECT(workload_machine_dies(racks, "m1", &err));
	publish("m2");
	deploy("m2", text);
	wait_for(MINUTES(40));
	put_token("m2", TOKEN, HOURS(1));
	a_worker_joins_on("m3", TOKEN);
	wait_for(MINUTES(40));
	EXPECT_STR(attribute("cluster/web/node/node-3", "machine"), "m3");
	EXPECT_STR(attribute("cluster/web/node/node-3", "ready"), "True");
	free(text);
	close_site();
}

/* ---- death and return ---- */

static bool has_taint(const char *key)
{
	for (size_t i = 0; i < jlen(answer, "spec.taints"); i++)
		if (strcmp(jstr(json_array_get(jget(answer, "spec.taints"), i),
		               "key"),
		        key) == 0)
			return true;
	return false;
}

TEST(a_silent_node_is_unknown_after_forty_seconds)
{
	struct err err;

	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, HOURS(1));
	a_worker_joins_on("m2", TOKEN);
	wait_for(MINUTES(40));
	EXPECT(workload_machine_dies(racks, "m2", &err));
	wait_for(SECONDS(39));
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "True");
	wait_for(SECONDS(2));
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "Unknown");
	EXPECT_INT(ask_api("m1", "GET", "/api/v1/nodes/node-2", NULL), 200);
	EXPECT(has_taint("node.kubernetes.io/unreachable"));
	EXPECT(has_taint("node.cluster.x-k8s.io/uninitialized"));
	EXPECT(!has_taint("node.kubernetes.io/not-ready"));
	EXPECT(workload_machine_returns(racks, "m2", &err));
	wait_for(MINUTES(10));
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "True");
	close_site();
}

static void plug(const char *out)
{
	unplugged = out;
	workload_links_changed(racks);
}

TEST(a_node_that_is_cut_off_is_unknown_after_forty_seconds)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, HOURS(1));
	a_worker_joins_on("m2", TOKEN);
	wait_for(MINUTES(40));
	plug("machine/m2");
	wait_for(SECONDS(39));
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "True");
	wait_for(SECONDS(2));
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "Unknown");
	EXPECT_STR(attribute("cluster/web/node/node-1", "ready"), "True");
	plug(NULL);
	wait_for(MINUTES(1));
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "True");
	plug("machine/m1"); /* the only member hears itself */
	wait_for(MINUTES(2));
	EXPECT_STR(attribute("cluster/web/node/node-1", "ready"), "True");
	EXPECT_STR(attribute("cluster/web/node/node-2", "ready"), "Unknown");
	unplugged = NULL;
	close_site();
}

TEST(a_cluster_survives_a_power_cycle_of_its_only_control_plane)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	power("m1", true);
	wait_for(SECONDS(20));
	EXPECT_STR(attribute("cluster/web", "api"), "down");
	EXPECT_STR(attribute("cluster/web/agent", "state"), "stopped");
	wait_for(MINUTES(10));
	EXPECT_STR(attribute("cluster/web", "api"), "up");
	EXPECT_STR(attribute("cluster/web/node/node-1", "ready"), "True");
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
	close_site();
}

TEST(a_cluster_is_gone_with_the_last_disk_of_its_control_planes)
{
	a_cluster_on_m1();
	wait_for(MINUTES(40));
	power("m1", false);
	wait_for(MINUTES(10));
	EXPECT_STR(attribute("cluster/web", "api"), "down");
	set_task("m1", BOOT_ERASE);
	power("m1", true);
	wait_for(MINUTES(30));
	EXPECT_STR(attribute("cluster/web", "api"), ""); /* no such thing */
	close_site();
}

/* ---- programs ---- */

TEST(a_killed_agent_is_back_after_ten_seconds)
{
	struct err err;

	a_cluster_on_m1();
	wait_for(MINUTES(40));
	EXPECT(workload_kill_program(racks, "web", "agent", &err));
	EXPECT(!workload_node_of(racks, "web", "agent"));
	EXPECT(!workload_kill_program(racks, "web", "agent", &err));
	wait_for(0);
	EXPECT_STR(attribute("cluster/web/agent", "state"), "stopped");
	wait_for(SECONDS(11));
	EXPECT_STR(attribute("cluster/web/agent", "state"), "running");
	close_site();
}

TEST(an_agent_whose_node_died_starts_elsewhere_after_five_minutes)
{
	struct err err;
	char *hash = ca_hash();
	char *text = user_data(
	    &(struct wish){ .join = true, .token = TOKEN, .ca_hash = hash });

	a_cluster_on_m1();
	wait_for(MINUTES(40));
	put_token("m1", TOKEN, HOURS(1));
	deploy("m2", text);
	wait_for(MINUTES(40));
	EXPECT(workload_machine_dies(racks, "m1", &err));
	wait_for(MINUTES(4));
	EXPECT(!workload_node_of(racks, "web", "agent"));
	wait_for(MINUTES(2));
	EXPECT_STR(workload_node_of(racks, "web", "agent"), "m2");
	wait_for(MINUTES(1));
	EXPECT_STR(attribute("cluster/web/agent", "palette"), "reached");
	free(text);
	free(hash);
	close_site();
}

TESTS_BEGIN
CASE(a_cluster_comes_up_from_its_user_data), CASE(its_api_knows_who_asks),
    CASE(without_a_published_name_kubeadm_init_gives_up),
    CASE(a_worker_joins_with_its_token), CASE(an_expired_token_joins_nobody),
    CASE(a_wrong_hash_ends_a_join_at_once),
    CASE(an_unreachable_endpoint_ends_a_join_after_its_time),
    CASE(a_second_control_plane_serves_the_same_objects),
    CASE(a_worker_joins_the_control_plane_that_answers_and_not_a_dead_one),
    CASE(a_silent_node_is_unknown_after_forty_seconds),
    CASE(a_node_that_is_cut_off_is_unknown_after_forty_seconds),
    CASE(a_cluster_survives_a_power_cycle_of_its_only_control_plane),
    CASE(a_cluster_is_gone_with_the_last_disk_of_its_control_planes),
    CASE(a_killed_agent_is_back_after_ten_seconds),
    CASE(an_agent_whose_node_died_starts_elsewhere_after_five_minutes),
    CASE(every_line_of_a_user_data_matters),
    CASE(every_line_matters_behind_a_proxy_too), TESTS_END
