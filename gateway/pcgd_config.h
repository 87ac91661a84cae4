/*
 * pcgd_config: pcg.yaml, what an operator tells a gateway.
 *
 *	name: pcg-a
 *	palette:
 *	  endpoint: https://api.palette.example
 *	  ca: palette-ca.pem            (beside this file, or absolute)
 *	  overlordUid: 66a0...
 *	  pairingCode: enc:v1:...
 *	maas:
 *	  endpoint: http://maas.lab:5240/MAAS
 *	  apiKey: enc:v1:...
 *	  ca: maas-ca.pem               (only for https)
 *	proxy:                          (all optional)
 *	  https: enc:v1:...             http://user:password@host:port
 *	  http: enc:v1:...
 *	  noProxy: maas.lab,10.0.0.0/8
 *	state: /var/lib/pcgd            (the store; made if missing)
 *	resolver: 127.0.0.1:5353        (optional)
 *	log: info                       (error, warning, info, debug)
 *
 * Secrets (pairing code, API key, proxies with a password) must be sealed
 * (seal.h); a plain one is refused with the command that seals it. All
 * mistakes of the file are reported, each with file:line:column.
 */
#ifndef GATEWAY_PCGD_CONFIG_H
#define GATEWAY_PCGD_CONFIG_H

#include <stdio.h>

#include "base/log.h"
#include "gateway/gateway.h"

struct pcgd_config {
	struct gateway_config gateway; /* texts are owned by this struct */
	char *state, *resolver;
	enum log_level loudest;
	char **texts; /* all that was allocated */
	size_t text_count;
};

/* False after printing every mistake to complaints. */
bool pcgd_config_read(
    struct pcgd_config *config, const char *file, FILE *complaints);
void pcgd_config_free(struct pcgd_config *config); /* wipes the secrets */

/* Replace each plain secret in the file by its sealed form, in place; the
 * rest of the file, comments included, stays as it is. Returns how many were
 * sealed, or -1 after printing why not. */
int pcgd_config_encrypt(const char *file, FILE *complaints);

#endif
