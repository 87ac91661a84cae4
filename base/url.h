/*
 * url: addresses as people write them, and which proxy they are reached by.
 *
 * What is parsed owns its strings, until url_free or proxy_settings_free,
 * which leave it empty; freeing what is empty is fine. Nothing here asks
 * anybody: a name is text.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct url {
	bool tls;              /* https */
	char *host;            /* without brackets */
	uint16_t port;         /* written, or 80 / 443 */
	char *path;            /* "" or begins with '/'; no trailing slash */
	char *user, *password; /* decoded; NULL when absent */
};

/* http or https only. One sentence in *err otherwise. */
bool url_parse(struct url *url, const char *text, struct err *err);
void url_free(struct url *url);

/* HTTP_PROXY, HTTPS_PROXY and NO_PROXY as they are written in settings and
 * user data; empty or NULL means not set. Own strings. */
struct proxy_settings {
	char *http_proxy, *https_proxy, *no_proxy;
};
void proxy_settings_free(struct proxy_settings *settings);
void proxy_settings_copy(
    struct proxy_settings *to, const struct proxy_settings *from);

/* The proxy for a connection, or NULL for none. NO_PROXY entries: host names,
 * domain suffixes with or without a leading dot, addresses, CIDR ranges (base
 * need not be aligned), an optional ":port", or "*" (R-033 and those after
 * it). Points into the settings. */
const char *proxy_for(const struct proxy_settings *settings, bool tls,
    const char *host, uint16_t port);

/* Addresses. */
bool ipv4_parse(const char *text, uint32_t *address); /* host byte order */
void ipv4_text(uint32_t address, char out[16]);
struct cidr {
	uint32_t base; /* masked */
	uint8_t bits;
};
bool cidr_parse(const char *text, struct cidr *cidr);
bool cidr_contains(const struct cidr *cidr, uint32_t address);
bool cidr_overlap(const struct cidr *a, const struct cidr *b);

#endif
