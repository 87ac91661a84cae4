/* What the plane says to requests of every kind, the senseless ones too. */
#include "tests/palette/plane.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

#define UID "0123456789abcdef01234567"

TEST(an_unknown_path_is_404_with_a_number)
{
	open_plane();
	EXPECT_INT(admin(NULL, "GET", "/v1/nothing/here"), 404);
	EXPECT_INT(jint(answer, "code"), 404);
	EXPECT_STR(
	    jstr(answer, "message"), "path /v1/nothing/here was not found");
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords//metadata"), 404);
	EXPECT_INT(admin(NULL, "GET", "/"), 404);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/"), 404);
	close_plane();
}

TEST(a_wrong_method_is_405_and_names_the_right_ones)
{
	open_plane();
	EXPECT_INT(admin(NULL, "DELETE", "/v1/overlords"), 405);
	EXPECT_INT(jint(answer, "code"), 405);
	EXPECT_STR(jstr(answer, "message"),
	    "method DELETE is not allowed, but [GET] are");
	EXPECT_INT(admin(NULL, "BREW", "/v1/spectroclusters/%s", UID), 405);
	EXPECT_HAS(jstr(answer, "message"), "GET");
	EXPECT_HAS(jstr(answer, "message"), "DELETE");
	close_plane();
}

TEST(what_is_known_and_not_modelled_is_501_and_says_so)
{
	open_plane();
	EXPECT_INT(admin(J("{}"), "POST", "/v1/clusterprofiles/import"), 501);
	EXPECT_STR(jstr(answer, "message"),
	    "POST /v1/clusterprofiles/import is part of Palette's API and is "
	    "not "
	    "modelled here");
	close_plane();
}

TEST(every_operation_has_a_name_and_none_is_there_twice)
{
	size_t count;
	const struct palette_operation *all = palette_operations(&count);

	EXPECT(count > 280);
	for (size_t i = 0; i < count; i++) {
		EXPECT(*all[i].name);
		EXPECT_INT(
		    all[i].modelled, strcmp(all[i].name, "unmodelled") != 0);
		for (size_t j = 0; j < i; j++)
			EXPECT(strcmp(all[i].path, all[j].path) != 0 ||
			       strcmp(all[i].method, all[j].method) != 0);
	}
}

TEST(every_path_begins_with_a_noun)
{
	size_t count;
	const struct palette_operation *all = palette_operations(&count);

	for (size_t i = 0; i < count; i++) {
		EXPECT(strncmp(all[i].path, "/v1/", 4) == 0);
		EXPECT(strcspn(all[i].path + 4, "/{") >= 3);
	}
}

TEST(the_manual_names_every_operation)
{
	size_t count, len;
	const struct palette_operation *all = palette_operations(&count);
	FILE *file = fopen("docs/palette.md", "r");
	char *manual = xcalloc(1, 1 << 20);

	if (!file) {
		free(manual);
		test_skip("docs/palette.md is not at hand");
	}
	len = fread(manual, 1, (1 << 20) - 1, file);
	fclose(file);
	EXPECT(len > 1000);
	for (size_t i = 0; i < count; i++) {
		char *line = xasprintf("| %s | `%s %s` |", all[i].name,
		    all[i].method, all[i].path);

		if (all[i].modelled && !strstr(manual, line))
			test_failed(__FILE__, __LINE__,
			    "docs/palette.md has no line %s", line);
		free(line);
	}
	free(manual);
}

TEST(errors_carry_code_message_details_and_ref)
{
	open_plane();
	EXPECT_INT(admin(NULL, "GET", "/v1/spectroclusters/%s", UID), 404);
	EXPECT_STR(jstr(answer, "code"), "ResourceNotFound");
	EXPECT_STR(jstr(answer, "message"), "there is no cluster " UID);
	EXPECT(json_is_object(jget(answer, "details")));
	EXPECT(jhas(answer, "ref"));
	EXPECT_STR(answer_header("Content-Type"), "application/json");
	close_plane();
}

/* ---- who may ---- */

TEST(without_a_credential_nothing_is_shown)
{
	open_plane();
	EXPECT_INT(nobody(NULL, "GET", "/v1/overlords"), 401);
	EXPECT_STR(jstr(answer, "code"), "UnAuthorizedAccess");
	EXPECT_INT(
	    stranger("ApiKey", "wrong", NULL, "GET", "/v1/overlords"), 401);
	EXPECT_INT(stranger("Authorization", "Bearer wrong", J("{}"), "POST",
	               "/v1/link/gateways/%s/poll", UID),
	    401);
	EXPECT_INT(stranger("Authorization", "Bearer wrong", NULL, "GET",
	               "/v1/link/clusters/%s/spec", UID),
	    401);
	EXPECT_INT(nobody(NULL, "GET", "/v1/health/ping"), 200);
	close_plane();
}

TEST(a_password_buys_a_token_for_a_quarter_of_an_hour)
{
	struct palette_tenant tenant;
	char token[128], next[128];

	open_plane();
	tenant = palette_default_tenant(plane);
	EXPECT_INT(
	    nobody(J("{'emailId':'%s','password':'no'}", tenant.admin_email),
	        "POST", "/v1/auth/authenticate"),
	    401);
	EXPECT_INT(nobody(J("{'emailId':'%s','password':'%s'}",
	                      tenant.admin_email, tenant.admin_password),
	               "POST", "/v1/auth/authenticate"),
	    200);
	snprintf(token, sizeof(token), "%s", jstr(answer, "Authorization"));
	EXPECT_INT(
	    stranger("Authorization", token, NULL, "GET", "/v1/users/info"),
	    200);
	EXPECT(*jstr(answer, "tenantUid"));
	wait_for(MINUTES(14));
	EXPECT_INT(nobody(NULL, "GET", "/v1/auth/refresh/%s", token), 200);
	snprintf(next, sizeof(next), "%s", jstr(answer, "Authorization"));
	wait_for(MINUTES(2));
	EXPECT_INT(
	    stranger("Authorization", token, NULL, "GET", "/v1/users/info"),
	    401);
	EXPECT_INT(
	    stranger("Authorization", next, NULL, "GET", "/v1/users/info"),
	    200);
	EXPECT_INT(nobody(NULL, "GET", "/v1/auth/refresh/%s", token), 401);
	close_plane();
}

TEST(a_key_that_is_switched_off_or_deleted_or_expired_opens_nothing)
{
	char uid[32], key[64];

	open_plane();
	EXPECT_INT(admin(J("{'metadata':{'name':'ci'},'spec':{'expiry':"
	                   "'2026-01-01T01:00:00.000Z'}}"),
	               "POST", "/v1/apiKeys"),
	    201);
	snprintf(uid, sizeof(uid), "%s", jstr(answer, "uid"));
	snprintf(key, sizeof(key), "%s", jstr(answer, "apiKey"));
	EXPECT_INT(stranger("apikey", key, NULL, "GET", "/v1/users/info"), 200);
	EXPECT_INT(
	    admin(J("{'isActive':false}"), "PATCH", "/v1/apiKeys/%s", uid),
	    204);
	EXPECT_INT(stranger("ApiKey", key, NULL, "GET", "/v1/users/info"), 401);
	EXPECT_INT(
	    admin(J("{'isActive':true}"), "PUT", "/v1/apiKeys/%s/state", uid),
	    204);
	EXPECT_INT(stranger("ApiKey", key, NULL, "GET", "/v1/users/info"), 200);
	wait_for(HOURS(1));
	EXPECT_INT(stranger("ApiKey", key, NULL, "GET", "/v1/users/info"), 401);
	EXPECT_INT(admin(NULL, "DELETE", "/v1/apiKeys/%s", uid), 204);
	EXPECT_INT(admin(NULL, "GET", "/v1/apiKeys/%s", uid), 404);
	close_plane();
}

TEST(a_project_that_is_none_is_an_error)
{
	struct palette_tenant tenant;

	open_plane();
	tenant = palette_default_tenant(plane);
	EXPECT_INT(admin(NULL, "GET", "/v1/dashboard/projects/metadata"), 200);
	EXPECT_STR(jstr(answer, "items[0].metadata.name"), "Default");
	EXPECT_STR(jstr(answer, "items[0].metadata.uid"), tenant.project_uid);
	EXPECT_INT(
	    admin(J("{'metadata':{'name':'two'}}"), "POST", "/v1/projects"),
	    201);
	EXPECT_INT(
	    admin(J("{'metadata':{'name':'two'}}"), "POST", "/v1/projects"),
	    409);
	close_plane();
}

/* ---- bodies ---- */

static const char *const body_targets[][2] = {
	{ "POST", "/v1/auth/authenticate" },
	{ "POST", "/v1/spectroclusters/maas" },
	{ "POST", "/v1/cloudaccounts/maas" },
	{ "POST", "/v1/overlords/migrate" },
	{ "POST", "/v1/dashboard/spectroclusters/search" },
	{ "POST", "/v1/pcg/" UID "/register" },
	{ "POST", "/v1/projects" },
	{ "POST", "/v1/apiKeys" },
};
#define BODY_TARGETS (sizeof(body_targets) / sizeof(body_targets[0]))

TEST(garbage_is_answered_with_400_everywhere)
{
	static const struct {
		const char *data;
		size_t len;
	} bodies[] = {
		{ "{", 1 },
		{ "nonsense", 8 },
		{ "{\"a\":1,\"a\":2}", 13 },
		{ "\xff\xfe{\0}\0", 6 },
		{ "\"\xc3\x28\"", 4 },
		{ "[1,2", 4 },
		{ "{}garbage", 9 },
		{ "\0\0\0", 3 },
		{ "{\"\\u0000\":1}", 12 },
		{ "17", 2 },
		{ "[]", 2 },
		{ "null", 4 },
	};

	open_plane();
	for (size_t t = 0; t < BODY_TARGETS; t++)
		for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]);
		     i++) {
			EXPECT_INT(admin_bytes("application/json",
			               bodies[i].data, bodies[i].len,
			               body_targets[t][0], body_targets[t][1]),
			    400);
			EXPECT_STR(jstr(answer, "code"), "InvalidRequestBody");
		}
	close_plane();
}

/* Objects whose fields have every wrong type: refused or accepted, answered
 * in any case. */
TEST(wrong_types_are_answered_and_break_nothing)
{
	static const char *const values[] = { "null", "true", "-1", "1e300",
		"\"\"", "\"x\"", "[]", "[null]", "[[]]", "{}",
		"{\"a\":{\"b\":[{}]}}", "\"\xf0\x9f\xa6\x89\"" };
	static const char *const keys[] = { "metadata", "spec", "known",
		"reports", "filter", "sort", "emailId", "password",
		"pairingCode", "account", "sourceUid" };
	struct gw a;

	open_plane();
	pair(&a, "pcg/a");
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]);
		     v++) {
			char *body = xasprintf(
			    "{\"%s\":%s}", keys[k], values[v]);
			int status;

			for (size_t t = 0; t < BODY_TARGETS; t++) {
				status = admin_bytes("application/json", body,
				    strlen(body), body_targets[t][0],
				    body_targets[t][1]);
				EXPECT(status >= 200 && status <= 500);
				EXPECT(answer);
			}
			status = gw_call(&a,
			    json_loads(body, JSON_ALLOW_NUL, NULL), "POST",
			    "/v1/link/gateways/%s/poll", a.uid);
			EXPECT(status == 200);
			status = gw_call(&a,
			    json_loads(body, JSON_ALLOW_NUL, NULL), "POST",
			    "/v1/link/gateways/%s/report", a.uid);
			EXPECT(status == 204 || status == 400);
			free(body);
		}
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", a.uid), 200);
	gw_forget(&a);
	close_plane();
}

TEST(a_body_of_another_kind_is_415_and_one_without_a_type_is_json)
{
	open_plane();
	EXPECT_INT(
	    admin_bytes("text/plain", "{}", 2, "POST", "/v1/projects"), 415);
	EXPECT_INT(jint(answer, "code"), 415);
	EXPECT_INT(admin_bytes("application/x-www-form-urlencoded", "a=b", 3,
	               "POST", "/v1/projects"),
	    415);
	EXPECT_INT(admin_bytes(NULL, "{\"metadata\":{\"name\":\"p\"}}", 25,
	               "POST", "/v1/projects"),
	    201);
	EXPECT_INT(
	    admin_bytes("application/json; charset=utf-8",
	        "{\"metadata\":{\"name\":\"q\"}}", 25, "POST", "/v1/projects"),
	    201);
	/* Some clients put the type on everything, bodies or not. */
	EXPECT_INT(
	    admin_bytes("application/json", "", 0, "GET", "/v1/overlords"),
	    200);
	EXPECT_INT(
	    admin_bytes("application/json", "", 0, "POST", "/v1/projects"),
	    400);
	EXPECT_HAS(jstr(answer, "message"), "needs a body");
	close_plane();
}

TEST(a_huge_body_is_413)
{
	size_t len = 5 * 1024 * 1024;
	char *huge = xcalloc(1, len);

	open_plane();
	memset(huge, '[', len);
	EXPECT_INT(
	    admin_bytes("application/json", huge, len, "POST", "/v1/projects"),
	    413);
	EXPECT_INT(admin_bytes("application/json", huge, len / 2, "POST",
	               "/v1/projects"),
	    400);
	free(huge);
	close_plane();
}

TEST(odd_targets_are_answered)
{
	static const char *const targets[] = { "/v1/spectroclusters/%00",
		"/v1/spectroclusters/%ff%fe", "/v1/spectroclusters/a%2fb",
		"/v1/spectroclusters/%zz", "/v1/spectroclusters/..",
		"/v1/overlords?name=%ff", "/v1/overlords?name",
		"/v1/overlords?&&=&", "/v1/cloudaccounts/maas?limit=-1",
		"/v1/cloudaccounts/maas?limit=99999999999999999999",
		"/v1/cloudaccounts/maas?continue=%%%",
		"/v1/cloudaccounts/maas?continue=eyJvZmZzZXQiOi01fQ==",
		"/v1/cloudaccounts/maas?filters=AND&orderBy==",
		"/v1/cloudaccounts/maas?filters=a.b[9]=ANDANDx&orderBy=[",
		"/v1/overlords/pairing/code?cloudType=abacus",
		"/v1/auth/refresh/%f0%28%8c", "?", "*", "" };

	open_plane();
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		int status = admin_bytes(NULL, "", 0, "GET", targets[i]);

		EXPECT(status >= 200 && status <= 404);
		EXPECT(answer);
	}
	close_plane();
}

/* ---- lists ---- */

static void make_projects(int count)
{
	for (int i = 0; i < count; i++)
		EXPECT_INT(admin(J("{'metadata':{'name':'p%02d'}}", i), "POST",
		               "/v1/projects"),
		    201);
}

TEST(a_long_list_comes_in_pages)
{
	char token[64];

	open_plane();
	make_projects(60);
	EXPECT_INT(admin(J("{}"), "POST", "/v1/dashboard/projects"), 200);
	EXPECT_INT(jlen(answer, "items"), 50);
	EXPECT_INT(jint(answer, "listmeta.count"), 61);
	snprintf(token, sizeof(token), "%s", jstr(answer, "listmeta.continue"));
	EXPECT_INT(
	    admin(J("{}"), "POST", "/v1/dashboard/projects?continue=%s", token),
	    200);
	EXPECT_INT(jlen(answer, "items"), 11);
	EXPECT_STR(jstr(answer, "listmeta.continue"), "");
	EXPECT_INT(
	    admin(J("{}"), "POST", "/v1/dashboard/projects?limit=5&offset=59"),
	    200);
	EXPECT_INT(jlen(answer, "items"), 2);
	EXPECT_INT(
	    admin(J("{}"), "POST", "/v1/dashboard/projects?limit=0&fields="),
	    200);
	EXPECT_INT(jlen(answer, "items"), 50);
	close_plane();
}

TEST(lists_are_filtered_and_ordered)
{
	open_plane();
	make_projects(3);
	EXPECT_INT(admin(J("{}"), "POST",
	               "/v1/dashboard/projects?filters=metadata.name=p01"),
	    200);
	EXPECT_INT(jlen(answer, "items"), 1);
	EXPECT_INT(admin(J("{}"), "POST",
	               "/v1/dashboard/projects?orderBy=metadata.name=-1"),
	    200);
	EXPECT_STR(jstr(answer, "items[0].metadata.name"), "p02");
	EXPECT_INT(admin(J("{}"), "POST",
	               "/v1/dashboard/projects?filters=metadata.name=p01AND"
	               "metadata.uid=none"),
	    200);
	EXPECT_INT(jlen(answer, "items"), 0);
	EXPECT(json_is_array(jget(answer, "items")));
	close_plane();
}

TEST(a_change_names_its_audit_record)
{
	open_plane();
	make_projects(1);
	EXPECT_INT(strlen(answer_header("AuditUid")), 24);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords"), 200);
	EXPECT_STR(answer_header("AuditUid"), "");
	close_plane();
}

/* ---- the rate ---- */

TEST(too_many_requests_from_one_address_are_429)
{
	int refused = 0;

	plane_options.requests_per_second = 3;
	open_plane();
	for (int i = 0; i < 30; i++)
		refused += nobody(NULL, "GET", "/v1/health/ping") == 429;
	/* 3 at once, and of the half second that 30 calls take one or two more.
	 */
	EXPECT(refused >= 25 && refused <= 27);
	EXPECT_INT(nobody(NULL, "GET", "/v1/health/ping"), 429);
	EXPECT_STR(jstr(answer, "code"), "TooManyRequests");
	wait_for(SECONDS(1));
	EXPECT_INT(nobody(NULL, "GET", "/v1/health/ping"), 200);
	close_plane();
}

/* A connection keeps the address that it was made with; the plane's restart
 * makes the client dial anew, this time as the neighbour. */
TEST(a_busy_address_does_not_slow_its_neighbour)
{
	struct err err;

	plane_options.requests_per_second = 2;
	open_plane();
	for (int i = 0; i < 10; i++)
		nobody(NULL, "GET", "/v1/health/ping");
	EXPECT_INT(nobody(NULL, "GET", "/v1/health/ping"), 429);
	EXPECT_HAS(jstr(answer, "message"), "from 203.0.113.1");
	shown_as = "203.0.113.2";
	EXPECT(palette_restart(plane, &err));
	wait_for(MILLISECONDS(50)); /* until the client has noticed */
	EXPECT_INT(nobody(NULL, "GET", "/v1/health/ping"), 200);
	close_plane();
}

TEST(a_restarted_plane_still_knows_everything)
{
	struct gw a;
	struct err err;

	open_plane();
	pair(&a, "pcg/a");
	EXPECT(palette_restart(plane, &err));
	wait_for(MILLISECONDS(20)); /* kept connections hear of it */
	EXPECT_INT(polls(&a), 200);
	EXPECT_INT(admin(NULL, "GET", "/v1/overlords/%s", a.uid), 200);
	gw_forget(&a);
	close_plane();
}

TESTS_BEGIN
CASE(an_unknown_path_is_404_with_a_number),
    CASE(a_wrong_method_is_405_and_names_the_right_ones),
    CASE(what_is_known_and_not_modelled_is_501_and_says_so),
    CASE(every_operation_has_a_name_and_none_is_there_twice),
    CASE(every_path_begins_with_a_noun), CASE(the_manual_names_every_operation),
    CASE(errors_carry_code_message_details_and_ref),
    CASE(without_a_credential_nothing_is_shown),
    CASE(a_password_buys_a_token_for_a_quarter_of_an_hour),
    CASE(a_key_that_is_switched_off_or_deleted_or_expired_opens_nothing),
    CASE(a_project_that_is_none_is_an_error),
    CASE(garbage_is_answered_with_400_everywhere),
    CASE(wrong_types_are_answered_and_break_nothing),
    CASE(a_body_of_another_kind_is_415_and_one_without_a_type_is_json),
    CASE(a_huge_body_is_413), CASE(odd_targets_are_answered),
    CASE(a_long_list_comes_in_pages), CASE(lists_are_filtered_and_ordered),
    CASE(a_change_names_its_audit_record),
    CASE(too_many_requests_from_one_address_are_429),
    CASE(a_busy_address_does_not_slow_its_neighbour),
    CASE(a_restarted_plane_still_knows_everything), TESTS_END
