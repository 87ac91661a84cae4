#include "compat/checks.h"

/* Who may do what: M-055 to M-061. */

/* clang-format off */
#define TAKE "system_id={machine}&agent_name=pcgsim-compat"
#define ALLOCATE(who) ASK(who, "POST", "machines/?op=allocate", TAKE, SAYS(200, JSON, NULL), \
	    .makes = "machine {machine}", .fresh = true)

static const struct check rows[] = {
	CHECK("M-055", 0, "another's machine cannot be seen",
	    ASK(OTHER, "GET", "machines/{foreign}/", NULL, SAYS(403, TEXT, ""))),
	CHECK("M-056", 0, "zones are made by administrators",
	    ASK(OTHER, "POST", "zones/", "name={p}-o", SAYS(403, TEXT, "This method is reserved for admin users."),
	    .makes = "zone {p}-o")),
	CHECK("M-057", ADMIN, "not even its owner may change a machine",
	    ALLOCATE(OTHER),
	    ASK(OTHER, "PUT", "machines/{machine}/", "", SAYS(403, TEXT, ""))),
	CHECK("M-058", ADMIN, "names are made and changed by administrators",
	    ASK(OTHER, "POST", "dnsresources/", "fqdn={p}-o.{domain}", SAYS(403, TEXT, "This method is reserved for admin users."),
	    .makes = "dns {p}-o.{domain}"),
	    ASK(KEY, "POST", "dnsresources/", "fqdn={p}-k.{domain}&ip_addresses=", SAYS(200, JSON, NULL), .save = "dns=id",
	    .makes = "dns {p}-k.{domain}", .fresh = true),
	    ASK(OTHER, "PUT", "dnsresources/{dns}/", "address_ttl=7", SAYS(403, TEXT, ""))),
	CHECK("M-059", ADMIN | POWER, "a locked machine is not released, not even by an administrator",
	    ALLOCATE(KEY),
	    ASK(KEY, "POST", "machines/{machine}/?op=deploy", "", SAYS(200, JSON, NULL), .loose = true),
	    ASK(KEY, "POST", "machines/{machine}/?op=lock", "", SAYS(200, JSON, NULL), .holds = "locked=true", .loose = true),
	    ASK(KEY, "POST", "machines/{machine}/?op=release", "", SAYS(403, TEXT, "")),
	    ASK(KEY, "POST", "machines/{machine}/?op=unlock", "", SAYS(200, JSON, NULL), .holds = "locked=false", .loose = true),
	    ASK(KEY, "POST", "machines/{machine}/?op=release", "", SAYS(200, JSON, NULL), .loose = true)),
	CHECK("M-060", 0, "boot sources are for administrators",
	    ASK(OTHER, "GET", "boot-sources/", NULL, SAYS(403, TEXT, "User is not allowed access to this API."))),
	CHECK("M-061", 0, "controllers are there for administrators only, and nobody says so",
	    ASK(OTHER, "GET", "rackcontrollers/", NULL, SAYS(200, JSON, "[]"))),
};
/* clang-format on */

CHECK_TABLE(checks_rights, rows);
