#include "compat/checks.h"

#include <string.h>

#include "base/json.h"
#include "compat/trial.h"

/* Deploy, release and power: M-100 to M-130. */

static void one_address(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);

	if (jlen(scene->body, "ip_addresses") == 0)
		trial_broken(trial, scene->what,
		    " .ip_addresses: a client relies on an address right after "
		    "the deployment was ordered; there is none");
}

static void has_machine(struct trial *trial, bool wanted)
{
	const struct scene *scene = trial_last(trial);
	json_t *machine;
	bool found = false;
	size_t i;

	json_array_foreach(scene->body, i, machine)
	{
		if (strcmp(jstr(machine, "system_id"),
		        trial_named(trial, "machine")) == 0)
			found = true;
	}
	if (found != wanted)
		trial_broken(trial, scene->what,
		    " : a client relies on {machine} %s there",
		    wanted ? "being" : "not being");
}

static void lists_the_machine(struct trial *trial)
{
	has_machine(trial, true);
}

static void does_not_list_the_machine(struct trial *trial)
{
	has_machine(trial, false);
}

/* clang-format off */
#define OP(op, form, ...) ASK(KEY, "POST", "machines/{machine}/?op=" op, form, __VA_ARGS__)
#define FINE SAYS(200, JSON, NULL)
#define TAKE ASK(KEY, "POST", "machines/?op=allocate", "system_id={machine}&agent_name=pcgsim-compat", FINE, \
	    .makes = "machine {machine}")
#define DEPLOY OP("deploy", "agent_name=pcgsim-compat", FINE, .makes = "machine {machine}", .loose = true)
#define SEES(...) ASK(KEY, "GET", "machines/{machine}/", NULL, FINE, __VA_ARGS__)
#define STATE(name) "{\"name\"}"

static const struct check rows[] = {
	CHECK("M-100", POWER, "a deployment begins at once, and its address is there with the next look",
	    TAKE,
	    OP("deploy", "distro_series={series}", FINE,
	    .holds = "status_name=\"Deploying\" osystem=\"ubuntu\" distro_series=\"{series}\" owner=\"{me}\""),
	    SEES(.holds = "status_name=\"Deploying\"", .loose = true), RUN(one_address)),
	CHECK("M-101", POWER, "a Ready machine can be deployed without having been taken",
	    OP("deploy", "agent_name=pcgsim-compat", FINE, .holds = "status_name=\"Deploying\" owner=\"{me}\"",
	    .makes = "machine {machine}")),
	CHECK("M-102", POWER, "a machine that is being deployed cannot be deployed",
	    DEPLOY,
	    OP("deploy", "", SAYS(409, TEXT, "Can't deploy a machine that is in the 'Deploying' state"))),
	CHECK("M-103", 0, "an unknown series is refused, and nothing has happened",
	    OP("deploy", "distro_series=nope-nope", SAYS(400, JSON,
	    "{\"distro_series\": [\"'nope-nope' is not a valid distro_series.  It should be one of: ''..."),
	    .makes = "machine {machine}"),
	    SEES(.holds = "status_name=\"Ready\" owner=null")),
	CHECK("M-104", POWER, "the operating system's name does not matter",
	    OP("deploy", "osystem=whatever&agent_name=pcgsim-compat", FINE,
	    .holds = "status_name=\"Deploying\" osystem=\"ubuntu\"", .makes = "machine {machine}")),
	CHECK("M-110", 0, "VM hosts are deployed by administrators",
	    ASK(OTHER, "POST", "machines/{machine}/?op=deploy", "install_kvm=true", SAYS(403, TEXT,
	    "Only administratros can deploy VM hosts"), .makes = "machine {machine}")),
	CHECK("M-111", POWER | LONG, "an installed machine boots from its own disk and is Deployed",
	    DEPLOY,
	    UNTIL("machines/{machine}/", "status_name=\"Deployed\""),
	    SEES(.holds = "status_name=\"Deployed\" netboot=false owner=\"{me}\"")),
	CHECK("M-114", 0, "a machine that is off is Ready as soon as it is released",
	    TAKE,
	    OP("release", "", FINE, .holds = "status_name=\"Ready\" owner=null ip_addresses=[]")),
	CHECK("M-115", POWER, "a machine that is on is Releasing until it is off",
	    DEPLOY,
	    UNTIL("machines/{machine}/", "power_state=\"on\""),
	    OP("release", "", FINE, .holds = "status_name=\"Releasing\"", .loose = true),
	    UNTIL("machines/{machine}/", "status_name=\"Ready\""),
	    SEES(.holds = "owner=null osystem=\"\"", .loose = true)),
	CHECK("M-116", 0, "to release what is Ready does nothing",
	    OP("release", "", FINE, .holds = "status_name=\"Ready\" owner=null")),
	CHECK("M-119", 0, "many are released by ids that are known",
	    ASK(KEY, "POST", "machines/?op=release", "machines=zzzzzz", SAYS(400, TEXT, "Unknown machine(s): zzzzzz."))),
	CHECK("M-120", 0, "two are released at once",
	    TAKE,
	    ASK(KEY, "POST", "machines/?op=allocate", "system_id={machine2}&agent_name=pcgsim-compat", FINE,
	    .makes = "machine {machine2}"),
	    ASK(KEY, "POST", "machines/?op=release", "machines={machine}&machines={machine2}", FINE, .loose = true)),
	CHECK("M-121", 0, "there is nothing to abort in a Ready machine",
	    OP("abort", "", SAYS(409, TEXT, "Cannot abort in current state: node {machine} is in state Ready."))),
	CHECK("M-121", POWER, "an aborted deployment is said a look later",
	    TAKE, DEPLOY,
	    OP("abort", "", FINE, .holds = "status_name=\"Deploying\"", .loose = true),
	    UNTIL("machines/{machine}/", "status_name=\"Allocated\"")),
	CHECK("M-122", 0, "nobody's machine is not powered on",
	    OP("power_on", "", SAYS(409, TEXT, "Can't start node: it hasn't been allocated."), .makes = "machine {machine}")),
	CHECK("M-123", POWER, "to power on what was taken is to deploy it",
	    TAKE,
	    OP("power_on", "", FINE, .loose = true),
	    SEES(.holds = "status_name=\"Deploying\"", .loose = true)),
	CHECK("M-125", 0, "a Ready machine is not locked",
	    OP("lock", "", SAYS(409, TEXT, "Can't lock, node is not deployed or deploying"), .makes = "machine {machine}")),
	CHECK("M-126", 0, "what is not broken is not fixed",
	    OP("mark_fixed", "", SAYS(409, TEXT, "Can't mark a non-broken node as 'Ready'."))),
	CHECK("M-127", ADMIN | POWER, "a machine in use is not commissioned",
	    DEPLOY,
	    OP("commission", "", SAYS(400, JSON,
	    "{\"__all__\": [\"Commission is not available because of the current state of the node.\"]}"))),
	CHECK("M-128", ADMIN, "a deleted machine is gone",
	    ASK(KEY, "POST", "machines/", "hostname={p}-gone&architecture=amd64&mac_addresses=52:54:00:c0:de:01&"
	    "power_type=manual&commission=false", FINE, .save = "gone=system_id", .makes = "made {p}-gone", .fresh = true,
	    .loose = true),
	    ASK(KEY, "DELETE", "machines/{gone}/", NULL, SAYS(204, TEXT0, "")),
	    ASK(KEY, "DELETE", "machines/{gone}/", NULL, SAYS(404, TEXT0, "No Machine matches the given query."))),
	CHECK("M-129", 0, "what is not being deployed has no installer's configuration",
	    ASK(KEY, "GET", "machines/{ready}/?op=get_curtin_config", NULL, .status = 400)),
	CHECK("M-130", 0, "a machine that was taken is among those that were, until it is deployed",
	    TAKE,
	    ASK(KEY, "GET", "machines/?op=list_allocated", NULL, FINE, .loose = true),
	    RUN(lists_the_machine),
	    OP("release", "", FINE, .loose = true),
	    UNTIL("machines/{machine}/", "status_name=\"Ready\""),
	    ASK(KEY, "GET", "machines/?op=list_allocated", NULL, FINE, .loose = true),
	    RUN(does_not_list_the_machine)),
};
/* clang-format on */

CHECK_TABLE(checks_life, rows);
