#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * What clients may rely on, one row each; the first column is the number of
 * the check. `M` in a path stands for the system id of a Ready machine, `D`
 * for that of one that is deploying. The body is equal to the text, or begins
 * with it where that ends in "...".
 */
struct row {
	const char *check;
	const char *as; /* admin, user, nobody */
	const char *method, *path, *form;
	int status;
	const char *type, *body; /* NULL: not looked at */
};

#define TEXT  "text/plain; charset=utf-8"
#define TEXT0 "text/plain"
#define JSON  "application/json; charset=utf-8"
#define HTML  "text/html; charset=utf-8"
#define GONE  TEXT0, ""

static const struct row rows[] = {
	/* HTTP */
	{ "M-003", "nobody", "GET", "/MAAS/api/version/", NULL, 200, TEXT0,
	    "2.0" },
	{ "M-004", "nobody", "GET", "/MAAS/api/1.0/x/", NULL, 410, TEXT0,
	    "The 1.0 API is no longer available. Please use API version "
	    "2.0." },
	{ "M-005", "admin", "GET", "machines", NULL, 404, TEXT,
	    "Unknown API endpoint: /MAAS/api/2.0/machines." },
	{ "M-006", "nobody", "GET", "nosuch/", NULL, 404, TEXT,
	    "Unknown API endpoint: /MAAS/api/2.0/nosuch/." },
	{ "M-007", "nobody", "GET", "/MAAS/api/2.0", NULL, 301, NULL, NULL },
	{ "M-008", "admin", "GET", "machines/?op=bogus", NULL, 400, TEXT,
	    "Unrecognised signature: method=GET op=bogus" },
	{ "M-009", "admin", "GET", "machines/?op=allocate", NULL, 400, TEXT,
	    "Unrecognised signature: method=GET op=allocate" },
	{ "M-010", "admin", "PUT", "machines/M/?op=lock", "", 400, TEXT,
	    "Unrecognised signature: method=PUT op=lock" },
	{ "M-011", "admin", "PATCH", "zones/", NULL, 405, HTML, "" },
	{ "M-012", "nobody", "POST", "version/", "", 405, HTML, "" },
	{ "M-013", "admin", "POST", "machines/", "op=allocate&dry_run=true",
	    200, JSON, NULL },
	{ "M-014", "admin", "POST", "machines/op-allocate", "dry_run=true", 200,
	    JSON, NULL },
	{ "M-015", "admin", "POST", "machines/?op=", "architecture=amd64", 400,
	    JSON, NULL },
	{ "M-016", "admin", "POST", "machines/?op=list_allocated",
	    "op=allocate", 400, TEXT,
	    "Unrecognised signature: method=POST op=list_allocated" },
	{ "M-019", "admin", "POST", "zones/?name=x", "", 400, JSON,
	    "{\"name\": [\"This field is required.\"]}" },
	{ "M-020", "admin", "POST", "zones/", "name=zx", 200, JSON, NULL },
	{ "M-021", "admin", "GET", "zones/?format=xml", NULL, 400, TEXT0,
	    "Invalid output format specified 'xml'." },
	{ "M-023", "nobody", "GET", "describe/", NULL, 200, "application/json",
	    NULL },
	{ "M-024", "admin", "GET", "/machines//M/", NULL, 200, JSON, NULL },
	{ "M-025", "admin", "DELETE", "zones/zx/", NULL, 204, GONE },
	/* credentials */
	{ "M-030", "user", "GET", "users/?op=whoami", NULL, 200, JSON, NULL },
	{ "M-035", "nobody", "GET", "users/", NULL, 401, TEXT0, "Forbidden" },
	{ "M-036", "nobody", "GET", "machines/", NULL, 400, TEXT,
	    "Unrecognised signature: method=GET op=None" },
	{ "M-037", "nobody", "GET", "machines/M/", NULL, 401, TEXT0,
	    "Forbidden" },
	/* permissions */
	{ "M-055", "user", "GET", "machines/D/", NULL, 403, TEXT, "" },
	{ "M-056", "user", "POST", "zones/", "name=q", 403, TEXT,
	    "This method is reserved for admin users." },
	{ "M-057", "user", "PUT", "machines/M/", "description=x", 403, TEXT,
	    "" },
	{ "M-058", "user", "POST", "dnsresources/", "fqdn=q.maas", 403, TEXT,
	    "This method is reserved for admin users." },
	{ "M-060", "user", "GET", "boot-sources/", NULL, 403, TEXT,
	    "User is not allowed access to this API." },
	{ "M-061", "user", "GET", "rackcontrollers/", NULL, 200, JSON, "[]" },
	/* machines */
	{ "M-065", "admin", "GET", "machines/zzzzzz/", NULL, 404, TEXT0,
	    "No Machine matches the given query." },
	{ "M-066", "admin", "GET", "machines/?bogus=1", NULL, 400, JSON,
	    "{\"bogus\": [\"No such constraint.\"]}" },
	{ "M-067", "admin", "GET", "machines/?zone=nope", NULL, 400, JSON,
	    "{\"zone\": [\"No such zone(s): nope.\"]}" },
	{ "M-067", "admin", "GET", "machines/?tags=nope", NULL, 400, JSON,
	    "{\"tags\": [\"No such tag(s): 'nope'.\"]}" },
	{ "M-068", "admin", "GET", "machines/?hostname=nope", NULL, 200, JSON,
	    "[]" },
	{ "M-069", "admin", "GET", "machines/?status=Ready", NULL, 400, JSON,
	    "{\"status\": [\"Select a valid choice. Ready is not one of the "
	    "available choices.\"]}" },
	{ "M-072", "admin", "PUT", "machines/M/", "swap_size=0&nosuch=1", 200,
	    JSON, NULL },
	{ "M-073", "admin", "PUT", "machines/M/", "zone=nope", 400, JSON,
	    "{\"zone\": [\"Select a valid choice. That choice is not one of "
	    "the available choices.\"]}" },
	{ "M-076", "admin", "POST", "machines/M/?op=set_owner_data", "k=v", 409,
	    TEXT, "Cannot set workload annotation: it hasn't been acquired." },
	/* allocate */
	{ "M-083", "admin", "POST", "machines/?op=allocate", "system_id=zzzzzz",
	    409, TEXT, "No machine with system ID zzzzzz available." },
	{ "M-084", "admin", "POST", "machines/?op=allocate", "pool=nope", 400,
	    JSON, "{\"pool\": [\"No such pool(s): nope.\"]}" },
	{ "M-085", "admin", "POST", "machines/?op=allocate", "mem=lots", 400,
	    JSON, "{\"mem\": [\"Invalid memory: number of MiB required.\"]}" },
	{ "M-085", "admin", "POST", "machines/?op=allocate", "mem=", 400, JSON,
	    "{\"mem\": [\"Invalid memory: number of MiB required.\"]}" },
	{ "M-086", "admin", "POST", "machines/?op=allocate", "nosuch=1", 400,
	    JSON, "{\"nosuch\": [\"No such constraint.\"]}" },
	{ "M-088", "admin", "POST", "machines/?op=allocate", "dry_run=maybe",
	    400, TEXT, "Invalid dry_run: Value should be 'true' or 'false'" },
	{ "M-091", "admin", "POST", "machines/?op=allocate",
	    "not_pod=true&not_pod_type=lxd&dry_run=true", 200, JSON, NULL },
	/* life */
	{ "M-102", "admin", "POST", "machines/D/?op=deploy", "", 409, TEXT,
	    "Can't deploy a machine that is in the 'Deploying' state" },
	{ "M-103", "admin", "POST", "machines/M/?op=deploy",
	    "distro_series=nope", 400, JSON,
	    "{\"distro_series\": [\"'nope' is not a valid distro_series.  It "
	    "should be one of: ''..." },
	{ "M-110", "user", "POST", "machines/M/?op=deploy", "install_kvm=true",
	    403, TEXT, "Only administratros can deploy VM hosts" },
	{ "M-116", "admin", "POST", "machines/M/?op=release", "", 200, JSON,
	    NULL },
	{ "M-119", "admin", "POST", "machines/?op=release", "machines=zzzzzz",
	    400, TEXT, "Unknown machine(s): zzzzzz." },
	{ "M-122", "admin", "POST", "machines/M/?op=power_on", "", 409, TEXT,
	    "Can't start node: it hasn't been allocated." },
	{ "M-125", "admin", "POST", "machines/M/?op=lock", "", 409, TEXT,
	    "Can't lock, node is not deployed or deploying" },
	{ "M-126", "admin", "POST", "machines/M/?op=mark_fixed", "", 409, TEXT,
	    "Can't mark a non-broken node as 'Ready'." },
	{ "M-127", "admin", "POST", "machines/D/?op=commission", "", 400, JSON,
	    "{\"__all__\": [\"Commission is not available because of the "
	    "current state of the node.\"]}" },
	{ "M-130", "admin", "GET", "machines/?op=list_allocated", NULL, 200,
	    JSON, "[]" },
	/* names and addresses */
	{ "M-135", "admin", "GET", "dnsresources/?fqdn=new.maas", NULL, 200,
	    JSON, "[]" },
	{ "M-135", "admin", "GET", "dnsresources/?fqdn=x.nosuch", NULL, 404,
	    TEXT0, "No Domain matches the given query." },
	{ "M-136", "admin", "POST", "dnsresources/",
	    "fqdn=new.maas&address_ttl=10&ip_addresses=", 200, JSON, NULL },
	{ "M-137", "admin", "POST", "dnsresources/", "fqdn=new.maas", 400, JSON,
	    "{\"__all__\": [\"Labels must be unique within their zone.\"]}" },
	{ "M-138", "admin", "PUT", "dnsresources/1/",
	    "ip_addresses=10.0.0.101+10.0.0.102", 200, JSON, NULL },
	{ "M-139", "admin", "PUT", "dnsresources/1/",
	    "ip_addresses=10.0.0.101,10.0.0.102", 500, TEXT,
	    "failed to detect a valid IP address from "
	    "'10.0.0.101,10.0.0.102'" },
	{ "M-140", "admin", "PUT", "dnsresources/1/", "id=7", 200, JSON, NULL },
	{ "M-143", "admin", "DELETE", "dnsresources/1/", NULL, 204, GONE },
	{ "M-143", "admin", "GET", "dnsresources/1/", NULL, 404, TEXT0,
	    "No DNSResource matches the given query." },
	{ "M-146", "admin", "POST", "ipaddresses/?op=reserve", "ip=10.0.0.101",
	    404, TEXT, "The IP address 10.0.0.101 is already in use." },
	{ "M-146", "admin", "POST", "ipaddresses/?op=reserve", "ip=192.0.2.1",
	    400, TEXT, "No known subnet for IP address: 192.0.2.1." },
	{ "M-148", "user", "POST", "ipaddresses/?op=release",
	    "ip=10.0.0.101&force=true", 403, TEXT0,
	    "Force-releasing an IP address requires admin privileges." },
	/* collections */
	{ "M-155", "admin", "POST", "zones/", "name=default", 400, JSON,
	    "{\"name\": [\"Physical zone with this Name already "
	    "exists.\"]}" },
	{ "M-155", "admin", "DELETE", "zones/default/", NULL, 400, TEXT,
	    "This zone is the default zone, it cannot be deleted." },
	{ "M-156", "admin", "GET", "resourcepool/default/", NULL, 200, JSON,
	    NULL },
	{ "M-156", "admin", "GET", "pools/", NULL, 404, TEXT,
	    "Unknown API endpoint: /MAAS/api/2.0/pools/." },
	{ "M-158", "admin", "GET", "subnets/10.0.0.0%2F24/", NULL, 200, JSON,
	    NULL },
	{ "M-159", "admin", "GET", "vlans/999/", NULL, 404, TEXT0,
	    "VLAN with specified ID does not exist." },
	{ "M-163", "admin", "DELETE", "boot-resources/999/", NULL, 500, TEXT,
	    "BootResource matching query does not exist." },
	{ "M-165", "admin", "GET", "events/", NULL, 400, TEXT,
	    "Unrecognised signature: method=GET op=None" },
	{ "M-168", "admin", "GET", "vm-hosts/1/machines/", NULL, 404, TEXT,
	    "Unknown API endpoint: /MAAS/api/2.0/vm-hosts/1/machines/." },
	{ "M-169", "admin", "GET",
	    "maas/?op=get_config&name=default_distro_series", NULL, 200, NULL,
	    "\"jammy\"" },
	{ "M-128", "admin", "DELETE", "machines/M/", NULL, 204, GONE },
	{ "M-128", "admin", "DELETE", "machines/M/", NULL, 404, TEXT0,
	    "No Machine matches the given query." },
};

static bool matches(const char *actual, const char *expected)
{
	size_t len = strlen(expected);

	if (len > 3 && strcmp(expected + len - 3, "...") == 0)
		return strncmp(actual, expected, len - 3) == 0;
	return strcmp(actual, expected) == 0;
}

static void path_of(const struct row *row, const char *ready,
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
    const struct row *row, const char *ready, const char *deploying)
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

TEST(every_check_of_the_contract_holds)
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

static void a_region(const char *version)
{
	struct maas_options options = {
		.name = "maas/lab", .version = version, .gated = true
	};

	a_lab(&options, NULL);
	id = a_machine(NULL);
}

static void the_bmcs_refuse(void)
{
	json_t *step = json_pack("{s:s, s:b}", "step", "bmc-refuses", "on", 1);
	struct err err = { 0 };

	EXPECT(maas_control(lab.maas, step, NULL, &err));
	json_decref(step);
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
CASE(every_check_of_the_contract_holds),
    CASE(describe_names_all_handlers_and_their_operations),
    CASE(versions_show_different_keys),
    CASE(a_refusing_bmc_fails_the_request_in_3_5_and_the_machine_elsewhere),
    CASE(an_unknown_version_is_refused_with_the_known_ones), TESTS_END
