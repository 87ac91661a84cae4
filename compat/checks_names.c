#include "compat/checks.h"

#include <string.h>

#include "base/json.h"
#include "compat/trial.h"

/* Names and addresses: M-135 to M-151. Addresses are of 192.0.2.0/24, which
 * is for documentation and nobody's. */

static void names_the_holder(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);
	const char *holder = trial_named(trial, "holder");
	json_t *record;
	size_t i;

	json_array_foreach(scene->body, i, record)
	{
		if (strcmp(jstr(record, "fqdn"), holder) == 0)
			return;
	}
	trial_broken(trial, scene->what,
	    " : a client relies on {holder} being there, which has an address");
}

static void has_addresses(struct trial *trial, size_t wanted)
{
	const struct scene *scene = trial_last(trial);

	if (jlen(scene->body, "ip_addresses") != wanted)
		trial_broken(trial, scene->what,
		    " .ip_addresses: a client relies on %zu; there are %zu",
		    wanted, jlen(scene->body, "ip_addresses"));
}

static void has_one_address(struct trial *trial)
{
	has_addresses(trial, 1);
}

static void has_two_addresses(struct trial *trial)
{
	has_addresses(trial, 2);
}

static void lists_one(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);

	if (json_array_size(scene->body) != 1)
		trial_broken(trial, scene->what,
		    " : a client relies on one address there; there are %zu",
		    json_array_size(scene->body));
}

static void lists_the_address(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);
	const char *address = trial_named(trial, "address");
	json_t *shown;
	size_t i;

	json_array_foreach(scene->body, i, shown)
	{
		if (strcmp(jstr(shown, "ip"), address) == 0)
			return;
	}
	trial_broken(
	    trial, scene->what, " : a client relies on {address} being there");
}

/* clang-format off */
#define FINE SAYS(200, JSON, NULL)
#define RECORD(label) ASK(KEY, "POST", "dnsresources/", "fqdn={p}-" label ".{domain}&ip_addresses=", FINE, \
	    .save = "dns=id", .makes = "dns {p}-" label ".{domain}", .fresh = true)
#define POINT(addresses, ...) ASK(KEY, "PUT", "dnsresources/{dns}/", "ip_addresses=" addresses, __VA_ARGS__, .fresh = true)
#define IP1 "192.0.2.10"
#define IP2 "192.0.2.11"
#define TAKE ASK(KEY, "POST", "machines/?op=allocate", "system_id={machine}&agent_name=pcgsim-compat", FINE, \
	    .makes = "machine {machine}")
#define DEPLOY ASK(KEY, "POST", "machines/{machine}/?op=deploy", "agent_name=pcgsim-compat", FINE, \
	    .makes = "machine {machine}", .loose = true)

static const struct check rows[] = {
	CHECK("M-135", 0, "a name that is not there is an empty list, a domain that is not there is not found",
	    ASK(KEY, "GET", "dnsresources/?fqdn={p}-none.{domain}", NULL, SAYS(200, JSON, "[]")),
	    ASK(KEY, "GET", "dnsresources/?fqdn=x.nosuch-nosuch", NULL, SAYS(404, TEXT0, "No Domain matches the given query."))),
	CHECK("M-136", ADMIN, "a name can be made before it has an address",
	    ASK(KEY, "POST", "dnsresources/", "fqdn={p}-a.{domain}&address_ttl=10&ip_addresses=", FINE,
	    .holds = "ip_addresses=[] address_ttl=10", .makes = "dns {p}-a.{domain}", .fresh = true)),
	CHECK("M-137", ADMIN, "a name is there once",
	    RECORD("b"),
	    ASK(KEY, "POST", "dnsresources/", "fqdn={p}-b.{domain}", SAYS(400, JSON,
	    "{\"__all__\": [\"Labels must be unique within their zone.\"]}"))),
	CHECK("M-138", ADMIN, "a name's addresses are those that were said last",
	    RECORD("c"),
	    POINT(IP1 "+" IP2, FINE, .holds = "ip_addresses[0].alloc_type=4", .makes = "address " IP1 ";address " IP2),
	    RUN(has_two_addresses),
	    POINT(IP1, FINE, .holds = "ip_addresses[0].ip=\"" IP1 "\""),
	    RUN(has_one_address),
	    POINT("", FINE, .holds = "ip_addresses=[]")),
	CHECK("M-139", ADMIN, "addresses are parted by blanks, not by commas",
	    RECORD("d"),
	    POINT(IP1 "," IP2, SAYS(500, TEXT, "failed to detect a valid IP address from '" IP1 "," IP2 "'"),
	    .makes = "address " IP1 ";address " IP2)),
	CHECK("M-140", ADMIN, "a number in a change is passed over",
	    RECORD("e"),
	    ASK(KEY, "PUT", "dnsresources/{dns}/", "id=7777777", FINE, .holds = "id={dns}", .fresh = true)),
	CHECK("M-141", ADMIN | POWER, "a name that points at a machine's automatic address follows the machine",
	    RECORD("f"), TAKE, DEPLOY,
	    ASK(KEY, "GET", "machines/{machine}/", NULL, FINE, .save = "auto=ip_addresses[0]", .loose = true),
	    POINT("{auto}", FINE, .holds = "ip_addresses[0].alloc_type=0 ip_addresses[0].owner=null"),
	    ASK(KEY, "POST", "machines/{machine}/?op=release", "", FINE, .loose = true),
	    UNTIL("machines/{machine}/", "status_name=\"Ready\""),
	    ASK(KEY, "GET", "dnsresources/{dns}/", NULL, FINE, .holds = "ip_addresses[0].ip=null", .fresh = true)),
	{ .id = "M-142", .flags = ADMIN, .until = 305,
	    .says = "an address that a name no longer has stays reserved for whoever said it",
	    .steps = (const struct check_step[]){
	    RECORD("g"),
	    POINT("192.0.2.12", FINE, .makes = "address 192.0.2.12"),
	    POINT("", FINE),
	    ASK(KEY, "GET", "ipaddresses/?ip=192.0.2.12", NULL, FINE, .fresh = true),
	    RUN(lists_one), { .end = true } } },
	CHECK("M-143", ADMIN, "a deleted name is gone",
	    RECORD("h"),
	    ASK(KEY, "DELETE", "dnsresources/{dns}/", NULL, SAYS(204, TEXT0, "")),
	    ASK(KEY, "GET", "dnsresources/{dns}/", NULL, SAYS(404, TEXT0, "No DNSResource matches the given query."))),
	CHECK("M-144", 0, "machines with addresses are among all names",
	    ASK(KEY, "GET", "dnsresources/?all=true", NULL, FINE, .loose = true), { .run = names_the_holder, .needs = "{holder}" }),
	CHECK("M-145", ADMIN, "a machine's automatic address is nobody's reservation, but one of all addresses",
	    ASK(KEY, "GET", "ipaddresses/?ip={address}", NULL, SAYS(200, JSON, "[]")),
	    ASK(KEY, "GET", "ipaddresses/?all=true", NULL, FINE, .loose = true), RUN(lists_the_address)),
	CHECK("M-146", 0, "an address in use is not reserved",
	    ASK(KEY, "POST", "ipaddresses/?op=reserve", "ip={address}", SAYS(404, TEXT, "The IP address {address} is already in use."))),
	CHECK("M-146", 0, "nor one of no subnet",
	    ASK(KEY, "POST", "ipaddresses/?op=reserve", "ip=192.0.2.77", SAYS(400, TEXT,
	    "No known subnet for IP address: 192.0.2.77."), .makes = "address 192.0.2.77")),
	CHECK("M-148", 0, "what one does not have one does not release",
	    ASK(KEY, "POST", "ipaddresses/?op=release", "ip=192.0.2.99", .status = 400)),
	CHECK("M-148", 0, "and not by force without being an administrator",
	    ASK(OTHER, "POST", "ipaddresses/?op=release", "ip=192.0.2.99&force=true", SAYS(403, TEXT0,
	    "Force-releasing an IP address requires admin privileges."))),
	CHECK("M-150", ADMIN | POWER, "the network of a machine in use stays as it is",
	    DEPLOY,
	    ASK(KEY, "GET", "machines/{machine}/", NULL, FINE, .save = "iface=boot_interface.id", .loose = true),
	    ASK(KEY, "POST", "nodes/{machine}/interfaces/{iface}/?op=link_subnet", "mode=link_up", SAYS(409, TEXT,
	    "Cannot link subnet interface because the machine is not New, Ready, Allocated, or Broken."))),
	CHECK("M-151", ADMIN, "not even its owner may change a machine's network",
	    ASK(OTHER, "POST", "machines/?op=allocate", "system_id={machine}&agent_name=pcgsim-compat", FINE,
	    .makes = "machine {machine}", .save = "iface=boot_interface.id"),
	    ASK(OTHER, "POST", "nodes/{machine}/interfaces/{iface}/?op=link_subnet", "mode=nonsense", SAYS(403, TEXT, ""))),
};
/* clang-format on */

CHECK_TABLE(checks_names, rows);
