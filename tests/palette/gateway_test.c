/* Gateways: pairing, registration, polls, reports, health, and their end. */
#include "tests/palette/site.h"

#include <stdio.h>

static void open_pair(void)
{
	open_plane();
	pair(&a, "pcg/a");
}

/* ---- pairing ---- */

static int fetch_manifest(const char *code)
{
	return nobody(
	    NULL, "GET", "/v1/overlords/maas/manifest?pairingCode=%s", code);
}

static void ask_code(char code[32])
{
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/overlords/pairing/code?cloudType=maas"),
	    200);
	snprintf(code, 32, "%s", jstr(answer, "pairingCode"));
}

TEST(a_manifest_makes_an_unnamed_gateway_once)
{
	char code[32], first[2048];

	open_plane();
	ask_code(code);
	EXPECT_INT(strlen(code), 14);
	EXPECT_INT(fetch_manifest(code), 200);
	EXPECT_HAS(jstr(answer, "manifest"), "name: overlord-config");
	snprintf(first, sizeof(first), "%s", jstr(answer, "manifest"));
	EXPECT_INT(fetch_manifest(code), 200);
	EXPECT_STR(jstr(answer, "manifest"), first);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords"), 200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_STR(jstr(answer, "items[0].status.state"), "Pending");
	EXPECT_STR(jstr(answer, "items[0].metadata.name"), "");
	close_plane();
}

TEST(a_code_that_is_wrong_replaced_or_a_day_old_is_refused)
{
	char first[32], second[32];

	open_plane();
	EXPECT_INT(fetch_manifest("AAAA-AAAA-AAAA"), 400);
	EXPECT_STR(jstr(answer, "code"), "InvalidPairingCode");
	EXPECT_INT(nobody(NULL, "GET", "/v1/overlords/maas/manifest"), 400);
	ask_code(first);
	ask_code(second);
	EXPECT_INT(fetch_manifest(first), 400);
	EXPECT_INT(fetch_manifest(second), 200);
	ask_code(first);
	wait_for(HOURS(24));
	EXPECT_INT(fetch_manifest(first), 400);
	close_plane();
}

TEST(registering_makes_a_gateway_running_and_healthy)
{
	open_pair();
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords?name=pcg/a"), 200);
	EXPECT_STR(jstr(answer, "items[0].metadata.uid"), a.uid);
	EXPECT_STR(jstr(answer, "items[0].status.state"), "Running");
	EXPECT_STR(jstr(answer, "items[0].status.health.state"), "Healthy");
	EXPECT_STR(jstr(answer, "items[0].spec.ipAddress"), "203.0.113.1");
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "state"), "Running");
	close_site();
}

TEST(a_lost_answer_to_the_registration_may_be_asked_for_again)
{
	char token[64];

	open_pair();
	snprintf(token, sizeof(token), "%s", a.token);
	EXPECT_INT(gw_register(&a), 204);
	EXPECT_STR(a.token, token);
	close_site();
}

TEST(another_key_with_a_used_code_is_refused)
{
	open_pair();
	a.key = "ffffffffffffffffffffffffffffffff";
	EXPECT_INT(gw_register(&a), 409);
	EXPECT_STR(jstr(answer, "code"), "PairingCodeUsed");
	a.key = "short";
	EXPECT_INT(gw_register(&a), 400);
	EXPECT_STR(jstr(answer, "code"), "InvalidGatewayKey");
	close_site();
}

TEST(a_registration_with_a_wrong_code_leaves_the_gateway_pending)
{
	open_pair();
	b = (struct gw){ .name = "pcg/b",
		.key = "0123456789abcdef0123456789abcdef" };
	snprintf(b.code, sizeof(b.code), "%s", palette_pairing_code(plane));
	EXPECT_INT(fetch_manifest(b.code), 200);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords"), 200);
	snprintf(
	    b.uid, sizeof(b.uid), "%s", jstr(answer, "items[1].metadata.uid"));
	snprintf(b.code, sizeof(b.code), "%s", a.code);
	EXPECT_INT(gw_register(&b), 400);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", b.uid), 200);
	EXPECT_STR(jstr(answer, "status.state"), "Pending");
	close_site();
}

TEST(two_gateways_cannot_have_one_name)
{
	open_pair();
	pair(&b, "pcg/b");
	b.name = "pcg/a";
	EXPECT_INT(gw_register(&b), 409);
	EXPECT_STR(jstr(answer, "code"), "OverlordAlreadyExists");
	b.name = "no\x80name";
	EXPECT_INT(gw_register(&b), 400);
	EXPECT_STR(jstr(answer, "code"), "InvalidGatewayName");
	close_site();
}

TEST(a_forgotten_session_is_mended_with_the_old_code_and_key)
{
	char token[64];

	open_pair();
	snprintf(token, sizeof(token), "%s", a.token);
	wait_for(HOURS(30));
	palette_forget_sessions(plane);
	EXPECT_INT(polls(&a), 401);
	EXPECT_STR(jstr(answer, "code"), "UnAuthorizedAccess");
	EXPECT_INT(gw_register(&a), 204);
	EXPECT(strcmp(a.token, token) != 0);
	EXPECT_INT(polls(&a), 200);
	close_site();
}

/* ---- health ---- */

TEST(a_gateway_that_does_not_poll_for_ten_minutes_is_unhealthy)
{
	open_pair();
	wait_for(MINUTES(9));
	EXPECT_INT(polls(&a), 200);
	wait_for(MINUTES(9));
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "health"), "Healthy");
	wait_for(MINUTES(2));
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "health"), "Unhealthy");
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", a.uid), 200);
	EXPECT_STR(jstr(answer, "status.health.state"), "Unhealthy");
	EXPECT_STR(jstr(answer, "status.state"), "Running");
	EXPECT(!jbool(answer, "status.isReady"));
	EXPECT_INT(polls(&a), 200);
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "health"), "Healthy");
	close_site();
}

TEST(the_time_until_it_is_missed_can_be_chosen)
{
	plane_options.gateway_lost_after_for = MINUTES(2);
	open_pair();
	wait_for(SECONDS(121));
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "health"), "Unhealthy");
	close_site();
}

/* ---- delivery ---- */

TEST(an_instruction_comes_with_every_poll_until_it_is_known)
{
	open_pair();
	an_account(&a, account);
	a_cluster("web", account, 2, web);
	EXPECT_INT(gw_call(&a, J("{'known':{}}"), "POST",
	               "/v1/link/gateways/%s/poll", a.uid),
	    200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	EXPECT_STR(state_of(web), "Pending");
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	EXPECT_STR(jstr(answer, "instructions[0].kind"), "ClusterCreate");
	EXPECT_STR(jstr(answer, "instructions[0].account.apiKey"),
	    "consumer:token:secret");
	EXPECT_STR(
	    jstr(answer, "instructions[0].kubernetesVersion"), "v1.29.4");
	EXPECT_STR(jstr(answer, "instructions[0].pools[1].name"), "workers");
	EXPECT_INT(jint(answer, "instructions[0].pools[1].size"), 2);
	EXPECT_INT(jint(answer, "instructions[0].pools[1].minCPU"), 4);
	EXPECT_STR(jstr(answer, "instructions[0].palette.endpoint"),
	    "https://api.palette.example");
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 0);
	EXPECT_INT(jlen(answer, "withdrawn"), 0);
	EXPECT_STR(state_of(web), "Provisioning");
	close_site();
}

TEST(an_older_generation_is_as_good_as_unknown)
{
	open_pair();
	an_account(&a, account);
	a_cluster("web", account, 0, web);
	EXPECT_INT(gw_call(&a, J("{'known':{'create-%s':0}}", web), "POST",
	               "/v1/link/gateways/%s/poll", a.uid),
	    200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	EXPECT_INT(gw_call(&a, J("{'known':{'create-%s':1,'other':7}}", web),
	               "POST", "/v1/link/gateways/%s/poll", a.uid),
	    200);
	EXPECT_INT(jlen(answer, "instructions"), 0);
	EXPECT_INT(jlen(answer, "withdrawn"), 1);
	EXPECT_STR(jstr(answer, "withdrawn[0]"), "other");
	close_site();
}

TEST(a_poll_says_the_time_and_when_to_come_again)
{
	plane_options.poll_after_for = SECONDS(5);
	open_pair();
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jint(answer, "pollAfterSeconds"), 5);
	EXPECT_HAS(jstr(answer, "time"), "2026-01-01T00:00:00.");
	close_site();
}

TEST(a_gateway_speaks_for_itself_only)
{
	open_pair();
	pair(&b, "pcg/b");
	EXPECT_INT(
	    gw_call(&a, J("{}"), "POST", "/v1/link/gateways/%s/poll", b.uid),
	    403);
	EXPECT_STR(jstr(answer, "code"), "OperationForbidden");
	close_site();
}

/* ---- reports ---- */

static void open_creation(void)
{
	open_site();
	a_cluster("web", account, 1, web);
	has_picked_up(&a, web);
}

static void event_report(int seq, int expected)
{
	EXPECT_INT(gw_call(&a,
	               J("{'reports':[{'seq':%d,'clusterUid':'%s','kind':"
	                 "'event','message':'m'}]}",
	                   seq, web),
	               "POST", "/v1/link/gateways/%s/report", a.uid),
	    204);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/events/components/spectrocluster/%s", web),
	    200);
	EXPECT_INT(jint(answer, "listmeta.count"), expected);
}

TEST(a_report_that_is_sent_again_counts_once_in_any_order)
{
	static const int seqs[] = { 5, 1, 2, 2, 9, 3, 5, 4, 9, 8, 6, 7, 7, 1 };
	int seen = 0;

	open_creation();
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		bool is_new = true;

		for (size_t j = 0; j < i; j++)
			is_new = is_new && seqs[j] != seqs[i];
		seen += is_new;
		event_report(seqs[i], seen);
	}
	close_site();
}

TEST(what_is_reported_is_shown)
{
	open_creation();
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'condition','type':'BootstrapReady',"
	                 "'status':'False','reason':'WaitingForKubeadmInit',"
	                 "'message':'soon'}")),
	    204);
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'endpoint','host':'web.maas','port':6443}")),
	    204);
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'machine','name':'cp-0','pool':'cp',"
	                 "'state':'Provisioning','systemId':'kx4t2m'}")),
	    204);
	EXPECT_INT(report(&a, "create-", web,
	               J("{'kind':'event','severity':'Warning','reason':'R',"
	                 "'message':'look here'}")),
	    204);
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", web), 200);
	EXPECT_STR(jstr(answer, "status.conditions[0].type"), "BootstrapReady");
	EXPECT_STR(jstr(answer, "status.conditions[0].status"), "False");
	EXPECT_STR(jstr(answer, "status.apiEndpoints[0].host"), "web.maas");
	EXPECT_INT(jint(answer, "status.apiEndpoints[0].port"), 6443);
	EXPECT_STR(told("palette/eu/event/1", "message"), "look here");
	EXPECT_STR(told("palette/eu/event/1", "cluster"), "web");
	close_site();
}

TEST(a_kubeconfig_is_kept_for_operators)
{
	open_creation();
	EXPECT_INT(admin(NULL, "GET",
	               "/v1/spectroclusters/%s/assets/adminKubeconfig", web),
	    404);
	EXPECT_STR(jstr(answer, "code"), "ResourceNotFound");
	is_handed_over(&a, web);
	EXPECT_INT(admin(NULL, "GET",
	               "/v1/spectroclusters/%s/assets/adminKubeconfig", web),
	    200);
	EXPECT_HAS(answer_text, "admin of ");
	EXPECT_STR(answer_header("Content-Type"), "application/octet-stream");
	EXPECT_HAS(answer_header("Content-Disposition"), "filename=");
	close_site();
}

TEST(a_report_that_says_nothing_understandable_is_400)
{
	static const char *const bodies[] = { "{}", "{'reports':{}}",
		"{'reports':[{}]}", "{'reports':[{'seq':1}]}",
		"{'reports':[{'seq':1,'kind':'dance'}]}",
		"{'reports':[{'seq':'1','kind':'event'}]}",
		"{'reports':[17]}" };

	open_creation();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		EXPECT_INT(gw_call(&a, J("%s", bodies[i]), "POST",
		               "/v1/link/gateways/%s/report", a.uid),
		    400);
		EXPECT_STR(jstr(answer, "code"), "InvalidReport");
	}
	close_site();
}

TEST(only_the_gateway_of_a_cluster_may_report_on_it)
{
	open_creation();
	pair(&b, "pcg/b");
	EXPECT_INT(gw_call(&b,
	               J("{'reports':[{'seq':1,'kind':'event','clusterUid':"
	                 "'%s','message':'x'},{'seq':2,'kind':'event',"
	                 "'clusterUid':'gone','message':'x'},{'seq':3,'kind':"
	                 "'event','clusterUid':'%s','message':'x'}]}",
	                   web, web),
	               "POST", "/v1/link/gateways/%s/report", b.uid),
	    409);
	EXPECT_STR(jstr(answer, "code"), "NotYourCluster");
	EXPECT_INT(jlen(answer, "details.clusters"), 2);
	EXPECT_STR(jstr(answer, "details.clusters[0]"), web);
	EXPECT_INT(times_told("palette/eu/event/1"), 0);
	close_site();
}

/* ---- the end ---- */

TEST(a_gateway_in_use_cannot_be_deleted)
{
	open_creation();
	EXPECT_INT(admin(NULL, "DELETE", "/v1/overlords/%s", a.uid), 500);
	EXPECT_STR(jstr(answer, "code"), "DeletionResourceInUseError");
	EXPECT_STR(jstr(answer, "message"),
	    "private cloud gateway pcg/a is in use by 1 cluster");
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/overlords/%s", a.uid), 200);
	EXPECT(*jstr(answer, "msg"));
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", a.uid), 404);
	EXPECT_INT(polls(&a), 401);
	EXPECT_INT(gw_register(&a), 404);
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "state"), "Deleted");
	close_site();
}

TEST(a_pending_gateway_can_be_deleted)
{
	char code[32], uid[32];

	open_plane();
	ask_code(code);
	EXPECT_INT(fetch_manifest(code), 200);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords"), 200);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "items[0].metadata.uid"));
	EXPECT_INT(admin(NULL, "DELETE", "/v1/overlords/%s", uid), 200);
	EXPECT_INT(fetch_manifest(code), 400);
	close_plane();
}

TEST(a_reset_gateway_is_pending_and_may_be_paired_again)
{
	open_pair();
	EXPECT_INT(admin(NULL, "PUT", "/v1/overlords/%s/reset", a.uid), 200);
	EXPECT_STR(told("palette/eu/gateway/pcg/a", "state"), "Pending");
	EXPECT_INT(polls(&a), 401);
	a.key = "a new key of a new installation.......";
	EXPECT_INT(gw_register(&a), 204);
	EXPECT_INT(polls(&a), 200);
	close_site();
}

TEST(a_new_installation_of_a_reset_gateway_counts_its_reports_anew)
{
	open_creation();
	event_report(1, 1);
	EXPECT_INT(admin(NULL, "PUT", "/v1/overlords/%s/reset", a.uid), 200);
	EXPECT_STR(told("palette/eu/cluster/web", "waiting"),
	    "private cloud gateway pcg/a is Pending");
	a.key = "a new key of a new installation.......";
	EXPECT_INT(gw_register(&a), 204);
	event_report(1, 2);
	close_site();
}

TEST(a_gateway_may_be_renamed)
{
	open_pair();
	pair(&b, "pcg/b");
	EXPECT_INT(admin(J("{'metadata':{'name':'pcg/b'}}"), "PUT",
	               "/v1/overlords/%s/metadata", a.uid),
	    409);
	EXPECT_INT(admin(J("{'metadata':{'name':'a name'}}"), "PUT",
	               "/v1/overlords/%s/metadata", a.uid),
	    400);
	EXPECT_INT(admin(J("{'metadata':{'name':'pcg/c','labels':{'x':'y'}}}"),
	               "PUT", "/v1/overlords/%s/metadata", a.uid),
	    204);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", a.uid), 200);
	EXPECT_STR(jstr(answer, "metadata.name"), "pcg/c");
	EXPECT_STR(jstr(answer, "metadata.labels.x"), "y");
	close_site();
}

TESTS_BEGIN
CASE(a_manifest_makes_an_unnamed_gateway_once),
    CASE(a_code_that_is_wrong_replaced_or_a_day_old_is_refused),
    CASE(registering_makes_a_gateway_running_and_healthy),
    CASE(a_lost_answer_to_the_registration_may_be_asked_for_again),
    CASE(another_key_with_a_used_code_is_refused),
    CASE(a_registration_with_a_wrong_code_leaves_the_gateway_pending),
    CASE(two_gateways_cannot_have_one_name),
    CASE(a_forgotten_session_is_mended_with_the_old_code_and_key),
    CASE(a_gateway_that_does_not_poll_for_ten_minutes_is_unhealthy),
    CASE(the_time_until_it_is_missed_can_be_chosen),
    CASE(an_instruction_comes_with_every_poll_until_it_is_known),
    CASE(an_older_generation_is_as_good_as_unknown),
    CASE(a_poll_says_the_time_and_when_to_come_again),
    CASE(a_gateway_speaks_for_itself_only),
    CASE(a_report_that_is_sent_again_counts_once_in_any_order),
    CASE(what_is_reported_is_shown), CASE(a_kubeconfig_is_kept_for_operators),
    CASE(a_report_that_says_nothing_understandable_is_400),
    CASE(only_the_gateway_of_a_cluster_may_report_on_it),
    CASE(a_gateway_in_use_cannot_be_deleted),
    CASE(a_pending_gateway_can_be_deleted),
    CASE(a_reset_gateway_is_pending_and_may_be_paired_again),
    CASE(a_new_installation_of_a_reset_gateway_counts_its_reports_anew),
    CASE(a_gateway_may_be_renamed), TESTS_END
