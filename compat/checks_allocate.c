#include "compat/checks.h"

#include "base/json.h"
#include "compat/trial.h"

/* Allocate: M-082 to M-094. Every request is bound to {machine} or to what
 * nothing can match, and is a dry run where that does not spoil the claim. */

static void names_the_constraints(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);

	if (!jhas(scene->body, "constraints_by_type"))
		trial_broken(trial, scene->what,
		    " .constraints_by_type: a client relies on it; it is not "
		    "there");
}

/* clang-format off */
#define ALLOCATE(form, ...) ASK(KEY, "POST", "machines/?op=allocate", form, __VA_ARGS__)
#define DRY "&dry_run=true&system_id={machine}"
#define REFUSED(form, text) ALLOCATE(form DRY, SAYS(400, JSON, text))
#define TAKE ALLOCATE("system_id={machine}&agent_name=pcgsim-compat", SAYS(200, JSON, NULL), \
	    .makes = "machine {machine}")

static const struct check rows[] = {
	CHECK("M-082", 0, "what no machine has is refused with the wishes as they were understood",
	    ALLOCATE("cpu_count=99999&mem=10", SAYS(409, TEXT,
	    "No available machine matches constraints: [('cpu_count', ['99999']), ('mem', ['10'])] "
	    "(resolved to \"cpu_count=99999.0 mem=10.0\")"))),
	CHECK("M-083", 0, "a system id that nothing has is not available",
	    ALLOCATE("system_id=zzzzzz", SAYS(409, TEXT, "No machine with system ID zzzzzz available."))),
	CHECK("M-084", 0, "places and tags that do not exist are refused",
	    REFUSED("zone=nope-nope", "{\"zone\": [\"No such zone(s): nope-nope.\"]}"),
	    REFUSED("pool=nope-nope", "{\"pool\": [\"No such pool(s): nope-nope.\"]}"),
	    REFUSED("tags=nope-nope", "{\"tags\": [\"No such tag(s): 'nope-nope'.\"]}")),
	CHECK("M-085", 0, "memory is a number, and not nothing",
	    REFUSED("mem=lots", "{\"mem\": [\"Invalid memory: number of MiB required.\"]}"),
	    REFUSED("mem=", "{\"mem\": [\"Invalid memory: number of MiB required.\"]}")),
	CHECK("M-086", 0, "an unknown wish is refused",
	    REFUSED("nosuch=1", "{\"nosuch\": [\"No such constraint.\"]}")),
	CHECK("M-087", 0, "a dry run takes nothing",
	    ALLOCATE("system_id={machine}&dry_run=true", SAYS(200, JSON, NULL), .holds = "status_name=\"Ready\" owner=null"),
	    ASK(KEY, "GET", "machines/{machine}/", NULL, SAYS(200, JSON, NULL), .holds = "status_name=\"Ready\" owner=null")),
	CHECK("M-088", 0, "a dry run is yes or no",
	    ALLOCATE("dry_run=maybe&system_id={machine}", SAYS(400, TEXT, "Invalid dry_run: Value should be 'true' or 'false'"))),
	CHECK("M-089", ADMIN, "a machine has all tags that are wished",
	    ASK(KEY, "POST", "tags/", "name={p}-a", SAYS(200, JSON, NULL), .makes = "tag {p}-a", .fresh = true),
	    ASK(KEY, "POST", "tags/", "name={p}-b", SAYS(200, JSON, NULL), .makes = "tag {p}-b", .fresh = true),
	    ASK(KEY, "POST", "tags/{p}-a/?op=update_nodes", "add={machine}", SAYS(200, JSON, NULL)),
	    ALLOCATE("tags={p}-a%2C{p}-b&dry_run=true", .status = 409, .loose = true),
	    ASK(KEY, "POST", "tags/{p}-b/?op=update_nodes", "add={machine}", SAYS(200, JSON, NULL)),
	    ALLOCATE("tags={p}-a%2C{p}-b&dry_run=true", SAYS(200, JSON, NULL), .holds = "system_id=\"{machine}\"")),
	CHECK("M-090", ADMIN, "zones are alternatives, and can be ruled out",
	    ASK(KEY, "GET", "machines/{machine}/", NULL, SAYS(200, JSON, NULL), .save = "zone=zone.name", .loose = true),
	    ASK(KEY, "POST", "zones/", "name={p}-z", SAYS(200, JSON, NULL), .makes = "zone {p}-z", .fresh = true),
	    ALLOCATE("zone={zone}&zone={p}-z" DRY, SAYS(200, JSON, NULL), .holds = "system_id=\"{machine}\""),
	    ALLOCATE("zone={zone}&not_in_zone={zone}" DRY, .status = 409, .loose = true)),
	CHECK("M-091", 0, "a machine of no VM host may be wished for",
	    ALLOCATE("not_pod=true&not_pod_type=lxd" DRY, SAYS(200, JSON, NULL))),
	CHECK("M-093", 0, "an allocation says which wishes took part",
	    TAKE, RUN(names_the_constraints)),
	CHECK("M-094", 0, "a machine is found by the agent's name that it was taken with, until it is released",
	    TAKE,
	    ASK(KEY, "GET", "machines/?agent_name=pcgsim-compat&id={machine}", NULL, SAYS(200, JSON, NULL),
	    .holds = "[0].system_id=\"{machine}\""),
	    ASK(KEY, "POST", "machines/{machine}/?op=release", "", SAYS(200, JSON, NULL), .loose = true),
	    UNTIL("machines/{machine}/", "status_name=\"Ready\""),
	    ASK(KEY, "GET", "machines/?agent_name=pcgsim-compat&id={machine}", NULL, SAYS(200, JSON, "[]"))),
};
/* clang-format on */

CHECK_TABLE(checks_allocate, rows);
