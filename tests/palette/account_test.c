/* Cloud accounts, and the questions that only a gateway can answer. */
#include "tests/palette/site.h"

#include <stdio.h>

TEST(an_account_is_shown_without_its_key)
{
	open_site();
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/cloudaccounts/maas/%s", account), 200);
	EXPECT_STR(
	    jstr(answer, "spec.apiEndpoint"), "http://maas.lab:5240/MAAS");
	EXPECT(!strstr(answer_text, "consumer"));
	EXPECT_STR(jstr(answer, "metadata.annotations.overlordUid"), a.uid);
	EXPECT_STR(jstr(answer, "metadata.annotations.scope"), "project");
	EXPECT_INT(admin(NULL, "GET", "/v1/cloudaccounts/maas"), 200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_INT(admin(NULL, "GET", "/v1/cloudaccounts/summary"), 200);
	EXPECT_STR(jstr(answer, "items[0].kind"), "maas");
	close_site();
}

TEST(an_account_needs_a_free_name_a_gateway_and_a_key)
{
	static const struct {
		const char *body;
		int status;
		const char *sentence;
	} wrong[] = {
		{ "{}", 400, "needs a metadata.name" },
		{ "{'metadata':{'name':'account of pcg/a'}}", 409,
		    "there is already a cloud account account of pcg/a" },
		{ "{'metadata':{'name':'n'}}", 400,
		    "overlordUid names no private cloud gateway" },
		{ "{'metadata':{'name':'n','annotations':{'overlordUid':"
		  "'%s'}},'spec':{'apiEndpoint':'http://m/MAAS'}}",
		    400, "needs an apiEndpoint and an apiKey" },
	};

	open_site();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char body[256];

		if (i == 3)
			snprintf(body, sizeof(body),
			    "{'metadata':{'name':'n','annotations':{"
			    "'overlordUid':'%s'}},'spec':{'apiEndpoint':"
			    "'http://m/MAAS'}}",
			    a.uid);
		else
			snprintf(body, sizeof(body), "%s", wrong[i].body);
		EXPECT_INT(
		    admin(J("%s", body), "POST", "/v1/cloudaccounts/maas"),
		    wrong[i].status);
		EXPECT_HAS(jstr(answer, "message"), wrong[i].sentence);
	}
	EXPECT_INT(admin(NULL, "GET", "/v1/cloudaccounts/maas"), 200);
	EXPECT_INT(jlen(answer, "items"), 1);
	close_site();
}

TEST(a_key_that_is_written_back_masked_stays)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/cloudaccounts/maas/%s", account), 200);
	EXPECT_INT(admin(json_incref(answer), "PUT",
	               "/v1/cloudaccounts/maas/%s", account),
	    204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_STR(jstr(answer, "instructions[0].account.apiKey"),
	    "consumer:token:secret");
	close_site();
}

TEST(a_rotated_key_reaches_the_gateway_that_is_at_work)
{
	open_site();
	a_cluster("web", account, 0, web);
	has_picked_up(&a, web);
	EXPECT_INT(admin(J("{'spec':{'apiEndpoint':'http://maas.lab:5240/"
	                   "MAAS','apiKey':'new:new:new'}}"),
	               "PUT", "/v1/cloudaccounts/maas/%s", account),
	    204);
	EXPECT_INT(polls(&a), 200);
	EXPECT_STR(
	    jstr(answer, "instructions[0].account.apiKey"), "new:new:new");
	EXPECT_INT(jint(answer, "instructions[0].generation"), 2);
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 0);
	close_site();
}

TEST(an_account_in_use_cannot_be_deleted)
{
	open_site();
	a_cluster("web", account, 0, web);
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/cloudaccounts/maas/%s", account), 500);
	EXPECT_STR(jstr(answer, "code"), "DeletionResourceInUseError");
	EXPECT_INT(admin(NULL, "DELETE",
	               "/v1/spectroclusters/%s?forceDelete=true", web),
	    204);
	EXPECT_INT(
	    admin(NULL, "DELETE", "/v1/cloudaccounts/maas/%s", account), 204);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/cloudaccounts/maas/%s", account), 404);
	close_site();
}

TEST(an_account_of_another_project_is_not_there)
{
	char other[32];

	open_site();
	EXPECT_INT(
	    admin(J("{'metadata':{'name':'two'}}"), "POST", "/v1/projects"),
	    201);
	snprintf(other, sizeof(other), "%s", jstr(answer, "uid"));
	EXPECT_INT(stranger("ProjectUid", other, NULL, "GET",
	               "/v1/cloudaccounts/maas/%s", account),
	    401);
	EXPECT_INT(
	    admin(NULL, "GET", "/v1/cloudaccounts/maas/%s", account), 200);
	close_site();
}

/* ---- the gateway's own account ---- */

TEST(a_gateway_brings_its_account_and_all_projects_share_it)
{
	char own[32];

	open_plane();
	pair(&a, "pcg/a");
	for (int i = 0; i < 2; i++)
		EXPECT_INT(gw_call(&a,
		               J("{'name':'pcg-a','apiEndpoint':"
		                 "'http://maas.lab:5240/MAAS','apiKey':"
		                 "'k:k:k','caPem':'PEM'}"),
		               "PUT", "/v1/link/gateways/%s/account", a.uid),
		    204);
	EXPECT_INT(admin(NULL, "GET", "/v1/cloudaccounts/maas"), 200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_STR(jstr(answer, "items[0].metadata.name"), "pcg-a");
	EXPECT_STR(
	    jstr(answer, "items[0].metadata.annotations.scope"), "tenant");
	snprintf(own, sizeof(own), "%s", jstr(answer, "items[0].metadata.uid"));
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", a.uid), 200);
	EXPECT_STR(jstr(answer, "spec.cloudAccountUid"), own);
	a_cluster("web", own, 0, account);
	EXPECT_INT(polls(&a), 200);
	EXPECT_STR(jstr(answer, "instructions[0].account.caPem"), "PEM");
	gw_forget(&a);
	close_plane();
}

TEST(an_operator_may_give_a_gateway_its_account)
{
	open_plane();
	pair(&a, "pcg/a");
	EXPECT_INT(admin(J("{'name':'lab','shareWithProjects':true,'account':"
	                   "{'apiEndpoint':'http://m/MAAS','apiKey':"
	                   "'k:k:k'}}"),
	               "POST", "/v1/overlords/maas/%s/account", a.uid),
	    201);
	EXPECT_INT(admin(J("{'account':{}}"), "PUT",
	               "/v1/overlords/maas/%s/account", a.uid),
	    400);
	EXPECT_INT(admin(J("{'account':{'apiEndpoint':'http://n/MAAS',"
	                   "'apiKey':'k:k:k'}}"),
	               "PUT", "/v1/overlords/maas/%s/account", a.uid),
	    204);
	EXPECT_INT(admin(NULL, "GET", "/v1/cloudaccounts/maas"), 200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_STR(jstr(answer, "items[0].spec.apiEndpoint"), "http://n/MAAS");
	gw_forget(&a);
	close_plane();
}

/* ---- questions ---- */

static void ask_whether_valid(void)
{
	admin_begin(J("{'account':{'apiEndpoint':'http://maas.lab:5240/MAAS',"
	              "'apiKey':'c:t:s'}}"),
	    "POST", "/v1/overlords/maas/%s/account/validate", a.uid);
}

/* The gateway at its next turn; returns what it was asked. */
static const json_t *is_asked(void)
{
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	return json_object_get(a.held, jstr(answer, "instructions[0].id"));
}

static void answers(const json_t *question, const char *data)
{
	EXPECT_INT(report(&a, jstr(question, "id"), NULL,
	               J("{'kind':'result','outcome':'done','data':%s}", data)),
	    204);
}

TEST(a_good_account_is_204_through_the_gateway)
{
	const json_t *question;

	open_site();
	ask_whether_valid();
	EXPECT(!admin_is_answered());
	EXPECT(!is_quiet());
	question = is_asked();
	EXPECT_STR(jstr(question, "kind"), "AccountValidate");
	EXPECT_STR(jstr(question, "account.apiKey"), "c:t:s");
	answers(question, "{'ok':true}");
	EXPECT_INT(admin_end(), 204);
	EXPECT(is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(json_object_size(a.held), 0);
	close_site();
}

TEST(a_bad_account_is_400_with_the_gateways_words)
{
	open_site();
	ask_whether_valid();
	answers(is_asked(),
	    "{'ok':false,'message':'MAAS says 401: the key is wrong'}");
	EXPECT_INT(admin_end(), 400);
	EXPECT_STR(jstr(answer, "message"), "MAAS says 401: the key is wrong");
	close_site();
}

TEST(a_gateway_that_does_not_answer_costs_28_seconds)
{
	usec began_at;

	open_site();
	began_at = loop_now(loop);
	ask_whether_valid();
	EXPECT_INT(admin_end(), 500);
	EXPECT_HAS(jstr(answer, "message"),
	    "private cloud gateway pcg/a did not answer within 28 s");
	EXPECT(loop_now(loop) - began_at < SECONDS(29));
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "instructions"), 0);
	close_site();
}

TEST(a_gateway_that_does_not_poll_is_no_subscriber)
{
	open_site();
	wait_for(SECONDS(76));
	EXPECT_INT(admin(J("{'account':{'apiEndpoint':'http://m/MAAS',"
	                   "'apiKey':'c:t:s'}}"),
	               "POST", "/v1/overlords/maas/%s/account/validate", a.uid),
	    500);
	EXPECT_STR(jstr(answer, "message"),
	    "no subscriber found: private cloud gateway pcg/a is not "
	    "polling");
	EXPECT_INT(admin(J("{'account':{'apiKey':'c:t:s'}}"), "POST",
	               "/v1/overlords/maas/%s/account/validate", a.uid),
	    400);
	close_site();
}

TEST(who_hangs_up_is_not_answered_and_the_gateway_is_told)
{
	open_site();
	ask_whether_valid();
	is_asked();
	admin_hangs_up();
	EXPECT(is_quiet());
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(jlen(answer, "withdrawn"), 1);
	close_site();
}

TEST(what_maas_has_is_listed_by_name)
{
	static const char *const whats[] = { "azs", "resourcePools", "domains",
		"subnets", "tags" };

	open_site();
	for (size_t i = 0; i < 5; i++) {
		const json_t *question;

		admin_begin(NULL, "GET",
		    "/v1/cloudaccounts/maas/%s/properties/%s", account,
		    whats[i]);
		question = is_asked();
		EXPECT_STR(jstr(question, "kind"), "MaasQuery");
		EXPECT_STR(jstr(question, "what"), whats[i]);
		EXPECT_STR(
		    jstr(question, "account.apiKey"), "consumer:token:secret");
		answers(question, "{'items':['one','two']}");
		EXPECT_INT(admin_end(), 200);
		EXPECT_STR(jstr(answer, "items[1].name"), "two");
	}
	EXPECT_INT(admin(NULL, "GET",
	               "/v1/cloudaccounts/maas/%s/properties/moons", account),
	    404);
	admin_begin(
	    NULL, "GET", "/v1/clouds/maas/azs?cloudAccountUid=%s", account);
	answers(is_asked(), "{'items':[{'name':'x','description':'d'},17]}");
	EXPECT_INT(admin_end(), 200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_STR(jstr(answer, "items[0].description"), "d");
	close_site();
}

TEST(a_question_that_fails_says_why)
{
	const json_t *question;

	open_site();
	admin_begin(
	    NULL, "GET", "/v1/cloudaccounts/maas/%s/properties/azs", account);
	question = is_asked();
	EXPECT_INT(report(&a, jstr(question, "id"), NULL,
	               J("{'kind':'result','outcome':'failed','message':"
	                 "'MAAS does not answer'}")),
	    204);
	EXPECT_INT(admin_end(), 400);
	EXPECT_STR(jstr(answer, "message"), "MAAS does not answer");
	close_site();
}

TEST(an_account_of_a_migrated_gateway_is_asked_about_at_the_new_one)
{
	open_site();
	pair(&b, "pcg/b");
	EXPECT_INT(admin(J("{'sourceUid':'%s','targetUid':'%s'}", a.uid, b.uid),
	               "POST", "/v1/overlords/migrate"),
	    204);
	admin_begin(
	    NULL, "GET", "/v1/cloudaccounts/maas/%s/properties/azs", account);
	EXPECT_INT(polls(&b), 200);
	EXPECT_INT(jlen(answer, "instructions"), 1);
	EXPECT_INT(admin_end(), 500);
	close_site();
}

TEST(a_plane_that_goes_away_leaves_nobody_waiting)
{
	struct err err;

	open_site();
	ask_whether_valid();
	EXPECT(palette_restart(plane, &err));
	EXPECT_INT(admin_end(), 0);
	EXPECT(is_quiet());
	close_site();
}

TESTS_BEGIN
CASE(an_account_is_shown_without_its_key),
    CASE(an_account_needs_a_free_name_a_gateway_and_a_key),
    CASE(a_key_that_is_written_back_masked_stays),
    CASE(a_rotated_key_reaches_the_gateway_that_is_at_work),
    CASE(an_account_in_use_cannot_be_deleted),
    CASE(an_account_of_another_project_is_not_there),
    CASE(a_gateway_brings_its_account_and_all_projects_share_it),
    CASE(an_operator_may_give_a_gateway_its_account),
    CASE(a_good_account_is_204_through_the_gateway),
    CASE(a_bad_account_is_400_with_the_gateways_words),
    CASE(a_gateway_that_does_not_answer_costs_28_seconds),
    CASE(a_gateway_that_does_not_poll_is_no_subscriber),
    CASE(who_hangs_up_is_not_answered_and_the_gateway_is_told),
    CASE(what_maas_has_is_listed_by_name), CASE(a_question_that_fails_says_why),
    CASE(an_account_of_a_migrated_gateway_is_asked_about_at_the_new_one),
    CASE(a_plane_that_goes_away_leaves_nobody_waiting), TESTS_END
