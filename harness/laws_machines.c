/* Laws about who holds machines. */
#include "harness/laws_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* The system id that a state of a machine of MAAS is about, or NULL. */
static const char *machine_of_maas(const struct event *event)
{
	if (!law_is_state(event) || !begins(event->about, "maas/"))
		return NULL;
	return name_after(event->about, "/machine/");
}

void one_owner(struct judge *judge, const struct event *event)
{
	const char *now, *id;
	char *was;

	id = machine_of_maas(event);
	if (!id)
		return;
	now = event_text(event, "agent_name");
	was = law_remember(judge, event->about, now);
	if (*was && *now && strcmp(was, now) != 0)
		law_broken(judge, event->about,
		    "machine/%s was held for %s and is now held for %s, "
		    "without having been released in between",
		    id, was, now);
	free(was);
}

struct purpose {
	const char *agent, *but;
	const struct view_thing *other;
};

static bool has_same_purpose(void *ctx, const struct view_thing *machine)
{
	struct purpose *purpose = ctx;

	if (!name_after(machine->name, "/machine/") ||
	    strcmp(machine->name, purpose->but) == 0 ||
	    strcmp(view_attribute(machine, "agent_name"), purpose->agent) != 0)
		return true;
	purpose->other = machine;
	return false;
}

/* An agent_name is one intent of an engine, written down before it asked. */
void one_machine_per_purpose(struct judge *judge, const struct event *event)
{
	const char *id = machine_of_maas(event);
	struct purpose purpose = { event_text(event, "agent_name"),
		event->about, NULL };

	if (!id || !strchr(purpose.agent, '.'))
		return;
	view_each(judge->view, "maas/", has_same_purpose, &purpose);
	if (purpose.other)
		law_broken(judge, event->about,
		    "machine/%s was taken for %s, and machine/%s is held for "
		    "that already",
		    id, purpose.agent,
		    name_after(purpose.other->name, "/machine/"));
}

static bool held_by_nobody(void *ctx, const struct view_thing *machine)
{
	struct judge *judge = ctx;
	const char *agent = view_attribute(machine, "agent_name");
	const char *id = name_after(machine->name, "/machine/");
	const struct view_thing *cluster;
	char name[100], uid[60];

	if (!id || !*agent)
		return true;
	cluster_of_agent(agent, name, sizeof(name), uid, sizeof(uid));
	cluster = palette_cluster(judge, name, uid);
	if (cluster && strcmp(view_attribute(cluster, "state"), "Deleted") != 0)
		return true;
	law_broken(judge, machine->name,
	    "machine/%s is %s for %s, and Palette has no such cluster", id,
	    view_attribute(machine, "status"), agent);
	return true;
}

void nobody_holds_nothing(struct judge *judge)
{
	view_each(judge->view, "maas/", held_by_nobody, judge);
}

static bool who_has_it(struct judge *judge, const char *server,
    const char *target, const struct view_thing **machine)
{
	const char *id = name_after(target, "/machines/");
	char name[200];

	if (!id)
		return false;
	snprintf(name, sizeof(name), "%s/machine/%.*s", server,
	    (int)strcspn(id, "/?"), id);
	*machine = view_find(judge->view, name);
	return *machine != NULL;
}

/* By the time the client has its answer MAAS may have forgotten whose it was:
 * so the holder is the one that was last seen with a name. */
void released_by_holder(struct judge *judge, const struct event *event)
{
	const char *client = event->actor;
	const struct view_thing *machine, *cluster;
	char name[100], uid[60], inside[120];
	const char *agent, *gateway;
	char *held;

	if (law_is_state(event) && name_after(event->about, "/machine/") &&
	    *event_text(event, "agent_name")) {
		char *about = xasprintf("released %s", event->about);

		free(law_remember(
		    judge, about, event_text(event, "agent_name")));
		free(about);
		return;
	}
	if (strcmp(event->kind, "exchange") != 0 ||
	    strcmp(event_text(event, "op"), "release") != 0 ||
	    event_number(event, "status") != 200 ||
	    !who_has_it(
	        judge, event->about, event_text(event, "target"), &machine))
		return;
	held = xasprintf("released %s", machine->name);
	agent = law_recall(judge, held);
	free(held);
	cluster_of_agent(agent, name, sizeof(name), uid, sizeof(uid));
	snprintf(inside, sizeof(inside), "cluster/%s/", name);
	cluster = palette_cluster(judge, name, uid);
	gateway = view_attribute(cluster, "gateway");
	if (strncmp(client, inside, strlen(inside)) == 0)
		return;
	if (strncmp(client, "pcg/", 4) == 0 &&
	    strncmp(gateway, "pcg-", 4) == 0 &&
	    strcmp(client + 4, gateway + 4) == 0)
		return;
	law_broken(judge, machine->name,
	    "%s released machine/%s, which is held for %s", client,
	    name_after(machine->name, "/machine/"), *agent ? agent : "nobody");
}

/* Gateways' disks and machines' files alike: whoever has them looks, whenever
 * something was written. */
void files_are_closed(struct judge *judge, const struct event *event)
{
	if (law_is_kind(event, "file"))
		law_broken(judge, event->about,
		    "%s holds the secret \"%s\" and may be read by others (%s)",
		    event->about, event_text(event, "secret"),
		    event_text(event, "mode"));
}
