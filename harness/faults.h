/*
 * faults: what goes wrong with exchanges on their way.
 *
 * A fault is a step of the timeline: it begins there, meets the exchanges
 * with its server that fit its scope, and ends by count, by time or by a
 * claim. It is carried out by the wire (base/wire.h asks for each exchange
 * that arrives at a server, and again for each answer that leaves it). A
 * fault that met nothing fails the run: the plot did not take place.
 */
#ifndef HARNESS_FAULTS_H
#define HARNESS_FAULTS_H

#include "base/wire.h"
#include "harness/fault_keys.h"
#include "harness/scenario.h"
#include "harness/view.h"

/* Which part of an exchange a fault takes hold of, and what it does to it. The
 * rules of `pcgsim serve --fault` (fault_rule.h) are of the same kinds. */
struct fault_kind {
	const char *verb; /* its pattern in the verb table, without server */
	bool on_answer;   /* else on the request */
	enum wire_fate fate;
};
const struct fault_kind *fault_kind_of(const struct verb *verb);
/* Does it make the answer, from a status? */
bool fault_has_status(
    const struct fault_kind *kind, const struct verb_words *words);
/* What this kind of fault, with the numbers of its verb, does here. */
void fault_doom(const struct fault_kind *kind, const struct verb_words *words,
    const struct wire_sight *sight, struct wire_doom *doom);
/* "allocate", "POST /MAAS/api/2.0/machines/?op=allocate", "GET /x/STAR" */
bool fault_on_fits(const char *on, const struct wire_sight *sight);

#define MOST_FAULTS 32 /* of one scenario, or of one served world */

struct faults;

struct fault_count {
	const struct step *step;
	long long met, fitted;
};

/* Is this exchange about a machine of its server? */
typedef bool fault_concerns_fn(
    void *ctx, const struct wire_sight *sight, const char *machine);

/* The events, choices and view outlive it. */
struct faults *faults_new(
    struct events *events, struct choices *choices, const struct view *view);
/* Before a fault that names a machine begins. */
void faults_set_concerns(
    struct faults *faults, fault_concerns_fn *concerns, void *ctx);
void faults_free(struct faults **faults);
wire_fault_fn faults_strike; /* ctx: the struct faults */
void faults_begin(struct faults *faults, const struct step *step, usec now_at);
/* Ends those whose claim holds by now: after every event. */
void faults_look(struct faults *faults, usec now_at);
size_t faults_count(const struct faults *faults);
struct fault_count faults_nth(const struct faults *faults, size_t n);

#endif
