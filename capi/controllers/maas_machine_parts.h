/*
 * maas_machine_parts: what the files of the MaasMachine controller share.
 *
 * One attempt of a MaasMachine to get a machine:
 *
 *	intent     annotation: the agent_name that the allocation will carry
 *	allocate   by constraints; the answer is checked against each of them
 *	record     spec.systemID, spec.providerID
 *	deploy     annotation deploy-time, swap off, op=deploy, polls
 *	abandon    annotation with the reason; then let go, then next attempt
 *	let go     annotation release, op=release, polls until re-read as free
 *
 * Whatever MAAS was asked is preceded by the note that a restart needs to go
 * on. Every look at MAAS is the list of machines that carry our agent_name:
 * the machine object does not show that name, so only the list can prove that
 * a machine is ours now (G2), and it shows strays as well (G1).
 */
#ifndef CAPI_CONTROLLERS_MAAS_MACHINE_PARTS_H
#define CAPI_CONTROLLERS_MAAS_MACHINE_PARTS_H

#include "capi/reconcile.h"

#define NOTE_INTENT_TIME "pcg.pcgsim.io/intent-time"
#define NOTE_ATTEMPT     "pcg.pcgsim.io/attempt"
#define NOTE_DEPLOY_TIME "pcg.pcgsim.io/deploy-time"
#define NOTE_ABANDON     "pcg.pcgsim.io/abandon"
#define NOTE_RELEASE     "pcg.pcgsim.io/release"
#define NOTE_CLOSED_TIME "pcg.pcgsim.io/closed-time"
/* On MaasCluster: a JSON object, system_id -> until when. */
#define NOTE_QUARANTINE "pcg.pcgsim.io/quarantine"
#define NOTE_ZONES      "pcg.pcgsim.io/zones"

#define MACHINE_FINALIZER "maasmachine.infrastructure.cluster.x-k8s.io"

/* What we were doing with it, in the conditions' words. */
char *maas_machine_agent_name(const struct reconcile *r, const json_t *obj);
unsigned maas_machine_attempt(const json_t *obj);
usec maas_machine_note_time(const json_t *obj, const char *key); /* 0: none */
const char *maas_machine_system_id(const json_t *obj);
/* A machine's owner is the user of our key. */
bool maas_machine_is_mine(const struct reconcile *r, const json_t *machine);

/* GET the list by agent_name; fn is called with MAAS_OK and a list only. */
void maas_machine_look(
    struct reconcile *r, const json_t *obj, maas_reaction_fn *fn);
/* The first machine of the list that is ours and, if id is not "", has it. */
const json_t *maas_machine_mine_in(
    const struct reconcile *r, const json_t *list, const char *id);

/* No machine yet: intent, allocate, record. list: of our agent_name. */
void maas_machine_obtain(struct reconcile *r, const json_t *obj);
void maas_machine_adopt_or_allocate(
    struct reconcile *r, const json_t *obj, const json_t *list);
/* Until when after the intent an allocation may still be under way. */
usec maas_machine_doubt_for(struct reconcile *r, const json_t *obj);

/* Begin to give it up: "quarantine" (its fault) or "release" (not its). */
void maas_machine_abandon(
    struct reconcile *r, const json_t *obj, const char *how, const char *why);
/* Give back whatever the attempt holds, re-read MAAS until nothing is held,
 * and then begin the next attempt, or take the finalizer off (G8). */
void maas_machine_retry(struct reconcile *r, const json_t *obj);
void maas_machine_end(struct reconcile *r, const json_t *obj);

/* A machine is there: follow it. */
void maas_machine_follow(
    struct reconcile *r, const json_t *obj, const json_t *machine);

/* MachineDeployed and Ready; other status fields as given. True: acted. */
bool maas_machine_say(struct reconcile *r, const json_t *obj, json_t *status,
    const char *value, const char *severity, const char *reason,
    const char *message);

/* Names that are in quarantine now, as a JSON object; new. */
json_t *maas_machine_quarantine(const struct reconcile *r);

#endif
