/*
 * maas: a fake MAAS region that unmodified clients take for real.
 *
 * It has the state of a region (machines, zones, pools, domains, subnets,
 * addresses, DNS, users, images, events ...), serves API 2.0 below
 * /MAAS/api/2.0/ and the metadata service below /MAAS/metadata/, and behaves
 * as the recordings of a running MAAS 3.4 do: answers precede their effects,
 * power reports arrive later, DNS lags.
 *
 * It is used in three ways: inside a simulated world, on a real port
 * (`pcgsim serve maas`), and played against recordings through its control
 * (maas_control). The same code serves all three; it gets time, chance and
 * network from its host and nothing from anywhere else.
 *
 * Effects of the outside world can be *gated*: while gated, power reports and
 * installer messages are held back until maas_control says "settle". The
 * clock is never what is paused.
 *
 * Modelled, not real: rack controllers, BMCs and disks are tables; images are
 * names and sizes; nothing is ever written to a disk.
 */
#ifndef SIM_MAAS_MAAS_H
#define SIM_MAAS_MAAS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/host.h"
#include "sim/power.h"

struct maas;

struct maas_options {
	const char *name;    /* maas/lab */
	const char *version; /* "3.4", "3.5", "3.6", "3.7"; NULL: "3.4" */
	uint16_t port;       /* NULL service: do not listen; 0: 5240 */
	const struct identity *identity; /* serve TLS; NULL: plain */
	const char *ca_pem; /* with an identity: what machines are to trust */
	/* How long DNS takes to show a change: lowest..highest. */
	usec dns_lag_low_for, dns_lag_high_for;
	/* How long MAAS waits before it calls a task failed; 0: as MAAS does
	 * (30 min deploying, 5 min releasing). */
	usec deploy_limit_for, release_limit_for;
	bool gated;
	/* The name or address by which machines and clients reach it (boot
	 * offers, signatures where the wire does not say); NULL: the host name
	 * with dots for slashes. */
	const char *address;
	/* How many times faster than the clocks of its clients its own runs;
	 * 0: once. A signature is in time by either clock. */
	double speed;
};

/* A region with the defaults of a fresh installation (zone and pool
 * "default", domain "maas", no machines, user "admin" with a key derived from
 * the seed). Listens at once unless port is UINT16_MAX. NULL and *err when the
 * port is taken or the version unknown. */
struct maas *maas_new(
    struct host *host, const struct maas_options *options, struct err *err);
void maas_free(struct maas **maas);
struct listener *maas_listener(struct maas *maas);

/* Replace all state by an inventory (the format of docs/inventory.md, which
 * takes recorded inventories too). False and a sentence with the place. */
bool maas_load(struct maas *maas, const json_t *inventory, struct err *err);

/* ---- the world builder's side (scenarios) ---- */
struct maas_machine_spec {
	const char *hostname;    /* NULL: a made-up one */
	const char *zone, *pool; /* NULL: default; made if new */
	const char *const *tags; /* NULL-terminated; made if new; NULL: none */
	int cpu_count;           /* 0: 8 */
	int memory_mib;          /* 0: 16384 */
	int disk_gb;             /* 0: 480 */
	const char *power_type;  /* NULL: ipmi */
};
/* Ready, powered off, plugged in if there are cables (maas_connect_bmc). Its
 * system_id (drawn from the seed), which is the machine's: it goes when
 * somebody deletes the machine. */
const char *maas_add_machine(
    struct maas *maas, const struct maas_machine_spec *spec);
/* Many of a kind. The rest of the world is told after the last one, once. */
void maas_add_machines(
    struct maas *maas, const struct maas_machine_spec *spec, uint64_t count);
/* The one subnet of a simple site: machines get their boot interface linked
 * AUTO in it, addresses from dynamic..: see docs/inventory.md. Call before
 * adding machines. gateway "" for none. */
bool maas_set_subnet(struct maas *maas, const char *cidr, const char *gateway,
    const char *dns, const char *reserved_first, const char *reserved_last,
    struct err *err);
void maas_add_image(struct maas *maas, const char *name); /* ubuntu/jammy */
/* consumer:token:secret of a user, made if new; registered as a secret. */
const char *maas_user_key(struct maas *maas, const char *user, bool admin);
/* The old keys of the user answer 401 from now on; a new key. */
const char *maas_rotate_key(struct maas *maas, const char *user);
/* The cables. ops and ctx outlive the maas or are replaced by NULL first. */
void maas_connect_bmc(struct maas *maas, const struct bmc_ops *ops, void *ctx);
const struct rack_ops *maas_rack_ops(void); /* ctx: the struct maas */

/* What its DNS server answers now: up to max addresses of an A record, -1 if
 * the name is not in its zones at all. */
int maas_dns_lookup(
    struct maas *maas, const char *name, char (*addresses)[16], int max);
bool maas_dns_has_zone(const struct maas *maas, const char *name);

/* ---- the outside world by name (control port, scenario verbs) ---- */
/* One step such as {"step":"rack-disconnects","rack":"..."}. The steps, and
 * the words that scenarios have for them, are stated once, in control.tbl. The
 * answer to the controller in *answer (new): {"ok":true}, and a "note" if
 * nothing has changed by it. */
bool maas_control(
    struct maas *maas, const json_t *step, json_t **answer, struct err *err);
struct maas_verb {
	const char *name, *parameters, *help;
	const char *unsaid; /* why no scenario has words for it; NULL: one
	                       has */
};
const struct maas_verb *maas_verbs(size_t *count);

/* ---- coverage ---- */
struct maas_operation {
	const char *handler; /* MachinesHandler */
	const char *name;    /* allocate: what faults and claims say */
	const char *method, *path, *op; /* op NULL: restful */
	/* The topics of the recordings in which it is asked for: "07 27"; those
	 * that only show refusals in parentheses: "(26)". "" if none does. */
	const char *checked;
	bool alias;     /* it works, but describe does not name it */
	bool anonymous; /* for callers without credentials */
	bool modelled;
};
const struct maas_operation *maas_operations(size_t *count);
/* An operation is a method, a path and an op that the region's description of
 * itself names. One that callers without credentials may ask for as well
 * counts once, and is modelled if it is for both. */
struct maas_coverage {
	size_t operations, modelled;
	size_t recorded; /* of the modelled: in a recording */
};
struct maas_coverage maas_coverage(void);

/* Events (docs/events.md): "state" and "gone" about
 *   <name>/machine/<system_id>  status owner hostname power zone pool
 *                               agent_name address locked
 *   <name>/dns/<fqdn>           addresses (as published), wanted
 *   <name>/address/<ip>         type user (user-reserved and sticky only)
 * and "note" for a request that is not modelled: the service op of such a
 * request is "unmodelled" and its status 501. */

#endif
