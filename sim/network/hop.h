/*
 * hop: one place on the way of a connection, and the rule that it applies.
 *
 * A path is carried through a table of hops, in the order in which a packet
 * meets them. A hop may end the journey (refuse, drop; it says why in one
 * sentence that names it), make it longer (latency), or translate the address
 * that the far side will see. A hop that does not concern this path lets it
 * pass. A new kind of hop is a function and a line in hop.c.
 *
 * Rules about *opening* a connection (egress policy, NAT inbound) are not
 * asked again for one that is established; cables and links are.
 *
 * A connection needs both directions to open: a link that is cut one way only
 * lets nothing be opened across it from either side, and swallows, of what is
 * established, the packets of its direction.
 */
#ifndef SIM_NETWORK_HOP_H
#define SIM_NETWORK_HOP_H

#include "sim/network/parts.h"

struct path {
	const struct network *network;
	const struct place *from, *to;
	bool established;
	bool crosses; /* it leaves its site */
	usec latency_for;
	uint32_t shown; /* the source address by now */
	enum route_verdict verdict;
	char *why; /* room for HOP_WHY bytes */
};
#define HOP_WHY sizeof(((struct route *)0)->why)

/* True: the path came through. False: verdict and why are set. */
bool hops_pass(struct path *path);

#endif
