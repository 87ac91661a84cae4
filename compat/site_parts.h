/*
 * site_parts: what the makers of a site share. Internal to compat/.
 */
#ifndef COMPAT_SITE_PARTS_H
#define COMPAT_SITE_PARTS_H

#include "base/url.h"
#include "compat/site.h"

struct site_ops {
	/* Let things happen, at least one; on a real host until woken. */
	void (*turn)(struct site *site);
	void (*wake)(struct site *site);
	bool (*wait)(struct site *site, usec wait_for);
	void (*free)(struct site *site);
};

struct site {
	const struct site_ops *ops;
	struct host *host; /* the asking side */
	struct url url;
	char *origin;
	char *ca_pem, *proxy;
	usec timeout_for;
	char *key_room, *other_room; /* other_room NULL: there is none */
	struct site_key key, other;
	usec ahead_for; /* the server's clock minus ours, once it complained */
	bool may_write, stopped;
	struct call *call; /* the one under way */
	struct http_response *answer;
	struct err *err;
	bool answered, failed;
};

bool site_init(struct site *site, const struct site_ops *ops, struct host *host,
    const struct site_account *account, struct err *err);
void site_finish(struct site *site);

#endif
