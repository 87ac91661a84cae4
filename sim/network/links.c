#include "sim/network/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

static bool is_end(
    const struct network *network, const char *name, const struct end *end)
{
	const struct place *other;

	if (strcmp(name, end->name) == 0)
		return true;
	other = end->place ? network_place(network, name) : NULL;
	return other && other->site == end->place->site &&
	       other->address == end->place->address;
}

const struct link *network_link(
    const struct network *network, const struct end *from, const struct end *to)
{
	for (size_t i = 0; i < network->link_count; i++) {
		const struct link *link = &network->links[i];

		if (is_end(network, link->from, from) &&
		    is_end(network, link->to, to))
			return link;
	}
	return NULL;
}

static struct link *link_between(
    struct network *network, const char *from, const char *to)
{
	for (size_t i = 0; i < network->link_count; i++) {
		struct link *link = &network->links[i];

		if (strcmp(link->from, from) == 0 && strcmp(link->to, to) == 0)
			return link;
	}
	network->links = xrealloc(network->links,
	    (network->link_count + 1) * sizeof(*network->links));
	network->links[network->link_count] = (struct link){
		.from = xstrdup(from),
		.to = xstrdup(to),
		.state = LINK_UP,
	};
	return &network->links[network->link_count++];
}

static const char *state_name(enum link_state state)
{
	switch (state) {
	case LINK_UP:
		return "up";
	case LINK_CUT:
		return "cut";
	case LINK_REFUSING:
		return "refusing";
	}
	unreachable("a link in no state");
}

static void set_one_way(struct network *network, const char *from,
    const char *to, enum link_state state)
{
	char about[160];

	link_between(network, from, to)->state = state;
	snprintf(about, sizeof(about), "network/link/%s->%s", from, to);
	EVENT(network->events, "state", "network", about,
	    F("state", state_name(state)));
}

void network_set_link(struct network *network, const char *a, const char *b,
    enum link_state state, bool one_way)
{
	check(network_knows(network, a));
	check(network_knows(network, b));
	set_one_way(network, a, b, state);
	if (!one_way && strcmp(a, b) != 0)
		set_one_way(network, b, a, state);
}

void network_set_latency(
    struct network *network, const char *a, const char *b, usec latency_for)
{
	struct link *link;

	check(network_knows(network, a));
	check(network_knows(network, b));
	check(latency_for >= 0);
	link = link_between(network, a, b);
	link->has_latency = true;
	link->latency_for = latency_for;
	link = link_between(network, b, a);
	link->has_latency = true;
	link->latency_for = latency_for;
}

void network_links_free(struct network *network)
{
	for (size_t i = 0; i < network->link_count; i++) {
		free(network->links[i].from);
		free(network->links[i].to);
	}
	free(network->links);
}
