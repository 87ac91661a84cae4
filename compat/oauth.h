/*
 * oauth: OAuth 1.0 headers as clients write them, and as they should not.
 *
 * Our own and not the engine's (capi/maas_oauth.c), for the reason in site.h.
 * All parts can be set, so that a server can be shown a wrong one.
 */
#ifndef COMPAT_OAUTH_H
#define COMPAT_OAUTH_H

#include "compat/site.h"

struct oauth {
	struct site_key key;
	const char *scheme;  /* OAuth */
	const char *version; /* 1.0; NULL: left out */
	const char *method;  /* PLAINTEXT, HMAC-SHA1 */
	const char *realm;   /* NULL: left out */
	char nonce[33];
	long long timestamp;
};
/* What a good client would send now with the key of the site. */
void oauth_init(struct oauth *oauth, struct site *site);
/* The header. For HMAC-SHA1: url without the server, as it is asked for
 * ("/MAAS/api/2.0/zones/?x=1"), and the form that is signed (or NULL). */
char *oauth_header(const struct oauth *oauth, struct site *site,
    const char *http_method, const char *target, const char *form);

#endif
