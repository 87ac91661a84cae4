/* How a MaasMachine gives a machine back: verified, released, re-read. */
#include "capi/controllers/maas_machine_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "capi/plan.h"

#define RELEASE_POLL_FOR  SECONDS(15)
#define RELEASE_AGAIN_FOR SECONDS(60)
/* G12, X-024: long enough that somebody looks, short enough that a pool of
 * one comes back by itself. */
#define QUARANTINE_FOR HOURS(4)

/* What can be asked of a machine that we want to be rid of. */
enum release_step {
	STEP_RELEASE,
	STEP_AGAIN,
	STEP_WAIT,
	STEP_FREE
};

static const struct release_row {
	const char *state;
	enum release_step step;
} release_rows[] = {
	{ "Allocated", STEP_RELEASE },
	{ "Reserved", STEP_RELEASE },
	{ "Broken", STEP_RELEASE },
	{ "Deploying", STEP_RELEASE },
	{ "Deployed", STEP_RELEASE },
	{ "Failed deployment", STEP_RELEASE },
	{ "Failed disk erasing", STEP_AGAIN },
	{ "Releasing failed", STEP_AGAIN },
	{ "Releasing", STEP_WAIT },    /* until it is re-read as free */
	{ "Disk erasing", STEP_WAIT }, /* erasing is normal */
	{ "Ready", STEP_FREE },
	{ "New", STEP_FREE },
};

static const struct release_row *row_of(const char *state)
{
	for (size_t i = 0; i < sizeof(release_rows) / sizeof(release_rows[0]);
	     i++)
		if (strcmp(release_rows[i].state, state) == 0)
			return &release_rows[i];
	return NULL;
}

void maas_machine_abandon(
    struct reconcile *r, const json_t *obj, const char *how, const char *why)
{
	char *text = xasprintf("%s: %s", how, why);

	log_warning(r->host, "%s: attempt %u is given up: %s", r->name,
	    maas_machine_attempt(obj), text);
	act_patch(r, obj, NULL,
	    capi_notes_patch(1, (const char *const[]){ NOTE_ABANDON, text }));
	free(text);
}

/* ---- op=release ---- */

static void release_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	(void)obj;
	switch (answer->kind) {
	case MAAS_OK:
	case MAAS_UNKNOWN: /* what it is now, the next read says */
		capi_hold_for(
		    r, capi_jittered(r, RELEASE_POLL_FOR, "release poll"));
		if (answer->kind == MAAS_OK)
			capi_progress(r);
		return;
	case MAAS_NO_CAPACITY:
	case MAAS_BUSY:
	case MAAS_DENIED:
	case MAAS_NOT_FOUND:
	case MAAS_REFUSED:
	case MAAS_FAILED:
	case MAAS_UNREACHED:
		break;
	}
	maas_trouble(r, answer, "release a machine"); /* */
}

static void send_release(struct reconcile *r, const json_t *obj)
{
	char *path = xasprintf(
	    "machines/%s/?op=release", maas_machine_system_id(obj));

	act_maas(r, "POST", path, NULL, release_answered);
	free(path);
}

/* The note comes first: MAAS forgets the agent_name while it releases, and
 * only the note then says that the releasing machine is still ours. */
static void release(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *id = maas_machine_system_id(obj);

	if (jbool(machine, "locked")) {
		capi_wait_says(r, "MachineLocked",
		    "machine %s (%s) is locked in MAAS and cannot be released",
		    id, jstr(machine, "hostname"));
		capi_hold_for(r, RELEASE_AGAIN_FOR);
	} else if (strcmp(capi_note_of(obj, NOTE_RELEASE), id) != 0) {
		act_patch(r, obj, NULL,
		    capi_notes_patch(
		        1, (const char *const[]){ NOTE_RELEASE, id }));
	} else {
		send_release(r, obj);
	}
}

static void release_again(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	capi_wait_says(r, "ReleaseFailed",
	    "machine %s (%s) is not back yet: MAAS says %s (%s)",
	    maas_machine_system_id(obj), jstr(machine, "hostname"),
	    jstr(machine, "status_name"), jstr(machine, "status_message"));
	if (failures_of(r) == 0) {
		capi_back_off(r);
		capi_hold_for(
		    r, capi_jittered(r, RELEASE_AGAIN_FOR, "release again"));
		return;
	}
	capi_progress(r);
	release(r, obj, machine);
}

/* A machine of ours in whatever state. */
static void release_step(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *state = jstr(machine, "status_name");
	const struct release_row *row = row_of(state);

	if (!row) {
		capi_wait_says(r, "MachineHeld",
		    "machine %s (%s) is in state %s, from which MAAS releases "
		    "nothing",
		    maas_machine_system_id(obj), jstr(machine, "hostname"),
		    state);
		capi_hold_for(
		    r, capi_jittered(r, RELEASE_AGAIN_FOR, "state poll"));
		return;
	}
	switch (row->step) {
	case STEP_RELEASE:
		release(r, obj, machine);
		return;
	case STEP_AGAIN:
		release_again(r, obj, machine);
		return;
	case STEP_WAIT:
	case STEP_FREE:
		capi_progress(r);
		capi_hold_for(
		    r, capi_jittered(r, RELEASE_POLL_FOR, "release poll"));
		return;
	}
}

/* ---- has it been given back? ---- */

static reconcile_fn close_attempt;

/* MAAS was re-read, and nothing is held under this intent. */
static void nothing_held(struct reconcile *r, const json_t *obj)
{
	capi_memory_of(r)->absent = 0;
	if (capi_is_deleting(obj))
		capi_drop_finalizer(r, obj, MACHINE_FINALIZER);
	else
		close_attempt(r, obj);
}

/* MAAS forgets the agent_name when a release begins, and what its owner noted
 * only when it has ended: a machine that bears our name there still is ours,
 * whatever has become of the release. From 3.5 on one whose BMC did not obey
 * is Deployed as before. */
static bool bears_our_name(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	char *name = maas_machine_agent_name(r, obj);
	bool ours = strcmp(jstr(machine, "owner_data[" MAAS_NAME_KEY "]"),
	                name) == 0;

	free(name);
	return ours;
}

/* The recorded machine does not carry our agent_name (any more). */
static void recorded_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	bool denied = answer->kind == MAAS_DENIED && answer->status == 403;
	bool releasing = strcmp(capi_note_of(obj, NOTE_RELEASE),
	                     maas_machine_system_id(obj)) == 0;
	const char *state = jstr(answer->body, "status_name");

	if (answer->kind != MAAS_OK && answer->kind != MAAS_NOT_FOUND &&
	    !denied) {
		maas_trouble(r, answer, "show a released machine");
		return;
	}
	if (answer->kind == MAAS_OK && releasing &&
	    maas_machine_is_mine(r, answer->body) && row_of(state) &&
	    (row_of(state)->step >= STEP_AGAIN ||
	        bears_our_name(r, obj, answer->body))) {
		capi_memory_of(r)->absent = 0;
		release_step(r, obj, answer->body);
		return;
	}
	/* Free as we asked for: one read is enough (G8). */
	if (answer->kind == MAAS_OK && releasing &&
	    !jstr(answer->body, "owner")[0]) {
		nothing_held(r, obj);
		return;
	}
	/* Not ours: read again before the reference is dropped. */
	if (++capi_memory_of(r)->absent < 3) {
		capi_hold_for(r, SECONDS(20));
		return;
	}
	log_warning(r->host,
	    "%s: machine %s is not ours any more (%s%s%s); it is left alone",
	    r->name, maas_machine_system_id(obj),
	    state[0] ? state : "not in MAAS",
	    jstr(answer->body, "owner")[0] ? ", owner " : "",
	    jstr(answer->body, "owner")); /* */
	nothing_held(r, obj);
}

static void adopt_to_release(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	json_t *patch = json_object();

	jsets(patch, "spec.systemID", jstr(machine, "system_id"));
	act_patch(r, obj, NULL, patch);
}

/* A second machine of the same intent, beside the recorded one. */
static void release_stray(struct reconcile *r, const char *id)
{
	char *path = xasprintf("machines/%s/?op=release", id);

	act_maas(r, "POST", path, NULL, release_answered);
	free(path);
}

/* its address leaves the API's name before the machine leaves, as
 * long as others carry the name. */
static bool is_published(const struct reconcile *r, const json_t *obj)
{
	const json_t *cluster = capi_find(
	    r, "MaasCluster", jstr(r->cluster, "spec.infrastructureRef.name"));
	const json_t *published = jget(cluster, "status.network.addresses");

	if (!capi_is_control_plane(obj) || capi_cluster_deletes(r) ||
	    json_array_size(published) < 2)
		return false;
	for (size_t i = 0; i < jlen(obj, "status.addresses"); i++) {
		const json_t *address = json_array_get(
		    jget(obj, "status.addresses"), i);

		for (size_t k = 0; k < json_array_size(published); k++)
			if (json_equal(json_object_get(address, "address"),
			        json_array_get(published, k)))
				return true;
	}
	return false;
}

static void held_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	const json_t *machine, *any;
	usec wait_for = maas_machine_doubt_for(r, obj);

	if (answer->kind != MAAS_OK || !json_is_array(answer->body)) {
		maas_trouble(r, answer, "list the machines of the cluster");
		return;
	}
	any = maas_machine_mine_in(r, answer->body, "");
	machine = maas_machine_mine_in(
	    r, answer->body, maas_machine_system_id(obj));
	if (maas_machine_system_id(obj)[0] && machine) {
		capi_memory_of(r)->absent = 0;
		release_step(r, obj, machine);
	} else if (any && !maas_machine_system_id(obj)[0]) {
		adopt_to_release(r, obj, any);
	} else if (any) {
		release_stray(r, jstr(any, "system_id"));
	} else if (maas_machine_system_id(obj)[0]) {
		char *path = xasprintf(
		    "machines/%s/", maas_machine_system_id(obj));

		act_maas(r, "GET", path, NULL, recorded_answered);
		free(path);
	} else if (wait_for > 0) {
		capi_hold_for(
		    r, wait_for < SECONDS(15) ? wait_for : SECONDS(15));
	} else {
		nothing_held(r, obj);
	}
}

static void let_go(struct reconcile *r, const json_t *obj)
{
	if (is_published(r, obj)) {
		json_t *status = capi_status_of(obj);

		condition_set(r, status, "DNSAttached", "False", "Warning",
		    "DNSDetachPending", NULL);
		condition_sum(r, status);
		capi_look_again(r, SECONDS(10));
		status_write(r, obj, status);
		return;
	}
	maas_machine_look(r, obj, held_answered);
}

/* ---- and then ---- */

static void close_attempt(struct reconcile *r, const json_t *obj)
{
	char next[16], now[32];
	json_t *patch;

	snprintf(next, sizeof(next), "%u", maas_machine_attempt(obj) + 1);
	time_text(host_time(r->host), now);
	patch = capi_notes_patch(
	    7, (const char *const[]){ NOTE_ATTEMPT, next, NOTE_CLOSED_TIME, now,
	           NOTE_INTENT, NULL, NOTE_INTENT_TIME, NULL, NOTE_DEPLOY_TIME,
	           NULL, NOTE_ABANDON, NULL, NOTE_RELEASE, NULL });
	jset(patch, "spec", json_object());
	json_object_set_new(jget(patch, "spec"), "systemID", json_null());
	json_object_set_new(jget(patch, "spec"), "providerID", json_null());
	*capi_memory_of(r) = (struct memory){ .image_seen = true };
	act_patch(r, obj, NULL, patch);
}

/* The list travels with the MaasCluster, so it outlives the attempt, a
 * restart and the pivot. True if an action was begun. */
static bool put_in_quarantine(struct reconcile *r, const json_t *obj)
{
	const json_t *cluster = capi_find(
	    r, "MaasCluster", jstr(r->cluster, "spec.infrastructureRef.name"));
	json_t *list;
	char until[32], *text;

	if (!cluster || !maas_machine_system_id(obj)[0] ||
	    strncmp(capi_note_of(obj, NOTE_ABANDON), "quarantine", 10) != 0)
		return false;
	list = maas_machine_quarantine(r);
	if (json_object_get(list, maas_machine_system_id(obj))) {
		json_decref(list);
		return false;
	}
	time_text(host_time(r->host) + QUARANTINE_FOR, until);
	json_object_set_new(
	    list, maas_machine_system_id(obj), json_string(until));
	text = json_canonical(list);
	act_patch(r, cluster, NULL,
	    capi_notes_patch(
	        1, (const char *const[]){ NOTE_QUARANTINE, text }));
	free(text);
	json_decref(list);
	return true;
}

void maas_machine_retry(struct reconcile *r, const json_t *obj)
{
	json_t *status = capi_status_of(obj);

	jsets(status, "machineState", "Releasing");
	jset(status, "addresses", NULL);
	if (maas_machine_say(r, obj, status, "False", "Error",
	        "MachineDeployFailed", capi_note_of(obj, NOTE_ABANDON)))
		return;
	if (!put_in_quarantine(r, obj))
		let_go(r, obj);
}

void maas_machine_end(struct reconcile *r, const json_t *obj)
{
	let_go(r, obj);
}
