/*
 * wishes: user data as the gateway renders it (capi/plan.h, capi/userdata.h),
 * for what a test wishes of a machine. Texts are the caller's to free.
 */
#ifndef TESTS_WORKLOAD_WISHES_H
#define TESTS_WORKLOAD_WISHES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/url.h"

/* What is wished for a machine's user data. */
struct wish {
	const struct proxy_settings *proxies;
	bool tenant_ca;
	bool worker, join;
	const char *token, *ca_hash;
};

json_t *instruction(const struct wish *wish); /* what a gateway is told */
char *user_data(const struct wish *wish);
char *ca_hash(void);
char *without_line(const char *text, unsigned line); /* NULL: no such line */

#endif
