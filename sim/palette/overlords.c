/*
 * overlords: the gateways as Palette's API shows them, their health, their
 * migration and their end.
 *
 *	Pending -> Running      (Provisioning: only where Palette builds the
 *	   ^          |          gateway's own cluster, which is not modelled)
 *	   +- reset --+
 *
 * Health is a lease: a registration or a poll renews it for
 * gateway_lost_after; the timer that the renewal sets only says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/owner.h"
#include "sim/palette/nouns.h"

/* A gateway backs off to at most 60 s between polls; after this long nobody
 * can hope for an answer within a request's time. */
#define POLLING_FOR SECONDS(75)

const char *gateway_state_name(enum gateway_state state)
{
#define STATE_TEXT(name, text) [GATEWAY_##name] = text,
	static const char *const texts[] = { GATEWAY_STATES(STATE_TEXT) };
#undef STATE_TEXT

	return texts[state];
}

static const char *health(const struct gateway *gateway)
{
	if (!gateway->was_heard)
		return "Unknown";
	return gateway_is_lost(gateway) ? "Unhealthy" : "Healthy";
}

static usec silent_for(const struct gateway *gateway)
{
	return loop_now(gateway->palette->host->loop) - gateway->heard_at;
}

bool gateway_is_lost(const struct gateway *gateway)
{
	return gateway->was_heard &&
	       silent_for(gateway) >= gateway->palette->gateway_lost_after_for;
}

bool gateway_is_polling(const struct gateway *gateway)
{
	return gateway->state == GATEWAY_RUNNING && gateway->token &&
	       gateway->was_heard && silent_for(gateway) < POLLING_FOR;
}

static void tell(struct gateway *gateway)
{
	struct event_field fields[] = {
		F("uid", gateway->meta.uid),
		F("state", gateway->is_removed
		               ? "Deleted"
		               : gateway_state_name(gateway->state)),
		F("health", health(gateway)),
	};
	char about[160];

	if (!*gateway->meta.name)
		return;
	snprintf(about, sizeof(about), "%s/gateway/%s", gateway->palette->name,
	    gateway->meta.name);
	tell_state(gateway->palette, &gateway->told, about, fields, 3);
}

void gateway_settle(struct gateway *gateway)
{
	struct palette *palette = gateway->palette;

	tell(gateway);
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (palette->clusters[i]->gateway == gateway)
			cluster_settle(palette->clusters[i]);
}

static void lost(struct timer *timer)
{
	gateway_settle(OWNER_OF(timer, struct gateway, lost));
}

void gateway_heard(struct gateway *gateway)
{
	struct palette *palette = gateway->palette;
	bool was_lost = !gateway->was_heard || gateway_is_lost(gateway);

	gateway->was_heard = true;
	gateway->heard_at = loop_now(palette->host->loop);
	gateway->heard_time = palette_time(palette);
	timer_set(&gateway->lost, palette->host->loop,
	    palette->gateway_lost_after_for);
	if (was_lost)
		gateway_settle(gateway);
}

/* ---- life ---- */

struct gateway *palette_gateway_new(struct palette *palette)
{
	struct gateway *gateway = xcalloc(1, sizeof(*gateway));

	gateway->palette = palette;
	meta_init(palette, &gateway->meta, "overlord", "");
	gateway->ip_address = xstrdup("");
	gateway->agent_version = xstrdup("");
	timer_init(&gateway->lost, lost);
	PUSH(palette->gateways, palette->gateway_count, gateway);
	return gateway;
}

void palette_gateway_free(struct gateway *gateway)
{
	timer_cancel(&gateway->lost);
	meta_free(&gateway->meta);
	free(gateway->code);
	free(gateway->key);
	free(gateway->token);
	free(gateway->ip_address);
	free(gateway->agent_version);
	free(gateway->kept);
	free(gateway->told);
	free(gateway);
}

struct gateway *gateway_find(struct palette *palette, const char *uid)
{
	for (size_t i = 0; i < palette->gateway_count; i++)
		if (!palette->gateways[i]->is_removed &&
		    strcmp(palette->gateways[i]->meta.uid, uid) == 0)
			return palette->gateways[i];
	return NULL;
}

static struct gateway *find_even_removed(
    struct palette *palette, const char *uid)
{
	for (size_t i = 0; i < palette->gateway_count; i++)
		if (strcmp(palette->gateways[i]->meta.uid, uid) == 0)
			return palette->gateways[i];
	return NULL;
}

/* A migration back clears the mark of its target, so this ends. */
struct gateway *gateway_successor(struct gateway *gateway)
{
	while (gateway && *gateway->migrated_to)
		gateway = find_even_removed(
		    gateway->palette, gateway->migrated_to);
	return gateway;
}

struct gateway *request_gateway(struct request *request)
{
	struct gateway *gateway = gateway_find(
	    request->palette, request->params[0]);

	if (!gateway)
		refuse_absent(
		    request, "private cloud gateway", request->params[0]);
	return gateway;
}

/* ---- reading ---- */

json_t *gateway_json(const struct gateway *gateway)
{
	bool running = gateway->state == GATEWAY_RUNNING;
	bool healthy = gateway->was_heard && !gateway_is_lost(gateway);

	return json_pack("{s:s,s:o,s:{s:s,s:s,s:s,s:b,s:b,s:s,s:[]},"
	                 "s:{s:s,s:b,s:b,s:[],s:{s:b},s:{s:s,s:s,s:o,s:[]}}}",
	    "kind", "overlord", "metadata", meta_json(&gateway->meta), "spec",
	    "cloudAccountUid", gateway->account_uid, "spectroClusterUid", "",
	    "tenantUid", gateway->palette->tenant_uid, "isSystem", 0,
	    "isSelfHosted", 1, "ipAddress", gateway->ip_address, "ipPools",
	    "status", "state", gateway_state_name(gateway->state), "isActive",
	    running && healthy, "isReady", running && healthy,
	    "kubectlCommands", "notifications", "isAvailable", 0, "health",
	    "state", health(gateway), "agentVersion", gateway->agent_version,
	    "lastHeartBeatTimestamp", time_json(gateway->heard_time),
	    "conditions");
}

void op_overlords(struct request *request)
{
	struct palette *palette = request->palette;
	char *name = request_query(request, "name");
	json_t *items = json_array();

	for (size_t i = 0; i < palette->gateway_count; i++) {
		struct gateway *gateway = palette->gateways[i];

		if (gateway->is_removed ||
		    (*name && strcmp(name, gateway->meta.name) != 0))
			continue;
		json_array_append_new(items, gateway_json(gateway));
	}
	free(name);
	answer_json(request, 200, json_pack("{s:o}", "items", items));
}

void op_overlord(struct request *request)
{
	struct gateway *gateway = request_gateway(request);

	if (gateway)
		answer_json(request, 200, gateway_json(gateway));
}

/* ---- changing ---- */

bool gateway_name_is_taken(
    struct palette *palette, const char *name, const struct gateway *by_other)
{
	for (size_t i = 0; i < palette->gateway_count; i++)
		if (!palette->gateways[i]->is_removed &&
		    palette->gateways[i] != by_other &&
		    strcmp(palette->gateways[i]->meta.name, name) == 0)
			return true;
	return false;
}

void op_overlord_metadata(struct request *request)
{
	struct gateway *gateway = request_gateway(request);
	const char *name = jstr(request->body, "metadata.name");

	if (!gateway)
		return;
	if (*name && !gateway_name_is_good(name)) {
		refuse(request, 400, "InvalidGatewayName",
		    "\"%.80s\" is no name for a private cloud gateway", name);
		return;
	}
	if (*name && gateway_name_is_taken(request->palette, name, gateway)) {
		refuse(request, 409, "OverlordAlreadyExists",
		    "there is already a private cloud gateway %.80s", name);
		return;
	}
	meta_take(&gateway->meta, jget(request->body, "metadata"));
	meta_touch(request->palette, &gateway->meta);
	gateway_settle(gateway);
	answer_empty(request, 204);
}

static size_t clusters_of(
    const struct palette *palette, const struct gateway *gateway)
{
	size_t count = 0;

	for (size_t i = 0; i < palette->cluster_count; i++)
		count += palette->clusters[i]->gateway == gateway &&
		         !palette->clusters[i]->is_dropped &&
		         palette->clusters[i]->state != CLUSTER_DELETED;
	return count;
}

/* Back to Pending: its registration is void, it may be paired again. */
static void unpair(struct gateway *gateway)
{
	text_set(&gateway->key, NULL);
	text_set(&gateway->token, NULL);
	gateway->state = GATEWAY_PENDING;
	gateway->account_uid[0] = '\0';
	gateway->was_heard = false;
	gateway->kept_count = 0; /* a new installation counts from 1 */
	timer_cancel(&gateway->lost);
}

void op_overlord_reset(struct request *request)
{
	struct gateway *gateway = request_gateway(request);

	if (!gateway)
		return;
	unpair(gateway);
	meta_touch(request->palette, &gateway->meta);
	gateway_settle(gateway);
	answer_json(request, 200,
	    json_pack("{s:s}", "msg", "the private cloud gateway is reset"));
}

/* HTTP 500 for something in use: that is how it was observed. */
void op_overlord_delete(struct request *request)
{
	struct gateway *gateway = request_gateway(request);
	size_t count;

	if (!gateway)
		return;
	count = clusters_of(request->palette, gateway);
	if (count > 0) {
		refuse(request, 500, "DeletionResourceInUseError",
		    "private cloud gateway %s is in use by %zu cluster%s",
		    gateway->meta.name, count, count == 1 ? "" : "s");
		return;
	}
	unpair(gateway);
	gateway->is_removed = true;
	gateway->meta.deleted_time = palette_time(request->palette);
	gateway_settle(gateway);
	answer_json(request, 200,
	    json_pack("{s:s}", "msg", "the private cloud gateway is deleted"));
}

/* ---- migration ---- */

static bool may_migrate(
    struct request *request, struct gateway *source, struct gateway *target)
{
	if (!source)
		refuse_absent(request, "private cloud gateway",
		    jstr(request->body, "sourceUid"));
	else if (!target)
		refuse_absent(request, "private cloud gateway",
		    jstr(request->body, "targetUid"));
	else if (source == target)
		refuse(request, 400, "InvalidOverlordMigration",
		    "source and target are the same private cloud gateway");
	else if (target->state != GATEWAY_RUNNING)
		refuse(request, 400, "OverlordNotRunning",
		    "the target %s is %s, not Running", target->meta.name,
		    gateway_state_name(target->state));
	else if (gateway_is_lost(target))
		refuse(request, 400, "OverlordNotHealthy",
		    "the target %s is Unhealthy", target->meta.name);
	else
		return true;
	return false;
}

static void move_cluster(struct cluster *cluster, struct gateway *target)
{
	struct instruction *instruction = instruction_open_of(cluster);

	cluster->gateway = target;
	json_object_set_new(cluster->meta.annotations, "overlordUid",
	    json_string(target->meta.uid));
	meta_touch(cluster->palette, &cluster->meta);
	/* Whom it refers to is told before who is to delete it. */
	cluster_settle(cluster);
	if (instruction)
		instruction_move(instruction, target);
	cluster_settle(cluster);
}

/* All gateways here serve MAAS, so source and target are of one type. The
 * source may be dead: that is what migration is for. */
void op_overlord_migrate(struct request *request)
{
	struct palette *palette = request->palette;
	struct gateway *source = gateway_find(
	    palette, jstr(request->body, "sourceUid"));
	struct gateway *target = gateway_find(
	    palette, jstr(request->body, "targetUid"));

	if (!may_migrate(request, source, target))
		return;
	target->migrated_to[0] = '\0';
	memcpy(source->migrated_to, target->meta.uid, UID_ROOM);
	for (size_t i = 0; i < palette->cluster_count; i++)
		if (palette->clusters[i]->gateway == source &&
		    palette->clusters[i]->state != CLUSTER_DELETED)
			move_cluster(palette->clusters[i], target);
	answer_empty(request, 204);
}

/* ---- its account, and whether an account works ---- */

static const char *account_error(const json_t *account)
{
	if (!*jstr(account, "apiEndpoint"))
		return "account.apiEndpoint must not be empty";
	if (!*jstr(account, "apiKey"))
		return "account.apiKey must not be empty";
	return NULL;
}

static struct account *own_account(struct gateway *gateway)
{
	return account_find(gateway->palette, gateway->account_uid);
}

static bool set_own_account(
    struct request *request, struct gateway *gateway, const char *name)
{
	const json_t *spec = jget(request->body, "account");
	const char *wrong = account_error(spec);
	struct account *account = own_account(gateway);

	if (wrong) {
		refuse(request, 400, "InvalidMaasAccount", "%s", wrong);
		return false;
	}
	if (!account) {
		account = account_new(request->palette, name, gateway,
		    jbool(request->body, "shareWithProjects") ||
		            !request->project
		        ? ""
		        : request->project->meta.uid);
		memcpy(gateway->account_uid, account->meta.uid, UID_ROOM);
	}
	return account_take_spec(request, account, spec);
}

void op_overlord_account_create(struct request *request)
{
	struct gateway *gateway = request_gateway(request);
	const char *name = jstr(request->body, "name");

	if (!gateway)
		return;
	if (own_account(gateway)) {
		refuse(request, 409, "OverlordAccountAlreadyExists",
		    "private cloud gateway %s has a cloud account already",
		    gateway->meta.name);
		return;
	}
	if (set_own_account(
	        request, gateway, *name ? name : gateway->meta.name))
		answer_uid(request, gateway->account_uid);
}

void op_overlord_account_update(struct request *request)
{
	struct gateway *gateway = request_gateway(request);

	if (!gateway)
		return;
	if (set_own_account(request, gateway, gateway->meta.name))
		answer_empty(request, 204);
}

void op_overlord_account_validate(struct request *request)
{
	struct gateway *gateway = request_gateway(request);
	const json_t *account = jget(request->body, "account");
	const char *wrong = account_error(account);

	if (!gateway)
		return;
	if (wrong) {
		refuse(request, 400, "InvalidMaasAccount", "%s", wrong);
		return;
	}
	if (strlen(jstr(account, "apiKey")) >= 6)
		secrets_add(request->palette->host->secrets, "maas api key",
		    jstr(account, "apiKey"));
	question_ask(request, gateway,
	    json_pack("{s:s,s:s}", "apiEndpoint", jstr(account, "apiEndpoint"),
	        "apiKey", jstr(account, "apiKey")),
	    NULL);
}
