#include "compat/checks.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "compat/trial.h"

/* Paths, methods, operations, bodies: M-001 to M-025. */

static void the_hash_is_that_of_describe(struct trial *trial)
{
	static const struct check_step describe = ASK(
	    NOBODY, "GET", "describe/", NULL, .loose = true);
	static const struct check_step zones = ASK(
	    KEY, "GET", "zones/", NULL, SAYS(200, JSON, NULL));
	char hash[64];
	const char *shown;

	if (!trial_ask(trial, &describe, NULL, "describe/"))
		return;
	snprintf(
	    hash, sizeof(hash), "%s", jstr(trial_last(trial)->body, "hash"));
	if (!trial_ask(trial, &zones, NULL, "zones/"))
		return;
	shown = http_header(
	    &trial_last(trial)->answer.headers, "X-MAAS-API-Hash");
	if (!shown || strcmp(shown, hash) != 0)
		trial_broken(trial, "zones/",
		    " : a client relies on the header X-MAAS-API-Hash being "
		    "describe's hash, %s; it is %s",
		    hash, shown ? shown : "not there");
}

static void keys_of_the_version(struct trial *trial)
{
	const json_t *body = trial_last(trial)->body;
	static const char *const keys[] = { "capabilities", "version",
		"subversion" };

	for (size_t i = 0; i < 3; i++)
		if (!json_object_get(body, keys[i]))
			trial_broken(trial, "version/",
			    " .%s: a client relies on it; it is not there",
			    keys[i]);
}

static void keys_of_describe(struct trial *trial)
{
	const json_t *body = trial_last(trial)->body;
	static const char *const keys[] = { "doc", "handlers", "hash",
		"resources" };

	for (size_t i = 0; i < 4; i++)
		if (!json_object_get(body, keys[i]))
			trial_broken(trial, "describe/",
			    " .%s: a client relies on it; it is not there",
			    keys[i]);
}

/* clang-format off */
#define NO_PATH(path) SAYS(404, TEXT, "Unknown API endpoint: {root}/api/2.0/" path ".")
#define SIGNATURE(method, op) SAYS(400, TEXT, "Unrecognised signature: method=" method " op=" op)

static const struct check rows[] = {
	CHECK("M-001", 0, "the version is told to anybody",
	    ASK(NOBODY, "GET", "version/", NULL, SAYS(200, JSON, NULL)),
	    RUN(keys_of_the_version)),
	CHECK("M-002", 0, "a wrong signature does not matter for the version",
	    ASK(NOBODY, "GET", "version/?op=", NULL, SAYS(200, JSON, NULL))),
	CHECK("M-003", 0, "the number of the API is plain text",
	    ASK(NOBODY, "GET", "/api/version/", NULL, SAYS(200, TEXT0, "2.0"))),
	CHECK("M-004", 0, "the API 1.0 is gone for good",
	    ASK(NOBODY, "GET", "/api/1.0/x/", NULL, SAYS(410, TEXT0,
	    "The 1.0 API is no longer available. Please use API version 2.0."))),
	CHECK("M-005", 0, "without its last slash a path is unknown, and nobody is sent elsewhere",
	    ASK(KEY, "GET", "machines", NULL, NO_PATH("machines"), .header = "Location: none")),
	CHECK("M-006", 0, "an unknown path is unknown before credentials are looked at",
	    ASK(NOBODY, "GET", "nosuch/", NULL, NO_PATH("nosuch/"))),
	CHECK("M-007", 0, "the API's own path leads to the one with a slash",
	    ASK(NOBODY, "GET", "/api/2.0", NULL, SAYS(301, NULL, NULL),
	    .header = "Location: {root}/api/2.0/", .loose = true)),
	CHECK("M-008", 0, "an operation that does not exist is named in the refusal",
	    ASK(KEY, "GET", "machines/?op=bogus", NULL, SIGNATURE("GET", "bogus"))),
	CHECK("M-009", 0, "an operation asked for with the wrong method does not exist",
	    ASK(KEY, "GET", "machines/?op=allocate", NULL, SIGNATURE("GET", "allocate"))),
	CHECK("M-010", 0, "so it is on a single machine",
	    ASK(KEY, "PUT", "machines/{machine}/?op=lock", "", SIGNATURE("PUT", "lock"))),
	CHECK("M-011", 0, "a method that a resource lacks is answered with those that it has",
	    ASK(KEY, "HEAD", "zones/", NULL, .status = 405, .header = "Allow: GET"),
	    ASK(KEY, "OPTIONS", "zones/", NULL, SAYS(405, HTML, ""), .header = "Allow: POST")),
	CHECK("M-011", 0, "so is PATCH",
	    ASK(KEY, "PATCH", "zones/", NULL, SAYS(405, HTML, ""), .header = "Allow: GET")),
	CHECK("M-012", 0, "the version can only be read",
	    ASK(NOBODY, "POST", "version/", "", SAYS(405, HTML, ""), .header = "Allow: GET")),
	CHECK("M-013", 0, "the operation may stand in the form",
	    ASK(KEY, "POST", "machines/", "op=allocate&dry_run=true&system_id={machine}",
	    SAYS(200, JSON, NULL), .holds = "system_id=\"{machine}\"")),
	CHECK("M-014", 0, "or at the end of the path",
	    ASK(KEY, "POST", "machines/op-allocate", "dry_run=true&system_id={machine}",
	    SAYS(200, JSON, NULL), .holds = "system_id=\"{machine}\"")),
	CHECK("M-015", ADMIN, "an empty operation is none",
	    ASK(KEY, "POST", "machines/?op=", "architecture=amd64", SAYS(400, JSON, NULL))),
	CHECK("M-016", 0, "the operation in the query wins over the one in the form",
	    ASK(KEY, "POST", "machines/?op=list_allocated", "op=allocate&dry_run=true&system_id={machine}",
	    SIGNATURE("POST", "list_allocated"))),
	CHECK("M-017", ADMIN, "JSON that is none is a bad request",
	    ASK(KEY, "POST", "zones/", "{\"name\":", SAYS(400, TEXT0, "Bad Request"), .content = "application/json")),
	CHECK("M-018", 0, "allocate does not take JSON",
	    ASK(KEY, "POST", "machines/?op=allocate", "{\"dry_run\": \"true\", \"system_id\": \"{machine}\"}",
	    SAYS(500, TEXT, "'dict' object has no attribute 'lists'"), .content = "application/json")),
	CHECK("M-019", ADMIN, "a query is no part of a form",
	    ASK(KEY, "POST", "zones/?name={p}-q", "", SAYS(400, JSON, "{\"name\": [\"This field is required.\"]}"),
	    .makes = "zone {p}-q")),
	CHECK("M-020", ADMIN, "forms come urlencoded or as multipart",
	    ASK(KEY, "POST", "zones/", "name={p}-u", SAYS(200, JSON, NULL), .holds = "name=\"{p}-u\"",
	    .makes = "zone {p}-u", .fresh = true),
	    ASK(KEY, "POST", "zones/", "--cut\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{p}-m\r\n--cut--\r\n",
	    SAYS(200, JSON, NULL), .content = "multipart/form-data; boundary=cut", .holds = "name=\"{p}-m\"",
	    .makes = "zone {p}-m", .fresh = true)),
	CHECK("M-021", 0, "answers are JSON, whatever a client would like",
	    ASK(KEY, "GET", "zones/", NULL, SAYS(200, JSON, NULL), .accept = "application/xml"),
	    ASK(KEY, "GET", "zones/?format=xml", NULL, SAYS(400, TEXT0, "Invalid output format specified 'xml'."))),
	CHECK("M-022", 0, "every answer shows the hash of the API's description",
	    RUN(the_hash_is_that_of_describe)),
	CHECK("M-023", 0, "the API describes itself to anybody",
	    ASK(NOBODY, "GET", "describe/", NULL, SAYS(200, JSON0, NULL), .loose = true),
	    RUN(keys_of_describe)),
	CHECK("M-024", 0, "several slashes are one",
	    ASK(KEY, "GET", "/api/2.0//machines//{any}/", NULL, SAYS(200, JSON, NULL))),
	CHECK("M-025", ADMIN, "a deletion is answered with nothing",
	    ASK(KEY, "POST", "zones/", "name={p}-d", SAYS(200, JSON, NULL), .makes = "zone {p}-d", .fresh = true),
	    ASK(KEY, "DELETE", "zones/{p}-d/", NULL, SAYS(204, TEXT0, ""))),
};
/* clang-format on */

CHECK_TABLE(checks_http, rows);
