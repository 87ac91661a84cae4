#include "capi/controllers/maas_machine_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "capi/plan.h"

/* ---- small words ---- */

unsigned maas_machine_attempt(const json_t *obj)
{
	unsigned n = (unsigned)strtoul(
	    capi_note_of(obj, NOTE_ATTEMPT), NULL, 10);

	return n ? n : 1;
}

char *maas_machine_agent_name(const struct reconcile *r, const json_t *obj)
{
	return plan_agent_name(capi_cluster_name(r), r->ns, capi_name_of(obj),
	    maas_machine_attempt(obj));
}

usec maas_machine_note_time(const json_t *obj, const char *key)
{
	usec time;

	return time_parse(capi_note_of(obj, key), &time) ? time : 0;
}

const char *maas_machine_system_id(const json_t *obj)
{
	return jstr(obj, "spec.systemID");
}

bool maas_machine_is_mine(const struct reconcile *r, const json_t *machine)
{
	const char *owner = jstr(machine, "owner");

	return owner[0] && strcmp(owner, maas_user(r)) == 0;
}

const json_t *maas_machine_mine_in(
    const struct reconcile *r, const json_t *list, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *machine = json_array_get(list, i);

		if (maas_machine_is_mine(r, machine) &&
		    jstr(machine, "system_id")[0] &&
		    (!id[0] || strcmp(jstr(machine, "system_id"), id) == 0))
			return machine;
	}
	return NULL;
}

void maas_machine_look(
    struct reconcile *r, const json_t *obj, maas_reaction_fn *fn)
{
	struct buf path = BUF_INIT;
	char *name = maas_machine_agent_name(r, obj);

	/* a list without a key is a list of everybody's machines. */
	buf_adds(&path, "machines/?agent_name=");
	buf_add_percent(&path, name);
	act_maas(r, "GET", buf_text(&path), NULL, fn);
	buf_free(&path);
	free(name);
}

bool maas_machine_say(struct reconcile *r, const json_t *obj, json_t *status,
    const char *value, const char *severity, const char *reason,
    const char *message)
{
	condition_set(
	    r, status, "MachineDeployed", value, severity, reason, message);
	condition_sum(r, status);
	return status_write(r, obj, status);
}

/* ---- whose key it is ---- */

static void user_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	(void)obj;
	if (answer->kind != MAAS_OK || !jstr(answer->body, "username")[0]) {
		maas_trouble(r, answer, "say whose API key it has");
		return;
	}
	maas_user_set(r, jstr(answer->body, "username"),
	    !jhas(answer->body, "is_superuser") ||
	        jbool(answer->body, "is_superuser"));
	capi_progress(r);
	capi_look_again(r, 0);
}

static bool knows_user(struct reconcile *r)
{
	if (maas_user(r)[0])
		return true;
	act_maas(r, "GET", "users/?op=whoami", NULL, user_answered);
	return false;
}

/* ---- gates before any machine is asked for ---- */

static bool wait_status(
    struct reconcile *r, const json_t *obj, const char *reason)
{
	return maas_machine_say(
	    r, obj, capi_status_of(obj), "False", "Info", reason, NULL);
}

/* capi B.3: the cluster's name must be known and the machine's user data be
 * written before a machine is worth anything. */
static bool may_begin(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	if (capi_is_deleting(machine) || capi_cluster_deletes(r))
		return false;
	if (!jbool(r->cluster, "status.infrastructureReady")) {
		wait_status(r, obj, "WaitingForClusterInfrastructure");
		return false;
	}
	if (!jstr(machine, "spec.bootstrap.dataSecretName")[0]) {
		wait_status(r, obj, "WaitingForBootstrapData");
		return false;
	}
	return true;
}

/* ---- a machine is recorded: is it still there, and ours? ---- */

/* It was Deployed once and is nobody's or somebody else's now: the
 * node is lost. It is replaced by the usual way, and never released. */
static void lost_running(struct reconcile *r, const json_t *obj,
    const char *reason, const char *message)
{
	json_t *status = capi_status_of(obj);

	jsetb(status, "ready", false);
	jsets(status, "failureReason", "UpdateError");
	jsets(status, "failureMessage", message);
	capi_hold_for(r, MINUTES(5));
	maas_machine_say(r, obj, status, "False", "Error", reason, message);
}

static void lost(struct reconcile *r, const json_t *obj, const char *how)
{
	char *text = xasprintf(
	    "machine %s %s", maas_machine_system_id(obj), how);

	log_warning(r->host, "%s: %s", r->name, text);
	capi_memory_of(r)->absent = 0;
	if (jbool(obj, "status.ready") || jhas(obj, "status.failureReason") ||
	    jstr(capi_find(r, "Machine", capi_owner_named(obj, "Machine")),
	        "spec.providerID")[0])
		lost_running(r, obj, "MachineTerminatedReason", text);
	else
		maas_machine_abandon(r, obj, "release", text);
	free(text);
}

/* one read that does not show it proves nothing. */
static bool surely_absent(struct reconcile *r)
{
	if (++capi_memory_of(r)->absent >= 3)
		return true;
	capi_hold_for(r, SECONDS(20));
	return false;
}

static void absent_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	bool denied = answer->kind == MAAS_DENIED && answer->status == 403;

	if (answer->kind != MAAS_OK && answer->kind != MAAS_NOT_FOUND &&
	    !denied) {
		maas_trouble(r, answer, "show a machine of the cluster");
		return;
	}
	if (!surely_absent(r))
		return;
	if (answer->kind == MAAS_NOT_FOUND)
		lost(r, obj, "is not in MAAS any more");
	else if (denied)
		lost(r, obj, "belongs to somebody else now");
	else if (maas_machine_is_mine(r, answer->body))
		lost(r, obj, "is ours, but not allocated for this purpose");
	else if (jstr(answer->body, "owner")[0])
		lost(r, obj, "belongs to somebody else now");
	else
		lost(r, obj, "was released by somebody else");
}

static void ask_for_recorded(struct reconcile *r, const json_t *obj)
{
	char *path = xasprintf("machines/%s/", maas_machine_system_id(obj));

	act_maas(r, "GET", path, NULL, absent_answered);
	free(path);
}

/* A second machine under the same intent: an allocation that was believed
 * lost and repeated. It is given back at once. */
static bool release_stray(
    struct reconcile *r, const json_t *obj, const json_t *list);

static void stray_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	(void)obj;
	if (answer->kind != MAAS_OK)
		maas_trouble(r, answer, "release a stray machine");
	else
		capi_hold_for(r, SECONDS(15));
}

static bool release_stray(
    struct reconcile *r, const json_t *obj, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *machine = json_array_get(list, i);
		const char *id = jstr(machine, "system_id");
		char *path;

		if (!maas_machine_is_mine(r, machine) ||
		    strcmp(id, maas_machine_system_id(obj)) == 0 ||
		    strcmp(jstr(machine, "status_name"), "Allocated") != 0)
			continue;
		log_warning(r->host, "%s: machine %s was allocated twice over",
		    r->name, id);
		path = xasprintf("machines/%s/?op=release", id);
		act_maas(r, "POST", path, NULL, stray_answered);
		free(path);
		return true;
	}
	return false;
}

static void looked(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	const json_t *machine;

	if (answer->kind != MAAS_OK || !json_is_array(answer->body)) {
		maas_trouble(r, answer, "list the machines of the cluster");
		return;
	}
	if (!maas_machine_system_id(obj)[0]) {
		maas_machine_adopt_or_allocate(r, obj, answer->body);
		return;
	}
	machine = maas_machine_mine_in(
	    r, answer->body, maas_machine_system_id(obj));
	if (!machine) {
		ask_for_recorded(r, obj);
		return;
	}
	capi_memory_of(r)->absent = 0;
	if (!release_stray(r, obj, answer->body))
		maas_machine_follow(r, obj, machine);
}

static void reconcile_wanted(struct reconcile *r, const json_t *obj)
{
	const json_t *machine = capi_find(
	    r, "Machine", capi_owner_named(obj, "Machine"));

	if (!machine)
		return; /* not adopted yet */
	if (capi_add_finalizer(r, obj, MACHINE_FINALIZER))
		return;
	if (!knows_user(r))
		return;
	if (capi_note_of(obj, NOTE_ABANDON)[0]) {
		maas_machine_retry(r, obj);
		return;
	}
	if (!maas_machine_system_id(obj)[0] && !may_begin(r, obj, machine))
		return;
	if (!maas_machine_system_id(obj)[0] &&
	    !capi_note_of(obj, NOTE_INTENT)[0])
		maas_machine_obtain(r, obj);
	else
		maas_machine_look(r, obj, looked);
}

void maas_machine_reconcile(struct reconcile *r, const json_t *obj)
{
	if (!capi_is_deleting(obj)) {
		reconcile_wanted(r, obj);
		return;
	}
	if (!capi_has_finalizer(obj, MACHINE_FINALIZER))
		return;
	/* what never asked for a machine needs no MAAS to go. */
	if (!maas_machine_system_id(obj)[0] &&
	    !capi_note_of(obj, NOTE_INTENT)[0]) {
		capi_drop_finalizer(r, obj, MACHINE_FINALIZER);
		return;
	}
	if (knows_user(r))
		maas_machine_end(r, obj);
}
