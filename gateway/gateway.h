/*
 * gateway: the Private Cloud Gateway's engine.
 *
 * One struct gateway is one gateway process on one host. It keeps its outbound
 * link to Palette (docs/protocol.md), takes instructions as durable, idempotent
 * work, builds clusters through capi/, hands them over (pivot), leaves them
 * alone, takes them back for deletion, and reports what it has re-read.
 *
 * All that it must remember is in its store (SQLite, file "gateway.db" on the
 * host's disk): objects of kinds Setting, Instruction, Report and Pivot, and
 * the Cluster API objects of clusters that are here. It may be destroyed at any
 * instant and started again on the same disk: it then goes on.
 *
 * gateway_new fails only for a configuration that cannot be right or a store
 * that cannot be read (ERR_STORAGE: the file is left as it is, and the sentence
 * says what to do: a new pairing code is needed, because the key that the old
 * one belongs to was in the store). Everything else (no Palette, no
 * MAAS, a wrong pairing code, a clock that is off) is a state it is in, visible
 * in gateway_condition, and comes right by itself when the cause is gone.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "base/host.h"
#include "base/url.h"

struct gateway;

struct gateway_config {
	const char *name;             /* pcg-a: shown in Palette */
	const char *palette_endpoint; /* https://api.palette.example; a final
	                                 slash is cut (F-009) */
	const char *palette_ca_pem;
	const char *overlord_uid; /* from the installer's manifest */
	const char *pairing_code;
	const char *maas_endpoint, *maas_api_key, *maas_ca_pem;
	struct proxy_settings proxies;
	usec poll_for; /* 0: as Palette says, else 15 s */
};

/* What Palette takes for a name (docs/protocol.md); asked before it is. */
bool gateway_name_judge(const char *name, struct err *err);

struct gateway *gateway_new(
    struct host *host, const struct gateway_config *config, struct err *err);
void gateway_free(struct gateway **gateway);

/* What an operator would want to know, as one sentence each. */
enum gateway_state {
	GATEWAY_UNPAIRED,  /* not registered (yet) */
	GATEWAY_LINKED,    /* the last poll was answered */
	GATEWAY_CUT_OFF,   /* Palette cannot be reached or says no */
	GATEWAY_CLOCK_OFF, /* certificates say that our clock is wrong */
};
enum gateway_state gateway_state(const struct gateway *gateway);
const char *gateway_condition(const struct gateway *gateway);
size_t gateway_work(const struct gateway *gateway); /* open instructions */

#endif
