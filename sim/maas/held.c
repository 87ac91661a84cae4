#include "sim/maas/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "sim/maas/node.h"
#include "sim/maas/power.h"
#include "sim/maas/server.h"

#define LONGEST MINUTES(5)

struct held {
	struct ask ask; /* its exchange: NULL, if the client is gone */
	struct node *node;
	enum node_status before;
	held_refused_fn *refused;
	struct timer limit;
	bool kept; /* the server is done with it */
};

static void held_free(struct held *held)
{
	timer_cancel(&held->limit);
	held->node->held = NULL;
	if (held->kept)
		maas_ask_free(&held->ask);
	free(held);
}

static void too_long(struct timer *timer)
{
	const struct held *held = OWNER_OF(timer, struct held, limit);
	struct maas *maas = held->ask.maas;
	struct err err = { 0 };

	err_set(&err, ERR_TIMEOUT,
	    "Unexpected exception: TimeoutError. See "
	    "/var/log/maas/regiond.log on the region server for more "
	    "information.");
	maas_held_end(held->node, &err);
	maas_tell(maas);
}

/* Whoever waited is gone. What was ordered goes on, and what comes of it is the
 * same; only that nobody is told. */
static void gone(struct exchange *exchange)
{
	struct held *held = exchange->user;

	held->ask.exchange = NULL;
	held->ask.request = NULL;
}

void maas_hold(struct ask *ask, struct node *node, enum node_status before,
    held_refused_fn *refused)
{
	struct held *held;
	bool on = node->asked_power && strcmp(node->asked_power, "on") == 0;

	if (ask->maas->gated || !node->asked_power ||
	    !maas_power_waited_for(ask->maas, on))
		return;
	check(!node->held && ask->answered);
	held = xcalloc(1, sizeof(*held));
	held->node = node;
	held->before = before;
	held->refused = refused;
	timer_init(&held->limit, too_long);
	node->held = ask->held = held;
}

bool maas_held_against(const struct node *node, bool on, struct err *err)
{
	const char *wanted = on ? "on" : "off";

	if (node->maas->version != 305 || !node->held || !node->asked_power ||
	    strcmp(node->asked_power, wanted) == 0)
		return false;
	err_set(err, ERR_UNREACHED,
	    "Unable to change power state to '%s' for node %s: another action "
	    "is already in progress for that node.",
	    wanted, node->hostname);
	return true;
}

bool maas_held_keep(struct ask *ask)
{
	struct held *held = ask->held;

	if (!held)
		return false;
	held->ask = *ask;
	held->kept = true;
	ask->exchange->user = held;
	ask->exchange->gone = gone;
	timer_set(&held->limit, ask->maas->host->loop, LONGEST);
	return true;
}

void maas_held_end(struct node *node, const struct err *err)
{
	struct held *held = node->held;

	if (!held)
		return;
	check(held->kept);
	node->held = NULL;
	if (err) {
		http_response_free(&held->ask.answer);
		held->ask.answered = held->ask.by_handler = false;
		held->refused(&held->ask, node, held->before, err);
	}
	if (held->ask.exchange)
		exchange_reply(held->ask.exchange, &held->ask.answer);
	held_free(held);
}

void maas_held_forget_user(struct maas *maas, const struct user *user)
{
	struct node *node;

	list_for_each (node, &maas->nodes)
		if (node->held && node->held->ask.user == user)
			maas_held_end(node, NULL);
}
