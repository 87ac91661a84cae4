#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * Bodies that are no forms: what an operation makes of one depends on whether
 * it asks request.data or request.POST, and for what. MACHINE in a path stands
 * for the system id of a Ready machine.
 */

#define JSON                "application/json"
#define YAML                "application/x-yaml"
#define TEXT                "text/plain"
#define NO(type, attribute) "'" type "' object has no attribute '" attribute "'"

struct sent {
	const char *method, *path, *type, *text;
	int status;
	const char *body; /* NULL: not looked at */
};

static int send_row(const struct sent *row, const char *machine)
{
	struct http_request request = { 0 };
	char *authorization = lab_authorization(&lab);
	const char *at = strstr(row->path, "MACHINE");

	if (at)
		http_request_set(&request, row->method,
		    "/MAAS/api/2.0/%.*s%s%s", (int)(at - row->path), row->path,
		    machine, at + strlen("MACHINE"));
	else
		http_request_set(
		    &request, row->method, "/MAAS/api/2.0/%s", row->path);
	http_header_add(&request.headers, "Authorization", authorization);
	http_header_add(&request.headers, "Content-Type", row->type);
	buf_adds(&request.body, row->text);
	free(authorization);
	return lab_send(&lab, &request);
}

static void hold(const struct sent *rows, size_t count)
{
	const char *machine;

	a_lab(NULL, NULL);
	machine = a_machine(NULL);
	for (size_t i = 0; i < count; i++) {
		const struct sent *row = &rows[i];
		int status = send_row(row, machine);

		if (status != row->status ||
		    (row->body && strcmp(lab_text(&lab), row->body) != 0))
			test_failed(__FILE__, __LINE__,
			    "%s %s %s: %d %s, expected %d %s", row->method,
			    row->path, row->text, status, lab_text(&lab),
			    row->status, row->body ? row->body : "");
	}
	lab_close(&lab);
}

#define HOLD_SENT(rows) hold(rows, sizeof(rows) / sizeof((rows)[0]))

TEST(a_bare_value_is_not_the_same_as_an_empty_body)
{
	static const struct sent rows[] = {
		{ "POST", "machines/?op=allocate", JSON, "7", 500,
		    NO("int", "lists") },
		{ "POST", "machines/?op=allocate", JSON, "{}", 500,
		    NO("dict", "lists") },
		{ "POST", "machines/?op=allocate", JSON, "\"x\"", 500,
		    NO("str", "lists") },
		{ "POST", "machines/?op=set_zone", JSON, "7", 500,
		    NO("int", "get") },
		{ "POST", "machines/?op=set_zone", JSON, "{}", 500,
		    NO("dict", "getlist") },
		{ "POST", "account/?op=create_authorisation_token", JSON, "7",
		    500, NO("int", "get") },
		{ "POST", "account/prefs/sshkeys/?op=import", JSON, "7.5", 500,
		    NO("float", "get") },
		{ "POST", "dnsresources/", JSON, "7", 500, NO("int", "copy") },
		{ "POST", "dnsresources/", JSON, "[]", 500, NO("list", "get") },
		{ "POST", "tags/nosuch/?op=update_nodes", JSON, "7", 404,
		    "No Tag matches the given query." },
		{ "PUT", "machines/MACHINE/", JSON, "7", 500,
		    NO("int", "get") },
		{ "PUT", "machines/nosuch/", JSON, "7", 404,
		    "No Machine matches the given query." },
		{ "POST", "machines/MACHINE/?op=commission", JSON, "7", 500,
		    NO("int", "copy") },
		{ "POST", "machines/MACHINE/?op=test", JSON, "[]", 500,
		    NO("list", "get") },
		{ "POST", "nodes/MACHINE/interfaces/?op=create_bridge", JSON,
		    "true", 500, NO("bool", "copy") },
		{ "POST", "machines/MACHINE/?op=mount_special", JSON, "7", 500,
		    NO("int", "get") },
		{ "POST", "vm-hosts/99/?op=add_tag", JSON, "7", 500,
		    NO("int", "get") },
		{ "POST", "dhcp-snippets/99/?op=revert", JSON, "7", 500,
		    NO("int", "get") },
		{ "POST", "dhcp-snippets/99/?op=revert", JSON, "{\"to\": 1}",
		    404, NULL },
		{ "POST", "scripts/nosuch?op=revert", JSON, "{\"to\": \"x\"}",
		    400, "Invalid to: Please enter an integer value" },
		{ "POST", "domains/?op=set_serial", JSON, "7", 500,
		    "'int' object is not subscriptable" },
		{ "POST", "domains/?op=set_serial", JSON, "\"7\"", 500,
		    "string indices must be integers" },
		{ "POST", "domains/?op=set_serial", JSON, "[7]", 500,
		    "list indices must be integers or slices, not str" },
	};

	HOLD_SENT(rows);
}

TEST(a_document_says_nothing_to_who_asks_for_a_posted_form)
{
	static const struct sent rows[] = {
		{ "POST", "machines/MACHINE/?op=deploy", JSON,
		    "{\"distro_series\": \"nosuch\"}", 200, NULL },
		{ "POST", "machines/MACHINE/?op=release", JSON, "7", 200,
		    NULL },
		{ "POST", "machines/?op=release", JSON, "{\"machines\": []}",
		    500, NO("dict", "getlist") },
		{ "POST", "machines/?op=accept", YAML, "machines: x", 500,
		    NO("dict", "getlist") },
		{ "POST", "ipaddresses/?op=reserve", JSON,
		    "{\"ip\": \"10.0.0.9\"}", 400,
		    "Must supply either the 'subnet' or the 'ip' "
		    "parameter." },
		{ "POST", "account/?op=delete_authorisation_token", JSON,
		    "{\"token_key\": \"x\"}", 404, NULL },
		{ "POST", "discovery/?op=scan", JSON, "{\"force\": true}", 500,
		    NO("dict", "getlist") },
	};

	HOLD_SENT(rows);
}

TEST(a_body_that_nobody_reads_is_no_data_at_all)
{
	static const struct sent rows[] = {
		{ "POST", "zones/", TEXT, "name=x", 400, "{}" },
		{ "PUT", "zones/default/", TEXT, "name=x", 400, "{}" },
		{ "PUT", "zones/nosuch/", TEXT, "name=x", 404, NULL },
		{ "PUT", "machines/MACHINE/", TEXT, "x", 400, "{}" },
		{ "POST", "machines/", TEXT, "x", 500, NO("NoneType", "get") },
		{ "POST", "users/", TEXT, "x", 500, NO("NoneType", "get") },
		{ "POST", "machines/?op=allocate", TEXT, "x", 500,
		    NO("NoneType", "lists") },
		{ "POST", "machines/?op=release", TEXT, "x", 200, "[]" },
		{ "POST", "zones/", YAML, "", 400, "Bad Request" },
		{ "POST", "machines/MACHINE/?op=mount_special", TEXT, "x", 400,
		    "{}" },
		{ "POST", "machines/MACHINE/?op=set_storage_layout", TEXT, "x",
		    400, "{}" },
		{ "POST", "nodes/MACHINE/interfaces/?op=create_vlan", TEXT, "x",
		    500, NO("NoneType", "copy") },
		{ "POST", "machines/MACHINE/?op=commission", TEXT, "x", 200,
		    NULL },
	};

	HOLD_SENT(rows);
}

TEST(of_a_document_s_layout_only_the_first_letter_is_left)
{
	static const struct sent rows[] = {
		{ "POST", "machines/MACHINE/?op=set_storage_layout", JSON,
		    "{\"storage_layout\": \"flat\"}", 400,
		    "Failed to configure storage layout 'f': Unknown storage "
		    "layout: f" },
		{ "POST", "machines/MACHINE/?op=set_storage_layout", JSON, "{}",
		    400,
		    "{\"storage_layout\": [\"This field is required.\"]}" },
	};

	HOLD_SENT(rows);
}

TESTS_BEGIN
CASE(a_bare_value_is_not_the_same_as_an_empty_body),
    CASE(a_document_says_nothing_to_who_asks_for_a_posted_form),
    CASE(a_body_that_nobody_reads_is_no_data_at_all),
    CASE(of_a_document_s_layout_only_the_first_letter_is_left), TESTS_END
