/*
 * pairing: how a gateway and a tenant come to trust each other.
 *
 * A code is good for one gateway and for 24 hours. Fetching the manifest with
 * it makes the gateway (Pending, unnamed); registering with it binds the
 * gateway to the key that came along. The same key may ask again, since the
 * answer may have been lost; another key may not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

#define CODE_FOR HOURS(24)
#define KEY_MIN  32

/* No letter that could be taken for another one. */
#define CODE_LETTERS "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

static struct pairing *pairing_new(
    struct palette *palette, const char *cloud_type, bool replace)
{
	struct pairing *pairing = xcalloc(1, sizeof(*pairing));
	char letters[13];

	choose_text(palette->host->choices, letters, 12, CODE_LETTERS,
	    "%s: pairing code", palette->name);
	pairing->code = xasprintf(
	    "%.4s-%.4s-%.4s", letters, letters + 4, letters + 8);
	secrets_add(palette->host->secrets, "pairing code", pairing->code);
	snprintf(
	    pairing->cloud_type, sizeof(pairing->cloud_type), "%s", cloud_type);
	pairing->expiry_time = palette_time(palette) + CODE_FOR;
	for (size_t i = 0; replace && i < palette->pairing_count; i++)
		if (!palette->pairings[i]->gateway)
			palette->pairings[i]->replaced = true;
	PUSH(palette->pairings, palette->pairing_count, pairing);
	return pairing;
}

void pairing_free(struct pairing *pairing)
{
	free(pairing->code);
	free(pairing);
}

const char *palette_pairing_code(struct palette *palette)
{
	return pairing_new(palette, "maas", false)->code;
}

static struct pairing *find(struct palette *palette, const char *code)
{
	for (size_t i = 0; i < palette->pairing_count; i++)
		if (strcmp(palette->pairings[i]->code, code) == 0)
			return palette->pairings[i];
	return NULL;
}

static bool is_current(
    const struct palette *palette, const struct pairing *pairing)
{
	return pairing && !pairing->replaced &&
	       palette_time(palette) < pairing->expiry_time &&
	       !(pairing->gateway && pairing->gateway->is_removed);
}

void op_pairing_code(struct request *request)
{
	static const char *const types[] = { "maas", "vsphere",
		"apache-cloudstack" };
	char *type = request_query(request, "cloudType");
	size_t i = 0;

	if (!*type)
		text_set(&type, "maas");
	while (i < 3 && strcmp(type, types[i]) != 0)
		i++;
	if (i == 3)
		refuse(request, 400, "InvalidCloudType",
		    "cloudType must be maas, vsphere or apache-cloudstack");
	else
		answer_json(request, 200,
		    json_pack("{s:s}", "pairingCode",
		        pairing_new(request->palette, types[i], true)->code));
	free(type);
}

static void answer_manifest(
    struct request *request, const struct pairing *pairing)
{
	struct palette *palette = request->palette;
	char *yaml = xasprintf("apiVersion: v1\n"
	                       "kind: Namespace\n"
	                       "metadata:\n"
	                       "  name: jet-system\n"
	                       "---\n"
	                       "apiVersion: v1\n"
	                       "kind: ConfigMap\n"
	                       "metadata:\n"
	                       "  name: overlord-config\n"
	                       "  namespace: jet-system\n"
	                       "data:\n"
	                       "  overlordUid: \"%s\"\n"
	                       "  apiEndpoint: \"%s\"\n",
	    pairing->gateway->meta.uid, palette->endpoint);

	answer_json(request, 200, json_pack("{s:s}", "manifest", yaml));
	free(yaml);
}

void op_manifest(struct request *request)
{
	char *code = request_query(request, "pairingCode");
	struct pairing *pairing = find(request->palette, code);

	free(code);
	if (!is_current(request->palette, pairing) ||
	    strcmp(pairing->cloud_type, "maas") != 0) {
		refuse(request, 400, "InvalidPairingCode",
		    "the pairing code is wrong, replaced or expired");
		return;
	}
	if (!pairing->gateway) {
		pairing->gateway = palette_gateway_new(request->palette);
		pairing->gateway->code = xstrdup(pairing->code);
	}
	answer_manifest(request, pairing);
}

/* ---- registration ---- */

bool gateway_name_is_good(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 63)
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz"
	                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") == len;
}

/* Whoever shows the key that it registered with may use its code for ever:
 * a forgotten session must not end a gateway's life. */
static bool code_is_good(struct request *request, struct gateway *gateway,
    const char *code, const char *key)
{
	struct pairing *pairing = find(request->palette, code);

	if (!gateway->code || strcmp(gateway->code, code) != 0 || !pairing)
		return false;
	if (gateway->key && strcmp(gateway->key, key) == 0)
		return true;
	return is_current(request->palette, pairing);
}

static bool may_register(struct request *request, struct gateway *gateway,
    const char *key, const char *name)
{
	if (!key || strlen(key) < KEY_MIN) {
		refuse(request, 400, "InvalidGatewayKey",
		    "X-Gateway-Key must be at least %d characters", KEY_MIN);
		return false;
	}
	if (!code_is_good(
	        request, gateway, jstr(request->body, "pairingCode"), key)) {
		refuse(request, 400, "InvalidPairingCode",
		    "the pairing code is wrong, replaced or expired");
		return false;
	}
	if (gateway->key && strcmp(gateway->key, key) != 0) {
		refuse(request, 409, "PairingCodeUsed",
		    "another gateway has registered with this code");
		return false;
	}
	if (!name || !gateway_name_is_good(name)) {
		refuse(request, 400, "InvalidGatewayName",
		    "X-Gateway-Name must be 1 to 63 letters, digits, "
		    "'-', '.', '_' or '/'");
		return false;
	}
	if (gateway_name_is_taken(request->palette, name, gateway)) {
		refuse(request, 409, "OverlordAlreadyExists",
		    "there is already a private cloud gateway %s", name);
		return false;
	}
	return true;
}

static void answer_token(struct request *request, struct gateway *gateway)
{
	struct http_response answer = { .status = 204 };
	struct exchange *exchange = request_keep(request);

	http_header_set(&answer.headers, "X-Gateway-Token", gateway->token);
	exchange_reply(exchange, &answer);
}

void op_register(struct request *request)
{
	struct palette *palette = request->palette;
	struct gateway *gateway = request_gateway(request);
	const char *key, *name;

	if (!gateway)
		return;
	key = request_header(request, "X-Gateway-Key");
	name = request_header(request, "X-Gateway-Name");
	if (!may_register(request, gateway, key, name))
		return;
	secrets_add(palette->host->secrets, "gateway key", key);
	text_set(&gateway->key, key);
	text_set(&gateway->meta.name, name);
	text_set(&gateway->ip_address, request->exchange->peer);
	if (!gateway->token)
		gateway->token = secret_make(palette, 40, "gateway token");
	if (gateway->state != GATEWAY_RUNNING) {
		gateway->state = GATEWAY_RUNNING;
		meta_touch(palette, &gateway->meta);
	}
	gateway_heard(gateway);
	gateway_settle(gateway);
	answer_token(request, gateway);
}
