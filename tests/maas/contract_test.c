#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * What clients may rely on, one row each; the first column is the number of
 * the check. Most of it is checks that can be sent to anybody's MAAS: they
 * stand in compat/checks_*.c, and tests/compat/checks_test.c plays them on the
 * fake. Here is what is better not tried on a real one. `M` in a path stands
 * for the system id of a Ready machine, `D` for that of one that is deploying.
 * The body is equal to the text, or begins with it where that ends in "...".
 */
struct check_row {
	const char *check;
	const char *as; /* admin, user, nobody */
	const char *method, *path, *form;
	int status;
	const char *type, *body; /* NULL: not looked at */
};

#define TEXT  "text/plain; charset=utf-8"
#define TEXT0 "text/plain"
#define JSON  "application/json; charset=utf-8"
#define GONE  TEXT0, ""

static const struct check_row rows[] = {
	/* addresses of a subnet: compat uses those that nobody has */
	{ "M-136", "admin", "POST", "dnsresources/",
	    "fqdn=new.maas&address_ttl=10&ip_addresses=", 200, JSON, NULL },
	{ "M-138", "admin", "PUT", "dnsresources/1/",
	    "ip_addresses=10.0.0.101+10.0.0.102", 200, JSON, NULL },
	{ "M-146", "admin", "POST", "ipaddresses/?op=reserve", "ip=10.0.0.101",
	    404, TEXT, "The IP address 10.0.0.101 is already in use." },
	{ "M-148", "user", "POST", "ipaddresses/?op=release",
	    "ip=10.0.0.101&force=true", 403, TEXT0,
	    "Force-releasing an IP address requires admin privileges." },
	/* what would be gone if a server did otherwise */
	{ "M-155", "admin", "DELETE", "zones/default/", NULL, 400, TEXT,
	    "This zone is the default zone, it cannot be deleted." },
	{ "M-128", "admin", "DELETE", "machines/M/", NULL, 204, GONE },
	{ "M-128", "admin", "DELETE", "machines/M/", NULL, 404, TEXT0,
	    "No Machine matches the given query." },
	/* answers of this region, not of any */
	{ "M-068", "admin", "GET", "machines/?hostname=nope", NULL, 200, JSON,
	    "[]" },
	{ "M-102", "admin", "POST", "machines/D/?op=deploy", "", 409, TEXT,
	    "Can't deploy a machine that is in the 'Deploying' state" },
	{ "M-169", "admin", "GET",
	    "maas/?op=get_config&name=default_distro_series", NULL, 200, NULL,
	    "\"jammy\"" },
};

static bool matches(const char *actual, const char *expected)
{
	size_t len = strlen(expected);

	if (len > 3 && strcmp(expected + len - 3, "...") == 0)
		return strncmp(actual, expected, len - 3) == 0;
	return strcmp(actual, expected) == 0;
}

static void path_of(const struct check_row *row, const char *ready,
    const char *deploying, char out[160])
{
	const char *at = strstr(row->path, "/M/");
	const char *id = ready;

	if (!at) {
		at = strstr(row->path, "/D/");
		id = deploying;
	}
	if (at)
		snprintf(out, 160, "%.*s/%s%s", (int)(at - row->path),
		    row->path, id, at + 2);
	else
		snprintf(out, 160, "%s", row->path);
}

static void check_row(
    const struct check_row *row, const char *ready, const char *deploying)
{
	const char *type;
	char path[160];
	int status;

	if (strcmp(row->as, "nobody") == 0)
		lab_as(&lab, NULL, false);
	else
		lab_as(&lab, row->as, strcmp(row->as, "admin") == 0);
	path_of(row, ready, deploying, path);
	status = lab_ask(&lab, row->method, path, row->form);
	type = http_header(&lab.answer.headers, "Content-Type");
	if (status != row->status)
		test_failed(__FILE__, __LINE__, "%s: status %d: %s", row->check,
		    status, lab_text(&lab));
	if (row->type && (!type || strcmp(type, row->type) != 0))
		test_failed(__FILE__, __LINE__, "%s: type %s", row->check,
		    type ? type : "none");
	if (row->body && !matches(lab_text(&lab), row->body))
		test_failed(__FILE__, __LINE__, "%s: body %s", row->check,
		    lab_text(&lab));
}

TEST(what_is_not_tried_on_a_real_server_holds_of_the_fake)
{
	char ready[8], deploying[8]; /* one is deleted on the way */

	a_lab(NULL, NULL);
	a_cable(BMC_OBEYS);
	snprintf(ready, sizeof(ready), "%s", a_machine(NULL));
	snprintf(deploying, sizeof(deploying), "%s", a_machine(NULL));
	EXPECT_INT(machine_op(deploying, "deploy", NULL), 200);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], ready, deploying);
	lab_close(&lab);
}

/* ---- the description of itself ---- */

TEST(describe_names_all_handlers_and_their_operations)
{
	size_t count;
	const struct maas_operation *operations = maas_operations(&count);

	EXPECT(count > 340);
	EXPECT_STR(operations[0].handler, "AccountHandler");
	a_lab(NULL, NULL);
	lab_as(&lab, NULL, false);
	EXPECT_INT(lab_ask(&lab, "GET", "describe/", NULL), 200);
	EXPECT(jlen(lab.body, "handlers") > 95);
	EXPECT(jlen(lab.body, "resources") > 90);
	EXPECT_INT(strlen(jstr(lab.body, "hash")), 40);
	lab_close(&lab);
}

/* ---- the versions ---- */

static const char *id;

static void open_region(const char *version, bool gated)
{
	struct maas_options options = {
		.name = "maas/lab", .version = version, .gated = gated
	};

	a_lab(&options, NULL);
	id = a_machine(NULL);
}

static void a_region(const char *version)
{
	open_region(version, true);
}

static void a_region_that_lives(const char *version)
{
	open_region(version, false);
}

static void the_bmcs_refuse(void)
{
	EXPECT(happens("{\"step\": \"bmc-refuses\", \"on\": true}"));
}

TEST(versions_show_different_keys)
{
	static const struct {
		const char *version;
		size_t keys;
	} versions[] = { { "3.4", 78 }, { "3.5", 79 }, { "3.6", 80 },
		{ "3.7", 81 } };

	for (size_t i = 0; i < 4; i++) {
		a_region(versions[i].version);
		status_of(id);
		EXPECT_INT(json_object_size(lab.body), versions[i].keys);
		lab_close(&lab);
	}
}

TEST(a_refusing_bmc_fails_the_request_in_3_5_and_the_machine_elsewhere)
{
	a_region("3.4");
	the_bmcs_refuse();
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	EXPECT_STR(status_of(id), "Deploying");
	lab_close(&lab);

	a_region("3.5");
	the_bmcs_refuse();
	EXPECT_INT(machine_op(id, "deploy", NULL), 500);
	EXPECT_STR(status_of(id), "Allocated");
	EXPECT_STR(jstr(lab.body, "owner"), "admin");
	lab_close(&lab);
}

TEST(from_3_5_on_who_orders_power_waits_for_the_bmc)
{
	static const struct {
		const char *version;
		bool start, stop; /* whether it waits */
	} versions[] = { { "3.4", false, false }, { "3.5", true, true },
		{ "3.6", false, true }, { "3.7", false, true } };

	for (size_t i = 0; i < 4; i++) {
		a_region_that_lives(versions[i].version);
		EXPECT_INT(machine_op(id, "deploy", NULL), 200);
		EXPECT((lab.waited_for > 0) == versions[i].start);
		EXPECT_STR(word("power_state"), "off");
		status_of(id);
		EXPECT_STR(
		    word("power_state"), versions[i].start ? "on" : "off");
		minutes(40);
		EXPECT_STR(status_of(id), "Deployed");
		EXPECT_INT(machine_op(id, "release", NULL), 200);
		EXPECT((lab.waited_for > 0) == versions[i].stop);
		EXPECT_STR(word("status_name"), "Releasing");
		EXPECT_STR(
		    status_of(id), versions[i].stop ? "Ready" : "Releasing");
		lab_close(&lab);
	}
}

TEST(a_release_whose_bmc_fails_leaves_the_machine_as_it_was)
{
	a_region_that_lives("3.6");
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	minutes(40);
	EXPECT_STR(status_of(id), "Deployed");
	the_bmcs_refuse();
	EXPECT_INT(machine_op(id, "release", NULL), 500);
	EXPECT_STR(lab_text(&lab), "simulated BMC failure");
	EXPECT_STR(status_of(id), "Deployed");
	EXPECT_STR(word("owner"), "admin");
	EXPECT_STR(word("osystem"), "");
	EXPECT(happens("{\"step\": \"bmc-refuses\", \"on\": false}"));
	EXPECT_INT(machine_op(id, "release", NULL), 200);
	EXPECT_STR(status_of(id), "Ready");
	lab_close(&lab);
}

TEST(a_bmc_that_says_nothing_is_given_up_after_five_minutes)
{
	a_region_that_lives("3.5");
	a_cable(BMC_SILENT);
	EXPECT_INT(machine_op(id, "deploy", NULL), 504);
	EXPECT(lab.waited_for >= MINUTES(5));
	EXPECT_HAS(lab_text(&lab), "TimeoutError");
	EXPECT_STR(status_of(id), "Allocated");
	EXPECT_INT(machine_op(id, "power_on", NULL), 504);
	lab_close(&lab);
}

TEST(who_leaves_while_the_bmc_works_leaves_the_order_behind)
{
	char path[64];

	a_region_that_lives("3.5");
	snprintf(path, sizeof(path), "machines/%s/?op=deploy", id);
	lab_ask_and_leave(&lab, "POST", path, "");
	EXPECT_STR(status_of(id), "Deploying");
	minutes(40);
	EXPECT_STR(status_of(id), "Deployed");
	lab_close(&lab);

	a_region_that_lives("3.5");
	the_bmcs_refuse();
	snprintf(path, sizeof(path), "machines/%s/?op=deploy", id);
	lab_ask_and_leave(&lab, "POST", path, "");
	minutes(1);
	EXPECT_STR(status_of(id), "Allocated");
	lab_close(&lab);

	/* The machine may go, too. */
	a_region_that_lives("3.5");
	snprintf(path, sizeof(path), "machines/%s/?op=deploy", id);
	lab_ask_and_leave(&lab, "POST", path, "");
	snprintf(path, sizeof(path), "machines/%s/", id);
	EXPECT_INT(asks("DELETE", path, NULL), 204);
	minutes(10);
	lab_close(&lab);
}

TEST(a_failing_cable_fails_the_request_of_3_5_too)
{
	a_region_that_lives("3.5");
	a_cable(BMC_FAILS);
	EXPECT_INT(machine_op(id, "deploy", NULL), 500);
	EXPECT_STR(status_of(id), "Allocated");
	EXPECT_INT(json_array_size(jget(lab.body, "ip_addresses")), 0);
	lab_close(&lab);
}

TEST(an_unknown_version_is_refused_with_the_known_ones)
{
	struct maas_options options = { .version = "2.9" };
	struct err err = { 0 };

	a_region("3.4");
	EXPECT(!maas_new(&lab.host, &options, &err));
	EXPECT_STR(err.text, "there is no model of MAAS 2.9; there are 3.4, "
	                     "3.5, 3.6 and 3.7");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(what_is_not_tried_on_a_real_server_holds_of_the_fake),
    CASE(describe_names_all_handlers_and_their_operations),
    CASE(versions_show_different_keys),
    CASE(a_refusing_bmc_fails_the_request_in_3_5_and_the_machine_elsewhere),
    CASE(from_3_5_on_who_orders_power_waits_for_the_bmc),
    CASE(a_release_whose_bmc_fails_leaves_the_machine_as_it_was),
    CASE(a_bmc_that_says_nothing_is_given_up_after_five_minutes),
    CASE(who_leaves_while_the_bmc_works_leaves_the_order_behind),
    CASE(a_failing_cable_fails_the_request_of_3_5_too),
    CASE(an_unknown_version_is_refused_with_the_known_ones), TESTS_END
