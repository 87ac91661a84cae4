#include "harness/laws.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/events.h"
#include "tests/harness/told.h"
#include "tests/test.h"

/* Each law hears a story in which all is well, then one in which it is
 * broken. The last test sees to it that no law was left out. */
static bool spoke[64];

static void expect_silence(void)
{
	EXPECT_STR(told_breach(), "");
}

static void expect_law(const char *law, const char *words)
{
	size_t count, all;
	const struct breach *b = judge_breaches(told.judge, &count);
	const struct law *laws = law_table(&all);

	EXPECT_INT(count, 1);
	EXPECT_STR(b[0].law->sentence, law);
	EXPECT_HAS(b[0].sentence, words);
	spoke[b[0].law - laws] = true;
}

static void dialled(const char *client, const char *to)
{
	EVENT(told.events, "flow", client, "x->y:443", F("to", to),
	    F("verdict", "open"));
}

/* ---- files ---- */

TEST(a_secret_in_a_file_that_others_may_read_breaks_the_run)
{
	static const char key[] = "the key is 4711-4711-4711";

	told_begin("", "");
	secrets_add(told.secrets, "MAAS API key", "4711-4711-4711");
	events_bared_file(told.events, "pcg/a", "notes", 0644, "none here", 9);
	expect_silence();
	events_bared_file(
	    told.events, "pcg/a", "notes", 0644, key, strlen(key));
	expect_law("no file that others may read holds a secret",
	    "pcg/a/file/notes holds the secret \"MAAS API key\" and may be "
	    "read by others (0644)");
	told_end();
}

/* ---- machines ---- */

TEST(a_machine_may_not_change_hands_without_a_release)
{
	told_begin("", "");
	told_machine("a", "Allocated", "web.u1.cp-0.1");
	told_machine("a", "Ready", "");
	told_machine("a", "Allocated", "db.u2.cp-0.1");
	expect_silence();
	told_machine("a", "Allocated", "web.u1.cp-0.2");
	expect_law("a machine has at most one owner",
	    "machine/a was held for db.u2.cp-0.1 and is now held for "
	    "web.u1.cp-0.2");
	told_end();
}

TEST(two_machines_may_not_be_held_for_the_same)
{
	told_begin("", "");
	told_machine("a", "Allocated", "web.u1.cp-0.1");
	told_machine("a", "Ready", "");
	told_machine("b", "Allocated", "web.u1.cp-0.1");
	told_machine("c", "Allocated", "web.u1.workers-0.1");
	expect_silence();
	told_machine("d", "Allocated", "web.u1.cp-0.1");
	expect_law("a machine is taken at most once for each purpose",
	    "machine/d was taken for web.u1.cp-0.1, and machine/b is held "
	    "for that already");
	told_end();
}

TEST(a_machine_left_for_a_deleted_cluster_breaks_the_run)
{
	told_begin("", "");
	told_cluster("Deleting", "pcg-a");
	told_machine("a", "Deployed", "web.u1.cp-0.1");
	judge_end(told.judge);
	expect_silence();
	told_cluster("Deleted", "pcg-a");
	judge_end(told.judge);
	expect_law("at the end no machine is allocated to nobody",
	    "machine/a is Deployed for web.u1.cp-0.1, and Palette has no such "
	    "cluster");
	told_end();
}

static void released(const char *client)
{
	told_asked(client, "maas/lab", "release",
	    "/MAAS/api/2.0/machines/a/?op=release", 200);
}

TEST(only_the_holder_may_release)
{
	told_begin("", "");
	told_cluster("Deleting", "pcg-a");
	told_machine("a", "Deployed", "web.u1.cp-0.1");
	released("pcg/a");
	released("cluster/web/capi");
	expect_silence();
	released("pcg/b");
	expect_law("a machine is released only by who holds it",
	    "pcg/b released machine/a, which is held for web.u1.cp-0.1");
	told_end();
}

/* ---- clusters ---- */

static void copy(const char *where, const char *paused)
{
	char name[100];

	snprintf(name, sizeof(name), "%s/object/Cluster/ns/web", where);
	EVENT(told.events, "state", where, name, F("paused", paused),
	    F("cluster", "web"));
}

#define COPIES                                                          \
	"of all copies of a cluster's objects at most one is unpaused " \
	"and at least one exists"

TEST(two_unpaused_copies_break_the_run)
{
	told_begin("", "");
	copy("pcg/a", "no");
	judge_settle(told.judge);
	copy("cluster/web", "yes");
	judge_settle(told.judge);
	expect_silence();
	copy("cluster/web", "no");
	judge_settle(told.judge);
	expect_law(
	    COPIES, "unpaused in pcg/a and cluster/web at the same time");
	told_end();
}

TEST(the_last_copy_may_not_go_while_the_cluster_runs)
{
	told_begin("", "");
	told_cluster("Running", "pcg-a");
	copy("cluster/web", "no");
	judge_settle(told.judge);
	expect_silence();
	EVENT(told.events, "gone", "cluster/web",
	    "cluster/web/object/Cluster/ns/web", F("cluster", "web"));
	judge_settle(told.judge);
	expect_law(COPIES, "no copy of the objects of cluster/web is left");
	told_end();
}

TEST(nobody_calls_across_after_the_pivot)
{
	told_begin("", "");
	told_cluster("Provisioning", "pcg-a");
	told_asked("pcg/a", "cluster/web", "GET /version", "/version", 200);
	told_cluster("Running", "pcg-a");
	told_asked("pcg/a", "palette/eu", "link.poll", "/v1", 200);
	expect_silence();
	told_asked("pcg/a", "cluster/web", "GET /version", "/version", 200);
	expect_law("after the pivot the gateway stays out of the way",
	    "pcg/a called cluster/web (GET /version) although cluster/web "
	    "runs by itself");
	told_end();
}

static void ordered(const char *order, const char *gateway)
{
	EVENT(told.events, "state", "palette/eu", "palette/eu/instruction/i1",
	    F("order", order), F("cluster", "web"), F("gateway", gateway),
	    F("state", "open"), N("generation", 1));
}

TEST(a_deletion_goes_to_no_other_gateway)
{
	told_begin("", "");
	told_cluster("Running", "pcg-a");
	ordered("ClusterDelete", "pcg-a");
	expect_silence();
	ordered("ClusterDelete", "pcg-b");
	expect_law("deletion goes to the gateway that the cluster refers to",
	    "the deletion of cluster/web was given to pcg-b, but the cluster "
	    "refers to pcg-a");
	told_end();
}

TEST(an_instruction_may_not_be_left_open_in_silence)
{
	told_begin("", "");
	EVENT(told.events, "state", "palette/eu", "palette/eu/cluster/web",
	    F("state", "Provisioning"), F("waiting", "no machine fits"));
	ordered("ClusterCreate", "pcg-a");
	judge_end(told.judge);
	expect_silence();
	told_cluster("Provisioning", "pcg-a");
	judge_end(told.judge);
	expect_law("every instruction is carried out or visibly waiting",
	    "ClusterCreate for cluster/web is still open at the end");
	told_end();
}

static void worked(const char *gateway, const char *state, int generation)
{
	char name[60];

	snprintf(name, sizeof(name), "%s/instruction/create-u1", gateway);
	EVENT(told.events, "state", gateway, name, F("order", "ClusterCreate"),
	    F("cluster", "web"), F("state", state),
	    N("generation", generation));
}

#define ONCE "an instruction is carried out at most once"

TEST(what_is_done_is_not_begun_again)
{
	told_begin("", "");
	worked("pcg/a", "running", 1);
	worked("pcg/a", "done", 1);
	worked("pcg/a", "done", 1); /* told again after a restart */
	worked("pcg/a", "dropped", 1);
	worked("pcg/a", "running", 2);
	worked("pcg/a", "done", 2);
	expect_silence();
	worked("pcg/a", "running", 2);
	expect_law(ONCE, "create-u1 (generation 2) is running at pcg/a, "
	                 "although pcg/a had carried it out");
	told_end();
}

TEST(two_gateways_may_not_both_do_it)
{
	told_begin("", "");
	worked("pcg/a", "running", 1);
	worked("pcg/b", "running", 2);
	worked("pcg/b", "done", 2);
	worked("pcg/a", "dropped", 1);
	expect_silence();
	worked("pcg/a", "done", 2);
	expect_law(ONCE, "create-u1 (generation 2) was carried out by pcg/b "
	                 "and by pcg/a");
	told_end();
}

TEST(a_running_cluster_may_not_fall_back)
{
	told_begin("", "");
	told_cluster("Provisioning", "pcg-a");
	told_cluster("Running", "pcg-a");
	expect_silence();
	told_cluster("Error", "pcg-a");
	expect_law("a running cluster stays Running until it is deleted",
	    "cluster/web was Running and is Error");
	told_end();
}

static void node(const char *ready)
{
	EVENT(told.events, "state", "workload", "cluster/web/node/n1",
	    F("ready", ready), F("machine", "a"));
}

static void power(const char *id, const char *power, const char *system)
{
	char name[40];

	snprintf(name, sizeof(name), "machine/%s", id);
	EVENT(told.events, "state", "workload", name, F("power", power),
	    F("system", system));
}

static void cable(const char *state)
{
	EVENT(told.events, "state", "network", "network/link/lab->maas/lab",
	    F("state", state));
}

TEST(a_node_is_lost_only_with_its_machine)
{
	told_begin("", "");
	told_cluster("Running", "pcg-a");
	power("a", "on", "running");
	node("True");
	power("a", "off", "installed");
	node("Unknown");
	power("a", "on", "running");
	node("True");
	told_wait(HOURS(1));
	cable("cut");
	node("Unknown");
	node("True");
	cable("up");
	told_wait(HOURS(1));
	events_emit(
	    told.events, "gone", "workload", "cluster/web/node/n1", NULL, 0);
	node("False"); /* another one of its name, that has just joined */
	expect_silence();
	node("True");
	node("Unknown");
	expect_law("a node of a running cluster is lost only with its machine",
	    "node n1 of cluster/web is not ready any more");
	told_end();
}

TEST(a_running_cluster_holds_its_own_objects_at_the_end)
{
	told_begin("", "");
	told_cluster("Running", "pcg-a");
	copy("cluster/web", "no");
	judge_end(told.judge);
	expect_silence();
	copy("cluster/web", "yes");
	judge_end(told.judge);
	expect_law("at the end a running cluster manages itself",
	    "it holds no unpaused copy of its own objects");
	told_end();
}

#define TRUST "nodes trust the certificates of the tenant and nobody else's"

static void certificates(const char *names)
{
	EVENT(told.events, "state", "palette/eu", "palette/eu",
	    F("certificates", names));
}

static void trusts(const char *id, const char *names)
{
	char name[40];

	snprintf(name, sizeof(name), "machine/%s", id);
	EVENT(told.events, "state", "workload", name, F("power", "on"),
	    F("system", "running"), F("trusts", names));
}

TEST(a_node_trusts_nobody_whom_the_tenant_does_not)
{
	told_begin("", "");
	trusts("a", "");
	certificates("CA (1)");
	certificates("CA (2)");
	trusts("a", "CA (1)");
	trusts("a", "CA (2); CA (1)");
	expect_silence();
	trusts("a", "CA (2); proxy (3)");
	expect_law(TRUST, "machine/a trusts proxy (3), which is no certificate "
	                  "of the tenant");
	told_end();
}

TEST(a_node_trusts_whom_the_tenant_trusted_when_it_was_ordered)
{
	told_begin("", "");
	certificates("CA (1)");
	told_cluster("Provisioning", "pcg-a");
	certificates("CA (1); CA (2)");
	trusts("a", "CA (1)");
	node("True");
	expect_silence();
	trusts("a", "CA (2)");
	node("True");
	expect_law(TRUST, "machine/a is a node of cluster/web and does not "
	                  "trust CA (1), which is the tenant's");
	told_end();
}

/* ---- who talks to whom ---- */

TEST(palette_may_not_dial)
{
	told_begin("", "");
	dialled("pcg/b", "palette/eu");
	expect_silence();
	dialled("palette/eu", "pcg/b");
	expect_law("Palette never opens a connection",
	    "palette/eu opened a connection to pcg/b");
	told_end();
}

#define PROXY "egress takes the proxy wherever one is set"

TEST(nobody_goes_around_their_proxy)
{
	told_begin("", "");
	dialled("pcg/b", "palette/eu"); /* it has none */
	dialled("pcg/a", "proxy/out");
	dialled("proxy/out", "palette/eu");
	dialled("cluster/web/agent", "proxy/out");
	dialled("pcg/a", "maas/lab");
	expect_silence();
	dialled("cluster/web/agent", "palette/eu");
	expect_law(PROXY, "cluster/web/agent dialled palette/eu directly");
	told_end();
}

TEST(nobody_asks_the_proxy_for_what_is_next_door)
{
	told_begin("", "");
	dialled("proxy/out", "maas/lab");
	expect_law(PROXY, "proxy/out was asked for maas/lab, which is reached "
	                  "without a proxy");
	told_end();
}

static void waited_in_vain(
    const char *client, const char *server, usec since_at, const char *fault)
{
	EVENT(told.events, "exchange", client, server, F("op", "read"),
	    F("error", "timeout: no answer"), N("status", 0),
	    N("sent_at", since_at), N("arrived_at", since_at + 1),
	    F("fault", fault));
}

#define ANSWERED "every request is answered"

TEST(maas_answers_every_request)
{
	told_begin("", "");
	told_wait(MINUTES(2));
	waited_in_vain("pcg/a", "maas/lab", MINUTES(1), "answer lost");
	cable("cut");
	waited_in_vain("pcg/a", "maas/lab", MINUTES(1), "");
	cable("up");
	waited_in_vain("pcg/a", "maas/lab", MINUTES(1), "");
	told_wait(MINUTES(2));
	expect_silence();
	waited_in_vain("pcg/a", "maas/lab", MINUTES(3), "");
	expect_law(ANSWERED, "maas/lab never answered read of pcg/a");
	told_end();
}

static void api(const char *state)
{
	EVENT(told.events, "state", "workload", "cluster/web", F("uid", "u1"),
	    F("api", state));
}

TEST(an_api_server_answers_every_request_while_its_machines_are_up)
{
	told_begin("", "");
	power("a", "on", "running");
	api("up");
	node("True");
	told_wait(MINUTES(2));
	power("a", "off", "installed");
	waited_in_vain("pcg/a", "cluster/web", MINUTES(1), "");
	power("a", "on", "running");
	waited_in_vain("pcg/a", "cluster/web", MINUTES(1), "");
	told_wait(MINUTES(2));
	api("down");
	waited_in_vain("pcg/a", "cluster/web", MINUTES(3), "");
	api("up");
	told_wait(MINUTES(2));
	expect_silence();
	waited_in_vain("pcg/a", "cluster/web", MINUTES(5), "");
	expect_law(ANSWERED, "cluster/web never answered read of pcg/a");
	told_end();
}

TEST(a_deleted_cluster_is_not_heard_of)
{
	told_begin("", "");
	told_cluster("Running", "pcg-a");
	dialled("cluster/web/agent", "proxy/out");
	told_cluster("Deleted", "pcg-a");
	expect_silence();
	dialled("cluster/web/agent", "proxy/out");
	expect_law("a deleted cluster sends nothing",
	    "cluster/web/agent called proxy/out after cluster/web was deleted");
	told_end();
}

static void process(const char *what)
{
	EVENT(told.events, "process", "scenario", "pcg/b", F("what", what));
}

TEST(a_dead_gateway_is_not_heard_of)
{
	told_begin("", "");
	process("started");
	dialled("pcg/b", "palette/eu");
	process("power-lost");
	process("started");
	dialled("pcg/b", "palette/eu");
	process("killed");
	EVENT(told.events, "exchange", "pcg/b", "palette/eu",
	    F("error", "gone: pcg/b died"));
	expect_silence();
	dialled("pcg/b", "palette/eu");
	expect_law("a gateway that does not run sends nothing",
	    "pcg/b called palette/eu, and it does not run");
	told_end();
}

/* ---- the simulation itself ---- */

#define MODELLED "a fake answers only what it models"

TEST(a_request_that_is_not_modelled_breaks_the_run)
{
	told_begin("", "");
	told_asked(
	    "pcg/a", "maas/lab", "unmodelled", "/MAAS/api/2.0/tags/", 501);
	expect_law(MODELLED, "pcg/a asked maas/lab for POST "
	                     "/MAAS/api/2.0/tags/, which is not modelled");
	told_end();
}

TEST(a_waived_law_is_not_judged)
{
	told_begin("", "waives:\n  " MODELLED ": it is looked for\n");
	told_asked(
	    "pcg/a", "maas/lab", "unmodelled", "/MAAS/api/2.0/tags/", 501);
	expect_silence();
	told_end();
}

TEST(time_may_not_go_backwards)
{
	struct event event = {
		.at = 5, .kind = "note", .actor = "a", .about = "b"
	};

	told_begin("", "");
	judge_sink(told.judge, &event);
	judge_sink(told.judge, &event);
	expect_silence();
	event.at = 4;
	judge_sink(told.judge, &event);
	expect_law("time does not go backwards",
	    "an event at 4 us follows one at 5 us");
	told_end();
}

static void searched(const char *text, const char *words)
{
	struct secrets *secrets = secrets_new(1);

	told_begin("", "");
	secrets_add(secrets, "MAAS API key", "k3y:t0k/n:s3 cr3t");
	judge_search(told.judge, secrets, "the log", text, strlen(text));
	if (*words)
		expect_law(LAW_NO_SECRET, words);
	else
		expect_silence();
	told_end();
	secrets_free(&secrets);
}

TEST(a_secret_is_found_in_each_of_its_forms)
{
	static const char said[] = "the log holds the secret \"MAAS API key\"";
	struct buf coded = BUF_INIT;

	searched("k3y:t0k is not all of it", "");
	searched("key=k3y:t0k/n:s3 cr3t!", said);
	searched("?key=k3y%3At0k%2Fn%3As3%20cr3t&", said);
	searched("?key=k3y%3At0k%2Fn%3As3+cr3t&", said);
	buf_adds(&coded, "Basic ");
	buf_add_base64(&coded, "me:k3y:t0k/n:s3 cr3t", 20);
	searched(buf_text(&coded), said);
	buf_free(&coded);
}

TEST(every_law_has_spoken_here)
{
	size_t count;
	const struct law *laws = law_table(&count);

	for (size_t i = 0; i < count; i++)
		if (!spoke[i])
			test_failed(__FILE__, __LINE__, "no test breaks \"%s\"",
			    laws[i].sentence);
}

TESTS_BEGIN
CASE(a_secret_in_a_file_that_others_may_read_breaks_the_run),
    CASE(a_machine_may_not_change_hands_without_a_release),
    CASE(two_machines_may_not_be_held_for_the_same),
    CASE(a_machine_left_for_a_deleted_cluster_breaks_the_run),
    CASE(only_the_holder_may_release), CASE(two_unpaused_copies_break_the_run),
    CASE(the_last_copy_may_not_go_while_the_cluster_runs),
    CASE(nobody_calls_across_after_the_pivot),
    CASE(a_deletion_goes_to_no_other_gateway),
    CASE(an_instruction_may_not_be_left_open_in_silence),
    CASE(what_is_done_is_not_begun_again),
    CASE(two_gateways_may_not_both_do_it),
    CASE(a_running_cluster_may_not_fall_back),
    CASE(a_node_is_lost_only_with_its_machine),
    CASE(a_running_cluster_holds_its_own_objects_at_the_end),
    CASE(a_node_trusts_nobody_whom_the_tenant_does_not),
    CASE(a_node_trusts_whom_the_tenant_trusted_when_it_was_ordered),
    CASE(palette_may_not_dial), CASE(nobody_goes_around_their_proxy),
    CASE(nobody_asks_the_proxy_for_what_is_next_door),
    CASE(maas_answers_every_request),
    CASE(an_api_server_answers_every_request_while_its_machines_are_up),
    CASE(a_deleted_cluster_is_not_heard_of),
    CASE(a_dead_gateway_is_not_heard_of),
    CASE(a_request_that_is_not_modelled_breaks_the_run),
    CASE(a_waived_law_is_not_judged), CASE(time_may_not_go_backwards),
    CASE(a_secret_is_found_in_each_of_its_forms),
    CASE(every_law_has_spoken_here), TESTS_END
