/* The person at the site who installs a gateway: asks Palette for a pairing
 * code with the tenant's API key, fetches the manifest with that code, and
 * starts the gateway with what stands in it. Over the wire, from a host of
 * their own in the gateway's site, through its proxy if there is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "harness/world.h"

/* The ConfigMap overlord-config says "overlordUid: <uid>"; a person would
 * look for just that. */
static char *overlord_uid_in(const char *manifest)
{
	static const char key[] = "overlordUid:";
	const char *at = strstr(manifest, key);
	size_t len;

	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " \"'");
	len = strspn(at, "0123456789abcdef");
	return len ? xstrndup(at, len) : NULL;
}

static void got_manifest(struct errand *errand, int status, json_t *answer)
{
	struct gate *gate = errand->gate;
	struct err err;
	char *uid = overlord_uid_in(jstr(answer, "manifest"));

	if (status != 200 || !uid) {
		errand_failed(errand,
		    "the manifest was answered with %d and names no gateway",
		    status);
		free(uid);
		return;
	}
	gate->overlord_uid = uid;
	gate->pairing_code = xstrdup(errand->kept[0]);
	if (!gate_start(gate, &err)) {
		errand_failed(errand, "%s", err.text);
		return;
	}
	errand_done(errand);
}

static void got_code(struct errand *errand, int status, json_t *answer)
{
	const char *code = jstr(answer, "pairingCode");

	if (status != 200 || !*code) {
		errand_failed(errand, "there is no pairing code: %d %s", status,
		    jstr(answer, "message"));
		return;
	}
	errand->kept[0] = xstrdup(code);
	errand->with_key = false;
	errand_ask(errand, got_manifest, "GET", NULL,
	    "/v1/overlords/maas/manifest?pairingCode=%s", code);
}

void installer_run(struct gate *gate)
{
	struct world *world = gate->world;
	struct errand *errand;
	struct seat *seat;
	struct err err;
	char name[120], what[160];

	snprintf(name, sizeof(name), "installer/%s", gate->thing->name);
	snprintf(what, sizeof(what), "installing %s", gate->thing->full);
	seat = seat_new(world, name, gate->site, NULL, false, &err);
	if (!seat) {
		world_trouble(world, "%s: %s", what, err.text);
		return;
	}
	gate->installer = seat;
	errand = errand_new(world, seat, gate->plane, what);
	errand->relay = gate->relay;
	errand->gate = gate;
	errand_ask(errand, got_code, "GET", NULL,
	    "/v1/overlords/pairing/code?cloudType=maas");
}
