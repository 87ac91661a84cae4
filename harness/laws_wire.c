/* Laws about who talks to whom, and about the simulation itself. */
#include "harness/laws_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/kinds.h"

/* ---- connections ---- */

void palette_never_dials(struct judge *judge, const struct event *event)
{
	const char *client = event->actor;

	if (law_is_kind(event, "flow") && begins(client, "palette/"))
		law_broken(judge, client, "%s opened a connection to %s",
		    client, event_text(event, "to"));
}

void the_deleted_are_silent(struct judge *judge, const struct event *event)
{
	const char *client = event->actor;
	char name[100];

	if (!law_is_kind(event, "flow") || !begins(client, "cluster/"))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(client + 8, "/"),
	    client + 8);
	if (palette_says(judge, name, "Deleted"))
		law_broken(judge, client,
		    "%s called %s after cluster/%s was "
		    "deleted",
		    client, event_text(event, "to"), name);
}

static bool is_dead(const char *what)
{
	return strcmp(what, "killed") == 0 || strcmp(what, "power-lost") == 0;
}

/* What was under way at the death is told then, as gone. */
void the_dead_are_silent(struct judge *judge, const struct event *event)
{
	struct buf key = BUF_INIT;

	if (law_is_kind(event, "process")) {
		buf_add_texts(&key, "process ", event->about);
		free(law_remember(
		    judge, buf_text(&key), event_text(event, "what")));
	} else if (law_is_kind(event, "flow") ||
	           law_is_kind(event, "exchange")) {
		buf_add_texts(&key, "process ", event->actor);
		if (is_dead(law_recall(judge, buf_text(&key))) &&
		    !begins(event_text(event, "error"), "gone"))
			law_broken(judge, event->actor,
			    "%s called %s, and it does not run", event->actor,
			    law_is_kind(event, "flow") ? event_text(event, "to")
			                               : event->about);
	}
	buf_free(&key);
}

/* Is the thing behind this host one that was told to go through a proxy? */
static const struct thing *proxy_of(const struct scenario *s, const char *host)
{
	const struct thing *thing;
	char full[100];

	snprintf(full, sizeof(full), "%.*s",
	    (int)(strcspn(strchr(host, '/') + 1, "/") + 1 + strcspn(host, "/")),
	    host);
	thing = s ? scenario_thing(s, full) : NULL;
	if (thing && strcmp(thing->kind->name, "cluster") == 0)
		thing = thing_link(thing, "through");
	if (!thing || strcmp(thing->kind->name, "pcg") != 0)
		return NULL;
	return thing_link(thing, "proxy");
}

/* What stands in the site (MAAS, machines) is in everybody's NO_PROXY: R-035.
 * The leg behind a proxy is told as the proxy's own. */
void through_the_proxy(struct judge *judge, const struct event *event)
{
	const char *to = event_text(event, "to");

	if (!law_is_kind(event, "flow") || !strchr(event->actor, '/'))
		return;
	if (begins(event->actor, "proxy/") && *to && !begins(to, "palette/"))
		law_broken(judge, event->actor,
		    "%s was asked for %s, which is reached without a proxy",
		    event->actor, to);
	if (begins(to, "palette/") && proxy_of(judge->scenario, event->actor))
		law_broken(judge, event->actor, "%s dialled %s directly",
		    event->actor, to);
}

/* ---- requests ---- */

/* A machine that goes down takes its API server along, and those that keep
 * quorum with it; so for an API server nothing of the kind may have happened
 * since the request left. */
static void notice_downs(struct judge *judge, const struct event *event)
{
	bool down = strcmp(event_text(event, "power"), "off") == 0 ||
	            strcmp(event_text(event, "api"), "down") == 0;
	char *was, *key;

	if (!law_is_state(event) || (!begins(event->about, "machine/") &&
	                                !begins(event->about, "cluster/")))
		return;
	key = xasprintf("down %s", event->about);
	was = law_remember(judge, key, down ? "down" : "up");
	if (strcmp(was, down ? "down" : "up") != 0)
		judge->shaken_at = event->at;
	free(was);
	free(key);
}

static bool node_is_down(void *ctx, const struct view_thing *node)
{
	struct judge *judge = ((void **)ctx)[0];
	bool *any = ((void **)ctx)[1];
	char name[80];

	snprintf(
	    name, sizeof(name), "machine/%s", view_attribute(node, "machine"));
	*any |= name_after(node->name, "/node/") &&
	        strcmp(view_attribute(view_find(judge->view, name), "power"),
	            "on") != 0;
	return !*any;
}

static bool api_is_whole(
    struct judge *judge, const char *cluster, usec since_at)
{
	const struct view_thing *thing = view_find(judge->view, cluster);
	char *prefix = xasprintf("%s/node/", cluster);
	bool down = false;
	void *ctx[] = { judge, &down };

	view_each(judge->view, prefix, node_is_down, ctx);
	free(prefix);
	return !down && judge->shaken_at < since_at &&
	       strcmp(view_attribute(thing, "api"), "up") == 0;
}

/* A request that arrived, and whose client waited in vain although no fault
 * took hold of it and no cable was cut meanwhile. */
void requests_are_answered(struct judge *judge, const struct event *event)
{
	const char *server = event->about;
	usec since_at = event_number(event, "sent_at");

	notice_downs(judge, event);
	if (!law_is_kind(event, "exchange") || event_number(event, "status") ||
	    *event_text(event, "fault") ||
	    event_number(event, "arrived_at") <= 0 ||
	    !begins(event_text(event, "error"), "timeout"))
		return;
	if (!begins(server, "maas/") && !begins(server, "palette/") &&
	    !(begins(server, "cluster/") &&
	        api_is_whole(judge, server, since_at)))
		return;
	if (!cables_cut(judge, since_at))
		law_broken(judge, server, "%s never answered %s of %s", server,
		    event_text(event, "op"), event->actor);
}

/* ---- the honesty of the simulation itself ---- */

void only_what_is_modelled(struct judge *judge, const struct event *event)
{
	if (strcmp(event->kind, "exchange") != 0 ||
	    (strcmp(event_text(event, "op"), "unmodelled") != 0 &&
	        event_number(event, "status") != 501))
		return;
	law_broken(judge, event->about,
	    "%s asked %s for %s %s, which is not modelled", event->actor,
	    event->about, event_text(event, "method"),
	    event_text(event, "target"));
}

void forwards_only(struct judge *judge, const struct event *event)
{
	if (event->at < judge->now_at)
		law_broken(judge, "",
		    "an event at %lld us follows one at %lld us",
		    (long long)event->at, (long long)judge->now_at);
}
