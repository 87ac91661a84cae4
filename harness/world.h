/*
 * world: everything that a scenario's world section names, alive.
 *
 * Built from a bound scenario: one loop, one network, one wire; a lab (a fake
 * MAAS, its machines, the cables between them) for each maas/NAME, a plane
 * for each palette/NAME, a relay for each proxy/NAME, a gate for each
 * pcg/NAME, and an operator. The parts know each other only by what goes over
 * the wire; the harness alone holds them all.
 *
 * Every part that talks sits on a *seat*: a host with an address, a net and
 * perhaps a disk. Disks belong to the world and outlive seats. To kill a seat
 * is to deaden its disk and net first, then to free the part, then to take
 * the seat away: so tear-down writes nothing and says no goodbye.
 *
 * The clock begins at 2026-01-01T00:00:00Z.
 */
#ifndef HARNESS_WORLD_H
#define HARNESS_WORLD_H

#include <jansson.h>

#include "base/sim_disk.h"
#include "base/url.h"
#include "base/wire.h"
#include "gateway/gateway.h"
#include "harness/scenario.h"
#include "sim/maas/maas.h"
#include "sim/network/network.h"
#include "sim/palette/palette.h"
#include "sim/workload/workload.h"

#define WORLD_EPOCH ((usec)1767225600 * USEC_PER_SEC) /* 2026-01-01 */

struct world;

struct seat {
	struct host host;
	struct world *world;
	char *name;
	struct sim_disk *disk; /* the world's; NULL: none */
};

struct disk_of { /* the disks of the world, by the name of their seat */
	char *name;
	struct sim_disk *disk;
};

struct lab {
	const struct thing *thing;
	struct world *world;
	struct seat *seat;
	struct maas *maas;
	struct workload *workload;
	char *site; /* name in the network */
	char endpoint[80];
	struct buf lost;      /* machines without power: "cluster id\n" */
	struct buf unplugged; /* "cluster machine/id\n" */
};

struct plane {
	const struct thing *thing;
	struct seat *seat;
	struct palette *palette;
	char endpoint[80], hostname[60];
	char *ca_pem;
	unsigned certificates; /* that it has shown, one after the other */
};

struct relay {
	const struct thing *thing;
	struct seat *seat;
	struct proxy *proxy;
	char *site;
	char *user, *password; /* NULL: open to all */
	unsigned changes;
};

struct gate {
	const struct thing *thing;
	struct world *world;
	struct lab *lab;
	struct plane *plane;
	struct relay *relay; /* NULL: it goes out directly */
	char *site;
	struct seat *seat; /* NULL while it does not run */
	struct seat *installer;
	struct gateway *gateway; /* NULL while it does not run */
	char palette_name[80];
	char *maas_key; /* in its settings */
	char *new_key;  /* what its MAAS accepts now; NULL: the same */
	char *overlord_uid, *pairing_code; /* NULL until installed */
	char *credentials; /* right, wrong, none: what it was told */
	usec skew_for;     /* how far its clock is ahead */
	struct timer wake; /* installs it, or starts it again */
	struct token waking;
	struct timer bury; /* frees what was killed from inside a callback */
	bool starting, dying, by_power;
	unsigned starts;
};

struct world_options {
	enum wire_kind wire;
	uint64_t seed;
	/* The version of each MAAS that the scenario gives none; NULL: the
	 * usual one. */
	const char *maas;
};

struct world {
	const struct scenario *scenario;
	struct world_options options;
	struct loop *loop;
	struct secrets *secrets;
	struct events *events;
	struct choices *choices;
	struct log *log;
	struct buf log_text; /* the end of it */
	char *leaked; /* a secret in what was dropped of it; NULL: none */
	struct network *network;
	struct wire *wire;
	struct identity *ca;
	struct disk_of *disks;
	size_t disk_count;
	struct lab *labs;
	size_t lab_count;
	struct plane *planes;
	size_t plane_count;
	struct relay *relays;
	size_t relay_count;
	struct gate *gates;
	size_t gate_count;
	struct seat *operator_seat;
	struct errand *errands; /* of the operator and the installers */
	unsigned certificates;  /* that the operator had made */
	char *trouble; /* why the run must fail whatever the claims say */
};

/* NULL and *err if the scenario's world cannot be (overlapping sites ...).
 * The sink sees every event from the first on. */
struct world *world_new(const struct scenario *scenario,
    const struct world_options *options, event_sink_fn *sink, void *ctx,
    struct err *err);
void world_free(struct world **world);
/* The first trouble is kept: an errand that failed, an unknown command. */
void world_trouble(struct world *world, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct lab *world_lab(struct world *world, const struct thing *thing);
struct plane *world_plane(struct world *world, const struct thing *thing);
struct relay *world_relay(struct world *world, const struct thing *thing);
struct gate *world_gate(struct world *world, const struct thing *thing);

/* ---- seats.c ---- */
/* The disk of the seat of that name, which it may get later. */
struct sim_disk *world_disk(struct world *world, const char *name);
struct seat *seat_new(struct world *world, const char *name, const char *site,
    const char *address, bool with_disk, struct err *err);
/* From now on nothing it does has an effect. */
void seat_deaden(struct seat *seat, bool power_loss);
/* The part on it is gone. The address stays its own. */
void seat_free(struct seat **seat, bool quietly);
struct host_maker lab_hosts(struct lab *lab);

/* ---- certificates.c ---- */
/* The authority of that name: whoever trusts one trusts no other. */
struct identity *world_authority(uint64_t seed, const char *name);
enum plane_certificate {
	CERTIFICATE_GOOD,
	CERTIFICATE_OF_ANOTHER_CA,
	CERTIFICATE_EXPIRED,
};
/* The next certificate of that plane; the caller's. */
struct identity *plane_certificate(
    struct world *world, struct plane *plane, enum plane_certificate kind);
/* From now on it shows another one, and those who are connected dial anew. */
void plane_show_certificate(
    struct world *world, struct plane *plane, enum plane_certificate kind);

/* ---- gates.c ---- */
bool gate_start(struct gate *gate, struct err *err);
/* Safe from inside any callback of the gateway itself. */
void gate_kill(struct gate *gate, bool power_loss);
void gate_start_after(struct gate *gate, usec wait_for);
void gate_install_after(struct gate *gate, usec wait_for);
void gate_set_skew(struct gate *gate, usec ahead_for);

/* ---- errand.c: what somebody does through an API, over the wire ---- */

/*
 * An errand is a few requests in a row, made by the operator or an installer
 * from a host of their own. Its next request is decided when the one before
 * is answered; it holds a token of the loop until it is done. Somebody who
 * cannot reach a server, or is told to come again, tries again after a while
 * as people do, and gives up after an hour.
 */
struct errand;
typedef void errand_fn(struct errand *errand, int status, json_t *answer);
struct errand {
	struct world *world;
	struct seat *seat;
	struct plane *plane;
	const struct relay *relay; /* the way out; NULL: direct */
	const struct thing *things[2];
	struct gate *gate;
	long long number;
	char *what;    /* for messages: the step's text */
	char *kept[2]; /* uids found on the way */
	struct token token;
	struct timer again;
	struct call *call;
	errand_fn *next; /* gets the answer */
	char *method, *target;
	json_t *body;
	bool with_key;
	usec began_at;
	struct errand *following; /* in the world's list */
};
struct errand *errand_new(struct world *world, struct seat *seat,
    struct plane *plane, const char *what);
/* Steals body. next gets what was answered with 2xx, 4xx; other answers and
 * failures are tried again. */
void errand_ask(struct errand *errand, errand_fn *next, const char *method,
    json_t *body, const char *target_fmt, ...)
    __attribute__((format(printf, 5, 6)));
void errand_ask_again_after(struct errand *errand, usec wait_for);
void errand_done(struct errand *errand);
void errand_failed(struct errand *errand, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void errands_drop(struct world *world); /* all of them, at the end */

/* ---- installer.c, operator.c ---- */
void installer_run(struct gate *gate);
void operator_create(struct world *world, const struct step *step);
void operator_delete(struct world *world, const struct step *step);
void operator_force_delete(struct world *world, const struct step *step);
void operator_migrate(struct world *world, const struct step *step);
void operator_scale_workers(struct world *world, const struct step *step);
void operator_scale_control_planes(
    struct world *world, const struct step *step);
void operator_validate(struct world *world, const struct step *step);
void operator_update_key(struct world *world, const struct step *step);
void operator_add_certificate(struct world *world, const struct step *step);
void operator_renew_code(struct world *world, const struct step *step);

#endif
