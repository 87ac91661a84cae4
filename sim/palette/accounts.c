/*
 * accounts: MAAS cloud accounts. Each belongs to a gateway, which alone can
 * reach the MAAS behind it; what Palette wants to know of it is asked through
 * that gateway, or through the one that its work was migrated to.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

#define KEY_SHOWN "********"

struct account *account_find(struct palette *palette, const char *uid)
{
	for (size_t i = 0; *uid && i < palette->account_count; i++)
		if (!palette->accounts[i]->is_removed &&
		    strcmp(palette->accounts[i]->meta.uid, uid) == 0)
			return palette->accounts[i];
	return NULL;
}

bool account_visible(
    const struct account *account, const struct project *project)
{
	return !*account->project_uid || !project ||
	       strcmp(account->project_uid, project->meta.uid) == 0;
}

struct gateway *account_gateway(
    struct palette *palette, const struct account *account)
{
	const char *uid = jstr(account->meta.annotations, "overlordUid");

	for (size_t i = 0; i < palette->gateway_count; i++)
		if (strcmp(palette->gateways[i]->meta.uid, uid) == 0)
			return gateway_successor(palette->gateways[i]);
	return NULL;
}

/* ---- life ---- */

struct account *account_new(struct palette *palette, const char *name,
    const struct gateway *gateway, const char *project_uid)
{
	struct account *account = xcalloc(1, sizeof(*account));

	meta_init(palette, &account->meta, "account", name);
	strncpy(account->project_uid, project_uid, UID_ROOM - 1);
	jsets(account->meta.annotations, "overlordUid", gateway->meta.uid);
	jsets(account->meta.annotations, "scope",
	    *project_uid ? "project" : "tenant");
	account->api_endpoint = xstrdup("");
	account->api_key = xstrdup("");
	account->ca_pem = xstrdup("");
	account->preferred_subnets = json_array();
	PUSH(palette->accounts, palette->account_count, account);
	return account;
}

void palette_account_free(struct account *account)
{
	meta_free(&account->meta);
	free(account->api_endpoint);
	free(account->api_key);
	free(account->ca_pem);
	json_decref(account->preferred_subnets);
	free(account);
}

/* Whoever is building or deleting with it gets the new key. */
static void renew_instructions(
    struct palette *palette, const struct account *account)
{
	for (size_t i = 0; i < palette->instruction_count; i++) {
		struct instruction *instruction = palette->instructions[i];

		if (instruction->state == INSTRUCTION_OPEN &&
		    instruction->cluster &&
		    instruction->cluster->account == account)
			instruction_renew(instruction);
	}
}

static void account_set(struct palette *palette, struct account *account,
    const char *endpoint, const char *key)
{
	bool changed = text_set(&account->api_endpoint, endpoint);

	if (text_set(&account->api_key, key))
		changed = true;
	if (!changed)
		return;
	if (strlen(key) >= 6)
		secrets_add(palette->host->secrets, "maas api key", key);
	meta_touch(palette, &account->meta);
	renew_instructions(palette, account);
}

/* Clients that read an account write it back: a key that is shown masked, or
 * not at all, stays what it was. */
bool account_take_spec(
    struct request *request, struct account *account, const json_t *spec)
{
	const char *endpoint = jstr(spec, "apiEndpoint");
	const char *key = jstr(spec, "apiKey");
	json_t *subnets = jget(spec, "preferredSubnets");

	if (!*key || strcmp(key, KEY_SHOWN) == 0)
		key = account->api_key;
	if (!*endpoint || !*key) {
		refuse(request, 400, "InvalidMaasAccount",
		    "a MAAS account needs an apiEndpoint and an apiKey");
		return false;
	}
	if (json_is_array(subnets)) {
		json_decref(account->preferred_subnets);
		account->preferred_subnets = json_incref(subnets);
	}
	account_set(request->palette, account, endpoint, key);
	return true;
}

json_t *account_secret_json(const struct account *account)
{
	json_t *doc = json_pack("{s:s,s:s}", "apiEndpoint",
	    account->api_endpoint, "apiKey", account->api_key);

	if (*account->ca_pem)
		jsets(doc, "caPem", account->ca_pem);
	return doc;
}

static json_t *account_json(const struct account *account)
{
	return json_pack("{s:s,s:s,s:o,s:{s:s,s:s,s:O},s:{s:s}}", "apiVersion",
	    "v1", "kind", "maas", "metadata", meta_json(&account->meta), "spec",
	    "apiEndpoint", account->api_endpoint, "apiKey", KEY_SHOWN,
	    "preferredSubnets", account->preferred_subnets, "status", "state",
	    "Active");
}

/* ---- operations ---- */

static struct account *request_account(struct request *request)
{
	struct account *account = account_find(
	    request->palette, request->params[0]);

	if (account && account_visible(account, request->project))
		return account;
	refuse_absent(request, "cloud account", request->params[0]);
	return NULL;
}

typedef json_t *show_account_fn(const struct account *account);

static json_t *accounts_json(struct request *request, show_account_fn *show)
{
	struct palette *palette = request->palette;
	json_t *items = json_array();

	for (size_t i = 0; i < palette->account_count; i++) {
		struct account *account = palette->accounts[i];

		if (!account->is_removed &&
		    account_visible(account, request->project))
			json_array_append_new(items, show(account));
	}
	return items;
}

void op_accounts(struct request *request)
{
	answer_list(request, accounts_json(request, account_json));
}

static json_t *summary_json(const struct account *account)
{
	return json_pack("{s:s,s:o,s:{s:s},s:{s:s}}", "kind", "maas",
	    "metadata", meta_json(&account->meta), "specSummary", "accountId",
	    account->meta.uid, "status", "state", "Active");
}

void op_accounts_summary(struct request *request)
{
	answer_list(request, accounts_json(request, summary_json));
}

static json_t *metadata_json(const struct account *account)
{
	return json_pack(
	    "{s:s,s:o}", "kind", "maas", "metadata", meta_json(&account->meta));
}

void op_accounts_metadata(struct request *request)
{
	answer_json(request, 200,
	    json_pack("{s:o}", "items", accounts_json(request, metadata_json)));
}

void op_account(struct request *request)
{
	struct account *account = request_account(request);

	if (account)
		answer_json(request, 200, account_json(account));
}

static bool name_is_taken(
    struct request *request, const char *name, const struct account *by_other)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->account_count; i++)
		if (!palette->accounts[i]->is_removed &&
		    palette->accounts[i] != by_other &&
		    account_visible(palette->accounts[i], request->project) &&
		    strcmp(palette->accounts[i]->meta.name, name) == 0)
			return true;
	return false;
}

static bool refuse_name(
    struct request *request, const char *name, const struct account *by_other)
{
	if (!*name)
		refuse(request, 400, "InvalidMaasAccount",
		    "a cloud account needs a metadata.name");
	else if (name_is_taken(request, name, by_other))
		refuse(request, 409, "CloudAccountAlreadyExists",
		    "there is already a cloud account %.80s", name);
	else
		return false;
	return true;
}

void op_account_create(struct request *request)
{
	const char *name = jstr(request->body, "metadata.name");
	const char *uid = jstr(
	    request->body, "metadata.annotations.overlordUid");
	struct gateway *gateway = gateway_find(request->palette, uid);
	struct account *account;

	if (refuse_name(request, name, NULL))
		return;
	if (!gateway) {
		refuse(request, 400, "InvalidMaasAccount",
		    "metadata.annotations.overlordUid names no private cloud "
		    "gateway: \"%.80s\"",
		    uid);
		return;
	}
	account = account_new(request->palette, name, gateway,
	    request->project ? request->project->meta.uid : "");
	if (!account_take_spec(request, account, jget(request->body, "spec"))) {
		account->is_removed = true;
		return;
	}
	meta_take(&account->meta, jget(request->body, "metadata"));
	jsets(account->meta.annotations, "scope",
	    *account->project_uid ? "project" : "tenant");
	answer_uid(request, account->meta.uid);
}

void op_account_update(struct request *request)
{
	struct account *account = request_account(request);
	const char *name = jstr(request->body, "metadata.name");

	if (!account || (*name && refuse_name(request, name, account)))
		return;
	if (!account_take_spec(request, account, jget(request->body, "spec")))
		return;
	meta_take(&account->meta, jget(request->body, "metadata"));
	meta_touch(request->palette, &account->meta);
	answer_empty(request, 204);
}

static const struct cluster *user_of(
    const struct palette *palette, const struct account *account)
{
	for (size_t i = 0; i < palette->cluster_count; i++) {
		const struct cluster *cluster = palette->clusters[i];

		if (cluster->account == account && !cluster->is_dropped &&
		    cluster->state != CLUSTER_DELETED)
			return cluster;
	}
	return NULL;
}

void op_account_delete(struct request *request)
{
	struct account *account = request_account(request);
	const struct cluster *user;

	if (!account)
		return;
	user = user_of(request->palette, account);
	if (user) {
		refuse(request, 500, "DeletionResourceInUseError",
		    "cloud account %s is in use by cluster %s",
		    account->meta.name, user->meta.name);
		return;
	}
	account->is_removed = true;
	answer_empty(request, 204);
}

/* ---- what only MAAS knows ---- */

static void ask_property(
    struct request *request, struct account *account, const char *what)
{
	static const char *const known[] = { "azs", "resourcePools", "domains",
		"subnets", "tags" };
	size_t i = 0;

	while (i < 5 && strcmp(what, known[i]) != 0)
		i++;
	if (i == 5)
		refuse_absent(request, "property", what);
	else
		question_ask(request,
		    account_gateway(request->palette, account),
		    account_secret_json(account), known[i]);
}

void op_account_property(struct request *request)
{
	struct account *account = request_account(request);

	if (account)
		ask_property(request, account, request->params[1]);
}

void op_clouds_property(struct request *request)
{
	char *uid = request_query(request, "cloudAccountUid");
	struct account *account = account_find(request->palette, uid);

	if (account && account_visible(account, request->project))
		ask_property(request, account, request->params[0]);
	else
		refuse_absent(request, "cloud account", uid);
	free(uid);
}
