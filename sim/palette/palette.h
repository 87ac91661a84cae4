/*
 * palette: a fake management plane that unmodified clients take for real.
 *
 * It serves the public operations that an operator needs for the life of a
 * cluster (docs/palette.md lists them), and the links of gateways and agents
 * (docs/protocol.md). It never opens a connection; it knows only what was
 * brought to it. Leases and health are judged when read or when a timer that
 * the judgement set for itself comes due, not ticked.
 *
 * Its state survives its own restart (palette_restart): it is a service with a
 * data base, not the subject of crash tests.
 */
#ifndef SIM_PALETTE_PALETTE_H
#define SIM_PALETTE_PALETTE_H

#include <jansson.h>

#include "base/host.h"

struct palette;

struct palette_options {
	const char *name;                /* palette/eu */
	uint16_t port;                   /* 0: 443 */
	const struct identity *identity; /* NULL: plain http (serve only) */
	const char *endpoint; /* what agents are told: https://host[:port] */
	const char *ca_pem;   /* what agents are told to trust; NULL: none */
	usec gateway_lost_after_for;  /* 0: 10 min */
	usec cluster_lost_after_for;  /* 0: 10 min */
	usec poll_after_for;          /* 0: 15 s */
	unsigned requests_per_second; /* per shown address; 0: no limit */
};

struct palette *palette_new(
    struct host *host, const struct palette_options *options, struct err *err);
void palette_free(struct palette **palette);
struct listener *palette_listener(struct palette *palette);

/* The tenant that exists from the start: a tenant admin with password and API
 * key, a project "Default" (its uid). All registered as secrets. */
struct palette_tenant {
	const char *admin_email, *admin_password, *api_key, *project_uid;
};
struct palette_tenant palette_default_tenant(const struct palette *palette);

/* ---- what scenarios do to it as the outside world ---- */
/* A pairing code as an operator would read it; also over the API. */
const char *palette_pairing_code(struct palette *palette);
/* Every token of gateways and agents is 401 from now on until registered
 * again (gateways) or the cluster's token is shown again (agents keep it). */
void palette_forget_sessions(struct palette *palette);

/* The service goes away and comes back at once with all its data: connections
 * break, exchanges it was holding are never answered. False and *err when its
 * port was taken meanwhile. */
bool palette_restart(struct palette *palette, struct err *err);

/* Tokens: a cluster in a transitional state whose instruction is open and not
 * visibly waiting holds a loop token (base/loop.h: quiet).
 * Events: docs/events.md. Names of operations, for faults and claims:
 * poll, report, register, heartbeat, spec, cluster.create, cluster.get ... */
struct palette_operation {
	const char *name, *method, *path;
	bool modelled;
};
const struct palette_operation *palette_operations(size_t *count);

#endif
