#include <stdlib.h>

#include "base/buf.h"
#include "base/owner.h"
#include "base/real_host.h"
#include "compat/site_parts.h"

/* A real server: whoever waits lets the reactor run in the meantime. */

struct remote {
	struct site site;
	struct reactor *reactor;
	struct timer alarm;
	bool rang;
};

static void ring(struct timer *timer)
{
	struct remote *remote = OWNER_OF(timer, struct remote, alarm);

	remote->rang = true;
	reactor_stop(remote->reactor);
}

static void remote_turn(struct site *site)
{
	struct remote *remote = OWNER_OF(site, struct remote, site);

	reactor_run(remote->reactor, false);
}

static void remote_wake(struct site *site)
{
	reactor_stop(OWNER_OF(site, struct remote, site)->reactor);
}

static bool remote_wait(struct site *site, usec wait_for)
{
	struct remote *remote = OWNER_OF(site, struct remote, site);

	remote->rang = false;
	timer_set(&remote->alarm, reactor_loop(remote->reactor), wait_for);
	while (!remote->rang && !site->stopped)
		remote_turn(site);
	timer_cancel(&remote->alarm);
	return !site->stopped;
}

static void remote_free(struct site *site)
{
	struct remote *remote = OWNER_OF(site, struct remote, site);

	site_finish(site);
	free(remote);
}

struct site *site_remote_new(struct reactor *reactor, struct host *host,
    const struct site_account *account, struct err *err)
{
	static const struct site_ops ops = { remote_turn, remote_wake,
		remote_wait, remote_free };
	struct remote *remote = xcalloc(1, sizeof(*remote));

	remote->reactor = reactor;
	timer_init(&remote->alarm, ring);
	if (site_init(&remote->site, &ops, host, account, err))
		return &remote->site;
	remote_free(&remote->site);
	return NULL;
}
