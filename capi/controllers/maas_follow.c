/* A machine is recorded and ours: what its state in MAAS asks for. */
#include "capi/controllers/maas_machine_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "capi/plan.h"

#define DEPLOY_POLL_FOR SECONDS(30)
/* Of a machine that runs its node tells sooner; what only MAAS can tell (it was
 * released, or switched off by hand) is worth no more of its time than this. */
#define DEPLOYED_POLL_FOR MINUTES(10)
#define HOLD_POLL_FOR     SECONDS(60)
/* MAAS's own timer (30 min) may have died; ours is above it, and above
 * what a slow machine needs. */
#define DEPLOY_DEADLINE_FOR MINUTES(45)
#define DEPLOY_TRIES        3

/* ---- what is copied from MAAS ---- */

static void add_address(json_t *list, const char *type, const char *address)
{
	json_t *item = json_object();

	jsets(item, "type", type);
	jsets(item, "address", address);
	json_array_append_new(list, item);
}

/* the boot interface's address first; it is the one by which MAAS
 * itself reaches the machine. */
static const char *boot_address(const json_t *machine)
{
	const char *first = jstr(machine, "boot_interface.links[0].ip_address");

	return first[0] ? first : jstr(machine, "ip_addresses[0]");
}

static json_t *addresses_of(const json_t *machine)
{
	json_t *list = json_array();
	const char *first = boot_address(machine);

	if (jstr(machine, "fqdn")[0])
		add_address(list, "ExternalDNS", jstr(machine, "fqdn"));
	if (first[0]) {
		add_address(list, "ExternalIP", first);
		add_address(list, "InternalIP", first);
	}
	for (size_t i = 0; i < jlen(machine, "ip_addresses"); i++) {
		const char *ip = json_string_value(
		    json_array_get(jget(machine, "ip_addresses"), i));

		if (ip && strcmp(ip, first) != 0)
			add_address(list, "ExternalIP", ip);
	}
	return list;
}

/* a BMC that does not answer is unknown, which is not off. */
static void copy_power(json_t *status, const json_t *machine)
{
	const char *power = jstr(machine, "power_state");

	if (strcmp(power, "on") == 0)
		jsetb(status, "machinePowered", true);
	else if (strcmp(power, "off") == 0)
		jsetb(status, "machinePowered", false);
}

static json_t *copied_status(const json_t *obj, const json_t *machine)
{
	json_t *status = capi_status_of(obj);

	jsets(status, "machineState", jstr(machine, "status_name"));
	jsets(status, "hostname", jstr(machine, "hostname"));
	jset(status, "addresses", addresses_of(machine));
	copy_power(status, machine);
	return status;
}

/* ---- deploy ---- */

static const json_t *owner_machine(const struct reconcile *r, const json_t *obj)
{
	return capi_find(r, "Machine", capi_owner_named(obj, "Machine"));
}

/* what MAAS calls failed may have joined the cluster. */
static bool has_joined(const struct reconcile *r, const json_t *obj)
{
	return jhas(owner_machine(r, obj), "status.nodeRef");
}

/* Was it Deployed once? A Machine takes over the providerID only then, and
 * unlike a status its spec survives every move (I5). */
static bool has_run(const struct reconcile *r, const json_t *obj)
{
	return jbool(obj, "status.ready") ||
	       jstr(owner_machine(r, obj), "spec.providerID")[0];
}

static bool is_overdue(const struct reconcile *r, const json_t *obj)
{
	usec begun_time = maas_machine_note_time(obj, NOTE_DEPLOY_TIME);

	return begun_time > 0 && !has_joined(r, obj) &&
	       host_time(r->host) > begun_time + DEPLOY_DEADLINE_FOR;
}

static void swap_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	(void)obj;
	if (answer->kind != MAAS_OK) {
		maas_trouble(r, answer, "switch off the swap space");
		return;
	}
	capi_memory_of(r)->swap_off = true;
	capi_progress(r);
	capi_look_again(r, 0);
}

static void turn_swap_off(struct reconcile *r, const json_t *obj)
{
	char *path = xasprintf("machines/%s/", maas_machine_system_id(obj));

	act_maas(r, "PUT", path,
	    (const char *const[]){ "swap_size", "0", NULL }, swap_answered);
	free(path);
}

/* One line of what MAAS says. */
static char *first_line(const char *text)
{
	size_t len = strcspn(text, "\r\n");

	return xstrndup(text, len > 200 ? 200 : len);
}

static bool is_machines_fault(const char *text)
{
	static const char *const not_its[] = { "distro_series",
		"operating system", "Operating system", "hwe_kernel" };

	for (size_t i = 0; i < sizeof(not_its) / sizeof(not_its[0]); i++)
		if (strstr(text, not_its[i]))
			return false;
	return true;
}

static void deploy_refused(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	char *line = first_line(answer->text);

	if (answer->status == 409) {
		/* It is in another state than we read: read again. */
		capi_hold_for(r, SECONDS(5));
		capi_back_off(r);
	} else {
		capi_wait_says(r, "MaasRefuses",
		    "MAAS refuses to deploy %s: %s",
		    maas_machine_system_id(obj), line);
		maas_machine_abandon(r, obj,
		    is_machines_fault(line) ? "quarantine" : "release", line);
	}
	free(line);
}

static void deploy_failed(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	char *line = first_line(answer->text);

	if (strstr(line, "No more IPs")) { /* */
		capi_wait_says(r, "NoAddresses",
		    "MAAS has no address for %s: %s",
		    maas_machine_system_id(obj), line);
		capi_hold_for(r, SECONDS(60));
		maas_machine_abandon(r, obj, "release", line);
	} else if (failures_of(r) + 1 >= DEPLOY_TRIES) {
		maas_machine_abandon(r, obj, "quarantine", line);
	} else {
		maas_trouble(r, answer, "deploy a machine");
	}
	free(line);
}

static void deploy_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	switch (answer->kind) {
	case MAAS_OK:
		capi_progress(r);
		capi_hold_for(r, SECONDS(2));
		return;
	case MAAS_REFUSED:
	case MAAS_NO_CAPACITY:
		deploy_refused(r, obj, answer);
		return;
	case MAAS_FAILED:
		deploy_failed(r, obj, answer);
		return;
	case MAAS_BUSY:
	case MAAS_DENIED:
	case MAAS_NOT_FOUND:
	case MAAS_UNREACHED:
	case MAAS_UNKNOWN: /* what came of it, the next look says */
		maas_trouble(r, answer, "deploy a machine");
		return;
	}
}

static void send_deploy(
    struct reconcile *r, const json_t *obj, const char *user_data)
{
	const char *image = jstr(obj, "spec.image");
	const char *slash = strchr(image, '/');
	char *os = slash ? xstrndup(image, (size_t)(slash - image))
	                 : xstrdup("custom");
	char *path = xasprintf(
	    "machines/%s/?op=deploy", maas_machine_system_id(obj));
	const char *params[] = { "user_data", user_data, "osystem", os,
		"distro_series", slash ? slash + 1 : image, NULL, NULL, NULL };

	if (jbool(obj, "spec.deployInMemory")) {
		params[6] = "ephemeral_deploy";
		params[7] = "true";
	}
	act_maas(r, "POST", path, params, deploy_answered);
	free(path);
	free(os);
}

/* always the bootstrap data of now. Whole, it is a secret (G11). */
static void deploy(struct reconcile *r, const json_t *obj)
{
	const json_t *machine = owner_machine(r, obj);
	const json_t *secret = capi_find(
	    r, "Secret", jstr(machine, "spec.bootstrap.dataSecretName"));
	const char *user_data = json_string_value(
	    json_object_get(jget(secret, "data"), "value"));
	char now[32];

	if (!user_data) {
		maas_machine_say(r, obj, capi_status_of(obj), "False", "Info",
		    "WaitingForBootstrapData", NULL);
		return;
	}
	if (!capi_note_of(obj, NOTE_DEPLOY_TIME)[0]) {
		time_text(host_time(r->host), now);
		act_patch(r, obj, NULL,
		    capi_notes_patch(
		        1, (const char *const[]){ NOTE_DEPLOY_TIME, now }));
		return;
	}
	if (strlen(user_data) >= 6)
		secrets_add(r->host->secrets, "user data", user_data);
	send_deploy(r, obj, user_data);
}

/* ---- one function per state, before the machine was ever Deployed ---- */

typedef void state_fn(
    struct reconcile *r, const json_t *obj, const json_t *machine);

static bool give_up_overdue(struct reconcile *r, const json_t *obj)
{
	if (!is_overdue(r, obj))
		return false;
	maas_machine_abandon(
	    r, obj, "quarantine", "it was not deployed within 45 minutes");
	return true;
}

static void name_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	(void)obj;
	/* A MAAS that keeps no such data is none the worse for it. */
	if (answer->kind != MAAS_OK && answer->kind != MAAS_REFUSED) {
		maas_trouble(r, answer, "write our name on a machine");
		return;
	}
	capi_memory_of(r)->named = true;
	capi_progress(r);
	capi_look_again(r, 0);
}

/* So that who finds the machine knows whose it is (recovery of a deletion,
 * and people). True if an action was begun. */
static bool write_name(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	char *name, *path;
	bool written;

	if (capi_memory_of(r)->named)
		return false;
	name = maas_machine_agent_name(r, obj);
	written = strcmp(jstr(machine, "owner_data[" MAAS_NAME_KEY "]"),
	              name) == 0;
	path = xasprintf(
	    "machines/%s/?op=set_owner_data", maas_machine_system_id(obj));
	if (!written)
		act_maas(r, "POST", path,
		    (const char *const[]){ MAAS_NAME_KEY, name, NULL },
		    name_answered);
	free(path);
	free(name);
	return !written;
}

static void new_allocated(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	if (give_up_overdue(r, obj))
		return;
	if (maas_machine_say(r, obj, copied_status(obj, machine), "False",
	        "Info", "MachineDeployStartedReason", NULL))
		return;
	if (write_name(r, obj, machine))
		return;
	if (!capi_memory_of(r)->swap_off &&
	    !(json_is_integer(jget(machine, "swap_size")) &&
	        jint(machine, "swap_size") == 0))
		turn_swap_off(r, obj);
	else
		deploy(r, obj);
}

static void new_deploying(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	if (give_up_overdue(r, obj))
		return;
	capi_progress(r);
	capi_hold_for(r, capi_jittered(r, DEPLOY_POLL_FOR, "deploy poll"));
	maas_machine_say(r, obj, copied_status(obj, machine), "False",
	    "Warning", "MachineDeploying", NULL);
}

static void new_failed(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	char *why;

	if (has_joined(r, obj)) {
		capi_hold_for(r, capi_jittered(r, HOLD_POLL_FOR, "state poll"));
		maas_machine_say(r, obj, copied_status(obj, machine), "Unknown",
		    NULL, "MachineStateUndefined",
		    "MAAS says Failed deployment, but its node has joined");
		return;
	}
	why = xasprintf("machine %s (%s) failed to deploy: %s",
	    maas_machine_system_id(obj), jstr(machine, "hostname"),
	    jstr(machine, "status_message"));
	maas_machine_abandon(r, obj, "quarantine", why);
	free(why);
}

static void new_leaving(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	char *why = xasprintf("machine %s was released by somebody else",
	    jstr(machine, "system_id"));

	maas_machine_abandon(r, obj, "release", why);
	free(why);
}

/* ---- Deployed, and what may become of it later ---- */

static void power_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	(void)obj;
	capi_memory_of(r)->off = 0;
	/* no power command again within the time a BMC needs. */
	capi_hold_for(r, MINUTES(5));
	if (answer->kind != MAAS_OK)
		maas_trouble(r, answer, "switch a machine on");
}

static void query_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	char *path;

	if (answer->kind != MAAS_OK ||
	    strcmp(jstr(answer->body, "state"), "off") != 0) {
		capi_memory_of(r)->off = 0;
		capi_hold_for(r, capi_jittered(r, HOLD_POLL_FOR, "power poll"));
		return;
	}
	log_warning(r->host, "%s: machine %s is off and is switched on",
	    r->name, maas_machine_system_id(obj));
	path = xasprintf(
	    "machines/%s/?op=power_on", maas_machine_system_id(obj));
	act_maas(r, "POST", path, NULL, power_answered);
	free(path);
}

/* Off by two looks and by the BMC itself (X-033, F-024). */
static bool see_to_power(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	char *path;

	if (strcmp(jstr(machine, "power_state"), "off") != 0) {
		capi_memory_of(r)->off = 0;
		return false;
	}
	capi_hold_for(r, SECONDS(30));
	if (++capi_memory_of(r)->off < 3)
		return false;
	path = xasprintf(
	    "machines/%s/?op=query_power_state", maas_machine_system_id(obj));
	act_maas(r, "GET", path, NULL, query_answered);
	free(path);
	return true;
}

static bool set_zone(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *zone = jstr(machine, "zone.name");
	json_t *patch;

	if (!zone[0] || strcmp(jstr(obj, "spec.failureDomain"), zone) == 0 ||
	    jbool(obj, "status.ready"))
		return false;
	patch = json_object();
	jsets(patch, "spec.failureDomain", zone);
	act_patch(r, obj, NULL, patch);
	return true;
}

static void is_deployed(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	json_t *status;

	if (set_zone(r, obj, machine))
		return;
	status = copied_status(obj, machine);
	jsetb(status, "ready", true);
	capi_progress(r);
	if (maas_machine_say(r, obj, status, "True", NULL, NULL, NULL))
		return;
	if (see_to_power(r, obj, machine))
		return;
	capi_hold_for(r, capi_jittered(r, DEPLOYED_POLL_FOR, "deployed poll"));
}

/* An operator took it into another state: Broken, Rescue mode, Testing, or
 * one that we do not know. The machine stays ours, is not touched and keeps
 * its id; nothing is released without a wish to delete. */
static void hold_state(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *state = jstr(machine, "status_name");
	char *text = xasprintf("MAAS says %s; the machine is left alone "
	                       "until it is Deployed again",
	    state);

	capi_hold_for(r, capi_jittered(r, HOLD_POLL_FOR, "state poll"));
	if (!has_run(r, obj))
		capi_wait_says(r, "MachineHeld", "machine %s (%s): %s",
		    maas_machine_system_id(obj), jstr(machine, "hostname"),
		    text);
	maas_machine_say(r, obj, copied_status(obj, machine), "Unknown", NULL,
	    "MachineStateUndefined", text);
	free(text);
}

static void terminated(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	json_t *status = copied_status(obj, machine);
	char *text = xasprintf("somebody released machine %s: it is %s",
	    maas_machine_system_id(obj), jstr(machine, "status_name"));

	jsetb(status, "ready", false);
	jsets(status, "failureReason", "UpdateError");
	jsets(status, "failureMessage", text);
	capi_hold_for(r, capi_jittered(r, HOLD_POLL_FOR, "state poll"));
	maas_machine_say(
	    r, obj, status, "False", "Error", "MachineTerminatedReason", text);
	free(text);
}

/* Every state that MAAS has, and what it means for a machine that shall run:
 * on its way, and after it once ran. What is not here is unknown: hold. */
static const struct state_row {
	const char *state;
	state_fn *fresh, *running;
} state_rows[] = {
	{ "Allocated", new_allocated, hold_state },
	{ "Deploying", new_deploying, hold_state },
	{ "Deployed", is_deployed, is_deployed },
	{ "Failed deployment", new_failed, hold_state },
	{ "Releasing", new_leaving, terminated },
	{ "Releasing failed", new_leaving, hold_state },
	{ "Disk erasing", new_leaving, terminated },
	{ "Failed disk erasing", new_leaving, hold_state },
	{ "Ready", new_leaving, terminated },
	{ "New", new_leaving, terminated },
	{ "Reserved", hold_state, hold_state },
	{ "Broken", hold_state, hold_state },
	{ "Commissioning", hold_state, hold_state },
	{ "Failed commissioning", hold_state, hold_state },
	{ "Missing", hold_state, hold_state },
	{ "Retired", hold_state, hold_state },
	{ "Rescue mode", hold_state, hold_state },
	{ "Entering rescue mode", hold_state, hold_state },
	{ "Failed to enter rescue mode", hold_state, hold_state },
	{ "Exiting rescue mode", hold_state, hold_state },
	{ "Failed to exit rescue mode", hold_state, hold_state },
	{ "Testing", hold_state, hold_state },
	{ "Failed testing", hold_state, hold_state },
};

/* another gateway, which the cluster was taken from, had it installed
 * before us; then it is a node of certificates that we do not have. A deploy
 * of our own is noted before it is sent. */
static bool was_deployed_by_others(const json_t *obj, const char *state)
{
	return !capi_note_of(obj, NOTE_DEPLOY_TIME)[0] &&
	       (strcmp(state, "Deploying") == 0 ||
	           strcmp(state, "Deployed") == 0 ||
	           strcmp(state, "Failed deployment") == 0);
}

void maas_machine_follow(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *state = jstr(machine, "status_name");
	bool ran = has_run(r, obj);

	if (!ran && !capi_cluster_deletes(r) &&
	    was_deployed_by_others(obj, state)) {
		maas_machine_abandon(r, obj, "release",
		    "it was deployed by somebody else, with what we do not "
		    "know");
		return;
	}
	for (size_t i = 0; i < sizeof(state_rows) / sizeof(state_rows[0]); i++)
		if (strcmp(state_rows[i].state, state) == 0) {
			(ran ? state_rows[i].running : state_rows[i].fresh)(
			    r, obj, machine);
			return;
		}
	hold_state(r, obj, machine);
}
